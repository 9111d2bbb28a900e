"""A real worker sends its traces where OpenTelemetry's variables say, and one that nobody hears ends as any other."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.integration.conftest import NewStage
from tests.integration.workload import copied_messages
from tests.servers import eventually, free_port


@contextmanager
def collector(received: list[bytes]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_worker_sends_its_traces(new_embedded_stage: NewStage, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    received: list[bytes] = []
    with collector(received) as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        stage = new_embedded_stage(1)
        worker = stage.start_worker(tracing=True)
        stage.send(
            [one._replace(headers=(("traceparent", trace.encode()),)) for one in copied_messages("Xanthippe", 9)]
        )
        stage.wait_until_judged()
        # what waits to be sent is sent before the end
        assert worker.stop() == 0
    requests = [ExportTraceServiceRequest.FromString(body) for body in received]
    spans = [
        s for r in requests for resource in r.resource_spans for scope in resource.scope_spans for s in scope.spans
    ]
    whole = [span for span in spans if span.name == "batch"]
    assert whole
    assert {link.trace_id.hex() for span in whole for link in span.links} == {trace.split("-")[1]}
    assert {"decode", "read", "recall", "judge", "settle", "publish"} <= {span.name for span in spans}
    assert not any(b"Xanthippe" in body or b"bees" in body for body in received)


def test_a_worker_whose_collector_is_away_judges_and_ends_all_the_same(
    new_embedded_stage: NewStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    stage = new_embedded_stage(1)
    worker = stage.start_worker(tracing=True)
    stage.send(copied_messages("anna", 9))
    stage.wait_until_judged()
    eventually(lambda: len(stage.incidents()) > 0, what="an incident")
    assert worker.stop() == 0


def test_a_collector_that_never_answers_holds_up_neither_batches_nor_the_end(
    new_embedded_stage: NewStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        stage = new_embedded_stage(1)
        worker = stage.start_worker(tracing=True)
        stage.send(copied_messages("anna", 9))
        stage.wait_until_judged()
        eventually(lambda: len(stage.incidents()) > 0, what="an incident")
        assert worker.stop() == 0
    # what is written after the wait is written only by a worker that has not been ended by its timer meanwhile
    assert "the collector of traces does not answer; the last traces are lost" in worker.said
