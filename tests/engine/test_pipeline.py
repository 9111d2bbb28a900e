"""A batch is read while the one before it is in Redis, and all comes to what it comes to one batch at a time."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.engine import Engine, ReadBatch
from engine.outcome import Outcome
from engine.pipeline import judge_in_turn
from models.incidents import Incident
from models.records import RawRecord
from state.errors import StateUnavailable
from state.scripts import Shards
from tests.engine.world import World, engine_over, records
from tests.servers import LONG_ENOUGH
from tests.state.conftest import Bench

EVENTS = 120


def cut(events: Sequence[RawRecord], sizes: Sequence[int]) -> list[Sequence[RawRecord]]:
    batches, start = [], 0
    for size in (*sizes, len(events)):
        batches.append(events[start : start + size])
        start += size
    return [batch for batch in batches if batch]


async def in_turn(engine: Engine, batches: Sequence[Sequence[RawRecord]]) -> list[Outcome]:
    return [outcome async for outcome in judge_in_turn(engine, batches)]


def found(outcomes: Sequence[Outcome]) -> list[Incident]:
    return [incident for outcome in outcomes for incident in outcome.incidents]


@settings(max_examples=10)
@given(seed=st.integers(0, 1_000), sizes=st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_reading_ahead_changes_nothing(any_bench: Bench, seed: int, sizes: list[int]) -> None:
    batches = cut(records(World(seed).events(EVENTS)), sizes)
    any_bench.empty()
    engine = engine_over(any_bench.store())
    expected = [any_bench.run(engine.process(batch)) for batch in batches]
    any_bench.empty()
    outcomes = any_bench.run(in_turn(engine_over(any_bench.store()), batches))
    assert found(outcomes) == found(expected)
    assert [one.event_counts for one in outcomes] == [one.event_counts for one in expected]


class OneByOne(Engine):
    """Notes when it begins to judge which batch, and when it has read which."""

    steps: list[str]

    async def read(self, batch: Sequence[RawRecord]) -> ReadBatch:
        read = await super().read(batch)
        self.steps.append(f"read {_number(batch)}")
        return read

    async def judge(self, read: ReadBatch) -> Outcome:
        number = _number([arrival.record for arrival in read.arrivals])
        self.steps.append(f"judge {number}")
        outcome = await super().judge(read)
        self.steps.append(f"judged {number}")
        return outcome


def _number(batch: Sequence[RawRecord]) -> int:
    assert batch[0].source
    return batch[0].source.offset // 10


def test_the_next_batch_is_read_while_redis_has_the_one_before(
    any_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis does not answer before it is: without reading ahead this would wait for ever."""
    batches = cut(records(World(1).events(40)), [10, 10, 10])
    engine = engine_over(any_bench.store())
    engine.__class__ = OneByOne
    steps = engine.__dict__["steps"] = []
    run = Shards.run

    async def run_late(self: Shards, calls: Any) -> Any:
        answers = await run(self, calls)
        async with asyncio.timeout(LONG_ENOUGH):
            while len([step for step in steps if step.startswith("read")]) < min(
                len(batches), len([step for step in steps if step.startswith("judge ")]) + 1
            ):
                await asyncio.sleep(0)
        return answers

    monkeypatch.setattr(Shards, "run", run_late)
    any_bench.run(in_turn(engine, batches))
    judging = [step for step in steps if step.startswith("judge")]
    assert judging == [f"{what} {number}" for number in range(4) for what in ("judge", "judged")]


def test_when_redis_does_not_answer_nothing_is_judged_after_it(
    any_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = cut(records(World(1).events(40)), [10, 10, 10])
    judged: list[Outcome] = []

    async def fail(*_: object) -> None:
        raise StateUnavailable("ConnectionError", "refused")

    async def run() -> None:
        async for outcome in judge_in_turn(engine_over(any_bench.store()), batches):
            judged.append(outcome)
            monkeypatch.setattr(Shards, "run", fail)

    with pytest.raises(StateUnavailable):
        any_bench.run(run())
    assert len(judged) == 1
