"""The parts of a text: whose words they are, as far as the text itself shows it.

Marks are only a claim. Whether somebody else wrote what they mark is for the index of texts to say (`engine.quotations`): what
nobody wrote before is the author's own. What is too short to be known by it marks decide, and the words around them
(`text.hostility.frames`).
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Literal, NamedTuple

from msgspec import Struct

from text.languages import read_lists
from text.normalise_letters import is_forwarding, is_reply
from text.rows import Rarest, Wanted
from text.words import by_first_letter

__all__ = ["Apart", "Part", "PartKind", "Shown", "denies", "is_unparted", "parts_of", "taken_apart", "warns"]

PartKind = Literal["own", "quoted", "forwarded", "signature"]
HEADER_LINES, HEADER_CHARACTERS = 8, 120
"""Lines above a forwarded text that say from whom it is and when."""
SIGNATURE_CHARACTERS = 150
"""A longer block behind `--` is text."""
LEAST_SAID = 8
"""Characters of one's own with which somebody shows what others wrote, rather than sends it on: "Please help"."""
KNOWN_CHARACTERS = 20
"""What is shorter is said by everybody: nobody can tell who wrote it before."""
GOOD_PART = 1 / 3
"""Of a text: a smaller quotation leaves it the author's own."""
REMARK_CHARACTERS = 240
"""So long may the words be with which somebody shows an unmarked text."""
MOSTLY = 0.85
"""Of what stands behind such words: where less is marked, the marks are those of the text that is shown."""


class Part(Struct, frozen=True):
    """A stretch of a text. `text` is what it says, without the marks in front of its lines or around it. With `announces` it
    is the line that says who wrote what follows, or the header of a forwarded text.
    """

    kind: PartKind
    text: str
    announces: bool = False

    @property
    def is_claimed(self) -> bool:
        """Whether it is said to be somebody else's words."""
        return self.kind in ("quoted", "forwarded") and not self.announces


class Shown(Struct, frozen=True):
    """A text in which somebody else's words are shown, as it says. `own` is the rest, `claimed` are these words.

    `marked`: by quotation marks, lines or a header; else only because words of the author's stand before or behind them.
    `asks` and `warns`: what the author says to them; `above`: the words stand on a line before them, as a greeting does, too.
    """

    own: str
    claimed: str
    marked: bool
    asks: bool
    warns: bool
    above: bool = False

    @property
    def speaks(self) -> bool:
        """Whether the author asks about them or warns of them."""
        return self.asks or self.warns


_HINTS = (*'>|"“”„«»「『‘:', "--", "____")
_HINT = re.compile(r"^[>|]|[\"“”„«»「『‘]|^--\s*$|^(?:-{2,}|_{4,}).{0,40}$|^.{0,200}:\s*$", re.MULTILINE)
_LINE_MARK = re.compile(r"^(?:[>|] ?)+", re.MULTILINE)
_HEADER = re.compile(r"[^\W\d_][\w -]{0,14}: .*|\s*")
_SIGNATURE = "--"
_WITHIN = re.compile(
    r"\"([^\"]+)\"|“((?:[^“”]|“[^“”]*”)+)”|„([^“”„]+)[“”]|«((?:[^«»]|«[^«»]*»)+)»|»([^«»]+)«|「([^「」]+)」|『([^『』]+)』|‘([^‘’]+)’"
)
_QUESTION = "?？؟;"
_GREEK_QUESTION = re.compile("[\u0370-\u03ff\u1f00-\u1fff][^\\n]{0,100};")
_REMARK_BEFORE = re.compile(rf"[:：{_QUESTION}]\s*\n\s*|[:：.!…]\s+|[。！？।]\s*")
_SENTENCE_END = re.compile(r"[.!?…؟]\s+|[。！？।\n]\s*")
_REMARK_BEHIND = re.compile(rf"\n\s*([^\n]+[{_QUESTION}])\s*\Z")


class _Listed(Struct, frozen=True, forbid_unknown_fields=True):
    """One language's list, parted by commas; with a star where more letters may follow."""

    warn: str
    deny: str = ""
    deny_after: str = ""


class _Patterns(NamedTuple):
    """One language's."""

    warn: re.Pattern[str]
    deny: re.Pattern[str]
    deny_after: re.Pattern[str]


@cache
def _warning_words() -> tuple[re.Pattern[str], tuple[_Patterns, ...]]:
    """Of all languages the words of warning, and of each these and those of negation. Raises ListError."""
    lists = read_lists("warnings", _Listed).values()
    everywhere = _any_of([word for one in lists for word in _words(one.warn)])
    return everywhere, tuple(
        _Patterns(*(_any_of(_words(getattr(one, name))) for name in _Patterns._fields)) for one in lists
    )


def _words(listed: str) -> list[str]:
    return [word.strip() for word in listed.split(",") if word.strip()]


def _any_of(listed: list[str]) -> re.Pattern[str]:
    """Whole words, but of a language that does not part its words."""
    longest_first = sorted(listed, key=len, reverse=True)
    unparted = [re.escape(word) for word in longest_first if is_unparted(word)]
    parted = [re.escape(word).replace(r"\*", r"\w*") for word in longest_first if not is_unparted(word)]
    words = [rf"\b(?:{by_first_letter(parted)})(?!\w)"] if parted else []
    return re.compile("|".join([*words, *unparted]) or r"(?!)", re.IGNORECASE)


_UNPARTED = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
MOST_WARNINGS = 50
"""Words of warning that are looked at in one text; of the others nobody reads whether they are denied."""
_NEGATED_WITHIN = 30
"""Characters before a word of warning in which a negation belongs to it: "this is no scam"."""


def warnings() -> list[Wanted]:
    """What stands in the row of a text (`text.rows`) that warns."""
    rarest = Rarest()
    lists = read_lists("warnings", _Listed).values()
    words = [word for one in lists for word in _words(one.warn) if not is_unparted(word)]
    return [wanted for word in words if (wanted := rarest.of([word]))]


def is_unparted(text: str) -> bool:
    """Whether there are words that no blanks part, of which no row tells."""
    return _UNPARTED.search(text) is not None


def warns(words: str) -> bool:
    """Whether somebody warns of what is shown."""
    return any(not denied for denied in _warnings_in(words))


def denies(words: str) -> bool:
    """Whether somebody says that something is none of what one warns of, and warns of nothing: "this is no scam"."""
    found = [*_warnings_in(words)]
    return bool(found) and all(found)


def _warnings_in(words: str) -> Iterator[bool]:
    """For each word of warning whether it is denied."""
    everywhere, languages = _warning_words()
    for found in islice(everywhere.finditer(words), MOST_WARNINGS):
        before = re.split(r"[.!?,،\n]", words[max(0, found.start() - _NEGATED_WITHIN) : found.start()])[-1]
        behind = words[found.end() : found.end() + 8]
        its = [one for one in languages if one.warn.fullmatch(found[0])]
        yield any(one.deny.search(before) or one.deny_after.search(behind) for one in its)


class Apart(NamedTuple):
    """A text taken apart. `unmarked` is all that it says, without the marks and lines that call some of it a quotation, and
    without a signature; `shown` is None where nothing that makes a good part of it is set apart.
    """

    unmarked: str
    shown: Shown | None


def taken_apart(seen: str, *, may_warn: bool = True) -> Apart:
    """Take a text (`text.written.Written.seen`) apart. `may_warn`: whether a word of warning stands in it.
    Linear in its length.
    """
    if not (may_warn or "\n" in seen or _has_hint(seen)):
        return Apart(seen, None)
    parts = parts_of(seen)
    claimed = "\n".join(part.text.strip("\n") for part in parts if part.is_claimed)
    own = "".join(part.text for part in parts if part.kind == "own")
    remarked = _remarked(seen, may_warn=may_warn)
    if not _is_good_part(claimed, own) or (remarked and _are_its_own(remarked, parts, claimed)):
        return Apart(_unmarked(seen, parts), remarked)
    said = "".join(part.text for part in parts if part.kind == "own" or part.announces)
    shown = Shown(own, claimed, marked=True, asks=_asks(own), warns=may_warn and warns(said))
    return Apart(_unmarked(seen, parts), shown)


def _are_its_own(remarked: Shown, parts: tuple[Part, ...], claimed: str) -> bool:
    """Whether quotation marks are those of a text that a remark shows: much of it stands outside of them."""
    in_lines = any(part.announces for part in parts) or _LINE_MARK.search(remarked.claimed) is not None
    return not in_lines and len(claimed) < MOSTLY * len(remarked.claimed)


def _has_hint(seen: str) -> bool:
    # quicker than a regular expression, and than asking each character of the text
    return any(map(seen.__contains__, _HINTS))


def is_nothing_but_quoted(seen: str, shown: Shown) -> bool:
    """Whether a text says no more of its own than whom it quotes. What is forwarded whole speaks for itself."""
    if not shown.marked or len(shown.own.strip()) >= LEAST_SAID:
        return False
    parts = parts_of(seen)
    return any(part.announces for part in parts) and all(part.kind != "forwarded" for part in parts)


def _unmarked(seen: str, parts: tuple[Part, ...]) -> str:
    if len(parts) == 1 and parts[0].kind == "own":
        return seen
    rest = "".join(part.text for part in parts if part.kind != "signature" and not part.announces)
    return rest if rest.strip() else seen


def _is_good_part(claimed: str, own: str) -> bool:
    return len(claimed.strip()) >= max(KNOWN_CHARACTERS, GOOD_PART * (len(claimed) + len(own)))


def _asks(words: str) -> bool:
    # a semicolon asks in Greek alone
    return any(sign in words for sign in _QUESTION[:-1]) or _GREEK_QUESTION.search(words) is not None


def _remarked(seen: str, *, may_warn: bool) -> Shown | None:
    """Others' words that only a remark before or behind sets apart: a warning, a question, a line that announces them."""
    before = _remark_before(seen, may_warn=may_warn)
    if before and before.warns:
        return before
    tail = max(0, len(seen) - REMARK_CHARACTERS)
    warned = [found.start() for found in _warning_words()[0].finditer(seen, tail)] if may_warn else []
    ends = [end.end() for end in _SENTENCE_END.finditer(seen, tail, warned[-1])] if warned else []
    if ends and _is_good_part(seen[: ends[-1]], seen[ends[-1] :]) and warns(seen[ends[-1] :]):
        claimed, own = seen[: ends[-1]], seen[ends[-1] :]
        # a word of warning in what stands below a question may be of the text that is shown
        if not before or len(claimed) >= len(own):
            return Shown(own, claimed, marked=False, asks=_asks(own), warns=True)
    if before:
        return before
    behind = _REMARK_BEHIND.search(seen, tail)
    if behind and _is_good_part(seen[: behind.start()], behind[1]):
        return Shown(behind[1], seen[: behind.start()], marked=False, asks=True, warns=False)
    return None


def _remark_before(seen: str, *, may_warn: bool) -> Shown | None:
    warning = _warning_words()[0].search(seen, 0, REMARK_CHARACTERS) if may_warn else None
    for end in _REMARK_BEFORE.finditer(seen, 0, REMARK_CHARACTERS):
        own, claimed = seen[: end.end()], seen[end.end() :]
        if not _is_good_part(claimed, own):
            continue
        warned = warning is not None and warning.start() < end.end() and warns(own)
        if warned or "\n" in end[0]:
            return Shown(own, claimed, marked=False, asks=_asks(own), warns=warned, above="\n" in end[0])
    return None


def parts_of(seen: str) -> tuple[Part, ...]:
    """The parts of a text, in its order; together they are all of it but marks. Linear in its length."""
    if not (_has_hint(seen) and _HINT.search(seen)):
        return (Part("own", seen),)
    return tuple(part for part in _parts(seen.splitlines(keepends=True)) if part.text)


def _parts(lines: list[str]) -> Iterator[Part]:
    own: list[str] = []
    left = sum(map(len, lines))
    at = done = 0
    while at < len(lines):
        left, done = left - sum(map(len, lines[done:at])), at
        line = lines[at].rstrip()
        if line.startswith((">", "|")):
            yield from _within("".join(own))
            own, end = [], at
            while end < len(lines) and lines[end].startswith((">", "|")):
                end += 1
            yield Part("quoted", _LINE_MARK.sub("", "".join(lines[at:end])))
            at = end
        elif line == _SIGNATURE and left - len(lines[at]) <= SIGNATURE_CHARACTERS:
            yield from _within("".join(own))
            yield Part("signature", "".join(lines[at:]))
            return
        elif is_forwarding(line) or is_reply(line):
            kind: PartKind = "forwarded" if is_forwarding(line) else "quoted"
            yield from _within("".join(own))
            own, end = [], _end_of_header(lines, at + 1)
            yield Part(kind, "".join(lines[at:end]), announces=True)
            at = end
            if at < len(lines) and not lines[at].startswith((">", "|")):
                yield Part(kind, _LINE_MARK.sub("", "".join(lines[at:])))
                return
        else:
            own.append(lines[at])
            at += 1
    yield from _within("".join(own))


def _end_of_header(lines: list[str], at: int) -> int:
    """Where the lines end that say from whom something is, and the empty ones behind."""
    last = min(len(lines), at + HEADER_LINES)
    while at < last and len(lines[at]) <= HEADER_CHARACTERS and _HEADER.fullmatch(lines[at].rstrip()):
        at += 1
    return at


def _within(text: str) -> Iterator[Part]:
    """What stands in quotation marks within the author's words, where it is long enough to be known."""
    end = 0
    for found in _WITHIN.finditer(text):
        if len(found[0]) - 2 >= KNOWN_CHARACTERS:
            yield Part("own", text[end : found.start()])
            yield Part("quoted", found[0][1:-1])
            end = found.end()
    yield Part("own", text[end:])
