"""Names as the eye takes them, and names that are made of protected words only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text.names import MAX_NAME_CHARACTERS, Vocabulary, is_disguised, plain, skeleton
from text.written import read_written

VOCABULARY = Vocabulary(
    [
        ("platform", "eTwinning"),
        ("service", "support"),
        ("service", "help desk"),
        ("service", "administrator"),
        ("service", "admin"),
        ("service", "Служба підтримки"),
        ("beside", "team"),
    ],
    0.85,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna Meyer", "АNNА MEYER"),  # Cyrillic А
        ("Alice", "AIice"),
        ("Alice", "A1ice"),
        ("Support", "𝐒𝐮𝐩𝐩𝐨𝐫𝐭"),
        ("Support", "Sup\u200bport"),
        ("Support", "ЅUРРОRТ"),
        ("administrator", "adrninistrator"),
        ("José García", "jose garcia"),
        ("Işık", "ISIK"),
        ("Help Desk", "help_desk"),
        ("Support", "Support24"),
    ],
)
def test_what_the_eye_takes_for_one_name_has_one_skeleton(one: str, other: str) -> None:
    assert skeleton(read_written(one).seen) == skeleton(read_written(other).seen) != ()


@pytest.mark.parametrize(("one", "other"), [("Anna Meyer", "Anna Mayer"), ("Anna Meyer", "Anna"), ("Μαρία", "Мария")])
def test_different_names_have_different_skeletons(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@pytest.mark.parametrize(
    "name", ["Аnna Meyer", "AIice Meyer", "Al1ce Meyer", "An\u200bna Meyer", "ЅUРРОRТ", "Maria Smіth"]
)
def test_names_that_nobody_writes_so(name: str) -> None:
    written = read_written(name)
    assert is_disguised(written.seen, veiled=written.veiled)


@pytest.mark.parametrize(
    "name",
    ["José García", "MARIA ILIĆ", "Мария Smith", "Ана / Ana Popović", "Anna McIntyre", "Henry VIII", "Işık Ölçü",
     "Νίκος Παπάς", "გიორგი", "علی‌رضا احمدی", "Anna Meyer 2", "\ufeffAnna Meyer", "Anna-Isabel", "",
     "Нина O'Brien", "Наталiя", "Iван"],
)  # fmt: skip
def test_names_that_people_have(name: str) -> None:
    written = read_written(name)
    assert not is_disguised(written.seen, veiled=written.veiled)


def test_a_name_in_its_own_letters() -> None:
    assert plain("JOSÉ  García") == plain("jose garcia")
    assert plain("Аnna") != plain("Anna")


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("Support", {"service"}),
        ("eTwinning Support Team", {"platform", "service", "beside"}),
        ("team support", {"service", "beside"}),
        ("eTwinningSupport", {"platform", "service"}),
        ("HELP-DESK", {"service"}),
        ("helpdesk", {"service"}),
        ("Suport", {"service"}),
        ("Administator", {"service"}),
        ("служба підтримки", {"service"}),
        ("Anna Support-Meyer", set()),
        ("Support teacher", set()),
        ("eTwinning group", set()),
        ("Admir", set()),  # a first name; short words are not corrected
        ("Help", set()),
        ("", set()),
        ("!!!", set()),
        ("support " * 13, set()),  # no name
    ],
)
def test_only_a_name_made_of_the_vocabulary_is_found(name: str, kinds: set[str]) -> None:
    assert VOCABULARY.kinds_in(name) == kinds


def test_runs_of_protected_words_are_found_among_others() -> None:
    assert VOCABULARY.kinds_within("Maria from eTwinning Support") == [{"platform", "service"}, {"service"}]
    assert VOCABULARY.kinds_within("Support teacher of eTwinning") == [{"service"}, {"platform"}]
    assert VOCABULARY.kinds_within("Anna Meyer") == []


@given(st.text(max_size=2 * MAX_NAME_CHARACTERS))
def test_any_text_has_a_skeleton_and_is_judged(text: str) -> None:
    words = skeleton(text)
    assert all(words)
    assert len("".join(words)) <= 20 * MAX_NAME_CHARACTERS
    is_disguised(text)
    VOCABULARY.kinds_in(text)
