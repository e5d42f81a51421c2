"""A file that is written out of sight, and how it becomes visible.

Where the file system can, the staged file has no name at all: whatever happens to this process, nothing is left
behind. Elsewhere, and for uploads that come in chunks, it has a name in `.onitu/tmp`. Either way its content is
complete and verified before it gets its final name in one step. What it replaces is kept in the trash, in the same
step where the kernel can swap two names: nothing that somebody else puts there in the last moment is lost.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat as mode_of
from typing import TYPE_CHECKING

from onitu.plug import RevisionMismatch

from . import content, system
from .observe import revision_of, same_content

if TYPE_CHECKING:
    from onitu.plug import Attributes

    from .area import Area

_ANYBODY = 0o666
_ANYBODY_EXECUTES = 0o777
_EXECUTE = 0o111
_PERMISSIONS = 0o777  # Set-user-id and the like are not kept: they were given to other bytes.
_TMPFILE = getattr(os, "O_TMPFILE", 0)
_THE_LINK = os.O_PATH | os.O_NOFOLLOW if hasattr(os, "O_PATH") else getattr(os, "O_SYMLINK", 0)
_TOUCH = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Staged:
    """A file that is not visible yet.

    Attributes:
        fd: Open for reading and writing.
    """

    def __init__(self, area: Area, fd: int, name: bytes | None) -> None:
        self.fd = fd
        self._area = area
        self._name = name

    def discard(self) -> None:
        """Closes the file; removes it unless it was published."""
        try:
            if self._name is not None:
                os.unlink(self._name, dir_fd=self._area.tmp)
                self._name = None
        except FileNotFoundError:
            pass  # The user has cleared the staging directory.
        finally:
            os.close(self.fd)

    def finish(self, attributes: Attributes, directory: int, replaced: os.stat_result | None) -> None:
        """Sets what travels with the content, and what the destination wants of its own.

        Args:
            attributes: What travels with the content.
            directory: Where the file will be.
            replaced: What it will replace; keeps its mode and owner (CONTRACT F11).
        """
        if replaced is not None:
            mode = replaced.st_mode & _PERMISSIONS
            _try_to_own(self.fd, replaced.st_uid, replaced.st_gid)
            os.fchmod(self.fd, mode if attributes.executable is None else with_executable(mode, attributes.executable))
        else:
            above = os.fstat(directory)
            if above.st_mode & mode_of.S_ISGID:
                # A directory for a group: what is made in it belongs to the group, and so does what is moved in.
                _try_to_own(self.fd, -1, above.st_gid)
        if attributes.mtime_ns is not None:
            os.utime(self.fd, ns=(attributes.mtime_ns, attributes.mtime_ns))

    def publish(self, directory: int, name: bytes) -> None:
        """Gives the file a name that nothing has.

        Raises:
            RevisionMismatch: Something has the name.
        """
        try:
            self._link(directory, name)
        except FileExistsError as error:
            raise RevisionMismatch(f"{os.fsdecode(name)!r} is there, expected was nothing") from error
        _announce(directory, name)

    def replace(self, directory: int, name: bytes, *, path: bytes, before: os.stat_result) -> None:
        """Puts the file in the place of another one, which goes to the trash.

        Args:
            directory: Where the other one is.
            name: Its name there.
            path: Its path below the root, which it keeps in the trash.
            before: What it was when it was looked at, right before.

        Raises:
            RevisionMismatch: Something else is there. It still is, and nothing has changed.
        """
        slot, kept = self._area.keep(path, self._link)
        try:
            self._swap(slot, kept, directory, name)
            # The swap has changed the other one's ctime, and nothing else if it is what we have looked at.
            if not same_content(os.stat(kept, dir_fd=slot, follow_symlinks=False), before):
                self._put_back(slot, kept, directory, name)
                raise RevisionMismatch(f"{os.fsdecode(name)!r} changed in the last moment")
        finally:
            os.close(slot)
        _announce(directory, name)

    def _swap(self, slot: int, kept: bytes, directory: int, name: bytes) -> None:
        """Swaps the staged file, which is in the trash by now, for the one it replaces."""
        try:
            try:
                system.exchange(slot, kept, directory, name)
            except OSError as error:
                if error.errno not in system.LACKING:
                    raise
                _replace_in_two_steps(slot, kept, directory, name)
        except OSError as error:
            self._remove_own(slot, kept)
            if isinstance(error, FileNotFoundError):
                raise RevisionMismatch(f"{os.fsdecode(name)!r} has just gone") from error
            raise

    def _put_back(self, slot: int, kept: bytes, directory: int, name: bytes) -> None:
        """Undoes the swap: what somebody changed in the last moment is what is to be there."""
        try:
            system.exchange(slot, kept, directory, name)
        except FileNotFoundError:
            return  # By now somebody has deleted our file. What it replaced is in the trash.
        except OSError as error:
            if error.errno not in system.LACKING:
                raise
            os.rename(kept, name, src_dir_fd=slot, dst_dir_fd=directory)
        self._remove_own(slot, kept)

    def _remove_own(self, slot: int, kept: bytes) -> None:
        """Removes the staged file from the trash; anything else that is there by now is somebody's, and stays."""
        try:
            if same_content(os.stat(kept, dir_fd=slot, follow_symlinks=False), os.fstat(self.fd)):
                os.unlink(kept, dir_fd=slot)
        except FileNotFoundError:
            pass

    def _link(self, directory: int, name: bytes) -> None:
        if self._name is None:
            system.link_descriptor(self.fd, directory, name)
        else:
            move_new(self._area.tmp, self._name, directory, name)
            self._name = None


def create(area: Area, *, executable: bool) -> Staged:
    """Stages an empty file.

    Args:
        area: The folder's `.onitu`.
        executable: Whether it is to be executable, as far as the user's umask allows.
    """
    if _TMPFILE:
        try:
            return _stage(area, b".", os.O_RDWR | _TMPFILE | os.O_CLOEXEC, executable=executable)
        except OSError as error:
            # EISDIR: the file system knows so little of O_TMPFILE that it sees only the directory.
            if error.errno not in system.LACKING and error.errno != errno.EISDIR:
                raise
    return create_named(area, secrets.token_hex(8).encode(), executable=executable)


def create_named(area: Area, name: bytes, *, executable: bool) -> Staged:
    """Stages an empty file under a name in `.onitu/tmp`; `area` says how long it stays there."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return _stage(area, name, flags, executable=executable)


def _stage(area: Area, name: bytes, flags: int, *, executable: bool) -> Staged:
    tmp, mode = area.tmp, _ANYBODY_EXECUTES if executable else _ANYBODY
    try:
        descriptor = os.open(name, flags, mode, dir_fd=tmp)
    except (FileNotFoundError, PermissionError):
        if not area.remake(tmp):
            raise
        descriptor = os.open(name, flags, mode, dir_fd=area.tmp)
    return Staged(area, descriptor, None if name == b"." else name)


def create_symlink(area: Area, target: str, mtime_ns: int | None) -> Staged:
    """Stages a symbolic link. What it points to is never looked at.

    Args:
        area: The folder's `.onitu`.
        target: Where it points.
        mtime_ns: Its modification time, or None for now.
    """
    name = secrets.token_hex(8).encode()
    try:
        os.symlink(target.encode(), name, dir_fd=area.tmp)
    except FileNotFoundError:
        if not area.remake(area.tmp):
            raise
        os.symlink(target.encode(), name, dir_fd=area.tmp)
    if mtime_ns is not None:
        os.utime(name, ns=(mtime_ns, mtime_ns), dir_fd=area.tmp, follow_symlinks=False)
    return Staged(area, os.open(name, _THE_LINK | os.O_CLOEXEC, dir_fd=area.tmp), name)


def reopen(area: Area, name: bytes) -> Staged:
    """Opens a file that was staged under a name.

    Raises:
        FileNotFoundError: Nothing is staged under it.
    """
    return Staged(area, os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=area.tmp), name)


def require(directory: int, name: bytes, expected: str | None) -> os.stat_result:
    """Returns the status of an entry if it is what is expected.

    Raises:
        RevisionMismatch: It is not.
    """
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError as error:
        raise RevisionMismatch(f"{os.fsdecode(name)!r} is not there any more") from error
    if revision_of(status) != expected:
        raise RevisionMismatch(f"{os.fsdecode(name)!r} is not what was expected")
    return status


def move_new(directory: int, name: bytes, new_directory: int, new_name: bytes) -> None:
    """Renames an entry to a name that nothing has, as safely as the system can.

    Raises:
        FileExistsError: Something has the name.
    """
    try:
        system.rename_noreplace(directory, name, new_directory, new_name)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EINVAL):
            raise
    else:
        return
    # EINVAL also says that a directory cannot be moved into itself; so will the rename below.
    if mode_of.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
        # Directories cannot be linked. Making the new one first reserves its name; a rename replaces it while empty.
        os.mkdir(new_name, dir_fd=new_directory)
        try:
            os.rename(name, new_name, src_dir_fd=directory, dst_dir_fd=new_directory)
        except OSError:
            os.rmdir(new_name, dir_fd=new_directory)
            raise
        return
    try:
        os.link(name, new_name, src_dir_fd=directory, dst_dir_fd=new_directory, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        # FAT and some network file systems have neither. Looking first is all that is left.
        _require_free(new_directory, new_name)
        os.rename(name, new_name, src_dir_fd=directory, dst_dir_fd=new_directory)
    else:
        os.unlink(name, dir_fd=directory)


def with_executable(mode: int, executable: bool) -> int:  # noqa: FBT001  It is the value itself, not a switch.
    """Returns the permissions with the executable bit set for whoever may read, or cleared."""
    return mode | (mode & 0o444) >> 2 if executable else mode & ~_EXECUTE


def _require_free(directory: int, name: bytes) -> None:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fsdecode(name))


def _replace_in_two_steps(slot: int, staged: bytes, directory: int, name: bytes) -> None:
    """Does what the swap does where the kernel cannot: keeps the old file by a hard link, then renames over it.

    A file that somebody else renames to this name between the two steps is lost; the content that was looked at
    never is. Afterwards the old file is where the staged one was.
    """
    spare = secrets.token_hex(8).encode()
    try:
        os.link(name, spare, src_dir_fd=directory, dst_dir_fd=slot, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        _copy(directory, name, slot, spare)
    os.rename(staged, name, src_dir_fd=slot, dst_dir_fd=directory)
    os.rename(spare, staged, src_dir_fd=slot, dst_dir_fd=slot)


def _copy(directory: int, name: bytes, new_directory: int, new_name: bytes) -> None:
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    try:
        status = os.fstat(source)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        copy = os.open(new_name, flags, status.st_mode & _PERMISSIONS, dir_fd=new_directory)
        try:
            content.copy_bytes(source, copy)
            os.utime(copy, ns=(status.st_mtime_ns, status.st_mtime_ns))
        finally:
            os.close(copy)
    finally:
        os.close(source)


def _try_to_own(descriptor: int, user: int, group: int) -> None:
    status = os.fstat(descriptor)
    if user in (-1, status.st_uid) and group == status.st_gid:
        return
    try:
        os.fchown(descriptor, user, group)
    except PermissionError:
        try:
            os.fchown(descriptor, -1, group)  # The group may be one of ours even where the owner is not.
        except PermissionError:
            pass  # CONTRACT F11: kept where it can be.


def _announce(directory: int, name: bytes) -> None:
    """Closes the file once under its name, as any program that has written it would.

    Programs that watch a directory wait for a file to be closed. A file that was linked or swapped in never is.
    """
    try:
        os.close(os.open(name, _TOUCH, dir_fd=directory))
    except OSError:
        pass  # Nobody is told then, who waits for that; the file is there all the same.
