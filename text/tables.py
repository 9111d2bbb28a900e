"""Tables that are made of the word lists, each once: what one start has made is kept for the next.

Making all of them takes seconds, and memory that Python does not give back, so that another process makes them (`make_apart`).
They are kept where Python keeps compiled modules (`__pycache__`), and like these: made of the files beside it, no more and no
less to be trusted, made anew where anything that they are made of has changed, and not written where Python is told to write
nothing (`PYTHONDONTWRITEBYTECODE`) or may not. The arrays among them, 23 MiB, are not read but mapped: all processes of a
machine have them in memory once, and a start does not wait for them.
"""

import os
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import _lru_cache_wrapper, cache, wraps
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import cache_from_source
from mmap import ACCESS_COPY, mmap
from pathlib import Path
from re import match
from subprocess import DEVNULL, PIPE, Popen
from threading import Timer
from typing import Any, TypeVar

T = TypeVar("T")

MAKING_SECONDS = 120.0
"""For so long another process may make tables: it takes some seven seconds of a processor."""
_ALIGNMENT = 64
"""Bytes: where arrays begin in what is kept."""
_MADE: dict[str, Callable[[], Any]] = {}
_RECALLED: dict[str, Any] = {}


def table(make: Callable[[], T]) -> "_lru_cache_wrapper[T]":
    """Like `functools.cache` of a function without parameters, which is not called where its table was recalled. Using a
    table must not change what it tells.
    """
    name = f"{make.__module__}.{make.__qualname__}"

    @cache
    @wraps(make)
    def made() -> T:
        found: T = _RECALLED.pop(name) if name in _RECALLED else make()
        return found

    _MADE[name] = made
    return made


def recall() -> bool:
    """Take the tables that an earlier start kept; whether there are any that were made of what is here now."""
    with suppress(Exception), _place().open("rb") as kept:  # whatever stands there, it can be made anew
        if kept.read(blake2b.MAX_DIGEST_SIZE) == _digest():
            sizes = pickle.load(kept)  # noqa: S301
            mapped, arrays, start = memoryview(mmap(kept.fileno(), 0, access=ACCESS_COPY)), [], kept.tell()
            for size in sizes:
                start = _aligned(start)
                arrays.append(mapped[start : start + size])
                start += size
            kept.seek(start)
            _RECALLED.update(pickle.load(kept, buffers=arrays))  # noqa: S301
            return True
    return False


def make_apart(program: str) -> bool:
    """Have another process make all tables; whether it did. `program` is Python that ends with `hand_over`.

    What making takes, beside what is made of it, a process never gives back in whole: 60 MiB. Whatever goes wrong, or takes
    longer than `MAKING_SECONDS`, the tables can be made here.
    """
    command = [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{program}"]
    with suppress(Exception), Popen(command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL) as maker:  # noqa: S603
        assert maker.stdout
        limit = Timer(MAKING_SECONDS, maker.kill)
        limit.daemon = True
        limit.start()
        try:
            _RECALLED.update(pickle.load(maker.stdout))  # noqa: S301
        finally:
            limit.cancel()
        return True
    return False


def hand_over() -> None:
    """Write all tables to standard output, and keep them."""
    pickle.dump({name: made() for name, made in _MADE.items()}, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
    sys.stdout.buffer.close()
    keep()


def keep() -> None:
    """Keep all tables for the next start, as far as that can be done."""
    if sys.dont_write_bytecode or not _MADE:
        return
    place = _place()
    unfinished = place.with_name(f"{place.name}.{os.getpid()}")
    with suppress(Exception):  # this start has them
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            arrays: list[pickle.PickleBuffer] = []
            tables = pickle.dumps({name: made() for name, made in _MADE.items()}, 5, buffer_callback=arrays.append)
            with unfinished.open("wb") as written:
                written.write(_digest())
                pickle.dump([array.raw().nbytes for array in arrays], written)
                for array in arrays:
                    written.seek(_aligned(written.tell()))
                    written.write(array)
                written.write(tables)
            unfinished.replace(place)
        finally:
            unfinished.unlink(missing_ok=True)


def _aligned(place: int) -> int:
    return -place % _ALIGNMENT + place


def _place() -> Path:
    return Path(cache_from_source(__file__)).with_suffix(".tables")


def _digest() -> bytes:
    """Of all that tables are made of: Python, what is installed, and the files of this room. Raises PackageNotFoundError where
    nobody knows what is installed.
    """
    digest = blake2b(repr([sys.version, sorted(_MADE), *_installed()]).encode())
    room = Path(__file__).parent
    for file in sorted(_files(room)):
        read = file.read_bytes()
        digest.update(f"{file.relative_to(room)} {len(read)} ".encode())
        digest.update(read)
    return digest.digest()


def _installed() -> Iterator[str]:
    for needed in requires("twinwatch") or ():
        if named := match(r"[\w.-]+", needed):
            with suppress(PackageNotFoundError):  # an extra's
                yield f"{named[0]} {version(named[0])}"


def _files(room: Path) -> Iterator[Path]:
    for one in room.iterdir():
        if not one.is_dir():
            yield one
        elif one.name != "__pycache__":
            yield from _files(one)
