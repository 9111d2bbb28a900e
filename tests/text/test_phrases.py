"""Phrases are found wherever they stand in rows, and nowhere else."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text.phrases import Phrases
from text.rows import FOLDED

WORDS = st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4).map(" ".join)
PHRASES = st.lists(
    st.tuples(WORDS, st.sampled_from([" ", ""])).map(lambda one: f" {''.join(one)}"), unique=True, max_size=12
)


@given(PHRASES, st.lists(st.text("ab .", max_size=16), max_size=5))
def test_all_phrases_are_found_with_the_words_that_they_begin_with(listed: list[str], texts: list[str]) -> None:
    rows = FOLDED.rows(texts)
    written = "".join(map(chr, rows.codes.tolist()))
    phrases = pickle.loads(pickle.dumps(Phrases(listed, range(5, 5 + len(listed)))))
    found = phrases.found(rows.codes, rows.blanks)
    assert sorted(zip(found.words.tolist(), found.numbers.tolist(), strict=True)) == sorted(
        (word, number)
        for word, blank in enumerate(rows.blanks.tolist())
        for number, one in enumerate(listed, 5)
        if written.startswith(one, blank)
    )


def test_very_many_phrases_are_told_apart() -> None:
    listed = [f" {'ab' * (one % 5)}{one:b} ".replace("0", "c").replace("1", "d") for one in range(30_000)]
    phrases = Phrases(listed, range(len(listed)))
    wanted = [7, 29_999, 0, 12_345]
    rows = FOLDED.rows(["".join([listed[number] for number in wanted]) + "ddddddddddddddd"])
    assert sorted(phrases.found(rows.codes, rows.blanks).numbers.tolist()) == sorted(wanted)


def test_no_two_phrases_may_have_one_key() -> None:
    with pytest.raises(ValueError, match="one key"):
        Phrases([" a ", " a "], [0, 1])
