"""Child processes that cannot outlive us, however we end."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_KEEPER = Path(__file__).with_name("keeper.py")


def kept(command: Sequence[str | Path], directory: Path | None = None, *, pipe: int = 0) -> list[str]:
    """The command that becomes `command`, and is killed when the other end of `pipe` (its standard input) is gone.

    Then `directory` is deleted, too. Meant for processes that this module's `KeptProcess` cannot start.
    """
    # isolated and without site-packages: the keeper needs nothing of ours and is replaced by the process at once
    return [sys.executable, "-I", "-S", str(_KEEPER), str(pipe), str(directory or ""), *map(str, command)]


class KeptProcess:
    """A process that is killed, and whose `directory` is deleted, when this process goes first: even by SIGKILL.

    It runs in a session of its own, so that Ctrl-C in a terminal reaches its user first; in `cwd`, which is `directory` where
    nothing else is said. `process` is the process itself, and `command` what it was started with.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        directory: Path | None,
        *,
        log: IO[bytes],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.command = [str(part) for part in command]
        self.process = subprocess.Popen(  # noqa: S603 - the command is the caller's, never a user's
            kept(self.command, directory),
            cwd=cwd or directory,
            env=env,
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
