"""Who wrote the texts of a campaign, who got them, and who only showed them to whom: by that a quotation is known.

Nothing is kept of the texts here: which campaign words belong to the index of texts tells.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from msgspec import Struct

from state.campaigns import CampaignCodec, has_founded, name_in_store
from state.decisions import View, decide
from state.kinds import SHOWN, SOURCE, Kind
from state.pseudonyms import Pseudonyms
from state.requests import Campaign, Text
from state.scripts import Shards, pieces

SHOWN_ONLY, HELD_OUT = 1, 2
"""What became of a text that claims to show something: it only shows it; or it shows the author's own words, which others have
written since.
"""
MOST_AT_ONCE = 200
"""Readers of one text who are remembered; of one that has more, everybody may have got it."""
AUTHORS, SHOWINGS, READERS = 100, 60, 500
"""Of one campaign, that are remembered; of more readers only that they are many."""
_CAMPAIGN_BYTES, _TAG_BYTES = 8, 4
_EVERYBODY, _CLAIMED_ONLY, _NOBODY = b"*", b"?", bytes(_TAG_BYTES)
_HEAD_BYTES = 3
_NOTHING = b"-\0\0"
_WORK = 60
"""Of one event, as much as passing over so many members (`state.scripts.WORK`)."""
Tag = Callable[[str], bytes]


class Written(Struct, frozen=True):
    """What one event adds to what is known of a campaign, and which were merged into that through it. `authors` wrote a text
    of it, `readers` got it, `showings` are (who only showed it, to whom): members, and names of places. Of what a text claims
    to show `claimed` is the text and `shows` what became of it: `SHOWN_ONLY` or `HELD_OUT`, or 0 for neither; `remark` is what
    its author says to it.
    """

    time: int
    campaign_id: str
    merged_in: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    showings: tuple[tuple[str, str], ...] = ()
    claimed: Text | None = None
    shows: int = 0
    remark: str | None = None


class Source:
    """What is known of a campaign's texts. `tag` hides members and places as the store does."""

    def __init__(self, tag: Tag) -> None:
        self._tag = tag
        # in the order in which they came
        self._authors: dict[bytes, None] = {}
        self._showings: dict[bytes, None] = {}
        self._readers: dict[bytes, None] = {}
        self._everybody = self._written_bare = False

    @property
    def is_known(self) -> bool:
        """Whether somebody is known to have written one."""
        return bool(self._authors)

    def wrote(self, member: str) -> bool:
        """Whether the member wrote one of them."""
        return self._tag(member) in self._authors

    def wrote_others(self, member: str) -> bool:
        """Whether anybody but the member wrote one of them."""
        return len(self._authors) > self.wrote(member)

    def got(self, *readers: str) -> bool:
        """Whether one of these members or places got one of them."""
        return self._everybody or any(self._tag(one) in self._readers for one in readers)

    def is_only_claimed_with(self, remark: str) -> bool:
        """Whether all who wrote one claim to show it, one of them with this very remark."""
        return not (self._written_bare or self._everybody) and self._tag(_remark(remark)) in self._readers

    def shown_to(self, member: str | None = None) -> tuple[set[bytes], bool]:
        """Tags of whom the member, or anybody, has shown one, and whether there may be more."""
        own = self._tag(member) if member is not None else b""
        to = {pair[_TAG_BYTES:] for pair in self._showings if pair.startswith(own)}
        return to, len(self._showings) >= SHOWINGS

    def tags(self, names: Iterable[str]) -> set[bytes]:
        """Their tags, to be compared with those of `shown_to`."""
        return {self._tag(name) for name in names}

    def add(self, written: Written) -> None:
        """Add what an event adds."""
        many = len(written.readers) > MOST_AT_ONCE
        remark = () if written.remark is None else (_remark(written.remark),)
        readers = () if many else map(self._tag, (*written.readers, *remark))
        self._written_bare |= bool(written.authors) and written.remark is None
        showings = (self._tag(who) + self._tag(to) for who, to in written.showings)
        self._join(map(self._tag, written.authors), showings, readers, everybody=many)

    def merge(self, other: "Source") -> None:
        """Add what is known of a campaign that was merged into this one."""
        self._written_bare |= other._written_bare
        self._join(other._authors, other._showings, other._readers, everybody=other._everybody)

    def read(self, value: bytes) -> "Source":
        """With a value that `source:` has of it: a flag, `*` where everybody may have got it, `?` where all its authors claim
        to show it, else `-`; the number of authors and of showings (a byte each); tags of the authors, of each showing those
        of who showed it and to whom, and tags of the readers and remarks, each once, in the order in which they came.
        """
        self._written_bare |= value[1] > 0 and value[:1] != _CLAIMED_ONLY
        authors = _HEAD_BYTES + _TAG_BYTES * value[1]
        showings = authors + 2 * _TAG_BYTES * value[2]
        self._join(
            _cut(value[_HEAD_BYTES:authors]),
            _cut(value[authors:showings], 2 * _TAG_BYTES),
            _cut(value[showings:]),
            everybody=value[:1] == _EVERYBODY,
        )
        return self

    def packed(self) -> bytes:
        """As the store keeps it."""
        flag = _EVERYBODY if self._everybody else _CLAIMED_ONLY if self._authors and not self._written_bare else b"-"
        head = flag + bytes((len(self._authors), len(self._showings)))
        return b"".join((head, *self._authors, *self._showings, *self._readers))

    def without(self, member: str) -> "Source":
        """As if the member had got and shown none, and nobody knew who wrote what the member has written."""
        own, left = self._tag(member), Source(self._tag)
        left._written_bare = self._written_bare
        left._join(
            (_NOBODY if tag == own else tag for tag in self._authors),
            (pair for pair in self._showings if own not in _cut(pair)),
            (tag for tag in self._readers if tag != own),
            everybody=self._everybody,
        )
        return left

    def _join(
        self, authors: Iterable[bytes], showings: Iterable[bytes], readers: Iterable[bytes], *, everybody: bool
    ) -> None:
        _add(self._authors, authors, AUTHORS)
        _add(self._showings, showings, SHOWINGS)
        self._everybody |= _add(self._readers, readers, READERS) or everybody
        if self._everybody:
            self._readers.clear()


class Sources:
    """What is known of campaigns' texts, and what became of texts when they came before."""

    def __init__(
        self, tag: Tag, outcomes: Iterable[tuple[Text, bytes]] = (), known: Iterable[tuple[bytes, Iterable[bytes]]] = ()
    ) -> None:
        self._tag = tag
        self._outcomes = {name_in_store(text): int(outcome) for text, outcome in outcomes if outcome}
        self._known: dict[bytes, Source] = {}
        for campaign, values in known:
            source = self._known.setdefault(campaign, Source(tag))
            for value in values:
                source.read(value)

    def of(self, campaign_id: str) -> Source:
        """What is known of a campaign's texts."""
        name = _name(campaign_id)
        if name not in self._known:
            self._known[name] = Source(self._tag)
        return self._known[name]

    def outcome(self, claimed: Text) -> int | None:
        """What became of a text when its event came before (`Written.shows`); None where it did not."""
        return self._outcomes.get(name_in_store(claimed))

    def add(self, written: Written) -> None:
        """Add what an event adds, for those after it."""
        source = self.of(written.campaign_id)
        for other in written.merged_in:
            source.merge(self.of(other))
        source.add(written)
        if written.claimed:
            self._outcomes[name_in_store(written.claimed)] = written.shows


class SourceCodec:
    """Hides campaigns, members and places. `ttl`: seconds for which it is kept who wrote what."""

    def __init__(self, pseudonyms: Pseudonyms, campaigns: CampaignCodec, ttl: int) -> None:
        self._tag = partial(_tag, pseudonyms)
        self._campaigns, self._ttl = campaigns, ttl

    async def recall(
        self, shards: Shards, texts: Sequence[Text], answers: Iterable[tuple[Campaign | None, Iterable[str]]]
    ) -> Sources:
        """What is known of the campaigns of texts that claim to show something or send on what others wrote, and became of
        these before. `answers` are parallel: the campaign of each text, and the ids of those that became part of it. Raises
        `StateUnavailable`.
        """
        shown: list[tuple[Text, tuple[bytes, bytes]]] = []
        places: dict[bytes, dict[tuple[bytes, bytes], None]] = {}
        for text, (campaign, merged) in zip(texts, answers, strict=True):
            ids = [*merged]
            if text.claimed or (text.to_one and campaign and not has_founded(text, campaign)):
                shown.append((text, (self._key(SHOWN, self._campaigns.generations(text.time)[0]), name_in_store(text))))
                ids += [campaign.campaign_id] if campaign else []
            for campaign_id in ids:
                places.setdefault(_name(campaign_id), {}).update(dict.fromkeys(self._places(text.time, campaign_id)))
        if not shown:
            return Sources(self._tag)
        view = View(shards, 0)
        await view.read(fields=[*(place for _, place in shown), *(place for some in places.values() for place in some)])
        known = {name: [value for place in some if (value := view.get(*place))] for name, some in places.items()}
        return Sources(self._tag, [(text, view.get(*place)) for text, place in shown], known.items())

    async def remember(self, shards: Shards, written: Sequence[Written]) -> None:
        """Add what events add, in order. Raises `StateUnavailable`."""
        for piece in pieces(written, range(len(written)), [_WORK + len(one.readers) for one in written]):
            await decide(shards, 0, partial(self._put, piece))

    async def _put(self, written: Sequence[Written], view: View) -> None:
        places = [[self._places(one.time, name) for name in (one.campaign_id, *one.merged_in)] for one in written]
        await view.read(fields=[place for some in places for each in some for place in each])
        for one, [[own, *_], *merged] in zip(written, places, strict=True):
            before = view.get(*own)
            source = Source(self._tag).read(before or _NOTHING)
            for values in merged:
                for place in values:
                    source.merge(Source(self._tag).read(view.get(*place) or _NOTHING))
            source.add(one)
            if (value := source.packed()) != before:
                view.set_field(own[0], self._ttl, own[1], value)
            if one.claimed:
                shown = self._key(SHOWN, self._campaigns.generations(one.time)[0])
                view.set_field(shown, self._ttl, name_in_store(one.claimed), b"%d" % one.shows)

    def _places(self, time: int, campaign_id: str) -> list[tuple[bytes, bytes]]:
        """Where it is kept who wrote a campaign's texts: of each generation of an event, its own first."""
        name = _name(campaign_id)
        return [(self._key(SOURCE, generation), name) for generation in self._campaigns.generations(time)]

    def _key(self, kind: Kind, generation: int) -> bytes:
        return self._campaigns.scope.encode() + kind.key(b"%d" % generation)


def source_without(pseudonyms: Pseudonyms, value: bytes, member: str) -> bytes:
    """A value of `source:` without the member: as if it had got and shown no text of the campaign, and nobody knew who wrote
    what it has written.
    """
    return Source(partial(_tag, pseudonyms)).read(value).without(member).packed()


def _tag(pseudonyms: Pseudonyms, member: str) -> bytes:
    return pseudonyms.member(member)[:_TAG_BYTES]


def _remark(words: str) -> str:
    """What a remark is called among readers. No member or place is called so."""
    return f"remark\n{words}"


def _name(campaign_id: str) -> bytes:
    return bytes.fromhex(campaign_id.replace("-", "")[: 2 * _CAMPAIGN_BYTES])


def _cut(joined: bytes, width: int = _TAG_BYTES) -> Iterable[bytes]:
    return [joined[at : at + width] for at in range(0, len(joined), width)]


def _add(to: dict[bytes, None], tags: Iterable[bytes], most: int) -> bool:
    """Add those that are new, at most so many in all; whether any were left out."""
    for tag in tags:
        if tag not in to:
            if len(to) >= most:
                return True
            to[tag] = None
    return False
