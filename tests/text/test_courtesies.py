"""Politeness alone is no signal, in any language; a few words with something to say are one."""

import pytest

from text.courtesies import weigh
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
TYPED = [
    "Blagodarya na vsi4ki, priqten den!",
    "Chestita nova godina, skapi kolegi",
    "Kalimera se olous kai efxaristw para poly",
    "Xronia polla kai kali xronia",
    "Blagodaram mnogu, ubav den na site",
    "Srekna nova godina na site kolegi",
    "Spasibo bolshoe, horoshego dnya vsem",
    "S novym godom, dorogie kollegi",
    "Hvala svima i srecna nova godina",
    "Srecan rodjendan i sve najbolje!",
    "Shchyro dyakuyu, harnoho dnya vsim",
    "Z Novym rokom, dorohi kolehy",
    "Shukran jazeelan ya gama3a, sabah el kheir",
    "Eid mubarak, kol sana wento taybeen",
]
"""Courtesies of languages with letters of their own, typed in Latin ones."""
MEANT = [
    "Animals are simply amazing!",
    "Small tattoos are the best",
    "Earn 500 euro a day from home",
    "Join my webinar on bees",
    "The dog barks at us all",
    "Богатство и процветание",
    "Kostenlose Sprachreisen buchen",
    "Κερδίστε ένα δωρεάν ταξίδι",
    "Spechelete 500 leva na den ot vkashti",
    "Kerdiste ena dorean taxidi stin Roma",
    "Besplatnye yazykovye poezdki zdes",
    "Zaradi petsto evra dnevno od kuce",
    "Zarobliay pyatsot yevro na den vdoma",
    "Erba7 500 euro kol yom men beitak",
    "Hvala, a sad prodajem stan u centru",
]


@pytest.mark.parametrize("text", [*POLITE, *TYPED])
def test_politeness_is_not_compared(text: str) -> None:
    assert read_texts([text])[0].digest is None


def test_beside_a_link_one_other_word_is_enough() -> None:
    words = "That is the koala, so nice of you!"
    alone, leading, polite = read_texts(
        [words, f"{words} https://bees.example/1", "Thank you, this is so nice of you! https://bees.example"]
    )
    assert alone.digest is None
    assert leading.digest is not None
    assert not leading.only_leads
    assert polite.only_leads


def test_what_is_polite_in_one_language_is_a_word_in_another() -> None:
    # `spasibo` stands among too few words of its language
    assert weigh(["spasibo collects rabota receipts daily"])[0].substance == len("spasibocollectsrabotareceiptsdaily")


@pytest.mark.parametrize("text", MEANT)
def test_a_short_text_that_says_something_is_compared(text: str) -> None:
    assert read_texts([text])[0].digest is not None


def test_what_is_shorter_than_a_sentence_is_compared_by_where_it_leads() -> None:
    short, polite, elsewhere, nowhere = read_texts(
        [
            "relationship goals https://example.org/UseD6kwO3f",
            "Thank you! https://example.org/UseD6kwO3f",
            "relationship goals https://example.org/other",
            "relationship goals",
        ]
    )
    assert short.digest == polite.digest is not None
    assert elsewhere.digest not in (short.digest, None)
    assert nowhere.digest is None
    assert short.signature is elsewhere.signature is None


def test_texts_are_weighed_each_by_itself() -> None:
    together = [reading.digest is None for reading in read_texts([*POLITE, *MEANT])]
    assert together == [True] * len(POLITE) + [False] * len(MEANT)


@pytest.mark.parametrize("enough", [1, 8, 20])
def test_counting_up_to_what_is_enough_says_the_same(enough: int) -> None:
    texts = [*POLITE, *TYPED, *MEANT, "spasibo collects rabota receipts daily", ""]
    for all_of_it, some in zip(weigh(texts), weigh(texts, enough), strict=True):
        assert min(some.substance, enough) == min(all_of_it.substance, enough)
        assert some.characters == all_of_it.characters


def test_a_long_polite_text_is_a_text() -> None:
    assert read_texts([" ".join(POLITE[:6])])[0].digest is not None
