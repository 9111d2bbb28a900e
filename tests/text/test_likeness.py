"""Which texts are copies, seen letter by letter and word by word."""

import random
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from benchmarks import disguises
from tests.growth import assert_in_proportion
from text.likeness import MAX_LETTERS, are_copies, hold_together, share_a_part, stands_beside
from text.signature import compare

TEXT = (
    "The choir of the lower school is going to sing in the town hall on the second day of December and whoever likes to hear "
    "old songs may come without a ticket, but should bring a chair because last year half of the audience had to stand along "
    "the walls until the mayor sent for benches from the church"
)


def words(text: str) -> str:
    (form,) = compare([text.lower()])
    return form.words


def thinned(text: str, seed: int, share: float) -> str:
    chance = random.Random(seed)
    return " ".join(word for word in text.split() if chance.random() >= share)


@pytest.mark.parametrize("seed", range(20))
def test_copies_that_lost_words_here_and_there_are_copies(seed: int) -> None:
    assert are_copies(words(thinned(TEXT, seed, 0.3)), words(thinned(TEXT, seed + 100, 0.3)))


MOTTO = "our school by the lake asks each day what the water teaches those who live beside it"
LETTER = "thank you for the photos of the excursion my class has put them on the wall of the corridor"


def test_a_motto_stands_above_below_or_between_words_of_ones_own() -> None:
    other = "could we move the video call to thursday because half of my pupils are on a skiing course"
    assert stands_beside(f"{LETTER}\n{MOTTO}", f"{other}\n{MOTTO}")
    assert stands_beside(f"{MOTTO}\n{LETTER}", f"{MOTTO}\n{other}")
    assert stands_beside(f"{LETTER}\n{MOTTO}\nanna", f"{MOTTO}\nben")
    assert stands_beside(f"{LETTER}\n{MOTTO}\n{other}", MOTTO)
    assert stands_beside(f"{LETTER}\n{MOTTO}\n{other}", f"{other}\n{MOTTO}\n{LETTER}")
    # the same around the motto, words put between what is the same, and what is the same all over
    assert not stands_beside(f"{LETTER}\n{MOTTO}", f"{LETTER} today\n{MOTTO}")
    assert not stands_beside(f"{LETTER}\n{MOTTO}\n{other}", f"{LETTER}\n{MOTTO}\n{other} today")
    assert not stands_beside(f"{MOTTO}\n{other}\n{LETTER}", f"{MOTTO}\n{LETTER}")
    assert not stands_beside(LETTER, LETTER)
    assert not stands_beside(LETTER, other)


def mistyped(text: str, seed: int, share: float) -> str:
    chance = random.Random(seed)
    return "".join(
        chance.choice(["", "etaoinsr"[seed % 8], letter * 2]) if letter != " " and chance.random() < share else letter
        for letter in text
    )


def swapped(text: str, seed: int, share: float) -> str:
    chance, letters = random.Random(seed), list(text)
    for at in range(len(letters) - 1):
        if " " not in letters[at : at + 2] and chance.random() < share:
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


def beside(text: str, seed: int) -> str:
    """With as much other text, before or behind."""
    other = "".join(random.Random(seed).choices("etaoinshrdlucmfwypvbgk    ", k=len(text)))
    return f"{other} {text}" if seed % 2 else f"{text} {other}"


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("text", [TEXT, TEXT[:120]])
def test_copies_with_other_letters_here_and_there_are_copies(text: str, seed: int) -> None:
    for change, share in ((mistyped, 0.15), (swapped, 0.1)):
        assert are_copies(words(change(text, seed, share)), words(change(text, seed + 100, share)))


@pytest.mark.parametrize("seed", range(20))
def test_copies_of_which_words_were_replaced_and_letters_swapped_are_copies(seed: int) -> None:
    text = " ".join(TEXT.split()[:36])
    left = swapped(replaced(text, seed % 8, 8), seed, 0.1)
    right = swapped(replaced(text, (seed + 3) % 8, 8), seed + 200, 0.1)
    assert are_copies(words(left), words(right))


@pytest.mark.parametrize("seed", range(20))
def test_a_text_is_found_within_a_little_other_text_though_its_words_are_mistyped(seed: int) -> None:
    text = " ".join(TEXT.split()[:24])
    left, right = (words(f"{mistyped(text, n, 0.07)} {other_words(n, 4)}") for n in (seed, seed + 100))
    assert share_a_part(left, right)


def other_words(seed: int, count: int) -> str:
    chance = random.Random(seed)
    return " ".join("".join(chance.choices("etaoinshrdlucmfwypvbgk", k=6)) for _ in range(count))


@pytest.mark.parametrize("seed", range(20))
def test_a_text_is_found_within_other_text_with_a_few_typos_as_well(seed: int) -> None:
    left, right = (words(beside(mistyped(TEXT, n, 0.02), n)) for n in (seed, seed + 101))
    assert share_a_part(left, right)
    assert not are_copies(left, right)


def replaced(text: str, first: int, each: int) -> str:
    """With another word in the place of each so-manieth."""
    return " ".join(
        f"{'bdgk'[at % 4]}ilom{'aeou'[first % 4]}x" if at % each == first else word
        for at, word in enumerate(text.split())
    )


@pytest.mark.parametrize(("left", "right"), [(n, m) for n in range(6) for m in range(n)])
def test_copies_with_other_words_one_for_one_are_copies(left: int, right: int) -> None:
    text = " ".join(TEXT.split()[:22])
    assert are_copies(words(replaced(text, left, 6)), words(replaced(text, right, 6)))


@pytest.mark.parametrize(("left", "right"), [(n, m) for n in range(6) for m in range(n - 1)])
def test_short_copies_that_lost_words_are_copies(left: int, right: int) -> None:
    text = TEXT.split()[:18]
    one, other = (words(" ".join(word for at, word in enumerate(text, 3) if at % 8 != n)) for n in (left, right))
    assert are_copies(one, other)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("count", [12, 16, 24])
def test_three_copies_that_each_lost_other_words_hold_together(seed: int, count: int) -> None:
    text = TEXT.split()[:count]
    at = seed % 3
    copies = [" ".join(word for place, word in enumerate(text) if (place + at) % 6 != lost) for lost in (0, 2, 4)]
    assert hold_together(*[words(copy) for copy in copies])


@pytest.mark.parametrize(
    "texts",
    [
        # newsrooms on one event: each has what only the next one has as well
        (
            "live more soldiers have left the steel works of arven",
            "more than two hundred soldiers have left the works of arven say the rebels",
            "the rebels say that the fight for arven is over",
        ),
        # what all have in common is a name, and what each says of it is its own
        (
            "the mayor of arven leaves her office after nine years in it",
            "the mayor of arven thanks the nurses of the old town hospital",
            "the mayor of arven opens a bridge that nobody has asked for",
        ),
        # two sayings, and who says both one after the other
        (
            "who sows the wind will reap the storm",
            "who sows the wind will reap the storm still waters run deep and dark",
            "still waters run deep and dark",
        ),
        # a form, and what each filled in
        (
            "how not to name a child of yours anna banana",
            "how not to name a child of yours peter meter",
            "how not to name a child of yours clara falls",
        ),
    ],
)
def test_three_texts_of_which_each_says_something_of_its_own_do_not(texts: tuple[str, str, str]) -> None:
    assert not hold_together(*texts)
    assert not hold_together(texts[1], texts[2], texts[0])


SHORT_TEXTS = [
    "honey from our own hives two jars for ten euros order before sunday evening",
    "lehrer verdienen hier dreihundert euro am tag ganz ohne chef und risiko",
    "prodajemo gotove priprave za celo leto samo danes za polovico cene",
]


@pytest.mark.parametrize("text", SHORT_TEXTS)
@pytest.mark.parametrize(("left", "right"), [(n, m) for n in range(5) for m in range(n - 1) if n - m < 4])
def test_texts_of_sixty_letters_that_lost_words_here_and_there_are_copies(text: str, left: int, right: int) -> None:
    one, other = (words(" ".join(w for at, w in enumerate(text.split()) if at % 5 != n)) for n in (left, right))
    assert are_copies(one, other)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        # headlines on one event: a clause before or behind, or another in its place
        ("live the mayor of arven leaves his office", "the mayor of arven leaves his office vote in may"),
        ("news alert strike at the harbour ends", "strike at the harbour of arven ends"),
        ("the old bridge of arven reopens on sunday", "the old bridge of arven stays shut on sunday"),
        # what is filled into one form
        ("i did not know that you teach geography", "i did not know that he teaches chemistry"),
        ("class of ten year olds in poland looks for partners", "class of nine year olds in spain looks for partners"),
    ],
)
def test_short_texts_that_differ_in_one_clause_are_no_copies(left: str, right: str) -> None:
    assert not are_copies(left, right)
    assert not share_a_part(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        # headlines on one event
        (
            "swimmer wins with fastest lap in three years",
            "ana opens river contest and wins with her fastest lap of the lake in three years",
        ),
        # questions of one form
        (
            "how many gardeners does it take to paint one wooden bench",
            "how many musicians does it take to paint one wooden bench",
        ),
        # two reports on one event
        (
            "the mayor opens the new bridge over the river and thanks the two hundred workers for their patience",
            "after nine years of work the mayor opens the bridge over the river and thanks all who waited for it",
        ),
        # one event, in other forms of the same words
        (
            "war in the valley the soldiers of arven have left their steel works",
            "live war in the valley more than two hundred soldiers leave the works of arven",
        ),
        # what several say in the same words of two matters
        (
            "candidate for the assembly again says the deputy of the northern valley follow it live",
            "named first minister today says the deputy of the northern valley follow it live",
        ),
    ],
)
def test_texts_of_one_form_or_event_are_no_copies(left: str, right: str) -> None:
    assert not are_copies(left, right)
    assert not share_a_part(left, right)


@pytest.mark.parametrize("seed", range(20))
def test_a_short_text_is_found_whole_within_other_text(seed: int) -> None:
    text = " ".join(TEXT.split()[:22])
    left, right = (words(beside(text, n)[-150:] if n % 2 else beside(text, n)[:150]) for n in (seed, seed + 100))
    assert share_a_part(left, right)


@pytest.mark.parametrize("seed", range(20))
def test_few_different_words_in_another_order_make_no_copies(seed: int) -> None:
    """Who has few words says other things with the same ones; there is hardly a run of them."""
    chance = random.Random(seed)
    few = sorted(set(TEXT.split()))[:30]
    left, right = (words(" ".join(chance.choices(few, k=60))) for _ in range(2))
    assert not are_copies(left, right)
    assert not share_a_part(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        # one event, two newsrooms: a phrase is the same, the rest is not
        (
            "The minister of education resigns after the report on the school of Oldtown",
            "Breaking: the minister of education resigns, successor to be named on Monday",
        ),
        # a sentence of courtesy within texts of one's own
        (
            "We look forward to working with your class. Ours has twelve pupils who play the violin.",
            "We look forward to working with your class. In our village there is a mill from 1790.",
        ),
        ("The pupils measured the river on Monday", "A baker gives away old bread to the caretaker"),
        # a template filled in: four in ten letters are the same
        (
            "We would like to work with your school in the project named below. Ours is on an island and has pupils who keep "
            "bees and want to know how others count them in spring time.",
            "We would like to work with your school in the project named below. Near us a bridge is being built; a class of "
            "small ones has drawn every crane that they could see.",
        ),
        ("one river", "two rivers and a very long way to the sea"),
        ("see you at school on monday then", "see you at school on friday then"),
    ],
)
def test_others_are_not(left: str, right: str) -> None:
    assert not are_copies(words(left), words(right))
    assert not share_a_part(words(left), words(right))


def test_a_text_in_two_related_languages_is_no_copy() -> None:
    said = yaml.safe_load((Path(disguises.__file__).with_name("near_duplicates.yaml")).read_text("utf-8"))["seeds"]
    # Czech and Slovak have most words of it in common
    pairs = [pair for pair in combinations(said, 2) if pair != ("cs", "sk")]
    assert [pair for pair in pairs if are_copies(*[words(said[language]) for language in pair])] == []


def test_short_texts_are_compared_letter_by_letter() -> None:
    assert are_copies(words("join our lottery of knowledge"), words("join our lotery of knowlege"))
    assert not are_copies(words("join our lottery of knowledge"), words("join our group of teachers"))


def test_a_script_without_spaces_is_compared_sign_by_sign() -> None:
    text = "我们学校的学生每个星期一测量河水并把曲线画在走廊的墙上欢迎大家来看看我们的作品也请告诉你们的同事和朋友"
    kept = "".join(sign for number, sign in enumerate(text) if number % 7)
    assert are_copies(words(text), words(kept))
    other = "今年冬天下了很大的雪所以运动会推迟到下个月举行请各位老师通知家长并且准备好新的日程安排表格谢谢合作"
    assert not are_copies(words(text), words(other))


def test_long_texts_take_bounded_time() -> None:
    chance = random.Random(1)
    left, right = (" ".join(chance.choices(["ab", "cd", "ef"], k=100_000)) for _ in range(2))
    assert_in_proportion(lambda text: are_copies(text, right), left)
    assert_in_proportion(lambda text: are_copies(text, "我" * 1_000_000), "a" * 1_000_000)
    assert_in_proportion(lambda text: share_a_part(text, right), left)
    assert_in_proportion(lambda text: hold_together(text, right, left), left)
    assert are_copies(left, left[: 2 * MAX_LETTERS])
