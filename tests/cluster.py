"""A Redis Cluster of three primaries on this machine."""

from contextlib import ExitStack

from redis.crc import key_slot

from tests.servers import RedisServer, eventually, free_port, require_redis
from tests.state.conftest import Bench

PRIMARIES = 3
SLOTS = 16_384


def cluster_of(stack: ExitStack) -> list[RedisServer]:
    """Three primaries that know each other and have all slots between them; the first two shards are not on one."""
    program = require_redis()
    nodes = []
    for _ in range(PRIMARIES):
        node = RedisServer(program, cluster_enabled="yes", cluster_port=str(free_port()), appendfsync="no")
        nodes.append(stack.enter_context(node).start())
    bench = [Bench(node.url) for node in nodes]
    # the shards' slots happen to lie in one third
    low, high = sorted(key_slot(b"s%d" % shard) for shard in range(2))
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
