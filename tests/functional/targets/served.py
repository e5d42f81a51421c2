"""Services whose files lie in a directory of this host, behind a server: people there need no network."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import ClassVar, Protocol

from onitu.conformance.backstage import OnThisHost
from onitu.conformance.check import NotVisible
from tests.functional.harness import Onitu
from tests.functional.servers.program import Server
from tests.functional.servers.proxy import Proxy
from tests.functional.targets.target import MEBIBYTE, Ability, Target
from tests.functional.trees import HIDDEN, Entry, snapshot, write


class Served(Protocol):
    """A server whose files lie in a directory of this host."""

    @property
    def server(self) -> Server:
        """The server."""

    @property
    def proxy(self) -> Proxy:
        """The way to it."""

    @property
    def files(self) -> Path:
        """Where its files lie."""


class ServedTarget(Target):
    """A service whose root is a directory of its own, among the files of a server."""

    large = 24 * MEBIBYTE
    reaction: ClassVar[float] = 30.0
    unable: ClassVar = {
        Ability.EXECUTABLE: "the protocol knows no executable bits",
        Ability.CORRUPT: "what the server sends is what lies on its disk",
    }

    def __init__(self, onitu: Onitu, name: str, **block: object) -> None:
        self._served: Served = self.serve()
        self._place = uuid.uuid4().hex
        self.root = self._served.files / self._place
        self.root.mkdir()
        onitu.closing.callback(self._served.proxy.open_again)
        super().__init__(onitu, name, **{"changes_timer": 1, **block})

    @classmethod
    def serve(cls) -> Served:
        """Returns the server, which all tests share."""
        raise NotImplementedError

    @property
    def server(self) -> Server:
        """The server's process."""
        return self._served.server

    def write(self, path: str, content: bytes) -> None:
        write(self.root / path, content)

    def append(self, path: str, content: bytes) -> None:
        with (self.root / path).open("ab") as stream:
            stream.write(content)

    def make_directory(self, path: str) -> None:
        (self.root / path).mkdir(parents=True)

    def move(self, path: str, destination: str) -> None:
        (self.root / destination).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).rename(self.root / destination)

    def delete(self, path: str) -> None:
        place = self.root / path
        shutil.rmtree(place) if place.is_dir() else place.unlink()

    def tree(self) -> dict[str, Entry]:
        return {path: entry for path, entry in snapshot(self.root).items() if HIDDEN not in path.split("/")}

    def break_down(self) -> None:
        self._served.proxy.cut()

    def mend(self) -> None:
        self._served.proxy.open_again()


class VisitorOnThisHost(OnThisHost):
    """People at the server's own disk, who can also take the server away.

    Args:
        served: The server.
        root: The folder's directory there.
        busy: What the server would answer when it is asked too often, or None where it has no such answer.
    """

    def __init__(self, served: Served, root: Path, busy: bytes | None = None) -> None:
        super().__init__(str(root))
        self._served = served
        self._busy = busy

    def limit_rate(self, path: str) -> None:
        if self._busy is None:
            super().limit_rate(path)
        else:
            self._served.proxy.answer_once(self._busy)

    def tear(self, path: str) -> None:
        raise NotVisible(f"the server lists {path!r} whole, or not at all")

    def break_down(self) -> None:
        self._served.proxy.cut()

    def mend(self) -> None:
        self._served.proxy.open_again()
