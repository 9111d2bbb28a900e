"""The one pass over a batch's texts: everything that rules and state later need to know about each text."""

from collections.abc import Sequence

from msgspec import Struct

SIGNATURE_SLOTS = 128
"""MinHash permutations per signature."""
SIGNATURE_BYTES = 2 * SIGNATURE_SLOTS
"""A signature as stored: one big-endian unsigned 16-bit value per permutation (the low bits of its minimum)."""


class TextReading(Struct, frozen=True, kw_only=True):
    """What one text says.

    `undisguised` is the text with its disguise taken off (look-alike letters, invisible characters, leetspeak, spaced-out
    words) and case folded, but with its words, links and punctuation in place: what phrases are looked up in.
    `normalised` is what copies are compared by: links, addresses, numbers and the addressee's name masked besides.
    `digest` (16 bytes) is equal for texts whose normalised forms are equal, and None where the text is too short to carry
    a signal. `signature` (`SIGNATURE_BYTES` bytes) is None where the text is too short for MinHash to tell copies from
    coincidence.
    """

    undisguised: str
    normalised: str
    digest: bytes | None
    signature: bytes | None


def read_texts(texts: Sequence[str]) -> list[TextReading]:
    """Read all texts of a batch; the result is parallel to `texts`. Pure: equal texts give equal readings."""
    raise NotImplementedError
