"""Files that commands write."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from twinwatch.failures import Failure


def open_output(target: str, stack: ExitStack) -> BinaryIO:
    """The file to write, or standard output for `-`. Raises `Failure` where it cannot be written."""
    if target == "-":
        return sys.stdout.buffer
    try:
        return stack.enter_context(Path(target).open("wb"))
    except OSError as error:
        raise Failure(f"{target}: {error.strerror}") from error
