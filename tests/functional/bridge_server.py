"""A server of the driver contract that does as it is told, for the tests of the bridge.

It is written with grpcio alone, so that the bridge meets a peer that shares nothing of the SDK. What a call is to do
stands in its request: see each method. Run as `python -m tests.functional.bridge_server SOCKET TOKEN`; it writes one
line when it serves, and ends at end-of-file on stdin.
"""

# The methods bear the names of the contract.
# ruff: noqa: N802

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any, NoReturn

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from onitu.errors import CursorExpired, DriverError, NotFound, QuotaExceeded, RateLimited, Unauthenticated, Unavailable
from onitu.rpc.gen import driver_pb2 as driver
from onitu.rpc.gen import driver_pb2_grpc, observation_pb2, watch_pb2
from onitu.rpc.status import to_status

WORKERS = 160  # More than the open streams of any test, so that calls find a free one.
CHUNK = 64 * 1024

ERRORS: dict[str, DriverError] = {
    "not_found": NotFound("no such file: 'é\udc80'"),
    "rate_limited": RateLimited("slow down", retry_after=1.5),
    "quota": QuotaExceeded("full"),
    "unavailable": Unavailable("the service is down"),
    "long": NotFound("ж" * 9_000),
}


class Driver(driver_pb2_grpc.DriverServicer):
    """Does as the request says, and counts the calls that were cancelled."""

    def __init__(self) -> None:
        self._cancelled = 0
        self._lock = threading.Lock()

    def StatFiles(self, request: driver.StatFilesRequest, context: grpc.ServicerContext) -> driver.StatFilesResponse:
        """Does what `folder` names, then answers the paths as they came."""
        match request.folder.split(":"):
            case ["wait"]:
                self._wait_for_the_end(context)
            case ["die"]:
                os._exit(3)
            case ["answer", size]:
                return _answer("x" * int(size))
            case ["error", name]:
                _abort(context, ERRORS[name])
            case ["count_cancelled"]:
                return _answer(str(self._cancelled))
        return _answer(*request.paths)

    def GetFile(
        self, request: driver.GetFileRequest, context: grpc.ServicerContext
    ) -> Iterator[driver.GetFileResponse]:
        """Streams chunks numbered from 0 up to `offset`; then fails if `revision` names an error."""
        for number in range(request.offset):
            yield driver.GetFileResponse(data=number.to_bytes(8, "big") * (CHUNK // 8))
        if request.revision:
            _abort(context, ERRORS[request.revision])

    def UploadFile(
        self, requests: Iterator[driver.UploadFileRequest], context: grpc.ServicerContext
    ) -> driver.UploadFileResponse:
        """Answers the number of bytes; a folder named "refuse" is refused after the first message."""
        received = 0
        for request in requests:
            match request.start.folder:
                case "refuse":
                    _abort(context, ERRORS["quota"])
                case "enough":
                    break
                case "stall":
                    self._wait_for_the_end(context)
            received += len(request.data)
        return driver.UploadFileResponse(observation=observation_pb2.Observation(path=str(received)))

    def WatchChanges(
        self, requests: Iterator[watch_pb2.WatchChangesRequest], context: grpc.ServicerContext
    ) -> Iterator[watch_pb2.WatchChangesResponse]:
        """Answers each acknowledgement with a batch of its number; a start without a folder has expired."""
        context.add_callback(self._ended(context, threading.Event()))
        for request in requests:
            if request.WhichOneof("message") == "start" and not request.start.folder:
                _abort(context, CursorExpired("long ago"))
            batch = watch_pb2.ChangeBatch(batch=request.acknowledgement.batch)
            yield watch_pb2.WatchChangesResponse(batch=batch)

    def _wait_for_the_end(self, context: grpc.ServicerContext) -> None:
        over = threading.Event()
        if context.add_callback(self._ended(context, over)):
            over.wait()

    def _ended(self, context: grpc.ServicerContext, over: threading.Event) -> Callable[[], None]:
        def ended() -> None:
            # A call that ended by itself has a code; one that the client cancelled has none.
            if context.code() is None:  # type: ignore[attr-defined]  # The stubs do not know it.
                with self._lock:
                    self._cancelled += 1
            over.set()

        return ended


class TokenCheck(grpc.ServerInterceptor):  # type: ignore[type-arg]  # Generic in the stubs only.
    """Refuses every call that does not carry the token."""

    def __init__(self, token: str) -> None:
        self._wanted = ("authorization", f"Bearer {token}")
        self._refusal = grpc.unary_unary_rpc_method_handler(self._refuse)

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Lets a call through that carries the token."""
        carried = tuple(tuple(pair) for pair in handler_call_details.invocation_metadata)
        return continuation(handler_call_details) if self._wanted in carried else self._refusal

    @staticmethod
    def _refuse(_request: bytes, context: grpc.ServicerContext) -> bytes:
        _abort(context, Unauthenticated("no token"))


def _abort(context: grpc.ServicerContext, error: DriverError) -> NoReturn:
    context.abort_with_status(to_status(error))  # type: ignore[arg-type]  # The stubs want a class, gRPC three names.
    raise AssertionError  # Never reached: abort raises.


def _answer(*paths: str) -> driver.StatFilesResponse:
    return driver.StatFilesResponse(observations=[observation_pb2.Observation(path=path) for path in paths])


def main(socket: str, token: str) -> None:
    """Serves until stdin ends."""
    server = grpc.server(futures.ThreadPoolExecutor(WORKERS), interceptors=[TokenCheck(token)])
    driver_pb2_grpc.add_DriverServicer_to_server(Driver(), server)  # type: ignore[no-untyped-call]
    servicer = health.HealthServicer()
    servicer.set("onitu.driver.v1.Driver", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    sys.stdout.write(f"serving at {time.time()}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
