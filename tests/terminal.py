"""A terminal in which a test runs a command, presses keys and changes the size."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Self

from tests.servers import LONG_ENOUGH, REPOSITORY, eventually, lifeline
from twinwatch.embedded.kept import kept

_HOME = "\x1b[H"
_STYLES = re.compile(r"\x1b\[[0-9;]*m")


ToldProgress = list[tuple[str, int, int | None]]
"""What a command tells of how far it is; the fixture `told_progress` has it."""


class Terminal:
    """`twinwatch` with its arguments, in a terminal of so many columns and rows."""

    def __init__(self, *arguments: str, size: tuple[int, int] = (80, 24), env: Mapping[str, str]) -> None:
        self._ours, self._theirs = pty.openpty()
        self.resize(*size)
        self.modes = self.modes_now()
        self._lifeline = lifeline()
        pipe = self._lifeline.__enter__()
        command: Sequence[str] = [sys.executable, "-m", "twinwatch", *arguments]
        # a size in the environment would win over the terminal's own
        usual = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            kept(command, pipe=pipe),
            cwd=REPOSITORY,
            env=usual | {"TERM": "xterm-256color"},
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            start_new_session=True,
            pass_fds=[pipe],
        )
        self._said = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                self._said += os.read(self._ours, 65_536)
            except OSError:
                return

    @property
    def said(self) -> str:
        """All that was written to the terminal."""
        return self._said.decode("utf-8", "replace")

    @property
    def screen(self) -> list[str]:
        """The lines of the last screen that was drawn whole, without their styles."""
        frames = self.said.split(_HOME)
        shown = frames[-2] if len(frames) > 2 else ""
        return _STYLES.sub("", shown).replace("\r", "").split("\n")

    def modes_now(self) -> list[Any]:
        """How the terminal treats keys."""
        return termios.tcgetattr(self._theirs)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def shows(self, words: str) -> None:
        """Wait until the screen shows these words."""

        def seen() -> bool:
            assert self.process.poll() is None, f"it ended:\n{self.said}"
            return words in " ".join(" ".join(self.screen).split())

        eventually(seen, what=f"the screen shows {words!r}")

    def ends(self) -> int:
        """Wait for its end; its status."""
        return self.process.wait(LONG_ENOUGH)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._lifeline.__exit__(None, None, None)
        os.close(self._theirs)
        self._reader.join(LONG_ENOUGH)
        os.close(self._ours)
