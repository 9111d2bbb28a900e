"""Members who each come to write the same are no campaign above `low`; accounts that spread a text in the same shapes are one.

Situations are texts of `same_words.yaml`, six kinds in twelve languages: five to twelve members, some minutes apart. Each has
two controls: an advertisement in the very same shape, and the members' own words taken to strangers and to other threads.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.incidents import Incident
from rules.policy import load_policy
from tests.engine.world import START, engine_over, process, records
from tests.state.conftest import Bench

TEXTS: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("same_words.yaml").read_text("utf-8"))
KINDS = ("wish", "condolence", "vote", "question", "outage", "absence")
SITUATIONS = [(language, kind) for language in TEXTS for kind in KINDS]
COPY_RULES = {"coordinated_campaign", "copied_message", "copied_post", "copied_comment"}
Event = dict[str, Any]
Fields = Callable[[int], Event]


def shape(kind: str, name: str) -> Fields:
    """Where the n-th member of the situation `name` writes."""
    match kind:
        case "condolence":
            return lambda n: {"type": "comment", "owner_id": f"{name}/page", "post_id": "p"}
        case "question":
            return lambda n: {"type": "message", "recipient_ids": [f"{name}/founder"]}
        case "absence":
            return lambda n: {"type": "message", "recipient_ids": [f"{name}/asks-{n}"]}
    return lambda n: {"type": "forum_post", "forum_id": "f", "thread_id": f"{name}/thread"}


def carried(name: str) -> Fields:
    """Every other account posts in a thread of its own, the others write to three strangers each."""

    def fields(n: int) -> Event:
        if n % 2:
            return {"type": "forum_post", "forum_id": "f", "thread_id": f"{name}/thread-{n}"}
        return {"type": "message", "recipient_ids": [f"{name}/stranger-{n}-{m}" for m in range(3)]}

    return fields


class Day:
    """Events of one situation, a member after the other. Each has days of its own, so that situations do not meet."""

    def __init__(self, number: int, name: str, rng: random.Random) -> None:
        self.now = START + timedelta(days=number)
        self.name, self.rng = name, rng
        self.events: list[Event] = []

    def add(self, actor: str, text: str, fields: Event) -> None:
        self.now += timedelta(seconds=self.rng.uniform(90, 900))
        event = {"event_id": f"{self.name}/{len(self.events)}", "text": text}
        self.events.append({**event, "actor_id": f"{self.name}/{actor}", **fields, "occurred_at": self.now.isoformat()})


def day_of(number: int, language: str, kind: str, text: str, where: Fields, *, written_to: bool = False) -> list[Event]:
    day = Day(number, f"{language}-{kind}", random.Random(f"{language} {kind}"))
    for n in range(day.rng.randint(5, 12)):
        if written_to:
            asks: Event = {"type": "message", "recipient_ids": [f"{day.name}/{n}"], "actor_id": f"{day.name}/asks-{n}"}
            day.add(f"asks-{n}", f"{n}", asks)
        # some add a word or a sign of their own
        day.add(str(n), text + day.rng.choice(["", "", "", " :)", " !"]), where(n))
    return day.events


def grave(bench: Bench, events: list[Event]) -> dict[str, list[Incident]]:
    """Incidents of copies above `low`, each at its last revision, by situation."""
    engine = engine_over(bench.store(), load_policy())
    outcome = process(bench, engine, records(sorted(events, key=lambda event: str(event["occurred_at"]))), 200)
    assert not outcome.dead_letters
    last = {one.incident_id: one for one in outcome.incidents if one.rule in COPY_RULES}
    found: dict[str, list[Incident]] = defaultdict(list)
    for one in last.values():
        if one.severity != "low":
            found[one.subject_id.split("/")[0]].append(one)
    return found


def test_what_members_write_by_themselves_is_no_campaign(any_bench: Bench) -> None:
    assert len(SITUATIONS) >= 60
    events = [
        event
        for number, (language, kind) in enumerate(SITUATIONS)
        for event in day_of(
            number,
            language,
            kind,
            TEXTS[language][kind],
            shape(kind, f"{language}-{kind}"),
            written_to=kind == "absence",
        )
    ]
    assert not grave(any_bench, events)


@pytest.mark.parametrize("control", ["advertisement", "carried"])
def test_a_wave_of_spam_in_the_same_shape_is_found(control: str, any_bench: Bench) -> None:
    events = []
    for language, kind in SITUATIONS:
        name = f"{language}-{kind}"
        text, where = TEXTS[language]["spam"], shape(kind, name)
        if control == "carried":
            text, where = TEXTS[language][kind], carried(name)
        # days apart: an advertisement must not be one campaign over all kinds
        events += day_of(6 * KINDS.index(kind), language, kind, text, where)
    found = grave(any_bench, events)
    missed = [
        f"{language}-{kind}"
        for language, kind in SITUATIONS
        if not any(one.rule == "coordinated_campaign" for one in found[f"{language}-{kind}"])
    ]
    assert not missed
