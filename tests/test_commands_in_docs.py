"""What pages tell to type can be typed: commands with their options, targets of make, modules, settings and files exist."""

import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from typing import NamedTuple

import click
import pytest

from agents.metrics import Metrics
from agents.settings import ENV_FILE_VARIABLE, ENV_PREFIX, SECRETS_DIRECTORY_VARIABLE, Settings
from tests.servers import REPOSITORY
from twinwatch.cli import main

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
NOT_TOLD = "…"
"""Stands on pages for a value of the reader's."""
_OURS = re.compile(r"^\$? ?(?:\S*/)?(?:python3? -m )?twinwatch(?= |$)")
_FENCE = r"^ *```(\w*)[^\n]*\n(.*?)^ *```$"
_BEYOND = re.compile(r"\s(?:\||>|&|&&|;|#)(?:\s|$)")
"""Where the command ends, and the shell or a comment goes on."""


class Line(NamedTuple):
    """`whole`: it stands alone to be typed, where a sentence may name no more than the command."""

    page: str
    text: str
    whole: bool


def lines() -> Iterator[Line]:
    for page in PAGES:
        text = page.read_text("utf-8")
        for language, block in re.findall(_FENCE, text, re.MULTILINE | re.DOTALL):
            if language in ("", "sh", "bash", "console"):
                yield from (Line(page.name, one, whole=True) for one in _typed(block))
        prose = re.sub(_FENCE, "", text, flags=re.MULTILINE | re.DOTALL)
        for block in re.findall(r"^\n((?:^    .*\n)+)", prose, re.MULTILINE):
            yield from (Line(page.name, one, whole=True) for one in _typed(block))
        for code in re.findall(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)*)`(?!`)", prose):
            yield Line(page.name, " ".join(code.split()), whole=False)


def _typed(block: str) -> list[str]:
    return [line.strip() for line in re.sub(r"\\\n\s*", "", block).splitlines()]


LINES = list(dict.fromkeys(lines()))
COMMANDS = [one for one in LINES if _OURS.match(one.text)]


def trouble(line: Line) -> str:
    """Why the command cannot be typed so; empty where it can."""
    told = _OURS.sub("", _BEYOND.split(line.text)[0], count=1)
    words = shlex.split(told)
    command: click.Command = main
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return f"no command {words[0]}"
        command = command.commands[words.pop(0)]
    if isinstance(command, click.Group):
        return "a group is no command" if line.whole and not words else ""
    context = click.Context(command)
    try:
        values, rest, _ = command.make_parser(context).parse_args(list(words))
    except click.BadOptionUsage as error:
        # a sentence may name an option without its value
        return error.format_message() if line.whole or words[-1] != error.option_name else ""
    except click.UsageError as error:
        return error.format_message()
    if rest:
        return f"too many words: {rest}"
    for param in command.params:
        told_values = values.get(param.name or "")
        if (
            line.whole
            and isinstance(param, click.Argument)
            and param.required
            and not isinstance(told_values, str | list)
        ):
            return f"{param.name} is missing"
        for value in told_values if isinstance(told_values, list) else [told_values]:
            if (
                isinstance(value, str)
                and NOT_TOLD not in value
                and isinstance(param.type, click.Choice | click.IntRange)
            ):
                try:
                    param.type.convert(value, param, context)
                except click.BadParameter as error:
                    return error.format_message()
    return ""


@pytest.mark.parametrize("line", COMMANDS, ids=lambda one: f"{one.page}: {one.text}"[:80])
def test_a_command_can_be_typed_as_a_page_has_it(line: Line) -> None:
    assert trouble(line) == ""


def test_pages_of_operators_name_commands() -> None:
    assert {"runbook.md", "deployment.md", "how-to.md", "tutorial.md", "README.md"} <= {one.page for one in COMMANDS}


@pytest.mark.parametrize(
    "text",
    [
        "twinwatch doktor",
        "twinwatch incidents list --sinse 24h",
        "twinwatch incidents list --severity grave",
        "twinwatch incidents verdict ID perhaps",
        "twinwatch doctor all",
        "twinwatch policy show --format",
        "twinwatch replay",
        ".venv/bin/twinwatch incidents",
    ],
)
def test_what_cannot_be_typed_is_noticed(text: str) -> None:
    assert _OURS.match(text)
    assert trouble(Line("page", text, whole=True))


def test_targets_of_make_and_modules_are_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {found: one for one in LINES if (found := next(iter(re.findall(r"^\$? ?make ([a-z]+)\b", one.text)), None))}
    assert {"docs", "test", "run"} <= named.keys() <= targets, named
    modules = {module for one in LINES for module in re.findall(r"python3? -m ([\w.]+)", one.text)}
    # a page has what the machine brings, too
    assert [one for one in sorted(modules) if not find_spec(one)] == []


@pytest.mark.parametrize("page", ["runbook.md", "deployment.md"])
def test_settings_series_and_files_that_an_operator_is_sent_to_are_there(page: str) -> None:
    text = (REPOSITORY / "docs" / page).read_text("utf-8")
    settings = {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields}
    settings |= {ENV_FILE_VARIABLE, SECRETS_DIRECTORY_VARIABLE}
    assert set(re.findall(r"\bTWINWATCH_[A-Z_]+[A-Z]\b", text)) <= settings
    series = {one.name for one in Metrics().series()} | {name.lower() for name in settings} | {"twinwatch_docs"}
    assert set(re.findall(r"\btwinwatch_[a-z_]+[a-z]\b", text)) <= series
    files = set(re.findall(r"(?<![\w/])(?:deploy|docs|rules|build/site)/[\w./@-]*\w", text)) - {"build/site"}
    assert files
    assert [file for file in sorted(files) if not (REPOSITORY / file).exists()] == []
