"""A verdict over Kafka: what a moderator says changes what the next incident says."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from jsonschema import Draft202012Validator

from agents.topics import REJECTED_VERDICTS
from models.events import ACTIONS
from tests.integration.conftest import NewStage
from tests.integration.stage import Sent, Stage, event
from tests.servers import eventually
from twinwatch.contract import contract_schemas

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def _send_to_strangers(stage: Stage, sender: str, day: int) -> None:
    moment = START + timedelta(days=day)
    stage.send(
        event(
            "activity.messages",
            type="message",
            event_id=f"{sender} {day} {n}",
            occurred_at=(moment + timedelta(minutes=n)).isoformat(),
            actor_id=sender,
            recipient_ids=[f"stranger-{day}-{n}"],
            text=f"{n}",
        )
        for n in range(20)
    )


def _verdict(incident_id: str, day: int, says: str) -> Sent:
    return event(
        "incidents.verdicts",
        type="verdict",
        event_id=f"verdict of day {day} on {incident_id}",
        occurred_at=(START + timedelta(days=day)).isoformat(),
        actor_id="moderator",
        incident_id=incident_id,
        verdict=says,
        action="warned" if says == "upheld" else "none",
    )


def _told_of(stage: Stage, sender: str) -> list[dict[str, Any]]:
    return [incident for incident in stage.incidents() if incident["subject_id"] == sender]


def test_a_verdict_changes_what_the_next_incident_says(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(2)
    worker = stage.start_worker()
    for sender in ("anna", "ben"):
        _send_to_strangers(stage, sender, day=0)
    stage.wait_until_judged()
    (of_anna,), (of_ben,) = _told_of(stage, "anna"), _told_of(stage, "ben")
    assert (of_anna["prior_incidents"], of_anna["recommended_action"]) == (0, "review")

    stage.send(
        [
            _verdict(of_anna["incident_id"], 1, "upheld"),
            _verdict(of_ben["incident_id"], 1, "dismissed"),
            _verdict("what nobody was told", 1, "upheld"),
        ]
    )
    stage.wait_until_judged()
    for sender in ("anna", "ben"):
        _send_to_strangers(stage, sender, day=3)
    stage.wait_until_judged()

    _, again = _told_of(stage, "anna")
    assert again["incident_id"] != of_anna["incident_id"]
    assert (again["prior_incidents"], again["recommended_action"]) == (1, "warn")
    assert again["summary"].endswith("second incident within 180 days, hence warn instead of review.")
    assert _told_of(stage, "ben") == [of_ben]
    assert not stage.dead_letters()

    upheld = {"rule": "mass_messaging", "verdict": "upheld", "action": "warned"}
    expected = {
        _series("twinwatch_verdicts_total", upheld): 1,
        _series("twinwatch_verdicts_total", {"rule": "mass_messaging", "verdict": "dismissed", "action": "none"}): 1,
        _series("twinwatch_verdicts_total", upheld | {"rule": "unknown"}): 1,
        _series("twinwatch_silenced_findings_total", {"rule": "mass_messaging"}): 1,
    }
    eventually(lambda: expected.items() <= worker.metrics().items(), what=f"the worker counts {expected}")


def _series(name: str, labels: dict[str, str]) -> str:
    return f"{name}{dict(sorted(labels.items()))}"


def test_a_verdict_that_cannot_be_used_is_told_to_who_wrote_it(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(2)
    worker = stage.start_worker()
    _send_to_strangers(stage, "anna", day=0)
    stage.wait_until_judged()
    (of_anna,) = _told_of(stage, "anna")

    written = json.loads(_verdict(of_anna["incident_id"], 1, "upheld").value or b"")
    wrong = written | {"event_id": "wrong", "action": "ban_review", "verdict": "perhaps"}
    unknown = written | {"event_id": "unknown", "incident_id": "what nobody was told"}
    stage.send(
        [
            event("incidents.verdicts", **wrong),
            event("incidents.verdicts", **unknown),
            Sent("incidents.verdicts", b"\xff no JSON", b"key"),
            event("activity.messages", **written | {"event_id": "astray"}),
            Sent("activity.messages", b"no verdict and no JSON"),
            event("incidents.verdicts", **written | {"event_id": "right", "action": "warn"}),
        ]
    )
    stage.wait_until_judged()

    messages = stage.read(REJECTED_VERDICTS)
    told = {str(one["event_id"]): one for one in (json.loads(message.value() or b"") for message in messages)}
    schema = Draft202012Validator(contract_schemas()["rejected-verdict"])
    assert [list(schema.iter_errors(one)) for one in told.values()] == [[]] * 4
    assert {name: one["reason"] for name, one in told.items()} == {
        "wrong": "invalid_field",
        "unknown": "unknown_incident",
        "None": "not_json",
        "astray": "wrong_topic",
    }
    assert told["wrong"]["problems"] == [
        {"field": "verdict", "found": "'perhaps'", "expected": "one of dismissed, upheld"},
        {"field": "action", "found": "'ban_review'", "expected": f"one of {', '.join(sorted(ACTIONS))}"},
    ]
    assert told["wrong"]["source"]["topic"] == f"{stage.prefix}incidents.verdicts"
    assert json.loads(told["wrong"]["record"]) == wrong
    (problem,) = told["unknown"]["problems"]
    assert problem["field"] == "incident_id"
    assert "within 180 days" in problem["expected"]
    assert told["None"]["record"] == "\\xff no JSON"
    assert {message.key() for message in messages} == {b"moderator", b"key"}
    assert {dict(message.headers() or [])["reason"] for message in messages} == {
        one["reason"].encode() for one in told.values()
    }
    # an operator sees them, too, with their original bytes; a verdict that is only too late is no bad record
    assert sorted(headers["reason"] for headers, _ in stage.dead_letters()) == [
        b"invalid_field",
        b"not_json",
        b"not_json",
        b"wrong_topic",
    ]
    counted = _series("twinwatch_verdicts_total", {"rule": "mass_messaging", "verdict": "upheld", "action": "warned"})
    eventually(lambda: worker.metrics().get(counted) == 1, what="warn counts as warned")
