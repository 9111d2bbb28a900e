"""What `twinwatch dead-letters` prints: groups first, then letters, read one after the other and never all held."""

import asyncio
import base64
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click
from msgspec import Struct, to_builtins
from msgspec.structs import replace
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from agents.dead_letters import (
    NotRedriven,
    Redriven,
    StoredLetter,
    read_dead_letters,
    read_letter,
    redrive_all,
    redrive_named,
)
from agents.kafka import KafkaUnavailable
from agents.settings import Settings
from models.decoding import wire_format
from twinwatch.failures import FAILED, Failure, say
from twinwatch.incidents_report import as_json
from twinwatch.progress import LongWork
from twinwatch.report import printable, stdout_console, under

MAX_GROUPS = 200
"""So many combinations of reason and topic are told apart; all others are one."""
_OTHERS = ("(other reasons)", "(other topics)")
_INDENT = 4
_Found = TypeVar("_Found")


class _Group(Struct):
    """Letters of one reason from one topic; `first` and `last` are when they failed, `detail` is the last one's."""

    letters: int = 0
    redriven: int = 0
    first: str = ""
    last: str = ""
    detail: str = ""

    def add(self, letter: StoredLetter) -> None:
        self.letters += 1
        self.redriven += letter.redriven
        self.first = min(self.first or letter.failed_at, letter.failed_at)
        if letter.failed_at >= self.last:
            self.last, self.detail = letter.failed_at, letter.detail


def run_list(
    settings: Settings, *, reason: str | None, since: timedelta | None, limit: int | None, as_lines: bool
) -> None:
    """Print how many letters there are of each reason and topic, then the latest `limit` of them; as JSON all of them where
    there is no limit, which reads them twice instead of holding them.
    """
    moment = datetime.now(UTC) - since if since else None
    groups: dict[tuple[str, str], _Group] = {}
    latest: deque[StoredLetter] = deque(maxlen=limit)

    def keep(letter: StoredLetter) -> None:
        kind = (letter.reason, letter.source.topic if letter.source else "(no topic)")
        if kind not in groups and len(groups) >= MAX_GROUPS:
            kind = _OTHERS
        groups.setdefault(kind, _Group()).add(letter)
        if limit is not None:
            latest.append(replace(letter, value=None))

    with LongWork() as watched:
        _run(_each(read_dead_letters(settings, since=moment, reason=reason, watched=watched), keep))
    ordered = sorted(groups.items(), key=lambda item: -item[1].letters)
    if as_lines:
        for (why, topic), group in ordered:
            click.echo(as_json({"kind": "group", "reason": why, "topic": topic} | to_builtins(group)))
        if limit is None and groups:
            with LongWork(lines=True, json=True) as watched:
                _run(_each(read_dead_letters(settings, since=moment, reason=reason, watched=watched), _tell_letter))
        for letter in latest:
            _tell_letter(letter)
        return
    console = stdout_console()
    total = sum(group.letters for group in groups.values())
    if not total:
        click.echo("no such dead letters", err=True)
        return
    for (why, topic), group in ordered:
        console.print(_group_entry(why, topic, group))
    console.print()
    for letter in latest:
        console.print(letter_entry(letter))
    if console.is_terminal:
        console.print(Text("\ntwinwatch dead-letters show PLACE has what the record holds", "dim"))
    if total > len(latest):
        say(f"twinwatch: {total - len(latest):,} older ones are not shown (see --limit)", err=True)


def _tell_letter(letter: StoredLetter) -> None:
    click.echo(as_json({"kind": "letter"} | letter_fields(letter)))


async def _each(letters: AsyncIterator[StoredLetter], use: Callable[[StoredLetter], None]) -> None:
    async for letter in letters:
        use(letter)


def run_show(settings: Settings, place: str, *, as_lines: bool) -> None:
    """Print all that is known of one letter."""
    letter = _run(read_letter(settings, place))
    if as_lines:
        value = letter.value
        whole = letter_fields(letter) | (_bytes_field("key", letter.key) | _bytes_field("value", value))
        click.echo(as_json(whole | {"wire_format": wire_format(value) if value else None}))
    else:
        click.echo(letter_page(letter))


def run_redrive(
    settings: Settings,
    places: Sequence[str],
    *,
    reason: str | None,
    since: timedelta | None,
    again: bool,
    limit: int | None,
    dry_run: bool,
    as_lines: bool,
) -> bool:
    """Send letters again, or say what would be; whether none was left out."""
    if places:
        done = _run(redrive_named(settings, places, dry_run=dry_run))
    else:
        moment = datetime.now(UTC) - since if since else None
        with LongWork() as watched:
            done = _run(
                redrive_all(
                    settings,
                    since=moment,
                    reason=reason,
                    again=again,
                    limit=limit,
                    dry_run=dry_run,
                    watched=watched,
                )
            )
    if as_lines:
        click.echo(as_json(to_builtins(done) | {"dry_run": dry_run}))
    else:
        _tell(done, dry_run)
    return not done.left_out


def _tell(done: Redriven, dry_run: bool) -> None:
    records = "1 record" if done.count == 1 else f"{done.count:,} records"
    click.echo(f"{records} {'would be ' if dry_run else ''}sent again")
    for topic, count in sorted(done.sent.items()):
        click.echo(f"{count:>10,} to {printable(topic)}")
    for line in done.why:
        say(f"twinwatch: {printable(line)}", err=True)
    if done.more:
        say("twinwatch: there are more (see --limit)", err=True)
    if done.left_out:
        say(f"twinwatch: {done.left_out:,} in all cannot be sent again", err=True)


# --- one letter --------------------------------------------------------------------------------


def letter_fields(letter: StoredLetter) -> dict[str, Any]:
    """A letter for scripts, without what was written: that may be large, and a member's."""
    source = letter.source
    return {
        "place": letter.place,
        "reason": letter.reason,
        "detail": letter.detail,
        "failed_at": letter.failed_at,
        "source": {"topic": source.topic, "partition": source.partition, "offset": source.offset} if source else None,
        "redriven": letter.redriven,
    }


def _bytes_field(name: str, value: bytes | None) -> dict[str, str | None]:
    """As text where it is UTF-8, else under another name in base64."""
    try:
        return {name: None if value is None else value.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(value or b"").decode("ascii")}


def letter_entry(letter: StoredLetter) -> RenderableType:
    """A letter in a few lines: its place, when and why it was put aside, where it came from, and what is wrong."""
    head = Text(f"{letter.place}  {printable(letter.failed_at[:19])}Z  ")
    head.append(f"{printable(letter.reason)}  ", "yellow")
    head.append(printable(origin(letter)), "dim")
    if letter.redriven:
        head.append("  redriven", "green")
    return Group(head, _under(letter.detail))


def letter_page(letter: StoredLetter) -> str:
    """All that is known of a letter. Its value is shown as text where it is text, else with escapes."""
    value = "(none)" if letter.value is None else letter.value.decode("utf-8", "backslashreplace")
    key = "(none)" if letter.key is None else letter.key.decode("utf-8", "backslashreplace")
    fields = {
        "place": letter.place,
        "reason": letter.reason,
        "detail": letter.detail,
        "failed at": letter.failed_at,
        "source": origin(letter),
        "redriven": "yes" if letter.redriven else "no",
        "format": (wire_format(letter.value) if letter.value else None) or "",
        "key": key,
        "value": value,
    }
    return "\n".join(f"{name:<10} {printable(told)}" for name, told in fields.items() if told)


def origin(letter: StoredLetter) -> str:
    """Where the record stood."""
    source = letter.source
    return f"{source.topic}/{source.partition}@{source.offset}" if source else "(no topic)"


def _group_entry(reason: str, topic: str, group: _Group) -> RenderableType:
    head = Text(f"{group.letters:,} ", "bold")
    head.append(printable(reason), "yellow")
    redriven = f", {group.redriven:,} redriven" if group.redriven else ""
    head.append(f" of {printable(topic)}{redriven}, {_minute(group.first)} to {_minute(group.last)}")
    return Group(head, _under(group.detail))


def _minute(moment: str) -> str:
    return f"{printable(moment[:16]).replace('T', ' ')}Z"


def _under(text: str) -> Padding:
    return under(Text(printable(text), "dim"), _INDENT)


def _run(work: Coroutine[Any, Any, _Found]) -> _Found:
    try:
        return asyncio.run(work)
    except NotRedriven as error:
        raise Failure(str(error)) from error
    except KafkaUnavailable as error:
        raise Failure(str(error), FAILED) from error
