"""A Redis or a Kafka that goes away pauses a worker: it stays, says so, goes on by itself, and has lost nothing."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import NewStage
from tests.integration.stage import Found, Sent, Stage
from tests.integration.workload import own_affairs
from tests.servers import KafkaServer, RedisServer, eventually

pytestmark = pytest.mark.kafka

OUTAGE_SECONDS = 4.0


@pytest.fixture(scope="module")
def affairs() -> list[Sent]:
    return own_affairs(actors=40, rounds=30)


@pytest.fixture
def stage(new_frail_stage: NewStage) -> Stage:
    return new_frail_stage(4)


def interrupted(stage: Stage, affairs: list[Sent], begin: Callable[[], object], end: Callable[[], object]) -> list[str]:
    """Send everything, with an outage in the middle; what the worker complained about meanwhile."""
    worker = stage.start_worker(batch_max_records=50, redis_timeout_seconds=2)
    half = len(affairs) // 2
    stage.send(affairs[:half])
    eventually(lambda: worker.judged() > 0, what="the worker is in the middle of it")
    begin()
    eventually(lambda: worker.get("/ready")[0] == 503, what="the worker is no longer ready")
    time.sleep(OUTAGE_SECONDS)
    assert worker.runs
    assert worker.get("/live")[0] == 200
    complaints = worker.reasons("/ready")
    end()
    stage.send(affairs[half:])
    stage.wait_until_judged()
    eventually(lambda: worker.get("/ready")[0] == 200, what="the worker is ready again")
    assert worker.get("/live")[0] == 200
    assert worker.runs
    return complaints


def test_redis_goes_away_and_comes_back(
    stage: Stage, frail_redis: RedisServer, affairs: list[Sent], expected: Found
) -> None:
    complaints = interrupted(stage, affairs, frail_redis.kill, frail_redis.start)
    assert "Redis does not answer: ConnectionError" in complaints
    assert stage.found() == expected
    [worker] = stage.workers
    assert worker.metrics()["twinwatch_redis_errors_total{'kind': 'ConnectionError'}"] > 0


def test_redis_hangs(stage: Stage, frail_redis: RedisServer, affairs: list[Sent], expected: Found) -> None:
    complaints = interrupted(stage, affairs, frail_redis.pause, frail_redis.resume)
    assert "Redis does not answer: TimeoutError" in complaints
    assert stage.found() == expected


def test_nothing_is_acknowledged_while_redis_is_away(
    stage: Stage, frail_redis: RedisServer, affairs: list[Sent]
) -> None:
    worker = stage.start_worker()
    frail_redis.stop()
    stage.send(affairs[:500])
    eventually(lambda: worker.get("/ready")[0] == 503, what="the worker is no longer ready")
    time.sleep(3)
    assert stage.backlog() == 500
    assert stage.dead_letters() == []
    assert worker.stop() == 0, worker.said
    assert stage.backlog() == 500


def test_kafka_goes_away_and_comes_back(
    own_kafka: KafkaServer, genuine_redis: RedisServer, tmp_path: Path, affairs: list[Sent], expected: Found
) -> None:
    stage = Stage(own_kafka.bootstrap_servers, genuine_redis.url, tmp_path, prefix=f"{tmp_path.name}.")
    try:
        stage.create_topics(4)
        complaints = interrupted(stage, affairs, own_kafka.kill, own_kafka.start)
        assert any("Kafka does not" in complaint for complaint in complaints)
        assert stage.found() == expected
    finally:
        stage.close()


def test_a_worker_can_be_stopped_while_kafka_is_away(
    own_kafka: KafkaServer, genuine_redis: RedisServer, tmp_path: Path, affairs: list[Sent]
) -> None:
    stage = Stage(own_kafka.bootstrap_servers, genuine_redis.url, tmp_path)
    try:
        stage.create_topics(2)
        worker = stage.start_worker(batch_max_records=20)
        stage.send(affairs)
        eventually(lambda: worker.judged() > 0, what="the worker is in the middle of it")
        own_kafka.kill()
        time.sleep(3)
        assert worker.stop() == 0, worker.said
    finally:
        stage.close()
