"""Traces for OpenTelemetry, as a collector receives them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.functional.harness import FOLDER, Setups
from tests.functional.httpd import Quiet, answering
from tests.functional.trees import write


def test_a_change_is_one_trace_to_its_last_destination(new_setup: Setups) -> None:
    """E15: from the observation to the last service; what was done on each lies below it."""
    onitu = new_setup("a", "b", "c")
    with _collector() as (port, spans):
        onitu.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{port}"
        core = onitu.serve()
        write(onitu["a"] / "file ß.txt", "content")
        onitu.converge(core)
        core.settle()
        assert core.stop() == 0

    (root,) = [span for span in spans if span.name == "change"]
    said = {one.key: one.value.string_value or one.value.int_value for one in root.attributes}
    below = [span for span in spans if span.parent_span_id == root.span_id]
    assert said == {
        "onitu.folder": FOLDER,
        "onitu.path": "file ß.txt",
        "onitu.service": "a",
        "onitu.size": 7,
        "onitu.state": "changed",
        "onitu.outcome": "arrived",
    }
    assert [span.name for span in below] == ["write", "write"]
    assert {one.value.string_value for span in below for one in span.attributes} == {"b", "c"}
    assert {span.trace_id for span in below} == {root.trace_id}
    assert root.end_time_unix_nano >= max(span.end_time_unix_nano for span in below)


@contextmanager
def _collector() -> Iterator[tuple[int, list[Span]]]:
    """Yields the port of a collector, and the spans it has received."""
    spans: list[Span] = []

    class Answering(Quiet, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                data = gzip.decompress(data)
            request = ExportTraceServiceRequest.FromString(data)
            spans.extend(
                span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
            )
            self.send_response(200)
            self.end_headers()

    with answering(Answering) as port:
        yield port, spans
