"""Batches one after the other, so that this processor and that of Redis need not wait for each other."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from engine.engine import BatchEngine, ReadBatch
from engine.outcome import Outcome
from models.records import RawRecord


async def judge_in_turn(engine: BatchEngine, batches: Iterable[Sequence[RawRecord]]) -> AsyncIterator[Outcome]:
    """The outcome of each batch, in their order. While one is judged the next one is read.

    Raises what `BatchEngine.judge` raises.
    """
    reading: asyncio.Task[ReadBatch] | None = None
    try:
        for records in batches:
            before, reading = reading, asyncio.create_task(engine.read(records))
            if before:
                yield await engine.judge(await before)
        if reading:
            yield await engine.judge(await reading)
    finally:
        if reading and not reading.done():
            reading.cancel()
