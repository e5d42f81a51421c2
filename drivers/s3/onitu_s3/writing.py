"""Changes a bucket: each change with its expectation, and nothing is visible before it is whole.

An answer that did not come is never taken for a failure: a write that may have been done is not repeated here, since it
could find its own work and take it for somebody else's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onitu.plug import DriverError, Inadmissible, NotFound, OutcomeUnknown, Present, RevisionMismatch

from .copying import copy_object
from .entries import DIRECTORY, etag_in, metadata_of, present_of, quoted, with_attributes

if TYPE_CHECKING:
    from onitu.plug import Attributes, Metadata

    from .entries import Head
    from .root import Root


def upload(root: Root, metadata: Metadata, content: bytes) -> Present:
    """Writes a whole file."""
    key = root.key(metadata.filename)
    headers = headers_of(root, metadata)
    conditions = root.conditions_for(metadata)
    try:
        answer = root.bucket.ask("PUT", key, headers=headers | conditions, body=content)
    except NotFound as error:
        raise RevisionMismatch(f"{metadata.filename}: nothing is there any more") from error
    etag = etag_in(answer.headers)
    if not etag:
        return looked_at(root, metadata.filename, len(content))
    return present_of(headers, etag, content, md5=root.conditions.md5)


def headers_of(root: Root, metadata: Metadata) -> dict[str, str]:
    """Returns the metadata of a file that is to be written; the executable bit stays where nobody says another."""
    headers = metadata_of(metadata.attributes, metadata.mimetype)
    if metadata.expected is not None and metadata.attributes.executable is None:
        before = root.look(metadata.filename)
        if before is not None and isinstance(before.state, Present) and before.state.executable is not None:
            name = next(name for name in before.headers if name.endswith("onitu-executable"))
            headers[name] = before.headers[name]
    return headers


def delete(root: Root, path: str, expected: str) -> None:
    """Removes a file, or an empty directory."""
    if expected == DIRECTORY.revision:
        _delete_directory(root, path)
        return
    head = root.require(path, expected)
    _keep_above_and_delete(root, path, head)


def move(root: Root, path: str, expected: str, target: Metadata) -> Present:
    """Renames a file: a copy within the store, then the deletion of what was copied."""
    state = copy(root, path, expected, target)
    try:
        _keep_above_and_delete(root, path, root.require(path, expected))
    except DriverError as error:
        # Both are there and nothing is lost: the core looks at both.
        raise OutcomeUnknown(f"{path}: was copied to {target.filename}, and may be there still: {error}") from error
    return state


def copy(root: Root, path: str, expected: str, target: Metadata) -> Present:
    """Copies a file within the store to where nothing is."""
    head = root.require(path, expected)
    if isinstance(head.state, Inadmissible):
        raise RevisionMismatch(f"{path}: {head.state.reason}")
    target.expected = None
    root.conditions_for(target)
    root.require_free(target.filename, look=True)
    source_ns = None if head.timed else head.state.mtime_ns
    headers = with_attributes(head.headers, target.attributes, source_ns)
    etag = copy_object(root, head.state, root.key(path), root.key(target.filename), headers)
    return present_of(headers, etag, head.state.size, md5=root.conditions.md5)


def set_attributes(root: Root, path: str, expected: str, attributes: Attributes) -> Present:
    """Changes the metadata of a file: it is copied onto itself."""
    head = root.require(path, expected)
    if isinstance(head.state, Inadmissible):
        raise RevisionMismatch(f"{path}: {head.state.reason}")
    headers = with_attributes(head.headers, attributes, head.state.mtime_ns)
    key = root.key(path)
    etag = copy_object(root, head.state, key, key, headers)
    return present_of(headers, etag, head.state.size, md5=root.conditions.md5)


def make_directory(root: Root, path: str) -> Present:
    """Writes the mark of a directory where nothing is."""
    root.require_above(path)
    root.require_free(path, look=True)
    conditions = {"If-None-Match": "*"} if root.conditions.create else {}
    root.bucket.ask("PUT", root.below(path), headers=conditions)
    root.remember(path, there=True, mark=True)
    return DIRECTORY


def _delete_directory(root: Root, path: str) -> None:
    below = root.below(path)
    keys = [one.key for one in root.bucket.list_page(below, most=2, deep=True).objects]
    if not keys:
        raise RevisionMismatch(f"{path}: no directory is there")
    if keys != [below]:
        raise RevisionMismatch(f"{path}: the directory is not empty")
    root.keep_above(path)
    root.remember(path, there=False)
    root.bucket.ask("DELETE", below, repeat=True)


def _keep_above_and_delete(root: Root, path: str, head: Head) -> None:
    root.keep_above(path)
    conditions = {"If-Match": quoted(head.state.revision)} if root.conditions.delete else {}
    try:
        root.bucket.ask("DELETE", root.key(path), headers=conditions)
    except NotFound as error:
        raise RevisionMismatch(f"{path}: nothing is there any more") from error


def looked_at(root: Root, path: str, size: int) -> Present:
    """Looks at what was written, where the store has not said its revision.

    Raises:
        OutcomeUnknown: It is not seen: that is no reason to say that it was not written.
    """
    try:
        head = root.look(path)
    except DriverError as error:
        raise OutcomeUnknown(f"{path}: was written, and cannot be looked at: {error}") from error
    if head is None or isinstance(head.state, Inadmissible) or not head.state.revision or head.state.size != size:
        raise OutcomeUnknown(f"{path}: is not there right after it was written, or is something else")
    return head.state
