"""Taking the disguise off a text, one named step after the other. Each step is pure and linear in the length of its text."""

import re
import unicodedata

MAX_CHARACTERS = 20_000
"""What is read of one text; what follows is left out. A member's longest honest text is a tenth of it."""

LINK, EMAIL, PHONE, NUMBER = "🔗", "📧", "📞", "🔢"
"""What stands in a normalised text for a link, an e-mail address, a phone number and any other number."""

_INVISIBLE_LETTERS = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef"
)


def _ranges(categories: str) -> str:
    """The inside of a character class that holds all characters of these general categories."""
    found: list[list[int]] = []
    for code in (*range(0x32400), *range(0xE0000, 0xE0200)):  # the planes between are empty
        if unicodedata.category(chr(code)) in categories.split():
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in found)


_INVISIBLE = re.compile(
    rf"(?![\t-\r\x1c-\x1f\x85])[{_ranges('Cc Cf Cs Co')}\U000f0000-\U0010ffff{_INVISIBLE_LETTERS}]+"
)
_MARKS = _ranges("Mn Me")
_MANY_MARKS = re.compile(rf"([{_MARKS}]{{4}})[{_MARKS}]+")
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_PHONE = re.compile(r"(?<![\w+])[+(]{0,2}\d(?:[ .\-/()]{0,2}\d){6,17}(?!\w)")
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_REPEATS = re.compile(r"([^\W\d_])\1{2,}")


def remove_invisible(text: str) -> str:
    """Without characters that show nothing: zero width, bidi controls, variation selectors, fillers, lone surrogates."""
    return text if text.isascii() and text.isprintable() else _INVISIBLE.sub("", text)


def compose(text: str) -> str:
    """Compatibility forms (full width, mathematical, ligatures) as plain letters: NFKC, and at most four marks a letter."""
    return text if text.isascii() else unicodedata.normalize("NFKC", _MANY_MARKS.sub(r"\1", text))


def fold_case(text: str) -> str:
    """Without case. The Turkish capital İ becomes a plain i."""
    return text.replace("İ", "i").casefold()


def squeeze_repeats(text: str) -> str:
    """Three or more of one letter in a row as one."""
    return _REPEATS.sub(r"\1", text)


def fold_white_space(text: str) -> str:
    """One space wherever there is white space."""
    return " ".join(text.split())


def mask(text: str) -> str:
    """Links, addresses, phone numbers and numbers as one sign each, so that copies that differ in them stay equal."""
    text = _LINK.sub(LINK, text)
    text = _EMAIL.sub(EMAIL, text)
    text = _PHONE.sub(PHONE, text)
    return _NUMBER.sub(NUMBER, text)


def undisguise(text: str) -> str:
    """The text with its disguise taken off, its words, links and punctuation in place."""
    for step in (remove_invisible, compose, fold_case, squeeze_repeats, fold_white_space):
        text = step(text)
    return text


def normalise(undisguised: str) -> str:
    """What copies are compared by."""
    return mask(undisguised)
