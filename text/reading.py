"""The one pass over a batch's texts: everything that rules and state later need to know about each text."""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from text.courtesies import Said, weigh
from text.normalise import drop_punctuation, drop_tags, unaddressed, undisguise
from text.signature import SIGNATURE_BYTES, SIGNATURE_SLOTS, Compared, compare, digest, signatures

__all__ = ["SIGNATURE_BYTES", "SIGNATURE_SLOTS", "TextReading", "passages", "read_texts"]

MIN_COMPARED_CHARACTERS = 20
"""Shorter texts, counted in letters and one space between words, are said by everybody. Real campaigns of so short a text are
common (a fifth of those of July 2015 have fewer than 24 letters), and of 30,000 chat messages no text of 20 characters was
written by three people on one day."""
MIN_SUBSTANCE_LETTERS = 8
"""Nor is there a signal in politeness alone, "thank you, see you tomorrow": so many letters must stand in other words."""
POLITE_LETTERS = 120
"""Longer texts are more than politeness, and need not be looked at word by word."""
MIN_SIGNED_LETTERS = 12
"""Below, a letter that was changed leaves so few shingles that half of the copies are not found by them."""
MIN_SIGNED_BESIDE_TAGS = 24
"""The same for what is left of a text without its hashtags: they say what so short a text is about."""


class TextReading(Struct, frozen=True, kw_only=True):
    """What one text says.

    `undisguised` is the text with its disguise taken off (look-alike letters, invisible characters, leetspeak, spaced-out
    words) and case folded, but with its words, links and punctuation in place: what phrases are looked up in.
    `normalised` is what copies are compared by: links, addresses, numbers and the addressee's name masked besides.
    `digest` (16 bytes) is equal for texts whose normalised letters are equal, and None where the text is too short to carry
    a signal. `signature` (`SIGNATURE_BYTES` bytes, of the text without its hashtags) is None where that is too short to be
    found by it. `words` is what was signed, a sentence or line a line: letters and spaces, nothing
    else.
    """

    undisguised: str
    normalised: str
    digest: bytes | None
    signature: bytes | None
    words: str = ""


_BESIDES = "something else"


def passages(texts: Iterable[str]) -> frozenset[str]:
    """The sentences and lines of texts that are nobody's own, in the form that `read_texts` knows them by."""
    # a greeting or closing within a text is part of its sentence
    forms = [form for text in texts for form in (text, f"{_BESIDES}\n{text}\n{_BESIDES}")]
    bodies = [unaddressed(undisguise(form)) for form in forms]
    return frozenset(words for body in bodies for words in _words_of(_parts(body))) - {"", *_words_of([_BESIDES])}


def read_texts(texts: Sequence[str], nobodys: frozenset[str] = frozenset()) -> list[TextReading]:
    """Read all texts of a batch; the result is parallel to `texts`. Pure: equal texts give equal readings.

    Sentences and lines that are among `nobodys` (`passages`) are not compared. Linear in the length of the texts; of each
    the first `text.normalise.MAX_CHARACTERS` are read.
    """
    undisguised = [undisguise(text) for text in texts]
    bodies = _without([unaddressed(text) for text in undisguised], nobodys)
    normalised = [drop_punctuation(text) for text in bodies]
    forms = compare(normalised)
    letters = [form.letters for form in forms]
    compared = _compared(normalised, letters)
    untagged = _untagged(bodies, forms)
    signed = [index for index in compared if _can_be_signed(forms[index], untagged[index])]
    signature_of = dict(zip(signed, signatures([untagged[index] for index in signed]), strict=True))
    words_of = dict(zip(signed, _sentences([bodies[index] for index in signed]), strict=True))
    return [
        TextReading(
            undisguised=undisguised[index],
            normalised=normalised[index],
            digest=digest(letters[index]) if index in compared else None,
            signature=signature_of.get(index),
            words=words_of.get(index, ""),
        )
        for index in range(len(texts))
    ]


def _can_be_signed(whole: Compared, untagged: Compared) -> bool:
    least = MIN_SIGNED_LETTERS if untagged == whole else MIN_SIGNED_BESIDE_TAGS
    return len(untagged.letters) >= least


def _untagged(bodies: Sequence[str], forms: list[Compared]) -> list[Compared]:
    """Each text without its hashtags, as it is compared. Short texts with the same two hashtags would else be copies."""
    tagged = [index for index, text in enumerate(bodies) if "#" in text]
    bare = compare([drop_punctuation(drop_tags(bodies[index])) for index in tagged])
    found = dict(zip(tagged, bare, strict=True))
    return [found.get(index, form) for index, form in enumerate(forms)]


_SENTENCE_ENDS = re.compile(r"[\n.!?…。！？؟։।]+")


def _sentences(bodies: Sequence[str]) -> list[str]:
    """The words of each text, a sentence or line a line; those without letters are left out."""
    parts = [_parts(drop_tags(body)) for body in bodies]
    words = iter(_words_of([part for body in parts for part in body]))
    return ["\n".join(said for said in (next(words) for _ in body) if said) for body in parts]


def _without(bodies: list[str], nobodys: frozenset[str]) -> list[str]:
    """The bodies without sentences and lines whose words are among `nobodys`."""
    if not nobodys:
        return bodies
    parts = [_parts(body) for body in bodies]
    words = iter(_words_of([drop_tags(part) for body in parts for part in body]))
    own = [[part for part in body if next(words) not in nobodys] for body in parts]
    return [
        body if len(kept) == len(all_) else "\n".join(kept) for body, kept, all_ in zip(bodies, own, parts, strict=True)
    ]


def _parts(body: str) -> list[str]:
    """Sentences and lines."""
    return [part for part in _SENTENCE_ENDS.split(body) if part.strip()]


def _words_of(parts: Sequence[str]) -> list[str]:
    """The words of each, as they are compared."""
    return [form.words.strip() for form in compare([drop_punctuation(part) for part in parts])]


def _compared(normalised: Sequence[str], letters: Sequence[str]) -> set[int]:
    """Indexes of the texts that say enough to be compared with others."""
    short = [index for index, text in enumerate(letters) if len(text) < POLITE_LETTERS]
    weighed = weigh([normalised[index] for index in short])
    slight = {index for index, said in zip(short, weighed, strict=True) if not _says_something(said)}
    return set(range(len(letters))) - slight


def _says_something(said: Said) -> bool:
    return said.characters >= MIN_COMPARED_CHARACTERS and said.substance >= MIN_SUBSTANCE_LETTERS
