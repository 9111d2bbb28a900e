"""`twinwatch incidents` over files: the worst first, whole words, no word of a member's that steers the terminal."""

import gzip
import io
import json
import os
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from models.decoding import InputLimits, decode_event
from models.events import Verdict
from models.incidents import Evidence, Incident, Measurement, Statement, encode_incident
from tests.servers import eventually
from tests.terminal import Terminal, ToldProgress
from twinwatch.cli import main
from twinwatch.incidents_command import Filters
from twinwatch.incidents_report import incident_entry, marked_differences, sparkline
from twinwatch.incidents_watch import Board

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\rgone[red]x[/red]\x7f"
"""Clears the screen, changes its title and its colours, turns the writing round and prints over the line."""
STEERING = set("\x1b\x07\x9b\u202e\r\x7f\x08")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("TWINWATCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def incident(number: int, **fields: Any) -> Incident:
    usual: dict[str, Any] = {
        "incident_id": f"{number:08d}-0000-5000-8000-000000000000",
        "revision": 1,
        "mode": "live",
        "article": 1,
        "rule": "mass_messaging",
        "subject_id": "anna",
        "opened_at": START,
        "occurred_at": START + timedelta(minutes=number),
        "detected_at": START + timedelta(days=1),
        "severity": "medium",
        "confidence": 0.6,
        "recommended_action": "review",
        "summary": "Wrote to 21 strangers within 1 hour; the limit is 20.",
        "evidence": Evidence(
            event_ids=("e1", "e2"),
            measurements=(Measurement(name="strangers", value=30.0, limit=20.0, window_seconds=3600),),
        ),
        "statement": Statement(category="SCAMS", ground="Code of conduct, article 1"),
        "policy_version": "abc",
    }
    return Incident(**usual | fields)


def message(event_id: str, text: str, *, actor: str = "anna", minute: int = 0) -> dict[str, Any]:
    return {
        "type": "message",
        "event_id": event_id,
        "occurred_at": (START + timedelta(minutes=minute)).isoformat(),
        "actor_id": actor,
        "recipient_ids": ["ben"],
        "text": text,
    }


def verdict(about: Incident, says: str, minute: int, action: str = "none") -> dict[str, Any]:
    return {
        "type": "verdict",
        "event_id": f"verdict-{minute}",
        "occurred_at": (START + timedelta(days=1, minutes=minute)).isoformat(),
        "actor_id": "maria",
        "incident_id": about.incident_id,
        "verdict": says,
        "action": action,
    }


def write(*lines: Incident | dict[str, Any] | bytes) -> str:
    def line(one: Incident | dict[str, Any] | bytes) -> bytes:
        if isinstance(one, bytes):
            return one
        return encode_incident(one) if isinstance(one, Incident) else json.dumps(one).encode()

    Path("found.jsonl").write_bytes(b"".join(line(one) + b"\n" for one in lines))
    return "found.jsonl"


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["incidents", *arguments], prog_name="twinwatch")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def listed(*arguments: str) -> list[str]:
    status, out, err = run("list", "--json", *arguments)
    assert status == 0, err
    return [json.loads(line)["incident_id"][7:8] for line in out.splitlines()]


# --- list


def test_the_worst_come_first_and_only_the_latest_revision_counts() -> None:
    file = write(
        incident(1, severity="high", confidence=0.6),
        incident(2, severity="low"),
        incident(3, severity="high", confidence=0.9),
        incident(2, severity="critical", revision=2),
        incident(2, severity="low"),  # told again
    )
    assert listed("--file", file) == ["2", "3", "1"]
    _, out, err = run("list", "--file", file, "--limit", "1")
    assert "revision 2" in out
    assert out.count("mass_messaging") == 1
    assert "2 more incidents are not shown" in err


def test_filters_choose() -> None:
    file = write(
        one := incident(1),
        incident(2, severity="high"),
        incident(3, rule="forum_flood"),
        incident(4, subject_id="ben"),
        incident(5, mode="shadow"),
        verdict(one, "dismissed", 1),
    )
    assert listed("--file", file, "--open") == ["2", "4", "3"]
    assert listed("--file", file, "--severity", "high") == ["2"]
    assert listed("--file", file, "--rule", "forum_flood", "--rule", "mass_messaging", "--subject", "anna") == [
        "2",
        "3",
        "1",
    ]
    assert listed("--file", file, "--mode", "shadow") == ["5"]
    assert len(listed("--file", file, "--mode", "all")) == 5
    status, _, err = run("list", "--file", file, "--rule", "spam")
    assert (status, "found 'spam', expected one of" in err) == (2, True)
    status, _, err = run("list", "--file", file, "--since", "yesterday")
    assert (status, "expected a number of minutes, hours or days" in err) == (2, True)


def test_since_counts_from_when_an_incident_was_told() -> None:
    now = datetime.now(UTC)
    file = write(incident(1, detected_at=now - timedelta(hours=3)), incident(2, detected_at=now - timedelta(days=3)))
    assert listed("--file", file, "--since", "24h") == ["1"]
    assert listed("--file", file, "--since", "4d") == ["2", "1"]


def test_json_has_the_incident_of_the_contract_and_the_verdict_that_counts() -> None:
    one = incident(1)
    file = write(one, verdict(one, "upheld", 5, "warned"), verdict(one, "dismissed", 1))
    _, out, _ = run("list", "--file", file, "--json")
    fields = json.loads(out)
    told = fields.pop("verdict")
    assert (told["verdict"], told["action"], told["actor_id"]) == ("upheld", "warned", "maria")
    assert msgspec.convert(fields, Incident) == one


def test_what_is_no_incident_is_left_out_and_counted() -> None:
    file = write(incident(1), b"not json", b'{"incident_id": "x", "revision": 1}', message("e1", "Hello"))
    status, out, err = run("list", "--file", file)
    assert (status, out.count("mass_messaging")) == (0, 1)
    assert f"2 records could not be read and were left out, the first at {file}, line 2: JSON is malformed" in err
    nothing = write(b"not json", b'{"incident_id": "x", "revision": 1}')
    status, _, err = run("list", "--file", nothing)
    assert status == 2
    assert f"{nothing}, line 1: JSON is malformed" in err
    assert "expected an incident" in err
    assert run("list", "--file", write())[0] == 0, "an empty file has no incidents, and that is no mistake"
    status, _, err = run("list", "--file", "nowhere.jsonl")
    assert (status, err) == (2, "twinwatch: nowhere.jsonl: No such file or directory\n")


# --- show


def test_an_incident_is_shown_with_its_revisions_measurements_verdicts_and_texts() -> None:
    one = incident(1, revision=2)
    file = write(
        incident(1),
        one,
        verdict(one, "dismissed", 1),
        message("e2", "The second text", minute=2),
        message("e1", "The first text", minute=1),
        message("e3", "Nobody's evidence"),
    )
    status, out, _ = run("show", "00000001", "--file", file)
    assert status == 0
    assert "strangers 30, limit 20 within 1 hour" in out
    bar = next(line for line in out.splitlines() if "│" in line)
    assert bar.index("│") == 20  # of 30 cells
    assert out.index("The first text") < out.index("The second text")
    assert "Nobody" not in out
    assert "dismissed (none) by maria" in out
    assert "1  2026-03-02 08:01:00Z" in out
    assert "2 of 2 events" in out


def test_evidence_that_is_gone_is_said() -> None:
    _, out, _ = run("show", "00000001", "--file", write(incident(1), message("e2", "Here")))
    assert "1 of 2 events" in out
    assert "not found" in out
    assert "e1" in out.partition("not found")[2]


@pytest.mark.parametrize("as_json", [False, True])
def test_personal_data_in_texts_is_masked_unless_asked_for(as_json: bool) -> None:
    file = write(incident(1), message("e1", "<p>Call me: +49 151 23456789, anna.meier@example.org</p>"))
    arguments = ["show", "00000001", "--file", file, *(["--json"] if as_json else [])]
    _, masked, _ = run(*arguments)
    assert "anna.meier" not in masked
    assert "23456789" not in masked
    assert "[e-mail" in masked
    _, whole, _ = run(*arguments, "--unmasked")
    assert "anna.meier@example.org" in whole
    assert "<p>" not in whole


def test_copies_stand_side_by_side_with_their_differences_in_brackets() -> None:
    evidence = Evidence(event_ids=("e1", "e2", "e3"), measurements=(), similarity=0.9)
    file = write(
        incident(1, evidence=evidence),
        message("e1", "Dear Ben, win a prize today"),
        message("e2", "Dear Eva, win a prize today", minute=1),
        message("e3", "Dear Ben, win a prize today", minute=2),
    )
    _, out, _ = run("show", "00000001", "--file", file)
    assert "Dear [-Ben,-] win a prize today" in out
    assert "Dear [+Eva,+] win a prize today" in out
    assert "e1, e3" in out  # the same words are shown once


def test_copies_that_differ_only_in_what_is_masked_do_not_look_the_same() -> None:
    evidence = Evidence(event_ids=("e1", "e2", "e3", "e4"), measurements=(), similarity=0.9)
    file = write(
        incident(1, evidence=evidence),
        message("e1", "Win a prize, call +49 151 23456789 today"),
        message("e2", "Win a prize, call +49 160 98765432 today", minute=1),
        message("e3", "Win a prize, call +49 151 234567-89 today", minute=2),
        message("e4", "Win a prize, call +49 151 23456789 today", actor="ben", minute=3),
    )
    status, out, err = run("show", "00000001", "--file", file)
    assert status == 0, err
    assert "call [-[phone +49…]-] today" in out
    assert "call [+[phone +49… 2]+] today" in out
    assert "e1, e2" not in out
    by_event = out.partition("Evidence")[2].splitlines()
    assert "the same but for what is masked" in by_event[next(i for i, line in enumerate(by_event) if "e3" in line) + 1]
    assert "word for word the same" in by_event[next(i for i, line in enumerate(by_event) if "e4" in line) + 1]
    _, told, _ = run("show", "00000001", "--file", file, "--json")
    assert [one["words"] for one in json.loads(told)["events"]] == [
        f"Win a prize, call [phone +49…{other}] today" for other in ("", " 2", "", "")
    ]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_child_who_is_named_in_one_text_is_masked_in_all(as_json: bool) -> None:
    evidence = Evidence(event_ids=("e1", "e2"), measurements=(), similarity=0.9)
    named = message("e1", "See you on Monday, said Jakub.") | {"subject": "Our pupil Jakub Nowacki, 10 years old"}
    file = write(incident(1, evidence=evidence), named, message("e2", "See you on Friday, said Jakub.", minute=1))
    arguments = ["show", "00000001", "--file", file, *(["--json"] if as_json else [])]
    _, out, _ = run(*arguments)
    assert "[child]" in out
    assert "jakub" not in out.casefold()
    assert "Jakub" in run(*arguments, "--unmasked")[1]


def test_texts_that_go_on_after_what_is_shown_stay_two_and_what_is_not_compared_is_counted() -> None:
    evidence = Evidence(event_ids=("e1", "e2"), measurements=(), similarity=0.9)
    long = "win a prize " * 400
    file = write(incident(1, evidence=evidence), message("e1", f"{long}now"), message("e2", f"{long}and", minute=1))
    _, out, _ = run("show", "00000001", "--file", file)
    assert "e1, e2" not in out
    assert "the same but for what is masked or not shown" in out
    left, right = marked_differences("a " * 900, "a " * 801, coloured=False)
    assert left.plain.endswith("… (100 words more, not compared)")
    assert right.plain.endswith("… (1 word more, not compared)")


def test_differences_are_marked_by_colour_where_there_is_one() -> None:
    left, right = marked_differences("a b c", "a x c d", coloured=True)
    assert (left.plain, right.plain) == ("a b c ", "a x c d ")
    assert [left.plain[span.start : span.end] for span in left.spans] == ["b"]
    assert [right.plain[span.start : span.end] for span in right.spans] == ["x", "d"]


def test_an_id_may_be_shortened_until_it_tells_no_incident_from_another() -> None:
    file = write(incident(12), incident(13))
    status, _, err = run("show", "0000001", "--file", file)
    assert (status, err.count("\n")) == (2, 1)
    assert "2 incidents begin so" in err
    status, _, err = run("show", "9", "--file", file)
    assert (status, "no such incident" in err) == (2, True)
    assert run("show", "00000012", "--file", file)[0] == 0


# --- what members choose


def hostile_file() -> str:
    evidence = Evidence(event_ids=(f"e{HOSTILE}",), measurements=(), excerpt=HOSTILE, words=(HOSTILE,), similarity=0.9)
    one = incident(1, subject_id=f"anna{HOSTILE}", summary=HOSTILE, accomplice_ids=(HOSTILE,), evidence=evidence)
    return write(
        one,
        verdict(one, "upheld", 1) | {"actor_id": HOSTILE},
        message(f"e{HOSTILE}", f"one {HOSTILE}\nsecond line", actor=HOSTILE),
        message(f"e{HOSTILE}", f"two {HOSTILE}", actor=HOSTILE, minute=1),
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("list", "--json"),
        ("show", "00000001"),
        ("show", "00000001", "--unmasked"),
        ("show", "00000001", "--unmasked", "--json"),
        ("watch",),
    ],
    ids=" ".join,
)
def test_no_word_of_a_members_steers_the_terminal(arguments: tuple[str, ...]) -> None:
    status, out, err = run(*arguments, "--file", hostile_file())
    assert status == 0, err
    assert "gone[red]x[/red]" in out  # it is all there, markup included
    assert not STEERING & set(out + err)


def test_what_is_asked_for_does_not_steer_it_either() -> None:
    status, _, err = run("show", HOSTILE, "--file", write(incident(1)))
    assert status == 2
    assert not STEERING & set(err)


def test_in_80_columns_nothing_is_cut_in_words() -> None:
    summary = "Sent nearly the same text to seventeen members in " + "extraordinarily long winded " * 8
    one = incident(1, summary=summary, rule="project_invitation_flood", subject_id="a" * 60, accomplice_count=100)
    out = io.StringIO()
    Console(file=out, width=80).print(incident_entry(one, None))
    lines = out.getvalue().splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert set(summary.split()) <= set(out.getvalue().split())
    assert "…" not in out.getvalue()
    assert "project_invitation_flood" in out.getvalue()


def test_it_is_told_how_far_a_file_is_read(told_progress: ToldProgress) -> None:
    file = write(incident(1), incident(2))
    size = Path(file).stat().st_size
    assert run("list", "--file", file)[0] == 0
    assert told_progress[0][0] == f"reading {file}"
    assert told_progress[-1][2] == size


# --- watch


def test_a_board_counts_by_rule_and_shows_the_newest_first_within_its_height() -> None:
    board = Board(Filters(modes="all"), spread=True)
    for number in range(50):
        board.add(incident(number, rule="forum_flood" if number % 5 else "threat", subject_id=f"m{number}"))
    out = io.StringIO()
    console = Console(file=out, width=80, height=24)
    console.print(board)
    lines = out.getvalue().splitlines()
    assert len(lines) <= 24
    assert lines[0].startswith("50 incidents; mode all")
    assert any(line.split()[:2] == ["forum_flood", "40"] for line in lines)
    assert any(line.split()[:2] == ["threat", "10"] for line in lines)
    assert "m49" in next(line for line in lines if "08:" in line and "m4" in line)


def test_a_board_shows_first_what_was_found_last_whatever_partition_it_was_read_from() -> None:
    board = Board(Filters(), spread=True)
    for number, minute in ((1, 10), (2, 30), (3, 0), (4, 20)):
        board.add(incident(number, subject_id=f"m{number}", detected_at=START + timedelta(minutes=minute)))
    out = io.StringIO()
    Console(file=out, width=120, height=24).print(board)
    assert re.findall(r"\bm\d\b", out.getvalue()) == ["m2", "m4", "m1", "m3"]


def test_a_revision_is_no_further_incident_and_the_filters_hold() -> None:
    board = Board(Filters(severity="high"))
    assert not board.add(incident(1))
    assert board.add(incident(2, severity="high"))
    assert board.add(incident(2, severity="critical", revision=2))
    out = io.StringIO()
    Console(file=out, width=80, height=24).print(board)
    assert "1 incident;" in out.getvalue()


def test_a_watch_tells_scripts_each_revision_as_json() -> None:
    first, second, other = incident(1), incident(1, revision=2), incident(2, rule="threat")
    file = write(first, second, other)
    status, out, _ = run("watch", "--file", file, "--rule", "threat", "--rule", first.rule, "--json")
    assert status == 0
    assert [json.loads(line) for line in out.splitlines()] == [
        json.loads(encode_incident(one)) for one in (first, second, other)
    ]
    assert [
        json.loads(line)["rule"] for line in run("watch", "--file", file, "--rule", "threat", "--json")[1].splitlines()
    ] == ["threat"]


def test_a_sparkline_is_as_high_as_its_counts() -> None:
    assert sparkline([0, 1, 8]) == " ▁█"
    assert sparkline([]) == ""


def test_a_watch_draws_follows_the_size_and_leaves_the_terminal_as_it_was() -> None:
    file = write(*(incident(number, subject_id=f"member-{number}") for number in range(30)))
    env = {name: value for name, value in os.environ.items() if not name.startswith("TWINWATCH_")}
    with Terminal("incidents", "watch", "--file", str(Path(file).resolve()), env=env) as terminal:
        terminal.shows("30 incidents; mode all")
        assert {len(line) for line in terminal.screen} == {80}
        assert len(terminal.screen) == 24
        terminal.press("s")
        terminal.shows("severity medium and above")
        terminal.resize(60, 12)
        terminal.shows("30 incidents")
        eventually(lambda: {len(line) for line in terminal.screen} == {60}, what="the screen is narrower")
        assert len(terminal.screen) == 12
        assert terminal.modes_now() != terminal.modes
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.modes_now() == terminal.modes
        assert terminal.said.rstrip().endswith("\x1b[?25h\x1b[?1049l")


def test_ctrl_c_ends_a_watch_as_cleanly() -> None:
    file = write(incident(1))
    env = {name: value for name, value in os.environ.items() if not name.startswith("TWINWATCH_")}
    with Terminal("incidents", "watch", "--file", str(Path(file).resolve()), env=env) as terminal:
        terminal.shows("1 incident;")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.ends() == 0
        assert terminal.modes_now() == terminal.modes
        assert "Traceback" not in terminal.said


# --- verdict


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("upheld",), "--action: found nothing, expected what was done"),
        (("dismissed", "--action", "warned"), "--action: found warned with a dismissed incident, expected none"),
        (("dismissed", "--moderator", "x" * 129), "--moderator: found 129 characters, expected 1 to 128"),
    ],
)
def test_a_verdict_that_makes_no_sense_is_refused_before_kafka_is_asked(
    arguments: tuple[str, ...], expected: str
) -> None:
    status, _, err = run("verdict", "00000001", *arguments)
    assert (status, err.count("\n")) == (2, 1)
    assert expected in err


def test_a_verdict_over_a_file_is_written_into_the_file_that_has_the_incident() -> None:
    Path("day.jsonl").write_text(json.dumps(message("e1", "Hello")) + "\n")
    before = Path("day.jsonl").read_bytes()
    file = write(incident(1), incident(2))
    found = Path(file)
    found.write_bytes(found.read_bytes().removesuffix(b"\n"))  # as some editors leave it
    both = ("--file", "day.jsonl", "--file", file)
    status, out, err = run("verdict", "00000001", "upheld", "--action", "warn", "--moderator", "maria", *both)
    assert (status, err) == (0, "")
    assert out == "00000001 mass_messaging about anna: upheld (warned) by maria, written to found.jsonl\n"
    assert Path("day.jsonl").read_bytes() == before
    assert listed("--file", file, "--open") == ["2"]
    assert "upheld (warned) by maria" in run("show", "00000001", *both)[1]
    written = decode_event(found.read_bytes().splitlines()[-1], limits=InputLimits(), now=datetime.now(UTC))
    assert isinstance(written, Verdict)
    assert (written.incident_id, written.actor_id) == (incident(1).incident_id, "maria")

    status, out, _ = run("verdict", "00000001", "dismissed", "--moderator", "eva", "--file", file, "--json")
    assert (status, json.loads(out)["verdict"]) == (0, "dismissed")
    assert "dismissed (none)" in run("list", "--file", file)[1], "the later one counts"


def test_standard_input_has_incidents_verdicts_and_events_like_any_file() -> None:
    one = incident(1)
    lines = Path(write(one, verdict(one, "upheld", 1, "warned"), message("e1", "Hello there"))).read_bytes()

    def piped(*arguments: str) -> str:
        done = CliRunner().invoke(main, ["incidents", *arguments, "--file", "-"], input=lines, prog_name="twinwatch")
        assert done.exit_code == 0, done.stderr
        return done.stdout

    assert "upheld (warned)" in piped("list")
    shown = piped("show", "00000001")
    assert "upheld (warned) by maria" in shown
    assert "Hello there" in shown


def test_a_verdict_is_not_written_where_it_would_do_harm() -> None:
    file = write(incident(1))
    packed = gzip.compress(Path(file).read_bytes())
    Path("found.jsonl.gz").write_bytes(packed)
    status, _, err = run("verdict", "00000001", "dismissed", "--file", "found.jsonl.gz")
    assert status == 2
    assert "found.jsonl.gz: found a compressed file, expected one that a line can be added to" in err
    assert Path("found.jsonl.gz").read_bytes() == packed
    Path(file).chmod(0o400)
    if os.geteuid():
        status, _, err = run("verdict", "00000001", "dismissed", "--file", file)
        assert (status, err) == (2, "twinwatch: found.jsonl: Permission denied\n")
    result = CliRunner().invoke(
        main, ["incidents", "verdict", "00000001", "dismissed", "--file", "-"], input=Path(file).read_bytes()
    )
    assert result.exit_code == 2
    assert "-: found standard input, expected one that a line can be added to" in result.stderr
    assert Path(file).read_bytes().count(b"\n") == 1
    before = Path(file).read_bytes()
    assert run("verdict", "99", "dismissed", "--file", file)[0] == 2
    assert Path(file).read_bytes() == before
