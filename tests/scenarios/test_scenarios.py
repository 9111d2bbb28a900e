"""Every scenario of every file here: the incidents that it expects and no others, however the stream is cut.

The form of the files is told in `scenario.py`. A new rule needs nothing here: it adds one file.
"""

import asyncio
import json
from datetime import timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from msgspec import Struct
from redis.asyncio import Redis

from engine.engine import Engine
from models.incidents import Incident, encode_incident
from models.records import RawRecord
from rules.policy import Policy, parse_policy
from rules.registry import all_rules
from state.pseudonyms import Pseudonyms
from state.store import Store
from tests.scenarios.scenario import (
    START,
    Expectation,
    Scenario,
    ScenarioError,
    incident_named,
    load,
    on_incident,
)
from twinwatch.contract import contract_schemas

FILES = sorted(Path(__file__).parent.glob("*.yaml"))
SCENARIOS = [scenario for path in FILES for scenario in load(path)]
PACKAGED = files("rules").joinpath("policy.yaml").read_text("utf-8")
INCIDENT_SCHEMA = Draft202012Validator(contract_schemas()["incident"])


class Told(Struct, frozen=True):
    """One revision as it was told, and after how many records."""

    after: int
    incident: Incident

    @property
    def content(self) -> str:
        """All of it but the one field that may differ between two runs."""
        return json.dumps(json.loads(encode_incident(self.incident)) | {"detected_at": None}, sort_keys=True)


@cache
def _policy(changes: str) -> Policy:
    policy = yaml.safe_load(PACKAGED)
    for place, value in json.loads(changes).items():
        *above, last = place.split(".")
        holder = policy if place in policy else policy["rules"]
        for part in above:
            holder = holder[part]
        holder[last] = value
    return parse_policy(yaml.safe_dump(policy))


async def _run(url: str, scenario: Scenario, records: list[RawRecord], size: int, *, again: bool) -> list[Told]:
    """What is told of the scenario's records in batches of `size`; with `again`, of delivering all of them twice. Verdicts
    in `records` that name an incident get its id, where it was told by then.
    """
    policy = _policy(json.dumps(scenario.policy))
    client = Redis.from_url(url)
    try:
        store = Store(
            client,
            Pseudonyms(b"scenarios"),
            namespace=f"scenario-{size}-{again}:",
            limits=policy.store_limits(),
        )
        engine = Engine(policy, store, clock=lambda: START + timedelta(days=400))
        told = await _deliver(engine, records, size)
        if again:
            repeated = await _deliver(engine, records, size)
            assert {one.content for one in repeated} == {one.content for one in told}
        return told
    finally:
        await client.aclose()


async def _deliver(engine: Engine, records: list[RawRecord], size: int) -> list[Told]:
    told: list[Told] = []
    for start in range(0, len(records), size):
        for index in range(start, min(start + size, len(records))):
            if named := incident_named(records[index]):
                ids = [
                    one.incident.incident_id for one in told if (one.incident.rule, one.incident.subject_id) == named
                ]
                assert ids, f"a verdict is on {' of '.join(named)}, which was not told by then"
                records[index] = on_incident(records[index], ids[-1])
        outcome = await engine.process(records[start : start + size])
        assert [letter.detail for letter in outcome.dead_letters] == []
        told += [Told(start + size, incident) for incident in outcome.incidents]
    return told


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario, any_redis_url: str) -> None:
    records = list(scenario.records)
    told = asyncio.run(_run(any_redis_url, scenario, records, 1, again=False))
    _check(scenario, told)
    for size in (7, len(scenario.records)):
        cut = asyncio.run(_run(any_redis_url, scenario, records, size, again=size == 7))
        assert [one.content for one in cut] == [one.content for one in told], f"in batches of {size}"


def _check(scenario: Scenario, told: list[Told]) -> None:
    for one in told:
        INCIDENT_SCHEMA.validate(json.loads(encode_incident(one.incident)))
    latest = {one.incident.incident_id: one.incident for one in told}
    opened_after = {one.incident.incident_id: one.after for one in reversed(told)}
    found = "\n".join(f"  {i.rule} of {i.subject_id}, revision {i.revision}: {i.summary}" for i in latest.values())
    missing = list(latest.values())
    for expectation in scenario.expected:
        matching = [i for i in missing if (i.rule, i.subject_id) == (expectation.rule, expectation.subject)]
        assert matching, f"{expectation.rule} of {expectation.subject} was expected; found\n{found}"
        _compare(expectation, matching[0], opened_after[matching[0].incident_id], found)
        missing.remove(matching[0])
    assert not missing, f"nobody else was expected; found\n{found}"


def _compare(expectation: Expectation, incident: Incident, told_at: int, found: str) -> None:
    actual = {
        "told_at": told_at,
        "revision": incident.revision,
        "article": incident.article,
        "severity": incident.severity,
        "action": incident.recommended_action,
        "mode": incident.mode,
        "accomplices": list(incident.accomplice_ids),
        "accomplice_count": incident.accomplice_count,
        "opened": incident.opened_at,
        "occurred": incident.occurred_at,
        "events": len(incident.evidence.event_ids),
        "summary": incident.summary,
        "confidence": incident.confidence,
        "prior": incident.prior_incidents,
        "copied_from": incident.evidence.copied_from,
    }
    defaults: dict[str, Any] = {"mode": "live"}
    if expectation.rule != "coordinated_campaign":
        defaults["article"] = all_rules()[expectation.rule].article
    expected = defaults | expectation.values
    assert {key: actual[key] for key in expected} == expected, found


def test_every_rule_has_a_scenario_that_finds_and_one_that_does_not() -> None:
    for slug in all_rules():
        of_rule = [scenario for scenario in SCENARIOS if scenario.file == slug]
        assert any(e.rule == slug for scenario in of_rule for e in scenario.expected), f"{slug}.yaml finds nothing"
        assert any(not scenario.expected for scenario in of_rule), f"{slug}.yaml never expects nothing"


def test_names_tell_scenarios_apart() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        ({"message": "anna -> ben", "txt": "x"}, "txt is not understood"),
        ({"mesage": "anna -> ben"}, "is not one event"),
        ({"message": "anna"}, "expected `actor -> others`"),
        ({"profile_update": "anna -> ben"}, "expected `actor`"),
    ],
)
def test_a_scenario_that_is_not_understood_is_refused(event: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "rule.yaml"
    scenario = {"name": "n", "events": [event], "expect": "nothing"}
    path.write_text(yaml.safe_dump({"rule": "mass_messaging", "scenarios": [scenario]}), encoding="utf-8")
    with pytest.raises(ScenarioError, match=complaint):
        load(path)
