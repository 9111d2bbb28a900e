"""The engine over a file: events in, incidents out, no Kafka."""

import base64
import gzip
import io
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
from msgspec import Struct, field

from engine.engine import BatchEngine
from engine.pipeline import judge_in_turn
from models.incidents import Incident, encode_incident
from models.records import DeadLetter, RawRecord

BATCH_RECORDS = 500
BATCH_BYTES = 8 * 1024 * 1024
"""A batch is closed at whichever of the two comes first, so that long lines cannot fill the memory."""
MAX_LINE_BYTES = 16 * 1024 * 1024
"""What is kept of one line. The rest of a longer line is skipped; it is far beyond `max_event_bytes` anyway."""

_UTF8_BOM = b"\xef\xbb\xbf"
_GZIP_SUFFIXES = {".gz", ".gzip"}


class Line(NamedTuple):
    """One line of a file of events, without its line end. Lines are counted from 1."""

    number: int
    value: bytes
    cut: bool
    """Whether the line was longer than `MAX_LINE_BYTES`."""


def read_lines(stream: BinaryIO) -> Iterator[Line]:
    """The lines of a file that are not blank, in bounded memory whatever the file holds."""
    number = 0
    while start := stream.readline(MAX_LINE_BYTES):
        number += 1
        cut = not start.endswith(b"\n") and _skip_rest_of_line(stream)
        value = start.removesuffix(b"\n").removesuffix(b"\r")
        if number == 1:
            value = value.removeprefix(_UTF8_BOM)
        if value.strip():
            yield Line(number, value, cut)


def _skip_rest_of_line(stream: BinaryIO) -> bool:
    """Read on to the line's end; whether anything stood before it."""
    skipped = False
    while rest := stream.readline(MAX_LINE_BYTES):
        skipped = skipped or rest != b"\n"
        if rest.endswith(b"\n"):
            break
    return skipped


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Lines in batches of at most `BATCH_RECORDS` lines, closed as soon as they hold `BATCH_BYTES`."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line.value)
        if len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class EventFile:
    """A file of events open for reading. Gzipped files are known by their ending; `size` is None for a pipe."""

    def __init__(self, raw: BinaryIO, path: Path | None) -> None:
        self._raw = raw
        regular = path is not None and path.is_file()
        self.size = path.stat().st_size if path and regular else None
        zipped = path is not None and path.suffix in _GZIP_SUFFIXES
        self.stream: BinaryIO = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if zipped else raw

    def position(self) -> int:
        """Bytes read of `size`."""
        return self._raw.tell() if self.size is not None else 0


class ReplaySummary(Struct, kw_only=True):
    """What a replay came to."""

    records: int = 0
    event_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    incidents: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """Incident ids by (mode, rule)."""
    revisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)
    conflicting: int = 0
    """Events that carry the id of another event."""
    seconds: float = 0.0

    @property
    def events(self) -> int:
        """Events that were judged."""
        return sum(count for (_, outcome), count in self.event_counts.items() if outcome == "accepted")

    def count(self, incident: Incident) -> None:
        """Add one revision of an incident."""
        kind = (incident.mode, incident.rule)
        self.incidents.setdefault(kind, set()).add(incident.incident_id)
        self.revisions[kind] += 1


class Sinks(NamedTuple):
    """Where findings go, one call each, in the order of the input."""

    incident: Callable[[Incident], None]
    dead_letter: Callable[[DeadLetter, Line], None]
    batch_done: Callable[[ReplaySummary], None]


async def replay(lines: Iterable[Line], engine: BatchEngine, sinks: Sinks) -> ReplaySummary:
    """Run the engine over all lines. Raises `state.errors.StateUnavailable` when Redis stops answering."""
    summary = ReplaySummary()
    start = time.perf_counter()
    # a dead letter carries the very record it was made of; equal records may stand on several lines
    under_way: deque[tuple[list[RawRecord], list[Line]]] = deque()

    def taken() -> Iterator[list[RawRecord]]:
        for batch in batches(lines):
            records = [RawRecord(value=line.value) for line in batch]
            under_way.append((records, batch))
            yield records

    async for outcome in judge_in_turn(engine, taken()):
        records, batch = under_way.popleft()
        line_of = {id(record): line for record, line in zip(records, batch, strict=True)}
        for incident in outcome.incidents:
            summary.count(incident)
            sinks.incident(incident)
        for letter in outcome.dead_letters:
            summary.dead_letters[letter.reason.value] += 1
            sinks.dead_letter(letter, line_of[id(letter.record)])
        summary.records += len(batch)
        summary.event_counts.update(outcome.event_counts)
        summary.conflicting += len(outcome.conflicting)
        summary.seconds = time.perf_counter() - start
        sinks.batch_done(summary)
    return summary


def incident_line(incident: Incident) -> bytes:
    """The incident as a line of a JSONL file."""
    return encode_incident(incident) + b"\n"


def dead_letter_line(letter: DeadLetter, line: Line) -> bytes:
    """The dead letter as a line of a JSONL file: its headers, the line it came from, and the original value.

    The value stands under `value` as text where it is UTF-8, else under `value_base64`. `value_cut` is true where the
    line was too long to be kept whole.
    """
    fields: dict[str, object] = {"line": line.number}
    fields |= {name: header.decode("utf-8") for name, header in letter.headers()}
    try:
        fields["value"] = line.value.decode("utf-8")
    except UnicodeDecodeError:
        fields["value_base64"] = base64.b64encode(line.value).decode("ascii")
    if line.cut:
        fields["value_cut"] = True
    return msgspec.json.encode(fields) + b"\n"
