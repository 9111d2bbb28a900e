"""The alerts as the Prometheus operator takes them: `python deploy/kubernetes/monitoring/alerts.py` writes `alerts.yaml`."""

from pathlib import Path
from textwrap import indent

FILE = Path(__file__).with_name("alerts.yaml")
ALERTS = Path(__file__).parents[2] / "alerts.yml"
_HEAD = """\
# Written by alerts.py from deploy/alerts.yml, which is the place to change them. The external label twinwatch_docs of your
# Prometheus (spec.externalLabels) says where you serve the runbook.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: twinwatch
  labels:
    app.kubernetes.io/name: twinwatch-worker
spec:
"""


def written() -> str:
    """The file's text: the groups of `deploy/alerts.yml`, with their comments."""
    _, start, groups = ALERTS.read_text(encoding="utf-8").partition("\ngroups:\n")
    return _HEAD + indent((start + groups).lstrip("\n"), "  ")


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
