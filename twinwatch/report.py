"""Findings as people read them: coloured lines and tables for a terminal, plain ones for a pipe."""

import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, cast

from pydantic import SecretStr
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agents.metrics import Series
from agents.settings import Settings, setting_rows
from models.incidents import Incident
from rules.policy import Policy
from rules.registry import all_rules
from text.languages import KINDS
from twinwatch.languages_page import WITHOUT, rules_by_list

if TYPE_CHECKING:
    from twinwatch.replay import ReplaySummary

_INDENT = 4
SEVERITY_STYLES = {"low": "cyan", "medium": "yellow", "high": "red", "critical": "bold white on red"}


def printable(text: str) -> str:
    """The text without anything that could steer a terminal: members choose ids and titles, and some choose badly."""
    return "".join(character if character.isprintable() else "�" for character in text)


def incident_text(incident: Incident, *, with_date: bool = False) -> Text:
    """An incident in one line: when, how bad, which rule, about whom, and why."""
    moment = incident.occurred_at.strftime("%Y-%m-%d %H:%MZ" if with_date else "%H:%MZ")
    line = Text(f"{moment}  ")
    line.append(f"{incident.severity:<8} ", SEVERITY_STYLES[incident.severity])
    line.append(f"{incident.rule:<24} ", "bold")
    line.append(printable(incident.subject_id), "magenta")
    if incident.revision > 1:
        line.append(f"  (revision {incident.revision})", "dim")
    if incident.mode == "shadow":
        line.append("  (shadow)", "dim")
    line.append(f"  {printable(incident.summary)}")
    return line


def under(text: Text, indent: int) -> Padding:
    """What stands below a heading, as wide as there is room."""
    return Padding(text, (0, 0, 0, indent), expand=False)


def counts_table(title: str, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Table:
    """A table whose first column names something and whose others count it."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for position, name in enumerate(header):
        table.add_column(name, justify="left" if position == 0 else "right", header_style="dim")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else printable(str(cell)) for cell in row))
    return table


def incidents_table(incidents: Mapping[tuple[str, str], set[str]], revisions: Mapping[tuple[str, str], int]) -> Table:
    """Incidents and their revisions by rule."""
    rows = [
        (rule if mode == "live" else f"{rule} (shadow)", len(ids), revisions[mode, rule])
        for (mode, rule), ids in sorted(incidents.items())
    ]
    return counts_table("Incidents", ("rule", "incidents", "revisions"), rows)


def many(number: int, thing: str) -> str:
    """1 record, 2,000 records."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def replay_summary(summary: "ReplaySummary") -> list[Text | Table]:
    """What a replay came to, to be printed one below the other."""
    found = sum(len(ids) for ids in summary.incidents.values())
    letters = sum(summary.dead_letters.values())
    rate = summary.records / summary.seconds if summary.seconds else 0.0
    parts: list[Text | Table] = [
        Text(
            f"{many(summary.records, 'record')} read, {many(summary.events, 'event')} judged, {many(found, 'incident')}, "
            f"{many(letters, 'dead letter')}, in {summary.seconds:.1f} s ({many(round(rate), 'record')}/s)"
        )
    ]
    if summary.conflicting:
        counted = "event carries" if summary.conflicting == 1 else "events carry"
        parts.append(
            Text(f"{summary.conflicting:,} {counted} an event_id that another has carried; each was judged", "yellow")
        )
    if summary.incidents:
        parts.append(incidents_table(summary.incidents, summary.revisions))
    if letters:
        parts.append(counts_table("Dead letters", ("reason", "records"), sorted(summary.dead_letters.items())))
    return parts


def replay_fields(summary: "ReplaySummary") -> dict[str, Any]:
    """The same for scripts."""
    found: dict[str, dict[str, dict[str, int]]] = {"live": {}, "shadow": {}}
    for (mode, rule), ids in sorted(summary.incidents.items()):
        found[mode][rule] = {"incidents": len(ids), "revisions": summary.revisions[mode, rule]}
    return {
        "records": summary.records,
        "events": summary.events,
        **found,
        "dead_letters": dict(sorted(summary.dead_letters.items())),
        "conflicting_event_ids": summary.conflicting,
        "seconds": round(summary.seconds, 3),
    }


def policy_report(policy: Policy, slugs: Sequence[str]) -> Iterator[RenderableType]:
    """These rules of a policy, a block each."""
    yield Text(f"Policy {policy.version}", "bold")
    plain = policy.to_builtins()["rules"]
    for slug in slugs:
        settings, rule = policy.rules[slug], all_rules()[slug]
        head = Text(f"\n{slug}", "bold")
        head.append(f"  article {rule.article}, {settings.mode}", "not bold")
        yield head
        weights = [(None, settings.severity, settings.recommended_action)] + [
            (step.level, step.severity, step.recommended_action) for step in settings.escalation
        ]
        for level, severity, action in weights:
            yield under(
                Text(f"{severity}{'' if level is None else f' from {level:g} times the limit'}: {action}"), _INDENT
            )
        for name, value in plain[slug]["limits"].items():
            yield under(Text(_limit(name, value)), _INDENT)
        if settings.exempt_roles:
            yield under(Text(f"exempt: {', '.join(sorted(settings.exempt_roles))}", "dim"), _INDENT)


def _limit(name: str, value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], str):
        return f"{name}: {len(value)} of them"  # a long list of names: --format yaml has it whole
    if isinstance(value, list):
        quotas = ", ".join(f"{quota['reach']} in {quota['window']}" for quota in value)
        return f"{name}: {quotas or 'no limit'}"
    if isinstance(value, dict):
        return f"{name}: {', '.join(f'{key} {weight}' for key, weight in value.items())}"
    return f"{name}: {value}"


def languages_report(rows: list[dict[str, Any]]) -> list[Text | Table]:
    """How many words each language has of each kind, in 80 columns, and who reads them."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("", "language"):
        table.add_column(name, header_style="dim", no_wrap=True)
    for number in range(1, len(KINDS) + 1):  # what each is stands below
        table.add_column(str(number), header_style="dim", justify="right", no_wrap=True)
    for row in rows:
        lists = row["lists"]
        table.add_row(row["code"], row["name"], *(str(lists[k]["entries"]) if k in lists else "–" for k in KINDS))
    readers = Table(box=None, pad_edge=False, width=80)
    for name in ("", "list", "read by"):
        readers.add_column(name, header_style="dim")
    for number, kind in enumerate(KINDS, 1):
        readers.add_row(str(number), kind, ", ".join(rules_by_list()[kind]))
    return [table, Text(), readers]


def language_table(row: dict[str, Any]) -> Table:
    """The lists of one language, and what is not seen where it has none."""
    table = Table(title=f"{row['name']} ({row['code']})", title_justify="left", title_style="bold", box=None, width=80)
    table.pad_edge = False
    for name in ("list", "words", "stands in", "read by"):
        table.add_column(name, header_style="dim", justify="right" if name == "words" else "left")
    for kind, slugs in rules_by_list().items():
        if found := row["lists"].get(kind):
            place = f"{found['folder']}/{kind}.yaml"
            table.add_row(kind, str(found["entries"]), place, ", ".join(slugs))
        else:
            table.add_row(kind, "–", f"nowhere: {WITHOUT[kind]}", ", ".join(slugs))
    return table


def settings_report(settings: Settings) -> Iterator[RenderableType]:
    """Every setting with its value in force and its meaning, a block each; what was changed is bold."""
    for row in settings_fields(settings):
        value = str(row["value"])
        head = Text(f"{row['setting']}=", "dim")
        head.append(value, "bold" if row["changed"] else "")
        yield head
        yield under(Text(str(row["meaning"]), "dim"), _INDENT)


def metrics_report(series: Iterable[Series]) -> Iterator[RenderableType]:
    """Every metric with its kind, its labels and its meaning, a block each."""
    for one in series:
        head = Text(one.name, "bold")
        head.append(f"  {', '.join([one.kind, *(f'by {label}' for label in one.labels)])}", "not bold")
        yield head
        yield under(Text(one.meaning, "dim"), _INDENT)


def settings_fields(settings: Settings) -> Iterator[dict[str, str | bool]]:
    """Of each setting its name, its value in force, whether that is not the default, what is allowed, and its meaning.
    Secrets, and URLs that may hold one, keep theirs.
    """
    for variable, default, allowed, meaning in setting_rows():
        value = getattr(settings, variable.removeprefix("TWINWATCH_").lower(), None)
        plain = value.get_secret_value() if isinstance(value, SecretStr) else "" if value is None else str(value)
        changed = plain not in ("", default)
        yield {"setting": variable, "value": _shown(value), "changed": changed, "allowed": allowed, "meaning": meaning}


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(hidden)"
    if value is None:
        return ""
    # redis://user:password@host: all but the password
    return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:(hidden)@", printable(str(value)))


def stdout_console() -> Console:
    """Standard output; where that is a pipe, lines have up to 200 columns and end with their last word."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=200, file=cast(IO[str], _Pipe()))


def line_console(*, stderr: bool = False) -> Console:
    """A console for lines of any length: broken between words on a terminal, whole in a pipe."""
    console = Console(stderr=stderr, highlight=False)
    console.soft_wrap = not console.is_terminal
    return console


class _Pipe(io.TextIOBase):
    """Standard output without the blanks that fill up lines."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return sys.stdout.encoding

    def write(self, text: str, /) -> int:
        return sys.stdout.write(re.sub(r" +(?=\n)", "", text))

    def flush(self) -> None:
        sys.stdout.flush()
