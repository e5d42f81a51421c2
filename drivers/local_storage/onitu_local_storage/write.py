"""Mutations: each is done whole, if what is expected is there, or not at all.

Expectations are kept as well as a file system can: nothing that exists is ever overwritten by a file that expects
nothing there; what is replaced or deleted is looked at right before and right after, kept in the trash, and put back
when it is not what was expected. This module decides how; `staging` and `area` know where.

Durability: nothing here waits for the disk. What was answered is durable after the next `sync`.
"""

from __future__ import annotations

import os
import stat as mode_of
from typing import TYPE_CHECKING

from onitu.plug import OutcomeUnknown, RevisionMismatch

from . import beneath, content, staging, system
from .observe import present, revision_of, same_content, symlink

if TYPE_CHECKING:
    from collections.abc import Callable

    from onitu.plug import Attributes, LocalFile, Present, Upload

    from .area import Area
    from .root import Root
    from .staging import Staged


def upload_bytes(root: Root, upload: Upload, data: bytes, looking: Callable[[], object] = int) -> Present:
    """Writes a whole file from memory.

    Args:
        root: Of the folder.
        upload: What to write.
        data: The content.
        looking: Called once it is there, right before it is looked at.

    Raises:
        RevisionMismatch: Something else is there than is expected; nothing has changed.
        Corrupted: The content is not what was announced.
        OSError: It could not be written.
    """
    return _upload(root, upload, lambda descriptor: content.write_bytes(descriptor, data, upload), looking)


def upload_local(root: Root, upload: Upload, source: LocalFile, looking: Callable[[], object] = int) -> Present:
    """Writes a whole file from another file of this host.

    Args:
        root: Of the folder.
        upload: What to write.
        source: The other file.
        looking: Called once it is there, right before it is looked at.

    Raises:
        SourceChanged: The source is not the file that was meant.
        RevisionMismatch: Something else is there than is expected; nothing has changed.
        Corrupted: The content is not what was announced.
        OSError: It could not be written.
    """
    return _upload(root, upload, lambda descriptor: content.copy_local(descriptor, source, upload), looking)


def _upload(
    root: Root, upload: Upload, fill: Callable[[int], dict[str, bytes]], looking: Callable[[], object]
) -> Present:
    area = root.writable()
    path = beneath.encode(upload.path)
    parent, _, name = path.rpartition(b"/")
    directory = beneath.open_directory(root.fd, parent)
    try:
        if upload.size > content.SMALL:
            _require_beforehand(directory, name, upload.expected)
        staged = staging.create(area, executable=upload.attributes.executable is True)
        try:
            digests = fill(staged.fd)
            return publish(staged, directory, path, upload, digests, looking)
        finally:
            staged.discard()
    finally:
        os.close(directory)


def require_beforehand(root: Root, upload: Upload) -> None:
    """Finds out early what would be refused after all bytes have come.

    Raises:
        RevisionMismatch: Something else is there than is expected.
    """
    parent, name = beneath.split(upload.path)
    directory = beneath.open_directory(root.fd, parent)
    try:
        _require_beforehand(directory, name, upload.expected)
    finally:
        os.close(directory)


def _require_beforehand(directory: int, name: bytes, expected: str | None) -> None:
    """Finds out early what would be refused after a gigabyte was written."""
    if expected is not None:
        staging.require(directory, name, expected)
        return
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return
    raise RevisionMismatch(f"{os.fsdecode(name)!r} is there, expected was nothing")


def publish(
    staged: Staged,
    directory: int,
    path: bytes,
    upload: Upload,
    digests: dict[str, bytes],
    looking: Callable[[], object],
) -> Present:
    """Makes a staged file visible, if what is expected is there.

    Args:
        staged: With its content, verified.
        directory: Where it is to be.
        path: The whole path of it, below the root.
        upload: What was asked for.
        digests: Those of the content.
        looking: Called once it is there, right before it is looked at.

    Raises:
        RevisionMismatch: Something else is there than is expected; nothing has changed.
        OSError: It could not be done.
    """
    name = path[path.rfind(b"/") + 1 :]
    if upload.expected is None:
        staged.finish(upload.attributes, directory, None)
        before = os.fstat(staged.fd)
        staged.publish(directory, name)
        return _ours(staged, before, looking, digests)
    replaced = staging.require(directory, name, upload.expected)
    if not mode_of.S_ISREG(replaced.st_mode):
        raise RevisionMismatch(f"{upload.path!r} is not a file")
    staged.finish(upload.attributes, directory, replaced)
    before = os.fstat(staged.fd)
    staged.replace(directory, name, path=path, before=replaced)
    return _ours(staged, before, looking, digests)


def _ours(staged: Staged, before: os.stat_result, looking: Callable[[], object], digests: dict[str, bytes]) -> Present:
    """Returns what was made visible. Only its ctime may be another one since: else somebody has written to it already.

    That is then for the watcher to tell, as what it is: an edit of what is answered here.
    """
    looking()
    found = os.fstat(staged.fd)
    return present(found if same_content(found, before) else before, digests)


def copy(root: Root, old: str, expected: str, new: str) -> Present:
    """Copies a file within the folder; its time and mode go with it.

    Raises:
        RevisionMismatch: Something else is at the old path than is expected, or anything at the new one.
        OSError: It could not be copied.
    """
    area = root.writable()
    parent, name = beneath.split(new)
    with content.pinned(root.fd, old, expected) as origin:
        status = os.fstat(origin)
        directory = beneath.open_directory(root.fd, parent)
        try:
            staged = staging.create(area, executable=status.st_mode & 0o100 != 0)
            try:
                content.copy_bytes(origin, staged.fd)
                os.utime(staged.fd, ns=(status.st_mtime_ns, status.st_mtime_ns))
                if not same_content(os.fstat(origin), status) or os.fstat(staged.fd).st_size != status.st_size:
                    raise RevisionMismatch(f"{old!r} changed while it was copied")
                before = os.fstat(staged.fd)
                staged.publish(directory, name)
                return _ours(staged, before, int, {})
            finally:
                staged.discard()
        finally:
            os.close(directory)


def move(root: Root, old: str, expected: str, new: str) -> Present:
    """Renames an entry, with everything below it.

    Raises:
        RevisionMismatch: Something else is at the old path than is expected, or anything at the new one.
        OSError: It could not be renamed.
    """
    root.writable()
    (parent, name), (new_parent, new_name) = beneath.split(old), beneath.split(new)
    directory = beneath.open_directory(root.fd, parent)
    try:
        new_directory = beneath.open_directory(root.fd, new_parent)
        try:
            before = staging.require(directory, name, expected)
            staging.move_new(directory, name, new_directory, new_name)
            after = os.stat(new_name, dir_fd=new_directory, follow_symlinks=False)
            if not _is_same_entry(after, before):
                staging.move_new(new_directory, new_name, directory, name)
                raise RevisionMismatch(f"{old!r} changed in the last moment")
            if mode_of.S_ISLNK(after.st_mode):
                return symlink(after, os.readlink(new_name, dir_fd=new_directory).decode())
            return present(after)
        finally:
            os.close(new_directory)
    finally:
        os.close(directory)


def _is_same_entry(status: os.stat_result, other: os.stat_result) -> bool:
    if mode_of.S_ISDIR(status.st_mode):
        return (status.st_dev, status.st_ino) == (other.st_dev, other.st_ino)
    return same_content(status, other)


def delete(root: Root, path: str, expected: str) -> None:
    """Removes a file, which goes to the trash, or an empty directory.

    Raises:
        RevisionMismatch: Something else is there than is expected, or the directory is not empty.
        OSError: It could not be removed.
    """
    area = root.writable()
    encoded = beneath.encode(path)
    parent, _, name = encoded.rpartition(b"/")
    directory = beneath.open_directory(root.fd, parent)
    try:
        before = staging.require(directory, name, expected)
        if mode_of.S_ISDIR(before.st_mode):
            os.rmdir(name, dir_fd=directory)
        else:
            _move_to_trash(area, encoded, directory, name, before)
    finally:
        os.close(directory)


def _move_to_trash(area: Area, path: bytes, directory: int, name: bytes, before: os.stat_result) -> None:
    slot, kept = area.keep(path, lambda trash, free: staging.move_new(directory, name, trash, free))
    try:
        if same_content(os.stat(kept, dir_fd=slot, follow_symlinks=False), before):
            return
        try:
            staging.move_new(slot, kept, directory, name)
        except FileExistsError:
            pass  # By now there is a third file. The second one stays in the trash, and nothing is lost.
        raise RevisionMismatch(f"{os.fsdecode(path)!r} changed in the last moment")
    finally:
        os.close(slot)


def make_directory(root: Root, path: str) -> Present:
    """Makes one directory.

    Raises:
        RevisionMismatch: Something is there already.
        OSError: It could not be made.
    """
    root.writable()
    parent, name = beneath.split(path)
    directory = beneath.open_directory(root.fd, parent)
    try:
        os.mkdir(name, dir_fd=directory)
        return present(os.stat(name, dir_fd=directory, follow_symlinks=False))
    finally:
        os.close(directory)


def write_symlink(root: Root, path: str, expected: str | None, target: str, attributes: Attributes) -> Present:
    """Writes a symbolic link, in place of another one if one is expected; that one goes to the trash.

    Raises:
        RevisionMismatch: Something else is there than is expected; nothing has changed.
        OSError: It could not be written.
    """
    area = root.writable()
    encoded = beneath.encode(path)
    parent, _, name = encoded.rpartition(b"/")
    directory = beneath.open_directory(root.fd, parent)
    try:
        staged = staging.create_symlink(area, target, attributes.mtime_ns)
        try:
            if expected is None:
                staged.publish(directory, name)
                return symlink(os.fstat(staged.fd), target)
            replaced = staging.require(directory, name, expected)
            if not mode_of.S_ISLNK(replaced.st_mode):
                raise RevisionMismatch(f"{path!r} is not a symbolic link")
            staged.replace(directory, name, path=encoded, before=replaced)
            return symlink(os.fstat(staged.fd), target)
        finally:
            staged.discard()
    finally:
        os.close(directory)


def set_attributes(root: Root, path: str, expected: str, attributes: Attributes) -> Present:
    """Sets the time and the executable bit of a file and leaves its bytes alone.

    Raises:
        RevisionMismatch: Something else is there than is expected.
        OutcomeUnknown: Somebody has written to it at the same time; it is to be looked at again.
        OSError: They could not be set.
    """
    root.writable()
    encoded = beneath.encode(path)
    descriptor = beneath.open_beneath(root.fd, encoded, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if revision_of(status) != expected:
            raise RevisionMismatch(f"{path!r} is not what was expected")
        if mode_of.S_ISREG(status.st_mode) and attributes.executable is not None:
            mode = mode_of.S_IMODE(status.st_mode)
            wanted = staging.with_executable(mode, attributes.executable)
            if wanted != mode:
                os.fchmod(descriptor, wanted)
        if attributes.mtime_ns is not None:
            if not same_content(os.fstat(descriptor), status):
                raise RevisionMismatch(f"{path!r} changed in the last moment")
            os.utime(descriptor, ns=(status.st_atime_ns, attributes.mtime_ns))
        after = os.fstat(descriptor)
        if after.st_size != status.st_size:
            raise OutcomeUnknown(f"{path!r} was written to while its attributes were set")
        return present(after)
    finally:
        os.close(descriptor)


def sync(root: Root) -> None:
    """Waits until everything that was written to the folder's file system is on its disk."""
    system.sync_file_system(root.fd)
