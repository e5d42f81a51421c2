"""Changes a folder in Drive: looks at what is expected right before, and at what has become of it right after.

Drive compares nothing itself. What somebody else wrote between the two looks is a revision that Drive keeps: it is
taken out of there, and put beside as a file of its own. What is deleted goes to Drive's trash, where a deletion that
hit something else is undone.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from onitu.plug import (
    Corrupted,
    DriverError,
    InvalidPath,
    OutcomeUnknown,
    Present,
    RevisionMismatch,
)

from .api import related, target_of
from .failures import Taken
from .items import FIELDS, item_of, state_of, time_text
from .names import derived_name
from .place import make_folder

if TYPE_CHECKING:
    from onitu.plug import Attributes, Metadata

    from .items import Item
    from .root import Root

Json = dict[str, Any]

LONGEST_NAME: Final = 32_767
"""Characters. Google says no limit; nothing is known to take more."""

_REVISION_FIELDS: Final = "nextPageToken,revisions(id,md5Checksum,modifiedTime)"


def upload(root: Root, metadata: Metadata, content: bytes) -> Present:
    """Writes a whole file."""
    path, expected = metadata.filename, metadata.expected
    before = None if expected is None else _expect_file(root, path, expected)
    resource = resource_for(root, metadata)
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    kind, body = related(resource, content)
    query = {"uploadType": "multipart", "fields": FIELDS, "supportsAllDrives": "true"}
    if before is None:
        root.expect_free(path)
        send = _Request("POST", target_of("/upload/drive/v3/files", query), kind, body)
        return made(root, metadata, _create(root, send, str(resource["id"]), path), md5)
    target = target_of(f"/upload/drive/v3/files/{quote(before.id)}", query)
    answer = root.api.send("PATCH", target, about=path, headers={"Content-Type": kind}, body=body)
    return replaced(root, metadata, before, item_of(root.api.decoded(answer)), md5)


class _Request:
    """A request that makes a file with an id that was generated for it."""

    def __init__(self, method: str, target: str, kind: str, body: bytes) -> None:
        self.method = method
        self.target = target
        self.kind = kind
        self.body = body


def _create(root: Root, request: _Request, file_id: str, path: str) -> Item:
    headers = {"Content-Type": request.kind}
    try:
        answer = root.api.send(
            request.method, request.target, about=path, headers=headers, body=request.body, repeat=True
        )
    except Taken:
        # It was sent before, and the answer was lost: the id is nobody else's.
        return root.api.get(file_id)
    return item_of(root.api.decoded(answer))


def resource_for(root: Root, metadata: Metadata) -> Json:
    """Returns the resource that goes with new content.

    Raises:
        NotFound: The directory is not there.
    """
    resource: Json = {}
    if metadata.expected is None:
        above = root.folder_above(metadata.filename)
        resource = {
            "id": root.api.new_id(),
            "name": name_in(metadata.filename),
            "parents": [above],
            "mimeType": metadata.mimetype,
        }
    if metadata.attributes.mtime_ns is not None:
        resource["modifiedTime"] = time_text(metadata.attributes.mtime_ns)
    return resource


def name_in(path: str) -> str:
    """Returns the name of an entry, if Drive takes it.

    Raises:
        InvalidPath: It does not.
    """
    name = path.rpartition("/")[2]
    if len(name) > LONGEST_NAME:
        raise InvalidPath(f"{name[:40]}...: Drive takes names of up to {LONGEST_NAME} characters")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InvalidPath(f"{name!r}: is not UTF-8") from error
    return name


def made(root: Root, metadata: Metadata, item: Item, md5: str) -> Present:
    """Takes in a file that was made, and returns how it is seen.

    Raises:
        Corrupted: It is not what was sent; it is removed again.
    """
    if item.md5 not in {md5, ""}:
        root.api.ask("DELETE", f"files/{quote(item.id)}", about=metadata.filename, query={"supportsAllDrives": "true"})
        raise Corrupted(f"{metadata.filename}: Google has other bytes than were sent")
    return _seen(root, item)


def replaced(root: Root, metadata: Metadata, before: Item, item: Item, md5: str) -> Present:
    """Takes in a file that was replaced; what somebody else wrote meanwhile is put beside it.

    Raises:
        Corrupted: It is not what was sent; what was there before is there again.
    """
    if item.md5 not in {md5, ""}:
        _delete_revision(root, item)
        raise Corrupted(f"{metadata.filename}: Google has other bytes than were sent")
    try:
        keep_raced(root, metadata.filename, before, item)
    except DriverError as error:
        raise OutcomeUnknown(f"{metadata.filename}: was written, and what it replaced is not known: {error}") from error
    return _seen(root, item)


def keep_raced(root: Root, path: str, before: Item, after: Item) -> None:
    """Puts beside a file what somebody wrote between the look at it and our own writing."""
    for revision in _between(root, before, after):
        target = target_of(f"/drive/v3/files/{quote(after.id)}/revisions/{quote(revision['id'])}", {"alt": "media"})
        content = root.api.send("GET", target, about=path).data
        day = datetime.now(UTC).date().isoformat()
        name = derived_name(after.name, f"conflict {day} {revision['md5Checksum'][:8]}")
        file_id = root.api.new_id()
        resource = {"id": file_id, "name": name, "parents": [after.parent], "mimeType": after.mime}
        kind, body = related({**resource, "modifiedTime": revision["modifiedTime"]}, content)
        query = {"uploadType": "multipart", "fields": FIELDS, "supportsAllDrives": "true"}
        request = _Request("POST", target_of("/upload/drive/v3/files", query), kind, body)
        root.tree.put(_create(root, request, file_id, path))


def _between(root: Root, before: Item, after: Item) -> list[dict[str, str]]:
    """Returns the revisions between two."""
    found: list[dict[str, str]] = []
    query: dict[str, object] = {"pageSize": 1_000, "fields": _REVISION_FIELDS}
    path = f"files/{quote(after.id)}/revisions"
    while True:
        page = root.api.ask("GET", path, about=after.name, query=query)
        found += page.get("revisions", ())
        if "nextPageToken" not in page:
            break
        query["pageToken"] = page["nextPageToken"]
    ids = [one["id"] for one in found]
    if before.head not in ids or after.head not in ids:
        return []
    return [
        one
        for one in found[ids.index(before.head) + 1 : ids.index(after.head)]
        if one.get("md5Checksum") not in {before.md5, after.md5, None}
    ]


def _delete_revision(root: Root, item: Item) -> None:
    path = f"files/{quote(item.id)}/revisions/{quote(item.head)}"
    try:
        root.api.ask("DELETE", path, about=item.name, repeat=True)
    except DriverError as error:
        raise OutcomeUnknown(f"{item.name}: Google has other bytes than were sent, and keeps them: {error}") from error


def _seen(root: Root, item: Item) -> Present:
    root.tree.put(item)
    root.tree.tell(item.id)
    state = state_of(item)
    if not isinstance(state, Present):
        raise OutcomeUnknown(f"{item.name}: is something else right after it was written")
    return state


def _expect_file(root: Root, path: str, expected: str) -> Item:
    item = root.expect(path, expected)
    if item.is_folder:
        raise RevisionMismatch(f"{path}: a directory is there")
    return item


def delete(root: Root, path: str, expected: str) -> None:
    """Moves a file, or an empty directory, to Drive's trash."""
    item = root.expect(path, expected)
    if item.is_folder:
        _require_empty(root, item, path)
    after = root.api.update(item, {"trashed": True}, repeat=True)
    try:
        _require_same(after, item, path)
        if item.is_folder:
            _require_empty(root, item, path, trashed=True)
    except RevisionMismatch:
        root.tree.put(root.api.update(item, {"trashed": False}, repeat=True))
        raise
    root.tree.remove(item.id, after.version)
    root.tree.untell(item.id)


def _require_same(after: Item, before: Item, path: str) -> None:
    if after.head != before.head:
        raise RevisionMismatch(f"{path}: was changed at this moment")


def _require_empty(root: Root, item: Item, path: str, *, trashed: bool = False) -> None:
    """Makes sure that nothing lies in a folder; what is in the trash itself does not count.

    Raises:
        RevisionMismatch: Something does.
    """
    for inner in root.inside(item.id, trashed=trashed):
        raise RevisionMismatch(f"{path}: the directory is not empty: {inner.name!r} is in it")


def move(root: Root, path: str, expected: str, destination: str) -> Present:
    """Renames an entry, with everything below it, to where nothing is."""
    if destination == path or destination.startswith(f"{path}/"):
        raise InvalidPath(f"{path}: cannot be moved into itself")
    item = root.expect(path, expected)
    above = root.folder_above(destination)
    root.expect_free(destination)
    query = {} if above == item.parent else {"addParents": above, "removeParents": item.parent}
    # Where it lies in the same folder under another name, its time would be that of the rename.
    body = {"name": name_in(destination), "modifiedTime": item.modified}
    after = root.api.update(item, body, query=query)
    if after.head != item.head:
        raise OutcomeUnknown(f"{path}: was changed at this moment, and is {destination} now")
    return _seen(root, after)


def copy(root: Root, path: str, expected: str, target: Metadata) -> Present:
    """Copies a file within Drive to where nothing is."""
    item = _expect_file(root, path, expected)
    above = root.folder_above(target.filename)
    root.expect_free(target.filename)
    file_id = root.api.new_id()
    resource = {"id": file_id, "name": name_in(target.filename), "parents": [above], "modifiedTime": item.modified}
    query = {"fields": FIELDS, "supportsAllDrives": "true"}
    try:
        answer = root.api.ask(
            "POST", f"files/{quote(item.id)}/copy", about=path, query=query, body=resource, repeat=True
        )
    except Taken:
        return made(root, target, root.api.get(file_id), item.md5)
    return made(root, target, item_of(answer), item.md5)


def make_directory(root: Root, path: str) -> Present:
    """Makes a directory where nothing is."""
    above = root.folder_above(path)
    root.expect_free(path)
    return _seen(root, make_folder(root.api, above, name_in(path)))


def set_attributes(root: Root, path: str, expected: str, attributes: Attributes) -> Present:
    """Sets the modification time."""
    item = root.expect(path, expected)
    body = {} if attributes.mtime_ns is None else {"modifiedTime": time_text(attributes.mtime_ns)}
    after = root.api.update(item, body, repeat=True)
    _require_same(after, item, path)
    return _seen(root, after)
