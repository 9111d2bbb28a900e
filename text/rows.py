"""The words of all texts of a batch as rows of folded letters, and which of very many listed words and phrases stand in them.

A row holds a text's words with one blank before and behind each, without punctuation, so that ` kill you ` is a phrase and
` murder` the beginning of a word. All rows are searched at once for all that is listed, by one automaton (Aho and Corasick):
what that takes does not grow with the lists. Most texts hold nothing, and cost nothing more.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
from ahocorasick_rs import BytesAhoCorasick, Implementation
from numpy.typing import NDArray

from text.words import folded, folded_letter

_UP_TO = 0x32400
"""No letters stand beyond."""
_END = chr(_UP_TO - 1)
"""An unassigned character, between the texts of a batch."""
_SPACE, _LINE, _ZERO = map(ord, " \n0")
_SEVERAL = 0xF0000
"""From here on codes stand for letters that are folded to several: `ß`, `æ`."""
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
NUMBER = "0"
"""What stands for any digits in a row."""

Codes = NDArray[np.uint32]
Indexes = NDArray[np.intp]


class Letters:
    """How the characters of a text stand in its row."""

    def __init__(self, form_of: Callable[[str], str]) -> None:
        """`form_of` gives what stands for a character: a blank, nothing, a letter or several."""
        self._table = np.full(_UP_TO + 1, _SPACE, dtype=np.uint32)
        self._several: list[str] = []
        for code in range(_UP_TO - 1):
            form = form_of(chr(code))
            if len(form) > 1:
                self._table[code] = _SEVERAL + len(self._several)
                self._several.append(form)
            else:
                self._table[code] = ord(form) if form else 0
        self._table[ord(_END)] = _LINE

    def rows(self, texts: Sequence[str]) -> "Rows":
        """The rows of the texts, parallel to them."""
        joined = f" {_END} ".join(texts)
        if joined.count(_END) >= len(texts) > 0:  # it shows nothing
            joined = f" {_END} ".join([text.replace(_END, " ") for text in texts])
        codes = _codes_of(f" {joined} {_END}") if texts else np.zeros(0, dtype=np.uint32)
        codes = self._table[np.minimum(codes, _UP_TO)]
        codes = codes[codes != 0]
        kept = np.ones(len(codes), dtype=bool)
        kept[1:] = (codes[1:] != codes[:-1]) | ((codes[1:] != _SPACE) & (codes[1:] != _ZERO))
        codes = codes[kept]
        for one in sorted(set(codes[codes >= _SEVERAL].tolist())):
            codes = _codes_of(_text_of(codes).replace(chr(one), self._several[one - _SEVERAL]))
        return Rows(codes, np.arange(len(texts)))


def _codes_of(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _text_of(codes: Codes) -> str:
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


class Rows(NamedTuple):
    """Rows of letters, each between blanks and with a line end behind; `owners` are the indexes of their texts."""

    codes: Codes
    owners: Indexes

    def and_those(self, others: "Rows") -> "Rows":
        """These and others."""
        return Rows(np.concatenate((self.codes, others.codes)), np.concatenate((self.owners, others.owners)))

    def of_texts(self, indexes: Sequence[int]) -> "Rows":
        """The rows, as those of other texts."""
        return Rows(self.codes, np.asarray(indexes, dtype=np.intp)[self.owners])

    def collapsed(self) -> "Rows":
        """The words that have a letter twice in a row, each such pair as one letter: `murrder`."""
        codes = self.codes
        again = np.zeros(len(codes), dtype=bool)
        again[1:] = (codes[1:] == codes[:-1]) & (codes[1:] != _SPACE)
        if not again.any():
            return Rows(codes[codes == _LINE], self.owners)
        if (again[1:] & again[:-1]).any():  # of three the third stays
            places = np.arange(len(codes))
            begins = np.maximum.accumulate(np.where(again, 0, places))
            again = (places - begins) % 2 == 1
        words = np.cumsum(codes == _SPACE)
        listed = np.zeros(len(codes) + 1, dtype=bool)
        listed[words[again]] = True
        ends = codes == _LINE
        listed[words[ends]] = True
        return Rows(codes[listed[words] & ~again], self.owners)

    @property
    def written(self) -> bytes:
        """All of them in UTF-8."""
        return _text_of(self.codes).encode("utf-8", "surrogatepass")


def form_of(word: str) -> str:
    """A word as it stands in rows."""
    return _DIGITS.sub(NUMBER, folded(word))


def _folded_letter(character: str) -> str:
    if character.isdecimal():
        return NUMBER
    return "".join(map(folded_letter, character.casefold())) if _WORD.match(character) else " "


FOLDED = Letters(_folded_letter)
"""Rows of letters, as `text.words.folded` has them, and of numbers."""


Found = tuple[Indexes, Indexes]
"""Indexes of texts, and in parallel the numbers of the patterns that stand in them."""


class Wanted(NamedTuple):
    """Patterns of which each text with some phrase has one, and others, of each of which it has one besides."""

    patterns: tuple[str, ...]
    also: tuple[tuple[str, ...], ...] = ()


Also = tuple[frozenset[int], ...]
"""Patterns, by their numbers, of each of which one has to stand in a text besides."""


class Patterns:
    """Words and phrases as they stand in rows, each with a number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._several: dict[tuple[str, ...], frozenset[int]] = {}
        self._automaton: BytesAhoCorasick | None = None
        self.size = 0

    def add(self, wanted: Wanted) -> tuple[list[int], Also]:
        """The numbers of the patterns, and of those that have to stand besides."""
        for ones in wanted.also:
            if ones not in self._several:
                self._several[ones] = frozenset(self._add(ones))
        return self._add(wanted.patterns), tuple([self._several[ones] for ones in wanted.also])

    def _add(self, patterns: tuple[str, ...]) -> list[int]:
        return [self._numbers.setdefault(one, len(self._numbers)) for one in patterns]

    def close(self) -> None:
        """Make ready for looking; nothing can be added any more."""
        self.size = len(self._numbers)
        self._automaton = BytesAhoCorasick(
            [one.encode() for one in self._numbers], implementation=Implementation.ContiguousNFA
        )
        self._numbers, self._several = {}, {}

    def found_in(self, rows: Rows) -> Found:
        """What stands in the rows."""
        return self.found_at(rows)[:2]

    def found_at(self, rows: Rows) -> tuple[Indexes, Indexes, Indexes]:
        """The same, and before which word of all rows each of them begins."""
        assert self._automaton
        written = rows.written
        places = np.array(self._automaton.find_matches_as_indexes(written, overlapping=True), dtype=np.intp).reshape(
            -1, 3
        )
        signs = np.frombuffer(written, dtype=np.uint8)
        of_row = np.searchsorted(np.flatnonzero(signs == _LINE), places[:, 1])
        return rows.owners[of_row], places[:, 0], np.searchsorted(np.flatnonzero(signs == _SPACE), places[:, 1])


MOST_ALTERNATIVES = 64
"""Patterns that stand for several words in a row."""
MOST_BESIDES = 2
COMMON = 1e-8
"""What is no rarer than this, by its letters, is looked for together with the other parts of its phrase."""


def rarest(
    parts: Iterable[str], gaps: Callable[[str], bool] = lambda _: False, form: Callable[[str], str] = form_of
) -> Wanted | None:
    """Of what a phrase consists of the parts that fewest texts hold, as they stand in their rows. None where the phrase has no
    words.

    `parts` are words, beginnings of words (`kill*`; what stands behind the star is left out), several words of which one
    stands there (`arm|leg`), `NUMBER`, or what `gaps` tells to be none of these. `form` gives a word as it stands in rows.
    """
    runs = [min(map(_patterns, _windows(run)), key=_share) for run in _runs(parts, gaps, form) if run]
    if not runs:
        return None
    first, *others = sorted(runs, key=_share)
    return Wanted(first, tuple(others[:MOST_BESIDES]) if _share(first)[0] > COMMON else ())


_Run = tuple[tuple[str, ...], ...]
"""Words that stand in a row without a gap, each with its alternatives; a beginning of a word, with a star, is the last."""


def _runs(parts: Iterable[str], gaps: Callable[[str], bool], form: Callable[[str], str]) -> Iterator[_Run]:
    run: list[tuple[str, ...]] = []
    for part in parts:
        if gaps(part):
            yield tuple(run)
            run = []
        elif part == NUMBER:  # as 1.50 or 12:30 it is several
            yield (*run, (NUMBER,))
            run = [(NUMBER,)]
        elif "|" not in part and "*" in part:
            begun = _WORD.findall(form(part.partition("*")[0]))
            run += [(word,) for word in begun[:-1]]
            yield (*run, (f"{begun[-1]}*",)) if begun else tuple(run)
            run = []
        else:
            choices = tuple(" ".join(_WORD.findall(form(word))) for word in part.split("|"))
            if all(choices):
                run.append(choices)
            elif any(choices):
                yield tuple(run)
                run = []
    yield tuple(run)


def _windows(run: _Run) -> Iterator[_Run]:
    """The longest parts of a run, from each of its places on, that are not too many patterns."""
    for start in range(len(run)):
        end = start + 1
        while end < len(run) and prod(map(len, run[start : end + 1])) <= MOST_ALTERNATIVES:
            end += 1
        yield run[start:end]


def _patterns(run: _Run) -> tuple[str, ...]:
    return tuple(f" {' '.join(words)} ".removesuffix("* ") for words in product(*run))


def _share(patterns: tuple[str, ...]) -> tuple[float, tuple[str, ...]]:
    """About which share of texts has one of them: the more letters the fewer."""
    return sum(10 ** (0.7 * (1 + one.count(" ") - len(one))) for one in patterns), patterns
