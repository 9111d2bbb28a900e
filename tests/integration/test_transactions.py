"""What was written in transactions, over a genuine Kafka: judged once it is committed, never where it was aborted."""

import asyncio
from collections.abc import Iterable

import pytest
from confluent_kafka import Producer

from agents.dead_letters import read_dead_letters
from agents.settings import load_settings
from agents.topics import DEAD_LETTERS
from models.events import TOPICS
from tests.integration.conftest import NewStage
from tests.integration.stage import Sent, Stage, Worker
from tests.integration.workload import copied_messages
from tests.servers import LONG_ENOUGH, eventually

pytestmark = pytest.mark.kafka

TOPIC = "activity.messages"


class Transaction:
    """One that is open, with these records written and flushed."""

    def __init__(self, stage: Stage, name: str, records: Iterable[Sent]) -> None:
        self._producer = Producer(
            {"bootstrap.servers": stage.bootstrap_servers, "transactional.id": f"{stage.group}-{name}", "log_level": 0}
        )
        self._producer.init_transactions(LONG_ENOUGH)
        self._producer.begin_transaction()
        for record in records:
            partition = 0 if record.partition is None else record.partition
            self._producer.produce(stage.prefix + record.topic, record.value, record.key, partition=partition)
        assert self._producer.flush(LONG_ENOUGH) == 0

    def commit(self) -> None:
        self._producer.commit_transaction(LONG_ENOUGH)

    def abort(self) -> None:
        self._producer.abort_transaction(LONG_ENOUGH)


def lag(stage: Stage, worker: Worker, what: str) -> list[float]:
    """The lag of every partition, in records or in seconds; empty before the group was looked at."""
    name = f"twinwatch_consumer_lag_{what}{{"
    return [value for sample, value in worker.metrics().items() if sample.startswith(name) and stage.prefix in sample]


def nothing_waits(stage: Stage, worker: Worker) -> bool:
    return all(lag(stage, worker, what) == [0] * len(TOPICS) for what in ("records", "seconds"))


def subjects(stage: Stage) -> set[str]:
    return {subject for _, subject, _ in stage.found().values()}


def test_what_was_committed_is_judged_what_was_aborted_is_not_and_marks_wait_for_nobody(
    new_genuine_stage: NewStage,
) -> None:
    stage = new_genuine_stage(1)
    worker = stage.start_worker(stall_seconds=10)
    Transaction(stage, "one", copied_messages("anna", 9)).commit()
    Transaction(stage, "two", copied_messages("mallory", 9)).abort()
    eventually(lambda: subjects(stage) == {"anna"}, what="the incident is found")
    # the marks are the last that stands in the partition
    stage.wait_until_judged()
    eventually(lambda: nothing_waits(stage, worker), what="nothing waits")
    stage.send(copied_messages("bruno", 9))
    Transaction(stage, "three", copied_messages("trent", 9)).abort()
    eventually(lambda: subjects(stage) == {"anna", "bruno"}, what="the next incident is found")
    stage.wait_until_judged()
    eventually(lambda: nothing_waits(stage, worker), what="nothing waits")
    assert worker.judged() == 18
    assert worker.runs
    assert worker.get("/live")[0] == 200


@pytest.mark.parametrize("end", ["commit", "abort"])
def test_an_open_transaction_keeps_back_its_partition_and_no_other_and_is_no_lag(
    new_genuine_stage: NewStage, end: str
) -> None:
    stage = new_genuine_stage(2)
    worker = stage.start_worker(stall_seconds=10)
    transaction = Transaction(stage, "open", [r._replace(partition=0) for r in copied_messages("anna", 9)])
    stage.send(record._replace(partition=0) for record in copied_messages("bruno", 9))
    stage.send(record._replace(partition=1) for record in copied_messages("carla", 9))
    eventually(lambda: subjects(stage) == {"carla"}, what="the other partition is judged")
    eventually(
        lambda: lag(stage, worker, "records") == lag(stage, worker, "seconds") == [0] * 2 * len(TOPICS),
        what="what nobody can read yet is no lag",
    )
    assert worker.judged() == 9
    getattr(transaction, end)()
    expected = {"carla", "bruno"} | ({"anna"} if end == "commit" else set())
    eventually(lambda: subjects(stage) == expected, what="the partition is judged")
    stage.wait_until_judged()
    assert worker.judged() == 9 * len(expected)
    assert worker.runs


def test_dead_letters_of_an_aborted_transaction_are_not_listed(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(1)
    stage.send([Sent(DEAD_LETTERS, b"one")])
    Transaction(stage, "one", [Sent(DEAD_LETTERS, b"never")]).abort()
    Transaction(stage, "two", [Sent(DEAD_LETTERS, b"two")]).commit()

    async def read() -> list[bytes | None]:
        return [letter.value async for letter in read_dead_letters(load_settings(stage.env_file()))]

    assert asyncio.run(read()) == [b"one", b"two"]
