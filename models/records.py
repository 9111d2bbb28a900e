"""Records as they come off a topic or a file, and the dead letters that unusable ones become."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct

from models.events import rfc_3339

TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""The form of a record's header `traceparent` (W3C Trace Context, version 00)."""


class Source(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where in Kafka a record was read.

    `traceparent` is the record's header of that name, where it has one of the right form: by it the trace of the request that
    wrote the record goes on in what is written because of it. It is told as a header, too, and never within an incident.
    """

    topic: str
    partition: int
    offset: int
    traceparent: str | None = None


def traceparent_of(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """The last header `traceparent` that has its form; of what has not nothing is kept."""
    found = None
    for name, value in headers:
        if name == "traceparent" and value and TRACEPARENT.fullmatch(value):
            found = value.decode()
    return found


class RawRecord(Struct, frozen=True):
    """One undecoded record. `value` is None for a Kafka tombstone; `source` is None in a file replay.

    `without` are the topics (without their prefix) of which records that come before this one are known or suspected not to
    have been read yet; empty where it is judged in its order.
    """

    value: bytes | None
    key: bytes | None = None
    source: Source | None = None
    without: frozenset[str] = frozenset()


class Reason(StrEnum):
    """Why a record could not be used (the contract's `reason` header)."""

    NOT_JSON = "not_json"
    UNKNOWN_TYPE = "unknown_type"
    INVALID_FIELD = "invalid_field"
    TOO_LARGE = "too_large"
    FUTURE_TIMESTAMP = "future_timestamp"
    WRONG_TOPIC = "wrong_topic"
    RULE_ERROR = "rule_error"


class Problem(Struct, frozen=True):
    """What is wrong with one field (`the record`, where it is no field): in words that quote nothing a member wrote."""

    field: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.field}: found {self.found}, expected {self.expected}"


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A record that could not be used, with its original bytes, and why in words an engineer can act on.

    `event_type` is "unknown" where the record does not tell; `problems` is empty where no field is to blame (`rule_error`).
    """

    record: RawRecord
    reason: Reason
    detail: str
    failed_at: datetime
    event_type: str = "unknown"
    problems: tuple[Problem, ...] = ()

    def headers(self) -> list[tuple[str, bytes]]:
        """The Kafka headers of the contract; the `source_…` headers are empty for a record that came from a file."""
        source = self.record.source
        return [
            ("reason", self.reason.value.encode()),
            ("detail", self.detail.encode("utf-8", "backslashreplace")),
            ("source_topic", source.topic.encode() if source else b""),
            ("source_partition", str(source.partition).encode() if source else b""),
            ("source_offset", str(source.offset).encode() if source else b""),
            ("failed_at", rfc_3339(self.failed_at.astimezone(UTC)).encode()),
        ]
