"""What one batch comes to: incidents as the contract has them, dead letters, round trips."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio.connection import AbstractConnection

from engine.engine import Engine
from engine.incidents import claim
from engine.outcome import Outcome
from engine.plan import Plan
from models.decoding import InputLimits, decode_event
from models.incidents import MAX_ACCOMPLICES, MAX_EXCERPT_CHARACTERS, Incident, encode_incident
from models.records import RawRecord, Reason, Source
from rules.base import EventContext, Finding, Rule, RuleInput
from rules.policy import load_policy
from rules.registry import all_rules
from state.requests import WindowResult
from tests.engine.world import COPIED, NOW, START, World, engine_over, process, record, records, said, strict_policy
from tests.state.conftest import Bench
from twinwatch.report import incident_text

TEXT = COPIED[0]


def run(bench: Bench, events: Sequence[dict[str, Any]], size: int | None = None) -> Outcome:
    return process(bench, engine_over(bench.store()), records(events), size)


def of_rule(outcome: Outcome, rule: str) -> list[Incident]:
    return [incident for incident in outcome.incidents if incident.rule == rule]


def test_what_the_platform_puts_into_texts_makes_no_campaign(any_bench: Bench) -> None:
    notice = "You have got a new invitation to a project, open its page to answer it before the end of the month."
    world = World(1)
    notices = [
        world.event(
            "message",
            f"teacher {n}",
            recipient_ids=[f"r{n}"],
            text=f"{notice} " + " ".join(f"{word}{n}" for word in ("school", "garden", "letter", "pupils", "music")),
        )
        for n in range(6)
    ]
    told = []
    for boilerplate in ((), (notice,)):
        any_bench.empty()
        engine = engine_over(any_bench.store(), replace(strict_policy(), boilerplate=boilerplate))
        told.append(of_rule(process(any_bench, engine, records(notices)), "coordinated_campaign"))
    assert told[0]
    assert not told[1]


# --- incidents ---------------------------------------------------------------------------------------------------------


def messages(world: World, count: int, **fields: Any) -> list[dict[str, Any]]:
    return [world.event("message", "sender", recipient_ids=[f"r{n}"], text=f"{n}", **fields) for n in range(count)]


def test_an_incident_says_what_the_contract_asks_for(any_bench: Bench) -> None:
    events = messages(World(1), 2)
    (incident,) = of_rule(run(any_bench, events), "mass_messaging")
    policy = strict_policy()
    assert said([incident]) == [
        {
            "incident_id": incident.incident_id,
            "revision": 1,
            "schema_version": 1,
            "mode": "live",
            "article": 1,
            "rule": "mass_messaging",
            "subject_id": "sender",
            "accomplice_ids": (),
            "accomplice_count": 0,
            "opened_at": _moment(events[0]),
            "occurred_at": _moment(events[1]),
            "detected_at": "2026-06-01T00:00:00Z",
            "severity": "medium",
            "confidence": 0.5,
            "recommended_action": "review",
            "summary": incident.summary,
            "evidence": {
                "event_ids": (events[0]["event_id"], events[1]["event_id"]),
                "measurements": ({"name": "strangers", "value": 2.0, "limit": 2.0, "window_seconds": 3600},),
                "excerpt": "1",
            },
            "prior_incidents": 0,
            "statement": {
                "category": policy.rules["mass_messaging"].statement.category,
                "ground": policy.rules["mass_messaging"].statement.ground,
                "automated_detection": True,
                "automated_decision": False,
            },
            "policy_version": policy.version,
            "source": {"topic": "activity", "partition": 0, "offset": 1},
        }
    ]


def _moment(event: dict[str, Any]) -> str:
    return str(event["occurred_at"]).replace("+00:00", "Z")


def test_detected_at_is_all_that_differs_between_two_runs(any_bench: Bench) -> None:
    events = World(3).events(100)
    first = run(any_bench, events).incidents
    any_bench.empty()
    engine = engine_over(any_bench.store())
    engine._clock = lambda: START + timedelta(days=99)
    second = process(any_bench, engine, records(events)).incidents
    assert first
    assert {i.detected_at for i in first}.isdisjoint(i.detected_at for i in second)
    assert said([replace(i, detected_at=START) for i in first]) == said([replace(i, detected_at=START) for i in second])


def test_a_file_has_no_source(any_bench: Bench) -> None:
    from_file = [RawRecord(r.value) for r in records(messages(World(1), 2))]
    (incident,) = process(any_bench, engine_over(any_bench.store()), from_file).incidents
    assert incident.source is None


def test_a_record_written_twice_is_told_with_its_first_source(any_bench: Bench) -> None:
    """The consumer upserts on the id and the revision, and must not find two of them that differ."""
    first, second = messages(World(1), 2)
    engine = engine_over(any_bench.store())
    told = process(any_bench, engine, [record(first, 1), record(second, 2), record(second, 9)]).incidents
    assert [i.source for i in told] == 2 * [Source(topic="activity", partition=0, offset=2)]
    assert said(told[:1]) == said(told[1:])


def test_evidence_is_the_first_ten_and_the_latest_ten_of_the_episode(any_bench: Bench) -> None:
    events = messages(World(1), 60)
    last = of_rule(run(any_bench, events), "mass_messaging")[-1]
    told_at = next(n for n, event in enumerate(events) if _moment(event) == said([last])[0]["occurred_at"])
    ids = [event["event_id"] for event in events]
    assert list(last.evidence.event_ids) == ids[:10] + ids[told_at - 9 : told_at + 1]


def test_an_excerpt_is_short_and_masked(any_bench: Bench) -> None:
    text = "Write to anna.kovacs@school.example or call +36 30 123 4567. " + 20 * COPIED[0]
    world = World(1)
    events = [world.event("message", "sender", recipient_ids=[f"r{n}"], text=text) for n in range(3)]
    for incident in run(any_bench, events).incidents:
        excerpt = incident.evidence.excerpt
        assert excerpt
        assert len(excerpt) <= MAX_EXCERPT_CHARACTERS
        assert "[e-mail]" in excerpt
        assert "kovacs" not in excerpt
        assert "4567" not in excerpt


def campaign(world: World, *authors: str, **fields: Any) -> list[dict[str, Any]]:
    return [world.event("comment", author, owner_id=f"owner of {author}", text=TEXT, **fields) for author in authors]


def test_a_campaign_names_who_spread_it_and_whose_words_they_are(any_bench: Bench) -> None:
    world = World(1)
    post = world.event("forum_post", "zoe", forum_id="f", thread_id="t", text=TEXT)
    told = of_rule(
        run(any_bench, [post, *campaign(world, "bob", "ann", "bob", "eva", "dan", "cem")], 1), "coordinated_campaign"
    )
    assert {(i.subject_id, i.article) for i in told} == {("bob", 4)}  # spread in comments first
    assert {i.evidence.copied_from for i in told} == {"zoe"}
    assert len({i.incident_id for i in told}) == 1
    assert [i.revision for i in told] == list(range(1, len(told) + 1))
    last = told[-1]
    assert set(last.accomplice_ids) == {"ann", "eva", "dan", "cem"}
    assert last.accomplice_count == 4
    assert last.evidence.campaign_id
    assert last.evidence.similarity == 1.0


def test_accomplices_of_the_day_before_are_not_forgotten(any_bench: Bench) -> None:
    world = World(1)
    events = campaign(world, "a1", "a2", "a3", "a4")
    world._now += timedelta(hours=23)
    events += campaign(world, "b1")
    world._now += timedelta(hours=23)
    events += campaign(world, *(f"c{n}" for n in range(9)))
    told = of_rule(run(any_bench, events), "coordinated_campaign")
    assert len({i.incident_id for i in told}) == 1
    assert told[-1].subject_id == "a2"
    assert {"a3", "a4", "b1", "c0"} <= set(told[-1].accomplice_ids)


def test_of_a_large_campaign_a_hundred_are_named_and_all_are_counted(any_bench: Bench) -> None:
    world = World(1)
    authors = [f"author {n:03}" for n in range(400)]
    last = of_rule(run(any_bench, campaign(world, *authors), 50), "coordinated_campaign")[-1]
    assert (last.evidence.copied_from, last.subject_id) == ("author 000", "author 001")
    assert len(last.accomplice_ids) == MAX_ACCOMPLICES
    assert list(last.accomplice_ids) == authors[2 : MAX_ACCOMPLICES + 2]
    assert 300 < last.accomplice_count < 400  # at its last revision


def test_shadow_findings_say_so(any_bench: Bench) -> None:
    policy = strict_policy()
    rules = policy.rules | {"mass_messaging": replace(policy.rules["mass_messaging"], mode="shadow")}
    engine = engine_over(any_bench.store(), replace(policy, rules=rules))
    incidents = process(any_bench, engine, records(messages(World(1), 2))).incidents
    assert [i.mode for i in incidents] == ["shadow"]


# --- rules that fail ---------------------------------------------------------------------------------------------------


def boom(*_: Any) -> Any:
    raise ZeroDivisionError("a mistake")


def fail_on(actor: str, function: Callable[..., Any], fact_of: Callable[..., EventContext]) -> Callable[..., Any]:
    return lambda *arguments: (boom if fact_of(*arguments).event.actor_id == actor else function)(*arguments)


def _broken_judge(rule: Rule[Any]) -> Rule[Any]:
    return replace(rule, judge=fail_on("unlucky", rule.judge, lambda rule_input, limits: rule_input.context))


def _broken_subjects(rule: Rule[Any]) -> Rule[Any]:
    return replace(rule, subjects=fail_on("unlucky", rule.subjects, lambda context: context))


def _broken_window(part: str) -> Callable[[Rule[Any]], Rule[Any]]:
    def broken(rule: Rule[Any]) -> Rule[Any]:
        made: dict[int, Any] = {}

        def signals(limits: Any) -> Any:
            declared = rule.signals(limits)
            for name, signal in declared.items():
                window = signal.window
                if id(window) not in made:
                    function = fail_on("unlucky", getattr(window, part), lambda context, *_: context)
                    made[id(window)] = replace(window, **{part: function, "name": "broken " + window.name})
                declared[name] = replace(signal, window=made[id(window)])
            return declared

        return replace(rule, signals=signals)

    return broken


def _infinite_level(rule: Rule[Any]) -> Rule[Any]:
    def judge(rule_input: RuleInput, limits: Any) -> Finding | None:
        return Finding(level=float("nan"), measurements=(), summary="", evidence=WindowResult(1))

    return replace(
        rule,
        judge=lambda rule_input, limits: (judge if rule_input.context.event.actor_id == "unlucky" else rule.judge)(
            rule_input, limits
        ),
    )


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (_broken_judge, "ZeroDivisionError: a mistake"),
        (_broken_subjects, "ZeroDivisionError: a mistake"),
        (_broken_window("entries"), "ZeroDivisionError: a mistake"),
        (_broken_window("at"), "ZeroDivisionError: a mistake"),
        (_broken_window("note"), "ZeroDivisionError: a mistake"),
        (_infinite_level, "ValueError: the level of a finding is nan"),
    ],
)
def test_a_rule_that_fails_on_an_event_costs_that_event_only(
    any_bench: Bench, monkeypatch: pytest.MonkeyPatch, how: Callable[[Rule[Any]], Rule[Any]], told: str
) -> None:
    world = World(1)
    # each reaches the limit by itself: where nothing does, no rule is asked
    events = [
        world.event("message", actor, recipient_ids=[f"r{n}/{one}" for one in range(4)], text=TEXT)
        for n in range(4)
        for actor in ("lucky", "unlucky")
    ]
    expected = run(any_bench, events)
    assert ("mass_messaging", "unlucky") in {(i.rule, i.subject_id) for i in expected.incidents}
    any_bench.empty()
    rules = all_rules()
    monkeypatch.setattr("engine.plan.all_rules", lambda: rules | {"mass_messaging": how(rules["mass_messaging"])})
    found = run(any_bench, events)
    # each of the unlucky one's events is put aside once, with the rule and the exception
    assert [(letter.record, letter.reason) for letter in found.dead_letters] == [
        (r, Reason.RULE_ERROR) for r in records(events) if r.key == b"unlucky"
    ]
    assert {letter.detail for letter in found.dead_letters} == {f"rule mass_messaging failed with {told}"}
    # every other finding is made
    lost = [i for i in expected.incidents if (i.rule, i.subject_id) == ("mass_messaging", "unlucky")]
    assert said(found.incidents) == said([i for i in expected.incidents if i not in lost])


def test_an_event_on_which_two_rules_fail_is_one_dead_letter(any_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = all_rules()
    broken = {slug: replace(rules[slug], judge=boom) for slug in ("mass_messaging", "copied_message")}
    monkeypatch.setattr("engine.plan.all_rules", lambda: rules | broken)
    engine = engine_over(any_bench.store())
    event = World(1).event("message", "a", recipient_ids=[f"r{n}" for n in range(4)], text=TEXT)
    outcome = any_bench.run(engine.process([record(event)]))
    (letter,) = outcome.dead_letters
    assert letter.detail == (
        "rule copied_message failed with ZeroDivisionError: a mistake; "
        "rule mass_messaging failed with ZeroDivisionError: a mistake"
    )
    assert outcome.event_counts == {("message", "rule_error"): 1}


def test_records_that_are_no_events_are_dead_letters_among_the_others(any_bench: Bench) -> None:
    good = records(messages(World(1), 2))
    bad = [RawRecord(b"{"), RawRecord(None), RawRecord(b'{"type": "message"}'), RawRecord(b'{"type": "unheard of"}')]
    outcome = any_bench.run(engine_over(any_bench.store()).process([bad[0], good[0], *bad[1:], good[1]]))
    assert [(letter.record, letter.reason) for letter in outcome.dead_letters] == list(
        zip(bad, [Reason.NOT_JSON, Reason.NOT_JSON, Reason.INVALID_FIELD, Reason.UNKNOWN_TYPE], strict=True)
    )
    assert len(outcome.incidents) == 1
    assert outcome.event_counts == {
        ("message", "accepted"): 2,
        ("message", "invalid_field"): 1,
        ("unknown", "not_json"): 2,
        ("unknown", "unknown_type"): 1,
    }


def test_a_verdict_counts_on_its_own_topic_alone(any_bench: Bench) -> None:
    world = World(1)
    engine = Engine(strict_policy(), any_bench.store(), clock=lambda: NOW, topic_prefix="staging.")
    (told,) = process(any_bench, engine, records(messages(world, 2))).incidents

    def word(verdict: str) -> bytes:
        event = world.event("verdict", "eve", incident_id=told.incident_id, verdict=verdict, action="none")
        return json.dumps(event).encode()

    wrong = [
        RawRecord(word("dismissed"), b"k", Source(topic=topic, partition=1, offset=7))
        for topic in (
            "staging.activity.messages",
            "incidents.verdicts",
            "other.incidents.verdicts",
            "staging.incidents",
        )
    ]
    outcome = any_bench.run(engine.process(wrong))
    assert [(letter.record, letter.reason) for letter in outcome.dead_letters] == [
        (one, Reason.WRONG_TOPIC) for one in wrong
    ]
    assert outcome.dead_letters[0].detail == (
        "type: found verdict on staging.activity.messages, expected verdicts on staging.incidents.verdicts alone"
    )
    assert outcome.event_counts == {("verdict", "wrong_topic"): 4}
    assert not outcome.verdict_counts
    right = RawRecord(word("upheld"), b"k", Source(topic="staging.incidents.verdicts", partition=1, offset=7))
    in_a_file = RawRecord(word("upheld"))
    outcome = any_bench.run(engine.process([right, in_a_file]))
    assert outcome.verdict_counts == {("mass_messaging", "upheld", "none"): 2}
    assert not outcome.dead_letters


def test_an_event_that_differs_in_its_words_alone_is_another(any_bench: Bench) -> None:
    """Not even id, time and recipient of something harmless hide a threat, and both orders give the same."""
    harmless = World(1).event("message", "sender", recipient_ids=["victim"], text="See you on Friday")
    threat = harmless | {"text": "I will kill you. I know where you live."}
    for events in ([harmless, threat], [threat, harmless]):
        any_bench.empty()
        outcome = run(any_bench, [*events, *events])
        assert [i.recommended_action for i in of_rule(outcome, "threat")]
        assert len({i.incident_id for i in of_rule(outcome, "threat")}) == 1
        assert len(outcome.incidents) == len({(i.incident_id, i.revision) for i in outcome.incidents}) * 2
        any_bench.empty()
        conflicting = any_bench.run(engine_over(any_bench.store()).process(records([*events, *events]))).conflicting
        assert [source.offset for source in conflicting if source] == [1, 3]


def test_times_are_utc_whatever_offset_the_events_had(any_bench: Bench) -> None:
    events = [event | {"occurred_at": f"2026-03-02T01:0{n}:00+05:30"} for n, event in enumerate(messages(World(1), 2))]
    (incident,) = of_rule(run(any_bench, events), "mass_messaging")
    told = json.loads(encode_incident(incident))
    assert (told["opened_at"], told["occurred_at"]) == ("2026-03-01T19:30:00Z", "2026-03-01T19:31:00Z")
    assert incident_text(incident, with_date=True).plain.startswith("2026-03-01 19:31Z  ")


def test_an_empty_batch_is_no_work(any_bench: Bench) -> None:
    outcome = any_bench.run(engine_over(any_bench.store()).process([]))
    assert (outcome.incidents, outcome.dead_letters, outcome.event_counts) == ([], [], {})


# --- round trips -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [strict_policy, load_policy])
def test_a_batch_takes_few_round_trips_and_its_windows_are_cut_into_short_calls(
    any_bench: Bench, monkeypatch: pytest.MonkeyPatch, policy: Callable[[], Any]
) -> None:
    engine = engine_over(any_bench.store(), policy())
    batch = records(World(1).events(1_000))
    process(any_bench, engine, batch)  # the scripts are loaded once
    any_bench.empty()
    sent = []
    send = AbstractConnection.send_packed_command

    async def counted(connection: AbstractConnection, command: Any, *arguments: Any, **options: Any) -> None:
        sent.append(command)
        await send(connection, command, *arguments, **options)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", counted)
    any_bench.run(any_bench.client.config_resetstat())
    sent.clear()
    outcome = process(any_bench, engine, batch[:500])
    assert outcome.incidents
    assert 3 < len(sent) < 60  # one each, but for windows: those of some twenty events at a time
    stats = any_bench.run(any_bench.client.info("commandstats"))
    # told, used ids, ties, episodes
    assert stats["cmdstat_evalsha"]["calls"] - len(sent) < 100
    sent.clear()
    any_bench.run(engine.process(batch[500:510]))
    # what is like the texts, in three steps, and what they become; recall; windows, and those of campaigns that these ones
    # have taken in; episodes are read, who took part in them, and both written; so is who wrote the texts; then merges are
    # read, in two steps, and written, and whether texts repeat what was upheld
    assert 3 <= len(sent) <= 16


@pytest.mark.parametrize("shards", [1, 3])
def test_a_batch_of_verdicts_takes_few_round_trips_however_many_there_are(
    any_bench: Bench, monkeypatch: pytest.MonkeyPatch, shards: int
) -> None:
    engine, world = engine_over(any_bench.store(shards=shards)), World(1)
    told = process(any_bench, engine, records(world.events(200))).incidents
    verdicts = [
        world.event("verdict", "moderator", incident_id=incident.incident_id, verdict="upheld", action="none")
        for incident in told
    ]
    process(any_bench, engine, records(verdicts))  # the scripts are loaded once
    sent = []
    send = AbstractConnection.send_packed_command

    async def counted(connection: AbstractConnection, command: Any, *arguments: Any, **options: Any) -> None:
        sent.append(command)
        await send(connection, command, *arguments, **options)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", counted)
    outcome = any_bench.run(engine.process(records(verdicts)))
    assert sum(outcome.verdict_counts.values()) == len(verdicts) > 20
    # incidents; what was said of them before, what is said now, how much that is; in the first shard also texts: those of the
    # verdicts, what leads their campaigns, which of these are one, and what is said now of all that
    assert len(sent) <= 4 * shards + 5


def test_what_nobody_remembers_is_counted_and_no_dead_letter(any_bench: Bench) -> None:
    world = World(1)
    verdicts = [
        world.event("verdict", "moderator", incident_id=incident_id, verdict=verdict, action="none")
        for incident_id in ("5a3cbbd8-6b35-5d1a-9f2e-2f7d1c0a9b11", "none", "{s0}:é\n")
        for verdict in ("upheld", "dismissed")
    ]
    outcome = run(any_bench, verdicts)
    assert not outcome.dead_letters
    assert any_bench.run(engine_over(any_bench.store()).process(records(verdicts))).verdict_counts == {
        ("unknown", "upheld", "none"): 3,
        ("unknown", "dismissed", "none"): 3,
    }
    assert all(b":used:" in key for key in any_bench.dump())


def test_a_verdict_on_a_shadow_incident_is_counted_and_changes_nothing(any_bench: Bench) -> None:
    policy = strict_policy()
    rules = policy.rules | {"mass_messaging": replace(policy.rules["mass_messaging"], mode="shadow")}
    engine, world = engine_over(any_bench.store(), replace(policy, rules=rules)), World(1)
    (shadow,) = process(any_bench, engine, records(messages(world, 2))).incidents
    verdict = world.event("verdict", "eve", incident_id=shadow.incident_id, verdict="dismissed", action="none")
    outcome = any_bench.run(engine.process(records([verdict])))
    assert outcome.verdict_counts == {("mass_messaging", "dismissed", "none"): 1}
    assert not [key for key in any_bench.dump() if b":verdicts:" in key]


def test_windows_that_several_rules_share_are_kept_once() -> None:
    plan = Plan(load_policy())
    kept = [signal.kept for rule in plan.rules for signal in rule.signals]
    assert len({(k.window.name, k.exempt) for k in kept}) == len({id(k) for k in kept})


def test_the_incident_id_does_not_depend_on_names_that_run_together() -> None:
    """("a", "bc") and ("ab", "c") are two episodes."""
    plan = next(rule for rule in Plan(load_policy()).rules if rule.rule.slug == "mass_messaging")
    raw = record(World(1).event("message", "a", recipient_ids=["b"], text=""))
    event = decode_event(raw.value, limits=InputLimits(), now=NOW)
    context = EventContext(event=event, time=event.time)

    def identity(subject: str, *episode: str) -> str:
        finding = Finding(level=1, measurements=(), summary="", evidence=WindowResult(1), episode=episode)
        return claim(plan, RuleInput(context, subject, {}), finding, load_policy(), None).incident_id

    assert len({identity("a", "b\nc"), identity("a\nb", "c"), identity("a", "b", "c"), identity("a\nb\nc")}) == 4


# --- what operations are told ------------------------------------------------------------------------------------------


def test_of_each_rule_it_is_told_how_often_it_was_asked_what_it_found_and_whom_a_role_spared(any_bench: Bench) -> None:
    world, engine = World(1), engine_over(any_bench.store())
    roles = engine_roles("mass_messaging")
    asked = messages(world, 4)
    spared = [
        world.event("message", "spared", recipient_ids=[f"s{n}"], text=f"{n}", actor_roles=roles) for n in range(3)
    ]
    outcome = any_bench.run(engine.process(records([*asked, *spared])))
    assert outcome.evaluations["mass_messaging"] == 4
    assert outcome.findings["mass_messaging"] == 3, "from the second stranger on"
    assert outcome.exempted["mass_messaging"] == 3
    assert outcome.rule_seconds.keys() == outcome.evaluations.keys()
    assert 0 < sum(outcome.rule_seconds.values()) <= outcome.stage_seconds["judge"]


def engine_roles(rule: str) -> list[str]:
    """Roles that the rule exempts."""
    roles = sorted(strict_policy().rules[rule].exempt_roles)
    assert roles
    return roles


def test_events_that_come_after_the_allowed_lateness_are_counted(any_bench: Bench) -> None:
    engine = engine_over(any_bench.store())
    lateness = timedelta(seconds=int(strict_policy().memory.allowed_lateness))

    def sent(number: int, *, ago: timedelta) -> RawRecord:
        moment = (NOW - ago).isoformat()
        event = World(1).event("message", "sender", recipient_ids=["r"], text="")
        return record(event | {"event_id": f"e{number}", "occurred_at": moment})

    second = timedelta(seconds=1)
    first = any_bench.run(engine.process([sent(1, ago=2 * lateness), sent(2, ago=second * 0)]))
    assert first.late == 0, "nothing is late that comes in its order"
    assert any_bench.run(engine.process([sent(3, ago=lateness), sent(4, ago=lateness + second)])).late == 1


def test_texts_that_new_ones_are_compared_with_are_counted(any_bench: Bench) -> None:
    store, now = any_bench.store(), int(START.timestamp() * 1_000_000)
    assert any_bench.run(store.campaigns(now)) == 0
    world = World(1)
    texts = [COPIED[0], COPIED[1], COPIED[1], COPIED[2]]
    sent = [world.event("message", f"a{n}", recipient_ids=["r"], text=text) for n, text in enumerate(texts)]
    process(any_bench, engine_over(store), records(sent))
    assert any_bench.run(store.campaigns(now)) == 3
