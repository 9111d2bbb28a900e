"""Whose a number or an address is by the words around it, in the languages of the network. All values are made up."""

import pytest

from text.personal_data import Standing, find_personal_data

PERSONS = """
My number's 07700 900 462, ring any time
call me on O77OO 9OO 462
text me: o77oo 9oo462
my mobile: zero seven nine one one four eight two six three five
call me on 077*009*00462
my number is 0 7 7 0 0 9 0 0 4 6 2
ring me on 077 then 009 then 00462
ruf mich an: null eins fünf eins zwei drei vier neun acht sieben sechs
Meine private Handynummer: 0172/30417265
Meng privat Nummer ass 621 418 263
Meng Nummer ass 26 41 82
Einkanúmerið mitt er 691 4182, hringið eftir fimm
In-numru privat tieghi hu 7930 1462
Minu isiklik telefoninumber on 5730 1462
Mitt private nummer er 917 30 264
Mit private nummer er 27 30 14 62
Yksityisnumeroni on 040 301 4627
Mans personīgais numurs ir 2830 1462
Mano asmeninis numeris 612 48 263
Numri im privat është 068 301 4627
ჩემი პირადი ნომერია 598 30 14 62
Իմ անձնական համարն է 094 41 82 63
Şəxsi nömrəm 050 418 26 37
رقمي الخاص ٠٧٩٤١٨٢٦٣٧
Özel numaram 0532 418 26 37
A magánszámom 30 418 2637
Moja zasebna številka je 041 283 917
Мојот приватен број е 070 418 263
Личният ми номер е 0887 301 462
Is é m'uimhir phríobháideach ná 086 301 4627
Numărul meu privat este 0722 418 263
to kinito mou einai 6975 204 381
Numret till min kollega är 070-301 46 27
numer mojej koleżanki: 608 234 517
School office closed. Call Marta Kowalczyk at 07700 900 462
She lives at 12 Old Mill Street, Leeds
Bel haar thuis maar: Esdoornlaan 41, 3708 CT Zeist
Kolleegi koduaadress on Kase 9-12, Tartu 50605
Koleżanka mieszka przy Cichej 4/11 w Gdyni
Яе асабісты нумар 029 418-26-37
El seu telèfon particular és el 654 182 637
Bere telefono pribatua 654 182 637 da
De collega woont Dorpsstraat 48, Utrecht
Kollegaen bor Algade 9, Roskilde
Kolegica stanuje u Ilici 48, 10000 Zagreb
Колегиница станује у улици Његошева 9, 18000 Ниш
Kolegia banon në Rrugën e Durrësit 48, 1001 Tiranë
Öğretmen Atatürk Caddesi No: 12, 34000 İstanbul adresinde oturuyor
Müəllimə Nizami küçəsi 48, AZ1000 Bakı ünvanında yaşayır
Գործընկերս ապրում է Աբովյան փողոց 48, 0025 Երևան
კოლეგა ცხოვრობს რუსთაველის გამზირი 48, 0108 თბილისი
تسكن الزميلة في شارع الملك حسين 48، عمان 11118
Samstarfskona mín býr á Laugavegi 48, 101 Reykjavík
Tá cónaí ar an múinteoir ag 12 Sráid na Siopaí, Gaillimh H91 AB12
D'Kollegin wunnt an der Rue de la Gare 48, 1616 Lëtzebuerg
A kolléganő a Kossuth utca 9-ben lakik, 4024 Debrecen
Doamna profesoară locuiește pe Strada Teilor nr. 9, ap. 3, Cluj 400100
Kolēģe dzīvo Avotu ielā 9-3, Rīga, LV-1009
Kolegyně bydlí v Lipové ulici 12, 602 00 Brno
Коллега живёт на улице Ленина, дом 12, кв. 5, Кишинёв
Učiteľka býva na Hlavnej 12, 040 01 Košice
La profesora vive en la calle Mayor 12, 28013 Madrid
Η συνάδελφος μένει Αριστοτέλους 9, 262 21 Πάτρα
""".strip().splitlines()

PUBLIC_OR_NOBODYS = """
The phone of the school office is 020 7946 0958
You can reach the office of our school on 020 7946 0958 on weekdays
Museum of London, 150 London Wall, London EC2Y 5HN
Le secrétariat du collège répond au 02 99 12 34 56
Adresse de l'école pour les colis : École Jules Ferry, 12 rue de l'École, 35000 Rennes
Musée du Louvre, rue de Rivoli, 75001 Paris, tél. 01 40 20 50 50
IBAN de l'association des parents pour le voyage : FR14 2004 1010 0505 0001 3M02 606
IBAN unseres Fördervereins für die Fahrt: DE89 3704 0044 0532 0130 00
Sekretariat der Schule: 0341 1234567, Mo-Fr
Unsere Schuladresse: Lindenschule, Schulstraße 12, 04103 Leipzig
Bitte schickt die Päckchen an: Grundschule am Park, Birkenweg 9, 01067 Dresden
Nummer gegen Kummer: 116 111 oder 0800 1110333
La secretaría del instituto atiende en el 954 12 34 56
Dirección del colegio: CEIP Cervantes, calle Mayor 12, 28013 Madrid
Museu Nacional do Azulejo, Rua da Madre de Deus 4, 1900-312 Lisboa
Adres naszej szkoły: SP nr 12, ul. Szkolna 12, 61-577 Poznań
Centrum Nauki Kopernik, ul. Wybrzeże Kościuszkowskie 20, 00-390 Warszawa
Kancelář školy: 543 123 456
Adresa školy: ZŠ Na Výsluní, Školní 9, 301 00 Plzeň
Sekretariát školy: 02 1234 5678
Adresa našej školy na balíky: Základná škola, Školská 12, 010 01 Žilina
Iskolánk címe: Móra Ferenc Általános Iskola, Kert utca 9, 4024 Debrecen
Az iskola titkársága: 06 62 123 456
Adresa școlii noastre: Școala Gimnazială nr. 5, Str. Școlii 12, Iași 700123
Адресът на училището ни: ОУ „Христо Ботев“, ул. Училищна 12, 9000 Варна
Канцеларията на училището: 052 123 456
Tajništvo škole: 01 3014 627
Адреса наше школе: ОШ „Вук Караџић“, Школска 12, 21000 Нови Сад
Адреса на нашето училиште: ОУ „Гоце Делчев“, ул. Училишна 12, 7000 Битола
Tajništvo šole: 02 301 46 27
Канцелярія школи: (044) 301 46 27, з 9 до 15.
Секретариат школы: (022) 27-54-18
Γραμματεία σχολείου: 2310 123 456
Διεύθυνση του σχολείου μας: 3ο Δημοτικό Σχολείο, Αθηνάς 9, 262 21 Πάτρα
Okulumuzun adresi: Cumhuriyet İlkokulu, Çiçek Sokak No: 9, 06420 Ankara
Okul sekreterliği: 0232 123 45 67
Məktəbimizin ünvanı: 12 nömrəli məktəb, Nizami küçəsi 48, AZ1000 Bakı
Məktəbin katibliyi: 012 493 12 34
Skolans expedition: 031-30 14 62
Skolens kontor: 75 30 14 62
Skolens kontor: 22 12 34 18
Adressen til skolen vår: Solvang skole, Skoleveien 12, 0170 Oslo
Koulun kanslia: 02 123 4567
Koulumme osoite: Mäkelän koulu, Koulutie 9, 33200 Tampere
Kooli kantselei: 644 1234
Meie kooli aadress: Tartu Kool, Kooli 12, 50409 Tartu
Skolas kanceleja: 67 123 456
Mūsu skolas adrese: Rīgas 12. vidusskola, Skolas iela 12, Rīga, LV-1010
Mokyklos raštinė: (8 37) 12 34 56
Skrifstofa skólans: 551 2345
Heimilisfang skólans: Laugarnesskóli, Kirkjuteigur 24, 105 Reykjavík
Seoladh na scoile: Scoil Bhríde, 12 Bóthar na Scoile, Gaillimh H91 AB12
Oifig na scoile: 091 123 456
Indirizz tal-iskola: Skola Primarja Mosta, 9, Triq il-Ġonna, Mosta MST 1402
L-uffiċċju tal-iskola: 2144 1234
Adress vun eiser Schoul: Lycée Aline Mayrisch, 38 boulevard Pierre Dupong, 1430 Lëtzebuerg
De Sekretariat vun der Schoul: 26 12 34 56
Adresa e shkollës sonë: Shkolla 9-vjeçare, Rruga e Shkollës 12, 1001 Tiranë
Sekretaria e shkollës: 04 223 4567
სკოლის კანცელარია: 032 2 12 34 56
ჩვენი სკოლის მისამართი: 51-ე საჯარო სკოლა, რუსთაველის გამზირი 48, 0108 თბილისი
Դպրոցի քարտուղարություն՝ 010 12 34 56
Մեր դպրոցի հասցեն՝ թիվ 12 դպրոց, Աբովյան փողոց 48, 0025 Երևան
هاتف إدارة المدرسة: 06 512 3456
عنوان مدرستنا: مدرسة النهضة، شارع الملك حسين 48، عمان 11118
Indirizzo della nostra scuola per i pacchi: IC Dante, via Verdi 9, 70121 Bari
La segreteria risponde allo 080 301 4627
Adres van onze school: Basisschool De Vlinder, Schoolplein 9, 6811 DM Arnhem
Timestamp 1732800000, ms 1732800000000
Mobility 07.03-11.03.2027 and 06.04.27-10.04.27; 5/10-9/10/2026; 30.09-04.10 2026
term 09/2026 - 06/2027, 03/2015 – 03/2016
Exercise: write a letter to Mr Smith, 12 High Street, York YO1 7HH
Harry Potter lives at 4 Privet Drive, Little Whinging
European Parliament, Rue Wiertz 60, 1047 Brussels
Anne Frank House, Prinsengracht 263, 1016 GV Amsterdam
one two three four five six seven eight nine ten, my number rhyme
Call 112 or the helpline 116 123 or 0800 1111
If you are worried about a child, call Childline on 0800 1111, it is free
Gràcies a la meva companya Marta, el telèfon gratuït 900 018 018 ja és al tauler
El teléfono contra el acoso escolar es el 900 018 018
El teléfono ANAR es el 900 20 20 10, es gratis y atiende día y noche
my favourite number is 7, ring the bell 10 times
Dialog: "Meine Nummer ist 0171 2345678." Spielt das Telefongespräch nach.
We sold 1234567 tickets and my class counted 250 000 steps
Номер проекта 2023-1-PL01-KA220-SCH-000156789
Konto Rady Rodziców na wycieczkę: PL61 1090 1014 0000 0712 1981 2874
""".strip().splitlines()


def personal(text: str) -> list[str]:
    return [text[d.start : d.end] for d in find_personal_data(text) if d.standing is Standing.PERSONAL]


@pytest.mark.parametrize("text", PERSONS)
def test_a_person_s_number_or_home_is_found(text: str) -> None:
    assert personal(text)


@pytest.mark.parametrize("text", PUBLIC_OR_NOBODYS)
def test_what_is_there_to_be_found_is_nobody_s_secret(text: str) -> None:
    assert personal(text) == []


def test_a_person_beside_an_office_is_a_person() -> None:
    assert personal("School office: 020 7946 0958, call Maria Kowalska at 07700 900 462") == ["07700 900 462"]
    assert personal("My private number, I work at the school: 07700 900 462") == ["07700 900 462"]
    assert personal("She lives beside the school, Lindenstraße 12, 10969 Berlin")


def test_a_line_without_words_belongs_to_the_line_above() -> None:
    assert personal("School office\n020 7946 0958") == []
    assert personal("School office\nMaria Kowalska 07700 900 462") == ["07700 900 462"]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("She lives at Strada Teilor nr. 9, ap. 3, Cluj 400100, go there", "Strada Teilor nr. 9, ap. 3, Cluj 400100"),
        ("Bor Algade 9, 4000 Roskilde, kom", "Algade 9, 4000 Roskilde"),
        ("ina chónaí ag 9 Bóthar an Chósta, Gaillimh.", "9 Bóthar an Chósta, Gaillimh"),
        ("ina chonai ag 9 Bothar an Chosta, Gaillimh.", "9 Bothar an Chosta, Gaillimh"),
        ("zije na adrese Lipove namesti 9, 602 00 Brno", "Lipove namesti 9, 602 00 Brno"),
        ("живее на ул. „Иван Вазов“ 9, 4000 Пловдив, елате", "ул. „Иван Вазов“ 9, 4000 Пловдив"),
    ],
)
def test_an_address_is_found_with_its_flat_and_town(text: str, whole: str) -> None:
    assert personal(text) == [whole]
