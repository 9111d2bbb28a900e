"""`twinwatch incidents` against a genuine Kafka: what is found is listed, shown with its texts, answered, and watched."""

import json
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.conftest import NewStage
from tests.integration.stage import Stage, clean_environment, command_here, event
from tests.servers import run
from tests.terminal import Terminal, ToldProgress

PARTITIONS = 3


def send_to_strangers(stage: Stage, sender: str) -> None:
    start = datetime.now(UTC) - timedelta(minutes=30)
    stage.send(
        event(
            "activity.messages",
            type="message",
            event_id=f"{sender}-{n}",
            occurred_at=(start + timedelta(seconds=n)).isoformat(),
            actor_id=sender,
            recipient_ids=[f"stranger-{n}"],
            text=f"<b>Lesson {n}</b>\x1b[2J write to {sender}@example.org",
        )
        for n in range(20)
    )


def test_an_incident_is_listed_shown_answered_and_watched(
    new_genuine_stage: NewStage, told_progress: ToldProgress
) -> None:
    stage = new_genuine_stage(PARTITIONS)
    stage.start_worker()
    env_file = str(stage.env_file())

    def incidents(*arguments: str) -> str:
        done = command_here("incidents", *arguments, "--env-file", env_file)
        assert done.exit_code == 0, done.stderr
        assert "\x1b" not in done.stdout
        return done.stdout

    for sender in ("anna", "ben"):
        send_to_strangers(stage, sender)
    stage.wait_until_judged()
    found = {fields["subject_id"]: fields for fields in map(json.loads, incidents("list", "--json").splitlines())}
    assert found.keys() == {"anna", "ben"}
    of_anna = found["anna"]["incident_id"]

    assert {(done, of) for what, done, of in told_progress if what == f"reading {stage.prefix}incidents"} >= {(2, 2)}

    shown = json.loads(incidents("show", of_anna[:8], "--json"))
    assert any(what == f"reading {stage.prefix}activity.messages" for what, *_ in told_progress)
    assert not shown["missing"]
    assert [one["event_id"] for one in shown["events"]] == shown["incident"]["evidence"]["event_ids"]
    assert shown["events"][0]["words"].startswith("Lesson 0")
    assert "anna@example.org" not in json.dumps(shown)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agents.incident_log.MAX_RECORDS_SEARCHED", 3)
        cut = json.loads(incidents("show", of_anna[:8], "--json"))
        told = " ".join(incidents("show", of_anna[:8]).split())
    assert (cut["gave_up"], shown["gave_up"]) == (True, False)
    assert cut["missing"]
    assert "Kafka may still hold them" in told
    page = incidents("show", of_anna[:8], "--unmasked")
    assert "anna@example.org" in page
    assert "limit 20 within 1 hour" in page

    with Terminal("incidents", "watch", "--env-file", env_file, env=clean_environment()) as terminal:
        terminal.shows("2 incidents; mode all")
        terminal.shows("lag 0 records")
        send_to_strangers(stage, "eva")
        terminal.shows("3 incidents; mode all")
        terminal.process.terminate()
        assert terminal.ends() == 0
        assert terminal.modes_now() == terminal.modes

    told = incidents("verdict", of_anna[:8], "upheld", "--action", "warned", "--moderator", "maria")
    assert "mass_messaging about anna: upheld (warned) by maria" in told
    [record] = stage.read("incidents.verdicts")
    assert record.key() == b"maria"
    stage.wait_until_judged()  # the worker takes it
    assert not stage.dead_letters()
    left = incidents("list", "--open", "--json").splitlines()
    assert {json.loads(line)["subject_id"] for line in left} == {"ben", "eva"}
    assert "upheld (warned) by maria" in incidents("show", of_anna[:8])

    wrong = command_here("incidents", "verdict", "ffffffff", "dismissed", "--env-file", env_file)
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (2, 1)
    assert len(stage.read("incidents.verdicts")) == 1


def test_kafka_out_of_reach_is_one_line() -> None:
    env = clean_environment() | {"TWINWATCH_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    done = run(sys.executable, "-m", "twinwatch", "incidents", "watch", env=env)
    assert done.returncode == 1
    assert "127.0.0.1:1" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
