"""One worker from start to end: check, serve, consume, stop."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

from aiokafka.errors import KafkaError
from faust.types import TP

from agents.app import WorkerApp, build_app
from agents.back_off import BackOff
from agents.budget import Budget
from agents.health import Health, Partition
from agents.judge import Judge, OpenJudge, open_judge
from agents.lag import GroupObserver, Standing
from agents.logs import culprit, log_what_tasks_raise, set_up_logging, tell_failed_start, threads_speak_discreetly
from agents.metrics import Metrics
from agents.processor import BatchProcessor, Trace
from agents.publishing import Publisher
from agents.redis import describe_eviction, describe_store_trouble
from agents.settings import Settings
from agents.startup import CannotStart, prepare
from agents.summary import partitions_in_words, say_counts
from agents.throttle import EventTimeThrottle
from agents.watchdog import keep_alive
from agents.web import serve
from engine.loading import give_back_memory, share_one_heap
from models.events import TOPICS
from rules.policy import PolicyError
from state.agreement import WrongStore
from state.errors import StateUnavailable
from state.server import NO_EVICTION

logger = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_FAILED = 1
"""The worker could not start, or could not go on; its supervisor should start it again."""

_LOOK_SECONDS = 2.0
_TIDY_SECONDS = 10.0
_INTRODUCED = "twinwatch %(version)s, policy %(policy_version)s, group %(group)s"
_CLOCK_WRONG = (
    "this machine's clock is %(seconds_behind).0f s behind that of Kafka's records; events later than it wait, and none is "
    'put aside (set the clock, e.g. by NTP; docs/reliability.md, "A wrong clock")'
)
_FINISH_SECONDS = 3.0
"""How long a batch that is under way may take to arrive once the worker is asked to stop."""
_STOP_SECONDS = 4.0
"""How long Faust may take to commit, to leave the group and to end."""
_LEAVE_SECONDS = 8.0
"""After so long the process ends in any case."""


def run_worker(settings: Settings, open_judge: OpenJudge = open_judge) -> int:
    """Run one worker until SIGINT or SIGTERM; its exit status.

    0 after a signal. `EXIT_FAILED`, with one last line in the log, where Kafka or Redis cannot be reached in time, topics are
    missing, the pseudonym key is no secret or not that of the others, Redis evicts, the policy is wrong or the port is taken;
    also where Faust cannot go on.
    """
    share_one_heap()
    set_up_logging(settings)
    exit_ = _Exit()
    try:
        with threads_speak_discreetly():
            status = asyncio.run(_run(settings, open_judge, exit_))
    except (CannotStart, PolicyError) as error:
        tell_failed_start(str(error))
        return EXIT_FAILED
    except Exception as error:
        # Python would print its text, which may quote what a member wrote
        logger.critical("this worker cannot go on: %s", culprit(error), exc_info=error)
        return EXIT_FAILED
    exit_.at_once_if_a_thread_is_left(status)
    return status


async def _run(settings: Settings, open_judge: OpenJudge, exit_: "_Exit") -> int:
    log_what_tasks_raise(asyncio.get_running_loop())
    stop = _set_by(signal.SIGINT, signal.SIGTERM)
    reload = _set_by(signal.SIGHUP)
    if weakness := settings.why_weak_pseudonym_key:
        raise CannotStart(
            f"TWINWATCH_PSEUDONYM_KEY {weakness}; members' ids in Redis need a secret, e.g. from: openssl rand -hex 32"
        )
    async with AsyncExitStack() as stack:
        judge = await stack.enter_async_context(open_judge(settings))
        metrics, back_off = Metrics(), BackOff()
        metrics.describe_build(_version(), judge.policy_version)
        health = Health(stall_seconds=settings.stall_seconds)
        metrics.watch_outages(health)
        try:
            port = await stack.enter_async_context(
                serve(
                    settings.metrics_host,
                    settings.metrics_port,
                    metrics=metrics,
                    health=health,
                    look_at_store=lambda: _look_at_store(judge, health),
                )
            )
        except OSError as error:
            raise CannotStart(
                f"cannot serve metrics at {settings.metrics_host}:{settings.metrics_port}: {error.strerror}"
                " (see TWINWATCH_METRICS_PORT)"
            ) from error
        logger.info(f"{_INTRODUCED}: starts", _introduce(settings, judge))
        logger.info("metrics and health at http://%(host)s:%(port)d", {"host": settings.metrics_host, "port": port})
        reloading = asyncio.create_task(_reload_policy(reload, settings, judge, metrics))
        stack.callback(reloading.cancel)
        preparing = asyncio.create_task(prepare(settings, judge, health))
        if await _first(stop.wait(), preparing) is not preparing:
            return EXIT_OK
        preparing.result()
        trace = stack.enter_context(_tracing()) if settings.tracing else None
        return await _consume(settings, judge, stop, exit_, metrics, health, back_off, trace)


@contextmanager
def _tracing() -> Iterator[Trace]:
    try:
        from agents.tracing import exporting_tracer
    except ImportError as error:
        raise CannotStart("TWINWATCH_TRACING needs the extra `tracing`: pip install 'twinwatch[tracing]'") from error
    with exporting_tracer() as tracer:
        yield tracer.record


def _introduce(settings: Settings, judge: Judge) -> dict[str, object]:
    return {"version": _version(), "policy_version": judge.policy_version, "group": settings.consumer_group}


async def _consume(
    settings: Settings,
    judge: Judge,
    stop: asyncio.Event,
    exit_: "_Exit",
    metrics: Metrics,
    health: Health,
    back_off: BackOff,
    trace: Trace | None,
) -> int:
    processor: BatchProcessor
    topics = [settings.topic_prefix + topic for topic in TOPICS]
    throttle = EventTimeThrottle(
        judge.share_progress,
        topics=topics,
        health=health,
        metrics=metrics,
        read_on_seconds=settings.read_on_after_seconds,
    )
    budget = Budget()
    app = build_app(
        settings,
        lambda records, read: processor.process(records, read),
        health,
        budget,
        throttle,
        lambda records: processor.read_ahead(records),
    )
    publisher = Publisher(app.producer, metrics=metrics, health=health, back_off=back_off)
    processor = BatchProcessor(
        judge,
        publisher,
        metrics=metrics,
        health=health,
        back_off=back_off,
        budget=budget,
        topic_prefix=settings.topic_prefix,
        trace=trace,
    )

    async def say_assigned(_: Any, partitions: set[TP], **__: Any) -> None:
        metrics.show_assignment(len(partitions))
        counted = {"count": len(partitions), "partitions": partitions_in_words(partitions)}
        logger.info(f"{_INTRODUCED}: reads %(partitions)s", _introduce(settings, judge) | counted)

    app.on_partitions_assigned.connect(cast(Any, say_assigned))
    running = asyncio.create_task(_run_app(app))
    watching = asyncio.create_task(_watch(settings, app, metrics, health))
    watching_store = asyncio.create_task(_watch_store(settings, judge, metrics, health))
    saying = asyncio.create_task(say_counts(metrics))
    throttling = asyncio.create_task(throttle.keep(lambda: app.batches.reached, lambda: app.batches.look()))
    beating = asyncio.create_task(keep_alive(settings.stall_seconds))
    tidying = asyncio.create_task(_tidy())
    signalled = asyncio.create_task(stop.wait())
    await asyncio.wait({running, watching, watching_store, throttling, signalled}, return_when=asyncio.FIRST_COMPLETED)
    status = EXIT_OK if signalled.done() else EXIT_FAILED
    exit_.after(_LEAVE_SECONDS, status)
    if not signalled.done():
        ended = next(task for task in (running, watching, watching_store, throttling) if task.done())
        _tell_end(ended)
    back_off.stopping.set()
    if not await processor.finish(_FINISH_SECONDS):
        logger.warning("a batch is still under way; its records come again")
    stopping = asyncio.create_task(app.stop())
    await asyncio.wait({stopping}, timeout=_STOP_SECONDS)
    if not stopping.done():
        logger.warning("Faust does not end in time, as while Kafka is away; what it has not committed comes again")
    # last: while Kafka hangs, the observer's connections do not close in time
    for task in (signalled, watching_store, saying, throttling, beating, tidying, watching):
        await _cancel(task)
    logger.info("stopped")
    return status


async def _tidy() -> None:
    """Until cancelled, give back memory now and then."""
    while True:
        await asyncio.sleep(_TIDY_SECONDS)
        give_back_memory()


async def _run_app(app: WorkerApp) -> str:
    """Run Faust in our loop, with none of its own handling of signals and logs; why it ended."""
    await app.start()
    await app.wait_until_stopped()
    reason = app.crash_reason
    return f"Faust has ended: {culprit(reason) if reason else 'for no reason'}"


async def _watch(settings: Settings, app: WorkerApp, metrics: Metrics, health: Health) -> str:
    """Look at the consumer group now and then, and tell health and metrics; why this worker should be restarted."""

    def standing(partition: Partition) -> Standing | None:
        return app.batches.standing(TP(*partition))

    while True:
        # not at once: a new cluster has its first coordinator only after somebody has asked for one
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            async with GroupObserver(settings) as observer:
                while True:
                    ours = health.partitions
                    sighting = await observer.look(ours, standing, app.batches.oldest_unconfirmed, app.batches.member)
                    health.mark_up("kafka", seen_by="observer")
                    health.see(sighting)
                    metrics.show_lag(sighting.lag)
                    unreadable = sorted(app.batches.unreadable.items())
                    metrics.show_unreadable({partition: one.offset for partition, one in unreadable})
                    health.complain("fetching", [one.describe(*partition) for partition, one in unreadable])
                    _tell_clock(app.batches.clock.seconds_behind, metrics, health)
                    if reasons := health.why_dead():
                        return "; ".join(reasons)
                    await asyncio.sleep(_LOOK_SECONDS)
        except (KafkaError, OSError, TimeoutError) as error:
            reason = f"Kafka does not tell how the consumer group stands: {type(error).__name__}"
            health.mark_down("kafka", reason, seen_by="observer")


def _tell_clock(seconds_behind: float, metrics: Metrics, health: Health) -> None:
    """Say whether our clock is wrong. A restart would not set it."""
    metrics.show_clock(seconds_behind)
    if not seconds_behind:
        health.complain("clock", [])
        return
    told = {"seconds_behind": seconds_behind}
    if "clock" not in health.complaining:
        logger.error(_CLOCK_WRONG, told)
    health.complain("clock", [_CLOCK_WRONG % told], of_all=True)


async def _look_at_store(judge: Judge, health: Health) -> StateUnavailable | None:
    """Tell health whether Redis answers, also while no batch would notice; what is wrong with it."""
    try:
        await judge.ping()
    except StateUnavailable as error:
        wrong = isinstance(error, WrongStore)
        reason = describe_store_trouble(error) if wrong else f"Redis does not answer: {error.kind}"
        health.mark_down("redis", reason, seen_by="observer")
        return error
    health.mark_up("redis", seen_by="observer")
    return None


async def _watch_store(settings: Settings, judge: Judge, metrics: Metrics, health: Health) -> str:
    """Look at Redis now and then, and tell health and metrics; why this worker must not write there."""
    policy = NO_EVICTION
    while True:
        trouble = await _look_at_store(judge, health)
        if isinstance(trouble, WrongStore):
            return describe_store_trouble(trouble)
        with suppress(StateUnavailable):  # of which health knows
            memory = await judge.memory()
            metrics.show_redis_memory(memory, eviction_allowed=settings.redis_allow_eviction)
            metrics.show_campaigns(await judge.campaigns())
            if memory.evicts and memory.policy != policy:
                logger.warning("%s", describe_eviction(memory))
            policy = memory.policy
        await asyncio.sleep(_LOOK_SECONDS)


async def _reload_policy(asked: asyncio.Event, settings: Settings, judge: Judge, metrics: Metrics) -> None:
    """Load the policy again whenever it is asked for. One that cannot be used changes nothing."""
    while True:
        await asked.wait()
        asked.clear()
        before = judge.policy_version
        try:
            await judge.reload_policy()
        except PolicyError as error:
            metrics.count_policy_failure()
            logger.error(
                "the policy cannot be loaded; policy %(policy_version)s stays in force: %(error)s",
                {"policy_version": before, "error": str(error)},
            )
            continue
        metrics.describe_build(_version(), judge.policy_version)
        changed = f"instead of {before}" if judge.policy_version != before else "as before"
        logger.info(
            f"{_INTRODUCED}: judges by it from now on, %(changed)s", _introduce(settings, judge) | {"changed": changed}
        )


def _set_by(*signals: signal.Signals) -> asyncio.Event:
    """Set by each of the signals from now on."""
    event = asyncio.Event()
    for number in signals:
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event


async def _first(*candidates: Awaitable[Any]) -> "asyncio.Future[Any]":
    """The one that is done first (the first of them, where several are); the others are cancelled."""
    futures = [asyncio.ensure_future(candidate) for candidate in candidates]
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    done = next(future for future in futures if future.done())
    for future in futures:
        if future is not done:
            await _cancel(future)
    return done


async def _cancel(future: "asyncio.Future[Any]") -> None:
    future.cancel()
    await asyncio.wait([future])


def _tell_end(ended: "asyncio.Task[Any]") -> None:
    error = ended.exception()
    if isinstance(error, CannotStart):
        tell_failed_start(str(error))
    else:
        logger.error("this worker cannot go on: %s", culprit(error) if error else ended.result())


class _Exit:
    """Ends the process where Faust does not: its threads wait for Kafka, and its loop may wait for its threads.

    Nothing is lost: what is not committed comes again.
    """

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def after(self, seconds: float, status: int) -> None:
        """End it after so long, if it has not ended by then."""
        self._timer = threading.Timer(seconds, os._exit, [status])
        self._timer.daemon = True
        self._timer.start()

    def at_once_if_a_thread_is_left(self, status: int) -> None:
        """End it without waiting for the threads of others; where there are none it may end by itself."""
        if any(not thread.daemon and thread is not threading.current_thread() for thread in threading.enumerate()):
            logging.shutdown()
            os._exit(status)
        if self._timer:
            self._timer.cancel()


def _version() -> str:
    try:
        return version("twinwatch")
    except PackageNotFoundError:
        return "unknown"
