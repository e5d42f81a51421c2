"""A folder in a Dropbox on loopback, and people who use it there without Onitu."""

from __future__ import annotations

import datetime
import uuid
from pathlib import Path
from typing import ClassVar

from onitu import conformance
from onitu.conformance.target import read_quirks
from tests.functional.harness import Onitu
from tests.functional.servers.dropbox import Account, Dropbox, Fault, dropbox
from tests.functional.servers.dropbox.account import Entry as ServerEntry
from tests.functional.servers.dropbox.account import lower
from tests.functional.targets.target import MEBIBYTE, Ability, Target
from tests.functional.trees import Entry, digest_of

ENTRIES = 2_500
"""In the large directory of the kit: two pages of a listing."""

QUIRKS = Path(__file__).parents[3] / "drivers" / "dropbox" / "quirks"


class Visitor(conformance.Backstage):
    """People who work in a folder, without any API.

    Args:
        server: The Dropbox.
        root: The folder, beginning with "/".
    """

    def __init__(self, server: Dropbox, root: str) -> None:
        self._server = server
        self._root = root

    @property
    def _account(self) -> Account:
        return self._server.account

    def write(self, path: str, content: bytes) -> None:
        self._account.write(f"{self._root}/{path}", content, overwrite=True, strict=True)

    def read(self, path: str) -> bytes:
        """Returns the content of a file."""
        return self._account.find(f"{self._root}/{path}").content or b""

    def make_directory(self, path: str) -> None:
        self._account.make_folder(f"{self._root}/{path}")

    def move(self, path: str, destination: str) -> None:
        self._account.move(f"{self._root}/{path}", f"{self._root}/{destination}")

    def delete(self, path: str) -> None:
        self._account.delete(f"{self._root}/{path}")

    def limit_rate(self, path: str) -> None:
        del path
        self._server.faults.add(Fault("status", 429, retry_after=1), "files/get_metadata")

    def break_down(self) -> None:
        self._server.proxy.cut()

    def mend(self) -> None:
        self._server.proxy.open_again()

    def tree(self) -> dict[str, Entry]:
        """Looks at everything there."""
        found = {}
        account = self._account
        with account.changed:
            for key in account.below(lower(self._root)):
                entry = account.find(key)
                # What lies above is spelled as it is itself, whatever whoever wrote the entry believed.
                parts = key.split("/")
                names = [account.find("/".join(parts[:depth])).name for depth in range(2, len(parts) + 1)]
                path = "/".join(names)[len(self._root) :]
                if path.split("/")[0] == ".onitu":
                    continue
                found[path] = _shown(entry)
        return found


def _shown(entry: ServerEntry) -> Entry:
    if entry.content is None or entry.client_modified is None:
        return Entry("directory")
    modified = entry.client_modified.replace(tzinfo=datetime.UTC)
    return Entry("file", digest_of(entry.content), mtime_ns=int(modified.timestamp()) * 10**9)


class DropboxTarget(Target):
    """A service of the driver `dropbox`: a folder of its own in the Dropbox that all tests share."""

    driver = "dropbox"
    large = 24 * MEBIBYTE
    reaction: ClassVar[float] = 30.0
    unable: ClassVar = {
        Ability.BACKSLASH: "Dropbox takes none",
        Ability.EXECUTABLE: "Dropbox knows no executable bits",
        Ability.CORRUPT: "Dropbox compares what comes with its content_hash",
    }

    def __init__(self, onitu: Onitu, name: str, **block: object) -> None:
        self._server = dropbox()
        self._root = f"/{uuid.uuid4().hex}"
        self._visitor = Visitor(self._server, self._root)
        self._server.account.make_folder(self._root)
        onitu.closing.callback(self._visitor.mend)
        super().__init__(onitu, name, **block)

    @property
    def server(self) -> Dropbox:
        """The Dropbox."""
        return self._server

    @classmethod
    def conformance(cls, place: Path) -> conformance.Target:
        del place
        server, root = dropbox(), f"/kit-{uuid.uuid4().hex}"
        server.account.make_folder(root)
        return conformance.Target(
            name="dropbox",
            command=conformance.Target.installed("dropbox").command,
            options={**server.options(), "root": root},
            quirks=read_quirks(QUIRKS / "fake.toml"),
            behind=lambda folder: Visitor(server, f"{root}/{folder}"),
            entries=ENTRIES,
        )

    def options(self) -> dict[str, object]:
        return {**self._server.options(), "root": self._root}

    def write(self, path: str, content: bytes) -> None:
        self._visitor.write(path, content)

    def append(self, path: str, content: bytes) -> None:
        # Nothing is appended to in Dropbox: a longer content comes in its place.
        self.write(path, self._visitor.read(path) + content)

    def make_directory(self, path: str) -> None:
        self._visitor.make_directory(path)

    def move(self, path: str, destination: str) -> None:
        self._visitor.move(path, destination)

    def delete(self, path: str) -> None:
        self._visitor.delete(path)

    def tree(self) -> dict[str, Entry]:
        return self._visitor.tree()

    def break_down(self) -> None:
        self._visitor.break_down()

    def mend(self) -> None:
        self._visitor.mend()


TARGET = DropboxTarget
