"""Every step by itself, on texts of our own in the languages of the network, and on what attackers may send."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import assert_in_proportion
from text import normalise as steps
from text.normalise import (
    EMAIL,
    LINK,
    MAX_CHARACTERS,
    MENTION,
    NUMBER,
    PHONE,
    compose,
    drop_punctuation,
    drop_tags,
    fold_case,
    fold_white_space,
    forwards,
    join_spaced,
    mask,
    normalise,
    read_leet,
    remove_invisible,
    squeeze_repeats,
    undisguise,
    undisguise_all,
)
from text.normalise_letters import drop_closing, drop_greeting
from text.normalise_lookalikes import fold_lookalikes, is_ordinary
from text.written import read_written

# one honest sentence a language: what no step may mangle
HONEST = {
    "sq": "kërkojmë partnerë për një projekt rreth lumenjve tanë",
    "ar": "نبحث عن شركاء لمشروع حول أنهارنا",
    "az": "çaylarımız haqqında layihə üçün tərəfdaş axtarırıq, əziz dostlar",
    "be": "мы шукаем партнёраў для праекта пра нашы рэкі і азёры",
    "bg": "търсим партньори за проект за нашите реки и езера",
    "ca": "busquem socis per a un projecte sobre els nostres rius",
    "cs": "hledáme partnery pro projekt o našich řekách a jezerech",
    "da": "vi søger partnere til et projekt om vores åer og søer",
    "de": "wir suchen partner für ein projekt über unsere flüsse und größeren seen",
    "el": "αναζητούμε συνεργάτες για ένα έργο για τα ποτάμια μας",
    "en": "we are looking for partners in a project about our rivers",
    "es": "buscamos socios para un proyecto sobre nuestros ríos y montañas",
    "et": "otsime partnereid projektile meie jõgede ja jäääärsete järvede kohta",
    "eu": "gure ibaiei buruzko proiektu baterako bazkideak bilatzen ditugu",
    "fi": "etsimme kumppaneita hankkeeseen joistamme ja järvistämme",
    "fr": "nous cherchons des partenaires pour un projet sur nos rivières à l'œuvre",
    "ga": "táimid ag lorg comhpháirtithe do thionscadal faoinár n-aibhneacha",
    "hr": "tražimo partnere za projekt o našim rijekama i jezerima",
    "hu": "partnereket keresünk egy projekthez folyóinkról és tavainkról",
    "hy": "մենք գործընկերներ ենք փնտրում մեր գետերի մասին նախագծի համար",
    "is": "við leitum að samstarfsaðilum í verkefni um árnar okkar",
    "it": "cerchiamo partner per un progetto sui nostri fiumi, perché no",
    "ka": "ვეძებთ პარტნიორებს პროექტისთვის ჩვენი მდინარეების შესახებ",
    "lb": "mir sichen partner fir e projet iwwer eis flëss an séien",
    "lt": "ieškome partnerių projektui apie mūsų upes ir ežerus",
    "lv": "meklējam partnerus projektam par mūsu upēm un ezeriem",
    "mk": "бараме партнери за проект за нашите реки и езера",
    "mt": "qed infittxu sħab għal proġett dwar ix-xmajjar tagħna",
    "nl": "wij zoeken partners voor een project over onze rivieren",
    "no": "vi søker partnere til et prosjekt om elvene våre",
    "pl": "szukamy partnerów do projektu o naszych rzekach i jeziorach",
    "pt": "procuramos parceiros para um projeto sobre os nossos rios",
    "ro": "căutăm parteneri pentru un proiect despre râurile noastre",
    "ru": "мы ищем партнёров для проекта о наших реках и озёрах",
    "sk": "hľadáme partnerov pre projekt o našich riekach a jazerách",
    "sl": "iščemo partnerje za projekt o naših rekah in jezerih",
    "sr": "тражимо партнере за пројекат о нашим рекама и језерима",
    "sv": "vi söker partner till ett projekt om våra åar och sjöar",
    "tr": "nehirlerimiz hakkında bir proje için ortak arıyoruz, ığdır'dan",
    "uk": "ми шукаємо партнерів для проєкту про наші річки й озера",
    "zh": "我们正在寻找关于河流项目的合作伙伴",
    "ja": "私たちは川についてのプロジェクトの仲間を探しています",
    "th": "เรากำลังมองหาพันธมิตรสำหรับโครงการเกี่ยวกับแม่น้ำของเรา",
    "hi": "हम अपनी नदियों के बारे में एक परियोजना के लिए भागीदार ढूँढ रहे हैं",
    "he": "אנחנו מחפשים שותפים לפרויקט על הנהרות שלנו",
}


@pytest.mark.parametrize("language", HONEST)
def test_an_honest_text_is_left_as_it_is(language: str) -> None:
    # what Unicode itself says of case and of letters with two codes, and Estonian, which writes ä four times in a row
    expected = unicodedata.normalize("NFKC", HONEST[language].casefold()).replace("jäääär", "jär")
    assert undisguise(HONEST[language]) == expected
    words = normalise(expected)
    assert words.replace(" ", "") == "".join(c for c in expected if unicodedata.category(c)[0] in "LM")


def test_honest_texts_are_in_enough_languages_and_scripts() -> None:
    scripts = {unicodedata.name(text[0]).split()[0] for text in HONEST.values()}
    assert len(HONEST) >= 24
    assert len(scripts) >= 6


@pytest.mark.parametrize("language", HONEST)
def test_invisible_characters_hide_nothing(language: str) -> None:
    text = HONEST[language]
    hidden = "\u200b".join(text) + "\u202e\ufe0f\u2066\u00ad\U000e0041"
    assert remove_invisible(hidden) == text


def test_white_space_is_no_invisible_character() -> None:
    assert remove_invisible("a\tb\nc\r\nd") == "a\tb\nc\r\nd"
    assert remove_invisible("a\x00b\x1bc\ud800d\U0010fffde") == "abcde"


def test_compatibility_forms_are_plain_letters() -> None:
    assert compose("ＦＲＥＥ 𝓶𝓸𝓷𝓮𝔂 ﬁne ⓗⓘ") == "FREE money fine hi"
    assert compose("e\u0301 и\u0306") == "é й"
    assert compose("\ufee3\ufeae\ufea3\ufe92\ufe8e") == "مرحبا"


def test_decorating_marks_fall_off_letters_that_have_no_use_for_them() -> None:
    assert compose("f\u0336r\u0336e\u0336e\u0336 z\u0337\u0311a\u0334") == "free za"
    # and stay where they are writing
    for language in ("th", "hi", "he", "ar"):
        assert compose(HONEST[language]) == unicodedata.normalize("NFKC", HONEST[language])
    assert compose("مُحَمَّد") == unicodedata.normalize("NFKC", "مُحَمَّد")


def test_case_is_folded_as_each_language_does() -> None:
    assert fold_case("İSTANBUL ΟΔΟΣ Straße ᲗᲑᲘᲚᲘᲡᲘ Հայ") == "istanbul οδοσ strasse თბილისი հայ"


def test_words_written_letter_by_letter_are_joined() -> None:
    assert join_spaced("f r e e   m o n e y") == "free   money"
    assert join_spaced("g o  h o m e  n o w  b y  b u s") == "go  home  now  by  bus"
    assert join_spaced("f.r.e.e and s-p-a-m, б е с п л а т н о") == "free and spam, бесплатно"
    assert join_spaced("a b and i o") == "a b and i o"
    assert join_spaced("class 3 a or 3 b") == "class 3 a or 3 b"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("fr33 m0n3y", "free money"),
        ("hell0 w0r1d p@ss $ave", "hello worid pass save"),
        ("n!ce t3xt", "nice text"),
        ("t3 v0y a mat4r", "te voy a matar"),
        ("h4v3 4 n3w pr0j3ct 7h15 15 4 t35t", "have a new project this is a test"),
        ("3ар4боток б3з вл0ж3ний, тр3буетс4", "заработок без вложений, требуетса"),
        ("р@б0та на д0му, 6ыс7ро", "работа на дому, быстро"),
        ("п0нуд4 за на$тавник3", "понуда за наставнике"),
        ("κ3ρδί$73 χρήμ@τ4 0πως 3μ3ίς", "κερδίστε χρήματα οπως εμείς"),
        ("fr33 курс, б3сплатн0", "free курс, бесплатно"),  # each word in its own script
    ],
)
def test_leet_is_read(written: str, read: str) -> None:
    assert read_leet(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "covid19",
        "mp3 and a4",
        "class 3b and 5a",
        "h2o and co2",
        "the 5th of may at 10am or 20h30",
        "anna5@school.example",
        "@maria @j0hn",
        "+49 170 1234567",
        "free!",
        "1984",
        "windows10 in 2024",
        "room 101a, class 7b and 3a, 4x4 and 30m2",  # three words with digits make no text in leet
        "10kg of rice, 5l of milk, 11km to go, 5min by bus",
        "500din or 300den or 5eur or 8evra",
        "write to info@ or office@ our school",
        "teacher@ [at] school.example, anna.k@ school.example",
        "a4 b1 3d 5€ 100€ 20$ each",
        "6клас и 7класс, 5а и 6б",
        "3год или 10лет, 2раза, 5часов",
        "ковид19, 5 минут",
    ],
)
def test_what_only_has_a_number_is_no_leet(text: str) -> None:
    assert read_leet(text) == text


def test_repeats_are_squeezed_within_words() -> None:
    assert squeeze_repeats("pleeeease sooo нооовый") == "please so новый"
    assert squeeze_repeats("www.example.org III coffee") == "www.example.org III coffee"
    assert squeeze_repeats("iiii wiiill") == "i will"


def test_white_space_is_folded_and_lines_stay() -> None:
    assert fold_white_space("  a \t b\u00a0c \r\n\r\n  d  \n ") == "a b c\n\nd"


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("see https://example.org/a?b=c#d now", f"see {LINK} now"),
        ("see www.example.org and hxxp://evil.example", f"see {LINK} and {LINK}"),
        ("see example.com/x, school.example/y or shop.xyz", f"see {LINK} {LINK} or {LINK}"),
        ("write to anna.kovacs+x@school.example now", f"write to {EMAIL} now"),
        ("call +36 (30) 123-45-67 now", f"call {PHONE} now"),
        ("on 12.05. at 10:30 for 1,500", f"on {NUMBER}. at {NUMBER} for {NUMBER}"),
        ("thanks @anna_k and @пётр", f"thanks {MENTION} and {MENTION}"),
        ("the end.next one, e.g. this", "the end.next one, e.g. this"),
        ("عام ٢٠٢٤", f"عام {NUMBER}"),
    ],
)
def test_what_copies_differ_in_is_masked(written: str, masked: str) -> None:
    assert mask(written) == masked


def test_punctuation_and_emoji_go_and_masks_stay() -> None:
    texts = [f"hello, 'world'! 🎉 — {LINK} «да» ¿sí?", "", "?!", "a_b  c"]
    assert drop_punctuation(texts) == [f"hello world {LINK} да sí", "", "", "a_b c"]


def test_tags_around_a_text_go() -> None:
    assert drop_tags(f"#school we met #today at home #fun {LINK}") == "we met #today at home"
    assert drop_tags("#only #tags") == ""


def test_copies_of_one_text_have_one_normal_form() -> None:
    copies = [
        "Dear Maria, the ministry will close 500 small schools! See https://news.example/1",
        "HELLO TOM! the ministry will close 700 small schools... see www.news.example",
        "Добрый день, Анна! Thе mіnistry will сlоsе 12 smаll sсhоols; see http://x.example/?y 🎉🎉",
        "the m1n1stry w!ll cl0se 600 small sch00ls, s3e https://news.example/9 Best regards, Peter",
        "t h e   ministry   w i l l   close   9   small   schools   s e e   https://a.example",
        "the mi\u200bnistry wi\u00adll close 1 small schools see https://a.example",
    ]
    assert {normalise(undisguise(read_written(copy).seen)) for copy in copies} == {
        f"the ministry will close {NUMBER} small schools see {LINK}"
    }


# --- attackers ---------------------------------------------------------------------------------------------------------

MILLION = 1_000_000
WORST = {
    "one letter": "a",
    "one digit": "1",
    "combining marks": "\u0301\u0316",
    "right-to-left overrides": "\u202e",
    "zero width": "\u200b",
    "links": "http://a.b/c ",
    "bare domains": "a.b.c.",
    "domains without an end": "a-b.",
    "ats": "@",
    "addresses without an end": "a.b@",
    "numbers": "1 ",
    "phone numbers without an end": "(+1 2",
    "leet": "a1",
    "leet signs": "!",
    "leet that is none": "a1_",
    "spaced": "a ",
    "spaced and not": "a b cd ",
    "repeats": "aaab",
    "lines": "\n",
    "quotations": ">\n",
    "replies": "wrote:\n",
    "rules": "-----:\n",
    "signatures": "\n--",
    "greetings": "hello, ",
    "closings": "best regards ",
    "tags": "#a ",
    "mixed scripts": "аa ",
    "impersonating words": "сор a ",
    "longest expansion": "ﷺ",
    "Thai marks": "\u0e34",
    "Hangul jamo": "\u1100\u1161\u11a8",
    "private use": "\ue000",
    "lone surrogates": "\ud800",
    "ideographs": "我",
    "quotes": "'a",
    "dots": "...",
    "spaces": " ",
    "underscores": "_",
    "masks": "🔗",
}


@pytest.mark.parametrize("name", WORST)
def test_a_million_characters_take_time_in_proportion_at_most(name: str) -> None:
    text = (WORST[name] * (MILLION // len(WORST[name]) + 1))[:MILLION]
    assert_in_proportion(lambda written: normalise(undisguise(read_written(written).seen)), text)


OF_LETTERS = (steps.compose, fold_lookalikes)
STEPS: tuple[Callable[[str], str], ...] = (
    remove_invisible,
    *OF_LETTERS,
    steps.part_sentences,
    steps.read_capital_i,
    steps.fold_case,
    steps.join_spaced,
    steps.read_leet,
    squeeze_repeats,
    fold_white_space,
    forwards,
    steps.mask,
    drop_greeting,
    drop_closing,
    drop_tags,
    lambda text: drop_punctuation([text])[0],
)


@pytest.mark.parametrize("name", WORST)
def test_steps_take_time_in_proportion_to_the_length(name: str) -> None:
    # each step alone, because those before it may shorten what is worst for it
    text = (WORST[name] * (8 * MAX_CHARACTERS))[: 8 * MAX_CHARACTERS]
    for step in STEPS:
        assert_in_proportion(step, text)


def test_every_step_takes_an_empty_text() -> None:
    for step in STEPS:
        assert step("") == ""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Buy now!Best price", "buy now! best price"),
        ("Срочно!Звоните", "срочно! звоните"),
        ("Schau mal!!Jetzt", "schau mal! jetzt"),
        ("V!AGRA and v!agra", "viagra and viagra"),
        ("h!Ll", "hill"),
    ],
)
def test_an_exclamation_mark_without_a_blank_parts_sentences_and_is_no_letter(written: str, read: str) -> None:
    assert undisguise(written) == read


SOME_LETTERS = st.text(
    st.sampled_from(
        sorted({*"".join(HONEST.values()), *" \n\t!?.,'’“”…€&<@#0aA", *"ıłøІЅҽƖΙɡ\u0301\u200b\u202e\xadﬁＡ𝐤🎉️"})
    ),
    max_size=40,
)


@given(SOME_LETTERS)
def test_nothing_is_taken_off_an_ordinary_text(text: str) -> None:
    if is_ordinary(text):
        assert steps._INVISIBLE.sub("", text) == text
        for step in OF_LETTERS:
            assert step(text) == text, step.__name__


@pytest.mark.parametrize("language", HONEST)
def test_most_texts_are_ordinary(language: str) -> None:
    assert is_ordinary(f"{HONEST[language]}! – 12 €\n") or language in ("he", "hi", "hy", "ja", "ko", "th", "zh")


def test_what_is_shown_backwards_is_read_forwards() -> None:
    assert forwards("a \u202ecb\u202c d \u202efe") == "a bc d ef"
    assert forwards("\u202eשלום\u202c") == "שלום"  # which is written so anyway


@pytest.mark.parametrize("hidden", ["а", "\u200b", "e\u0301", "ﬁ", "ɡ", "\u202e", "Ａ"])
def test_a_text_with_a_disguise_is_none(hidden: str) -> None:
    assert is_ordinary("we plant a tree")
    assert not is_ordinary(f"we plant {hidden} tree")


@given(st.lists(st.text(st.sampled_from("aab é🔗\n.\U000323ff"), max_size=9)))
def test_texts_are_read_together_as_they_are_read_alone(texts: list[str]) -> None:
    assert [one.text for one in undisguise_all(texts)] == [undisguise(text) for text in texts]
    assert drop_punctuation(texts) == [normalise_words(text) for text in texts]


def normalise_words(text: str) -> str:
    return " ".join(steps._WORDS.findall(text.replace("\U000323ff", "")))
