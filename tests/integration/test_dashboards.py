"""Dashboards over a genuine Prometheus that scrapes a worker under load: every panel's question is answered."""

import importlib.util
import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from agents.metrics import Metrics
from tests.integration.conftest import NewStage
from tests.integration.stage import Sent, Worker, event
from tests.servers import REPOSITORY, ServerMissing, eventually, free_port, lifeline, missing
from twinwatch.embedded.kept import kept
from twinwatch.sample_day import sample_day, yesterday

GRAFANA = REPOSITORY / "deploy" / "grafana"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dashboards", GRAFANA / "dashboards.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CODE = _load()
FILES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (GRAFANA / "dashboards").glob("*.json")}
TARGETS = [
    (f"{name}: {panel['title']}: {target['legendFormat']}", target["expr"])
    for name, dashboard in FILES.items()
    for panel in dashboard["panels"]
    for target in panel.get("targets", [])
]


def test_the_files_are_what_the_code_writes() -> None:
    assert sorted(FILES) == sorted(CODE.DASHBOARDS) == ["campaigns", "feedback", "overview", "pipeline", "rules"]
    for name in FILES:
        text = (GRAFANA / "dashboards" / f"{name}.json").read_text(encoding="utf-8")
        assert text == CODE.written(name), "python deploy/grafana/dashboards.py"


def test_panels_ask_for_series_that_exist_and_name_labels_that_they_have() -> None:
    metrics = list(Metrics().registry.collect())
    known = {f"{one.name}{suffix}" for one in metrics for suffix in ("", "_total", "_bucket", "_sum", "_count")}
    for title, expression in TARGETS:
        asked = set(re.findall(r"\b(?:twinwatch|process)_\w+", expression))
        assert asked <= known, title
        assert re.findall(r"\b[A-Z]+\b", expression) == ["ALERTS"] * ("ALERTS" in expression), title
        for label in re.findall(r"{{(\w+)}}", title):
            assert re.search(rf"by \([^)]*\b{label}\b", expression) or label == "instance", title


def test_the_first_dashboard_shows_which_alerts_fire() -> None:
    asked_first = [expression for title, expression in TARGETS if title.startswith("overview:")]
    assert sum("ALERTS" in expression for expression in asked_first) == 2


def test_each_dashboard_leads_to_the_runbook_where_alerts_do() -> None:
    docs = yaml.safe_load((REPOSITORY / "deploy" / "prometheus.yml").read_text("utf-8"))["global"]["external_labels"]
    for dashboard in FILES.values():
        (variable,) = dashboard["templating"]["list"]
        assert (variable["name"], variable["query"]) == ("docs", docs["twinwatch_docs"])
        assert "${docs}/runbook/" in [link.get("url") for link in dashboard["links"]]


def test_no_two_panels_lie_upon_each_other_and_the_datasource_is_the_one_that_is_provisioned() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text("utf-8"))["datasources"]
    for dashboard in FILES.values():
        taken: set[tuple[int, int]] = set()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken
            assert place["x"] + place["w"] <= 24
            taken |= cells
            for target in panel.get("targets", []):
                assert target["datasource"]["uid"] == source["uid"]


def load(number: int) -> list[Sent]:
    """A day in which every rule has something to find, what cannot be used, and answers to what was found."""
    day = [Sent("activity.messages", one.value, one.key) for one in sample_day(yesterday(), seed=number)]
    return [*day, Sent("activity.profiles", b"no JSON")]


@contextmanager
def prometheus(worker: Worker, directory: Path) -> Iterator[str]:
    """Where Prometheus answers that scrapes the worker each second, by the shipped configuration otherwise."""
    program, port = shutil.which("prometheus"), free_port()
    assert program
    configuration = yaml.safe_load((REPOSITORY / "deploy" / "prometheus.yml").read_text(encoding="utf-8"))
    configuration["global"] |= {"scrape_interval": "1s", "evaluation_interval": "1s"}
    configuration["rule_files"].append("fires.yml")
    groups = [
        {"name": "fires", "rules": [{"alert": "AlwaysFires", "expr": "vector(1)", "labels": {"severity": "test"}}]}
    ]
    (directory / "fires.yml").write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
    (job,) = configuration["scrape_configs"]
    del job["dns_sd_configs"]
    job["static_configs"] = [{"targets": [f"127.0.0.1:{worker.port}"]}]
    (directory / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    shutil.copy(REPOSITORY / "deploy" / "alerts.yml", directory)
    command = [
        program,
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with lifeline() as pipe, (directory / "prometheus.log").open("wb") as log:
        running = subprocess.Popen(
            kept(command, pipe=pipe), stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[pipe]
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            running.kill()
            running.wait()


def asked(url: str, expression: str) -> list[Any]:
    """What Prometheus answers now. A question that it does not understand is an error."""
    query = urllib.parse.urlencode({"query": expression.replace("$__rate_interval", "1m")})
    with urllib.request.urlopen(f"{url}/api/v1/query?{query}") as answer:
        return list(json.load(answer)["data"]["result"])


def lacking(url: str, expression: str) -> bool:
    """Whether a panel has nothing to show: of alerts, not even the one that always fires. A zero that stands in for what
    never happened stands alone.
    """
    found = [one["metric"] for one in asked(url, expression)]
    if "ALERTS" in expression:
        return "test" not in [labels.get("severity") for labels in found if labels]
    return not found or ({} in found and len(found) > 1)


def answers(url: str) -> bool:
    try:
        return bool(asked(url, 'up{job="twinwatch"} == 1'))
    except OSError:
        return False


def test_every_panel_has_data_of_a_worker_under_load(
    request: pytest.FixtureRequest, new_embedded_stage: NewStage, tmp_path: Path
) -> None:
    if shutil.which("prometheus") is None:
        missing(request, ServerMissing("prometheus (Debian: apt install prometheus)"))
    stage = new_embedded_stage(1)
    worker = stage.start_worker()
    with prometheus(worker, tmp_path) as url:
        eventually(lambda: answers(url), what="Prometheus has scraped the worker")
        silent: list[str] = []

        def all_answer() -> bool:
            number = next(numbers)
            stage.send(load(number))
            stage.wait_until_judged()
            stage.send(
                event(
                    "incidents.verdicts",
                    type="verdict",
                    event_id=f"verdict-{number}-{incident['incident_id']}",
                    occurred_at=incident["occurred_at"],
                    actor_id="moderator",
                    incident_id=incident["incident_id"],
                    verdict="upheld",
                    action="warned",
                )
                for incident in stage.incidents()[:20]
            )
            stage.wait_until_judged()
            silent[:] = [title for title, expression in TARGETS if lacking(url, expression)]
            return not silent

        numbers = iter(range(1, 10_000))
        try:
            eventually(all_answer, what="every panel has data")
        except BaseException:
            print(f"these had none: {silent}")
            raise
        with pytest.raises(OSError, match="400"):
            asked(url, "sum(")
        assert not asked(url, "twinwatch_nothing_total")
