"""What twinwatch writes for the warn/ban service: incidents, keyed by the subject."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from models.records import Source

SCHEMA_VERSION = 1
MAX_ACCOMPLICES = 100
MAX_EVIDENCE_EVENTS = 20
MAX_EXCERPT_CHARACTERS = 280

Mode = Literal["live", "shadow"]
Severity = Literal["low", "medium", "high", "critical"]
Action = Literal["review", "warn", "restrict", "ban_review"]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class Measurement(Struct, frozen=True, kw_only=True):
    """One number that a rule judged by: what was counted, what it came to, what the policy allows."""

    name: str
    value: float
    limit: float
    window_seconds: int | None = None


class Evidence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a moderator may look at. `event_ids` are the episode's first ten and latest ten events. `words` are those of the
    text that led to a finding about its words. `copied_from` is the member whose words a campaign copies, where that member
    spread nothing.
    """

    event_ids: Annotated[tuple[str, ...], Meta(max_length=MAX_EVIDENCE_EVENTS)]
    measurements: tuple[Measurement, ...]
    excerpt: Annotated[str, Meta(max_length=MAX_EXCERPT_CHARACTERS)] | None = None
    words: tuple[str, ...] | None = None
    copied_from: str | None = None
    similarity: Share | None = None
    campaign_id: str | None = None
    matches: tuple[str, ...] | None = None


class Statement(Struct, frozen=True, kw_only=True):
    """The parts of a statement of reasons under the EU's Digital Services Act, article 17."""

    category: str
    ground: str
    automated_detection: bool = True
    automated_decision: bool = False


class Incident(Struct, frozen=True, kw_only=True):
    """One episode of one subject under one rule, at one revision. Consumers upsert on (`incident_id`, `revision`)."""

    incident_id: str
    revision: Annotated[int, Meta(ge=1)]
    schema_version: int = SCHEMA_VERSION
    mode: Mode
    article: Annotated[int, Meta(ge=1, le=11)]
    rule: str
    subject_id: str
    accomplice_ids: Annotated[tuple[str, ...], Meta(max_length=MAX_ACCOMPLICES)] = ()
    accomplice_count: int = 0
    opened_at: datetime
    occurred_at: datetime
    detected_at: datetime
    severity: Severity
    confidence: Share
    recommended_action: Action
    summary: str
    evidence: Evidence
    prior_incidents: int = 0
    statement: Statement
    policy_version: str
    source: Source | None = None


def encode_incident(incident: Incident) -> bytes:
    """The incident as one line of JSON, UTF-8; `source` is left out where there is none (a file replay)."""
    fields = msgspec.to_builtins(incident)
    if incident.source is None:
        del fields["source"]
    else:
        fields["source"].pop("traceparent", None)
    return msgspec.json.encode(fields)


def incident_headers(incident: Incident) -> list[tuple[str, bytes]]:
    """The Kafka headers of the contract, by which a consumer can choose without decoding."""
    headers = {
        "rule": incident.rule,
        "severity": incident.severity,
        "mode": incident.mode,
        "schema_version": str(incident.schema_version),
    }
    if incident.source and incident.source.traceparent:
        headers["traceparent"] = incident.source.traceparent
    return [(name, value.encode()) for name, value in headers.items()]
