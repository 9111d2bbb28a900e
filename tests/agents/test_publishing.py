"""What is written where, that it is confirmed, and what becomes of records that Kafka cannot take."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError
from faust.exceptions import ProducerSendError

from agents.back_off import Interrupted
from agents.metrics import Metrics
from agents.publishing import Publication, Publisher, publications
from models.records import RawRecord
from tests.agents.helpers import FakeProducer, HastyBackOff, gauges, health, incident, letter, outcome, record

NOT_CONFIRMED: Exception = KafkaTimeoutError()


def publication(name: str, topic: str = "incidents") -> Publication:
    return Publication(topic=topic, key=b"k", value=name.encode(), headers=[])


def publisher(producer: FakeProducer, stop_after: int | None = None) -> Publisher:
    return Publisher(producer, metrics=Metrics(), health=health(), back_off=HastyBackOff(stop_after))


def values(producer: FakeProducer) -> list[bytes | None]:
    return [value for _, _, value, _ in producer.confirmed]


def test_live_and_shadow_incidents_and_dead_letters_go_to_their_topics_keyed() -> None:
    bad = record(7, b"\x00not json")
    written = publications(
        outcome(incident("i1", subject="ann\u00e9"), incident("i2", mode="shadow"), letters=(letter(bad),)), prefix="p."
    )
    assert [(p.topic, p.key) for p in written] == [
        ("p.incidents", "ann\u00e9".encode()),
        ("p.incidents.shadow", b"anna"),
        ("p.activity.dead-letters", b"key"),
    ]
    assert json.loads(written[0].value or b"")["incident_id"] == "i1"
    assert dict(written[1].headers) == {
        "rule": b"mass_messaging",
        "severity": b"medium",
        "mode": b"shadow",
        "schema_version": b"1",
    }
    assert written[2].value == b"\x00not json"
    assert dict(written[2].headers) == {
        "reason": b"invalid_field",
        "detail": b"text: found null",
        "source_topic": b"activity.messages",
        "source_partition": b"0",
        "source_offset": b"7",
        "failed_at": b"2026-03-01T12:00:00Z",
    }


@pytest.mark.parametrize(("key", "written_key"), [(b"anna", b"anna"), (None, b"")])
def test_a_tombstone_stays_one_in_the_dead_letters_and_can_be_written(key: bytes | None, written_key: bytes) -> None:
    producer = FakeProducer()
    tombstone = letter(RawRecord(None, key, record(3).source))
    asyncio.run(publisher(producer).publish(publications(outcome(letters=(tombstone,)))))
    [(_, sent_key, value, _)] = producer.confirmed
    assert value is None
    assert sent_key == written_key


def test_a_long_detail_is_cut_between_characters() -> None:
    written = publications(outcome(letters=(letter(record(1), detail="é" * 10_000),)))
    detail = dict(written[0].headers)["detail"]
    assert len(detail) <= 4_096
    assert set(detail.decode()) == {"é"}


def test_what_is_not_confirmed_is_sent_again_until_it_is_and_the_rest_is_not() -> None:
    class Flaky(FakeProducer):
        failures = 3

        def refuse(self, topic: str, value: bytes | None) -> Exception | None:
            if value == b"b" and self.failures:
                self.failures -= 1
                return NOT_CONFIRMED
            return None

    producer = Flaky()
    subject = publisher(producer)
    asyncio.run(subject.publish([publication("a"), publication("b"), publication("c")]))
    assert values(producer) == [b"a", b"c", b"b"]
    assert gauges(subject._metrics)['twinwatch_kafka_errors_total{kind="KafkaTimeoutError"}'] == 3


def test_what_cannot_even_be_handed_over_is_sent_again_in_order() -> None:
    class Full(FakeProducer):
        calls = 0

        async def send(self, *arguments: Any, **named: Any) -> Awaitable[Any]:
            self.calls += 1
            if self.calls == 2:
                raise ProducerSendError("buffer full") from KafkaTimeoutError()
            return await super().send(*arguments, **named)

    producer = Full()
    asyncio.run(publisher(producer).publish([publication(n) for n in "abc"]))
    assert values(producer) == [b"a", b"b", b"c"]


def test_while_kafka_refuses_the_worker_is_not_ready_and_stops_when_asked() -> None:
    class Away(FakeProducer):
        def refuse(self, topic: str, value: bytes | None) -> Exception | None:
            return NOT_CONFIRMED

    subject = publisher(Away(), stop_after=5)
    with pytest.raises(Interrupted):
        asyncio.run(subject.publish([publication("a")]))
    assert "Kafka does not take records for incidents: KafkaTimeoutError" in subject._health.why_not_ready()


@pytest.mark.parametrize(("key", "written_key"), [(b"anna", b"anna"), (None, b""), (b"k" * 5000, b"")])
def test_a_dead_letter_that_is_too_large_for_kafka_goes_without_its_bytes_and_says_where_they_are(
    key: bytes | None, written_key: bytes
) -> None:
    class Small(FakeProducer):
        def refuse(self, topic: str, value: bytes | None) -> Exception | None:
            return MessageSizeTooLargeError() if value and len(value) > 1000 else None

    producer = Small()
    subject = publisher(producer)
    huge = RawRecord(b"x" * 5000, key, record(5).source)
    asyncio.run(subject.publish(publications(outcome(letters=(letter(huge), letter(record(6)))))))
    by_offset = {
        dict(headers)["source_offset"]: (k, value, dict(headers)) for _, k, value, headers in producer.confirmed
    }
    sent_key, value, headers = by_offset[b"5"]
    assert sent_key == written_key
    assert value is None
    assert b"5000 bytes" in headers["detail"]
    assert by_offset[b"6"][1] == b"{}"
    assert not any("take records" in reason for reason in subject._health.why_not_ready())


def test_nothing_to_write_needs_no_kafka() -> None:
    producer = FakeProducer()
    asyncio.run(publisher(producer).publish([]))
    assert producer.attempts == 0
