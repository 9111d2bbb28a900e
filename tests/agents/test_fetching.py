"""What of a broker's answer is given to aiokafka: what can be read, and nothing that it could stumble over."""

import asyncio
import logging
import struct
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from agents.fetching import (
    MISPLACED_TIMES,
    NOTHING_SECONDS,
    NOTHING_TIMES,
    RETRY_SECONDS,
    FetchScreen,
    Unreadable,
    readable,
)
from tests.agents.helpers import Clock

P, Q = TopicPartition("activity.messages", 0), TopicPartition("activity.messages", 1)
_CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def batch(base: int, count: int = 3, codec: int = 0) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    for number in range(count):
        builder.append(number, 1_000 + number, b"key", b"value " * 10, [])
    built = bytearray(builder.build())
    struct.pack_into(">q", built, 0, base)
    return bytes(built)


def changed(of: bytes, at: int, to: bytes, *, signed: bool = True) -> bytes:
    """With other bytes, and a checksum that fits them where `signed`."""
    new = bytearray(of)
    new[at : at + len(to)] = to
    if signed:
        struct.pack_into(">I", new, 17, calc_crc32c(bytes(new[21:])))
    return bytes(new)


def offsets(batches: bytes) -> list[int]:
    """As aiokafka reads them."""
    found, records = [], MemoryRecords(batches)
    while (one := records.next_batch()) is not None:
        assert one.validate_crc()
        found += [record.offset for record in one]
    return found


@pytest.mark.parametrize("codec", _CODECS)
def test_what_can_be_read_is_given_as_it_is(codec: str) -> None:
    answered = batch(5, codec=_CODECS[codec]) + batch(8, codec=_CODECS[codec])
    assert readable(answered, 5, 99) == (answered, None)
    assert readable(answered, 6, 99) == (answered, None)
    assert readable(answered[:-1], 5, 99) == (answered[: len(answered) // 2], None), (
        "the rest comes with the next answer"
    )
    assert readable(b"", 5, 99) == (b"", None)


def test_marks_of_transactions_and_batches_whose_records_are_gone_can_be_read() -> None:
    mark = changed(batch(5, count=1), 22, b"\x30")
    empty = changed(changed(batch(6)[:61], 57, bytes(4)), 8, struct.pack(">i", 61 - 12), signed=False)
    assert readable(mark + empty + batch(9), 5, 99) == (mark + empty + batch(9), None)


BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a byte of its records": (lambda b: changed(b, 80, b"!", signed=False), "its checksum does not fit"),
    "an unknown codec": (lambda b: changed(b, 22, b"\x05"), "it is compressed with codec 5, which is not known"),
    "records that are none": (lambda b: changed(b, 61, b"\xff" * 20), "it is no batch of records"),
    "not gzip": (lambda b: changed(b, 22, b"\x01"), "gzip cannot be unpacked: BadGzipFile"),
    "not snappy": (lambda b: changed(b, 22, b"\x02"), "snappy cannot be unpacked: DecompressionError"),
    "not lz4": (lambda b: changed(b, 22, b"\x03"), "lz4 cannot be unpacked: DecompressionError"),
    "not zstd": (lambda b: changed(b, 22, b"\x04"), "zstd cannot be unpacked: DecompressionError"),
    "an unknown format": (lambda b: changed(b, 16, b"\x03"), "its format 3 is not known"),
    "offsets far ahead": (lambda b: b"\x01" + b[1:], "its offsets are not those of this place"),
    "offsets of before": (lambda b: batch(1), "its offsets are not those of this place"),
    "a format below all": (lambda b: changed(b, 16, b"\xff"), "its format -1 is not known"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_comes_before_an_unreadable_batch_is_read_and_nothing_behind_it(what: str) -> None:
    break_it, cause = BROKEN[what]
    first, broken, last = batch(5), break_it(batch(8)), batch(11)
    assert readable(first + broken + last, 5, 99) == (first, Unreadable(offset=8, end=11, cause=cause))
    assert readable(broken + last, 8, 99) == (b"", Unreadable(offset=8, end=11, cause=cause))
    assert readable(broken + last, 9, 99) == (b"", Unreadable(offset=9, end=11, cause=cause))


def test_where_a_batch_of_an_unknown_format_ends_only_the_next_one_tells() -> None:
    found = readable(changed(batch(8), 16, b"\x03"), 8, 99)[1]
    assert found == Unreadable(offset=8, end=None, cause="its format 3 is not known")


@pytest.mark.parametrize("length", [-(2**31), -1, 0, 5, 49, 2**31 - 1])
def test_a_batch_that_claims_an_impossible_length_is_unreadable(length: int) -> None:
    first, broken = batch(5), changed(batch(8), 8, struct.pack(">i", length), signed=False)
    batches, found = readable(broken, 8, 99)
    assert batches == b""
    assert found is not None
    assert found.offset == 8
    assert readable(first + broken, 5, 99)[0] == first


@given(st.integers(0, 3), st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=8)), max_size=3))
def test_whatever_is_broken_aiokafka_reads_what_it_is_given(codec: int, damage: list[tuple[int, bytes]]) -> None:
    answered = bytearray(batch(5, codec=codec) + batch(8) + batch(11, codec=codec))
    for at, to in damage:
        answered[at : at + len(to)] = to
    batches, found = readable(bytes(answered), 5, 99)
    assert bytes(answered).startswith(batches)
    assert found or batches
    read = offsets(batches)
    if found:
        assert found.end is None or found.end > found.offset
    # two batches of three, of which damage may have made one of many, still end before the highwater
    assert read == sorted(read)
    assert not read or read[-1] < 99


class State:
    """What aiokafka knows of a partition."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.has_valid_position = True
        self.paused = False

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False


class Fetching:
    """A screen between answers that the test gives and partitions that it looks at."""

    def __init__(self) -> None:
        self.states = {P: State(5), Q: State(5)}
        self.answers: dict[TopicPartition, tuple[int, bytes | None]] = {}
        assignment = SimpleNamespace(tps=self.states.keys(), state_value=self.states.get)
        subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=assignment))
        self.client = SimpleNamespace(send=self.answer)
        self.clock = Clock()
        self.end = 99
        self.screen = FetchScreen(SimpleNamespace(_subscription=subscription, _client=self.client), self.clock)

    async def answer(self, node_id: int, request: Any) -> Any:
        assert node_id == 1
        parts = [
            (p.partition, error, self.end, self.end, 0, None, -1, sent) for p, (error, sent) in self.answers.items()
        ]
        return SimpleNamespace(topics=[(P.topic, parts)])

    def ends(self, *sent: bytes) -> list[tuple[int, int, bytes]]:
        """The high watermarks, last stable offsets and batches that aiokafka gets of p, fetch by fetch."""
        got = []
        for one in sent:
            self.answers = {P: (0, one)}
            request = FetchRequest(1, 1, 1, 1, [(P.topic, [(P.partition, self.states[P].position, 1)])])
            [(_, [part])] = asyncio.run(self.client.send(1, request)).topics
            got.append((part[2], part[3], part[-1]))
        return got

    def fetch(self, asked: dict[TopicPartition, int] | None = None, **answers: bytes | int) -> dict[str, bytes]:
        """What aiokafka gets, of the partitions p and q."""
        names = {"p": P, "q": Q}
        self.answers = {
            names[name]: (sent, None) if isinstance(sent, int) else (0, sent) for name, sent in answers.items()
        }
        asked = asked or {partition: state.position for partition, state in self.states.items()}
        wanted = [(P.topic, [(partition.partition, offset, 1) for partition, offset in asked.items()])]
        response = asyncio.run(self.client.send(1, FetchRequest(1, 1, 1, 1, wanted)))
        [(_, parts)] = response.topics
        for part in parts:
            assert part[1:7] == (self.answers[TopicPartition(P.topic, part[0])][0], self.end, self.end, 0, None, -1)
        return {"pq"[part[0]]: part[-1] for part in parts}


BAD = changed(batch(5), 80, b"!", signed=False)
FOUND = Unreadable(offset=5, end=8, cause="its checksum does not fit")


def test_a_partition_rests_where_it_cannot_be_read_and_is_tried_again_while_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "agents.fetching")
    fetching = Fetching()
    assert fetching.fetch(p=BAD, q=batch(5)) == {"p": b"", "q": batch(5)}
    assert fetching.screen.unreadable == {P: FOUND}
    assert fetching.states[P].paused
    assert not fetching.states[Q].paused
    fetching.screen.retry()
    assert fetching.states[P].paused
    fetching.clock.now += RETRY_SECONDS
    fetching.screen.retry()
    assert not fetching.states[P].paused
    assert fetching.screen.unreadable == {P: FOUND}, "as long as nothing else is known"
    fetching.fetch(p=BAD)
    assert fetching.states[P].paused
    fetching.clock.now += RETRY_SECONDS
    fetching.screen.retry()
    assert fetching.fetch(p=batch(5)) == {"p": batch(5)}
    assert fetching.screen.unreadable == {}
    assert not fetching.states[P].paused
    (failed, told), again = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert failed == "ERROR"
    assert "activity.messages/0 cannot be read at offsets 5 to 7: its checksum does not fit" in told
    assert "docs/reliability.md" in told
    assert again == ("INFO", "activity.messages/0 can be read again")


def test_what_comes_before_is_read_first() -> None:
    fetching = Fetching()
    assert fetching.fetch({P: 2}, p=batch(2) + BAD) == {"p": batch(2)}, "not what was asked for: dropped by aiokafka"
    assert fetching.screen.unreadable == {}
    fetching.states[P].position = 2
    fetching.fetch({P: 2}, p=batch(2) + BAD)
    assert fetching.screen.unreadable == {P: FOUND}
    assert not fetching.states[P].paused


def test_what_the_broker_itself_cannot_read_is_unreadable() -> None:
    fetching = Fetching()
    fetching.fetch(p=2)
    cause = "the broker answers CorruptRecordException"
    assert fetching.screen.unreadable == {P: Unreadable(offset=5, end=None, cause=cause)}
    assert fetching.states[P].paused
    fetching.fetch(q=6)
    assert Q not in fetching.screen.unreadable, "a broker that no longer leads is no such thing"


def test_an_end_beyond_all_that_was_written_is_not_believed() -> None:
    fetching = Fetching()
    fetching.fetch(p=changed(BAD, 23, struct.pack(">i", 1_000), signed=False))
    assert fetching.screen.unreadable[P].end is None


def test_what_was_written_while_the_broker_read_is_asked_for_again_and_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fetching = Fetching()
    fetching.end = 8
    # the end is that of before the last batch
    assert fetching.ends(batch(5) + batch(8)) == [(9, 9, batch(5))]
    fetching.states[P].position = fetching.end = 8
    assert fetching.ends(batch(8)) == [(9, 9, b"")]
    fetching.end = 11
    assert fetching.ends(batch(8)) == [(11, 11, batch(8))]
    assert fetching.screen.unreadable == {}
    assert caplog.records == []
    # what never has its place is unreadable
    fetching.states[P].position = 11
    for _ in range(MISPLACED_TIMES):
        assert fetching.screen.unreadable == {}
        fetching.ends(batch(1_000))
    assert fetching.screen.unreadable == {
        P: Unreadable(offset=11, end=None, cause="its offsets are not those of this place")
    }
    assert fetching.states[P].paused


def test_reading_elsewhere_begins_anew() -> None:
    fetching = Fetching()
    fetching.fetch(p=BAD)
    fetching.screen.start_anew()
    assert fetching.screen.unreadable == {}
    assert not fetching.states[P].paused


def test_a_partition_that_went_to_another_worker_is_forgotten() -> None:
    fetching = Fetching()
    fetching.fetch(p=BAD)
    del fetching.states[P]
    fetching.screen.retry()
    assert fetching.screen.unreadable == {}


def test_a_broker_that_gives_nothing_of_what_it_says_is_there_is_believed_for_a_while() -> None:
    fetching = Fetching()
    for _ in range(NOTHING_TIMES):
        fetching.fetch(p=b"")
        fetching.clock.now += NOTHING_SECONDS / NOTHING_TIMES
    fetching.fetch(p=batch(5), q=b"")
    assert fetching.screen.unreadable == {}
    for _ in range(NOTHING_TIMES):
        fetching.fetch(p=b"")
        fetching.clock.now += NOTHING_SECONDS / NOTHING_TIMES
    assert not fetching.states[P].paused
    fetching.fetch(p=b"")
    cause = "the broker gives nothing, and says that there is more"
    assert fetching.screen.unreadable == {P: Unreadable(offset=5, end=None, cause=cause)}
    assert fetching.states[P].paused
    fetching.clock.now += RETRY_SECONDS
    fetching.screen.retry()
    fetching.fetch(p=b"")
    assert fetching.states[P].paused
    fetching.clock.now += RETRY_SECONDS
    fetching.screen.retry()
    fetching.fetch(p=batch(5))
    assert fetching.screen.unreadable == {}


def test_a_partition_at_its_end_is_given_nothing_and_that_is_well() -> None:
    fetching = Fetching()
    fetching.states[P].position = 99
    for _ in range(3 * NOTHING_TIMES):
        fetching.fetch(p=b"")
        fetching.clock.now += NOTHING_SECONDS
    assert fetching.screen.unreadable == {}
