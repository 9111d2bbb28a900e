"""What of some text can still be reached in this process."""

import gc
import random
from typing import Any


def fresh_mark() -> str:
    """Letters that stand nowhere else."""
    return "qzx" + "".join(random.SystemRandom().choices("bdfgklmnprst", k=9))


def reachable(mark: str) -> set[str]:
    """All texts with the mark, but for the mark itself, that the garbage collector knows an owner of."""
    gc.collect()
    found: set[str] = set()
    for owner in gc.get_objects():
        for one in gc.get_referents(owner):
            found |= _texts(one, mark)
    return {text for text in found if text != mark}


def _texts(one: Any, mark: str) -> set[str]:
    if isinstance(one, bytes | bytearray):
        return {repr(bytes(one))} if mark.encode() in one else set()
    if isinstance(one, str):
        return {one} if mark in one.casefold() else set()
    if isinstance(one, dict | list | tuple | set | frozenset) and not gc.is_tracked(one):
        items = [*one, *one.values()] if isinstance(one, dict) else list(one)
        return set().union(*(_texts(item, mark) for item in items)) if items else set()
    return set()
