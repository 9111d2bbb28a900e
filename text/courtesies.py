"""How much a text says beyond politeness: what everybody says is nobody's campaign."""

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from msgspec import Struct

from text.languages import read_lists
from text.signature import comparable

_WORD = re.compile(r"[^\W\d_]+")


class _Courtesies(Struct, frozen=True, forbid_unknown_fields=True):
    """One language's list, parted by blanks."""

    words: str


@cache
def _courtesies() -> frozenset[str]:
    """The words of all languages in the form in which texts are compared."""
    lists = read_lists("courtesies", _Courtesies).values()
    return frozenset(comparable([word for listed in lists for word in _WORD.findall(listed.words)]))


class Said(NamedTuple):
    """How much a text says. `characters`: letters, and one space between words. `substance`: letters of words that are more
    than politeness.
    """

    characters: int
    substance: int


def weigh(texts: Sequence[str]) -> list[Said]:
    """How much each text says; parallel to `texts`."""
    words = [_WORD.findall(text) for text in texts]
    compared = iter(comparable([word for found in words for word in found]))
    courtesies = _courtesies()
    return [
        Said(
            sum(len(word) + 1 for word in found) - 1,
            sum(len(word) for word in found if next(compared) not in courtesies),
        )
        for found in words
    ]
