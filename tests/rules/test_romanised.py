"""Threats, abuse and offers in languages that are typed in Latin letters: how many are found, and how many harmless texts.

Of each list of `romanised_samples.yaml` every third text was held back: nobody chose words by it.
"""

from pathlib import Path

import pytest
import yaml

from models.events import WrittenFields
from rules.commercial import COMMERCIAL_CONTENT, sells
from rules.policy import load_policy
from text.reading import read_writings

SAMPLES: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (Path(__file__).parent / "romanised_samples.yaml").read_text("utf-8")
)
LIMITS = load_policy().rules[COMMERCIAL_CONTENT.slug].limits


def found_in(texts: list[str]) -> list[set[str]]:
    """What is found in each of the texts."""
    found = []
    for writing in read_writings([(WrittenFields(text=text), None) for text in texts]):
        hostility, kinds = writing.hostility, set()
        if (hostility.threat or hostility.abuse) and not hostility.joked:
            kinds.add("hostile")
        if sells(writing.commerce(LIMITS.harmless), LIMITS):
            kinds.add("trade")
        found.append(kinds)
    return found


def part(texts: list[str], held_back: bool) -> list[str]:
    """The third that was held back, or the rest."""
    return [text for number, text in enumerate(texts) if (number % 3 == 2) == held_back]


@pytest.mark.parametrize(
    ("kind", "held_back", "least"),
    [
        ("threat", False, 0.85),
        ("threat", True, 0.75),
        ("abuse", False, 0.9),
        ("abuse", True, 0.5),
        ("trade", False, 0.85),
        ("trade", True, 0.75),
    ],
)
def test_most_breaches_are_found(kind: str, held_back: bool, least: float) -> None:
    texts = [text for kinds in SAMPLES.values() for text in part(kinds[kind], held_back)]
    wanted = "trade" if kind == "trade" else "hostile"
    missed = [text for text, found in zip(texts, found_in(texts), strict=True) if wanted not in found]
    assert 1 - len(missed) / len(texts) >= least, missed


@pytest.mark.parametrize("held_back", [False, True])
def test_harmless_texts_are_left_alone(held_back: bool) -> None:
    """But for "I know where you live, I'll pick you up": it is taken for a threat in the languages' own letters as well."""
    texts = [text for kinds in SAMPLES.values() for text in part(kinds["harmless"], held_back)]
    accused = [(text, found) for text, found in zip(texts, found_in(texts), strict=True) if found]
    assert len(accused) / len(texts) <= 0.05, accused


@pytest.mark.parametrize("language", SAMPLES)
def test_every_language_has_enough_samples(language: str) -> None:
    kinds = SAMPLES[language]
    assert sum(len(kinds[kind]) for kind in ("threat", "abuse", "trade")) >= 25
    assert len(kinds["harmless"]) >= 25
    assert len({text for texts in kinds.values() for text in texts}) == sum(map(len, kinds.values()))
