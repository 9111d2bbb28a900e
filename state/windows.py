"""Windows: how much of something there was in any stretch of time that contains an event, as pure functions over a history."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any

from msgpack import unpackb
from msgspec import Struct

from state.requests import Contribution, Contributor, WindowResult
from state.scripts import pack

NUMBER_BYTES, NAME_BYTES, KEPT_BYTES = 6, 8, 4
"""An entry begins with the number of its arrival, the name of its event, and the seconds for which it is kept."""
HEAD_BYTES = NUMBER_BYTES + NAME_BYTES
TAGS_AT = HEAD_BYTES + KEPT_BYTES + 1
"""Then come the number of its tags, and the tags: each names a window and one of the entry's lists of members."""
TAG_BYTES = 5
LIST, NO_LIST, TAKES_IN, PLAIN = 0x3F, 0x3F, 0x3E, 0x80
"""Of the byte after a tag: which list; that there is none; that it says which windows this one takes in; that the owner has
one such window only, whatever the event was about.
"""
SAMPLE, NAMED = 10, 101
NEIGHBOURS, MEMBERS_LOOKED_AT = 200, 3_000
"""An event that is late or comes again looks at so many entries on either side, and at about so many members in them, or as
many as its limit takes: beyond them its answer is a lower bound. That bounds the time that a crowded history takes.
"""


class Entry:
    """What one event has added to one history. `raw` is the entry as Redis has it, `number` that of its arrival.

    All that it tells depends on nothing but `raw`, so that one object may stand for it in several batches.
    """

    __slots__ = ("_beside", "_lists", "_rest", "_tags", "number", "raw", "time")

    def __init__(self, time: int, raw: bytes, number: int | None = None) -> None:
        self.time, self.raw = time, raw
        self.number = int.from_bytes(raw[:NUMBER_BYTES]) if number is None else number
        self._rest: list[Any] | None = None
        self._tags: dict[bytes, int] | None = None
        self._lists: dict[int, tuple[bytes, ...]] = {}
        self._beside: tuple[tuple[bytes, ...], tuple[tuple[tuple[bytes, ...], int], ...]] = ((), ())

    @property
    def name(self) -> bytes:
        """The event's, the same in all histories."""
        return self.raw[NUMBER_BYTES:HEAD_BYTES]

    @property
    def kept(self) -> int:
        """Microseconds for which a window may look back upon it."""
        return int.from_bytes(self.raw[HEAD_BYTES : HEAD_BYTES + KEPT_BYTES]) * 1_000_000

    @property
    def rest(self) -> list[Any]:
        """[sealed event id, hashed actor, lists of members, notes behind their tags, windows taken in]; at times without the
        last two.
        """
        if self._rest is None:
            self._rest = unpackb(self.raw[TAGS_AT + (TAG_BYTES + 1) * self.raw[TAGS_AT - 1] :], raw=True)
        return self._rest

    @property
    def tags(self) -> dict[bytes, int]:
        """Each tag and the byte after it."""
        tags = self._tags
        if tags is None:
            raw = self.raw
            ends = range(TAGS_AT + TAG_BYTES, TAGS_AT + (TAG_BYTES + 1) * raw[TAGS_AT - 1], TAG_BYTES + 1)
            tags = self._tags = {raw[end - TAG_BYTES : end]: raw[end] for end in ends}
        return tags

    def members(self, which: int) -> tuple[bytes, ...]:
        """One of the lists."""
        which &= LIST
        if which == NO_LIST:
            return ()
        members = self._lists.get(which)
        if members is None:
            members = self._lists[which] = members_of(self.rest[2][which])
        return members

    def beside(self, tags: tuple[bytes, ...]) -> tuple[tuple[tuple[bytes, ...], int], ...]:
        """The members that the event brought to the windows of these tags, and how many it had where some are remembered."""
        if self._beside[0] != tags:
            which = [self.tags.get(tag, NO_LIST) for tag in tags]
            self._beside = tags, tuple((self.members(one), self.brought(one)) for one in which)
        return self._beside[1]

    def brought(self, which: int) -> int:
        """How many members the event has where the list names some of them only, else 0."""
        which &= LIST
        if which == NO_LIST:
            return 0
        found = self.rest[2][which]
        return found[-1] if isinstance(found, list) and found and isinstance(found[-1], int) else 0


def without(entry: Entry, is_member: Callable[[bytes], bool]) -> bytes | None:
    """The entry as it would be had the event not been about a member; empty where nothing is left, None where it was not."""
    event_id, actor, lists, *more = entry.rest
    kept = [[one for one in members_of(packed) if not is_member(one)] for packed in lists]
    changed = [len(left) < len(members_of(packed)) for left, packed in zip(kept, lists, strict=True)]
    if not any(changed):
        return None
    tags = [
        (tag, which)
        for tag, which in entry.tags.items()
        if which & LIST >= len(lists) or kept[which & LIST] or not changed[which & LIST]
    ]
    if not tags:
        return b""
    names = {tag for tag, _ in tags}
    packed = [_repacked(one, left) if touched else one for one, left, touched in zip(lists, kept, changed, strict=True)]
    more[:1] = [
        [(left, note) for of, note in notes if (left := b"".join(tag for tag in tags_in(of) if tag in names))]
        for notes in more[:1]
    ]
    written = b"".join(tag + bytes((which,)) for tag, which in tags)
    return entry.raw[: TAGS_AT - 1] + bytes((len(tags),)) + written + pack([event_id, actor, packed, *more])


def _repacked(packed: Any, members: list[bytes]) -> Any:
    """A list of members with these ones instead."""
    if isinstance(packed, list) and packed and isinstance(packed[-1], int):
        return [_repacked(packed[0], members), packed[-1]]
    return b"".join(members) if isinstance(packed, bytes) else members


HASH_BYTES = 8


def tags_in(tags: bytes) -> list[bytes]:
    """Tags that stand one after the other."""
    return [tags[at : at + TAG_BYTES] for at in range(0, len(tags), TAG_BYTES)]


def members_of(packed: Any) -> tuple[bytes, ...]:
    """A list of members: hashes one after the other, or sealed ones; of a longer list some of them and its length."""
    if isinstance(packed, list) and packed and isinstance(packed[-1], int):
        packed = packed[0]
    if isinstance(packed, bytes):
        if len(packed) == HASH_BYTES:
            return (packed,)
        return tuple([packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)])
    return tuple(packed)


class Item(Struct, frozen=True, eq=False):
    """An entry as one window sees it."""

    time: int
    number: int
    entry: Entry
    which: int
    tag: bytes


class _Slide:
    """The distinct members of a stretch that moves forward."""

    def __init__(self) -> None:
        self.start = self.end = 0
        self.counts: dict[bytes, int] = {}


class Track:
    """The entries of a history that one window counts, oldest first; those of one time in the order in which they came."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self.items: list[Item] = list(items)
        self._members: int | None = None
        self._times: list[int] | None = None
        self._numbers: list[int] = []
        self._about: dict[bytes, list[Item]] | None = None
        self._tracks_about: dict[bytes, Track] = {}
        self._slides: dict[int, _Slide] = {}
        self._highest: list[int] | None = None
        self._lowest_after: list[int] = []

    @property
    def distinct(self) -> int:
        """How many distinct members all of them have."""
        if self._members is None:
            self._members = len({member for item in self.items for member in item.entry.members(item.which)})
        return self._members

    def about(self, member: bytes) -> "Track":
        """Those that have this member in their list."""
        if self._about is None:
            self._about = {}
            for item in self.items:
                for one in item.entry.members(item.which):
                    self._about.setdefault(one, []).append(item)
        track = self._tracks_about.get(member)
        if track is None:
            track = self._tracks_about[member] = Track(self._about.get(member, ()))
        return track

    def _prepared(self) -> list[int]:
        """The times of the items, which are in their order from now on."""
        if self._times is None:
            times = [item.time for item in self.items]
            self._numbers = [item.number for item in self.items]
            if self._numbers != sorted(self._numbers) or times != sorted(times):
                self.items.sort(key=lambda item: (item.time, item.number))
                times = [item.time for item in self.items]
                self._numbers = [item.number for item in self.items]
                self._highest = list(accumulate(self._numbers, max))
                self._lowest_after = list(accumulate(reversed(self._numbers), min))[::-1]
            self._times = times
        return self._times

    def fullest(self, time: int, own: int, length: int, most: int, *, distinct: bool) -> tuple[int, Sequence[Item]]:
        """The fullest stretch of `length` that contains `time`, of what came no later than the number `own`: how much it
        counts, and what stands in it. Where much stands around the time, `most` is what is looked for.
        """
        times, numbers, highest = self._prepared(), self._numbers, self._highest
        if highest is None:
            # all came in the order of time
            at = bisect_right(numbers, own)
            in_order = at == 0 or times[at - 1] <= time
        else:
            at = bisect_right(times, time)
            while at and times[at - 1] == time and numbers[at - 1] > own:
                at -= 1
            in_order = (at == len(times) or self._lowest_after[at] > own) and (at == 0 or highest[at - 1] <= own)
        if in_order:
            # nothing that came before is younger
            start = bisect_right(times, time - length, 0, at)
            return (self._distinct(start, at, length) if distinct else at - start), self.items[start:at]
        return self._around(time, own, length, bisect_right(times, time), most, distinct=distinct)

    def _distinct(self, start: int, end: int, length: int) -> int:
        slide = self._slides.get(length)
        if slide is None or slide.end > end or slide.start > start:
            slide = self._slides[length] = _Slide()
            slide.start = slide.end = start
        counts, items = slide.counts, self.items
        for item in items[slide.end : end]:
            for member in item.entry.members(item.which):
                counts[member] = counts.get(member, 0) + 1
        for item in items[slide.start : start]:
            for member in item.entry.members(item.which):
                if counts[member] == 1:
                    del counts[member]
                else:
                    counts[member] -= 1
        slide.start, slide.end = start, end
        return len(counts)

    def _around(
        self, time: int, own: int, length: int, at: int, most: int, *, distinct: bool
    ) -> tuple[int, Sequence[Item]]:
        most_entries, most_members = max(NEIGHBOURS, most), max(MEMBERS_LOOKED_AT, 2 * most)

        def near(nearest_first: Sequence[Item], is_near: Callable[[int], bool]) -> list[Item]:
            kept: list[Item] = []
            members = 0
            for item in nearest_first:
                if not is_near(item.time):
                    break
                if item.number <= own:
                    members += len(item.entry.members(item.which)) if distinct else 0
                    if members > most_members and kept:
                        break
                    kept.append(item)
            return kept

        before = near(self.items[max(0, at - most_entries) : at][::-1], lambda moment: moment > time - length)[::-1]
        after = near(self.items[at : at + most_entries], lambda moment: moment < time + length)
        items = before + after
        best, first, last = -1, 0, -1
        counts: dict[bytes, int] = {}
        count = oldest = 0

        def consider(n: int, finish: int) -> None:
            nonlocal best, first, last, oldest, count
            while oldest <= n and items[oldest].time <= finish - length:
                if distinct:
                    for member in items[oldest].entry.members(items[oldest].which):
                        counts[member] -= 1
                        count -= counts[member] == 0
                else:
                    count -= 1
                oldest += 1
            if count > best:
                best, first, last = count, oldest, n

        def include(n: int) -> None:
            nonlocal count
            if distinct:
                for member in items[n].entry.members(items[n].which):
                    counts[member] = counts.get(member, 0) + 1
                    count += counts[member] == 1
            else:
                count += 1

        for n in range(len(before)):
            include(n)
        consider(len(before) - 1, time)
        for n in range(len(before), len(items)):
            include(n)
            if n + 1 == len(items) or items[n + 1].time != items[n].time:
                consider(n, items[n].time)
        return best, items[first : last + 1]


class _Doing:
    """What one actor did, in the making."""

    __slots__ = ("brought", "events", "first", "least")

    def __init__(self, first: Item, windows: int) -> None:
        self.first = first
        self.events = 0
        self.brought: list[set[bytes]] = [set() for _ in range(windows)]
        self.least = [0] * windows


def contributors(
    items: Sequence[Item],
    tags: tuple[bytes, ...],
    *,
    note: Callable[[Item], str],
    unsealed: Callable[[bytes], str],
) -> tuple[Contributor, ...]:
    """Who did what stands in a stretch of a window that names actors, and what each brought to the windows of these tags."""
    found: dict[bytes, _Doing] = {}
    for item in items:
        for actor in item.entry.members(item.which):
            doing = found.get(actor)
            if doing is None:
                doing = found[actor] = _Doing(item, len(tags))
            brings = False
            for at, (members, had) in enumerate(item.entry.beside(tags)):
                if members:
                    brings = True
                    doing.brought[at].update(members)
                    doing.least[at] = max(doing.least[at], had)
            doing.events += brings
    return tuple(
        Contributor(
            member=unsealed(sealed),
            name=doing.first.entry.rest[1],
            time=doing.first.time,
            note=note(doing.first),
            events=doing.events,
            brought=tuple(map(frozenset, doing.brought)),
            least=tuple(doing.least),
        )
        for sealed, doing in found.items()
    )


def reading(
    count: int,
    items: Sequence[Item],
    sample_from: int,
    most: int,
    *,
    distinct: bool,
    named: bool,
    shown: Callable[[Item], Contribution],
    unsealed: Callable[[bytes], str],
) -> WindowResult:
    """What is told of a stretch. Of one event at most `most` members are remembered (0: all), and how many it has: who counts
    them knows that there are so many at least.
    """
    at_least = False
    if distinct and most and count >= most:
        # where only some are remembered, these alone take so many bytes
        long = [item for item in items if len(item.entry.raw) >= most * HASH_BYTES]
        brought = max((item.entry.brought(item.which) for item in long), default=0)
        at_least = brought > 0 and len(items) > 1
        count = max(count, brought)
    if count < sample_from:
        return WindowResult(count, at_least=at_least)
    members: dict[bytes, None] = {}
    if named:
        for item in reversed(items):
            for member in item.entry.members(item.which):
                if len(members) < NAMED:
                    members[member] = None
    first = tuple(map(shown, items[:SAMPLE]))
    return WindowResult(
        count,
        len(items),
        first,
        first if len(items) <= SAMPLE else tuple(map(shown, items[-SAMPLE:])),
        # members of one moment stand in the order of their seals, which another key would change
        tuple(sorted(map(unsealed, members))),
        at_least,
    )
