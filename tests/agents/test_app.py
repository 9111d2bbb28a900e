"""The Faust app: which agents there are, and that a batch is confirmed only once it was carried to its end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from agents.app import WorkerApp, build_app
from agents.budget import Budget
from agents.consumer import Batch, BatchConsumer, OffsetRange, OffsetTracker
from agents.settings import Settings
from models.events import TOPICS
from models.records import RawRecord
from tests.agents.helpers import health, record

PARTITION = TP("activity.messages", 0)


class Run:
    """An agent that gets batches of one record each, and what becomes of them."""

    def __init__(self, *answers: bool | Exception) -> None:
        self._answers = answers
        self.carried: list[Sequence[RawRecord]] = []
        self.committed: dict[TP, int] = {}
        self.crash: BaseException | None = None

    def __call__(self) -> "Run":
        asyncio.run(self._run())
        return self

    async def _run(self) -> None:
        answers = iter(self._answers)

        async def process(records: Sequence[RawRecord], _: object) -> bool:
            self.carried.append(records)
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        async def crash(reason: BaseException) -> None:
            self.crash = reason

        app = build_app(Settings(), process, health(), Budget())
        offset_tracker = OffsetTracker()
        batches = [
            Batch([record(offset)], [OffsetRange(PARTITION, offset + 1)]) for offset in range(len(self._answers))
        ]
        for batch in batches:
            offset_tracker.hand_over(batch)
        app.consumer = SimpleNamespace(confirm=offset_tracker.confirm)  # type: ignore[assignment]
        app.crash = crash  # type: ignore[method-assign]

        class Stream:
            async def events(self) -> AsyncIterator[Any]:
                for batch in batches:
                    yield SimpleNamespace(value=batch)

        await app.agents["activity"].fun(Stream())
        self.committed = offset_tracker.to_commit()


def test_what_was_carried_to_its_end_may_be_committed() -> None:
    assert Run(True, True)().committed == {PARTITION: 2}


def test_a_worker_that_stops_confirms_nothing_more_and_takes_nothing_more() -> None:
    run = Run(True, False, True)()
    assert run.committed == {PARTITION: 1}
    assert len(run.carried) == 2
    assert run.crash is None


def test_an_exception_ends_the_worker_rather_than_lose_the_batch() -> None:
    run = Run(True, RuntimeError("a bug"), True)()
    assert run.committed == {PARTITION: 1}
    assert len(run.carried) == 2
    assert isinstance(run.crash, RuntimeError)


@pytest.fixture
def app() -> WorkerApp:
    async def build() -> WorkerApp:
        async def process(*_: object) -> bool:
            return True

        return build_app(
            Settings(topic_prefix="p.", batch_max_records=7, batch_max_seconds=0.5), process, health(), Budget()
        )

    return asyncio.run(build())


def test_there_is_one_agent_for_all_topics_and_faust_acknowledges_nothing_itself(app: WorkerApp) -> None:
    [agent] = app.agents.values()
    channel: Any = agent.channel
    assert set(channel.topics) == {f"p.{topic}" for topic in TOPICS}
    assert channel.acks is False
    # more would judge side by side what happened one after the other
    assert agent.concurrency == 1


def test_it_reads_by_our_consumer_in_batches_of_the_wanted_size(app: WorkerApp) -> None:
    async def build() -> None:
        assert isinstance(app.consumer, BatchConsumer)

    asyncio.run(build())
    assert app.conf.broker_max_poll_records == 7
    assert app.linger_seconds == 0.5


def test_the_producer_waits_for_all_replicas_and_not_for_twenty_minutes(app: WorkerApp) -> None:
    assert app.conf.producer_acks == -1
    assert app.conf.producer_request_timeout <= 30
