"""Seeded schedules of disturbances over a genuine Kafka and a genuine Redis.

    python -m tests.chaos [--seed N] [--schedules N] [--events N]

Each schedule has a workload and disturbances of its own, both drawn from its seed. The run ends with the first schedule whose
incidents are not those of an undisturbed run, and prints the command that runs it again and where the workers' logs are.
Logs of fewer than 20,000 records have shorter outages, so that each schedule takes minutes.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.chaos.arena import Arena
from tests.chaos.comparison import differences
from tests.chaos.schedule import FULL, SHORT, schedule
from tests.chaos.workload import workload
from tests.servers import KafkaServer, RedisServer, ServerMissing, require_redis

_EVENTS_A_PART = 15_000
_SHORT_OUTAGES_BELOW = 20_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the first schedule (1)")
    parser.add_argument("--schedules", type=int, default=30, metavar="N", help="so many, with consecutive seeds (30)")
    parser.add_argument("--events", type=int, default=100_000, metavar="N", help="records of each workload (100000)")
    options = parser.parse_args()
    begun = time.monotonic()
    for seed in range(options.seed, options.seed + options.schedules):
        directory = Path(tempfile.mkdtemp(prefix="twinwatch-chaos-"))
        try:
            complaints = _run(seed, options.events, directory)
        except ServerMissing as why:
            parser.error(str(why))
        except (Exception, pytest.fail.Exception) as error:
            complaints = [f"{type(error).__name__}: {error}"]
        if complaints:
            print(f"schedule {seed} FAILED:", *complaints, sep="\n  ")
            print(f"logs of the workers: {directory}")
            print(f"run it again: make chaos SEED={seed} SCHEDULES=1 EVENTS={options.events}")
            return 1
        shutil.rmtree(directory)
    minutes = (time.monotonic() - begun) / 60
    print(
        f"{options.schedules} schedules of {options.events:,} events in {minutes:.0f} min: nothing lost, nothing twice"
    )
    return 0


def _run(seed: int, events: int, directory: Path) -> list[str]:
    """Play one schedule, on servers of its own; what is wrong with it."""
    log = workload(seed, events, parts=max(2, events // _EVENTS_A_PART))
    disturbances = schedule(seed, events)
    intensity = SHORT if events < _SHORT_OUTAGES_BELOW else FULL
    print(f"schedule {seed}: {log.size:,} records, {len(disturbances)} disturbances", flush=True)
    with (
        KafkaServer() as kafka,
        RedisServer(require_redis("redis-server")) as redis,
    ):
        arena = Arena(kafka.start(), redis.start(), directory)
        undisturbed = arena.undisturbed(log)
        begun = time.monotonic()
        disturbed = arena.disturbed(
            log, disturbances, intensity, random.Random(seed), lambda told: print("  ", told, flush=True)
        )
        seconds = time.monotonic() - begun
    wrong, by_order = differences(log, undisturbed, disturbed)
    print(f"  {len(disturbed.incidents)} incidents and {len(disturbed.dead_letters)} dead letters in {seconds:.0f} s;")
    print("  " + "; ".join([*disturbed.notes, f"racing findings that differ by order: {len(by_order)}"]), flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
