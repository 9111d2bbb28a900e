"""Footers are known by their form, whatever their language, and nothing else is."""

import pytest

from text.footers import FOOTER_CHARACTERS, parted
from text.reading import read_texts

ABOVE = "Your pupils have drawn such lively maps of the harbour. May my fourth class answer them with a song?"
SHORT = "Kind regards,\nAnna Nowak\n\n"
FOOTERS = {
    "en": "St Brendan's School\n12 Harbour Road, Galway H91 X4Y2\nPhone: +353 91 555 012\nhttps://brendans.example\n\n"
    "This message is confidential and meant for nobody but the person to whom it is addressed. Please delete it else.",
    "pl": "Szkoła Podstawowa nr 5\nul. Szkolna 12, 20-400 Lublin\ntel. +48 81 123 45 67 | www.sp5.example\nRazem od 1956",
    "de": "--\nRosenschule\nLindenallee 4\n45127 Essen\nsekretariat@rosenschule.example\nLernen mit Kopf und Hand",
    "fr": "École des Tilleuls\n4 rue du Moulin, 69003 Lyon\nTél. 04 72 55 01 23\necole@tilleuls.example",
    "el": "12ο Δημοτικό Σχολείο Βόλου\nΑγίου Νικολάου 7, 382 21 Βόλος\nτηλ. 24210 55512\nhttp://12dim.example\n\n"
    "Το μήνυμα αυτό είναι εμπιστευτικό και απευθύνεται μόνο στον παραλήπτη του, παρακαλούμε διαγράψτε το.",
    "uk": "Ліцей №3 міста Полтава\nвул. Шкільна 8, 36000\nтел. +380 532 555 012\nlyceum3@poltava.example",
    "ro": "--\nȘcoala Gimnazială nr. 4, strada Florilor 18, Bacău, tel. 0234 555 010, www.scoala4.example. Acest mesaj este "
    "destinat exclusiv persoanei căreia îi este adresat; vă rugăm să îl ștergeți altfel.",
    "tr": "________\nCumhuriyet Ortaokulu\nOkul Sokak No 5, 35220 İzmir\n0232 555 01 23\nwww.cumhuriyet.example",
}


@pytest.mark.parametrize("language", FOOTERS)
@pytest.mark.parametrize("closing", ["", SHORT])
def test_a_footer_is_parted_from_the_text(language: str, closing: str) -> None:
    text = f"{ABOVE}\n\n{closing}{FOOTERS[language]}"
    both = parted(text)
    assert both
    assert both[0].strip() == ABOVE
    assert "".join(both) == text
    (reading,) = read_texts([text])
    assert reading.above
    assert reading.footer
    assert reading.above.digest == read_texts([ABOVE])[0].digest
    assert not reading.claimed, "a question above it does not show it as another's words"


@pytest.mark.parametrize(
    "notice",
    [
        "This e-mail is confidential. If it was not meant for you, please delete it.",
        "Acest mesaj este confidențial și se adresează numai destinatarului.",
        "Sporočilo je zaupne narave in namenjeno samo naslovniku.",
        "ეს შეტყობინება კონფიდენციალურია და მხოლოდ ადრესატისთვისაა.",
    ],
)
def test_a_notice_below_dashes_is_a_footer(notice: str) -> None:
    (reading,) = read_texts([f"May we meet on Thursday at ten?\n\n--\n{notice}"])
    assert reading.above
    assert reading.footer
    assert reading.footer.seen.strip().endswith(notice)
    assert parted(f"{ABOVE}\n\n{notice}") is None, "without dashes it may be the author's own"
    assert parted(f"{ABOVE}\n\n--\nAsk for our list of dates soon, the third day is for nothing.") is None


@pytest.mark.parametrize(
    "below",
    [
        "The bus leaves at eight from the school, and everybody brings bread.",
        "See https://maps.example/harbour for all of them.",
        "Courses for whole classes, all at half price this week!\nhttps://courses.example/schools",
        "One more question: which glue did you use, and did the bridges stand the test with the two heavy bags in the "
        "end? You reach me at anna@school.example or by phone, +353 91 555 012, and I would be glad to hear from you all.",
    ],
)
def test_what_is_no_footer_is_text(below: str) -> None:
    assert parted(f"{ABOVE}\n\n{below}") is None
    assert read_texts([f"{ABOVE}\n\n{below}"])[0].above is None


def test_a_footer_has_something_above_it_that_is_compared() -> None:
    for above in ("", "Hello Maria!\n\n"):
        (reading,) = read_texts([above + FOOTERS["fr"]])
        assert reading.above is None


def test_what_is_too_long_is_no_footer() -> None:
    long = f"{FOOTERS['fr']}\n\n" + "Notice of the school to all who read it. " * (FOOTER_CHARACTERS // 40)
    assert parted(f"{ABOVE}\n\n{long}") is None
