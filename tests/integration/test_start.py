"""A worker that cannot start says why in one line and ends with a status that is not zero."""

import json
import re
import socket
from pathlib import Path

import pytest

from agents.settings import load_settings
from models.events import TOPICS as EVENT_TOPICS
from tests.integration.conftest import NewStage
from tests.integration.stage import Stage, Worker, command
from tests.integration.workload import copied_messages
from tests.servers import KafkaServer, RedisServer, eventually, free_port


@pytest.fixture
def nowhere(tmp_path: Path) -> Stage:
    """A stage without servers."""
    return Stage("127.0.0.1:1", "redis://127.0.0.1:1/0", tmp_path)


def refused(stage: Stage, **settings: object) -> str:
    """The line that a worker ends with; before it, it may have said what it waits for."""
    done = command("worker", "--env-file", str(stage.env_file(**settings)))
    assert done.returncode != 0
    assert done.stdout == ""
    *before, line = done.stderr.splitlines()
    assert all(re.search(r" (INFO|WARNING) |\"level\": \"(info|warning)\"", one) for one in before)
    return line


def test_a_wrong_setting(nowhere: Stage) -> None:
    assert "TWINWATCH_BATCH_MAX_RECORDS" in refused(nowhere, batch_max_records="many")


def test_a_misspelt_setting(nowhere: Stage) -> None:
    assert "did you mean TWINWATCH_REDIS_URL?" in refused(nowhere, redis_ulr="redis://localhost")


@pytest.mark.parametrize(
    "wrong",
    [{"batch_max_records": "many"}, {"pseudonym_key": ""}, {"startup_timeout_seconds": 0.5}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_where_the_log_is_json_the_last_line_is(nowhere: Stage, wrong: dict[str, object]) -> None:
    line = json.loads(refused(nowhere, log_format="json", **wrong))
    assert line["level"] == "critical"
    assert line["message"].startswith("this worker cannot start: ")


def test_a_missing_env_file() -> None:
    done = command("worker", "--env-file", "nowhere.env")
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert "nowhere.env" in line


def test_a_wrong_policy(nowhere: Stage, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {mass_messaging: {mode: lively}}", encoding="utf-8")
    assert str(policy) in refused(nowhere, policy_file=policy)


def test_no_pseudonym_key(nowhere: Stage) -> None:
    line = refused(nowhere, pseudonym_key="")
    assert "CRITICAL this worker cannot start: TWINWATCH_PSEUDONYM_KEY is not set" in line


def test_no_redis(nowhere: Stage) -> None:
    line = refused(nowhere, startup_timeout_seconds=0.5)
    assert "this worker cannot start: Redis: " in line
    assert "127.0.0.1:1" in line
    assert "TWINWATCH_REDIS_URL" in line


def test_a_redis_password_is_not_told(nowhere: Stage) -> None:
    url = "redis://user:opensesame@127.0.0.1:1/0"
    assert "opensesame" not in refused(nowhere, redis_url=url, startup_timeout_seconds=0.5)


def test_no_kafka(nowhere: Stage, any_redis_url: str) -> None:
    line = refused(nowhere, redis_url=any_redis_url, startup_timeout_seconds=8)
    assert "this worker cannot start: Kafka at 127.0.0.1:1 cannot be used: no broker answers" in line
    assert "TWINWATCH_KAFKA_BOOTSTRAP_SERVERS" in line


def test_something_that_is_no_kafka(nowhere: Stage, any_redis_url: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        line = refused(nowhere, redis_url=any_redis_url, kafka_bootstrap_servers=address, startup_timeout_seconds=8)
    assert address in line


def test_missing_topics_are_told_without_waiting(new_embedded_stage: NewStage) -> None:
    stage = new_embedded_stage(1)
    line = refused(stage, topic_prefix="elsewhere.", startup_timeout_seconds=600)  # longer than the command may take
    assert "elsewhere.activity.messages" in line
    assert "run: twinwatch topics create" in line


def test_a_taken_port(new_embedded_stage: NewStage) -> None:
    stage = new_embedded_stage(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        line = refused(stage, metrics_port=taken.getsockname()[1])
    assert "TWINWATCH_METRICS_PORT" in line


@pytest.mark.kafka
def test_topics_are_created_as_asked_and_again_changes_nothing(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(1)
    env_file = stage.env_file(topic_prefix=f"{stage.prefix}more.")
    first, second = (command("topics", "create", "--env-file", str(env_file), "--partitions", "3") for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr
    prefix = load_settings(env_file).topic_prefix
    assert f"created  {prefix}activity.messages (3 partitions)" in first.stdout
    assert f"created  {prefix}activity.dead-letters (1 partition)" in first.stdout
    assert first.stdout.replace("created", "exists ") == second.stdout


@pytest.mark.kafka
@pytest.mark.parametrize("fault", ["producer_is_late", "consumer_is_late"])
def test_kafka_goes_away_once_it_has_been_found(
    own_kafka: KafkaServer,
    genuine_redis: RedisServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    stage = Stage(own_kafka.bootstrap_servers, genuine_redis.url, tmp_path, prefix=f"{tmp_path.name}.")
    pause = tmp_path / "pause"
    monkeypatch.setenv("PAUSE", str(pause))
    try:
        stage.create_topics(1)

        def without_kafka(**settings: object) -> Worker:
            worker = stage.start_worker(ready=False, fault=fault, **settings)
            eventually(pause.exists, what="it has found Kafka")
            own_kafka.kill()
            pause.unlink()
            return worker

        # it waits and says for what, and goes on
        worker = without_kafka()
        eventually(
            lambda: any("cannot be used" in reason for reason in worker.reasons("/ready")), what="it misses Kafka"
        )
        assert worker.get("/live")[0] == 200
        own_kafka.start()
        stage.send(copied_messages("anna", 6))
        stage.wait_until_judged()
        worker.wait_until_ready()
        assert worker.stop() == 0
        if fault == "consumer_is_late":  # what follows comes to the same for both
            return
        # no longer than at any start
        worker = without_kafka(startup_timeout_seconds=3)
        eventually(lambda: not worker.runs, what="it gives up")
        assert worker.process.returncode == 1
        assert f"CRITICAL this worker cannot start: Kafka at {own_kafka.bootstrap_servers} cannot" in worker.said
        assert "Traceback" not in worker.said
        # it can be asked to end meanwhile
        own_kafka.start()
        worker = without_kafka()
        eventually(lambda: worker.get("/ready")[0] == 503 and "cannot be used" in worker.said, what="it misses Kafka")
        assert worker.stop() == 0
    finally:
        stage.close()


@pytest.mark.kafka
def test_a_worker_says_what_it_is_and_what_it_reads_at_each_assignment(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(2)
    introduction = re.compile(rf"twinwatch \S+, policy [0-9a-f]{{16}}, group {stage.group}: (starts|reads \d+)")
    first = stage.start_worker()
    said = introduction.findall(first.said)
    assert (said[0], said[-1]) == ("starts", f"reads {2 * len(EVENT_TOPICS)}")
    assert f"{stage.prefix}activity.messages 0-1" in first.said
    second = stage.start_worker()
    for worker in (first, second):
        eventually(lambda: introduction.findall(worker.said)[-1] == f"reads {len(EVENT_TOPICS)}", what="they share")  # noqa: B023


@pytest.mark.kafka
def test_the_port_is_free_again_once_a_worker_has_ended(new_genuine_stage: NewStage) -> None:
    stage = new_genuine_stage(1)
    port = free_port()
    for _ in range(2):
        worker = stage.start_worker(metrics_port=port)
        assert worker.stop() == 0
