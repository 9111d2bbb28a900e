"""The order in which records of several partitions are judged: that of their event time.

Kafka keeps an order within a partition only. While events are read as they happen that is enough, because the partitions go
side by side. A backlog is read as fast as it can be, and without an order one topic would run hours ahead of another: messages
would be judged long before the acceptances that made their recipients acquaintances, and members who did nothing wrong
would have written to strangers. So the partitions of a worker are merged by event time, and what is known to exist and has
not come yet is waited for (as Kafka Streams does, KIP-695).
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from heapq import heapify, heappop, heapreplace
from math import inf
from time import monotonic, time
from typing import NamedTuple

import msgspec
from faust.types import TP

from agents.budget import cost_of
from models.events import to_microseconds
from models.records import RawRecord

SILENCE_SECONDS = 2.0
"""A partition that has not answered for so long may have records that nobody knows of. Brokers answer every 0.1 s."""
_SECOND = 1_000_000
_MILLISECOND = 1_000


class _Moment(msgspec.Struct):
    """All that the order needs of an event."""

    occurred_at: datetime


_moment = msgspec.json.Decoder(_Moment)


def event_time(record: RawRecord) -> int | None:
    """When it happened, in microseconds since the epoch; None where the record does not tell."""
    try:
        moment = _moment.decode(record.value or b"").occurred_at
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return to_microseconds(moment) if moment.tzinfo else None


class _Waiting(NamedTuple):
    """A record that was read and not handed over: its event time, and when it was fetched (milliseconds of the wall clock)."""

    moment: int
    fetched: int
    record: RawRecord


class Merge:
    """What was read of each partition and not handed over yet; gives it by event time, each partition in its own order.

    A record whose time cannot be told goes with the one before it, and none counts as later than now: neither may hold up what
    comes behind it. What is missing is waited for, but for no longer than `read_on_seconds` where that is given. `clock` gives
    seconds and never goes back.
    """

    def __init__(
        self,
        clock: Callable[[], float] = monotonic,
        wall_clock: Callable[[], float] = time,
        read_on_seconds: float | None = None,
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._read_on_seconds = read_on_seconds
        self._waiting: dict[TP, deque[_Waiting]] = {}
        self._reached: dict[TP, int] = {}
        self._behind: frozenset[TP] | None = None
        self._answered: dict[TP, int] = {}
        self._now = 0
        self._missed_since: dict[TP, float] = {}
        self.cost = 0
        """What all that waits may cost (`agents.budget`)."""

    def clear(self) -> None:
        """Forget all: reading starts anew from what is committed."""
        self._waiting.clear()
        self.cost = 0
        self._reached.clear()
        self._behind = None
        self._answered.clear()
        self._missed_since.clear()

    def add(
        self,
        records: Mapping[TP, Sequence[RawRecord]],
        behind: frozenset[TP],
        answered: Mapping[TP, int],
        heard: Mapping[TP, int],
    ) -> None:
        """These were read, and `behind` are all partitions that are known or suspected to have more. `answered` tells of every
        partition when it last told all that it has, and `heard` when it last gave anything: what it gives may be new although
        it has not told all (milliseconds of the wall clock, 0 never).
        """
        now = int(self._wall_clock() * 1000)
        if now < self._now:
            # the clock was set back: what was fetched by the old one would wait for answers until then
            for waiting in self._waiting.values():
                waiting.extend([waiting.popleft()._replace(fetched=0) for _ in range(len(waiting))])
        self._now = now
        self._behind = behind
        self._answered = {partition: min(moment, now) for partition, moment in answered.items()}
        for partition, more in records.items():
            fetched = min(heard.get(partition, 0), now)
            waiting = self._waiting.setdefault(partition, deque())
            for record in more:
                told = event_time(record)
                moment = self._reached.get(partition, 0) if told is None else min(told, now * _MILLISECOND)
                self._reached[partition] = moment
                self.cost += cost_of(record)
                waiting.append(_Waiting(moment, fetched, record))

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def below(self, count: int, partitions: Iterable[TP]) -> set[TP]:
        """Those partitions of which fewer records wait here."""
        return {partition for partition in partitions if len(self._waiting.get(partition, ())) < count}

    def waiting(self, partition: TP) -> tuple[int, int | None]:
        """How many records of the partition were read and not handed over, and the event time of the first of them."""
        waiting = self._waiting.get(partition)
        return (len(waiting), waiting[0].moment) if waiting else (0, None)

    def awaited(self) -> dict[TP, float]:
        """Partitions of which nothing is here and that have more, or have not told since the next record was fetched whether
        they have; and for how many seconds they have been waited for. What they have may come before all that is here.
        """
        now = self._clock()
        heads = [waiting[0] for waiting in self._waiting.values() if waiting]
        fetched = min(heads, key=lambda head: head.moment).fetched if heads else 0
        empty = {partition for partition in self._answered if not self._waiting.get(partition)}
        missed = {p for p in empty if p in (self._behind or ()) or self._answered[p] < fetched}
        self._missed_since = {partition: self._missed_since.get(partition, now) for partition in missed}
        return {partition: now - since for partition, since in self._missed_since.items()}

    def missing(self) -> set[TP]:
        """Those of `awaited` before which nothing may be judged."""
        return {partition for partition, seconds in self.awaited().items() if not self._is_given_up(seconds)}

    def given_up(self) -> frozenset[TP]:
        """Those of `awaited` without which reading goes on: what is taken now is out of order."""
        return frozenset(partition for partition, seconds in self.awaited().items() if self._is_given_up(seconds))

    def _is_given_up(self, seconds: float) -> bool:
        return self._read_on_seconds is not None and seconds >= self._read_on_seconds

    def take(self, most: int, until: int | None = None, budget: float = inf) -> list[tuple[int, RawRecord]]:
        """The next records by event time, with it: at most so many, none later than `until`, none before what is missing. They
        cost no more than the budget, unless the first one alone does.
        """
        taken: list[tuple[int, RawRecord]] = []
        awaited = self.awaited()
        given_up = {partition for partition, seconds in awaited.items() if self._is_given_up(seconds)}
        if given_up != awaited.keys():
            return taken
        waited_for = (self._behind or frozenset()) - given_up
        told = min(
            (t for p, t in self._answered.items() if not self._waiting.get(p) and p not in given_up), default=None
        )
        heads = [(waiting[0].moment, partition) for partition, waiting in self._waiting.items() if waiting]
        heapify(heads)
        while heads and len(taken) < most:
            moment, partition = heads[0]
            waiting = self._waiting[partition]
            if (until is not None and moment > until) or (told is not None and waiting[0].fetched > told):
                break
            cost = cost_of(waiting[0].record)
            budget -= cost
            if taken and budget < 0:
                break
            self.cost -= cost
            taken.append((moment, waiting.popleft().record))
            if waiting:
                heapreplace(heads, (waiting[0].moment, partition))
            elif partition in waited_for:
                break
            else:
                heappop(heads)
                if partition in self._answered and partition not in given_up:
                    told = min(self._answered[partition], self._answered[partition] if told is None else told)
        return taken

    @property
    def reached(self) -> int | None:
        """No record that is here or missing is from before this; None where none is, so that what comes is new. 0 before the
        first answer, when nothing is known.
        """
        if self._behind is None:
            return 0
        here = [waiting[0].moment for waiting in self._waiting.values() if waiting]
        behind = [self._reached.get(p, 0) for p in self._behind if not self._waiting.get(p)]
        return min(here + behind, default=None)

    @property
    def latest(self) -> int:
        """The latest event time of what was read since reading began anew; 0 where nothing was."""
        return max(self._reached.values(), default=0)

    def silent_since(self) -> int | None:
        """Since when (microseconds since the epoch) a partition has not told what it has, where that is too long ago."""
        answered = min((moment for p, moment in self._answered.items() if not self._waiting.get(p)), default=None)
        if answered is None or self._wall_clock() * 1000 - answered <= SILENCE_SECONDS * 1000:
            return None
        return answered * _MILLISECOND
