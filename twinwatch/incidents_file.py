"""Incidents as they stand in files, with verdicts and events: what `agents.incident_log` is for Kafka."""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO, cast

import msgspec
from msgspec import Struct

from agents.incident_log import ANY_EVENT, Evidence, Modes, encode_verdict, read_incident
from agents.topic_reader import Watched
from models.decoding import UndecodableError, decode_event
from models.events import Event, Verdict
from models.incidents import Incident
from twinwatch import progress
from twinwatch.failures import Failure
from twinwatch.replay import EventFile, read_lines
from twinwatch.replay_command import open_events


class _Shape(Struct):
    """As much of a line as tells what it is."""

    revision: int | None = None
    event_id: str | None = None
    incident_id: str | None = None


_shapes = msgspec.json.Decoder(_Shape)


class IncidentFiles:
    """Files of lines (`-` is standard input), each an incident, a verdict or another event. Its methods raise `Failure`."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._held: IO[bytes] | None = None
        self.watched: Watched | None = None
        """Is told how far it is read."""
        self.unreadable = 0
        """Lines that were none of these, and left out."""
        self.first_unreadable = ""
        """Where the first of them stands, what was found there, and what is expected."""

    async def tell(self, verdict: Verdict) -> str:
        """Add the verdict as a line to the first file that has its incident; which that was."""
        path = self._path_of(verdict.incident_id)
        what = "standard input" if path == "-" else "a compressed file" if Path(path).suffix == ".gz" else ""
        if what:
            raise Failure(f"{path}: found {what}, expected one that a line can be added to")
        try:
            with Path(path).open("rb+") as stream:
                if stream.seek(0, os.SEEK_END):
                    stream.seek(-1, os.SEEK_END)
                whole = stream.read(1) in (b"", b"\n")
                stream.write((b"" if whole else b"\n") + encode_verdict(verdict) + b"\n")
        except OSError as error:
            raise Failure(f"{path}: {error.strerror}") from error
        return path

    def _path_of(self, incident_id: str) -> str:
        """The first file with a revision of the incident. Standard input, which can be read once, where none has one."""
        for path in self._paths:
            if path == "-":
                continue
            for _, shape in self._lines_of(path):
                if shape.revision is not None and shape.incident_id == incident_id:
                    return path
        return "-"

    async def incidents(self, modes: Modes, since: datetime | None = None) -> AsyncIterator[Incident]:
        """All revisions, or those that were told from `since` (wall clock) on. `Failure` where no line could be read."""
        self.unreadable, self.first_unreadable = 0, ""
        readable = 0
        for path in self._paths:
            for number, (value, shape) in enumerate(self._lines_of(path), 1):
                if shape.revision is None and shape.event_id is not None:
                    readable += 1
                    continue
                try:
                    incident = read_incident(value)
                except ValueError as error:
                    self.unreadable += 1
                    self.first_unreadable = self.first_unreadable or (
                        f"{path}, line {number}: {error}; expected an incident, a verdict or another event"
                    )
                    continue
                readable += 1
                if modes in ("all", incident.mode) and (since is None or incident.detected_at >= since):
                    yield incident
        if self.unreadable and not readable:
            raise Failure(self.first_unreadable)

    async def verdicts(self) -> AsyncIterator[Verdict]:
        """All verdicts."""
        for event in self._events():
            if isinstance(event, Verdict):
                yield event

    async def events(self, incident: Incident) -> Evidence:
        """The events that are the incident's evidence, in the order in which they happened; each once."""
        wanted = set(incident.evidence.event_ids)
        found = {event.identity: event for event in self._events() if event.event_id in wanted}
        return Evidence(tuple(sorted(found.values(), key=lambda event: event.time)))

    def _events(self) -> Iterator[Event]:
        for value, shape in self._lines():
            if shape.event_id is not None:
                try:
                    yield decode_event(value, limits=ANY_EVENT, now=datetime.now(UTC))
                except UndecodableError:
                    continue

    def _lines(self) -> Iterator[tuple[bytes, _Shape]]:
        for path in self._paths:
            yield from self._lines_of(path)

    def _standard_input(self) -> EventFile:
        """What came there, from its beginning: it is read for incidents first, then for verdicts, then for events."""
        if self._held is None:
            self._held = TemporaryFile()  # noqa: SIM115 - until the command ends
            shutil.copyfileobj(sys.stdin.buffer, self._held)
        self._held.seek(0)
        return EventFile(cast(BinaryIO, self._held), None)

    def _lines_of(self, path: str) -> Iterator[tuple[bytes, _Shape]]:
        with ExitStack() as stack:
            try:
                source = self._standard_input() if path == "-" else open_events(path, stack)
                for count, line in enumerate(read_lines(source.stream), 1):
                    if self.watched and count % progress.EVERY == 0:
                        self.watched(f"reading {path}", source.position(), source.size)
                    try:
                        yield line.value, _shapes.decode(line.value)
                    except ValueError:
                        yield line.value, _Shape()
            except (OSError, EOFError) as error:
                raise Failure(f"{path}: it cannot be read to its end: {error}") from error
