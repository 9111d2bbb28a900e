"""A text as words in clauses and sentences, and which of them are quoted."""

import re

from msgspec import Struct

from text.words import folded

# Chinese and Japanese write no spaces: each of their characters is a word. Devanagari writes vowels as marks, which `\w`
# leaves out.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff"
_MARKS = "\u0300-\u036f\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0962\u0963"
_WORD = rf"[{_UNSPACED}]|(?:[^\W_{_UNSPACED}]|[{_MARKS}])+"
_PIECES = re.compile(
    rf"""{_WORD}
    |(?<!\S)[-–—]+(?!\S)      # before the next who speaks in a dialogue, or before who said it
    |(?<!\w)['‘‚]|['’](?!\w) # single quotation marks, as far as they are no apostrophes
    |<[@+\ ]?[^<>\s]{{1,30}}>        # who writes, in the log of a chat
    |["„“”«»‹›「」『』]
    |[.!?…;:,\n。！？；，、،؛؟।·]""",
    re.VERBOSE,
)
_IS_WORD = re.compile(_WORD)
_SENTENCE_ENDS = frozenset(".!?…\n。！？؟।")
_CLAUSE_ENDS = _SENTENCE_ENDS | frozenset(";:；؛")
_COMMAS = frozenset(",，、،")
_QUESTIONS = frozenset("?？؟")
_GREEK_QUESTION = ";"
_DOUBLE_QUOTES = frozenset('"„“”«»‹›「」『』')
_SINGLE_QUOTES = frozenset("'‘‚’")
_DASHES = frozenset("-–—")
MIN_WORDS_AROUND_A_QUOTATION = 2
"""Words outside that make what stands in quotation marks a quotation: a threat that only wears the marks is none."""
LONGEST_ATTRIBUTION = 8
"""Words after the last dash that may be a name: "-- Johann Wolfgang von Goethe, Faust"."""


def words_of(written: str) -> list[str]:
    """The folded words of a phrase."""
    return [folded(word) for word in _IS_WORD.findall(written)]


class Tokens(Struct, frozen=True):
    """The words of a text, folded, with the clause and the sentence of each (numbered from 0).

    `written` are the same words with their diacritics. `opens` tells whether a word stands at the beginning of its clause or
    right after a comma; `asked` are the sentences that are questions; `quoted` the words that are somebody else's;
    `attributed` tells that the text may end with the name of who said it, `dialogue` that it is one, or the log of a chat.
    """

    words: list[str]
    written: list[str]
    clauses: list[int]
    sentences: list[int]
    opens: list[bool]
    asked: frozenset[int]
    quoted: frozenset[int]
    attributed: bool
    dialogue: bool


def tokens_of(text: str) -> Tokens:
    """Read a text word by word; linear in its length."""
    words: list[str] = []
    written: list[str] = []
    clauses: list[int] = []
    sentences: list[int] = []
    opens: list[bool] = []
    asked: set[int] = set()
    quotations = _Quotations()
    clause = sentence = 0
    fresh = True
    for piece in _PIECES.findall(text):
        if piece[0] == "<":
            quotations.dash(len(words), piece)
            clause, sentence, fresh = clause + 1, sentence + 1, True
        elif piece[0] in _DASHES:
            if fresh or len(piece) > 1:
                quotations.dash(len(words), piece)
                clause += 1
            fresh = True  # within a clause it may stand for a copula
        elif piece in _CLAUSE_ENDS:
            if piece in _QUESTIONS or (piece == _GREEK_QUESTION and words and "α" <= words[-1][:1] <= "ω"):
                asked.add(sentence)
            sentence += piece in _SENTENCE_ENDS
            clause, fresh = clause + 1, True
        elif piece in _COMMAS:
            fresh = True
        elif piece in _DOUBLE_QUOTES or piece in _SINGLE_QUOTES:
            quotations.mark("'" if piece in _SINGLE_QUOTES else '"', len(words))
            fresh = True
        else:
            written.append(piece)
            word = piece.casefold()
            words.append(word if word.isascii() else folded(word))
            clauses.append(clause)
            sentences.append(sentence)
            opens.append(fresh)
            fresh = False
    return Tokens(
        words,
        written,
        clauses,
        sentences,
        opens,
        frozenset(asked),
        quotations.quoted(len(words)),
        quotations.attributed(len(words)),
        quotations.dialogue,
    )


class _Quotations:
    """Which words stand between quotation marks, and whether the whole is a dialogue or above the name of who said it."""

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._closed: list[tuple[int, int]] = []
        self._dashes: list[tuple[int, str]] = []

    def mark(self, kind: str, position: int) -> None:
        """A quotation mark before the word at `position`: every second one closes."""
        start = self._open.pop(kind, None)
        if start is None:
            self._open[kind] = position
        elif position > start:
            self._closed.append((start, position))

    def dash(self, position: int, dash: str) -> None:
        """A dash between sentences, or a nickname, before the word at `position`."""
        self._dashes.append((position, dash))

    def quoted(self, words: int) -> frozenset[int]:
        """Positions of the words within quotation marks, in a text of so many words."""
        inside = frozenset(position for start, end in self._closed for position in range(start, end))
        return inside if words - len(inside) >= MIN_WORDS_AROUND_A_QUOTATION else frozenset()

    def attributed(self, words: int) -> bool:
        """Whether a name may follow the last sentence."""
        return any(
            dash[0] != "<" and dash != "-" and 0 < words - start <= LONGEST_ATTRIBUTION for start, dash in self._dashes
        )

    @property
    def dialogue(self) -> bool:
        """Whether several sentences begin with a dash or a nickname, or the text with the latter: nobody writes his own so."""
        is_line_of_a_log = any(position == 0 and dash[0] == "<" for position, dash in self._dashes[:1])
        return is_line_of_a_log or len(self._dashes) > 1
