"""Looks at the consumer group from outside, so that a consumer that has gone silent cannot hide it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from agents.health import Partition, Sighting
from agents.kafka import client_options
from agents.settings import Settings
from models.events import TOPICS

_TIMEOUT_SECONDS = 5.0

Position = Callable[[Partition], Awaitable[int | None]]


class GroupObserver:
    """Compares what was written with what the group has committed. Its two connections are its own."""

    def __init__(self, settings: Settings) -> None:
        options = client_options(settings) | {"request_timeout_ms": int(_TIMEOUT_SECONDS * 1000)}
        self._group = settings.consumer_group
        self._topics = [settings.topic_prefix + topic for topic in TOPICS]
        self._admin = AIOKafkaAdminClient(**options)
        self._consumer = AIOKafkaConsumer(**options, group_id=None, enable_auto_commit=False)
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._closing.push_async_callback(self._admin.close)
        await self._admin.start()
        self._closing.push_async_callback(self._consumer.stop)
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    async def look(self, ours: Iterable[Partition], position: Position, batch: int | None) -> Sighting:
        """The group now. `position` tells how far our own consumer has read, `batch` is the oldest one under way.

        Raises `KafkaError`, `OSError` or `TimeoutError` where Kafka does not answer.
        """
        async with asyncio.timeout(2 * _TIMEOUT_SECONDS):
            described = await self._admin.describe_topics(self._topics)
            partitions = [TopicPartition(t["topic"], p["partition"]) for t in described for p in t["partitions"]]
            ends: dict[Any, int] = await self._consumer.end_offsets(partitions)
            offsets = await self._admin.list_consumer_group_offsets(self._group, partitions=partitions)
            committed = {partition: found.offset for partition, found in offsets.items() if found.offset >= 0}
            fresh = [partition for partition in partitions if partition not in committed]
            starts: dict[Any, int] = await self._consumer.beginning_offsets(fresh) if fresh else {}
        backlog = {(p.topic, p.partition): max(0, end - committed.get(p, starts.get(p, 0))) for p, end in ends.items()}
        # a backlog is not enough: the marker that ends a transaction has an offset, and is never judged nor committed
        behind = [p for p in ours if backlog.get(p) and await self._is_behind(p, ends, position)]
        return Sighting(
            backlog=backlog,
            committed={(p.topic, p.partition): offset for p, offset in committed.items()},
            waiting=batch is not None or bool(behind),
            batch=batch,
        )

    async def _is_behind(self, partition: Partition, ends: dict[Any, int], position: Position) -> bool:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                read_up_to = await position(partition)
        except Exception:  # whatever keeps our consumer from answering, it has not read on
            return True
        return read_up_to is None or read_up_to < ends[TopicPartition(*partition)]
