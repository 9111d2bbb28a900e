"""How a worker starts and why it may not, without any server."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import SimpleNamespace
from typing import cast

import pytest
from aiokafka.errors import KafkaConnectionError

from agents import startup, worker
from agents.app import WorkerApp
from agents.fetching import Unreadable
from agents.health import SERVERS, Health, Lag, Server, Sighting
from agents.judge import Judge, OpenJudge
from agents.kafka import KafkaUnavailable
from agents.metrics import Metrics
from agents.settings import SAMPLE_PSEUDONYM_KEY, Settings
from agents.worker import EXIT_FAILED, EXIT_OK, run_worker
from engine.outcome import Outcome
from models.records import RawRecord
from rules.policy import PolicyError
from state.agreement import Disagreement, WrongStore
from state.errors import StateUnavailable
from state.requests import Others, Progress
from state.server import ServerMemory
from tests.agents.helpers import Clock, ReadsNothing, gauges, health

KEY = "a-key-of-these-tests-alone"


class FakeJudge(ReadsNothing):
    policy_version = "v"

    def __init__(self, error: Exception | None = None, policy: str = "noeviction") -> None:
        self.error = error
        self.policy = policy

    def load(self) -> None: ...

    async def reload_policy(self) -> None: ...

    async def process(self, records: Sequence[RawRecord]) -> Outcome:
        raise NotImplementedError

    async def ping(self) -> None:
        if self.error:
            raise self.error

    async def campaigns(self) -> int:
        return 0

    async def memory(self) -> ServerMemory:
        return ServerMemory(used=1, most=2, policy=self.policy)

    async def share_progress(self, progress: Progress, *, silent_after: float, kept: int) -> Others:
        raise NotImplementedError


def judging(judge: Judge) -> OpenJudge:
    @asynccontextmanager
    async def open_judge(_: Settings) -> AsyncIterator[Judge]:
        yield judge

    return open_judge


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The topics that Kafka lacks."""
    missing: list[str] = []

    async def missing_topics(_: Settings) -> list[str]:
        return missing

    monkeypatch.setattr(startup, "missing_topics", missing_topics)
    return missing


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "_SAY_SECONDS", 0.01)
    monkeypatch.setattr(startup, "_SPREAD_SECONDS", 0.01)


def complaint(capsys: pytest.CaptureFixture[str], judge: Judge | None = None, **settings: object) -> str:
    wanted = {
        "startup_timeout_seconds": 0.3,
        "metrics_host": "127.0.0.1",
        "metrics_port": 0,
        "pseudonym_key": KEY,
    } | settings
    assert run_worker(Settings.model_validate(wanted), judging(judge or FakeJudge())) == EXIT_FAILED
    last = capsys.readouterr().err.splitlines()[-1]
    assert " CRITICAL this worker cannot start: " in last
    return last


@pytest.mark.usefixtures("topics")
def test_an_unreachable_redis_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    line = complaint(capsys, FakeJudge(StateUnavailable("ConnectionError", "Error 111 connecting to redis:6379\nmore")))
    assert line.endswith("start: Redis: Error 111 connecting to redis:6379 (see TWINWATCH_REDIS_URL)")


def test_an_unreachable_kafka_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    async def missing_topics(_: Settings) -> list[str]:
        raise KafkaUnavailable("Kafka at kafka:9092 cannot be used: no broker answers")

    monkeypatch.setattr(startup, "missing_topics", missing_topics)
    assert "Kafka at kafka:9092 cannot be used" in complaint(capsys)


def test_a_kafka_that_hangs_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    async def missing_topics(_: Settings) -> list[str]:
        await asyncio.sleep(60)
        return []

    monkeypatch.setattr(startup, "missing_topics", missing_topics)
    assert "Kafka at localhost:9092 cannot be used: no broker answers" in complaint(capsys)


@pytest.mark.usefixtures("short_pauses")
def test_missing_topics_are_named_at_once_with_what_to_run(
    capsys: pytest.CaptureFixture[str], topics: list[str]
) -> None:
    topics += ["incidents", "incidents.shadow"]
    line = complaint(capsys, startup_timeout_seconds=600)  # more than this test may take
    assert "Kafka has no topic incidents, incidents.shadow; run: twinwatch topics create" in line


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize("key", [SAMPLE_PSEUDONYM_KEY, "changeme-changeme-or-else", "x" * 40, "ab12" * 10])
def test_a_pseudonym_key_that_is_no_secret_is_one_line_that_does_not_tell_it(
    capsys: pytest.CaptureFixture[str], key: str
) -> None:
    line = complaint(capsys, pseudonym_key=key)
    assert "TWINWATCH_PSEUDONYM_KEY" in line
    assert key not in line


@pytest.mark.usefixtures("topics")
def test_a_taken_port_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        line = complaint(capsys, metrics_port=taken.getsockname()[1])
    assert "TWINWATCH_METRICS_PORT" in line
    assert "address already in use" in line


def test_a_wrong_policy_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def open_judge(_: Settings) -> AbstractAsyncContextManager[Judge]:
        raise PolicyError("policy.yaml: rules.mass_messaging.mode: found 'lively'")

    assert run_worker(Settings(pseudonym_key=KEY), open_judge) == EXIT_FAILED
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("this worker cannot start: policy.yaml: rules.mass_messaging.mode: found 'lively'")


@pytest.mark.usefixtures("topics")
def test_the_last_line_is_json_where_the_log_is(capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(pseudonym_key=KEY, log_format="json", metrics_host="127.0.0.1", metrics_port=0)
    assert run_worker(settings, judging(FakeJudge(policy="allkeys-lru"))) == EXIT_FAILED
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (lines[-1]["level"], lines[-1]["logger"]) == ("critical", "agents.worker")
    assert lines[-1]["message"].startswith("this worker cannot start: Redis throws away what is remembered")


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl", "allkeys-random", ""])
def test_a_redis_that_evicts_is_refused_at_once_in_one_line(capsys: pytest.CaptureFixture[str], policy: str) -> None:
    line = complaint(capsys, FakeJudge(policy=policy), startup_timeout_seconds=600)
    for words in (f"(maxmemory-policy {policy or 'not told'})", "noeviction", "TWINWATCH_REDIS_ALLOW_EVICTION=true"):
        assert words in line


def test_a_redis_of_others_is_refused_at_once_in_one_line_that_says_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for what, words in (
        ("pseudonym key", "another TWINWATCH_PSEUDONYM_KEY"),
        ("number of shards", "another TWINWATCH_REDIS_SHARDS, and members would be counted apart: it is 4 there"),
    ):
        error = WrongStore(cast(Disagreement, what), "tw9:{s0}:settings", 4)
        line = complaint(capsys, FakeJudge(error), startup_timeout_seconds=600)
        assert words in line
        assert "redis-cli unlink 'tw9:{s0}:settings' (see docs/security.md)" in line


@pytest.mark.parametrize("hangs", [False, True])
@pytest.mark.usefixtures("topics", "short_pauses")
def test_what_is_waited_for_is_said_again_and_again(capsys: pytest.CaptureFixture[str], hangs: bool) -> None:
    class SlowJudge(FakeJudge):
        said = 0

        async def ping(self) -> None:
            # until it was said a few times, however long that takes
            while hangs and self.said < 4:
                self.said += capsys.readouterr().err.count("Redis does not answer in time (see TWINWATCH_REDIS_URL)")
                await asyncio.sleep(0.01)
            if not hangs:
                self.said += capsys.readouterr().err.count(
                    " of 600 s: Redis: Connection refused (see TWINWATCH_REDIS_URL)"
                )
                if self.said < 4:
                    raise StateUnavailable("ConnectionError", "Connection refused")
            self.policy = "allkeys-lru"

    complaint(capsys, SlowJudge(), startup_timeout_seconds=600)


async def _started(monkeypatch: pytest.MonkeyPatch, judge: Judge, **more: object) -> int:
    """The status of a worker that would read now."""

    async def consume(*_: object) -> int:
        return EXIT_OK

    monkeypatch.setattr(worker, "_consume", consume)
    usual = {"startup_timeout_seconds": 600, "metrics_host": "127.0.0.1", "metrics_port": 0, "pseudonym_key": KEY}
    settings = Settings.model_validate(usual | more)
    return await worker._run(settings, judging(judge), worker._Exit())


@pytest.mark.usefixtures("topics")
def test_eviction_may_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = FakeJudge(policy="allkeys-lru")
    assert asyncio.run(_started(monkeypatch, judge, redis_allow_eviction=True)) == EXIT_OK


@pytest.mark.usefixtures("topics")
def test_tables_are_loaded_before_anything_is_read_and_ready_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    health_of_all = Health(stall_seconds=30)
    monkeypatch.setattr(worker, "Health", lambda **_: health_of_all)

    class LoadingJudge(FakeJudge):
        def load(self) -> None:
            told.extend(health_of_all.why_not_ready())
            assert health_of_all.why_dead() == []

    assert asyncio.run(_started(monkeypatch, LoadingJudge())) == EXIT_OK
    assert told == ["word lists are being loaded"]
    assert health_of_all.why_not_ready() == ["Kafka has not assigned partitions yet"]


def test_servers_that_come_late_but_in_time_are_waited_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = FakeJudge(StateUnavailable("BusyLoadingError", "loading"))
    answers: list[Exception | list[str]] = [KafkaUnavailable("no broker answers"), ["incidents"], []]

    async def missing_topics(_: Settings) -> list[str]:
        answer = answers.pop(0)  # a broker may learn of new topics a moment later than another
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(startup, "missing_topics", missing_topics)

    async def run() -> int:
        asyncio.get_running_loop().call_later(0.2, setattr, judge, "error", None)
        return await _started(monkeypatch, judge)

    assert asyncio.run(run()) == EXIT_OK
    assert answers == []


class FakeObserver:
    """Sees what the test wants, one look after the other; then never answers again."""

    def __init__(self, *looks: Sighting | Exception) -> None:
        self.looks = iter(looks)
        self.all_seen = asyncio.Event()

    def __call__(self, _: Settings) -> "FakeObserver":
        return self

    async def __aenter__(self) -> "FakeObserver":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def look(self, *_: object) -> Sighting:
        look = next(self.looks, None)
        if look is None:
            self.all_seen.set()
            await asyncio.Event().wait()
        if isinstance(look, Exception):
            raise look
        return cast(Sighting, look)


P = ("activity.messages", 0)


def watched(
    monkeypatch: pytest.MonkeyPatch,
    condition: Health,
    metrics: Metrics,
    *looks: Sighting | Exception,
    unreadable: dict[tuple[str, int], Unreadable] | None = None,
    seconds_behind: float = 0.0,
) -> str:
    """Why `_watch` ends after these looks; empty where it does not."""
    observer = FakeObserver(*looks)
    monkeypatch.setattr(worker, "GroupObserver", observer)
    monkeypatch.setattr(worker, "_LOOK_SECONDS", 0.01)
    clock = SimpleNamespace(seconds_behind=seconds_behind)
    batches = SimpleNamespace(oldest_unconfirmed=None, member="", unreadable=unreadable or {}, clock=clock)
    app = cast(WorkerApp, SimpleNamespace(batches=batches))

    async def run() -> str:
        watching = asyncio.create_task(worker._watch(Settings(), app, metrics, condition))
        seen = asyncio.create_task(observer.all_seen.wait())
        await asyncio.wait([watching, seen], return_when=asyncio.FIRST_COMPLETED)
        for task in (watching, seen):
            task.cancel()
        return "" if seen.done() and not seen.cancelled() else await watching

    return asyncio.run(run())


def behind(backlog: int) -> Sighting:
    lag = {P: Lag(records=backlog, since=1)}
    return Sighting(backlog={P: backlog, ("activity.media", 0): 99}, committed={P: 0}, lag=lag, waiting=True)


def test_a_worker_that_is_up_and_idle_while_records_wait_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, metrics = Clock(), Metrics()
    condition = health(clock)
    condition.assign(frozenset([P]))
    clock.now += 31
    assert watched(monkeypatch, condition, metrics, behind(7)) == "records wait and none was judged for 31 s"
    lag = {name: value for name, value in gauges(metrics).items() if "lag_records" in name}
    assert lag == {'twinwatch_consumer_lag_records{partition="0",topic="activity.messages"}': 7}


def test_a_worker_does_not_end_while_kafka_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    condition = health(clock)
    condition.assign(frozenset([P]))
    clock.now += 31
    errors = (KafkaConnectionError(), TimeoutError(), OSError())
    assert watched(monkeypatch, condition, Metrics(), *errors) == ""
    assert condition.why_not_ready() == ["Kafka does not tell how the consumer group stands: OSError"]
    assert watched(monkeypatch, condition, Metrics(), behind(7)) == "", "it has its time anew"
    assert condition.why_not_ready() == []


def test_what_cannot_be_read_is_told_for_as_long_as_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, condition = Metrics(), health()
    condition.assign(frozenset([P]))
    bad = Unreadable(offset=9, end=18, cause="its checksum does not fit")
    name = 'twinwatch_unreadable_offset{partition="0",topic="activity.messages"}'
    idle = Sighting(backlog={P: 9}, committed={P: 9}, lag={P: Lag(records=9, since=1)}, waiting=False)
    assert watched(monkeypatch, condition, metrics, idle, unreadable={P: bad}) == ""
    assert gauges(metrics)[name] == 9
    [told] = condition.why_not_ready()
    assert told.startswith("activity.messages/0 cannot be read at offsets 9 to 17: its checksum does not fit")
    assert condition.why_dead() == []
    assert watched(monkeypatch, condition, metrics, idle) == ""
    assert name not in gauges(metrics)
    assert condition.why_not_ready() == []


def test_a_worker_whose_clock_is_wrong_says_so_and_does_not_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock, metrics = Clock(), Metrics()
    condition = health(clock)
    condition.assign(frozenset([P]))
    clock.now += 31
    looks = (behind(7), behind(7))
    # by the time of the look it has stood still for too long, for want of a clock
    assert watched(monkeypatch, condition, metrics, *looks, seconds_behind=600) == ""
    assert gauges(metrics)["twinwatch_clock_behind_seconds"] == 600
    [told] = condition.why_not_ready()
    assert told.startswith("this machine's clock is 600 s behind that of Kafka's records")
    assert [record.getMessage() for record in caplog.records] == [told], "it is logged once"
    assert watched(monkeypatch, condition, metrics, behind(7)) == ""
    assert gauges(metrics)["twinwatch_clock_behind_seconds"] == 0
    assert condition.why_not_ready() == []


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("failures", [0, 2])
def test_who_has_waited_for_kafka_at_its_start_knows_when_it_came_up(server: Server, failures: int) -> None:
    condition = Health(stall_seconds=30)
    tries = 0

    async def check() -> None:
        nonlocal tries
        tries += 1
        if tries <= failures:
            raise KafkaUnavailable("Kafka does not answer")

    async def run() -> None:
        wait = startup._Wait(condition, 60)
        wait.begin(server, "it does not answer")
        await wait.until_done(check)

    asyncio.run(run())
    assert (condition.kafka_came_up is not None) == (server == "kafka" and failures > 0)
    assert condition.outages == []


def test_memory_is_given_back_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def tidied(times: int) -> None:
        enough = asyncio.Event()
        given: list[None] = []

        def give_back() -> None:
            given.append(None)
            if len(given) == times:
                enough.set()

        monkeypatch.setattr(worker, "give_back_memory", give_back)
        monkeypatch.setattr(worker, "_TIDY_SECONDS", 0)
        tidying = asyncio.create_task(worker._tidy())
        await asyncio.wait_for(enough.wait(), 60)
        tidying.cancel()

    asyncio.run(tidied(3))
