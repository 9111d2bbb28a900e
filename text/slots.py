"""What two signatures say about two texts: the slots that agree, and whether these are enough to call the texts copies.

Signatures decide alone where they are clear. Where they leave it open, somebody has to look at the texts (`text.likeness`).
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from text.signature import SIGNATURE_BYTES, SIGNATURE_SLOTS

_WORDS, _PAIRS, _LETTERS = 2 * SIGNATURE_SLOTS, 3 * SIGNATURE_SLOTS, 4 * SIGNATURE_SLOTS
"""Where the parts of a signature begin, after the shingles."""
SIEVE_BYTES = SIGNATURE_SLOTS
_FEW, _LEAST_OF_FEW = 32, 4
"""Slots of shingles looked at first, and how many of them copies share at least."""

# From what share of equal slots two texts are copies, by their number of letters: straight lines between. Fewer letters prove
# less. docs/near-duplicates.md has the measurements.
_SHORT_MARGIN = ((40, 0.35), (70, 0.05), (130, 0.0))
"""How far the threshold moves towards 1."""
_OF_WORDS = ((40, 0.98), (60, 0.72), (75, 0.66), (110, 0.56), (170, 0.50), (220, 0.40))
_OF_PAIRS = ((40, 1.01), (70, 0.50), (130, 0.42), (220, 0.40))
LEAST = 0.35
"""Of shingles, for words to count, or for a doubt to keep a text from teaching."""
SAME_LETTERS = 0.9
"""Of shingles: copies whose words were cut or joined."""
_SOME_WORDS = 0.5
"""Of words, for fewer shingles to count by themselves."""
SURE = 130
"""Letters; of shorter texts samples of shingles and words show too little."""
SHORT = 40
"""Letters; of shorter texts only nearly equal signatures are clear."""
SCATTERED = 34
"""Letters; shorter texts have too few words to be told by."""
LEAST_OF_SHORT = 0.6
"""Of shingles of short texts: from here on what is not clear is worth a look."""
DOUBTFUL = 0.25
"""The same of others."""
OF_ONE_LENGTH, NEARLY_AS_LONG = (60, 0.22), 0.8
"""The same of texts from so many letters on of which the shorter is at least so much of the longer: copies of which words were
mistyped and others replaced.
"""
LEAST_DOUBTFUL = min(DOUBTFUL, OF_ONE_LENGTH[1])
"""What shares fewer shingles has no verdict, whatever else."""


Floats = NDArray[np.float64]


class Verdict(Enum):
    """What signatures say of two texts."""

    CLEAR = "clear"
    """They are copies."""
    CLOSE = "close"
    """They are, where nobody can look at the texts."""
    DOUBT = "doubt"
    """They may be."""


class Alike(NamedTuple):
    """`share`: of equal slots of shingles; 0 where the first few show that it is small. `most`: that or the share of equal
    slots of words, whichever is more. No `verdict`: they are no copies.
    """

    share: float
    most: float
    verdict: Verdict | None


_CODES = (None, Verdict.DOUBT, Verdict.CLOSE, Verdict.CLEAR)


def compare_signatures(pairs: Sequence[tuple[bytes, bytes]], threshold: float) -> list[Alike]:
    """Compare pairs of signatures, none of them empty; parallel. `threshold`: share of equal slots of shingles from which long
    texts are copies, whatever their words.
    """
    if not pairs:
        return []
    one, other = (
        np.frombuffer(b"".join(some), np.uint8).reshape(-1, SIGNATURE_BYTES) for some in zip(*pairs, strict=True)
    )
    shares, words = _shares_of_shingles(one, other), _equal(one, other, _WORDS)
    codes = np.zeros(len(pairs), np.intp)
    some = np.flatnonzero(shares >= LEAST_DOUBTFUL)
    if len(some):
        codes[some] = _codes(one[some], other[some], shares[some], words[some], threshold)
    most = np.maximum(shares, words)
    verdicts = [_CODES[code] for code in codes.tolist()]
    return list(map(Alike, shares.tolist(), most.tolist(), verdicts))


def sieve_of(signature: bytes) -> bytes:
    """Of each slot of shingles the low 8 bits: `SIEVE_BYTES`."""
    return signature[1:_WORDS:2]


def may_be_alike(pairs: Sequence[tuple[bytes, bytes]]) -> list[bool]:
    """False for pairs of sieves of signatures of which `compare_signatures` would have no verdict, as far as sieves can tell;
    parallel.
    """
    if not pairs:
        return []
    ones, others = (np.frombuffer(b"".join(some), np.uint8) for some in zip(*pairs, strict=True))
    equal = (ones == others).reshape(-1, SIEVE_BYTES)
    may_be = (equal.mean(1) >= LEAST_DOUBTFUL) & (equal[:, :_FEW].sum(1) >= _LEAST_OF_FEW)
    return list(map(bool, may_be.tolist()))


def letters_in(signature: bytes) -> int:
    """Of how many letters the text is; 0 of no signature."""
    return int.from_bytes(signature[_LETTERS:])


def _codes(
    one: NDArray[np.uint8],
    other: NDArray[np.uint8],
    shares: Floats,
    words: Floats,
    threshold: float,
) -> NDArray[np.intp]:
    in_one, in_other = _letters(one), _letters(other)
    letters = (in_one + in_other) / 2
    of_one_length = np.minimum(in_one, in_other) >= NEARLY_AS_LONG * np.maximum(in_one, in_other)
    by_shingles = threshold + (1 - threshold) * _line(_SHORT_MARGIN, letters)
    are_copies = (
        ((words >= _SOME_WORDS) & (shares >= by_shingles))
        | ((shares >= LEAST) & (words >= _line(_OF_WORDS, letters)))
        | (_equal(one, other, _PAIRS) >= _line(_OF_PAIRS, letters))
    )
    none, doubt, close, clear = range(4)
    return np.select(
        [
            shares >= SAME_LETTERS,
            ((letters < SCATTERED) & (shares < LEAST_OF_SHORT))
            | ((shares < DOUBTFUL) & ~(of_one_length & (letters >= OF_ONE_LENGTH[0]))),
            (letters < SHORT) | (shares < DOUBTFUL) | ~are_copies,
            letters < SURE,
        ],
        [clear, none, doubt, close],
        clear,
    )


def _shares_of_shingles(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Floats:
    same = one[:, :_WORDS] == other[:, :_WORDS]
    equal = same[:, ::2] & same[:, 1::2]
    shares: Floats = np.asarray(equal.mean(1, dtype=np.float64))
    shares[equal[:, :_FEW].sum(1) < _LEAST_OF_FEW] = 0
    return shares


def _equal(one: NDArray[np.uint8], other: NDArray[np.uint8], start: int) -> Floats:
    """The share of equal slots of words, or of pairs."""
    end = start + SIGNATURE_SLOTS
    shares: Floats = np.asarray((one[:, start:end] == other[:, start:end]).mean(1))
    return shares


def _letters(rows: NDArray[np.uint8]) -> Floats:
    return (rows[:, _LETTERS] * 256.0 + rows[:, _LETTERS + 1]).astype(np.float64)


def _line(points: tuple[tuple[float, float], ...], at: Floats) -> Floats:
    """The height of straight lines between points, level before the first and after the last."""
    letters, heights = zip(*points, strict=True)
    heights_there: Floats = np.interp(at, letters, heights)
    return heights_there
