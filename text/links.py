"""Links in a text: where they point, and who answers for the place (its registrable domain).

Links are read from what a reader sees, because taking off a disguise would change addresses. Written-out forms that people
type to escape filters (`hxxp://`, `example[.]com`, `example dot com`) are read like the links that they mean.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from urllib.parse import parse_qsl

from msgspec import Struct, convert
from publicsuffixlist import PublicSuffixList

from text import tables
from text.words import read_list

MAX_LINKS = 50
"""Links read of one text; nobody reads more, and a text of links alone must not cost more than others."""
MAX_LINK_CHARACTERS = 2_048
MAX_PATH_PARTS = 6

_HOST = re.compile(r"[^\W_][\w-]{0,62}(?:\.[\w-]{1,63}){1,8}")
_WRITTEN_DOT = re.compile(r"\s?[\[({]\s?(?:\.|dot|punkt|punto|point)\s?[\])}]\s?", re.IGNORECASE)
_SPOKEN_DOT = re.compile(
    r"(?<=\w) (?:dot|punkt|punto) (?=(?:com|net|org|info|biz|shop|store|online|site|xyz|eu)\b)", re.I
)
_AROUND = "\"'`´‘’“”«»„‚<>()[]{}*_~|,;:!?.…\u200b\ufeff"
_INNER_DOT = re.compile(rf"[.․‥…⒈-⒛︙︰﹒．㏂㏇㏘🄀](?:(?<!\.)|(?=[^\s{re.escape(_AROUND)}]))")
"""A dot within a word, or what NFKC makes one of."""
_ASCII_DOT = re.compile(rf"\.(?=[^\s{re.escape(_AROUND)}])")
"""The same in ASCII, which is quicker looked for."""


class Link(Struct, frozen=True):
    """One link. `host` is lower case without `www.`; `domain` its registrable domain; `rest` path, query and fragment."""

    host: str
    domain: str
    rest: str

    @property
    def place(self) -> str:
        """Who answers for what it leads to, as well as an address can tell.

        The registrable domain; on hosts where everybody may have a name of their own, the host; for a shortener, which
        says nothing of where it leads, the whole address.
        """
        if self.domain in link_lists().shorteners or self.domain in link_lists().wrappers:
            return self.host + self.rest.rstrip("/")
        return self.host if self.domain in link_lists().shared_hosts else self.domain

    @property
    def page(self) -> str | None:
        """Whose it is as well as an address can tell: the `place`, and the page where everybody may have one of their own.
        None where the address says nothing of where it leads, or opens a talk or a shop.
        """
        lists, names = link_lists(), (self.domain, self.host)
        if not all(
            one.isdisjoint(names) for one in (lists.shorteners, lists.wrappers, lists.messengers, lists.marketplaces)
        ):
            return None
        if lists.shared_pages.isdisjoint(names):
            return self.place
        video = "".join(f"?v={value}" for name, value in self.parameters if name == "v")
        return "/".join((self.host, *filter(None, self.path))) + video

    @property
    def path(self) -> list[str]:
        """The parts of the path in lower case; at most `MAX_PATH_PARTS`."""
        return re.split(r"[?#]", self.rest.lower(), maxsplit=1)[0].split("/", MAX_PATH_PARTS + 1)[
            1 : MAX_PATH_PARTS + 1
        ]

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Names and values of the query; names in lower case."""
        query = self.rest.partition("?")[2].partition("#")[0].replace("&amp;", "&")
        return [(name.lower(), value) for name, value in parse_qsl(query, keep_blank_values=True)] if query else []


class LinkLists(Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of certain domains; see `links.yaml`."""

    shorteners: frozenset[str]
    wrappers: frozenset[str]
    shared_hosts: frozenset[str]
    shared_pages: frozenset[str]
    messengers: frozenset[str]
    marketplaces: frozenset[str]
    trading_suffixes: frozenset[str]
    ambiguous_suffixes: frozenset[str]
    referral_parameters: frozenset[str]
    referral_paths: frozenset[str]
    shop_paths: frozenset[str]


@cache
def link_lists() -> LinkLists:
    """The lists of `links.yaml`."""
    return convert(read_list("links.yaml"), LinkLists)


@tables.table
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def registrable_domain(host: str) -> str | None:
    """The part of a host name that somebody registered (`b.co.uk` of `a.b.co.uk`), by the Public Suffix List.

    None for a bare suffix and for what ends in no suffix of the list. Lower case is the caller's to give.
    """
    domain: str | None = _suffixes().privatesuffix(host)
    return domain


def public_suffix(host: str) -> str:
    """What the registrable domain ends in (`co.uk`); empty for what ends in no suffix of the list."""
    return _suffixes().publicsuffix(host) or ""


def links_of(text: str, targets: Iterable[str] = ()) -> tuple[Link, ...]:
    """The links of a text in their order, then those of `targets` (`text.html`), at most `MAX_LINKS` of each. Mail addresses
    and file names are none.
    """
    further = tuple(link for target in targets if (link := link_of(target)))[:MAX_LINKS]
    if "." not in text and " dot " not in text.lower() and "[" not in text and "(" not in text:
        return further
    if "[" in text or "(" in text or "{" in text:
        text = _WRITTEN_DOT.sub(".", text)
    said = text.lower()
    if " dot " in said or " punkt " in said or " punto " in said:
        text = _SPOKEN_DOT.sub(".", text)
    if not (_ASCII_DOT if text.isascii() else _INNER_DOT).search(text):
        return further
    found: list[Link] = []
    for piece in text.replace("<", " ").replace(">", " ").replace('"', " ").split():
        if "." in piece and len(piece) <= MAX_LINK_CHARACTERS:
            link = link_of(piece)
            if link:
                found.append(link)
                if len(found) == MAX_LINKS:
                    break
    return (*found, *further)


def leads_to(text: str, targets: Iterable[str] = ()) -> str:
    """All of a text that may be a link, an address or a number, however written, and the `targets`, in one order."""
    words = {word for word in text.split() if not _SIGNS.isdisjoint(word[1:-1])}
    return "\n".join(["".join(filter(str.isdecimal, text)), *sorted({*words, *targets})])


_SIGNS = frozenset(".:/@")


def link_of(piece: str) -> Link | None:
    """The link that a word without white space is, if any."""
    piece = piece.strip(_AROUND)
    address, marked = _without_scheme(piece)
    address = unicodedata.normalize("NFKC", address)
    user, at, host_on = address.partition("@")
    if at and "/" not in user:
        if not marked:
            return None  # a mail address
        address = host_on  # https://bank.example@evil.example leads to the latter
    match = _HOST.match(address)
    if not match:
        return None
    host, rest = match[0], address[match.end() :]
    if rest and rest[0] not in "/\\?#:":
        return None
    if host[:4].lower() == "www.":
        host, marked = host[4:], True
    domain = registrable_domain(host.lower())
    if not domain or not (marked or rest[:1] == "/" or _is_plainly_a_domain(host, domain)):
        return None
    return Link(host.lower(), domain, rest.lstrip(":0123456789") if rest[:1] == ":" else rest)


def _without_scheme(piece: str) -> tuple[str, bool]:
    """The piece from its host on, and whether a scheme stood before it, perhaps after other text."""
    start = piece.find("://")
    if start >= 0:
        scheme = piece[max(0, start - 5) : start].lower()
        return piece[start + 3 :], scheme.endswith(("http", "https", "hxxp", "hxxps", "ftp"))
    start = piece.lower().find("www.")
    return (piece[start:], True) if start > 0 and not piece[start - 1].isalnum() else (piece, False)


def _is_plainly_a_domain(host: str, domain: str) -> bool:
    """Whether a host without scheme, `www.` or path is one: not two sentences without a space, nor the name of a file."""
    name, _, suffix = domain.partition(".")
    written_as_sentence = host[-len(suffix) :][:1].isupper() and not host.isupper()
    return len(name) >= 2 and suffix not in link_lists().ambiguous_suffixes and not written_as_sentence
