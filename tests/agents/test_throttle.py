"""How far a worker may read while others are behind."""

import asyncio
import random
from collections import deque

import pytest
from redis.asyncio import Redis

from agents.metrics import Metrics
from agents.order import SILENCE_SECONDS
from agents.throttle import LEAD_SECONDS, SETTLE_SECONDS, EventTimeThrottle, Reached
from state.errors import StateUnavailable
from state.pseudonyms import Pseudonyms
from state.requests import Absent, Others, Progress
from state.store import Store
from tests.agents.helpers import Clock, gauges, health
from tests.servers import LONG_ENOUGH

LEAD = LEAD_SECONDS * 1_000_000
P = ("activity.messages", 0)
NAME = "activity.messages/0"
THEIRS = "activity.comments/3"
TOPICS = ["activity.messages", "activity.comments"]
NOW = 1_000 * LEAD


class Group:
    """One worker, whose partition is `P`, and what it hears of the others."""

    def __init__(self, read_on_seconds: float | None = None) -> None:
        self.clock = Clock()
        self.health = health(self.clock)
        self.health.assign(frozenset([P]))
        self.metrics = Metrics()
        self.others = Others()
        self.out = False
        self.told: list[Progress] = []
        self.throttle = EventTimeThrottle(
            self._share,
            topics=TOPICS,
            health=self.health,
            metrics=self.metrics,
            read_on_seconds=read_on_seconds,
            clock=self.clock,
        )
        self.throttle.claim([P], 1)

    async def _share(self, progress: Progress, *, silent_after: float, kept: int) -> Others:
        if self.out:
            raise StateUnavailable("TimeoutError", "")
        self.told.append(progress)
        return self.others

    def tell(self, reached: int | None, seconds: float = 0.0) -> int | None:
        """Tell, and how far it may read so many seconds later, all of which it tells the same."""
        asyncio.run(self.throttle.tell(Reached(reached)))
        while seconds > 0:
            self.clock.now += min(seconds, SILENCE_SECONDS / 2)
            seconds -= SILENCE_SECONDS / 2
            asyncio.run(self.throttle.tell(Reached(reached)))
        return self.throttle.until()


@pytest.fixture
def group() -> Group:
    return Group()


def test_it_judges_nothing_before_the_others_had_time_to_tell(group: Group) -> None:
    assert group.throttle.until() == 0
    assert group.tell(7, SETTLE_SECONDS / 2) == 0
    assert group.tell(7, SETTLE_SECONDS) is None
    group.throttle.claim([P], 2)
    assert group.throttle.until() == 0
    assert group.tell(7, SETTLE_SECONDS) is None
    assert [(one.claims, one.generation) for one in group.told if one.claims] == [((NAME,), 1), ((NAME,), 2)]


def test_it_stays_near_the_slowest(group: Group) -> None:
    group.others = Others(slowest=5_000_000)
    group.tell(7, SETTLE_SECONDS)
    assert group.tell(7) == 5_000_000 + LEAD
    group.others = Others()
    assert group.tell(7) is None
    assert {(one.moment, one.up_to_date) for one in group.told} == {(7, False)}


def test_who_is_up_to_date_tells_as_of_when(group: Group) -> None:
    def told(reached: Reached) -> tuple[int, bool]:
        asyncio.run(group.throttle.tell(reached))
        return group.told[-1].moment, group.told[-1].up_to_date

    assert told(Reached(None, None, NOW)) == (NOW, True)
    # others may be a minute ahead of what is told, and not at all ahead of what nobody knows
    assert told(Reached(None, NOW - 3 * LEAD, NOW)) == (NOW - 4 * LEAD, False)
    assert told(Reached(9, NOW - 3 * LEAD, NOW)) == (9, False)
    # what is written late happened long ago
    assert told(Reached(None, NOW - 3 * LEAD, 9)) == (9, False)


def test_it_goes_no_further_than_who_is_silent_until_another_has_taken_over(group: Group) -> None:
    group.others = Others(absent=(Absent(5_000_000, frozenset([THEIRS])),), slowest=4_000_000)
    group.tell(7, SETTLE_SECONDS)
    assert group.tell(7, 600) == 5_000_000
    group.others = Others(slowest=5_000_000)
    assert group.tell(7) == 5_000_000 + LEAD


def test_nobody_waits_for_what_the_group_no_longer_reads(group: Group) -> None:
    group.others = Others(absent=(Absent(5_000_000, frozenset(["activity.old/1"])),))
    assert group.tell(7, SETTLE_SECONDS) is None


def test_who_waits_for_others_is_alive_and_says_for_what_for_as_long_as_it_takes(group: Group) -> None:
    group.others = Others(slowest=1, slowest_partitions=frozenset([THEIRS]))
    group.tell(2 * LEAD, SETTLE_SECONDS)
    assert group.tell(2 * LEAD, 600) == 1 + LEAD
    assert group.told[-1].names_slowest
    assert group.health.why_dead() == []
    [reason] = group.health.why_not_ready()
    assert reason.startswith("other workers are further behind")
    assert THEIRS in reason
    assert gauges(group.metrics)["twinwatch_held_back_seconds"] == 600 + SETTLE_SECONDS
    group.others = Others(slowest=LEAD)
    group.tell(2 * LEAD)
    assert group.health.why_not_ready() == []
    assert gauges(group.metrics)["twinwatch_held_back_seconds"] == 0


def test_an_operator_may_want_it_to_read_on_and_what_it_has_not_waited_for_is_named() -> None:
    group = Group(read_on_seconds=60)
    group.others = Others(
        slowest=1, slowest_partitions=frozenset([THEIRS]), absent=(Absent(2, frozenset(["activity.comments/1"])),)
    )
    group.tell(2 * LEAD, SETTLE_SECONDS)
    assert group.tell(2 * LEAD, 58) == 2
    assert group.throttle.given_up() == frozenset()
    assert group.tell(2 * LEAD, 2) is None
    assert group.throttle.given_up() == {THEIRS, "activity.comments/1"}
    group.others = Others(slowest=2 * LEAD)
    assert group.tell(2 * LEAD) == 3 * LEAD
    assert group.throttle.given_up() == frozenset()


@pytest.mark.parametrize("read_on_seconds", [None, 60])
def test_while_redis_is_out_it_reads_no_further_and_says_so(read_on_seconds: float | None) -> None:
    group = Group(read_on_seconds)
    group.tell(7, SETTLE_SECONDS)
    group.others = Others(absent=(Absent(5, frozenset([THEIRS])),))
    group.tell(7)
    group.out = True
    assert group.tell(7, 600) == 0
    assert group.throttle.given_up() == frozenset()
    assert group.health.why_not_ready() == ["Redis does not answer: TimeoutError"]
    assert group.health.why_dead() == []
    group.out = False
    group.others = Others()
    assert group.tell(7) is None
    assert group.health.why_not_ready() == []


def test_what_was_learnt_holds_while_redis_fails_for_a_moment(group: Group) -> None:
    group.others = Others(slowest=5_000_000)
    group.tell(7, SETTLE_SECONDS)
    group.out = True
    group.clock.now += SILENCE_SECONDS / 2
    assert group.tell(7) == 5_000_000 + LEAD
    assert group.health.why_not_ready() == []


def test_who_is_not_known_claims_again_and_listens(group: Group) -> None:
    group.tell(7, SETTLE_SECONDS)
    group.others = Others(known=False)
    assert group.tell(7) == 0
    group.others = Others()
    assert group.tell(7) == 0
    assert group.told[-1].claims == (NAME,)
    assert group.tell(7, SETTLE_SECONDS) is None


def test_who_ends_gives_its_partitions_back(group: Group) -> None:
    async def run() -> None:
        keeping = asyncio.create_task(group.throttle.keep(lambda: Reached(7)))
        await asyncio.sleep(0.01)
        keeping.cancel()
        await asyncio.wait([keeping])

    asyncio.run(run())
    assert [one.claims for one in group.told] == [(NAME,), ()]


@pytest.mark.parametrize("behind", [True, False])
def test_who_is_waited_for_tells_as_soon_as_a_batch_is_judged(
    group: Group, monkeypatch: pytest.MonkeyPatch, behind: bool
) -> None:
    monkeypatch.setattr("agents.throttle.TELL_SECONDS", LONG_ENOUGH)
    group.others = Others(slowest=9 * LEAD if behind else None)

    async def run() -> None:
        keeping = asyncio.create_task(group.throttle.keep(lambda: Reached(7)))
        for _ in range(3):
            await asyncio.sleep(0.01)
            group.throttle.move()
        await asyncio.sleep(0.01)
        assert len(group.told) == (4 if behind else 1)
        keeping.cancel()
        await asyncio.wait([keeping])

    asyncio.run(run())


def test_who_may_go_further_is_told_so_at_once(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.throttle.TELL_SECONDS", LONG_ENOUGH)
    bounds: list[int | None] = []
    further = asyncio.Event()

    def go_on() -> None:
        bounds.append(group.throttle.until())
        further.set()

    async def run() -> None:
        group.others = Others(slowest=5_000_000)
        await group.throttle.tell(Reached(2 * LEAD))
        group.clock.now += SETTLE_SECONDS
        keeping = asyncio.create_task(group.throttle.keep(lambda: Reached(2 * LEAD), go_on))
        await asyncio.sleep(0.05)
        group.others = Others(slowest=6_000_000)
        async with asyncio.timeout(LONG_ENOUGH / 2):
            await further.wait()
        keeping.cancel()
        await asyncio.wait([keeping])

    asyncio.run(run())
    assert bounds == [6_000_000 + LEAD], "who waits asks again soon"


@pytest.mark.parametrize("seed", range(8))
def test_however_records_are_spread_no_two_workers_wait_for_each_other(any_redis_url: str, seed: int) -> None:
    """Three workers, of which each round lets every one judge one record if it may, until all are judged."""
    chance = random.Random(seed)

    async def run() -> None:
        client = Redis.from_url(any_redis_url)
        store = Store(client, Pseudonyms(b"a key for tests"))
        clock = Clock()
        queues = [deque(chance.randrange(1, 20 * LEAD) for _ in range(chance.randrange(0, 30))) for _ in range(3)]
        paces = []
        for number, _ in enumerate(queues):
            throttle = EventTimeThrottle(
                store.share_progress, topics=TOPICS, health=health(clock), metrics=Metrics(), clock=clock
            )
            throttle.claim([("activity.messages", number)], 1)
            paces.append(throttle)
        idle = 0
        while any(queues):
            clock.now += SETTLE_SECONDS
            for throttle, queue in zip(paces, queues, strict=True):
                await throttle.tell(Reached(queue[0] if queue else None))
            # who told first in a round has learnt how the others stood in the one before
            idle += 1
            for throttle, queue in zip(paces, queues, strict=True):
                until = throttle.until()
                if queue and (until is None or queue[0] <= until):
                    queue.popleft()
                    idle = 0
            assert idle < 4, "all wait"
        await client.aclose()

    asyncio.run(run())
