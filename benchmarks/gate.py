"""What a text and an event cost, counted in what no busy machine changes: the numbers that a gate in CI holds.

    python -m benchmarks.gate [--write]

Counted are the calls of this project's functions (`text`: for a text, by what rules ask of it; `calls`: for an event, by the
stage of the engine), the commands that Redis carries out for an event, those of scripts too (`commands`), and the bytes that
go to Redis and come from it (`sent`, `received`). Both workloads never change, and everything that is kept between batches
is loaded before. What only a version of Python calls (comprehensions) does not count, nor do coroutines and the watch on
them, which are called again whenever a server was waited for or others had their turn. `tests/engine/test_gate.py` compares
with the numbers kept in `gate.json`; `--write` keeps new ones.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib.resources import files
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, cast
from urllib.parse import urlsplit

import numpy as np
import redis
import yaml
from numpy.typing import NDArray
from redis.asyncio import Redis

from benchmarks.workload import Network, records
from engine import stopwatch
from engine.engine import Engine
from models.events import WrittenFields
from rules.policy import load_policy
from state.pseudonyms import Pseudonyms
from state.store import Store
from text.reading import Writing, read_writings
from twinwatch.embedded import embedded_redis

NUMBERS = Path(__file__).with_name("gate.json")
ROOMS = frozenset({"models", "text", "state", "rules", "engine"})
ALLOWED = 1.1
"""So much of the number kept may a stage take."""
SLACK = 0.5
"""And so much more, a text or an event: a tenth of next to nothing is nothing."""
EVENTS, BATCH = 600, 100
"""The first half of the events is what is remembered when the second half is counted."""
_ROOT = str(Path(__file__).parents[1]) + "/"
_WATCH = str(Path(stopwatch.__file__))
_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})
_ADDED = (
    "Please call me on +32 470 12 34 56 before Friday, or write to anna@example.org.",
    "Only today: 20 € off, buy now at https://shop.example/sale!",
    "I will k1ll you, and nobody will find you.",
    'She said "I will kill you", and the class laughed :)',
    "Jakub, 11 years, class 5b, has won the prize.",
)
"""What the phrases lack: numbers, links, prices, disguise, quotations, children."""

_KINDS = ("calls", "commands", "sent", "received")

Numbers = dict[str, dict[str, float]]
"""By what is counted, by stage: for a text or an event."""


def texts() -> list[str]:
    """The texts of the first workload."""
    said = yaml.safe_load(files("twinwatch.sample_day").joinpath("phrases.yaml").read_text("utf-8"))
    letters = [
        " ".join(phrases[kind][number] for kind in ("openers", "matters", "closers"))
        for _, phrases in sorted(said.items())
        for number in range(2)
    ]
    return [*letters, *_ADDED]


STAGES: dict[str, Callable[[Writing], object]] = {
    "hostility": lambda writing: writing.hostility,
    "personal data": lambda writing: writing.personal_data,
    "pupils": lambda writing: writing.told_of_pupils,
    "commerce": lambda writing: writing.commerce(frozenset()),
}
"""What rules ask of a text, in this order; each uses what those before it have left."""


class Calls:
    """The number of calls of this project's functions inside `counting`."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count."""
        before = sys.getprofile()
        sys.setprofile(self._called)
        try:
            yield
        finally:
            sys.setprofile(before)

    def _called(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        self.count += (
            event == "call"
            and code.co_filename.startswith(_ROOT)
            and code.co_filename[len(_ROOT) :].partition("/")[0] in ROOMS
            and code.co_filename != _WATCH
            and code.co_name not in _COMPREHENSIONS
            and not code.co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR)
        )


def of_a_text() -> dict[str, float]:
    """Calls a text, by stage."""
    fields = [(WrittenFields(text=one), None) for one in texts()]
    for writing in read_writings(fields):  # loads what is kept between texts
        for ask in STAGES.values():
            ask(writing)
    return {stage: round(count / len(fields), 1) for stage, count in _calls_by_stage(fields).items()}


def _calls_by_stage(fields: Sequence[tuple[WrittenFields, str | None]]) -> dict[str, int]:
    writings: list[Writing] = []
    calls = Calls()
    with calls.counting():
        writings.extend(read_writings(fields))
    found = {"reading": calls.count}
    for stage, ask in STAGES.items():
        before = calls.count
        with calls.counting():
            for writing in writings:
                ask(writing)
        found[stage] = calls.count - before
    return found


class Relay:
    """Between one connection and a Redis on a Unix socket: counts the bytes to it (`sent`) and from it (`received`)."""

    def __init__(self) -> None:
        self.sent = self.received = 0

    @asynccontextmanager
    async def before(self, server: str) -> AsyncIterator[str]:
        """The URL to use instead of the server's, and to leave with the context."""

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            theirs, ours = await asyncio.open_unix_connection(urlsplit(server).path)

            async def there() -> None:
                while some := await reader.read(65536):
                    self.sent += len(some)
                    ours.write(some)
                ours.close()

            answering = asyncio.create_task(there())
            while some := await theirs.read(65536):
                self.received += len(some)
                writer.write(some)
            await answering
            writer.close()
            ended.set()

        ended = asyncio.Event()
        with TemporaryDirectory(prefix="twinwatch-") as directory:
            socket = f"{directory}/relay.sock"
            relaying = await asyncio.start_unix_server(relay, socket)
            async with relaying:
                yield f"unix://{socket}"
                await ended.wait()


class Commands:
    """The number of commands that a Redis has carried out, those of scripts among them and this question's own not."""

    def __init__(self, server: str) -> None:
        self._client = redis.Redis.from_url(server)

    def count(self) -> int:
        """How many so far."""
        stats = cast(dict[str, dict[str, int]], self._client.info("commandstats"))
        return sum(one["calls"] for name, one in stats.items() if name.partition("|")[0] not in _ABOUT_THE_SERVER)


_ABOUT_THE_SERVER = frozenset({"cmdstat_info", "cmdstat_client", "cmdstat_hello", "cmdstat_script", "cmdstat_flushall"})


async def _of_an_event(server: str) -> Numbers:
    relay, calls, commands = Relay(), Calls(), Commands(server)
    async with relay.before(server) as url, Redis.from_url(url) as client:
        await _used(client, Calls(), lambda: np.zeros(len(_KINDS)))  # loads what is kept between batches
        meters = lambda: np.array([calls.count, commands.count(), relay.sent, relay.received], float)  # noqa: E731
        return await _used(client, calls, meters)


async def _used(client: "Redis", calls: Calls, meters: Callable[[], NDArray[np.float64]]) -> Numbers:
    """What the meters show for an event of the second workload, by stage."""
    await client.flushall()
    events = records(Network(1).events(EVENTS))
    policy = load_policy()
    store = Store(client, Pseudonyms(b"a key"), limits=policy.store_limits())
    # the engine only reckons with what its timer shows, and that may be several meters
    engine = Engine(policy, store, timer=cast(Any, meters))
    used: dict[str, Any] = {}
    for start in range(0, EVENTS, BATCH):
        with calls.counting():
            outcome = await engine.process(events[start : start + BATCH])
        for stage in outcome.stage_seconds if start >= EVENTS // 2 else ():
            shown = outcome.stage_seconds[stage] + outcome.wait_seconds[stage]
            used[stage] = used.get(stage, 0) + shown
    return {
        kind: {stage: round(shown[place] / (EVENTS // 2), 1) for stage, shown in used.items() if shown[place]}
        for place, kind in enumerate(_KINDS)
    }


def of_an_event(server: str) -> Numbers:
    """What an event takes of each kind, by stage, on this Redis, whose keys are deleted."""
    return asyncio.run(_of_an_event(server))


def measured(server: str) -> Numbers:
    """All numbers, on this Redis, whose keys are deleted."""
    return {"text": of_a_text(), **of_an_event(server)}


def dearer(kept: Numbers, now: Numbers) -> list[str]:
    """A line for each stage that takes more than it may."""
    return [
        f"{stage}: {count:,} {_UNITS[kind]}, {kept.get(kind, {}).get(stage, 0):,} are kept. Where what was gained is worth "
        "it, keep the new numbers: python -m benchmarks.gate --write"
        for kind, stages in now.items()
        for stage, count in stages.items()
        if count > ALLOWED * kept.get(kind, {}).get(stage, 0) + (SLACK if stage in kept.get(kind, {}) else 0)
    ]


_UNITS = {
    "text": "calls a text",
    "calls": "calls an event",
    "commands": "commands of Redis an event",
    "sent": "bytes to Redis an event",
    "received": "bytes from Redis an event",
}


def main() -> None:
    """Show them, and write them where that is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="keep them as what the gate compares with")
    options = parser.parse_args()
    with embedded_redis() as server:
        counted = measured(server.url)
    for kind, stages in counted.items():
        print("\n".join(f"{stage:14} {count:10,.1f} {_UNITS[kind]}" for stage, count in stages.items()))
    if options.write:
        NUMBERS.write_text(json.dumps(counted, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
