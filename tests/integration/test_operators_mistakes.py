"""Mistakes of who runs it: each is one clear line, and none of them counts falsely in silence."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from agents.topics import TOPICS
from state.pseudonyms import Pseudonyms
from tests.integration.conftest import NewStage
from tests.integration.stage import PSEUDONYM_KEY, Stage, Worker, command, command_here
from tests.integration.workload import copied_messages
from tests.servers import RedisServer, eventually
from tests.state.conftest import Bench
from twinwatch.embedded import embedded_kafka

ANOTHER_KEY = "another key for tests and nothing else"
SETTINGS = "tw9:{s0}:settings"


@contextmanager
def stage_on(redis: RedisServer, directory: Path) -> Iterator[Stage]:
    """On the embedded broker."""
    with embedded_kafka([topic.name for topic in TOPICS], partitions=1) as broker:
        stage = Stage(broker.bootstrap_servers, redis.url, directory)
        yield stage
        stage.close()


@pytest.fixture
def stage(frail_redis: RedisServer, tmp_path: Path) -> Iterator[Stage]:
    """On some Redis-compatible server, for what does not depend on which."""
    with stage_on(frail_redis, tmp_path) as stage:
        yield stage


@pytest.fixture
def stage_on_each(own_redis: RedisServer, tmp_path: Path) -> Iterator[Stage]:
    """On each Redis-compatible server."""
    with stage_on(own_redis, tmp_path) as stage:
        yield stage


def refused(stage: Stage, **settings: object) -> str:
    """The last line of a worker that does not start, though it might wait for longer than the command may take."""
    done = command("worker", "--env-file", str(stage.env_file(startup_timeout_seconds=600, **settings)))
    assert done.returncode == 1, done.stderr
    last = done.stderr.splitlines()[-1]
    assert " CRITICAL this worker cannot start: " in last
    return last


def ends(worker: Worker) -> str:
    """The line with which a worker ends that cannot go on."""
    eventually(lambda: not worker.runs, what="the worker ends")
    assert worker.process.returncode == 1
    [line] = [line for line in worker.said.splitlines() if "this worker cannot go on" in line]
    return line


def sample(worker: Worker, name: str) -> float:
    return worker.metrics().get(name, -1)


def test_a_redis_that_evicts_is_refused_and_one_that_begins_to_is_told(stage_on_each: Stage) -> None:
    stage = stage_on_each
    with Redis.from_url(stage.redis_url) as client:
        client.config_set("maxmemory-policy", "volatile-lru")
        client.config_set("maxmemory", "100mb")
        assert "(maxmemory-policy volatile-lru): set maxmemory-policy noeviction there" in refused(stage)
        client.config_set("maxmemory-policy", "noeviction")
        worker = stage.start_worker()

        def used() -> float:
            return sample(worker, "twinwatch_redis_memory_used_bytes")

        eventually(lambda: used() > 0, what="it has looked at Redis")
        assert sample(worker, "twinwatch_redis_memory_max_bytes") == 100 << 20
        assert sample(worker, "twinwatch_redis_evicts") == 0
        client.config_set("maxmemory-policy", "allkeys-random")
        eventually(lambda: sample(worker, "twinwatch_redis_evicts") == 1, what="it has noticed")
        client.config_set("maxmemory-policy", "noeviction")
        eventually(lambda: sample(worker, "twinwatch_redis_evicts") == 0, what="it has noticed")
        assert worker.said.count("(maxmemory-policy allkeys-random)") == 1
        before = used()
        client.set("ballast", b"x" * 10_000_000)
        eventually(lambda: used() > before + 9_000_000, what="it has looked at Redis")
        worker.stop()
        client.config_set("maxmemory-policy", "allkeys-lru")
        allowing = stage.start_worker(redis_allow_eviction=True)
        eventually(lambda: sample(allowing, "twinwatch_redis_memory_used_bytes") > 0, what="it has looked at Redis")
        assert sample(allowing, "twinwatch_redis_evicts") == 0


def test_a_worker_with_another_key_is_refused_until_the_key_is_changed_as_documented(stage: Stage) -> None:
    worker = stage.start_worker()
    line = refused(stage, pseudonym_key=ANOTHER_KEY)
    assert "another TWINWATCH_PSEUDONYM_KEY" in line
    assert f"redis-cli unlink '{SETTINGS}' (see docs/security.md)" in line
    assert ANOTHER_KEY not in line
    assert "another TWINWATCH_REDIS_SHARDS, and members would be counted apart: it is 1 there" in refused(
        stage, redis_shards=4
    )
    assert worker.get("/ready")[0] == 200
    worker.stop()
    with Redis.from_url(stage.redis_url) as client:
        client.unlink(SETTINGS)
    stage.start_worker(pseudonym_key=ANOTHER_KEY)
    assert "another TWINWATCH_PSEUDONYM_KEY" in refused(stage)


def test_a_worker_takes_an_emptied_redis_again(stage: Stage) -> None:
    worker = stage.start_worker()
    with Redis.from_url(stage.redis_url) as client:
        client.flushall()
        eventually(lambda: client.exists(SETTINGS) == 1, what="the worker has written down what it has")
    assert worker.get("/ready")[0] == 200
    assert "another TWINWATCH_PSEUDONYM_KEY" in refused(stage, pseudonym_key=ANOTHER_KEY)


def test_a_worker_that_finds_the_redis_of_others_where_its_own_was_ends_and_writes_nothing(
    stage: Stage, frail_redis: RedisServer
) -> None:
    binary, *options = frail_redis._command
    with RedisServer(Path(binary)) as others:
        bench = Bench(others.start().url)
        bench.run(bench.store(secret=ANOTHER_KEY.encode()).ping())
        found = bench.dump()
        bench.close()
        others.stop()
        worker = stage.start_worker()
        stage.send(copied_messages("anna", 5))
        stage.wait_until_judged()
        frail_redis.stop()
        stage.send(copied_messages("bert", 9))
        eventually(lambda: worker.get("/ready")[0] == 503, what="the worker has noticed")
        others._command, others.port, others.url = [binary, *options], frail_redis.port, frail_redis.url
        bench = Bench(others.start().url)
        assert "another TWINWATCH_PSEUDONYM_KEY" in ends(worker)
        assert bench.dump() == found
        bench.close()
        others.stop()
        frail_redis.start()
        stage.start_worker()
        stage.wait_until_judged()
        assert {incident["subject_id"] for incident in stage.incidents()} == {"bert"}


@pytest.mark.parametrize("shards", [1, 3])
def test_forgetting_beside_workers_warns_of_nothing(new_genuine_stage: NewStage, shards: int) -> None:
    stage = new_genuine_stage(1)
    worker = stage.start_worker(redis_shards=shards)
    stage.send(copied_messages("anna", 9))
    stage.wait_until_judged()
    with Redis.from_url(stage.redis_url) as client:
        eventually(lambda: any(b":progress" in key for key in client.scan_iter()), what="the worker tells its progress")
    for options in (["--dry-run"], []):
        done = command_here(
            "forget", "anna", "--json", *options, "--env-file", str(stage.env_file(redis_shards=shards))
        )
        assert (done.exit_code, done.stderr) == (0, "")
        told = json.loads(done.stdout)
        assert told["removed"]["acts"]["keys"] > 0
        assert told["keys_not_understood"] == 0
    wrong = command_here("forget", "anna", "--env-file", str(stage.env_file(redis_shards=shards + 1)))
    assert wrong.exit_code == 1
    [line] = wrong.stderr.splitlines()
    assert f"another TWINWATCH_REDIS_SHARDS, and members would be counted apart: it is {shards} there" in line
    assert worker.get("/ready")[0] == 200
    assert Pseudonyms(PSEUDONYM_KEY.encode()).member("anna") not in b"".join(kept(stage))


def kept(stage: Stage) -> list[bytes]:
    with Redis.from_url(stage.redis_url) as client:
        return list(client.scan_iter())
