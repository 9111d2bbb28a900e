"""What one batch came to."""

from msgspec import Struct, field

from models.incidents import Incident
from models.records import DeadLetter, Source
from models.rejections import RejectedVerdict


class Outcome(Struct, frozen=True, kw_only=True):
    """Everything that has to be published before the batch may be acknowledged, and what operations want to know of it."""

    incidents: list[Incident]
    """In the order of the records that triggered them; publish by `incident.mode`, keyed by `subject_id`."""
    dead_letters: list[DeadLetter]
    event_counts: dict[tuple[str, str], int]
    """Number of records by (event type or "unknown", outcome: "accepted" or a dead-letter reason)."""
    verdict_counts: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """Number of verdicts by (rule of the incident or "unknown", verdict, action)."""
    silenced: dict[str, int] = field(default_factory=dict)
    """Number of findings that a dismissal kept from being told, by rule."""
    cut: dict[str, int] = field(default_factory=dict)
    """Number of findings that were not told because their event had opened all incidents that one event may, by rule."""
    cut_observations: dict[str, int] = field(default_factory=dict)
    """Number of additions to windows cut, by what was too much: `members` of one event, or of an `actor`;
    and of sentences that were not learnt as `boilerplate`, because there are too many."""
    shadowed: dict[tuple[str, str], int] = field(default_factory=dict)
    """Number of findings of live rules that were told in shadow, by (rule, reason)."""
    cut_texts: int = 0
    """Number of events of whose texts only the beginning and the end were read, or not all words around personal data."""
    conflicting: list[Source | None] = field(default_factory=list)
    """Where events stood that carry the id of another event. They were judged as events of their own."""
    rejected_verdicts: list[RejectedVerdict] = field(default_factory=list)
    """What is told of verdicts that changed nothing: on incidents that are not remembered, or about who gives them."""
    late: int = 0
    """Number of events that happened longer than `allowed_lateness` before one that was judged earlier."""
    evaluations: dict[str, int] = field(default_factory=dict)
    """How often each rule was asked whether an event is too much."""
    findings: dict[str, int] = field(default_factory=dict)
    """How often it was, by rule: what opens and grows incidents, and what is not told."""
    rule_seconds: dict[str, float] = field(default_factory=dict)
    """Seconds that each rule took to answer."""
    exempted: dict[str, int] = field(default_factory=dict)
    """Number of events that a rule did not judge because of a role of who did them, by rule."""
    stage_seconds: dict[str, float] = field(default_factory=dict)
    """Seconds of work in each stage: decode (the records), read (the texts), recall (what is remembered of them), judge,
    measure (what the events add to histories), settle (episodes and decisions), learn (verdicts). What windows count is worked
    out where rules read it, in judge. Work of others meanwhile does not count.
    """
    stage_spans: list[tuple[str, int, int]] = field(default_factory=list)
    """Each time that the batch was in a stage: the stage, when that began and ended (nanoseconds since the epoch)."""
    wait_seconds: dict[str, float] = field(default_factory=dict)
    """Seconds that each stage waited: for Redis, or for others to have their turn of the event loop."""
