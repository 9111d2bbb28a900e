"""Nothing but the one reading looks at written fields, and nothing that members write outlives its batch."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from models.events import EVENT_CLASSES, Message, ProfileUpdate, WrittenFields, without_words, written_fields
from rules.policy import load_policy
from rules.registry import all_rules
from tests.models.samples import EVENTS
from tests.reachable import fresh_mark, reachable
from tests.rules.cases import context, event

ROOT = Path(__file__).parents[2]
WORDS = {"subject", "thread_title", "display_name", "organisation", "bio", "caption"}


def test_an_event_that_rules_see_has_no_words() -> None:
    written = event(ProfileUpdate, display_name="Anna", organisation="School", bio="I teach", verified=True)
    assert written_fields(written) == ("Anna", "School", "I teach")
    bare = without_words(written)
    assert written_fields(bare) == WrittenFields()
    assert bare.verified
    assert bare.actor_id == written.actor_id


def test_every_written_field_of_the_contract_is_known() -> None:
    for cls in EVENT_CLASSES:
        names = {name for name in cls.__struct_fields__ if name in WORDS or name == "text"}
        fields: dict[str, Any] = dict(EVENTS[str(cls.__struct_config__.tag)]) | dict.fromkeys(names, "words")
        fields.pop("type", None)
        made = cls(**fields)
        assert [field for field in written_fields(made) if field] == ["words"] * len(names), cls
        assert not any(written_fields(without_words(made))), cls


def modules() -> Iterator[Path]:
    for room in ("rules", "engine", "state"):
        yield from (ROOT / room).glob("*.py")


@pytest.mark.parametrize("module", list(modules()), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_rule_reads_a_written_field(module: Path) -> None:
    tree = ast.parse(module.read_text("utf-8"))
    read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & WORDS
    # an incident and a claim have a subject, too
    assert read <= ({"subject"} if module.parent.name in ("engine", "state") else set())


# --- what is kept ------------------------------------------------------------------------------------------------------


def judge_all(mark: str) -> None:
    """Ask all that the rules ask of texts in which most words have the mark."""
    texts = [
        f"{mark}a I will k!ll {mark}b you, {mark}ć оrdеr {mark}d now {mark}é 50% off https://www.{mark}f.com/{mark}g",
        f"<p>Dear {mark}h, {mark}i &amp; {mark}j (at) school dot eu</p> Kind regards {mark}k",
    ]
    policy = load_policy()
    for text in texts:
        for of in (
            context(Message, recipient_ids=("ben",), subject=f"{mark}l {text}", text=text),
            context(ProfileUpdate, display_name=f"{mark}mann {mark}nsen", organisation=f"{mark}o Support", bio=text),
        ):
            assert of.writing.told_of_pupils is not None
            assert of.writing.excerpt
            for slug, rule in all_rules().items():
                if isinstance(of.event, rule.on):
                    list(rule.subjects(of))
                    for signal in rule.signals(policy.rules[slug].limits).values():
                        if isinstance(of.event, signal.window.on):
                            list(signal.window.entries(of))
                            signal.window.note(of)


@lru_cache
def remembered(text: str) -> int:
    return len(text)


def test_after_a_batch_none_of_its_words_can_be_reached() -> None:
    mark = fresh_mark()
    judge_all(mark)
    remembered(f"{mark} is kept")
    assert reachable(mark) == {f"{mark} is kept"}
    remembered.cache_clear()
