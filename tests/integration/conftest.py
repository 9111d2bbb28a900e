"""The stages on which workers are tried."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis

from agents.topics import TOPICS
from tests.integration.stage import Found, Sent, Stage, replayed
from tests.servers import KafkaServer, RedisServer
from twinwatch.embedded import embedded_kafka, embedded_redis

NewStage = Callable[[int], Stage]
"""Makes a stage with so many partitions a topic."""

_GENUINE = pytest.param("genuine", marks=pytest.mark.kafka)


@pytest.fixture(scope="session")
def lasting_redis(redis_program: Path) -> Iterator[RedisServer]:
    """A Redis in a process of its own, on TCP and with its data on disk, for all tests, with what they leave in it."""
    with RedisServer(redis_program) as server:
        yield server.start()


@pytest.fixture
def genuine_redis(lasting_redis: RedisServer) -> RedisServer:
    """A genuine Redis, empty: what the events of other tests led to is told again where events have the same ids."""
    with Redis.from_url(lasting_redis.url) as client:
        client.flushall()
    return lasting_redis


@pytest.fixture(params=["embedded", _GENUINE])
def new_stage(servers: None, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewStage]:
    """Stages on the embedded servers, and on a genuine Kafka and a Redis with its data on disk."""
    with ExitStack() as stack:
        yield _embedded(tmp_path, stack) if request.param == "embedded" else _genuine(request, tmp_path, stack)


@pytest.fixture
def new_embedded_stage(servers: None, tmp_path: Path) -> Iterator[NewStage]:
    """Stages on the embedded servers."""
    with ExitStack() as stack:
        yield _embedded(tmp_path, stack)


@pytest.fixture
def new_genuine_stage(servers: None, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewStage]:
    """Stages on a genuine Kafka and a Redis with its data on disk."""
    with ExitStack() as stack:
        yield _genuine(request, tmp_path, stack)


@pytest.fixture
def new_frail_stage(kafka: KafkaServer, frail_redis: RedisServer, tmp_path: Path) -> Iterator[NewStage]:
    """Stages on the genuine Kafka of all tests and on a Redis that may be stopped, killed or hung."""
    with ExitStack() as stack:
        yield lambda partitions: _created(
            stack, Stage(kafka.bootstrap_servers, frail_redis.url, tmp_path, prefix=_prefix()), partitions
        )


@pytest.fixture(scope="module")
def expected(servers: None, affairs: list[Sent], tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What an undisturbed run over the module's `affairs` comes to."""
    return replayed(affairs, tmp_path_factory.mktemp("undisturbed"))


def _embedded(directory: Path, stack: ExitStack) -> NewStage:
    def new(partitions: int) -> Stage:
        redis = stack.enter_context(embedded_redis())
        broker = stack.enter_context(embedded_kafka([topic.name for topic in TOPICS], partitions=partitions))
        return _closed_with(stack, Stage(broker.bootstrap_servers, redis.url, directory))

    return new


def _genuine(request: pytest.FixtureRequest, directory: Path, stack: ExitStack) -> NewStage:
    kafka: KafkaServer = request.getfixturevalue("kafka")
    redis: RedisServer = request.getfixturevalue("genuine_redis")
    return lambda partitions: _created(
        stack, Stage(kafka.bootstrap_servers, redis.url, directory, prefix=_prefix()), partitions
    )


def _prefix() -> str:
    """Of topics that no other test has."""
    return f"t{secrets.token_hex(4)}."


def _created(stack: ExitStack, stage: Stage, partitions: int) -> Stage:
    stage.create_topics(partitions)
    return _closed_with(stack, stage)


def _closed_with(stack: ExitStack, stage: Stage) -> Stage:
    stack.callback(stage.close)
    return stage
