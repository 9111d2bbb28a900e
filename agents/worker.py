"""One worker from start to end: check, serve, consume, stop."""

import asyncio
import logging
import sys
from contextlib import AsyncExitStack

from agents.app import build_app
from agents.health import Health
from agents.journey import Journey
from agents.judge import Judge, OpenJudge, open_judge
from agents.logs import set_up_logging
from agents.metrics import Metrics
from agents.patience import Patience
from agents.publishing import Publisher
from agents.settings import Settings
from agents.web import serve
from rules.policy import PolicyError

logger = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_FAILED = 1
"""The worker could not start, or could not go on; its supervisor should start it again."""

_LOOK_SECONDS = 2.0
_FINISH_SECONDS = 3.0
"""How long a batch that is under way may take to arrive once the worker is asked to stop."""
_STOP_SECONDS = 5.0


class CannotStart(Exception):  # noqa: N818 - reads as what it is where it is caught
    """Why a worker cannot start, in one line."""


def run_worker(settings: Settings, open_judge: OpenJudge = open_judge) -> int:
    """Run one worker until SIGINT or SIGTERM; its exit status.

    0 after a signal. `EXIT_FAILED`, with one line on standard error, where Kafka or Redis cannot be reached in time, topics
    are missing, the policy is wrong or the port is taken; also where Faust cannot go on.
    """
    set_up_logging(settings)
    try:
        return asyncio.run(_run(settings, open_judge))
    except (CannotStart, PolicyError) as error:
        print(f"twinwatch worker: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_OK


async def _run(settings: Settings, open_judge: OpenJudge) -> int:
    stop = _stop_signal()
    if settings.uses_sample_pseudonym_key:
        logger.warning(
            "TWINWATCH_PSEUDONYM_KEY is not set: members' ids in Redis are hashed under a key that everybody can read"
        )
    async with AsyncExitStack() as stack:
        judge = await stack.enter_async_context(open_judge(settings))
        check = asyncio.create_task(_check(settings, judge))
        if await _first(stop.wait(), check) is not check:
            return EXIT_OK
        check.result()
        metrics, patience = Metrics(), Patience()
        metrics.describe_build(_version(), judge.policy_version)
        health = Health(stall_seconds=settings.stall_seconds)
        try:
            port = await stack.enter_async_context(
                serve(
                    settings.metrics_host,
                    settings.metrics_port,
                    metrics=metrics,
                    health=health,
                    why_no_store=lambda: _why_no_store(judge, settings),
                )
            )
        except OSError as error:
            raise CannotStart(
                f"cannot serve metrics at {settings.metrics_host}:{settings.metrics_port}: {error.strerror}"
                " (see TWINWATCH_METRICS_PORT)"
            ) from error
        logger.info("metrics and health at http://%s:%d", settings.metrics_host, port)
        return await _consume(settings, judge, stop, metrics, health, patience)


async def _consume(
    settings: Settings, judge: Judge, stop: asyncio.Event, metrics: Metrics, health: Health, patience: Patience
) -> int:
    journey: Journey
    app = build_app(settings, lambda records: journey.carry(records), health)
    publisher = Publisher(app.producer, metrics=metrics, health=health, patience=patience)
    journey = Journey(
        judge, publisher, metrics=metrics, health=health, patience=patience, topic_prefix=settings.topic_prefix
    )
    running = asyncio.create_task(_run_app(app))
    watching = asyncio.create_task(_watch(settings, app, metrics, health))
    signalled = asyncio.create_task(stop.wait())
    await asyncio.wait({running, watching, signalled}, return_when=asyncio.FIRST_COMPLETED)
    patience.stopping.set()
    ...
