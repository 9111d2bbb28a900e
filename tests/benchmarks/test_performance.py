"""The pages on performance say what was measured last, and the arithmetic of scaling is right."""

from collections import Counter
from statistics import median

import pytest

from benchmarks.gate import EVENTS
from benchmarks.performance import BENCHMARKS, DOCS, ENGINE, ROWS, SOAK, all_kept, page
from benchmarks.scaling import BUSY, DAY_SECONDS, PEAK, need
from benchmarks.scaling import page as scaling_page
from benchmarks.soak import Sample, numbers
from benchmarks.workload import LONGEST, SHORTEST, Network

MEASURED = all_kept()
COSTS = {"python_us": 300.0, "redis_us": 120.0, "redis_bytes": 900.0, "redis_byte_days": 9_000.0}


def test_the_pages_are_those_of_the_last_measurement() -> None:
    again = "python -m benchmarks.performance --pages writes them"
    assert (DOCS / "performance.md").read_text("utf-8") == page(MEASURED), again
    assert (DOCS / "scaling.md").read_text("utf-8") == scaling_page(MEASURED[ENGINE].numbers)


def test_every_line_names_its_benchmark() -> None:
    assert {row.benchmark for row in ROWS} == {*(benchmark.name for benchmark in BENCHMARKS), SOAK}


@pytest.mark.parametrize("events", [1_000_000, 10_000_000, 100_000_000])
def test_what_is_needed_carries_the_peak(events: int) -> None:
    found = need(events, COSTS)
    peak = events / DAY_SECONDS * PEAK
    assert (found.workers - 1) * BUSY < peak * 300e-6 <= found.workers * BUSY
    assert (found.shards - 1) * BUSY < peak * 120e-6 <= found.shards * BUSY
    assert found.partitions >= 2 * found.workers
    assert found.partitions & (found.partitions - 1) == 0
    assert found.memory == events * 9_000


def test_the_workload_is_what_it_is_said_to_be() -> None:
    lengths = sorted(map(len, Network(1).texts(4_000)))
    assert lengths[0] >= SHORTEST and lengths[-1] <= LONGEST
    assert 180 < median(lengths) < 220
    assert lengths[-1] > 1_200


def test_the_workload_is_the_same_each_time_and_the_gate_sees_all_its_types() -> None:
    events = list(Network(1).events(EVENTS))
    assert events == list(Network(1).events(EVENTS))
    assert len(Counter(event["type"] for event in events)) == 7
    assert events != list(Network(2).events(EVENTS))


def test_the_soak_tells_what_its_line_needs() -> None:
    samples = [Sample(float(minute), 200.0 + minute, 50.0, 0.0, 0.0) for minute in range(31)]
    (line,) = (row for row in ROWS if row.benchmark == SOAK)
    assert line.shown(numbers(samples)) == "226 MiB (after 30 min)"
