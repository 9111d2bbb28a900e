"""`twinwatch boilerplate` from the command line."""

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from state.boilerplate import SENTENCE_BYTES
from tests.engine.world import START, Event, engine_over, process, records
from tests.state.conftest import Bench
from tests.state.test_campaigns import own_words
from twinwatch.cli import main

KEY = "the pseudonym key of this test"
NOTICE = "This project was made with the help of the national support organisation."
REMINDER = "Please answer before the end of May, and do not forget the map."


def posts(chance: random.Random, day: int = 0) -> list[Event]:
    """Six members write a notice below words of their own, each half a day later."""
    return [
        {
            "type": "forum_post",
            "event_id": f"post-{day}-{n}",
            "occurred_at": (START + timedelta(days=day, hours=14 * n)).isoformat(),
            "actor_id": f"member-{day}-{n}",
            "forum_id": "f",
            "thread_id": f"t{n}",
            "language": "en",
            "text": f"{own_words(chance, 60)}.\n{NOTICE}\n{REMINDER}",
        }
        for n in range(6)
    ]


@pytest.fixture
def bench(any_redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[Bench]:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv("TWINWATCH_REDIS_URL", any_redis_url)
    monkeypatch.setenv("TWINWATCH_PSEUDONYM_KEY", KEY)
    bench = Bench(any_redis_url)
    bench.empty()
    yield bench
    bench.close()


def teach(bench: Bench, events: list[Event]) -> None:
    store = bench.store(secret=KEY.encode())
    bench.run(store.ping())
    process(bench, engine_over(store), records(events))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ("boilerplate", *arguments), prog_name="twinwatch")


def listed(*arguments: str) -> list[dict[str, Any]]:
    done = run("list", "--json", *arguments)
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_was_learnt_is_listed_and_forgotten_by_text_and_by_id(bench: Bench) -> None:
    assert run("list").stdout == "nothing is learnt as boilerplate\n"
    chance = random.Random(1)
    teach(bench, posts(chance))
    first, second = listed()
    for one in (first, second):
        assert (one["barred"], one["members"]) == (False, 6)
        assert (one["first"], one["last"]) == ("2026-03-02", "2026-03-05")
        assert one["example"] == {
            "event_id": "post-0-4",
            "type": "forum_post",
            "occurred_at": "2026-03-04T16:00:00Z",
            "language": "en",
        }
    shown = run("list").stdout
    assert f"{first['id']}  6 members on 4 days, 2026-03-02 to 2026-03-05" in shown
    assert "for example forum_post post-0-4 of 2026-03-04T16:00:00Z in en" in shown
    # written in capitals, as somebody remembers it
    done = run("forget", NOTICE.upper(), "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (len(told["forgotten"]), told["unknown"], told["barred"]) == (1, [], False)
    [left] = listed()
    assert left["id"] not in told["forgotten"]
    done = run("forget", left["id"], "--bar")
    assert (done.exit_code, done.stdout) == (0, "1 sentence forgotten and barred\n")
    teach(bench, posts(chance, day=7))
    assert [(one["id"], one["barred"]) for one in listed()] == [(told["forgotten"][0], False), (left["id"], True)]
    assert f"{left['id']}  barred" in run("list").stdout


def test_what_is_unknown_is_told(bench: Bench) -> None:
    teach(bench, posts(random.Random(2)))
    done = run("forget", "00" * SENTENCE_BYTES, NOTICE)
    assert (done.exit_code, done.stdout) == (1, "1 sentence forgotten\n")
    assert (
        done.stderr
        == f"twinwatch: {'00' * SENTENCE_BYTES} is no sentence that was learnt (see twinwatch boilerplate list)\n"
    )
    empty = run("forget", "17 18")
    assert empty.exit_code == 2
    assert empty.stderr == "twinwatch: found '17 18', expected an id that `list` prints, or a sentence in words\n"


def test_a_wrong_key_is_told_in_one_line(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    teach(bench, posts(random.Random(3)))
    monkeypatch.setenv("TWINWATCH_PSEUDONYM_KEY", "quite another pseudonym key")
    for arguments in (("list",), ("forget", NOTICE)):
        done = run(*arguments)
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    monkeypatch.setenv("TWINWATCH_PSEUDONYM_KEY", KEY)
    assert len(listed()) == 2
