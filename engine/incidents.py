"""From findings to incidents: episodes are claimed, and the store's answer is put into the contract's form."""

import math
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

import msgspec
from msgspec import Struct

from engine.plan import RulePlan
from engine.verdicts import terms
from models.events import from_microseconds
from models.incidents import (
    Action,
    Evidence,
    Incident,
    Measurement,
    Mode,
    Severity,
    Statement,
)
from models.records import Source
from rules.base import Finding, RuleInput
from rules.feedback import ACTIONS, Step, at_least
from rules.policy import SEVERITIES, Policy
from rules.quotas import in_words, measured
from rules.track_record import at_most_review, is_told_in_shadow, record_of
from state.requests import DAILY_CAP, MICROSECONDS, Contribution, EpisodeUpdate, Revision

_NAMESPACE = uuid5(NAMESPACE_URL, "https://twinwatch.example/incident")
_DAY = 86_400


class _Opening(Struct, frozen=True, array_like=True):
    """What is fixed when an episode opens."""

    subject_id: str
    article: int


class _Payload(Struct, frozen=True, array_like=True):
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
    statement: Statement
    policy_version: str
    source: Source | None
    ladder: tuple[tuple[int, Action], ...] = ()
    """Strikes and the action that they lead to, as the policy had it then."""
    strike_period: int = 0
    daily_cap: int = 0
    words: tuple[str, ...] = ()
    copied_from: str | None = None


def confidence(level: float) -> float:
    """How sure a finding is that reaches `level` times its limit: 0.5 at the limit, 0.75 at twice, towards 1 beyond."""
    return round(1.0 - float(0.5 ** max(level, 0.0)), 3)


OUT_OF_ORDER = "out_of_order"
"""Why a live rule's finding is told in shadow that may rest on what was not read in its order."""
POOR_RECORD = "poor_record"
"""Why a live rule's finding by words of a language is told in shadow in which the rule is often wrong."""
_WHY_IN_SHADOW = {
    POOR_RECORD: "Told in shadow: the rule is often wrong, or finds little, by this language's words (docs/languages.md).",
    OUT_OF_ORDER: "Told in shadow: it was judged, or counted, before all was read that may spare the member.",
    DAILY_CAP: "Told in shadow: the rule has opened the {cap} incidents that the policy allows it for the day (daily_cap).",
}
"""What is added to the summary of a finding of a live rule that is told in shadow, by the reason."""


def claim(
    plan: RulePlan,
    rule_input: RuleInput,
    finding: Finding,
    policy: Policy,
    source: Source | None,
    *,
    shadow_reason: str = "",
) -> EpisodeUpdate:
    """The episode that a finding opens or makes grow. `source` is the record of the event that was judged. With a
    `shadow_reason` (of `_WHY_IN_SHADOW`) the finding of a live rule is told in shadow, and says why.

    Raises ValueError where the finding's level is no number.
    """
    if not math.isfinite(finding.level):
        raise ValueError(f"the level of a finding is {finding.level}")
    event, rule = rule_input.context.event, plan.rule
    severity, action = plan.policy.weight(finding.level)
    if rule.words_alone:
        record = record_of(rule.slug, finding.language)
        severity, action = at_most_review(severity, action, record)
    if finding.language and is_told_in_shadow(rule.slug, finding.language):
        shadow_reason = shadow_reason or POOR_RECORD
    severity = min(severity, finding.most_severe, key=SEVERITIES.index)
    action = min(action, finding.most_action, key=ACTIONS.index)
    subject_key = (rule_input.subject_id, *finding.episode)
    # what a rule judges without counting shows itself
    shown = (*finding.evidence.first, *finding.evidence.last) or (
        Contribution(rule_input.context.time, event.event_id, ""),
    )
    subject_id = finding.subject_id or rule_input.subject_id
    payload = _Payload(
        mode=plan.mode,
        rule=rule.slug,
        occurred_at=from_microseconds(rule_input.context.time),  # in UTC, whatever offset the event had
        severity=severity,
        confidence=confidence(finding.level),
        recommended_action=action,
        summary=finding.summary,
        measurements=finding.measurements,
        excerpt=rule_input.context.writing.excerpt or None,
        similarity=finding.similarity,
        campaign_id=finding.campaign_id,
        statement=plan.policy.statement.statement(),
        policy_version=policy.version,
        source=source,
        ladder=tuple((step.strikes, step.recommended_action) for step in policy.feedback.ladder),
        strike_period=int(policy.feedback.strikes.period),
        daily_cap=plan.policy.daily_cap,
        words=finding.words,
        copied_from=finding.copied_from,
    )

    def incident_id(mode: Mode) -> str:
        return str(uuid5(_NAMESPACE, msgspec.json.encode((rule.slug, mode, *subject_key, event.identity)).decode()))

    return EpisodeUpdate(
        key=("episode", rule.slug, *subject_key),
        identity=event.identity,
        incident_id=incident_id(plan.mode),
        time=rule_input.context.time,
        opened=min(one.time for one in shown),
        level=finding.level,
        severity=SEVERITIES.index(severity),
        gap=int(plan.policy.episode_gap) * MICROSECONDS,
        growth=plan.policy.growth,
        event_ids=tuple(dict.fromkeys(one.event_id for one in shown)),
        opening=msgspec.json.encode(_Opening(subject_id, finding.article or rule.article)),
        payload=msgspec.json.encode(payload),
        subject=subject_id,
        feedback=terms(plan, rule_input, finding, severity, policy.feedback),
        # in an order that does not depend on how the store keeps them
        members=tuple(sorted(set(finding.members))),
        owner=rule_input.subject_id,
        mode=plan.mode,
        shadow_reason=shadow_reason if plan.mode == "live" else "",
        shadow_incident_id=incident_id("shadow"),
        daily_cap=plan.policy.daily_cap if plan.mode == "live" else 0,
    )


def gravest_first(claims: list[EpisodeUpdate]) -> list[EpisodeUpdate]:
    """The claims of one event in the order in which they may open episodes: live ones first, then by severity and level.

    The same event gives the same order, whatever else is judged with it.
    """
    ordered = sorted(claims, key=lambda one: (one.mode != "live", -one.severity, -one.level, one.key))
    return [msgspec.structs.replace(one, rank=rank) for rank, one in enumerate(ordered)]


def compose(revision: Revision, detected_at: datetime) -> Incident:
    """The incident that a revision is."""
    opening = msgspec.json.decode(revision.opening, type=_Opening)
    payload = msgspec.json.decode(revision.payload, type=_Payload)
    action, record = _in_view_of_the_record(payload, revision)
    return Incident(
        incident_id=revision.incident_id,
        revision=revision.revision,
        mode="shadow" if revision.shadow_reason else payload.mode,
        article=opening.article,
        rule=payload.rule,
        subject_id=opening.subject_id,
        accomplice_ids=revision.members,
        accomplice_count=revision.member_count,
        opened_at=from_microseconds(revision.opened),
        occurred_at=payload.occurred_at,
        detected_at=detected_at,
        severity=payload.severity,
        confidence=payload.confidence,
        recommended_action=action,
        summary=payload.summary + record + _mark(payload, revision.shadow_reason),
        evidence=Evidence(
            event_ids=revision.event_ids,
            measurements=(*payload.measurements, *_mark_measured(payload, revision.shadow_reason)),
            excerpt=payload.excerpt,
            similarity=payload.similarity,
            campaign_id=payload.campaign_id,
            words=payload.words or None,
            copied_from=payload.copied_from,
        ),
        prior_incidents=revision.prior,
        statement=payload.statement,
        policy_version=payload.policy_version,
        source=payload.source,
    )


def _in_view_of_the_record(payload: _Payload, revision: Revision) -> tuple[Action, str]:
    """What is proposed to do about somebody with this record, and the sentence that says why; none without a record."""
    if not revision.prior:
        return payload.recommended_action, ""
    ladder = tuple(Step(strikes=strikes, recommended_action=action) for strikes, action in payload.ladder)
    action = at_least(payload.recommended_action, revision.strikes, ladder)
    raised = "" if action == payload.recommended_action else f", hence {action} instead of {payload.recommended_action}"
    nth = _ordinal(revision.prior + 1)
    return action, f" If upheld, it is the member's {nth} incident within {in_words(payload.strike_period)}{raised}."


def _mark(payload: _Payload, shadow_reason: str) -> str:
    """The sentence that says why a live rule's finding is told in shadow; none where it is not."""
    return " " + _WHY_IN_SHADOW[shadow_reason].format(cap=payload.daily_cap) if shadow_reason else ""


def _mark_measured(payload: _Payload, shadow_reason: str) -> tuple[Measurement, ...]:
    if shadow_reason != DAILY_CAP:
        return ()
    return (measured(DAILY_CAP, payload.daily_cap, payload.daily_cap, _DAY),)


_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}


def _ordinal(number: int) -> str:
    """Second, third, 6th, 21st."""
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return _ORDINALS.get(number) or f"{number}{ending}"
