"""How much a text says beyond politeness: what everybody says is nobody's campaign."""

import re
from collections import Counter
from collections.abc import Container, Sequence
from functools import cache
from itertools import islice
from math import inf
from typing import NamedTuple

from msgspec import Struct

from text import tables
from text.languages import read_list_in, read_lists
from text.normalise import undisguise_all
from text.romanised import LEAST_WORDS, Romanisation, romanisations
from text.signature import comparable

_WORD = re.compile(r"[^\W\d_]+")
TYPED_SHARE = 0.6
"""A text is typed in a language with Latin letters where so many of its different words are its politeness: `moi` is a word
of other languages as well.
"""


class _Courtesies(Struct, frozen=True, forbid_unknown_fields=True):
    """One language's list, parted by blanks."""

    words: str


@cache
def _courtesies() -> frozenset[str]:
    """The words of all languages in the form in which texts are compared."""
    lists = read_lists("courtesies", _Courtesies).values()
    return frozenset(comparable([word for listed in lists for word in _WORD.findall(listed.words)]))


@tables.table
def _typed() -> dict[str, frozenset[str]]:
    """The same words typed in Latin letters, with the languages in which they are polite."""
    found: dict[str, frozenset[str]] = {}
    for code, romanisation in romanisations().items():
        typed = [one.text for one in undisguise_all(sorted(_spellings(romanisation)))]
        for word in comparable([word for word in typed if _WORD.fullmatch(word)]):
            found[word] = found.get(word, frozenset()) | {code}
    shared = {of: of for of in found.values()}
    return {word: shared[of] for word, of in found.items()}


def _spellings(romanisation: Romanisation) -> set[str]:
    own = romanisation.listed.courtesies
    typed = {word.strip() for word in own.split(",")} - {""}
    folder = romanisation.list_codes.get("courtesies")
    if folder and romanisation.is_spelt:
        listed = _WORD.findall(read_list_in(folder, "courtesies", _Courtesies).words)
        typed.update(way for word in romanisation.words(", ".join(listed)) for way in romanisation.spellings(word))
    return typed


class Said(NamedTuple):
    """How much a text says. `characters`: letters, and one space between words. `substance`: letters of words that are more
    than politeness.
    """

    characters: int
    substance: int


def weigh(texts: Sequence[str], enough: float = inf) -> list[Said]:
    """How much each text says; parallel to `texts`. Of substance that is `enough` the rest may be left out."""
    words = [_words(text) for text in texts]
    # most texts say enough in their first words, and in such as are polite in no language
    substance = _substances([found[:_FIRST_WORDS] for found in words], enough)
    left = [index for index, letters in enumerate(substance) if letters < enough]
    for index, letters in zip(left, _substances([words[index] for index in left], enough, typed=True), strict=True):
        substance[index] = letters
    return [
        Said(sum(map(len, found)) + len(found) - 1, letters) for found, letters in zip(words, substance, strict=True)
    ]


_FIRST_WORDS = 6


def _substances(words: Sequence[list[str]], enough: float, *, typed: bool = False) -> list[int]:
    """The substance of each text, given as its words. Unless it is asked whether a text is `typed` with Latin letters, words
    that may be polite so count as politeness.
    """
    compared = iter(comparable([word for found in words for word in found]))
    found_forms = [(found, [*islice(compared, len(found))]) for found in words]
    return [
        _substance(found, forms, _polite_as_typed(forms) if typed else _typed(), enough) for found, forms in found_forms
    ]


def _words(text: str) -> list[str]:
    return text.split() if text.replace(" ", "").isalpha() else _WORD.findall(text)


def _substance(words: list[str], forms: list[str], typed: Container[str], enough: float) -> int:
    """Letters of the words whose forms are neither courtesies nor among those `typed`, until they are `enough`."""
    courtesies = _courtesies()
    letters = 0
    for word, form in zip(words, forms, strict=True):
        if form not in courtesies and form not in typed:
            letters += len(word)
            if letters >= enough:
                break
    return letters


def _polite_as_typed(forms: Sequence[str]) -> frozenset[str]:
    """Of these words those that are polite in the language in which the text is typed with Latin letters; mostly none."""
    typed, known = _typed(), {*forms}
    polite = {form: typed[form] for form in typed.keys() & known}
    if len(polite) < LEAST_WORDS:
        return frozenset()
    count = Counter(code for codes in polite.values() for code in codes)
    code, most = max(count.items(), key=lambda one: (one[1], one[0]))
    if most < LEAST_WORDS or most < TYPED_SHARE * len(known):
        return frozenset()
    return frozenset(form for form, codes in polite.items() if code in codes)
