"""Languages with letters of their own, typed in Latin ones as in chats: `8a se skotwsw`, `6te te ubiq`, `ra7 a2tolak`.

Nobody keeps to one romanisation, so that a text is not turned back into its alphabet. Both the words of the lists and those of
the text are folded to one skeleton, in which all spellings of a letter are the same. Each language's `romanised.yaml`
(`text/languages`) says how its letters are typed, which spellings are the same, and which words are signs of it. A text in
another language costs one look-up a word, and goes no further.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from functools import cache, partial
from itertools import chain, filterfalse, islice, product
from string import ascii_lowercase
from typing import Any, NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation
from msgspec import Struct, field

from text.languages import ListError, lists_of, read_list_in, read_lists
from text.once import once
from text.tables import table
from text.words import Memo, WordMemo, folded

MANY_SIGNS = 2
SHARE_OF_SIGNS = 0.25
"""So many different words that are signs of a language, and such a share of all, tell that a text is in it."""
KNOWN_SHARE = 0.6
"""One sign is enough where the lists of the language know so many of the different words."""
LEAST_WORDS = 2
"""Different words that must be known."""
MOST_LANGUAGES = 2
"""Languages that a text may be in at most: Bulgarian and Macedonian, Russian and Ukrainian share many words."""
MOST_SPELLINGS = 100
"""Ways to type a word that are looked up."""
MOST_SKELETONS = 12
"""Skeletons of a word, where a letter is typed in ways that are other letters' as well."""


class Romanised(Struct, frozen=True, forbid_unknown_fields=True):
    """How a language is typed in Latin letters.

    `letters`: the ways to type each of its letters or groups of letters, parted by blanks, the commonest first; `_` where it
    is left out. A language that writes no vowels has none, and is read only by what is listed as it is typed. `folds`: regular
    expressions, and what stands for all that they match in the skeleton, applied in this order to the text and to the lists.
    `joins`: the same for what parts no words, such as an apostrophe; `needs`: a regular expression for what a text must hold.

    `signs`: words in the language's own letters that tell it from others, `typed`: such words as they are typed; `not_signs`:
    spellings of these, and of the words of violence, abuse and trade, that are words of other languages; `like`: letters that
    most other languages' words do not have, parted by blanks, with `_` for the beginning or the end of a word; `digits`: those
    that stand for letters. `hostility`, `trade`, `courtesies`: entries of the lists of these names, written as they are typed.
    """

    letters: dict[str, str]
    folds: dict[str, str]
    signs: str
    typed: str = ""
    not_signs: str = ""
    joins: dict[str, str] = field(default_factory=dict)
    needs: str = ""
    like: str = ""
    digits: str = ""
    hostility: dict[str, str] = field(default_factory=dict)
    trade: dict[str, str] = field(default_factory=dict)
    courtesies: str = ""


SHORTEST_STEM, LONGEST_STEM = 4, 20
"""Letters of a beginning that is known."""
SHORTEST_SIGN = 5
SIGNING = {
    "hostility": ("insult", "vile", "kill", "kill_i", "kill_now", "kill_you", "kill_i_you", "curse", "doom", "menace"),
    "trade": ("buy", "earnings", "job", "hours", "let", "private", "fakes"),
}
"""Classes of the lists whose words are signs of the language as well, from so many letters on."""
_LEAST_AT_ONCE = 8
"""Words that are looked up in one step: an expression costs more to begin than to go on with."""
_LISTED_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*\*?")
_TWICE = re.compile(r"(.)\1", re.DOTALL)
_Fold = Callable[[str], str]
_BETWEEN_LETTERS = re.compile(r"['’ʹʼ`](?<=\w.)(?=\w)")
"""Signs that part no word where a language is typed in Latin letters: `ub'yu`."""


class Romanisation:
    """A language's `Romanised`, ready for use."""

    def __init__(self, code: str, listed: Romanised) -> None:
        self.code = code
        self.listed = listed
        self.is_spelt = bool(listed.letters)
        """Whether the lists that are written in its own letters are read."""
        self.list_codes: Mapping[str, str] = lists_of(code)
        """The folder of the language's list of each kind."""
        self._joins = [_fold(_compiled(code, "joins", one), plain) for one, plain in listed.joins.items()]
        self._folds = [_fold(_compiled(code, "folds", one), plain) for one, plain in listed.folds.items()]
        self._needs = _compiled(code, "needs", listed.needs) if listed.needs else None
        self._letters = {
            own: ["" if way == "_" else way for way in ways.split()] for own, ways in listed.letters.items()
        }
        self._unlike = {
            own: [*{self._folded(way): way for way in reversed(ways)}.values()] for own, ways in self._letters.items()
        }
        """The ways to type a letter that are not folded to the same."""
        own = sorted(self._letters, key=len, reverse=True)
        self._pieces = re.compile("|".join([*map(re.escape, own), "."]), re.DOTALL)

    def may_be(self, text: str) -> bool:
        """Whether the text, in lower case, holds what it needs to be read so."""
        return not self._needs or self._needs.search(text) is not None

    def joined(self, text: str) -> str:
        """The text, in lower case, with the same words as its skeleton, as they are typed."""
        for join in self._joins:
            text = join(text)
        return _BETWEEN_LETTERS.sub("", text)

    def skeleton(self, text: str) -> str:
        """The text, in lower case, with each letter in the one form that stands for all its spellings."""
        return self._folded(self.joined(text))

    def _folded(self, text: str) -> str:
        for fold in self._folds:
            text = fold(text)
        return text

    def skeletons(self, word: str) -> list[str]:
        """The skeletons of a word of a list, in lower case and in the language's own letters or as it is typed."""
        return [*dict.fromkeys(map(self._folded, self._ways(word)))]

    def _ways(self, word: str) -> Iterable[str]:
        pieces = [self._unlike.get(piece, [piece]) for piece in self._pieces.findall(word)]
        return map("".join, islice(product(*pieces), MOST_SKELETONS))

    def skeletons_of(self, words: Iterable[str]) -> Memo[list[str]]:
        """The skeletons of words of lists, and of any that are asked for besides."""
        found = Memo(self.skeletons)
        ways = {word: [*self._ways(word)] for word in words}
        # of all of them at once: an expression costs more to begin than to go on with
        forms = self._folded("\n".join(chain.from_iterable(ways.values()))).split("\n")
        if len(forms) == sum(map(len, ways.values())):
            of_all = iter(forms)
            found.update((word, [*dict.fromkeys(islice(of_all, len(of_word)))]) for word, of_word in ways.items())
        return found

    def spellings(self, word: str) -> Iterable[str]:
        """The ways to type a word that is written in the language's own letters, in lower case."""
        pieces = [self._letters.get(piece, [piece]) for piece in self._pieces.findall(word)]
        return map("".join, islice(product(*pieces), MOST_SPELLINGS))

    @once
    def _lists(self) -> dict[str, dict[str, Any]]:
        """The language's lists in its own letters, by kind."""
        kinds = self.list_codes.items() if self.is_spelt else ()
        return {kind: read_list_in(folder, kind, dict[str, Any]) for kind, folder in kinds if kind != "romanised"}

    def words(self, listed: str) -> set[str]:
        """The words of a list, in letters that are known here; with a star where all that begin so are meant."""
        words = {word.casefold() for word in _LISTED_WORD.findall(listed)}
        return {"".join(one if one in self._letters else folded(one) for one in word) for word in words}

    @once
    def _vocabulary(self) -> tuple[frozenset[str], frozenset[str]]:
        """Skeletons of all words of the language's lists, and of those that stand for all that begin so."""
        own = self.listed
        texts = [own.signs, own.typed, own.courtesies, *own.hostility.values(), *own.trade.values()]
        texts += [text for listed in self._lists.values() for value in listed.values() for text in _texts(value)]
        whole: set[str] = set()
        begun: set[str] = set()
        words = self.words(", ".join(texts))
        skeletons = self.skeletons_of({word.rstrip("*") for word in words})
        for word in words:
            stem = word.rstrip("*")
            (begun if stem != word and len(stem) >= SHORTEST_STEM else whole).update(skeletons[stem])
        return frozenset(whole), frozenset(begun)

    @property
    def size(self) -> int:
        """How many words the language's lists know."""
        return sum(map(len, self._vocabulary))

    def known(self, words: Set[str], memo: WordMemo, least: float) -> int:
        """How many of the words, as they are typed, the language's lists know; 0 where they are fewer than `least`. `memo` is
        that of the texts read together.
        """
        found = memo.of(self.knows)
        fresh = sorted(filterfalse(found.__contains__, words), key=len)  # long words are soonest seen to be none
        known = sum(map(found.__getitem__, filter(found.__contains__, words) if fresh else words))
        while fresh and known + len(fresh) >= least:
            # of so many at once as it takes to see that the others do not matter
            most = max(_LEAST_AT_ONCE, int(known + len(fresh) - least) + 1)
            some = fresh[-most:]
            del fresh[-most:]
            forms = self.skeleton("\n".join(some)).split("\n")
            if len(forms) == len(some):
                found.update(zip(some, map(self._is_listed, forms), strict=True))
            known += sum([found[word] for word in some])
        return known if not fresh and known >= least else 0

    def knows(self, word: str) -> bool:
        """Whether the language's lists know the word, as it is typed."""
        return any(map(self._is_listed, self.skeleton(word).split()))

    def _is_listed(self, form: str) -> bool:
        """Whether a skeleton is that of a listed word, or begins like one."""
        whole, begun = self._vocabulary
        if form in whole:
            return True
        lengths = self._lengths.get(form[:SHORTEST_STEM])
        return lengths is not None and any(form[:length] in begun for length in lengths)

    @once
    def _lengths(self) -> dict[str, tuple[int, ...]]:
        """How long listed beginnings are, by what they begin with."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        for one in self._vocabulary[1]:
            if SHORTEST_STEM <= len(one) <= LONGEST_STEM:
                found[one[:SHORTEST_STEM]].add(len(one))
        return {edge: tuple(sorted(lengths)) for edge, lengths in found.items()}

    def all_signs(self) -> set[str]:
        """Words, as they are typed, that tell the language from others."""
        listed = self.listed
        said = ", ".join(self._lists.get(kind, {}).get(name, "") for kind, names in SIGNING.items() for name in names)
        words = {word for word in self.words(said) if len(word) >= SHORTEST_SIGN and "*" not in word}
        words.update(self.words(listed.signs))
        spelt = {way for word in words for way in self.spellings(word)}
        return (spelt | set(_entries(listed.typed))) - set(_entries(listed.not_signs))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _entries(listed: str) -> list[str]:
    return [entry.strip().casefold() for entry in listed.split(",")]


def _compiled(code: str, name: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ListError(
            f"{code}/romanised.yaml: {name}: found {pattern}, expected a regular expression: {error}"
        ) from error


_REPEATED, _ONCE = r"([^\W\d_])\1+", r"\1"


def _fold(pattern: re.Pattern[str], plain: str) -> _Fold:
    """Puts `plain` in place of what a pattern matches. Plain letters are replaced one after the other, and so are
    repeated ones, which is faster, where that comes to the same.
    """
    if (pattern.pattern, plain) == (_REPEATED, _ONCE):
        return _without_repeats
    ways = [way for one in pattern.pattern.split("|") for way in (one[1:-1] if one[:1] + one[-1:] == "[]" else [one])]
    if not all(map(str.isalnum, ways)) or not plain.isalnum() or not _are_apart(ways, plain):
        return partial(pattern.sub, plain)
    return partial(_replaced, tuple(ways), plain)


def _without_repeats(text: str) -> str:
    for letter in set(_TWICE.findall(text)):
        if letter.isalnum() and not letter.isdecimal():
            while (twice := letter + letter) in text:
                text = text.replace(twice, letter)
    return text


def _replaced(ways: tuple[str, ...], plain: str, text: str) -> str:
    for way in ways:
        if way in text:
            text = text.replace(way, plain)
    return text


def _are_apart(ways: list[str], plain: str) -> bool:
    """Whether no way begins within one that stands behind it in the list, and none comes of what stands for another."""
    return not any(
        any(letter in later for letter in plain)
        or any(later[at:].startswith(way) or way.startswith(later[at:]) for at in range(1, len(later)))
        for number, way in enumerate(ways)
        for later in ways[number + 1 :]
    )


@table
def romanisations() -> dict[str, Romanisation]:
    """The languages that are read in Latin letters. Raises ListError."""
    return {code: Romanisation(code, listed) for code, listed in read_lists("romanised", Romanised).items()}


@cache
def vocabularies() -> tuple[int, ...]:
    """How many words each language's lists have, which are read now (`engine.loading`) and not while a text waits."""
    return tuple(one.size for one in romanisations().values())


@table
def _signs() -> dict[str, tuple[str, ...]]:
    """The languages that each word is a sign of."""
    found: dict[str, tuple[str, ...]] = {}
    different: dict[tuple[str, ...], tuple[str, ...]] = {}
    for code, romanisation in romanisations().items():
        for word in romanisation.all_signs():
            codes = (*found.get(word, ()), code)
            found[word] = different.setdefault(codes, codes)  # the same one for all, of some forty thousand
    return found


_TYPED = "a-zšžčćđḱǵ0-9"
_TYPED_WORD = re.compile(rf"[{_TYPED}]+(?:['’][a-z]+)?")
_TYPED_LETTER = re.compile(f"[{_TYPED}]")
_ANY_DIGIT = re.compile("[2-9]")
_AS_LETTER = re.compile("(?:^|(?<=[a-z]))[2-9](?=[a-z])")
"""A digit in a word, before a letter: no `mp3`, no `covid19`."""
_SENTENCE_ENDS = re.compile(r"[.!?\n]+")


@cache
def _like_by_code() -> dict[str, tuple[str, ...]]:
    """Letters that only some languages' words have, where blanks stand around words, and these languages."""
    found: dict[str, tuple[str, ...]] = {}
    for code, romanisation in romanisations().items():
        for letters in romanisation.listed.like.split():
            found[letters.replace("_", " ")] = (*found.get(letters.replace("_", " "), ()), code)
    return found


@cache
def _like() -> tuple[AhoCorasick, tuple[tuple[str, ...], ...]]:
    """What finds such letters, and the languages of each."""
    return AhoCorasick([*_like_by_code()], implementation=Implementation.DFA), tuple(_like_by_code().values())


@cache
def _digits() -> dict[str, tuple[str, ...]]:
    """Digits that stand for letters, and the languages in which they do."""
    digits = sorted({digit for one in romanisations().values() for digit in one.listed.digits})
    return {
        digit: tuple(code for code, one in romanisations().items() if digit in one.listed.digits) for digit in digits
    }


def typed_letter(character: str) -> str:
    """How a character stands in the row of a text (`text.rows`) as far as it is typed in Latin letters."""
    return character if _TYPED_LETTER.match(character) else " "


def patterns() -> Iterator[str]:
    """What stands in the row of a text (`typed_letter`) that may be in one of the languages."""
    yield from (f" {' '.join(_AS_APOSTROPHE.split(word))} " for word in _signs() if _TYPED_WORD.fullmatch(word))
    yield from _like_by_code()
    yield from map("".join, product(_digits(), ascii_lowercase))


_AS_APOSTROPHE = re.compile("['’]")


def romanised_in(text: str, memo: WordMemo | None = None) -> tuple[str, ...]:
    """The languages that a text, or a sentence of it, may be typed in with Latin letters, the likeliest first; mostly none.

    `memo` is that of the texts that are read together.
    """
    memo = memo or WordMemo()
    plain = text.casefold()
    words = set(_TYPED_WORD.findall(plain))
    signs = _signs_among(words, plain)
    if not signs:
        return ()
    found = _languages(words, signs, memo)
    if not found and len(sentences := _SENTENCE_ENDS.split(plain)) > 1:
        marked = set().union(*(one for of in signs.values() for one in of))
        of_each = (set(_TYPED_WORD.findall(one)) for one in sentences if any(word in one for word in marked))
        found = next(filter(None, (_languages(one, signs, memo) for one in of_each)), found)
    return tuple(code for code in found if romanisations()[code].may_be(plain))[:MOST_LANGUAGES]


class _Signs(NamedTuple):
    """Words of a text that speak for a language: its own words, and those with letters or digits that look like it."""

    own: set[str]
    like: set[str]


def _signs_among(words: Set[str], plain: str) -> dict[str, _Signs]:
    """Of the words of a text those that are signs, by language."""
    known = _signs()
    signs: dict[str, _Signs] = defaultdict(lambda: _Signs(set(), set()))
    for word in known.keys() & words:
        for code in known[word]:
            signs[code].own.add(word)
    spaced = f" {' '.join(words)} "
    automaton, codes_of = _like()
    for number, start, end in automaton.find_matches_as_indexes(spaced, overlapping=True):
        within = start + (spaced[start] == " ")
        word = spaced[spaced.rfind(" ", 0, within) + 1 : spaced.find(" ", within)]
        for code in codes_of[number] if " " not in spaced[within : end - 1] else ():
            signs[code].like.add(word)
    if _ANY_DIGIT.search(plain):
        for word in words:
            for digit in () if word.isalpha() else _AS_LETTER.findall(word):
                for code in _digits().get(digit, ()):
                    signs[code].like.add(word)
    return signs


def _languages(words: Set[str], signs: Mapping[str, _Signs], memo: WordMemo) -> list[str]:
    """The languages that the words may be in, the likeliest first."""
    count: Counter[str] = Counter()
    for code, (own, like) in signs.items():
        spoken = len(own & words)
        if spoken >= MANY_SIGNS and spoken >= SHARE_OF_SIGNS * len(words):
            count[code] = spoken
        if spoken or not like.isdisjoint(words):
            least = max(LEAST_WORDS, KNOWN_SHARE * len(words))
            if listed := romanisations()[code].known(words, memo, least):
                count[code] = max(listed, spoken)
    if not count:
        return []
    most = max(count.values())
    return sorted(
        (code for code, spoken in count.items() if 3 * spoken >= 2 * most), key=lambda code: (-count[code], code)
    )


def may_be_typed_in(code: str, words: Iterable[str], memo: WordMemo) -> bool:
    """Whether a sentence of these words, as they are typed, may be in the language."""
    words = set(words)
    signs = sum(code in _signs().get(word, ()) for word in words)
    least = KNOWN_SHARE * len(words)
    return signs >= SHARE_OF_SIGNS * len(words) or romanisations()[code].known(words, memo, least) >= least
