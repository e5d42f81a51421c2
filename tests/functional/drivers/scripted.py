"""A read-only driver that serves what a JSON file says, faults included. It uses nothing of Onitu but the contract.

Run as ``python scripted.py SCRIPT`` by ``driver: {command: [...]}``. The script holds:

- ``files``: path to content. Paths are sent as they stand, so that a script can send what no path is.
- ``served``: path to content that `GetFile` sends instead of the one whose digest was announced.
- ``codes``: path to name of the gRPC code that `GetFile` ends with.
- ``hang``: paths whose `GetFile` never answers.
- ``torn``: directories whose listing ends without being complete; what is not in ``files`` is not sent.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from blake3 import blake3
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from onitu.rpc.gen import driver_pb2, driver_pb2_grpc, manifest_pb2, observation_pb2, watch_pb2

HEARTBEAT = 5.0  # Seconds; the contract asks for one every thirty.
SERVICE = "onitu.driver.v1.Driver"


class Scripted(driver_pb2_grpc.DriverServicer):
    """The contract, as far as a read-only service needs it.

    Args:
        script: The file.
    """

    def __init__(self, script: Path) -> None:
        self._script = script
        self._sequence = itertools.count(1)

    @property
    def script(self) -> dict[str, Any]:
        """The script as it stands now."""
        script: dict[str, Any] = json.loads(self._script.read_text("utf-8"))
        return script

    def GetManifest(self, request: Any, context: Any) -> driver_pb2.GetManifestResponse:  # noqa: ANN401, ARG002, N802
        """Returns a manifest without options."""
        manifest = manifest_pb2.Manifest(name="scripted", description="Serves what a script says.")
        manifest.capabilities.CopyFrom(CAPABILITIES)
        return driver_pb2.GetManifestResponse(manifest=manifest)

    def Configure(self, request: Any, context: Any) -> driver_pb2.ConfigureResponse:  # noqa: ANN401, ARG002, N802
        """Accepts every folder."""
        self._sequence = itertools.count((request.generation << 40) + 1)
        folders = [
            driver_pb2.FolderReport(
                name=folder.name, path=folder.path, root_state=watch_pb2.ROOT_STATE_OK, root_id="scripted"
            )
            for folder in request.folders
        ]
        return driver_pb2.ConfigureResponse(capabilities=CAPABILITIES, folders=folders)

    def Close(self, request: Any, context: Any) -> driver_pb2.CloseResponse:  # noqa: ANN401, ARG002, N802
        """Has nothing to free."""
        return driver_pb2.CloseResponse()

    def WatchChanges(  # noqa: N802
        self,
        requests: Iterable[Any],
        context: Any,  # noqa: ANN401
    ) -> Iterator[watch_pb2.WatchChangesResponse]:
        """Sends one snapshot, then signs of life."""
        iterator = iter(requests)
        live = next(iterator).start.live
        for request in iterator:
            if request.fingerprints.last:
                break
        begin = watch_pb2.SnapshotBegin(snapshot=1, ordered=True, whole=True)
        yield watch_pb2.WatchChangesResponse(snapshot_begin=begin)
        for number, batch in enumerate(self._batches(), 1):
            batch.batch, batch.snapshot = number, 1
            yield watch_pb2.WatchChangesResponse(batch=batch)
        yield watch_pb2.WatchChangesResponse(snapshot_end=watch_pb2.SnapshotEnd(snapshot=1))
        ended = threading.Event()
        context.add_callback(ended.set)
        while live and not ended.wait(HEARTBEAT):
            yield watch_pb2.WatchChangesResponse(heartbeat=watch_pb2.Heartbeat())

    def _batches(self) -> Iterator[watch_pb2.ChangeBatch]:
        script = self.script
        directories = sorted(
            {parent for path in script["files"] for parent in (*parents(path), path.rpartition("/")[0])}
            | set(script["torn"])
            | {""}
        )
        for directory in directories:
            inside = [path for path in script["files"] if directory == path.rpartition("/")[0]]
            below = [path for path in directories if path and directory == path.rpartition("/")[0]]
            listing = watch_pb2.DirectoryListing(path=directory, complete=directory not in script["torn"])
            listing.reason = "" if listing.complete else "the script tears this listing"
            observations = [self._observe(path, script) for path in (*below, *inside)]
            yield watch_pb2.ChangeBatch(observations=observations, listings=[listing])

    def _observe(self, path: str, script: dict[str, Any]) -> observation_pb2.Observation:
        observation = observation_pb2.Observation(path=path, observed_seq=next(self._sequence))
        if path in script["files"]:
            content = script["files"][path].encode()
            observation.present.kind = observation_pb2.FILE_KIND_FILE
            observation.present.size = len(content)
            observation.present.revision = blake3(content).hexdigest()
            observation.present.digests.add(algorithm="blake3", value=blake3(content).digest())
        elif any(path in parents(other) for other in script["files"]) or path in script["torn"]:
            observation.present.kind = observation_pb2.FILE_KIND_DIRECTORY
            observation.present.revision = "directory"
        else:
            observation.absent.SetInParent()
        return observation

    def StatFiles(self, request: Any, context: Any) -> driver_pb2.StatFilesResponse:  # noqa: ANN401, ARG002, N802
        """Looks the paths up in the script."""
        script = self.script
        return driver_pb2.StatFilesResponse(observations=[self._observe(path, script) for path in request.paths])

    def GetFile(self, request: Any, context: Any) -> Iterator[driver_pb2.GetFileResponse]:  # noqa: ANN401, N802
        """Sends the content, or does what the script says instead."""
        script = self.script
        if request.path in script["hang"]:
            ended = threading.Event()
            context.add_callback(ended.set)
            ended.wait()
        if code := script["codes"].get(request.path):
            context.abort(grpc.StatusCode[code], "the script says so")
        content = script["served"].get(request.path, script["files"].get(request.path, "")).encode()[request.offset :]
        if content:
            yield driver_pb2.GetFileResponse(data=content)


CAPABILITIES = manifest_pb2.Capabilities(
    watch=True,
    whole_files=True,
    stat_files=True,
    conditional=manifest_pb2.CONDITIONAL_ATOMIC,
    name_comparison=manifest_pb2.NAME_COMPARISON_EXACT,
    free_digests=["blake3"],
)


def parents(path: str) -> list[str]:
    """Lists the directories above a path, as far as it has the form of one."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))] if all(parts) else []


def main(script: Path) -> None:
    """Serves until the core is gone."""
    server = grpc.server(futures.ThreadPoolExecutor(32))
    servicer = health.HealthServicer()
    driver_pb2_grpc.add_DriverServicer_to_server(Scripted(script), server)  # type: ignore[no-untyped-call]
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    for name in ("", SERVICE):
        servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    server.add_insecure_port(os.environ["ONITU_DRIVER_LISTEN"])
    server.start()
    while sys.stdin.readline():
        pass
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
