"""Servers and other programs that tests start, stop and kill. Each ends with the tests, even when those are killed."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, Self

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from redis import Redis
from redis.exceptions import RedisError

from twinwatch.embedded import redis_binaries
from twinwatch.embedded.kept import KeptProcess, kept

REPOSITORY = Path(__file__).parents[1]
KAFKA_LIBS = REPOSITORY / "deploy" / "kafka" / "target" / "libs"
LONG_ENOUGH = 300.0
"""Seconds after which a test takes it that what it waits for never happens, on the slowest and busiest of machines. What is
promised in seconds is measured by `benchmarks/promises.py`."""
_POLL_SECONDS = 0.05
_LOG_LINES_SHOWN = 15


GENUINE_REDIS = "redis-server"


class ServerMissing(Exception):  # noqa: N818 - what is the case
    """A server cannot be had on this machine. The text says what would help."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A server on a port of its own that keeps its data over `stop`, `kill` and `start`, until `close`."""

    def __init__(self, command: list[str | Path], name: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix=f"twinwatch-{name}-"))
        self._command = command
        self._log = self.directory / "server.log"
        self._kept: KeptProcess | None = None

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> Self:
        """Start it (again), and wait until it answers."""
        assert self._kept is None, "it runs already"
        with self._log.open("ab") as log:
            self._kept = KeptProcess(self._command, self.directory, log=log)
        try:
            eventually(self._answers_or_died, what=f"{self._command[0]} answers")
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self) -> None:
        """End it in good order."""
        self._end(lambda kept: kept.stop(LONG_ENOUGH))

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(KeptProcess.kill)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """Make it hang: connections stay open, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """Kill it and delete its data."""
        if self._kept:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def last_words(self) -> str:
        return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES_SHOWN:])

    def _answers_or_died(self) -> bool:
        assert self._kept
        status = self._kept.process.poll()
        assert status is None, f"{self._command[0]} ended with status {status}:\n{self.last_words()}"
        return self.answers()

    def _end(self, how: Callable[[KeptProcess], None]) -> None:
        assert self._kept, "it does not run"
        how(self._kept)
        self._kept = None

    def _signal(self, number: int) -> None:
        assert self._kept, "it does not run"
        os.kill(self._kept.process.pid, number)


class RedisServer(Server):
    """A Redis-compatible server over TCP that writes each change to disk before it answers (`appendfsync always`)."""

    def __init__(self, binary: Path, **more: str) -> None:
        """`more` are options of the server, with `_` for `-`."""
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
        } | {name.replace("_", "-"): value for name, value in more.items()}
        super().__init__([binary, *(part for name, value in options.items() for part in (f"--{name}", value))], "redis")

    def answers(self) -> bool:
        try:
            with Redis.from_url(self.url, socket_timeout=30) as client:
                return bool(client.ping())
        except RedisError:
            return False


class KafkaServer(Server):
    """A genuine Apache Kafka: one node that is broker and controller. Topics are not created by mentioning them."""

    def __init__(self, users: Sequence[str] = (), *, joins: "KafkaServer | None" = None, **settings: str) -> None:
        """`settings` are properties of the broker, with `_` for `.`; `users` are created as `--add-scram` takes them. One that
        `joins` another is the second broker of that one's cluster.

        `client` is what a client of librdkafka's needs besides the address.
        """
        self._users = users
        java = require_kafka()
        self.port, self.controller_port = free_port(), free_port()
        self.bootstrap_servers = f"127.0.0.1:{self.port}"
        tuning = ["-Xms128m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]  # quick to start, not to serve
        quiet = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"]
        self._java: list[str | Path] = [java, *tuning, *quiet, "-cp", f"{KAFKA_LIBS}/*"]
        super().__init__([*self._java, "kafka.Kafka", "server.properties"], "kafka")
        properties = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{self.bootstrap_servers},CONTROLLER://127.0.0.1:{self.controller_port}",
            "log.dirs": str(self.directory / "data"),
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": "1",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            # a broker that was killed may come back once its session has run out
            "broker.session.timeout.ms": "2000",
            "broker.heartbeat.interval.ms": "500",
            "group.initial.rebalance.delay.ms": "0",
            # everybody may do everything, until a test makes a rule
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "true",
        } | {name.replace("_", "."): value for name, value in settings.items()}
        if joins:
            properties |= {
                "process.roles": "broker",
                "node.id": "2",
                "controller.quorum.voters": f"1@127.0.0.1:{joins.controller_port}",
                "listeners": f"PLAINTEXT://{self.bootstrap_servers}",
            }
        lines = [f"{name}={value}\n" for name, value in properties.items()]
        (self.directory / "server.properties").write_text("".join(lines), encoding="utf-8")
        self.client: dict[str, str] = {}
        self._format()

    def _format(self) -> None:
        arguments = ["format", "--config", "server.properties", "--cluster-id", "twinwatch-tests-000000"]
        arguments += [part for user in self._users for part in ("--add-scram", user)]
        done = run(*self._java, "kafka.tools.StorageTool", *arguments, cwd=self.directory)
        assert done.returncode == 0, done.stdout + done.stderr

    def answers(self) -> bool:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
        try:
            client = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0, **self.client})
            return bool(client.list_topics(timeout=30).brokers)
        except KafkaException:
            return False


def require_kafka() -> str:
    """The path of `java`. Raises `ServerMissing` where a genuine Kafka cannot be run."""
    java = shutil.which("java")
    if java is None:
        raise ServerMissing("Java 17 or newer is missing (Debian: apt install openjdk-17-jre-headless)")
    if not (KAFKA_LIBS / ".fetched").is_file():
        if shutil.which("mvn") is None:
            raise ServerMissing("Apache Kafka is fetched by Maven, which is missing (Debian: apt install maven)")
        raise ServerMissing("Apache Kafka has not been fetched yet, or could not be (make kafka)")
    return java


def require_redis(name: str = "") -> Path:
    """The program of the server that is named, or else of a genuine Redis where there is one. Raises `ServerMissing`."""
    found = redis_binaries()
    wanted = [name] if name else [GENUINE_REDIS, *found]
    try:
        return next(found[one] for one in wanted if one in found)
    except StopIteration:
        raise ServerMissing(f"{name or 'a Redis-compatible server'} is neither installed nor on the path") from None


def missing(request: pytest.FixtureRequest, why: ServerMissing) -> NoReturn:
    """Skip the test, or fail where all servers are required."""
    if request.config.getoption("--require-servers"):
        pytest.fail(f"a server is missing: {why}")
    pytest.skip(str(why))


def is_running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def descendants(pid: int) -> set[int]:
    """The children of a process, and theirs."""
    try:
        tasks = [(task / "children").read_text(encoding="utf-8") for task in Path(f"/proc/{pid}/task").iterdir()]
    except (FileNotFoundError, ProcessLookupError):
        return set()
    children = {int(child) for task in tasks for child in task.split()}
    return children.union(*map(descendants, children))


def run(
    *command: str | Path, cwd: Path = REPOSITORY, env: Mapping[str, str] | None = None, seconds: float = LONG_ENOUGH
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, whatever its status. It is killed after so many seconds, and when we are."""
    program = shutil.which(command[0])
    assert program, f"there is no program {command[0]}"
    with lifeline() as pipe:
        return subprocess.run(  # noqa: TID251 - this is it
            kept([program, *command[1:]], pipe=pipe),
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            pass_fds=[pipe],
        )


@contextmanager
def lifeline() -> Iterator[int]:
    """A pipe for `kept` and `pass_fds`: what was started with it ends with the context, or with us."""
    theirs, ours = os.pipe()
    try:
        yield theirs
    finally:
        os.close(theirs)
        os.close(ours)


def eventually(
    condition: Callable[[], bool],
    *,
    what: str = "it happens",
    progress: Callable[[], object] = lambda: None,
    every: float = _POLL_SECONDS,
) -> None:
    """Wait until `condition` holds, looked at `every` so many seconds. The time for it begins anew whenever `progress`
    gives something else than before.
    """
    give_up, reached = time.monotonic() + LONG_ENOUGH, progress()
    while not condition():
        if (now := progress()) != reached:
            give_up, reached = time.monotonic() + LONG_ENOUGH, now
        if time.monotonic() > give_up:
            pytest.fail(f"waited {LONG_ENOUGH:.0f} s in vain until {what}")
        time.sleep(every)
