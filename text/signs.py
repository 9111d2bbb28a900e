"""Which texts of a batch hold the few characters that a step of reading is about, one beside the other: told of all at once.

Most steps have nothing to do in most texts. A regular expression that only finds that out takes longer, in each text, than
all of these in all texts.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from text import tables

_UP_TO = 0x32400
"""No letters, marks, digits or blanks stand beyond."""
_END = chr(_UP_TO - 1)
"""An unassigned character, between the texts of a batch."""

DIGIT, ODD, OF_SEVERAL, LETTER, WORD, BLANK, _BETWEEN, _LEET = (1 << bit for bit in range(8))
SPACED, LEET, REPEATED, LINKED, ELIDED, GLUED, BESIDE_LETTERS, MANY_DIGITS, GAPS, SPELT, OTHER_SCRIPT = (
    1 << bit for bit in range(8, 19)
)
"""What `signs_of` tells of a text. A digit; what may take letters from its words, or part them (`text.hostility.tokens`); what
may make one piece of several words (`text.commerce`). And in a row: letters and signs by turns, as where words are written
letter by letter; a sign that is read as a letter beside a letter; a letter three times; what a link or a host
has within; an apostrophe within a word; two letters and three digits; a digit beside a letter; so many digits that a telephone
number may be among them; a blank that is no plain one, or is not between words; three letters that stand alone, with the same
sign between, or two brackets of two pairs. And Chinese, Japanese and Devanagari.
"""
ANY_SIGN = (1 << 19) - 1
OTHER_SCRIPTS = ((0x900, 0x97F), (0x3040, 0x30FF), (0x3400, 0x9FFF))
"""The first and last characters of these."""
LEAST_OF_A_PHONE = 7
"""Digits that a telephone number has at least."""
BETWEEN_LETTERS = r" .\-_*·•|~+=^/\\,;\n"
"""Signs that may stand between the letters of a word that is written letter by letter (the inside of a character class)."""
LEET_SIGNS = "01345678@$!|€"
"""Digits and signs that stand for letters."""
_AROUND = 4
"""So far from where it is told of does a sign reach."""


@tables.table
def _kinds() -> NDArray[np.uint8]:
    """What each character is. The methods of `str` tell what `\\d`, `\\w` and `\\s` match, in a third of the time."""
    every = list(map(chr, range(_UP_TO)))

    def those(is_one: Callable[[str], bool]) -> NDArray[np.bool_]:
        return np.fromiter(map(is_one, every), dtype=np.bool_, count=_UP_TO)

    digit, word, blank = those(str.isdecimal), those(str.isalnum), those(str.isspace)
    kinds = digit * DIGIT + (word & ~digit) * LETTER + word * WORD + blank * BLANK
    for kind, characters in (
        (WORD, "_"),
        (ODD, ":;=<*|"),
        (OF_SEVERAL, "@%&_\U0001f517"),
        (_BETWEEN, re.findall(f"[{BETWEEN_LETTERS}]", "".join(every))),
        (_LEET, LEET_SIGNS),
    ):
        kinds[list(map(ord, characters))] |= kind
    for first, last in ((0x3040, 0x30FF), (0x3400, 0x9FFF)):
        kinds[first : last + 1] |= ODD
    kinds[[code for code in np.flatnonzero(~word).tolist() if category(every[code])[0] == "M"]] |= ODD
    return np.append(kinds, 0).astype(np.uint8)


def signs_of(texts: Sequence[str]) -> list[int]:
    """What stands in each text; parallel to them."""
    if not texts:
        return []
    around = _END * _AROUND
    joined = _END.join([around, *texts, around])
    if joined.count(_END) > len(texts) + 1 + 2 * _AROUND:  # it is no sign
        joined = _END.join([around, *[text.replace(_END, "\0") for text in texts], around])
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    starts = np.cumsum(np.fromiter((len(text) + 1 for text in (around, *texts)), dtype=np.intp))
    kinds = _kinds().take(codes, mode="clip")
    at, ends = starts[:-1], starts[1:]
    signs = np.bitwise_or.reduceat(kinds[: starts[-1]], at).astype(np.uint32)
    digits = (kinds & DIGIT) != 0
    counts = np.add.reduceat(digits[: starts[-1]], at, dtype=np.intp)
    signs[counts >= LEAST_OF_A_PHONE] |= MANY_DIGITS

    def tell(sign: int, stands: NDArray[np.bool_]) -> None:
        """`stands`: whether it does at each place, the first and last of which are left out."""
        places = stands.nonzero()[0] + _AROUND
        signs[np.searchsorted(ends, places, side="right")] |= sign

    def beside(of: NDArray[Any]) -> Callable[[int], NDArray[Any]]:
        return lambda steps: of[_AROUND + steps : len(of) - _AROUND + steps]

    def is_one(*characters: str) -> Callable[[int], NDArray[np.bool_]]:
        found = codes == ord(characters[0])
        for character in characters[1:]:
            found |= codes == ord(character)
        return beside(found)

    letter, word, digit = (beside((kinds & kind) != 0) for kind in (LETTER, WORD, DIGIT))
    between, leet = (beside((kinds & kind) != 0) for kind in (_BETWEEN, _LEET))
    alone = beside(((kinds & WORD) == 0) | (codes == ord("_")))
    spaced = between(0) & letter(-1) & letter(1) & between(2) & letter(3) & alone(-2)
    tell(SPACED, spaced)
    code = beside(codes)
    tell(SPELT, spaced & alone(4) & (code(0) == code(2)))
    tell(SPELT, is_one(*")]}>")(0) & is_one(*"([{<")(1))
    tell(LEET, leet(0) & (letter(1) | (letter(-1) & ~is_one("!", "|")(0))))
    same = beside(np.concatenate(([False], codes[1:] == codes[:-1])))
    tell(REPEATED, letter(0) & same(0) & same(-1))
    dot = is_one(".")
    tell(LINKED, dot(0) & word(-1) & letter(1))
    slash = is_one("/")
    tell(LINKED, is_one(":")(0) & slash(1) & slash(2))
    tell(ELIDED, is_one("'", "’")(0) & word(-1) & word(1))
    tell(GLUED, digit(0) & digit(-1) & digit(-2) & letter(-3) & letter(-4))
    tell(BESIDE_LETTERS, digit(0) & (letter(1) | letter(-1)))
    is_end, blank = beside(codes == ord(_END)), beside((kinds & BLANK) != 0)
    tell(OF_SEVERAL, dot(0) & ~blank(1) & ~is_end(1))
    tell(GAPS, blank(0) & (blank(1) | is_end(1) | is_end(-1) | ~is_one(" ")(0)))
    far = (codes >= OTHER_SCRIPTS[0][0]).nonzero()[0]
    for first, last in OTHER_SCRIPTS if len(far) else ():
        places = far[(codes[far] >= first) & (codes[far] <= last)]
        signs[np.searchsorted(ends, places, side="right")] |= OTHER_SCRIPT
    found: list[int] = signs.tolist()
    return found


_JOINING = ".,:/-"
"""What may stand between the digits of one number."""


def mask_numbers(texts: Sequence[str], sign: str) -> list[str]:
    """Each text with one `sign` for each number: digits in a row, or several such rows with one sign of a number between."""
    if not texts:
        return []
    joined = _END.join(texts)
    if joined.count(_END) >= len(texts):
        return [_NUMBER.sub(sign, text) for text in texts]
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).copy()
    digit = (_kinds().take(codes, mode="clip") & DIGIT) != 0
    number = digit.copy()
    number[1:-1] |= digit[:-2] & digit[2:] & np.isin(codes[1:-1], _JOINING_CODES)
    begins = number.copy()
    begins[1:] &= ~number[:-1]
    codes[begins] = ord(sign)
    masked: str = codes[~number | begins].tobytes().decode("utf-32-le", "surrogatepass")
    return masked.split(_END)


_NUMBER = re.compile(rf"\d+(?:[{_JOINING}]\d+)*")
_JOINING_CODES = [ord(sign) for sign in _JOINING]
