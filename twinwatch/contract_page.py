"""`docs/contract.md`, made from the models so that it cannot fall behind."""

import json
from collections.abc import Iterator
from typing import Any

from agents.topics import TOPICS
from twinwatch.asyncapi import messages_of
from twinwatch.contract import contract_schemas

_INTRODUCTION = """\
# What goes in, what comes out

This page is made by `twinwatch schema --markdown` from the types that decode and encode; change `models/` instead. The
same as JSON Schemas (2020-12): `twinwatch schema --out DIRECTORY`; as an AsyncAPI 3.0 document: `twinwatch schema
--asyncapi`.

Every record is one JSON object in UTF-8, in a file one a line. Unknown fields are ignored. Texts may be plain or HTML: what
a reader would see is judged. Any codec of Kafka's does; of an aborted transaction nothing is judged. Moments are RFC 3339
with an offset; those that are written are UTC with `Z`.

`twinwatch check-events FILE` (or `--topic activity.messages`) says of the events that you write which field is wrong, what
was found and what is expected, and what may be a mistake: unknown fields, keys, late or unordered events, event ids that
come again.

"""

_SECTIONS = {
    "incident": "Upsert on (`incident_id`, `revision`): a record may come twice. The latest revision counts.",
    "verdict": "A moderator's answer. It counts on this topic alone; in a file, wherever it stands. `warn`, `restrict` and "
    "`ban` mean the same as `warned`, `restricted` and `banned`.",
    "rejected-verdict": "What is told to who wrote a verdict that changed nothing. One that is no verdict of this contract is "
    "a dead letter besides. The header `reason` says the same as the field.",
}


def contract_page() -> str:
    """The page in Markdown."""
    return _INTRODUCTION + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    forms = contract_schemas()
    yield "| topic | what stands there | kept for |"
    yield "|---|---|---|"
    for topic in TOPICS:
        names = ", ".join(f"[`{name}`](#{_anchor(name)})" for name in messages_of(topic.name))
        yield f"| `{topic.name}` | {names} | {topic.retention_days} days |"
    for name, form in forms.items():
        yield f"\n## {_heading(name)}\n"
        if about := _SECTIONS.get(name, form.get("description") if name.endswith("-headers") else None):
            yield f"{about}\n"
        yield "| field | type | meaning |"
        yield "|---|---|---|"
        for field, part in form["properties"].items():
            absent = "" if field in form["required"] else ", optional"
            yield f"| `{field}` | {_type(part, form)}{absent} | {part['description']} |"
        yield f"\n```json\n{json.dumps(form['examples'][0], indent=2, ensure_ascii=False)}\n```"


def _heading(name: str) -> str:
    return {"incident-headers": "Headers of an incident", "dead-letter-headers": "Headers of a dead letter"}.get(
        name, name
    )


def _anchor(name: str) -> str:
    return _heading("dead-letter-headers").lower().replace(" ", "-") if name == "dead-letter" else name


def _type(part: dict[str, Any], form: dict[str, Any]) -> str:
    """A field's type in few words."""
    if "$ref" in part:
        inner = form["$defs"][part["$ref"].rpartition("/")[2]]
        return "object: " + ", ".join(f"`{name}`" for name in inner["properties"])
    if "anyOf" in part:
        return " or ".join(_type(one, form) for one in part["anyOf"] if one.get("type") != "null")
    if "enum" in part:
        return " \\| ".join(f"`{value}`" for value in part["enum"] if value is not None)
    if "const" in part:
        return f"`{part['const']}`"
    if part.get("type") == "array":
        return f"list of {_type(part.get('items', {}), form)}{_bounds(part, 'minItems', 'maxItems', '')}"
    if part.get("format") == "date-time":
        return "moment"
    unit = " characters" if part.get("type") == "string" else ""
    least, most = ("minLength", "maxLength") if unit else ("minimum", "maximum")
    return f"{part.get('type', 'any')}{_bounds(part, least, most, unit)}"


def _bounds(part: dict[str, Any], least: str, most: str, unit: str) -> str:
    low, high = part.get(least), part.get(most)
    if low is None and high is None:
        return ""
    if high is None:
        return f", {low} or more{unit}"
    return f", {low or 0} to {high}{unit}"
