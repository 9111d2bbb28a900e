"""That work grows in proportion to what there is to do, on any machine: seconds are compared with seconds."""

import time
from collections.abc import Callable

TIMES = 8
_LENIENT = 4
_NOISE_SECONDS = 0.1
"""Where both are quick nothing can be told."""


def assert_in_proportion(read: Callable[[str], object], text: str, *, eighth: str = "") -> None:
    """Reading a text takes at most `TIMES` as long as reading an eighth of it (its beginning, unless told otherwise).

    Four times as much is allowed for, which is half of what a square would take.
    """
    short, long = _seconds(read, eighth or text[: len(text) // TIMES]), _seconds(read, text)
    assert long < _LENIENT * TIMES * short + _NOISE_SECONDS, f"an eighth takes {short:.3f} s, the whole {long:.3f} s"


def _seconds(read: Callable[[str], object], text: str) -> float:
    """Processor time of the quickest of three."""
    taken = []
    for number in range(3):
        another = f"{text} {number}"  # nothing remembers its answer
        begin = time.process_time()
        read(another)
        taken.append(time.process_time() - begin)
    return min(taken)
