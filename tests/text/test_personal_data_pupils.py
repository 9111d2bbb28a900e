"""When a text says who a child is, and when it only speaks of pupils. All names are made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import assert_in_proportion
from text.masking import mask
from text.personal_data import find_personal_data
from text.personal_data.marks import MAX_MARKS, Marks
from text.personal_data.pupils import MAX_NAMES, find_children, may_be_told, told_of_pupils
from text.reading import Writing, read_texts


def told(text: str) -> set[str]:
    return set(told_of_pupils(text, find_personal_data(text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My student Anna Nowak, 12 years old, won the contest.", {"age"}),
        ("Our pupil Jan Kowalski (class 6b) drew this.", {"class"}),
        ("Meine Schülerin Lena Hoffmann (12 Jahre, Klasse 6b) hat gewonnen.", {"age", "class"}),
        ("Unser Schüler Tim Meyer aus der Klasse 5a", {"class"}),
        ("Notre élève Chloé Martin, 11 ans, a écrit ce poème.", {"age"}),
        ("Mi alumno Pablo García López, de 10 años", {"age"}),
        ("La mia alunna Giulia Rossi, classe 3B", {"class"}),
        ("O aluno João Silva, turma 8ºC", {"class"}),
        ("Uczennica Zofia Wiśniewska z klasy 6b", {"class"}),
        ("nasza uczennica Zofia Wiśniewska, klasa 6b", {"class"}),
        ("Наш ученик Иван Петров, 11 лет", {"age"}),
        ("Моя учениця Олена Шевченко, 10 років", {"age"}),
        ("ο μαθητής Γιώργος Παππάς, 12 ετών", {"age"}),
        ("öğrencim Ayşe Yılmaz, 5. sınıf", {"class"}),
        ("eleva Maria Popescu, clasa a 6-a", {"class"}),
        ("Student Anna Nowak (12)", {"age"}),
        ("Comhghairdeas le Oisín Ó Briain, 10 mbliana d'aois, Rang 4", {"age", "class"}),
        ("Віншуем Алеся Каваля, 10 гадоў, 4 клас", {"age", "class"}),
        ("Felicitats a Pol Ferrer, 10 anys, guanyador del concurs", {"age"}),
        ("Zorionak Jon Agirre, 10 urte, 4. maila", {"age", "class"}),
        ("the pupil named Max Muster, phone +49 171 2345678", {"contact"}),
        ("our student Max Muster lives at 12 Old Mill Street", {"contact"}),
        ("Nora Winterfield from year 5 was born on 12 March 2015.", {"age", "class"}),
        ("Lina Bergmann aus der 3a, geboren am 4. Mai 2016, fehlt heute.", {"age", "class"}),
        ("Anička Bílá z 2.B se narodila 4. května 2016.", {"age", "class"}),
        ("Kiss Lilla a 2. a-ból 2016. május 4-én született.", {"age", "class"}),
        ("Η Μυρτώ Κόκκινου της Β1 γεννήθηκε στις 4 Μαΐου 2016.", {"age", "class"}),
        ("Милана Белова из 2 «А» родилась 4 мая 2016 года.", {"age", "class"}),
        ("Elif Kaya 2-A sınıfından 3 Mart 2015 doğumlu.", {"age", "class"}),
        # the class between the word for a pupil and the name
        ("Uczeń 4b Kuba Zieliński mieszka na ul. Polnej 7 w Radomiu", {"contact"}),
        ("Žák třídy 5.A Tomáš Skála bydlí v Polní 7, Olomouc", {"contact"}),
        ("Ученик 4Б Ваня Белов живёт на ул. Садовой, д. 7", {"contact"}),
        ("Учень 4-Б Івась Коваленко живе на вул. Садовій, 7", {"contact"}),
    ],
)
def test_a_child_is_told_of(text: str, expected: set[str]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "My student Anna Nowak won the contest.",
        "Uczeń 4b Kuba Zieliński wygrał konkurs na plakat.",
        "Ученик 4Б Ваня Белов нарисовал лучший плакат.",
        "Student Exchange Programme, grade 6",
        "Students from class 5b in Vienna and 12 years old pupils from Spain",
        "Our students visited Santiago de Compostela in class 6",
        "Student Council of Primary School No 5, class 6b",
        "The student John Smith wrote his thesis in 2019.",
        "Die Schüler der Klasse 5b haben gewonnen, 12 Jahre ist es her.",
        "PhD student John Smith, aged 30",
        "Learn with pupils aged 10-12",
        "Our pupil Jan Kowalski drew this. Ask info@school.eu",
        "Bonus Caller Prize on 5/9/03, ring +44 7700 900462",
        "Anna Nowak on 5/9/03, ring +44 7700 900462",
        "Lucas Petit face à Oscar Weber (6-3, 6-1) au premier tour, classe",
        "Prince Arthur Nobody was born on 22 July 2013; class 6A made a quiz of it.",
        "Il principe Carlo Nessuno è nato il 22 luglio 2013; la 6A ha scritto un quiz.",
        "Our school was born in 2012. Anna Kowalska joined with class 4B.",
        "Ms Nora Winterfield of class 5A was born in 1985.",
    ],
)
def test_pupils_are_only_spoken_of(text: str) -> None:
    assert told(text) == set()


CHILDREN = """
Well done Emily Carter, aged 9, Year 4, who lives at 12 Old Mill Street, Leeds LS8 2JQ|Emily Carter
Emily Carter (9) from class 4B won the first prize for her drawing|Emily Carter
Our youngest participant is 8-year-old Oliver Wright of class 3A|Oliver Wright
Class 4b: Emily Carter, Oliver Wright, Jack Smith, Amelia Jones|Amelia Jones
Congratulations to Emily Carter, class 4b, for winning the contest!|Emily Carter
Herzlichen Glückwunsch an Lena Hoffmann, 10 Jahre, Klasse 4a, Birkenweg 9, 01067 Dresden|Lena Hoffmann
Die 9-jährige Mia Schneider aus der Klasse 3b hat dieses Bild gemalt.|Mia Schneider
Klassenliste 4a: Lena Hoffmann, Tim Meyer, Paul Schulz, Mia Schneider|Paul Schulz
Félicitations à Chloé Martin, 9 ans, en CM1, qui habite 12 rue de la Paix, 75002 Paris|Chloé Martin
Notre élève Chloé Martin (9 ans, CE2) a gagné le concours|Chloé Martin
¡Enhorabuena a Lucía Fernández, 9 años, de 4.º B, que vive en la calle Mayor 12, 28013 Madrid!|Lucía Fernández
Mi alumna Lucía Fernández, 4.º B, tiene dislexia; su madre: 633 201 748|Lucía Fernández
Complimenti a Giulia Rossi, 9 anni, classe 4B, che abita in via Verdi 9, 70121 Bari|Giulia Rossi
Parabéns à Leonor Matos, 10 anos, do 5.º C, que mora na Rua Nova 21, 2400-150 Leiria|Leonor Matos
Gefeliciteerd Fleur de Boer, 9 jaar, groep 6b, uit de Kerkstraat 9, 6811 DM Arnhem!|Fleur de Boer
Gratulacje dla Zofii Wiśniewskiej, 9 lat, klasa 3a, ul. Szkolna 12, 61-577 Poznań|Zofii Wiśniewskiej
Brawo Adam Zieliński, lat 10, z klasy 4b!|Adam Zieliński
Gratulujeme Tereze Novákové, 9 let, ze 3.B, bydlí v Lipové ulici 12, 602 00 Brno|Tereze Novákové
Můj žák Jan Dvořák, 10 let, třída 4.A, vyhrál soutěž|Jan Dvořák
Gratulujeme Zuzane Kováčovej, 9 rokov, 3.A, býva na Hlavnej 12, 040 01 Košice|Zuzane Kováčovej
Gratulálunk Kovács Annának, 9 éves, 3.b osztály, lakik: Kossuth utca 9, 4024 Debrecen|Kovács Annának
Tanítványom, Nagy Péter, 10 éves, 4.a osztályos|Nagy Péter
Bravo Andrei Popescu, 9 ani, clasa a III-a B, locuiește pe Strada Teilor nr. 9, Cluj 400100|Andrei Popescu
Браво на Мария Иванова, 9 години, 3 б клас, живее на ул. Иван Вазов 9, 4000 Пловдив|Мария Иванова
Браво Елена Петрова, 9 години, III-2, живее на ул. Партизанска 9, 6000 Охрид|Елена Петрова
Честитамо! Јелена Николић, 9 година, 3/2, станује Његошева 9, 18000 Ниш|Јелена Николић
Bravo Ana Horvat, 9 godina, 3.b razred, stanuje Ilica 48, 10000 Zagreb|Ana Horvat
Naš učenik Amar Hodžić, 10 godina, IV-2, osvojio je prvo mjesto|Amar Hodžić
Bravo Maja Kranjc, 8 let, 3. a razred, stanuje Cankarjeva 9, 3000 Celje.|Maja Kranjc
Молодец Маша Иванова, 9 лет, 3-Б класс, живёт на улице Ленина, 12, Кишинёв|Маша Иванова
Поздравляем Петрова Ивана, 10 лет, 4 «А» класс!|Петрова Ивана
Вітаємо Олену Шевченко, 9 років, 3-Б клас, мешкає: вул. Франка, 9, Київ, 01030|Олену Шевченко
Μπράβο στην Ελένη Παπαδοπούλου, 9 ετών, Δ΄ τάξη, μένει Αριστοτέλους 9, 262 21 Πάτρα|Ελένη Παπαδοπούλου
Tebrikler Ayşe Yılmaz, 9 yaşında, 3/B sınıfı, Atatürk Caddesi No: 12, 34000 İstanbul|Ayşe Yılmaz
Təbriklər Aysel Məmmədova, 9 yaş, 3 b sinfi|Aysel Məmmədova
Grattis Elsa Lindqvist, 9 år, klass 3B, bor på Storgatan 4, 111 22 Stockholm|Elsa Lindqvist
Tillykke til Freja Sørensen, 9 år, 3.b, bor Algade 9, 4000 Roskilde|Freja Sørensen
Gratulerer Nora Hansen, 9 år, klasse 3B, bor i Storgata 4, 0155 Oslo|Nora Hansen
Til hamingju Anna Jónsdóttir, 9 ára, 4. bekk, býr á Laugavegi 48, 101 Reykjavík|Anna Jónsdóttir
Onnea Aino Virtanen, 9 vuotta, 3B-luokka, asuu Kauppakatu 9 A 3, 33200 Tampere|Aino Virtanen
Oppilaani Eetu Korhonen, 9-vuotias, luokalta 3B, voitti kilpailun|Eetu Korhonen
Palju õnne, Liis Kask, 9-aastane, 3.a klass, elab Kase 9, 51014 Tartu.|Liis Kask
Apsveicam Annu Bērziņu, 9 gadi, 3.b klase, dzīvo Avotu ielā 9-3, Rīga, LV-1009|Annu Bērziņu
Sveikiname Gabiją Kazlauskaitę, 9 metų, 3b klasė, gyvena Vilniaus g. 9-3, LT-01402 Vilnius|Gabiją Kazlauskaitę
Comhghairdeas le Aoife Ní Bhriain, 9 mbliana d'aois, Rang 3, ina cónaí ag 12 Sráid na Siopaí|Aoife Ní Bhriain
Prosit Elena Vella, 9 snin, klassi 4A, toqghod fi 9, Triq il-Parroċċa, Mosta MST 1402.|Elena Vella
Gléckwonsch fir Lena Weber, 9 Joer, Klass 4A, wunnt 12, Rue de la Gare, 1616 Lëtzebuerg|Lena Weber
Urime Ana Hoxha, 9 vjeç, klasa 3B, banon në Rrugën e Durrësit 48, 1001 Tiranë|Ana Hoxha
ყოჩაღ ნინო ბერიძე, 9 წლის, 4ა კლასი, ცხოვრობს რუსთაველის გამზირი 48, 0108 თბილისი|ნინო ბერიძე
Կեցցե Անի Պետրոսյանը, 9 տարեկան, 3-րդ դասարան, ապրում է Աբովյան փողոց 48, 0025 Երևան|Անի Պետրոսյանը
مبروك للطالبة سارة أحمد، 9 سنوات، الصف الرابع ب، تسكن في شارع الملك حسين 48، عمان 11118|سارة أحمد
Register of 5B: 1. Sam Turner 2. Ivy Kowal 3. Rory O'Neill 4. Amy Fox|Ivy Kowal
Student list:\\\\nSam Turner, 10\\\\nIvy Kowal, 11\\\\nRory O'Neill, 10|Ivy Kowal
EMILY CARTER, 9 YEARS OLD, CLASS 4B|EMILY CARTER
Emily\u200b Carter, ９ years old, class 4b|Carter
My pupil Emily Carter is nine years old and in class 4b|Emily Carter
""".strip().splitlines()
"""A text, and the name that nobody may read in an excerpt of it."""

NOBODY_S_PUPILS = """
Our pupils aged 10 to 12 from Class 5B are looking for partners in New York
Pupils of Oak Primary School, 10 years old, class 4b, won the eTwinning prize
Anna Kowalska, class teacher of 4b, congratulates the winners
Best regards, Peter Novak, class 5B, Oak School
Charles Dickens was 12 years old when he worked in a factory; class 8a reads his novels
Astrid Lindgren, born in 1907, wrote Pippi at 37; our class 4b loves it
Malala Yousafzai, 15 years old, was shot in 2012; class 8a made a poster about the famous activist
Anne Frank, 13 years old, began her diary in 1942. Class 8b read it.
Tom Sawyer, 12 years old, lives in St. Petersburg, our class 6 reads the book
Oliver Twist, 9 years old, is the hero of the novel that grade 7 reads
I have 10 years of experience. Maria Rossi, class 4b teacher
Maria Rossi, 10 years of experience, class 4b
Emily and Tom from class 4b, 10 years old, drew the logo
Exercise: My name is Emily Carter, I am 10 years old and I am in class 4b. Complete the dialogue.
Unsere Schüler Anna und Tom aus der 4b sind 10 Jahre alt
Liebe Kolleginnen, die Klasse 4b (10 Jahre) sucht Partner in Bad Aussee
Emil Tischbein, 12 Jahre, ist der Held des Romans, den die Klasse 5a liest
Der Schüler Moritz Kessler, 14 Jahre, lebt in „Der Ruderer“ in der Klasse 9a im Internat. Unsere Klasse bespricht den Roman.
Friedrich Schiller, 13 Jahre alt, kam 1773 auf die Karlsschule. Klasse 9b
Viele Grüße, Sabine Müller, Klassenlehrerin der 4a
Die Grundschule Am Park, 10 Jahre Partnerschule, Klasse 4b gewinnt Preis
Bonjour, je suis Marie Dupont, professeure de CM1, 24 élèves de 9 ans
Cosette, 8 ans, héroïne des Misérables de Victor Hugo, lue en classe de 4e
Le Petit Nicolas, 8 ans, est le héros du livre lu par la classe de CE2
Ana García, tutora de 4.º B, 22 alumnos de 9 años
Lázaro de Tormes, 8 años, protagonista de la novela que lee 3.º B
Pinocchio e Lucignolo, 8 anni, classe 3A
Enrico Bottini, 11 anni, protagonista di Cuore di Edmondo De Amicis, letto in classe 3A
Siamo la classe 4B, 21 bambini di 9 anni, insegnante Maria Rossi
Sou a Ana Silva, professora do 4.º B, com alunos de 9 anos
Pozdrawiam, Anna Kowalska, wychowawczyni klasy 4b, dzieci 10 lat
Stanisław Tarkowski, 14 lat, i Nel Rawlison, 8 lat, bohaterowie powieści „W pustyni i w puszczy”, lektura klasy 5b
Maria Skłodowska, 10 lat, straciła matkę w 1878 roku; klasa 8b przygotowała wystawę
Hledáme partnery, třída 4.B, 22 dětí, 10 let. Jana Nováková, učitelka
Malý Honzík, 8 let, hrdina pohádky, kterou čte 3.B
Nemecsek Ernő, 10 éves, a regény hőse, amelyet az 5.b olvas
Kovács Anna vagyok, a 4.b osztályfőnöke, 24 tíz éves gyerek
Mă numesc Maria Popescu, învățătoare la clasa a IV-a B, 22 elevi de 10 ani
Ion Creangă, 12 ani, ..., personajul din cartea citită de clasa a V-a
Казвам се Мария Иванова, класна на 4 б клас, 22 ученици на 10 години
Меня зовут Мария Иванова, учительница 4 «Б» класса, дети 10 лет
Ванька Жуков, 9 лет, герой рассказа Чехова, который читает 5-Б класс
Мене звати Олена Бондар, вчителька 4-Б класу, дітям 10 років
Είμαι η Μαρία Παπαδοπούλου, δασκάλα της Δ΄ τάξης, παιδιά 10 ετών
Ben Ayşe Yılmaz, 3/B sınıfı öğretmeni, öğrenciler 9 yaşında
Klass 4B, 24 elever, 10 år. Hälsningar Anna Svensson, lärare
Karl Lejonhjärta, 9 år, i Astrid Lindgrens bok som klass 4B läser
Terveisin Anna Virtanen, 4B-luokan opettaja, oppilaat 10 vuotta
Risto Räppääjä, 10 vuotta, kirjan sankari, 3B lukee
Liis Kask, 4.b klassi õpetaja, lapsed on 10-aastased
Anna Bērziņa, 4.b klases skolotāja, bērni 10 gadi
Ona Kazlauskienė, 4b klasės mokytoja, vaikai 10 metų
Ana Novak, razredničarka 4. b razreda, učenci stari 10 let
Ana Horvat, učiteljica 4.b razreda, učenici imaju 10 godina
Ана Петровић, учитељица 4/2, деца имају 10 година
Groeten, Jan de Vries, leerkracht groep 6b, kinderen van 9 jaar
Hilsen Anna Jensen, lærer i 4.b, eleverne er 10 år
Ana Hoxha, mësuese e klasës 3B, nxënës 9 vjeç
Roles: Class 4b plays Romeo and Juliet; King Lear, Lady Macbeth and Puck
Class 4b visits: Eiffel Tower, Louvre Museum, Notre Dame, Arc de Triomphe
Partners of class 4b: Anna Rossi (Italy), Marta Silva (Portugal), Ewa Nowak (Poland), teachers
Class 5b reads: Roald Dahl, Astrid Lindgren, Erich Kästner, Michael Ende
Klasse 7a, Thema Komponisten: Wolfgang Mozart, Johann Bach, Clara Schumann
Team meeting on 5 May: Anna Rossi 10:00, Marta Silva 11:00
""".strip().splitlines()


@pytest.mark.parametrize("line", CHILDREN)
def test_a_child_is_told_of_without_the_word_pupil_and_its_name_is_masked(line: str) -> None:
    text, name = line.replace("\\n", "\n").split("|")
    assert told(text)
    assert letters(name) not in letters(mask(text))


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


@pytest.mark.parametrize("text", NOBODY_S_PUPILS)
def test_classes_teachers_novels_and_history_are_nobody_s_pupils(text: str) -> None:
    assert told(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "Marco Testa, 8 anni, classe 2A, non sa leggere",
        "Jonas Keller, 9 Jahre, 3b, liest noch immer nicht",
        "Ola Nowak, 8 lat, klasa 2c, nadal nie umie czytać",
    ],
)
def test_a_child_that_reads_is_no_figure_of_a_book(text: str) -> None:
    assert {"age", "class"} <= told(text)


def test_a_novel_of_the_next_sentence_hides_no_pupil_of_ones_own() -> None:
    story = "Die Klasse bespricht den Roman."
    assert told(f"Unsere Schülerin Lena Kessler, 11 Jahre, Klasse 5b, wählte „Der Ruderer“ für den Lesetag. {story}")
    assert told(f"Die Schülerin Lena Kessler, 11 Jahre, Klasse 5b, gewann den Lauf. {story}")


def test_a_name_is_masked_wherever_it_stands() -> None:
    shown = mask("My pupil Adam Zieliński (class 3b) won. Adam is 9, and Zieliński's mother is proud.")
    assert "Adam" not in shown
    assert "Zieli" not in shown


def test_reading_takes_time_in_proportion_to_the_text() -> None:
    text = "Lena Hoffmann, 9 Jahre, Klasse 4a, Tim Meyer (10), pupil Anna Nowak, class 4b: A B, C D; "
    assert_in_proportion(lambda of: find_children(of, ()), text * 64, eighth=text * 8)


@pytest.mark.parametrize(
    "name",
    [
        "Anna Weber 12, ",
        "class 4b: Jan Nowak, ",
        "pupil Anna Weber 9 years class 4b ",
        "A'a-",
        "A",
        "Aa de la ",
        "გიორგი 9 წლის ",
    ],
)
def test_a_text_made_of_names_takes_time_in_proportion_to_its_length(name: str) -> None:
    text = name * 2_000 + " 12"
    assert_in_proportion(lambda of: may_be_told(of, child=True), text, eighth=text[: len(text) // 8])
    short = text[:8_000]
    assert_in_proportion(lambda of: find_children(of, ()), short, eighth=short[:1_000])


def test_more_names_than_are_looked_at_are_told_to_be_cut() -> None:
    few, many = (
        Writing(text=read_texts(["class 4b: " + "Jan Nowak, " * count + "pupil"])[0])
        for count in (MAX_NAMES, MAX_NAMES + 1)
    )
    for writing in (few, many):
        assert not writing.cut
        assert writing.told_of_pupils == {"class"}
    assert not few.cut
    assert many.cut


def test_more_words_around_personal_data_than_are_looked_at_are_told_to_be_cut() -> None:
    assert not Marks("school " * (MAX_MARKS // 100)).cut
    assert Marks("school " * (MAX_MARKS + 1)).cut


PIECES = [
    "Anna",
    "Nowak",
    "é",
    "e\u0301",
    "\u200b",
    " ",
    ", ",
    "9",
    "years",
    "class",
    "4b",
    "pupil",
    "(",
    ")",
    "\n",
    "ნინო",
    "İ",
    "ß",
    "9 лет",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=40).map("".join))
def test_names_stand_within_any_text(text: str) -> None:
    assert all(0 <= child.start < child.end <= len(text) for child in find_children(text, find_personal_data(text)))
    assert isinstance(mask(text), str)
