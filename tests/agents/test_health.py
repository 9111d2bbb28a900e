"""When a worker is dead, when it is not ready, and that an outage is neither a death nor forgotten."""

import logging

import msgspec
import pytest

from agents.health import Health, Partition, Server, Sighting
from tests.agents.helpers import Clock, health, record

P: Partition = ("activity.messages", 0)


def sighting(backlog: int, committed: int = 0, *, waiting: bool | None = None, batch: int | None = None) -> Sighting:
    return Sighting(
        backlog={P: backlog}, committed={P: committed}, waiting=backlog > 0 if waiting is None else waiting, batch=batch
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worker(clock: Clock) -> Health:
    subject = health(clock)
    subject.assign(frozenset([P]))
    return subject


def test_it_is_dead_when_records_wait_and_none_is_judged(clock: Clock, worker: Health) -> None:
    worker.see(sighting(7))
    clock.now += 29
    assert worker.why_dead() == []
    clock.now += 2
    assert worker.why_dead() == ["records wait and none was judged for 31 s"]
    worker.progress([record(0)])
    assert worker.why_dead() == []


def test_it_may_idle_for_ever_when_nothing_waits(clock: Clock, worker: Health) -> None:
    for _ in range(10):
        clock.now += 20
        # a marker of a transaction is in the backlog, and nobody will ever judge it
        worker.see(sighting(1, waiting=False))
        assert worker.why_dead() == []


def test_it_is_dead_when_one_batch_is_stuck_while_others_go_on(clock: Clock, worker: Health) -> None:
    for offset in range(10):
        worker.see(sighting(7, offset, batch=3))
        worker.progress([record(offset)])
        clock.now += 4
    assert worker.why_dead() == ["a batch has been under way for 40 s"]
    worker.see(sighting(7, 10, batch=4))
    assert worker.why_dead() == []


def test_it_is_dead_when_judged_records_are_not_committed(clock: Clock, worker: Health) -> None:
    worker.progress([record(41)])
    worker.see(sighting(5, committed=30, waiting=False))
    clock.now += 31
    worker.see(sighting(5, committed=30, waiting=False))
    assert worker.why_dead() == ["judged records of activity.messages/0 have not been committed for 31 s"]
    worker.see(sighting(0, committed=42))
    assert worker.why_dead() == []


def test_it_lives_while_commits_are_a_little_behind_what_was_judged_all_the_time(clock: Clock, worker: Health) -> None:
    for offset in range(0, 1000, 10):
        worker.progress([record(offset)])
        worker.see(sighting(5, committed=max(0, offset - 9)))
        clock.now += 2
        assert worker.why_dead() == []


def test_without_partitions_it_is_dead_only_if_nobody_reads_them(clock: Clock) -> None:
    worker = health(clock)
    worker.assign(frozenset())
    for committed in range(10):
        worker.see(sighting(100, committed))
        clock.now += 5
        assert worker.why_dead() == [], "others read"
    for _ in range(10):
        worker.see(sighting(100, 9))
        clock.now += 5
    assert worker.why_dead() == ["no partition is assigned to this worker and nobody reads 1 that have records"]


def test_who_is_told_of_no_partitions_though_the_group_is_settled_is_dead_whether_or_not_records_wait(
    clock: Clock, worker: Health
) -> None:
    rearranged = msgspec.structs.replace(sighting(0), settled=False)

    def left_out(seconds: int, looks: Sighting = sighting(0)) -> list[str]:  # noqa: B008 - it is never changed
        for _ in range(seconds):
            clock.now += 1
            worker.see(looks)
        return worker.why_dead()

    worker.revoke()
    assert left_out(600, rearranged) == []
    assert left_out(61) == []
    dead = ["the group has had its partitions for 61 s, and this worker was told of none"]
    assert left_out(1) == dead
    assert worker.why_not_ready() == ["Kafka has not assigned partitions yet", *dead]
    # while Kafka is away, and from the beginning afterwards
    worker.mark_down("kafka", "Kafka does not answer")
    assert worker.why_dead() == []
    worker.mark_up("kafka")
    assert left_out(61) == []
    # whom Kafka has given nothing is one too many, and well
    worker.assign(frozenset())
    assert left_out(600) == []
    worker.revoke()
    assert left_out(61) == []


def test_without_partitions_it_lives_while_others_have_them_and_wait_for_a_reason(clock: Clock) -> None:
    worker = health(clock)
    worker.assign(frozenset())
    with_others = msgspec.structs.replace(sighting(7), others=frozenset([P]))
    worker.see(with_others)
    clock.now += 60
    worker.see(with_others)
    assert worker.why_dead() == []
    # the other one is gone
    worker.see(sighting(7))
    clock.now += 31
    assert worker.why_dead() == ["no partition is assigned to this worker and nobody reads 1 that have records"]


@pytest.mark.parametrize("what", ["redis", "kafka"])
def test_an_outage_is_no_death_and_everything_gets_its_time_anew_afterwards(
    clock: Clock, worker: Health, what: Server
) -> None:
    worker.progress([record(41)])
    worker.see(sighting(7, 30, batch=3))
    clock.now += 10
    worker.mark_down(what, f"{what} does not answer")
    clock.now += 1000
    worker.see(sighting(7, 30, batch=3))
    assert worker.why_dead() == []
    assert worker.why_not_ready() == [f"{what} does not answer"]
    worker.mark_up(what)
    worker.see(sighting(7, 30, batch=3))
    assert worker.why_dead() == []
    assert worker.why_not_ready() == []
    clock.now += 31
    assert len(worker.why_dead()) == 3


def test_outages_of_two_things_end_one_by_one(worker: Health) -> None:
    worker.mark_down("redis", "Redis does not answer")
    worker.mark_down("kafka", "Kafka does not answer")
    worker.mark_up("redis")
    assert worker.why_not_ready() == ["Kafka does not answer"]


def test_a_server_is_out_for_as_long_as_anybody_sees_it_out(clock: Clock, worker: Health) -> None:
    worker.mark_down("redis", "Redis does not answer: OutOfMemoryError")
    clock.now += 5
    worker.mark_down("redis", "Redis does not answer: TimeoutError", seen_by="observer")
    clock.now += 5
    worker.mark_up("redis", seen_by="observer")
    # it answers a ping, and still takes nothing
    worker.mark_down("redis", "Redis does not answer: OutOfMemoryError")
    clock.now += 5
    assert worker.outage_seconds("redis") == 15
    assert [(outage.server, outage.reason) for outage in worker.outages] == [
        ("redis", "Redis does not answer: OutOfMemoryError")
    ]
    worker.mark_up("redis")
    assert worker.outages == []
    assert worker.outage_seconds("redis") == 0


def test_an_outage_is_logged_once(worker: Health, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            worker.mark_down("redis", "Redis does not answer")
        for _ in range(3):
            worker.mark_up("redis")
    assert [r.message for r in caplog.records] == [
        "Redis does not answer; waiting until it does",
        "redis works again",
    ]


def test_it_is_ready_once_the_group_has_answered_even_with_no_partition(clock: Clock) -> None:
    worker = health(clock)
    assert worker.why_not_ready() == ["Kafka has not assigned partitions yet"]
    worker.assign(frozenset())
    assert worker.why_not_ready() == []
    worker.revoke()
    assert worker.why_not_ready() == ["Kafka has not assigned partitions yet"]


def test_who_waits_for_a_partition_is_alive_and_says_for_which(clock: Clock, worker: Health) -> None:
    worker.see(sighting(7))
    for seconds in range(0, 300, 10):
        worker.wait_for_partitions({P: seconds})
        clock.now += 10
        assert worker.why_dead() == []
    assert worker.why_not_ready() == ["Kafka has not given what comes next of activity.messages/0 for 290 s"]
    assert worker.awaited == {P: 290}
    worker.wait_for_partitions({("activity.comments", number): 4.0 for number in range(12)} | {P: 2.0})
    [reason] = worker.why_not_ready()
    assert reason.startswith("Kafka has not given what comes next of activity.comments/0, activity.comments/1, ")
    assert reason.endswith("/9 and 2 more for 4 s")
    worker.wait_for_partitions({})
    assert worker.why_not_ready() == []


def test_who_has_stopped_reading_does_not_wait(clock: Clock, worker: Health) -> None:
    worker.see(sighting(7))
    worker.wait_for_partitions({P: 4.0})
    clock.now += 31
    assert worker.why_dead() == ["records wait and none was judged for 31 s"]


def test_new_partitions_are_not_waited_for_yet(worker: Health) -> None:
    worker.wait_for_partitions({P: 4.0})
    worker.revoke()
    assert worker.waits == []
    worker.wait_for_partitions({P: 4.0})
    worker.assign(frozenset([P]))
    assert worker.waits == []
