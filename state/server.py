"""What a worker wants to know of its server: how full it is, and what it does when it is full."""

from msgspec import Struct
from redis.asyncio import Redis

from state.scripts import guarded

NO_EVICTION = "noeviction"


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


async def memory_of(client: "Redis") -> ServerMemory:
    """From `INFO memory`, which a user of least privilege may ask where `CONFIG GET` is none of its business.

    Raises `StateUnavailable`.
    """
    told = await guarded(lambda: client.info("memory"))
    return ServerMemory(
        used=int(told.get("used_memory", 0)),
        most=int(told.get("maxmemory", 0)) or int(told.get("total_system_memory", 0)),
        policy=str(told.get("maxmemory_policy", "")),
    )
