"""From findings to incidents: episodes are claimed, and the store's answer is put into the contract's form."""

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

import msgspec
from msgspec import Struct
from text.masking import excerpt

from engine.plan import RulePlan
from models.events import from_microseconds, heading_of, text_of
from models.incidents import (
    MAX_ACCOMPLICES,
    Action,
    Evidence,
    Incident,
    Measurement,
    Mode,
    Severity,
    Statement,
)
from models.records import Source
from rules.base import Case, Fact, Finding
from rules.policy import SEVERITIES
from state.requests import MICROSECONDS, EpisodeClaim, Revision

_NAMESPACE = uuid5(NAMESPACE_URL, "https://twinwatch.example/incident")


class _Opening(Struct, frozen=True, array_like=True):
    """What is fixed when an episode opens."""

    subject_id: str
    article: int


class _Draft(Struct, frozen=True, array_like=True):
    """What one revision says, kept in the store so that a redelivery says exactly the same."""

    mode: Mode
    rule: str
    occurred_at: datetime
    severity: Severity
    confidence: float
    recommended_action: Action
    summary: str
    measurements: tuple[Measurement, ...]
    excerpt: str | None
    similarity: float | None
    campaign_id: str | None
    members: tuple[str, ...]
    member_count: int
    statement: Statement
    policy_version: str


def confidence(level: float) -> float:
    """How sure a finding is that reaches `level` times its limit: 0.5 at the limit, 0.75 at twice, towards 1 beyond."""
    return round(1.0 - float(0.5 ** max(level, 0.0)), 3)


def claim(plan: RulePlan, case: Case, finding: Finding, policy_version: str) -> EpisodeClaim:
    """The episode that a finding opens or makes grow."""
    event, rule = case.fact.event, plan.rule
    severity, action = plan.policy.weight(finding.level)
    key = (rule.slug, plan.mode, case.subject_id, *finding.episode)
    events = {c.event_id: c.time for c in (*finding.evidence.first, *finding.evidence.last)}
    draft = _Draft(
        mode=plan.mode,
        rule=rule.slug,
        occurred_at=event.occurred_at,
        severity=severity,
        confidence=confidence(finding.level),
        recommended_action=action,
        summary=finding.summary,
        measurements=finding.measurements,
        excerpt=_excerpt(case.fact),
        similarity=finding.similarity,
        campaign_id=finding.campaign_id,
        members=finding.members,
        member_count=finding.evidence.count if finding.members else 0,
        statement=plan.policy.statement.statement(),
        policy_version=policy_version,
    )
    return EpisodeClaim(
        key=("episode", *key),
        event_id=event.event_id,
        incident_id=str(uuid5(_NAMESPACE, "\n".join((*key, event.event_id)))),
        time=case.fact.time,
        opened=min(events.values(), default=case.fact.time),
        level=finding.level,
        severity=SEVERITIES.index(severity),
        gap=int(plan.policy.episode_gap) * MICROSECONDS,
        growth=plan.policy.growth,
        event_ids=tuple(events),
        opening=msgspec.json.encode(
            _Opening(finding.subject_id or case.subject_id, finding.article or rule.article),
        ),
        payload=msgspec.json.encode(draft),
    )


def compose(revision: Revision, detected_at: datetime, source: Source | None) -> Incident:
    """The incident that a revision is."""
    opening = msgspec.json.decode(revision.opening, type=_Opening)
    draft = msgspec.json.decode(revision.payload, type=_Draft)
    others = sorted(member for member in draft.members if member != opening.subject_id)
    return Incident(
        incident_id=revision.incident_id,
        revision=revision.revision,
        mode=draft.mode,
        article=opening.article,
        rule=draft.rule,
        subject_id=opening.subject_id,
        accomplice_ids=tuple(others[:MAX_ACCOMPLICES]),
        accomplice_count=_others(draft, len(others)),
        opened_at=from_microseconds(revision.opened),
        occurred_at=draft.occurred_at,
        detected_at=detected_at,
        severity=draft.severity,
        confidence=draft.confidence,
        recommended_action=draft.recommended_action,
        summary=draft.summary,
        evidence=Evidence(
            event_ids=revision.event_ids,
            measurements=draft.measurements,
            excerpt=draft.excerpt,
            similarity=draft.similarity,
            campaign_id=draft.campaign_id,
        ),
        statement=draft.statement,
        policy_version=draft.policy_version,
        source=source,
    )


def _others(draft: _Draft, named: int) -> int:
    """How many accounts besides the subject: the count, less the subject where it is among the members."""
    subject_counted = len(draft.members) - named
    return max(0, draft.member_count - subject_counted)


def _excerpt(fact: Fact) -> str | None:
    return excerpt(text_of(fact.event) or heading_of(fact.event)) or None
