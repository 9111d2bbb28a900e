"""Runs all benchmarks one after the other and writes what they came to: `docs/performance.md` and `docs/scaling.md`.

    python -m benchmarks.performance [--short] [--only NAME ...] [--pages]

`make bench` does. The machine should have nothing else to do; a full run takes an hour. `--short` takes some minutes, for
ratios. Numbers are kept in a file (`benchmarks/performance.json`), so that what `--only` leaves out stays as it was, with the
machine and the day on which it was measured. `--pages` measures nothing: it writes the pages of what is kept. The soak is
not among them, and keeps its own numbers there (`python -m benchmarks.soak --write`).
"""

import argparse
import json
import os
import platform
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks import scaling
from benchmarks.picture import Bar, draw_bars
from tests.servers import run

KEPT = Path(__file__).with_name("performance.json")
GATE = Path(__file__).with_name("gate.json")
DOCS = Path(__file__).parents[1] / "docs"
ENGINE = "engine_throughput"
SOAK = "soak"
_LONG = 4 * 3600.0


class Benchmark(Struct, frozen=True):
    """A module of `benchmarks`, and its options where it is run in full and where that is to be short."""

    name: str
    full: tuple[str, ...] = ()
    short: tuple[str, ...] = ()


BENCHMARKS = (
    Benchmark("engine_throughput", (), ("--events", "5000")),
    Benchmark("index", (), ("--texts", "1500", "--others", "150")),
    Benchmark("one_event"),
    Benchmark("counters", (), ("--events", "4000")),
    Benchmark("kafka", (), ("--events", "3000", "--seconds", "8")),
    Benchmark("tutorial", (), ("--events", "400")),
    Benchmark("first_incident", (), ("--starts", "2")),
    Benchmark("leaders", (), ("--few", "1000", "--many", "10000", "--events", "1500", "--copies", "200")),
)

Numbers = dict[str, float]


class Row(Struct, frozen=True):
    """A line of the table: what is measured, how it is told, and what it should be."""

    measure: str
    shown: Callable[[Numbers], str]
    wanted: str
    benchmark: str


ROWS = (
    Row(
        "engine, processor time in Python an event",
        lambda n: f"{n['python_us']:,.0f} µs",
        "300 µs",
        "engine_throughput",
    ),
    Row("the same in Redis", lambda n: f"{n['redis_us']:,.0f} µs", "120 µs", "engine_throughput"),
    Row(
        "engine and Redis on this machine",
        lambda n: f"{n['events_per_s']:,.0f} events/s",
        "3,000 events/s",
        "engine_throughput",
    ),
    Row("Redis, bytes an event", lambda n: f"{n['redis_bytes']:,.0f}", "900", "engine_throughput"),
    Row("Redis, bytes of a text unlike all others", lambda n: f"{n['text_bytes']:,.0f}", "700", "index"),
    Row(
        "near-duplicate index, insert and query, against datasketch's Redis LSH",
        lambda n: f"{n['index_ratio']:.0f} × ({n['index_per_s']:,.0f} against {n['datasketch_per_s']:,.0f} texts/s)",
        "50 ×",
        "index",
    ),
    Row(
        "counters and all rules over Redis, messages without text, against Bytewax' distinct recipients in memory",
        lambda n: f"{n['bytewax_ratio']:.1f} × ({n['counters_per_s']:,.0f} against {n['bytewax_per_s']:,.0f} events/s)",
        "5 ×",
        "counters",
    ),
    Row(
        "a worker against what one writes from tutorials",
        lambda n: (
            f"{n['one_per_s'] / n['tutorial_per_s']:.0f} × ({n['one_per_s']:,.0f} against {n['tutorial_per_s']:,.0f} events/s)"
        ),
        "20 ×",
        "tutorial",
    ),
    Row(
        "Kafka → worker → incidents: share of the engine alone",
        lambda n: f"{n['kafka_share']:.2f} ({n['one_per_s']:,.0f} of {n['alone_per_s']:,.0f} events/s)",
        "0.85",
        "kafka",
    ),
    Row(
        "two workers against one, processor time an event, over a backlog of one event in 0.01 s",
        lambda n: f"{n['two_workers_ratio']:.2f} ({n['two_us']:,.0f} against {n['one_us']:,.0f} µs)",
        "1",
        "kafka",
    ),
    Row(
        "the same of one event in 0.1 s, where they wait for each other now and then",
        lambda n: f"{n['calm_workers_ratio']:.2f} ({n['calm_two_us']:,.0f} against {n['calm_one_us']:,.0f} µs)",
        "1",
        "kafka",
    ),
    Row(
        "the same of one event in 4 s, where they wait for each other",
        lambda n: f"{n['sparse_workers_ratio']:.2f} ({n['sparse_two_us']:,.0f} against {n['sparse_one_us']:,.0f} µs)",
        "1",
        "kafka",
    ),
    Row(
        "from the append of an event to its incident, p50 / p99",
        lambda n: f"{n['latency_p50_ms']:,.0f} / {n['latency_p99_ms']:,.0f} ms",
        "100 / 300 ms",
        "kafka",
    ),
    Row(
        "cost of an event with many texts remembered, against few",
        lambda n: f"{n['leaders_ratio']:.2f} × ({n['leaders_many']:,.0f} against {n['leaders_few']:,.0f})",
        "1.3 ×",
        "leaders",
    ),
    Row(
        "altered copies found with as many texts remembered, against few",
        lambda n: f"{n['leaders_many_found']:.3f} against {n['leaders_few_found']:.3f}",
        "0.01 less",
        "leaders",
    ),
    Row(
        "one event, however made: Redis time / bytes added",
        lambda n: f"{n['worst_event_ms']:.0f} ms / {n['worst_event_kib']:,.0f} KiB",
        "20 ms / 64 KiB",
        "one_event",
    ),
    Row(
        "start of a worker to its first incident, cold",
        lambda n: f"{n['start_incident_s']:.1f} s (processor: {n['start_processor_s']:.1f} s)",
        "5 s",
        "first_incident",
    ),
    Row(
        "a worker's memory in the last quarter of the soak",
        lambda n: f"{n['soak_worker_mib']:,.0f} MiB (after {n['soak_minutes']:.0f} min)",
        "250 MiB",
        SOAK,
    ),
)


class Kept(Struct):
    """What one benchmark came to, where and when, and by which command."""

    numbers: Numbers
    machine: str
    day: str
    command: str


def machine() -> str:
    """What the numbers were measured on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    load = os.getloadavg()[0]
    busy = f", busy (load {load:.1f})" if load > 1 else ""
    return f"{os.cpu_count()} × {models[0] if models else platform.machine()}, Python {platform.python_version()}{busy}"


def measure(benchmark: Benchmark, *, short: bool) -> Kept | None:
    """Run it; None where it fails, which is told."""
    where = machine()
    arguments = benchmark.short if short else benchmark.full
    command = " ".join(["python -m", f"benchmarks.{benchmark.name}", *arguments])
    print(f"{command} …", flush=True)
    with tempfile.TemporaryDirectory(prefix="twinwatch-") as directory:
        told = Path(directory) / "numbers.json"
        done = run(sys.executable, "-m", f"benchmarks.{benchmark.name}", *arguments, "--json", told, seconds=_LONG)
        if done.returncode:
            print(f"it failed: {(done.stdout + done.stderr).strip()[-2000:]}", file=sys.stderr)
            return None
        print(done.stdout, flush=True)
        numbers = json.loads(told.read_text("utf-8"))
    return Kept(numbers, where, datetime.now(UTC).date().isoformat(), command)


def _together(kept: dict[str, Kept]) -> Numbers:
    return {name: number for one in kept.values() for name, number in one.numbers.items()}


def _stages(numbers: Numbers) -> Numbers:
    return {
        n.removeprefix("stage_").removesuffix("_us"): value for n, value in numbers.items() if n.startswith("stage_")
    }


def counted() -> list[tuple[str, str, str]]:
    """What no machine changes: the measure, how much it is, and what it should be."""
    gate: dict[str, Numbers] = json.loads(GATE.read_text("utf-8"))
    scripts = [path.read_text("utf-8").count("\n") for path in (DOCS.parent / "state" / "lua").glob("*.lua")]
    files = re.findall(r"^\| `\S+\.py` \|", (DOCS / "architecture.md").read_text("utf-8"), re.MULTILINE)
    held = "at most a tenth more, stage by stage"
    return [
        ("calls of our functions an event", f"{sum(gate['calls'].values()):,.0f}", held),
        ("commands of Redis an event", f"{sum(gate['commands'].values()):,.1f}", held),
        ("bytes to Redis an event", f"{sum(gate['sent'].values()):,.0f}", held),
        ("bytes from Redis an event", f"{sum(gate['received'].values()):,.0f}", held),
        ("lines of Lua", f"{sum(scripts):,}", "at most 700"),
        ("[files to read](architecture.md) to follow one batch", str(len(files)), "at most 10"),
    ]


def page(kept: dict[str, Kept]) -> str:
    """`docs/performance.md`."""
    everything = _together(kept)
    lines = []
    for row in ROWS:
        try:
            shown = row.shown(everything)
        except KeyError:
            shown = "not measured"
        lines.append(f"| {row.measure} | {shown} | {row.wanted} | `{row.benchmark}` |")
    measured = [f"- `{one.command}`: {one.day}, {one.machine}" for one in kept.values()]
    stages = _stages(everything)
    return "\n".join(
        [
            "# Performance",
            "",
            "Written by `make bench` (`benchmarks/performance.py`); change nothing here by hand. The workload is that of",
            "`benchmarks/workload.py`: texts of 40 to 1,500 characters in twelve languages, 20,000 members, 2 % spam in",
            "disguise. Each ratio is from one run on one machine; absolute numbers are those of that machine, busy or not as",
            "said below.",
            "",
            "| measure | measured | at least | benchmark |",
            "|---|---|---|---|",
            *lines,
            "",
            "![Microseconds of Python an event, by stage](performance-stages.svg)",
            "",
            "![Events a second](performance-rates.svg)",
            "",
            "SQRL is not compared: its package on npm (`sqrl`) depends on an archive that is not there, so that it does not",
            "install from the registry alone.",
            "",
            "## What no machine changes",
            "",
            "Calls, commands and bytes are those of a workload that is always the same; a gate in CI holds them",
            "(`python -m benchmarks.gate --write` keeps new ones).",
            "",
            "| measure | counted | to be |",
            "|---|---|---|",
            *(f"| {measure} | {number} | {most} |" for measure, number, most in counted()),
            "",
            "## Stages",
            "",
            "| stage | µs of processor time an event |",
            "|---|---|",
            *(f"| {stage} | {number:,.1f} |" for stage, number in stages.items()),
            "",
            "## Measured",
            "",
            *measured,
            "",
        ]
    )


def draw(kept: dict[str, Kept]) -> None:
    """The pictures of the page."""
    everything = _together(kept)
    stages = [Bar(stage, number) for stage, number in _stages(everything).items()]
    rates = {
        "what tutorials show, over Kafka": "tutorial_per_s",
        "datasketch's Redis LSH (texts)": "datasketch_per_s",
        "Bytewax, counting alone": "bytewax_per_s",
        "our index (texts)": "index_per_s",
        "our counters and rules, no texts": "counters_per_s",
        "our engine": "alone_per_s",
        "our worker, over Kafka": "one_per_s",
    }
    bars = [Bar(label, everything[name]) for label, name in rates.items() if name in everything]
    draw_bars(DOCS / "performance-stages.svg", stages, unit="µs of Python an event")
    draw_bars(DOCS / "performance-rates.svg", bars, unit="a second")


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a few minutes, for ratios")
    parser.add_argument("--only", nargs="+", choices=[one.name for one in BENCHMARKS], default=[], metavar="NAME")
    parser.add_argument("--pages", action="store_true", help="measure nothing, write the pages of what is kept")
    options = parser.parse_args()
    failed = False
    for benchmark in () if options.pages else BENCHMARKS:
        if options.only and benchmark.name not in options.only:
            continue
        found = measure(benchmark, short=options.short)
        failed = failed or found is None
        if found:
            keep(benchmark.name, found)
    write_docs()
    return 1 if failed else 0


def all_kept() -> dict[str, Kept]:
    """What is kept of each benchmark."""
    return {name: Kept(**one) for name, one in json.loads(KEPT.read_text("utf-8")).items()} if KEPT.exists() else {}


def keep(name: str, found: Kept) -> None:
    """Keep what a benchmark came to, in place of what it came to before."""
    kept = all_kept() | {name: found}
    order = [*(benchmark.name for benchmark in BENCHMARKS), SOAK]
    plain = {name: msgspec.to_builtins(kept[name]) for name in order if name in kept}
    KEPT.write_text(json.dumps(plain, indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_docs() -> None:
    """The page and its pictures, from what is kept."""
    kept = all_kept()
    (DOCS / "performance.md").write_text(page(kept), "utf-8")
    if ENGINE in kept:
        (DOCS / "scaling.md").write_text(scaling.page(kept[ENGINE].numbers), "utf-8")
    draw(kept)


if __name__ == "__main__":
    sys.exit(main())
