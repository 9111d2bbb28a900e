"""Nothing but the one reading looks at written fields, and nothing that members write outlives its batch."""

import ast
import gc
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.events import EVENT_CLASSES, Message, ProfileUpdate, WrittenFields, without_words, written_fields
from rules.policy import load_policy
from tests.models.samples import EVENTS
from tests.rules.cases import event, fact

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

MARK = "qzxv"


def caches() -> Iterator[tuple[str, Any]]:
    """What modules of the product hold: values of the module, and what its caches and tables hold."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in ("models", "text", "state", "rules", "engine"):
            yield from ((f"{name}.{key}", value) for key, value in list(vars(module).items()))


def judged() -> None:
    """Ask all that the rules ask of texts in which every word has the mark."""
    texts = [
        f"{MARK}a I will k!ll {MARK}b you, {MARK}ć ordеr{MARK}d now {MARK}é 50% off https://www.{MARK}f.com/{MARK}g",
        f"<p>Dear {MARK}h, {MARK}i &amp; {MARK}j (at) school dot eu</p> Kind regards {MARK}k",
    ]
    policy = load_policy()
    for text in texts:
        of = fact(Message, recipient_ids=("ben",), subject=f"{MARK}l {text}", text=text)
        profile = fact(ProfileUpdate, display_name=f"{MARK}mann {MARK}nsen", organisation=f"{MARK}o Support", bio=text)
        for one in (of, profile):
            assert one.writing.commerce(policy.rules["commercial_content"].limits.harmless).links
            assert one.writing.hostility is not None
            assert one.writing.personal_data is not None
            assert one.writing.told_of_pupils is not None
            assert one.writing.excerpt
            from rules.registry import all_rules

            for rule in all_rules().values():
                if isinstance(one.event, rule.on):
                    signals = rule.signals(policy.rules[rule.slug].limits)
                    for signal in signals.values():
                        if isinstance(one.event, signal.window.on):
                            list(signal.window.entries(one))


def marked(objects: Iterable[Any]) -> list[str]:
    found = []
    for one in objects:
        if isinstance(one, str):
            strings: Iterable[Any] = (one,)
        elif isinstance(one, dict):
            strings = (*one.keys(), *one.values())
        elif isinstance(one, list | tuple | set | frozenset):
            strings = one
        else:
            continue
        found += [text for text in strings if isinstance(text, str) and MARK in text]
    return found


def test_after_a_batch_none_of_its_words_can_be_reached() -> None:
    judged()
    gc.collect()
    own = {id(sys._getframe()), id(globals()), id(judged.__code__.co_consts)}
    found = [one for one in marked(o for o in gc.get_objects() if id(o) not in own) if one != MARK]
    # what stands in this file is a constant of its functions, and no word of the batch
    constants = {const for const in judged.__code__.co_consts if isinstance(const, str)}
    assert not [one for one in found if not any(one in const or const in one for const in constants if MARK in const)]
    # caches of functools do not show what they hold to the collector's list of objects
    for name, value in caches():
        if hasattr(value, "cache_info") and value.cache_info().maxsize != 0:
            held = gc.get_referents(value)
            assert not marked(held), name
            assert not marked(key for one in held if isinstance(one, dict) for key in one), name
