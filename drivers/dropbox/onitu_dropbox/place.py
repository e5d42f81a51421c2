"""Which folder of which account a root is, and the root and what lies above it as `onitu.plug.roots` looks at them.

A root is known by the account and the id of the folder, which a rename does not change and a copy does not have. The
marker is written all the same: so another service of the setup does not take it for a folder of its own.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from onitu.plug import FolderReport, NotFound, RootState
from onitu.plug.http import read_up_to
from onitu.plug.marker import AREA, LONGEST
from onitu.plug.roots import open_root

from .root import look

if TYPE_CHECKING:
    from onitu.plug import Folder, Plug

    from .api import Api


class DropboxPlace:
    """Folders of Dropbox.

    Args:
        api: Where to ask.
        root: The service's, as Dropbox has it.
    """

    def __init__(self, api: Api, root: str) -> None:
        self._api = api
        self._root = root

    def at(self, path: str) -> str:
        """Returns a path below the service's root as Dropbox has it."""
        return self._root if path == "." else f"{self._root}/{path}"

    def describe(self, path: str) -> str:
        """Says where it is."""
        return f"{self.at(path) or '/'} in Dropbox"

    def is_there(self, path: str) -> bool:
        """Whether it is there."""
        found = look(self._api, self.at(path)) if self.at(path) else {".tag": "folder"}
        return found is not None and found.get(".tag") == "folder"

    def is_empty(self, path: str) -> bool:
        """Whether nothing is in it but what is Onitu's own."""
        page = self._api.ask("files/list_folder", {"path": self.at(path), "limit": 2})
        return not page["has_more"] and all(entry["name"] == AREA for entry in page["entries"])

    def make(self, path: str) -> None:
        """Makes it, and those above it."""
        self._api.ask("files/create_folder_v2", {"path": self.at(path)}, about=self.at(path), repeat=False)

    def read(self, path: str) -> bytes | None:
        """Returns the content of a small file."""
        try:
            _, answer = self._api.open(self.at(path))
        except NotFound:
            return None
        try:
            return read_up_to(answer, LONGEST)
        finally:
            answer.release_conn()

    def write(self, path: str, content: bytes) -> None:
        """Writes a small file, and what is above it."""
        argument = {"path": self.at(path), "mode": "overwrite", "mute": True}
        self._api.put("files/upload", argument, content, about=self.at(path), repeat=True)


def open_place(plug: Plug, folder: Folder, api: Api, root: str) -> tuple[FolderReport, str]:
    """Says whether a root is the one it was, and takes possession of one that is new.

    Args:
        plug: The driver, configured.
        folder: The folder.
        api: Where to ask.
        root: The service's, as Dropbox has it.

    Returns:
        The report, and the id of the folder.
    """
    place = DropboxPlace(api, root)
    path = place.at(folder.path)
    found = look(api, path) if path else None
    if folder.root_id is not None and path and _id(found) == folder.root_id.rpartition("/")[2]:
        return FolderReport(RootState.OK, folder.root_id), _id(found)
    account = api.ask("users/get_current_account", None)
    identity = _identity(account, path, found)
    if folder.root_id == identity:
        return FolderReport(RootState.OK, identity), _id(found)
    report = open_root(plug, folder, place, identity=identity)
    if report.root_state is not RootState.OK:
        return report, ""
    found = look(api, path) if path else None
    return FolderReport(RootState.OK, folder.root_id or _identity(account, path, found)), _id(found)


def _identity(account: dict[str, Any], path: str, found: dict[str, Any] | None) -> str:
    """Returns what tells a root from others: the account, as far as nobody may read it in a log, and the folder."""
    return f"{_hashed(account)}/{_id(found) if path else account['root_info']['root_namespace_id']}"


def _hashed(account: dict[str, Any]) -> str:
    return hashlib.sha256(str(account["account_id"]).encode()).hexdigest()[:16]


def _id(found: dict[str, Any] | None) -> str:
    return str((found or {}).get("id", ""))
