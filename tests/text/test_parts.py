"""Whose words the parts of a text are said to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import assert_in_proportion
from text.normalise import MAX_CHARACTERS
from text.parts import MOST_WARNINGS, Shown, parts_of, taken_apart, warns
from text.reading import read_texts

SAID = "The bus leaves at seven from the station, and nobody waits."
OWN = "Yes, gladly!"


def kinds(text: str) -> list[tuple[str, str]]:
    return [(part.kind, part.text.strip()) for part in parts_of(text) if part.text.strip() and not part.announces]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SAID, [("own", SAID)]),
        (f"> {SAID}\nYes.", [("quoted", SAID), ("own", "Yes.")]),
        (f"| {SAID}\nYes.", [("quoted", SAID), ("own", "Yes.")]),
        (f"Yes.\nOn Monday Anna wrote:\n{SAID}", [("own", "Yes."), ("quoted", SAID)]),
        (f"Yes.\nAm Montag schrieb Anna:\n> {SAID}\nSee you", [("own", "Yes."), ("quoted", SAID), ("own", "See you")]),
        (f"Yes.\nLe 3 mai, Anna a écrit:\n{SAID}", [("own", "Yes."), ("quoted", SAID)]),
        (f"Yes.\n3 мая Анна написала:\n{SAID}", [("own", "Yes."), ("quoted", SAID)]),
        (f"Yes.\n-----Original Message-----\n{SAID}", [("own", "Yes."), ("quoted", SAID)]),
        (f"---------- Forwarded message ----------\nFrom: anna\nSubject: bus\n\n{SAID}", [("forwarded", SAID)]),
        (f"-------- Weitergeleitete Nachricht --------\n{SAID}", [("forwarded", SAID)]),
        (f"She says «{SAID}» and I agree", [("own", "She says"), ("quoted", SAID), ("own", "and I agree")]),
        ('The word "bus" is short', [("own", 'The word "bus" is short')]),
        ("Yes.\n--\nAnna, Riga", [("own", "Yes."), ("signature", "--\nAnna, Riga")]),
        (f"Yes.\n--\n{SAID * 3}", [("own", f"Yes.\n--\n{SAID * 3}")]),
        (
            "we need:\n- paper\n- glue\nshe said:\nbring more",
            [("own", "we need:\n- paper\n- glue\nshe said:\nbring more")],
        ),
    ],
)
def test_a_text_falls_into_its_parts(text: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(text) == expected


@given(st.text(alphabet='a>|"«»„“:.-\n ', max_size=80))
def test_nothing_of_a_text_is_lost_or_said_twice(text: str) -> None:
    assert "".join(part.text for part in parts_of(text)).count("a") == text.count("a")


def shown(text: str) -> Shown | None:
    return taken_apart(text).shown


@pytest.mark.parametrize(
    ("text", "own", "asks", "warned"),
    [
        (f"What shall I do with this?\n\n{SAID}", "What shall I do with this?", True, False),
        (f"I got this today:\n{SAID}", "I got this today:", False, False),
        (f"Careful, colleagues, this is not real: {SAID}", "Careful, colleagues, this is not real:", False, True),
        (f"{SAID}\n\nIs this true?", "Is this true?", True, False),
        (f"{SAID} Beware, this goes round!", "Beware, this goes round!", False, True),
        (
            f"{SAID}\nDo not answer. It is a scam. Tell the others, too.",
            "It is a scam. Tell the others, too.",
            False,
            True,
        ),
    ],
)
def test_what_a_remark_alone_sets_apart(text: str, own: str, asks: bool, warned: bool) -> None:
    found = shown(text)
    assert found
    assert found.own.strip() == own
    assert not found.marked
    assert found.claimed.startswith(SAID)
    assert (found.asks, found.warns, found.above) == (asks, warned, text.startswith(f"{own}\n"))


@pytest.mark.parametrize(
    "text",
    [
        SAID,
        f"Dear all,\n\n{SAID}",
        f"Is the weather good? {SAID}",  # a line of its own sets a question apart
        f"This is no scam, colleagues: {SAID}",
        f"{SAID} This is no scam.",
        f"{'We have talked about all of this at length already, and more than once. ' * 3}\n> {SAID}",  # a small part
        "Yes.\n> short\nGladly",
    ],
)
def test_nothing_is_set_apart(text: str) -> None:
    assert shown(text) is None


@pytest.mark.parametrize(
    "words",
    [
        "Beware, this is a scam!",
        "Vorsicht, das ist Betrug!",
        "Attention à cette arnaque !",
        "Cuidado, es una estafa",
        "Attenzione, è una truffa",
        "Uwaga, to oszustwo",
        "Pozor, je to podvod",
        "Vigyázzatok, ez csalás",
        "Atenție, vă înșeală",
        "Осторожно, это мошенники",
        "Προσοχή, είναι απάτη",
        "Dikkat, bu dolandırıcılık",
        "Varning, det är bedrägeri",
        "Varokaa, tämä on huijaus",
        "Oprez, ovo je prevara",
        "Обережно, це шахрайство",
        "Vigyázat, ez csalás!",
        "Älkää klikatko, se on väärennös",
        "Neatbildiet uz šo ziņu",
        "No le hagáis caso, es spam",
        "Peidiwch â chlicio",
        "זהירות, זו הונאה",
        "مراقب باشید، این کلاهبرداری است",
        "यह धोखा है",
        "谨防上当",
        "騙されないでください",
        "조심하세요, 사기입니다",
        "이 링크를 누르지 마세요",
    ],
)
def test_a_warning_is_known_in_many_languages(words: str) -> None:
    assert warns(words)


@pytest.mark.parametrize(
    "words",
    [
        "Attention! Our stable opens",
        "This is no scam",
        "Das ist kein Betrug",
        "Ce n'est pas une arnaque",
        "No es una estafa",
        "To nie oszustwo",
        "Это не обман",
        "Bu dolandırıcılık değil",
        "이것은 사기가 아닙니다",
        # words of one language that begin like warnings of another
        "Frau Berg fährt auf die Insel",
        "a család minden tagja",
        "vorremmo scambiare lettere, scambio di foto",
        "ještě nepřišel, nepravda",
        "truffles and puff pastry",
    ],
)
def test_an_advertisement_is_no_warning(words: str) -> None:
    assert not warns(words)


@pytest.mark.parametrize("unit", ['"', "«", ">", "| ", "a:\n", "--\n", "?\n", "scam ", "> a\n", '"' + "a" * 25 + '" '])
def test_taking_apart_takes_time_in_proportion_to_the_length(unit: str) -> None:
    assert_in_proportion(taken_apart, (unit * (8 * MAX_CHARACTERS))[: 8 * MAX_CHARACTERS])


def test_all_of_a_text_is_compared_and_each_part_of_it() -> None:
    plain, quoting = read_texts([SAID, f"This is what I meant to say.\nOn Monday Anna wrote:\n> {SAID}\n--\nBen, Riga"])
    assert quoting.claimed and quoting.own
    assert quoting.claimed.digest == plain.digest
    assert quoting.normalised == f"this is what i meant to say {plain.normalised}"
    assert quoting.own.normalised == "this is what i meant to say"
    assert "wrote" in quoting.undisguised and "wrote" not in quoting.normalised


def test_of_very_many_words_of_warning_the_first_are_looked_at() -> None:
    assert not warns("This is no scam. " * MOST_WARNINGS + "Beware, this is a scam!")
    assert warns("This is no scam. " * (MOST_WARNINGS - 1) + "Beware, this is a scam!")
