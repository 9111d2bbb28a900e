"""Seeded schedules of disturbances over a genuine Kafka and a genuine Redis.

    python -m tests.chaos [--seed N] [--schedules N] [--events N] [--lanes N] [--write]

A schedule's disturbances are drawn from its seed, and so is its workload, which five consecutive seeds share: they are all
compared with one undisturbed run. The first schedule whose incidents are not those of that run ends everything, and the
command that plays it again is printed, and where the workers' logs are. Schedules may be played side by side, in lanes with
servers of their own. Logs of fewer than 20,000 records have shorter outages, so that each schedule takes minutes. `--write`
writes what came of it into docs/reliability.md, where every schedule has passed.
"""

import argparse
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from threading import Event
from typing import NamedTuple

import pytest

from benchmarks.pages import recorded
from tests.chaos.arena import Arena, Judged
from tests.chaos.comparison import differences
from tests.chaos.schedule import FULL, SHORT, schedule
from tests.chaos.workload import Workload, workload
from tests.servers import KafkaServer, RedisServer, ServerMissing, require_redis

_EVENTS_A_PART = 15_000
_SHORT_OUTAGES_BELOW = 20_000
_SEEDS_A_LOG = 5


class Played(NamedTuple):
    """What came of a schedule."""

    seed: int
    complaints: list[str]
    """What is wrong with it."""
    directory: Path
    """Where its workers' logs are."""
    disturbances: int = 0
    incidents: int = 0
    by_order: int = 0
    """Racing findings that differ by order."""
    answered: int = 0
    """Incidents that moderators answered."""
    given_up: Sequence[str] = ()
    """Last words of workers that ended by themselves."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the first schedule (1)")
    parser.add_argument("--schedules", type=int, default=30, metavar="N", help="so many, with consecutive seeds (30)")
    parser.add_argument("--events", type=int, default=100_000, metavar="N", help="records of each workload (100000)")
    parser.add_argument("--lanes", type=int, default=1, metavar="N", help="schedules side by side; a core each (1)")
    parser.add_argument("--write", action="store_true", help="write what came of it into the page of docs")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.schedules)
    logs = [list(sharing) for _, sharing in groupby(seeds, _log_of)]
    enough = Event()
    begun = time.monotonic()
    try:
        with ThreadPoolExecutor(options.lanes) as pool:
            told = pool.map(lambda sharing: list(_play(sharing, options.events, enough)), logs)
            played = [one for several in told for one in several]
    except ServerMissing as why:
        parser.error(str(why))
    failures = [one for one in played if one.complaints]
    for failure in failures:
        print(f"schedule {failure.seed} FAILED:", *failure.complaints, sep="\n  ")
        print(f"logs of the workers: {failure.directory}")
        print(f"run it again: make chaos SEED={failure.seed} SCHEDULES=1 EVENTS={options.events}")
    if failures:
        return 1
    with recorded("reliability.md", "chaos", write=options.write):
        _tell(played, options.events, (time.monotonic() - begun) / 60)
    return 0


def _tell(played: Sequence[Played], events: int, minutes: float) -> None:
    """What came of schedules that have all passed."""
    broken = [one.disturbances for one in played]
    reasons = Counter(_plain(words) for one in played for words in one.given_up)
    print(
        f"- {len(played)} schedules of {events:,} records, {_span(broken)} disturbances each, in {minutes:.0f} minutes"
    )
    print("- each left what an undisturbed run leaves: nothing lost, nothing twice")
    print(f"- {_span(one.incidents for one in played)} incidents a schedule, of which moderators answered", end=" ")
    print(f"{_span(one.answered for one in played)}")
    print(f"- {_span(one.by_order for one in played)} racing findings a schedule that differ by order")
    print(f"- {sum(reasons.values())} workers ended by themselves and were started again", end="")
    print("".join(f"; {many}: `{words}`" for words, many in reasons.most_common()))


def _span(numbers: Iterable[int]) -> str:
    """From the least to the most."""
    found = sorted(numbers)
    least, most = found[0], found[-1]
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _plain(words: str) -> str:
    """Without what is another one each time: the time, ports and numbers of records."""
    return re.sub(r"\d+", "N", re.sub(r"^[\d :,-]+", "", words))


def _log_of(seed: int) -> int:
    """The seed of a schedule's workload."""
    return (seed - 1) // _SEEDS_A_LOG


def _play(seeds: list[int], events: int, enough: Event) -> Iterator[Played]:
    """Play schedules that share a workload, until one fails here or, as `enough` tells, elsewhere."""
    if enough.is_set():
        return
    log = workload(_log_of(seeds[0]), events, parts=max(3, events // _EVENTS_A_PART))
    seed, directory = seeds[0], Path(tempfile.mkdtemp(prefix="twinwatch-chaos-"))
    try:
        with KafkaServer() as kafka, RedisServer(require_redis()) as redis:
            kafka.start()
            redis.start()
            undisturbed = Arena(kafka, redis, directory).undisturbed(log)
            for seed in seeds:
                if enough.is_set():
                    break
                played = _disturb(seed, events, log, undisturbed, Arena(kafka, redis, directory), directory)
                yield played
                if played.complaints:
                    enough.set()
                    return
    except ServerMissing:
        enough.set()
        raise
    except (Exception, pytest.fail.Exception) as error:
        enough.set()
        yield Played(seed, [f"{type(error).__name__}: {error}"], directory)
        return
    shutil.rmtree(directory)


def _disturb(seed: int, events: int, log: Workload, undisturbed: Judged, arena: Arena, directory: Path) -> Played:
    """Play one schedule."""

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
    return Played(
        seed,
        wrong,
        directory,
        len(disturbances),
        len(disturbed.incidents),
        len(by_order),
        len(log.answered),
        disturbed.given_up,
    )


if __name__ == "__main__":
    sys.exit(main())
