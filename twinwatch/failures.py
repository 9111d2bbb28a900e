"""How commands end when they cannot do what was asked, and what else they say in a line of text."""

import shutil
import sys
import textwrap
from pathlib import Path
from typing import IO, Any

import click

BAD_INPUT = 2
"""Exit status for anything that the caller has to set right: an option, a file, a setting, a policy."""
FAILED = 1
"""Exit status where the command was fine and something else was not."""
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""
TERMINATED = 143
"""Exit status after SIGTERM, as shells have it."""
_GOES_ON = "    "


class Failure(click.ClickException):
    """Ends the command with one line on standard error."""

    def __init__(self, message: str, exit_code: int = BAD_INPUT) -> None:
        super().__init__(message)
        self.exit_code = exit_code

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message, one line but for a terminal that is too narrow for it."""
        file = file or sys.stderr
        click.echo(fitted(f"twinwatch: {self.format_message()}", file), file=file)


def say(text: str, *, err: bool = False) -> None:
    """Print a line to standard output or standard error."""
    click.echo(fitted(text, sys.stderr if err else sys.stdout), err=err)


def to_be_typed() -> str:
    """How twinwatch is called from here: by its name alone only where the shell finds it."""
    here, command = Path.cwd(), Path(sys.executable).with_name("twinwatch")
    found = shutil.which("twinwatch")
    if not command.exists() or (found and command.samefile(found)):
        return "twinwatch"
    return str(command.relative_to(here) if command.is_relative_to(here) else command)


def fitted(text: str, file: IO[Any]) -> str:
    """The text with its lines broken between words where they are to be shown on a terminal; as it is for everything else."""
    if not file.isatty():
        return text
    width = shutil.get_terminal_size().columns
    lines = (
        textwrap.wrap(line, width, subsequent_indent=_GOES_ON, break_long_words=False, break_on_hyphens=False) or [""]
        for line in text.splitlines()
    )
    return "\n".join(part for parts in lines for part in parts)
