"""Measures in the engine: what is declared is counted, and nothing else can be read."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.engine import Engine
from engine.plan import Plan, observe
from models.decoding import InputLimits, decode_event
from rules.base import NEEDS, EventContext, Finding, Need, RuleInput
from rules.contacts import ANSWERED
from rules.policy import load_policy
from rules.registry import all_rules
from state.histories import Measured
from state.requests import WindowUpdate
from tests.engine.test_out_of_order import advertising
from tests.engine.world import NOW, World, engine_over, process, records, strict_policy
from tests.rules.test_measures import LIMITS, TOO_MANY
from tests.state.conftest import Bench
from text.reading import NOTHING_WRITTEN

STRANGERS = [f"stranger-{n}" for n in range(25)]
"""So many that a message to them is too much by itself."""


def test_the_engine_puts_aside_an_event_whose_rule_reads_what_it_does_not_declare(
    any_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(rule_input: RuleInput, limits: Any) -> None:
        ANSWERED.of(rule_input)

    rules = all_rules()
    careless = replace(rules["mass_messaging"], judge=judge)
    monkeypatch.setattr("engine.plan.all_rules", lambda: rules | {"mass_messaging": careless})
    engine = Engine(load_policy(), any_bench.store())
    event = World(1).event("message", "anna", recipient_ids=STRANGERS, text="Hello")
    (letter,) = process(any_bench, engine, records([event])).dead_letters
    assert letter.detail == (
        "rule mass_messaging failed with LookupError: the rule reads 'answered', which it does not declare"
    )


def test_a_rule_that_is_declared_finds_what_it_counts(any_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """As docs/how-to.md says: a declaration, and an entry in the policy."""
    rules, policy, world = all_rules(), load_policy(), World(1)
    settings = replace(policy.rules["mass_messaging"], limits=LIMITS)
    monkeypatch.setattr("engine.plan.all_rules", lambda: rules | {"too_many": TOO_MANY})
    engine = Engine(replace(policy, rules=policy.rules | {"too_many": settings}), any_bench.store())
    events = [world.event("message", "anna", recipient_ids=[f"s{n}"], text="") for n in range(3)]
    incidents = process(any_bench, engine, records(events)).incidents
    assert [(one.rule, one.subject_id, one.summary) for one in incidents] == [
        ("too_many", "anna", "Wrote to 3 strangers within 1 hour.")
    ]


def test_a_rule_is_asked_only_where_what_it_counts_is_evidence(
    any_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def judge(rule_input: RuleInput, limits: Any) -> Finding | None:
        asked.append(rule_input.context.event.event_id)
        return TOO_MANY.judge(rule_input, limits)

    rules, policy, world = all_rules(), load_policy(), World(1)
    settings = replace(policy.rules["mass_messaging"], limits=LIMITS)
    monkeypatch.setattr("engine.plan.all_rules", lambda: rules | {"too_many": replace(TOO_MANY, judge=judge)})
    engine = Engine(replace(policy, rules=policy.rules | {"too_many": settings}), any_bench.store())
    events = [world.event("message", "anna", recipient_ids=[f"s{n}"], text="") for n in range(3)]
    incidents = process(any_bench, engine, records(events)).incidents
    assert asked == [events[-1]["event_id"]]
    assert [one.rule for one in incidents] == ["too_many"]


def test_what_no_rule_reads_is_not_derived(any_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    derived: list[str] = []
    readings = Measured._readings

    def noted(self: Measured, position: int, one: WindowUpdate) -> Any:
        derived.append(one.window.name[0])
        return readings(self, position, one)

    monkeypatch.setattr(Measured, "_readings", noted)
    event = World(1).event(
        "message", "anna", recipient_ids=STRANGERS, text="Shall we plant the beans with both classes in May?"
    )
    process(any_bench, Engine(load_policy(), any_bench.store()), records([event]))
    assert "strangers messaged by actor" in derived
    assert "strangers a campaign's text was sent to" not in derived, "asked only where enough have written the text"
    assert len(derived) == len(set(derived)), "each once"


_WITHOUT: dict[Need, dict[str, Any]] = {
    "writing": {"writing": NOTHING_WRITTEN},
    "copies": {"campaign": None, "repeated": None},
    "strangers": {"strangers": ()},
    "fellows": {"fellows": ()},
    "answers": {"answers": ()},
}


def contexts_of(bench: Bench, monkeypatch: pytest.MonkeyPatch, events: int) -> list[EventContext]:
    """What the engine makes of so many events, and of some that advertise."""
    seen: list[EventContext] = []

    def noted(plan: Plan, context: EventContext, *more: Any) -> Any:
        seen.extend(context.parts)
        return observe(plan, context, *more)

    monkeypatch.setattr("engine.engine.observe", noted)
    bench.empty()
    process(bench, engine_over(bench.store()), records([*World(1).events(events), *advertising(World(2, "ad-"))]))
    return seen


def test_a_window_is_read_of_who_acts_under_the_key_that_the_event_adds_to_where_it_says_so(
    any_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: set[str] = set()
    windows = [kept.window for kept in Plan(strict_policy()).windows if kept.window.at_own]
    for context in contexts_of(any_bench, monkeypatch, 60):
        for window in windows:
            if isinstance(context.event, window.on) and (entries := list(window.entries(context))):
                assert [window.at(context, context.event.actor_id)] == [key for key, _ in entries], window.name
                read.add(window.history)
    assert {"acts", "campaign", "words"} <= read


def test_an_event_without_what_a_window_needs_adds_nothing_to_it(
    any_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = contexts_of(any_bench, monkeypatch, 200)
    tried: set[Need] = set()
    plan = Plan(strict_policy())
    for need in NEEDS:
        for context in (one for one in seen if need in one.has):
            without = replace(context, **_WITHOUT[need])
            assert without.has == context.has - {need}
            for kept in plan.windows:
                if need in kept.window.needs and isinstance(context.event, kept.window.on):
                    assert not list(kept.window.entries(without))
                    tried |= {need} if list(kept.window.entries(context)) else set()
    assert tried == {"writing", "copies", "strangers", "answers"}  # nobody talks in another's conversation here


def test_a_part_of_an_event_is_judged_by_what_its_other_part_may_add() -> None:
    [raw] = records([World(1).event("message", "anna", recipient_ids=["ben"], text="")])
    text = EventContext(event=decode_event(raw.value, limits=InputLimits(), now=NOW), time=0)
    heading = replace(text, is_heading=True)
    plan = Plan(strict_policy())
    everything = {window.name for window, _ in plan.of((text, heading))[0].windows}
    assert everything > {window.name for window, _ in plan.of((text,))[0].windows}
    assert {plan.rule.slug for plan, _ in plan.of((text,))[0].rules} == {"harassment"}
    assert {"copied_message", "mass_messaging"} < {plan.rule.slug for plan, _ in plan.of((text, heading))[0].rules}
