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

import msgspec
from faust.types import TP

from agents.budget import cost_of
from models.events import to_microseconds
from models.records import RawRecord

PATIENCE_SECONDS = 10.0
"""Longest wait for records of a partition that is known to have some: its broker may be away while others answer."""
_SECOND = 1_000_000


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


class Merge:
    """What was read of each partition and not handed over yet; gives it by event time, each partition in its own order.

    A record whose time cannot be told goes with the one before it, and none counts as later than now: neither may hold up what
    comes behind it. `clock` gives seconds and never goes back.
    """

    def __init__(self, clock: Callable[[], float] = monotonic, wall_clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._waiting: dict[TP, deque[tuple[int, RawRecord]]] = {}
        self._reached: dict[TP, int] = {}
        self._behind: frozenset[TP] | None = None
        self._missed_since: dict[TP, float] = {}

    def clear(self) -> None:
        """Forget all: reading starts anew from what is committed."""
        self._waiting.clear()
        self._reached.clear()
        self._behind = None
        self._missed_since.clear()

    def add(self, records: Mapping[TP, Sequence[RawRecord]], behind: frozenset[TP]) -> None:
        """These were read, and `behind` are all partitions that are known or suspected to have more."""
        self._behind = behind
        now = int(self._wall_clock() * _SECOND)
        for partition, more in records.items():
            waiting = self._waiting.setdefault(partition, deque())
            for record in more:
                told = event_time(record)
                moment = self._reached.get(partition, 0) if told is None else min(told, now)
                self._reached[partition] = moment
                waiting.append((moment, record))

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def below(self, count: int, partitions: Iterable[TP]) -> set[TP]:
        """Those partitions of which fewer records wait here."""
        return {partition for partition in partitions if len(self._waiting.get(partition, ())) < count}

    def waiting(self, partition: TP) -> tuple[int, int | None]:
        """How many records of the partition were read and not handed over, and the event time of the first of them."""
        waiting = self._waiting.get(partition)
        return (len(waiting), waiting[0][0]) if waiting else (0, None)

    def missing(self) -> set[TP]:
        """Partitions that have more, of which nothing is here: what they have may come before all that is here."""
        now = self._clock()
        empty = {partition for partition in self._behind or () if not self._waiting.get(partition)}
        self._missed_since = {partition: self._missed_since.get(partition, now) for partition in empty}
        return {partition for partition, since in self._missed_since.items() if now - since < PATIENCE_SECONDS}

    def take(self, most: int, until: int | None = None, budget: float = inf) -> list[tuple[int, RawRecord]]:
        """The next records by event time, with it: at most so many, none later than `until`, none before what is missing. They
        cost no more than the budget, unless the first one alone does.
        """
        taken: list[tuple[int, RawRecord]] = []
        if self.missing():
            return taken
        heads = [(waiting[0][0], partition) for partition, waiting in self._waiting.items() if waiting]
        heapify(heads)
        while heads and len(taken) < most:
            moment, partition = heads[0]
            if until is not None and moment > until:
                break
            waiting = self._waiting[partition]
            budget -= cost_of(waiting[0][1])
            if taken and budget < 0:
                break
            taken.append(waiting.popleft())
            if waiting:
                heapreplace(heads, (waiting[0][0], partition))
            elif self._behind and partition in self._behind:
                break
            else:
                heappop(heads)
        return taken

    @property
    def reached(self) -> int | None:
        """No record that is here or missing is from before this; None where none is, so that what comes is new. 0 before the
        first answer, when nothing is known.
        """
        if self._behind is None:
            return 0
        here = [waiting[0][0] for waiting in self._waiting.values() if waiting]
        return min(here + [self._reached.get(partition, 0) for partition in self.missing()], default=None)
