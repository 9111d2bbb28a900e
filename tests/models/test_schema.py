"""The schemas say what the decoder accepts and what the encoder writes."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from models.decoding import InputLimits, UndecodableError, decode_event
from models.events import EVENT_CLASSES
from models.incidents import Evidence, Incident, Measurement, Statement, encode_incident
from models.records import DeadLetter, RawRecord, Reason, Source
from models.schema import DIALECT, EVENT_FIELDS, INCIDENT_FIELDS, PART_FIELDS, schemas
from tests.models.samples import EVENTS, NOW

RULES, CATEGORIES = ("copied_message", "threat"), ("SCOPE", "STATEMENT_CATEGORY_OTHER_VIOLATION_TC")
SCHEMAS = schemas(RULES, CATEGORIES)
NOT_JSON_VALUES: list[Any] = [None, True, 0, 12, 1.5, "", "x", "x" * 129, [], [""], ["x"], {}, "event", "a" * 64]


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(SCHEMAS[name])


def test_there_is_a_schema_for_all_that_goes_in_and_out() -> None:
    assert set(SCHEMAS) == set(EVENTS) | {"incident", "incident-headers", "rejected-verdict", "dead-letter-headers"}
    for schema in SCHEMAS.values():
        assert schema["$schema"] == DIALECT
        Draft202012Validator.check_schema(schema)
        assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_has_a_name_of_its_own_and_a_valid_example(name: str) -> None:
    assert SCHEMAS[name]["$id"] == f"urn:twinwatch:schema:{name}:1"
    (example,) = SCHEMAS[name]["examples"]
    validator(name).validate(example)
    if name in EVENTS:
        assert _is_decodable(example)
        assert set(example) <= set(EVENTS[name]), "a field that nobody reads"


def test_every_field_is_explained_and_no_other() -> None:
    explained = {field for cls in EVENT_CLASSES for field in cls.__struct_fields__} | {"type"}
    assert explained == set(EVENT_FIELDS)
    assert set(INCIDENT_FIELDS) == set(Incident.__struct_fields__)
    parts = {cls.__name__: set(cls.__struct_fields__) for cls in (Evidence, Measurement, Statement)}
    assert {name: set(fields) for name, fields in PART_FIELDS.items()} == parts
    assert all(form["description"] for schema in SCHEMAS.values() for form in schema["properties"].values())


@pytest.mark.parametrize("name", EVENTS)
def test_the_schema_and_the_decoder_agree_about_every_field(name: str) -> None:
    """But for the form of a moment and its years, which JSON Schema does not check."""
    assert validator(name).is_valid(EVENTS[name])
    for field in EVENTS[name]:
        if field.endswith("_at"):
            continue
        for value in NOT_JSON_VALUES:
            record = EVENTS[name] | {field: value}
            assert validator(name).is_valid(record) == _is_decodable(record), (field, value)
        without = {key: value for key, value in EVENTS[name].items() if key != field}
        assert validator(name).is_valid(without) == _is_decodable(without), field


def _is_decodable(record: dict[str, Any]) -> bool:
    try:
        decode_event(json.dumps(record).encode(), limits=InputLimits(), now=NOW)
    except UndecodableError:
        return False
    return True


def _incident(**changes: Any) -> Incident:
    return msgspec.structs.replace(
        Incident(
            incident_id="6f0c2f3e-0f0b-5a52-9a3e-3f5f8b0d6c11",
            revision=2,
            mode="live",
            article=1,
            rule="copied_message",
            subject_id="teacher-17",
            opened_at=datetime(2026, 1, 1, tzinfo=UTC),
            occurred_at=datetime(2026, 1, 1, 1, tzinfo=UTC),
            detected_at=NOW,
            severity="medium",
            confidence=0.5,
            recommended_action="warn",
            summary="Sent the same text to 8 members.",
            evidence=Evidence(
                event_ids=("e1", "e8"),
                measurements=(Measurement(name="recipients", value=8, limit=8, window_seconds=86400),),
            ),
            statement=Statement(category="SCOPE", ground="article 1"),
            policy_version="0123456789abcdef",
        ),
        **changes,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"source": Source(topic="activity.messages", partition=3, offset=17)},
        {
            "evidence": Evidence(
                event_ids=(), measurements=(), excerpt="Dear …", similarity=0.9, campaign_id="c", matches=("a", "b")
            ),
            "accomplice_ids": ("b", "c"),
            "accomplice_count": 2,
        },
    ],
)
def test_what_is_written_fits_the_schema(changes: dict[str, Any]) -> None:
    written = json.loads(encode_incident(_incident(**changes)))
    assert list(validator("incident").iter_errors(written)) == []
    assert ("source" in written) == ("source" in changes)
    for field in written:
        without = {key: value for key, value in written.items() if key != field}
        assert validator("incident").is_valid(without) == (field == "source")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("rule", "copied_mesage"),
        ("mode", "test"),
        ("severity", "grave"),
        ("recommended_action", "ban"),
        ("schema_version", 2),
        ("article", 12),
        ("source", None),
        ("evidence.excerpt", None),
        ("statement.category", "OTHER"),
        ("statement.automated_decision", True),
    ],
)
def test_the_schema_refuses_what_is_never_written(place: str, value: Any) -> None:
    written = json.loads(encode_incident(_incident()))
    *above, last = place.split(".")
    part = written
    for name in above:
        part = part[name]
    part[last] = value
    assert not validator("incident").is_valid(written)


def test_a_dead_letter_says_when_in_utc() -> None:
    here = datetime(2026, 1, 31, 1, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=2)))
    letter = DeadLetter(record=RawRecord(b""), reason=Reason.NOT_JSON, detail="", failed_at=here)
    assert dict(letter.headers())["failed_at"] == b"2026-01-30T23:30:00.250000Z"


@pytest.mark.parametrize("source", [None, Source(topic="activity.media", partition=0, offset=5)])
@pytest.mark.parametrize("reason", Reason)
def test_the_headers_of_dead_letters_fit_the_schema(reason: Reason, source: Source | None) -> None:
    record = RawRecord(value=b"\xff", key=b"k", source=source)
    letter = DeadLetter(record=record, reason=reason, detail="the record: found \ud800", failed_at=NOW)
    headers = {name: value.decode() for name, value in letter.headers()}
    assert list(validator("dead-letter-headers").iter_errors(headers)) == []
    assert set(headers) == set(SCHEMAS["dead-letter-headers"]["properties"])
