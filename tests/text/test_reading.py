"""What a reading says of a text."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from models.events import WrittenFields
from tests.growth import assert_in_proportion
from text.personal_data.marks import Mark, Marks
from text.reading import SIGNATURE_BYTES, passages, read_texts, read_writings
from text.signature import DIGEST_BYTES, SIGNATURE_SLOTS, of_words, signatures
from text.words import Memo

RUMOUR = "The ministry is going to close 500 small schools of our region this summer, see https://news.example/1"


def test_a_long_text_has_a_digest_and_a_signature() -> None:
    (reading,) = read_texts([RUMOUR])
    assert reading.undisguised == RUMOUR.lower()
    assert reading.normalised == "the ministry is going to close 🔢 small schools of our region this summer see 🔗"
    assert reading.digest is not None
    assert len(reading.digest) == DIGEST_BYTES
    assert reading.signature is not None
    assert len(reading.signature) == SIGNATURE_BYTES


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "🎉🎉🎉",
        "ok",
        "thank you, see you tomorrow",
        "\ud800\x00\u202e",
    ],
)
def test_what_says_too_little_is_not_compared(text: str) -> None:
    (reading,) = read_texts([text])
    assert reading.digest is None
    assert reading.signature is None


@pytest.mark.parametrize("text", ["12345 67890 12345 67890", "https://a.example/b"])
def test_what_says_no_more_than_where_it_leads_is_compared_by_that(text: str) -> None:
    alone, polite, other = read_texts([text, f"Thank you! {text}", text.replace("5", "6").replace("b", "c")])
    assert alone.only_leads
    assert alone.digest == polite.digest is not None
    assert alone.digest != other.digest
    assert alone.digest != read_texts([text], salt=1)[0].digest
    assert alone.signature is None


def test_what_is_left_of_a_text_without_its_hashtags_may_be_compared_exactly_only() -> None:
    short, other, untagged = read_texts(
        ["buy cheap essays now #school", "Buy cheap essays, NOW! #school", "buy cheap essays now"]
    )
    assert short.digest == other.digest is not None
    assert short.signature is None
    assert untagged.signature is not None


def test_disguised_copies_have_one_digest() -> None:
    copies = [
        RUMOUR,
        "Hello Maria, " + RUMOUR,
        RUMOUR.upper() + "!!!",
        RUMOUR.replace("o", "о").replace("e", "е"),  # Cyrillic
        RUMOUR.replace("school", "s\u200bch\u00adool"),
        RUMOUR.replace("1", "22") + "\nBest regards,\nAnna Novak",
        "🔥🔥 " + RUMOUR.replace(" ", " ✨ "),
    ]
    assert len({reading.digest for reading in read_texts(copies)}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Our new workshop opens in March, and every class that signs up before Friday gets a free tour.",
        "Naša delavnica se odpre marca, prijavite razred do petka in dobili boste brezplačen obisk.",
        "Наша мастерская открывается в марте, запишите класс до пятницы и получите экскурсию.",
        "Το εργαστήριό μας ανοίγει τον Μάρτιο, γράψτε την τάξη σας μέχρι την Παρασκευή για δωρεάν ξενάγηση.",
    ],
)
def test_signs_for_vowels_make_no_other_text(text: str) -> None:
    vowels = "aeiouаеиоуыяюοιεαηυωόέάήίύώ"
    some = "".join("*" if letter in vowels and at % 3 else letter for at, letter in enumerate(text))
    all_ = "".join("_" if letter in vowels else letter for letter in text)
    assert len({reading.digest for reading in read_texts([text, some, all_])}) == 1


def test_short_texts_are_told_apart_by_their_vowels() -> None:
    readings = read_texts(["Bring a big red bag on Monday please", "Bring a bug read bog on Monday please"])
    assert readings[0].digest != readings[1].digest


NOTICE = "Dear colleague, you are invited to the project “Rivers” (2026).\nClick on the button below to join us!"


def test_what_is_nobodys_own_is_not_compared() -> None:
    nobodys = passages([NOTICE])
    embedded = [
        f"{RUMOUR}\n{NOTICE}",
        f"{NOTICE}\n{RUMOUR}",
        f"{RUMOUR}\nDear colleague, you are invited to the PROJECT RIVERS (2027).",
        RUMOUR,
    ]
    notice, *others = read_texts([NOTICE, *embedded], nobodys)
    assert notice.digest is None
    assert len({(reading.digest, reading.signature, reading.words) for reading in others}) == 1
    assert others[0].undisguised != others[-1].undisguised  # phrases are looked up in all of it
    # what only begins alike is somebody's own
    like, unlike = (
        "Click on the button below to join us and earn a second salary",
        "Click on the button below to join us",
    )
    assert [bool(reading.digest) for reading in read_texts([like, unlike], nobodys)] == [True, False]
    assert read_texts([RUMOUR, NOTICE]) == read_texts([RUMOUR, NOTICE], frozenset(["something else"]))


@given(st.lists(st.text(max_size=200), max_size=8))
def test_a_batch_is_read_as_each_text_by_itself(texts: list[str]) -> None:
    assert read_texts(texts) == [read_texts([text])[0] for text in texts]


@given(st.lists(st.text(min_size=20, max_size=200), max_size=8), st.integers(0, 2**32 - 1))
def test_a_signature_can_be_made_again_from_the_words(texts: list[str], salt: int) -> None:
    texts += [f"{text} Our pupils have measured the river, and drawn the curve! {text}" for text in texts]
    signed = [reading for reading in read_texts(texts, salt=salt) if reading.signature and reading.words]
    assert signatures(of_words([one.words for one in signed]), salt) == [one.signature for one in signed]


def test_short_texts_that_sign_alike_are_alike_letter_by_letter() -> None:
    # the shares from which the store takes short texts for copies, against another measure: edits
    base = "we close every small school of this region in may"
    for other, copy in (
        ("we close every small school of our region in may", True),
        ("now we close every small school of this region in may", True),
        ("the ministers visit every large museum of this country", False),
    ):
        left, right = (
            np.frombuffer(r.signature or b"", dtype=">u2", count=SIGNATURE_SLOTS) for r in read_texts([base, other])
        )
        assert bool((left == right).mean() >= 0.7) is copy
        assert (fuzz.ratio(base, other) >= 85) is copy


@pytest.mark.parametrize("unit", ["a", "\u0301", "\u202e", "http://a.example/b ", "我"])
def test_a_million_characters_take_time_in_proportion_at_most(unit: str) -> None:
    assert_in_proportion(lambda text: read_texts([text]), unit * (1_000_000 // len(unit)))


def test_what_surrounds_personal_data_is_read_once_for_all_that_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    looked_up: list[str] = []
    meanings = Marks._read

    def counted(marks: Marks, known: Memo[Any]) -> dict[str, list[Mark]]:
        before = set(known)
        read.append(marks.folded.text)
        found = meanings(marks, known)
        looked_up.extend(set(known) - before)
        return found

    monkeypatch.setattr(Marks, "_read", counted)
    text = "Please remove this: pupil Anna Kowalska, 11 years, class 5b, lives at Long Street 5, call +32 470 12 34 56"
    both = read_writings([(WrittenFields(text=text), None), (WrittenFields(text=f"{text} today"), None)])
    for one in both:
        assert one.personal_data
        assert one.told_of_pupils
        assert one.asks_for_removal
    assert read == [text, f"{text} today"]
    assert len(looked_up) == len(set(looked_up))
    assert "today" in looked_up
