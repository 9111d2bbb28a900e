"""Lengths of time and how much of something is too much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.quotas import Duration, in_words


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("30s", 30), ("10m", 600), ("1h", 3600), ("24h", 86_400), ("7d", 604_800), ("400d", 34_560_000)],
)
def test_durations_are_read(written: str, seconds: int) -> None:
    assert Duration.parse(written) == seconds


@pytest.mark.parametrize(
    "written",
    ["", "1", "h", "0h", "-1h", "1.5h", "1 h", "1w", "01h", "1h ", "1H", "401d", "99999999d", "١h", 3600, None],
)
def test_anything_else_is_told_with_what_is_expected(written: object) -> None:
    with pytest.raises(
        ValueError, match="expected a length of time such as 30s, 10m, 24h or 7d, at most 400d"
    ) as caught:
        Duration.parse(written)
    assert repr(written) in str(caught.value)


@given(st.integers(1, 400 * 86_400))
def test_a_duration_is_written_as_it_is_read(seconds: int) -> None:
    assert Duration.parse(str(Duration(seconds))) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (90, "90 seconds"), (60, "1 minute"), (5400, "90 minutes"), (3600, "1 hour"), (7200, "2 hours"),
     (86_400, "24 hours"), (172_800, "2 days"), (604_800, "7 days")],
)  # fmt: skip
def test_durations_in_words(seconds: int, words: str) -> None:
    assert in_words(seconds) == words
