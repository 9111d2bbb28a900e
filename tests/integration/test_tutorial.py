"""The last step of docs/tutorial.md and the first incident of the README, as they stand there."""

import re
import sys

from agents.topics import INCIDENTS
from models.events import VERDICTS
from tests.integration.conftest import NewStage
from tests.integration.stage import clean_environment, command
from tests.servers import REPOSITORY, eventually, run

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGE = (REPOSITORY / "docs" / "tutorial.md").read_text(encoding="utf-8")


def test_the_last_step_leads_to_an_incident_and_an_answer(new_embedded_stage: NewStage) -> None:
    stage = new_embedded_stage(2)
    settings = stage.env_file()
    here = stage.directory
    (here / ".venv").mkdir()
    (here / ".venv" / "servers.env").write_bytes(settings.read_bytes())
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (here / "send.py").write_text(program.replace('"activity.messages"', repr(f"{stage.prefix}activity.messages")))
    (writes,) = re.findall(r"```\n(for .*?)```", PAGE, re.DOTALL)
    assert run("bash", "-c", writes, cwd=here).returncode == 0
    (verdict,) = re.findall(r"^\.venv/bin/twinwatch (incidents verdict .*)$", PAGE, re.MULTILINE)

    stage.start_worker()
    sent = run(sys.executable, "send.py", cwd=here, env=clean_environment())
    assert sent.returncode == 0, sent.stderr
    eventually(lambda: bool(stage.incidents(INCIDENTS)), what="there is an incident")
    (incident,) = stage.incidents(INCIDENTS)
    assert (incident["rule"], incident["subject_id"]) == ("copied_message", "anna")
    words = verdict.replace(" ID ", f" {incident['incident_id']} ").replace(".venv/servers.env", str(settings))
    answered = command(*words.split())
    assert answered.returncode == 0, answered.stderr
    eventually(lambda: len(stage.read(VERDICTS)) == 1, what="the answer is on Kafka")


def test_the_first_event_of_the_readme_leads_to_an_incident_that_is_listed_and_shown(
    new_embedded_stage: NewStage,
) -> None:
    stage = new_embedded_stage(2)
    file = str(stage.env_file())
    (program,) = re.findall(r"^\.venv/bin/python - <<'END'\n(.*?)^END$", README, re.MULTILINE | re.DOTALL)
    for written, ours in (
        ("localhost:9092", stage.bootstrap_servers),
        ("activity.messages", f"{stage.prefix}activity.messages"),
    ):
        assert written in program
        program = program.replace(written, ours)
    commands = re.findall(
        r"^\.venv/bin/twinwatch ((?:incidents|dead-letters) (?:list|show)[^#\n]*)  #", README, re.MULTILINE
    )
    assert [line.split()[:2] for line in commands] == [
        ["incidents", "list"],
        ["incidents", "show"],
        ["dead-letters", "list"],
    ]

    stage.start_worker()
    sent = run(sys.executable, "-c", program, env=clean_environment())
    assert sent.returncode == 0, sent.stderr
    eventually(lambda: bool(stage.incidents(INCIDENTS)), what="there is an incident")
    listed = command(*commands[0].split(), "--env-file", file).stdout
    assert "copied_message  anna" in listed
    shown = command(*commands[1].replace("ID", listed.split()[1]).split(), "--env-file", file).stdout
    assert "wonderful project about bees" in shown
    assert "no such dead letters" in command(*commands[2].split(), "--env-file", file).stderr
