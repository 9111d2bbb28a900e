"""MinHash signatures of a whole batch of texts in one vectorised pass.

A text is taken as the set of its shingles: `SHINGLE` letters in a row, fewer where one letter says more (`SHORT_SHINGLE`).
Signatures follow the `affine32` scheme of datasketch 2 (its permutations, its mixing), so that they equal those of
`datasketch.MinHash` over the same hashed shingles; of each minimum only the low 16 bits are kept.
"""

import unicodedata
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

SIGNATURE_SLOTS = 128
"""MinHash permutations per signature."""
SIGNATURE_BYTES = 2 * SIGNATURE_SLOTS
"""A signature as stored: one big-endian unsigned 16-bit value per permutation (the low bits of its minimum)."""

SHINGLE = 4
SHORT_SHINGLE = 2
"""Shingle length among ideographs, kana and Korean syllables, each of which carries as much as several letters."""

Codes = NDArray[np.uint32]
Hashes = NDArray[np.uint32]

_PERMUTATIONS = MinHash(num_perm=SIGNATURE_SLOTS).permutations
_MULTIPLIERS, _OFFSETS = _PERMUTATIONS[0].astype(np.uint32), _PERMUTATIONS[1].astype(np.uint32)
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, and its powers spread over all bits: 2**64 divided by the golden ratio
_CHUNK = 1 << 14
"""Shingles permuted at once: what fits the processor's second cache."""


DIGEST_BYTES = 16


def _letters_table() -> Codes:
    """For each code point the letter that it counts as when texts are compared: without marks and case; 0 is no letter."""
    table = np.zeros(0x110000, dtype=np.uint32)
    for code in range(0x32400):  # no letters stand beyond
        character = chr(code)
        if unicodedata.category(character)[0] == "L":
            base = unicodedata.normalize("NFKD", character)[0].casefold()[:1]
            table[code] = ord("i" if base == "ı" else base)
    return table


_LETTERS = _letters_table()


def comparable(texts: Sequence[str]) -> list[str]:
    """The letters that count when texts are compared: no marks, no digits, no punctuation, no spaces, none twice in a row."""
    lengths = np.array([len(text) for text in texts], dtype=np.intp)
    codes = _LETTERS[np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)]
    owners = np.repeat(np.arange(len(texts)), lengths)[codes != 0]
    codes = codes[codes != 0]
    kept = np.ones(len(codes), dtype=bool)
    kept[1:] = (codes[1:] != codes[:-1]) | (owners[1:] != owners[:-1])
    joined = codes[kept].tobytes().decode("utf-32-le")
    ends = np.cumsum(np.bincount(owners[kept], minlength=len(texts))).tolist()
    return [joined[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)] if len(texts) else []


def digest(letters: str) -> bytes:
    """A digest of `DIGEST_BYTES` bytes: equal for equal letters."""
    return blake2b(letters.encode(), digest_size=DIGEST_BYTES).digest()


def signatures(texts: Sequence[str]) -> list[bytes]:
    """The signature of each text, `SIGNATURE_BYTES` long; parallel to `texts`, none of which may be empty."""
    if not texts:
        return []
    hashes, starts = shingle_hashes(texts)
    minima = _minima(_mixed(hashes), starts)
    packed = minima.astype(np.uint16).T.astype(">u2").tobytes()
    return [packed[at : at + SIGNATURE_BYTES] for at in range(0, len(packed), SIGNATURE_BYTES)]


def shingle_hashes(texts: Sequence[str]) -> tuple[Hashes, NDArray[np.intp]]:
    """The 32-bit hashes of all texts' shingles, one text after the other, and where each text's begin.

    A text shorter than a shingle is one shingle. No text may be empty.
    """
    lengths = np.array([len(text) for text in texts], dtype=np.intp)
    codes: Codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    ends = np.cumsum(lengths)
    left = np.repeat(ends, lengths) - np.arange(len(codes))  # letters from here to the end of the text
    wanted = np.where(_dense(codes), SHORT_SHINGLE, SHINGLE)
    first = np.zeros(len(codes), dtype=bool)
    first[ends - lengths] = True
    kept = (left >= wanted) | first
    hashed = _hash(codes, np.minimum(wanted, left))
    starts = np.concatenate(([0], np.cumsum(np.add.reduceat(kept, ends - lengths))[:-1])).astype(np.intp)
    return hashed[kept], starts


def _dense(codes: Codes) -> NDArray[np.bool_]:
    """Where a letter is an ideograph, kana or a Korean syllable."""
    return (codes >= 0x2E80) & ((codes <= 0x9FFF) | ((codes >= 0xAC00) & (codes <= 0xD7A3)) | (codes >= 0x20000))


def _hash(codes: Codes, lengths: NDArray[np.intp]) -> Hashes:
    """A polynomial hash of the `lengths[i]` letters from each i on, folded from 64 bits to 32."""
    padded = np.concatenate((codes.astype(np.uint64), np.zeros(SHINGLE - 1, dtype=np.uint64)))
    hashed = lengths.astype(np.uint64)
    for offset in range(SHINGLE):
        letter = padded[offset : offset + len(codes)]
        hashed = np.where(lengths > offset, (hashed + letter) * _BASE, hashed)
    return (hashed >> np.uint64(32)).astype(np.uint32)


def _mixed(hashes: Hashes) -> Hashes:
    """MurmurHash3's finalizer, with which datasketch's affine schemes begin."""
    mixed = hashes ^ (hashes >> np.uint32(16))
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return mixed


def _minima(mixed: Hashes, starts: NDArray[np.intp]) -> Hashes:
    """For each permutation (rows) and text (columns) the least permuted hash."""
    minima = np.empty((SIGNATURE_SLOTS, len(starts)), dtype=np.uint32)
    permuted = np.empty(len(mixed), dtype=np.uint32)
    for slot in range(SIGNATURE_SLOTS):
        np.multiply(mixed, _MULTIPLIERS[slot], out=permuted)
        np.add(permuted, _OFFSETS[slot], out=permuted)
        np.minimum.reduceat(permuted, starts, out=minima[slot])
    return minima
