"""A short form of `make chaos`: every kind of disturbance once, over two logs."""

import random
from pathlib import Path

import pytest

from tests.chaos.arena import Arena
from tests.chaos.comparison import differences
from tests.chaos.schedule import SHORT, Disturbance, schedule
from tests.chaos.workload import workload
from tests.servers import KafkaServer, RedisServer

EVENTS = 2_000
SCHEDULES = 2
SEED = 1


def share(number: int) -> list[Disturbance]:
    """The disturbances of one of the schedules."""
    return schedule(SEED, EVENTS)[number::SCHEDULES]


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.parametrize("number", range(SCHEDULES))
def test_nothing_is_lost_and_nothing_counts_twice_whatever_breaks(
    own_kafka: KafkaServer, frail_redis: RedisServer, tmp_path: Path, number: int
) -> None:
    log = workload(seed=number, events=EVENTS, parts=2)
    arena = Arena(own_kafka, frail_redis, tmp_path)
    undisturbed = arena.undisturbed(log)
    disturbed = arena.disturbed(log, share(number), SHORT, random.Random(number), print)
    wrong, _ = differences(log, undisturbed, disturbed)
    assert not wrong, "\n".join(wrong)


def test_the_short_form_has_every_kind_of_disturbance() -> None:
    assert {disturbance for number in range(SCHEDULES) for disturbance in share(number)} == set(Disturbance)
