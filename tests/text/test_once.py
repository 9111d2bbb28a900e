"""What is asked of an object again is what was made when somebody first asked."""

from text.once import once


class Asked:
    def __init__(self) -> None:
        self.times = 0

    @once
    def answer(self) -> int:
        """The answer."""
        self.times += 1
        return 42


def test_an_attribute_is_made_once_for_each_object() -> None:
    first, second = Asked(), Asked()
    assert (first.answer, first.answer, second.answer) == (42, 42, 42)
    assert (first.times, second.times) == (1, 1)
    assert "answer" not in Asked().__dict__


def test_what_it_means_is_told_by_the_class() -> None:
    assert Asked.answer.__doc__ == "The answer."
