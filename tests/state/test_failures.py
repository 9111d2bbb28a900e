"""Redis in trouble: `StateUnavailable`, and the right answer when it is over. Never a wrong count."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

from state.errors import StateUnavailable
from state.pseudonyms import Pseudonyms
from state.requests import ACTS, Contacted, EventName, StoredWindow, Text, WindowQuery, WindowResult, WindowUpdate
from state.store import Store
from tests.servers import LONG_ENOUGH, RedisServer
from tests.state.conftest import measured
from tests.state.test_episodes import claim

SECOND = 1_000_000
_Answer = TypeVar("_Answer")


def in_a_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a coroutine as a test."""

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        async def body() -> None:
            await test(**fixtures)

        asyncio.run(body())

    return run


def client_of(url: str, seconds: float = LONG_ENOUGH) -> "Redis":
    """As a worker has it: it tries whole batches again, not single calls."""
    return Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=Retry(NoBackoff(), 0))


def store_of(client: "Redis") -> Store:
    return Store(client, Pseudonyms(b"a secret of the tests"), shards=2)


def named(identity: str) -> EventName:
    return EventName(1, identity, identity)


def update(number: int) -> WindowUpdate:
    return WindowUpdate(
        window=StoredWindow(("window",), ACTS, 100 * SECOND),
        key=("one",),
        event=EventName((1_700_000_000 + number) * SECOND, f"event {number}", f"event {number}", "somebody"),
        members=(f"member {number}",),
        recorded=True,
        queries=(WindowQuery(100 * SECOND, 5),),
    )


BATCH = [update(number) for number in range(5)]
NEXT = update(5)


async def every_step(store: Store) -> list[Any]:
    """One batch's journey through the store."""
    recalled = await store.recall(
        [Contacted(1, "a", ("b", "c"))], [Text(1, "e1", "a", b"d" * 16, b"s" * 256)], [named("e1")]
    )
    return [recalled.known, recalled.campaigns, await measured(store, BATCH), await store.settle([claim("e1")])]


async def undisturbed(store: Store) -> tuple[list[Any], list[list[WindowResult]]]:
    return await every_step(store), await measured(store, [NEXT])


async def patiently(step: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """Try again as a worker does: a connection from before the trouble may break once more."""
    async with asyncio.timeout(LONG_ENOUGH):
        while True:
            try:
                return await step()
            except StateUnavailable:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def trouble(client: "Redis", server: RedisServer, kind: str) -> AsyncIterator[None]:
    """Something is wrong with the server for a while."""
    config: dict[str, tuple[str, str]] = {
        "out of memory": ("maxmemory", "1"),
        "too few replicas": ("min-replicas-to-write", "1"),
    }
    if kind in config:
        name, value = config[kind]
        await client.config_set(name, value)
        yield
        await client.config_set(name, "0")
    elif kind == "a replica":
        await client.execute_command("REPLICAOF", "127.0.0.1", "1")
        yield
        await client.execute_command("REPLICAOF", "NO", "ONE")
    elif kind == "stopped":
        server.stop()
        yield
        server.start()
    elif kind == "killed":
        server.kill()
        yield
        server.start()
    elif kind == "hanging":
        server.pause()
        yield
        server.resume()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("out of memory", "OutOfMemoryError"),
        ("too few replicas", "ResponseError"),
        ("a replica", "ReadOnlyError"),
        ("stopped", "ConnectionError"),
        ("killed", "ConnectionError"),
        ("hanging", "TimeoutError"),
    ],
)
@in_a_loop
async def test_nothing_is_answered_in_trouble_and_all_is_right_after_it(
    own_redis: RedisServer, kind: str, told: str
) -> None:
    client = client_of(own_redis.url)
    expected = await undisturbed(store_of(client))
    await client.flushall()
    store = store_of(client_of(own_redis.url, 0.3) if kind == "hanging" else client)
    steps: list[Callable[[], Awaitable[object]]] = [
        lambda: store.recall([Contacted(1, "a", ("b",))], [], [named("e1")]),
        lambda: measured(store, BATCH),
        lambda: store.settle([claim("e1")]),
    ]
    async with trouble(client, own_redis, kind):
        for step in steps:
            with pytest.raises(StateUnavailable) as caught:
                await step()
            assert caught.value.kind == told
    store = store_of(client)
    assert (await patiently(lambda: every_step(store)), await measured(store, [NEXT])) == expected
    await client.aclose()


@pytest.mark.parametrize("kind", ["stopped", "killed"])
@in_a_loop
async def test_what_was_counted_survives_a_restart(own_redis: RedisServer, kind: str) -> None:
    client = client_of(own_redis.url)
    expected = await undisturbed(store_of(client))
    await client.flushall()
    store = store_of(client)
    answers = await every_step(store)
    async with trouble(client, own_redis, kind):
        pass
    assert (answers, await patiently(lambda: measured(store, [NEXT]))) == expected
    await client.aclose()


@in_a_loop
async def test_scripts_are_loaded_again_when_the_server_forgot_them(own_redis: RedisServer) -> None:
    client = client_of(own_redis.url)
    expected = await undisturbed(store_of(client))
    await client.flushall()
    store = store_of(client)
    await client.script_flush()
    answers = await every_step(store)
    await client.script_flush()
    assert (answers, await measured(store, [NEXT])) == expected
    await client.aclose()


class _DeafPipeline:
    """Runs everything and loses the answer."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)

    async def execute(self, **options: Any) -> list[Any]:
        await self._pipeline.execute(**options)
        raise TimeoutError


@in_a_loop
async def test_a_script_that_ran_though_its_answer_was_lost_counts_once(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(own_redis.url)
    expected = await undisturbed(store_of(client))
    await client.flushall()
    store = store_of(client)
    assert await client.dbsize() == 0
    whole = client.pipeline
    with monkeypatch.context() as deaf:
        deaf.setattr(client, "pipeline", lambda **options: _DeafPipeline(whole(**options)))
        for step in (every_step(store), measured(store, BATCH), store.settle([claim("e1")])):
            with pytest.raises(StateUnavailable):
                await step
    assert await client.dbsize() > 0
    assert (await every_step(store), await measured(store, [NEXT])) == expected
    await client.aclose()


@in_a_loop
async def test_a_server_that_is_loading_its_data() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (line := await reader.readline()).startswith(b"*"):
            for _ in range(2 * int(line[1:])):
                await reader.readline()
            writer.write(b"-LOADING Redis is loading the dataset in memory\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = client_of(f"redis://127.0.0.1:{port}")
    for step in (store_of(client).measure(BATCH), store_of(client).ping()):
        with pytest.raises(StateUnavailable) as caught:
            await step
        assert caught.value.kind == "BusyLoadingError"
    await client.aclose()
    server.close()


@in_a_loop
async def test_a_wrong_password(own_redis: RedisServer) -> None:
    client = client_of(own_redis.url)
    await client.config_set("requirepass", "another")
    stranger = client_of(own_redis.url)
    with pytest.raises(StateUnavailable) as caught:
        await store_of(stranger).ping()
    assert caught.value.kind == "AuthenticationError"
    await stranger.aclose()
    await client.aclose()


@in_a_loop
async def test_a_mistake_of_a_script_is_no_outage(own_redis: RedisServer) -> None:
    """No retry would mend it: the batch has to be taken apart, and the record put aside."""
    client = client_of(own_redis.url)
    with pytest.raises(ResponseError, match="user_script"):
        await store_of(client).recall([Contacted("no time", "anna", ("bert",))], [], [])  # type: ignore[arg-type]
    await client.aclose()


@in_a_loop
async def test_a_key_that_another_program_uses_is_an_outage(own_redis: RedisServer) -> None:
    client = client_of(own_redis.url)
    await every_step(store_of(client))
    for key in await client.keys("*:acts:*"):
        await client.set(key, "something else")
    with pytest.raises(StateUnavailable, match="WRONGTYPE"):
        await store_of(client).measure(BATCH)
    await client.aclose()
