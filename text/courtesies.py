"""How much a text says beyond politeness: what everybody says is nobody's campaign."""

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from text.signature import comparable
from text.words import read_list

_WORD = re.compile(r"[^\W\d_]+")


@cache
def _courtesies() -> frozenset[str]:
    """The words of `courtesies.yaml` in the form in which texts are compared, all languages together."""
    listed: dict[str, str] = read_list("courtesies.yaml")
    return frozenset(comparable([word for words in listed.values() for word in _WORD.findall(words)]))


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
