"""The manifests for Kubernetes are valid by the published schemas, and they fit the program and each other."""

import json
import runpy
import shutil
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from click import Command, Group
from pydantic import BaseModel, ValidationError

from agents.settings import Settings, load_settings
from agents.topics import DEFAULT_PARTITIONS
from agents.tracing import _LAST_SECONDS, MAX_LINKS
from tests.servers import run
from twinwatch.cli import main

REPOSITORY = Path(__file__).parents[2]
DEV = [
    line
    for line in tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["dependency-groups"]["dev"]
    if isinstance(line, str)
]
BASE = REPOSITORY / "deploy" / "kubernetes"
COMPONENTS = ["monitoring", "scaling", "tracing"]
KINDS = {
    "v1/ConfigMap": "kubernetes.core",
    "v1/Service": "kubernetes.core",
    "v1/ServiceAccount": "kubernetes.core",
    "apps/v1/Deployment": "kubernetes.apps",
    "batch/v1/Job": "kubernetes.batch",
    "networking.k8s.io/v1/NetworkPolicy": "kubernetes.networking",
    "policy/v1/PodDisruptionBudget": "kubernetes.policy",
    "monitoring.coreos.com/v1/PrometheusRule": "prometheus_operator",
    "monitoring.coreos.com/v1/ServiceMonitor": "prometheus_operator",
    "keda.sh/v1alpha1/ScaledObject": "keda",
}
"""Where cloudcoil has the model that it made of the published schema; read where asked, because that takes seconds."""


def documents(directory: Path) -> Iterator[dict[str, Any]]:
    """All that the kustomization of a directory is made of."""
    kustomization = yaml.safe_load((directory / "kustomization.yaml").read_text(encoding="utf-8"))
    for name in kustomization["resources"]:
        yield from yaml.safe_load_all((directory / name).read_text(encoding="utf-8"))


MANIFESTS = [*documents(BASE), *(document for name in COMPONENTS for document in documents(BASE / name))]


def name_of(manifest: dict[str, Any]) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def only(kind: str, name: str = "twinwatch-worker") -> dict[str, Any]:
    (found,) = (one for one in MANIFESTS if name_of(one) == f"{kind} {name}")
    return found


def validate(manifest: dict[str, Any]) -> None:
    written = f"{manifest['apiVersion']}/{manifest['kind']}"
    module = import_module(f"cloudcoil.models.{KINDS[written]}.{manifest['apiVersion'].rpartition('/')[2]}")
    model: type[BaseModel] = getattr(module, manifest["kind"])
    understood = model.model_validate(manifest).model_dump(mode="json", by_alias=True, exclude_unset=True)
    # a field that the schema does not know is not in what was understood
    assert understood == manifest


@pytest.mark.parametrize("manifest", MANIFESTS, ids=name_of)
def test_is_valid_by_the_published_schema(manifest: dict[str, Any]) -> None:
    validate(manifest)


def test_a_wrong_manifest_is_noticed() -> None:
    wrong = json.loads(json.dumps(only("Deployment")))
    wrong["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["httpGett"] = {}
    with pytest.raises(AssertionError):
        validate(wrong)
    del wrong["spec"]["selector"]
    with pytest.raises(ValidationError):
        validate(wrong)


def test_every_file_is_part_of_something() -> None:
    listed = {BASE / "kustomization.yaml"}
    for directory in (BASE, *(BASE / name for name in COMPONENTS)):
        kustomization = yaml.safe_load((directory / "kustomization.yaml").read_text(encoding="utf-8"))
        listed |= {directory / "kustomization.yaml", *(directory / name for name in kustomization["resources"])}
    assert listed == set(BASE.rglob("*.yaml"))


def test_kustomize_builds_it_with_and_without_components(tmp_path: Path) -> None:
    kubectl = Path(sys.executable).with_name("kubectl")
    shutil.copytree(BASE, tmp_path / "kubernetes")
    overlay = {"resources": ["kubernetes"], "components": [f"kubernetes/{name}" for name in COMPONENTS]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    for directory, expected in ((BASE, list(documents(BASE))), (tmp_path, MANIFESTS)):
        done = run(kubectl, "kustomize", directory)
        assert done.returncode == 0, done.stderr
        rendered = list(yaml.safe_load_all(done.stdout))
        assert sorted(map(name_of, rendered)) == sorted(map(name_of, expected))
        for manifest in rendered:
            validate(manifest)
    # the overlay's come last: what its components patch
    (settings,) = (one["data"] for one in rendered if one["kind"] == "ConfigMap")
    assert {"TWINWATCH_TRACING": "true", **only("ConfigMap", "twinwatch")["data"]}.items() <= settings.items()
    collector = urlsplit(settings["OTEL_EXPORTER_OTLP_ENDPOINT"])
    (way,) = only("NetworkPolicy", "twinwatch-traces")["spec"]["egress"]
    assert [port["port"] for port in way["ports"]] == [collector.port]


# --- what runs -------------------------------------------------------------------------------------------------------


PODS = [one["spec"]["template"]["spec"] for one in MANIFESTS if one["kind"] in ("Deployment", "Job")]


@pytest.mark.parametrize("pod", PODS, ids=lambda pod: pod["containers"][0]["name"])
def test_a_pod_has_no_privileges_and_changes_nothing(pod: dict[str, Any]) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container["resources"]) == {"requests", "limits"}
    # Kubernetes would add variables such as TWINWATCH_WORKER_PORT, and a setting that does not exist is refused
    assert pod["enableServiceLinks"] is False


@pytest.mark.parametrize("pod", PODS, ids=lambda pod: pod["containers"][0]["name"])
def test_a_pod_runs_a_command_of_twinwatch(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    command: Command = main
    for argument in container["args"]:
        assert isinstance(command, Group)
        command = command.commands[argument]
    assert command.name == container["args"][-1]


def test_settings_are_settings_and_secrets_come_by_reference(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "twinwatch_pseudonym_key").write_text("k" * 32, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in only("ConfigMap", "twinwatch")["data"].items():
        monkeypatch.setenv(name, value)
    for pod in PODS:
        (container,) = pod["containers"]
        assert container["envFrom"] == [{"configMapRef": {"name": "twinwatch"}}]
        (secrets_dir,) = container["env"]
        (mount,) = container["volumeMounts"]
        assert secrets_dir == {"name": "TWINWATCH_SECRETS_DIR", "value": mount["mountPath"]}
        (volume,) = pod["volumes"]
        assert volume["name"] == mount["name"]
        assert volume["secret"]["secretName"] == "twinwatch"
    monkeypatch.setenv("TWINWATCH_SECRETS_DIR", str(tmp_path))
    settings = load_settings()
    assert settings.pseudonym_key.get_secret_value() == "k" * 32
    assert not [one for one in MANIFESTS if one["kind"] == "Secret"]


# --- what belongs together -------------------------------------------------------------------------------------------


def test_everything_finds_the_workers() -> None:
    deployment = only("Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert only("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert only("NetworkPolicy", "twinwatch-traces")["spec"]["podSelector"]["matchLabels"] == labels
    assert only("Service")["spec"]["selector"] == labels
    assert only("ServiceMonitor")["spec"]["selector"]["matchLabels"] == only("Service")["metadata"]["labels"]
    (chosen,) = only("NetworkPolicy", "twinwatch")["spec"]["podSelector"]["matchExpressions"]
    pods = [one for one in MANIFESTS if one["kind"] in ("Deployment", "Job")]
    assert set(chosen["values"]) == {one["spec"]["template"]["metadata"]["labels"][chosen["key"]] for one in pods}


def test_every_port_is_the_one_that_a_worker_serves() -> None:
    port = Settings().metrics_port
    (worker,) = only("Deployment")["spec"]["template"]["spec"]["containers"]
    assert worker["ports"] == [{"name": "metrics", "containerPort": port}]
    assert {worker[probe]["httpGet"]["port"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")} == {
        "metrics"
    }
    assert only("Service")["spec"]["ports"] == [{"name": "metrics", "port": port, "targetPort": "metrics"}]
    (endpoint,) = only("ServiceMonitor")["spec"]["endpoints"]
    assert endpoint["port"] == "metrics"
    assert only("NetworkPolicy", "twinwatch")["spec"]["ingress"] == [{"ports": [{"port": port, "protocol": "TCP"}]}]


def test_the_network_lets_through_what_the_settings_name() -> None:
    data = only("ConfigMap", "twinwatch")["data"]
    allowed = {port["port"] for way in only("NetworkPolicy", "twinwatch")["spec"]["egress"] for port in way["ports"]}
    assert int(data["TWINWATCH_KAFKA_BOOTSTRAP_SERVERS"].rpartition(":")[2]) in allowed
    assert int(data["TWINWATCH_REDIS_URL"].rpartition(":")[2].partition("/")[0]) in allowed
    assert 53 in allowed


def test_the_operator_is_given_the_same_alerts_as_any_other_prometheus() -> None:
    written = SimpleNamespace(**runpy.run_path(str(BASE / "monitoring" / "alerts.py")))
    again = "run: python deploy/kubernetes/monitoring/alerts.py"
    assert written.FILE.read_text(encoding="utf-8") == written.written(), again
    alerts = yaml.safe_load((BASE.parent / "alerts.yml").read_text(encoding="utf-8"))
    assert only("PrometheusRule", "twinwatch")["spec"] == alerts


def test_the_alerts_know_the_job_by_the_name_that_is_scraped() -> None:
    (endpoint,) = only("ServiceMonitor")["spec"]["endpoints"]
    (job,) = (one["replacement"] for one in endpoint["relabelings"] if one["targetLabel"] == "job")
    assert job == "twinwatch"
    assert f'job="{job}"' in (BASE.parent / "alerts.yml").read_text(encoding="utf-8")


def test_the_page_of_deployment_tells_what_the_files_say() -> None:
    page = " ".join((REPOSITORY / "docs" / "deployment.md").read_text(encoding="utf-8").split())
    scaling = only("ScaledObject")["spec"]
    (trigger,) = scaling["triggers"]
    network = only("NetworkPolicy", "twinwatch")["spec"]
    names, servers = ([str(port["port"]) for port in way["ports"]] for way in network["egress"])
    (pod, *_) = PODS
    versions = [
        next(line for line in DEV if line.startswith(f"cloudcoil.models.{kind}>=")).partition(">=")[2]
        for kind in ("kubernetes", "keda", "prometheus-operator")
    ]
    for told in (
        f"more workers than partitions of a topic ({DEFAULT_PARTITIONS} unless",
        f"where {int(trigger['metadata']['lagThreshold']):,} records wait for each",
        {600: "one less after ten quiet minutes"}[scaling["cooldownPeriod"]],
        f"on its port {Settings().metrics_port} alone",
        f"names ({names[0]}), Kafka ({servers[0]}, {servers[1]}) and Redis ({servers[2]})",
        f"the user is {pod['securityContext']['runAsUser']}",
        "Kubernetes {}, KEDA {} and the Prometheus operator {}".format(*versions),
        f"at most {MAX_LINKS} of them",
        {1.0: "no longer than a second"}[_LAST_SECONDS],
    ):
        assert told in page, told


def test_workers_scale_on_their_own_lag_and_never_beyond_the_partitions() -> None:
    spec = only("ScaledObject")["spec"]
    assert spec["scaleTargetRef"]["name"] == only("Deployment")["metadata"]["name"]
    (trigger,) = spec["triggers"]
    assert trigger["metadata"]["consumerGroup"] == Settings().consumer_group
    data = only("ConfigMap", "twinwatch")["data"]
    assert trigger["metadata"]["bootstrapServers"] == data["TWINWATCH_KAFKA_BOOTSTRAP_SERVERS"]
    assert spec["minReplicaCount"] == only("Deployment")["spec"]["replicas"]
    assert spec["maxReplicaCount"] == DEFAULT_PARTITIONS
