"""The store's tests once more, on a Redis Cluster of three primaries, with two shards."""

from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from typing import Any

import pytest
from redis.asyncio.cluster import ClusterNode, RedisCluster

from state.limits import StoreLimits
from state.store import Store
from tests.cluster import cluster_of
from tests.servers import RedisServer, ServerMissing, missing
from tests.state.conftest import Bench, unsalted

SHARDS = 2
MODULES = ("campaigns", "episodes", "feedback", "relations", "used", "windows")
ONE_SERVER = frozenset(
    {
        # look at the keys or at the memory of one shard, or let a rule open all incidents of a day in it
        "where_an_author_was_forgotten_signatures_decide_alone",
        "it_lasts_as_long_as_its_gap_and_the_longest_downtime",
        "a_rule_opens_so_many_live_episodes_on_a_day_of_event_time",
        "ids_without_end_take_no_memory_without_end",
        "what_is_much_takes_several_calls",
        "one_actor_with_a_crowded_window_cannot_hold_up_the_server",
        "sending_to_a_thousand_at_once_costs_no_more_memory_than_sending_to_one",
        # long, and of scripts alone
        "trimming_takes_nothing_that_an_allowed_latecomer_needs",
        "what_is_known_depends_neither_on_batches_nor_on_what_comes_again",
    }
)
"""Tests that say nothing of a cluster."""

for _module in MODULES:
    for _name, _found in vars(import_module(f"tests.state.test_{_module}")).items():
        _said = _name.removeprefix("test_")
        if _name != _said and callable(_found) and _said not in ONE_SERVER:
            globals()[f"test_{_module}_{_said}"] = _found


class ClusterBench(Bench):
    """As on one server; a store has two shards unless a test wants another number."""

    def __init__(self, nodes: list[RedisServer]) -> None:
        super().__init__(nodes[0].url)
        self.run(self.client.aclose())
        self.client: Any = RedisCluster(startup_nodes=[ClusterNode("127.0.0.1", node.port) for node in nodes])

    def store(self, *, secret: bytes = b"a secret of the tests", shards: int = SHARDS, **limits: Any) -> Store:
        return Store(self.client, unsalted(secret), shards=shards, limits=StoreLimits(**limits))


@pytest.fixture(scope="module")
def bench(servers: None, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with ExitStack() as stack:
        try:
            nodes = cluster_of(stack)
        except ServerMissing as why:
            missing(request, why)
        found = ClusterBench(nodes)
        yield found
        found.close()


@pytest.fixture(scope="module")
def any_bench(bench: Bench) -> Bench:
    return bench


@pytest.fixture(autouse=True)
def _empty_cluster(bench: Bench) -> None:
    bench.empty()


def test_the_shards_are_on_more_than_one_node(bench: Bench) -> None:
    """Else this would show nothing that one server does not."""
    client: Any = bench.client
    nodes = {client.get_node_from_key(f"{{s{shard}}}").port for shard in range(SHARDS)}
    assert len(nodes) == SHARDS
