"""What a worker says of itself while all is well."""

import asyncio
import json
import logging
import re

import pytest

from agents.health import Lag
from agents.logs import JsonFormatter
from agents.metrics import Metrics
from agents.summary import partitions_in_words, say_counts
from tests.agents.helpers import incident, letter, outcome, record


@pytest.mark.parametrize(
    ("partitions", "words"),
    [
        ([], "no partition, as there are more workers than partitions"),
        ([("activity.media", 3)], "1 partition (activity.media 3)"),
        (
            [("activity.messages", n) for n in (0, 1, 2, 5)] + [("activity.comments", n) for n in (7, 9)],
            "6 partitions (activity.comments 7 9, activity.messages 0-2 5)",
        ),
        (
            [("activity.messages", n) for n in range(0, 100, 2)],
            "50 partitions (activity.messages 0 2 4 6 8 10 12 14 16 18 …)",
        ),
    ],
)
def test_partitions_are_told_in_few_words(partitions: list[tuple[str, int]], words: str) -> None:
    assert partitions_in_words(partitions) == words


def test_what_was_done_is_said_again_and_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    metrics = Metrics()
    found = outcome(incident("i1"), incident("i2"), letters=(letter(record(1)),), events=5)

    async def run() -> None:
        metrics.record_batch(5, found)
        saying = asyncio.create_task(say_counts(metrics, 0.01))
        await asyncio.sleep(0)  # what was before does not count
        metrics.record_batch(5, found)
        lag = {0: 3, 1: 4}
        metrics.show_lag({("activity.messages", number): Lag(records=many) for number, many in lag.items()})
        while len(caplog.messages) < 2:
            await asyncio.sleep(0.01)
        saying.cancel()

    asyncio.run(run())
    assert [re.sub(r"^in \d+ s: ", "", message) for message in caplog.messages[:2]] == [
        "5 records judged, 2 incidents, 1 dead letters; 7 records wait",
        "0 records judged, 0 incidents, 0 dead letters; 7 records wait",
    ]
    line = json.loads(JsonFormatter().format(caplog.records[0]))
    assert (line["records"], line["incidents"], line["dead_letters"], line["waiting"]) == (5, 2, 1, 7)
