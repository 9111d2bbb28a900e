"""Whose a piece of personal data is, as far as the text says: "her number is…", "call Maria Kowalska at…", "he lives at…".

Most texts do not say it. A name alone says nothing, because people sign with theirs. Words of about thirty languages stand in
`text/languages`; each language is tried by itself, because `ich` is I in one and their in another.
"""

import re
from functools import cache
from unicodedata import category, normalize

from msgspec import Struct

from text.languages import read_lists
from text.personal_data.words import number_words, sentence_before

REACH = 72
"""Characters before a datum in which the text says whose it is."""

_CAPITAL = "[A-ZŁØĐÆŒÞƏΑ-ΩА-ЯЄІЇҐЂЃЈ-ЏԱ-Ֆ]"
_SMALL = "[^\\W\\d_A-ZŁØĐÆŒÞƏΑ-ΩА-ЯЄІЇҐЂЃЈ-ЏԱ-Ֆ]"
_NAME = rf"(?-i:{_CAPITAL}{_SMALL}+(?:[ -]{_CAPITAL}{_SMALL}+){{0,2}})"
_FULL_NAME = rf"(?-i:{_CAPITAL}{_SMALL}+[ -]{_CAPITAL}{_SMALL}+)"
"""In German every noun has a capital letter: there it takes two words."""
_NO_NAME = "(?!(?:now|us|me|today|the|our|here|free|back|this|my|for|at|on|him|her|them)\\b)"
_BETWEEN = r"(?:[ ][^\W\d_]+){0,2}[ -]{1,2}"
"""Up to two words: her *private mobile* number."""


class _Words(Struct, frozen=True, forbid_unknown_fields=True):
    """One language's list; what each part is says `text/languages/README.md`."""

    things: str
    theirs: str = ""
    theirs_after: str = ""
    mine: str = ""
    mine_after: str = ""
    of: str = ""
    people: str = ""
    lives: str = ""
    call: str = ""
    title: str = ""
    genitive: str | None = None


class _Language(Struct, frozen=True):
    """What shows that a datum is somebody else's, and what that it is the writer's own; whether only letters that are
    not Latin say so.
    """

    anothers: re.Pattern[str]
    mine: re.Pattern[str]
    in_other_script: bool


def _plain(text: str) -> str:
    """Without accents, and with its case, which tells names."""
    if text.isascii():
        return text
    return "".join(c for c in normalize("NFD", text) if category(c) != "Mn").replace("’", "'")


def _either(listed: str) -> str:
    """A pattern for any of the entries."""
    entries = [_entry(entry.strip()) for entry in _plain(listed).split(",") if entry.strip()]
    return "(?:" + "|".join(entries) + ")" if entries else "(?!)"


def _entry(entry: str) -> str:
    if "(" not in entry:
        entry = " ".join(f"({word})" if "|" in word else word for word in entry.split())
    return entry.replace("(", "(?:").replace("*", r"\w*").replace(" ", "[ ]{1,2}").replace("[ ]{1,2}?", "[ ]?")


def _language(code: str, words: _Words) -> _Language:
    things, people, of = _either(words.things), _either(words.people), _either(words.of)
    titled = rf"{_either(words.title)}\.?[ ]{_NAME}"
    name = rf"{_NO_NAME}(?:{titled}|{_FULL_NAME if code == 'de' else _NAME})"
    whom = rf"(?:{people}(?:[ ]{name})?|{name})"
    forms = [
        rf"{_either(words.theirs)}{_BETWEEN}?{things}",
        rf"{things}[ ]{_either(words.theirs_after)}",
        rf"{things}[ ](?:{of}[ ]?)?{people}(?:[ ]{name})?",
        rf"{things}[ ]{of}[ ]?{name}",
        rf"{people}(?:'s)?[ ](?:{things}|{name})",
        rf"{_either(words.call)}[ ]{whom}",
        _either(words.lives),
        titled,
    ]
    if words.genitive is not None:
        forms.append(rf"{name}(?:{words.genitive or '(?=[ ])'}|(?<={words.genitive[-1:] or ' '})){_BETWEEN}{things}")
    mine = [_either(words.mine), rf"{things}[ ]{_either(words.mine_after)}"]
    anothers, own = (
        re.compile(rf"(?<![^\W_])(?:{'|'.join(either)})(?![^\W_])", re.IGNORECASE) for either in (forms, mine)
    )
    return _Language(anothers, own, not words.things.lstrip("*")[0].isascii())


@cache
def _languages() -> tuple[_Language, ...]:
    listed = read_lists("owners", _Words)
    return tuple(_language(code, words) for code, words in listed.items())


def is_anothers(text: str, start: int) -> bool:
    """Whether the words before `start` ascribe what stands there to somebody else than the writer.

    The nearest words count: "her number is with me, mine is…" speaks of the writer's.
    """
    said = _plain(sentence_before(text, start, REACH))
    latin = said.isascii()
    spoken = [one for one in _languages() if not (latin and one.in_other_script) and one.anothers.search(said)]
    return any(_says(language, said) for language in spoken)


def _says(language: _Language, said: str) -> bool:
    ends = [
        found.end()
        for found in language.anothers.finditer(said)
        if not number_words().place.search(found[0].casefold())
    ]
    return bool(ends) and not language.mine.search(said, ends[-1])
