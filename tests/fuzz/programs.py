"""Programs of a few bytes that make inputs: which valid sample to begin with, and what to do to it.

Hypothesis draws programs, and makes a failing one shorter. The same program makes the same input, always.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import yaml
from hypothesis import strategies as st

from rules.policy import _PolicyLoader
from tests.models.samples import EVENTS

_Item = TypeVar("_Item")

PROGRAMS_AT_ONCE, _PROGRAM_BYTES = 10, 32
PROGRAMS = st.binary(min_size=PROGRAMS_AT_ONCE * _PROGRAM_BYTES, max_size=PROGRAMS_AT_ONCE * _PROGRAM_BYTES)
"""Several programs in one piece: hypothesis takes longer to draw one than most inputs take."""
MAX_OPERATIONS = 12
LONG_TEXT = 30_000
"""More than is read of a text."""
LONG_RECORD = 300_000
"""More than a record may have."""
LONG_YAML = 6_000


def programs_in(drawn: bytes) -> list[bytes]:
    """The programs of one piece, of different lengths."""
    pieces = [drawn[at : at + _PROGRAM_BYTES] for at in range(0, len(drawn), _PROGRAM_BYTES)]
    return [piece[: 6 + piece[0] % (_PROGRAM_BYTES - 5)] for piece in pieces]


class Choices:
    """Reads a program. Beyond its end it always chooses the first."""

    def __init__(self, program: bytes) -> None:
        self._program = program
        self._at = 0

    @property
    def left(self) -> bool:
        return self._at < len(self._program)

    def below(self, limit: int) -> int:
        """A number from 0 on."""
        taken = self._program[self._at : self._at + (1 if limit <= 256 else 3)]
        self._at += max(1, len(taken))
        return int.from_bytes(taken, "big") % limit if limit > 0 else 0

    def one_of(self, items: Sequence[_Item]) -> _Item:
        return items[self.below(len(items))]

    def slice_of(self, length: int) -> slice:
        """A stretch of something so long; most are short."""
        start = self.below(length + 1)
        return slice(start, start + 1 + self.below(1 + min(length, (8, 8, 64, length)[self.below(4)])))


Operation = Callable[[Any, Choices], Any]


def _operated(value: Any, choices: Choices, operations: tuple[Operation, ...]) -> Any:
    for _ in range(MAX_OPERATIONS):
        if not choices.left:
            break
        value = choices.one_of(operations)(value, choices)
    return value


# --- odd things --------------------------------------------------------------------------------------------------------

ODD_TEXTS = (
    "", " ", "\x00", "\n", "\r\n", "\t", "\u2028", "\u200b", "\u202e", "\ufeff", "\ufffd", "\U0010ffff",
    "\ud800", "\udfff\ud800", "\u0301" * 9, "a\u0336b\u0336", "\u00ad", "\u034f", "\u3164", "ﷺ", "ﬁ", "İ", "ı",
    "ß", "ẞ", "ŉ", "ǰ", "Ⅷ", "①", "🅰", "𝓯𝓻𝓮𝓮", "ｆｒｅｅ", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️", "☎", "à́̂̃̄", "क्षि", "กำ",
    "한", "の", "我", "ـــــ", "שָׁ", "ϗ", "ჯ", "Ⴀ", "ա", "ⴰ", "ᏼ", "-", "--", "—", ">", "> ", "'", '"', "„“",
    "«»", "[", "]", "{", "}", "(((", "@", "@@", "#", "##a", "$", "€", "%", "%00", "\\", "/", "//", "http://",
    "https://a.b", "www.", "hxxp://x[.]y", "ftp://", "mailto:a@b.c", "://", "a.b.c.d", "xn--80ak6aa92e.com",
    "bit.ly/x", "anna@school.eu", "anna (at) school dot eu", "a@b", "@school.eu", "+49 170 1234567",
    "0049170 1234567", "(01) 234-5678", "tel:", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00",
    "GB82WEST12345698765432", "12.03.1999", "1/2", "1e9", "0x1F", "756.1234.5678.97", "131052-308T",
    "RSSMRA85T10A562S", "978-3-16-148410-0", "99 €", "$1,000.00", "50%", "1:30", "1.000.000", "00", "٣٤٥",
    "१२३", "１２３", "kill you", "ich bringe dich um", "убью", "idiot", "buy now", "FREE!!!", "subscribe",
    "Kind regards", "Dear Anna,", "Hauptstraße 5",
    "<p>", "</p>", "<b>", "</b>", "<br/>", "<x>", "<div hidden>", "<span style='display:none'>", "</span>", "<!--",
    "-->", "<!", "<?", "</", "<a href='https://a.example/b'>", "<a href=\"", "<img alt='", "'>", "\">", "<script>",
    "</script>", "<style>", "<textarea>", "<svg>", "<table>", "<td>", "<li>", "<blockquote>", "<select>", "<plaintext>",
    "<b style=\"font-size:0\">", "&amp;", "&lt;", "&#105;", "&#x69", "&notit", "&nbsp", "&", "&#", "&#0;",
    "&#99999999999;", "<3", "a<b and c>d", "<p a a a a=1 b='2' c=\"3\"",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.5, -0.0, 1e308, 2**63, 2**64, 10**40, "", " ", "x", "\x00", "\ud800", [], {},
    [None], [[]], {"": ""}, "2026-02-27T08:15:30Z", "2026-02-27T24:00:00Z", "2026-02-30T08:15:30Z",
    "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999-23:59", "2026-02-27T08:15:30", "2026-02-27",
    "1970-01-01T00:00:00+00:00", "2026-02-27T08:15:60Z", "1d", "5m", "-1h", "1e9d", "999999999999d", "live",
    "off", "x" * 128, "x" * 129, "é" * 128, ["x"] * 40, ["x", 1], "00ff00ff00ff00fg", "ab" * 32, "en-GB-oed",
    "🐝" * 200, float(2**53),
)  # fmt: skip
ODD_BYTES = (
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"{", b"}",
    b"[", b"]", b'"', b"\\", b",", b":", b"\\u0000", b"\\ud800", b"\\udc00\\ud800", b"\\x", b"1e999", b"-",
    b"0123", b"NaN", b"Infinity", b"null", b"true", b'"type":', b"\n", b" " * 64, b"9" * 400, b"[" * 200,
    b'{"a":' * 200, b"'", b"//", b"/*",
)  # fmt: skip


# --- records -----------------------------------------------------------------------------------------------------------


def record(program: bytes) -> bytes:
    """The value of a record: a valid event of some type, and what became of it."""
    choices = Choices(program)
    event = deepcopy(choices.one_of(list(EVENTS.values())))
    if choices.below(4):
        event = _operated(event, choices, _ON_EVENTS)
        return _dumped(event)[:LONG_RECORD]
    return bytes(_operated(_dumped(event), choices, _ON_BYTES))[:LONG_RECORD]


def _dumped(event: Any) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _field(event: dict[str, Any], choices: Choices) -> str:
    return str(choices.one_of(list(event) or [""]))


def _without_field(event: dict[str, Any], choices: Choices) -> dict[str, Any]:
    event.pop(_field(event, choices), None)
    return event


def _odd_value(event: dict[str, Any], choices: Choices) -> dict[str, Any]:
    event[_field(event, choices)] = deepcopy(choices.one_of(ODD_VALUES))
    return event


def _odd_name(event: dict[str, Any], choices: Choices) -> dict[str, Any]:
    event[choices.one_of(ODD_TEXTS)] = event.pop(_field(event, choices), None)
    return event


def _of_another(event: dict[str, Any], choices: Choices) -> dict[str, Any]:
    return event | deepcopy(choices.one_of(list(EVENTS.values())))


def _swapped(event: dict[str, Any], choices: Choices) -> dict[str, Any]:
    one, other = _field(event, choices), _field(event, choices)
    event[one], event[other] = event.get(other), event.get(one)
    return event


def _odd_text_field(event: dict[str, Any], choices: Choices) -> dict[str, Any]:
    event[_field(event, choices)] = text_of(choices)
    return event


_NAMES = [f"teacher-{number}" for number in range(5_000)]


def _many(event: dict[str, Any], choices: Choices) -> dict[str, Any]:
    names = _NAMES if choices.below(2) else ["teacher-0"] * len(_NAMES)
    event[_field(event, choices)] = names[: choices.one_of((2, 3, 100, 3, 2, 1_000, 1_001, 5_000))]
    return event


def _deep(event: dict[str, Any], choices: Choices) -> dict[str, Any]:
    nested: Any = choices.one_of(ODD_VALUES)
    for _ in range(choices.one_of((2, 3, 50, 400))):
        nested = [nested] if choices.below(2) else {"a": nested}
    event[_field(event, choices)] = nested
    return event


_ON_EVENTS: tuple[Operation, ...] = (
    _odd_value, _without_field, _odd_name, _of_another, _swapped, _odd_text_field, _many, _deep, _odd_value,
    _odd_value,
)  # fmt: skip


def _bytes_replaced(value: bytes, choices: Choices) -> bytes:
    where = choices.slice_of(len(value))
    return value[: where.start] + choices.one_of(ODD_BYTES) + value[where.stop :]


def _bytes_inserted(value: bytes, choices: Choices) -> bytes:
    at = choices.below(len(value) + 1)
    return value[:at] + choices.one_of(ODD_BYTES) + value[at:]


def _bytes_flipped(value: bytes, choices: Choices) -> bytes:
    at = choices.below(len(value) or 1)
    return value[:at] + bytes([choices.below(256)]) + value[at + 1 :]


def _bytes_cut(value: bytes, choices: Choices) -> bytes:
    return value[: choices.below(len(value) + 1)]


def _bytes_repeated(value: bytes, choices: Choices) -> bytes:
    where = choices.slice_of(len(value))
    piece = value[where]
    return (
        value[: where.stop]
        + piece * min(choices.one_of((1, 3, 100, 10_000)), LONG_RECORD // (len(piece) or 1))
        + value[where.stop :]
    )


_ON_BYTES: tuple[Operation, ...] = (_bytes_replaced, _bytes_inserted, _bytes_flipped, _bytes_cut, _bytes_repeated)


# --- texts -------------------------------------------------------------------------------------------------------------

_ROOT = Path(__file__).parents[2]


@cache
def sample_texts() -> tuple[str, ...]:
    """Phrases and sentences in all languages that the texts' tables and the tests' samples are in."""
    tables = [*sorted((_ROOT / "text").rglob("*.yaml")), *sorted((_ROOT / "tests").rglob("*samples.yaml"))]
    found = {text for table in tables for text in _strings(yaml.safe_load(table.read_text("utf-8"))) if len(text) > 2}
    return tuple(sorted(found))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def text(program: bytes) -> str:
    """A text: samples in several languages, and what became of them."""
    return text_of(Choices(program))


def text_of(choices: Choices) -> str:
    made: str = _operated(choices.one_of(sample_texts()), choices, _ON_TEXTS)
    return made[:LONG_TEXT]


def _appended(value: str, choices: Choices) -> str:
    return value + choices.one_of((" ", "\n", "", ". ", ", ")) + choices.one_of(sample_texts())


def _inserted(value: str, choices: Choices) -> str:
    at = choices.below(len(value) + 1)
    return value[:at] + choices.one_of(ODD_TEXTS) + value[at:]


def _strewn(value: str, choices: Choices) -> str:
    """Something odd between all words, or all letters."""
    odd = choices.one_of(ODD_TEXTS)
    return odd.join(value[:500] if choices.below(2) else value.split(" "))[:LONG_TEXT]


def _repeated(value: str, choices: Choices) -> str:
    where = choices.slice_of(len(value))
    piece = value[where] + choices.one_of(("", " ", "\n", ". "))
    # large texts are rare, as they are in life
    times = LONG_TEXT if choices.below(256) == 255 else choices.one_of((2, 3, 5, 9, 30))
    return value[: where.stop] + piece * min(times, LONG_TEXT // (len(piece) or 1)) + value[where.stop :]


_TAGS = ("b", "p", "div", "span", "a", "li", "blockquote", "table", "td", "svg", "select", "style", "h1", "q", "x-y")
_ATTRIBUTES = (
    "", " hidden", " style='display:none'", ' style="visibility:hidden"', " href=https://a.example", " a=1 b", " x='",
)  # fmt: skip


def _marked_up(value: str, choices: Choices) -> str:
    """A stretch as an element, or many of them inside each other."""
    where, tag, attribute = choices.slice_of(len(value)), choices.one_of(_TAGS), choices.one_of(_ATTRIBUTES)
    times = choices.one_of((1, 1, 1, 2, 9, 300 if choices.below(16) == 15 else 3))
    begin, end = f"<{tag}{attribute}>" * times, f"</{tag}>" * choices.one_of((times, 0, 1, times))
    return value[: where.start] + begin + value[where] + end + value[where.stop :]


def _referenced(value: str, choices: Choices) -> str:
    """Letters as references."""
    where, form = choices.slice_of(len(value)), choices.one_of(("&#{};", "&#{}", "&#x{:x};", "&#0{};"))
    return value[: where.start] + "".join(form.format(ord(c)) for c in value[where]) + value[where.stop :]


def _cut(value: str, choices: Choices) -> str:
    return value[choices.slice_of(len(value))]


def _any_characters(value: str, choices: Choices) -> str:
    start = choices.below(0x11000)
    return value + "".join(map(chr, range(start, start + 1 + choices.below(48))))


def _recased(value: str, choices: Choices) -> str:
    return choices.one_of((str.upper, str.title, str.swapcase, str.casefold))(value)


def _reformed(value: str, choices: Choices) -> str:
    return unicodedata.normalize(choices.one_of(("NFD", "NFKD", "NFC", "NFKC")), value)


_DISGUISES: tuple[dict[int, Any], ...] = (
    str.maketrans("aeiost", "4310$7"),
    str.maketrans("aeopcyxAEOPCTBHKMX", "аеорсухАЕОРСТВНКМХ"),
    str.maketrans("aioηv", "αιοnν"),
    str.maketrans({letter: chr(0x1D41A + ord(letter) - 97) for letter in "abcdefghijklmnopqrstuvwxyz"}),
    str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"),
    str.maketrans(" ", "\u00a0"),
    str.maketrans(" ", "_"),
)


def _disguised(value: str, choices: Choices) -> str:
    return value.translate(choices.one_of(_DISGUISES))


def _reversed(value: str, _: Choices) -> str:
    return value[::-1]


def _quoted(value: str, choices: Choices) -> str:
    mark = choices.one_of(("> ", "- ", "<anna> ", '"', "• ", "1. "))
    return "\n".join(mark + line for line in re.split(r"(?<=[.!?]) ", value))


def _digits(value: str, choices: Choices) -> str:
    number = "".join(str(choices.below(10)) for _ in range(choices.below(20)))
    gap = choices.one_of((" ", "-", ".", "", "/"))
    return f"{value} {gap.join(re.findall('..?', number))}"


_ON_TEXTS: tuple[Operation, ...] = (
    _appended, _inserted, _strewn, _repeated, _cut, _any_characters, _recased, _reformed, _disguised,
    _reversed, _quoted, _digits, _appended, _inserted, _marked_up, _referenced,
)  # fmt: skip


# --- policies ----------------------------------------------------------------------------------------------------------


def _is_whole(value: object) -> bool:
    return not isinstance(value, str) or not any("\ud800" <= letter <= "\udfff" for letter in value)


_YAML_TEXTS = tuple(filter(_is_whole, ODD_TEXTS))
_YAML_VALUES = tuple(filter(_is_whole, ODD_VALUES))
"""What the loader of YAML lets through."""


@cache
def _packaged() -> tuple[str, Any]:
    source = files("rules").joinpath("policy.yaml").read_text("utf-8")
    return source, yaml.load(source, Loader=_PolicyLoader)


def policy(program: bytes) -> str | Any:
    """A policy: either loaded already, or (one in eight) a few thousand characters of YAML."""
    choices = Choices(program)
    source, loaded = _packaged()
    if choices.below(8):
        return _operated(deepcopy(loaded), choices, _ON_POLICIES)
    lines = source.splitlines(keepends=True)
    first = choices.below(len(lines)) * choices.below(2)
    piece = "".join(lines[first : first + 10 + choices.below(60)])
    made: str = _operated(piece, choices, _ON_YAML)
    return made[:LONG_YAML]


def _node(loaded: Any, choices: Choices) -> tuple[Any, Any]:
    """Some mapping or array of the policy that is not empty, and a key of it."""
    node = loaded
    for _ in range(1 + choices.below(6)):
        keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
        if not keys:
            return loaded, next(iter(loaded), None)
        key = choices.one_of(keys)
        if not isinstance(node[key], dict | list) or not node[key]:
            return node, key
        node, parent = node[key], node
    return parent, key


def _policy_value(loaded: Any, choices: Choices) -> Any:
    if isinstance(loaded, dict) and loaded:
        node, key = _node(loaded, choices)
        node[key] = deepcopy(choices.one_of(_YAML_VALUES))
    return loaded


def _policy_without(loaded: Any, choices: Choices) -> Any:
    if isinstance(loaded, dict) and loaded:
        node, key = _node(loaded, choices)
        del node[key]
    return loaded


def _policy_name(loaded: Any, choices: Choices) -> Any:
    if isinstance(loaded, dict) and loaded:
        node, key = _node(loaded, choices)
        if isinstance(node, dict):
            node[choices.one_of(_YAML_TEXTS)] = node.pop(key)
    return loaded


def _policy_copied(loaded: Any, choices: Choices) -> Any:
    if isinstance(loaded, dict) and loaded:
        (node, key), (other, from_) = _node(loaded, choices), _node(loaded, choices)
        node[key] = deepcopy(other[from_])
    return loaded


def _policy_longer(loaded: Any, choices: Choices) -> Any:
    if isinstance(loaded, dict) and loaded:
        node, key = _node(loaded, choices)
        if isinstance(node[key], list):
            node[key] = node[key] * choices.one_of((2, 3, 50))
        elif isinstance(node, list):
            node.append(deepcopy(node[key]))
    return loaded


def _policy_whole(loaded: Any, choices: Choices) -> Any:
    return deepcopy(choices.one_of(_YAML_VALUES)) if choices.below(16) == 15 else loaded


_ON_POLICIES: tuple[Operation, ...] = (
    _policy_value, _policy_without, _policy_name, _policy_copied, _policy_longer, _policy_whole, _policy_value,
)  # fmt: skip
_ODD_YAML = (
    *ODD_TEXTS, "&a ", "*a", "<<: *a", "!!python/object:os.system", "!!binary x", "!!set", "? ", "- ", ": ",
    "{", "[", "|", ">-", "%YAML 1.1", "---", "...", "# ", "0o17", "1_000", ".inf", ".nan", "~", "yes",
    "2026-01-01", "\t", "[" * 90, "{a: " * 90, "- " * 90, "=", "!x", "'", "@", '"\\ud800"',
)  # fmt: skip


def _yaml_inserted(value: str, choices: Choices) -> str:
    at = choices.below(len(value) + 1)
    return value[:at] + choices.one_of(_ODD_YAML) + value[at:]


def _yaml_replaced(value: str, choices: Choices) -> str:
    where = choices.slice_of(len(value))
    return value[: where.start] + choices.one_of(_ODD_YAML) + value[where.stop :]


def _yaml_lines(value: str, choices: Choices) -> str:
    lines = value.splitlines(keepends=True)
    where = choices.slice_of(len(lines))
    piece = lines[where]
    return "".join(lines[: where.start] + piece * choices.below(4) + lines[where.stop :])


def _yaml_indented(value: str, choices: Choices) -> str:
    lines = value.splitlines(keepends=True)
    where = choices.slice_of(len(lines))
    return "".join(
        lines[: where.start] + [" " * choices.below(8) + line for line in lines[where]] + lines[where.stop :]
    )


_ON_YAML: tuple[Operation, ...] = (_yaml_inserted, _yaml_replaced, _yaml_lines, _yaml_indented)
