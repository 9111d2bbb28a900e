"""What one batch may cost: it begins small, grows with what is judged soon, and shrinks with what takes long."""

from agents.budget import LEAST, LONG_SECONDS, MOST, Budget, cost_of
from models.records import RawRecord
from tests.agents.helpers import record


def worth(cost: int) -> list[RawRecord]:
    """Records that cost so much."""
    return [record(0, b" " * (cost - cost_of(record(0, b""))))]


def test_a_record_costs_its_bytes_and_something_even_without_any() -> None:
    assert cost_of(record(0, b"x" * 5_000)) - cost_of(record(0, b"")) == 5_000
    assert cost_of(record(0, None)) == cost_of(record(0, b"")) > 0


def test_it_grows_by_what_is_used_and_judged_soon_up_to_its_end() -> None:
    budget = Budget()
    assert budget.cost == LEAST
    budget.judged(worth(LEAST // 2), 0.1)
    assert budget.cost == 2 * LEAST
    for _ in range(20):
        budget.judged(worth(budget.cost), LONG_SECONDS)
    assert budget.cost == MOST


def test_batches_that_hardly_use_it_do_not_let_it_grow() -> None:
    budget = Budget()
    for _ in range(20):
        budget.judged(worth(LEAST // 3), 0.0)
    assert budget.cost == LEAST


def test_it_is_halved_by_what_takes_long_and_never_vanishes() -> None:
    budget = Budget()
    budget.cost = MOST
    budget.judged(worth(MOST), LONG_SECONDS + 1)
    assert budget.cost == MOST // 2
    budget.judged(worth(MOST // 5), LONG_SECONDS + 1)  # less than it might have been was too much already
    assert budget.cost == MOST // 10
    for _ in range(20):
        budget.judged(worth(budget.cost), LONG_SECONDS + 1)
    assert budget.cost == LEAST


def test_it_begins_anew_after_a_failure() -> None:
    budget = Budget()
    budget.cost = MOST
    budget.failed()
    assert budget.cost == LEAST
