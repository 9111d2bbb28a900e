"""Incidents as they stand in Kafka, for people who look at them: with verdicts and the events that are evidence."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple
from uuid import uuid4

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from agents.kafka import KafkaUnavailable, client_options, explain_trouble
from agents.settings import Settings
from agents.topic_reader import TopicReader, Watched, read_topics
from agents.topics import INCIDENTS, SHADOW_INCIDENTS
from models.decoding import InputLimits, UndecodableError, decode_event
from models.events import TOPICS, VERDICTS, Action, Event, Verdict, rfc_3339
from models.incidents import Incident

Modes = Literal["live", "shadow", "all"]

MAX_RECORDS_SEARCHED = 2_000_000
"""So many records are looked through for the evidence of one incident, and no more."""
_SLACK = timedelta(hours=1)
"""So much may the clocks of producers and brokers differ."""
_TOPICS_OF: dict[Modes, tuple[str, ...]] = {
    "live": (INCIDENTS,),
    "shadow": (SHADOW_INCIDENTS,),
    "all": (INCIDENTS, SHADOW_INCIDENTS),
}


class _Named(Struct):
    """As much of an event as tells whether it is looked for."""

    event_id: str


_incidents = msgspec.json.Decoder(Incident)
_names = msgspec.json.Decoder(_Named)


class IncidentLog:
    """The incidents of one installation. Its methods raise `KafkaUnavailable`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.watched: Watched | None = None
        """Is told how far it is read."""
        self.unreadable = 0
        """Records that were no incident, verdict or event, and left out."""

    async def incidents(self, modes: Modes, since: datetime | None = None) -> AsyncIterator[Incident]:
        """All revisions that were told, or those from `since` (wall clock) on."""
        since_ms = _milliseconds(since - _SLACK) if since else None
        async with read_topics(self._settings, *_TOPICS_OF[modes], watched=self.watched) as reader:
            async for record in reader.held(reader.partitions, since_ms=since_ms):
                if (incident := self._incident(record.value)) and (since is None or incident.detected_at >= since):
                    yield incident

    async def verdicts(self) -> AsyncIterator[Verdict]:
        """All verdicts that Kafka holds."""
        async with read_topics(self._settings, VERDICTS, watched=self.watched) as reader:
            async for record in reader.held(reader.partitions):
                event = self._event(record.value)
                if isinstance(event, Verdict):
                    yield event

    async def events(self, incident: Incident) -> "Evidence":
        """The events that are the incident's evidence, in the order in which they happened.

        What Kafka no longer holds is not among them, nor what `MAX_RECORDS_SEARCHED` records did not have. Of several events
        with one id all that come before the search is over are.
        """
        search = _Search(incident.evidence.event_ids, MAX_RECORDS_SEARCHED)
        since_ms = _milliseconds(incident.opened_at - _SLACK)
        for topic in _where_to_look(incident, self._settings.topic_prefix):
            async with read_topics(self._settings, topic, watched=self.watched) as reader:
                for partitions in _likely_first(reader, incident):
                    async for record in reader.held(partitions, since_ms=since_ms):
                        if search.looks_for(record.value) and (event := self._event(record.value)):
                            search.add(event)
                        if search.is_over:
                            return search.evidence()
        return search.evidence()

    @asynccontextmanager
    async def follow(self, modes: Modes, since: datetime) -> AsyncIterator["Following"]:
        """Incidents as they are told, after those from `since` on."""
        async with read_topics(self._settings, *_TOPICS_OF[modes]) as reader:
            await reader.begin(_milliseconds(since))
            yield Following(self, reader)

    async def tell(self, verdict: Verdict) -> None:
        """Write the verdict, and wait until Kafka has confirmed it."""
        producer = AIOKafkaProducer(**client_options(self._settings), acks="all")
        topic = self._settings.topic_prefix + VERDICTS
        try:
            await producer.start()
            await producer.send_and_wait(topic, encode_verdict(verdict), key=verdict.actor_id.encode())
        except (KafkaError, OSError, TimeoutError) as error:
            raise KafkaUnavailable(await explain_trouble(self._settings, error)) from error
        finally:
            await producer.stop()

    def _incident(self, value: bytes | None) -> Incident | None:
        try:
            return read_incident(value)
        except ValueError:
            self.unreadable += 1
            return None

    def _event(self, value: bytes | None) -> Event | None:
        try:
            return decode_event(value, limits=ANY_EVENT, now=datetime.now(UTC))
        except UndecodableError:
            self.unreadable += 1
            return None


class Evidence(NamedTuple):
    """Events in the order in which they happened. `gave_up` where the search ended before all was looked through."""

    events: tuple[Event, ...]
    gave_up: bool = False


class Following:
    """Incidents that come."""

    def __init__(self, log: IncidentLog, reader: TopicReader) -> None:
        self._log = log
        self._reader = reader

    async def next(self, wait_ms: int) -> list[Incident]:
        """What came since the last call, waiting at most so long for some."""
        found = (self._log._incident(record.value) for record in await self._reader.written(wait_ms))
        return [incident for incident in found if incident]


ANY_EVENT = InputLimits(max_event_bytes=2**31, max_recipients=2**31, max_clock_skew=timedelta(days=36_500))


def read_incident(value: bytes | None) -> Incident:
    """The incident that a record holds. Raises `ValueError` where it holds none."""
    return _incidents.decode(value or b"")


def new_verdict(
    incident_id: str,
    moderator: str,
    verdict: Literal["upheld", "dismissed"],
    action: Action,
) -> Verdict:
    """A verdict that is given now."""
    return Verdict(
        event_id=str(uuid4()),
        occurred_at=datetime.now(UTC),
        actor_id=moderator,
        incident_id=incident_id,
        verdict=verdict,
        action=action,
    )


def encode_verdict(verdict: Verdict) -> bytes:
    """The verdict as the contract has it on its topic."""
    fields = {name: value for name, value in msgspec.to_builtins(verdict).items() if value is not None}
    return msgspec.json.encode(fields | {"occurred_at": rfc_3339(verdict.occurred_at)})


def latest_verdicts(verdicts: Iterable[Verdict]) -> dict[str, Verdict]:
    """Of each incident the verdict that counts, by incident id: the latest."""
    latest: dict[str, Verdict] = {}
    for verdict in verdicts:
        known = latest.get(verdict.incident_id)
        if known is None or known.time <= verdict.time:
            latest[verdict.incident_id] = verdict
    return latest


class _Search:
    """Looks for events by their ids, in so many records at most."""

    def __init__(self, ids: Collection[str], most: int) -> None:
        self._wanted = set(ids)
        self._missing = set(ids)
        self._seen: set[str] = set()
        self._left = most
        self.found: list[Event] = []

    def looks_for(self, value: bytes | None) -> bool:
        """Whether the record is of one of the ids."""
        self._left -= 1
        try:
            return _names.decode(value or b"").event_id in self._wanted
        except ValueError:
            return False

    def add(self, event: Event) -> None:
        """One of those that are looked for; a redelivery adds nothing."""
        if event.identity not in self._seen:
            self._seen.add(event.identity)
            self._missing.discard(event.event_id)
            self.found.append(event)
            self.found.sort(key=lambda one: one.time)

    @property
    def is_over(self) -> bool:
        """Whether all ids have been found, or as many records looked through as may be."""
        return not self._missing or self._left <= 0

    def evidence(self) -> "Evidence":
        """What was found, and whether more might have been."""
        return Evidence(tuple(self.found), gave_up=bool(self._missing) and self._left <= 0)


def _where_to_look(incident: Incident, prefix: str) -> Sequence[str]:
    """Topics, without their prefix, the one of the record that triggered the incident first."""
    topics = [topic for topic in TOPICS if topic != VERDICTS]
    first = incident.source.topic.removeprefix(prefix) if incident.source else ""
    return sorted(topics, key=lambda topic: topic != first)


def _likely_first(reader: TopicReader, incident: Incident) -> list[list[TopicPartition]]:
    """The partition of the record that triggered the incident, then all others."""
    source = incident.source
    likely = [p for p in reader.partitions if source and (p.topic, p.partition) == (source.topic, source.partition)]
    return [some for some in (likely, [p for p in reader.partitions if p not in likely]) if some]


def _milliseconds(moment: datetime) -> int:
    return max(0, int(moment.timestamp() * 1000))
