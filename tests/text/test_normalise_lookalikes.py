"""Which letters pass for which, and where that makes a disguise."""

import pytest

from text.normalise_lookalikes import fold_lookalikes, lookalikes, script_of


@pytest.mark.parametrize(
    ("disguised", "meant"),
    [
        ("Неllо wоrld, frее mоnеу", "Hello world, free money"),  # Cyrillic in Latin
        ("ηοw frее", "now free"),  # Greek and Cyrillic
        ("ѕреciаl оffеr fоr tеасhеrѕ", "special offer for teachers"),
        ("օffer for սs", "offer for us"),  # Armenian
        ("ᴛʜɪꜱ ɪꜱ ɡood", "this is good"),  # small capitals and phonetic letters
        ("🅵🆁🅴🅴 and 🅕ree", "FREE and Free"),
        ("Εarn ΜΟΝΕΥ", "Earn MONEY"),
        ("Просто мiр и пoлe", "Просто мір и поле"),  # Latin in Cyrillic
        ("Kαλημέρα σε όλoυς", "Καλημέρα σε όλους"),  # Latin in Greek
        ("Darba piedāvājums tеv", "Darba piedāvājums tev"),
        ("Příležitost рrо tebe", "Příležitost pro tebe"),
        ("Darmowa ofеrta dlа ciebie", "Darmowa oferta dla ciebie"),
        ("Bеdava fırsаt", "Bedava fırsat"),
        ("ωιll send ꓔꓧⲉ εntιrε fιlε ᴛo yօu", "will send THe entire file to you"),  # Lisu, Coptic, Cherokee
        ("Дnи открытыx ⲃopoт u ⲡpᴎзы", "Дпи открытых ворот и призы"),
        ("httр://ехample.org/dа", "http://example.org/da"),
    ],
)
def test_letters_that_only_look_like_others_are_folded(disguised: str, meant: str) -> None:
    assert fold_lookalikes(disguised) == meant


def test_a_word_that_impersonates_the_text_s_script_is_folded() -> None:
    assert fold_lookalikes("please сору and расе it") == "please copy and pace it"
    assert fold_lookalikes("please сору this") == "please copy this"


@pytest.mark.parametrize(
    "text",
    [
        "сору и раса",  # Cyrillic alone
        "ΟΔΟΣ και νερό",
        "the word вода means water",
        "the words сор вода stand beside each other",  # the genuine one vouches for its neighbour
        "Встреча в Zoom, Teams или на Moodle",  # names in a Cyrillic text
        "Συνάντηση στο Zoom ή στο Teams",
        "შეხვედრა Zoom-ში და Teams-ში",
        "հանդիպում Zoom-ով",
        "اجتماع عبر Zoom",
        "Əziz dostlar, gəlin",  # the Azerbaijani ə stands among the phonetic letters
        "Straße, größer, ŝajne, ħobż, ħelu, þakka, æble, œuvre, đak, łąka",
        "我们 use Zoom",
        "русский and english и опять по-русски then english again",
    ],
)
def test_honest_texts_stay(text: str) -> None:
    assert fold_lookalikes(text) == text


def test_every_letter_passes_for_one_letter_of_the_script() -> None:
    for script in ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN"):
        for letter, other in lookalikes(script).items():
            assert len(letter) == len(other) == 1
            assert script_of(letter) != script
            assert script_of(other) == script


def test_a_long_word_is_read_like_a_short_one() -> None:
    assert fold_lookalikes("fr" + "е" * 500 + " money") == "fr" + "e" * 500 + " money"


@pytest.mark.parametrize("script", ["LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"])
def test_no_letter_passes_for_another_of_its_own_script(script: str) -> None:
    """That is what allows one set of disguises for all scripts of a text."""
    assert script not in set(map(script_of, lookalikes(script)))


def test_a_short_word_that_passes_roughly_is_read_where_the_text_is_disguised() -> None:
    assert (
        fold_lookalikes("you've got му vοte becаuse u tell ιτ like it is")
        == "you've got my vote because u tell it like it is"
    )


def test_a_short_foreign_word_beside_one_slip_of_the_keyboard_is_left_alone() -> None:
    assert fold_lookalikes("He said му, and left the rоom") == "He said му, and left the room"
