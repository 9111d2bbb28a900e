"""The main job as its two neighbours see it: the platform writes events, the warn/ban service reads incidents."""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from agents.topics import INCIDENTS, SHADOW_INCIDENTS
from models.events import TOPICS
from tests.integration.conftest import NewStage
from tests.integration.stage import (
    Sent,
    Stage,
    clean_environment,
    command,
    event,
    replayed,
    upserted,
)
from tests.integration.workload import copied_messages, moment, own_affairs
from tests.servers import KafkaServer, RedisServer, eventually, run
from twinwatch.sample_day import sample_day, yesterday

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333%d-01"


def shadow_policy(directory: Path, *slugs: str) -> Path:
    """The shipped policy with these rules in shadow mode."""
    policy = yaml.safe_load(command("policy", "show", "--format", "yaml").stdout)
    for slug in slugs:
        policy["rules"][slug]["mode"] = "shadow"
    path = directory / "policy.yaml"
    path.write_text(yaml.safe_dump(policy), encoding="utf-8")
    return path


def comments(actor: str, owners: int) -> list[Sent]:
    return [
        event(
            "activity.comments",
            type="comment",
            event_id=f"{actor}-c{number}",
            occurred_at=moment(number),
            actor_id=actor,
            owner_id=f"owner-{number}",
            text="What a marvellous page this is, come and visit my own page about volcanoes as well",
        )
        for number in range(owners)
    ]


def test_events_go_in_and_incidents_shadow_incidents_and_dead_letters_come_out(
    new_stage: NewStage, tmp_path: Path
) -> None:
    began, stage = datetime.now(UTC), new_stage(2)
    stage.start_worker(policy_file=shadow_policy(tmp_path, "copied_comment"))
    messages_sent = copied_messages("anna", 9)
    for number, record in enumerate(messages_sent):
        trace = ("traceparent", TRACE % number if number % 2 else b"no traceparent")
        stage.send([record._replace(headers=(("other", b"1"), trace))])
    stage.send(comments("bruno", 6))
    stage.send([Sent("activity.profiles", b"\xff\x00 no JSON at all", b"some key", partition=1)])
    stage.wait_until_judged()

    messages = {
        (m.partition(), m.offset()): json.loads(m.value() or b"")["event_id"] for m in stage.read("activity.messages")
    }
    schema = json.loads(command("schema", "incident").stdout)
    revisions = stage.read(INCIDENTS)
    assert revisions
    for message in revisions:
        incident = json.loads(message.value() or b"")
        Draft202012Validator(schema).validate(incident)
        assert message.key() == incident["subject_id"].encode() == b"anna"
        assert (incident["rule"], incident["mode"], incident["article"]) == ("copied_message", "live", 1)
        assert (
            messages[incident["source"]["partition"], incident["source"]["offset"]]
            == incident["evidence"]["event_ids"][-1]
        )
        assert incident["source"]["topic"] == stage.prefix + "activity.messages"
        assert incident["occurred_at"].startswith("2026-01-12")
        # the eighth message is one too many, and the ninth not yet a revision
        assert dict(message.headers() or []) == {
            "rule": b"copied_message",
            "severity": incident["severity"].encode(),
            "mode": b"live",
            "schema_version": b"1",
            "traceparent": TRACE % 7,
        }

    shadow = stage.incidents(SHADOW_INCIDENTS)
    assert {(one["rule"], one["mode"], one["subject_id"]) for one in shadow} == {("copied_comment", "shadow", "bruno")}

    [(headers, letter)] = stage.dead_letters()
    assert letter.value() == b"\xff\x00 no JSON at all"
    assert letter.key() == b"some key"
    failed_at = datetime.fromisoformat(headers.pop("failed_at").decode())
    assert began <= failed_at <= datetime.now(UTC)
    assert headers.pop("detail")
    assert headers == {
        "reason": b"not_json",
        "source_topic": (stage.prefix + "activity.profiles").encode(),
        "source_partition": b"1",
        "source_offset": b"0",
    }


def test_a_file_and_the_same_events_through_the_embedded_broker_give_the_same_incidents(
    new_embedded_stage: NewStage, tmp_path: Path
) -> None:
    # the order between partitions is nobody's promise, and within one partition it is Kafka's
    day = [Sent("activity.messages", record.value, record.key) for record in sample_day(yesterday(), seed=5)]
    day = day[:1_200]
    expected = replayed(day, tmp_path)
    assert len({rule for rule, _, _ in expected.values()}) >= 8
    stage = new_embedded_stage(1)
    stage.start_worker(batch_max_records=137)
    stage.send(day)
    stage.wait_until_judged()
    assert stage.found() == expected


@pytest.mark.kafka
def test_a_file_and_the_same_events_through_kafka_give_the_same_incidents(
    kafka: KafkaServer, genuine_redis: RedisServer, tmp_path: Path
) -> None:
    day = tmp_path / "day.jsonl"
    command("demo", "--write", str(day), "--seed", "6").check_returncode()
    day.write_bytes(b"".join(day.read_bytes().splitlines(keepends=True)[:1_200]))
    servers = ["--kafka", kafka.bootstrap_servers, "--redis", genuine_redis.url]
    done = run(sys.executable, "benchmarks/same_as_replay.py", day, *servers, env=clean_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"(\d+) the same, 0 only in the replay, 0 only through Kafka", done.stdout)
    assert told is not None
    assert int(told[1]) > 10


def test_over_many_partitions_each_members_own_affairs_come_to_the_same(new_stage: NewStage, tmp_path: Path) -> None:
    affairs = own_affairs(actors=30, rounds=45)
    expected = replayed(affairs, tmp_path)
    assert len(expected) > 30
    stage = new_stage(4)
    stage.start_worker()
    stage.send(affairs)
    stage.wait_until_judged()
    assert stage.found() == expected


def test_what_is_sent_twice_comes_out_as_the_same_revisions(new_embedded_stage: NewStage) -> None:
    stage = new_embedded_stage(1)
    stage.start_worker()
    messages = copied_messages("anna", 20)
    stage.send(messages)
    stage.wait_until_judged()
    once = stage.incidents()
    stage.send(messages)
    stage.wait_until_judged()
    twice = stage.incidents()
    assert upserted(twice) == upserted(once)
    repeated = {(one["incident_id"], one["revision"]) for one in twice[len(once) :]}
    assert repeated <= {(one["incident_id"], one["revision"]) for one in once}


def test_metrics_and_health_tell_what_happens(new_stage: NewStage) -> None:
    stage = new_stage(2)
    worker = stage.start_worker()
    stage.send([*copied_messages("anna", 9), Sent("activity.media", b"{}"), Sent("activity.media", b"no")])
    stage.wait_until_judged()
    well = (200, '{"status": "ok", "reasons": []}')
    assert worker.get("/live") == well
    # on a busy machine the first look at the consumer group may take too long, which is told as long as it lasts
    eventually(lambda: worker.get("/ready") == well, what="the worker is ready")
    metrics = worker.metrics()
    assert metrics["twinwatch_events_total{'outcome': 'accepted', 'type': 'message'}"] == 9
    assert metrics["twinwatch_incidents_total{'mode': 'live', 'rule': 'copied_message', 'severity': 'medium'}"] >= 1
    assert metrics["twinwatch_dead_letters_total{'reason': 'not_json'}"] == 1
    assert metrics["twinwatch_batch_size_events_sum"] == 11
    assert metrics["twinwatch_event_to_incident_seconds_count"] >= 1
    for stage_name in ("decode", "read", "recall", "judge", "measure", "settle"):
        assert metrics[f"twinwatch_stage_seconds_count{{'stage': '{stage_name}'}}"] >= 1
    for stage_name in ("recall", "settle", "publish"):
        assert metrics[f"twinwatch_stage_wait_seconds_count{{'stage': '{stage_name}'}}"] >= 1
    assert any(name.startswith("twinwatch_build_info") for name in metrics)
    no_lag = {(topic, number): 0 for topic in TOPICS for number in range(2)}
    eventually(
        lambda: _lag(stage, worker.metrics()) == no_lag, what="the lag of every partition is told, and none is left"
    )
    for name in metrics:
        assert "anna" not in name
        assert "stranger" not in name


def _lag(stage: Stage, metrics: dict[str, float]) -> dict[tuple[str, int], float]:
    return {
        (topic, number): value
        for topic in TOPICS
        for number in range(2)
        for name, value in metrics.items()
        if name == f"twinwatch_consumer_lag_records{{'partition': '{number}', 'topic': '{stage.prefix}{topic}'}}"
    }


@pytest.mark.parametrize("log_format", ["plain", "json"])
def test_the_log_holds_nothing_that_members_wrote_nor_who_they_are(
    new_embedded_stage: NewStage, log_format: str
) -> None:
    stage = new_embedded_stage(1)
    worker = stage.start_worker(log_level="debug", log_format=log_format)
    unusable = Sent("activity.media", b'{"actor_id": "Xanthippe", "type": "x"}', b"Xanthippe")
    stage.send([*copied_messages("Xanthippe", 9), unusable])
    stage.wait_until_judged()
    assert worker.stop() == 0
    assert worker.said
    for secret in ("Xanthippe", "xanthippe", "bees", "stranger", "colleague", "wonderful"):
        assert secret not in worker.said
    lines = worker.said.splitlines()
    assert any("a batch: " in line for line in lines)
    found = stage.incidents()
    assert found
    for incident in found:
        if log_format == "plain":
            words = [incident["incident_id"], "copied_message", "medium", "live", f"revision {incident['revision']}"]
            assert any(all(word in line for word in words) for line in lines)
        else:
            told = {name: incident[name] for name in ("incident_id", "rule", "severity", "mode", "revision")}
            assert any(told.items() <= line.items() for line in map(json.loads, lines))
