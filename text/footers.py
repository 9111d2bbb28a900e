"""The footer of a text: the block below the author's words that says who writes, from where, and what a school's mail system
adds to it. Colleagues share it under different words.

It is known by its form: short lines with two sorts of contact data at least, and what stands below them;
or behind a line of two dashes the notice that a message is confidential, whose words `text/languages` has.
"""

import re

from text.normalise_letters import has_notice

__all__ = ["has_contacts", "parted"]

FOOTER_CHARACTERS = 1_500
"""So long is the end of a text in which a footer is looked for; one that is longer is text."""
PARAGRAPHS = 12
"""So many are looked at, the last ones."""
SHORT_LINE, CONTACT_LINE = 60, 100
"""Characters of a line of names, closings and mottoes, and of one with contact data."""
SET_APART = 400
"""Characters of a line with contact data behind a line of dashes, which says that the letter is over."""
SORTS = 2
"""Of contact data, at least: an advertisement has one address, a school has several."""
_DASHES = r"\s*(?:--|__|==|\*\*)[-_=*]*\s*\n"
_PARAGRAPH = re.compile(rf"\n\s*\n|\n(?={_DASHES})")
_APART = re.compile(_DASHES)
_SIGNED = re.compile(r"\n[ \t]*--[ \t]*\n")
_HINT = re.compile(r"[@\d]|www\.")
_CONTACT = (
    re.compile(r"[^\s@]@[^\s@]+\.\w"),
    re.compile(r"https?://|\bwww\.|(?<![@\w.-])[\w-]{1,40}\.[a-z]{2,12}\b"),
    re.compile(r"(?:\+|\(0|\b0)\d?[\d ()/.-]{6,}\d"),
    re.compile(r"\b\d{1,2}[- ]?\d{3}\b|\b\d{3} ?\d{2}\b|\b[A-Z]{1,2}\d{1,2} ?[A-Z\d]{3,4}\b"),
)
"""An address for mail, one of the web, a number to call, a postal code."""


def parted(seen: str) -> tuple[str, str] | None:
    """What stands above a footer and the footer, of a text (`text.written.Written.seen`); None where there is none.
    Linear in the length of the footer.
    """
    start = max(0, len(seen) - FOOTER_CHARACTERS)
    if "\n" not in seen:
        return None
    at = _contacts_from(seen, start) if _HINT.search(seen, start) else None
    if at is None:
        at = next((found.start() + 1 for found in _SIGNED.finditer(seen, start)), None)
        if at is None or not has_notice(seen[at:]):
            return None
    if not at or not seen[:at].strip():
        return None
    return seen[:at], seen[at:]


def has_contacts(footer: str) -> bool:
    """Whether a footer has what schools write below their letters, and is no mere notice."""
    return len(_sorts(footer)) >= SORTS


def _contacts_from(seen: str, start: int) -> int | None:
    """From where on two sorts of contact data stand in lines of their own, with the short lines above them."""
    ends = [0, *(start + found.end() for found in _PARAGRAPH.finditer(seen[start:]))][-PARAGRAPHS:]
    paragraphs = [(at, seen[at:end]) for at, end in zip(ends, [*ends[1:], len(seen)], strict=True) if at >= start]
    first = next((n for n, (_, text) in reversed(list(enumerate(paragraphs))) if n and _sorts(text)), None)
    if first is None:
        return None
    sorts = _sorts(seen[paragraphs[first][0] :])
    while first > 1 and _is_short(paragraphs[first - 1][1]):
        first -= 1
    at = paragraphs[first][0]
    return at if len(sorts | _sorts(seen[at:])) >= SORTS else None


def _sorts(text: str) -> set[int]:
    """Which sorts of contact data stand in lines of their own."""
    longest = SET_APART if _APART.match(text) else CONTACT_LINE
    lines = [line for line in text.splitlines() if len(line) <= longest]
    return {sort for sort, pattern in enumerate(_CONTACT) if any(pattern.search(line) for line in lines)}


def _is_short(paragraph: str) -> bool:
    return all(len(line) <= SHORT_LINE for line in paragraph.splitlines())
