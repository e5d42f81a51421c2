"""Services whose files lie in a directory of this host, behind a server: people there need no network."""

from __future__ import annotations

import abc
import uuid
from pathlib import Path
from typing import ClassVar, Protocol

from onitu.conformance.backstage import OnThisHost
from onitu.conformance.check import NotVisible
from tests.functional.harness import Onitu
from tests.functional.servers.program import Server
from tests.functional.servers.proxy import Proxy
from tests.functional.targets.on_disk import OnDisk
from tests.functional.targets.target import MEBIBYTE, Ability
from tests.functional.targets.unhurried import Unhurried


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


class ServedTarget(OnDisk):
    """A service whose root is a directory of its own, among the files of a server."""

    large = 24 * MEBIBYTE
    reaction: ClassVar[float] = 30.0
    unable: ClassVar = {
        Ability.EXECUTABLE: "the protocol knows no executable bits",
        Ability.CORRUPT: "what the server sends is what lies on its disk",
        Ability.RENAME: "the protocol tells of no ids, so a rename looks like a deletion and a new file",
    }

    def __init__(self, onitu: Onitu, name: str, **block: object) -> None:
        self._served: Served = self.serve()
        self._place = uuid.uuid4().hex
        self.root.mkdir()
        onitu.closing.callback(self._served.proxy.open_again)
        super().__init__(onitu, name, **{"changes_timer": 0.25, **block})

    @classmethod
    @abc.abstractmethod
    def serve(cls) -> Served:
        """Returns the server, which all tests share."""

    @property
    def root(self) -> Path:
        return self._served.files / self._place

    @property
    def server(self) -> Server:
        """The server's process."""
        return self._served.server

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


class UnhurriedVisitor(Unhurried, VisitorOnThisHost):
    """People at the disk of a server that tells of a file nothing but its size and the second of its last change."""


class VisitorWithoutGiants(VisitorOnThisHost):
    """People at the disk of a server that reads a file whole whenever somebody asks for its ETag."""

    def make_sparse(self, path: str, size: int) -> None:
        raise NotVisible(
            f"the server takes the MD5 of all {size:,} bytes of {path!r} at every look: nobody waits so long"
        )
