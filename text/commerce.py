"""Signs of selling in a text: prices, calls to buy, prizes, premium numbers, links to shops. Each has a name and its points.

No sign says much by itself, and none is a judgement: the points add up, and the rule says from which sum on a person is
asked. Points stand in `commerce.yaml`, phrases in each language's `trade.yaml`. A text is read as a row of words and kinds (a
price, a phone number, a link); phrases of all languages are matched at once, by one walk over that row, because nobody says
reliably in which language a text is written.
"""

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, islice, product
from math import sqrt
from typing import Any, NamedTuple

from msgspec import Struct, convert

from text.hostility.tokens import MARKS, UNSPACED, tokens_of
from text.languages import ListError, read_list_in, read_lists
from text.links import Link, link_lists, link_of, links_of, public_suffix
from text.packed import NONE, Words
from text.parts import denies
from text.romanised import Romanisation, romanisations
from text.rows import NUMBER, Rarest, Wanted
from text.signs import OTHER_SCRIPTS
from text.tables import table
from text.words import Beginnings, Memo, WordMemo, by_first_letter, folded, read_list, words_in

LONGEST_GAP = 3
"""Words that may stand where a phrase has `…`."""
MOST_VARIANTS = 24
"""Skeletons of a phrase that is typed in Latin letters."""
UNDILUTED_WORDS = 150
"""In longer texts, signs thin out: a newsletter of a thousand words names a price somewhere."""

_SPEAKS_OF = frozenset({"school", "warning"})
_SPEAKER = re.compile(r"^[\d:.,\[\] ]*<[@+ ]?[^<>\s]{1,30}>[ ]", re.MULTILINE)
MIN_LINES_OF_A_LOG = 3
_QUOTE_MARK = re.compile("[\"„“”«»‹›「」『』]|['‘‚](?<!\\w.)|['’](?!\\w)")
"""Of these, apostrophes within words are none."""
_QUOTE = re.compile("[\"„“”«»‹›「」『』‘’‚']")
_NOTHING_ALONE = frozenset({"school", "together", "addressed", "hours", "service", "course"})
"""Signs of which a text that has no others has none: see `_outside_school`."""
SCHOOL_LIFE = frozenset({"school", "price", "free", "goods", "own", "follow"})
_PAID_TO = frozenset({"handle", "terms"})
"""How one pays, or writes outside: who sells and says so names his own price, whatever class it is for."""
TOGETHER = frozenset(
    {
        *(*SCHOOL_LIFE, "together", "buy", "discount", "prize", "rate", "urgency", "seller", "pitch", "trial"),
        *("hourly", "service", "course"),
    }
)
"""What a group that books a museum, counts votes or reckons an exercise says of others' offers."""
_TO_SCHOOLS = frozenset({"pitch", "trial"})
"""What makes an offer of words that address schools; any teacher writes such words to another."""
_PAID = frozenset({"price", "rate", "earnings"})
"""What says that helpers are paid."""
_REACHED = frozenset({"call", "handle", "private", "premium number"})
"""How one reaches who offers a service; a plumber whom nobody shall ring up is talked about."""
_BOOKED = frozenset({"visit", "account", "buy"})
"""How one takes a course that has a link; who only says what it cost him recommends it to a colleague."""
NO_OFFER = frozenset({"school", "together", "warning"})
"""Signs that take others away."""
_NO_OFFER_ANYWHERE = frozenset({"together"})
"""What counts in whichever language it is found: a French hotel for a mobility is none for a Spanish reader either."""
MAX_PHRASES_SHOWN = 6
MAX_WORDS_SHOWN = 6
MAX_SPANS = 8
"""Places of one sign that are looked at; more of them say nothing more."""
SHOUTING_READ = 500
MIN_SHOUTED_LETTERS = 20
"""Characters that are looked at, and letters that it takes."""

_SYMBOLS = "€$£¥₤₴₺₽₾₼֏₸₪₹﷼円元块塊"
_LINK_SIGN = "🔗"
_SHORT_CODE = re.compile(r"\d{3,6}")
_PREMIUM = re.compile(r"(?:(?:00|\+)44|0)(?:9[01]\d|87[0-3]|84[45])\d{7}|0900\d{4,8}|1900\d{7}")
"""British, continental and American numbers that cost more than a call; told from mobile numbers by their length."""
_OF_AN_ORDER = re.compile(r"[1-9]\d{3}(?:[ -]\d{4}){2,3}")
"""Groups of four: an order, a parcel or a card, which nobody rings up."""
_APOSTROPHES = re.compile("['’]+")
_ARTICLES = "l|d|j|qu|s|n|c|m|t|un|dell|nell|all|dall|sull|quell"
_ELIDED = re.compile(rf"^(?:{_ARTICLES})['’](?=\w{{3}})")
"""French, Italian and Catalan articles and pronouns that have lost their vowel."""
_ELIDED_WORD = re.compile(r"[^\W_]++(?:['’][^\W_]+)+")
_MANY = (
    r"\s?(?:thousand|tausend|duizend|tusind|tusen|tuhatta|mila|mil|mii|bin|min|ezer|tis\.?|tisíc|tūkst\.?|hiljada|tisoč"
    r"|тыс\.?|тысяч|тис\.?|тисяч|хиляди|илјади|хиљада|χιλιάδες|χιλιαδες|հազար|ათასი|ألف|الف|آلاف|هزار|میلیون|אלף|हज़ार|हजार)"
)
"""Thousands, said in a word between an amount and its currency."""
_GLUED = re.compile(r"\d{3}(?<=[^\W\d_]{2}\d{3})")
"""What stands before a number without a blank is read as a word."""
_WORD = rf"[^\W_]+(?:[{MARKS}]+[^\W_]*)*+(?:&[^\W_]+)?(?:['’][^\W_]+)*"
_ONLY_WORDS = re.compile(_WORD)
_GOES_ON = rf"[\w&'’@+{MARKS}-]|\.[\w.+@-]|\.?\s?\d"
"""What makes of a row of letters more than a word: a part of an address, a currency before its amount."""
_OF_LETTERS = frozenset({"plain", "word", "glued"})
OTHER_SCRIPT = re.compile(f"[{''.join([f'{chr(first)}-{chr(last)}' for first, last in OTHER_SCRIPTS])}]")
"""Chinese, Japanese and Devanagari, of which the row of a text (`text.rows`) does not have the words: whether they
offer something says a reading only.
"""
_BESIDE_UNSPACED = re.compile(f"(?<=[{UNSPACED}])(?=\\S)|(?<=\\S)(?=[{UNSPACED}])")
_BLANKS_BETWEEN = re.compile(f"(?<=[{UNSPACED}]) (?=[{UNSPACED}])")
_MORE_THAN_WORDS = re.compile(rf"[\d@%{_SYMBOLS}{_LINK_SIGN}]")
"""What all kinds but words have."""
Symbol = str
"""What a phrase is made of: a folded word (`buy`), a beginning of words (`wygr*`), or a kind in angle brackets (`<price>`)."""

Row = Sequence[tuple[int, ...]]
"""The symbols, by their numbers, that each of the pieces of a text stands for."""
Known = Memo[tuple[int, ...]]
"""The symbols of words that were looked up already."""
Language = str
"""A code, several codes of languages that read each other, or nothing for what belongs to all."""


class Sign(Struct, frozen=True):
    """A kind of sign that a text has. `points` may be negative: a warning against offers is none. `apart`: it stands in words
    that make no heavier sign.
    """

    name: str
    points: float
    apart: bool = True


class CommerceReading(Struct, frozen=True):
    """What speaks for trade in a text: signs, the heaviest first, and what they add up to. `links` are all the text's,
    `words` the phrases by which the signs were known, without what stands between their words; `known_in` is the folder of the
    list that has them, `und` where none but signs of all languages were found.
    """

    points: float
    signs: tuple[Sign, ...]
    links: tuple[Link, ...]
    words: tuple[str, ...] = ()
    known_in: str = "und"


NO_COMMERCE = CommerceReading(0, (), ())


class _Currencies(Struct, frozen=True, forbid_unknown_fields=True):
    after: str
    before: str


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    """`everywhere` are the phrases of all languages, by sign."""

    currencies: _Currencies
    points: dict[str, float]
    everywhere: dict[str, str]


_Phrase = tuple[Sequence[tuple[Symbol, ...]], tuple[Language, str]]
"""A phrase as its parts, each with the symbols of which one stands there, and the sign that it is."""
_GAP = ("…",)
_ROOT = NOWHERE = 0
"""The place where phrases begin, to which none leads back."""
_Ends = tuple[tuple[Language, str], ...]


class _Steps:
    """Where symbols lead from each place of a tree."""

    def __init__(self, places: Sequence[Mapping[int, int]]) -> None:
        steps = [sorted(place.items()) for place in places]
        self._ends = array("I", accumulate(map(len, steps), initial=0))
        self._symbols = array("I", [symbol for place in steps for symbol, _ in place])
        self._places = array("I", [to for place in steps for _, to in place])

    def to(self, place: int, symbol: int) -> int:
        """Where the symbol leads, or `NOWHERE`."""
        end = self._ends[place + 1]
        at = bisect_left(self._symbols, symbol, self._ends[place], end)
        return self._places[at] if at < end and self._symbols[at] == symbol else NOWHERE

    def lead_on(self, place: int, symbols: Sequence[int]) -> bool:
        """Whether one of the symbols does."""
        start, end, listed = self._ends[place], self._ends[place + 1], self._symbols
        for symbol in symbols:
            at = bisect_left(listed, symbol, start, end)
            if at < end and listed[at] == symbol:
                return True
        return False


class _Tree:
    """The tree of phrases: at each place what ends there, and what may follow at once or after a gap. Words of which any may
    stand at a place of a phrase lead to one and the same place.
    """

    def __init__(self, phrases: list[_Phrase], symbols: Words) -> None:
        numbers: dict[tuple[tuple[int, int], ...], int] = {}
        at_once: list[dict[int, int]] = []
        after_gap: list[dict[int, int]] = []
        ends: list[_Ends] = []

        def place(reached: tuple[tuple[int, int], ...]) -> int:
            """Where phrases, by their numbers, have been read up to one of their parts."""
            if reached in numbers:
                return numbers[reached]
            number = numbers[reached] = len(ends)
            following: tuple[dict[Symbol, dict[tuple[int, int], None]], ...] = ({}, {})
            ended: dict[tuple[Language, str], None] = {}
            for phrase, at in reached:
                parts, sign = phrases[phrase]
                gap = 0
                while at < len(parts) and parts[at] == _GAP:
                    at, gap = at + 1, 1
                if at == len(parts):
                    ended[sign] = None
                else:
                    for symbol in parts[at]:
                        following[gap].setdefault(symbol, {})[phrase, at + 1] = None
            ends.append(tuple(ended))
            at_once.append({})
            after_gap.append({})
            for steps, by_symbol in zip((at_once, after_gap), following, strict=True):
                steps[number] = {symbols.number(symbol): place(tuple(to)) for symbol, to in by_symbol.items()}
            return number

        place(tuple((number, 0) for number in range(len(phrases))))
        self.at_once, self.after_gap = _Steps(at_once), _Steps(after_gap)
        self.begin = array("I", [at_once[_ROOT].get(symbol, NOWHERE) for symbol in range(len(symbols))])
        """Where each symbol leads from the root."""
        different = dict.fromkeys(ends)
        self._ends = tuple(different)
        numbers_of = {one: number for number, one in enumerate(different)}
        self._end_of = array("I", [numbers_of[one] for one in ends])
        self.kinds = bytes(
            bool(signs) * _ENDS_PHRASES | bool(next_) * _GOES_ON_AT_ONCE | bool(later) * _GOES_ON_AFTER_GAP
            for signs, next_, later in zip(ends, at_once, after_gap, strict=True)
        )
        """What is true of each place."""

    def ends_at(self, place: int) -> _Ends:
        """The signs that are complete there."""
        return self._ends[self._end_of[place]]

    def __len__(self) -> int:
        """How many places there are."""
        return len(self._end_of)


_ENDS_PHRASES, _GOES_ON_AT_ONCE, _GOES_ON_AFTER_GAP = 1, 2, 4


class _Lexicon:
    """All phrases of all signs and languages as one tree of symbols; in skeletons where there is a `romanisation`."""

    def __init__(self, file: _File, trade: dict[str, dict[str, str]], romanisation: Romanisation | None = None) -> None:
        self.tokens = _tokens(file.currencies)
        self.priced = _priced(file.currencies)
        self.points = file.points
        self._romanisation = romanisation
        listed = [
            (phrase, (language, name))
            for language, signs in {"": file.everywhere, **trade}.items()
            for name, phrases in signs.items()
            for phrase in phrases.split(",")
        ]
        phrases: list[_Phrase] = []
        if romanisation:
            words = {
                symbol.rstrip("*") for phrase, _ in listed for part in phrase.split() for symbol in _alternatives(part)
            }
            skeletons = romanisation.skeletons_of(words)
            phrases = [(parts, sign) for phrase, sign in listed for parts in _in_skeletons(phrase, skeletons)]
        else:
            phrases = [(parts, sign) for phrase, sign in listed for parts in _parts(phrase)]
        found = {symbol: None for parts, _ in phrases for part in parts if part != _GAP for symbol in part}
        self.symbols = Words((*_SYMBOLS_OF_KINDS, *found))
        self.tree = _Tree(phrases, self.symbols)
        self._beginnings = Beginnings(symbol[:-1] for symbol in found if symbol.endswith("*"))

    def symbols_of_word(self, word: str) -> tuple[int, ...]:
        """The symbols that a word stands for, by their numbers; most words stand for none."""
        word = self._romanisation.skeleton(word) if self._romanisation else word
        word = _folded(word) if "'" in word or "’" in word else folded(word)
        number = self.symbols.number(word)
        found = () if number == NONE else (number,)
        ends = self._beginnings.of(word)
        if not ends:
            return found
        begun = [self.symbols.number(f"{word[:end]}*") for end in ends if end <= len(word)]
        return (*found, *(number for number in begun if number != NONE))


def _parts(phrase: str) -> Iterator[Sequence[tuple[Symbol, ...]]]:
    """`buy|order now` as the parts of one phrase, and as several where one of its parts may be a gap or none."""
    parts = [tuple(_alternatives(part)) for part in phrase.split()]
    if any("…" in part and part != _GAP for part in parts):
        yield from ([(symbol,) for symbol in symbols] for symbols in product(*parts))
    else:
        yield parts


def _in_skeletons(phrase: str, skeletons: Memo[list[str]]) -> Iterator[Sequence[tuple[Symbol, ...]]]:
    """The parts of all phrases that one stands for, in all their skeletons."""
    for symbols in product(*map(_alternatives, phrase.split())):
        forms = (
            [symbol]
            if symbol == "…" or symbol[0] == "<"
            else [form + "*" * symbol.endswith("*") for form in skeletons[symbol.rstrip("*")] if form]
            for symbol in symbols
        )
        yield from ([(way,) for way in ways] for ways in islice(product(*forms), MOST_VARIANTS))


_PRICES = frozenset({"<price>", "<pence>", "<rate>", "<age>", "<premium>", "<phone>"})
_NUMBERS = frozenset({"<number>", "<short>"})


def patterns() -> Iterator[tuple[Wanted, bool]]:
    """What stands in the row of a text (`text.rows`) that has a sign which is one without others, in any language, and
    whether what `has_signs` tells has to be in the text besides. A price is a sign by itself (`has_price`).
    """
    rarest = Rarest(lambda symbol: symbol == "…" or symbol[0] == "<")
    file, trade = _lists()
    for signs in (file.everywhere, *trade.values()):
        for phrases in [phrases for name, phrases in signs.items() if name not in _NOTHING_ALONE]:
            for parts in _together(phrases):
                kinds = {part for part in parts if part[0] == "<"}
                wanted = rarest.of([NUMBER if part in _NUMBERS else part for part in parts])
                if wanted and kinds.isdisjoint(_PRICES):
                    yield wanted._replace(reach=sum(map(_most_words, parts))), not kinds <= _NUMBERS


def _most_words(part: str) -> int:
    """Words of a row that a part of a phrase stands for at most, where each of its pieces is one."""
    return LONGEST_GAP if part == "…" else max(len(words_in(word)) for word in part.split("|"))


_SEVERAL_WORDS = re.compile(rf"[@%&_{_LINK_SIGN}]|\.\S")
MOST_WORDS_OF_A_NUMBER = 2
"""Words of a row, besides numbers, that a piece with a number may be: `5pper minute`. What may be more has a price, which is a
sign by itself (`has_price`).
"""


def words_of_a_piece(undisguised: str, *, numbered: bool, several: bool = True) -> int:
    """Words of its row, besides numbers, that a piece of a text (`_tokens`) may be at most; 0 where there is no saying: links,
    addresses. `numbered`: whether the text has digits; `several`: whether a sign may make one piece of several words.
    """
    if several and _SEVERAL_WORDS.search(undisguised):
        return 0
    return MOST_WORDS_OF_A_NUMBER if numbered else 1


def _together(phrases: str) -> Iterator[tuple[str, ...]]:
    """The phrases as their parts, of which whole words are not spelt out: `buy|order now`."""
    for phrase in phrases.split(","):
        yield from product(*map(_parts_for, phrase.split()))


def _parts_for(written: str) -> list[str]:
    symbols = _alternatives(written)
    apart = [symbol for symbol in symbols if symbol[0] in "…<" or symbol[-1] == "*"]
    whole = [symbol for symbol in symbols if symbol not in apart]
    return ["|".join(whole), *apart] if whole else apart


def _alternatives(part: str) -> list[Symbol]:
    return [word if word == "…" else _folded(word) for word in part.split("|")]


def _folded(word: str) -> str:
    """Folded, without apostrophes and elided articles. The same for texts and for phrases."""
    if "'" in word or "’" in word:
        word = _APOSTROPHES.sub("", _ELIDED.sub("", word.casefold()))
    return folded(word)


def _listed(currencies: str) -> list[str]:
    return sorted({re.escape(word) for word in re.split(r"[,\s]+", currencies.strip())}, key=len, reverse=True)


def _priced(currencies: _Currencies) -> re.Pattern[str]:
    """A digit where a price, an age or a number to call may be. It begins with the digit, so that others are passed over."""
    by_length: dict[int, list[str]] = {}
    for word in _listed(currencies.before):
        by_length.setdefault(len(word), []).append(word)
    last = "".join(sorted({word[-1] for words in by_length.values() for word in words}))

    def before(between: str) -> str:
        """Behind a currency with this between. Its last letter is looked at first."""
        either = "|".join(rf"(?<=\b(?:{'|'.join(words)}){between}\d)" for words in by_length.values())
        return rf"(?<=[{last}]{between}\d)(?:{either})"

    in_front = "|".join(map(before, ("", r"\.", r"\s", r"\.\s")))
    in_front = rf"(?<=[{_SYMBOLS}{last}.\s]\d)(?:(?<=[{_SYMBOLS}]\d)|(?<=[{_SYMBOLS}]\s\d)|{in_front})"
    words = by_first_letter([*_listed(currencies.after), "p", "cents?", "ct"])
    after = rf"(?!\d)[.,]*+(?:[km]|{_MANY})?(?:\sde|-il)?\s?(?:[{_SYMBOLS}+]|(?:{words})\b|p\s?/|p\sper|ppm|pence)"
    return re.compile(rf"\d(?:{after}|(?:[ .\-/()]{{0,2}}\d){{6}}|{in_front})")


_DATE = r"\d\d?[./-]\d\d?[./-](?:19|20)\d\d(?!\d)"
"""Eight digits that are no number to call."""


def _tokens(currencies: _Currencies) -> re.Pattern[str]:
    """What a text consists of; each group is a kind, and what stands before it belongs to none. No part is read more than a
    fixed number of times.
    """
    after, before = "|".join(_listed(currencies.after)), "|".join(_listed(currencies.before))
    amount = r"\d(?:[\d.,]|\s\d{3}(?!\d))*+"
    return re.compile(
        rf"""[^\w.+\-@%({_SYMBOLS}{_LINK_SIGN}]{{0,8}}+(?:
        (?P<plain>[^\W\d_]++(?!{_GOES_ON}))  # first, because most are
        |(?P<link>{_LINK_SIGN})
        |(?P<email>[\w.+-]{{1,64}}@[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,4}})
        |(?P<handle>(?<!\w)@[\w.]{{3,40}})
        |(?P<price>[{_SYMBOLS}]\s?{amount}[km]?|\b(?:{before})\.?\s?{amount}|{amount}(?:[km]|\s?[万萬]|{_MANY})?(?:\sde|-il)?\s?(?:[{_SYMBOLS}]|(?:{after})(?!\w)))
        |(?P<percent>\d+(?:[.,]\d+)?\s?%|%\s?\d+)
        |(?P<rate>\d{{1,3}}(?:[.,]\d+)?\s?(?:ppm|(?:p\s?|pence\s)(?:/|per)\s?\w+))
        |(?P<pence>\d{{1,3}}\s?(?:p|pence|cents?|ct)\b)
        |(?P<glued>(?<![^\W_])[^\W\d_]{{2,}}(?=\d{{3}}))
        |(?P<phone>(?<![\d_+])(?!{_DATE})[+(]{{0,2}}\d(?:[ .\-/()]{{0,2}}\d){{6,17}}(?!\w))
        |(?P<age>\b(?:16|18|21)\s?\+)
        |(?P<number>\d+(?:[.,:/-]\d+)*+(?!\w))
        |(?P<word>{_WORD}))
        """,
        re.VERBOSE,
    )


def has_signs(undisguised: str, links: Sequence[Link]) -> bool:
    """Whether there is a link, an address, somebody's @name or a percentage."""
    return bool(links) or "@" in undisguised or "%" in undisguised or _LINK_SIGN in undisguised


def has_price(undisguised: str) -> bool:
    """Whether there is a price, an age or a number to call, which is a sign by itself."""
    return _lexicon().priced.search(undisguised) is not None


def spelt_out(undisguised: str, *, numbered: bool = True) -> str:
    """The words of a text that its row has otherwise than the phrases: `d'achat` without its article, `don't` in one word, and
    what stands right before a number. Empty where it has none. `numbered`: whether it has digits.
    """
    elided = "'" in undisguised or "’" in undisguised
    text = _GLUED.sub(r" \g<0>", undisguised) if numbered and _GLUED.search(undisguised) else undisguised
    if elided:
        text = " ".join([_unelided(one) if "'" in one or "’" in one else one for one in text.split(" ")])
    return "" if text == undisguised else text


def _unelided(piece: str) -> str:
    return _ELIDED_WORD.sub(lambda found: _folded(found[0]), piece)


def _lists() -> tuple[_File, dict[str, dict[str, str]]]:
    return convert(read_list("commerce.yaml"), _File), read_lists("trade", dict[str, str])


@table
def _lexicon() -> _Lexicon:
    file, trade = _lists()
    for code, signs in trade.items():
        for sign in signs.keys() - file.points.keys():
            raise ListError(f"{code}/trade.yaml: {sign}: unknown, expected one of {', '.join(file.points)}")
    return _Lexicon(file, trade)


def _lexicon_in_skeletons(code: str) -> _Lexicon:
    """The phrases of a language in skeletons, with what `romanised.yaml` has besides. Raises ListError."""
    file = convert(read_list("commerce.yaml"), _File)
    romanisation = romanisations()[code]
    folder = romanisation.list_codes["trade"]
    trade = {folder: read_list_in(folder, "trade", dict[str, str]) if romanisation.is_spelt else {}}
    for sign, phrases in romanisation.listed.trade.items():
        if sign not in file.points:
            raise ListError(f"{code}/romanised.yaml: trade.{sign}: unknown, expected one of {', '.join(file.points)}")
        trade[folder][sign] = f"{trade[folder].get(sign, '')}, {phrases}".removeprefix(", ")
    return _Lexicon(file, trade, romanisation)


@table
def _romanised() -> dict[str, _Lexicon]:
    return {code: _lexicon_in_skeletons(code) for code in romanisations()}


def romanised_lexicons() -> tuple[_Lexicon, ...]:
    """Those of all languages."""
    return tuple(_romanised().values())


_Pieces = list[str] | list[re.Match[str]]
"""What a text is made of: words, or what `_tokens` found where some of it is more."""


def _pieces(text: str, lexicon: _Lexicon) -> _Pieces:
    return [*lexicon.tokens.finditer(text)] if _MORE_THAN_WORDS.search(text) else _ONLY_WORDS.findall(text)


def _symbols(pieces: _Pieces, known: Known) -> Row:
    """The row of what a text is made of; `known` are words that were looked up already."""
    return [
        known[one]
        if isinstance(one, str)
        else known[one[one.lastgroup]]
        if one.lastgroup in _OF_LETTERS
        else _symbols_of_kind(one)
        for one in pieces
    ]


_SYMBOLS_OF_KINDS = (
    *("<link>", "<email>", "<handle>", "<price>", "<percent>", "<rate>", "<pence>", "<phone>", "<age>", "<number>"),
    *("<premium>", "<short>"),
)
"""They have these numbers in every lexicon."""
_OF_KIND = {symbol[1:-1]: (number,) for number, symbol in enumerate(_SYMBOLS_OF_KINDS)}
_CALL = _OF_KIND["phone"] + _OF_KIND["premium"]
_CODE = _OF_KIND["number"] + _OF_KIND["short"]


def _symbols_of_kind(found: re.Match[str]) -> tuple[int, ...]:
    kind = found.lastgroup
    assert kind
    written = found[kind]
    if kind == "phone":
        if _OF_AN_ORDER.fullmatch(written):
            return _OF_KIND["number"]
        digits = re.sub(r"[^\d+]", "", written)
        return _CALL if _PREMIUM.fullmatch(digits) else _OF_KIND[kind]
    if kind == "number" and _SHORT_CODE.fullmatch(written):
        return _CODE
    return _OF_KIND[kind]


_Waiting = dict[tuple[Any, ...], tuple[_Steps, int, int, int]]
"""By the symbols that were read, each with those before it, what may come next, and from which place; up to which position it
is waited for; where the phrase began.
"""

_Spans = dict[str, tuple[tuple[int, int], ...]]
"""Where the phrases of each sign stand: positions of first and last word, at most `MAX_SPANS` of them."""


def _phrases_in(row: Row, lexicon: _Lexicon) -> tuple[dict[Language, _Spans], int]:
    """By language the signs whose phrases occur, and the length of the row.

    Linear in the row: a word meets each place of the tree at most once.
    """
    tree = lexicon.tree
    begin, kinds = tree.begin, tree.kinds
    at_once = tree.at_once.lead_on
    signs: dict[Language, _Spans] = {}
    waiting: _Waiting = {}
    for position, symbols in enumerate(row):
        if not symbols:
            continue
        following = row[position + 1] if position + 1 < len(row) else ()
        still: _Waiting = {}
        if waiting:
            waiting = {key: one for key, one in waiting.items() if one[2] >= position}
            still = {key: one for key, one in waiting.items() if one[2] > position}
        for symbol in symbols:
            place = begin[symbol]
            if not waiting and (not place or (kinds[place] == _GOES_ON_AT_ONCE and not at_once(place, following))):
                continue  # most phrases go on otherwise than the text
            reached: list[tuple[tuple[Any, ...], int, int]] = [((), place, position)] if place else []
            for read, (steps, before, _, start) in waiting.items():
                if place := steps.to(before, symbol):
                    reached.append((read, place, start))
            for read, place, start in reached:
                kind = kinds[place]
                if kind & _ENDS_PHRASES:
                    for language, name in tree.ends_at(place):
                        spans = signs.setdefault(language, {})
                        if len(spans.get(name, ())) < MAX_SPANS:
                            spans[name] = (*spans.get(name, ()), (start, position))
                if kind & _GOES_ON_AT_ONCE and at_once(place, following):
                    still[read, symbol] = tree.at_once, place, position + 1, start
                if kind & _GOES_ON_AFTER_GAP:
                    still[read, symbol, "…"] = tree.after_gap, place, position + 1 + LONGEST_GAP, start
        waiting = still
    return signs, len(row)


def _apart(names: Sequence[str], starts: dict[str, frozenset[int]]) -> frozenset[str]:
    """Of the signs, the heaviest first, those that begin at a word of their own: one phrase read in two ways is one sign."""
    shared = Counter(start for name in names for start in starts.get(name, ()))
    taken: set[int] = set()
    apart = set()
    for name in names:
        free = starts.get(name, frozenset()) - taken
        if free or name not in starts:
            apart.add(name)
            taken |= {min(free, key=lambda start: (shared[start], start))} if free else set()
    return frozenset(apart)


def _without_links(undisguised: str, links: tuple[Link, ...]) -> str:
    """The text with one sign in place of each of the links."""
    domains = {link.domain for link in links}
    return " ".join(
        _LINK_SIGN if "." in piece and (link := link_of(piece)) and link.domain in domains else piece
        for piece in undisguised.split()
    )


def _signs_of_links(links: Iterable[Link]) -> Iterator[str]:
    lists = link_lists()
    for link in links:
        names, path = {link.host, link.domain}, link.path
        yield "link"
        if names & lists.shorteners:
            yield "short link"
        if names & lists.messengers:
            yield "handle"
        if names & lists.marketplaces or not lists.shop_paths.isdisjoint(path):
            yield "shop link"
        if public_suffix(link.host) in lists.trading_suffixes:
            yield "trading domain"
        earning = any(name in lists.referral_parameters and value for name, value in link.parameters)
        if earning or not lists.referral_paths.isdisjoint(path):
            yield "referral link"


def is_harmless(link: Link, harmless: frozenset[str]) -> bool:
    """Whether the link's host, or one that it lies under, is among `harmless` (hosts, domains or suffixes such as `edu`)."""
    labels = link.host.split(".")
    return any(".".join(labels[start:]) in harmless for start in range(len(labels)))


def _shouts(seen: str) -> bool:
    """Whether most letters are capitals, or exclamation marks come in threes."""
    start = seen[:SHOUTING_READ]
    capitals = sum(map(str.isupper, start))
    if 2 * capitals <= MIN_SHOUTED_LETTERS:
        return "!!!" in start
    letters = sum(map(str.isalpha, start))
    return "!!!" in start or (letters >= MIN_SHOUTED_LETTERS and 2 * capitals > letters)


def commerce_of(
    seen: str,
    undisguised: str,
    harmless: frozenset[str] = frozenset(),
    *,
    links: tuple[Link, ...] | None = None,
    memo: WordMemo | None = None,
    at_stake: bool = True,
    romanised: Sequence[str] = (),
    typed: str = "",
) -> CommerceReading:
    """The signs of selling in a text, given as it is seen and with its disguise taken off.

    Links to `harmless` places are no signs; `links` are those of the text, with those that it only leads to. `memo` is that of
    the texts that are read together. Whether something is `at_stake` besides links is told of many texts at once
    (`text.anchors`). `romanised` are the languages that the text may be typed in with Latin letters, and `typed` is the text
    in lower case, with its digits in place. Linear in the length of the text.
    """
    links = links_of(seen) if links is None else links
    counted = frozenset(_signs_of_links(link for link in links if not is_harmless(link, harmless)))
    if not (at_stake or counted or romanised):
        return CommerceReading(0, (), links)
    memo = memo or WordMemo()
    text = _Text(seen, links, counted)
    own = _reading(text, undisguised, _lexicon(), memo)
    if OTHER_SCRIPT.search(seen):  # without disguise digits beside such letters are Latin ones
        spaced = _BESIDE_UNSPACED.sub(" ", seen.casefold())
        own = max(own, _reading(text, spaced, _lexicon(), memo), key=_points)
    if not romanised:
        return own
    readings = [_reading(text, typed, _romanised()[code], memo) for code in romanised]
    # what makes an offer none must not be missed where other words of the text are in a list as well
    harmless_signs = frozenset(sign.name for one in readings for sign in one.signs if sign.name in NO_OFFER)
    if harmless_signs:
        text = _Text(seen, links, counted | harmless_signs)
        readings = [_reading(text, typed, _romanised()[code], memo) for code in romanised]
        own = _reading(text, undisguised, _lexicon(), memo)
    return max((own, *readings), key=_points)


def _points(reading: CommerceReading) -> float:
    return reading.points


class _Text(NamedTuple):
    """What all readings of a text share; `signs` are those that are no phrases."""

    seen: str
    links: tuple[Link, ...]
    signs: frozenset[str]


def _reading(text: _Text, undisguised: str, lexicon: _Lexicon, memo: WordMemo) -> CommerceReading:
    """The signs that these phrases make."""
    points, links = lexicon.points, text.links
    known = memo.of(lexicon.symbols_of_word)
    own_words = _own_words(undisguised, lexicon, known)
    read = _without_links(own_words, links) if links else own_words
    pieces = _pieces(read, lexicon)
    row = _symbols(pieces, known)
    phrases, count = _phrases_in(row, lexicon)
    if not text.signs and all(names.keys() <= _NOTHING_ALONE for names in phrases.values()):
        return CommerceReading(0, (), links)
    # a firm that warns of others to sell has spoken of itself before, and "this is no scam" warns of nothing
    warned, firm = _first("warning", phrases), _first("seller", phrases)
    if warned is not None and ((firm is not None and firm < warned) or denies(text.seen)):
        phrases = {code: {name: at for name, at in its.items() if name != "warning"} for code, its in phrases.items()}
    spans = phrases.pop("", {})
    common = {*spans, *text.signs}
    if (common or phrases) and _shouts(text.seen):
        common.add("shouting")
    # no text is known to be in one language, but what adds up must be
    elsewhere = {name for own in phrases.values() for name in own.keys() & _NO_OFFER_ANYWHERE}
    readings = [(_outside_school(common | own.keys() | elsewhere), own, code) for code, own in phrases.items()]
    readings = readings or [(common, {}, "und")]
    found, own, code = max(readings, key=lambda reading: (sum(map(points.__getitem__, reading[0])), sorted(reading[0])))
    thinned = min(1.0, sqrt(UNDILUTED_WORDS / count)) if count else 1.0
    heaviest = sorted(found, key=lambda name: (-points[name], name))
    places = {name: (*spans.get(name, ()), *own.get(name, ())) for name in (*spans, *own)}
    apart = _apart(heaviest, {name: frozenset(begin for begin, _ in at) for name, at in places.items()})
    signs = tuple(Sign(name, round(points[name] * thinned, 1), name in apart) for name in heaviest)
    shown = _shown(
        pieces, lexicon, row, [places[name][0] for name in heaviest if points[name] > 0 and places.get(name)]
    )
    return CommerceReading(round(sum(sign.points for sign in signs), 1), signs, links, shown, code)


def _first(name: str, phrases: Mapping[str, Mapping[str, Iterable[tuple[int, int]]]]) -> int | None:
    """Before which word the first phrase of a sign begins, in any language."""
    return min((begin for names in phrases.values() for begin, _ in names.get(name, ())), default=None)


def _shown(pieces: _Pieces, lexicon: _Lexicon, row: Row, places: list[tuple[int, int]]) -> tuple[str, ...]:
    """The phrases at these places of a text, of which these are the pieces and the row: words of the lexicon as they are
    written, and of addresses and numbers the kind only.
    """
    if not places:
        return ()
    places = places[:MAX_PHRASES_SHOWN]
    wanted = {position for begin, end in places for position in range(begin, end + 1)}
    written: dict[int, str] = {}
    for position in wanted:
        if symbols := row[position]:
            one = pieces[position]
            if isinstance(one, str):
                written[position] = one
            else:
                plain = one.lastgroup in ("plain", "word", "price", "percent")
                written[position] = one[one.lastgroup or 0] if plain else lexicon.symbols[symbols[0]]
    phrases = (
        " ".join([written[at] for at in range(begin, end + 1) if at in written][:MAX_WORDS_SHOWN])
        for begin, end in places
    )
    return tuple(dict.fromkeys(_BLANKS_BETWEEN.sub("", phrase) for phrase in phrases))


def _own_words(text: str, lexicon: _Lexicon, known: Known) -> str:
    """The text without what it quotes, where it speaks of school or of warnings: pupils' advertisements, examples of spam.

    Elsewhere quotation marks are worn by offers as well. The log of a chat is a quotation as a whole, and what several people
    said does not add up.
    """
    if text.count("<") >= MIN_LINES_OF_A_LOG and len(_SPEAKER.findall(text)) >= MIN_LINES_OF_A_LOG:
        return ""
    may_quote = _QUOTE.search(text) and (">" in text or _QUOTE_MARK.search(text))
    tokens = tokens_of(text) if may_quote else None
    if not tokens or not tokens.quoted:
        return text
    own = " ".join(word for position, word in enumerate(tokens.written) if position not in tokens.quoted)
    phrases, _ = _phrases_in(_symbols(_pieces(own, lexicon), known), lexicon)
    return own if any(not _SPEAKS_OF.isdisjoint(names) for names in phrases.values()) else text


def _outside_school(names: set[str]) -> set[str]:
    """Without what is no offer where a school is spoken of: what a trip costs each pupil, a channel of the class; or where a
    group plans together and seeks helpers whom nobody pays. A course takes hours a day as well.
    """
    if not names & _PAID:
        names = names - {"hours", "course"} - ({"job"} if "together" in names else set())
    if not names & _REACHED:
        names = names - {"service"}
        if "link" not in names or not names & _BOOKED:
            names = names - {"course"}
    if "together" in names:
        names = names - TOGETHER
    if not names & _TO_SCHOOLS:
        names = names - {"addressed"}
    if "together" in names:
        return names
    if "school" not in names:
        return names
    return names - (SCHOOL_LIFE - {"price"} if "sale" in names and names & _PAID_TO else SCHOOL_LIFE)
