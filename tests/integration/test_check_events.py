"""The end of a topic is looked at as `twinwatch check-events` does for the platform's team."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.integration.conftest import NewStage
from tests.integration.stage import Sent, command_here, event
from tests.terminal import ToldProgress


def test_the_end_of_a_topic_is_checked(new_genuine_stage: NewStage, told_progress: ToldProgress) -> None:
    stage = new_genuine_stage(3)
    moment = datetime.now(UTC).replace(microsecond=0)

    def comment(number: int, partition: int) -> Sent:
        fields = {"type": "comment", "event_id": f"c{number}", "occurred_at": moment.isoformat(), "owner_id": "o"}
        return event("activity.comments", partition=partition, actor_id=f"a{number}", text="", **fields)

    old = [Sent("activity.comments", b"no JSON", partition=0) for _ in range(40)]
    stage.send(old + [comment(n, 0) for n in range(12)] + [comment(n, 1) for n in range(12, 15)])
    stage.send([Sent("activity.messages", b"{}", partition=2)])
    file = str(stage.env_file())

    def check(*options: str) -> dict[str, Any]:
        done = command_here("check-events", "--env-file", file, "--json", *options)
        assert done.exit_code in (0, 1), done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    told = check("--topic", "activity.comments", "--last", "15")
    assert (told["records"], told["fine"]) == (15, 15)
    assert told["types"]["comment"]["keys"] == {"actor_id": 15, "none": 0, "other": 0}
    assert check("--topic", f"{stage.prefix}activity.comments", "--last", "16")["types"]["unknown"]["records"] == 1
    both = check("--topic", "activity.comments", "--topic", "activity.messages")
    assert (both["records"], both["fine"]) == (56, 15)
    assert check("--topic", "activity.media")["records"] == 0
    assert (f"reading {stage.prefix}activity.messages", 1, 1) in told_progress
