"""What an event costs while a million texts are remembered, against ten thousand, and how many altered copies are found then.

    python -m benchmarks.leaders [--few 10000] [--many 1000000] [--events 4000] [--copies 1000] [--json FILE]

Texts unlike each other fill the index first, by many authors; then the workload is judged. At last texts of four authors come,
the first as it was written and each other one altered (`ALTERED`): found are copies that join the campaign of the first. A
million takes some GiB of Redis and a quarter of an hour.
"""

import asyncio
import random
import time
from collections.abc import Sequence

from msgspec.structs import replace
from redis.asyncio import Redis

from benchmarks import disguises
from benchmarks.index import KEY, START, ours, texts_of
from benchmarks.near_duplicates import dropped
from benchmarks.telling import options, tell
from benchmarks.workload import Network, records
from engine.engine import Engine
from engine.loading import load_tables
from rules.policy import load_policy
from state.requests import MICROSECONDS, Text
from state.store import Store
from twinwatch.embedded import embedded_redis

BATCH = 500
_AT_ONCE = 10_000
ALTERED = (disguises.lookalikes_of_any_script(0.3), disguises.typos(0.07), dropped(0.2))
LATER = START + 24 * 3600 * MICROSECONDS


def groups_of_copies(written: Sequence[str]) -> list[list[Text]]:
    """Of each text the original and its altered copies, each by another author."""
    rng = random.Random(1)
    groups = []
    for number, text in enumerate(written):
        group = texts_of([text, *(alter(text, rng) for alter in ALTERED)])
        names = [f"{number}-{place}" for place in range(len(group))]
        groups.append(
            [
                replace(one, time=LATER + number * MICROSECONDS, identity=f"copy-{name}", author=f"copier-{name}")
                for one, name in zip(group, names, strict=True)
            ]
        )
    return groups


async def found(client: "Redis", groups: Sequence[Sequence[Text]]) -> float:
    """The share of the copies that join the campaign of their original."""
    policy = load_policy()
    store = Store(client, KEY, limits=policy.store_limits())
    joined = copies = 0
    for start in range(0, len(groups), BATCH // 4):
        some = groups[start : start + BATCH // 4]
        recalled = await store.recall([], [text for group in some for text in group], [])
        await store.settle([], recalled.decisions)
        answers = iter(recalled.campaigns)
        for group in some:
            ids = [campaign.campaign_id if (campaign := next(answers)) else None for _ in group]
            joined += ids[1:].count(ids[0])
            copies += len(ids) - 1
    return joined / copies


async def cost(url: str, leaders: int, events: int, copies: int) -> tuple[float, float, float]:
    """Microseconds an event, of processor time here and in Redis; and the share of altered copies that are found."""
    async with Redis.from_url(url) as client:
        await client.flushall()
        network = Network(7)
        for start in range(0, leaders, _AT_ONCE):
            await ours(client, texts_of(network.texts(min(_AT_ONCE, leaders - start)), start))
        policy = load_policy()
        engine = Engine(policy, Store(client, KEY, limits=policy.store_limits()))
        judged = records(Network(8).events(events))

        async def there() -> float:
            info = await client.info("cpu")
            return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])

        began, began_there = time.process_time(), await there()
        for start in range(0, events, BATCH):
            await engine.process(judged[start : start + BATCH])
        here = (time.process_time() - began) / events * 1e6
        in_redis = (await there() - began_there) / events * 1e6
        return here, in_redis, await found(client, groups_of_copies(Network(9).texts(copies)))


def main() -> None:
    """Read the options."""
    parser = options(__doc__)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=4_000)
    parser.add_argument("--copies", type=int, default=1_000, help="texts of which altered copies come")
    chosen = parser.parse_args()
    load_tables()
    with embedded_redis() as server:
        few = asyncio.run(cost(server.url, chosen.few, chosen.events, chosen.copies))
        many = asyncio.run(cost(server.url, chosen.many, chosen.events, chosen.copies))
    numbers = {
        "few": chosen.few,
        "many": chosen.many,
        "few_us": sum(few[:2]),
        "many_us": sum(many[:2]),
        "ratio": sum(many[:2]) / sum(few[:2]),
        "few_found": few[2],
        "many_found": many[2],
    }
    tell({f"leaders_{name}": number for name, number in numbers.items()}, chosen)


if __name__ == "__main__":
    main()
