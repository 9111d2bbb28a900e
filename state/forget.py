"""Everything that is held about one member, found and removed while workers go on.

Names of keys say whom they are about (`Pseudonyms.key_of`), entries of histories say who acted, and what names members in
words is sealed and can be opened with the key. So the whole store is read twice, in steps of `SCAN` that never hold up
Redis: first the histories, which tell the ids of the member's events; then everything else, where those ids may stand as
evidence. The histories are cleaned last, so that a run that breaks off is made up for by the next one.

Each change is one command or one script on one key, and replaces a value only where it is still the one that was read.
"""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from cryptography.exceptions import InvalidTag
from msgspec import Struct, field
from redis.asyncio import Redis

from state.agreement import Agreement, WrongStore
from state.boilerplate import learnt_without, witnesses_without
from state.campaigns import CampaignCodec, leader_without
from state.decisions import WRITE, swap
from state.episodes import CUT, SILENCED, opened_payload, sealed_payload
from state.kinds import KINDS, READ_BY, Kind, Members
from state.pseudonyms import EVENT_NAME_BYTES, MEMBER_BYTES, Pseudonyms
from state.quotations import source_without
from state.scripts import Call, Shards, guarded, pack, unpack
from state.server import keys_of
from state.store import DEFAULT_NAMESPACE
from state.windows import Entry, without

COMMANDS = WRITE.commands | {"SCAN", "UNLINK", "GET", *(READ_BY[kind.type] for kind in KINDS.values())}
"""What forgetting calls; `deploy/redis/users.acl` allows its user no other command."""
_ENTRIES_AT_ONCE = 1_000
_DROPPED_AT_ONCE = 500
_ATTEMPTS = 10
"""How often a value is read again that a worker has changed meanwhile."""
_PART = "\x1f"
"""Stands between the members of a pair that a rule makes one text of."""
_EPISODE_EVENTS, _EPISODE_SUBJECT = 6, 8
_REVISION_EVENTS, _REVISION_OPENING, _REVISION_PAYLOAD, _REVISION_COUNT, _REVISION_MEMBERS = 3, 4, 5, 6, 7
_Item = TypeVar("_Item")


class Removed(Struct):
    """What was removed of one kind: whole keys, and entries of keys that stay (or that went with their keys)."""

    keys: int = 0
    entries: int = 0


class Forgotten(Struct):
    """What a run came to: `removed` by kind of state (docs/state.md), keys read, and keys that could not be understood.

    `opened` and `unreadable` count histories whose events could be read, and those that were sealed under another key.
    `unknown` are kinds of keys that this version does not know. `in_use` tells whether workers have this pseudonym key now;
    None where none has been there.
    """

    removed: dict[str, Removed] = field(default_factory=dict)
    scanned: int = 0
    opened: int = 0
    unreadable: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    in_use: bool | None = None

    @property
    def refused(self) -> bool:
        """Whether nothing was written under this key, so that it must be a wrong one, and nothing was removed."""
        return not self.opened and (self.unreadable > 0 or self.in_use is False)

    def note(self, kind: str, keys: int, entries: int) -> None:
        """Add to what was removed of a kind."""
        if keys or entries:
            removed = self.removed.setdefault(kind, Removed())
            removed.keys += keys
            removed.entries += entries


class _Key(NamedTuple):
    raw: bytes
    shard: int
    suffix: bytes
    kind: Kind
    name: bytes


class _Place(NamedTuple):
    """Where a value stands: a key's own value, an entry of a sorted set and its `score` (`field` is empty), or that of a
    hash's field.
    """

    key: _Key
    field: bytes
    value: bytes
    score: int = 0


class _Changes:
    """What is to be done: keys to drop, with what stands in them, and values by what replaces them (empty: nothing)."""

    def __init__(self) -> None:
        self.dropped: dict[_Key, set[_Place]] = {}
        self.swaps: dict[_Place, bytes] = {}


async def forget(
    client: "Redis",
    pseudonyms: Pseudonyms,
    actor_id: str,
    *,
    shards: int = 1,
    namespace: str = DEFAULT_NAMESPACE,
    dry_run: bool = False,
    watched: Callable[[int, int | None], None] | None = None,
) -> Forgotten:
    """Remove what is held about a member; with `dry_run` only count it. May run again and while workers run.

    `watched` is told how many keys each pass over Redis has read, and, from the second pass on, about how many there are.

    Nothing is removed where the key is wrong (`Forgotten.refused`). Raises `StateUnavailable` when Redis does not answer; run
    it again then. Raises `WrongStore` where the workers of this store have another number of shards.
    """
    return await _Forgetting(client, pseudonyms, actor_id, shards, namespace, dry_run, watched).run()


class _Forgetting:
    def __init__(
        self,
        client: "Redis",
        pseudonyms: Pseudonyms,
        actor_id: str,
        shards: int,
        namespace: str,
        dry_run: bool,
        watched: Callable[[int, int | None], None] | None = None,
    ) -> None:
        self._watched = watched
        self._read_before: int | None = None
        self._client, self._pseudonyms, self._dry_run = client, pseudonyms, dry_run
        self._shards = Shards(client, namespace, shards)
        self._agreement = Agreement(pseudonyms, shards, namespace)
        self._begins = namespace.encode() + b"{s"
        self._form = re.compile(
            rb"%s\{s(\d+)\}:((?:%s)?([a-z]+)(?::(.*))?)\Z"
            % (re.escape(namespace).encode(), CampaignCodec.scope.encode()),
            re.DOTALL,
        )
        self._member, self._seal = pseudonyms.member(actor_id), pseudonyms.seal(actor_id)
        self._actor_id, self._quoted = actor_id, json.dumps(actor_id, ensure_ascii=False)
        self._events: set[bytes] = set()
        self._names_of_events: set[bytes] = set()
        self._readable: dict[_Key, bool] = {}
        """Histories, and whether they were sealed under this key."""
        self._done = Forgotten()

    async def run(self) -> Forgotten:
        self._done.in_use = await self._is_in_use()
        histories = _Changes()
        async for keys in self._keys(histories=True):
            await self._examine(keys, histories)
        self._done.opened = sum(self._readable.values())
        self._done.unreadable = len(self._readable) - self._done.opened
        if self._done.refused:
            return self._done
        await self._run_over_others()
        await self._apply(histories)
        if not self._dry_run:
            # a worker that had read the histories before may have written meanwhile of events that nothing tells to be the
            # member's any more
            scanned = self._done.scanned
            await self._run_over_others()
            self._done.scanned = scanned
        return self._done

    async def _run_over_others(self) -> None:
        async for keys in self._keys(histories=False):
            for _ in range(_ATTEMPTS):
                changes = _Changes()
                await self._examine(keys, changes)
                keys = await self._apply(changes)
                if not keys:
                    break

    async def _is_in_use(self) -> bool | None:
        """Whether workers have the same key. An earlier one is no mistake here, another number of shards is."""
        standing = await guarded(lambda: self._client.get(self._agreement.key))
        if standing is None:
            return None
        try:
            self._agreement.check(standing)
        except WrongStore as error:
            if error.what != "pseudonym key":
                raise
            return False
        return True

    async def _keys(self, *, histories: bool) -> AsyncIterator[list[_Key]]:
        """Keys that say something of members, some at a time: the histories or all others. A key may come twice, as `SCAN`
        has it.
        """
        self._done.scanned = 0
        self._done.unknown.clear()
        async for raw in keys_of(self._client, self._begins):
            keys = [key for one in raw if (key := self._parsed(one))]
            self._done.scanned += len(raw)
            if self._watched:
                self._watched(self._done.scanned, self._read_before)
            yield [key for key in keys if (key.kind.members is Members.HISTORY) == histories]
        self._read_before = self._done.scanned

    def _parsed(self, raw: bytes) -> _Key | None:
        form = self._form.match(raw)
        shard, suffix, name, of = form.groups(b"") if form else (b"", b"", b"?", b"")
        kind = KINDS.get(name.decode())
        if kind is None:
            self._done.unknown[name.decode()] += 1
            return None
        return _Key(raw, int(shard), suffix, kind, of) if kind.owned or kind.members is not Members.NONE else None

    async def _examine(self, keys: Sequence[_Key], changes: _Changes) -> None:
        """A key of the member's own goes whole; the others go on without the member."""
        for key in keys:
            if self._owned(key):
                changes.dropped[key] = set()
        named = [key for key in keys if key.kind.members is not Members.NONE or key in changes.dropped]
        async for place in self._places(named):
            left = self._without(place)
            if place.key in changes.dropped:
                changes.dropped[place.key].add(place)
            elif left is not None:
                changes.swaps[place] = left

    def _owned(self, key: _Key) -> bool:
        return key.kind.owned and key.name.startswith(self._member)

    # --- what stands there without the member: empty where nothing is left, None where it stays as it is --------------------

    def _without(self, place: _Place) -> bytes | None:
        key, field, value, _ = place
        match key.kind.members:
            case Members.NONE:
                return None
            case Members.HASHED:
                return self._hashed_without(key.kind, field, value)
            case Members.SEALED:
                return b"" if value == self._seal else None
            case Members.HISTORY:
                return self._entry_without(key, value)
            case Members.LEADER:
                left = leader_without(self._pseudonyms, value, self._member)
            case Members.SENTENCE:
                left = witnesses_without(self._pseudonyms, field, value, self._actor_id)
            case Members.LEARNT:
                left = learnt_without(self._pseudonyms, field, value, self._actor_id)
            case Members.SOURCE:
                left = source_without(self._pseudonyms, value, self._actor_id)
            case Members.EPISODE:
                left = self._episode_without(value)
            case Members.INCIDENT:
                left = self._incident_without(value)
            case Members.VERDICT:
                left = self._verdict_without(value)
            case Members.REVISION:
                left = self._told_without(key, value)
        return None if left == value else left

    def _hashed_without(self, kind: Kind, field: bytes, value: bytes) -> bytes | None:
        """Ties, questions and answers name one member or two. In a conversation the member was not addressed, and whom the
        member addressed was addressed by nobody.
        """
        if kind.type == "zset":
            return b"" if self._member in (value[:MEMBER_BYTES], value[MEMBER_BYTES : 2 * MEMBER_BYTES]) else None
        if field == self._member:
            return b""
        return bytes(MEMBER_BYTES) + value[MEMBER_BYTES:] if value.startswith(self._member) else None

    def _entry_without(self, key: _Key, raw: bytes) -> bytes | None:
        """Those that the member made go, and tell the ids of the member's events."""
        entry = Entry(0, raw)
        event_id, actor, *_ = entry.rest
        if not event_id:  # a campaign has taken in another
            return None
        if key not in self._readable:
            self._readable[key] = self._open(event_id) is not None
        if not self._readable[key]:
            return None
        if (actor or key.name) == self._member:
            self._events.add(event_id)
            self._names_of_events.add(entry.name)
            return b""
        return without(entry, self._names)

    def _names(self, hidden: bytes) -> bool:
        """Whether what was counted is the member, or is sealed words with the member's id in them.

        Rules make such words of ids alone, one after the other, or of JSON: the id is the whole, a part, or in quotes.
        """
        if len(hidden) == MEMBER_BYTES:
            return hidden == self._member
        if hidden == self._seal:
            return True
        words = self._open(hidden)
        return words is not None and (self._actor_id in words.split(_PART) or self._quoted in words)

    def _open(self, sealed: bytes) -> str | None:
        try:
            return self._pseudonyms.unseal(sealed)
        except (InvalidTag, UnicodeDecodeError):
            return None

    def _incident_without(self, value: bytes) -> bytes:
        """Incidents about the member go, and nobody knows whose words others have copied."""
        subject, memo, *origin = unpack(value)
        if subject == self._seal:
            return b""
        return pack([subject, memo, b""]) if self._seal in origin else value

    def _verdict_without(self, value: bytes) -> bytes:
        """The verdict stays, and nobody knows who wrote the text first."""
        *verdict, origin = unpack(value)
        return pack([*verdict, b""]) if origin == self._member else value

    def _episode_without(self, value: bytes) -> bytes:
        """Episodes about the member go, and the member's events are no evidence in others'."""
        episode = unpack(value)
        if episode[_EPISODE_SUBJECT] == self._seal:
            return b""
        events = episode[_EPISODE_EVENTS]
        episode[_EPISODE_EVENTS] = [event for event in events if event not in self._events]
        return value if events == episode[_EPISODE_EVENTS] else pack(episode)

    def _told_without(self, key: _Key, value: bytes) -> bytes:
        """What the member's events were told goes; what others' were told goes on without the member."""
        if key.name[:EVENT_NAME_BYTES] in self._names_of_events:
            return b""
        told = unpack(value)
        kept = [
            [*shown, *opened]
            for episode, packed, *opened in told
            if (shown := self._revision_without(episode, packed)) is not None
        ]
        if kept == told:
            return value
        return pack(kept) if kept else b""

    def _revision_without(self, episode: bytes, packed: bytes) -> list[bytes] | None:
        if packed in (SILENCED, CUT):
            return None if episode[:MEMBER_BYTES] == self._member else [episode, packed]
        revision = unpack(packed)
        if episode[:MEMBER_BYTES] == self._member or self._quoted in (self._open(revision[_REVISION_OPENING]) or ""):
            return None
        events, members = revision[_REVISION_EVENTS], revision[_REVISION_MEMBERS]
        revision[_REVISION_EVENTS] = [event for event in events if event not in self._events]
        revision[_REVISION_MEMBERS] = [member for member in members if member != self._seal]
        revision[_REVISION_COUNT] -= len(members) - len(revision[_REVISION_MEMBERS])
        payload = revision[_REVISION_PAYLOAD]
        revision[_REVISION_PAYLOAD] = self._payload_without(payload)
        changed = (
            events != revision[_REVISION_EVENTS]
            or members != revision[_REVISION_MEMBERS]
            or payload != revision[_REVISION_PAYLOAD]
        )
        return [episode, pack(revision) if changed else packed]

    def _payload_without(self, payload: bytes) -> bytes:
        """What a revision says, without the member as the one whose words were copied."""
        try:
            said = opened_payload(self._pseudonyms, payload).decode()
        except InvalidTag:
            return payload
        if self._quoted not in said:
            return payload
        parts = [None if part == self._actor_id else part for part in json.loads(said)]
        return sealed_payload(self._pseudonyms, json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode())

    # --- reading and writing ---------------------------------------------------------------------------------------------

    async def _answers(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """One pipeline of commands, and their answers."""

        async def run() -> list[Any]:
            pipeline = self._client.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            # raised here, because redis-py would add the command, and with it what it carries, to the message
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
            return answers

        return await guarded(run) if commands else []

    async def _places(self, keys: Sequence[_Key]) -> AsyncIterator[_Place]:
        """All that stands in the keys, what is large in several steps. It may come twice, as `SCAN` has it."""
        cursors: dict[_Key, int] = dict.fromkeys(keys, 0)
        while cursors:
            asked: list[tuple[Any, ...]] = [
                (
                    READ_BY[key.kind.type],
                    key.raw,
                    *(() if key.kind.type == "string" else (at, "COUNT", _ENTRIES_AT_ONCE)),
                )
                for key, at in cursors.items()
            ]
            read = list(zip(list(cursors), await self._answers(asked), strict=True))
            for key, answer in read:
                cursors[key], found = (0, answer) if key.kind.type == "string" else answer
                if not cursors[key]:
                    del cursors[key]
                match found:
                    case bytes():
                        yield _Place(key, b"", found)
                    case dict():
                        for field, value in found.items():
                            yield _Place(key, field, value)
                    case list():
                        for value, score in found:
                            yield _Place(key, b"", value, int(score))

    async def _apply(self, changes: _Changes) -> list[_Key]:
        """Make the changes, or only count them. Gives the keys that a worker has changed meanwhile."""
        for keys in _in_steps(changes.dropped, _DROPPED_AT_ONCE):
            gone = [1] * len(keys) if self._dry_run else await self._answers([("UNLINK", key.raw) for key in keys])
            for key, there in zip(keys, gone, strict=True):
                entries = len(changes.dropped[key]) if there and key.kind.type != "string" else 0
                self._done.note(key.kind.name, there, entries)
        missed = []
        for places in _in_steps(changes.swaps, _ENTRIES_AT_ONCE):
            made = [1] * len(places) if self._dry_run else await self._swap(places, changes.swaps)
            for place, there in zip(places, made, strict=True):
                kind = place.key.kind
                if there:
                    whole = kind.type == "string" and not changes.swaps[place]
                    self._done.note(kind.name, int(whole), int(not whole))
                elif kind.type != "zset":
                    missed.append(place.key)
        return list(dict.fromkeys(missed))

    async def _swap(self, places: list[_Place], new: dict[_Place, bytes]) -> list[int]:
        """1 for each value that was replaced, 0 where it was no longer there."""
        by_shard: dict[int, list[int]] = {}
        for at, place in enumerate(places):
            by_shard.setdefault(place.key.shard, []).append(at)

        def made(place: _Place) -> Call:
            key = place.key
            return swap(key.kind.type, key.suffix, place.field, place.value, new[place], place.score)

        calls = {shard: [made(places[at]) for at in ats] for shard, ats in by_shard.items()}
        answers = [0] * len(places)
        for shard, some in (await self._shards.run(calls)).items():
            for at, one in zip(by_shard[shard], some, strict=True):
                answers[at] = one
        return answers


def _in_steps(items: Collection[_Item], most: int) -> Iterator[list[_Item]]:
    """The items in order, so many at a time."""
    left = iter(items)
    while step := list(islice(left, most)):
        yield step
