"""The schemas of the contract, with the rules that there are."""

from functools import cache
from typing import Any, get_args

from models.schema import schemas
from rules.policy import Category
from rules.registry import all_rules


@cache
def contract_schemas() -> dict[str, dict[str, Any]]:
    """Every schema by name; see `models.schema.schemas`. A rule is one of the registry's, a category one of the DSA's."""
    return schemas(tuple(all_rules()), get_args(Category))
