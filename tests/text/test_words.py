"""Words of a text, looked up once for the texts that are read together."""

import os
import re
import sys

from hypothesis import given
from hypothesis import strategies as st

from tests.servers import run
from text.commerce import commerce_of
from text.hostility import read_hostility
from text.words import Beginnings, WordMemo, by_first_letter, words_in

FEW_LETTERS = st.text(st.sampled_from("abc"), min_size=1, max_size=6)


@given(st.lists(FEW_LETTERS), FEW_LETTERS)
def test_every_beginning_that_a_word_has_is_among_the_lengths(listed: list[str], word: str) -> None:
    lengths = Beginnings(listed).of(word)
    assert list(lengths) == sorted(set(lengths))
    assert {len(one) for one in listed if word.startswith(one)} <= set(lengths)


def test_most_words_are_seen_to_have_no_beginning() -> None:
    beginnings = Beginnings(["kill", "killer", "ab"])
    assert beginnings.of("killing") == (4, 6)
    assert beginnings.of("abc") == (2,)
    assert not beginnings.of("kilt")


def test_a_word_is_looked_up_once_for_texts_that_are_read_together() -> None:
    asked = []

    def length(word: str) -> int:
        asked.append(word)
        return len(word)

    memo = WordMemo()
    known = memo.of(length)
    assert [known[word] for word in words_in("a new idea, a new day")] == [1, 3, 4, 1, 3, 3]
    assert [memo.of(length)[word] for word in words_in("a day")] == [1, 3]
    assert asked == ["a", "new", "idea", "day"]
    assert words_in("it’s 2 a_b") == ["it", "s", "2", "a", "b"]


SEVERAL = [
    "I hope that you and your friends all die, I wish that they get killed, you should be killed and they should die",
    "buy now for 20 € and order today, free delivery, 50 % discount, visit our shop, call 0900 123456",
    "ich bringe dich um, je vais te tuer, ti ammazzo, te voy a matar, ubit ću te",
]


def test_nothing_depends_on_the_order_of_sets() -> None:
    code = (
        "from text.commerce import commerce_of; from text.hostility import read_hostility\n"
        f"for said in {SEVERAL!r}: print(read_hostility(said), commerce_of(said, said))"
    )
    found = run(sys.executable, "-c", code, env=os.environ | {"PYTHONHASHSEED": "1"}).stdout
    assert found == "".join(
        f"{read_hostility(said)} {commerce_of(said, said)}\n" for said in SEVERAL
    )  # of another seed
    assert found.count("words=('") >= len(SEVERAL)


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=8), st.text("abc ", max_size=12))
def test_words_by_their_first_letter_are_found_like_words_in_a_row(words: list[str], text: str) -> None:
    found = re.finditer(by_first_letter(words), text)
    assert [one.span() for one in found] == [one.span() for one in re.finditer("|".join(words), text)]
