"""How far each worker has come in event time, and whose the partitions are: none runs ahead of what another has not read.

All stands in the first shard:

- `progress:<worker>`, a string: whether it is up to date, for as long as it is not silent for too long;
- `progress:moments`, a hash: the moment of each worker that has partitions;
- `progress:owned`, a string: whose each partition is. One of a silent worker stays its own until another claims it;
- `progress:given`, a hash: of each partition that its worker gave back, and that nobody has claimed yet, the moment that
  it had come to.

Moments are event time in microseconds. Who has partitions changes as a whole: with `progress:owned`, or not at all.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any

from state.decisions import View, decide, swap
from state.kinds import PROGRESS
from state.requests import Absent, Others, Progress
from state.scripts import Call, Command, Shards, pack, unpack

_MOMENTS, _OWNED, _GIVEN = (PROGRESS.key(name) for name in (b"moments", b"owned", b"given"))
_UP_TO_DATE, _BEHIND = b"1", b"0"


class Exchange:
    """One exchange of a worker with the others. It is remembered for `kept` seconds."""

    def __init__(self, shards: Shards, progress: Progress, *, silent_after: float, kept: int) -> None:
        self._shards, self._progress, self._kept = shards, progress, kept
        self._worker = progress.worker.encode()
        condition = _UP_TO_DATE if progress.up_to_date else _BEHIND
        sign_of_life = Command("SET", (PROGRESS.key(self._worker),), (condition, "PX", ceil(silent_after * 1_000)))
        self._told_and_asked = [sign_of_life, Command("HGETALL", (_MOMENTS,)), Command("HGETALL", (_GIVEN,))]

    async def run(self) -> Others:
        """Tell and learn. Raises `StateUnavailable`."""
        if self._progress.claims is not None:
            await decide(self._shards, 0, self._claim)
        view = View(self._shards, 0)
        _, moments, given = await view.ask(self._told_and_asked)
        own, others = moments.pop(self._worker, None), list(moments)
        calls: list[Call | Command] = [_condition(other) for other in others]
        calls += [Command("EXPIRE", (key,), (self._kept,)) for key in (_MOMENTS, _OWNED, _GIVEN)]
        if own is not None:
            # only while it stands: who was slow must not write that it has what has gone to another
            calls.append(swap("hash", _MOMENTS, self._worker, own, b"%d" % self._progress.moment))
        answers = await view.ask(calls)
        conditions = dict(zip(others, answers, strict=False))
        silent = {other for other, condition in conditions.items() if condition is None}
        behind = [other for other, condition in conditions.items() if condition == _BEHIND]
        slowest = min(behind, key=lambda other: (int(moments[other]), other), default=None)
        owned: dict[bytes, Any] = {}
        if silent or (slowest is not None and self._progress.names_slowest):
            [stored] = await view.ask([Command("GET", (_OWNED,))])
            owned = unpack(stored) if stored else {}
        absent = [Absent(int(moments[other]), _partitions_of(other, owned)) for other in silent]
        absent += [Absent(int(moment), frozenset([partition.decode()])) for partition, moment in given.items()]
        return Others(
            known=own is not None and bool(answers[-1]),
            slowest=None if slowest is None else int(moments[slowest]),
            slowest_partitions=_partitions_of(slowest, owned) if self._progress.names_slowest else frozenset(),
            absent=tuple(absent),
        )

    async def _claim(self, view: View) -> None:
        """Who took over from a silent worker knows where it stands. One that was slow must not take back what has gone to
        another.
        """
        worker, generation, moment = self._worker, self._progress.generation, b"%d" % self._progress.moment
        claims = {partition.encode() for partition in self._progress.claims or ()}
        _, moments, given = await view.read([_OWNED], besides=self._told_and_asked)
        owned: dict[bytes, Sequence[Any]] = unpack(view.get(_OWNED)) if view.get(_OWNED) else {}
        newer = {other for partition, (of, other) in owned.items() if partition in claims and of > generation}
        conditions = await view.ask([_condition(other) for other in newer])
        present = {other for other, condition in zip(newer, conditions, strict=True) if condition is not None}
        for partition in claims:
            of, other = owned.get(partition, (generation, worker))
            if of <= generation or other not in present:
                owned[partition] = (generation, worker)
                if partition in given:
                    view.set_field(_GIVEN, self._kept, partition, b"")
        left = [partition for partition, (_, other) in owned.items() if other == worker and partition not in claims]
        for partition in left:
            del owned[partition]
            view.set_field(_GIVEN, self._kept, partition, moments.get(worker, moment))
        owning = {other for _, other in owned.values()}
        for other in moments.keys() - owning:
            view.set_field(_MOMENTS, self._kept, other, b"")
        if worker in owning:
            view.set_field(_MOMENTS, self._kept, worker, moment)
        view.set(_OWNED, self._kept, pack(owned))


def _condition(worker: bytes) -> Command:
    return Command("GET", (PROGRESS.key(worker),))


def _partitions_of(worker: bytes | None, owned: dict[bytes, Any]) -> frozenset[str]:
    return frozenset(partition.decode() for partition, (_, other) in owned.items() if other == worker)
