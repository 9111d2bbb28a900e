"""The one pass over a batch's texts: everything that rules and state later need to know about each text."""

from collections.abc import Sequence

from msgspec import Struct

from text.courtesies import substance
from text.normalise import normalise, undisguise
from text.signature import SIGNATURE_BYTES, SIGNATURE_SLOTS, comparable, digest, signatures

__all__ = ["SIGNATURE_BYTES", "SIGNATURE_SLOTS", "TextReading", "read_texts"]

MIN_COMPARED_LETTERS = 15
"""Shorter texts are said by everybody. Real campaigns of so short a text are common (one in ten of July 2015 has fewer than 20
letters), and of 30,000 chat messages no text of 15 letters was written by three people on one day."""
MIN_SUBSTANCE_LETTERS = 8
"""Nor is there a signal in politeness alone, "thank you, see you tomorrow": so many letters must stand in other words."""
POLITE_LETTERS = 120
"""Longer texts are more than politeness, and need not be looked at word by word."""
MIN_SIGNED_LETTERS = 40
"""Below, MinHash cannot tell copies from coincidence."""


class TextReading(Struct, frozen=True, kw_only=True):
    """What one text says.

    `undisguised` is the text with its disguise taken off (look-alike letters, invisible characters, leetspeak, spaced-out
    words) and case folded, but with its words, links and punctuation in place: what phrases are looked up in.
    `normalised` is what copies are compared by: links, addresses, numbers and the addressee's name masked besides.
    `digest` (16 bytes) is equal for texts whose normalised letters are equal, and None where the text is too short to carry
    a signal. `signature` (`SIGNATURE_BYTES` bytes) is None where the text is too short for MinHash to tell copies from
    coincidence.
    """

    undisguised: str
    normalised: str
    digest: bytes | None
    signature: bytes | None


def read_texts(texts: Sequence[str]) -> list[TextReading]:
    """Read all texts of a batch; the result is parallel to `texts`. Pure: equal texts give equal readings.

    Linear in the length of the texts; of each the first `text.normalise.MAX_CHARACTERS` are read.
    """
    undisguised = [undisguise(text) for text in texts]
    normalised = [normalise(text) for text in undisguised]
    letters = comparable(normalised)
    compared = _compared(normalised, letters)
    signed = [index for index in compared if len(letters[index]) >= MIN_SIGNED_LETTERS]
    signature_of = dict(zip(signed, signatures([letters[index] for index in signed]), strict=True))
    return [
        TextReading(
            undisguised=undisguised[index],
            normalised=normalised[index],
            digest=digest(letters[index]) if index in compared else None,
            signature=signature_of.get(index),
        )
        for index in range(len(texts))
    ]


def _compared(normalised: Sequence[str], letters: Sequence[str]) -> set[int]:
    """Indexes of the texts that say enough to be compared with others."""
    long_enough = [index for index, text in enumerate(letters) if len(text) >= MIN_COMPARED_LETTERS]
    short = [index for index in long_enough if len(letters[index]) < POLITE_LETTERS]
    said = dict(zip(short, substance([normalised[index] for index in short]), strict=True))
    return {index for index in long_enough if said.get(index, MIN_SUBSTANCE_LETTERS) >= MIN_SUBSTANCE_LETTERS}
