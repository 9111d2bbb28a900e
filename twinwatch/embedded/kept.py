"""Child processes that cannot outlive us, however we end."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

_KEEPER = Path(__file__).with_name("keeper.py")


def kept(command: Sequence[str | Path], directory: Path) -> list[str]:
    """The command that becomes `command`, and is killed when the other end of its standard input, a pipe, is gone.

    Then `directory` is deleted, too. Meant for processes that this module's `KeptProcess` cannot start.
    """
    # isolated and without site-packages: the keeper needs nothing of ours and is replaced by the server at once
    return [sys.executable, "-I", "-S", str(_KEEPER), str(directory), *map(str, command)]


class KeptProcess:
    """A server process that is killed, and whose `directory` is deleted, when this process goes first: even by SIGKILL.

    It runs in a session of its own, so that Ctrl-C in a terminal reaches its user first. `process` is the server itself,
    and `command` what it was started with.
    """

    def __init__(self, command: Sequence[str | Path], directory: Path, *, log: IO[bytes]) -> None:
        self.command = [str(part) for part in command]
        self.process = subprocess.Popen(  # noqa: S603 - the command is the caller's, never a user's
            kept(self.command, directory),
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self._wait()

    def stop(self, timeout: float = 10.0) -> None:
        """Ask it to end in good order; after `timeout` seconds end it anyway."""
        self.process.terminate()
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._wait()

    def _wait(self) -> None:
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()  # releases the keeper
