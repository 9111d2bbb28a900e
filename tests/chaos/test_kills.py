"""A short form of `make kills`: Kafka is killed, and some partitions come back slowly."""

from pathlib import Path

import pytest

from tests.chaos.kills import act, kafka_with_proxy, play
from tests.integration.stage import replayed
from tests.servers import KafkaServer, RedisServer

KILLS = 1


@pytest.mark.timeout(600)
def test_a_crash_of_kafka_accuses_nobody(
    unstarted_kafka: KafkaServer, frail_redis: RedisServer, tmp_path: Path
) -> None:
    with kafka_with_proxy(unstarted_kafka) as proxy:
        found, expected = play(
            unstarted_kafka, proxy, frail_redis, tmp_path, seed=1, kills=KILLS, workers=2, tell=print
        )
        assert proxy.refused > 0, "nothing was held"
    assert found == expected


def test_the_story_has_work_for_rules_that_know_friends_and_answers(tmp_path: Path) -> None:
    found = replayed([sent for _, sent in act(0)], tmp_path)
    assert {(rule, subject) for rule, subject, _ in found.values()} == {
        ("mass_messaging", "intrusive-0"),
        ("contact_request_flood", "refused-0"),
    }
