"""Counters and rules alone against a stream processor that only counts.

    python -m benchmarks.counters [--events 20000] [--json FILE]

Messages without text: the engine counts and judges by all rules over Redis; Bytewax counts the distinct recipients of each
sender within a sliding hour, in memory, and does nothing else. Bytewax is installed from PyPI into an environment of its own
below `build/`; where it cannot be had, its number is missing.
"""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from redis.asyncio import Redis

from benchmarks.telling import options, tell
from benchmarks.workload import Network, records
from engine.engine import Engine
from engine.loading import load_tables
from engine.pipeline import judge_in_turn
from rules.policy import load_policy
from state.pseudonyms import Pseudonyms
from state.store import Store
from tests.servers import run
from twinwatch.embedded import embedded_redis

BATCH = 500
BYTEWAX = "bytewax==0.21.1"
ENVIRONMENT = Path(__file__).parents[1] / "build" / "bytewax"
FLOW = """
import json, sys, time
from datetime import datetime, timedelta, timezone
import bytewax.operators as op
import bytewax.operators.windowing as win
from bytewax.connectors.stdio import StdOutSink
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, run_main

events = [json.loads(line) for line in open(sys.argv[1])]
pairs = [(e["actor_id"], (datetime.fromisoformat(e["occurred_at"]), e["recipient_ids"])) for e in events]
found = []
flow = Dataflow("distinct")
keyed = op.input("in", flow, TestingSource(pairs, batch_size=500))
clock = win.EventClock(lambda pair: pair[0], wait_for_system_duration=timedelta(0))
hour = win.SlidingWindower(
    length=timedelta(hours=1), offset=timedelta(minutes=6), align_to=datetime(2026, 1, 1, tzinfo=timezone.utc)
)
counted = win.fold_window(
    "fold", keyed, clock, hour, set, lambda known, pair: known.union(pair[1]), lambda one, other: one | other
)
op.output("out", op.map("size", counted.down, lambda one: (one[0], len(one[1][1]))), TestingSink(found))
began = time.perf_counter()
run_main(flow)
print(len(events) / (time.perf_counter() - began))
"""


def messages(count: int) -> list[dict[str, Any]]:
    """Those of the workload, without their texts and without spammers."""
    found: list[dict[str, Any]] = []
    for event in Network(1).events(4 * count):
        if event["type"] == "message" and len(found) < count:
            found.append(event | {"text": ""})
    return found


async def ours(url: str, events: list[dict[str, Any]]) -> float:
    """Events a second."""
    policy = load_policy()
    async with Redis.from_url(url) as client:
        engine = Engine(policy, Store(client, Pseudonyms(b"a key"), limits=policy.store_limits()))
        all_records = records(events)
        batches = [all_records[start : start + BATCH] for start in range(0, len(events), BATCH)]
        began = time.perf_counter()
        async for outcome in judge_in_turn(engine, batches):
            assert not outcome.dead_letters
        return len(events) / (time.perf_counter() - began)


def theirs(events: list[dict[str, Any]]) -> float | None:
    """Events a second; None where Bytewax cannot be had."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        made = [run(sys.executable, "-m", "venv", str(ENVIRONMENT))]
        made.append(run(str(python), "-m", "pip", "install", "--quiet", BYTEWAX))
        if failed := next((one for one in made if one.returncode), None):
            print(f"no Bytewax: {failed.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            return None
    with TemporaryDirectory() as directory:
        lines, flow = Path(directory) / "events.jsonl", Path(directory) / "flow.py"
        lines.write_text("\n".join(map(json.dumps, events)), "utf-8")
        flow.write_text(FLOW, "utf-8")
        done: subprocess.CompletedProcess[str] = run(str(python), str(flow), str(lines))
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Read the options."""
    parser = options(__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    chosen = parser.parse_args()
    events = messages(chosen.events)
    load_tables()
    with embedded_redis() as server:
        numbers = {"counters_per_s": asyncio.run(ours(server.url, events))}
    if other := theirs(events):
        numbers |= {"bytewax_per_s": other, "bytewax_ratio": numbers["counters_per_s"] / other}
    tell(numbers, chosen)


if __name__ == "__main__":
    main()
