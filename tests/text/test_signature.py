"""Signatures equal those of datasketch, and tell copies from other texts."""

import random
from collections import Counter

import numpy as np
import pytest
from datasketch import MinHash

from text.signature import (
    DIGEST_BYTES,
    SIGNATURE_BYTES,
    SIGNATURE_SLOTS,
    Compared,
    comparable,
    compare,
    digest,
    pair_hashes,
    shingle_hashes,
    signatures,
    word_hashes,
)

TEXTS = [
    "the ministry is going to close five hundred small schools of our region this summer",
    "министерство закроет этим летом пятьсот маленьких школ нашей области",
    "το υπουργείο θα κλείσει φέτος το καλοκαίρι πεντακόσια μικρά σχολεία",
    "სამინისტრო ამ ზაფხულს ხუთას პატარა სკოლას დახურავს",
    "ستغلق الوزارة هذا الصيف خمسمائة مدرسة صغيرة في منطقتنا",
    "教育部今年夏天将关闭我们地区的五百所小学校",
    "a",
    "word",
]


def slots(signature: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    shingles = np.frombuffer(signature, dtype=">u2", count=SIGNATURE_SLOTS)
    rest = np.frombuffer(signature, dtype=np.uint8, offset=2 * SIGNATURE_SLOTS)
    words, pairs = rest[:SIGNATURE_SLOTS], rest[SIGNATURE_SLOTS : 2 * SIGNATURE_SLOTS]
    return shingles, words, pairs, int.from_bytes(signature[-2:], "big")


def minima(hashes: np.ndarray) -> np.ndarray:
    sketch = MinHash(num_perm=SIGNATURE_SLOTS, scheme="affine32", hashfunc=int)
    sketch.update_batch([int(value) for value in hashes])
    minima: np.ndarray = sketch.hashvalues
    return minima


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_a_signature_is_that_of_datasketch_over_the_same_hashes(number: int) -> None:
    signed = signatures(compare(TEXTS))[number]  # of a batch, against each by itself
    text = compare(TEXTS)[number]
    shingles, words, pairs, letters = slots(signed)
    own_words, starts = word_hashes([text.words])
    assert shingles.tobytes() == minima(shingle_hashes([text.letters])[0]).astype(">u2").tobytes()
    assert words.tobytes() == minima(own_words).astype(np.uint8).tobytes()
    assert pairs.tobytes() == minima(pair_hashes(own_words, starts)).astype(np.uint8).tobytes()
    assert letters == len(text.letters)
    assert len(signed) == SIGNATURE_BYTES


def test_a_batch_signs_as_each_text_by_itself() -> None:
    rng = random.Random(1)
    texts = ["".join(rng.choices("abcdefgh ийкл我", k=rng.randint(1, 80))) + "x" for _ in range(200)]
    assert signatures(compare(texts)) == [signatures([text])[0] for text in compare(texts)]
    assert signatures([]) == []


def test_another_salt_tells_nothing_of_a_signature_but_how_alike_texts_are() -> None:
    """What fills the bands of one store with other texts fills those of no other store."""
    one, alike = signatures(compare([TEXTS[0], TEXTS[0] + " and more"]), salt=0x1234_5678)
    (other,) = signatures(compare([TEXTS[0]]), salt=0x8765_4321)
    for mine, plain in zip(slots(one)[:3], slots(other)[:3], strict=True):
        assert np.mean(mine == plain) < 0.1
    assert np.mean(slots(one)[0] == slots(alike)[0]) > 0.7


def test_shingles_are_as_long_as_suits_the_script() -> None:
    assert len(shingle_hashes(["abcde"])[0]) == 3
    assert len(shingle_hashes(["我们的学校"])[0]) == 4
    assert len(shingle_hashes(["한국어"])[0]) == 2
    # shorter texts are one shingle, and letters of one text never join those of the next
    hashes, starts = shingle_hashes(["ab", "a", "abc"])
    assert starts.tolist() == [0, 1, 2]
    assert len(set(hashes.tolist())) == 3


def test_equal_shingles_have_equal_hashes_wherever_they_stand() -> None:
    def found(text: str) -> set[int]:
        return set(shingle_hashes([text])[0].tolist())

    assert found("xxabcyy") & found("abc") == found("abc")
    assert not found("abc") & found("acb")
    everything = ["".join(chr(97 + n // k % 26) for k in (1, 26, 676)) for n in range(17_576)]
    hashes = [shingle_hashes([text])[0][0] for text in everything[:3_000]]
    assert max(Counter(hashes).values()) == 1


def test_words_are_told_apart() -> None:
    hashes, starts = word_hashes(["ab cd ab", "x", "我们 ab", "a ab b"])
    assert starts.tolist() == [0, 3, 4, 7]
    first, second, third = hashes[0], hashes[1], hashes[2]
    assert first == third == hashes[6] == hashes[7]
    assert first != second
    assert word_hashes(["ba"])[0][0] != first


def test_pairs_are_told_apart() -> None:
    hashes, starts = word_hashes(["one two three", "one two", "two one"])
    pairs = pair_hashes(hashes, starts)
    assert pairs[0] == pairs[3]
    assert len(set(pairs.tolist())) == 6  # the last word of a text stands alone: three, two, one


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Füße, MÜSSEN!", "fuse musen"),
        ("čeština", "cestina"),
        ("pleasee", "please"),
        ("Illinois", "lllinois"),
        ("ёлка й", "елка и"),
        ("Ελλάδα", "ελαδα"),
        ("أهلاً ى", "اهلا ي"),
        ("ąęłø", "aelo"),
    ],
)
def test_what_people_leave_out_does_not_count(left: str, right: str) -> None:
    assert comparable([left]) == comparable([right])


def test_only_letters_count_and_words_keep_their_bounds() -> None:
    assert compare(["to our 12 schools!", "🎉", ""]) == [
        Compared("tourschois", "to our schois"),
        Compared("", ""),
        Compared("", ""),
    ]


def test_a_digest_is_of_the_letters() -> None:
    assert digest("abc") == digest("abc")
    assert digest("abc") != digest("abd")
    assert len(digest("abc")) == DIGEST_BYTES


def test_the_estimate_is_near_the_truth() -> None:
    rng = random.Random(2)
    words = ["".join(rng.choices("abcdefghijklmnoprstuvz", k=rng.randint(3, 9))) for _ in range(400)]
    errors = []
    for _ in range(200):
        base = rng.choices(words, k=40)
        kept = [word for word in base if rng.random() < 0.8]
        left, right = compare([" ".join(base), " ".join([*kept, *rng.choices(words, k=rng.randint(0, 10))])])
        one, other = (set(shingle_hashes([text.letters])[0].tolist()) for text in (left, right))
        a, b = (slots(signature)[0] for signature in signatures([left, right]))
        errors.append(abs(len(one & other) / len(one | other) - float((a == b).mean())))
    assert sum(errors) / len(errors) < 0.05
