"""A batch is one trace: its stages within it, linked to the traces of who wrote its records."""

import sys
from datetime import timedelta

from msgspec.structs import replace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agents.budget import Budget
from agents.judge import _StoredJudge
from agents.metrics import Metrics
from agents.processor import BatchProcessor
from agents.publishing import Publisher
from agents.tracing import MAX_LINKS, BatchTracer
from models.records import RawRecord, Source
from tests.agents.helpers import FakeProducer, HastyBackOff, health
from tests.engine.world import NOW, World, engine_over, record, strict_policy
from tests.servers import run
from tests.state.conftest import Bench, bench

__all__ = ["bench"]

TRACE = "00-{:032x}-{:016x}-01"


def carried(bench: Bench, records: list[RawRecord]) -> list[ReadableSpan]:
    """What is traced of a batch that the engine judges over a genuine Redis."""
    store = bench.store()
    exporter, provider, metrics, about = InMemorySpanExporter(), TracerProvider(), Metrics(), health()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    back_off = HastyBackOff()
    processor = BatchProcessor(
        _StoredJudge(engine_over(store), store, strict_policy().version),
        Publisher(FakeProducer(), metrics=metrics, health=about, back_off=back_off),
        metrics=metrics,
        health=about,
        back_off=back_off,
        budget=Budget(),
        trace=BatchTracer(provider).record,
    )

    async def ahead() -> bool:
        return await processor.process(records, processor.read_ahead(records))

    assert bench.run(ahead())
    return list(exporter.get_finished_spans())


def batch(size: int) -> list[RawRecord]:
    world = World(3)
    sent = [
        record(
            world.event("message", "Xanthippe", recipient_ids=[f"stranger-{n}"], text="bees")
            | {"occurred_at": (NOW - timedelta(minutes=size - n)).isoformat()}
        )
        for n in range(size)
    ]
    return [
        replace(
            one, source=Source(topic="activity.messages", partition=0, offset=n, traceparent=TRACE.format(n, n + 1))
        )
        for n, one in enumerate(sent)
    ]


def test_a_batch_is_one_trace_with_its_stages_and_links_to_the_producers_traces(bench: Bench) -> None:
    spans = carried(bench, batch(8))
    [whole] = [span for span in spans if span.name == "batch"]
    within = sorted((span for span in spans if span is not whole), key=lambda span: span.start_time or 0)
    names = ["decode", "read", "recall", "judge", "measure", "judge", "settle", "publish"]
    assert [span.name for span in within] == names
    assert whole.context
    for span in within:
        assert span.parent == whole.context
        assert span.start_time
        assert span.end_time
        assert (whole.start_time or 0) <= span.start_time <= span.end_time <= (whole.end_time or 0)
    # the trace of nought is none
    assert [link.context.trace_id for link in whole.links] == list(range(1, 8))
    assert all(link.context.trace_id != whole.context.trace_id for link in whole.links)
    assert whole.attributes
    assert whole.attributes["messaging.batch.message_count"] == 8
    assert int(str(whole.attributes["twinwatch.incidents"])) >= 1


def test_what_is_traced_holds_nothing_of_members_and_no_more_links_than_a_limit(bench: Bench) -> None:
    spans = carried(bench, batch(MAX_LINKS + 5))
    [whole] = [span for span in spans if span.name == "batch"]
    assert len(whole.links) == MAX_LINKS
    assert whole.attributes
    assert whole.attributes["twinwatch.links_cut"] == 4
    for span in spans:
        told = span.to_json()
        assert "Xanthippe" not in told
        assert "stranger" not in told
        assert "bees" not in told


def test_nothing_but_tracing_itself_needs_its_libraries() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "import agents.worker, twinwatch.cli, twinwatch.demo\n"
        "from agents.startup import CannotStart\n"
        "try:\n"
        "    with agents.worker._tracing(): pass\n"
        "except CannotStart as error: print(error)\n"
    )
    done = run(sys.executable, "-c", code)
    assert done.stdout == "TWINWATCH_TRACING needs the extra `tracing`: pip install 'twinwatch[tracing]'\n", done.stderr
