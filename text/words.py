"""Words in one form, however people write them, and the lists of words that this package comes with."""

import re
from collections.abc import Callable, Iterable
from importlib.resources import files
from typing import Any, TypeVar
from unicodedata import normalize

import yaml

T = TypeVar("T")

_WORD = re.compile(r"[^\W_]+")
_DIACRITICS = re.compile("[\u0300-\u036f\u064b-\u065f\u0670\u0640]+")
_LETTERS = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ى": "ي", "ة": "ه", "ې": "ي"}
)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Libyaml's, where there is one, reads the lists fourteen times as fast. A later key never replaces an earlier one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping, if its keys are strings and all different."""
        names = [key.value for key, _ in node.value]
        if twice := next((name for index, name in enumerate(names) if name in names[:index]), None):
            raise ValueError(f"{twice}: stands twice, expected each name once")
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


class _Forms(dict[int, str]):
    """A table for str.translate that fills itself; it holds at most one entry for every code point there is."""

    def __missing__(self, code: int) -> str:
        self[code] = letter = folded_letter(chr(code))
        return letter


def folded_letter(letter: str) -> str:
    """What a small letter is in a folded word."""
    return normalize("NFC", _DIACRITICS.sub("", normalize("NFKD", letter))).translate(_LETTERS)


_FORMS = _Forms()


def folded(word: str) -> str:
    """The word without case and diacritics, because people leave them out. The same for texts and for our lists."""
    word = word.casefold()
    if word.isascii():
        return word
    word = word.translate(_FORMS)
    return word if word.isascii() else normalize("NFC", word)


class Memo(dict[str, T]):
    """What `find` finds for each word; each word is asked once."""

    def __init__(self, find: Callable[[str], T]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, word: str) -> T:
        self[word] = found = self._find(word)
        return found


class WordMemo:
    """What words of one batch of texts were found to mean, by who asks. It is dropped with the batch: nothing that members
    write is kept in a cache of the process.
    """

    def __init__(self) -> None:
        self._memos: dict[Callable[[str], Any], Memo[Any]] = {}

    def of(self, find: Callable[[str], T]) -> Memo[T]:
        """What `find` has found for words so far."""
        if find not in self._memos:
            self._memos[find] = Memo(find)
        return self._memos[find]

    def __eq__(self, other: object) -> bool:
        """Whatever was looked up already, no reading is another one for it."""
        return isinstance(other, WordMemo)

    __hash__ = None  # type: ignore[assignment]


class Beginnings:
    """Beginnings of words: how long those are, in letters, that a word may have. Most words are soon seen to have none."""

    def __init__(self, beginnings: Iterable[str]) -> None:
        self._long: dict[str, tuple[int, ...]] = {}
        self._short: dict[str, tuple[int, ...]] = {}
        self._of_short = Memo(self._find_short)
        listed = sorted(set(beginnings), key=lambda one: (len(one), one))
        self._lengths = sorted({len(one) for one in listed if len(one) < _EDGE}, reverse=True)
        for one in listed:
            if len(one) < _EDGE:
                self._short[one] = (*self._find_short(one), len(one))
        for one in listed:
            if len(one) >= _EDGE:
                lengths = self.of(one)
                self._long[one[:_EDGE]] = lengths if len(one) in lengths else (*lengths, len(one))

    def of(self, word: str) -> tuple[int, ...]:
        """Their lengths, the shortest first."""
        found = self._long.get(word[:_EDGE])
        return self._of_short[word[: _EDGE - 1]] if found is None else found

    def _find_short(self, edge: str) -> tuple[int, ...]:
        if len(self._of_short) >= _MOST_EDGES:
            self._of_short.clear()
        return next((found for length in self._lengths if (found := self._short.get(edge[:length]))), ())


_MOST_EDGES = 10_000
"""Of so many first letters of words it is kept what they begin with; there are hardly more."""
_EDGE = 4


def words_in(text: str) -> list[str]:
    """The words of a text, rows of letters and digits, in its order."""
    return _WORD.findall(text)


def by_first_letter(words: Iterable[str]) -> str:
    """Words, which may be expressions behind their first letters, as alternatives of one, of which those are tried at a place
    that begin with its letter. What is found is the same: of those that begin alike the first one.
    """
    found: dict[str, list[str]] = {}
    for word in words:
        found.setdefault(word[0], []).append(word[1:])
    return "|".join(f"{letter}(?:{'|'.join(rests)})" for letter, rests in found.items())


def read_list(*path: str) -> Any:
    """What a YAML file of this package holds; `path` is relative to the package."""
    return parse_list(files("text").joinpath(*path).read_text("utf-8"))


def parse_list(source: str) -> Any:
    """What a list in YAML holds. Raises ValueError where it is none, or a name stands twice."""
    try:
        return yaml.load(source, Loader=_Loader)  # noqa: S506 -- it is a safe one
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from error
