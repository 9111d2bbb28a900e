"""The engine over a file: what goes in, where findings go, and how it ends when something is wrong."""

import base64
import gzip
import io
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from models.records import RawRecord
from tests.servers import LONG_ENOUGH, RedisServer, eventually
from tests.terminal import Terminal
from twinwatch import replay, replay_command
from twinwatch.cli import main
from twinwatch.replay import EventFile, Line, batches, read_lines

REPOSITORY = Path(__file__).parents[2]
START = datetime(2026, 3, 17, 9, tzinfo=UTC)
TEXT = "Dear colleagues, our school band plays folk songs from the valley next Friday, and would love to hear yours!"
COPIES = 14
needs_servers = pytest.mark.usefixtures("servers")


def message(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "event_id": f"event-{number}",
        "occurred_at": (START + timedelta(minutes=number)).isoformat(),
        "actor_id": "sender",
        "recipient_ids": [f"stranger-{number}"],
        "text": TEXT,
    } | fields


def lines(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


COPIED = lines(*(message(number) for number in range(COPIES)))


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(main, ["replay", *map(str, arguments)], prog_name="twinwatch", input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def read(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_bytes().splitlines()]


def same(incidents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All that must not differ between two runs."""
    return [{name: value for name, value in one.items() if name != "detected_at"} for one in incidents]


def fails(*arguments: str | Path, status: int) -> str:
    result = run(*arguments)
    assert result.exit_code == status, result.output
    assert result.stderr.startswith("twinwatch: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


# --- where findings go


@needs_servers
def test_incidents_are_written_as_json_lines_and_summed_up() -> None:
    Path("in.jsonl").write_bytes(COPIED)
    result = run("in.jsonl", "--incidents", "out.jsonl")
    assert result.exit_code == 0
    assert result.stdout == ""
    found = read("out.jsonl")
    assert {one["rule"] for one in found} == {"copied_message"}
    assert [one["revision"] for one in found] == list(range(1, len(found) + 1))
    assert all(one["mode"] == "live" and one["subject_id"] == "sender" and "source" not in one for one in found)
    assert f"{COPIES} records read, {COPIES} events judged, 1 incident" in result.stderr


@needs_servers
def test_without_a_file_incidents_are_readable_lines() -> None:
    Path("in.jsonl").write_bytes(COPIED)
    result = run("in.jsonl")
    assert result.exit_code == 0
    assert "copied_message" in result.stdout
    assert "sender" in result.stdout


@needs_servers
def test_the_summary_is_json_for_scripts() -> None:
    Path("in.jsonl").write_bytes(COPIED + b"no event\n")
    result = run("in.jsonl", "--json", "--incidents", "out.jsonl")
    told = json.loads(result.stdout)
    assert told["records"] == COPIES + 1
    assert told["live"] == {"copied_message": {"incidents": 1, "revisions": len(read("out.jsonl"))}}
    assert (told["events"], told["shadow"], told["dead_letters"]) == (COPIES, {}, {"not_json": 1})
    assert result.stderr == ""
    assert run("in.jsonl", "--json").stdout.count("\n") == 1
    assert "--json" in fails("in.jsonl", "--json", "--incidents", "-", status=2)


@needs_servers
def test_on_a_terminal_a_bar_tells_how_far_it_is_and_how_long_it_will_take(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(COPIED)
    with Terminal("replay", str(tmp_path / "in.jsonl"), env=os.environ) as terminal:
        assert terminal.ends() == 0
        eventually(lambda: f"{COPIES} records read" in terminal.said, what="the summary")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.said)
    assert re.search(r" 0% +(--:--|\d+:\d\d)", plain)
    assert re.search(rf"100% +\d+:\d\d +{COPIES} records, 1 incidents", plain)


@needs_servers
def test_findings_of_rules_in_shadow_go_elsewhere() -> None:
    policy = yaml.safe_load(CliRunner().invoke(main, ["policy", "show", "--format", "yaml"]).stdout)
    policy["rules"]["copied_message"]["mode"] = "shadow"
    Path("policy.yaml").write_text(yaml.safe_dump(policy), encoding="utf-8")
    Path("in.jsonl").write_bytes(COPIED)
    outputs = ("--incidents", "live.jsonl", "--shadow", "shadow.jsonl")
    assert run("in.jsonl", "--policy", "policy.yaml", *outputs).exit_code == 0
    assert read("live.jsonl") == []
    assert {(one["rule"], one["mode"]) for one in read("shadow.jsonl")} == {("copied_message", "shadow")}
    assert "copied_message" not in run("in.jsonl", "--policy", "policy.yaml").stdout


@needs_servers
def test_unusable_lines_become_dead_letters_that_say_where_and_why_and_disturb_nothing() -> None:
    good = COPIED.splitlines(keepends=True)
    bad = [
        b"not json\n",
        lines(message(1, type="massage")),
        lines(message(2, recipient_ids=[])),
        b'{"type": "message", "text": "\xff\xfe"}\n',
        lines(message(3, occurred_at="2999-01-01T00:00:00Z")),
        lines(message(4, text="a" * 300_000)),
    ]
    mixed = [line for pair in zip(good, bad, strict=False) for line in pair] + good[len(bad) :]
    Path("in.jsonl").write_bytes(b"".join(mixed))
    Path("good.jsonl").write_bytes(COPIED)
    assert run("in.jsonl", "--incidents", "in.out", "--dead-letters", "dead.jsonl").exit_code == 0
    assert run("good.jsonl", "--incidents", "good.out").exit_code == 0
    assert same(read("in.out")) == same(read("good.out")) != []

    letters = read("dead.jsonl")
    assert [(letter["line"], letter["reason"]) for letter in letters] == [
        (2, "not_json"),
        (4, "unknown_type"),
        (6, "invalid_field"),
        (8, "not_json"),
        (10, "future_timestamp"),
        (12, "too_large"),
    ]
    assert all(letter["detail"] and "value_cut" not in letter for letter in letters)
    for letter, line in zip(letters, bad, strict=True):
        kept = letter["value"].encode() if "value" in letter else base64.b64decode(letter["value_base64"])
        assert kept == line.rstrip(b"\n")
    assert "value_base64" in letters[3]


@needs_servers
def test_equal_unusable_lines_are_told_apart() -> None:
    Path("in.jsonl").write_bytes(b"oops\n" * 3)
    run("in.jsonl", "--dead-letters", "dead.jsonl")
    assert [letter["line"] for letter in read("dead.jsonl")] == [1, 2, 3]


# --- where events come from


@needs_servers
def test_a_gzipped_file_and_standard_input_give_the_same_incidents() -> None:
    Path("in.jsonl").write_bytes(COPIED)
    Path("in.jsonl.gz").write_bytes(gzip.compress(COPIED))
    run("in.jsonl", "--incidents", "plain")
    run("in.jsonl.gz", "--incidents", "zipped")
    piped = run("-", "--incidents", "-", stdin=COPIED)
    plain = same(read("plain"))
    assert plain
    assert same(read("zipped")) == plain
    assert same([json.loads(line) for line in piped.stdout.splitlines()]) == plain


@needs_servers
def test_likenesses_are_those_of_the_workers_with_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are estimated from samples that the key chooses: another one may find other copies."""
    also = ("a drum", "two old fiddles", "the big accordion of the mayor", "nothing but your voice", "many friends")
    altered = [message(n, text=f"{TEXT} Everybody may bring {also[n % 5]} to the valley.") for n in range(COPIES)]
    Path("in.jsonl").write_bytes(lines(*altered))

    def likenesses(key: str) -> list[float]:
        monkeypatch.setenv("TWINWATCH_PSEUDONYM_KEY", key)
        run("in.jsonl", "--incidents", "out.jsonl")
        return [incident["evidence"]["similarity"] for incident in read("out.jsonl")]

    one = likenesses("the key of one installation")
    assert 0.5 < min(one) < 1
    assert likenesses("the key of one installation") == one
    assert likenesses("the key of another installation") != one


@needs_servers
def test_an_empty_input_is_read_to_its_end() -> None:
    Path("in.jsonl").write_bytes(b"")
    result = run("in.jsonl", "--incidents", "out.jsonl")
    assert result.exit_code == 0
    assert read("out.jsonl") == []


def test_a_redis_of_the_callers_gives_the_same_and_is_left_clean(any_redis_url: str) -> None:
    Path("in.jsonl").write_bytes(COPIED)
    run("in.jsonl", "--incidents", "own")
    with Redis.from_url(any_redis_url) as client:
        client.set("tw9:of somebody else", "1")
        assert run("in.jsonl", "--incidents", "given", "--redis", any_redis_url).exit_code == 0
        assert client.keys() == [b"tw9:of somebody else"]
    assert same(read("given")) == same(read("own"))


# --- what can be wrong


def test_an_output_never_overwrites_the_input_or_another_output() -> None:
    Path("in.jsonl").write_bytes(COPIED)
    Path("link.jsonl").symlink_to("in.jsonl")
    Path("twin.jsonl").hardlink_to("in.jsonl")
    for option in ("--incidents", "--shadow", "--dead-letters"):
        for target in ("./in.jsonl", "link.jsonl", "twin.jsonl"):
            assert "is the input" in fails("in.jsonl", option, target, status=2)
    assert "--incidents" in fails(
        "in.jsonl", "--incidents", "out", "--shadow", "../" + Path.cwd().name + "/out", status=2
    )
    assert Path("in.jsonl").read_bytes() == COPIED
    assert not Path("out").exists()


@needs_servers
def test_two_outputs_may_go_to_the_same_device() -> None:
    Path("in.jsonl").write_bytes(COPIED)
    assert run("in.jsonl", "--incidents", "/dev/null", "--dead-letters", "/dev/null").exit_code == 0


@needs_servers
def test_what_cannot_be_read_or_written_is_one_line() -> None:
    Path("in.jsonl").write_bytes(COPIED)
    Path("broken.gz").write_bytes(gzip.compress(COPIED)[:-30])
    Path("plain.gz").write_bytes(COPIED)
    assert "nowhere.jsonl" in fails("nowhere.jsonl", status=2)
    assert "directory" in fails(Path.cwd(), status=2)
    assert "broken.gz" in fails("broken.gz", status=1)
    assert "plain.gz" in fails("plain.gz", status=1)
    assert "nowhere/out" in fails("in.jsonl", "--incidents", "nowhere/out", status=2)
    assert "/dev/full" in fails("in.jsonl", "--incidents", "/dev/full", status=1)
    assert "--redis" in fails("in.jsonl", "--redis", "http://localhost", status=2)
    assert "Redis" in fails("in.jsonl", "--redis", "redis://127.0.0.1:1/0", status=1)


def test_a_redis_that_dies_meanwhile_is_one_line_that_says_so(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("in.jsonl").write_bytes(COPIED)
    monkeypatch.setattr(replay, "BATCH_RECORDS", 1)

    def make_and_kill(value: bytes) -> RawRecord:
        if b"event-5" in value:
            own_redis.kill()
        return RawRecord(value=value)

    monkeypatch.setattr(replay, "RawRecord", make_and_kill)
    told = fails("in.jsonl", "--redis", own_redis.url, status=1)
    assert "deleted" not in told


@needs_servers
def test_a_reader_that_has_enough_ends_it_without_a_trace() -> None:
    Path("in.jsonl").write_bytes(COPIED)
    command = [sys.executable, "-m", "twinwatch", "replay", str(Path("in.jsonl").resolve()), "--incidents", "-"]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    _, said = process.communicate(timeout=LONG_ENOUGH)
    assert b"Traceback" not in said


# --- lines and batches


@given(st.lists(st.sampled_from([b"a", b" ", b"\n", b"\r", b"\r\n", b"\xef\xbb\xbf", b"\x00"])).map(b"".join))
def test_lines_are_what_stands_between_line_ends(data: bytes) -> None:
    expected = [
        (number, line.removesuffix(b"\r"))
        for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1)
        if line.removesuffix(b"\r").strip()
    ]
    assert [(line.number, line.value) for line in read_lines(io.BytesIO(data))] == expected
    assert not any(line.cut for line in read_lines(io.BytesIO(data)))


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert list(read_lines(io.BytesIO(b"\xef\xbb\xbf{}\n{}"))) == [Line(1, b"{}", False), Line(2, b"{}", False)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"12345678\nab\n", [Line(1, b"12345678", False), Line(2, b"ab", False)]),
        (b"123456789\nab\n", [Line(1, b"12345678", True), Line(2, b"ab", False)]),
        (b"123456789012345678901\r\nab", [Line(1, b"12345678", True), Line(2, b"ab", False)]),
        (b"12345678", [Line(1, b"12345678", False)]),
        (b"1234567890", [Line(1, b"12345678", True)]),
    ],
)
def test_a_very_long_line_is_cut_and_the_next_one_is_whole(
    data: bytes, expected: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "MAX_LINE_BYTES", 8)
    assert list(read_lines(io.BytesIO(data))) == expected


@needs_servers
def test_a_line_that_was_cut_says_so_in_its_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MAX_LINE_BYTES", 300_000)
    Path("in.jsonl").write_bytes(lines(message(1, text="a" * 300_000)) + COPIED)
    assert run("in.jsonl", "--incidents", "out", "--dead-letters", "dead").exit_code == 0
    (letter,) = read("dead")
    assert (letter["reason"], letter["value_cut"], len(letter["value"])) == ("too_large", True, 300_000)
    assert read("out")


def test_batches_are_bounded_by_number_and_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "BATCH_RECORDS", 3)
    monkeypatch.setattr(replay, "BATCH_BYTES", 10)
    sizes = [1, 1, 1, 1, 9, 9, 30, 1]
    made = list(batches(Line(number, b"x" * size, False) for number, size in enumerate(sizes)))
    assert [[len(line.value) for line in batch] for batch in made] == [[1, 1, 1], [1, 9], [9, 30], [1]]


def test_the_position_in_a_file_is_known_and_that_in_a_pipe_is_not(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl.gz"
    path.write_bytes(gzip.compress(COPIED))
    with path.open("rb") as raw:
        file = EventFile(raw, path)
        assert file.size == path.stat().st_size
        assert sum(1 for _ in read_lines(file.stream)) == COPIES
        assert file.position() == file.size
    assert EventFile(io.BytesIO(), None).size is None


@needs_servers
def test_what_is_loaded_once_is_loaded_before_time_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    order = list[str]()

    def load() -> None:
        order.append("loaded")

    async def judge(*_: object) -> replay.ReplaySummary:
        order.append("judged")
        return replay.ReplaySummary()

    monkeypatch.setattr(replay_command, "load_tables", load)
    monkeypatch.setattr(replay_command, "replay", judge)
    Path("events.jsonl").write_bytes(COPIED)
    assert run("events.jsonl").exit_code == 0
    assert order == ["loaded", "judged"]
