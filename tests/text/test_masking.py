"""The excerpt that a moderator reads: one line, no personal data, in no time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.events import WrittenFields
from models.incidents import MAX_EXCERPT_CHARACTERS
from tests.growth import assert_in_proportion
from text.masking import READ_CHARACTERS, excerpt
from text.reading import read_writings


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("\u200b\u202e\n", ""),
        ("  Come\n\n\tand   see ", "Come and see"),
        ("pay\u202epal \u2066now\u2069 a\x00b a\u00adb", "paypal now ab ab"),
        ("Ring +49 171 2345678 now", "Ring [phone +49…] now"),
        ("anna@school.eu, ben (at) school [dot] eu", "[e-mail], [e-mail]"),
        ("DE89 3704 0044 0532 0130 00!", "[IBAN DE…]!"),
        ("card 4111 1111 1111 1111", "card [card]"),
        ("rč 710319/2745", "rč [national id CZ/SK…]"),
        ("I live at 12 Old Mill Street, call", "I live at [address], call"),
        ("Rue des Pins 8, 69003 Lyon, 04 78 31 42 56", "[address], [phone …]"),
    ],
)
def test_excerpts(text: str, shown: str) -> None:
    assert excerpt(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Our pupil Jakub Nowacki, 11 years, has won",
        "Our pu\u00adpil Jakub Nowacki, 11 years, has won",
        "Jakub Nowacki 4b and Eva Horáková 4b",
        "I live at 12 Old Mill Street,\ncall +49 171 2345678",
        "anna dot berg (at) school dot eu, zero four seven zero one two three four five six",
        "Nothing but 3 words for 20 people",
        " ".join(["see"] * (READ_CHARACTERS // 4 - 8)) + " our pupil Jakub Nowacki, 11 years",
        " ".join(["see"] * (READ_CHARACTERS // 4 - 8)) + " I live at 12 Old Mill Street, and so on",
    ],
)
def test_what_a_text_may_be_about_changes_no_excerpt(text: str) -> None:
    (writing,) = read_writings([(WrittenFields(None, None, text), None)])
    assert writing.excerpt == excerpt(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # detection leaves these alone: masking does not
        ("number 4111 1111 1111 1112", "number [card]"),
        ("DE88 3704 0044 0532 0130 00", "[IBAN DE…]"),
        ("order 12345678 is ready", "order [number …] is ready"),
        ("PESEL 44051401358", "PESEL [number …]"),
        ("info@school.eu", "[e-mail]"),
        ("on 2 345 678 we", "on [number …] we"),
    ],
)
def test_masking_covers_more_than_is_reported(text: str, shown: str) -> None:
    assert excerpt(text) == shown


@pytest.mark.parametrize("text", ["12.05.2024, 2019-2023, at 10:30", "20 € for 24 pupils", "3rd of 1,250", "see @anna"])
def test_what_tells_nothing_stays(text: str) -> None:
    assert excerpt(text) == text


def test_long_texts_are_cut_at_a_word() -> None:
    shown = excerpt("wonderful bees " * 100)
    assert len(shown) <= MAX_EXCERPT_CHARACTERS
    assert shown.endswith("wonderful…") or shown.endswith("bees…")
    assert excerpt("x" * 1000) == "x" * (MAX_EXCERPT_CHARACTERS - 1) + "…"
    exact = ("bees " * 56)[:-1]
    assert excerpt(exact) == exact


def test_no_mask_and_no_number_is_cut_in_two() -> None:
    for before in range(MAX_EXCERPT_CHARACTERS - 40, MAX_EXCERPT_CHARACTERS + 10):
        shown = excerpt("x" * before + " +49 171 2345678 and so on")
        assert "2345" not in shown
        assert shown.count("[") == shown.count("]")
    for more in range(30):
        assert "23456" not in excerpt("." * more + "0171 2345678, " * 400)


@pytest.mark.parametrize(
    "text", ["1 " * 130_000, "a.b+" * 65_000, "[" * 260_000, "\u200b" * 80_000, "AB12" + " A" * 100_000]
)
def test_hostile_texts_take_time_in_proportion_to_their_length(text: str) -> None:
    assert_in_proportion(excerpt, text)


@given(st.text())
def test_any_text_has_an_excerpt(text: str) -> None:
    shown = excerpt(text)
    assert len(shown) <= MAX_EXCERPT_CHARACTERS
    assert shown == shown.strip()
    assert "\n" not in shown
