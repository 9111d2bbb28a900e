"""Greek, Slavic languages and Arabic as they are typed in Latin letters: threats and insults are heard, others are not."""

import random
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest

import text.languages
from models.events import WrittenFields
from text import commerce
from text.hostility import PEACEFUL, Hostility
from text.hostility import romanised as hostility
from text.languages import ListError
from text.reading import read_writings
from text.romanised import Romanisation, _texts, romanisations, romanised_in


def read(written: str) -> Hostility:
    return read_writings([(WrittenFields(text=written), None)])[0].hostility


@pytest.mark.parametrize(
    "written",
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
def test_threats_in_latin_letters_are_heard(written: str) -> None:
    assert read(written).threat is not None


@pytest.mark.parametrize(
    "written",
    [
        "eisai ilithios kai axristos, den kaneis tipota sosta",
        "mlukni idiot, tova kato teb ne go iskam",
        "ty tupaya korova, tebe ne mesto v shkole",
        "ty durna korova, tobi ne mistse v shkoli",
        "ya 7mar, e5ras, mashroo3ak zbaleh",
    ],
)
def test_insults_in_latin_letters_are_heard(written: str) -> None:
    assert read(written).abuse is not None


@pytest.mark.parametrize(
    "written",
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
def test_the_same_letters_mean_no_harm(written: str) -> None:
    assert read(written) == PEACEFUL


def test_spellings_of_a_letter_are_one_skeleton() -> None:
    for code, spellings in (
        ("el", ("skotwsw", "skotoso", "skotwso")),
        ("el", ("xereis", "3ereis", "ksereis", "kserhs")),
        ("bg", ("kazhesh", "kažeš", "kazhe6")),
        ("mk", ("kazhesh", "kažeš", "kazes")),
        ("ru", ("tebya", "tebja", "tebia")),
        ("uk", ("zhyvesh", "živeš", "zhivesh")),
        ("sr", ("ubichu", "ubicu", "ubichu")),
        ("ar", ("ha2tolak", "haqtolak", "ha2tulak")),
    ):
        assert len({romanisations()[code].skeleton(spelling) for spelling in spellings}) == 1, spellings


def test_the_lists_have_the_skeleton_of_the_text() -> None:
    for code, own, typed in (
        ("el", "σκοτώσω", "skotwsw"),
        ("bg", "живееш", "jiveesh"),
        ("bg", "къде", "kyde"),
        ("bg", "къде", "kade"),
        ("mk", "ќе", "kje"),
        ("ru", "живёшь", "zhivyosh"),
        ("uk", "їх", "yikh"),
        ("sr", "ćeš", "chesh"),
    ):
        romanisation = romanisations()[code]
        assert romanisation.skeleton(typed) in {
            one for word in romanisation.words(own) for one in romanisation.skeletons(word)
        }


def test_one_word_is_no_sign_of_a_language() -> None:
    assert romanised_in("tha is a river in the north of the country") == ()
    assert romanised_in("tha einai kala") == ("el",)


@pytest.mark.parametrize(
    "written",
    [
        "Ako ne znam što da radim, pitam učitelja gdje je škola i kako da kažem učenicima.",
        "Ak neviem, čo mám robiť, opýtam sa učiteľky, kde je škola a čo mám povedať deťom.",
        "Nie wiem, gdzie mieszkasz, ale chętnie przyjadę do szkoły, jeśli mi powiesz.",
        "Nevím, kde bydlíš, ale rád přijedu do školy, když mi to řekneš.",
        "Ne vem, kje stanuješ, vendar bom z veseljem prišel v šolo, če mi poveš.",
        "Nuk e di ku banon, por do të vij në shkollë nëse më thua zhvillimin.",
        "En tiedä missä asut, mutta tulen mielelläni kouluun, jos kerrot.",
        "I don't know where you live, but I shall gladly come to the school if you tell me.",
        "Yn y dref mae ysgol newydd, ac mae'r plant wrth eu bodd yno.",
        "Yeni bir okulumuz var ve çocuklar orada çok mutlu.",
        "Mi piacerebbe che tu mi dicessi dove posso trovare la scuola.",
        "Ons skool is in die dorp, en die kinders is daar baie gelukkig.",
        "th3 w1nn3r g3ts 4 pr1z3, s3nd m3 y0ur numb3r",
    ],
)
def test_other_languages_are_not_taken_for_them(written: str) -> None:
    assert romanised_in(written) == ()


def test_a_text_in_another_language_costs_no_more_than_looking_up_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    romanised_in("tha einai kala")  # what is read once

    def fail(*_: object) -> NoReturn:
        raise AssertionError("folded")

    monkeypatch.setattr(Romanisation, "skeleton", fail)
    assert (
        romanised_in("Dear colleagues, we shall meet on Monday at eight. Please bring your papers and 20 pens.") == ()
    )
    with pytest.raises(AssertionError, match="folded"):
        romanised_in("tha einai kala")


def test_a_sentence_is_read_in_a_text_of_another_language() -> None:
    english = (
        "We met in the hall and talked about the new plan for the spring, and everybody agreed with it at once. " * 3
    )
    assert read(f"{english} 8a se skotwsw re malaka, den xereis pou menw.").threat is not None


def test_a_sentence_of_another_language_is_not_read_so() -> None:
    """What an English sentence says is none of the Greek list's business, although the next one is Greek."""
    assert read("Exo means outside. Kalimera se olous, tha sas doume avrio stin taxi gia to mathima") == PEACEFUL


def test_no_list_may_have_an_unknown_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "el").mkdir()
    file = tmp_path / "el" / "romanised.yaml"
    monkeypatch.setattr(text.languages, "_folders", lambda: [tmp_path / "el"])
    whole = files("text.languages").joinpath("el", "romanised.yaml").read_text("utf-8")
    file.write_text(whole, "utf-8")
    romanisations.__wrapped__()
    for added, told in (
        ("hugs: embrace", "el/romanised.yaml: hugs: unknown, expected letters, folds, signs, "),
        ("joins: {'(': ''}", "el/romanised.yaml: joins: found (, expected a regular expression: "),
        ("needs: 3", "el/romanised.yaml: needs: found int, expected str"),
    ):
        file.write_text(f"{whole}\n{added}\n", "utf-8")
        with pytest.raises(ListError) as error:
            romanisations.__wrapped__()
        assert str(error.value).startswith(told)


@pytest.mark.parametrize(
    ("kind", "load"),
    [("hostility", hostility._lexicon_in_skeletons), ("trade", commerce._lexicon_in_skeletons)],
)
def test_no_class_and_no_sign_may_be_unknown(
    kind: str, load: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = msgspec.structs.replace(romanisations()["ar"].listed, **{kind: {"hugs": "embrace"}})
    monkeypatch.setitem(romanisations(), "ar", Romanisation("ar", listed))
    with pytest.raises(ListError, match=rf"^ar/romanised\.yaml: {kind}\.hugs: unknown, expected one of "):
        load("ar")


def test_no_signs_are_short_words_without_digits() -> None:
    """Two letters are a word in some language."""
    for code, romanisation in romanisations().items():
        assert not [sign for sign in romanisation.all_signs() if len(sign) < 3 and sign.isalpha()], code


def test_a_moderator_is_shown_the_words_as_they_are_written() -> None:
    assert read("8a se skotwsw re malaka, den xereis").words[0] == "se skotwsw"
    assert read("Ub'yu tebya, ty znaesh' gde ya").words == ("ubyu tebya",)


@pytest.mark.parametrize("code", sorted(romanisations()))
def test_many_words_have_the_skeletons_that_each_of_them_has(code: str) -> None:
    romanisation = romanisations()[code]
    listed = (one for kind in romanisation._lists.values() for one in _texts([*kind.values()]))
    words = sorted(romanisation.words(", ".join(listed)))
    words += ["", "kh", "shch", "h"]
    found = romanisation.skeletons_of(words)
    assert {word: found[word] for word in words} == {word: romanisation.skeletons(word) for word in words}


@pytest.mark.parametrize("code", romanisations())
def test_letters_are_folded_as_the_expressions_say(code: str) -> None:
    one = romanisations()[code]
    chance = random.Random(1)
    for (pattern, plain), fold in zip(one.listed.folds.items(), one._folds, strict=True):
        letters = [*re.findall(r"[^\W_]", pattern), *"aehistk 'č"]
        for _ in range(200):
            typed = "".join(chance.choices(letters, k=chance.randint(1, 12)))
            assert fold(typed) == re.sub(pattern, plain, typed), pattern
