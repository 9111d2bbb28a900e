"""From the policy's rules to what has to be recorded and looked at for each event.

Windows that several rules share are kept once. A rule's exempt roles are part of a window's identity, because an exempt
member adds nothing to it: an ambassador's announcement must not make two teachers who repeat it a campaign of three.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from models.events import BaseEvent
from models.incidents import Mode
from rules.base import Case, Fact, Finding, Key, Rule, Window
from rules.policy import Policy, RulePolicy
from rules.registry import all_rules
from state.requests import MICROSECONDS, Look, Observation, Reading


class KeptWindow(Struct, frozen=True):
    """A window as some rules keep it: without the entries of exempt actors, as long as the longest of them looks back."""

    window: Window
    exempt: frozenset[str]
    retained: int

    def stored_key(self, key: Key) -> Key:
        """The store's name of the window's `key`."""
        return (self.window.name, *sorted(self.exempt), "", *key)

    def entries(self, fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
        """What the fact adds, if anything."""
        if self.window.own and self.exempt.intersection(fact.event.actor_roles or ()):
            return ()
        return self.window.entries(fact)


class SignalPlan(Struct, frozen=True):
    """One signal of a rule: where it is read, and the look that it takes."""

    name: str
    kept: KeptWindow
    look: Look


class RulePlan(Struct, frozen=True):
    """A rule in force."""

    rule: Rule[Any]
    policy: RulePolicy
    mode: Mode
    signals: tuple[SignalPlan, ...]

    def exempts(self, fact: Fact, subject_id: str) -> bool:
        """Whether the subject acts in a role that the policy exempts."""
        return subject_id == fact.event.actor_id and bool(
            self.policy.exempt_roles.intersection(fact.event.actor_roles or ())
        )

    def reads(self, fact: Fact, subject_id: str) -> list[tuple[SignalPlan, Key]]:
        """The signals that the subject has here, with the stored keys of their windows."""
        keys = ((signal, signal.kept.window.at(fact, subject_id)) for signal in self.signals)
        return [(signal, signal.kept.stored_key(key)) for signal, key in keys if key is not None]

    def judge(self, case: Case) -> Finding | None:
        """The rule's own judgement."""
        return self.rule.judge(case, self.policy.limits)


class Pending(Struct, frozen=True):
    """A case that waits for its readings: which observation and which of its looks answers which signal."""

    plan: RulePlan
    fact_index: int
    subject_id: str
    sources: tuple[tuple[str, int, int], ...]

    def case(self, fact: Fact, readings: list[list[Reading]]) -> Case:
        """The case with its answers."""
        return Case(fact, self.subject_id, {name: readings[at][look] for name, at, look in self.sources})


class Plan:
    """What a policy asks of every event."""

    def __init__(self, policy: Policy) -> None:
        in_force = [
            (rule, policy.rules[slug], declared)
            for slug, rule in all_rules().items()
            if policy.rules[slug].mode != "off"
            for declared in [rule.signals(policy.rules[slug].limits)]
        ]
        retained: dict[tuple[str, frozenset[str]], int] = {}
        windows: dict[str, Window] = {}
        for _, settings, declared in in_force:
            for signal in declared.values():
                if windows.setdefault(signal.window.name, signal.window) is not signal.window:
                    raise ValueError(f"two windows share the name {signal.window.name!r}")
                identity = (signal.window.name, settings.exempt_roles)
                retained[identity] = max(retained.get(identity, 0), signal.seconds * MICROSECONDS)
        self._kept = {
            (name, exempt): KeptWindow(windows[name], exempt, longest) for (name, exempt), longest in retained.items()
        }
        self.rules = [
            RulePlan(
                rule,
                settings,
                "shadow" if settings.mode == "shadow" else "live",
                tuple(
                    SignalPlan(
                        name,
                        self._kept[signal.window.name, settings.exempt_roles],
                        Look(signal.seconds * MICROSECONDS, signal.sample_from),
                    )
                    for name, signal in declared.items()
                ),
            )
            for rule, settings, declared in in_force
        ]
        self._by_type: dict[type[BaseEvent], tuple[list[KeptWindow], list[RulePlan]]] = {}

    def for_type(self, event: BaseEvent) -> tuple[list[KeptWindow], list[RulePlan]]:
        """The windows that such an event may add to, and the rules that judge it."""
        kind = type(event)
        if kind not in self._by_type:
            self._by_type[kind] = (
                [kept for kept in self._kept.values() if issubclass(kind, kept.window.on)],
                [plan for plan in self.rules if issubclass(kind, plan.rule.on)],
            )
        return self._by_type[kind]


class _Draft:
    """An observation in the making: looks are collected from all rules that share it."""

    def __init__(self, index: int, kept: KeptWindow, key: Key, members: tuple[str, ...], recorded: bool) -> None:
        self.index, self.kept, self.key, self.members, self.recorded = index, kept, key, members, recorded
        self.looks: dict[Look, int] = {}

    def add(self, look: Look) -> int:
        """The look's place among this observation's."""
        return self.looks.setdefault(look, len(self.looks))

    def observation(self, fact: Fact) -> Observation:
        window = self.kept.window
        return Observation(
            key=self.key,
            time=fact.time,
            event_id=fact.event.event_id,
            members=self.members if window.distinct else None,
            recorded=self.recorded,
            looks=tuple(self.looks),
            retained=self.kept.retained,
            named=window.named,
            note=window.note(fact) if self.recorded else "",
        )


def observe(plan: Plan, fact: Fact, fact_index: int, first: int) -> tuple[list[Observation], list[Pending]]:
    """What one fact records and asks. `first` is the index that its first observation will have in the batch.

    A rule judges a fact only where the fact has added something to one of the rule's windows for that subject: what
    changes no count can break no limit.
    """
    windows, rules = plan.for_type(fact.event)
    drafts: dict[Key, _Draft] = {}
    for kept in windows:
        for key, members in kept.entries(fact):
            stored = kept.stored_key(key)
            drafts[stored] = _Draft(len(drafts), kept, stored, members, True)
    pending = []
    for rule in rules:
        for subject_id in dict.fromkeys(rule.rule.subjects(fact)):
            reads = rule.reads(fact, subject_id)
            if rule.exempts(fact, subject_id) or not any(key in drafts and drafts[key].recorded for _, key in reads):
                continue
            sources = []
            for signal, key in reads:
                draft = drafts.setdefault(key, _Draft(len(drafts), signal.kept, key, (), False))
                sources.append((signal.name, first + draft.index, draft.add(signal.look)))
            pending.append(Pending(rule, fact_index, subject_id, tuple(sources)))
    return [draft.observation(fact) for draft in drafts.values()], pending
