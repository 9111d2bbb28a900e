"""Keeps the workers of one group together in event time while they read a backlog, as `agents.order` does within each.

Each tells the others through Redis, ten times a second, up to when it has judged all that it can read, and whose the
partitions are; more often while others are behind as well, after each batch and while it waits for them. None judges what
happened more than `LEAD_SECONDS` after the slowest. As long as all are up to date nobody waits for anybody.

A worker that is silent is not forgotten: what its partitions hold that nobody has read is waited for until the one to whom
Kafka has given them claims them. That one knows where they stand.

No two wait for each other for ever. A worker waits for another only where that one has come less far than the first record
that it holds back itself, so that who has come least far waits for no worker. It judges, or waits for Kafka or Redis, as who
is silent does until Kafka gives its partitions to somebody else.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from secrets import token_hex
from time import monotonic
from typing import NamedTuple, Protocol

from agents.health import Health, Partition
from agents.metrics import Metrics
from agents.order import SILENCE_SECONDS
from state.errors import StateUnavailable
from state.requests import Absent, Others, Progress

LEAD_SECONDS = 60
"""A worker may be so far ahead of the slowest, in event time: so long it takes that what one reads bears on another's."""
TELL_SECONDS = 0.1
TELL_SOON_SECONDS = 0.02
"""How often who waits for others asks how far they are. Who they wait for tells as soon as it has judged a batch."""
SETTLE_SECONDS = 1.0
"""After a change of partitions the others need so long to claim theirs and to tell where they are."""
KEPT_SECONDS = 3 * 24 * 3600
"""As long as the longest downtime, after which nothing is exact any more."""
_MICROSECONDS = 1_000_000


class ShareProgress(Protocol):
    """`Judge.share_progress`."""

    async def __call__(self, progress: Progress, *, silent_after: float, kept: int) -> Others:
        """Tell and learn."""
        ...


class Reached(NamedTuple):
    """How far this worker has come, in microseconds since the epoch. `moment`: all that happened before and can be read is
    judged; None: all there is, up to the event time `latest`. `silent_since`: since then a partition has not told what it
    has; None: all have, just now.
    """

    moment: int | None = None
    silent_since: int | None = None
    latest: int = 0

    @property
    def up_to_date(self) -> bool:
        """Whether all there is is judged, and nothing else can be there."""
        return self.moment is None and self.silent_since is None


class EventTimeThrottle:
    """How far this worker may read. `topics` are those that its group reads. Where `read_on_seconds` is given, it waits for
    others no longer than that on end. `clock` gives seconds and never goes back.
    """

    def __init__(
        self,
        share: ShareProgress,
        *,
        topics: Collection[str],
        health: Health,
        metrics: Metrics,
        read_on_seconds: float | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._share = share
        self._topics = frozenset(topics)
        self._health = health
        self._metrics = metrics
        self._read_on_seconds = read_on_seconds
        self._clock = clock
        self._worker = token_hex(8)
        self._partitions: tuple[str, ...] = ()
        self._generation = 0
        self._claimed = True
        self._claimed_since: float | None = None
        self._told = clock()
        self._others = Others()
        self._held_since: float | None = None
        self._moved = asyncio.Event()

    def claim(self, partitions: Collection[Partition], generation: int) -> None:
        """Kafka has given us these partitions, and no others: where the others are now is not known yet."""
        self._partitions = tuple(sorted(f"{topic}/{number}" for topic, number in partitions))
        self._generation = generation
        self._claimed = False
        self._claimed_since = None

    def until(self) -> int | None:
        """Nothing later than this may be judged now (event time in microseconds since the epoch); None: all may."""
        return None if self.given_up() else self._bound()

    def given_up(self) -> frozenset[str]:
        """The partitions of others for which this worker has waited for too long: what it judges now is out of order."""
        now = self._clock()
        if self._read_on_seconds is None or self._held_since is None or now - self._told > SILENCE_SECONDS:
            return frozenset()
        return self._awaited() if now - self._held_since >= self._read_on_seconds else frozenset()

    def _bound(self) -> int | None:
        now = self._clock()
        if (
            self._claimed_since is None
            or now - self._claimed_since < SETTLE_SECONDS
            or now - self._told > SILENCE_SECONDS
        ):
            return 0
        bounds = [one.moment for one in self._absent()]
        if self._others.slowest is not None:
            bounds.append(self._others.slowest + LEAD_SECONDS * _MICROSECONDS)
        return min(bounds, default=None)

    def _absent(self) -> list[Absent]:
        """Without what the group no longer reads: nobody will ever claim that."""
        return [one for one in self._others.absent if any(p.rpartition("/")[0] in self._topics for p in one.partitions)]

    def _awaited(self) -> frozenset[str]:
        return self._others.slowest_partitions.union(*(one.partitions for one in self._absent()))

    def move(self) -> None:
        """A batch was judged: who waits for it may go on."""
        self._moved.set()

    async def keep(self, reached: Callable[[], Reached], go_on: Callable[[], None] = lambda: None) -> None:
        """Until cancelled, tell the others what `reached` says, and learn how far they are. `go_on` is called whenever this
        worker may read further than before.
        """
        before = self.until()
        try:
            while True:
                self._moved.clear()
                await self.tell(reached())
                if (now := self.until()) != before:
                    before = now
                    go_on()
                await self._until_next()
        finally:
            # what is given back is waited for until another has it
            self.claim((), self._generation)
            with suppress(StateUnavailable, TimeoutError):
                async with asyncio.timeout(TELL_SECONDS):
                    await self._share_progress(reached())

    async def _until_next(self) -> None:
        """Wait until it is worth telling the others again."""
        # nobody waits for us, since who does is behind; or Redis does not answer
        if self._others.slowest is None or self._clock() - self._told > TELL_SECONDS:
            await asyncio.sleep(TELL_SECONDS)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(TELL_SECONDS if self._held_since is None else TELL_SOON_SECONDS):
                await self._moved.wait()

    async def tell(self, reached: Reached) -> None:
        """Tell once, and learn."""
        claims = not self._claimed
        partitions = self._partitions
        try:
            others = await self._share_progress(reached)
        except StateUnavailable as error:
            # a slow Redis fails now and then, and what was learnt a moment ago still holds
            if self._clock() - self._told > SILENCE_SECONDS:
                self._health.mark_down("redis", f"Redis does not answer: {error.kind}", seen_by="pace")
            return
        self._health.mark_up("redis", seen_by="pace")
        now = self._told = self._clock()
        if partitions is not self._partitions:
            return  # they have changed meanwhile
        self._others = others
        self._claimed = (claims or self._claimed) and (others.known or not partitions)
        if not self._claimed:
            self._claimed_since = None
        elif self._claimed_since is None:
            self._claimed_since = now
        bound = self._bound()
        if reached.moment is None or bound is None or reached.moment <= bound:
            self._held_since = None
        else:
            self._held_since = self._held_since or now
        seconds = now - self._held_since if self._held_since else 0.0
        self._health.wait_for_others(seconds, self._awaited())
        self._metrics.show_hold(seconds)

    async def _share_progress(self, reached: Reached) -> Others:
        # not the wall clock's time: what was written late, as after an outage, happened before it
        moments = [reached.latest if reached.moment is None else reached.moment]
        if reached.silent_since is not None:
            # nobody may be a minute ahead of what nobody knows
            moments.append(reached.silent_since - LEAD_SECONDS * _MICROSECONDS)
        progress = Progress(
            worker=self._worker,
            moment=max(0, min(moments)),
            up_to_date=reached.up_to_date,
            generation=self._generation,
            claims=None if self._claimed else self._partitions,
            names_slowest=self._held_since is not None,
        )
        return await self._share(progress, silent_after=SILENCE_SECONDS, kept=KEPT_SECONDS)
