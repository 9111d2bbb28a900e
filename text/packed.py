"""Very many words in little memory: one row of letters and arrays of numbers, where Python's own strings and dictionaries take
ten times as much. They are made once and never changed.
"""

from array import array
from collections.abc import Iterable, Iterator
from itertools import accumulate

NONE = -1
"""The number of what is not among the words."""


class Strings:
    """Different words, each with a number from 0 on, in the order in which they were given."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        written = [_written(word) for word in dict.fromkeys(words)]
        self._letters = b"".join(written)
        self._ends = array("I", [0, *accumulate(map(len, written))])

    def __getitem__(self, number: int) -> str:
        """The word with this number."""
        return self._letters[self._ends[number] : self._ends[number + 1]].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        """All of them, in their order."""
        return map(self.__getitem__, range(len(self)))

    def __len__(self) -> int:
        """How many they are."""
        return len(self._ends) - 1


class Words(Strings):
    """The same, where the number of a word can be asked for."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        super().__init__(words)
        self._find_places()

    def __getstate__(self) -> "tuple[bytes, array[int]]":
        """How `text.tables` keeps them: in each process strings have other hashes."""
        return self._letters, self._ends

    def __setstate__(self, kept: "tuple[bytes, array[int]]") -> None:
        """What was kept."""
        self._letters, self._ends = kept
        self._find_places()

    def _find_places(self) -> None:
        """By their hashes the words' numbers, from 1 on; where that place is taken, in the next free one. Above a number stand
        bits of the hash, which most other words have not.
        """
        assert len(self) < _NUMBERS
        self._mask = (1 << (2 * len(self)).bit_length()) - 1
        self._places = array("I", [0]) * (self._mask + 1)
        for number, word in enumerate(self, 1):
            hashed = hash(word)
            place = hashed & self._mask
            while self._places[place]:
                place = (place + 1) & self._mask
            self._places[place] = number | _sign(hashed)

    def number(self, word: str) -> int:
        """The number of a word, or `NONE`."""
        hashed = hash(word)
        place = hashed & self._mask
        found = self._places[place]
        if not found:
            return NONE
        sign = _sign(hashed)
        while found:
            number = found ^ sign
            if number < _NUMBERS and self._letters[self._ends[number - 1] : self._ends[number]] == _written(word):
                return number - 1
            place = (place + 1) & self._mask
            found = self._places[place]
        return NONE

    def __contains__(self, word: str) -> bool:
        """Whether it is one of them."""
        return self.number(word) != NONE


_NUMBERS = 1 << 20
"""So many words at most, less one."""


def _sign(hashed: int) -> int:
    return hashed >> 30 & 0xFFF00000


def _written(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")


class Rows:
    """Rows of numbers, one behind the other, each by its index."""

    def __init__(self, rows: Iterable[Iterable[int]] = ()) -> None:
        listed = [array("I", row) for row in rows]
        self._ends = array("I", [0, *accumulate(map(len, listed))])
        self._numbers = array("I")
        for row in listed:
            self._numbers += row

    def __getitem__(self, index: int) -> "array[int]":
        """The row with this index."""
        return self._numbers[self._ends[index] : self._ends[index + 1]]

    def __len__(self) -> int:
        """How many they are."""
        return len(self._ends) - 1
