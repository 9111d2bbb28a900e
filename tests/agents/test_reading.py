"""The consumer between Kafka and the agents, over a thread of aiokafka's that only pretends."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from time import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import NodeNotReadyError, TopicAuthorizationFailedError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import TopicPartition
from faust.types import TP

from agents.app import build_app
from agents.budget import Budget, cost_of
from agents.clock import ClockWatch
from agents.consumer import (
    _FILL_SECONDS,
    PRODUCERS_BACK_SECONDS,
    AnswerLog,
    Batch,
    BatchConsumer,
    GroupLost,
    _ConsumerThread,
    _has_more,
)
from agents.fetching import Unreadable
from agents.lag import Standing
from agents.order import Merge
from agents.settings import Settings
from agents.throttle import Reached
from models.records import RawRecord
from tests.agents.helpers import Clock, health
from tests.servers import LONG_ENOUGH

START_MICROSECONDS = 1_767_225_600_000_000
A, B, OTHER = TP("activity.messages", 0), TP("activity.messages", 1), TP("activity.comments", 0)
Fetched = Mapping[TP, Sequence[int]]


def event_at(minute: int) -> bytes:
    """What is at an offset: something that happened in that minute."""
    return b'{"occurred_at": "2026-01-01T00:00:00Z"}'.replace(b"00:00:00Z", b"%02d:%02d:00Z" % divmod(minute, 60))


class FakeThread:
    """Gives what the test wants, and keeps what is committed."""

    def __init__(self) -> None:
        self.fetches: list[Fetched | Exception] = []
        self.behind: frozenset[TP] = frozenset()
        self.positions: dict[TP, int] = {}
        self.answered = {A: 1, B: 1, OTHER: 1}
        self.written_at: dict[int, float] = {}
        self.unreadable: dict[TP, Unreadable] = {}
        self.asked: list[set[TP]] = []
        self.before_fetch: Callable[[], Awaitable[None]] | None = None
        self.taken: list[dict[TP, int]] = []
        self.takes_commits = True
        self.seeks = 0

    @property
    def heard(self) -> dict[TP, int]:
        return self.answered

    async def getmany(self, partitions: set[TP], timeout: float) -> dict[TopicPartition, list[Any]]:
        self.asked.append(partitions)
        if self.before_fetch:
            await self.before_fetch()
        fetched = self.fetches.pop(0)
        if isinstance(fetched, Exception):
            raise fetched
        return {
            TopicPartition(*tp): [
                SimpleNamespace(
                    topic=tp.topic,
                    partition=tp.partition,
                    offset=offset,
                    headers=(),
                    key=None,
                    value=event_at(offset),
                    timestamp=int(self.written_at.get(offset, 0) * 1_000),
                )
                for offset in offsets
            ]
            for tp, offsets in fetched.items()
        }

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        if self.takes_commits:
            self.taken.append(dict(offsets))
        return self.takes_commits

    async def seek_to_committed(self) -> dict[TP, int]:
        self.seeks += 1
        return {}


class Reading:
    """A consumer with a fake thread, and the batches that came to the agents."""

    def __init__(self) -> None:
        async def process(*_: object) -> bool:
            return True

        self.app = build_app(Settings(), process, health(), Budget())
        self.consumer: BatchConsumer = self.app.batches
        self.thread = FakeThread()
        self.consumer._thread = self.thread  # type: ignore[assignment]
        self.consumer.resume_flow()
        self.consumer._in_place = True
        self.app.linger_seconds = 0.0
        self.batches: list[Batch] = []

        async def deliver(message: Any) -> None:
            self.batches.append(message.value)

        self.consumer.callback = deliver

    async def read(self, *fetches: Fetched | Exception) -> int:
        self.thread.fetches += fetches
        return sum([await self.consumer._read({A, B, OTHER}) for _ in fetches])


def offsets(batch: Batch) -> list[tuple[int, int]]:
    return [(r.source.partition, r.source.offset) for r in batch.records if r.source]


def test_a_batch_holds_records_of_all_topics_in_the_order_of_their_time() -> None:
    async def run() -> None:
        reading = Reading()
        assert await reading.read({A: [3, 8], OTHER: [4], B: [7]}) == 4
        [batch] = reading.batches
        assert offsets(batch) == [(0, 3), (0, 4), (1, 7), (0, 8)]
        assert {(s.partition, s.end) for s in batch.offset_ranges} == {(A, 9), (B, 8), (OTHER, 5)}
        source = batch.records[1].source
        assert source is not None
        assert source.topic == "activity.comments"
        assert batch.records[1].value == event_at(4)

    asyncio.run(run())


def test_what_is_known_to_be_missing_is_asked_for_and_waited_for() -> None:
    async def run() -> None:
        reading = Reading()
        reading.thread.behind = frozenset([A, OTHER])
        assert await reading.read({A: [30, 31]}) == 0
        assert reading.consumer.standing(A) is None, "nothing is known"
        reading.thread.behind = frozenset()
        assert await reading.read({OTHER: [3]}) == 3
        # and the others too: aiokafka asks their brokers for nothing while it has records of theirs for us
        assert reading.thread.asked == [{A, B, OTHER}, {A, B, OTHER}]
        assert offsets(reading.batches[0]) == [(0, 3), (0, 30), (0, 31)]

    asyncio.run(run())


def test_a_batch_fills_while_another_is_judged() -> None:
    async def run() -> None:
        reading = Reading()
        reading.app.linger_seconds = LONG_ENOUGH
        assert await reading.read({A: [1]}) == 1, "who has nothing to do waits for no more"
        assert await reading.read({A: [2]}, {B: [3]}, {}) == 0
        reading.consumer.confirm(reading.batches[0])
        await asyncio.sleep(_FILL_SECONDS)
        assert await reading.read({OTHER: [4]}) == 3
        assert [offsets(batch) for batch in reading.batches] == [[(0, 1)], [(0, 2), (1, 3), (0, 4)]]

    asyncio.run(run())


def test_small_batches_do_not_follow_each_other_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.consumer._FILL_SECONDS", LONG_ENOUGH)

    async def run() -> None:
        reading = Reading()
        reading.app.linger_seconds = LONG_ENOUGH
        await reading.read({A: [1]})
        reading.consumer.confirm(reading.batches[0])
        assert await reading.read({A: [2]}) == 0
        reading.app.linger_seconds = 0.0
        assert await reading.read({}) == 1, "the setting is the longest wait"

    asyncio.run(run())


@pytest.mark.parametrize("full_by", ["cost", "number"])
def test_a_full_batch_waits_for_no_other(full_by: str) -> None:
    async def run() -> None:
        reading = Reading()
        reading.app.linger_seconds = LONG_ENOUGH
        if full_by == "cost":
            reading.app.budget.cost = 2 * cost_of(RawRecord(event_at(0), None))
        else:
            reading.app.conf.broker_max_poll_records = 2
        await reading.read({A: [1]})
        assert await reading.read({A: [2]}) == 0
        assert await reading.read({B: [3]}) == 2
        assert await reading.read({B: [4]}) == 0, "what was handed over no longer counts"

    asyncio.run(run())


def test_who_may_judge_more_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.consumer._HELD_SECONDS", LONG_ENOUGH)

    async def run() -> None:
        reading = Reading()
        bounds = [0, None]
        waits = asyncio.Event()

        async def wait() -> None:
            if len(reading.thread.asked) == 1:
                waits.set()

        reading.thread.before_fetch = wait
        reading.thread.fetches = [{A: [1]}, *[{} for _ in range(1_000)]]
        reading.app.throttle = cast(Any, SimpleNamespace(until=lambda: bounds[0], given_up=frozenset))
        reading.consumer._active_partitions = {A, B, OTHER}
        draining = asyncio.create_task(reading.consumer._drain_messages(SimpleNamespace(should_stop=False)))
        await waits.wait()
        await asyncio.sleep(0.05)
        assert reading.batches == []
        assert len(reading.thread.asked) == 1
        del bounds[0]
        reading.consumer.look()
        async with asyncio.timeout(LONG_ENOUGH / 2):
            while not reading.batches:
                await asyncio.sleep(0.01)
        draining.cancel()
        await asyncio.wait([draining])

    asyncio.run(run())


@pytest.mark.parametrize("why", ["no partitions", "an error"])
def test_who_gets_nothing_does_not_ask_again_at_once(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    monkeypatch.setattr("agents.consumer._HELD_SECONDS", LONG_ENOUGH)

    async def run() -> None:
        reading, reads = Reading(), 0
        read = reading.consumer._read

        async def count(partitions: set[TP]) -> int:
            nonlocal reads
            reads += 1
            await asyncio.sleep(0)  # who asks all the time would let nobody else do anything
            return await read(partitions)

        reading.consumer._read = count  # type: ignore[method-assign]
        reading.thread.fetches = [TopicAuthorizationFailedError() for _ in range(1_000)]
        reading.consumer._active_partitions = {A} if why == "an error" else set()
        draining = asyncio.create_task(reading.consumer._drain_messages(SimpleNamespace(should_stop=False)))
        await asyncio.sleep(0.1)
        draining.cancel()
        await asyncio.wait([draining])
        assert reads == 1

    asyncio.run(run())


def test_what_was_read_to_its_end_is_waited_for_when_it_answers_no_more() -> None:
    async def run() -> None:
        reading = Reading()
        assert await reading.read({OTHER: [3]}) == 1
        # a broker of two has gone: what it had told of was read, and what came since nobody knows
        reading.thread.answered = {A: 2, B: 2, OTHER: 1}
        assert await reading.read({A: [30]}) == 0
        assert set(reading.app.health._awaited) == {("activity.comments", 0)}
        reading.thread.answered = {A: 3, B: 3, OTHER: 3}
        assert await reading.read({OTHER: [4]}) == 2
        assert offsets(reading.batches[1]) == [(0, 4), (0, 30)]

    asyncio.run(run())


def test_only_what_is_confirmed_is_committed_and_again_until_kafka_takes_it() -> None:
    async def run() -> None:
        reading = Reading()
        await reading.read({A: [0, 1]}, {A: [2]})
        assert reading.consumer.reached.moment == START_MICROSECONDS
        assert not await reading.consumer.force_commit()
        reading.thread.takes_commits = False
        reading.consumer.confirm(reading.batches[0])
        assert not await reading.consumer.force_commit()
        reading.thread.takes_commits = True
        assert await reading.consumer.force_commit()
        assert not await reading.consumer.force_commit()
        assert reading.thread.taken == [{A: 2}]
        assert reading.consumer.oldest_unconfirmed is not None

    asyncio.run(run())


def test_a_batch_costs_no_more_than_the_budget_allows() -> None:
    async def run() -> None:
        reading = Reading()
        each = cost_of(RawRecord(event_at(0), None))
        reading.app.budget.cost = 2 * each
        await reading.read({A: [0, 1, 2, 3]}, {})
        reading.app.budget.cost = 10 * each
        reading.consumer.confirm(reading.batches[0])
        await reading.read({A: [4]})
        assert [len(batch.records) for batch in reading.batches] == [2, 2, 1]

    asyncio.run(run())


def test_who_reads_on_all_the_same_says_of_each_record_what_was_missing(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        reading, clock = Reading(), Clock()
        reading.app.topic_prefix = "activity."
        reading.consumer._merge = Merge(clock, read_on_seconds=60)
        reading.thread.behind = frozenset([OTHER])
        assert await reading.read({A: [30]}, {}) == 0
        clock.now += 60
        assert await reading.read({}) == 1
        reading.thread.behind = frozenset()
        assert await reading.read({OTHER: [29]}) == 1
        assert [record.without for batch in reading.batches for record in batch.records] == [
            frozenset(["comments"]),
            frozenset(),
        ]

    asyncio.run(run())
    assert "reading on without comments, of which not all is here" in caplog.messages


def test_what_other_workers_have_not_judged_may_be_missing_too() -> None:
    class Impatient:
        def until(self) -> None:
            return None

        def given_up(self) -> frozenset[str]:
            return frozenset(["activity.comments/7"])

    async def run() -> None:
        reading = Reading()
        reading.app.throttle = cast(Any, Impatient())
        assert await reading.read({A: [30]}) == 1
        assert reading.batches[0].records[0].without == {"activity.comments"}

    asyncio.run(run())


def test_it_has_come_nowhere_until_it_has_gone_back_to_what_is_committed_of_its_new_partitions() -> None:
    async def run() -> None:
        reading = Reading()
        reading.thread.answered = dict.fromkeys((A, B, OTHER), int(time() * 1000))
        await reading.read({})
        assert reading.consumer.reached == Reached()
        reading.app.consumer_generation_id += 1
        assert reading.consumer.reached == Reached(0)
        assert await reading.read({A: [30]}) == 1
        assert reading.thread.seeks == 1
        assert reading.consumer.reached.moment == START_MICROSECONDS + 30 * 60_000_000

    asyncio.run(run())


@pytest.mark.parametrize("change", ["generation", "flow"])
def test_what_was_fetched_while_the_partitions_changed_is_not_handed_over(change: str) -> None:
    async def run() -> None:
        reading = Reading()

        async def rebalance() -> None:
            if change == "generation":
                reading.app.consumer_generation_id += 1
            else:
                reading.consumer.stop_flow()

        reading.thread.before_fetch = rebalance
        assert await reading.read({A: [3, 4]}) == 0
        assert reading.batches == []
        assert reading.consumer.oldest_unconfirmed is None
        # it is read again, from what is committed
        reading.thread.before_fetch = None
        reading.consumer.resume_flow()
        assert await reading.read({A: [3, 4]}) == 2
        assert reading.thread.seeks == 1
        assert [offsets(batch) for batch in reading.batches] == [[(0, 3), (0, 4)]]

    asyncio.run(run())


def test_a_batch_from_before_a_seek_is_not_committed_after_it() -> None:
    async def run() -> None:
        reading = Reading()
        await reading.read({A: [500, 501]})
        await reading.consumer.perform_seek()
        reading.consumer.confirm(reading.batches[0])
        assert not await reading.consumer.force_commit()
        await reading.read({A: [100, 101]})
        assert not await reading.consumer.force_commit()
        reading.consumer.confirm(reading.batches[1])
        assert await reading.consumer.force_commit()
        assert reading.thread.taken == [{A: 102}]

    asyncio.run(run())


def test_a_seek_waits_for_the_fetch_under_way() -> None:
    async def run() -> None:
        reading = Reading()
        go_on = asyncio.Event()

        async def wait() -> None:
            await go_on.wait()

        reading.thread.before_fetch = wait
        fetching = asyncio.create_task(reading.read({A: [5]}))
        await asyncio.sleep(0)
        seeking = asyncio.create_task(reading.consumer.perform_seek())
        await asyncio.sleep(0.01)
        assert reading.thread.seeks == 0
        go_on.set()
        await asyncio.gather(fetching, seeking)
        assert reading.thread.seeks == 1
        assert reading.consumer.oldest_unconfirmed is None

    asyncio.run(run())


def test_an_error_of_kafka_is_told_once_and_reading_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        reading = Reading()
        error = TopicAuthorizationFailedError()
        assert await reading.read(error, error, {A: [1]}, error) == 1

    asyncio.run(run())
    assert [r.message for r in caplog.records] == ["Kafka does not let us read: TopicAuthorizationFailedError"] * 2


class FakeKafkaConsumer:
    """What of aiokafka's consumer the thread looks at."""

    def __init__(self, *, lost: str = "", error: Exception | None = None) -> None:
        tasks: dict[str, asyncio.Future[None]] = {
            name: asyncio.get_running_loop().create_future() for name in ("coordination", "fetch")
        }
        if lost:
            tasks[lost].set_result(None)

        def check_errors() -> None:
            if error:
                raise error

        self._coordinator = SimpleNamespace(_coordination_task=tasks["coordination"], check_errors=check_errors)
        self._fetcher = SimpleNamespace(_fetch_task=tasks["fetch"])
        self.error = error

    async def commit(self, _: object) -> None:
        if self.error:
            raise self.error
        await asyncio.sleep(60)


def thread_over(consumer: FakeKafkaConsumer) -> _ConsumerThread:
    thread = _ConsumerThread.__new__(_ConsumerThread)
    thread.__dict__ |= {"_ensure_consumer": lambda: consumer, "assignment": lambda: {A}}
    thread._answers = AnswerLog(SimpleNamespace(_client=FakeClient()))
    thread.__dict__ |= {"_stopped": asyncio.Event(), "_crashed": asyncio.Event()}
    return thread


@pytest.mark.parametrize("lost", ["coordination", "fetch"])
def test_a_group_that_is_lost_for_good_or_a_fetcher_that_has_ended_ends_the_worker(lost: str) -> None:
    async def run() -> None:
        consumer = FakeKafkaConsumer(lost=lost)
        with pytest.raises(GroupLost):
            await thread_over(consumer)._fetch_records(consumer, {A})

    asyncio.run(run())


def test_errors_of_the_group_are_taken_off_it() -> None:
    async def run() -> None:
        consumer = FakeKafkaConsumer(error=TopicAuthorizationFailedError())
        with pytest.raises(TopicAuthorizationFailedError):
            await thread_over(consumer)._fetch_records(consumer, {A})

    asyncio.run(run())


@pytest.mark.parametrize("error", [TopicAuthorizationFailedError(), None])
def test_a_commit_that_fails_or_hangs_is_no_crash(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> None:
    monkeypatch.setattr("agents.consumer._COMMIT_SECONDS", 0.05)

    async def run() -> None:
        assert await thread_over(FakeKafkaConsumer(error=error))._commit({A: 5}) is False

    asyncio.run(run())


def test_what_waits_of_a_partition_is_what_was_read_and_not_judged() -> None:
    async def run() -> None:
        reading = Reading()
        assert reading.consumer.standing(A) is None, "nothing is known"
        reading.thread.positions = {A: 5, B: 3}
        await reading.read({A: [3, 4]})
        reading.thread.behind = frozenset([OTHER])
        reading.thread.positions = {A: 7, B: 3}
        await reading.read({A: [6]})
        since = START_MICROSECONDS + 3 * 60_000_000
        assert reading.consumer.standing(A) == Standing(position=7, waiting=3, since=since)
        assert reading.consumer.standing(B) == Standing(position=3, waiting=0, since=None)
        reading.consumer.confirm(reading.batches[0])
        assert reading.consumer.standing(A) == Standing(position=7, waiting=1, since=since + 3 * 60_000_000)
        await reading.consumer.perform_seek()
        assert reading.consumer.standing(A) is None

    asyncio.run(run())


def test_what_is_no_record_is_committed_with_the_records_before_it_and_not_sooner() -> None:
    async def run() -> None:
        reading = Reading()
        # the mark that ends a transaction stands at 2, the records of an aborted one at 3 and 4 with their mark
        reading.thread.positions = {A: 3}
        await reading.read({A: [0, 1]})
        assert not await reading.consumer.force_commit()
        reading.consumer.confirm(reading.batches[0])
        reading.thread.positions = {A: 6}
        await reading.read({})
        assert await reading.consumer.force_commit()
        reading.thread.behind = frozenset([OTHER])
        reading.thread.positions = {A: 8}
        await reading.read({A: [6]})
        assert not await reading.consumer.force_commit(), "what waits to be handed over is not judged"
        reading.thread.behind = frozenset()
        await reading.read({OTHER: [5]})
        assert not await reading.consumer.force_commit(), "what was handed over is not judged yet"
        reading.consumer.confirm(reading.batches[1])
        assert await reading.consumer.force_commit()
        assert not await reading.consumer.force_commit()
        assert reading.thread.taken == [{A: 6}, {A: 8, OTHER: 6}]

    asyncio.run(run())


def test_while_our_clock_is_wrong_what_is_from_the_future_waits_and_is_read_again_once_it_is_right() -> None:
    async def run() -> None:
        reading = Reading()
        now = START_MICROSECONDS / 1_000_000 + 60
        reading.consumer.clock = ClockWatch(300, lambda: now)
        reading.consumer._merge = Merge(wall_clock=lambda: now)
        reading.thread.written_at = {20: now + 20 * 60, 21: now + 20 * 60}
        assert await reading.read({A: [0, 20, 21], B: [0]}) == 2
        assert [offsets(batch) for batch in reading.batches] == [[(0, 0), (1, 0)]]
        assert await reading.read({}) == 0
        assert reading.consumer.clock.seconds_behind == 20 * 60
        assert reading.thread.seeks == 0
        now += 20 * 60
        assert await reading.read({A: [20, 21]}) == 2
        assert reading.thread.seeks == 1, "its order was that of a wrong clock"
        assert offsets(reading.batches[1]) == [(0, 20), (0, 21)]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("position", "stable", "more"),
    [(None, 5, True), (4, None, True), (4, 5, True), (5, 5, False), (6, 5, False), (10, 10, True)],
)
def test_a_partition_has_more_up_to_its_last_stable_offset_and_where_it_has_not_told(
    position: int | None, stable: int | None, more: bool
) -> None:
    state = SimpleNamespace(position=position, has_valid_position=position is not None, lso=stable, highwater=9)
    assert _has_more(state) is more


class FakeClient:
    """Answers fetches with an error of each partition (0 none), or not at all."""

    def __init__(self) -> None:
        self.errors: list[int] | None = []
        self.cluster = SimpleNamespace(partitions_for_broker={1: {TopicPartition(*OTHER)}}.get)

    async def send(self, node_id: int, request: Any) -> Any:
        if self.errors is None:
            raise NodeNotReadyError
        return SimpleNamespace(topics=[(A.topic, list(enumerate(self.errors)))])


def test_who_was_away_has_told_all_once_producers_had_time_to_come_back() -> None:
    client, moment = FakeClient(), 1_000.0
    log = AnswerLog(SimpleNamespace(_client=client), clock=lambda: moment)
    request = FetchRequest(100, 1, 1, 0, [(A.topic, [(0, 5, 1), (1, 5, 1)])])
    first, second = TopicPartition(*A), TopicPartition(*B)
    length = int(PRODUCERS_BACK_SECONDS * 1000)

    async def fetch(*errors: int, answers: bool = True) -> None:
        client.errors = list(errors) if answers else None
        with suppress(NodeNotReadyError):
            await cast(Any, client).send(1, request)

    asyncio.run(fetch(0, 0))
    assert (log.told(first, 0), log.told(first, 999_000)) == (0, 999_000)
    asyncio.run(fetch(answers=False))
    # what it told before it went away still holds as of then
    assert log.told(first, 999_000) == 999_000
    assert log.told(first, 1_000_000 + length - 1) == 1_000_000
    # what that broker has and was not asked for was away as well
    assert log.told(TopicPartition(*OTHER), 1_000_001) == 1_000_000
    moment = 1_002.0
    asyncio.run(fetch(0, 6))
    assert log.told(first, 1_000_000 + length) == 1_000_000 + length
    assert log.told(second, 1_000_000 + length) == 1_002_000
    assert log.told(second, 1_002_000 + length) == 1_002_000 + length
    assert log.told(second, 5) == 5
    # who starts with Kafka knows that it was away
    log = AnswerLog(SimpleNamespace(_client=client), lambda: 1_000.0, lambda: moment)
    answered = [log.told(first, 1_000_000 + told) for told in (-1, 0, length - 1, length)]
    assert answered == [999_999, 1_000_000, 1_000_000, 1_000_000 + length]


def test_a_fetch_that_waits_for_its_next_try_does_not_end_the_end_of_the_thread() -> None:
    """As while Kafka is gone: aiokafka's fetcher waits for what it has cancelled, and so is cancelled itself."""

    async def run() -> list[str]:
        waiting = asyncio.create_task(asyncio.sleep(LONG_ENOUGH))
        await asyncio.sleep(0)
        closed: list[str] = []
        fetcher: Any = SimpleNamespace(_fetch_task=waiting, _fetch_waiters=(), _pending_tasks={waiting})

        async def close() -> None:
            closed.append("client")

        async def stop() -> None:
            await Fetcher.close(fetcher)
            await close()

        thread = thread_over(FakeKafkaConsumer())
        thread.__dict__ |= {"_consumer": SimpleNamespace(stop=stop, _client=SimpleNamespace(close=close))}
        thread._method_queue = None
        await thread.on_thread_stop()
        return closed

    assert asyncio.run(run()) == ["client"]


def test_a_batch_is_begun_to_be_read_when_it_is_handed_over() -> None:
    """While the one before it may still be judged."""

    async def run() -> None:
        reading = Reading()
        begun: list[Sequence[RawRecord]] = []

        def read_ahead(records: Sequence[RawRecord]) -> Any:
            begun.append(records)
            return len(begun)

        reading.app.read_ahead = read_ahead
        assert await reading.read({A: [3, 4]}, {A: [5]}) == 3
        assert begun == [batch.records for batch in reading.batches]
        assert [cast(Any, batch.read) for batch in reading.batches] == [1, 2]

    asyncio.run(run())
