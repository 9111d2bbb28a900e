"""Threats and abuse, as far as words show them: what a text threatens or calls somebody, in the network's languages.

No word alone is a finding. `text/languages` holds each language's words by what they do in a sentence; `frames` says which of
them together make a threat or an insult, and what makes the same words harmless: a negation, a quotation, a report of
what somebody said, a question, an idiom. Violence announced against a third person ("I could kill him") is left to people:
this is how stories and jokes are told.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from text.hostility.frames import (
    AbuseKind,
    Found,
    Kind,
    Spans,
    ThreatKind,
    abuses,
    is_framed,
    is_marked,
    joked,
    may_be_found,
    meant,
    phrases_at,
    threats,
)
from text.hostility.lexicon import (
    ALONE,
    ANCHORS,
    LONGEST_PHRASE,
    MOST_LANGUAGES,
    TARGETS,
    Lexicon,
    Meaning,
    Meanings,
    lexicon,
)
from text.hostility.patterns import SAYING_I
from text.hostility.romanised import romanised_lexicon
from text.hostility.tokens import Tokens, takes_letters, tokens_of
from text.languages.detector import likely, list_of
from text.normalise import spelt_words
from text.romanised import Romanisation, may_be_typed_in, romanisations
from text.words import WordMemo, words_in

__all__ = [
    "ABUSE_KINDS",
    "ALONE",
    "ANCHORS",
    "ANY_LANGUAGE",
    "PEACEFUL",
    "TARGETS",
    "THREAT_KINDS",
    "AbuseKind",
    "Hostility",
    "ThreatKind",
    "is_odd",
    "may_be_found",
    "read_hostility",
]

THREAT_KINDS: tuple[ThreatKind, ...] = ("violence_to_you", "violence_to_group", "incitement", "intimidation", "wish")
"""From the gravest down."""
ABUSE_KINDS: tuple[AbuseKind, ...] = ("group_abuse", "insult")
"""From the gravest down."""


class Hostility(Struct, frozen=True):
    """The gravest threat and the gravest abuse in a text, None where there is none.

    `joked`: all of it was said with a laugh, in a text that is about something else. `words` are those of the text that make
    the two, each cut to a few words. `threat_in` and `abuse_in` are the lists by which they were known. `marked`: all of it
    stands in quotation marks or quoted lines, which makes it no quotation by itself; `framed`: with words around that may
    speak of it, though they do not say that they do. `answered`: all of it is the subject of what is answered or passed on;
    `announced`: it stands below a line that ends in a colon, as what somebody got does, but not only that; `passed_on`: the
    text is nothing but what it says that somebody else wrote.
    """

    threat: ThreatKind | None = None
    abuse: AbuseKind | None = None
    joked: bool = False
    words: tuple[str, ...] = ()
    threat_in: str = ""
    abuse_in: str = ""
    marked: bool = False
    framed: bool = False
    answered: bool = False
    announced: bool = False
    passed_on: bool = False

    @property
    def may_quote(self) -> bool:
        """Whether all of it stands where others' words do."""
        return self.marked or self.answered or self.announced


PEACEFUL = Hostility()
ANY_LANGUAGE = (1 << MOST_LANGUAGES) - 1
"""The bits of all languages."""
MOST_WORDS_SHOWN = 4
"""Words of a phrase that are shown whole: what stands in the gaps of a longer one may be a name."""
MOST_MEANINGS = 1_000
"""Words of a text that mean something in one language and are looked at. About one word in five does, so that these are all
of a text of twenty thousand characters, unless it is made of threats.
"""


def read_hostility(
    undisguised: str,
    language: str | None = None,
    memo: WordMemo | None = None,
    seen: str = "",
    romanised: Sequence[str] = (),
    *,
    languages: int = ANY_LANGUAGE,
) -> Hostility:
    """What a text threatens and calls somebody. `undisguised` is `TextReading.undisguised`. Linear in its length.

    `language` (BCP 47) is what the platform takes the text to be written in. Only lists of languages that a sentence may be in
    are asked: a Finnish "thank you" looks like violence in no other language. `memo` is that of the texts that are read
    together, `words` are the text's. `romanised` are the languages that it may be typed in with Latin letters; they are read
    in `seen`, the text with its digits in place, which may stand for letters. In which `languages` (bits) it may be hostile
    besides is told of many texts at once (`text.anchors`).
    """
    memo = memo or WordMemo()
    found = _own_hostility(undisguised, languages, language, memo, spelt_words(seen)) if languages else PEACEFUL
    for code in romanised if found == PEACEFUL else ():
        found = _romanised_hostility(seen.casefold(), romanisations()[code], memo)
        if found != PEACEFUL:
            break
    return found


def _romanised_hostility(plain: str, romanisation: Romanisation, memo: WordMemo) -> Hostility:
    """What the text, in lower case, says in a language that is typed in Latin letters."""
    tokens = tokens_of(romanisation.skeleton(plain))
    typed = tokens_of(romanisation.joined(plain)).written
    shown = typed if len(typed) == len(tokens.written) else tokens.written
    return _hostility_of(
        tokens,
        romanised_lexicon(romanisation.code),
        memo,
        _Typed(tokens, shown, romanisation.code, memo),
        shown,
        ANY_LANGUAGE,
    )


def _own_hostility(
    undisguised: str, languages: int, language: str | None, memo: WordMemo, spelt: frozenset[str]
) -> Hostility:
    """What the text says in the letters of its language. `spelt` are words that were written letter by letter."""
    lexicon_ = lexicon()
    text = _parted(undisguised, lexicon_)
    if spelt:
        text = _WORD.sub(lambda found: lexicon_.parted(found[0], spelt=found[0] in spelt), text)
    if takes_letters(text) or lexicon_.may_be_broken(words_in(text)):
        text = _mended(text, lexicon_)
    tokens = tokens_of(text)
    return _hostility_of(tokens, lexicon_, memo, _Written(tokens, lexicon_, language, memo), tokens.written, languages)


def is_odd(undisguised: str) -> bool:
    """Whether its row of words does not tell what the text says: it takes a reader to tell its words. Then it has a sign that
    is odd (`text.signs.ODD`), or no more than `LONGEST_UNSPACED` characters.
    """
    return (
        takes_letters(undisguised)
        or _may_be_unspaced(undisguised)
        or ("|" in undisguised and _LONE_L.search(undisguised) is not None)
    )


def _hostility_of(
    tokens: Tokens,
    lexicon_: Lexicon,
    memo: WordMemo,
    written: "_Written | _Typed",
    shown: list[str],
    languages: int,
) -> Hostility:
    """`shown` are the words as they are written; `tokens` may have them in another form."""
    words = list(map(memo.of(lexicon_.known).__getitem__, tokens.written))
    languages = _worth_a_look(tokens, words, languages)
    if not languages:
        return PEACEFUL
    kinds: dict[Kind, str] = {}
    known_in: dict[Kind | None, str] = {None: ""}
    earnest, marked = False, True
    for index, meanings in _meanings(words, languages).items():
        spans = Spans(tokens, lexicon_, index, meanings)
        code = lexicon_.languages[index].code
        for gravest, all_found in ((THREAT_KINDS[0], threats(spans)), (ABUSE_KINDS[0], abuses(spans))):
            for found in all_found:
                if gravest in kinds and earnest:
                    break  # whatever else is found changes nothing
                if (found.kind not in kinds or not earnest) and written.may_be_in(code, found) and meant(spans, found):
                    kinds.setdefault(found.kind, _words_of(shown, found))
                    known_in.setdefault(found.kind, code)
                    earnest = earnest or not joked(spans, found)
                    marked = marked and is_marked(spans, found)
    threat = next((kind for kind in THREAT_KINDS if kind in kinds), None)
    abuse = next((kind for kind in ABUSE_KINDS if kind in kinds), None)
    said = tuple(kinds[kind] for kind in (threat, abuse) if kind)
    marked = marked and bool(kinds)
    joke = bool(kinds) and not earnest
    return Hostility(threat, abuse, joke, said, known_in[threat], known_in[abuse], marked, marked and is_framed(tokens))


def _words_of(written: list[str], found: Found) -> str:
    """The words that make a finding, in the order of the text; of a long phrase the first and the last."""
    said = []
    for part in sorted(set(found.parts)):
        words = written[part.start : part.end + 1]
        said.append(" ".join(words if len(words) <= MOST_WORDS_SHOWN else [*words[:2], "…", words[-1]]))
    return " ".join(dict.fromkeys(said))


_BROKEN = re.compile(r"(?<![^\W_])([^\W\d_]{1,6})([.\-·'’ ])(?=([^\W\d_]{1,7})(?![^\W_]))")
_LONE_L = re.compile(rf"[l|](?<!\w[l|])(?= (?:{'|'.join(SAYING_I)})\b)")
"""A small L, or a stroke, that passes for the English word I."""
LONGEST_WORD = 9
FEW_WORDS, LEAST_OF_ITS_OWN = 4, 3
"""Words of a sentence that are told by the lists themselves, and letters of the one that stands in one list only."""
LONGEST_UNSPACED = 200
"""A text no longer than this with words longer than that on average is written without blanks: `iwillkillyou`."""
_WORD = re.compile(r"[^\W\d_]+")
_VOWEL = re.compile("[aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýąęėįųūēīāōőűıăîșğаеєиіїоуыэюяёαεηιουωάέήίόύώ]")


def _parted(text: str, lexicon_: Lexicon) -> str:
    """The text with words parted that are written without blanks, and with a lone L read as I."""
    text = _LONE_L.sub("i", text)
    return " ".join(map(lexicon_.parted, text.split(" "))) if _may_be_unspaced(text) else text


def _may_be_unspaced(text: str) -> bool:
    blanks = text.count(" ")
    return len(text) <= LONGEST_UNSPACED and (not blanks or len(text) > LONGEST_WORD * (blanks + 1))


def _mended(text: str, lexicon_: Lexicon) -> str:
    """The text with words of violence put together that a sign breaks, or a blank: `ki.ll`, `ki ll`."""

    def mend(found: re.Match[str]) -> str:
        first, sign, second = found.groups()
        if first + second not in lexicon_.violent:
            return found[0]
        breaks = sign != " " or not (_VOWEL.search(first) and _VOWEL.search(second))
        return found[0] if not breaks or lexicon_.is_violent(first) or lexicon_.is_violent(second) else first

    return _BROKEN.sub(mend, text)


class _Written:
    """Which languages the sentences of a text may be in; each is looked at once, and only where something is at stake."""

    def __init__(self, tokens: Tokens, lexicon_: Lexicon, hint: str | None, memo: WordMemo) -> None:
        self._tokens = tokens
        self._lexicon = lexicon_
        self._known = memo.of(lexicon_.known)
        self._hint = list_of(hint) if hint else None
        self._likely: dict[int, frozenset[str]] = {}

    def may_be_in(self, language: str, found: Found) -> bool:
        """Whether the sentence in which something was found may be in the language with this list."""
        if language == self._hint:
            return True
        sentence = self._tokens.sentences[found.parts[0].start]
        if sentence not in self._likely:
            self._likely[sentence] = likely(" ".join(self._tokens.of_sentence(sentence)))
        return (
            language in self._likely[sentence]
            or self._is_all_of(language, sentence)
            or self._is_all_of_it(found, sentence)
        )

    def _is_all_of_it(self, found: Found, sentence: int) -> bool:
        """Whether a sentence is nothing but an insult, in none of the languages that a detector takes it for: 'du Idiot'."""
        words = self._tokens.of_sentence(sentence)
        if found.kind != "insult" or len(words) > FEW_WORDS:
            return False
        said = {at for part in found.parts for at in range(part.start, part.end + 1)}
        known = set.intersection(*map(self._lists_of, words))
        return len(said) == len(words) and known.isdisjoint(self._likely[sentence])

    def _is_all_of(self, language: str, sentence: int) -> bool:
        """Whether few words make the sentence, all of them of this list and one of no other: a detector needs more letters."""
        words = self._tokens.of_sentence(sentence)
        if len(words) > FEW_WORDS:
            return False
        codes = [self._lists_of(word) for word in words]
        return all(language in one for one in codes) and any(
            one == {language} and len(word) >= LEAST_OF_ITS_OWN for one, word in zip(codes, words, strict=True)
        )

    def _lists_of(self, word: str) -> set[str]:
        """The lists in which a word means something."""
        languages = self._known[word].languages
        return {one.code for index, one in enumerate(self._lexicon.languages) if languages >> index & 1}


class _Typed:
    """Which sentences of a text may be typed in a language with Latin letters; `words` are those of `tokens` as typed."""

    def __init__(self, tokens: Tokens, words: list[str], language: str, memo: WordMemo) -> None:
        self._tokens = tokens
        self._words = words
        self._language = language
        self._memo = memo
        self._known: dict[int, bool] = {}

    def may_be_in(self, _: str, found: Found) -> bool:
        """Whether the sentence in which something was found may be."""
        sentence = self._tokens.sentences[found.parts[0].start]
        if sentence not in self._known:
            words = self._tokens.words_in(sentence, self._words)
            self._known[sentence] = may_be_typed_in(self._language, words, self._memo)
        return self._known[sentence]


def _worth_a_look(tokens: Tokens, words: list[Meanings], languages: int) -> int:
    """Bits of those of the languages in which something in the text may be hostile; most texts end here."""
    alone = anchors = targets = 0
    for position, meanings in enumerate(words):
        if not meanings.languages & languages:
            continue
        alone |= meanings.alone
        anchors |= meanings.anchors
        targets |= meanings.targets
        starts = meanings.anchoring
        if not starts or not starts.may_stand(tokens.words[position + 1 : position + 1 + LONGEST_PHRASE]):
            continue
        for phrase, _ in phrases_at(tokens, position, starts):
            anchors |= 1 << phrase.language
            alone |= 1 << phrase.language if phrase.bit & ALONE else 0
    return (alone | (anchors & targets)) & languages


def _meanings(words: list[Meanings], languages: int) -> dict[int, list[tuple[int, Meaning]]]:
    """What the words mean in each of the languages (bits), with their positions."""
    found: dict[int, list[tuple[int, Meaning]]] = {language: [] for language in _numbers_of(languages)}
    for position, meanings in enumerate(words):
        for language in _numbers_of(meanings.languages & languages):
            if len(found[language]) < MOST_MEANINGS:
                found[language].append((position, meanings.in_language(language)))
    return found


def _numbers_of(languages: int) -> Iterator[int]:
    """The numbers of languages that are given as bits, the lowest first."""
    while languages:
        lowest = languages & -languages
        yield lowest.bit_length() - 1
        languages ^= lowest
