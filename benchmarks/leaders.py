"""What an event costs while a million texts are remembered, against ten thousand.

    python -m benchmarks.leaders [--few 10000] [--many 1000000] [--events 4000] [--json FILE]

Texts unlike each other fill the index first, by many authors; then the workload is judged. A million takes some GiB of Redis
and a quarter of an hour.
"""

import asyncio
import time

from redis.asyncio import Redis

from benchmarks.index import ours, texts_of
from benchmarks.telling import options, tell
from benchmarks.workload import Network, records
from engine.engine import Engine
from engine.loading import load_tables
from rules.policy import load_policy
from state.pseudonyms import Pseudonyms
from state.store import Store
from twinwatch.embedded import embedded_redis

BATCH = 500
_AT_ONCE = 10_000


async def cost(url: str, leaders: int, events: int) -> tuple[float, float]:
    """Microseconds an event, of processor time here and in Redis."""
    async with Redis.from_url(url) as client:
        await client.flushall()
        network = Network(7)
        for start in range(0, leaders, _AT_ONCE):
            await ours(client, texts_of(network.texts(min(_AT_ONCE, leaders - start)), start))
        policy = load_policy()
        engine = Engine(policy, Store(client, Pseudonyms(b"a key"), limits=policy.store_limits()))
        judged = records(Network(8).events(events))

        async def there() -> float:
            info = await client.info("cpu")
            return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])

        began, began_there = time.process_time(), await there()
        for start in range(0, events, BATCH):
            await engine.process(judged[start : start + BATCH])
        return (time.process_time() - began) / events * 1e6, (await there() - began_there) / events * 1e6


def main() -> None:
    """Read the options."""
    parser = options(__doc__)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=4_000)
    chosen = parser.parse_args()
    load_tables()
    with embedded_redis() as server:
        few = asyncio.run(cost(server.url, chosen.few, chosen.events))
        many = asyncio.run(cost(server.url, chosen.many, chosen.events))
    numbers = {"few": chosen.few, "many": chosen.many, "few_us": sum(few), "many_us": sum(many)}
    tell(
        {f"leaders_{name}": number for name, number in numbers.items()} | {"leaders_ratio": sum(many) / sum(few)},
        chosen,
    )


if __name__ == "__main__":
    main()
