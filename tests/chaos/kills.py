"""Kafka is killed again and again, and comes back slowly, one partition after the other: nobody is accused for that.

    python -m tests.chaos.kills [--seed N] [--kills N] [--workers N] [--write]

Each act is a story of its own: members who ask others, are accepted and write to them, and others who write to strangers, or
whose requests are refused. Kafka is killed in the middle of each, and when it is back, some of its partitions are not, for a
moment or for longer than any patience, while the rest of the story is written. Half of the times workers have caught up
before, half of the times they have not. Workers are killed too, where there are several. What is found must be what an
undisturbed run over the same records finds. The first difference ends everything. `--write` writes what came of it into
docs/reliability.md, where there was none.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from benchmarks.pages import recorded
from models.events import TOPICS
from tests.chaos.proxy import KafkaProxy, Partition
from tests.integration.stage import Found, Sent, Stage, event, replayed
from tests.integration.workload import moment
from tests.servers import LONG_ENOUGH, KafkaServer, RedisServer, eventually, free_port, require_redis

PARTITIONS = 3
_ACT_SECONDS = 1200.0
_PATIENCES = (0.3, 1.0, 3.0, 12.0)
"""For how long partitions are held, in seconds."""
_WEIGHTS = (8, 6, 4, 1)
_SPEED, _SPEED_OF_SEVERAL = 400.0, 40.0
"""How much faster stories are written than they are told to have happened. One worker keeps every order. What several read
as it comes has none within two seconds, and an answer is 120 s after its question."""


Timed = tuple[float, Sent]
"""When it happens, in seconds after the story begins."""


def act(number: int) -> list[Timed]:
    """One story, in the order of its time."""
    start, timed = _ACT_SECONDS * number, list[Timed]()
    chance = random.Random(f"act {number}")
    for friendly in range(2):
        name = f"friendly-{number}-{friendly}"
        for other in range(24):
            second, friend = start + chance.uniform(0, 300), f"friend-{number}-{friendly}-{other}"
            timed += [
                _asks(second, name, friend),
                _answers(second + 120, friend, name, accepted=True),
                _writes(second + 240, name, friend),
            ]
    for other in range(24):
        timed.append(_writes(start + chance.uniform(0, 600), f"intrusive-{number}", f"stranger-{number}-{other}"))
    # what several workers judge within a minute has no order: the limit is reached by requests, long after the answers
    for other in range(12):
        second, asked = start + chance.uniform(0, 120), f"asked-{number}-{other}"
        timed += [
            _asks(second, f"refused-{number}", asked),
            _answers(second + 120, asked, f"refused-{number}", accepted=False),
            _asks(second + 360, f"refused-{number}", f"{asked}-too"),
        ]
    return [(second - start, sent) for second, sent in sorted(timed, key=lambda one: one[0])]


def _asks(second: float, who: str, whom: str) -> Timed:
    fields: dict[str, Any] = {"type": "contact_request", "event_id": f"{who}/asks/{whom}", "recipient_id": whom}
    return second, event("activity.contact-requests", occurred_at=moment(second), actor_id=who, **fields)


def _answers(second: float, who: str, whom: str, *, accepted: bool) -> Timed:
    fields: dict[str, Any] = {
        "type": "contact_response",
        "event_id": f"{who}/answers",
        "requester_id": whom,
        "accepted": accepted,
    }
    return second, event("activity.contact-requests", occurred_at=moment(second), actor_id=who, **fields)


def _writes(second: float, who: str, whom: str) -> Timed:
    fields: dict[str, Any] = {
        "type": "message",
        "event_id": f"{who}/writes/{whom}",
        "recipient_ids": [whom],
        "text": "",
    }
    return second, event("activity.messages", occurred_at=moment(second), actor_id=who, **fields)


@contextmanager
def kafka_with_proxy(kafka: KafkaServer) -> Iterator[KafkaProxy]:
    """Start a Kafka that has not been started yet, with a second listener whose clients all go through the proxy."""
    port = free_port()
    with KafkaProxy(port) as proxy:
        properties = kafka.directory / "server.properties"
        lines = properties.read_text("utf-8").splitlines()
        [listeners] = [line for line in lines if line.startswith("listeners=")]
        addresses = f"PLAINTEXT://{kafka.bootstrap_servers},HELD://127.0.0.1"
        more = [
            f"{listeners},HELD://127.0.0.1:{port}",
            f"advertised.listeners={addresses}:{proxy.port}",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,HELD:PLAINTEXT,CONTROLLER:PLAINTEXT",
        ]
        properties.write_text("\n".join([*(line for line in lines if line != listeners), *more, ""]), "utf-8")
        kafka.start()
        yield proxy


def play(
    kafka: KafkaServer,
    proxy: KafkaProxy,
    redis: RedisServer,
    directory: Path,
    *,
    seed: int,
    kills: int,
    workers: int,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Found, Found]:
    """Kill Kafka so many times; what was found, and what should have been."""
    chance = random.Random(f"kills {seed}")
    acts = [act(number) for number in range(kills)]
    speed = _SPEED if workers == 1 else _SPEED_OF_SEVERAL
    stage = Stage(kafka.bootstrap_servers, redis.url, directory, prefix=f"k{seed}-{workers}.")
    stage.settings["kafka_bootstrap_servers"] = f"127.0.0.1:{proxy.port}"
    try:
        stage.create_topics(PARTITIONS)
        for _ in range(workers):
            stage.start_worker()
        for number, records in enumerate(acts):
            if chance.random() < 0.5:
                stage.wait_until_judged()
            begun = time.monotonic()
            due = [begun + second / speed for second, _ in records]
            cut = chance.randrange(len(records))
            write(stage, records[:cut], due[:cut])
            kafka.kill()
            proxy.held = _some_partitions(stage.prefix, chance)
            if workers > 1 and chance.random() < 0.2:
                stage.workers.pop(chance.randrange(len(stage.workers))).kill()
                stage.start_worker(ready=False)
            kafka.start()
            write(stage, records[cut:], due[cut:])
            [seconds] = chance.choices(_PATIENCES, _WEIGHTS)
            time.sleep(seconds)
            assert all(worker.runs for worker in stage.workers), [worker.said[-3000:] for worker in stage.workers]
            held = len(proxy.held)
            proxy.held = frozenset()
            told = f"{held} partitions held for {seconds} s, {time.monotonic() - begun:.0f} s in all"
            tell(f"kill {number + 1} of {kills} with {workers} workers: {told}")
        stage.wait_until_judged()
        eventually(lambda: all(w.get("/ready")[0] == 200 for w in stage.workers), what="all workers are ready again")
        assert all(worker.get("/live")[0] == 200 for worker in stage.workers)
        return stage.found(), replayed([sent for records in acts for _, sent in records], directory)
    finally:
        proxy.held = frozenset()
        stage.close()


def write(stage: Stage, records: Iterable[Timed], due: Iterable[float]) -> None:
    """Each when it is due, and once Kafka has the one before: nobody could know of what is still with its producer."""
    producer = Producer({"bootstrap.servers": stage.bootstrap_servers, "linger.ms": 0, "log_level": 0})
    failures: list[Any] = []
    for (_, record), when in zip(records, due, strict=True):
        time.sleep(max(0.0, when - time.monotonic()))
        topic = stage.prefix + record.topic
        producer.produce(topic, record.value, record.key, on_delivery=lambda error, _: failures.append(error))
        assert producer.flush(LONG_ENOUGH) == 0
    assert not any(failures), failures


def _some_partitions(prefix: str, chance: random.Random) -> frozenset[Partition]:
    """Mostly those of the answers, without which friends are strangers."""
    likely = {"activity.contact-requests": 0.7}
    return frozenset(
        (prefix + topic, number)
        for topic in TOPICS
        for number in range(PARTITIONS)
        if chance.random() < likely.get(topic, 0.2)
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="what is held, and for how long (1)")
    parser.add_argument("--kills", type=int, default=100, metavar="N", help="so many (100)")
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="so many; else half with one, half with three"
    )
    parser.add_argument("--write", action="store_true", help="write what came of it into the page of docs")
    options = parser.parse_args()
    told = list[str]()
    parts = (
        [(options.workers, options.kills)]
        if options.workers
        else [(1, options.kills // 2), (3, -(-options.kills // 2))]
    )
    with KafkaServer() as kafka, RedisServer(require_redis("redis-server")) as redis, kafka_with_proxy(kafka) as proxy:
        redis.start()
        for workers, kills in parts:
            with tempfile.TemporaryDirectory(prefix="twinwatch-kills-") as directory:
                found, expected = play(
                    kafka,
                    proxy,
                    redis,
                    Path(directory),
                    seed=options.seed,
                    kills=kills,
                    workers=workers,
                    tell=lambda said: print(said, flush=True),
                )
            if found != expected:
                print(f"NOT as undisturbed: {len(found)} incidents instead of {len(expected)}; made up:")
                print(*sorted({found[i] for i in found.keys() - expected.keys()}), sep="\n")
                print("lost, or with another revision:")
                print(*sorted({expected[i] for i in expected if expected[i] != found.get(i)}), sep="\n")
                return 1
            told.append(f"- {kills} kills with {workers} workers: all {len(found)} incidents as undisturbed")
            print(told[-1], flush=True)
    told.append(f"- clients asked {proxy.refused:,} times in vain for partitions that were held")
    with recorded("reliability.md", "kills", write=options.write):
        print(*told, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
