"""Logs, metrics, topics, waiting and the small web server."""

import asyncio
import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from time import time
from typing import Literal

import aiohttp
import msgspec
import pytest

from agents.back_off import FIRST_DELAY, LONGEST_DELAY, BackOff, Interrupted
from agents.health import Lag
from agents.logs import JsonFormatter, log_what_tasks_raise, set_up_logging, threads_speak_discreetly
from agents.metrics import Metrics
from agents.settings import Settings
from agents.topics import DEAD_LETTERS, OUTPUTS, TOPICS
from agents.web import serve
from engine.outcome import Outcome
from models.events import TOPICS as EVENT_TOPICS
from tests.agents.helpers import NOW, Clock, gauges, health, incident, letter, outcome, record
from tests.servers import LONG_ENOUGH

# --- logs


def test_a_json_line_is_one_line_whatever_is_logged() -> None:
    logged = logging.LogRecord("agents", logging.WARNING, "f", 1, "two\nlines, %s", ("é",), None)
    line = JsonFormatter().format(logged)
    assert "\n" not in line
    assert json.loads(line)["message"] == "two\nlines, é"
    assert json.loads(line)["level"] == "warning"
    named = logging.LogRecord(
        "agents", logging.INFO, "f", 1, "%(count)d: %(error)s", ({"count": 3, "error": OSError("x")},), None
    )
    told = json.loads(JsonFormatter().format(named))
    assert (told["message"], told["count"], told["error"]) == ("3: x", 3, "x")


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_libraries_never_log_their_debugging_which_holds_whole_records(level: str) -> None:
    set_up_logging(Settings(log_level=level))
    for library in ("aiokafka.consumer", "faust.streams", "mode", "redis", "aiohttp.web", "asyncio", "something.new"):
        assert not logging.getLogger(library).isEnabledFor(logging.DEBUG)
    assert logging.getLogger("agents.worker").isEnabledFor(getattr(logging, level.upper()))


SECRET = "what Anna wrote"


def failed() -> Exception:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(SECRET) from error
    except ValueError as error:
        return error


@pytest.mark.parametrize("layout", ["plain", "json"])
def test_what_an_exception_says_is_not_logged(
    capsys: pytest.CaptureFixture[str], layout: Literal["plain", "json"]
) -> None:
    set_up_logging(Settings(log_level="debug", log_format=layout))
    error = failed()
    logging.getLogger("mode").error("Crashed reason=%r", error, exc_info=error)
    logging.getLogger("agents").error("%(what)s failed", {"what": error})
    with threads_speak_discreetly():
        thread = threading.Thread(target=lambda: {"": None}[SECRET])
        thread.start()
        thread.join()

    async def leave_a_task() -> None:
        log_what_tasks_raise(asyncio.get_running_loop())
        future = asyncio.get_running_loop().create_future()
        future.set_exception(error)
        del future

    asyncio.run(leave_a_task())
    said = capsys.readouterr().err
    assert SECRET not in said
    for word in ("Crashed", "ValueError", "KeyError", "a thread has failed", "a task has failed", "test_surroundings"):
        assert word in said


def test_what_the_system_says_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(Settings())
    logging.getLogger("agents").error("no: %s", ConnectionRefusedError("kafka:9092"))
    assert "no: kafka:9092" in capsys.readouterr().err


# --- metrics


def test_metrics_count_what_a_batch_came_to() -> None:
    metrics = Metrics()
    found = outcome(incident("i1"), letters=(letter(record(1)),), events=5)
    metrics.record_batch(
        6,
        Outcome(
            incidents=found.incidents,
            dead_letters=found.dead_letters,
            event_counts=found.event_counts | {("unknown", "not_json"): 1},
            stage_seconds={"decode": 0.002},
        ),
    )
    samples = gauges(metrics)
    assert samples['twinwatch_events_total{outcome="accepted",type="message"}'] == 5
    assert samples['twinwatch_events_total{outcome="not_json",type="unknown"}'] == 1
    assert samples['twinwatch_dead_letters_total{reason="invalid_field"}'] == 1
    assert samples["twinwatch_batch_size_events_sum"] == 6
    assert samples['twinwatch_stage_seconds_count{stage="decode"}'] == 1
    assert samples["twinwatch_event_to_incident_seconds_count"] == 1


def test_an_event_from_a_clock_ahead_of_ours_has_no_negative_latency() -> None:
    metrics = Metrics()
    found = outcome(incident("i1"))
    early = msgspec.structs.replace(found.incidents[0], detected_at=NOW - timedelta(minutes=1))
    metrics.record_batch(1, outcome(early))
    assert gauges(metrics)["twinwatch_event_to_incident_seconds_sum"] == 0


def test_the_lag_of_a_partition_that_is_gone_is_gone() -> None:
    metrics = Metrics()
    metrics.show_lag(
        {("activity.messages", 0): Lag(records=5, since=1), ("activity.messages", 1): Lag(records=7, since=1)}
    )
    metrics.show_lag({("activity.messages", 1): Lag(records=3)})
    lag = {name: value for name, value in gauges(metrics).items() if name.startswith("twinwatch_consumer_lag")}
    assert lag == {
        'twinwatch_consumer_lag_records{partition="1",topic="activity.messages"}': 3,
        'twinwatch_consumer_lag_seconds{partition="1",topic="activity.messages"}': 0,
    }


def test_the_lag_in_seconds_grows_while_nobody_looks_and_is_never_negative() -> None:
    metrics = Metrics()
    metrics.show_lag({("t", 0): Lag(records=1, since=int((time() - 60) * 1e6)), ("t", 1): Lag(records=1, since=2**53)})
    name = 'twinwatch_consumer_lag_seconds{partition="%d",topic="t"}'
    first = gauges(metrics)
    assert first[name % 0] >= 60
    assert gauges(metrics)[name % 0] > first[name % 0]
    assert first[name % 1] == 0


def test_two_workers_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.count_redis_error("TimeoutError")
    assert 'twinwatch_redis_errors_total{kind="TimeoutError"}' in gauges(one)
    assert 'twinwatch_redis_errors_total{kind="TimeoutError"}' not in gauges(other)


# --- topics


def test_every_topic_of_the_contract_is_there_with_a_reason_and_nothing_is_compacted() -> None:
    names = {topic.name for topic in TOPICS}
    assert names == {*EVENT_TOPICS, *OUTPUTS}
    for topic in TOPICS:
        assert topic.why
        assert topic.configuration["cleanup.policy"] == "delete"
        assert int(topic.configuration["retention.ms"]) >= 14 * 24 * 3600 * 1000


def test_a_dead_letter_fits_with_its_headers_where_its_record_did() -> None:
    sizes = {topic.name: int(topic.configuration["max.message.bytes"]) for topic in TOPICS}
    assert all(sizes[DEAD_LETTERS] > size for name, size in sizes.items() if name != DEAD_LETTERS)


# --- back-off


def test_waits_grow_to_a_bound_and_never_end() -> None:
    delays = BackOff().delays()
    first = [next(delays) for _ in range(30)]
    assert FIRST_DELAY / 2 <= first[0] <= FIRST_DELAY
    assert all(delay <= LONGEST_DELAY for delay in first)
    assert min(first[-10:]) >= LONGEST_DELAY / 2


def test_a_wait_is_cut_short_when_the_worker_stops() -> None:
    async def run() -> None:
        back_off = BackOff()
        asyncio.get_running_loop().call_later(0.01, back_off.stopping.set)
        async with asyncio.timeout(LONG_ENOUGH):
            await back_off.wait(10 * LONG_ENOUGH)

    with pytest.raises(Interrupted):
        asyncio.run(run())


# --- web


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


def test_health_and_metrics_are_served() -> None:
    async def run() -> None:
        metrics, condition = Metrics(), health()
        looks = 0

        async def look_at_store() -> None:
            nonlocal looks
            looks += 1

        metrics.describe_build("0.1.0", "abc")
        async with serve("127.0.0.1", 0, metrics=metrics, health=condition, look_at_store=look_at_store) as port:
            status, body = await get(port, "/metrics")
            assert status == 200
            assert 'twinwatch_build_info{policy_version="abc",version="0.1.0"} 1.0' in body
            assert (await get(port, "/live"))[0] == 200
            assert await get(port, "/ready") == (
                503,
                '{"status": "unavailable", "reasons": ["Kafka has not assigned partitions yet"]}',
            )
            condition.assign(frozenset())
            assert await get(port, "/ready") == (200, '{"status": "ok", "reasons": []}')
            assert looks == 2
            assert (await get(port, "/"))[0] == 404

    asyncio.run(run())


def test_a_worker_that_waits_for_no_server_is_degraded_too_and_lives() -> None:
    async def run() -> None:
        condition = health()
        condition.assign(frozenset())
        condition.complain("clock", ["the clock is wrong"])

        async def look_at_store() -> None: ...

        async with serve("127.0.0.1", 0, metrics=Metrics(), health=condition, look_at_store=look_at_store) as port:
            assert await get(port, "/ready") == (503, '{"status": "degraded", "reasons": ["the clock is wrong"]}')
            assert await get(port, "/live") == (200, '{"status": "ok", "reasons": []}')
            condition.complain("clock", [])
            assert await get(port, "/ready") == (200, '{"status": "ok", "reasons": []}')

    asyncio.run(run())


def test_a_degraded_worker_says_which_server_it_waits_for_since_when_and_lives() -> None:
    async def run() -> None:
        clock, metrics = Clock(), Metrics()
        condition = health(clock)
        metrics.watch_outages(condition)
        condition.assign(frozenset())
        condition.mark_down("redis", "Redis does not answer: TimeoutError")

        async def look_at_store() -> None:
            condition.mark_down("redis", "Redis does not answer: TimeoutError", seen_by="observer")

        async with serve("127.0.0.1", 0, metrics=metrics, health=condition, look_at_store=look_at_store) as port:
            clock.now += 75
            status, body = await get(port, "/ready")
            assert status == 503
            told = json.loads(body)
            [outage] = told.pop("outages")
            assert told == {"status": "degraded", "reasons": ["Redis does not answer: TimeoutError"]}
            assert outage["server"] == "redis"
            assert abs((datetime.now(UTC) - datetime.fromisoformat(outage["since"])).total_seconds()) < 60
            assert (await get(port, "/live")) == (200, '{"status": "ok", "reasons": []}')
            assert gauges(metrics)['twinwatch_outage_seconds{server="redis"}'] == 75
            assert gauges(metrics)['twinwatch_outage_seconds{server="kafka"}'] == 0

    asyncio.run(run())


def test_a_worker_that_waits_for_a_partition_says_for_which_and_lives() -> None:
    async def run() -> None:
        metrics, condition = Metrics(), health()
        metrics.watch_outages(condition)
        condition.assign(frozenset([("activity.messages", 3)]))
        name = 'twinwatch_awaited_partition_seconds{partition="3",topic="activity.messages"}'

        async def look_at_store() -> None:
            pass

        async with serve("127.0.0.1", 0, metrics=metrics, health=condition, look_at_store=look_at_store) as port:
            condition.wait_for_partitions({("activity.messages", 3): 75.0})
            status, body = await get(port, "/ready")
            reasons = ["Kafka has not given what comes next of activity.messages/3 for 75 s"]
            assert (status, json.loads(body)) == (503, {"status": "degraded", "reasons": reasons})
            assert (await get(port, "/live"))[0] == 200
            assert gauges(metrics)[name] == 75
            condition.wait_for_partitions({})
            assert (await get(port, "/ready"))[0] == 200
            assert name not in gauges(metrics)

    asyncio.run(run())
