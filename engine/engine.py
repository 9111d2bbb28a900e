"""The engine: one object that serves the worker, the replay and the tests alike."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby, islice
from time import perf_counter, time_ns
from typing import Protocol

from msgspec import Struct

from engine.incidents import OUT_OF_ORDER, claim, compose, gravest_first
from engine.outcome import Outcome
from engine.plan import Fault, Pending, Plan, observe
from engine.quotations import FormAnswer, Forms, Judged, Quotations, forms_of, forms_to_compare
from engine.stopwatch import Stopwatch
from engine.verdicts import UNKNOWN, judges_oneself, moderator_verdict
from models.decoding import InputLimits, UndecodableError, decode_event
from models.events import (
    VERDICTS,
    ContactRequest,
    ContactResponse,
    Event,
    Invitation,
    InvitationResponse,
    Message,
    Report,
    Verdict,
    WrittenFields,
    recipients_of,
    told_known,
    without_words,
    written_fields,
)
from models.incidents import Incident
from models.records import DeadLetter, Problem, RawRecord, Reason, Source
from models.rejections import RejectedVerdict, own_incident, unknown_incident
from rules.base import EventContext
from rules.compared import Field, compared_fields
from rules.feedback import UNKNOWN_RECORD
from rules.policy import Policy
from state.histories import Measured
from state.quotations import Written
from state.requests import (
    MICROSECONDS,
    Answer,
    Answered,
    Contacted,
    Cut,
    Doubt,
    EpisodeUpdate,
    EventName,
    Filing,
    Question,
    Recalled,
    Relation,
    Revision,
    Silenced,
    Talk,
    Text,
    WindowUpdate,
)
from state.store import Store
from text.reading import Writing, passages, read_writings
from text.words import WordMemo

TURN_SECONDS = 0.05
"""A batch keeps the event loop for no longer than this, or than one text takes, before others have their turn."""
READ_AT_ONCE = 80_000
"""Characters of texts that are read in one pass."""
MOST_REMEMBERED = 200
"""Recipients of one event whom its sender is remembered to have written to, so that their answers go to no stranger. All
are asked whether they know the sender.
"""


class BatchEngine(Protocol):
    """What agents and the replay need of an engine."""

    async def read(self, records: Sequence[RawRecord]) -> "ReadBatch":
        """Decode one batch and read its texts: all that needs no Redis, and may be done while another batch is in it."""
        ...

    async def judge(self, read: "ReadBatch") -> Outcome:
        """Judge a batch that was read, once. Idempotent: judging the same records again gives the same incidents again.

        Raises `state.errors.StateUnavailable` when Redis could not answer; read and judge the whole batch again then.
        """
        ...

    async def process(self, records: Sequence[RawRecord]) -> Outcome:
        """Read and judge one batch; raises what `judge` raises."""
        ...


def utc_now() -> datetime:
    """The wall clock, for `detected_at` and for events from the future."""
    return datetime.now(UTC)


class _Arrival(Struct, frozen=True):
    """A decoded event and the record that it came in. `number` counts the events of the batch."""

    number: int
    record: RawRecord
    event: Event


class ReadBatch:
    """A batch that was decoded and whose texts were read. It can be judged once."""

    def __init__(self, arrivals: list[_Arrival], writings: list[Writing], batch: "_Batch") -> None:
        self.arrivals = arrivals
        self.writings = writings
        self.batch = batch


class Engine:
    """Judges batches by a policy, with what the store remembers. At most three round trips to Redis a batch.

    Verdicts change what is made of the events after them. So a batch that has both (only a file has) is cut into pieces that
    have one of them, and each piece is a batch by itself.
    """

    def __init__(
        self,
        policy: Policy,
        store: Store,
        *,
        limits: InputLimits | None = None,
        clock: Callable[[], datetime] = utc_now,
        topic_prefix: str = "",
        timer: Callable[[], float] = perf_counter,
    ) -> None:
        """`timer` is what the stages of a batch are measured with: seconds, or whatever else they use up."""
        self._policy = policy
        self._plan = Plan(policy)
        self._nobodys = passages(policy.boilerplate)
        self._store = store
        self._limits = limits or InputLimits()
        self._clock = clock
        self._timer = timer
        self._verdicts = topic_prefix + VERDICTS
        self._latest = 0

    async def process(self, records: Sequence[RawRecord]) -> Outcome:
        """Read and judge one batch; see `BatchEngine`."""
        return await self.judge(await self.read(records))

    async def read(self, records: Sequence[RawRecord]) -> ReadBatch:
        """Decode one batch and read its texts; see `BatchEngine`."""
        batch = _Batch(self._clock(), self._timer)
        return await batch.watch.run(self._read(records, batch))

    async def judge(self, read: ReadBatch) -> Outcome:
        """Judge a batch that was read; see `BatchEngine`."""
        return await read.batch.watch.run(self._judge_read(read))

    async def _read(self, records: Sequence[RawRecord], batch: "_Batch") -> ReadBatch:
        with batch.stage("decode"):
            arrivals = await self._decode(records, batch)
        with batch.stage("read"):
            writings = await _read(arrivals, self._nobodys, self._store.salt, batch)
        return ReadBatch(arrivals, writings, batch)

    def _count_late(self, read: ReadBatch) -> None:
        """Count events that come so late that what they need may be forgotten already."""
        lateness = int(self._policy.memory.allowed_lateness) * MICROSECONDS
        for arrival in read.arrivals:
            read.batch.late += arrival.event.time < self._latest - lateness
            self._latest = max(self._latest, arrival.event.time)

    async def _judge_read(self, read: ReadBatch) -> Outcome:
        incidents: list[Incident] = []
        for is_verdict, group in groupby(read.arrivals, lambda arrival: isinstance(arrival.event, Verdict)):
            piece = list(group)
            if is_verdict:
                await self._learn(piece, read.batch)
            else:
                writings = [read.writings[arrival.number] for arrival in piece]
                incidents += await self._judge_piece(piece, writings, read.batch)
        self._count_late(read)
        read.batch.cut_texts += sum(writing.cut for writing in read.writings)
        return read.batch.outcome(read.arrivals, incidents)

    async def _judge_piece(self, arrivals: list[_Arrival], writings: list[Writing], batch: "_Batch") -> list[Incident]:
        with batch.stage("recall"):
            contexts, recalled, written = await self._recall(arrivals, writings, batch)
        with batch.stage("judge"):
            updates, pending = await self._observe(arrivals, contexts, batch)
        with batch.stage("measure"):
            measured = await self._store.measure(updates, batch.cut_observations)
        with batch.stage("judge"):
            claims = await self._judge(arrivals, pending, measured, recalled.doubts, batch)
        with batch.stage("settle"):
            decisions = recalled.decisions
            settles = claims or decisions or written
            answers = await self._store.settle([c for _, c in claims], decisions, written) if settles else []
            detected_at = self._clock()
            told_now = []
            for (index, one), answer in zip(claims, answers, strict=True):
                if isinstance(answer, Silenced):
                    batch.silenced[one.feedback.rule] += 1
                elif isinstance(answer, Cut):
                    batch.cut[one.feedback.rule] += 1
                elif answer:
                    if answer.shadow_reason:
                        batch.shadowed[one.feedback.rule, answer.shadow_reason] += 1
                    told_now.append((index, answer))
            return [compose(revision, detected_at) for revision in _in_order(recalled.told, told_now)]

    async def _learn(self, arrivals: list[_Arrival], batch: "_Batch") -> None:
        """Remember what people said of incidents."""
        verdicts = [arrival.event for arrival in arrivals if isinstance(arrival.event, Verdict)]
        with batch.stage("learn"):
            found = await self._store.find([verdict.incident_id for verdict in verdicts], list(map(_name, verdicts)))
            batch.note_conflicts(arrivals, found.conflicting)
            moderator_verdicts = []
            days = int(self._policy.feedback.strikes.period) // 86_400
            for arrival, verdict, remembered in zip(arrivals, verdicts, found.incidents, strict=True):
                rule, judged = moderator_verdict(verdict, remembered, self._policy.feedback)
                # what the policy does not know any more would be a label for ever
                rule = rule if rule in self._policy.rules else UNKNOWN
                batch.verdicts[rule, verdict.verdict, verdict.action] += 1
                if judged:
                    moderator_verdicts.append(judged)
                elif remembered is None:
                    batch.rejected_verdicts.append(unknown_incident(arrival.record, batch.now, days))
                elif judges_oneself(verdict, remembered):
                    batch.rejected_verdicts.append(own_incident(arrival.record, batch.now))
            if moderator_verdicts:
                await self._store.learn(moderator_verdicts)

    async def _decode(self, records: Sequence[RawRecord], batch: "_Batch") -> list[_Arrival]:
        arrivals: list[_Arrival] = []
        for record in records:
            await batch.yield_now_and_then()
            try:
                event = decode_event(record.value, limits=self._limits, now=batch.now)
            except UndecodableError as error:
                batch.refuse(record, error.event_type, error.reason, error.detail, error.problems)
                continue
            # a file has no topics: whoever may write it may say anything
            if isinstance(event, Verdict) and record.source and record.source.topic != self._verdicts:
                topic = f"verdict on {record.source.topic}"
                problem = Problem("type", topic, f"verdicts on {self._verdicts} alone")
                batch.refuse(record, event.type, Reason.WRONG_TOPIC, str(problem), (problem,))
            else:
                arrivals.append(_Arrival(len(arrivals), record, event))
        return arrivals

    async def _recall(
        self, arrivals: list[_Arrival], writings: list[Writing], batch: "_Batch"
    ) -> tuple[list[EventContext], Recalled, list[Written]]:
        """Facts, parallel to the arrivals; what was recalled; and who wrote and got their texts, to be remembered."""
        if not arrivals:
            return [], Recalled([], [], [], [], [], [], [], []), []
        relations: list[Relation] = []
        owners: list[int] = []
        for index, arrival in enumerate(arrivals):
            for relation in _relations(arrival.event):
                relations.append(relation)
                owners.append(index)
        compared: list[tuple[int, Field, list[Text]]] = []
        for index, writing in enumerate(writings):
            event = arrivals[index].event
            for name, field in compared_fields(event, writing):
                compared.append((index, name, forms_to_compare(event, field, may_quote=name == "text")))
        texts = [text for _, _, forms in compared for text in forms]
        filings = {index: _filing(a.event) for index, a in enumerate(arrivals) if isinstance(a.event, Report)}
        names = [_name(arrival.event) for arrival in arrivals]
        recalled = await self._store.recall(
            relations, texts, names, list(filings.values()), _doubts(arrivals), self._plan.doubts_kept
        )
        batch.note_conflicts(arrivals, recalled.conflicting)
        if recalled.unlearnt:
            batch.cut_observations["boilerplate"] += recalled.unlearnt
        weigh = self._policy.feedback.reporters.weight
        weights = {i: weigh(r.upheld, r.dismissed) for i, r in zip(filings, recalled.records, strict=True)}
        known: dict[int, frozenset[str]] = {}
        talked: dict[int, frozenset[str]] = {}
        answered: dict[int, tuple[Answered, ...]] = {}
        for index, relation, acquaintances, answers in zip(
            owners, relations, recalled.known, recalled.answered, strict=True
        ):
            by = talked if isinstance(relation, Talk) else known
            by[index] = by.get(index, frozenset()) | acquaintances
            answered[index] = answered.get(index, ()) + answers
        nobody = frozenset[str]()
        strangers = [
            _strangers(arrival.event, known.get(index, nobody) | talked.get(index, nobody))
            for index, arrival in enumerate(arrivals)
        ]
        answers_of_texts = iter(zip(recalled.campaigns, recalled.merged, strict=True))
        forms: dict[int, Forms] = {}
        headings: dict[int, FormAnswer] = {}
        for index, name, asked in compared:
            answers_of_it = list(islice(answers_of_texts, len(asked)))
            reading = writings[index].text
            if name == "heading":
                [headings[index]] = answers_of_it
            elif reading:
                forms[index] = forms_of(reading, asked, answers_of_it)
        assert recalled.sources
        quotations = Quotations(recalled.sources, forms.values())
        judged = {
            index: quotations.judge(arrivals[index].event, reading, of, strangers[index])
            for index, of in forms.items()
            if (reading := writings[index].text)
        }
        contexts = [
            EventContext(
                event=without_words(arrival.event),
                time=arrival.event.time,
                strangers=strangers[index],
                fellows=tuple(sorted(talked.get(index, nobody) - known.get(index, nobody))),
                writing=writings[index].without_shown() if text.shows else writings[index],
                campaign=text.campaign,
                answers=answered.get(index, ()),
                reporter_weight=weights.get(index, UNKNOWN_RECORD),
                merged=text.merged,
                repeated=text.repeated,
                cites=text.cites,
                holds_out=text.holds_out,
                shares_footer=text.shares_footer,
                framed=text.framed,
                heading_campaign=heading[0],
                heading_merged=heading[1],
            )
            for index, arrival in enumerate(arrivals)
            for text, heading in [(judged.get(index, _NO_TEXT), headings.get(index, _NO_CAMPAIGN))]
        ]
        return contexts, recalled, quotations.added

    async def _observe(
        self, arrivals: list[_Arrival], contexts: list[EventContext], batch: "_Batch"
    ) -> tuple[list[WindowUpdate], list[Pending]]:
        updates: list[WindowUpdate] = []
        pending: list[Pending] = []
        for index, context in enumerate(contexts):
            await batch.yield_now_and_then()
            added, waiting, faults = observe(self._plan, context, index, len(updates), batch.exempted)
            updates += added
            pending += waiting
            for fault in faults:
                batch.blame(arrivals[index], fault)
        return updates, pending

    async def _judge(
        self,
        arrivals: list[_Arrival],
        pending: list[Pending],
        measured: Measured,
        doubts: tuple[Doubt, ...],
        batch: "_Batch",
    ) -> list[tuple[int, EpisodeUpdate]]:
        """Claims of episodes with the index of their event, the gravest of an event first. A rule that fails on an event fails
        alone, and is told.
        """
        claims: dict[int, list[EpisodeUpdate]] = {}
        for waiting in pending:
            await batch.yield_now_and_then()
            index, plan = waiting.context_index, waiting.plan
            began: float | None = None
            try:
                if waiting.may_find(measured):
                    began = self._timer()
                    if finding := plan.judge(rule_input := waiting.rule_input(measured)):
                        batch.findings[plan.rule.slug] += 1
                        record = arrivals[index].record
                        doubtful = plan.is_doubtful(rule_input.context.time, record.without, doubts)
                        reason = OUT_OF_ORDER if doubtful else ""
                        one = claim(plan, rule_input, finding, self._policy, record.source, shadow_reason=reason)
                        claims.setdefault(index, []).append(one)
            except Exception as error:  # a rule's mistake must cost neither the other rules nor the events around it
                batch.blame(arrivals[index], Fault(plan.rule.slug, error))
            if began is not None:
                batch.rule_seconds[plan.rule.slug] += self._timer() - began
        for slug, times in Counter([waiting.plan.rule.slug for waiting in pending]).items():
            batch.evaluations[slug] += times
            batch.rule_seconds[slug] += 0.0
        return [(index, one) for index, event_claims in claims.items() for one in gravest_first(event_claims)]


class _Batch:
    """What a batch comes to besides incidents, collected on the way. `now` is the wall clock at its start."""

    def __init__(self, now: datetime, timer: Callable[[], float]) -> None:
        self.now = now
        self.watch = Stopwatch(timer)
        self.verdicts: Counter[tuple[str, str, str]] = Counter()
        self.silenced: Counter[str] = Counter()
        self.cut: Counter[str] = Counter()
        self.cut_observations: Counter[str] = Counter()
        self.shadowed: Counter[tuple[str, str]] = Counter()
        self.cut_texts = 0
        self.late = 0
        self.evaluations: defaultdict[str, int] = defaultdict(int)
        self.findings: defaultdict[str, int] = defaultdict(int)
        self.rule_seconds: defaultdict[str, float] = defaultdict(float)
        self.exempted: Counter[str] = Counter()
        self.rejected_verdicts: list[RejectedVerdict] = []
        self._conflicting: list[Source | None] = []
        self._dead_letters: list[DeadLetter] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._faults: dict[int, list[Fault]] = {}
        self._seconds: dict[str, float] = {}
        self._waits: dict[str, float] = {}
        self._spans: list[tuple[str, int, int]] = []
        self._turn_began = perf_counter()

    def refuse(
        self, record: RawRecord, event_type: str, reason: Reason, detail: str, problems: tuple[Problem, ...] = ()
    ) -> None:
        """Make a dead letter of the record."""
        letter = DeadLetter(
            record=record, reason=reason, detail=detail, failed_at=self.now, event_type=event_type, problems=problems
        )
        self._dead_letters.append(letter)
        self._counts[event_type, reason.value] += 1

    def note_conflicts(self, arrivals: Sequence[_Arrival], conflicting: Sequence[bool]) -> None:
        """Remember which of the arrivals carry the id of another event."""
        self._conflicting += [a.record.source for a, flag in zip(arrivals, conflicting, strict=True) if flag]

    def blame(self, arrival: _Arrival, fault: Fault) -> None:
        """A rule failed on the arrival."""
        self._faults.setdefault(arrival.number, []).append(fault)

    async def yield_now_and_then(self) -> None:
        """Let the event loop turn where this batch has kept it for long: heartbeats, health checks and signals wait for it."""
        if perf_counter() - self._turn_began > TURN_SECONDS:
            await asyncio.sleep(0)
            self._turn_began = perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add what is worked and what is waited inside to the stage's."""
        began, worked, entered = self.watch.timer(), self.watch.worked, time_ns()
        try:
            yield
        finally:
            worked = self.watch.worked - worked
            self._seconds[name] = self._seconds.get(name, 0.0) + worked
            self._waits[name] = self._waits.get(name, 0.0) + (self.watch.timer() - began) - worked
            self._spans.append((name, entered, time_ns()))

    def outcome(self, arrivals: list[_Arrival], incidents: list[Incident]) -> Outcome:
        """All of it. An event on which rules failed is one dead letter, whatever the other rules found."""
        for arrival in arrivals:
            if faults := self._faults.get(arrival.number):
                detail = "; ".join(map(str, faults))
                self.refuse(arrival.record, arrival.event.type, Reason.RULE_ERROR, detail)
            else:
                self._counts[arrival.event.type, "accepted"] += 1
        return Outcome(
            incidents=incidents,
            dead_letters=self._dead_letters,
            event_counts=dict(self._counts),
            verdict_counts=dict(self.verdicts),
            silenced=dict(self.silenced),
            cut=dict(self.cut),
            cut_observations=dict(self.cut_observations),
            shadowed=dict(self.shadowed),
            cut_texts=self.cut_texts,
            late=self.late,
            evaluations=dict(self.evaluations),
            findings=dict(self.findings),
            rule_seconds=dict(self.rule_seconds),
            exempted=dict(self.exempted),
            conflicting=self._conflicting,
            rejected_verdicts=self.rejected_verdicts,
            stage_seconds=self._seconds,
            wait_seconds=self._waits,
            stage_spans=self._spans,
        )


def _in_order(told: list[list[Revision]], told_now: list[tuple[int, Revision]]) -> Iterator[Revision]:
    """Every revision once, in the order of the events that made them.

    What an event was told when it came before is told again, also where it would be judged otherwise today: whoever
    reads incidents may not have got it, and others may have learnt more since.
    """
    now: dict[int, list[Revision]] = {}
    for index, revision in told_now:
        now.setdefault(index, []).append(revision)
    for index, before in enumerate(told):
        yield from {(r.incident_id, r.revision): r for r in (*now.get(index, ()), *before)}.values()


def _doubts(arrivals: list[_Arrival]) -> list[Doubt]:
    """Of which topics records are missing, and which of the events may come after them."""
    times: dict[str, list[int]] = {}
    for arrival in arrivals:
        for topic in arrival.record.without:
            times.setdefault(topic, []).append(arrival.event.time)
    return [Doubt(topic, min(moments), max(moments)) for topic, moments in times.items()]


async def _read(arrivals: list[_Arrival], nobodys: frozenset[str], salt: int, batch: _Batch) -> list[Writing]:
    """What the members wrote, parallel to the arrivals."""
    writings: list[Writing] = []
    memo = WordMemo()
    for some in _in_pieces([(written_fields(arrival.event), arrival.event.language) for arrival in arrivals]):
        writings += read_writings(some, nobodys, memo, salt)
        await batch.yield_now_and_then()
    return writings


_Fields = tuple[WrittenFields, str | None]
_NO_TEXT = Judged(shows=False)
_NO_CAMPAIGN: FormAnswer = (None, ())


def _in_pieces(fields: Sequence[_Fields]) -> Iterator[Sequence[_Fields]]:
    """The events' fields in order, cut after each that fills a piece."""
    start = length = 0
    for end, (written, _) in enumerate(fields, 1):
        length += sum(len(text) for text in written if text)
        if length >= READ_AT_ONCE or end == len(fields):
            yield fields[start:end]
            start, length = end, 0


def _name(event: Event) -> EventName:
    return EventName(event.time, event.event_id, event.identity)


def _strangers(event: Event, known: frozenset[str]) -> tuple[str, ...]:
    told = told_known(event)
    acquainted = known if told is None else frozenset(told)
    return tuple(r for r in dict.fromkeys(recipients_of(event)) if r not in acquainted and r != event.actor_id)


def _filing(report: Report) -> Filing:
    return Filing(report.time, report.actor_id, report.reported_id, report.article)


def _relations(event: Event) -> list[Relation]:
    """What the event says of who knows whom, and of who asked whom."""
    others = tuple(r for r in dict.fromkeys(recipients_of(event)) if r != event.actor_id)
    relations: list[Relation] = []
    # first: whoever has answered already is known from then on, not only when the record comes again
    if isinstance(event, Invitation) and others:
        relations.append(Question(event.time, event.actor_id, others, event.kind, event.target_id))
    if isinstance(event, ContactRequest) and others:
        relations.append(Question(event.time, event.actor_id, others, "contact"))
    if others:
        ask = told_known(event) is None
        relations.append(Contacted(event.time, event.actor_id, others, ask=ask, most=MOST_REMEMBERED))
        if isinstance(event, Message) and event.conversation_id is not None:
            relations.append(Talk(event.time, event.actor_id, others, event.conversation_id, ask=ask))
    if isinstance(event, ContactResponse) and event.actor_id != event.requester_id:
        relations.append(Answer(event.time, event.actor_id, event.requester_id, "contact", "", event.accepted))
    if isinstance(event, InvitationResponse) and event.actor_id != event.inviter_id:
        target = event.target_id
        relations.append(Answer(event.time, event.actor_id, event.inviter_id, "invitation", target, event.accepted))
    return relations
