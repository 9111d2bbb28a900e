"""What every command has in common: help that teaches, one clear line for a mistake, quiet ends."""

import json
import os
import re
import sys
from functools import partial
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from rich.console import Console

from rules.registry import all_rules
from tests import servers
from tests.servers import eventually
from tests.terminal import Terminal
from text.languages import KINDS, NAMES
from twinwatch import report
from twinwatch.cli import main
from twinwatch.contract import contract_schemas
from twinwatch.failures import to_be_typed
from twinwatch.languages_page import WITHOUT, languages_page, rules_by_list
from twinwatch.settings_page import settings_page

REPOSITORY = Path(__file__).parents[2]


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of all commands, groups among them."""
    found: list[tuple[str, ...]] = [path]
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
        else:
            found.append((*path, name))
    return found


def groups(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of all commands that have commands of their own."""
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += [(*path, name), *groups(command, (*path, name))]
    return found


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("TWINWATCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, arguments, prog_name="twinwatch")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def fails_with_one_line(*arguments: str) -> str:
    status, out, err = run(*arguments)
    assert status == 2
    assert out == ""
    assert err.startswith("twinwatch: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("path", commands(main), ids=" ".join)
def test_the_help_of_every_command_explains_itself_with_an_example(path: tuple[str, ...]) -> None:
    status, out, _ = run(*path, "--help")
    assert status == 0
    assert (
        out.count(f"    twinwatch {' '.join(path)}".rstrip())
        + out.count(f"/0 twinwatch {' '.join(path)}")
        + out.count(f"2 twinwatch {' '.join(path)}")
        or f"| twinwatch {' '.join(path)}" in out
    )


@pytest.mark.parametrize("path", commands(main), ids=" ".join)
def test_help_fits_a_terminal_of_80_columns(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"], prog_name="twinwatch", terminal_width=80)
    assert [line for line in result.stdout.splitlines() if len(line) > 80] == []
    wide = CliRunner().invoke(main, [*path, "--help"], prog_name="twinwatch", terminal_width=2_000)
    assert result.stdout.split() == wide.stdout.split(), "a word is cut"


@pytest.mark.parametrize(
    "command", [("policy", "show"), ("settings",), ("metrics",), ("languages",), ("languages", "ga")], ids=" ".join
)
def test_a_report_fits_a_terminal_of_80_columns_in_whole_words(command: tuple[str, ...]) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("TWINWATCH_")}
    told = {}
    for columns in (80, 500):
        with Terminal(*command, size=(columns, 24), env=env) as terminal:
            assert terminal.ends() == 0
        told[columns] = re.sub(r"\x1b\[[0-9;]*m", "", terminal.said)
    assert max(len(line.rstrip()) for line in told[80].splitlines()) <= 80
    assert sorted(told[80].split()) == sorted(told[500].split()), "a word is cut"


def test_every_command_of_the_contract_and_the_readme_is_there() -> None:
    expected = {"demo", "worker", "replay", "topics create", "schema", "policy check", "policy show", "settings"}
    assert expected <= {" ".join(path) for path in commands(main)}


def test_the_version_is_told() -> None:
    status, out, _ = run("--version")
    assert status == 0
    assert out.startswith("twinwatch ")


@pytest.mark.parametrize("path", [(), *groups(main)], ids=" ".join)
def test_the_list_of_commands_is_not_cut_off(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"], prog_name="twinwatch", terminal_width=80)
    assert "..." not in result.stdout.partition("Commands:")[2]
    assert "Commands:" in result.stdout


@pytest.mark.parametrize("command", [("policy", "show", "no_rule"), ("policy", "show", "--format", "x" * 30)])
def test_what_is_wrong_is_told_in_whole_words_on_a_terminal(command: tuple[str, ...]) -> None:
    _, _, whole = run(*command)
    env = {name: value for name, value in os.environ.items() if not name.startswith("TWINWATCH_")}
    with Terminal(*command, env=env) as terminal:
        assert terminal.ends() == 2
        eventually(lambda: terminal.said.split() == whole.split(), what=f"{whole!r} is told")
        assert max(map(len, whole.splitlines())) > 80 >= max(map(len, terminal.said.splitlines()))


# --- schema


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(["doktor"], "doctor"), (["incidents", "lsit"], "list"), (["dead-leters", "list"], "dead-letters")],
)
def test_a_command_that_is_mistyped_is_told_with_the_one_that_was_meant(typed: list[str], meant: str) -> None:
    status, _, told = run(*typed)
    assert status == 2
    assert f"Did you mean {meant}?" in told
    assert "Did you mean" not in run("xyzzy")[2]


@pytest.mark.parametrize("path", groups(main), ids=" ".join)
def test_commands_of_several_show_their_help_where_none_is_named(path: tuple[str, ...]) -> None:
    status, _, told = run(*path)
    assert (status, told) == (2, run(*path, "--help")[1])


def test_schema_lists_names_and_prints_each_as_valid_json_schema() -> None:
    _, out, _ = run("schema")
    names = out.split()
    assert {"message", "verdict", "incident"} <= set(names)
    for name in names:
        status, printed, _ = run("schema", name)
        assert status == 0
        Draft202012Validator.check_schema(json.loads(printed))


def test_the_message_schema_tells_a_good_message_from_a_bad_one() -> None:
    _, printed, _ = run("schema", "message")
    validator = Draft202012Validator(json.loads(printed))
    message = {
        "type": "message",
        "event_id": "e1",
        "occurred_at": "2026-01-01T10:00:00+01:00",
        "actor_id": "a",
        "recipient_ids": ["b"],
        "text": "Hello",
    }
    assert validator.is_valid(message)
    assert not validator.is_valid(message | {"recipient_ids": []})
    assert not validator.is_valid({key: value for key, value in message.items() if key != "text"})


def test_schemas_are_written_as_files(tmp_path: Path) -> None:
    status, _, _ = run("schema", "--out", str(tmp_path / "deep" / "schemas"))
    assert status == 0
    _, names, _ = run("schema")
    written = {path.name.removesuffix(".schema.json") for path in (tmp_path / "deep" / "schemas").iterdir()}
    assert written == set(names.split())


def test_an_unknown_schema_names_the_known_ones() -> None:
    assert "message" in fails_with_one_line("schema", "massage")


# --- policy


def test_the_packaged_policy_is_fine() -> None:
    status, out, _ = run("policy", "check")
    assert status == 0
    assert "fine" in out


def test_a_shown_policy_is_the_same_policy_again(tmp_path: Path) -> None:
    _, checked, _ = run("policy", "check")
    _, shown, _ = run("policy", "show", "--format", "yaml")
    Path("policy.yaml").write_text(shown, encoding="utf-8")
    status, checked_again, _ = run("policy", "check", "policy.yaml")
    assert status == 0
    assert checked.split()[-1] == checked_again.split()[-1]


def test_the_policy_as_text_has_a_block_for_every_rule_with_its_limits() -> None:
    _, shown, _ = run("policy", "show", "--format", "json")
    _, text, _ = run("policy", "show")
    rules = json.loads(shown)["rules"]
    assert len(rules) >= 11
    headings = [line.split()[0] for line in text.splitlines()[1:] if line and not line.startswith(" ")]
    assert sorted(headings) == sorted(rules)
    assert "strangers: 20 in 1h" in text


def test_one_rule_of_the_policy_is_shown_alone() -> None:
    _, whole, _ = run("policy", "show", "--json")
    _, one, _ = run("policy", "show", "mass_messaging", "--format", "json")
    assert json.loads(one)["rules"] == {"mass_messaging": json.loads(whole)["rules"]["mass_messaging"]}
    status, text, _ = run("policy", "show", "mass_messaging")
    assert status == 0
    assert "strangers: 20 in 1h" in text
    assert "copied_message" not in text
    assert "    weights: group_abuse 2.0, insult 1.0\n" in run("policy", "show", "abusive_language")[1]
    assert "a file is named by --policy" in fails_with_one_line("policy", "show", "policy.yaml")


@pytest.mark.parametrize(
    "command", [("policy", "show"), ("settings",), ("metrics",), ("languages",), ("languages", "de")]
)
def test_what_is_listed_fits_into_80_columns_and_cuts_no_word(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = run(*command)[1]
    console = partial(Console, highlight=False, width=80)
    monkeypatch.setattr(report, "stdout_console", console)
    narrow = run(*command)[1]
    assert max(len(line.rstrip()) for line in narrow.splitlines()) <= 80
    assert "…" not in narrow.replace("SASL_…", "")
    # what is wider than the whole screen, such as an address, has to be folded
    assert {word for word in wide.split() if len(word) < 60} <= set(narrow.split())


@pytest.mark.parametrize(
    "command", [("policy", "show"), ("settings",), ("metrics",), ("languages",), ("languages", "de")]
)
def test_in_a_pipe_no_line_is_filled_up_with_blanks(command: tuple[str, ...]) -> None:
    assert [line for line in run(*command)[1].splitlines() if line != line.rstrip()] == []


def test_what_scripts_read_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINWATCH_BATCH_MAX_RECORDS", "123")
    rows = {row["setting"]: row for row in map(json.loads, run("settings", "--json")[1].splitlines())}
    assert rows["TWINWATCH_BATCH_MAX_RECORDS"]["value"] == "123"
    assert [name for name, row in rows.items() if row["changed"]] == ["TWINWATCH_BATCH_MAX_RECORDS"]
    checked = json.loads(run("policy", "check", "--json")[1])
    assert checked["rules"] == checked["live"] + checked["shadow"] + checked["off"]


def test_a_policy_with_a_mistake_is_refused_with_its_place() -> None:
    _, shown, _ = run("policy", "show", "--format", "yaml")
    Path("policy.yaml").write_text(shown.replace("mode: live", "mode: lively", 1), encoding="utf-8")
    assert "lively" in fails_with_one_line("policy", "check", "policy.yaml")


def test_a_missing_policy_is_one_line() -> None:
    assert "nowhere.yaml" in fails_with_one_line("policy", "check", "nowhere.yaml")
    assert "nowhere.yaml" in fails_with_one_line("replay", "-", "--policy", "nowhere.yaml")


# --- settings


def test_settings_show_what_is_in_force_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINWATCH_BATCH_MAX_RECORDS", "123")
    monkeypatch.setenv("TWINWATCH_PSEUDONYM_KEY", "very-secret-pseudonym-key")
    monkeypatch.setenv("TWINWATCH_REDIS_URL", "redis://user:opensesame@redis:6379/0")
    status, out, _ = run("settings")
    assert status == 0
    assert "123" in out
    assert "redis:6379/0" in out
    assert "very-secret" not in out
    assert "opensesame" not in out


def test_a_wrong_setting_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINWATCH_BATCH_MAX_RECORDS", "many")
    for command in (["settings"], ["worker"], ["topics", "create"], ["replay", "-"]):
        assert "TWINWATCH_BATCH_MAX_RECORDS" in fails_with_one_line(*command)


def test_a_missing_env_file_is_one_line() -> None:
    assert "nowhere.env" in fails_with_one_line("worker", "--env-file", "nowhere.env")


def test_the_page_of_settings_is_current() -> None:
    page = (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == settings_page(), "run: twinwatch settings --format markdown > docs/settings.md"


def test_the_page_of_the_policy_is_current() -> None:
    status, printed, _ = run("policy", "show", "--format", "markdown")
    page = (REPOSITORY / "docs" / "policy.md").read_text(encoding="utf-8")
    assert (status, page) == (0, printed), "run: twinwatch policy show --format markdown > docs/policy.md"
    assert "expected it alone" in fails_with_one_line("policy", "show", "threat", "--format", "markdown")


def test_the_page_of_the_policy_has_every_field_of_the_shipped_one() -> None:
    page = (REPOSITORY / "docs" / "policy.md").read_text(encoding="utf-8")
    policy = json.loads(run("policy", "show", "--json")[1])
    sections = dict(re.findall(r"^###? (\w+)$(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    assert sections.keys() == {"memory", "feedback", "rules", *policy["rules"]}
    of_each = dict(policy["rules"]["threat"], limits=0)
    for name, fields in [("memory", policy["memory"]), ("feedback", policy["feedback"]), ("rules", of_each)] + [
        (slug, rule["limits"]) for slug, rule in policy["rules"].items()
    ]:
        assert set(re.findall(r"^\| `(\w+)", sections[name], re.MULTILINE)) == fields.keys(), name


# --- metrics


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process knows less of itself")
def test_the_page_of_metrics_is_current() -> None:
    status, printed, _ = run("metrics", "--markdown")
    page = (REPOSITORY / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert (status, page) == (0, printed), "run: twinwatch metrics --markdown > docs/metrics.md"


# --- doctor


def test_a_doctor_says_last_how_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINWATCH_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("TWINWATCH_REDIS_URL", "redis://127.0.0.1:1/0")
    status, out, _ = run("doctor")
    assert (status, out.splitlines()[-1]) == (1, "3 things are wrong")
    assert len(re.findall("^wrong ", out, re.MULTILINE)) == 3


# --- languages


def test_the_page_of_languages_is_current() -> None:
    page = (REPOSITORY / "docs" / "languages.md").read_text(encoding="utf-8")
    assert page == languages_page(), "run: twinwatch languages --markdown > docs/languages.md"


def test_every_language_has_a_line_of_at_most_80_columns() -> None:
    status, out, _ = run("languages")
    assert status == 0
    assert all(len(line.rstrip()) <= 80 for line in out.splitlines())
    assert {line.split()[0] for line in out.splitlines()[1 : 1 + len(NAMES)]} == NAMES.keys()
    [japanese] = [line.split() for line in out.splitlines() if line.startswith("ja ")]
    assert japanese[:2] == ["ja", "Japanese"]
    assert [kind for kind, entries in zip(KINDS, japanese[2:], strict=True) if entries != "–"] == [
        "hostility",
        "trade",
        "removals",
        "numbers",
        "warnings",
    ]


FOR_PEOPLE = {("demo",), ("worker",)}
"""Commands whose answer no script reads: a show, and a service (its log is JSON by TWINWATCH_LOG_FORMAT)."""
EVENT = (
    '{"type": "message", "event_id": "e", "occurred_at": "2026-03-02T08:00:00Z", "actor_id": "anna", '
    '"recipient_ids": ["berta"], "text": ""}\n'
)
INCIDENT = json.dumps(contract_schemas()["incident"]["examples"][0]) + "\n"


def test_every_command_that_a_script_may_read_speaks_json() -> None:
    mute = set()
    for path in commands(main):
        command: click.Command = main
        for name in path:
            assert isinstance(command, click.Group)
            command = command.commands[name]
        if not isinstance(command, click.Group) and "--json" not in {o for p in command.params for o in p.opts}:
            mute.add(path)
    assert mute == FOR_PEOPLE


@pytest.mark.parametrize(
    "line",
    [
        "check-events events.jsonl",
        "incidents list --file found.jsonl",
        f"incidents show {json.loads(INCIDENT)['incident_id']} --file found.jsonl",
        "incidents watch --file found.jsonl",
        "languages",
        "languages de",
        "metrics",
        "policy check",
        "policy show",
        "policy show threat",
        "schema",
        "settings",
    ],
)
def test_what_is_printed_for_scripts_is_json_and_nothing_else(line: str) -> None:
    Path("events.jsonl").write_text(EVENT, "utf-8")
    Path("found.jsonl").write_text(INCIDENT, "utf-8")
    status, told, complaint = run(*line.split(), "--json")
    assert (status, complaint) == (0, "")
    try:
        found = [json.loads(told)]
    except json.JSONDecodeError:
        found = [json.loads(row) for row in told.splitlines()]
    assert found
    assert all(isinstance(one, dict | list) and one for one in found)
    assert run(*line.split())[1] != told


def test_languages_are_told_as_json() -> None:
    _, out, _ = run("languages", "--json")
    rows = {row["code"]: row for row in json.loads(out)}
    assert rows.keys() == NAMES.keys()
    assert rows["hr"]["lists"]["hostility"]["folder"] == "sh"
    assert rows["hr"]["lists"]["hostility"]["entries"] > 500
    assert "threat" in rows["hr"]["rules"]
    assert "pupil_image" in rows["fa"]["rules_without_words"]
    assert "mass_messaging" not in {
        slug for row in rows.values() for slug in (*row["rules"], *row["rules_without_words"])
    }


def test_one_language_is_told_with_what_it_lacks() -> None:
    status, out, _ = run("languages", "pt-BR")
    assert status == 0
    assert out.startswith("Portuguese (pt)")
    assert json.loads(run("languages", "pt-BR", "--json")[1])["code"] == "pt"
    _, out, _ = run("languages", "zh")
    assert "nowhere" in out


def test_an_unknown_language_is_one_line() -> None:
    assert "no language 'xx'; known are ar, az" in fails_with_one_line("languages", "xx")
    assert "--markdown" in fails_with_one_line("languages", "de", "--markdown")


def test_every_kind_of_words_is_read_by_a_rule() -> None:
    assert all(rules_by_list().values())
    assert {kind for rule in all_rules().values() for kind in rule.lists} == KINDS.keys() == WITHOUT.keys()


# --- Kafka out of reach


def test_topics_cannot_be_created_where_no_kafka_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINWATCH_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    done = servers.run(sys.executable, "-m", "twinwatch", "topics", "create")
    assert done.returncode == 1
    assert "127.0.0.1:1" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_what_is_to_be_typed_next_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = tmp_path / ".venv" / "bin"
    commands.mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", str(commands / "python"))
    monkeypatch.setenv("PATH", "")
    assert to_be_typed() == "twinwatch", "there is none beside that Python"
    (commands / "twinwatch").touch(mode=0o755)
    assert to_be_typed() == ".venv/bin/twinwatch"
    monkeypatch.chdir(commands.parent)
    assert to_be_typed() == "bin/twinwatch"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert to_be_typed() == str(commands / "twinwatch")
    monkeypatch.setenv("PATH", str(commands))
    assert to_be_typed() == "twinwatch"
