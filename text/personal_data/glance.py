"""What personal data take, seen at a glance in many texts at once: how close their digits are, and signs of an address.

A year, a time or a price has digits as well, and most texts have one of these. So what is told here of a text is no more than
that an expression that looks closer may match. Where it is not told, none does.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from text.personal_data.folding import folded_form

NUMBERED, CLOSE, MANY, LOOSE, APART, SIGN = (1 << bit for bit in range(6))
"""Digits; four of them close together, or as in `SW1A 1AA`; six; seven with letters for digits among them, or nine with words
between; two with some words between; a sign of an e-mail address.
"""
BITS = 6
ANY = (1 << BITS) - 1
"""Of a text that nobody looked at."""

GAP_CLOSE, GAP_MANY, GAP_LOOSE, GAP_APART = 3, 4, 12, 91
"""Characters between two digits at most; between those that are `APART` there is one at least."""
NO_GAP = GAP_APART + 1
LEAST_CLOSE, LEAST_MANY, LEAST_WITH_LETTERS, LEAST_SHORT, LEAST_LOOSE = 4, 6, 7, 3, 9
FOR_DIGITS = frozenset("OoIl")
"""Letters that stand for digits."""
OPENING = frozenset("@[({<*_")
"""What the sign of an e-mail address is, or stands behind."""

_DIGIT, _FOR_DIGIT, _IN_WORD, _LETTER, _OPENING, _DOT, _SEEN, _KNOWN = (1 << bit for bit in range(8))
"""What a character is, once it is folded: `_IN_WORD` also of the end of a line, across which no number goes on. One that is
not `_KNOWN` was in no text yet.
"""
_CODE_POINTS = 0x110000


class _Classes:
    """What each character is; each is asked once."""

    def __init__(self) -> None:
        self._table = np.zeros(_CODE_POINTS, dtype=np.uint8)

    def of(self, text: str) -> NDArray[np.uint8]:
        """Those of a text, in its order."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        found = self._table.take(codes)
        if not found.all():
            for code in set(codes[found == 0].tolist()):
                self._table[code] = _class_of(chr(code))
            found = self._table.take(codes)
        return found


def _class_of(character: str) -> int:
    form = folded_form(character)
    if form is None:
        return _KNOWN
    is_digit, is_alphanumeric = form.isdecimal(), form.isalnum()
    classes = (
        (_DIGIT, is_digit),
        (_FOR_DIGIT, form in FOR_DIGITS),
        (_IN_WORD, is_alphanumeric or form in "_\n"),
        (_LETTER, is_alphanumeric and not is_digit),
        (_OPENING, form in OPENING),
        (_DOT, form == "."),
    )
    return sum([_KNOWN, _SEEN, *(one for one, is_one in classes if is_one)])


_CLASSES = _Classes()
Places = NDArray[np.intp]


def glance(texts: Sequence[str]) -> NDArray[np.uint32]:
    """What is told of each text."""
    flags = np.zeros(len(texts), dtype=np.uint32)
    # a line's end before and behind each text parts it from the others
    classes = _CLASSES.of("\n".join(["", *texts, ""]))
    ends = np.cumsum([len(text) + 1 for text in texts], dtype=np.intp)
    seen = classes & _SEEN != 0
    if not seen.all():
        ends = np.cumsum(seen)[ends] - 1
        classes = classes[seen]
    for flag, places in _told(classes, ends):
        flags[np.searchsorted(ends, places)] |= flag
    return flags


def _told(classes: NDArray[np.uint8], ends: Places) -> Iterator[tuple[int, Places]]:
    """Each thing that is told, and places in the texts of which it is told."""
    digits = _places(classes, _DIGIT)
    yield NUMBERED, digits
    gaps = np.diff(digits) - 1
    gaps[np.diff(np.searchsorted(ends, digits)) > 0] = NO_GAP
    yield CLOSE, digits[_rows(gaps <= GAP_CLOSE, LEAST_CLOSE)]
    yield CLOSE, digits[:-1][(gaps == 1) & (classes[digits[1:] + 1] & _LETTER != 0)]
    yield MANY, digits[_rows(gaps <= GAP_MANY, LEAST_MANY)]
    yield LOOSE, digits[_rows(gaps <= GAP_LOOSE, LEAST_LOOSE)]
    yield LOOSE, _with_letters(classes, digits)
    yield APART, digits[:-1][(gaps > 0) & (gaps <= GAP_APART)]
    yield SIGN, _places(classes, _OPENING)
    dots = _places(classes, _DOT)
    yield SIGN, dots[classes[dots + 1] & (_LETTER | _DIGIT) != 0]


def _places(classes: NDArray[np.uint8], flag: int) -> Places:
    return np.flatnonzero(classes & flag != 0)


def _rows(near: NDArray[np.bool_], digits: int) -> Places:
    """Where so many digits begin of which each is near the next one."""
    count = len(near) - digits + 2
    if count <= 0:
        return np.zeros(0, dtype=np.intp)
    found = near[:count].copy()
    for at in range(1, digits - 1):
        found &= near[at : at + count]
    return np.flatnonzero(found)


def _with_letters(classes: NDArray[np.uint8], digits: Places) -> Places:
    """Digits behind which others, or letters for them, make `LEAST_WITH_LETTERS`, or `LEAST_SHORT` where such a letter stands
    before.
    """
    digits = digits[classes[digits - 1] & _DIGIT == 0]
    in_word = _places(classes, _IN_WORD)
    at = np.searchsorted(in_word, digits)
    found = []
    rows, place = np.arange(len(digits)), digits
    for count in range(2, LEAST_WITH_LETTERS + 1):
        at = np.minimum(at + 1, len(in_word) - 1)
        following = in_word[at]
        goes_on = (following - place <= GAP_MANY + 1) & (classes[following] & (_DIGIT | _FOR_DIGIT) != 0)
        rows, at, place = rows[goes_on], at[goes_on], following[goes_on]
        if count == LEAST_SHORT:
            before = in_word[at - LEAST_SHORT]
            found.append(rows[_is_for_digit(classes, before) & (digits[rows] - before <= GAP_MANY + 1)])
    of_all: Places = np.concatenate((*found, rows))
    return digits[of_all]


def _is_for_digit(classes: NDArray[np.uint8], places: Places) -> NDArray[np.bool_]:
    """Whether there is a letter that may stand for a digit, with no other letter or digit right before it."""
    before = classes[places - 1]
    alone = (before & _FOR_DIGIT != 0) | (before & (_LETTER | _DIGIT) == 0)
    found: NDArray[np.bool_] = alone & (classes[places] & _FOR_DIGIT != 0)
    return found
