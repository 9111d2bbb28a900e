"""What a worker tells Prometheus. Labels are few and bounded: never an id, a text or anything a member wrote."""

from collections.abc import Mapping
from functools import partial
from time import time
from typing import NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics import MetricWrapperBase

from agents.health import SERVERS, Health, Lag
from engine.outcome import Outcome
from state.server import ServerMemory

_BATCH_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
_STAGE_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LATENCY_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 900, 3_600, 21_600, 86_400)


disable_created_metrics()  # type: ignore[no-untyped-call]
"""When each series began is as much again to store, and nobody asks."""


class Series(NamedTuple):
    """What one metric is: its name as it is asked for, its kind, its labels and its meaning."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


class Totals(NamedTuple):
    """Records judged, incident revisions published and records put aside since the start; records that wait now."""

    judged: int
    incidents: int
    dead_letters: int
    waiting: int


class Metrics:
    """One worker's counters. Each worker has its own registry, so that several can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        # when it started, its memory, its open files
        ProcessCollector(registry=registry)
        self._events = Counter(
            "twinwatch_events",
            "Records judged, by what they are and what became of them.",
            ["type", "outcome"],
            registry=registry,
        )
        self._incidents = Counter(
            "twinwatch_incidents", "Incident revisions published.", ["rule", "mode", "severity"], registry=registry
        )
        self._verdicts = Counter(
            "twinwatch_verdicts",
            'People\'s verdicts on incidents. Of a rule that is "unknown", the incident is not remembered.',
            ["rule", "verdict", "action"],
            registry=registry,
        )
        self._silenced = Counter(
            "twinwatch_silenced_findings",
            "Findings not told because people dismissed the same of the same member.",
            ["rule"],
            registry=registry,
        )
        self._cut = Counter(
            "twinwatch_cut_findings",
            "Findings not told because their event had opened all incidents that one event may.",
            ["rule"],
            registry=registry,
        )
        self._cut_observations = Counter(
            "twinwatch_cut_observations",
            "Additions of which a part was left out: to windows, members of one event, or all of an actor who adds too much; "
            "to boilerplate, sentences beyond what may be learnt.",
            ["limit"],
            registry=registry,
        )
        self._conflicting = Counter(
            "twinwatch_conflicting_event_ids",
            "Events judged that carry the id of another event: a mistake of the producer's, or an attempt to hide something.",
            registry=registry,
        )
        self._shadowed = Counter(
            "twinwatch_shadowed_findings",
            "Findings of live rules told in shadow, by why: daily_cap where a rule has opened all incidents of the day, "
            "poor_record where it is often wrong in the language, out_of_order where records that come before are missing.",
            ["rule", "reason"],
            registry=registry,
        )
        self._evaluations = Counter(
            "twinwatch_rule_evaluations", "Times that an event counted for a rule.", ["rule"], registry=registry
        )
        self._findings = Counter(
            "twinwatch_rule_findings",
            "Times that a rule found too much: what is told, and what is silenced, cut or adds nothing to an incident.",
            ["rule"],
            registry=registry,
        )
        self._rule_seconds = Counter(
            "twinwatch_rule_seconds", "Seconds that a rule took to answer.", ["rule"], registry=registry
        )
        self._exempted = Counter(
            "twinwatch_exempted_events",
            "Events that a rule did not judge because who did them has a role that the policy exempts.",
            ["rule"],
            registry=registry,
        )
        self._late = Counter(
            "twinwatch_late_events",
            "Events judged that happened longer than allowed_lateness before one that this worker had judged. What they need "
            "may be forgotten already.",
            registry=registry,
        )
        self._known_texts = Gauge(
            "twinwatch_campaigns_resident",
            "Texts in Redis that new ones are compared with: the first of each campaign (most are alone so far), and further "
            "ones of a campaign whose text changes.",
            registry=registry,
        )
        self._cut_texts = Counter(
            "twinwatch_cut_texts",
            "Texts of which only the beginning and the end were read, or not all names and words around personal data.",
            registry=registry,
        )
        self._dead_letters = Counter(
            "twinwatch_dead_letters", "Unusable records put aside.", ["reason"], registry=registry
        )
        self._batch_size = Histogram(
            "twinwatch_batch_size_events", "Records judged at once.", buckets=_BATCH_SIZES, registry=registry
        )
        self._stage_seconds = Histogram(
            "twinwatch_stage_seconds",
            "Seconds of work that a batch took in a stage.",
            ["stage"],
            buckets=_STAGE_SECONDS,
            registry=registry,
        )
        self._wait_seconds = Histogram(
            "twinwatch_stage_wait_seconds",
            "Seconds that a batch waited in a stage: for Redis, for Kafka (publish), for another batch that was worked on.",
            ["stage"],
            buckets=_STAGE_SECONDS,
            registry=registry,
        )
        self._event_to_incident = Histogram(
            "twinwatch_event_to_incident_seconds",
            "From an event to the incident that it triggered.",
            buckets=_LATENCY_SECONDS,
            registry=registry,
        )
        self._redis_errors = Counter(
            "twinwatch_redis_errors", "Times that Redis could not answer.", ["kind"], registry=registry
        )
        self._kafka_errors = Counter(
            "twinwatch_kafka_errors", "Times that Kafka did not take a record.", ["kind"], registry=registry
        )
        self._batch_retries = Counter(
            "twinwatch_batch_retries", "Times that a batch was tried again.", ["cause"], registry=registry
        )
        self._lag = Gauge(
            "twinwatch_consumer_lag_records",
            "Records that wait to be judged, of our partitions.",
            ["topic", "partition"],
            registry=registry,
        )
        self._lag_seconds = Gauge(
            "twinwatch_consumer_lag_seconds",
            "How long ago the oldest record that waits to be judged happened, of our partitions; 0 where none waits.",
            ["topic", "partition"],
            registry=registry,
        )
        self._lagging: set[tuple[str, int]] = set()
        self._unreadable = Gauge(
            "twinwatch_unreadable_offset",
            "Where a partition of ours stands still because what was written there cannot be read; there only where one does.",
            ["topic", "partition"],
            registry=registry,
        )
        self._assigned = Gauge(
            "twinwatch_assigned_partitions", "Partitions that this worker reads at the moment.", registry=registry
        )
        self._rebalances = Counter(
            "twinwatch_rebalances", "Times that this worker was given its partitions anew.", registry=registry
        )
        self._clock_behind = Gauge(
            "twinwatch_clock_behind_seconds",
            "How far our clock is behind the times that Kafka has of its records, while this worker waits for it; else 0.",
            registry=registry,
        )
        self._held_back = Gauge(
            "twinwatch_held_back_seconds",
            "How long this worker has been waiting for others that are further behind in event time; 0 while it is not.",
            registry=registry,
        )
        self._awaited = Gauge(
            "twinwatch_awaited_partition_seconds",
            "How long Kafka has not given what comes next of a partition, while later records wait for it.",
            ["topic", "partition"],
            registry=registry,
        )
        self._health: Health | None = None
        self._outage_seconds = Gauge(
            "twinwatch_outage_seconds",
            "How long this worker has been waiting for a server that does not answer; 0 while it does.",
            ["server"],
            registry=registry,
        )
        self._redis_used = Gauge(
            "twinwatch_redis_memory_used_bytes", "What Redis has in memory (used_memory).", registry=registry
        )
        self._redis_most = Gauge(
            "twinwatch_redis_memory_max_bytes",
            "The most that it may have (maxmemory; where there is no limit, the memory of its machine).",
            registry=registry,
        )
        self._redis_evicts = Gauge(
            "twinwatch_redis_evicts",
            "1 where Redis throws away keys when it is full and the settings do not allow it, else 0.",
            registry=registry,
        )
        self._build = Gauge(
            "twinwatch_build_info",
            "Always 1; the labels say what is running.",
            ["version", "policy_version"],
            registry=registry,
        )

        self._policy_failures = Counter(
            "twinwatch_policy_load_failures",
            "Times that the policy could not be loaded again (SIGHUP); the worker judges by the one before.",
            registry=registry,
        )

    def describe_build(self, version: str, policy_version: str) -> None:
        """Say which program judges by which policy from now on."""
        self._build.clear()
        self._build.labels(version, policy_version).set(1)

    def count_policy_failure(self) -> None:
        """The policy could not be loaded again."""
        self._policy_failures.inc()

    def show_redis_memory(self, memory: ServerMemory, *, eviction_allowed: bool) -> None:
        """How full Redis is, and whether it would evict."""
        self._redis_used.set(memory.used)
        self._redis_most.set(memory.most)
        self._redis_evicts.set(memory.evicts and not eviction_allowed)

    def show_campaigns(self, texts: int) -> None:
        """How many texts new ones are compared with."""
        self._known_texts.set(texts)

    def show_hold(self, seconds: float) -> None:
        """For how long others have been waited for."""
        self._held_back.set(seconds)

    def watch_outages(self, health: Health) -> None:
        """From now on show for how long each server has been out, and which partitions are waited for."""
        self._health = health
        for server in SERVERS:
            self._outage_seconds.labels(server).set_function(partial(health.outage_seconds, server))

    def record_batch(self, size: int, outcome: Outcome) -> None:
        """Count a batch whose outcome Kafka has confirmed."""
        self._batch_size.observe(size)
        for (event_type, result), count in outcome.event_counts.items():
            self._events.labels(event_type, result).inc(count)
        for stage, seconds in outcome.stage_seconds.items():
            self._stage_seconds.labels(stage).observe(seconds)
        for stage, seconds in outcome.wait_seconds.items():
            self._wait_seconds.labels(stage).observe(seconds)
        for incident in outcome.incidents:
            self._incidents.labels(incident.rule, incident.mode, incident.severity).inc()
            latency = (incident.detected_at - incident.occurred_at).total_seconds()
            self._event_to_incident.observe(max(0.0, latency))
        for (rule, verdict, action), count in outcome.verdict_counts.items():
            self._verdicts.labels(rule, verdict, action).inc(count)
        for rule, count in outcome.silenced.items():
            self._silenced.labels(rule).inc(count)
        for rule, count in outcome.cut.items():
            self._cut.labels(rule).inc(count)
        self._conflicting.inc(len(outcome.conflicting))
        for limit, count in outcome.cut_observations.items():
            self._cut_observations.labels(limit).inc(count)
        for (rule, reason), count in outcome.shadowed.items():
            self._shadowed.labels(rule, reason).inc(count)
        self._cut_texts.inc(outcome.cut_texts)
        self._late.inc(outcome.late)
        for metric, counted in (
            (self._evaluations, outcome.evaluations),
            (self._findings, outcome.findings),
            (self._rule_seconds, outcome.rule_seconds),
            (self._exempted, outcome.exempted),
        ):
            for rule, amount in counted.items():
                metric.labels(rule).inc(amount)
        for letter in outcome.dead_letters:
            self._dead_letters.labels(letter.reason.value).inc()

    def record_publication(self, seconds: float) -> None:
        """Time from the first record handed to Kafka to the last confirmation."""
        self._wait_seconds.labels("publish").observe(seconds)

    def count_redis_error(self, kind: str) -> None:
        """Redis could not answer; the batch is tried again."""
        self._redis_errors.labels(kind).inc()
        self._batch_retries.labels("redis").inc()

    def count_kafka_error(self, kind: str) -> None:
        """Kafka did not confirm a record; the rest of the batch is sent again."""
        self._kafka_errors.labels(kind).inc()
        self._batch_retries.labels("kafka").inc()

    def count_bisection(self) -> None:
        """A batch failed as a whole; its halves are tried."""
        self._batch_retries.labels("bisection").inc()

    def show_lag(self, lag: Mapping[tuple[str, int], Lag]) -> None:
        """Replace the lag of all partitions by that of the ones we have now."""
        # a gauge that tells by a function holds itself: made anew at every look they would be garbage in cycles
        for topic, partition in self._lagging - lag.keys():
            self._lag.remove(topic, str(partition))
            self._lag_seconds.remove(topic, str(partition))
        self._lagging = set(lag)
        for (topic, partition), one in lag.items():
            self._lag.labels(topic, str(partition)).set(one.records)
            # it grows by itself, also while Kafka does not tell how the group stands
            self._lag_seconds.labels(topic, str(partition)).set_function(partial(_seconds_since, one.since))

    def show_unreadable(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Replace the partitions that stand still, and where they do."""
        self._unreadable.clear()
        for (topic, partition), offset in offsets.items():
            self._unreadable.labels(topic, str(partition)).set(offset)

    def show_assignment(self, partitions: int) -> None:
        """So many partitions were assigned to us now."""
        self._assigned.set(partitions)
        self._rebalances.inc()

    def show_clock(self, seconds_behind: float) -> None:
        """How far our clock is behind, where it is wrong; else 0."""
        self._clock_behind.set(seconds_behind)

    def totals(self) -> Totals:
        """What all series of a kind come to."""
        return Totals(
            judged=_sum(self._events),
            incidents=_sum(self._incidents),
            dead_letters=_sum(self._dead_letters),
            waiting=_sum(self._lag),
        )

    def series(self) -> list[Series]:
        """Every metric there is, in the order of names."""
        labels = {
            one._name: tuple(one._labelnames) for one in vars(self).values() if isinstance(one, MetricWrapperBase)
        }
        found = (
            Series(_asked_for(one.name, one.type), one.type, labels.get(one.name, ()), one.documentation)
            for one in self.registry.collect()
        )
        return sorted(found)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Everything, and its content type: OpenMetrics or Prometheus' text format, as the header `Accept` asks."""
        self._awaited.clear()
        for (topic, partition), seconds in (self._health.awaited if self._health else {}).items():
            self._awaited.labels(topic, str(partition)).set(seconds)
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


def _seconds_since(moment: int | None) -> float:
    return 0.0 if moment is None else max(0.0, time() - moment / 1_000_000)


def _asked_for(name: str, kind: str) -> str:
    return f"{name}_total" if kind == "counter" else name


def _sum(metric: Counter | Gauge) -> int:
    samples = (sample for family in metric.collect() for sample in family.samples)
    return int(sum(sample.value for sample in samples))
