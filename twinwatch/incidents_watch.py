"""`twinwatch incidents watch`: what is found, as it is found, on one screen of a terminal; lines where there is none."""

import asyncio
import os
import signal
import sys
import termios
import tty
from bisect import insort
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import msgspec
from aiokafka.errors import KafkaError
from msgspec import Struct, field
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agents.incident_log import IncidentLog
from agents.kafka import KafkaUnavailable
from agents.lag import GroupObserver
from agents.settings import Settings
from models.incidents import Incident, encode_incident
from twinwatch.failures import FAILED, Failure
from twinwatch.incidents_command import SEVERITIES, Filters
from twinwatch.incidents_file import IncidentFiles
from twinwatch.incidents_report import as_json, sparkline
from twinwatch.report import incident_text, printable, stdout_console

MAX_HELD = 20_000
_LATEST = 200
_MAX_RULES = 10
_SPARKS = 40
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_REFRESH_SECONDS = 0.5
_WAIT_MS = 200
_LAG_SECONDS = 5.0
_KEYS = "q quits, s changes the least severity"


class Board(Struct):
    """What the screen shows: counts per rule, the latest incidents, when they came. Holds at most `MAX_HELD` incidents."""

    filters: Filters
    spread: bool = False
    """Whether the line of counts goes from the first to the last event (a file), instead of over the last minutes."""
    lag: str = ""
    _incidents: "OrderedDict[str, Incident]" = field(default_factory=OrderedDict)
    _latest: list[Incident] = field(default_factory=list)
    """In the order in which workers found them: partitions are read one after the other."""

    def add(self, incident: Incident) -> bool:
        """One revision; whether the filters let it pass."""
        if not self.filters.let_pass(incident):
            return False
        self._incidents[incident.incident_id] = incident
        insort(self._latest, incident, key=lambda one: one.detected_at)
        del self._latest[:-_LATEST]
        if len(self._incidents) > MAX_HELD:
            self._incidents.popitem(last=False)
        return True

    def change_severity(self) -> None:
        """The next least severity, from now on and for what is here."""
        following = SEVERITIES[(SEVERITIES.index(self.filters.severity) + 1) % len(SEVERITIES)]
        self.filters = msgspec.structs.replace(self.filters, severity=following)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The screen, as large as the console is now."""
        rows = (options.height or console.height) - 1
        shown = [incident for incident in self._incidents.values() if self.filters.let_pass(incident)]
        head: list[RenderableType] = [
            Text(f"{len(shown):,} incident{'' if len(shown) == 1 else 's'}; {self.filters.told}", "bold"),
            Text(f"{self._spark_line(shown)}  {self.lag}".rstrip(), "green"),
        ]
        head.append(_rules_table(shown, min(_MAX_RULES, max(1, rows // 3))))
        head.append(Text(_KEYS, "dim"))
        used = sum(len(console.render_lines(part, options.update(height=None), pad=False)) for part in head)
        yield Group(*head, *self._lines(console, options, rows - used))

    def _lines(self, console: Console, options: ConsoleOptions, rows: int) -> Iterator[Text]:
        """The latest incidents, the newest first, as many as there is room for."""
        for incident in reversed(self._latest):
            if not self.filters.let_pass(incident):
                continue
            line = incident_text(incident)
            rows -= len(console.render_lines(line, options.update(height=None), pad=False))
            if rows < 0:
                return
            yield line

    def _spark_line(self, shown: Sequence[Incident]) -> str:
        if self.spread:
            moments = sorted(incident.occurred_at for incident in shown)
            start, end = (moments[0], moments[-1]) if moments else (datetime.now(UTC),) * 2
            step = max((end - start) / _SPARKS, timedelta(microseconds=1))
            told = f"{start:%Y-%m-%d %H:%MZ} to {end:%Y-%m-%d %H:%MZ}" if moments else ""
        else:
            moments = [incident.detected_at for incident in shown]
            end, step, told = datetime.now(UTC), _MINUTE, f"the last {_SPARKS} minutes"
            start = end - _SPARKS * step
        cells = Counter(min(_SPARKS - 1, int((one - start) / step)) for one in moments if one >= start)
        return f"{sparkline([cells[cell] for cell in range(_SPARKS)])}  {told}"


def _rules_table(shown: Sequence[Incident], rows: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("rule", "incidents", "worst", "newest"):
        table.add_column(name, header_style="dim", justify="right" if name == "incidents" else "left")
    by_rule: dict[str, list[Incident]] = {}
    for incident in shown:
        by_rule.setdefault(incident.rule, []).append(incident)
    ordered = sorted(by_rule.items(), key=lambda item: len(item[1]), reverse=True)
    for rule, incidents in ordered[:rows]:
        worst = max(incidents, key=lambda one: SEVERITIES.index(one.severity)).severity
        newest = max(one.occurred_at for one in incidents)
        table.add_row(Text(printable(rule)), f"{len(incidents):,}", worst, f"{newest:%m-%d %H:%MZ}")
    if rest := ordered[rows:]:
        count = sum(len(incidents) for _, incidents in rest)
        table.add_row(Text(f"{len(rest)} more rules", "dim"), f"{count:,}", "", "")
    return table


def run_watch(
    log: IncidentLog | IncidentFiles, settings: Settings | None, filters: Filters, *, as_lines: bool = False
) -> None:
    """Show incidents as they come, until `q`, Ctrl-C or SIGTERM; of a file what it holds, printed and done without a terminal.
    As lines: a JSON object for each revision, as the contract has it, and no screen.

    Raises `Failure` where Kafka cannot be reached at the start or for good.
    """
    try:
        asyncio.run(_watch(log, settings, filters, as_lines=as_lines))
    except KafkaUnavailable as error:
        raise Failure(str(error), FAILED) from error


async def _watch(
    log: IncidentLog | IncidentFiles, settings: Settings | None, filters: Filters, *, as_lines: bool
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    board = Board(filters, spread=isinstance(log, IncidentFiles))
    console = stdout_console()
    on_screen = console.is_terminal and sys.stdin.isatty() and not as_lines

    def tell(incident: Incident) -> None:
        if as_lines:
            click.echo(as_json(msgspec.json.decode(encode_incident(incident))))
        elif not on_screen:
            console.print(incident_text(incident, with_date=True), soft_wrap=True)

    reading = asyncio.create_task(_read(log, board, tell))
    ending = asyncio.create_task(ended.wait())
    tasks: list[asyncio.Task[Any]] = [reading, ending]
    if on_screen and settings:
        tasks.append(asyncio.create_task(_look_at_lag(settings, board)))
    try:
        if on_screen:
            await _show(board, console, reading, ending, ended)
        else:
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            reading.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _show(
    board: Board, console: Console, reading: "asyncio.Task[None]", ending: "asyncio.Task[Any]", ended: asyncio.Event
) -> None:
    """Draw the board, as large as the terminal is each time, until somebody ends it or nothing can be read."""
    with _keys(board, ended), Live(console=console, screen=True, auto_refresh=False) as live:
        while not ending.done():
            live.update(board, refresh=True)
            await asyncio.wait({ending}, timeout=_REFRESH_SECONDS)
            if reading.done():
                reading.result()


async def _read(log: IncidentLog | IncidentFiles, board: Board, tell: Callable[[Incident], None]) -> None:
    """Fill the board; tell what passes its filters."""

    def add(incident: Incident) -> None:
        if board.add(incident):
            tell(incident)

    modes = board.filters.modes
    if isinstance(log, IncidentFiles):
        async for incident in log.incidents(modes):
            add(incident)
        return
    async with log.follow(modes, datetime.now(UTC) - (board.filters.since or _HOUR)) as following:
        while True:
            for incident in await following.next(_WAIT_MS):
                add(incident)


async def _look_at_lag(settings: Settings, board: Board) -> None:
    """Tell now and then how many records wait for the workers."""
    while True:
        try:
            async with GroupObserver(settings) as observer:
                while True:
                    sighting = await observer.look((), lambda _: None, None)
                    board.lag = f"lag {sum(sighting.backlog.values()):,} records"
                    await asyncio.sleep(_LAG_SECONDS)
        except (KafkaError, OSError, TimeoutError) as error:
            board.lag = f"lag unknown ({type(error).__name__})"
            await asyncio.sleep(_LAG_SECONDS)


@contextmanager
def _keys(board: Board, ended: asyncio.Event) -> Iterator[None]:
    """Keys act as soon as they are pressed, and are not shown. Leaves the terminal as it was."""
    loop, terminal = asyncio.get_running_loop(), sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    def pressed() -> None:
        keys = os.read(terminal, 64)
        if not keys or b"q" in keys.lower():  # nothing: whoever was there has hung up
            ended.set()
        elif b"s" in keys.lower():
            board.change_severity()

    tty.setcbreak(terminal)
    loop.add_reader(terminal, pressed)
    try:
        yield
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
