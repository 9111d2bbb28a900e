"""The engine: one object that serves the worker, the replay and the tests alike."""

from collections.abc import Sequence
from typing import Protocol

from engine.outcome import Outcome
from models.records import RawRecord


class BatchEngine(Protocol):
    """What agents and the replay need of an engine."""

    async def process(self, records: Sequence[RawRecord]) -> Outcome:
        """Judge one batch. Idempotent: processing the same records again gives the same incidents again.

        Raises `state.errors.StateUnavailable` when Redis could not answer; retry the whole batch then.
        """
        ...
