"""A worker that is asked to stop ends, whatever it is in the middle of, and the next one goes on.

How soon it ends is measured by `benchmarks/promises.py`.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.conftest import NewStage
from tests.integration.stage import Found, Sent, Stage, Worker
from tests.integration.workload import own_affairs
from tests.servers import KafkaServer, RedisServer, eventually

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def affairs() -> list[Sent]:
    return own_affairs(actors=40, rounds=40, seed=3)


@pytest.fixture
def stage(new_frail_stage: NewStage) -> Stage:
    return new_frail_stage(4)


def in_the_middle(worker: Worker) -> None:
    eventually(lambda: worker.judged() > 0, what="it is in the middle of it")


def has_told(worker: Worker) -> None:
    def told() -> bool:
        return any(value for name, value in worker.metrics().items() if name.startswith("twinwatch_incidents_total"))

    eventually(told, what="it is in the middle of it, and has told of something")


@contextmanager
def slow(redis: RedisServer) -> Iterator[None]:
    """Redis works for one twentieth of the time."""
    done = threading.Event()

    def hinder() -> None:
        while not done.is_set():
            redis.pause()
            time.sleep(0.19)
            redis.resume()
            time.sleep(0.01)

    thread = threading.Thread(target=hinder)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_under_load_with_a_fast_and_a_slow_redis_nothing_is_lost_nor_told_otherwise(
    stage: Stage, frail_redis: RedisServer, affairs: list[Sent], expected: Found
) -> None:
    stage.send(affairs)
    for number in (signal.SIGTERM, signal.SIGINT):
        worker = stage.start_worker(batch_max_records=50)
        has_told(worker)
        ended_in_good_order(worker, number)
    incidents = [(one["incident_id"], one["revision"]) for one in stage.incidents()]
    assert incidents
    # what was published was committed too, unless there was no time for it: there is nothing to repeat
    if not any("again" in worker.said for worker in stage.workers):
        assert len(incidents) == len(set(incidents))
    with slow(frail_redis):
        worker = stage.start_worker(batch_max_records=50)
        in_the_middle(worker)
        ended_in_good_order(worker, signal.SIGTERM)
    assert stage.backlog() > 0, "it was too quick to be stopped in the middle"
    stage.start_worker()
    stage.wait_until_judged()
    assert stage.found() == expected
    told: dict[tuple[str, int], dict[str, object]] = {}
    for incident in stage.incidents():
        incident.pop("detected_at")
        assert told.setdefault((incident["incident_id"], incident["revision"]), incident) == incident
    assert len(told) > len(incidents)


def ended_in_good_order(worker: Worker, number: int) -> None:
    assert worker.stop(number) == 0, worker.said
    assert "Traceback" not in worker.said


def test_while_redis_hangs(stage: Stage, frail_redis: RedisServer, affairs: list[Sent]) -> None:
    stage.send(affairs[:1000])
    worker = stage.start_worker()
    in_the_middle(worker)
    frail_redis.pause()
    try:
        stage.send(affairs[1000:])
        time.sleep(1)
        ended_in_good_order(worker, signal.SIGTERM)
    finally:
        frail_redis.resume()
    assert stage.backlog() > 0


@pytest.mark.parametrize("how", ["pause", "kill"])
def test_while_kafka_hangs_or_is_gone(
    own_kafka: KafkaServer, genuine_redis: RedisServer, tmp_path: Path, affairs: list[Sent], how: str
) -> None:
    stage = Stage(own_kafka.bootstrap_servers, genuine_redis.url, tmp_path)
    stage.create_topics(4)
    try:
        stage.send(affairs)
        worker = stage.start_worker()
        in_the_middle(worker)
        getattr(own_kafka, how)()
        time.sleep(1)
        ended_in_good_order(worker, signal.SIGTERM)
    finally:
        stage.close()
        if how == "pause":
            own_kafka.resume()


def test_before_it_has_begun(new_genuine_stage: NewStage) -> None:
    worker = new_genuine_stage(1).start_worker(ready=False)
    eventually(lambda: worker.get("/live")[0] == 200, what="it serves")
    ended_in_good_order(worker, signal.SIGTERM)
