"""Which words are in no list is told of many words at once; what is left is looked up one by one."""

from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text import commerce, hostility
from text.hostility.lexicon import Lexicon, lexicon
from text.reading import read_texts
from text.sieve import Hashed, Sieve
from text.words import WordMemo

letters = st.text(alphabet=f"{ascii_lowercase}äéçßøłčжшієгλς漢", min_size=1, max_size=12)


def test_words_and_beginnings_that_are_listed_pass() -> None:
    sieve = Sieve(["you", "a"], ["mur", "k"])
    assert sieve.unlisted(Hashed(["you", "a", "murder", "mur", "kill", "YOU"])) == []
    assert sieve.unlisted(Hashed(["yo", "youu", "mu", "amur", "b"])) == ["yo", "youu", "mu", "amur", "b"]


def test_nothing_is_unlisted_of_nothing() -> None:
    assert Sieve([], []).unlisted(Hashed([])) == []
    assert Sieve([], []).unlisted(Hashed(["word"])) == ["word"]


def test_a_word_with_a_letter_twice_in_a_row_may_stand_for_another() -> None:
    asked = []

    def stretched(word: str) -> bool:
        asked.append(word)
        return word == "murrder"

    unlisted = Sieve([], [], stretched).unlisted(Hashed(["murrder", "letter", "word", "wordd", "d"]))
    assert unlisted == ["letter", "word", "wordd", "d"]
    assert asked == ["murrder", "letter", "wordd"]


@given(listed=st.lists(letters, max_size=8), begun=st.lists(letters, max_size=8), words=st.lists(letters, min_size=1))
def test_no_listed_word_is_told_to_be_unlisted(listed: list[str], begun: list[str], words: list[str]) -> None:
    words = [word.casefold() for word in words]
    hashed = Hashed(words)
    unlisted = set(Sieve(listed, begun).unlisted(hashed))
    for word, plain in zip(words, hashed.folded, strict=True):
        if plain in listed or any(plain.startswith(one) for one in begun):
            assert word not in unlisted


def test_what_the_lists_know_passes_their_sieve() -> None:
    words = ["murder", "murrder", "kill", "töten", "убить", "øl", "idiot", "garden", "qwrtz", "ölsün", "你"]
    unlisted = lexicon().sieve.unlisted(Hashed(words))
    assert "qwrtz" in unlisted
    assert not [word for word in unlisted if lexicon().known(word)]


def test_of_the_words_of_a_batch_few_are_looked_up_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    own = Lexicon.known

    def known(self: Lexicon, written: str) -> object:
        asked.append(written)
        return own(self, written)

    monkeypatch.setattr(Lexicon, "known", known)
    made_up = [f"{one}q{other}zx" for one in ascii_lowercase for other in ascii_lowercase]
    memo = WordMemo()
    for reading in read_texts([" ".join(made_up), "I will kill you", " ".join(reversed(made_up))], memo=memo):
        hostility.read_hostility(reading.undisguised, None, memo, reading.seen, (), reading.all_words)
        commerce.commerce_of(reading.seen, reading.undisguised, memo=memo, words=reading.all_words)
    assert len(made_up) > 600
    assert "kill" in asked
    assert len(asked) < 100
