"""How workers tell each other how far they have come."""

import asyncio

from redis.asyncio import Redis

from state.pseudonyms import Pseudonyms
from state.store import Store
from tests.servers import LONG_ENOUGH

FAR = 1_767_225_600_000_001


def test_each_learns_the_least_of_the_others_that_are_behind(redis_url: str) -> None:
    async def run() -> None:
        client = Redis.from_url(redis_url)
        store = Store(client, Pseudonyms(b"a key for tests"))
        assert await store.share_progress("one", FAR, 15) is None
        assert await store.share_progress("two", FAR + 5, 15) == FAR
        assert await store.share_progress("one", FAR, 15) == FAR + 5
        assert await store.share_progress("three", 0, 15) == FAR
        assert await store.share_progress("two", None, 15) == 0
        assert await store.share_progress("three", None, 15) == FAR
        assert await store.share_progress("one", FAR, 15) is None
        keys = await client.keys()
        assert len(keys) == 4
        assert all([0 < await client.ttl(key) <= 30 for key in keys])
        await client.aclose()

    asyncio.run(run())


def test_who_does_not_tell_again_is_forgotten(redis_url: str) -> None:
    async def run() -> None:
        client = Redis.from_url(redis_url)
        store = Store(client, Pseudonyms(b"a key for tests"))
        heard: int | None = None
        async with asyncio.timeout(LONG_ENOUGH):
            while heard != FAR:  # three seconds have passed on a very slow machine
                await store.share_progress("one", FAR, 3)
                heard = await store.share_progress("two", FAR, 60)
            while heard is not None:
                await asyncio.sleep(0.1)
                heard = await store.share_progress("two", FAR, 60)
        [key, _] = sorted(await client.keys())
        assert await client.zcard(key) == 1
        await client.aclose()

    asyncio.run(run())
