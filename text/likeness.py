"""Whether two texts are copies, or one stands in both, seen letter by letter and word by word: for what signatures leave open.

A signature estimates what two texts have in common, and knows little of where it stands. A letter that is mistyped costs three
shingles and a word; but nearly all other letters of two such copies stand in both in the same order, and of a text among other
text long runs of letters do. Copies that lost a third of their words share no more words than headlines of two newsrooms on
one event; but theirs are scattered all over both texts, a word or two in a row, while the headlines share a phrase and differ
in all the rest.
"""

import re
from collections.abc import Collection, Sequence

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
_OF_FEW_LETTERS = ((24, 0.96), (40, 0.97))
_OF_LETTERS = ((40, 0.955), (55, 0.91), (70, 0.84), (90, 0.77), (120, 0.74), (230, 0.71), (400, 0.66))
_OF_RUNS = ((40, 0.98), (70, 0.84), (110, 0.70), (160, 0.60), (230, 0.44), (300, 0.40))
_FOREIGN = 0.22
"""Of the letters of texts under `_LONG_ENOUGH`, at most, may stand in stretches that have nothing to do with one another: a
mistyped word is like the word, another newsroom's clause is not."""
_LONG_ENOUGH = 230
_STRETCH, _ALIKE, _RUN_BETWEEN = 5, 0.5, 3
"""Letters of a stretch that is looked at; how alike both sides are that are the same words mistyped; letters in a row that
part two stretches."""
_OF_WORDS = ((40, 1.10), (60, 1.02), (70, 0.94), (100, 0.85), (150, 0.79), (230, 0.73), (400, 0.66))
_OF_ONE_STRETCH = ((69, 1.01), (70, 0.74), (80, 0.66), (90, 0.61), (110, 0.56), (160, 0.54), (180, 0.47), (300, 0.45))
_RUN_LETTERS = 4
"""Fewer letters in a row stand in the same order in any two texts."""
_BESIDE_RUNS = 0.06
"""So much of the letters that are in no run at least stands in both, too: what has less need not be looked at."""
_SCATTERED = 0.5
"""What it weighs that the same words stand scattered."""
_HERE_AND_THERE_FROM, _MANY_LETTERS, _IN_A_ROW = 34, 90, 2
_CHANGED, _REPLACED_FROM = 0.18, 60
_OF_DROPPED = ((34, 0.60), (60, 0.50), (90, 0.40))
_OF_REPLACED = ((60, 0.66), (75, 0.60), (90, 0.50), (130, 0.40))
"""Reports on one event differ in a clause. Altered copies differ here and there: in `_IN_A_ROW` words at most, one more from
`_MANY_LETTERS` on. Where at most `_CHANGED` of the letters stand where the other text has others, words were dropped. Else
they were replaced; in texts under `_REPLACED_FROM` that may be what is filled into one form. What share of the letters has to
stand in both, by their number.
"""
_LEAST_WORDS = 0.45
"""Of the words: fewer stand scattered in any two texts of few different words."""

# ideographs, kana and Korean syllables are words by themselves
_DENSE = r"\u2e80-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff"
_LETTERS_OF_SIGN = 3
_SIGN = re.compile(rf"[{_DENSE}]")
_WORD = re.compile(rf"[{_DENSE}]|[^\s{_DENSE}]+")


def are_copies(left: str, right: str) -> bool:
    """Whether two texts, given as `text.signature.Compared.words`, are copies of one another. Bounded by `MAX_LETTERS`."""
    one, other = left[:MAX_LETTERS], right[:MAX_LETTERS]
    words, words_of_other = one.split(), other.split()
    if words == words_of_other:
        return True
    signs, signs_of_other = _signs(one), _signs(other)
    letters = (_letters(one, signs) + _letters(other, signs_of_other)) / 2
    if letters < SHORT_LETTERS:
        if fuzz.ratio(" ".join(words), " ".join(words_of_other)) >= 100 * line_at(_OF_FEW_LETTERS, letters):
            return True
    elif _share_letters("".join(words), "".join(words_of_other), letters):
        return True
    if signs or signs_of_other:
        words, words_of_other = _WORD.findall(one), _WORD.findall(other)
    share = Indel.normalized_similarity(words, words_of_other)
    if share < _LEAST_WORDS:
        return False
    if differ_here_and_there(words, words_of_other, letters):
        return True
    return letters >= SHORT_LETTERS and share + _scattered(words, words_of_other) >= line_at(_OF_WORDS, letters)


def _share_letters(left: str, right: str, letters: float) -> bool:
    """Whether enough letters stand in both in the same order, and what does not is like what stands there in the other."""
    return Indel.normalized_similarity(left, right) >= line_at(_OF_LETTERS, letters) and (
        letters >= _LONG_ENOUGH or foreign(left, right) <= _FOREIGN
    )


def share_a_part(left: str, right: str) -> bool:
    """Whether one text stands in both, among other text. That says nothing of a third text which stands in one of them, too.

    `left` and `right` as for `are_copies`.
    """
    words, words_of_other = left[:MAX_LETTERS].split(), right[:MAX_LETTERS].split()
    one, other = "".join(words), "".join(words_of_other)
    letters = (len(one) + len(other)) / 2
    if longest_stretch(words, words_of_other) >= line_at(_OF_ONE_STRETCH, letters):
        return True
    least = line_at(_OF_RUNS, letters)
    return Indel.normalized_similarity(one, other) >= least + _BESIDE_RUNS and common_runs(one, other) >= least


def sentences(words: str) -> list[str]:
    """The sentences and lines of a text (`text.reading.TextReading.words`) that say enough to be known again, each once.

    None of a text that is only one, nor more than `MAX_SENTENCES`.
    """
    lines = dict.fromkeys(line for line in words.split("\n") if len(line) - line.count(" ") >= SENTENCE_LETTERS)
    return list(lines)[:MAX_SENTENCES] if "\n" in words else []


def without(words: str, boilerplate: Collection[str]) -> str | None:
    """What is left of a text without sentences that many use, or None where that is too little to say whose it is."""
    rest = "\n".join(line for line in words.split("\n") if line not in boilerplate)
    return rest if _letters(rest, _signs(rest)) >= LEAST_REST else None


def differ_here_and_there(left: Sequence[str], right: Sequence[str], letters: float) -> bool:
    """Whether texts differ in a word or two here and there: nowhere in a clause, as reports on one event do."""
    if letters < _HERE_AND_THERE_FROM:
        return False
    few = letters < _MANY_LETTERS
    common = other = changed = inside = at_ends = start = start_in_right = 0
    for end, after, end_in_right, after_in_right in [*_equal(left, right), (len(left), -1, len(right), -1)]:
        here, there = left[start:end], right[start_in_right:end_in_right]
        longer = max(len(here), len(there))
        if longer > (_IN_A_ROW if few else _IN_A_ROW + 1) or (
            letters < _REPLACED_FROM and min(len(here), len(there)) > 1
        ):
            return False
        if after < 0 or not start + start_in_right:
            at_ends = max(at_ends, longer)
        else:
            inside += longer > 0
        size = sum(map(len, here)) + sum(map(len, there))
        other, changed = other + size, changed + (size if here and there else 0)
        common += 2 * sum(map(len, left[end:after]))
        start, start_in_right = after, after_in_right
    if few and at_ends > (1 if inside < _IN_A_ROW else _IN_A_ROW):
        return False
    share = common / max(1, common + other)
    if letters < _REPLACED_FROM and changed == other:
        return False
    if changed <= _CHANGED * (common + other):
        return share >= line_at(_OF_DROPPED, letters)
    return letters >= _REPLACED_FROM and share >= line_at(_OF_REPLACED, letters)


def _scattered(left: Sequence[str], right: Sequence[str]) -> float:
    """What it weighs in how many runs the words stand that are in both, in the same order: runs through words."""
    runs = _runs(left, right)
    return _SCATTERED * len(runs) / sum(runs)


def longest_stretch(left: Sequence[str], right: Sequence[str]) -> float:
    """The share of the longer text's letters that stand in one stretch of words in both; what differs within is taken off."""
    most = stretch = start = start_in_right = 0
    for end, after, end_in_right, after_in_right in _equal(left, right):
        differs = sum(map(len, left[start:end])) + sum(map(len, right[start_in_right:end_in_right]))
        stretch = max(0, stretch - differs) + 2 * sum(map(len, left[end:after]))
        most = max(most, stretch)
        start, start_in_right = after, after_in_right
    return most / max(1, 2 * sum(map(len, left)), 2 * sum(map(len, right)))


def common_runs(left: str, right: str) -> float:
    """The share of letters that stand in both in the same order, `_RUN_LETTERS` of them or more in a row."""
    return 2 * sum(run for run in _runs(left, right) if run >= _RUN_LETTERS) / (len(left) + len(right))


def foreign(left: str, right: str) -> float:
    """The share of letters that stand in stretches of one text for which the other has something else, or nothing."""
    found = start = start_in_right = 0
    runs = [run for run in _equal(left, right) if run[1] - run[0] >= _RUN_BETWEEN]
    for end, after, end_in_right, after_in_right in [*runs, (len(left), 0, len(right), 0)]:
        one, other = left[start:end], right[start_in_right:end_in_right]
        if max(len(one), len(other)) >= _STRETCH and Indel.normalized_similarity(one, other) < _ALIKE:
            found += len(one) + len(other)
        start, start_in_right = after, after_in_right
    return found / (len(left) + len(right))


def _runs(left: Sequence[str], right: Sequence[str]) -> list[int]:
    """How many stand in a row, in each run that is in both in the same order."""
    return [end - start for start, end, _, _ in _equal(left, right)]


def _equal(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Each run that is in both in the same order: where it begins and ends in one text, and in the other."""
    return [
        (run.src_start, run.src_end, run.dest_start, run.dest_end)
        for run in Indel.opcodes(left, right)
        if run.tag == "equal"
    ]


def _signs(words: str) -> int:
    """The number of signs that are words by themselves."""
    return 0 if words.isascii() else len(_SIGN.findall(words))


def letters_of(words: str) -> int:
    """The number of letters, spaces and ends of lines left out."""
    return len(words) - words.count(" ") - words.count("\n")


def _letters(words: str, signs: int) -> int:
    """The number of letters; a sign that is a word by itself says as much as `_LETTERS_OF_SIGN`."""
    return letters_of(words) + (_LETTERS_OF_SIGN - 1) * signs


def line_at(points: tuple[tuple[float, float], ...], at: float) -> float:
    """The height at `at` of the line through `points`, level before the first and behind the last."""
    (before, height), *rest = points
    if at <= before:
        return height
    for after, then in rest:
        if at <= after:
            return height + (then - height) * (at - before) / (after - before)
        before, height = after, then
    return height
