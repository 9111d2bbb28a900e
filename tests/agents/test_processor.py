"""One batch through a worker: never lost, never half published, never spinning, whatever fails on the way."""

import asyncio
import gc
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import pytest
from msgspec.structs import replace

from agents.budget import LEAST, Budget
from agents.health import Health
from agents.logs import JsonFormatter
from agents.metrics import Metrics
from agents.processor import ATTEMPTS, BatchProcessor
from agents.publishing import Publisher
from engine.engine import ReadBatch
from engine.outcome import Outcome
from models.records import RawRecord
from state.errors import StateUnavailable
from tests.agents.helpers import (
    FakeProducer,
    HastyBackOff,
    ReadsNothing,
    gauges,
    health,
    incident,
    outcome,
    record,
)
from tests.servers import LONG_ENOUGH

Judge = Callable[[Sequence[RawRecord]], Outcome]


class FakeEngine(ReadsNothing):
    def __init__(
        self, judge: Callable[[Sequence[RawRecord]], Awaitable[Outcome]], pings: list[bool] | None = None
    ) -> None:
        self._judge = judge
        self._pings = [] if pings is None else pings

    async def process(self, records: Sequence[RawRecord]) -> Outcome:
        return await self._judge(records)

    async def ping(self) -> None:
        if self._pings and not self._pings.pop(0):
            raise StateUnavailable("TimeoutError", "no answer")


class Worker:
    """A processor over a fake engine and a fake producer, with all that they touch."""

    def __init__(self, judge: Judge, *, stop_after: int | None = None, prefix: str = "") -> None:
        self.metrics, self.health, self.producer = Metrics(), health(), FakeProducer()
        self.back_off = HastyBackOff(stop_after)
        self.budget = Budget()
        self.batches: list[int] = []
        self.pings: list[bool] = []
        """Whether Redis answers the next ones; afterwards it does."""

        async def process(records: Sequence[RawRecord]) -> Outcome:
            self.batches.append(len(records))
            return judge(records)

        publisher = Publisher(self.producer, metrics=self.metrics, health=self.health, back_off=self.back_off)
        self.processor = BatchProcessor(
            FakeEngine(process, self.pings),
            publisher,
            metrics=self.metrics,
            health=self.health,
            back_off=self.back_off,
            budget=self.budget,
            topic_prefix=prefix,
        )

    def process(self, *records: RawRecord) -> bool:
        return asyncio.run(self.processor.process(records))

    @property
    def published(self) -> list[tuple[str, bytes | None]]:
        return [(topic, key) for topic, key, _, _ in self.producer.confirmed]


def fine(records: Sequence[RawRecord]) -> Outcome:
    return outcome(*(incident(str(r.source.offset)) for r in records if r.source), events=len(records))


def test_a_batch_is_judged_published_and_counted() -> None:
    worker = Worker(fine, prefix="test.")
    assert worker.process(record(0), record(1))
    assert worker.published == [("test.incidents", b"anna"), ("test.incidents", b"anna")]
    samples = gauges(worker.metrics)
    assert samples['twinwatch_events_total{outcome="accepted",type="message"}'] == 2
    assert samples['twinwatch_incidents_total{mode="live",rule="mass_messaging",severity="medium"}'] == 2


def test_verdicts_and_what_they_silence_are_counted() -> None:
    def judge(records: Sequence[RawRecord]) -> Outcome:
        counts = {("mass_messaging", "upheld", "warned"): 2, ("unknown", "dismissed", "none"): 1}
        return replace(fine([]), verdict_counts=counts, silenced={"copied_post": 3})

    worker = Worker(judge)
    assert worker.process(record(0), record(1))
    samples = gauges(worker.metrics)
    assert samples['twinwatch_verdicts_total{action="warned",rule="mass_messaging",verdict="upheld"}'] == 2
    assert samples['twinwatch_verdicts_total{action="none",rule="unknown",verdict="dismissed"}'] == 1
    assert samples['twinwatch_silenced_findings_total{rule="copied_post"}'] == 3


def test_what_was_cut_or_shadowed_and_conflicting_ids_are_counted_and_said(caplog: pytest.LogCaptureFixture) -> None:
    def judge(records: Sequence[RawRecord]) -> Outcome:
        return replace(
            fine([]),
            cut={"harassment": 2},
            cut_observations={"members": 5, "boilerplate": 4},
            shadowed={("copied_post", "daily_cap"): 3},
            conflicting=[records[0].source, None],
        )

    worker = Worker(judge)
    assert worker.process(record(0))
    samples = gauges(worker.metrics)
    assert samples['twinwatch_cut_findings_total{rule="harassment"}'] == 2
    assert samples['twinwatch_cut_observations_total{limit="members"}'] == 5
    assert samples['twinwatch_cut_observations_total{limit="boilerplate"}'] == 4
    assert samples['twinwatch_shadowed_findings_total{reason="daily_cap",rule="copied_post"}'] == 3
    assert samples["twinwatch_conflicting_event_ids_total"] == 2
    lines = [json.loads(JsonFormatter().format(one)) for one in caplog.records if one.levelname == "WARNING"]
    source = record(0).source
    assert source is not None
    fields = ("events", "topic", "partition", "offset", "findings", "rule", "reason")
    assert [{name: line[name] for name in fields if name in line} for line in lines] == [
        {"events": 2, "topic": source.topic, "partition": source.partition, "offset": source.offset},
        {"findings": 2, "rule": "harassment"},
        {"findings": 3, "rule": "copied_post", "reason": "daily_cap"},
    ]
    assert lines[0]["message"].startswith("2 events carry an event_id that another event has carried, one of them at ")
    assert lines[1]["message"].startswith("2 findings of harassment were not told")
    assert lines[2]["message"] == "3 findings of copied_post, a live rule, were told in shadow: daily_cap"


def test_a_batch_is_one_line_at_debug_and_an_incident_one_at_info_with_counts_and_no_data(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "agents.processor")
    assert Worker(fine).process(record(0), record(1))
    told = [(one.levelname, one.getMessage()) for one in caplog.records if one.name == "agents.processor"]
    assert told[:-1] == [("INFO", f"incident {name}: mass_messaging, medium, live, revision 1") for name in ("0", "1")]
    level, line = told[-1]
    assert level == "DEBUG"
    assert line.startswith("a batch: 2 records, 2 incidents, 0 dead letters, ")
    assert "anna" not in caplog.text


def test_a_batch_that_was_judged_in_parts_is_one_line_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    def judge(records: Sequence[RawRecord]) -> Outcome:
        if len(records) > 1:
            raise ValueError
        return replace(fine(records), shadowed={("copied_post", "daily_cap"): 1})

    caplog.set_level(logging.DEBUG, "agents.processor")
    assert Worker(judge).process(record(0), record(1), record(2))
    lines = [json.loads(JsonFormatter().format(one)) for one in caplog.records]
    (batch,) = (line for line in lines if line["level"] == "debug")
    assert (batch["records"], batch["incidents"], batch["dead_letters"]) == (3, 3, 0)
    (shadowed,) = (line for line in lines if line["level"] == "warning")
    assert shadowed["findings"] == 3


def test_a_redis_outage_is_waited_out_with_the_whole_batch() -> None:
    answers = iter([False, False, True])

    def judge(records: Sequence[RawRecord]) -> Outcome:
        if not next(answers):
            raise StateUnavailable("ConnectionError", "refused")
        return fine(records)

    worker = Worker(judge)
    assert worker.process(record(0), record(1))
    assert worker.batches == [2, 2, 2]
    assert worker.health.why_not_ready() == ["Kafka has not assigned partitions yet"]
    assert gauges(worker.metrics)['twinwatch_redis_errors_total{kind="ConnectionError"}'] == 2


def test_during_an_outage_the_worker_says_so_and_confirms_nothing_when_it_is_stopped() -> None:
    def judge(records: Sequence[RawRecord]) -> Outcome:
        raise StateUnavailable("TimeoutError", "no answer")

    worker = Worker(judge, stop_after=3)
    worker.pings += [False] * 3
    assert not worker.process(record(0))
    assert "Redis does not answer: TimeoutError" in worker.health.why_not_ready()
    assert worker.published == []


def too_slow_for(*heavy: int, more_than: int = 0) -> Judge:
    """Redis takes too long for these records, and for more than so many at once."""

    def judge(records: Sequence[RawRecord]) -> Outcome:
        found = [r for r in records if r.source and r.source.offset in heavy]
        if found or (more_than and len(records) > more_than):
            raise StateUnavailable("TimeoutError", "Timeout reading from socket")
        return fine(records)

    return judge


def test_a_batch_for_which_a_redis_that_works_is_too_slow_is_halved() -> None:
    worker = Worker(too_slow_for(more_than=2))
    assert worker.process(*(record(offset) for offset in range(8)))
    assert worker.batches == [8, 4, 2, 2, 4, 2, 2]
    assert {topic for topic, _ in worker.published} == {"incidents"}
    assert len(worker.published) == 8
    assert worker.health.outages == []
    assert gauges(worker.metrics)['twinwatch_batch_retries_total{cause="bisection"}'] == 3


def test_after_a_time_out_nothing_is_asked_of_redis_before_it_answers_a_ping() -> None:
    """A script that was given up may still be running, and more of them would only stand behind it."""
    worker = Worker(too_slow_for(more_than=1))
    worker.pings += [False] * 7
    assert worker.process(record(0), record(1))
    assert worker.batches == [2, 1, 1]
    assert worker.pings == []


def test_one_record_for_which_redis_is_always_too_slow_is_put_aside_after_some_attempts() -> None:
    worker = Worker(too_slow_for(2))
    assert worker.process(*(record(offset) for offset in range(4)))
    assert worker.batches == [4, 2, 2, *[1] * ATTEMPTS, 1]
    [letter] = [headers for topic, _, _, headers in worker.producer.confirmed if topic == "activity.dead-letters"]
    assert dict(letter)["reason"] == b"rule_error"
    assert b"Redis did not answer in time, 10 times, and works" in dict(letter)["detail"]
    assert dict(letter)["source_offset"] == b"2"
    assert len(worker.published) == 4
    assert worker.health.outages == []


def test_a_record_that_comes_through_once_is_judged() -> None:
    answers = iter([False] * (ATTEMPTS - 1) + [True])

    def judge(records: Sequence[RawRecord]) -> Outcome:
        if not next(answers):
            raise StateUnavailable("TimeoutError", "Timeout reading from socket")
        return fine(records)

    worker = Worker(judge)
    assert worker.process(record(0))
    assert worker.published == [("incidents", b"anna")]


@pytest.mark.parametrize("kind", ["ConnectionError", "OutOfMemoryError", "ReadOnlyError", "BusyLoadingError"])
def test_no_other_trouble_of_redis_puts_a_record_aside(kind: str) -> None:
    def judge(records: Sequence[RawRecord]) -> Outcome:
        raise StateUnavailable(kind, "while PING works")

    worker = Worker(judge, stop_after=5 * ATTEMPTS)
    assert not worker.process(record(0), record(1))
    assert worker.batches == [2] * 5 * ATTEMPTS
    assert worker.published == []


def test_a_worker_begins_with_small_batches_grows_and_begins_anew_after_a_failure() -> None:
    answers = iter([True, True, False, True])

    def judge(records: Sequence[RawRecord]) -> Outcome:
        if not next(answers):
            raise StateUnavailable("ConnectionError", "refused")
        return fine(records)

    worker = Worker(judge)
    large = record(0, b" " * LEAST)
    costs = [worker.budget.cost]
    for _ in range(3):
        worker.process(large)
        costs.append(worker.budget.cost)
    assert costs == [LEAST, 2 * LEAST, 4 * LEAST, 2 * LEAST]


@pytest.mark.parametrize("poison", range(7))
def test_a_record_that_breaks_the_engine_is_put_aside_alone(poison: int) -> None:
    def judge(records: Sequence[RawRecord]) -> Outcome:
        if any(r.source and r.source.offset == poison for r in records):
            raise ZeroDivisionError("secret text")
        return fine(records)

    worker = Worker(judge)
    assert worker.process(*(record(offset) for offset in range(7)))
    letters = [headers for topic, _, _, headers in worker.producer.confirmed if topic == "activity.dead-letters"]
    assert len(letters) == 1
    assert dict(letters[0])["reason"] == b"rule_error"
    assert dict(letters[0])["source_offset"] == str(poison).encode()
    incidents = [value for topic, _, value, _ in worker.producer.confirmed if topic == "incidents"]
    found = sorted(json.loads(value or b"")["incident_id"] for value in incidents)
    assert found == [str(offset) for offset in range(7) if offset != poison]


def test_what_an_exception_says_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    def judge(records: Sequence[RawRecord]) -> Outcome:
        raise ValueError("secret text of a member")

    Worker(judge).process(record(0))
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_a_batch_that_kafka_has_not_confirmed_is_not_done() -> None:
    class Refusing(FakeProducer):
        def refuse(self, topic: str, value: bytes | None) -> Exception | None:
            return ConnectionError("no broker")

    worker = Worker(fine, stop_after=4)
    worker.processor._publisher._producer = Refusing()
    assert not worker.process(record(0))
    assert gauges(worker.metrics).get('twinwatch_events_total{outcome="accepted",type="message"}') is None


def test_nothing_is_begun_once_the_worker_stops() -> None:
    worker = Worker(fine)
    worker.back_off.stopping.set()
    assert not worker.process(record(0))
    assert worker.batches == []


def test_finish_waits_for_the_batch_under_way_and_not_for_ever() -> None:
    async def run() -> list[bool]:
        worker = Worker(fine)
        release = asyncio.Event()

        async def slowly(records: Sequence[RawRecord]) -> Outcome:
            await release.wait()
            return fine(records)

        worker.processor._engine = FakeEngine(slowly)
        carrying = asyncio.create_task(worker.processor.process([record(0)]))
        await asyncio.sleep(0)
        results = [await worker.processor.finish(0.01)]
        release.set()
        results.append(await worker.processor.finish(LONG_ENOUGH))
        results.append(await carrying)
        return results

    assert asyncio.run(run()) == [False, True, True]


def test_progress_is_told_only_when_all_is_confirmed() -> None:
    seen: list[int] = []

    class Watching(Health):
        def progress(self, records: Sequence[RawRecord]) -> None:
            seen.append(len(records))

    worker = Worker(fine)
    worker.processor._health = Watching(stall_seconds=1)
    worker.process(record(0), record(1))
    assert seen == [2]


class ReadingEngine(FakeEngine):
    """One that reads ahead; what it makes of a batch is only that."""

    def __init__(self, judge: Judge, fails: list[Exception]) -> None:
        async def process(records: Sequence[RawRecord]) -> Outcome:
            self.steps.append("process")
            return judge(records)

        super().__init__(process)
        self.fails = fails
        self.steps: list[str] = []

    async def read(self, records: Sequence[RawRecord]) -> ReadBatch:
        self.steps.append("read")
        if self.fails and not isinstance(self.fails[0], StateUnavailable):
            raise self.fails.pop(0)
        return cast(ReadBatch, records)

    async def judge(self, read: ReadBatch) -> Outcome:
        self.steps.append("judge")
        if self.fails:
            raise self.fails.pop(0)
        return await self._judge(cast(Sequence[RawRecord], read))


@pytest.mark.parametrize(
    ("fails", "steps"),
    [
        ([], ["read", "judge", "process"]),
        ([StateUnavailable("ConnectionError", "refused")], ["read", "judge", "process"]),
        # as any batch that fails: in halves
        ([ValueError("in the engine")], ["read", "process", "process"]),
    ],
)
def test_a_batch_that_was_read_ahead_is_judged_once_and_read_again_where_that_fails(
    fails: list[Exception], steps: list[str]
) -> None:
    worker = Worker(fine)
    engine = worker.processor._engine = ReadingEngine(fine, fails)

    async def run() -> bool:
        batch = [record(0), record(1)]
        return await worker.processor.process(batch, worker.processor.read_ahead(batch))

    assert asyncio.run(run())
    assert engine.steps == steps
    assert len(worker.published) == 2


def test_nobody_hears_of_a_batch_that_was_read_and_taken_away(caplog: pytest.LogCaptureFixture) -> None:
    """Its partitions went to another worker, which reads it again."""
    worker = Worker(fine)
    worker.processor._engine = ReadingEngine(fine, [ValueError("in the engine")])

    async def run() -> None:
        worker.processor.read_ahead([record(0)])
        await asyncio.sleep(0)
        gc.collect()

    asyncio.run(run())
    assert not caplog.records
