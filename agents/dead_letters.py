"""The records that could not be used: read them, find out why, and send them again once the cause is mended."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from agents.kafka import KafkaUnavailable, client_options, explain_trouble
from agents.settings import Settings
from agents.topic_reader import MAX_FETCH_BYTES, read_topics
from agents.topics import DEAD_LETTERS
from models.records import Source


class StoredLetter(Struct, frozen=True, kw_only=True):
    """One dead letter as it stands in Kafka. `place` is `partition:offset`, the name by which commands know it.

    `value` is None for a tombstone, and where the record was too large to be carried: it is then only at its `source`.
    """

    place: str
    reason: str
    detail: str
    failed_at: str
    source: Source | None
    key: bytes | None
    value: bytes | None


class NotRedriven(Exception):  # noqa: N818 - reads as what it is where it is caught
    """Why a dead letter cannot be sent again, in one line."""


async def read_dead_letters(settings: Settings) -> AsyncIterator[StoredLetter]:
    """All dead letters that Kafka holds at this moment, the oldest of each partition first.

    Raises `KafkaUnavailable` where Kafka does not answer or the topic is missing.
    """
    async with read_topics(settings, DEAD_LETTERS) as reader:
        for partition in reader.partitions:
            async for record in reader.held([partition]):
                yield _letter(record)


async def redrive(settings: Settings, letters: Sequence[StoredLetter]) -> int:
    """Write the letters' original records to the topics that they came from; how many, once Kafka has confirmed all.

    Judging is idempotent by `event_id`, so sending a letter twice does no harm. Raises `NotRedriven` before anything is sent
    where a letter has no source or its original bytes are gone, and `KafkaUnavailable`.
    """
    originals = [await _original(settings, letter) for letter in letters]
    producer = AIOKafkaProducer(**client_options(settings), acks="all", max_request_size=MAX_FETCH_BYTES)
    try:
        await producer.start()
        for topic, key, value in originals:
            await producer.send_and_wait(topic, value, key=key)
    except (KafkaError, OSError, TimeoutError) as error:
        raise KafkaUnavailable(await explain_trouble(settings, error)) from error
    finally:
        await producer.stop()
    return len(originals)


async def _original(settings: Settings, letter: StoredLetter) -> tuple[str, bytes | None, bytes | None]:
    """Topic, key and value to write. Only a letter that lost its bytes on the way is looked up at its source."""
    source = letter.source
    if source is None:
        raise NotRedriven(f"{letter.place}: it came from no topic")
    if letter.value is not None:
        return source.topic, letter.key, letter.value
    async with read_topics(settings, source.topic.removeprefix(settings.topic_prefix)) as reader:
        partition = TopicPartition(source.topic, source.partition)
        if await reader.start_of(partition) <= source.offset:
            async for record in reader.held([partition], start=source.offset):
                if record.offset == source.offset:
                    return source.topic, record.key, record.value
                break
    raise NotRedriven(f"{letter.place}: {source.topic}/{source.partition} no longer holds offset {source.offset}")


def _letter(record: Any) -> StoredLetter:
    headers = dict(record.headers)
    told = {name: headers.get(name, b"").decode("utf-8", "replace") for name in ("reason", "detail", "failed_at")}
    return StoredLetter(
        place=f"{record.partition}:{record.offset}",
        source=_source(headers),
        key=record.key,
        value=record.value,
        **told,
    )


def _source(headers: dict[str, bytes]) -> Source | None:
    topic = headers.get("source_topic", b"").decode("utf-8", "replace")
    if not topic:
        return None
    return Source(topic=topic, partition=int(headers["source_partition"]), offset=int(headers["source_offset"]))


def select(letters: Iterable[StoredLetter], places: Sequence[str], reason: str | None) -> list[StoredLetter]:
    """Those that are named (all of them where none is), of one reason where one is given.

    Raises `NotRedriven` for a place that holds no dead letter.
    """
    by_place = {letter.place: letter for letter in letters}
    for place in places:
        if place not in by_place:
            raise NotRedriven(f"{place}: no such dead letter; expected partition:offset as in the list")
    chosen = [by_place[place] for place in dict.fromkeys(places)] if places else list(by_place.values())
    return [letter for letter in chosen if reason is None or letter.reason == reason]
