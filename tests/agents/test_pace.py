"""How far a worker may read while others are behind."""

import asyncio

import pytest

from agents.metrics import Metrics
from agents.pace import HELD_SECONDS, LEAD_SECONDS, LIFETIME_SECONDS, SETTLE_SECONDS, STUCK_SECONDS, Pace
from state.errors import StateUnavailable
from tests.agents.helpers import Clock, gauges, health

LEAD = LEAD_SECONDS * 1_000_000
P = ("activity.messages", 0)


class Group:
    """One worker and what it hears of the others."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.health = health(self.clock)
        self.metrics = Metrics()
        self.others: int | None = None
        self.out = False
        self.told: list[int | None] = []
        self.pace = Pace(self._share, health=self.health, metrics=self.metrics, clock=self.clock)

    async def _share(self, worker: str, reached: int | None, lifetime: int) -> int | None:
        if self.out:
            raise StateUnavailable("TimeoutError", "")
        self.told.append(reached)
        return self.others

    def tell(self, reached: int | None, seconds: float = 0.0) -> int | None:
        """Tell, and how far it may read so many seconds later."""
        asyncio.run(self.pace.tell(reached))
        self.clock.now += seconds
        return self.pace.until()


@pytest.fixture
def group() -> Group:
    return Group()


def test_it_judges_nothing_before_the_others_had_time_to_tell(group: Group) -> None:
    assert group.pace.until() == 0
    assert group.tell(7, SETTLE_SECONDS / 2) == 0
    assert group.tell(7, SETTLE_SECONDS) is None
    group.pace.restart()
    assert group.pace.until() == 0


def test_it_stays_near_the_slowest(group: Group) -> None:
    group.others = 5_000_000
    group.tell(7, SETTLE_SECONDS)
    assert group.tell(7) == 5_000_000 + LEAD
    group.others = None
    assert group.tell(7) is None
    assert group.told == [7, 7, 7]


def test_who_waits_for_others_is_not_idle_and_shows_it(group: Group) -> None:
    group.health.assign(frozenset([P]))
    group.others = 1
    group.tell(2 * LEAD, SETTLE_SECONDS)
    for _ in range(40):
        group.others += 1
        group.tell(2 * LEAD, 1)
    assert group.health.why_dead() == []
    assert gauges(group.metrics)["twinwatch_held_back_seconds"] == 40
    group.others = LEAD
    group.tell(2 * LEAD)
    assert gauges(group.metrics)["twinwatch_held_back_seconds"] == 0


def test_others_that_do_not_move_are_not_waited_for_for_long(group: Group) -> None:
    group.others = 1
    group.tell(2 * LEAD, STUCK_SECONDS - 1)
    assert group.tell(2 * LEAD) == 1 + LEAD
    assert group.tell(2 * LEAD, 2) is None
    group.others = 2
    assert group.tell(2 * LEAD) == 2 + LEAD


def test_others_that_move_too_slowly_are_not_waited_for_for_ever(group: Group) -> None:
    group.others = 1
    group.tell(2 * LEAD, SETTLE_SECONDS)
    seconds = 0
    while group.tell(2 * LEAD, 1) is not None:
        group.others += 1
        seconds += 1
    assert HELD_SECONDS - 2 <= seconds <= HELD_SECONDS + 2


def test_while_redis_is_out_it_reads_no_further_and_starts_anew_afterwards(group: Group) -> None:
    group.tell(7, SETTLE_SECONDS)
    group.out = True
    group.health.suffer("redis", "Redis does not answer")
    group.tell(7, LIFETIME_SECONDS + 1)
    assert group.tell(7, 1000) == 0
    group.out = False
    assert group.tell(7) == 0
    assert group.tell(7, SETTLE_SECONDS) is None


def test_what_was_learnt_holds_while_redis_fails_for_a_moment(group: Group) -> None:
    group.others = 5_000_000
    group.tell(7, SETTLE_SECONDS)
    group.out = True
    assert group.tell(7, LIFETIME_SECONDS - 1) == 5_000_000 + LEAD


def test_what_cannot_be_told_for_another_reason_does_not_stop_the_worker(group: Group) -> None:
    group.out = True
    assert group.tell(7) == 0
    assert group.tell(7, STUCK_SECONDS + 1) is None


def test_who_ends_holds_nobody_up(group: Group) -> None:
    async def run() -> None:
        keeping = asyncio.create_task(group.pace.keep(lambda: 7))
        await asyncio.sleep(0.01)
        keeping.cancel()
        await asyncio.wait([keeping])

    asyncio.run(run())
    assert group.told == [7, None]
