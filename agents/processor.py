"""How a worker processes a batch: judged, published, confirmed. Knows nothing of Faust."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import monotonic, time_ns
from typing import Protocol, TypeVar

from agents.back_off import BackOff, Interrupted
from agents.budget import Budget
from agents.health import Health
from agents.logs import culprit
from agents.metrics import Metrics
from agents.publishing import Publisher, publications
from engine.engine import BatchEngine, ReadBatch
from engine.outcome import Outcome
from models.records import DeadLetter, RawRecord, Reason, Source
from state.errors import StateUnavailable

logger = logging.getLogger(__name__)

Name = TypeVar("Name", bound=Hashable)

ATTEMPTS = 10
"""So often Redis may be too slow for one record alone, and answer a PING afterwards, before the record is put aside."""


class TooSlow(Exception):  # noqa: N818 - what is the case
    """Redis works, and does not answer in time to this batch."""


Trace = Callable[[Sequence[RawRecord], Sequence[Outcome], tuple[int, int]], None]
"""Told of each batch that was published: see `agents.tracing.BatchTracer.record`."""


class AnsweringEngine(BatchEngine, Protocol):
    """An engine that tells whether its store answers at all."""

    async def ping(self) -> None:
        """Raise `state.errors.StateUnavailable` unless the store answers."""
        ...


class BatchProcessor:
    """Takes batches from raw records to confirmed incidents and dead letters. Never raises, never loses, never spins."""

    def __init__(
        self,
        engine: AnsweringEngine,
        publisher: Publisher,
        *,
        metrics: Metrics,
        health: Health,
        back_off: BackOff,
        budget: Budget,
        topic_prefix: str = "",
        trace: Trace | None = None,
    ) -> None:
        self._engine = engine
        self._publisher = publisher
        self._metrics = metrics
        self._health = health
        self._back_off = back_off
        self._budget = budget
        self._topic_prefix = topic_prefix
        self._trace = trace
        self._under_way = 0
        self._arrived = asyncio.Event()
        self._arrived.set()

    def read_ahead(self, records: Sequence[RawRecord]) -> "asyncio.Task[ReadBatch]":
        """Begin to read the records, for `process`; another batch may be under way meanwhile."""
        reading = asyncio.create_task(self._engine.read(records))
        # who never comes to judge them, because partitions were taken away, need not hear what was wrong with them
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())
        return reading

    async def process(self, records: Sequence[RawRecord], read: Awaitable[ReadBatch] | None = None) -> bool:
        """Judge the records and publish what they come to. `read` is what `read_ahead` gave, where that was begun.

        True when Kafka has confirmed all of it: the records may be acknowledged. False when the worker is stopping and they
        must not be: they come again. An outage of Redis or Kafka is waited out here, however long it lasts.
        """
        async with self._counted():
            try:
                if self._back_off.stopping.is_set():
                    return False
                outcomes = await self._judge(records, read)
                began = time_ns()
                await self._publisher.publish([p for o in outcomes for p in publications(o, prefix=self._topic_prefix)])
            except Interrupted:
                return False
        if self._trace:
            self._trace(records, outcomes, (began, time_ns()))
        for outcome in outcomes:
            self._metrics.record_batch(sum(outcome.event_counts.values()), outcome)
        _warn(outcomes)
        _tell(outcomes)
        self._health.progress(records)
        return True

    async def finish(self, seconds: float) -> bool:
        """Wait until no batch is under way, at most so long; whether that came about."""
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return False
        return True

    async def _judge(self, records: Sequence[RawRecord], read: Awaitable[ReadBatch] | None = None) -> list[Outcome]:
        """The outcome of the batch; where it fails for another reason than an outage, those of its halves. A batch for which
        a Redis that works is too slow has failed, too.
        """
        try:
            return [await self._process(records, read)]
        except Interrupted:
            raise
        except Exception as error:
            self._budget.failed()
            if len(records) == 1:
                return [_failed(records[0], error)]
            # judging is idempotent: the half that is in order comes to what it would have come to
            self._metrics.count_bisection()
            middle = len(records) // 2
            return await self._judge(records[:middle]) + await self._judge(records[middle:])

    async def _process(self, records: Sequence[RawRecord], read: Awaitable[ReadBatch] | None) -> Outcome:
        attempts = 0
        for delay in self._back_off.delays():
            start = monotonic()
            try:
                if read:
                    # a batch that was read can be judged once
                    ahead, read = read, None
                    outcome = await self._engine.judge(await ahead)
                else:
                    outcome = await self._engine.process(records)
            except StateUnavailable as error:
                self._budget.failed()
                self._metrics.count_redis_error(error.kind)
                self._health.mark_down("redis", f"Redis does not answer: {error.kind}")
                await self._back_off.wait(delay)
                if not error.timed_out:
                    continue
                # a script may still be running, and the same batch again would only wait behind it
                await self._until_redis_answers()
                self._health.mark_down("redis", f"Redis answers, but not in time to a batch of {len(records)}")
                attempts += 1
                if len(records) > 1 or attempts == ATTEMPTS:
                    self._health.mark_up("redis")
                    raise TooSlow(f"Redis did not answer in time, {attempts} times, and works") from error
            else:
                self._health.mark_up("redis")
                self._budget.judged(records, monotonic() - start)
                return outcome
        raise AssertionError("delays never end")

    async def _until_redis_answers(self) -> None:
        for delay in self._back_off.delays():
            try:
                return await self._engine.ping()
            except StateUnavailable as error:
                self._health.mark_down("redis", f"Redis does not answer: {error.kind}")
                await self._back_off.wait(delay)
        raise AssertionError("delays never end")

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        self._under_way += 1
        self._arrived.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._arrived.set()


def _warn(outcomes: Sequence[Outcome]) -> None:
    """Say which findings moderators do not see in `incidents`, and what the platform does wrong."""
    conflicting = [source for outcome in outcomes for source in outcome.conflicting]
    if conflicting:
        logger.warning(
            "%(events)d events carry an event_id that another event has carried, one of them at %(topic)s/%(partition)s, "
            "offset %(offset)s; each is judged as its own event",
            {"events": len(conflicting), **_place(conflicting[0])},
        )
    for rule, count in sorted(_added(outcome.cut for outcome in outcomes).items()):
        logger.warning(
            "%(findings)d findings of %(rule)s were not told, because one event opens few incidents",
            {"findings": count, "rule": rule},
        )
    for (rule, reason), count in sorted(_added(outcome.shadowed for outcome in outcomes).items()):
        logger.warning(
            "%(findings)d findings of %(rule)s, a live rule, were told in shadow: %(reason)s",
            {"findings": count, "rule": rule, "reason": reason},
        )


def _place(source: Source | None) -> dict[str, str | int | None]:
    return {name: getattr(source, name, None) for name in ("topic", "partition", "offset")}


def _added(counts: Iterable[Mapping[Name, int]]) -> Counter[Name]:
    added: Counter[Name] = Counter()
    for one in counts:
        added.update(one)
    return added


def _tell(outcomes: Sequence[Outcome]) -> None:
    """A line for each incident and one for the batch, also where it was judged in parts: what and how much, never who or
    what was written.
    """
    for incident in (one for outcome in outcomes for one in outcome.incidents):
        logger.info(
            "incident %(incident_id)s: %(rule)s, %(severity)s, %(mode)s, revision %(revision)d",
            {
                "incident_id": incident.incident_id,
                "rule": incident.rule,
                "severity": incident.severity,
                "mode": incident.mode,
                "revision": incident.revision,
            },
        )
    logger.debug(
        "a batch: %(records)d records, %(incidents)d incidents, %(dead_letters)d dead letters, "
        "%(worked_seconds).3f s of work, %(waited_seconds).3f s of waiting",
        {
            "records": sum(sum(outcome.event_counts.values()) for outcome in outcomes),
            "incidents": sum(len(outcome.incidents) for outcome in outcomes),
            "dead_letters": sum(len(outcome.dead_letters) for outcome in outcomes),
            "worked_seconds": round(sum(sum(outcome.stage_seconds.values()) for outcome in outcomes), 6),
            "waited_seconds": round(sum(sum(outcome.wait_seconds.values()) for outcome in outcomes), 6),
        },
    )


def _failed(record: RawRecord, error: Exception) -> Outcome:
    logger.error(
        "a record cannot be judged and is put aside: %(error)s (%(topic)s/%(partition)s, offset %(offset)s)",
        {"error": culprit(error), **_place(record.source)},
    )
    letter = DeadLetter(
        record=record,
        reason=Reason.RULE_ERROR,
        detail=f"judging this record failed with {type(error).__name__}: {error}",
        failed_at=datetime.now(UTC),
    )
    return Outcome(incidents=[], dead_letters=[letter], event_counts={("unknown", Reason.RULE_ERROR.value): 1})
