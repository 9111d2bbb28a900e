"""Letters of one script that pass for letters of another, and telling a disguise from a text in two languages.

The tables are the Unicode consortium's (UTS 39, and scripts after UAX 24), as the package `confusable_homoglyphs` ships them.
"""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Literal

from msgspec import Struct, json

from text import tables

Script = str
"""A script's name in capitals, as in UAX 24: `LATIN`, `CYRILLIC`; `COMMON` for signs that all scripts share."""
Kind = Literal["own", "mixed", "passing", "foreign"]

_SHARED = frozenset({"COMMON", "INHERITED"})
_READ_UP_TO = 0x1F200
"""Nothing that passes for a letter stands above, but ideographs and what NFKC takes apart."""
_UNUSED_LATIN = (range(0x0250, 0x02B0), range(0x1D00, 0x1DC0), range(0xA720, 0xA800), range(0xAB30, 0xAB70))
"""Phonetic letters and small capitals, which no text is written in. But the Azerbaijani ə stands among them."""
_WRITTEN = frozenset("əƏ")
# what people use though the consortium does not list it, or lists something else
_ALSO_PASSING = {
    # a mere stroke may be an l as well as a capital I: what it is within a word `text.normalise.read_capital_i` sees
    "LATIN": dict(zip("ҽηпωшьЬςⲁⲂⲃⲉᑕ᙭Ꮜⲓӏⵏ\u0399\u0406\u04c0ⲒꓲⲍⲌ", "ennwwbbcabbecxuiIIIIIIIzZ", strict=True)),
    "CYRILLIC": dict(zip("nuɴⲃʙᴧςσⲁⲉ", "пинввлссае", strict=True)),
    "GREEK": dict(zip("nwԝŋⲁⲃⲉ", "ηωωηαβε", strict=True)),
}
_SIGNS = {"℮": "e", "⍺": "a", "⍳": "i", "⍴": "p", "⍵": "w", "∂": "d", "Ɩ": "I", "ɩ": "i", "Ƅ": "b", "ƅ": "b"}
# white letters on black circles and squares, which NFKC leaves alone
_WHITE_ON_BLACK = {chr(first + i): chr(ord("A") + i) for first in (0x1F150, 0x1F170) for i in range(26)}
# which of a script's letters texts are written with; the rest would make every Latin word pass for a Cyrillic one
_EVERYDAY = {
    "LATIN": re.compile("[A-Za-z]"),
    "CYRILLIC": re.compile("[\u0410-\u045f\u0490\u0491](?<![ЅѕЈј])"),
    "GREEK": re.compile("[\u0386-\u03ce]"),
}
MIN_MIXED_WORDS = 2
"""So many different words in two scripts make a whole text disguised: one may be a slip of the keyboard."""


class _Lookalike(Struct, frozen=True):
    c: str


class _Scripts(Struct, frozen=True):
    iso_15924_aliases: list[str]
    code_points_ranges: list[tuple[int, int, int, int]]


def _table(name: str) -> bytes:
    return files("confusable_homoglyphs").joinpath(f"{name}.json").read_bytes()


class _ScriptOf(dict[str, Script]):
    """The script of each letter and sign below `_READ_UP_TO`, looked up once; it holds at most one for every one there is."""

    def __init__(self) -> None:
        table = json.decode(_table("categories"), type=_Scripts)
        self._ranges = sorted(
            (first, last, table.iso_15924_aliases[alias]) for first, last, alias, _ in table.code_points_ranges
        )
        self._firsts = [first for first, _, _ in self._ranges]

    def __missing__(self, character: str) -> Script:
        code = ord(character)
        _, last, script = self._ranges[bisect_right(self._firsts, code) - 1]
        self[character] = found = script if code <= last and code < _READ_UP_TO else "COMMON"
        return found


_SCRIPTS = _ScriptOf()


def script_of(character: str) -> Script:
    """The script that a character belongs to; `COMMON` for signs, digits and what is not known."""
    return _SCRIPTS[character]


@tables.table
def _families() -> list[frozenset[str]]:
    """Sets of single letters that all pass for each other."""
    listed = json.decode(_table("confusables"), type=dict[str, list[_Lookalike]])
    family: dict[str, set[str]] = {}
    for letter, others in listed.items():
        for other in others:
            if len(letter) == len(other.c) == 1 and _is_letter(letter) and _is_letter(other.c):
                joined = family.get(letter, {letter}) | family.get(other.c, {other.c})
                for member in joined:
                    family[member] = joined
    return list({id(members): frozenset(members) for members in family.values()}.values())


def _is_letter(character: str) -> bool:
    return ord(character) < _READ_UP_TO and unicodedata.category(character) in ("Ll", "Lu", "Lo", "Lt")


@cache
def close_lookalikes(script: Script) -> dict[str, str]:
    """For each letter of another script the letter of `script` that it passes for: of several the plainest small one."""
    table: dict[str, str] = {}
    for members in _families():
        own = [m for m in members if script_of(m) == script and _is_everyday(m, script)]
        if own:
            best = min(own, key=lambda member: (not member.islower(), member))
            table |= {member: best for member in members if script_of(member) != script}
    return table


def _is_everyday(letter: str, script: Script) -> bool:
    everyday = _EVERYDAY.get(script)
    return everyday is None or everyday.match(letter) is not None


@cache
def lookalikes(script: Script) -> dict[str, str]:
    """As `close_lookalikes`, and small letters for what their capitals pass for: attackers and small capitals mix them."""
    table = dict(close_lookalikes(script))
    for capital in [c for c in table if c.isupper()]:
        table.setdefault(capital.lower(), table[capital].lower())
    return table | _ALSO_PASSING.get(script, {})


@cache
def _latin() -> dict[int, str]:
    return str.maketrans(lookalikes("LATIN"))


@tables.table
def _never_written() -> dict[str, str]:
    """Latin letters and signs that no text is written with, as the letters that they pass for."""
    found = _WHITE_ON_BLACK | _SIGNS
    for letter in (chr(code) for block in _UNUSED_LATIN for code in block):
        named = re.fullmatch(r"LATIN LETTER SMALL CAPITAL ([A-Z])", unicodedata.name(letter, ""))
        if named:
            found[letter] = named[1].lower()
    for members in _families():
        plain = sorted((m for m in members if m.isascii()), key=lambda m: (not m.islower(), m))
        if plain:
            unused = [m for m in members - _WRITTEN if any(ord(m) in block for block in _UNUSED_LATIN)]
            found = dict.fromkeys(unused, plain[0]) | found
    return found


@cache
def _as_written() -> dict[int, str]:
    return str.maketrans(_never_written())


_FLOURISH = re.compile(
    r"LATIN (?:SMALL|CAPITAL) LETTER (?:OPEN |BARRED |DOTLESS |TURNED |REVERSED |MIDDLE |LONG |SMALL CAPITAL )*"
    r"([A-Z]|ENG|SCHWA)(?: BAR| WITH (?:[A-Z ]*(?:STROKE|BAR|HOOK|TAIL|TILDE|CURL|LEG|LOOP|BELT|OVERLAY)[A-Z ]*))?"
)
_NAMED_LETTERS = {"ENG": "n", "SCHWA": "e"}
_USED_IN_EUROPE = frozenset("łøđħŧıəŋæœðþßŁØĐĦŦƏŊ")
MIN_FLOURISHED = 2
"""So many different barred or hooked letters that no European language has make all of a text's such letters a disguise."""


def _flourished() -> dict[str, str]:
    """Barred, hooked and turned Latin letters, which nothing decomposes, as the plain letters that they are read as."""
    table = {}
    for code in (*range(0x0180, 0x02B0), *range(0x1D6B, 0x1D9B), *range(0x2C60, 0x2C80), *range(0xA720, 0xA7C0)):
        letter = chr(code)
        found = _FLOURISH.fullmatch(unicodedata.name(letter, ""))
        if found and not unicodedata.decomposition(letter):
            table[letter] = _NAMED_LETTERS.get(found[1], found[1].lower())
    return table | dict(zip("łøđħŧıŋŁØĐĦŦŊ", "lodhtinlodhtn", strict=True))


_FLOURISHED = _flourished()
_FLOURISHED_TABLE = str.maketrans(_FLOURISHED)
_UNUSED_FLOURISHES = frozenset(_FLOURISHED) - _USED_IN_EUROPE
_PASSING_I = "\u0399\u0406\u04c0\u04cf\u0196"
_LONE_I = re.compile(rf"(?<![^\W_])[{_PASSING_I}](?=[ \t][A-Za-z])(?![^\W_])")
"""A Greek or Cyrillic capital I before a Latin word: the English word."""
_FIRST_I = re.compile(rf"^[{_PASSING_I}](?=[b-df-hj-np-tv-xz])")
"""The same at the beginning of a word, which begins with an l only before a vowel: `Ich`."""
_FIRST_STROKE = re.compile(r"^[ӏⵏ](?=[aeiouy])")
_WORD = re.compile(r"[^\W\d_]+")
_SCHEME = re.compile(r"(?<!\w)[^\W\d_]{4,5}(?=://)")
"""What a link begins with."""


_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK", "ARABIC", "ARMENIAN", "GEORGIAN")


def _is_ordinary(character: str) -> bool:
    special = character in _never_written() or character in _UNUSED_FLOURISHES or character == "\u0196"
    changes = unicodedata.category(character) in _UNSEEN or unicodedata.normalize("NFKC", character) != character
    return (not special and not changes) or character in _BLANKS


@cache
def _ordinary() -> re.Pattern[str]:
    return re.compile(_ordinary_pattern())


@tables.table
def _ordinary_pattern() -> str:
    """Of a text of the ordinary characters of one script, and of signs."""
    classes = []
    script_of_each = {c: script_of(c) for c in map(chr, range(_ORDINARY_UP_TO)) if _is_ordinary(c)}
    for script in _ALPHABETS:
        codes = [ord(c) for c, its in script_of_each.items() if its == script or its in _SHARED or c in _BLANKS]
        runs = [(codes[0], codes[0])]
        for code in codes[1:]:
            runs = [*runs[:-1], (runs[-1][0], code)] if code == runs[-1][1] + 1 else [*runs, (code, code)]
        classes.append("".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in runs))
    return "|".join(f"[{inside}]*+\\Z" for inside in classes)


_BLANKS = "\t\n\r"
_ORDINARY_UP_TO = 0x2E00
"""What is written with the characters beyond is looked at character by character."""
_UNSEEN = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Mc", "Me", "Mn"))


def is_ordinary(text: str) -> bool:
    """Whether a text consists of letters of one script and signs, all of them in the form that they are read in.

    Then nothing in it is invisible, composed or looks like a letter that it is none of. Most texts are so.
    """
    return (text.isascii() and text.isprintable()) or _ordinary().match(text) is not None


def fold_lookalikes(text: str) -> str:
    """Letters that only pass for others as those others, in words that mix scripts or impersonate the text's script.

    The text's script is the one with most letters that pass for none of another script present. A word in two scripts is
    disguised; so is a word (or several in a row) in another script than the text's, all of whose letters pass for it:
    a Cyrillic `сору` in an English sentence. A foreign word in its own letters is left alone, and so is a text in one
    script. Case must be intact: capitals pass for other letters than small ones.
    """
    if text.isascii():
        return text
    characters = set(text)
    if len(characters & _UNUSED_FLOURISHES) >= MIN_FLOURISHED:
        text = text.translate(_FLOURISHED_TABLE)
        characters = set(text)
    if not characters.isdisjoint(_PASSING_I):
        text = _LONE_I.sub("I", text)
    if not _never_written().keys().isdisjoint(characters):
        text = text.translate(_as_written())
        characters = set(text)
    scripts = set(map(_SCRIPTS.__getitem__, characters)) - _SHARED
    if len(scripts) < 2:
        return text
    if "://" in text:
        text = _SCHEME.sub(lambda found: found[0].translate(_latin()), text)
    main = _main_script(Counter(text), scripts)
    kinds = {word: _kind(word, main) for word in set(_WORD.findall(text))}
    counts = Counter(kinds.values())
    if not counts["mixed"] and not counts["passing"]:
        return text
    return _fold_words(text, main, kinds, disguised=counts["mixed"] >= MIN_MIXED_WORDS)


def _main_script(counts: Counter[str], scripts: set[Script]) -> Script:
    """The script with most letters that can be no disguise of another one present; ties go to the most letters.

    A script that hardly anybody writes in is one to choose from only where most letters are of it.
    """
    of = Counter[Script]()
    for letter, count in counts.items():
        of[script_of(letter)] += count
    most = sum(of[script] for script in scripts) / 2
    scripts = {script for script in scripts if script in _ALPHABETS or of[script] > most} or scripts
    # no letter passes for another of its own script, so that one set serves all scripts
    disguises = set().union(*map(lookalikes, scripts))
    distinct, all_ = dict.fromkeys(scripts, 0), dict.fromkeys(scripts, 0)
    for letter, count in counts.items():
        script = script_of(letter)
        if script in scripts:
            all_[script] += count
            distinct[script] += 0 if letter in disguises else count
    return max(scripts, key=lambda script: (distinct[script], all_[script], script))


def _fold_words(text: str, main: Script, kinds: dict[str, Kind], *, disguised: bool) -> str:
    """`text` with its disguised words folded towards `main` or, where they have no letter of it, towards their commonest.

    Where the text as a whole is `disguised`, a short word all of whose letters were replaced may hold some that pass only
    roughly (`му` for *my*).
    """
    table = lookalikes(main)
    out: list[str] = []
    passing: list[
        int
    ] = []  # places in `out` of words that impersonate, unless a genuine foreign word stands beside them
    genuine = False
    end = 0
    for found in _WORD.finditer(text):
        out += (text[end : found.start()], found[0])
        end = found.end()
        kind = kinds[found[0]]
        roughly = disguised and kind == "foreign" and all(letter in table for letter in found[0])
        if kind == "passing" or roughly:
            passing.append(len(out) - 1)
            continue
        if kind == "foreign":
            genuine = True
            continue
        if kind == "mixed":
            out[-1] = _unmixed(found[0], main)
        if passing and not genuine:
            _fold_places(out, passing, main)
        passing, genuine = [], False
    if passing and not genuine:
        _fold_places(out, passing, main)
    return "".join([*out, text[end:]])


def _fold_places(words: list[str], places: list[int], script: Script) -> None:
    table = lookalikes(script)
    for place in places:
        words[place] = "".join([table.get(letter, letter) for letter in words[place]])


def _kind(word: str, main: Script) -> Kind:
    if main == "LATIN" and word.isascii():
        return "own"
    scripts = set(map(script_of, word)) - _SHARED
    if len(scripts) > 1:
        return "mixed"
    if main in scripts or not scripts:
        return "own"
    # names of products and places stand in Latin letters in texts of every script
    if word.isascii() and len(word) > 1:
        return "foreign"
    return "passing" if all(letter in close_lookalikes(main) for letter in word) else "foreign"


def _unmixed(word: str, main: Script) -> str:
    if main == "LATIN":
        word = _FIRST_STROKE.sub("l", _FIRST_I.sub("I", word))
    scripts = Counter(script_of(letter) for letter in word)
    for shared in _SHARED:
        scripts.pop(shared, None)
    table = lookalikes(main)
    if main not in scripts and not all(letter in table for letter in word):
        table = lookalikes(max(scripts, key=lambda script: (scripts[script], script)))
    return "".join([table.get(letter, letter) for letter in word])
