"""Greetings, closings and quoted replies in the languages of the network."""

import pytest

from text.normalise import undisguise
from text.normalise_letters import drop_closing, drop_greeting

GREETED = {
    "ar": ("مرحبا {}، {}", "سارة"),
    "az": ("Salam {}! {}", "Leyla"),
    "be": ("Добры дзень, {}! {}", "Алеся"),
    "bg": ("Здравейте, {}! {}", "Иване"),
    "bs": ("Dobar dan {}, {}", "Amina"),
    "ca": ("Benvolguda {}, {}", "Montserrat"),
    "cs": ("Dobrý den, {}, {}", "Jano"),
    "da": ("Kære {}, {}", "Søren"),
    "de": ("Sehr geehrte {}, {}", "Frau Dr. Müller"),
    "el": ("Αγαπητή {}, {}", "Ελένη"),
    "en": ("Dear {}, {}", "Professor Anna Maria Weber"),
    "es": ("Estimado {}: {}", "José Luis"),
    "et": ("Tere {}! {}", "Kadri"),
    "eu": ("Kaixo {}, {}", "Ane"),
    "fi": ("Hyvää päivää {}, {}", "Aino"),
    "fr": ("Bonjour {}, {}", "Jean-Pierre"),
    "ga": ("A chara {}, {}", "Niamh"),
    "hr": ("Poštovana {}, {}", "Ivana"),
    "hu": ("Kedves {}! {}", "Eszter"),
    "hy": ("Բարև {}, {}", "Անի"),
    "is": ("Sæl {}, {}", "Guðrún"),
    "it": ("Gentile {}, {}", "professoressa Rossi"),
    "ka": ("გამარჯობა {}, {}", "ნინო"),
    "lb": ("Moien {}, {}", "Marc"),
    "lt": ("Laba diena, {}, {}", "Rasa"),
    "lv": ("Labdien, {}! {}", "Jāni"),
    "mk": ("Почитувана {}, {}", "Елена"),
    "mt": ("Għażiż {}, {}", "Ġorġ"),
    "nl": ("Beste {}, {}", "Sanne"),
    "no": ("Hei {}, {}", "Ingrid"),
    "pl": ("Szanowna Pani {}, {}", "Kowalska"),
    "pt": ("Olá {}, {}", "Inês"),
    "ro": ("Bună ziua, {}, {}", "Ioana"),
    "ru": ("Здравствуйте, {}! {}", "Мария"),
    "sk": ("Dobrý deň, {}, {}", "Zuzana"),
    "sl": ("Pozdravljena {}, {}", "Maja"),
    "sq": ("Përshëndetje {}, {}", "Arta"),
    "sr": ("Поштовани {}, {}", "Милане"),
    "sv": ("Hej {}! {}", "Åsa"),
    "tr": ("Merhaba {}, {}", "Ayşe Hanım"),
    "uk": ("Вітаю, {}! {}", "Олено"),
}
CLOSED = {
    "ar": "مع تحياتي",
    "az": "Hörmətlə",
    "be": "З павагай",
    "bg": "С уважение",
    "bs": "Srdačan pozdrav",
    "ca": "Salutacions cordials",
    "cs": "S pozdravem",
    "da": "Med venlig hilsen",
    "de": "Mit freundlichen Grüßen",
    "el": "Με εκτίμηση",
    "en": "Best regards",
    "es": "Un cordial saludo",
    "et": "Parimate soovidega",
    "eu": "Adeitasunez",
    "fi": "Ystävällisin terveisin",
    "fr": "Cordialement",
    "ga": "Le meas",
    "hr": "S poštovanjem",
    "hu": "Üdvözlettel",
    "hy": "Հարգանքով",
    "is": "Bestu kveðjur",
    "it": "Cordiali saluti",
    "ka": "პატივისცემით",
    "lb": "Mat frëndleche Gréiss",
    "lt": "Pagarbiai",
    "lv": "Ar cieņu",
    "mk": "Со почит",
    "mt": "Tislijiet",
    "nl": "Met vriendelijke groet",
    "no": "Vennlig hilsen",
    "pl": "Z poważaniem",
    "pt": "Com os melhores cumprimentos",
    "ro": "Cu stimă",
    "ru": "С уважением",
    "sk": "S úctou",
    "sl": "Lep pozdrav",
    "sq": "Me respekt",
    "sr": "С поштовањем",
    "sv": "Vänliga hälsningar",
    "tr": "Saygılarımla",
    "uk": "З повагою",
}
BODY = "42 swans on 7 lakes."


@pytest.mark.parametrize("language", GREETED)
def test_a_greeting_and_its_addressee_are_dropped(language: str) -> None:
    pattern, name = GREETED[language]
    assert drop_greeting(undisguise(pattern.format(name, BODY))).strip(" ,!:،") == BODY


@pytest.mark.parametrize("language", CLOSED)
def test_a_closing_and_its_sender_are_dropped(language: str) -> None:
    for ending in (
        f" {CLOSED[language]}, Anna Novak",
        f"\n{CLOSED[language]}\nAnna Novak, school 5",
        f" {CLOSED[language]}!",
    ):
        assert drop_closing(undisguise(BODY + ending)).strip() == BODY


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("hello everyone we are here", "we are here"),
        ("hello! we are here", "we are here"),
        ("hi anna. we are here", "we are here"),
        ("dear mr. brown, we are here", "we are here"),
        ("dear colleagues and friends, we are here", "we are here"),
        ("hello\nwe are here", "we are here"),
        ("🎉 hello anna, we are here", "we are here"),
        ("hello hello dear anna, we are here", "we are here"),
    ],
)
def test_where_a_greeting_ends(text: str, left: str) -> None:
    assert drop_greeting(text).strip(" ,!.\n") == left


@pytest.mark.parametrize(
    "text",
    ["we say hello to everyone", "the dear old school", "bonjourno is no word", "", "42", "!!!"],
)
def test_what_begins_otherwise_keeps_its_words(text: str) -> None:
    assert drop_greeting(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "she thanks all of you for coming",
        "it is best to wait",
        "with love and patience we teach children",
        "best regards",
    ],
)
def test_words_of_closings_within_a_sentence_stay(text: str) -> None:
    assert drop_closing(text) == text
