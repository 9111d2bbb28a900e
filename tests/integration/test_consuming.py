"""The consumer of docs/consuming-incidents.md, as it stands there, against a genuine Kafka."""

import re
import signal
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from agents.topics import INCIDENTS
from models.decoding import InputLimits, decode_event
from models.events import Verdict
from models.incidents import Evidence, Incident, Statement, encode_incident
from tests.integration.conftest import NewStage
from tests.integration.stage import Sent, Stage, clean_environment
from tests.servers import LONG_ENOUGH, REPOSITORY, eventually
from twinwatch.embedded.kept import KeptProcess

MOMENT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def told(incident_id: str, revision: int, action: str = "review", severity: str = "medium") -> Sent:
    incident = Incident(
        incident_id=incident_id,
        revision=revision,
        mode="live",
        article=1,
        rule="mass_messaging",
        subject_id="anna",
        opened_at=MOMENT,
        occurred_at=MOMENT,
        detected_at=MOMENT,
        severity=severity,  # type: ignore[arg-type]
        confidence=0.6,
        recommended_action=action,  # type: ignore[arg-type]
        summary=f"revision {revision}",
        evidence=Evidence(event_ids=("e",), measurements=()),
        statement=Statement(category="", ground=""),
        policy_version="p",
    )
    return Sent(INCIDENTS, encode_incident(incident), b"anna")


class Consumer:
    """The page's program, in a process of its own."""

    def __init__(self, stage: Stage, directory: Path) -> None:
        page = (REPOSITORY / "docs" / "consuming-incidents.md").read_text(encoding="utf-8")
        (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
        (queue,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
        (directory / "consumer.py").write_text(program, encoding="utf-8")
        self.database, self._queue, self._log = directory / "moderation.db", queue, directory / "consumer.log"
        env = clean_environment() | {
            "KAFKA": stage.bootstrap_servers,
            "TOPIC_PREFIX": stage.prefix,
            "DATABASE": str(self.database),
        }
        with self._log.open("ab") as log:
            self._kept = KeptProcess([sys.executable, directory / "consumer.py"], None, log=log, cwd=directory, env=env)

    def queue(self) -> list[tuple[str, int, str]]:
        """What waits for a moderator: id, revision and proposal."""
        assert self._kept.process.poll() is None, self._log.read_text(encoding="utf-8")
        try:
            with closing(sqlite3.connect(self.database, timeout=LONG_ENOUGH)) as db:
                db.row_factory = sqlite3.Row
                return [(row["incident_id"], row["revision"], row["proposed"]) for row in db.execute(self._queue)]
        except sqlite3.OperationalError:  # it has no tables yet
            return []

    def decide(self, incident_id: str) -> None:
        with closing(sqlite3.connect(self.database, timeout=LONG_ENOUGH)) as db, db:
            row = (incident_id, "upheld", "warned", "maria", "2026-03-02T09:30:00Z", 0)
            db.execute("insert into decisions values (?, ?, ?, ?, ?, ?)", row)

    def kill(self) -> None:
        self._kept.process.send_signal(signal.SIGKILL)
        self._kept.kill()


def test_the_consumer_of_the_page_keeps_the_latest_and_sends_back_what_was_decided(
    new_genuine_stage: NewStage, tmp_path: Path
) -> None:
    stage = new_genuine_stage(2)
    stage.send([told("one", 1), told("one", 2, "warn", "high"), told("one", 1), told("two", 1)])
    consumer = Consumer(stage, tmp_path)
    try:
        expected = [("one", 2, "warn"), ("two", 1, "review")]
        eventually(lambda: consumer.queue() == expected, what="the latest revisions are there, the gravest first")
        consumer.decide("one")
        eventually(lambda: bool(stage.read("incidents.verdicts")), what="the verdict is sent")
        [record] = stage.read("incidents.verdicts")
        verdict = decode_event(record.value(), limits=InputLimits(), now=datetime.now(UTC))
        assert isinstance(verdict, Verdict)
        assert (verdict.incident_id, verdict.verdict, verdict.action) == ("one", "upheld", "warned")
    finally:
        consumer.kill()
    stage.send([told("two", 1), told("three", 1)])
    again = Consumer(stage, tmp_path)
    try:
        eventually(lambda: len(again.queue()) == 2, what="it goes on after a crash")
        assert sorted(again.queue()) == [("three", 1, "review"), ("two", 1, "review")]
    finally:
        again.kill()
