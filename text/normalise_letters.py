"""Parts of letters that do not count when texts are compared: greetings with the addressee, closings; and lines that announce
what others wrote.
"""

import re
import unicodedata
from functools import cache
from itertools import islice

from msgspec import Struct

from text.languages import read_lists
from text.rows import Rarest, Wanted

_WORD = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")
_OPENING_CHARACTERS = 200
_OPENING_WORDS = 12
_NAME_WORDS = 4
"""Words between a greeting and its comma that are taken for the addressee: `Dear Professor Anna Maria Weber,`."""
_ENDING_CHARACTERS = 240
_ENDING_WORDS = 14
_SENDER_WORDS = 6
"""Words behind a closing that are taken for the sender: a name, a school, a town."""
_ENDS_GREETING = frozenset(",!:;\n،؛–—-")
_ENDS_SENTENCE = frozenset(".!?,;:\n…،؛؟։")
_AROUND_WORDS = ".!?,;:…،؛؟։–—-*_()\"'"

_REPLY_LINE = re.compile(r"(?:-{2,}|_{4,}).{0,40}|.{0,200}:")
_ANSWER_MARK = re.compile(
    r"\s*(?:re|res|ref|réf|rép|aw|antw|sv|vs|vá|ha|odp|ynt|rif|r|απ|отв|отг"
    r"|fwd?|wg|tr|rv|vb|vl|doorst|pd|ilt|enc|i|πρθ|пересл)(?:\s?\[\d+\])?\s?:",
    re.IGNORECASE,
)
"""What mail programs put before the subject of what is answered or passed on."""


class _Phrases(Struct, frozen=True, forbid_unknown_fields=True):
    """One language's list. `titles` end in a point that ends no greeting; `original` and `wrote` announce what is quoted,
    `forwarded` what is passed on. `notice`: words, with a star where more letters may follow.
    """

    greet: tuple[str, ...]
    close: tuple[str, ...]
    titles: tuple[str, ...] = ()
    original: tuple[str, ...] = ()
    wrote: tuple[str, ...] = ()
    forwarded: tuple[str, ...] = ()
    notice: tuple[str, ...] = ()


class _Bare(dict[int, str]):
    """A table for str.translate that fills itself; it holds at most one entry for every code point there is."""

    def __missing__(self, code: int) -> str:
        letters = unicodedata.normalize("NFKD", chr(code))
        self[code] = bare = "".join(c for c in letters if not unicodedata.combining(c)).replace("ı", "i")
        return bare


_BARE = _Bare()


def _bare(word: str) -> str:
    """A word as greetings are compared: without case and marks."""
    word = word.casefold()
    return word if word.isascii() else word.translate(_BARE)


def _bare_word(word: str) -> str:
    """A word as closings are compared, without the punctuation around it."""
    return _bare(word.strip(_AROUND_WORDS))


def _key(phrase: str) -> tuple[str, ...]:
    return tuple(_bare(word) for word in _WORD.findall(phrase))


@cache
def _greetings() -> tuple[frozenset[tuple[str, ...]], int]:
    """All greetings word by word, and the length of the longest."""
    keys = frozenset(_key(phrase) for language in _languages().values() for phrase in language.greet)
    return keys, max(map(len, keys))


@cache
def _greeting_words() -> frozenset[str]:
    """The words that greetings begin with."""
    return frozenset(greeting[0] for greeting in _greetings()[0])


@cache
def _closings() -> tuple[frozenset[tuple[str, ...]], int]:
    keys = frozenset(_key(phrase) for language in _languages().values() for phrase in language.close)
    return keys, max(map(len, keys))


@cache
def _closing_words() -> frozenset[str]:
    """The words that closings begin with."""
    return frozenset(closing[0] for closing in _closings()[0])


@cache
def _languages() -> dict[str, _Phrases]:
    return read_lists("greetings", _Phrases)


@cache
def _titles() -> frozenset[str]:
    return frozenset(_bare(title) for language in _languages().values() for title in language.titles)


@cache
def _replied_to() -> re.Pattern[str]:
    """What announces the text that a reply is to."""
    languages = _languages().values()
    original = "|".join(re.escape(phrase) for language in languages for phrase in language.original)
    wrote = "|".join(re.escape(phrase) for language in languages for phrase in language.wrote)
    return re.compile(rf"{original}|\b(?:{wrote})\b")


@cache
def _passed_on() -> re.Pattern[str]:
    """What announces a text that is passed on."""
    return re.compile(
        "|".join(re.escape(phrase) for language in _languages().values() for phrase in language.forwarded)
    )


@cache
def _notices() -> re.Pattern[str]:
    """What the notice says that mail systems put below letters."""
    listed = [re.escape(stem) for language in _languages().values() for stem in language.notice]
    stems = "|".join(stem.replace(r"\*", r"\w*") for stem in listed)
    return re.compile(rf"\b(?:{stems})(?!\w)", re.IGNORECASE)


def has_notice(text: str) -> bool:
    """Whether a text says that it is confidential, as what stands below the letters of many schools does."""
    return _notices().search(text) is not None


def is_reply(line: str) -> bool:
    """Whether a line announces what it answers to: `On … wrote:`, `--- Original message ---`."""
    folded = line.strip().casefold()
    return bool(_REPLY_LINE.fullmatch(folded) and _replied_to().search(folded))


def is_forwarding(line: str) -> bool:
    """Whether a line announces what was forwarded."""
    folded = line.strip().casefold()
    return bool(_REPLY_LINE.fullmatch(folded) and _passed_on().search(folded))


def answers(subject: str) -> bool:
    """Whether a subject is that of what is answered or passed on: `Re: …`, `Fwd: …`."""
    return _ANSWER_MARK.match(subject) is not None


def drop_greeting(text: str) -> str:
    """Without the greeting that a text begins with, and the addressee named in it.

    The addressee is up to four words before a comma, colon, exclamation mark or new line; where there is no such mark, the
    one word behind the greeting.
    """
    first = _WORD.search(text, 0, _OPENING_CHARACTERS)
    if not first or _bare(first[0]) not in _greeting_words():
        return text
    words = list(islice(_WORD.finditer(text, 0, _OPENING_CHARACTERS), _OPENING_WORDS))
    bare = [_bare(word[0]) for word in words]
    greetings, longest = _greetings()
    end = 0
    while length := _phrase_length(bare, end, greetings, longest):
        end += length
    if not end:
        return text
    for last in range(end - 1, min(end + _NAME_WORDS, len(words))):
        if _ends_greeting(text, words, bare, last):
            if last == end - 1:
                last = _named_apart(text, words, bare, last)
            return text[words[last].end() :]
    return text[words[min(end, len(words) - 1)].end() :]


def _phrase_length(words: list[str], start: int, phrases: frozenset[tuple[str, ...]], longest: int) -> int:
    """How many words from `start` on the longest phrase takes that stands there; 0 where none does."""
    most = min(longest, len(words) - start)
    return next((n for n in range(most, 0, -1) if tuple(words[start : start + n]) in phrases), 0)


def _named_apart(text: str, words: list[re.Match[str]], bare: list[str], greeted: int) -> int:
    """The last word of an addressee who stands between marks: `Hello, Anna!`; `greeted` where nobody does."""
    for last in range(greeted + 1, min(greeted + 3, len(words))):
        if _ends_greeting(text, words, bare, last):
            return last
    return greeted


def _ends_greeting(text: str, words: list[re.Match[str]], bare: list[str], last: int) -> bool:
    """Whether what stands behind word `last` ends the greeting."""
    following = words[last + 1].start() if last + 1 < len(words) else min(len(text), words[last].end() + 2)
    gap = text[words[last].end() : following]
    if not _ENDS_GREETING.isdisjoint(gap):
        return gap != "-"  # a double name
    return "." in gap and len(bare[last]) > 1 and bare[last] not in _titles()


def closings() -> list[Wanted]:
    """What stands in the row of a text (`text.rows`) that ends as letters do."""
    rarest = Rarest()
    return [wanted for closing in sorted(_closings()[0]) if (wanted := rarest.of(closing))]


def drop_closing(text: str) -> str:
    """Without the closing that a text ends with, and the sender named behind it. A text that begins so stays."""
    last = text[-_ENDING_CHARACTERS:].rsplit(None, _ENDING_WORDS)
    if len(last) > _ENDING_WORDS and len(last[0].split(None, 1)) > 1:
        del last[0]  # no word, but all that is left
    if _closing_words().isdisjoint(map(_bare_word, last)):
        return text
    tail = max(0, len(text) - _ENDING_CHARACTERS)
    words = list(_WORD.finditer(text, tail))[-_ENDING_WORDS:]
    bare = [_bare(word[0]) for word in words]
    phrases, longest = _closings()
    for at, word in enumerate(words):
        if bare[at] not in _closing_words():
            continue
        length = _phrase_length(bare, at, phrases, longest)
        if not length or len(words) - at - length > _SENDER_WORDS or (at == 0 and tail == 0):
            continue
        before = text[words[at - 1].end() if at else tail : word.start()]
        # one word may stand in any sentence, several are a closing even where its author wrote no punctuation
        if length > 1 or not _ENDS_SENTENCE.isdisjoint(before):
            return text[: word.start()]
    return text
