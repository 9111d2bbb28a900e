"""Bytes become events, or errors that an engineer can act on; nothing else ever happens."""

import json
import random
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.decoding import InputLimits, UndecodableError, decode_event
from models.events import (
    ACTIONS,
    EVENT_CLASSES,
    Comment,
    Event,
    ForumPost,
    Invitation,
    Message,
    Verdict,
    rfc_3339,
    to_microseconds,
    without_words,
)
from models.records import Problem, Reason
from tests.models.samples import EVENTS, NOW

LIMITS = InputLimits()
ID = "a string of 1 to 128 characters"
FREE_TEXTS = {
    "text",
    "subject",
    "thread_title",
    "display_name",
    "organisation",
    "bio",
    "caption",
    "source_url",
    "language",
}
REQUIRED = {
    str(cls.__struct_config__.tag): [f.encode_name for f in msgspec.structs.fields(cls) if f.required]
    for cls in EVENT_CLASSES
}


def decode(value: bytes | None, limits: InputLimits = LIMITS) -> Event:
    return decode_event(value, limits=limits, now=NOW)


def decode_json(record: Any, limits: InputLimits = LIMITS) -> Event:
    return decode(json.dumps(record).encode(), limits)


def decode_comment(value: bytes) -> Comment:
    event = decode(value)
    assert isinstance(event, Comment)
    return event


def refused(value: bytes | None, limits: InputLimits = LIMITS) -> UndecodableError:
    with pytest.raises(UndecodableError) as caught:
        decode(value, limits)
    return caught.value


def refused_json(record: Any, limits: InputLimits = LIMITS) -> UndecodableError:
    return refused(json.dumps(record).encode(), limits)


# --- what is good comes through


@pytest.mark.parametrize("name", EVENTS)
def test_every_field_of_every_type_comes_through(name: str) -> None:
    event = decode_json(EVENTS[name])
    assert event.type == name
    for field, written in EVENTS[name].items():
        if field.endswith("_at"):
            assert getattr(event, field) == datetime.fromisoformat(written)
        else:
            found = getattr(event, field)
            assert (list(found) if isinstance(found, tuple) else found) == written


@pytest.mark.parametrize("name", EVENTS)
def test_the_required_fields_suffice_and_null_is_as_good_as_absent(name: str) -> None:
    required = {"type": name} | {field: EVENTS[name][field] for field in REQUIRED[name]}
    event = decode_json(required)
    assert decode_json(dict.fromkeys(EVENTS[name]) | required) == event


@pytest.mark.parametrize("name", EVENTS)
def test_a_decoded_event_written_again_is_the_same_event(name: str) -> None:
    event = decode_json(EVENTS[name])
    assert decode(msgspec.json.encode(event)) == event


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_id = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=128)
_offset = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_moment = st.datetimes(datetime(1970, 1, 2), datetime(2026, 2, 28), timezones=_offset)


@given(_id, _moment, _id, st.lists(_id, min_size=1, max_size=4), _text, st.none() | st.lists(_text, max_size=3))
def test_messages_of_any_words_and_zones_round_trip(
    event_id: str, at: datetime, actor: str, recipients: list[str], text: str, roles: list[str] | None
) -> None:
    message = Message(
        event_id=event_id,
        occurred_at=at,
        actor_id=actor,
        recipient_ids=tuple(recipients),
        text=text,
        actor_roles=None if roles is None else tuple(roles),
    )
    assert decode(msgspec.json.encode(message)) == message


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_written_otherwise_is_the_same_one_and_with_other_contents_another(name: str) -> None:
    event = decode_json(EVENTS[name])
    otherwise = dict(reversed(EVENTS[name].items())) | {"occurred_at": "2026-02-27T06:15:30.25Z", "unknown": 1}
    assert decode_json(otherwise).identity == event.identity
    changes: dict[str, Any] = {
        "event_id": "evt-2",
        "occurred_at": "2026-02-27T08:15:30.251+02:00",
        "actor_id": "teacher-18",
        "actor_roles": ["teacher"],
        "language": None,
    }
    for field, value in EVENTS[name].items():
        if field in _DIFFERENT:
            changes[field] = _DIFFERENT[field]
        elif isinstance(value, bool):
            changes[field] = not value
        elif field not in changes and isinstance(value, str) and not field.endswith(("_at", "type", "hash", "sha256")):
            changes[field] = value + "."
    assert without_words(decode_json(EVENTS[name])).identity == event.identity  # its words are a part of what it says
    others = [decode_json(EVENTS[name] | {field: value}).identity for field, value in changes.items()]
    assert len({event.identity, *others}) == 1 + len(changes) > 6


_DIFFERENT: dict[str, Any] = {
    "recipient_ids": ["teacher-2"],
    "known_recipient_ids": None,
    "kind": "event",
    "media_kind": "video",
    "visibility": "members",
    "surface": "group",
    "rights": "unknown",
    "article": 8,
    "verdict": "dismissed",
    "action": "none",
}


def test_unknown_fields_are_ignored_whatever_they_hold() -> None:
    plain = decode_json(EVENTS["message"])
    assert decode_json(EVENTS["message"] | {"_truth": {"deep": [1, None, {"type": "x"}]}, "текст": 10**40}) == plain


def test_the_type_may_stand_anywhere() -> None:
    assert decode_json(dict(reversed(EVENTS["report"].items()))) == decode_json(EVENTS["report"])


def test_empty_and_nul_text_is_text() -> None:
    for text in ("", "a\x00b"):
        assert decode_comment(json.dumps(EVENTS["comment"] | {"text": text}).encode()).text == text


def test_of_repeated_names_the_last_counts_but_a_type_is_told_once() -> None:
    written = json.dumps(EVENTS["comment"])[:-1]
    assert decode_comment(f'{written}, "text": "second"}}'.encode()).text == "second"
    error = refused(f'{written}, "type": "report", "reported_id": "x"}}'.encode())
    assert (error.reason, error.detail) == (
        Reason.INVALID_FIELD,
        "type: found twice with different values, expected once",
    )


# --- half a surrogate pair


@pytest.mark.parametrize("half", ["\ud83d", "\udc1d", "\udc1d\ud83d"])
def test_half_an_emoji_is_replaced_in_what_people_write(half: str) -> None:
    event = decode_json(EVENTS["forum_post"] | {"text": f"bees {half}", "thread_title": half, "extra": half})
    assert isinstance(event, ForumPost)
    assert event.text == "bees " + "\ufffd" * len(half)
    assert event.thread_title == "\ufffd" * len(half)
    assert event == decode(msgspec.json.encode(event))


@pytest.mark.parametrize(
    ("name", "change", "place"),
    [
        ("message", {"actor_id": "a\ud83d"}, "actor_id"),
        ("message", {"recipient_ids": ["b", "c\udc1d"]}, "recipient_ids[1]"),
        ("message", {"actor_roles": ["\ud83d"]}, "actor_roles[0]"),
        ("media_upload", {"rights": "own\ud83d"}, "rights"),
        ("media_upload", {"sha256": "\ud83d"}, "sha256"),
        ("comment", {"occurred_at": "2026-01-01T00:00:00Z\ud83d"}, "occurred_at"),
    ],
)
def test_half_a_pair_in_an_id_is_refused(name: str, change: dict[str, Any], place: str) -> None:
    error = refused_json(EVENTS[name] | change)
    assert error.reason is Reason.INVALID_FIELD
    assert error.detail.startswith(f"{place}: found a string of ")
    assert "half a surrogate pair, expected" in error.detail
    error.detail.encode()


# --- not JSON


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "no value (a tombstone)"),
        (b"", "no text"),
        (b" \n", "no text"),
        (b"{", "malformed JSON at character 1"),
        (b"hello", "malformed JSON at character 0"),
        (b"\x00", "malformed JSON at character 0"),
        (b"\xff\xfe{\x00}\x00", "byte 0xff at offset 0, which is not UTF-8"),
        (b"\xef\xbb\xbf{}", "malformed JSON at character 0 (Unexpected UTF-8 BOM"),
        (b'{"type": "message"} {}', "malformed JSON at character 20 (Extra data)"),
        (b'{"type": "message", "x": NaN}', "NaN, which JSON has not"),
        (b'{"type": "message", "x": -Infinity}', "-Infinity, which JSON has not"),
        (b"[" * 100_000, "JSON that is nested too deeply to be read"),
        (b'{"a":' * 30_000 + b"1" + b"}" * 30_000, "JSON that is nested too deeply to be read"),
    ],
)
def test_what_is_not_json_is_told_with_its_place(value: bytes | None, found: str) -> None:
    error = refused(value)
    assert error.reason is Reason.NOT_JSON
    assert error.detail.startswith(f"the record: found {found}")
    assert ", expected " in error.detail
    assert error.event_type == "unknown"


def test_bytes_that_are_not_utf_8_are_refused_even_in_a_field_that_nobody_reads() -> None:
    value = json.dumps(EVENTS["message"]).encode()[:-1] + b', "extra": "\xff"}'
    assert refused(value).reason is Reason.NOT_JSON


def test_a_raw_control_character_in_a_string_is_not_json() -> None:
    error = refused(b'{"type": "comment", "text": "a\x00b"}')
    assert error.reason is Reason.NOT_JSON
    assert "character 30" in error.detail


# --- types


@pytest.mark.parametrize("value", ["like", "Message", "message ", "", "a" * 300, "\ud800", "прочее"])
def test_an_unknown_type_is_told_with_those_that_there_are(value: str) -> None:
    error = refused_json(EVENTS["message"] | {"type": value})
    assert error.reason is Reason.UNKNOWN_TYPE
    assert error.detail.startswith("type: found ")
    assert error.detail.endswith("expected one of " + ", ".join(EVENTS))
    error.detail.encode()


@pytest.mark.parametrize("value", [None, 5, True, ["message"], {"message": 1}, 1.5])
def test_a_type_that_is_no_string_is_an_invalid_field(value: Any) -> None:
    assert refused_json(EVENTS["message"] | {"type": value}).reason is Reason.INVALID_FIELD


def test_a_record_without_type_is_an_invalid_field() -> None:
    error = refused(b"{}")
    assert error.reason is Reason.INVALID_FIELD
    assert error.detail.startswith("type: found nothing, expected one of message, ")


@pytest.mark.parametrize(
    ("value", "found"),
    [(b"[1]", "an array of 1"), (b"null", "null"), (b"17", "17"), (b'"text"', "a string of 4 characters")],
)
def test_json_that_is_no_object_is_told_so(value: bytes, found: str) -> None:
    assert refused(value).detail == f"the record: found {found}, expected a JSON object"


# --- fields


def test_the_error_knows_the_type() -> None:
    assert refused_json(EVENTS["report"] | {"article": 12}).event_type == "report"
    assert refused_json(EVENTS["message"] | {"recipient_ids": ["x"] * 1001}).event_type == "message"
    assert refused_json(EVENTS["comment"] | {"occurred_at": "2030-01-01T00:00:00Z"}).event_type == "comment"


ARTICLE = "null or a whole number from 1 to 11"


@pytest.mark.parametrize(
    ("name", "place", "value", "found", "expected"),
    [
        ("message", "recipient_ids", [], "an empty array", f"a non-empty array, each item {ID}"),
        ("message", "recipient_ids", "b", "a string of 1 character", f"a non-empty array, each item {ID}"),
        ("message", "recipient_ids[1]", ["b", 2], "2", ID),
        ("message", "recipient_ids[1]", ["b", ["c"]], "an array of 1", ID),
        ("message", "recipient_ids[0]", [""], "an empty string", ID),
        ("message", "known_recipient_ids", {"b": 1}, "an object", f"null or an array, each item {ID}"),
        ("message", "actor_roles", "teacher", "a string of 7 characters", "null or an array, each item a string"),
        ("message", "actor_id", "a" * 129, "a string of 129 characters", ID),
        ("message", "text", None, "null", "a string"),
        ("message", "text", 4915112345678, "a number of 13 characters", "a string"),
        ("message", "subject", False, "false", "null or a string"),
        ("invitation", "kind", "projekt", "'projekt'", "one of event, project"),
        ("contact_response", "accepted", 1, "1", "true or false"),
        ("contact_response", "accepted", "true", "a string of 4 characters", "true or false"),
        ("report", "article", True, "true", ARTICLE),
        ("report", "article", 0, "0", ARTICLE),
        ("report", "article", 7.0, "7.0", ARTICLE),
        ("report", "article", 10**30, "1e+30", ARTICLE),
        ("media_upload", "sha256", "abc", "a string of 3 characters", "null or 64 hexadecimal digits"),
        ("media_upload", "perceptual_hash", "zz" * 8, "a string of 16 characters", "null or 16 hexadecimal digits"),
        ("media_upload", "rights", "Call 020 7946", "'Call 020'… (13 characters)", "null or one of licensed, own, unknown"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_told_with_what_was_found_and_what_is_expected(
    name: str, place: str, value: Any, found: str, expected: str
) -> None:
    error = refused_json(EVENTS[name] | {place.partition("[")[0]: value})
    assert (error.reason, error.detail) == (Reason.INVALID_FIELD, f"{place}: found {found}, expected {expected}")


def test_several_wrong_fields_are_told_together() -> None:
    error = refused(b'{"type": "media_upload"}')
    assert error.detail.startswith("event_id: found nothing, expected a string of 1 to 128 characters; occurred_at: ")
    assert error.detail.endswith("; and 4 more")


def test_an_integer_of_thousands_of_digits_is_refused_where_it_matters() -> None:
    written = json.dumps(EVENTS["report"])[:-1]
    error = refused(f'{written}, "article": {"9" * 5000}}}'.encode())
    assert error.detail == f"article: found inf, expected {ARTICLE}"
    assert decode(f'{written}, "extra": {"9" * 5000}}}'.encode()) == decode_json(EVENTS["report"])


# --- moments


_FORM = "RFC 3339 with offset, such as 2026-01-31T09:30:00+01:00"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2026-01-01T10:00:00", "'2026-01-01T10:00:00', which lacks the offset to UTC"),
        ("2026-01-01T24:00:00Z", "'2026-01-01T24:00:00Z', which is no moment of the calendar"),
        ("2016-12-31T23:59:60Z", "'2016-12-31T23:59:60Z', which is no moment of the calendar"),
        ("2026-02-30T10:00:00Z", "'2026-02-30T10:00:00Z', which is no moment of the calendar"),
        ("2026-01-01T10:00:00+24:00", "'2026-01-01T10:00:00+24:00', which is no moment of the calendar"),
        ("0000-01-01T00:00:00Z", "'0000-01-01T00:00:00Z', which is no moment of the calendar"),
        ("2026-01-01", "'2026-01-01', expected "),
        ("1767225600", "'17672256'… (10 characters), expected "),
        ("1. January", "'1. Janua'… (10 characters), expected "),
        ("", "an empty string"),
    ],
)
def test_what_is_no_moment_is_told_with_the_reason(written: str, found: str) -> None:
    for field in ("occurred_at", "actor_registered_at"):
        error = refused_json(EVENTS["comment"] | {field: written})
        assert error.reason is Reason.INVALID_FIELD
        assert error.detail.startswith(f"{field}: found {found}")
        assert _FORM in error.detail


@pytest.mark.parametrize("written", [1767225600, 1767225600.5, True, ["2026"], {"s": 1}])
def test_a_moment_is_never_a_number(written: Any) -> None:
    error = refused_json(EVENTS["comment"] | {"occurred_at": written})
    assert error.detail.startswith("occurred_at: found ")
    assert _FORM in error.detail


@pytest.mark.parametrize(
    "written", ["0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00+00:01"]
)
def test_moments_before_1970_are_refused(written: str) -> None:
    for field in ("occurred_at", "actor_registered_at"):
        error = refused_json(EVENTS["comment"] | {field: written})
        assert error.reason is Reason.INVALID_FIELD
        assert error.detail.startswith(f"{field}: found {rfc_3339(datetime.fromisoformat(written))}, ")
        assert error.detail.endswith("expected a moment from 1970-01-01 to 2255-06-05")


def test_a_registration_beyond_the_event_clock_is_refused() -> None:
    error = refused_json(EVENTS["comment"] | {"actor_registered_at": "9999-12-31T23:59:59-14:00"})
    assert error.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize("written", ["2026-01-01 10:00:00Z", "2026-01-01t10:00:00z", "2026-01-01T11:00:00+0100"])
def test_other_ways_to_write_the_same_moment_are_read(written: str) -> None:
    assert decode_json(EVENTS["comment"] | {"occurred_at": written}).occurred_at == datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_the_offset_is_taken_into_account() -> None:
    event = decode_json(EVENTS["comment"] | {"occurred_at": "2026-01-01T00:30:00.000001+02:00"})
    assert event.time == to_microseconds(datetime(2025, 12, 31, 22, 30, 0, 1, tzinfo=UTC))


def test_the_clock_skew_is_the_limit_of_the_future() -> None:
    latest = NOW + LIMITS.max_clock_skew
    assert decode_json(EVENTS["comment"] | {"occurred_at": latest.isoformat()}).occurred_at == latest
    error = refused_json(EVENTS["comment"] | {"occurred_at": (latest + timedelta(microseconds=1)).isoformat()})
    assert error.reason is Reason.FUTURE_TIMESTAMP
    assert error.detail == (
        "occurred_at: found 2026-03-01T12:05:00.000001Z, "
        "expected at most 300 seconds ahead of the clock, which says 2026-03-01T12:00:00Z"
    )


@pytest.mark.parametrize("written", ["9999-12-31T23:59:59-14:00", "2255-06-05T23:47:35Z", "9999-12-31T23:59:59Z"])
def test_the_far_future_is_the_future(written: str) -> None:
    assert refused_json(EVENTS["comment"] | {"occurred_at": written}).reason is Reason.FUTURE_TIMESTAMP


# --- sizes


def test_size_is_looked_at_before_anything_is_parsed() -> None:
    limits = InputLimits(max_event_bytes=100)
    error = refused(b"\xff" * 101, limits)
    assert error.reason is Reason.TOO_LARGE
    assert error.detail == "the record: found 101 bytes, expected at most 100"
    assert refused(b"\xff" * 100, limits).reason is Reason.NOT_JSON


@pytest.mark.parametrize("name", ["message", "invitation"])
def test_recipients_are_limited(name: str) -> None:
    many = [f"t{n}" for n in range(1001)]
    event = decode_json(EVENTS[name] | {"recipient_ids": many[:1000]})
    assert isinstance(event, Message | Invitation)
    assert len(event.recipient_ids) == 1000
    error = refused_json(EVENTS[name] | {"recipient_ids": many})
    assert (error.reason, error.detail) == (Reason.TOO_LARGE, "recipient_ids: found 1,001, expected at most 1,000")


# --- what it costs


def _filled(before: str, unit: str, after: str) -> bytes:
    """A record of all the bytes that there may be: very many of something, between the rest."""
    unfilled = LIMITS.max_event_bytes - len(before) - len(after)
    return (before + unit * (unfilled // len(unit)) + after).encode()


_MESSAGE = json.dumps({name: value for name, value in EVENTS["message"].items() if name != "recipient_ids"})[:-1]
_COSTLY = {
    "the last of very many": _filled(f'{_MESSAGE}, "recipient_ids": [', '"a",', "1]}"),
    "the last role": _filled(f'{_MESSAGE}, "recipient_ids": ["b"], "actor_roles": [', '"a",', "1]}"),
    "an empty id": _filled(f'{_MESSAGE}, "recipient_ids": [', '"a",', '""]}'),
    "half a pair at the end": _filled(f'{_MESSAGE}, "recipient_ids": [', '"a",', r'"\ud800"]}'),
    "half a pair in a text, and roles": _filled(
        f'{_MESSAGE}, "recipient_ids": ["b"], "subject": "\\ud800", "actor_roles": [', '"a",', '"a"]}'
    ),
    "half pairs": _filled(f'{_MESSAGE}, "recipient_ids": ["b"], "subject": "', r"\ud800", '"}'),
    "letters beyond ASCII": _filled(f'{_MESSAGE}, "recipient_ids": [', r'"\u00e9",', "1]}"),
    "objects": _filled(f'{_MESSAGE}, "recipient_ids": [', "{},", "{}]}"),
    "numbers": _filled(f'{_MESSAGE}, "recipient_ids": [', "1,", "1]}"),
    "nulls": _filled(f'{_MESSAGE}, "recipient_ids": [', "null,", "1]}"),
    "one long number": _filled(f'{_MESSAGE}, "recipient_ids": 0.', "9", "}"),
    "one name very often": _filled(f'{_MESSAGE}, "recipient_ids": 1', ', "text": "a"', "}"),
    "one type very often": _filled(f'{_MESSAGE}, "recipient_ids": 1', ', "type": "message"', "}"),
    "nested": _filled(f'{_MESSAGE}, "recipient_ids": 1, "x": [', "[" * 400 + "]" * 400 + ",", "1]}"),
}


@pytest.mark.parametrize("name", _COSTLY)
def test_what_is_wrong_is_found_in_a_bounded_number_of_steps(name: str) -> None:
    """A quarter of a megabyte of roles of which the last was wrong took 90 ms, thirty times as long as to read them.

    Calls are counted, not seconds: a busy machine makes no more of them.
    """
    value = _COSTLY[name]
    assert 0.99 * LIMITS.max_event_bytes < len(value) <= LIMITS.max_event_bytes
    # The parser itself asks once for every whole number, before anything is known of the record.
    numbers = value.count(b"1,") if name == "numbers" else 0
    assert _calls(value) < 2 * numbers + 20_000


def _calls(value: bytes) -> int:
    """Of functions, Python's own and those in C, while a wrong record is decoded."""
    made = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal made
        made += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        with suppress(UndecodableError):
            decode(value)
    finally:
        sys.setprofile(before)
    return made


# --- a thousand variants of each


_WRONG: list[Any] = [
    None, True, False, 0, -1, 12, 1.5, 1e300, 10**18, "", "x", "x" * 129, "\ud800", "\x00", "2026-01-01", "null",
    [], [None], [[]], [""], ["\udfff"], ["x" * 129], [1], {}, {"type": "message"},
]  # fmt: skip
SECRET = "Geheim 4915112345678"


def _broken(name: str, chance: random.Random) -> tuple[bytes, str | None]:
    """A malformed variant, and the field that the error must name (None: the record as a whole)."""
    record = dict(EVENTS[name])
    match chance.randrange(5):
        case 0:
            field = chance.choice([f for f in REQUIRED[name] if f != "type"])
            del record[field]
            return json.dumps(record).encode(), field
        case 1:
            written = json.dumps(record).encode()
            return written[: chance.randrange(len(written))], None
        case 2:
            changed = bytearray(json.dumps(record).encode())
            changed[chance.randrange(len(changed))] = chance.choice(b'\x00\xff{}[]\\"\x80,:')
            return bytes(changed), None
        case 3:
            field = chance.choice(list(record))
            record[field] = {"private": SECRET}
            return json.dumps(record).encode(), field
        case _:
            field = chance.choice(list(record))
            record[field] = chance.choice(_WRONG)
            return json.dumps(record).encode(), field


@pytest.mark.parametrize("name", EVENTS)
def test_a_thousand_malformed_variants_of_each_type_raise_nothing_but_exact_errors(name: str) -> None:
    chance = random.Random(f"malformed {name}")
    refusals = 0
    for _ in range(1_000):
        value, field = _broken(name, chance)
        try:
            event = decode(value)
        except UndecodableError as error:
            refusals += 1
            place, _, rest = error.detail.partition(": found ")
            assert rest, error.detail
            assert ", expected " in rest, error.detail
            assert field is None or place.partition("[")[0] == field, (field, error.detail)
            assert SECRET not in error.detail
            assert error.detail == error.detail.encode().decode()
        else:
            assert decode(msgspec.json.encode(event)) == event
    assert refusals > 600


_json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["message", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "event", "own", "f" * 16]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=1_000, deadline=None)
@given(st.data())
def test_no_value_in_any_field_does_anything_but_decode_or_be_refused(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(EVENTS)))
    record = dict(EVENTS[name])
    for field in data.draw(st.lists(st.sampled_from(list(record)), min_size=1, max_size=3)):
        record[field] = data.draw(_json_values)
    try:
        event = decode_json(record)
    except UndecodableError as error:
        assert ": found " in error.detail
        assert ", expected " in error.detail
        error.detail.encode()
    else:
        assert decode(msgspec.json.encode(event)) == event


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200) | st.text(st.characters(exclude_categories=["Cs"]), max_size=100).map(str.encode))
def test_arbitrary_bytes_are_refused(value: bytes) -> None:
    assert refused(value).reason in (Reason.NOT_JSON, Reason.INVALID_FIELD)


@given(st.data())
def test_a_record_cut_anywhere_is_not_json(data: st.DataObject) -> None:
    written = json.dumps(EVENTS[data.draw(st.sampled_from(list(EVENTS)))], ensure_ascii=False).encode()
    cut = data.draw(st.integers(0, len(written) - 1))
    assert refused(written[:cut]).reason is Reason.NOT_JSON


def test_what_is_free_text_is_known_here() -> None:
    plain = {
        field.encode_name
        for cls in EVENT_CLASSES
        for field in msgspec.structs.fields(cls)
        if field.type in (str, str | None)
    }
    assert plain == FREE_TEXTS


@pytest.mark.parametrize(("written", "means"), ACTIONS.items())
def test_both_forms_of_an_action_are_one_event(written: str, means: str) -> None:
    def verdict(action: str) -> Verdict:
        event = decode_json(EVENTS["verdict"] | {"action": action})
        assert isinstance(event, Verdict)
        return event

    assert verdict(written).action == means
    assert verdict(written).identity == verdict(means).identity


def test_every_problem_is_told_field_by_field_and_the_first_ones_in_the_line() -> None:
    error = refused_json({"type": "comment", "text": 1})
    assert [str(problem) for problem in error.problems[:3]] == error.detail.split("; ")[:3]
    assert [problem.field for problem in error.problems] == ["event_id", "occurred_at", "actor_id", "owner_id", "text"]
    assert error.problems[-1] == Problem("text", "1", "a string")
