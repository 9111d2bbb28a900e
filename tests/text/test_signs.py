"""What stands in each text of a batch is what the steps of reading look for, one text at a time."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text import anchors, commerce, normalise, signs
from text.hostility.tokens import takes_letters
from text.signs import mask_numbers, signs_of

TEXTS = st.lists(
    st.text(st.sampled_from("abIé 1３ .,:/-'’@!|*()[]_#\n\u2028²\u0301中अ<dα\U000323ff\U000fffff"), max_size=12),
    max_size=4,
)
EXACT = {
    signs.DIGIT: re.compile(r"\d"),
    signs.OF_SEVERAL: commerce._SEVERAL_WORDS,
    signs.SPACED: normalise._MAYBE_SPACED,
    signs.LEET: normalise._MAYBE_LEET,
    signs.REPEATED: normalise._REPEATS,
    signs.LINKED: normalise._LINK_HINT,
    signs.GLUED: commerce._GLUED,
    signs.BESIDE_LETTERS: anchors._BESIDE_LETTERS,
    signs.OTHER_SCRIPT: commerce.OTHER_SCRIPT,
}


@given(TEXTS)
def test_what_a_text_has_is_what_a_step_looks_for(texts: list[str]) -> None:
    found = signs_of(texts)
    assert len(found) == len(texts)
    for text, sign in zip(texts, found, strict=True):
        for one, pattern in EXACT.items():
            assert bool(sign & one) == bool(pattern.search(text)), (text, pattern)
        assert sign & signs.SPELT or not normalise._SPACED.search(text)
        assert sign & signs.SPELT or not normalise._IN_BRACKETS.search(text)
        assert sign & signs.ELIDED or not commerce._ELIDED_WORD.search(text)
        assert sign & signs.MANY_DIGITS or not normalise._MAYBE_PHONE.search(text)
        assert sign & signs.ODD or not takes_letters(text)
        assert sign & signs.GAPS or normalise.fold_white_space(text) == text


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("ha k i l l", signs.SPELT),
        ("(k)(i)(l)(l)", signs.SPELT),
        ("l'eau", signs.ELIDED),
        ("call 0470 123", signs.MANY_DIGITS),
        ("k*ll", signs.ODD),
        ("a  b", signs.GAPS),
    ],
)
def test_a_step_has_something_to_do_where_its_sign_stands_and_nowhere_else(text: str, sign: int) -> None:
    assert [bool(one & sign) for one in signs_of(["we plant a tree", text, ""])] == [False, True, False]


def test_the_signs_that_stand_for_letters_are_those_of_all_scripts() -> None:
    assert set(signs.LEET_SIGNS) == {sign for table in normalise._LEET.values() for sign in table}


@given(TEXTS)
def test_each_number_is_masked_with_one_sign(texts: list[str]) -> None:
    assert mask_numbers(texts, "N") == [re.sub(r"\d+(?:[.,:/-]\d+)*", "N", text) for text in texts]
