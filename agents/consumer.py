"""How records come off Kafka and how they are acknowledged: Faust's consumer, with both halves made exact.

Faust's own consumer makes four asyncio tasks a record, and decides what to commit from what its streams have let go of,
skipped records among them. This one hands the agent a batch of records of all topics by their event time (`agents.order`),
and commits nothing but what the agent has confirmed, partition by partition and without a gap. It overrides methods that are
private to Faust, so that Faust is pinned exactly; `tests/integration` holds it to its promises over a genuine Kafka.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from math import inf
from time import monotonic, time
from types import MappingProxyType
from typing import Any, cast

from aiokafka.consumer.fetcher import OffsetResetStrategy
from aiokafka.errors import ConsumerStoppedError, KafkaError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import Service
from msgspec.structs import replace

from agents.clock import ClockWatch, Written
from agents.fetching import FetchScreen, Unreadable, partition_states
from agents.kafka import READ_COMMITTED
from agents.lag import Standing
from agents.order import Merge
from agents.startup import CannotStart
from agents.throttle import EventTimeThrottle, Reached
from engine.engine import ReadBatch
from models.records import RawRecord, Source, traceparent_of

logger = logging.getLogger(__name__)
_faust_logger = logging.getLogger("faust.consumer")

BATCHES_AHEAD = 2
"""So many batches may wait for their confirmation: one to judge and one to go on with. More only fill the memory."""
RECORDS_AHEAD = 100
"""A partition is asked for more when fewer of its records wait to be handed over."""
_FETCH_SECONDS = 0.5
_FETCH_WAIT_MS = 100
"""How long a broker may wait for records of all partitions that it was asked for. Faust's 1500 ms hold up the partitions that
had records meanwhile, because aiokafka asks a broker one question at a time."""
_FILL_SECONDS = 0.02
"""How often to look for more while a batch fills, and the least from one batch to the next: a small one costs as much as
several of its records."""
_HELD_SECONDS = 0.1
"""How often to look for more while nothing of what is here may be judged yet, or while Kafka gives nothing. Who may judge it
after all is woken.
"""
_ANSWER_SECONDS = 0.05
"""How often to look whether partitions have told that they have nothing: aiokafka wakes nobody for that."""
PRODUCERS_BACK_SECONDS = 15.0
"""When a partition is back, what was to be written to it meanwhile waits at its producers: librdkafka's try every 10 s."""
_COMMIT_SECONDS = 5.0
"""aiokafka would try for ever to commit during an outage, and nothing else could be asked of the consumer meanwhile."""


class GroupLost(Exception):  # noqa: N818 - a state of the world, not a mistake of the caller
    """The consumer will never get partitions again: only a new one can."""


class OffsetRange:
    """Consecutive records of one partition that were handed over together. `end` is the offset to read on from.

    `begins` is their earliest event time, in microseconds since the epoch, and `count` their number.
    """

    __slots__ = ("begins", "confirmed", "count", "end", "partition")

    def __init__(self, partition: TP, end: int, begins: int = 0, count: int = 0) -> None:
        self.partition = partition
        self.end = end
        self.begins = begins
        self.count = count
        self.confirmed = False


class Batch:
    """Records in the order in which they are to be judged, and the stretches that they make up.

    `begins` is the event time of the first record, in microseconds since the epoch. `read` gives the batch with its texts
    read, where that was begun when it was handed over.
    """

    __slots__ = ("begins", "offset_ranges", "read", "records")

    def __init__(self, records: Sequence[RawRecord], offset_ranges: Sequence[OffsetRange], begins: int = 0) -> None:
        self.records = records
        self.offset_ranges = offset_ranges
        self.begins = begins
        self.read: Awaitable[ReadBatch] | None = None


class OffsetTracker:
    """Which offsets may be committed: those before which everything that was handed over is confirmed."""

    def __init__(self) -> None:
        self._offset_ranges: defaultdict[TP, deque[OffsetRange]] = defaultdict(deque)
        self._batches: dict[Batch, int] = {}
        self._numbers = count()
        self._confirmed: dict[TP, int] = {}
        self._committed: dict[TP, int] = {}

    def hand_over(self, batch: Batch) -> None:
        """The batch goes to an agent, after all others of its partitions."""
        self._batches[batch] = next(self._numbers)
        for offset_range in batch.offset_ranges:
            self._offset_ranges[offset_range.partition].append(offset_range)

    def confirm(self, batch: Batch) -> None:
        """All records of the batch are done with. What was handed over before `forget` no longer counts."""
        self._batches.pop(batch, None)
        for offset_range in batch.offset_ranges:
            offset_range.confirmed = True
            waiting = self._offset_ranges[offset_range.partition]
            while waiting and waiting[0].confirmed:
                self._confirmed[offset_range.partition] = waiting.popleft().end

    def read_up_to(self, positions: Mapping[TP, int]) -> None:
        """All that comes before these offsets and may be judged was handed over.

        The marks of transactions, and records of those that were aborted, have offsets too: what is committed must pass
        them, or else they would count as waiting for ever.
        """
        for partition, offset in positions.items():
            if waiting := self._offset_ranges[partition]:
                waiting[-1].end = max(waiting[-1].end, offset)
            elif offset:
                self._confirmed[partition] = max(self._confirmed.get(partition, 0), offset)

    def waiting(self, partition: TP) -> Sequence[OffsetRange]:
        """What was handed over of the partition and is not confirmed."""
        return [offset_range for offset_range in self._offset_ranges.get(partition, ()) if not offset_range.confirmed]

    def forget(self) -> None:
        """Reading goes on from what Kafka knows to be committed: after each change of the partitions."""
        self._batches.clear()
        self._offset_ranges.clear()
        self._confirmed.clear()
        self._committed.clear()

    def to_commit(self) -> dict[TP, int]:
        """Offsets to read on from that Kafka does not know yet."""
        return {p: offset for p, offset in self._confirmed.items() if self._committed.get(p) != offset}

    def committed(self, offsets: Mapping[TP, int]) -> None:
        """Kafka knows these."""
        self._committed.update(offsets)

    @property
    def has_room(self) -> bool:
        """Whether another batch may be handed over."""
        return len(self._batches) < BATCHES_AHEAD

    @property
    def begins(self) -> int | None:
        """The earliest event time at which a batch begins that waits for its confirmation; None where none waits."""
        return min((batch.begins for batch in self._batches), default=None)

    @property
    def oldest(self) -> int | None:
        """The number of the batch that has been waiting for its confirmation for longest; None where none waits."""
        return next(iter(self._batches.values()), None)


async def seek_to_committed(consumer: Any) -> Mapping[TopicPartition, int | None]:
    """Let an aiokafka consumer go on from what is committed, partition by partition; what that is.

    Where nothing is committed that is the first record. aiokafka's own method leaves such a partition where it stands, and
    whatever was read and not handed over is never seen again.
    """
    if not consumer.assignment():
        return {}
    offsets: Mapping[TopicPartition, int | None] = await consumer.seek_to_committed()
    untouched = {partition for partition, offset in offsets.items() if not offset} & consumer.assignment()
    if untouched:
        # not awaited: a partition whose broker is away has no beginning yet, and is waited for like any other
        consumer._fetcher.request_offset_reset(untouched, OffsetResetStrategy.EARLIEST)
    return offsets


class AnswerLog:
    """When each partition last told all that it has, as far as brokers' answers to an aiokafka consumer's fetches show.

    A partition whose broker was away, or did not lead it, has all only once producers have had time to come back. `clock` is
    the wall clock in seconds, which aiokafka stamps answers by; `came_up` tells when Kafka began to answer, where it was away
    before the consumer started.
    """

    def __init__(
        self, consumer: Any, came_up: Callable[[], float | None] = lambda: None, clock: Callable[[], float] = time
    ) -> None:
        self._send = consumer._client.send
        self._cluster = consumer._client.cluster
        self._clock = clock
        self._came_up = came_up
        self._troubled: dict[TopicPartition, int] = {}
        consumer._client.send = self._send_and_note

    async def _send_and_note(self, node_id: int, request: Any, **options: Any) -> Any:
        is_fetch = isinstance(request, FetchRequest)
        try:
            response = await self._send(node_id, request, **options)
        except KafkaError:
            if is_fetch:
                # those, too, that were not asked for because what they gave before waits to be handed over
                self._note(self._cluster.partitions_for_broker(node_id) or ())
                self._note((topic, part[0]) for topic, parts in request.topics for part in parts)
            raise
        if is_fetch:
            self._note((topic, number) for topic, parts in response.topics for number, error, *_ in parts if error)
        return response

    def _note(self, partitions: Iterable[tuple[str, int]]) -> None:
        now = int(self._clock() * 1000)
        self._troubled.update({TopicPartition(*partition): now for partition in partitions})

    def told(self, partition: TopicPartition, answered: int) -> int:
        """When it last told all, in milliseconds. `answered` is when it last told anything. 0: never."""
        trouble = self._troubled.get(partition, int((self._came_up() or 0) * 1000))
        if not answered or not trouble:
            return answered
        if trouble <= answered < trouble + PRODUCERS_BACK_SECONDS * 1000:
            return trouble
        if answered >= trouble:
            self._troubled.pop(partition, None)
        return answered


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread in which aiokafka's consumer runs.

    `behind` are the partitions that had more after the last fetch, `positions` the offsets from which each is read on, and
    `answered` tells of each when it last told all that it has, `heard` when it gave anything (milliseconds of the wall
    clock, 0 never). What is in neither `behind` nor `answered` is not waited for; whoever leaves a partition out of both must
    name its topic in `RawRecord.without`. `unreadable` is what stands at the position of a partition that cannot be read on.
    """

    logger = _faust_logger
    behind: frozenset[TP] = frozenset()
    positions: Mapping[TP, int] = MappingProxyType({})
    answered: Mapping[TP, int] = MappingProxyType({})
    heard: Mapping[TP, int] = MappingProxyType({})
    unreadable: Mapping[TP, Unreadable] = MappingProxyType({})
    _screen: FetchScreen
    _answers: AnswerLog

    @property
    def member(self) -> str:
        """The name by which the group knows us; empty before it does."""
        coordinator = self._consumer._coordinator if self._consumer else None
        return getattr(coordinator, "member_id", "")

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS
        # Faust reads committed records only where it writes in transactions itself
        consumer._isolation_level = READ_COMMITTED
        self._answers = AnswerLog(consumer, lambda: cast(Any, self.app).health.kafka_came_up)
        self._screen = FetchScreen(consumer)
        return consumer

    async def on_start(self) -> None:
        """Create aiokafka's consumer and start it, once Kafka answers."""
        consumer = self._consumer = self._create_consumer(loop=self.thread_loop)
        self.time_started = monotonic()
        await cast(Any, self.app).connect(consumer.start)

    def _start_thread(self) -> None:
        # whoever started us gets it, and says so in one line
        with suppress(CannotStart):
            super()._start_thread()

    def on_crash(self, msg: str, *fmt: Any, **kwargs: Any) -> None:
        """Nothing: Faust would print it. What ends a thread is logged in our way (`agents.logs`)."""

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> Mapping[TP, list[Any]]:
        coordinator = consumer._coordinator
        if coordinator._coordination_task.done() and not self.should_stop:
            raise GroupLost("aiokafka no longer takes part in the consumer group")
        if consumer._fetcher._fetch_task.done() and not self.should_stop:
            raise GroupLost("aiokafka no longer fetches")
        # nobody else takes errors of the group off the coordinator, which goes on only when somebody has
        coordinator.check_errors()
        self._screen.retry()
        fetched: Mapping[TP, list[Any]] = await super()._fetch_records(
            consumer, active_partitions, timeout, max_records
        )
        states = {ensure_TP(tp): state for tp, state in partition_states(consumer._subscription).items()}
        self.positions = {tp: state.position for tp, state in states.items() if state.has_valid_position}
        self.unreadable = {
            ensure_TP(tp): one
            for tp, one in self._screen.unreadable.items()
            if self.positions.get(ensure_TP(tp), 0) >= one.offset
        }
        self.behind = frozenset(tp for tp, state in states.items() if _has_more(state)) - self.unreadable.keys()
        self.heard = {tp: state.timestamp or 0 for tp, state in states.items()}
        told = {tp: self._answers.told(TopicPartition(*tp), moment) for tp, moment in self.heard.items()}
        self.answered = {tp: moment for tp, moment in told.items() if tp not in self.unreadable}
        return fetched

    async def on_thread_stop(self) -> None:
        """Stop aiokafka's consumer, too."""
        try:
            await super().on_thread_stop()
        except asyncio.CancelledError:
            # aiokafka waits for each request that it cancels, and one that is about to be tried again then ends its own end
            task = asyncio.current_task()
            if (task and task.cancelling()) or self._consumer is None:
                raise
            await self._consumer._client.close()

    async def seek_to_committed(self) -> Mapping[TP, int]:
        offsets: Mapping[TP, int] = await self.call_thread(self._go_back, self._ensure_consumer())
        return offsets

    async def _go_back(self, consumer: Any) -> Mapping[TopicPartition, int | None]:
        self._screen.start_anew()
        return await seek_to_committed(consumer)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Whether Kafka has taken the offsets. Where it has not, it is asked again with the next commit."""
        consumer = self._ensure_consumer()
        ours = self.assignment()
        wanted = {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items() if tp in ours}
        if not wanted:  # all of them went to others meanwhile; aiokafka takes an empty request for a mistake
            return False
        try:
            async with asyncio.timeout(_COMMIT_SECONDS):
                await consumer.commit(wanted)
        except (KafkaError, TimeoutError) as error:
            logger.info("offsets could not be committed: %(error)s", {"error": type(error).__name__})
            return False
        return len(wanted) == len(offsets)


def _has_more(state: Any) -> bool:
    """Whether there is more than was read, or the partition has not told yet.

    What comes after the last stable offset cannot be read before an open transaction ends: nobody knows whether it will count.
    A new leader may not know yet how far its partition goes: an end before what was read is none.
    """
    if state.lso is None or not state.has_valid_position or state.position < state.lso:
        return True
    return bool(-1 < state.highwater < state.position)


class BatchConsumer(driver.Consumer):
    """Hands over a `Batch` at a time. The agent calls `confirm`; Faust's own acknowledging is switched off."""

    logger = _faust_logger

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offset_tracker = OffsetTracker()
        self._merge = Merge(read_on_seconds=cast(Any, self.app).read_on_seconds)
        self._positions: Mapping[TP, int] = {}
        self.clock = ClockWatch(cast(Any, self.app).clock_skew_seconds)
        self._room = asyncio.Event()
        # a fetch must not return records from before a seek after it
        self._reading = asyncio.Lock()
        # whether the next records are those after what was handed over, or after what is committed
        self._in_place = False
        self._generation = self.app.consumer_generation_id
        self._handed_over = -inf
        self._trouble = ""
        self._without: frozenset[str] = frozenset()

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def confirm(self, batch: Batch) -> None:
        """All records of the batch are done with, and may be committed."""
        self._offset_tracker.confirm(batch)
        self.look()

    def look(self) -> None:
        """See at once whether something may be judged now."""
        self._room.set()

    @property
    def member(self) -> str:
        """The name by which our group knows us; empty before it does."""
        return cast(_ConsumerThread, self._thread).member

    @property
    def oldest_unconfirmed(self) -> int | None:
        """A number that stays the same for as long as the same batch waits for longest; None while none waits."""
        return self._offset_tracker.oldest

    @property
    def reached(self) -> Reached:
        """How far this worker has come. Nowhere, until it has gone back to what is committed of the partitions it has now."""
        if not self._is_in_place:
            return Reached(0)
        moment = min((t for t in (self._offset_tracker.begins, self._merge.reached) if t is not None), default=None)
        return Reached(moment, self._merge.silent_since(), self._merge.latest)

    @property
    def _is_in_place(self) -> bool:
        return self._in_place and self._generation == self.app.consumer_generation_id

    def standing(self, partition: TP) -> Standing | None:
        """How far the partition was read, and what of it waits to be judged; None where that is not known."""
        position = self._positions.get(partition)
        if position is None:
            return None
        here, first = self._merge.waiting(partition)
        offset_ranges = self._offset_tracker.waiting(partition)
        moments = [offset_range.begins for offset_range in offset_ranges] + ([] if first is None else [first])
        count = here + sum(offset_range.count for offset_range in offset_ranges)
        unreadable = partition in self.unreadable
        return Standing(position=position, waiting=count, since=min(moments, default=None), unreadable=unreadable)

    @property
    def unreadable(self) -> Mapping[TP, Unreadable]:
        """Where partitions stand still because what comes next cannot be read. Nothing behind it is read or committed."""
        return cast(_ConsumerThread, self._thread).unreadable

    async def perform_seek(self) -> None:
        """Go back to what Kafka knows to be committed."""
        async with self._reading:
            await self._go_back()
        self._room.set()

    async def _go_back(self) -> None:
        self._in_place = False
        self._generation = self.app.consumer_generation_id
        self._offset_tracker.forget()
        self._merge.clear()
        self._positions = {}
        self.clock.forget()
        await super().perform_seek()
        self._offset_tracker.committed(
            {p: offset for p, offset in self._committed_offset.items() if offset is not None}
        )
        self._in_place = True

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit what is confirmed and not committed yet; whether there was any and Kafka took it."""
        offsets = self._offset_tracker.to_commit()
        if not offsets or not await self._commit(offsets):
            return False
        self._offset_tracker.committed(offsets)
        return True

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: `agents.health` judges progress, and Faust's own look fails on a partition that was just taken away."""

    async def _drain_messages(self, fetcher: Any) -> None:
        """Read until stopped. The name and the parameter are Faust's."""
        try:
            while not (self.should_stop or cast(Service, fetcher).should_stop):
                if not self.flow_active:
                    await self.wait(self.can_resume_flow)  # type: ignore[arg-type]
                    continue
                self._room.clear()
                if not self._offset_tracker.has_room:
                    await self.wait(self._room, timeout=1.0)  # type: ignore[arg-type]
                    continue
                partitions = self._get_active_partitions()
                if not await self._read(partitions):
                    await self.wait(self._room, timeout=self._pause(partitions))  # type: ignore[arg-type]
        except (asyncio.CancelledError, ConsumerStoppedError):
            if not self.app.should_stop:
                raise

    @property
    def _most(self) -> int:
        most: int = self.app.conf.broker_max_poll_records
        return most

    @property
    def _fills(self) -> bool:
        """Whether the next batch may fill further: it is not full, and another is judged or has just been."""
        app = cast(Any, self.app)
        longest: float = app.linger_seconds
        if self._offset_tracker.oldest is None:
            longest = min(longest, _FILL_SECONDS)
        full = len(self._merge) >= self._most or self._merge.cost >= app.budget.cost
        return not full and monotonic() - self._handed_over < longest

    def _pause(self, partitions: set[TP]) -> float:
        """How long to wait after nothing could be handed over, where nobody wakes us."""
        if self._trouble or not partitions:
            return _HELD_SECONDS
        # without records the fetch has waited
        return _FILL_SECONDS if not self._merge or self._fills or self._merge.awaited() else _HELD_SECONDS

    async def _read(self, partitions: set[TP]) -> int:
        """Fetch what may be needed, and hand over the next batch, if there is any; of how many records."""
        async with self._reading:
            generation = self.app.consumer_generation_id
            if not await self._fetch(partitions) or (self._fills and self._goes_on(generation)):
                return 0
            taken: list[tuple[int, RawRecord]] = []
            without: frozenset[str] = frozenset()
            if self._goes_on(generation):
                app = cast(Any, self.app)
                without = self._given_up(app.throttle)
                until = self._until(app.throttle.until() if app.throttle else None)
                taken = self._merge.take(self._most, until, app.budget.cost)
                app.health.wait_for_partitions(
                    {(p.topic, p.partition): seconds for p, seconds in self._merge.awaited().items()}
                )
            if taken:
                records = [replace(record, without=without) if without else record for _, record in taken]
                batch = Batch(records, _offset_ranges(taken), taken[0][0])
                self._offset_tracker.hand_over(batch)
                self._handed_over = monotonic()
                if app.read_ahead:
                    batch.read = app.read_ahead(records)
                await self.wait_first(self.callback(_message(batch, generation)), self.suspend_flow.wait())
            if not self._goes_on(generation):
                # the partitions change: what has not reached its agent is read again
                self._in_place = False
            else:
                self._offset_tracker.read_up_to(
                    {p: o for p, o in self._positions.items() if not self._merge.waiting(p)[0]}
                )
            return len(taken)

    def _given_up(self, throttle: EventTimeThrottle | None) -> frozenset[str]:
        """The topics without whose records this worker reads on: an operator wants it to, or some cannot be read."""
        names = {partition.topic for partition in (*self._merge.given_up(), *self.unreadable)}
        if throttle:
            names |= {name.rpartition("/")[0] for name in throttle.given_up()}
        without = frozenset(name.removeprefix(cast(Any, self.app).topic_prefix) for name in names)
        if without - self._without:
            logger.warning("reading on without %s, of which not all is here", ", ".join(sorted(without)))
        self._without = without
        return without

    def _until(self, throttle: int | None) -> int | None:
        """Nothing later than this may be judged now, by those for whom or for which we wait; None: all may."""
        return min((limit for limit in (throttle, self.clock.until) if limit is not None), default=None)

    async def _fetch(self, partitions: set[TP]) -> bool:
        """Ask for what is missing or may soon be; whether Kafka has answered."""
        try:
            if not self._is_in_place or self.clock.is_mended():
                # Faust gives up going back after a while, and goes on; and what came while our clock was wrong is out of order
                await self._go_back()
            missing = self._merge.missing() & partitions
            # all of them, whatever is missing: aiokafka asks a broker for nothing while it has records of it for us
            wanted = self._merge.below(RECORDS_AHEAD, partitions)
            if not partitions:  # there are more workers than partitions
                self._merge.add({}, frozenset(), {}, {})
            if not wanted:
                return True
            # what is here already need not wait for what may come
            timeout = _ANSWER_SECONDS if missing else 0.0
            fetched = await self._getmany(wanted, timeout=timeout if self._merge else _FETCH_SECONDS)
        except KafkaError as error:
            self._tell(type(error).__name__)
            return False
        self._tell("")
        written = {ensure_TP(tp): [_written(tp, record) for record in more] for tp, more in fetched.items()}
        thread = cast(_ConsumerThread, self._thread)
        self.clock.see(written, thread.positions.keys() - thread.behind)
        records = {tp: [record for record, _ in more] for tp, more in written.items()}
        answered = {partition: moment for partition, moment in thread.answered.items() if partition in partitions}
        self._merge.add(records, thread.behind & partitions, answered, thread.heard)
        self._positions = thread.positions
        return True

    def _goes_on(self, generation: int) -> bool:
        """Whether the partitions are still those of the generation, and agents may have records of them."""
        return self.flow_active and bool(self.app.consumer_generation_id == generation)

    def _tell(self, trouble: str) -> None:
        """Log what keeps us from reading, once for as long as it is the same."""
        if trouble and trouble != self._trouble:
            logger.warning("Kafka does not let us read: %(error)s", {"error": trouble})
        self._trouble = trouble


def _written(partition: Any, record: Any) -> Written:
    trace = traceparent_of(record.headers) if record.headers else None
    source = Source(topic=partition.topic, partition=partition.partition, offset=record.offset, traceparent=trace)
    return RawRecord(record.value, record.key, source), record.timestamp


def _offset_ranges(taken: Iterable[tuple[int, RawRecord]]) -> list[OffsetRange]:
    """Of records with their event times, in the order of these."""
    offset_ranges: dict[TP, OffsetRange] = {}
    for moment, record in taken:
        if source := record.source:
            partition = TP(source.topic, source.partition)
            offset_range = offset_ranges.setdefault(partition, OffsetRange(partition, 0, moment))
            offset_range.end = source.offset + 1
            offset_range.count += 1
    return list(offset_ranges.values())


def _message(batch: Any, generation: int) -> ConsumerMessage:
    """A Faust message whose value is a `Batch`. Faust routes it by its partition, and all go to the same agent."""
    last = batch.offset_ranges[0]
    return ConsumerMessage(
        last.partition.topic,
        last.partition.partition,
        last.end - 1,
        timestamp=0.0,
        timestamp_type=0,
        headers=None,
        key=None,
        value=batch,
        checksum=None,
        serialized_value_size=0,
        tp=last.partition,
        generation_id=generation,
    )


class PatientProducer(driver.Producer):
    """Faust's producer, whose start waits for Kafka."""

    async def on_start(self) -> None:
        """Create aiokafka's producer and start it, once Kafka answers."""
        await super(driver.Producer, self).on_start()
        producer = self._producer = self._new_producer()
        self.beacon.add(producer)
        await cast(Any, self.app).connect(producer.start)


class Transport(driver.Transport):
    """Faust's transport over aiokafka, with `BatchConsumer`."""

    Consumer = BatchConsumer
    Producer = PatientProducer
