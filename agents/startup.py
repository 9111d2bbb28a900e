"""What a worker does before it reads: it loads its tables, and waits for Redis and Kafka, saying so meanwhile."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic, time

from aiokafka.errors import KafkaError

from agents.back_off import BackOff
from agents.health import Health, Server
from agents.judge import Judge
from agents.kafka import KafkaUnavailable, describe_trouble, explain_trouble
from agents.redis import describe_eviction, describe_store_trouble
from agents.settings import Settings
from agents.topics import missing_topics
from state.agreement import WrongStore
from state.errors import StateUnavailable

logger = logging.getLogger(__name__)

_SAY_SECONDS = 5.0
_SPREAD_SECONDS = 1.0
"""A broker may learn so much later than another that a topic was created."""
_SEEN_BY = "start"


class CannotStart(Exception):  # noqa: N818 - reads as what it is where it is caught
    """Why a worker cannot start, in one line."""


async def prepare(settings: Settings, judge: Judge, health: Health) -> None:
    """Load all tables, and wait until Redis answers and Kafka has all topics; meanwhile `health` tells what is waited for.

    Raises `CannotStart` where they do not in time, and at once where no waiting helps: topics are missing, Redis evicts, or
    belongs to workers with another key.
    """
    await asyncio.gather(_load(judge, health), _wait_for_servers(settings, judge, health))


async def start_client(settings: Settings, health: Health, start: Callable[[], Awaitable[None]]) -> None:
    """Start a client of Kafka's. Where Kafka has gone away since `prepare`, wait and say so in the same way.

    `start` is called again after it has raised an error of Kafka's. Raises `CannotStart` where Kafka does not answer in time.
    """

    async def check() -> None:
        try:
            await start()
        except (KafkaError, OSError, TimeoutError) as error:
            raise KafkaUnavailable(await explain_trouble(settings, error)) from error

    async with _waiting(settings, health) as wait:
        await _wait_for_kafka(settings, wait, check)


async def _load(judge: Judge, health: Health) -> None:
    health.preparing = "word lists are being loaded"
    await _in_a_thread(judge.load)
    health.preparing = ""


def _in_a_thread(work: Callable[[], None]) -> asyncio.Future[None]:
    """Done when `work` is. Unlike a thread of asyncio's this one holds up nobody who cannot start, or is asked to end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error:
            done.set_exception(error)
        else:
            done.set_result(None)

    def run() -> None:
        error = None
        try:
            work()
        except Exception as raised:
            error = raised
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=run, name="loading", daemon=True).start()
    return done


async def _wait_for_servers(settings: Settings, judge: Judge, health: Health) -> None:
    async with _waiting(settings, health) as wait:
        wait.begin("redis", "Redis does not answer in time (see TWINWATCH_REDIS_URL)")
        await wait.until_done(lambda: _check_redis(settings, judge))
        await _wait_for_kafka(settings, wait, lambda: _check_kafka(settings))


@asynccontextmanager
async def _waiting(settings: Settings, health: Health) -> AsyncIterator["_Wait"]:
    """Waits within are said, and end in time: else `CannotStart` is raised."""
    wait = _Wait(health, settings.startup_timeout_seconds)
    saying = asyncio.create_task(wait.keep_saying())
    try:
        async with asyncio.timeout(settings.startup_timeout_seconds):
            yield wait
    except TimeoutError:
        raise CannotStart(wait.complaint) from None
    finally:
        saying.cancel()


async def _wait_for_kafka(settings: Settings, wait: "_Wait", check: Callable[[], Awaitable[None]]) -> None:
    wait.begin("kafka", describe_trouble(settings, TimeoutError()))
    await wait.until_done(check)


async def _check_redis(settings: Settings, judge: Judge) -> None:
    try:
        await judge.ping()
    except WrongStore as error:
        raise CannotStart(describe_store_trouble(error)) from error
    memory = await judge.memory()
    if memory.evicts and not settings.redis_allow_eviction:
        raise CannotStart(describe_eviction(memory))


async def _check_kafka(settings: Settings) -> None:
    if not await missing_topics(settings):
        return
    await asyncio.sleep(_SPREAD_SECONDS)
    if missing := await missing_topics(settings):
        raise CannotStart(f"Kafka has no topic {', '.join(missing)}; run: twinwatch topics create")


class _Wait:
    """What is waited for now, and why."""

    def __init__(self, health: Health, longest: float) -> None:
        self._health = health
        self._longest = longest
        self._server: Server = "redis"
        self.complaint = ""

    def begin(self, server: Server, complaint: str) -> None:
        """Wait for the server from now on. `complaint` is what to say as long as it has said nothing itself."""
        self._server, self.complaint = server, complaint

    async def until_done(self, check: Callable[[], Awaitable[None]]) -> None:
        """Check again and again until the server is as it should be."""
        back_off = BackOff()
        for delay in back_off.delays():
            try:
                await check()
            except StateUnavailable as error:
                self.complaint = describe_store_trouble(error)
            except KafkaUnavailable as error:
                self.complaint = str(error)
            else:
                if self._server == "kafka" and self._health.outage_seconds("kafka"):
                    self._health.kafka_came_up = time()
                self._health.mark_up(self._server, seen_by=_SEEN_BY)
                return
            self._health.mark_down(self._server, self.complaint, seen_by=_SEEN_BY)
            await back_off.wait(delay)

    async def keep_saying(self) -> None:
        """Until cancelled, say every few seconds what is waited for."""
        start = monotonic()
        while True:
            await asyncio.sleep(_SAY_SECONDS)
            if self._health.outages:
                logger.warning(
                    "waited %(waited_seconds).0f of %(longest_seconds).0f s: %(complaint)s",
                    {
                        "waited_seconds": round(monotonic() - start, 3),
                        "longest_seconds": self._longest,
                        "complaint": self.complaint,
                    },
                )
            else:  # it has neither answered nor refused
                self._health.mark_down(self._server, self.complaint, seen_by=_SEEN_BY)
