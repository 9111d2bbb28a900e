"""All codecs are read over a genuine Kafka; a batch that cannot be read is named, waits, and holds up no other partition."""

import asyncio
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka.record.util import calc_crc32c
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from agents.dead_letters import read_dead_letters
from agents.health import Partition
from agents.kafka import KafkaUnavailable
from agents.lag import GroupObserver
from agents.settings import load_settings
from agents.topics import DEAD_LETTERS
from models.events import TOPICS
from tests.integration.conftest import NewStage
from tests.integration.stage import Sent, Stage
from tests.integration.workload import copied_messages
from tests.servers import KafkaServer, eventually

pytestmark = pytest.mark.kafka

TOPIC = "activity.messages"
CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def subjects(stage: Stage) -> set[str]:
    return {subject for _, subject, _ in stage.found().values()}


class Segment:
    """The file in which a broker keeps a partition."""

    def __init__(self, kafka: KafkaServer, stage: Stage, topic: str, partition: int) -> None:
        self.path: Path = kafka.directory / "data" / f"{stage.prefix}{topic}-{partition}" / f"{0:020}.log"

    def batches(self) -> list[tuple[int, bytes]]:
        """Where each begins, and its bytes."""
        content, begin, found = self.path.read_bytes(), 0, []
        while begin + 12 <= len(content) and (length := int.from_bytes(content[begin + 8 : begin + 12])):
            found.append((begin, content[begin : begin + 12 + length]))
            begin += 12 + length
        return found

    def write(self, begin: int, content: bytes) -> None:
        """In place, while the broker runs."""
        with self.path.open("r+b") as file:
            file.seek(begin)
            file.write(content)


def signed(batch: bytes, at: int, value: int) -> bytes:
    """With another byte, and a checksum that fits it."""
    new = bytearray(batch)
    new[at] = value
    struct.pack_into(">I", new, 17, calc_crc32c(bytes(new[21:])))
    return bytes(new)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "its checksum does not fit": lambda batch: batch[:-1] + bytes([batch[-1] ^ 1]),
    "it is compressed with codec 5, which is not known": lambda batch: signed(batch, 22, 5),
    "its format 3 is not known": lambda batch: signed(batch, 16, 3),
    # the broker itself reads no further then, without an error
    "the broker gives nothing, and says that there is more": lambda batch: batch[:8] + (2**30).to_bytes(4) + batch[12:],
}


def test_every_codec_is_read(new_genuine_stage: NewStage, kafka: KafkaServer) -> None:
    stage = new_genuine_stage(len(CODECS))
    stage.start_worker()
    for partition, codec in enumerate(CODECS):
        producer = Producer(
            {"bootstrap.servers": stage.bootstrap_servers, "compression.type": codec, "linger.ms": 50, "log_level": 0}
        )
        for record in copied_messages(codec, 9):
            producer.produce(stage.prefix + TOPIC, record.value, record.key, partition=partition)
        assert producer.flush(30) == 0
        written = {batch[22] & 7 for _, batch in Segment(kafka, stage, TOPIC, partition).batches()}
        assert CODECS[codec] in written, "the broker keeps it compressed"
    eventually(lambda: subjects(stage) == set(CODECS), what="all are judged")
    stage.wait_until_judged()


def test_what_cannot_be_read_is_named_and_waits_and_holds_up_no_other_partition(
    new_genuine_stage: NewStage, kafka: KafkaServer
) -> None:
    stage = new_genuine_stage(len(DAMAGES) + 1)
    healthy = len(DAMAGES)
    intact: dict[int, tuple[Segment, int, bytes]] = {}
    ends: dict[int, int] = {}
    for partition, damage in enumerate(DAMAGES.values()):
        for name in ("before", "in", "behind"):
            stage.send(r._replace(partition=partition) for r in copied_messages(f"{name}-{partition}", 9))
        segment = Segment(kafka, stage, TOPIC, partition)
        begin, batch = next((at, b) for at, b in segment.batches() if b"in-%d" % partition in b and b"before" not in b)
        intact[partition] = (segment, begin, batch)
        ends[partition] = int.from_bytes(batch[:8]) + 1 + int.from_bytes(batch[23:27])
        segment.write(begin, damage(batch))
    stage.send(r._replace(partition=healthy) for r in copied_messages("healthy", 9))

    worker = stage.start_worker(ready=False, stall_seconds=20)
    expected = {"healthy", *(f"before-{p}" for p in intact)}
    eventually(lambda: subjects(stage) == expected, what="all that can be read is judged")
    eventually(
        lambda: (
            [
                all(
                    f"{stage.prefix}{TOPIC}/{p} cannot be read at offset" in told and cause in told
                    for told in (ready, log)
                )
                for ready, log in [(worker.get("/ready")[1], worker.said)]
                for p, cause in enumerate(DAMAGES)
            ]
            == [True] * len(DAMAGES)
        ),
        what="each is named",
    )
    assert worker.get("/ready")[0] == 503
    metrics = worker.metrics()
    for p in intact:
        assert metrics[f"twinwatch_unreadable_offset{{'partition': '{p}', 'topic': '{stage.prefix}{TOPIC}'}}"] == 9
    eventually(
        lambda: stage.committed([TOPIC]) == {(TOPIC, p): 9 for p in range(healthy + 1)},
        what="what was read is committed",
    )
    stage.send(r._replace(partition=healthy) for r in copied_messages("later", 9))
    eventually(lambda: subjects(stage) == expected | {"later"}, what="the others go on")
    assert worker.get("/live")[0] == 200

    # a replica is mended: it goes on by itself
    for p in list(intact)[1:]:
        segment, begin, batch = intact[p]
        segment.write(begin, batch)
    expected |= {"later", *(f"{name}-{p}" for p in list(intact)[1:] for name in ("in", "behind"))}
    eventually(lambda: subjects(stage) == expected, what="what was mended is judged")
    eventually(lambda: len(worker.reasons("/ready")) == 1, what="the other one is still named")
    assert worker.said.count(f"/{0} cannot be read") == 1, "it is told once"
    assert worker.runs

    # an operator skips it, as the document says
    assert worker.stop() == 0
    where = [TopicPartition(stage.prefix + TOPIC, 0, ends[0])]
    admin = AdminClient({"bootstrap.servers": stage.bootstrap_servers, "log_level": 0})
    [answer] = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(stage.group, where)]).values()
    answer.result()
    worker = stage.start_worker()
    eventually(lambda: subjects(stage) == expected | {"behind-0"}, what="what is behind it is judged")
    stage.wait_until_judged()
    assert worker.get("/ready")[0] == 200


def test_a_dead_letter_that_cannot_be_read_is_one_line(new_genuine_stage: NewStage, kafka: KafkaServer) -> None:
    stage = new_genuine_stage(1)
    stage.send([Sent(DEAD_LETTERS, b"one")])
    segment = Segment(kafka, stage, DEAD_LETTERS, 0)
    [(begin, batch)] = segment.batches()
    segment.write(begin, signed(batch, 22, 6))

    async def read() -> list[bytes | None]:
        return [letter.value async for letter in read_dead_letters(load_settings(stage.env_file()))]

    with pytest.raises(KafkaUnavailable, match=r"cannot be read at offset.* codec 6"):
        asyncio.run(read())


def test_a_worker_without_partitions_knows_what_others_have(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(1)
    stage.start_worker()
    settings = load_settings(stage.env_file())

    async def look() -> frozenset[Partition]:
        async with GroupObserver(settings) as observer:
            return (await observer.look([], lambda _: None, None)).others

    everything = {(stage.prefix + topic, 0) for topic in TOPICS}
    eventually(lambda: asyncio.run(look()) == everything, what="the worker has them all")
