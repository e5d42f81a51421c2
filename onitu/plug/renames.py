"""Changes a folder of files by renaming alone: what is new is staged first, what was there goes to the trash, not away.

Most servers show a file that is half written, and many overwrite whatever is there. So a file is written where nobody
sees it; what it replaces is renamed into the trash and looked at there, where nobody changes it any more; then the new
one is renamed to where nothing is. For a moment nothing is there: whoever looks then looks again.
"""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from itertools import islice
from typing import IO, TYPE_CHECKING, Final

from onitu.core.model import Kept, Kind
from onitu.errors import (
    Corrupted,
    DriverError,
    InvalidPath,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RevisionMismatch,
    ServiceError,
    Unavailable,
    Unsupported,
)
from onitu.plug.files import DIRECTORY
from onitu.plug.trash import BESIDE, check, name_for, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from onitu.core.model import Present
    from onitu.plug.files import FilesRoot
    from onitu.plug.values import Metadata

_PAGE: Final = 1_000
_PAUSES: Final = (0.1, 0.3, 1.0)


# Writing.


def upload(root: FilesRoot, metadata: Metadata, content: bytes) -> Present:
    """Writes a whole file."""
    root.require_above(metadata.filename)
    staged = staged_path(root, uuid.uuid4().hex)
    with root.holding():
        try:
            root.files.put(staged, content, metadata)
            return _put_in_place(root, staged, metadata)
        except BaseException:
            with suppress(DriverError):
                root.files.delete(staged)
            raise


def stage(root: FilesRoot, metadata: Metadata, content: IO[bytes]) -> None:
    """Writes the file of a session into staging, as it comes."""
    with root.holding():
        pass  # What is large is not to fill another place.
    root.files.put(staged_path(root, metadata.session), content, metadata)


def staged_path(root: FilesRoot, name: str) -> str:
    """Returns where something is staged."""
    return f"{root.staging}/{name}"


def remove_torn(root: FilesRoot, staged: str, pause: Callable[[float], object] = time.sleep) -> None:
    """Removes what is left of an upload that was broken off: a server that is still at it may fail to at first.

    Args:
        root: The folder's.
        staged: Where it lies.
        pause: Waits for so many seconds.
    """
    for seconds in _PAUSES:
        try:
            root.files.delete(staged)
        except Unavailable:
            pause(seconds)
        else:
            return
    root.files.delete(staged)


def remove_staged(root: FilesRoot) -> None:
    """Removes what earlier processes have staged."""
    for name, state in list(root.files.children(root.staging)):
        with suppress(NotFound, RevisionMismatch, PermissionDenied):  # It is hidden, and does no harm.
            root.files.delete(f"{root.staging}/{name}", directory=state.kind is Kind.DIRECTORY)


def put_in_place(root: FilesRoot, staged: str, metadata: Metadata) -> Present:
    """Makes a staged file visible, if what is expected is there.

    Raises:
        RevisionMismatch: It is not.
        Corrupted: What was staged is not whole.
        OutcomeUnknown: Nothing is there afterwards, or nobody knows what.
    """
    with root.holding():
        return _put_in_place(root, staged, metadata)


def _put_in_place(root: FilesRoot, staged: str, metadata: Metadata) -> Present:
    path = metadata.filename
    root.require_above(path)
    ours = whole(root.files.look(staged), metadata)
    make_visible(root, staged, metadata)
    return told(look_after(root, root.at(path), path), ours, path)


def whole(staged: Present | None, metadata: Metadata) -> Present:
    """Returns what is staged of a file, if that is all of it.

    Raises:
        Corrupted: It is not.
    """
    if staged is None or staged.kind is not Kind.FILE or staged.size != metadata.size:
        raise Corrupted(f"{metadata.filename}: what was staged of it is not all there")
    return staged


def make_visible(root: FilesRoot, staged: str, metadata: Metadata) -> None:
    """Renames what was staged to where it belongs, if what is expected is there.

    Raises:
        RevisionMismatch: It is not.
        DriverError: Nobody knows what is there.
    """
    path = metadata.filename
    if metadata.expected is None:
        if not root.files.exclusive:
            root.require_free(path)
        root.files.move(staged, root.at(path))
    else:
        with root.replacing(path):
            _replace(root, staged, path, metadata.expected)


def told(found: Present | None, ours: Present, path: str) -> Present:
    """Returns what is told of a file that was just made visible.

    Args:
        found: What was found in its place.
        ours: What was staged.
        path: Its own.

    Raises:
        OutcomeUnknown: Nothing is there.
    """
    if found is None:
        raise OutcomeUnknown(f"{path}: is not there right after it was written")
    # Somebody may have changed it by now: what was put in place is told, and theirs comes after it.
    return found if _is_same(found, ours) else ours


def _replace(root: FilesRoot, staged: str, path: str, expected: str) -> None:
    before = root.require(path, expected)
    if before.kind is not Kind.FILE:
        raise RevisionMismatch(f"{path}: a directory is there")
    kept = _keep(root, path, before)
    try:
        if not root.files.exclusive:
            root.require_free(path)
        root.files.move(staged, root.at(path))
    except DriverError:
        # What was there comes back, unless somebody has put something else there already.
        with suppress(RevisionMismatch):
            _move_back(root, kept, path)
        raise


def _keep(root: FilesRoot, path: str, expected: Present) -> str:
    """Renames what is at a path into the trash, and returns where it is then.

    Raises:
        RevisionMismatch: It is not what was expected; it is back where it was.
        OutcomeUnknown: Nobody knows what was renamed, or whether it was.
    """
    name, beside = name_for(path)
    kept = f"{root.trash}/{name}"
    if beside is not None:
        root.files.put(f"{root.trash}/{beside}", path.encode(), None)
    try:
        root.files.move(root.at(path), kept)
        found = look_after(root, kept, path)
    except NotFound as error:
        raise RevisionMismatch(f"{path}: nothing is there any more") from error
    except OutcomeUnknown:
        with suppress(DriverError):
            _move_back(root, kept, path)
        raise
    if not _is_same(found, expected):
        _move_back(root, kept, path)
        raise RevisionMismatch(f"{path}: was changed at this moment")
    return kept


def _move_back(root: FilesRoot, place: str, path: str, *, directory: bool = False) -> None:
    """Renames what was taken away to where it was.

    Raises:
        RevisionMismatch: Something else is there by now.
        OutcomeUnknown: It may not be there again.
    """
    try:
        if not root.files.exclusive:
            root.require_free(path)
        root.files.move(place, root.at(path), directory=directory)
    except RevisionMismatch:
        raise
    except DriverError as error:
        raise OutcomeUnknown(f"{path}: was taken away, and may not be there again: {error}") from error


def look_after(root: FilesRoot, place: str, path: str) -> Present | None:
    """Looks at what was just renamed.

    Raises:
        OutcomeUnknown: It cannot be seen: that is no reason to say that nothing was done.
    """
    try:
        return root.files.look(place)
    except DriverError as error:
        raise OutcomeUnknown(f"{path}: was renamed, and cannot be looked at: {error}") from error


def _is_same(found: Present | None, expected: Present) -> bool:
    """Whether what was renamed is still what it was.

    Its revision may tell of its path as well; and some servers copy, so that it has another time than before.
    """
    if found is None or found.kind is not expected.kind:
        return False
    return found.revision == expected.revision or (found.size, found.mtime_ns) == (expected.size, expected.mtime_ns)


# Deleting, renaming, making.


def delete(root: FilesRoot, path: str, expected: str) -> None:
    """Moves a file to the trash, or removes an empty directory."""
    found = root.require(path, expected)
    if found.kind is Kind.DIRECTORY:
        _delete_directory(root, path)
    else:
        _keep(root, path, found)


def _delete_directory(root: FilesRoot, path: str) -> None:
    """Removes a directory out of sight: what comes into it at this moment would be removed with it."""
    if any(True for _ in root.files.children(root.at(path))):
        raise RevisionMismatch(f"{path}: the directory is not empty")
    aside = f"{root.trash}/{name_for(path)[0]}"
    root.remember(path, there=False)
    root.files.move(root.at(path), aside, directory=True)
    try:
        empty = not any(True for _ in root.files.children(aside))
    except DriverError as error:
        with suppress(DriverError):
            _move_back(root, aside, path, directory=True)
        raise OutcomeUnknown(f"{path}: was renamed, and cannot be looked at: {error}") from error
    if not empty:
        _move_back(root, aside, path, directory=True)
        raise RevisionMismatch(f"{path}: the directory is not empty")
    if root.files.lists_all:
        try:
            root.files.delete(aside, directory=True)
        except ServiceError:
            pass  # It is out of the way, and seen to be empty: it does no harm in the trash.
        except (PermissionDenied, Unsupported):
            _move_back(root, aside, path, directory=True)
            raise
        except DriverError as error:
            _move_back(root, aside, path, directory=True)
            raise RevisionMismatch(f"{path}: the server does not take the directory for empty: {error}") from error


def move(root: FilesRoot, path: str, expected: str, destination: str) -> Present:
    """Renames an entry, with everything below it, to where nothing is."""
    if destination == path or destination.startswith(f"{path}/"):
        raise InvalidPath(f"{path}: cannot be moved into itself")
    before = root.require(path, expected)
    root.require_above(destination)
    root.require_free(destination)
    root.remember(path, there=False)
    directory = before.kind is Kind.DIRECTORY
    root.files.move(root.at(path), root.at(destination), directory=directory)
    found = look_after(root, root.at(destination), path)
    if found is None:
        raise OutcomeUnknown(f"{destination}: is not there right after it was renamed")
    if not directory and not _is_same(found, before):
        try:
            _move_back(root, root.at(destination), path)
        except RevisionMismatch as error:
            raise OutcomeUnknown(f"{destination}: is something else, and so is {path}") from error
        raise RevisionMismatch(f"{path}: was changed at this moment")
    return found


def make_directory(root: FilesRoot, path: str) -> Present:
    """Makes a directory where nothing is."""
    root.require_above(path)
    root.require_free(path)
    with root.holding():
        root.files.make_directory(root.at(path))
    root.remember(path, there=True)
    return DIRECTORY


# What was replaced or deleted.


def list_kept(root: FilesRoot, path: str, after: str) -> list[Kept]:
    """Returns a page of what was replaced or deleted, in the order in which it was.

    Args:
        root: The folder's root.
        path: Only what had this path or lay below it; "" is everything.
        after: Id of the last one of the page before, or "".
    """
    try:
        found = sorted(root.files.children(root.trash), key=lambda one: one[0])
    except NotFound:
        return []
    later = ((name, state) for name, state in found if name > after)
    entries = (kept for name, state in later if (kept := _kept(root, name, state)) is not None)
    return list(islice((one for one in entries if _is_below(one.path, path)), _PAGE))


def read_kept(root: FilesRoot, kept: str, offset: int, size: int) -> bytes:
    """Returns a part of a kept file."""
    place = f"{root.trash}/{check(kept)}"
    found = root.files.look(place)
    if found is None:
        raise NotFound(f"{kept!r} is not kept any more")
    return root.files.read(place, found.revision, offset, size) if offset < found.size else b""


def remove_kept(root: FilesRoot, kept: Sequence[str]) -> None:
    """Removes kept files for good."""
    for name in kept:
        root.files.delete(f"{root.trash}/{check(name)}")
        found = parse(name)
        if found is not None and found[1] is None:
            root.files.delete(f"{root.trash}/{name}{BESIDE}")


def _kept(root: FilesRoot, name: str, state: Present) -> Kept | None:
    found = parse(name)
    if found is None or state.kind is not Kind.FILE:
        return None
    kept_at, path = found
    if path is None:
        path = root.files.get(f"{root.trash}/{name}{BESIDE}").decode()
    return Kept(id=name, path=path, kind=Kind.FILE, kept_at_ns=kept_at, size=state.size, mtime_ns=state.mtime_ns)


def _is_below(path: str, wanted: str) -> bool:
    return not wanted or path == wanted or path.startswith(f"{wanted}/")
