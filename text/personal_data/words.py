"""Words that say what a number is, in the languages of the network and in some of its guests'.

The words of each language stand in its `numbers.yaml` (`text/languages`). They are compared as `folding.without_accents`
leaves them. In scripts that put words together without blanks they are looked for anywhere.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from msgspec import Struct, structs

from text.languages import read_lists
from text.personal_data.folding import without_accents
from text.words import by_first_letter

REACH = 48
"""Characters before a number in which a word can be about it."""
_SENTENCE_END = re.compile(r"[\n!?;]|\.\s+(?=[A-ZÀ-ÞА-ЯΑ-ΩԱ-Ֆ][^\W\d_]{2})")
_UNSPACED = re.compile(
    r"[\u0590-\u08ff\u0900-\u0dff\u0e00-\u0eff\u2600-\u27bf\u3040-\u9fff\uac00-\ud7af\U0001f300-\U0001faff]"
)


class _Listed(Struct, frozen=True, forbid_unknown_fields=True):
    """One language's list, parted by commas; with a star where more letters may follow."""

    phone: str = ""
    phone_after: str = ""
    own: str = ""
    other: str = ""
    card: str = ""
    place: str = ""
    ids: dict[str, str] = {}


class NumberWords(NamedTuple):
    """Patterns for the words of all languages: a number that is somebody's telephone's (before it, and `phone_after` where a
    language says so behind it), that is the writer's or somebody's `own`, that is an order's or another thing's (`other`), or
    a card's; a `place` whose addresses and numbers are there to be found; and `ids` by the names that
    `national_ids` has for them, each with the words for `any` of them.
    """

    phone: re.Pattern[str]
    phone_after: re.Pattern[str]
    own: re.Pattern[str]
    other: re.Pattern[str]
    card: re.Pattern[str]
    place: re.Pattern[str]
    ids: Mapping[str, re.Pattern[str]]


@cache
def number_words() -> NumberWords:
    """Those of all languages. Raises ListError."""
    lists = read_lists("numbers", _Listed).values()
    names = [field.name for field in structs.fields(_Listed) if field.name != "ids"]
    patterns = {name: _pattern(",".join(getattr(listed, name) for listed in lists)) for name in names}
    of_ids: dict[str, list[str]] = {}
    for listed in lists:
        for name, words in listed.ids.items():
            of_ids.setdefault(name, []).append(words)
    of_any = of_ids.pop("any", [])
    ids = {name: _pattern(",".join([*of_any, *words])) for name, words in of_ids.items()}
    return NumberWords(**patterns, ids=ids)


def _pattern(listed: str) -> re.Pattern[str]:
    entries = dict.fromkeys(entry.strip() for entry in listed.split(","))
    return any_of("|".join(entry[:-1] if entry.endswith("*") else f"{entry}$" for entry in entries if entry))


def any_of(words: str) -> re.Pattern[str]:
    """A pattern for what begins with any of the words or phrases, which stand on lines or between bars; a `$` stands where
    nothing may follow.
    """
    spaced: list[str] = []
    unspaced: list[str] = []
    for word in filter(None, (w.strip() for w in re.split(r"[|\n]", words))):
        bare, stop = (word[:-1], r"(?!\w)") if word.endswith("$") else (word, "")
        parts = [re.escape(part) for part in without_accents(bare).split()]
        (unspaced if _UNSPACED.match(word) else spaced).append(r"[\s:,.'’-]{1,3}".join(parts) + stop)
    either = [rf"(?<![^\W_])(?:{by_first_letter(spaced)})"] if spaced else []
    return re.compile("|".join([*either, *unspaced]))


def sentence_before(text: str, start: int, reach: int = REACH) -> str:
    """What is said before `start` in the same sentence, as it is written."""
    window = text[max(0, start - reach) : start]
    ends = [found.end() for found in _SENTENCE_END.finditer(window)]
    return window[ends[-1] :] if ends else window


def before(text: str, start: int, reach: int = REACH) -> str:
    """The same, fit to be searched for words."""
    return without_accents(sentence_before(text, start, reach))


def said_before(words: re.Pattern[str], text: str, start: int) -> bool:
    """Whether one of the words is said shortly before `start`."""
    return words.search(before(text, start)) is not None


def last_end(words: re.Pattern[str], said: str) -> int:
    """Where the last of the words in `said` ends; -1 where there is none."""
    return max((found.end() for found in words.finditer(said)), default=-1)
