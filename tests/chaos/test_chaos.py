"""A short form of `make chaos`: every kind of disturbance once, over two logs."""

import random
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.arena import Arena, Judged
from tests.chaos.comparison import differences
from tests.chaos.schedule import SHORT, Disturbance, schedule
from tests.chaos.workload import Answered, Workload, workload
from tests.servers import KafkaServer, RedisServer

EVENTS = 600
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
    log = workload(seed=number, events=EVENTS, parts=3)
    arena = Arena(own_kafka, frail_redis, tmp_path)
    undisturbed = arena.undisturbed(log)
    disturbed = arena.disturbed(log, share(number), SHORT, random.Random(number), print)
    wrong, _ = differences(log, undisturbed, disturbed)
    assert not wrong, "\n".join(wrong)


def test_the_short_form_has_every_kind_of_disturbance() -> None:
    assert {disturbance for number in range(SCHEDULES) for disturbance in share(number)} == set(Disturbance)


def test_a_verdict_that_changes_nothing_is_noticed() -> None:
    log = Workload([], {}, [], [], [], [Answered("own-1", "dismissed", "own-1"), Answered("own-2", "upheld", "calm-3")])

    def told(*incidents: tuple[str, int], rejected: tuple[str, ...] = ()) -> list[str]:
        known = {
            str(number): {
                "incident_id": str(number),
                "revision": 1,
                "rule": "copied_message",
                "subject_id": subject,
                "accomplice_ids": [],
                "prior_incidents": prior,
                "recommended_action": "review",
            }
            for number, (subject, prior) in enumerate(incidents)
        }
        run = Judged(known, {}, Counter(), list(rejected), [])
        wrong, _ = differences(log, run, run)
        return [one.partition(": ")[2] for one in wrong if one.startswith("disturbed") and "was" in one]

    right = (("own-1", 0), ("own-2", 0), ("calm-3", 0))
    assert told(*right) == []
    assert told(*right, ("own-1", 1)) == ["own-1 was dismissed, and then of own-1 there is 1"]
    assert told(*right[:2]) == ["own-2 was upheld, and then of calm-3 there is 0"]
    assert told(*right, rejected=("unknown_incident",)) == ["a verdict was sent back: unknown_incident"]
