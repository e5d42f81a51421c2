"""Changes a folder: each change with its expectation, which Dropbox keeps for what is written and deleted.

Of a rename it keeps only that nothing is at its end; the source is looked at before, and compared after. An answer that
did not come is never taken for a failure.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from onitu.plug import DriverError, Kind, NotFound, OutcomeUnknown, Present, QuotaExceeded, RevisionMismatch
from onitu.plug.digests import DropboxHash
from onitu.plug.trash import STAGING

from .entries import ALGORITHM, DIRECTORY, checked, key_of, said_time, state_of

if TYPE_CHECKING:
    from onitu.plug import Metadata

    from .root import Root


def upload(root: Root, metadata: Metadata, content: bytes) -> Present:
    """Writes a whole file: by itself, or together with others that come at the same time."""
    commit = commit_of(root, metadata)
    hashed = hash_of(content)
    with root.groups.commits.coming() as ticket:
        try:
            if ticket.is_alone():
                argument = {**commit, "content_hash": hashed.hex()}
                found = root.api.put("files/upload", argument, content, about=metadata.filename, repeat=False)
            else:
                session = start_session(root, metadata.filename, {"close": True}, content)
                found = ticket.put(entry_of(session, len(content), commit))
        except QuotaExceeded as error:
            raise full(root, error) from error
    return written(root, metadata.filename, found, hashed)


def commit_of(root: Root, metadata: Metadata) -> dict[str, Any]:
    """Returns how a file is to become visible.

    Raises:
        InvalidPath: Dropbox takes no such name.
        NotFound: The directory is not there.
        RevisionMismatch: What is expected is no revision of Dropbox's.
    """
    path, expected = root.target(metadata.filename), metadata.expected
    root.require_above(metadata.filename)
    mode = {".tag": "add"} if expected is None else {".tag": "update", "update": checked(expected)}
    return {"path": path, "mode": mode, "strict_conflict": True, "mute": True, **said_time(metadata.attributes)}


def start_session(root: Root, about: str, argument: dict[str, Any], content: bytes) -> str:
    """Begins an upload that a commit makes visible, and returns its id. One that nobody goes on with is forgotten."""
    if content:
        argument = {**argument, "content_hash": hash_of(content).hex()}
    found = root.api.put("files/upload_session/start", argument, content, about=about, repeat=True)
    return str((found or {})["session_id"])


def entry_of(session: str, size: int, commit: dict[str, Any]) -> dict[str, Any]:
    """Returns an entry of a batch of commits."""
    return {"cursor": {"session_id": session, "offset": size}, "commit": commit}


def written(root: Root, path: str, found: dict[str, Any] | None, hashed: bytes) -> Present:
    """Returns how a file is seen that was just written.

    Raises:
        OutcomeUnknown: Dropbox has something else than was sent.
    """
    root.changed(path)
    state = state_of(found) if found else None
    if not isinstance(state, Present) or state.digests.get(ALGORITHM, hashed) != hashed:
        raise OutcomeUnknown(f"{path}: Dropbox does not have what was sent", {ALGORITHM: hashed})
    return state


def full(root: Root, error: QuotaExceeded) -> QuotaExceeded:
    """Returns that there is no room, with how much there is where Dropbox says so."""
    try:
        usage = root.api.ask("users/get_space_usage", None)
        allocated = usage["allocation"].get("allocated", 0)
    except (DriverError, KeyError):
        return error
    return QuotaExceeded(f"{error}: {usage['used']:,} of {allocated:,} bytes are in use")


def delete(root: Root, path: str, expected: str) -> None:
    """Removes a file, or an empty directory."""
    if expected == DIRECTORY:
        _delete_directory(root, path)
        return
    entry = {"path": root.at(path), "parent_rev": checked(expected)}
    with root.groups.deletions.coming() as ticket:
        try:
            if ticket.is_alone():
                root.api.ask("files/delete_v2", entry, about=path, repeat=False)
            else:
                ticket.put(entry)
        except NotFound as error:
            raise RevisionMismatch(f"{path}: nothing is there any more") from error
    root.changed(path)


def _delete_directory(root: Root, path: str) -> None:
    root.require(path, DIRECTORY)
    if root.api.ask("files/list_folder", {"path": root.at(path), "limit": 1}, about=path)["entries"]:
        raise RevisionMismatch(f"{path}: the directory is not empty")
    root.tree.remember(path, there=False)
    try:
        root.api.ask("files/delete_v2", {"path": root.at(path)}, about=path, repeat=False)
    except NotFound as error:
        raise RevisionMismatch(f"{path}: nothing is there any more") from error
    root.changed(path)


def move(root: Root, path: str, expected: str, destination: str) -> Present:
    """Renames an entry, with everything below it."""
    target = root.target(destination)
    source = root.require(path, expected)
    root.require_above(destination)
    if key_of(path) == key_of(destination):
        found = _respell(root, path, target)
    else:
        found = _relocate(root, "files/move_v2", root.at(path), target)
    return _relocated(root, path, destination, source, found)


def copy(root: Root, path: str, expected: str, destination: str) -> Present:
    """Copies a file within Dropbox to where nothing is."""
    target = root.target(destination)
    source = root.require(path, expected)
    root.require_above(destination)
    found = _relocate(root, "files/copy_v2", root.at(path), target)
    return _relocated(root, "", destination, source, found)


def _respell(root: Root, path: str, target: str) -> dict[str, Any]:
    """Renames to a name that differs in case alone, which Dropbox does not do at once."""
    aside = root.at(f"{STAGING}/{uuid.uuid4().hex}")
    _relocate(root, "files/move_v2", root.at(path), aside)
    try:
        return _relocate(root, "files/move_v2", aside, target)
    except DriverError as error:
        raise OutcomeUnknown(f"{path}: may be at {aside} in Dropbox: {error}") from error


def _relocate(root: Root, route: str, path: str, target: str) -> dict[str, Any]:
    try:
        found = root.api.ask(route, {"from_path": path, "to_path": target}, about=path, repeat=False)
    except NotFound as error:
        raise RevisionMismatch(f"{path}: nothing is there any more") from error
    metadata: dict[str, Any] = found["metadata"]
    return metadata


def _relocated(root: Root, path: str, destination: str, source: Present, found: dict[str, Any]) -> Present:
    for changed in filter(None, (path, destination)):
        root.changed(changed)
    if path:
        root.tree.remember(path, there=False)
    state = state_of(found)
    if not isinstance(state, Present) or state.digests != source.digests:
        # Whoever changed it a moment ago has changed it there: it is looked at, and nothing is lost.
        raise OutcomeUnknown(f"{destination}: has been changed by somebody else while it was renamed")
    if state.kind is Kind.DIRECTORY:
        root.tree.remember(destination, there=True)
    return state


def make_directory(root: Root, path: str) -> Present:
    """Makes one directory where nothing is."""
    target = root.target(path)
    root.require_above(path)
    found = root.api.ask("files/create_folder_v2", {"path": target}, about=path, repeat=False)
    root.changed(path)
    root.tree.remember(path, there=True)
    return Present(kind=Kind.DIRECTORY, revision=DIRECTORY, native_id=str(found["metadata"].get("id", "")))


def hash_of(content: bytes) -> bytes:
    """Returns the digest that Dropbox tells of a content."""
    computing = DropboxHash()
    computing.update(content)
    return computing.digest()
