"""What one writes from tutorials, over a genuine Kafka: the same questions, asked an event at a time.

    python -m benchmarks.tutorial [--events 1000] [--json FILE]

A Faust agent reads with `async for`; for each event one pipeline to Redis keeps whom the sender wrote to within an hour, and
datasketch's `MinHashLSH` on Redis looks the text up and remembers it. No rules, no roles, no redelivery, no campaigns.
`benchmarks/kafka.py` tells what a worker does with the same events.
"""

import argparse
import logging
import os
import sys
import time
from datetime import datetime
from typing import Any

import faust
from datasketch import MinHash, MinHashLSH
from redis.asyncio import Redis

from benchmarks.servers import sent, stage
from benchmarks.telling import options, tell
from benchmarks.workload import Network
from models.events import TOPICS
from tests.servers import REPOSITORY, run

HOUR = 3600
PERMUTATIONS = 128


def app_of(bootstrap_servers: str, prefix: str, port: int, events: int) -> faust.App:
    """The app, which prints how many events a second it handled and ends after so many."""
    app = faust.App("tutorial", broker=f"kafka://{bootstrap_servers}", store="memory://", web_enabled=False)
    topic: Any = app.topic(*(prefix + name for name in TOPICS), value_type=bytes, value_serializer="json")
    lsh = MinHashLSH(
        threshold=0.5,
        num_perm=PERMUTATIONS,
        storage_config={"type": "redis", "basename": b"tutorial", "redis": {"host": "127.0.0.1", "port": port}},
    )
    redis = Redis(port=port)

    @app.agent(topic)
    async def watch(stream: Any) -> None:
        seen, began = 0, 0.0
        async for event in stream:
            began = began or time.perf_counter()
            sender, when = event["actor_id"], datetime.fromisoformat(event["occurred_at"]).timestamp()
            if recipients := event.get("recipient_ids"):
                pipeline = redis.pipeline()
                pipeline.zadd(f"recipients:{sender}", dict.fromkeys(recipients, when))
                pipeline.zremrangebyscore(f"recipients:{sender}", "-inf", when - HOUR)
                pipeline.zcard(f"recipients:{sender}")
                pipeline.expire(f"recipients:{sender}", HOUR)
                await pipeline.execute()
            if text := event.get("text"):
                signature = MinHash(num_perm=PERMUTATIONS)
                signature.update_batch([text[at : at + 3].encode() for at in range(len(text) - 2)])
                lsh.query(signature)
                lsh.insert(event["event_id"], signature, check_duplication=False)
            seen += 1
            if seen == events:
                # Faust takes what is printed for log lines
                os.write(1, f"\nRATE {events / (time.perf_counter() - began)}\n".encode())
                os._exit(0)  # Faust would wait for this very event to end

    return app


def main() -> None:
    """Read the options."""
    parser = options(__doc__)
    parser.add_argument("--events", type=int, default=1_000)
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        logging.disable(logging.WARNING)
        bootstrap_servers, prefix, port = chosen.serve
        worker = faust.Worker(app_of(bootstrap_servers, prefix, int(port), chosen.events), loglevel="ERROR")
        worker.execute_from_commandline()
    with stage(1) as ground:
        ground.send(map(sent, Network(1).events(chosen.events)))
        port = ground.redis_url.rpartition(":")[2].partition("/")[0]
        arguments = ["--events", str(chosen.events), "--serve", ground.bootstrap_servers, ground.prefix, port]
        done = run(sys.executable, "-m", "benchmarks.tutorial", *arguments, cwd=REPOSITORY)
    rates = [line for line in done.stdout.splitlines() if line.startswith("RATE ")]
    if not rates:
        sys.exit(done.stdout + done.stderr)
    tell({"tutorial_per_s": float(rates[0].split()[1])}, chosen)


if __name__ == "__main__":
    main()
