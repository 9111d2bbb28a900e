"""Sliding windows: observations as `windows.lua` takes them, and readings out of what it answers."""

from collections.abc import Sequence
from typing import Any

from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS, Contribution, Observation, Reading
from state.scripts import Script, pack, unpack

WINDOWS = Script("windows")
_NUMBER_BYTES = 6
_ARRAY_OF_THREE = b"\x93"


class WindowCodec:
    """Hides identifiers on the way in and names them again on the way out. `lateness` and `grace` in seconds."""

    def __init__(self, pseudonyms: Pseudonyms, *, lateness: int, grace: int) -> None:
        self._pseudonyms = pseudonyms
        self._lateness = lateness * MICROSECONDS
        self._grace = grace

    def request(self, observation: Observation, key: bytes) -> tuple[Any, ...]:
        """One observation of the script's request."""
        hide = self._pseudonyms.seal if observation.named else self._pseudonyms.member
        members = None if observation.members is None else [hide(m) for m in dict.fromkeys(observation.members)]
        name = _ARRAY_OF_THREE + pack(self._pseudonyms.seal(observation.event_id))
        note = self._pseudonyms.seal(observation.note) if observation.note else b""
        retained = observation.retained + self._lateness
        return (
            key,
            observation.time,
            name + pack(note) + pack(members or []),
            len(name),
            0 if members is None else members,
            int(observation.recorded),
            retained,
            retained // MICROSECONDS + self._grace,
            int(observation.named),
            [(look.length, look.sample_from) for look in observation.looks],
        )

    def reading(self, answer: Any) -> Reading:
        """The answer to one look."""
        if isinstance(answer, int):
            return Reading(answer)
        count, events, first, last, members = answer
        return Reading(
            count,
            events,
            self._contributions(first),
            self._contributions(last)[::-1],
            # members of one moment stand in the order of their seals, which another key would change
            tuple(sorted(self._pseudonyms.unseal(member) for member in members)),
        )

    def _contributions(self, flat: Sequence[bytes]) -> tuple[Contribution, ...]:
        contributions = []
        for entry, score in zip(flat[::2], flat[1::2], strict=True):
            event_id, note, _ = unpack(entry[_NUMBER_BYTES:])
            contributions.append(
                Contribution(
                    int(float(score)), self._pseudonyms.unseal(event_id), self._pseudonyms.unseal(note) if note else ""
                )
            )
        return tuple(contributions)
