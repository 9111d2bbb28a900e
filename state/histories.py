"""Histories: what happened, once for each whom it is about; and the windows that rules read, derived when they are asked for.

A batch takes one script call a shard (or a few, where there is much): it appends the batch's entries and tells what stood in
the histories before. Which of that a window counts is decided here (state/windows.py).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from heapq import nsmallest
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from state import kinds
from state.pseudonyms import EVENT_NAME_BYTES, Pseudonyms
from state.requests import (
    MEMBERS,
    MICROSECONDS,
    Contribution,
    EventName,
    StoredWindow,
    WindowQuery,
    WindowResult,
    WindowUpdate,
)
from state.scripts import Call, Command, Script, Shards, all_of, pack, pieces, shard_of
from state.windows import (
    HASH_BYTES,
    HEAD_BYTES,
    KEPT_BYTES,
    LIST,
    NAMED,
    NO_LIST,
    NUMBER_BYTES,
    PLAIN,
    TAG_BYTES,
    TAGS_AT,
    TAKES_IN,
    Entry,
    Item,
    Track,
    contributors,
    reading,
    tags_in,
)

HISTORY = Script("history")
_ACTS, _HISTORY = kinds.ACTS.key(b""), kinds.HISTORY.key(b"")
_CACHED_IDS, _CACHED_TAGS = 20_000, 1_000
_CACHED_ENTRIES, _LONGEST_CACHED = 3_000, 400
"""So many entries of so few bytes are unpacked once for some batches: who does much is looked at again and again."""
_ENTRY_BYTES = 60
"""What an entry takes besides what is in it: measured on a 64-bit Redis, rounded up."""
_WORK_OF_HISTORY, _WORK_OF_ENTRY = 20, 10
_MOST_TAGS = 120
_BYTE = tuple(bytes((number,)) for number in range(256))
_NO_TAGS = set[bytes]()
_ANY_NUMBER = 1 << 62
"""More than there are of anything."""
_MERGES = 16
"""Windows that take in others are followed so far."""
SPARED = 500
"""So many of the latest entries of a window that counts all that a member does stay where a history is full."""


class HistoryLimits(Struct, frozen=True, kw_only=True):
    """How much is kept, and for how long besides what windows look back upon; times in seconds. `entries` and `size` (bytes)
    are of one history; an actor's events add at most `bytes_per_actor` to others' histories in a `period`.
    """

    lateness: int
    grace: int
    number_ttl: int
    added_ttl: int
    entries: int
    size: int
    bytes_per_actor: int
    period: int


class _Addition:
    """What one event adds to one history; `merging`: which windows take in others, in an entry by itself."""

    __slots__ = ("at", "budget", "event", "merging", "name", "rest", "updates")

    def __init__(self, at: int, event: EventName, name: bytes, *, merging: bool) -> None:
        self.at, self.event, self.name, self.merging = at, event, name, merging
        self.updates: list[tuple[WindowUpdate, bytes, int]] = []
        """With the tags of their windows, and whether these are plain."""
        self.rest = b""
        self.budget = 0


class _History:
    """One history that a batch is about: what it adds, and what is asked of it."""

    __slots__ = (
        "additions",
        "alone",
        "asked",
        "entries",
        "joined",
        "key",
        "later",
        "own",
        "refused",
        "shard",
        "tracks",
        "ttl",
        "work",
    )

    def __init__(self, key: bytes, shard: int) -> None:
        self.key, self.shard = key, shard
        self.work = _WORK_OF_HISTORY
        self.later = True
        """Nobody asks it anything before something else is answered."""
        self.additions: list[_Addition] = []
        self.ttl = 0
        self.alone = 0
        """The event of the batch that is the first and only one in the history; 0 where there is none."""
        self.entries: list[Entry] = []
        self.own: dict[int, int] = {}
        """Numbers of the entries of the batch's events."""
        self.refused: dict[int, Entry] = {}
        """Entries that their actors may not add."""
        self.asked = _NO_TAGS
        """The windows that somebody may read."""
        self.tracks: dict[bytes, Track] = {}
        self.joined: Sequence[Entry] = ()
        """Entries that say which windows have taken in others."""

    def track(self, tag: bytes) -> Track:
        """What one of the windows that are `asked` counts. It is made when somebody reads it: most never are."""
        found = self.tracks.get(tag)
        if found is None:
            found = self.tracks[tag] = Track(
                [
                    Item(entry.time, entry.number, entry, which & LIST, tag)
                    for entry in self.entries
                    if (which := entry.tags.get(tag)) is not None and which & LIST != TAKES_IN
                ]
            )
        return found


class Histories:
    """Appends to histories and reads them. One object serves any number of batches, one at a time or at once."""

    def __init__(self, shards: Shards, pseudonyms: Pseudonyms, limits: HistoryLimits) -> None:
        self.shards, self.pseudonyms, self.limits = shards, pseudonyms, limits
        self._unsealed = lru_cache(_CACHED_IDS)(pseudonyms.unseal)
        self._known_entry = lru_cache(_CACHED_ENTRIES)(Entry)
        # of tags only those that have no member's words in them
        self.plain_tag = lru_cache(_CACHED_TAGS)(self._tag_of)
        self._surplus: dict[int, dict[bytes, list[bytes]]] = {}
        """Entries to be dropped with the next call: what nobody looks back upon any more, and what is too much."""

    async def measure(self, updates: Sequence[WindowUpdate], cut: Counter[str]) -> "Measured":
        """As `Store.measure`."""
        measured = Measured(self, updates)
        await measured.append()
        cut["members"] += measured.cut_members
        cut["actor"] += sum(len(history.refused) for history in measured.histories.values())
        await measured.prepare()
        return measured

    # --- names -----------------------------------------------------------------------------------------------------------

    def tag(self, window: StoredWindow, key: tuple[str, ...]) -> bytes:
        """What names the window and key in a history."""
        inner = key[1:] if window.history in MEMBERS and not window.pairs else ()
        return self._tag_of(window.name, inner) if inner else self.plain_tag(window.name)

    def _tag_of(self, name: tuple[str, ...], inner: tuple[str, ...] = ()) -> bytes:
        return self.pseudonyms.key("window", *name, "", *inner)[:TAG_BYTES]

    def name_of(self, one: WindowUpdate) -> bytes:
        """What tells the update's event from others in a history; what it takes in has a name of its own."""
        identity = one.event.identity
        if one.merges:
            identity = "\n".join([identity, *("\t".join(key) for key in (one.key, *one.merges))])
        return self.pseudonyms.event(identity)[:EVENT_NAME_BYTES]

    def place(self, window: StoredWindow, key: tuple[str, ...]) -> tuple[bytes, int]:
        """Name and shard of the history in which the entries of `key` stand."""
        if window.history in MEMBERS:
            member = self.pseudonyms.member(key[0])
            return b"%s:%s" % (window.history.encode(), member), shard_of(member, len(self.shards))
        name = self.pseudonyms.key("history", window.history, *key)
        return _HISTORY + name, 0 if window.together else shard_of(name, len(self.shards))

    # --- entries ---------------------------------------------------------------------------------------------------------

    def rest_of(self, addition: _Addition, *, own: bool) -> tuple[bytes, int, int]:
        """What follows the name in an entry; the seconds that it is kept; how many windows got some of the members only."""
        lists: dict[tuple[Any, ...], int] = {}
        tags: list[bytes] = []
        packed: list[Any] = []
        notes: dict[str, bytes] = {}
        joined = []
        kept = cut = 0
        for one, tag, plain in addition.updates:
            window = one.window
            if window.retained > kept:
                kept = window.retained
            if one.merges:
                for other in one.merges:
                    target = self.tag(window, other) if window.history in MEMBERS else self.place(window, other)[0]
                    joined.append((tag, target))
                tags.append(tag + _BYTE[TAKES_IN | plain])
            if not one.recorded:
                continue
            which = NO_LIST
            if one.members or window.distinct:
                alike = one.members, window.named, window.most
                found = lists.get(alike)
                if found is None:
                    members, some = self._list(one.members, window)
                    # windows with other limits mostly have the same members
                    found = lists[alike] = packed.index(members) if members in packed else len(packed)
                    packed += [members] if found == len(packed) else []
                    cut += some
                which = found
            tags.append(tag + _BYTE[which | plain])
            if one.note:
                notes[one.note] = notes.get(one.note, b"") + tag
        tags = tags[:_MOST_TAGS]
        actor = b"" if own or addition.merging else self.pseudonyms.member(addition.event.actor)
        event_id = b"" if addition.merging else self.pseudonyms.seal(addition.event.event_id)
        content: list[Any] = [event_id, actor, packed]
        if notes or joined:
            content.append([(of, self.pseudonyms.seal(note)) for note, of in notes.items()])
        if joined:
            content.append(joined)
        seconds = -(-kept // MICROSECONDS)
        return seconds.to_bytes(KEPT_BYTES) + bytes((len(tags),)) + b"".join(tags) + pack(content), seconds, cut

    def _list(self, members: tuple[str, ...], window: StoredWindow) -> tuple[Any, bool]:
        if len(members) == 1:
            return ([self.pseudonyms.seal(members[0])] if window.named else self.pseudonyms.member(members[0])), False
        distinct: Iterable[str] = set(members)
        brought = len(distinct)  # type: ignore[arg-type]
        if some := 0 < window.most < brought:
            # the same ones whenever the same members come, and under whatever key
            distinct = nsmallest(window.most, distinct)
        hidden: Any
        if window.named:
            hidden = [self.pseudonyms.seal(member) for member in sorted(distinct)]
        else:
            hidden = b"".join([self.pseudonyms.member(member) for member in sorted(distinct)])
        return ([hidden, brought] if some else hidden), some

    def shown(self, item: Item) -> Contribution:
        """One event of a sample."""
        return Contribution(item.time, self._unsealed(item.entry.rest[0]), self.note(item))

    def note(self, item: Item) -> str:
        """What an event noted in a window."""
        rest = item.entry.rest
        note = next((sealed for of, sealed in rest[3] if item.tag in tags_in(of)), b"") if len(rest) > 3 else b""
        return self._unsealed(note) if note else ""

    def unsealed(self, sealed: bytes) -> str:
        """A named member."""
        return self._unsealed(sealed)

    def entry(self, time: int, raw: bytes) -> Entry:
        """An entry as it stood in Redis."""
        return self._known_entry(time, raw) if len(raw) <= _LONGEST_CACHED else Entry(time, raw)

    # --- calls -----------------------------------------------------------------------------------------------------------

    async def call(
        self, shard: int, numbers: int, days: list[tuple[int, list[bytes]]], histories: list[tuple[Any, ...]]
    ) -> tuple[int, list[Any]]:
        """The answer of `history.lua`. Drops before it what was found to be too much."""
        limits = self.limits
        dropped = [Command("ZREM", (key,), tuple(some)) for key, some in self._surplus.pop(shard, {}).items()]
        request = (numbers, limits.number_ttl, limits.bytes_per_actor, limits.added_ttl, days, histories)
        [*_, answer] = (await self.shards.run({shard: [*dropped, Call(HISTORY, request)]}))[shard]
        first, answers = answer
        return first, answers

    def note_surplus(self, history: _History) -> None:
        """Remember what the history has too much of."""
        if found := surplus(history.entries, self.limits):
            self._surplus.setdefault(history.shard, {})[history.key] = found


class Measured:
    """The histories of one batch, and by position the results of each update's queries: they are derived when they are read,
    for most never are.
    """

    def __init__(self, keeper: Histories, updates: Sequence[WindowUpdate]) -> None:
        self._keeper, self._updates = keeper, updates
        self._results: dict[int, list[WindowResult]] = {}
        self._least: dict[int, int] = {}
        """From how many on queries take samples, by the id of their tuple."""
        self._without: set[int] = set()
        """Of updates that do not stand alone those that have no evidence."""
        self.histories: dict[bytes, _History]
        self.cut_members = 0
        self._places: list[tuple[_History, int, bytes]] = []
        """The history of each update, the number within the batch of its event, from 1 on, and the tag of its window."""
        self._before: dict[int, int] = {}
        """The number before those of the batch, by shard."""
        self._own: dict[tuple[int, int], int] = {}
        self._gather()

    def _gather(self) -> None:
        # most of what a batch has is asked again and again: one pass, and no call for what is known already
        keeper = self._keeper
        found: dict[tuple[str, str | tuple[str, ...]], _History] = {}
        windows: dict[int, tuple[bool, bytes]] = {}
        places = self._places
        at, event, name = 0, None, b""
        for one in self._updates:
            window, key = one.window, one.key
            if one.event is not event:
                at, event, name = at + 1, one.event, b""
            known = windows.get(id(window))
            if known is None:
                known = windows[id(window)] = window.history in MEMBERS, keeper.plain_tag(window.name)
            is_members, tag = known
            plain = PLAIN
            place = (window.history, key[0] if is_members else key)
            history = found.get(place)
            if history is None:
                history = found[place] = _History(*keeper.place(window, key))
            if one.after is None:
                history.later = False
            if is_members and len(key) > 1 and not window.pairs:
                plain, tag = 0, keeper.tag(window, key)
            places.append((history, at, tag))
            merging = one.merges != ()
            if not one.recorded and not merging:
                continue
            additions = history.additions
            # of one event there are two at most: what it adds, and which windows it makes take in others
            addition = additions[-1] if additions else None
            if addition and addition.merging != merging and len(additions) > 1:
                addition = additions[-2]
            if not addition or addition.at != at or addition.merging != merging:
                if merging:
                    named = keeper.name_of(one)
                else:
                    named = name = name or keeper.name_of(one)
                addition = _Addition(at, one.event, named, merging=merging)
                additions.append(addition)
            addition.updates.append((one, tag, plain))
        self._events = at
        self.histories = {history.key: history for history in found.values() if not history.later}

    # --- writing and reading ---------------------------------------------------------------------------------------------

    async def append(self) -> None:
        """Append all, and read what stood there."""
        by_shard: dict[int, list[_History]] = {}
        limits = self._keeper.limits
        for history in self.histories.values():
            by_shard.setdefault(history.shard, []).append(history)
            own, longest = history.key.startswith(_ACTS), 0
            for addition in history.additions:
                addition.rest, kept, cut = self._keeper.rest_of(addition, own=own)
                longest = max(longest, kept)
                self.cut_members += cut
                history.work += _WORK_OF_ENTRY + len(addition.rest) // HASH_BYTES
            history.ttl = longest + limits.lateness + limits.grace if longest else 0
        await all_of([self._append_in(shard, histories) for shard, histories in by_shard.items()])

    async def _append_in(self, shard: int, histories: list[_History]) -> None:
        days = self._budgets(histories)
        before: int | None = None
        for piece in pieces(histories, range(len(histories)), [history.work for history in histories]):
            rest = piece
            while rest:
                # numbers are reserved once: what an event adds has one number in all histories of a shard
                numbers, start = (self._events, 0) if before is None else (0, before)
                requests = [_request(history, start) for history in rest]
                first, answers = await self._keeper.call(shard, numbers, days, requests)
                if before is None:
                    before = self._before[shard] = first
                for history, answer in zip(rest, answers, strict=False):
                    self._take(history, answer, before)
                rest = rest[len(answers) :]

    def _budgets(self, histories: list[_History]) -> list[tuple[int, list[bytes]]]:
        """Days and actors whose events add to histories that are not their own."""
        places: dict[int, dict[bytes, int]] = {}
        asked: list[tuple[_Addition, int, bytes]] = []
        period = self._keeper.limits.period * MICROSECONDS
        for history in histories:
            own = history.key[len(_ACTS) :] if history.key.startswith(_ACTS) else b""
            for addition in history.additions:
                actor = self._keeper.pseudonyms.member(addition.event.actor)
                if actor != own:
                    day = addition.event.time // period
                    places.setdefault(day, {})[actor] = 0
                    asked.append((addition, day, actor))
        number = 0
        for actors in places.values():
            for actor in actors:
                number += 1
                actors[actor] = number
        for addition, day, actor in asked:
            addition.budget = places[day][actor]
        return [(day, list(actors)) for day, actors in places.items()]

    def _take(self, history: _History, answer: Any, before: int) -> None:
        """What the script tells of a history, and what the batch adds to it."""
        kept, flags = answer
        entries = history.entries = []
        if kept:
            entries += map(self._keeper.entry, map(int, kept[1::2]), kept[::2])
        for addition, flag in zip(history.additions, flags, strict=True):
            number = flag if flag > 0 else before + addition.at
            if flag <= 0:
                raw = number.to_bytes(NUMBER_BYTES) + addition.name + addition.rest
                entry = Entry(addition.event.time, raw, number)
                if flag == 0:
                    entries.append(entry)
                else:
                    history.refused[addition.at] = entry
            if not addition.merging:
                history.own[addition.at] = number
                if flag == 0 and not kept and len(flags) == 1:
                    history.alone = addition.at
                known = self._own.get((history.shard, addition.at), number)
                self._own[history.shard, addition.at] = min(known, number)

    async def _read(self, histories: Sequence[_History]) -> None:
        """Read histories to which the batch adds nothing."""
        by_shard: dict[int, list[_History]] = {}
        for history in histories:
            by_shard.setdefault(history.shard, []).append(history)

        async def in_turn(shard: int, rest: list[_History]) -> None:
            while rest:
                _, answers = await self._keeper.call(shard, 0, [], [_request(history, 0) for history in rest])
                for history, answer in zip(rest, answers, strict=False):
                    self._take(history, answer, 0)
                    self.histories[history.key] = history
                rest = rest[len(answers) :]

        await all_of([in_turn(shard, some) for shard, some in by_shard.items()])

    # --- answering -------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._updates)

    def __getitem__(self, position: int) -> Sequence[WindowResult]:
        found = self._results.get(position)
        if found is None:
            found = self._results[position] = self._readings(position, self._updates[position])
        return found

    def has_evidence(self, positions: Iterable[int]) -> bool:
        """Whether a result of one of these updates reaches what its query takes samples from."""
        for position in positions:
            one = self._updates[position]
            history, at, _ = self._places[position]
            if not one.recorded and history.alone == at:
                continue
            # what all that is remembered does not reach, no stretch of it does
            least = self._least.get(id(one.queries)) or self._least_of(one)
            if position in self._results:
                most = _ANY_NUMBER
            elif history.alone == at:
                most = len(one.members) or 1
            elif position in self._without:
                continue
            else:
                most = self._at_most(position, one, history, least)
                if most < least:
                    self._without.add(position)
            if most >= least and any(result.events for result in self[position]):
                return True
        return False

    def _at_most(self, position: int, one: WindowUpdate, history: _History, least: int) -> int:
        """So many at most are in any stretch of the update's window, or fewer than `least`."""
        distinct = one.window.distinct and not one.window.pairs
        if not distinct and len(history.entries) + 1 < least and not history.joined:
            return 0
        track, _ = self._track_of(position)
        return track.distinct if distinct else len(track.items)

    def _least_of(self, one: WindowUpdate) -> int:
        """From how many on one of its queries takes samples, or the window remembers only some members of an event."""
        samples = [query.sample_from for query in one.queries]
        least = self._least[id(one.queries)] = min([*samples, one.window.most or samples[0]])
        return least

    async def prepare(self) -> None:
        """Make all ready from which results are derived."""
        for (history, at, tag), one in zip(self._places, self._updates, strict=True):
            # most are alone
            if history.alone != at and one.queries:
                history.asked = history.asked or set()
                history.asked.add(tag)
        await self._index(list(self.histories.values()))
        later = [position for position, one in enumerate(self._updates) if one.after is not None]
        waiting = [p for p in later if self.has_evidence((self._updates[p].after or 0,))]
        self._results |= {p: [WindowResult(0)] * len(self._updates[p].queries) for p in set(later) - set(waiting)}
        if waiting:
            wanted = {h.key: h for position in waiting if (h := self._places[position][0]).key not in self.histories}
            await self._read(list(wanted.values()))
            await self._index(list(wanted.values()))
        for history in self.histories.values():
            if len(history.entries) > 1:
                self._keeper.note_surplus(history)

    async def _index(self, histories: Sequence[_History]) -> None:
        """Find what windows that may be read have taken in, and read that, too."""
        asked = {history.key: history.asked for history in histories}
        for _ in range(_MERGES):
            if unread := [_History(key, 0) for key in asked if key not in self.histories]:
                await self._read(unread)  # what is joined is together, in the first shard
            joined: dict[bytes, set[bytes]] = {}
            for key, tags in asked.items():
                history = self.histories[key]
                if tags - history.asked:
                    history.asked = history.asked | tags
                history.joined = [
                    entry for entry in history.entries if entry.raw[TAGS_AT + TAG_BYTES] & LIST == TAKES_IN
                ]
                for tag, target in _taken_in(history, _ANY_NUMBER) if history.joined else ():
                    if tag in tags:
                        where, what = (key, target) if len(target) == TAG_BYTES else (target, tag)
                        joined.setdefault(where, set()).add(what)
            asked = joined
            if not asked:
                return

    def _track(self, history: _History, tag: bytes, own: int) -> Track:
        """What a window counts, with all that it has taken in up to the number `own`."""
        if not history.joined:
            return history.track(tag)
        parts: dict[tuple[bytes, bytes], Track] = {}
        left = [(history, tag)]
        while left:
            place, name = left.pop()
            if name not in place.asked or (place.key, name) in parts:
                continue
            parts[place.key, name] = place.track(name)
            for of, target in _taken_in(place, own):
                if of == name and len(target) == TAG_BYTES:
                    left.append((place, target))
                elif of == name and target in self.histories:
                    left.append((self.histories[target], name))
        if len(parts) == 1:
            return history.track(tag)
        events: dict[bytes, Item] = {}
        for part in parts.values():
            for item in part.items:
                events.setdefault(item.entry.name, item)
        return Track(events.values())

    def _readings(self, position: int, one: WindowUpdate) -> list[WindowResult]:
        history, at, tag = self._places[position]
        if history.alone == at:
            return self._alone(history.entries[0], one, tag)
        track, own = self._track_of(position)
        return [self._reading(track, one, query, own) for query in one.queries]

    def _track_of(self, position: int) -> tuple[Track, int]:
        """What the update's window counts, and the number of its event."""
        history, at, tag = self._places[position]
        own = history.own.get(at)
        if own is None:
            own = self._own.get((history.shard, at))
        if own is None:
            # of a shard to which the batch adds nothing, all has come before it
            own = self._before[history.shard] + at if history.shard in self._before else _ANY_NUMBER
        track = self._track(history, tag, own)
        if refused := history.refused.get(at):
            which = refused.tags.get(tag)
            alone = [] if which is None else [Item(refused.time, own, refused, which & LIST, tag)]
            track = Track([*track.items, *alone])
        return track, own

    def _alone(self, entry: Entry, one: WindowUpdate, tag: bytes) -> list[WindowResult]:
        """The readings of an event that stands alone in its history, as most do: few texts are copies."""
        window, keeper = one.window, self._keeper
        distinct = window.distinct and not window.pairs
        brought = len(set(one.members)) if distinct else 1
        found: list[WindowResult] = []
        item = None
        for query in one.queries:
            count = brought if one.recorded and (not query.about or query.about in one.members) else 0
            if count < query.sample_from:
                found.append(_counted(count))
                continue
            if item is None:
                item = Item(entry.time, entry.number, entry, entry.tags.get(tag, NO_LIST) & LIST, tag)
            told = (keeper.shown(item),)
            members = sorted(map(keeper.unsealed, entry.members(item.which)[:NAMED])) if window.named else ()
            found.append(WindowResult(count, 1, told, told, tuple(members)))
        return found

    def _reading(self, track: Track, one: WindowUpdate, query: WindowQuery, own: int) -> WindowResult:
        keeper, window = self._keeper, one.window
        distinct = window.distinct and not window.pairs
        if query.about:
            track = track.about(keeper.pseudonyms.member(query.about))
        most = query.sample_from if query.sample_from <= keeper.limits.entries else 0
        count, items = track.fullest(one.event.time, own, query.length, most, distinct=distinct)
        if count < query.sample_from and not (distinct and window.most and count >= window.most):
            return _counted(count)
        told = reading(
            count,
            items,
            query.sample_from,
            window.most,
            distinct=distinct,
            named=window.named,
            shown=keeper.shown,
            unsealed=keeper.unsealed,
        )
        if not query.beside or not told.events:
            return told
        tags = tuple(keeper.plain_tag(name) for name in query.beside)
        return replace(told, contributors=contributors(items, tags, note=keeper.note, unsealed=keeper.unsealed))


def _counted(count: int) -> WindowResult:
    """The answer that tells no more than how many there are."""
    return _COUNTED[count] if count < len(_COUNTED) else WindowResult(count)


_COUNTED = tuple(map(WindowResult, range(100)))


def _taken_in(history: _History, own: int) -> Iterator[tuple[bytes, bytes]]:
    """Windows of a history, and what they have taken in up to the number `own`."""
    for entry in history.joined:
        if entry.number <= own:
            yield from entry.rest[4]


def _request(history: _History, before: int) -> tuple[Any, ...]:
    return (
        history.key,
        history.ttl,
        [
            (
                one.event.time,
                before + one.at,
                one.name,
                one.rest,
                one.budget,
                HEAD_BYTES + len(one.rest) + _ENTRY_BYTES,
            )
            for one in history.additions
        ],
    )


def surplus(entries: Sequence[Entry], limits: HistoryLimits) -> list[bytes]:
    """What is to be dropped of a history: what no window looks back upon any more; and where there is too much, first what its
    windows have much of, or what they count by something else than the member.
    """
    if len(entries) < 2:
        return []
    newest = max(entry.time for entry in entries) - limits.lateness * MICROSECONDS
    gone = [entry for entry in entries if entry.time < newest - entry.kept]
    size = sum(len(entry.raw) + _ENTRY_BYTES for entry in entries)
    if len(entries) - len(gone) <= limits.entries and size <= limits.size:
        return [entry.raw for entry in gone]
    gone_already = set(map(id, gone))
    left = sorted((entry for entry in entries if id(entry) not in gone_already), key=lambda one: (one.time, one.number))
    counted: Counter[bytes] = Counter()
    spared: list[Entry] = []
    others: list[Entry] = []
    for entry in reversed(left):
        is_spared = False
        for tag, which in entry.tags.items():
            counted[tag] += 1
            is_spared = is_spared or bool(which & PLAIN and counted[tag] <= SPARED)
        (spared if is_spared else others).append(entry)
    most, most_bytes = limits.entries * 7 // 8, limits.size * 7 // 8
    for entry in (*spared, *others):
        most -= 1
        most_bytes -= len(entry.raw) + _ENTRY_BYTES
        if most < 0 or most_bytes < 0:
            gone.append(entry)
    return [entry.raw for entry in gone]
