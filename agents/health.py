"""Whether a worker should be restarted (`/live`) and whether it does its work (`/ready`), each with the reasons.

An outage of Redis or Kafka makes a worker *degraded*: not ready, but alive, because a restart would not help. What a restart
does help is a worker that is up and assigned and does nothing while records wait although both servers answer, so liveness is
judged by progress alone.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Literal, get_args

from msgspec import Struct

from models.records import RawRecord

logger = logging.getLogger(__name__)

Partition = tuple[str, int]
"""Topic and number."""

_WORTH_TELLING_SECONDS = 3.0
"""Brokers answer one after the other: a shorter wait is none."""
_NAMED = 10

Server = Literal["redis", "kafka"]
SERVERS: tuple[Server, ...] = get_args(Server)


class Outage(Struct, frozen=True, kw_only=True):
    """A server that a worker waits for: since when, by the wall clock and by that of `Health`, and what it does instead."""

    server: Server
    since: datetime
    began: float
    reason: str


class Lag(Struct, frozen=True, kw_only=True):
    """How many records of a partition wait to be judged, and the event time of the oldest, in microseconds since the epoch.

    Where that one has not been read yet, `since` is when it was first seen to wait.
    """

    records: int
    since: int | None = None


class Sighting(Struct, frozen=True, kw_only=True):
    """What the group looks like at one moment.

    `backlog` is how far what was written is ahead of what is committed, of every partition of the group, in offsets;
    `committed` are the offsets that say so. `lag` is of our own partitions, and `waiting` tells whether any of their records
    has not been judged yet; `batch` is the number of the batch that has been under way for longest.
    `others` are partitions that other members of the group have, and `settled` tells whether Kafka has given all partitions to
    somebody, as far as it says; asked for only where we have none.
    """

    backlog: Mapping[Partition, int]
    committed: Mapping[Partition, int]
    waiting: bool
    lag: Mapping[Partition, Lag] = {}
    batch: int | None = None
    others: frozenset[Partition] = frozenset()
    settled: bool = True


class Health:
    """What the parts of one worker know of its condition. `clock` gives seconds and never goes back."""

    def __init__(self, *, stall_seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._stall_seconds = stall_seconds
        self._clock = clock
        self._outages: dict[tuple[Server, str], Outage] = {}
        self._partitions: frozenset[Partition] | None = None
        self._unassigned_since = clock()
        self._left_out_since: float | None = None
        self._judged: dict[Partition, int] = {}
        self._idle_since = clock()
        self._uncommitted: dict[Partition, tuple[int, float]] = {}
        self._neglected_since: dict[Partition, float] = {}
        self._committed: Mapping[Partition, int] = {}
        self._batch: int | None = None
        self._batch_since = clock()
        self.kafka_came_up: float | None = None
        """When Kafka began to answer (by the wall clock, in seconds), where it had to be waited for at the start."""
        self.preparing = ""
        """What is done before any partition is asked for."""
        self._awaited: Mapping[Partition, float] = {}
        self._held: tuple[float, tuple[str, ...]] = 0.0, ()
        self._complaints: dict[str, list[str]] = {}

    # --- what the parts tell -----------------------------------------------------------------------------------------

    def mark_down(self, server: Server, reason: str, *, seen_by: str = "batches") -> None:
        """The server is out, as far as `seen_by` can see; batches wait. Logged once an outage."""
        known = self._outages.get((server, seen_by))
        if not self._out(server):
            logger.warning("%(reason)s; waiting until it does", {"server": server, "reason": reason})
        self._outages[server, seen_by] = Outage(
            server=server,
            since=known.since if known else datetime.now(UTC),
            began=known.began if known else self._clock(),
            reason=reason,
        )

    def mark_up(self, server: Server, *, seen_by: str = "batches") -> None:
        """The server works, as far as `seen_by` can see. What had to wait for it gets its time anew."""
        if self._outages.pop((server, seen_by), None):
            if not self._out(server):
                logger.info("%(server)s works again", {"server": server})
            self._idle_since = self._unassigned_since = self._batch_since = self._clock()
            self._uncommitted = {}
            self._neglected_since = {}
            self._left_out_since = None

    def assign(self, partitions: frozenset[Partition]) -> None:
        """The group has given us these partitions (none, where there are more workers than partitions)."""
        self._partitions = partitions
        self._judged = {}
        self._uncommitted = {}
        self._awaited = {}
        self._neglected_since = {}
        self._left_out_since = None
        self._idle_since = self._unassigned_since = self._clock()

    def revoke(self) -> None:
        """The group is being rearranged."""
        self._partitions = None
        self._left_out_since = None
        self._awaited = {}
        self._unassigned_since = self._clock()

    def progress(self, records: Sequence[RawRecord]) -> None:
        """These records were judged and all they came to is confirmed."""
        self._idle_since = self._clock()
        for record in records:
            if record.source:
                self._judged[record.source.topic, record.source.partition] = record.source.offset + 1

    def complain(self, source: str, reasons: Sequence[str], *, of_all: bool = False) -> None:
        """What `source` says keeps us from a part of our work, or from `of_all`. It replaces what it said before; a restart
        would not help.
        """
        self._complaints[source] = list(reasons)
        if reasons and of_all:
            self._idle_since = self._clock()

    def wait_for_partitions(self, awaited: Mapping[Partition, float]) -> None:
        """Kafka has not given what comes next of these for so many seconds, and nothing must be judged before it
        (`agents.order`). To be told again and again: who no longer reads is not waiting.
        """
        self._awaited = awaited
        if awaited:
            self._idle_since = self._clock()

    def wait_for_others(self, seconds: float, partitions: Collection[str]) -> None:
        """For so long we have had records and must not judge them before other workers have judged theirs
        (`agents.throttle`), of these partitions where they are known.
        """
        self._held = seconds, tuple(sorted(partitions))
        if seconds:
            self._idle_since = self._clock()

    def see(self, sighting: Sighting) -> None:
        """Take in how the group stands."""
        now = self._clock()
        if not sighting.waiting:
            self._idle_since = now
        if sighting.batch is None or sighting.batch != self._batch:
            self._batch, self._batch_since = sighting.batch, now
        if self._partitions is not None or not sighting.settled:
            self._left_out_since = None
        elif self._left_out_since is None:
            self._left_out_since = now
        for partition, backlog in sighting.backlog.items():
            if (
                backlog == 0
                or partition in sighting.others
                or sighting.committed.get(partition) != self._committed.get(partition)
            ):
                self._neglected_since.pop(partition, None)
            else:
                self._neglected_since.setdefault(partition, now)
            committed, judged = sighting.committed.get(partition, 0), self._judged.get(partition, 0)
            # under load there is always something that was judged a moment ago: what counts is whether the same is still there
            if committed >= self._uncommitted.get(partition, (0, now))[0]:
                self._uncommitted.pop(partition, None)
            if committed < judged:
                self._uncommitted.setdefault(partition, (judged, now))
        self._committed = sighting.committed

    # --- what it comes to --------------------------------------------------------------------------------------------

    @property
    def partitions(self) -> frozenset[Partition]:
        """Those that we were given."""
        return self._partitions or frozenset()

    @property
    def outages(self) -> list[Outage]:
        """The servers that this worker waits for, each once and as it was first seen. None: it is not degraded."""
        return [min(seen, key=lambda outage: outage.began) for server in SERVERS if (seen := self._out(server))]

    @property
    def awaited(self) -> Mapping[Partition, float]:
        """Partitions of which Kafka has not given what comes next, and for how many seconds: where it is worth telling."""
        return {p: seconds for p, seconds in self._awaited.items() if seconds >= _WORTH_TELLING_SECONDS}

    @property
    def waits(self) -> list[str]:
        """What this worker waits for though no server is out. It goes on by itself."""
        reasons = []
        if awaited := self.awaited:
            names = [f"{topic}/{number}" for topic, number in sorted(awaited)]
            reasons.append(
                f"Kafka has not given what comes next of {_some_of(names)} for {max(awaited.values()):.0f} s"
            )
        seconds, partitions = self._held
        if seconds >= _WORTH_TELLING_SECONDS:
            whose = f" of {_some_of(partitions)}" if partitions else ""
            reasons.append(
                f"other workers are further behind, or have not taken over from one that ended: what they"
                f" have not judged{whose} has been waited for for {seconds:.0f} s"
            )
        return reasons + [reason for reasons in self._complaints.values() for reason in reasons]

    @property
    def complaining(self) -> set[str]:
        """Which sources complain."""
        return {source for source, reasons in self._complaints.items() if reasons}

    def outage_seconds(self, server: Server) -> float:
        """For how long the server has been out; 0 while it works."""
        return max((self._clock() - outage.began for outage in self._out(server)), default=0.0)

    def why_dead(self) -> list[str]:
        """Reasons for which this worker should be restarted; none while it waits for Redis or Kafka to come back."""
        if self._outages:
            return []
        now = self._clock()
        reasons = []
        if self._partitions and now - self._idle_since > self._stall_seconds:
            reasons.append(f"records wait and none was judged for {now - self._idle_since:.0f} s")
        if self._batch is not None and now - self._batch_since > self._stall_seconds:
            reasons.append(f"a batch has been under way for {now - self._batch_since:.0f} s")
        for (topic, number), (_, since) in sorted(self._uncommitted.items()):
            if self._partitions and (topic, number) in self._partitions and now - since > self._stall_seconds:
                reasons.append(f"judged records of {topic}/{number} have not been committed for {now - since:.0f} s")
        left_out = 0.0 if self._left_out_since is None else now - self._left_out_since
        # twice: to become a member anew takes Kafka a while, and nothing need be waiting
        if left_out > 2 * self._stall_seconds:
            reasons.append(f"the group has had its partitions for {left_out:.0f} s, and this worker was told of none")
        if not self._partitions and now - self._unassigned_since > self._stall_seconds:
            neglected = [p for p, since in self._neglected_since.items() if now - since > self._stall_seconds]
            if neglected:
                reasons.append(
                    f"no partition is assigned to this worker and nobody reads {len(neglected)} that have records"
                )
        return reasons

    def why_not_ready(self) -> list[str]:
        """Reasons for which this worker does not do its work at the moment."""
        reasons = [outage.reason for outage in list(self._outages.values())]
        if self._partitions is None:
            reasons.append(self.preparing or "Kafka has not assigned partitions yet")
        return reasons + self.waits + self.why_dead()

    def _out(self, server: Server) -> list[Outage]:
        # a list first: the thread of the consumer tells us, too
        return [outage for (out, _), outage in list(self._outages.items()) if out == server]


def _some_of(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
