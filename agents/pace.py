"""Keeps the workers of one group together in event time while they read a backlog, as `agents.order` does within each.

Each tells the others through Redis, ten times a second, up to when it has judged all that it can read. None judges what
happened more than `LEAD_SECONDS` after the slowest. As long as all are up to date nobody waits for anybody.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from secrets import token_hex
from time import monotonic

from agents.health import Health
from agents.metrics import Metrics
from state.errors import StateUnavailable

LEAD_SECONDS = 60
"""A worker may be so far ahead of the slowest, in event time: so long it takes that what one reads bears on another's."""
TELL_SECONDS = 0.1
SETTLE_SECONDS = 1.0
"""After a change of partitions, or when Redis comes back, the others need so long to tell where they are."""
LIFETIME_SECONDS = 12
"""A worker that has not told for so long is forgotten: later than Kafka gives its partitions to others."""
STUCK_SECONDS = 20.0
"""Nobody waits for longer than this for others who do not move,"""
HELD_SECONDS = 600.0
"""nor, on end, for longer than this for others who do."""

ShareProgress = Callable[[str, int | None, int], Awaitable[int | None]]
_MICROSECONDS = 1_000_000


class Pace:
    """How far this worker may read. `share` is `Judge.share_progress`; `clock` gives seconds and never goes back."""

    def __init__(
        self, share: ShareProgress, *, health: Health, metrics: Metrics, clock: Callable[[], float] = monotonic
    ) -> None:
        self._share = share
        self._health = health
        self._metrics = metrics
        self._clock = clock
        self._worker = token_hex(8)
        self._telling_since: float | None = None
        self._silent_since = self._told = clock()
        self._others: int | None = None
        self._others_since = clock()
        self._held_since: float | None = None

    def restart(self) -> None:
        """The partitions have changed: where the others are now is not known yet."""
        self._telling_since = None
        self._silent_since = self._clock()

    def until(self) -> int | None:
        """Nothing later than this may be judged now (event time in microseconds since the epoch); None: all may."""
        now = self._clock()
        if self._telling_since is None:
            # while Redis is out nothing can be judged anyway; what cannot be told for another reason must not stop the worker
            gives_up = now - self._silent_since > STUCK_SECONDS and not self._health.outage_seconds("redis")
            return None if gives_up else 0
        if now - self._telling_since < SETTLE_SECONDS:
            return 0
        if self._others is None or now - self._others_since > STUCK_SECONDS:
            return None
        if self._held_since is not None and now - self._held_since > HELD_SECONDS:
            return None
        return self._others + LEAD_SECONDS * _MICROSECONDS

    async def keep(self, reached: Callable[[], int | None]) -> None:
        """Until cancelled, tell the others what `reached` says, and learn how far they are."""
        try:
            while True:
                await self.tell(reached())
                await asyncio.sleep(TELL_SECONDS)
        finally:
            # who ends holds nobody up
            with suppress(StateUnavailable, TimeoutError):
                async with asyncio.timeout(TELL_SECONDS):
                    await self._share(self._worker, None, LIFETIME_SECONDS)

    async def tell(self, reached: int | None) -> None:
        """Tell once, and learn."""
        try:
            others = await self._share(self._worker, reached, LIFETIME_SECONDS)
        except StateUnavailable:
            # a slow Redis fails now and then, and what was learnt a moment ago still holds
            if self._telling_since is not None and self._clock() - self._told > LIFETIME_SECONDS:
                self.restart()
            return
        now = self._told = self._clock()
        if self._telling_since is None:
            self._telling_since = now
        if others != self._others:
            self._others, self._others_since = others, now
        until = self.until()
        if reached is None or until is None or reached <= until:
            self._held_since = None
        else:
            self._held_since = self._held_since or now
            self._health.wait_for_others()
        self._metrics.show_hold(now - self._held_since if self._held_since else 0.0)
