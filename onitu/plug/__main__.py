"""`python -m onitu.plug NAME`: the process of an installed driver.

The core starts it, hands it a token on stdin and keeps stdin open for as long as it lives; end-of-file there ends this
process at once, whatever it is doing, so that no driver outlives a core that was killed. `start()` of the driver runs
on the main thread; everything else on threads of the server.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Final, NoReturn

from onitu import utils
from onitu.collecting import collect_rarely, keep_for_good
from onitu.errors import DriverError
from onitu.plug import logs
from onitu.plug.package import manifest_of, plug_of
from onitu.plug.server import Server
from onitu.plug.servicer import Servicer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from onitu.plug.plug import Plug

LISTEN: Final = "ONITU_DRIVER_LISTEN"
"""The variable with the address to serve at."""

DEBUG: Final = "ONITU_DEBUG"
"""The variable that, when set to something, asks for debug lines."""

TOKEN_DIGITS: Final = 64
"""32 bytes in hexadecimal."""

_STDIN: Final = 0

_log = logging.getLogger("onitu.driver")


def main(arguments: list[str]) -> int:
    """Runs a driver until it ends and returns the exit code.

    Args:
        arguments: The driver's name.
    """
    collect_rarely()
    # Whatever a library prints must not be taken for something else: stdout leads nowhere the core reads.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    logs.set_up(debug=bool(os.environ.get(DEBUG)))
    address = os.environ.get(LISTEN)
    if len(arguments) != 1 or not address:
        return _refuse(f"usage: {LISTEN}=unix:<path> python -m onitu.plug NAME, as Onitu itself starts it")
    token = _read_token()
    if token is None:
        return _refuse("no token came on stdin: a driver is started by Onitu, not by hand")
    try:
        package = load(arguments[0])
        plug, manifest = plug_of(package, arguments[0]), manifest_of(package, arguments[0])
    except DriverError as error:
        return _refuse(str(error))
    threading.Thread(target=end_with_the_core, args=(plug,), name="stdin", daemon=True).start()
    servicer = Servicer(plug, manifest)
    server = Server(plug, servicer, token=token)
    try:
        server.start(address)
    except OSError as error:
        return _refuse(str(error))
    _log.debug("driver_listening", extra={"driver": manifest.name})
    servicer.configured.wait()
    keep_for_good()
    return run(package.start, plug)


def run(start: Callable[[], object], plug: Plug) -> int:
    """Runs `start()` of a configured driver and returns the exit code for what became of it."""
    for task, effect in plug.missing_features().items():
        _log.info("feature_missing", extra={"service": plug.service_name, "feature": task, "reason": effect})
    try:
        start()
        error = DriverError("start() returned, which it must not do before the driver's end of life")
    except Exception as raised:  # noqa: BLE001  A supervised border: whatever start() raises is the service's state (CONTRACT D8).
        error = plug.wrapped("start", raised)
    if not plug.is_closed:
        _log.error("service_failed", extra={"service": plug.service_name, "reason": str(error)})
        if plug.fail(error):
            return 1
    # Here Onitu is closing, or has yet to be told what start() failed of: it ends this process when it has heard.
    threading.Event().wait()
    return 0


def _refuse(reason: str) -> int:
    _log.error("service_failed", extra={"reason": reason})
    return 1


def _read_token() -> str | None:
    line = b""
    while len(line) <= TOKEN_DIGITS and not line.endswith(b"\n"):
        byte = os.read(_STDIN, 1)
        if not byte:
            return None
        line += byte
    token = line.decode("ascii", "replace").strip()
    return token if len(token) == TOKEN_DIGITS else None


def load(name: str) -> ModuleType:
    """Returns the package of an installed driver.

    Raises:
        DriverError: There is none of that name, or importing it failed.
    """
    drivers = utils.get_available_drivers()
    if name not in drivers:
        message = f"the driver {name!r} is not installed; installed are: {', '.join(sorted(drivers)) or 'none'}"
        raise DriverError(message)
    try:
        package: ModuleType = drivers[name].load()
    except Exception as error:
        _log.error("import_failed", exc_info=error)
        message = f"the driver {name!r} cannot be imported: {type(error).__name__}: {error}"
        raise DriverError(message) from error
    return package


def end_with_the_core(plug: Plug) -> None:
    """Waits for the end of stdin and ends the process then, its children with it."""
    while os.read(_STDIN, 4096):
        pass
    if plug.is_closed and not _has_children():
        os._exit(0)
    _end_group()


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _end_group() -> NoReturn:
    # Only a group of our own: one that was inherited has others in it.
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    # Not `sys.exit`: that would wait for the threads of calls that nobody waits for any more.
    os._exit(code)
