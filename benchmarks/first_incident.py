"""How long a worker takes from its start to its first incident, cold.

    python -m benchmarks.first_incident [--starts 3] [--json FILE]

A worker in a process of its own, with a genuine Apache Kafka in which records wait, and an empty Redis. Told are seconds of
the clock on the wall from the start of the process until the incident can be read, and until the worker says that it starts
(its modules are loaded) and that it has partitions; and the processor's seconds of the worker in all, which a busy machine
lengthens less.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

from benchmarks.servers import incidents, processor_seconds, stage
from tests.integration.stage import Stage
from tests.integration.workload import copied_messages


def start(stage: Stage, number: int) -> dict[str, float]:
    """Seconds of one start, by what had happened by then."""
    stage.send(copied_messages(f"anna-{number}", 9))
    seconds: dict[str, float] = {}
    with incidents(stage) as reader:
        while reader.poll(1.0):
            pass
        began = time.monotonic()
        worker = stage.start_worker(ready=False)
        while True:
            message = reader.poll(0.02)
            now = time.monotonic() - began
            said = worker.said
            for what, line in (("modules", ": starts"), ("partitions", ": reads")):
                if line in said:
                    seconds.setdefault(what, now)
            if message:
                seconds |= {"incident": now, "processor": processor_seconds(worker.process.pid)}
                break
        worker.stop()
    return seconds


def main() -> None:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--json", type=Path, help="where to write the numbers as well")
    options = parser.parse_args()
    with stage() as ground:
        starts = [start(ground, number) for number in range(options.starts)]
    found = {what: statistics.median(one.get(what, 0.0) for one in starts) for what in starts[0]}
    print("\n".join(f"{what:12} {seconds:6.1f} s" for what, seconds in found.items()))
    if options.json:
        options.json.write_text(
            json.dumps({"start_seconds": found["incident"], "start_processor_seconds": found["processor"]})
        )


if __name__ == "__main__":
    main()
