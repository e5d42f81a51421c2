"""`python -m onitu.plug.dialled NAME ADDRESS [CA CERTIFICATE KEY]`: a driver that waits to be dialled.

Nobody hands it a token: certificates prove who calls, or it listens on this machine alone. A core that comes back after
it was cut off configures anew, and so does one that was started again; but a driver's `start()` looks for changes once.
So this process serves one configuration: it ends after `Close`, and when a newer configuration comes, and whoever keeps
it (`onitu driver serve`) starts the next one. The end of stdin ends it too.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from onitu.errors import DriverError, Unavailable
from onitu.plug import logs
from onitu.plug.__main__ import DEBUG, end_with_the_core, load, run
from onitu.plug.package import manifest_of, plug_of
from onitu.plug.server import Server, Tls
from onitu.plug.servicer import Servicer
from onitu.rpc.gen import driver_pb2

if TYPE_CHECKING:
    from onitu.core.manifest import Manifest
    from onitu.plug.plug import Plug

_GRACE: Final = 2.0
"""Seconds that calls under way have once the driver ends: until the answer to `Close` is on its way."""

_log = logging.getLogger("onitu.driver")


class DialledServicer(Servicer):
    """As its base, for one configuration; a newer one ends the driver.

    Args:
        plug: The driver's Plug.
        manifest: The driver's manifest.
    """

    def __init__(self, plug: Plug, manifest: Manifest) -> None:
        super().__init__(plug, manifest)
        self.over = threading.Event()
        """Set when this process is of no more use."""

    def configure(self, request: driver_pb2.ConfigureRequest) -> driver_pb2.ConfigureResponse:
        """Takes the settings, once."""
        if not self.configured.is_set() or request.generation <= self._plug.generation:
            return super().configure(request)
        self.close(driver_pb2.CloseRequest())
        message = "the driver begins anew for this configuration: try again in a moment"
        raise Unavailable(message)

    def close(self, request: driver_pb2.CloseRequest) -> driver_pb2.CloseResponse:
        """Frees what the driver holds, and ends it."""
        try:
            return super().close(request)
        finally:
            self.over.set()


def main(arguments: list[str]) -> int:
    """Runs a driver until one configuration of it is over, and returns the exit code.

    Args:
        arguments: The driver's name, where it listens, and for TLS three files.
    """
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # As for any driver.
    logs.set_up(debug=bool(os.environ.get(DEBUG)))
    name, address, *files = arguments
    tls = Tls(**dict(zip(("ca", "certificate", "key"), map(Path, files), strict=True))) if files else None
    try:
        package = load(name)
        plug = plug_of(package, name)
        servicer = DialledServicer(plug, manifest_of(package, name))
        server = Server(plug, servicer, token=None)
        listening = server.start(address, tls)
    except (DriverError, OSError) as error:
        _log.error("service_failed", extra={"reason": str(error)})
        return 1
    threading.Thread(target=end_with_the_core, args=(plug,), name="stdin", daemon=True).start()
    _log.info("driver_listening", extra={"driver": name, "address": listening})
    threading.Thread(target=_end, args=(servicer, server), name="over", daemon=True).start()
    servicer.configured.wait()
    return run(package.start, plug)


def _end(servicer: DialledServicer, server: Server) -> None:
    """Ends the process once it is of no more use, after what was said last has been answered."""
    servicer.over.wait()
    server.stop(_GRACE)
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    # As for any driver: threads of calls that nobody waits for keep nobody waiting.
    os._exit(code)
