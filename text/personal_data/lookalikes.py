"""What has many digits and is nobody's: dates, years, links, addresses of machines, numbers of books and projects."""

import re
from collections.abc import Iterator

from stdnum import isbn, issn

_YEAR = r"(?:1\d|20)\d\d"
_MONTH, _DAY = r"(?:1[0-2]|0?[1-9])", r"(?:3[01]|[12]\d|0?[1-9])"
_ALONE = r"(?<![\w])(?<!\d[.,/-]){}(?!\w)(?![./-]\d)"

_HARMLESS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # links; a number in the address of a messenger is looked for before these are taken away
        r"(?:\b[a-z][a-z0-9+.-]{1,15}://|\bwww\.)\S+",
        r"(?<![\w@.])(?:[a-z0-9][a-z0-9-]{0,62}\.){1,4}[a-z]{2,12}/\S+",
        # times with their date
        rf"{_YEAR}-?{_MONTH}-?{_DAY}[T ]\d\d[:.]?\d\d(?:[:.]?\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?",
        # the lists and ranges that calendars are full of: 12.-14.05.2024, 01.09.2023-30.06.2024, 2019-2023, 2019/20
        # and the hour behind a date: 05.03.2027-17:00
        _ALONE.format(
            rf"(?:{_DAY}\.? ?[-/] ?)?{_DAY}([./-]) ?{_MONTH}\1 ?(?:{_YEAR}|\d\d)(?: ?[-–] ?[012]?\d[:.h][0-5]\d)?"
        ),
        _ALONE.format(
            rf"{_DAY}([./]) ?{_MONTH}(?:\.|\1 ?(?:{_YEAR}|\d\d))?,? ?(?:-|/|to|do|bis|au|al|a|até|till|til|tot|по|до|–)"
            rf" ?{_DAY}\1 ?{_MONTH}(?:\.|\1)? ?(?:{_YEAR}|(?<=[./])\d\d)?"
        ),
        # months of a term: 09/2026 - 06/2027
        _ALONE.format(rf"{_MONTH}[./]{_YEAR} ?- ?{_MONTH}[./]{_YEAR}"),
        _ALONE.format(rf"{_YEAR}[./-]{_MONTH} ?- ?{_YEAR}[./-]{_MONTH}"),
        # numbers that everybody may call: 116 111
        _ALONE.format(r"116 ?\d{3}"),
        _ALONE.format(rf"{_MONTH}([./-]){_DAY}\1{_YEAR}"),
        _ALONE.format(rf"{_YEAR}([./-]) ?{_MONTH}\1 ?{_DAY}"),
        _ALONE.format(rf"{_YEAR} {_MONTH} {_DAY}"),
        _ALONE.format(r"(?:19[3-9]|20[0-4])\d(?:1[0-2]|0[1-9])(?:3[01]|[12]\d|0[1-9])"),
        _ALONE.format(rf"{_YEAR}(?: ?[-/,] ?{_YEAR})+"),
        _ALONE.format(rf"{_YEAR}(?: {_YEAR})+"),
        _ALONE.format(rf"{_YEAR}[-/]\d\d"),
        _ALONE.format(r"[012]?\d[:.h][0-5]\d ?- ?[012]?\d[:.h][0-5]\d"),
        # addresses of machines, unless all groups are pairs, as telephone numbers are written
        r"(?<![\w.])(?!(?:\d\d\.){3}\d\d(?!\d))(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\w|\.\w)",
        # coordinates and other decimals
        r"(?<![\w.+])(?!0\d)\d{1,3}\.\d{4,}+(?!\.\d)",
        r"(?<!\d)\d{1,8}(?:\.\d{1,12})? ?°",
        # ORCID and ISNI
        r"(?<![\w-])\d{4}-\d{4}-\d{4}-\d{3}[\dX](?![\w-])",
    )
]
_LINKS, _TIME, _NUMBERS = _HARMLESS[:2], _HARMLESS[2], _HARMLESS[3:]
_DIGITS = re.compile(r"\d(?<!\d\d)")
"""Where digits begin: none of `_NUMBERS` is found within some."""
_ISBN = re.compile(r"(?<![\w-])(?:97[89][- ]{0,2})?\d(?:[- ]{0,2}\d){8}[- ]?[\dX](?![\w-])", re.IGNORECASE)
_ENOUGH_FOR_A_BOOK = re.compile(r"\d(?:[- ]{0,2}\d){8}")
_ISSN = re.compile(r"(?<![\w-])\d{4}-\d{3}[\dX](?![\w-])", re.IGNORECASE)


def find_lookalikes(text: str) -> Iterator[tuple[int, int]]:
    """Spans of a folded text in which digits mean something else than a person. They may overlap."""
    links = "/" in text or "www." in text.lower()
    for pattern in (*_LINKS, _TIME) if links else (_TIME,):
        for match in pattern.finditer(text):
            yield match.span()
    places = [match.start() for match in _DIGITS.finditer(text)]
    for pattern in _NUMBERS:
        end = 0
        for place in places:
            if place >= end and (number := pattern.match(text, place)):
                end = number.end()
                yield number.span()
    for match in _ISBN.finditer(text) if _ENOUGH_FOR_A_BOOK.search(text) else ():
        if _is_book(match[0], text[max(0, match.start() - 12) : match.start()]):
            yield match.span()
    for match in _ISSN.finditer(text) if "-" in text else ():
        said = "ssn" in text[max(0, match.start() - 12) : match.start()].lower()
        if said or issn.is_valid(match[0]):
            yield match.span()


def _is_book(number: str, before: str) -> bool:
    """Thirteen digits say it by their prefix; one in eleven telephone numbers passes for the older kind of ten."""
    compact = isbn.compact(number)
    if len(compact) == 13 or "isbn" in before.lower():
        return True
    return number.count("-") == 3 and number[-2] == "-" and isbn.is_valid(compact)
