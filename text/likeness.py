"""Whether two texts are copies, or one stands in both, seen letter by letter and word by word: for what signatures leave open.

A signature estimates what two texts have in common, and knows little of where it stands. A letter that is mistyped costs three
shingles and a word; but nearly all other letters of two such copies stand in both in the same order, and of a text among other
text long runs of letters do. Copies that lost a third of their words share no more words than headlines of two newsrooms on
one event; but theirs are scattered all over both texts, a word or two in a row, while the headlines share a phrase and differ
in all the rest.
"""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA, Indel, MatchingBlock

MAX_LETTERS = 600
"""So much of a text is kept and looked at."""
SENTENCE_LETTERS = 20
"""Shorter sentences are everybody's."""
MAX_SENTENCES = 12
LEAST_REST = 24
FRAME_LETTERS, BESIDE_FRAME, FRAMED = 20, 24, 0.2
"""Of what stands among other words in both of two texts, letters in a row at least; of a name beside it, letters at most; and
the share of each text that these other words are, at least.
"""
_UNLIKE = 0.65
"""Of the letters of unlike texts in one language fewer stand in the same order."""
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
_RESPELT, _RESPELT_LETTERS, _RESPELT_UP_TO = 0.6, 3, 300
"""How alike two words are that are one word mistyped; letters of such a word, and of such a text at most."""
_WORTH_SPELLING = ((40, 0.78), (75, 0.68), (110, 0.62), (160, 0.56))
"""So much of the letters, at least, stands in the same order in copies of which words are mistyped."""
_AS_SPELT = 0.22
"""So many of their words at least are spelt alike: of what is said in two related languages hardly one is."""
_OF_RESPELT = (
    (40, 0.88),
    (45, 0.80),
    (60, 0.64),
    (75, 0.52),
    (90, 0.44),
    (110, 0.38),
    (140, 0.36),
    (200, 0.28),
    (300, 0.20),
)
_OF_GAP = 1.5
"""What share of the letters has to stand in words that both have, mistyped or not, by their number; and how often the longest
row of other words is taken off it. Of reports on one event that row is a clause.
"""
_RESPELT_FROM = 75
"""Letters of texts that are told by differing here and there, mistyped words counting as the same."""
_OF_THREE = ((34, 0.90), (45, 0.72), (60, 0.70), (75, 0.62), (90, 0.56), (110, 0.48), (140, 0.42), (200, 0.36))
_CORE = 0.35
"""The same of what each of three texts has in common with one of the others; and how much of each all three have. Copies that
each lost other words have nearly all of theirs in common with one or the other, reports on one event what all have.
"""

# ideographs, kana and Korean syllables are words by themselves
_DENSE = r"\u2e80-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff"
_LETTERS_OF_SIGN = 3
_SIGN = re.compile(rf"[{_DENSE}]")
_WORD = re.compile(rf"[{_DENSE}]|[^\s{_DENSE}]+")
_ROUNDING = 1e-9
_TAKEN_APART = 64
"""Texts that were taken apart last: one is compared with several, and in several ways."""


class _Parts(NamedTuple):
    """The beginning of a text: its words and, one after the other, their letters; how many of these are words by themselves,
    and how much it says, in letters.
    """

    words: list[str]
    joined: str
    signs: int
    letters: int


@lru_cache(_TAKEN_APART)
def _parts(text: str) -> _Parts:
    beginning = text[:MAX_LETTERS]
    words, signs = beginning.split(), _signs(beginning)
    return _Parts(words, "".join(words), signs, _letters(beginning, signs))


@lru_cache(_TAKEN_APART)
def _in_order(left: str, right: str) -> float:
    """The share of letters that stand in both in the same order."""
    return Indel.normalized_similarity(left, right)


def drop_texts() -> None:
    """Hold no longer what was taken apart: nobody's words outlast the judging of their batch."""
    _parts.cache_clear()
    _in_order.cache_clear()


def are_copies(left: str, right: str) -> bool:
    """Whether two texts, given as `text.signature.Compared.words`, are copies of one another. Bounded by `MAX_LETTERS`."""
    one, other = _parts(left), _parts(right)
    words, words_of_other = one.words, other.words
    if words == words_of_other:
        return True
    letters = (one.letters + other.letters) / 2
    if letters < SHORT_LETTERS:
        if fuzz.ratio(" ".join(words), " ".join(words_of_other)) >= 100 * line_at(_OF_FEW_LETTERS, letters):
            return True
        in_order = 0.0
    else:
        in_order = _in_order(one.joined, other.joined)
        # what does not stand in both has to be like what stands there in the other
        if in_order >= line_at(_OF_LETTERS, letters) and (
            letters >= _LONG_ENOUGH or foreign(one.joined, other.joined) <= _FOREIGN
        ):
            return True
    if one.signs or other.signs:
        words, words_of_other = _WORD.findall(left[:MAX_LETTERS]), _WORD.findall(right[:MAX_LETTERS])
    share = Indel.normalized_similarity(words, words_of_other)
    if share >= _LEAST_WORDS:
        if differ_here_and_there(words, words_of_other, letters):
            return True
        if letters >= SHORT_LETTERS and share + _scattered(words, words_of_other) >= line_at(_OF_WORDS, letters):
            return True
    if letters > _RESPELT_UP_TO or share < _AS_SPELT or in_order < line_at(_WORTH_SPELLING, letters):
        return False
    return _are_respelt(words, words_of_other, letters)


def hold_together(one: str, other: str, third: str) -> bool:
    """Whether three texts, given as for `are_copies`, are copies of one: what each has stands in one of the others, but for
    what it alone got. Of three of which each is only like the next that is not so. Bounded by `MAX_LETTERS`.
    """
    texts = [text[:MAX_LETTERS] for text in (one, other, third)]
    signs = [_signs(text) for text in texts]
    letters = sum(map(_letters, texts, signs)) / 3
    words = [_WORD.findall(text) if any(signs) else text.split() for text in texts]
    by_one = [[False] * len(each) for each in words]
    by_both = [[True] * len(each) for each in words]
    for left, right in ((0, 1), (0, 2), (1, 2)):
        spelt = _spelt_as_in(words[left], words[right]) if letters <= _RESPELT_UP_TO else words[right]
        runs = _equal(words[left], spelt)
        for which, spans in ((left, [run[:2] for run in runs]), (right, [run[2:] for run in runs])):
            common = [False] * len(words[which])
            for start, end in spans:
                common[start:end] = [True] * (end - start)
            by_one[which] = [a or b for a, b in zip(by_one[which], common, strict=True)]
            by_both[which] = [a and b for a, b in zip(by_both[which], common, strict=True)]
    least = line_at(_OF_THREE, letters)
    return all(
        _shared(each, both)[0] >= _CORE and share - _OF_GAP * gap >= least
        for each, some, both in zip(words, by_one, by_both, strict=True)
        for share, gap in [_shared(each, some)]
    )


def _shared(words: Sequence[str], common: Sequence[bool]) -> tuple[float, float]:
    """The share of the letters that stand in words which are `common`, and of those in the longest row of others."""
    shared = gap = row = 0
    for word, is_common in zip(words, common, strict=True):
        row = 0 if is_common else row + len(word)
        shared += len(word) * is_common
        gap = max(gap, row)
    letters = max(1, sum(map(len, words)))
    return shared / letters, gap / letters


def _are_respelt(left: Sequence[str], right: Sequence[str], letters: float) -> bool:
    """Whether texts are copies of which words are mistyped, and some were dropped or replaced here and there."""
    spelt = _spelt_as_in(left, right)
    share, gap = _share_and_gap(left, spelt)
    if share - _OF_GAP * gap >= line_at(_OF_RESPELT, letters):
        return True
    return letters >= _RESPELT_FROM and differ_here_and_there(left, spelt, letters)


def _spelt_as_in(left: Sequence[str], right: Sequence[str]) -> list[str]:
    """The words of `right`, those that are like one that only `left` has spelt as that."""
    here, there = (
        [word for word in dict.fromkeys(some) if len(word) >= _RESPELT_LETTERS and word not in others]
        for some, others in ((left, set(right)), (right, set(left)))
    )
    if not here or not there:
        return list(right)
    alike = process.cdist(there, here, scorer=OSA.normalized_similarity, score_cutoff=_RESPELT)
    best = np.argmax(alike, axis=1)
    spelt = {word: here[at] for word, at, row in zip(there, best.tolist(), alike, strict=True) if row[at] >= _RESPELT}
    return [spelt.get(word, word) for word in right]


def _share_and_gap(left: Sequence[str], right: Sequence[str]) -> tuple[float, float]:
    """The share of letters that stand in words in both, in the same order; and how many stand in the longest row of other
    words, through the letters of a text.
    """
    common = gap = start = start_in_right = 0
    for end, after, end_in_right, after_in_right in [*_equal(left, right), (len(left), -1, len(right), -1)]:
        gap = max(gap, sum(map(len, left[start:end])), sum(map(len, right[start_in_right:end_in_right])))
        common += sum(map(len, left[end:after])) if after > 0 else 0
        start, start_in_right = after, after_in_right
    both = sum(map(len, left)) + sum(map(len, right))
    return 2 * common / max(1, both), 2 * gap / max(1, both)


def share_a_part(left: str, right: str) -> bool:
    """Whether one text stands in both, among other text. That says nothing of a third text which stands in one of them, too.

    `left` and `right` as for `are_copies`.
    """
    (words, one, _, _), (words_of_other, other, _, _) = _parts(left), _parts(right)
    letters = (len(one) + len(other)) / 2
    in_order = _in_order(one, other)
    of_stretch = line_at(_OF_ONE_STRETCH, letters)
    # a stretch of words has no more letters than stand in both
    may_be_stretch = in_order * letters >= (of_stretch - _ROUNDING) * max(len(one), len(other))
    if may_be_stretch and longest_stretch(words, words_of_other) >= of_stretch:
        return True
    of_runs = line_at(_OF_RUNS, letters)
    if in_order >= of_runs + _BESIDE_RUNS and common_runs(one, other) >= of_runs:
        return True
    may_be_respelt = letters <= _RESPELT_UP_TO and in_order >= of_stretch
    return may_be_respelt and longest_stretch(words, _spelt_as_in(words, words_of_other)) >= of_stretch


def stands_beside(left: str, right: str) -> bool:
    """Whether all that a text `left` has in common with another, letter by letter, stands above, below or between words of its
    own: a school's motto under letters, the head of its news, what several saw. `left` and `right` as for `are_copies`.
    """
    words, words_of_other = _parts(left).words, _parts(right).words
    runs = [run for run in _equal(words, words_of_other) if sum(map(len, words[run[0] : run[1]])) >= FRAME_LETTERS]
    gaps, gaps_of_other = _gaps(words, [run[:2] for run in runs]), _gaps(words_of_other, [run[2:] for run in runs])
    own = _around(gaps, len(_parts(left).joined))
    if not runs or own is None:
        return False
    if max(map(len, gaps_of_other)) <= BESIDE_FRAME:
        return True
    other = _around(gaps_of_other, len(_parts(right).joined))
    return other is not None and Indel.normalized_similarity(own, other) < _UNLIKE


def _gaps(words: Sequence[str], runs: Sequence[tuple[int, int]]) -> list[str]:
    """The letters before, between and behind runs of the words."""
    ends, starts = [0, *(end for _, end in runs)], [*(start for start, _ in runs), len(words)]
    return ["".join(words[end:start]) for end, start in zip(ends, starts, strict=True)]


def _around(gaps: Sequence[str], letters: int) -> str | None:
    """The first and the last of them, unless another says more than a name does, too; None where they are a small part of the
    text.
    """
    around = gaps[0] + gaps[-1] if len(gaps) > 1 else gaps[0]
    between = max(map(len, gaps[1:-1]), default=0)
    return around if between <= BESIDE_FRAME and len(around) >= max(FRAMED * letters, BESIDE_FRAME + 1) else None


def are_a_frame(words: str, shared: Collection[str]) -> bool:
    """Whether lines of a text, given as its `words`, all stand above, below or between what else it says."""
    lines = words.split("\n")
    runs = [(at, at + 1) for at, line in enumerate(lines) if line in shared]
    letters = [line.replace(" ", "") for line in lines]
    return _around(_gaps(letters, runs), sum(map(len, letters))) is not None


def sentences(words: str) -> list[str]:
    """The sentences and lines of a text (`text.reading.TextReading.words`) that say enough to be known again, each once.

    None of a text that is only one, nor more than `MAX_SENTENCES`: the longest, because short ones before them hide nothing.
    """
    if "\n" not in words:
        return []
    lines = list(dict.fromkeys(line for line in words.split("\n") if len(line) - line.count(" ") >= SENTENCE_LETTERS))
    return lines if len(lines) <= MAX_SENTENCES else sorted(lines, key=len, reverse=True)[:MAX_SENTENCES]


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
    return [block.size for block in _blocks(left, right)]


def _equal(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Each run that is in both in the same order: where it begins and ends in one text, and in the other."""
    return [(run.a, run.a + run.size, run.b, run.b + run.size) for run in _blocks(left, right)]


def _blocks(left: Sequence[str], right: Sequence[str]) -> list[MatchingBlock]:
    """The same, quicker: what is no block does not become an object."""
    # behind the last stands one of no length
    return Indel.editops(left, right).as_matching_blocks()[:-1]


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
