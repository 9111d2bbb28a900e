"""Threats by idea as they are made at schools, and what looks like them."""

from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from models.events import WrittenFields
from text.reading import read_writings

SAMPLES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("school_threats.yaml").read_text("utf-8"))


def hostile(texts: list[str]) -> list[bool]:
    """Whether each of the texts threatens or insults."""
    read = [one.hostility for one in read_writings([(WrittenFields(text=text), None) for text in texts])]
    return [bool(one.threat or one.abuse) and not one.joked for one in read]


def test_each_threat_is_heard() -> None:
    texts = list(chain.from_iterable(chain.from_iterable(idea.values()) for idea in SAMPLES["threats"].values()))
    assert [text for text, found in zip(texts, hostile(texts), strict=True) if not found] == []


def test_nobody_who_means_no_harm_is_accused() -> None:
    texts = list(chain.from_iterable(SAMPLES["harmless"].values()))
    assert [text for text, found in zip(texts, hostile(texts), strict=True) if found] == []
