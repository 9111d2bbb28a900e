"""Seeded schedules of disturbances over a genuine Kafka and a genuine Redis.

    python -m tests.chaos [--seed N] [--schedules N] [--events N] [--lanes N]

A schedule's disturbances are drawn from its seed, and so is its workload, which five consecutive seeds share: they are all
compared with one undisturbed run. The first schedule whose incidents are not those of that run ends everything, and the
command that plays it again is printed, and where the workers' logs are. Schedules may be played side by side, in lanes with
servers of their own. Logs of fewer than 20,000 records have shorter outages, so that each schedule takes minutes.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from threading import Event
from typing import NamedTuple

import pytest

from tests.chaos.arena import Arena, Judged
from tests.chaos.comparison import differences
from tests.chaos.schedule import FULL, SHORT, schedule
from tests.chaos.workload import Workload, workload
from tests.servers import KafkaServer, RedisServer, ServerMissing, require_redis

_EVENTS_A_PART = 15_000
_SHORT_OUTAGES_BELOW = 20_000
_SEEDS_A_LOG = 5


class Failure(NamedTuple):
    """What was wrong with a schedule, and where its workers' logs are."""

    seed: int
    complaints: list[str]
    directory: Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the first schedule (1)")
    parser.add_argument("--schedules", type=int, default=30, metavar="N", help="so many, with consecutive seeds (30)")
    parser.add_argument("--events", type=int, default=100_000, metavar="N", help="records of each workload (100000)")
    parser.add_argument("--lanes", type=int, default=1, metavar="N", help="schedules side by side; a core each (1)")
    options = parser.parse_args()
    begun = time.monotonic()
    seeds = range(options.seed, options.seed + options.schedules)
    logs = [list(sharing) for _, sharing in groupby(seeds, _log_of)]
    enough = Event()
    try:
        with ThreadPoolExecutor(options.lanes) as pool:
            told = pool.map(lambda sharing: list(_play(sharing, options.events, enough)), logs)
            failures = [failure for failed in told for failure in failed]
    except ServerMissing as why:
        parser.error(str(why))
    for failure in failures:
        print(f"schedule {failure.seed} FAILED:", *failure.complaints, sep="\n  ")
        print(f"logs of the workers: {failure.directory}")
        print(f"run it again: make chaos SEED={failure.seed} SCHEDULES=1 EVENTS={options.events}")
    if failures:
        return 1
    minutes = (time.monotonic() - begun) / 60
    print(
        f"{options.schedules} schedules of {options.events:,} events in {minutes:.0f} min: nothing lost, nothing twice"
    )
    return 0


def _log_of(seed: int) -> int:
    """The seed of a schedule's workload."""
    return (seed - 1) // _SEEDS_A_LOG


def _play(seeds: list[int], events: int, enough: Event) -> Iterator[Failure]:
    """Play schedules that share a workload, until one fails here or, as `enough` tells, elsewhere."""
    if enough.is_set():
        return
    log = workload(_log_of(seeds[0]), events, parts=max(2, events // _EVENTS_A_PART))
    seed, directory = seeds[0], Path(tempfile.mkdtemp(prefix="twinwatch-chaos-"))
    try:
        with KafkaServer() as kafka, RedisServer(require_redis()) as redis:
            kafka.start()
            redis.start()
            undisturbed = Arena(kafka, redis, directory).undisturbed(log)
            for seed in seeds:
                if enough.is_set():
                    break
                if complaints := _disturb(seed, events, log, undisturbed, Arena(kafka, redis, directory)):
                    enough.set()
                    yield Failure(seed, complaints, directory)
                    return
    except ServerMissing:
        enough.set()
        raise
    except (Exception, pytest.fail.Exception) as error:
        enough.set()
        yield Failure(seed, [f"{type(error).__name__}: {error}"], directory)
        return
    shutil.rmtree(directory)


def _disturb(seed: int, events: int, log: Workload, undisturbed: Judged, arena: Arena) -> list[str]:
    """Play one schedule; what is wrong with it."""

    def tell(said: str) -> None:
        print(f"schedule {seed}: {said}", flush=True)

    disturbances = schedule(seed, events)
    tell(f"{log.size:,} records, {len(disturbances)} disturbances")
    intensity = SHORT if events < _SHORT_OUTAGES_BELOW else FULL
    begun = time.monotonic()
    disturbed = arena.disturbed(log, disturbances, intensity, random.Random(seed), tell)
    seconds = time.monotonic() - begun
    wrong, by_order = differences(log, undisturbed, disturbed)
    tell(f"{len(disturbed.incidents)} incidents and {len(disturbed.dead_letters)} dead letters in {seconds:.0f} s")
    tell("; ".join([*disturbed.notes, f"racing findings that differ by order: {len(by_order)}"]))
    tell("as undisturbed" if not wrong else "NOT as undisturbed")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
