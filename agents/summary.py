"""What a worker says of itself while all is well: a line at each assignment, and one a minute. Never data of anybody."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from agents.health import Partition
from agents.metrics import Metrics

logger = logging.getLogger(__name__)

_MINUTE = 60.0
_MOST_RANGES = 10
"""So many ranges of partitions are named of a topic, in one line for all of them."""


def partitions_in_words(partitions: Iterable[Partition]) -> str:
    """How many there are, and which of each topic: `5 partitions (activity.media 0-2, activity.messages 1 4)`."""
    numbers = defaultdict(list)
    for topic, number in sorted(partitions):
        numbers[topic].append(number)
    count = sum(map(len, numbers.values()))
    if not count:
        return "no partition, as there are more workers than partitions"
    named = ", ".join(f"{topic} {_ranges(found)}" for topic, found in numbers.items())
    return f"{count} partition{'' if count == 1 else 's'} ({named})"


def _ranges(numbers: list[int]) -> str:
    """Ascending numbers, those that follow each other as one range."""
    starts = [numbers[0], *(later for earlier, later in pairwise(numbers) if later > earlier + 1)]
    ends = [*(earlier for earlier, later in pairwise(numbers) if later > earlier + 1), numbers[-1]]
    ranges = [str(start) if start == end else f"{start}-{end}" for start, end in zip(starts, ends, strict=True)]
    return " ".join(ranges[:_MOST_RANGES] + ["…"] * (len(ranges) > _MOST_RANGES))


async def say_counts(metrics: Metrics, seconds: float = _MINUTE) -> None:
    """Until cancelled, say once in so many seconds what was done in them."""
    before = metrics.totals()
    while True:
        await asyncio.sleep(seconds)
        now = metrics.totals()
        logger.info(
            "in %(seconds).0f s: %(records)d records judged, %(incidents)d incidents, %(dead_letters)d dead letters; "
            "%(waiting)d records wait",
            {
                "seconds": seconds,
                "records": now.judged - before.judged,
                "incidents": now.incidents - before.incidents,
                "dead_letters": now.dead_letters - before.dead_letters,
                "waiting": now.waiting,
            },
        )
        before = now
