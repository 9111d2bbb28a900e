"""What two signatures say, against an implementation that is slow and obvious."""

import random

from hypothesis import given
from hypothesis import strategies as st

from text.likeness import line_at
from text.signature import SIGNATURE_BYTES, SIGNATURE_SLOTS
from text.slots import (
    _OF_PAIRS,
    _OF_WORDS,
    _SHORT_MARGIN,
    DOUBTFUL,
    LEAST,
    LEAST_OF_SHORT,
    NEARLY_AS_LONG,
    OF_ONE_LENGTH,
    SAME_LETTERS,
    SCATTERED,
    SHORT,
    SURE,
    Verdict,
    compare_signatures,
    letters_in,
    may_be_alike,
    sieve_of,
)

THRESHOLD = 0.7


def signature(chance: random.Random, letters: int) -> bytes:
    return chance.randbytes(4 * SIGNATURE_SLOTS) + letters.to_bytes(2)


def like(one: bytes, chance: random.Random, shingles: float, words: float, pairs: float, letters: int) -> bytes:
    """A signature of which about such shares of the slots equal those of another."""
    slots = [one[at : at + 2] for at in range(0, 2 * SIGNATURE_SLOTS, 2)]
    slots += [one[at : at + 1] for at in range(2 * SIGNATURE_SLOTS, 4 * SIGNATURE_SLOTS)]
    shares = [shingles] * SIGNATURE_SLOTS + [words] * SIGNATURE_SLOTS + [pairs] * SIGNATURE_SLOTS
    kept = (
        slot if chance.random() < share else chance.randbytes(len(slot))
        for slot, share in zip(slots, shares, strict=True)
    )
    return b"".join(kept) + letters.to_bytes(2)


def expected(one: bytes, other: bytes) -> tuple[float, float, Verdict | None]:
    first = [one[at : at + 2] == other[at : at + 2] for at in range(0, 256, 2)]
    words = sum(one[at] == other[at] for at in range(256, 384)) / 128
    pairs = sum(one[at] == other[at] for at in range(384, 512)) / 128
    share = sum(first) / 128 if sum(first[:32]) >= 4 else 0.0
    letters = (int.from_bytes(one[512:]) + int.from_bytes(other[512:])) / 2
    verdict: Verdict | None = Verdict.DOUBT
    shorter, longer = sorted((int.from_bytes(one[512:]), int.from_bytes(other[512:])))
    one_length = letters >= OF_ONE_LENGTH[0] and shorter >= NEARLY_AS_LONG * longer
    if share < (OF_ONE_LENGTH[1] if one_length else DOUBTFUL):
        verdict = None
    elif share >= SAME_LETTERS:
        verdict = Verdict.CLEAR
    elif share < DOUBTFUL:
        verdict = Verdict.DOUBT
    elif letters < SHORT:
        verdict = Verdict.DOUBT if letters >= SCATTERED or share >= LEAST_OF_SHORT else None
    elif (
        (words >= 0.5 and share >= THRESHOLD + (1 - THRESHOLD) * line_at(_SHORT_MARGIN, letters))
        or (share >= LEAST and words >= line_at(_OF_WORDS, letters))
        or pairs >= line_at(_OF_PAIRS, letters)
    ):
        verdict = Verdict.CLOSE if letters < SURE else Verdict.CLEAR
    return share, max(share, words), verdict


some_letters = st.integers(12, 300)
shares = st.sampled_from([0.0, 0.2, 0.24, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.92, 1.0])


@given(
    st.integers(0, 2**32),
    st.lists(st.tuples(shares, shares, shares, some_letters, some_letters), min_size=1, max_size=8),
)
def test_pairs_are_compared_as_the_obvious_implementation_does(
    seed: int, drawn: list[tuple[float, float, float, int, int]]
) -> None:
    chance = random.Random(seed)
    pairs = []
    for shingles, words, of_pairs, letters, others in drawn:
        one = signature(chance, letters)
        pairs.append((one, like(one, chance, shingles, words, of_pairs, others)))
        assert len(pairs[-1][1]) == SIGNATURE_BYTES
    assert [tuple(found) for found in compare_signatures(pairs, THRESHOLD)] == [expected(*pair) for pair in pairs]


@given(st.integers(0, 2**32), st.lists(st.tuples(shares, shares, some_letters), min_size=1, max_size=30))
def test_the_sieve_lets_all_through_that_have_a_verdict_and_few_others(
    seed: int, drawn: list[tuple[float, float, int]]
) -> None:
    chance = random.Random(seed)
    one = signature(chance, 100)
    others = [like(one, chance, shingles, words, 0.0, letters) for shingles, words, letters in drawn]
    found = may_be_alike([(sieve_of(one), sieve_of(other)) for other in others])
    for other, may_be, (shingles, *_) in zip(others, found, drawn, strict=True):
        assert may_be or expected(one, other)[2] is None
        assert not may_be or shingles > 0
    assert may_be_alike([]) == []


def test_every_verdict_is_given() -> None:
    chance = random.Random(1)
    one = signature(chance, 100)
    cases = {
        None: like(one, chance, 0.05, 0.0, 0.0, 100),
        Verdict.DOUBT: like(one, chance, 0.45, 0.1, 0.0, 100),
        Verdict.CLOSE: like(one, chance, 0.8, 0.9, 0.9, 100),
        Verdict.CLEAR: one,
    }
    found = compare_signatures([(one, other) for other in cases.values()], THRESHOLD)
    assert [each.verdict for each in found] == list(cases)


def test_nothing_is_compared_with_nothing() -> None:
    assert compare_signatures([], THRESHOLD) == []
    assert letters_in(b"") == 0
    assert letters_in(signature(random.Random(1), 300)) == 300


def test_texts_of_one_length_may_be_copies_though_they_share_less() -> None:
    chance = random.Random(2)
    one = signature(chance, 100)
    said = bytearray(like(one, chance, 0, 0, 0, 100))
    for slot in range(0, 120, 4):
        said[2 * slot : 2 * slot + 2] = one[2 * slot : 2 * slot + 2]
    lengths = (100, 81, 79, 59)
    others = [bytes(said[:-2]) + letters.to_bytes(2) for letters in lengths]
    found = compare_signatures([(one, other) for other in others], THRESHOLD)
    assert all(OF_ONE_LENGTH[1] <= each.share < DOUBTFUL for each in found)
    assert [each.verdict for each in found] == [Verdict.DOUBT, Verdict.DOUBT, None, None]
