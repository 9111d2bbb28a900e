"""Whether the sentences that two texts have in common are one text, that stands among other words in both.

Members quote one sentence, fill in one form, point to one page, and say other things beside it. So sentences in common that
are less than about half of both texts count only where they sell or offend: that is told of these sentences alone, whatever
stands around them. A link by itself sells nothing: partners all point to their project.
"""

import re
from collections.abc import Collection, Sequence, Set
from typing import NamedTuple

from text.courtesies import weigh
from text.hostility import PEACEFUL
from text.likeness import are_a_frame, letters_of, line_at
from text.parts import parts_of
from text.reading import Writing, read_texts, words_of

# By the letters in common: the share of both texts from which these are one text; and the points of `text.commerce` from which
# on they sell. Below the first pair they say too little.
_OF_HARMLESS = ((59, 1.0), (60, 0.49), (80, 0.46), (120, 0.45))
_OF_GRAVE = ((39, 1.0), (40, 0.40), (60, 0.15))
_SELLING = ((40, 5), (90, 3))
LONG_PART, LONG_SHARE = 50, 0.15
"""Letters in common of words that are more than politeness, and the share of both texts that all in common are, from which on
a text has a long part of another: a wish or the end of a letter, however long, has fewer.
"""
_ENDS = re.compile(r"(?<=[.!?…。！？؟։।])\s+|\n")


def share_of_sentences(words: str, letters_of_other: int, shared: Sequence[str], seen: str) -> float:
    """The share of both texts that the sentences in common are, where they are one text; else 0.

    `words` (`text.reading.TextReading.words`) and `seen` (as a reader sees it) are of one of the texts, `shared` lines of
    `words`. Linear in the length of the text.
    """
    common = sum(map(letters_of, shared))
    share = min(1.0, 2 * common / (letters_of(words) + letters_of_other))
    if share >= line_at(_OF_HARMLESS, common) or (share >= line_at(_OF_GRAVE, common) and _are_grave(seen, shared)):
        return share
    return 0.0


def is_frame_of_sentences(words: str, letters_of_other: int, shared: Sequence[str]) -> bool:
    """Whether the sentences in common are one text for their length, not for what they say, and stand above or below all else.
    Arguments as in `share_of_sentences`.
    """
    common = sum(map(letters_of, shared))
    share = 2 * common / (letters_of(words) + letters_of_other)
    return share >= line_at(_OF_HARMLESS, common) and are_a_frame(words, shared)


class LongPart(NamedTuple):
    """What two texts have in common: the share of both that it is, and its letters of words that are more than politeness."""

    share: float
    letters: int


def long_part_of_sentences(words: str, letters_of_other: int, shared: Sequence[str], seen: str) -> LongPart | None:
    """The sentences in common, where they are a long part of both texts, whatever they say. What stands in marks of quotation
    is left out. Arguments as in `share_of_sentences`.
    """
    if sum(map(letters_of, shared)) < LONG_PART:
        return None
    quoted = words_of([part.text for part in parts_of(seen) if part.is_claimed])
    lines_quoted = {line for some in quoted for line in some.split("\n")}
    common = [line for line in shared if line not in lines_quoted]
    share = min(1.0, 2 * sum(map(letters_of, common)) / (letters_of(words) + letters_of_other))
    letters = sum(said.substance for said in weigh(common)) if share >= LONG_SHARE else 0
    return LongPart(share, letters) if letters >= LONG_PART else None


def _are_grave(seen: str, shared: Collection[str]) -> bool:
    """Whether sentences of a text, given by their words, sell or offend."""
    wanted = set(shared)
    writing = Writing(text=read_texts([" ".join(_said(seen, wanted))])[0])
    selling = line_at(_SELLING, sum(map(letters_of, wanted)))
    return writing.hostility != PEACEFUL or writing.commerce(frozenset()).points >= selling


def _said(seen: str, wanted: Set[str]) -> list[str]:
    """The sentences that have these words, each with what stands behind it without words, such as a link."""
    parts = [part for part in _ENDS.split(seen) if part.strip()]
    said: list[str] = []
    is_wanted = False
    for part, words in zip(parts, words_of(parts), strict=True):
        lines = words.split("\n") if words else []
        is_wanted = is_wanted if not lines else not wanted.isdisjoint(lines)
        if is_wanted:
            said.append(part)
    return said
