"""Texts that people have upheld as breaches: remembers them, and tells which texts of a batch are copies of one.

A text is such a copy when it is the same or nearly the same, or when it belongs to the campaign of one or of a copy, however
much that has drifted. Whether it is stays with the text's answer in `seen:` of its campaigns, for when its event comes again.
docs/feedback.md tells the whole loop. All stands in the first shard, by the scope of campaigns:

- `known:` is a hash per stretch as long as such texts are remembered, by the time of the verdict: `latest` -> number of the
  latest text, with its token; `s` and a number -> token, digest, signature; `d` and a digest -> number; `i` and a number ->
  msgpack [incident, ...]. Of a text that has a number nothing but the incidents changes: so each worker has the texts in its
  memory, and reads those that are new. Tokens are random: by them it knows that the store was emptied;
- `verdict:` an incident -> `Said`, of its latest verdict;
- `upheld:` a campaign's id -> msgpack [incident, ...] with a verdict, also those of campaigns that were merged into it.

Verdicts count for texts that come after them. Of two of one time the one with the higher name is the later one.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from secrets import token_bytes
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from state.campaigns import (
    BEGINNING_BYTES,
    FIELD_BYTES,
    HEAD_BYTES,
    ID_BYTES,
    CampaignCodec,
    add_incidents,
    name_in_store,
)
from state.decisions import View, decide
from state.kinds import DIGEST, KNOWN, LEADER, MERGED, UPHELD, VERDICT, Kind
from state.limits import StoreLimits
from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS, Judgement, ModeratorVerdict, Sample, Text
from state.scripts import Call, Command, Script, Shards, pack, unpack
from state.verdicts import verdict_name
from text.signature import DIGEST_BYTES, SIGNATURE_SLOTS

JUDGED = Script("judged")
TEXTS = 5_000
"""Remembered of one stretch."""
_CANDIDATES = 16
"""Texts that one text is compared with."""
_IN_BAND = 8
"""Texts of one band: the first ones."""
_MERGES = 16
"""How often a judged campaign is followed into an older one."""
_ALIKE = ((40, 60, 130, 220), (0.9, 0.8, 0.65, 0.55))
"""From what share of equal slots, of shingles or of words, a text of so many letters repeats an upheld one, straight lines
between. Stricter than within a campaign, since one copy is an incident here: unrelated texts reach 0.27.
"""
_TOKEN_BYTES, _SHINGLES_BYTES = 8, 2 * SIGNATURE_SLOTS
_SIGNATURE_AT = _TOKEN_BYTES + DIGEST_BYTES
"""Where the signature begins in the field of a text."""
_AT_ONCE, _VERDICTS_AT_ONCE = 500, 50
_STRETCHES = 6
"""Whose texts a worker has in its memory."""
_YES, _NO, _NOT_KEPT, _UNDECIDED = b"1", b"0", b"-", b"?"
_LATEST = b"latest"
_ODD = np.uint64(0x9E3779B97F4A7C15)
_Bands = NDArray[np.uint64]
Place = tuple[int, bytes]
"""A generation of campaigns, and the name of an event and a text in its table `seen`."""


class Said(NamedTuple):
    """The latest verdict on an incident. It counts from `time` on, until `until`. `public`: 1 where the text stood in a forum;
    `origin`: hash of who wrote the text first and was only copied. Of verdicts before these were remembered they are None.
    """

    time: int
    name: int
    upheld: int
    until: int
    public: int | None = None
    origin: bytes | None = None

    def counts_for(self, text: Text, author: bytes) -> bool:
        """Whether it says that a text like the incident's, by that author (a hash), is a breach."""
        return (
            self.upheld == 1
            and self.time < text.time <= self.until
            and self.public in (None, int(text.public))
            and self.origin != author
        )


class _Texts:
    """The texts of one stretch, by their numbers. Nothing of it changes: what is new makes another one."""

    def __init__(self, values: Sequence[bytes] = ()) -> None:
        """`values` are the fields of the texts, in order."""
        self.values = values
        self.token = values[-1][:_TOKEN_BYTES] if values else b""
        self._numbers = {value[_TOKEN_BYTES:_SIGNATURE_AT]: number for number, value in enumerate(values, 1)}
        bands = np.array([_bands_of(value[_SIGNATURE_AT:]) for value in values], np.uint64).ravel()
        self._order = np.argsort(bands, kind="stable")
        self._bands = bands[self._order]

    def __len__(self) -> int:
        return len(self.values)

    def repeated_by(self, text: Text) -> list[int]:
        """Numbers of the texts that a text repeats: itself, or those that share most bands and are alike."""
        if same := self._numbers.get(text.digest):
            return [same]
        if not text.signature:
            return []
        bands = _bands_of(text.signature)
        first, last = (np.searchsorted(self._bands, bands, side) for side in ("left", "right"))
        found = [self._order[start : min(end, start + _IN_BAND)] for start, end in zip(first, last, strict=True)]
        sharing, hits = np.unique(np.concatenate(found) // len(bands), return_counts=True)
        most = sharing[np.argsort(-hits, kind="stable")][:_CANDIDATES]
        return [int(at) + 1 for at in most if _alike(text.signature, self.values[at][_SIGNATURE_AT:])]


class UpheldTexts:
    """What a store knows of them. Every method that waits raises `StateUnavailable`."""

    def __init__(self, shards: Shards, pseudonyms: Pseudonyms, campaigns: CampaignCodec, limits: StoreLimits) -> None:
        self._shards = shards
        self._pseudonyms = pseudonyms
        self._campaigns = campaigns
        self._memory = limits.feedback.texts * MICROSECONDS
        self.ttl = KNOWN.ttl(limits)
        """Seconds for which it is kept which texts and campaigns were upheld."""
        self._texts: dict[int, _Texts] = {}
        self._scope = campaigns.scope.encode()

    # --- the texts of a batch --------------------------------------------------------------------------------------------

    def places(self, texts: Sequence[Text]) -> list[Place]:
        """Where it is kept what texts were answered; parallel."""
        return [(self._campaigns.generations(text.time)[0], name_in_store(text)) for text in texts]

    def asked(self, texts: Sequence[Text], places: Sequence[Place]) -> list[Call | Command]:
        """What is to be asked after the campaigns of the texts."""
        named = _by_generation(places)
        calls: list[Call | Command] = [self._judged(generation, names) for generation, names in named.items()]
        return calls + [Command("HGET", (self.known(stretch),), (_LATEST,)) for stretch in self._stretches(texts)]

    async def recall(
        self, texts: Sequence[Text], places: Sequence[Place], joined: Sequence[Any], told: Sequence[Any]
    ) -> tuple[tuple[Any, ...], list[Judgement]]:
        """Whether texts are copies of what was upheld, and what is to be kept of that (`keep`).

        `joined` are the answers of `state.joining`, `told` those to what was `asked`. The first part is three lists: parallel
        to the texts 1 for a copy, else 0, or, where the campaign is not decided yet, [incident, ...] of the upheld text that
        it repeats; (id, [incident, ...]) of the campaigns that such a text may belong to; (incident, from, until, public,
        origin) of all these incidents that are upheld.
        """
        named = _by_generation(places)
        kept = {
            (generation, name): flags[at : at + 1]
            for (generation, names), flags in zip(named.items(), told, strict=False)
            for at, name in enumerate(names)
        }
        known = await self._current(self._stretches(texts), told[len(named) :])
        batch = _Batch(self._pseudonyms)
        if known:
            asked = [
                (at, text, answer, {one: known[one] for one in self._stretches_for(text) if one in known})
                for at, (text, answer) in enumerate(zip(texts, joined, strict=True))
                if kept[places[at]] not in (_YES, _NO)
            ]
            await batch.read(View(self._shards, 0), self, [one for one in asked if one[-1]])
        repeated: list[Any] = []
        judgements: dict[Place, Judgement] = {}
        for at, (text, answer, place) in enumerate(zip(texts, joined, places, strict=True)):
            flag = kept[place]
            if flag in (_YES, _NO):
                repeated.append(int(flag))
            elif flag == _UNDECIDED:
                repeated.append(batch.repeated_by_undecided(at, text, answer))
            elif place in judgements:
                repeated.append(int(judgements[place].repeats))
            else:
                campaign = answer[0] if flag == _NOT_KEPT else b""
                is_copy, incidents = batch.is_copy(at, text, campaign) if known else (False, [])
                repeated.append(int(is_copy))
                if flag == _NOT_KEPT:
                    judgements[place] = Judgement(*place, is_copy, campaign, incidents)
        return (repeated, *batch.concerned()), list(judgements.values())

    async def keep(self, judgements: Sequence[Judgement]) -> list[Call]:
        """Keep which campaigns were judged through the texts of a batch. Gives the calls that keep the texts' answers."""
        judging = [one for one in judgements if one.incidents]

        async def judge(view: View) -> None:
            keys = [self.key(UPHELD, one.campaign_id) for one in judging]
            await view.read(keys)
            for key, one in zip(keys, judging, strict=True):
                self._judge(view, key, one.incidents)

        if judging:
            await decide(self._shards, 0, judge)
        named: dict[int, list[Judgement]] = {}
        for one in judgements:
            named.setdefault(one.generation, []).append(one)
        return [
            self._judged(generation, [one.name for one in some], b"".join(b"%d" % one.repeats for one in some))
            for generation, some in named.items()
        ]

    def _judge(self, view: View, key: bytes, incidents: Iterable[bytes]) -> None:
        before = view.get(key)
        view.set(key, self.ttl, pack(add_incidents(unpack(before) if before else [], incidents)))

    def _judged(self, generation: int, names: Sequence[bytes], flags: bytes = b"") -> Call:
        return Call(JUDGED, (generation, names, flags), self._campaigns.scope)

    async def _current(self, stretches: Sequence[int], latest: Sequence[bytes | None]) -> dict[int, _Texts]:
        """The upheld texts of stretches that have any. `latest` are the fields of that name."""
        found = {}
        for stretch, value in zip(stretches, latest, strict=True):
            if value is None:
                continue
            texts = self._texts.pop(stretch, _Texts())
            if texts.token != value[:_TOKEN_BYTES]:
                texts = await self._load(stretch, texts, int(value[_TOKEN_BYTES:]))
            found[stretch] = self._texts[stretch] = texts
        while len(self._texts) > _STRETCHES:
            del self._texts[next(iter(self._texts))]
        return found

    async def _load(self, stretch: int, before: _Texts, last: int) -> _Texts:
        """With those that are new since then, or anew where what was there is no more."""
        values = await self._values(stretch, range(max(len(before), 1), last + 1))
        if not before.values:
            return _Texts(values)
        if not values or values[0] != before.values[-1]:
            return await self._load(stretch, _Texts(), last)
        return _Texts([*before.values, *values[1:]])

    async def _values(self, stretch: int, numbers: Sequence[int]) -> list[bytes]:
        key, view = self.known(stretch), View(self._shards, 0)
        found: list[bytes | None] = []
        for start in range(0, len(numbers), _AT_ONCE):
            fields = tuple(b"s%d" % number for number in numbers[start : start + _AT_ONCE])
            [values] = await view.ask([Command("HMGET", (key,), fields)])
            found += values
        return [value for value in found if value]

    # --- what people said --------------------------------------------------------------------------------------------------

    async def learn(self, moderator_verdicts: Sequence[ModeratorVerdict]) -> None:
        """Remember texts that were upheld, or are no longer, in order."""
        judged = [one for one in moderator_verdicts if one.sample]
        for start in range(0, len(judged), _VERDICTS_AT_ONCE):
            await decide(self._shards, 0, partial(self._learn, judged[start : start + _VERDICTS_AT_ONCE]))

    async def _learn(self, verdicts: Sequence[ModeratorVerdict], view: View) -> None:
        said = [(one, one.sample) for one in verdicts if one.sample]
        places = [(self.known(one.time // self._memory), b"d" + sample.digest) for one, sample in said]
        generations = [self._campaigns.generations(one.time) for one, _ in said]
        digests = self._lookups(DIGEST, generations, [sample.digest[:FIELD_BYTES] for _, sample in said])
        answers = await view.read(
            [self._verdict(one) for one, _ in said],
            [(key, field) for key, of_digest in places for field in (_LATEST, of_digest)],
            [call for _, call in digests],
        )
        leaders = self._lookups(LEADER, generations, _firsts(digests, answers, len(said)))
        numbers = [(key, view.get(key, of_digest)) for key, of_digest in places]
        incidents = [(key, b"i" + number) for key, number in numbers if number]
        answers = await view.read(fields=incidents, besides=[call for _, call in leaders])
        heads = _firsts(leaders, answers, len(said))
        # the campaigns that the texts belong to, and those that these became part of
        ids = [{UUID(sample.campaign_id).bytes} for _, sample in said]
        for _ in range(_MERGES):
            for campaigns, head in zip(ids, heads, strict=True):
                campaigns |= {head[:ID_BYTES]} if head else set()
            merged = self._lookups(MERGED, generations, [head[ID_BYTES:HEAD_BYTES] for head in heads])
            judged = [self.key(UPHELD, each) for campaigns in ids for each in campaigns]
            heads = _firsts(merged, await view.read(judged, besides=[call for _, call in merged]), len(said))
            if not any(heads):
                break
        for (one, sample), campaigns, (known, _) in zip(said, ids, places, strict=True):
            key, before = self._verdict(one), view.get(self._verdict(one))
            name = verdict_name(one.identity)
            if before and Said(*unpack(before))[:2] >= (one.time, name):
                continue
            origin = self._pseudonyms.member(sample.origin) if sample.origin else b""
            until = one.time + self._memory
            view.set(key, self.ttl, pack(Said(one.time, name, int(one.upheld), until, int(sample.public), origin)))
            if one.upheld:
                incident = one.incident_id.encode()
                self._remember(view, known, sample, incident)
                for each in campaigns:
                    self._judge(view, self.key(UPHELD, each), [incident])

    def _remember(self, view: View, known: bytes, sample: Sample, incident: bytes) -> None:
        number = view.get(known, b"d" + sample.digest)
        if not number:
            latest = int(view.get(known, _LATEST)[_TOKEN_BYTES:] or 0)
            if latest >= TEXTS:
                return
            number, token = b"%d" % (latest + 1), token_bytes(_TOKEN_BYTES)
            view.set_field(known, self.ttl, _LATEST, token + number)
            view.set_field(known, self.ttl, b"s" + number, token + sample.digest + sample.signature)
            view.set_field(known, self.ttl, b"d" + sample.digest, number)
            incidents = []
        else:
            incidents = unpack(view.get(known, b"i" + number))
        view.set_field(known, self.ttl, b"i" + number, pack(add_incidents(incidents, [incident])))

    def _lookups(
        self, kind: Kind, generations: Sequence[list[int]], fields: Sequence[bytes]
    ) -> list[tuple[int, Command]]:
        """Ask for fields in tables of a kind, each in its generations, with the places of the fields; not for empty ones."""
        return [
            (at, Command("HGET", (self.key(kind, b"%d" % generation),), (field,)))
            for at, field in enumerate(fields)
            for generation in generations[at]
            if field
        ]

    # --- keys --------------------------------------------------------------------------------------------------------------

    def key(self, kind: Kind, of: bytes) -> bytes:
        """A key within the shard."""
        return self._scope + kind.key(of)

    def known(self, stretch: int) -> bytes:
        """The key of a stretch's texts."""
        return self.key(KNOWN, b"%d" % stretch)

    def _verdict(self, one: ModeratorVerdict) -> bytes:
        return self.key(VERDICT, one.incident_id.encode())

    def _stretches_for(self, text: Text) -> list[int]:
        """In which texts are known that a text may repeat."""
        own = text.time // self._memory
        return [own, own - 1]

    def _stretches(self, texts: Sequence[Text]) -> list[int]:
        own = {text.time // self._memory for text in texts}
        return sorted({*own, *(stretch - 1 for stretch in own)})


class _Batch:
    """What is known that has a bearing on the texts of a batch, and what is found out about them, in their order."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._repeated: dict[int, list[list[bytes]]] = {}
        """Of each text asked about, by its place: the incidents of each upheld text that it repeats."""
        self._judged: dict[bytes, list[bytes]] = {}
        self._said: dict[bytes, Said] = {}
        self._concerned: dict[bytes, None] = {}
        self._listed: dict[bytes, None] = {}

    async def read(
        self, view: View, upheld: UpheldTexts, asked: Sequence[tuple[int, Text, Any, Mapping[int, _Texts]]]
    ) -> None:
        """Read it. `asked` are places, texts, the answers about their campaigns, and upheld texts that they may repeat."""
        found = [
            (at, stretch, number)
            for at, text, _, stretches in asked
            for stretch, texts in stretches.items()
            for number in texts.repeated_by(text)
        ]
        campaigns = list({each for _, text, answer, _ in asked for each in _campaigns_in(answer, text)})
        calls = [Command("HGET", (upheld.known(stretch),), (b"i%d" % number,)) for _, stretch, number in found]
        calls += [Command("GET", (upheld.key(UPHELD, each),)) for each in campaigns]
        lists = [unpack(value) if value else [] for value in await view.ask(calls)]
        self._repeated = {at: [] for at, *_ in asked}
        for (at, _, _), incidents in zip(found, lists, strict=False):
            self._repeated[at].append(incidents)
        self._judged = dict(zip(campaigns, lists[len(found) :], strict=True))
        incidents = list({incident for some in lists for incident in some})
        said = await view.ask([Command("GET", (upheld.key(VERDICT, incident),)) for incident in incidents])
        self._said = {incident: Said(*unpack(value)) for incident, value in zip(incidents, said, strict=True) if value}

    def is_copy(self, at: int, text: Text, campaign: bytes) -> tuple[bool, list[bytes]]:
        """Whether a text of a campaign, if it has any, is a copy; and the incidents that are that campaign's from now on: it
        was joined by a copy, or founded by one when the upheld campaign had been forgotten.
        """
        if at not in self._repeated or self._counts(self._judged.get(campaign, ()), text):
            return at in self._repeated, []
        incidents = self._incidents_repeated(at, text)
        if campaign and incidents:
            self._judged[campaign] = add_incidents(self._judged.get(campaign, []), incidents)
        return bool(incidents), incidents if campaign else []

    def repeated_by_undecided(self, at: int, text: Text, answer: Any) -> list[bytes]:
        """The incidents of the upheld text that a text repeats whose campaign is not decided yet."""
        if at not in self._repeated:
            return []
        self._concerned |= dict.fromkeys(_campaigns_in(answer, text))
        incidents = self._incidents_repeated(at, text)
        self._listed |= dict.fromkeys(incidents)
        return incidents

    def concerned(self) -> tuple[list[Any], list[Any]]:
        """Campaigns that undecided texts may belong to with what was judged of them; and when verdicts on these count."""
        judged = [(campaign, some) for campaign in self._concerned if (some := self._judged.get(campaign))]
        listed = self._listed | dict.fromkeys(incident for _, some in judged for incident in some)
        counting = []
        for incident in listed:
            if (said := self._said.get(incident)) and said.upheld:
                more = () if said.public is None else (said.public, said.origin)
                counting.append((incident, said.time, said.until, *more))
        return judged, counting

    def _incidents_repeated(self, at: int, text: Text) -> list[bytes]:
        return next((some for some in self._repeated[at] if self._counts(some, text)), [])

    def _counts(self, incidents: Iterable[bytes], text: Text) -> bool:
        """Whether a verdict on one of the incidents counts for a text."""
        said = [self._said[incident] for incident in incidents if incident in self._said]
        return bool(said) and any(one.counts_for(text, self._pseudonyms.member(text.author)) for one in said)


def _campaigns_in(answer: Any, text: Text) -> list[bytes]:
    """Ids of the campaigns that a text belongs to, or may belong to, but for one that it has founded."""
    if len(answer) == 2:
        return [answer[0]] if answer[0] and not name_in_store(text).startswith(answer[0][:BEGINNING_BYTES]) else []
    _, _, root, _, others, *_ = answer
    return [head[:ID_BYTES] for head in (root, *(other[0] for other in others))]


def _firsts(lookups: Sequence[tuple[int, Command]], answers: Sequence[bytes | None], count: int) -> list[bytes]:
    """What the first generation has that has any, by the places of the fields; else nothing."""
    found = [b""] * count
    for (at, _), value in zip(lookups, answers, strict=True):
        found[at] = found[at] or value or b""
    return found


def _by_generation(places: Iterable[Place]) -> dict[int, list[bytes]]:
    named: dict[int, list[bytes]] = {}
    for generation, name in dict.fromkeys(places):
        named.setdefault(generation, []).append(name)
    return named


def _bands_of(signature: bytes) -> _Bands:
    """What texts are looked up by: four slots of shingles each, and which; zeros of a text without a signature."""
    slots = np.frombuffer(signature[:_SHINGLES_BYTES].ljust(_SHINGLES_BYTES, b"\0"), np.uint64)
    return (slots * _ODD + np.arange(len(slots), dtype=np.uint64)).astype(np.uint64)


def _alike(left: bytes, right: bytes) -> bool:
    if len(left) != len(right):
        return False
    one, other = np.frombuffer(left, np.uint8), np.frombuffer(right, np.uint8)
    same = one == other
    words = same[_SHINGLES_BYTES : _SHINGLES_BYTES + SIGNATURE_SLOTS].mean()
    shingles = (same[:_SHINGLES_BYTES:2] & same[1:_SHINGLES_BYTES:2]).mean()
    letters = (int.from_bytes(left[-2:]) + int.from_bytes(right[-2:])) / 2
    return bool(max(words, shingles) >= np.interp(letters, *_ALIKE))
