"""The sample day is believable: deterministic, in order, in many languages, and its own expectations fit it."""

import json
import unicodedata
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import pytest

from models.decoding import InputLimits, UndecodableError, decode_event
from models.events import EVENT_CLASSES, TOPICS, BaseEvent
from twinwatch.sample_day import (
    EXPECTED,
    EXPECTED_DEAD_LETTERS,
    UNWANTED_MEMBERS,
    sample_day,
    timed_sample_day,
    yesterday,
)

DAY = date(2026, 3, 17)
NOW = datetime(2026, 3, 18, 0, 30, tzinfo=UTC)
LONG_ENOUGH_TO_COMPARE = 60


@pytest.fixture(scope="module")
def decoded() -> tuple[list[BaseEvent], Counter[str]]:
    events: list[BaseEvent] = []
    refused: Counter[str] = Counter()
    for record in sample_day(DAY, seed=1):
        try:
            event = decode_event(record.value, limits=InputLimits(), now=NOW)
        except UndecodableError as error:
            refused[error.reason] += 1
        else:
            assert isinstance(event, TOPICS[record.topic])
            assert record.key == event.actor_id.encode()
            events.append(event)
    return events, refused


def test_the_same_day_and_seed_give_the_same_bytes() -> None:
    assert list(sample_day(DAY, seed=3)) == list(sample_day(DAY, seed=3))
    assert list(sample_day(DAY, seed=3)) != list(sample_day(DAY, seed=4))


def test_the_day_has_a_few_thousand_events_of_every_type(decoded: tuple[list[BaseEvent], Counter[str]]) -> None:
    events, _ = decoded
    assert 2_000 <= len(events) <= 4_000
    assert {type(event) for event in events} == set(EVENT_CLASSES)


def test_events_come_in_the_order_of_their_time_and_stay_within_the_day(
    decoded: tuple[list[BaseEvent], Counter[str]],
) -> None:
    times = [event.occurred_at for event in decoded[0]]
    assert times == sorted(times)
    assert times[0].astimezone(UTC).date() == DAY == times[-1].astimezone(UTC).date()
    hours = [hour for hour, _ in timed_sample_day(DAY)]
    assert hours == sorted(hours)
    assert 0 <= hours[0] < hours[-1] < 24


def test_event_ids_are_unique_and_differ_from_day_to_day(decoded: tuple[list[BaseEvent], Counter[str]]) -> None:
    ids = [event.event_id for event in decoded[0]]
    assert len(set(ids)) == len(ids)
    next_day = {json.loads(r.value)["event_id"] for r in sample_day(DAY + timedelta(days=1)) if r.key != b"backend"}
    assert not next_day & set(ids)


def test_unusable_records_are_those_that_are_announced(decoded: tuple[list[BaseEvent], Counter[str]]) -> None:
    assert decoded[1] == EXPECTED_DEAD_LETTERS


def test_teachers_speak_many_languages_in_several_scripts(decoded: tuple[list[BaseEvent], Counter[str]]) -> None:
    texts = [text for event in decoded[0] if (text := getattr(event, "text", None))]
    scripts = {unicodedata.name(character).split()[0] for text in texts for character in text if character.isalpha()}
    assert {"LATIN", "GREEK", "CYRILLIC", "GEORGIAN"} <= scripts
    assert len({event.language for event in decoded[0]}) >= 10
    assert len({event.actor_id for event in decoded[0]}) >= 280


def test_what_wellbehaved_members_write_is_never_twice_the_same(
    decoded: tuple[list[BaseEvent], Counter[str]],
) -> None:
    by_language: dict[str | None, list[str]] = defaultdict(list)
    for event in decoded[0]:
        text = getattr(event, "text", None) or ""
        wanted = event.actor_roles == ("teacher",) and event.actor_id not in UNWANTED_MEMBERS
        if wanted and len(text) >= LONG_ENOUGH_TO_COMPARE:
            by_language[event.language].append(text)
    assert len(by_language) >= 10
    for texts in by_language.values():
        sentences = [frozenset(text.replace("! ", ". ").replace("? ", ". ").split(". ")) for text in texts]
        assert max(len(one & other) for one, other in combinations(sentences, 2)) <= 1


def test_everything_expected_is_about_somebody_who_is_there(decoded: tuple[list[BaseEvent], Counter[str]]) -> None:
    actors = {event.actor_id for event in decoded[0]}
    for expectation in EXPECTED:
        assert expectation.subjects <= actors & UNWANTED_MEMBERS


def test_yesterday_is_over() -> None:
    last = list(sample_day(yesterday()))[-1]
    assert datetime.fromisoformat(json.loads(last.value)["occurred_at"]) < datetime.now(UTC)
