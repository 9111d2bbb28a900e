"""What a stage is said to work is what it works, whatever others do while it waits."""

import asyncio

import pytest

from engine.engine import Engine
from engine.stopwatch import Stopwatch
from tests.engine.world import NOW, World, records, strict_policy
from tests.state.conftest import Bench


class Hand:
    """A clock that goes when somebody works."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def work(self, seconds: float) -> None:
        self.now += seconds


def test_it_stands_while_others_work() -> None:
    hand = Hand()
    watch = Stopwatch(hand)

    async def work() -> list[float]:
        seen = []
        for _ in range(3):
            hand.work(1)
            seen.append(watch.worked)
            await asyncio.sleep(0)
            seen.append(watch.worked)
        return seen

    async def others() -> None:
        for _ in range(10):
            hand.work(100)
            await asyncio.sleep(0)

    async def run() -> list[float]:
        other = asyncio.create_task(others())
        seen = await watch.run(work())
        await other
        return seen

    assert asyncio.run(run()) == [1, 1, 2, 2, 3, 3]
    assert hand.now == 1_003


def test_a_cancellation_and_an_exception_go_through_it() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.append("cancelled")

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    async def run() -> None:
        async def watched() -> None:
            await Stopwatch(Hand()).run(work())

        task = asyncio.create_task(watched())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(ZeroDivisionError):
            await Stopwatch(Hand()).run(fail())

    asyncio.run(run())
    assert ended == ["cancelled"]


def test_what_others_do_meanwhile_is_no_work_of_a_batch(any_bench: Bench) -> None:
    hand = Hand()
    engine = Engine(strict_policy(), any_bench.store(), clock=lambda: NOW, timer=hand)

    async def run() -> tuple[dict[str, float], dict[str, float]]:
        async def others() -> None:
            while True:
                hand.work(1)
                await asyncio.sleep(0)

        other = asyncio.create_task(others())
        outcome = await engine.process(records(World(1).events(50)))
        other.cancel()
        return outcome.stage_seconds, outcome.wait_seconds

    worked, waited = any_bench.run(run())
    assert set(worked.values()) == {0.0}
    assert waited["recall"] > 0 and waited["settle"] > 0
    assert waited["decode"] == 0.0
