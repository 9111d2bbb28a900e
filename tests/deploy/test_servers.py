"""The servers that all other tests rely on do what they promise."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis import Redis
from redis.exceptions import RedisError

from tests.servers import LONG_ENOUGH, KafkaServer, RedisServer, eventually


def test_redis_keeps_what_it_confirmed_over_a_power_cut(own_redis: RedisServer) -> None:
    with Redis.from_url(own_redis.url) as client, Redis.from_url(own_redis.url, socket_timeout=0.5) as impatient:
        client.set("kept", "1")
        own_redis.kill()
        with pytest.raises(RedisError):
            client.ping()
        own_redis.start()
        assert client.get("kept") == b"1"
        own_redis.pause()
        with pytest.raises(RedisError):
            impatient.ping()
        own_redis.resume()
        assert client.get("kept") == b"1"


@pytest.mark.parametrize("number", [1, 2])
def test_redis_is_empty_at_the_start_of_each_test(redis_url: str, any_redis_url: str, number: int) -> None:
    for url in (redis_url, any_redis_url):
        with Redis.from_url(url) as client:
            assert client.dbsize() == 0
            client.set(f"left behind by {number}", "1")


def test_kafka_keeps_what_it_confirmed_over_a_power_cut(own_kafka: KafkaServer) -> None:
    async def write() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=own_kafka.bootstrap_servers)
        await admin.start()
        await admin.create_topics([NewTopic("kept", 2, 1)])
        await admin.close()
        async with AIOKafkaProducer(bootstrap_servers=own_kafka.bootstrap_servers) as producer:
            await producer.send_and_wait("kept", b"value", key=b"key")

    async def read() -> tuple[bytes | None, bytes | None]:
        consumer = AIOKafkaConsumer("kept", bootstrap_servers=own_kafka.bootstrap_servers, auto_offset_reset="earliest")
        async with consumer:
            record = await asyncio.wait_for(consumer.getone(), LONG_ENOUGH)
            return record.key, record.value

    asyncio.run(write())
    own_kafka.kill()
    assert not own_kafka.answers()
    own_kafka.start()
    assert asyncio.run(read()) == (b"key", b"value")
    own_kafka.stop()
    eventually(lambda: not own_kafka.answers())
