"""What one event costs at most, however it is made: processor time in Redis and bytes that it adds.

    python -m benchmarks.one_event [--json FILE]

Each kind of event that members may write is made as costly as the contract allows: a thousand recipients, none of whom the
sender knows, fifty links of as many sites, the longest text. It is judged alone, after a few hundred ordinary events.
"""

import asyncio
from typing import Any

from redis.asyncio import Redis

from benchmarks.engine_throughput import memory
from benchmarks.telling import options, tell
from benchmarks.workload import Network, records
from engine.engine import Engine
from rules.policy import load_policy
from state.pseudonyms import Pseudonyms
from state.store import Store
from twinwatch.embedded import embedded_redis

BEFORE = 300
_MANY = [f"stranger-{number}" for number in range(1_000)]
_LINKS = " ".join(f"https://site-{number}.example/{number}" for number in range(50))
_LONG = " ".join(f"word{number} {number * 7919 % 9973}" for number in range(12_000))
EVENTS: dict[str, dict[str, Any]] = {
    "a message with links to many": {"type": "message", "recipient_ids": _MANY, "text": f"Buy now, 50 % off! {_LINKS}"},
    "a long message to many": {"type": "message", "recipient_ids": _MANY, "text": _LONG},
    "an invitation of many": {
        "type": "invitation",
        "kind": "event",
        "target_id": "t",
        "recipient_ids": _MANY,
        "text": _LINKS,
    },
    "a post with links": {
        "type": "forum_post",
        "forum_id": "f",
        "thread_id": "t",
        "text": f"{_LINKS} {_LONG}"[:200_000],
    },
    "a comment with links": {"type": "comment", "owner_id": "o", "text": f"{_LINKS} {_LONG}"[:200_000]},
}


async def cost(client: "Redis", event: dict[str, Any]) -> tuple[float, float]:
    """Milliseconds in Redis, and KiB added."""
    await client.flushall()
    policy = load_policy()
    engine = Engine(policy, Store(client, Pseudonyms(b"a key"), limits=policy.store_limits()))
    await engine.process(records(Network(1).events(BEFORE)))
    before = await _kept(client)
    await client.config_resetstat()
    whole = {"event_id": "e", "occurred_at": "2026-03-02T01:00:00Z", "actor_id": "sender"} | event
    outcome = await engine.process(records([whole]))
    assert not outcome.dead_letters, outcome.dead_letters[0].detail
    spent = (await client.info("commandstats"))["cmdstat_evalsha"]["usec"]
    return spent / 1e3, (await _kept(client) - before) / 1024


async def _kept(client: "Redis") -> int:
    """Bytes of all keys: those of the server's buffers come and go."""
    return sum(size for _, size in (await memory(client)).values())


async def measure(url: str) -> dict[str, tuple[float, float]]:
    """Of each event."""
    async with Redis.from_url(url) as client:
        return {name: await cost(client, event) for name, event in EVENTS.items()}


def main() -> None:
    """Read the options."""
    chosen = options(__doc__).parse_args()
    with embedded_redis() as server:
        found = asyncio.run(measure(server.url))
    for name, (spent, size) in found.items():
        print(f"{name:32} {spent:8.1f} ms {size:10,.1f} KiB")
    tell(
        {"worst_event_ms": max(s for s, _ in found.values()), "worst_event_kib": max(k for _, k in found.values())},
        chosen,
    )


if __name__ == "__main__":
    main()
