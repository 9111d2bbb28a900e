"""`twinwatch doctor` against genuine servers: it finds what is wrong, says what to do, and changes nothing."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from redis import Redis

from agents import checkup
from agents.checkup import LEAST_REDIS, _clock, _persistence, _room, _version
from agents.settings import Settings
from agents.topics import OUTPUTS
from tests.integration.conftest import NewStage
from tests.integration.stage import Sent, Stage, command_here
from tests.servers import LONG_ENOUGH, KafkaServer, RedisServer, eventually

Findings = list[dict[str, str]]


def findings(stage: Stage, **settings: object) -> tuple[int, Findings]:
    done = command_here("doctor", "--json", "--env-file", str(stage.env_file(**settings)))
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()]


def graded(found: Findings, grade: str) -> str:
    return "\n".join(f"{one['area']}: {one['told']}: {one['remedy']}" for one in found if one["grade"] == grade)


@pytest.fixture(autouse=True)
def only_the_settings_of_the_stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_all_is_well_until_topics_rights_or_keys_are_not(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(2)
    status, found = findings(stage)
    assert (status, graded(found, "wrong")) == (0, "")
    assert {one["area"] for one in found} == {"settings", "policy", "kafka", "redis", "clock"}
    fine = graded(found, "fine")
    assert "13 topics with 1 to 2 partitions" in fine
    assert "no worker has used it yet" in fine
    with Redis.from_url(stage.redis_url) as client:
        assert client.dbsize() == 0, "looking changes nothing"

    worker = stage.start_worker()
    assert worker.stop() == 0
    _, found = findings(stage)
    assert "workers use it with our pseudonym key" in graded(found, "fine")
    status, found = findings(stage, pseudonym_key=secrets.token_hex(32))
    assert status == 1
    assert "TWINWATCH_PSEUDONYM_KEY" in graded(found, "wrong")
    status, found = findings(stage, pseudonym_key="changeme" * 4)
    assert "is a placeholder" in graded(found, "wrong")

    before = [len(stage.read(topic)) for topic in OUTPUTS]
    stage.refuse(True)
    status, found = findings(stage)
    stage.refuse(False)
    assert status == 1
    assert f"we may not write {stage.prefix}incidents" in graded(found, "wrong")
    assert "deploy/kafka/acls.sh" in graded(found, "wrong")
    assert [len(stage.read(topic)) for topic in OUTPUTS] == before, "looking writes nothing"


def test_missing_and_compacted_topics_are_named(kafka: KafkaServer, genuine_redis: RedisServer, tmp_path: Path) -> None:
    stage = Stage(kafka.bootstrap_servers, genuine_redis.url, tmp_path, prefix=f"t{secrets.token_hex(4)}.")
    name = f"{stage.prefix}incidents"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_topics([NewTopic(name, 1, 1, config={"cleanup.policy": "compact"})])[name].result(LONG_ENOUGH)
    resource = ConfigResource(ResourceType.TOPIC, name)
    admin.describe_configs([resource])[resource].result(LONG_ENOUGH)
    status, found = findings(stage)
    assert status == 1
    assert f"{stage.prefix}activity.messages" in graded(found, "wrong")
    assert "twinwatch topics create" in graded(found, "wrong")
    assert f"{name} is compacted" in graded(found, "wrong")


@pytest.mark.slow
def test_every_broker_is_asked_and_every_partition_has_its_leader_and_its_copies(
    own_kafka: KafkaServer, genuine_redis: RedisServer, tmp_path: Path
) -> None:
    with KafkaServer(joins=own_kafka) as other:
        other.start()
        admin = AdminClient({"bootstrap.servers": own_kafka.bootstrap_servers})
        topics = [
            NewTopic("incidents", 1, replica_assignment=[[1, 2]]),
            NewTopic("activity.media", 2, replica_assignment=[[1], [2]]),
            NewTopic("incidents.shadow", 1, replica_assignment=[[1, 2]], config={"min.insync.replicas": "2"}),
        ]
        eventually(lambda: len(admin.list_topics(timeout=LONG_ENOUGH).brokers) == 2, what="there are two brokers")
        for created in admin.create_topics(topics).values():
            created.result(LONG_ENOUGH)
        # only one of them is named, and sends us to the other
        stage = Stage(own_kafka.bootstrap_servers, genuine_redis.url, tmp_path)
        _, found = findings(stage)
        assert f"answers at {own_kafka.bootstrap_servers}, {other.bootstrap_servers}" in graded(found, "fine")
        assert "partitions" not in graded(found, "wrong")
        other.kill()

        def is_told() -> bool:
            status, found = findings(
                stage, kafka_bootstrap_servers=f"{other.bootstrap_servers},{own_kafka.bootstrap_servers}"
            )
            wrong, noted = graded(found, "wrong"), graded(found, "note")
            return (
                status == 1
                and "a leader, which nobody can read or write: activity.media/1: bring back the brokers that have them: 2"
                in wrong
                and "nobody can write: incidents.shadow/0: bring back the brokers that have the others: 2" in wrong
                and "copies are gone or behind: incidents/0: see to the brokers that have them: 2" in noted
                and f"broker {other.bootstrap_servers} does not answer; others answer" in noted
            )

        eventually(is_told, what="what went with the broker is told")


def test_a_broker_to_which_we_are_sent_and_that_cannot_be_reached_is_told(
    unstarted_kafka: KafkaServer, genuine_redis: RedisServer, tmp_path: Path
) -> None:
    with (unstarted_kafka.directory / "server.properties").open("a", encoding="utf-8") as properties:
        properties.write("advertised.listeners=PLAINTEXT://127.0.0.1:1\n")
    unstarted_kafka.start()
    status, found = findings(Stage(unstarted_kafka.bootstrap_servers, genuine_redis.url, tmp_path))
    assert status == 1
    wrong = graded(found, "wrong")
    assert (
        "broker 127.0.0.1:1, to which the others send us, does not answer: see that it runs, and that its advert"
        in wrong
    )


def test_a_named_broker_that_is_away_or_of_another_cluster_is_told(
    new_genuine_stage: NewStage, embedded_kafka_servers: str
) -> None:
    stage = new_genuine_stage(2)
    status, found = findings(stage, kafka_bootstrap_servers=f"127.0.0.1:1,{stage.bootstrap_servers}")
    assert (status, graded(found, "wrong")) == (0, "")
    assert "broker 127.0.0.1:1 does not answer; others answer" in graded(found, "note")
    both = f"{stage.bootstrap_servers},{embedded_kafka_servers}"
    assert "belong to different clusters" in graded(findings(stage, kafka_bootstrap_servers=both)[1], "wrong")


def test_what_we_may_not_read_or_as_whom_is_told(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(2)
    topic = f"{stage.prefix}activity.comments"
    rules = [
        AclBinding(kind, name, ResourcePatternType.LITERAL, "User:*", "*", operation, permission)
        for kind, name in ((ResourceType.TOPIC, topic), (ResourceType.GROUP, stage.group))
        for operation, permission in (
            (AclOperation.DESCRIBE, AclPermissionType.ALLOW),
            (AclOperation.READ, AclPermissionType.DENY),
        )
    ]
    admin = AdminClient({"bootstrap.servers": stage.bootstrap_servers})
    for answer in admin.create_acls(rules).values():
        answer.result(LONG_ENOUGH)

    def is_told() -> bool:
        status, found = findings(stage)
        wrong = graded(found, "wrong")
        return (
            status == 1
            and f"we may not read {topic}:" in wrong
            and f"we may not read as consumer group {stage.group}: see TWINWATCH_CONSUMER_GROUP" in wrong
        )

    # the controller has taken the rules; the broker may still be about to
    eventually(is_told, what="what is refused is told")


@pytest.mark.parametrize(
    ("wrong_by", "grade", "told"),
    [
        (0.0, "fine", "they are written to Kafka agree"),
        (-140.0, "note", "behind that of"),
        (-1_000.0, "wrong", "behind that of"),
        (1_000.0, "wrong", "ahead of that of"),
    ],
)
def test_our_clock_is_compared_with_the_times_of_kafkas_records(
    new_genuine_stage: NewStage, monkeypatch: pytest.MonkeyPatch, wrong_by: float, grade: str, told: str
) -> None:
    stage = new_genuine_stage(2)
    monkeypatch.setattr(checkup, "time", lambda: time.time() + wrong_by)
    assert "Kafka holds no events" in graded(findings(stage)[1], "fine")

    def of_kafka() -> dict[str, str]:
        (finding,) = [one for one in findings(stage)[1] if one["area"] == "clock" and "Kafka" in one["told"]]
        return finding

    def is_told() -> bool:
        found = of_kafka()
        return found["grade"] == grade and told in found["told"]

    # an event that stands there tells whether ours is behind, one that comes while we look whether it is ahead
    stage.send([Sent("activity.comments", b"{}")])
    if wrong_by > 0:
        assert of_kafka()["grade"] == "fine"
    if wrong_by < 0:
        assert is_told()
    else:
        with events_all_the_while(stage):
            eventually(is_told, what=told)


@contextmanager
def events_all_the_while(stage: Stage) -> Iterator[None]:
    over = threading.Event()

    def send() -> None:
        while not over.is_set():
            stage.send([Sent("activity.comments", b"{}")])

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()


def test_servers_that_do_not_answer_are_told_with_the_setting(tmp_path: Path) -> None:
    stage = Stage("127.0.0.1:1", "redis://127.0.0.1:1/0", tmp_path)
    status, found = findings(stage)
    assert status == 1
    wrong = graded(found, "wrong")
    assert "TWINWATCH_KAFKA_BOOTSTRAP_SERVERS" in wrong
    assert "TWINWATCH_REDIS_URL" in wrong
    assert "Traceback" not in wrong


def test_an_embedded_broker_is_well(embedded_kafka_servers: str, tmp_path: Path) -> None:
    _, found = findings(Stage(embedded_kafka_servers, "redis://127.0.0.1:1/0", tmp_path))
    assert not [one for one in found if (one["area"], one["grade"]) == ("kafka", "wrong")]
    assert "and write what is found" in graded(found, "fine")


def test_settings_that_cannot_be_read_are_one_line_and_status_2(tmp_path: Path) -> None:
    stage = Stage("nowhere", "redis://127.0.0.1:1/0", tmp_path)
    done = command_here("doctor", "--env-file", str(stage.env_file()))
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


def test_a_redis_that_evicts_is_wrong(redis_program: Path, tmp_path: Path) -> None:
    with RedisServer(redis_program, maxmemory_policy="allkeys-lru", appendonly="no") as server:
        server.start()
        status, found = findings(Stage("127.0.0.1:1", server.url, tmp_path))
        assert status == 1
        assert "maxmemory-policy allkeys-lru" in graded(found, "wrong")
        assert "append-only" in graded(found, "note")
        _, found = findings(Stage("127.0.0.1:1", server.url, tmp_path), redis_allow_eviction=True)
        assert "maxmemory-policy" not in graded(found, "wrong")


def test_what_redis_tells_is_graded() -> None:
    settings = Settings()
    old = {"redis_version": f"{LEAST_REDIS[0] - 1}.2.9", "server_time_usec": 1_000_000}
    assert [one.grade for one in _version(old)] == ["wrong"]
    assert [one.grade for one in _version({"redis_version": "7.2.4", "server_name": "valkey"})] == ["fine"]
    assert [one.grade for one in _clock(old, settings)] == ["wrong"]
    assert [one.grade for one in _persistence({"rdb_last_bgsave_status": "err"})] == ["wrong"]
    assert [one.grade for one in _room(96, 100)] == ["wrong"]
    assert [one.grade for one in _room(85, 100)] == ["note"]
    assert [one.grade for one in _room(10, 100)] == ["fine"]
