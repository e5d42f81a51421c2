"""A directory of an FTP server, and people who work at the server itself."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from onitu import conformance
from onitu.conformance.target import read_quirks
from tests.functional.servers.ftp import FtpServed, pyftpdlib
from tests.functional.targets.served import ServedTarget, VisitorOnThisHost

ENTRIES = 300
"""In the large directory of the kit."""

QUIRKS = Path(__file__).parents[3] / "drivers" / "ftp" / "quirks"


class Ftp(ServedTarget):
    """A service of the driver `ftp`."""

    driver = "ftp"

    @classmethod
    def serve(cls) -> FtpServed:
        return pyftpdlib()

    @classmethod
    def conformance(cls, place: Path) -> conformance.Target:
        del place
        return target_at(pyftpdlib(), "pyftpdlib")

    def options(self) -> dict[str, object]:
        return {**self.serve().options(), "root": f"/{self._place}"}


def target_at(
    served: FtpServed, quirks: str, above: str = "", *, visitor: type[VisitorOnThisHost] = VisitorOnThisHost
) -> conformance.Target:
    """Returns the target of the conformance kit for the driver at a server.

    Args:
        served: The server.
        quirks: Name of the file with what is known not to be kept there.
        above: Where on the server its files lie.
        visitor: Who works at the server.
    """
    place = f"kit-{uuid.uuid4().hex}"
    (served.files / place).mkdir()
    shutil.chown(served.files / place, served.files.stat().st_uid)
    return conformance.Target(
        name="ftp",
        command=conformance.Target.installed("ftp").command,
        options={**served.options(), "root": f"{above}/{place}"},
        quirks=read_quirks(QUIRKS / f"{quirks}.toml"),
        behind=lambda folder: visitor(served, served.files / place / folder),
        entries=ENTRIES,
    )


TARGET = Ftp
