"""Ids that another event has carried, against an oracle."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.requests import EventName
from state.store import Store
from tests.state.conftest import Bench

DAY = 86_400_000_000
START = 20_500 * DAY

unhurried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

names = st.builds(
    lambda day, event_id, contents: EventName(START + day * DAY, event_id, f"{event_id} {contents} on day {day}"),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 2),
)


def conflicting(bench: Bench, store: Store, events: Sequence[EventName]) -> list[bool]:
    return bench.run(store.recall([], [], events)).conflicting


@pytest.mark.parametrize("shards", [1, 4])
@unhurried
@given(events=st.lists(names, min_size=1, max_size=40), size=st.integers(1, 40))
def test_an_id_belongs_to_the_first_event_that_carried_it(
    bench: Bench, shards: int, events: list[EventName], size: int
) -> None:
    bench.empty()
    store, first = bench.store(shards=shards), dict[tuple[int, str], str]()
    found, expected = [], []
    for event in events:
        day = event.time // DAY
        own = first.setdefault((day, event.event_id), event.identity)
        expected.append(own != event.identity or (day - 1, event.event_id) in first)
    for start in range(0, len(events), size):
        found += conflicting(bench, store, events[start : start + size])
    assert found == expected


def test_who_judges_asks_in_the_same_round_trip(any_bench: Bench) -> None:
    store = any_bench.store(shards=4)
    one, other = EventName(START, "id", "one"), EventName(START, "id", "other")
    assert any_bench.run(store.find(["an incident"], [one])).conflicting == [False]
    assert any_bench.run(store.find(["an incident"], [other, one])).conflicting == [True, False]
    assert any_bench.run(store.find(["an incident"])).conflicting == []


def test_what_comes_again_is_answered_as_before_and_changes_nothing(any_bench: Bench) -> None:
    store = any_bench.store()
    events = [EventName(START, f"id {n % 3}", f"event {n}") for n in range(9)]
    before = conflicting(any_bench, store, events)
    assert before == [False] * 3 + [True] * 6
    left = any_bench.dump()
    assert conflicting(any_bench, store, events[::-1]) == before[::-1]
    assert any_bench.dump() == left


def test_ids_without_end_take_no_memory_without_end(any_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full bucket takes no more: what comes then conflicts with nothing, and is judged like everything else."""
    from state import store as module
    from state.scripts import Script

    small = Script("used")
    small.source = small.source.replace("IN_BUCKET = 4096", "IN_BUCKET = 2")
    small.sha = __import__("hashlib").sha1(small.source.encode(), usedforsecurity=False).hexdigest()
    monkeypatch.setattr(module, "_USED", small)
    store = any_bench.store()
    events = [EventName(START, f"id {n}", f"event {n}") for n in range(5_000)]
    assert not any(conflicting(any_bench, store, events))
    kept = any_bench.dump()
    assert len(kept) == 256
    assert {len(ids) for ids in kept.values()} == {2}
    again = [EventName(START, f"id {n}", f"another {n}") for n in range(5_000)]
    assert sum(conflicting(any_bench, store, again)) == 512
