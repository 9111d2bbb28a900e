"""How many functions of this package are called for a text, stage by stage: a measure that no busy machine changes.

    python -m benchmarks.calls [--write]

Calls are counted of a small workload that never changes, made of the sample day's phrases, after everything that is kept
between batches is loaded. What only a version of Python calls (comprehensions) does not count. With `--write` they become the
numbers that `tests/engine/test_gate.py` compares with.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from types import FrameType
from typing import Any

import yaml

import text
from models.events import WrittenFields
from text.reading import Writing, read_writings

NUMBERS = Path(__file__).with_name("calls.json")
_PACKAGE = str(Path(text.__file__).parent)
_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})
_ADDED = (
    "Please call me on +32 470 12 34 56 before Friday, or write to anna@example.org.",
    "Only today: 20 € off, buy now at https://shop.example/sale!",
    "I will k1ll you, and nobody will find you.",
    'She said "I will kill you", and the class laughed :)',
    "Jakub, 11 years, class 5b, has won the prize.",
)
"""What the phrases lack: numbers, links, prices, disguise, quotations, children."""


def workload() -> list[str]:
    """The texts."""
    said = yaml.safe_load(files("twinwatch.sample_day").joinpath("phrases.yaml").read_text("utf-8"))
    letters = [
        " ".join(phrases[kind][number] for kind in ("openers", "matters", "closers"))
        for _, phrases in sorted(said.items())
        for number in range(2)
    ]
    return [*letters, *_ADDED]


STAGES: dict[str, Callable[[Writing], object]] = {
    "hostility": lambda writing: writing.hostility,
    "personal data": lambda writing: writing.personal_data,
    "pupils": lambda writing: writing.told_of_pupils,
    "commerce": lambda writing: writing.commerce(frozenset()),
}
"""What rules ask of a text, in this order; each uses what those before it have left."""


def calls() -> dict[str, float]:
    """Calls a text, by stage."""
    texts = [(WrittenFields(text=one), None) for one in workload()]
    _stages(texts)
    counted = {stage: count / len(texts) for stage, count in _stages(texts).items()}
    return {stage: round(count, 1) for stage, count in counted.items()}


def _stages(texts: Sequence[tuple[WrittenFields, str | None]]) -> dict[str, int]:
    writings: list[Writing] = []
    found = {"reading": _counted(lambda: writings.extend(read_writings(texts)))}
    for stage, ask in STAGES.items():
        found[stage] = _counted(lambda ask=ask: [ask(writing) for writing in writings])  # type: ignore[misc]
    return found


def _counted(work: Callable[[], Any]) -> int:
    count = 0

    def called(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        code = frame.f_code
        count += event == "call" and code.co_filename.startswith(_PACKAGE) and code.co_name not in _COMPREHENSIONS

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def main() -> None:
    """Show them, and write them where that is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="keep them as what the gate compares with")
    options = parser.parse_args()
    counted = calls()
    print("\n".join(f"{stage:14} {count:8.1f}" for stage, count in counted.items()))
    if options.write:
        NUMBERS.write_text(json.dumps(counted, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
