"""Texts that cost most, all of them in what one batch may hold: the worker stays up and alive, and judges them all."""

import pytest

from tests.fuzz.costly import COSTLY, costly_text
from tests.integration.conftest import NewStage
from tests.integration.stage import Sent, event
from tests.integration.workload import moment
from tests.servers import eventually

pytestmark = pytest.mark.kafka

RECORDS = 60


def costly_messages() -> list[Sent]:
    """From 15,000 to 53,000 characters each, every piece that the fuzz knows in turn, no two texts the same."""
    return [
        event(
            "activity.messages",
            type="message",
            event_id=f"costly-{number}",
            occurred_at=moment(number),
            actor_id=f"actor-{number % 50}",
            recipient_ids=["anna", "bruno"],
            text=costly_text(number, COSTLY[number % len(COSTLY)], 15_000 + 38_000 * number // RECORDS),
        )
        for number in range(RECORDS)
    ]


def test_the_costliest_texts_end_no_worker_and_hold_up_nothing(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(1)
    stage.send(costly_messages())
    worker = stage.start_worker(ready=False, stall_seconds=25, batch_max_records=RECORDS)
    worker.wait_until_ready()

    def judged() -> bool:
        assert worker.runs, worker.said
        status, body = worker.get("/live")
        assert status == 200, f"{status} {body}\n{worker.said}"
        return worker.judged() == RECORDS

    eventually(judged, what="all are judged", progress=worker.judged)
    stage.wait_until_judged()
    assert stage.dead_letters() == []
    metrics = worker.metrics()
    assert metrics["twinwatch_events_total{'outcome': 'accepted', 'type': 'message'}"] == RECORDS
    assert metrics["twinwatch_batch_size_events_count"] > 3
    assert worker.stop() == 0
