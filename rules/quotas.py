"""Quotas: how much of something is too much in which time, and how a judge compares readings with them."""

import re
from typing import Annotated

from msgspec import Meta, Struct

from models.incidents import Measurement
from state.requests import WindowResult

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([1-9][0-9]{0,7})([smhd])")
_LONGEST = 400 * 86_400


class Duration(int):
    """A length of time in seconds, written like `30s`, `10m`, `24h` or `7d` in the policy."""

    FORM = "a length of time such as 30s, 10m, 24h or 7d, at most 400d"

    @classmethod
    def parse(cls, written: object) -> "Duration":
        """Raises ValueError with what was found and what is expected."""
        match = _DURATION.fullmatch(written) if isinstance(written, str) else None
        seconds = int(match[1]) * _UNITS[match[2]] if match else 0
        if not 0 < seconds <= _LONGEST:
            raise ValueError(f"found {written!r}, expected {cls.FORM}")
        return cls(seconds)

    def __str__(self) -> str:
        unit = max((u for u in _UNITS if self % _UNITS[u] == 0), key=_UNITS.__getitem__)
        return f"{self // _UNITS[unit]}{unit}"


Count = Annotated[int, Meta(ge=1, le=10_000)]
NEVER = 10_001
"""Samples from here on: for signals that only weigh others, such as answers, and are no evidence themselves."""
Share = Annotated[float, Meta(ge=0, le=1)]


class Quota(Struct, frozen=True, forbid_unknown_fields=True):
    """Too much is `reach` or more within `window`."""

    reach: Count
    window: Duration


Quotas = Annotated[tuple[Quota, ...], Meta(min_length=1)]
"""Reached when one of them is. Their windows differ."""


class Reached(Struct, frozen=True):
    """The quota that was reached by most."""

    quota: Quota
    result: WindowResult
    level: float
    measurements: tuple[Measurement, ...]

    @property
    def within(self) -> str:
        """The quota's window in words."""
        return in_words(self.quota.window)


def measured(name: str, value: float, limit: float, window: int | None = None) -> Measurement:
    """A measurement as the incident shows it; `window` in seconds."""
    return Measurement(name=name, value=value, limit=limit, window_seconds=None if window is None else int(window))


def number_of(result: WindowResult) -> str:
    """How much was counted, as a summary says it."""
    return f"at least {result.count}" if result.at_least else str(result.count)


def counted(number: int, thing: str) -> str:
    """1 message, 2 messages."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def in_words(seconds: int) -> str:
    """1 hour, 24 hours, 7 days: how a moderator would say it."""
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds % length == 0 and (unit != "day" or seconds > length):
            number = seconds // length
            return counted(number, unit)
    return counted(seconds, "second")
