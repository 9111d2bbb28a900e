"""What a worker wants to know of its server: how full it is, and what it does when it is full."""

import re
from collections.abc import AsyncIterator
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis, RedisCluster

from state.scripts import guarded

NO_EVICTION = "noeviction"
_KEYS_AT_ONCE = 500


class ServerMemory(Struct, frozen=True, kw_only=True):
    """Bytes in use and the most there may be (all of the machine where the server has no limit, 0 where it does not tell),
    and by which policy keys are evicted (`maxmemory-policy`; empty where the server does not tell).
    """

    used: int
    most: int
    policy: str

    @property
    def evicts(self) -> bool:
        """Whether the server may throw away what is remembered, to make room."""
        return self.policy != NO_EVICTION


async def nodes_of(client: Any) -> dict[str, dict[str, Any]]:
    """The servers on which a client writes, by name, and what a command takes to be sent to one: the primaries of a cluster,
    or one server without a name. Raises `StateUnavailable`.
    """
    if not isinstance(client, RedisCluster):
        return {"": {}}
    await guarded(client.initialize)
    return {node.name: {"target_nodes": node} for node in client.get_primaries()}


async def keys_of(client: Any, begins: bytes) -> AsyncIterator[list[bytes]]:
    """All keys that begin so, some at a time; one may come twice, as `SCAN` has it. Raises `StateUnavailable`."""
    pattern = re.sub(rb"([*?\[\]\\])", rb"\\\1", begins) + b"*"
    for to in (await nodes_of(client)).values():
        cursor, more = 0, True
        while more:
            cursor, keys = await guarded(lambda: client.scan(cursor, pattern, _KEYS_AT_ONCE, **to))  # noqa: B023
            if isinstance(cursor, dict):  # a cluster tells each node's
                [cursor] = cursor.values()
            more = cursor != 0
            yield keys


async def info_of(client: "Redis", section: str) -> dict[str, dict[str, Any]]:
    """What `INFO` tells, by server. Raises `StateUnavailable`."""
    return {name: await guarded(lambda: client.info(section, **to)) for name, to in (await nodes_of(client)).items()}  # noqa: B023


async def memory_of(client: "Redis") -> ServerMemory:
    """Of the fullest server, or of one that evicts. From `INFO memory`, which a user of least privilege may ask where
    `CONFIG GET` is none of its business.

    Raises `StateUnavailable`.
    """
    told = [
        ServerMemory(
            used=int(one.get("used_memory", 0)),
            most=int(one.get("maxmemory", 0)) or int(one.get("total_system_memory", 0)),
            policy=str(one.get("maxmemory_policy", "")),
        )
        for one in (await info_of(client, "memory")).values()
    ]
    return max(told, key=lambda one: (one.evicts, one.used / max(one.most, 1)))
