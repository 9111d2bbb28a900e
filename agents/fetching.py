"""Looks through what brokers answer to fetches, before aiokafka unpacks it.

Where aiokafka cannot read a batch it raises, and has dropped the records before it by then; where a batch is cut off it skips
an offset; and a batch that claims an impossible length ends its fetching for good. So it is given only what can be read. What
cannot is named, and asked for again now and then, because a replica may be mended.
"""

import logging
import struct
from collections.abc import Callable, Mapping
from time import monotonic
from types import MappingProxyType
from typing import Any

from aiokafka.errors import CorruptRecordException, UnsupportedCodecError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from msgspec import Struct

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
"""So long a partition rests before what could not be read of it is asked for again."""
NOTHING_SECONDS = 10.0
"""So long a broker may answer with nothing where it says that there is more. It does for a moment where others' records fill
its answers, and for ever where a batch claims to be longer than its file."""
NOTHING_TIMES = 10
"""So often it must have."""
MISPLACED_TIMES = 3
"""So often in a row a batch must come with impossible offsets. A broker looks where a partition ends before it reads, and so
gives what was written in between with an end that lies before it."""
_MISPLACED = "its offsets are not those of this place"
_NEWEST_FORMAT = 2
_HEADER = struct.Struct(">qiibIhi")
"""How a batch of format 2 begins: offset, bytes from here on, epoch, format, checksum, attributes, last offset less the first.
All formats have the first two and the fourth in the same places."""
_OFFSET_BYTES, _OVERHEAD_BYTES = 8, 12
_CODEC_MASK = 0x07
_CODECS = {1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
_BROKER_CANNOT = frozenset({2, 43, 76})
"""Errors with which brokers answer: a corrupt message, a message format or a codec that this protocol cannot carry."""


class Unreadable(Struct, frozen=True, kw_only=True):
    """A batch that cannot be read: its first offset, the one after its last, and why, without a word of what is in it.

    `end` is the offset of the next batch where the broker sent it along, or else what the batch says of itself; None where
    that cannot be true.
    """

    offset: int
    end: int | None
    cause: str

    def describe(self, topic: str, partition: int) -> str:
        """Where it stands, what happens, and what to do, in one line."""
        offsets = f"offset {self.offset}" if self.end is None else f"offsets {self.offset} to {self.end - 1}"
        return (
            f"{topic}/{partition} cannot be read at {offsets}: {self.cause}; nothing behind it is read, other partitions go on"
            ' (docs/reliability.md, "A batch that cannot be read", says what to do)'
        )


def readable(answered: bytes, position: int, highwater: int) -> tuple[bytes, Unreadable | None]:
    """The batches before the first one that cannot be read, and that one, if there is any.

    `position` is the offset that was asked for, `highwater` the one at which the partition ends. The last batch may be cut
    off, which is no fault; the first one never is.
    """
    done, offset = 0, position
    while done < len(answered):
        first, length, _, form, _, attributes, last_delta = _HEADER.unpack(
            answered[done : done + _HEADER.size].ljust(_HEADER.size, b"\0")
        )
        end = done + _OVERHEAD_BYTES + length
        if done and end > len(answered):
            break
        after = first + 1 + (last_delta if form == _NEWEST_FORMAT else 0)
        fault = _fault(answered[done : max(end, done)], length, form, attributes)
        # no checksum covers the offset of a batch
        if fault or not offset < after <= highwater:
            told = int.from_bytes(answered[end : end + _OFFSET_BYTES], signed=True) if end > done else 0
            after = told or (after if 0 <= form <= _NEWEST_FORMAT else 0)
            return answered[:done], Unreadable(
                offset=offset,
                end=after if offset < after <= highwater else None,
                cause=fault or _MISPLACED,
            )
        offset, done = after, end
    return answered[:done], None


def _fault(batch: bytes, length: int, form: int, attributes: int) -> str:
    """Why the batch cannot be read; empty where it can."""
    if not 0 <= form <= _NEWEST_FORMAT:
        return f"its format {form} is not known"
    if length + _OVERHEAD_BYTES != len(batch):
        return f"it claims a length of {length} bytes"
    codec = attributes & _CODEC_MASK
    try:
        records = MemoryRecords(batch).next_batch()
        if records is None or not records.validate_crc():
            return "its checksum does not fit"
        for _ in records:
            pass
    except UnsupportedCodecError:
        return f"it is compressed with {_CODECS.get(codec, f'codec {codec}, which is not known')}"
    except CorruptRecordException:
        return "it is no batch of records"
    except Exception as error:  # each codec has errors of its own
        return f"{_CODECS.get(codec, 'it')} cannot be unpacked: {type(error).__name__}"
    return ""


class _Nothing(Struct):
    """Since when, and how often in a row, nothing came of a partition from this offset on."""

    position: int
    since: float
    times: int = 0


class FetchScreen:
    """Stands between brokers and an aiokafka consumer. All of it runs in the consumer's loop; `unreadable` is for everybody.

    `clock` gives seconds and never goes back.
    """

    def __init__(self, consumer: Any, clock: Callable[[], float] = monotonic) -> None:
        self._subscription = consumer._subscription
        self._send = consumer._client.send
        self._clock = clock
        self._resting: dict[TopicPartition, float] = {}
        self._nothing: dict[TopicPartition, _Nothing] = {}
        self._misplaced: dict[TopicPartition, tuple[int, int]] = {}
        self.unreadable: Mapping[TopicPartition, Unreadable] = MappingProxyType({})
        """What could not be read of each partition when it was last tried. What comes before it has been read, or will be."""
        consumer._client.send = self._send_and_look

    async def _send_and_look(self, node_id: int, request: Any, **options: Any) -> Any:
        response = await self._send(node_id, request, **options)
        if isinstance(request, FetchRequest):
            asked = {TopicPartition(topic, p): offset for topic, ps in request.topics for p, offset, _ in ps}
            response.topics = [
                (topic, [self._look(TopicPartition(topic, p), asked, p, *rest) for p, *rest in partitions])
                for topic, partitions in response.topics
            ]
        return response

    def _look(
        self, partition: TopicPartition, asked: Mapping[TopicPartition, int], number: int, error: int, *rest: Any
    ) -> tuple[Any, ...]:
        """One partition's part of an answer, without what cannot be read."""
        *told, answered = rest
        position = asked[partition]
        batches, unreadable = readable(answered or b"", position, told[0])
        if unreadable and self._may_be_new(partition, unreadable):
            # it is asked for again, and waited for
            told[:2] = [max(end, unreadable.offset + 1) for end in told[:2]]
            unreadable = None
        if self._gives_nothing(partition, position, more=not (error or answered) and told[1] > position):
            cause = "the broker gives nothing, and says that there is more"
            unreadable = Unreadable(offset=position, end=None, cause=cause)
        if error in _BROKER_CANNOT:
            cause = f"the broker answers {for_code(error).__name__}"
            unreadable = Unreadable(offset=position, end=None, cause=cause)
        state = self._states().get(partition)
        # answers to what was asked before a seek are dropped
        if state and state.has_valid_position and state.position == position:
            self._note(partition, unreadable)
            if unreadable and not batches:
                state.pause()
                self._resting[partition] = self._clock()
        return (number, error, *told, batches)

    def _may_be_new(self, partition: TopicPartition, found: Unreadable) -> bool:
        """Whether it only seems to be unreadable because it has just been written."""
        offset, times = self._misplaced.pop(partition, (found.offset, 0))
        if found.cause != _MISPLACED:
            return False
        times = times + 1 if offset == found.offset else 1
        self._misplaced[partition] = found.offset, times
        return times < MISPLACED_TIMES

    def _gives_nothing(self, partition: TopicPartition, position: int, *, more: bool) -> bool:
        """Whether that has been so for too long to be a matter of chance."""
        now, known = self._clock(), self._nothing.pop(partition, None)
        if not more:
            return False
        if known is None or known.position != position:
            known = _Nothing(position, now)
        known.times += 1
        self._nothing[partition] = known
        return known.times >= NOTHING_TIMES and now - known.since >= NOTHING_SECONDS

    def _note(self, partition: TopicPartition, found: Unreadable | None) -> None:
        known = self.unreadable.get(partition)
        if found == known:
            return
        others = {p: one for p, one in self.unreadable.items() if p != partition}
        if found:
            logger.error("%s", found.describe(*partition))
        else:
            logger.info(
                "%(topic)s/%(partition)d can be read again",
                {"topic": partition.topic, "partition": partition.partition},
            )
        self.unreadable = MappingProxyType(others | ({partition: found} if found else {}))

    def retry(self) -> None:
        """Ask again for what has rested long enough. To be called now and then."""
        states = self._states()
        self.unreadable = MappingProxyType({p: one for p, one in self.unreadable.items() if p in states})
        self._nothing = {p: one for p, one in self._nothing.items() if p in states}
        self._misplaced = {p: one for p, one in self._misplaced.items() if p in states}
        for partition, since in list(self._resting.items()):
            if partition not in states or self._clock() - since >= RETRY_SECONDS:
                self._wake(partition, states)

    def start_anew(self) -> None:
        """Reading goes on from somewhere else: ask for everything, and find out again."""
        states = self._states()
        for partition in list(self._resting):
            self._wake(partition, states)
        self._nothing = {}
        self._misplaced = {}
        self.unreadable = MappingProxyType({})

    def _wake(self, partition: TopicPartition, states: Mapping[TopicPartition, Any]) -> None:
        del self._resting[partition]
        if state := states.get(partition):
            state.resume()

    def _states(self) -> Mapping[TopicPartition, Any]:
        return partition_states(self._subscription)


def partition_states(subscription: Any) -> Mapping[TopicPartition, Any]:
    """What an aiokafka consumer knows of each partition that is its."""
    assignment = subscription.subscription.assignment if subscription.subscription else None
    return {tp: assignment.state_value(tp) for tp in assignment.tps} if assignment else {}
