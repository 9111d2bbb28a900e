"""Between what is remembered and what is published: a crash there, and a rule that fails."""

from pathlib import Path

import pytest
from redis import Redis

from tests.integration.conftest import NewStage
from tests.integration.stage import event, replayed
from tests.integration.workload import copied_messages, moment
from tests.servers import eventually

pytestmark = pytest.mark.kafka


def test_an_incident_that_was_settled_and_not_published_before_a_crash_is_the_same_after_it(
    new_genuine_stage: NewStage, tmp_path: Path
) -> None:
    stage = new_genuine_stage(1)
    messages = copied_messages("anna", 13)
    expected = replayed(messages, tmp_path)
    assert expected
    stage.refuse(True)
    first = stage.start_worker()
    stage.send(messages)
    with Redis.from_url(stage.redis_url) as client:

        def told() -> set[bytes]:
            return set(client.scan_iter("tw*:revision:*"))

        eventually(lambda: bool(told()), what="the state says that an incident was told")
        first.kill()
        assert stage.incidents() == []
        assert stage.backlog() == len(messages)
        before = told()
        stage.refuse(False)
        stage.start_worker()
        stage.wait_until_judged()
        # by the ids and revisions of an undisturbed run: what had been told was told again, and nothing else
        assert stage.found() == expected
        assert before <= told()


def test_a_rule_that_raises_on_an_event_costs_that_event_and_that_rule_only(
    new_genuine_stage: NewStage, tmp_path: Path
) -> None:
    stage = new_genuine_stage(1)
    # as the eighth copy it opens an incident of another rule
    unlucky = event(
        "activity.messages",
        type="message",
        event_id="unlucky",
        occurred_at=moment(60 * 7.5),
        actor_id="anna",
        recipient_ids=["stranger-of-anna-7"],
        text="Dear colleague, anna invites your school to a wonderful project about bees and honey!",
    )
    messages = copied_messages("anna", 7)
    more = copied_messages("anna", 40, first=8)
    log = [*messages, unlucky, *more]
    expected = replayed(log, tmp_path)
    assert {rule for rule, _, _ in expected.values()} == {"copied_message", "mass_messaging"}
    stage.start_worker(fault="rule_raises")
    stage.send(log)
    stage.wait_until_judged()
    [(headers, letter)] = stage.dead_letters()
    assert letter.value() == unlucky.value
    assert headers["reason"] == b"rule_error"
    assert headers["detail"] == b"rule mass_messaging failed with ZeroDivisionError: put in by a test"
    assert stage.found() == expected
    [opened] = [one for one in stage.incidents() if (one["rule"], one["revision"]) == ("copied_message", 1)]
    assert opened["evidence"]["event_ids"][-1] == "unlucky"
