"""Puts the engine of a worker together from its settings."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from agents.redis import open_redis
from agents.settings import Settings
from engine.engine import BatchEngine, Engine, ReadBatch, utc_now
from engine.loading import load_tables
from engine.outcome import Outcome
from models.records import RawRecord
from rules.policy import Policy, load_policy
from state.errors import StateUnavailable
from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS, Others, Progress
from state.server import ServerMemory
from state.store import Store


class Judge(BatchEngine, Protocol):
    """An engine with what a worker wants to know about it."""

    @property
    def policy_version(self) -> str:
        """Hash of the policy in force."""
        ...

    async def reload_policy(self) -> None:
        """Judge by the settings' policy as its file is now, from the next batch on.

        Raises `rules.policy.PolicyError` where it cannot be used; the policy in force stays then.
        """
        ...

    def load(self) -> None:
        """Load all that judging needs, before the first batch needs it; in any thread."""
        ...

    async def ping(self) -> None:
        """Raise `state.errors.StateUnavailable` unless the store answers and is ours; see `state.store.Store.ping`."""
        ...

    async def memory(self) -> ServerMemory:
        """How the memory of the store's server stands."""
        ...

    async def campaigns(self) -> int:
        """How many texts new ones are compared with now."""
        ...

    async def share_progress(self, progress: Progress, *, silent_after: float, kept: int) -> Others:
        """See `state.store.Store.share_progress`."""
        ...


OpenJudge = Callable[[Settings], AbstractAsyncContextManager[Judge]]


class _StoredJudge:
    """The engine and its store. `anew` makes both again, by the policy as it is then."""

    def __init__(
        self, engine: Engine, store: Store, policy_version: str, anew: "Callable[[], _StoredJudge] | None" = None
    ) -> None:
        self._engine = engine
        self._store = store
        self.policy_version = policy_version
        self._anew = anew
        self._is_ours = False

    async def reload_policy(self) -> None:
        if self._anew:
            # a batch that is under way keeps the engine that it has
            fresh = await asyncio.to_thread(self._anew)
            self._engine, self._store, self.policy_version = fresh._engine, fresh._store, fresh.policy_version

    def load(self) -> None:
        load_tables()

    async def read(self, records: Sequence[RawRecord]) -> ReadBatch:
        return await self._engine.read(records)

    async def judge(self, read: ReadBatch) -> Outcome:
        await self._make_sure()
        async with self._doubting():
            return await self._engine.judge(read)

    async def process(self, records: Sequence[RawRecord]) -> Outcome:
        return await self.judge(await self.read(records))

    async def ping(self) -> None:
        async with self._doubting():
            await self._store.ping()
        self._is_ours = True

    async def memory(self) -> ServerMemory:
        return await self._store.memory()

    async def campaigns(self) -> int:
        return await self._store.campaigns(int(utc_now().timestamp() * MICROSECONDS))

    @asynccontextmanager
    async def _doubting(self) -> AsyncIterator[None]:
        """After an outage another server may answer: it is looked at before anything is written there."""
        try:
            yield
        except StateUnavailable:
            self._is_ours = False
            raise

    async def share_progress(self, progress: Progress, *, silent_after: float, kept: int) -> Others:
        await self._make_sure()
        async with self._doubting():
            return await self._store.share_progress(progress, silent_after=silent_after, kept=kept)

    async def _make_sure(self) -> None:
        if not self._is_ours:
            await self.ping()


@asynccontextmanager
async def open_judge(settings: Settings) -> AsyncIterator[Judge]:
    """The engine by the settings' policy over the settings' Redis. Raises `rules.policy.PolicyError`; connects lazily."""
    policy = load_policy(settings.policy_file)
    client = open_redis(settings)
    pseudonyms = Pseudonyms(settings.pseudonym_key.get_secret_value().encode())

    def judge_by(policy: Policy) -> _StoredJudge:
        store = Store(client, pseudonyms, shards=settings.redis_shards, limits=policy.store_limits())
        engine = Engine(policy, store, limits=settings.input_limits, topic_prefix=settings.topic_prefix)
        return _StoredJudge(engine, store, policy.version, lambda: judge_by(load_policy(settings.policy_file)))

    try:
        yield judge_by(policy)
    finally:
        await client.aclose()
