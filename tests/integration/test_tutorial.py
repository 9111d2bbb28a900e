"""The last step of docs/tutorial.md, as it stands there: a worker, events on Kafka, the incident and the answer to it."""

import re
import sys

from agents.topics import INCIDENTS
from models.events import VERDICTS
from tests.integration.conftest import NewStage
from tests.integration.stage import clean_environment, command
from tests.servers import REPOSITORY, eventually, run

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
