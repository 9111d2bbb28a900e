"""Records as they come off a topic or a file, and the dead letters that unusable ones become."""

from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct

from models.events import rfc_3339


class Source(Struct, frozen=True, kw_only=True):
    """Where in Kafka a record was read."""

    topic: str
    partition: int
    offset: int


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


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A record that could not be used, with its original bytes, and why in words an engineer can act on."""

    record: RawRecord
    reason: Reason
    detail: str
    failed_at: datetime

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
