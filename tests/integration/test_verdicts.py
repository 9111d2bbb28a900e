"""A verdict over Kafka: what a moderator says changes what the next incident says."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.conftest import NewStage
from tests.integration.stage import Sent, Stage, event
from tests.servers import eventually

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


def test_a_verdict_changes_what_the_next_incident_says(new_stage: NewStage) -> None:
    stage = new_stage(2)
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
