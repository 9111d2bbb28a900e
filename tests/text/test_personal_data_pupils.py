"""When a text says who a child is, and when it only speaks of pupils. All names are made up."""

import pytest

from text.personal_data import find_personal_data
from text.personal_data.pupils import told_of_pupils


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
        ("the pupil named Max Muster, phone +49 171 2345678", {"contact"}),
        ("our student Max Muster lives at 12 Old Mill Street", {"contact"}),
    ],
)
def test_a_child_is_told_of(text: str, expected: set[str]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "My student Anna Nowak won the contest.",
        "Student Exchange Programme, grade 6",
        "Students from class 5b in Vienna and 12 years old pupils from Spain",
        "Our students visited Santiago de Compostela in class 6",
        "Student Council of Primary School No 5, class 6b",
        "The student John Smith wrote his thesis in 2019.",
        "Die Schüler der Klasse 5b haben gewonnen, 12 Jahre ist es her.",
        "PhD student John Smith, aged 30",
        "Learn with pupils aged 10-12",
        "Our pupil Jan Kowalski drew this. Ask info@school.eu",
    ],
)
def test_pupils_are_only_spoken_of(text: str) -> None:
    assert told(text) == set()
