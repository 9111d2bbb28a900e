"""The Faust app: one agent for all activity topics, which hands batches of raw records to the processor.

What is set here and why was found out the hard way; see the comments. Faust is pinned exactly.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol, cast

import faust
from faust.types import TP, EventT
from faust.types.transports import TransportT

from agents.budget import Budget
from agents.consumer import Batch, BatchConsumer, Transport
from agents.health import Health
from agents.kafka import bootstrap_servers
from agents.settings import Settings
from agents.startup import start_client
from agents.throttle import EventTimeThrottle
from engine.engine import ReadBatch
from models.events import TOPICS
from models.records import RawRecord

MAX_REQUEST_BYTES = 128 * 1024 * 1024
"""Faust's producer refuses larger records by itself. Kafka's own limit is the one that should decide."""
PRODUCER_TIMEOUT_SECONDS = 10.0
"""After so long without a confirmation a record is sent again. Faust's default is 20 minutes of silence."""
_COMMIT_SECONDS = 1.0
_SESSION_SECONDS = 10.0
"""After so long without a sign of life Kafka gives a worker's partitions to others. Faust's default is a minute."""
_HEARTBEAT_SECONDS = 3.0
_MAX_POLL_SECONDS = 24 * 3600.0

Process = Callable[[Sequence[RawRecord], Awaitable[ReadBatch] | None], Awaitable[bool]]
ReadAhead = Callable[[Sequence[RawRecord]], Awaitable[ReadBatch]]


class RawSchema(faust.Schema[Any, Any]):
    """Hands over what the consumer gives as it is: a decoding error inside Faust can lose events."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> Any:
        """The key as it is."""
        return message.key

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:
        """The value as it is."""
        return message.value


class WorkerApp(faust.App):
    """A Faust app that reads by `agents.consumer` and keeps nothing on disk."""

    logger = logging.getLogger("faust.app")
    linger_seconds = 0.1
    """How long a batch may take to fill while there is no backlog."""
    budget: Budget
    """What a batch may cost."""
    topic_prefix = ""
    read_on_seconds: float | None = None
    """How long what is known to exist is waited for; None: for as long as it takes."""
    health: Health
    clock_skew_seconds: float = 300.0
    """So far ahead of our clock an event may be."""
    connect: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]
    """`agents.startup.start_client`, for each client of Kafka's that Faust starts."""
    read_ahead: ReadAhead | None = None
    """Begins to read a batch that is handed over, while the one before it may still be judged."""
    throttle: EventTimeThrottle | None = None
    """What keeps this worker together with the others of its group, if there may be any."""

    @property
    def batches(self) -> BatchConsumer:
        """The consumer."""
        return cast(BatchConsumer, self.consumer)

    def _new_transport(self) -> TransportT:
        return Transport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Faust would make a data directory for tables; there are none, and the file system may be read-only."""


class EventStream(Protocol):
    """What of a Faust stream is used."""

    def events(self) -> AsyncIterator[EventT[Any]]:
        """One event for each message of the consumer's."""
        ...


def build_app(
    settings: Settings,
    process: Process,
    health: Health,
    budget: Budget,
    throttle: EventTimeThrottle | None = None,
    read_ahead: ReadAhead | None = None,
) -> WorkerApp:
    """The app, not yet started. `process` answers whether a batch may be acknowledged; it must not raise."""
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
        broker_max_poll_records=settings.batch_max_records,
        # waiting for Redis must not cost us our partitions: the others wait for the same Redis
        broker_max_poll_interval=_MAX_POLL_SECONDS,
        broker_session_timeout=_SESSION_SECONDS,
        broker_heartbeat_interval=_HEARTBEAT_SECONDS,
        broker_commit_interval=_COMMIT_SECONDS,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_request_timeout=PRODUCER_TIMEOUT_SECONDS,
        producer_max_request_size=MAX_REQUEST_BYTES,
        worker_redirect_stdouts=False,
    )

    app.linger_seconds = settings.batch_max_seconds
    app.budget = budget
    app.topic_prefix = settings.topic_prefix
    app.read_on_seconds = settings.read_on_after_seconds
    app.health = health
    app.clock_skew_seconds = settings.max_clock_skew_seconds
    app.connect = partial(start_client, settings, health)
    app.throttle = throttle
    app.read_ahead = read_ahead

    # acks=False: what Faust takes for done is not what we take for done
    activity = app.topic(
        *(settings.topic_prefix + topic for topic in TOPICS), schema=RawSchema(allow_empty=True), acks=False
    )

    # one agent, one batch at a time: agents for each topic would judge side by side what happened one after the other
    @app.agent(cast(Any, activity), name="activity", concurrency=1)
    async def consume(stream: EventStream) -> None:
        async for event in stream.events():
            batch = cast(Batch, event.value)
            try:
                finished = await process(batch.records, batch.read)
            except Exception as error:
                # Faust would go on with the next batch, and this one would never be judged
                await app.crash(error)
                return
            if not finished:
                return  # the worker stops; what is not confirmed comes again
            app.batches.confirm(batch)
            if throttle:
                throttle.move()

    async def assign(_: Any, partitions: set[TP], **__: Any) -> None:
        assigned = frozenset((partition.topic, partition.partition) for partition in partitions)
        if throttle:
            throttle.claim(assigned, app.consumer_generation_id)
        health.assign(assigned)

    async def revoked(_: Any, partitions: set[TP], **__: Any) -> None:
        health.revoke()

    app.on_partitions_assigned.connect(cast(Any, assign))
    app.on_partitions_revoked.connect(cast(Any, revoked))
    return app


def _credentials(settings: Settings) -> faust.SASLCredentials | faust.SSLCredentials | None:
    context = settings.kafka_tls_context()
    if settings.uses_sasl and settings.kafka_sasl_password:
        return faust.SASLCredentials(
            username=settings.kafka_sasl_username,
            password=settings.kafka_sasl_password.get_secret_value(),
            ssl_context=context,
            mechanism=settings.kafka_sasl_mechanism,
        )
    return faust.SSLCredentials(context) if context else None
