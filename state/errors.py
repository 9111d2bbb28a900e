"""What can go wrong with the store."""


class StateUnavailable(Exception):  # noqa: N818 - a state of the world, not a mistake of the caller
    """Redis could not answer (unreachable, timed out, read-only, out of memory). Nothing was lost: retry the whole batch.

    `kind` is a short name of the cause for a metric's label.
    """

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"Redis: {detail}")
        self.kind = kind

    @property
    def timed_out(self) -> bool:
        """Whether Redis took too long, so that what it was asked for may still be done."""
        return self.kind == TimeoutError.__name__
