"""The demonstration: a sample day through Kafka, a real worker and Redis, on a machine that has none of them."""

import asyncio
import os
import re
import secrets
import signal
import socket
import sys
import tempfile
import textwrap
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from agents.kafka import READ_COMMITTED
from agents.topics import DEAD_LETTERS, FOR_OPERATORS, INCIDENTS, SHADOW_INCIDENTS, TOPICS
from models.incidents import Incident
from twinwatch.embedded import EmbeddedServerError, embedded_kafka, embedded_redis
from twinwatch.embedded.kept import kept
from twinwatch.failures import to_be_typed
from twinwatch.report import SEVERITY_STYLES, counts_table, incident_text, incidents_table, line_console, printable
from twinwatch.sample_day import (
    EXPECTED,
    EXPECTED_DEAD_LETTERS,
    STRIKE,
    UNWANTED_MEMBERS,
    Expectation,
    evening,
    timed_sample_day,
    yesterday,
)

PAST_DAYS = 3_650
"""Where `--forever` starts: events must not lie in the future, so its days come from the past."""
_READY_SECONDS = 60.0
_SETTLE_SECONDS = 45.0
_QUIET_SECONDS = 2.0
_STOP_SECONDS = 10.0
_PACE_SECONDS = 0.05
_LINGER_MS = 100
"""Records are sent together: the embedded broker answers a fetch with no more than one such bundle of a partition."""
_LOG_LINES_SHOWN = 15


_Result = TypeVar("_Result")


class DemoFailed(Exception):  # noqa: N818 - what happened, in one line
    """The demonstration could not be carried out."""


async def run_demo(
    *,
    forever: bool = False,
    speed: float = 3_600.0,
    seed: int = 1,
    keep: bool = False,
    picture: Path | None = None,
) -> bool:
    """Play the sample day, show what is found, and tell whether all of it was. Raises `DemoFailed`.

    With `forever` it plays one day after the other until it is cancelled or has caught up with the present. With `keep` the
    servers and the worker stay until it is cancelled. `picture` is where a picture of what was found goes (SVG).
    """
    console = line_console()
    task = asyncio.current_task()
    if task:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with AsyncExitStack() as stack:
        console.print("Starting Redis, Kafka and a worker, all on this machine …", style="dim")
        try:
            redis = stack.enter_context(embedded_redis())
            kafka = stack.enter_context(embedded_kafka([topic.name for topic in (*TOPICS, *FOR_OPERATORS)]))
        except EmbeddedServerError as error:
            raise DemoFailed(str(error)) from error
        metrics_port = _free_port()
        worker = await stack.enter_async_context(_worker(redis.url, kafka.bootstrap_servers, metrics_port))
        await worker.or_its_end(_ready(metrics_port))
        console.print(
            f"Redis at {redis.url}, Kafka at {kafka.bootstrap_servers}. The broker keeps everything in memory only: "
            f"it ends with this command.\nMetrics of the worker meanwhile: http://127.0.0.1:{metrics_port}/metrics\n",
            style="dim",
        )
        producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, linger_ms=_LINGER_MS)
        stack.push_async_callback(producer.stop)  # which also ends a start that was broken off
        await producer.start()
        watch = _Watch(console)
        reading = asyncio.create_task(watch.read(kafka.bootstrap_servers))
        stack.push_async_callback(_cancel, reading)
        playing = _play(console, producer, watch, metrics_port, forever=forever, speed=speed, seed=seed)
        try:
            judged = await worker.or_its_end(playing, reading)
        except asyncio.CancelledError:
            _sum_up(console, watch, None)
            raise
        found_everything = _sum_up(console, watch, judged)
        if picture:
            picture.write_text(_picture(watch), encoding="utf-8")
            console.print(f"The picture of it: {picture}", style="dim")
        if keep:
            console.print(_KEPT.format(command=to_be_typed(), env_file=worker.env_file), style="dim")
            await worker.or_its_end(_for_ever(), reading)
        return found_everything


_KEPT = """
The servers and the worker stay until Ctrl-C. In another terminal:
    {command} incidents list --since 3d --env-file {env_file}
    {command} incidents watch --env-file {env_file}"""


_UPHELD = f"A moderator upholds the {STRIKE.rule} of {STRIKE.actor}, who then breaks another rule"


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _play(
    console: Console,
    producer: AIOKafkaProducer,
    watch: "_Watch",
    metrics_port: int,
    *,
    forever: bool,
    speed: float,
    seed: int,
) -> Counter[str]:
    """Play all days, and tell what the worker judged."""
    sent = 0
    day = yesterday() - timedelta(days=PAST_DAYS) if forever else yesterday()
    while day <= yesterday():
        console.print(f"{day:%A, %d %B %Y}", style="bold underline")
        sent += await _play_day(console, producer, day, speed, seed)
        if forever:
            day += timedelta(days=1)
        else:
            break
    if forever:
        console.print("Caught up with the present: there are no more days to play.")
    judged = await _all_judged(metrics_port, sent)
    await watch.quiet()
    strike = watch.first_found.get((STRIKE.rule, STRIKE.actor))
    if not forever and strike:
        console.print(_UPHELD, style="bold")
        for record in evening(day, strike.incident_id):
            await producer.send_and_wait(record.topic, record.value, key=record.key)
            sent += 1
            judged = await _all_judged(metrics_port, sent)  # what a member does after the verdict is judged after it
        await watch.quiet()
    return judged


async def _play_day(console: Console, producer: AIOKafkaProducer, day: date, speed: float, seed: int) -> int:
    """Send the day's records, `speed` times as fast as they happened, and tell how many there were."""
    records = list(timed_sample_day(day, seed))
    first, last = records[0][0], records[-1][0]
    loop = asyncio.get_running_loop()
    start = loop.time()
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[sent]} events"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with progress:
        task = progress.add_task("", total=last - first, sent="0")
        for number, (hour, record) in enumerate(records):
            due = start + (hour - first) * 3600 / speed
            if due - loop.time() > _PACE_SECONDS:
                progress.update(task, completed=hour - first, description=_clock(hour), sent=f"{number:,}")
                await asyncio.sleep(due - loop.time())
            await producer.send(record.topic, record.value, key=record.key)
        await producer.flush()
    return len(records)


class _Watch:
    """Reads what the worker writes, and shows incidents as they come."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last_news = 0.0
        self.incidents: dict[tuple[str, str], set[str]] = {}
        self.revisions: Counter[tuple[str, str]] = Counter()
        self.first_found: dict[tuple[str, str], Incident] = {}
        self.dead_letters: Counter[str] = Counter()

    async def read(self, bootstrap_servers: str) -> None:
        """Follow the three topics for ever."""
        consumer = AIOKafkaConsumer(
            INCIDENTS,
            SHADOW_INCIDENTS,
            DEAD_LETTERS,
            bootstrap_servers=bootstrap_servers,
            group_id=None,  # all partitions, and nobody to share them with
            auto_offset_reset="earliest",
            isolation_level=READ_COMMITTED,
        )
        try:
            await consumer.start()
            async for record in consumer:
                self._last_news = asyncio.get_running_loop().time()
                if record.topic == DEAD_LETTERS:
                    self._dead_letter(dict(record.headers))
                else:
                    self._incident(msgspec.json.decode(record.value, type=Incident))
        finally:
            await consumer.stop()

    def _incident(self, incident: Incident) -> None:
        kind = (incident.mode, incident.rule)
        self.incidents.setdefault(kind, set()).add(incident.incident_id)
        self.revisions[kind] += 1
        self.first_found.setdefault((incident.rule, incident.subject_id), incident)
        self._console.print(incident_text(incident))

    def _dead_letter(self, headers: dict[str, bytes]) -> None:
        reason, detail = headers["reason"].decode(), headers["detail"].decode()
        self.dead_letters[reason] += 1
        shortened = textwrap.shorten(detail, 100, placeholder=" …")
        self._console.print(f"       dead letter: {reason}: {printable(shortened)}", style="dim", markup=False)

    def found(self, expectation: Expectation) -> Incident | None:
        """The first incident that meets the expectation."""
        for subject in expectation.subjects:
            if incident := self.first_found.get((expectation.rule, subject)):
                return incident
        return None

    def false_alarms(self) -> list[Incident]:
        """Incidents about members who did nothing wrong."""
        return [
            one for one in self.first_found.values() if one.mode == "live" and one.subject_id not in UNWANTED_MEMBERS
        ]

    def after_the_verdict(self) -> Incident | None:
        """What was found of the member whom the moderator's verdict was about, after it."""
        return self.first_found.get((STRIKE.again, STRIKE.actor))

    async def quiet(self) -> None:
        """Wait until nothing more comes."""
        loop = asyncio.get_running_loop()
        self._last_news = loop.time()
        while loop.time() - self._last_news < _QUIET_SECONDS:
            await asyncio.sleep(_PACE_SECONDS)


def _sum_up(console: Console, watch: _Watch, judged: Counter[str] | None) -> bool:
    """Say what was found, and whether that is all. `judged` is None where the day was broken off."""
    console.print()
    if judged is not None:
        console.print(counts_table("Records judged", ("type", "records"), sorted(judged.items())))
        console.print()
    console.print(incidents_table(watch.incidents, watch.revisions))
    console.print()
    played = {reason.value: count for reason, count in EXPECTED_DEAD_LETTERS.items()}
    reasons = sorted(played.keys() | watch.dead_letters.keys())
    letters = [(reason, played.get(reason, 0), watch.dead_letters[reason]) for reason in reasons]
    console.print(counts_table("Unusable records", ("reason", "played", "found"), letters))
    console.print()
    rows = []
    for expectation in EXPECTED:
        incident = watch.found(expectation)
        missed = "MISSING" if judged is not None else "not yet"
        when = incident.occurred_at.strftime("%H:%MZ") if incident else missed
        rows.append((expectation.case, expectation.rule, when))
    console.print(counts_table("What the day had in store", ("case", "rule", "found at"), rows))
    missing = sum(watch.found(expectation) is None for expectation in EXPECTED)
    console.print(f"\n{_result(watch)}")
    for incident in watch.false_alarms():
        console.print(incident_text(incident))
    again = watch.after_the_verdict()
    if again:
        console.print(_changed(again))
        console.print(incident_text(again))
    letters_found = all(watch.dead_letters[reason] >= count for reason, count in played.items())
    as_it_should = missing == 0 and letters_found and watch.dead_letters.keys() <= played.keys()
    return as_it_should and (again is None or again.prior_incidents == 1)


def _result(watch: _Watch) -> str:
    found = sum(watch.found(expectation) is not None for expectation in EXPECTED)
    wrong = len(watch.false_alarms())
    return f"{found} of {len(EXPECTED)} cases found, {wrong} incidents about members who did nothing wrong."


def _changed(again: Incident) -> str:
    return (
        f"What the verdict changed: {STRIKE.actor} has {again.prior_incidents} upheld before, and the next incident "
        f"proposes {again.recommended_action}:"
    )


_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_PICTURE_COLUMNS = 112


def _picture(watch: _Watch) -> str:
    """What the day comes to, as a terminal shows it: the first incident of each rule, the verdict, and what it changed.

    It asks for no font of another server.
    """
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(file=nowhere, record=True, width=_PICTURE_COLUMNS, force_terminal=True, highlight=False)
        of_rules: dict[str, Incident] = {}
        for incident in sorted(watch.first_found.values(), key=lambda one: (one.occurred_at, one.rule)):
            of_rules.setdefault(incident.rule, incident)
        console.print(_rows(of_rules.values()))
        if again := watch.after_the_verdict():
            console.print(f"\n{_UPHELD}", style="bold")
            console.print(_rows([again]))
            console.print(_changed(again).removesuffix(":") + ".", style="bold")
        console.print(f"\n{_result(watch)}", style="bold")
    return _FONT.sub("", console.export_svg(title="make run", unique_id="demo")) + "\n"


def _rows(incidents: Iterable[Incident]) -> Table:
    """Incidents as lines; what is too long for one goes on below its beginning."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column()
    for incident in incidents:
        words = Text(printable(incident.subject_id), "magenta")
        words.append("  (shadow)" if incident.mode == "shadow" else "", "dim")
        words.append(f"  {printable(incident.summary)}", "not magenta")
        table.add_row(
            f"{incident.occurred_at:%H:%MZ}",
            Text(incident.severity, SEVERITY_STYLES[incident.severity]),
            Text(f"{incident.rule:<24}", "bold"),
            words,
        )
    return table


# --- the worker --------------------------------------------------------------------------------


class _Worker:
    """A worker in a process of its own, as it would run in production."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, env_file: Path) -> None:
        self.env_file = env_file
        self._process = process
        self._log = log

    async def or_its_end(self, work: Coroutine[Any, Any, _Result], *companions: "asyncio.Task[None]") -> _Result:
        """The result of `work`. Raises `DemoFailed` when the worker ends first, or what a companion failed with."""
        task = asyncio.create_task(work)
        ended = asyncio.create_task(self._process.wait())
        try:
            done, _ = await asyncio.wait([task, ended, *companions], return_when=asyncio.FIRST_COMPLETED)
            if task in done:
                try:
                    return task.result()
                except DemoFailed as error:
                    raise DemoFailed(f"{error}; it said:\n{self._last_words()}") from error
            for companion in companions:
                if companion in done:
                    companion.result()
            raise DemoFailed(f"the worker ended with status {self._process.returncode}; it said:\n{self._last_words()}")
        finally:
            await _cancel(task)
            await _cancel(ended)

    def _last_words(self) -> str:
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return "\n".join(printable(line) for line in lines[-_LOG_LINES_SHOWN:]) or "nothing"

    async def stop(self) -> None:
        """Ask it to end, and end it when it does not."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def _worker(redis_url: str, bootstrap_servers: str, metrics_port: int) -> AsyncIterator[_Worker]:
    with tempfile.TemporaryDirectory(prefix="twinwatch-demo-") as directory:
        # An env file of our own, so that neither the caller's variables nor a .env lead the worker elsewhere.
        env_file, log = Path(directory, "demo.env"), Path(directory, "worker.log")
        env_file.write_text(
            f"TWINWATCH_REDIS_URL={redis_url}\n"
            f"TWINWATCH_KAFKA_BOOTSTRAP_SERVERS={bootstrap_servers}\n"
            "TWINWATCH_METRICS_HOST=127.0.0.1\n"
            f"TWINWATCH_METRICS_PORT={metrics_port}\n"
            f"TWINWATCH_PSEUDONYM_KEY={secrets.token_hex(32)}\n"
            "TWINWATCH_LOG_LEVEL=warning\n",
            encoding="utf-8",
        )
        environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("TWINWATCH_")}
        with log.open("wb") as stream:
            # A session of its own: Ctrl-C reaches this process alone, which then ends the worker in good order.
            process = await asyncio.create_subprocess_exec(
                *kept([sys.executable, "-m", "twinwatch", "worker", "--env-file", env_file], Path(directory)),
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        worker = _Worker(process, log, env_file)
        try:
            yield worker
        finally:
            await worker.stop()


async def _ready(metrics_port: int) -> None:
    """Wait until the worker says that it can take events."""
    url = f"http://127.0.0.1:{metrics_port}/ready"
    try:
        async with asyncio.timeout(_READY_SECONDS), aiohttp.ClientSession() as session:
            while True:
                with suppress(aiohttp.ClientError):  # nobody listens there yet
                    async with session.get(url) as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(_PACE_SECONDS)
    except TimeoutError as error:
        raise DemoFailed(f"the worker was not ready within {_READY_SECONDS:.0f} seconds") from error


async def _all_judged(metrics_port: int, sent: int) -> Counter[str]:
    """Wait until the worker has judged as many records as were sent; how many of each type, by its own metrics."""
    url = f"http://127.0.0.1:{metrics_port}/metrics"
    judged: Counter[str] = Counter()
    try:
        async with asyncio.timeout(_SETTLE_SECONDS), aiohttp.ClientSession() as session:
            while judged.total() < sent:
                await asyncio.sleep(_PACE_SECONDS)
                async with session.get(url) as response:
                    judged = _judged_by_type(await response.text())
    except TimeoutError as error:
        raise DemoFailed(f"the worker judged {judged.total():,} of {sent:,} records, then no more") from error
    return judged


def _judged_by_type(metrics: str) -> Counter[str]:
    judged: Counter[str] = Counter()
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name == "twinwatch_events_total":
                judged[sample.labels["type"]] += int(sample.value)
    return judged


async def _cancel(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    await asyncio.wait([task])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _clock(hour: float) -> str:
    return f"{int(hour):02}:{int(hour % 1 * 60):02}"
