"""Proxies between workers and genuine servers.

One can make Redis look slow, full, loading, read-only or torn away. The other keeps single partitions of Kafka's from its
clients, as a broker does that has come back and has not loaded them yet.
"""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from io import BytesIO
from typing import Any, NamedTuple, Self

from aiokafka.protocol.api import RequestHeader_v1
from aiokafka.protocol.fetch import FetchRequest_v11, FetchResponse_v11

Partition = tuple[str, int]
"""Topic and number."""

_FETCH = FetchRequest_v11.API_KEY.to_bytes(2, "big")
_NOT_LEADER = 6
_SCRIPTS = (b"EVALSHA", b"EVAL")
_LIMIT = 64 * 1024 * 1024
_GONE = (ConnectionError, OSError, asyncio.IncompleteReadError)


class Trouble(NamedTuple):
    """What happens to so large a share of the script calls."""

    name: str
    share: float = 0.5
    answer: bytes = b""
    """Instead of running the script."""
    seconds: float = 0.0
    """Longest delay, half of the time before the script runs and half of the time after it."""
    cut: bool = False
    """The script runs, and the connection is closed before its answer."""
    at_least: float = 0.0
    """Shortest delay, in seconds."""
    larger_than: int = 0
    """It happens only to calls of more bytes than these."""


OOM = Trouble("oom", answer=b"-OOM command not allowed when used memory > 'maxmemory'.\r\n")
LOADING = Trouble("loading", answer=b"-LOADING Redis is loading the dataset in memory\r\n")
READONLY = Trouble("readonly", answer=b"-READONLY You can't write against a read only replica.\r\n")
CUT = Trouble("cut", cut=True)


def slow(seconds: float) -> Trouble:
    return Trouble("slow", share=0.7, seconds=seconds)


class Proxy:
    """Accepts connections on a port of its own while inside; `_serve` passes on what comes."""

    def __init__(self, upstream_port: int, port: int = 0) -> None:
        self.port = port
        self._upstream_port = upstream_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._accepted, "127.0.0.1", self.port, limit=_LIMIT))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    async def _close(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accepted(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(*_GONE):
            await self._serve(client, to_client)
        to_client.close()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        raise NotImplementedError


class RedisProxy(Proxy):
    """Passes commands on one by one, so that an answer which it makes up itself stands where the true one would have."""

    def __init__(self, upstream_port: int, chance: random.Random) -> None:
        super().__init__(upstream_port)
        self.trouble: Trouble | None = None
        self.done: Counter[str] = Counter()
        """How many script calls met which trouble."""
        self.largest = 0
        """Bytes of the largest script call so far."""
        self._chance = chance

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._upstream_port, limit=_LIMIT)
        try:
            while True:
                command, name = await _read_command(client)
                trouble = self._met(name, len(command))
                if trouble and trouble.answer:
                    to_client.write(trouble.answer)
                    await to_client.drain()
                    continue
                delay = self._chance.uniform(trouble.at_least, trouble.seconds) if trouble else 0.0
                early = self._chance.random() < 0.5
                await asyncio.sleep(delay if early else 0.0)
                to_server.write(command)
                answer = await _read_answer(server)
                if trouble and trouble.cut:
                    return
                await asyncio.sleep(0.0 if early else delay)
                to_client.write(answer)
                await to_client.drain()
        finally:
            to_server.close()

    def _met(self, name: bytes, size: int) -> Trouble | None:
        if name not in _SCRIPTS:
            return None
        self.largest = max(self.largest, size)
        trouble = self.trouble
        if trouble is None or size <= trouble.larger_than:
            return None
        if self._chance.random() >= trouble.share:
            return None
        self.done[trouble.name] += 1
        return trouble


class KafkaProxy(Proxy):
    """Passes everything on but what clients ask of partitions that are held: of those the broker is not even asked.

    Of half of them, in turn, nothing is answered, and of the others that the broker is not their leader.
    """

    held: frozenset[Partition] = frozenset()
    """Topic and number."""
    refused: int = 0
    """How often a client asked for a partition that is held."""

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._upstream_port, limit=_LIMIT)
        refused: dict[bytes, list[Partition]] = {}
        answering = asyncio.create_task(_answer(server, to_client, refused))
        try:
            while True:
                request = await _read_frame(client)
                if self.held and request.startswith(_FETCH):
                    request = await self._without_held(request, refused)
                to_server.write(_framed(request))
                await to_server.drain()
        finally:
            answering.cancel()
            to_server.close()

    async def _without_held(self, request: bytes, refused: dict[bytes, list[Partition]]) -> bytes:
        stream = BytesIO(request)
        _, version, *_ = RequestHeader_v1.SCHEMA.decode(stream)
        assert version == FetchRequest_v11.API_VERSION
        begins = stream.tell()
        fetch = FetchRequest_v11.decode(stream)
        held = sorted(self.held.intersection((topic, part[0]) for topic, parts in fetch.topics for part in parts))
        if not held:
            return request
        self.refused += len(held)
        refused[request[4:8]] = held[::2]
        fetch.topics = [
            (topic, kept)
            for topic, parts in fetch.topics
            if (kept := [part for part in parts if (topic, part[0]) not in held])
        ]
        if not fetch.topics:
            # Kafka would answer at once, and be asked again
            await asyncio.sleep(0.1)
        encoded: bytes = fetch.encode()
        return request[:begins] + encoded


async def _answer(
    server: asyncio.StreamReader, to_client: asyncio.StreamWriter, refused: dict[bytes, list[Partition]]
) -> None:
    with suppress(*_GONE):
        while True:
            answer = await _read_frame(server)
            # an answer begins with the number of its question
            if partitions := refused.pop(answer[:4], []):
                fetched = FetchResponse_v11.decode(answer[4:])
                fetched.topics = [
                    *fetched.topics,
                    *((topic, [(number, _NOT_LEADER, -1, -1, -1, [], -1, b"")]) for topic, number in partitions),
                ]
                answer = answer[:4] + fetched.encode()
            to_client.write(_framed(answer))
            await to_client.drain()
    to_client.close()


async def _read_frame(stream: asyncio.StreamReader) -> bytes:
    """One question or answer of Kafka's protocol, without its length."""
    return await stream.readexactly(int.from_bytes(await stream.readexactly(4), "big"))


def _framed(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


async def _read_command(client: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """One command as it came, and its name."""
    command = await _read_answer(client)
    return command, command.split(b"\r\n", 3)[2].upper()


async def _read_answer(stream: asyncio.StreamReader) -> bytes:
    """One value of the Redis protocol (versions 2 and 3), as it came. A command is an array of strings."""
    line = await stream.readuntil(b"\r\n")
    kind, rest = line[:1], line[1:-2]
    if kind in b"+-:_,#(":
        return line
    size = int(rest)
    if kind in b"$!=":
        return line if size < 0 else line + await stream.readexactly(size + 2)
    assert kind in b"*~>%", f"unexpected in the Redis protocol: {line[:40]!r}"
    return line + b"".join([await _read_answer(stream) for _ in range(2 * size if kind == b"%" else size)])
