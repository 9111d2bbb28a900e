"""In which order what was read of several partitions is judged."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from agents.budget import cost_of
from agents.order import SILENCE_SECONDS, Merge, event_time
from models.records import RawRecord, Source
from tests.agents.helpers import Clock

A, B, C = (TP("activity.messages", number) for number in range(3))
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(hours=1)
ALL = frozenset([A, B, C])


def record(partition: TP, offset: int, second: float | None) -> RawRecord:
    moment = "?" if second is None else (START + timedelta(seconds=second)).isoformat()
    source = Source(topic=partition.topic, partition=partition.partition, offset=offset)
    return RawRecord(b'{"actor_id": "a", "occurred_at": "%s", "x": {}}' % moment.encode(), None, source)


def merge(clock: Clock | None = None, read_on_seconds: float | None = None) -> Merge:
    return Merge(clock or Clock(), NOW.timestamp, read_on_seconds)


def told_at(seconds: float) -> int:
    """So long before now."""
    return int((NOW.timestamp() - seconds) * 1000)


def read(
    into: Merge,
    behind: frozenset[TP] = frozenset(),
    answered: dict[TP, int] | None = None,
    heard: dict[TP, int] | None = None,
    **seconds: Sequence[float | None],
) -> None:
    """More of partitions a, b, c, which say when each record happened; offsets are seconds. All have answered just now, unless
    `answered` says when, and `heard` when they gave anything.
    """
    told = dict.fromkeys(ALL, told_at(0)) | (answered or {})
    partitions = {"a": A, "b": B, "c": C}
    into.add(
        {partitions[n]: [record(partitions[n], i, s) for i, s in enumerate(more)] for n, more in seconds.items()},
        behind,
        told,
        told | (heard or {}),
    )


def taken(merge: Merge, most: int = 100, until: float | None = None) -> list[tuple[int, float]]:
    """Partition and second of what comes next."""
    limit = None if until is None else second(until)
    return [(r.source.partition, (moment - second(0)) / 1_000_000) for moment, r in merge.take(most, limit) if r.source]


def second(number: float) -> int:
    return int((START + timedelta(seconds=number)).timestamp() * 1_000_000)


def test_times_are_read_from_records_and_from_nothing_else() -> None:
    assert event_time(record(A, 0, 1.5)) == second(1.5)
    assert event_time(RawRecord(b'{"text": "\\"occurred_at\\": \\"2026-01-01T00:00:00Z\\""}')) is None
    for value in (None, b"", b"\xff", b"[]", b'{"occurred_at": 3}', b'{"occurred_at": "2026-01-01T00:00:00"}'):
        assert event_time(RawRecord(value)) is None


def test_partitions_are_merged_by_event_time() -> None:
    subject = merge()
    read(subject, a=[1, 4, 5], b=[2, 3, 6], c=[])
    assert taken(subject, most=4) == [(0, 1), (1, 2), (1, 3), (0, 4)]
    assert subject.waiting(A) == (1, second(5))
    assert subject.waiting(C) == (0, None)
    assert taken(subject) == [(0, 5), (1, 6)]


def test_nothing_is_judged_before_what_is_known_to_be_missing() -> None:
    subject = merge()
    read(subject, ALL, a=[10, 11], b=[5, 6])
    assert subject.missing() == {C}
    assert taken(subject) == []
    read(subject, frozenset([A, B]), c=[1])
    # of B there is more, which may come before what is here of A
    assert taken(subject) == [(2, 1), (1, 5), (1, 6)]
    assert taken(subject) == []
    read(subject, frozenset(), b=[7])
    assert taken(subject) == [(1, 7), (0, 10), (0, 11)]


def test_what_is_known_to_be_missing_is_waited_for_for_as_long_as_it_takes() -> None:
    clock = Clock()
    subject = merge(clock)
    read(subject, frozenset([C]), a=[10])
    assert subject.awaited() == {C: 0}
    for _ in range(24):
        clock.now += 3600
        assert taken(subject) == []
        read(subject, frozenset([C]))
    assert subject.awaited() == {C: 24 * 3600}
    read(subject, c=[3])
    assert taken(subject) == [(2, 3), (0, 10)]
    assert subject.awaited() == {}


def test_who_has_not_told_what_it_has_since_a_record_was_fetched_may_have_what_comes_before_it() -> None:
    clock = Clock()
    subject = merge(clock)
    # of C all was read that it had told of, and then its broker went away; B is only as of a moment before
    read(subject, answered={B: told_at(0.1), C: told_at(30)}, a=[10])
    assert subject.missing() == {B, C}
    assert taken(subject) == []
    read(subject, answered={C: told_at(30)})
    clock.now += 3600
    assert subject.awaited() == {C: 3600}
    assert taken(subject) == []
    read(subject, c=[9])
    assert taken(subject) == [(2, 9), (0, 10)]


def test_each_record_waits_only_for_answers_from_after_it_was_fetched() -> None:
    subject = merge()
    read(subject, frozenset([A]), {p: told_at(5) for p in ALL}, a=[10])
    assert taken(subject) == [(0, 10)]
    read(subject, answered={B: told_at(4), C: told_at(4)}, a=[20])
    assert taken(subject) == []
    read(subject, answered={A: told_at(1), B: told_at(1)}, b=[15])
    # what is here of A was fetched after what B had told
    assert taken(subject) == [(1, 15)]
    assert subject.missing() == {B}
    read(subject)
    assert taken(subject) == [(0, 20)]


def test_a_partition_that_has_just_been_emptied_is_asked_before_what_was_fetched_later() -> None:
    subject = merge()
    read(subject, answered={A: told_at(2), C: told_at(1), B: told_at(1)}, a=[1])
    read(subject, answered={A: told_at(2)}, b=[5])
    assert taken(subject) == [(0, 1)]
    assert subject.missing() == {A}
    read(subject)
    assert taken(subject) == [(1, 5)]


def test_a_clock_that_is_set_back_holds_up_nobody() -> None:
    moment = NOW.timestamp()
    subject = Merge(Clock(), lambda: moment)
    read(subject, answered={C: told_at(1)}, a=[10])
    assert taken(subject) == []
    moment -= 3000
    read(subject, answered=dict.fromkeys(ALL, told_at(2999)), b=[5])
    assert taken(subject) == [(1, 5), (0, 10)]


def test_what_an_operator_does_not_want_to_wait_for_is_named() -> None:
    clock = Clock()
    subject = merge(clock, read_on_seconds=60)
    read(subject, frozenset([C]), a=[10], b=[10])
    assert taken(subject) == []
    clock.now += 59
    assert taken(subject) == []
    assert subject.given_up() == frozenset()
    clock.now += 1
    assert subject.given_up() == {C}
    assert taken(subject) == [(0, 10), (1, 10)]
    assert subject.reached == 0, "others are not told that it had been read"
    # once it has come, it is waited for anew
    read(subject, frozenset([C]), a=[20], c=[3])
    assert taken(subject) == [(2, 3)]
    assert subject.given_up() == frozenset()
    assert taken(subject) == []


def test_what_came_while_partitions_come_back_waits_until_the_others_have_told_all_since() -> None:
    subject = merge()
    # all of them have been away until ten seconds ago: nobody knows whether that is all they have
    away = dict.fromkeys(ALL, told_at(10))
    read(subject, answered=away, heard={A: told_at(1)}, a=[20])
    assert taken(subject) == []
    assert subject.missing() == {B, C}
    read(subject, answered=away | {C: told_at(0)}, heard={B: told_at(0.5)}, b=[10])
    assert taken(subject) == [(1, 10)]
    read(subject, answered=away | {B: told_at(0), C: told_at(0)})
    assert taken(subject) == [(0, 20)]


def test_it_knows_since_when_a_partition_has_not_told_what_it_has() -> None:
    subject = merge()
    read(subject, answered={C: told_at(SILENCE_SECONDS)})
    assert subject.silent_since() is None
    read(subject, answered={C: told_at(SILENCE_SECONDS + 1)})
    assert subject.silent_since() == told_at(SILENCE_SECONDS + 1) * 1000
    subject.clear()
    assert subject.silent_since() is None


def test_idle_partitions_hold_up_nobody() -> None:
    subject = merge()
    read(subject, a=[10], b=[], c=[])
    assert taken(subject) == [(0, 10)]


def test_records_without_a_time_or_from_the_future_hold_up_nobody() -> None:
    subject = merge()
    read(subject, a=[None, 1, None, 2], b=[99_999, 3])
    assert taken(subject) == [(0, -second(0) / 1_000_000), (0, 1), (0, 1), (0, 2), (1, 3600), (1, 3)]


def test_nothing_is_judged_that_is_later_than_it_may_be() -> None:
    subject = merge()
    read(subject, a=[1, 4], b=[2, 3])
    assert taken(subject, until=2) == [(0, 1), (1, 2)]
    assert taken(subject, until=2) == []
    assert subject.reached == second(3)


def test_how_far_it_has_come() -> None:
    subject = merge()
    assert subject.reached == 0, "nothing is known yet"
    read(subject, frozenset([A, B]), a=[5], b=[4])
    assert subject.reached == second(4)
    taken(subject)
    assert subject.reached == second(4), "what is missing of B may be as early as that"
    read(subject, frozenset(), b=[6])
    taken(subject)
    reached = [(subject.reached, subject.latest)]
    subject.clear()
    assert [*reached, (subject.reached, subject.latest)] == [(None, second(6)), (0, 0)]


@given(st.lists(st.lists(st.integers(0, 100), max_size=8), min_size=3, max_size=3), st.integers(1, 5))
def test_all_comes_once_in_the_order_of_each_partition_and_sorted_where_each_is(
    seconds: list[list[int]], most: int
) -> None:
    subject = merge()
    a, b, c = seconds
    read(subject, a=a, b=b, c=c)
    everything: list[tuple[int, float]] = []
    while batch := taken(subject, most):
        everything += batch
    for number, more in enumerate(seconds):
        assert [second for partition, second in everything if partition == number] == more
    if all(more == sorted(more) for more in seconds):
        assert [second for _, second in everything] == sorted(second for more in seconds for second in more)


def test_a_batch_costs_no_more_than_its_budget_unless_one_record_does() -> None:
    waiting = merge()
    read(waiting, a=[1, 2, 5, 6], b=[3, 4])
    each = cost_of(record(A, 0, 1))
    sizes = [len(waiting.take(100, None, budget)) for budget in (2 * each, 2 * each - 1, 0, 100 * each)]
    assert sizes == [2, 1, 1, 2]
    assert len(waiting) == 0
