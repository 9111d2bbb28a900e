"""What Prometheus is told: conventional names, and the format that it asks for."""

import re

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open_metrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from agents.metrics import Metrics

OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


def test_the_format_is_the_one_that_is_asked_for() -> None:
    metrics = Metrics()
    metrics.count_redis_error("TimeoutError")
    for accept, type_, read in (
        (OPEN_METRICS, "application/openmetrics-text", read_open_metrics),
        ("", "text/plain", read_text),
    ):
        body, content_type = metrics.render(accept)
        assert content_type.startswith(type_)
        samples = {sample.name: sample.value for family in read(body.decode()) for sample in family.samples}
        assert samples["twinwatch_redis_errors_total"] == 1
        assert not [name for name in samples if name.endswith("_created")]


def test_names_follow_the_conventions() -> None:
    series = Metrics().series()
    assert "process_start_time_seconds" in {one.name for one in series}
    for one in series:
        assert re.fullmatch(r"(twinwatch|process)_[a-z_]+", one.name)
        assert (one.kind == "counter") == one.name.endswith("_total")
        assert one.meaning.endswith("."), one.name
        assert not set(one.labels) & {"actor_id", "subject_id", "event_id"}
        if re.search(r"[Ss]econds? |[Hh]ow long", one.meaning) and not one.name.startswith("process_"):
            assert one.name.removesuffix("_total").endswith("_seconds"), "the name of a duration says so"


def test_an_assignment_is_counted() -> None:
    metrics = Metrics()
    metrics.show_assignment(8)
    metrics.show_assignment(4)
    text = metrics.render()[0].decode()
    assert "twinwatch_assigned_partitions 4.0" in text
    assert "twinwatch_rebalances_total 2.0" in text
