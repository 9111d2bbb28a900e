"""Waiting between attempts: longer each time, never in step with the other workers, and cut short when we stop."""

import asyncio
import random
from collections.abc import Iterator

FIRST_DELAY = 0.1
LONGEST_DELAY = 5.0


class Interrupted(Exception):  # noqa: N818 - not a mistake, a request
    """The worker was asked to stop while something was being tried again."""


class BackOff:
    """One worker's back-off. `stopping` is set once, when the worker is asked to stop."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()

    def delays(self) -> Iterator[float]:
        """Seconds to wait after the first, second… failure: doubling up to `LONGEST_DELAY`, with jitter. Never ends."""
        delay = FIRST_DELAY
        while True:
            yield delay * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
            delay = min(2 * delay, LONGEST_DELAY)

    async def wait(self, seconds: float) -> None:
        """Wait. Raises `Interrupted` as soon as the worker is asked to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return
        raise Interrupted
