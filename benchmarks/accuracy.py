"""The detection tables of docs/detection.md: replay every development set, score it, print one row a measure.

    python -m benchmarks.accuracy SHARED [--write] [--only NAME] [--policy FILE] [--keep DIR]
    python -m benchmarks.accuracy SHARED --parts [--only NAME] …       # the rules that read one text, language by language

With --write both tables go into the page; rows of sets that --only leaves out stay as they were, each with its day. With
--parts, what was in view when the rules were tuned stands beside what was held back: see `is_held_back`.

SHARED is the directory that holds `data/` and `tools/` (converters and scorer); neither is part of this repository.
`twinwatch` must be installed beside the Python that runs this. With --keep the events, truths and incidents stay in DIR.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.pages import DOCS, sections, with_section
from tests.servers import run as run_program

TWINWATCH = Path(sys.executable).with_name("twinwatch")
RULES_JUDGED_ON_POSTS = {"coordinated_campaign", "copied_post", "duplicate_thread", "forum_flood"}


class Run(NamedTuple):
    """One data set turned into events one way, and how its incidents are scored."""

    name: str
    convert: str
    data: str
    options: tuple[str, ...]
    scorer: str
    rows: Callable[[dict[str, Any]], list[tuple[str, str]]]


def campaign_rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    """False incidents, and where there are campaigns how many are found, and how soon."""
    summary = result["summary"]
    others = result["incidents of other rules per 10k events"]
    rows = [
        ("false campaign incidents per 10,000 events", str(summary["false per 10k events"])),
        ("incidents of other rules per 10,000 events", json.dumps(others)),
    ]
    if not summary["campaigns"]:
        return rows
    delay = result["delay after the k-th author"]["minutes"]
    return [
        ("campaigns found", f"{summary['found']} of {summary['campaigns']} = {summary['recall']}"),
        *rows,
        ("delay after the third author, minutes", json.dumps(delay)),
    ]


def trace_rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Senders flagged, and attacks found where some were injected."""
    flagged = result["benign senders flagged"]
    rows = [
        (f"senders flagged by {rule}", f"{row['senders']} of {result['summary']['senders']} = {row['share']}")
        for rule, row in flagged.items()
    ] or [("senders flagged", "none")]
    cells = result.get("attacks found by shape, N and text", {})
    for shape in dict.fromkeys(tuple(cell.split()[::2]) for cell in cells):
        found = [_attack(cell, row) for cell, row in cells.items() if tuple(cell.split()[::2]) == shape]
        rows.append((f"attacks, {' '.join(shape)} text", "; ".join(found)))
    return rows


def _attack(cell: str, row: dict[str, Any]) -> str:
    """How one size of attack fared: to how many, found or not, after how many recipients."""
    size, when = cell.split()[1], row["recipients when found"]
    return f"{size}: {row['found']} of {row['attacks']}" + (f" at {when:.0f}" if when else "")


def text_rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Precision, recall and false positives of the rules that look at one text; all texts are by different authors."""
    rows = [(name, _confusion(row)) for name, row in result.get("per rule", {}).items()]
    for table in ("private_information by entities", "threat by lang"):
        rows += [(f"{table}: {group}", _confusion(row)) for group, row in result.get(table, {}).items()]
    if leaks := result["summary"]["texts with private data shown in excerpt or summary"]:
        rows.append(("TEXTS WHOSE PRIVATE DATA WERE SHOWN", str(leaks)))
    return [
        *rows,
        ("texts with an incident, per 1,000", json.dumps(result["texts on which each rule fired, per 1000"])),
    ]


def _confusion(row: dict[str, Any]) -> str:
    shares = ", ".join(f"{name} {row[name]}" for name in ("precision", "recall", "FPR") if row[name] is not None)
    return f"{shares} ({row['positives']} positive, {row['negatives']} negative)"


RUNS = (
    Run("ira_dev_2016_07", "posts", "ira_dev_2016_07", ("--rename-actors",), "campaigns", campaign_rows),
    Run("ira_dev_2015_07_08", "posts", "ira_dev_2015_07_08", ("--rename-actors",), "campaigns", campaign_rows),
    Run("benign_irc_duraspace", "posts", "benign_irc_duraspace", (), "campaigns", campaign_rows),
    Run("benign_french_media", "posts", "benign_french_media", (), "campaigns", campaign_rows),
    Run("spam_youtube", "posts", "spam_youtube", ("--as", "comment"), "campaigns", campaign_rows),
    Run("trace_collegemsg", "messages", "trace_collegemsg", (), "traces", trace_rows),
    Run("trace_dlt1_teachers", "messages", "trace_dlt1_teachers", (), "traces", trace_rows),
    Run("trace_dlt1_posts", "posts", "trace_dlt1_teachers", (), "traces", trace_rows),
    Run("collegemsg_injected", "inject", "trace_collegemsg", ("--texts", "spam_sms_uci_en"), "traces", trace_rows),
    Run("dlt1_injected", "inject", "trace_dlt1_teachers", ("--texts", "spam_sms_uci_en"), "traces", trace_rows),
    Run("benign_fortunes", "texts", "benign_fortunes_multilang", ("--as", "forum_post"), "texts", text_rows),
    Run("benign_irc_texts", "texts", "benign_irc_duraspace", ("--as", "forum_post"), "texts", text_rows),
    Run("pii_faker", "texts", "pii_faker_multilang", ("--as", "forum_post"), "texts", text_rows),
    Run("threat_hatecheck", "texts", "threat_hatecheck_de_fr_it", ("--as", "forum_post"), "texts", text_rows),
    Run("spam_sms", "texts", "spam_sms_uci_en", ("--as", "message"), "texts", text_rows),
    Run("spam_youtube_texts", "texts", "spam_youtube", ("--as", "comment"), "texts", text_rows),
)


# --- both parts of a set, language by language ---------------------------------------------------------------------------

CONTENT_RULES = {"commercial_content", "threat", "abusive_language", "private_information"}
DATA = ("CREDIT_CARD", "EMAIL_ADDRESS", "IBAN_CODE", "PHONE_NUMBER")


def is_held_back(text: str) -> bool:
    """Whether a text belongs to the third that was not looked at when words, points and limits were chosen."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).digest()[0] % 3 == 0


class Measure(NamedTuple):
    """A share of texts: those on which one of the rules fired, of those that the truth says are such."""

    name: str
    rules: set[str]
    of: Callable[[dict[str, Any]], bool]


def _labelled(*labels: str) -> Callable[[dict[str, Any]], bool]:
    return lambda row: row["label"] in labels


def _with_data(kind: str) -> Callable[[dict[str, Any]], bool]:
    return lambda row: kind in row["entities"]


MEASURES: dict[str, tuple[Measure, ...]] = {
    "benign_fortunes": (Measure("any content rule", CONTENT_RULES, _labelled("benign")),),
    "benign_irc_texts": (Measure("any content rule", CONTENT_RULES, lambda row: True),),
    "pii_faker": (
        *(Measure(f"recall of {kind}", {"private_information"}, _with_data(kind)) for kind in DATA),
        Measure(
            "look-alikes taken for data", {"private_information"}, lambda row: not set(DATA) & set(row["entities"])
        ),
    ),
    "threat_hatecheck": (
        Measure("threats found", {"threat"}, lambda row: row["functionality"].startswith("threat_")),
        Measure("harmless taken for threats", {"threat"}, _labelled("non-hateful", "benign")),
    ),
    "spam_sms": (
        Measure("selling found", {"commercial_content"}, _labelled("spam")),
        Measure("ham taken for selling", {"commercial_content"}, _labelled("ham")),
    ),
    "spam_youtube_texts": (
        Measure("selling found", {"commercial_content"}, _labelled("spam")),
        Measure("ham taken for selling", {"commercial_content"}, _labelled("ham")),
    ),
}
ALL_LANGUAGES = {"pii_faker"}
"""Its 26 languages have about fifteen texts of a kind in a part: too few to tell apart."""


def part_rows(run: Run, work: Path) -> Iterator[str]:
    """The rows of a replayed set: language, measure, and the share in either part."""
    rows = {row["event_id"]: row for row in _lines(work / f"{run.name}.truth.jsonl")}
    held = {event["event_id"]: is_held_back(event["text"]) for event in _lines(work / f"{run.name}.events.jsonl")}
    fired: dict[str, set[str]] = defaultdict(set)
    for incident in _lines(work / f"{run.name}.incidents.jsonl"):
        for event_id in incident["evidence"]["event_ids"]:
            fired[event_id].add(incident["rule"])
    for measure_ in MEASURES[run.name]:
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for event_id, row in rows.items():
            if measure_.of(row):
                language = "all" if run.name in ALL_LANGUAGES else row.get("lang") or "en"
                part = 2 * held[event_id]
                counts[language][part] += not measure_.rules.isdisjoint(fired[event_id])
                counts[language][part + 1] += 1
        for language, (dev, dev_of, back, back_of) in sorted(counts.items()):
            yield f"| {run.name} | {language} | {measure_.name} | {_share(dev, dev_of)} | {_share(back, back_of)} |"


def _share(some: int, of: int) -> str:
    return f"{some} of {of} = {some / of:.4f}" if of else "none"


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


# --- running -------------------------------------------------------------------------------------------------------------


def measure(run: Run, shared: Path, work: Path, policy: Path | None) -> list[tuple[str, str]]:
    """Convert, replay and score one set; the rows of its table."""
    tools, data = shared / "tools", shared / "data"
    events, truth = work / f"{run.name}.events.jsonl", work / f"{run.name}.truth.jsonl"
    options = [str(data / f"{o}.jsonl.gz") if (data / f"{o}.jsonl.gz").exists() else o for o in run.options]
    if not truth.exists():
        source = data / f"{run.data}.jsonl.gz"
        _call(sys.executable, tools / "to_events.py", run.convert, source, events, truth, *options)
    outputs = {kind: work / f"{run.name}.{kind}.jsonl" for kind in ("incidents", "shadow", "dead-letters")}
    flags = [part for kind, path in outputs.items() for part in (f"--{kind}", path)]
    _call(TWINWATCH, "replay", events, *flags, *(("--policy", policy) if policy else ()))
    scored = _call(
        sys.executable, tools / "score.py", run.scorer, truth, outputs["incidents"], "--events", events, "--json"
    )
    result = json.loads(scored)
    rows = run.rows(result)
    if breaches := result.get("breaches of the contract"):
        rows.append(("BREACHES OF THE CONTRACT", json.dumps(breaches)))
    if outputs["dead-letters"].stat().st_size:
        rows.append(("DEAD LETTERS", str(sum(1 for _ in outputs["dead-letters"].open("rb")))))
    return rows


_HOURS_SECONDS = 3 * 3600.0


def _call(*command: object) -> str:
    done = run_program(*map(str, command), cwd=Path.cwd(), seconds=_HOURS_SECONDS)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\nfailed with {done.returncode}:\n{done.stderr}")
    return done.stdout


PAGE = DOCS / "detection.md"
HEAD = ("| set | measure | result | day |", "|---|---|---|---|")
PARTS_HEAD = (
    "| set | language | share of texts | development part | held-back part | day |",
    "|---|---|---|---|---|---|",
)


def merged(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Rows of a table, in the order of `RUNS`: those before of every set that has none after."""
    named = {run.name: number for number, run in enumerate(RUNS)}

    def set_of(row: str) -> str:
        return row.split("|")[1].strip()

    measured_now = {set_of(row) for row in after}
    kept = [row for row in before if set_of(row) in named and set_of(row) not in measured_now]
    return sorted([*kept, *after], key=lambda row: named[set_of(row)])


def write(name: str, head: Sequence[str], rows: Sequence[str]) -> None:
    """Write the rows into their section of the page."""
    page = PAGE.read_text("utf-8")
    before = next((one.text for one in sections(page) if one.name == name), "")
    lines = merged([line for line in before.splitlines() if line.startswith("|")], rows)
    PAGE.write_text(with_section(page, name, [*head, *lines]), "utf-8")


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--only", help="runs whose name contains this")
    parser.add_argument("--parts", action="store_true", help="development part and held-back part, by language")
    parser.add_argument("--policy", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--write", action="store_true", help="write both tables into the page of docs")
    arguments = parser.parse_args()
    head, today = PARTS_HEAD if arguments.parts else HEAD, datetime.now(UTC).date()
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        print("\n".join(head))
        for run in RUNS:
            if (arguments.only and arguments.only not in run.name) or (arguments.parts and run.name not in MEASURES):
                continue
            rows = measure(run, arguments.shared, work, arguments.policy)
            sets = [f"| {run.name} | {name} | {value} | {today} |" for name, value in rows]
            parts = [f"{line} {today} |" for line in part_rows(run, work)] if run.name in MEASURES else []
            print("\n".join(parts if arguments.parts else sets), flush=True)
            if arguments.write:
                write("sets", HEAD, sets)
                write("parts", PARTS_HEAD, parts)


if __name__ == "__main__":
    main()
