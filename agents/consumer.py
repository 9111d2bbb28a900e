"""How records come off Kafka and how they are acknowledged: Faust's consumer, with both halves made exact.

Faust's own consumer makes four asyncio tasks a record, and decides what to commit from what its streams have let go of,
skipped records among them. This one hands an agent all that a fetch brought for its topic at once, and commits nothing but
what the agent has confirmed, partition by partition and without a gap. It overrides methods that are private to Faust, so
that Faust is pinned exactly; `tests/integration` holds it to its promises over a genuine Kafka.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, cast

from aiokafka.errors import ConsumerStoppedError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import Service

from models.records import RawRecord, Source

logger = logging.getLogger(__name__)
_faust_logger = logging.getLogger("faust.consumer")

STRETCHES_AHEAD = 2
"""So many fetches of a partition may wait for their agent: one to judge and one to go on with. More only fill the memory."""
BATCHES_AHEAD = 32
"""So many batches of all topics may wait, however many partitions there are: that bounds memory and the wait of each."""
_FETCH_SECONDS = 0.5
_FETCH_WAIT_MS = 100
"""How long a broker may wait for records of all partitions that it was asked for. Faust's 1500 ms hold up the partitions that
had records meanwhile, because aiokafka asks a broker one question at a time."""
_COMMIT_SECONDS = 5.0
"""aiokafka would try for ever to commit during an outage, and nothing else could be asked of the consumer meanwhile."""


class GroupLost(Exception):  # noqa: N818 - a state of the world, not a mistake of the caller
    """The consumer will never get partitions again: only a new one can."""


class Stretch:
    """Consecutive records of one partition that were handed over together. `end` is the offset after the last one."""

    __slots__ = ("confirmed", "end", "partition")

    def __init__(self, partition: TP, end: int) -> None:
        self.partition = partition
        self.end = end
        self.confirmed = False


class Batch:
    """What one fetch brought for one topic: the records in order, and the stretches that they make up."""

    __slots__ = ("records", "stretches")

    def __init__(self, records: Sequence[RawRecord], stretches: Sequence[Stretch]) -> None:
        self.records = records
        self.stretches = stretches


class Ledger:
    """Which offsets may be committed: those before which everything that was handed over is confirmed."""

    def __init__(self) -> None:
        self._stretches: defaultdict[TP, deque[Stretch]] = defaultdict(deque)
        self._batches: dict[Batch, int] = {}
        self._numbers = count()
        self._confirmed: dict[TP, int] = {}
        self._committed: dict[TP, int] = {}

    def hand_over(self, batch: Batch) -> None:
        """The batch goes to an agent, after all others of its partitions."""
        self._batches[batch] = next(self._numbers)
        for stretch in batch.stretches:
            self._stretches[stretch.partition].append(stretch)

    def confirm(self, batch: Batch) -> None:
        """All records of the batch are done with. What was handed over before `forget` no longer counts."""
        self._batches.pop(batch, None)
        for stretch in batch.stretches:
            stretch.confirmed = True
            waiting = self._stretches[stretch.partition]
            while waiting and waiting[0].confirmed:
                self._confirmed[stretch.partition] = waiting.popleft().end

    def forget(self) -> None:
        """Reading goes on from what Kafka knows to be committed: after each change of the partitions."""
        self._batches.clear()
        self._stretches.clear()
        self._confirmed.clear()
        self._committed.clear()

    def to_commit(self) -> dict[TP, int]:
        """Offsets to read on from that Kafka does not know yet."""
        return {p: offset for p, offset in self._confirmed.items() if self._committed.get(p) != offset}

    def committed(self, offsets: Mapping[TP, int]) -> None:
        """Kafka knows these."""
        self._committed.update(offsets)

    def has_room(self, partition: TP) -> bool:
        """Whether more of the partition may be read."""
        return len(self._batches) < BATCHES_AHEAD and len(self._stretches[partition]) < STRETCHES_AHEAD

    @property
    def oldest(self) -> int | None:
        """The number of the batch that has been waiting for its confirmation for longest; None where none waits."""
        return next(iter(self._batches.values()), None)


async def seek_to_committed(consumer: Any) -> Mapping[TopicPartition, int | None]:
    """Let an aiokafka consumer go on from what is committed, partition by partition; what that is.

    Where nothing is committed that is the first record. aiokafka's own method leaves such a partition where it stands, and
    whatever was read and not handed over is never seen again.
    """
    if not consumer.assignment():
        return {}
    offsets: Mapping[TopicPartition, int | None] = await consumer.seek_to_committed()
    untouched = {partition for partition, offset in offsets.items() if not offset} & consumer.assignment()
    if untouched:
        await consumer.seek_to_beginning(*untouched)
    return offsets


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread in which aiokafka's consumer runs."""

    logger = _faust_logger

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS
        return consumer

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> Mapping[TP, list[Any]]:
        coordinator = consumer._coordinator
        if coordinator._coordination_task.done() and not self.should_stop:
            raise GroupLost("aiokafka no longer takes part in the consumer group")
        # nobody else takes errors of the group off the coordinator, which goes on only when somebody has
        coordinator.check_errors()
        return await super()._fetch_records(consumer, active_partitions, timeout, max_records)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        offsets: Mapping[TP, int] = await self.call_thread(seek_to_committed, self._ensure_consumer())
        return offsets

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Whether Kafka has taken the offsets. Where it has not, it is asked again with the next commit."""
        consumer = self._ensure_consumer()
        ours = self.assignment()
        wanted = {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items() if tp in ours}
        try:
            async with asyncio.timeout(_COMMIT_SECONDS):
                await consumer.commit(wanted)
        except (KafkaError, TimeoutError) as error:
            logger.info("offsets could not be committed: %s", type(error).__name__)
            return False
        return len(wanted) == len(offsets)


class BatchConsumer(driver.Consumer):
    """Hands over a `Batch` a topic and a fetch. Agents call `confirm`; Faust's own acknowledging is switched off."""

    logger = _faust_logger

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ledger = Ledger()
        self._room = asyncio.Event()
        # a fetch must not return records from before a seek after it
        self._reading = asyncio.Lock()
        # whether the next records are those after what was handed over, or after what is committed
        self._in_place = False
        self._trouble = ""

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def confirm(self, batch: Batch) -> None:
        """All records of the batch are done with, and may be committed."""
        self._ledger.confirm(batch)
        self._room.set()

    @property
    def oldest_unconfirmed(self) -> int | None:
        """A number that stays the same for as long as the same batch waits for longest; None while none waits."""
        return self._ledger.oldest

    async def perform_seek(self) -> None:
        """Go back to what Kafka knows to be committed."""
        async with self._reading:
            await self._go_back()
        self._room.set()

    async def _go_back(self) -> None:
        self._in_place = False
        self._ledger.forget()
        await super().perform_seek()
        self._in_place = True

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit what is confirmed and not committed yet; whether there was any and Kafka took it."""
        offsets = self._ledger.to_commit()
        if not offsets or not await self._commit(offsets):
            return False
        self._ledger.committed(offsets)
        return True

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: `agents.health` judges progress, and Faust's own look fails on a partition that was just taken away."""

    async def _drain_messages(self, fetcher: Any) -> None:
        """Read until stopped. The name and the parameter are Faust's."""
        try:
            while not (self.should_stop or cast(Service, fetcher).should_stop):
                if not self.flow_active:
                    await self.wait(self.can_resume_flow)  # type: ignore[arg-type]
                    continue
                self._room.clear()
                partitions = {p for p in self._get_active_partitions() if self._ledger.has_room(p)}
                if not partitions:
                    await self.wait(self._room, timeout=1.0)  # type: ignore[arg-type]
                elif await self._read(partitions) < self.app.conf.broker_max_poll_records:
                    # no backlog: let a batch fill rather than judge records one by one
                    await self.sleep(cast(Any, self.app).linger_seconds)
        except (asyncio.CancelledError, ConsumerStoppedError):
            if not self.app.should_stop:
                raise

    async def _read(self, partitions: set[TP]) -> int:
        """Hand over what one fetch brings; how many records those were."""
        async with self._reading:
            generation = self.app.consumer_generation_id
            try:
                if not self._in_place:
                    # Faust gives up going back after a while, and goes on
                    await self._go_back()
                fetched = await self._getmany(partitions, timeout=_FETCH_SECONDS)
            except KafkaError as error:
                self._tell(type(error).__name__)
                return 0
            self._tell("")
            handed_over = 0
            for message in self._messages(fetched, generation):
                if not self._goes_on(generation):
                    break
                batch: Any = message.value
                handed_over += len(batch.records)
                self._ledger.hand_over(batch)
                await self.wait_first(self.callback(message), self.suspend_flow.wait())
            if not self._goes_on(generation):
                # the partitions change: what has not reached its agent is read again
                self._in_place = False
            return handed_over

    def _goes_on(self, generation: int) -> bool:
        """Whether the partitions are still those of the generation, and agents may have records of them."""
        return self.flow_active and bool(self.app.consumer_generation_id == generation)

    def _tell(self, trouble: str) -> None:
        """Log what keeps us from reading, once for as long as it is the same."""
        if trouble and trouble != self._trouble:
            logger.warning("Kafka does not let us read: %s", trouble)
        self._trouble = trouble

    def _messages(self, fetched: Mapping[Any, Sequence[Any]], generation: int) -> list[ConsumerMessage]:
        topics: defaultdict[str, list[tuple[TP, Sequence[Any]]]] = defaultdict(list)
        for partition, records in fetched.items():
            topics[partition.topic].append((ensure_TP(partition), records))
        return [_message(topic, parts, generation) for topic, parts in topics.items()]


def _message(topic: str, parts: Sequence[tuple[TP, Sequence[Any]]], generation: int) -> ConsumerMessage:
    """A Faust message whose value is a `Batch`. Faust routes it by its partition, and all of a topic go the same way."""
    batch: Any = Batch(
        records=[
            RawRecord(record.value, record.key, Source(topic=topic, partition=record.partition, offset=record.offset))
            for _, records in parts
            for record in records
        ],
        stretches=[Stretch(partition, records[-1].offset + 1) for partition, records in parts],
    )
    first, records = parts[0]
    return ConsumerMessage(
        topic,
        first.partition,
        records[-1].offset,
        timestamp=0.0,
        timestamp_type=0,
        headers=None,
        key=None,
        value=batch,
        checksum=None,
        serialized_value_size=0,
        tp=first,
        generation_id=generation,
    )


class Transport(driver.Transport):
    """Faust's transport over aiokafka, with `BatchConsumer`."""

    Consumer = BatchConsumer
