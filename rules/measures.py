"""What a rule counts, in one declaration each, and the judge of rules that only compare what was counted with a quota.

    STRANGERS = Measure(
        "strangers",
        distinct("strangers messaged by actor", on=(Message,), of=lambda context: context.strangers),
        within=lambda limits: limits.strangers,
    )

reads: the distinct strangers of messages, by their actor, within the quotas that the policy sets. A judge asks the measure,
`STRANGERS.reached(rule_input, limits)` or `ANSWERS.of(rule_input)`: one that its rule does not declare cannot be read.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct

from models.events import BaseEvent
from rules.base import EventContext, Finding, Judge, Key, Limits, RuleInput, Signal, Window, by_subject
from rules.quotas import NEVER, Duration, Quota, Reached, measured
from state.requests import WindowResult

_NOTHING = WindowResult(0)
_Event = TypeVar("_Event", bound=BaseEvent)
_MOST_KNOWN = 1_000
"""Quotas kept: those of some policies."""
Within = Quota | Duration | Sequence[Quota]
"""A time that is looked at, from which count on there is evidence: from 1 on where there is a time alone."""


def by_actor(context: EventContext) -> Key | None:
    """The usual key: what is counted is the actor's."""
    return (context.event.actor_id,)


def _read_at(by: Callable[[EventContext], Key | None]) -> Callable[[EventContext, str], Key | None]:
    """What is the actor's is read of whomever the rule judges: an answer changes what the asker's requests weigh."""
    return by_subject if by is by_actor else lambda context, _: by(context)


def event_as(context: EventContext, kind: type[_Event]) -> _Event:
    """The event, of a rule that looks at events of one type alone. Raises TypeError where it is of another."""
    if not isinstance(context.event, kind):
        raise TypeError(f"found an event of type {context.event.type}, expected a {kind.__name__}")
    return context.event


def nowhere(_: EventContext, __: str) -> Key | None:
    """Of a window that is read under several keys (`Measure.each`)."""
    return None


def distinct(
    name: str,
    *,
    on: tuple[type[BaseEvent], ...],
    of: Callable[[EventContext], Sequence[str]],
    by: Callable[[EventContext], Key | None] = by_actor,
    **more: Any,
) -> Window:
    """The distinct members (or places, …) that an event is `of`, by the key that it has (None: it does not count).

    `name` is the window's identity in the store; `more` as in `Window`.
    """

    def entries(context: EventContext) -> Iterable[tuple[Key, tuple[str, ...]]]:
        key = by(context)
        return ((key, tuple(members)),) if key is not None and (members := of(context)) else ()

    return Window(name=name, on=on, entries=entries, at=_read_at(by), at_own=True, **more)


def count(
    name: str,
    *,
    on: tuple[type[BaseEvent], ...],
    of: Callable[[EventContext], bool] = lambda _: True,
    by: Callable[[EventContext], Key | None] = by_actor,
    **more: Any,
) -> Window:
    """The events that are `of` what is counted; the rest as in `distinct`."""

    def entries(context: EventContext) -> Iterable[tuple[Key, tuple[str, ...]]]:
        key = by(context)
        return ((key, ()),) if key is not None and of(context) else ()

    return Window(name=name, on=on, distinct=False, entries=entries, at=_read_at(by), at_own=True, **more)


class Measure(Struct, Generic[Limits], frozen=True, eq=False):
    """A window over the times that the policy sets.

    `name` is what an incident's measurements call it. `window` is made of the limits where what counts depends on them. With
    `weighs` it only weighs others, and is no evidence itself. `each`, `after` and `beside` as in `Signal`.
    """

    name: str
    window: Window | Callable[[Limits], Window]
    within: Callable[[Limits], Within]
    weighs: bool = False
    each: Callable[[Limits, EventContext, str], Sequence[Key]] | None = None
    after: "Measure[Limits] | None" = None
    beside: "tuple[Measure[Limits], ...]" = ()

    def signals(self, limits: Limits) -> dict[str, Signal]:
        """What the engine reads for it."""
        window, beside = self._window(limits), tuple(other._window(limits) for other in self.beside)
        each = self.each and (lambda context, subject: self.each(limits, context, subject))  # type: ignore[misc]
        after = self.after.name if self.after else ""
        return {
            name: Signal(window, int(quota.window), NEVER if self.weighs else quota.reach, each, after, beside)
            for name, quota in _quotas(self, limits).items()
        }

    def of(self, rule_input: RuleInput, window: Duration | None = None, number: int | None = None) -> WindowResult:
        """What was counted, nothing where it was not asked: within the `window` where the policy sets several, of the key with
        that `number` of `each`. Raises LookupError where the rule does not declare the measure.
        """
        return _read(rule_input, self.name if window is None else f"{self.name}/{window}", number)

    def reached(
        self,
        rule_input: RuleInput,
        limits: Limits,
        number: int | None = None,
        *,
        window: Duration | None = None,
        but_for: Callable[[WindowResult], WindowResult] | None = None,
    ) -> Reached | None:
        """The quota that is reached by the largest factor, with the measurements of all that are reached; None if none is.

        Only of quotas within the `window`, if one is given; readings count as `but_for` makes them.
        """
        over: list[tuple[float, Quota, WindowResult]] = []
        for name, quota in _quotas(self, limits).items():
            if window is not None and quota.window != window:
                continue
            result = _read(rule_input, name, number)
            if but_for:
                result = but_for(result)
            if result.count >= quota.reach:
                over.append((result.count / quota.reach, quota, result))
        if not over:
            return None
        level, best, result = max(over, key=lambda one: (one[0], -one[1].window))
        measurements = tuple(measured(self.name, told.count, quota.reach, quota.window) for _, quota, told in over)
        return Reached(best, result, level, measurements)

    def _window(self, limits: Limits) -> Window:
        return self.window if isinstance(self.window, Window) else self.window(limits)

    def quotas(self, limits: Limits) -> tuple[Quota, ...]:
        """What the policy sets."""
        return tuple(_quotas(self, limits).values())


def _quotas(measure: Measure[Limits], limits: Limits) -> dict[str, Quota]:
    """The quotas of a measure, by the names of its readings. They are kept, for every judge asks for them at every event."""
    known = _known.get((id(measure), id(limits)))
    if known is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        known = _known[id(measure), id(limits)] = (measure, limits, _quotas_by_name(measure, limits))
    return known[2]


def _quotas_by_name(measure: Measure[Limits], limits: Limits) -> dict[str, Quota]:
    match measure.within(limits):
        case Duration() as window:
            return {measure.name: Quota(1, window)}
        case Quota() as quota:
            return {measure.name: quota}
        case quotas:
            return {f"{measure.name}/{quota.window}": quota for quota in quotas}


# with what the numbers are of, so that these are nobody else's; limits need not have a hash
_known: dict[tuple[int, int], tuple[Measure[Any], Any, dict[str, Quota]]] = {}


def _read(rule_input: RuleInput, name: str, number: int | None) -> WindowResult:
    if name not in rule_input.declared:
        raise LookupError(f"the rule reads {name!r}, which it does not declare")
    return rule_input.results.get(name if number is None else f"{name}/{number}", _NOTHING)


def declare(*measures: Measure[Limits]) -> Callable[[Limits], dict[str, Signal]]:
    """The `signals` of a rule whose judge reads these measures."""

    def signals(limits: Limits) -> dict[str, Signal]:
        return {name: signal for measure in measures for name, signal in measure.signals(limits).items()}

    return signals


def too_many(*told: tuple[Measure[Limits], Callable[[Reached], str]]) -> Judge[Limits]:
    """The judge that finds a breach where a quota is reached, of the first measure that reaches one, and what it says then."""

    def judge(rule_input: RuleInput, limits: Limits) -> Finding | None:
        for measure, says in told:
            if over := measure.reached(rule_input, limits):
                return Finding(
                    level=over.level, measurements=over.measurements, evidence=over.result, summary=says(over)
                )
        return None

    return judge
