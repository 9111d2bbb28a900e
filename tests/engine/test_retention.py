"""How long things are kept: nothing is left after the policy's times, with a policy of seconds and real waiting."""

import re
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import pytest
import yaml

from engine.engine import Engine
from rules.policy import Policy, parse_policy
from rules.quotas import Duration
from state.kinds import KINDS
from state.limits import StoreLimits
from state.pseudonyms import Pseudonyms
from state.store import Store
from tests.engine.test_forget import MEMBER, NOTICE, SECRET, traces, verdicts_on, with_a_member
from tests.engine.test_keys import KEY, STATE_PAGE, wanted
from tests.engine.world import COPIED, Event, World, process, records
from tests.servers import eventually
from tests.state.conftest import Bench

SECONDS = 2
"""Every window, gap and acquaintance. The generation of campaigns, lateness and downtime are a second each."""
LONGEST = 4 * SECONDS + 2
"""Who wrote a text is known for as long as four of them (`rules.copies.ORIGIN`); lateness and downtime are added."""
FIXED = {"opened"}
"""What is kept for a time of its own: until the day is over."""


@pytest.fixture(autouse=True)
def _brief_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of upheld texts are counted by the day, which is no setting."""
    monkeypatch.setattr("rules.copies._DAY", Duration(SECONDS))


@cache
def brief_policy() -> Policy:
    """The shipped policy with limits of two and with seconds for days."""
    loaded = yaml.safe_load(files("rules").joinpath("policy.yaml").read_text("utf-8"))
    memory = {
        "allowed_lateness": "1s",
        "longest_downtime": "1s",
        "campaign_generation": "1s",
        "acquaintance": f"{SECONDS}s",
    }
    brief = {section: _brief(loaded[section]) for section in ("rules", "feedback")}
    return parse_policy(yaml.safe_dump({**loaded, **brief, "memory": loaded["memory"] | memory}))


def _brief(value: Any) -> Any:
    if isinstance(value, dict):
        brief = {key: 2 if key == "reach" else _brief(item) for key, item in value.items()}
        return brief | ({"episode_gap": f"{SECONDS}s"} if "mode" in value else {})
    if isinstance(value, list):
        quotas = value and isinstance(value[0], dict) and "window" in value[0]
        return [_brief(item) for item in value[: 1 if quotas else None]]  # of quotas with one window only one may be
    return f"{SECONDS}s" if isinstance(value, str) and re.fullmatch(r"\d+[smhd]", value) else value


def brief_engine(bench: Bench) -> Engine:
    return Engine(brief_policy(), Store(bench.client, Pseudonyms(SECRET), limits=brief_limits()))


def brief_limits() -> StoreLimits:
    return msgspec.structs.replace(brief_policy().store_limits(), period=1, boilerplate=1)


def dated_now(events: list[Event]) -> list[Event]:
    """The events as though all of them happened within the last half second, in their order."""
    start = datetime.now(UTC) - timedelta(seconds=0.5)
    step = timedelta(seconds=0.5) / len(events)
    return [event | {"occurred_at": (start + step * n).isoformat()} for n, event in enumerate(events)]


def kinds_of(bench: Bench) -> set[str]:
    found = {KEY.match(key) for key in bench.run(bench.client.keys()) if isinstance(key, bytes)}
    return {match[2].decode() for match in found if match}


def lasting(bench: Bench) -> dict[bytes, float]:
    """The keys that are kept for longer than they should, with their seconds; infinite where a key has no end."""
    found = {}
    for key in bench.dump():
        match, left = KEY.match(key), bench.run(bench.client.pttl(key))
        assert match
        kind = KINDS[match[2].decode()]
        if left == -1 or left / 1000 > kind.ttl(brief_limits(), wanted(kind, brief_policy())):
            found[key] = left / 1000 if left != -1 else float("inf")
    return found


def test_nothing_is_left_after_its_time(bench: Bench) -> None:
    engine, kinds, rules = brief_engine(bench), set(), set()
    two_lines = f"{COPIED[0]}.\n{NOTICE}"
    events = with_a_member(1, copies=True)
    events.insert(0, World(2).event("forum_post", "passive-50", forum_id="f", thread_id="t9", text=two_lines))
    for start in range(0, len(events), 40):
        outcome = process(bench, engine, records(dated_now(events[start : start + 40])))
        rules |= {incident.rule for incident in outcome.incidents}
        if verdicts := verdicts_on(outcome):
            process(bench, engine, records(dated_now(verdicts)))
        kinds |= kinds_of(bench)
        assert lasting(bench) == {}
    assert len(rules) > 5
    assert {
        "relation",
        "acts",
        "received",
        "history",
        "added",
        "asked",
        "used",
        "episode",
        "members",
        "revision",
    } <= kinds
    assert {"band", "leader", "sentence", "brought", "incident", "verdicts", "reported"} <= kinds
    eventually(lambda: kinds_of(bench) <= FIXED, what="every key has ended")


def test_others_who_go_on_keep_nothing_of_a_member_who_is_gone(any_bench: Bench) -> None:
    """Keys of busy members live on, and what stands in them of another must end all the same."""
    engine = brief_engine(any_bench)
    events = with_a_member(2)
    process(any_bench, engine, records(dated_now(events[:50])))
    assert "hash in reported" in traces(any_bench.dump(), MEMBER, events)
    others = events[:30]
    others += [event for event in events if event["type"] == "report" and MEMBER not in event.values()][:1]
    ended, turn = time.monotonic() + LONGEST + 1, 0
    while time.monotonic() < ended:
        turn += 1
        going_on = [event | {"event_id": f"{turn}-{event['event_id']}"} for event in others]
        process(any_bench, engine, records(dated_now(going_on)))
        time.sleep(0.2)
    assert turn > 1
    assert {"acts", "history"} <= kinds_of(any_bench)
    assert traces(any_bench.dump(), MEMBER, events) == set()


@pytest.mark.parametrize("field", ["allowed_lateness", "longest_downtime", "campaign_generation", "acquaintance"])
def test_every_time_of_the_memory_is_a_setting_and_is_documented(field: str) -> None:
    assert field in brief_policy().memory.__struct_fields__
    assert f"`{field}`" in STATE_PAGE.read_text("utf-8")
