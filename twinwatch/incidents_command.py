"""What `twinwatch incidents` does: choose incidents from Kafka or from files, show them, and answer them."""

import asyncio
import getpass
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

import click
from msgspec import Struct
from rich.text import Text

from agents.incident_log import Evidence, IncidentLog, Modes, encode_verdict, latest_verdicts, new_verdict
from agents.kafka import KafkaUnavailable
from agents.settings import Settings
from models.events import Action, Verdict
from models.incidents import Incident
from twinwatch.failures import FAILED, Failure, say
from twinwatch.incidents_file import IncidentFiles
from twinwatch.incidents_report import (
    SHORT_ID,
    Case,
    as_json,
    case_fields,
    incident_entry,
    incident_fields,
    incident_page,
)
from twinwatch.progress import LongWork
from twinwatch.report import printable, stdout_console

MAX_HELD = 200_000
"""So many incidents are compared to find the worst of them."""
SEVERITIES = ("low", "medium", "high", "critical")
_WIDEST = 120
_Found = TypeVar("_Found")


class Filters(Struct, frozen=True, kw_only=True):
    """Which incidents are asked for. `severity` is the least; an empty `rules` stands for all rules, and so for `subjects`."""

    modes: Modes = "live"
    since: timedelta | None = None
    only_open: bool = False
    severity: str = "low"
    rules: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()

    def let_pass(self, incident: Incident) -> bool:
        """Whether the incident is asked for, as far as it tells itself."""
        return (
            SEVERITIES.index(incident.severity) >= SEVERITIES.index(self.severity)
            and (not self.rules or incident.rule in self.rules)
            and (not self.subjects or incident.subject_id in self.subjects)
            and self.modes in ("all", incident.mode)
        )

    @property
    def told(self) -> str:
        """The filters in words."""
        parts = [
            f"mode {self.modes}",
            f"severity {self.severity} and above" if self.severity != "low" else "",
            f"rule {' or '.join(self.rules)}" if self.rules else "",
            f"subject {' or '.join(self.subjects)}" if self.subjects else "",
        ]
        return ", ".join(part for part in parts if part)


def open_log(settings: Callable[[], Settings], files: Sequence[str]) -> IncidentLog | IncidentFiles:
    """The files that are named, or else Kafka."""
    return IncidentFiles(files) if files else IncidentLog(settings())


def run_list(log: IncidentLog | IncidentFiles, filters: Filters, *, limit: int, as_lines: bool) -> None:
    """Print the latest revision of each incident, the worst first."""
    found, verdicts = _run(log, _list(log, filters))
    shown = found[:limit]
    if as_lines:
        for incident in shown:
            click.echo(as_json(incident_fields(incident, verdicts.get(incident.incident_id))))
    else:
        console = stdout_console()
        for incident in shown:
            console.print(incident_entry(incident, verdicts.get(incident.incident_id)))
        if shown and console.is_terminal:
            console.print(Text("\ntwinwatch incidents show ID has the evidence, and what was measured", "dim"))
    if not found:
        span = f" since {datetime.now(UTC) - filters.since:%Y-%m-%d %H:%MZ} (see --since)" if filters.since else ""
        say(f"no such incidents{span}", err=True)
    if len(found) > limit:
        say(f"twinwatch: {len(found) - limit:,} more incidents are not shown (see --limit)", err=True)
    _tell_unreadable(log)


async def _list(log: IncidentLog | IncidentFiles, filters: Filters) -> tuple[list[Incident], dict[str, Verdict]]:
    since = datetime.now(UTC) - filters.since if filters.since else None
    latest: dict[str, Incident] = {}
    async for incident in log.incidents(filters.modes, since):
        if filters.let_pass(incident) or incident.incident_id in latest:
            _keep_latest(latest, incident)
        if len(latest) > MAX_HELD:
            raise Failure(f"more than {MAX_HELD:,} incidents: ask for fewer (--since, --rule, --severity)")
    verdicts = latest_verdicts([verdict async for verdict in log.verdicts()])
    found = [
        incident
        for incident in latest.values()
        if filters.let_pass(incident) and not (filters.only_open and incident.incident_id in verdicts)
    ]
    return sorted(found, key=_badness, reverse=True), verdicts


def _keep_latest(latest: dict[str, Incident], incident: Incident) -> None:
    known = latest.get(incident.incident_id)
    if known is None or known.revision <= incident.revision:
        latest[incident.incident_id] = incident


def _badness(incident: Incident) -> tuple[int, float, datetime, str]:
    return SEVERITIES.index(incident.severity), incident.confidence, incident.occurred_at, incident.incident_id


def run_show(log: IncidentLog | IncidentFiles, name: str, modes: Modes, *, unmasked: bool, as_lines: bool) -> None:
    """Print one incident with all that is known of it."""
    case = _run(log, _show(log, name, modes))
    if as_lines:
        click.echo(as_json(case_fields(case, unmasked=unmasked)))
        return
    console = stdout_console()
    width = min(console.width, _WIDEST)
    coloured = console.is_terminal and console.color_system is not None
    for part in incident_page(case, unmasked=unmasked, coloured=coloured, width=width):
        console.print(part, width=width)


async def _show(log: IncidentLog | IncidentFiles, name: str, modes: Modes) -> Case:
    revisions = await _revisions(log, name, modes)
    latest = revisions[-1]
    verdicts = [verdict async for verdict in log.verdicts() if verdict.incident_id == latest.incident_id]
    trouble = ""
    try:
        evidence = await log.events(latest)
    except KafkaUnavailable as error:
        evidence, trouble = Evidence(()), f"the events cannot be read: {error}"
    found = {event.event_id for event in evidence.events}
    return Case(
        revisions=tuple(revisions),
        verdicts=tuple(sorted(verdicts, key=lambda one: one.time)),
        events=evidence.events,
        missing=tuple(one for one in latest.evidence.event_ids if one not in found),
        gave_up=evidence.gave_up,
        trouble=trouble,
    )


async def _revisions(log: IncidentLog | IncidentFiles, name: str, modes: Modes) -> list[Incident]:
    """All revisions of the one incident whose id begins so, in their order. Raises `Failure` where it is not one."""
    found: dict[str, dict[int, Incident]] = {}
    async for incident in log.incidents(modes):
        if incident.incident_id.startswith(name):
            found.setdefault(incident.incident_id, {})[incident.revision] = incident
    exact = found.get(name)
    if exact is None and len(found) != 1:
        told = "no such incident" if not found else f"{len(found)} incidents begin so"
        raise Failure(f"{printable(name)}: {told}; expected an id as `twinwatch incidents list` prints it")
    revisions = exact or next(iter(found.values()))
    return [revisions[number] for number in sorted(revisions)]


def run_verdict(
    log: IncidentLog | IncidentFiles,
    name: str,
    verdict: Literal["upheld", "dismissed"],
    action: Action | None,
    moderator: str | None,
    *,
    as_lines: bool,
) -> None:
    """Write a verdict on the incident to its topic, or into the file that has the incident."""
    if action is None:
        if verdict == "upheld":
            raise Failure("--action: found nothing, expected what was done: none, warned, restricted or banned")
        action = "none"
    if verdict == "dismissed" and action != "none":
        raise Failure(f"--action: found {action} with a dismissed incident, expected none")
    who = moderator or _login()
    if not 1 <= len(who) <= 128:
        raise Failure(f"--moderator: found {len(who)} characters, expected 1 to 128")

    async def tell() -> tuple[Incident, Verdict, str | None]:
        incident = (await _revisions(log, name, "all"))[-1]
        told = new_verdict(incident.incident_id, who, verdict, action)
        return incident, told, await log.tell(told)

    incident, told, path = _run(log, tell())
    if as_lines:
        click.echo(encode_verdict(told).decode())
        return
    say(
        f"{printable(incident.incident_id[:SHORT_ID])} {printable(incident.rule)} about {printable(incident.subject_id)}: "
        f"{told.verdict} ({told.action}) by {printable(who)}{f', written to {printable(path)}' if path else ''}"
    )
    if incident.mode == "shadow":
        say("twinwatch: it was told in shadow: the verdict counts for the rule's precision alone", err=True)


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        raise Failure("--moderator: found none and no login name, expected who says so") from error


def _tell_unreadable(log: IncidentLog | IncidentFiles) -> None:
    if log.unreadable:
        first = f", the first at {log.first_unreadable}" if isinstance(log, IncidentFiles) else ""
        say(f"twinwatch: {log.unreadable:,} records could not be read and were left out{first}", err=True)


def _run(log: IncidentLog | IncidentFiles, work: Coroutine[Any, Any, _Found]) -> _Found:
    try:
        with LongWork() as log.watched:
            return asyncio.run(work)
    except KafkaUnavailable as error:
        raise Failure(str(error), FAILED) from error
