"""The topics that twinwatch reads and writes, how each is laid out, and why."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError, TopicAlreadyExistsError, for_code
from msgspec import Struct

from agents.kafka import NOT_ALLOWED, KafkaUnavailable, client_options, explain_trouble
from agents.settings import Settings
from models.events import TOPICS as EVENT_TOPICS
from models.events import VERDICTS

INCIDENTS = "incidents"
SHADOW_INCIDENTS = "incidents.shadow"
DEAD_LETTERS = "activity.dead-letters"
REDRIVEN = "activity.dead-letters.redriven"
REJECTED_VERDICTS = "incidents.verdicts.rejected"

OUTPUTS = (INCIDENTS, SHADOW_INCIDENTS, DEAD_LETTERS, REJECTED_VERDICTS)
"""What workers write."""

DEFAULT_PARTITIONS = 8
_DAY_MS = 24 * 3600 * 1000
_MAX_RECORD_BYTES = 1_048_588
"""Kafka's own default for the largest record batch, said aloud because the dead letters depend on it."""


class Topic(Struct, frozen=True, kw_only=True):
    """One topic. `partitions` is None where the operator's choice (`DEFAULT_PARTITIONS` unless told) applies."""

    name: str
    retention_days: int
    why: str
    partitions: int | None = None
    max_record_bytes: int = _MAX_RECORD_BYTES

    @property
    def configuration(self) -> dict[str, str]:
        """The topic's settings in Kafka's words. Nothing is compacted: every record is a fact of its own."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self.retention_days * _DAY_MS),
            "max.message.bytes": str(self.max_record_bytes),
        }


_ACTIVITY = tuple(
    Topic(name=name, retention_days=14, why="long enough to start again from the first record after a long outage")
    for name in EVENT_TOPICS
    if name.startswith("activity.")
)

TOPICS: tuple[Topic, ...] = (
    *_ACTIVITY,
    Topic(
        name=VERDICTS,
        retention_days=400,
        why="as long as a verdict can have an effect: strikes and reporters' records count for up to a year",
    ),
    Topic(
        name=INCIDENTS,
        retention_days=90,
        why="keyed by subject, many incidents a key: compacting would delete all but a subject's last one",
    ),
    Topic(
        name=SHADOW_INCIDENTS,
        retention_days=30,
        why="long enough to compare a rule in shadow with a month of live ones",
    ),
    Topic(
        name=REJECTED_VERDICTS,
        partitions=1,
        retention_days=30,
        why="one partition, because few are expected; long enough for whoever wrote them to come back from leave",
    ),
    Topic(
        name=DEAD_LETTERS,
        partitions=1,
        retention_days=30,
        max_record_bytes=2 * _MAX_RECORD_BYTES,
        why="one partition, because people read it; twice the size, because headers come on top of the original bytes",
    ),
)

FOR_OPERATORS = (
    Topic(
        name=REDRIVEN,
        partitions=1,
        retention_days=30,
        why="which dead letters were sent again, for as long as these are kept; only `twinwatch dead-letters` knows it",
    ),
)
"""What no worker needs, and `topics create` creates with the rest."""


class CreatedTopics(Struct, frozen=True, kw_only=True):
    """What `create_topics` did: names with their numbers of partitions. Existing topics are left as they are."""

    created: dict[str, int]
    existing: dict[str, int]


async def create_topics(
    settings: Settings, *, partitions: int = DEFAULT_PARTITIONS, replication_factor: int = -1
) -> CreatedTopics:
    """Create the topics that are missing; running it again changes nothing.

    `replication_factor` -1 is the cluster's default. Raises `KafkaUnavailable` where Kafka is unreachable or refuses.
    """
    async with _admin(settings) as admin:
        existing = await _partition_counts(admin)
        wanted = {settings.topic_prefix + topic.name: topic for topic in (*TOPICS, *FOR_OPERATORS)}
        counts = {name: topic.partitions or partitions for name, topic in wanted.items()}
        missing = [name for name in wanted if name not in existing]
        if missing:  # who may not create any is asked for none
            await _create(
                admin, {name: (counts[name], wanted[name].configuration) for name in missing}, replication_factor
            )
        return CreatedTopics(
            created={name: counts[name] for name in missing},
            existing={name: existing[name] for name in wanted if name in existing},
        )


async def _create(
    admin: AIOKafkaAdminClient, topics: Mapping[str, tuple[int, dict[str, str]]], replication_factor: int
) -> None:
    response = await admin.create_topics(
        [
            NewTopic(
                name,
                partitions,
                replication_factor,
                # aiokafka refuses Kafka's own word for the default unless it sees an assignment, empty as it may be
                replica_assignments={} if replication_factor == -1 else None,
                topic_configs=configuration,
            )
            for name, (partitions, configuration) in topics.items()
        ]
    )
    answers = {name: (code, message) for name, code, message in response.topic_errors}
    for name in topics:  # brokers answer in an order of their own
        code, message = answers[name]
        if code not in (0, TopicAlreadyExistsError.errno):
            raise KafkaUnavailable(
                f"Kafka refused to create topic {name}: {message or for_code(code).__name__}"
                f"{' (see deploy/kafka/acls.sh)' if for_code(code) in NOT_ALLOWED else ''}"
            )


async def missing_topics(settings: Settings) -> list[str]:
    """Those of our topics that Kafka does not have, or does not show us, in the order of `TOPICS`. Creates none.

    Raises `KafkaUnavailable` where Kafka cannot be reached, or does not let us into the consumer group.
    """
    async with _admin(settings) as admin:
        existing = await _partition_counts(admin)
        with suppress(GroupCoordinatorNotAvailableError):  # a new cluster has none yet
            await admin.find_coordinator(settings.consumer_group)
    names = [settings.topic_prefix + topic.name for topic in TOPICS]
    return [name for name in names if name not in existing]


async def _partition_counts(admin: AIOKafkaAdminClient) -> dict[str, int]:
    # asked for all topics at once: a request that names a missing topic would create it on some clusters
    return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError, TimeoutError) as error:
        raise KafkaUnavailable(await explain_trouble(settings, error)) from error
    finally:
        await admin.close()
