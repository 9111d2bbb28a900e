"""Verdicts that cannot be used, told to who wrote them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from models.events import VERDICTS, Verdict, rfc_3339
from models.records import DeadLetter, Problem, RawRecord, Reason, Source

UNKNOWN_INCIDENT = "unknown_incident"
"""Reason of a verdict that is in order, on an incident that is not remembered."""
OWN_INCIDENT = "own_incident"
"""Reason of a verdict that is in order, on an incident that is about who gives it."""
REASONS = (*(str(reason) for reason in Reason), UNKNOWN_INCIDENT, OWN_INCIDENT)
MAX_SHOWN = 2_000
"""So many characters of a record are shown at most, and of an id 128."""
_MAX_ID, _MAX_READ, _MAX_DETAIL = 128, 256 * 1024, 4_000
_VERDICT = str(Verdict.__struct_config__.tag)


class RejectedVerdict(Struct, frozen=True, kw_only=True):
    """What is told of a verdict that changes nothing, and `key`, the original one. Ids are those of the record, as far as it
    tells them.
    """

    key: bytes | None
    reason: str
    detail: str
    problems: tuple[Problem, ...]
    event_id: str | None
    incident_id: str | None
    source: Source | None
    rejected_at: datetime
    record: str

    def encode(self) -> bytes:
        """One JSON object in UTF-8."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        del fields["key"]
        if self.source:
            fields["source"] = {name: getattr(self.source, name) for name in ("topic", "partition", "offset")}
        return msgspec.json.encode(fields | {"rejected_at": rfc_3339(self.rejected_at.astimezone(UTC))})


def is_verdict(letter: DeadLetter, topic_prefix: str) -> bool:
    """Whether the record was meant as a verdict: it stood on their topic, or says that it is one."""
    source = letter.record.source
    return letter.event_type == _VERDICT or (source is not None and source.topic == topic_prefix + VERDICTS)


def rejection(letter: DeadLetter) -> RejectedVerdict:
    """What its writer is told of a verdict that became a dead letter."""
    return _rejected(letter.record, letter.reason.value, letter.problems, letter.failed_at, letter.detail)


def unknown_incident(record: RawRecord, rejected_at: datetime, days: int) -> RejectedVerdict:
    """What its writer is told of a verdict on an incident that is not remembered; each is for so many days."""
    remembered = f"that of an incident that was told or grew within {days} days and was not forgotten"
    problem = Problem("incident_id", "an id that is not remembered", remembered)
    return _rejected(record, UNKNOWN_INCIDENT, (problem,), rejected_at, str(problem))


def own_incident(record: RawRecord, rejected_at: datetime) -> RejectedVerdict:
    """What its writer is told of a verdict on an incident about the writer."""
    problem = Problem("actor_id", "whom the incident is about", "somebody else")
    return _rejected(record, OWN_INCIDENT, (problem,), rejected_at, str(problem))


def _rejected(
    record: RawRecord, reason: str, problems: Sequence[Problem], rejected_at: datetime, detail: str
) -> RejectedVerdict:
    value = record.value or b""
    fields = _fields(value)
    shown = value[: 4 * MAX_SHOWN].decode("utf-8", "backslashreplace")
    return RejectedVerdict(
        key=record.key,
        reason=reason,
        detail=_encodable(detail[:_MAX_DETAIL]),
        problems=tuple(problems),
        event_id=_id(fields, "event_id"),
        incident_id=_id(fields, "incident_id"),
        source=record.source,
        rejected_at=rejected_at,
        record=shown[:MAX_SHOWN] + ("…" if len(value) > 4 * MAX_SHOWN or len(shown) > MAX_SHOWN else ""),
    )


def _fields(value: bytes) -> dict[str, Any]:
    try:
        read = json.loads(value) if len(value) <= _MAX_READ else None
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _id(fields: dict[str, Any], name: str) -> str | None:
    found = fields.get(name)
    return _encodable(found[:_MAX_ID]) if isinstance(found, str) else None


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
