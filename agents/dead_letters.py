"""The records that could not be used: read them, find out why, and send them again once the cause is mended."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct, field

from agents.kafka import KafkaUnavailable, client_options, explain_trouble
from agents.settings import Settings
from agents.topic_reader import MAX_FETCH_BYTES, MissingTopic, Watched, read_topics
from agents.topics import DEAD_LETTERS, REDRIVEN
from models.events import rfc_3339
from models.records import Source

MAX_MARKS = 1_000_000
"""So many letters are known to have been redriven, the latest; the others are taken for new ones."""
MAX_TOLD = 10
"""Of so many letters that cannot be redriven it is told why."""
_AT_ONCE, _BYTES_AT_ONCE = 200, 16 * 1024 * 1024


class StoredLetter(Struct, frozen=True, kw_only=True):
    """One dead letter as it stands in Kafka. `place` is `partition:offset`, the name by which commands know it.

    `value` is None for a tombstone, and where the record was too large to be carried: it is then only at its `source`.
    `redriven` says that it was sent again.
    """

    place: str
    reason: str
    detail: str
    failed_at: str
    source: Source | None
    key: bytes | None
    value: bytes | None
    redriven: bool = False


class Redriven(Struct, kw_only=True):
    """What redriving came to: how many letters went to each topic, how many were left out, why some of these were, and whether
    it ended at its limit with more to send.
    """

    sent: dict[str, int] = field(default_factory=dict)
    left_out: int = 0
    why: list[str] = field(default_factory=list)
    more: bool = False

    @property
    def count(self) -> int:
        """How many were sent."""
        return sum(self.sent.values())


class NotRedriven(Exception):  # noqa: N818 - reads as what it is where it is caught
    """Why a dead letter cannot be found or sent again, in one line."""


async def read_dead_letters(
    settings: Settings,
    *,
    since: datetime | None = None,
    reason: str | None = None,
    watched: Watched | None = None,
) -> AsyncGenerator[StoredLetter, None]:
    """The dead letters that Kafka holds at this moment, one after the other, the oldest of each partition first: all, or those
    that were written from `since` on, and of one `reason`.

    Raises `KafkaUnavailable` where Kafka does not answer or the topic is missing.
    """
    marks = await _redriven(settings)
    since_ms = int(since.timestamp() * 1000) if since else None
    async with read_topics(settings, DEAD_LETTERS, watched=watched) as reader:
        for partition in reader.partitions:
            async for record in reader.held([partition], since_ms=since_ms):
                letter = _letter(record, marks)
                if record.timestamp >= (since_ms or 0) and reason in (None, letter.reason):
                    yield letter


async def read_letter(settings: Settings, place: str) -> StoredLetter:
    """The dead letter at a place. Raises `NotRedriven` where there is none, and `KafkaUnavailable`."""
    number, _, offset = place.partition(":")
    if number.isdecimal() and offset.isdecimal():
        marks = await _redriven(settings)
        record = await _record_at(settings, DEAD_LETTERS, int(number), int(offset))
        if record is not None:
            return _letter(record, marks)
    raise NotRedriven(f"{place}: no such dead letter; expected partition:offset as in the list")


async def redrive_named(settings: Settings, places: Sequence[str], *, dry_run: bool = False) -> Redriven:
    """Write the original records of these letters to the topics that they came from, and mark the letters.

    Judging is idempotent by `event_id`, so sending a letter twice does no harm. Raises `NotRedriven` before anything is sent
    where a letter is not there, has no source, or its original bytes are gone; and `KafkaUnavailable`.
    """
    letters = [await read_letter(settings, place) for place in dict.fromkeys(places)]
    done = Redriven()
    async with _sender(settings, dry_run, done) as send:
        await send([await _original(settings, letter) for letter in letters])
    return done


async def redrive_all(
    settings: Settings,
    *,
    since: datetime | None = None,
    reason: str | None = None,
    again: bool = False,
    limit: int | None = None,
    dry_run: bool = False,
    watched: Watched | None = None,
) -> Redriven:
    """The same for all letters that were written until now, as `read_dead_letters` chooses them, a few at a time, and at most
    `limit` of them, in its order.

    Those that were redriven already are passed over, unless `again`. What cannot be sent is left out and told.
    """
    done = Redriven()
    async with (
        _sender(settings, dry_run, done) as send,
        aclosing(read_dead_letters(settings, since=since, reason=reason, watched=watched)) as letters,
    ):
        waiting: list[_Original] = []
        async for letter in letters:
            if letter.redriven and not again:
                continue
            if limit is not None and done.count + len(waiting) >= limit:
                done.more = True
                break
            try:
                waiting.append(await _original(settings, letter))
            except NotRedriven as error:
                done.left_out += 1
                done.why += [str(error)] if len(done.why) < MAX_TOLD else []
            if len(waiting) >= _AT_ONCE or sum(len(one.value or b"") for one in waiting) >= _BYTES_AT_ONCE:
                await send(waiting)
                waiting.clear()
        await send(waiting)
    return done


class _Original(Struct, frozen=True):
    """The record that a letter was made of."""

    place: str
    topic: str
    key: bytes | None
    value: bytes | None


@asynccontextmanager
async def _sender(settings: Settings, dry_run: bool, done: Redriven) -> AsyncIterator[Any]:
    """Gives a function that sends originals and marks their letters, once Kafka has confirmed them, and counts them."""
    if dry_run:

        async def count(originals: Sequence[_Original]) -> None:
            for one in originals:
                done.sent[one.topic] = done.sent.get(one.topic, 0) + 1

        yield count
        return

    producer = AIOKafkaProducer(**client_options(settings), acks="all", max_request_size=MAX_FETCH_BYTES)
    marks = settings.topic_prefix + REDRIVEN

    async def send(originals: Sequence[_Original]) -> None:
        now = rfc_3339(datetime.now(UTC).replace(microsecond=0))
        confirmations = [
            await producer.send(one.topic, one.value, key=one.key, headers=[("redriven_from", one.place.encode())])
            for one in originals
        ]
        await asyncio.gather(*confirmations)
        marked = [
            await producer.send(marks, msgspec.json.encode({"place": one.place, "redriven_at": now}))
            for one in originals
        ]
        await asyncio.gather(*marked)
        for one in originals:
            done.sent[one.topic] = done.sent.get(one.topic, 0) + 1

    try:
        await producer.start()
        if not await producer.partitions_for(marks):
            raise KafkaUnavailable(f"Kafka has no topic {marks} (see twinwatch topics create)")
        yield send
    except (KafkaError, OSError, TimeoutError) as error:
        told = await explain_trouble(settings, error)
        raise KafkaUnavailable(f"{told}; {done.count:,} had been sent again" if done.count else told) from error
    finally:
        await producer.stop()


async def _original(settings: Settings, letter: StoredLetter) -> _Original:
    """The record to write. Only of a letter that lost its bytes on the way it is looked up at its source."""
    source = letter.source
    if source is None:
        raise NotRedriven(f"{letter.place}: it came from no topic")
    if letter.value is not None:
        return _Original(letter.place, source.topic, letter.key, letter.value)
    topic = source.topic.removeprefix(settings.topic_prefix)
    record = await _record_at(settings, topic, source.partition, source.offset)
    if record is None:
        raise NotRedriven(f"{letter.place}: {source.topic}/{source.partition} no longer holds offset {source.offset}")
    return _Original(letter.place, source.topic, record.key, record.value)


async def _record_at(settings: Settings, topic: str, number: int, offset: int) -> Any:
    """The record at an offset, or None."""
    async with read_topics(settings, topic) as reader:
        partition = TopicPartition(settings.topic_prefix + topic, number)
        if partition in reader.partitions and await reader.start_of(partition) <= offset:
            async for record in reader.held([partition], start=offset):
                return record if record.offset == offset else None
    return None


class _Mark(Struct):
    """As much of a mark as is read."""

    place: str


_marks = msgspec.json.Decoder(_Mark)


async def _redriven(settings: Settings) -> dict[str, None]:
    """Places of letters that were redriven, the latest last."""
    places: dict[str, None] = {}
    try:
        async with read_topics(settings, REDRIVEN) as reader:
            async for record in reader.held(reader.partitions):
                try:
                    place = _marks.decode(record.value or b"").place
                except ValueError:
                    continue
                places.pop(place, None)
                places[place] = None
                if len(places) > MAX_MARKS:
                    del places[next(iter(places))]
    except MissingTopic:  # of an installation from before there were marks
        return {}
    return places


def _letter(record: Any, marks: dict[str, None]) -> StoredLetter:
    headers = dict(record.headers)
    told = {name: headers.get(name, b"").decode("utf-8", "replace") for name in ("reason", "detail", "failed_at")}
    place = f"{record.partition}:{record.offset}"
    return StoredLetter(
        place=place,
        source=_source(headers),
        key=record.key,
        value=record.value,
        redriven=place in marks,
        **told,
    )


def _source(headers: dict[str, bytes]) -> Source | None:
    topic = headers.get("source_topic", b"").decode("utf-8", "replace")
    if not topic:
        return None
    return Source(topic=topic, partition=int(headers["source_partition"]), offset=int(headers["source_offset"]))
