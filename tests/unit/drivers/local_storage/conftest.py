"""A root on the disk, opened as the driver opens it, and a recorder in the place of the change stream."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from onitu_local_storage import observe
from onitu_local_storage.root import Root, open_root

from onitu.plug import (
    Attributes,
    FileIdentity,
    Folder,
    LocalFile,
    Present,
    RootState,
    State,
    Upload,
)
from onitu.plug.marker import Owner

OWNER = Owner(setup="setup", service="disk")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    """A root that may be written."""
    opened, report = open_root(str(tmp_path / "root"), Folder(name="docs"), OWNER)
    assert opened is not None, report
    yield opened
    opened.close()


@pytest.fixture
def files(root: Root) -> Path:
    """The same root, as its user sees it."""
    return Path(root.path)


@pytest.fixture
def seen(root: Root) -> Callable[[str], Present]:
    """Looks at an entry that must be there."""

    def look(path: str) -> Present:
        state = observe.look_beneath(root.fd, path)
        assert isinstance(state, Present)
        return state

    return look


@pytest.fixture
def trash(files: Path) -> Callable[[], dict[str, bytes]]:
    """Returns everything in the trash: the path it had, and its content."""

    def contents() -> dict[str, bytes]:
        base = files / ".onitu" / "trash"
        found = [path for path in base.rglob("*") if path.is_file()]
        return {"/".join(path.relative_to(base).parts[1:]): path.read_bytes() for path in found}

    return contents


def new_file(path: str, size: int, *, expected: str | None = None, **attributes: int | bool | None) -> Upload:
    """Returns the upload of a file."""
    return Upload(path=path, expected=expected, size=size, attributes=Attributes(**attributes))  # type: ignore[arg-type]


def local_file(directory: Path, path: str) -> LocalFile:
    """Returns a file of another service, as the core hands it over."""
    status = (directory / path).lstat()
    identity = FileIdentity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return LocalFile(str(directory), path, identity)


def age(path: Path) -> None:
    """Makes a file look as if it had been written long ago."""
    os.utime(path, ns=(10**18, 10**18))


def names(directory: Path) -> list[str]:
    """Returns the names in a directory, sorted."""
    return sorted(path.name for path in directory.iterdir())


class Recorder:
    """What a watcher reports, as tuples; stands in the place of `onitu.plug.Changes`."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.drain: Callable[[], None] | None = None
        self.items: list[tuple[object, ...]] = []
        self.states: dict[str, State] = {}
        self.revisions: set[str] = set()
        self.is_ready = threading.Event()
        self._changed = threading.Condition()

    def ready(self) -> None:
        self.is_ready.set()

    def report(self, path: str, state: State, *, seq: int | None = None) -> None:
        assert seq is not None
        self._add(("report", path, type(state).__name__.lower()), path, state)

    def moved(self, old: str, new: str, state: State, *, seq: int | None = None) -> None:
        assert seq is not None
        self._add(("moved", old, new), new, state)

    def rescan(self, path: str = "", *, recursive: bool = True) -> None:
        self._add(("rescan", path, recursive), None, None)

    def heartbeat(self) -> None:
        self._add(("heartbeat",), None, None)

    def root(self, state: RootState, reason: str = "") -> None:
        self._add(("root", state, reason), None, None)

    def problem(self, display_path: str, reason: str) -> None:
        self._add(("problem", display_path, reason), None, None)

    def _add(self, item: tuple[object, ...], path: str | None, state: State | None) -> None:
        with self._changed:
            self.items.append(item)
            if path is not None and state is not None:
                self.states[path] = state
                if isinstance(state, Present):
                    self.revisions.add(state.revision)
            self._changed.notify_all()

    def wait_for(self, *wanted: object, timeout: float = 10.0) -> None:
        """Waits until an item that begins like this has come."""
        with self._changed:
            came = self._changed.wait_for(lambda: any(item[: len(wanted)] == wanted for item in self.items), timeout)
        assert came, f"{wanted} did not come: {self.items}"

    def drained(self) -> list[tuple[object, ...]]:
        """Returns what has come since the last time, up to now."""
        assert self.drain is not None
        self.drain()
        with self._changed:
            items, self.items = self.items, []
        return [item for item in items if item != ("heartbeat",)]
