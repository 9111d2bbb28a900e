"""A stage for workers: a broker and a Redis, workers in processes of their own, and the platform's and the readers' side."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from prometheus_client.parser import text_string_to_metric_families

from agents.topics import DEAD_LETTERS, INCIDENTS, OUTPUTS, SHADOW_INCIDENTS
from models.events import TOPICS
from tests.servers import LONG_ENOUGH, REPOSITORY, eventually, free_port, run
from twinwatch.cli import main
from twinwatch.embedded.kept import KeptProcess

PSEUDONYM_KEY = "a key for tests and nothing else"
_KAFKA_SECONDS = 60.0
"""For one answer of Kafka's."""
_BETWEEN_QUESTIONS = 0.2
_Answer = TypeVar("_Answer")

Found = dict[str, tuple[str, str, int]]
"""Rule, subject and last revision by incident id: what a consumer has after its upserts."""


class Sent(NamedTuple):
    """One record as the platform writes it."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def event(topic: str, *, partition: int | None = None, **fields: Any) -> Sent:
    """An event keyed by its actor."""
    return Sent(topic, json.dumps(fields).encode(), str(fields["actor_id"]).encode(), partition)


def _rules_against_writing(kind: type[Any], topic: str) -> list[Any]:
    """Nobody may write to the topic. What is not allowed is denied where there is a rule at all, hence the second one."""
    who, where = ("User:*", "*"), (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL)
    return [
        kind(*where, *who, AclOperation.WRITE, AclPermissionType.DENY),
        kind(*where, *who, AclOperation.ALL, AclPermissionType.ALLOW),
    ]


class Stage:
    """Where a test plays. Topics, group and directory are its own, so that several can share a broker."""

    def __init__(
        self,
        bootstrap_servers: str,
        redis_url: str,
        directory: Path,
        prefix: str = "",
        *,
        client: Mapping[str, str] | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        """`client` is what clients of librdkafka's need besides the address, and `settings` what workers do."""
        self.bootstrap_servers = bootstrap_servers
        self.redis_url = redis_url
        self.directory = directory
        self.prefix = prefix
        self.client = dict(client or {})
        self.settings = dict(settings or {})
        self.group = f"group-{secrets.token_hex(4)}"
        self.workers: list[Worker] = []

    # --- running things ----------------------------------------------------------------------------------------------

    def env_file(self, **settings: object) -> Path:
        """An env file for this stage. `settings` are added or replace what is usual."""
        usual: dict[str, object] = {
            "kafka_bootstrap_servers": self.bootstrap_servers,
            "redis_url": self.redis_url,
            "topic_prefix": self.prefix,
            "consumer_group": self.group,
            "pseudonym_key": PSEUDONYM_KEY,
            "metrics_host": "127.0.0.1",
            "metrics_port": free_port(),
            # a slow machine is no fault of the worker's
            "stall_seconds": LONG_ENOUGH,
            "startup_timeout_seconds": LONG_ENOUGH,
        }
        path = self.directory / f"{secrets.token_hex(4)}.env"
        lines = [f"TWINWATCH_{name.upper()}={value}\n" for name, value in (usual | self.settings | settings).items()]
        path.write_text("".join(lines), encoding="utf-8")
        return path

    def create_topics(self, partitions: int) -> None:
        """As `twinwatch topics create` does."""
        done = command_here("topics", "create", "--env-file", str(self.env_file()), "--partitions", str(partitions))
        assert done.exit_code == 0, done.stderr

    def start_worker(self, *, ready: bool = True, fault: str = "", **settings: object) -> "Worker":
        """Start a worker (with a fault of `tests.integration.faulty`), and wait until it can take events."""
        worker = Worker(self, settings, fault)
        self.workers.append(worker)
        if ready:
            worker.wait_until_ready()
        return worker

    def close(self) -> None:
        """End all workers."""
        for worker in self.workers:
            worker.kill()

    def refuse(self, refused: bool) -> None:
        """Let Kafka refuse all that twinwatch writes, or take it again: a rule of its authorizer for the topics.

        Not by `min.insync.replicas`: where a topic has one replica, Kafka asks for no more than that one.
        """
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0})
        names = [self.prefix + topic for topic in OUTPUTS]
        rules = [rule for name in names for rule in _rules_against_writing(AclBinding, name)]
        filters = [rule for name in names for rule in _rules_against_writing(AclBindingFilter, name)]
        answers = admin.create_acls(rules) if refused else admin.delete_acls(filters)
        for answer in answers.values():
            answer.result()
        # the controller has taken it; the broker may still be about to
        eventually(
            lambda: all(bool(admin.describe_acls(one).result()) == refused for one in filters),
            what="the broker knows the rules",
        )

    # --- the platform's side -----------------------------------------------------------------------------------------

    def send(self, records: Iterable[Sent]) -> int:
        """Write the records in order, and wait until the broker has them; how many they were."""
        failures: list[Any] = []
        sent = 0
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap_servers,
                "message.max.bytes": 20_000_000,
                "enable.idempotence": True,
                "linger.ms": 5,
                "log_level": 0,
            }
            | self.client
        )
        for record in records:
            partition = -1 if record.partition is None else record.partition  # any, by the key
            while True:
                try:
                    producer.produce(
                        self.prefix + record.topic,
                        record.value,
                        record.key,
                        partition,
                        on_delivery=lambda error, _: failures.append(error) if error else None,
                        headers=list(record.headers),
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
            sent += 1
        assert producer.flush(LONG_ENOUGH) == 0
        assert not failures, failures[0]
        return sent

    # --- the readers' side -------------------------------------------------------------------------------------------

    def read(self, topic: str) -> list[Message]:
        """All that stands in the topic now, partition by partition."""
        consumer = self._consumer()
        try:
            messages: list[Message] = []
            for partition, end in self._ends(consumer, topic):
                consumer.assign([TopicPartition(self.prefix + topic, partition, 0)])
                position = 0
                while position < end:
                    message = consumer.poll(_KAFKA_SECONDS)
                    assert message is not None, "the broker does not give what it has"
                    assert not message.error(), message.error()
                    messages.append(message)
                    offset = message.offset()
                    assert offset is not None
                    position = offset + 1
            return messages
        finally:
            consumer.close()

    def incidents(self, topic: str = INCIDENTS) -> list[dict[str, Any]]:
        """All revisions, as they were written."""
        return [json.loads(message.value() or b"") for message in self.read(topic)]

    def found(self) -> Found:
        """What the warn/ban service knows after its upserts, live and shadow."""
        return upserted([*self.incidents(), *self.incidents(SHADOW_INCIDENTS)])

    def dead_letters(self) -> list[tuple[dict[str, Any], Message]]:
        """All dead letters with their headers."""
        return [(dict(message.headers() or []), message) for message in self.read(DEAD_LETTERS)]

    def committed(self, topics: Sequence[str] = tuple(TOPICS)) -> dict[tuple[str, int], int]:
        """What the group has committed, of partitions that hold records."""
        with self._consumer() as consumer:
            return {key: committed for key, (committed, _) in self._offsets(consumer, topics).items()}

    def backlog(self) -> int:
        """Records that were written and not committed."""
        with self._consumer() as consumer:
            return self._left(consumer)

    def _left(self, consumer: Consumer) -> int:
        offsets = self._offsets(consumer, tuple(TOPICS)).values()
        return sum(end - max(0, committed) for committed, end in offsets)

    def _offsets(self, consumer: Consumer, topics: Sequence[str]) -> dict[tuple[str, int], tuple[int, int]]:
        """What the group has committed of partitions that hold records, and where these end."""
        ends = {(topic, p): end for topic in topics for p, end in self._ends(consumer, topic) if end}
        asked = [TopicPartition(self.prefix + topic, p) for topic, p in ends]
        answered = _patiently(lambda: consumer.committed(asked, timeout=_KAFKA_SECONDS)) if asked else []
        return {key: (answer.offset, ends[key]) for key, answer in zip(ends, answered, strict=True)}

    def wait_until_judged(self, tend: Callable[[], object] = lambda: None) -> None:
        """Wait until everything that was written is committed, for as long as it goes on; `tend` to the workers meanwhile."""
        left = -1

        def judged(consumer: Consumer) -> bool:
            nonlocal left
            tend()
            left = self._left(consumer)
            return left == 0

        try:
            with self._consumer() as consumer:
                what = "all records are judged and committed"
                eventually(lambda: judged(consumer), what=what, progress=lambda: left, every=_BETWEEN_QUESTIONS)
        except pytest.fail.Exception as failure:
            told = "\n".join(f"{worker.get('/ready')} {worker.get('/live')}\n{worker.said}" for worker in self.workers)
            raise AssertionError(f"{failure}; {left} are left; the workers:\n{told}") from None

    def _consumer(self) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self.bootstrap_servers,
                "group.id": self.group,
                "enable.auto.commit": False,
                "fetch.message.max.bytes": 20_000_000,
                "fetch.max.bytes": 50_000_000,
                "receive.message.max.bytes": 60_000_000,
                "log_level": 0,
            }
            | self.client
        )

    def _ends(self, consumer: Consumer, topic: str) -> list[tuple[int, int]]:
        name = self.prefix + topic

        def asked() -> list[tuple[int, int]]:
            partitions = consumer.list_topics(name, timeout=_KAFKA_SECONDS).topics[name].partitions
            return [
                (number, consumer.get_watermark_offsets(TopicPartition(name, number), timeout=_KAFKA_SECONDS)[1])
                for number in sorted(partitions)
            ]

        return _patiently(asked)


def _patiently(ask: Callable[[], _Answer]) -> _Answer:
    """What Kafka answers. One that has come back just now leads none of its partitions for a moment."""
    give_up = time.monotonic() + LONG_ENOUGH
    while True:
        try:
            return ask()
        except KafkaException:
            if time.monotonic() > give_up:
                raise
            time.sleep(_BETWEEN_QUESTIONS)


class Worker:
    """A worker in a process of its own, as in production."""

    def __init__(self, stage: Stage, settings: dict[str, object], fault: str = "") -> None:
        self.port = settings.setdefault("metrics_port", free_port())
        self._env_file = stage.env_file(**settings)
        self.log = self._env_file.with_suffix(".log")
        program = ["tests.integration.faulty", fault] if fault else ["twinwatch", "worker"]
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", *program, "--env-file", str(self._env_file)]
            self._kept = KeptProcess(command, None, log=log, cwd=REPOSITORY, env=clean_environment())
        self.process = self._kept.process

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; status 0 where nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=_KAFKA_SECONDS) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def reasons(self, path: str) -> list[str]:
        """What `/live` or `/ready` complain about."""
        reasons: list[str] = json.loads(self.get(path)[1])["reasons"]
        return reasons

    def metrics(self) -> dict[str, float]:
        """Every sample by its name and labels."""
        return {
            f"{sample.name}{dict(sorted(sample.labels.items())) or ''}": sample.value
            for family in text_string_to_metric_families(self.get("/metrics")[1])
            for sample in family.samples
        }

    def judged(self) -> float:
        """How many events it has judged."""
        return self.metrics().get("twinwatch_batch_size_events_sum", 0)

    def wait_until_ready(self) -> None:
        def ready() -> bool:
            assert self.runs, f"it ended with status {self.process.returncode}:\n{self.said}"
            return self.get("/ready")[0] == 200

        eventually(ready, what="the worker is ready")

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    @property
    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; its status."""
        self.process.send_signal(number)
        return self.process.wait(LONG_ENOUGH)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._kept.kill()


def clean_environment() -> dict[str, str]:
    """The environment without settings of twinwatch's."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("TWINWATCH_")}


def command(*arguments: str, seconds: float = LONG_ENOUGH) -> "subprocess.CompletedProcess[str]":
    """Run the command line to its end."""
    return run(sys.executable, "-m", "twinwatch", *arguments, env=clean_environment(), seconds=seconds)


def command_here(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
    """The same without a process of its own, which takes seconds to start. Its settings come from its `--env-file`, or from
    `env`, alone.
    """
    result = CliRunner(env=env).invoke(main, arguments, prog_name="twinwatch")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def upserted(incidents: Iterable[dict[str, Any]]) -> Found:
    """Rule, subject and last revision of each incident."""
    found: Found = {}
    for incident in incidents:
        known = found.get(incident["incident_id"])
        if known is None or known[2] < incident["revision"]:
            found[incident["incident_id"]] = (incident["rule"], incident["subject_id"], incident["revision"])
    return found


def replayed(records: Iterable[Sent], directory: Path, *options: str) -> Found:
    """What `twinwatch replay` finds in the records, in their order."""
    events, incidents, shadow = (directory / name for name in ("events.jsonl", "incidents.jsonl", "shadow.jsonl"))
    events.write_bytes(b"".join((record.value or b"") + b"\n" for record in records))
    done = command("replay", str(events), "--incidents", str(incidents), "--shadow", str(shadow), *options)
    assert done.returncode == 0, done.stderr
    return upserted(json.loads(line) for path in (incidents, shadow) for line in path.open("rb"))
