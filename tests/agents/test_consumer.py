"""What may be committed: everything that was confirmed without a gap, and nothing that was not."""

from random import Random

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from agents.consumer import BATCHES_AHEAD, Batch, OffsetRange, OffsetTracker

A, B = TP("activity.messages", 0), TP("activity.messages", 1)


def batch(**ends: int) -> Batch:
    return Batch([], [OffsetRange({"a": A, "b": B}[name], end) for name, end in ends.items()])


def test_nothing_is_committed_before_it_is_confirmed() -> None:
    offset_tracker = OffsetTracker()
    first = batch(a=10)
    offset_tracker.hand_over(first)
    assert offset_tracker.to_commit() == {}
    offset_tracker.confirm(first)
    assert offset_tracker.to_commit() == {A: 10}


def test_a_batch_that_is_not_confirmed_holds_back_those_after_it_in_its_partitions_only() -> None:
    offset_tracker = OffsetTracker()
    first, second, other = batch(a=10), batch(a=20), batch(b=5)
    for one in (first, second, other):
        offset_tracker.hand_over(one)
    offset_tracker.confirm(second)
    offset_tracker.confirm(other)
    assert offset_tracker.to_commit() == {B: 5}
    offset_tracker.confirm(first)
    assert offset_tracker.to_commit() == {A: 20, B: 5}


def test_what_kafka_knows_is_not_committed_again_and_what_it_refused_is() -> None:
    offset_tracker = OffsetTracker()
    for end in (10, 20):
        one = batch(a=end)
        offset_tracker.hand_over(one)
        offset_tracker.confirm(one)
        assert offset_tracker.to_commit() == {A: end}
        assert offset_tracker.to_commit() == {A: end}
        offset_tracker.committed({A: end})
        assert offset_tracker.to_commit() == {}


def test_a_batch_from_before_the_partitions_changed_no_longer_counts() -> None:
    offset_tracker = OffsetTracker()
    old, new = batch(a=500), batch(a=110)
    offset_tracker.hand_over(old)
    offset_tracker.forget()
    offset_tracker.hand_over(new)
    offset_tracker.confirm(old)
    assert offset_tracker.to_commit() == {}
    offset_tracker.confirm(new)
    assert offset_tracker.to_commit() == {A: 110}


def test_the_oldest_batch_is_known_by_a_number_that_never_comes_again() -> None:
    offset_tracker = OffsetTracker()
    assert offset_tracker.oldest is None
    first, second = batch(a=10), batch(b=10)
    offset_tracker.hand_over(first)
    offset_tracker.hand_over(second)
    number = offset_tracker.oldest
    offset_tracker.confirm(second)
    assert offset_tracker.oldest == number
    offset_tracker.confirm(first)
    assert offset_tracker.oldest is None
    offset_tracker.hand_over(batch(a=20))
    assert offset_tracker.oldest not in (None, number)


def test_room_is_bounded() -> None:
    offset_tracker = OffsetTracker()
    for end in range(BATCHES_AHEAD):
        assert offset_tracker.has_room
        offset_tracker.hand_over(batch(a=end))
    assert not offset_tracker.has_room


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=30), st.randoms(use_true_random=False))
def test_whatever_the_order_of_confirmations_the_offset_stands_before_the_first_gap(
    handed_over: list[tuple[str, bool]], random: Random
) -> None:
    offset_tracker = OffsetTracker()
    ends = {"a": 0, "b": 0}
    history: dict[str, list[tuple[int, bool]]] = {"a": [], "b": []}
    confirmed = []
    for name, is_confirmed in handed_over:
        ends[name] += 10
        one = batch(**{name: ends[name]})
        offset_tracker.hand_over(one)
        history[name].append((ends[name], is_confirmed))
        if is_confirmed:
            confirmed.append(one)
    random.shuffle(confirmed)
    for one in confirmed:
        offset_tracker.confirm(one)
    for name, partition in (("a", A), ("b", B)):
        expected = None
        for end, is_confirmed in history[name]:
            if not is_confirmed:
                break
            expected = end
        assert offset_tracker.to_commit().get(partition) == expected
