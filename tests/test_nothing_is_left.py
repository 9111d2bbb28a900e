"""What tests, benchmarks and `make chaos` have started ends with them, even where they are killed, as by a timeout."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import LONG_ENOUGH, REPOSITORY, descendants, eventually, is_running, lifeline, run
from twinwatch.embedded.kept import kept

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("kafka")]
"""`kafka`: skipped where there is none."""

CHAOS = ["make", "--assume-old=.venv/.dev", "--assume-old=kafka", "chaos", "SCHEDULES=1", "EVENTS=2000"]
SAME = [sys.executable, "benchmarks/same_as_replay.py", "day.jsonl"]
TESTS = [sys.executable, "-m", "pytest", "-n", "1", "-p", "no:cacheprovider", "tests/integration/test_crashes.py"]
PARTS = [
    r"kafka\.Kafka server\.properties",
    r"(redis|valkey)-server 127\.0\.0\.1:",
    r"(twinwatch worker|faulty \w+) --env-file",
]
"""A Kafka, a Redis and a worker."""


def programs_of(pid: int) -> dict[int, str]:
    """The command lines of all that a process has started, by process, without those who watch over it."""
    found = {}
    for one in descendants(pid):
        try:
            found[one] = Path(f"/proc/{one}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
    return {one: said for one, said in found.items() if "keeper.py" not in said}


@pytest.mark.parametrize("command", [CHAOS, SAME, TESTS], ids=["make chaos", "same_as_replay", "pytest"])
def test_servers_and_workers_end_with_whoever_started_them_even_where_it_is_killed(
    tmp_path: Path, command: list[str]
) -> None:
    if command == SAME:
        day = tmp_path / "day.jsonl"
        assert run(sys.executable, "-m", "twinwatch", "demo", "--write", day).returncode == 0
        command = [*SAME[:-1], str(day)]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}

    def all_are_there() -> bool:
        assert started.poll() is None, (tmp_path / "said").read_text(encoding="utf-8")
        running = programs_of(started.pid).values()
        return all(any(re.search(part, said) for said in running) for part in PARTS)

    with (
        lifeline() as pipe,
        (tmp_path / "said").open("wb") as said,
        subprocess.Popen(
            kept([Path("/usr/bin/env"), *command], pipe=pipe),
            cwd=REPOSITORY,
            env=environment | {"TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            pass_fds=[pipe],
        ) as started,
    ):
        eventually(all_are_there, what="a Kafka, a Redis and a worker run")
        programs = programs_of(started.pid)
        started.send_signal(signal.SIGKILL)
        assert started.wait(LONG_ENOUGH) == -signal.SIGKILL
        eventually(lambda: not any(map(is_running, programs)), what=f"none of these runs: {programs}")
        # directories go last: whoever deletes them waits until nobody writes to them any more
        eventually(lambda: not list(temporary.glob("twinwatch-*/server.log")), what="no server has left its log")
