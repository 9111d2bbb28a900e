"""Looks at the consumer group from outside, so that a consumer that has gone silent cannot hide it."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from time import time
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import IncompatibleBrokerVersion
from msgspec import Struct

from agents.health import Lag, Partition, Sighting
from agents.kafka import client_options, reader_options
from agents.settings import Settings
from models.events import TOPICS

_TIMEOUT_SECONDS = 5.0
_MICROSECONDS = 1_000_000
_STATE, _MEMBERS, _MEMBER_ID, _ASSIGNMENT = 2, 5, 0, -1
"""Where an answer to a DescribeGroups request has what is looked for."""
_REARRANGED = ("PreparingRebalance", "CompletingRebalance")
"""States of a group whose members do not know yet what they get."""


class Standing(Struct, frozen=True, kw_only=True):
    """How far our own consumer has come with a partition.

    `position` is the offset from which it reads on. `waiting` counts what it has read and is not judged yet; `since` is the
    earliest event time of that, in microseconds since the epoch. `unreadable`: what stands at `position` cannot be read.
    """

    position: int
    waiting: int
    since: int | None
    unreadable: bool = False


StandingOf = Callable[[Partition], Standing | None]


class GroupObserver:
    """Compares what was written with what the group has committed. Its two connections are its own.

    What is written ends, for us, where the first open transaction begins.
    """

    def __init__(self, settings: Settings) -> None:
        timeout = {"request_timeout_ms": int(_TIMEOUT_SECONDS * 1000)}
        self._group = settings.consumer_group
        self._topics = [settings.topic_prefix + topic for topic in TOPICS]
        self._admin = AIOKafkaAdminClient(**client_options(settings), **timeout)
        self._consumer = AIOKafkaConsumer(**reader_options(settings), **timeout, group_id=None)
        self._closing = AsyncExitStack()
        self._seen_waiting: dict[Partition, int] = {}

    async def __aenter__(self) -> Self:
        self._closing.push_async_callback(self._admin.close)
        await self._admin.start()
        self._closing.push_async_callback(self._consumer.stop)
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    async def look(
        self, ours: Collection[Partition], standing: StandingOf, batch: int | None, member: str = ""
    ) -> Sighting:
        """The group now. `standing` tells how far our own consumer has come, `batch` is the oldest one under way, `member` is
        the name that the group knows us by.

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
            # of interest only where we have nothing to do: whether that is because others have it
            settled, others = (True, frozenset[Partition]()) if ours else await self._have_others(member)
        backlog = {(p.topic, p.partition): max(0, end - committed.get(p, starts.get(p, 0))) for p, end in ends.items()}
        standings = {p: standing(p) for p in ours if p in backlog}
        lag = {p: self._lag(p, ends[TopicPartition(*p)], backlog[p], one) for p, one in standings.items()}
        stuck = {p for p, one in standings.items() if one and one.unreadable and not one.waiting}
        return Sighting(
            backlog=backlog,
            committed={(p.topic, p.partition): offset for p, offset in committed.items()},
            lag=lag,
            waiting=batch is not None or any(one.records for p, one in lag.items() if p not in stuck),
            batch=batch,
            others=others,
            settled=settled,
        )

    async def _have_others(self, member: str) -> tuple[bool, frozenset[Partition]]:
        """Whether the group is settled, and the partitions of its other members, who are alive as far as Kafka knows."""
        settled = True
        found: set[Partition] = set()
        try:
            answers = await self._admin.describe_consumer_groups([self._group])
        except IncompatibleBrokerVersion:  # the embedded broker, which has one worker
            return settled, frozenset()
        for answer in answers:
            for group in answer.groups:
                settled = group[_STATE] not in _REARRANGED
                for one in group[_MEMBERS]:
                    if one[_MEMBER_ID] != member and one[_ASSIGNMENT]:
                        assigned = ConsumerProtocolMemberAssignment.decode(one[_ASSIGNMENT])
                        found |= {(p.topic, p.partition) for p in assigned.partitions()}
        return settled, frozenset(found)

    def _lag(self, partition: Partition, end: int, backlog: int, standing: Standing | None) -> Lag:
        """What was read is counted exactly. Of the rest only offsets are known, of which transactions take some."""
        records = standing.waiting + max(0, end - standing.position) if standing else backlog
        if not records:
            self._seen_waiting.pop(partition, None)
            return Lag(records=0)
        seen = self._seen_waiting.setdefault(partition, int(time() * _MICROSECONDS))
        return Lag(records=records, since=seen if standing is None or standing.since is None else standing.since)
