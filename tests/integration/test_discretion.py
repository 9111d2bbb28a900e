"""Nothing that a member is called or has written reaches a log, a metric or a health page, whatever goes wrong.

Everything in the input bears a mark, and everything that a worker says at level debug is searched for it.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.stage import Sent, Stage
from tests.integration.workload import moment
from tests.servers import KafkaServer, RedisServer, eventually

pytestmark = pytest.mark.kafka

MARK = "xq7vmark"
TOPIC = "activity.messages"


def marked(number: int, text: str = "", **changes: object) -> Sent:
    """A message of which everything is marked: names, ids, text, key."""
    fields: dict[str, object] = {
        "type": "message",
        "event_id": f"{MARK}-event-{number}",
        "occurred_at": moment(60 * number),
        "actor_id": f"{MARK}-actor",
        "actor_roles": [f"{MARK}-role"],
        "language": "en",
        "conversation_id": f"{MARK}-conversation",
        "recipient_ids": [f"{MARK}-recipient-{number}"],
        "subject": f"{MARK} subject",
        "text": f"{MARK} {text or 'Dear colleague, write to me about our bees'} {MARK}@example.org +32 470 12 34 56",
        f"{MARK}_field": MARK,
    }
    return Sent(TOPIC, json.dumps(fields | changes).encode(), f"{MARK}-key-{number}".encode())


def unusable() -> list[Sent]:
    """One record for each reason to put one aside, and more."""
    key = f"{MARK}-key".encode()
    return [
        Sent(TOPIC, f'{{"type": "{MARK}'.encode(), key),
        Sent(TOPIC, f"{MARK} is no JSON \xff".encode("latin-1"), key),
        Sent(TOPIC, None, key),
        marked(100, type=f"{MARK}-type"),
        marked(101, recipient_ids=f"{MARK}-recipient"),
        marked(102, actor_id=MARK * 40),
        marked(103, occurred_at=f"{MARK}-yesterday"),
        marked(104, occurred_at=(datetime.now(UTC) + timedelta(days=30)).isoformat()),
        marked(105, recipient_ids=[f"{MARK}-{n}" for n in range(1_001)]),
        marked(106, text=MARK * 40_000),
        marked(107, text="fail-in-rule"),
        marked(108, text="fail-in-engine"),
    ]


@pytest.fixture
def stage(kafka: KafkaServer, frail_redis: RedisServer, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(kafka.bootstrap_servers, frail_redis.url, tmp_path, prefix=f"{tmp_path.name}.")
    stage.create_topics(1)
    yield stage
    stage.close()


@pytest.mark.parametrize("layout", ["plain", "json"])
def test_nothing_of_a_member_is_told(stage: Stage, frail_redis: RedisServer, layout: str) -> None:
    worker = stage.start_worker(fault="indiscreet", log_level="debug", log_format=layout)
    heard: list[str] = []

    def listen() -> None:
        heard.extend(worker.get(path)[1] for path in ("/metrics", "/live", "/ready"))

    stage.send([*(marked(number) for number in range(9)), *unusable()])
    stage.wait_until_judged()
    listen()
    assert len({headers["reason"] for headers, _ in stage.dead_letters()}) == 6
    assert stage.incidents()

    frail_redis.kill()
    stage.send([marked(number) for number in range(10, 20)])
    eventually(lambda: worker.get("/ready")[0] == 503, what="the worker is no longer ready")
    time.sleep(1)
    listen()
    frail_redis.start()
    stage.wait_until_judged()
    listen()

    stage.send([marked(200, text="fail-outside")])
    eventually(lambda: not worker.runs, what="the worker has ended")
    assert worker.process.returncode == 1
    for thing in (worker.said, *heard):
        assert thing
        assert MARK not in thing.lower()
    # that there was something to be silent about
    for word in ("cannot be judged", "Slip at", "a task has failed", "Redis", "cannot go on"):
        assert word in worker.said
