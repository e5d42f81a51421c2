"""The sockets the API is reached by, and the wait until somebody knocks.

A web server takes a second to import and some megabytes to hold, and many a core is never asked anything. So the
sockets are opened at the start, where a fault can be told, and everything else is done when somebody connects.

There are two: an address, and a socket in the private directory of this core, by which this user's own commands reach
it without a token. Where that lies is written into the data directory.
"""

from __future__ import annotations

import importlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from onitu.log import get_logger
from onitu.rest.access import Access, bracketed
from onitu.rest.address import NOTE, Address

if TYPE_CHECKING:
    from onitu.rest.desk import Desk
    from onitu.rest.server import Server

#: Name of the private socket.
SOCKET = "api"

#: Connections that may wait to be taken.
BACKLOG = 100

#: Seconds until an address that somebody else has is tried again.
PATIENCE = 10.0


class Door:
    """The sockets, and who waits behind them.

    Args:
        address: Where the API is reached; None for the private socket alone.
        desk: The running core.
        directory: The data directory.
        runtime: A private directory for sockets.
    """

    def __init__(self, address: Address | None, desk: Desk, *, directory: Path, runtime: Path) -> None:
        self._address = address
        self._access = Access(address.host, address.port, address.token) if address is not None else Access()
        self._desk = desk
        self._directory = directory
        self._runtime = runtime
        self._server: Server | None = None
        self._waking = trio.Lock()

    async def run(self) -> None:
        """Serves the API until it is cancelled. That an address is taken never ends the core."""
        with _private_socket(self._runtime / SOCKET, self._directory / NOTE) as private:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._serve, private)
                if self._address is not None:
                    nursery.start_soon(self._open, self._address)

    async def _open(self, address: Address) -> None:
        """Serves the address."""
        with await _take(address) as public:
            self._access.port = public.getsockname()[1]
            get_logger().info("api_opened", host=address.host, port=self._access.port)
            await self._serve(public)

    async def _serve(self, listener: socket.socket) -> None:
        """Serves one socket, once somebody has connected to it."""
        await trio.lowlevel.wait_readable(listener)
        async with self._waking:
            if self._server is None:
                module = await trio.to_thread.run_sync(importlib.import_module, "onitu.rest.server")
                self._server = module.Server(self._desk, self._access)
        await self._server.serve(listener)


async def _take(address: Address) -> socket.socket:
    """Returns a socket that listens, as soon as nobody else has the address."""
    while True:
        try:
            return _public_socket(address)
        except OSError as error:
            place = f"{bracketed(address.host)}:{address.port}"
            reason = f"{place}: {error.strerror or error}; choose another by --port or api.port"
            get_logger().error("api_closed", reason=reason, retry_in=PATIENCE)
            await trio.sleep(PATIENCE)


def _public_socket(address: Address) -> socket.socket:
    """Returns a socket that listens on an address.

    Raises:
        OSError: It is somebody else's, or no address of this machine.
    """
    family, kind, protocol, _, place = socket.getaddrinfo(
        address.host.strip("[]"), address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        _listen(listener)
    except OSError:
        listener.close()
        raise
    return listener


def _listen(listener: socket.socket) -> None:
    listener.setblocking(False)  # noqa: FBT003 - the method's own
    listener.listen(BACKLOG)


@contextmanager
def _private_socket(path: Path, note: Path) -> Iterator[socket.socket]:
    """Yields a socket that only this user can reach, and has a file say where it is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(os.fspath(path))
        _listen(listener)
        note.write_text(f"{path}\n", "utf-8")
        try:
            yield listener
        finally:
            note.unlink(missing_ok=True)
