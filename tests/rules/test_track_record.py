"""What follows from words alone: no more than their record proves, and nothing live where it is poor."""

import json
from typing import Any

import pytest
import yaml

import rules.track_record
from engine.incidents import POOR_RECORD, claim
from engine.plan import Plan
from models.events import ForumPost, Message
from rules.conduct import _attacked
from rules.policy import Policy, PolicyError, load_policy, parse_policy
from rules.registry import all_rules
from rules.track_record import (
    RECORDED,
    Heard,
    Record,
    at_most_review,
    parse_heard,
    parse_records,
    track_record,
    written_heard,
    written_records,
)
from state.requests import EpisodeUpdate
from tests.rules.cases import context, rule_input
from text.languages import ListError

RULES = frozenset({"threat", "abusive_language"})


def record(right: int, wrong: int) -> Record:
    return Record(right=right, wrong=wrong, sources=("sample",))


@pytest.mark.parametrize(
    ("right", "wrong", "proven", "poor"),
    [
        (99, 1, True, False),
        (98, 2, False, False),
        (99, 0, False, False),
        (15, 5, False, True),
        (14, 5, False, False),
        (16, 4, False, False),
        (0, 0, False, False),
    ],
)
def test_a_record_proves_or_is_poor_from_enough_findings_on(right: int, wrong: int, proven: bool, poor: bool) -> None:
    assert record(right, wrong).is_proven is proven
    assert record(right, wrong).is_poor is poor


def test_words_alone_come_to_review_until_their_record_proves_more() -> None:
    for unproven in (None, record(98, 2), record(50, 0)):
        assert at_most_review("critical", "restrict", unproven) == ("high", "review")
        assert at_most_review("low", "warn", unproven) == ("low", "review")
    assert at_most_review("critical", "restrict", record(200, 0)) == ("critical", "restrict")


def _claimed(text: str) -> EpisodeUpdate:
    of = context(Message, text=text, recipient_ids=("ben",))
    policy = _strict()
    [plan] = [one for one in Plan(policy).rules if one.rule.slug == "threat"]
    one = rule_input(of, texts=1)
    finding = plan.judge(one)
    assert finding
    return claim(plan, one, finding, policy, None)


def _strict() -> Policy:
    policy = load_policy()
    written: dict[str, Any] = policy.to_builtins()
    written["rules"]["threat"] |= {"severity": "critical", "recommended_action": "restrict", "escalation": []}
    return parse_policy(yaml.safe_dump(written))


def test_a_poor_record_of_a_language_sends_its_findings_into_shadow(monkeypatch: pytest.MonkeyPatch) -> None:
    records = {"threat": {"de": record(10, 10), "fr": record(200, 0)}}
    monkeypatch.setattr(rules.track_record, "track_record", lambda: records)
    german, french = _claimed("Ich werde dich umbringen."), _claimed("Je vais te tuer.")
    assert german.shadow_reason == POOR_RECORD
    assert french.shadow_reason == _claimed("I will kill you.").shadow_reason == ""
    assert b"review" in german.payload and b"restrict" not in german.payload.split(b"strikes")[0][:120]
    assert b"restrict" in french.payload[:120]
    assert b"restrict" not in _claimed("I will kill you.").payload[:120]


@pytest.mark.parametrize(
    ("found", "accused", "short"),
    [(6, 0, False), (5, 0, True), (10, 1, False), (10, 2, True), (0, 0, True)],
)
def test_a_list_falls_short_where_it_hears_too_little_or_accuses_too_many(
    found: int, accused: int, short: bool
) -> None:
    assert Heard(threats=10, found=found, harmless=10, accused=accused).falls_short is short
    assert not Heard(threats=10, found=10, harmless=100, accused=3).falls_short


def test_a_list_that_falls_short_is_told_in_shadow_and_counts_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    part = {"threats": 3, "harmless": 3, "accused": 0}
    good, deaf = Heard(**part, found=3), Heard(**part, found=0)
    counted = {"de": {"tuned": good, "held": deaf}, "fr": {"tuned": good, "held": good}}
    monkeypatch.setattr(rules.track_record, "heard", lambda: counted)
    assert _claimed("Ich werde dich umbringen.").shadow_reason == POOR_RECORD
    assert _claimed("Je vais te tuer.").shadow_reason == _claimed("I will kill you.").shadow_reason == ""
    assert [len(_attackers(text)) for text in ("Ich werde dich umbringen.", "Je vais te tuer.")] == [0, 1]


def _attackers(text: str) -> list[object]:
    return list(_attacked(context(Message, text=text, recipient_ids=("ben",))))


OFFERS = {
    "en": "Buy our worksheets now, only 9.99 € for the whole set! 50% discount until Friday, order at www.sheets-shop.com",
    "de": "Jetzt kaufen: unsere Arbeitsblätter für nur 9,99 €! 50 % Rabatt bis Freitag, bestellen unter www.blatt-shop.com",
}


def _sold(text: str) -> tuple[EpisodeUpdate, list[Any]]:
    policy = load_policy()
    [plan] = [one for one in Plan(policy).rules if one.rule.slug == "commercial_content"]
    one = rule_input(context(ForumPost, text=text, forum_id="f", thread_id="t"), texts=1)
    finding = plan.judge(one)
    assert finding
    told = claim(plan, one, finding, policy, None)
    return told, json.loads(told.payload)


@pytest.mark.parametrize(("language", "words"), [("en", "order at <link>"), ("de", "jetzt kaufen")])
def test_one_text_that_sells_comes_to_review_and_says_by_which_words(language: str, words: str) -> None:
    told, payload = _sold(OFFERS[language])
    assert told.shadow_reason == ""
    assert (payload[3], payload[5]) == ("high", "review")
    assert words in payload[-2]


def test_one_text_comes_to_no_more_whatever_it_sells() -> None:
    _, payload = _sold(
        "Congratulations, you have won a prize of 1000 €! Earn 500 € a day from home! Casino bonus, loans from 2%, fake "
        "diplomas, viagra without prescription: buy now, 50% discount, only today, free gift. WhatsApp +44 7700 900123"
    )
    assert (payload[3], payload[5]) == ("high", "review")


def test_a_poor_record_of_offers_in_a_language_sends_them_into_shadow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules.track_record, "track_record", lambda: {"commercial_content": {"de": record(10, 10)}})
    assert [_sold(OFFERS[language])[0].shadow_reason for language in ("de", "en")] == [POOR_RECORD, ""]


def test_every_rule_by_words_alone_has_a_record() -> None:
    assert {slug for slug, rule in all_rules().items() if rule.words_alone} <= RECORDED <= all_rules().keys()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("xx: {}", "xx: unknown, expected one of ar, az"),
        ("de: {}", "de: found nothing, expected tuned and held"),
        ("de: {tuned: {threats: 1, found: -1, harmless: 0, accused: 0}}", "Expected `int` >= 0"),
        ("de: {tuned: {threats: 1}}", "missing required field `found`"),
    ],
)
def test_a_mistake_in_what_was_heard_is_told_with_its_place(source: str, told: str) -> None:
    with pytest.raises(ListError) as error:
        parse_heard(source)
    assert str(error.value).startswith("rules/heard.yaml: ")
    assert told in str(error.value)


def test_what_was_heard_is_read_as_it_is_written() -> None:
    one = Heard(threats=4, found=3, harmless=2, accused=1)
    assert parse_heard(written_heard({"nb": {"held": one, "tuned": one}})) == {"nb": {"held": one, "tuned": one}}


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("thread: {}", "thread: unknown, expected one of abusive_language, threat"),
        ("threat: {xx: {right: 1, wrong: 0, sources: [a]}}", "threat.xx: unknown, expected one of ar, az"),
        ("threat: {de: {right: -1, wrong: 0, sources: [a]}}", "Expected `int` >= 0"),
        ("threat: {de: {right: 1, wrong: 0, sources: []}}", "Expected `array` of length >= 1"),
    ],
)
def test_a_mistake_in_the_record_is_told_with_its_place(source: str, told: str) -> None:
    with pytest.raises(ListError) as error:
        parse_records(source, RULES)
    assert str(error.value).startswith("rules/track_record.yaml: ")
    assert told in str(error.value)


def test_no_policy_is_loaded_with_a_record_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ListError("rules/track_record.yaml: threat.xx: unknown")

    monkeypatch.setattr("rules.policy.track_record", broken)
    with pytest.raises(PolicyError, match=r"threat\.xx"):
        load_policy()


def test_what_is_written_is_what_is_read() -> None:
    records = {"threat": {"de": record(3, 1), "nb": record(0, 2)}, "abusive_language": {"sh": record(9, 0)}}
    assert parse_records(written_records(records), RULES) == records
    assert parse_records(written_records({}), RULES) == {}
    assert track_record().keys() == RECORDED
