"""One log, judged undisturbed and judged while everything breaks."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

from confluent_kafka.admin import AdminClient
from redis import Redis

from agents.topics import REJECTED_VERDICTS, SHADOW_INCIDENTS, TOPICS
from models.rejections import OWN_INCIDENT, UNKNOWN_INCIDENT
from state.windows import LIST, TAKES_IN, Entry, tags_in
from tests.chaos import proxy
from tests.chaos.proxy import RedisProxy, Trouble
from tests.chaos.schedule import Disturbance, Intensity
from tests.chaos.workload import PARTITIONS, Workload
from tests.integration.stage import Sent, Stage, Worker
from tests.servers import KafkaServer, RedisServer, eventually

WORKERS = 3
_SAYS_WHY = "this worker cannot go on"

Place = tuple[str, int, int]
"""Topic (without the prefix), partition and offset."""
Added = tuple[bytes, bytes, bytes, float, bytes, frozenset[bytes]]
"""What one event has added to one window: key of the history, tag of the window, sealed event id, event time, sealed note,
hashed members.
"""


class Judged(NamedTuple):
    """What a run came to."""

    incidents: dict[str, dict[str, Any]]
    """The last revision of each incident: what the warn/ban service knows after its upserts."""
    dead_letters: dict[Place, tuple[str, bytes]]
    """Reason and bytes."""
    windows: Counter[Added]
    """All windows in Redis, without the order in which their events came."""
    rejected: list[str]
    """Why verdicts that could be read could not be used."""
    notes: list[str]
    """What is worth telling of the run."""
    given_up: Sequence[str] = ()
    """Last words of workers that ended by themselves."""


class Arena:
    """A Kafka and a Redis that may be stopped, killed and brought back."""

    def __init__(self, kafka: KafkaServer, redis: RedisServer, directory: Path) -> None:
        self._kafka = kafka
        self._redis = redis
        self._directory = directory

    def undisturbed(self, workload: Workload) -> Judged:
        """One worker, and nothing happens to it."""
        with self._stage(1, self._redis.port) as stage:
            crew = _Crew(stage, {})
            crew.add()
            for part in workload.parts:
                stage.send(part)
                crew.wait_until_judged()
            crew.leave()
            return self._judged(stage, 1, [])

    def disturbed(
        self,
        workload: Workload,
        disturbances: Sequence[Disturbance],
        intensity: Intensity,
        chance: random.Random,
        tell: Callable[[str], None] = lambda _: None,
    ) -> Judged:
        """Three workers, and the disturbances one after the other while they work."""
        with RedisProxy(self._redis.port, chance) as redis, self._stage(0, redis.port) as stage:
            settings: dict[str, Any] = {
                "redis_timeout_seconds": intensity.redis_timeout,
                "batch_max_records": intensity.batch_records,
            }
            crew = _Crew(stage, settings)
            for worker in [crew.add() for _ in range(WORKERS)]:
                crew.wait_until_up(worker)
            storm = _Storm(stage, crew, self._kafka, self._redis, redis, intensity, chance)
            for part, share in zip(workload.parts, _dealt(disturbances, len(workload.parts)), strict=True):
                for piece, disturbance in zip(_dealt(part, max(1, len(share))), share or [None], strict=True):
                    begun = time.monotonic()
                    storm.strike(piece, disturbance)
                    if disturbance:
                        tell(f"{time.monotonic() - begun:5.1f} s  {disturbance}")
                crew.wait_until_judged()
            crew.leave()
            notes = [
                f"script calls in trouble: {dict(redis.done)}",
                f"workers ended: {dict(crew.ended)}",
                *crew.last_words,
            ]
            return self._judged(stage, 0, notes)._replace(given_up=crew.last_words)

    @contextmanager
    def _stage(self, database: int, redis_port: int) -> Iterator[Stage]:
        """Topics and a Redis database of its own, empty at the start and at the end."""
        with ExitStack() as stack:
            url = f"redis://127.0.0.1:{redis_port}/{database}"
            stage = Stage(self._kafka.bootstrap_servers, url, self._directory, prefix=f"c{token_hex(4)}.")
            self._empty(database)
            stage.create_topics(PARTITIONS)
            stack.callback(self._delete_topics, stage)
            stack.callback(stage.close)
            yield stage

    def _empty(self, database: int) -> None:
        with Redis(port=self._redis.port, db=database) as client:
            client.flushdb()

    def _delete_topics(self, stage: Stage) -> None:
        admin = AdminClient({"bootstrap.servers": self._kafka.bootstrap_servers, "log_level": 0})
        for deletion in admin.delete_topics([stage.prefix + topic.name for topic in TOPICS]).values():
            deletion.result()

    def _judged(self, stage: Stage, database: int, notes: list[str]) -> Judged:
        assert stage.backlog() == 0, "offsets are committed to the end of the log"
        incidents: dict[str, dict[str, Any]] = {}
        for incident in [*stage.incidents(), *stage.incidents(SHADOW_INCIDENTS)]:
            known = incidents.get(incident["incident_id"])
            if known is None or known["revision"] < incident["revision"]:
                incidents[incident["incident_id"]] = incident
        letters = {
            _place(headers, stage.prefix): (headers["reason"].decode(), message.value() or b"")
            for headers, message in stage.dead_letters()
        }
        reasons = [json.loads(one.value() or b"")["reason"] for one in stage.read(REJECTED_VERDICTS)]
        # each of the others is a dead letter, too
        rejected = [reason for reason in reasons if reason in (UNKNOWN_INCIDENT, OWN_INCIDENT)]
        with Redis(port=self._redis.port, db=database) as client:
            return Judged(incidents, letters, _windows(client), rejected, notes)


def _place(headers: dict[str, bytes], prefix: str) -> Place:
    topic = headers["source_topic"].decode().removeprefix(prefix)
    return topic, int(headers["source_partition"]), int(headers["source_offset"])


def _windows(client: Any) -> Counter[Added]:
    windows: Counter[Added] = Counter()
    for kind in ("acts", "received", "history"):
        for key in client.scan_iter(f"tw*:{kind}:*", count=1000):
            for raw, moment in client.zrange(key, 0, -1, withscores=True):
                entry = Entry(int(moment), raw)  # its number says when it came
                notes = {tag: note for of, note in entry.rest[3] for tag in tags_in(of)} if len(entry.rest) > 3 else {}
                for tag, which in entry.tags.items():
                    members = frozenset(entry.members(which)) if which & LIST != TAKES_IN else frozenset()
                    windows[key, tag, entry.rest[0], moment, notes.get(tag, b""), members] += 1
    return windows


def _dealt(items: Sequence[Any], hands: int) -> list[list[Any]]:
    """The items in order, cut into so many nearly equal pieces."""
    cuts = [len(items) * n // hands for n in range(hands + 1)]
    return [list(items[a:b]) for a, b in pairwise(cuts)]


class _Crew:
    """Workers with a supervisor, who starts those again that end."""

    def __init__(self, stage: Stage, settings: dict[str, Any]) -> None:
        self.workers: list[Worker] = []
        self.ended: Counter[str] = Counter()
        self.last_words: list[str] = []
        """Of those that ended by themselves."""
        self._stage = stage
        self._settings = settings

    def add(self) -> Worker:
        worker = self._stage.start_worker(ready=False, fault="in_long_strides", **self._settings)
        self.workers.append(worker)
        return worker

    def replace(self, worker: Worker, how: str) -> None:
        """`worker` is gone; another one comes."""
        self.ended[how] += 1
        self.workers.remove(worker)
        self.add()

    def tend(self) -> None:
        """Start those again that have ended by themselves."""
        for worker in list(self.workers):
            if not worker.runs:
                said = [line for line in worker.said.splitlines() if line.strip()]
                self.last_words += [line for line in said if _SAYS_WHY in line][-1:] or said[-1:]
                self.replace(worker, f"by itself, with status {worker.process.returncode}")

    def judged(self) -> float:
        return sum(worker.judged() for worker in self.workers if worker.runs)

    def wait_until_up(self, worker: Worker) -> bool:
        """Wait until it takes signals, or has ended; whether it is there."""
        eventually(lambda: not worker.runs or worker.get("/live")[0] != 0, what="the worker is there")
        return worker.runs

    def dismiss(self, worker: Worker) -> None:
        """Ask it to end in good order, once it is there."""
        if self.wait_until_up(worker):
            status = worker.stop()
            assert status == 0, f"a worker that was asked to end ended with status {status}:\n{worker.said}"

    def leave(self) -> None:
        """All of them end, at once."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(self.dismiss, self.workers))
        self.workers.clear()

    def wait_until_judged(self) -> None:
        """Wait until everything that was written is committed."""
        self._stage.wait_until_judged(self.tend)


class _Storm:
    """Brings disturbances about."""

    def __init__(
        self,
        stage: Stage,
        crew: _Crew,
        kafka: KafkaServer,
        redis: RedisServer,
        between: RedisProxy,
        intensity: Intensity,
        chance: random.Random,
    ) -> None:
        self._stage = stage
        self._crew = crew
        self._kafka = kafka
        self._redis = redis
        self._proxy = between
        self._intensity = intensity
        self._chance = chance

    def strike(self, records: list[Sent], disturbance: Disturbance | None) -> None:
        """Write the records, half of them before and half of them amid the disturbance."""
        half = len(records) // 2
        before = self._crew.judged()
        self._stage.send(records[:half])
        self._wait_for_progress(before)
        if disturbance in (Disturbance.KAFKA_STOP, Disturbance.KAFKA_KILL):
            (self._kafka.stop if disturbance is Disturbance.KAFKA_STOP else self._kafka.kill)()
            self._hold(self._intensity.kafka_away)
            self._kafka.start()
            self._stage.send(records[half:])
            return
        with self._disturbed(disturbance) as seconds:
            self._stage.send(records[half:])
            self._hold(seconds)

    def _wait_for_progress(self, before: float) -> None:
        """Workers should be in the middle of it, if they can be."""
        give_up = time.monotonic() + 10.0
        while self._crew.judged() <= before and time.monotonic() < give_up:
            self._crew.tend()
            time.sleep(0.2)

    def _hold(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._crew.tend()
            time.sleep(min(0.5, left))

    @contextmanager
    def _disturbed(self, disturbance: Disturbance | None) -> Iterator[float]:
        """For as long as the context lasts; how long it should."""
        long = self._intensity
        match disturbance:
            case None:
                yield 0.0
            case Disturbance.KILL:
                worker = self._chance.choice(self._crew.workers)
                worker.kill()
                self._crew.replace(worker, "killed")
                yield 0.0
            case Disturbance.TERM:
                worker = self._chance.choice(self._crew.workers)
                self._crew.dismiss(worker)
                self._crew.replace(worker, "asked to")
                yield 0.0
            case Disturbance.JOIN:
                with self._guest():
                    yield long.joined
            case Disturbance.REDIS_STOP | Disturbance.REDIS_KILL:
                (self._redis.stop if disturbance is Disturbance.REDIS_STOP else self._redis.kill)()
                yield long.redis_away
                self._redis.start()
            case Disturbance.REFUSE:
                self._stage.refuse(True)
                yield long.refusing
                self._stage.refuse(False)
            case Disturbance.REVOKE:
                with self._trouble(proxy.slow(long.slow)), self._guest():
                    yield long.trouble
            case _:
                with self._trouble(_TROUBLES.get(disturbance) or proxy.slow(long.slow)):
                    yield long.trouble

    @contextmanager
    def _guest(self) -> Iterator[None]:
        """A worker more, which gets partitions that others are reading and gives them back."""
        guest = self._crew.add()
        yield
        if guest in self._crew.workers:
            self._crew.workers.remove(guest)
            self._crew.dismiss(guest)

    @contextmanager
    def _trouble(self, trouble: Trouble) -> Iterator[None]:
        self._proxy.trouble = trouble
        try:
            yield
        finally:
            self._proxy.trouble = None


_TROUBLES = {
    Disturbance.REDIS_OOM: proxy.OOM,
    Disturbance.REDIS_LOADING: proxy.LOADING,
    Disturbance.REDIS_READONLY: proxy.READONLY,
    Disturbance.REDIS_CUT: proxy.CUT,
}
