"""The commands of docker-compose.yml and deploy/Dockerfile, run by hand against a genuine Kafka set up as Compose does."""

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from agents.topics import DEFAULT_PARTITIONS, FOR_OPERATORS, INCIDENTS, TOPICS
from tests.deploy.compose import SERVICES, environment_of
from tests.servers import LONG_ENOUGH, REPOSITORY, KafkaServer, eventually, free_port, run
from twinwatch.embedded import redis_binaries
from twinwatch.embedded.kept import KeptProcess

CREATED = (*TOPICS, *FOR_OPERATORS)
KEY = "a-key-for-this-test-alone"
CONTACTS = 100


def start_as_composed(server: KafkaServer) -> str:
    """Kafka with the environment that Compose gives it, turned into properties as the image does; its inner address."""
    inside, outside, controller = free_port(), server.port, free_port()
    elsewhere = {
        r"kafka:19092": f"127.0.0.1:{inside}",
        r"(localhost|):9092": f"127.0.0.1:{outside}",
        r"//:19092": f"//127.0.0.1:{inside}",
        r"localhost:9093": f"127.0.0.1:{controller}",
        r"/var/lib/kafka/data": str(server.directory / "data"),
    }
    lines = []
    for name, value in SERVICES["kafka"]["environment"].items():
        if name.startswith("KAFKA_"):
            for there, here in elsewhere.items():
                value = re.sub(there, here, str(value))
            lines.append(f"{name.removeprefix('KAFKA_').replace('_', '.').lower()}={value}\n")
    (server.directory / "server.properties").write_text("".join(lines), encoding="utf-8")
    server.start()
    return f"127.0.0.1:{inside}"


@contextmanager
def redis_as_composed(directory: Path) -> Iterator[str]:
    """Redis with the options that Compose gives it; its address."""
    binary, port = next(iter(redis_binaries().values())), free_port()
    options = SERVICES["redis"]["command"][1:]
    with (directory / "redis.log").open("wb") as log:
        server = KeptProcess([binary, *options, "--port", str(port), "--bind", "127.0.0.1"], directory, log=log)
    try:
        with Redis(port=port) as client:
            eventually(lambda: server.process.poll() is None and _answers(client), what="Redis answers")
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("appendonly") == {"appendonly": "yes"}
        yield f"127.0.0.1:{port}"
    finally:
        server.kill()


def _answers(client: "Redis") -> bool:
    try:
        return bool(client.ping())
    except RedisConnectionError:
        return False


def environment(service: str, kafka: str, redis: str, metrics_port: int) -> dict[str, str]:
    """What Compose gives the service, with other addresses."""
    given = environment_of(service, KEY)
    given = {name: value.replace("kafka:19092", kafka).replace("redis:6379", redis) for name, value in given.items()}
    return {"PATH": os.environ["PATH"], "TWINWATCH_METRICS_PORT": str(metrics_port)} | given


def healthy(metrics_port: int) -> bool:
    """What the image's HEALTHCHECK says."""
    dockerfile = (REPOSITORY / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    checks = re.findall(r"^HEALTHCHECK.*?CMD (\[.*?\])\n", dockerfile, re.DOTALL | re.MULTILINE)
    (check,) = (check for check in checks if "9108" in check)
    python, *arguments = json.loads(check.replace("9108", str(metrics_port)))
    assert python == "python"
    return run(sys.executable, *arguments).returncode == 0


def test_topics_are_created_and_a_worker_finds_what_is_to_be_found(
    tmp_path: Path, unstarted_kafka: KafkaServer
) -> None:
    program = [sys.executable, "-m", "twinwatch"]
    metrics_port = free_port()
    kafka = start_as_composed(unstarted_kafka)
    with redis_as_composed(tmp_path) as redis:
        for attempt in ("created", "exists"):
            env = environment("topics", kafka, redis, metrics_port)
            done = run(*program, *SERVICES["topics"]["command"], env=env)
            assert done.returncode == 0, done.stderr
            assert [line.split()[:2] for line in done.stdout.splitlines()] == [
                [attempt, topic.name] for topic in CREATED
            ]
        check_topics(unstarted_kafka.bootstrap_servers)

        with (tmp_path / "worker.log").open("wb") as log:
            env = environment("worker", kafka, redis, metrics_port)
            worker = KeptProcess([*program, *SERVICES["worker"]["command"]], None, log=log, cwd=REPOSITORY, env=env)
        try:
            eventually(lambda: healthy(metrics_port), what="the worker is healthy")
            write_a_flood(unstarted_kafka.bootstrap_servers)
            incident = first_incident(unstarted_kafka.bootstrap_servers)
            assert (incident["rule"], incident["subject_id"]) == ("contact_request_flood", "asker")
        finally:
            worker.stop(LONG_ENOUGH)
        said = (tmp_path / "worker.log").read_text(encoding="utf-8")
        assert worker.process.returncode == 0, said
        assert [json.loads(line) for line in said.splitlines()], "TWINWATCH_LOG_FORMAT=json"


def check_topics(servers: str) -> None:
    client = AdminClient({"bootstrap.servers": servers})
    found = {name: len(topic.partitions) for name, topic in client.list_topics(timeout=LONG_ENOUGH).topics.items()}
    assert found == {topic.name: topic.partitions or DEFAULT_PARTITIONS for topic in CREATED}
    for topic in CREATED:
        resource = ConfigResource(ResourceType.TOPIC, topic.name)
        settings = client.describe_configs([resource])[resource].result(LONG_ENOUGH)
        assert {name: settings[name].value for name in topic.configuration} == topic.configuration


def write_a_flood(servers: str) -> None:
    producer = Producer({"bootstrap.servers": servers})
    for number in range(CONTACTS):
        event = {
            "type": "contact_request",
            "event_id": f"request-{number}",
            "occurred_at": datetime.now(UTC).isoformat(),
            "actor_id": "asker",
            "recipient_id": f"stranger-{number}",
        }
        producer.produce("activity.contact-requests", json.dumps(event), key="asker")
    assert producer.flush(LONG_ENOUGH) == 0


def first_incident(servers: str) -> dict[str, Any]:
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "reader", "auto.offset.reset": "earliest"})
    consumer.subscribe([INCIDENTS])
    try:
        record = consumer.poll(LONG_ENOUGH)
        assert record is not None, "no incident came"
        assert record.error() is None
        incident: dict[str, Any] = json.loads(record.value() or b"")
        return incident
    finally:
        consumer.close()
