"""`twinwatch check-events`: read events from a file or from topics, and tell the platform's team what is wrong with them."""

import asyncio
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

import click
from rich.text import Text

from agents.kafka import KafkaUnavailable
from agents.settings import Settings
from agents.topic_reader import Watched, read_topics
from models.decoding import UNKNOWN_TYPE, InputLimits
from models.events import TOPICS
from twinwatch import progress
from twinwatch.event_check import CheckedRecord, EventCheck, facts, notes, report_fields, wrong_lines
from twinwatch.failures import FAILED, Failure
from twinwatch.incidents_report import as_json
from twinwatch.progress import LongWork
from twinwatch.replay import read_lines
from twinwatch.replay_command import open_events
from twinwatch.report import printable, stdout_console, under

_INDENT = 2


def check_file(path: str, limits: InputLimits) -> EventCheck:
    """Look at every line of a file (`-` is standard input). Raises `Failure` where it cannot be read."""
    check = EventCheck(limits, datetime.now(UTC))
    with ExitStack() as stack:
        watched = stack.enter_context(LongWork())
        try:
            source = open_events(path, stack)
            for count, line in enumerate(read_lines(source.stream), 1):
                check.add(CheckedRecord(value=line.value, place=f"line {line.number}"))
                if count % progress.EVERY == 0:
                    watched(f"{count:,} records", source.position(), source.size)
        except (OSError, EOFError, zlib.error) as error:
            raise Failure(f"{path}: cannot be read to its end: {error}", FAILED) from error
    return check


def check_topics(settings: Settings, topics: Sequence[str], last: int) -> EventCheck:
    """Look at the latest records of each topic. Raises `Failure` where one is none of ours, or Kafka does not answer."""
    names = [topic.removeprefix(settings.topic_prefix) for topic in topics]
    for name in names:
        if name not in TOPICS:
            raise Failure(f"--topic: found {name}, expected one of {', '.join(TOPICS)}")
    check = EventCheck(settings.input_limits, datetime.now(UTC))

    async def look(watched: Watched) -> None:
        for name in dict.fromkeys(names):
            async with read_topics(settings, name, watched=watched) as reader:
                async for record in reader.latest(last):
                    check.add(
                        CheckedRecord(
                            value=record.value,
                            place=f"{record.partition}:{record.offset}",
                            topic=name,
                            key=record.key,
                            headers=tuple(record.headers),
                            written_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
                        )
                    )

    try:
        with LongWork() as watched:
            asyncio.run(look(watched))
    except KafkaUnavailable as error:
        raise Failure(str(error), FAILED) from error
    return check


def tell(check: EventCheck, *, as_object: bool) -> bool:
    """Print what was found; whether twinwatch can use all of it."""
    if as_object:
        click.echo(as_json(report_fields(check)))
        return check.fine == check.records
    console = stdout_console()
    for name, report in sorted(check.types.items()):
        known = "of no known type" if name == UNKNOWN_TYPE else name
        line = Text(f"{known}: {report.fine:,} of {report.records:,} fine", "bold")
        console.print(line)
        for grade, style, lines in (
            ("wrong", "red", wrong_lines(report)),
            ("note", "yellow", notes(name, report)),
            ("", "dim", [facts(report)]),
        ):
            for told in filter(None, lines):
                console.print(under(Text.assemble((f"{grade:<6}" if grade else "", style), printable(told)), _INDENT))
    console.print(f"{check.fine:,} of {check.records:,} records can be used")
    return check.fine == check.records
