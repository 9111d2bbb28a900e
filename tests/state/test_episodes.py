"""Episodes: opened once, grown when it matters, told again when the event comes again."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from state.requests import Cut, EpisodeUpdate, EventName, ModeratorVerdict, Revision, Silenced, Terms
from state.store import Store
from tests.state.conftest import Bench

HOUR = 3_600_000_000
GAP = 24 * HOUR

TERMS = Terms(rule="a rule", memo=b"a memo", kept=GAP, record=180 * GAP, silence=14 * GAP, graver=2)

unhurried = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def claim(event: str, time: int = 0, **fields: Any) -> EpisodeUpdate:
    given_: dict[str, Any] = {
        "key": ("episode", "a rule", "somebody"),
        "identity": event,
        "incident_id": f"incident of {event}",
        "time": time,
        "opened": time,
        "level": 1.0,
        "severity": 0,
        "gap": GAP,
        "growth": 1.5,
        "event_ids": (event,),
        "opening": f"opened by {event}".encode(),
        "payload": f"said by {event}".encode(),
        "subject": "somebody",
        "feedback": TERMS,
    }
    return EpisodeUpdate(**given_ | fields)


def revisions(bench: Bench, store: Store, claims: Sequence[EpisodeUpdate]) -> list[Revision | None]:
    """The answers to claims of which nothing has been dismissed or cut."""
    answers = bench.run(store.settle(claims))
    return [answer for answer in answers if not isinstance(answer, Silenced | Cut)]


def settle(bench: Bench, store: Store, *claims: EpisodeUpdate) -> list[tuple[str, int] | None]:
    return [(r.incident_id, r.revision) if r else None for r in revisions(bench, store, claims)]


def test_the_first_finding_opens_an_episode(bench: Bench) -> None:
    first = claim("e1", 5 * HOUR, opened=3 * HOUR, event_ids=("e0", "e1"))
    assert bench.run(bench.store().settle([first])) == [
        Revision("incident of e1", 1, 3 * HOUR, ("e0", "e1"), b"opened by e1", b"said by e1")
    ]


def test_it_grows_by_its_factor_and_by_its_severity(bench: Bench) -> None:
    store = bench.store()
    assert settle(
        bench,
        store,
        claim("e1", 1, level=1.0),
        claim("e2", 2, level=1.49),
        claim("e3", 3, level=1.5),
        claim("e4", 4, level=2.2),
        claim("e5", 5, level=2.2, severity=1),
        claim("e6", 6, level=2.25, severity=1),
        claim("e7", 7, level=1.0, severity=2),
        claim("e8", 8, level=3.375, severity=1),
    ) == [
        ("incident of e1", 1),
        None,
        ("incident of e1", 2),
        None,
        ("incident of e1", 3),  # graver; its level is that of e4's now
        None,
        ("incident of e1", 4),
        ("incident of e1", 5),
    ]


def test_a_tenth_more_is_a_tenth_more_whatever_the_limit(bench: Bench) -> None:
    claims = [claim("e1", 1, level=10 / 3, growth=1.1), claim("e2", 2, level=11 / 3, growth=1.1)]
    assert settle(bench, bench.store(), *claims) == [("incident of e1", 1), ("incident of e1", 2)]


def test_what_opened_it_stays_and_what_made_the_revision_is_said(bench: Bench) -> None:
    store = bench.store()
    settle(bench, store, claim("e1", 1 * HOUR))
    (second,) = bench.run(store.settle([claim("e2", 2 * HOUR, level=2.0, opened=0, subject="another")]))
    assert second == Revision("incident of e1", 2, 1 * HOUR, ("e1", "e2"), b"opened by e1", b"said by e2")


def test_it_is_over_when_nothing_was_found_for_its_gap(bench: Bench) -> None:
    store = bench.store()
    assert settle(
        bench,
        store,
        claim("e1", 0),
        claim("e2", GAP),  # a finding, though nothing worth telling: it goes on
        claim("e3", 2 * GAP),
        claim("e4", 3 * GAP + 1),
    ) == [("incident of e1", 1), None, None, ("incident of e4", 1)]


def test_a_finding_of_an_episode_that_is_over_does_not_make_the_next_one_grow(bench: Bench) -> None:
    """The next one's evidence may well reach back before it, where windows are longer than the gap."""
    store = bench.store()
    settle(bench, store, claim("e1", 0, level=4.0), claim("e2", HOUR, level=4.0))
    assert settle(bench, store, claim("e3", GAP + HOUR + 1, opened=0)) == [("incident of e3", 1)]
    assert settle(bench, store, claim("e2", HOUR, level=4.0)) == [None]


def test_evidence_is_the_first_ten_and_the_latest_ten(bench: Bench) -> None:
    store = bench.store()

    def ids(*numbers: int) -> tuple[str, ...]:
        return tuple(f"e{n}" for n in numbers)

    def told(**fields: Any) -> tuple[str, ...]:
        (revision,) = revisions(bench, store, [claim(**fields)])
        assert revision
        return revision.event_ids

    assert told(event="e3", event_ids=ids(1, 2, 3)) == ids(1, 2, 3)
    assert told(event="e30", level=2, event_ids=ids(*range(1, 11), *range(21, 31))) == ids(
        *range(1, 11), *range(21, 31)
    )
    assert told(event="e90", level=4, event_ids=ids(*range(71, 91))) == ids(*range(1, 11), *range(81, 91))
    assert told(event="e91", level=8, event_ids=ids(5, 90, 91)) == ids(*range(1, 11), 90, 91)


def test_members_are_collected_over_the_whole_episode(bench: Bench) -> None:
    store = bench.store()

    def told(event: str, level: float, *members: str) -> tuple[int, tuple[str, ...]] | None:
        (revision,) = revisions(bench, store, [claim(event, level=level, subject="ann", members=members)])
        return (revision.member_count, revision.members) if revision else None

    assert told("e1", 1, "ann", "bob", "cem") == (2, ("bob", "cem"))
    assert told("e2", 1.2, "dag") is None  # four members are not half as many again as three
    assert told("e3", 2, "eva", "cem") == (4, ("bob", "cem", "dag", "eva"))
    many = tuple(f"member {n:03}" for n in range(300))
    assert told("e4", 4, *many) == (304, ("bob", "cem", "dag", "eva", *many[:96]))


def test_it_grows_by_its_members_too(bench: Bench) -> None:
    """A slow campaign never has many members at a time."""
    store = bench.store()
    days = [("ann", "bob", "cem"), ("ann", "dag"), ("eva",), ("eva", "fay"), ("gil",)]
    claims = [claim(f"e{n}", n * GAP, members=members) for n, members in enumerate(days)]
    assert [r and r.revision for r in revisions(bench, store, claims)] == [1, None, 2, None, None]
    assert [r and r.revision for r in revisions(bench, store, claims)] == [1, None, 2, None, None]


def test_members_of_an_earlier_episode_are_not_of_the_next(bench: Bench) -> None:
    store = bench.store()
    bench.run(store.settle([claim("e1", 0, members=("bob", "cem"))]))
    (revision,) = revisions(bench, store, [claim("e2", GAP + 1, members=("dag", "eva"))])
    assert revision
    assert (revision.member_count, revision.members) == (2, ("dag", "eva"))


def test_a_campaign_of_very_many_is_bounded(any_bench: Bench) -> None:
    store = any_bench.store(members_per_episode=1_000)
    for start in range(0, 5_000, 100):
        members = tuple(f"member {n}" for n in range(start, start + 100))
        any_bench.run(store.settle([claim(f"e{start}", level=1 + start, members=members)]))
    (revision,) = revisions(any_bench, store, [claim("last", level=1e9)])
    assert revision
    assert revision.member_count == 1_000
    assert len(revision.members) == 100


def test_two_rules_may_tell_of_one_event(bench: Bench) -> None:
    store = bench.store()
    one, other = claim("e1"), claim("e1", key=("episode", "another rule", "somebody"), incident_id="another", gap=HOUR)
    first = bench.run(store.settle([one, other]))
    assert bench.run(store.settle([other, one])) == first[::-1]
    recalled = bench.run(store.recall([], [], [EventName(1, one, one) for one in ("e0", "e1")]))
    assert recalled.told[0] == []
    assert sorted(r.incident_id for r in recalled.told[1]) == ["another", "incident of e1"]


@st.composite
def claims(draw: st.DrawFn) -> list[EpisodeUpdate]:
    """Findings in any order of time over some days, of two subjects, some of them again and again."""
    some = [
        claim(
            f"e{number}",
            draw(st.integers(0, 8)) * 8 * HOUR,
            key=("episode", "a rule", draw(st.sampled_from(["ann", "bob"]))),
            level=draw(st.sampled_from([1.0, 1.4, 1.5, 2.0, 4.0])),
            severity=draw(st.integers(0, 2)),
            opened=draw(st.integers(0, 8)) * 8 * HOUR,
            members=tuple(draw(st.lists(st.sampled_from(["ann", "bob", "cem"]), max_size=2, unique=True))),
        )
        for number in range(draw(st.integers(1, 15)))
    ]
    return some + [draw(st.sampled_from(some)) for _ in range(draw(st.integers(0, 15)))]


@pytest.mark.parametrize("shards", [1, 4])
@unhurried
@given(some=claims(), size=st.integers(1, 30), random=st.randoms(use_true_random=False))
def test_an_event_that_comes_again_is_told_what_it_was_told(
    bench: Bench, shards: int, some: list[EpisodeUpdate], size: int, random: Any
) -> None:
    bench.empty()
    store = bench.store(shards=shards)
    random.shuffle(some)
    answers: list[Revision | None] = []
    for start in range(0, len(some), size):
        answers += revisions(bench, store, some[start : start + size])
    told: dict[str, Revision | None] = {}
    for one, answer in zip(some, answers, strict=True):
        assert told.setdefault(one.identity, answer) == answer
    recalled = bench.run(store.recall([], [], [EventName(1, one, one) for one in told]))
    assert recalled.told == [[revision] if revision else [] for revision in told.values()]


@unhurried
@given(some=claims())
def test_revisions_of_an_incident_count_up_from_one(any_bench: Bench, some: Sequence[EpisodeUpdate]) -> None:
    any_bench.empty()
    told = [r for r in revisions(any_bench, any_bench.store(), some) if r]
    incidents: dict[str, list[int]] = {}
    for revision in told:
        numbers = incidents.setdefault(revision.incident_id, [])
        if revision.revision not in numbers:
            numbers.append(revision.revision)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in incidents.values())


def test_it_lasts_as_long_as_its_gap_and_the_longest_downtime(any_bench: Bench) -> None:
    store = any_bench.store(grace=1_000)
    settle(any_bench, store, claim("e1", gap=100_500_000, members=("ann",)))
    for key in any_bench.dump():
        kept = GAP // 1_000_000 if b":incident:" in key else 100.5
        assert kept + 990 < any_bench.run(any_bench.client.ttl(key)) <= kept + 1_001
    # what another claim of the same event was told outlives this one's
    settle(any_bench, store, claim("e1", gap=1, key=("episode", "a fleeting rule")))
    (told,) = (key for key in any_bench.dump() if b":revision:" in key)
    assert any_bench.run(any_bench.client.ttl(told)) > 1_090


def test_claims_may_be_replaced_but_what_was_told_stands(bench: Bench) -> None:
    """The policy changed between the crash and the repetition: the incident that was settled is the one that is told."""
    store = bench.store()
    first = bench.run(store.settle([claim("e1")]))
    assert bench.run(store.settle([replace(claim("e1"), payload=b"otherwise", level=9.0)])) == first


# --- what is told in shadow, and what is not told -----------------------------------------------------------------------


def modes(bench: Bench, store: Store, *claims: EpisodeUpdate) -> list[tuple[str, int, str] | str | None]:
    """Incident, revision and why in shadow; "cut", or None for nothing worth telling."""
    answers = bench.run(store.settle(claims))
    return [
        "cut"
        if isinstance(a, Cut)
        else (a.incident_id, a.revision, a.shadow_reason)
        if isinstance(a, Revision)
        else None
        for a in answers
    ]


def capped(event: str, about: str, time: int = 0, **fields: Any) -> EpisodeUpdate:
    given_ = {
        "key": ("episode", "a rule", about),
        "owner": about,
        "daily_cap": 2,
        "shadow_incident_id": f"shadow of {event}",
    }
    return claim(event, time, **given_ | fields)


def test_a_finding_with_a_reason_is_told_in_shadow_and_swallows_no_live_one(bench: Bench) -> None:
    store = bench.store()
    late = capped("e1", "ann", shadow_reason="a reason")
    assert modes(bench, store, late, capped("e2", "ann", 1), late) == [
        ("shadow of e1", 1, "a reason"),
        ("incident of e2", 1, ""),
        ("shadow of e1", 1, "a reason"),
    ]
    # each goes on by itself; what came in shadow once comes so again, whatever is known by now
    assert modes(bench, store, replace(late, shadow_reason=""), capped("e3", "ann", 2, level=2.0)) == [
        ("shadow of e1", 1, "a reason"),
        ("incident of e2", 2, ""),
    ]
    assert modes(bench, store, capped("e4", "ann", 3, level=3.0, shadow_reason="a reason")) == [
        ("shadow of e1", 2, "a reason")
    ]


def test_a_rule_opens_so_many_live_episodes_on_a_day_of_event_time(bench: Bench) -> None:
    store = bench.store()
    day = [capped("e1", "ann"), capped("e2", "bob", 1), capped("e3", "cem", 2), capped("e4", "dag", 3)]
    expected = [
        ("incident of e1", 1, ""),
        ("incident of e2", 1, ""),
        ("shadow of e3", 1, "daily_cap"),
        ("shadow of e4", 1, "daily_cap"),
    ]
    assert modes(bench, store, *day) == expected
    # what comes again counts once, and what is open goes on
    assert modes(bench, store, *day, capped("e5", "bob", 4, level=2.0)) == [*expected, ("incident of e2", 2, "")]
    # other rules and other days have their own
    other = replace(TERMS, rule="another rule")
    assert modes(bench, store, capped("e6", "dag", 5, key=("episode", "another rule", "dag"), feedback=other)) == [
        ("incident of e6", 1, "")
    ]
    assert modes(bench, store, capped("e7", "cem", GAP, level=1.1)) == [("incident of e7", 1, "")]


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_the_cap_of_a_day_does_not_depend_on_how_claims_are_cut(any_bench: Bench, cut: int) -> None:
    claims = [capped(f"e{n}", f"member {n % 5}", n, level=1.0 + n) for n in range(15)]
    any_bench.empty()
    together = modes(any_bench, any_bench.store(), *claims)
    any_bench.empty()
    store = any_bench.store()
    parts = [one for at in range(0, 15, cut) for one in modes(any_bench, store, *claims[at : at + cut])]
    assert parts == together
    assert len({one[0] for one in together if isinstance(one, tuple) and not one[2]}) == 2


def test_a_dismissed_finding_opens_nothing_and_counts_for_no_cap(any_bench: Bench) -> None:
    store = any_bench.store()
    any_bench.run(store.learn([verdict_on("e0", "ann")]))
    dismissed = capped("e1", "ann", 10, subject="ann", daily_cap=1)
    assert any_bench.run(store.settle([dismissed])) == [Silenced()]
    assert modes(any_bench, store, capped("e2", "bob", 11, daily_cap=1)) == [("incident of e2", 1, "")]


def verdict_on(event: str, subject: str) -> ModeratorVerdict:
    return ModeratorVerdict(f"incident of {event}", subject, 5, "v", False, TERMS.rule, 1, 0, 1, 9.0, False, None)


def of_one_event(number: int, event: str = "e", **fields: Any) -> list[EpisodeUpdate]:
    return [
        claim(event, key=("episode", f"rule {n}", "ann"), incident_id=f"incident {n} of {event}", rank=n, **fields)
        for n in range(number)
    ]


@pytest.mark.parametrize("shards", [1, 4])
def test_an_event_opens_five_episodes_at_most_the_gravest_and_the_same_when_it_comes_again(
    any_bench: Bench, shards: int
) -> None:
    any_bench.empty()
    store = any_bench.store(shards=shards)
    claims = of_one_event(8)
    answers = modes(any_bench, store, *claims)
    assert [a for a in answers if a != "cut"] == [(f"incident {n} of e", 1, "") for n in range(5)]
    assert answers[5:] == ["cut"] * 3
    assert modes(any_bench, store, *claims) == answers
    # a batch that broke off between two shards, or held the event twice
    any_bench.empty()
    modes(any_bench, store, *claims[:3])
    assert modes(any_bench, store, *claims, *claims) == answers * 2


def test_what_only_grows_leaves_room_for_what_is_new(any_bench: Bench) -> None:
    any_bench.empty()
    store = any_bench.store()
    modes(any_bench, store, *of_one_event(8))
    again = modes(any_bench, store, *of_one_event(8, "f", level=2.0, time=1))
    assert again == [(f"incident {n} of e", 2, "") for n in range(5)] + [
        (f"incident {n} of f", 1, "") for n in (5, 6, 7)
    ]


# --- workers at once -----------------------------------------------------------------------------------------------------


def test_what_workers_decide_at_once_is_as_if_they_had_come_one_after_the_other(bench: Bench) -> None:
    """Each reads, decides and writes: who was late reads again, so that no revision and no opening is lost or told twice."""
    one, other = bench.store(), bench.store()

    async def at_once() -> list[list[Revision | Silenced | Cut | None]]:
        grown = [claim(f"e{n}", n, level=float(2**n), members=(f"m{n}",)) for n in range(20)]
        return await asyncio.gather(*((one, other)[n % 2].settle([each]) for n, each in enumerate(grown)))

    told = [answer for answers in bench.run(at_once()) for answer in answers if isinstance(answer, Revision)]
    assert len({revision.incident_id for revision in told}) == 1
    numbers = [revision.revision for revision in told]
    assert sorted(numbers) == list(range(1, len(told) + 1))
    (last,) = revisions(bench, one, [claim("the last", 21, level=float(2**30))])
    assert last is not None
    assert (last.revision, last.member_count) == (len(told) + 1, 20)


def test_a_cap_holds_whoever_opens(bench: Bench) -> None:
    stores = [bench.store(), bench.store()]

    async def at_once() -> list[list[Revision | Silenced | Cut | None]]:
        claims = [
            claim(f"e{n}", n, key=("episode", "a rule", f"somebody {n}"), daily_cap=5, shadow_incident_id=f"shadow {n}")
            for n in range(12)
        ]
        return await asyncio.gather(*(stores[n % 2].settle([each]) for n, each in enumerate(claims)))

    told = [answer for answers in bench.run(at_once()) for answer in answers if isinstance(answer, Revision)]
    assert len(told) == 12
    # each of a store's shards has its share of the cap, rounded up
    assert 4 <= sum(not revision.shadow_reason for revision in told) <= 6
