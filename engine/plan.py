"""From the policy's rules to what has to be recorded and looked at for each event.

Windows that several rules share are kept once. A rule's exempt roles are part of a window's identity, because an exempt
member adds nothing to it: an ambassador's announcement must not make two teachers who repeat it a campaign of three.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from models.events import TOPICS, BaseEvent
from models.incidents import Mode
from rules.base import NEEDS, Entries, EventContext, Finding, Key, Need, Rule, RuleInput, Window, nobody
from rules.measures import nowhere
from rules.policy import Policy, RulePolicy
from rules.quotas import NEVER
from rules.registry import all_rules
from state.histories import Measured
from state.requests import MICROSECONDS, Doubt, EventName, StoredWindow, WindowQuery, WindowResult, WindowUpdate

_LEAST_MOST = 32
_MOST_KINDS = 1_000
"""Kinds of events, with roles that some rule exempts and what windows need, whose plans are kept."""
_NO_ROLES = frozenset[str]()
_ALL: Sequence[int] = range(1_000)
"""The places of queries that are asked alone: each its own."""


class KeptWindow:
    """A window as some rules keep it: without the entries of exempt actors, as long as the longest of them looks back."""

    def __init__(self, window: Window, exempt: frozenset[str], number: int) -> None:
        self.window = window
        self.exempt = exempt
        self.bit = 1 << number
        """Of a number that stands for some of the plan's windows."""
        self.stored = StoredWindow((window.name, *sorted(exempt)), window.history, 0)
        """As the store knows it; complete once all rules are planned."""

    def complete(self, signals: Iterable["SignalPlan"], together: frozenset[str]) -> None:
        """Look back as far as these signals do. Windows of the histories `together` can take in one another."""
        queries = [signal.query for signal in signals]
        sampled = [query.sample_from for query in queries if query.sample_from < NEVER]
        self.stored = StoredWindow(
            name=self.stored.name,
            history=self.window.history,
            retained=max(query.length for query in queries),
            distinct=self.window.distinct,
            named=self.window.named,
            # so many that an event which has more reaches every limit by itself
            most=max([_LEAST_MOST, *sampled]),
            pairs=self.window.pairs,
            together=self.window.history in together,
        )

    def merging(self, context: EventContext, event: EventName) -> WindowUpdate | None:
        """The window of the event's campaign, with which those are merged of campaigns that became part of it."""
        if not context.campaign or not context.merged or not self.window.text_of:
            return None
        merged = context.campaign.holding if self.window.text_of == "holding" else context.merged
        if not merged:
            return None
        whose = (context.event.actor_id,) if self.window.text_of == "author" else ()
        own, *others = ((*whose, campaign_id) for campaign_id in (context.campaign.campaign_id, *merged))
        return WindowUpdate(self.stored, own, event, (), recorded=False, queries=(), merges=tuple(others))

    def counts(self, roles: frozenset[str]) -> bool:
        """Whether it counts what somebody does who acts in these roles."""
        is_exempt = not self.exempt.isdisjoint(roles)
        return self.window.exempt_only == is_exempt or not (self.window.own or self.window.exempt_only)


@cache
def topics_of(types: tuple[type[BaseEvent], ...]) -> frozenset[str]:
    """Where events of these types are written."""
    return frozenset(topic for topic, written in TOPICS.items() if set(written) & set(types))


_Queries = tuple[WindowQuery, ...]


class SignalPlan(Struct, frozen=True):
    """One signal of a rule: where it is read, and the query that it takes."""

    name: str
    kept: KeptWindow
    query: WindowQuery
    each: Callable[[EventContext, str], Sequence[Key]] | None = None
    after: str = ""


class Read(Struct, frozen=True):
    """The signals of a rule that read one window alike: the `queries` that they come to, and for each name which of these."""

    kept: KeptWindow
    queries: tuple[WindowQuery, ...]
    names: tuple[tuple[str, int], ...]
    each: Callable[[EventContext, str], Sequence[Key]] | None
    after: "Read | None"
    """What has to have a sample, so that this is read."""
    at: Callable[[EventContext, str], Key | None]
    pairs: bool
    at_own: bool
    """The window's own."""
    leads: bool
    """Whether another one is read after it."""
    is_evidence: bool
    """Whether some of the signals are, and do not only weigh others."""


def _reads(signals: Sequence[SignalPlan]) -> tuple[Read, ...]:
    """The signals, those that read one window alike together; without those that are only read beside others."""
    alike: dict[tuple[Any, ...], list[SignalPlan]] = {}
    for signal in signals:
        if signal.each or signal.kept.window.at is not nowhere:
            alike.setdefault((signal.kept, signal.each, signal.after), []).append(signal)
    reads: list[Read] = []
    for (kept, each, after), some in alike.items():
        queries: list[WindowQuery] = []
        names = tuple((signal.name, _place(queries, signal.query)) for signal in some)
        before = next((read for read in reads if any(name == after for name, _ in read.names)), None)
        window = kept.window
        at_own = window.at_own and not each and not window.pairs
        leads = any(signal.after == name for signal in signals for name, _ in names)
        evidence = any(signal.query.sample_from < NEVER for signal in some)
        reads.append(Read(kept, tuple(queries), names, each, before, window.at, window.pairs, at_own, leads, evidence))
    return tuple(reads)


def _place(queries: list[WindowQuery], query: WindowQuery) -> int:
    """The query's place among these. Queries of one length are one, with samples from the lower limit on."""
    for place, other in enumerate(queries):
        if (other.length, other.about, other.beside) == (query.length, query.about, query.beside):
            if query.sample_from < other.sample_from:
                queries[place] = query
            return place
    queries.append(query)
    return len(queries) - 1


def _together(queries: _Queries, further: _Queries) -> tuple[_Queries, Sequence[int]]:
    """All of them, and the places of the further ones among these."""
    asked = list(queries)
    places = [_place(asked, query) for query in further]
    return tuple(asked), places


class RulePlan(Struct, frozen=True):
    """A rule in force."""

    rule: Rule[Any]
    policy: RulePolicy
    mode: Mode
    signals: tuple[SignalPlan, ...]
    declared: frozenset[str]
    reads: tuple[Read, ...]
    windows: frozenset[KeptWindow]
    """Those of its signals."""
    bits: int
    """Those of these windows."""
    takes_evidence: bool
    """Whether some of its signals are evidence, so that it finds nothing where none of them has any."""

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
            and doubt.start - signal.query.length <= time <= doubt.end + signal.query.length
            for doubt in doubts
            for signal in self.signals
        )

    def judge(self, rule_input: RuleInput) -> Finding | None:
        """The rule's own judgement."""
        return self.rule.judge(rule_input, self.policy.limits)


class Results:
    """The results of a rule's signals by their names, each derived when the rule reads it. `sources`: which update's and which
    of its queries' each is.
    """

    __slots__ = ("_measured", "_sources")

    def __init__(self, sources: Mapping[str, tuple[int, int]], measured: Measured) -> None:
        self._sources, self._measured = sources, measured

    def get(self, name: str, default: WindowResult) -> WindowResult:
        """As of a mapping."""
        source = self._sources.get(name)
        return self._measured[source[0]][source[1]] if source else default


_Asked = tuple[int, Sequence[int], tuple[tuple[str, int], ...], str]
"""What a rule reads of one window under one key: the number of the update within the batch, the places among its results of
the signals with these names, and what stands behind the names of a signal that is read under several keys.
"""


class Pending(Struct, frozen=True):
    """The input of a rule that waits for its results. `context` is that with the number `context_index`, or its heading's."""

    plan: RulePlan
    context_index: int
    context: EventContext
    subject_id: str
    asked: list[_Asked]
    evidence: list[int]
    """The numbers of the updates that may hold evidence."""

    def may_find(self, measured: Measured) -> bool:
        """Whether the rule may find anything by these results."""
        return not self.plan.takes_evidence or measured.has_evidence(self.evidence)

    def rule_input(self, measured: Measured) -> RuleInput:
        """The input with its answers."""
        sources = {
            name + number: (update, places[place])
            for update, places, names, number in self.asked
            for name, place in names
        }
        return RuleInput(self.context, self.subject_id, Results(sources, measured), self.plan.declared)


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
        self._exempt = frozenset[str]().union(*(plan.policy.exempt_roles for plan in self.rules))
        self._asked: dict[tuple[int, int], tuple[_Queries, _Queries, _Queries, Sequence[int]]] = {}
        self._of_events = lru_cache(_MOST_KINDS)(self._of_event)

    def _rule_plan(self, rule: Rule[Any], settings: RulePolicy) -> RulePlan:
        signals = []
        for name, signal in rule.signals(settings.limits).items():
            identity = (signal.window.name, settings.exempt_roles)
            kept = self._kept.setdefault(identity, KeptWindow(signal.window, settings.exempt_roles, len(self._kept)))
            if kept.window is not signal.window:
                raise ValueError(f"two windows share the name {signal.window.name!r}")
            beside = tuple((window.name, *sorted(settings.exempt_roles)) for window in signal.beside)
            query = WindowQuery(signal.seconds * MICROSECONDS, signal.sample_from, beside=beside)
            signals.append(SignalPlan(name, kept, query, signal.each, signal.after))
        mode: Mode = "shadow" if settings.mode == "shadow" else "live"
        declared = frozenset(signal.name for signal in signals)
        windows = frozenset(signal.kept for signal in signals)
        takes_evidence = any(signal.query.sample_from < NEVER for signal in signals)
        bits = sum(kept.bit for kept in windows)
        return RulePlan(rule, settings, mode, tuple(signals), declared, _reads(signals), windows, bits, takes_evidence)

    @property
    def doubts_kept(self) -> int:
        """For how long (microseconds of event time) what was counted out of order may show."""
        lengths = [s.query.length for rule in self.rules for s in rule.signals if s.kept.window.spared_by]
        return max(lengths, default=0)

    @property
    def windows(self) -> Iterable[KeptWindow]:
        """All windows that are kept."""
        return self._kept.values()

    def ask(self, update: WindowUpdate, read: Read, about: str = "") -> Sequence[int]:
        """Ask an update what is read of it, besides what other rules ask that share it; the places of the queries among its.
        Of a window of pairs it is asked `about` somebody.
        """
        queries = tuple([replace(query, about=about) for query in read.queries]) if about else read.queries
        if not update.queries or update.queries is queries:
            update.queries = queries
            return _ALL
        if about:
            update.queries, places = _together(update.queries, queries)
            return places
        # most events ask the same together; the keys are ids of what is kept with them
        known = self._asked.get((id(update.queries), id(queries)))
        if known is None:
            known = (update.queries, queries, *_together(update.queries, queries))
            self._asked[id(update.queries), id(queries)] = known
        update.queries = known[2]
        return known[3]

    def of(self, parts: Sequence[EventContext]) -> "tuple[EventPlan, ...]":
        """What an event of such parts may add to, and the rules that judge it, by part."""
        event = parts[0].event
        kind, roles = type(event), self._exempt.intersection(event.actor_roles) if event.actor_roles else _NO_ROLES
        # what one part adds to, the other is judged by
        has = parts[0].has if len(parts) == 1 else frozenset(NEEDS)
        return tuple([self._of_events(kind, part.is_heading or part.shares_part, roles, has) for part in parts])

    def _of_event(
        self, kind: type[BaseEvent], is_heading: bool, roles: frozenset[str], has: frozenset[Need]
    ) -> "EventPlan":
        rules = [plan for plan in self.rules if plan.rule.headings or not is_heading]
        asked = frozenset[KeptWindow]().union(*(plan.windows for plan in rules))
        windows: dict[Window, list[KeptWindow]] = {}
        for kept in self._kept.values():
            window = kept.window
            if issubclass(kind, window.on) and kept in asked and kept.counts(roles) and has.issuperset(window.needs):
                windows.setdefault(window, []).append(kept)
        adds_to = frozenset[KeptWindow]().union(*windows.values())
        judging = [
            (plan, spares)
            for plan in rules
            if issubclass(kind, plan.rule.on)
            for spares in [not plan.policy.exempt_roles.isdisjoint(roles)]
            if spares or not plan.windows or not plan.windows.isdisjoint(adds_to)
        ]
        steps = [
            (window.entries, None if window.note is nobody else window.note, kept_by)
            for window, kept_by in windows.items()
        ]
        return EventPlan(tuple(windows.items()), tuple(judging), tuple(steps))


class EventPlan(Struct, frozen=True):
    """What an event of one kind, done in some roles, may add to; and the rules that judge it, and which spare these roles.
    Rules are left out to whose windows it can add nothing.
    """

    windows: tuple[tuple[Window, list[KeptWindow]], ...]
    rules: tuple[tuple[RulePlan, bool], ...]
    steps: tuple[tuple[Entries, Callable[[EventContext], str] | None, list[KeptWindow]], ...]
    """What the windows ask of the event: what it adds, what it notes."""


_NOWHERE: Mapping[KeptWindow, tuple[int, WindowUpdate] | None] = {}
_Updates = dict[tuple[KeptWindow, Key], tuple[int, WindowUpdate]]
"""Each with its number among those of its event."""


def observe(
    plan: Plan, context: EventContext, context_index: int, first: int, exempted: Counter[str] | None = None
) -> tuple[list[WindowUpdate], list[Pending], list[Fault]]:
    """What one event records and asks, and the rules that failed. `first` is the index that its first update will have
    in the batch. Counts in `exempted`, by rule, subjects that a role spares.

    A rule that counts judges an event only where the event has added something to one of the rule's windows for that subject:
    what changes no count can break no limit.
    """
    event = EventName(context.time, context.event.event_id, context.event.identity, context.event.actor_id)
    contexts = context.parts
    parts = tuple(zip(contexts, plan.of(contexts), strict=True))
    # before what the event adds, so that it is answered with all of it when it comes again
    merging = [one for part in contexts if part.merged for kept in plan.windows if (one := kept.merging(part, event))]
    first += len(merging)
    updates: _Updates = {}
    added: dict[KeptWindow, tuple[int, WindowUpdate] | None] = {}
    """What the event adds to each window, None where that is under several keys."""
    bits = 0
    broken: dict[KeptWindow, Exception] = {}
    for part, of_event in parts:
        for entries_of, note_of, kept_by in of_event.steps:
            try:
                if entries := tuple(entries_of(part)):
                    note = note_of(part) if note_of else ""
                    for kept in kept_by:
                        bits |= kept.bit
                        for key, members in entries:
                            place = kept, key
                            if kept in added and (found := updates.get(place)):
                                found[1].members += members
                            else:
                                update = WindowUpdate(kept.stored, key, event, members, True, (), note)
                                found = updates[place] = len(updates), update
                                added[kept] = None if kept in added else found
            except Exception as mistake:  # a rule's mistake must cost neither the other rules nor the events around it
                broken |= dict.fromkeys(kept_by, mistake)
    pending: list[Pending] = []
    faults: list[Fault] = []
    for part, of_event in parts:
        for rule, spares in of_event.rules:
            if broken and (error := next((broken[s.kept] for s in rule.signals if s.kept in broken), None)):
                faults.append(Fault(rule.rule.slug, error))
                continue
            adds = bool(rule.bits & bits) or not rule.bits
            if not adds and not spares:
                continue
            try:
                subjects: Iterable[str] = rule.rule.subjects(part)
                if type(subjects) is not tuple or len(subjects) > 1:
                    subjects = dict.fromkeys(subjects)
                if spares and event.actor in subjects:
                    subjects = [one for one in subjects if one != event.actor]
                    if exempted is not None and part is parts[0][0]:
                        exempted[rule.rule.slug] += 1
                waiting = []
                for subject_id in subjects if adds else ():
                    own = added if len(parts) == 1 and subject_id == event.actor else _NOWHERE
                    if asks := _ask(plan, rule, part, subject_id, first, event, updates, own):
                        waiting.append(Pending(rule, context_index, part, subject_id, *asks))
                pending += waiting
            except Exception as mistake:
                faults.append(Fault(rule.rule.slug, mistake))
    return [*merging, *[update for _, update in updates.values()]], pending, faults


def _ask(
    plan: Plan,
    rule: RulePlan,
    context: EventContext,
    subject_id: str,
    first: int,
    event: EventName,
    updates: _Updates,
    own_updates: Mapping[KeptWindow, tuple[int, WindowUpdate] | None],
) -> tuple[list[_Asked], list[int]] | None:
    """What the rule reads to judge the subject, and which updates may hold evidence; None where the event adds nothing to any
    of it. Windows that it only reads get updates, too. `own_updates`: what the event adds to windows, where the subject is
    who acts.
    """
    reads: list[tuple[Read, str, tuple[KeptWindow, Key], str, tuple[int, WindowUpdate] | None]] = []
    adds = not rule.signals
    asked: list[_Asked] = []
    evidence: list[int] = []
    numbers: dict[int, int] = {}
    for read in rule.reads:
        kept = read.kept
        if read.at_own and (found := own_updates.get(kept)):
            adds = True
            at = first + found[0]
            if read.is_evidence:
                evidence.append(at)
            if read.leads:
                numbers[id(read)] = at
            asked.append((at, plan.ask(found[1], read), read.names, ""))
            continue
        if read.each:
            keys = [(f"/{number}", key) for number, key in enumerate(read.each(context, subject_id))]
        elif own := read.at(context, subject_id):
            keys = [("", own)]
        else:
            continue
        for number, key in keys:
            about = ""
            if read.pairs:
                key, about = key[:1], key[1]
            place = kept, key
            found = updates.get(place)
            reads.append((read, number, place, about, found))
            if not adds and found:
                adds = about in found[1].members if about else found[1].recorded
    if not adds:
        return None
    for read, number, place, about, found in reads:
        if found is None and (found := updates.get(place)) is None:
            after = numbers.get(id(read.after)) if read.after else None
            found = updates[place] = (
                len(updates),
                WindowUpdate(place[0].stored, place[1], event, (), False, (), after=after),
            )
        at, update = first + found[0], found[1]
        if not read.after:
            update.after = None
        if read.is_evidence:
            evidence.append(at)
        if read.leads and not number:
            numbers[id(read)] = at
        asked.append((at, plan.ask(update, read, about), read.names, number))
    return asked, evidence
