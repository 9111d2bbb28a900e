"""Dead letters on a broker: listed, explained, and sent again to where they came from."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from agents.dead_letters import NotRedriven, StoredLetter, read_dead_letters, redrive, select
from agents.settings import Settings
from agents.topics import DEAD_LETTERS
from models.records import DeadLetter, RawRecord, Reason, Source
from tests.integration.stage import clean_environment
from tests.servers import LONG_ENOUGH, run

TOPIC = "activity.comments"
BROKEN = b'{"type": "comment", "event_id": 7}'


def letter(value: bytes | None, offset: int, *, detail: str = "event_id: found 7, expected a string") -> DeadLetter:
    source = Source(topic=TOPIC, partition=0, offset=offset)
    record = RawRecord(value, b"anna", source)
    moment = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    return DeadLetter(record=record, reason=Reason.INVALID_FIELD, detail=detail, failed_at=moment)


async def write(servers: str, topic: str, letters: list[DeadLetter]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await producer.start()
    for one in letters:
        headers = one.headers() if topic == DEAD_LETTERS else None
        await producer.send_and_wait(topic, one.record.value, key=one.record.key, headers=headers, partition=0)
    await producer.stop()


async def stored(settings: Settings) -> list[StoredLetter]:
    return [one async for one in read_dead_letters(settings)]


async def read(servers: str, topic: str, count: int) -> list[tuple[bytes | None, bytes | None]]:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=servers, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(LONG_ENOUGH):
            records = [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()
    return [(record.key, record.value) for record in records]


def settings_for(servers: str) -> Settings:
    return Settings(kafka_bootstrap_servers=servers)


def twinwatch(servers: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = clean_environment() | {"TWINWATCH_KAFKA_BOOTSTRAP_SERVERS": servers}
    return run(sys.executable, "-m", "twinwatch", "dead-letters", *arguments, env=env)


def test_a_letter_is_read_back_with_its_bytes_and_its_reasons(embedded_kafka_servers: str) -> None:
    asyncio.run(write(embedded_kafka_servers, DEAD_LETTERS, [letter(BROKEN, 3), letter(b"\xff\x00", 4)]))
    first, second = asyncio.run(stored(settings_for(embedded_kafka_servers)))
    assert first.place == "0:0"
    assert (first.key, first.value) == (b"anna", BROKEN)
    assert first.reason == "invalid_field"
    assert first.source == Source(topic=TOPIC, partition=0, offset=3)
    assert (second.place, second.value) == ("0:1", b"\xff\x00")


def test_redriving_writes_the_original_key_and_bytes_to_the_source_topic(embedded_kafka_servers: str) -> None:
    asyncio.run(write(embedded_kafka_servers, DEAD_LETTERS, [letter(BROKEN, 3)]))
    settings = settings_for(embedded_kafka_servers)
    assert asyncio.run(redrive(settings, asyncio.run(stored(settings)))) == 1
    assert asyncio.run(read(embedded_kafka_servers, TOPIC, 1)) == [(b"anna", BROKEN)]


def test_bytes_that_did_not_fit_into_the_letter_are_fetched_from_the_source(embedded_kafka_servers: str) -> None:
    asyncio.run(write(embedded_kafka_servers, TOPIC, [letter(b"before", 0), letter(b"the large one", 0)]))
    asyncio.run(write(embedded_kafka_servers, DEAD_LETTERS, [letter(None, 1)]))
    settings = settings_for(embedded_kafka_servers)
    asyncio.run(redrive(settings, asyncio.run(stored(settings))))
    assert asyncio.run(read(embedded_kafka_servers, TOPIC, 3))[2] == (b"anna", b"the large one")


def test_nothing_is_sent_when_one_of_several_cannot_be(embedded_kafka_servers: str) -> None:
    fromfile = DeadLetter(
        record=RawRecord(BROKEN), reason=Reason.NOT_JSON, detail="", failed_at=datetime(2026, 3, 1, tzinfo=UTC)
    )
    asyncio.run(write(embedded_kafka_servers, DEAD_LETTERS, [letter(BROKEN, 3), fromfile]))
    settings = settings_for(embedded_kafka_servers)
    with pytest.raises(NotRedriven, match="0:1: it came from no topic"):
        asyncio.run(redrive(settings, asyncio.run(stored(settings))))
    asyncio.run(write(embedded_kafka_servers, TOPIC, [letter(b"marker", 0)]))
    assert asyncio.run(read(embedded_kafka_servers, TOPIC, 1)) == [(b"anna", b"marker")]


def test_the_commands_list_show_and_redrive(embedded_kafka_servers: str) -> None:
    bell = letter(b"plain \x1b[31mred", 9, detail="no JSON at \x07")
    asyncio.run(write(embedded_kafka_servers, DEAD_LETTERS, [letter(BROKEN, 3), bell]))
    listed = twinwatch(embedded_kafka_servers, "list")
    assert listed.returncode == 0, listed.stderr
    first, second = listed.stdout.splitlines()
    assert first.startswith("0:0")
    assert "event_id: found 7, expected a string" in first
    assert f"{TOPIC}/0@9" in second
    assert "\x07" not in second
    shown = twinwatch(embedded_kafka_servers, "show", "0:0")
    assert BROKEN.decode() in shown.stdout
    assert twinwatch(embedded_kafka_servers, "list", "--reason", "not_json").stdout == ""
    redriven = twinwatch(embedded_kafka_servers, "redrive", "0:1")
    assert redriven.stdout == "1 record sent again\n"
    assert asyncio.run(read(embedded_kafka_servers, TOPIC, 1)) == [(b"anna", b"plain \x1b[31mred")]


def test_a_place_that_holds_nothing_is_one_line(embedded_kafka_servers: str) -> None:
    missing = twinwatch(embedded_kafka_servers, "show", "0:99")
    assert missing.returncode == 2
    assert missing.stderr == "twinwatch: 0:99: no such dead letter; expected partition:offset as in the list\n"
    unnamed = twinwatch(embedded_kafka_servers, "redrive")
    assert unnamed.returncode == 2
    assert "--all" in unnamed.stderr


def test_letters_are_chosen_by_place_and_reason() -> None:
    def one(place: str, reason: str) -> StoredLetter:
        return StoredLetter(place=place, reason=reason, detail="", failed_at="", source=None, key=None, value=None)

    letters = [one("0:1", "not_json"), one("0:2", "rule_error"), one("0:3", "not_json")]
    assert [chosen.place for chosen in select(letters, [], "not_json")] == ["0:1", "0:3"]
    assert [chosen.place for chosen in select(letters, ["0:3", "0:3", "0:2"], None)] == ["0:3", "0:2"]
