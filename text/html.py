"""What a reader sees of a text that may be HTML: entities decoded, tags, comments and hidden parts taken away.

The platform stores plain text or HTML, and says nowhere which. A text is HTML where it has a tag of HTML's own with attributes
that could be some, a comment, or a tag within a word (`fr<x>ee`); otherwise `<3`, `a < b`, `if a<b and c>d` and `Dear <Name>`
stay as they are. References are decoded once, everywhere, as a browser shows them.

The tags are told apart as the HTML standard's tokenizer does, by one pattern; names of references are the standard library's.
No tree is made: it takes browsers and their libraries the square of the text's length at worst (250 KB of `<div>` take lexbor
2.1 s; of `<div>` and `</p>` libxml2 0.8 s), and for a text that comes from anybody this must be linear.

In doubt more is read, not less. What is hidden only by a style sheet, by colours or beyond the edge is read; so is what a
browser shows although it stands in an element that looks hidden (`hidden` with `display:block`, `visibility:visible` inside,
an element that the standard's tree builder closes or moves). What begins a tag or a comment that never ends is text.
"""

import html
import re
from html.entities import html5
from typing import NamedTuple

MAX_TARGETS = 50
"""Distinct links of one text; nobody follows more."""
MAX_TARGET_CHARACTERS = 2_048
MAX_TAGS = 10_000
"""Tags of one text that are looked at; of those beyond nothing is known but that they are tags. They take 25 ms."""
MAX_ATTRIBUTES = 1_000
MAX_STYLE_CHARACTERS = 2_000
"""Of an element with more of either it is not believed that it is hidden."""
MAX_ALTERNATIVE = 120
"""Characters of what stands in place of a picture."""


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_ELEMENTS = _names(
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote "
    "body br button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl "
    "dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr "
    "html i iframe image img input ins kbd label legend li link listing main map mark marquee math menu meta meter "
    "nav nobr noembed noframes noscript object ol optgroup option output p param picture plaintext pre progress q "
    "rb rp rt rtc ruby s samp script search section select slot small source span strike strong style sub summary "
    "sup svg table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr xmp"
)
_VOID = _names("area base basefont bgsound br col embed frame hr image img input link meta param source track wbr")
_BLOCKS = _names(
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li listing main menu nav ol optgroup option p pre "
    "search section summary table tbody textarea tfoot thead title tr ul xmp plaintext"
)
_END_PARAGRAPHS = _BLOCKS - _names("body br caption legend option optgroup tbody textarea tfoot thead title tr")
_FORMATTING = _names("a b big code em font i nobr s small strike strong tt u")
"""Where these overlap with others, browsers move what stands in them."""
_CELLS = frozenset({"td", "th"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_RAW = _names("script style title textarea xmp iframe noembed noframes")
"""What stands in them is no HTML."""
_SHOWN_RAW = frozenset({"textarea", "xmp"})
_NEVER_SHOWN = frozenset({"iframe", "template", "video", "audio", "canvas"})
_NOT_SHOWN = _NEVER_SHOWN | frozenset({"script", "style", "title", "noembed", "noframes", "datalist", "dialog", "rp"})
"""Not displayed, unless their own style says otherwise."""
_FOREIGN = ("svg", "math")
_MISPLACED = _names(
    "html head body frameset frame form table caption colgroup col tbody thead tfoot tr td th select option "
    "optgroup button applet object marquee svg math"
)
"""Their content may be shown elsewhere, or the tag ignored: whether they are hidden says nothing about what stands in them."""
_TABLE_PARTS = _names("caption colgroup col tbody thead tfoot tr td th")
_LISTS = ("ul", "ol", "menu", "dir", "blockquote")
_DESCRIPTIONS = ("dl", "blockquote")
_RUBY = ("rb", "rt", "rp", "rtc")
_CLOSED_BY: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "a": (("a",), ()),
    "nobr": (("nobr",), ()),
    "button": (("button",), ()),
    "option": (("option",), ()),
    "optgroup": (("option", "optgroup"), ()),
    "table": (("table",), ("td", "th", "caption")),
    "li": (("li",), _LISTS),
    "dd": (("dd", "dt"), _DESCRIPTIONS),
    "dt": (("dd", "dt"), _DESCRIPTIONS),
    "h1": (("h1",), ()),
    **dict.fromkeys(_RUBY, (_RUBY, ())),
}
"""What a start tag ends of what is open, unless one of the latter stands between."""

_W = r"\t\n\f\r "
_ATTRIBUTE = rf"""[^{_W}/>][^{_W}/>=]*+(?:[{_W}]*+=[{_W}]*+(?:"[^"]*+"|'[^']*+'|(?!["'])[^{_W}>]*+))?+"""
_TOKEN = re.compile(
    rf"""<(?:
        (?P<comment>!--(?:-?>|.*?--!?>) | [!?][^>]*+> | /(?![a-zA-Z])[^>]*+>)
        |(?P<close>/)?(?P<name>[a-zA-Z][^{_W}/>]*+)(?P<attributes>(?:[{_W}/]++|{_ATTRIBUTE})*+)>
    )""",
    re.VERBOSE | re.DOTALL,
)
_BEGIN = re.compile("<(?=[a-zA-Z/!?])")
_ONE_ATTRIBUTE = re.compile(
    rf"""([^{_W}/>][^{_W}/>=]*+)(?:[{_W}]*+=[{_W}]*+(?:"([^"]*+)"|'([^']*+)'|(?!["'])([^{_W}>]*+)))?+"""
)
_KNOWN = "|".join(sorted(_ELEMENTS, key=len, reverse=True))
_FLAGS = (
    "allowfullscreen|async|autofocus|autoplay|checked|controls|default|defer|disabled|download|hidden|inert|ismap|itemscope|loop"
    "|multiple|muted|nohref|noshade|novalidate|nowrap|open|readonly|required|reversed|selected"
)
_CERTAIN = re.compile(
    rf"""<(?=[a-z/!])(?:!--|!doctype[ ]html|/?(?:{_KNOWN})
        (?:[{_W}]++(?:[a-z][\w:.-]*+[{_W}]*+=[{_W}]*+(?:"[^"<]*+"|'[^'<]*+'|[^{_W}"'=<>`]++)|(?:{_FLAGS})(?![\w:.-])))*+
        [{_W}]*+/?>
    |(?<=[^\W\d_]<)/?[a-z][\w:-]*+[ ]?/?>(?=[^\W\d_]))""",
    re.VERBOSE | re.IGNORECASE,
)
"""What nobody writes in plain text. (A value with a `<` in it proves nothing.)"""
_HAS_LINES = re.compile(rf"</?(?:{'|'.join(sorted(_BLOCKS | {'td', 'th'}, key=len, reverse=True))})(?![\w-])", re.I)
_BLANKS = re.compile(rf"[{_W}]+")
_IN_ANGLES = re.compile(r"[^\s<>]*(?:@|:/)")
"""`<anna@school.eu>` and `<https://…>` are no tags to people."""


class Visible(NamedTuple):
    """What a reader sees of a text, and where its links lead (as their `href` says; in their order, each once)."""

    text: str
    targets: tuple[str, ...] = ()


def visible(written: str) -> Visible:
    """What a reader sees of what a member wrote. Linear in its length. A quotation's lines begin with `> `."""
    if "<" not in written or not _CERTAIN.search(written):
        return Visible(decode_references(written))
    reader = _Reader(written)
    found = reader.read()
    return found if not reader.overlaps else _Reader(written, hides=False).read()


# --- references --------------------------------------------------------------------------------------------------------

_REFERENCE = re.compile(r"&(?:\#(?:[xX]([0-9a-fA-F]++)|([0-9]++))(;?)|([a-zA-Z][a-zA-Z0-9]{1,31}+)(;?))")
_IN_A_QUERY = re.compile(r"[\w.\-\[\]]{0,64}=")
_LARGEST = 0x10FFFF
_DIGITS = 7


def decode_references(text: str) -> str:
    """`&amp;`, `&#105;`, `&nbsp` as the characters that they stand for, once, as in a browser.

    One difference: in `?a=1&copy=2` nothing is decoded.
    """
    return _REFERENCE.sub(_decoded, text) if "&" in text else text


def _decoded(found: re.Match[str]) -> str:
    hexadecimal, decimal, _, name, end = found.groups()
    if name is None:
        # Python refuses to read thousands of digits
        digits = (hexadecimal or decimal).lstrip("0") or "0"
        code = int(digits, 16 if hexadecimal else 10) if len(digits) <= _DIGITS else _LARGEST + 1
        return html.unescape(f"&#{min(code, _LARGEST + 1)};")
    if end and (character := html5.get(f"{name};")):
        return character
    if not end and _IN_A_QUERY.match(found.string, found.end()):
        return found[0]
    # without its semicolon a name ends where the longest known one does
    return html.unescape(found[0])


# --- tags --------------------------------------------------------------------------------------------------------------


class _State(NamedTuple):
    """What is inherited: `gone` for good; not `visible` or `tiny` until an element inside says otherwise."""

    gone: bool = False
    invisible: bool = False
    tiny: bool = False


_SHOWN = _State()


class _Reader:
    """Reads one text from tag to tag, and remembers which elements are open."""

    def __init__(self, text: str, *, hides: bool = True) -> None:
        """Unless it `hides`, what stands in hidden elements is read as well."""
        self._text = text
        self._hides = hides
        self.overlaps = False
        """Whether a formatting element ended before one within it that hides something: nobody knows what a browser shows."""
        self._folds = _HAS_LINES.search(text) is not None
        self._parts: list[str] = []
        self._quoting = False
        self._pieces: list[str] = []
        self._targets: dict[str, None] = {}
        self._state = _SHOWN
        self._open: list[tuple[str, _State, bool]] = []
        self._places: dict[str, list[int]] = {}
        self._pardoned = 0
        """Below this place among those open, no element hides anything any more."""
        self._never_closed: set[str] = set()
        self._backwards: list[int] = []
        """Places of open elements that are read backwards."""

    def read(self) -> Visible:
        """All of it."""
        text, at, tags = self._text, 0, 0
        while begin := _BEGIN.search(text, at):
            self._say(text[at : begin.start()])
            at = begin.start()
            token = _TOKEN.match(text, at)
            if not token:
                self._say_raw(decode_references(text[at:]))  # what never ends is text
                return self._result()
            tags += 1
            if tags > MAX_TAGS:
                self._state = _SHOWN
                self._say(_TOKEN.sub("", text[at:]))
                return self._result()
            at = token.end()
            if not token["name"]:
                continue
            name = token["name"].lower()
            if _IN_ANGLES.match(text, token.start("name"), at) and name not in _VOID:
                self._say_raw(token[0])
            elif token["close"]:
                self._end(name)
            elif name == "plaintext":
                self._say_raw(text[at:])
                return self._result()
            elif name in _RAW and not self._inside(*_FOREIGN):
                at = self._raw(name, token["attributes"], at)
            else:
                self._start(name, token["attributes"])
        self._say(text[at:])
        return self._result()

    def _result(self) -> Visible:
        self._flush()
        return Visible("".join(self._parts).strip("\n"), tuple(self._targets))

    # --- what is said ---

    def _say(self, characters: str) -> None:
        if self._state == _SHOWN and characters:
            characters = decode_references(characters)
            if self._folds and not self._places.get("pre"):
                characters = _BLANKS.sub(" ", characters)
            self._pieces.append(characters)

    def _say_raw(self, characters: str) -> None:
        if self._state == _SHOWN:
            self._pieces.append(characters)

    def _flush(self) -> None:
        said = "".join(self._pieces)
        self._pieces.clear()
        if self._quoting:
            said = "\n".join(f"> {line.lstrip()}" if line.strip() else "" for line in said.split("\n"))
        self._parts.append(said)

    def _quote_or_not(self) -> None:
        quoting = bool(self._places.get("blockquote"))
        if quoting != self._quoting:
            self._flush()
            self._parts.append("\n")
            self._quoting = quoting

    # --- what is open ---

    def _inside(self, *names: str) -> bool:
        return any(self._places.get(name) for name in names)

    def _last(self, names: tuple[str, ...]) -> int:
        """Where the innermost of these elements stands among those open; -1 where none is."""
        return max((places[-1] for name in names if (places := self._places.get(name))), default=-1)

    def _close(self, place: int) -> None:
        """End the element at `place`, and all inside it."""
        name, outside, is_block = self._open[place]
        self.overlaps |= name in _FORMATTING and self._overlapped(place)
        self._state = outside if place >= self._pardoned else _SHOWN
        self._pardoned = min(self._pardoned, place)
        while self._backwards and self._backwards[-1] >= place:
            self._backwards.pop()
            self._say_raw(_END_OF_OVERRIDE)
        if is_block:
            self._say_raw("\n")
        for name, *_ in self._open[place:]:
            self._places[name].pop()
        del self._open[place:]

    def _overlapped(self, place: int) -> bool:
        """Whether something within the element at `place` hides more than the element itself."""
        return place + 1 < len(self._open) and self._open[place + 1][1] != self._state

    def _end(self, name: str) -> None:
        name = "h1" if name in _HEADINGS else name
        if name == "q":
            self._say_raw("”")
        place = self._last((name,))
        if place >= 0:
            self._close(place)
        elif name in ("p", "br"):
            self._say_raw("\n")
        elif name in _BLOCKS:
            # it may end what the platform has put around the text
            self._state, self._pardoned = _SHOWN, len(self._open)
        if self._quoting:
            self._quote_or_not()

    def _start(self, name: str, written: str) -> None:
        name = "h1" if name in _HEADINGS else name
        if name in _TABLE_PARTS:
            if (table := self._last(("table",))) >= 0 and table + 1 < len(self._open):
                self._close(table + 1)
        elif name in _END_PARAGRAPHS and (place := self._last(("p",))) >= 0:
            self._close(place)
        if name in _CLOSED_BY:
            ended, between = _CLOSED_BY[name]
            if (place := self._last(ended)) > self._last(between):
                self._close(place)
        attributes = _attributes(written) if len(written) > 1 else {}
        if name in _VOID:
            self._void(name, attributes)
            return
        inside = self._inherited(name, attributes) if attributes or name in _NOT_SHOWN else self._state
        is_block = name in _BLOCKS and not inside.gone and not _is_inline(attributes)
        if name == "a":
            self._lead(attributes)
        if is_block:
            self._say_raw("\n")
        elif name in _CELLS:
            self._say_raw(" ")
        if written.endswith("/") and self._inside(*_FOREIGN):
            return
        if attributes and _is_backwards(name, attributes):
            self._backwards.append(len(self._open))
            self._say_raw(_OVERRIDE)
        self._places.setdefault(name, []).append(len(self._open))
        self._open.append((name, self._state, is_block))
        self._state = inside
        if name == "q":
            self._say_raw("“")
        if name == "blockquote" or self._quoting:
            self._quote_or_not()

    def _inherited(self, name: str, attributes: dict[str, str]) -> _State:
        """What holds inside the element."""
        if not self._hides or name in _MISPLACED or self._inside("select", *_FOREIGN):
            return self._state
        style = _style(attributes.get("style", ""))
        gone, invisible, tiny = self._state
        if style is None:
            return _State(gone or name in _NEVER_SHOWN, invisible, tiny)
        if "visibility" in style:
            invisible = style["visibility"] in ("hidden", "collapse")
        if "font-size" in style or "font" in style:
            tiny = _is_tiny(style["font-size"], tiny) if "font" not in style and "font-size" in style else False
        return _State(gone or _is_gone(name, attributes, style), invisible, tiny)

    def _void(self, name: str, attributes: dict[str, str]) -> None:
        style = _style(attributes.get("style", ""))
        if style is not None and _is_gone(name, attributes, style):
            return
        if name in ("br", "hr"):
            self._say_raw("\n")
        elif name in ("img", "image"):
            self._say_raw(attributes.get("alt", "")[:MAX_ALTERNATIVE])
        elif name == "input" and attributes.get("type", "").lower() != "hidden":
            self._say_raw(attributes.get("value", "")[:MAX_ALTERNATIVE])
        elif name == "area":
            self._lead(attributes)

    def _lead(self, attributes: dict[str, str]) -> None:
        target = _target(attributes.get("href", ""))
        if target and self._state == _SHOWN and len(self._targets) < MAX_TARGETS:
            self._targets[target] = None

    def _raw(self, name: str, written: str, at: int) -> int:
        """Read an element whose content is no HTML; where to go on."""
        style = _style(_attributes(written).get("style", ""))
        shown = name in _SHOWN_RAW or (name != "iframe" and (style is None or style.get("display", "none") != "none"))
        ends = None
        if name not in self._never_closed:
            ends = re.compile(rf"</{name}(?=[{_W}/>])", re.IGNORECASE).search(self._text, at)
        if not ends and not shown:
            self._never_closed.add(name)
            return at
        end = ends.start() if ends else len(self._text)
        if shown:
            content = self._text[at:end]
            self._say_raw("\n" + (decode_references(content) if name in ("textarea", "title") else content) + "\n")
        return end


def _attributes(written: str) -> dict[str, str]:
    """The attributes of a tag, decoded; of several with one name the first counts. Of very many, none that could hide."""
    found: dict[str, str] = {}
    for number, one in enumerate(_ONE_ATTRIBUTE.finditer(written)):
        if number == MAX_ATTRIBUTES:
            return {name: value for name, value in found.items() if name in ("href", "alt", "value")}
        name, *values = one.groups()
        found.setdefault(name.lower(), next((decode_references(value) for value in values if value is not None), ""))
    return found


_SCHEME = re.compile(r"(https?|ftp):[/\\]*", re.IGNORECASE)


def _target(href: str) -> str:
    """Where a link leads, as a browser takes it; empty for a place on the same page, or none."""
    address = re.sub(r"[\t\n\r]", "", href.strip())[:MAX_TARGET_CHARACTERS]
    if address.startswith(("//", "\\\\", "/\\", "\\/")):
        return f"https://{address[2:]}"
    if found := _SCHEME.match(address):
        return f"{found[1].lower()}://{address[found.end() :]}"
    return address if address.lower().startswith(("mailto:", "tel:", "sms:", "callto:", "viber:")) else ""


# --- styles ------------------------------------------------------------------------------------------------------------

_STRING = re.compile(r"\"[^\"\\\n]*\"|'[^'\\\n]*'")
_ARGUMENTS = re.compile(r"\([^()\"'\\\[\]{}]*\)")
_INTRICATE = re.compile(r"[\"'()\[\]{}\\]|/\*")
_LENGTH = re.compile(r"[+-]?(\d*\.?\d+)([a-z%]*)")
_BOXES = frozenset({"block", "inline-block", "flex", "grid", "inline-flex", "inline-grid", "flow-root"})
_READABLE_PIXELS = 2.0
_READABLE_OPACITY = 0.05


def _style(written: str) -> dict[str, str] | None:
    """The declarations of a `style` attribute; None where they are so intricate that nothing can be said for certain."""
    if not written:
        return {}
    if len(written) > MAX_STYLE_CHARACTERS:
        return None
    written = _ARGUMENTS.sub("", _STRING.sub("", written))
    if _INTRICATE.search(written):
        return None
    declared: dict[str, str] = {}
    important: dict[str, str] = {}
    for declaration in written.lower().split(";"):
        name, _, value = declaration.partition(":")
        value, mark, _ = value.partition("!")
        (important if mark else declared)[name.strip()] = value.strip()
    return declared | important


def _is_gone(name: str, attributes: dict[str, str], style: dict[str, str]) -> bool:
    """Whether an element and all inside it are not to be seen, whatever stands inside."""
    if name in _NEVER_SHOWN:
        return True
    display = style.get("display")
    if display == "none" or (display is None and _is_hidden(name, attributes)):
        return True
    if "opacity" in style and (found := _LENGTH.fullmatch(style["opacity"])):
        return float(found[1]) <= (_READABLE_OPACITY * 100 if found[2] else _READABLE_OPACITY)
    is_box = display in _BOXES or (display is None and name in _BLOCKS)
    if not is_box or style.get("overflow") not in ("hidden", "clip"):
        return False
    if any(other.startswith(("padding", "min-", "border")) for other in style):
        return False
    return any(_is_nothing(style.get(size, "")) for size in ("height", "max-height", "width", "max-width"))


_OVERRIDE, _END_OF_OVERRIDE = "\u202e", "\u202c"
"""What stands before and behind words that are shown backwards (`text.normalise.forwards`)."""


def _is_backwards(name: str, attributes: dict[str, str]) -> bool:
    """Whether an element shows its letters from right to left, whatever they are."""
    style = _style(attributes.get("style", "")) or {}
    overrides = name == "bdo" or style.get("unicode-bidi", "").endswith("override")
    return overrides and style.get("direction", attributes.get("dir", "")).lower() == "rtl"


def _is_inline(attributes: dict[str, str]) -> bool:
    """Whether an element's own style puts it into the line."""
    display = (_style(attributes.get("style", "")) or {}).get("display", "")
    return display.startswith("inline") or display == "contents"


def _is_hidden(name: str, attributes: dict[str, str]) -> bool:
    return "hidden" in attributes or (name in _NOT_SHOWN and not (name == "dialog" and "open" in attributes))


def _is_nothing(length: str) -> bool:
    found = _LENGTH.fullmatch(length)
    return found is not None and float(found[1]) == 0


def _is_tiny(size: str, inherited: bool) -> bool:
    """Whether letters of this size cannot be read; a share of what is tiny stays so."""
    found = _LENGTH.fullmatch(size)
    if not found:
        return inherited and size in ("inherit", "smaller", "larger", "unset")
    number, unit = float(found[1]), found[2]
    if number == 0:
        return True
    if unit in ("em", "%", "ex", "ch"):
        return inherited
    return unit in ("px", "pt") and number < _READABLE_PIXELS
