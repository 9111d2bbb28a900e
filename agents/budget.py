"""How much one batch may hold, so that it is judged in seconds whatever its records are.

What a record costs is estimated by its bytes, which are known before anything is read of it: the worst texts take some 25 µs a
byte (`benchmarks/batch_cost.py`). The budget behaves as TCP's congestion window does (RFC 5681, RFC 7661): it begins small,
doubles with each batch that used it and was judged soon, is halved by one that took long, and begins anew after a failure. So
a batch that is too much for a machine, or for Redis, cannot end one start of a worker after the other.
"""

from collections.abc import Sequence

from models.records import RawRecord

RECORD_COST = 300
"""What any record costs besides its bytes: short texts are the worst a byte."""
MOST = 200_000
"""Some 5 s of the worst texts, and some 300 ordinary records. A larger record is a batch by itself."""
LEAST = 8_000
"""What a worker begins with: some ten ordinary records."""
LONG_SECONDS = 1.0
"""A batch that took longer was too large: where the processor is short, or Redis slow. The worst texts take some 20 times as
long as ordinary ones of as many bytes, which is still less than `TWINWATCH_STALL_SECONDS`."""


def cost_of(record: RawRecord) -> int:
    """What it may take to judge the record, in bytes of the worst text."""
    return RECORD_COST + len(record.value or b"")


class Budget:
    """What the next batch may cost, between `LEAST` and `MOST`."""

    def __init__(self) -> None:
        self.cost = LEAST

    def judged(self, records: Sequence[RawRecord], seconds: float) -> None:
        """A batch was judged in so many seconds."""
        used = sum(map(cost_of, records))
        if seconds > LONG_SECONDS:
            self.cost = max(LEAST, min(self.cost, used) // 2)
        elif 2 * used >= self.cost:  # batches that hardly use it tell nothing of larger ones
            self.cost = min(MOST, 2 * self.cost)

    def failed(self) -> None:
        """A batch failed."""
        self.cost = LEAST
