"""Incidents as a team lead reads them: the list, one incident with its evidence, and the same as JSON.

Members choose their names and write the texts, and some of them are attackers: every word of theirs passes `printable`, so
that none steers the terminal, and `mask`, unless whoever asks has said otherwise.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from rapidfuzz.distance import Levenshtein
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agents.incident_log import MAX_RECORDS_SEARCHED
from models.events import Event, Verdict, rfc_3339, without_words, written_fields
from models.incidents import Incident, Measurement
from text.masking import mask, mask_together
from text.written import read_written
from twinwatch.report import SEVERITY_STYLES, many, printable, under

SHORT_ID = 8
"""So many characters of an incident's id are shown in lists; commands take as many as tell it from others."""
MAX_TEXT_CHARACTERS = 4_000
MAX_SHOWN_TEXTS = 20
_MAX_COMPARED_WORDS = 800
_WORD = re.compile(r"(?:\[[^\[\]\n]{1,60}\]|\S)+")
"""A word, or a mask with the blanks in it."""
_BAR = 30
_INDENT = 9
_FULL, _EMPTY, _LIMIT = "█", "░", "│"
_RISE = "▁▂▃▄▅▆▇█"


class Case(Struct, frozen=True, kw_only=True):
    """One incident with all that is known of it: its revisions in their order, verdicts and evidence.

    `missing` are ids of evidence that was not found; `gave_up` where not all that Kafka holds was looked through for them;
    `trouble` says why none could be looked for.
    """

    revisions: tuple[Incident, ...]
    verdicts: tuple[Verdict, ...] = ()
    events: tuple[Event, ...] = ()
    missing: tuple[str, ...] = ()
    gave_up: bool = False
    trouble: str = ""

    @property
    def latest(self) -> Incident:
        """The last revision."""
        return self.revisions[-1]


class Passage(NamedTuple):
    """What one event says: ids of events that say exactly so, who and when first, and the words, as seen and as shown."""

    event_ids: list[str]
    who: str
    when: str
    kind: str
    seen: str
    words: str


# --- the list ----------------------------------------------------------------------------------


def incident_entry(incident: Incident, verdict: Verdict | None) -> RenderableType:
    """An incident in a few lines of at most the console's width, nothing of it cut."""
    head = Text(f"{incident.severity:<8} ", SEVERITY_STYLES[incident.severity])
    head.append(f"{printable(incident.incident_id[:SHORT_ID])} ", "bold")
    head.append(f"{printable(incident.rule)}  ", "bold")
    head.append(printable(incident.subject_id), "magenta")
    return Group(head, _under(Text(_facts(incident, verdict), "dim")), _under(Text(printable(incident.summary))))


def _facts(incident: Incident, verdict: Verdict | None) -> str:
    facts = [
        f"{incident.occurred_at:%Y-%m-%d %H:%MZ}",
        f"revision {incident.revision}" if incident.revision > 1 else "",
        "shadow" if incident.mode == "shadow" else "",
        f"confidence {incident.confidence:.2f}",
        f"proposes {incident.recommended_action}",
        f"{incident.accomplice_count} accomplices" if incident.accomplice_count else "",
        f"{incident.prior_incidents} upheld before" if incident.prior_incidents else "",
        _said(verdict) if verdict else "open",
    ]
    return ", ".join(fact for fact in facts if fact)


def _said(verdict: Verdict) -> str:
    return f"{verdict.verdict} ({verdict.action})"


def _under(text: Text) -> Padding:
    return under(text, _INDENT)


# --- one incident ------------------------------------------------------------------------------


def incident_page(case: Case, *, unmasked: bool, coloured: bool, width: int) -> Iterator[RenderableType]:
    """Everything that is known of an incident, part by part, at most `width` columns wide."""
    latest = case.latest
    yield incident_entry(latest, case.verdicts[-1] if case.verdicts else None)
    yield Text()
    yield _fields(
        {
            "incident": latest.incident_id,
            "article": f"{latest.article}: {latest.statement.ground}",
            "opened": f"{latest.opened_at:%Y-%m-%d %H:%M:%SZ}",
            "detected": f"{latest.detected_at:%Y-%m-%d %H:%M:%SZ}",
            "accomplices": _accomplices(latest),
            "words": mask(", ".join(latest.evidence.words or ())),
            "campaign": latest.evidence.campaign_id or "",
            "policy": latest.policy_version,
        }
    )
    yield from _titled("Measurements", (_bar(one) for one in latest.evidence.measurements))
    if len(case.revisions) > 1:
        yield from _titled("Revisions", (_revision(one) for one in case.revisions))
    yield from _titled("Verdicts", (_verdict(one) for one in case.verdicts))
    yield from _evidence(case, unmasked=unmasked, coloured=coloured, width=width)


def _titled(title: str, parts: Iterable[RenderableType]) -> Iterator[RenderableType]:
    shown = list(parts)
    if shown:
        yield Text(f"\n{title}", "bold")
        yield from shown


def _fields(fields: Mapping[str, str]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields.items():
        if value:
            table.add_row(Text(name), Text(printable(value)))
    return table


def _accomplices(incident: Incident) -> str:
    shown = ", ".join(incident.accomplice_ids)
    more = incident.accomplice_count - len(incident.accomplice_ids)
    return f"{shown} and {more} more" if more > 0 else shown


def _bar(measurement: Measurement) -> Text:
    """What was counted against what is allowed: the mark stands where the limit does."""
    value, limit = measurement.value, measurement.limit
    most = max(value, limit, 1e-9)
    filled, mark = round(_BAR * value / most), min(_BAR - 1, round(_BAR * limit / most))
    cells = [_FULL if cell < filled else _EMPTY for cell in range(_BAR)]
    cells[mark] = _LIMIT
    style = "red" if value >= limit else "yellow"
    line = Text("".join(cells), style)
    window = f" within {_duration(measurement.window_seconds)}" if measurement.window_seconds else ""
    line.append(f"  {printable(measurement.name)} {value:g}, limit {limit:g}{window}", "not dim")
    return line


def _duration(seconds: int) -> str:
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds % length == 0:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"


def _revision(incident: Incident) -> Text:
    measured = ", ".join(f"{one.name} {one.value:g}" for one in incident.evidence.measurements)
    told = f"{incident.revision}  {incident.occurred_at:%Y-%m-%d %H:%M:%SZ}  {incident.severity}, {measured}"
    return Text(printable(told))


def _verdict(verdict: Verdict) -> Text:
    moment = f"{verdict.occurred_at:%Y-%m-%d %H:%M:%SZ}"
    return Text(f"{moment}  {_said(verdict)} by {printable(verdict.actor_id)}")


# --- evidence ----------------------------------------------------------------------------------


def _evidence(case: Case, *, unmasked: bool, coloured: bool, width: int) -> Iterator[RenderableType]:
    passages = passages_of(case.events, unmasked=unmasked)
    shown = passages[:MAX_SHOWN_TEXTS]
    found = f"{len(case.events)} of {len(case.latest.evidence.event_ids)} events"
    masked = "" if unmasked else ", personal data masked (--unmasked shows it)"
    yield Text(f"\nEvidence: {found}{masked}", "bold")
    if case.trouble:
        yield Text(printable(case.trouble), "yellow")
    elif case.missing:
        searched = f"in the {MAX_RECORDS_SEARCHED:,} records that were looked through; Kafka may still hold them"
        where = searched if case.gave_up else "for Kafka or the file no longer holds them"
        told = f"not found, {where}: {', '.join(case.missing)}"
        yield Text(printable(told), "yellow")
    if _is_about_copies(case.latest) and len(shown) > 1:
        yield from _side_by_side(shown, coloured=coloured, width=width)
    else:
        for number, passage in enumerate(shown, 1):
            yield _heading(number, passage)
            yield _under(Text(passage.words or "(no text)"))
    if len(passages) > len(shown):
        yield Text(f"and {len(passages) - len(shown)} more texts")


def passages_of(events: Sequence[Event], *, unmasked: bool) -> list[Passage]:
    """What the events say, each text once, in their order. Texts that only look the same once they are masked stay two."""
    passages: dict[tuple[str, str, str], Passage] = {}
    for event, words in zip(events, words_of(events, unmasked=unmasked), strict=True):
        seen = _seen(event)
        known = passages.get((event.actor_id, event.type, seen))
        if known:
            known.event_ids.append(printable(event.event_id))
            continue
        passages[event.actor_id, event.type, seen] = Passage(
            [printable(event.event_id)],
            printable(event.actor_id),
            f"{event.occurred_at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}",
            event.type,
            seen,
            words,
        )
    return list(passages.values())


def words_of(events: Sequence[Event], *, unmasked: bool) -> list[str]:
    """All that a reader sees of each event, without what could steer a terminal.

    Masked together: a child who is named in one field or event is masked in all, and what differs has another mask,
    `[e-mail]` and `[e-mail 2]`, so that copies with another number or address do not look the same.
    """
    seen = [_seen(event) for event in events]
    return [_shown(text) for text in (seen if unmasked else mask_together(seen, _Numbered().mask))]


def _seen(event: Event) -> str:
    return "\n".join(read_written(field).seen for field in written_fields(event) if field)


def _shown(words: str) -> str:
    lines = "\n".join(printable(line) for line in words.splitlines())
    if len(lines) <= MAX_TEXT_CHARACTERS:
        return lines
    return f"{lines[:MAX_TEXT_CHARACTERS]} … ({len(lines) - MAX_TEXT_CHARACTERS:,} characters more)"


class _Numbered:
    """Gives each thing that a mask hides a number of its own, from the second on, whatever blanks and marks stand in it."""

    def __init__(self) -> None:
        self._hidden: dict[str, list[str]] = {}

    def mask(self, mask: str, hidden: str) -> str:
        known = self._hidden.setdefault(mask, [])
        plain = "".join(character for character in hidden.casefold() if character.isalnum())
        if plain not in known:
            known.append(plain)
        number = known.index(plain) + 1
        return mask if number == 1 else f"{mask.removesuffix(']')} {number}]"


def _heading(number: int, passage: Passage) -> Text:
    line = Text(f"{number:>2}  {passage.when}  {passage.kind} ", "dim")
    line.append(passage.who, "magenta")
    line.append(f"  {', '.join(passage.event_ids)}", "dim")
    return line


def _is_about_copies(incident: Incident) -> bool:
    return incident.evidence.similarity is not None or incident.evidence.campaign_id is not None


def _side_by_side(passages: Sequence[Passage], *, coloured: bool, width: int) -> Iterator[RenderableType]:
    """The first text beside each other one. Differences are coloured, or in brackets where there are no colours."""
    first = passages[0]
    for number, other in enumerate(passages[1:], 2):
        yield Group(_heading(1, first), _heading(number, other)) if number == 2 else _heading(number, other)
        if first.words == other.words:
            same = (
                "word for word the same" if first.seen == other.seen else "the same but for what is masked or not shown"
            )
            yield _under(Text(same, "dim"))
        left, right = marked_differences(first.words, other.words, coloured=coloured)
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0), width=width)
        table.add_column(ratio=1, overflow="fold")
        table.add_column(ratio=1, overflow="fold")
        table.add_row(left, right)
        yield table


def marked_differences(left: str, right: str, *, coloured: bool) -> tuple[Text, Text]:
    """Both texts with the words marked that only one of them has."""
    all_of_both = _WORD.findall(left), _WORD.findall(right)
    ours, theirs = (one[:_MAX_COMPARED_WORDS] for one in all_of_both)
    shown = Text(), Text()
    for step in Levenshtein.opcodes(ours, theirs):
        for text, words, style, marks in (
            (shown[0], ours[step.src_start : step.src_end], "bold red", "[-{}-]"),
            (shown[1], theirs[step.dest_start : step.dest_end], "bold green", "[+{}+]"),
        ):
            if not words:
                continue
            run = " ".join(words)
            if step.tag == "equal":
                text.append(f"{run} ")
            else:
                text.append(run if coloured else marks.format(run), style).append(" ")
    for text, whole in zip(shown, all_of_both, strict=True):
        if len(whole) > _MAX_COMPARED_WORDS:
            text.append(f"… ({many(len(whole) - _MAX_COMPARED_WORDS, 'word')} more, not compared)", "dim")
    return shown


# --- for scripts -------------------------------------------------------------------------------


def as_json(value: object) -> str:
    """One line of JSON in ASCII: what could steer a terminal is escaped, whatever prints it."""
    return json.dumps(value)


def incident_fields(incident: Incident, verdict: Verdict | None) -> dict[str, Any]:
    """The incident as the contract has it, and the verdict that counts, or null."""
    return _plain(incident) | {"verdict": verdict_fields(verdict) if verdict else None}


def _plain(incident: Incident) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(incident)
    return fields


def verdict_fields(verdict: Verdict) -> dict[str, Any]:
    """The verdict as the contract has it."""
    fields = {name: value for name, value in msgspec.to_builtins(verdict).items() if value is not None}
    return fields | {"occurred_at": rfc_3339(verdict.occurred_at)}


def case_fields(case: Case, *, unmasked: bool) -> dict[str, Any]:
    """The whole case: `incident` as of its last revision, `revisions`, `verdicts`, `events` with their `words`, `missing`,
    and whether the search for these `gave_up`.
    """
    return {
        "incident": _plain(case.latest),
        "revisions": [_plain(one) for one in case.revisions],
        "verdicts": [verdict_fields(one) for one in case.verdicts],
        "events": [
            _event_fields(event, words, unmasked=unmasked)
            for event, words in zip(case.events, words_of(case.events, unmasked=unmasked), strict=True)
        ],
        "missing": list(case.missing),
        "gave_up": case.gave_up,
        "trouble": case.trouble,
    }


def _event_fields(event: Event, words: str, *, unmasked: bool) -> dict[str, Any]:
    """The event without its written fields, and `words`, all that a reader sees of them."""
    fields = msgspec.to_builtins(without_words(event))
    kept = {name: value for name, value in fields.items() if value not in (None, "")}
    if not unmasked and "source_url" in kept:
        kept["source_url"] = mask(kept["source_url"])
    return kept | {"words": words}


def sparkline(counts: Sequence[int]) -> str:
    """A line as long as the counts: the higher a count, the higher its character."""
    most = max(counts, default=0)
    return "".join(" " if not count else _RISE[(len(_RISE) - 1) * count // most] for count in counts)
