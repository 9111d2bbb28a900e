"""Packed words and rows hold what dictionaries and lists would."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text.packed import NONE, Rows, Words

TEXTS = st.text(max_size=6)


@given(st.lists(TEXTS, max_size=50), st.lists(TEXTS, max_size=20))
def test_each_word_has_the_number_of_its_place_and_others_have_none(words: list[str], others: list[str]) -> None:
    listed = [*dict.fromkeys(words)]
    packed = Words(words)
    assert [*packed] == listed
    assert len(packed) == len(listed)
    assert [packed.number(word) for word in listed] == [*range(len(listed))]
    for other in others:
        assert packed.number(other) == (listed.index(other) if other in listed else NONE)
        assert (other in packed) == (other in listed)


def test_words_whose_places_meet_are_told_apart() -> None:
    """Thousands of words share places among few thousands."""
    words = [f"w{number}" for number in range(3000)]
    packed = Words(words)
    assert [packed.number(word) for word in words] == [*range(3000)]
    assert all(packed.number(f"x{number}") == NONE for number in range(3000))


def test_half_a_character_is_a_word_as_well() -> None:
    assert Words(["\ud83d", "a"]).number("\ud83d") == 0


@given(st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=5), max_size=20))
def test_rows_are_those_that_were_given(rows: list[list[int]]) -> None:
    packed = Rows(rows)
    assert len(packed) == len(rows)
    assert [packed[index].tolist() for index in range(len(rows))] == rows


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_packed_words_take_few_bytes_and_can_be_kept(size: int) -> None:
    packed = Words(f"word{number}" for number in range(size))
    kept = pickle.dumps(packed, pickle.HIGHEST_PROTOCOL)
    assert len(kept) < 300 + 30 * size
    recalled = pickle.loads(kept)
    assert [*recalled] == [*packed]
    assert [recalled.number(word) for word in packed] == [*range(size)]
