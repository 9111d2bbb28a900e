"""Taking disguise off a text while remembering where everything stood."""

import re
import unicodedata

from msgspec import Struct

CLAIMED = "\x01"
"""Stands for characters that something was recognised in already: no pattern of this package matches it."""


class Folded(Struct, frozen=True):
    """A text with one form for every digit, blank, dash and full-width letter, without invisible characters.

    `origins` holds the original index of every character, and of the end; None where nothing moved.
    """

    text: str
    origins: list[int] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that `text[start:end]` was made of."""
        if self.origins is None or start >= end:
            return start, end
        return self.origins[start], self.origins[end - 1] + 1


class _Forms(dict[int, str | None]):
    """A table for str.translate that fills itself; it holds at most one entry for every code point there is."""

    def __missing__(self, code: int) -> str | None:
        self[code] = form = folded_form(chr(code))
        return form


def folded_form(character: str) -> str | None:
    """One character for one character, or None for one that nobody sees."""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(character)
    if character in "\n\r\u2028\u2029\x85\v\f":
        return "\n"
    if character == "\t" or category == "Zs":
        return " "
    if category == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    # variation selectors and the keycap turn a digit into an emoji, which people read as the digit
    if category in ("Cf", "Cc", "Me") or "\N{VARIATION SELECTOR-1}" <= character <= "\N{VARIATION SELECTOR-16}":
        return None
    compatible = unicodedata.normalize("NFKC", character)
    return compatible if len(compatible) == 1 else character


_FORMS = _Forms()
_SAME = re.compile(f"[{''.join(map(re.escape, (c for c in map(chr, range(0x700)) if folded_form(c) == c)))}]*+\\Z")
"""Most texts consist of characters that stand for themselves."""


def fold(text: str) -> Folded:
    """Fold a text; linear in its length."""
    if _SAME.match(text):
        return Folded(text, None)
    folded = text.translate(_FORMS)
    if len(folded) == len(text):
        return Folded(folded, None)
    origins = [index for index, character in enumerate(text) if _FORMS[ord(character)] is not None]
    return Folded(folded, [*origins, len(text)])


def without_accents(text: str) -> str:
    """`text` in the form that this package's words are compared in: case folded, accents off."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in apart if unicodedata.category(c) != "Mn")
