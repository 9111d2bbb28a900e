"""The texts of the sample day: unrelated ones that look unrelated, and copies that look like copies."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

import msgspec
import yaml


@cache
def _phrases() -> dict[str, dict[str, list[str]]]:
    return msgspec.convert(_load("phrases.yaml"), dict[str, dict[str, list[str]]])


@cache
def _unwanted() -> dict[str, Any]:
    return msgspec.convert(_load("unwanted.yaml"), dict[str, Any])


def _load(name: str) -> object:
    return yaml.safe_load(files("twinwatch.sample_day").joinpath(name).read_text(encoding="utf-8"))


def languages() -> list[str]:
    """The languages of the sample day, as ISO 639-1 codes."""
    return list(_phrases())


def full_name(language: str, number: int) -> str:
    """One of the made-up names of a language; numbers up to 36 give different ones."""
    names = [name.split(" ", 1) for name in _phrases()[language]["names"]]
    given, family = number % len(names), (number + number // len(names)) % len(names)
    return f"{names[given][0]} {names[family][1]}"


def titles(language: str) -> list[str]:
    """Titles of forum threads, each good for one thread."""
    return _phrases()[language]["titles"]


def remarks(language: str) -> list[str]:
    """Short things that everybody says, in the same words: "Lovely work!"."""
    return _phrases()[language]["remarks"]


def unwanted(name: str) -> str:
    """A fixed text of an abuser or an announcer, without its varying parts filled in."""
    return str(_unwanted()[name])


def unwanted_list(name: str) -> list[str]:
    """Several such texts."""
    return [str(text) for text in _unwanted()[name]]


_OF_A_SENTENCE = 6
"""Texts of ordinary conversation have the same sentence. Were they more, their writers would seem to quote one source, or to
hide one text among others.
"""


class Conversation:
    """Hands out texts of several sentences; no two of one language share more than one of their three sentences."""

    def __init__(self, random: Random) -> None:
        self._texts: dict[str, list[str]] = {}
        self._spare: dict[str, int] = {}
        for language in languages():
            spare, ordinary = self._paired(language)
            random.shuffle(spare)
            random.shuffle(ordinary)
            self._texts[language], self._spare[language] = spare + ordinary, len(spare)

    @staticmethod
    def _paired(language: str) -> tuple[list[str], list[str]]:
        """What is left for whoever writes many texts alone, and those of ordinary conversation."""
        openers, matters, closers = (_phrases()[language][part] for part in ("openers", "matters", "closers"))
        size = len(openers)
        texts: tuple[list[str], list[str]] = ([], [])
        # A Latin square: any two of the three indices determine the third, so texts that agree in two agree in all.
        for i, opener in enumerate(openers):
            for j, matter in enumerate(matters):
                texts[(i - j) % size < _OF_A_SENTENCE].append(f"{opener} {matter} {closers[(i + j) % size]}")
        return texts

    def say(self, language: str) -> str:
        """A text that nobody has used before. Raises IndexError when a language has run dry."""
        return self._texts[language].pop()

    def left(self, language: str) -> int:
        """How many texts of a language ordinary conversation may still use."""
        return max(0, len(self._texts[language]) - self._spare[language])


def copies(name: str, language: str, random: Random) -> Iterator[str]:
    """The same text for ever, each time with another greeting, addressee and link."""
    greetings: list[str] = _unwanted()["greetings"].get(language, [""])
    links: list[str] = _unwanted()["links"]
    while True:
        greeting = random.choice(greetings).format(
            name=full_name(random.choice(languages()), random.randrange(36)).split()[0]
        )
        link = random.choice(links).format(number=random.randrange(1_000, 10_000))
        yield unwanted(name).format(greeting=greeting, link=link)
