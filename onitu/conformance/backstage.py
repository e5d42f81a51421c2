"""Behind the driver's back: people who change things on the service without Onitu, so that it is seen to notice.

A driver of strangers is asked for nothing but gRPC: where its files lie on this host they are edited there, else a
second instance of the same driver, with the same options, does what people would do. Who tests a driver of his own may
hand over something better.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from onitu.conformance.check import NotVisible
from onitu.conformance.folder import Folder
from onitu.conformance.session import Session


class Backstage:
    """What people do in one folder. Paths are relative to it; the directories above are there."""

    def write(self, path: str, content: bytes) -> None:
        """Writes a file, in place of one that is there."""
        raise NotImplementedError

    def make_directory(self, path: str) -> None:
        """Makes a directory."""
        raise NotImplementedError

    def move(self, path: str, destination: str) -> None:
        """Renames an entry."""
        raise NotImplementedError

    def delete(self, path: str) -> None:
        """Deletes a file or an empty directory."""
        raise NotImplementedError

    def close(self) -> None:
        """Lets go of what it holds."""

    # What not everybody can do.

    def make_sparse(self, path: str, size: int) -> None:
        """Makes a file that is nearly all hole."""
        raise NotVisible(f"nobody here can make {path!r} with {size:,} bytes at once")

    def tear(self, path: str) -> None:
        """Lets the next listing of a directory break off in its middle."""
        raise NotVisible(f"nobody here can make a listing of {path!r} break off")

    def limit_rate(self, path: str) -> None:
        """Lets the service say at the next look at a path that it is asked too often."""
        raise NotVisible(f"nobody here can make the service refuse {path!r}")

    def break_down(self) -> None:
        """Takes the service away, as when a disk is unplugged."""
        raise NotVisible("nobody here can take the service away")

    def mend(self) -> None:
        """Brings it back as it was."""
        raise NotImplementedError


class OnThisHost(Backstage):
    """People at the directory where a folder's files lie.

    Args:
        root: The directory.
    """

    def __init__(self, root: str) -> None:
        self._root = Path(root)

    def write(self, path: str, content: bytes) -> None:
        # As editors save: whole, under another name first. A name with a dot is as good as any other here.
        beside = self._root / f".{os.getpid()}.edited"
        beside.write_bytes(content)
        beside.replace(self._root / path)

    def make_directory(self, path: str) -> None:
        (self._root / path).mkdir()

    def move(self, path: str, destination: str) -> None:
        (self._root / path).rename(self._root / destination)

    def delete(self, path: str) -> None:
        place = self._root / path
        place.rmdir() if place.is_dir() else place.unlink()

    def make_sparse(self, path: str, size: int) -> None:
        with (self._root / path).open("wb") as file:
            file.truncate(size)
            file.seek(size - 4)
            file.write(b"last")

    def tear(self, path: str) -> None:
        if os.geteuid() == 0:
            raise NotVisible("root may list every directory")
        (self._root / path).chmod(0)

    def break_down(self) -> None:
        self._root.rename(self._away)

    def mend(self) -> None:
        if self._root.exists():
            shutil.rmtree(self._root)
        self._away.rename(self._root)

    @property
    def _away(self) -> Path:
        return self._root.with_name(f"{self._root.name}-away")


class SecondInstance(Backstage):
    """A second instance of the same driver, on the same service.

    Args:
        session: The instance.
        folder: The folder there.
    """

    def __init__(self, session: Session, folder: Folder) -> None:
        self._session = session
        self._folder = folder

    def write(self, path: str, content: bytes) -> None:
        there = self._folder.present(path).revision if self._folder.holds(path) else None
        self._folder.write(path, content, over=there)

    def make_directory(self, path: str) -> None:
        self._require("make_directory")
        self._folder.make_directory(path)

    def move(self, path: str, destination: str) -> None:
        self._require("move_file")
        self._folder.move(path, self._folder.present(path).revision, destination)

    def delete(self, path: str) -> None:
        self._require("delete_file")
        self._folder.delete(path, self._folder.present(path).revision)

    def close(self) -> None:
        self._session.process.close()

    def _require(self, capability: str) -> None:
        if not getattr(self._folder.able, capability):
            raise NotVisible(f"the driver itself, who works behind its back here, has no `{capability}`")
