"""A worker on a Redis Cluster of three primaries: it spreads what it remembers, and finds what one server finds."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis

from tests.cluster import PRIMARIES, cluster_of
from tests.integration.conftest import NewStage
from tests.integration.stage import Stage, command_here, replayed
from tests.integration.workload import own_affairs
from tests.servers import RedisServer, ServerMissing, eventually, missing

SHARDS = 6


@pytest.fixture(scope="module")
def nodes(servers: None, request: pytest.FixtureRequest) -> Iterator[list[RedisServer]]:
    with ExitStack() as stack:
        try:
            yield cluster_of(stack)
        except ServerMissing as why:
            missing(request, why)


@pytest.fixture
def stage(new_embedded_stage: NewStage, nodes: list[RedisServer]) -> Stage:
    """On the cluster, of which it knows one node."""
    stage = new_embedded_stage(2)
    stage.redis_url = f"redis://127.0.0.1:{nodes[0].port}"
    for node in nodes:
        with Redis.from_url(node.url) as client:
            client.flushall()
    stage.settings |= {"redis_cluster": "true", "redis_shards": SHARDS}
    return stage


def test_a_worker_finds_there_what_it_finds_on_one_server(
    stage: Stage, nodes: list[RedisServer], tmp_path: Path
) -> None:
    affairs = own_affairs(7, 60)
    expected = replayed(affairs, tmp_path)
    assert expected
    worker = stage.start_worker()
    stage.send(affairs)
    eventually(lambda: stage.found() == expected, what="the cluster's worker has found all")
    assert worker.stop() == 0
    used = 0
    for node in nodes:
        with Redis.from_url(node.url) as client:
            used += client.dbsize() > 0
    assert used == PRIMARIES, "what is remembered is spread over the primaries"

    forgotten = command_here("forget", "member-0", "--json", "--env-file", str(stage.env_file()))
    assert forgotten.exit_code == 0, forgotten.output
    assert json.loads(forgotten.stdout)["removed"]


def test_the_doctor_knows_a_cluster_and_what_workers_lack_for_it(stage: Stage) -> None:
    def told(**settings: object) -> tuple[int, str]:
        done = command_here("doctor", "--json", "--env-file", str(stage.env_file(**settings)))
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return done.exit_code, "\n".join(f"{one['grade']} {one['told']} {one['remedy']}" for one in found)

    status, said = told()
    assert f"fine it is a Redis Cluster with {PRIMARIES} primaries, over which {SHARDS} shards are spread" in said
    assert status == 0, said
    _, said = told(redis_shards=1)
    assert "note it is a Redis Cluster" in said
    assert "set TWINWATCH_REDIS_SHARDS" in said
    status, said = told(redis_cluster="false")
    assert status == 1
    assert "wrong it is a node of a Redis Cluster set TWINWATCH_REDIS_CLUSTER=true" in said


def test_a_worker_that_takes_one_server_for_a_cluster_or_a_node_for_a_server_says_so(
    stage: Stage, new_embedded_stage: NewStage, genuine_redis: RedisServer
) -> None:
    worker = stage.start_worker(ready=False, redis_cluster="false", startup_timeout_seconds=5)
    assert worker.process.wait(timeout=120) != 0
    assert "set TWINWATCH_REDIS_CLUSTER=true" in worker.said
    url = f"redis://127.0.0.1:{genuine_redis.port}"
    worker = stage.start_worker(ready=False, redis_url=url, startup_timeout_seconds=5)
    assert worker.process.wait(timeout=120) != 0
    assert "see TWINWATCH_REDIS_CLUSTER" in worker.said
