"""A batch lets the event loop turn while it is read and judged: heartbeats, health checks and signals wait for it."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from engine import engine as module
from engine.outcome import Outcome
from engine.plan import Pending, RulePlan
from models.records import RawRecord
from rules.policy import load_policy
from tests.engine.world import START, engine_over
from tests.fuzz.costly import COSTLY, costly_text
from tests.state.conftest import Bench

TEXTS = 60


def costly_records() -> list[RawRecord]:
    return [
        RawRecord(
            json.dumps(
                {
                    "type": "message",
                    "event_id": f"event-{number}",
                    "occurred_at": START.isoformat(),
                    "actor_id": f"actor-{number % 3}",
                    "recipient_ids": [f"recipient-{number}"],
                    "text": costly_text(number, COSTLY[number % len(COSTLY)], 3_000),
                }
            ).encode()
        )
        for number in range(TEXTS)
    ]


def test_the_loop_turns_between_all_that_takes_long(any_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = 0
    done: dict[str, Counter[int]] = {name: Counter() for name in ("decoded", "read", "observed", "judged")}

    def counting(name: str, step: Callable[..., Any], weigh: Callable[..., int]) -> Callable[..., Any]:
        def counted(*arguments: Any, **more: Any) -> Any:
            done[name][turn] += weigh(*arguments)
            return step(*arguments, **more)

        return counted

    for name, step, weigh in (
        ("decode_event", "decoded", lambda *_: 1),
        (
            "read_writings",
            "read",
            lambda fields, *_: sum(len(text) for written, _ in fields for text in written if text),
        ),
        ("observe", "observed", lambda *_: 1),
    ):
        monkeypatch.setattr(module, name, counting(step, getattr(module, name), weigh))
    monkeypatch.setattr(Pending, "may_find", lambda *_: True)
    monkeypatch.setattr(RulePlan, "judge", counting("judged", RulePlan.judge, lambda *_: 1))
    monkeypatch.setattr(module, "TURN_SECONDS", 0.0)

    async def run() -> Outcome:
        async def beat() -> None:
            nonlocal turn
            while True:
                turn += 1
                await asyncio.sleep(0)

        beating = asyncio.create_task(beat())
        outcome = await engine_over(any_bench.store(), load_policy()).process(costly_records())
        beating.cancel()
        return outcome

    outcome = any_bench.run(run())
    assert outcome.event_counts == {("message", "accepted"): TEXTS}
    assert done["decoded"].total() == done["observed"].total() == TEXTS
    assert done["judged"].total() > TEXTS
    assert {max(done[name].values()) for name in ("decoded", "observed", "judged")} == {1}
    assert done["read"].total() == TEXTS * 3_000
    assert max(done["read"].values()) <= module.READ_AT_ONCE + 3_000
