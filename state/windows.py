"""Sliding windows: observations as `windows.lua` takes them, and readings out of what it answers."""

from collections.abc import Sequence
from functools import lru_cache
from heapq import nsmallest
from typing import Any

from state.pseudonyms import EVENT_NAME_BYTES, Pseudonyms
from state.requests import MICROSECONDS, Contribution, Observation, Reading, WindowName
from state.scripts import Script, pack, unpack

WINDOWS = Script("windows")
NUMBER_BYTES = 6
"""An entry begins with the number of its arrival."""
_CACHED_ENTRIES = 20_000
"""An actor's events are evidence again and again: each of the next ones shows the latest ten."""


class WindowCodec:
    """Hides identifiers on the way in and names them again on the way out. `lateness` and `grace` in seconds."""

    def __init__(self, pseudonyms: Pseudonyms, *, lateness: int, grace: int) -> None:
        self._pseudonyms = pseudonyms
        self._lateness = lateness * MICROSECONDS
        self._grace = grace
        self._shown = lru_cache(_CACHED_ENTRIES)(self._show)

    def key(self, name: WindowName | Observation) -> bytes:
        """The window's name in its shard."""
        about = (name.owner, name.other) if name.other else (name.owner,)
        return self._pseudonyms.key_of(about, *name.key)

    def request(self, observation: Observation, key: bytes) -> tuple[Any, ...]:
        """One observation of the script's request."""
        hide = self._pseudonyms.seal if observation.named else self._pseudonyms.member
        distinct = frozenset(observation.members or ())
        brought = len(distinct)
        if 0 < observation.most < brought:
            # the same ones whenever the same members come, and under whatever key
            distinct = frozenset(nsmallest(observation.most, distinct))
        members = None if observation.members is None else [hide(m) for m in sorted(distinct)]
        name = self._pseudonyms.event(observation.identity)[:EVENT_NAME_BYTES]
        event_id = self._pseudonyms.seal(observation.event_id)
        note = self._pseudonyms.seal(observation.note) if observation.note else b""
        # most windows are the actor's own, and say so in their names
        actor = self._pseudonyms.member(observation.actor) if observation.actor != observation.owner else b""
        retained = observation.retained + self._lateness
        return (
            key,
            observation.time,
            pack((name, event_id, note, members or (), actor, *([brought] if len(distinct) < brought else []))),
            0 if members is None else members,
            int(observation.recorded),
            retained,
            retained // MICROSECONDS + self._grace,
            int(observation.named),
            [(look.length, look.sample_from) for look in observation.looks],
            self._pseudonyms.member(observation.actor),
            [self.key(name) for name in observation.takes_in],
            brought,
            observation.most or brought + 1,
            int(observation.budgeted),
        )

    def reading(self, answer: Any) -> Reading:
        """The answer to one look."""
        if isinstance(answer, int):
            return Reading(answer)
        count, events, first, last, members, more = answer
        return Reading(
            count,
            events,
            self._contributions(first),
            self._contributions(last)[::-1],
            # members of one moment stand in the order of their seals, which another key would change
            tuple(sorted(self._pseudonyms.unseal(member) for member in members)),
            at_least=bool(more),
        )

    def _contributions(self, flat: Sequence[bytes]) -> tuple[Contribution, ...]:
        return tuple(
            Contribution(int(float(score)), *self._shown(entry))
            for entry, score in zip(flat[::2], flat[1::2], strict=True)
        )

    def _show(self, entry: bytes) -> tuple[str, str]:
        """An entry's event id and note."""
        _, event_id, note, *_ = unpack(entry[NUMBER_BYTES:])
        return self._pseudonyms.unseal(event_id), self._pseudonyms.unseal(note) if note else ""
