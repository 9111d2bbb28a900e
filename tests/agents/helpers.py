"""What the tests of the agents build again and again."""

from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import Any

from agents.back_off import BackOff
from agents.health import Health
from agents.metrics import Metrics
from engine.engine import ReadBatch
from engine.outcome import Outcome
from models.incidents import Evidence, Incident, Mode, Statement
from models.records import DeadLetter, RawRecord, Reason, Source

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class ReadsNothing:
    """What an engine that only pretends need not do."""

    async def read(self, records: Sequence[RawRecord]) -> ReadBatch:
        raise NotImplementedError

    async def judge(self, read: ReadBatch) -> Outcome:
        raise NotImplementedError


def record(offset: int, value: bytes | None = b"{}", topic: str = "activity.messages", partition: int = 0) -> RawRecord:
    return RawRecord(value, b"key", Source(topic=topic, partition=partition, offset=offset))


def incident(name: str, *, mode: Mode = "live", subject: str = "anna") -> Incident:
    return Incident(
        incident_id=name,
        revision=1,
        mode=mode,
        article=1,
        rule="mass_messaging",
        subject_id=subject,
        opened_at=NOW,
        occurred_at=NOW,
        detected_at=NOW,
        severity="medium",
        confidence=0.5,
        recommended_action="review",
        summary="anna wrote to 20 strangers",
        evidence=Evidence(event_ids=("e1",), measurements=()),
        statement=Statement(category="c", ground="g"),
        policy_version="v",
    )


def letter(about: RawRecord, detail: str = "text: found null") -> DeadLetter:
    return DeadLetter(record=about, reason=Reason.INVALID_FIELD, detail=detail, failed_at=NOW)


def outcome(*incidents: Incident, letters: tuple[DeadLetter, ...] = (), events: int = 1) -> Outcome:
    return Outcome(
        incidents=list(incidents), dead_letters=list(letters), event_counts={("message", "accepted"): events}
    )


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class HastyBackOff(BackOff):
    """Waits for nothing, and stops the worker after so many waits (never, where None)."""

    def __init__(self, stop_after: int | None = None) -> None:
        super().__init__()
        self.waits = 0
        self._stop_after = stop_after

    async def wait(self, seconds: float) -> None:
        self.waits += 1
        if self.waits == self._stop_after:
            self.stopping.set()
        await super().wait(0)


class FakeProducer:
    """Keeps what is sent. `refuse(topic, value)` gives the error with which a record is not confirmed, or None."""

    def __init__(self) -> None:
        self.confirmed: list[tuple[str, bytes | None, bytes | None, Any]] = []
        self.attempts = 0

    def refuse(self, topic: str, value: bytes | None) -> Exception | None:
        return None

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: Any,
    ) -> Awaitable[Any]:
        self.attempts += 1
        assert key is not None or value is not None, "aiokafka refuses such a record"

        async def confirmation() -> None:
            if error := self.refuse(topic, value):
                raise error
            self.confirmed.append((topic, key, value, headers))

        return confirmation()


def gauges(metrics: Metrics) -> dict[str, float]:
    """Every sample, by its name with labels."""
    return {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
        for line in metrics.render()[0].decode().splitlines()
        if not line.startswith("#")
    }


def health(clock: Clock | None = None, stall_seconds: float = 30) -> Health:
    return Health(stall_seconds=stall_seconds, clock=clock or Clock())
