"""What the texts that cost most come to, in all that is done with an event, by what `agents.budget` takes for their cost.

    python -m benchmarks.batch_cost [--write]

The last line tells how long the largest batch may take, where it consists of the worst; --write writes it into the page.
Seconds are this process' own.
"""

import argparse
import asyncio
import json
import time

from redis.asyncio import Redis

from agents.budget import MOST, cost_of
from benchmarks.pages import recorded
from engine.engine import Engine
from models.records import RawRecord
from rules.policy import load_policy
from state.pseudonyms import Pseudonyms
from state.store import Store
from tests.fuzz.costly import COSTLY, SIZES, costly_text
from twinwatch.embedded import embedded_redis

_EACH = 8


def _record(number: int, text: str) -> RawRecord:
    event = {
        "type": "message",
        "event_id": f"e-{number}",
        "occurred_at": "2026-03-02T08:00:00Z",
        "actor_id": f"actor-{number}",
        "recipient_ids": ["a", "b"],
        "text": text,
    }
    return RawRecord(json.dumps(event, ensure_ascii=False).encode())


async def measure(*, write: bool) -> None:
    """Print a line for each kind of text and size, the costliest first."""
    policy = load_policy()
    with embedded_redis() as server:
        client = Redis.from_url(server.url)
        engine = Engine(policy, Store(client, Pseudonyms(b"a key"), limits=policy.store_limits()))
        number, lines, worst = 0, [], 0.0
        for turn in range(2):  # the first one loads tables
            for piece in COSTLY:
                for size in SIZES:
                    records = [_record(number + n, costly_text(number + n, piece, size)) for n in range(_EACH)]
                    number += _EACH
                    start = time.process_time()
                    await engine.process(records)
                    seconds = time.process_time() - start
                    if turn:
                        rate = seconds / sum(map(cost_of, records))
                        worst = max(worst, rate)
                        told = f"{1e6 * rate:5.1f} µs/byte {1000 * seconds / _EACH:6.1f} ms a record"
                        lines.append(f"{told} of {size:6,} characters {piece!r}")
        print("\n".join(sorted(lines, reverse=True)))
        with recorded("reliability.md", "batch cost", write=write):
            print(
                f"The worst texts take {1e6 * worst:.0f} µs of a processor for each unit of cost; the largest batch of them "
                f"({MOST:,}) takes {worst * MOST:.1f} s."
            )
        await client.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the last line into the page of docs")
    asyncio.run(measure(write=parser.parse_args().write))
