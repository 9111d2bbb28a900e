"""One declaration of what a rule counts, and judges that read nothing else."""

import pytest
from msgspec import Struct
from msgspec.structs import replace

from models.events import Message
from rules.base import Rule, RuleInput
from rules.contacts import ANSWERED, CONTACT_REQUEST_FLOOD
from rules.measures import Measure, count, declare, distinct, event_as, too_many
from rules.quotas import Duration, Quota, Quotas, number_of
from tests.rules.cases import Anything, context, reading, rule_input

HOUR, DAY = Duration(3600), Duration(86_400)
MESSAGE = context(Message, recipient_ids=("ben",), text="Hello", strangers=("ben",))


class Limits(Struct, frozen=True):
    """Distinct strangers written to, and messages."""

    strangers: Quotas
    messages: Quota


STRANGERS = Measure[Limits](
    "strangers",
    distinct("strangers of a test", on=(Message,), of=lambda context: context.strangers),
    within=lambda limits: limits.strangers,
)
MESSAGES = Measure[Limits](
    "messages", count("messages of a test", on=(Message,)), within=lambda limits: limits.messages
)
TOO_MANY = Rule(
    slug="too_many",
    article=1,
    on=(Message,),
    limits=Limits,
    signals=declare(STRANGERS, MESSAGES),
    judge=too_many(
        (STRANGERS, lambda over: f"Wrote to {number_of(over.result)} strangers within {over.within}."),
        (MESSAGES, lambda over: f"Wrote {number_of(over.result)} messages within {over.within}."),
    ),
)
LIMITS = Limits((Quota(3, HOUR), Quota(9, DAY)), Quota(20, HOUR))


def test_what_is_declared_is_what_the_engine_reads() -> None:
    signals = TOO_MANY.signals(LIMITS)
    assert {name: (one.seconds, one.sample_from) for name, one in signals.items()} == {
        "strangers/1h": (3600, 3),
        "strangers/1d": (86_400, 9),
        "messages": (3600, 20),
    }
    assert list(signals["strangers/1h"].window.entries(MESSAGE)) == [(("anna",), ("ben",))]
    assert list(signals["messages"].window.entries(MESSAGE)) == [(("anna",), ())]


def test_the_quota_that_is_reached_by_most_is_told() -> None:
    found = TOO_MANY.judge(rule_input(MESSAGE, strangers_at_1h=9, strangers_at_1d=9), LIMITS)
    assert found
    assert found.level == 3
    assert found.summary == "Wrote to 9 strangers within 1 hour."
    assert [(one.limit, one.window_seconds) for one in found.measurements] == [(3, 3600), (9, 86_400)]


def test_where_two_quotas_are_reached_alike_the_shorter_window_tells_more() -> None:
    found = STRANGERS.reached(rule_input(MESSAGE, strangers_at_1h=3, strangers_at_1d=9), LIMITS)
    assert found
    assert found.quota.window == HOUR


def test_the_first_measure_that_is_reached_is_told() -> None:
    found = TOO_MANY.judge(rule_input(MESSAGE, strangers_at_1h=2, messages=20), LIMITS)
    assert found
    assert found.summary == "Wrote 20 messages within 1 hour."
    assert not TOO_MANY.judge(rule_input(MESSAGE, strangers_at_1h=2, messages=19), LIMITS)


def test_what_was_not_asked_is_nothing_and_what_is_not_declared_cannot_be_read() -> None:
    assert ANSWERED.of(RuleInput(MESSAGE, "anna", {}, {"answered"})).count == 0
    with pytest.raises(LookupError, match="reads 'answered', which it does not declare"):
        ANSWERED.of(RuleInput(MESSAGE, "anna", {"answered": reading(3)}, {"strangers/1h"}))
    with pytest.raises(LookupError, match="reads 'strangers/1h', which it does not declare"):
        STRANGERS.reached(RuleInput(MESSAGE, "anna", {"strangers/1h": reading(3)}), LIMITS)


def test_an_event_of_another_type_is_told() -> None:
    assert event_as(MESSAGE, Message).recipient_ids == ("ben",)
    with pytest.raises(TypeError, match="found an event of type message, expected a ContactRequest"):
        event_as(MESSAGE, CONTACT_REQUEST_FLOOD.on[0])


def test_of_several_keys_each_has_its_own_count() -> None:
    one = Measure[Limits]("strangers", STRANGERS.window, within=lambda limits: limits.strangers)
    of = RuleInput(MESSAGE, "anna", {"strangers/1h/1": reading(4)}, Anything())
    assert one.of(of, HOUR, number=1).count == 4
    assert one.reached(of, LIMITS, number=1)
    assert not one.reached(of, LIMITS, number=0)


def test_one_window_alone_may_be_asked_and_readings_without_some() -> None:
    of = rule_input(MESSAGE, strangers_at_1h=9, strangers_at_1d=9)
    found = STRANGERS.reached(of, LIMITS, window=DAY)
    assert found and found.level == 1
    assert not STRANGERS.reached(of, LIMITS, window=DAY, but_for=lambda one: replace(one, count=one.count - 1))


def test_what_is_read_beside_is_named_by_its_measures() -> None:
    beside = Measure[Limits](
        "messages beside", MESSAGES.window, within=lambda limits: limits.messages, beside=(STRANGERS,)
    )
    [signal] = beside.signals(LIMITS).values()
    assert [window.name for window in signal.beside] == [STRANGERS.signals(LIMITS)["strangers/1h"].window.name]
