"""How workers tell each other how far they have come, and whose the partitions are."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from state.decisions import View
from state.pseudonyms import Pseudonyms
from state.requests import Absent, Others, Progress
from state.scripts import Call, Command
from state.store import Store

FAR = 1_767_225_600_000_001
KEPT = 600
P, Q, R = "activity.messages/0", "activity.messages/1", "activity.comments/0"


class Workers:
    """Any worker of a group, by its name."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def tell(
        self,
        worker: str,
        moment: int,
        *claims: str,
        up_to_date: bool = False,
        generation: int = 1,
        names: bool = False,
        silent_after: float = 60,
    ) -> Others:
        """Without `claims` the worker claims nothing new."""
        progress = Progress(
            worker=worker,
            moment=moment,
            up_to_date=up_to_date,
            generation=generation,
            claims=claims or None,
            names_slowest=names,
        )
        return await self._store.share_progress(progress, silent_after=silent_after, kept=KEPT)

    async def leave(self, worker: str, moment: int) -> Others:
        progress = Progress(worker=worker, moment=moment, up_to_date=False, claims=())
        return await self._store.share_progress(progress, silent_after=60, kept=KEPT)


Play = Callable[[Workers, Redis], Awaitable[None]]


@pytest.fixture
def play(redis_url: str) -> Callable[[Play], None]:
    """Run a scene over an empty Redis."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Redis]:
        client = Redis.from_url(redis_url)
        yield client
        await client.aclose()

    async def run(scene: Play) -> None:
        async with opened() as client:
            await scene(Workers(Store(client, Pseudonyms(b"a key for tests"))), client)

    return lambda scene: asyncio.run(run(scene))


def test_each_learns_the_least_of_the_others_that_are_behind(play: Callable[[Play], None]) -> None:
    async def scene(workers: Workers, client: Redis) -> None:
        assert await workers.tell("one", FAR, P) == Others()
        assert (await workers.tell("two", FAR + 5, Q)).slowest == FAR
        assert (await workers.tell("one", FAR)).slowest == FAR + 5
        assert await workers.tell("three", 0, R, names=True) == Others(slowest=FAR, slowest_partitions=frozenset([P]))
        assert (await workers.tell("two", FAR + 9, up_to_date=True)).slowest == 0
        assert (await workers.tell("three", FAR, up_to_date=True)).slowest == FAR
        assert await workers.tell("one", FAR) == Others()
        keys = await client.keys()
        assert len(keys) == 5, "the moments, the owners and a sign of life of each"
        assert all([0 < await client.ttl(key) <= KEPT for key in keys])

    play(scene)


def test_who_is_silent_is_waited_for_until_another_has_its_partitions(play: Callable[[Play], None]) -> None:
    async def scene(workers: Workers, client: Redis) -> None:
        await workers.tell("one", FAR, P, Q, up_to_date=True, silent_after=0.05)
        await asyncio.sleep(0.1)
        silent = (Absent(FAR, frozenset([P, Q])),)
        assert (await workers.tell("two", FAR + 9, R)).absent == silent
        # one of them is not enough
        assert (await workers.tell("three", 0, P, generation=2)).absent == (Absent(FAR, frozenset([Q])),)
        assert (await workers.tell("two", FAR + 9, Q, R, generation=2)) == Others(slowest=0)
        assert await client.hlen("tw9:{s0}:progress:moments") == 2

    play(scene)


def test_what_is_given_back_is_waited_for_until_another_has_it(play: Callable[[Play], None]) -> None:
    async def scene(workers: Workers, client: Redis) -> None:
        await workers.tell("one", FAR, P, Q)
        # the moment is the one that it had come to: where it stands with its new partitions it does not know yet
        assert (await workers.tell("one", 0, P, generation=2)).absent == (Absent(FAR, frozenset([Q])),)
        assert (await workers.tell("two", 0, Q, generation=2)).absent == ()
        await workers.leave("two", FAR + 7)
        assert (await workers.tell("one", FAR)).absent == (Absent(0, frozenset([Q])),)
        assert (await workers.tell("one", FAR, P, Q, generation=3)) == Others()

    play(scene)


def test_who_was_slow_takes_nothing_back(play: Callable[[Play], None]) -> None:
    async def scene(workers: Workers, client: Redis) -> None:
        await workers.tell("one", FAR, P, generation=5)
        assert not (await workers.tell("two", FAR + 1, P, generation=4)).known
        assert (await workers.tell("three", FAR + 1, Q, names=True)).slowest_partitions == frozenset([P])
        # unless nobody is there: the generations of a group that was deleted begin anew
        await workers.tell("one", FAR, silent_after=0.05)
        await asyncio.sleep(0.1)
        assert await workers.tell("two", FAR + 1, P, generation=1) == Others(slowest=FAR + 1)

    play(scene)


def test_whose_claims_are_forgotten_is_told_so(play: Callable[[Play], None]) -> None:
    async def scene(workers: Workers, client: Redis) -> None:
        assert (await workers.tell("one", FAR, P)).known
        await client.flushall()
        assert not (await workers.tell("one", FAR)).known
        assert (await workers.tell("one", FAR, P)).known

    play(scene)


def test_who_claim_at_once_lose_nothing(play: Callable[[Play], None]) -> None:
    async def scene(workers: Workers, client: Redis) -> None:
        names = [f"worker {n}" for n in range(12)]
        await asyncio.gather(*(workers.tell(name, FAR, f"topic/{name}") for name in names))
        assert all([(await workers.tell(name, FAR)).known for name in names])
        # of two who claim the same, the one of the later generation has it; where the other had it, that knows it
        await asyncio.gather(
            *(workers.tell(name, FAR, f"topic/{name}", generation=2) for name in names),
            *(workers.tell(f"late {name}", FAR, f"topic/{name}", generation=1) for name in names),
        )
        assert all([(await workers.tell(name, FAR)).known for name in names])
        assert not any([(await workers.tell(f"late {name}", FAR)).known for name in names])

    play(scene)


def test_what_has_gone_to_another_while_its_worker_told_is_not_taken_back(
    play: Callable[[Play], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(workers: Workers, client: Redis) -> None:
        await workers.tell("one", FAR, P)
        asked = View.ask
        calls = 0

        async def ask(view: View, some: Sequence[Call | Command]) -> list[Any]:
            nonlocal calls
            calls += 1
            if calls == 2:  # what it has read says that P is its own
                monkeypatch.setattr(View, "ask", asked)
                await workers.tell("two", FAR + 5, P, generation=2)
            return await asked(view, some)

        monkeypatch.setattr(View, "ask", ask)
        assert not (await workers.tell("one", FAR + 9)).known
        assert not (await workers.tell("one", FAR + 9)).known
        assert (await workers.tell("three", FAR, Q)).slowest == FAR + 5

    play(scene)
