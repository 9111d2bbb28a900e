"""What is personal data, in the forms and languages in which people give it away. All values are made up or examples."""

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from text.personal_data import Kind, Standing, addresses, find_personal_data, national_ids
from text.personal_data.folding import fold, folded_form
from text.personal_data.marks import may_spell_a_number
from text.reading import Writing, read_texts


def kinds(text: str, language: str | None = None) -> list[str]:
    return [datum.kind.value for datum in find_personal_data(text, language)]


def shown(text: str) -> list[str]:
    return [text[datum.start : datum.end] for datum in find_personal_data(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Ring me: +44 20 7946 0958",
        "+49 (0)30 901820",
        "(+351) 912 345 678",
        "(351) 912 345 678",
        "0033 1 23 45 67 89",
        "tel:+48-22-123-45-67",
        "Sie erreichen mich unter 030 90182014 oder mobil.",
        "Mi móvil es el 612 345 987",
        "Moje číslo je 601 723 456",
        "Мій номер 050 123 4567",
        "Мой телефон 8 (912) 345-67-89",
        "Το κινητό μου: 6912345789",
        "Numaram 0532 213 00 00",
        "Beni 0212 345 67 89 numarasından arayın",
        "ჩემი ნომერია 555 12 34 56",
        "Իմ համարն է 077 123456",
        "رقمي هو ٠٧٩ ٠١٢ ٣٤٥٦",
        "המספר שלי 050-234-5678",
        "Call (202) 555-0143 x12",
        "001-202-555-0143",
        "06 12 34 56 78",
        "Zadzwoń: 512.345.678",
        "whatsapp ０６１２３４５６７８",
        "📞 6\u200b1\u200b2\u200b3\u200b4\u200b5\u200b9\u200b8\u200b7",
        "https://wa.me/4915123456789",
        "A számom 06 20 123 4567",
        "Mitt nummer är 070-123 45 67",
        "My number is 64/123 4567",
        "Πάρτε τη Μαρία Παπακωνσταντίνου στο σπίτι: 6972 123 456",
    ],
)
def test_phones(text: str) -> None:
    assert kinds(text) == ["phone"]


def test_the_language_says_whose_groups_these_are() -> None:
    assert kinds("Jens 32 12 86 78 venter", "da-DK") == ["phone"]
    assert kinds("Jens 32 12 86 78 venter", "es") == []


def test_a_list_of_phones_is_several() -> None:
    assert shown("Tel. 030 90182014 / 0171 2345678, fax +49 30 90182015") == [
        "030 90182014",
        "0171 2345678",
        "+49 30 90182015",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111",
        "my card 5555-5555-5555-4444 12/29",
        "3782 822463 10005",
        "6011111111111117",
        "4111.1111.1111.1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "４１１１ １１１１ １１１１ １１１１",
        "2223003122003222",
        "2200 1234 5678 9019",
        "card 4222222222222",
        "my card:\n4111\n1111\n1111\n1111\nvalid until May",
        "4111 · 1111 · 1111 · 1111",
        "5555*5555*5555*4444",
        "my card is 5555 | 5555 | 5555 | 4444",
        "my card: 3782 - 822463 - 10005",
    ],
)
def test_cards(text: str) -> None:
    assert kinds(text) == ["card"]


def test_a_list_of_numbers_a_line_is_no_card() -> None:
    assert kinds("Votes:\n1234\n4111\n1111\n1111\n1111") == []
    assert kinds("Votes:\n4111\n1111\n1111\n1111\n1234") == []


def test_a_row_of_a_table_is_no_card() -> None:
    for between in (", ", " | ", "     ", " - "):
        assert kinds("Votes: " + between.join(["5555", "5555", "5555", "4444"])) == []
    assert kinds("Votes: 12 · 5555 · 5555 · 5555 · 4444") == []
    assert kinds("Votes: 5555 · 5555 · 5555 · 4444 · 12") == []


def test_an_account_in_groups_with_signs_between() -> None:
    assert kinds("DE89 · 3704 · 0044 · 0532 · 0130 · 00") == ["iban"]
    assert kinds("DE89|3704|0044|0532|0130|00") == ["iban"]


@pytest.mark.parametrize(
    "text",
    [
        "DE89 3704 0044 0532 0130 00",
        "IBAN:FR1420041010050500013M02606.",
        "gb82west12345698765432",
        "PL61-1090-1014-0000-0712-1981-2874",
        "ＤＥ８９370400440532013000",
        "MT84MALT011000012345MTLCAST001S bitte",
        "NL91 ABNA 0417 1643 00 ten name van",
    ],
)
def test_ibans(text: str) -> None:
    assert kinds(text) == ["iban"]


@pytest.mark.parametrize(
    "text",
    [
        "anna.kowalska@school.example",
        "Anna (at) schule (dot) de",
        "anna[at]scuola.it",
        "write to anna AT gmail DOT com",
        "anna.k @ wp.pl",
        "anna arroba escuela punto es",
        "anna＠school．eu",
        "an\u200bna@school.eu",
        "иван@пример.рф",
        "(anna@school.eu)",
        "mailto:anna@school.eu,",
        "Anna Kowalska <anna@school.eu>",
        "- Anna Kowalska (anna@school.eu), biology",
    ],
)
def test_emails(text: str) -> None:
    assert [(d.kind, d.standing) for d in find_personal_data(text)] == [(Kind.EMAIL, Standing.PERSONAL)]


@pytest.mark.parametrize(
    "address", ["info@school.eu", "Sekretariat@schule.de", "teachers-list@school.eu", "a@lists.school.eu"]
)
def test_an_office_may_be_known(address: str) -> None:
    assert [d.standing for d in find_personal_data(f"Ask {address}")] == [Standing.OFFICE]


@pytest.mark.parametrize(
    "text",
    [
        "From: Anna <anna@school.eu>\nSubject: bees",
        "> write to anna@school.eu\nI shall",
        "-!- anna (anna@host.school.eu) came",
        "Anna Nowak <anna@school.eu> wrote:\n> yes",
        "Am 5. Mai schrieb Anna <anna@school.eu>:",
        "anna [anna@host.school.eu] has joined #bees",
        "09:30 <anna> mail me at anna@school.eu",
        "Bees are brave.\n\t-- Anna Nowak <anna@school.eu>",
        "Anna Nowak <anna@school.eu> zeznaje:\n> yes",
        "anna (anna@school.eu) wrote:\n: yes",
        "bees [(c) 2001\nAnna Nowak <anna@school.eu>], small ones",
        "#bees JOIN anna (~anna@host.school.eu)",
    ],
)
def test_a_quotation_has_a_source(text: str) -> None:
    assert [d.standing for d in find_personal_data(text)] == [Standing.ATTRIBUTION]


@pytest.mark.parametrize(
    "text",
    [
        "codice fiscale RCCMNL83S18D969H",
        "131052-308T",
        "rodné číslo 7103192745",
        "710319/2745",
        "85.07.30-033.28",
        "756.9217.0769.85",
        "PESEL 44051401359",
        "BSN: 111222333",
        "DNI 54362315K",
        "X2482300W",
        "ЕГН 7523169263",
        "2 95 10 99 126 111 93",
        "15108695088",
        "1630615123457",
        "0101006500006",
        "TC kimlik no 17291716060",
        "My PPS number is 6433435F",
        "ΑΜΚΑ 01013099997",
        "isikukood: 36805280109",
    ],
)
def test_national_identifiers(text: str) -> None:
    assert kinds(text) == ["national_id"]


@pytest.mark.parametrize(
    "text",
    [
        "3400 bees on SATA\n18:54 <@bob> pl.bees.hive\n18:55 <@anna> yes",  # a newsgroup, and no plac
        "We shall close 4711 as the same as 4712",
    ],
)
def test_what_only_looks_like_an_address(text: str) -> None:
    assert find_personal_data(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Schreibt an Lena Hoffmann, Lindenstraße 12, 10969 Berlin",
        "12 rue de la Paix, 75002 Paris",
        "Calle de Alcalá, 25, 28014 Madrid",
        "via Garibaldi 8, 00153 Roma",
        "ul. Długa 5/7, 00-238 Warszawa",
        "1052 Budapest, Váci utca 12.",
        "Rua Augusta nº 10, 1100-048 Lisboa",
        "I live at 12 Old Mill Street",
        "She lives at 12 Old Mill Street, London SW1A 1AA",
        "адрес: ул. Пушкина, д. 10, 101000 Москва",
        "Moje adresa: Lipová 12, 110 00 Praha",
        "Atatürk Caddesi No: 12, 34000 İstanbul",
        "Storgatan 4, 111 22 Stockholm",
    ],
)
def test_addresses(text: str) -> None:
    assert [(d.kind, d.standing) for d in find_personal_data(text)] == [(Kind.ADDRESS, Standing.PERSONAL)]


def test_where_a_school_stands_may_be_known() -> None:
    found = find_personal_data("Our school: Lindenstraße 12, 10969 Berlin")
    assert [d.standing for d in found] == [Standing.OFFICE]


@pytest.mark.parametrize(
    "text",
    [
        # calendars and clocks
        "The trip is on 12.05.2024, 09.30-16.00",
        "12.-14.05.2024 and 01.09.2023-30.06.2024",
        "1939-1945, 2019/2020, 2019 2020 2021",
        "2024-05-17T10:15:30+02:00, IMG_20240517_101530",
        "My number is 2019-12-01",
        "My number is 20191201",
        "My number is 1975-2003",
        # money and amounts
        "My number is 5 812,20 €",
        "1 250 000 Ft, $1,234,567.89, 1.234.567,89 €",
        "8 804 190 inhabitants, 5000000 downloads",
        "100 000 000",
        "299 792 458 m/s",
        # books, projects, codes
        "ISBN 978-3-16-148410-0, 0-306-40615-2; ISSN 0378-5955",
        "see 0-28-735568-3 for more",
        "My number is 978-3-16-148410-0",
        "2023-1-FR01-KA220-SCH-000123456",
        "My number is #3600140",
        "Order number 12345678, invoice 2024-00123456",
        "Nr. de înregistrare 0745/218/903",
        "Mijn reserveringsnummer is 0612345678",
        "Le numéro de réservation est le 06 12 34 56 78.",
        "Vårt bokningsnummer är 0701234567.",
        "PIC 999987654, OID E10123456, VAT DE123456789",
        "EAN 4006381333931",
        "ORCID 0000-0002-1825-0097",
        "123e4567-e89b-12d3-a456-426614174000",
        # machines and the web
        "192.168.100.200:8080, version 10.0.19045.3803",
        "https://video.example/watch?v=1234567890123&t=12345678",
        "Zoom meeting ID: 812 3456 7890, passcode 123456",
        "follow @anna_12345678 and @user@mastodon.social",
        "git@github.com:foo/bar.git, react@18.2.0, logo@2x.png",
        "see you @ museum.de, look at example.com, at some point at home",
        # places and sums
        "48.856614, 2.352222",
        "50° 04' 15.4\" N 14° 26' 34.2\" E",
        "12345678 * 9 = 111111102",
        "3.14159265358979",
        "1 2 3 4 5 6 7 8 9 10 11 12",
        "01 02 03 04 05",
        "Bus 100 at 10:30, 200 at 11:30",
        # wrong check digits
        "4111 1111 1111 1112",
        "Order 1234 5678 9012 3456",
        "DE88 3704 0044 0532 0130 00",
        "PESEL 44051401358",
        "Batch 710319/2746 of seeds",
        # streets in stories
        "We met in Baker Street in 2019 and went to Hauptstraße 12.",
        "",
    ],
)
def test_lookalikes_are_nobodys(text: str) -> None:
    assert kinds(text) == []


def test_nothing_is_found_twice() -> None:
    text = "Anna, +49 171 2345678, anna@school.eu, DE89 3704 0044 0532 0130 00, 4111 1111 1111 1111"
    assert kinds(text) == ["phone", "email", "iban", "card"]
    assert shown(text) == ["+49 171 2345678", "anna@school.eu", "DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111"]


def test_spans_point_into_the_text_as_it_was_written() -> None:
    text = "e\u0301 \u200b\u202e mail \u200bme: an\u200bna@school.eu \u200b!"
    assert shown(text) == ["an\u200bna@school.eu"]


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("+49 171 2345678", "[phone +49…]"),
        ("Tel. 0171 2345678", "[phone …]"),
        ("DE89370400440532013000", "[IBAN DE…]"),
        ("4111111111111111", "[card]"),
        ("anna@school.eu", "[e-mail]"),
        ("710319/2745", "[national id CZ/SK…]"),
    ],
)
def test_masks_tell_the_kind_and_no_more(text: str, mask: str) -> None:
    assert [datum.mask for datum in find_personal_data(text)] == [mask]


def test_a_flood_of_numbers_is_read_in_part() -> None:
    assert len(find_personal_data("+4915123456789 " * 5000)) == 60
    ids = "+4915123456789 " * 5000 + "DE89 3704 0044 0532 0130 00"
    assert find_personal_data(ids)[-1].kind == "iban"


PIECES = [
    "+49",
    "0171",
    "2345678",
    "4111",
    "1111",
    "DE89",
    "a@b.de",
    "@",
    ".",
    "-",
    " ",
    "\n",
    "(",
    ")",
    "12",
    "x",
    "é",
    "\u200b",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=40).map("".join))
def test_any_text_is_read_in_order_and_without_overlaps(text: str) -> None:
    found = find_personal_data(text)
    assert all(0 <= d.start < d.end <= len(text) for d in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert find_personal_data(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "A TAJ számom 123 456 788",
        "Meng Matricule ass 1982 0514 12345",
        "ჩემი პირადი ნომერია 01024012345",
        "Numri personal: I20514081V",
        "СНИЛС 112-233-445 95",
        "Ο ΑΦΜ μου είναι 123456789",
        "الرقم الوطني 9821451234",
        "My passport number is AB1234567",
        "Numer paszportu: EA 1234567",
        "Паспорт 4510 123456",
        "Passinumeroni on PX1234567",
        "A személyi igazolvány számom 123456AB",
    ],
)
def test_numbers_without_known_check_digits_are_what_the_words_say(text: str) -> None:
    assert kinds(text) == ["national_id"]


@pytest.mark.parametrize(
    "text",
    [
        "Europass language passport 2024, 12 pages",
        "In 1989 his passport was taken; 250 000 people left",
        "Bring your passport on 12.05.2024 at 10:30, flight LH 1826",
        "A TAJ számom 123 456 789",
    ],
)
def test_a_word_for_a_document_alone_makes_no_number_one(text: str) -> None:
    assert "national_id" not in kinds(text)


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("my number is o six one two three four five six seven", True),
        ("o seven 12 three and four five six", True),
        ("one two three little stars", False),
        ("one morning, two lessons, three teachers, four pupils, five letters, six gardens, seven", False),
        ("07 12 34 56 78", False),
        ("sieben acht neun, dann 4 5 6 7", True),
    ],
)
def test_a_number_may_be_spelt_where_digits_stand_close_together(text: str, *, may: bool) -> None:
    assert may_spell_a_number(text) is may


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (
            "Ihre Nummer: null eins sechs, dreiundzwanzig, fünfundvierzig, sechs",
            "null eins sechs, dreiundzwanzig, fünfundvierzig, sechs",
        ),
        ("Son numéro : zéro sept, vingt-deux, trente, onze", "zéro sept, vingt-deux, trente, onze"),
        ("Il cellulare: tre tre otto, ventuno, quarantotto, undici", "tre tre otto, ventuno, quarantotto, undici"),
        ("Haar nummer is nul zes, eenentwintig, veertig, negen", "nul zes, eenentwintig, veertig, negen"),
        (
            "Zadzwoń do niej: pięć zero jeden, dwieście sześć, czterdzieści",
            "pięć zero jeden, dwieście sześć, czterdzieści",
        ),
        ("Її номер: сімдесят сім, сто два, п'ятдесят", "сімдесят сім, сто два, п'ятдесят"),
        ("Ring hennes nummer: noll sju noll, tjugotvå, femtio", "noll sju noll, tjugotvå, femtio"),
        ("Call her: oh seven seven, forty-two, ninety, eleven", "oh seven seven, forty-two, ninety, eleven"),
    ],
)
def test_numbers_beyond_nine_are_dialled_as_well(text: str, number: str) -> None:
    assert shown(text) == [number]
    [reading] = read_texts([text])
    assert [text[datum.start : datum.end] for datum in Writing(text=reading).personal_data] == [number]


@pytest.mark.parametrize(
    "text",
    [
        "My number game: ten, twenty, thirty, forty, fifty",
        "Call out: eleven, twelve, thirteen, fourteen, fifteen",
        "Ruft: hundert Bälle, zwanzig Seile, zwölf Matten und dreißig Kegel",
        "Her number is twelve of thirty",
    ],
)
def test_who_counts_gives_no_number_away(text: str) -> None:
    assert shown(text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("她的手机号是13912345678，请打给她", ["13912345678"]),
        ("携帯番号は080-1234-5678です", ["080-1234-5678"]),
        ("共有12345678人参加", []),
        ("预算为12345678元", []),
    ],
)
def test_numbers_between_characters_without_blanks(text: str, number: list[str]) -> None:
    assert shown(text) == number


def test_a_text_is_folded_character_by_character() -> None:
    for character in map(chr, range(0x1000)):
        assert fold(f"a{character}b").text == f"a{folded_form(character) or ''}b", hex(ord(character))


@pytest.mark.parametrize("form", [form for form in national_ids._FORMS if form.digits], ids=lambda form: form.country)
def test_no_national_number_has_fewer_digits_than_its_form_says(form: Any) -> None:
    @settings(max_examples=30, deadline=None)
    @given(st.from_regex(form.pattern))
    def has_enough(text: str) -> None:
        number = form.pattern.search(text)
        assert number
        assert national_ids._ENOUGH[form.digits].search(number[0]), number[0]

    has_enough()


STREET_WORDS = [
    re.sub(r"\\(\.)\??", r"\1", one)
    for listed in (addresses._BEFORE_NAME, addresses._AFTER_NAME, addresses._ENGLISH, addresses._WITHIN_NAME)
    for one in listed.split("|")
]
AROUND_A_STREET = [
    "Anna",
    "mia",
    "12",
    "5b",
    " ",
    " ",
    ", ",
    ".",
    "-",
    "nr",
    "č. ",
    "№",
    "n°",
    "İ",
    "ı",
    "K",
    "„",
    "'",
    "ſ",
]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(STREET_WORDS).flatmap(lambda word: st.sampled_from([word, word.upper(), word.title()])),
            st.sampled_from(AROUND_A_STREET),
        ),
        max_size=8,
    ).map("".join)
)
@example("SOKAĞI 12")
@example("Lipa SOKAĞI No 12")
@example("Lindenstraßenr. 12")
@example("ul.Krótka 5")
@example("rueVictor 5")
@example("12 Old Mill Street")
def test_no_street_is_passed_over(window: str) -> None:
    if any(pattern.search(window) for pattern in addresses._STREETS):
        assert addresses._may_name_a_street(window)
