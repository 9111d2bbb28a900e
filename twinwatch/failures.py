"""How commands end when they cannot do what was asked."""

import sys
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


class Failure(click.ClickException):
    """Ends the command with one line on standard error."""

    def __init__(self, message: str, exit_code: int = BAD_INPUT) -> None:
        super().__init__(message)
        self.exit_code = exit_code

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message as the one line of the command."""
        click.echo(f"twinwatch: {self.format_message()}", file=file or sys.stderr)
