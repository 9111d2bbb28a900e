"""A worker whose clock is ten minutes slow: it says so and waits; wrong events stay dead letters."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.conftest import NewStage
from tests.integration.stage import Sent, event
from tests.servers import eventually


def live(actor: str, count: int, *, ahead: timedelta = timedelta()) -> Iterator[Sent]:
    """One member copies a message to so many strangers, at this moment or ahead of it."""
    for number in range(count):
        yield event(
            "activity.messages",
            type="message",
            event_id=f"{actor}-{number}",
            occurred_at=(datetime.now(UTC) + ahead).isoformat(),
            actor_id=actor,
            recipient_ids=[f"stranger-of-{actor}-{number}"],
            text=f"Dear colleague, {actor} invites your school to a wonderful project about bees and honey!",
        )


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """How many seconds slow the clock of a worker with the fault `slow_clock` is."""
    path = tmp_path / "clock"
    monkeypatch.setenv("SLOW_CLOCK", str(path))
    return path


def set_slow(clock: Path, seconds: int) -> None:
    """At once, for the worker reads the file again and again and must find it neither empty nor gone."""
    written = clock.with_suffix(".new")
    written.write_text(str(seconds))
    written.replace(clock)


def test_a_worker_with_a_slow_clock_waits_and_loses_nothing(new_genuine_stage: NewStage, clock: Path) -> None:
    stage = new_genuine_stage(2)
    set_slow(clock, 600)
    stage.send(live("past", 9, ahead=timedelta(hours=-1)))
    worker = stage.start_worker(fault="slow_clock", stall_seconds=10)
    eventually(lambda: {s for _, s, _ in stage.found().values()} == {"past"}, what="what is past is judged")
    for actor in ("anna", "bruno"):
        stage.send(live(actor, 9))
    eventually(
        lambda: any("this machine's clock is " in reason for reason in worker.reasons("/ready")),
        what="it says that its clock is wrong",
    )
    assert worker.get("/ready")[0] == 503
    assert worker.metrics()["twinwatch_clock_behind_seconds"] == pytest.approx(600, abs=60)
    stage.send(live("carla", 9))
    time.sleep(15)  # longer than it may stand still without a reason
    assert worker.runs
    assert worker.get("/live")[0] == 200
    assert worker.judged() == 9
    assert stage.dead_letters() == []

    set_slow(clock, 0)
    everybody = {"past", "anna", "bruno", "carla"}
    eventually(lambda: {s for _, s, _ in stage.found().values()} == everybody, what="all is judged")
    stage.wait_until_judged()
    eventually(lambda: worker.get("/ready")[0] == 200, what="it is ready")
    assert worker.metrics()["twinwatch_clock_behind_seconds"] == 0
    assert stage.dead_letters() == []
    assert worker.said.count("this machine's clock is") == 1


def test_many_wrong_events_are_dead_letters_and_stop_nobody(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(2)
    worker = stage.start_worker()
    stage.send(record for n in range(20) for record in live(f"mallory-{n}", 5, ahead=timedelta(minutes=10)))
    stage.send(live("anna", 9))
    eventually(lambda: {s for _, s, _ in stage.found().values()} == {"anna"}, what="the good ones are judged")
    stage.wait_until_judged()
    assert {headers["reason"] for headers, _ in stage.dead_letters()} == {b"future_timestamp"}
    assert len(stage.dead_letters()) == 100
    assert worker.get("/ready")[0] == 200
