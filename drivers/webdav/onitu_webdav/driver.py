"""The driver: what it connects to. Its handlers are those of any service of files (`onitu.plug.filing`)."""

from __future__ import annotations

from onitu.plug import Plug
from onitu.plug.filing import Filing

from .dav import CONNECTIONS, Dav
from .files import DavFiles

plug = Plug()


def start() -> None:
    """Serves until Onitu closes."""
    plug.listen()


def _connect() -> DavFiles:
    def text(key: str) -> str | None:
        value = plug.options[key]
        return None if value is None else str(value)

    url = str(plug.options["url"])
    return DavFiles(Dav(url, username=text("username"), password=text("password"), ca_file=text("ca_file")))


filing = Filing(plug, _connect, parallel=CONNECTIONS)
