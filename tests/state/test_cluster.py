"""The store's tests once more, on a Redis Cluster of three primaries, with two shards."""

from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from typing import Any

import pytest
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.crc import key_slot

from state.limits import StoreLimits
from state.pseudonyms import Pseudonyms
from state.store import Store
from tests.servers import RedisServer, ServerMissing, eventually, free_port, missing, require_redis
from tests.state.conftest import Bench

PRIMARIES = 3
SLOTS = 16_384
SHARDS = 2
MODULES = ("campaigns", "episodes", "feedback", "ties", "used", "windows")
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
        return Store(self.client, Pseudonyms(secret), shards=shards, limits=StoreLimits(**limits))


def _cluster(stack: ExitStack) -> list[RedisServer]:
    """Primaries that know each other and have all slots between them."""
    program = require_redis()
    nodes = []
    for _ in range(PRIMARIES):
        node = RedisServer(program, cluster_enabled="yes", cluster_port=str(free_port()), appendfsync="no")
        nodes.append(stack.enter_context(node).start())
    bench = [Bench(node.url) for node in nodes]
    # the shards' slots happen to lie in one third
    low, high = sorted(key_slot(b"s%d" % shard) for shard in range(SHARDS))
    bounds = [0, low + 1, high + 1, SLOTS]
    for number, one in enumerate(bench):
        one.run(one.client.execute_command("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1))
        one.run(one.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1))
    for node in nodes[1:]:
        port = node._command[node._command.index("--cluster-port") + 1]
        bench[0].run(bench[0].client.execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, port))
    for one in bench:
        eventually(
            lambda one=one: b"cluster_state:ok" in one.run(one.client.execute_command("CLUSTER", "INFO")),  # type: ignore[misc]
            what="the cluster has come together",
        )
        one.close()
    return nodes


@pytest.fixture(scope="module")
def bench(servers: None, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with ExitStack() as stack:
        try:
            nodes = _cluster(stack)
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
