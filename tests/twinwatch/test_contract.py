"""The contract as others read it, a page and an AsyncAPI document, says what the models say."""

import json
from typing import Any

import pytest
from asyncapi3.models.asyncapi import AsyncAPI3
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from agents.topics import DEAD_LETTERS, INCIDENTS, REJECTED_VERDICTS, TOPICS
from models.events import TOPICS as EVENT_TYPES
from models.events import VERDICTS
from rules.policy import load_policy
from rules.registry import all_rules
from tests.servers import REPOSITORY
from twinwatch.asyncapi import asyncapi, channel_of
from twinwatch.cli import main
from twinwatch.contract import contract_schemas
from twinwatch.contract_page import contract_page

DOCUMENT = asyncapi()


def resolved(reference: str) -> Any:
    found: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        return [part["$ref"]] if "$ref" in part else [one for value in part.values() for one in references(value)]
    return [one for item in part for one in references(item)] if isinstance(part, list) else []


def test_the_page_of_the_contract_is_current() -> None:
    page = (REPOSITORY / "docs" / "contract.md").read_text(encoding="utf-8")
    assert page == contract_page(), "twinwatch schema --markdown > docs/contract.md"


def test_a_rule_is_one_that_there_is_and_an_enum_is_said_wherever_values_are_few() -> None:
    forms = contract_schemas()
    for name in ("incident", "incident-headers"):
        assert forms[name]["properties"]["rule"]["enum"] == list(all_rules())
    statement = forms["incident"]["$defs"]["Statement"]["properties"]
    used = {rule.statement.category for rule in load_policy(None).rules.values()}
    assert used <= set(statement["category"]["enum"])
    few = {"type", "kind", "media_kind", "visibility", "surface", "rights", "verdict", "action", "reason"}
    few |= {"mode", "severity", "recommended_action"}
    fields = [(name, field, form) for name, one in forms.items() for field, form in one["properties"].items()]
    assert few <= {field for _, field, _ in fields}
    assert [f"{name}: {field}" for name, field, form in fields if field in few and not values_of(form)] == []


def values_of(form: Any) -> list[Any]:
    return form.get("enum") or [value for one in form.get("anyOf", ()) for value in values_of(one)]


def test_the_document_is_asyncapi() -> None:
    AsyncAPI3.model_validate(DOCUMENT)
    with pytest.raises(ValidationError):
        AsyncAPI3.model_validate(DOCUMENT | {"chanels": {}})


def test_it_has_every_topic_and_what_stands_there() -> None:
    assert [channel["address"] for channel in DOCUMENT["channels"].values()] == [topic.name for topic in TOPICS]
    received = [one for one in DOCUMENT["operations"].values() if one["action"] == "receive"]
    assert {one["channel"]["$ref"] for one in received} == {f"#/channels/{channel_of(name)}" for name in EVENT_TYPES}
    for name, types in EVENT_TYPES.items():
        assert list(DOCUMENT["channels"][channel_of(name)]["messages"]) == [
            str(cls.__struct_config__.tag) for cls in types
        ]
    assert list(DOCUMENT["channels"][channel_of(INCIDENTS)]["messages"]) == ["incident"]
    assert list(DOCUMENT["channels"][channel_of(DEAD_LETTERS)]["messages"]) == ["dead-letter"]
    assert list(DOCUMENT["channels"][channel_of(VERDICTS)]["messages"]) == ["verdict"]
    assert list(DOCUMENT["channels"][channel_of(REJECTED_VERDICTS)]["messages"]) == ["rejected-verdict"]


def test_every_reference_leads_somewhere() -> None:
    found = references(DOCUMENT)
    assert found
    assert all(resolved(reference) for reference in found)


@pytest.mark.parametrize("name", DOCUMENT["components"]["messages"])
def test_every_example_is_what_its_message_allows_and_what_it_forbids_is_noticed(name: str) -> None:
    message = DOCUMENT["components"]["messages"][name]
    for part, example in [("payload", one["payload"]) for one in message.get("examples", [])] + [
        ("headers", one) for one in message.get("headers", {}).get("examples", [])
    ]:
        validator = Draft202012Validator(message[part] | {"components": DOCUMENT["components"]})
        validator.validate(example)
        assert not validator.is_valid(
            {key: value for key, value in example.items() if key != message[part]["required"][-1]}
        )


def test_the_command_writes_both_and_one_at_a_time() -> None:
    run = CliRunner().invoke
    assert json.loads(run(main, ["schema", "--asyncapi"]).stdout) == DOCUMENT
    assert run(main, ["schema", "--markdown"]).stdout == contract_page()
    for wrong in (
        ["--asyncapi", "--markdown"],
        ["message", "--asyncapi"],
        ["--out", "x", "--markdown"],
        ["message", "--json"],
    ):
        assert run(main, ["schema", *wrong]).exit_code == 2
