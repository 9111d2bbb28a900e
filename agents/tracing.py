"""Traces of batches for OpenTelemetry, where the extra `tracing` is installed: nothing else imports it.

A batch is one trace of its own: its records come from many requests. It is linked to their traces by the records' headers
`traceparent`. Spans say how much and how long, never who or what was written.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags, set_span_in_context

from engine.outcome import Outcome
from models.records import RawRecord

logger = logging.getLogger(__name__)

MAX_LINKS = 100
"""Producers' requests that one batch is linked to; more are counted in `twinwatch.links_cut`."""
MAX_SPANS = 100
"""Stages of one batch that have a span: only a batch with events and verdicts in turn has more than a handful."""

_LAST_SECONDS = 1.0
"""How long the last traces may take to be sent once the worker ends."""


class BatchTracer:
    """Writes down batches that are done with."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("twinwatch")

    def record(self, records: Sequence[RawRecord], outcomes: Sequence[Outcome], published: tuple[int, int]) -> None:
        """One trace: the batch, and within it its stages and `publish`, which began and ended at `published` (nanoseconds
        since the epoch).
        """
        stages = [span for outcome in outcomes for span in outcome.stage_spans][:MAX_SPANS]
        parents = dict.fromkeys(r.source.traceparent for r in records if r.source and r.source.traceparent)
        links = [Link(context) for context in map(_context, parents) if context.is_valid]
        batch = self._tracer.start_span(
            "batch",
            kind=SpanKind.CONSUMER,
            start_time=min((began for _, began, _ in stages), default=published[0]),
            links=links[:MAX_LINKS],
            attributes={
                "messaging.system": "kafka",
                "messaging.batch.message_count": len(records),
                "twinwatch.incidents": sum(len(outcome.incidents) for outcome in outcomes),
                "twinwatch.dead_letters": sum(len(outcome.dead_letters) for outcome in outcomes),
                "twinwatch.links_cut": max(0, len(links) - MAX_LINKS),
            },
        )
        within = set_span_in_context(batch)
        for name, began, ended in (*stages, ("publish", *published)):
            self._tracer.start_span(name, within, start_time=began).end(ended)
        batch.end(published[1])


def _context(traceparent: str) -> SpanContext:
    _, trace, span, flags = traceparent.split("-")
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


@contextmanager
def exporting_tracer() -> Iterator[BatchTracer]:
    """Sends traces by OTLP over HTTP, as the variables OTEL_… say (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER)."""
    resource = Resource.create({SERVICE_NAME: "twinwatch"})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    # a collector that is away costs traces, and no batch waits for it
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield BatchTracer(provider)
    finally:
        # a collector that accepts and never answers would hold up the end for half a minute
        ending = threading.Thread(target=provider.shutdown, name="last traces", daemon=True)
        ending.start()
        ending.join(_LAST_SECONDS)
        if ending.is_alive():
            logger.warning("the collector of traces does not answer; the last traces are lost")
