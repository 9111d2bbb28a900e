"""A genuine Apache Kafka (`make kafka` fetches it), a Redis-compatible server and a stage, for benchmarks of workers."""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from confluent_kafka import Consumer
from redis import Redis

from agents.topics import INCIDENTS
from models.events import TOPICS
from tests.integration.stage import Sent, Stage
from tests.servers import KafkaServer, RedisServer, ServerMissing, require_redis

TOPIC_OF = {cls.__struct_config__.tag: topic for topic, classes in TOPICS.items() for cls in classes}


@contextmanager
def stage(partitions: int = 4) -> Iterator[Stage]:
    """Topics and a group of one's own, and an empty Redis as in docker-compose.yml. Exits where a server is missing."""
    with ExitStack() as stack:
        try:
            kafka = stack.enter_context(KafkaServer()).start()
            redis = stack.enter_context(RedisServer(require_redis())).start()
        except ServerMissing as why:
            sys.exit(str(why))
        with Redis.from_url(redis.url) as client:
            client.config_set("appendfsync", "everysec")
            client.config_set("zset-max-listpack-value", 256)
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twinwatch-benchmark-")))
        stage = Stage(kafka.bootstrap_servers, redis.url, directory, prefix=f"bench-{token_hex(4)}.")
        stack.callback(stage.close)
        stage.create_topics(partitions)
        yield stage


def sent(event: dict[str, Any]) -> Sent:
    """The event as the platform writes it."""
    return Sent(TOPIC_OF[event["type"]], json.dumps(event).encode(), event["actor_id"].encode())


@contextmanager
def incidents(stage: Stage) -> Iterator[Consumer]:
    """A reader of `incidents` that stands at their end."""
    consumer = Consumer(
        {
            "bootstrap.servers": stage.bootstrap_servers,
            "group.id": f"readers-{token_hex(4)}",
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 10,
            "log_level": 0,
        }
    )
    consumer.subscribe([stage.prefix + INCIDENTS])
    while not consumer.assignment():
        consumer.poll(0.1)
    try:
        yield consumer
    finally:
        consumer.close()


def processor_seconds(pid: int) -> float:
    """Of the process and those that it has started and waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / 100  # USER_HZ


def until(seconds: float) -> float:
    """Seconds left until the moment of `time.monotonic`, 0 where it has passed."""
    return max(0.0, seconds - time.monotonic())
