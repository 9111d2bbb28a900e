"""`twinwatch doctor`: what `agents.checkup` finds, in a few lines each, and whether that is good enough."""

import asyncio
import json
from collections import Counter

import click
from rich.padding import Padding
from rich.text import Text

from agents.checkup import Finding, check_up
from agents.settings import Settings
from twinwatch.report import many, printable, stdout_console

_STYLES = {"fine": "green", "note": "yellow", "wrong": "bold red"}
_INDENT = 16


def run_doctor(settings: Settings, *, as_lines: bool) -> bool:
    """Print what is found as it is found; whether nothing is wrong."""
    console = stdout_console()

    def show(finding: Finding) -> None:
        if as_lines:
            click.echo(json.dumps({name: getattr(finding, name) for name in ("area", "grade", "told", "remedy")}))
            return
        line = Text(f"{finding.grade:<6}", _STYLES[finding.grade])
        line.append(f"{finding.area:<10}", "bold")
        line.append(printable(finding.told))
        # what is longer than a line goes on under itself
        head, *rest = line.wrap(console, console.width - 1) if console.is_terminal else [line]
        console.print(head)
        if rest:
            console.print(
                Padding(Text(" ".join(part.plain.strip() for part in rest)), (0, 0, 0, _INDENT), expand=False)
            )
        if finding.remedy:
            console.print(Padding(Text(printable(finding.remedy), "dim"), (0, 0, 0, _INDENT), expand=False))

    async def look() -> bool:
        grades: Counter[str] = Counter()
        async for finding in check_up(settings):
            show(finding)
            grades[finding.grade] += 1
        if not as_lines:
            console.print(_in_all(grades))
        return not grades["wrong"]

    return asyncio.run(look())


def _in_all(grades: Counter[str]) -> Text:
    notes = f"; {many(grades['note'], 'note')}" if grades["note"] else ""
    if not (wrong := grades["wrong"]):
        return Text(f"\nnothing is wrong{notes}", _STYLES["fine"])
    return Text(f"\n{many(wrong, 'thing')} {'is' if wrong == 1 else 'are'} wrong{notes}", _STYLES["wrong"])
