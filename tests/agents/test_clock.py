"""A wrong clock of ours, and wrong times in events: who is believed, and what waits."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from faust.types import TP

from agents.clock import ClockWatch, Written
from models.records import RawRecord

A, B = TP("activity.messages", 0), TP("activity.messages", 1)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()
SKEW = 300


class Watching:
    """A watch by a clock that is `slow` seconds behind."""

    def __init__(self, slow: float = 0) -> None:
        self.slow = slow
        self.watch = ClockWatch(SKEW, lambda: NOW - self.slow)

    def see(self, *, at_their_ends: Sequence[TP] = (), **fetched: Sequence[Written]) -> bool:
        """Whether the clock is taken to be wrong once this was fetched of partitions a and b."""
        self.watch.see({{"a": A, "b": B}[name]: records for name, records in fetched.items()}, at_their_ends)
        assert (self.watch.until is None) == (self.watch.seconds_behind == 0)
        return self.watch.until is not None


def written(actor: str, *, happened: float = 0, written: float | None = None) -> Written:
    """An event that happened so many seconds after `NOW`, and when it was written, a second later if not given."""
    moment = datetime.fromtimestamp(NOW + happened, UTC).isoformat()
    value = json.dumps({"occurred_at": moment}).encode()
    return RawRecord(value, actor.encode()), int((NOW + (happened + 1 if written is None else written)) * 1_000)


def test_a_clock_that_is_right_or_a_little_slow_or_fast_is_believed() -> None:
    for slow in (0, 299, -600):
        watching = Watching(slow)
        assert not watching.see(a=[written("anna"), written("bruno", happened=-3_600)])


@pytest.mark.parametrize("slow", [302, 600, 86_400])
def test_where_all_is_from_the_future_our_clock_is_wrong_until_it_is_set(slow: float) -> None:
    watching = Watching(slow)
    assert watching.see(a=[written("anna")])
    assert watching.watch.until == int((NOW - slow) * 1_000_000) - 1
    assert watching.watch.seconds_behind == pytest.approx(slow + 1)
    assert watching.see(a=[written("bruno"), written("anna")], b=[written("carla")])
    assert not watching.watch.is_mended()
    watching.slow = 0
    assert [watching.watch.is_mended() for _ in range(2)] == [True, False]
    assert not watching.see(a=[written("anna")])


def test_a_backlog_before_it_says_nothing_for_a_clock_that_is_wrong() -> None:
    watching = Watching(600)
    backlog = [written(f"member-{n}", happened=-600 + n) for n in range(100)]
    assert not watching.see(a=backlog, b=backlog)
    assert watching.see(a=[written("anna")], b=backlog, at_their_ends=[A])
    # of b there was more when the first came, so that what comes of it may be from before that
    assert watching.see(b=backlog)


def test_however_many_wrong_events_come_in_records_of_the_present_they_are_wrong_events() -> None:
    watching = Watching()
    spam = [written(f"account-{n}", happened=3_600, written=0) for n in range(1_000)]
    assert not watching.see(a=spam, b=spam, at_their_ends=[A, B])
    assert not watching.see(a=spam, b=spam)


def test_a_wrong_event_that_only_a_wrong_producer_confirms_is_outvoted_by_what_is_written_after_it() -> None:
    watching = Watching()
    wrong = written("mallory", happened=600)
    assert watching.see(a=[written("anna"), written("bruno"), wrong]), "nobody has written after it yet"
    assert watching.see(a=[written("anna")]), "one against one"
    assert not watching.see(a=[written("bruno")])
    assert not watching.see(a=[wrong] * 1_000), "an actor counts once"
    watching.slow = -700
    assert not watching.watch.is_mended(), "it was never taken to be wrong in the end"


def test_what_is_written_to_other_partitions_counts_once_these_were_read_to_their_ends() -> None:
    watching = Watching()
    assert watching.see(a=[written("mallory", happened=600)], b=[written("anna")], at_their_ends=[A, B])
    assert watching.see(b=[written("bruno"), written("carla")], at_their_ends=[A]), "may have been written before"
    assert watching.see(b=[written("dora"), written("erin")], at_their_ends=[A, B])
    assert not watching.see(b=[written("dora"), written("erin")])


def test_a_producer_whose_times_mean_something_else_is_no_witness() -> None:
    watching = Watching()
    assert not watching.see(a=[written("anna", happened=0, written=86_400)] * 3)
    assert not watching.see(a=[written("anna", happened=86_400, written=-NOW - 1)])


def test_reading_anew_forgets_what_comes_again() -> None:
    watching = Watching(600)
    assert watching.see(a=[written("anna")])
    watching.watch.forget()
    assert watching.watch.until is None
    assert watching.see(a=[written("anna")])
