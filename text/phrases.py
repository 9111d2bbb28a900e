"""Very many words and phrases, and which of them stand in rows of letters (`text.rows`): for a whole batch in a few steps.

Each stretch of letters has a key, a number of 64 bits: `sum(letter[i] * B**i)`, modulo 2**64, from its first letter on. The
keys of all stretches of a batch come from one running sum, so that each word, each beginning of a word and each phrase
costs one look-up. An automaton takes three times as long: with so many phrases it does not fit into the processor's cache.

Letters that have a listed phrase's key by chance, or were made to have it, are taken for it; never is one overlooked.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
Indexes = NDArray[np.intp]
Keys = NDArray[np.uint64]

_SPACE = ord(" ")
_BASE = 0x9E3779B97F4A7C15
_MIXING = 0xD6E8FEB86659FD93
"""Both are odd. The first bits of a key tell where it is looked up."""
_INVERSE = pow(_BASE, -1, 1 << 64)
_POWERS_KEPT = 1 << 17
"""For so many letters of a batch they are made once."""
_TOLD_BITS = 24
"""Of an entry of a table. The others are the last ones of its key; the first ones tell its place."""
_ELSEWHERE, _WITH_A_WORD, _WITH_LETTERS = 1 << 21, 1 << 22, 1 << 23
"""Further keys with this place are in the next table. How what begins a phrase goes on: with one word more, or with letters
that begin one.
"""
_GOES_ON = np.uint64(_WITH_A_WORD | _WITH_LETTERS)
_NUMBER = np.uint64(_ELSEWHERE - 1)
"""What is left of what is told is the number of the phrase, from 1 on, or 0 for what is none."""
_TURN = 9
"""Bits of a key by which each table is looked into otherwise than the one before."""
_PLACES_FOR_EACH, _LEAST_BITS = 2, 12
"""So many places, at least, a table has for each key; and a small one 2 to the power of so many."""
_BEGUN_BITS = 18
"""So many bits of a key tell whether there may be such a beginning: the lists have some ten thousand."""


def _powers(base: int, first: int, count: int) -> Keys:
    powers = np.full(count, base, dtype=np.uint64)
    powers[:1] = first
    return np.cumprod(powers, dtype=np.uint64)


_POWERS, _INVERSES = _powers(_BASE, 1, _POWERS_KEPT), _powers(_INVERSE, _MIXING, _POWERS_KEPT)


class _Sums:
    """The running sum over letters, which the key of each stretch comes from."""

    def __init__(self, codes: Codes) -> None:
        count = len(codes)
        enough = count < _POWERS_KEPT
        self._inverses = _INVERSES if enough else _powers(_INVERSE, _MIXING, count + 1)
        self._sums = np.zeros(count + 1, dtype=np.uint64)
        powers = _POWERS[:count] if enough else _powers(_BASE, 1, count)
        np.cumsum(codes * powers, out=self._sums[1:])

    def keys(self, begins: Indexes, ends: Indexes) -> Keys:
        """The keys of the stretches from each beginning up to the end, which is not in it."""
        return (self._sums[ends] - self._sums[begins]) * self._inverses[begins]

    def begun(self, begins: Indexes, lengths: Indexes) -> Keys:
        """The keys of what each letter ends, which begins where its word begins: all words follow each other."""
        before, inverses = np.repeat(self._sums[begins], lengths), np.repeat(self._inverses[begins], lengths)
        return (self._sums[1 : len(before) + 1] - before) * inverses


class Stand(NamedTuple):
    """Which phrases stand somewhere, by their numbers, and the index of the word that each begins with. In no order."""

    words: Indexes
    numbers: Indexes


class Phrases:
    """Phrases, each with a number, as they stand in rows: all begin with a blank, and those that end with none
    are begun: more letters may follow.
    """

    def __init__(self, phrases: Sequence[str], numbers: Sequence[int]) -> None:
        """The `numbers` are parallel to the phrases, which are all different. Raises ValueError where two have one key."""
        codes = _codes_of("".join(phrases))
        ends = np.array([0, *accumulate(map(len, phrases))], dtype=np.intp)
        sums = _Sums(codes)
        begins, ends = ends[:-1] + 1, ends[1:]
        whole = sums.keys(begins, ends)
        is_begun = codes[ends - 1] != _SPACE if len(phrases) else np.zeros(0, dtype=np.bool_)
        # what several phrases begin with, up to a blank within them
        blanks = np.flatnonzero(codes == _SPACE)
        owners = np.searchsorted(ends, blanks, side="right")
        inner = (blanks >= begins[owners]) & (blanks < ends[owners] - 1)
        blanks, owners = blanks[inner], owners[inner]
        prefixes = sums.keys(begins[owners], blanks + 1)
        is_last = np.ones(len(blanks), dtype=np.bool_)
        is_last[:-1] = owners[1:] != owners[:-1]
        how = np.where(is_last & is_begun[owners], _WITH_LETTERS, _WITH_A_WORD).astype(np.uint64)
        keys, which = np.unique(np.concatenate((whole, prefixes)), return_inverse=True)
        if len(np.unique(which[: len(whole)])) < len(whole) or not keys.all():
            raise ValueError("two phrases have one key, or one has that of none")
        if max(numbers, default=0) >= _NUMBER:
            raise ValueError("too many phrases")
        told = np.zeros(len(keys), dtype=np.uint64)
        told[which[: len(whole)]] = np.asarray(numbers, dtype=np.uint64) + np.uint64(1)
        np.bitwise_or.at(told, which[len(whole) :], how)
        self._tables: list[_Table] = []
        while len(keys):
            # in each place the first of those with this place; the others are in the next table
            if _TURN * len(self._tables) >= 64:
                raise ValueError("phrases whose keys cannot be told apart")
            bits = max(_LEAST_BITS, (_PLACES_FOR_EACH * len(keys)).bit_length())
            turn, shift = np.uint64(_TURN * len(self._tables)), np.uint64(64 - bits)
            places, first, count = np.unique(keys << turn >> shift, return_index=True, return_counts=True)
            entries = np.zeros(1 << bits, dtype=np.uint64)
            entries[_indexes(places)] = keys[first] << np.uint64(_TOLD_BITS) | told[first]
            entries[_indexes(places[count > 1])] |= np.uint64(_ELSEWHERE)
            self._tables.append(_Table(entries, turn, shift))
            others = np.ones(len(keys), dtype=np.bool_)
            others[first] = False
            keys, told = keys[others], told[others]
        self._may_be_begun = np.zeros(1 << _BEGUN_BITS, dtype=np.bool_)
        self._has_begun = bool(is_begun.any())
        self._may_be_begun[_indexes(whole[is_begun] >> np.uint64(64 - _BEGUN_BITS))] = True

    def found(self, codes: Codes, blanks: Indexes) -> Stand:
        """What stands in rows. Each word has a blank before it, and these are the indexes of all `blanks`; before the first
        is nothing.
        """
        if len(blanks) < 2 or not self._tables:
            return Stand(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp))
        sums = _Sums(codes)
        begins, ends = blanks[:-1] + 1, blanks[1:] + 1
        lengths = np.diff(blanks)
        words = last = np.arange(len(begins))
        told = self._tell(sums.keys(begins, ends))
        found = [(words, told)]
        if self._has_begun:
            may_be, of_begun = self._tell_begun(sums.begun(begins, lengths))
            found.append((np.searchsorted(blanks, may_be, side="right") - 1, of_begun))
        while True:
            on = np.flatnonzero((told & _GOES_ON) != 0)
            on = on[last[on] + 1 < len(begins)]
            if not len(on):
                break
            words, last, told = words[on], last[on] + 1, told[on]
            begun = np.flatnonzero(told & np.uint64(_WITH_LETTERS))
            if len(begun):
                letters = lengths[last[begun]] - 1
                firsts = np.repeat(begins[last[begun]] - np.cumsum(letters) + letters, letters)
                of_word = np.repeat(words[begun], letters)
                keys = sums.keys(begins[of_word], np.arange(len(of_word)) + firsts + 1)
                may_be, of_begun = self._tell_begun(keys)
                found.append((of_word[may_be], of_begun))
            told = self._tell(sums.keys(begins[words], ends[last]))
            found.append((words, told))
        words, told = (np.concatenate(parts) for parts in zip(*found, strict=True))
        numbers = told & _NUMBER
        stand = np.flatnonzero(numbers != 0)
        return Stand(words[stand], numbers[stand].astype(np.intp) - 1)

    def _tell_begun(self, keys: Keys) -> tuple[Indexes, Keys]:
        """The indexes of keys that may be of beginnings, and what is told of these."""
        may_be = np.flatnonzero(self._may_be_begun[_indexes(keys >> np.uint64(64 - _BEGUN_BITS))])
        return may_be, self._tell(keys[may_be])

    def _tell(self, keys: Keys) -> Keys:
        """What is told of each key; 0 of what is none."""
        told = np.zeros(len(keys), dtype=np.uint64)
        left: Indexes | slice = slice(None)
        for entries, turn, shift in self._tables:
            there = entries[_indexes(keys << turn >> shift)]
            found = there ^ (keys << np.uint64(_TOLD_BITS))
            is_other = found >= 1 << _TOLD_BITS
            found[is_other] = 0
            told[left] = found
            on = np.flatnonzero(is_other & (there & np.uint64(_ELSEWHERE) != 0))
            if not len(on):
                break
            left, keys = on if isinstance(left, slice) else left[on], keys[on]
        return told


class _Table(NamedTuple):
    """Where keys are looked up: by those bits that are the first after a `turn`, shifted."""

    entries: Keys
    turn: np.uint64
    shift: np.uint64


def _indexes(bits: Keys) -> Indexes:
    return bits.view(np.intp)


def _codes_of(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
