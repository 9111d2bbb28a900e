"""Whether a worker at a third of its capacity keeps its memory, and Redis its own, once both are warm.

    python -m benchmarks.soak [--write] [--minutes 30] [--picture docs/soak.svg] [--rate EVENTS_PER_SECOND]

A genuine Apache Kafka (`make kafka` fetches it), a Redis-compatible server and one worker in a process of its own, with the
usual settings. First a backlog is read, which tells the capacity; then as many events a second as a third of that come in as
they happen, for so many minutes, while the worker's resident memory, what Redis has in use, and the backlog are looked at.

What is remembered is kept for hours, days and weeks, which no soak lasts. So time is *compressed*: every length of time in
the shipped policy (windows, gaps of episodes, generations of campaigns, lateness, longest downtime) is divided by 4,032, so
that two weeks last five minutes and an hour a second; the 30 and 90 days of three windows count as two weeks. The events'
clock is the wall clock, so that keys and windows end as they do in production, only sooner. What the policy does not set
cannot be compressed: who knows whom is kept for 400 days. The made-up network has few members, all of whom know each other
soon. It is a third because small batches cost more an event than those of a backlog, and because Kafka, Redis and the sender
need the same cores. A soak of less than twenty minutes is a rehearsal: nothing is flat by then.

The first half warms up. The memory is flat where the median of the last quarter is at most 5 % above that of the third one.
What is kept for longer than half of the soak only fills in all that time: what such kinds of keys have grown by between the
middles of both quarters is told, by kind, and does not count. A leak of what ends counts.
The exit status is 0 where both are, the worker has kept up, and it is the same process as at the start. `--write` writes what
came of it into docs/reliability.md, and the worker's memory into docs/performance.md.
"""

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import count, islice
from math import ceil
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from msgspec import Struct
from redis import Redis

from benchmarks import performance
from benchmarks.engine_throughput import KIND
from benchmarks.pages import AT_THE_START, command, recorded
from benchmarks.picture import Line, draw_lines
from benchmarks.servers import TOPIC_OF
from benchmarks.servers import stage as own_stage
from benchmarks.workload import Network
from rules.policy import load_policy
from state.kinds import KINDS
from tests.integration.stage import Sent, Stage, Worker

DURATION = re.compile(r"(?<=[ \[{:])([1-9][0-9]*)([smhd])(?=[ ,}\]\n])")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
COMPRESSION = 4032
LONGEST_SECONDS = 14 * 86_400 / COMPRESSION
MEMBERS = 500
PARTITIONS = 4
CAPACITY_EVENTS = 20_000
CAPACITY_SECONDS = 20.0
"""So long ago the backlog begins, a compressed day: denser than what comes later."""
SHARE = 1 / 3
"""Of the capacity, that comes in."""
SAMPLE_SECONDS = 2.0
FLAT = 1.05
_MIDDLES = (5 / 8, 7 / 8)
"""Of the soak: of its last two quarters."""
MIB = 1024 * 1024


Held = dict[str, float]
"""MiB of Redis by kind of key."""


class Sample(Struct, frozen=True):
    """One look. `minute` since the start; memory in MiB; `judged` events in all; `waiting` records not committed."""

    minute: float
    worker: float
    redis: float
    judged: float
    waiting: float


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="where to draw both memories")
    parser.add_argument("--write", action="store_true", help="write what came of it into the page of docs")
    parser.add_argument("--rate", type=float, help="events a second, instead of a third of the capacity")
    options = parser.parse_args()
    with own_stage(PARTITIONS) as stage, Redis.from_url(stage.redis_url) as client:
        policy = compressed_policy(stage.directory / "policy.yaml")
        events = endless(Network(1, MEMBERS))
        print(f"time is compressed {COMPRESSION:,} times: a day lasts {86_400 / COMPRESSION:.0f} s", flush=True)
        worker = begun(stage, events, policy)
        rate = options.rate or capacity(worker) * SHARE
        held: list[Held] = []
        samples = soak(stage, worker, client, events, rate, options.minutes, held)
        ttls = {kind.name: kind.ttl(load_policy(policy).store_limits()) for kind in KINDS.values()}
        filling = {name for name, seconds in ttls.items() if seconds > 30 * options.minutes}
        alive = worker.runs
    if options.picture:
        draw(samples, options.picture, rate)
    with recorded("reliability.md", "soak", write=options.write):
        status = verdict(samples, rate, held, filling, alive=alive)
    if options.write:
        today = datetime.now(UTC).date().isoformat()
        performance.keep(performance.SOAK, performance.Kept(numbers(samples), AT_THE_START, today, command()))
        performance.write_docs()
    return status


def numbers(samples: list[Sample]) -> performance.Numbers:
    """What the page of performance tells: medians of the last quarter, in MiB, and how long it took."""
    return {
        "soak_minutes": samples[-1].minute,
        "soak_worker_mib": growth_of([sample.worker for sample in samples])[1],
        "soak_redis_mib": growth_of([sample.redis for sample in samples])[1],
    }


def compressed_policy(path: Path) -> Path:
    """The shipped policy with every length of time compressed, to a second at least."""

    def shorter(match: re.Match[str]) -> str:
        seconds = min(int(match[1]) * UNITS[match[2]] / COMPRESSION, LONGEST_SECONDS)
        return f"{max(1, round(seconds))}s"

    shipped = files("rules").joinpath("policy.yaml").read_text("utf-8")
    lines = [
        line if line.lstrip().startswith("#") else DURATION.sub(shorter, line + "\n") for line in shipped.split("\n")
    ]
    path.write_text("\n".join(line.rstrip("\n") for line in lines), "utf-8")
    return path


def endless(network: Network) -> Iterator[dict[str, Any]]:
    """Events without end, each with an id of its own."""
    for round_number in count():
        for event in network.events(10_000):
            yield event | {"event_id": f"{round_number}-{event['event_id']}"}


def as_it_happens(event: dict[str, Any], ago: float = 0.0) -> Sent:
    """The event, so many seconds ago."""
    fields = event | {"occurred_at": (datetime.now(UTC) - timedelta(seconds=ago)).isoformat()}
    return Sent(TOPIC_OF[event["type"]], json.dumps(fields).encode(), event["actor_id"].encode())


def begun(stage: Stage, events: Iterator[dict[str, Any]], policy: Path) -> Worker:
    """A worker that begins with a backlog."""
    stage.send(
        as_it_happens(event, CAPACITY_SECONDS * (1 - number / CAPACITY_EVENTS))
        for number, event in enumerate(islice(events, CAPACITY_EVENTS))
    )
    worker = stage.start_worker(ready=False, policy_file=policy)
    worker.wait_until_ready()
    return worker


def judged_by(worker: Worker) -> float:
    """Events judged so far. The worker must run."""
    assert worker.runs, f"it ended with status {worker.process.returncode}:\n{worker.said}"
    return worker.judged()


def capacity(worker: Worker) -> float:
    """Events a second at which the worker reads its backlog, from its first quarter to its end."""
    while (first := judged_by(worker)) < CAPACITY_EVENTS / 4:
        time.sleep(0.1)
    start = time.monotonic()
    while (last := judged_by(worker)) < CAPACITY_EVENTS:
        time.sleep(0.1)
    found = (last - first) / (time.monotonic() - start)
    print(f"capacity: {found:,.0f} events/s, measured over {last - first:,.0f} events of a backlog", flush=True)
    return found


def soak(
    stage: Stage,
    worker: Worker,
    redis: "Redis",
    events: Iterator[dict[str, Any]],
    rate: float,
    minutes: float,
    held: list[Held],
) -> list[Sample]:
    """Send events at `rate` a second for so many minutes, and look every few seconds.

    `held` gets what Redis has in the middles of the last two quarters.
    """
    producer = Producer({"bootstrap.servers": stage.bootstrap_servers, "linger.ms": 20, "log_level": 0})
    samples: list[Sample] = []
    start, sent = time.monotonic(), 0
    while (elapsed := time.monotonic() - start) < minutes * 60 and worker.runs:
        for event in islice(events, int(elapsed * rate) - sent):
            one = as_it_happens(event)
            producer.produce(stage.prefix + one.topic, one.value, one.key)
            sent += 1
        producer.poll(0)
        if len(held) < len(_MIDDLES) and elapsed >= _MIDDLES[len(held)] * minutes * 60:
            held.append(by_kind(redis))
        if elapsed >= len(samples) * SAMPLE_SECONDS and (found := look(worker, redis, elapsed / 60)):
            samples.append(found)
            if len(samples) % 30 == 0:
                print(said(samples[-1]), flush=True)
        time.sleep(0.05)
    producer.flush(30)
    if not worker.runs:
        print(f"the worker has ended with status {worker.process.returncode}:\n{worker.said[-3000:]}")
    return samples


def by_kind(redis: "Redis") -> Held:
    """What the keys of each kind have of the memory, large ones by a sample of their entries."""
    found: Held = {}
    keys = list(redis.scan_iter(count=1000))
    for start in range(0, len(keys), 1000):
        pipeline = redis.pipeline(transaction=False)
        for key in keys[start : start + 1000]:
            pipeline.memory_usage(key)
        for key, size in zip(keys[start:], pipeline.execute(), strict=False):
            kind = KIND.match(key)
            name = kind[1].decode() if kind else "?"
            found[name] = found.get(name, 0.0) + (size or 0) / MIB
    return found


def look(worker: Worker, redis: "Redis", minute: float) -> Sample | None:
    """How things stand now; None where the worker does not say."""
    status = Path(f"/proc/{worker.process.pid}/status").read_text("utf-8")
    resident = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)
    metrics = worker.metrics()
    if not resident or not metrics:
        return None
    return Sample(
        minute=minute,
        worker=resident * 1024 / MIB,
        redis=redis.info("memory")["used_memory"] / MIB,
        judged=metrics.get("twinwatch_batch_size_events_sum", 0.0),
        waiting=sum(value for name, value in metrics.items() if name.startswith("twinwatch_consumer_lag_records")),
    )


def said(sample: Sample) -> str:
    """One line of progress."""
    return (
        f"minute {sample.minute:5.1f}: worker {sample.worker:6.1f} MiB, Redis {sample.redis:6.1f} MiB, "
        f"{sample.judged:,.0f} judged, {sample.waiting:,.0f} wait"
    )


def verdict(samples: list[Sample], rate: float, held: Sequence[Held], filling: Collection[str], *, alive: bool) -> int:
    """Say what came of it; 0 where the memory is flat and the worker kept up. `filling`: kinds of keys that do not end within
    half of the soak.
    """
    seconds = 60 * (samples[-1].minute - samples[0].minute)
    achieved = (samples[-1].judged - samples[0].judged) / seconds
    latest = samples[len(samples) * 3 // 4 :]
    growth = {
        "worker (resident memory)": growth_of([sample.worker for sample in samples]),
        "Redis (used_memory)": growth_of([sample.redis for sample in samples]),
    }
    for name, (third, last) in growth.items():
        print(
            f"- {name}: {third:.1f} MiB in the third quarter, {last:.1f} MiB in the last one, {last / third - 1:+.1%}"
        )
    growth["Redis (used_memory)"] = _without_filling(growth["Redis (used_memory)"], held, filling)
    waiting = max(sample.waiting for sample in latest)
    print(f"- judged {achieved:,.0f} of {rate:,.0f} events/s sent; at most {waiting:,.0f} waited in the last quarter")
    flat = all(last <= FLAT * third for third, last in growth.values())
    kept_up = alive and waiting < 10 * rate
    print(
        f"- {'FLAT' if flat else 'NOT FLAT'}, {'kept up' if kept_up else 'DID NOT KEEP UP'}: {seconds / 60:.1f} minutes at "
        f"{rate:,.0f} events/s, time compressed {COMPRESSION:,} times"
    )
    return 0 if flat and kept_up else 1


def _without_filling(
    memory: tuple[float, float], held: Sequence[Held], filling: Collection[str]
) -> tuple[float, float]:
    """The memory of both quarters, less what kinds that do not end grew by; says which kinds grew most."""
    third, last = memory
    if len(held) < len(_MIDDLES):
        return memory
    grown = {name: size - held[0].get(name, 0.0) for name, size in held[-1].items()}
    for name, size in sorted(grown.items(), key=lambda one: -one[1])[:5]:
        lasting = ", which does not end so soon" if name in filling else ""
        print(
            f"- `{name}` grew by {size:.1f} MiB to {held[-1][name]:.1f} MiB between the middles of these quarters{lasting}"
        )
    left = last - sum(max(0.0, size) for name, size in grown.items() if name in filling)
    print(
        f"- Redis without the growth of what does not end so soon: {left:.1f} MiB in the last quarter, {left / third - 1:+.1%}"
    )
    return third, left


def growth_of(memory: list[float]) -> tuple[float, float]:
    """Medians of the third and of the last quarter."""
    quarter = len(memory) // 4
    return statistics.median(memory[2 * quarter : 3 * quarter]), statistics.median(memory[3 * quarter :])


def draw(samples: list[Sample], path: Path, rate: float) -> None:
    """Both memories over time."""
    lines = [
        Line(
            label=f"worker: resident memory in MiB, at {rate:,.0f} events/s",
            colour="#36c",
            points=[(sample.minute, sample.worker) for sample in samples],
        ),
        Line(
            label="Redis: used_memory in MiB",
            colour="#c33",
            points=[(sample.minute, sample.redis) for sample in samples],
        ),
    ]
    highest = max(max(sample.worker, sample.redis) for sample in samples)
    right = round(samples[-1].minute, 1)
    draw_lines(
        path, lines, x_label="minutes (grey: warm-up)", right=right, top=50 * ceil(highest / 50), shade_until=right / 2
    )


if __name__ == "__main__":
    sys.exit(main())
