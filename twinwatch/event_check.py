"""What the platform's events look like to twinwatch: which are fine, what is wrong with the others, what may be a mistake."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct, field
from rapidfuzz import fuzz, process, utils

from models.decoding import UNKNOWN_TYPE, InputLimits, UndecodableError, decode_event
from models.events import EVENT_CLASSES, TOPICS, VERDICTS, BaseEvent, Event, Verdict, rfc_3339
from models.records import Problem, Reason, traceparent_of

MAX_REMEMBERED = 200_000
"""So many event ids are compared with each other, and so many actors' events put in order, the first that are seen."""
MAX_NAMES = 50
"""So many names of unknown fields and of headers are told apart, for each type."""
LATE = timedelta(hours=1)
"""An event that was written so long after it happened is told."""
_MAX_NAME = 64
_ALIKE = 80
_KNOWN = {str(cls.__struct_config__.tag): ("type", *cls.__struct_fields__) for cls in EVENT_CLASSES}
_OTHER_NAMES = "(others)"


class CheckedRecord(Struct, frozen=True, kw_only=True):
    """One record to be looked at. `place` names it: `partition:offset`, or a line's number.

    `topic` is without its prefix, and None in a file, where there are neither keys, headers nor `written_at`.
    """

    value: bytes | None
    place: str
    topic: str | None = None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    written_at: datetime | None = None


class Mistake(Struct, kw_only=True):
    """A mistake that several records may have: how many, the first one's place, and what was found there."""

    field: str
    expected: str
    reason: str
    found: str
    first: str
    records: int = 0


class Keys(Struct, kw_only=True):
    """How many records are keyed by their actor, have no key, or another one."""

    actor: int = 0
    none: int = 0
    other: int = 0


class Times(Struct, kw_only=True):
    """When the events happened; how many were written more than `LATE` after that, how late the latest was (seconds), and how
    many came after a later event of the same actor in the same partition or file.
    """

    first: datetime | None = None
    last: datetime | None = None
    late: int = 0
    latest_seconds: float = 0.0
    out_of_order: int = 0


class TypeReport(Struct, kw_only=True):
    """What is to be said of the records of one type. Whatever is no mistake is for a person to look at: twinwatch takes it."""

    records: int = 0
    fine: int = 0
    mistakes: dict[tuple[str, str, str], Mistake] = field(default_factory=dict)
    unknown_fields: Counter[str] = field(default_factory=Counter)
    keys: Keys = field(default_factory=Keys)
    headers: Counter[str] = field(default_factory=Counter)
    times: Times = field(default_factory=Times)
    bad_traceparents: int = 0
    unusual_topics: Counter[str] = field(default_factory=Counter)
    redelivered: int = 0
    conflicting: int = 0


class EventCheck:
    """Looks at records one after the other. `now` is the wall clock that events may not be ahead of."""

    def __init__(self, limits: InputLimits, now: datetime) -> None:
        self._limits = limits
        self._now = now
        self.types: dict[str, TypeReport] = {}
        self._seen: dict[str, str] = {}
        self._latest: dict[tuple[str, str], int] = {}

    @property
    def records(self) -> int:
        """How many were looked at."""
        return sum(report.records for report in self.types.values())

    @property
    def fine(self) -> int:
        """How many twinwatch can use."""
        return sum(report.fine for report in self.types.values())

    def add(self, record: CheckedRecord) -> None:
        """Look at one record."""
        try:
            event = decode_event(record.value, limits=self._limits, now=self._now)
        except UndecodableError as error:
            report = self._report(error.event_type)
            self._count_names(report, error.event_type, record)
            for problem in error.problems:
                _blame(report, error.reason, problem, record.place)
            return
        report = self._report(event.type)
        self._count_names(report, event.type, record)
        if isinstance(event, Verdict) and record.topic not in (None, VERDICTS):
            problem = Problem("type", f"verdict on {record.topic}", f"verdicts on {VERDICTS} alone")
            _blame(report, Reason.WRONG_TOPIC, problem, record.place)
            return
        report.fine += 1
        if record.topic and type(event) not in TOPICS.get(record.topic, (type(event),)):
            report.unusual_topics[record.topic] += 1
        self._look_at_times(report, event, record)
        self._compare(report, event)
        if record.topic:
            _look_at_key(report, event, record)

    def _report(self, event_type: str) -> TypeReport:
        report = self.types.setdefault(event_type, TypeReport())
        report.records += 1
        return report

    def _count_names(self, report: TypeReport, event_type: str, record: CheckedRecord) -> None:
        for name in _field_names(record.value) - set(_KNOWN.get(event_type, ())) if event_type != UNKNOWN_TYPE else ():
            _count(report.unknown_fields, name)
        for name in {name for name, _ in record.headers}:
            _count(report.headers, name)
        if any(name == "traceparent" for name, _ in record.headers) and traceparent_of(record.headers) is None:
            report.bad_traceparents += 1

    def _look_at_times(self, report: TypeReport, event: Event, record: CheckedRecord) -> None:
        times, happened = report.times, event.occurred_at
        times.first = min(times.first or happened, happened)
        times.last = max(times.last or happened, happened)
        if record.written_at:
            late = record.written_at - happened
            times.late += late > LATE
            times.latest_seconds = max(times.latest_seconds, late.total_seconds())
        actor = (f"{record.topic} {record.place.partition(':')[0] if record.topic else ''}", event.actor_id)
        latest = self._latest.get(actor)
        if latest is not None and event.time < latest:
            times.out_of_order += 1
        elif latest is not None or len(self._latest) < MAX_REMEMBERED:
            self._latest[actor] = event.time

    def _compare(self, report: TypeReport, event: Event) -> None:
        known = self._seen.get(event.event_id)
        if known is None:
            if len(self._seen) < MAX_REMEMBERED:
                self._seen[event.event_id] = event.identity
        elif known == event.identity:
            report.redelivered += 1
        else:
            report.conflicting += 1


def _field_names(value: bytes | None) -> set[str]:
    """The names of the record's fields, as far as it has any."""
    try:
        read = json.loads(value or b"")
    except (ValueError, RecursionError):
        return set()
    return set(read) if isinstance(read, dict) else set()


def _count(names: Counter[str], name: str) -> None:
    short = ascii(name)[1:-1][:_MAX_NAME]
    names[short if short in names or len(names) < MAX_NAMES else _OTHER_NAMES] += 1


def _blame(report: TypeReport, reason: Reason, problem: Problem, place: str) -> None:
    name = problem.field.partition("[")[0]
    mistake = Mistake(field=name, expected=problem.expected, reason=reason.value, found=problem.found, first=place)
    report.mistakes.setdefault((name, problem.expected, reason.value), mistake).records += 1


def _look_at_key(report: TypeReport, event: BaseEvent, record: CheckedRecord) -> None:
    keys = report.keys
    if not record.key:
        keys.none += 1
    elif record.key == event.actor_id.encode():
        keys.actor += 1
    else:
        keys.other += 1


def meant(event_type: str, name: str) -> str | None:
    """The field of the type that an unknown name was perhaps meant as."""
    known = _KNOWN.get(event_type, ())
    found = process.extractOne(
        name,
        known,
        scorer=fuzz.ratio,
        processor=lambda s: utils.default_process(s).replace("_", ""),
        score_cutoff=_ALIKE,
    )
    return found[0] if found else None


def report_fields(check: EventCheck) -> dict[str, Any]:
    """The whole report for scripts."""
    return {
        "records": check.records,
        "fine": check.fine,
        "types": {name: _fields(name, report) for name, report in sorted(check.types.items())},
    }


def _fields(event_type: str, report: TypeReport) -> dict[str, Any]:
    times = report.times
    return {
        "records": report.records,
        "fine": report.fine,
        "wrong": [
            {name: getattr(mistake, name) for name in ("field", "found", "expected", "reason", "records", "first")}
            for mistake in _gravest(report.mistakes.values())
        ],
        "unknown_fields": [
            {"field": name, "records": count, "meant": meant(event_type, name)}
            for name, count in report.unknown_fields.most_common()
        ],
        "keys": {"actor_id": report.keys.actor, "none": report.keys.none, "other": report.keys.other},
        "headers": dict(report.headers.most_common()),
        "bad_traceparents": report.bad_traceparents,
        "first_occurred_at": rfc_3339(times.first.astimezone(UTC)) if times.first else None,
        "last_occurred_at": rfc_3339(times.last.astimezone(UTC)) if times.last else None,
        "written_late": times.late,
        "latest_seconds": round(times.latest_seconds, 3),
        "out_of_order": times.out_of_order,
        "unusual_topics": dict(report.unusual_topics),
        "redelivered": report.redelivered,
        "conflicting_event_ids": report.conflicting,
    }


def _gravest(mistakes: Iterable[Mistake]) -> list[Mistake]:
    return sorted(mistakes, key=lambda mistake: (-mistake.records, mistake.field))


def wrong_lines(report: TypeReport) -> list[str]:
    """What is wrong, a line each, the most frequent first. Such records become dead letters."""
    return [
        f"{_records(one.records)}, the first at {one.first}: {one.field}: found {one.found}, expected {one.expected}"
        f"{'' if one.reason == Reason.INVALID_FIELD else f' ({one.reason})'}"
        for one in _gravest(report.mistakes.values())
    ]


def notes(event_type: str, report: TypeReport) -> list[str]:
    """What works and may be meant otherwise, a line each."""
    told: list[str] = []
    for name, count in report.unknown_fields.most_common():
        perhaps = meant(event_type, name)
        told.append(f"{_records(count)}: unknown field {name}, ignored{f'; is {perhaps} meant?' if perhaps else ''}")
    keys, times = report.keys, report.times
    if event_type != "verdict" and (keys.none or keys.other):
        told.append(
            f"keys: {keys.actor:,} are the actor_id, {keys.none:,} empty, {keys.other:,} something else; "
            "with the actor_id each actor's events stay in order"
        )
    if times.late:
        told.append(
            f"{_records(times.late)}: written more than an hour after occurred_at, {_span(times.latest_seconds)} at most"
        )
    if times.out_of_order:
        told.append(f"{_records(times.out_of_order)}: happened before an event of the same actor that stands before it")
    if report.redelivered:
        told.append(f"{_records(report.redelivered)}: an event that came before; each event counts once")
    if report.conflicting:
        told.append(f"{_records(report.conflicting)}: an event_id that another event has; it must be unique")
    for topic, count in report.unusual_topics.items():
        told.append(f"{_records(count)}: on {topic}, where the contract has no such type")
    if report.bad_traceparents:
        told.append(f"{_records(report.bad_traceparents)}: header traceparent not as W3C Trace Context has it, ignored")
    return told


def facts(report: TypeReport) -> str:
    """When the events happened, and with which headers."""
    times = report.times
    told = []
    if times.first and times.last:
        told.append(f"occurred_at from {_second(times.first)} to {_second(times.last)}")
    if report.headers:
        told.append("headers " + ", ".join(f"{name} ({count:,})" for name, count in report.headers.most_common()))
    return "; ".join(told)


def _records(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def _span(seconds: float) -> str:
    return f"{timedelta(seconds=round(seconds))}"
