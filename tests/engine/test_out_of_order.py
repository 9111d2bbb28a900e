"""What is judged before something that may spare a member was read: never told as if it were certain."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from zlib import crc32

import pytest
from msgspec.structs import replace

from engine.plan import Plan, observe
from models.events import TOPICS
from models.incidents import Incident
from models.records import RawRecord
from rules.base import ACQUAINTING, EventContext
from state.requests import Doubt
from tests.engine.world import START, Event, World, engine_over, last_revisions, process, records, strict_policy
from tests.state.conftest import Bench

TOPIC_OF = {kind.__struct_config__.tag: topic for topic, kinds in TOPICS.items() for kind in kinds}
FRIENDS = 6
"""More than `strict_policy` lets anybody write to strangers."""
FIRST_AMONG_EQUALS = {"coordinated_campaign"}
"""Who of those with one text stands for the campaign: somebody who spread it, whatever the order."""


def found(incidents: Iterable[Incident], mode: str = "live") -> set[tuple[str, str]]:
    return {(i.rule, i.subject_id) for i in incidents if i.mode == mode and i.rule not in FIRST_AMONG_EQUALS}


def without(batch: Iterable[RawRecord], *topics: str) -> list[RawRecord]:
    return [replace(record, without=frozenset(topics)) for record in batch]


def friendship(world: World, name: str) -> tuple[list[Event], list[Event]]:
    """Requests of so many, who are accepted, and the messages to them afterwards."""
    friends = [f"friend-{n} of {name}" for n in range(FRIENDS)]
    accepted = [world.event("contact_request", friend, recipient_id=name) for friend in friends]
    accepted += [world.event("contact_response", name, requester_id=friend, accepted=True) for friend in friends]
    written = [world.event("message", name, recipient_ids=[friend], text="") for friend in friends]
    before, after = (START + timedelta(seconds=seconds) for seconds in (-60, 0))
    return (
        [one | {"occurred_at": before.isoformat()} for one in accepted],
        [one | {"occurred_at": after.isoformat()} for one in written],
    )


def mailing(world: World, name: str, count: int, after: timedelta = timedelta()) -> list[Event]:
    """Messages to so many strangers."""
    moment = (START + after).isoformat()
    return [
        world.event("message", name, recipient_ids=[f"stranger-{n} of {name}"], text="") | {"occurred_at": moment}
        for n in range(count)
    ]


@pytest.mark.parametrize("size", [1, 100])
def test_who_writes_to_friends_whose_answers_were_not_read_is_told_in_shadow_with_the_reason(
    any_bench: Bench, size: int
) -> None:
    any_bench.empty()
    engine = engine_over(any_bench.store())
    accepted, written = friendship(World(1), "anna")
    outcome = process(any_bench, engine, without(records(written), "activity.contact-requests"), size)
    assert found(outcome.incidents, "shadow") == {("mass_messaging", "anna")}
    assert found(outcome.incidents) == set()
    for incident in outcome.incidents:
        assert incident.summary.endswith(
            "Told in shadow: it was judged, or counted, before all was read that may spare the member."
        )
    # in order nobody is told of at all
    any_bench.empty()
    outcome = process(any_bench, engine_over(any_bench.store()), records(accepted + written), size)
    assert outcome.incidents == []


def test_what_was_counted_out_of_order_accuses_nobody_later(any_bench: Bench) -> None:
    any_bench.empty()
    engine = engine_over(any_bench.store())
    accepted, written = friendship(World(1), "anna")
    process(any_bench, engine, without(records(written[:-1]), "activity.contact-requests"))
    process(any_bench, engine, records(accepted))
    # now all is in order again; but with those that were taken for strangers there would be one too many
    outcome = process(any_bench, engine, records([*written[-1:], *mailing(World(2, "later-"), "anna", 1)]))
    assert found(outcome.incidents) == set()
    assert found(outcome.incidents, "shadow") == {("mass_messaging", "anna")}


def test_a_shadow_neither_swallows_nor_numbers_what_is_found_in_order_later(any_bench: Bench) -> None:
    any_bench.empty()
    engine = engine_over(any_bench.store())
    _, written = friendship(World(1), "anna")
    process(any_bench, engine, without(records(written), "activity.contact-requests"))
    reach = timedelta(microseconds=Plan(strict_policy()).doubts_kept)
    late = mailing(World(2, "later-"), "anna", FRIENDS, reach + timedelta(seconds=1))
    outcome = process(any_bench, engine, records(late))
    assert found(outcome.incidents) == {("mass_messaging", "anna")}
    assert {i.mode for i in outcome.incidents} == {"live"}
    assert min(i.revision for i in outcome.incidents) == 1
    any_bench.empty()
    alone = process(any_bench, engine_over(any_bench.store()), records(late))
    assert last_revisions(outcome.incidents) == last_revisions(alone.incidents)


def test_what_could_spare_nobody_may_be_missing(any_bench: Bench) -> None:
    any_bench.empty()
    engine = engine_over(any_bench.store())
    outcome = process(
        any_bench, engine, without(records(mailing(World(1), "anna", FRIENDS)), "activity.media", "activity.profiles")
    )
    assert found(outcome.incidents) == {("mass_messaging", "anna")}


def test_doubts_about_a_topic_are_one_unless_the_earlier_is_over_for_long(any_bench: Bench) -> None:
    any_bench.empty()
    store = any_bench.store()

    def doubted(*doubts: Doubt) -> set[Doubt]:
        return set(any_bench.run(store.recall([], [], [], (), doubts, 1_000)).doubts)

    first = {Doubt("activity.messages", 5_000, 6_000), Doubt("activity.media", 1, 2)}
    assert doubted(*first) == first
    assert doubted() == first
    assert doubted(Doubt("activity.messages", 7_000, 8_000)) == first - {Doubt("activity.messages", 5_000, 6_000)} | {
        Doubt("activity.messages", 5_000, 8_000)
    }
    assert Doubt("activity.messages", 9_001, 9_002) in doubted(Doubt("activity.messages", 9_001, 9_002))
    assert len(doubted()) == 2


def test_every_window_that_counts_strangers_says_what_may_spare_them(
    any_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window that holds something else where its fact knows more people is one that counts strangers."""
    contexts: list[EventContext] = []

    def seen(plan: Plan, context: EventContext, *more: Any) -> Any:
        contexts.append(context)
        return observe(plan, context, *more)

    monkeypatch.setattr("engine.engine.observe", seen)
    any_bench.empty()
    process(any_bench, engine_over(any_bench.store()), records([*World(1).events(200), *advertising(World(2, "ad-"))]))
    counting = {
        kept.window.name
        for kept in Plan(strict_policy()).windows
        for context in contexts
        if context.strangers and isinstance(context.event, kept.window.on)
        if list(kept.window.entries(context)) != list(kept.window.entries(replace(context, strangers=())))
    }
    declared = {
        kept.window.name for kept in Plan(strict_policy()).windows if set(ACQUAINTING) <= set(kept.window.spared_by)
    }
    assert counting == declared
    assert len(counting) >= 6


def advertising(world: World) -> list[Event]:
    text = "Buy our worksheets at https://www.best-worksheets-for-you.com today, only 9.99 euros, order now!"
    remark = "We will try that with class seven"
    return [
        *(
            world.event("message", "seller", recipient_ids=["somebody", "another"], text=written)
            for written in (text, remark)
        ),
        world.event("contact_request", "seller", recipient_id="a third", text=text),
    ]


@pytest.mark.parametrize("topic", ["activity.messages", "activity.invitations", "activity.contact-requests"])
@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_missing_nobody_is_accused_live_who_would_not_be_in_order(
    any_bench: Bench, seed: int, topic: str
) -> None:
    """Half of the partitions of a topic, or all of them, are read after all others; then reading goes on in order."""
    events = World(seed).events(240)
    first, then = events[:160], events[160:]

    def is_late(event: Event) -> bool:
        return TOPIC_OF[event["type"]] == topic and (seed % 2 == 0 or crc32(event["actor_id"].encode()) % 2 == 0)

    any_bench.empty()
    in_order = process(any_bench, engine_over(any_bench.store()), records(events), 20)
    any_bench.empty()
    engine = engine_over(any_bench.store())
    early = without(records(event for event in first if not is_late(event)), topic)
    late = records([*filter(is_late, first), *then])
    out_of_order = process(any_bench, engine, early + late, 20)
    assert found(out_of_order.incidents) <= found(in_order.incidents)
    assert found(out_of_order.incidents, "shadow"), "nothing was in doubt"
