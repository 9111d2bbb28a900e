"""What the tests of growth say of work that grows as it should, and of work that does not."""

import pytest

from tests.growth import assert_in_proportion


def test_work_in_proportion_passes() -> None:
    assert_in_proportion(lambda text: sum(map(ord, text)), "a" * 800_000)


def test_work_that_grows_like_a_square_fails() -> None:
    with pytest.raises(AssertionError, match="an eighth takes"):
        assert_in_proportion(lambda text: sum(1 for _ in text for _ in text), "a" * 4_500)
