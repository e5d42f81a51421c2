"""What a file of Drive is, and what it is to Onitu.

The revision of a file is the id of its head revision: a content has one, whatever is renamed or shared. A directory's
never changes. Google's documents have no content and no such id.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from onitu.plug import Inadmissible, Kind, Present

FOLDER: Final = "application/vnd.google-apps.folder"
SHORTCUT: Final = "application/vnd.google-apps.shortcut"
_GOOGLES: Final = "application/vnd.google-apps."

FIELDS: Final = (
    "id,name,mimeType,parents,trashed,explicitlyTrashed,size,md5Checksum,modifiedTime,createdTime,headRevisionId,version,"
    "capabilities(canDownload)"
)
"""What is asked for of each file."""

_SECOND: Final = 1_000_000_000
_MILLISECOND: Final = 1_000_000

_IS_SHORTCUT: Final = "it is a shortcut: what it leads to is synchronised where it lies"
_IS_DOCUMENT: Final = (
    "it is one of Google's own documents, which has no content: the option `export` has it shown as a file"
)
_IS_CLOSED: Final = "its owner allows no download"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A file, a folder, or something else that Drive shows.

    Attributes:
        id: Its id, which stays.
        name: Its name, which others beside it may have as well.
        mime: Its type.
        parent: Id of the folder that it lies in, or "".
        trashed: Whether it, or what it lies in, is in the trash.
        discarded: Whether it is in the trash itself.
        size: Bytes.
        md5: MD5 of its content in hexadecimal, or "".
        modified: When it was changed, as the API says it.
        created: When it was made.
        head: Id of its content, or "".
        version: Grows with every change of it.
        open: Whether it may be downloaded.
    """

    id: str
    name: str
    mime: str
    parent: str = ""
    trashed: bool = False
    discarded: bool = False
    size: int = 0
    md5: str = ""
    modified: str = ""
    created: str = ""
    head: str = ""
    version: int = 0
    open: bool = True

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.mime == FOLDER

    @property
    def is_document(self) -> bool:
        """Whether it is one of Google's own documents."""
        return self.mime.startswith(_GOOGLES) and self.mime not in {FOLDER, SHORTCUT}


def item_of(resource: dict[str, Any]) -> Item:
    """Returns a file as the API shows it."""
    parents = resource.get("parents") or [""]
    return Item(
        id=resource["id"],
        name=resource.get("name", ""),
        mime=resource.get("mimeType", ""),
        parent=parents[0],
        trashed=resource.get("trashed", False),
        discarded=resource.get("explicitlyTrashed", False),
        size=int(resource.get("size", 0)),
        md5=resource.get("md5Checksum", ""),
        modified=resource.get("modifiedTime", ""),
        created=resource.get("createdTime", ""),
        head=resource.get("headRevisionId", ""),
        version=int(resource.get("version", 0)),
        open=resource.get("capabilities", {}).get("canDownload", True),
    )


def state_of(item: Item) -> Present | Inadmissible:
    """Returns how Onitu sees something that is not exported."""
    if item.is_folder:
        return Present(kind=Kind.DIRECTORY, revision="directory", native_id=item.id)
    if item.mime == SHORTCUT:
        return Inadmissible(_IS_SHORTCUT, native_id=item.id)
    if item.is_document or not item.head:
        return Inadmissible(_IS_DOCUMENT, native_id=item.id)
    if not item.open:
        return Inadmissible(_IS_CLOSED, item.head, item.id)
    return Present(
        kind=Kind.FILE,
        revision=item.head,
        size=item.size,
        mtime_ns=time_ns(item.modified),
        native_id=item.id,
        digests={"md5": bytes.fromhex(item.md5)} if item.md5 else {},
    )


def time_ns(text: str) -> int | None:
    """Returns a time of the API in nanoseconds since 1970, or None where it cannot be read."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds * 1_000


def time_text(mtime_ns: int) -> str:
    """Returns a time as the API takes it, which keeps milliseconds."""
    seconds, rest = divmod(mtime_ns, _SECOND)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // _MILLISECOND:03}Z"
