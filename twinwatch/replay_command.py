"""Around a replay: the files it reads and writes, the Redis it uses, what is shown meanwhile."""

import asyncio
import json
import secrets
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

import click
from redis.asyncio import Redis
from redis.exceptions import RedisError
from rich.console import Console

from engine.engine import Engine
from engine.loading import load_tables
from models.decoding import InputLimits
from models.incidents import Incident
from models.records import DeadLetter
from rules.policy import Policy
from state.errors import StateUnavailable
from state.pseudonyms import Pseudonyms
from state.store import DEFAULT_NAMESPACE, Store
from twinwatch.embedded import EmbeddedServerError, embedded_redis
from twinwatch.failures import FAILED, Failure
from twinwatch.files import open_output
from twinwatch.progress import LongWork
from twinwatch.replay import (
    EventFile,
    Line,
    ReplaySummary,
    Sinks,
    dead_letter_line,
    incident_line,
    read_lines,
    replay,
)
from twinwatch.report import incident_text, line_console, replay_fields, replay_summary

_REDIS_TIMEOUT_SECONDS = 30.0
_FORGET_AT_ONCE = 1_000


class Outputs(NamedTuple):
    """Where to write, as given on the command line: a path, `-`, or None for nowhere."""

    incidents: str | None = None
    shadow: str | None = None
    dead_letters: str | None = None


def _tell(summary: ReplaySummary, errors: Console, *, as_object: bool) -> None:
    if as_object:
        click.echo(json.dumps(replay_fields(summary)))
        return
    for part in replay_summary(summary):
        errors.print(part)


def run_replay(
    events: str,
    policy: Policy,
    limits: InputLimits,
    outputs: Outputs,
    pseudonyms: Pseudonyms,
    redis_url: str | None = None,
    *,
    as_object: bool = False,
) -> ReplaySummary:
    """Replay `events` (a path or `-`), write the findings, and tell what it came to: on standard error, or as a JSON object
    on standard output.

    Raises `Failure` when the input cannot be read to its end, an output cannot be written, or Redis is not there.
    """
    _refuse_overwriting(events, outputs)
    if as_object and "-" in outputs:
        raise Failure("--json: found an output to standard output besides, expected a file for it")
    with ExitStack() as stack:
        source = open_events(events, stack)
        desk = _Desk(source, outputs, stack, lines=outputs.incidents is None and not as_object)
        try:
            url = redis_url or stack.enter_context(embedded_redis()).url
        except EmbeddedServerError as error:
            raise Failure(f"no Redis to keep the state in: {error}; or name one with --redis", FAILED) from error
        # a Redis of our own is thrown away as it is
        store = _own_store(url, policy, pseudonyms, tidy=redis_url is not None)
        load_tables()  # as a worker does: the rate that is told is that of judging, and judging is faster
        try:
            summary = asyncio.run(_replay(events, source, policy, limits, desk, store))
        except StateUnavailable as error:
            raise Failure(str(error), FAILED) from error
    _tell(summary, desk.errors, as_object=as_object)
    return summary


async def _replay(
    events: str,
    source: EventFile,
    policy: Policy,
    limits: InputLimits,
    desk: "_Desk",
    own_store: AbstractAsyncContextManager[Store],
) -> ReplaySummary:
    async with own_store as store:
        engine = Engine(policy, store, limits=limits)
        with desk.progress:
            return await replay(_readable(read_lines(source.stream), events), engine, desk.sinks())


@asynccontextmanager
async def _own_store(url: str, policy: Policy, pseudonyms: Pseudonyms, *, tidy: bool) -> AsyncIterator[Store]:
    """A store that shares nothing with another, even in the same Redis, and leaves nothing behind where it is to `tidy`."""
    namespace = f"{DEFAULT_NAMESPACE}replay-{secrets.token_hex(8)}:"
    try:
        client = Redis.from_url(
            url, socket_timeout=_REDIS_TIMEOUT_SECONDS, socket_connect_timeout=_REDIS_TIMEOUT_SECONDS
        )
    except ValueError as error:
        raise Failure(f"--redis: {error}") from error
    try:
        store = Store(
            client,
            pseudonyms,
            namespace=namespace,
            limits=policy.store_limits(),
        )
        await store.ping()
        try:
            yield store
        except StateUnavailable:
            tidy = False  # nothing can be deleted there at the moment; what is left expires
            raise
        finally:
            if tidy:
                await _forget(client, namespace)
    finally:
        await client.aclose()


async def _forget(client: Redis, namespace: str) -> None:
    try:
        keys: list[bytes] = []
        async for key in client.scan_iter(match=f"{namespace}*", count=_FORGET_AT_ONCE):
            keys.append(key)
            if len(keys) >= _FORGET_AT_ONCE:
                await client.unlink(*keys)
                keys.clear()
        if keys:
            await client.unlink(*keys)
    except RedisError as error:
        raise Failure(f"--redis: the keys {namespace}* could not be deleted: {error}", FAILED) from error


def open_events(events: str, stack: ExitStack) -> EventFile:
    """The file of events, or standard input for `-`. Raises `Failure` where there is none."""
    if events == "-":
        return EventFile(sys.stdin.buffer, None)
    path = Path(events)
    try:
        return EventFile(stack.enter_context(path.open("rb")), path)
    except OSError as error:
        raise Failure(f"{events}: {error.strerror}") from error


def _refuse_overwriting(events: str, outputs: Outputs) -> None:
    """An output that is the input, or two that are the same file, would destroy what the caller wants."""
    taken = {} if events == "-" else {_identity(Path(events)): "the input"}
    for name, target in outputs._asdict().items():
        if target is None or target == "-" or Path(target).is_char_device():
            continue
        identity = _identity(Path(target))
        if identity in taken:
            raise Failure(f"--{name.replace('_', '-')}: {target} is {taken[identity]} already")
        taken[identity] = f"the output of --{name.replace('_', '-')}"


def _identity(path: Path) -> object:
    """The same for all names of one file, links among them; of a file that is not there yet, its full path."""
    try:
        status = path.stat()
    except OSError:
        return path.resolve()
    return status.st_dev, status.st_ino


def _readable(lines: Iterator[Line], events: str) -> Iterator[Line]:
    """The lines, with one clear error where the file breaks off (a damaged archive, a disk error)."""
    try:
        yield from lines
    except (OSError, EOFError, zlib.error) as error:
        raise Failure(f"{events}: cannot be read to its end: {error}", FAILED) from error


@contextmanager
def _writing(stream: BinaryIO) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise  # the reader has what it wants, e.g. `head`: the command line knows how to end then
    except OSError as error:
        with suppress(OSError):  # closing tries to write the rest once more
            stream.close()
        raise Failure(f"{stream.name}: {error.strerror}", FAILED) from error


class _Desk:
    """Writes findings where the caller wants them, and shows how far the replay is."""

    def __init__(self, source: EventFile, outputs: Outputs, stack: ExitStack, *, lines: bool) -> None:
        self.errors, self._lines = line_console(stderr=True), line_console()
        self._source = source
        self._incidents, self._shadow, self._dead_letters = (
            None if target is None else open_output(target, stack) for target in outputs
        )
        self._print = lines
        self._streams = [one for one in (self._incidents, self._shadow, self._dead_letters) if one]
        json_on_screen = "-" in outputs
        self.progress = LongWork(lines=lines or json_on_screen, json=json_on_screen, at_once=True, console=self.errors)
        self.progress("reading", 0, source.size)

    def sinks(self) -> Sinks:
        return Sinks(self._incident, self._dead_letter, self._batch_done)

    def _incident(self, incident: Incident) -> None:
        stream = self._shadow if incident.mode == "shadow" else self._incidents
        if stream:
            with _writing(stream):
                stream.write(incident_line(incident))
        elif self._print and incident.mode == "live":
            self._lines.print(incident_text(incident, with_date=True))

    def _dead_letter(self, letter: DeadLetter, line: Line) -> None:
        if self._dead_letters:
            with _writing(self._dead_letters):
                self._dead_letters.write(dead_letter_line(letter, line))

    def _batch_done(self, summary: ReplaySummary) -> None:
        for stream in self._streams:
            with _writing(stream):
                stream.flush()
        found = sum(len(ids) for ids in summary.incidents.values())
        told = f"{summary.records:,} records, {found:,} incidents"
        self.progress(told, self._source.position(), self._source.size)
