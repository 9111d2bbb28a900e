"""Private information: which kinds count where, how much they weigh, and what a moderator is told without being told it."""

from typing import Any

import msgspec
import pytest

from models.events import Comment, ContactRequest, ForumPost, Invitation, MediaUpload, Message, ProfileUpdate, Report
from rules.base import EventContext, Finding
from rules.policy import load_policy
from rules.private_information import RULES, PrivateInformationLimits, judge_private_information
from tests.rules.cases import context, rule_input
from text.personal_data import Standing

POLICY = load_policy().rules["private_information"]
LIMITS: PrivateInformationLimits = POLICY.limits
PHONE, EMAIL, CARD, IBAN = "+49 171 2345678", "anna@school.eu", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"
ID, ADDRESS = "PESEL 44051401359", "Lindenstraße 12, 10969 Berlin"
EVERYTHING = f"{PHONE}; {EMAIL}; {CARD}; {IBAN}; {ID}; {ADDRESS}"


def post(text: str, **fields: Any) -> EventContext:
    return context(ForumPost, forum_id="f", thread_id="t", text=text, **fields)


def upload(caption: str, visibility: str) -> EventContext:
    return context(
        MediaUpload, media_id="m", media_kind="image", visibility=visibility, surface="journal", caption=caption
    )


def judged(of: EventContext, texts: int = 1, limits: PrivateInformationLimits = LIMITS) -> Finding | None:
    return judge_private_information(rule_input(of, texts=texts), limits)


def kinds(of: EventContext) -> set[str]:
    finding = judged(of)
    return {m.name for m in finding.measurements} - {"texts"} if finding else set()


def is_counted(of: EventContext) -> bool:
    (rule,) = RULES
    window = rule.signals(LIMITS)["texts"].window
    return isinstance(of.event, window.on) and bool(list(window.entries(of)))


ALL = {"email", "phone", "address", "iban", "card", "national_id"}
HARD = {"iban", "card", "national_id"}


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (post(EVERYTHING), ALL),
        (post("Hello", thread_title=EVERYTHING), ALL),
        (context(Comment, owner_id="ben", text=EVERYTHING), ALL),
        (context(ProfileUpdate, display_name="Anna", bio=EVERYTHING), ALL),
        (context(ProfileUpdate, display_name=EVERYTHING), ALL),
        (context(ProfileUpdate, display_name="Anna", organisation=EVERYTHING), ALL),
        (upload(EVERYTHING, "public"), ALL),
        (upload(EVERYTHING, "members"), ALL),
        (upload(EVERYTHING, "private"), set()),
        (context(Message, recipient_ids=("ben",), text=EVERYTHING), HARD),
        (context(Message, recipient_ids=("ben",), text="", subject=EVERYTHING), HARD),
        (context(Invitation, kind="event", target_id="x", recipient_ids=("ben",), text=EVERYTHING), HARD),
        (context(ContactRequest, recipient_id="ben", text=EVERYTHING), HARD),
        (post("See you on 12.05.2024"), set()),
        (post(""), set()),
    ],
)
def test_which_kinds_count_where(of: EventContext, expected: set[str]) -> None:
    assert kinds(of) == expected
    assert is_counted(of) == bool(expected)


def test_reports_tell_the_support_what_it_needs() -> None:
    of = context(Report, reported_id="ben", text=EVERYTHING)
    assert not is_counted(of)


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        (EMAIL, "low"),
        (PHONE, "medium"),
        (ADDRESS, "medium"),
        (CARD, "high"),
        (IBAN, "high"),
        (ID, "high"),
        (f"{PHONE} {ADDRESS}", "high"),
        ("a@school.eu b@school.eu c@school.eu", "medium"),
    ],
)
def test_what_can_do_more_harm_weighs_more(text: str, severity: str) -> None:
    finding = judged(post(text))
    assert finding
    assert POLICY.weight(finding.level)[0] == severity


def test_repeating_it_weighs_more() -> None:
    once, again = judged(post(PHONE)), judged(post(PHONE), texts=5)
    assert once
    assert again
    assert again.level == once.level + 1
    assert again.summary == once.summary + " One of 5 such texts within 24 hours."


@pytest.mark.parametrize(
    ("of", "summary"),
    [
        (post(f"Ring {PHONE}"), "A post in thread t gives away a telephone number: [phone +49…]."),
        (
            context(Comment, owner_id="ben", text=f"{EMAIL} ben@school.eu {PHONE}"),
            "A comment on the page of member ben gives away 2 e-mail addresses and a telephone number: "
            "[e-mail], [phone +49…].",
        ),
        (
            context(Comment, owner_id="anna", text=EMAIL),
            "A comment on the own page gives away an e-mail address: [e-mail].",
        ),
        (
            context(Message, recipient_ids=("ben", "eva"), text=f"{IBAN} or {CARD}"),
            "A message to 2 members gives away a bank account and a payment card: [IBAN DE…], [card].",
        ),
        (
            upload(PHONE, "public"),
            "The caption of an upload to a journal, visible to everybody, gives away a telephone number: [phone +49…].",
        ),
        (context(ProfileUpdate, display_name="Anna", bio=EMAIL), "The profile gives away an e-mail address: [e-mail]."),
    ],
)
def test_the_summary_names_kinds_and_masks(of: EventContext, summary: str) -> None:
    finding = judged(of)
    assert finding
    assert finding.summary == summary


@pytest.mark.parametrize(
    ("text", "level", "severity", "whose"),
    [
        (f"My e-mail is {EMAIL}", 1, "low", "an e-mail address:"),
        (f"Her e-mail is {EMAIL}", 2, "medium", "an e-mail address, which by its words is somebody else's:"),
        (f"Ring me: {PHONE}", 2, "medium", "a telephone number:"),
        (f"Call Maria Kowalska at {PHONE}", 4, "high", "a telephone number, which by its words is somebody else's:"),
        (
            f"I am at {EMAIL}. Her number is {PHONE}",
            5,
            "high",
            "an e-mail address and a telephone number, of which 1 by its words is somebody else's:",
        ),
        (
            f"Her number is {PHONE}, her e-mail is {EMAIL}",
            6,
            "high",
            "an e-mail address and a telephone number, which by its words are somebody else's:",
        ),
    ],
)
def test_somebody_else_s_data_are_graver_than_one_s_own(text: str, level: float, severity: str, whose: str) -> None:
    finding = judged(post(text))
    assert finding
    assert finding.level == level
    assert POLICY.weight(finding.level)[0] == severity
    assert f"gives away {whose}" in finding.summary
    said = {m.name: m.value for m in finding.measurements}.get("of_somebody_else", 0)
    assert said == text.count("Her") + text.count("her ") + text.count("Maria")


@pytest.mark.parametrize("of", [EMAIL, PHONE, ADDRESS])
def test_in_a_private_message_somebody_else_s_number_is_no_more_looked_for_than_one_s_own(of: str) -> None:
    assert judged(context(Message, recipient_ids=("ben",), text=f"Her number is {of}")) is None


def test_no_finding_shows_a_value() -> None:
    finding = judged(post(EVERYTHING))
    assert finding
    told = msgspec.json.encode(finding).decode()
    for value in ("2345678", "anna", "1111", "3704", "44051401359", "Linden", "10969"):
        assert value not in told


def test_offices_and_sources_of_quotations_count_where_the_policy_says_so() -> None:
    office, source = post("Ask info@school.eu"), post("Anna <anna@school.eu> wrote:\n> yes")
    assert judged(office) is None
    assert judged(source) is None
    every = msgspec.structs.replace(LIMITS, standings=frozenset(Standing))
    assert judged(office, limits=every)
    assert judged(source, limits=every)


def test_a_kind_that_the_policy_does_not_name_is_left_alone() -> None:
    limits = msgspec.structs.replace(LIMITS, visible={k: w for k, w in LIMITS.visible.items() if k != "email"})
    assert judged(post(EMAIL), limits=limits) is None
    assert judged(post(PHONE), limits=limits)


def test_the_language_of_the_event_is_heard() -> None:
    assert judged(post("Jens 32 12 86 78 venter", language="da"))
    assert judged(post("Jens 32 12 86 78 venter")) is None
