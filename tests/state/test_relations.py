"""Who knows whom, against an oracle and case by case."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.relations import MANY
from state.requests import Answer, Answered, Contacted, Question, QuestionKind, Relation, Talk
from state.store import Store
from tests.state.conftest import Bench

PEOPLE = tuple("abcd")

unhurried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Oracle:
    """First approaches, first questions, and the latest of the answers that were read before their questions."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], int] = {}
        self._asked: dict[tuple[str, str, str, str], int] = {}
        self._waiting: dict[tuple[str, str, str, str, bool], int] = {}
        self._circles: dict[str, dict[tuple[str, str], int]] = {}
        self._addressed: dict[tuple[str, str], tuple[int, str]] = {}

    def recall(self, relations: Sequence[Relation]) -> tuple[list[frozenset[str]], list[tuple[Answered, ...]]]:
        answers = [self._add(relation) for relation in relations]
        return [known for known, _ in answers], [answered for _, answered in answers]

    def _add(self, relation: Relation) -> tuple[frozenset[str], tuple[Answered, ...]]:
        match relation:
            case Contacted():
                known = {
                    o for o in relation.others if self._first.get((o, relation.actor), relation.time) < relation.time
                }
                for other in relation.others:
                    self._meet(relation.time, relation.actor, other)
                known |= {
                    other for other in relation.others if self._are_partners(relation.time, relation.actor, other)
                }
                return frozenset(known if relation.ask else ()), ()
            case Talk():
                known = self._talk(relation)
                return frozenset(known if relation.ask else ()), ()
            case Question():
                return frozenset(), tuple(self._question(relation))
            case Answer():
                return frozenset(), self._answer(relation)

    def _question(self, relation: Question) -> Iterator[Answered]:
        for other in relation.others:
            question = (relation.asker, other, relation.kind, relation.target)
            self._asked[question] = min(relation.time, self._asked.get(question, relation.time))
            for accepted in (False, True):
                kind = "contact" if relation.kind == "contact" else "invitation"
                waits = self._waiting.get((other, relation.asker, kind, relation.target, accepted))
                if waits is not None and waits >= relation.time:
                    if accepted and relation.kind != "event":
                        self._befriend(waits, other, relation.asker)
                        self._join(waits, other, relation.asker, relation.kind, relation.target)
                    yield Answered(other, accepted)

    def _answer(self, relation: Answer) -> tuple[Answered, ...]:
        name = (relation.actor, relation.asker, relation.kind, relation.target, relation.accepted)
        if self._waiting.get(name, relation.time - 1) >= relation.time:
            return ()
        kinds = ("contact",) if relation.kind == "contact" else ("project", "event")
        asked = {
            kind
            for kind in kinds
            if self._asked.get((relation.asker, relation.actor, kind, relation.target), relation.time + 1)
            <= relation.time
        }
        if not asked:
            self._waiting[name] = relation.time
            return ()
        if relation.accepted and asked != {"event"}:
            self._befriend(relation.time, relation.actor, relation.asker)
            self._join(
                relation.time,
                relation.actor,
                relation.asker,
                "project" if "project" in asked else "contact",
                relation.target,
            )
        return (Answered(relation.actor, relation.accepted),)

    def _befriend(self, time: int, one: str, other: str) -> None:
        self._meet(time, one, other)
        self._meet(time, other, one)

    def _join(self, time: int, member: str, asker: str, kind: str, target: str) -> None:
        if kind != "project":
            return
        own = self._circles.setdefault(asker, {})
        circles = {one for one, since in own.items() if one[0] == target and since <= time}
        if not circles:
            circles = {(target, asker)}
            own[target, asker] = min(time, own.get((target, asker), time))
        joined = self._circles.setdefault(member, {})
        for one in circles:
            joined[one] = min(time, joined.get(one, time))

    def _are_partners(self, time: int, one: str, other: str) -> bool:
        mine, theirs = self._circles.get(one, {}), self._circles.get(other, {})
        return any(since < time and theirs.get(circle, time) < time for circle, since in mine.items())

    def _talk(self, relation: Talk) -> set[str]:
        def by_another(member: str) -> str:
            since, by = self._addressed.get((relation.conversation, member), (relation.time, ""))
            return by if since < relation.time and by != relation.actor else ""

        if (relation.conversation, "") not in self._addressed and len(relation.others) < 2:
            return set()
        opener = by_another("")
        knows = opener and by_another(relation.actor)
        known = {other for other in relation.others if knows and (other == opener or by_another(other))}
        for member in ("", *relation.others):
            since, _ = self._addressed.get((relation.conversation, member), (relation.time + 1, ""))
            if relation.time < since:
                self._addressed[relation.conversation, member] = (relation.time, relation.actor)
        return known

    def _meet(self, time: int, one: str, other: str) -> None:
        self._first[one, other] = min(time, self._first.get((one, other), time))


people = st.sampled_from(PEOPLE)
pairs = st.permutations(PEOPLE).map(lambda some: (some[0], some[1]))
times = st.integers(1, 9)
targets = st.sampled_from(["t1", "t2"])


def _question(time: int, some: Sequence[str], count: int, kind: QuestionKind, target: str) -> Question:
    return Question(time, some[0], tuple(some[1 : 1 + count]), kind, "" if kind == "contact" else target)


def _answer(time: int, pair: tuple[str, str], contact: bool, target: str, accepted: bool) -> Answer:
    if contact:
        return Answer(time, *pair, "contact", "", accepted)
    return Answer(time, *pair, "invitation", target, accepted)


kinds: st.SearchStrategy[QuestionKind] = st.sampled_from(["contact", "project", "event"])
relations: st.SearchStrategy[Relation] = st.one_of(
    st.builds(
        lambda time, some, count, ask: Contacted(time, some[0], tuple(some[1 : 1 + count]), ask),
        times,
        st.permutations(PEOPLE),
        st.integers(1, 3),
        st.sampled_from([True, True, False]),
    ),
    st.builds(
        lambda time, some, count, conversation, ask: Talk(time, some[0], tuple(some[1 : 1 + count]), conversation, ask),
        times,
        st.permutations(PEOPLE),
        st.integers(1, 3),
        targets,
        st.sampled_from([True, True, False]),
    ),
    st.builds(_question, times, st.permutations(PEOPLE), st.integers(1, 3), kinds, targets),
    st.builds(_answer, times, pairs, st.booleans(), targets, st.booleans()),
)


def recall(
    bench: Bench, store: Store, some: Sequence[Relation]
) -> tuple[list[frozenset[str]], list[tuple[Answered, ...]]]:
    recalled = bench.run(store.recall(some, [], []))
    return recalled.known, recalled.answered


@pytest.mark.parametrize(("shards", "many"), [(1, MANY), (4, MANY), (1, 1), (4, 1)])
@unhurried
@given(some=st.lists(relations, min_size=1, max_size=30), size=st.integers(1, 30))
def test_every_answer_is_the_oracles(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, shards: int, many: int, some: list[Relation], size: int
) -> None:
    monkeypatch.setattr("state.relations.MANY", many)
    bench.empty()
    store = bench.store(shards=shards)
    known, answered = [], []
    for start in range(0, len(some), size):
        now_known, now_answered = recall(bench, store, some[start : start + size])
        known += now_known
        answered += now_answered
    assert (known, answered) == Oracle().recall(some)


@unhurried
@given(some=st.lists(relations, min_size=1, max_size=15), shards=st.sampled_from([1, 4]))
def test_ties_that_come_again_change_nothing(any_bench: Bench, some: list[Relation], shards: int) -> None:
    any_bench.empty()
    store = any_bench.store(shards=shards)
    recall(any_bench, store, some)
    again = Oracle()
    again.recall(some)
    assert recall(any_bench, store, some)[1] == again.recall(some)[1]
    left = any_bench.dump()
    recall(any_bench, store, some)
    assert any_bench.dump() == left


REQUEST = Question(3, "a", ("b",), "contact")
YES, NO = Answer(5, "b", "a", "contact", "", True), Answer(5, "b", "a", "contact", "", False)
SAYS_YES, SAYS_NO = (Answered("b", True),), (Answered("b", False),)


@pytest.mark.parametrize("shards", [1, 4])
@pytest.mark.parametrize(
    ("relations", "answered"),
    [
        ([REQUEST, YES], [(), SAYS_YES]),
        ([YES, REQUEST], [(), SAYS_YES]),
        # each counts where it counted at first, however often either comes again
        ([NO, REQUEST, NO, REQUEST], [(), SAYS_NO, (), SAYS_NO]),
        ([REQUEST, NO, REQUEST, NO], [(), SAYS_NO, (), SAYS_NO]),
        ([NO, NO, REQUEST], [(), (), SAYS_NO]),
        ([NO, YES, REQUEST], [(), (), SAYS_NO + SAYS_YES]),
        # an answer to another question, of another, to another, or from before
        ([REQUEST, Answer(5, "b", "a", "invitation", "t", True)], [(), ()]),
        ([REQUEST, Answer(5, "c", "a", "contact", "", True)], [(), ()]),
        ([REQUEST, Answer(5, "b", "c", "contact", "", True)], [(), ()]),
        ([REQUEST, Answer(5, "a", "b", "contact", "", True)], [(), ()]),
        ([Question(6, "a", ("b",), "contact"), YES], [(), ()]),
        ([YES, Question(6, "a", ("b",), "contact")], [(), ()]),
        # the moment of the question is not before it
        ([Question(5, "a", ("b",), "contact"), YES], [(), SAYS_YES]),
        ([YES, Question(6, "a", ("b",), "contact"), REQUEST], [(), (), SAYS_YES]),
        # asked again later, the first question is answered all the same
        ([REQUEST, Question(9, "a", ("b",), "contact"), YES], [(), (), SAYS_YES]),
        ([Question(3, "a", ("c", "b"), "event", "t"), Answer(5, "b", "a", "invitation", "t", False)], [(), SAYS_NO]),
        ([Answer(5, "b", "a", "invitation", "t", True), Question(3, "a", ("c", "b"), "event", "t")], [(), SAYS_YES]),
        ([Question(3, "a", ("c",), "event", "t"), Answer(5, "b", "a", "invitation", "t", False)], [(), ()]),
        ([Question(3, "a", ("b",), "event", "u"), Answer(5, "b", "a", "invitation", "t", False)], [(), ()]),
    ],
)
def test_an_answer_counts_where_its_question_was_seen(
    any_bench: Bench, shards: int, relations: list[Relation], answered: list[tuple[Answered, ...]]
) -> None:
    for size in (1, len(relations)):
        any_bench.empty()
        store, found = any_bench.store(shards=shards), []
        for start in range(0, len(relations), size):
            found += recall(any_bench, store, relations[start : start + size])[1]
        assert found == answered


def test_forged_answers_push_out_nobody_elses(any_bench: Bench) -> None:
    """An honest answer that waits is not lost in the crowd of those who were never asked."""
    store = any_bench.store(ties_per_member=10)
    recall(any_bench, store, [NO])
    recall(any_bench, store, [Answer(6 + n, f"sock {n}", "a", "contact", "", False) for n in range(200)])
    recall(any_bench, store, [Answer(6 + n, "sock", f"member {n}", "contact", "", False) for n in range(200)])
    assert recall(any_bench, store, [REQUEST])[1] == [SAYS_NO]
    sizes = [len(value) for key, value in any_bench.dump().items() if b":answers:" in key]
    assert max(sizes) == 10


A_WRITES_TO_B = Contacted(50, "a", ("b",))
B_WRITES_TO_A = Contacted(50, "b", ("a",))
A_ASKS_B = Question(20, "a", ("b",), "contact")
STRANGER: frozenset[str] = frozenset()


def accepts(time: int, actor: str, asker: str) -> Answer:
    return Answer(time, actor, asker, "contact", "", True)


def joins(time: int, actor: str, inviter: str) -> Answer:
    return Answer(time, actor, inviter, "invitation", "t", True)


A, B = frozenset("a"), frozenset("b")


def invited_by(founder: str, members: str) -> list[Question]:
    return [Question(30, founder, tuple(members), "project", "t")]


C = frozenset("c")
D_WRITES_TO_C = Contacted(50, "d", ("c",))


@pytest.mark.parametrize(
    ("before", "relation", "known"),
    [
        ([], A_WRITES_TO_B, STRANGER),
        # not from the event's own approach, however often it comes
        ([A_WRITES_TO_B], A_WRITES_TO_B, STRANGER),
        # the sender's earlier messages make nobody an acquaintance
        ([Contacted(40, "a", ("b",))], A_WRITES_TO_B, STRANGER),
        # an answer is no approach to a stranger, and whoever was answered knows the other
        ([Contacted(40, "b", ("a",))], A_WRITES_TO_B, B),
        ([Contacted(30, "a", ("b",)), Contacted(40, "b", ("a",))], A_WRITES_TO_B, B),
        # read before and happened after; read after and happened before is a matter of the next event
        ([Contacted(60, "b", ("a",))], A_WRITES_TO_B, STRANGER),
        ([A_ASKS_B, accepts(40, "b", "a")], A_WRITES_TO_B, B),
        ([A_ASKS_B, accepts(40, "b", "a")], B_WRITES_TO_A, A),
        ([accepts(40, "b", "a"), A_ASKS_B], B_WRITES_TO_A, A),
        ([A_ASKS_B, accepts(60, "b", "a")], A_WRITES_TO_B, STRANGER),
        ([A_ASKS_B, accepts(40, "c", "a")], A_WRITES_TO_B, STRANGER),
        ([A_ASKS_B, Answer(40, "b", "a", "contact", "", False)], A_WRITES_TO_B, STRANGER),
        # whom nobody asked
        ([accepts(40, "b", "a")], A_WRITES_TO_B, STRANGER),
        ([Question(30, "a", ("c",), "project", "t"), joins(40, "b", "a")], A_WRITES_TO_B, STRANGER),
        ([Question(40, "a", ("b",), "project", "t"), joins(40, "b", "a")], A_WRITES_TO_B, B),
        ([Question(40, "a", ("b",), "project", "t"), joins(40, "b", "a")], B_WRITES_TO_A, A),
        (
            [Question(40, "a", ("b",), "project", "t"), Answer(40, "b", "a", "invitation", "t", False)],
            A_WRITES_TO_B,
            STRANGER,
        ),
        ([Question(30, "a", ("b",), "event", "t"), joins(40, "b", "a")], A_WRITES_TO_B, STRANGER),
        ([joins(40, "b", "a"), Question(30, "a", ("b",), "project", "t")], A_WRITES_TO_B, B),
        ([joins(40, "b", "a"), Question(30, "a", ("b",), "event", "t")], A_WRITES_TO_B, STRANGER),
        ([joins(40, "b", "a")], A_WRITES_TO_B, STRANGER),
        # an invitation that came later is not what was answered
        ([joins(40, "b", "a"), Question(41, "a", ("b",), "project", "t")], A_WRITES_TO_B, STRANGER),
        ([Question(41, "a", ("b",), "project", "t"), joins(40, "b", "a")], A_WRITES_TO_B, STRANGER),
        # another's invitation to a target of the same name
        ([Question(30, "c", ("b",), "project", "t"), joins(40, "b", "a")], A_WRITES_TO_B, STRANGER),
        # partners of one project
        ([*invited_by("c", "ab"), joins(40, "a", "c"), joins(41, "b", "c")], A_WRITES_TO_B, B),
        ([*invited_by("c", "ab"), joins(40, "a", "c"), joins(41, "b", "c")], B_WRITES_TO_A, A),
        ([*invited_by("c", "ab"), joins(40, "a", "c")], A_WRITES_TO_B, STRANGER),
        ([*invited_by("c", "ab"), joins(40, "a", "c"), joins(60, "b", "c")], A_WRITES_TO_B, STRANGER),
        ([*invited_by("c", "a"), joins(40, "a", "c"), *invited_by("a", "d"), joins(41, "d", "a")], D_WRITES_TO_C, C),
        ([joins(40, "a", "c"), joins(41, "b", "c"), *invited_by("c", "ab")], A_WRITES_TO_B, B),
        # whoever knows a project's name cannot invite somebody among its partners
        (
            [*invited_by("c", "b"), joins(40, "b", "c"), *invited_by("d", "a"), joins(41, "a", "d")],
            A_WRITES_TO_B,
            STRANGER,
        ),
        (
            [Question(30, "c", ("a", "b"), "event", "t"), joins(40, "a", "c"), joins(41, "b", "c")],
            A_WRITES_TO_B,
            STRANGER,
        ),
    ],
)
@pytest.mark.parametrize("shards", [1, 4])
def test_acquaintance(
    any_bench: Bench, shards: int, before: list[Relation], relation: Contacted, known: frozenset[str]
) -> None:
    store = any_bench.store(shards=shards)
    recall(any_bench, store, before)
    assert recall(any_bench, store, [relation]) == ([known], [()])


OPENED = Talk(30, "a", ("b", "c"), "v")


@pytest.mark.parametrize(
    ("before", "relation", "known"),
    [
        ([OPENED], Talk(40, "b", ("a", "c"), "v"), "ac"),
        # the opener's own choice makes nobody known, nor does anybody's own addition
        ([OPENED], Talk(40, "a", ("b", "c"), "v"), ""),
        ([OPENED, Talk(35, "b", ("a", "d"), "v")], Talk(40, "b", ("c", "d"), "v"), "c"),
        ([OPENED, Talk(35, "b", ("a", "d"), "v")], Talk(40, "c", ("b", "d"), "v"), "bd"),
        # nor does it where one only writes into a conversation without having been addressed
        ([OPENED], Talk(40, "d", ("a", "b"), "v"), ""),
        ([OPENED], Talk(40, "b", ("a", "c"), "w"), ""),
        ([OPENED], Talk(30, "b", ("a", "c"), "v"), ""),
        # whoever wrote first has opened it, in whatever order both were read
        ([Talk(35, "b", ("a", "c"), "v"), OPENED], Talk(40, "b", ("a", "c"), "v"), "ac"),
        ([Talk(35, "b", ("a", "c"), "v"), OPENED], Talk(40, "a", ("b", "c"), "v"), ""),
    ],
)
@pytest.mark.parametrize("shards", [1, 4])
def test_conversations(any_bench: Bench, shards: int, before: list[Relation], relation: Talk, known: str) -> None:
    store = any_bench.store(shards=shards)
    recall(any_bench, store, before)
    assert recall(any_bench, store, [relation]) == ([frozenset(known)], [()])


def test_a_thousand_partners_and_a_crowded_conversation(any_bench: Bench) -> None:
    store = any_bench.store(shards=4)
    everybody = tuple(f"member {n}" for n in range(1_000))
    recall(any_bench, store, [Question(1, "a", everybody, "project", "t"), Talk(1, "a", (*everybody, "late"), "v")])
    recall(any_bench, store, [Answer(2, one, "a", "invitation", "t", True) for one in everybody[::2]])
    of_project, talked = recall(
        any_bench, store, [Contacted(9, everybody[0], everybody[1:]), Talk(9, everybody[0], everybody[1:], "v")]
    )[0]
    assert of_project == set(everybody[2::2])
    assert len(talked) == 998  # the first thousand names of a conversation, the opener's among them


def test_a_thousand_recipients_are_asked_at_once(any_bench: Bench) -> None:
    store = any_bench.store(shards=4)
    everybody = tuple(f"member {n}" for n in range(1_000))
    recall(any_bench, store, [Contacted(10, member, ("a",)) for member in everybody[::2]])
    ((known,), _) = recall(any_bench, store, [Contacted(20, "a", everybody)])
    assert known == set(everybody[::2])


@pytest.mark.parametrize("shards", [1, 4])
def test_a_thousand_who_were_invited_take_little_room_and_may_all_answer(any_bench: Bench, shards: int) -> None:
    any_bench.empty()
    store = any_bench.store(shards=shards)
    everybody = tuple(f"member {n}" for n in range(1_000))
    early, late = everybody[:300], everybody[300:]

    def answers(some: Sequence[str], time: int, to: str) -> list[Answer]:
        return [Answer(time, one, "a", "invitation", to, accepted=n % 2 == 0) for n, one in enumerate(some)]

    recall(any_bench, store, answers(early, 11, "p0"))
    for number in range(8):
        asked = Question(10 + number, "a", everybody, "project", f"p{number}")
        _, [answered] = recall(any_bench, store, [asked])
        assert {one.member: one.accepted for one in answered} == (
            {one: n % 2 == 0 for n, one in enumerate(early)} if number == 0 else {}
        )
    keys = [key for key in any_bench.dump() if b":asked:" in key]
    sizes = [any_bench.run(any_bench.client.memory_usage(key)) or 0 for key in keys]
    assert sum(sizes) / shards < 160_000
    assert {any_bench.run(any_bench.client.object("encoding", key)) for key in keys} == {b"listpack"}
    _, found = recall(any_bench, store, answers(late, 30, "p7"))
    assert sum(map(len, found)) == 700, "the latest are kept"


def test_a_member_with_very_many_ties_keeps_the_latest(any_bench: Bench) -> None:
    store = any_bench.store(ties_per_member=100)
    for number in range(300):
        recall(any_bench, store, [Contacted(number, "a", (f"member {number}",))])
    (relations,) = any_bench.dump().values()
    assert [time for _, time in relations] == list(range(200, 300))
