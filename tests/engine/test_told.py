"""What moderators are spared, and how they are told of it: caps of a day, and of one event."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.engine import Engine
from models.incidents import Incident
from rules.policy import Policy
from tests.engine.world import START, Event, World, engine_over, process, records, said, strict_policy
from tests.state.conftest import Bench


def with_cap(cap: int) -> Policy:
    policy = strict_policy()
    rules = policy.rules | {"mass_messaging": replace(policy.rules["mass_messaging"], daily_cap=cap)}
    return replace(policy, rules=rules)


def engine(bench: Bench, cap: int, **store: Any) -> Engine:
    return engine_over(bench.store(**store), with_cap(cap))


def mailings(senders: int, each: int = 4) -> list[Event]:
    """Messages of so many accounts to strangers: `strict_policy` allows fewer than two an hour."""
    world = World(1)
    return [
        world.event("message", f"sender-{n}", recipient_ids=[f"{n}-{m}-{i}" for i in range(1 + m)], text=f"{n} {m}")
        | {"occurred_at": START.isoformat()}
        for m in range(each)
        for n in range(senders)
    ]


def told(incidents: list[Incident]) -> dict[str, set[str]]:
    """Modes by subject."""
    modes: dict[str, set[str]] = {}
    for incident in incidents:
        if incident.rule == "mass_messaging":
            modes.setdefault(incident.subject_id, set()).add(incident.mode)
    return modes


@pytest.mark.parametrize("size", [1, 3, 100])
def test_beyond_the_cap_of_the_day_findings_go_into_shadow_and_say_so(any_bench: Bench, size: int) -> None:
    any_bench.empty()
    outcome = process(any_bench, engine(any_bench, 2), records(mailings(4)), size)
    assert told(outcome.incidents) == {
        "sender-0": {"live"},
        "sender-1": {"live"},
        "sender-2": {"shadow"},
        "sender-3": {"shadow"},
    }
    for incident in outcome.incidents:
        marks = [(m.value, m.limit, m.window_seconds) for m in incident.evidence.measurements if m.name == "daily_cap"]
        assert marks == ([(2, 2, 86_400)] if incident.mode == "shadow" else [])
        assert ("(daily_cap)" in incident.summary) == (incident.mode == "shadow")
    assert {i.revision for i in outcome.incidents if i.mode == "shadow"} > {1}  # it goes on, in shadow


def test_how_a_capped_stream_is_cut_and_what_comes_again_does_not_matter(any_bench: Bench) -> None:
    events = records(mailings(5))
    told_then = []
    for size in (1, 7, 100):
        any_bench.empty()
        judge = engine(any_bench, 3)
        first = said(process(any_bench, judge, events, size).incidents)
        assert said(process(any_bench, judge, events, 4).incidents) == first
        told_then.append(first)
    assert told_then[0] == told_then[1] == told_then[2]


def test_a_finding_in_shadow_swallows_no_live_one_of_the_next_day(any_bench: Bench) -> None:
    any_bench.empty()
    judge = engine(any_bench, 1)
    process(any_bench, judge, records(mailings(2)))
    next_day = [
        event | {"event_id": f"{event['event_id']}-2", "occurred_at": "2026-03-03T07:00:00Z"} for event in mailings(2)
    ]
    found = process(any_bench, judge, records([e for e in next_day if e["actor_id"] == "sender-1"])).incidents
    (live,) = {i.incident_id for i in found if i.rule == "mass_messaging" and i.mode == "live"}
    assert told(found) == {"sender-1": {"live"}}
    assert next(i.revision for i in found if i.incident_id == live) == 1


def test_what_is_cut_or_in_shadow_is_counted(any_bench: Bench) -> None:
    any_bench.empty()
    outcome = any_bench.run(engine(any_bench, 2).process(records(mailings(4))))
    assert outcome.shadowed["mass_messaging", "daily_cap"] == sum(
        i.mode == "shadow" and i.rule == "mass_messaging" for i in outcome.incidents
    )


def everything_at_once() -> list[Event]:
    """Messages that break most rules at once."""
    world = World(3)
    text = (
        "I will kill you, you stupid idiot! Buy cheap loans now, 50 % discount, order at https://cheap-loans.example.com/shop "
        "today, only 9.99 EUR! My card is 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00"
    )
    return [
        world.event("message", f"sender-{n % 3}", recipient_ids=[f"v{n}", f"w{n}", "victim"], text=text)
        for n in range(24)
    ]


@pytest.mark.parametrize("size", [1, 100])
def test_one_event_opens_few_incidents_the_gravest_first(any_bench: Bench, size: int) -> None:
    events = records(everything_at_once())
    any_bench.empty()
    most = engine_over(any_bench.store(episodes_per_event=100))
    everything = process(any_bench, most, events, size).incidents
    opened = [sum(i.revision == 1 and i.source == event.source for i in everything) for event in events]
    assert max(opened) > 2
    any_bench.empty()
    judge = engine_over(any_bench.store(episodes_per_event=2))
    outcomes = [any_bench.run(judge.process(events[at : at + size])) for at in range(0, len(events), size)]
    found = [incident for outcome in outcomes for incident in outcome.incidents]
    ranks = ["low", "medium", "high", "critical"]
    for event in events:
        new = [i for i in found if i.revision == 1 and i.source == event.source]
        assert len(new) <= 2
        severities = [ranks.index(i.severity) for i in new]
        assert severities == sorted(severities, reverse=True)
    assert sum(count for outcome in outcomes for count in outcome.cut.values()) > 0
    # what one event may not open the next one does: nothing is hidden for good
    assert {(i.rule, i.subject_id) for i in found} == {(i.rule, i.subject_id) for i in everything}
    again = process(any_bench, judge, events, 4).incidents
    assert said(again) == said(found)
