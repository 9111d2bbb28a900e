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
    once: dict[int, Any] = {}
    held = gc.get_objects()
    while held:  # what the collector does not track may hold others: a dict of words, a tuple of them
        new = {id(one): one for one in gc.get_referents(*held) if id(one) not in once}
        once |= new
        held = [one for one in new.values() if not gc.is_tracked(one)]
    return {text for one in once.values() if (text := _text(one, mark)) and text != mark}


def _text(one: object, mark: str) -> str:
    if isinstance(one, str):
        return one if mark in one.casefold() else ""
    return repr(bytes(one)) if isinstance(one, bytes | bytearray) and mark.encode() in one else ""
