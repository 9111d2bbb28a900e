"""From an outcome to confirmed Kafka records: incidents, shadow incidents and dead letters."""

import asyncio
from collections.abc import Awaitable, Sequence
from time import perf_counter
from typing import Any, Protocol

from aiokafka.errors import MessageSizeTooLargeError, RecordTooLargeError
from msgspec import Struct
from msgspec.structs import replace

from agents.back_off import BackOff
from agents.health import Health
from agents.metrics import Metrics
from agents.topics import DEAD_LETTERS, INCIDENTS, REJECTED_VERDICTS, SHADOW_INCIDENTS
from engine.outcome import Outcome
from models.incidents import encode_incident, incident_headers
from models.records import DeadLetter
from models.rejections import RejectedVerdict, is_verdict, rejection

Headers = list[tuple[str, bytes]]

_TOO_LARGE = (MessageSizeTooLargeError, RecordTooLargeError)
_MAX_HEADER_BYTES = 4_096


class Publication(Struct, frozen=True, kw_only=True):
    """One record to be written."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


class Producer(Protocol):
    """What of Faust's producer is used. The first await hands the record over, the second one is Kafka's confirmation."""

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: Any,
    ) -> Awaitable[Any]:
        """Hand a record over."""
        ...


def publications(outcome: Outcome, *, prefix: str = "") -> list[Publication]:
    """All records that the outcome becomes, in the order in which they are to be written."""
    incidents = [
        Publication(
            topic=prefix + (INCIDENTS if incident.mode == "live" else SHADOW_INCIDENTS),
            key=incident.subject_id.encode(),
            value=encode_incident(incident),
            headers=incident_headers(incident),
        )
        for incident in outcome.incidents
    ]
    letters = outcome.dead_letters
    rejected = [rejection(letter) for letter in letters if is_verdict(letter, prefix)] + outcome.rejected_verdicts
    return [
        *incidents,
        *(_dead_letter(letter, prefix) for letter in letters),
        *(_rejection(verdict, prefix) for verdict in rejected),
    ]


def _rejection(verdict: RejectedVerdict, prefix: str) -> Publication:
    key = verdict.key if verdict.key and len(verdict.key) <= _MAX_HEADER_BYTES else None
    headers = [("reason", verdict.reason.encode())]
    return Publication(topic=prefix + REJECTED_VERDICTS, key=key, value=verdict.encode(), headers=headers)


def _dead_letter(letter: DeadLetter, prefix: str) -> Publication:
    headers = [(name, _cut(value)) for name, value in letter.headers()]
    key, value = letter.record.key, letter.record.value
    return Publication(topic=prefix + DEAD_LETTERS, key=_some_key(key, value), value=value, headers=headers)


def _some_key(key: bytes | None, value: bytes | None) -> bytes | None:
    """The key, or an empty one: aiokafka does not write a record that has neither key nor value."""
    return b"" if key is None and value is None else key


def _cut(header: bytes) -> bytes:
    """At most `_MAX_HEADER_BYTES`, without splitting a character."""
    return header if len(header) <= _MAX_HEADER_BYTES else header[:_MAX_HEADER_BYTES].decode("utf-8", "ignore").encode()


class Publisher:
    """Writes records until Kafka has confirmed each of them."""

    def __init__(self, producer: Producer, *, metrics: Metrics, health: Health, back_off: BackOff) -> None:
        self._producer = producer
        self._metrics = metrics
        self._health = health
        self._back_off = back_off

    async def publish(self, records: Sequence[Publication]) -> None:
        """Return when Kafka has confirmed all `records`. What it refuses or does not answer is sent again, for ever.

        A record may be written twice where only its confirmation was lost: consumers upsert incidents. Raises
        `back_off.Interrupted` when the worker stops meanwhile.
        """
        start = perf_counter()
        waiting = list(records)
        for delay in self._back_off.delays():
            failures = await self._attempt(waiting)
            if not failures:
                break
            waiting = [self._reconsider(record, error) for record, error in failures]
            await self._back_off.wait(delay)
        if records:
            self._health.mark_up("kafka")
            self._metrics.record_publication(perf_counter() - start)

    async def _attempt(self, records: Sequence[Publication]) -> list[tuple[Publication, BaseException | None]]:
        """Send all once; those that were not confirmed, in order, each with its error (None where it was not tried)."""
        confirmations: list[Awaitable[Any]] = []
        failures: list[tuple[Publication, BaseException | None]] = []
        for position, record in enumerate(records):
            try:
                # one after the other: the order of revisions within a partition is the order of handing over
                confirmation = await self._producer.send(
                    record.topic, record.key, record.value, None, None, record.headers or None
                )
            except Exception as error:
                failures = [(record, error), *((later, None) for later in records[position + 1 :])]
                break
            confirmations.append(confirmation)
        results = await asyncio.gather(*confirmations, return_exceptions=True)
        refused = [(r, e) for r, e in zip(records, results, strict=False) if isinstance(e, BaseException)]
        return refused + failures

    def _reconsider(self, record: Publication, error: BaseException | None) -> Publication:
        """What to send next time: the same, or a dead letter without the bytes that Kafka cannot take."""
        if error is None:
            return record
        cause = error.__cause__ or error  # Faust wraps what aiokafka raised
        self._metrics.count_kafka_error(type(cause).__name__)
        if isinstance(cause, _TOO_LARGE) and record.topic.endswith(DEAD_LETTERS) and record.value is not None:
            return _shortened(record, record.value)
        self._health.mark_down("kafka", f"Kafka does not take records for {record.topic}: {type(cause).__name__}")
        return record


def _shortened(record: Publication, value: bytes) -> Publication:
    """A dead letter that says where its original bytes are, instead of carrying them: the partition must move on."""
    note = f" (its {len(value)} bytes are more than Kafka takes here: left out, see the source record)".encode()
    headers = [(name, text + note if name == "detail" else text) for name, text in record.headers]
    # a key may be what was too large
    key = record.key if record.key and len(record.key) <= _MAX_HEADER_BYTES else None
    return replace(record, key=_some_key(key, None), value=None, headers=headers)
