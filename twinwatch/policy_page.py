"""The page of how a policy is written, made of the types that read it."""

import inspect as source
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from models.wording import alternatives, expected
from rules.feedback import Feedback
from rules.policy import Memory, RulePolicy
from rules.quotas import Duration, Quota
from rules.registry import all_rules

_HEAD = """# The policy

What counts as too much, and what is proposed to a person then: a YAML file, named by `TWINWATCH_POLICY_FILE`. The one
that is shipped, [`rules/policy.yaml`](../rules/policy.yaml), has the reason beside each limit. `twinwatch policy
show` prints the one in force, `twinwatch policy check FILE` tells each mistake with its place. How to change a limit
and try it: [how to](how-to.md#tune-a-limit).

This page is made by `twinwatch policy show --format markdown` of the types that read a policy. Every field without a
default has to be there, and so has every rule. An unknown field is a mistake. A *quota* `{reach: 20, window: 1h}` is
reached by 20 or more within any hour of event time; of several quotas one is enough. A *length of time* is written
`30s`, `10m`, `24h` or `7d`, at most `400d`.

`boilerplate`, besides the sections below, is a list of at most 1,000 texts that the platform puts into what members
write; their sentences are not compared.
"""
_QUOTA = "a mapping with reach, window"
_LIMITS = "the table of the rule, below"


def policy_page() -> str:
    """The page docs/policy.md."""
    parts = [_HEAD]
    parts += ["## memory", *_section(Memory), "## feedback", *_section(Feedback)]
    parts += ["## rules", "Of each rule:", *_section(RulePolicy)]
    for slug, rule in all_rules().items():
        parts += [f"### {slug}", *_section(rule.limits)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(cls: type[Any]) -> list[str]:
    rows = "\n".join(f"| `{name}` | {form} | {default} |" for name, form, default in _rows(cls, ""))
    return [_meaning(cls), f"| field | expected | default |\n|---|---|---|\n{rows}"]


def _rows(cls: type[Any], within: str) -> Iterator[tuple[str, str, str]]:
    """Each field with what is expected; what a mapping holds stands below it."""
    for field in msgspec.structs.fields(cls):
        node = inspect.type_info(field.type)
        default = "" if field.default is msgspec.NODEFAULT else _default(field.default)
        name = within + field.encode_name
        kind = alternatives(node)[0]
        many = isinstance(kind, inspect.VarTupleType)
        inner = alternatives(kind.item_type)[0] if isinstance(kind, inspect.VarTupleType) else kind
        below = inner.cls if isinstance(inner, inspect.StructType) and inner.cls is not Quota else None
        if many or not below:
            yield name, _LIMITS if field.name == "limits" else _form(node), default
        if below:
            yield from _rows(below, f"{name}[]." if many else f"{name}.")


def _form(node: inspect.Type) -> str:
    kind = alternatives(node)[0]
    if isinstance(kind, inspect.DictType):
        key = expected(kind.key_type).replace("a string", "the slug of a rule")
        return f"a mapping from {key} to {expected(kind.value_type)}"
    words = expected(node).replace(f"array, each item {_QUOTA}", "array of quotas").replace(_QUOTA, "a quota")
    return words.replace(Duration.FORM, "a length of time")


def _default(value: Any) -> str:
    if isinstance(value, tuple | frozenset):
        return "none" if not value else ", ".join(map(str, value))
    return "`null`" if value is None else f"`{value}`" if isinstance(value, Duration) else f"`{value:,}`"


def _meaning(cls: type[Any]) -> str:
    """What a class says of itself, as a paragraph or more."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", source.cleandoc(cls.__doc__ or ""))
