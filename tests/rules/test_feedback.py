"""What verdicts come to, by the policy: weights, the ladder, silences, what a reporter's word is worth."""

from typing import Any

import pytest
from msgspec.structs import replace

from models.events import Comment, ForumPost, Message
from rules.base import Finding, Rule, RuleInput
from rules.comments import COPIED_COMMENT
from rules.copies import UPHELD_COPIES, with_upheld_copies
from rules.feedback import ACTIONS, Feedback, at_least
from rules.forum import COPIED_POST
from rules.messages import COPIED_MESSAGE, judge_copied_message
from rules.policy import load_policy
from state.requests import Campaign, WindowResult
from tests.rules.cases import context, reading, rule_input

POLICY = load_policy()
FEEDBACK: Feedback = POLICY.feedback


@pytest.mark.parametrize(
    ("strikes", "proposed"),
    [(0, "review"), (1, "review"), (2, "warn"), (5, "warn"), (6, "restrict"), (12, "ban_review")],
)
def test_the_ladder_proposes_more_the_more_there_is(strikes: int, proposed: str) -> None:
    assert at_least("review", strikes, FEEDBACK.ladder) == proposed


def test_the_ladder_never_proposes_less() -> None:
    for action in ACTIONS:
        for strikes in range(20):
            proposed = at_least(action, strikes, FEEDBACK.ladder)
            assert ACTIONS.index(proposed) >= ACTIONS.index(action)
    assert at_least("restrict", 3, ()) == "restrict"


def test_what_a_record_makes_of_a_report() -> None:
    weigh = FEEDBACK.reporters.weight
    assert weigh(0, 0) == 1
    assert weigh(4, 0) == 1.5
    assert weigh(0, 2) == pytest.approx(2 / 3)
    assert weigh(3, 3) == 1
    reach = POLICY.rules["reported_by_members"].limits.reporters[0].reach
    assert 0 < weigh(0, 1_000) < 0.01 < weigh(1_000, 0) < 2 < reach, "nobody alone is a crowd"


def test_a_rule_has_its_own_silence_or_none() -> None:
    assert FEEDBACK.suppression.of("mass_messaging") == FEEDBACK.suppression.usual
    assert FEEDBACK.suppression.of("threat") is None
    own = FEEDBACK.suppression.of("reported_by_members")
    assert own
    assert own.period > FEEDBACK.suppression.usual.period


def test_verdicts_are_kept_as_long_as_any_has_an_effect() -> None:
    assert FEEDBACK.verdicts_kept == max(FEEDBACK.strikes.period, FEEDBACK.reporters.memory)


# --- copies of what was upheld ---------------------------------------------------------------------------------------------

COPIES = [
    (COPIED_MESSAGE, {"cls": Message, "recipient_ids": ("ben",), "text": "x"}),
    (COPIED_COMMENT, {"cls": Comment, "owner_id": "anna", "text": "x"}),
    (COPIED_POST, {"cls": ForumPost, "forum_id": "f", "thread_id": "t", "text": "x"}),
]


def _case(fields: dict[str, Any], copies: int, *, upheld: bool = True, **counts: int | WindowResult) -> RuleInput:
    judged = replace(context(**fields), campaign=Campaign("c", 0.9, upheld=upheld))
    return rule_input(judged, "anna", upheld_copies=reading(copies), **counts)


@pytest.mark.parametrize(("rule", "fields"), COPIES, ids=lambda value: getattr(value, "slug", ""))
def test_one_copy_of_what_was_upheld_is_enough(rule: Rule[Any], fields: dict[str, Any]) -> None:
    found = rule.judge(_case(fields, 1), POLICY.rules[rule.slug].limits)
    assert found
    assert (found.level, found.campaign_id, found.episode) == (1, "c", ("c",))
    assert found.summary == "Repeated a text that was upheld as a breach, 1 time within 24 hours."
    assert not rule.judge(_case(fields, 0), POLICY.rules[rule.slug].limits)
    signals = rule.signals(POLICY.rules[rule.slug].limits)
    assert signals["upheld_copies"].window is UPHELD_COPIES


@pytest.mark.parametrize(("rule", "fields"), COPIES, ids=lambda value: getattr(value, "slug", ""))
def test_of_one_copy_a_person_thinks_first(rule: Rule[Any], fields: dict[str, Any]) -> None:
    once, twice = (rule.judge(_case(fields, copies), POLICY.rules[rule.slug].limits) for copies in (1, 2))
    assert once and once.most_action == "review"
    assert twice and twice.most_action == "ban_review"


def test_only_copies_that_spread_count() -> None:
    (_, message), (_, comment), (_, post) = COPIES
    among_friends, on_the_own_page = _case(message, 1).context, _case(comment | {"owner_id": "anna"}, 1).context
    assert not list(UPHELD_COPIES.entries(among_friends))
    assert on_the_own_page.event.actor_id == "anna"
    assert not list(UPHELD_COPIES.entries(on_the_own_page))
    edit = _case(post | {"replaces": "before"}, 1).context
    assert list(UPHELD_COPIES.entries(edit)) == [(("anna", "c"), ("before",))]


def test_what_the_rule_finds_anyway_is_told_besides() -> None:
    limits = POLICY.rules["copied_message"].limits
    many = _case(COPIES[0][1], 2, recipients_at_1d=40)
    found = judge_copied_message(many, limits)
    assert found
    assert found.level == 5
    assert [one.name for one in found.measurements] == ["recipients", "upheld_copies"]
    assert found.summary.startswith(
        "Repeated a text that was upheld as a breach, 2 times within 24 hours. Sent the same"
    )


def test_only_what_was_upheld_counts() -> None:
    of = replace(_case(COPIES[0][1], 1).context, strangers=("ben",))
    assert list(UPHELD_COPIES.entries(of)) == [(("anna", "c"), (of.event.event_id,))]
    other = _case(COPIES[0][1], 1, upheld=False).context
    assert not list(UPHELD_COPIES.entries(other))
    assert UPHELD_COPIES.at(other, "anna") is None
    finding = Finding(level=1, measurements=(), summary="", evidence=reading(1))
    assert with_upheld_copies(rule_input(other, "anna"), finding) is finding
