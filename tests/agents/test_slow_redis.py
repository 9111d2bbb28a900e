"""A genuine Redis that works and is too slow for large batches. A proxy holds back large calls for longer than they are waited
for; half of them run only then, while the worker has long gone on with smaller batches.
"""

import asyncio
import json
import random
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from agents.budget import Budget
from agents.metrics import Metrics
from agents.processor import ATTEMPTS, BatchProcessor
from agents.publishing import Publisher
from engine.engine import Engine
from models.records import RawRecord
from state.pseudonyms import Pseudonyms
from state.store import Store
from tests.agents.helpers import FakeProducer, HastyBackOff, gauges, health
from tests.chaos.proxy import RedisProxy, Trouble
from tests.engine.world import World, engine_over, records
from tests.servers import RedisServer

TIMEOUT = 0.5
"""Seconds after which a call is given up."""


@pytest.fixture
def proxy(own_redis: RedisServer) -> Iterator[RedisProxy]:
    with RedisProxy(own_redis.port, random.Random(1)) as proxy:
        yield proxy


class _Answering:
    """An engine and its store, as a worker has them."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self.read, self.judge, self.process, self.ping = engine.read, engine.judge, engine.process, store.ping


class Told:
    """What a worker with an empty Redis told Kafka of some records, and how."""

    def __init__(self, proxy: RedisProxy, batch: Sequence[RawRecord]) -> None:
        self.metrics, self.health, self._producer = Metrics(), health(), FakeProducer()
        asyncio.run(self._carry(proxy.port, batch))

    async def _carry(self, port: int, batch: Sequence[RawRecord]) -> None:
        client = Redis(port=port, socket_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0))
        await client.flushall()
        store = Store(client, Pseudonyms(b"a secret of the tests"))
        back_off = HastyBackOff()
        publisher = Publisher(self._producer, metrics=self.metrics, health=self.health, back_off=back_off)
        engine = _Answering(engine_over(store), store)
        processor = BatchProcessor(
            engine, publisher, metrics=self.metrics, health=self.health, back_off=back_off, budget=Budget()
        )
        assert await processor.process(batch)
        await client.aclose()

    def of(self, topic: str) -> list[Any]:
        return [json.loads(value or b"") for told, _, value, _ in self._producer.confirmed if told == topic]

    @property
    def incidents(self) -> list[Any]:
        return [*self.of("incidents"), *self.of("incidents.shadow")]

    @property
    def dead_letters(self) -> list[dict[str, bytes]]:
        return [dict(headers) for topic, _, _, headers in self._producer.confirmed if topic == "activity.dead-letters"]

    @property
    def halved(self) -> float:
        return gauges(self.metrics)['twinwatch_batch_retries_total{cause="bisection"}']


def heavy(larger_than: int) -> Trouble:
    return Trouble("heavy", 1.0, seconds=3 * TIMEOUT, at_least=2 * TIMEOUT, larger_than=larger_than)


def test_batches_are_halved_until_redis_is_quick_enough_and_tell_the_same(proxy: RedisProxy) -> None:
    events = records(World(4).events(120))
    expected = Told(proxy, events)
    proxy.trouble = heavy(proxy.largest // 4)
    told = Told(proxy, events)
    assert len(expected.incidents) > 5
    assert told.incidents == expected.incidents
    assert told.dead_letters == []
    assert told.health.outages == []
    assert proxy.done["heavy"] > 1
    assert told.halved > 1


def test_one_record_that_is_always_too_much_is_put_aside_and_holds_up_no_other(proxy: RedisProxy) -> None:
    world = World(5)
    before, after = world.events(10), world.events(30)
    monster = world.event("message", "monster", recipient_ids=[f"recipient-{n}" for n in range(1_000)], text="Hi")
    Told(proxy, records([monster]))
    too_large = heavy(proxy.largest * 9 // 10)
    expected = Told(proxy, records([*before, *after]))
    proxy.trouble = too_large
    told = Told(proxy, records([*before, monster, *after]))
    [letter] = told.dead_letters
    assert letter["reason"] == b"rule_error"
    assert letter["source_offset"] == b"10"
    assert b"Redis did not answer in time, 10 times, and works" in letter["detail"]
    assert len(expected.incidents) > 2
    keys = [[(i["incident_id"], i["revision"]) for i in one.incidents] for one in (told, expected)]
    assert keys[0] == keys[1]
    assert told.health.outages == []


def test_while_ping_is_not_answered_it_is_an_outage_however_long_it_lasts(proxy: RedisProxy) -> None:
    """Of more time-outs than would put a record aside."""
    events = records(World(6).events(60))
    expected = Told(proxy, events)
    proxy.trouble = hanging = Trouble("hanging", 1.0, seconds=3 * TIMEOUT, at_least=2 * TIMEOUT)
    proxy.done.clear()

    def ends_after_a_while() -> None:
        while proxy.done["hanging"] < 2 * ATTEMPTS:
            time.sleep(0.05)
        proxy.trouble = None

    ending = threading.Thread(target=ends_after_a_while, daemon=True)
    ending.start()
    told = Told(proxy, events)
    assert proxy.trouble is not hanging
    assert told.incidents == expected.incidents
    assert told.dead_letters == []
    assert gauges(told.metrics)['twinwatch_batch_retries_total{cause="redis"}'] < ATTEMPTS
