"""A bar for who waits, and nothing for who does not look."""

import io
import re

import pytest
from rich.console import Console

from twinwatch import progress
from twinwatch.progress import LongWork


def shown(steps: list[tuple[str, int, int | None]], *, terminal: bool = True, at_once: bool = True) -> str:
    out = io.StringIO()
    with LongWork(at_once=at_once, console=Console(file=out, force_terminal=terminal, width=80)) as work:
        for step in steps:
            work(*step)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue())


def test_a_bar_tells_how_far_it_is_how_long_it_will_take_and_what_is_done() -> None:
    told = shown([("reading incidents", 0, 100), ("reading incidents", 50, 100), ("reading [b]verdicts", 30, 40)])
    assert re.search(r" 0% +(--:--|\d+:\d\d) +reading incidents", told)
    assert re.search(r" 75% +(--:--|\d+:\d\d) +reading \[b]verdicts", told)


def test_nothing_is_shown_where_standard_error_is_no_terminal() -> None:
    assert shown([("reading", 0, 10), ("reading", 10, 10)], terminal=False) == ""


def test_short_work_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, progress.SHORT_SECONDS - 0.1, progress.SHORT_SECONDS + 0.1])
    monkeypatch.setattr(progress, "monotonic", lambda: next(moments))
    out = io.StringIO()
    with LongWork(console=Console(file=out, force_terminal=True)) as work:
        work("reading", 1, 3)
        assert out.getvalue() == ""
        work("reading", 2, 3)
    assert "67%" in out.getvalue()
