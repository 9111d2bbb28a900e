"""The unit for systemd fits the program, and systemd has nothing against it."""

import os
import re
import shutil
from configparser import ConfigParser
from pathlib import Path

import pytest
from click import Group

from agents.settings import Settings, load_settings
from tests.servers import REPOSITORY, run
from twinwatch.cli import main

UNIT = REPOSITORY / "deploy" / "systemd" / "twinwatch-worker@.service"
DEPLOYMENT = REPOSITORY / "docs" / "deployment.md"


def values(key: str) -> list[str]:
    """All values of a key of the service, in their order: a key may stand there more than once."""
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    return [value for name, _, value in (line.partition("=") for line in lines) if name == key]


def test_systemd_has_nothing_against_it(tmp_path: Path) -> None:
    if not (systemd := shutil.which("systemd-analyze")):
        pytest.skip("there is no systemd")
    (program,) = values("ExecStart")
    text = UNIT.read_text(encoding="utf-8").replace(program.split()[0], "/usr/bin/env")
    unit = tmp_path / UNIT.name
    unit.write_text(text, encoding="utf-8")
    done = run(systemd, "verify", unit)
    assert (done.returncode, done.stderr) == (0, "")
    done = run(systemd, "security", "--offline=true", "--threshold=20", unit)
    assert done.returncode == 0, done.stdout
    (exposure,) = re.findall(r"exposure level for .*: ([\d.]+)", done.stdout)
    assert f"(`systemd-analyze security` calls it {exposure} of 10)" in DEPLOYMENT.read_text(encoding="utf-8")


def test_it_leaves_what_metrics_of_the_process_are_read_from() -> None:
    alerts = (REPOSITORY / "deploy" / "alerts.yml").read_text(encoding="utf-8")
    assert "process_start_time_seconds" in alerts, "which needs /proc/stat"
    assert values("ProcSubset") == []


def test_the_command_and_its_settings_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (program,) = values("ExecStart")
    path, command, option, _ = program.split()
    assert (Path(path).name, option) == ("twinwatch", "--env-file")
    assert isinstance(main, Group)
    assert command in main.commands
    (credential,) = values("LoadCredential")
    # of a directory every file becomes a credential, with the name of the directory's in front
    (tmp_path / f"{credential.partition(':')[0]}_pseudonym_key").write_text("k" * 32, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for assignment in values("Environment"):
        name, _, value = assignment.partition("=")
        monkeypatch.setenv(name, value.replace("%i", "9110").replace("%d", str(tmp_path)))
    settings = load_settings()
    assert settings.metrics_port == 9110
    assert settings.pseudonym_key.get_secret_value() == "k" * 32


def test_it_comes_again_whatever_it_ended_of() -> None:
    parser = ConfigParser(strict=False, interpolation=None, delimiters=["="])
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT, encoding="utf-8")
    assert parser["Service"]["Restart"] == "always"
    assert parser["Unit"]["StartLimitIntervalSec"] == "0", "it never gives up"
    assert Settings().stall_seconds > 0
    assert os.path.isabs(parser["Service"]["ExecStart"].split()[0])
