"""Whether two texts are copies, seen word by word: for texts whose signatures leave it open.

A signature estimates what two texts have in common, and knows little of where it stands. Texts of a hundred letters that
lost a third of their words each share no more shingles, and no more words, than headlines of two newsrooms on one event. But
what is left of copies is scattered all over both of them, a word or two in a row, while the headlines share a phrase and
differ in all the rest.
"""

import re
from collections.abc import Collection

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

MAX_LETTERS = 600
"""So much of a text is kept and looked at."""
SENTENCE_LETTERS = 20
"""Shorter sentences are everybody's."""
MAX_SENTENCES = 12
LEAST_REST = 24
SHORT_LETTERS = 40
"""Shorter texts are compared letter by letter: of six words each is too much."""

# From where on texts are copies, by their number of letters (docs/near-duplicates.md has the measurements): straight lines
# between. Fewer letters prove less.
_OF_LETTERS = ((24, 0.96), (40, 0.97))
_OF_WORDS = ((40, 1.10), (60, 1.02), (70, 0.96), (100, 0.88), (150, 0.82), (230, 0.73), (400, 0.62))
_SCATTERED = 0.5
"""What it weighs that the same words stand scattered."""

# ideographs, kana and Korean syllables are words by themselves
_DENSE = r"\u2e80-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff"
_LETTERS_OF_SIGN = 3
_SIGN = re.compile(rf"[{_DENSE}]")
_WORD = re.compile(rf"[{_DENSE}]|[^\s{_DENSE}]+")


def are_copies(left: str, right: str) -> bool:
    """Whether two texts, given as `text.signature.Compared.words`, are copies of one another. Bounded by `MAX_LETTERS`."""
    one, other = left[:MAX_LETTERS], right[:MAX_LETTERS]
    if one.split() == other.split():
        return True
    letters = (_letters(one) + _letters(other)) / 2
    if letters < SHORT_LETTERS:
        return fuzz.ratio(one, other) >= 100 * _line(_OF_LETTERS, letters)
    return common_words(_WORD.findall(one), _WORD.findall(other)) >= _line(_OF_WORDS, letters)


def sentences(words: str) -> list[str]:
    """The sentences and lines of a text (`text.reading.TextReading.words`) that say enough to be known again, each once.

    None of a text that is only one, nor more than `MAX_SENTENCES`.
    """
    lines = dict.fromkeys(line for line in words.split("\n") if len(line) - line.count(" ") >= SENTENCE_LETTERS)
    return list(lines)[:MAX_SENTENCES] if "\n" in words else []


def without(words: str, boilerplate: Collection[str]) -> str | None:
    """What is left of a text without sentences that many use, or None where that is too little to say whose it is."""
    rest = "\n".join(line for line in words.split("\n") if line not in boilerplate)
    return rest if _letters(rest) >= LEAST_REST else None


def common_words(left: list[str], right: list[str]) -> float:
    """How far the words that stand in both, in the same order, speak for copies: between 0 and 1.5.

    Their share of all words (RapidFuzz's normalised Indel similarity: twice the longest common subsequence through the sum of
    both lengths), and, weighed with `_SCATTERED`, the number of runs that they stand in through their number.
    """
    runs = [run.src_end - run.src_start for run in Indel.opcodes(left, right) if run.tag == "equal"]
    if not runs:
        return 0.0
    return 2 * sum(runs) / (len(left) + len(right)) + _SCATTERED * len(runs) / sum(runs)


def _letters(words: str) -> int:
    """The number of letters; a sign that is a word by itself says as much as `_LETTERS_OF_SIGN`."""
    signs = 0 if words.isascii() else len(_SIGN.findall(words))
    return len(words) - words.count(" ") - words.count("\n") + (_LETTERS_OF_SIGN - 1) * signs


def _line(points: tuple[tuple[float, float], ...], at: float) -> float:
    """The height at `at` of the line through `points`, level before the first and behind the last."""
    (before, height), *rest = points
    if at <= before:
        return height
    for after, then in rest:
        if at <= after:
            return height + (then - height) * (at - before) / (after - before)
        before, height = after, then
    return height
