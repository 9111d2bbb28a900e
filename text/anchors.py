"""What is at stake in each text of a batch: which readers have to read it at all.

Each reader tells the words and phrases of which a text has one where it finds anything. All of them are looked for at once
(`text.rows`), so that what judging takes grows with what is suspicious, not with what is written.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from text import commerce, hostility, normalise_letters, parts, personal_data, romanised, signs, tables
from text.hostility.lexicon import lexicon
from text.hostility.patterns import HostileClass, broken, entries, stretched
from text.normalise import Undisguised, spelt_words
from text.personal_data import addresses, glance, marks, pupils
from text.rows import FOLDED, MOST_BESIDES, NO_SET, Also, Found, Indexes, Letters, Patterns, Rows, Wanted, lists_of

HOSTILITY, TRADE, TRADE_BESIDE_SIGNS, TYPED, WARNING, CLOSING, SPOKEN_DOT, SPOKEN, HOME, STREET, CHILD, LINKED = (
    1 << bit for bit in range(12)
)
"""A threat or abuse; an offer by its words, or by words beside a link, an address or a percentage; a language
that is typed in Latin letters; a warning; the end of a letter; an address, and a number, that is said in words. In a text with
digits words of living somewhere, for a street, and for a child, its age or class. A link.
"""
OTHER_SCRIPT = 1 << 12
"""A script of which the row of a text does not have the words (`commerce.OTHER_SCRIPT`)."""
GLANCED = 13
"""From this bit on stands what `text.personal_data.glance` tells of a text."""
HOSTILE_IN = GLANCED + glance.BITS
"""From this bit on stand the languages (`text.hostility.lexicon`) in which a threat or abuse may be."""
_ANY_KIND = (1 << HOSTILE_IN) - 1
ANYTHING = _ANY_KIND | hostility.ANY_LANGUAGE << HOSTILE_IN
"""What is at stake in a text that nobody looked at."""
_TWO_DIGITS = _ANY_KIND + 1
"""A number that is said in words has two digits or more."""


T = TypeVar("T")


def _flagged() -> Iterator[tuple[Wanted, int]]:
    """What is at stake where each of the patterns stands, but for hostility, which takes several of them."""
    yield from ((wanted, HOSTILITY) for wanted in broken(lexicon()))
    yield from ((wanted, TRADE_BESIDE_SIGNS if beside_signs else TRADE) for wanted, beside_signs in commerce.patterns())
    yield from ((wanted, WARNING) for wanted in parts.warnings())
    yield from ((wanted, CLOSING) for wanted in normalise_letters.closings())
    yield from ((wanted, SPOKEN_DOT) for wanted in personal_data.spoken_dots())
    yield from ((wanted, SPOKEN | (_TWO_DIGITS if digits > 1 else 0)) for wanted, digits in marks.spoken_digits())


class _Stakes:
    """All patterns of all readers, and what each of them puts at stake."""

    def __init__(self) -> None:
        self._patterns, self._stretched = Patterns(), Patterns()
        self._hostile = _Table(self._patterns, entries(lexicon()))
        self._of_flags = _Table(self._patterns, _flagged())
        self._hostile_if_stretched = _Table(self._stretched, stretched(lexicon()))
        for patterns in (self._patterns, self._stretched):
            patterns.close()
        for table in (self._hostile, self._of_flags, self._hostile_if_stretched):
            table.close()
        self._flags = np.array([reduce(or_, flags, 0) for flags in self._of_flags.sets], dtype=np.uint32)
        self._flags_beside = np.array(self._of_flags.listed, dtype=np.uint32)
        self._languages = _languages(self._hostile.sets)
        self._languages_if_stretched = _languages(self._hostile_if_stretched.sets)
        self._languages_beside = _languages((one,) for one in self._hostile.listed)

    def in_texts(self, rows: Rows, words_of_pieces: list[int]) -> tuple[NDArray[np.uint32], dict[int, int]]:
        """What is at stake in texts, of which these are the rows, and `commerce.words_of_a_piece` of each; and the languages
        (bits) in which some of them may be hostile, by their index. Those that may be in any are not among these.
        """
        count = len(words_of_pieces)
        at, patterns, words = self._patterns.found_at(rows)
        stakes = np.zeros(count, dtype=np.uint32)
        flags = self._flags[self._of_flags.set_of[patterns]]
        np.bitwise_or.at(stakes, at, flags)
        spoken = flags & SPOKEN > 0
        digits = np.where(flags[spoken] & _TWO_DIGITS > 0, 2, 1)
        few = np.bincount(at[spoken], weights=digits, minlength=count) < marks.SHORTEST_SPOKEN
        few[~np.isin(np.arange(count), _with_three_in_a_row(at[spoken], words[spoken]))] = True
        stakes[few] &= ~np.uint32(SPOKEN)
        near = rows.words_before()
        beside, numbers = self._of_flags.beside_others((at, patterns), near[words], np.array(words_of_pieces))
        np.bitwise_or.at(stakes, beside, self._flags_beside[numbers])
        return stakes & np.uint32(_ANY_KIND), self._hostile_texts(rows, at, (rows.sentences[words], patterns))

    def _hostile_texts(self, rows: Rows, at: Indexes, found: Found) -> dict[int, int]:
        """The texts with a sentence that may be hostile, and in which languages (bits): what it holds is, in whatever order,
        all that a threat or an insult takes, for none goes on behind it. `at` are the texts, `found` the sentences in which
        patterns stand.
        """
        sentences = found[0]
        count = rows.sentences.max(initial=0) + 1
        texts = np.zeros(count, dtype=np.intp)
        texts[sentences] = at
        languages = np.zeros((len(_KINDS), count), dtype=np.uint64)
        _add(languages, sentences, self._hostile.set_of[found[1]], self._languages)
        besides = self._hostile.beside_others(found, np.zeros_like(sentences), np.zeros(count, dtype=np.intp))
        _add(languages, *besides, self._languages_beside)
        stretched: Found | None = None
        collapsed = rows.collapsed()
        if len(collapsed.codes) > len(rows.owners):
            in_texts, numbers, words = self._stretched.found_at(collapsed)
            stretched = collapsed.sentences[words], numbers
            texts[stretched[0]] = in_texts
            _add(languages, stretched[0], self._hostile_if_stretched.set_of[numbers], self._languages_if_stretched)
        alone, anchors, targets = languages
        may_be = alone | (anchors & targets)
        wanted = may_be != 0
        hostile: dict[int, int] = {}
        if not wanted.any():
            return hostile
        classes: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for sentence, one in self._said_in(found, besides, stretched, wanted):
            classes[sentence][one.language] |= one.bit
        for sentence, by_language in classes.items():
            for language, bits in by_language.items():
                if int(may_be[sentence]) >> language & 1 and hostility.may_be_found(bits):
                    text = int(texts[sentence])
                    hostile[text] = hostile.get(text, 0) | 1 << language
        return hostile

    def _said_in(
        self, found: Found, besides: Found, stretched: Found | None, wanted: NDArray[np.bool_]
    ) -> Iterator[tuple[int, HostileClass]]:
        """The classes that the wanted sentences hold, by themselves or beside others, or with a letter too many."""
        for sentence, number in _in_wanted(found, wanted):
            for one in self._hostile.alone(number):
                yield sentence, one
        for sentence, number in _in_wanted(besides, wanted):
            yield sentence, self._hostile.listed[number]
        for sentence, number in _in_wanted(stretched, wanted) if stretched else ():
            for one in self._hostile_if_stretched.alone(number):
                yield sentence, one


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
        """The patterns are added, and closed later on."""
        sets: _Sets[T] = _Sets()
        alone: dict[int, int] = {}
        beside: dict[int, dict[int, None]] = {}
        numbers_of: dict[T, int] = {}
        phrases: dict[tuple[int, Also, int, tuple[bool, ...]], int] = {}
        for wanted, what in listed:
            numbers, also = patterns.add(wanted)
            phrase = (numbers_of.setdefault(what, len(numbers_of)), also, wanted.reach, wanted.behind)
            for number in numbers:
                if also:
                    beside.setdefault(number, {})[phrases.setdefault(phrase, len(phrases))] = None
                else:
                    alone[number] = sets.grown(alone.get(number, 0), what)
        self._patterns = patterns
        self.sets = sets.listed
        """What patterns stand for by themselves."""
        self.set_of = np.zeros(patterns.size, dtype=np.uint16)
        """For each pattern the number of one of these."""
        self.set_of[[*alone]] = np.array([*alone.values()], dtype=np.uint16)
        self.listed = tuple(numbers_of)
        """What a phrase may stand for."""
        self._meant = np.array([what for what, *_ in phrases], dtype=np.uint16)
        self._besides = np.array(
            [also + (NO_SET,) * (MOST_BESIDES - len(also)) for _, also, *_ in phrases], dtype=np.uint32
        )
        self._reach = np.array([reach for _, _, reach, _ in phrases], dtype=np.uint16)
        self._behind = np.array(
            [behind + (False,) * (MOST_BESIDES - len(behind)) for *_, behind in phrases], dtype=bool
        )
        self._beside = beside

    def close(self) -> None:
        """Make ready, once the patterns are closed."""
        every = range(self._patterns.size)
        self._phrases_with = lists_of([*self._beside.get(number, ())] for number in every)
        """For each pattern the phrases that it is the rarest part of, and that have others besides."""
        self._begins_phrase = np.array([number in self._beside for number in every], dtype=bool)
        self.set_of = np.pad(self.set_of, (0, self._patterns.size - len(self.set_of)))
        self._beside = {}

    def alone(self, number: int) -> tuple[T, ...]:
        """What a pattern stands for by itself."""
        return self.sets[int(self.set_of[number])]

    def beside_others(self, found: Found, words: Indexes, stretch: Indexes) -> Found:
        """Of patterns in places the phrases with others besides that stand there: the places, and numbers in `listed`.

        `words` counts the words before each pattern. In each place a phrase reaches `stretch` times as far as it says, or
        everywhere where that is 0.
        """
        at, patterns = found
        begins = np.flatnonzero(self._begins_phrase[patterns])
        if not len(begins):
            return found[0][:0], found[1][:0]
        keys = at * self._patterns.size + patterns
        begins, has_end = _few_of_each(begins, keys, stretch[at] > 0)
        owners, phrases = self._phrases_with.of(patterns[begins])
        places, near = at[begins][owners], words[begins][owners]
        end = int(words.max()) + 1
        reach = self._reach[phrases] * stretch[places]
        everywhere = (reach == 0) | ~has_end[owners]
        reach[everywhere] = end
        held = np.sort(keys * end + words)
        for column in range(MOST_BESIDES):
            sets = self._besides[phrases, column].astype(np.intp)
            of, members = self._patterns.sets.of(sets)
            first = (places[of] * self._patterns.size + members) * end
            behind = self._behind[phrases, column]
            back, on = (np.where(everywhere | side, reach, 0)[of] for side in (~behind, behind))
            least = first + np.maximum(near[of] - back, 0)
            most = first + np.minimum(near[of] + on, end - 1)
            following = held[np.minimum(np.searchsorted(held, least), len(held) - 1)]
            stand = sets == NO_SET
            stand[of[(least <= following) & (following <= most)]] = True
            places, near, phrases = places[stand], near[stand], phrases[stand]
            reach, everywhere = reach[stand], everywhere[stand]
        return places, self._meant[phrases].astype(np.intp)


_MOST_OF_A_PATTERN = 8
"""Where a pattern stands more often in a place, it does not count where: a text may be one word, thousands of times."""


def _few_of_each(indexes: Indexes, keys: Indexes, has_end: NDArray[np.bool_]) -> tuple[Indexes, NDArray[np.bool_]]:
    """Of the indexes those with equal keys, or one of them where they are many or reach to the end; and which do not."""
    indexes = indexes[np.argsort(keys[indexes], kind="stable")]
    sorted_keys = keys[indexes]
    is_first = np.ones(len(indexes), dtype=bool)
    is_first[1:] = sorted_keys[1:] != sorted_keys[:-1]
    groups = np.cumsum(is_first) - 1
    few = (np.bincount(groups)[groups] <= _MOST_OF_A_PATTERN) & has_end[indexes]
    kept = few | is_first
    return indexes[kept], few[kept]


_KINDS = (hostility.ALONE, hostility.ANCHORS, hostility.TARGETS)


def _languages(listed: Iterable[Iterable[HostileClass]]) -> list[NDArray[np.uint64]]:
    """For each of `_KINDS`, and each set of classes, the languages (bits) in which one of them is of that kind."""
    sets = [*listed]
    return [np.array([_languages_of(kind, one) for one in sets], dtype=np.uint64) for kind in _KINDS]


def _languages_of(kind: int, classes: Iterable[HostileClass]) -> int:
    return reduce(or_, (1 << one.language for one in classes if one.bit & kind), 0)


def _add(
    languages: NDArray[np.uint64], at: Indexes, numbers: NDArray[np.integer[Any]], of_numbers: list[NDArray[np.uint64]]
) -> None:
    for row, of_kind in zip(languages, of_numbers, strict=True):
        told = of_kind[numbers]
        some = np.flatnonzero(told != 0)
        np.bitwise_or.at(row, at[some], told[some])


def _in_wanted(found: Found, wanted: NDArray[np.bool_]) -> set[tuple[int, int]]:
    """What is found in the wanted places, with its place."""
    at, numbers = found
    kept = wanted[at]
    return set(zip(at[kept].tolist(), numbers[kept].tolist(), strict=True))


def _with_three_in_a_row(at: Indexes, words: Indexes) -> Indexes:
    """The texts with three of the words in a row, and between two of them one other word at most. `at` are the texts of these
    words, and `words` where they stand among all.
    """
    order = np.argsort(words, kind="stable")
    at, words = at[order], words[order]
    near = (np.diff(words) <= marks.WORDS_BETWEEN + 1) & (np.diff(at) == 0)
    begins: Indexes = at[:-2][near[:-1] & near[1:]]
    return begins


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


_GLUED, _GLUED_BY_STROKE = _ANY_KIND + 1, (_ANY_KIND + 1) << 1
"""A street may be named without a blank behind the word for it; it is where there is a stroke: `c/Mayor`."""


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
            *((_GLUED_BY_STROKE if one.patterns == (" c",) else _GLUED, [one]) for one in addresses.beginnings()),
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
        stakes[_with_three_in_a_row(at[spoken], words[spoken])] |= SPOKEN
        may_be = ((stakes & (_GLUED | _GLUED_BY_STROKE)) != 0) & ((stakes & STREET) == 0)
        for index in np.flatnonzero(may_be).tolist():
            if (stakes[index] & _GLUED or "/" in seen[index]) and addresses.is_glued(seen[index]):
                stakes[index] |= STREET
        return stakes & np.uint32(_ANY_KIND)


@tables.table
def _marks() -> _Marks:
    return _Marks()


_ANY_DIGIT = re.compile(r"\d")
_BESIDE_LETTERS = re.compile(r"\d(?:(?=[^\W\d_])|(?<=[^\W\d_]\d))")
"""Digits that stand in a word with letters, which some readers take for words by themselves."""


def _has_bracket(text: str) -> bool:
    """Whether a dot may be written in words between brackets."""
    return "(" in text or "[" in text or "{" in text


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
        if one.signs & (signs.ELIDED | signs.GLUED)
        and (text := commerce.spelt_out(one.text, numbered=index in numbered))
    ]
    # of those without their disguise the words that are seen as well
    further += [(index, seen[index]) for index, one in enumerate(undisguised) if not one.plain]
    if further:
        rows = rows.and_those(FOLDED.rows([text for _, text in further]).of_texts([index for index, _ in further]))
    words_of_pieces = [
        commerce.words_of_a_piece(one.text, numbered=index in numbered, several=bool(one.signs & signs.OF_SEVERAL))
        for index, one in enumerate(undisguised)
    ]
    stakes, hostile_in = _stakes().in_texts(rows, words_of_pieces)
    typed, letters = _typed()
    # mostly it is the same without case; but a capital İ is folded to two letters
    folded = [
        one.text if one.plain and "İ" not in text else text.casefold()
        for one, text in zip(undisguised, seen, strict=True)
    ]
    at, _ = typed.found_in(letters.rows(folded))
    stakes[at] |= TYPED
    stakes[[not one.plain for one in undisguised]] |= CLOSING | LINKED
    stakes[[one.signs & signs.OTHER_SCRIPT > 0 for one in undisguised]] |= OTHER_SCRIPT
    stakes[[one.signs & signs.OF_SEVERAL > 0 or _has_bracket(one.text) for one in undisguised]] |= LINKED
    stakes[(stakes & SPOKEN_DOT) != 0] |= LINKED
    beside_letters = [
        index
        for index, one in enumerate(undisguised)
        if one.signs & signs.BESIDE_LETTERS and _BESIDE_LETTERS.search(one.text)
    ]
    stakes[beside_letters] |= CLOSING | SPOKEN_DOT
    with_digits = [
        index
        for index, text in enumerate(seen)
        if (index in numbered if undisguised[index].plain else _ANY_DIGIT.search(text))
    ]
    stakes[[*numbered]] |= glance.NUMBERED << GLANCED
    stakes |= glance.glance(seen) << GLANCED
    if with_digits:
        stakes[with_digits] &= ~np.uint32(SPOKEN)
        stakes[with_digits] |= _marks().in_texts([seen[index] for index in with_digits])
    stakes[
        [
            ((one.signs & signs.ODD or len(one.text) <= hostility.LONGEST_UNSPACED) and hostility.is_odd(one.text))
            or (not one.plain and bool(spelt_words(text)))
            for one, text in zip(undisguised, seen, strict=True)
        ]
    ] |= HOSTILITY
    # what is hostile by more than the words of its row may be so in any language
    in_any = HOSTILITY | hostility.ANY_LANGUAGE << HOSTILE_IN
    found: list[int] = [one | in_any if one & HOSTILITY else one for one in stakes.tolist()]
    for index, languages in hostile_in.items():
        found[index] |= HOSTILITY | languages << HOSTILE_IN
    return found
