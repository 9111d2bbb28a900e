"""Telephone numbers, judged by Google's phonenumbers and by what is said around them.

Nearly every row of eight or nine digits is a valid number somewhere, so validity alone says little. What speaks for a
telephone is an international prefix, the trunk zero, the groups a country writes its numbers in, or a word before it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

import phonenumbers
from msgspec import Struct

from text.hostility.tokens import UNSPACED
from text.once import once
from text.personal_data.folding import without_accents
from text.personal_data.kinds import Kind, PersonalDatum
from text.personal_data.marks import LEAST_SPOKEN, LONGEST_BETWEEN, SHORTEST_SPOKEN, Marks, together
from text.personal_data.owners import is_anothers
from text.personal_data.words import before, last_end, number_words

UNKNOWN_COUNTRY = "[phone …]"

MAX_LOOKUPS = 20
"""Numbers of one text that are looked up in all countries (half a millisecond each)."""
MAX_JUDGED = 60
"""Numbers of one text that are judged at all (a quarter of a millisecond each)."""

_NETWORK = (
    "AL AM AT AZ BA BE BG BY CH CY CZ DE DK DZ EE EG ES FI FR GB GE GR HR HU IE IL IS IT JO LB LI LT LU LV MA MC MD ME MK "
    "MT NL NO PL PS PT RO RS RU SE SI SK SM TN TR UA US XK"
)
"""Where a number without a country code may come from: the network's countries and their neighbours."""

_LANGUAGE_REGIONS = {
    "ar": "JO LB TN PS EG MA DZ", "az": "AZ", "be": "BY", "bg": "BG", "bs": "BA", "ca": "ES AD", "cs": "CZ", "cy": "GB",
    "da": "DK", "de": "DE AT CH LU LI", "el": "GR CY", "en": "GB IE US MT", "es": "ES", "et": "EE", "eu": "ES", "fi": "FI",
    "fr": "FR BE CH LU TN", "ga": "IE", "gl": "ES", "he": "IL", "hr": "HR BA", "hu": "HU RO SK", "hy": "AM", "is": "IS",
    "it": "IT CH SM", "ka": "GE", "lb": "LU", "lt": "LT", "lv": "LV", "mk": "MK", "mt": "MT", "nb": "NO", "nl": "NL BE",
    "nn": "NO", "no": "NO", "pl": "PL", "pt": "PT", "ro": "RO MD", "ru": "RU UA EE LV LT BY MD", "sk": "SK", "sl": "SI",
    "sq": "AL XK MK", "sr": "RS ME BA", "sv": "SE FI", "tr": "TR CY", "uk": "UA",
}  # fmt: skip
"""Countries where a language is written, the likeliest first."""


_SCRIPT_REGIONS = (
    (re.compile("[\u0370-\u03ff]"), "GR CY"),
    (re.compile("[\u0400-\u052f]"), "UA RU BG RS MK BY"),
    (re.compile("[\u0530-\u058f]"), "AM"),
    (re.compile("[\u0590-\u05ff]"), "IL"),
    (re.compile("[\u0600-\u06ff]"), "JO LB TN PS EG MA DZ"),
    (re.compile("[\u10a0-\u10ff]"), "GE"),
)

_RUN = re.compile(rf"(?<![^\W{UNSPACED}])[+(\[]{{0,3}}\d(?:[ .\-/()\[\]·]{{0,3}}\d)*")
_GOES_ON = re.compile(rf"[^\W{UNSPACED}]|[-_/]\w|[.,:]\d")
_WIDE_GAP = re.compile(r"[ .\-/()\[\]·]?(?: [ .\-/()\[\]·]|/)[ .\-/()\[\]·]?|[.\-()\[\]·] ")
_TRUNK_START = re.compile(r"(?<=\d{3})[ .\-](?=\(?0[1-9])")
_EXTENSION = re.compile(r"\s?(?:x|ext\.?|#|доб\.?|вн\.?|int\.?|poste)\s?\d{1,6}(?!\w)", re.IGNORECASE)
_LINK = re.compile(
    r"(?:wa\.me/|\btel:|\bcallto:|\bsms:|viber://\S{0,24}number=|whatsapp\.com/\S{0,24}phone=|t\.me/)(?:\+|%2B)?(\d{8,15})(?!\d)",
    re.IGNORECASE,
)
_SIGNS_OF_A_LINK = ("me/", "tel:", "to:", "sms:", "number=", "phone=")
"""Of these each of the links has one."""

_SIGN_BEFORE = frozenset("#№$€£₴₽₺¥=*^%~<@_&§")
_MEASURED = re.compile(
    r"""\s? (?: [€$£¥₴₽₺%°×*=^@円元块名人年]
        | (?: [kmg]?b | [kcm]?m | k?g | [mg]?hz | [kmg]w | px | dpi | eur | usd | gbp | pln | chf | czk | huf | ron | bgn
            | sek | nok | dkk | isk | try | uah | rub | gel | amd | azn | zł | zl | kč | ft | лв | грн | руб | lei | kr | tl
            | mio | mrd )(?!\w)
        | (?: euro | dollar | pound | złot | korun | crown | лева | byte | pixel | people | person | user | inhabitant
            | million | year | student | pupil | download | view | visit | einwohner | schüler | habitant | élève | abitanti
            | osób | obyvatel ) )""",
    re.VERBOSE | re.IGNORECASE,
)
_NORTH_AMERICAN = re.compile(r"(?:(?:00)?1[ .\-])?(?:\(\d{3}\) ?|\d{3}[ .\-])\d{3}[ .\-]\d{4}")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[ .]\d{3})+")
_UNIX_TIME = re.compile(r"1\d{9}|1\d{12}")
"""Seconds and milliseconds since 1970, of the years 2001 to 2033."""
_COUNTED = "01234567890123456789 9876543210"

_MIN_DIGITS, _MAX_DIGITS = 7, 15
_MIN_DIGITS_SAID = 6
"""Where the words say that it is a telephone number: Luxembourg and small towns have so short ones."""
_OWN_REACH, _CALL_BEFORE = 48, 24
"""Characters around a number in which words such as *my number* and *ring* are about it."""
_SPOKEN_DIGITS = range(SHORTEST_SPOKEN, 14)
NO_LANGUAGES: frozenset[str] = frozenset()
_SPOKEN_GAP = re.compile(rf"[\s,.;:/()–-]{{1,3}}(?:[^\W\d_]{{1,{LONGEST_BETWEEN}}}[\s,.'’-]{{1,2}})?")
"""Between digits that are said there may be one short word: *and*, *dann*."""
_LOOSE_RUN = re.compile(r"(?<![\w])[+(]{0,2}[\dOoIl](?:[^\n\w]{0,4}[\dOoIl]){6,14}(?![^\W_])")
_LETTERS_FOR_DIGITS = str.maketrans("OoIl", "0011")
_MAX_NATIONAL_DIGITS = 13
_MIN_DIGITS_ON_A_LINE = 9
"""A line with nothing else on it than so many digits, or one less in groups, is there to be dialled."""


class _Said(Struct, frozen=True):
    """What the words before a number make of it."""

    phone: bool
    other: bool


class _Lookups:
    """The phone numbers of one text that are still looked up, and where they may come from."""

    def __init__(self, text: str, language: str | None, marks: Marks) -> None:
        self.left = MAX_LOOKUPS
        self.marks = marks
        self.reached = 0
        self._text, self._language = text, language

    @once
    def likely(self) -> list[str]:
        """The countries of the language and of the script."""
        script = next((regions for pattern, regions in _SCRIPT_REGIONS if pattern.search(self._text)), "")
        primary = re.split("[-_]", self._language or "")[0].lower()
        return list(dict.fromkeys((_LANGUAGE_REGIONS.get(primary, "") + " " + script).split()))

    @once
    def regions(self) -> list[str]:
        """All countries, the likely ones first."""
        return list(dict.fromkeys((*self.likely, *_NETWORK.split())))

    def first(self, shown: str, regions: list[str]) -> str | None:
        """The mask of a number that is valid in one of the regions; it names no country that is only one of many."""
        number = next(self.valid(shown, regions), None)
        if number is None:
            return None
        return _mask(number) if regions is not self.regions or self._is_likely(number) else UNKNOWN_COUNTRY

    def _is_likely(self, number: phonenumbers.PhoneNumber) -> bool:
        return any(phonenumbers.country_code_for_region(region) == number.country_code for region in self.likely)

    def valid(self, shown: str, regions: list[str]) -> Iterator[phonenumbers.PhoneNumber]:
        """The number as each of the regions where it is valid would read it."""
        if not self.left:
            return
        self.left -= 1
        for region in regions:
            number = _parsed(shown, region)
            if number and phonenumbers.is_valid_number(number):
                yield number


def _parsed(shown: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(shown, region)
    except phonenumbers.NumberParseException:
        return None


def find_phones(text: str, language: str | None, marks: Marks) -> Iterator[PersonalDatum]:
    """Telephone numbers in a folded text from which look-alikes are taken away. `language` is BCP 47 and may be wrong."""
    lookups = _Lookups(text, language, marks)
    for start, end in islice(_numbers(text, lookups), MAX_JUDGED):
        if mask := _judge(text, start, end, lookups):
            extension = _EXTENSION.match(text, end)
            lookups.reached = extension.end() if extension else end
            yield PersonalDatum(Kind.PHONE, start, lookups.reached, mask)


_FIRST_DIGITS = re.compile(r"\d(?:[^\n\w]{0,4}[\dOoIl]){2,}")
_BEFORE_DIGITS = re.compile(r"(?<!\w)[OoIl](?:[^\n\w]{0,4}+[OoIl])*+[^\n\w]{0,4}\Z")
_FOR_DIGITS, _GAP = frozenset("OoIl"), 4
"""Letters that stand for digits, and how many signs may stand between the last of them and a digit."""
_LONGEST_LOOSE = 70
"""Characters of a number with letters for digits and odd signs between them."""
_MANY_GROUPS = re.compile(r"\d(?:\D{0,12}\d){8}")


def may_be_disguised(text: str) -> bool:
    """Whether a folded text has so many digits, or letters for digits, that a number may be written with odd signs."""
    if _MANY_GROUPS.search(text):
        return True
    return any(
        len(_ANY_FOR_DIGIT.findall(found[0])) >= _MIN_DIGITS
        or (
            not _FOR_DIGITS.isdisjoint(text[max(0, found.start() - _GAP - 1) : found.start()])
            and _BEFORE_DIGITS.search(text, max(0, found.start() - _LONGEST_LOOSE), found.start())
        )
        for found in _FIRST_DIGITS.finditer(text)
    )


_ANY_FOR_DIGIT = re.compile(r"[\dOoIl]")


def find_disguised_phones(text: str, language: str | None, marks: Marks) -> Iterator[PersonalDatum]:
    """Numbers that are announced, and written so that programs shall not read them: with letters for digits, odd signs between
    them, or in words.
    """
    lookups = _Lookups(text, language, marks)
    for run in islice(_LOOSE_RUN.finditer(text), MAX_JUDGED):
        digits = re.sub(r"\D", "", run[0].translate(_LETTERS_FOR_DIGITS))
        if not re.search(r"\d[^\n]*\d[^\n]*\d", run[0]) or _is_a_mere_number(digits, digits, _Said(True, False)):
            continue
        if _said(text, *run.span(), marks).phone and _stands_alone(text, *run.span()):
            yield PersonalDatum(Kind.PHONE, *run.span(), lookups.first(digits, lookups.regions) or UNKNOWN_COUNTRY)
    for start, end, digits in _spoken(text, marks):
        counted = digits in _COUNTED or digits in _COUNTED[::-1] or len(set(digits)) == 1
        if not counted and _said(text, start, end, marks).phone:
            yield PersonalDatum(Kind.PHONE, start, end, UNKNOWN_COUNTRY)


def _spoken(text: str, marks: Marks) -> Iterator[tuple[int, int, str]]:
    """Rows of digits that are said in words, some of them perhaps written."""
    dialled = [*marks.dialled()]
    written = [(found.start(), found.end(), found[0], NO_LANGUAGES) for found in _FEW_DIGITS.finditer(text)]
    if len(dialled) < LEAST_SPOKEN and not any(number[0] == "0" for _, _, number, _ in written):
        return
    said = sorted(dialled + written)
    rows: list[_Row] = []
    for one in said:
        if rows and _SPOKEN_GAP.fullmatch(text, rows[-1][-1][1], one[0]):
            rows[-1].append(one)
        else:
            rows.append([one])
    for row in rows:
        numbers = [number for _, _, number, _ in row]
        # "two" of one language is "to" in another: words of one language make a row
        spoken = Counter(language for *_, languages in row for language in languages)
        if max(spoken.values(), default=0) >= LEAST_SPOKEN:
            digits = "" if _are_counted(numbers) else "".join(_tens_with_units(text, row))
        else:
            row = _without_words_around(row)
            digits = "".join([number for _, _, number, _ in row])
            if len(row) < 2 or any(one[-1] for one in row) or digits[0] != "0" or len(digits) <= _MIN_DIGITS + 1:
                continue
        if len(digits) in _SPOKEN_DIGITS:
            yield row[0][0], row[-1][1], digits


_Row = list[tuple[int, int, str, frozenset[str]]]
"""Numbers one after the other: from where to where, the digits, and the languages of which they are words; none if written."""


def _without_words_around(row: _Row) -> _Row:
    """Without words at both ends: `on` is ten in Turkish."""
    written = [at for at, (*_, languages) in enumerate(row) if not languages]
    return row[written[0] : written[-1] + 1] if written else []


def _are_counted(numbers: Sequence[str]) -> bool:
    """Whether numbers follow in equal steps, up to ten or more: somebody learns to count."""
    values = list(map(int, numbers))
    return max(values) > 9 and len({later - one for one, later in pairwise(values)}) == 1


def _tens_with_units(text: str, row: _Row) -> Iterator[str]:
    """The digits of numbers that are said one after the other, those of `sixty four` as 64; a comma parts numbers."""
    said, reached = "", 0
    for start, end, number, _ in row:
        parted = "," in text[reached:start]
        reached = end
        if len(said) > len(number) and not parted and number != "0" and said.endswith("0" * len(number)):
            said = said[: -len(number)] + number
        else:
            yield said
            said = number
    yield said


_FEW_DIGITS = re.compile(r"\d(?<!\w\d)\d{0,4}(?!\w)")


def _numbers(text: str, lookups: _Lookups) -> Iterator[tuple[int, int]]:
    """Spans that may be numbers, behind the last one that was."""
    for run in _RUN.finditer(text):
        for start, end in _pieces(text, *run.span()):
            if start >= lookups.reached:
                yield start, end


def find_phone_links(text: str) -> Iterator[PersonalDatum]:
    """Numbers in links that call or write to them, such as `wa.me/4915…`."""
    small = text.lower()
    if not any(sign in small for sign in _SIGNS_OF_A_LINK):
        return
    for link in _LINK.finditer(text):
        number = _parsed("+" + link[1], None)
        if number and phonenumbers.is_valid_number(number):
            yield PersonalDatum(Kind.PHONE, link.start(1), link.end(1), _mask(number))


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The run as one number, then as the several that wide gaps, strokes and new trunk zeros make of it."""
    digits = sum(map(str.isdecimal, text[start:end][:64]))
    if digits < _MIN_DIGITS_SAID:
        return
    if digits <= _MAX_DIGITS + 1:
        yield start, end
    for pattern in (_WIDE_GAP, _TRUNK_START):
        cuts = [gap.span() for gap in pattern.finditer(text, start, end)]
        if cuts:
            starts, ends = [start, *(c[1] for c in cuts)], [*(c[0] for c in cuts), end]
            yield from zip(starts, ends, strict=True)


def _judge(text: str, start: int, end: int, lookups: _Lookups) -> str | None:
    """The mask of the number, or None where it is none."""
    shown = text[start:end]
    digits = "".join(filter(str.isdecimal, shown))
    if not _MIN_DIGITS_SAID <= len(digits) <= _MAX_DIGITS or not _stands_alone(text, start, end):
        return None
    said = _said(text, start, end, lookups.marks)
    if len(digits) < _MIN_DIGITS and not said.phone:
        return None
    international = "+" in shown or re.match(r"[(\[]?00 ?[(]?[1-9]", shown)
    if international and ((mask := _international(shown, digits, said)) or not said.phone):
        return mask
    if len(digits) > _MAX_NATIONAL_DIGITS or _is_a_mere_number(shown, digits, said):
        return None
    if re.match(r"\(\d{2,3}\)", shown) and (mask := _international("+" + digits, digits, _Said(False, True))):
        return mask
    if said.phone:
        return lookups.first(shown, lookups.likely) or UNKNOWN_COUNTRY
    if said.other or _UNIX_TIME.fullmatch(shown):
        return None
    return _unannounced(text, start, end, digits, lookups)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether the digits are no part of a code, a sum of money or a formula."""
    before_, after = text[max(0, start - 2) : start], text[end : end + 24]
    if before_[-1:] in _SIGN_BEFORE or re.match(r"\w[-/,]\Z", before_):
        return False
    if re.match(r"\d[.:]\Z", before_) or re.match(r"[$€£₴₽₺№#*=^+×] \Z", before_):
        return False
    if _EXTENSION.match(after):
        return True
    return not (_GOES_ON.match(after) or _MEASURED.match(after))


def _is_a_mere_number(shown: str, digits: str, said: _Said) -> bool:
    """Digits in order, one digit only, round thousands: somebody counts, or gives an example."""
    in_thousands = _THOUSANDS.fullmatch(shown) is not None
    example = digits in _COUNTED and (in_thousands or shown == digits) and not said.phone
    groups = [int(group) for group in re.findall(r"\d+", shown)]
    example |= len(groups) > 2 and groups == list(range(groups[0], groups[0] + len(groups)))
    decimal = re.fullmatch(r"\d+\.\d\d?", shown) is not None
    million = in_thousands and (digits.endswith("000") or re.match(r"\d[ .]|\d\d\.", shown))
    return bool(example or decimal or million or len(set(digits)) == 1)


def _said(text: str, start: int, end: int, marks: Marks) -> _Said:
    words = before(text, start)
    listed = number_words()
    phone, other = last_end(listed.phone, words), last_end(listed.other, words)
    own = other < 0 and (last_end(listed.own, words) >= 0 or _is_somebodys(text, marks, start - len(words), start))
    own = own or listed.phone_after.match(without_accents(text[end : end + 24]).lstrip(" ,")) is not None
    if other < 0 and not own and phone < 0:
        near = start - min(len(words), _CALL_BEFORE)
        # "call Maria Borg at home": the name may be long
        at_home = marks.any("private", start=near, end=start)
        called = marks.of("call", start=start - min(len(words), _OWN_REACH) if at_home else near, end=start)
        own = bool(called) or any(
            text[end : mark.start].strip(" ,;.") == "" for mark in marks.of("call", start=end, end=end + 24)
        )
    return _Said(phone=phone > other or own, other=other > phone)


def _is_somebodys(text: str, marks: Marks, start: int, end: int) -> bool:
    """*My private number is*, *the head's number*: a word for a number and whose it is, in any order, with words between."""
    start = max(start, end - _OWN_REACH)
    numbers = marks.of("number", start=start, end=end)
    people = marks.of("my", "private", "teacher", "pupil", start=start, end=end) if numbers else []
    return bool(numbers) and (any(together(numbers, people)) or is_anothers(text, end))


def _international(shown: str, digits: str, said: _Said) -> str | None:
    written = shown if "+" in shown else "+" + digits[2:]
    number = _parsed(written, None)
    if number is None:
        return None
    if phonenumbers.is_valid_number(number):
        return _mask(number)
    # ranges are opened faster than lists of them are, and a wrong digit hides nothing from a person
    clear = "+" in shown or _NORTH_AMERICAN.fullmatch(shown)
    likely = said.phone or (clear and len(digits) >= 10 and not said.other and not digits.endswith("0000"))
    return _mask(number) if likely and phonenumbers.is_possible_number(number) else None


def _unannounced(text: str, start: int, end: int, digits: str, lookups: _Lookups) -> str | None:
    """A number about which nothing is said must look like a telephone number and like little else."""
    shown = text[start:end]
    if _NORTH_AMERICAN.fullmatch(shown) and (mask := _north_american(text, start, end, lookups)):
        return mask
    if digits[0] == "0":
        enough = len(digits) >= 9 and digits[1] != "0"
        return lookups.first(shown, lookups.regions) if enough else None
    if digits[0] == "8" and len(digits) == 11 and re.search(r"[ \-)]", shown):
        return lookups.first(shown, ["RU", "BY", "KZ"])
    groups = re.findall(r"\d+", shown)
    if len(digits) + (len(groups) > 1) >= _MIN_DIGITS_ON_A_LINE and _is_own_line(text, start, end):
        return lookups.first(shown, lookups.regions)
    uneven = len(groups) > 2 and len({len(group) for group in groups}) > 1
    if len(digits) < _MIN_DIGITS + 1 or _THOUSANDS.fullmatch(shown):
        return None
    for number in lookups.valid(shown, lookups.regions if uneven else lookups.likely):
        if _national_groups(number) == groups:
            return UNKNOWN_COUNTRY if uneven else _mask(number)
    return None


def _north_american(text: str, start: int, end: int, lookups: _Lookups) -> str | None:
    """An area in brackets and an extension say what it is, even where the area is made up."""
    clear = "(" in text[start:end] or _EXTENSION.match(text, end)
    return lookups.first(text[start:end], ["US"]) or (UNKNOWN_COUNTRY if clear else None)


def _national_groups(number: phonenumbers.PhoneNumber) -> list[str]:
    return re.findall(r"\d+", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))


def _is_own_line(text: str, start: int, end: int) -> bool:
    before_, after = text[:start].rpartition("\n")[2], text[end:].partition("\n")[0]
    return not re.search(r"\w", before_[-80:] + after[:80])


def _mask(number: phonenumbers.PhoneNumber) -> str:
    return f"[phone +{number.country_code}…]"
