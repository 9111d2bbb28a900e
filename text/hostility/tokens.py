"""A text as words in clauses and sentences, and which of them are quoted, spoken on a stage, or said with a laugh."""

import re
from bisect import bisect_left, bisect_right

from msgspec import Struct

from text.words import folded

# Chinese and Japanese write no spaces: each of their characters is a word. Devanagari writes vowels as marks, which `\w`
# leaves out.
UNSPACED = "\u3040-\u30ff\u3400-\u9fff"
MARKS = "\u0300-\u036f\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0962\u0963"
_LETTERS = rf"(?:[^\W_{UNSPACED}]++|[{MARKS}]++)++"
_WORD = rf"{_LETTERS}(?:\*{{1,3}}{_LETTERS})*+|[{UNSPACED}]"
"""With letters that are masked: everybody reads over `k*ll`."""
_PIECES = re.compile(
    rf"""(?:{_WORD})(?:-(?=\w))?   # with the hyphen of a compound; first, because most are words
    |(?<!\w)[:;=]-?[)\]d](?!\w)|[(:;]?\){{2,}}|[\U0001f600-\U0001f609\U0001f61c\U0001f61d\U0001f602\U0001f923]
    |\n\n                     # a blank line between paragraphs
    |(?<!\S)[-–—]+(?!\S)      # before the next who speaks in a dialogue, or before who said it
    |(?<!\w)['‘‚]|['’](?!\w) # single quotation marks, as far as they are no apostrophes
    |<[@+\ ]?[^<>\s]{{1,30}}>        # who writes, in the log of a chat
    |^>                       # a line that is quoted, in mail
    |["„“”«»‹›「」『』]
    |\#(?=\w)                 # a word under which a text is filed
    |\.{{2,}}                  # a pause
    |\.(?!\w)                # within a word it stands in place of a blank
    |[!?…;:,\]\n。！？；，、،؛؟।·]""",
    re.VERBOSE | re.MULTILINE,
)
_IS_WORD = re.compile(_WORD)
_SENTENCE_ENDS = frozenset((*".!?。！？؟।", "\n\n"))
_CLAUSE_ENDS = _SENTENCE_ENDS | frozenset(";:；؛")
_COMMAS = frozenset(",，、،…]\n")
"""A line end is no end of a sentence: mail programs wrap lines. Nor is a pause."""
_SMILEYS = frozenset(":;=()\U0001f602\U0001f61c\U0001f61d\U0001f923") | frozenset(map(chr, range(0x1F600, 0x1F60A)))
_LAUGHTER = re.compile(r"(ha|he|hi|ja|je|ji|ха|хе|хи|χα)\1+[hjхx]?|lol|rofl|lmao|xd+|mdr")
_LAUGHING = frozenset("hjхχlrmx")
"""Letters that laughter begins with."""
_QUESTIONS = frozenset("?？؟")
_GREEK_QUESTION = ";"
_DOUBLE_QUOTES = frozenset('"„“”«»‹›「」『』')
_SINGLE_QUOTES = frozenset("'‘‚’")
_DASHES = frozenset("-–—")
_TAG = "#"
MIN_WORDS_AROUND_A_QUOTATION = 2
"""Words outside that make what stands in quotation marks a quotation: a threat that only wears the marks is none."""
LONGEST_ATTRIBUTION = 8
"""Words after the last dash that may be a name: "-- Johann Wolfgang von Goethe, Faust"."""
LONGEST_LABEL = 2
"""Words before a colon, at the beginning of a sentence or line, that may say who speaks."""
TURNS = 3
"""So many turns of two speakers make a dialogue; two are enough where the text speaks of a play or a game."""


def words_of(written: str) -> list[str]:
    """The folded words of a phrase."""
    return [folded(word) for word in _IS_WORD.findall(written)]


_MAY_TAKE_LETTERS = re.compile(rf"[:;=<*{MARKS}{UNSPACED}]")
_TAKES_LETTERS = re.compile(rf"[:;=]-?d|[<*{MARKS}{UNSPACED}]")
"""What may take letters away from a word, or part them: a smiley, a name in the log of a chat, letters that are masked."""


def takes_letters(text: str) -> bool:
    """Whether it takes a reader to tell the words of a text; those of any other are its rows of letters and digits, perhaps
    with laughter among them.
    """
    return _MAY_TAKE_LETTERS.search(text) is not None and _TAKES_LETTERS.search(text) is not None


class Tokens(Struct, frozen=True):
    """The words of a text, folded, with the clause and the sentence of each (numbered from 0).

    `written` are the same words with their diacritics. `opens` tells whether a word stands at the beginning of its clause or
    right after a comma or line end; `asked` are the sentences that are questions; `laughed` those with laughter in or right
    behind them; `joined` the words that are a part of a compound, but not its last; `quoted` the words that are in quotation
    marks or quoted lines, if other words stand around, and `marked` those that are whatever stands around; `announced` the
    words right before a colon; `attributed` tells that the text may end with the name of who said it. `turns` counts how often
    somebody else speaks, as in a play or the log of a chat; `speakers` are those who are named, with the words that name them,
    and `paragraphs` the words that open one. `tagged` are the words behind a `#`.
    """

    words: list[str]
    written: list[str]
    clauses: list[int]
    sentences: list[int]
    opens: list[bool]
    asked: frozenset[int]
    laughed: frozenset[int]
    joined: frozenset[int]
    quoted: frozenset[int]
    announced: tuple[int, ...]
    attributed: bool
    turns: int
    marked: frozenset[int] = frozenset()
    speakers: tuple[tuple[int, int], ...] = ()
    paragraphs: tuple[int, ...] = ()
    tagged: frozenset[int] = frozenset()

    def of_sentence(self, sentence: int) -> list[str]:
        """The words of a sentence, with their diacritics."""
        return self.words_in(sentence, self.written)

    def words_in(self, sentence: int, words: list[str]) -> list[str]:
        """Those of `words`, which are parallel to the tokens, that stand in a sentence."""
        return words[bisect_left(self.sentences, sentence) : bisect_right(self.sentences, sentence)]


def tokens_of(text: str) -> Tokens:
    """Read a text word by word; linear in its length."""
    return _Reader().read(text)


class _Reader:
    """What was read so far. A clause or a sentence begins with the word after its number went up."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.written: list[str] = []
        self.clauses: list[int] = []
        self.sentences: list[int] = []
        self.opens: list[bool] = []
        self.asked: set[int] = set()
        self.laughed: set[int] = set()
        self.joined: set[int] = set()
        self.announced: list[int] = []
        self.quotations = _Quotations()
        self.clause = self.sentence = 0
        self.fresh = True
        self.line_start = 0
        self.paragraphs: list[int] = []
        self.tagged: list[int] = []

    def read(self, text: str) -> Tokens:
        for piece in _PIECES.findall(text):
            first = piece[0]
            if first.isalnum() or _IS_WORD.match(piece):
                if first in _LAUGHING and _LAUGHTER.fullmatch(piece):
                    self._laugh()
                    continue
                if piece[-1] == "-":
                    self.joined.add(len(self.words))
                    piece = piece[:-1]
                self.written.append(piece)
                self.words.append(folded(piece))
                self.clauses.append(self.clause)
                self.sentences.append(self.sentence)
                self.opens.append(self.fresh)
                self.fresh = False
            else:
                self._sign(piece)
        count = len(self.words)
        return Tokens(
            self.words,
            self.written,
            self.clauses,
            self.sentences,
            self.opens,
            frozenset(self.asked),
            frozenset(self.laughed),
            frozenset(self.joined),
            self.quotations.quoted(count),
            tuple(self.announced),
            self.quotations.attributed(count),
            self.quotations.turns,
            self.quotations.marked(count),
            tuple(self.quotations.speakers),
            tuple(self.paragraphs),
            frozenset(self.tagged),
        )

    def _laugh(self) -> None:
        """Laughter belongs to the sentence before it, whether that has ended or not."""
        if self.sentences:
            self.laughed.add(self.sentences[-1])
        self._end_sentence()

    def _end_sentence(self) -> None:
        self.clause, self.sentence, self.fresh = self.clause + 1, self.sentence + 1, True

    def _sign(self, piece: str) -> None:
        position = len(self.words)
        if piece == _TAG:
            self.tagged.append(position)
            return
        if piece in ("\n", "\n\n"):
            self.quotations.line(position)
            self.line_start = position
            if len(piece) > 1:
                self.paragraphs.append(position)
        if piece[0] in _SMILEYS and (len(piece) > 1 or not piece.isascii()):
            self._laugh()
        elif piece == ">":
            self.quotations.open_line(position)
        elif piece[0] == "<":
            self.quotations.turn(position, piece)
            self._end_sentence()
        elif piece[0] in _DASHES:
            if self.fresh or len(piece) > 1:
                self.quotations.dash(position, piece)
                self.clause += 1
            self.fresh = True  # within a clause it may stand for a copula
        elif piece in _CLAUSE_ENDS:
            self._end(piece, position)
        elif piece in _COMMAS or piece[0] == ".":
            self.fresh = True
        elif piece in _DOUBLE_QUOTES or piece in _SINGLE_QUOTES:
            self.quotations.mark("'" if piece in _SINGLE_QUOTES else '"', position)
            self.fresh = True

    def _end(self, piece: str, position: int) -> None:
        """A clause ends, and most often the sentence."""
        if piece in _QUESTIONS or (piece == _GREEK_QUESTION and self.words and "α" <= self.words[-1][:1] <= "ω"):
            self.asked.add(self.sentence)
        if piece == ":" and position:
            self.announced.append(position - 1)
            begins = max(bisect_left(self.sentences, self.sentence), self.line_start)
            if 0 < position - begins <= LONGEST_LABEL:
                self.quotations.turn(position, " ".join(self.words[begins:position]), begins)
        if piece in _SENTENCE_ENDS:
            self.sentence += 1
        self.clause, self.fresh = self.clause + 1, True


class _Quotations:
    """Which words stand between quotation marks or in quoted lines, and who takes turns to speak."""

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._closed: list[tuple[int, int]] = []
        self._dashes: list[tuple[int, str]] = []
        self._turns: list[str] = []
        self.speakers: list[tuple[int, int]] = []
        self._line: int | None = None

    def mark(self, kind: str, position: int) -> None:
        """A quotation mark before the word at `position`: every second one closes."""
        start = self._open.pop(kind, None)
        if start is None:
            self._open[kind] = position
        elif position > start:
            self._closed.append((start, position))

    def open_line(self, position: int) -> None:
        """A quoted line begins before the word at `position`."""
        self._line = position

    def line(self, position: int) -> None:
        """A line ends before the word at `position`."""
        if self._line is not None and position > self._line:
            self._closed.append((self._line, position))
        self._line = None

    def dash(self, position: int, dash: str) -> None:
        """A dash between sentences before the word at `position`."""
        self._dashes.append((position, dash))

    def turn(self, position: int, speaker: str, start: int | None = None) -> None:
        """Somebody speaks from the word at `position` on, who is named by the words from `start` on, if by any."""
        self._turns.append(speaker)
        self.speakers.append((position if start is None else start, position))

    def marked(self, words: int) -> frozenset[int]:
        """Positions of the words in marks or quoted lines, in a text of so many words."""
        self.line(words)
        return frozenset(position for start, end in self._closed for position in range(start, end))

    def quoted(self, words: int) -> frozenset[int]:
        """The same, where other words stand around."""
        inside = self.marked(words)
        return inside if words - len(inside) >= MIN_WORDS_AROUND_A_QUOTATION else frozenset()

    def attributed(self, words: int) -> bool:
        """Whether a name may follow the last sentence."""
        return any(dash != "-" and 0 < words - start <= LONGEST_ATTRIBUTION for start, dash in self._dashes)

    @property
    def turns(self) -> int:
        """How often somebody speaks: those who are named, if they are two at least, or behind dashes."""
        named = len(self._turns) if len(set(self._turns)) > 1 else 0
        return max(named, len(self._dashes))
