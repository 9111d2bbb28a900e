"""Reads topics from outside of the group, for people: what a topic holds at this moment, or what is written from now on."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from agents.fetching import FetchScreen
from agents.kafka import KafkaUnavailable, explain_trouble, reader_options
from agents.settings import Settings

MAX_FETCH_BYTES = 128 * 1024 * 1024
_READ_TIMEOUT_MS = 5_000
_SILENT_SECONDS = 120.0
"""So long a broker may give nothing of what it says it has."""


Watched = Callable[[str, int, int | None], None]
"""Is told what is read, how many records of it were, and how many there are."""


class MissingTopic(KafkaUnavailable):
    """A topic is not there."""


class TopicReader:
    """A consumer of all partitions of some topics. Its methods raise `KafkaUnavailable`, errors of Kafka's or `OSError`."""

    def __init__(self, consumer: AIOKafkaConsumer, watched: Watched | None = None) -> None:
        self._consumer = consumer
        self._watched = watched
        self._screen = FetchScreen(consumer)

    @property
    def partitions(self) -> list[TopicPartition]:
        """All partitions of the topics."""
        return sorted(self._consumer.assignment())

    async def start_of(self, partition: TopicPartition) -> int:
        """The first offset that the partition still holds."""
        starts: dict[TopicPartition, int] = await self._consumer.beginning_offsets([partition])
        return starts[partition]

    async def held(
        self, partitions: Iterable[TopicPartition], *, since_ms: int | None = None, start: int | None = None
    ) -> AsyncIterator[Any]:
        """What the partitions hold at this moment, each in its order: from `start`, or what was written from `since_ms` (of
        the Unix epoch) on, or all.

        Where Kafka knows no record from `since_ms` on, all are given: not every broker can look one up by its time.
        """
        wanted = list(partitions)
        self._consumer.pause(*self._consumer.assignment().difference(wanted))
        self._consumer.resume(*wanted)
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(wanted)
        await self._seek(wanted, since_ms, start)
        positions = {partition: await self._consumer.position(partition) for partition in wanted}
        left = {partition for partition in wanted if positions[partition] < ends[partition]}
        to_read = sum(ends[partition] - positions[partition] for partition in left)
        self._tell(wanted, 0, to_read)
        heard = monotonic()
        while left:
            fetched = await self._consumer.getmany(*left, timeout_ms=_READ_TIMEOUT_MS)
            for partition, records in fetched.items():
                for record in records:
                    if record.offset < ends[partition]:
                        yield record
            for partition in list(left):
                position = positions[partition] = await self._consumer.position(partition)
                if position >= ends[partition]:
                    left.discard(partition)
                elif (unreadable := self._screen.unreadable.get(partition)) and position >= unreadable.offset:
                    raise KafkaUnavailable(unreadable.describe(*partition))
            self._tell(wanted, to_read - sum(ends[partition] - positions[partition] for partition in left), to_read)
            heard = monotonic() if fetched else heard
            if monotonic() - heard > _SILENT_SECONDS:
                raise KafkaUnavailable(f"Kafka has given nothing of {min(left).topic} for {_SILENT_SECONDS:.0f} s")

    def _tell(self, partitions: list[TopicPartition], done: int, of: int) -> None:
        if self._watched and of:
            self._watched(f"reading {partitions[0].topic}", done, of)

    async def latest(self, count: int) -> AsyncIterator[Any]:
        """The latest records, at most so many, partition by partition: as many of each, or what it has where that is less."""
        starts: dict[TopicPartition, int] = await self._consumer.beginning_offsets(self.partitions)
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(self.partitions)
        left = count
        # the shortest first, so that what it lacks is taken from the others
        shortest_first = sorted(self.partitions, key=lambda partition: ends[partition] - starts[partition])
        for position, partition in enumerate(shortest_first):
            wanted = min(-(-left // (len(shortest_first) - position)), ends[partition] - starts[partition])
            left -= wanted
            if wanted:
                async for record in self.held([partition], start=ends[partition] - wanted):
                    yield record

    async def _seek(self, partitions: list[TopicPartition], since_ms: int | None, start: int | None) -> None:
        found: dict[TopicPartition, Any] = {}
        if since_ms is not None:
            found = await self._consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
        for partition in partitions:
            place = found.get(partition)
            if place is not None:
                self._consumer.seek(partition, place.offset)
            elif start is not None:
                self._consumer.seek(partition, start)
            else:
                await self._consumer.seek_to_beginning(partition)

    async def begin(self, since_ms: int) -> None:
        """Let `written` begin with what was written from this moment on (milliseconds of the Unix epoch)."""
        await self._seek(self.partitions, since_ms, None)

    async def written(self, wait_ms: int) -> list[Any]:
        """What has been written since the last call, waiting at most so long for some."""
        fetched = await self._consumer.getmany(timeout_ms=wait_ms)
        return [record for records in fetched.values() for record in records]


@asynccontextmanager
async def read_topics(settings: Settings, *topics: str, watched: Watched | None = None) -> AsyncIterator[TopicReader]:
    """A reader of these topics, named without their prefix. Raises `KafkaUnavailable`, also for what is raised within."""
    names = [settings.topic_prefix + topic for topic in topics]
    consumer = AIOKafkaConsumer(
        *names,
        **reader_options(settings),
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=MAX_FETCH_BYTES,
        fetch_max_wait_ms=50,  # only what is there already is wanted
    )
    try:
        await consumer.start()
        yield TopicReader(consumer, watched)
    except UnknownTopicOrPartitionError as error:
        raise MissingTopic(f"Kafka has no topic {' or '.join(names)} (see twinwatch topics create)") from error
    except (KafkaError, OSError, TimeoutError) as error:
        raise KafkaUnavailable(await explain_trouble(settings, error)) from error
    finally:
        await consumer.stop()
