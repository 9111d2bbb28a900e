"""Reports of members: how many agree, and who act together."""

from datetime import timedelta
from typing import Any

import msgspec

from models.events import Report, from_microseconds
from rules.base import EventContext, Finding
from rules.feedback import UNKNOWN_RECORD
from rules.policy import load_policy
from rules.reports import (
    REPORTED_BY_MEMBERS,
    ReportedByMembersLimits,
    Voice,
    judge_reported_by_members,
)
from state.requests import MICROSECONDS, Contribution, WindowResult
from tests.rules.cases import NOON, context, rule_input

LIMITS: ReportedByMembersLimits = load_policy().rules["reported_by_members"].limits
HOUR = 3600 * MICROSECONDS
SIGNALS = REPORTED_BY_MEMBERS.signals(LIMITS)


def report(**fields: Any) -> EventContext:
    return context(Report, **{"reported_id": "mallory"} | fields)


def voice(reporter: str, article: int = 2, *, weight: float = 1.0, young: bool = False, text: str = "") -> Voice:
    return Voice(reporter, article, weight, young, text)


def window(*voices: Voice, every: int = 5 * HOUR, count: int | None = None) -> WindowResult:
    """Reports one after the other, of which a window tells the first ten and the last ten."""
    told = [
        Contribution(NOON + index * every, f"e{index}", msgspec.json.encode(one).decode())
        for index, one in enumerate(voices)
    ]
    return WindowResult(count or len({one.reporter for one in voices}), len(told), tuple(told[:10]), tuple(told[-10:]))


def judged(
    reporters: WindowResult, *pairs: tuple[str, str], limits: ReportedByMembersLimits = LIMITS
) -> Finding | None:
    lately = WindowResult(len(pairs), len(pairs), members=tuple(f"{one}\x1f{other}" for one, other in pairs))
    return judge_reported_by_members(rule_input(report(), "mallory", reporters_at_7d=reporters, reports=lately), limits)


def test_three_members_who_agree() -> None:
    found = judged(window(voice("a", 3), voice("b", 2), voice("c", 2)))
    assert found
    assert found.level == 1
    assert found.article == 2
    assert found.summary == "Reported by 3 members within 7 days, 2 of them under article 2; the limit is 3."
    assert not found.members
    assert judged(window(voice("a"), voice("b"))) is None


def test_one_voice_a_member() -> None:
    assert judged(window(*(voice("a") for _ in range(9)), voice("b"))) is None


def test_without_an_article_the_rule_s_own_counts() -> None:
    found = judged(window(*(voice(name, 0) for name in "abc")))
    assert found
    assert found.article is None
    assert REPORTED_BY_MEMBERS.article == 7


def test_a_good_record_weighs_more_and_a_bad_one_less() -> None:
    assert judged(window(voice("a", weight=1.5), voice("b", weight=1.5)))
    assert judged(window(voice("a", weight=0.4), voice("b", weight=0.4), voice("c"))) is None


def test_reporters_with_one_text_weigh_as_one() -> None:
    assert judged(window(*(voice(name, text="abc") for name in "abcdef"))) is None
    found = judged(window(*(voice(name, text="abc") for name in "abc"), voice("x"), voice("y")))
    assert found
    assert found.level == 1
    assert found.summary.endswith(" 3 of them seem to act together and weigh no more than one.")


def test_new_accounts_within_minutes_weigh_as_one() -> None:
    young = [voice(name, young=True) for name in "abcde"]
    assert judged(window(*young, every=60 * MICROSECONDS)) is None
    assert judged(window(*young, every=20 * HOUR))
    assert judged(window(*(voice(name) for name in "abcde"), every=60 * MICROSECONDS))


def test_who_report_the_same_three_members_weigh_as_one() -> None:
    gang = [(name, other) for name in "abcd" for other in ("mallory", "trudy", "oscar")]
    assert judged(window(*(voice(name) for name in "abcd")), *gang) is None
    two = [(name, other) for name in "abcd" for other in ("mallory", "trudy")]
    assert judged(window(*(voice(name) for name in "abcd")), *two)


def test_a_chain_of_those_who_act_together_is_one_group() -> None:
    chained = [voice("a", text="1"), voice("b", text="1", young=True), voice("c", young=True), voice("d")]
    assert judged(window(*chained, every=60 * MICROSECONDS)) is None


def test_reporters_who_are_not_seen_weigh_like_the_others() -> None:
    found = judged(window(*(voice(f"r{n}") for n in range(40))))
    assert found
    assert found.measurements[0].value == 40
    gang = judged(window(*(voice(f"r{n}", text="abc") for n in range(40))))
    assert gang is None


def test_what_a_report_keeps() -> None:
    registered = from_microseconds(NOON) - timedelta(days=2)
    of = report(
        article=4, text="He writes the same comment to everybody, please look at it", actor_registered_at=registered
    )
    note = msgspec.json.decode(SIGNALS["reporters/7d"].window.note(of), type=Voice)
    assert (note.reporter, note.article, note.weight, note.young) == ("anna", 4, UNKNOWN_RECORD, True)
    assert len(note.text) == 12
    old = report(actor_registered_at=registered - timedelta(days=30))
    assert msgspec.json.decode(SIGNALS["reporters/7d"].window.note(old), type=Voice) == Voice("anna", 0, 1.0, False, "")


def test_what_enters_the_windows() -> None:
    assert list(SIGNALS["reporters/7d"].window.entries(report())) == [(("mallory",), ("anna",))]
    assert list(SIGNALS["reports"].window.entries(report())) == [(("everybody",), ("anna\x1fmallory",))]
    for signal in SIGNALS.values():
        assert not list(signal.window.entries(report(reported_id="anna")))
