"""Scenarios: given these events on a moving event clock, expect these incidents and nobody else's.

A scenario file names a rule and its scenarios:

    rule: mass_messaging
    scenarios:
      - name: twenty strangers within the hour
        events:
          - message: anna -> t{n}               # who -> whom; here t1 to t20, one message each
            times: 20                           # {n} counts from 1
            every: 2m
        expect:
          - subject: anna
            told_at: 20                         # the incident opens with the twentieth event
            revision: 1
            severity: medium

An event is `type: actor -> others` with the contract's further fields beside it. What `others` are depends on the type, see
`ADDRESSEE`; where the field is a list, several stand with commas between them, and `t1..20` are twenty (so too in
`known_recipient_ids`). A text that is required and not given is one that nobody else writes.

A verdict names the incident that it is on by rule and subject: `verdict: erika -> copied_message of anna`, with
`says: dismissed` where it is not upheld, is on the latest such incident that was told before.

Time: an event happens `after` the one before it (default 1m), or `at` a time since the start: `at: 1d 2h`. A repeated event
(`times: 20`, or nested `times: {teacher: 3, n: 20}`, the last counting fastest) happens `every` so often (default 1m).
`after: -10m` is an event that comes late; `again: 5` delivers the latest five records again. Several events can be repeated
in turn: `{times: 20, every: 2h, events: [...]}`.

Other rules look on as well, so write texts that only the rule of the file has something against.

`policy` changes the shipped policy, of its rules or by a section's name: `policy: {mass_messaging.mode: shadow}`,
`policy: {boilerplate: [a text]}`. Unless an expectation says so, `rule` is the
file's (a file about no single rule names none), and its article is the rule's own. `expect: nothing` means that nobody is
reported by any rule.
"""

import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from msgspec import Struct

from models.events import EVENT_CLASSES
from models.records import RawRecord
from rules.quotas import Duration
from text.words import parse_list

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""When every scenario begins: a Monday morning."""

ADDRESSEE = {
    "message": "recipient_ids",
    "invitation": "recipient_ids",
    "invitation_response": "inviter_id",
    "contact_request": "recipient_id",
    "contact_response": "requester_id",
    "forum_post": "thread_id",
    "comment": "owner_id",
    "report": "reported_id",
    "verdict": "incident_id",
    "profile_update": None,
    "media_upload": None,
}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "forum_post": {"forum_id": "teachers-lounge"},
    "invitation_response": {"accepted": True},
}
_TEXT_REQUIRED = {"message", "forum_post", "comment"}
_OWN_KEYS = {"after", "at", "times", "every"}
_FIELDS = {str(cls.__struct_config__.tag): set(cls.__struct_fields__) for cls in EVENT_CLASSES}
_RANGE = re.compile(r"(.*?)([0-9]+)\.\.([0-9]+)")

EXPECTED_KEYS = {
    *(
        "rule",
        "subject",
        "told_at",
        "revision",
        "article",
        "severity",
        "action",
        "mode",
        "accomplices",
        "accomplice_count",
    ),
    *("opened", "occurred", "events", "summary", "confidence", "prior", "copied_from"),
}


class Expectation(Struct, frozen=True):
    """What one incident must be, when everything has been told. `values` are those of `EXPECTED_KEYS` that matter."""

    rule: str
    subject: str
    values: dict[str, Any]


def incident_named(record: RawRecord) -> tuple[str, str] | None:
    """The rule and the subject by which a verdict names an incident; None for other records."""
    event = json.loads(record.value or b"{}")
    if event["type"] != "verdict":
        return None
    rule, of, subject = event["incident_id"].partition(" of ")
    return (rule, subject) if of else None


def on_incident(record: RawRecord, incident_id: str) -> RawRecord:
    """The verdict, on this incident."""
    return RawRecord(json.dumps(json.loads(record.value or b"{}") | {"incident_id": incident_id}).encode())


class Scenario(Struct, frozen=True):
    """Records in the order of delivery, and what they must lead to."""

    file: str
    name: str
    records: tuple[RawRecord, ...]
    expected: tuple[Expectation, ...]
    policy: dict[str, Any]


class ScenarioError(ValueError):
    """A scenario file that says something which is not understood."""


def load(path: Path) -> list[Scenario]:
    """The scenarios of one file. Raises `ScenarioError`."""
    written = parse_list(path.read_text("utf-8"))
    return [_scenario(path.stem, written.get("rule", ""), one) for one in written["scenarios"]]


def _scenario(file: str, rule: str, written: dict[str, Any]) -> Scenario:
    name = f"{file}: {written.get('name')}"
    _know(name, written, {"name", "events", "expect", "policy"})
    return Scenario(
        file=file,
        name=name,
        records=tuple(_Timeline(name).records(written["events"])),
        expected=()
        if written["expect"] == "nothing"
        else tuple(_expectation(name, rule, e) for e in written["expect"]),
        policy=written.get("policy", {}),
    )


def _expectation(name: str, rule: str, written: dict[str, Any]) -> Expectation:
    _know(name, written, EXPECTED_KEYS)
    values = {key: value for key, value in written.items() if key not in ("rule", "subject")}
    for key in ("opened", "occurred"):
        if key in values:
            values[key] = START + _duration(values[key])
    return Expectation(written.get("rule", rule), written["subject"], values)


def _know(name: str, written: dict[str, Any], known: set[str]) -> None:
    if unknown := set(written) - known:
        raise ScenarioError(
            f"{name}: {', '.join(sorted(unknown))} is not understood; known are {', '.join(sorted(known))}"
        )


def _duration(written: str) -> timedelta:
    """`1d 2h 30m`, with a sign before it or not."""
    sign = -1 if written.startswith("-") else 1
    return sign * timedelta(seconds=sum(Duration.parse(part) for part in written.lstrip("-").split() if part != "0m"))


class _Timeline:
    """Writes down the events of one scenario, one after the other."""

    def __init__(self, scenario: str) -> None:
        self._scenario = scenario
        self._now = START - timedelta(minutes=1)
        self._written = 0
        self._words = random.Random(scenario)

    def records(self, events: list[dict[str, Any]]) -> list[RawRecord]:
        records: list[RawRecord] = []
        for event in events:
            if "again" in event:
                _know(self._scenario, event, {"again"})
                records += records[-event["again"] :]
            else:
                records += self._repeated(event)
        return records

    def _repeated(self, written: dict[str, Any]) -> Iterator[RawRecord]:
        times = written.get("times", 1)
        counters = times if isinstance(times, dict) else {"n": times}
        every = _duration(written.get("every", "1m"))
        begin = (
            START + _duration(written["at"]) if "at" in written else self._now + _duration(written.get("after", "1m"))
        )
        what = {key: value for key, value in written.items() if key not in _OWN_KEYS}
        for number, values in enumerate(product(*(range(1, count + 1) for count in counters.values()))):
            self._now = begin + number * every
            filled = _filled(what, values, counters)
            if "events" in what:
                _know(self._scenario, what, {"events"})
                yield from self.records([filled["events"][0] | {"after": "0m"}, *filled["events"][1:]])
            else:
                yield self._record(filled)

    def _record(self, written: dict[str, Any]) -> RawRecord:
        kinds = set(written) & set(ADDRESSEE)
        if len(kinds) != 1:
            raise ScenarioError(
                f"{self._scenario}: {written} is not one event; its key is one of {', '.join(ADDRESSEE)}"
            )
        (kind,) = kinds
        fields = {key: value for key, value in written.items() if key != kind}
        if kind == "verdict":
            says = fields.pop("says", "upheld")
            fields = {"verdict": says, "action": "warned" if says == "upheld" else "none"} | fields
        _know(self._scenario, fields, _FIELDS[kind])
        self._written += 1
        who = written[kind]
        actor, arrow, others = who.partition(" -> ")
        event: dict[str, object] = {
            "type": kind,
            "event_id": f"event-{self._written}",
            "occurred_at": self._now.isoformat(),
            "actor_id": actor,
        }
        addressee = ADDRESSEE[kind]
        if bool(arrow) != bool(addressee):
            raise ScenarioError(f"{self._scenario}: {kind}: {who}: expected `actor{' -> others' if addressee else ''}`")
        if addressee:
            event[addressee] = _names(others) if addressee == "recipient_ids" else others
        if kind in _TEXT_REQUIRED and "text" not in fields:
            event["text"] = self._individual_text()
        if isinstance(known := fields.get("known_recipient_ids"), str):
            event["known_recipient_ids"] = _names(known)
        return RawRecord(json.dumps(_DEFAULTS.get(kind, {}) | fields | event).encode())

    def _individual_text(self) -> str:
        return " ".join("".join(self._words.choices(_SYLLABLES, k=self._words.randint(1, 4))) for _ in range(20))


_SYLLABLES = [
    *("la", "mi", "tor", "sen", "va", "du", "kre", "lo", "pi", "na", "gru", "sta", "be", "ro", "ni", "kel", "sa", "mo"),
    *("tu", "fer", "za", "hi", "wen", "jo", "pa", "dri"),
]


def _filled(template: Any, values: tuple[int, ...], counters: dict[str, int]) -> Any:
    """`template` with the counters' values in place of their names in braces, at any depth."""
    if isinstance(template, str):
        for name, value in zip(counters, values, strict=True):
            template = template.replace(f"{{{name}}}", str(value))
        return template
    if isinstance(template, list):
        return [_filled(item, values, counters) for item in template]
    if isinstance(template, dict):
        return {key: _filled(item, values, counters) for key, item in template.items()}
    return template


def _names(written: str) -> list[str]:
    names: list[str] = []
    for part in written.split(", "):
        between = _RANGE.fullmatch(part)
        names += [f"{between[1]}{n}" for n in range(int(between[2]), int(between[3]) + 1)] if between else [part]
    return names
