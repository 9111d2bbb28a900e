"""What is known of each language, for `twinwatch languages`, and `docs/languages.md`, made from the lists themselves."""

from typing import Any

from rules.registry import all_rules
from rules.track_record import (
    ACCUSED_SHARE,
    HEARD_SHARE,
    POOR_FINDINGS,
    POOR_PRECISION,
    PROVEN_FINDINGS,
    PROVEN_PRECISION,
    Record,
    falls_short,
    heard,
    track_record,
)
from text.languages import KINDS, NAMES, entries, lists_of

WITHOUT = {
    "hostility": "nothing hostile is seen in it",
    "trade": "only prices, links, numbers and words that it shares with other languages are seen",
    "surroundings": "private numbers, offices and pupils are known only by words that it shares with other languages",
    "removals": "who asks that a published number be removed is taken for one who publishes it",
    "owners": "nobody sees from the words whose a number is",
    "numbers": "numbers are told apart by words that it shares with other languages, by their form and their links",
    "warnings": "who shows a fraud or a threat to warn of it is known only by marks and questions",
    "greetings": "greetings and closings are compared as well: copies with other greetings resemble each other less",
    "courtesies": "thanks and wishes that many members write may look like copies",
    "romanised": "what is typed in Latin letters is not read; a language that is written in them needs no such list",
}
"""What it means that a language has no list of a kind."""

_INTRODUCTION = """\
# Languages

This page is made by `twinwatch languages --markdown` from the lists in `text/languages`, where `README.md` says how they are
written; change them instead.

Each cell counts the words and phrases of a list, rounded down so that not every new word changes this page (`twinwatch
languages` has the exact counts); *–* means that there is none. Languages that are read with the same words share a list.
Hostility is asked only where a sentence may be in the language, and so are short words of surroundings. All else is read at
once, so that a language without a list is read with its neighbours' words as far as they agree.
"""


def rules_by_list() -> dict[str, list[str]]:
    """Which rules read each kind of lists, by their slugs."""
    return {kind: [slug for slug, rule in all_rules().items() if kind in rule.lists] for kind in KINDS}


def language_row(code: str) -> dict[str, Any]:
    """One language of `NAMES` as plain values: its lists with their size and the folder that they stand in, the rules that
    read one of them, and those that have none to read.
    """
    lists = {kind: {"entries": entries(folder, kind), "folder": folder} for kind, folder in lists_of(code).items()}
    # lists of warnings and of removals spare people; they find nothing
    reading = {slug: {*rule.lists} - {"warnings", "removals"} for slug, rule in all_rules().items() if rule.lists}
    return {
        "code": code,
        "name": NAMES[code],
        "lists": lists,
        "rules": [slug for slug, kinds in reading.items() if lists.keys() & kinds],
        "rules_without_words": [slug for slug, kinds in reading.items() if not lists.keys() & kinds],
    }


def _about(count: int) -> str:
    step = 100 if count >= 500 else 10 if count >= 10 else 1
    return f"{count - count % step:,}"


def _markdown_row(row: dict[str, Any]) -> str:
    cells = [_about(row["lists"][kind]["entries"]) if kind in row["lists"] else "–" for kind in KINDS]
    return f"| `{row['code']}` | {row['name']} | {' | '.join(cells)} |"


def missing_lists(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The languages that have no list, by kind."""
    return {kind: [row["code"] for row in rows if kind not in row["lists"]] for kind in KINDS}


def languages_page() -> str:
    """The page in Markdown."""
    rows, rules = [language_row(code) for code in NAMES], rules_by_list()
    lines = [
        _INTRODUCTION,
        f"| code | language | {' | '.join(KINDS)} |",
        f"|---|---|{'---:|' * len(KINDS)}",
        *map(_markdown_row, rows),
        "",
        "## What is missing",
        "",
        "| list | what for | rules that read it | languages without one | what that means there |",
        "|---|---|---|---|---|",
    ]
    for kind, without in missing_lists(rows).items():
        named = ", ".join(NAMES[code] for code in without) or "none"
        slugs = ", ".join(f"`{slug}`" for slug in rules[kind])
        lines.append(f"| {kind} | {KINDS[kind]} | {slugs} | {named} | {WITHOUT[kind]} |")
    return "\n".join(
        [
            *lines,
            "",
            "Rules that stand in no row look at no language's words.",
            "",
            *_heard_lines(),
            "",
            *_record_lines(),
            "",
        ]
    )


def _heard_lines() -> list[str]:
    """The section on the small set of threats."""
    lines = [
        "## What each list of threats hears, and whom it accuses",
        "",
        "Counts of `rules/heard.yaml`, which `python -m benchmarks.threat_set` writes: of a small set of threats by idea, and",
        "of harmless texts that look like them. Half of it served to choose words; the other half was held back, and only its",
        f"counts were looked at. A list that hears fewer than {HEARD_SHARE} of all threats, or accuses more than",
        f"{ACCUSED_SHARE:.0%} of the harmless texts (and two at least), falls short: what it finds is told in shadow.",
        "",
        "| list | threats heard, tuned | held back | harmless accused, tuned | held back | what follows |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for code, parts in sorted(heard().items()):
        tuned, held = parts["tuned"], parts["held"]
        lines.append(
            f"| {_list_name(code)} | {tuned.found} of {tuned.threats} | {held.found} of "
            f"{held.threats} | {tuned.accused} of {tuned.harmless} | {held.accused} of {held.harmless} | "
            f"{'shadow' if falls_short(code) else 'as the record says'} |"
        )
    return lines


def _record_lines() -> list[str]:
    """The section on measured precision."""
    lines = [
        "## How often words alone were right",
        "",
        "Counts of `rules/track_record.yaml`, which `python -m benchmarks.track_record DATA...` writes, on labelled texts",
        "that were held back when words were chosen. More than `review`, or `critical`, follows from words alone only where",
        f"the policy says so and at least {PROVEN_PRECISION} of {PROVEN_FINDINGS} or more findings were right: *proven*.",
        f"Where fewer than {POOR_PRECISION} of {POOR_FINDINGS} or more were right, findings in that language are told in",
        "shadow: *poor*. A language without a row had no finding. Few findings say little, and templated tests (HateCheck)",
        "resemble each other.",
        "",
        "| rule | language | right | wrong | precision | what follows | texts of |",
        "|---|---|---:|---:|---:|---|---|",
    ]
    for slug, by_language in sorted(track_record().items()):
        for code, record in sorted(by_language.items()):
            precision = "–" if record.precision is None else f"{record.precision:.3f}"
            name, sources = _list_name(code), ", ".join(record.sources)
            lines.append(
                f"| `{slug}` | {name} | {record.right} | {record.wrong} | {precision} | {_follows(record)} | {sources} |"
            )
    return lines


def _list_name(code: str) -> str:
    besides = {"sh": "Croatian, Bosnian, Serbian", "und": "any language"}
    return ", ".join(NAMES.get(part) or besides[part] for part in code.split("+"))


def _follows(record: Record) -> str:
    if record.is_poor:
        return "shadow (poor)"
    return "as the policy says (proven)" if record.is_proven else "`review` at most"
