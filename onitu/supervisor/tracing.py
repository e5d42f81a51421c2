"""Traces for OpenTelemetry: one for each change, from its observation to its arrival at the last destination.

Off unless the environment says where traces go, as OpenTelemetry has it (`OTEL_EXPORTER_OTLP_ENDPOINT`), and only with
the extra `otel`. Nothing depends on it; what cannot be sent is lost.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

import attrs

from onitu import __version__
from onitu.log import get_logger

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

    from onitu.core.node import NodeId, ServiceName
    from onitu.core.past import HeadChange

#: Changes that are followed at once; of more the oldest is given up.
MOST = 10_000

#: Milliseconds for what has not been sent at the end.
PARTING = 2_000

#: Any of them says that traces are wanted.
WANTED = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Provider(Protocol):
    """What of OpenTelemetry's provider is used here."""

    def get_tracer(self, name: str, version: str) -> Tracer:
        """Returns what makes spans."""

    def force_flush(self, timeout_millis: int) -> bool:
        """Sends what has not been sent."""

    def shutdown(self) -> None:
        """Ends it."""


@attrs.define
class _Change:
    """A change on its way.

    Attributes:
        span: Its span.
        awaited: The services it has not reached.
    """

    span: Span
    awaited: set[ServiceName]


class Tracing:
    """The changes on their way, as spans.

    Args:
        provider: Where spans go.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("onitu", __version__)
        self._changes: dict[NodeId, _Change] = {}

    def changed(self, changes: Iterable[HeadChange]) -> None:
        """Begins the traces of changes; one that something newer takes the place of ends."""
        now = time.time_ns()
        for change in changes:
            self._end(change.node, now, outcome="superseded")
            span = self._tracer.start_span(
                "change",
                start_time=now,
                attributes={
                    "onitu.folder": change.folder,
                    "onitu.path": change.path,
                    "onitu.service": change.version.origin,
                    "onitu.size": change.version.size,
                    "onitu.state": change.state,
                },
            )
            self._changes[change.node] = _Change(span, set(change.awaited))
            if not change.awaited:
                self._end(change.node, now, outcome="arrived")
        while len(self._changes) > MOST:
            self._end(next(iter(self._changes)), now, outcome="unknown")

    def arrived(self, node: NodeId, target: ServiceName, action: str, seconds: float, error: str = "") -> None:
        """Adds to a change what was done for it on a service.

        Args:
            node: What has changed.
            target: The service.
            action: What was done.
            seconds: How long it took.
            error: Why it failed; it is tried again then.
        """
        change = self._changes.get(node)
        if change is None:
            return
        from opentelemetry.trace import Status, StatusCode, set_span_in_context  # noqa: PLC0415 - an extra

        now = time.time_ns()
        span = self._tracer.start_span(
            action,
            context=set_span_in_context(change.span),
            start_time=now - int(seconds * 1e9),
            attributes={"onitu.target": target},
        )
        if error:
            span.set_status(Status(StatusCode.ERROR, error))
        span.end(now)
        if not error:
            change.awaited.discard(target)
            if not change.awaited:
                self._end(node, now, outcome="arrived")

    def close(self) -> None:
        """Sends what has not been sent. Takes its time, so it is done in a thread."""
        now = time.time_ns()
        for node in tuple(self._changes):
            self._end(node, now, outcome="unknown")
        self._provider.force_flush(PARTING)
        self._provider.shutdown()

    def _end(self, node: NodeId, now: int, *, outcome: str) -> None:
        change = self._changes.pop(node, None)
        if change is not None:
            change.span.set_attribute("onitu.outcome", outcome)
            change.span.end(now)


def wanted_tracing(environment: Mapping[str, str] = os.environ) -> Tracing | None:
    """Returns what traces changes, or None where nobody wants to know.

    Args:
        environment: Where OpenTelemetry is told what to do.
    """
    if environment.get("OTEL_SDK_DISABLED", "").casefold() == "true" or not any(map(environment.get, WANTED)):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - an extra
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        get_logger().warning("tracing_missing", reason="install onitu with the extra 'otel'", error=str(error))
        return None
    named = {} if "OTEL_SERVICE_NAME" in environment else {"service.name": "onitu"}
    provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)
