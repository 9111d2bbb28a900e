"""What a moderator gets to read of a member's text: a short excerpt in which personal data is a kind and a shape.

Masking covers what `text.personal_data` finds, the names of children, and by shape alone much more: an incident about
anything at all must not give away a number that merely failed a check digit. What is wrongly masked costs a moderator a look.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial

from models.incidents import MAX_EXCERPT_CHARACTERS
from text import anchors
from text.anchors import ANYTHING
from text.personal_data import PersonalDatum, find_personal_data
from text.personal_data.marks import Marks
from text.personal_data.pupils import MASK as CHILD
from text.personal_data.pupils import Child, find_children, may_be_named
from text.words import Memo, WordMemo

READ_CHARACTERS = 4 * MAX_EXCERPT_CHARACTERS
"""How much of a text is looked at: masks are shorter than what they hide, so an excerpt may take more than its length."""

_ELLIPSIS = "…"
_MIN_DIGITS = 7
"""Runs of fewer digits are years, prices and counts."""

_AT = r"\s{0,2} (?: @ | [\[({<] \s? (?:at|@|chez|bei|arroba|собака|ät) \s? [\])}>] ) \s{0,2}"
_DOT = r"(?: \. | \s? [\[({<] \s? (?:dot|\.|punkt|point|punto|ponto|точка) \s? [\])}>] \s? )"
_EMAIL = re.compile(
    rf"(?<![\w.+-]) [\w.+-]{{1,64}} {_AT} [\w-]{{1,63}} (?: {_DOT} [\w-]{{1,63}} ){{1,4}}", re.VERBOSE | re.IGNORECASE
)
# groups of four, without going back into one: of a long code there are very many ways to cut it into shorter ones
_IBAN = re.compile(r"(?<![^\W_]) ([A-Z]{2}) [ ]? \d\d (?: [ .\-]{0,2}+ [A-Z\d]{1,4}+ ){3,9} (?![^\W_])", re.VERBOSE)
_NUMBER = re.compile(r"[+(]{0,2} \d (?: (?: ,? | [ .\-/()_*:|\\·–—]{0,3} ) \d )+", re.VERBOSE)
_DATE = re.compile(r"(?:19|20)\d\d([-./])\d\d?\1\d\d? | \d\d?([-./]) \s? \d\d?\2 \s? (?:19|20)?\d\d", re.VERBOSE)
_YEARS = re.compile(r"(?:1[89]|20)\d\d \s? [-–—/] \s? (?:1[89]|20)\d\d", re.VERBOSE)
_NAME_PART = re.compile(r"[^\W\d_]+")
_MIN_NAME_PART = 3
"""Shorter parts of names are words of some language."""
_CARD_DIGITS = range(13, 20)
_Read = tuple[tuple[PersonalDatum, ...], list[Child]]


def excerpt(text: str, memo: WordMemo | None = None, stakes: int = ANYTHING) -> str:
    """One line of at most `MAX_EXCERPT_CHARACTERS` characters: white space folded, invisible characters removed, masked.

    Ends with an ellipsis where the text goes on. Empty for a text that shows nothing. Linear in the length of the text
    up to `READ_CHARACTERS` visible characters, whatever comes after. `memo` is that of the texts that are read together,
    `stakes` are what the text may be about (`text.anchors`).
    """
    visible = _visible(text)
    shown = visible[:READ_CHARACTERS]
    # of a word that was cut, or put together, nobody looked what it may be about
    if len(visible) > READ_CHARACTERS or len(visible) != len(" ".join(text.split())):
        stakes = ANYTHING
    masked = _masked([shown], [_data_and_children(shown, memo, stakes)], _same)[0]
    if len(masked) <= MAX_EXCERPT_CHARACTERS:
        if len(visible) <= READ_CHARACTERS:
            return masked
        # so many masks that the end of what was read would show, where a number may be cut in two
        masked = masked[: masked.rfind("]") + 1]
    return _cut(masked, MAX_EXCERPT_CHARACTERS - len(_ELLIPSIS)) + _ELLIPSIS


def mask(text: str) -> str:
    """`text` with everything in it that may be personal data or a child's name replaced by its kind: `[e-mail]`, `[child]`."""
    (masked,) = mask_together([text], _same)
    return masked


def mask_together(texts: Sequence[str], show: Callable[[str, str], str]) -> list[str]:
    """The texts as `mask` has them, with a child who is named in one of them masked in all.

    `show` gives what stands for a mask and the words that it hides. A child's mask stays as it is: of a name there are parts.
    """
    return _masked(texts, [_data_and_children(text) for text in texts], show)


def _masked(texts: Sequence[str], read: Sequence[_Read], show: Callable[[str, str], str]) -> list[str]:
    names = {
        text[child.start : child.end] for text, (_, children) in zip(texts, read, strict=True) for child in children
    }
    masked = []
    for text, (data, children) in zip(texts, read, strict=True):
        masks = [(datum.start, datum.end, show(datum.mask, text[datum.start : datum.end])) for datum in data]
        masks += [(child.start, child.end, CHILD) for child in children]
        whole = _without_names(_replaced(text, masks), names)
        whole = _EMAIL.sub(lambda found: show("[e-mail]", found[0]), whole)
        whole = _IBAN.sub(lambda found: show(f"[IBAN {found[1].upper()}{_ELLIPSIS}]", found[0]), whole)
        masked.append(_NUMBER.sub(lambda found: _number_mask(found[0], show), whole))
    return masked


def _same(mask: str, _hidden: str) -> str:
    return mask


def _data_and_children(text: str, memo: WordMemo | None = None, stakes: int = ANYTHING) -> _Read:
    marks = Memo(partial(Marks, memo=memo))
    data = find_personal_data(
        text,
        read_marks=marks.__getitem__,
        spoken=bool(stakes & anchors.SPOKEN),
        spoken_dot=bool(stakes & anchors.SPOKEN_DOT),
        at_home=bool(stakes & anchors.HOME),
        street=bool(stakes & anchors.STREET),
        glanced=stakes >> anchors.GLANCED,
    )
    if not may_be_named(text, child=bool(stakes & anchors.CHILD)):
        return data, []
    return data, find_children(text, data, marks.__getitem__)


def _replaced(text: str, masks: list[tuple[int, int, str]]) -> str:
    """The text with each span as it is to be shown; of spans that overlap the first."""
    reached, parts = 0, []
    for start, end, shown in sorted(masks):
        if end > reached:
            parts += [text[reached:start], shown]
            reached = end
    return "".join([*parts, text[reached:]])


def _without_names(text: str, names: set[str]) -> str:
    """`text` without the parts of these names wherever else they stand: *Jakub* after *Jakub Nowacki*, in any case."""
    parts = {part for name in names for part in _NAME_PART.findall(name) if len(part) >= _MIN_NAME_PART}
    if not parts:
        return text
    either = "|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True))
    return re.sub(
        rf"(?<![^\W_\[])(?:{either})(?:'s|s|[aeiouyąęůуаеою]{{1,2}}|ом|ой)?(?![^\W_\]])",
        CHILD,
        text,
        flags=re.IGNORECASE,
    )


def _number_mask(shown: str, show: Callable[[str, str], str]) -> str:
    digits = sum(character.isdecimal() for character in shown)
    if digits < _MIN_DIGITS or _DATE.fullmatch(shown) or _YEARS.fullmatch(shown):
        return shown
    if shown.startswith("+"):
        return show(f"[phone +{_ELLIPSIS}]", shown)
    return show("[card]" if digits in _CARD_DIGITS else f"[number {_ELLIPSIS}]", shown)


def _visible(text: str) -> str:
    """What a reader sees of the first part of a text, on one line."""
    # four times as many, because an attacker may hide letters among invisible ones, but not for ever
    return " ".join(_PERHAPS_INVISIBLE.sub(_shown, text[: 4 * READ_CHARACTERS]).split())


_PERHAPS_INVISIBLE = re.compile(r"[^\w !-~]+")
"""Letters, digits and what ASCII prints are seen."""


def _shown(found: re.Match[str]) -> str:
    return "".join(c if unicodedata.category(c)[0] != "C" else " " if c.isspace() else "" for c in found[0])


def _cut(text: str, length: int) -> str:
    """At most `length` characters, ending with a whole word where there is one in the last third, never inside a mask."""
    if len(text) <= length:
        return text.rstrip()
    shown = text[:length]
    if not text[length].isspace():
        space = shown.rfind(" ")
        shown = shown[:space] if space > length * 2 // 3 else shown
    opened = shown.rfind("[")
    return (shown[:opened] if opened > shown.rfind("]") and opened >= 0 else shown).rstrip()
