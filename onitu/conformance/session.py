"""A driver process that has been configured: what it can do by its own word, and its folders.

This module knows `Configure` and no other call.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from onitu.conformance.folder import Folder
from onitu.conformance.process import Process
from onitu.conformance.wire import Refusal
from onitu.core.capability import MAX_CHUNK, Capabilities, Limits, Mode
from onitu.core.manifest import OptionValue
from onitu.rpc.convert import capabilities_from_wire, limits_from_wire, options_to_wire
from onitu.rpc.gen import driver_pb2, watch_pb2

SERVICE: Final = "conformance"
SETUP: Final = "onitu-conformance"

TIMER: Final = 1.0
"""Seconds between two listings of a service that cannot be watched: few, for the sake of the checks."""

_MODES: Final = {
    Mode.READ: driver_pb2.MODE_READ,
    Mode.WRITE: driver_pb2.MODE_WRITE,
    Mode.READ_WRITE: driver_pb2.MODE_READ_WRITE,
}

_LAST: Final = 1 << 23
_generations: Final = itertools.count(1)


@attrs.frozen(kw_only=True)
class Place:
    """A folder to be configured: its name, its place below the service's root, what may be done there, and its root."""

    name: str
    path: str
    mode: Mode = Mode.READ_WRITE
    symlinks: bool = False
    root_id: str | None = None


@attrs.frozen(kw_only=True)
class Session:
    """A configured driver.

    Attributes:
        process: Its process.
        able: What the service can do.
        limits: The numbers to keep to.
        reports: What it said of each folder.
        chunk_size: Bytes of a chunk that it wants.
    """

    process: Process
    able: Capabilities
    limits: Limits
    reports: dict[str, driver_pb2.FolderReport]
    chunk_size: int

    def folder(self, name: str) -> Folder:
        """Returns a folder that was configured.

        Raises:
            AssertionError: The driver has not found its root.
        """
        report = self.reports[name]
        state = watch_pb2.RootState.Name(report.root_state)
        assert report.root_state == watch_pb2.ROOT_STATE_OK, f"the root of {report.path!r} is {state}: {report.reason}"
        return Folder(
            wire=self.process.wire,
            name=name,
            able=self.able,
            limits=self.limits,
            chunk_size=self.chunk_size,
            local_root=report.local_root if report.HasField("local_root") else None,
            root_id=report.root_id,
        )


def request_of(
    options: Mapping[str, OptionValue], mappings: Iterable[Place], generation: int
) -> driver_pb2.ConfigureRequest:
    """Returns the request that configures a service."""
    request = driver_pb2.ConfigureRequest(
        service=SERVICE, setup_id=SETUP, generation=generation, options=options_to_wire(options), changes_timer=TIMER
    )
    for mapping in mappings:
        request.folders.add(
            name=mapping.name,
            path=mapping.path,
            mode=_MODES[mapping.mode],
            root_id=mapping.root_id,
            symlinks=mapping.symlinks,
        )
    return request


def next_generation() -> int:
    """Returns a generation that is greater than all before it in this run."""
    return next(_generations)


def configure(process: Process, options: Mapping[str, OptionValue], mappings: Iterable[Place]) -> Session:
    """Configures a driver, and settles the chunk size as the core does.

    Raises:
        Refusal: It refuses.
    """
    wanted = list(mappings)
    answer = _configured(process, options, wanted)
    manifest = process.wire.call("GetManifest", driver_pb2.GetManifestRequest()).manifest
    limits = answer.limits if answer.HasField("limits") else manifest.limits
    able = capabilities_from_wire(answer.capabilities)
    return Session(
        process=process,
        able=able,
        limits=limits_from_wire(limits),
        reports={report.name: report for report in answer.folders},
        chunk_size=_chunk_size(process) if able.chunks else MAX_CHUNK,
    )


def _configured(
    process: Process, options: Mapping[str, OptionValue], mappings: list[Place]
) -> driver_pb2.ConfigureResponse:
    generation = next_generation()
    while True:
        try:
            request = request_of(options, mappings, generation)
            answer: driver_pb2.ConfigureResponse = process.wire.call("Configure", request, timeout=60)
        except Refusal as refusal:
            # A driver that was dialled has served others before us.
            if process.pid is not None or refusal.code.name != "FAILED_PRECONDITION" or generation * 2 > _LAST:
                raise
            generation *= 2
        else:
            while next_generation() < generation:
                pass
            return answer


def _chunk_size(process: Process) -> int:
    request = driver_pb2.SetChunkSizeRequest(chunk_size=MAX_CHUNK)
    try:
        answer = process.wire.call("SetChunkSize", request)
    except Refusal as refusal:
        if refusal.code.name != "UNIMPLEMENTED":
            raise
        return MAX_CHUNK
    return int(answer.chunk_size) if answer.HasField("chunk_size") else MAX_CHUNK
