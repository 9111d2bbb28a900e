"""Any article: members report a member. Every report reaches the support services anyway; this rule says when many agree."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial

import msgspec
from msgspec import Struct

from models.events import Report
from rules.base import EventContext, Finding, Key, Rule, RuleInput, Window, by_subject
from rules.feedback import UNKNOWN_RECORD
from rules.measures import Measure, declare, event_as
from rules.quotas import Count, Duration, Quota, counted, in_words, measured
from state.requests import MICROSECONDS, RECEIVED, WindowResult

_APART = "\x1f"


class Together(Struct, frozen=True, forbid_unknown_fields=True):
    """Reporters act together when they report the same `members` within `window`."""

    members: Count
    window: Duration


class Burst(Struct, frozen=True, forbid_unknown_fields=True):
    """Reporters act together when their accounts are younger than `younger_than` and they report within `window`. However long
    they wait for one another, they alone make nothing graver than what the limit is.
    """

    younger_than: Duration
    window: Duration


class ReportedByMembersLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """How many reporters are many. Those who act together count as one: as `together` or `burst` says, or with one text."""

    reporters: tuple[Quota, ...]
    together: Together
    burst: Burst


class Voice(Struct, frozen=True, array_like=True):
    """One reporter's report, as it is kept with the event: short, since it is stored."""

    reporter: str
    article: int
    weight: float
    young: bool
    text: str
    """What equal texts have in common; empty for texts too short to compare."""


def _voice(limits: ReportedByMembersLimits, context: EventContext) -> str:
    report, registered = event_as(context, Report), context.event.actor_registered_at
    young = registered is not None and (report.occurred_at - registered).total_seconds() < limits.burst.younger_than
    digest = context.text.digest if context.text else None
    text = digest.hex()[:12] if digest else ""
    voice = Voice(report.actor_id, report.article or 0, round(context.reporter_weight, 3), young, text)
    return msgspec.json.encode(voice).decode()


def _reporters(context: EventContext) -> Iterable[tuple[Key, tuple[str, ...]]]:
    report = event_as(context, Report)
    if report.actor_id != report.reported_id:
        yield (report.reported_id,), (report.actor_id,)


def _all_reports(context: EventContext) -> Iterable[tuple[Key, tuple[str, ...]]]:
    for (reported,), (reporter,) in _reporters(context):
        yield ("everybody",), (f"{reporter}{_APART}{reported}",)


REPORTERS = Measure[ReportedByMembersLimits](
    "reporters",
    lambda limits: Window(
        name="reporters of a member",
        on=(Report,),
        entries=_reporters,
        at=by_subject,
        own=False,
        history=RECEIVED,
        note=partial(_voice, limits),
    ),
    within=lambda limits: [Quota(1, quota.window) for quota in limits.reporters],
)
REPORTS = Measure[ReportedByMembersLimits](
    "reports",
    # one window for all: reports are rare, and who reports whom besides is what tells a gang
    Window(
        name="who reports whom",
        on=(Report,),
        entries=_all_reports,
        at=lambda _, subject: ("everybody",),
        own=False,
        named=True,
        history="reports",
    ),
    within=lambda limits: limits.together.window,
)


class _Count(Struct, frozen=True):
    """What a quota's reading comes to."""

    quota: Quota
    reading: WindowResult
    weight: float
    gang: int
    articles: Counter[int]
    by_record: bool

    @property
    def level(self) -> float:
        return self.weight / self.quota.reach


def judge_reported_by_members(rule_input: RuleInput, limits: ReportedByMembersLimits) -> Finding | None:
    """Enough reporters who do not act together. The article is the one that they name most."""
    also_reported = _also_reported(REPORTS.of(rule_input))
    counts = [
        _count(quota, REPORTERS.of(rule_input, quota.window), also_reported, limits) for quota in limits.reporters
    ]
    best = max(counts, key=lambda one: (one.level, -one.quota.window))
    if best.level < 1:
        return None
    article, named = best.articles.most_common(1)[0] if best.articles else (None, 0)
    told = f", {named} of them under article {article}" if article else ""
    weighed = f", who weigh {best.weight:.1f} by what became of their earlier reports" if best.by_record else ""
    gang = f" {best.gang} of them seem to act together and weigh no more than one." if best.gang else ""
    return Finding(
        level=best.level,
        measurements=(
            measured("reporters_weighed", round(best.weight, 2), best.quota.reach, best.quota.window),
            measured("reporters", best.reading.count, best.quota.reach, best.quota.window),
        ),
        evidence=best.reading,
        article=article,
        summary=f"Reported by {counted(best.reading.count, 'member')} within {in_words(best.quota.window)}{told}{weighed}; "
        f"the limit is {best.quota.reach}.{gang}",
    )


def _also_reported(reports: WindowResult) -> Mapping[str, frozenset[str]]:
    """Whom each reporter has reported lately, as far as the newest hundred reports tell."""
    reported: dict[str, set[str]] = {}
    for member in reports.members:
        reporter, _, other = member.partition(_APART)
        reported.setdefault(reporter, set()).add(other)
    return {reporter: frozenset(others) for reporter, others in reported.items()}


def _count(
    quota: Quota, reading: WindowResult, also_reported: Mapping[str, frozenset[str]], limits: ReportedByMembersLimits
) -> _Count:
    """Each group of reporters who act together weighs as much as its weightiest member; groups of new accounts alone only as
    far as the limit. Reporters of whom nothing is seen, among more than twenty, weigh as the others do on average.
    """
    voices: dict[str, tuple[int, Voice]] = {}
    for report in (*reading.first, *reading.last):
        voice = msgspec.json.decode(report.note, type=Voice)
        voices[voice.reporter] = (report.time, voice)
    groups = _groups(list(voices.values()), also_reported, limits)
    share = max(reading.count, len(voices)) / len(voices) if voices else 0.0
    weights = [(all(voice.young for _, voice in group), max(voice.weight for _, voice in group)) for group in groups]
    settled = share * sum(weight for are_young, weight in weights if not are_young)
    young = share * sum(weight for are_young, weight in weights if are_young)
    return _Count(
        quota,
        reading,
        max(settled, min(settled + young, quota.reach)),
        sum(len(group) for group in groups if len(group) > 1),
        Counter(voice.article for _, voice in voices.values() if voice.article),
        any(voice.weight != UNKNOWN_RECORD for _, voice in voices.values()),
    )


def _groups(
    voices: list[tuple[int, Voice]], also_reported: Mapping[str, frozenset[str]], limits: ReportedByMembersLimits
) -> list[list[tuple[int, Voice]]]:
    groups: list[list[tuple[int, Voice]]] = []
    for one in voices:
        joined = [group for group in groups if any(_together(one, other, also_reported, limits) for other in group)]
        groups = [group for group in groups if group not in joined] + [[one, *(v for group in joined for v in group)]]
    return groups


def _together(
    one: tuple[int, Voice],
    other: tuple[int, Voice],
    also_reported: Mapping[str, frozenset[str]],
    limits: ReportedByMembersLimits,
) -> bool:
    (time, voice), (other_time, other_voice) = one, other
    if voice.text and voice.text == other_voice.text:
        return True
    if voice.young and other_voice.young and abs(time - other_time) < limits.burst.window * MICROSECONDS:
        return True
    nobody: frozenset[str] = frozenset()
    shared = also_reported.get(voice.reporter, nobody) & also_reported.get(other_voice.reporter, nobody)
    return len(shared) >= limits.together.members


REPORTED_BY_MEMBERS = Rule(
    slug="reported_by_members",
    article=7,  # where no reporter names one: who reports a member mostly means its conduct
    on=(Report,),
    limits=ReportedByMembersLimits,
    signals=declare(REPORTERS, REPORTS),
    judge=judge_reported_by_members,
    subjects=lambda context: (event_as(context, Report).reported_id,),
)

RULES = (REPORTED_BY_MEMBERS,)
