"""From bytes to a typed event, or an error that says which field, what was found and what is expected."""

from datetime import datetime, timedelta

from msgspec import Struct

from models.events import Event
from models.records import Reason


class InputLimits(Struct, frozen=True, kw_only=True):
    """How large and how far in the future an event may be (contract, "too_large" and "future_timestamp")."""

    max_event_bytes: int = 256 * 1024
    max_recipients: int = 1_000
    max_clock_skew: timedelta = timedelta(minutes=5)


class UndecodableError(ValueError):
    """A record that is not an event of the contract. `detail` names the field, what was found and what is expected."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def decode_event(value: bytes | None, *, limits: InputLimits, now: datetime) -> Event:
    """Decode and validate one record's value. Raises nothing but `UndecodableError`."""
    raise NotImplementedError
