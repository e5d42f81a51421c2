"""A Plug served in this process, called as the core calls it."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from onitu.core.manifest import Manifest, Option, OptionType
from onitu.plug import Plug
from onitu.plug.server import Server
from onitu.plug.servicer import Servicer
from onitu.rpc.gen import driver_pb2, driver_pb2_grpc, watch_pb2

TOKEN = "ab" * 32
CARRYING = (("authorization", f"Bearer {TOKEN}"),)
DEADLINE = 20.0
MANIFEST = Manifest(
    name="toy",
    description="A toy",
    options=(
        Option(key="depth", name="Depth", description="How deep", type=OptionType.INTEGER),
        Option(
            key="ratio",
            name="Ratio",
            description="How much",
            type=OptionType.FLOAT,
            default=0.5,
            mandatory=False,
            per_folder=True,
        ),
    ),
)


class Core:
    """What a core does with a driver.

    Args:
        channel: To the driver.
        servicer: The other end.
    """

    def __init__(self, channel: grpc.Channel, servicer: Servicer) -> None:
        self.channel = channel
        self.servicer = servicer
        self.stub: Any = driver_pb2_grpc.DriverStub(channel)  # type: ignore[no-untyped-call]  # Generated.

    def call(self, method: str, **fields: Any) -> Any:  # noqa: ANN401  Each method has its own messages.
        """Makes a unary call; its request has these fields."""
        request = getattr(driver_pb2, f"{method}Request")(**fields)
        return getattr(self.stub, method)(request, metadata=CARRYING, timeout=DEADLINE)

    def configure(self, *, generation: int = 1, **changes: object) -> driver_pb2.ConfigureResponse:
        """Configures the driver for one folder."""
        fields: dict[str, object] = {"service": "toy", "setup_id": "setup", "options": {"depth": 3}} | changes
        fields.setdefault(
            "folders", [driver_pb2.FolderMapping(name="photos", path="base/photos", mode="MODE_READ_WRITE")]
        )
        response: driver_pb2.ConfigureResponse = self.call("Configure", generation=generation, **fields)
        return response

    def watch(self, *, live: bool, folder: str = "photos", cursor: bytes | None = None) -> Watching:
        """Opens the change stream of a folder, without fingerprints."""
        watching = Watching(self, watch_pb2.WatchStart(folder=folder, live=live, cursor=cursor))
        watching.say(fingerprints=watch_pb2.DirectoryFingerprints(last=True))
        return watching


class Watching:
    """One change stream, from the core's side; every batch is acknowledged as it is taken."""

    def __init__(self, core: Core, start: watch_pb2.WatchStart) -> None:
        self._said: queue.SimpleQueue[watch_pb2.WatchChangesRequest | None] = queue.SimpleQueue()
        self.say(start=start)
        self.call: Any = core.stub.WatchChanges(iter(self._said.get, None), metadata=CARRYING, timeout=DEADLINE)

    def say(self, **message: Any) -> None:  # noqa: ANN401  As `call`.
        """Sends a message."""
        self._said.put(watch_pb2.WatchChangesRequest(**message))

    def hang_up(self) -> None:
        """Says no more."""
        self._said.put(None)

    def __iter__(self) -> Iterator[watch_pb2.WatchChangesResponse]:
        for message in self.call:
            if message.HasField("batch"):
                self.say(acknowledgement=watch_pb2.Acknowledgement(batch=message.batch.batch))
            yield message

    def until(self, kind: str) -> list[watch_pb2.WatchChangesResponse]:
        """Returns the messages up to the first of a kind."""
        messages: list[watch_pb2.WatchChangesResponse] = []
        for message in self:
            messages.append(message)
            if message.WhichOneof("message") == kind:
                return messages
        message_ = f"the stream ended without {kind}"
        raise AssertionError(message_)


@contextmanager
def serving(plug: Plug, directory: Path, *, listening: bool = True, manifest: Manifest = MANIFEST) -> Iterator[Core]:
    """Serves a Plug on a socket and gives the core's side of it.

    Args:
        plug: What is served.
        directory: Where the socket is made.
        listening: Whether `start()` is taken to have come to `listen()`.
        manifest: The driver's manifest.
    """
    servicer = Servicer(plug, manifest)
    server = Server(plug, servicer, token=TOKEN)
    address = server.start(f"unix:{directory}/d.sock")
    if listening:
        plug._started.set()
    with grpc.insecure_channel(address) as channel:
        grpc.channel_ready_future(channel).result(DEADLINE)
        try:
            yield Core(channel, servicer)
        finally:
            server.stop()
