"""Mutations: each is done whole, if what is expected is there, or not at all.

Expectations are kept as well as the protocol can: nothing that exists is ever overwritten by a file that expects
nothing there; what is replaced or deleted is looked at right before, and kept. This module decides how; `staging` knows
where.

Durability: the bytes of a file are on the server's disk before its name leads to them. That it does, and whatever else
was answered, is durable after the next `sync`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

from onitu.plug import RevisionMismatch, Unavailable
from onitu.plug.digests import Verifier

from . import protocol as p
from . import staging
from .channel import Refused
from .failures import done
from .observe import SECOND, Approach, is_directory, is_file, is_link, present, require, required, revision_of, symlink
from .protocol import Change

if TYPE_CHECKING:
    from onitu.plug import Attributes, Present, Upload

    from .channel import Answer
    from .client import Sftp
    from .protocol import Status
    from .root import Root

T = TypeVar("T")

_SYNCED_AT_ONCE = 64


async def channel(root: Root) -> Sftp:
    """Returns the channel for mutations.

    Raises:
        Unavailable: The folder is mapped without `w`, or the server cannot be reached.
    """
    if not root.writable:
        raise Unavailable(f"{str(root)!r} is mapped without the mode 'w'")
    return await root.connection.sftp()


async def upload(root: Root, upload: Upload, content: bytes) -> Present:
    """Writes a whole file from memory.

    Raises:
        RevisionMismatch: Something else is there than is expected; nothing has changed.
        Corrupted: The content is not what was announced.
        Refused: It could not be written.
    """
    sftp = await channel(root)
    verifier = Verifier(upload)
    verifier.update(content)
    digests = verifier.finish()
    executable = upload.attributes.executable is True
    name = staging.new_name()
    approach = Approach(root, sftp, upload.path)
    opening = staging.begin(root, sftp, name, executable=executable)
    try:
        there = await approach.arrive()
        require(there, upload.expected, upload.path)
    except BaseException:
        staging.drop(root, sftp, name, opening)
        raise
    staged = await staging.create(root, sftp, name, opening, executable=executable)
    try:
        await staged.write(0, content)
        return note(root, upload.path, await staging.publish(root, staged, approach, there, upload, digests))
    except BaseException:
        staged.discard()
        raise


async def copy(root: Root, old: str, expected: str, new: str) -> Present:
    """Copies a file within the folder, at the server; its time and mode go with it.

    Raises:
        RevisionMismatch: Something else is at the old path than is expected, or anything at the new one.
        Refused: It could not be copied.
    """
    sftp = await channel(root)
    origin, destination = Approach(root, sftp, old), Approach(root, sftp, new)
    found = required(await origin.arrive(), expected, old)
    require(await destination.arrive(), None, new)
    if not is_file(found):
        raise RevisionMismatch(f"{old!r} is not a file")
    executable = found.mode & 0o100 != 0
    name = staging.new_name()
    handle = await sftp.open(origin.place, p.FOR_READING)
    try:
        opening = staging.begin(root, sftp, name, executable=executable)
        staged = await staging.create(root, sftp, name, opening, executable=executable)
        try:
            if found.size:
                await sftp.copy_data(handle, staged.handle)
            required(await sftp.fstat(handle), expected, old)
            staging.require_copied(await sftp.fstat(staged.handle), found, old)
            sftp.fsetstat(staged.handle, Change(mtime=found.mtime))
            made = await staged.finish()
            await staging.rename_new(root, sftp, staged.place, destination.place, new)
            return note(root, new, present(made, root.lag))
        except BaseException:
            staged.discard()
            raise
    finally:
        sftp.close_handle(handle)


async def move(root: Root, old: str, expected: str, new: str) -> Present:
    """Renames an entry, with everything below it.

    Raises:
        RevisionMismatch: Something else is at the old path than is expected, or anything at the new one.
        Refused: It could not be renamed.
    """
    sftp = await channel(root)
    origin, destination = Approach(root, sftp, old), Approach(root, sftp, new)
    before = required(await origin.arrive(), expected, old)
    require(await destination.arrive(), None, new)
    await staging.rename_new(root, sftp, origin.place, destination.place, new)
    root.unsynced.update([new + path[len(old) :] for path in root.unsynced if path.startswith(f"{old}/")])
    with done(new):
        after = await sftp.lstat(destination.place)
        if is_link(after) and _is_same(after, before):
            return symlink(after, (await sftp.readlink(destination.place)).decode(), root.lag)
        if not _is_same(after, before):
            await staging.rename_new(root, sftp, destination.place, origin.place, old)
    if not _is_same(after, before):
        raise RevisionMismatch(f"{old!r} changed in the last moment")
    return note(root, new, present(after, root.lag))


async def delete(root: Root, path: str, expected: str) -> None:
    """Removes a file, which goes to the trash, or an empty directory.

    Raises:
        RevisionMismatch: Something else is there than is expected, or the directory is not empty.
        Refused: It could not be removed.
    """
    sftp = await channel(root)
    approach = Approach(root, sftp, path)
    before = required(await approach.arrive(), expected, path)
    if is_directory(before):
        await _remove_directory(sftp, approach)
        return
    kept = await staging.to_trash(root, sftp, approach, lambda slot: sftp.rename(approach.place, slot))
    with done(path):
        changed = not _is_same(await sftp.lstat(kept), before)
        if changed:
            try:
                await staging.rename_new(root, sftp, kept, approach.place, path)
            except RevisionMismatch:
                pass  # By now there is a third file. The second one stays in the trash, and nothing is lost.
    if changed:
        raise RevisionMismatch(f"{path!r} changed in the last moment")
    if not root.links:
        sftp.remove(kept)  # What is replaced cannot be kept there, so the core keeps everything itself.


def _is_same(status: Status, other: Status) -> bool:
    return revision_of(status) == revision_of(other)


async def _remove_directory(sftp: Sftp, approach: Approach) -> None:
    try:
        await sftp.rmdir(approach.place)
    except Refused as error:
        if error.code == p.FAILURE and await sftp.entries(approach.place):
            raise RevisionMismatch(f"{approach.path!r}: the directory is not empty") from error
        raise


async def make_directory(root: Root, path: str) -> Present:
    """Makes one directory.

    Raises:
        RevisionMismatch: Something is there already.
        Refused: It could not be made.
    """
    sftp = await channel(root)
    approach = Approach(root, sftp, path)
    require(await approach.arrive(), None, path)
    try:
        await sftp.mkdir(approach.place)
    except Refused as error:
        if error.code == p.FAILURE and await staging.exists(sftp, approach.place):
            raise RevisionMismatch(f"{path!r} is there already") from error
        raise
    with done(path):
        made = present(await sftp.lstat(approach.place), root.lag)
    root.own.note(path, made.revision)
    return made


async def write_symlink(root: Root, path: str, expected: str | None, target: str) -> Present:
    """Writes a symbolic link, in place of another one if one is expected; that one goes to the trash.

    Raises:
        RevisionMismatch: Something else is there than is expected; nothing has changed.
        Refused: It could not be written.
    """
    sftp = await channel(root)
    approach = Approach(root, sftp, path)
    there = await approach.arrive()
    require(there, expected, path)
    if there is None:
        await _link_new(sftp, approach, target)
    else:
        await _link_again(root, sftp, approach, there, target, expected)
    with done(path):
        return symlink(await sftp.lstat(approach.place), target, root.lag)


async def _link_new(sftp: Sftp, approach: Approach, target: str) -> None:
    try:
        await sftp.symlink(target.encode(), approach.place)
    except Refused as error:
        if error.code == p.FAILURE and await staging.exists(sftp, approach.place):
            raise RevisionMismatch(f"{approach.path!r} is there, expected was nothing") from error
        raise


async def _link_again(
    root: Root, sftp: Sftp, approach: Approach, there: Status, target: str, expected: str | None
) -> None:
    if not is_link(there):
        raise RevisionMismatch(f"{approach.path!r} is not a symbolic link")
    seen = await sftp.readlink(approach.place)
    if f"{revision_of(there)}:{seen.decode('utf-8', 'replace')}" != expected:
        raise RevisionMismatch(f"{approach.path!r} is not what was expected")
    staged = root.inside(b"tmp", staging.new_name())
    await sftp.symlink(target.encode(), staged)
    kept: bytes | None = None
    try:
        if root.links:
            kept = await staging.to_trash(root, sftp, approach, lambda slot: sftp.symlink(seen, slot))
        await _require_link(sftp, approach, there, seen)
        await root.replace(sftp, staged, approach.place)
    except (Refused, RevisionMismatch):
        # With any other end, what is kept may be all there is of what was replaced.
        if kept is not None:
            sftp.remove(kept)
        sftp.remove(staged)
        raise
    except BaseException:
        sftp.remove(staged)
        raise


async def _require_link(sftp: Sftp, approach: Approach, there: Status, target: bytes) -> None:
    looking, reading = sftp.lstat(approach.place), sftp.readlink(approach.place)
    now: Status | None = await _unless_gone(looking)
    require(now, revision_of(there), approach.path)
    if await _unless_gone(reading) != target:
        raise RevisionMismatch(f"{approach.path!r} changed in the last moment")


async def set_attributes(root: Root, path: str, expected: str, attributes: Attributes) -> Present:
    """Sets the time and the executable bit of a file and leaves its bytes alone.

    Raises:
        RevisionMismatch: Something else is there than is expected.
        Refused: They could not be set.
    """
    sftp = await channel(root)
    approach = Approach(root, sftp, path)
    there = required(await approach.arrive(), expected, path)
    if is_link(there):
        raise RevisionMismatch(f"{path!r} is not a file")
    permissions = None
    if is_file(there) and attributes.executable is not None:
        permissions = staging.with_executable(there.mode & 0o7777, attributes.executable)
    mtime = None if attributes.mtime_ns is None else attributes.mtime_ns // SECOND
    state = await _set(sftp, approach, there, Change(permissions=permissions, mtime=mtime))
    return note(root, path, present(state, root.lag))


async def _set(sftp: Sftp, approach: Approach, there: Status, change: Change) -> Status:
    """Sets attributes, and looks in the same breath: an edit must not become what Onitu has written.

    Raises:
        OutcomeUnknown: Something else was there, or is there now.
        Refused: They could not be set, and nothing was.
    """
    before, setting, after = (
        sftp.lstat(approach.place),
        sftp.setstat(approach.place, change),
        sftp.lstat(approach.place),
    )
    try:
        await setting
    except Refused:
        with done(approach.path):
            if not _is_same(await after, there):
                raise  # A part was set, or something else is there.
        raise
    with done(approach.path):
        found = await after
        if not _is_same(await before, there) or not _is_made_of(found, there, change):
            raise RevisionMismatch("it changed in the last moment")
    return found


def _is_made_of(status: Status, before: Status, change: Change) -> bool:
    """Tells whether something is what was there before, but for what was changed."""
    if is_directory(before):
        return is_directory(status)
    expected = before
    if change.mtime is not None:
        expected = expected._replace(mtime=status.mtime)
    if change.permissions is not None:
        expected = expected._replace(mode=status.mode)
    return is_file(status) and _is_same(status, expected)


def note(root: Root, path: str, state: Present) -> Present:
    """Notes what the next `sync` is about, and what it is no news to be told of, and returns it."""
    root.unsynced.add(path)
    root.own.note(path, state.revision)
    return state


async def sync(root: Root) -> None:
    """Waits for the server's disk, for everything that was written since the last time.

    Raises:
        Refused: The disk could not take it, or a file could not be opened for it.
    """
    sftp = await channel(root)
    if not sftp.can(p.FSYNC):
        return
    waiting = sorted(root.unsynced)
    root.unsynced.clear()
    try:
        left = await _not_flushed(root, [root.place(path.encode()) for path in waiting])
        for begin in range(0, len(left), _SYNCED_AT_ONCE):
            await _flush(sftp, left[begin : begin + _SYNCED_AT_ONCE])
    except BaseException:
        root.unsynced.update(waiting)
        raise


async def _not_flushed(root: Root, places: list[bytes]) -> list[bytes]:
    """Waits until files are on the server's disk, together where it has a shell that helps; returns what is left."""
    shell = await root.shell()
    if shell is None or shell.flusher is None:
        return places
    flushed = await shell.flusher.flush(places)
    return [place for place, held in zip(places, flushed, strict=True) if not held]


async def _flush(sftp: Sftp, places: list[bytes]) -> None:
    """Waits until files are on the server's disk. None is opened before it was seen: a pipe would never open."""
    openings: deque[tuple[Status, Answer[bytes]]] = deque()
    for place, looking in [(place, sftp.lstat(place)) for place in places]:
        status = await _unless_gone(looking)
        if status is not None and (is_file(status) or is_directory(status)):
            openings.append((status, sftp.open(place, p.FOR_READING)))
    try:
        while openings:
            status, opening = openings.popleft()
            if is_directory(status):
                await _flush_directory(sftp, opening)
            elif (handle := await _unless_gone(opening)) is not None:
                flushing = sftp.fsync(handle)
                sftp.close_handle(handle)
                await flushing
    except BaseException:
        for _, opening in openings:
            sftp.drop(opening)
        raise


async def _unless_gone(answer: Answer[T]) -> T | None:
    try:
        return await answer
    except Refused as error:
        if error.code == p.NO_SUCH_FILE:
            return None  # Moved or gone meanwhile.
        raise


async def _flush_directory(sftp: Sftp, opening: Answer[bytes]) -> None:
    """Does what can be done: not every server opens directories."""
    try:
        handle = await opening
    except Refused:
        return
    flushing = sftp.fsync(handle)
    sftp.close_handle(handle)
    try:
        await flushing
    except Refused:
        return
