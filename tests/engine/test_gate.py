"""What a text costs, counted in calls of functions, which no busy machine changes, does not grow unnoticed."""

import json

from benchmarks.calls import NUMBERS, calls

ALLOWED = 1.1
"""So much of the number kept may a stage take."""


def dearer(kept: dict[str, float], now: dict[str, float]) -> list[str]:
    """A line for each stage that takes more than it may."""
    return [
        f"{stage}: {now[stage]} calls a text, {kept.get(stage, 0)} are kept. Look words up for the whole text at once instead "
        "of calling for each; where what was gained is worth it, keep the new numbers: python -m benchmarks.calls --write"
        for stage in now
        if now[stage] > ALLOWED * kept.get(stage, 0)
    ]


def test_no_stage_of_reading_takes_a_tenth_more_calls_than_are_kept() -> None:
    mistakes = dearer(json.loads(NUMBERS.read_text("utf-8")), calls())
    assert not mistakes, "\n".join(mistakes)


def test_a_dearer_stage_is_named() -> None:
    (mistake,) = dearer({"reading": 10, "commerce": 5}, {"reading": 11, "commerce": 5.6})
    assert mistake.startswith("commerce: 5.6 calls a text, 5 are kept.")
    assert dearer({}, {"reading": 1}), "a stage without a number"
