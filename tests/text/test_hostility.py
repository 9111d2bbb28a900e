"""Threats and insults in words: what is one in which language, and what makes the same words harmless."""

import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from models.events import WrittenFields
from tests.growth import assert_in_proportion
from text.hostility import PEACEFUL, Hostility, read_hostility
from text.hostility.frames import may_be_found
from text.hostility.lexicon import ALONE, ANCHORS, BIT, CLASSES, Lexicon, language_of, lexicon
from text.hostility.tokens import tokens_of
from text.languages import ListError
from text.reading import read_texts, read_writings

SAMPLES: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("hostility_samples.yaml").read_text("utf-8")
)

IDEAS: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(
    Path(__file__).with_name("hostility_ideas.yaml").read_text("utf-8")
)

HOMONYMS: dict[str, dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("hostility_homonyms.yaml").read_text("utf-8")
)

WARNINGS: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("hostility_warnings.yaml").read_text("utf-8")
)

FAVOURS: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("hostility_favours.yaml").read_text("utf-8"))

MEETINGS: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("hostility_meetings.yaml").read_text("utf-8"))


def read(text: str) -> Hostility:
    return read_hostility(read_texts([text])[0].undisguised)


def samples(kind: str) -> list[Any]:
    return [pytest.param(text, id=f"{language}: {text}") for language, kinds in SAMPLES.items() for text in kinds[kind]]


@pytest.mark.parametrize("text", samples("threats"))
def test_threatens(text: str) -> None:
    assert read(text).threat


@pytest.mark.parametrize("text", samples("insults"))
def test_insults(text: str) -> None:
    assert read(text).abuse


@pytest.mark.parametrize("text", samples("peaceful"))
def test_does_neither(text: str) -> None:
    assert read(text) == PEACEFUL


def ideas(kind: str) -> list[Any]:
    return [
        pytest.param(text, id=f"{idea}, {language}")
        for idea, texts in IDEAS[kind].items()
        for language, text in texts.items()
    ]


@pytest.mark.parametrize("text", ideas("threats"))
def test_threatens_by_idea_in_any_language(text: str) -> None:
    assert read(text).threat


@pytest.mark.parametrize("text", ideas("harmless"))
def test_school_life_in_any_language_is_harmless(text: str) -> None:
    assert read(text) == PEACEFUL


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=f"{language}: {word}")
        for language, words in HOMONYMS.items()
        for word, text in words.items()
    ],
)
def test_a_word_with_a_harmless_sense_accuses_nobody(text: str) -> None:
    assert read(text) == PEACEFUL


@pytest.mark.parametrize(
    "text",
    [
        "I know where you live: my aunt has a flat in the same street!",
        "I found out where you live: what a beautiful town!",
        "Ich weiß, wo du wohnst: Meine Tante hat dort einen Garten.",
        "Je sais où tu habites : ma tante a un appartement dans la même rue !",
        "Tiedän missä asut: tädilläni on asunto samalla kadulla!",
        "Wiem, gdzie mieszkasz: moja ciocia ma mieszkanie na tej samej ulicy!",
        "Я знаю, где ты живёшь: у моей тёти квартира на той же улице!",
    ],
)
def test_where_somebody_lives_may_be_said_kindly(text: str) -> None:
    assert read(text) == PEACEFUL


@pytest.mark.parametrize(
    "text",
    [
        "I know where you live.",
        "I know where you live, so think twice.",
        "Be careful. We know where your daughter goes to school.",
        "Ich weiß, wo du wohnst. Überleg dir gut, was du schreibst.",
        "Vím, kde bydlíš, tak si dej pozor.",
        "I know where you live and I will kill you.",
    ],
)
def test_where_somebody_lives_is_a_threat_beside_a_warning_or_by_itself(text: str) -> None:
    assert read(text).threat


@pytest.mark.parametrize(
    "text", ["Jsi idiot", "Ty jsi blbec.", "Esi muļķis", "Olet idiootti", "Du är idiot", "Ти ідіот"]
)
def test_few_words_that_only_one_list_has_tell_their_language(text: str) -> None:
    assert read(text).abuse


@pytest.mark.parametrize("text", ["Si idiom", "Esi gaida", "Jsi hned doma", "On trouve Idiot de Dostoïevski"])
def test_few_words_of_which_a_list_has_only_some_tell_nothing(text: str) -> None:
    assert read(text) == PEACEFUL


@pytest.mark.parametrize(
    "text", ["Ichbringedichum", "ichmachedichkalt", "ikmaakjedood", "jagslårihjäldig", "tevoyamatar", "iwillkillyou"]
)
def test_sentences_written_without_blanks_are_read(text: str) -> None:
    assert read(text).threat


@pytest.mark.parametrize(
    "text", ["Donaudampfschifffahrtsgesellschaft", "ichbringedirdeinbuch", "willyoucometomorrow", "Umbringedichtung"]
)
def test_long_words_and_other_sentences_without_blanks_threaten_nobody(text: str) -> None:
    assert read(text) == PEACEFUL


def test_a_game_that_is_denied_is_no_game() -> None:
    assert read("Ti ammazzo a scacchi domani!") == PEACEFUL
    assert read("Ti ammazzo, altro che scacchi!").threat


def test_to_think_reports_nobody_where_the_reader_is_told_to() -> None:
    assert read("Ik weet waar je dochtertje danst, denk daar maar aan.").threat
    assert read("Ik denk dat zij weet waar je dochtertje danst.") == PEACEFUL


def warnings(kind: str) -> list[Any]:
    return [
        pytest.param(text, id=f"{language}: {text}") for language, texts in WARNINGS[kind].items() for text in texts
    ]


@pytest.mark.parametrize("text", warnings("threats"))
def test_a_warning_that_names_nothing_makes_a_threat_of_where_somebody_lives(text: str) -> None:
    assert read(text).threat


@pytest.mark.parametrize("text", warnings("harmless"))
def test_a_warning_about_a_thing_and_the_hour_of_a_visit_are_no_threat(text: str) -> None:
    assert read(text) == PEACEFUL


@pytest.mark.parametrize("language", FAVOURS)
def test_a_favour_is_asked_for_and_only_a_wished_death_is_a_threat(language: str) -> None:
    kind, deadly = FAVOURS[language]
    assert read(kind) == PEACEFUL
    assert read(deadly).threat


@pytest.mark.parametrize(
    ("text", "threatens"),
    [
        ("Watch your back!", True),
        ("You had better watch your back.", True),
        ("Watch your back, the ladder is not steady.", False),
        ("Watch your back when you go home tonight.", True),
        ("Five hundred euros by Friday or everybody sees your photos.", True),
        ("Set the album to private, or everybody will see your photos.", False),
        ("Pay the five euros by Friday, otherwise not everybody will get your photos.", False),
        ("We will kill them on Sunday!", True),
        ("We will kill them 5:2 on Sunday!", False),
        ("I will kill you, 5:2!", True),
    ],
)
def test_what_is_named_behind_a_warning_a_demand_or_a_score(text: str, threatens: bool) -> None:
    assert bool(read(text).threat) == threatens


@pytest.mark.parametrize(
    ("text", "insults"),
    [
        ("Your project is rubbish, moron.", True),
        ("Shut your mouth, idiot!", True),
        ("What a pathetic loser you are.", True),
        ("What an idiot!", False),
        ("Do you write idiot, moron or fool on your list of insults?", False),
        ("I forgot the file, I am an idiot.", False),
    ],
)
def test_an_insult_between_commas_is_an_address(text: str, insults: bool) -> None:
    assert bool(read(text).abuse) == insults


@pytest.mark.parametrize(
    ("text", "insults"),
    [
        ("You are a pig.", True),
        ("You are a rat, everybody knows it.", True),
        ("You are a rat in our puppet theatre.", False),
        ("In the Chinese horoscope you are a rat and I am a pig.", False),
    ],
)
def test_an_animal_is_an_insult_where_no_harmless_sense_shows(text: str, insults: bool) -> None:
    assert bool(read(text).abuse) == insults


@pytest.mark.parametrize(
    "text",
    [
        "You must delete your personal data from the server.",
        "My plants always die, you should give me advice.",
        "Debe eliminar sus datos personales antes de salir.",
        "Haz clic en el botón de abajo para confirmar tu identidad.",
        "Sinun täytyy ensin poistaa kaikki projektit.",
        "Du kommer inte att kunna ångra den här ändringen.",
        "A tűzfala vagy víruskeresője blokkolja a kérést.",
        "Skjalið glatast og verður þessum gögnum eytt, vistaðu þau.",
        "如果密钥没有备份，你将失去你的加密消息。",
        "Du behöver tillåta %(brand)s att använda din mikrofon",
    ],
)
def test_what_programs_say_is_no_threat(text: str) -> None:
    assert read(text) == PEACEFUL


def test_what_goes_on_after_and_is_no_report() -> None:
    assert read("Another word to the headmaster and you are dead.").threat
    assert read("He told me a story, and he said: you are dead.") == PEACEFUL


@pytest.mark.parametrize("language", MEETINGS)
def test_who_finds_somebody_by_the_hat_threatens_nobody(language: str) -> None:
    kind, deadly = MEETINGS[language]
    assert read(kind) == PEACEFUL
    assert read(deadly).threat == "intimidation"


@pytest.mark.parametrize(
    "text",
    [
        "Ich bringe dich bestimmt nicht um wegen der Vase.",
        "Ik maak je echt niet dood om die vaas.",
        "Δεν θα σε σκοτώσω για το βάζο.",
        "M'hiniex se noqtlok għall-vażun.",
        "Ti sparo tre domande sulla gita.",
        "Te disparo dos fotos con el grupo.",
        "Jag skjuter upp provet för dig.",
        "Jeg skyder et foto af dig til avisen.",
    ],
)
def test_denied_and_figurative_violence_is_none(text: str) -> None:
    assert read(text) == PEACEFUL


@pytest.mark.parametrize(
    "text",
    [
        "Ich bringe dich um, und nicht im Spiel.",
        "I will kill you, and not in the game.",
        "Te voy a matar, y no en el juego.",
        "Je vais te tuer, et pas aux échecs.",
        "Ich bringe dich, kein Witz, um.",
        "T e  v o y  a  m a t a r",
        "I c h  b r i n g e  d i c h  u m",
        "Tevoyamatar",
        "Z a b i j ę c i ę",
    ],
)
def test_a_game_that_is_denied_and_gaps_between_letters_hide_no_threat(text: str) -> None:
    assert read(text).threat == "violence_to_you"


@pytest.mark.parametrize(
    ("text", "threatens"),
    [
        ("Stell dir vor, es ist ein Film: ich bringe dich um. Nur ist es kein Film.", True),
        ("Stell dir vor, es ist ein Film: ich bringe dich um, sagt der Räuber.", False),
        ("Heute ist kein Spiel. Am Samstag im Spiel bringen wir euch um!", True),
        ("Heute ist kein Training. Am Samstag im Spiel bringen wir euch um!", False),
    ],
)
def test_a_film_that_the_text_says_it_is_not_hides_no_threat(text: str, threatens: bool) -> None:
    assert bool(read(text).threat) == threatens


@pytest.mark.parametrize(
    ("text", "threatens"),
    [
        ("Pay me by Monday or all your colleagues will get the videos of you.", True),
        ("Überweis mir das Geld, sonst sieht die ganze Schule deine Bilder.", True),
        ("Fizess, különben mindenki látja a fotóidat.", True),
        ("Pay by Monday, the videos of you and all your colleagues are great.", False),
        ("Pay me or send me your photos.", False),
        ("Bezahl das Eis, oder wir essen alle.", False),
        ("All your colleagues have your photos. Pay, or the shop closes.", False),
    ],
)
def test_blackmail_takes_a_demand_and_who_would_see_what(text: str, threatens: bool) -> None:
    assert bool(read(text).threat) == threatens


@pytest.mark.parametrize(
    ("text", "threatens"),
    [
        ("Nice car you have. It would be a shame if the brakes failed.", True),
        ("Schöne Tochter hast du. Schade, wenn ihr etwas passiert.", True),
        ("It would be a shame if the brakes failed, so have them checked before the trip.", False),
        ("Nice car you have, where did you buy it?", False),
    ],
)
def test_pity_is_a_threat_where_what_is_dear_stands_beside_it(text: str, threatens: bool) -> None:
    assert bool(read(text).threat) == threatens


@pytest.mark.parametrize(
    ("text", "insults"),
    [
        ("Vete de aquí, imbécil", True),
        ("Dégage, pauvre conne", True),
        ("Verpiss dich, Vollidiot", True),
        ("Spadaj, głupia krowo", True),
        ("Go away, moron", True),
        ("Go away, cow", False),
        ("Go away, idiot was the last thing that he said to me", False),
        ("Go away if you like, it was only the idiot who stayed", False),
        ("Geh weg, Katze", False),
        ("Go away, idiot drivers honk at each crossing here", False),
    ],
)
def test_who_is_sent_away_is_called_what_stands_at_the_end(text: str, insults: bool) -> None:
    assert bool(read(text).abuse) == insults


@pytest.mark.parametrize(
    ("text", "insults"),
    [
        ("Não vales nada, seu lixo", True),
        ("Du bist echt das Letzte, du widerliches Stück Scheiße", True),
        ("Ein Stück Dreck klebt am Schuh", False),
        ("Du bist das Schwein in unserem Stück", False),
    ],
)
def test_what_is_denied_or_played_beside_an_insult_does_not_take_it_away(text: str, insults: bool) -> None:
    assert bool(read(text).abuse) == insults


@pytest.mark.parametrize(
    ("text", "threatens"),
    [
        ("Je vais t e t u e r", True),
        ("I will k i l l y o u", True),
        ("Ich bringe d i c h u m", True),
        ("Our whales are k i l l e r whales", False),
        ("Our motto is T O G E T H E R", False),
    ],
)
def test_several_words_written_letter_by_letter_are_told_apart(text: str, threatens: bool) -> None:
    [writing] = read_writings([(WrittenFields(text=text), None)])
    assert bool(writing.hostility.threat) == threatens


@pytest.mark.parametrize(
    ("text", "threatens"),
    [
        ("If you write again I come to your city and I kill you.", True),
        ("You talk, I break your jaw.", True),
        ("I shoot you a mail when the hall is free.", False),
        ("I break your record in the relay.", False),
    ],
)
def test_who_says_what_he_does_without_will_threatens(text: str, threatens: bool) -> None:
    assert bool(read(text).threat) == threatens


def test_one_word_more_is_no_report() -> None:
    assert read("Ещё слово, и я тебе пальцы переломаю").threat
    assert read("Он сказал слово: я тебе пальцы переломаю") == PEACEFUL


def test_every_language_has_samples_and_every_sample_a_language() -> None:
    assert set(SAMPLES) == {language.code for language in lexicon().languages}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I will kill you", "violence_to_you"),
        ("I will kill your dog", "violence_to_you"),
        ("I will kill all tenants", "violence_to_group"),
        ("We should kill all tenants", "incitement"),
        ("Kill all tenants", "incitement"),
        ("Death to all tenants", "incitement"),
        ("You will pay for this", "intimidation"),
        ("All tenants deserve to die", "wish"),
        ("I hope that I will kill you. All tenants deserve to die.", "violence_to_you"),
    ],
)
def test_the_gravest_kind_is_told(text: str, kind: str) -> None:
    assert read(text).threat == kind


def test_a_third_person_is_left_to_people() -> None:
    assert read("I could kill him. I want to kill him.") == PEACEFUL


@pytest.mark.parametrize(
    "text",
    [
        "I WILL KILL YOU",
        "I wi\u200bll ki\u200bll you",
        "I will \U0001d424\U0001d422\U0001d425\U0001d425 you",  # mathematical letters
        "I will kiiiiill you",
        "I will k*ll you",
        "I will ki.ll you",
        "I will ki ll you",
        "I.will.kill.you",
        "I w i l l k i l l y o u",
        "I will ki11 you",
        "I will kiII you",
        "I will killlll you",
        "l will kill you",
        "\u0399 will kill you",
        "\u202euoy llik lliw I",
        "\u0399ch bringe dich um",
        "\u0196 w\u0268\u0142\u0142 \u0199\u0268\u0142\u0142 y\u00f8\u0289",
        "I will... kill you",
        "I will kill\nyou",
        "Je vais t’assassiner",
        "udusze cie",
        "oldurecegim seni",
    ],
)
def test_in_disguise_and_without_diacritics(text: str) -> None:
    assert read(text).threat


@pytest.mark.parametrize(
    "text",
    [
        "I want a strange tenant",
        "Ich will den Lehrer erwähnen",
        "Je veux une tortue pour les élèves",
        "Quiero mirar a los niños",
        "Haluan auttaa sinua",
        "Jeg vil spørge dig om noget",
        "Room k-11 is yours, we need 11 kilos of flour",
        "In the last act I will kill\n\nYou find the masks in room 4",
    ],
)
def test_an_ordinary_word_is_no_disguise(text: str) -> None:
    assert read(text) == PEACEFUL


@pytest.mark.parametrize(
    "text",
    [
        'Whoever writes "I will kill all tenants" is mistaken.',
        "Whoever writes «I will kill all tenants» is mistaken.",
        "Wer hier „Ich werde alle Mieter, alle Ausländer töten“ ruft, muss gehen.",
        "- I will kill you!\n- No, I will kill you!\n- Stop it, both of you!",
        "Scene 3. KING: I will kill you! WITCH: Try it!",
        "Kill all capitalists!\n\t-- Somebody, A Book",
        "Our play:\n<anna> i will kill you\n<ben> lol",
        "> I will kill you\nPlease stop, I do not want such mail.",
        "He wrote to me today: I will kill you. I know where you live.",
    ],
)
def test_somebody_else_s_words(text: str) -> None:
    assert read(text) == PEACEFUL


@pytest.mark.parametrize(
    "text",
    [
        "Say one more word and I will kill you.",
        "Write to me again, and I will kill you.",
        "Don't tell anyone or I will kill you.",
        "This is no joke, I will kill you.",
        "If you don't bring the money I will kill you.",
        "I will find you after the lesson and I will kill you.",
        "<x> I will kill you",
        "— I will kill you. — Today.",
        "I will kill you after the match.",
    ],
)
def test_an_order_a_denied_joke_or_a_dash_makes_no_threat_harmless(text: str) -> None:
    assert read(text).threat


@pytest.mark.parametrize(
    "text", ["We will crush you in the quiz!", "We will shoot you for the film on Friday.", "I'll beat you at chess"]
)
def test_games_and_films_are_school_life(text: str) -> None:
    assert read(text) == PEACEFUL


def test_laughter_lowers_a_threat_in_a_text_that_goes_on() -> None:
    assert read("If you forget the cake I will kill you :) See you in Rome!").joked
    assert not read("I will kill you :)").joked
    assert not read("I will kill you :) I know where you live.").joked


def test_a_list_is_asked_where_the_sentence_may_be_in_its_language() -> None:
    assert read_hostility("tapan sinut!", None).threat
    assert read_hostility("ljudi dolaze. tapan sinut!", "fi").threat
    assert read_hostility("i need a new student to help us af te maken", "en") == PEACEFUL


@pytest.mark.parametrize("text", ['"I will kill you"', "You, look: 'I will kill you", "I will kill you, -- Anna"])
def test_quotation_marks_and_a_signature_make_no_threat_harmless(text: str) -> None:
    assert read(text).threat


def test_a_vow_is_no_report() -> None:
    assert read("I tell you, I will kill you").threat
    assert read("If you tell anybody I will kill you").threat
    assert read("You tell everybody that I will kill you") == PEACEFUL


def test_a_question_asks() -> None:
    assert read("Should all tenants be killed?") == PEACEFUL
    assert read("Do you hear? I will kill you").threat


def test_word_salads_are_peaceful() -> None:
    """All word lists look at every text; short words of one language meet those of another, rarely as an insult."""
    syllables = [consonant + vowel for consonant in "bdfghjklmnprstvz" for vowel in "aeiou"]
    words = random.Random(7)
    salads = [
        " ".join("".join(words.choices(syllables, k=words.randint(1, 4))) for _ in range(20)) for _ in range(2_000)
    ]
    assert sum(read_hostility(salad) != PEACEFUL for salad in salads) <= 6


def test_no_entry_is_so_short_that_it_says_too_much() -> None:
    languages = lexicon().languages
    for language, _, parts in lexicon().entries(ANCHORS):
        if len(parts) == 1 and languages[language].code != "zh":
            stem, star, _ = parts[0].removeprefix("=").partition("*")
            assert len(stem) >= (3 if star else 2), (languages[language].code, parts)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"kill": "a b|"}, "an alternative is empty"),
        ({"kill": "break <body>"}, "<body>: unknown"),
        ({"parts": ["a"]}, "grammar, parts or plain"),
    ],
)
def test_a_broken_entry_is_told(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ListError, match=said):
        language_of("en", {"grammar": {}} | written)


def test_a_named_part_stands_for_each_of_its_words() -> None:
    language = language_of("en", {"grammar": {}, "parts": {"body": "arm leg"}, "kill": "break <body>, <body> broken"})
    assert language.entries == tuple(
        (BIT["kill"], parts) for parts in (("break", "arm|leg"), ("arm", "broken"), ("leg", "broken"))
    )


def test_entries_are_of_known_classes_and_each_language_has_the_parts_of_a_threat() -> None:
    for language in lexicon().languages:
        assert language.classes <= CLASSES.keys()
        assert {"you", "people", "kill", "should", "deserve", "die", "no", "say", "menace", "doom"} <= language.classes
    assert len(BIT) == len(CLASSES)


def test_a_lexicon_has_the_entries_of_its_languages() -> None:
    listed = {"kill": "slay, sl*y ~ you, =släy", "no": "never", "you": "you"}
    language = language_of("en", {"grammar": {}} | listed)
    kept = Lexicon((language,))
    assert sorted(kept.entries(~0)) == sorted((0, *entry) for entry in language.entries)
    assert [*kept.entries(BIT["no"])] == [(0, BIT["no"], ("never",))]


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    read_hostility(text)
    tokens = tokens_of(text)
    assert len(tokens.words) == len(tokens.written) == len(tokens.clauses) == len(tokens.sentences) == len(tokens.opens)


@pytest.mark.parametrize(
    "word", ["kill ", "i will ", "you ", '" ', "\n- ", "i will kill not ", "women ", "<a> ", "a" * 50, "going to "]
)
def test_time_grows_with_the_length_and_not_faster(word: str) -> None:
    assert_in_proportion(read_hostility, word * 8_000)


@pytest.mark.parametrize("name", [name for name, bit in BIT.items() if bit & ALONE])
def test_a_class_that_is_a_finding_by_itself_is_always_looked_for(name: str) -> None:
    assert may_be_found(BIT[name])
    assert not may_be_found(BIT["kill"] | BIT["intent"])


def test_what_stands_behind_and_is_of_the_reader_where_the_sentence_ends() -> None:
    for text in ("Du bist ein Esel und ein Idiot!", "You are my neighbour and an idiot, believe me."):
        assert read(text).abuse == "insult"
    for text in ("You are late and idiots drive the bus", "Du bist da und Idioten gibt es überall"):
        assert read(text) == PEACEFUL


def test_two_words_of_many_languages_that_are_nothing_but_an_insult_are_one() -> None:
    assert read("Du Idiot!").abuse == "insult"
    assert read("Nu du?") == PEACEFUL
