"""The driver: what it connects to. Its handlers are those of any service of files (`onitu.plug.filing`)."""

from __future__ import annotations

import ssl

from onitu.plug import DriverError, Plug
from onitu.plug.filing import Filing

from .files import FtpFiles
from .pool import Pool
from .session import Access

MOST = 16
"""Calls that come at once; how many connections serve them is the user's choice."""

plug = Plug()


def start() -> None:
    """Serves until Onitu closes."""
    plug.listen()


def _connect() -> FtpFiles:
    options = plug.options
    connections = options["connections"]
    access = Access(
        host=str(options["host"]),
        port=int(options["port"] or 21),
        username=str(options["username"]),
        password=str(options["password"] or ""),
        tls=_context() if options["tls"] else None,
    )
    where = f"ftp://{access.username}@{access.host}:{access.port}"
    return FtpFiles(Pool(access, max(1, int(connections or 1))), str(options["root"]), where)


def _context() -> ssl.SSLContext:
    ca_file = plug.options["ca_file"]
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:
        raise DriverError(f"{ca_file!r}: the certificates cannot be read: {error.strerror or error}") from error


filing = Filing(plug, _connect, parallel=MOST)
