"""Which sentences in common are one text among other words."""

import pytest

from tests.growth import assert_in_proportion
from text.likeness import letters_of, sentences
from text.reading import read_texts
from text.shared import LongPart, long_part_of_sentences, share_of_sentences

OWN = (
    "The bus comes earlier now, so our club ends before it begins. It rained through the roof of the library, and the "
    "dictionaries dry on my desk. Somebody brought a drum, and it has been loud since then. We drew the brook behind the gym."
)
HARMLESS = "The registration for the spring exhibition is open to all classes until the last Friday in March."


def share(shared: str, own: str) -> float:
    """Of a text that has words of its own, and another that has as many."""
    reading, alone = read_texts([f"{own} {shared}", own])
    lines = [line for line in sentences(reading.words) if line not in alone.words.split("\n")]
    assert lines
    return share_of_sentences(reading.words, letters_of(reading.words), lines, reading.seen)


@pytest.mark.parametrize(
    "shared",
    [
        "Order today and get five hundred worksheets for 20 euros, the first month is free: https://sheets.example.com/go",
        "Five hundred worksheets for 20 euros, and the first month is free of charge for every teacher! www.sheets-shop.com",
        "I will kill you all when you come to the spring exhibition of our school next week.",
    ],
)
def test_what_sells_or_offends_counts_among_much_other_text(shared: str) -> None:
    assert 0.15 < share(shared, OWN) < 0.4


@pytest.mark.parametrize(
    "shared",
    [
        HARMLESS,
        "We collect the stories of our rivers, and you can read all of them here: https://rivers.example.com/stories",
        "Hilltop primary school, department of modern languages, www.hilltop-school.example.com",
    ],
)
def test_what_does_not_counts_only_where_it_is_half_of_both(shared: str) -> None:
    assert share(shared, OWN) == 0
    assert share(HARMLESS, OWN[:75]) > 0.45


def test_what_stands_around_a_harmless_sentence_makes_nothing_of_it() -> None:
    assert share(HARMLESS, f"{OWN} Order today and buy five hundred worksheets for 20 euros!") == 0


LONG = HARMLESS.replace("all classes", "all classes and their teachers")


def long_part(shared: str, around: str, *, times: float = 1) -> LongPart | None:
    """Of a text that has words of its own `around` what is shared, and another that is so many `times` as long."""
    reading, alone = read_texts([f"{around} {shared}", around])
    lines = [line for line in sentences(reading.words) if line not in alone.words.split("\n")]
    return long_part_of_sentences(reading.words, int(times * letters_of(reading.words)), lines, reading.seen)


def test_a_long_part_is_one_whatever_it_says() -> None:
    part = long_part(LONG, OWN)
    assert part
    assert 0.2 < part.share < 0.35
    assert 50 <= part.letters < letters_of(LONG)
    # among too much else, and too short
    assert not long_part(LONG, OWN, times=8)
    assert not long_part("Please answer before the last Friday in March, dear colleagues.", OWN)


@pytest.mark.parametrize(
    "wish",
    [
        "We wish you and your families a merry Christmas, happy holidays with all your friends, and a very good new year!",
        "Ich wünsche Ihnen und Ihren Familien frohe Weihnachten, schöne Ferien und alles Gute für das neue Jahr!",
    ],
)
def test_politeness_is_no_part_however_long(wish: str) -> None:
    assert not long_part(wish, OWN)


@pytest.mark.parametrize("marked", ["“{}”", "„{}“", "«{}»", "On Monday Anna wrote:\n> {}"])
def test_a_long_part_in_quotation_marks_is_a_quotation(marked: str) -> None:
    assert not long_part(f"\n{marked}\n".format(LONG), OWN)


def test_the_time_grows_with_the_length() -> None:
    [reading] = read_texts([f"{HARMLESS} {OWN}"])
    lines = sentences(reading.words)[:2]
    assert_in_proportion(
        lambda seen: share_of_sentences(reading.words, letters_of(reading.words) * 2, lines, seen), OWN * 100
    )
    assert_in_proportion(
        lambda seen: long_part_of_sentences(reading.words, letters_of(reading.words) * 2, lines, seen),
        f"“{OWN}” " * 100,
    )
