"""What sounds like a threat and is one, and what is none: who comes to fetch somebody, and who comes for somebody."""

from pathlib import Path

import pytest
import yaml

from models.events import WrittenFields
from text.hostility import PEACEFUL
from text.reading import read_writings

SAMPLES: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("kindly_meant.yaml").read_text(encoding="utf-8")
)


def _each(part: str) -> list[tuple[str, str]]:
    return [(language, text) for language, texts in SAMPLES[part].items() for text in texts]


def threat_in(language: str | None, text: str) -> str | None:
    [one] = read_writings([(WrittenFields(text=text), language)])
    return one.hostility.threat


@pytest.mark.parametrize(("language", "text"), _each("kind"))
def test_who_names_an_hour_a_place_or_a_thing_threatens_nobody(language: str, text: str) -> None:
    assert threat_in(language, text) is None
    assert threat_in(None, text) is None


@pytest.mark.parametrize(("language", "text"), [*_each("told"), *_each("typed_kindly"), *_each("alike")])
def test_what_is_told_of_trees_emperors_and_snails_threatens_nobody(language: str, text: str) -> None:
    assert threat_in(language, text) is None
    assert threat_in(None, text) is None


@pytest.mark.parametrize(("language", "text"), [*_each("played"), *_each("near_violence")])
def test_what_is_played_asked_or_missed_hurts_nobody(language: str, text: str) -> None:
    [one] = read_writings([(WrittenFields(text=text), language)])
    assert one.hostility == PEACEFUL
    assert threat_in(None, text) is None


@pytest.mark.parametrize(("language", "text"), [*_each("threat"), *_each("typed")])
def test_who_means_the_reader_threatens(language: str, text: str) -> None:
    assert threat_in(language, text)
