"""How private a piece of personal data is where it stands: a person's, an office's, or one of a book.

Whose name or living somewhere is said is a person; a school, a museum or an authority is there to be found; an exercise and a
novel speak of nobody.
"""

import re

from text.personal_data.kinds import Kind, PersonalDatum, Standing
from text.personal_data.marks import Mark, Marks, together

REACH_BEFORE, REACH_AFTER = 120, 60
"""Characters around a datum in which a word can be about it."""
_INVENTED_REACH = 240
"""The same for the word that makes a whole dialogue an exercise."""
_MY_OFFICE = 28
"""Characters between *my* and the school that is mine."""
_HOME_AFTER = 24
"""`Petőfi utca 14-ben lakik`: many languages say the verb at the end."""

_SENTENCE_END = re.compile(
    r"[!?;…]\s|(?<=[^\W_]{4})\.\s+(?=[^\W\d_]*[A-ZÀ-ÞА-ЯΑ-ΩԱ-Ֆ])|(?<=\d)\.\s+(?=[A-ZÀ-ÞА-ЯΑ-ΩԱ-Ֆ])|\n\s*\n"
)
_LINE_WITH_WORDS = re.compile(r"[^\W\d_]{3,}[^\n]*[^\W\d_]{3,}|[^\W\d_]{3,}[^\n]*\Z")
_BARE_NAME = re.compile(
    r"(?:\A|[,;(/\n]|[-–—] |\d )\s*((?:[A-ZÀ-ÞА-ЯΑ-ΩԱ-ՖЀ-Џ][^\W\d_]+[ ]?){1,3})(?:[:,(-]|is|ist|est|es|to)?\s*[+(]?\Z"
)
_FREE = re.compile(
    r"(?:\+ ?|00 ?)?800[ .-]?\d|\(?0?80[058]\)?[ ./-]?\d|[78][ (-]{0,2}800|06[ -]?80|444 ?\d{4}\Z"
    r"|0 800[ .]?\d|900(?:[ .-]?\d){6}\Z"
)
"""Numbers that anybody may call free of charge: nobody's own begins so."""


def standing_of(text: str, marks: Marks, datum: PersonalDatum, since: int) -> Standing:
    """Where `datum` leads. `text` is folded; `since` is where the last datum of a person ends, of which nothing is heard."""
    if datum.standing is not Standing.PERSONAL or datum.kind in (Kind.CARD, Kind.NATIONAL_ID):
        return datum.standing
    start, end = _sentence(text, datum, since)
    if datum.kind is Kind.ADDRESS:
        return _of_an_address(marks, datum, start, end)
    free = datum.kind is Kind.PHONE and _FREE.match(text, datum.start, datum.end)
    said = datum.anothers or marks.any("my", "private", start=start, end=datum.start)
    # "call Childline at …": a name, but no person's
    if free and (not said or marks.any("hotline", start=start, end=datum.start)):
        return Standing.OFFICE
    if datum.kind is not Kind.IBAN and _is_invented(marks, datum):
        return Standing.EXAMPLE
    return _of_a_number(text, marks, datum, start, end)


def _sentence(text: str, datum: PersonalDatum, since: int) -> tuple[int, int]:
    """What is said about the datum: its sentence, and the line above where its own line says nothing."""
    start = max(0, datum.start - REACH_BEFORE, since)
    for ended in _SENTENCE_END.finditer(text, start, datum.start):
        start = ended.end()
    line = text.rfind("\n", start, datum.start) + 1
    if line > start and _LINE_WITH_WORDS.search(text[line : datum.start]):
        start = line
    stop = min(len(text), datum.end + REACH_AFTER)
    ended_ = _SENTENCE_END.search(text, datum.end, stop)
    return start, ended_.start() if ended_ else stop


def _is_near(marks: Marks, datum: PersonalDatum, kind: str) -> bool:
    """Whether there is such a word around the datum, though not in it: streets are called after kings."""
    found = marks.of(kind, start=max(0, datum.start - _INVENTED_REACH), end=datum.end + _INVENTED_REACH)
    return any(mark.end <= datum.start or mark.start >= datum.end for mark in found)


def _is_invented(marks: Marks, datum: PersonalDatum) -> bool:
    return _is_near(marks, datum, "exercise") and not _is_near(marks, datum, "private")


def _of_an_address(marks: Marks, datum: PersonalDatum, start: int, end: int) -> Standing:
    lives = marks.of("lives", start=start, end=min(end, datum.end + _HOME_AFTER))
    if _is_invented(marks, datum) or (lives and _is_near(marks, datum, "fiction")):
        return Standing.EXAMPLE
    homes = {mark.start for mark in marks.of("private", start=start, end=end)}  # 'thuis' is no 'huis' of a town
    outside = [
        mark
        for mark in marks.of("office", "institution", start=start, end=end)
        if (mark.end <= datum.start or mark.start >= datum.end) and mark.start not in homes
    ]
    if not outside:
        return Standing.PERSONAL
    # whose verb and whose school are of two languages: "mora" lives in one of them, and must in the other
    if any(one.end > datum.start - REACH_BEFORE for one in lives) and (
        any(together(lives, outside)) or not any(m.end <= datum.start for m in outside)
    ):
        return Standing.PERSONAL
    return Standing.OFFICE


def _of_a_number(text: str, marks: Marks, datum: PersonalDatum, start: int, end: int) -> Standing:
    office = marks.of("office", "institution", start=start, end=datum.start)
    behind = [mark for mark in marks.of("office", start=datum.end, end=end) if _leads_on(text[datum.end : mark.start])]
    hot = marks.any("hotline", start=start, end=datum.start)
    if datum.anothers or marks.any("private", start=start, end=min(end, datum.end + _HOME_AFTER)):
        return Standing.PERSONAL
    if not office and not behind:
        return Standing.OFFICE if hot and not marks.any("my", start=start, end=datum.start) else Standing.PERSONAL
    known = [*office, *behind]
    mine = {one for one, _ in together(marks.of("my", start=start, end=datum.start), known)}
    if any(not _is_of_an_office(one, known) for one in mine):
        return Standing.PERSONAL
    named = _BARE_NAME.search(text, start, datum.start)
    if named and not marks.any(*_ALL_BUT_PEOPLE, start=named.start(1), end=named.end(1)):
        return Standing.PERSONAL
    return Standing.OFFICE


_ALL_BUT_PEOPLE = ("number", "office", "institution", "call", "address", "hotline", "class")


def _leads_on(between: str) -> bool:
    """`61 852 34 19 (secretary's office)`, `… is our school's office`."""
    return len(between) <= 14 and re.search(r"[,;:]", between) is None


def _is_of_an_office(mine: Mark, offices: list[Mark]) -> bool:
    return any(0 <= office.start - mine.end <= _MY_OFFICE or 0 <= mine.start - office.end <= 2 for office in offices)
