"""What is looked for in all texts at once is what reading each text to its end would find."""

import re
from collections.abc import Iterable
from importlib.resources import files
from itertools import chain, pairwise, product
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from models.events import WrittenFields
from tests.growth import assert_in_proportion
from tests.servers import REPOSITORY
from text import anchors, commerce
from text.anchors import ANYTHING, at_stake
from text.commerce import commerce_of
from text.hostility.lexicon import GAPS, lexicon
from text.hostility.patterns import entries
from text.hostility.tokens import tokens_of
from text.languages import read_lists
from text.links import links_of
from text.normalise import unaddressed, undisguise_all
from text.parts import taken_apart
from text.personal_data import addresses, find_personal_data, marks
from text.personal_data.marks import plain_text
from text.reading import Writing, _may_warn, read_texts, read_writings
from text.romanised import romanised_in
from text.rows import FOLDED, Patterns, Rarest, Rows, Wanted, lists_of
from text.words import folded

FEW = st.text(st.sampled_from("ab cdéßœæІ12٣_'\n.\u0640\U000323ff"), max_size=12)


def row(text: str) -> str:
    """As `text.rows` says that a row is: the obvious way."""
    words = (re.sub(r"\d+", "0", folded(word)) for word in re.findall(r"[^\W_]+", text))
    return "".join(f" {word}" for word in words if word) + " "


def rows_in(rows: Rows) -> list[str]:
    return rows.written.decode().split("\n")[:-1]


# --- rows and patterns ----------------------------------------------------------------------------------------------


@given(st.lists(FEW))
def test_a_row_holds_the_folded_words_of_a_text(texts: list[str]) -> None:
    rows = FOLDED.rows(texts)
    found = [" ".join(one.split()) for one in rows_in(rows)]
    assert found == [" ".join(row(text).split()) for text in texts]
    assert all(one[0] == one[-1] == " " and "  " not in one for one in rows_in(rows))


@given(st.lists(st.text(st.sampled_from("aab bcß"), max_size=12)))
def test_words_with_a_letter_twice_in_a_row_are_read_with_one(texts: list[str]) -> None:
    collapsed = rows_in(FOLDED.rows(texts).collapsed())
    for text, found in zip(texts, collapsed, strict=True):
        assert found.split() == [
            re.sub(r"(.)\1", r"\1", word) for word in row(text).split() if re.search(r"(.)\1", word)
        ]


@given(st.lists(FEW))
def test_the_texts_with_digits_are_those_whose_rows_have_numbers(texts: list[str]) -> None:
    assert FOLDED.rows(texts).with_numbers() == {index for index, text in enumerate(texts) if re.search(r"\d", text)}


@given(st.lists(st.text(st.sampled_from("abß 1.!?…,;'\"-\n।"), max_size=24), max_size=4))
@example(["a.. b", "a.b 1.5 a", "ß... b!"])
def test_no_sentence_of_a_row_ends_where_the_reader_of_words_goes_on(texts: list[str]) -> None:
    rows = FOLDED.rows(texts)
    of_words = iter(rows.sentences.tolist())
    before = -1
    for text in texts:
        tokens = tokens_of(text)
        found = [next(of_words) for _ in tokens.words]
        next(of_words)  # the end of the row
        assert all(one > before for one in found[:1])
        before = max([before, *found])
        for (one, other), (first, second) in zip(pairwise(found), pairwise(tokens.sentences), strict=True):
            assert one == other or first < second, text
    assert next(of_words, None) is None


def test_a_threat_is_at_stake_where_one_sentence_has_all_that_it_takes() -> None:
    texts = ["We will kill time there. Are you coming?", "We will kill you there. Are you coming?"]
    harmless, threat = at_stake(texts, undisguise_all(texts))
    assert not harmless & anchors.HOSTILITY
    assert threat & anchors.HOSTILITY


PATTERNS = st.lists(
    st.tuples(st.sampled_from(["", " "]), st.text("ab", min_size=1, max_size=3), st.sampled_from(["", " ", " a "])).map(
        "".join
    ),
    unique=True,
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize(("many", "many_begun"), [(99, 99), (0, 99), (0, 0)])
@given(PATTERNS, st.lists(st.text("ab .", max_size=12), max_size=5))
def test_the_patterns_found_are_those_that_stand_in_the_rows(
    many: int, many_begun: int, listed: list[str], texts: list[str]
) -> None:
    patterns = Patterns()
    numbers = [patterns.add(Wanted((one,)))[0][0] for one in listed]
    with patch.multiple("text.rows", MANY=many, MANY_BEGUN=many_begun):
        patterns.close()
    at, found = patterns.found_in(FOLDED.rows(texts))
    expected = {
        (index, number)
        for index, text in enumerate(texts)
        for number, one in zip(numbers, listed, strict=True)
        if one in row(text)
    }
    assert set(zip(at.tolist(), found.tolist(), strict=True)) == expected


PARTS = st.lists(
    st.sampled_from(["kill", "you", "my|your", "boy|girl|men", "mur*", "un*able", "~", "l'a", "=né", "0", "b2b"]),
    max_size=6,
)


@given(PARTS, st.data())
def test_a_text_with_a_phrase_has_what_is_wanted_of_it(parts: list[str], data: st.DataObject) -> None:
    wanted = Rarest(GAPS.__contains__).of(parts)
    if not wanted:
        assert set(parts) <= {"~"}
        return
    said = row(" ".join(data.draw(st.sampled_from(ways(part))) for part in parts))
    assert any(one in said for one in wanted.patterns)
    assert all(any(one in said for one in ones) for ones in wanted.also)


def ways(part: str) -> list[str]:
    """What may stand where a part of a phrase is."""
    if part in GAPS:
        return ["", "so", "so very"]
    if part == "0":
        return ["7", "12", "1.50"]
    return [one.replace("*", "x").removeprefix("=") for one in part.split("|")]


def test_every_entry_of_every_language_is_found_by_its_patterns() -> None:
    by_pattern = (wanted for wanted, _ in entries(lexicon()))
    checked = 0
    for number, wanted in enumerate(by_pattern):
        if number % 5 == 0:  # of seventy thousand
            said = "".join(ones[-1] for ones in (wanted.patterns, *wanted.also))
            assert all(any(one in said for one in ones) for ones in (wanted.patterns, *wanted.also))
            assert not any(one.strip() == "" for one in chain(wanted.patterns, *wanted.also))
            checked += 1
    assert checked > 5_000


# --- what is at stake, against reading everything -------------------------------------------------------------------


def strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        yield from chain.from_iterable(map(strings, value.values() if isinstance(value, dict) else value))


def samples() -> list[str]:
    """Every text of the files of this directory: threats, abuse, favours, homonyms, warnings in all languages."""
    paths = sorted((REPOSITORY / "tests" / "text").glob("*.yaml"))
    return [text for path in paths for text in strings(yaml.safe_load(path.read_text("utf-8")))]


def assert_nothing_is_missed(texts: list[str]) -> None:
    harmless: frozenset[str] = frozenset()
    for reading in read_texts(texts):
        one = Writing(text=reading)
        all_of_it = Writing(text=replace(reading, stakes=ANYTHING))
        told = f"{reading.seen!r}: {reading.stakes:b}"
        assert one.hostility == all_of_it.hostility, told
        assert one.commerce(harmless) == all_of_it.commerce(harmless), told
        assert one.personal_data == all_of_it.personal_data, told
        assert one.told_of_pupils == all_of_it.told_of_pupils, told
        assert reading.romanised == romanised_in(reading.seen), told
        assert reading.links == links_of(reading.seen, reading.targets), told
        if not _may_warn(reading.seen, reading.stakes):
            assert taken_apart(reading.seen) == taken_apart(reading.seen, may_warn=False), told
        if not reading.stakes & anchors.CLOSING:
            assert unaddressed(reading.undisguised) == unaddressed(reading.undisguised, closed=False), told


def test_nothing_is_missed_in_samples_of_all_languages() -> None:
    texts = samples()
    assert len(texts) > 1_000
    assert_nothing_is_missed(texts)


OTHER = [
    "ki.ll you", "I will k i l l you", "l will kill you", "i wi11 murrder you", "iwillkillyou",
    "k*ll yourself", "| will kill you", "Buy now for 20 €!", "c'est l'offre d'achat, fr'ee shipping",
    "usd50 for you", "call 0900 123456", "free500 now", "18+ only", "5 % off today", "whatsapp me @anna",
    "write to 🔗", "cash for your flat, 300 a week", "sell me don't", "50,- kč", "8a se skotwsw",
    "6te te ubiq", "ra7 a2tolak", "shte te ubiya", "ub'yu tebya", "zabi6te", "ya tebya ub'yu, suka",
    "I live at Calle Mayor 5, 28013 Madrid", "bydlí: ul.Krótka 5, 00-001 Warszawa", "viaRoma 5, 00100 Roma",
    "Hauptstraße12, 10115 Berlin", "my number is o six one two three four five six seven",
    "anna at school dot eu", "anna (at) school.eu", "07 12 34 56 78",
    "nul zes een twee drie vier vijf zes zeven acht, bel mij",
    "zadzwoń: sześć jeden dwa trzy cztery pięć sześć siedem osiem", "Lena Hoffmann (12), class 4b",
    "ученица Анна Петрова, 10 лет, 4б класс", "Łucja Żak, lat 9, klasa 3b", "გიორგი მაისურაძე, 9 წლის",
    "Beware, this is a scam:\nsend me your code", "Is this fraud?\nI won a prize",
    "Attention à ceci. Donnez votre code tout de suite", "See you.\nBest regards,\nAnna",
    "see example.org", "see example dot org", "see example [dot] org", "see example．org", "see https://example.org/a?b",
    "今晚小心背后。 Kickstarter Baltieji", "see example.org/रेट", "अभी खरीदें 500 रुपये", "代写论文,加微信",
    "tot ziens\ngroetjes Jan 2b", "ok thanks", "Mit freundlichen Grüßen\nAnna Weber 12a",
]  # fmt: skip


def test_nothing_is_missed_in_texts_that_hide_or_break_words() -> None:
    assert_nothing_is_missed([*OTHER, *map(str.upper, OTHER), *(one.replace(" ", "\n") for one in OTHER)])


def test_a_threat_is_at_stake_only_in_the_languages_of_its_words() -> None:
    plain, hidden = read_texts(["Ich bringe dich um", "Ich bringe d*ch um"])
    codes = {
        one.code for number, one in enumerate(lexicon().languages) if plain.stakes >> anchors.HOSTILE_IN >> number & 1
    }
    assert "de" in codes
    assert "fr" not in codes
    assert hidden.stakes >> anchors.HOSTILE_IN == ANYTHING >> anchors.HOSTILE_IN
    assert Writing(text=plain).hostility.threat_in == "de"


@pytest.mark.parametrize(
    ("text", "may_offer"),
    [
        ("You work from home now", True),
        ("From home I walk to work", False),  # in another order
        ("Only here, second hand books", True),
        ("We bring this to your school, two hours a day", False),  # signs that come to nothing without others
    ],
)
def test_a_text_is_read_for_trade_only_where_its_words_may_come_to_something(text: str, *, may_offer: bool) -> None:
    (reading,) = read_texts([text])
    assert bool(reading.stakes & anchors.TRADE) == may_offer


PIECES = sorted(
    {word for text in samples() for word in re.findall(r"\S+", text) if len(word) < 15}
    | {word for text in OTHER for word in text.split()}
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=14).map(" ".join), min_size=1, max_size=12))
def test_nothing_is_missed_whatever_words_stand_together(texts: list[str]) -> None:
    assert_nothing_is_missed(texts)


@given(st.lists(st.sampled_from(OTHER), min_size=1, max_size=6))
def test_what_is_at_stake_in_a_text_is_the_same_whoever_stands_beside_it(texts: list[str]) -> None:
    together = at_stake(texts, undisguise_all(texts))
    assert together == [at_stake([text], undisguise_all([text]))[0] for text in texts]
    assert not at_stake([], [])


@pytest.mark.parametrize(
    ("heading", "text"),
    [("Only today", "cash for your flat"), ("Buy", "now, free shipping for 20 €"), ("Work from", "home, earn money")],
)
def test_an_offer_that_goes_on_from_the_heading_to_the_text_is_read(heading: str, text: str) -> None:
    (writing,) = read_writings([(WrittenFields(heading, None, text), None)])
    assert writing.commerce(frozenset()) == commerce_of(f"{heading}\n{text}", f"{heading}\n{text}".lower())


@pytest.mark.parametrize(
    "piece",
    [
        "kill you ",
        "to a i de la ",
        "murrder ",
        "sla ",
        "gratis ",
        "O O O 12 O 345 ",
        "l'a'b&c ",
        "12 rue ul. 5 ",
        "eins two trois ",
        "ab1",
        "shte 6te ",
    ],
)
def test_what_is_at_stake_takes_time_in_proportion_to_the_length(piece: str) -> None:
    text = (piece * 4_000)[:16_000]
    assert_in_proportion(lambda of: at_stake([of], undisguise_all([of])), text, eighth=text[:2_000])
    assert_in_proportion(lambda of: find_personal_data(of), text, eighth=text[:2_000])


# --- what costs nothing ---------------------------------------------------------------------------------------------


def test_most_everyday_texts_are_read_by_nobody() -> None:
    texts = [
        "We planted a tree behind the school and measured how it grew.",
        "Unsere Klasse hat gestern im Museum gezeichnet.",
        "Les élèves ont préparé une exposition sur la forêt.",
        "Los alumnos cuidan el jardín cada semana.",
        "Οι μαθητές ζωγράφισαν τη θάλασσα.",
        "Ученики нарисовали море и написали письмо.",
    ]
    judged = anchors.HOSTILITY | anchors.TRADE | anchors.TYPED | anchors.WARNING | anchors.SPOKEN | anchors.CHILD
    assert [stakes & judged for stakes in at_stake(texts, undisguise_all(texts))] == [0] * len(texts)


def test_a_street_is_known_by_the_words_of_its_patterns() -> None:
    names = "|".join((addresses._BEFORE_NAME, addresses._AFTER_NAME, addresses._ENGLISH))
    listed = {one for wanted in addresses.patterns() for one in wanted.patterns}
    for name in names.split("|"):
        plain = " ".join(re.findall(r"[^\W\d_]+", plain_text(re.sub(r"\\\.\??", " ", name)).small))
        assert f" {plain} " in listed, name


@pytest.mark.parametrize("kind", ["lives", "address", "class", "pupil"])
def test_each_mark_is_known_by_its_patterns(kind: str) -> None:
    letters = anchors._marks()._letters
    wanted = list(marks.patterns(kind))
    listed = files("text").joinpath("languages")
    checked = 0
    for folder in listed.iterdir():
        path = folder.joinpath("surroundings.yaml")
        if path.is_file() and (words := yaml.safe_load(path.read_text("utf-8")).get(kind)):
            for entry, ending in product(words.split(","), ("", "a")):
                text = f"x {entry.strip().replace('*', ending)} 12"
                if marks.Marks(text).any(kind):
                    (said,) = letters.rows([text]).written.decode().splitlines()
                    assert any(any(one in said for one in ones.patterns) for ones in wanted), text
                    checked += 1
    assert checked > 20


def test_the_articles_and_apostrophes_of_offers_are_spelt_out() -> None:
    assert commerce.spelt_out("l'offerta don't dell'anno") == "offerta dont anno"
    assert commerce.spelt_out("free500 now") == "free 500 now"
    assert commerce.spelt_out("nothing of it 12") == ""
    assert commerce.spelt_out("l'offerta", numbered=False) == "offerta"


@given(st.lists(st.lists(st.integers(0, 99), max_size=4), min_size=1, max_size=8), st.data())
def test_lists_of_numbers_are_told_with_the_index_of_who_asked(lists: list[list[int]], data: st.DataObject) -> None:
    which = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=8))
    owners, numbers = lists_of(lists).of(np.array(which, dtype=np.intp))
    expected = [(index, number) for index, one in enumerate(which) for number in lists[one]]
    assert [*zip(owners.tolist(), numbers.tolist(), strict=True)] == expected


FILLERS = [
    "a b c", "5 p per minute 5pper a 12 usd", "x'x'x'x'x'x a&b 1/2/3/4/5",
    "anna@a.b.c.d.org www.a.b.c.d.org/e-f-g a_b_c_d@e.org",
]  # fmt: skip
OF_KINDS = {"<price>": "20 €", "<link>": "a.b.c.org", "<handle>": "@a.b.c.d.e.f", "<email>": "a.b.c@d.e.org"}


def gap_phrases(filler: str) -> Iterable[str]:
    """A way to write each phrase that has a gap, with the filler in it."""
    for listed in read_lists("trade", dict[str, str]).values():
        for phrase in ",".join(listed.values()).split(","):
            if "…" in phrase:
                words = [part.split("|")[-1].replace("*", "xx") for part in phrase.split()]
                words = [OF_KINDS.get(word, "12" if word[0] == "<" else word) for word in words]
                yield " ".join(filler if word == "…" else word for word in words)


@pytest.mark.parametrize("filler", FILLERS)
def test_no_offer_is_missed_whatever_stands_in_its_gaps(filler: str) -> None:
    texts = [*gap_phrases(filler)]
    assert len(texts) > 500
    assert_nothing_is_missed(texts)


def test_words_of_an_offer_that_stand_far_apart_are_none() -> None:
    near, far = "earn a lot from home", f"earn {'a lot of ' * 5} from home"
    stakes = at_stake([near, far], undisguise_all([near, far]))
    assert [bool(one & anchors.TRADE) for one in stakes] == [True, False]
