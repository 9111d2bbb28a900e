"""Pupils: pictures without consent, and texts that say who a child is. All names are made up."""

from typing import Any

import pytest

from models.events import Comment, ForumPost, MediaUpload, Message, ProfileUpdate
from rules.base import EventContext, Finding
from rules.policy import load_policy
from rules.pupils import RULES, judge_pupil_image
from tests.rules.cases import context, rule_input

POLICY = load_policy().rules["pupil_image"]
TOLD = "My student Anna Nowak, 12 years old, won the contest."


def upload(**fields: Any) -> EventContext:
    picture = {"media_id": "m", "media_kind": "image", "visibility": "members", "surface": "twinspace"}
    return context(MediaUpload, **(picture | fields))


def post(text: str) -> EventContext:
    return context(ForumPost, forum_id="f", thread_id="t", text=text)


def judged(of: EventContext, breaches: int = 1) -> Finding | None:
    return judge_pupil_image(rule_input(of, breaches=breaches), POLICY.limits)


@pytest.mark.parametrize(
    ("of", "severity", "summary"),
    [
        (
            upload(shows_pupils=True),
            "medium",
            "An upload (image) to a twinspace, visible to members, shows pupils and nothing says that their parents "
            "consented.",
        ),
        (
            upload(shows_pupils=True, consent=False, surface="profile"),
            "high",
            "An upload (image) to a profile, visible to members, shows pupils without their parents' consent.",
        ),
        (
            upload(shows_pupils=True, visibility="public", media_kind="video"),
            "high",
            "An upload (video) to a twinspace, visible to everybody, shows pupils and nothing says that their parents "
            "consented.",
        ),
        (post(TOLD), "high", "A text that others can read names a pupil and tells the child's age."),
        (
            context(Comment, owner_id="ben", text="Our pupil Max Muster (class 6b), +49 171 2345678"),
            "high",
            "A text that others can read names a pupil and tells the child's class and address or number.",
        ),
        (
            upload(caption=TOLD, shows_pupils=True, consent=True),
            "high",
            "A text that others can read names a pupil and tells the child's age.",
        ),
        (
            context(ProfileUpdate, display_name="Anna", bio=TOLD),
            "high",
            "A text that others can read names a pupil and tells the child's age.",
        ),
    ],
)
def test_breaches(of: EventContext, severity: str, summary: str) -> None:
    finding = judged(of)
    assert finding
    assert finding.summary == summary
    assert POLICY.weight(finding.level)[0] == severity


@pytest.mark.parametrize(
    "of",
    [
        upload(shows_pupils=True, consent=True),
        upload(shows_pupils=True, consent=True, visibility="public"),
        upload(shows_pupils=False, consent=False),
        upload(),
        upload(shows_pupils=True, consent=False, visibility="private"),
        upload(caption=TOLD, visibility="private"),
        context(Message, recipient_ids=("ben",), text=TOLD),
        post("My student Anna Nowak won the contest."),
    ],
)
def test_what_is_allowed(of: EventContext) -> None:
    assert judged(of) is None


def test_refused_consent_and_a_public_place_add_up() -> None:
    levels = [
        finding.level
        for consent in (None, False)
        for visibility in ("members", "public")
        if (finding := judged(upload(shows_pupils=True, consent=consent, visibility=visibility)))
    ]
    assert levels == [1, 2, 2, 3]


def test_a_whole_album_weighs_more() -> None:
    once, often = judged(upload(shows_pupils=True)), judged(upload(shows_pupils=True), breaches=5)
    assert once
    assert often
    assert often.level == once.level + 1
    assert often.summary == once.summary + " One of 5 such uploads or texts within 24 hours."


def test_only_breaches_are_counted() -> None:
    (rule,) = RULES
    window = rule.signals(POLICY.limits)["breaches"].window
    assert list(window.entries(upload(shows_pupils=True))) == [(("anna",), ())]
    assert list(window.entries(upload(shows_pupils=True, consent=True))) == []
    assert Message not in window.on
