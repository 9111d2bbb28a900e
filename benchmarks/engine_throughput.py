"""How many events a second the engine judges, where the time goes, and what a remembered event costs in Redis.

    python benchmarks/engine_throughput.py [--events 20000] [--batch 500] [--shards 1] [--profile]

A mixed workload of a made-up network over an embedded Redis: mostly members who write to people they know or have never
met, some forums, comments, invitations and answers; one text in ten is a copy of some thirty that go round. Everything is
judged by the shipped policy. The first fifth warms up and is not measured. Decoding is part of it, Kafka is not. Seconds
are those of the clock on the wall; on a busy machine the processors' time, which is shown too, says more.
"""

import argparse
import asyncio
import cProfile
import json
import pstats
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import yaml
from redis.asyncio import Redis

from engine.engine import Engine
from models.records import RawRecord, Source
from rules.policy import load_policy
from state.campaigns import SIGNATURE_SCHEME
from state.pseudonyms import Pseudonyms
from state.store import Store
from twinwatch.embedded import embedded_redis

START = datetime(2026, 3, 2, tzinfo=UTC)
SECONDS_BETWEEN = 4
"""Some twenty thousand events a day."""
KIND = re.compile(rb"tw\d+:\{s\d+\}:(?:%s:)?([a-z]+)" % SIGNATURE_SCHEME.encode())


class Network:
    """Members, what they write, and to whom."""

    def __init__(self, seed: int, members: int) -> None:
        self._random = random.Random(seed)
        self._members = members
        self._requested = [(self._member(), self._member())]
        self._invited = [(self._member(), self._member(), "target-0")]
        phrases = yaml.safe_load(files("twinwatch.sample_day").joinpath("phrases.yaml").read_text("utf-8"))
        self._words = [
            sorted(
                {word for kind in ("openers", "matters", "closers") for phrase in said[kind] for word in phrase.split()}
            )
            for said in phrases.values()
        ]
        self._going_round = [self._new_text() for _ in range(30)]

    def events(self, count: int) -> Iterator[dict[str, Any]]:
        """Events in order of time."""
        makers: list[Callable[[], dict[str, Any]]] = [
            self._message,
            self._forum_post,
            self._comment,
            self._invitation,
            self._invitation_response,
            self._contact_request,
            self._contact_response,
        ]
        chosen = self._random.choices(makers, weights=[40, 15, 15, 5, 5, 10, 10], k=count)
        for number, maker in enumerate(chosen):
            moment = START + timedelta(seconds=number * SECONDS_BETWEEN)
            yield {"event_id": f"event-{number:08}", "occurred_at": moment.isoformat()} | maker()

    def _member(self) -> str:
        # few members do most of it
        return f"member-{int(self._members * self._random.random() ** 3)}"

    def _new_text(self) -> str:
        return " ".join(self._random.choices(self._random.choice(self._words), k=self._random.randint(12, 60)))

    def _text(self) -> str:
        if self._random.random() < 0.9:
            return self._new_text()
        words = self._random.choice(self._going_round).split()
        words[self._random.randrange(len(words))] = "schools"
        return " ".join(words)

    def _message(self) -> dict[str, Any]:
        recipients = [self._member() for _ in range(self._random.choice([1, 1, 1, 1, 1, 1, 2, 3, 5, 20]))]
        known = {"known_recipient_ids": recipients[1:]} if self._random.random() < 0.3 else {}
        return {
            "type": "message",
            "actor_id": self._member(),
            "recipient_ids": recipients,
            "text": self._text(),
        } | known

    def _forum_post(self) -> dict[str, Any]:
        return {
            "type": "forum_post",
            "actor_id": self._member(),
            "forum_id": f"forum-{self._random.randrange(20)}",
            "thread_id": f"thread-{self._random.randrange(500)}",
            "text": self._text(),
            "opens_thread": self._random.random() < 0.1,
        }

    def _comment(self) -> dict[str, Any]:
        return {"type": "comment", "actor_id": self._member(), "owner_id": self._member(), "text": self._text()}

    def _invitation(self) -> dict[str, Any]:
        inviter, target = self._member(), f"target-{self._random.randrange(300)}"
        guests = [self._member() for _ in range(self._random.randint(1, 10))]
        self._invited += [(guest, inviter, target) for guest in guests]
        return {
            "type": "invitation",
            "actor_id": inviter,
            "kind": self._random.choice(["project", "event"]),
            "target_id": target,
            "recipient_ids": guests,
        }

    def _invitation_response(self) -> dict[str, Any]:
        guest, inviter, target = self._random.choice(self._invited)
        return {
            "type": "invitation_response",
            "actor_id": guest,
            "inviter_id": inviter,
            "target_id": target,
            "accepted": self._random.random() < 0.5,
        }

    def _contact_request(self) -> dict[str, Any]:
        self._requested.append((self._member(), self._member()))
        other, requester = self._requested[-1]
        return {"type": "contact_request", "actor_id": requester, "recipient_id": other}

    def _contact_response(self) -> dict[str, Any]:
        other, requester = self._random.choice(self._requested)
        return {
            "type": "contact_response",
            "actor_id": other,
            "requester_id": requester,
            "accepted": self._random.random() < 0.5,
        }


class Run:
    """Totals of the measured batches."""

    def __init__(self) -> None:
        self.events = 0
        self.seconds = 0.0
        self.stages: Counter[str] = Counter()
        self.incidents: Counter[str] = Counter()

    async def batches(self, engine: Engine, records: list[RawRecord], size: int) -> None:
        """Judge all records, so many at a time."""
        for start in range(0, len(records), size):
            batch = records[start : start + size]
            began = time.perf_counter()
            outcome = await engine.process(batch)
            self.seconds += time.perf_counter() - began
            self.events += len(batch)
            self.stages.update(outcome.stage_seconds)
            self.incidents.update(incident.rule for incident in outcome.incidents)
            assert not outcome.dead_letters, outcome.dead_letters[0].detail


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
            suffix = key[-2:].decode() if found[1] == b"win" else ""
            kinds[found[1].decode() + suffix].append(size)
    return {kind: (len(sizes), sum(sizes)) for kind, sizes in sorted(kinds.items())}


async def measure(options: argparse.Namespace) -> None:
    """Run it and print what came of it."""
    network = Network(options.seed, options.members)
    records = [
        RawRecord(json.dumps(event).encode(), event["actor_id"].encode(), Source(topic="t", partition=0, offset=offset))
        for offset, event in enumerate(network.events(options.events))
    ]
    warm = len(records) // 5
    with embedded_redis() as server:
        client = Redis.from_url(server.url)
        store = Store(client, Pseudonyms(b"a key"), shards=options.shards)
        engine = Engine(load_policy(), store)
        await Run().batches(engine, records[:warm], options.batch)
        await client.config_resetstat()
        run, profile = Run(), cProfile.Profile()
        here, there = time.process_time(), await _processor_seconds(client)
        if options.profile:
            profile.enable()
        await run.batches(engine, records[warm:], options.batch)
        profile.disable()
        here, there = time.process_time() - here, await _processor_seconds(client) - there
        stats = await client.info("commandstats")
        print(f"{run.events / run.seconds:,.0f} events/s in batches of {options.batch}, {options.shards} shard(s)")
        print(
            "\nstage       µs/event\n" + "\n".join(_line(stage, run.stages[stage], run.events) for stage in run.stages)
        )
        scripts = stats["cmdstat_evalsha"]["usec"] / 1e6
        print(_line("(in Redis", scripts, run.events) + f", {stats['cmdstat_evalsha']['calls']} script calls)")
        print(_line("processor", here, run.events) + " here," + _line("", there, run.events) + " in Redis")
        print(f"\nincidents: {dict(run.incidents)}")
        if options.profile:
            pstats.Stats(profile).sort_stats("tottime").print_stats(40)
        print("\nkind of key     keys    bytes   bytes/key   bytes/event")
        for kind, (count, size) in (await memory(client)).items():
            print(f"{kind:12} {count:8,} {size:10,} {size / count:9,.0f} {size / len(records):9,.0f}")
        await client.aclose()


async def _processor_seconds(client: "Redis") -> float:
    info = await client.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


def _line(name: str, seconds: float, events: int) -> str:
    return f"{name:10} {seconds / events * 1e6:8.1f}"


def main() -> None:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--members", type=int, default=2_000)
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", action="store_true", help="show where Python spends its time (slower)")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
