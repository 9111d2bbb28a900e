"""Who knows whom, and who was asked: the relations of a batch as operations of their shards, and what the shards answer.

A member's `relation:` set holds those whom the member has approached or accepted, with the first time as score, or with a
later one where they were approached again long after: so that each relation ends by itself, however busy its member is. For
the sender a recipient is known when the recipient's set holds the sender from before the event: a reply, or an accepted
request.

An answer counts where its question has been seen and is not younger. `asked:` is a set per asker: who was asked and what,
with the first time. Of an answer that is read before its question nothing counts yet: it waits in `answers:`, a set per
answerer (asker, what is answered, 1 for yes or 0 for no; the latest time), and counts by the question, as soon as that is
read. There it stays, so that the answer and its question, where they come again, are answered as they were: an answer that
is no younger than one like it that waits is taken to have waited, too. Forged answers fill the forger's own set and no
other.

The two members of a question may be kept in two shards. Then the asker's shard knows all that the asker asked, and each
other shard knows who of its own members were asked: both decide alike, and each adds to the relations of its own member. So
does the shard of a project, which adds to the project's partners.

Partners of a project know each other. Whoever accepts joins the `circle:`s (sets with times of joining) of that project in
which the asker stands, or one of the asker's own: an invitation by somebody whom no partner has ever invited makes nobody
known to the others. `in:` is a set per member: project and circle, with the time of joining.

`talk:` is a hash per conversation: member -> who addressed the member first, and when; under the empty name, who opened it.
Who was addressed in a conversation that somebody else opened knows those whom others have addressed there.

All that a relation decides rests on what stood there at that moment, and one in a batch on those before it: so one script
(`relations.lua`) reads and adds, in one round trip.
"""

from collections.abc import Callable, Mapping, Sequence
from heapq import nsmallest
from typing import Any

from state.pseudonyms import MEMBER_BYTES, Pseudonyms
from state.requests import Answer, Answered, Contacted, Question, QuestionKind, Relation, Talk
from state.scripts import Script, shard_of

RELATIONS = Script("relations")
_ASKERS, _ANSWERERS, _PROJECTS = 1, 2, 4
"""Whose relations an operation may add to: the members of a question and a project may each stand in a shard of their own."""
_INVITATIONS: tuple[QuestionKind, ...] = ("project", "event")


MANY, _PARTS = 100, 64
"""A question to more members stands in so many parts, as in `relations.lua`. All these are small: of a set with more than a
hundred entries or so Redis takes four times as much for each.
"""


def _part(member: bytes) -> bytes:
    """The part of `asked:` in which a member (a hash) stands who was asked together with many."""
    return bytes((member[0] % _PARTS,))


def work_of(operation: Sequence[Any]) -> int:
    """How many members an operation passes over."""
    match operation:
        case ("approach", _, _, others):
            return 1 + 2 * len(others)
        case ("ask", _, members, _):
            return 1 + len(members)
        case ("partners", _, _, others) | ("talk", _, _, others, _, _):
            return 1 + 2 * len(others)
        case ("question", *_, others, _, _, _):
            return 1 + 4 * len(others)  # answers may wait for it
    return 4


class RelationPlan:
    """The relations of a batch, shared out among the shards. `operations` are each shard's, in the order of the batch."""

    def __init__(self, relations: Sequence[Relation], pseudonyms: Pseudonyms, shards: int) -> None:
        self._relations = relations
        self._strangers: dict[tuple[int, int], tuple[int, Sequence[str]]] = {}
        self._questions: dict[tuple[int, int], tuple[int, tuple[str, ...]]] = {}
        self._answers: dict[tuple[int, int], tuple[int, Answer]] = {}
        self.operations: list[list[Any]] = [[] for _ in range(shards)]
        self._pseudonyms = pseudonyms
        for index, relation in enumerate(relations):
            self._add(index, relation)

    def _add(self, index: int, relation: Relation) -> None:
        match relation:
            case Contacted():
                if relation.ask:
                    self._ask(index, relation)
                member = self._pseudonyms.member
                # the same ones whenever the same are written to, and under whatever key
                remembered = (
                    nsmallest(relation.most, relation.others)
                    if 0 < relation.most < len(relation.others)
                    else relation.others
                )
                others = [member(other) for other in remembered]
                self.operations[self._shard_of(relation.actor)].append(
                    ("approach", relation.time, member(relation.actor), others)
                )
            case Talk():
                self._talk(index, relation)
            case Question():
                self._question(index, relation)
            case Answer():
                self._answer(index, relation)

    def _question(self, index: int, question: Question) -> None:
        shard, by_shard = self._shard_of(question.asker), self._by_shard(question.others)
        what, answers = self._what(question.kind, question.target), self._answers_to(question.kind, question.target)
        acquaints = int(question.kind != "event")
        circle = self._circle(question.target, question.asker)

        def put(to: int, others: Sequence[str], whose: int, *, tells: bool = False) -> None:
            asker = self._pseudonyms.member(question.asker)
            operations = self.operations[to]
            for part, some in self._in_parts(others).items():
                if tells:
                    self._questions[to, len(operations)] = (index, some)
                keys = [self._pseudonyms.member(other) for other in some]
                operations.append(
                    ("question", question.time, asker, what, answers, acquaints, keys, whose, circle, part)
                )

        # the shards of the asker and of the project know all who were asked, and the asker's says who has answered
        shards = {one: _ANSWERERS for one in by_shard if by_shard.keys() == {one}}
        shards[shard] = shards.get(shard, 0) | _ASKERS
        if question.kind == "project":
            project = shard_of(what, len(self.operations))
            shards[project] = shards.get(project, 0) | _PROJECTS
        for one, whose in shards.items():
            put(one, question.others, whose, tells=one == shard)
        if len(by_shard) > 1:
            for one, others in by_shard.items():
                put(one, others, _ANSWERERS)

    def _answer(self, index: int, answer: Answer) -> None:
        member = self._pseudonyms.member
        shard, other_shard = self._shard_of(answer.asker), self._shard_of(answer.actor)
        kinds: tuple[QuestionKind, ...] = ("contact",) if answer.kind == "contact" else _INVITATIONS
        asked = [(self._what(kind, answer.target), int(kind != "event")) for kind in kinds]
        name = self._answers_to(kinds[0], answer.target)
        self._answers[shard, len(self.operations[shard])] = (index, answer)
        shards = {shard: _ASKERS}
        shards[other_shard] = shards.get(other_shard, 0) | _ANSWERERS
        if answer.kind == "invitation":
            project = shard_of(asked[0][0], len(self.operations))
            shards[project] = shards.get(project, 0) | _PROJECTS
        circle = self._circle(answer.target, answer.asker)
        for one, whose in shards.items():
            self.operations[one].append(
                (
                    "answer",
                    answer.time,
                    member(answer.actor),
                    member(answer.asker),
                    asked,
                    name,
                    int(answer.accepted),
                    whose,
                    circle,
                    _part(member(answer.actor)),
                )
            )

    def _talk(self, index: int, talk: Talk) -> None:
        member, conversation = self._pseudonyms.member, self._pseudonyms.key("talk", talk.conversation)
        self._asked(
            index,
            shard_of(conversation, len(self.operations)),
            talk.others,
            lambda others: ("talk", talk.time, member(talk.actor), others, conversation, int(talk.ask)),
        )

    def _in_parts(self, others: Sequence[str]) -> dict[bytes, tuple[str, ...]]:
        """Who was asked, by the part of `asked:` that they stand in."""
        if len(others) <= MANY:
            return {b"": tuple(others)}
        parts: dict[bytes, tuple[str, ...]] = {}
        for other in others:
            part = _part(self._pseudonyms.member(other))
            parts[part] = (*parts.get(part, ()), other)
        return parts

    def _circle(self, target: str, founder: str) -> bytes:
        """Those who accepted a member's invitation to a project, where nobody is known to have invited the member."""
        return self._pseudonyms.key("circle", target, founder)[:MEMBER_BYTES]

    def _what(self, kind: QuestionKind, target: str) -> bytes:
        """What is asked."""
        return self._pseudonyms.key("question", kind, target)[:MEMBER_BYTES]

    def _answers_to(self, kind: QuestionKind, target: str) -> bytes:
        """What is answered: an answer does not say whether it was invited to a project or an event."""
        return self._what(kind, target) if kind == "contact" else self._pseudonyms.key("answer", target)[:MEMBER_BYTES]

    def _shard_of(self, identifier: str) -> int:
        return shard_of(self._pseudonyms.member(identifier), len(self.operations))

    def _by_shard(self, identifiers: Sequence[str]) -> dict[int, list[str]]:
        by_shard: dict[int, list[str]] = {}
        for one in identifiers:
            by_shard.setdefault(self._shard_of(one), []).append(one)
        return by_shard

    def _ask(self, index: int, relation: Contacted) -> None:
        actor = self._pseudonyms.member(relation.actor)
        for shard, others in self._by_shard(relation.others).items():
            self._asked(index, shard, others, lambda keys: ("ask", relation.time, keys, actor))
        # any of them may be where a project is kept that they share
        for shard in range(len(self.operations)):
            self._asked(index, shard, relation.others, lambda keys: ("partners", relation.time, actor, keys))

    def _asked(
        self, index: int, shard: int, others: Sequence[str], operation: Callable[[list[bytes]], tuple[Any, ...]]
    ) -> None:
        """Add an operation that tells which of the others are known."""
        self._strangers[shard, len(self.operations[shard])] = (index, others)
        self.operations[shard].append(operation([self._pseudonyms.member(other) for other in others]))

    def answers(self, by_shard: Mapping[int, list[bytes]]) -> tuple[list[frozenset[str]], list[tuple[Answered, ...]]]:
        """Known others and the answers that count, parallel to the relations."""
        known: list[set[str]] = [set() for _ in self._relations]
        answered: list[tuple[Answered, ...]] = [() for _ in self._relations]
        for (shard, position), (index, others) in self._strangers.items():
            if flags := by_shard[shard][position].decode():
                known[index].update(other for other, flag in zip(others, flags, strict=True) if flag == "1")
        for (shard, position), (index, asked) in self._questions.items():
            flags = by_shard[shard][position].decode()
            # 1 for a refusal, 2 for an acceptance, 3 where both wait
            answered[index] += tuple(
                Answered(other, accepted)
                for other, flag in zip(asked, flags, strict=True)
                for accepted in (False, True)
                if int(flag) & (1 + accepted)
            )
        for (shard, position), (index, answer) in self._answers.items():
            if by_shard[shard][position] == b"1":
                answered[index] = (Answered(answer.actor, answer.accepted),)
        return [frozenset(names) for names in known], answered
