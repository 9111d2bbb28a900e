"""Politeness alone is no signal, in any language; a few words with something to say are one."""

import pytest

from text.reading import read_texts

POLITE = [
    "Thank you, see you tomorrow!",
    "Merry Christmas and a happy new year to you and your family",
    "Congratulations on your wonderful project!!!",
    "Vielen Dank und bis morgen, liebe Grüße",
    "Bonne journée et à bientôt, merci beaucoup !",
    "Muchas gracias a todos, feliz año nuevo",
    "Grazie mille a tutti e buona serata",
    "Dziękuję bardzo i do zobaczenia jutro",
    "Καλημέρα σας και ευχαριστώ πολύ",
    "Çok teşekkür ederim, iyi günler",
    "Спасибо большое, до завтра всем!",
    "Честита Нова година на всички колеги",
    "დიდი მადლობა, კარგი დღე",
    "شكرا جزيلا لكم جميل جدا",
]
MEANT = [
    "Animals are simply amazing!",
    "Small tattoos are the best",
    "Earn 500 euro a day from home",
    "Join my webinar on bees",
    "The dog barks at us all",
    "Богатство и процветание",
    "Kostenlose Sprachreisen buchen",
    "Κερδίστε ένα δωρεάν ταξίδι",
]


@pytest.mark.parametrize("text", POLITE)
def test_politeness_is_not_compared(text: str) -> None:
    assert read_texts([text])[0].digest is None


@pytest.mark.parametrize("text", MEANT)
def test_a_short_text_that_says_something_is_compared(text: str) -> None:
    assert read_texts([text])[0].digest is not None


def test_what_is_shorter_than_a_sentence_is_not_compared() -> None:
    assert read_texts(["relationship goals https://example.org/UseD6kwO3f"])[0].digest is None


def test_texts_are_weighed_each_by_itself() -> None:
    together = [reading.digest is None for reading in read_texts([*POLITE, *MEANT])]
    assert together == [True] * len(POLITE) + [False] * len(MEANT)


def test_a_long_polite_text_is_a_text() -> None:
    assert read_texts([" ".join(POLITE[:6])])[0].digest is not None
