"""Whether two texts are one form that two members filled in, as "Subject: rivers. Age of pupils: twelve. Result: a book" is.

Members copy the form of a project, a survey or an introduction, and say things of their own in it. An advertisement with other
words put into it is no form: whoever asks looks whether the text sells, offends or leads somewhere.
"""

import re
from collections.abc import Sequence
from itertools import islice

from text.hostility import PEACEFUL
from text.likeness import MAX_LETTERS, letters_of, longest_stretch
from text.reading import Writing, read_texts

LEAST_FILLED = 2
"""Lines or sentences, at least, that begin alike and end in other words: a label, and what was filled in behind it."""
FILLED, RUN = 0.15, 0.5
"""Of the letters of both texts, so many at least are filled in, and so many at most stand in both in one row: beside a whole
text that somebody copied, two lines filled in are a disguise.
"""
IN_COMMON = 1 / 3
"""Of the words that two members filled in, at most."""
LONGEST, MOST_ALIKE = 2_000, 4
"""Characters of a form, at most; and lines with one first word that a line is compared with, at most."""
_LABEL = re.compile(r"[:：?؟;]\s+\S")
SELLING = 2.0
"""Points of `text.commerce` from which on a text may be an advertisement in the shape of a form."""


def may_be_form(seen: str) -> bool:
    """Whether a text, as a reader sees it, has as many labels or questions with something behind them as a form."""
    return len(seen) <= LONGEST and sum(1 for _ in islice(_LABEL.finditer(seen), LEAST_FILLED)) == LEAST_FILLED


def are_one_form(left: str, right: str) -> bool:
    """Whether two texts, given as `text.signature.Compared.words`, are one form filled in. Bounded by `MAX_LETTERS`."""
    one, other = left[:MAX_LETTERS], right[:MAX_LETTERS]
    if one.count("\n") < LEAST_FILLED - 1 or other.count("\n") < LEAST_FILLED - 1:
        return False
    labels: dict[str, list[list[str]]] = {}
    for line in dict.fromkeys(other.split("\n")):
        words = line.split()
        labels.setdefault(words[0] if words else "", []).append(words)
    filled, lines = 0, 0
    for line in dict.fromkeys(one.split("\n")):
        words = line.split()
        like = labels.get(words[0], [])[:MOST_ALIKE] if words else []
        found = next((letters for each in like if (letters := _filled_in(words, each))), 0)
        filled += found
        lines += bool(found)
    if lines < LEAST_FILLED or filled < FILLED * (letters_of(one) + letters_of(other)):
        return False
    return longest_stretch(one.split(), other.split()) <= RUN


def is_harmless_form(seen: str) -> bool:
    """Whether a text, as a reader sees it, may be a form for members: it leads nowhere, offends nobody, sells nothing."""
    if not may_be_form(seen):
        return False
    reading = read_texts([seen])[0]
    writing = Writing(text=reading)
    return (
        not reading.leads_somewhere and writing.hostility == PEACEFUL and writing.commerce(frozenset()).points < SELLING
    )


def _filled_in(left: Sequence[str], right: Sequence[str]) -> int:
    """The letters behind the words with which two lines begin alike, where most of them differ; 0 if these are not a label
    and what was filled in.
    """
    label = next((at for at, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), 0)
    behind, behind_other = left[label:], right[label:]
    if not label or not behind or not behind_other:
        return 0
    if len(set(behind) & set(behind_other)) > IN_COMMON * min(len(behind), len(behind_other)):
        return 0
    return sum(map(len, behind)) + sum(map(len, behind_other))
