"""From the policy's rules to what has to be recorded and looked at for each event.

Windows that several rules share are kept once. A rule's exempt roles are part of a window's identity, because an exempt
member adds nothing to it: an ambassador's announcement must not make two teachers who repeat it a campaign of three.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from models.events import TOPICS, BaseEvent
from models.incidents import Mode
from rules.base import Case, Fact, Finding, Key, Rule, Window
from rules.policy import Policy, RulePolicy
from rules.quotas import NEVER
from rules.registry import all_rules
from state.requests import MICROSECONDS, Doubt, EventName, Look, Observation, Reading, StoredWindow

_LEAST_MOST = 32


class KeptWindow:
    """A window as some rules keep it: without the entries of exempt actors, as long as the longest of them looks back."""

    def __init__(self, window: Window, exempt: frozenset[str]) -> None:
        self.window = window
        self.exempt = exempt
        self.stored = StoredWindow((window.name, *sorted(exempt)), window.history, 0)
        """As the store knows it; complete once all rules are planned."""

    def complete(self, signals: Iterable["SignalPlan"], together: frozenset[str]) -> None:
        """Look back as far as these signals do. Windows of the histories `together` can take in one another."""
        looks = [signal.look for signal in signals]
        sampled = [look.sample_from for look in looks if look.sample_from < NEVER]
        self.stored = StoredWindow(
            name=self.stored.name,
            history=self.window.history,
            retained=max(look.length for look in looks),
            distinct=self.window.distinct,
            named=self.window.named,
            # so many that an event which has more reaches every limit by itself
            most=max([_LEAST_MOST, *sampled]),
            pairs=self.window.pairs,
            together=self.window.history in together,
        )

    def taking_in(self, fact: Fact, event: EventName) -> Observation | None:
        """The window of the fact's campaign takes in those of campaigns that became part of it."""
        if not fact.campaign or not fact.united or not self.window.text_of:
            return None
        whose = () if self.window.text_of == "everybody" else (fact.event.actor_id,)
        own, *others = ((*whose, campaign_id) for campaign_id in (fact.campaign.campaign_id, *fact.united))
        return Observation(self.stored, own, event, (), recorded=False, looks=(), takes_in=tuple(others))

    def entries(self, fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
        """What the fact adds, if anything."""
        is_exempt = bool(self.exempt) and bool(self.exempt.intersection(fact.event.actor_roles or ()))
        if self.window.exempt_only != is_exempt and (self.window.own or self.window.exempt_only):
            return ()
        return self.window.entries(fact)


@cache
def topics_of(types: tuple[type[BaseEvent], ...]) -> frozenset[str]:
    """Where events of these types are written."""
    return frozenset(topic for topic, written in TOPICS.items() if set(written) & set(types))


class SignalPlan(Struct, frozen=True):
    """One signal of a rule: where it is read, and the look that it takes."""

    name: str
    kept: KeptWindow
    look: Look
    each: Callable[[Fact, str], Sequence[Key]] | None = None
    after: str = ""

    def reads(self, fact: Fact, subject_id: str) -> Iterable[tuple[str, Key]]:
        """The names of its readings, and under which of the window's keys each is read."""
        if self.each:
            return ((f"{self.name}/{number}", key) for number, key in enumerate(self.each(fact, subject_id)))
        key = self.kept.window.at(fact, subject_id)
        return () if key is None else ((self.name, key),)


class RulePlan(Struct, frozen=True):
    """A rule in force."""

    rule: Rule[Any]
    policy: RulePolicy
    mode: Mode
    signals: tuple[SignalPlan, ...]
    declared: frozenset[str]
    windows: tuple[KeptWindow, ...]
    """Those of its signals, each once."""

    def is_doubtful(self, time: int, without: frozenset[str], doubts: Iterable[Doubt]) -> bool:
        """Whether what it finds of an event of that time may rest on what was not read in its order.

        That is so while what might spare the member is missing (`without`, as in `RawRecord`), and afterwards for as long as
        its windows hold what was counted meanwhile.
        """
        spared_by = self.rule.spared_by + tuple(kind for kept in self.windows for kind in kept.window.spared_by)
        if without & topics_of(spared_by):
            return True
        return any(
            doubt.topic in topics_of(signal.kept.window.spared_by)
            and doubt.start - signal.look.length <= time <= doubt.end + signal.look.length
            for doubt in doubts
            for signal in self.signals
        )

    def exempts(self, fact: Fact, subject_id: str) -> bool:
        """Whether the subject acts in a role that the policy exempts."""
        return subject_id == fact.event.actor_id and bool(
            self.policy.exempt_roles.intersection(fact.event.actor_roles or ())
        )

    def reads(self, fact: Fact, subject_id: str) -> list[tuple[str, SignalPlan, Key]]:
        """The readings that the subject has here: their names, their signals and the keys of the windows."""
        return [(name, signal, key) for signal in self.signals for name, key in signal.reads(fact, subject_id)]

    def judge(self, case: Case) -> Finding | None:
        """The rule's own judgement."""
        return self.rule.judge(case, self.policy.limits)


class Pending(Struct, frozen=True):
    """A case that waits for its readings: which observation and which of its looks answers which signal. `fact` is that with
    the number `fact_index`, or its heading's.
    """

    plan: RulePlan
    fact_index: int
    fact: Fact
    subject_id: str
    sources: tuple[tuple[str, int, int], ...]

    def case(self, readings: list[list[Reading]]) -> Case:
        """The case with its answers."""
        read = {name: readings[at][look] for name, at, look in self.sources}
        return Case(self.fact, self.subject_id, read, self.plan.declared)


class Fault(Struct, frozen=True):
    """A rule that failed on an event."""

    slug: str
    error: Exception

    def __str__(self) -> str:
        return f"rule {self.slug} failed with {type(self.error).__name__}: {self.error}"


class Plan:
    """What a policy asks of every event."""

    def __init__(self, policy: Policy) -> None:
        self._kept: dict[tuple[str, frozenset[str]], KeptWindow] = {}
        self.rules = [
            self._rule_plan(rule, policy.rules[slug])
            for slug, rule in all_rules().items()
            if policy.rules[slug].mode != "off"
        ]
        together = frozenset(k.window.history for k in self._kept.values() if k.window.text_of == "everybody")
        for kept in self._kept.values():
            kept.complete((s for plan in self.rules for s in plan.signals if s.kept is kept), together)
        self._by_type: dict[tuple[type[BaseEvent], bool], tuple[list[KeptWindow], list[RulePlan]]] = {}

    def _rule_plan(self, rule: Rule[Any], settings: RulePolicy) -> RulePlan:
        signals = []
        for name, signal in rule.signals(settings.limits).items():
            identity = (signal.window.name, settings.exempt_roles)
            kept = self._kept.setdefault(identity, KeptWindow(signal.window, settings.exempt_roles))
            if kept.window is not signal.window:
                raise ValueError(f"two windows share the name {signal.window.name!r}")
            beside = tuple((window.name, *sorted(settings.exempt_roles)) for window in signal.beside)
            look = Look(signal.seconds * MICROSECONDS, signal.sample_from, beside=beside)
            signals.append(SignalPlan(name, kept, look, signal.each, signal.after))
        mode: Mode = "shadow" if settings.mode == "shadow" else "live"
        declared = frozenset(signal.name for signal in signals)
        windows = tuple({signal.kept: None for signal in signals})
        return RulePlan(rule, settings, mode, tuple(signals), declared, windows)

    @property
    def doubts_kept(self) -> int:
        """For how long (microseconds of event time) what was counted out of order may show."""
        lengths = [s.look.length for rule in self.rules for s in rule.signals if s.kept.window.spared_by]
        return max(lengths, default=0)

    @property
    def windows(self) -> Iterable[KeptWindow]:
        """All windows that are kept."""
        return self._kept.values()

    def judging(self, fact: Fact) -> tuple[list[KeptWindow], list[RulePlan]]:
        """The windows that such a fact may add to, and the rules that judge it."""
        kind, is_heading = type(fact.event), fact.is_heading
        if (kind, is_heading) not in self._by_type:
            rules = [plan for plan in self.rules if plan.rule.headings or not is_heading]
            asked = {signal.kept.stored.name for plan in rules for signal in plan.signals}
            self._by_type[kind, is_heading] = (
                [
                    kept
                    for kept in self._kept.values()
                    if issubclass(kind, kept.window.on) and kept.stored.name in asked
                ],
                [plan for plan in rules if issubclass(kind, plan.rule.on)],
            )
        return self._by_type[kind, is_heading]


class _Draft:
    """An observation in the making: looks are collected from all rules that share it."""

    __slots__ = ("_looks", "after", "index", "kept", "key", "members", "note", "recorded")

    def __init__(self, index: int, kept: KeptWindow, key: Key) -> None:
        self.index, self.kept, self.key = index, kept, key
        self.recorded, self.note, self.members = False, "", ()  # type: tuple[bool, str, tuple[str, ...]]
        self.after: int | None = None
        self._looks: list[Look] = []

    def record(self, members: tuple[str, ...], note: str) -> None:
        """The event adds to the window, and does not only ask."""
        self.recorded, self.note, self.members = True, note, self.members + members

    def add(self, look: Look) -> int:
        """The look's place among this observation's. Looks of one length are one, with samples from the lower limit on."""
        for place, other in enumerate(self._looks):
            if (other.length, other.about, other.beside) == (look.length, look.about, look.beside):
                if look.sample_from < other.sample_from:
                    self._looks[place] = look
                return place
        self._looks.append(look)
        return len(self._looks) - 1

    def observation(self, event: EventName) -> Observation:
        return Observation(
            self.kept.stored,
            self.key,
            event,
            self.members,
            recorded=self.recorded,
            looks=tuple(self._looks),
            note=self.note,
            after=self.after,
        )


_Drafts = dict[tuple[KeptWindow, Key], _Draft]


def observe(
    plan: Plan, fact: Fact, fact_index: int, first: int, exempted: Counter[str] | None = None
) -> tuple[list[Observation], list[Pending], list[Fault]]:
    """What one fact records and asks, and the rules that failed. `first` is the index that its first observation will have
    in the batch. Counts in `exempted`, by rule, subjects that a role spares.

    A rule that counts judges a fact only where the fact has added something to one of the rule's windows for that subject:
    what changes no count can break no limit.
    """
    event = EventName(fact.time, fact.event.event_id, fact.event.identity, fact.event.actor_id)
    parts = fact.parts
    # before what the fact adds, so that it is answered with all of it when it comes again
    taking_in = [one for part in parts if part.united for kept in plan.windows if (one := kept.taking_in(part, event))]
    first += len(taking_in)
    drafts: _Drafts = {}
    broken: dict[KeptWindow, Exception] = {}
    for part in parts:
        for kept in plan.judging(part)[0]:
            try:
                _record(kept, part, drafts)
            except Exception as mistake:  # a rule's mistake must cost neither the other rules nor the events around it
                broken[kept] = mistake
    pending: list[Pending] = []
    faults: list[Fault] = []
    added_to = {kept for kept, _ in drafts}
    for part in parts:
        for rule in plan.judging(part)[1]:
            if broken and (error := next((broken[s.kept] for s in rule.signals if s.kept in broken), None)):
                faults.append(Fault(rule.rule.slug, error))
                continue
            try:
                pending += _ask(rule, part, fact_index, first, drafts, added_to, exempted)
            except Exception as mistake:
                faults.append(Fault(rule.rule.slug, mistake))
    return [*taking_in, *(draft.observation(event) for draft in drafts.values())], pending, faults


def _record(kept: KeptWindow, fact: Fact, drafts: _Drafts) -> None:
    """Add what the fact adds to the window, all of it or, where the window fails, nothing."""
    entries = list(kept.entries(fact))
    if not entries:
        return
    note = kept.window.note(fact)
    for key, members in entries:
        draft = drafts.setdefault((kept, key), _Draft(len(drafts), kept, key))
        draft.record(members, note)


def _ask(
    rule: RulePlan,
    fact: Fact,
    fact_index: int,
    first: int,
    drafts: _Drafts,
    added_to: set[KeptWindow],
    exempted: Counter[str] | None,
) -> list[Pending]:
    """The rule's cases. Windows that it only reads become drafts too."""
    pending = []
    for subject_id in dict.fromkeys(rule.rule.subjects(fact)):
        if rule.exempts(fact, subject_id):
            if exempted is not None and not fact.is_heading:
                exempted[rule.rule.slug] += 1
            continue
        if rule.signals and added_to.isdisjoint(rule.windows):
            continue
        reads = rule.reads(fact, subject_id)
        if rule.signals and not any(_adds(drafts, signal.kept, key) for _, signal, key in reads):
            continue
        sources: list[tuple[str, int, int]] = []
        for name, signal, key in reads:
            look, whole = signal.look, key
            if signal.kept.window.pairs:
                look, whole = replace(look, about=key[1]), key[:1]
            draft = drafts.get((signal.kept, whole))
            if draft is None:
                draft = drafts[signal.kept, whole] = _Draft(len(drafts), signal.kept, whole)
                draft.after = next((at for other, at, _ in sources if other == signal.after), None)
            elif not signal.after:
                draft.after = None
            sources.append((name, first + draft.index, draft.add(look)))
        pending.append(Pending(rule, fact_index, fact, subject_id, tuple(sources)))
    return pending


def _adds(drafts: _Drafts, kept: KeptWindow, key: Key) -> bool:
    """Whether the fact adds something to the window under a key that is read."""
    if kept.window.pairs:
        draft = drafts.get((kept, key[:1]))
        return draft is not None and key[1] in draft.members
    draft = drafts.get((kept, key))
    return draft is not None and draft.recorded
