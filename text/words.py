"""Words in one form, however people write them, and the lists of words that this package comes with."""

import re
from functools import lru_cache
from importlib.resources import files
from typing import Any
from unicodedata import normalize

import yaml

_DIACRITICS = re.compile("[\u0300-\u036f\u064b-\u065f\u0670\u0640]+")
_LETTERS = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ى": "ي", "ة": "ه", "ې": "ي"}
)
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where there is one, reads the lists fourteen times as fast."""


@lru_cache(maxsize=65_536)
def folded(word: str) -> str:
    """The word without case and diacritics, because people leave them out. The same for texts and for our lists."""
    word = word.casefold()
    if word.isascii():
        return word
    return normalize("NFC", _DIACRITICS.sub("", normalize("NFKD", word))).translate(_LETTERS)


def read_list(*path: str) -> Any:
    """What a YAML file of this package holds; `path` is relative to the package."""
    return parse_list(files("text").joinpath(*path).read_text("utf-8"))


def parse_list(source: str) -> Any:
    """What a list in YAML holds."""
    return yaml.load(source, Loader=_LOADER)  # noqa: S506 -- both loaders are safe ones
