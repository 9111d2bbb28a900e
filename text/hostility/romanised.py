"""The words of threat and abuse of languages that are typed in Latin letters, as skeletons."""

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice, product
from typing import Any

import msgspec

from text.hostility.lexicon import ANCHORS, CLASSES, GAPS, HARMLESS, TARGETS, Lexicon, language_of, lexicon
from text.languages import ListError, read_list_in
from text.romanised import romanisations
from text.tables import table
from text.words import Memo

SHORTEST_SKELETON = 3
"""Letters of a folded word of violence or abuse: Arabic is written without vowels, and two consonants are many words."""
MOST_VARIANTS = 24
"""Skeletons of an entry."""
_IN_WORDS = re.compile(r"(?<=\w)['’ʼ](?=\w)")
"""An apostrophe parts words of the lists; in Latin letters it is left out."""
_WORD_ENDS = re.compile("[|*]")
_ENTRY = tuple[int, tuple[str, ...]]


def _lexicon_in_skeletons(code: str) -> Lexicon:
    """The language's list in skeletons, with what `romanised.yaml` has besides. Raises ListError."""
    romanisation = romanisations()[code]
    folder = romanisation.list_codes["hostility"]
    own = next(number for number, one in enumerate(lexicon().languages) if one.code == folder)
    listed = read_list_in(folder, "hostility", dict[str, Any])
    if not romanisation.is_spelt:
        listed = {"grammar": listed["grammar"]}
    for name, entries in romanisation.listed.hostility.items():
        if name not in CLASSES:
            raise ListError(f"{code}/romanised.yaml: hostility.{name}: unknown, expected one of {', '.join(CLASSES)}")
        listed[name] = f"{listed.get(name, '')}, {entries}"
    whole = language_of(folder, {key: _without_apostrophes(one) for key, one in listed.items()})
    harmless = lexicon().entries(HARMLESS) if romanisation.is_spelt else ()
    lent = [(bit, parts) for language, bit, parts in harmless if language == own]  # with those of its kin
    written = (*whole.entries, *lent)
    parts_ = {part for _, parts in written for part in parts}
    words = {word for part in parts_ for word in _WORD_ENDS.split(part.removeprefix("="))}
    forms = Memo(partial(_forms, romanisation.skeletons_of(words)))
    entries_ = dict.fromkeys(one for entry in written for one in _skeletons(forms, entry))
    plain = frozenset(form for word in whole.plain for form in romanisation.skeletons(word))
    return Lexicon((msgspec.structs.replace(whole, entries=tuple(entries_), plain=plain),))


@table
def _lexicons() -> dict[str, Lexicon]:
    return {code: _lexicon_in_skeletons(code) for code in romanisations()}


def romanised_lexicon(code: str) -> Lexicon:
    """The lexicon of a language in skeletons."""
    return _lexicons()[code]


def romanised_lexicons() -> tuple[Lexicon, ...]:
    """Those of all languages."""
    return tuple(_lexicons().values())


def _without_apostrophes(written: Any) -> Any:
    if isinstance(written, dict):
        return {key: _without_apostrophes(one) for key, one in written.items()}
    return _IN_WORDS.sub("", written) if isinstance(written, str) else written


def _skeletons(forms: Memo[list[str]], entry: _ENTRY) -> Iterator[_ENTRY]:
    bit, parts = entry
    for folded in islice(product(*map(forms.__getitem__, parts)), MOST_VARIANTS):
        letters = "".join(min(part.split("|"), key=len) for part in folded if part not in GAPS).replace("*", "")
        if all(folded) and (len(letters) >= SHORTEST_SKELETON or not bit & (ANCHORS & ~TARGETS)):
            yield bit, folded


def _forms(skeletons: Memo[list[str]], part: str) -> list[str]:
    """A part of an entry in its skeletons."""
    if part in GAPS:
        return [part]
    if "|" in part:
        return ["|".join(dict.fromkeys(form for one in part.split("|") for form in skeletons[one] if form))]
    stem, star, suffix = part.removeprefix("=").partition("*")
    ends = skeletons[suffix] if suffix else [""]
    return [one + star + end for one in skeletons[stem] for end in ends]
