"""The folder of Drive that a folder's root is. It is known by its id, which stays whatever it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onitu.plug import FolderReport, NotFound, RootState

from .api import quoted
from .failures import Taken
from .items import FIELDS, FOLDER, Item, item_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .api import Api


def find_root(
    api: Api, drive: str | None, path: Sequence[str], *, known: str | None, make: bool
) -> tuple[FolderReport, str | None]:
    """Finds the root of a folder.

    Args:
        api: The account.
        drive: Id of the shared drive, or None.
        path: Names of the folders that lead to it.
        known: Id of the root that the core knows, or None at first contact.
        make: Whether what is missing is made.

    Returns:
        What is reported, and the id of the folder where it is there.
    """
    if known is not None:
        return _known(api, known, path)
    try:
        place = api.get(drive or "root")
    except NotFound:
        return FolderReport(RootState.MISSING, reason=f"there is no shared drive {drive!r}, or nobody may see it"), None
    for name in path:
        found = _inside(api, drive, place.id, name)
        if not found and not make:
            reason = f"there is no folder {name!r} in {place.name!r}"
            return FolderReport(RootState.MISSING, reason=reason), None
        place = found[0] if found else make_folder(api, place.id, name)
    return FolderReport(RootState.OK, place.id), place.id


def _known(api: Api, known: str, path: Sequence[str]) -> tuple[FolderReport, str | None]:
    where = "/".join(path) or "the drive"
    try:
        item = api.get(known)
    except NotFound:
        return FolderReport(RootState.MISSING, reason=f"{where}: the folder is not in Drive any more"), None
    if item.trashed:
        reason = f"{where}: the folder is in Drive's trash: take it out there"
        return FolderReport(RootState.MISSING, reason=reason), None
    if path and item.name != path[-1]:
        reason = f"{where}: the folder that was synchronised is called {item.name!r} now: name it in the setup, or back"
        return FolderReport(RootState.DIFFERENT, reason=reason), None
    return FolderReport(RootState.OK, known), known


def _inside(api: Api, drive: str | None, above: str, name: str) -> list[Item]:
    condition = f"{quoted(above)} in parents and name = {quoted(name)} and mimeType = '{FOLDER}' and trashed = false"
    return sorted(api.list_all(condition, drive), key=lambda item: (item.created, item.id))


def make_folder(api: Api, above: str, name: str) -> Item:
    """Makes a folder of Drive."""
    file_id = api.new_id()
    resource = {"id": file_id, "name": name, "parents": [above], "mimeType": FOLDER}
    query = {"fields": FIELDS, "supportsAllDrives": "true"}
    try:
        return item_of(api.ask("POST", "files", about=name, query=query, body=resource, repeat=True))
    except Taken:
        return api.get(file_id)
