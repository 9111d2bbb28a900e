"""Threats and abuse, as far as words show them: what a text threatens or calls somebody, in the network's languages.

No word alone is a finding. `languages/` holds each language's words by what they do in a sentence; `frames` says which of
them together make a threat or an insult, and what makes the same words harmless: a negation, a quotation, a report of
what somebody said, a question, an idiom. Violence announced against a third person ("I could kill him") is left to people:
this is how stories and jokes are told.
"""

from msgspec import Struct

from text.hostility.frames import AbuseKind, Kind, Spans, ThreatKind, abuses, meant, phrases_at, threats
from text.hostility.lexicon import ALONE, Lexicon, Meaning, Meanings, lexicon
from text.hostility.tokens import Tokens, tokens_of
from text.words import WordMemo

__all__ = ["ABUSE_KINDS", "PEACEFUL", "THREAT_KINDS", "AbuseKind", "Hostility", "ThreatKind", "read_hostility"]

THREAT_KINDS: tuple[ThreatKind, ...] = ("violence_to_you", "violence_to_group", "incitement", "intimidation", "wish")
"""From the gravest down."""
ABUSE_KINDS: tuple[AbuseKind, ...] = ("group_abuse", "insult")
"""From the gravest down."""


class Hostility(Struct, frozen=True):
    """The gravest threat and the gravest abuse in a text, None where there is none."""

    threat: ThreatKind | None = None
    abuse: AbuseKind | None = None


PEACEFUL = Hostility()
MOST_MEANINGS = 1_000
"""Words of a text that mean something in one language and are looked at. About one word in five does, so that these are all
of a text of twenty thousand characters, unless it is made of threats.
"""


def read_hostility(undisguised: str, memo: WordMemo | None = None) -> Hostility:
    """What a text threatens and calls somebody. `undisguised` is `TextReading.undisguised`. Linear in its length.

    `memo` is that of the texts that are read together.
    """
    tokens = tokens_of(undisguised)
    lexicon_ = lexicon()
    words = _meant(tokens, lexicon_, (memo or WordMemo()).hostility)
    languages = _worth_a_look(tokens, words)
    if not languages:
        return PEACEFUL
    kinds: set[Kind] = set()
    for language, meanings in _meanings(words, lexicon_, languages).items():
        spans = Spans(tokens, lexicon_, language, meanings)
        for gravest, all_found in ((THREAT_KINDS[0], threats(spans)), (ABUSE_KINDS[0], abuses(spans))):
            for found in all_found:
                if gravest in kinds:
                    break  # whatever else is found changes nothing
                if found.kind not in kinds and meant(spans, found):
                    kinds.add(found.kind)
    return Hostility(
        next((kind for kind in THREAT_KINDS if kind in kinds), None),
        next((kind for kind in ABUSE_KINDS if kind in kinds), None),
    )


def _meant(tokens: Tokens, lexicon_: Lexicon, known: dict[str, Meanings]) -> list[Meanings]:
    """What each word may mean in any language."""
    meant: list[Meanings] = []
    for word in tokens.written:
        meanings = known.get(word)
        if meanings is None:
            known[word] = meanings = lexicon_.meanings(word)
        meant.append(meanings)
    return meant


def _worth_a_look(tokens: Tokens, words: list[Meanings]) -> int:
    """Bits of the languages in which something in the text may be hostile; most texts end here."""
    alone = anchors = targets = 0
    for position, meanings in enumerate(words):
        alone |= meanings.alone
        anchors |= meanings.anchors
        targets |= meanings.targets
        for phrase, _ in phrases_at(tokens, position, meanings.anchoring) if meanings.anchoring else ():
            anchors |= 1 << phrase.language
            alone |= 1 << phrase.language if phrase.bit & ALONE else 0
    return alone | (anchors & targets)


def _meanings(words: list[Meanings], lexicon_: Lexicon, languages: int) -> dict[int, list[tuple[int, Meaning]]]:
    """What the words mean in each of the languages (bits), with their positions."""
    found: dict[int, list[tuple[int, Meaning]]] = {
        language: [] for language in range(len(lexicon_.languages)) if languages >> language & 1
    }
    for position, meanings in enumerate(words):
        for language, meaning in meanings.by_language.items():
            if language in found and len(found[language]) < MOST_MEANINGS:
                found[language].append((position, meaning))
    return found
