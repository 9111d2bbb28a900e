"""Words around personal data: which words of a text speak of offices, of living somewhere, of children, of novels.

The words of each language stand in `text/languages`. A text is read once; a word is looked up by itself, so that the
time does not grow with the number of words that are known.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product

from msgspec import Struct

from text import tables
from text.languages import ListError, read_lists
from text.languages.detector import likely
from text.once import once
from text.personal_data.folding import Folded, fold, folded_form
from text.rows import Rarest, Wanted
from text.words import Beginnings, Memo, WordMemo

KINDS = (
    *("number", "my", "private", "call", "office", "institution", "hotline", "lives", "address", "class", "years"),
    *("aged", "lasting", "pupil", "praise", "teacher", "fiction", "work", "exercise", "roster", "born"),
    *("digits", "tens", "joined"),
)
"""What words of `surroundings.yaml` mean,"""
REMOVALS = ("remove", "leaked", "keep")
"""and those of `removals.yaml`."""
MAX_MARKS = 2_000
"""Words of one text that mean something; a text of more is no letter of anybody's."""
SURE_LETTERS = 5
"""Shorter words mean something else in another language, and count only where the text may be in theirs."""
_SAMPLE = 400
"""Characters by which the language is told."""

LEAST_SPOKEN = 3
"""So many digits in words make a row of them."""
WORDS_BETWEEN = 1
LONGEST_BETWEEN = 5
"""Other words that may stand between two of them, *and*, and their letters."""
SHORTEST_SPOKEN = 7
"""So many digits a number has at least that is said in words alone."""
_LETTERS_ONLY = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_PHRASE_GAP = 3
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "ß": "ss"})
_LETTERS = {
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ħ": "h",
    "ı": "i",
    "æ": "a",
    "œ": "o",
    "ß": "s",
    "þ": "t",
    "ə": "e",
    "ς": "σ",
}
_LETTERS |= {letter.upper(): plain.upper() for letter, plain in _LETTERS.items() if len(letter.upper()) == 1}
_ARABIC_PREFIXES = ("وال", "بال", "لل", "ال", "و", "ب", "ل")


class _Plain(dict[int, str | None]):
    """A table for str.translate that fills itself: one plain letter, its case kept, for each letter; none for an accent."""

    def __missing__(self, code: int) -> str | None:
        self[code] = form = _without_accent(chr(code))
        return form


def _without_accent(letter: str) -> str | None:
    base = unicodedata.normalize("NFD", letter)[0]
    return None if unicodedata.category(letter) == "Mn" else _LETTERS.get(letter, _LETTERS.get(base, base))


_PLAIN = _Plain()


class PlainText(Struct, frozen=True, dict=True):
    """A text without accents, its case kept. `origins` are the places of its characters in the text, None where none moved."""

    text: str
    origins: list[int] | None

    @once
    def small(self) -> str:
        """The same without case, character by character."""
        small = self.text.lower()
        return small if len(small) == len(self.text) else "".join(c.lower()[:1] for c in self.text)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text that `text[start:end]` was made of, accents included."""
        if self.origins is None or start >= end:
            return start, end
        return self.origins[start], self.origins[end]


def plain_text(text: str) -> PlainText:
    """Take the accents off; linear."""
    if text.isascii():
        return PlainText(text, None)
    plain = text.translate(_PLAIN)
    if len(plain) == len(text):
        return PlainText(plain, None)
    origins = [index for index, character in enumerate(text) if _PLAIN[ord(character)] is not None]
    return PlainText(plain, [*origins, len(text)])


class Mark(Struct, frozen=True):
    """A word or phrase that means something: where it stands in the plain text, and in which languages. One that is not `sure`
    means something else in other languages.
    """

    start: int
    end: int
    languages: frozenset[str]
    sure: bool


class _Meaning(Struct, frozen=True):
    """`letters` are those that are known of the word, without its ending. `rest` are the further words of a phrase."""

    kind: str
    languages: frozenset[str]
    letters: int
    rest: tuple[str, ...] = ()


class _OfWord(Struct, frozen=True):
    """What a word may mean: `alone` by itself or before words with known beginnings, and in phrases by their second word. Each
    meaning has its place among all of them.
    """

    alone: tuple[tuple[int, _Meaning], ...]
    phrases: dict[str, tuple[tuple[int, _Meaning], ...]]

    def before(self, following: str) -> tuple[tuple[int, _Meaning], ...]:
        """What it may mean before such a word, in order."""
        phrases = self.phrases.get(following, ())
        return tuple(sorted(self.alone + phrases, key=_place)) if phrases and self.alone else phrases or self.alone


def _place(meaning: tuple[int, _Meaning]) -> int:
    return meaning[0]


def _of_word(found: Sequence[_Meaning]) -> _OfWord:
    alone: list[tuple[int, _Meaning]] = []
    phrases: dict[str, tuple[tuple[int, _Meaning], ...]] = {}
    for at, meaning in enumerate(found):
        second = meaning.rest[0] if meaning.rest else "*"
        if second.endswith("*"):
            alone.append((at, meaning))
        else:
            phrases[second] = (*phrases.get(second, ()), (at, meaning))
    return _OfWord(tuple(alone), phrases)


class _Lexicon:
    """All words of all languages."""

    def __init__(self, listed: dict[str, dict[str, str]]) -> None:
        self.exact: dict[str, list[_Meaning]] = {}
        self.beginnings: dict[str, list[_Meaning]] = {}
        self.endings: dict[str, list[_Meaning]] = {}
        self.digits: dict[str, tuple[int, set[str]]] = {}
        self.tens: dict[str, tuple[int, set[str]]] = {}
        found: dict[tuple[str, tuple[str, ...]], set[str]] = {}
        shared: dict[frozenset[str], frozenset[str]] = {}
        for language, kinds in listed.items():
            for kind, words in kinds.items():
                if kind == "digits":
                    self._add_digits(language, words)
                    self._add_tens(language, kinds.get("tens", ""), words, kinds.get("joined", ""))
                if kind in ("digits", "tens", "joined"):
                    continue
                for entry in words.split(","):
                    for form in _forms(entry):
                        found.setdefault((kind, form), set()).add(language)
        for (kind, (first, *rest)), languages in found.items():
            table = (
                self.endings
                if first.startswith("*")
                else self.beginnings
                if first.endswith("*") and not rest
                else self.exact
            )
            letters = sum(len(part.strip("*")) for part in (first, *rest))
            of = frozenset(languages)
            meaning = _Meaning(kind, shared.setdefault(of, of), letters, tuple(rest))
            table.setdefault(first.strip("*"), []).append(meaning)
        self._beginnings = Beginnings(self.beginnings)
        self._endings = Beginnings(ending[::-1] for ending in self.endings)
        self.numbers = {word: str(number) for word, (number, _) in (*self.tens.items(), *self.digits.items())}
        """Digits and greater numbers, as they are dialled."""
        self.spoken = frozenset(self.numbers) | frozenset(
            name.strip()
            for kinds in listed.values()
            for kind in ("digits", "tens")
            for name in re.split("[,|]", kinds.get(kind, ""))
            if name.strip()
        )

    def _add_digits(self, language: str, words: str) -> None:
        for digit, names in enumerate(words.split(",")):
            for name in names.split("|"):
                for form in _forms(name):
                    self.digits.setdefault("".join(form), (digit, set()))[1].add(language)

    def _add_tens(self, language: str, words: str, digits: str, joined: str) -> None:
        """Numbers from ten on, and those that a language writes as one word, such as `dreiundzwanzig`."""
        for number, names in zip(_TENS, words.split(","), strict=False):
            for name in filter(None, names.split("|")):
                for form in _forms(name):
                    self._add_ten("".join(form), number, language)
                if not joined or not 20 <= number < 100:
                    continue
                for digit, units in islice(enumerate(digits.split(",")), 1, None):
                    for unit in units.split("|"):
                        for whole in _joined(joined, name.strip(), unit.strip()):
                            self._add_ten("".join(next(_forms(whole))), number + digit, language)

    def _add_ten(self, word: str, number: int, language: str) -> None:
        self.tens.setdefault(word, (number, set()))[1].add(language)

    def meanings(self, word: str) -> Iterator[_Meaning]:
        """What a word may mean, or may begin."""
        yield from self.exact.get(word, ())
        yield from self._begun(word)
        for length in self._endings.of(word[::-1]):
            if length <= len(word):
                yield from self.endings.get(word[-length:], ())
        if "\u0600" <= word[0] <= "\u06ff":
            yield from self._without_article(word)

    def of_word(self, word: str) -> "_OfWord | None":
        """All of them; most words have none."""
        may_mean = (
            word in self.exact or self._beginnings.of(word) or self._endings.of(word[::-1]) or word[0] >= "\u0600"
        )
        found = list(self.meanings(word)) if may_mean else None
        return _of_word(found) if found else None

    def _without_article(self, word: str) -> Iterator[_Meaning]:
        for prefix in _ARABIC_PREFIXES:
            if word.startswith(prefix) and len(word) > len(prefix) + 2:
                bare = word[len(prefix) :]
                yield from self.exact.get(bare, ())
                yield from self._begun(bare)
                return

    def _begun(self, word: str) -> Iterator[_Meaning]:
        for length in self._beginnings.of(word):
            if length <= len(word):
                yield from self.beginnings.get(word[:length], ())


_TENS = (*range(10, 20), *range(20, 100, 10), *range(100, 1_000, 100))
"""What `tens` lists, in this order; most languages say no hundreds when they dial."""
_VOWELS = "aeiou"


def _joined(how: str, ten: str, unit: str) -> Iterator[str]:
    """One word for both, as `how` says (`unit und ten`); of two vowels that meet one may be left out."""
    for first in (ten, ten[:-1]) if ten[-1] in _VOWELS and unit[0] in _VOWELS else (ten,):
        parts = {"ten": first, "unit": unit}
        yield "".join(parts.get(part, part) for part in how.split())


def _forms(entry: str) -> Iterator[tuple[str, ...]]:
    """The words of an entry as they are looked up, and as they are spelt where there are no accents."""
    bare = entry.strip().casefold() if "ß" not in entry else entry.strip().lower()
    for spelt in dict.fromkeys((bare, bare.translate(_SPELLED))):
        words = re.findall(r"\*?[^\W_]+\*?", plain_text(fold(spelt).text).small)
        parts = [re.findall(r"\*?[^\W\d_]+\*?|\d+", word) for word in words]
        if parts:
            yield tuple(part for word in parts for part in word)


@tables.table
def lexicon() -> _Lexicon:
    """The words of all languages."""
    listed: dict[str, dict[str, str]] = {}
    for name, expected in (("surroundings", KINDS), ("removals", REMOVALS)):
        for code, kinds in read_lists(name, dict[str, str]).items():
            for kind in kinds.keys() - set(expected):
                raise ListError(f"{code}/{name}.yaml: {kind}: unknown, expected one of {', '.join(expected)}")
            listed[code] = listed.get(code, {}) | kinds
    return _Lexicon(listed)


def spoken_digits() -> list[tuple[Wanted, int]]:
    """Numbers in words as they stand in the row of a text (`text.rows`), and how many digits each has."""
    rarest, listed = Rarest(), lexicon()
    return [
        (wanted, len(listed.numbers.get(word, "0"))) for word in sorted(listed.spoken) if (wanted := rarest.of([word]))
    ]


def plain_letter(character: str) -> str:
    """How a character stands in the row of a text (`text.rows`) in which marks are looked for."""
    plain = (_without_accent(folded_form(character) or "\u0300") or "").lower()[:1]
    return plain if not plain or _LETTERS_ONLY.match(plain) else " "


def patterns(*kinds: str) -> Iterator[Wanted]:
    """What stands in such a row of a text with a mark of one of these kinds."""
    listed = lexicon()
    rarest = Rarest(lambda word: not _LETTERS_ONLY.fullmatch(word.strip("*")), str)
    for word, meanings in listed.exact.items():
        for meaning in meanings:
            if meaning.kind in kinds and (wanted := rarest.of((word, *meaning.rest))):
                yield wanted
                yield from (rarest.of((prefix + word, *meaning.rest)) or wanted for prefix in _prefixes(word))
    for word, meanings in listed.beginnings.items():
        if any(meaning.kind in kinds for meaning in meanings):
            yield from (Wanted((f" {prefix}{word}",)) for prefix in ("", *_prefixes(word)))
    for word, meanings in listed.endings.items():
        if any(meaning.kind in kinds for meaning in meanings):
            yield Wanted((f"{word} ",))


def _prefixes(word: str) -> tuple[str, ...]:
    return _ARABIC_PREFIXES if "\u0600" <= word[0] <= "\u06ff" else ()


def digits() -> Iterator[Wanted]:
    """Digits in words as they stand in such a row."""
    return (Wanted((f" {word} ",)) for word in lexicon().numbers)


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without digits."""
    return _LETTERS_ONLY.findall(text.lower())


def may_spell_a_number(text: str) -> bool:
    """Whether digits, `LEAST_SPOKEN` of them words at least, are so many and so close together that they may be a number."""
    known = lexicon().numbers
    words = _WORD.findall(plain_text(fold(text).text).small)
    if sum(map(known.__contains__, words)) < LEAST_SPOKEN:
        return False
    digits = said = between = 0
    for word in words:
        if word in known:
            digits, said, between = digits + len(known[word]), said + 1, 0
        elif word[0].isnumeric():
            digits, between = digits + len(word), 0
        elif digits:
            between += len(word)
            if between > LONGEST_BETWEEN:
                digits = said = between = 0
        if said >= LEAST_SPOKEN and digits >= SHORTEST_SPOKEN:
            return True
    return False


def _start_of(mark: Mark) -> int:
    return mark.start


def _mark(start: int, end: int, meaning: _Meaning) -> Mark:
    return Mark(start, end, meaning.languages, meaning.letters >= SURE_LETTERS)


class Marks:
    """The words of a text that mean something, read when somebody first asks, once for all. `folded` is the text, `plain` that
    without accents.

    `memo` is that of the texts that are read together: a word is looked up once for all of them.
    """

    def __init__(self, text: str, memo: WordMemo | None = None) -> None:
        self._text, self._memo = text, memo or WordMemo()
        self.leaves_out = False
        """Whether some of what was asked for was left out: words beyond `MAX_MARKS`, names of children beyond their limit."""

    @once
    def folded(self) -> Folded:
        """The text, folded."""
        return fold(self._text)

    @once
    def plain(self) -> PlainText:
        """The folded text without accents."""
        return plain_text(self.folded.text)

    @property
    def cut(self) -> bool:
        """Whether some words are left out."""
        return bool(self._found) and self.leaves_out

    @once
    def _likely(self) -> frozenset[str]:
        letters = " ".join(re.findall(r"[^\W\d_]+", self.plain.small[: 4 * _SAMPLE]))
        return likely(letters[:_SAMPLE])

    @once
    def _words(self) -> list[str]:
        return _WORD.findall(self.plain.small)

    @once
    def _found(self) -> dict[str, list[Mark]]:
        return self._read(self._memo.of(lexicon().of_word))

    def _read(self, known: Memo[_OfWord | None]) -> dict[str, list[Mark]]:
        words = self._words
        meant = list(map(known.__getitem__, words))
        all_found: dict[str, list[Mark]] = {}
        if not any(meant):
            return all_found
        spans = [found.span() for found in _WORD.finditer(self.plain.small)]
        left = MAX_MARKS
        for index, (of_word, following) in enumerate(zip(meant, [*words[1:], ""], strict=True)):
            for _, meaning in of_word.before(following) if of_word else ():
                if (last := _end_of(meaning.rest, words, spans, index)) is not None:
                    if not left:
                        self.leaves_out = True
                        return all_found
                    start, end = spans[index]
                    all_found.setdefault(meaning.kind, []).append(_mark(start, max(end, last), meaning))
                    left -= 1
        return all_found

    def of(self, *kinds: str, start: int = 0, end: int | None = None) -> list[Mark]:
        """Words of these kinds that begin and end between two places."""
        to = len(self.plain.text) if end is None else end
        found = self._found
        return [mark for kind in kinds if kind in found for mark in self._within(found[kind], start, to)]

    def _within(self, found: list[Mark], start: int, to: int) -> Iterator[Mark]:
        for index in range(bisect_left(found, start, key=_start_of) if start else 0, len(found)):
            mark = found[index]
            if mark.start >= to:
                return
            if mark.end <= to and self._is_sure(mark):
                yield mark

    def any(self, *kinds: str, start: int = 0, end: int | None = None) -> bool:
        """Whether there is such a word."""
        found = [self._found[kind] for kind in kinds if kind in self._found]
        if not found:
            return False
        if not start and end is None and any(mark.sure for marks in found for mark in marks):
            return True  # it takes no language
        to = len(self.plain.text) if end is None else end
        return any(True for marks in found for _ in self._within(marks, start, to))

    def _is_sure(self, mark: Mark) -> bool:
        return mark.sure or bool(mark.languages & self._likely)

    def numbers(self) -> Iterator[tuple[int, int, int, frozenset[str]]]:
        """Digits that are said in words: (digit, start, end, languages)."""
        digits = lexicon().digits
        if digits.keys().isdisjoint(self._words):
            return
        for found in _WORD.finditer(self.plain.small):
            if said := digits.get(found[0]):
                yield said[0], *found.span(), frozenset(said[1])

    def dialled(self) -> Iterator[tuple[int, int, str, frozenset[str]]]:
        """Digits and greater numbers that are said in words: (start, end, the digits, languages)."""
        listed = lexicon()
        if listed.numbers.keys().isdisjoint(self._words):
            return
        for found in _WORD.finditer(self.plain.small):
            if digits := listed.numbers.get(found[0]):
                languages = [known[found[0]][1] for known in (listed.digits, listed.tens) if found[0] in known]
                yield *found.span(), digits, frozenset().union(*languages)


def _end_of(rest: tuple[str, ...], words: list[str], spans: list[tuple[int, int]], index: int) -> int | None:
    """Where a phrase ends whose first word is number `index`; None where its other words do not follow."""
    end = spans[index][1]
    if not rest:
        return end
    for at, wanted in enumerate(rest, index + 1):
        if at >= len(words):
            return None
        word, (start, last) = words[at], spans[at]
        same = word.startswith(wanted[:-1]) if wanted.endswith("*") else word == wanted
        if not same or start - end > _PHRASE_GAP:
            return None
        end = last
    return end


def together(some: Iterable[Mark], others: Iterable[Mark]) -> Iterator[tuple[Mark, Mark]]:
    """Pairs of words that are of one language."""
    return ((one, other) for one, other in product(some, others) if one.languages & other.languages)
