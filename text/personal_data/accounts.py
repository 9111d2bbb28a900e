"""Bank accounts and payment cards."""

import re
from collections.abc import Iterator
from functools import cache

from stdnum import ean, iban, luhn, numdb

from text.personal_data.kinds import Kind, PersonalDatum
from text.personal_data.words import number_words, said_before

# --- IBAN ------------------------------------------------------------------------------------------------------------

_IBAN_SEPARATORS = " .-_/·•*|:,"
_MAX_GAP = 3
_IBAN_START = re.compile(
    rf"(?<![^\W_])([A-Z]{{2}})[ .\-]?\d\d(?=[{re.escape(_IBAN_SEPARATORS)}]{{0,{_MAX_GAP}}}[A-Z0-9])",
    re.IGNORECASE | re.ASCII,
)
_MAX_IBAN_CANDIDATES = 300


@cache
def _iban_length(country: str) -> int | None:
    """Characters of the country's IBANs; None for a country that has none."""
    properties = numdb.get("iban").info(country + "00")[0][1]
    structure = properties.get("bban")
    return 4 + sum(int(n) for n in re.findall(r"(\d+)!", structure)) if structure else None


def find_ibans(text: str) -> Iterator[PersonalDatum]:
    """IBANs in a folded text, in groups or not: the country's length and structure, and the check digits (ISO 13616)."""
    for count, match in enumerate(_IBAN_START.finditer(text)):
        if count == _MAX_IBAN_CANDIDATES:
            return
        country = match[1].upper()
        length = _iban_length(country)
        end = _end_of(text, match.start(), length) if length else None
        if end and iban.is_valid(text[match.start() : end].translate(_NO_SEPARATORS), check_country=False):
            yield PersonalDatum(Kind.IBAN, match.start(), end, f"[IBAN {country}…]")


_NO_SEPARATORS = dict.fromkeys(map(ord, _IBAN_SEPARATORS))


def _end_of(text: str, start: int, length: int) -> int | None:
    """Where the `length` letters and digits end that start at `start`, with at most `_MAX_GAP` separators in between."""
    seen, gap, position = 0, 0, start
    while seen < length:
        if position == len(text) or gap > _MAX_GAP:
            return None
        character = text[position]
        if character.isascii() and character.isalnum():
            seen, gap = seen + 1, 0
        elif character in _IBAN_SEPARATORS:
            gap += 1
        else:
            return None
        position += 1
    return None if text[position : position + 1].isalnum() else position


# --- payment cards ---------------------------------------------------------------------------------------------------

_ISSUERS = re.compile(
    r"""4(?:\d{12}|\d{15}|\d{18})                                                       # Visa
      | (?:5[1-5]\d\d | 222[1-9] | 22[3-9]\d | 2[3-6]\d\d | 27[01]\d | 2720) \d{12}     # Mastercard
      | 3[47]\d{13}                                                                     # American Express
      | (?:6011 | 64[4-9]\d | 65\d\d) \d{12,15}                                         # Discover, RuPay, Troy
      | (?:30[0-5]\d | 3095 | 36\d\d | 3[89]\d\d) \d{10}                                # Diners Club
      | 35\d{14}                                                                        # JCB, and what passes for it
      | (?:1800 | 2131) \d{11}                                                          # JCB, older
      | (?:5018 | 5020 | 5038 | 5[678]\d\d | 6304 | 6390 | 67\d\d | 0604) \d{8,15}      # Maestro
      | 50\d{14}                                                                        # Maestro, Dankort, RuPay
      | (?:62\d\d | 81\d\d) \d{12,15}                                                   # UnionPay
      | 220[0-4]\d{12,15}                                                               # Mir
      | 2205\d{12}                                                                      # Borica
      | 604[0-2]\d{12,15}                                                               # UkrCard
      | (?:9792 | 9860 | 8600) \d{12}                                                   # Troy, Humo, Uzcard
    """,
    re.VERBOSE,
)
"""Issuers and lengths after ISO/IEC 7812 and the schemes' own lists."""

_DIGITS = re.compile(r"(?<![\w])\d(?:[ .\-_/]{0,2}\d){11,}(?![^\W_])|(?<=[^\W\d_]{3})\d{15,16}(?!\d)")
"""Behind a word without a blank: where invisible characters stood between them, a reader of the code saw blanks."""
_LINES = re.compile(r"(?<![^\n])\d{4}(?: ?\n ?\d{4}){3}(?![^\n ])(?! ?\n ?\d)")
"""Four groups of four digits, each on a line of its own."""
_GROUPED = re.compile(
    r"(?<!\w)\d{4}(?P<apart>(?:[^\w\n]|_){1,5})(?:\d{4}(?P=apart)\d{4}(?P=apart)\d{4}|\d{6}(?P=apart)\d{4,5})"
    r"(?!\w|(?P=apart)\d)"
)
"""Groups of a card's form with the same between them, whatever it is: `4111 · 1111 · 1111 · 1111`."""
_ENOUGH = re.compile(r"\d(?:\D{0,5}\d){11}")
"""Digits that each of the three has at least, with no more between two of them than these allow."""
_USUAL = re.compile(r"[ .\-_/]{1,2}")
_LISTS = frozenset(",;:|&+=<>()-")
"""What stands between numbers that are listed or reckoned with: a card is one there only where it is called so."""
_GROUP = re.compile(r"\d+")
_JOINTS = tuple("._/-")
_CARD_LENGTHS = range(12, 20)
_MAX_GROUPS = 400
"""Of one run of digits. A table of numbers is not read to its end; the masking covers it all the same."""


def find_cards(text: str) -> Iterator[PersonalDatum]:
    """Payment cards in a folded text: an issuer's prefix and length, and the Luhn digit (ISO/IEC 7812-1)."""
    if not _ENOUGH.search(text):
        return
    for run in _DIGITS.finditer(text):
        groups = [(m.start(), m.end()) for m in _GROUP.finditer(text, run.start(), run.end())][:_MAX_GROUPS]
        index = 0
        while index < len(groups):
            last = _card_from(text, groups, index)
            if last is None:
                index += 1
            else:
                yield PersonalDatum(Kind.CARD, groups[index][0], groups[last][1], "[card]")
                index = last + 1
    for grouped in _GROUPED.finditer(text):
        digits = "".join(_GROUP.findall(grouped[0]))
        if not _USUAL.fullmatch(grouped["apart"]) and _is_card(digits) and _is_no_list(text, grouped):
            yield PersonalDatum(Kind.CARD, *grouped.span(), "[card]")
    for lines in _LINES.finditer(text):
        listed = text[max(0, lines.start() - 3) : lines.start()].rstrip()[-1:].isdigit()  # one of many numbers
        if not listed and _is_card("".join(_GROUP.findall(lines[0]))):
            yield PersonalDatum(Kind.CARD, lines.start(), lines.end(), "[card]")


def _is_no_list(text: str, grouped: re.Match[str]) -> bool:
    """Whether it is one number, rather than one of a list or of a table's row."""
    apart, start = grouped["apart"], grouped.start()
    before = text[max(0, start - len(apart) - 1) : start]
    if before.endswith(apart) and before[:1].isdigit():
        return False
    listed = apart.isspace() or not _LISTS.isdisjoint(apart)
    return not listed or said_before(number_words().card, text, start)


def _card_from(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last group of the card that starts with group `first`, the longest there is; None if none starts there."""
    digits, found = "", None
    for index in range(first, min(len(groups), first + _CARD_LENGTHS[-1])):
        start, end = groups[index]
        if len(digits) + end - start > _CARD_LENGTHS[-1]:
            break
        digits += text[start:end]
        if (
            _is_card(digits)
            and _stands_apart(text, groups, first, index)
            and not _is_a_piece(groups, first, index, len(digits))
            and not _is_product(text, groups[first][0], digits)
        ):
            found = index
    return found


def _is_card(digits: str) -> bool:
    return bool(_ISSUERS.fullmatch(digits)) and luhn.is_valid(digits)


def _stands_apart(text: str, groups: list[tuple[int, int]], first: int, last: int) -> bool:
    """One block, blocks of three or more, or every digit apart, and not the tail of a decimal number or of a code."""
    lengths = [end - start for start, end in groups[first : last + 1]]
    even = min(lengths[:-1], default=3) >= 3 or set(lengths) in ({1}, {2})
    start, end = groups[first][0], groups[last][1]
    return even and text[start - 1 : start] not in _JOINTS and (last + 1 == len(groups) or text[end] not in _JOINTS)


def _is_a_piece(groups: list[tuple[int, int]], first: int, last: int, digits: int) -> bool:
    """Twelve and thirteen digits are no card where groups like theirs go on beside them: `1234 5678 9012 3456`."""
    if digits not in (12, 13):
        return False
    (start, end), (before, after) = groups[first], (groups[first - 1 : first], groups[last + 1 : last + 2])
    beside = [one for one in before if start - one[1] == 1] + [one for one in after if one[0] - groups[last][1] == 1]
    return any(other[1] - other[0] == end - start for other in beside)


def _is_product(text: str, start: int, digits: str) -> bool:
    """Twelve and thirteen digits also number goods; a tenth of those pass as a card of the oldest kinds."""
    if len(digits) not in (12, 13) or not ean.is_valid(digits):
        return False
    words = number_words()
    return not (said_before(words.card, text, start) or said_before(words.own, text, start))
