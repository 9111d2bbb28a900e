"""A worker that is idle while records wait ends, so that its supervisor starts it again; one that waits for a server stays."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Consumer

from agents.settings import Settings
from models.events import TOPICS
from tests.integration.conftest import NewStage
from tests.integration.stage import Stage, Worker
from tests.integration.workload import copied_messages
from tests.servers import KafkaServer, RedisServer, eventually

pytestmark = pytest.mark.kafka

STALL_SECONDS = 10.0
"""Instead of the usual ones, so that the tests are short; a busy machine does not take so long for three records."""
OUTAGE = timedelta(seconds=STALL_SECONDS + 5)


def test_by_default_a_worker_is_unhealthy_within_half_a_minute() -> None:
    # the consumer group is looked at every two seconds
    assert Settings().stall_seconds <= 26


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("reading_ends", "this worker cannot go on: records wait and none was judged for"),
        ("agents_hang", "this worker cannot go on: records wait and none was judged for"),
        ("loop_hangs", "Timeout (0:00:10)!"),
    ],
)
def test_an_idle_worker_ends_says_why_and_the_next_one_goes_on(
    new_genuine_stage: NewStage, fault: str, complaint: str
) -> None:
    stage = new_genuine_stage(1)
    worker = stage.start_worker(fault=fault, stall_seconds=STALL_SECONDS)
    stage.send(copied_messages("anna", 3))
    eventually(lambda: stage.backlog() == 0, what="the first records are judged")
    stage.send(copied_messages("anna", 9, first=3))
    eventually(lambda: not worker.runs, what="the idle worker ends")
    assert worker.process.returncode == 1
    assert complaint in worker.said
    if fault != "loop_hangs":  # where nothing runs nobody is answered
        assert "Traceback" not in worker.said
    assert stage.backlog() == 9
    if fault != "reading_ends":  # the next one starts alike after each
        return
    worker = stage.start_worker(stall_seconds=STALL_SECONDS)
    stage.wait_until_judged()
    assert {rule for rule, _, _ in stage.found().values()} == {"copied_message"}
    # nothing to do is no fault
    time.sleep(STALL_SECONDS + 5)
    assert worker.get("/live")[0] == 200
    assert worker.runs


def test_a_worker_whose_group_fails_unexpectedly_goes_on_or_ends_but_is_never_idle(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(2)
    worker = stage.start_worker(fault="group_fails", stall_seconds=STALL_SECONDS)
    other = stage.start_worker(ready=False)
    eventually(lambda: not worker.runs or worker.get("/ready")[0] == 200, what="the worker has its share or has ended")
    stage.send(copied_messages("anna", 12))
    stage.send(copied_messages("bruno", 12))
    stage.wait_until_judged()
    assert other.runs
    assert {subject for _, subject, _ in stage.found().values()} == {"anna", "bruno"}


def test_a_worker_that_is_left_out_for_good_ends_though_no_record_waits(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(1)
    left_out = stage.start_worker(fault="partitions_are_never_told", stall_seconds=STALL_SECONDS)
    other = stage.start_worker(ready=False, stall_seconds=STALL_SECONDS)
    eventually(lambda: not left_out.runs, what="the worker ends")
    assert left_out.process.returncode == 1
    assert "this worker cannot go on: the group has had its partitions for" in left_out.said
    other.wait_until_ready()


def test_a_worker_for_which_no_partition_is_left_stays(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(1)
    worker = stage.start_worker(stall_seconds=STALL_SECONDS)
    with ExitStack() as stack:
        members = [stack.enter_context(closing(_member(stage))) for _ in TOPICS]

        def is_surplus() -> bool:
            assert worker.runs, worker.said
            return all(len(member.assignment()) == 1 for member in members) and worker.get("/ready")[0] == 200

        def polled(condition: Callable[[], bool]) -> bool:
            for member in members:
                member.poll(0)
            return condition()

        eventually(lambda: polled(is_surplus), what="each of the others has a partition")
        until = time.monotonic() + 2 * STALL_SECONDS + 5
        eventually(lambda: polled(lambda: time.monotonic() > until), what="a worker that was left out would have ended")
        assert is_surplus()
    worker.wait_until_ready()


def _member(stage: Stage) -> Consumer:
    """A member of the workers' group that comes before them where partitions are dealt in turn."""
    member = Consumer(
        {
            "bootstrap.servers": stage.bootstrap_servers,
            "group.id": stage.group,
            "client.id": "a",
            "partition.assignment.strategy": "roundrobin",
            "enable.auto.commit": False,
            "log_level": 0,
        }
    )
    member.subscribe([stage.prefix + topic for topic in TOPICS])
    return member


def test_a_worker_waits_out_a_long_outage_of_redis_says_so_and_goes_on(
    kafka: KafkaServer, frail_redis: RedisServer, tmp_path: Path
) -> None:
    stage = Stage(kafka.bootstrap_servers, frail_redis.url, tmp_path, prefix=f"{tmp_path.name}.")
    stage.create_topics(1)
    try:
        worker = stage.start_worker(stall_seconds=STALL_SECONDS)
        stage.send(copied_messages("anna", 3))
        eventually(lambda: stage.backlog() == 0, what="the first records are judged")
        frail_redis.stop()
        # it is noticed while no record comes
        eventually(lambda: worker.get("/ready")[0] == 503, what="the worker is degraded")
        stage.send(copied_messages("anna", 9, first=3))
        outlived(worker, "redis")
        frail_redis.start()
        stage.wait_until_judged()
        eventually(lambda: worker.get("/ready")[0] == 200, what="the worker is in order again")
        assert worker.metrics()["twinwatch_outage_seconds{'server': 'redis'}"] == 0
        assert {rule for rule, _, _ in stage.found().values()} == {"copied_message"}
    finally:
        stage.close()


def test_a_worker_waits_out_a_long_outage_of_kafka_says_so_and_goes_on(
    own_kafka: KafkaServer, genuine_redis: RedisServer, tmp_path: Path
) -> None:
    stage = Stage(own_kafka.bootstrap_servers, genuine_redis.url, tmp_path, prefix=f"{tmp_path.name}.")
    stage.create_topics(1)
    try:
        worker = stage.start_worker(stall_seconds=STALL_SECONDS)
        stage.send(copied_messages("anna", 3))
        eventually(lambda: stage.backlog() == 0, what="the first records are judged")
        own_kafka.stop()
        eventually(lambda: worker.get("/ready")[0] == 503, what="the worker is degraded")
        outlived(worker, "kafka")
        own_kafka.start()
        stage.send(copied_messages("anna", 9, first=3))
        stage.wait_until_judged()
        eventually(lambda: worker.get("/ready")[0] == 200, what="the worker is in order again")
        assert {rule for rule, _, _ in stage.found().values()} == {"copied_message"}
    finally:
        stage.close()


def outlived(worker: Worker, server: str) -> None:
    """The worker is degraded by the server's outage for longer than it may be idle, and lives."""

    def long() -> bool:
        assert worker.runs, worker.said
        assert worker.get("/live")[0] == 200, worker.said
        status, body = worker.get("/ready")
        assert status == 503
        told = json.loads(body)
        assert told["status"] == "degraded"
        [since] = [outage["since"] for outage in told["outages"] if outage["server"] == server]
        return datetime.now(UTC) - datetime.fromisoformat(since) > OUTAGE

    eventually(long, what=f"{server} has been away for {OUTAGE}")
    assert worker.metrics()[f"twinwatch_outage_seconds{{'server': '{server}'}}"] > STALL_SECONDS
