"""Two hours of events behind: what is found in a backlog is what live reading finds, with one worker and with three."""

import random
import time

import pytest

from agents.order import SILENCE_SECONDS
from tests.integration.conftest import NewStage
from tests.integration.stage import Found, Sent, Stage, event, replayed
from tests.integration.workload import moment, own_affairs
from tests.servers import RedisServer, eventually

pytestmark = pytest.mark.kafka

TWO_HOURS = 7200.0
PARTITIONS = 4
CHUNK = 60
"""Live reading gets less than two minutes at once: so many events."""


def acquaintances(members: int, friends: int, *, seed: int = 1) -> list[tuple[float, Sent]]:
    """Members who each ask many others, are accepted two minutes later, and write to them two minutes after that.

    Live reading knows all recipients by then. Whoever reads the messages before the acceptances finds somebody who writes to
    as many strangers as a spammer does.
    """
    chance = random.Random(seed)
    sent: list[tuple[float, Sent]] = []
    for number in range(members):
        name = f"friendly-{number}"
        for friend in range(friends):
            second, other = chance.uniform(0, TWO_HOURS - 300), f"friend-{number}-{friend}"
            sent += [
                (
                    second,
                    event(
                        "activity.contact-requests",
                        type="contact_request",
                        event_id=f"{name}/asks/{friend}",
                        occurred_at=moment(second),
                        actor_id=name,
                        recipient_id=other,
                    ),
                ),
                (
                    second + 120,
                    event(
                        "activity.contact-requests",
                        type="contact_response",
                        event_id=f"{name}/answered/{friend}",
                        occurred_at=moment(second + 120),
                        actor_id=other,
                        requester_id=name,
                        accepted=True,
                    ),
                ),
                (
                    second + 240,
                    event(
                        "activity.messages",
                        type="message",
                        event_id=f"{name}/writes/{friend}",
                        occurred_at=moment(second + 240),
                        actor_id=name,
                        recipient_ids=[other],
                        text="",
                    ),
                ),
            ]
    return sent


def chatter(members: int, requests: int, *, seed: int = 2) -> list[tuple[float, Sent]]:
    """Members who ask a few others each: it makes the topic of the acceptances longer than that of the messages."""
    chance = random.Random(seed)
    return [
        (
            second := chance.uniform(0, TWO_HOURS),
            event(
                "activity.contact-requests",
                type="contact_request",
                event_id=f"quiet-{number}/asks/{request}",
                occurred_at=moment(second),
                actor_id=f"quiet-{number}",
                recipient_id=f"other-{number}-{request}",
            ),
        )
        for number in range(members)
        for request in range(requests)
    ]


@pytest.fixture(scope="module")
def two_hours() -> list[Sent]:
    """In the order in which they happened."""
    own = own_affairs(actors=5, rounds=60, seed=4)
    timed = [(120.0 * (i // 5) + i % 5, one) for i, one in enumerate(own)]
    timed += acquaintances(members=3, friends=40) + chatter(members=150, requests=5)
    return [sent for _, sent in sorted(timed, key=lambda one: one[0])]


@pytest.fixture(scope="module")
def expected(two_hours: list[Sent], tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What is found where every event is judged as it happens."""
    return replayed(two_hours, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def stage(new_frail_stage: NewStage) -> Stage:
    return new_frail_stage(PARTITIONS)


def test_live_reading_finds_no_wrongdoing_in_making_friends(
    two_hours: list[Sent], expected: Found, stage: Stage
) -> None:
    worker = stage.start_worker()
    for start in range(0, len(two_hours), CHUNK):
        known = start + stage.send(two_hours[start : start + CHUNK])
        eventually(lambda: worker.judged() >= known, what="they are judged")  # noqa: B023
    stage.wait_until_judged()
    assert stage.found() == expected
    assert not [subject for _, subject, _ in expected.values() if subject.startswith("friendly")]
    assert len(expected) > 5


@pytest.mark.parametrize("workers", [1, 3])
def test_two_hours_behind_nothing_is_found_that_live_reading_would_not_have_found(
    two_hours: list[Sent], expected: Found, stage: Stage, frail_redis: RedisServer, workers: int
) -> None:
    # Redis is away for two hours: all workers are behind at once when it comes back
    for _ in range(workers):
        stage.start_worker()
    eventually(lambda: all(worker.get("/ready")[0] == 200 for worker in stage.workers), what="each has its partitions")
    frail_redis.stop()
    stage.send(two_hours)
    time.sleep(5 * SILENCE_SECONDS)
    frail_redis.start()
    stage.wait_until_judged()
    assert stage.found() == expected
    for worker in stage.workers:
        assert worker.get("/live")[0] == 200, worker.said
        assert worker.judged() > 0
