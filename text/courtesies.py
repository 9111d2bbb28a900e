"""How much a text says beyond politeness: what everybody says is nobody's campaign."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import yaml

from text.signature import comparable

_WORD = re.compile(r"[^\W\d_]+")


@cache
def _courtesies() -> frozenset[str]:
    """The words of `courtesies.yaml` in the form in which texts are compared, all languages together."""
    listed: dict[str, str] = yaml.safe_load(files("text").joinpath("courtesies.yaml").read_text("utf-8"))
    return frozenset(comparable([word for words in listed.values() for word in _WORD.findall(words)]))


def words_of(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text in the form in which texts are compared; parallel to `texts`."""
    words = [_WORD.findall(text) for text in texts]
    letters = iter(comparable([word for found in words for word in found]))
    return [[next(letters) for _ in found] for found in words]


def substance(words: Sequence[str]) -> int:
    """How many letters of a text's words (see `words_of`) stand in words that are more than politeness."""
    courtesies = _courtesies()
    return sum(len(word) for word in words if word not in courtesies)
