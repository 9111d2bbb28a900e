"""A form that members fill in is told from a copy with a few other words."""

from itertools import combinations

import pytest

from text.forms import LONGEST, MOST_ALIKE, are_one_form, is_harmless_form, may_be_form
from text.reading import read_texts

FORM = (
    "Name of the school: {}\nAge of the pupils: {}\nSubjects that take part: {}\nWhat we would like to do: {}\n"
    "How often we meet: once a month\nPlease answer below if this suits you."
)
IN_ONE_LINE = (
    "Dobar dan, tražim partnere za projekt. Tema: {}. Dob učenika: {} godina. Predmeti: {}. Aktivnosti: {}. "
    "Javite se ovdje."
)
FILLED = (
    ("Hill Primary", "nine", "music and art", "sing songs of our grandparents and paint them"),
    ("Lycée des Tilleuls", "fifteen", "physics", "build small bridges of paper and break some"),
    ("Gymnasium Nord", "twelve", "history, German", "interview people who came from elsewhere"),
    ("Osnovna šola Breg", "ten", "geography", "draw maps of the way to school"),
)
COPY = (
    "Our workshop by the lake has places for classes in spring. Each pupil takes a bowl home. The bus is paid for by us. "
    "Whoever books two days gets the third for nothing. Ask for the list of dates soon."
)


def words(text: str) -> str:
    return read_texts([text])[0].words


@pytest.mark.parametrize("form", [FORM, IN_ONE_LINE])
def test_a_form_is_known_by_what_was_filled_in(form: str) -> None:
    texts = [form.format(*filled) for filled in FILLED]
    assert all(may_be_form(text) and is_harmless_form(text) for text in texts)
    for one, other in combinations(texts, 2):
        assert are_one_form(words(one), words(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (COPY, COPY),
        (COPY, COPY.replace("bowl", "plate").replace("spring", "autumn").replace("soon", "today")),
        (COPY, COPY.replace("Each pupil takes a bowl home. ", "")),
        ("Nine swallows sat on a wire. " + COPY, "My class counted forty snails today. " + COPY),
        (FORM.format(*FILLED[0]), FORM.format("Hill Primary", "ten", *FILLED[0][2:])),
        (
            f"Number: seven red apples\nCode: a blue river\n{COPY}",
            f"Number: some old castle\nCode: my little bird\n{COPY}",
        ),
    ],
)
def test_a_copy_with_other_words_is_no_form(one: str, other: str) -> None:
    assert not are_one_form(words(one), words(other))


def test_what_sells_offends_or_leads_somewhere_is_no_harmless_form() -> None:
    filled = FORM.format(*FILLED[0])
    assert not is_harmless_form(filled + " Everything at half price today only, 9,90 € a piece!")
    assert not is_harmless_form(filled + " https://forms.example/fill")
    assert not is_harmless_form(filled + " You are a stupid idiot.")


def test_a_text_of_many_lines_alike_is_not_compared_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    def count(*_: object) -> int:
        nonlocal compared
        compared += 1
        return 0

    monkeypatch.setattr("text.forms._filled_in", count)
    distinct = "\n".join(f"a {n}" for n in range(140))
    are_one_form(distinct, distinct + "\nz")
    assert compared <= distinct.count("\n") * MOST_ALIKE
    compared = 0
    are_one_form("\n".join("a" * 300), "\n".join("a" * 299))
    assert compared == 1


def test_what_is_longer_than_a_form_is_none() -> None:
    form = FORM.format(*FILLED[0])
    assert may_be_form(form + " " * (LONGEST - len(form)))
    assert not may_be_form(form + " " * LONGEST)
    assert not is_harmless_form(form + " One more line of it." * 100)
