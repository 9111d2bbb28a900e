"""What `twinwatch boilerplate` prints: sentences that were learnt as nobody's own, with examples, and what was forgotten."""

import asyncio
import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.console import Group
from rich.text import Text

from agents.kafka import KafkaUnavailable
from agents.redis import describe_store_trouble, open_redis
from agents.settings import Settings
from agents.topic_reader import Watched, read_topics
from models.decoding import UndecodableError, decode_event
from models.events import TOPICS, BaseEvent, from_microseconds, rfc_3339, written_fields
from state.boilerplate import SENTENCE_BYTES, Boilerplate, Example, Learnt, sentence_name
from state.campaigns import CampaignCodec
from state.errors import StateUnavailable
from state.pseudonyms import Pseudonyms
from state.store import DEFAULT_NAMESPACE
from text.masking import excerpt
from text.reading import passages
from text.written import read_written
from twinwatch.failures import FAILED, Failure, say
from twinwatch.incidents_report import as_json
from twinwatch.progress import LongWork
from twinwatch.report import many, printable, stdout_console, under

MOST_READ = 1_000_000
"""Records in which examples are looked for."""
_BEFORE = timedelta(hours=1)
"""Clocks of the platform and of Kafka may differ by so much."""
_INDENT = 4
_PIECES = re.compile(r"(?<=[.!?։。])\s+|\n+")
_MOST_PIECES = 200


def run_list(settings: Settings, *, with_texts: bool, as_lines: bool) -> None:
    """Print what was learnt and barred; `with_texts` read the examples' texts from Kafka. Raises `Failure`."""
    learnt = asyncio.run(_guarded(_learnt(settings)))
    with LongWork() as watched:
        shown = asyncio.run(_guarded(_texts(settings, learnt, watched))) if with_texts else {}
    if as_lines:
        for one in learnt:
            click.echo(as_json(_fields(one, shown.get(one.id), with_texts=with_texts)))
        return
    if not learnt:
        click.echo("nothing is learnt as boilerplate")
        return
    console = stdout_console()
    for one in learnt:
        console.print(_entry(one, shown.get(one.id), with_texts=with_texts))


def run_forget(settings: Settings, named: Sequence[str], *, bar: bool, as_object: bool) -> bool:
    """Forget sentences that are named by id or text; whether all of them were known. Raises `Failure`."""
    pseudonyms = _pseudonyms(settings)
    ids = dict.fromkeys(one for name in named for one in _ids(pseudonyms, name))
    done = asyncio.run(_guarded(_forget(settings, list(ids), bar)))
    if as_object:
        told = {"forgotten": list(done.forgotten), "unknown": list(done.unknown), "barred": bar}
        click.echo(as_json(told))
    else:
        click.echo(f"{many(len(done.forgotten), 'sentence')} forgotten{' and barred' if bar else ''}")
        for one in done.unknown:
            say(f"twinwatch: {one} is no sentence that was learnt (see twinwatch boilerplate list)", err=True)
    return not done.unknown


def _ids(pseudonyms: Pseudonyms, name: str) -> list[str]:
    """An id as `list` prints it, or those of the sentences of a text."""
    if len(name) == 2 * SENTENCE_BYTES and all(character in "0123456789abcdef" for character in name):
        return [name]
    lines = sorted(passages([name]))
    if not lines:
        raise Failure(f"found {printable(name)!r}, expected an id that `list` prints, or a sentence in words")
    return [sentence_name(pseudonyms, line).hex() for line in lines]


# --- Redis and Kafka -----------------------------------------------------------------------------------------------------


def _pseudonyms(settings: Settings) -> Pseudonyms:
    return Pseudonyms(settings.pseudonym_key.get_secret_value().encode())


def _boilerplate(settings: Settings, client: Any) -> Boilerplate:
    return Boilerplate(
        client,
        _pseudonyms(settings),
        shards=settings.redis_shards,
        namespace=DEFAULT_NAMESPACE,
        scope=CampaignCodec.scope,
    )


async def _learnt(settings: Settings) -> list[Learnt]:
    client = open_redis(settings)
    try:
        return await _boilerplate(settings, client).learnt()
    finally:
        await client.aclose()


async def _forget(settings: Settings, ids: Collection[str], bar: bool) -> Any:
    client = open_redis(settings)
    try:
        return await _boilerplate(settings, client).forget(ids, bar=bar)
    finally:
        await client.aclose()


async def _guarded(work: Any) -> Any:
    try:
        return await work
    except StateUnavailable as error:
        raise Failure(describe_store_trouble(error), FAILED) from error
    except KafkaUnavailable as error:
        raise Failure(str(error), FAILED) from error


async def _texts(settings: Settings, learnt: Sequence[Learnt], watched: Watched) -> dict[str, str]:
    """What the examples' texts say, by the sentences' ids, as far as Kafka still has them."""
    wanted: dict[str, list[tuple[str, Example]]] = {}
    for one in learnt:
        if one.example:
            wanted.setdefault(_topic_of(one.example), []).append((one.id, one.example))
    found: dict[str, str] = {}
    pseudonyms, left = _pseudonyms(settings), MOST_READ
    for topic, examples in wanted.items():
        since = from_microseconds(min(example.time for _, example in examples)) - _BEFORE
        sought: dict[str, list[str]] = {}
        for sentence, example in examples:
            sought.setdefault(example.event_id, []).append(sentence)
        async with read_topics(settings, topic, watched=watched) as reader:
            async for record in reader.held(reader.partitions, since_ms=int(since.timestamp() * 1000)):
                left -= 1
                event = _decoded(settings, record.value)
                if event and event.event_id in sought:
                    found |= _shown(pseudonyms, event, sought[event.event_id])
                    if found.keys() >= set(sought.pop(event.event_id)) and not sought:
                        break
                if not left:
                    say(f"twinwatch: examples were looked for in {MOST_READ:,} records", err=True)
                    return found
    return found


def _topic_of(example: Example) -> str:
    types = {str(kind.__struct_config__.tag): topic for topic, kinds in TOPICS.items() for kind in kinds}
    return types.get(example.type, next(iter(TOPICS)))


def _decoded(settings: Settings, value: bytes | None) -> BaseEvent | None:
    try:
        return decode_event(value, limits=settings.input_limits, now=datetime.now(UTC))
    except UndecodableError:
        return None


def _shown(pseudonyms: Pseudonyms, event: BaseEvent, sentences: Collection[str]) -> dict[str, str]:
    """The sentences as they stand in an event, by their ids; what is private of them is masked."""
    found: dict[str, str] = {}
    written = written_fields(event)
    for text in (written.text, written.heading, written.beside):
        for piece in _PIECES.split(read_written(text).seen)[:_MOST_PIECES] if text else ():
            for line in passages([piece]):
                if (name := sentence_name(pseudonyms, line).hex()) in sentences:
                    found.setdefault(name, excerpt(piece))
    return found


# --- what is printed -----------------------------------------------------------------------------------------------------


def _fields(one: Learnt, shown: str | None, *, with_texts: bool) -> dict[str, Any]:
    example = one.example
    told: dict[str, Any] = {
        "id": one.id,
        "barred": one.is_barred,
        "members": one.members,
        "days": one.days,
        "first": one.first and one.first.isoformat(),
        "last": one.last and one.last.isoformat(),
        "example": example
        and {
            "event_id": example.event_id,
            "type": example.type,
            "occurred_at": rfc_3339(from_microseconds(example.time)),
            "language": example.language,
        },
    }
    if with_texts:
        told["text"] = shown
    return told


def _entry(one: Learnt, shown: str | None, *, with_texts: bool) -> Group | Text:
    head = Text(one.id, "bold")
    if one.is_barred:
        head.append("  barred", "yellow")
        return head
    head.append(f"  {one.members} members on {one.days} days, {one.first} to {one.last}")
    example = one.example
    if not example:
        return Group(head, under(Text("no example is known", "dim"), _INDENT))
    language = f" in {printable(example.language)}" if example.language else ""
    moment = rfc_3339(from_microseconds(example.time))
    lines = [f"for example {example.type} {printable(example.event_id)} of {moment}{language}"]
    if with_texts:
        lines.append(printable(shown) if shown else "its text was not found in Kafka")
    return Group(head, *(under(Text(line, "dim"), _INDENT) for line in lines))
