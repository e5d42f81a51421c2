"""The roots of folders, and which one a folder has far away: the marker `.onitu/root`, and what follows from it.

A root that was emptied, replaced or is not mounted on the server looks like everything having been deleted. So a root
is known by a marker in it, written once at first contact where Onitu may write. This module decides what a marker
means; how it is read and written there is the driver's affair. (`local_storage` has more to go by, and its own.)
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeVar

from onitu.core.capability import Mode
from onitu.errors import Unavailable
from onitu.plug.marker import (
    NAME,
    Marker,
    Owner,
    UnreadableError,
    copied,
    decode,
    empty,
    encode,
    nested,
    stranger,
    unknown,
)
from onitu.plug.values import FolderReport, RootState

if TYPE_CHECKING:
    from onitu.plug.plug import Plug
    from onitu.plug.values import Folder


R = TypeVar("R")


class Roots(dict[str, R]):
    """The roots that are open, by the names of their folders. One that is not there is `Unavailable`."""

    def __missing__(self, folder: str) -> NoReturn:
        message = f"the root of the folder {folder!r} is not there"
        raise Unavailable(message)


class Place(Protocol):
    """A directory of the service, and those above it, as the driver reaches them. Paths are below the service's root.

    A failure is an error of the contract, never an answer.
    """

    def describe(self, path: str) -> str:
        """Says, for a person, where it is."""

    def is_there(self, path: str) -> bool:
        """Whether it is there; a service without directories says that it is."""

    def is_empty(self, path: str) -> bool:
        """Whether nothing is in it, or nothing but what Onitu keeps for itself."""

    def make(self, path: str) -> None:
        """Makes it, and those above it."""

    def read(self, path: str) -> bytes | None:
        """Returns the content of a small file, or None where nothing is."""

    def write(self, path: str, content: bytes) -> None:
        """Writes a small file that lasts, and what is above it."""


def open_root(plug: Plug, folder: Folder, place: Place, *, identity: str) -> FolderReport:
    """Compares a root with what the core knows of it, and takes possession of one that is new.

    Args:
        plug: The driver, configured.
        folder: The folder.
        place: How its root is reached.
        identity: What tells this root from others where no marker may be written, such as the account.
    """
    path = folder.path
    owner = Owner(setup=plug.setup_id, service=plug.service_name)
    writable = Mode.WRITE in folder.mode
    if not place.is_there(path):
        if folder.root_id is not None or not writable:
            return _missing(f"{place.describe(path)} is not there")
        place.make(path)
    try:
        marker = _read(place, path)
        above = _marked_above(owner, place, path) if folder.root_id is None else None
    except UnreadableError as error:
        return _different(f"{place.describe(path)}: {error}")
    if above is not None:
        return above
    if marker is not None and marker.is_anothers(owner, folder.name):
        return _different(copied(place.describe(path), marker))
    if folder.root_id is not None:
        return _known(folder.root_id, place, path, marker, identity)
    if not writable:
        return FolderReport(RootState.OK, marker.root if marker is not None else identity)
    # First contact. The id of a marker that is there is kept, so that a core that knows this root goes on.
    root_id = marker.root if marker is not None else uuid.uuid4().hex
    mine = Marker(setup=owner.setup, service=owner.service, folder=folder.name, root=root_id)
    if mine != marker:
        place.write(_below(path, NAME), encode(mine))
    return FolderReport(RootState.OK, root_id)


def _known(root_id: str, place: Place, path: str, marker: Marker | None, identity: str) -> FolderReport:
    if root_id in {identity, marker.root if marker is not None else identity}:
        return FolderReport(RootState.OK, root_id)
    where = place.describe(path)
    if marker is not None:
        return _different(unknown(where))
    return _missing(empty(where)) if place.is_empty(path) else _different(stranger(where))


def _marked_above(owner: Owner, place: Place, path: str) -> FolderReport | None:
    """Refuses a root inside another one of this setup, which would take `.onitu` here for files of the user."""
    above = path
    while above not in {".", ""}:
        above = above.rpartition("/")[0] or "."
        marker = _read(place, above)
        if marker is not None and marker.setup == owner.setup:
            return _different(nested(place.describe(path), place.describe(above), marker))
    return None


def _read(place: Place, path: str) -> Marker | None:
    content = place.read(_below(path, NAME))
    return None if content is None else decode(content)


def _below(path: str, name: str) -> str:
    return name if path == "." else f"{path}/{name}"


def _missing(reason: str) -> FolderReport:
    return FolderReport(RootState.MISSING, reason=reason)


def _different(reason: str) -> FolderReport:
    return FolderReport(RootState.DIFFERENT, reason=reason)
