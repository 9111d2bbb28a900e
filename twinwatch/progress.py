"""How far long work is, and how much time is left, on standard error; nothing where that is no terminal."""

import sys
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from twinwatch.report import line_console

SHORT_SECONDS = 0.5
"""Work that takes no longer shows no bar."""

EVERY = 1_000
"""After so many lines of a file it is told how far it is."""


class LongWork:
    """A bar while it is entered. Call it with what is done in words, how much of it is done, and of how much, as far as known.

    `lines` says that the command prints meanwhile: on a terminal JSON is not mixed with a bar, other lines pass through it.
    `at_once` shows it from the first call on.
    """

    def __init__(
        self, *, lines: bool = False, json: bool = False, at_once: bool = False, console: Console | None = None
    ):
        console = console or line_console(stderr=True)
        on_screen = lines and sys.stdout.isatty()
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TaskProgressColumn(show_speed=False),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal or (on_screen and json),
            redirect_stdout=on_screen,
            redirect_stderr=False,
        )
        self._at_once = at_once
        self._begun = monotonic()
        self._shown = False
        self._task: TaskID | None = None
        self._total: int | None = None

    def __call__(self, told: str, done: int, of: int | None) -> None:
        """Say how far it is. Other work begins with a new total or with less done than before."""
        if self._task is None:
            self._task = self._bar.add_task(told, total=of)
        elif of != self._total:
            self._bar.reset(self._task, total=of)
        self._total = of
        self._bar.update(self._task, completed=done, description=told)
        if not self._shown and (self._at_once or monotonic() - self._begun > SHORT_SECONDS):
            self._shown = True
            self._bar.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
