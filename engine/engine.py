"""The engine: one object that serves the worker, the replay and the tests alike."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from time import perf_counter
from typing import Protocol

from msgspec import Struct

from engine.incidents import claim, compose
from engine.outcome import Outcome
from engine.plan import Pending, Plan, observe
from models.decoding import InputLimits, UndecodableError, decode_event
from models.events import (
    Comment,
    ContactRequest,
    ContactResponse,
    Event,
    ForumPost,
    Invitation,
    InvitationResponse,
    Message,
    heading_of,
    text_of,
)
from models.incidents import Incident
from models.records import DeadLetter, RawRecord, Reason
from rules.base import Fact
from rules.policy import Policy
from state.requests import (
    Acceptance,
    Approach,
    EpisodeClaim,
    InvitationAnswer,
    Observation,
    Reading,
    Recalled,
    TargetKind,
    Text,
    Tie,
)
from state.store import Store
from text.reading import TextReading, read_texts

COMPARED = (Message, ForumPost, Comment)
"""Whose text is compared with others': an invitation or a request may well carry the platform's own words."""


class BatchEngine(Protocol):
    """What agents and the replay need of an engine."""

    async def process(self, records: Sequence[RawRecord]) -> Outcome:
        """Judge one batch. Idempotent: processing the same records again gives the same incidents again.

        Raises `state.errors.StateUnavailable` when Redis could not answer; retry the whole batch then.
        """
        ...


def utc_now() -> datetime:
    """The wall clock, for `detected_at` and for events from the future."""
    return datetime.now(UTC)


class _Arrival(Struct, frozen=True):
    """A decoded event and the record that it came in."""

    record: RawRecord
    event: Event


class Engine:
    """Judges batches by a policy, with what the store remembers. At most three round trips to Redis a batch."""

    def __init__(
        self,
        policy: Policy,
        store: Store,
        *,
        limits: InputLimits | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._policy = policy
        self._plan = Plan(policy)
        self._store = store
        self._limits = limits or InputLimits()
        self._clock = clock

    async def process(self, records: Sequence[RawRecord]) -> Outcome:
        """Judge one batch; see `BatchEngine.process`."""
        now = self._clock()
        batch = _Batch()
        with batch.stage("decode"):
            arrivals = self._decode(records, now, batch)
        with batch.stage("read"):
            texts, headings = _read(arrivals)
        with batch.stage("recall"):
            facts = await self._recall(arrivals, texts, headings)
        with batch.stage("judge"):
            observations, pending = self._observe(arrivals, facts, batch, now)
        with batch.stage("measure"):
            measured = await self._store.measure(observations) if observations else []
        with batch.stage("judge"):
            claims = self._judge(arrivals, facts, pending, measured, batch, now)
        with batch.stage("settle"):
            revisions = await self._store.settle([c for _, c in claims]) if claims else []
        detected_at = self._clock()
        incidents: list[Incident] = [
            compose(revision, detected_at, arrivals[index].record.source)
            for (index, _), revision in zip(claims, revisions, strict=True)
            if revision
        ]
        return Outcome(
            incidents=incidents,
            dead_letters=batch.dead_letters,
            event_counts=dict(batch.counts),
            stage_seconds=batch.seconds,
        )

    def _decode(self, records: Sequence[RawRecord], now: datetime, batch: "_Batch") -> list[_Arrival]:
        arrivals = []
        for record in records:
            try:
                event = decode_event(record.value, limits=self._limits, now=now)
            except UndecodableError as error:
                batch.refuse(record, error.event_type, error.reason, error.detail, now)
            else:
                arrivals.append(_Arrival(record, event))
                batch.counts[event.type, "accepted"] += 1
        return arrivals

    async def _recall(
        self, arrivals: list[_Arrival], readings: dict[int, TextReading], headings: dict[int, TextReading]
    ) -> list[Fact]:
        ties: list[Tie] = []
        owners: list[int] = []
        for index, arrival in enumerate(arrivals):
            for tie in _ties(arrival.event):
                ties.append(tie)
                owners.append(index)
        compared = {
            index: reading
            for index, reading in readings.items()
            if reading.digest is not None and isinstance(arrivals[index].event, COMPARED)
        }
        texts = [
            Text(arrivals[index].event.time, arrivals[index].event.event_id, reading.digest, reading.signature or b"")
            for index, reading in compared.items()
            if reading.digest is not None
        ]
        recalled = await self._store.recall(ties, texts) if ties or texts else Recalled([], [], [])
        known: dict[int, frozenset[str]] = {}
        kinds: dict[int, str | None] = {}
        for index, acquaintances, kind in zip(owners, recalled.known, recalled.target_kinds, strict=True):
            known[index] = known.get(index, frozenset()) | acquaintances
            kinds[index] = kinds.get(index) or kind
        campaigns = dict(zip(compared, recalled.campaigns, strict=True))
        return [
            Fact(
                event=arrival.event,
                time=arrival.event.time,
                strangers=_strangers(arrival.event, known.get(index, frozenset())),
                text=readings.get(index),
                heading=headings.get(index),
                campaign=campaigns.get(index),
                invited_to=kinds.get(index),
            )
            for index, arrival in enumerate(arrivals)
        ]

    def _observe(
        self, arrivals: list[_Arrival], facts: list[Fact], batch: "_Batch", now: datetime
    ) -> tuple[list[Observation], list[Pending]]:
        observations: list[Observation] = []
        pending: list[Pending] = []
        for index, fact in enumerate(facts):
            try:
                added, waiting = observe(self._plan, fact, index, len(observations))
            except Exception as error:  # a rule's mistake must not cost the events around it
                detail = f"a rule's window failed with {type(error).__name__}: {error}"
                batch.refuse(arrivals[index].record, fact.event.type, Reason.RULE_ERROR, detail, now)
            else:
                observations += added
                pending += waiting
        return observations, pending

    def _judge(
        self,
        arrivals: list[_Arrival],
        facts: list[Fact],
        pending: list[Pending],
        measured: list[list[Reading]],
        batch: "_Batch",
        now: datetime,
    ) -> list[tuple[int, EpisodeClaim]]:
        """Claims of episodes with the index of their fact. A rule that fails on an event fails alone, and is told."""
        claims = []
        for waiting in pending:
            index, plan = waiting.fact_index, waiting.plan
            try:
                case = waiting.case(facts[index], measured)
                finding = plan.judge(case)
                if finding:
                    claims.append((index, claim(plan, case, finding, self._policy.version)))
            except Exception as error:  # a rule's mistake must not cost the events around it
                detail = f"rule {plan.rule.slug} failed with {type(error).__name__}: {error}"
                batch.refuse(arrivals[index].record, facts[index].event.type, Reason.RULE_ERROR, detail, now)
        return claims


class _Batch:
    """What a batch comes to besides incidents, collected on the way."""

    def __init__(self) -> None:
        self.dead_letters: list[DeadLetter] = []
        self.counts: Counter[tuple[str, str]] = Counter()
        self.seconds: dict[str, float] = {}

    def refuse(self, record: RawRecord, event_type: str, reason: Reason, detail: str, now: datetime) -> None:
        """Make a dead letter of the record."""
        self.dead_letters.append(DeadLetter(record=record, reason=reason, detail=detail, failed_at=now))
        self.counts[event_type, reason.value] += 1

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent inside to the stage's."""
        start = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - start


def _read(arrivals: list[_Arrival]) -> tuple[dict[int, TextReading], dict[int, TextReading]]:
    """Readings of texts and of headings by the index of their arrival, where there are any; all in one pass."""
    texts = {index: text for index, arrival in enumerate(arrivals) if (text := text_of(arrival.event))}
    headings = {index: heading for index, arrival in enumerate(arrivals) if (heading := heading_of(arrival.event))}
    readings = read_texts([*texts.values(), *headings.values()])
    return dict(zip(texts, readings, strict=False)), dict(zip(headings, readings[len(texts) :], strict=True))


def _recipients(event: Event) -> tuple[str, ...]:
    if isinstance(event, Message | Invitation):
        return event.recipient_ids
    return (event.recipient_id,) if isinstance(event, ContactRequest) else ()


def _told_known(event: Event) -> tuple[str, ...] | None:
    return event.known_recipient_ids if isinstance(event, Message | Invitation) else None


def _strangers(event: Event, known: frozenset[str]) -> tuple[str, ...]:
    told = _told_known(event)
    acquainted = known if told is None else frozenset(told)
    return tuple(r for r in dict.fromkeys(_recipients(event)) if r not in acquainted and r != event.actor_id)


def _ties(event: Event) -> list[Tie]:
    """What the event says of who knows whom."""
    others = tuple(r for r in dict.fromkeys(_recipients(event)) if r != event.actor_id)
    ties: list[Tie] = []
    if others:
        ties.append(Approach(event.time, event.actor_id, others, ask=_told_known(event) is None))
    if isinstance(event, Invitation):
        ties.append(TargetKind(event.target_id, event.kind))
    if isinstance(event, ContactResponse) and event.accepted and event.actor_id != event.requester_id:
        ties.append(Acceptance(event.time, event.actor_id, event.requester_id))
    if isinstance(event, InvitationResponse) and event.actor_id != event.inviter_id:
        ties.append(InvitationAnswer(event.time, event.actor_id, event.inviter_id, event.target_id, event.accepted))
    return ties
