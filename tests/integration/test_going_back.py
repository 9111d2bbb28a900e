"""After the partitions have changed a worker reads on from what is committed, and from the start where nothing is."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from agents.consumer import seek_to_committed
from tests.integration.conftest import NewStage
from tests.integration.stage import Stage
from tests.integration.workload import copied_messages
from tests.servers import LONG_ENOUGH

TOPIC = "activity.messages"


@pytest.mark.kafka
def test_records_that_were_read_and_not_committed_are_read_again(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(2)
    for partition in range(2):
        stage.send([record._replace(partition=partition) for record in copied_messages("anna", 10)])
    assert asyncio.run(offsets_after_going_back(stage)) == {0: 0, 1: 4}


async def offsets_after_going_back(stage: Stage) -> dict[int, int]:
    """Where reading goes on, by partition, after all was read and four records of partition 1 were committed."""
    consumer = AIOKafkaConsumer(
        stage.prefix + TOPIC,
        bootstrap_servers=stage.bootstrap_servers,
        group_id=stage.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        assert len(await read(consumer)) == 2
        await consumer.commit({TopicPartition(stage.prefix + TOPIC, 1): 4})
        await seek_to_committed(consumer)
        return await read(consumer)
    finally:
        await consumer.stop()


async def read(consumer: AIOKafkaConsumer) -> dict[int, int]:
    """The first offset of each of the two partitions, after which both are read to their ends."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    async with asyncio.timeout(LONG_ENOUGH):
        while list(last.values()) != [9, 9]:
            for partition, records in (await consumer.getmany(timeout_ms=500)).items():
                first.setdefault(partition.partition, records[0].offset)
                last[partition.partition] = records[-1].offset
    return first
