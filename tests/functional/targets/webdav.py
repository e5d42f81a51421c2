"""A directory of a WebDAV server, and people who work at the server itself."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from onitu import conformance
from onitu.conformance.target import read_quirks
from tests.functional.servers.webdav import Served, wsgidav
from tests.functional.targets.served import ServedTarget, VisitorOnThisHost

ENTRIES = 300
"""In the large directory of the kit."""

BUSY = b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

QUIRKS = Path(__file__).parents[3] / "drivers" / "webdav" / "quirks"


class WebDav(ServedTarget):
    """A service of the driver `webdav`."""

    driver = "webdav"

    @classmethod
    def serve(cls) -> Served:
        return wsgidav()

    @classmethod
    def conformance(cls, place: Path) -> conformance.Target:
        del place
        return target_at(wsgidav(), "wsgidav")

    def options(self) -> dict[str, object]:
        served = self.serve()
        return {**served.options(), "url": f"{served.url}/{self._place}"}


def target_at(
    served: Served, quirks: str, *, visitor: type[VisitorOnThisHost] = VisitorOnThisHost
) -> conformance.Target:
    """Returns the target of the conformance kit for the driver at a server.

    Args:
        served: The server.
        quirks: Name of the file with what is known not to be kept there.
        visitor: Who works at the server.
    """
    place = f"kit-{uuid.uuid4().hex}"
    (served.files / place).mkdir()
    shutil.chown(served.files / place, served.files.stat().st_uid)
    return conformance.Target(
        name="webdav",
        command=conformance.Target.installed("webdav").command,
        options={**served.options(), "url": f"{served.url}/{place}"},
        quirks=read_quirks(QUIRKS / f"{quirks}.toml"),
        behind=lambda folder: visitor(served, served.files / place / folder, BUSY),
        entries=ENTRIES,
    )


TARGET = WebDav
