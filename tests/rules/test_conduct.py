"""Threats, insults and harassment: what the judges make of words and of counts."""

from typing import Any

import msgspec
import pytest

import rules.track_record
from models.events import (
    Comment,
    ContactResponse,
    ForumPost,
    InvitationResponse,
    MediaUpload,
    Message,
    ProfileUpdate,
    Report,
)
from rules.base import EventContext, Finding
from rules.conduct import (
    ANSWERS_FROM_ONE,
    HOSTILE_ACCOUNTS,
    MESSAGES_TO_ONE,
    RULES,
    AbusiveLanguageLimits,
    HarassmentLimits,
    ThreatLimits,
    judge_abusive_language,
    judge_harassment,
    judge_threat,
)
from rules.policy import load_policy
from rules.track_record import Record
from state.requests import MICROSECONDS, Contribution, WindowResult
from tests.rules.cases import NOON, context, reading, rule_input
from text.hostility import PEACEFUL

POLICY = load_policy()
THREAT: ThreatLimits = POLICY.rules["threat"].limits
ABUSE: AbusiveLanguageLimits = POLICY.rules["abusive_language"].limits
HARASSMENT: HarassmentLimits = POLICY.rules["harassment"].limits
DAY = 24 * 3600 * MICROSECONDS


def message(text: str, *recipients: str, strangers: tuple[str, ...] = ()) -> EventContext:
    return context(Message, recipient_ids=recipients or ("ben",), text=text, strangers=strangers)


def signals_of(slug: str) -> dict[str, Any]:
    (rule,) = (rule for rule in RULES if rule.slug == slug)
    return rule.signals(POLICY.rules[slug].limits)


def texts_window(slug: str) -> Any:
    return signals_of(slug)["texts"].window


# --- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "level", "severity", "action"),
    [
        ("I will break your neck", 4, "high", "review"),
        ("We will lynch all refugees", 3, "high", "review"),
        ("Refugees should be lynched", 2, "high", "review"),
        ("I know where you live", 2, "high", "review"),
        ("Refugees deserve to die", 1, "medium", "review"),
    ],
)
def test_severity_follows_the_kind_of_threat(text: str, level: float, severity: str, action: str) -> None:
    found = judge_threat(rule_input(message(text), texts=1), THREAT)
    assert found
    assert found.level == level
    assert POLICY.rules["threat"].weight(found.level) == (severity, action)


def test_a_threat_is_read_in_heading_and_text_and_the_gravest_counts() -> None:
    of = context(
        ForumPost,
        thread_title="I will kill you",
        text="I hope they die. Refugees deserve to die.",
        forum_id="f",
        thread_id="t",
    )
    assert of.writing.hostility.threat == "violence_to_you"
    assert message("").writing.hostility == message("Good morning").writing.hostility == PEACEFUL


def test_further_texts_add_to_the_level_and_are_told() -> None:
    once, often = (judge_threat(rule_input(message("I know where you live"), texts=count), THREAT) for count in (1, 4))
    assert once
    assert often
    assert often.level == once.level + 3 * THREAT.further
    assert (
        often.summary == "A message to member ben intimidates the person addressed. One of 4 such texts within 7 days."
    )
    assert once.summary == "A message to member ben intimidates the person addressed."


def test_a_kind_that_the_policy_does_not_name_is_not_looked_for() -> None:
    mild = msgspec.structs.replace(THREAT, weights={"violence_to_you": 4.0})
    assert judge_threat(rule_input(message("Refugees deserve to die"), texts=1), mild) is None
    assert judge_threat(rule_input(message("I will kill you"), texts=1), mild)
    only_groups = msgspec.structs.replace(ABUSE, weights={"group_abuse": 2.0})
    assert judge_abusive_language(rule_input(message("You idiot"), texts=1), only_groups) is None


def test_only_hostile_texts_enter_the_windows() -> None:
    for slug, hostile in (("threat", "I will kill you"), ("abusive_language", "You idiot")):
        window = texts_window(slug)
        assert list(window.entries(message(hostile))) == [(("anna",), ())]
        assert not list(window.entries(message("See you tomorrow")))


@pytest.mark.parametrize(
    ("of", "where"),
    [
        (message("You idiot", "ben", "carl"), "A message to 2 members"),
        (context(ForumPost, text="You idiot", forum_id="f", thread_id="t"), "A post in thread t"),
        (context(Comment, text="You idiot", owner_id="ben"), "A comment on the page of member ben"),
        (context(Comment, text="You idiot", owner_id="anna"), "A comment on the own page"),
        (context(ProfileUpdate, display_name="Anna", bio="You idiot"), "The profile"),
    ],
)
def test_an_insult_is_told_with_its_place(of: EventContext, where: str) -> None:
    found = judge_abusive_language(rule_input(of, texts=1), ABUSE)
    assert found
    assert found.level == 1
    assert found.summary == f"{where} insults the person addressed."


def test_a_caption_is_written_too() -> None:
    of = context(
        MediaUpload,
        media_id="m",
        media_kind="image",
        visibility="public",
        surface="journal",
        caption="All refugees are vermin",
    )
    found = judge_abusive_language(rule_input(of, texts=1), ABUSE)
    assert found
    assert found.summary == "The caption of an upload to a journal, visible to everybody, insults a group of people."
    assert found.level == 2


# --- harassment --------------------------------------------------------------------------------------------------------


def sent(*days: float) -> WindowResult:
    """Messages so many days after noon, the oldest first."""
    all_sent = [Contribution(NOON + round(day * DAY), f"e{index}", "") for index, day in enumerate(days)]
    return WindowResult(len(all_sent), len(all_sent), tuple(all_sent[:10]), tuple(all_sent[-10:]))


def unanswered(
    messages: WindowResult, answers: WindowResult | int = 0, *, strangers: tuple[str, ...] = ("ben",)
) -> Finding | None:
    now = max(one.time for one in messages.last)
    of = msgspec.structs.replace(message("Hello again", strangers=strangers), time=now)
    return judge_harassment(rule_input(of, "ben", sent=messages, answers=answers), HARASSMENT)


LIMIT = HARASSMENT.strangers
ENOUGH = [index * (LIMIT.days - 1) / (LIMIT.messages - 1) for index in range(LIMIT.messages)]


def test_messages_that_nobody_answers() -> None:
    found = unanswered(sent(*ENOUGH))
    assert found
    assert found.subject_id == "anna"
    assert found.episode == ("unanswered", "anna")
    assert found.level == 1
    assert "ben, who answered none of them" in found.summary
    assert unanswered(sent(*ENOUGH[:-1])) is None


def test_many_messages_on_few_days_are_impatience() -> None:
    assert unanswered(sent(*(index / 100 for index in range(50)))) is None


def test_an_acquaintance_may_be_told_more() -> None:
    assert unanswered(sent(*ENOUGH), strangers=()) is None


def test_only_messages_after_the_answer_count() -> None:
    answer = WindowResult(
        1, 1, (Contribution(NOON + round(2.5 * DAY), "a", ""),), (Contribution(NOON + round(2.5 * DAY), "a", ""),)
    )
    before = [0, 0.5, 1, 1.5, 2]
    assert unanswered(sent(*before, *(3 + day for day in ENOUGH[:-1])), answer) is None
    found = unanswered(sent(*before, *(3 + day for day in ENOUGH)), answer)
    assert found
    assert found.measurements[0].value == LIMIT.messages
    assert all(one.time > NOON + 2.5 * DAY for one in (*found.evidence.first, *found.evidence.last))


def test_messages_in_the_middle_of_many_are_counted_when_the_first_is_unanswered() -> None:
    found = unanswered(sent(*(index / 5 for index in range(50))))
    assert found
    assert found.measurements[0].value == 50


def test_messages_that_are_not_seen_are_counted_when_the_answer_is_older_than_all() -> None:
    found = unanswered(sent(*(index / 5 for index in range(50))), sent(-1))
    assert found
    assert found.measurements[0].value == 50


def test_who_is_written_to_and_who_answers() -> None:
    assert list(MESSAGES_TO_ONE.entries(message("x", "ben", "anna"))) == [(("anna",), ("ben",))]
    assert not list(MESSAGES_TO_ONE.entries(message("x", "ben", "carl", "dora", "emil")))
    four = ("ben", "carl", "dora", "emil")
    assert list(ANSWERS_FROM_ONE.entries(message("x", *four))) == [(("anna",), four)]
    assert not list(ANSWERS_FROM_ONE.entries(message("x", *(f"t{n}" for n in range(21)))))
    answers = (
        context(ContactResponse, requester_id="ben", accepted=False),
        context(InvitationResponse, inviter_id="ben", target_id="p", accepted=True),
        context(Comment, owner_id="ben", text="x"),
    )
    assert [list(ANSWERS_FROM_ONE.entries(answer)) for answer in answers] == [[(("anna",), ("ben",))]] * 3
    # what she sent is in her history, and what he answered in his
    assert MESSAGES_TO_ONE.at(message("x", "ben"), "ben") == ("anna", "ben")
    assert ANSWERS_FROM_ONE.at(message("x", "ben"), "ben") == ("ben", "anna")


def test_friendly_accounts_are_no_crowd() -> None:
    peaceful = context(Comment, text="Happy birthday!", owner_id="ben")
    assert not list(HOSTILE_ACCOUNTS.entries(peaceful))
    assert HOSTILE_ACCOUNTS.at(peaceful, "ben") is None, "nobody need look"
    hostile = context(Comment, text="You idiot", owner_id="ben")
    assert list(HOSTILE_ACCOUNTS.entries(hostile)) == [(("ben",), ("anna",))]
    assert HOSTILE_ACCOUNTS.at(hostile, "ben") == ("ben",)
    assert not list(HOSTILE_ACCOUNTS.entries(context(Comment, text="You idiot", owner_id="anna")))
    report = context(Report, text="He is trash, you idiot", reported_id="ben")
    assert list(HOSTILE_ACCOUNTS.entries(report)) == [(("ben",), ("anna",))]


def test_many_accounts_upon_one() -> None:
    crowd = reading(4, note="a1b2 zoe", members=("zoe", "yann", "xenia", "anna"))
    found = judge_harassment(
        rule_input(message("You idiot"), "ben", accounts_at_1d=crowd, sent=0, answers=0), HARASSMENT
    )
    assert found
    assert found.subject_id == "zoe"
    assert set(found.members) == {"zoe", "yann", "xenia", "anna"}
    assert found.level == 4 / 3
    assert found.summary == "4 accounts threatened or insulted member ben within 24 hours; the limit is 3."


def test_who_writes_to_the_attacked_in_a_friendly_way_finds_nothing() -> None:
    crowd = reading(4, note="a1b2 zoe", members=("zoe", "yann", "xenia", "dora"))
    of = message("Do not mind them")
    assert judge_harassment(rule_input(of, "ben", accounts_at_1d=crowd, sent=0, answers=0), HARASSMENT) is None


@pytest.mark.parametrize(("poor", "counts"), [("threat", True), ("abusive_language", False)])
def test_words_by_which_the_rule_is_often_wrong_make_no_crowd(
    monkeypatch: pytest.MonkeyPatch, poor: str, counts: bool
) -> None:
    """What is told in shadow by itself must not accuse many at once under another name."""
    records = {poor: {"de": Record(right=10, wrong=10, sources=("sample",))}}
    monkeypatch.setattr(rules.track_record, "track_record", lambda: records)
    crowd = reading(4, note="a1b2 zoe", members=("anna", "xenia", "yann", "zoe"))
    german = judge_harassment(rule_input(message("Du bist ein Idiot"), "ben", accounts_at_1d=crowd, sent=0), HARASSMENT)
    english = judge_harassment(rule_input(message("You idiot"), "ben", accounts_at_1d=crowd, sent=0), HARASSMENT)
    assert english
    assert bool(german) is counts
    window = signals_of("harassment")["accounts/1d"].window
    assert bool(list(window.entries(message("Du bist ein Idiot")))) is counts
    assert list(window.entries(message("You idiot"))) == [(("ben",), ("anna",))]
