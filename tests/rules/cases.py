"""Facts and cases for judges, with no store behind them."""

from typing import Any

from models.events import BaseEvent, from_microseconds, without_words, written_fields
from rules.base import EventContext, RuleInput
from state.requests import Campaign, Contribution, WindowResult
from text.reading import read_writings

NOON = 1_772_366_400_000_000
"""1 March 2026, 12:00 UTC, in microseconds."""


def event(cls: type[BaseEvent], **fields: Any) -> Any:
    """An event of `anna` at noon."""
    usual: dict[str, Any] = {"event_id": "e1", "occurred_at": from_microseconds(NOON), "actor_id": "anna"}
    return cls(**usual | fields)


def context(
    cls: type[BaseEvent], *, campaign: bool = True, strangers: tuple[str, ...] = (), **fields: Any
) -> EventContext:
    """A fact of an event of `anna`, in campaign `c` unless told otherwise."""
    written = event(cls, **fields)
    return EventContext(
        event=without_words(written),
        time=NOON,
        strangers=strangers,
        writing=read_writings([(written_fields(written), written.language)])[0],
        campaign=Campaign("c", 0.9) if campaign else None,
    )


def reading(count: int, *, note: str = "", members: tuple[str, ...] = ()) -> WindowResult:
    """A window that counted `count`, with its first and last event."""
    if not count:
        return WindowResult(0, 0)
    first = Contribution(NOON - 1, "e0", note)
    return WindowResult(count, count, (first,), (first, Contribution(NOON, "e1", note)), members)


def rule_input(of: EventContext, subject_id: str = "anna", /, **counts: int | WindowResult) -> RuleInput:
    """`counts` by signal: `strangers_1h=20` is what the signal `strangers/1h` reads."""
    readings = {
        name.replace("_at_", "/"): value if isinstance(value, WindowResult) else reading(value)
        for name, value in counts.items()
    }
    return RuleInput(of, subject_id, readings, Anything())


class Anything:
    """Every measure is declared: judges are tried with limits of their own."""

    def __contains__(self, name: object) -> bool:
        return True
