"""The signs of selling in a text: which they are, what they add up to, and what takes them back."""

from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from tests.growth import assert_in_proportion
from text.commerce import CommerceReading, _Lexicon, _lexicon, _lists, _phrases_in, commerce_of
from text.reading import Writing, read_texts

SCHOOL_SITES = frozenset({"edu.pl", "youtube.com"})


def read(written: str) -> CommerceReading:
    return commerce_of(written, read_texts([written])[0].undisguised, SCHOOL_SITES)


def names(written: str) -> set[str]:
    return {sign.name for sign in read(written).signs}


@pytest.mark.parametrize(
    ("written", "sign"),
    [
        ("You have won a holiday", "prize"),
        ("Vous avez été sélectionné pour un cadeau", "prize"),
        ("Earn 500 euro a week", "earnings"),
        ("Заработок в интернете от 500", "earnings"),
        ("Sofortkredit, schnell und einfach", "finance"),
        ("Order now", "buy"),
        ("Jetzt bestellen", "buy"),
        ("20 % off", "discount"),
        ("İndirim başladı", "discount"),
        ("Call 020 7946 0000 today", "call"),
        ("Ring 0900 123456", "premium number"),
        ("Txt ROSE to 81234", "short code"),
        ("1.50 £ per message", "rate"),
        ("It costs 1 200,50 zł", "price"),
        ("usd 1.200", "price"),
        ("Write me on WhatsApp", "handle"),
        ("https://t.me/somebody", "handle"),
        ("https://bit.ly/3abc", "short link"),
        ("https://example.com/shop/bags", "shop link"),
        ("https://example.com/?aff=anna", "referral link"),
        ("https://example.casino/", "trading domain"),
        ("https://example.com/", "link"),
        ("Online casino with free spins", "gambling"),
        ("Hot sexy girls webcam", "adult"),
        ("Buy viagra without prescription", "medicine"),
        ("Buy real followers for your page", "fakes"),
        ("Free delivery this week", "free"),
        ("Only today, last chance", "urgency"),
        ("Reply YES to join", "reply"),
        ("T&Cs apply", "terms"),
        ("Verify your account now", "account"),
        ("Work from home, no experience needed", "job"),
        ("A flat for rent in the centre", "let"),
        ("Send me a private message for orders", "private"),
        ("Private tuition available in Leeds", "lessons"),
        ("The guide takes 30 euros an hour", "hourly"),
        ("Our company offers translations", "seller"),
        ("Price list on request", "pitch"),
        ("Try our program free until June", "trial"),
        ("Price list on request, we deliver to your school", "addressed"),
        ("Click here", "visit"),
        ("Check out my channel", "own"),
        ("Subscribe to my channel", "follow"),
        ("BUY NOW THE BEST TABLETS IN TOWN!!!", "shouting"),
        ("Beware of this scam", "warning"),
    ],
)
def test_each_sign_is_known_by_its_phrases_and_links(written: str, sign: str) -> None:
    assert sign in names(written)


@pytest.mark.parametrize(
    "written",
    [
        "Tá mé ag díol málaí, ach 20 euro, scríobh chugam ar WhatsApp inniu amháin.",
        "Airgead le tuilleamh: tuill 300 euro sa lá sa bhaile, gan taithí, cliceáil anseo",
        "Qed inbigħ boroż, 20 ewro, ibgħatli messaġġ fuq WhatsApp, illum biss.",
        "Aqla' 300 ewro kuljum mid-dar, mingħajr esperjenza, ikklikkja hawn",
        "Ze verkafen: meng Täsch, nëmmen 20 Euro, schreift mir op WhatsApp, nëmmen haut.",
        "Verdéngt 300 Euro den Dag vun doheem, ouni Erfarung, klickt hei",
        "Gwersi mathemateg preifat, £25 yr awr, ffoniwch 07700 900123.",
        "Beic bron yn newydd ar werth, £150, casglu o Aberystwyth, anfonwch neges.",
        'שיעורים פרטיים במתמטיקה, 120 ש"ח לשעה, התקשרו 052-1234567.',
        'למכירה אופניים כמעט חדשים, 600 ש"ח, איסוף מחיפה, כתבו לי בפרטי.',
        "تدریس خصوصی ریاضی، ساعتی ۲۰۰ هزار تومان، تماس: ۰۹۱۲۱۲۳۴۵۶۷.",
        "با روزی دو ساعت کار در خانه ماهی ۲۰ میلیون تومان درآمد داشته باش، خصوصی پیام بده.",
    ],
)
def test_offers_in_languages_whose_lists_are_short(written: str) -> None:
    assert read(written).points > 6


ADS: dict[str, str] = yaml.safe_load(Path("benchmarks/near_duplicates.yaml").read_text("utf-8"))["seeds"]


@pytest.mark.parametrize("language", ADS)
def test_who_offers_schools_a_first_month_for_nothing_sells_in_every_language(language: str) -> None:
    assert {"seller", "trial"} <= strong(ADS[language])


@pytest.mark.parametrize(
    ("written", "sign", "words"),
    [
        ("您好，出售旧书，需要的请联系", "sale", "出售"),
        ("家庭教師をしています", "lessons", "家庭教師"),
        ("यह किताब बिकाऊ है", "buy", "बिकाऊ"),
    ],
)
def test_words_without_blanks_and_vowels_that_are_marks_are_read(written: str, sign: str, words: str) -> None:
    assert sign in names(written)
    assert words in read(written).words


def test_a_sign_of_another_script_takes_no_disguise_back() -> None:
    written = "b.u.y n0w ch3ap t4blets 好"
    assert "buy" in names(written)


@pytest.mark.parametrize(
    "price", ["50元", "3万円", "40 de lei", "15-il ewro", "200 रुपये", "10 ευρώ", "20 тыс. руб", "100 ezer forint"]
)
def test_prices_as_languages_write_them(price: str) -> None:
    assert "price" in names(price)


@pytest.mark.parametrize("text", ["出售", "बिकाऊ"])
def test_a_script_whose_words_the_rows_do_not_tell_is_read_always(text: str) -> None:
    [reading] = read_texts([text])
    assert Writing(text=reading).commerce(frozenset()).signs


@pytest.mark.parametrize(
    ("lessons", "second_hand"),
    [
        ("I tutor physics online, 18 euros an hour.", "Used laptop for sale, 200 euros, I can ship it."),
        ("Gebe Nachhilfe in Physik, 18 Euro die Stunde.", "Verkaufe gebrauchtes Tablet, 90 Euro, Versand möglich."),
        ("Do ripetizioni di greco, 15 euro all'ora.", "Vendo tablet usato, 90 euro, spedisco in tutta Italia."),
        ("Dou explicações de química, 12 euros por hora.", "Vendo bicicleta usada, 90 euros, envio para todo o lado."),
        ("Doučuji fyziku, 250 Kč za hodinu.", "Prodám ojetý notebook, 3000 Kč, pošlu poštou."),
        ("Vedu privačias fizikos pamokas, 15 eurų už valandą.", "Parduodu naudotą planšetę, 90 eurų."),
        ("Inštruiram fiziko, 12 evrov na uro.", "Prodam rabljeno kolo, 90 evrov, pošljem po pošti."),
        ("Држам часови по физика, 500 денари за час.", "Продавам половен лаптоп, 9000 денари."),
        ("Fizika özel dersi veriyorum, saati 300 TL.", "Satılık ikinci el tablet, 2000 TL, kargoyla gönderirim."),
        ("ვამზადებ ფიზიკაში, საათი 25 ლარი.", "იყიდება მეორადი ლეპტოპი, 400 ლარი."),
    ],
)
def test_lessons_for_pay_and_what_is_sold_second_hand_are_offers(lessons: str, second_hand: str) -> None:
    assert len(strong(lessons)) >= 2 and read(lessons).points > 6
    assert len(strong(second_hand)) >= 2 and read(second_hand).points > 6


def strong(written: str) -> set[str]:
    return {sign.name for sign in read(written).signs if sign.points > 0 and sign.apart} - {"price"}


@pytest.mark.parametrize(
    "written",
    [
        "I teach maths and physics online, 20 hours a week.",
        "Dou aulas de inglês a quatro turmas.",
        "Predau limba engleză, am 18 ore pe săptămână.",
        "Држам часови по музичко во две училишта.",
        "Jeg underviser i matematik og fysik i 8. klasse.",
        "Ora facciamo merenda, e poi torniamo in classe.",
    ],
)
def test_who_says_what_she_teaches_offers_nothing(written: str) -> None:
    assert names(written).isdisjoint({"lessons", "hourly"})


@pytest.mark.parametrize(
    "written",
    [
        "Cosnaíonn na ticéid don mhúsaem 5 euro an dalta, íoc leis an múinteoir.",
        "Il-biljetti tal-mużew jiswew 5 ewro kull student.",
        "D'Ticketen fir de Musée kaschten 5 Euro pro Schüler.",
        "Mae tocyn i'r amgueddfa yn costio £3 y disgybl, ac athrawon am ddim.",
        'כרטיס למוזיאון עולה 15 ש"ח לתלמיד, מורים נכנסים חינם.',
        "بلیت موزه برای هر دانش‌آموز ۱۰ هزار تومان است و معلم‌ها رایگان وارد می‌شوند.",
    ],
)
def test_a_class_at_a_museum_pays_in_languages_whose_lists_are_short(written: str) -> None:
    assert read(written).points == 0


@pytest.mark.parametrize("written", ["", "Hello", "Let us meet on Monday at 10.30", "2026", "www", "🔗"])
def test_most_texts_have_no_sign(written: str) -> None:
    assert read(written) == CommerceReading(0.0, (), ())


def test_points_add_up_heaviest_first() -> None:
    reading = read("20 % off, order now: https://example.com")
    assert [sign.name for sign in reading.signs] == ["buy", "discount", "link"]
    assert reading.points == sum(sign.points for sign in reading.signs)
    assert [link.domain for link in reading.links] == ["example.com"]


def test_disguise_does_not_help() -> None:
    assert "buy" in names("ORD\u200bER N\u200bOW")
    assert "buy" in names("ｏｒｄｅｒ ｎｏｗ")


def test_signs_of_different_languages_are_not_added_up() -> None:
    assert names("Jetzt bestellen") == {"buy"}
    assert names("Jetzt bestellen. You have won a holiday") in ({"buy"}, {"prize"})


def test_words_may_stand_between_where_a_phrase_allows_it_and_only_so_many() -> None:
    assert "terms" in names("cancel ein zwei drei anytime")
    assert "terms" not in names("cancel ein zwei drei vier anytime")


def test_links_to_harmless_places_are_no_signs_but_are_read() -> None:
    reading = read("https://www.youtube.com/watch?v=1 and https://sp1.edu.pl/oferta")
    assert reading.signs == ()
    assert len(reading.links) == 2


def test_what_school_life_costs_is_no_price() -> None:
    assert "price" in names("It costs 20 €")
    assert names("It costs 20 € per pupil, the bus is free of charge") == set()


@pytest.mark.parametrize(
    "written",
    [
        "Limited places! Teachers can attend our free workshop, sign up today",
        "Vagas limitadas, docentes: inscreva-se no canal",
    ],
)
def test_what_a_school_puts_on_for_teachers_is_no_offer(written: str) -> None:
    assert names(written).isdisjoint({"free", "follow"})


def test_a_group_that_seeks_helpers_offers_no_work_but_for_pay() -> None:
    assert "job" not in names("Buscamos dos personas para mañana que acompañen al grupo, escribidme por privado.")
    assert "job" in names(
        "Buscamos dos personas para mañana que acompañen al grupo, 3.000 € al día, escribidme por privado."
    )


def test_hours_a_day_are_a_sign_only_where_pay_is_spoken_of() -> None:
    assert "hours" not in names("The course takes two hours a day, it is free and you get a certificate.")
    assert "hours" in names("Two hours a day and you earn 800 euros a week.")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("Beware of scams! Our company offers prizes, order now, and so on: all of it is fraud.", True),
        ("Our company has prizes for you, order now. This is no scam.", False),
        ("Order now and save 50%. This is no scam.", False),
        ("Naše firma vozí třídy k moři, vše je v ceně. To není podvod!", False),
        ("Naše firma vozí třídy k moři, vše je v ceně. Pozor na podvodníky.", False),
    ],
)
def test_who_sells_and_then_speaks_of_fraud_warns_of_nothing(text: str, is_one: bool) -> None:
    assert ("warning" in names(text)) == is_one


def test_who_offers_a_service_says_how_he_is_reached() -> None:
    assert "service" not in names("An electrician for the hall costs 45 € an hour.")
    assert {"service", "call"} <= strong("Electrician, small jobs at weekends, from 45 € an hour, call 07700 900312.")
    assert "service" not in names("The electrician charged us 45 € an hour.")


def test_a_course_is_an_offer_only_for_pay() -> None:
    assert "course" not in names("Free online course on eTwinning with a certificate, last places.")
    assert "course" in names("Online course, now 149 €, sign up: https://weeks-of-english.com")
    assert "course" not in names("I took an online course, it cost me only 149 €: https://weeks-of-english.com")


@pytest.mark.parametrize("number", ["4482 9910 3347", "5591-0032-8874"])
def test_nobody_rings_up_an_order(number: str) -> None:
    assert "call" not in names(f"The order has the number {number}, the robots have not come.")
    assert "call" in names("The order has the number 0448 299 103 34.")


@pytest.mark.parametrize(
    "written",
    [
        "At the school market our pupils sell biscuits for 1 €.",
        "På skolemarkedet selger barna boller for 10 kr og armbånd for 20 kr.",
        "Um Schoulmaart verkafen d'Kanner Kuch fir 1 €.",
        'ביריד בית הספר הילדים מוכרים עוגות ב-5 ש"ח.',
    ],
)
def test_what_pupils_sell_at_school_is_no_offer(written: str) -> None:
    assert read(written).points <= 0


def test_a_warning_takes_back_what_it_warns_of() -> None:
    offer = "prizes and easy money, work from home"
    assert read(f"Beware of sites with {offer}").points < read(offer).points - 6


def test_long_texts_have_to_say_it_more_often() -> None:
    offer = "20 % off, order now"
    assert read(offer).points == 9
    assert read(offer + " lorem ipsum" * 300).points < 5


def test_shouting_weighs_only_where_something_is_sold() -> None:
    assert names("HAPPY BIRTHDAY TO ALL OF YOU") == set()
    assert "shouting" in names("ORDER NOW, ALL OF YOU, DO IT")
    assert not names("WE BRING THE BOOKS TO YOUR SCHOOL!!!")


@pytest.mark.parametrize(
    "unit", ["to ", "txt to ", "you have ", "1", "1 ", "€", "1,", "+1 ", "a@a.", "call … ", "%", "'", "(1-", "win a "]
)
def test_no_text_takes_long(unit: str) -> None:
    assert_in_proportion(lambda text: commerce_of(text, text), unit * (20_000 // len(unit)))


@pytest.mark.parametrize(
    ("written", "apart"),
    [
        ("There is no obligation.", 1),  # to pay, and to borrow: one phrase
        ("You may subscribe to the list.", 1),
        ("Subscribe to my channel!", 2),
        ("Order now: 20 % off", 2),
        ("Best prices, money back!", 2),  # two of selling, of which one is of discounts as well
    ],
)
def test_one_phrase_read_in_two_ways_is_one_sign(written: str, apart: int) -> None:
    signs = [sign for sign in read(written).signs if sign.points > 1]
    assert len(signs) >= 2 or apart == 1
    assert sum(sign.apart for sign in signs) == apart


@pytest.mark.parametrize(
    ("written", "sign"),
    [
        ("To claim, call09061234567", "premium number"),
        ("Great tones!Txt ROSE to81234", "short code"),
        ("Text81234 to join", "short code"),
    ],
)
def test_a_number_glued_to_a_word_is_read(written: str, sign: str) -> None:
    assert sign in names(written)


@pytest.mark.parametrize(
    "written",
    ["Our e-book is ready: https://issuu.com/x", "Here is the final product of our project: https://padlet.com/abc"],
)
def test_what_a_project_ends_with_is_not_for_sale(written: str) -> None:
    assert names(written) == {"link"}


AD = "Order our magic soap now, 50 % off!"


@pytest.mark.parametrize(
    "written",
    [
        f'My pupils wrote an advertisement: "{AD}" What do you think?',
        "Meine Schüler haben das geschrieben: „Jetzt kaufen! 50 % Rabatt, nur heute!“",
        "Les élèves ont écrit : « Achetez maintenant, 50 % de réduction, offre limitée ! »",
        "Uczniowie napisali: „Kup teraz, 50 % rabatu, tylko dziś!”",
        'Beware, this is a scam: "You have won a prize! Call 0900 123456 now to claim it"',
    ],
)
def test_what_pupils_wrote_and_what_one_warns_of_is_quoted(written: str) -> None:
    assert read(written).points < 6


def test_quotation_marks_alone_hide_no_offer() -> None:
    assert read(f'Look: "{AD}"').points == read(f"Look: {AD}").points >= 6


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("buy get this now", {(0, 3), (1, 3)}),
        ("get it for now", {(0, 3)}),
        ("take today", {(0, 1)}),
        ("take these today", set()),
        ("get one two three four now", set()),
        ("now buy", set()),
    ],
)
def test_each_word_of_which_any_may_stand_at_a_place_begins_a_phrase_of_its_own(
    row: str, found: set[tuple[int, int]]
) -> None:
    file, _ = _lists()
    lexicon = _Lexicon(replace(file, everywhere={}), {"en": {"buy": "buy|get … now, take|…  today"}})
    spans, _ = _phrases_in([lexicon.symbols_of_word(word) for word in row.split()], lexicon)
    assert set(spans.get("en", {}).get("buy", ())) == found


def test_phrases_of_which_words_may_be_exchanged_share_their_places() -> None:
    assert len(_lexicon().tree) < 30_000, "7,000 phrases are 60,000 places if each is spelt out"
