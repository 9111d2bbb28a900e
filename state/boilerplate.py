"""Boilerplate: sentences that are nobody's own, because unrelated members have used them over days.

`state.joining` learns them; here is what is kept, and what an operator may see and undo of it (`twinwatch boilerplate`).

A *witness* is one text that a sentence stood in: `state.pseudonyms` of sentence and author, the campaign that the text
belongs to, the day (of event time, UTC) and what the account weighs. No two are of one author or one campaign: a wave of
copies teaches nothing, however many send it. A sentence is *learnt* as soon as its witnesses weigh `ENOUGH` and stand on
`DAYS` days; it stays so as long as it is used, and one to two stretches longer. One that was *barred* is learnt no more in
that time.
"""

from collections.abc import AsyncIterator, Collection, Iterator
from datetime import date, timedelta
from struct import Struct as Layout

from cryptography.exceptions import InvalidTag
from msgspec import Struct
from redis.asyncio import Redis

from state.agreement import Agreement
from state.decisions import swap
from state.kinds import LEARNT, SENTENCE, Kind
from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS, Text
from state.scripts import Shards, guarded
from state.server import keys_of
from text.likeness import sentences

SENTENCE_BYTES = 7
"""With one witness a sentence is just small enough for a size of blocks that Redis takes memory in."""
ENOUGH, DAYS = 10, 3
WITNESSES = 12
"""Texts remembered of one sentence: the first ones."""
TOGETHER = 3
"""Campaigns from which on two sentences belong together: of several in one text only such ones are boilerplate."""
MOST_LEARNT = 10_000
"""Sentences learnt in one stretch."""
WITNESS = Layout(">3s5sHB")
"""Hash of sentence and author, the campaign's number, the day since 1970, the weight."""
AUTHOR_BYTES, _NUMBER_BYTES = 3, 5
"""Of a sentence twelve authors are remembered: once in 250,000 times two of them are taken for one."""
_LANGUAGE_CHARACTERS = 35
BARRED = b"-"
"""What `learnt:` has of a sentence that an operator has barred."""
_FIELDS_AT_ONCE, _SWAPS_AT_ONCE = 1_000, 500
_EPOCH = date(1970, 1, 1)


class Example(Struct, frozen=True):
    """A text that a sentence stood in, by its event. `time` in microseconds; `language` as the platform told it."""

    event_id: str
    type: str
    time: int
    language: str | None


class Learnt(Struct, frozen=True, kw_only=True):
    """One sentence that is boilerplate, or barred (then nothing else is known of it).

    `id` names it (hexadecimal). `members` who wrote it, at least: no more than `WITNESSES` are remembered; `days` on which
    they did; `first` and `last` of these. `example` is None where its author was forgotten, or it was kept under another key.
    """

    id: str
    is_barred: bool
    members: int = 0
    days: int = 0
    first: date | None = None
    last: date | None = None
    example: Example | None = None


class Unlearnt(Struct, frozen=True):
    """What forgetting came to: ids of sentences that were learnt or barred, and of those of which nothing was known."""

    forgotten: tuple[str, ...]
    unknown: tuple[str, ...]


def sentence_name(pseudonyms: Pseudonyms, line: str) -> bytes:
    """How the store names a sentence, given as a line of `text.reading.TextReading.words`."""
    return pseudonyms.key(line)[:SENTENCE_BYTES]


def witness_name(pseudonyms: Pseudonyms, sentence: bytes, author: str) -> bytes:
    """That an author wrote a sentence (named): says so only to who holds the key and knows the author."""
    return pseudonyms.key(sentence.hex(), author)[:AUTHOR_BYTES]


def sentences_of(pseudonyms: Pseudonyms, text: Text) -> list[tuple[bytes, int, bytes]]:
    """The sentences of a text that may be boilerplate: name, length, and that of sentence and author."""
    key, author = pseudonyms.key, text.author
    return [
        (name := key(line)[:SENTENCE_BYTES], len(line), key(name.hex(), author)[:AUTHOR_BYTES])
        for line in sentences(text.words)
    ]


def example_of(pseudonyms: Pseudonyms, text: Text) -> bytes:
    """What is kept of a text as an example; only its event's id is sealed."""
    language = (text.language or "").replace(" ", "_")[:_LANGUAGE_CHARACTERS]
    return f"{text.type} {language} {text.time} ".encode() + pseudonyms.seal(text.event_id)


def witnesses_without(pseudonyms: Pseudonyms, sentence: bytes, witnesses: bytes, author: str) -> bytes:
    """A field and value of `sentence:` as they would be if the author had not written it."""
    own = witness_name(pseudonyms, sentence, author)
    return b"".join(one for one in _cut(witnesses) if not one.startswith(own))


def learnt_without(pseudonyms: Pseudonyms, sentence: bytes, learnt: bytes, author: str) -> bytes:
    """The same of `learnt:`. What is boilerplate stays so as long as anybody else is known to have used it."""
    if learnt == BARRED:
        return learnt
    witnesses, example = parts_of(learnt)
    left = witnesses_without(pseudonyms, sentence, witnesses, author)
    if example.startswith(witness_name(pseudonyms, sentence, author)):
        example = b""
    return packed(left, example) if left else b""


def stretches(time: int, length: int, lateness: int) -> list[int]:
    """The stretch of `time`, and the others in which something may stand that is known then: the one before, and, for what is
    up to `lateness` late at a boundary, the one after. `length` and `lateness` in seconds.
    """
    own = time // (length * MICROSECONDS)
    after = (time + lateness * MICROSECONDS) // (length * MICROSECONDS)
    return [own, own - 1] if after == own else [own, own - 1, *range(own + 1, after + 1)]


class Boilerplate:
    """What was learnt, for an operator: reads and changes the store directly, while workers go on.

    Its methods raise `StateUnavailable`, and `state.agreement.WrongStore` where the workers have another pseudonym key or
    number of shards.
    """

    def __init__(self, client: "Redis", pseudonyms: Pseudonyms, *, shards: int, namespace: str, scope: str) -> None:
        """`scope` as in `state.campaigns`."""
        self._client, self._pseudonyms = client, pseudonyms
        self._shards = Shards(client, namespace, shards)
        self._agreement = Agreement(pseudonyms, shards, namespace)
        self._prefix = f"{namespace}{{s0}}:".encode()
        self._scope = scope.encode()

    async def learnt(self) -> list[Learnt]:
        """All sentences that are learnt or barred, those used by most first."""
        await self._check()
        found: dict[bytes, bytes] = {}
        for key in sorted(await self._keys(LEARNT)):
            async for sentence, value in self._fields(key):
                found[sentence] = value  # of the latest stretch
        told = [self._told(sentence, value) for sentence, value in found.items()]
        return sorted(told, key=lambda one: (one.is_barred, -one.members, one.first or _EPOCH, one.id))

    async def forget(self, ids: Collection[str], *, bar: bool) -> Unlearnt:
        """Forget sentences, by their ids. They are learnt again where they are used on; with `bar` they are not, as long as
        they are used and one to two stretches longer. What was barred is barred no more without `bar`.
        """
        await self._check()
        wanted = {bytes.fromhex(one) for one in ids}
        found: set[bytes] = set()
        swaps: list[tuple[bytes, bytes, bytes, bytes]] = []
        # first where it is learnt: what is used meanwhile must not be learnt again by the witnesses there are
        for kind, new in ((LEARNT, BARRED if bar else b""), (SENTENCE, b"")):
            for key in await self._keys(kind):
                async for sentence, value in self._fields(key):
                    if sentence in wanted:
                        swaps.append((key, sentence, value, new))
                        if kind is LEARNT:
                            found.add(sentence)
        for start in range(0, len(swaps), _SWAPS_AT_ONCE):
            await self._swap(swaps[start : start + _SWAPS_AT_ONCE])
        known = {one: bytes.fromhex(one) in found for one in ids}
        return Unlearnt(
            tuple(one for one, is_known in known.items() if is_known),
            tuple(one for one, is_known in known.items() if not is_known),
        )

    async def _swap(self, swaps: list[tuple[bytes, bytes, bytes, bytes]]) -> None:
        """Where a worker has changed a value meanwhile, what it has written goes, too."""
        while swaps:
            made = (await self._shards.run({0: [swap("hash", *one) for one in swaps]}))[0]
            missed = [one for one, done in zip(swaps, made, strict=True) if not done]
            swaps = []
            for key, sentence, _, new in missed:
                value = await guarded(lambda: self._client.hget(self._prefix + key, sentence))  # noqa: B023
                if value is not None and value != new:
                    swaps.append((key, sentence, value, new))

    async def _check(self) -> None:
        standing = await guarded(lambda: self._client.get(self._agreement.key))
        if standing is not None:
            self._agreement.check(standing)

    async def _keys(self, kind: Kind) -> set[bytes]:
        """Keys of a kind, after the shard's prefix."""
        found = keys_of(self._client, self._prefix + self._scope + kind.key(b""))
        return {key.removeprefix(self._prefix) async for keys in found for key in keys}

    async def _fields(self, key: bytes) -> AsyncIterator[tuple[bytes, bytes]]:
        cursor, more = 0, True
        while more:
            read = await guarded(lambda: self._client.hscan(self._prefix + key, cursor, count=_FIELDS_AT_ONCE))  # noqa: B023
            cursor, found = read
            more = cursor != 0
            for field, value in found.items():
                yield field, value

    def _told(self, sentence: bytes, value: bytes) -> Learnt:
        if value == BARRED:
            return Learnt(id=sentence.hex(), is_barred=True)
        witnesses, example = parts_of(value)
        each = [WITNESS.unpack(one) for one in _cut(witnesses)]
        days = sorted({day for _, _, day, _ in each})
        return Learnt(
            id=sentence.hex(),
            is_barred=False,
            members=len(each),
            days=len(days),
            first=_EPOCH + timedelta(days=days[0]),
            last=_EPOCH + timedelta(days=days[-1]),
            example=self._opened(example[AUTHOR_BYTES:]),
        )

    def _opened(self, example: bytes) -> Example | None:
        if not example:
            return None
        kind, language, time, sealed = example.split(b" ", 3)
        try:
            event_id = self._pseudonyms.unseal(sealed)
        except InvalidTag:
            return None
        return Example(event_id, kind.decode(), int(time), language.decode() or None)


def parts_of(learnt: bytes) -> tuple[bytes, bytes]:
    """The witnesses that `learnt:` has of a sentence, and the name of the example's author with the example."""
    last = 1 + WITNESS.size * learnt[0]
    return learnt[1:last], learnt[last:]


def packed(witnesses: bytes, rest: bytes) -> bytes:
    """As `parts_of` takes it apart."""
    return bytes((len(witnesses) // WITNESS.size,)) + witnesses + rest


def witness(author: bytes, number: bytes, time: int, weight: int) -> bytes:
    """One witness: `author` as `witness_name` says it, the digits of the campaign's `number`, `time` in microseconds."""
    return WITNESS.pack(author, _packed(number), time // (86_400 * MICROSECONDS), weight)


def is_new(witnesses: bytes, author: bytes, number: bytes) -> bool:
    """Whether there is room for a witness of that author and campaign, and none of either is there."""
    if len(witnesses) >= WITNESSES * WITNESS.size:
        return False
    own = _packed(number)
    return all(other != author and campaign != own for other, campaign, *_ in _each(witnesses))


def are_enough(witnesses: bytes) -> bool:
    """Whether so many unrelated members have written a sentence on so many days that it is boilerplate."""
    if len(witnesses) < DAYS * WITNESS.size:
        return False
    weighing = [(day, weight) for _, _, day, weight in _each(witnesses) if weight]
    return sum(weight for _, weight in weighing) >= ENOUGH and len({day for day, _ in weighing}) >= DAYS


def together(one: bytes, other: bytes) -> int:
    """In how many texts two sentences stood together, as far as their witnesses say."""
    first, second = ([number for _, number, _, weight in _each(some) if weight] for some in (one, other))
    return sum(first.count(number) for number in second)


def campaigns_of_others(witnesses: bytes, author: bytes) -> list[bytes]:
    """The numbers of campaigns in which others than the author wrote a sentence, each once."""
    found = dict.fromkeys(number for other, number, *_ in _each(witnesses) if other != author)
    return [b"%010d" % int.from_bytes(number) for number in found]


def _packed(number: bytes) -> bytes:
    return int(number).to_bytes(_NUMBER_BYTES)


def _each(witnesses: bytes) -> Iterator[tuple[bytes, bytes, int, int]]:
    """Author, campaign's number, day and weight of each witness."""
    return WITNESS.iter_unpack(witnesses)


def _cut(witnesses: bytes) -> Iterator[bytes]:
    return (witnesses[at : at + WITNESS.size] for at in range(0, len(witnesses), WITNESS.size))
