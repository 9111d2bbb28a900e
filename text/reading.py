"""The one pass over a batch's texts: everything that rules and state later need to know about each text."""

from collections.abc import Sequence

from msgspec import Struct

from text.normalise import MAX_CHARACTERS, normalise, undisguise
from text.signature import SIGNATURE_BYTES, SIGNATURE_SLOTS, comparable, digest, signatures

__all__ = ["SIGNATURE_BYTES", "SIGNATURE_SLOTS", "TextReading", "read_texts"]

MIN_COMPARED_LETTERS = 24
"""Shorter texts are said by everybody: "thank you, see you tomorrow"."""
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

    Linear in the length of the texts; of each the first `MAX_CHARACTERS` are read.
    """
    undisguised = [undisguise(text[:MAX_CHARACTERS]) for text in texts]
    normalised = [normalise(text) for text in undisguised]
    letters = comparable(normalised)
    signed = [index for index, text in enumerate(letters) if len(text) >= MIN_SIGNED_LETTERS]
    signature_of = dict(zip(signed, signatures([letters[index] for index in signed]), strict=True))
    return [
        TextReading(
            undisguised=undisguised[index],
            normalised=normalised[index],
            digest=digest(letters[index]) if len(letters[index]) >= MIN_COMPARED_LETTERS else None,
            signature=signature_of.get(index),
        )
        for index in range(len(texts))
    ]
