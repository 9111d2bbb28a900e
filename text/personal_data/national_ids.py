"""Numbers that a state gives a person, where python-stdnum knows their check digits.

Many of them are eleven digits like a telephone number, with one check digit that every eleventh number has. Those count only
where a word says what they are; the others have a form, or check digits, that nothing else has by chance.

A few of the library's modules (BE, DK, NO, SE) ask today's date whether somebody is born already. It decides nothing but
how a number with a birthday in the future is taken, which nobody has.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain, islice

from msgspec import Struct
from stdnum.at import vnr
from stdnum.be import nn
from stdnum.bg import egn
from stdnum.ch import ssn as ahv
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.ee import ik
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.gr import amka
from stdnum.hr import oib
from stdnum.ie import pps
from stdnum.is_ import kennitala
from stdnum.it import codicefiscale
from stdnum.lt import asmens
from stdnum.lv import pvn
from stdnum.md import idno
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import cc, nif
from stdnum.ro import cnp
from stdnum.ru import inn
from stdnum.se import personnummer
from stdnum.si import emso
from stdnum.tr import tckimlik
from stdnum.ua import rntrc
from stdnum.us import ssn

from text.languages import ListError
from text.personal_data.folding import without_accents
from text.personal_data.kinds import Kind, PersonalDatum
from text.personal_data.words import before, number_words

MAX_CANDIDATES = 300
"""Of one form in one text."""
_REACH_AFTER = 24


class _Form(Struct, frozen=True):
    """How one country writes its numbers. `said`: the name of the words that say what it is, in the lists of languages
    (`ids` in `numbers.yaml`); None: the form itself does.
    """

    country: str
    pattern: re.Pattern[str]
    is_valid: Callable[[str], bool]
    said: str | None
    digits: int
    """So many (0, or one of `_ENOUGH`) it has at least, with no more between two of them than these allow."""

    @property
    def mask(self) -> str:
        """It names the country, where the form is one country's."""
        return f"[national id {self.country}…]" if self.country else "[identity document]"


def _form(
    country: str, pattern: str, is_valid: Callable[[str], bool], said: str | None = None, *, digits: int = 9
) -> _Form:
    bounded = rf"(?<![^\W_])(?<![A-Za-z0-9][,_/-])(?<!\d\.){pattern}(?![^\W_])(?![.,/-]\d)"
    return _Form(country, re.compile(bounded, re.ASCII), is_valid, said, digits)


def _always(_: str) -> bool:
    return True


def _weighed(number: str, weights: Iterable[int], modulus: int) -> bool:
    """Whether the last digit is the remainder of the others' weighed sum."""
    *digits, last = (int(digit) for digit in number if digit.isdecimal())
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % modulus == last


_FORMS = (
    # forms that nothing else has
    _form(
        "IT",
        r"[A-Za-z]{6}[\dL-Vl-v]{2}[A-Ta-t][\dL-Vl-v]{2}[A-Za-z][\dL-Vl-v]{3}[A-Za-z]",
        codicefiscale.is_valid,
        digits=0,
    ),
    _form("FI", r"\d{6}[-+A-FU-Ya-fu-y]\d{3}[0-9A-Ya-y]", hetu.is_valid),
    _form("CZ/SK", r"\d{6} ?/ ?\d{4}", rc.is_valid),
    _form("BE", r"\d\d\.\d\d\.\d\d[- ]\d{3}[. ]\d\d", nn.is_valid),
    _form("CH", r"756\.\d{4}\.\d{4}\.\d\d", ahv.is_valid),
    _form("SE", r"(?:19|20)?\d{6}[-+]\d{4}", personnummer.is_valid),
    _form("IS", r"\d{6}-\d{4}", lambda number: kennitala.is_valid(number) and number[0] in "0123"),
    _form("LV", r"\d{6}-\d{5}", pvn.is_valid),
    _form("ES", r"[XYZxyz][- ]?\d{7}[- ]?[A-Za-z]", nie.is_valid, digits=7),
    _form("PT", r"\d{8} \d ?[A-Z]{2}\d", cc.is_valid),
    # check digits and a date of birth that hardly any number has by chance
    _form("FR", r"[12](?: ?\d\d){2} ?\d[\dABab](?: ?\d{3}){2} ?\d\d", nir.is_valid),
    _form("NO", r"\d{6} ?\d{5}", fodselsnummer.is_valid),
    _form("RO", r"[1-8]\d{12}", cnp.is_valid),
    _form("BA/ME/MK/RS/SI", r"\d{13}", emso.is_valid),
    # numbers like any other
    _form("AT", r"\d{4}[ -]?\d{6}", vnr.is_valid, "svnr"),
    _form("BE", r"\d{11}", nn.is_valid, "nrn"),
    _form("BG", r"\d{10}", egn.is_valid, "egn"),
    _form("CH", r"756\d{10}", ahv.is_valid, "ahv"),
    _form("CZ/SK", r"\d{9,10}", rc.is_valid, "rc"),
    _form("DE", r"\d\d ?\d{3} ?\d{3} ?\d{3}", idnr.is_valid, "idnr"),
    _form("DK", r"\d{6}[- ]?\d{4}", cpr.is_valid, "cpr"),
    _form("EE", r"[1-8]\d{10}", ik.is_valid, "ik"),
    _form("ES", r"\d{8}[- ]?[A-Za-z]", dni.is_valid, "dni", digits=7),
    _form("GB", r"\d{3}[ -]?\d{3}[ -]?\d{4}", nhs.is_valid, "nhs"),
    _form("GR", r"\d{11}", amka.is_valid, "amka"),
    _form("HR", r"\d{11}", oib.is_valid, "oib"),
    _form("IE", r"\d{7}[A-Wa-w][A-IWa-iw]?", pps.is_valid, "pps", digits=7),
    _form("LT", r"[1-6]\d{10}", asmens.is_valid, "asmens"),
    _form("LV", r"\d{11}", pvn.is_valid, "personas"),
    _form("MD", r"\d{13}", idno.is_valid, "idnp"),
    _form("NL", r"\d{4}\.?\d{2}\.?\d{3}", bsn.is_valid, "bsn"),
    _form("PL", r"\d{11}", pesel.is_valid, "pesel"),
    _form("PT", r"\d{3} ?\d{3} ?\d{3}", nif.is_valid, "nif"),
    _form("RU", r"\d{12}", inn.is_valid, "inn"),
    _form("SE", r"(?:19|20)?\d{10}", lambda n: personnummer.is_valid(f"{n[:-4]}-{n[-4:]}"), "personnummer"),
    _form("TR", r"[1-9]\d{10}", tckimlik.is_valid, "tckn"),
    _form("UA", r"\d{10}", rntrc.is_valid, "rnokpp"),
    # numbers whose check digits the library does not know, or that have none: words alone say what they are
    _form("HU", r"\d{3} ?\d{3} ?\d{3}", lambda n: _weighed(n, (3, 7) * 4, 10), "taj"),
    _form("HU", r"8\d{9}", lambda n: _weighed(n, range(1, 10), 11), "adoazonosito"),
    _form("HU", r"[1-8][- ]?\d{6}[- ]?\d{4}", _always, "szemelyi"),
    _form(
        "GB",
        r"[A-CEGHJ-PR-TW-Za-z]{2} ?\d\d ?\d\d ?\d\d ?[A-Da-d]",
        _always,
        "nino",
        digits=0,
    ),
    _form(
        "MT",
        r"\d{3,7} ?[MGAPLHBZmgaplhbz]",
        _always,
        "karta",
        digits=0,
    ),
    _form("LU", r"(?:19|20)\d{2} ?\d{4} ?\d{3,5}", _always, "matricule"),
    _form("GE", r"\d{11}", _always, "piradi"),
    _form("AM", r"\d{10}", _always, "soc"),
    _form("AZ", r"(?=[A-Za-z]*\d)[A-Za-z0-9]{7}", _always, "fin", digits=0),
    _form("AL", r"[A-Ta-t]\d{8}[A-Wa-w]", _always, "nid", digits=7),
    _form("RU", r"\d{3}[- ]\d{3}[- ]\d{3}[- ]?\d\d", _always, "snils"),
    _form("GR", r"\d{9}", _always, "afm"),
    _form("JO/LB/TN", r"\d{8,12}", _always, "raqm", digits=7),
    _form("SI", r"\d{8}", _always, "davcna", digits=7),
    _form(
        "",
        r"(?:(?:[A-Z]{1,3} ?)?\d\d ?\d\d ?\d{2,6}[A-Z]{0,2}|(?=(?:[A-Z]*\d){5})[A-Z\d]{8,9})",
        _always,
        "document",
        digits=0,
    ),
    _form("US", r"\d{3}-\d\d-\d{4}", ssn.is_valid, "ssn"),
)


_ENOUGH = {digits: re.compile(rf"\d(?:\D{{0,3}}\d){{{digits - 1}}}") for digits in (9, 7)}
_FORMS_OF = {digits: tuple(form for form in _FORMS if form.digits <= digits) for digits in (*_ENOUGH, 0)}
"""Those that a text may have with so many digits close together, and no more."""


@cache
def _words_of_ids() -> Mapping[str, re.Pattern[str]]:
    """The words of all languages by the names that forms have for them. Raises ListError where a list names another."""
    listed, wanted = number_words().ids, {form.said for form in _FORMS if form.said}
    if listed.keys() != wanted:
        raise ListError(
            f"numbers.yaml: ids: {', '.join(sorted(listed.keys() ^ wanted))}: not in both the lists and `_FORMS`"
        )
    return listed


def find_national_ids(text: str) -> Iterator[PersonalDatum]:
    """National identifiers of persons in a folded text; they may overlap where a number is good in several countries."""
    stretches = _near_digits(text)
    for form in _FORMS_OF[next((digits for digits, enough in _ENOUGH.items() if enough.search(text)), 0)]:
        whole = form is _FORMS[0]  # the only one that may have no digits
        matches = chain.from_iterable(form.pattern.finditer(text, *one) for one in ([(0,)] if whole else stretches))
        for match in islice(matches, MAX_CANDIDATES):
            if form.is_valid(match[0]) and _is_meant(form, text, match):
                yield PersonalDatum(Kind.NATIONAL_ID, match.start(), match.end(), form.mask)


_NEAR = 24
"""Characters around a digit in which a form with that digit may begin or end; no form is longer."""
_DIGITS = re.compile(r"\d+")
_WORD_GOES_ON = re.compile(r"\S{0,24}")


def _near_digits(text: str) -> list[tuple[int, int]]:
    """Stretches of the text that hold all digits, and what stands around them."""
    found: list[tuple[int, int]] = []
    for digits in _DIGITS.finditer(text):
        start, end = max(0, digits.start() - _NEAR), digits.end() + _NEAR
        if found and start <= found[-1][1] + 1:
            start = found.pop()[0]
        found.append((start, end))
    # no stretch may end where a word or a number goes on
    return [(start, goes_on.end() + 1 if (goes_on := _WORD_GOES_ON.match(text, end)) else end) for start, end in found]


def _is_meant(form: _Form, text: str, match: re.Match[str]) -> bool:
    said = before(text, match.start())
    if form.said is None:
        return not (match[0].isdecimal() and number_words().phone.search(said))
    words = _words_of_ids()[form.said]
    after = without_accents(text[match.end() : match.end() + _REACH_AFTER].partition("\n")[0])
    return bool(words.search(said) or words.search(after))
