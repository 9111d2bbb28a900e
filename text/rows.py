"""The words of all texts of a batch as rows of folded letters, and which of very many listed words and phrases stand in them.

A row holds a text's words with one blank before and behind each, without punctuation, so that ` kill you ` is a phrase and
` murder` the beginning of a word. All rows are searched at once for all that is listed (`text.phrases`): what that takes does
not grow with the lists. Most texts hold nothing, and cost nothing more.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, product
from math import inf
from typing import NamedTuple

import numpy as np
from ahocorasick_rs import BytesAhoCorasick, Implementation
from numpy.typing import NDArray

from text.phrases import Phrases
from text.words import Memo, folded, folded_letter

_UP_TO = 0x32400
"""No letters stand beyond."""
_END = chr(_UP_TO - 1)
"""An unassigned character, between the texts of a batch."""
_SPACE, _LINE, _ZERO = map(ord, " \n0")
_SEVERAL = 0xF0000
"""From here on codes stand for letters that are folded to several: `ß`, `æ`."""
_UNKNOWN = 0xFFFFFFFF
"""For a character that was in no text yet."""
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
NUMBER = "0"
"""What stands for any digits in a row."""

Codes = NDArray[np.uint32]
Indexes = NDArray[np.intp]


class Letters:
    """How the characters of a text stand in its row."""

    def __init__(self, form_of: Callable[[str], str], *, tells_sentences: bool = False) -> None:
        """`form_of` gives what stands for a character: a blank, nothing, a letter or several. Unless it `tells_sentences`, the
        rows do not say where these end.
        """
        self._form_of = form_of
        self._tells_sentences = tells_sentences
        self._table = np.full(_UP_TO + 1, _UNKNOWN, dtype=np.uint32)
        self._table[[ord(_END), _UP_TO]] = _LINE, _SPACE
        self._several: list[str] = []

    def _forms(self, codes: Codes) -> Codes:
        """What stands for each character; each is asked once."""
        found = self._table.take(codes, mode="clip")
        if found.max(initial=0) == _UNKNOWN:
            for code in set(codes[found == _UNKNOWN].tolist()):
                form = self._form_of(chr(code))
                if len(form) > 1:
                    self._several.append(form)  # before the table leads there: others may read meanwhile
                    self._table[code] = _SEVERAL + self._several.index(form)
                else:
                    self._table[code] = ord(form) if form else 0
            found = self._table.take(codes, mode="clip")
        return found

    def rows(self, texts: Sequence[str]) -> "Rows":
        """The rows of the texts, parallel to them."""
        joined = f" {_END} ".join(texts)
        if joined.count(_END) >= len(texts) > 0:  # it shows nothing
            joined = f" {_END} ".join([text.replace(_END, " ") for text in texts])
        read = _codes_of(f" {joined} {_END}") if texts else np.zeros(0, dtype=np.uint32)
        codes = self._forms(read)
        kept = None
        if codes.min(initial=1) == 0:
            kept = np.flatnonzero(codes != 0)
            codes = codes[kept]
        single = np.ones(len(codes), dtype=bool)
        single[1:] = (codes[1:] != codes[:-1]) | ((codes[1:] != _SPACE) & (codes[1:] != _ZERO))
        places = np.flatnonzero(single)
        codes, kept = codes[places], places if kept is None else kept[places]
        blanks = np.flatnonzero(codes == _SPACE)
        sentences = np.zeros(0, dtype=np.intp)
        if self._tells_sentences:
            sentences = np.cumsum(_ends_of_sentences(read), dtype=np.intp)[kept[blanks + 1]]
        if codes.max(initial=0) >= _SEVERAL:
            for one in sorted(set(codes[codes >= _SEVERAL].tolist())):
                codes = _codes_of(_text_of(codes).replace(chr(one), self._several[one - _SEVERAL]))
            blanks = np.flatnonzero(codes == _SPACE)
            if len(blanks) != len(sentences) and self._tells_sentences:  # one letter was several words
                sentences = np.cumsum(codes[blanks + 1] == _LINE, dtype=np.intp)
        return Rows(codes, np.arange(len(texts)), sentences, blanks)


_ENDS = np.zeros(_UP_TO + 1, dtype=bool)
_ENDS[[*map(ord, "!?。！？؟।"), ord(_END)]] = True
_STOP = ord(".")


def _ends_of_sentences(codes: Codes) -> NDArray[np.bool_]:
    """Where a sentence certainly ends, in texts that stand between blanks: not at several full stops, nor within a word."""
    ends = _ENDS.take(codes, mode="clip")
    stops = np.flatnonzero(codes == _STOP)
    behind = codes[stops + 1]
    ends[stops] = ((behind == _SPACE) | (behind == _LINE)) & (codes[stops - 1] != _STOP)
    return ends


def _codes_of(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _text_of(codes: Codes) -> str:
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


class Rows(NamedTuple):
    """Rows of letters, each between blanks and with a line end behind. `owners` are the indexes of their texts. `sentences`
    has for each word, and for the end of a row, the number of its sentence; where none ends for certain, two have one.
    `blanks` are the indexes of all blanks, one before each word and one before the end of a row.
    """

    codes: Codes
    owners: Indexes
    sentences: Indexes
    blanks: Indexes

    def and_those(self, others: "Rows") -> "Rows":
        """These and others."""
        further = others.sentences + self.sentences.max(initial=0) + 1
        return Rows(
            np.concatenate((self.codes, others.codes)),
            np.concatenate((self.owners, others.owners)),
            np.concatenate((self.sentences, further)),
            np.concatenate((self.blanks, others.blanks + len(self.codes))),
        )

    def of_texts(self, indexes: Sequence[int]) -> "Rows":
        """The rows, as those of other texts."""
        return self._replace(owners=np.asarray(indexes, dtype=np.intp)[self.owners])

    def words_before(self) -> Indexes:
        """For each word how many stand before it, in all rows, without numbers."""
        is_number = (self.codes.take(self.blanks + 1, mode="clip") == _ZERO) & (
            self.codes.take(self.blanks + 2, mode="clip") == _SPACE
        )
        return np.cumsum(~is_number, dtype=np.intp)

    def with_numbers(self) -> set[int]:
        """The indexes of the texts that have digits."""
        rows = np.searchsorted(np.flatnonzero(self.codes == _LINE), np.flatnonzero(self.codes == _ZERO))
        return set(self.owners[rows].tolist())

    def collapsed(self) -> "Rows":
        """The words that have a letter twice in a row, each such pair as one letter: `murrder`."""
        codes = self.codes
        again = np.zeros(len(codes), dtype=bool)
        again[1:] = (codes[1:] == codes[:-1]) & (codes[1:] != _SPACE)
        pairs = np.flatnonzero(again)
        if not len(pairs):
            ends = codes[codes == _LINE]
            return Rows(ends, self.owners, self.sentences[:0], self.blanks[:0])
        follows = np.flatnonzero(np.diff(pairs) == 1)
        if len(follows):  # of three the third stays
            begins = np.arange(len(pairs))
            begins[follows + 1] = 0
            again[pairs[(np.arange(len(pairs)) - np.maximum.accumulate(begins)) % 2 == 1]] = False
            pairs = np.flatnonzero(again)
        # the words that have one, and the ends of rows
        listed = codes.take(self.blanks + 1, mode="clip") == _LINE
        listed[np.searchsorted(self.blanks, pairs) - 1] = True
        lengths = np.diff(np.append(self.blanks, len(codes)))
        kept = np.repeat(listed, lengths) & ~again
        codes = codes[kept]
        return Rows(codes, self.owners, self.sentences[listed], np.flatnonzero(codes == _SPACE))

    @property
    def written(self) -> bytes:
        """All of them in UTF-8."""
        return _text_of(self.codes).encode("utf-8", "surrogatepass")


def form_of(word: str) -> str:
    """A word as it stands in rows."""
    form = folded(word)
    return form if form.isalpha() else _DIGITS.sub(NUMBER, form)


def _folded_letter(character: str) -> str:
    if character.isdecimal():
        return NUMBER
    return "".join(map(folded_letter, character.casefold())) if _WORD.match(character) else " "


FOLDED = Letters(_folded_letter, tells_sentences=True)
"""Rows of letters, as `text.words.folded` has them, and of numbers."""


Found = tuple[Indexes, Indexes]
"""Indexes of texts, and in parallel the numbers of the patterns that stand in them."""


class Wanted(NamedTuple):
    """Patterns of which each text with some phrase has one, and others, of each of which it has one besides: so many words
    away at most, if there is a `reach`, and on the side that `behind` tells of each.
    """

    patterns: tuple[str, ...]
    also: tuple[tuple[str, ...], ...] = ()
    reach: int = 0
    behind: tuple[bool, ...] = ()


MANY, MANY_BEGUN, FEW = 3_000, 1_000, 1_000
"""So many patterns that begin with a blank are looked up as phrases, and so many beginnings of words; an automaton finds the
others, a faster one where they are few.
"""
_BETWEEN = b"\n"
"""Between patterns, none of which has it."""
Also = tuple[int, ...]
"""Sets of patterns, by their numbers, of each of which one has to stand in a text besides."""
NO_SET = 0
"""The number of the set of which none has to stand there."""


class Lists(NamedTuple):
    """Lists of numbers, one behind the other: `starts` tells where each begins, and where the last one ends."""

    starts: NDArray[np.uint32]
    numbers: NDArray[np.uint32]

    def of(self, which: Indexes) -> Found:
        """The numbers of these lists, and before them, in parallel, the index in `which` of the list that each is of."""
        firsts = self.starts[which].astype(np.intp)
        sizes = self.starts[which + 1] - firsts
        owners = np.repeat(np.arange(len(which)), sizes)
        within = np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return owners, self.numbers[firsts[owners] + within].astype(np.intp)


def lists_of(lists: Iterable[Sequence[int]]) -> Lists:
    """These lists, each by its index."""
    listed = [*lists]
    starts = np.zeros(len(listed) + 1, dtype=np.uint32)
    starts[1:] = np.cumsum([len(one) for one in listed])
    return Lists(starts, np.fromiter(chain.from_iterable(listed), dtype=np.uint32))


class Patterns:
    """Words and phrases as they stand in rows, each with a number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._several: dict[tuple[str, ...], int] = {(): NO_SET}
        self._members: list[list[int]] = [[]]
        self._phrases = Phrases((), ())
        self._within = _Within(b"", np.zeros(0, dtype=np.intp))
        self.sets = lists_of(())
        """The patterns of each set, once they are closed."""
        self.size = 0

    def add(self, wanted: Wanted) -> tuple[list[int], Also]:
        """The numbers of the patterns, and of the sets of those that have to stand besides."""
        for ones in wanted.also:
            if ones not in self._several:
                self._several[ones] = len(self._members)
                self._members.append(self._add(ones))
        numbers = self._add(wanted.patterns)
        self.size = len(self._numbers)
        return numbers, tuple([self._several[ones] for ones in wanted.also])

    def _add(self, patterns: tuple[str, ...]) -> list[int]:
        return [self._numbers.setdefault(one, len(self._numbers)) for one in patterns]

    def close(self) -> None:
        """Make ready for looking; nothing can be added any more."""
        phrases = {one: number for one, number in self._numbers.items() if one[0] == " "}
        if len(phrases) < MANY:
            phrases = {}
        elif sum(one[-1] != " " for one in phrases) < MANY_BEGUN:
            phrases = {one: number for one, number in phrases.items() if one[-1] == " "}
        within = {one: number for one, number in self._numbers.items() if one not in phrases}
        self._phrases = Phrases([*phrases], [*phrases.values()])
        self._within = _Within(_BETWEEN.join([one.encode() for one in within]), np.array([*within.values()], np.intp))
        self.sets = lists_of(self._members)
        self._numbers, self._several, self._members = {}, {}, []

    def found_in(self, rows: Rows) -> Found:
        """What stands in the rows."""
        return self.found_at(rows)[:2]

    def found_at(self, rows: Rows) -> tuple[Indexes, Indexes, Indexes]:
        """The same, and with or before which word of all rows each of them begins. In no order."""
        words, numbers = self._phrases.found(rows.codes, rows.blanks)
        if self._within.numbers.size:
            further, others = self._within.found(rows)
            words, numbers = np.concatenate((words, further)), np.concatenate((numbers, others))
        lines = np.flatnonzero(rows.codes == _LINE)
        return rows.owners[np.searchsorted(lines, rows.blanks[words])], numbers, words


class _Within:
    """Patterns that begin within words. They are few: an automaton finds them."""

    def __init__(self, patterns: bytes, numbers: Indexes) -> None:
        """`patterns` have `_BETWEEN` between."""
        self.numbers = numbers
        self._patterns = patterns
        listed = patterns.split(_BETWEEN) if patterns else []
        kind = Implementation.DFA if len(listed) <= FEW else Implementation.ContiguousNFA
        self._automaton = BytesAhoCorasick(listed, implementation=kind)

    def __reduce__(self) -> "tuple[type[_Within], tuple[bytes, Indexes]]":
        """How `text.tables` keeps them: an automaton cannot be kept."""
        return _Within, (self._patterns, self.numbers)

    def found(self, rows: Rows) -> tuple[Indexes, Indexes]:
        """Before which word of all rows each begins that stands in them, and their numbers."""
        written = rows.written
        found = self._automaton.find_matches_as_indexes(written, overlapping=True)
        places = np.fromiter(chain.from_iterable(found), dtype=np.intp, count=3 * len(found)).reshape(-1, 3)
        blanks = np.flatnonzero(np.frombuffer(written, dtype=np.uint8) == _SPACE)
        return np.searchsorted(blanks, places[:, 1]), self.numbers[places[:, 0]]


MOST_ALTERNATIVES = 128
"""Patterns that stand for several words in a row."""
MOST_BESIDES = 2
COMMON = 1e-8
"""What is no rarer than this, by its letters, is looked for together with the other parts of its phrase."""
_RARER = 10**-0.7
"""So much rarer is a word for each letter that it has more, about."""


class _Words(NamedTuple):
    """A word or several of which one stands there, and about which share of texts has one: the more letters the fewer."""

    choices: tuple[str, ...]
    share: float


class _Piece(NamedTuple):
    """What a part of a phrase adds to the words in a row, whether the row ends there, and what begins the next one."""

    words: tuple[_Words, ...] = ()
    ends: bool = False
    begins: tuple[_Words, ...] = ()


class Rarest:
    """Finds of what a phrase consists of the parts that fewest texts hold, as they stand in their rows.

    Parts are words, beginnings of words (`kill*`; what stands behind the star is left out), several words of which one
    stands there (`arm|leg`), `NUMBER`, or what `gaps` tells to be none of these. `form` gives a word as it stands in rows.
    """

    def __init__(self, gaps: Callable[[str], bool] = lambda _: False, form: Callable[[str], str] = form_of) -> None:
        self._gaps, self._form = gaps, form
        self._pieces = Memo(self._piece)

    def of(self, parts: Iterable[str]) -> Wanted | None:
        """Those of a phrase. None where it has no words."""
        runs: list[tuple[float, int, list[_Words]]] = []
        run: list[_Words] = []
        for at, (words, ends, begins) in enumerate([*map(self._pieces.__getitem__, parts), _Piece(ends=True)]):
            run += words
            if ends:
                if run:
                    share, rarest = _rarest(run)
                    runs.append((share, at, rarest))
                run = [*begins]
        if not runs:
            return None
        runs.sort(key=_share)
        share, place, first = runs[0]
        others = runs[1 : MOST_BESIDES + 1] if share > COMMON * _RARER else ()
        also = tuple([_patterns(other) for *_, other in others])
        return Wanted(_patterns(first), also, behind=tuple([at > place for _, at, _ in others]))

    def _piece(self, part: str) -> _Piece:
        if self._gaps(part):
            return _Piece(ends=True)
        if part == NUMBER:  # as 1.50 or 12:30 it is several
            number = (_words(NUMBER),)
            return _Piece(number, ends=True, begins=number)
        if "|" not in part and "*" in part:
            begun = [_words(word) for word in _WORD.findall(self._form(part.partition("*")[0]))]
            begun[-1:] = [one._replace(choices=(f"{one.choices[0]}*",)) for one in begun[-1:]]
            return _Piece(tuple(begun), ends=True)
        choices = [self._in_row(word) for word in part.split("|")]
        return _Piece((_words(*choices),)) if all(choices) else _Piece(ends=any(choices))

    def _in_row(self, word: str) -> str:
        written = self._form(word)
        return written if written.isalnum() else " ".join(_WORD.findall(written))


def _words(*choices: str) -> _Words:
    return _Words(choices, sum([_RARER ** len(one) for one in choices]))


def _share(run: tuple[float, int, list[_Words]]) -> float:
    return run[0]


def _rarest(run: list[_Words]) -> tuple[float, list[_Words]]:
    """Of words in a row those in a row that are rarest and not too many patterns, and about which share of texts has them."""
    if len(run) == 1:
        return run[0].share, run
    best, found = inf, run
    for start in range(len(run)):
        share, patterns, end = 1.0, 1, start
        while end < len(run) and (end == start or patterns * len(run[end].choices) <= MOST_ALTERNATIVES):
            share, patterns, end = share * run[end].share, patterns * len(run[end].choices), end + 1
        if share < best:
            best, found = share, run[start:end]
    return best, found


def _patterns(run: list[_Words]) -> tuple[str, ...]:
    if len(run) == 1:
        return tuple([f" {word} ".removesuffix("* ") for word in run[0].choices])
    return tuple([f" {' '.join(words)} ".removesuffix("* ") for words in product(*[one.choices for one in run])])
