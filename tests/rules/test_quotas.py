"""Lengths of time and how much of something is too much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.events import Message
from rules.base import Window
from rules.quotas import Duration, Quota, in_words, quota_signals, reached
from tests.rules.cases import reading

ANYTHING = Window(name="anything", on=(Message,), entries=lambda fact: (), at=lambda fact, subject: None)


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


def test_every_quota_becomes_a_signal_that_samples_from_its_limit_on() -> None:
    quotas = (Quota(3, Duration(60)), Quota(9, Duration(3600)))
    signals = quota_signals("many", ANYTHING, quotas)
    assert {name: (s.seconds, s.sample_from) for name, s in signals.items()} == {
        "many/1m": (60, 3),
        "many/1h": (3600, 9),
    }
    over = reached("many", quotas, {name: reading(9) for name in signals})
    assert over
    assert (over.quota, over.level) == (quotas[0], 3.0)


def test_where_two_quotas_are_exceeded_alike_the_shorter_window_tells_more() -> None:
    quotas = (Quota(20, Duration(86_400)), Quota(10, Duration(3600)))
    over = reached("many", quotas, {"many/1d": reading(20), "many/1h": reading(10)})
    assert over
    assert over.quota.window == 3600


def test_a_signal_that_was_not_read_reaches_nothing() -> None:
    assert reached("many", (Quota(1, Duration(60)),), {}) is None
