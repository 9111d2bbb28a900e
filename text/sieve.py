"""Which of many words can be in no list, told of all of them in one vectorised pass: most are in none.

Lists have tens of thousands of words and beginnings of words. Those of a text that may be among them are found by hashes of
all beginnings of all words at once; what is left is looked up one by one.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from text.words import folded

_BITS = 20
"""The tables have so many slots (a megabyte): one beginning in a hundred is taken for a listed one, and looked up in vain."""
_LONGEST = 64
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, and its powers spread over all bits: 2**64 divided by the golden ratio
_POWERS = np.cumprod(np.full(_LONGEST, _BASE))
_END = ord("\n")


class Hashed:
    """Words, in lower case and none of them empty, with the hashes of all of their beginnings. Made once for all sieves."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        lines = folded("\n".join(words))
        self.folded = lines.split("\n")
        self.slots, self.ends, doubled = _slots(lines)
        self.starts = np.concatenate(([0], self.ends[:-1]))
        self.doubled = np.logical_or.reduceat(doubled, self.starts) if words else doubled
        """Which words have a letter twice in a row."""


class Sieve:
    """The words and beginnings of words that some reader's lists have."""

    def __init__(
        self, words: Iterable[str], beginnings: Iterable[str], stretched: Callable[[str], bool] | None = None
    ) -> None:
        """All are folded. `stretched` tells whether a word, folded, that has a letter twice in a row may stand for another."""
        self._words = _table(words)
        self._beginnings = _table(beginnings)
        self._stretched = stretched

    def unlisted(self, hashed: Hashed) -> list[str]:
        """Those of the words that are in no list."""
        if not hashed.words:
            return []
        listed = self._words[hashed.slots[hashed.ends - 1]]
        listed |= np.logical_or.reduceat(self._beginnings[hashed.slots], hashed.starts)
        if self._stretched:
            for index in np.flatnonzero(hashed.doubled & ~listed).tolist():
                listed[index] = self._stretched(hashed.folded[index])
        return [word for word, known in zip(hashed.words, listed.tolist(), strict=True) if not known]


def _table(words: Iterable[str]) -> NDArray[np.bool_]:
    """Which hashes are those of the words."""
    table = np.zeros(1 << _BITS, dtype=bool)
    if listed := list(filter(None, words)):
        slots, ends, _ = _slots("\n".join(listed))
        table[slots[ends - 1]] = True
    return table


def _slots(lines: str) -> tuple[NDArray[np.uint64], NDArray[np.intp], NDArray[np.bool_]]:
    """The hash of each beginning of each line, its end included, one line after the other; where each line ends among these;
    and where a letter stands that is the same as the next one.
    """
    codes = np.frombuffer(f"{lines}\n".encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    breaks = np.flatnonzero(codes == _END)
    lengths = np.diff(breaks, prepend=-1) - 1
    ends = np.cumsum(lengths)
    letters = codes[codes != _END].astype(np.uint64)
    places = np.arange(len(letters)) - np.repeat(ends - lengths, lengths)
    sums = np.cumsum((letters + np.uint64(1)) * _POWERS[np.minimum(places, _LONGEST - 1)])
    before = np.concatenate(([np.uint64(0)], sums))[ends - lengths]
    hashes = (sums - np.repeat(before, lengths)) * _BASE >> np.uint64(64 - _BITS)
    doubled = np.zeros(len(letters), dtype=bool)
    doubled[:-1] = (letters[1:] == letters[:-1]) & (places[1:] > 0)
    return hashes, ends, doubled
