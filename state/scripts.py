"""How the store talks to Redis: calls of scripts and plain commands, all shards at once, and what their failures mean."""

import asyncio
import re
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any, TypeVar
from zlib import crc32

import msgpack
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, NoScriptError, RedisClusterException, RedisError, ResponseError

from state.errors import StateUnavailable
from state.kinds import KINDS

WORK = 5_000
"""Of one call of a script, in members that it passes over: some milliseconds."""
PLAIN = frozenset(
    {
        *("GET", "HGET", "HGETALL", "HLEN", "HMGET", "MGET", "TTL", "ZCARD", "ZMSCORE", "ZRANGE", "ZREVRANGE"),
        *("EXPIRE", "HDEL", "SET", "ZADD", "ZREM", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE"),
    }
)
"""The commands that are called without a script."""
_Item = TypeVar("_Item")
_CALLED = re.compile(r"redis\.p?call\('(\w+)'")
_NAMED = re.compile(r"(?<!\w)'([a-z]+):|(?:prefix|KEYS\[1\]) \.\. '([a-z]+)'")
"""A kind of key in a script: what its key begins with."""


def joined(answers: list[Any]) -> Any:
    """The answers of runs over parts of a list, as one list."""
    return [one for answer in answers for one in answer]


class Script:
    """One Lua file, behind another one that it begins with, and the SHA-1 by which Redis knows it.

    Raises ValueError where it names a kind of key that `state.kinds` does not declare.
    """

    def __init__(self, name: str, *begins_with: str) -> None:
        texts = [files("state").joinpath("lua", f"{one}.lua").read_text("utf-8") for one in (*begins_with, name)]
        self.source = "".join(texts)
        self.sha = sha1(self.source.encode(), usedforsecurity=False).hexdigest()
        self.commands = frozenset(_CALLED.findall(self.source))
        """The commands of Redis that it calls."""
        self.kinds = frozenset(one or other for one, other in _NAMED.findall(self.source))
        """The kinds of keys that it names."""
        if undeclared := self.kinds - KINDS.keys():
            raise ValueError(f"{name}.lua: found keys of kinds {sorted(undeclared)}, expected some of {sorted(KINDS)}")


class Command(Struct, frozen=True):
    """One plain command on keys of a shard, which are written without its prefix. Raises ValueError for one not in `PLAIN`."""

    name: str
    keys: tuple[bytes, ...]
    arguments: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in PLAIN:
            raise ValueError(f"command: found {self.name}, expected one of {sorted(PLAIN)}")

    def runs(self) -> "list[Call | Command]":
        """Itself."""
        return [self]


class Call(Struct, frozen=True):
    """One run of a script in one shard. `scope` is added to the shard's prefix; `request` is what the script unpacks.

    With `work` the request is a tuple that ends with a list of items, and takes several runs where the `work` of its items is
    more than `WORK`: no run is to take long, whatever a batch holds. `join` makes one answer of theirs.
    """

    script: Script
    request: Any
    scope: str = ""
    work: Sequence[int] | None = None
    join: Callable[[list[Any]], Any] = joined

    def runs(self) -> "list[Call | Command]":
        """Itself, or its parts."""
        if self.work is None or sum(self.work) <= WORK:
            return [self]
        *head, items = self.request
        cut = pieces(items, range(len(items)), self.work)
        return [Call(self.script, (*head, piece), self.scope) for piece in cut]


_REFUSED = Script("refused")
_PACKER = msgpack.Packer(use_bin_type=False)
"""One for all: to make one takes several times as long as to pack an entry of a history."""


def pack(value: object) -> bytes:
    """Msgpack as Redis' `cmsgpack` reads it: that knows no `bin` type, so bytes travel as raw strings."""
    packed: bytes = _PACKER.pack(value)
    return packed


def unpack(value: bytes) -> Any:
    """What `cmsgpack` packed: every string comes as bytes."""
    return msgpack.unpackb(value, raw=True, strict_map_key=False)


def pieces(items: Sequence[_Item], groups: Sequence[object], work: Sequence[int]) -> list[list[_Item]]:
    """The items in order, in pieces of about `WORK`; those of one group that follow each other stay together."""
    cut: list[list[_Item]] = []
    done = WORK
    for at, item in enumerate(items):
        if done >= WORK and (at == 0 or groups[at] != groups[at - 1]):
            cut.append([])
            done = 0
        cut[-1].append(item)
        done += work[at]
    return cut


def shard_of(key: bytes, shards: int) -> int:
    """The shard that keeps what is known under `key`."""
    return crc32(key) % shards


class Shards:
    """The shards of one store. Every key of a shard begins with its prefix, whose braces keep it on one node of a cluster."""

    def __init__(self, client: "Redis", namespace: str, shards: int) -> None:
        self._client = client
        self._prefixes = [f"{namespace}{{s{shard}}}:" for shard in range(shards)]

    def __len__(self) -> int:
        return len(self._prefixes)

    async def check(self, commands: Collection[str]) -> None:
        """Raise `StateUnavailable` unless Redis answers and lets us use the commands on the shards' keys."""
        refused = await self.run({shard: [Call(_REFUSED, sorted(commands))] for shard in range(len(self))})
        for shard, [names] in refused.items():
            if names:
                told = ", ".join(name.decode() for name in names)
                missing = NoPermissionError(f"the user may not run {told} on keys {self._prefixes[shard]}*")
                raise StateUnavailable(type(missing).__name__, str(missing)) from missing

    async def entries(self, shard: int, scope: str, tables: Sequence[str]) -> int:
        """How many fields the shard's hashes have. Raises `StateUnavailable`."""
        pipeline = self._client.pipeline(transaction=False)
        for table in tables:
            pipeline.hlen(f"{self._prefixes[shard]}{scope}{table}")
        return sum(await guarded(pipeline.execute))

    async def run(self, calls: Mapping[int, Sequence[Call | Command]]) -> dict[int, list[Any]]:
        """Run each shard's calls in one pipeline, all shards at once: one round trip. Unpacked answers, by shard, in order.

        Raises `StateUnavailable` when Redis could not answer; some of the calls may have been carried out then.
        """
        runs = {shard: [call.runs() for call in todo] for shard, todo in calls.items()}
        flat = {shard: [run for of_one in todo for run in of_one] for shard, todo in runs.items()}
        results = await all_of([guarded(self._shard_run(shard, todo)) for shard, todo in flat.items()])
        return {
            shard: _put_together(calls[shard], runs[shard], answers)
            for shard, answers in zip(calls, results, strict=True)
        }

    async def run_in_turn(
        self,
        script: Script,
        keys: Sequence[bytes],
        request: Callable[[list[int]], object],
        groups: Sequence[object],
        work: Sequence[int],
    ) -> list[Any]:
        """Run `script` in each shard that owns some of `keys`; the answers come back in the order of `keys`.

        `request` makes a shard's request from the positions of its keys, which are so much `work` each. The script may answer
        the first of its items only, because it has done enough: the rest is asked again. Calls of one shard come one after the
        other, each with about `WORK` of the items' `work`; items of one group that follow each other are not cut apart.
        """
        items: dict[int, list[int]] = {}
        for index, key in enumerate(keys):
            items.setdefault(shard_of(key, len(self)), []).append(index)
        ordered: list[Any] = [None] * len(keys)

        async def in_turn(shard: int, indexes: list[int]) -> None:
            for piece in pieces(indexes, [groups[i] for i in indexes], [work[i] for i in indexes]):
                rest = piece
                while rest:
                    [answers] = (await self.run({shard: [Call(script, request(rest))]}))[shard]
                    for index, answer in zip(rest, answers, strict=False):
                        ordered[index] = answer
                    rest = rest[len(answers) :]

        await all_of([in_turn(shard, indexes) for shard, indexes in items.items()])
        return ordered

    def _shard_run(self, shard: int, calls: Sequence[Call | Command]) -> Callable[[], Coroutine[Any, Any, list[Any]]]:
        prefix = self._prefixes[shard]
        commands = [_command(call, prefix) for call in calls]

        async def run() -> list[Any]:
            try:
                answers = await self._pipeline(commands)
            except NoScriptError:
                # a new or restarted server; the scripts are safe to run twice, so the whole pipeline is sent again
                for script in {id(call.script): call.script for call in calls if isinstance(call, Call)}.values():
                    await self._client.script_load(script.source)
                answers = await self._pipeline(commands)
            return [
                unpack(answer) if isinstance(call, Call) else answer
                for call, answer in zip(calls, answers, strict=True)
            ]

        return run

    async def _pipeline(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        # raised here, because redis-py would add the command, and with it what it carries, to the message
        answers = await pipeline.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers


def _command(call: Call | Command, prefix: str) -> tuple[Any, ...]:
    """A call as it is sent."""
    if isinstance(call, Command):
        start = prefix.encode()
        return (call.name, *(start + key for key in call.keys), *call.arguments)
    # the method of that name is refused in a pipeline to a cluster; each pipeline is one shard's, thus one node's
    return ("EVALSHA", call.script.sha, 1, prefix + call.scope, pack(call.request))


def _put_together(
    calls: Sequence[Call | Command], runs: Sequence[Sequence[Call | Command]], answers: list[Any]
) -> list[Any]:
    """The answers of the calls out of those of their runs."""
    found, at = [], 0
    for call, of_one in zip(calls, runs, strict=True):
        some = answers[at : at + len(of_one)]
        at += len(of_one)
        found.append(call.join(some) if isinstance(call, Call) and len(some) > 1 else some[0])
    return found


async def all_of(calls: Sequence[Coroutine[Any, Any, _Item]]) -> list[_Item]:
    """The answers to all calls, parallel; they run at once. One alone, as of one shard, needs no task of its own."""
    return [await calls[0]] if len(calls) == 1 else await asyncio.gather(*calls)


async def guarded(call: Callable[[], Any]) -> Any:
    """What `call` gives. Raises `StateUnavailable` where Redis could not answer; a script's own mistake comes as it is."""
    try:
        return await call()
    except ResponseError as error:
        if _is_script_fault(error):
            raise
        raise StateUnavailable(type(error).__name__, str(error)) from error
    except (RedisError, RedisClusterException, OSError, TimeoutError) as error:
        raise StateUnavailable(type(error).__name__, str(error) or type(error).__name__) from error


def _is_script_fault(error: ResponseError) -> bool:
    """Whether a script itself is wrong, which no retry mends, rather than the server's condition.

    Every error that a script met names it at the end, also those of the server (memory, role, disk, permissions); one of
    the script's own begins with the line at fault.
    """
    return str(error).startswith("user_script:")
