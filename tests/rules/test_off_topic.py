"""Article 3, off the thread's subject: what is looked at, and what counts as a word of the title."""

from typing import Any

import pytest

from models.events import ForumPost
from rules.base import EventContext
from rules.off_topic import OFF_TOPIC_POST, OffTopicPostLimits, judge_off_topic_post
from rules.quotas import Duration, Quota
from tests.rules.cases import context, rule_input

LIMITS = OffTopicPostLimits(threads=(Quota(2, Duration(86_400)),), post_words=8, title_words=2)
TITLE = "Honey from school gardens"
TEXT = "Yesterday evening our football team won against champions after extra time, pictures: https://match.example.org/final"


def post(title: str = TITLE, text: str = TEXT, **fields: Any) -> EventContext:
    return context(ForumPost, forum_id="f", thread_id="t", text=text, thread_title=title, **fields)


def counts(context: EventContext) -> bool:
    return bool(list(OFF_TOPIC_POST.signals(LIMITS)["threads/1d"].window.entries(context)))


def test_a_post_without_a_word_of_the_title() -> None:
    assert counts(post())


@pytest.mark.parametrize(
    "context",
    [
        post(text=TEXT.replace("champions", "gardeners")),
        post(text=TEXT.replace("match", "honeybees")),
        post(title="Das FUSSBALL-Spiel", text=TEXT.replace("football", "Fussballer")),
        post(text="Look: https://match.example.org/final"),
        post(text=TEXT.replace("https://match.example.org/final", "later")),
        post(title="Honey"),
        post(title="Школьный сад и пасека"),
        post(title=""),
        post(opens_thread=True),
    ],
)
def test_what_is_no_sign(context: EventContext) -> None:
    assert not counts(context)


def test_accents_make_no_difference() -> None:
    assert not counts(post(title="Élèves écrivant", text=TEXT.replace("champions", "eleves")))


def test_the_quota_counts_threads() -> None:
    assert judge_off_topic_post(rule_input(post(), threads_at_1d=1), LIMITS) is None
    finding = judge_off_topic_post(rule_input(post(), threads_at_1d=3), LIMITS)
    assert finding and finding.level == 1.5 and "3 threads within 24 hours" in finding.summary
