"""Whatever stands in a topic: a dead letter with its reason, the events around it unaffected, the partition never stuck."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from agents.topics import DEAD_LETTERS
from tests.integration.conftest import NewStage
from tests.integration.stage import Sent, Stage
from tests.integration.workload import copied_messages, moment

TOPIC = "activity.messages"
TEN_MEGABYTES = 10_000_000


def message(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "type": "message",
        "event_id": "bad-1",
        "occurred_at": moment(0),
        "actor_id": "mallory",
        "recipient_ids": ["bob"],
        "text": "hello",
    }
    return json.dumps({name: value for name, value in (fields | changes).items() if value is not None}).encode()


DEAD: dict[str, tuple[bytes | None, str]] = {
    "not JSON": (b"hello?", "not_json"),
    "cut off": (message()[:-5], "not_json"),
    "nothing at all": (b"", "not_json"),
    "a tombstone": (None, "not_json"),
    "a time before time": (message(occurred_at="0001-01-01T00:00:00Z"), "invalid_field"),
    "not UTF-8": (b'{"type": "message", "text": "\xff\xfe"}', "not_json"),
    "nested too deeply": (b"[" * 200_000, "not_json"),
    "a list": (b"[1, 2, 3]", "invalid_field"),
    "no type": (message(type=None), "invalid_field"),
    "an unknown type": (message(type="massage"), "unknown_type"),
    "a missing field": (message(recipient_ids=None), "invalid_field"),
    "a wrong type": (message(recipient_ids="bob"), "invalid_field"),
    "no recipients": (message(recipient_ids=[]), "invalid_field"),
    "a time without an offset": (message(occurred_at="2026-01-12T08:00:00"), "invalid_field"),
    "an endless id": (message(actor_id="x" * 129), "invalid_field"),
    "a year ahead": (message(occurred_at=(datetime.now(UTC) + timedelta(days=365)).isoformat()), "future_timestamp"),
    "100,000 recipients": (message(recipient_ids=[f"r{n}" for n in range(100_000)]), "too_large"),
    "1,001 recipients": (message(recipient_ids=[str(n) for n in range(1_001)]), "too_large"),
    "a verdict where anybody may write": (
        json.dumps(
            {
                "type": "verdict",
                "event_id": "bad-2",
                "occurred_at": moment(0),
                "actor_id": "mallory",
                "incident_id": "i",
                "verdict": "dismissed",
                "action": "none",
            }
        ).encode(),
        "wrong_topic",
    ),
    "too much text": (message(text="word " * 60_000), "too_large"),
}

HANDLED: dict[str, bytes] = {
    "NUL bytes": message(text="a\u0000b\u0000", event_id="nul"),
    "an empty text": message(text="", event_id="empty"),
    "a text of nothing but accents": message(text="\u0301" * 1000, event_id="zalgo"),
    "unknown fields": message(event_id="more", something={"deeply": [1, {"nested": None}]}),
    "a lone surrogate": message(event_id="surrogate").replace(b"hello", rb"\ud800"),
    "a time long ago": message(event_id="old", occurred_at="1970-01-01T00:00:00Z"),
    "a time to the nanosecond": message(event_id="exact", occurred_at="2025-12-31T23:59:59.999999999-14:00"),
}


def surrounded(bad: list[Sent]) -> list[Sent]:
    """The bad records amid nine messages that come to an incident, all in one partition."""
    good = copied_messages("anna", 9)
    cut = len(bad) // 2
    return [*good[:4], *bad[:cut], *good[4:6], *bad[cut:], *good[6:]]


def assert_the_rest_is_judged(stage: Stage) -> None:
    found = [one for one in stage.found().values() if one[1] == "anna"]
    assert [rule for rule, _, _ in found] == ["copied_message"]
    assert stage.incidents()[0]["evidence"]["event_ids"] == [f"anna-{number}" for number in range(8)]


def test_bad_records_become_dead_letters_strange_ones_are_judged_and_the_rest_is_unaffected(
    new_genuine_stage: NewStage,
) -> None:
    stage = new_genuine_stage(1)
    worker = stage.start_worker()
    bad = [Sent(TOPIC, value, name.encode()) for name, (value, _) in DEAD.items()]
    strange = [Sent(TOPIC, value, name.encode()) for name, value in HANDLED.items()]
    stage.send(surrounded([*bad, *strange]))
    stage.wait_until_judged()
    letters = {(letter.key() or b"").decode(): (headers, letter.value()) for headers, letter in stage.dead_letters()}
    assert {name: headers["reason"].decode() for name, (headers, _) in letters.items()} == {
        name: reason for name, (_, reason) in DEAD.items()
    }
    for name, (headers, value) in letters.items():
        assert value == DEAD[name][0]
        assert headers["detail"]
        assert headers["source_topic"].decode() == stage.prefix + TOPIC
    assert_the_rest_is_judged(stage)
    assert worker.get("/live")[0] == 200
    assert worker.metrics()["twinwatch_events_total{'outcome': 'accepted', 'type': 'message'}"] == 9 + len(HANDLED)


def test_records_without_a_key_are_judged_and_keep_none_in_the_dead_letters(new_embedded_stage: NewStage) -> None:
    stage = new_embedded_stage(1)
    stage.start_worker()
    stage.send([record._replace(key=None) for record in surrounded([Sent(TOPIC, b"no"), Sent(TOPIC, None)])])
    stage.wait_until_judged()
    letters = {letter.value(): letter.key() for _, letter in stage.dead_letters()}
    assert letters[b"no"] is None
    assert len(letters) == 2
    assert_the_rest_is_judged(stage)


@pytest.mark.kafka
def test_ten_megabytes_of_text_pass_where_kafka_allows_them(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(1)
    asyncio.run(allow_large(stage, TOPIC))
    stage.start_worker()
    huge = message(text="x" * TEN_MEGABYTES)
    stage.send(surrounded([Sent(TOPIC, huge), Sent(TOPIC, huge)]))
    stage.wait_until_judged()
    letters = {headers["source_offset"]: (headers, letter) for headers, letter in stage.dead_letters()}
    assert len(letters) == 2
    for headers, letter in letters.values():
        # the topic of dead letters takes 2 MiB: the letter says where the original is
        assert headers["reason"] == b"too_large"
        assert letter.value() is None
        assert str(len(huge)).encode() in headers["detail"]
    assert_the_rest_is_judged(stage)


@pytest.mark.kafka
def test_ten_megabytes_are_kept_where_the_dead_letters_may_be_as_large(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(1)
    asyncio.run(allow_large(stage, TOPIC, DEAD_LETTERS))
    stage.start_worker()
    huge = message(text="x" * TEN_MEGABYTES)
    stage.send(surrounded([Sent(TOPIC, huge)]))
    stage.wait_until_judged()
    letters = stage.dead_letters()
    assert letters
    for headers, letter in letters:
        assert headers["reason"] == b"too_large"
        assert letter.value() == huge
    assert_the_rest_is_judged(stage)


async def allow_large(stage: Stage, *topics: str) -> None:
    """Let the topics take records of 12 MB."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.bootstrap_servers)
    await admin.start()
    try:
        wanted = {"max.message.bytes": "12000000"}
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, stage.prefix + topic, configs=wanted) for topic in topics]
        )
    finally:
        await admin.close()
