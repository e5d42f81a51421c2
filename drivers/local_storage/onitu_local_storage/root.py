"""Which root a folder has: opening it, telling whether it is the one the core knows, watching over it.

A disk that is not mounted looks like an empty directory, and an empty directory looks like everything having been
deleted. So a root is known by a marker in it, or, where Onitu may not write, by file system and inode; and it is
looked at again before every mutation. This module does not know what is done to the entries of a root.
"""

from __future__ import annotations

import os
import threading
import uuid
from typing import TYPE_CHECKING

from onitu.plug import FolderReport, InvalidPath, Mode, RootState, Unavailable
from onitu.plug.marker import NAME, Marker, Owner, UnreadableError, copied, empty, gone, nested, stranger, unknown

from . import beneath
from . import marker as marker_file
from .area import Area

if TYPE_CHECKING:
    from onitu.plug import Folder

_OWN = 10_000  # Revisions of our own that are remembered: events come within moments.
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_SEARCH = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)


class Refused(Exception):
    """The root cannot be used; the report says why."""

    def __init__(self, state: RootState, reason: str) -> None:
        super().__init__(reason)
        self.report = FolderReport(state, reason=reason)


class Root:
    """The open root of one folder.

    Attributes:
        path: Absolute path.
        fd: Descriptor of the directory.
        id: Identity, as the core keeps it.
        area: The directory `.onitu`, or None where Onitu may not write.
        symlinks: Whether symbolic links take part.
        closed: Set once it is closed.
    """

    def __init__(self, path: str, fd: int, root_id: str, area: Area | None, *, symlinks: bool = False) -> None:
        self.path = path
        self.fd = fd
        self.id = root_id
        self.area = area
        self.symlinks = symlinks
        self._marker_path = os.path.join(path, NAME)
        self._has_marker = not root_id.startswith(_INODE_ID)
        self._seen = self._look()
        self.closed = threading.Event()
        self._own: dict[str, str] = {}
        self._mutex = threading.Lock()

    def close(self) -> None:
        """Takes no more work. Descriptors and lock are let go of when the last handler that uses them has returned."""
        self.closed.set()

    def __del__(self) -> None:
        os.close(self.fd)

    def writable(self) -> Area:
        """Returns `.onitu` if mutations are safe here: the root is still the one that was opened.

        Raises:
            Unavailable: It is not; or the folder is mapped without `w`.
        """
        if self.area is None:
            raise Unavailable(f"{self.path!r} is mapped without the mode 'w'")
        state, reason = self.state()
        if state is not RootState.OK:
            raise Unavailable(reason)
        return self.area

    def remember_own(self, path: str, revision: str) -> None:
        """Notes a revision that was made here and answered to the core, who need not be told of it once more."""
        with self._mutex:
            if len(self._own) >= _OWN:
                del self._own[next(iter(self._own))]
            self._own[path] = revision

    def is_own(self, path: str, revision: str) -> bool:
        """Tells whether a revision is the one that was answered to the core for this path."""
        return self._own.get(path) == revision

    def state(self) -> tuple[RootState, str]:
        """Tells whether the root is still there and still the same, and why not. Costs one call as a rule."""
        try:
            if self._look() == self._seen:
                return RootState.OK, ""
            return self._look_closer()
        except FileNotFoundError:
            return self._what_is_missing()
        except OSError as error:
            return RootState.MISSING, f"the root {self.path!r} cannot be reached: {error.strerror}"

    def _look(self) -> tuple[int, int]:
        # The marker's path leads through the root: if the marker is the same inode, so is the root.
        status = os.stat(self._marker_path if self._has_marker else self.path)
        return status.st_dev, status.st_ino

    def _look_closer(self) -> tuple[RootState, str]:
        """Somebody may have restored the marker from a backup: the same words are the same marker."""
        there = os.stat(self.path)
        ours = os.fstat(self.fd)
        if (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):
            return RootState.DIFFERENT, f"another directory has taken the place of the root {self.path!r}"
        try:
            marker = _read_marker(self.fd)
        except Refused as refused:
            return refused.report.root_state, refused.report.reason
        if marker is None or marker.root != self.id:
            return RootState.DIFFERENT, stranger(self.path)
        self._seen = self._look()
        return RootState.OK, ""

    def _what_is_missing(self) -> tuple[RootState, str]:
        if not os.path.isdir(self.path):
            return RootState.MISSING, gone(self.path)
        if not _has_entries(self.path):
            return RootState.MISSING, empty(self.path)
        return RootState.DIFFERENT, stranger(self.path)


def open_root(service_root: str, folder: Folder, owner: Owner) -> tuple[Root | None, FolderReport]:
    """Opens the root of a folder.

    Args:
        service_root: The option `root`.
        folder: Its mapping.
        owner: Who asks.

    Returns:
        The root, or None where it cannot be used, and what to tell the core.

    Raises:
        Unavailable: Another process writes there.
        InvalidPath: The settings name no directory.
        OSError: The root is there and cannot be used all the same.
    """
    if not service_root or ".." in folder.path.split("/") or os.path.isabs(folder.path):
        raise InvalidPath(f"{folder.path!r} below {service_root!r} is no directory for the folder {folder.name!r}")
    path = os.path.normpath(os.path.join(os.path.abspath(os.path.expanduser(service_root)), folder.path))
    try:
        descriptor = _open_or_create(path, folder)
    except Refused as refused:
        return None, refused.report
    try:
        area, root_id = _identify(path, descriptor, folder, owner)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, Refused):
            return None, error.report
        raise
    report = FolderReport(RootState.OK, root_id, local_root=path, path=os.path.normpath(folder.path))
    return Root(path, descriptor, root_id, area, symlinks=folder.symlinks), report


def _open_or_create(path: str, folder: Folder) -> int:
    try:
        return os.open(path, _DIRECTORY)
    except FileNotFoundError:
        if folder.root_id is not None:
            raise Refused(RootState.MISSING, gone(path)) from None
        if Mode.WRITE not in folder.mode:
            raise Refused(RootState.MISSING, f"the root {path!r} is not there, and may not be made there") from None
        os.makedirs(path)
        return os.open(path, _DIRECTORY)
    except NotADirectoryError:
        raise Refused(RootState.MISSING, f"the root {path!r} is not a directory") from None


def _identify(path: str, descriptor: int, folder: Folder, owner: Owner) -> tuple[Area | None, str]:
    """Compares the root with what the core knows, and takes possession of it."""
    marker = _read_marker(descriptor)
    _require_not_anothers(marker, path, folder, owner)
    _require_not_nested(path, owner)
    if folder.root_id is not None:
        _require_known(marker, path, descriptor, folder.root_id)
    if Mode.WRITE not in folder.mode:
        root_id = folder.root_id or (marker.root if marker is not None else _inode_id(descriptor))
        return None, root_id
    area = Area(descriptor, owner.service)
    if folder.root_id is not None:
        return area, folder.root_id
    # First contact. The id of a marker that is there is kept, so that a core that knows this root goes on.
    root_id = marker.root if marker is not None else uuid.uuid4().hex
    mine = Marker(setup=owner.setup, service=owner.service, folder=folder.name, root=root_id)
    if mine != marker:
        marker_file.write(area.fd, mine)
    return area, root_id


def _require_not_anothers(marker: Marker | None, path: str, folder: Folder, owner: Owner) -> None:
    if marker is not None and marker.is_anothers(owner, folder.name):
        raise Refused(RootState.DIFFERENT, copied(path, marker))


def _require_not_nested(path: str, owner: Owner) -> None:
    """Refuses a root inside another one of this setup, which would take `.onitu` here for files of the user."""
    above = os.path.dirname(path)
    while above != os.path.dirname(above):
        try:
            descriptor = os.open(above, _SEARCH)
        except OSError:
            return  # What we may not even pass through, no other service of ours can hold.
        try:
            marker = _read_marker(descriptor)
        except (Refused, OSError):
            marker = None  # Not ours to judge.
        finally:
            os.close(descriptor)
        if marker is not None and marker.setup == owner.setup:
            raise Refused(RootState.DIFFERENT, nested(path, above, marker))
        above = os.path.dirname(above)


def _require_known(marker: Marker | None, path: str, descriptor: int, root_id: str) -> None:
    if root_id.startswith(_INODE_ID):
        if root_id != _inode_id(descriptor):
            raise Refused(RootState.DIFFERENT, f"{path!r} is another directory than the root known so far")
    elif marker is None:
        if _has_entries(descriptor):
            raise Refused(RootState.DIFFERENT, stranger(path))
        raise Refused(RootState.MISSING, empty(path))
    elif marker.root != root_id:
        raise Refused(RootState.DIFFERENT, unknown(path))


_INODE_ID = "inode:"


def _inode_id(descriptor: int) -> str:
    """Identifies a root that holds no marker: by the id of its file system, which outlives a restart, and inode."""
    return f"{_INODE_ID}{os.fstatvfs(descriptor).f_fsid:x}:{os.fstat(descriptor).st_ino}"


def _has_entries(directory: str | int) -> bool:
    with os.scandir(directory) as entries:
        return any(entry.name != beneath.HIDDEN for entry in entries)


def _read_marker(descriptor: int) -> Marker | None:
    try:
        return marker_file.read(descriptor)
    except UnreadableError as error:
        raise Refused(RootState.DIFFERENT, str(error)) from error
