"""What Dropbox's entries are to Onitu, and which names Dropbox takes.

The revision of a file is its `rev`; that of a folder never changes. Paths are compared in lower case and composed, as
Dropbox does it but for a few letters: https://www.dropbox.com/developers/documentation/http/documentation, "Case
insensitivity".
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from onitu.plug import Inadmissible, InvalidPath, Kind, Present, RevisionMismatch

if TYPE_CHECKING:
    from onitu.plug import Attributes

DIRECTORY: Final = "directory"
"""The revision of every folder."""

ALGORITHM: Final = "dropbox"
"""The digest that Dropbox tells of every file: its `content_hash`."""

LONGEST_NAME: Final = 255
"""Characters: https://help.dropbox.com/organize/file-names."""

_NEVER: Final = frozenset("\\\0\x7f")
"""What stands in no name: the first two are documented there, the third one is known to rclone."""

_IGNORED: Final = frozenset(("desktop.ini", "thumbs.db", ".ds_store", "icon\r", ".dropbox", ".dropbox.attr"))
"""Names that Dropbox does not keep: https://help.dropbox.com/organize/file-names."""

_REVISION: Final = re.compile(r"[0-9a-f]{9,}")
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_SECOND: Final = 1_000_000_000


def key_of(path: str) -> str:
    """Returns what a path is compared by."""
    return unicodedata.normalize("NFC", path).lower()


def tag_of(entry: dict[str, Any]) -> str:
    """Returns what an entry is: `file`, `folder` or `deleted`."""
    return str(entry.get(".tag", "file"))


def state_of(entry: dict[str, Any]) -> Present | Inadmissible:
    """Returns how Onitu sees a file or a folder."""
    native_id = str(entry.get("id", ""))
    if tag_of(entry) == "folder":
        return Present(kind=Kind.DIRECTORY, revision=DIRECTORY, native_id=native_id)
    revision = str(entry["rev"])
    if entry.get("is_downloadable") is False:
        reason = "a document of Dropbox's own, which has no content to download: export it in Dropbox"
        return Inadmissible(reason, revision, native_id)
    if entry.get("symlink_info"):
        return Inadmissible("a symbolic link, which Dropbox keeps and does not follow", revision, native_id)
    content_hash = str(entry.get("content_hash", ""))
    return Present(
        kind=Kind.FILE,
        revision=revision,
        size=int(entry["size"]),
        mtime_ns=ns_of(str(entry.get("client_modified", ""))),
        native_id=native_id,
        digests={ALGORITHM: bytes.fromhex(content_hash)} if content_hash else {},
    )


def ns_of(time: str) -> int | None:
    """Returns a time of Dropbox's in nanoseconds since 1970; None where it cannot be read."""
    try:
        return int(datetime.strptime(time, _TIME).replace(tzinfo=UTC).timestamp()) * _SECOND
    except ValueError:
        return None


def said_time(attributes: Attributes) -> dict[str, str]:
    """Returns the time of a file as a commit has it; nothing where there is none that Dropbox could say."""
    if attributes.mtime_ns is None:
        return {}
    try:
        moment = datetime.fromtimestamp(attributes.mtime_ns // _SECOND, UTC)
    except (OverflowError, OSError, ValueError):
        return {}
    return {"client_modified": moment.strftime(_TIME)} if moment.year >= 1000 else {}  # noqa: PLR2004  Four digits.


def checked(revision: str) -> str:
    """Returns a revision as Dropbox takes it.

    Raises:
        RevisionMismatch: It is none of Dropbox's.
    """
    if not _REVISION.fullmatch(revision):
        raise RevisionMismatch("another revision is there")
    return revision


def check_name(path: str) -> str:
    """Returns a path if Dropbox takes its names.

    Raises:
        InvalidPath: It does not.
    """
    for name in path.split("/"):
        if name.lower() in _IGNORED:
            raise InvalidPath(f"{name!r} is a name that Dropbox does not keep: give it another one")
        if len(name) > LONGEST_NAME:
            raise InvalidPath(f"Dropbox takes names of up to {LONGEST_NAME} characters: shorten it")
        if _NEVER & set(name):
            raise InvalidPath(f"{name!r} has a character that Dropbox does not take: give it another name")
        if name.endswith(" "):
            raise InvalidPath(f"{name!r} ends with a space, which Dropbox would take away: give it another name")
    return path
