"""Ideas of threats, insults and offers as people type them, and what looks like them: the lists are to be right by kind."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from text.commerce import CommerceReading, commerce_of
from text.hostility import PEACEFUL, Hostility, read_hostility
from text.reading import read_texts

SAMPLES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("western_ideas.yaml").read_text("utf-8"))
ENOUGH, SIGNS = 6, 2
"""Points and signs of a text that sells."""
WEAK = {"price", "link", "visit", "shouting"}


def hostility(text: str) -> Hostility:
    return read_hostility(read_texts([text])[0].undisguised)


def commerce(text: str) -> CommerceReading:
    return commerce_of(text, read_texts([text])[0].undisguised)


def sells(text: str) -> bool:
    reading = commerce(text)
    strong = {sign.name for sign in reading.signs if sign.points > 0 and sign.apart and sign.name not in WEAK}
    return reading.points >= ENOUGH and len(strong) >= SIGNS


def by_idea(kind: str) -> list[Any]:
    return [
        pytest.param(text, id=f"{idea}, {language}")
        for idea, texts in SAMPLES[kind].items()
        for language, text in texts.items()
    ]


@pytest.mark.parametrize("text", by_idea("threats"))
def test_threatens(text: str) -> None:
    assert hostility(text).threat


@pytest.mark.parametrize("text", by_idea("insults"))
def test_insults(text: str) -> None:
    assert hostility(text).abuse


@pytest.mark.parametrize("text", by_idea("sells"))
def test_sells(text: str) -> None:
    assert sells(text)


@pytest.mark.parametrize("text", SAMPLES["harmless"])
def test_neither_threatens_nor_sells(text: str) -> None:
    assert hostility(text) == PEACEFUL
    assert not sells(text)
