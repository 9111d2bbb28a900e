"""`twinwatch forget` from the command line."""

import json

import pytest
from click.testing import CliRunner, Result
from redis import Redis

from state.pseudonyms import Pseudonyms
from tests.engine.world import World, engine_over, process, records
from tests.servers import free_port
from tests.state.conftest import Bench
from tests.terminal import ToldProgress
from twinwatch.cli import main

KEY = "the pseudonym key of this test"


@pytest.fixture
def held(any_redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Redis:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv("TWINWATCH_REDIS_URL", any_redis_url)
    monkeypatch.setenv("TWINWATCH_PSEUDONYM_KEY", KEY)
    bench = Bench(any_redis_url)
    process(bench, engine_over(bench.store(secret=KEY.encode())), records(World(1).events(100)))
    bench.close()
    return Redis.from_url(any_redis_url)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ("forget", *arguments), prog_name="twinwatch")


def test_it_removes_and_shows_what_it_removed(held: Redis, told_progress: ToldProgress) -> None:
    member = Pseudonyms(KEY.encode()).member("active-1")
    keys = held.dbsize()
    shown = run("active-1", "--dry-run")
    assert shown.exit_code == 0
    assert "What would be removed" in shown.stdout
    assert held.dbsize() == keys
    assert [(what, of) for what, done, of in told_progress if done == keys] == [
        (f"{keys:,} keys read", None),
        (f"{keys:,} keys read", keys),
    ]
    done = run("active-1", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["actor_id"] == "active-1"
    assert {"relation", "acts", "history", "added"} <= set(told["removed"])
    # sets that were left empty are gone as well
    assert held.dbsize() <= keys - sum(kind["keys"] for kind in told["removed"].values())
    for kind, removed in told["removed"].items():
        rows = [line.split() for line in shown.stdout.splitlines() if line.startswith(f"{kind} ")]
        assert len(rows) == 1, (kind, shown.stdout)
        [row] = rows
        assert row[1:3] == [f"{removed['keys']:,}", f"{removed['entries']:,}"]
    assert not [key for key in held.scan_iter() if member in key]
    again = run("active-1")
    assert again.exit_code == 0
    assert again.stdout.startswith("Nothing is held about this member")


def test_a_wrong_key_is_told_in_one_line(held: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = held.dbsize()
    monkeypatch.setenv("TWINWATCH_PSEUDONYM_KEY", "quite another pseudonym key")
    done = run("active-1")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("twinwatch: nothing in Redis was written under this pseudonym key")
    assert done.stderr.count("\n") == 1
    assert held.dbsize() == keys


def test_a_wrong_key_is_told_where_nothing_could_tell_but_the_workers(
    any_redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    """With no window in Redis "nothing is held" would be an answer to another question."""
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv("TWINWATCH_REDIS_URL", any_redis_url)
    monkeypatch.setenv("TWINWATCH_PSEUDONYM_KEY", "quite another pseudonym key")
    bench = Bench(any_redis_url)
    bench.run(bench.store(secret=KEY.encode()).ping())
    bench.close()
    done = run("active-1")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("twinwatch: nothing in Redis was written under this pseudonym key")


def test_an_earlier_key_reaches_what_was_stored_under_it(held: Redis, any_redis_url: str) -> None:
    bench = Bench(any_redis_url)
    bench.run(bench.store(secret=b"the key of the workers now").ping())
    bench.close()
    done = run("active-1", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["removed"]
    assert done.stderr == "twinwatch: workers have another pseudonym key now: run this with that key too\n"


def test_state_under_an_earlier_key_is_told(held: Redis, any_redis_url: str) -> None:
    bench = Bench(any_redis_url)
    process(bench, engine_over(bench.store(secret=b"an earlier key")), records(World(1).events(50)))
    bench.close()
    done = run("active-1")
    assert done.exit_code == 0
    assert "windows were written under another pseudonym key" in done.stderr


def test_a_key_of_an_unknown_kind_is_told(held: Redis) -> None:
    held.set("tw9:{s0}:future:1", "x")
    done = run("active-1")
    assert done.exit_code == 0
    assert "1 keys are of a kind that this version does not know" in done.stderr


def test_no_redis_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv("TWINWATCH_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setenv("TWINWATCH_PSEUDONYM_KEY", KEY)
    done = run("active-1")
    assert done.exit_code == 1
    assert done.stderr.startswith("twinwatch: Redis: ")
    assert done.stderr.count("\n") == 1


def test_an_empty_id_is_refused(held: Redis) -> None:
    done = run("")
    assert done.exit_code == 2
    assert "ACTOR_ID" in done.stderr
