"""A believable day of a teachers' network, with the abuse that the rules are there to find.

Everything is made up here: members, texts, events. The same day and seed always give the same bytes.
"""

from twinwatch.sample_day.day import (
    EXPECTED,
    EXPECTED_DEAD_LETTERS,
    STRIKE,
    UNWANTED_MEMBERS,
    Expectation,
    SampleRecord,
    evening,
    sample_day,
    timed_sample_day,
    yesterday,
)

__all__ = [
    "EXPECTED",
    "EXPECTED_DEAD_LETTERS",
    "STRIKE",
    "UNWANTED_MEMBERS",
    "Expectation",
    "SampleRecord",
    "evening",
    "sample_day",
    "timed_sample_day",
    "yesterday",
]
