"""Workers that are killed, stopped and joined in the middle of it: what is found is what an undisturbed run finds."""

import signal
import time

import pytest

from tests.integration.conftest import NewStage
from tests.integration.stage import Found, Sent, Stage
from tests.integration.workload import own_affairs
from tests.servers import eventually

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def affairs() -> list[Sent]:
    return own_affairs(actors=50, rounds=40, seed=2)


@pytest.fixture
def stage(new_genuine_stage: NewStage) -> Stage:
    return new_genuine_stage(4)


def test_a_worker_is_killed_in_the_middle_again_and_again(stage: Stage, affairs: list[Sent], expected: Found) -> None:
    stage.send(affairs)
    for _ in range(2):
        worker = stage.start_worker(batch_max_records=40)
        eventually(lambda: worker.judged() >= 400, what="the worker is in the middle of it")  # noqa: B023
        worker.kill()
    assert stage.backlog() > 0, "it was too quick to be killed in the middle"
    stage.start_worker()
    stage.wait_until_judged()
    assert stage.found() == expected


def test_two_workers_share_the_partitions_and_one_takes_over_when_the_other_is_killed(
    stage: Stage, affairs: list[Sent], expected: Found
) -> None:
    first = stage.start_worker(batch_max_records=40)
    half = len(affairs) // 2
    stage.send(affairs[:half])
    eventually(lambda: first.judged() >= 100, what="the first worker is in the middle of it")
    second = stage.start_worker(batch_max_records=40)
    stage.send(affairs[half:])
    eventually(lambda: second.judged() >= 100, what="the second worker has its share")
    before = first.judged()
    eventually(lambda: first.judged() > before or stage.backlog() == 0, what="the first one goes on")
    second.kill()
    stage.wait_until_judged()
    assert stage.found() == expected


def test_a_worker_that_hung_for_a_while_does_no_harm(stage: Stage, affairs: list[Sent], expected: Found) -> None:
    first = stage.start_worker(batch_max_records=40)
    stage.send(affairs)
    eventually(lambda: first.judged() >= 200, what="the first worker is in the middle of it")
    first.process.send_signal(signal.SIGSTOP)
    try:
        second = stage.start_worker(ready=False)
        time.sleep(5)
        assert second.runs
    finally:
        first.process.send_signal(signal.SIGCONT)
    stage.wait_until_judged()
    assert stage.found() == expected
