"""What is fuzzed: each target takes a program, makes its input, and checks what must hold whatever the input is."""

import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

from models.decoding import InputLimits, UndecodableError, decode_event
from models.incidents import MAX_EXCERPT_CHARACTERS
from models.records import Reason
from rules.policy import Policy, PolicyError, _policy, parse_policy
from tests.fuzz import programs
from tests.models.samples import NOW
from text.commerce import commerce_of
from text.hostility import read_hostility
from text.html import MAX_TARGETS
from text.links import links_of
from text.masking import excerpt
from text.names import plain, skeleton
from text.normalise import MAX_CHARACTERS, visible_characters
from text.personal_data import find_personal_data
from text.personal_data.pupils import told_of_pupils
from text.reading import SIGNATURE_BYTES, read_texts
from text.written import read_written

LIMIT_SECONDS = 0.05
"""Processor time that one step may take for one input."""


class Slow(NamedTuple):
    """The slowest run of one step so far."""

    seconds: float
    program: bytes
    size: int


class Clock:
    """Measures the steps of a target. A step that seems too slow is done again: the machine may have been busy."""

    def __init__(self, *, lenient: bool = False) -> None:
        """A `lenient` clock allows a hundred times as much: on the slowest machine only what explodes takes so long."""
        self.slowest: dict[str, Slow] = {}
        self._limit = LIMIT_SECONDS * (100 if lenient else 1)

    def run(self, name: str, program: bytes, size: int, step: Callable[[], Any]) -> Any:
        start = time.process_time()
        result = step()
        seconds = time.process_time() - start
        for _ in range(4):
            if seconds <= self._limit:
                break
            start = time.process_time()
            step()
            seconds = min(seconds, time.process_time() - start)
        if name not in self.slowest or seconds > self.slowest[name].seconds:
            self.slowest[name] = Slow(seconds, program, size)
        assert seconds <= self._limit, f"{name} took {1000 * seconds:.0f} ms for {size:,} characters"
        return result


def decoding(program: bytes, clock: Clock) -> None:
    """A record becomes an event or is refused for a reason that can be told."""
    value = programs.record(program)

    def step() -> Any:
        try:
            return decode_event(value, limits=InputLimits(), now=NOW)
        except UndecodableError as error:
            return error

    result = clock.run("decode", program, len(value), step)
    if isinstance(result, UndecodableError):
        assert isinstance(result.reason, Reason)
        assert result.detail
        result.detail.encode()
        assert len(result.detail) < 2_000
    else:
        assert result.actor_id
        assert isinstance(result.time, int)


def reading(program: bytes, clock: Clock) -> None:
    """A text, which may be HTML, is read by all that reads texts."""
    field = programs.text(program)
    size = len(field)
    text, targets, *_ = clock.run("written", program, size, lambda: read_written(field))
    assert visible_characters(text) <= MAX_CHARACTERS
    assert len(targets) <= MAX_TARGETS
    reading = clock.run("read", program, size, lambda: read_texts([field])[0])
    assert reading.digest is None or len(reading.digest) == 16
    assert reading.signature is None or len(reading.signature) == SIGNATURE_BYTES
    found = clock.run("personal data", program, size, lambda: find_personal_data(text, "de"))
    for datum in found:
        assert 0 <= datum.start < datum.end <= len(text)
    assert all(one.end <= other.start for one, other in pairwise(found))
    clock.run("hostility", program, size, lambda: read_hostility(reading.undisguised))
    clock.run("commerce", program, size, lambda: commerce_of(text, reading.undisguised))
    clock.run("links", program, size, lambda: links_of(text, targets))
    shown = clock.run("excerpt", program, size, lambda: excerpt(text))
    assert len(shown) <= MAX_EXCERPT_CHARACTERS
    assert "\n" not in shown
    clock.run("pupils", program, size, lambda: list(told_of_pupils(text, found)))
    name = text[:200]
    clock.run("names", program, len(name), lambda: (plain(name), skeleton(name)))


def policy(program: bytes, clock: Clock) -> None:
    """A policy can be used or its mistakes are told."""
    given = programs.policy(program)

    def step() -> Any:
        try:
            return parse_policy(given) if isinstance(given, str) else _policy(given)
        except PolicyError as error:
            return error

    is_text = isinstance(given, str)
    result = clock.run("policy, YAML" if is_text else "policy", program, len(given) if is_text else 0, step)
    if isinstance(result, PolicyError):
        assert str(result).strip()
    else:
        assert isinstance(result, Policy)
        assert len(result.version) == 16


TARGETS: dict[str, Callable[[bytes, Clock], None]] = {"decoding": decoding, "reading": reading, "policy": policy}
"""By name. Of so many inputs each gets its share: see `SHARES`."""
SHARES = {"decoding": 0.5, "reading": 0.4, "policy": 0.1}


def warm_up(inputs: int = 300) -> None:
    """Fill the tables that are made at first use: they are no input's fault."""
    choices = Random(1)
    for target in TARGETS.values():
        for _ in range(inputs):
            with suppress(AssertionError):
                target(choices.randbytes(30), Clock())
