"""That work grows in proportion to what there is to do, on any machine: seconds are compared with seconds."""

import time
from collections.abc import Callable
from math import inf

TIMES = 8
_LENIENT = 4
_NOISE_SECONDS = 0.1
"""Where both are quick nothing can be told."""
_TRIES = 3
"""What the machine did meanwhile is not held against the text."""


def assert_in_proportion(read: Callable[[str], object], text: str, *, eighth: str = "") -> None:
    """Reading a text takes at most `TIMES` as long as reading an eighth of it (its beginning, unless told otherwise).

    Four times as much is allowed for, which is half of what a square would take.
    """
    short, long = _Reading(read, eighth or text[: len(text) // TIMES]), _Reading(read, text)
    for _ in range(_TRIES):
        seconds, allowed = long.again(), _LENIENT * TIMES * short.again() + _NOISE_SECONDS
        if seconds < allowed:
            return
    raise AssertionError(f"an eighth takes {short.least:.3f} s, the whole {long.least:.3f} s")


class _Reading:
    """How long one text takes, in processor time."""

    def __init__(self, read: Callable[[str], object], text: str) -> None:
        self._read, self._text, self._count = read, text, 0
        self.least = inf

    def again(self) -> float:
        """The least seconds so far, this time among them."""
        self._count += 1
        another = f"{self._text} {self._count}"  # nothing remembers its answer
        begin = time.process_time()
        self._read(another)
        self.least = min(self.least, time.process_time() - begin)
        return self.least
