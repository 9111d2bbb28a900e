"""What so many events a day need, by measured costs: `docs/scaling.md`, which `benchmarks/performance.py` writes."""

from collections.abc import Mapping
from math import ceil

from msgspec import Struct

DAYS = (1_000_000, 10_000_000, 100_000_000)
PEAK = 4.0
"""The busiest minutes against the mean of the day: most is written within eight hours, and more in some of them."""
BUSY = 0.5
"""So much of a processor may be busy at the peak: the rest catches up after an outage."""
LEAST_PARTITIONS = 8
GIB = 1024**3
DAY_SECONDS = 86_400


class Need(Struct, frozen=True):
    """What one number of events a day takes."""

    events: int
    peak: float
    workers: int
    shards: int
    partitions: int
    memory: float


def need(events: int, costs: Mapping[str, float]) -> Need:
    """By `python_us` and `redis_us` (processor time an event) and `redis_byte_days` (bytes an event times their life)."""
    peak = events / DAY_SECONDS * PEAK
    workers = max(1, ceil(peak * costs["python_us"] / 1e6 / BUSY))
    shards = max(1, ceil(peak * costs["redis_us"] / 1e6 / BUSY))
    # a worker more than now can still get some, and each has as many as the others
    partitions = max(LEAST_PARTITIONS, 2 ** ceil(workers * 2 - 1).bit_length())
    return Need(events, peak, workers, shards, partitions, events * costs["redis_byte_days"])


def page(costs: Mapping[str, float]) -> str:
    """`docs/scaling.md`."""
    rows = [need(events, costs) for events in DAYS]
    return "\n".join(
        [
            "# Scaling",
            "",
            "Written by `make bench` (`benchmarks/scaling.py`) from the costs in [performance.md](performance.md); change",
            "nothing here by hand.",
            "",
            f"An event costs {costs['python_us']:,.0f} µs of a worker's processor and {costs['redis_us']:,.0f} µs of Redis'.",
            f"It leaves {costs['redis_bytes']:,.0f} bytes, each kept until its key ends: {costs['redis_byte_days']:,.0f}",
            f"bytes times days. The busiest minutes have {PEAK:.0f} times as many events as the day on average, and",
            f"{BUSY:.0%} of each processor may be busy then: the rest catches up after an outage.",
            "",
            "| events a day | at the peak | workers | shards | partitions of a topic | memory of Redis in all |",
            "|---|---|---|---|---|---|",
            *(
                f"| {row.events:,} | {row.peak:,.0f}/s | {row.workers} | {row.shards} | {row.partitions} | "
                f"{row.memory / GIB:,.1f} GiB |"
                for row in rows
            ),
            "",
            "- *Workers* are processes with a processor each. Events are judged in the order of their time, also over",
            "  workers, so that one worker with an old machine holds up all of them.",
            "- *Shards* (`TWINWATCH_REDIS_SHARDS`) spread what is remembered of members over servers of one core each.",
            "  Another number forgets what is remembered ([state.md](state.md)). More than one server is a Redis Cluster:",
            "  `TWINWATCH_REDIS_CLUSTER=true`, the URL of one of its nodes, and some times as many shards as primaries,",
            "  because slots are spread by hash. `twinwatch doctor` looks at every primary. Users of Redis need",
            "  `+cluster|slots` and `+command` there, besides what `deploy/redis/users.acl` gives them.",
            "- *Partitions* (`twinwatch topics create --partitions`) bound the number of workers: twice as many as there",
            "  are workers, as a power of two, leaves room.",
            "- *Memory* is what is remembered once all of it lives as long as it may, without what Redis needs while it",
            "  writes to disk (as much again at worst). It is an upper bound where members write to the same members",
            "  again and again: what is kept of two of them is kept once.",
            "",
        ]
    )
