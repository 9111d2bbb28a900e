import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from text import personal_data
from text.personal_data import addresses, emails, glance
from text.personal_data.folding import fold
from text.personal_data.phones import may_be_disguised

LOOKED_CLOSER: dict[int, Callable[[str], object]] = {
    glance.NUMBERED: lambda text: re.search(r"\d", text),
    glance.CLOSE: personal_data._CLOSE_DIGITS.search,
    glance.MANY: lambda text: personal_data._MANY_DIGITS.search(fold(text).text),
    glance.LOOSE: lambda text: may_be_disguised(fold(text).text),
    glance.APART: lambda text: addresses._TWO_NUMBERS.search(fold(text).text),
    glance.SIGN: lambda text: emails._SIGN.search(fold(text).text),
}
PIECES = [
    "1",
    "20",
    "345",
    "O",
    "l",
    "I 4 o",
    "a",
    "SW1A 1AA",
    " ",
    ". ",
    ".a",
    "-",
    "\n",
    "_",
    "(",
    "@",
    "\u00ad",
    "٣",
    "＠",
]
PIECES += ["x" * 5, "y" * 11, "z " * 45, "\ufe0f", "₂", "�", "\ud800"]
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=20).map("".join), max_size=4)


@given(TEXTS)
@example(["", "1"])
@example(["12", "34 5", "6"])
@example(["I l 4 o", "Il 4 1 2"])
def test_no_text_matches_of_which_nothing_was_told(texts: list[str]) -> None:
    told = glance.glance(texts).tolist()
    assert len(told) == len(texts)
    for text, flags in zip(texts, told, strict=True):
        for flag, looked_closer in LOOKED_CLOSER.items():
            assert flags & flag or not looked_closer(text), (text, flag)
        assert flags <= glance.ANY


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", 0),
        ("We planted a tree.", 0),
        ("In 2026 we planted a tree", glance.NUMBERED | glance.CLOSE),
        ("At 8 or 12", glance.NUMBERED | glance.APART),
        ("0171 2345678", glance.NUMBERED | glance.CLOSE | glance.MANY | glance.LOOSE | glance.APART),
        ("O1 7l23O5", glance.NUMBERED | glance.CLOSE | glance.LOOSE | glance.APART),
        ("school.example", glance.SIGN),
        ("anna (at) school", glance.SIGN),
    ],
)
def test_little_is_told_of_everyday_texts(text: str, told: int) -> None:
    assert glance.glance([text]).tolist() == [told]
    assert glance.glance(["1", text, "2@"]).tolist()[1] == told


def test_a_number_that_goes_over_two_texts_is_none() -> None:
    assert glance.glance(["017", "1234", "567"]).tolist() == [
        glance.NUMBERED,
        glance.NUMBERED | glance.CLOSE,
        glance.NUMBERED,
    ]
