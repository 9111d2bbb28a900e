"""What a worker over a genuine Kafka does of what its engine does alone, and what two workers do.

    python -m benchmarks.kafka [--events 10000] [--rate 500] [--seconds 20] [--json FILE]

First the engine judges the events alone, in a process that does nothing else, over the same Redis. Then a worker reads them
from Kafka as fast as it can, and then two workers do, each with a Redis that was emptied. At last, events come in as they
happen, `--rate` a second, with one that opens an incident every tenth of a second: told is the time from its append until the
incident can be read.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import redis
from confluent_kafka import Producer
from redis.asyncio import Redis

from benchmarks.servers import incidents, processor_seconds, sent, stage
from benchmarks.telling import options, tell
from benchmarks.workload import Network, records
from engine.engine import Engine
from engine.loading import load_tables
from engine.pipeline import judge_in_turn
from models.records import RawRecord
from rules.policy import load_policy
from state.pseudonyms import Pseudonyms
from state.store import Store
from tests.integration.stage import Stage, Worker
from tests.servers import eventually

BATCH = 300
_TELL_EVERY = 50


async def alone(url: str, events: list[RawRecord]) -> tuple[float, float]:
    """Events a second of the engine without Kafka, and its processor seconds."""
    policy = load_policy()
    async with Redis.from_url(url) as client:
        await client.flushall()
        engine = Engine(policy, Store(client, Pseudonyms(b"a key"), limits=policy.store_limits()))
        batches = [events[start : start + BATCH] for start in range(0, len(events), BATCH)]
        began, worked = time.perf_counter(), time.process_time()
        async for _ in judge_in_turn(engine, batches):
            pass
        return len(events) / (time.perf_counter() - began), time.process_time() - worked


def backlog(ground: Stage, events: list[dict[str, Any]], workers: int) -> tuple[float, float]:
    """Events a second of so many workers, and the processor seconds of all for judging."""
    with redis.Redis.from_url(ground.redis_url) as client:
        client.flushall()
    started = [ground.start_worker() for _ in range(workers)]
    before = sum(processor_seconds(worker.process.pid) for worker in started)
    began = time.perf_counter()
    ground.send(map(sent, events))
    eventually(
        lambda: sum(map(Worker.judged, started)) >= len(events), what="all is judged", progress=lambda: _judged(started)
    )
    seconds = time.perf_counter() - began
    worked = sum(processor_seconds(worker.process.pid) for worker in started) - before
    for worker in started:
        worker.stop()
    return len(events) / seconds, worked


def _judged(workers: list[Worker]) -> float:
    return sum(map(Worker.judged, workers))


def latency(ground: Stage, rate: int, seconds: float) -> list[float]:
    """Seconds from the append of an event to the incident that it opened, in order of size."""
    worker = ground.start_worker()
    producer = Producer({"bootstrap.servers": ground.bootstrap_servers, "linger.ms": 1, "log_level": 0})
    found: list[float] = []
    with incidents(ground) as reader:
        began = time.monotonic()
        for number, event in enumerate(_as_it_happens()):
            due = began + number / rate
            if due > began + seconds:
                break
            while (left := due - time.monotonic()) > 0:
                found += _told(reader, left)
            record = sent(event)
            producer.produce(ground.prefix + record.topic, record.value, record.key)
            producer.poll(0)
        producer.flush()
        end = time.monotonic() + 10
        while time.monotonic() < end:
            found += _told(reader, 0.1)
    worker.stop()
    return sorted(found)


def _told(reader: Any, seconds: float) -> list[float]:
    message = reader.poll(seconds)
    if message is None or message.error() or not str(message.key() or b"", "utf-8").startswith("teller-"):
        return []
    occurred = datetime.fromisoformat(json.loads(message.value())["occurred_at"])
    return [(datetime.now(UTC) - occurred).total_seconds()]


def _as_it_happens() -> Iterator[dict[str, Any]]:
    """The workload, with a member now and then who writes to as many strangers as open an incident at once."""
    network = Network(3)
    for turn in count():
        for number, event in enumerate(network.events(10_000)):
            now = {"occurred_at": datetime.now(UTC).isoformat(), "event_id": f"{turn}-{number}"}
            if number % _TELL_EVERY == 0:
                strangers = [f"stranger-{turn}-{number}-{one}" for one in range(60)]
                teller = {
                    "type": "message",
                    "actor_id": f"teller-{turn}-{number}",
                    "recipient_ids": strangers,
                    "text": "",
                }
                yield teller | now
            else:
                yield event | now


def main() -> None:
    """Read the options."""
    parser = options(__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=500, help="events a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    chosen = parser.parse_args()
    events = list(Network(1).events(chosen.events))
    load_tables()
    with stage() as ground:
        speed, worked = asyncio.run(alone(ground.redis_url, records(events)))
        numbers = {"alone_per_s": speed, "alone_us": worked / chosen.events * 1e6}
        for workers, name in ((1, "one"), (2, "two")):
            speed, worked = backlog(ground, events, workers)
            numbers |= {f"{name}_per_s": speed, f"{name}_us": worked / chosen.events * 1e6}
        numbers["kafka_share"] = numbers["one_per_s"] / numbers["alone_per_s"]
        numbers["two_workers_ratio"] = numbers["two_us"] / numbers["one_us"]
        found = latency(ground, chosen.rate, chosen.seconds)
    numbers["latency_incidents"] = len(found)
    if found:
        numbers["latency_p50_ms"] = 1000 * found[len(found) // 2]
        numbers["latency_p99_ms"] = 1000 * found[min(len(found) - 1, int(0.99 * len(found)))]
    tell(numbers, chosen)


if __name__ == "__main__":
    main()
