"""Postal addresses of persons: a street and a house number, and something that makes a home of them.

That is a postcode with its town close by, or words such as "I live at". Streets in stories and directions have neither, and
the addresses of schools, museums and hotels are there to be found.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice

from text.personal_data.kinds import Kind, PersonalDatum
from text.personal_data.marks import Marks, plain_letter
from text.rows import Wanted
from text.words import by_first_letter

MAX_CANDIDATES = 60
"""Postcodes, and words of living somewhere, around which a street is looked for in one text."""
MASK = "[address]"
_REACH = 90
"""Characters on either side of a postcode in which its street may stand."""

_NUMBER = r"\d{1,4} ?[A-Za-zА-Яа-я]?(?:[/-]\d{1,4}[A-Za-z]?)?(?![^\W_])"
_FOR_NUMBER = "nr|no|num|č|br|бр|буд|д|дом|№|αρ|numer|numero|número|nummer"
_MARK = rf"[,.]? ?(?:(?:{_FOR_NUMBER}|n[°ºr])\b\.?:? ?)?"
_WORDS = r"(?:[„“\"«]?[^\W\d_][\w.'’-]{0,30}[“”\"»]?,? ){1,4}"


def _or_bare(words: str) -> str:
    """Alternatives of a regular expression, and the same as they are written without diacritics: `bothar`, `namesti`."""
    bare = "".join(c for c in unicodedata.normalize("NFD", words) if not unicodedata.combining(c))
    return "|".join(dict.fromkeys((*words.split("|"), *bare.split("|"))))


_BEFORE_NAME = _or_bare(
    r"rue|avenue|av\.|ave\.|bd\.?|boulevard|place|allée|chemin|impasse|quai|route|via|viale|piazza|corso|vicolo|largo|strada"
    r"|contrada|calle|c/|avda\.?|avenida|plaza|paseo|carrer|rúa|rua|travessa|praça|praceta|estrada|ul\.?|ulica|al\.|aleja|aleje"
    r"|os\.|osiedle|pl\.|plac|str\.|bulevardul|calea|aleea|şos\.|șos\.|ул\.?|улица|вул\.?|вулиця|просп\.?|проспект|пр-т"
    r"|улицы|улиці|вулиці|улици|улице|ulicy|ulici|ulice|οδό|οδος|οδο|odos|bul\.|blv\.|sokak"
    r"|бул\.?|булевард|бульвар|пер\.|переулок|пров\.|провулок|οδός|οδού|λεωφ\.?|λεωφόρος|πλατεία|triq|rruga|rr\.|bulevardi"
    r"|bulevar|trg|sráid|bóthar|ქუჩა|שדרות|רחוב|شارع"
)
_AFTER_NAME = _or_bare(
    r"street|road|avenue|lane|terrace|crescent|gardens|grove|boulevard|straße|strasse|str\.|weg|allee|platz"
    r"|gasse|ring|damm|laan|straat|plein|kade|utca|út|útja|tér|tere|körút|köz|iela|prospekts|gatvė|g\.|prospektas|tänav|tn\.?|puiestee"
    r"|pst\.?|maantee|mnt\.?|katu|tie|sokak|sokağı|sk\.|sok\.|caddesi|cad\.|cd\.|bulvarı|mahallesi|mah\.|küçəsi|prospekti|gata|vegur"
    r"|ქუჩა|ქ\.|ქუჩის|გამზირი|փողոց|փողոցի|փողոցում|փ\.|улица|ulica|ulici|ulice|cesta|cesti|ceste|náměstí|námestie|nábřeží|třída|tř\."
    r"|ielā|gatvėje|g\.|al\.|pr\.|tänaval|tänava|puiesteel|kadulla|tiellä|utcában|utcán|úton|téren|sokakta|sokağında|caddesinde|улице|улици"
)
_WITHIN_NAME = _or_bare(
    r"straße|strasse|str\.|gasse|weg|platz|allee|ring|damm|ufer|steig|chaussee|straat|laan|plein|gracht|kade|singel|dreef|steenweg"
    r"|gatan|vägen|gränd|torget|gata|gate|gaten|veien|vegen|vei|gade|vej|vænge|allé|katu|kuja|polku|stræde|stígur|braut|götu|utca"
)
_ENGLISH = (
    "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Court|Ct|Way|Square|Sq|Terrace|Place|Pl|Crescent|Gardens|Grove"
    "|Hill|Park|Boulevard|Blvd|Circle|Row|Mews"
)
_STREETS = (
    # 12, rue de la Paix
    re.compile(rf"(?<![\w.,/-])\d{{1,4}}[a-z]?(?: (?:bis|ter))?,? (?:{_BEFORE_NAME}) [^\W\d_][\w'’-]+", re.IGNORECASE),
    # 12 Old Mill Street; capitals tell it from "2 in the street"
    re.compile(
        r"(?<![\w.,/-])\d{1,5}[a-z]?,? (?:[A-Z0-9][\w.'’-]{0,30} ){1,3}"
        rf"(?:{_ENGLISH})\b"
    ),
    # Calle de Alcalá, 12; without a blank, a capital tells ul.Krótka 5 from the host pl.example
    re.compile(
        rf"(?<![^\W_])(?:{_BEFORE_NAME})(?: |(?=(?-i:[^\W\d_a-zà-öø-ÿа-яα-ω]))){_WORDS}{_MARK}{_NUMBER}", re.IGNORECASE
    ),
    # Váci utca 12
    re.compile(rf"(?<![^\W_])[^\W\d_][\w.'’-]{{0,30}} (?:{_AFTER_NAME}){_MARK} ?{_NUMBER}", re.IGNORECASE),
    # Hauptstraße 12
    re.compile(rf"(?<![^\W_])[^\W\d_][^\W\d_-]{{1,30}}-?(?:{_WITHIN_NAME}){_MARK} ?{_NUMBER}", re.IGNORECASE),
)
BIG = r"[^\W\d_a-zà-öø-ÿа-яα-ω]"
_NAME_AND_NUMBER = re.compile(
    rf"(?<![^\W_])[^\W\d_][\w.'’-]{{2,30}},? {_MARK}{_NUMBER},? ?(?:{BIG}[\w'’-]{{2,30}},? ?)?\Z"
)
_POSTCODE = re.compile(
    r"""(?<![\w.,/+-]) (?: [A-Z]{1,2} - )?
        (?: \d{4,6} | \d{3}[ ]\d\d | \d\d-\d{3} | \d{4}-\d{3} | \d{4}[ ]?[A-Z]{2} | [A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2}
          | [A-Z]{2,3}[ ]\d{4,5} | AZ\d{4} | [A-Z]\d[\dW][ ]?[A-Z\d]{4} ) (?!\w) (?![.,/:-]\d)""",
    re.VERBOSE,
)
_ANY_DIGIT = re.compile(r"\d")
"""Every street that is looked for has the number of its house."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_TOWN_AFTER = re.compile(r",?\s{1,2}(?:[^\W\d_a-zà-öø-ÿ]\w|[^\W\d_]{3,})")
_REST = re.compile(
    rf"(?:,? (?:apt|apartment|ap|flat|lok|m|kv|кв|byt|stan|stanovanje|interno|piso|esc|daire|d)[. :]{{0,2}}\d{{1,4}}[a-z]?)?"
    rf"(?:,? ?{BIG}[\w'’-]+(?:[ -]{BIG}[\w'’-]+){{0,2}})?"
    rf"(?:,? ?(?:[A-Z]{{1,3}}[- ])?\d[\dA-Z]{{1,4}}[ -]?[\dA-Z]{{0,4}}(?![\w.]|[ -]\d))?"
    rf"(?:,? {BIG}[\w'’-]+(?:[ -]{BIG}[\w'’-]+){{0,2}})?"
)
"""The flat, the town and its number, in the order in which they follow a street."""
_AT_HOME = re.compile(
    rf"[ :,]{{1,2}}(?:[^\W\d_]{{1,4}}\.? ){{0,3}}({BIG}[\w.'’-]+(?: [\w.'’-]+){{0,3}},? {_MARK}{_NUMBER})"
    rf"(?=,? (?:[^\W\d_]{{1,4}} )?{BIG}|\.|\Z)"
)
"""A street that no word calls one, right behind the verb: `bor Nørregade 48, Aarhus`."""
_TOWN_BEFORE = re.compile(r"[^\W\d_]{2,},?\s{1,2}\Z")


_ANY_CASE = "|".join((_BEFORE_NAME, _BEFORE_NAME.title(), _BEFORE_NAME.upper()))
_GLUED_NAME = re.compile(
    rf"(?<![^\W_])(?:{by_first_letter(dict.fromkeys(_ANY_CASE.split('|')))})"
    r"(?=[^\W\d_a-zà-öø-ÿа-яα-ω])"
)
"""Without regard to case in another way, which is found faster."""
_LETTERS = re.compile(r"[^\W\d_]+")


def _without_case(text: str) -> str:
    """As expressions without regard to case take letters: those have one i, with and without its dot."""
    return text.casefold().replace("ı", "i")


def _bare_words(alternatives: str) -> Iterator[str]:
    """The first word of each of the alternatives."""
    return (_LETTERS.findall(_without_case(re.sub(r"\\.\??", " ", one)))[0] for one in alternatives.split("|"))


# the word for a number may stand right behind that for a street
_BEHIND = ("", *_bare_words(_FOR_NUMBER.replace("|№", "")))
_STREET_WORDS = frozenset(
    [
        *_bare_words(_BEFORE_NAME),
        *(word + mark for word in _bare_words(f"{_AFTER_NAME}|{_ENGLISH}") for mark in _BEHIND),
    ]
)
_STREET_ENDINGS: dict[str, tuple[str, ...]] = {}
"""By their last three letters."""
for _word in dict.fromkeys(word + mark for word in _bare_words(_WITHIN_NAME) for mark in _BEHIND):
    _STREET_ENDINGS[_word[-3:]] = (*_STREET_ENDINGS.get(_word[-3:], ()), _word)
_GLUED_CAPITAL = re.compile(r"[^\W\d_a-zà-öø-ÿа-яα-ω](?<=[\w./].)")
_TWO_NUMBERS = re.compile(rf"\d(?=\D{{1,{_REACH + 1}}}\d)")


def patterns() -> Iterator[Wanted]:
    """What stands in the row of a text (`marks.plain_letter`) that names a street by a word for one."""
    for word in "|".join((_BEFORE_NAME, _AFTER_NAME, _ENGLISH)).split("|"):
        yield Wanted((f" {' '.join(_words(word))} ",))
    for word in _WITHIN_NAME.split("|"):
        yield Wanted((f"{' '.join(_words(word))} ",))


def beginnings() -> Iterator[Wanted]:
    """What words begin with where `is_glued` is worth a look."""
    return (Wanted((f" {' '.join(_words(word))}",)) for word in _BEFORE_NAME.split("|"))


def _words(alternative: str) -> list[str]:
    return "".join(map(plain_letter, re.sub(r"\\\.\??", " ", alternative))).split()


def is_glued(text: str) -> bool:
    """Whether a street is named without a blank behind the word for it, which no row of words tells."""
    return _GLUED_CAPITAL.search(text) is not None and _GLUED_NAME.search(text) is not None


def may_be_found(text: str) -> bool:
    """Whether there is an address with a postcode in a folded text, from which nothing is taken away."""
    if not _TWO_NUMBERS.search(text):
        return False
    return any(True for _ in _with_postcodes(text, text.replace("\n", " "), []))


def find_addresses(text: str, marks: Marks | None) -> Iterator[PersonalDatum]:
    """Postal addresses in a folded text; they may overlap. `marks` are its words, None where none tells of a home."""
    line = text.replace("\n", " ")  # on envelopes an address goes over several
    homes = marks.of("lives", "address") if marks else ()
    yield from _with_postcodes(text, line, [home.end for home in islice(homes, MAX_CANDIDATES)])
    for home in islice(marks.of("lives") if marks else (), MAX_CANDIDATES):
        stop = min(len(line), home.end + _REACH)
        behind = _AT_HOME.match(line, home.end, stop)
        if street := _street(line, home.end, stop) or (behind.span(1) if behind else None):
            yield _address(line, *street)


def _with_postcodes(text: str, line: str, homes: Sequence[int]) -> Iterator[PersonalDatum]:
    """Addresses with a postcode in a text, which is one `line` besides. `homes` are the ends of words of living somewhere."""
    for postcode in islice(_POSTCODE.finditer(line), MAX_CANDIDATES):
        start, end = postcode.span()
        at_home = any(start - _REACH <= home <= end for home in homes)
        if (at_home or not _YEAR.fullmatch(postcode[0])) and _has_a_town(line, start, end):
            # on either side, for the postcode is not the number of the house as well
            street = _street(line, max(0, start - _REACH), start) or _street(line, end, min(len(line), end + _REACH))
            if not street and (at_home or "\n" in text[start - 2 : start]):
                street = _number_before(line, start)
            if street:
                yield _address(line, min(start, street[0]), max(end, street[1]))


def _has_a_town(line: str, start: int, end: int) -> bool:
    return bool(_TOWN_AFTER.match(line, end) or _TOWN_BEFORE.search(line[max(0, start - 40) : start]))


def _street(line: str, start: int, end: int) -> tuple[int, int] | None:
    if not (_ANY_DIGIT.search(line, start, end) and _may_name_a_street(line[start:end])):
        return None
    return next((found.span() for pattern in _STREETS if (found := pattern.search(line, start, end))), None)


def _may_name_a_street(window: str) -> bool:
    """Whether a word for a street stands there by itself, at the end of a word, or right before a capital."""
    words = _LETTERS.findall(_without_case(window))
    return (
        not _STREET_WORDS.isdisjoint(words)
        or any(word.endswith(_STREET_ENDINGS.get(word[-3:], ())) for word in words)
        or _GLUED_CAPITAL.search(window) is not None
    )


def _number_before(line: str, end: int) -> tuple[int, int] | None:
    """`Lipová 12, 110 00 …`, `Pärna 14-3, Tartu 50604`: many countries name no street by a word; an envelope does that."""
    window = max(0, end - _REACH)
    if not _ANY_DIGIT.search(line, window, end):
        return None
    found = _NAME_AND_NUMBER.search(line[window:end])
    return (window + found.start(), window + found.end()) if found else None


def _address(line: str, start: int, end: int) -> PersonalDatum:
    """With the flat and the town behind it, so that a mask covers them."""
    rest = _REST.match(line, end)
    return PersonalDatum(Kind.ADDRESS, start, rest.end() if rest else end, MASK)
