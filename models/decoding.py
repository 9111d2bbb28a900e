"""From bytes to a typed event, or an error that says which field, what was found and what is expected.

A good record takes one pass of msgspec. Only a record that msgspec refuses is read again, slowly, to say what is wrong.
Where the contract is silent: the last of several equal names counts, as in most JSON readers (but not for `type`); a null
is as good as an absent optional field; half a surrogate pair (a cut-off emoji, as JavaScript writes it) becomes U+FFFD in
what people write and is an error in ids; moments lie between 1970 and 2255, where the event clock is exact.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NoReturn, cast, get_type_hints

import msgspec
from msgspec import Struct, inspect

from models.events import EVENT_CLASSES, BaseEvent, Event, Invitation, Message, from_microseconds, rfc_3339
from models.records import Problem, Reason
from models.wording import alternatives, expected

UNKNOWN_TYPE = "unknown"
_FIRST_MOMENT, _LAST_MOMENT = from_microseconds(0), from_microseconds(2**53 - 1)
_CLASSES = {str(cls.__struct_config__.tag): cls for cls in EVENT_CLASSES}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_MAX_PROBLEMS = 3
"""So many are told in one line."""
_RECORD = "the record"
_WIRE_HEADER, _MAX_SCHEMA_ID = 5, 10_000_000
"""Ids of Confluent's registry count from 1; what would be a greater one is chance."""
_ONE_OBJECT = "one JSON object in UTF-8"


class InputLimits(Struct, frozen=True, kw_only=True):
    """How large and how far in the future an event may be (contract, "too_large" and "future_timestamp")."""

    max_event_bytes: int = 256 * 1024
    max_recipients: int = 1_000
    max_clock_skew: timedelta = timedelta(minutes=5)


class UndecodableError(ValueError):
    """A record that is not an event of the contract. `problems` name each wrong field, what was found and what is expected.

    `detail` tells the first of them in one line. `event_type` is one of the contract's types, or "unknown" where the record
    does not tell.
    """

    def __init__(self, reason: Reason, *problems: Problem, event_type: str = UNKNOWN_TYPE) -> None:
        more = len(problems) - _MAX_PROBLEMS
        told = [*map(str, problems[:_MAX_PROBLEMS]), *([f"and {more} more"] if more > 0 else [])]
        self.detail = "; ".join(told)
        super().__init__(self.detail)
        self.reason = reason
        self.problems = problems
        self.event_type = event_type


_decoder = msgspec.json.Decoder(Event)


def decode_event(value: bytes | None, *, limits: InputLimits, now: datetime) -> Event:
    """Decode and validate one record's value. Raises nothing but `UndecodableError`."""
    if value is None:
        raise UndecodableError(Reason.NOT_JSON, Problem(_RECORD, "no value (a tombstone)", _ONE_OBJECT))
    if len(value) > limits.max_event_bytes:
        size = Problem(_RECORD, f"{len(value):,} bytes", f"at most {limits.max_event_bytes:,}")
        raise UndecodableError(Reason.TOO_LARGE, size)
    try:
        if not value.isascii():
            value.decode()  # msgspec does not look into fields that it skips
        event: Event = _decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        event = _decode_slowly(value)
    _check_recipients(event, limits)
    _check_times(event, limits, now)
    return event


def _check_recipients(event: Event, limits: InputLimits) -> None:
    if isinstance(event, Message | Invitation) and len(event.recipient_ids) > limits.max_recipients:
        problem = Problem("recipient_ids", f"{len(event.recipient_ids):,}", f"at most {limits.max_recipients:,}")
        raise UndecodableError(Reason.TOO_LARGE, problem, event_type=event.type)


def _check_times(event: Event, limits: InputLimits, now: datetime) -> None:
    occurred, registered = event.occurred_at, event.actor_registered_at
    if occurred - now > limits.max_clock_skew:
        latest = rfc_3339(now.astimezone(UTC).replace(microsecond=0))
        allowed = f"at most {limits.max_clock_skew.total_seconds():g} seconds ahead of the clock, which says {latest}"
        problem = Problem("occurred_at", rfc_3339(occurred), allowed)
        raise UndecodableError(Reason.FUTURE_TIMESTAMP, problem, event_type=event.type)
    if occurred < _FIRST_MOMENT:
        _refuse_moment("occurred_at", occurred, event)
    if registered is not None and not _FIRST_MOMENT <= registered <= _LAST_MOMENT:
        _refuse_moment("actor_registered_at", registered, event)


def _refuse_moment(name: str, found: datetime, event: Event) -> NoReturn:
    between = f"a moment from {_FIRST_MOMENT:%Y-%m-%d} to {_LAST_MOMENT:%Y-%m-%d}"
    raise UndecodableError(Reason.INVALID_FIELD, Problem(name, rfc_3339(found), between), event_type=event.type)


# --- the slow path: what is wrong? ---------------------------------------------------------------------------------------


class _Field(Struct, frozen=True):
    """One field of an event: `hint` is what msgspec converts to, `node` what msgspec knows of it."""

    name: str
    required: bool
    hint: Any
    node: inspect.Type


def _decode_slowly(value: bytes) -> Event:
    """Read what msgspec refused. Raises `UndecodableError`, unless lone surrogates in free text were all there was to it."""
    parsed = _parse(value)
    if not isinstance(parsed, tuple):
        raise UndecodableError(Reason.INVALID_FIELD, Problem(_RECORD, _found(parsed), "a JSON object"))
    record = _object(parsed)
    cls = _class_of(record)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in _fields(cls):
        found = record.get(field.name)
        if found is None and not field.required:
            continue
        if field.name not in record:
            problems.append(Problem(field.name, "nothing", expected(field.node)))
            continue
        values[field.name] = _without_lone_surrogates(found, field.node)
        problems += _problems(values[field.name], field)
    event_type = str(record["type"])
    if problems:
        raise UndecodableError(Reason.INVALID_FIELD, *problems, event_type=event_type)
    try:
        return cast(Event, msgspec.convert(values, cls))
    except msgspec.ValidationError as error:
        whole = Problem(_RECORD, str(error), "an event of the contract")
        raise UndecodableError(Reason.INVALID_FIELD, whole, event_type=event_type) from error


def wire_format(value: bytes) -> str | None:
    """What the record is in, where it is in the format in which Confluent's serializers write; else None.

    It is a zero byte and four bytes of a schema's id, then Avro, Protobuf or JSON.
    """
    schema_id = int.from_bytes(value[1:5], "big")
    if len(value) <= _WIRE_HEADER or value[0] != 0 or not 0 < schema_id <= _MAX_SCHEMA_ID:
        return None
    rest = "a JSON object" if value[_WIRE_HEADER:].lstrip().startswith(b"{") else "what is no JSON"
    return f"Confluent's wire format (magic byte 0, schema id {schema_id}, then {rest})"


def _parse(value: bytes) -> Any:
    if wired := wire_format(value):
        raise UndecodableError(Reason.NOT_JSON, Problem(_RECORD, wired, f"{_ONE_OBJECT} with nothing before it"))
    try:
        # objects become tuples of (name, value): no Python is called for each of the very many that a record may hold
        return json.loads(value.decode(), object_pairs_hook=tuple, parse_int=_integer, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        found = f"byte 0x{value[error.start]:02x} at offset {error.start:,}, which is not UTF-8"
    except json.JSONDecodeError as error:
        found = f"malformed JSON at character {error.pos:,} ({error.msg})" if value.strip() else "no text"
    except RecursionError:
        found = "JSON that is nested too deeply to be read"
    raise UndecodableError(Reason.NOT_JSON, Problem(_RECORD, found, _ONE_OBJECT))


def _object(pairs: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    types = [value for name, value in pairs if name == "type"]
    if any(one != types[0] for one in types):
        raise UndecodableError(Reason.INVALID_FIELD, Problem("type", "twice with different values", "once"))
    return dict(pairs)


def _integer(digits: str) -> int | float:
    # Python refuses to read integers of several thousand digits; none of that size is ever right
    return int(digits) if len(digits) <= 18 else float(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise UndecodableError(Reason.NOT_JSON, Problem(_RECORD, f"{name}, which JSON has not", "a number or null"))


def _class_of(record: dict[str, Any]) -> type[BaseEvent]:
    known = f"one of {', '.join(_CLASSES)}"
    if "type" not in record:
        raise UndecodableError(Reason.INVALID_FIELD, Problem("type", "nothing", known))
    name = record["type"]
    if not isinstance(name, str):
        raise UndecodableError(Reason.INVALID_FIELD, Problem("type", _found(name), known))
    if name not in _CLASSES:
        raise UndecodableError(Reason.UNKNOWN_TYPE, Problem("type", _excerpt(name), known))
    return _CLASSES[name]


@cache
def _fields(cls: type[BaseEvent]) -> tuple[_Field, ...]:
    described = inspect.type_info(cls)
    assert isinstance(described, inspect.StructType)
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_Field(f.name, f.required, hints[f.name], f.type) for f in described.fields)


def _without_lone_surrogates(value: Any, node: inspect.Type) -> Any:
    """`value` with U+FFFD for lone surrogates where `node` is free text; ids and enumerations are left to be refused."""
    if isinstance(value, str) and inspect.StrType() in alternatives(node):
        return _LONE_SURROGATE.sub("\ufffd", value)
    return value


def _problems(value: Any, field: _Field) -> list[Problem]:
    """What is wrong with a field that is there: one problem, or none."""
    array = next((n for n in alternatives(field.node) if isinstance(n, inspect.VarTupleType)), None)
    if array and isinstance(value, list) and len(value) >= (array.min_length or 0):
        if not value or _are_valid(value, field.hint):
            return []
        index = _first_wrong(value, field.hint)
        return [_problem(f"{field.name}[{index}]", value[index], array.item_type)]
    # no field is an object, and msgspec would take a tuple for an array
    if not isinstance(value, tuple) and _is_valid(value, field.hint) and not _is_torn(value):
        return []
    return [_problem(field.name, value, field.node)]


def _first_wrong(items: list[Any], hint: Any) -> int:
    """The index of the first wrong item, where there is one. Halves of halves: each item is looked at about twice."""
    start, end = 0, len(items)
    while end - start > 1:
        middle = (start + end) // 2
        if _are_valid(items[start:middle], hint):
            start = middle
        else:
            end = middle
    return start


def _are_valid(items: list[Any], hint: Any) -> bool:
    """Whether all items, at least one, are what `hint` says of an array's."""
    return _is_valid(items, hint) and not _is_torn("".join(items))


def _is_valid(value: Any, hint: Any) -> bool:
    try:
        msgspec.convert(value, hint)
    except (msgspec.ValidationError, UnicodeError):
        return False
    return True


def _is_torn(value: Any) -> bool:
    """Whether it is a string that cannot be written as UTF-8; msgspec would let it pass."""
    return isinstance(value, str) and _LONE_SURROGATE.search(value) is not None


def _problem(place: str, value: Any, node: inspect.Type) -> Problem:
    return Problem(place, _found(value, node), expected(node))


def _found(value: Any, node: inspect.Type | None = None) -> str:
    """`value` in few words, and never what a member wrote: strings are quoted only where they are no free text."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value}" if len(f"{value}") <= 6 else f"a number of {len(f'{value}')} characters"
        case list():
            return f"an array of {len(value):,}" if value else "an empty array"
        case tuple():
            return "an object"
        case str():
            return _found_string(value, node)
    raise AssertionError(f"JSON has no {type(value)}")


def _found_string(value: str, node: inspect.Type | None) -> str:
    if not value:
        return "an empty string"
    if _LONE_SURROGATE.search(value):
        return f"a string of {_characters(value)} with half a surrogate pair"
    kinds = alternatives(node) if node else ()
    if any(isinstance(kind, inspect.DateTimeType) for kind in kinds):
        return f"{_excerpt(value)}{_why_no_moment(value)}"
    if any(isinstance(kind, inspect.LiteralType) for kind in kinds):
        return _excerpt(value)
    return f"a string of {_characters(value)}"


def _characters(value: str) -> str:
    return f"{len(value):,} character{'' if len(value) == 1 else 's'}"


def _excerpt(value: str) -> str:
    """A name or a moment whole, anything else cut to what nobody can be known by."""
    if re.fullmatch(r"[A-Za-z_.-]{1,32}|[0-9]{4}-[0-9TtZz:+. -]{1,36}", value):
        return repr(value)
    return ascii(value) if len(value) <= 8 else f"{value[:8]!a}… ({_characters(value)})"


def _why_no_moment(value: str) -> str:
    if not _RFC_3339.fullmatch(value):
        return ""
    try:
        moment = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return ", which is no moment of the calendar (hours run from 00 to 23, minutes and seconds to 59)"
    return ", which lacks the offset to UTC" if moment.tzinfo is None else ""
