"""What copies are told by: the letters of a text, their digest, and its signature; for a whole batch in one vectorised pass.

A signature holds MinHash sketches of three sets, because copies are altered in more than one way:

- *shingles*: `SHINGLE` letters in a row, spaces left out, fewer where one letter says more (`SHORT_SHINGLE`). They survive
  every disguise of letters, and candidates are looked up by them.
- *words*: a copy of which words were dropped keeps all others whole. Two texts on one matter share names and stems, thus
  shingles, but fewer words.
- *pairs* of neighbouring words: a copy within another text, or with text around it, keeps its runs.

Hashes are salted with a secret (`signatures`). All follow the `affine32` scheme of datasketch 2 (its permutations, its
mixing): the minima equal those of `datasketch.MinHash` over the same hashes. Of each minimum the low bits are kept (b-bit
MinHash: Li and König 2010).
"""

import sys
import unicodedata
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from text import tables

if TYPE_CHECKING:
    from datasketch import MinHash

SIGNATURE_SLOTS = 128
"""MinHash permutations per sketch."""
SIGNATURE_BYTES = 4 * SIGNATURE_SLOTS + 2
"""A signature as stored: `SIGNATURE_SLOTS` slots of shingles (big-endian, unsigned, 16 bits each), as many of words and as
many of pairs (8 bits each), and the number of letters (16 bits, at most 65,535)."""
DIGEST_BYTES = 16

SHINGLE = 3
SHORT_SHINGLE = 2
"""Shingle length among ideographs, kana and Korean syllables, each of which carries as much as several letters."""

Codes = NDArray[np.uint32]
Hashes = NDArray[np.uint32]
Starts = NDArray[np.intp]


def _min_hash() -> "type[MinHash]":
    """`datasketch.MinHash` without the rest of datasketch, which loads SciPy: a second and 47 MiB of every worker."""
    loaded = {name for name in sys.modules if name.partition(".")[0] == "datasketch"}
    spec = find_spec("datasketch")
    if loaded or spec is None:
        return import_module("datasketch").MinHash  # type: ignore[no-any-return]
    sys.modules["datasketch"] = module_from_spec(spec)
    try:
        return import_module("datasketch.minhash").MinHash  # type: ignore[no-any-return]
    finally:
        # whoever imports datasketch after us gets all of it
        for name in [name for name in sys.modules if name.partition(".")[0] == "datasketch"]:
            del sys.modules[name]


_PERMUTATIONS = _min_hash()(num_perm=SIGNATURE_SLOTS).permutations
_MULTIPLIERS, _OFFSETS = _PERMUTATIONS[0].astype(np.uint32), _PERMUTATIONS[1].astype(np.uint32)
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, and its powers spread over all bits: 2**64 divided by the golden ratio
_LONGEST_WORD = 64
"""Of longer words the letters beyond count without their order."""
_POWERS = np.cumprod(np.full(_LONGEST_WORD, _BASE))
_AT_ONCE = 8
"""Permutations that are tried in one call: few calls, and what they work on stays in the processor's cache."""
_SPACE = np.uint32(ord(" "))
_COUNTED_LETTERS = 0xFFFF

# letters that Unicode does not take apart, but that people and typists interchange. The small l and the capital I look the
# same, and a digit 1 read as a letter may be either.
_SAME = dict(zip("ılłđðøæœþґىیکةﻻ", "iiiddoaotгييكه\u0644", strict=True))


_UP_TO = 0x32400
"""No letters stand beyond. The last entry of a table is for all of that."""
_END = _UP_TO - 1
"""A code point that is no character. It stands between texts that are read as one."""


_LOOKED_AT_ONCE = 256
"""Most stretches of so many characters are letters without marks and case, and cost little."""


class Compared(NamedTuple):
    """A text as it is compared. `letters` has neither marks, digits, punctuation nor spaces, and no letter twice in a row;
    `words` is the same with the spaces in place.
    """

    letters: str
    words: str


@tables.table
def _letters() -> Codes:
    """For each code point the letter that it counts as when texts are compared, without marks and case; 0 is no letter."""
    found = np.zeros(_UP_TO + 1, dtype=np.uint32)
    for start in range(0, _UP_TO, _LOOKED_AT_ONCE):
        codes = range(start, min(start + _LOOKED_AT_ONCE, _UP_TO))
        characters = "".join(map(chr, codes))
        plain = unicodedata.is_normalized("NFKD", characters) and characters.casefold() == characters
        if plain and _SAME.keys().isdisjoint(characters):
            found[start : codes.stop] = [code if chr(code).isalpha() else 0 for code in codes]
            continue
        for code, character in zip(codes, characters, strict=True):
            if character.isalpha():
                base = unicodedata.normalize("NFKD", character)[0].casefold()[:1]
                found[code] = ord(_SAME.get(base, base))
    found[_END] = _END
    return found


_VOWELS = "aeiouyаеиоуыэюяєαεηιουωաեէըիոօუაეიო"
MIN_CONSONANTS = 20
"""Texts of fewer consonants are compared with their vowels, as well."""


@cache
def _consonants() -> Codes:
    """The same without vowels."""
    found = _letters().copy()
    found[list(map(ord, _VOWELS))] = 0
    return found


@cache
def _letters_and_space() -> Codes:
    """The same, with the blank as itself."""
    found = _letters().copy()
    found[_SPACE] = _SPACE
    return found


def compare(normalised: Sequence[str]) -> list[Compared]:
    """Each text as it is compared; parallel to `normalised`."""
    words = _read(normalised, _letters_and_space())
    letters = _squeezed(words[words != _SPACE], len(normalised))
    return [Compared(*both) for both in zip(letters, _squeezed(words, len(normalised)), strict=True)]


def lines_table(words: str, ends: str) -> Codes:
    """As `_letters_and_space`, for texts with their punctuation: every character but those of `words` counts as a space, and
    `ends` as ends of lines.
    """
    table = np.full(_UP_TO + 1, _SPACE, dtype=np.uint32)
    inside = _codes_below(words)
    table[inside] = _letters()[inside]
    table[list(map(ord, ends))] = ord("\n")
    table[_END] = _END
    return table


def compared_lines(texts: Sequence[str], table: Codes) -> list[str]:
    """The words of each text as they are compared, a line for each that `table` (`lines_table`) tells apart; those without
    letters are left out. Parallel to `texts`.
    """
    squeezed = _squeezed(_read(texts, table), len(texts))
    return ["\n".join([said for line in text.split("\n") if (said := line.strip())]) for text in squeezed]


def words_table(words: str) -> Codes:
    """For each code point itself where it is among `words`, and a space where it is not."""
    table = np.full(_UP_TO + 1, _SPACE, dtype=np.uint32)
    inside = _codes_below(words)
    table[inside] = inside
    table[_END] = _END
    return table


def words_alone(texts: Sequence[str], table: Codes) -> list[str]:
    """The words of each text, as `table` (`words_table`) knows them, with one space between; parallel to `texts`."""
    codes = _read(texts, table)
    kept = np.ones(len(codes), dtype=bool)
    kept[1:] = (codes[1:] != _SPACE) | (codes[:-1] != _SPACE)
    return [text.strip(" ") for text in _texts(codes[kept], len(texts))]


def comparable(normalised: Sequence[str]) -> list[str]:
    """Only the letters of each text, as it is compared; parallel to `normalised`."""
    return _squeezed(_read(normalised, _letters()), len(normalised))


def skeletons(letters: Sequence[str]) -> list[str]:
    """Each text's letters without vowels, or with them where so few are left that others may well have the same; parallel.

    Copies with other signs for their vowels (`f*r s*le`), or with none, are equal so.
    """
    bare = _squeezed(_read(letters, _consonants()), len(letters))
    return [few if len(few) >= MIN_CONSONANTS else all_ for few, all_ in zip(bare, letters, strict=True)]


def digest(letters: str) -> bytes:
    """A digest of `DIGEST_BYTES` bytes: equal for equal letters."""
    return blake2b(letters.encode(), digest_size=DIGEST_BYTES).digest()


def of_words(words: Sequence[str]) -> list[Compared]:
    """Each text as its signature is made from it, given as `text.reading.TextReading.words`; parallel to `words`."""
    flat = [text.replace("\n", " ") for text in words]
    codes = _codes(flat)
    letters = _squeezed(codes[codes != _SPACE], len(flat))
    return [Compared(*both) for both in zip(letters, flat, strict=True)]


def signatures(texts: Sequence[Compared], salt: int = 0) -> list[bytes]:
    """The signature of each text, `SIGNATURE_BYTES` long; parallel to `texts`, none of which may be without letters.

    Signatures of another `salt` (32 bits) have nothing in common with these. Who does not know it cannot tell which shingles
    of a text come into its signature, and so cannot make other texts that are looked up instead of it.
    """
    if not texts:
        return []
    hashes, begins = shingle_hashes([text.letters for text in texts])
    shingles = _minima(hashes ^ np.uint32(salt), begins).astype(">u2")
    words, starts = word_hashes([text.words for text in texts])
    counts = np.array([min(len(text.letters), _COUNTED_LETTERS) for text in texts], dtype=">u2")[:, np.newaxis]
    both = np.concatenate((words, pair_hashes(words, starts))) ^ np.uint32(salt)
    rows = _minima(both, np.concatenate((starts, starts + len(words)))).astype(np.uint8)
    parts = (shingles, rows[: len(texts)], rows[len(texts) :], counts)
    packed = np.concatenate([np.ascontiguousarray(part).view(np.uint8) for part in parts], axis=1).tobytes()
    return [packed[at : at + SIGNATURE_BYTES] for at in range(0, len(packed), SIGNATURE_BYTES)]


def shingle_hashes(letters: Sequence[str]) -> tuple[Hashes, Starts]:
    """The 32-bit hashes of all texts' shingles, one text after the other, and where each text's begin.

    A text shorter than a shingle is one shingle. No text may be empty.
    """
    lengths = np.array([len(text) for text in letters], dtype=np.intp)
    codes: Codes = np.frombuffer("".join(letters).encode("utf-32-le"), dtype=np.uint32)
    ends = np.cumsum(lengths)
    left = np.repeat(ends, lengths) - np.arange(len(codes))  # letters from here to the end of the text
    wanted = np.where(_dense(codes), SHORT_SHINGLE, SHINGLE)
    first = np.zeros(len(codes), dtype=bool)
    first[ends - lengths] = True
    kept = (left >= wanted) | first
    hashed = _hash(codes, np.minimum(wanted, left))
    return hashed[kept], _starts(np.add.reduceat(kept, ends - lengths))


def word_hashes(words: Sequence[str]) -> tuple[Hashes, Starts]:
    """The 32-bit hashes of all texts' words, one text after the other, and where each text's begin.

    An ideograph, kana or Korean syllable is a word. Other words of one letter do not count, unless a text has no others.
    No text may be empty.
    """
    codes: Codes = np.frombuffer(f" {' '.join(words)}".encode("utf-32-le"), dtype=np.uint32)
    lengths = np.array([len(text) + 1 for text in words], dtype=np.intp)
    owners = np.repeat(np.arange(len(words)), lengths)
    spaces, dense = codes == _SPACE, _dense(codes)
    begins = ~spaces
    begins[1:] &= spaces[:-1] | dense[1:] | dense[:-1]
    inside = np.flatnonzero(~spaces)
    owners, begins, dense, codes = owners[inside], begins[inside], dense[inside], codes[inside]
    starts = np.flatnonzero(begins)
    positions = np.arange(len(codes)) - np.repeat(starts, np.diff(np.append(starts, len(codes))))
    terms = (codes.astype(np.uint64) + np.uint64(1)) * _POWERS.take(positions, mode="clip")
    hashed = (np.add.reduceat(terms, starts) * _BASE >> np.uint64(32)).astype(np.uint32)
    owners = owners[starts]
    kept = (np.diff(np.append(starts, len(codes))) > 1) | dense[starts]
    kept |= (np.bincount(owners[kept], minlength=len(words)) == 0)[owners]
    return hashed[kept], _starts(np.bincount(owners[kept], minlength=len(words)))


def pair_hashes(words: Hashes, starts: Starts) -> Hashes:
    """The hashes of each two neighbouring words of a text, and of its last word alone: as many as words."""
    following = np.append(words[1:], np.uint32(0)).astype(np.uint64)
    following[np.append(starts[1:], len(words)) - 1] = 0
    return (((words.astype(np.uint64) * _BASE + following) * _BASE) >> np.uint64(32)).astype(np.uint32)


def _codes(texts: Sequence[str]) -> Codes:
    """The code points of all texts, with `_END` between."""
    joined = chr(_END).join(texts)
    if joined.count(chr(_END)) >= len(texts) > 0:  # it shows nothing, and stands for no letter
        joined = chr(_END).join([text.replace(chr(_END), "") for text in texts])
    return np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _codes_below(characters: str) -> list[int]:
    return [code for code in map(ord, characters) if code < _UP_TO]


def _read(texts: Sequence[str], table: Codes) -> Codes:
    """What the table has for each character of the texts, with `_END` between."""
    return table.take(_codes(texts), mode="clip")


def _texts(codes: Codes, count: int) -> list[str]:
    """So many texts, of which `codes` are the code points, with `_END` between."""
    return codes.tobytes().decode("utf-32-le", "surrogatepass").split(chr(_END)) if count else []


def _squeezed(codes: Codes, texts: int) -> list[str]:
    """The texts that are left without zeros and without repeats."""
    codes = codes[codes != 0]
    kept = np.ones(len(codes), dtype=bool)
    kept[1:] = (codes[1:] != codes[:-1]) | (codes[1:] == _END)
    return _texts(codes[kept], texts)


def _starts(counts: NDArray[np.intp]) -> Starts:
    return np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.intp)


def _dense(codes: Codes) -> NDArray[np.bool_]:
    """Where a letter is an ideograph, kana or a Korean syllable."""
    return (codes >= 0x2E80) & ((codes <= 0x9FFF) | ((codes >= 0xAC00) & (codes <= 0xD7A3)) | (codes >= 0x20000))


def _hash(codes: Codes, lengths: NDArray[np.intp]) -> Hashes:
    """A polynomial hash of the `lengths[i]` letters from each i on, folded from 64 bits to 32."""
    padded = np.concatenate((codes.astype(np.uint64), np.zeros(SHINGLE - 1, dtype=np.uint64)))
    hashed = lengths.astype(np.uint64)
    for offset in range(SHINGLE):
        longer = (hashed + padded[offset : offset + len(codes)]) * _BASE
        hashed = longer if offset == 0 else np.where(lengths > offset, longer, hashed)
    return (hashed >> np.uint64(32)).astype(np.uint32)


def _minima(hashes: Hashes, starts: Starts) -> Hashes:
    """For each text (rows) and permutation (columns) the least permuted hash."""
    # MurmurHash3's finalizer, with which datasketch's affine schemes begin
    mixed = hashes ^ (hashes >> np.uint32(16))
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    minima = np.empty((SIGNATURE_SLOTS, len(starts)), dtype=np.uint32)
    permuted = np.empty((_AT_ONCE, len(mixed)), dtype=np.uint32)
    for slot in range(0, SIGNATURE_SLOTS, _AT_ONCE):
        some = slice(slot, slot + _AT_ONCE)
        np.multiply(mixed, _MULTIPLIERS[some, np.newaxis], out=permuted)
        np.add(permuted, _OFFSETS[some, np.newaxis], out=permuted)
        np.minimum.reduceat(permuted, starts, axis=1, out=minima[some])
    return minima.T
