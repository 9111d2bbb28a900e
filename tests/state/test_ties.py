"""Who knows whom, against an oracle and case by case."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.requests import Acceptance, Approach, InvitationAnswer, TargetKind, Tie
from state.store import Store
from tests.state.conftest import Bench

PEOPLE = tuple("abcd")

unhurried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Oracle:
    """First approaches, and the kinds of targets, as the ties come in."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], int] = {}
        self._kinds: dict[tuple[str, str], tuple[str, int]] = {}
        self._waiting: list[InvitationAnswer] = []

    def recall(self, ties: Sequence[Tie]) -> tuple[list[frozenset[str]], list[str | None]]:
        answers = [self._add(tie) for tie in ties]
        return [known for known, _ in answers], [kind for _, kind in answers]

    def _add(self, tie: Tie) -> tuple[frozenset[str], str | None]:
        match tie:
            case Approach():
                known = {o for o in tie.others if self._first.get((o, tie.actor), tie.time) < tie.time}
                for other in tie.others:
                    self._meet(tie.time, tie.actor, other)
                return frozenset(known if tie.ask else ()), None
            case Acceptance():
                self._befriend(tie.time, tie.actor, tie.other)
            case TargetKind():
                kind, since = self._kinds.get((tie.inviter, tie.target), (tie.kind, tie.time))
                since = min(since, tie.time) if kind == tie.kind else tie.time
                self._kinds[tie.inviter, tie.target] = (tie.kind, since)
                self._waiting = [answer for answer in self._waiting if not self._counts(answer)]
            case InvitationAnswer():
                kind = self._kinds.get((tie.inviter, tie.target), ("", 0))[0]
                if tie.accepted and not self._counts(tie) and kind != "event":
                    self._waiting.append(tie)
                return frozenset(), self._kinds.get((tie.inviter, tie.target), (None, 0))[0]
        return frozenset(), None

    def _counts(self, answer: InvitationAnswer) -> bool:
        """Whether the acceptance answers an invitation to a project, and if so, that they know each other now."""
        kind, since = self._kinds.get((answer.inviter, answer.target), ("", 0))
        if not (answer.accepted and kind == "project" and since <= answer.time):
            return False
        self._befriend(answer.time, answer.actor, answer.inviter)
        return True

    def _befriend(self, time: int, one: str, other: str) -> None:
        self._meet(time, one, other)
        self._meet(time, other, one)

    def _meet(self, time: int, one: str, other: str) -> None:
        self._first[one, other] = min(time, self._first.get((one, other), time))


people = st.sampled_from(PEOPLE)
pairs = st.permutations(PEOPLE).map(lambda some: (some[0], some[1]))
times = st.integers(1, 9)
targets = st.sampled_from(["t1", "t2"])
ties = st.one_of(
    st.builds(
        lambda time, some, count, ask: Approach(time, some[0], tuple(some[1 : 1 + count]), ask),
        times,
        st.permutations(PEOPLE),
        st.integers(1, 3),
        st.sampled_from([True, True, False]),
    ),
    st.builds(lambda time, pair: Acceptance(time, *pair), times, pairs),
    st.builds(TargetKind, times, people, targets, st.sampled_from(["project", "event"])),
    st.builds(
        lambda time, pair, target, accepted: InvitationAnswer(time, pair[0], pair[1], target, accepted),
        times,
        pairs,
        targets,
        st.booleans(),
    ),
)


def recall(bench: Bench, store: Store, some: Sequence[Tie]) -> tuple[list[frozenset[str]], list[str | None]]:
    recalled = bench.run(store.recall(some, [], []))
    return recalled.known, recalled.target_kinds


@pytest.mark.parametrize("shards", [1, 4])
@unhurried
@given(some=st.lists(ties, min_size=1, max_size=30), size=st.integers(1, 30))
def test_every_answer_is_the_oracles(bench: Bench, shards: int, some: list[Tie], size: int) -> None:
    bench.empty()
    store = bench.store(shards=shards)
    known, kinds = [], []
    for start in range(0, len(some), size):
        now_known, now_kinds = recall(bench, store, some[start : start + size])
        known += now_known
        kinds += now_kinds
    assert (known, kinds) == Oracle().recall(some)


@unhurried
@given(some=st.lists(ties, min_size=1, max_size=15), shards=st.sampled_from([1, 4]))
def test_ties_that_come_again_change_nothing(any_bench: Bench, some: list[Tie], shards: int) -> None:
    any_bench.empty()
    store = any_bench.store(shards=shards)
    recall(any_bench, store, some)
    recall(any_bench, store, some)  # an answer may have waited the first time
    left = any_bench.dump()
    recall(any_bench, store, some)
    assert any_bench.dump() == left


A_WRITES_TO_B = Approach(50, "a", ("b",))
B_WRITES_TO_A = Approach(50, "b", ("a",))
STRANGER: frozenset[str] = frozenset()
A, B = frozenset("a"), frozenset("b")


@pytest.mark.parametrize(
    ("before", "tie", "known"),
    [
        ([], A_WRITES_TO_B, STRANGER),
        # not from the event's own approach, however often it comes
        ([A_WRITES_TO_B], A_WRITES_TO_B, STRANGER),
        # the sender's earlier messages make nobody an acquaintance
        ([Approach(40, "a", ("b",))], A_WRITES_TO_B, STRANGER),
        # an answer is no approach to a stranger, and whoever was answered knows the other
        ([Approach(40, "b", ("a",))], A_WRITES_TO_B, B),
        ([Approach(30, "a", ("b",)), Approach(40, "b", ("a",))], A_WRITES_TO_B, B),
        # read before and happened after; read after and happened before is a matter of the next event
        ([Approach(60, "b", ("a",))], A_WRITES_TO_B, STRANGER),
        ([Acceptance(40, "b", "a")], A_WRITES_TO_B, B),
        ([Acceptance(40, "b", "a")], B_WRITES_TO_A, A),
        ([Acceptance(60, "b", "a")], A_WRITES_TO_B, STRANGER),
        ([Acceptance(40, "c", "a")], A_WRITES_TO_B, STRANGER),
        ([TargetKind(40, "a", "t", "project"), InvitationAnswer(40, "b", "a", "t", True)], A_WRITES_TO_B, B),
        ([TargetKind(40, "a", "t", "project"), InvitationAnswer(40, "b", "a", "t", True)], B_WRITES_TO_A, A),
        ([TargetKind(40, "a", "t", "project"), InvitationAnswer(40, "b", "a", "t", False)], A_WRITES_TO_B, STRANGER),
        ([TargetKind(30, "a", "t", "event"), InvitationAnswer(40, "b", "a", "t", True)], A_WRITES_TO_B, STRANGER),
        ([InvitationAnswer(40, "b", "a", "t", True), TargetKind(30, "a", "t", "project")], A_WRITES_TO_B, B),
        ([InvitationAnswer(40, "b", "a", "t", True), TargetKind(30, "a", "t", "event")], A_WRITES_TO_B, STRANGER),
        ([InvitationAnswer(40, "b", "a", "t", True)], A_WRITES_TO_B, STRANGER),
        # an invitation that came later is not what was answered
        ([InvitationAnswer(40, "b", "a", "t", True), TargetKind(41, "a", "t", "project")], A_WRITES_TO_B, STRANGER),
        ([TargetKind(41, "a", "t", "project"), InvitationAnswer(40, "b", "a", "t", True)], A_WRITES_TO_B, STRANGER),
        # another's invitation to a target of the same name
        ([TargetKind(30, "c", "t", "project"), InvitationAnswer(40, "b", "a", "t", True)], A_WRITES_TO_B, STRANGER),
    ],
)
@pytest.mark.parametrize("shards", [1, 4])
def test_acquaintance(any_bench: Bench, shards: int, before: list[Tie], tie: Approach, known: frozenset[str]) -> None:
    store = any_bench.store(shards=shards)
    recall(any_bench, store, before)
    assert recall(any_bench, store, [tie]) == ([known], [None])


def test_a_thousand_recipients_are_asked_at_once(any_bench: Bench) -> None:
    store = any_bench.store(shards=4)
    everybody = tuple(f"member {n}" for n in range(1_000))
    recall(any_bench, store, [Approach(10, member, ("a",)) for member in everybody[::2]])
    ((known,), _) = recall(any_bench, store, [Approach(20, "a", everybody)])
    assert known == set(everybody[::2])


def test_a_member_with_very_many_ties_keeps_the_latest(any_bench: Bench) -> None:
    store = any_bench.store(ties_per_member=100)
    for number in range(300):
        recall(any_bench, store, [Approach(number, "a", (f"member {number}",))])
    (ties,) = any_bench.dump().values()
    assert [time for _, time in ties] == list(range(200, 300))
