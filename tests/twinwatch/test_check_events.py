"""What the platform's team is told of the events that it writes."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from models.decoding import InputLimits
from tests.models.samples import EVENTS, NOW
from twinwatch import event_check
from twinwatch.cli import main
from twinwatch.event_check import CheckedRecord, EventCheck, notes, report_fields, wrong_lines

SECRET = "rosebud"


def checked(*records: CheckedRecord) -> EventCheck:
    check = EventCheck(InputLimits(), NOW)
    for record in records:
        check.add(record)
    return check


def record(fields: Any, *, line: int = 1, **about: Any) -> CheckedRecord:
    return CheckedRecord(value=json.dumps(fields).encode(), place=f"line {line}", **about)


def sample(kind: str, **changes: Any) -> dict[str, Any]:
    return EVENTS[kind] | changes


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_of_the_contract_has_nothing_to_be_told_of(kind: str) -> None:
    check = checked(record(EVENTS[kind]))
    report = check.types[kind]
    assert (report.records, report.fine) == (1, 1)
    assert wrong_lines(report) == notes(kind, report) == []


def test_every_wrong_field_of_a_type_is_told_once_with_its_number_and_first_place() -> None:
    wrong = [
        record(sample("message", event_id=f"e{n}", text=SECRET, recipient_ids=["x"] * n + [7]), line=n)
        for n in (3, 4, 5)
    ]
    late = record(sample("message", text=None, subject=1, recipient_ids=None, event_id=None, actor_id=""), line=9)
    check = checked(*wrong, late, record(sample("message", event_id="fine")))
    report = check.types["message"]
    assert (check.records, check.fine) == (5, 1)
    assert wrong_lines(report)[0] == (
        "3 records, the first at line 3: recipient_ids: found 7, expected a string of 1 to 128 characters"
    )
    fields = {mistake["field"] for mistake in report_fields(check)["types"]["message"]["wrong"]}
    assert fields == {"text", "subject", "recipient_ids", "event_id", "actor_id"}
    assert SECRET not in json.dumps(report_fields(check))


def test_what_is_no_event_at_all_is_told_with_its_reason() -> None:
    values = [b"no JSON", b"\x00\x00\x00\x00\x05{}", b'{"type": "poke"}', None]
    check = checked(*(CheckedRecord(value=value, place=f"line {n}") for n, value in enumerate(values, 1)))
    lines = wrong_lines(check.types["unknown"])
    assert len(lines) == 3, "what is expected instead is the same of two"
    assert any("Confluent's wire format (magic byte 0, schema id 5" in line for line in lines)
    assert any("'poke'" in line and line.endswith("(unknown_type)") for line in lines)


def test_an_unknown_field_is_told_with_the_one_that_is_perhaps_meant() -> None:
    report = checked(record(sample("message", recipientIds=["x"], zzz=1))).types["message"]
    assert report.fine == 1
    assert sorted(notes("message", report)) == [
        "1 record: unknown field recipientIds, ignored; is recipient_ids meant?",
        "1 record: unknown field zzz, ignored",
    ]


def test_names_are_few_and_short_and_steer_no_terminal() -> None:
    names = {f"\x1b[{n}m" + "x" * 300: 1 for n in range(event_check.MAX_NAMES + 20)}
    report = checked(record(sample("message", **names))).types["message"]
    assert len(report.unknown_fields) == event_check.MAX_NAMES + 1
    assert sum(report.unknown_fields.values()) == len(names)
    assert all(name.isprintable() and len(name) <= 64 for name in report.unknown_fields)


def test_ids_that_come_again_order_and_late_writing_are_told() -> None:
    first = sample("comment", occurred_at="2026-01-01T10:00:00Z")
    again = dict(reversed(first.items()))
    other = first | {"text": "another"}
    earlier = first | {"event_id": "earlier", "occurred_at": "2026-01-01T09:00:00Z"}
    written = datetime(2026, 1, 1, 10, tzinfo=UTC) + timedelta(days=2)
    check = checked(
        *(
            record(one, topic="activity.comments", key=b"k", written_at=written)
            for one in (first, again, other, earlier)
        )
    )
    report = check.types["comment"]
    assert (report.redelivered, report.conflicting, report.times.out_of_order) == (1, 1, 1)
    assert "4 records: written more than an hour after occurred_at, 2 days, 1:00:00 at most" in notes("comment", report)


def test_topics_keys_and_headers_are_looked_at() -> None:
    fields = sample("comment")
    actor = fields["actor_id"].encode()
    good = (("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),)
    check = checked(
        record(fields | {"event_id": "1"}, topic="activity.comments", key=actor, headers=good),
        record(
            fields | {"event_id": "2"}, topic="activity.comments", headers=(("traceparent", b"x"), ("source", None))
        ),
        record(fields | {"event_id": "3"}, topic="activity.messages", key=b"post-1"),
        record(sample("verdict"), topic="activity.messages", key=b"any"),
    )
    report = check.types["comment"]
    told = report_fields(check)["types"]["comment"]
    assert told["keys"] == {"actor_id": 1, "none": 1, "other": 1}
    assert told["headers"] == {"traceparent": 2, "source": 1}
    assert told["unusual_topics"] == {"activity.messages": 1}
    assert report.bad_traceparents == 1
    assert len(notes("comment", report)) == 3
    assert check.types["verdict"].fine == 0, "a verdict counts on its own topic alone"


def test_what_is_remembered_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_check, "MAX_REMEMBERED", 3)
    many = [record(sample("comment", event_id=f"e{n}", actor_id=f"a{n}")) for n in range(9)]
    check = checked(*many, *many)
    assert len(check._seen) == len(check._latest) == 3
    assert check.types["comment"].redelivered == 3


# --- the command -------------------------------------------------------------------------------


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check-events", *arguments], env={"COLUMNS": "80"})


def test_a_file_is_checked_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(json.dumps(fields) for fields in EVENTS.values()) + "\n", encoding="utf-8")
    done = run(str(file))
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == f"{len(EVENTS)} of {len(EVENTS)} records can be used"
    with file.open("a", encoding="utf-8") as out:
        out.write('{"type": "comment", "text": 1}\n')
    done = run(str(file))
    assert done.exit_code == 1
    assert f"the first at line {len(EVENTS) + 1}: text: found 1, expected a string" in done.stdout
    told = json.loads(run(str(file), "--json").stdout)
    assert (told["records"], told["fine"]) == (len(EVENTS) + 1, len(EVENTS))


def test_what_cannot_be_checked_is_said(tmp_path: Path) -> None:
    assert run(str(tmp_path / "none.jsonl")).exit_code == 2
    assert run().exit_code == run("file", "--topic", "activity.messages").exit_code == 2
    wrong = run("--topic", "activity.poke")
    assert wrong.exit_code == 2
    assert "expected one of activity.messages" in wrong.stderr
