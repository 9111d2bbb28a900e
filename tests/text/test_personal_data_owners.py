"""Whose a number or an address is, as far as the text says."""

import pytest

from tests.growth import assert_in_proportion
from text.personal_data import MAX_ASKED, find_personal_data

SOMEBODY_ELSE_S = """
Her number is +49 171 2345678
his address is anna@school-berlin.eu
Call Maria Kowalska at +48 601 234 567
You can reach him on 0171 2345678
My colleague's e-mail is anna.k@school.eu
She lives at Lindenstraße 12, 10969 Berlin
Maria's number: +48 601 234 567
Mrs Smith, +44 7911 123456
Seine Nummer ist 0171 2345678
Ruft Frau Müller an: 0171 2345678
Die Nummer meiner Kollegin ist 0171 2345678
Er wohnt in der Lindenstraße 12, 10969 Berlin
Die Handynummer von Anna Meier lautet 0171 2345678
Son numéro est le 06 12 34 56 78
Appelez Marie Dupont au 06 12 34 56 78
Le téléphone de ma collègue : 06 12 34 56 78
Elle habite 12, rue de la Paix, 75002 Paris
Mme Durand : 06 12 34 56 78
Su teléfono es 612 34 56 78
Llama a María Pérez al 612 34 56 78
El número de Carmen es 612 34 56 78
El correo de mi compañera es carmen@gmail.com
Il suo numero è 347 123 4567
Il numero di Giulia Rossi è 347 123 4567
Chiamate la professoressa Bianchi: 347 123 4567
Abita in via Roma 12, 00184 Roma
O telefone dela é 912 345 678
Ligue para a Ana Silva: 912 345 678
Zijn nummer is 06 12345678
Bel mevrouw Jansen op 06 12345678
Het nummer van Sanne is 06 12345678
Jej numer to 601 234 567
Zadzwoń do Marii Kowalskiej: 601 234 567
Telefon pani Nowak: 601 234 567
Jeho číslo je 605 349 783
Zavolejte paní Novákové: 605 349 783
Jej číslo je 0905 123 456
Az ő telefonszáma 06 30 123 4567
Hívd fel Kovács Marit: 06 30 123 4567
Kovács Mari telefonszáma: 06 30 123 4567
Numărul ei este 0721 234 567
Adresa lui de mail este ion@gmail.com
Её номер 8 912 345-67-89
Позвоните Марии Ивановне: 8 912 345-67-89
Телефон нашего директора: 8 912 345-67-89
Він живе на вул. Шевченка 12, 01001 Київ
Її номер 067 123 45 67
Номерът му е 0888 123 456
Телефонът на Мария е 0888 123 456
Njegov broj je 091 234 5678
Nazovite gospođu Horvat: 091 234 5678
Njena številka je 041 234 567
Το τηλέφωνό της είναι 6929937820
Το κινητό του Γιώργου είναι 6929937820
Onun numarası 0532 123 45 67
Ayşe'nin numarası 0532 123 45 67
Hennes nummer är 070 123 45 67
Ring Anna Svensson på 070 123 45 67
Hans nummer er 912 34 567
Hänen numeronsa on 040 123 4567
El mòbil de la meva mestra és 612 34 56 78
Truqueu a Montserrat Vila: 612 34 56 78
O teléfono do director é 612 34 56 78
Mirenen zenbakia 612 34 56 78 da
Numri i saj është 069 21 34 567
Telefoni i drejtorit është 069 21 34 567
In-numru tagħha huwa 7912 3456
In-numru tal-għalliema tagħna: 7912 3456
Tá a uimhir ghutháin aici: 087 123 4567
Uimhir mo phríomhoide: 087 123 4567
D'Nummer vun der Joffer ass 621 123 456
Hir Nummer ass 621 123 456
მისი ნომერია 599 12 34 56
დირექტორის ტელეფონია 599 12 34 56
Նրա համարը 091 23 45 67 է
Տնօրենի հեռախոսն է 091 23 45 67
Արամի համարն է 091 23 45 67
رقمها هو 0612 34 56 78
هاتف زميلتي 0612 34 56 78
उसका नंबर 98765 43210 है
प्रधानाचार्य का फोन 98765 43210 है
Яе нумар 029 123 45 67
Тэлефон настаўніцы 029 123 45 67
Aygünün nömrəsi 050 123 45 67
Farsíminn hjá kennara okkar er 692 1234
""".strip().splitlines()

OWN_OR_UNSAID = """
El meu número és 612 34 56 78
O meu móbil é o 612 34 56 78
Nire telefonoa 612 34 56 78 da
Numri im është 069 21 34 567
In-numru tiegħi huwa 7912 3456
M'uimhir ghutháin: 087 123 4567
Meng Nummer ass 621 123 456
ჩემი ნომერია 599 12 34 56
Իմ հեռախոսահամարն է 091 23 45 67
رقمي هو 0612 34 56 78
मेरा नंबर 98765 43210 है
Мой нумар 029 123 45 67
Mənim nömrəm 050 123 45 67
Síminn minn er 692 1234
My number is +49 171 2345678
Best regards, Anna Nowak, tel. +48 601 234 567
Call me at +48 601 234 567
Call us now: +48 601 234 567
Contact: anna@school-berlin.eu
I live at Lindenstraße 12, 10969 Berlin
Our school: +48 22 234 56 78
Please call the school office at +48 601 234 567
Meine Nummer ist 0171 2345678
Ruft mich an: 0171 2345678
Erreichen Sie uns unter 0171 2345678
Mit freundlichen Grüßen, Anna Meier, Tel. 0171 2345678
Mon numéro est le 06 12 34 56 78
Appelez-moi au 06 12 34 56 78
Cordialement, Marie Dupont 06 12 34 56 78
Mi teléfono es 612 34 56 78
Llámame al 612 34 56 78
Escríbeme a carmen.perez@gmail.com
Il mio numero è 347 123 4567
Chiamatemi al 347 123 4567
Sono Giulia Rossi, cell. 347 123 4567
O meu telefone é 912 345 678
Liga-me: 912 345 678
Mijn nummer is 06 12345678
Bel me op 06 12345678
Mój numer to 601 234 567
Zadzwoń do mnie: 601 234 567
Pozdrawiam, Maria Kowalska, tel. 601 234 567
Moje číslo je 605 349 783
Zavolejte mi: 605 349 783
A számom 06 30 123 4567
Hívj fel: 06 30 123 4567
Numărul meu este 0721 234 567
Sunați-mă la 0721 234 567
Мой номер 8 912 345-67-89
Звоните мне: 8 912 345-67-89
Мій номер 067 123 45 67
Номерът ми е 0888 123 456
Moj broj je 091 234 5678
Nazovite me na 091 234 5678
Moja številka je 041 234 567
Το τηλέφωνό μου είναι 6929937820
Numaram 0532 123 45 67
Mitt nummer är 070 123 45 67
Ring mig på 070 123 45 67
Numeroni on 040 123 4567
Mano numeris yra 612 34567
Mans numurs ir 2612 3456
A number without a word about it: +48 601 234 567
Her number I do not know. Mine is +49 171 2345678
My colleague and I are glad to help, call me at +48 601 234 567
""".strip().splitlines()


def anothers(text: str) -> list[bool]:
    found = find_personal_data(text)
    assert found, text
    return [datum.anothers for datum in found]


@pytest.mark.parametrize("text", SOMEBODY_ELSE_S)
def test_a_text_that_says_whose_it_is_is_believed(text: str) -> None:
    assert any(anothers(text))


@pytest.mark.parametrize("text", OWN_OR_UNSAID)
def test_own_data_and_those_of_which_nothing_is_said_are_nobody_else_s(text: str) -> None:
    assert not any(anothers(text))


def test_each_datum_has_an_owner_of_its_own() -> None:
    assert anothers("My number is 0171 2345678. Her number is 0171 2345679") == [False, True]
    assert anothers("Her number is 0171 2345679, my number is 0171 2345678") == [True, False]


def test_accents_and_case_do_not_matter() -> None:
    assert anothers("ЕЁ НОМЕР 8 912 345-67-89") == [True]
    assert anothers("le telephone de ma collegue 06 12 34 56 78") == [True]


def test_of_very_many_only_the_first_are_asked() -> None:
    text = "; ".join(f"her number is 0171 23456{n:02}" for n in range(MAX_ASKED + 10))
    assert anothers(text).count(True) == MAX_ASKED


def test_asking_takes_time_in_proportion_to_the_number_of_data() -> None:
    before = "her his their son sa Maria Kowalska of the number " * 600
    assert_in_proportion(find_personal_data, before + "0171 2345678 " * 64, eighth=before + "0171 2345678 " * 8)
