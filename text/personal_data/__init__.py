"""Personal data in texts: where it stands, of which kind it is, and how to speak of it without saying it."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from msgspec import structs

from text.personal_data import addresses, emails, glance
from text.personal_data.accounts import find_cards, find_ibans
from text.personal_data.addresses import BIG, find_addresses
from text.personal_data.emails import find_emails
from text.personal_data.folding import CLAIMED, fold
from text.personal_data.kinds import Kind, PersonalDatum, Standing
from text.personal_data.lookalikes import find_lookalikes
from text.personal_data.marks import Marks, may_spell_a_number, words_of
from text.personal_data.national_ids import find_national_ids
from text.personal_data.owners import is_anothers
from text.personal_data.phones import find_disguised_phones, find_phone_links, find_phones, may_be_disguised
from text.personal_data.standing import standing_of
from text.rows import Rarest, Wanted

__all__ = ["Kind", "PersonalDatum", "Standing", "asks_for_removal", "find_personal_data", "tells_of_leak"]

MAX_DIGITS, LAST_DIGITS = 5_000, 1_000
"""Digits of one text among which numbers are looked for; of more, the last `LAST_DIGITS` and as many of the first as make up
the rest. That many take 20 to 70 ms, and a text of fifteen thousand characters a third of which are digits is nobody's letter.
"""
MAX_FOUND = 100
"""Of one kind in one text; more of them say nothing more."""

MAX_ASKED = 25
"""Data of one text of which it is asked whose they are."""

_CLOSE_DIGITS = re.compile(r"\d(?:(?:\D{0,3}\d){3}|(?<=[A-Z]\d)\d? \d[A-Z])", re.IGNORECASE)
_ADDRESS_SIGN = re.compile(r"[@＠﹫]|[\[({<*_] ?(?:at|ät|a|[^\W\d_]{4,12}) ?[\])}>*_]", re.IGNORECASE)
_OPENS_ADDRESS_SIGN = re.compile(r"[@＠﹫\[({<*_]")
_DOT_WORDS = frozenset(
    ("dot", "punkt", "punto", "ponto", "point", "točka", "tečka", "kropka", "nokta", "точка", "крапка", "τελεία")
)
_SPOKEN_DOT = re.compile(rf" (?:{'|'.join(sorted(_DOT_WORDS))}) [a-z]{{2,4}}\b", re.IGNORECASE)
"""Most texts have neither four digits close together nor any sign of an e-mail address."""
_DIGIT_OF_ANY_SCRIPT = re.compile(r"\d")
_HOUSE = re.compile(
    rf"{BIG}[\w'’-]*[“”\"».]?,? (?:[^\W\d_]{{1,6}}[.:°º]{{0,2}} ?)?\d{{1,4}}"
    rf"|\d(?<!\d\d)\d{{0,3}}[a-z]?,? (?:[^\W\d_]+ ){{0,3}}{BIG}"
)
"""A name beside a number, as streets have them."""
_MANY_DIGITS = re.compile(r"\d(?:(?:[^\n\d]{0,4}\d){5}|\d{3}(?: ?\n ?\d{4}){3})")


def find_personal_data(
    text: str,
    language: str | None = None,
    read_marks: Callable[[str], Marks] = Marks,
    *,
    spoken: bool = True,
    spoken_dot: bool = True,
    at_home: bool = True,
    street: bool = True,
    glanced: int = glance.ANY,
) -> tuple[PersonalDatum, ...]:
    """All personal data in a text, in its order, without overlaps. Pure; linear. `text` is what `text.written` leaves of one.

    `language` (BCP 47) is a hint about the countries whose telephone numbers are likely. `read_marks` reads the text's marks,
    or has read them; `spoken` and `spoken_dot`: whether a number, and an address, may be said in words; `at_home`: whether a
    word tells of living somewhere, and `street`: whether one is for a street (`text.anchors`). `glanced` is what
    `text.personal_data.glance` tells of the text.
    """
    street = street or "\n" in text
    if not (
        glanced & (glance.MANY | glance.LOOSE | glance.SIGN)
        or spoken
        or spoken_dot
        or at_home
        or (street and glanced & glance.APART)
    ):
        return ()
    digits = glanced & glance.NUMBERED and _DIGIT_OF_ANY_SCRIPT.search(text) is not None
    worth_a_look = bool(
        (glanced & glance.CLOSE and _CLOSE_DIGITS.search(text))
        or (_OPENS_ADDRESS_SIGN.search(text) and _ADDRESS_SIGN.search(text))
        or (spoken_dot and not _DOT_WORDS.isdisjoint(words_of(text)) and _SPOKEN_DOT.search(text))
    )
    spelt = spoken and may_spell_a_number(text)
    if not (worth_a_look or spelt or (digits and at_home and _HOUSE.search(text))):
        return ()
    looked_at = fold(text).text
    many = glanced & glance.MANY and _MANY_DIGITS.search(looked_at)
    disguised = spelt or (worth_a_look and glanced & glance.LOOSE and may_be_disguised(looked_at))
    if not (
        many
        or disguised
        or ((spoken_dot or glanced & glance.SIGN) and emails.may_be_found(looked_at, spoken=spoken_dot))
        or (glanced & glance.APART and street and addresses.may_be_found(looked_at))
        or at_home
    ):
        return ()
    marks = read_marks(text)
    folded = marks.folded
    if not (worth_a_look or marks.any("lives") or (spelt and marks.any("number", "call"))):
        return ()
    search = _Search(_without_most_digits(folded.text))
    search.take(find_emails)
    if street or at_home:
        search.take(lambda rest: find_addresses(rest, marks if at_home else None))
    if many and _MANY_DIGITS.search(search.text):
        search.take(find_ibans)
        search.take(find_phone_links)
        search.take(find_cards)
        search.take(find_national_ids)
        search.clear(find_lookalikes(search.text))
        search.take(lambda rest: find_phones(rest, language, marks))
    if disguised:
        search.take(lambda rest: find_disguised_phones(rest, language, marks))
    return tuple(
        structs.replace(datum, start=start, end=end)
        for datum in _placed(folded.text, marks, sorted(search.found, key=lambda datum: datum.start))
        for start, end in [folded.original(datum.start, datum.end)]
    )


def spoken_dots() -> list[Wanted]:
    """Words for a dot as they stand in the row of a text (`text.rows`)."""
    rarest = Rarest()
    return [wanted for word in sorted({*_DOT_WORDS, *emails.DOT_WORDS.split("|")}) if (wanted := rarest.of([word]))]


def asks_for_removal(marks: Marks) -> bool:
    """Whether a text asks, in whatever language, that something be taken down, and not later."""
    return marks.any("remove") and not marks.any("keep")


def tells_of_leak(marks: Marks) -> bool:
    """Whether a text says that somebody else has published something, or that nobody agreed to it."""
    return marks.any("leaked")


def _placed(text: str, marks: Marks, found: list[PersonalDatum]) -> Iterator[PersonalDatum]:
    """The data with whose they are and where they lead."""
    since = 0
    for count, datum in enumerate(found):
        if count < MAX_ASKED and is_anothers(text, datum.start):
            datum = structs.replace(datum, anothers=True)
        standing = standing_of(text, marks, datum, since)
        if standing is Standing.PERSONAL:
            since = datum.end
        yield structs.replace(datum, standing=standing)


def _without_most_digits(text: str) -> str:
    """The text with digits beyond `MAX_DIGITS` taken away, each in its place."""
    if len(text) <= MAX_DIGITS:
        return text
    places = [found.start() for found in _DIGIT.finditer(text)]
    if len(places) <= MAX_DIGITS:
        return text
    start, end = places[MAX_DIGITS - LAST_DIGITS], places[-LAST_DIGITS]
    return text[:start] + _DIGIT.sub(CLAIMED, text[start:end]) + text[end:]


_DIGIT = re.compile("[0-9]")


class _Search:
    """A text from which everything that was recognised is taken away, so that nothing is recognised twice."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[PersonalDatum] = []

    def take(self, find: Callable[[str], Iterable[PersonalDatum]]) -> None:
        """Add what `find` finds in what is left."""
        fresh: list[PersonalDatum] = []
        for datum in islice(find(self.text), MAX_FOUND):
            if all(datum.end <= other.start or other.end <= datum.start for other in fresh):
                fresh.append(datum)
        self.found += fresh
        self.clear((datum.start, datum.end) for datum in fresh)

    def clear(self, spans: Iterable[tuple[int, int]]) -> None:
        """Take spans away."""
        parts, reached = [], 0
        for start, end in sorted(spans):
            if end > reached:
                start = max(start, reached)
                parts += [self.text[reached:start], CLAIMED * (end - start)]
                reached = end
        if parts:
            self.text = "".join([*parts, self.text[reached:]])
