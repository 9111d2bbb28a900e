"""Alerts by Prometheus' own tool: each fires when it should, none when it should not; each has a section in the runbook."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click import UsageError

from agents.worker import EXIT_FAILED
from rules.policy import load_policy
from tests.servers import REPOSITORY, ServerMissing, missing, run

ALERTS = REPOSITORY / "deploy" / "alerts.yml"
Series = dict[str, str]

UP = {'up{job="twinwatch",instance="a"}': "1x600"}
RUNS = UP | {'process_start_time_seconds{job="twinwatch",instance="a"}': "-7200x600"}
JUDGES = {'twinwatch_events_total{instance="a",outcome="accepted"}': "0+600x600"}
WELL = RUNS | JUDGES | {'twinwatch_build_info{instance="a",policy_version="1"}': "1x600"}
P = 'instance="a",topic="activity.messages",partition="0"'
LAG, LAG_SECONDS = f"twinwatch_consumer_lag_records{{{P}}}", f"twinwatch_consumer_lag_seconds{{{P}}}"
USED, MOST = 'twinwatch_redis_memory_used_bytes{instance="a"}', 'twinwatch_redis_memory_max_bytes{instance="a"}'
REJECTED = 'twinwatch_dead_letters_total{instance="a",reason="invalid_field"}'
_ELEVEN_MINUTES = (("300", 0), ("600", 1), ("900", 9))
LATE = {f'twinwatch_event_to_incident_seconds_bucket{{le="{le}"}}': f"0+{n}x600" for le, n in _ELEVEN_MINUTES}
LATE['twinwatch_event_to_incident_seconds_bucket{le="+Inf"}'] = "0+9x600"
FIRES: dict[str, tuple[str, Series]] = {
    # alert: when to look (series have a value a minute), and the series with which it fires then
    "TwinwatchWorkerDown": ("5m", {'up{job="twinwatch",instance="a"}': "0x600"}),
    "TwinwatchFallsBehind": ("20m", WELL | {LAG_SECONDS: "700x600"}),
    "TwinwatchStandsStill": ("20m", RUNS | {LAG: "5x600", 'twinwatch_events_total{instance="a"}': "7x600"}),
    "TwinwatchNoEvents": ("90m", RUNS | {'twinwatch_events_total{instance="a"}': "7x600"}),
    "TwinwatchPartitionStuck": ("30m", WELL | {LAG_SECONDS: "0+60x600"}),
    "TwinwatchIncidentsLate": ("30m", WELL | LATE),
    "TwinwatchClockWrong": ("5m", WELL | {'twinwatch_clock_behind_seconds{instance="a"}': "400x600"}),
    "TwinwatchUnreadable": ("5m", WELL | {f"twinwatch_unreadable_offset{{{P}}}": "17x600"}),
    "TwinwatchOutage": ("5m", WELL | {'twinwatch_outage_seconds{server="redis"}': "0+60x600"}),
    "TwinwatchWorkerRestarts": ("20m", UP | {'process_start_time_seconds{job="twinwatch",instance="a"}': "0+300x600"}),
    "TwinwatchHeldBack": ("15m", WELL | {'twinwatch_held_back_seconds{instance="a"}': "0+60x600"}),
    "TwinwatchWaitsForPartition": ("5m", WELL | {f"twinwatch_awaited_partition_seconds{{{P}}}": "0+60x600"}),
    "TwinwatchReadsOn": ("5m", WELL | {'twinwatch_shadowed_findings_total{rule="r",reason="out_of_order"}': "1x600"}),
    "TwinwatchRedisErrors": ("15m", WELL | {'twinwatch_redis_errors_total{kind="TimeoutError"}': "0+1x600"}),
    "TwinwatchRedisEvicts": ("5m", WELL | {'twinwatch_redis_evicts{instance="a"}': "1x600"}),
    "TwinwatchRedisFills": ("15m", WELL | {USED: "85x600", MOST: "100x600"}),
    "TwinwatchRedisWillBeFull": ("3h", WELL | {USED: "40+0.1x600", MOST: "100x600"}),
    "TwinwatchPoliciesDiffer": ("20m", WELL | {'twinwatch_build_info{instance="b",policy_version="2"}': "1x600"}),
    "TwinwatchPolicyNotLoaded": ("30m", WELL | {"twinwatch_policy_load_failures_total": "0x20 1x600"}),
    "TwinwatchKafkaErrors": ("15m", WELL | {'twinwatch_kafka_errors_total{kind="NotEnoughReplicas"}': "0+1x600"}),
    # a burst of a minute, over since nine, of a reason that no record was put aside for before
    "TwinwatchDeadLetters": ("20m", WELL | {REJECTED: "_x9 500x600"}),
    "TwinwatchRuleFloods": ("70m", WELL | {'twinwatch_incidents_total{rule="r",mode="live"}': "0+84x600"}),
    "TwinwatchRuleFails": ("5m", WELL | {'twinwatch_dead_letters_total{reason="rule_error"}': "1x600"}),
    "TwinwatchDailyCap": ("5m", WELL | {'twinwatch_shadowed_findings_total{rule="r",reason="daily_cap"}': "1x600"}),
    "TwinwatchConflictingEventIds": ("9m", WELL | {"twinwatch_conflicting_event_ids_total": "0x5 1x600"}),
    "TwinwatchRuleImprecise": (
        "9h",
        WELL
        | {
            f'twinwatch_verdicts_total{{rule="r",verdict="{v}"}}': f"0+{n}x600"
            for v, n in (("upheld", 1), ("dismissed", 2))
        },
    ),
    "TwinwatchVerdictsUnknown": ("5m", WELL | {'twinwatch_verdicts_total{rule="unknown",verdict="upheld"}': "1x600"}),
}
QUIET: dict[str, tuple[str, Series]] = {
    # what must wake nobody
    "a worker at work": (
        "9h",
        WELL | {LAG: "3x600", LAG_SECONDS: "2x600", USED: "40x600", MOST: "100x600", REJECTED: "0x600"},
    ),
    "a rolling restart at fixed addresses": (
        "20m",
        {
            series: values
            for number in range(4)
            for series, values in (
                (f'up{{job="twinwatch",instance="{number}"}}', f"1x{3 * number} 0 1x600"),
                (
                    f'process_start_time_seconds{{job="twinwatch",instance="{number}"}}',
                    f"-9000x{3 * number} {180 * number}x600",
                ),
            )
        }
        | JUDGES,
    ),
    "a night in which few write": (
        "3h",
        RUNS | {'twinwatch_events_total{instance="a"}': "0x29 1x29 2x29 3x29 4x29 5x600"},
    ),
    "a worker that has just started, and a quiet platform": (
        "30m",
        UP | {'process_start_time_seconds{job="twinwatch",instance="a"}': "0x600"},
    ),
    "a partition that nobody writes to, and one that is waited for and given": (
        "30m",
        WELL | {LAG_SECONDS: "0 60 120 180 240 3 60 120 180 240 3 60 120 180 240 3x600"},
    ),
    "ten dead letters a day among many events": ("9h", WELL | {REJECTED: "0+1x600"}),
    "a backlog that is worked off": ("15m", WELL | {LAG: "5000-200x20 0x600", LAG_SECONDS: "900-45x20 0x600"}),
}


TOLD: dict[str, list[tuple[str, str]]] = {
    # what stands in the rule, and how its section of the runbook tells it
    "TwinwatchFallsBehind": [("> 600", "more than ten minutes ago")],
    "TwinwatchStandsStill": [("[5m]", "for ten minutes"), ("for: 5m", "for ten minutes")],
    "TwinwatchNoEvents": [("[1h]", "for an hour"), ("> 3600", "for an hour")],
    "TwinwatchIncidentsLate": [("(0.5,", "half of the incidents"), ("> 600", "more than ten minutes after")],
    "TwinwatchOutage": [("> 60", "for more than a minute")],
    "TwinwatchWorkerRestarts": [("> 2", "more than twice"), ("[30m]", "within half an hour")],
    "TwinwatchHeldBack": [("> 600", "for more than ten minutes")],
    "TwinwatchWaitsForPartition": [("> 60", "for more than a minute")],
    "TwinwatchRedisFills": [("> 0.8", "more than 80 %")],
    "TwinwatchRedisWillBeFull": [("12 * 3600", "within half a day"), ("> 0.95", "full"), ("> 0.3", "30 %")],
    "TwinwatchPoliciesDiffer": [("> 1", "more than one policy"), ("for: 15m", "for a quarter of an hour")],
    "TwinwatchDeadLetters": [
        ("[15m]", "within a quarter of an hour"),
        ("> 0.01 *", "more than one in a hundred"),
        ("> 10", "more than ten records"),
    ],
    "TwinwatchRuleFloods": [("> 1000", "more than a thousand"), ("[1h]", "within an hour")],
    "TwinwatchRuleImprecise": [
        ("< 0.5", "less than half"),
        (">= 10", "at least ten verdicts"),
        ("[7d]", "within a week"),
    ],
    "TwinwatchPartitionStuck": [
        ("> 0.9", "the same"),
        ("[5m]", "quarter of an hour"),
        ("for: 10m", "quarter of an hour"),
    ],
}


LINKED = {
    "name": "an alert's link leads to where the runbook is served",
    "interval": "1m",
    "external_labels": {"twinwatch_docs": "https://docs.example"},
    "input_series": [{"series": 'up{job="twinwatch",instance="a"}', "values": "0x10"}],
    "alert_rule_test": [
        {
            "eval_time": "5m",
            "alertname": "TwinwatchWorkerDown",
            "exp_alerts": [
                {
                    "exp_labels": {"severity": "critical", "job": "twinwatch", "instance": "a"},
                    "exp_annotations": {
                        "runbook_url": "https://docs.example/runbook/#twinwatchworkerdown",
                        "summary": "A worker does not answer, or there is none.",
                    },
                }
            ],
        }
    ],
}


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def runbook() -> dict[str, str]:
    """The sections of the runbook by their headings."""
    page = (REPOSITORY / "docs" / "runbook.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^## (\w+)$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))


def rule_input(name: str, at: str, series: Series, expected: str | None) -> dict[str, Any]:
    asked = f'ALERTS{{alertstate="firing",alertname="{expected}"}}' if expected else 'ALERTS{alertstate="firing"}'
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f"count({asked}) > bool 0 or vector(0)",
                "eval_time": at,
                "exp_samples": [{"labels": "{}", "value": int(expected is not None)}],
            }
        ],
    }


def test_every_alert_has_a_case_and_a_section_of_the_runbook_and_no_section_is_left_over() -> None:
    names = [alert["alert"] for alert in alerts()]
    assert sorted(FIRES) == sorted(names)
    sections = runbook()
    assert sorted(sections) == sorted(names)
    for alert in alerts():
        url = alert["annotations"]["runbook_url"]
        assert url == f"{{{{ $externalLabels.twinwatch_docs }}}}/runbook/#{alert['alert'].lower()}"
        for part in ("**Means:**", "**Look at:**", "**Do:**"):
            assert sections[alert["alert"]].count(part) == 1, (alert["alert"], part)


def test_the_runbook_tells_the_limits_of_the_alerts() -> None:
    sections = runbook()
    for alert in alerts():
        name, rule = alert["alert"], f"{' '.join(alert['expr'].split())} for: {alert.get('for')}"
        section = " ".join(sections[name].split())
        for stands, told in TOLD.get(name, []):
            assert stands in rule, (name, stands)
            assert told in section, (name, told)
        limits = set(re.findall(r"[<>]=? (?:0\.\d+|[1-9]\d*)", rule))
        assert limits <= {
            limit for stands, _ in TOLD.get(name, []) for limit in re.findall(r"^[<>]=? [\d.]+", stands)
        }, name


def test_the_runbook_tells_what_an_exit_status_means_and_how_long_verdicts_count() -> None:
    sections = {name: " ".join(section.split()) for name, section in runbook().items()}
    assert f"Exit status {EXIT_FAILED}: it stood still" in sections["TwinwatchWorkerRestarts"]
    assert f"; {UsageError.exit_code}: its settings are wrong" in sections["TwinwatchWorkerRestarts"]
    days = load_policy(None).feedback.strikes.period / 86_400
    assert f"Older than {days:g} days" in sections["TwinwatchVerdictsUnknown"]


def test_alerts_fire_when_they_should_and_only_then(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        missing(request, ServerMissing("promtool (Debian: apt install prometheus)"))
    shutil.copy(ALERTS, tmp_path)
    cases = [rule_input(name, at, series, name) for name, (at, series) in FIRES.items()]
    cases += [rule_input(name, at, series, None) for name, (at, series) in QUIET.items()]
    cases.append(LINKED)
    tests = {"rule_files": [ALERTS.name], "evaluation_interval": "1m", "tests": cases}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(tests, sort_keys=False), encoding="utf-8")
    done = run("promtool", "test", "rules", "tests.yml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
