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
    eighth = eighth or text[: len(text) // TIMES]
    read(eighth)  # what is loaded by the first one would make the eighth look slow
    short = long = inf
    for number in range(_TRIES):
        short = min(short, _seconds(read, f"{eighth} {number}"))  # nothing remembers its answer
        long = min(long, _seconds(read, f"{text} {number}"))
        if long < _LENIENT * TIMES * short + _NOISE_SECONDS:
            return
    raise AssertionError(f"an eighth takes {short:.3f} s, the whole {long:.3f} s")


def _seconds(read: Callable[[str], object], text: str) -> float:
    """Processor time."""
    begin = time.process_time()
    read(text)
    return time.process_time() - begin
