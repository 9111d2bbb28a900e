"""What is read of a written field: gaps and invisible characters hide nothing, of long texts both ends are read."""

import pytest

from models.events import WrittenFields
from text.hostility import PEACEFUL
from text.normalise import HEAD_CHARACTERS, MAX_CHARACTERS, TAIL_CHARACTERS, visible_characters
from text.reading import Writing, read_texts, read_writings
from text.written import WIDE_GAP, read_written

FLOOD = 16_000
NOTHINGS = {
    "blanks": " ",
    "line ends": "\n",
    "no-break spaces": "\xa0",
    "deletes": "\x7f",
    "zero width": "\u200b",
    "blank lines": " \n\t\r\n",
    "no-break references": "&nbsp;",
    "empty elements": "<b></b>",
    "hangul fillers": "\u3164",
    "ideographic spaces": "\u3000",
}
THREAT = "I will kill you. I know where you live."
NUMBER = "Her number is +49 171 2345678."
LINK = "https://evil-shop.com/x"


def writing(text: str) -> Writing:
    (read,) = read_writings([(WrittenFields(text=text), None)])
    return read


@pytest.mark.parametrize("name", NOTHINGS)
@pytest.mark.parametrize("where", ["before", "within", "behind"])
def test_a_flood_of_nothing_hides_nothing(name: str, where: str) -> None:
    flood = NOTHINGS[name] * FLOOD
    text = {
        "before": f"{flood}{THREAT} {NUMBER} {LINK}",
        "within": f"{THREAT} {flood} {NUMBER} {LINK}",
        "behind": f"{THREAT} {NUMBER} {LINK}{flood}",
    }[where]
    read = writing(text)
    assert read.hostility.threat
    assert [datum.mask for datum in read.personal_data] == ["[phone +49…]"]
    assert [link.host for link in read.links] == ["evil-shop.com"]
    assert "I will kill you" in read.excerpt
    assert read.text
    assert not read.text.cut


def test_copies_are_copies_whatever_flood_stands_before() -> None:
    body = "Our riding stable in the hills opens its gates for school groups and families this autumn."
    plain, *flooded = read_texts([body, *(nothing * FLOOD + body for nothing in NOTHINGS.values())])
    assert {one.digest for one in flooded} == {plain.digest}
    assert {one.signature for one in flooded} == {plain.signature}


def test_the_same_words_in_different_markup_are_copies() -> None:
    plain, tagged, referenced = read_texts(
        [
            "Our riding stable in the hills opens its gates for school groups",
            "<p>Our ri<b></b>ding st<wbr>able in the <i>hills</i> opens<span hidden> salad</span> its gates "
            "<!-- x -->for school groups</p>",
            "Our &#114;iding stable&#32;in the hills opens its gates for school groups",
        ]
    )
    assert plain.digest == tagged.digest == referenced.digest
    assert plain.signature == tagged.signature == referenced.signature


def test_columns_stay_apart() -> None:
    assert read_written("a" + " " * 60 + "b\n" + "\n" * 9 + "c").seen == f"a{WIDE_GAP}b\n\nc"
    assert not writing("Class 1" + " " * 40 + "17 23" + " " * 40 + "45 67" + " " * 40 + "12").personal_data


FILLER = "lorem ipsum dolor sit amet. "


def test_of_a_long_text_beginning_and_end_are_read() -> None:
    filler = FILLER * (60_000 // 23)
    for text in (THREAT + NUMBER + " " + filler, filler + THREAT + NUMBER):
        read = writing(text)
        assert read.text
        assert read.text.cut
        assert read.hostility.threat
        assert len(read.personal_data) == 1
        assert visible_characters(read.seen) <= MAX_CHARACTERS
    middle = writing(filler + THREAT + filler)
    assert middle.text
    assert middle.text.cut  # known: see docs/reliability.md
    assert middle.hostility == PEACEFUL


def test_a_cut_is_no_word_and_no_sentence() -> None:
    long = read_written("one two " * 3_000 + "I will kill" + " three four" * 3_000)
    assert long.cut
    head, _, tail = long.seen.partition("\n")
    assert HEAD_CHARACTERS - 60 <= visible_characters(head) <= HEAD_CHARACTERS
    assert TAIL_CHARACTERS - 60 <= visible_characters(tail) <= TAIL_CHARACTERS
    assert set(head.split()) == {"one", "two"}
    assert set(tail.split()) == {"three", "four"}
    assert not read_written("a " * MAX_CHARACTERS).cut
    assert read_written("a " * (MAX_CHARACTERS + 1)).cut


def test_a_target_is_a_place_but_no_word_of_the_text() -> None:
    read = writing(
        "<p>See <a href='https://evil-shop.com/x'>our page</a>, <a href='mailto:anna@school.eu'>write</a></p>"
    )
    plain = writing("See our page, write")
    assert [link.host for link in read.links] == ["evil-shop.com"]
    assert [datum.mask for datum in read.personal_data] == ["[e-mail]"]
    assert read.text
    assert plain.text
    assert read.text.normalised == plain.text.normalised
    assert read.text.leads_somewhere
    assert not plain.text.leads_somewhere


def test_what_stands_invisibly_within_a_text_is_known() -> None:
    assert read_written("An\u200bna").veiled
    assert read_written("An&shy;na").veiled
    assert not read_written("\ufeffAnna\u200b").veiled
    assert not read_written("می\u200cخواهم").veiled
    assert not read_written("<b>Anna</b> Meyer").veiled


def test_all_fields_are_read_each_by_itself() -> None:
    (read,) = read_writings([(WrittenFields("<b>A</b>nna", "School &amp; Co", "I <i>teach</i>"), "en")])
    assert read.seen == "Anna\nSchool & Co\nI teach"
    assert [part.seen for part in read.parts] == ["Anna", "School & Co", "I teach"]
    (nothing,) = read_writings([(WrittenFields(), None)])
    assert not nothing.parts
    assert nothing.hostility == PEACEFUL
    assert nothing.excerpt == ""
