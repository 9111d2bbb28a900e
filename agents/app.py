"""The Faust app: one agent per activity topic, each handing batches of raw records to the journey.

What is set here and why was found out the hard way; see the comments. Faust and aiokafka are pinned exactly.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol, cast

import faust
from faust.types import TP, EventT

from agents.health import Health
from agents.kafka import bootstrap_servers, tls_context
from agents.settings import Settings
from models.events import TOPICS
from models.records import RawRecord, Source

MAX_REQUEST_BYTES = 128 * 1024 * 1024
"""Faust's producer refuses larger records by itself. Kafka's own limit is the one that should decide."""
PRODUCER_TIMEOUT_SECONDS = 10.0
"""After so long without a confirmation a record is sent again. Faust's default is 20 minutes of silence."""
_COMMIT_SECONDS = 1.0
_MAX_POLL_SECONDS = 24 * 3600.0

Carry = Callable[[Sequence[RawRecord]], Awaitable[bool]]


class RawSchema(faust.Schema):
    """Hands keys and values over as the bytes they are: a decoding error inside Faust can lose events."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> Any:
        return message.key

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:
        return message.value


class WorkerApp(faust.App):
    """A Faust app that keeps nothing on disk."""

    def _create_directories(self) -> None:
        """Faust would make a data directory for tables; there are none, and the file system may be read-only."""


class EventStream(Protocol):
    """What of a Faust stream is used."""

    def noack_take(self, max_: int, within: float) -> AsyncIterator[Sequence[EventT[Any]]]: ...


def build_app(settings: Settings, carry: Carry, health: Health) -> WorkerApp:
    """The app, not yet started. `carry` answers whether a batch may be acknowledged; it must not raise."""
    app = WorkerApp(
        settings.consumer_group,
        broker=[f"aiokafka://{server}" for server in bootstrap_servers(settings)],
        broker_credentials=_credentials(settings),
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        # no tables, hence no topics of Faust's own
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        # the default hangs the shutdown and every rebalance on events that no agent took
        stream_wait_empty=False,
        # below some ten thousands the consumer falls asleep for a second each time a buffer is full
        stream_buffer_maxsize=65_536,
        broker_max_poll_records=settings.batch_max_records,
        # waiting for Redis must not cost us our partitions: the others wait for the same Redis
        broker_max_poll_interval=_MAX_POLL_SECONDS,
        broker_commit_interval=_COMMIT_SECONDS,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_request_timeout=PRODUCER_TIMEOUT_SECONDS,
        producer_max_request_size=MAX_REQUEST_BYTES,
        worker_redirect_stdouts=False,
    )

    async def consume(stream: EventStream) -> None:
        async for events in stream.noack_take(settings.batch_max_records, within=settings.batch_max_seconds):
            if not await carry([_record(event) for event in events]):
                break  # the worker stops; what is not acknowledged comes again
            for event in events:
                event.ack()

    for topic in TOPICS:
        channel = app.topic(settings.topic_prefix + topic, schema=RawSchema(allow_empty=True))
        app.agent(channel, name=topic, concurrency=1)(cast(Any, consume))

    @app.on_partitions_assigned.connect
    async def assigned(_: Any, partitions: set[TP], **__: Any) -> None:
        health.assign(frozenset((partition.topic, partition.partition) for partition in partitions))

    @app.on_partitions_revoked.connect
    async def revoked(_: Any, partitions: set[TP], **__: Any) -> None:
        health.revoke()

    return app


def _record(event: EventT[Any]) -> RawRecord:
    message = event.message
    source = Source(topic=message.topic, partition=message.partition, offset=message.offset)
    return RawRecord(message.value, message.key, source)


def _credentials(settings: Settings) -> faust.SASLCredentials | faust.SSLCredentials | None:
    context = tls_context(settings)
    if settings.uses_sasl and settings.kafka_sasl_password:
        return faust.SASLCredentials(
            username=settings.kafka_sasl_username,
            password=settings.kafka_sasl_password.get_secret_value(),
            ssl_context=context,
            mechanism=settings.kafka_sasl_mechanism,
        )
    return faust.SSLCredentials(context) if context else None
