"""The dashboards as code: `python deploy/grafana/dashboards.py` writes `dashboards/*.json`, which Grafana is given.

A row is a heading and its panels; a panel is a title, a unit, and what is asked of Prometheus by the words of its legend.
A table has one row for each series.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

DIRECTORY = Path(__file__).parent / "dashboards"
DATASOURCE = {"type": "prometheus", "uid": "prometheus"}
DOCS = "http://localhost:8000"
"""Where the runbook is served, as `deploy/prometheus.yml` has it; each dashboard has it as its variable `docs`."""
_WIDTH, _HEIGHT = 24, 7


class Panel(NamedTuple):
    """`asks` has an expression for each legend; a legend may name labels: `{{rule}}`. `alarm` colours values from there on."""

    title: str
    asks: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    about: str = ""
    alarm: float | None = None


def _rate(series: str, by: str = "", each: str = "$__rate_interval") -> str:
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({series}[{each}]))"


def _quantiles(histogram: str, by: str = "") -> dict[str, str]:
    grouped = f"le, {by}" if by else "le"
    legend = f" {{{{{by}}}}}" if by else ""
    return {
        f"{name}{legend}": f"histogram_quantile({share}, sum by ({grouped}) (rate({histogram}_bucket[$__rate_interval])))"
        for name, share in (("half", 0.5), ("99 of 100", 0.99))
    }


def _or_zero(expression: str) -> str:
    """What never happened has no series yet: that is nothing, not unknown."""
    return f"{expression} or on () vector(0)"


JUDGED = 'twinwatch_events_total{outcome="accepted"}'

DASHBOARDS: dict[str, tuple[str, dict[str, list[Panel]]]] = {
    "overview": (
        "twinwatch: is it healthy, what does it find",
        {
            "Healthy?": [
                Panel(
                    "Workers that answer",
                    {"up": 'sum(up{job="twinwatch"})'},
                    kind="stat",
                    about="None: TwinwatchWorkerDown in the runbook.",
                ),
                Panel(
                    "Oldest event that waits",
                    {"seconds": "max(twinwatch_consumer_lag_seconds)"},
                    "s",
                    "stat",
                    "0 while all that was written is judged.",
                    600,
                ),
                Panel(
                    "Server away",
                    {"{{server}}": "max by (server) (twinwatch_outage_seconds)"},
                    "s",
                    "stat",
                    "For how long workers have been waiting for Kafka or Redis.",
                    60,
                ),
                Panel(
                    "Redis, full",
                    {"used": "max(twinwatch_redis_memory_used_bytes / twinwatch_redis_memory_max_bytes)"},
                    "percentunit",
                    "stat",
                    "A full Redis stops the flow.",
                    0.8,
                ),
                Panel(
                    "Dead letters in a day",
                    {"records": _or_zero("sum(increase(twinwatch_dead_letters_total[24h]))")},
                    kind="stat",
                    about="Put aside with the reason: twinwatch dead-letters list",
                ),
                Panel(
                    "Policies in force",
                    {"policies": "count(count by (policy_version) (twinwatch_build_info))"},
                    kind="stat",
                    about="More than one: workers judge differently.",
                    alarm=2,
                ),
            ],
            "What calls for somebody": [
                Panel(
                    "Alerts that fire",
                    {"{{severity}}": _or_zero('count by (severity) (ALERTS{alertstate="firing"})')},
                    kind="stat",
                    about="The runbook says of each what it means and what to do.",
                    alarm=1,
                ),
                Panel(
                    "Which",
                    {
                        "{{alertname}}": _or_zero(
                            "count by (alertname, severity, alertstate, instance, topic, partition, server, rule) (ALERTS)"
                        )
                    },
                    kind="table",
                    about="pending: it will fire unless it ends.",
                ),
            ],
            "What comes, what is found": [
                Panel("Events a second", {"{{type}}": _rate(JUDGED, "type")}, "eps"),
                Panel(
                    "Incidents an hour, by severity",
                    {"{{severity}}": 'sum by (severity) (increase(twinwatch_incidents_total{mode="live"}[1h]))'},
                ),
                Panel(
                    "From event to incident",
                    _quantiles("twinwatch_event_to_incident_seconds"),
                    "s",
                    about="By the time of the event.",
                ),
            ],
        },
    ),
    "rules": (
        "twinwatch: rules",
        {
            "What each rule finds": [
                Panel(
                    "Incidents in a day",
                    {"{{rule}} ({{mode}})": "sum by (rule, mode) (increase(twinwatch_incidents_total[24h]))"},
                    kind="table",
                ),
                Panel(
                    "Incidents an hour",
                    {"{{rule}}": 'sum by (rule) (increase(twinwatch_incidents_total{mode="live"}[1h]))'},
                ),
                Panel(
                    "In shadow an hour",
                    {"{{rule}}": _or_zero('sum by (rule) (increase(twinwatch_incidents_total{mode="shadow"}[1h]))')},
                ),
            ],
            "What each rule costs": [
                Panel("Asked, a second", {"{{rule}}": _rate("twinwatch_rule_evaluations_total", "rule")}),
                Panel(
                    "Finds too much, an hour",
                    {"{{rule}}": "sum by (rule) (increase(twinwatch_rule_findings_total[1h]))"},
                    about="Findings that open an incident, make one grow or add nothing to it, and those that are not told.",
                ),
                Panel(
                    "Share of a processor",
                    {"{{rule}}": _rate("twinwatch_rule_seconds_total", "rule")},
                    "percentunit",
                ),
                Panel(
                    "Exempted by role, an hour",
                    {"{{rule}}": _or_zero("sum by (rule) (increase(twinwatch_exempted_events_total[1h]))")},
                ),
            ],
            "What is not told": [
                Panel(
                    "Told in shadow by cap or record, an hour",
                    {
                        "{{rule}}: {{reason}}": _or_zero(
                            "sum by (rule, reason) (increase(twinwatch_shadowed_findings_total[1h]))"
                        )
                    },
                ),
                Panel(
                    "Silenced by a dismissal, an hour",
                    {"{{rule}}": _or_zero("sum by (rule) (increase(twinwatch_silenced_findings_total[1h]))")},
                ),
                Panel(
                    "Cut, an hour",
                    {
                        "findings": _or_zero("sum(increase(twinwatch_cut_findings_total[1h]))"),
                        "observations": _or_zero("sum(increase(twinwatch_cut_observations_total[1h]))"),
                        "texts": _or_zero("sum(increase(twinwatch_cut_texts_total[1h]))"),
                    },
                    about="What was left out because of a limit.",
                ),
            ],
        },
    ),
    "campaigns": (
        "twinwatch: campaigns and copies",
        {
            "Copies": [
                Panel("Texts that new ones are compared with", {"texts": "max(twinwatch_campaigns_resident)"}),
                Panel(
                    "Incidents about copies, an hour",
                    {
                        "{{rule}}": 'sum by (rule) (increase(twinwatch_incidents_total{rule=~"copied_.*|coordinated_campaign|'
                        'duplicate_thread"}[1h]))'
                    },
                ),
                Panel(
                    "Campaigns by severity, a day",
                    {
                        "{{severity}}": _or_zero(
                            'sum by (severity) (increase(twinwatch_incidents_total{rule="coordinated_campaign"}[24h]))'
                        )
                    },
                ),
            ],
            "What they cost": [
                Panel(
                    "Work in each stage, a second", {"{{stage}}": _rate("twinwatch_stage_seconds_sum", "stage")}, "s"
                ),
                Panel(
                    "Memory of Redis",
                    {
                        "used": "max(twinwatch_redis_memory_used_bytes)",
                        "most": "max(twinwatch_redis_memory_max_bytes)",
                    },
                    "bytes",
                ),
            ],
        },
    ),
    "pipeline": (
        "twinwatch: pipeline",
        {
            "Flow": [
                Panel("Events a second", {"{{outcome}}": _rate("twinwatch_events_total", "outcome")}, "eps"),
                Panel("Records that wait", {"{{topic}}": "sum by (topic) (twinwatch_consumer_lag_records)"}),
                Panel("Oldest that waits", {"{{topic}}": "max by (topic) (twinwatch_consumer_lag_seconds)"}, "s"),
            ],
            "Stages": [
                Panel("Work a batch", _quantiles("twinwatch_stage_seconds", "stage"), "s"),
                Panel("Waiting a batch", _quantiles("twinwatch_stage_wait_seconds", "stage"), "s"),
                Panel(
                    "Records a batch",
                    _quantiles("twinwatch_batch_size_events"),
                ),
            ],
            "Workers": [
                Panel("Partitions", {"{{instance}}": "twinwatch_assigned_partitions"}),
                Panel(
                    "Processors", {"{{instance}}": 'rate(process_cpu_seconds_total{job="twinwatch"}[$__rate_interval])'}
                ),
                Panel("Memory", {"{{instance}}": 'process_resident_memory_bytes{job="twinwatch"}'}, "bytes"),
            ],
            "Trouble": [
                Panel(
                    "Waiting",
                    {
                        "for {{server}}": "max by (server) (twinwatch_outage_seconds)",
                        "for other workers": "max(twinwatch_held_back_seconds)",
                        "for the clock": "max(twinwatch_clock_behind_seconds)",
                        "for a partition": _or_zero("max(twinwatch_awaited_partition_seconds)"),
                    },
                    "s",
                ),
                Panel(
                    "Errors a minute",
                    {
                        "Redis": _or_zero("60 * sum(rate(twinwatch_redis_errors_total[$__rate_interval]))"),
                        "Kafka": _or_zero("60 * sum(rate(twinwatch_kafka_errors_total[$__rate_interval]))"),
                        "batches tried again": _or_zero(
                            "60 * sum(rate(twinwatch_batch_retries_total[$__rate_interval]))"
                        ),
                    },
                ),
                Panel(
                    "Dead letters an hour",
                    {"{{reason}}": _or_zero("sum by (reason) (increase(twinwatch_dead_letters_total[1h]))")},
                ),
                Panel(
                    "Policies not loaded in an hour",
                    {"failures": "sum(increase(twinwatch_policy_load_failures_total[1h]))"},
                    about="A file with a mistake: the worker judges by the policy before.",
                    alarm=1,
                ),
                Panel(
                    "Late events an hour",
                    {"events": "sum(increase(twinwatch_late_events_total[1h]))"},
                    about="What they need may be forgotten already (allowed_lateness in the policy).",
                ),
            ],
        },
    ),
    "feedback": (
        "twinwatch: what moderators say",
        {
            "Verdicts": [
                Panel(
                    "Verdicts in a week",
                    {
                        "{{rule}}: {{verdict}}": _or_zero(
                            "sum by (rule, verdict) (increase(twinwatch_verdicts_total[7d]))"
                        )
                    },
                    kind="table",
                ),
                Panel(
                    "Upheld of those answered, in a week",
                    {
                        "{{rule}}": 'sum by (rule) (increase(twinwatch_verdicts_total{verdict="upheld"}[7d])) '
                        "/ (sum by (rule) (increase(twinwatch_verdicts_total[7d])) > 0)"
                    },
                    "percentunit",
                    about="Below a half: TwinwatchRuleImprecise in the runbook.",
                ),
                Panel(
                    "What followed, in a week",
                    {"{{action}}": _or_zero("sum by (action) (increase(twinwatch_verdicts_total[7d]))")},
                ),
            ],
            "Load": [
                Panel(
                    "Incidents told and answered, a day",
                    {
                        "told": 'sum(increase(twinwatch_incidents_total{mode="live"}[24h]))',
                        "answered": _or_zero("sum(increase(twinwatch_verdicts_total[24h]))"),
                    },
                ),
                Panel(
                    "Silenced by a dismissal, a day",
                    {"{{rule}}": _or_zero("sum by (rule) (increase(twinwatch_silenced_findings_total[24h]))")},
                ),
            ],
        },
    ),
}
"""By the name of the file: the title, and rows by their headings."""


def dashboard(name: str) -> dict[str, Any]:
    """One dashboard in Grafana's form."""
    title, rows = DASHBOARDS[name]
    panels: list[dict[str, Any]] = []
    top = 0
    for heading, row in rows.items():
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": heading, "collapsed": False, "panels": []}
            | {"gridPos": {"x": 0, "y": top, "w": _WIDTH, "h": 1}}
        )
        width = _WIDTH // len(row)
        for column, panel in enumerate(row):
            place = {"x": column * width, "y": top + 1, "w": width, "h": _HEIGHT}
            panels.append({"id": len(panels) + 1, "gridPos": place} | _panel(panel))
        top += 1 + _HEIGHT
    return {
        "uid": f"twinwatch-{name}",
        "title": title,
        "tags": ["twinwatch"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "links": [
            {"type": "dashboards", "tags": ["twinwatch"], "title": "twinwatch", "asDropdown": False},
            {"type": "link", "title": "Runbook", "url": "${docs}/runbook/", "icon": "doc", "targetBlank": True},
        ],
        "templating": {"list": [{"type": "constant", "name": "docs", "query": DOCS, "hide": 2, "skipUrlSync": True}]},
        "panels": panels,
    }


def _panel(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.alarm is not None:
        steps.append({"color": "red", "value": panel.alarm})
    once = panel.kind == "table"
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": DATASOURCE,
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
        "targets": [
            {"refId": chr(ord("A") + number), "datasource": DATASOURCE, "expr": expression, "legendFormat": legend}
            | ({"instant": True, "format": "table"} if once else {})
            for number, (legend, expression) in enumerate(panel.asks.items())
        ],
    }


def written(name: str) -> str:
    """The file's text."""
    return json.dumps(dashboard(name), indent=1) + "\n"


if __name__ == "__main__":
    for each in DASHBOARDS:
        (DIRECTORY / f"{each}.json").write_text(written(each), encoding="utf-8")
