"""What Kafka is told to be done with: partitions that went to others meanwhile are theirs to commit, and stop nobody."""

import asyncio

from aiokafka import AIOKafkaConsumer
from faust.types import TP

from agents.consumer import _ConsumerThread
from twinwatch.embedded import embedded_kafka

OURS, THEIRS = TP("activity.messages", 0), TP("activity.messages", 1)


def test_offsets_of_partitions_that_went_to_others_are_left_to_them(servers: None) -> None:
    async def commit() -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, group_id="g", enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign([OURS])
            thread = object.__new__(_ConsumerThread)
            thread._consumer = consumer
            assert await thread._commit({THEIRS: 7}) is False
            assert await consumer.committed(THEIRS) is None
            assert await thread._commit({OURS: 5, THEIRS: 7}) is False
            assert await consumer.committed(OURS) == 5
            assert await consumer.committed(THEIRS) is None
            assert await thread._commit({OURS: 6}) is True
        finally:
            await consumer.stop()

    with embedded_kafka([OURS.topic]) as kafka:
        asyncio.run(commit())
