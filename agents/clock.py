"""Tells a wrong clock of ours from wrong times in events.

An event that lies in the future is put aside. Where our own clock is slow, that would be every event. Whom to believe is
decided by a witness to which no member writes: the time that Kafka keeps with each record, which is that of the platform's
producer or of the broker. An event from the future in a record of the present is a wrong event, however many such come. Where
the record is from the future as well, either our clock is slow or that producer's is fast, so what was written after it is
looked at: our clock is wrong as long as at least as many actors come in records of the future as in records of the present.
Then all that is from the future waits, and what comes after it. Each actor counts once, so that one who writes much through
a producer with a wrong clock does not stop us.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import time

from faust.types import TP

from agents.order import event_time
from models.records import RawRecord

_ACTORS = 100
"""So many actors are remembered, those that wrote last."""
_MICROSECONDS = 1_000_000

Written = tuple[RawRecord, int]
"""A record with Kafka's time of it, in milliseconds since the epoch; negative where Kafka has none."""


class ClockWatch:
    """Looks at all records as they are fetched. Events are refused `skew_seconds` ahead of `wall_clock`, in seconds."""

    def __init__(self, skew_seconds: float, wall_clock: Callable[[], float] = time) -> None:
        self._skew = int(skew_seconds * _MICROSECONDS)
        # a record may well be some seconds older than the event in it says
        self._tolerance = self._skew // 2
        self._wall_clock = wall_clock
        self.forget()

    def forget(self) -> None:
        """Reading goes on from what is committed: what was seen comes again."""
        self._first: int | None = None
        self._newest = 0
        self._actors: OrderedDict[bytes | None, bool] = OrderedDict()
        self._written_after: set[TP] = set()

    def see(self, fetched: Mapping[TP, Sequence[Written]], at_their_ends: Iterable[TP]) -> None:
        """Take in what was fetched. Of the partitions `at_their_ends` there was no more then."""
        now, suspected = self._now(), self._first is not None
        for partition, records in fetched.items():
            for record, milliseconds in records:
                written = milliseconds * 1_000
                if written > now + self._tolerance:
                    happened = event_time(record)
                    if happened is not None and happened > now + self._skew:
                        self._first = now if self._first is None else self._first
                        self._newest = max(self._newest, written)
                        self._written_after.add(partition)
                        self._count(record.key, ahead=True)
                elif written >= 0 and partition in self._written_after:
                    self._count(record.key, ahead=False)
        if suspected:
            self._written_after.update(at_their_ends)

    def is_mended(self) -> bool:
        """Whether our clock was wrong until now, and all that was from the future no longer is."""
        if self._first is None or self._newest > self._now() + self._tolerance:
            return False
        was_wrong = self._is_wrong
        self.forget()
        return was_wrong

    @property
    def until(self) -> int | None:
        """Nothing that happened later may be judged (in microseconds since the epoch); None while our clock is right."""
        return self._first - 1 if self._first is not None and self._is_wrong else None

    @property
    def seconds_behind(self) -> float:
        """How far our clock is behind that of Kafka's records, where it is wrong; else 0."""
        return (self._newest - self._now()) / _MICROSECONDS if self._is_wrong else 0.0

    @property
    def _is_wrong(self) -> bool:
        return self._first is not None and 2 * sum(self._actors.values()) >= len(self._actors)

    def _count(self, actor: bytes | None, *, ahead: bool) -> None:
        self._actors[actor] = ahead
        self._actors.move_to_end(actor)
        if len(self._actors) > _ACTORS:
            self._actors.popitem(last=False)

    def _now(self) -> int:
        return int(self._wall_clock() * _MICROSECONDS)
