"""A running worker takes another policy at SIGHUP, and keeps the one it has where the file cannot be used."""

import signal
from importlib.resources import files
from pathlib import Path

import yaml

from rules.policy import load_policy
from tests.integration.conftest import NewStage
from tests.integration.stage import Worker
from tests.integration.workload import copied_messages
from tests.servers import eventually


def policies(worker: Worker) -> list[str]:
    """The versions that the worker says to judge by."""
    return [name for name, value in worker.metrics().items() if name.startswith("twinwatch_build_info{") and value]


def failures(worker: Worker) -> float:
    return worker.metrics().get("twinwatch_policy_load_failures_total", -1)


def test_a_policy_is_loaded_again_and_one_that_cannot_be_used_changes_nothing(
    new_embedded_stage: NewStage, tmp_path: Path
) -> None:
    file = tmp_path / "policy.yaml"
    shipped = files("rules").joinpath("policy.yaml").read_text("utf-8")
    file.write_text(shipped, "utf-8")
    before = load_policy(file).version
    stage = new_embedded_stage(1)

    def is_told(member: str) -> bool:
        return member in {one["subject_id"] for one in stage.incidents()}

    worker = stage.start_worker(policy_file=file)
    assert failures(worker) == 0

    mistaken = yaml.safe_load(shipped)
    mistaken["rules"]["copied_message"]["mode"] = "loud"
    file.write_text(yaml.safe_dump(mistaken), "utf-8")
    worker.process.send_signal(signal.SIGHUP)
    eventually(lambda: failures(worker) == 1, what="the failure is counted")
    assert f"the policy cannot be loaded; policy {before} stays in force" in worker.said
    assert "copied_message" in worker.said
    assert [before in one for one in policies(worker)] == [True]
    stage.send(copied_messages("anna", 9))
    stage.wait_until_judged()
    eventually(lambda: is_told("anna"), what="an incident by the policy before")

    silent = yaml.safe_load(shipped)
    silent["rules"]["copied_message"]["mode"] = "off"
    file.write_text(yaml.safe_dump(silent), "utf-8")
    after = load_policy(file).version
    assert after != before
    worker.process.send_signal(signal.SIGHUP)
    eventually(lambda: after in "".join(policies(worker)), what="the policy is another")
    assert len(policies(worker)) == 1
    stage.send(copied_messages("berta", 30))
    stage.wait_until_judged()
    eventually(lambda: is_told("berta"), what="an incident by the policy of now")
    told = {(one["subject_id"], one["rule"], one["policy_version"]) for one in stage.incidents()}
    assert ("anna", "copied_message", before) in told
    assert {(rule, version) for who, rule, version in told if who == "berta"} == {("mass_messaging", after)}
    assert worker.stop() == 0
    assert worker.said.count("the policy cannot be loaded") == 1
