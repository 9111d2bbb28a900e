"""E-mail addresses, also those written so that machines shall not read them: `anna (at) school [dot] eu`."""

import re
from collections.abc import Iterator
from itertools import islice

from msgspec import structs

from text.personal_data.folding import without_accents
from text.personal_data.kinds import Kind, PersonalDatum, Standing

MAX_ANCHORS = 500
"""More than this many signs of an address are not looked at; the text is a mailing list by then."""
MASK = "[e-mail]"

_AT_WORDS = (
    "at|arroba|arobase|arrobase|chez|bei|chiocciola|malpa|małpa|zavinac|zavináč|kukac|snabel-?a|alfakrøll|krøllalfa|apenstaartje|majmun|afna"
    "|miukumauku|собака|собачка|маймунско|мајмун|παπάκι|παπακι"
)
DOT_WORDS = (
    "dot|punkt|prick|piste|point|punto|ponto|punt|punct|tocka|točka|tacka|tačka|tecka|tečka|bodka|kropka|pont|nokta|taškas"
    "|punkts|pikë|точка|крапка|τελεία|τελεια|κουκκίδα"
)
_OPEN, _SHUT = r"[\[({<*_]{1,2}[ ]?", r"[ ]?[\])}>*_]{1,2}"

_ANCHOR = re.compile(
    rf"""(?P<sign> (?P<wide>[ ])? @ [ ]?)
       | [ ]? {_OPEN} (?: @ | ät | {_AT_WORDS} ) {_SHUT} [ ]?
       | (?<=\w) [\[({{<] a [\])}}>] (?=\w)
       | (?P<spoken> [ ] (?:{_AT_WORDS}) [ ])""",
    re.VERBOSE | re.IGNORECASE,
)
_SIGN = re.compile(r"[@\[({<*_.](?:(?<!\.)|(?=[^\W_]))")
_SPOKEN_SIGN = re.compile(rf"[ ](?:{DOT_WORDS})[ ]", re.IGNORECASE)
"""No address is without one of these: what stands for its sign, or a dot before its last part."""
_LOCAL = re.compile(r"[\w+%~-]+(?:[.'][\w+%~-]+)*\Z")
_LOCAL_CHARACTERS = 64
_LABEL = r"[^\W_](?:[\w-]{0,62})"
_DOMAIN = re.compile(
    rf"(?:{_LABEL})(?:(?:\.|[ ]?{_OPEN}(?:\.|d0t|{DOT_WORDS}){_SHUT}[ ]?|(?P<spoken>[ ](?:{DOT_WORDS})[ ])){_LABEL}){{1,5}}",
    re.IGNORECASE,
)
_DOMAIN_CHARACTERS = 253
_TOP_LEVEL = re.compile(r"(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59})\Z", re.IGNORECASE)
_SPOKEN_TOP_LEVEL = re.compile(
    r"(?:com|org|net|edu|eu|de|ch|fr|es|pt|pl|cz|sk|hu|ro|bg|gr|cy|hr|rs|si|mk|al|ba|ua|ru|tr|az|ge|nl|lu|se|dk|fi|lt|lv|ee|uk|ie)\Z",
    re.IGNORECASE,
)
"""Endings that are no English words: "at some point at this" is no address."""
_FILE = re.compile(
    r"(?:png|jpe?g|gif|svg|webp|bmp|ico|css|js|json|html?|pdf|docx?|xlsx?|pptx?|mp[34]|zip|txt|xml|java)\Z", re.I
)
_MAIL_WORDS = re.compile(
    r"(?<!\w)(?:e-?|g)?(?:mail|mejl|meil|mél|posta?)(?!ed)|courriel|correo|пошт|почт|имейл|емейл|мейл|имел|μέιλ|email|ელ\.?ფოსტ|"
    r"էլ\.?|بريد|ايميل|إيميل|schreib|écri|escrib|scriv|napisz|pišt|пиши|yaz",
    re.IGNORECASE,
)
_OFFICES = re.compile(
    r"(?:info(?:rmation)?|office|cont[ae][ck]to?s?|kontakt|contatti|hello|hallo|(?:web|post)master|admin(?:istration)?|no-?reply"
    r"|support|help(?:desk)?|service|se[ck]retari?[aá]te?|secretaria|segreteria|direction|direc[ct]ion|school|schule|scuola|ecole"
    r"|szkola|skola|mail|post|press[e]?|redaktion|newsletter|team|erasmus|etwinning|projects?|nso|nss|biuro|iroda|kancelaria"
    r"|faq|feedback|mailer-daemon|sysadmin|abuse|\S+-(?:request|owner|l|list|announce|users|devel|dev|tech|general|discuss|commits)|\S+\+(?:un)?subscribe)@\S+"
    r"|\S+@(?:lists?|groups|googlegroups|yahoogroups|listserv|noreply)\.\S+"
)
"""Mailboxes of offices and mailing lists. Whose they are is for everybody to know."""

_FROM = "from|to|cc|reply-to|sender|return-path|message-id|von|od|do|de|da|van|från|fra|kimden|от|від|από"
_WROTE = (
    "wrote|writes|said|schrieb|schreibt|napisał|pisze|a écrit|écrit|escribió|escreveu|ha scritto|scrive|schreef|skrev"
    "|kirjoitti|írta|a scris|napsal|napísal|napisao|је написао|написал|пишет|пише|написав|έγραψε|yazdı"
)
_QUOTED_BEFORE = re.compile(
    rf"""(?: \A | \n | [>\]] ) \s* (?: {_FROM} ) \s? : [^:\n]* \Z                     # a mail's header
       | message-id \s? : \s? < \Z
       | (?: \A | \n ) [^\w\n]* [\d:.]* [^\w\n]* < [^>\n]{{1,24}} > [ ] [^\n]* \Z      # 09:30 <nick> words, in a chat's log
       | (?: \A | \n ) \s? > [^\n]* \Z                                              # > what is answered
       | (?: \A | \n ) [\d:. \[\]]* [^\w\s]{{3}} \s [\w^`|\\-]{{1,24}} \s [\[(] \Z   # -!- nick [user@host]
       | whois \s \S{{1,24}} \s [\[(] \Z
       | [\[(] [~+^] \Z | ! [~+^-]? \Z                                               # nick!~user@host
    """,
    re.VERBOSE | re.IGNORECASE,
)
_QUOTED_AFTER = re.compile(r"\)\]|[)\]]{1,2}\s+(?:has|joined|left|quit)\b")
_ATTRIBUTION_BEFORE = re.compile(
    r"(?:\A|\n)\s*-{2,3}[^\w-][^\n]*(?:\n[^\n]*)?\Z|in\s<\Z|(?:\(c\)|©|copyright)\s?(?:19|20)\d\d[^@]{0,60}\Z",
    re.IGNORECASE,
)
"""A dash before who said it; who holds the copyright."""
_ATTRIBUTION_AFTER = re.compile(
    rf">,?\s?(?::|(?:{_WROTE})(?!\w))|\)\s(?:{_WROTE})\s?:|[>)][^\n@]{{0,40}}:[ ]*\n\s*[>:|]", re.IGNORECASE
)
"""Whatever the word for writing is, what is quoted begins with a mark on the next line."""


def may_be_found(text: str, *, spoken: bool = True) -> bool:
    """Whether there may be an address in a folded text; `spoken`: whether its dot may be said in a word."""
    signs = _SIGN.search(text) or (spoken and _SPOKEN_SIGN.search(text))
    return bool(signs) and _ANCHOR.search(text) is not None


def find_emails(text: str) -> Iterator[PersonalDatum]:
    """E-mail addresses in a folded text. Handles (`@anna`), Fediverse names and the user part of a URL are none."""
    if not may_be_found(text):
        return
    found = list(_all(text))
    quoted = any(_is_quoted(text, datum) for datum in found)
    for datum in found:
        yield structs.replace(datum, standing=_standing(text, datum, quoted))


def _all(text: str) -> Iterator[PersonalDatum]:
    reached = 0
    for anchor in islice(_ANCHOR.finditer(text), MAX_ANCHORS):
        if anchor.start() >= reached and (found := _around(text, anchor)):
            reached = found.end
            yield found


def _around(text: str, anchor: re.Match[str]) -> PersonalDatum | None:
    window = text[max(0, anchor.start() - _LOCAL_CHARACTERS - 1) : anchor.start()]
    local = _LOCAL.search(window)
    domain = _DOMAIN.match(text, anchor.end(), anchor.end() + _DOMAIN_CHARACTERS)
    if not local or not domain or not any(c.isalnum() for c in local[0]):
        return None
    start = anchor.start() - len(local[0])
    before, after = text[max(0, start - 32) : start], text[domain.end() : domain.end() + 2]
    if before.endswith(("@", "/", "\\")) or re.search(r"://\S*\Z", before) or re.match(r"@|:[\w/]", after):
        return None
    labels = re.split(r"[^\w-]+", domain[0])
    if not _TOP_LEVEL.match(labels[-1]) or _FILE.match(labels[-1]):
        return None
    loose = (anchor["spoken"] and not domain["spoken"]) or anchor["wide"]
    spoken = anchor["spoken"] or domain["spoken"]
    if spoken and not _SPOKEN_TOP_LEVEL.match(labels[-1]):
        return None
    if loose and not (re.search(r"[\d._-]", local[0]) or _MAIL_WORDS.search(before)):
        return None  # "see you @ museum.example", "look at school.example"
    return PersonalDatum(Kind.EMAIL, start, domain.end(), MASK)


def _is_quoted(text: str, datum: PersonalDatum) -> bool:
    """Whether the address stands in the header of a mail or in a chat's log, which makes the text a copy of such."""
    said = text[max(0, datum.start - 160) : datum.start]
    is_host_mask = text[datum.start] == "~" and said.endswith(("(", "["))  # (~nick@host), as chats show who joins
    return bool(is_host_mask or _QUOTED_BEFORE.search(said) or _QUOTED_AFTER.match(text, datum.end))


def _standing(text: str, datum: PersonalDatum, quoted: bool) -> Standing:
    said = text[max(0, datum.start - 160) : datum.start]
    if quoted or _ATTRIBUTION_BEFORE.search(said) or _ATTRIBUTION_AFTER.match(text, datum.end):
        return Standing.ATTRIBUTION
    return Standing.OFFICE if _OFFICES.fullmatch(without_accents(text[datum.start : datum.end])) else Standing.PERSONAL
