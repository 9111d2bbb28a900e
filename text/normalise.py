"""Taking the disguise off a text, one named step after the other.

Each step is pure and linear in the length of its text; `text.written` bounds what is read of one.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

from text import tables
from text.normalise_letters import drop_closing, drop_greeting
from text.normalise_lookalikes import Script, is_ordinary
from text.normalise_ornate import fold_disguise
from text.signature import Codes, words_alone, words_table
from text.signs import (
    ANY_SIGN,
    BETWEEN_LETTERS,
    DIGIT,
    GAPS,
    LEAST_OF_A_PHONE,
    LEET,
    LINKED,
    MANY_DIGITS,
    REPEATED,
    SPACED,
    SPELT,
    mask_numbers,
    signs_of,
)

HEAD_CHARACTERS, TAIL_CHARACTERS = 12_000, 3_000
MAX_CHARACTERS = HEAD_CHARACTERS + TAIL_CHARACTERS
"""Visible characters that are read of one text: of a longer one the first and the last. Nobody writes a message of eight
pages. They take 20 to 40 ms, whatever they consist of.
"""
_BROKEN_WORD = 60
"""Characters within which a cut looks for a blank."""

LINK, EMAIL, PHONE, NUMBER, MENTION = "🔗", "📧", "📞", "🔢", "👤"
"""What stands in a normalised text for a link, an e-mail address, a phone number, any other number, an @name."""
MASKS = LINK + EMAIL + PHONE + NUMBER + MENTION

# fillers, joiners and selectors that count as letters or marks but show nothing
_INVISIBLE_LETTERS = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef"
)
_ASSIGNED = (range(0x32400), range(0xE0000, 0xE0200))
"""The planes between are empty, those above are private."""
_CATEGORIES = "".join(map(unicodedata.category, map(chr, chain(*_ASSIGNED))))


def _ranges(*categories: str) -> str:
    """The inside of a character class that holds all characters of these general categories (two letters each)."""
    runs = re.finditer(f"(?:{'|'.join(categories)})+", _CATEGORIES)
    return "".join(f"\\U{_assigned(run.start() // 2):08x}-\\U{_assigned(run.end() // 2 - 1):08x}" for run in runs)


def _assigned(at: int) -> int:
    """The code point at a place among those that are assigned."""
    first, second = _ASSIGNED
    return first[at] if at < len(first) else second[at - len(first)]


_INVISIBLE = re.compile(
    rf"(?![\t-\r\x1c-\x1f\x85])[{_ranges('Cc', 'Cf', 'Cs', 'Co')}\U000f0000-\U0010ffff{_INVISIBLE_LETTERS}]+"
)
_MARK = _ranges("Mn", "Me")
_MANY_MARKS = re.compile(rf"([{_MARK}]{{4}})[{_MARK}]+")
_FEW_CHARACTERS = 1_000
"""So many marks on one letter are ordered in a millisecond."""
# over letters that have no use for them marks are decoration (struck through, circled); Arabic, Thai and Indic need theirs
_DECORATION = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_ANY_DECORATION = re.compile(_DECORATION)
_DECORATED = re.compile(rf"(?<=[A-\u058f\u10a0-\u10ff\u1e00-\u1fff]){_DECORATION}+")
_LATIN = "[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"
_LATIN_WORD = re.compile(rf"{_LATIN}(?:{_LATIN}|{_DECORATION})*+")
_WORDS = re.compile(rf"[\w{MASKS}{_ranges('Mn', 'Mc')}]+")

_LEET: dict[Script, dict[str, str]] = {
    "LATIN": dict(zip("0134578@$!|€", "oieastbasiie", strict=True)),
    "CYRILLIC": dict(zip("01345678@$!|€", "оиеасбтвасиие", strict=True)),
    "GREEK": dict(zip("0134578@$!|€", "οιεαστβασιιε", strict=True)),
}
_LEET_TABLES = {script: str.maketrans(table) for script, table in _LEET.items()}
_BESIDE_VOWELS = re.compile("(?<=[аеиоуыэюяіїє0@])[34]|[34](?=[аеиоуыэюяіїє0@])|(?<![\\w@$])3")
"""Where a digit in a Cyrillic word stands for a consonant: 3 for з, or else е, and 4 for ч, or else а."""
_CONSONANTS = {"3": "з", "4": "ч"}
_VOWELS = "aeiou340áàâäåãæéèêëíìîïóòôöőõøúùûüűąęįųėūāēī"
_ONES = re.compile(rf"(?<=[{_VOWELS}])1+|^1(?=[{_VOWELS}])|(?<=l)1(?![^\W{_VOWELS}])", re.IGNORECASE)
_CAPITAL_I = re.compile(r"I(?<=[a-z]I)I*+(?![A-Z])")
"""A capital I within a word, but not one in which case is mixed: `kILL`."""
_NO_VOWEL = frozenset("bcdfghjklmnpqrstvwxz")
_LEET_SIGNS = re.escape("".join(dict.fromkeys(sign for table in _LEET.values() for sign in table)))
_LEET_BETWEEN = (rf"(?<![\w{_LEET_SIGNS}./:])", r"(?![./:@]\w)")
# a letter beside a sign; possessive, so that a long word is read once
_LEET_TOKEN = re.compile(
    rf"(?:[^\W\d_]++[{_LEET_SIGNS}]|[{_LEET_SIGNS}]++[^\W\d_])[\w{_LEET_SIGNS}]*+".join(_LEET_BETWEEN)
)
_ANY_TOKEN = re.compile(rf"[\w{_LEET_SIGNS}]++".join(_LEET_BETWEEN))
_NEXT_SENTENCE = re.compile(
    r"!(?<=[a-zß-öø-ÿąćęłńśźżčďěňřšťůžа-џα-ώіїєґ]{2}!)!*+(?=[A-ZÀ-ÖØ-ÞĄĆĘŁŃŚŹŻČĎĚŇŘŠŤŮŽЀ-ЯΑ-ΩІЇЄҐ][^\W\d_])"
)
"""Exclamation marks after which a blank was forgotten."""
_MANY_LEET_WORDS = 3
_LEET_SHARE = 3
"""From so many leet words in a text on, or two that are a third of its words, everything that can be read as letters is: `7h15
15 4 7357`, `t3 v0y a mat4r`.
"""
_AMOUNT = re.compile(
    r"\d++(?:[kcdm]?[mgl]|k|h|s|mins?|sec|std|hrs?|km|eur|euros?|eura|evr[aow]|eyr[ow]|usd|chf|pln|czk|huf|ron|din|dinara?|den|denari|leva?"
    r"|lei|lira|kuna|zl|kr|руб|грн|лв|ден|дин|мин|кг|км|ч|клас[а-я]*|год[а-я]*|лет|раза?|днів?|дней|дня|час[а-я]*|st|nd|rd|th|er|re|e|a|o|x|d|pcs|px|mb|gb)",
    re.IGNORECASE,
)
"""A number with its unit, with no blank between."""
_LOCAL_PART = re.compile(
    r"(?:info|office|kontakt?|contact|mail|e?mail|admin|support|school|secretariat|sekretariat|secretary)@"
    r"|[\w.+-]{2,64}@(?=\s*[\[({<]|\s+[\w-]{1,63}\.\w)",
    re.IGNORECASE,
)
"""The part of a mail address before its sign, where the rest is written apart: `info@ [at] …`."""
_SPACED = re.compile(rf"(?<![^\W_])[^\W\d_]([{BETWEEN_LETTERS}])[^\W\d_](?:\1[^\W\d_])+(?![^\W_])")
_SPACED_PAIR = re.compile(r"(?:(?<=[^\S\n]{2})|(?<![^\n]))([^\W\d_]) ([^\W\d_])(?=[^\S\n]{2}|\n|$)")
# a quick look is one that begins with a sign: regular expressions find it without trying every letter of a text
_MAYBE_SPACED = re.compile(
    rf"[{BETWEEN_LETTERS}][^\W\d_][{BETWEEN_LETTERS}][^\W\d_]"
    r"(?<=[^\W\d_][\s\S]{4})(?<![^\W_][^\W\d_][\s\S]{4})"
)
_IN_BRACKETS = re.compile(r"(?<!\w)(?:[\[({<][^\W\d_][\])}>]){3,}(?!\w)")
_BRACKETS = re.compile(r"[\[\](){}<>]")
_FIRST_DOUBLED = re.compile(r"[\W\d_]*+([^\W\d_])\1")
_PAIR = re.compile(r"([^\W\d_])\1")
SHORTEST_SPELT = 5
"""Letters in a row that stand alone, and may be several words."""
MIN_DOUBLED = 8
"""So many letters at least in a text with every letter twice."""
_LETTER, _CYRILLIC, _GREEK = map(re.compile, (r"[^\W\d_]", "[\u0400-\u052f]", "[\u0370-\u03ff\u1f00-\u1fff]"))
_MAYBE_LEET = re.compile(rf"[{_LEET_SIGNS}](?:(?=[^\W\d_])|(?<=[^\W\d_][^!|]))")
"""A sign before a letter or behind one; behind one, an exclamation mark or a stroke is none."""
_OVERRIDE = "\u202e"
_OVERRIDDEN = re.compile("\u202e([^\u202c\u202e\n]*)\u202c?")
_LEFTWARDS = re.compile("[\u0590-\u08ff]")
"""Letters that are read from right to left anyway."""
_PARAGRAPHS = re.compile(r"\n{2,}")
_LONGEST_REPEAT = 3
"""Letters of a word that is one letter only: `www`, `iii`."""
_REPEATS = re.compile(r"([^\W\d_])\1{2,}")

_SUFFIXES = (
    "com|net|org|info|biz|shop|store|online|site|xyz|club|top|live|app|dev|edu|gov|int|eu|io|co|ly|me|tv|cc|ru|ua|by|uk|de|at|ch|fr|be"
    "|nl|lu|es|pt|it|mt|gr|cy|pl|cz|sk|hu|si|hr|ba|rs|mk|al|bg|ro|md|tr|az|ge|am|ee|lv|lt|fi|se|dk|is|ie|jo|lb|tn"
)
_LINK = re.compile(
    rf"(?:h(?:tt|xx)ps?://|www\.)\S+"
    rf"|(?<![\w@.-])[^\W_][\w-]{{0,62}}(?:\.[\w-]{{1,63}}){{0,5}}\.(?:(?:{_SUFFIXES})(?![\w-])(?:[/?#]\S*)?|[a-z]{{2,12}}/\S*)"
)
_LINK_HINT = re.compile(r"[.:](?:(?<=\w\.)[^\W\d_]|(?<=:)//)")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_MENTION = re.compile(r"(?<![\w@])@\w{1,64}")
MIN_NAMES, _SHARE_NAMES = 8, 0.9
"""So many @names that are nearly all words of a text are words."""
_PHONE = re.compile(rf"(?<![\w+])[+(]{{0,2}}\d(?:[ .\-/()]{{0,2}}\d){{{LEAST_OF_A_PHONE - 1},17}}(?!\w)")
_MAYBE_PHONE = re.compile(rf"\d(?:[ .\-/()]{{0,2}}\d){{{LEAST_OF_A_PHONE - 1}}}")


def visible_characters(text: str) -> int:
    """How many characters a text has without its blanks and line ends."""
    return sum(map(len, text.split()))


def head_and_tail(text: str) -> str:
    """The first `HEAD_CHARACTERS` and the last `TAIL_CHARACTERS` visible characters of a long text, on lines of their own."""
    head = text[: _end_of(text, HEAD_CHARACTERS)]
    tail = text[len(text) - _end_of(text[::-1], TAIL_CHARACTERS) :]
    return f"{head}\n{tail}"


def _end_of(text: str, characters: int) -> int:
    """Where so many visible characters end; at the last blank before it, if there is one near."""
    seen = 0
    for word in _SOLID.finditer(text):
        seen += len(word[0])
        if seen >= characters:
            end = word.end() - (seen - characters)
            return word.start() if end - word.start() <= _BROKEN_WORD else end
    return len(text)


_SOLID = re.compile(r"\S+")


def forwards(text: str) -> str:
    """What stands between an override and its end as it is shown: backwards."""
    return _OVERRIDDEN.sub(_forwards, text) if _OVERRIDE in text else text


def _forwards(found: re.Match[str]) -> str:
    return found[1] if _LEFTWARDS.search(found[1]) else found[1][::-1]


def remove_invisible(text: str) -> str:
    """Without characters that show nothing: zero width, bidi controls, variation selectors, fillers, lone surrogates."""
    return text if is_ordinary(text) else _INVISIBLE.sub("", text)


def compose(text: str) -> str:
    """Compatibility forms (full width, mathematical, ligatures) as plain letters: NFKC, and decorating marks left out.

    Ordering the marks of a letter takes Python the square of their number, so that of a long text four a letter are read.
    """
    if text.isascii():
        return text
    if len(text) > _FEW_CHARACTERS:
        text = _MANY_MARKS.sub(r"\1", text)
    composed = unicodedata.normalize("NFKC", text)
    # a letter may be composed of eighteen
    long = len(composed) > max(len(text), MAX_CHARACTERS) and visible_characters(composed) > MAX_CHARACTERS
    text = head_and_tail(composed) if long else composed
    if not _ANY_DECORATION.search(text):
        return text
    # marks that stand on letters which never have them decorate all of the word: `k̀ìl̀l̀`
    return _DECORATED.sub("", _LATIN_WORD.sub(_undecorated, text))


def _undecorated(found: re.Match[str]) -> str:
    word = found[0]
    return _ANY_DECORATION.sub("", unicodedata.normalize("NFD", word)) if _ANY_DECORATION.search(word) else word


def read_capital_i(text: str) -> str:
    """Capital I within words as the small L that it passes for: `kiII`; as a small I where a word would have no vowel beside
    it: `kIll`. An r has an l behind it sooner: `worId`.
    """
    return _CAPITAL_I.sub(_stroke_read, text)


def _stroke_read(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    before, behind = text[start - 1], text[end : end + 1]
    vowels = _NO_VOWEL.isdisjoint
    if end - start == 1:
        return "l" if vowels(before) or before in "rl" or (behind and vowels(behind)) else "i"
    return "l" * (end - start) if vowels(before) or before == "l" else "i" + "l" * (end - start - 1)


def fold_case(text: str) -> str:
    """Without case. The Turkish capital İ becomes a plain i."""
    return text.replace("İ", "i").casefold()


def join_spaced(text: str) -> str:
    """Words written letter by letter as words: `f r e e`, `f.r.e.e`, `(f)(r)(e)(e)`. Wider gaps stay between words."""
    if ")(" in text or "][" in text or "}{" in text or "><" in text:
        text = _IN_BRACKETS.sub(lambda found: _BRACKETS.sub("", found[0]), text)
    if not _MAYBE_SPACED.search(text):
        return text
    # beside words that are written so, two letters between wider gaps are a word as well: `j e  v a i s  t e`
    text = _SPACED.sub(_joined, text)
    return text if _is_one_line(text) else _SPACED_PAIR.sub(r"\1\2", text)


def _is_one_line(text: str) -> bool:
    """Whether a text has nowhere a wider gap than between words, and is no such pair of letters itself."""
    return "  " not in text and len(text) > len("a b") and text.isprintable()


def _joined(found: re.Match[str]) -> str:
    return found[0].replace(found[1], "")


def spelt_words(text: str) -> frozenset[str]:
    """What `join_spaced` makes of words that are written letter by letter, without case, and may be several words, because as
    wide a gap stands between words as between letters: `t e t u e r`. Fewer letters may be words of one letter: `w i a`.
    """
    if not _MAYBE_SPACED.search(text):
        return frozenset()
    joined = (fold_case(_joined(found)) for found in _SPACED.finditer(text))
    return frozenset(word for word in joined if len(word) >= SHORTEST_SPELT)


def halve_doubled(text: str) -> str:
    """A text with every letter twice, with every letter once."""
    if not _FIRST_DOUBLED.match(text):
        return text
    letters = "".join(filter(str.isalpha, text))
    doubled = len(letters) >= MIN_DOUBLED and letters[::2] == letters[1::2] and len(set(letters)) > 2
    return _PAIR.sub(r"\1", text) if doubled else text


def part_sentences(text: str) -> str:
    """With a blank after an exclamation mark between two sentences, which would else be read as an i: `Buy now!Best price`."""
    return _NEXT_SENTENCE.sub("! ", text)


def read_leet(text: str) -> str:
    """Digits and signs that stand for letters as letters: `fr33 m0ney`. Model numbers, classes and times stay."""
    if not _MAYBE_LEET.search(text):
        return text
    words = 0
    main = "LATIN" if text.isascii() else _script_of_words(text)

    def read(found: re.Match[str]) -> str:
        nonlocal words
        token = found[0]
        if token[-1] == "@" and _LOCAL_PART.match(text, found.start()):
            return token
        word = _unleet(token, main)
        words += word != token
        return word

    text = _LEET_TOKEN.sub(read, text)
    if words >= _MANY_LEET_WORDS or (words > 1 and _LEET_SHARE * words >= len(text.split())):
        text = _ANY_TOKEN.sub(lambda found: _unleet_anyhow(found, main), text)
    return text


def _script_of_words(text: str) -> Script:
    """The script of most of a text's letters, of those that leet is read in."""
    cyrillic, greek = len(_CYRILLIC.findall(text)), len(_GREEK.findall(text))
    if 2 * max(cyrillic, greek) <= len(_LETTER.findall(text)):
        return "LATIN"
    return "CYRILLIC" if cyrillic > greek else "GREEK"


def _script_of_word(word: str, main: Script) -> Script:
    """The script of a word's letters; `main` where it has none."""
    if word.isascii():
        return "LATIN" if main == "LATIN" or _LETTER.search(word) else main
    if _CYRILLIC.search(word):
        return "CYRILLIC"
    return "GREEK" if _GREEK.search(word) else "LATIN"


def _unleet(token: str, main: Script) -> str:
    """The word that a token stands for; the token itself where it is no leet."""
    core = token.rstrip("!|").lstrip("!|")
    if core[:1] == "@" or _AMOUNT.fullmatch(core):  # somebody's name; a number with its unit
        return token
    script = _script_of_word(core, main)
    known = _LEET[script]
    signs = [c in known for c in core]
    letters = len(core) - sum(signs)
    if letters == len(core) or letters < 2 or any(c.isdecimal() and c not in known for c in core) or "_" in core:
        return token
    first, last = signs.index(False), len(signs) - 1 - signs[::-1].index(False)
    edges = (core[:first], core[last + 1 :])
    inside = any(signs[first:last])
    # covid19, mp3, 10am: a number beside letters; fr33, hell0, $ave: letters
    if not inside and not any(_spells(edge, letters) for edge in edges):
        return token
    return token.replace(core, _spelt(core, script))


def _spelt(word: str, script: Script) -> str:
    """The letters that digits and signs stand for. A one after a vowel, or before it at the start, is an l: `ki11`; so
    is one between an l and a vowel or the end: `kil1`.
    """
    if script == "LATIN" and "1" in word:
        word = _ONES.sub(lambda found: "l" * len(found[0]), word)
    if script == "CYRILLIC":
        word = _BESIDE_VOWELS.sub(lambda found: _CONSONANTS[found[0]], word)
    return word.translate(_LEET_TABLES[script])


def _unleet_anyhow(found: re.Match[str], main: Script) -> str:
    core = found[0].strip("!|")
    script = _script_of_word(core, main)
    number = (
        (len(core) > 5 and core.isdecimal())
        or _AMOUNT.fullmatch(core)
        or _LOCAL_PART.match(found.string, found.start())
    )
    if number or core[:1] == "@" or any(c.isdecimal() and c not in _LEET[script] for c in core):
        return found[0]
    return found[0].replace(core, _spelt(core, script))


def _spells(edge: str, letters: int) -> bool:
    if len(edge) == 1:
        return letters >= 3 or not edge.isdecimal()
    return len(edge) > 1 and len(set(edge)) == 1 and letters >= 2


def squeeze_repeats(text: str) -> str:
    """Three or more of one letter within a word as one, and of an l as two: `pleeease`, `killlll`. `www` and `III` stay, as
    words of three; four make no such word.
    """
    return _REPEATS.sub(_squeezed, text)


def _squeezed(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    beside = (start > 0 and text[start - 1].isalpha()) or (end < len(text) and text[end].isalpha())
    once = found[1] * 2 if found[1] == "l" else found[1]
    return once if beside or end - start > _LONGEST_REPEAT else found[0]


def fold_white_space(text: str) -> str:
    """One space between words, one new line between lines, two between paragraphs, none around."""
    if text.isprintable():  # then there is no blank but " "
        return text.strip() if "  " not in text else " ".join(text.split())
    if "\n" not in text and "\r" not in text:
        return " ".join(text.split())
    lines = "\n".join(" ".join(line.split()) for line in text.splitlines())
    return _PARAGRAPHS.sub("\n\n", lines.strip("\n"))


def mask(text: str) -> str:
    """Links, addresses, phone numbers, numbers and @names as one sign each: copies differ in them."""
    return mask_numbers([_masked(text, ANY_SIGN)], NUMBER)[0]


def _masked(text: str, signs: int) -> str:
    """The same but for numbers. `signs`: none but these (`text.signs`) stand in the text."""
    if "@" in text:
        text = _EMAIL.sub(EMAIL, text)
        names = len(_MENTION.findall(text))
        # who calls every word a name hides a text behind it
        as_words = names >= MIN_NAMES and names >= _SHARE_NAMES * len(text.split())
        text = text.replace("@", "") if as_words else _MENTION.sub(MENTION, text)
    if signs & LINKED and _LINK_HINT.search(text):
        text = _LINK.sub(LINK, text)
    return _PHONE.sub(PHONE, text) if signs & MANY_DIGITS and _MAYBE_PHONE.search(text) else text


def drop_tags(text: str) -> str:
    """Without the hashtags and masks that stand before and behind the sentences: they say where it is filed. Lines stay."""
    if not ("#" in text or LINK in text or EMAIL in text or PHONE in text or NUMBER in text or MENTION in text):
        return text
    start = next((word.start() for word in _NO_BLANK.finditer(text) if not _is_tag(word[0])), None)
    return text[start : _end_before_tags(text)] if start is not None else ""


def _end_before_tags(text: str) -> int:
    """Where the last word ends that is none of them; there is one."""
    end = len(text.rstrip())
    for word in reversed(text.rsplit(None, _FEW_TAGS)[1:]):
        if not _is_tag(word):
            return end
        end = len(text[: end - len(word)].rstrip())
    return max(word.end() for word in _NO_BLANK.finditer(text, 0, end) if not _is_tag(word[0]))


_FEW_TAGS = 4
"""So many words are looked at from the end on; where all of them are tags, all words are."""
_NO_BLANK = re.compile(r"\S+")


def _is_tag(word: str) -> bool:
    return word.startswith("#") or not word.strip(MASKS)


@cache
def word_characters() -> str:
    """All characters that words and masks consist of."""
    return "".join(_WORDS.findall("".join(map(chr, chain(*_ASSIGNED)))))


def drop_punctuation(texts: Sequence[str]) -> list[str]:
    """Words and masks with one space between, of each text: no punctuation, no symbols, no emoji."""
    return words_alone(texts, _words_alone())


@tables.table
def _words_alone() -> Codes:
    return words_table(word_characters())


class Undisguised(NamedTuple):
    """A text with its disguise taken off; its words, links, punctuation and lines in place. `plain`: it has none, and its
    words are those that are seen, but for their case. `signs` (`text.signs`) stand in it, no others.
    """

    text: str
    plain: bool
    signs: int = ANY_SIGN


def undisguise(text: str) -> str:
    """The text with its disguise taken off.

    `text` shows no invisible characters and is not too long: see `text.written`.
    """
    return undisguise_all([text])[0].text


def undisguise_all(texts: Sequence[str]) -> list[Undisguised]:
    """The same for each text; parallel to `texts`."""
    folded = [_folded(text) for text in texts]
    read = [one.text for one in folded]
    signs = signs_of(read)
    for index, sign in enumerate(signs):
        if sign & _UNREAD:
            text = whole = read[index]
            if sign & SPELT or (sign & SPACED and not _is_one_line(text)):
                text = join_spaced(text)
            if sign & LEET or text is not whole:
                text = read_leet(text)
            if sign & REPEATED or text is not whole:
                text = squeeze_repeats(text)
            if text != whole:
                read[index], signs[index] = text, ANY_SIGN
    return [
        Undisguised(fold_white_space(text) if sign & GAPS else text, one.plain and text == one.text, sign)
        for text, one, sign in zip(read, folded, signs, strict=True)
    ]


_UNREAD = SPACED | SPELT | LEET | REPEATED


def _folded(text: str) -> Undisguised:
    """The text before words are joined and digits read as letters."""
    ordinary = is_ordinary(text)
    if not ordinary:
        text = fold_disguise(compose(text))
    letters = part_sentences(text) if "!" in text else text
    if "I" in letters:
        letters = read_capital_i(letters)
    return Undisguised(halve_doubled(fold_case(letters)), ordinary and letters == text)


def normalise(undisguised: str) -> str:
    """What copies are compared by: without what letters begin and end with, links and numbers masked, words only."""
    return drop_punctuation([unaddressed(undisguised)])[0]


def unaddressed(undisguised: str, *, closed: bool = True) -> str:
    """Without what letters begin and end with, links and numbers masked, but with all punctuation. `closed`: whether the text
    may end as letters do.
    """
    return unaddressed_all([Undisguised(undisguised, plain=False)], [closed])[0]


def unaddressed_all(forms: Sequence[Undisguised], closed: Sequence[bool]) -> list[str]:
    """The same for each text; parallel to `forms`. `closed`: whether each may end as letters do."""
    # masks first: the parts of a link must not be read as a greeting or a closing
    masked = [_masked(one.text, one.signs) for one in forms]
    numbered = [index for index, one in enumerate(forms) if one.signs & DIGIT]
    for index, text in zip(numbered, mask_numbers([masked[index] for index in numbered], NUMBER), strict=True):
        masked[index] = text
    bodies = [drop_greeting(text) for text in masked]
    return [drop_closing(text) if may_be else text for text, may_be in zip(bodies, closed, strict=True)]
