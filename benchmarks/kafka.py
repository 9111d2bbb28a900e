"""What a worker over a genuine Kafka does of what its engine does alone, and what two workers do.

    python -m benchmarks.kafka [--events 10000] [--rate 500] [--seconds 20] [--json FILE]

First the engine judges the events alone, in a process that does nothing else, over the same Redis. Then a worker reads them
from Kafka as fast as it can, and then two workers do, each with a Redis that was emptied. Each is warm: it has judged a few
hundred events before, which do not count, nor does its start. The events are written in one transaction, so that all can be
read at once and writing them takes no time from the workers; the last one opens an incident, which tells the end.

They come every 0.01 s, as in a network that needs two workers. Workers stay within a minute of each other in event time. So
where an event comes every 0.1 s (`calm`) or every few seconds (`sparse`) they judge fewer at a time, and wait for each other.
That is told as well.

At last, events come in as they happen, `--rate` a second, with one that opens an incident every tenth of a second. Told is
the time from its append until the incident can be read, without the first seconds: a worker that has just got its
partitions listens for a second before it judges.
"""

import asyncio
import json
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
from confluent_kafka import Consumer, Producer
from redis.asyncio import Redis

from benchmarks.servers import incidents, processor_seconds, sent, stage
from benchmarks.telling import options, tell
from benchmarks.workload import SECONDS_BETWEEN, START, Network, records
from engine.engine import Engine
from engine.loading import load_tables
from engine.pipeline import judge_in_turn
from models.records import RawRecord
from rules.policy import load_policy
from state.pseudonyms import Pseudonyms
from state.store import Store
from tests.integration.stage import Stage, Worker
from tests.servers import LONG_ENOUGH, eventually

BATCH = 300
WARM = 300
"""So many events are judged before those that count."""
WARM_SECONDS = 4.0
_DENSE, _CALM = 0.01, 0.1
_TELL_EVERY = 50
_STRANGERS = 60
"""Whoever writes to so many at once opens an incident."""


def backlog_events(count: int, seconds_between: float) -> list[dict[str, Any]]:
    """So many events besides those to warm up with, and one that opens an incident."""
    events = [*Network(1).events(WARM + count - 1), _teller("end")]
    moments = (START + timedelta(seconds=number * seconds_between) for number in range(len(events)))
    return [event | {"occurred_at": moment.isoformat()} for event, moment in zip(events, moments, strict=True)]


def _teller(name: str) -> dict[str, Any]:
    return {
        "type": "message",
        "event_id": f"told-{name}",
        "actor_id": f"teller-{name}",
        "recipient_ids": [f"stranger-{name}-{number}" for number in range(_STRANGERS)],
        "text": "",
    }


async def alone(url: str, events: list[RawRecord]) -> tuple[float, float]:
    """Events a second of the engine without Kafka, and its processor seconds."""
    policy = load_policy()
    async with Redis.from_url(url) as client:
        await client.flushall()
        engine = Engine(policy, Store(client, Pseudonyms(b"a key"), limits=policy.store_limits()))

        async def judge(some: list[RawRecord]) -> None:
            async for _ in judge_in_turn(engine, [some[start : start + BATCH] for start in range(0, len(some), BATCH)]):
                pass

        await judge(events[:WARM])
        began, worked = time.perf_counter(), time.process_time()
        await judge(events[WARM:])
        return (len(events) - WARM) / (time.perf_counter() - began), time.process_time() - worked


def backlog(ground: Stage, events: list[dict[str, Any]], workers: int) -> tuple[float, float]:
    """Events a second of so many workers, and the processor seconds of all for judging."""
    with redis.Redis.from_url(ground.redis_url) as client:
        client.flushall()
    started = [ground.start_worker(ready=False) for _ in range(workers)]
    for worker in started:
        worker.wait_until_ready()
    ground.send(map(sent, events[:WARM]))
    _wait_for(WARM, started)
    with incidents(ground) as reader:
        producer = Producer(
            {"bootstrap.servers": ground.bootstrap_servers, "transactional.id": ground.prefix, "log_level": 0}
        )
        producer.init_transactions()
        producer.begin_transaction()
        _produce(producer, ground, events[WARM:])
        before = sum(processor_seconds(worker.process.pid) for worker in started)
        began = time.perf_counter()
        producer.commit_transaction()
        while not _told(reader, 1.0):
            assert time.perf_counter() - began < LONG_ENOUGH, "the last event opened no incident"
        _wait_for(len(events), started)
        seconds = time.perf_counter() - began
        worked = sum(processor_seconds(worker.process.pid) for worker in started) - before
    for worker in started:
        worker.stop()
    return (len(events) - WARM) / seconds, worked


def _wait_for(count: int, workers: list[Worker]) -> None:
    """Ask the workers seldom: an answer takes milliseconds of theirs."""

    def judged() -> bool:
        time.sleep(0.1)
        return sum(map(Worker.judged, workers)) >= count

    eventually(judged, what="all is judged")


def _produce(producer: Producer, ground: Stage, events: Iterable[dict[str, Any]]) -> None:
    for event in events:
        record = sent(event)
        producer.produce(ground.prefix + record.topic, record.value, record.key)
        producer.poll(0)
    assert producer.flush(LONG_ENOUGH) == 0


def latency(ground: Stage, rate: int, seconds: float) -> list[float]:
    """Seconds from the append of an event to the incident that it opened, in order of size."""
    events = list(Network(3).events(int(rate * (WARM_SECONDS + seconds))))
    events[::_TELL_EVERY] = [_teller(str(number)) for number in range(len(events[::_TELL_EVERY]))]
    worker = ground.start_worker()
    producer = Producer({"bootstrap.servers": ground.bootstrap_servers, "linger.ms": 1, "log_level": 0})
    found: list[float] = []
    with incidents(ground) as reader:
        starts = datetime.now(UTC) + timedelta(seconds=WARM_SECONDS)
        end = time.monotonic() + WARM_SECONDS + seconds + 10
        reading = threading.Thread(target=_read, args=(reader, starts, end, found))
        reading.start()
        began = time.monotonic()
        for number, event in enumerate(events):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            _produce_now(producer, ground, event | {"event_id": f"now-{number}"})
        producer.flush()
        reading.join()
    worker.stop()
    return sorted(found)


def _produce_now(producer: Producer, ground: Stage, event: dict[str, Any]) -> None:
    record = sent(event | {"occurred_at": datetime.now(UTC).isoformat()})
    producer.produce(ground.prefix + record.topic, record.value, record.key)
    producer.poll(0)


def _read(reader: Consumer, starts: datetime, end: float, found: list[float]) -> None:
    while time.monotonic() < end:
        for occurred in _told(reader, 0.1):
            if occurred >= starts:
                found.append((datetime.now(UTC) - occurred).total_seconds())


def _told(reader: Consumer, seconds: float) -> list[datetime]:
    """When the event of a teller's incident happened, if one is read in time."""
    message = reader.poll(seconds)
    if message is None or message.error() or not str(message.key() or b"", "utf-8").startswith("teller-"):
        return []
    return [datetime.fromisoformat(json.loads(message.value() or b"")["occurred_at"])]


def main() -> None:
    """Read the options."""
    parser = options(__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=500, help="events a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    chosen = parser.parse_args()
    events = backlog_events(chosen.events, _DENSE)
    load_tables()
    with stage() as ground:
        speed, worked = asyncio.run(alone(ground.redis_url, records(events)))
        numbers = {"alone_per_s": speed, "alone_us": worked / chosen.events * 1e6}
        few = chosen.events // 5
        for name, workers, judged in (
            ("one", 1, events),
            ("two", 2, events),
            ("calm_one", 1, backlog_events(chosen.events, _CALM)),
            ("calm_two", 2, backlog_events(chosen.events, _CALM)),
            ("sparse_one", 1, backlog_events(few, SECONDS_BETWEEN)),
            ("sparse_two", 2, backlog_events(few, SECONDS_BETWEEN)),
        ):
            speed, worked = backlog(ground, judged, workers)
            numbers |= {f"{name}_per_s": speed, f"{name}_us": worked / (len(judged) - WARM) * 1e6}
        numbers["kafka_share"] = numbers["one_per_s"] / numbers["alone_per_s"]
        numbers["two_workers_ratio"] = numbers["two_us"] / numbers["one_us"]
        numbers["calm_workers_ratio"] = numbers["calm_two_us"] / numbers["calm_one_us"]
        numbers["sparse_workers_ratio"] = numbers["sparse_two_us"] / numbers["sparse_one_us"]
        found = latency(ground, chosen.rate, chosen.seconds)
    numbers["latency_incidents"] = len(found)
    if found:
        numbers["latency_p50_ms"] = 1000 * found[len(found) // 2]
        numbers["latency_p99_ms"] = 1000 * found[min(len(found) - 1, int(0.99 * len(found)))]
    tell(numbers, chosen)


if __name__ == "__main__":
    main()
