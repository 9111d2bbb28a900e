"""How long a worker takes from its start to its first incident, cold.

    python -m benchmarks.first_incident [--starts 3] [--json FILE]

A worker in a process of its own, with a genuine Apache Kafka in which records wait, and an empty Redis. As its modules are
compiled, its tables were made and kept by an earlier start (`text.tables`). Told are seconds of
the clock on the wall from the start of the process until the incident can be read, and until the worker says that it starts
(its modules are loaded) and that it has partitions; and the processor's seconds of the worker in all, which a busy machine
lengthens less.
"""

import statistics
import time

from benchmarks.servers import incidents, processor_seconds, stage
from benchmarks.telling import options, tell
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
    parser = options(__doc__)
    parser.add_argument("--starts", type=int, default=3)
    chosen = parser.parse_args()
    with stage() as ground:
        starts = [start(ground, number) for number in range(chosen.starts)]
    tell({f"start_{what}_s": statistics.median(one.get(what, 0.0) for one in starts) for what in starts[0]}, chosen)


if __name__ == "__main__":
    main()
