"""What a worker has learnt as boilerplate is listed with its text, which only Kafka has, and forgotten."""

import json
import random
from datetime import UTC, datetime, timedelta

from tests.integration.conftest import NewStage
from tests.integration.stage import command_here, event
from tests.state.test_campaigns import own_words
from tests.terminal import ToldProgress

NOTICE = "This project was made with the help of the national support organisation."


def test_what_was_learnt_is_listed_with_its_text_and_forgotten(
    new_genuine_stage: NewStage, told_progress: ToldProgress
) -> None:
    stage, chance = new_genuine_stage(1), random.Random(1)
    now = datetime.now(UTC).replace(microsecond=0)
    stage.send(
        event(
            "activity.forum-posts",
            type="forum_post",
            event_id=f"post-{n}",
            occurred_at=(now - timedelta(days=5 - n)).isoformat(),
            actor_id=f"member-{n}",
            forum_id="f",
            thread_id=f"t{n}",
            text=f"{own_words(chance, 60)}.\n{NOTICE}",
        )
        for n in range(5)
    )
    worker = stage.start_worker()
    stage.wait_until_judged()
    worker.stop()
    file = str(stage.env_file())
    done = command_here("boilerplate", "list", "--texts", "--json", "--env-file", file)
    assert any(what.startswith("reading ") and of for what, _, of in told_progress)
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["members"], told["example"]["event_id"], told["text"]) == (5, "post-4", NOTICE)
    assert NOTICE in command_here("boilerplate", "list", "--texts", "--env-file", file).stdout
    assert command_here("boilerplate", "forget", NOTICE, "--env-file", file).exit_code == 0
    assert "nothing is learnt" in command_here("boilerplate", "list", "--env-file", file).stdout
