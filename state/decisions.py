"""Decisions in Python on what stands in Redis: read, decide, and write only if nothing has changed meanwhile."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from state.errors import StateUnavailable
from state.kinds import Type
from state.scripts import Call, Command, Script, Shards

WRITE = Script("write")
ATTEMPTS = 50
"""Each one that fails means that another worker has written to the same keys, which few events have in common."""
_AT_ONCE = 2_000
"""Fields and values of one write: Lua's `unpack` has a limit."""
_Answer = TypeVar("_Answer")


class View:
    """What stands in strings and in fields of hashes of one shard as it was read, and what is to be written there.

    Keys are those of `state.kinds`, without the shard's prefix. What is not there is empty.
    """

    def __init__(self, shards: Shards, shard: int) -> None:
        self._shards = shards
        self._shard = shard
        self._read: dict[tuple[bytes, bytes], bytes] = {}
        self._values: dict[tuple[bytes, bytes], bytes] = {}
        self._strings: dict[bytes, tuple[int, bytes]] = {}
        self._hashes: dict[tuple[bytes, int], dict[bytes, bytes]] = {}
        self._added: list[tuple[Any, ...]] = []

    async def ask(self, calls: Sequence[Call | Command]) -> list[Any]:
        """The answers, without holding that they still are so when something is written. Raises `StateUnavailable`."""
        return (await self._shards.run({self._shard: calls}))[self._shard] if calls else []

    async def read(
        self,
        strings: Iterable[bytes] = (),
        fields: Iterable[tuple[bytes, bytes]] = (),
        besides: Sequence[Command] = (),
    ) -> list[Any]:
        """Read keys of strings, and fields (key, field) of hashes, each once. Gives the answers to what is asked `besides`.

        Raises `StateUnavailable`.
        """
        alone = list(dict.fromkeys(key for key in strings if (key, b"") not in self._read))
        hashes: dict[bytes, dict[bytes, None]] = {}
        for key, field in fields:
            if (key, field) not in self._read:
                hashes.setdefault(key, {})[field] = None
        commands = [Command("GET", (key,)) for key in alone]
        commands += [Command("HMGET", (key,), tuple(some)) for key, some in hashes.items()]
        answers = await self.ask([*commands, *besides])
        read = {(key, b""): value for key, value in zip(alone, answers, strict=False)}
        for (key, some), values in zip(hashes.items(), answers[len(alone) :], strict=False):
            read |= {(key, field): value for field, value in zip(some, values, strict=True)}
        for place, value in read.items():
            self._read[place] = self._values[place] = value or b""
        return answers[len(commands) :]

    def get(self, key: bytes, field: bytes = b"") -> bytes:
        """What stands there, or is to stand there. Raises KeyError for what was not read."""
        return self._values[key, field]

    def set(self, key: bytes, seconds: int, value: bytes) -> None:
        """Let a value stand in a string, for so many seconds at least."""
        self._values[key, b""] = value
        longest = self._strings[key][0] if key in self._strings else 0
        self._strings[key] = (max(longest, seconds), value)

    def set_field(self, key: bytes, seconds: int, field: bytes, value: bytes) -> None:
        """Let a value stand in a field of a hash, nothing where it is empty; the hash lives for so many seconds at least."""
        self._values[key, field] = value
        self._hashes.setdefault((key, seconds), {})[field] = value

    def add(self, key: bytes, seconds: int, entries: Iterable[tuple[int, bytes]]) -> None:
        """Add entries to a sorted set by their scores, those that are not in it; it lives for so many seconds at least."""
        # as text: Lua would write a large number with an exponent
        flat = (part for score, entry in entries for part in (str(score), entry))
        self._added.append(("zset", key, seconds, *flat))

    async def write(self) -> bool:
        """Write all of it, or nothing where something that was read stands no more. Raises `StateUnavailable`."""
        writes: list[tuple[Any, ...]] = [("string", key, *value) for key, value in self._strings.items()]
        for (key, seconds), values in self._hashes.items():
            flat = [part for pair in values.items() if pair[1] for part in pair]
            starts = range(0, len(flat), _AT_ONCE)
            writes += (("hash", key, seconds, *flat[start : start + _AT_ONCE]) for start in starts)
            if gone := [field for field, value in values.items() if not value]:
                writes.append(("gone", key, 0, *gone))
        writes += self._added
        if not writes:
            return True
        standing = [(*place, value) for place, value in self._read.items()]
        [written] = await self.ask([Call(WRITE, (standing, writes))])
        return bool(written)


def swap(kind: Type, key: bytes, field: bytes, old: bytes, new: bytes, score: int = 0) -> Call:
    """Puts a new value in the place of an old one, or nothing where `new` is empty, only where the old one still stands: then
    it answers 1, else 0. In a sorted set the entry keeps its `score`. The key lives as long as before.
    """
    if kind == "string":
        return Call(WRITE, ([(key, field, old)], [("string", key, 0, new)]))
    if kind == "hash":
        written: list[tuple[Any, ...]] = [("hash", key, 0, field, new) if new else ("gone", key, 0, field)]
        return Call(WRITE, ([(key, field, old, kind)], written))
    added = [("zset", key, 0, str(score), new)] if new else []
    return Call(WRITE, ([(key, old, str(score), kind)], [("left", key, 0, old), *added]))


async def decide(shards: Shards, shard: int, decision: Callable[[View], Coroutine[Any, Any, _Answer]]) -> _Answer:
    """What `decision` gives, once what it has put into its view is written. It is asked again where others were quicker.

    Raises `StateUnavailable` when Redis could not answer, or others were quicker each time.
    """
    for _ in range(ATTEMPTS):
        view = View(shards, shard)
        answer = await decision(view)
        if await view.write():
            return answer
    raise StateUnavailable("Contention", f"others changed what {ATTEMPTS} decisions rested on before they were written")
