"""Verdicts: what is remembered of an incident for the day that somebody judges it, and what that person's word comes to.

A moderator's verdict names only an incident. So a memo of each incident is kept when it is told, with all that a verdict
has to change: whose strike it is and how heavy, which rule to keep quiet, which text to recognise.
"""

from hashlib import blake2b

import msgspec
from msgspec import Struct

from engine.plan import RulePlan
from models.events import Verdict
from models.incidents import Mode, Severity
from rules.base import Finding, RuleInput
from rules.feedback import Feedback
from state.requests import MICROSECONDS, ModeratorVerdict, Remembered, Sample, Terms

REPORTS_RULE = "reported_by_members"
"""The rule whose incidents all of the subject's reporters have caused, whatever article they named."""
FORUMS = 3
"""The article of what is wrong in forums, where a text reaches who comes there and not whom it is sent."""
UNKNOWN = "unknown"
"""In place of a rule, where a verdict is on an incident that is not remembered."""


class _Memo(Struct, frozen=True, array_like=True):
    """What is remembered of an incident, as of its latest revision. `happened` in microseconds."""

    rule: str
    mode: Mode
    article: int
    severity: Severity
    level: float
    happened: int
    campaign_id: str | None
    digest: bytes
    signature: bytes
    about: tuple[bytes, ...] = ()


def _about(plan: RulePlan, rule_input: RuleInput, finding: Finding) -> tuple[bytes, ...]:
    """What a dismissal of the finding silences, each of them alone: the text, its copies as long as they are known to be
    such, or the episode. Empty: all that the rule says of the subject.
    """
    if finding.campaign_id or (plan.rule.of_text and not finding.episode):
        campaign, written = rule_input.context.campaign, rule_input.context.text or rule_input.context.heading
        said = [finding.campaign_id or (campaign.campaign_id if campaign else "")]
        if written:
            said.append(written.digest.hex() if written.digest else written.normalised)
        return tuple(_hashed("text", one) for one in said if one)
    return (_hashed("episode", *finding.episode),) if finding.episode else ()


def _hashed(*parts: str) -> bytes:
    """A memo names no other member and repeats no text."""
    return blake2b(msgspec.msgpack.encode(parts), digest_size=8).digest()


def terms(plan: RulePlan, rule_input: RuleInput, finding: Finding, severity: Severity, feedback: Feedback) -> Terms:
    """How verdicts bear upon the finding, and the memo of its incident."""
    slug, text = plan.rule.slug, rule_input.context.compared
    known = feedback.campaigns
    is_sample = slug in known.rules and finding.campaign_id is not None and text is not None and text.digest is not None
    memo = _Memo(
        rule=slug,
        mode=plan.mode,
        article=finding.article or plan.rule.article,
        severity=severity,
        level=finding.level,
        happened=rule_input.context.time,
        campaign_id=finding.campaign_id if is_sample else None,
        digest=text.digest or b"" if text and is_sample else b"",
        signature=text.signature or b"" if text and is_sample else b"",
        about=_about(plan, rule_input, finding),
    )
    # in shadow nobody is told, so that nobody can have dismissed anything
    silence = feedback.suppression.of(slug) if plan.mode == "live" else None
    return Terms(
        rule=slug,
        memo=msgspec.msgpack.encode(memo),
        kept=int(feedback.strikes.period) * MICROSECONDS,
        record=int(feedback.strikes.period) * MICROSECONDS,
        silence=int(silence.period) * MICROSECONDS if silence else 0,
        graver=silence.graver if silence else 1.0,
        about=memo.about,
        origin=finding.origin if is_sample else None,
    )


def judges_oneself(verdict: Verdict, remembered: Remembered) -> bool:
    """Whether whom the incident is about says what comes of it."""
    return verdict.actor_id == remembered.subject


def moderator_verdict(
    verdict: Verdict, remembered: Remembered | None, feedback: Feedback
) -> tuple[str, ModeratorVerdict | None]:
    """The slug of the rule that is judged, and what is to be learnt of it: nothing where the incident is not remembered, where
    it was in shadow, where no member was reported to anybody, or where its subject gives the verdict.
    """
    if remembered is None or judges_oneself(verdict, remembered):
        return UNKNOWN, None
    memo = msgspec.msgpack.decode(remembered.memo, type=_Memo)
    if memo.mode == "shadow":
        return memo.rule, None
    return memo.rule, ModeratorVerdict(
        incident_id=verdict.incident_id,
        subject=remembered.subject,
        time=verdict.time,
        identity=verdict.identity,
        upheld=verdict.verdict == "upheld",
        rule=memo.rule,
        article=memo.article,
        happened=memo.happened,
        weight=feedback.strikes.weights.of(memo.severity),
        level=memo.level,
        reported=memo.rule == REPORTS_RULE,
        sample=Sample(memo.campaign_id, memo.digest, memo.signature, memo.article == FORUMS, remembered.origin)
        if memo.campaign_id
        else None,
        about=memo.about,
    )
