"""A service that keeps a journal of its changes, and its driver: a stream of changes goes on at any place in it.

It is written with grpcio alone and runs in the process of the test, where an Onitu dials it. Files lie in one directory
and can be read. Onitu keeps a cursor for such a service; none of the drivers of this repository has one.
"""

# The methods bear the names of the contract.
# ruff: noqa: N802

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent import futures
from types import TracebackType
from typing import NoReturn, Self

import grpc
from blake3 import blake3
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from onitu.errors import CursorExpired, DriverError, NotFound
from onitu.rpc.gen import driver_pb2 as driver
from onitu.rpc.gen import driver_pb2_grpc, manifest_pb2, observation_pb2, watch_pb2
from onitu.rpc.status import to_status

BEAT = 1.0
"""Seconds between two signs of life."""


class Journal(driver_pb2_grpc.DriverServicer):
    """The service, as long as it is entered.

    Attributes:
        cursors: Those that streams of changes began with; None for one that began with a snapshot.
        told: Paths of all observations since then.
        port: Where it is dialled.
    """

    def __init__(self) -> None:
        self.cursors: list[int | None] = []
        self.told: list[str] = []
        self._entries: list[tuple[str, bytes | None]] = []
        self._begin = 0
        self._generation = 0
        self._seen = 0
        self._changed = threading.Condition()
        self._server = grpc.server(futures.ThreadPoolExecutor(16))
        driver_pb2_grpc.add_DriverServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]  # Generated.
        healthy = health.HealthServicer()
        healthy.set("onitu.driver.v1.Driver", health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(healthy, self._server)
        self.port: int = self._server.add_insecure_port("127.0.0.1:0")

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.stop(None)

    @property
    def place(self) -> int:
        """The end of the journal."""
        return len(self._entries)

    def write(self, path: str, content: bytes | None) -> None:
        """Changes a file; None deletes it."""
        with self._changed:
            self._entries.append((path, content))
            self._changed.notify_all()

    def forget(self) -> None:
        """Throws the journal away up to here, as services do after a while."""
        self._begin = self.place

    # The contract.

    def GetManifest(
        self, _request: driver.GetManifestRequest, _context: grpc.ServicerContext
    ) -> driver.GetManifestResponse:
        """Says what it is."""
        able = manifest_pb2.Capabilities(watch=True, whole_files=True, stat_files=True)
        limits = manifest_pb2.Limits(max_whole_file=1 << 30)
        manifest = manifest_pb2.Manifest(name="journal", description="A journal", capabilities=able, limits=limits)
        return driver.GetManifestResponse(manifest=manifest)

    def Configure(self, request: driver.ConfigureRequest, _context: grpc.ServicerContext) -> driver.ConfigureResponse:
        """Takes any settings."""
        self._generation, self._seen = request.generation, 0
        answer = driver.ConfigureResponse(
            capabilities=manifest_pb2.Capabilities(watch=True, whole_files=True, stat_files=True)
        )
        for folder in request.folders:
            answer.folders.add(
                name=folder.name, path=folder.path, root_state=watch_pb2.ROOT_STATE_OK, root_id="the journal"
            )
        return answer

    def StatFiles(self, request: driver.StatFilesRequest, _context: grpc.ServicerContext) -> driver.StatFilesResponse:
        """Looks at some paths."""
        return driver.StatFilesResponse(observations=[self._look(path) for path in request.paths])

    def GetFile(
        self, request: driver.GetFileRequest, context: grpc.ServicerContext
    ) -> Iterator[driver.GetFileResponse]:
        """Reads a file."""
        content = dict(self._entries).get(request.path)
        if content is None:
            _abort(context, NotFound(request.path))
        yield driver.GetFileResponse(data=content[request.offset :])

    def Close(self, _request: driver.CloseRequest, _context: grpc.ServicerContext) -> driver.CloseResponse:
        """Has nothing to let go of."""
        return driver.CloseResponse()

    def WatchChanges(
        self, requests: Iterator[watch_pb2.WatchChangesRequest], context: grpc.ServicerContext
    ) -> Iterator[watch_pb2.WatchChangesResponse]:
        """Tells what is there, or what happened since a cursor, and then what happens."""
        start = next(requests).start
        while not next(requests).fingerprints.last:
            pass
        place = int(start.cursor) if start.HasField("cursor") else None
        self.cursors.append(place)
        self.told.clear()
        if place is not None and place < self._begin:
            _abort(context, CursorExpired(f"the journal begins at {self._begin}"))
        number = 0
        if place is None:
            place, number = self.place, 1
            yield watch_pb2.WatchChangesResponse(snapshot_begin=watch_pb2.SnapshotBegin(snapshot=1, whole=True))
            there = [path for path, content in dict(self._entries).items() if content is not None]
            batch = self._batch(number, there, place)
            batch.snapshot = 1
            batch.listings.add(path="", complete=True, observed_seq=self._next())
            yield watch_pb2.WatchChangesResponse(batch=batch)
            yield watch_pb2.WatchChangesResponse(snapshot_end=watch_pb2.SnapshotEnd(snapshot=1))
        while start.live and context.is_active():
            self._wait_beyond(place)
            yield watch_pb2.WatchChangesResponse(heartbeat=watch_pb2.Heartbeat())
            if self.place > place:
                paths = [path for path, _ in self._entries[place:]]
                place, number = place + len(paths), number + 1
                yield watch_pb2.WatchChangesResponse(batch=self._batch(number, dict.fromkeys(paths), place))

    def _wait_beyond(self, place: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.place > place, BEAT)

    def _batch(self, number: int, paths: list[str] | dict[str, None], place: int) -> watch_pb2.ChangeBatch:
        self.told += paths
        observations = [self._look(path) for path in paths]
        return watch_pb2.ChangeBatch(batch=number, observations=observations, cursor=str(place).encode())

    def _look(self, path: str) -> observation_pb2.Observation:
        seen = observation_pb2.Observation(path=path, observed_seq=self._next())
        content = dict(self._entries).get(path)
        if content is None:
            seen.absent.SetInParent()
        else:
            seen.present.kind = observation_pb2.FILE_KIND_FILE
            seen.present.size = len(content)
            seen.present.revision = blake3(content).hexdigest()
        return seen

    def _next(self) -> int:
        with self._changed:
            self._seen += 1
            return (self._generation << 40) + self._seen


def _abort(context: grpc.ServicerContext, error: DriverError) -> NoReturn:
    context.abort_with_status(to_status(error))  # type: ignore[arg-type]  # The stubs want a class, gRPC three names.
    raise AssertionError  # Never reached: abort raises.
