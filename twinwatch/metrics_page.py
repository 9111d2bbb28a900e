"""The page of all metrics, written by the code that has them."""

from agents.metrics import Metrics

_HEAD = """# Metrics

What every worker serves at `/metrics` on `TWINWATCH_METRICS_PORT`, in OpenMetrics for who asks for it and in Prometheus'
text format otherwise. This page is written by `twinwatch metrics --markdown`. Labels are few and bounded: never an id, a text
or anything a member wrote. Durations are in seconds and sizes in bytes, as the names say. Of a histogram there are `_bucket`,
`_sum` and `_count`. When to look at what, the alerts say ([runbook](runbook.md)).

| metric | kind | labels | meaning |
|---|---|---|---|
"""


def metrics_page() -> str:
    """The page docs/metrics.md."""
    rows = (
        f"| `{one.name}` | {one.kind} | {', '.join(f'`{label}`' for label in one.labels)} | {one.meaning} |".replace(
            "  ", " "
        )
        for one in Metrics().series()
    )
    return _HEAD + "\n".join(rows) + "\n"
