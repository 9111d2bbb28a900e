"""Who knows whom: the ties of a batch as operations of their shards, and the way back from the shards' answers."""

from collections.abc import Mapping, Sequence
from heapq import nsmallest
from typing import Any

from state.pseudonyms import Pseudonyms
from state.requests import Acceptance, Approach, InvitationAnswer, TargetKind, Tie
from state.scripts import Script, shard_of

TIES = Script("ties")


def work_of(operation: Sequence[Any]) -> int:
    """How many members an operation passes over."""
    match operation:
        case ("approach", _, _, others):
            return 1 + 2 * len(others)
        case ("ask", _, members, _):
            return 1 + len(members)
        case ("kind", *_):
            return 100  # answers may wait for it
    return 1


class TiePlan:
    """The ties of a batch, shared out among the shards. `operations` are each shard's, in the order of the batch."""

    def __init__(self, ties: Sequence[Tie], pseudonyms: Pseudonyms, shards: int) -> None:
        self._ties = ties
        self._asked: dict[tuple[int, int], tuple[int, list[str]]] = {}
        self.operations: list[list[Any]] = [[] for _ in range(shards)]
        self._pseudonyms = pseudonyms
        for index, tie in enumerate(ties):
            self._add(index, tie)

    def _add(self, index: int, tie: Tie) -> None:
        member = self._pseudonyms.member
        match tie:
            case Approach():
                if tie.ask:
                    self._ask(index, tie)
                # the same ones whenever the same are written to, and under whatever key
                remembered = nsmallest(tie.most, tie.others) if 0 < tie.most < len(tie.others) else tie.others
                self._remember(tie.actor, tie.time, tuple(remembered))
            case Acceptance():
                self._remember(tie.actor, tie.time, (tie.other,))
                self._remember(tie.other, tie.time, (tie.actor,))
            case TargetKind():
                # every shard learns it, so that each answer can be settled where the member's ties are
                for operations in self.operations:
                    operations.append(("kind", tie.time, self._target(tie.inviter, tie.target), tie.kind))
            case InvitationAnswer():
                target = self._target(tie.inviter, tie.target)
                for one, other in ((tie.actor, tie.inviter), (tie.inviter, tie.actor)):
                    shard = self._shard_of(one)
                    self._asked[shard, len(self.operations[shard])] = (index, [])
                    self.operations[shard].append(
                        ("answer", tie.time, member(one), member(other), target, int(tie.accepted))
                    )

    def _target(self, inviter: str, target: str) -> bytes:
        return self._pseudonyms.key_of((inviter,), "target", inviter, target)

    def _shard_of(self, identifier: str) -> int:
        return shard_of(self._pseudonyms.member(identifier), len(self.operations))

    def _remember(self, actor: str, time: int, others: tuple[str, ...]) -> None:
        member = self._pseudonyms.member
        self.operations[self._shard_of(actor)].append(("approach", time, member(actor), [member(o) for o in others]))

    def _ask(self, index: int, tie: Approach) -> None:
        by_shard: dict[int, list[str]] = {}
        for other in tie.others:
            by_shard.setdefault(self._shard_of(other), []).append(other)
        for shard, others in by_shard.items():
            self._asked[shard, len(self.operations[shard])] = (index, others)
            keys = [self._pseudonyms.member(other) for other in others]
            self.operations[shard].append(("ask", tie.time, keys, self._pseudonyms.member(tie.actor)))

    def answers(self, by_shard: Mapping[int, list[bytes]]) -> tuple[list[frozenset[str]], list[str | None]]:
        """Known others and target kinds, parallel to the ties."""
        known: list[set[str]] = [set() for _ in self._ties]
        kinds: list[str | None] = [None] * len(self._ties)
        for (shard, position), (index, others) in self._asked.items():
            answer = by_shard[shard][position]
            if others:
                known[index].update(o for o, flag in zip(others, answer.decode(), strict=True) if flag == "1")
            else:
                kinds[index] = answer.decode() or None
        return [frozenset(names) for names in known], kinds
