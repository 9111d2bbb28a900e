"""A store over each server. `run` steps of it from plain functions, which hypothesis can call as often as it likes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar

import pytest
from redis.asyncio import Redis

from state.limits import StoreLimits
from state.pseudonyms import Pseudonyms
from state.requests import WindowResult, WindowUpdate
from state.store import Store

_Answer = TypeVar("_Answer")


def unsalted(secret: bytes = b"a secret of the tests") -> Pseudonyms:
    """For texts that were read without a store."""
    pseudonyms = Pseudonyms(secret)
    pseudonyms.salt = 0
    return pseudonyms


class Bench:
    """One event loop and one client, for as long as a module's server lives."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.client = Redis.from_url(url)

    def run(self, awaitable: Awaitable[_Answer]) -> _Answer:
        return self.loop.run_until_complete(awaitable)

    def empty(self) -> None:
        self.run(self.client.flushall())

    def store(self, *, secret: bytes = b"a secret of the tests", shards: int = 1, **limits: Any) -> Store:
        return Store(self.client, unsalted(secret), shards=shards, limits=StoreLimits(**limits))

    def dump(self) -> dict[bytes, Any]:
        """Every key with its value: strings as they are, sorted sets with scores, hashes whole."""
        read: dict[bytes | str, Callable[[bytes], Awaitable[Any]]] = {
            b"string": self.client.get,
            b"zset": lambda key: self.client.zrange(key, 0, -1, withscores=True),
            b"hash": self.client.hgetall,
            b"set": self.client.smembers,
            b"list": lambda key: self.client.lrange(key, 0, -1),
        }

        async def all_keys() -> dict[bytes, Any]:
            found = {}
            async for key in self.client.scan_iter():
                kind = await self.client.type(key)
                if kind != b"none":  # it may have ended just now
                    found[key] = await read[kind](key)
            return found

        return self.run(all_keys())

    def close(self) -> None:
        self.run(self.client.aclose())
        self.loop.close()


async def measured(store: Store, updates: Sequence[WindowUpdate]) -> list[list[WindowResult]]:
    """All results of a batch."""
    found = await store.measure(updates)
    evident = [bool(one.queries) and found.has_evidence([at]) for at, one in enumerate(updates)]
    results = [list(found[at]) for at in range(len(found))]
    assert evident == [any(result.events for result in of_one) for of_one in results]
    return results


@pytest.fixture(scope="module")
def bench(redis_url: str) -> Iterator[Bench]:
    """On each Redis-compatible server."""
    bench = Bench(redis_url)
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def any_bench(any_redis_url: str) -> Iterator[Bench]:
    """On some Redis-compatible server, for what does not depend on which."""
    bench = Bench(any_redis_url)
    yield bench
    bench.close()
