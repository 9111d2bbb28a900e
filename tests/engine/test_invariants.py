"""What must not matter: how the stream is cut, what comes twice, who reads it, what crashed, under which key it is kept."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.engine import Engine
from models.incidents import Incident
from models.records import RawRecord
from state.errors import StateUnavailable
from state.store import Store
from tests.engine.judged import judged_world
from tests.engine.world import COPIED, QuotingWorld, World, engine_over, last_revisions, pairs, process, records, said
from tests.state.conftest import Bench

EVENTS = 120
OWN_EVENTS = {
    "mass_messaging",
    "copied_message",
    "copied_post",
    "copied_comment",
    "project_invitation_flood",
}
"""Rules that judge what one actor did, whatever others do."""

unhurried = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
seeds = st.integers(0, 2**32)


def happenings(bench: Bench, seed: int) -> list[RawRecord]:
    """Verdicts, reports and copies to the letter; or quotations; or copies that were altered."""
    if seed % 3 == 1:
        return records(QuotingWorld(seed).events(EVENTS))
    return judged_world(bench, seed, EVENTS) if seed % 2 else records(World(seed).events(EVENTS))


def undisturbed(bench: Bench, events: list[RawRecord], **store: Any) -> list[Incident]:
    bench.empty()
    outcome = process(bench, engine_over(bench.store(**store)), events)
    assert not outcome.dead_letters
    bench.empty()
    return outcome.incidents


def test_the_world_breaks_most_rules_and_some_more_than_once(any_bench: Bench) -> None:
    """Else nothing here would show anything."""
    incidents = [i for seed in range(5) for i in undisturbed(any_bench, records(World(seed).events(EVENTS)))]
    told = Counter(incident.rule for incident in incidents)
    assert set(told) >= OWN_EVENTS | {
        "duplicate_thread",
        "coordinated_campaign",
        "contact_request_flood",
        "event_invitation_flood",
    }
    assert max(incident.revision for incident in incidents) > 2
    assert len(pairs(incidents)) < len(last_revisions(incidents))  # a second episode


def test_people_have_a_say_in_that_world(any_bench: Bench) -> None:
    """Else nothing here would show anything of verdicts."""
    told, silenced, judged = [], Counter[str](), Counter[tuple[str, str, str]]()
    for seed in range(5):
        events = judged_world(any_bench, seed, EVENTS)
        outcome = any_bench.run(engine_over(any_bench.store()).process(events))
        told += outcome.incidents
        silenced += Counter(outcome.silenced)
        judged += Counter(outcome.verdict_counts)
    assert max(incident.prior_incidents for incident in told) > 1
    assert {"restrict", "ban_review"} <= {incident.recommended_action for incident in told}
    assert any("upheld as a breach" in incident.summary for incident in told)
    assert any("became of their earlier reports" in incident.summary for incident in told)
    assert silenced.total() > 10
    assert {"unknown", "copied_message"} <= {rule for rule, _, _ in judged}


@unhurried
@given(seed=seeds, cuts=st.lists(st.integers(1, 40), max_size=10))
def test_how_the_stream_is_cut_does_not_matter(any_bench: Bench, seed: int, cuts: list[int]) -> None:
    events = happenings(any_bench, seed)
    expected = undisturbed(any_bench, events)
    engine, found, start = engine_over(any_bench.store()), [], 0
    for size in (*cuts, len(events)):
        found += process(any_bench, engine, events[start : start + size]).incidents if start < len(events) else []
        start += size
    assert said(found) == said(expected)


@unhurried
@given(seed=seeds)
def test_one_at_a_time_is_as_good_as_all_at_once(any_bench: Bench, seed: int) -> None:
    events = happenings(any_bench, seed)
    expected = undisturbed(any_bench, events)
    assert said(process(any_bench, engine_over(any_bench.store()), events, 1).incidents) == said(expected)


@unhurried
@given(seed=seeds, shards=st.integers(2, 5))
def test_how_many_shards_there_are_does_not_matter(any_bench: Bench, seed: int, shards: int) -> None:
    events = happenings(any_bench, seed)
    assert said(undisturbed(any_bench, events, shards=shards)) == said(undisturbed(any_bench, events))


@unhurried
@given(seed=seeds)
def test_the_pseudonym_key_does_not_matter(any_bench: Bench, seed: int) -> None:
    # how like altered copies are is estimated from samples that nobody without the key can foretell
    events = records(World(seed, altered=False).events(EVENTS))
    assert said(undisturbed(any_bench, events, secret=b"another")) == said(undisturbed(any_bench, events))


@unhurried
@given(seed=seeds, shards=st.sampled_from([1, 3]))
@example(seed=173_443, shards=1)  # an author shows the own words, which others have written when the event comes again
def test_what_comes_again_is_told_again_and_changes_nothing(any_bench: Bench, seed: int, shards: int) -> None:
    events = happenings(any_bench, seed)
    expected = undisturbed(any_bench, events, shards=shards)
    chance = random.Random(seed)
    disturbed: list[RawRecord] = []
    for number, event in enumerate(events):
        disturbed.append(event)
        if chance.random() < 0.3:
            disturbed += chance.choices(events[: number + 1], k=chance.choice([1, 1, 10]))
    found = process(any_bench, engine_over(any_bench.store(shards=shards)), disturbed, chance.randint(1, 50)).incidents
    known = said(expected)
    assert all(one in known for one in said(found))
    assert last_revisions(found) == last_revisions(expected)
    # and each is told as often as its record came
    came = Counter(event.source.offset for event in disturbed if event.source)
    for one, times in Counter((i.incident_id, i.revision, i.source.offset if i.source else 0) for i in found).items():
        assert times == came[one[2]]


@unhurried
@given(seed=seeds, ids=st.sampled_from([1, 2, 7]), size=st.sampled_from([1, 40, EVENTS]))
def test_ids_that_come_again_with_other_contents_hide_nothing(any_bench: Bench, seed: int, ids: int, size: int) -> None:
    """Whoever uses an id that another has used, or will use, is judged as ever, and so is the other."""
    # no two of them are the same but for their ids
    events = [
        event | {"occurred_at": event["occurred_at"].replace("+00:00", f".{number:06}+00:00")}
        for number, event in enumerate(World(seed).events(EVENTS))
    ]
    expected = undisturbed(any_bench, records(events))
    few = records([event | {"event_id": f"id {number % ids}"} for number, event in enumerate(events)])
    engine = engine_over(any_bench.store())
    outcomes = [any_bench.run(engine.process(few[start : start + size])) for start in range(0, EVENTS, size)]
    found = [incident for outcome in outcomes for incident in outcome.incidents]
    assert list(map(_but_for_ids, said(found))) == list(map(_but_for_ids, said(expected)))
    assert {one["incident_id"]: n for n, one in enumerate(said(found))}.keys() == {i.incident_id for i in found}
    assert len({i.incident_id for i in found}) == len({i.incident_id for i in expected})
    assert sum(len(outcome.conflicting) for outcome in outcomes) == EVENTS - ids
    # the same again is no other contents
    again = [any_bench.run(engine.process(few[start : start + size])) for start in range(0, EVENTS, size)]
    assert said(incident for outcome in again for incident in outcome.incidents) == said(found)


@unhurried
@given(seed=seeds, shards=st.sampled_from([1, 3]), size=st.integers(1, 200))
def test_an_answer_counts_in_either_order_and_only_where_it_was_asked_for(
    any_bench: Bench, seed: int, shards: int, size: int
) -> None:
    """Askers who are welcome and others who are not, with answers read before their questions or after; and forgers."""
    world, chance = World(seed), random.Random(seed)
    pairs_of_events: list[list[dict[str, Any]]] = []
    for number in range(60):
        asker = chance.choice(["welcome", "unwelcome", "host", "bore"])
        guest, target = f"guest-{asker}-{number}", f"evening of {asker}"
        accepted = asker in ("welcome", "host")
        if asker in ("welcome", "unwelcome"):
            question = world.event("contact_request", asker, recipient_id=guest)
            answer = world.event("contact_response", guest, requester_id=asker, accepted=accepted)
        else:
            question = world.event("invitation", asker, kind="event", target_id=target, recipient_ids=[guest])
            answer = world.event("invitation_response", guest, inviter_id=asker, target_id=target, accepted=accepted)
        pairs_of_events.append([question, answer])
    in_order = [event for pair in pairs_of_events for event in pair]
    expected = pairs(undisturbed(any_bench, records(in_order), shards=shards))
    assert ("contact_request_flood", "unwelcome") in expected
    assert ("contact_request_flood", "welcome") not in expected
    either = [event for pair in pairs_of_events for event in chance.sample(pair, 2)]
    assert pairs(undisturbed(any_bench, records(either), shards=shards)) == expected
    for events in (in_order, either):
        forged = []
        for event in events:
            forged.append(event)
            sock, asker = f"sock-{chance.randrange(40)}", chance.choice(["welcome", "host", "unwelcome", "bore"])
            forged += [
                world.event("contact_response", sock, requester_id=asker, accepted=chance.random() < 0.5),
                world.event(
                    "invitation_response",
                    sock,
                    inviter_id=asker,
                    target_id=f"evening of {asker}",
                    accepted=chance.random() < 0.5,
                ),
            ]
        any_bench.empty()
        engine = engine_over(any_bench.store(shards=shards))
        found = process(any_bench, engine, records(forged), size).incidents
        assert pairs(found) == expected
        # and told again, all of it is the same
        assert said(process(any_bench, engine, records(forged), size).incidents) == said(found)


def _but_for_ids(incident: dict[str, Any]) -> dict[str, Any]:
    evidence = {name: value for name, value in incident["evidence"].items() if name not in ("event_ids", "campaign_id")}
    return incident | {"incident_id": None, "evidence": evidence}


@unhurried
@given(seed=seeds)
def test_two_engines_over_members_who_have_nothing_in_common_are_as_good_as_one(any_bench: Bench, seed: int) -> None:
    left = World(seed, "left-", COPIED[:2]).events(EVENTS // 2)
    right = World(seed + 1, "right-", COPIED[2:]).events(EVENTS // 2)
    together = records(sorted(left + right, key=lambda event: str(event["occurred_at"])))
    expected = undisturbed(any_bench, together)
    chance = random.Random(seed)
    parts = [[r for r in together if r.key and r.key.startswith(name)] for name in (b"left", b"right")]
    engines = [engine_over(any_bench.store()), engine_over(any_bench.store())]
    found: list[Incident] = []
    while any(parts):
        which = chance.choice([number for number, part in enumerate(parts) if part])
        size = chance.randint(1, 20)
        found += process(any_bench, engines[which], parts[which][:size]).incidents
        parts[which] = parts[which][size:]
    key = lambda one: (one["incident_id"], one["revision"])  # noqa: E731
    assert sorted(said(found), key=key) == sorted(said(expected), key=key)


@unhurried
@given(seed=seeds)
def test_coming_late_does_not_change_who_is_reported_for_what(any_bench: Bench, seed: int) -> None:
    # which altered copies become one campaign depends on which of them is read first
    events = World(seed, platform_knows=True, altered=False).events(EVENTS)
    expected = undisturbed(any_bench, records(events))
    chance = random.Random(seed)
    # no event is overtaken by one that happened more than two hours, of the six allowed, after it
    late = sorted(events, key=lambda event: _seconds(event) + chance.random() * 7_200)
    found = undisturbed(any_bench, records(late))
    assert {p for p in pairs(found) if p[0] in OWN_EVENTS} == {p for p in pairs(expected) if p[0] in OWN_EVENTS}


def _seconds(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["occurred_at"]).timestamp()


class CrashingStore:
    """A store that fails at the step that it is told to, before or after the server has done it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.salt = store.salt
        self.doomed: tuple[str, bool] | None = None

    def __getattr__(self, name: str) -> Any:
        async def step(*arguments: Any) -> Any:
            if self.doomed == (name, False):
                raise StateUnavailable("Test", "lost before it was sent")
            answer = await getattr(self._store, name)(*arguments)
            if self.doomed == (name, True):
                raise StateUnavailable("Test", "done, and the answer was lost")
            return answer

        return step


STEPS = [None, ("published", False)] + [
    (step, done) for step in ("recall", "measure", "settle", "find", "learn") for done in (False, True)
]


@unhurried
@given(seed=seeds, shards=st.sampled_from([1, 3]))
def test_crashing_anywhere_loses_nothing_and_tells_nothing_else(bench: Bench, seed: int, shards: int) -> None:
    """A worker crashes again and again; another goes on from the last acknowledged record with batches of other sizes."""
    events = happenings(bench, seed)
    expected = undisturbed(bench, events, shards=shards)
    chance = random.Random(seed)
    acknowledged, published = 0, list[Incident]()
    while acknowledged < len(events):
        store = CrashingStore(bench.store(shards=shards))
        engine = Engine.__new__(Engine)
        engine.__dict__ |= engine_over(store).__dict__  # type: ignore[arg-type]
        store.doomed = chance.choice(STEPS)
        batch = events[acknowledged : acknowledged + chance.randint(1, 40)]
        try:
            found = process(bench, engine, batch).incidents
        except StateUnavailable:
            continue
        if store.doomed == ("published", False):
            continue
        published += found
        acknowledged += len(batch)
    assert _by_revision(published) == _by_revision(expected)


def _by_revision(incidents: Sequence[Incident]) -> dict[tuple[str, int], dict[str, Any]]:
    return {(one["incident_id"], one["revision"]): one for one in said(incidents)}


@pytest.mark.parametrize("cut", ["measure", "settle"])
def test_a_crash_between_two_steps_does_not_change_which_record_opened_an_incident(any_bench: Bench, cut: str) -> None:
    world = World(1)
    events = records([world.event("message", "sender", recipient_ids=[f"r{n}"], text=f"{n}") for n in range(30)])
    expected = undisturbed(any_bench, events)
    assert expected[0].revision == 1
    store = CrashingStore(any_bench.store())
    store.doomed = (cut, True)
    engine = engine_over(store)  # type: ignore[arg-type]
    with pytest.raises(StateUnavailable):
        process(any_bench, engine, events)
    store.doomed = None
    assert said(process(any_bench, engine, events).incidents) == said(expected)
