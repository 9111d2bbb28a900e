"""Sliding windows against an oracle that is slow and obvious."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from state.requests import (
    ACTS,
    RECEIVED,
    Contribution,
    EventName,
    StoredWindow,
    WindowQuery,
    WindowResult,
    WindowUpdate,
)
from state.store import Store
from tests.state.conftest import Bench, measured

SECOND = 1_000_000
OWNERS = ("one", "two")
MEMBERS = tuple("abcdefgh")
SAMPLE = 10

unhurried = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Entry(Struct, frozen=True):
    """What the oracle remembers of one event."""

    number: int
    time: int
    identity: str
    event_id: str
    members: tuple[str, ...]
    note: str


class Oracle:
    """Everything that ever came, numbered as it came; a look tries every stretch there is."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], list[Entry]] = {}
        self._joined: dict[tuple[str, ...], list[tuple[int, tuple[str, ...]]]] = {}
        self._first: dict[tuple[int, str], int] = {}
        self._came = 0

    def measure(self, updates: Sequence[WindowUpdate]) -> list[list[WindowResult]]:
        return [self._observe(update) for update in updates]

    def _observe(self, asked: WindowUpdate) -> list[WindowResult]:
        name = (*asked.window.name, *asked.key)
        kept = self._kept.setdefault(name, [])
        event = (asked.event.time, asked.event.identity)
        for other in asked.merges:
            self._came += 1
            # a repetition comes to know nothing new
            if (*asked.window.name, *other) not in [joined for _, joined in self._joined.setdefault(name, [])]:
                self._joined[name].append((self._came, (*asked.window.name, *other)))
        if asked.recorded and event not in [(entry.time, entry.identity) for entry in kept]:
            self._came += 1
            self._first.setdefault(event, self._came)
            kept.append(Entry(self._came, *event, asked.event.event_id, asked.members, asked.note))
        # an event that comes again sees what had come when it came first
        own = self._first.get(event, self._came)
        return [self._look(self._known(name, own), asked, query) for query in asked.queries]

    def _known(self, name: tuple[str, ...], own: int) -> list[Entry]:
        names = [name]
        for one in names:
            names += [other for number, other in self._joined.get(one, []) if number <= own and other not in names]
        entries = [entry for one in names for entry in self._kept.get(one, []) if entry.number <= own]
        return list(
            {(entry.time, entry.identity): entry for entry in sorted(entries, key=lambda e: -e.number)}.values()
        )

    def _look(self, known: list[Entry], asked: WindowUpdate, query: WindowQuery) -> WindowResult:
        time, distinct = asked.event.time, asked.window.distinct and not asked.window.pairs
        known = [e for e in known if not query.about or query.about in e.members]
        ends = sorted({time} | {e.time for e in known if time < e.time < time + query.length})
        stretches = [[e for e in known if end - query.length < e.time <= end] for end in ends]
        counts = [_count(stretch, distinct=distinct) for stretch in stretches]
        count = max(counts)
        if count < query.sample_from:
            return WindowResult(count)
        fullest = sorted(stretches[counts.index(count)], key=lambda e: (e.time, e.number))
        told = tuple(Contribution(e.time, e.event_id, e.note) for e in fullest)
        return WindowResult(
            count, len(fullest), told[:SAMPLE], told[-SAMPLE:], _members(fullest) if asked.window.named else ()
        )


def _count(entries: list[Entry], *, distinct: bool) -> int:
    return len({m for e in entries for m in e.members}) if distinct else len(entries)


def _members(entries: list[Entry]) -> tuple[str, ...]:
    return tuple(sorted({m for e in entries for m in e.members}))


queries = st.lists(
    st.builds(WindowQuery, st.integers(1, 40).map(lambda s: s * SECOND), st.integers(1, 6)), min_size=1, max_size=3
).map(lambda some: tuple(some))


@st.composite
def updates(draw: st.DrawFn, *, reads: bool = True) -> list[WindowUpdate]:
    """Events in any order, some of them twice. An event adds to one window, and may only read the other of its owner."""
    distinct, named = draw(st.booleans()), draw(st.booleans())
    history, inner = draw(st.sampled_from([ACTS, RECEIVED, "a link"])), draw(st.booleans())
    pairs = not inner and draw(st.booleans())
    events = []
    for number in range(draw(st.integers(1, 25))):
        owner, windows = draw(st.sampled_from(OWNERS)), draw(st.permutations(["requests", "answers"]))
        moment = 1_700_000_000 * SECOND + draw(st.integers(0, 60)) * SECOND
        name = EventName(moment, f"event {number}", f"event {number}", draw(st.sampled_from(["somebody", *OWNERS])))
        event: list[WindowUpdate] = []
        for window, recorded in zip(windows, draw(st.sampled_from([(True, False), (True,), (False,)])), strict=False):
            members = tuple(draw(st.lists(st.sampled_from(MEMBERS), max_size=4))) if recorded else ()
            update = WindowUpdate(
                window=StoredWindow(
                    (window,),
                    history,
                    40 * SECOND,
                    distinct=distinct,
                    named=named and distinct and not pairs,
                    pairs=pairs,
                ),
                key=(owner, "a text") if inner else (owner,),
                event=name,
                members=members if distinct or pairs else (),
                recorded=recorded,
                queries=tuple(
                    replace(query, about=draw(st.sampled_from(MEMBERS))) if pairs else query for query in draw(queries)
                ),
                note=draw(st.sampled_from(["", "a note"])) if recorded else "",
            )
            if recorded or reads:
                event.append(update)
        events.append(event)
    events += [again(event) for event in draw(st.lists(st.sampled_from(events), max_size=10))]
    ordered = draw(st.permutations(events)) if draw(st.booleans()) else events
    return [update for event in ordered for update in event]


def again(observed: list[WindowUpdate]) -> list[WindowUpdate]:
    """What an event adds and asks when it is delivered again."""
    return (
        [replace(one, event=event) for event in (replace(observed[0].event),) for one in observed] if observed else []
    )


def in_batches(store: Store, bench: Bench, some: list[WindowUpdate], sizes: Sequence[int]) -> list[list[WindowResult]]:
    """Measure so many events at a time; what one event observes is never torn apart."""
    events = [list(event) for _, event in groupby(some, key=lambda o: id(o.event))]
    answers, start = [], 0
    for size in (*sizes, len(events)):
        answers += bench.run(measured(store, [o for event in events[start : start + size] for o in event]))
        start += size
    return answers


@pytest.mark.parametrize("shards", [1, 4])
@unhurried
@given(some=updates(), sizes=st.lists(st.integers(1, 9), max_size=10))
def test_every_answer_is_the_oracles(bench: Bench, shards: int, some: list[WindowUpdate], sizes: list[int]) -> None:
    bench.empty()
    answers = in_batches(bench.store(shards=shards, lateness=60), bench, some, sizes)
    assert answers == Oracle().measure(some)


@st.composite
def uniting(draw: st.DrawFn) -> list[WindowUpdate]:
    """Events of three keys, of which one takes in the others now and then; some events come twice, and take in again."""
    distinct, named, together = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    window = StoredWindow(
        ("window",),
        "campaign" if together else ACTS,
        60 * SECOND,
        distinct=distinct,
        named=named and distinct,
        together=together,
    )
    names = [(f"campaign {n}",) if together else ("one", f"campaign {n}") for n in range(3)]
    events = []
    for number in range(draw(st.integers(2, 25))):
        name = draw(st.sampled_from(names))
        asked = WindowUpdate(
            window=window,
            key=name,
            event=EventName(
                1_700_000_000 * SECOND + draw(st.integers(0, 60)) * SECOND,
                draw(st.sampled_from([f"event {number}", "an id of many", "a very long id " * 5])),
                f"event {number}",
                "one",
            ),
            members=tuple(draw(st.lists(st.sampled_from(MEMBERS), max_size=4))) if distinct else (),
            recorded=True,
            queries=draw(queries),
            note=draw(st.sampled_from(["", "a note"])),
        )
        others = tuple(other for other in names if other != name and draw(st.integers(0, 5)) == 0)
        merging = replace(asked, members=(), recorded=False, queries=(), note="", merges=others)
        events.append([merging, asked] if others else [asked])
    events += [again(event) for event in draw(st.lists(st.sampled_from(events), max_size=10))]
    return [update for event in events for update in event]


@pytest.mark.parametrize("shards", [1, 4])
@unhurried
@given(some=uniting(), sizes=st.lists(st.integers(1, 9), max_size=10))
def test_a_window_that_took_in_others_answers_as_if_all_had_been_its_own(
    bench: Bench, shards: int, some: list[WindowUpdate], sizes: list[int]
) -> None:
    bench.empty()
    answers = in_batches(bench.store(shards=shards, lateness=60), bench, some, sizes)
    assert answers == Oracle().measure(some)


LATENESS = 20


@st.composite
def running(draw: st.DrawFn) -> list[WindowUpdate]:
    """Time runs on, far beyond what is retained; events and redeliveries come up to the allowed lateness late."""
    distinct, named = draw(st.booleans()), draw(st.booleans())
    now = 1_700_000_000
    some: list[WindowUpdate] = []
    for number in range(draw(st.integers(30, 120))):
        now += draw(st.integers(0, 4))
        late = draw(st.sampled_from([0, 0, 0, 1, 7, LATENESS]))
        earlier = [old for old in some if old.event.time >= (now - LATENESS) * SECOND]
        if earlier and draw(st.integers(0, 9)) == 0:
            some += again([draw(st.sampled_from(earlier))])
            continue
        members = tuple(draw(st.lists(st.sampled_from(MEMBERS), min_size=1, max_size=3)))
        some.append(
            WindowUpdate(
                window=StoredWindow(("window",), ACTS, 40 * SECOND, distinct=distinct, named=named and distinct),
                key=("one",),
                event=EventName((now - late) * SECOND, f"event {number}", f"event {number}", "one"),
                members=members if distinct else (),
                recorded=True,
                queries=(WindowQuery(15 * SECOND, 3), WindowQuery(40 * SECOND, 6)),
            )
        )
    return some


@unhurried
@given(some=running(), sizes=st.lists(st.integers(1, 40), max_size=10))
def test_trimming_takes_nothing_that_an_allowed_latecomer_needs(
    any_bench: Bench, some: list[WindowUpdate], sizes: list[int]
) -> None:
    any_bench.empty()
    answers = in_batches(any_bench.store(lateness=LATENESS), any_bench, some, sizes)
    assert answers == Oracle().measure(some)


@unhurried
@given(some=updates(reads=False))
def test_a_script_that_ran_without_our_knowing_changes_no_answer(bench: Bench, some: list[WindowUpdate]) -> None:
    bench.empty()
    store = bench.store(lateness=60)
    once = bench.run(measured(store, some))
    left = bench.dump()
    assert bench.run(measured(store, some)) == once
    assert {key: value for key, value in bench.dump().items() if not key.endswith(b":number")} == {
        key: value for key, value in left.items() if not key.endswith(b":number")
    }


def test_an_entry_that_is_too_old_goes(any_bench: Bench) -> None:
    any_bench.empty()
    store = any_bench.store(lateness=60)

    def send(number: int) -> list[list[WindowResult]]:
        return any_bench.run(measured(store, [_event(number, number * 10, (f"m{number}",))]))

    for number in range(200):
        assert send(number)[0][0].count == min(number + 1, 5)
    # 50 s looked back upon and 60 s of lateness are 12 events; what is older goes with the next batch
    assert [len(entries) for entries in histories(any_bench).values()] == [13]


def _event(
    number: int,
    second: int,
    members: tuple[str, ...],
    sample_from: int = 10_001,
    *,
    most: int = 0,
    distinct: bool = True,
) -> WindowUpdate:
    return WindowUpdate(
        window=StoredWindow(("window",), ACTS, 50 * SECOND, most=most, distinct=distinct),
        key=("one",),
        event=EventName((1_700_000_000 + second) * SECOND, f"event {number}", f"event {number}", "one"),
        members=members,
        recorded=True,
        queries=(WindowQuery(50 * SECOND, sample_from),),
    )


def histories(bench: Bench, kind: str = "") -> dict[bytes, list[tuple[bytes, float]]]:
    """The histories in the store, or those of one kind."""
    kinds = [kind] if kind else ["acts", "received", "history"]
    return {key: value for key, value in bench.dump().items() if key.split(b":")[2].decode() in kinds}


@pytest.mark.parametrize("cap", [{"entries_per_history": 800}, {"bytes_per_history": 100_000}])
def test_a_history_holds_no_more_than_its_cap(any_bench: Bench, cap: dict[str, Any]) -> None:
    any_bench.empty()
    store = any_bench.store(**cap)
    counts = []
    for start in range(0, 3_000, 50):
        answers = any_bench.run(measured(store, [_event(n, 0, (f"member {n}",)) for n in range(start, start + 50)]))
        counts.append(answers[-1][0].count)
        [entries] = histories(any_bench).values()
        assert len(entries) <= 900
        assert sum(len(raw) + 60 for raw, _ in entries) < 200_000
    assert max(counts) == counts[20] or counts[-1] >= 700


def test_what_an_actor_does_much_of_pushes_out_nothing_that_is_counted_otherwise(any_bench: Bench) -> None:
    """Nineteen strangers, then so much of other things that the history is full, then the twentieth."""
    any_bench.empty()
    store = any_bench.store(entries_per_history=700)
    posts = StoredWindow(("posts",), ACTS, 50 * SECOND, distinct=False)
    copies = StoredWindow(("copies",), ACTS, 50 * SECOND, distinct=False)

    def junk(number: int) -> WindowUpdate:
        one = _event(number, 1, ())
        return replace(one, window=posts) if number % 2 else replace(one, window=copies, key=("one", f"text {number}"))

    any_bench.run(measured(store, [_event(n, 0, (f"member {n}",)) for n in range(19)]))
    for start in range(100, 3_100, 300):
        any_bench.run(measured(store, [junk(n) for n in range(start, start + 300)]))
    [[last]] = any_bench.run(measured(store, [_event(19, 2, ("member 19",), 20)]))
    assert _counted(last) == (20, False, 20)
    [entries] = histories(any_bench).values()
    assert len(entries) < 1_010


def test_sending_to_a_thousand_at_once_costs_no_more_memory_than_sending_to_one(any_bench: Bench) -> None:
    any_bench.empty()
    store = any_bench.store()
    everybody = [f"member {n}" for n in range(10_000)]
    for number in range(200):
        chosen = tuple(everybody[number % 10 * 1000 :][:1000])
        (answer,) = any_bench.run(measured(store, [_event(number, 0, chosen, sample_from=10)]))
    assert answer[0].count == 10_000
    [key] = histories(any_bench)
    taken = any_bench.run(any_bench.client.memory_usage(key, samples=0))
    assert taken
    assert taken < 1_500_000


def _counted(reading: WindowResult) -> tuple[int, bool, int]:
    return reading.count, reading.at_least, reading.events


def test_what_several_windows_of_an_event_have_in_common_is_kept_once(any_bench: Bench) -> None:
    members = tuple(f"member {n}" for n in range(30))
    one = EventName(1_700_000_000 * SECOND, "an event", "an event", "one")
    sizes = []
    for names in (("first",), ("first", "second", "third")):
        any_bench.empty()
        windows = [StoredWindow((name,), ACTS, 50 * SECOND, most=100 + len(name)) for name in names]
        asked = [
            WindowUpdate(window, ("one",), one, members, True, (WindowQuery(50 * SECOND, 1),), "a note of some length")
            for window in windows
        ]
        found = any_bench.run(measured(any_bench.store(), asked))
        assert [(result.count, result.first[0].note) for [result] in found] == [(30, "a note of some length")] * len(
            names
        )
        [[(entry, _)]] = histories(any_bench).values()
        sizes.append(len(entry))
    assert sizes[1] - sizes[0] <= 2 * 12, "a tag more each, and a tag at the note"


def test_of_one_event_some_members_are_remembered_and_how_many_it_has(any_bench: Bench) -> None:
    any_bench.empty()
    store = any_bench.store()

    def send(number: int, *members: str, sample_from: int = 10) -> WindowResult:
        return any_bench.run(measured(store, [_event(number, number, members, sample_from, most=32)]))[0][0]

    some, others = (tuple(f"{name} {n:04}" for n in range(1_000)) for name in ("one", "another"))
    first = send(1, *some)
    assert _counted(first) == (1_000, False, 1)
    assert [one.event_id for one in first.first] == ["event 1"]
    # the same ones again are no others; what one event has is there for certain, what two have together is not known
    assert _counted(send(2, *reversed(some))) == (1_000, True, 2)
    assert _counted(send(3, *others)) == (1_000, True, 3)
    assert _counted(send(4, "somebody else")) == (1_000, True, 4)
    # what is not asked for evidence is counted as well
    assert send(5, "somebody else", sample_from=10_001) == WindowResult(1_000, at_least=True)
    # and what comes again is answered as it was
    assert send(1, *some) == first
    assert _counted(send(3, *others)) == (1_000, True, 3)
    [entries] = histories(any_bench).values()
    assert len(entries) == 5
    assert sum(len(raw) for raw, _ in entries) < 5 * 400


def test_events_that_name_all_their_members_are_counted_exactly(any_bench: Bench) -> None:
    any_bench.empty()
    store = any_bench.store()
    sent = [_event(n, n, tuple(f"{n}-{m}" for m in range(32)), 10, most=32) for n in range(10)]
    answers = any_bench.run(measured(store, sent))
    assert [_counted(reading) for (reading,) in answers] == [(32 * n, False, n) for n in range(1, 11)]


def test_an_actor_adds_so_many_bytes_a_day_to_others_and_what_is_the_actors_own_goes_on(any_bench: Bench) -> None:
    any_bench.empty()
    store = any_bench.store(shards=1, bytes_per_actor=10_000)
    link = StoredWindow(("link",), "a link", 50 * SECOND)

    def send(number: int, *, key: str = "", day: int = 0, actor: str = "one") -> WindowResult:
        asked = _event(number, day * 86_400 + number, tuple(f"{number}-{n}" for n in range(10)), 10)
        asked = replace(asked, event=replace(asked.event, actor=actor))
        asked = replace(asked, window=link, key=(key,)) if key else asked
        return any_bench.run(measured(store, [asked]))[0][0]

    # alone in its history, each is answered as such, remembered or not
    assert [_counted(send(n, key=f"link {n}")) for n in range(40)] == [(10, False, 1)] * 40
    kept = len(histories(any_bench, "history"))
    assert 10 < kept < 30
    assert [send(100 + n).count for n in range(30)] == [10 * n for n in range(1, 31)]
    assert send(45, key="link 0").count == 20  # is answered with what is there, and not added
    assert send(46, key="link 0").count == 20
    # what comes again is answered as it was, others are not affected, and tomorrow is another day
    assert send(3, key="link 3").count == 10
    assert send(47, key="link 0", actor="two").count == 20
    assert send(48, key="link 0", actor="two").count == 30
    assert send(300, key="tomorrow", day=1).count == 10
    assert len(histories(any_bench, "history")) == kept + 1
    [days] = [value for key, value in any_bench.dump().items() if b":added:" in key and len(value) == 2]
    assert all(0 < int(spent) <= 10_000 for spent in days.values())


def test_what_is_much_takes_several_calls(any_bench: Bench) -> None:
    """Many histories, and long ones: an event that comes again, and only reads some of them, is answered as it was."""
    any_bench.empty()
    store = any_bench.store(bytes_per_history=10_000_000)
    link = StoredWindow(("link",), "a link", 50 * SECOND)

    def batch_of(numbers: range) -> list[list[WindowUpdate]]:
        members = {n: tuple(f"{n}-{m}" for m in range(300)) for n in numbers}
        events = [replace(_event(n, n, members[n], 10), key=(f"owner {n % 30}",)) for n in numbers]
        return [
            [
                one,
                replace(one, window=link, key=("a link",), recorded=one.event.time % 2 == 0),
                replace(one, key=(f"owner {n % 29}",), recorded=False),
            ]
            for n, one in zip(numbers, events, strict=True)
        ]

    def send(events: list[list[WindowUpdate]]) -> tuple[list[list[WindowResult]], int]:
        any_bench.run(any_bench.client.config_resetstat())
        answers = any_bench.run(measured(store, [one for event in events for one in event]))
        return answers, any_bench.run(any_bench.client.info("commandstats"))["cmdstat_evalsha"]["calls"]

    deliveries = [batch_of(range(start, start + 300)) for start in range(0, 1_200, 300)]
    first = [send(events) for events in deliveries]
    assert all(calls > 5 for _, calls in first)  # by what is asked for
    for events, (answers, _) in zip(deliveries, first, strict=True):
        assert send([again(event) for event in events])[0] == answers
    told = sum(len(raw) for entries in histories(any_bench).values() for raw, _ in entries)
    _, calls = send([again(event) for event in deliveries[0][:30]])
    assert told > 2_500_000
    assert calls > 1  # by what there is to tell


def test_one_actor_with_a_crowded_window_cannot_hold_up_the_server(any_bench: Bench) -> None:
    """Redelivered and late, 500 at a time, in a window that is full: the worst that one actor can ask of us."""
    any_bench.empty()
    store = any_bench.store()
    crowd = [_event(n, 0, (f"member {n}", f"member {n + 1}")) for n in range(6_000)]
    for start in range(0, len(crowd), 500):
        any_bench.run(measured(store, crowd[start : start + 500]))
    for some in ([one for n in range(500) for one in again([crowd[-500 + n]])], list(map(_late, crowd[:500]))):
        any_bench.run(any_bench.client.execute_command("CONFIG", "RESETSTAT"))
        any_bench.run(measured(store, some))
        spent = any_bench.run(any_bench.client.info("commandstats"))["cmdstat_evalsha"]["usec"]
        assert spent < 6_000_000, f"the script took {spent} µs"


def _late(update: WindowUpdate) -> WindowUpdate:
    queries = (WindowQuery(50 * SECOND, 20), WindowQuery(40 * SECOND, 35))
    late = replace(update.event, identity="late " + update.event.identity, time=update.event.time - SECOND)
    return replace(update, event=late, queries=queries)
