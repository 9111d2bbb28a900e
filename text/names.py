"""Names as the eye takes them: two names with one skeleton are hard to tell apart.

A skeleton is that of UTS 39, section 4, made coarser where people read carelessly: letters of all scripts as the Latin letters
that they pass for, without case, accents and signs. A skeleton is for comparing, not for showing.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from text.normalise import compose, fold_case, undisguise
from text.normalise_lookalikes import lookalikes
from text.normalise_ornate import fold_disguise

MAX_NAME_CHARACTERS = 200
"""What is read of a name. Nobody is called by more."""
MAX_NAME_WORDS = 12
LEAST_FUZZY_LETTERS = 6
"""Shorter words are one letter away from too many others: `admin` from the first name Admir."""

_WORD = re.compile(r"[^\W\d_]+")
_NUMBERED = re.compile(r"([^\W\d_]{3})\d+(?!\w)")
"""`Support2`: the number makes the account's name free, and says nothing."""
_LATIN_I = re.compile(r"(?<=[\u0400-\u052f])[iI]|[iI](?=[\u0400-\u052f])")
"""In Cyrillic names a habit of keyboards: Ukrainian and Belarusian have an i, the Russian layout has not."""
_DIGIT_INSIDE = re.compile(r"[^\W\d_]\d+[^\W\d_]")
_PAIRS = (("rn", "m"), ("vv", "w"))
_ONE_STROKE = dict.fromkeys(map(ord, "i1|ı"), "l")


@cache
def _to_latin() -> dict[int, str]:
    """Letters of other scripts, and strokes that are one to the eye, as the letters that they pass for."""
    latin = {ord(letter): plain_letter.translate(_ONE_STROKE) for letter, plain_letter in lookalikes("LATIN").items()}
    return latin | _ONE_STROKE


def skeleton(name: str) -> tuple[str, ...]:
    """The skeletons of a name's words, in their order. Empty for a name without letters.

    `name` is as a reader sees it (`text.written`); linear in its length, of which the first `MAX_NAME_CHARACTERS` are read.
    """
    shown = _NUMBERED.sub(r"\1", name[:MAX_NAME_CHARACTERS])
    letters = unicodedata.normalize("NFD", undisguise(shown))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return tuple(_pairs_as_one(word.translate(_to_latin())) for word in _WORD.findall(bare))


def _pairs_as_one(word: str) -> str:
    for pair, letter in _PAIRS:
        word = word.replace(pair, letter)
    return word


def is_disguised(name: str, *, veiled: bool = False) -> bool:
    """Whether a name is written as nobody writes his own: scripts mixed in a word, a capital I for an l, digits in a word, or
    something invisible within (`veiled`, see `text.written`).

    Accents are no disguise, nor is a name that is written twice, in two scripts.
    """
    composed = _LATIN_I.sub("і", compose(name[:MAX_NAME_CHARACTERS]))
    return (
        veiled
        or fold_disguise(composed) != composed
        or bool(_DIGIT_INSIDE.search(composed))
        or any(_capital_for_small(word) for word in _WORD.findall(composed))
    )


def _capital_for_small(word: str) -> bool:
    """`AIice`: a capital I within a word, though not that of MacIntosh."""
    return "I" in word[1:] and any(map(str.islower, word[1:])) and not word.startswith(("Mc", "Mac"))


def plain(name: str) -> str:
    """A name without case and accents, in its own letters: equal for namesakes, not for look-alikes."""
    letters = unicodedata.normalize("NFD", fold_case(name[:MAX_NAME_CHARACTERS]))
    return " ".join(_WORD.findall("".join(c for c in letters if not unicodedata.combining(c))))


def _few_words(name: str) -> tuple[str, ...]:
    words = skeleton(name)
    return words if len(words) <= MAX_NAME_WORDS else ()


class Vocabulary:
    """Names that are protected, and what may stand beside them, by kind; finds names that are made of nothing else."""

    def __init__(self, phrases: Iterable[tuple[str, str]], likeness: float) -> None:
        """`phrases` are (kind, phrase). From `likeness` (normalised Levenshtein similarity) on a longer word is misspelt."""
        self._kinds: dict[str, str] = {}
        for kind, phrase in phrases:
            self._kinds.setdefault("".join(skeleton(phrase)), kind)
        self._likeness = likeness
        self._fuzzy = [phrase for phrase in self._kinds if len(phrase) >= LEAST_FUZZY_LETTERS]
        self._longest = max(map(len, self._kinds), default=0)

    def kinds_in(self, name: str) -> frozenset[str]:
        """The kinds of phrases that the name is made of; empty where a word is left over: it is somebody's or something's."""
        words = _few_words(name)
        return self._reach(words, 0).get(len(words), frozenset())

    def kinds_within(self, name: str) -> list[frozenset[str]]:
        """The kinds of phrases of each run of words that is made of nothing else, the longest from each word on."""
        words = _few_words(name)
        reaches = (self._reach(words, start) for start in range(len(words)))
        return [reach[max(reach)] for reach in reaches if len(reach) > 1]

    def _reach(self, words: Sequence[str], start: int) -> dict[int, frozenset[str]]:
        """For each place up to which phrases cover all words from `start` on, their kinds; the longer the last the better."""
        reach: dict[int, frozenset[str]] = {start: frozenset()}
        for place in range(start, len(words)):
            for end in range(place + 1, len(words) + 1) if place in reach else ():
                if end not in reach and (found := self._kinds_of(words[place:end])):
                    reach[end] = reach[place] | found
        return reach

    def _kinds_of(self, words: Sequence[str]) -> frozenset[str]:
        """Of one phrase, or of several that are written as one word."""
        letters = "".join(words)
        if kind := self._kinds.get(letters):
            return frozenset({kind})
        return (self._split(letters) if len(words) == 1 else frozenset()) or self._misspelt(letters)

    def _split(self, letters: str) -> frozenset[str]:
        """Of phrases written without a space between: `etwinningsupport`."""
        if len(letters) > MAX_NAME_CHARACTERS:
            return frozenset()
        reached: list[frozenset[str] | None] = [frozenset()] + [None] * len(letters)
        for end in range(1, len(letters) + 1):
            for start in range(max(0, end - self._longest), end):
                before, kind = reached[start], self._kinds.get(letters[start:end])
                if before is not None and kind:
                    reached[end] = before | {kind}
                    break
        return reached[-1] or frozenset()

    def _misspelt(self, letters: str) -> frozenset[str]:
        if not LEAST_FUZZY_LETTERS <= len(letters) <= self._longest + 2:
            return frozenset()
        found = process.extractOne(
            letters, self._fuzzy, scorer=Levenshtein.normalized_similarity, score_cutoff=self._likeness
        )
        return frozenset({self._kinds[found[0]]}) if found else frozenset()
