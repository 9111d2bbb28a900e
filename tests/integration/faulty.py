"""A worker with a fault put into it, as it might have by a mistake of Faust's, of aiokafka's or of ours.

    python -m tests.integration.faulty FAULT --env-file FILE

Everything else is the worker as it is. Each fault shows only after the first records were judged, so that the worker has been
in order until then.
"""

import asyncio
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from aiokafka.consumer.group_coordinator import CoordinatorGroupRebalance
from aiokafka.errors import UnknownError

from agents import throttle
from agents.clock import ClockWatch
from agents.consumer import BatchConsumer, PatientProducer, _ConsumerThread
from agents.judge import _StoredJudge
from agents.order import Merge
from agents.processor import BatchProcessor
from agents.settings import load_settings
from agents.worker import run_worker
from engine import plan
from engine.engine import Engine
from models.records import RawRecord
from rules.registry import all_rules


def reading_ends() -> None:
    """The consumer stays in its group, answers, and reads no more."""
    read = BatchConsumer._read

    async def read_once(self: BatchConsumer, partitions: Any) -> int:
        count = await read(self, partitions)
        if count:
            await asyncio.Event().wait()
        return count

    BatchConsumer._read = read_once  # type: ignore[method-assign]


def agents_hang() -> None:
    """Batches are read, and the agents never end with the second one."""
    _from_the_second_batch_on(asyncio.Event().wait)


def loop_hangs() -> None:
    """One call never ends, and lets nothing else of Python run: no other task, no thread, no handler of signals."""

    async def search_for_ever() -> None:
        re.match(r"(a+)+$", "a" * 100 + "b")

    _from_the_second_batch_on(search_for_ever)


def _from_the_second_batch_on(hang: Callable[[], Awaitable[Any]]) -> None:
    process = BatchProcessor.process
    carried = 0

    async def process_once(self: BatchProcessor, records: Any, read: Any = None) -> bool:
        nonlocal carried
        carried += 1
        if carried > 1:
            await hang()
        return await process(self, records, read)

    BatchProcessor.process = process_once  # type: ignore[method-assign]


def group_fails() -> None:
    """Kafka answers the second SyncGroup with an error that nobody expects, which has left workers of Faust's idle."""
    send = CoordinatorGroupRebalance._send_sync_group_request
    sent = 0

    async def send_once(self: Any, request: Any) -> Any:
        nonlocal sent
        sent += 1
        if sent == 2:
            raise UnknownError("put in by a test")
        return await send(self, request)

    CoordinatorGroupRebalance._send_sync_group_request = send_once


def partitions_are_never_told() -> None:
    """Faust hangs over the second assignment that Kafka gives it, as it has over errors of the group."""
    assigned = BatchConsumer.on_partitions_assigned
    times = 0

    async def assigned_once(self: BatchConsumer, *args: Any, **kwargs: Any) -> None:
        nonlocal times
        times += 1
        if times > 1:
            await asyncio.Event().wait()
        await assigned(self, *args, **kwargs)

    BatchConsumer.on_partitions_assigned = assigned_once  # type: ignore[method-assign]


def rule_raises() -> None:
    """One rule fails on one event, that with the id `unlucky`."""
    rules = all_rules()
    rule = rules["mass_messaging"]

    def judge(rule_input: Any, limits: Any) -> Any:
        if rule_input.context.event.event_id == "unlucky":
            raise ZeroDivisionError("put in by a test")
        return rule.judge(rule_input, limits)

    broken = {rule.slug: msgspec.structs.replace(rule, judge=judge)}
    _ask_rules_always()
    setattr(plan, "all_rules", lambda: rules | broken)  # noqa: B010 - the name is imported there


def _ask_rules_always() -> None:
    """Also where nothing that they count is evidence."""
    plan.Pending.may_find = lambda self, measured: True  # type: ignore[method-assign]


class Slip(Exception):  # noqa: N818 - it is not one of the product's
    """What somebody forgot to expect; its text quotes what a member wrote."""


def indiscreet() -> None:
    """What a member wrote decides where it fails: `fail-in-rule`, `fail-in-engine`, or where nobody expects it."""
    judge, read_batch, process = plan.RulePlan.judge, _StoredJudge.read, BatchProcessor.process

    def failing_judge(self: plan.RulePlan, rule_input: Any) -> Any:
        if self.rule.slug == "copied_message" and "fail-in-rule" in getattr(rule_input.context.event, "text", ""):
            raise Slip(rule_input.context.event)
        return judge(self, rule_input)

    async def failing_read(self: _StoredJudge, records: Any) -> Any:
        for record in records:
            if b"fail-in-engine" in (record.value or b""):
                asyncio.get_running_loop().create_task(slip(record))
                raise Slip(record)
        return await read_batch(self, records)

    async def failing_process(self: BatchProcessor, records: Any, read: Any = None) -> bool:
        for record in records:
            if b"fail-outside" in (record.value or b""):
                raise Slip(record)
        return await process(self, records, read)

    async def slip(record: RawRecord) -> None:
        raise Slip(record)

    _ask_rules_always()
    plan.RulePlan.judge = failing_judge  # type: ignore[method-assign]
    _StoredJudge.read = failing_read  # type: ignore[method-assign]
    BatchProcessor.process = failing_process  # type: ignore[method-assign]


def in_long_strides() -> None:
    """No fault: workers may be six hours of event time apart, for logs in which a week takes a minute."""
    throttle.LEAD_SECONDS = 6 * 3600


def slow_clock() -> None:
    """The worker's clock is slow by as many seconds as stand in the file that the variable SLOW_CLOCK names."""
    file = Path(os.environ["SLOW_CLOCK"])

    def wall_clock() -> float:
        return time.time() - float(file.read_text(encoding="ascii"))

    defaults = Engine.__init__.__kwdefaults__
    assert defaults
    defaults["clock"] = lambda: datetime.fromtimestamp(wall_clock(), UTC)
    for kind in (ClockWatch, Merge):
        *others, _ = kind.__init__.__defaults__ or ()
        kind.__init__.__defaults__ = (*others, wall_clock)


def producer_is_late() -> None:
    """Between the check that Kafka answers and the start of what writes to it there is time."""
    _pause_before_start(PatientProducer)


def consumer_is_late() -> None:
    """The same before the start of what reads."""
    _pause_before_start(_ConsumerThread)


def _pause_before_start(kind: type[Any]) -> None:
    """Make the file that the variable PAUSE names, and wait until it is gone."""
    file, on_start = Path(os.environ["PAUSE"]), kind.on_start

    async def start_later(self: Any) -> None:
        file.touch()
        while file.exists():
            await asyncio.sleep(0.05)
        await on_start(self)

    kind.on_start = start_later


FAULTS = {
    fault.__name__: fault
    for fault in (
        reading_ends,
        agents_hang,
        loop_hangs,
        group_fails,
        partitions_are_never_told,
        rule_raises,
        indiscreet,
        in_long_strides,
        slow_clock,
        producer_is_late,
        consumer_is_late,
    )
}


if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    sys.exit(run_worker(load_settings(Path(sys.argv[3]))))
