"""The handlers of `ssh`: a directory of a server as a service.

Nothing is done here but to find the folder's root, hand over, and say errors in the words of the contract. All handlers
are coroutines in one event loop, so what they share needs no locks.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from onitu.plug import Conditional, DriverError, FolderReport, Metadata, Plug, RootState, Unavailable
from onitu.plug.marker import Owner

from . import observe, staging, trash, tree, write
from . import protocol as p
from .channel import Lost, Refused
from .connection import Connection
from .failures import changes, from_refusal, looks
from .login import Login
from .private import remove_leftovers
from .reading import Files
from .root import Root, open_root
from .uploads import Uploads, of
from .watch import Watcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from onitu.plug import Absent, Attributes, Changes, Folder, Inadmissible, Kept, Present

    from .shell import Shell

plug = Plug()
plug.declare(
    move_directory=True,
    staging=True,
    executable=True,
    mtime_precision_ns=observe.SECOND,
    conditional=Conditional.BEST_EFFORT,
    computed_digests=("blake3", "sha256", "sha1", "md5"),
    verified=True,
    pinned=True,
    parallel=32,
)

_connections: dict[Login, Connection] = {}
_roots: dict[str, Root] = {}
_unsynced: dict[tuple[str, str], set[str]] = {}  # Of folders and ids of roots: opening one anew forgets nothing.
_listings: dict[str, trash.Listing] = {}
_used: dict[Connection, str] = {}  # What was said of them.
_probing: set[asyncio.Task[None]] = set()
_files = Files()
_writing = asyncio.Semaphore(64)  # Files that are open for writing at once: servers have a limit.
_flushing = asyncio.Semaphore(256)  # The same where they wait for the disk together, which is OpenSSH with a shell.
_uploads = Uploads()


def start() -> None:
    """Serves until Onitu closes. What dead processes have left on this host is removed first."""
    remove_leftovers()
    plug.listen()


def _root(folder: str) -> Root:
    root = _roots.get(folder)
    if root is None:
        raise Unavailable(f"the root of the folder {folder!r} is not there")
    return root


@plug.handler()
async def open_folder(folder: Folder) -> FolderReport:
    """Finds the root of a folder and removes what a dead process has left behind."""
    _roots.pop(folder.name, None)
    login = Login.parse(plug.options)
    for other in [known for known in _connections if known != login]:
        _used.pop(_connections[other], None)
        await _connections.pop(other).close()  # The setup has changed.
    connection = _connections.setdefault(login, Connection(login))
    # What the shell can do is found out while the root is looked for.
    probing = asyncio.create_task(_probe(connection))
    _probing.add(probing)
    probing.add_done_callback(_probing.discard)
    try:
        owner = Owner(setup=plug.setup_id, service=plug.service_name)
        root, report = await open_root(connection, str(plug.options["root"]), folder, owner)
        if root is None:
            return report
        # Meanwhile: what the shell has to say of this root.
        leftovers = staging.remove_leftovers(root) if root.writable else asyncio.sleep(0)
        await asyncio.gather(leftovers, _tells(root))
    except Refused as error:
        raise from_refusal(error, f"{plug.options['root']}/{folder.path}") from error
    except Lost as error:
        raise Unavailable("the connection was lost") from error
    root.unsynced = _unsynced.setdefault((folder.name, root.id), root.unsynced)
    _roots[folder.name] = root
    await _declare(root)
    return report


async def _declare(root: Root) -> None:
    """Says what this server can do, of all folders."""
    sftp = await root.connection.sftp()
    without = (() if sftp.can(p.COPY_DATA) else ("copy_file",)) + (() if sftp.can(p.FSYNC) else ("sync",))
    tells = [await _tells(known) for known in _roots.values()]
    if not any(tells):
        without += ("watch",)
    _say_what_is_used(root, await _shell(root), tells=await _tells(root))
    trash_everywhere = all(known.links for known in _roots.values() if known.writable)
    plug.declare(trash=trash_everywhere, without=without)


async def _probe(connection: Connection) -> None:
    with contextlib.suppress(Refused, Lost, DriverError):
        await connection.shell()  # Whoever needs it is told what is wrong.


async def _shell(root: Root) -> Shell | None:
    try:
        return await root.shell()
    except (Refused, Lost, DriverError):
        return None  # Whoever uses the root next finds out what is wrong with it.


async def _tells(root: Root) -> bool:
    """Tells whether somebody there tells of changes to a root."""
    shell = await _shell(root)
    return shell is not None and await shell.tells(root.path)


def _say_what_is_used(root: Root, shell: Shell | None, *, tells: bool) -> None:
    alone = "SFTP alone: changes are found by listing, digests are computed here"
    used = shell.uses(tells=tells) if shell is not None else alone
    if _used.get(root.connection) != used:
        _used[root.connection] = used
        plug.logger.info("shell_used" if shell is not None else "shell_missing", extra={"reason": used})


@plug.handler()
@looks
async def list_directory(folder: Folder, path: str) -> list[tuple[str, Present | Inadmissible]]:
    """Lists a directory. The root is looked at with it: a disk that has gone is not an empty folder."""
    root = _root(folder.name)
    return await observe.list_directory(root, await root.connection.sftp(), path)


@plug.handler()
async def list_tree(folder: Folder, tick: Callable[[], int]) -> AsyncIterator[tuple[str, int, observe.Entries]]:
    """Lists everything, where a shell of the server helps; what fails is listed once more, which says of what."""
    with contextlib.suppress(Refused, Lost):
        async for listed in tree.list_tree(_root(folder.name), tick):
            yield listed


@plug.handler()
@looks
async def look_at_root(folder: Folder) -> tuple[RootState, str]:
    """Tells whether the root is what it was."""
    return await _root(folder.name).state()


@plug.handler()
@looks
async def stat_file(metadata: Metadata) -> Present | Absent | Inadmissible:
    """Observes one entry."""
    root = _root(metadata.folder)
    return await observe.look(root, await root.connection.sftp(), metadata.filename)


@plug.handler()
@looks
async def watch(folder: Folder, changes: Changes) -> None:
    """Watches the folder, where a shell of the server helps."""
    await Watcher(_root(folder.name), changes, plug).run()


@plug.handler()
@looks
async def get_digest(metadata: Metadata, algorithm: str) -> bytes:
    """Computes a digest by reading the file."""
    return await _files.digest(_root(metadata.folder), metadata.filename, str(metadata.revision), algorithm)


@plug.handler()
@looks
async def get_chunk(metadata: Metadata, offset: int, size: int) -> bytes:
    """Reads a part of a file."""
    return await _files.chunk(_root(metadata.folder), metadata.filename, str(metadata.revision), offset, size)


@plug.handler()
@changes
async def upload_file(metadata: Metadata, data: bytes) -> Present:
    """Writes a whole file."""
    return await write.upload(_root(metadata.folder), of(metadata), data)


@plug.handler()
async def upload_files(files: list[tuple[Metadata, bytes]]) -> list[Present | BaseException]:
    """Writes whole files, side by side."""
    shell = await _shell(_root(files[0][0].folder)) if files else None
    places = _writing if shell is None or shell.flusher is None else _flushing

    async def upload(metadata: Metadata, data: bytes) -> Present:
        async with places:
            return await upload_file(metadata, data)

    return await asyncio.gather(*(upload(metadata, data) for metadata, data in files), return_exceptions=True)


@plug.handler()
@changes
async def start_upload(metadata: Metadata) -> None:
    """Stages an empty file for chunks."""
    await _uploads.start(_root(metadata.folder), metadata)


@plug.handler()
@looks
async def upload_chunk(metadata: Metadata, offset: int, chunk: bytes) -> None:
    """Stages one chunk."""
    await _uploads.chunk(metadata, offset, chunk)


@plug.handler()
@looks
async def upload_local_chunks(metadata: Metadata, offset: int, size: int, descriptor: int) -> None:
    """Stages a part of a file of this host."""
    await _uploads.local(metadata, offset, size, descriptor)


@plug.handler()
@looks
async def restart_upload(metadata: Metadata, _offset: int) -> int:
    """Returns how many bytes are staged, whatever the core remembers of it."""
    return await _uploads.restart(_root(metadata.folder), metadata)


@plug.handler()
@changes
async def end_upload(metadata: Metadata) -> Present:
    """Verifies what was staged and makes it visible."""
    return await _uploads.end(_root(metadata.folder), metadata)


@plug.handler()
@looks
async def abort_upload(metadata: Metadata) -> None:
    """Removes what was staged and nothing else."""
    await _uploads.abort(_root(metadata.folder), metadata)


@plug.handler()
@changes
async def delete_file(metadata: Metadata) -> None:
    """Moves a file to the trash, or removes an empty directory."""
    await write.delete(_root(metadata.folder), metadata.filename, metadata.required)


@plug.handler()
@changes
async def move_file(old: Metadata, new: Metadata) -> Present:
    """Renames an entry."""
    return await write.move(_root(old.folder), old.filename, old.required, new.filename)


@plug.handler()
@changes
async def copy_file(old: Metadata, new: Metadata) -> Present:
    """Copies a file within the folder."""
    return await write.copy(_root(old.folder), old.filename, old.required, new.filename)


@plug.handler()
@changes
async def make_directory(metadata: Metadata) -> Present:
    """Makes one directory."""
    return await write.make_directory(_root(metadata.folder), metadata.filename)


@plug.handler()
@changes
async def set_attributes(metadata: Metadata, attributes: Attributes) -> Present:
    """Sets the time and the executable bit."""
    return await write.set_attributes(_root(metadata.folder), metadata.filename, metadata.required, attributes)


@plug.handler()
@changes
async def write_symlink(metadata: Metadata, target: str, _attributes: Attributes) -> Present:
    """Writes a symbolic link, which nobody here ever follows. The protocol cannot set its time."""
    return await write.write_symlink(_root(metadata.folder), metadata.filename, metadata.expected, target)


@plug.handler()
@looks
async def sync(folder: Folder) -> None:
    """Waits for the server's disk, for everything that was written."""
    await write.sync(_root(folder.name))


@plug.handler()
@looks
async def list_trash(folder: Folder, path: str, after: str) -> list[Kept]:
    """Lists what was replaced or deleted."""
    root = _root(folder.name)
    listing = _listings.get(folder.name)
    if listing is None or listing.root is not root:
        listing = _listings[folder.name] = trash.Listing(root)
    return await listing.page(path, after)


@plug.handler()
@looks
async def read_trash(folder: Folder, kept: str, offset: int, size: int) -> bytes:
    """Reads a part of what was replaced or deleted."""
    return await trash.read_kept(_root(folder.name), kept, offset, size)


@plug.handler()
@looks
async def empty_trash(folder: Folder, kept: list[str]) -> None:
    """Removes for good what was replaced or deleted."""
    root = _root(folder.name)
    await write.channel(root)
    await trash.remove_kept(root, kept)


@plug.handler()
async def close() -> None:
    """Hangs up."""
    _roots.clear()
    for connection in list(_connections.values()):
        await connection.close()
    _connections.clear()
    _used.clear()
