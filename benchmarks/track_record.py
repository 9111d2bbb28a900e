"""Write `rules/track_record.yaml`: how often findings by words alone were right, by rule and language, on labelled texts.

    python -m benchmarks.track_record DATA... [--print]

Each DATA is a file of JSON lines (`.jsonl`, `.jsonl.gz`) in one of three forms. *Judged*: `event` (a whole activity event) and
`expect`, the rules that must fire; `also_ok` may fire as well and count neither way. *Marked*: `text` and `hostile`: where
it is true, any finding of article 7 is right, elsewhere any finding is wrong. *HateCheck*: `text`, `label` and
`functionality`; nobody sells there. Only the third of the texts that was held back when words were chosen is counted
(`benchmarks.accuracy.is_held_back`). The language is that of the list by which the words were known (`und`: signs of trade
of any language): this is what a rule can be shut off for. --print leaves the file as it is.
"""

import argparse
import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.accuracy import is_held_back
from models.decoding import InputLimits, decode_event
from models.events import WrittenFields, written_fields
from rules.commercial import COMMERCIAL_CONTENT, sells
from rules.conduct import ABUSIVE_LANGUAGE, THREAT
from rules.policy import RulePolicy, load_policy
from rules.track_record import FILE, Record, Records, written_records
from text.reading import Writing, read_writings

BATCH = 500
RULES = (THREAT.slug, ABUSIVE_LANGUAGE.slug, COMMERCIAL_CONTENT.slug)


class Labelled(NamedTuple):
    """A text, and for each rule whether a finding is right, wrong (False), or counts neither way (None)."""

    written: WrittenFields
    language: str | None
    is_right: dict[str, bool | None]


def labelled(row: dict[str, Any], place: str) -> Labelled:
    """A row as it counts. Raises ValueError where it has none of the forms."""
    if "event" in row and "expect" in row:
        event = decode_event(json.dumps(row["event"]).encode(), limits=InputLimits(), now=datetime.now(UTC))
        also = row.get("also_ok", [])
        right = {rule: True if rule in row["expect"] else None if rule in also else False for rule in RULES}
        return Labelled(written_fields(event), event.language, right)
    if "text" in row and "hostile" in row:
        hostile = bool(row["hostile"])
        right = {
            THREAT.slug: hostile,
            ABUSIVE_LANGUAGE.slug: hostile,
            COMMERCIAL_CONTENT.slug: None if hostile else False,
        }
        return Labelled(WrittenFields(text=row["text"]), None, right)
    if {"text", "label", "functionality"} <= row.keys():
        hateful, case = row["label"] == "hateful", row["functionality"]
        # abuse of persons and of groups that nobody is born into is no hate, and abuse nevertheless
        disputed = case in ("target_indiv_nh", "target_group_nh")
        threat = None if disputed or (hateful and not case.startswith("threat")) else hateful
        return Labelled(
            WrittenFields(text=row["text"]),
            None,
            {
                THREAT.slug: threat,
                ABUSIVE_LANGUAGE.slug: None if disputed else hateful,
                COMMERCIAL_CONTENT.slug: False,
            },
        )
    raise ValueError(
        f"{place}: found {', '.join(sorted(row)) or 'nothing'}, expected event and expect, text and hostile, or text, label "
        "and functionality"
    )


def rows_of(path: Path) -> Iterator[Labelled]:
    """The held back rows of a file."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            one = labelled(json.loads(line), f"{path.name}:{number}")
            if is_held_back(one.written.text or one.written.heading or ""):
                yield one


def found_in(writing: Writing, rules: dict[str, RulePolicy]) -> Iterator[tuple[str, str]]:
    """The rules that report this text by its words, with the list that they know it by."""
    selling = rules[COMMERCIAL_CONTENT.slug].limits
    reading = writing.commerce(selling.harmless)
    if sells(reading, selling):
        yield COMMERCIAL_CONTENT.slug, reading.known_in
    hostility = writing.hostility
    for slug, kind, code in (
        (THREAT.slug, hostility.threat, hostility.threat_in),
        (ABUSIVE_LANGUAGE.slug, hostility.abuse, hostility.abuse_in),
    ):
        limits = rules[slug].limits
        if kind and limits.weights.get(kind, 0.0) * (limits.laughed if hostility.joked else 1.0) >= 1:
            yield slug, code


def count(paths: list[Path]) -> Records:
    """The records of all texts of these files."""
    counts: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    sources: dict[tuple[str, str], set[str]] = defaultdict(set)
    rules = load_policy().rules
    for path in paths:
        rows = list(rows_of(path))
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            read = read_writings([(one.written, one.language) for one in batch])
            for one, writing in zip(batch, read, strict=True):
                for slug, code in found_in(writing, rules):
                    if (right := one.is_right[slug]) is not None:
                        counts[slug, code][right] += 1
                        sources[slug, code].add(path.name.split(".")[0])
    records: Records = {}
    for (slug, code), counted in counts.items():
        record = Record(right=counted[True], wrong=counted[False], sources=tuple(sorted(sources[slug, code])))
        records.setdefault(slug, {})[code] = record
    return records


def main() -> None:
    """Count, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--print", action="store_true", dest="only_print", help="print the file instead")
    options = parser.parse_args()
    try:
        told = written_records(count(options.data))
    except (OSError, ValueError) as error:
        sys.exit(f"track_record: {error}")
    if options.only_print:
        print(told, end="")
    else:
        (Path(__file__).parents[1] / FILE).write_text(told, "utf-8")


if __name__ == "__main__":
    main()
