"""All rules there are: every module in this package that has a `RULES` tuple. A new rule needs no entry elsewhere."""

import pkgutil
from functools import cache
from importlib import import_module
from typing import Any

import rules
from rules.base import Rule


@cache
def all_rules() -> dict[str, Rule[Any]]:
    """Rules by slug, ordered by article. Raises ValueError when two share a slug."""
    found: list[Rule[Any]] = []
    for module in pkgutil.iter_modules(rules.__path__):
        if module.name not in ("policy", "registry"):
            found.extend(getattr(import_module(f"rules.{module.name}"), "RULES", ()))
    slugs = [rule.slug for rule in found]
    if len(set(slugs)) < len(slugs):
        raise ValueError(f"two rules share a slug: {sorted(slugs)}")
    return {rule.slug: rule for rule in sorted(found, key=lambda rule: (rule.article, rule.slug))}
