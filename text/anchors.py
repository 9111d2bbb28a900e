"""What is at stake in each text of a batch: which readers have to read it at all.

Each reader tells the words and phrases of which a text has one where it finds anything. All of them are looked for at once
(`text.rows`), so that what judging takes grows with what is suspicious, not with what is written.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from text import commerce, hostility, normalise_letters, parts, personal_data, romanised, tables
from text.hostility.lexicon import lexicon
from text.hostility.patterns import HostileClass, broken, entries, stretched
from text.normalise import Undisguised
from text.personal_data import addresses, marks, pupils
from text.rows import FOLDED, Also, Found, Indexes, Letters, Patterns, Rows, Wanted

HOSTILITY, TRADE, TRADE_BESIDE_SIGNS, TYPED, WARNING, CLOSING, SPOKEN_DOT, SPOKEN, HOME, STREET, CHILD = (
    1 << bit for bit in range(11)
)
"""A threat or abuse; an offer by its words, or by words beside a link, an address or a percentage; a language
that is typed in Latin letters; a warning; the end of a letter; an address, and a number, that is said in words. In a text with
digits words of living somewhere, for a street, and for a child, its age or class.
"""
ANYTHING = (1 << 11) - 1
"""What is at stake in a text that nobody looked at."""


T = TypeVar("T")
N = TypeVar("N", bound=np.generic)


def _flagged() -> Iterator[tuple[Wanted, int]]:
    """What is at stake where each of the patterns stands, but for hostility, which takes several of them."""
    yield from ((wanted, HOSTILITY) for wanted in broken(lexicon()))
    yield from ((wanted, TRADE_BESIDE_SIGNS if beside_signs else TRADE) for wanted, beside_signs in commerce.patterns())
    yield from ((wanted, WARNING) for wanted in parts.warnings())
    yield from ((wanted, CLOSING) for wanted in normalise_letters.closings())
    yield from ((wanted, SPOKEN_DOT) for wanted in personal_data.spoken_dots())
    yield from ((wanted, SPOKEN) for wanted in marks.spoken_digits())


class _Stakes:
    """All patterns of all readers, and what each of them puts at stake."""

    def __init__(self) -> None:
        self._patterns, self._stretched = Patterns(), Patterns()
        self._hostile = _Table(self._patterns, entries(lexicon()))
        self._of_flags = _Table(self._patterns, _flagged())
        self._hostile_if_stretched = _Table(self._stretched, stretched(lexicon()))
        self._patterns.close()
        self._stretched.close()
        self._flags = self._of_flags.of_patterns(lambda flags: reduce(or_, flags, 0), np.uint32)
        self._languages = _languages(self._hostile)
        self._languages_if_stretched = _languages(self._hostile_if_stretched)
        self._has_flag_beside = np.zeros(self._patterns.size, dtype=bool)
        self._has_flag_beside[[*self._of_flags.beside]] = True
        self._is_hostile_beside = np.zeros(self._patterns.size, dtype=bool)
        self._is_hostile_beside[[*self._hostile.beside]] = True

    def in_texts(self, rows: Rows, count: int) -> NDArray[np.uint32]:
        """What is at stake in so many texts, of which these are the rows."""
        at, patterns, words = self._patterns.found_at(rows)
        stakes = np.zeros(count, dtype=np.uint32)
        np.bitwise_or.at(stakes, at, self._flags[patterns])
        spoken = self._flags[patterns] & SPOKEN > 0
        few = np.bincount(at[spoken], minlength=count) < marks.SHORTEST_SPOKEN
        stakes[few] &= ~np.uint32(SPOKEN)
        worth_a_look = np.zeros(count, dtype=bool)
        worth_a_look[at[self._has_flag_beside[patterns]]] = True
        for text, numbers in _by_place((at, patterns), worth_a_look).items():
            for flag in self._of_flags.within(numbers):
                stakes[text] |= flag
        stakes[[*self._hostile_texts(rows, at, (rows.sentences[words], patterns))]] |= HOSTILITY
        return stakes

    def _hostile_texts(self, rows: Rows, at: Indexes, found: Found) -> set[int]:
        """The texts with a sentence that may be hostile. `at` are the texts, `found` the sentences in which patterns stand."""
        sentences, patterns = found
        count = rows.sentences.max(initial=0) + 1
        texts = np.zeros(count, dtype=np.intp)
        texts[sentences] = at
        languages = np.zeros((3, count), dtype=np.uint64)
        _add(languages, found, self._languages)
        stretched: dict[int, set[int]] = {}
        collapsed = rows.collapsed()
        if len(collapsed.codes) > len(rows.owners):
            in_texts, numbers, words = self._stretched.found_at(collapsed)
            found_stretched = collapsed.sentences[words], numbers
            texts[found_stretched[0]] = in_texts
            _add(languages, found_stretched, self._languages_if_stretched)
            stretched = _by_place(found_stretched, np.ones(count, dtype=bool))
        worth_a_look = (languages[0] | (languages[1] & languages[2])) != 0
        worth_a_look[sentences[self._is_hostile_beside[patterns]]] = True
        held = _by_place(found, worth_a_look)
        return {
            int(texts[sentence])
            for sentence in np.flatnonzero(worth_a_look).tolist()
            if self._may_be_hostile(languages[:, sentence], held.get(sentence, set()), stretched.get(sentence, set()))
        }

    def _may_be_hostile(self, languages: NDArray[np.uint64], numbers: set[int], stretched: set[int]) -> bool:
        """Whether what a sentence holds is, in whatever order, all that a threat or an insult takes: none goes on behind it.
        `languages` (bits) are those in which it holds something hostile by itself, an anchor and a target.
        """
        besides = [*self._hostile.within(numbers)]
        alone, anchors, targets = map(int, languages)
        for language, bit in besides:
            alone |= (bit & hostility.ALONE > 0) << language
            anchors |= (bit & hostility.ANCHORS > 0) << language
            targets |= (bit & hostility.TARGETS > 0) << language
        may_be = alone | (anchors & targets)
        if not may_be:
            return False
        classes: dict[int, int] = defaultdict(int)
        for table, held in ((self._hostile, numbers), (self._hostile_if_stretched, stretched)):
            for number in held:
                for language, bit in table.alone(number):
                    classes[language] |= bit
        for language, bit in besides:
            classes[language] |= bit
        return any(may_be >> language & 1 and hostility.may_be_found(bits) for language, bits in classes.items())


class _Sets(Generic[T]):
    """Different sets, each with a number; 0 is the empty one."""

    def __init__(self) -> None:
        self.listed: list[tuple[T, ...]] = [()]
        self._numbers: dict[tuple[T, ...], int] = {(): 0}
        self._grown: dict[tuple[int, T], int] = {}

    def grown(self, number: int, one: T) -> int:
        """The number of the set that has this one besides."""
        if (number, one) not in self._grown:
            before = self.listed[number]
            grown = before if one in before else (*before, one)
            self._grown[number, one] = self._numbers.setdefault(grown, len(self.listed))
            if len(self._numbers) > len(self.listed):
                self.listed.append(grown)
        return self._grown[number, one]


class _Table(Generic[T]):
    """What patterns, by their numbers, stand for: alone, or beside others."""

    def __init__(self, patterns: Patterns, listed: Iterable[tuple[Wanted, T]]) -> None:
        sets: _Sets[T] = _Sets()
        alone: dict[int, int] = {}
        beside: dict[int, dict[tuple[T, Also], None]] = {}
        for wanted, what in listed:
            numbers, also = patterns.add(wanted)
            for number in numbers:
                if also:
                    beside.setdefault(number, {})[what, also] = None
                else:
                    alone[number] = sets.grown(alone.get(number, 0), what)
        self._patterns = patterns
        self._sets = sets.listed
        self._alone = np.zeros(patterns.size, dtype=np.uint32)
        self._alone[[*alone]] = [*alone.values()]
        self.beside = {number: (_some([also[0] for _, also in ones]), tuple(ones)) for number, ones in beside.items()}
        """With the patterns of which one stands besides at least."""

    def alone(self, number: int) -> tuple[T, ...]:
        """What a pattern stands for by itself."""
        return self._sets[self._alone[number]] if number < len(self._alone) else ()

    def of_patterns(self, value: Callable[[tuple[T, ...]], int], kind: type[N]) -> NDArray[N]:
        """For each pattern the value of what it stands for by itself."""
        found = np.zeros(self._patterns.size, dtype=kind)
        found[: len(self._alone)] = np.array([value(one) for one in self._sets], dtype=kind)[self._alone]
        return found

    def within(self, numbers: set[int]) -> Iterator[T]:
        """What those of these patterns stand for that have others besides."""
        for number in numbers & self.beside.keys():
            some, ones = self.beside[number]
            if not numbers.isdisjoint(some):
                for what, also in ones:
                    if not any(map(numbers.isdisjoint, also)):
                        yield what


def _some(of: list[tuple[int, ...]]) -> Collection[int]:
    """Patterns that stand in one of these; many of them as a set, which takes most memory."""
    if len(of) == 1:
        return of[0]
    some = frozenset().union(*of)
    return some if len(some) > _FEW else tuple(some)


_FEW = 50


def _languages(table: _Table[HostileClass]) -> list[NDArray[np.uint64]]:
    """For each pattern the languages (bits) in which it is hostile by itself, an anchor, or a target."""

    def of(kind: int) -> NDArray[np.uint64]:
        return table.of_patterns(
            lambda classes: reduce(or_, (1 << one.language for one in classes if one.bit & kind), 0), np.uint64
        )

    return [of(hostility.ALONE), of(hostility.ANCHORS), of(hostility.TARGETS)]


def _add(languages: NDArray[np.uint64], found: Found, of_patterns: list[NDArray[np.uint64]]) -> None:
    at, patterns = found
    for row, of_kind in zip(languages, of_patterns, strict=True):
        np.bitwise_or.at(row, at, of_kind[patterns])


def _by_place(found: Found, wanted: NDArray[np.bool_]) -> dict[int, set[int]]:
    """The patterns that each of the wanted texts, or sentences, holds."""
    at, patterns = found
    kept = wanted[at]
    held: dict[int, set[int]] = defaultdict(set)
    for text, pattern in zip(at[kept].tolist(), patterns[kept].tolist(), strict=True):
        held[text].add(pattern)
    return held


@tables.table
def _stakes() -> _Stakes:
    return _Stakes()


@tables.table
def _typed() -> tuple[Patterns, Letters]:
    patterns = Patterns()
    for one in romanised.patterns():
        patterns.add(Wanted((one,)))
    patterns.close()
    return patterns, Letters(romanised.typed_letter)


_GLUED = 1 << 11
"""A street may be named without a blank behind the word for it."""


class _Marks:
    """What stands in texts with digits in which somebody's home, a child or a number in words is told of."""

    def __init__(self) -> None:
        self._letters = Letters(marks.plain_letter)
        self._patterns = Patterns()
        flags: dict[int, int] = defaultdict(int)
        for flag, listed in (
            (HOME, marks.patterns("lives", "address")),
            (CHILD, marks.patterns(*pupils.KINDS)),
            (STREET, addresses.patterns()),
            (_GLUED, addresses.beginnings()),
            (SPOKEN, marks.digits()),
        ):
            for wanted in listed:
                for number in self._patterns.add(wanted._replace(also=()))[0]:
                    flags[number] |= flag
        self._patterns.close()
        self._flags = np.array([flags[number] for number in range(self._patterns.size)], np.uint32)

    def in_texts(self, seen: Sequence[str]) -> NDArray[np.uint32]:
        """What is at stake in the texts."""
        at, patterns, words = self._patterns.found_at(self._letters.rows(seen))
        flags = self._flags[patterns]
        stakes = np.zeros(len(seen), dtype=np.uint32)
        np.bitwise_or.at(stakes, at, flags)
        spoken = flags & SPOKEN > 0
        stakes &= ~np.uint32(SPOKEN)
        # three in a row, and between two of them one other word at most
        said, in_text = words[spoken], at[spoken]
        near = (np.diff(said) <= marks.WORDS_BETWEEN + 1) & (np.diff(in_text) == 0)
        stakes[in_text[:-2][near[:-1] & near[1:]]] |= SPOKEN
        for index in np.flatnonzero((stakes & (_GLUED | STREET)) == _GLUED).tolist():
            stakes[index] |= STREET if addresses.is_glued(seen[index]) else 0
        return stakes & np.uint32(ANYTHING)


@tables.table
def _marks() -> _Marks:
    return _Marks()


_ANY_DIGIT = re.compile(r"\d")
_BESIDE_LETTERS = re.compile(r"\d(?:(?=[^\W\d_])|(?<=[^\W\d_]\d))")
"""Digits that stand in a word with letters, which some readers take for words by themselves."""


def at_stake(seen: Sequence[str], undisguised: Sequence[Undisguised]) -> list[int]:
    """What is at stake in each text, given as it is seen and without disguise; parallel to them."""
    count = len(seen)
    if not count:
        return []
    rows = FOLDED.rows([one.text for one in undisguised])
    numbered = rows.with_numbers()
    further = [
        (index, text)
        for index, one in enumerate(undisguised)
        if (text := commerce.spelt_out(one.text, numbered=index in numbered))
    ]
    # of those without their disguise the words that are seen as well
    further += [(index, seen[index]) for index, one in enumerate(undisguised) if not one.plain]
    if further:
        rows = rows.and_those(FOLDED.rows([text for _, text in further]).of_texts([index for index, _ in further]))
    stakes = _stakes().in_texts(rows, count)
    typed, letters = _typed()
    at, _ = typed.found_in(letters.rows([text.casefold() for text in seen]))
    stakes[at] |= TYPED
    stakes[[not one.plain for one in undisguised]] |= CLOSING
    stakes[[index for index in numbered if _BESIDE_LETTERS.search(undisguised[index].text)]] |= CLOSING | SPOKEN_DOT
    with_digits = [
        index
        for index, text in enumerate(seen)
        if (index in numbered if undisguised[index].plain else _ANY_DIGIT.search(text))
    ]
    if with_digits:
        stakes[with_digits] &= ~np.uint32(SPOKEN)
        stakes[with_digits] |= _marks().in_texts([seen[index] for index in with_digits])
    stakes[[hostility.is_odd(one.text) for one in undisguised]] |= HOSTILITY
    return list(map(int, stakes))
