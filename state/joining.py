"""Which campaign each text of a batch belongs to; a text unlike all others founds one.

`state.campaign_tables` says how campaigns stand.

Of several campaigns that a text is a copy of the oldest wins, and the others are merged into it.

Signatures decide alone where they are clear (`text.slots`). Where they are not, somebody has to look at the texts: the text
is answered with all that it may have in common with others, `state.campaigns` decides, and `state.merging` writes down what it
decided. Until then the text's entry in `seen` says what was asked, so that the same is asked again if the event comes again.
Which leaders there are never depends on what was merged, and which campaigns are merged only on texts that came before: so the
answers do not depend on how the stream was cut into batches, or on a crash between the two steps.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from state.boilerplate import sentences_of
from state.campaign_tables import (
    BANDS,
    Generation,
    Item,
    Tables,
    bands_of_all,
    generation_of,
    number_in,
)
from state.campaigns import (
    FIELD_BYTES,
    FRAMED_ONLY,
    HEAD_BYTES,
    ID_BYTES,
    JUDGED_BYTES,
    CampaignCodec,
    campaign_id_of,
    named_by,
    sieve_in,
    text_in,
)
from state.decisions import ATTEMPTS
from state.errors import StateUnavailable
from state.kinds import LEARNT
from state.pseudonyms import Pseudonyms
from state.requests import Text
from state.scripts import Shards, pack, unpack
from state.sentences import Sentences
from text.forms import may_be_form
from text.likeness import stands_beside
from text.slots import LEAST, Alike, Verdict, compare_signatures, may_be_alike, sieve_of

CANDIDATES = 16
"""Leaders that one text is compared with."""
LEADERS = 8
"""Leaders that a campaign gets in one generation."""
KNOWN_WELL = 0.8
"""A text more like a leader than this need not lead."""
DOUBTS = 3
"""Texts that one text is to be compared with letter by letter."""
PARTS = 2
"""Campaigns whose sentences a text may share, of those that share most."""
LEAST_SHARED = 40
"""Letters and spaces of these sentences."""
LEFT_OPEN = 0.75
"""Similarity of texts that signatures leave open, at most: they are not nearly the same."""
_AT_ONCE = 100
"""Texts of one part."""
_PAIRS_AT_ONCE = 2_000
"""Texts of one part that share bands, compared all at once; of more each when it is needed."""
Answer = Sequence[Any]
"""Of one text: (campaign id, similarity), the share of equal slots of shingles or of words, whichever is more, to the first
text of the campaign; "" for the id of a new text of somebody who brought too many. Where that is not decided yet: (head of the
campaign that the text joined, similarity, head of what that is part of, name in `seen`, campaigns that may be the same, [1 or
0, ...] whether each sentence is boilerplate, whether it stands beside unlike words). Of such a campaign: (head, similarity,
sealed author and text, or "" where it is certain, whether signatures say that it is the same, "" or, where it shares
sentences, letters of its first text (16 bits) and the number of each such sentence (8 bits)).
"""


class _Match(NamedTuple):
    """A leader that a text is a copy of, or may be. `clear`: signatures say that it is."""

    leader: bytes
    record: bytes
    share: float
    clear: bool

    @property
    def head(self) -> bytes:
        return self.record[:HEAD_BYTES]

    @property
    def campaign(self) -> int:
        """The number of its campaign."""
        return int(number_in(self.record))


class Joining:
    """Lets texts join campaigns or found them. `threshold`: share of equal slots of shingles from which long texts are copies,
    whatever their words; `texts_per_author` are remembered in one generation.
    """

    def __init__(
        self, shards: Shards, pseudonyms: Pseudonyms, codec: CampaignCodec, *, threshold: float, texts_per_author: int
    ) -> None:
        self._shards, self._pseudonyms, self._codec = shards, pseudonyms, codec
        self._threshold, self._most = threshold, texts_per_author

    async def join(self, texts: Sequence[Text]) -> tuple[list[Answer], int]:
        """The answers to the texts, parallel; and how often a sentence was not learnt because too much is boilerplate.

        Raises `StateUnavailable`.
        """
        answers: list[Answer] = []
        refused, undecided = 0, set[bytes]()
        for start in range(0, len(texts), _AT_ONCE):
            some = texts[start : start + _AT_ONCE]
            bands = bands_of_all([text.signature for text in some])
            part = await self._part(list(map(self._item, some, bands)), undecided)
            answers += part.answers
            refused += part.refused
            undecided = part.undecided
        return answers, refused

    def _item(self, text: Text, bands: Sequence[bytes]) -> Item:
        campaign = campaign_id_of(text)
        return Item(
            text,
            named_by(campaign, text),
            campaign,
            self._pseudonyms.member(text.author),
            [generation_of(number) for number in self._codec.generations(text.time)],
            [LEARNT.key(b"%d" % stretch) for stretch in self._codec.stretches(text.time)],
            sentences_of(self._pseudonyms, text),
            bands,
        )

    async def _part(self, items: Sequence[Item], undecided: set[bytes]) -> "_Part":
        compared = dict(_beside_one_another(items, self._threshold))
        for _ in range(ATTEMPTS):
            tables = Tables(self._shards, self._codec)
            await tables.look(items)
            part = _Part(tables, self._pseudonyms, self._codec, self._threshold, self._most, set(undecided), compared)
            part.ask_leaders(items)
            await tables.read_wanted()
            part.compare(items)
            await tables.read_wanted()
            for item in items:
                while not part.answer(item):
                    await tables.read_wanted()
            if await tables.write():
                return part
        raise StateUnavailable(
            "Contention", f"others added texts each of the {ATTEMPTS} times that some were to be added"
        )


_Compared = dict[tuple[bytes, bytes], Alike]
"""Signatures of a text and of an earlier one -> what was found."""


class _Part:
    """The texts of one part, in order."""

    def __init__(
        self,
        tables: Tables,
        pseudonyms: Pseudonyms,
        codec: CampaignCodec,
        threshold: float,
        most: int,
        undecided: set[bytes],
        compared: _Compared,
    ) -> None:
        self._tables, self._codec = tables, codec
        self._threshold, self._most, self._compared = threshold, most, compared
        self._unlike: set[tuple[bytes, bytes]] = set()
        """Signatures of texts, and records of leaders that are nothing like them."""
        self._last = tables.own.start - 1
        self.undecided = undecided
        """Numbers of campaigns that a text of the batch may make part of another."""
        self._sentences = Sentences(tables, pseudonyms)
        self.answers: list[Answer] = []

    @property
    def refused(self) -> int:
        """How often a sentence was not learnt because too much is boilerplate."""
        return self._sentences.refused

    # --- the answers -------------------------------------------------------------------------------------------------------

    def answer(self, item: Item) -> bool:
        """Answer a text, or ask for what that takes, and change nothing."""
        last, refused = self._last, self._sentences.refused
        answer, undecided = self._answer(item)
        if self._tables.is_wanting:
            self._tables.undo()
            self._last, self._sentences.refused = last, refused
            return False
        self._tables.keep()
        self.undecided |= undecided
        self.answers.append(answer)
        return True

    def _answer(self, item: Item) -> tuple[Answer, set[bytes]]:
        """The answer, and which campaigns are undecided by it."""
        before = self._tables.get(item.generations[0].seen, item.name)
        if before and len(before) <= JUDGED_BYTES:
            return (before[:ID_BYTES], before[ID_BYTES:]), set()
        if before:
            # workers of an earlier version did not write the last one
            head, alike, others, known, *framed = unpack(before)
            joined = _Joined(head, float(alike), True, [_Other(*other) for other in others], known, any(framed))
        elif (found := self._join_or_found(item)) is None:
            return (b"", b""), set()
        else:
            joined = found
        return self._asked(item, joined, is_new=not before)

    def _asked(self, item: Item, joined: "_Joined", *, is_new: bool) -> tuple[Answer, set[bytes]]:
        """The answer for a text that joined a campaign, if others may be the same. That waits for a decision, too, where one
        about an earlier text of the batch may concern it.
        """
        seen = item.generations[0].seen
        root, by_merging = self._root_of(joined.head, item.generations)
        share = b"%.4f" % min(joined.alike, by_merging)
        asked, undecided = [], set[bytes]()
        for other in joined.others:
            other_root, _ = self._root_of(other.head, item.generations)
            record = self._record(other.leader, item.generations) if other.in_doubt else b""
            text = b"" if other.shared else text_in(record)
            # without a text, because its author was forgotten meanwhile, signatures decide, as in `_matches`
            if other_root != root and (not other.in_doubt or other.shared or text or (record and other.clear)):
                asked.append((other_root, other.share, text, other.clear, other.shared))
                undecided.add(number_in(other_root))
        if not asked and number_in(root) not in self.undecided:
            if joined.remembered:
                self._tables.put(seen, item.name, root[:ID_BYTES] + share + FRAMED_ONLY * joined.framed)
            return (root[:ID_BYTES], share + FRAMED_ONLY * joined.framed), undecided
        if is_new and joined.remembered:
            self._tables.put(
                seen,
                item.name,
                pack((joined.head, b"%.4f" % joined.alike, joined.others, joined.known, int(joined.framed))),
            )
        undecided.add(number_in(root))
        name = item.name if joined.remembered else b""
        return (joined.head, share, root, name, asked, joined.known, joined.framed), undecided

    def _root_of(self, head: bytes, generations: Sequence[Generation]) -> tuple[bytes, float]:
        """The head of the campaign that a campaign has become part of by now, and how similar the texts are that made it so.

        What is followed is kept as long as the text that follows it, and followed in one step from then on.
        """
        merged = [generation.merged for generation in generations]
        root, alike, steps = head, 1.0, 0
        while older := self._tables.of_leader(merged, number_in(root)):
            root, alike, steps = older[:HEAD_BYTES], min(alike, float(older[HEAD_BYTES:])), steps + 1
        if steps > 1 or (steps == 1 and not self._tables.of_leader(merged[:1], number_in(head))):
            self._tables.put(merged[0], number_in(head), root + b"%.4f" % alike)
        return root, alike

    # --- joining -----------------------------------------------------------------------------------------------------------

    def _join_or_found(self, item: Item) -> "_Joined | None":
        """The campaign that a text joins or founds when it comes for the first time. None where it has no campaign."""
        tables, own = self._tables, item.generations[0]
        remembered = self._may_bring(own, item.author)
        is_new = not tables.get(own.digest, item.text.digest[:FIELD_BYTES])
        if is_new and not remembered:
            return None
        known, templated = self._sentences.boilerplate_in(item)
        templated = templated or item.text.quotes
        found, doubtful, close = self._matches(item, templated)
        if found:
            leader, head, alike = self._join(item, found)
        else:
            leader, alike = self._new_leader(), 1.0
            head = item.campaign + b"%010d" % int(leader)
            tables.lead(own, leader, head + self._codec.rest_of(item.text), item)
        if is_new:
            tables.put(own.digest, item.text.digest[:FIELD_BYTES], leader)
        others: list[_Other] = []
        if remembered:
            others = [_Other.of(one, 1.0, in_doubt=False) for one in found if one.head != head]
            others += [
                _Other.of(one, 1.0 if one.clear else LEFT_OPEN, in_doubt=True) for one in doubtful if one.head != head
            ]
            if not found:
                others += self._sharing(item, known)
            # what may be a copy but for boilerplate must not teach that its other sentences are that, too; and what most
            # likely is one is no other campaign's text
            if not (templated and doubtful and doubtful[0].share >= LEAST):
                self._sentences.learn(item, number_in(close.head if close else head))
        return _Joined(head, alike, remembered, others, known, self._is_framed(item, found))

    def _may_bring(self, generation: Generation, author: bytes) -> bool:
        """Whether one more text of the author is remembered in the generation."""
        brought = int(self._tables.get(generation.brought, author) or 0)
        if brought < self._most:
            self._tables.put(generation.brought, author, b"%d" % (brought + 1))
        return brought < self._most

    def _join(self, item: Item, found: Sequence[_Match]) -> tuple[bytes, bytes, float]:
        """The text joins the oldest campaign among the matches: its leader, head and similarity."""
        tables, own = self._tables, item.generations[0]
        best = min(found, key=lambda match: (match.campaign, -match.share))
        tables.lead(own, best.leader, best.record)
        first = b"%d" % best.campaign
        alike = best.share
        if founder := self._record(first, item.generations):
            tables.lead(own, first, best.head + founder[HEAD_BYTES:])
            if item.text.signature and (signature := self._codec.signature_in(founder)):
                alike = self._likeness(item.text.signature, signature).most
        leader, number = best.leader, number_in(best.head)
        if best.share < KNOWN_WELL and (size := int(tables.of_leader((own.size,), number) or 0)) < LEADERS:
            leader = self._new_leader()
            tables.lead(own, leader, best.head + self._codec.rest_of(item.text), item)
            tables.put(own.size, number, b"%d" % (size + 1))
        return leader, best.head, alike

    def _is_framed(self, item: Item, found: Sequence[_Match]) -> bool:
        """Whether the text has only that of the campaigns which stands above or below unlike words."""
        texts = [self._codec.words_in(match.record) for match in found if match.share < KNOWN_WELL]
        return 0 < len(texts) == len(found) and all(text and stands_beside(item.text.words, text) for text in texts)

    def _new_leader(self) -> bytes:
        self._last += 1
        return b"%d" % self._last

    def _record(self, leader: bytes, generations: Iterable[Generation]) -> bytes:
        return self._tables.of_leader([generation.leader for generation in generations], leader)

    # --- likeness ----------------------------------------------------------------------------------------------------------

    def ask_leaders(self, items: Iterable[Item]) -> None:
        """Ask for what the texts are to be compared with."""
        for item in self._new_ones(items):
            item.candidates = self._same(item) or _most(item.hits)
            if item.candidates:
                self._tables.want([generation.leader for generation in item.generations], item.candidates)
            if item.sentences:
                self._sharing(item, self._sentences.boilerplate_in(item)[0])

    def compare(self, items: Iterable[Item]) -> None:
        """Compare the texts with all that, at once, keep what is like them, and ask for what has to be known of that."""
        met: list[tuple[Item, bytes, bytes]] = []
        sieves: list[tuple[bytes, bytes]] = []
        for item in self._new_ones(items):
            leaders, candidates = [generation.leader for generation in item.generations], item.candidates
            records = self._tables.of_leaders(leaders, candidates)
            item.candidates, item.records = [], []
            if self._same(item):
                for record in filter(None, records):
                    self._ask_about(item, record)
            else:
                own = sieve_of(item.text.signature)
                for leader, record in zip(candidates, records, strict=True):
                    if sieve := sieve_in(record):
                        met.append((item, leader, record))
                        sieves.append((own, sieve))
        may_be = may_be_alike(sieves)
        left: list[tuple[Item, bytes, bytes]] = []
        for one, is_one in zip(met, may_be, strict=True):
            if is_one:
                left.append(one)
            else:
                self._unlike.add((one[0].text.signature, one[2]))
        self._codec.prepare(record for *_, record in left)
        signatures = [self._codec.signature_in(record) for *_, record in left]
        self._compare((item.text.signature, one) for (item, *_), one in zip(left, signatures, strict=True))
        for (item, leader, record), signature in zip(left, signatures, strict=True):
            if signature and self._compared[item.text.signature, signature].verdict is not None:
                item.candidates.append(leader)
                item.records.append(record)
                self._ask_about(item, record)

    def _ask_about(self, item: Item, record: bytes) -> None:
        """Ask for what has to be known of the campaign of a leader that a text is like."""
        number = number_in(record)
        self._root_of(record[:HEAD_BYTES], item.generations)
        self._record(b"%d" % int(number), item.generations)
        self._tables.of_leader((item.generations[0].size,), number)

    def _new_ones(self, items: Iterable[Item]) -> Iterator[Item]:
        return (item for item in items if not self._tables.get(item.generations[0].seen, item.name))

    def _same(self, item: Item) -> list[bytes]:
        """The leaders of the campaigns that have the very text."""
        digests = (
            self._tables.get(generation.digest, item.text.digest[:FIELD_BYTES]) for generation in item.generations
        )
        return [leader for leader in digests if leader]

    def _compare(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._compared and all(pair)]
        self._compared |= zip(new, compare_signatures(new, self._threshold), strict=True)

    def _likeness(self, left: bytes, right: bytes) -> Alike:
        if (left, right) not in self._compared:
            self._compare([(left, right)])
        return self._compared[left, right]

    def _matches(self, item: Item, templated: bool) -> tuple[list[_Match], list[_Match], _Match | None]:
        """The leaders that the text is a copy of, and those of which that is in doubt, the most similar ones of these; and the
        oldest campaign of the latter of which signatures say so.
        """
        same = ((leader, self._record(leader, item.generations)) for leader in self._same(item))
        found = [_Match(leader, record, 1.0, True) for leader, record in same if record]
        if found:
            return found, [], None
        doubtful: list[_Match] = []
        candidates, records = item.candidates, item.records
        if (hits := self._tables.sharing_bands(item)) is not item.hits:
            candidates = _most(hits)
            records = [self._record(leader, item.generations) for leader in candidates]
        for leader, record in zip(candidates, records, strict=True):
            if (item.text.signature, record) in self._unlike or not (signature := self._codec.signature_in(record)):
                continue
            alike = self._likeness(item.text.signature, signature)
            if alike.verdict is None:
                continue
            match = _Match(leader, record, alike.share, alike.verdict is not Verdict.DOUBT)
            if not (item.text.words and text_in(record)):
                found += [match] if match.clear else []
            elif alike.verdict is Verdict.CLEAR and not templated and not may_be_form(item.text.seen):
                found.append(match)
            else:
                doubtful.append(match)
        if not doubtful:
            return found, [], None
        doubtful.sort(key=lambda match: (-match.share, int(match.leader)))
        close = min((match for match in doubtful if match.clear), key=lambda match: match.campaign, default=None)
        return found, doubtful[:DOUBTS], close

    def _sharing(self, item: Item, known: Sequence[int]) -> "list[_Other]":
        """The campaigns whose sentences the text shares most of, that are nobody's boilerplate."""
        found = []
        shared = self._sentences.shared_with(item, known)
        for number in sorted(shared, key=lambda number: (-shared[number][0], number))[:PARTS]:
            length, sentences = shared[number]
            leader = b"%d" % int(number)
            record = self._record(leader, item.generations) if length >= LEAST_SHARED else b""
            if signature := self._codec.signature_in(record):
                found.append(_Other(leader, record[:HEAD_BYTES], b"0", True, False, signature[-2:] + sentences))
        return found


class _Joined(NamedTuple):
    """How a text joined or founded a campaign: its head, the similarity, whether that is remembered, what other campaigns may
    be the same, whether each sentence is boilerplate (1 or 0), and `state.requests.Campaign.framed`.
    """

    head: bytes
    alike: float
    remembered: bool
    others: "Sequence[_Other]"
    known: list[int]
    framed: bool


class _Other(NamedTuple):
    """A campaign that may be the same as a text's, by one of its leaders. `in_doubt`: somebody has to look at the texts;
    `clear`: signatures say that they are copies; `shared`: what sentences they share, as in `Answer`.
    """

    leader: bytes
    head: bytes
    share: bytes
    in_doubt: bool
    clear: bool
    shared: bytes = b""

    @classmethod
    def of(cls, match: _Match, at_most: float, *, in_doubt: bool) -> "_Other":
        """`at_most` counts as similarity."""
        return cls(match.leader, match.head, b"%.4f" % min(match.share, at_most), in_doubt, match.clear)


def _most(hits: dict[bytes, int]) -> list[bytes]:
    """The leaders that share most bands, so many at most; the older first where they share as many."""
    if len(hits) < 2:
        return list(hits)
    return sorted(sorted(hits, key=int), key=hits.__getitem__, reverse=True)[:CANDIDATES]


def _beside_one_another(items: Sequence[Item], threshold: float) -> Iterator[tuple[tuple[bytes, bytes], Alike]]:
    """Mark the texts that share a band with another one, and compare them with those that come before."""
    signed = [item for item in items if item.bands]
    hashes = np.frombuffer(b"".join([band for item in signed for band in item.bands]), np.uint32)
    bands = hashes.astype(np.uint64) * np.uint64(BANDS)
    bands += np.tile(np.arange(BANDS, dtype=np.uint64), len(signed))
    order = np.argsort(bands, kind="stable")
    ordered = bands[order]
    shared = np.flatnonzero(ordered[1:] == ordered[:-1])
    pairs: dict[tuple[bytes, bytes], None] = {}
    group: list[Item] = []
    end = -1  # of the texts that share the present band
    for at in shared.tolist():
        earlier, later = signed[order[at] // BANDS], signed[order[at + 1] // BANDS]
        group = [*group, earlier] if at == end else [earlier]
        end = at + 1
        earlier.beside = later.beside = True
        if len(pairs) < _PAIRS_AT_ONCE:
            pairs |= dict.fromkeys((later.text.signature, one.text.signature) for one in group)
    return zip(pairs, compare_signatures(list(pairs), threshold), strict=True)
