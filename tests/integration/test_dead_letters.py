"""Dead letters on a broker: listed, explained, and sent again to where they came from."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from click.testing import Result

from agents.dead_letters import NotRedriven, StoredLetter, read_dead_letters, redrive_all, redrive_named
from agents.settings import Settings
from agents.topics import DEAD_LETTERS, REDRIVEN
from models.records import DeadLetter, RawRecord, Reason, Source
from tests.integration.conftest import NewStage
from tests.integration.stage import Sent, command_here, event
from tests.integration.workload import moment
from tests.servers import LONG_ENOUGH
from tests.terminal import ToldProgress

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


def twinwatch(servers: str, *arguments: str) -> Result:
    return command_here("dead-letters", *arguments, env={"TWINWATCH_KAFKA_BOOTSTRAP_SERVERS": servers})


def test_a_letter_is_read_back_with_its_bytes_and_its_reasons(embedded_kafka_servers: str) -> None:
    asyncio.run(write(embedded_kafka_servers, DEAD_LETTERS, [letter(BROKEN, 3), letter(b"\xff\x00", 4)]))
    first, second = asyncio.run(stored(settings_for(embedded_kafka_servers)))
    assert first.place == "0:0"
    assert (first.key, first.value) == (b"anna", BROKEN)
    assert first.reason == "invalid_field"
    assert first.source == Source(topic=TOPIC, partition=0, offset=3)
    assert (second.place, second.value) == ("0:1", b"\xff\x00")


def test_redriving_writes_the_original_key_and_bytes_to_the_source_topic_and_marks_the_letter(
    embedded_kafka_servers: str,
) -> None:
    asyncio.run(write(embedded_kafka_servers, DEAD_LETTERS, [letter(BROKEN, 3)]))
    settings = settings_for(embedded_kafka_servers)
    assert asyncio.run(redrive_all(settings, dry_run=True)).sent == {TOPIC: 1}
    assert [one.redriven for one in asyncio.run(stored(settings))] == [False]
    assert asyncio.run(redrive_all(settings)).sent == {TOPIC: 1}
    assert asyncio.run(read(embedded_kafka_servers, TOPIC, 1)) == [(b"anna", BROKEN)]
    assert [one.redriven for one in asyncio.run(stored(settings))] == [True]
    assert asyncio.run(redrive_all(settings)).sent == {}, "it was sent already"
    assert asyncio.run(redrive_all(settings, again=True)).sent == {TOPIC: 1}


def test_bytes_that_did_not_fit_into_the_letter_are_fetched_from_the_source(embedded_kafka_servers: str) -> None:
    asyncio.run(write(embedded_kafka_servers, TOPIC, [letter(b"before", 0), letter(b"the large one", 0)]))
    asyncio.run(write(embedded_kafka_servers, DEAD_LETTERS, [letter(None, 1)]))
    asyncio.run(redrive_named(settings_for(embedded_kafka_servers), ["0:0"]))
    # what is sent again goes where its key belongs, and partitions are read in any order
    sent = [value for _, value in asyncio.run(read(embedded_kafka_servers, TOPIC, 3))]
    assert sorted(map(bytes, filter(None, sent))) == [b"before", b"the large one", b"the large one"]


def test_one_of_several_that_cannot_be_sent_keeps_the_named_ones_back_and_none_of_the_others(
    embedded_kafka_servers: str,
) -> None:
    fromfile = DeadLetter(
        record=RawRecord(BROKEN), reason=Reason.NOT_JSON, detail="", failed_at=datetime(2026, 3, 1, tzinfo=UTC)
    )
    asyncio.run(write(embedded_kafka_servers, DEAD_LETTERS, [letter(BROKEN, 3), fromfile]))
    settings = settings_for(embedded_kafka_servers)
    with pytest.raises(NotRedriven, match="0:1: it came from no topic"):
        asyncio.run(redrive_named(settings, ["0:0", "0:1"]))
    asyncio.run(write(embedded_kafka_servers, TOPIC, [letter(b"marker", 0)]))
    assert asyncio.run(read(embedded_kafka_servers, TOPIC, 1)) == [(b"anna", b"marker")]

    done = twinwatch(embedded_kafka_servers, "redrive", "--all")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == "1 record sent again"
    assert "0:1: it came from no topic" in done.stderr
    assert set(asyncio.run(read(embedded_kafka_servers, TOPIC, 2))) == {(b"anna", b"marker"), (b"anna", BROKEN)}


def test_the_commands_list_show_and_redrive(embedded_kafka_servers: str) -> None:
    bell = letter(b"plain \x1b[31mred", 9, detail="no JSON at \x07")
    wired = letter(b"\x00\x00\x00\x00\x11" + BROKEN, 10, detail="something else")
    asyncio.run(write(embedded_kafka_servers, DEAD_LETTERS, [letter(BROKEN, 3), bell, wired]))
    listed = twinwatch(embedded_kafka_servers, "list", "--limit", "2")
    assert listed.exit_code == 0, listed.stderr
    groups, letters = listed.stdout.split("\n\n")
    assert groups.startswith(f"3 invalid_field of {TOPIC}, 2026-03-01 09:30Z to 2026-03-01 09:30Z\n")
    assert "something else" in groups
    assert [line.split()[0] for line in letters.splitlines()[::2]] == ["0:1", "0:2"], "the latest ones"
    assert f"{TOPIC}/0@9" in letters
    assert "\x07" not in letters
    assert "1 older ones are not shown" in listed.stderr

    group, *told = [
        json.loads(line) for line in twinwatch(embedded_kafka_servers, "list", "--json").stdout.splitlines()
    ]
    assert (group["kind"], group["reason"], group["topic"], group["letters"]) == ("group", "invalid_field", TOPIC, 3)
    assert (group["redriven"], group["detail"]) == (0, "something else")
    assert [one["place"] for one in told] == ["0:0", "0:1", "0:2"]
    assert {one["kind"] for one in told} == {"letter"}
    few = twinwatch(embedded_kafka_servers, "list", "--json", "--limit", "1").stdout.splitlines()
    assert [json.loads(line).get("place") for line in few] == [None, "0:2"]
    assert told[0]["source"] == {"topic": TOPIC, "partition": 0, "offset": 3}
    assert not any("value" in one for one in told)
    assert BROKEN.decode() in twinwatch(embedded_kafka_servers, "show", "0:0").stdout
    assert "magic byte 0, schema id 17, then a JSON object" in twinwatch(embedded_kafka_servers, "show", "0:2").stdout
    whole = json.loads(twinwatch(embedded_kafka_servers, "show", "0:1", "--json").stdout)
    assert (whole["key"], whole["value"], whole["wire_format"]) == ("anna", "plain \x1b[31mred", None)

    none = twinwatch(embedded_kafka_servers, "list", "--reason", "not_json")
    assert (none.stdout, none.stderr) == ("", "no such dead letters\n")
    dry = twinwatch(embedded_kafka_servers, "redrive", "0:1", "--dry-run")
    assert dry.stdout == f"1 record would be sent again\n         1 to {TOPIC}\n"
    redriven = twinwatch(embedded_kafka_servers, "redrive", "0:1", "--json")
    told_of_it = {"sent": {TOPIC: 1}, "left_out": 0, "why": [], "more": False, "dry_run": False}
    assert json.loads(redriven.stdout) == told_of_it
    assert asyncio.run(read(embedded_kafka_servers, TOPIC, 1)) == [(b"anna", b"plain \x1b[31mred")]
    assert "redriven   yes" in twinwatch(embedded_kafka_servers, "show", "0:1").stdout


def test_a_place_that_holds_nothing_is_one_line(embedded_kafka_servers: str) -> None:
    for place in ("0:99", "7:0", "17", "x:y"):
        missing = twinwatch(embedded_kafka_servers, "show", place)
        assert missing.exit_code == 2
        assert missing.stderr == f"twinwatch: {place}: no such dead letter; expected partition:offset as in the list\n"
    for wrong in ([], ["0:1", "--all"], ["0:1", "--limit", "1"], ["--limit", "1"]):
        unnamed = twinwatch(embedded_kafka_servers, "redrive", *wrong)
        assert unnamed.exit_code == 2
        assert len(unnamed.stderr.splitlines()) == 1


def test_more_letters_than_are_sent_at_once_are_each_sent_once(
    embedded_kafka_servers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.dead_letters._AT_ONCE", 3)
    asyncio.run(write(embedded_kafka_servers, DEAD_LETTERS, [letter(b"%d" % n, n) for n in range(8)]))
    settings = settings_for(embedded_kafka_servers)
    assert asyncio.run(redrive_all(settings)).count == 8
    sent = asyncio.run(read(embedded_kafka_servers, TOPIC, 8))
    assert [value for _, value in sent] == [b"%d" % n for n in range(8)]
    assert [one.redriven for one in asyncio.run(stored(settings))] == [True] * 8


def test_at_most_so_many_are_sent_again_and_the_next_time_the_rest(embedded_kafka_servers: str) -> None:
    asyncio.run(write(embedded_kafka_servers, DEAD_LETTERS, [letter(b"%d" % n, n) for n in range(5)]))
    settings = settings_for(embedded_kafka_servers)
    dry = twinwatch(embedded_kafka_servers, "redrive", "--all", "--limit", "2", "--dry-run", "--json")
    assert json.loads(dry.stdout) == {"sent": {TOPIC: 2}, "left_out": 0, "why": [], "more": True, "dry_run": True}
    some = twinwatch(embedded_kafka_servers, "redrive", "--all", "--limit", "2")
    assert some.stdout.startswith("2 records sent again\n")
    assert some.stderr == "twinwatch: there are more (see --limit)\n"
    assert [one.redriven for one in asyncio.run(stored(settings))] == [True, True, False, False, False]
    rest = twinwatch(embedded_kafka_servers, "redrive", "--all", "--limit", "3")
    assert (rest.stdout.startswith("3 records sent again\n"), rest.stderr) == (True, "")
    assert asyncio.run(read(embedded_kafka_servers, TOPIC, 5)) == [(b"anna", b"%d" % n) for n in range(5)]


@pytest.mark.parametrize("arguments", [("list",), ("list", "--json"), ("redrive", "--all")], ids=" ".join)
def test_it_is_told_how_far_it_is(
    embedded_kafka_servers: str, arguments: tuple[str, ...], told_progress: ToldProgress
) -> None:
    asyncio.run(write(embedded_kafka_servers, DEAD_LETTERS, [letter(b"%d" % n, n) for n in range(3)]))
    done = twinwatch(embedded_kafka_servers, *arguments)
    assert done.exit_code == 0, done.stderr
    assert ("reading activity.dead-letters", 3, 3) in told_progress


def test_what_a_worker_put_aside_is_redriven_marked_and_put_aside_again(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(2)
    stage.start_worker()
    fields: dict[str, Any] = {
        "type": "comment",
        "event_id": "c-1",
        "occurred_at": moment(0),
        "actor_id": "anna",
        "text": "",
    }
    stage.send([Sent(TOPIC, b"\x00\x00\x00\x00\x07" + json.dumps(fields).encode(), b"anna"), event(TOPIC, **fields)])
    stage.wait_until_judged()
    file = str(stage.env_file())

    def listed(*options: str) -> list[dict[str, object]]:
        done = command_here("dead-letters", "list", "--json", "--env-file", file, *options)
        assert done.exit_code == 0, done.stderr
        told = [json.loads(line) for line in done.stdout.splitlines()]
        return [one for one in told if one["kind"] == "letter"]

    assert {str(one["detail"]) for one in listed()} == {
        "the record: found Confluent's wire format (magic byte 0, schema id 7, then a JSON object), expected one JSON object "
        "in UTF-8 with nothing before it",
        "owner_id: found nothing, expected a string of 1 to 128 characters",
    }
    done = command_here("dead-letters", "redrive", "--reason", "not_json", "--since", "1h", "--env-file", file)
    assert done.stdout == f"1 record sent again\n         1 to {stage.prefix}{TOPIC}\n", done.stderr
    stage.wait_until_judged()
    assert sorted((str(one["reason"]), bool(one["redriven"])) for one in listed()) == [
        ("invalid_field", False),
        ("not_json", False),
        ("not_json", True),
    ]
    assert len(stage.read(REDRIVEN)) == 1
    assert len(listed("--limit", "1")) == 1
