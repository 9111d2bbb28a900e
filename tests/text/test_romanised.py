"""Greek, Slavic languages and Arabic as they are typed in Latin letters: threats and insults are heard, others are not."""

import pytest

from models.events import WrittenFields
from text.hostility import PEACEFUL, Hostility
from text.hostility.romanised import languages_signed, romanised_in, skeleton
from text.reading import read_writings
from text.words import Memo


def read(text: str) -> Hostility:
    return read_writings([(WrittenFields(text=text), None)])[0].hostility


@pytest.mark.parametrize(
    "text",
    [
        "tha se skotoso re malaka, den xereis pou menei",
        "8a se skotwsw an to peis stin taxi",
        "xero pou meneis kai tha to metanioseis",
        "shte te ubiya ako kazhesh neshto",
        "6te te ubiq, znam kade jiveesh",
        "ke te ubijam ako kazes nesto, sega",
        "ya tebya ubyu, esli skazhesh",
        "ja tebja ubju, esli ty skazhesh",
        "ya znayu gde ty zhivesh",
    ],
)
def test_threats_in_latin_letters_are_heard(text: str) -> None:
    assert read(text).threat is not None


@pytest.mark.parametrize(
    "text",
    [
        "eisai ilithios kai axristos, den kaneis tipota sosta",
        "mlukni idiot, tova kato teb ne go iskam",
        "ty tupaya korova, tebe ne mesto v shkole",
        "ty durna korova, tobi ne mistse v shkoli",
        "ya 7mar, e5ras, mashroo3ak zbaleh",
    ],
)
def test_insults_in_latin_letters_are_heard(text: str) -> None:
    assert read(text).abuse is not None


@pytest.mark.parametrize(
    "text",
    [
        "kalimera se olous, tha sas doume avrio stin taxi gia to mathima",
        "shte se vidim utre v uchilishteto, mnogo vi blagodarya",
        "ya ochen rada, chto vy zhivyote v Kieve, spasibo za pomoshch",
        "ya habibi, shukran 3ala el mosa3adeh, ana mabsoota",
        "The den has a mice trap, and my poly sto was an ena mia",
        "Ako ne znam sto da radim, pitam ucitelja gdje je skola",
        "mp3 and covid19 in class 7b",
    ],
)
def test_the_same_letters_mean_no_harm(text: str) -> None:
    assert read(text) == PEACEFUL


def test_spellings_of_a_letter_are_one_skeleton() -> None:
    assert len({skeleton("el", word) for word in ("skotwsw", "skotoso", "skotwso")}) == 1
    assert len({skeleton("el", word) for word in ("xereis", "3ereis", "ksereis", "kserhs")}) == 1
    assert len({skeleton("bg", word) for word in ("kazhesh", "kažeš", "kazes")}) == 1
    assert len({skeleton("ru", word) for word in ("tebya", "tebja", "tebia")}) == 1


def test_one_word_is_no_sign_of_a_language() -> None:
    assert romanised_in(["tha", "is", "a", "river"], Memo(languages_signed)) is None
    assert romanised_in(["tha", "einai"], Memo(languages_signed)) == "el"


def test_a_moderator_is_shown_the_words_as_they_are_written() -> None:
    assert read("8a se skotwsw re malaka, den xereis").words[0] == "se skotwsw"
    assert read("Ub'yu tebya, ty znaesh' gde ya").words == ("ubyu tebya",)
