"""How many events a second the engine judges, where the time goes, and what a remembered event costs in Redis.

    python -m benchmarks.engine_throughput [--events 20000] [--batch 500] [--shards 1] [--profile] [--write]

The workload of `benchmarks.workload` over an embedded Redis, judged by the shipped policy. The first fifth warms up and is
not measured. Decoding is part of it, Kafka is not. Seconds are those of the clock on the wall; on a busy machine the
processors' time, which is shown too, says more.
"""

import argparse
import asyncio
import cProfile
import pstats
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from redis.asyncio import Redis

from benchmarks import telling
from benchmarks.pages import recorded
from benchmarks.telling import tell
from benchmarks.workload import MEMBERS, Network, records
from engine.engine import Engine
from engine.loading import load_tables
from engine.pipeline import judge_in_turn
from models.records import RawRecord
from rules.policy import load_policy
from state.campaigns import SIGNATURE_SCHEME
from state.pseudonyms import Pseudonyms
from state.store import Store
from twinwatch.embedded import embedded_redis

DAY_MILLISECONDS = 86_400_000
KIND = re.compile(rb"tw\d+:\{s\d+\}:(?:%s:)?([a-z]+)" % SIGNATURE_SCHEME.encode())


class Run:
    """Totals of the measured batches."""

    def __init__(self) -> None:
        self.events = 0
        self.seconds = 0.0
        self.stages: Counter[str] = Counter()
        self.waits: Counter[str] = Counter()
        self.incidents: Counter[str] = Counter()

    async def batches(self, engine: Engine, records: list[RawRecord], size: int) -> None:
        """Judge all records, so many at a time."""
        batches = [records[start : start + size] for start in range(0, len(records), size)]
        began = time.perf_counter()
        async for outcome in judge_in_turn(engine, batches):
            self.stages.update(outcome.stage_seconds)
            self.waits.update(outcome.wait_seconds)
            self.incidents.update(incident.rule for incident in outcome.incidents)
            assert not outcome.dead_letters, outcome.dead_letters[0].detail
        self.seconds += time.perf_counter() - began
        self.events += len(records)


async def memory(client: "Redis") -> dict[str, tuple[int, int]]:
    """Number of keys and their bytes by kind."""
    kinds: dict[str, list[int]] = defaultdict(list)
    keys = [key async for key in client.scan_iter(count=1000)]
    for start in range(0, len(keys), 1000):
        pipeline = client.pipeline(transaction=False)
        for key in keys[start : start + 1000]:
            pipeline.memory_usage(key, samples=0)
        for key, size in zip(keys[start:], await pipeline.execute(), strict=False):
            found = KIND.match(key)
            assert found
            kinds[found[1].decode()].append(size)
    return {kind: (len(sizes), sum(sizes)) for kind, sizes in sorted(kinds.items())}


def memory_table(kinds: Mapping[str, tuple[int, int]], events: int) -> Iterator[str]:
    """What the events left in Redis, as a table of docs/state.md, the most first."""
    yield f"| of {events:,} events | keys | bytes a key | bytes an event |"
    yield "|---|---|---|---|"
    for kind, (count, size) in sorted(kinds.items(), key=lambda one: -one[1][1]):
        yield f"| `{kind}` | {count:,} | {size / count:,.0f} | {size / events:,.0f} |"
    yield f"| all | {sum(n for n, _ in kinds.values()):,} | | {sum(size for _, size in kinds.values()) / events:,.0f} |"


async def byte_days(client: "Redis") -> float:
    """The bytes of all keys, each times the days that it has to live: what a steady stream of such events would fill."""
    keys = [key async for key in client.scan_iter(count=1000)]
    total = 0.0
    for start in range(0, len(keys), 1000):
        pipeline = client.pipeline(transaction=False)
        for key in keys[start : start + 1000]:
            pipeline.memory_usage(key, samples=0)
            pipeline.pttl(key)
        answers = await pipeline.execute()
        total += sum(size * left for size, left in zip(answers[::2], answers[1::2], strict=True) if size and left > 0)
    return total / DAY_MILLISECONDS


async def measure(options: argparse.Namespace) -> None:
    """Run it and print what came of it."""
    everything = records(Network(options.seed, options.members).events(options.events))
    warm = len(everything) // 5
    load_tables()
    with embedded_redis() as server:
        client = Redis.from_url(server.url)
        policy = load_policy()
        store = Store(client, Pseudonyms(b"a key"), shards=options.shards, limits=policy.store_limits())
        engine = Engine(policy, store, timer=time.process_time)
        await Run().batches(engine, everything[:warm], options.batch)
        await client.config_resetstat()
        run, profile = Run(), cProfile.Profile()
        here, there = time.process_time(), await _processor_seconds(client)
        if options.profile:
            profile.enable()
        await run.batches(engine, everything[warm:], options.batch)
        profile.disable()
        here, there = time.process_time() - here, await _processor_seconds(client) - there
        stats = await client.info("commandstats")
        print(f"{run.events / run.seconds:,.0f} events/s in batches of {options.batch}, {options.shards} shard(s)")
        print("\nstage      µs of work, and waited, an event")
        for stage in run.stages:
            print(_line(stage, run.stages[stage], run.events), _line("", run.waits[stage], run.events))
        scripts = stats["cmdstat_evalsha"]["usec"] / 1e6
        print(_line("(in Redis", scripts, run.events) + f", {stats['cmdstat_evalsha']['calls']} script calls)")
        print(_line("processor", here, run.events) + " here," + _line("", there, run.events) + " in Redis")
        print(f"\nincidents: {dict(run.incidents)}")
        if options.profile:
            pstats.Stats(profile).sort_stats("tottime").print_stats(40)
        kinds = await memory(client)
        print()
        with recorded("state.md", "memory", write=options.write):
            for line in memory_table(kinds, len(everything)):
                print(line)
        print()
        lives = await byte_days(client)
        numbers = {
            "python_us": here / run.events * 1e6,
            "redis_us": there / run.events * 1e6,
            "events_per_s": run.events / run.seconds,
            "redis_bytes": sum(size for _, size in kinds.values()) / len(everything),
            "redis_byte_days": lives / len(everything),
        }
        tell(numbers | {f"stage_{name}_us": run.stages[name] / run.events * 1e6 for name in run.stages}, options)
        await client.aclose()


async def _processor_seconds(client: "Redis") -> float:
    info = await client.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


def _line(name: str, seconds: float, events: int) -> str:
    return f"{name:10} {seconds / events * 1e6:8.1f}"


def main() -> None:
    """Read the options."""
    parser = telling.options(__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--members", type=int, default=MEMBERS)
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--write", action="store_true", help="write what is held of each kind of key into docs/state.md"
    )
    parser.add_argument("--profile", action="store_true", help="show where Python spends its time (slower)")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
