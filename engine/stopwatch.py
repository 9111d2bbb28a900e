"""What a coroutine works, told apart from what it waits."""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar

_Result = TypeVar("_Result")


class Stopwatch:
    """Runs while a coroutine does, and stands while it waits for a server or lets others of the event loop have their turn.

    `timer` gives seconds, or whatever else is used up.
    """

    def __init__(self, timer: Callable[[], float]) -> None:
        self.timer = timer
        self._worked = 0.0
        self._began = 0.0

    def run(self, work: Coroutine[Any, Any, _Result]) -> Awaitable[_Result]:
        """The same work, with the watch on it. One at a time."""
        return _Watched(self, work)

    @property
    def worked(self) -> float:
        """So far; ask inside the work only."""
        return self._worked + self.timer() - self._began

    def begin(self) -> None:
        """Run on."""
        self._began = self.timer()

    def stand(self) -> None:
        """Stand still."""
        self._worked = self.worked


class _Watched(Generic[_Result]):
    def __init__(self, watch: Stopwatch, work: Coroutine[Any, Any, _Result]) -> None:
        self._watch = watch
        self._work = work

    def __await__(self) -> Generator[Any, Any, _Result]:
        step = partial(self._work.send, None)
        while True:
            self._watch.begin()
            try:
                awaited = step()
            except StopIteration as end:
                result: _Result = end.value
                return result
            finally:
                self._watch.stand()
            try:
                yield awaited
            except BaseException as error:  # a cancellation goes where it would have gone without us
                step = partial(self._work.throw, error)
            else:
                step = partial(self._work.send, None)
