"""What is promised in seconds, measured: tests only look that it comes to pass.

    python -m benchmarks.promises [--write] [--only NAME]

A genuine Apache Kafka (`make kafka` fetches it), a Redis-compatible server, and workers in processes of their own. A worker
that is asked to stop ends within ten seconds, whatever it is in the middle of; one that is idle while records wait is
unhealthy within `stall_seconds` and five more; one whose Kafka does not speak Kafka's protocol gives up within its
`startup_timeout_seconds` and ten more. The exit status is 0 where every promise is kept. The machine should have nothing
else to do.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex
from socket import socket

from msgspec import Struct

from benchmarks.pages import recorded
from tests.integration.stage import Stage, Worker, command
from tests.integration.workload import copied_messages, own_affairs
from tests.servers import KafkaServer, RedisServer, ServerMissing, eventually, require_redis

STOP_SECONDS = 10.0
STALL_SECONDS, UNHEALTHY_SECONDS = 4.0, 5.0
STARTUP_SECONDS, GIVE_UP_SECONDS = 5.0, 10.0


class Ground(Struct):
    """The servers, and a directory for stages on them."""

    kafka: KafkaServer
    redis: RedisServer
    directory: Path

    @contextmanager
    def stage(self) -> Iterator[Stage]:
        """One with topics of its own."""
        stage = Stage(self.kafka.bootstrap_servers, self.redis.url, self.directory, prefix=f"promise-{token_hex(4)}.")
        stage.create_topics(4)
        try:
            yield stage
        finally:
            stage.close()


def seconds_to_stop(worker: Worker) -> float:
    """From the signal to the end."""
    begin = time.monotonic()
    if worker.stop():
        sys.exit(worker.said)
    return time.monotonic() - begin


def in_the_middle(stage: Stage) -> Worker:
    """A worker with records before it and behind it."""
    stage.send(own_affairs(actors=80, rounds=60, seed=3))
    worker = stage.start_worker(batch_max_records=50)
    eventually(lambda: worker.judged() > 0, what="it is in the middle of it")
    return worker


def stopped(ground: Ground, begin: Callable[[], object], end: Callable[[], object]) -> float:
    """While something is wrong with a server, between `begin` and `end`."""
    with ground.stage() as stage:
        worker = in_the_middle(stage)
        begin()
        try:
            time.sleep(1)
            return seconds_to_stop(worker)
        finally:
            end()


def stopped_at_once(ground: Ground) -> float:
    """Before it has begun."""
    with ground.stage() as stage:
        worker = stage.start_worker(ready=False)
        eventually(lambda: worker.get("/live")[0] == 200, what="it serves")
        return seconds_to_stop(worker)


def unhealthy(ground: Ground) -> float:
    """From when records wait that are not read."""
    with ground.stage() as stage:
        worker = stage.start_worker(fault="reading_ends", stall_seconds=STALL_SECONDS)
        stage.send(copied_messages("anna", 3))
        stage.wait_until_judged()
        begin = time.monotonic()
        stage.send(copied_messages("anna", 9, first=3))
        eventually(lambda: worker.get("/live")[0] != 200, what="the worker is unhealthy")
        return time.monotonic() - begin


def given_up(ground: Ground) -> float:
    """On a port that accepts connections and says nothing."""
    with socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        stage = Stage(f"127.0.0.1:{silent.getsockname()[1]}", ground.redis.url, ground.directory)
        begin = time.monotonic()
        done = command("worker", "--env-file", str(stage.env_file(startup_timeout_seconds=STARTUP_SECONDS)))
        if done.returncode != 1:
            sys.exit(done.stderr)
        return time.monotonic() - begin


def nothing() -> None:
    """Nothing is wrong."""


PROMISES: dict[str, tuple[float, Callable[[Ground], float]]] = {
    "stops under load": (STOP_SECONDS, lambda g: stopped(g, nothing, nothing)),
    "stops while Redis hangs": (STOP_SECONDS, lambda g: stopped(g, g.redis.pause, g.redis.resume)),
    "stops while Redis is gone": (STOP_SECONDS, lambda g: stopped(g, g.redis.kill, g.redis.start)),
    "stops while Kafka hangs": (STOP_SECONDS, lambda g: stopped(g, g.kafka.pause, g.kafka.resume)),
    "stops while Kafka is gone": (STOP_SECONDS, lambda g: stopped(g, g.kafka.kill, g.kafka.start)),
    "stops before it has begun": (STOP_SECONDS, stopped_at_once),
    "is unhealthy when idle": (STALL_SECONDS + UNHEALTHY_SECONDS, unhealthy),
    "gives up without Kafka": (STARTUP_SECONDS + GIVE_UP_SECONDS, given_up),
}


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PROMISES, metavar="NAME", help=f"one of: {', '.join(PROMISES)}")
    parser.add_argument("--write", action="store_true", help="write the table into the page of docs")
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write: found it with --only, expected the whole table")
    kept = True
    with ExitStack() as stack:
        try:
            kafka = stack.enter_context(KafkaServer()).start()
            redis = stack.enter_context(RedisServer(require_redis())).start()
        except ServerMissing as why:
            parser.error(str(why))
        ground = Ground(kafka, redis, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twinwatch-"))))
        stack.enter_context(recorded("reliability.md", "promises", write=options.write))
        print("| a worker | promised | took |\n|---|---|---|")
        for name in [options.only] if options.only else PROMISES:
            promised, measure = PROMISES[name]
            took = measure(ground)
            kept = kept and took <= promised
            print(f"| {name} | {promised:.0f} s | {took:.1f} s{'' if took <= promised else ' TOO LONG'} |", flush=True)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
