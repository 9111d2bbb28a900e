"""What stands in the row of a text (`text.rows`) in which a threat or an insult may be: most texts hold none of it."""

from collections.abc import Iterator
from typing import NamedTuple

from text.hostility.frames import CLASSES_AT_STAKE
from text.hostility.lexicon import GAPS, VIOLENT, Lexicon
from text.rows import Rarest, Wanted

FIRST_BROKEN, SECOND_BROKEN = 6, 7
"""Letters that the two parts of a word may have that is put together again."""
SAYING_I = ("will", "am", "ll", "m", "want", "swear", "have", "hope", "know")
"""Words behind which the English word I is no rarity."""


class HostileClass(NamedTuple):
    """A class (its bit) of a language (its number)."""

    language: int
    bit: int


def entries(listed: Lexicon) -> Iterator[tuple[Wanted, HostileClass]]:
    """What each entry is known by that a threat or an insult takes."""
    rarest = Rarest(GAPS.__contains__)
    for language, bit, entry in listed.entries(CLASSES_AT_STAKE):
        wanted = rarest.of(entry)
        assert wanted, entry
        yield wanted, HostileClass(language, bit)


def stretched(listed: Lexicon) -> Iterator[tuple[Wanted, HostileClass]]:
    """The words of violence that are read with a letter too many, as they stand without it."""
    for language, bit, entry in listed.entries(VIOLENT):
        if "*" not in entry[0]:
            yield Wanted((f" {entry[0]} ",)), HostileClass(language, bit)


def broken(listed: Lexicon) -> Iterator[Wanted]:
    """What words of violence look like where something breaks them, and *I will* with a small L."""
    for word in listed.violent:
        for at in range(max(1, len(word) - SECOND_BROKEN), min(len(word) - 1, FIRST_BROKEN) + 1):
            yield Wanted((f" {word[:at]} {word[at:]} ",))
    yield from (Wanted((f" l {word} ",)) for word in SAYING_I)
