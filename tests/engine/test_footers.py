"""The footer of a school's letters is no copy; an advertisement that looks like one is."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from models.incidents import Incident
from rules.policy import load_policy
from tests.engine.world import START, Event, engine_over, process, records
from tests.state.conftest import Bench

FOOTER = (
    "Kind regards,\n{name}\n\nSt Brendan's Community School\n12 Harbour Road, Galway H91 X4Y2\nPhone: +353 91 555 012\n"
    "https://stbrendans.example\nEvery child can shine\n\nThis message and all files sent with it are confidential and meant "
    "for nobody but the person to whom they are addressed. Please think of the forests before you print it."
)
OFFER = (
    "Order now: our workbooks for all classes at half price, only 9,90 € instead of 19,90 €, free shipping!\n\n"
    "Bright Books Ltd\n7 Market Street, Leeds LS1 4AP\n+44 113 496 0123\nhttps://brightbooks.example/shop"
)
ONE_LINK = "Courses for whole classes, all at half price this week, ask us for dates!\nhttps://courses.example/schools"
_WORDS = [
    "la",
    "mi",
    "tor",
    "sen",
    "va",
    "du",
    "kre",
    "lo",
    "pi",
    "na",
    "gru",
    "sta",
    "be",
    "ro",
    "ni",
    "kel",
    "sa",
    "mo",
    "tu",
    "fer",
    "za",
    "hi",
    "wen",
    "jo",
    "pa",
    "dri",
]


def letters(
    below: str, accounts: int, strangers: int, own: Callable[[random.Random], str] | None = None
) -> list[Event]:
    """Each account writes to so many strangers, to each in other words above the same `below`."""
    dice = random.Random(below)
    return [
        {
            "type": "message",
            "event_id": f"{account} {n}",
            "actor_id": f"teacher-{account}",
            "recipient_ids": [f"stranger-{account}-{n}"],
            "occurred_at": (START + timedelta(minutes=20 * (account * strangers + n))).isoformat(),
            "text": f"{(own or words)(dice)}\n\n{below.format(name=f'Teacher {account}')}",
        }
        for account in range(accounts)
        for n in range(strangers)
    ]


CLOSED = {
    "en": "Thank you very much! Best regards, {name} {link}",
    "de": "Danke für die Annahme! Mit freundlichen Grüßen {name} {link}",
    "fr": "Merci beaucoup ! Bien cordialement, {name} {link}",
    "es": "¡Muchas gracias! Un cordial saludo, {name} {link}",
    "it": "Grazie mille! Cordiali saluti, {name} {link}",
    "pl": "Dziękuję bardzo! Pozdrawiam serdecznie, {name} {link}",
    "sl": "Hvala! Lep pozdrav, {name} {link}",
    "el": "Ευχαριστώ πολύ! Με εκτίμηση, {name} {link}",
    "uk": "Дуже дякую! З повагою, {name} {link}",
    "tr": "Çok teşekkürler! Saygılarımla, {name} {link}",
}
"""Politeness, a closing and a link behind it, and nothing else."""


def closed(language: str, accounts: int, strangers: int, link: str) -> list[Event]:
    """Each account writes so to so many strangers."""
    events = letters("{name}", accounts, strangers)
    return [
        event | {"text": CLOSED[language].format(name=f"Ann {chr(65 + int(event['event_id'][0]))}", link=link)}
        for event in events
    ]


@pytest.mark.parametrize("language", CLOSED)
def test_a_link_behind_a_closing_is_looked_at_where_many_have_reached_it(bench: Bench, language: str) -> None:
    told = found(bench, closed(language, 6, 6, "https://hill.example/school"))
    assert {(rule, outcome) for (rule, _), outcome in told.items()} == {("coordinated_campaign", ("low", "review"))}


@pytest.mark.parametrize("language", CLOSED)
def test_a_schools_link_behind_a_closing_is_nobodys_copy(bench: Bench, language: str) -> None:
    events = closed(language, 3, 4, "https://hill.example/school")
    for n, event in enumerate(closed(language, 1, 14, "https://brook.example")):
        events.append(event | {"event_id": f"alone {n}", "actor_id": "alone", "recipient_ids": [f"other {n}"]})
    assert not found(bench, events)


def words(dice: random.Random) -> str:
    return " ".join("".join(dice.choices(_WORDS, k=dice.randint(1, 4))) for _ in range(20)).capitalize() + "?"


def found(bench: Bench, events: list[Event]) -> dict[tuple[str, str], tuple[str, str]]:
    """Severity and action of each rule's incident about each subject, at its last revision."""
    outcome = process(bench, engine_over(bench.store(), load_policy()), records(events), 50)
    assert not outcome.dead_letters
    last: dict[str, Incident] = {one.incident_id: one for one in outcome.incidents}
    return {(one.rule, one.subject_id): (one.severity, one.recommended_action) for one in last.values()}


@pytest.mark.parametrize(("accounts", "strangers"), [(1, 14), (3, 3), (6, 3)])
def test_whoever_writes_to_each_in_other_words_copies_nothing(bench: Bench, accounts: int, strangers: int) -> None:
    assert not found(bench, letters(FOOTER, accounts, strangers))


def test_posts_and_comments_with_one_footer_are_no_copies(bench: Bench) -> None:
    events = letters(FOOTER, 1, 12)
    for n, event in enumerate(events):
        del event["recipient_ids"]
        event |= {"type": "forum_post", "forum_id": "f", "thread_id": f"t{n}", "opens_thread": n % 2 == 0}
        if n >= 6:
            event |= {"type": "comment", "owner_id": f"owner {n}"}
    assert not found(bench, events)


def test_what_many_have_reached_is_looked_at_and_no_more(bench: Bench) -> None:
    told = found(bench, letters(FOOTER, 6, 8))
    assert {(rule, outcome) for (rule, _), outcome in told.items()} == {("coordinated_campaign", ("low", "review"))}


def test_one_letter_above_a_footer_is_a_copy(bench: Bench) -> None:
    events = letters(FOOTER, 1, 8, own=lambda _: words(random.Random(7)))
    assert found(bench, events) == {("copied_message", "teacher-0"): ("medium", "warn")}
    bench.empty()
    # whatever the footers are
    events = [
        event | {"text": event["text"].replace("Brendan", name).replace("12 Harbour", f"{n} Hill")}
        for n, (event, name) in enumerate(zip(events, ("Paul", "Peter", "Mary", "Ann") * 2, strict=True))
    ]
    assert ("copied_message", "teacher-0") in found(bench, events)


@pytest.mark.parametrize("offer", [OFFER.partition("!\n\n")[2] + "\n\n" + OFFER, ONE_LINK])
def test_an_advertisement_below_other_words_is_a_campaign(bench: Bench, offer: str) -> None:
    told: dict[Any, Any] = found(bench, letters(offer, 5, 3))
    assert any(rule == "coordinated_campaign" and severity != "low" for (rule, _), (severity, _) in told.items()), told


def test_an_upheld_letter_says_nothing_of_the_next_above_the_same_footer(bench: Bench) -> None:
    engine = engine_over(bench.store(), load_policy())
    copies = letters(FOOTER, 1, 8, own=lambda _: words(random.Random(7)))
    outcome = process(bench, engine, records(copies), 50)
    verdict = {
        "type": "verdict",
        "event_id": "v",
        "actor_id": "moderator",
        "incident_id": outcome.incidents[0].incident_id,
        "verdict": "upheld",
        "action": "warned",
        "occurred_at": (START + timedelta(days=1)).isoformat(),
    }
    process(bench, engine, records([verdict]))
    for days, own, expected in (
        (2, None, []),
        (20, None, []),
        (21, lambda _: words(random.Random(7)), ["copied_message"]),
    ):
        (event,) = letters(FOOTER, 1, 1, own=own)
        event |= {"event_id": f"day {days}", "occurred_at": (START + timedelta(days=days)).isoformat()}
        event |= {"recipient_ids": ["somebody else"]}
        assert [one.rule for one in process(bench, engine, records([event])).incidents] == expected
