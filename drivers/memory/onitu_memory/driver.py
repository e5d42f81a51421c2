"""The handlers of the memory driver, and its start."""

from __future__ import annotations

import hashlib
import queue
import threading
import unicodedata
import uuid
from typing import TYPE_CHECKING, TypeAlias

from blake3 import blake3

from onitu.plug import (
    Absent,
    Attributes,
    Changes,
    Conditional,
    Corrupted,
    Folder,
    FolderReport,
    Inadmissible,
    Kind,
    Metadata,
    NameComparison,
    NotFound,
    Plug,
    Present,
    RevisionMismatch,
    RootState,
    Unsupported,
)
from onitu_memory.control import Control, Faults
from onitu_memory.staging import Staging
from onitu_memory.tree import Entry, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

HEARTBEAT = 5.0
"""Seconds between two signs of life of the watcher; the core asks for one in 30."""

plug = Plug()
plug.declare(
    conditional=Conditional.ATOMIC,
    staging=True,
    move_directory=True,
    native_ids=True,
    executable=True,
    mtime_precision_ns=1,
    free_digests=("blake3",),
    computed_digests=("blake3", "sha256", "md5"),
    pinned=True,
    verified=True,
)

_WITHOUT = {
    "both": (),
    "chunks": ("get_file", "upload_file"),
    "whole": ("get_chunk", "start_upload", "upload_chunk", "restart_upload", "end_upload", "abort_upload"),
}
"""The handlers that a service does not have, by its option `content` (CONTRACT D9)."""


def _composed(path: str) -> str:
    return unicodedata.normalize("NFC", path)


def _without_case(path: str) -> str:
    return _composed(path).casefold()


_NAMES = {
    "exact": (None, NameComparison.EXACT),
    "normalized": (_composed, NameComparison.NORMALIZED),
    "case-insensitive": (_without_case, NameComparison.CASE_INSENSITIVE),
}
"""What names are compared by, by its option `names`."""

Events: TypeAlias = "queue.SimpleQueue[tuple[int, str, str | None]]"
"""Observation number, path, and where the entry was renamed from."""

_watchers: dict[str, Events] = {}
staging = Staging()
_loaded = threading.Event()


def _changed(path: str, moved_from: str | None) -> None:
    for watcher in list(_watchers.values()):
        watcher.put((plug.tick(), path, moved_from))


tree = Tree(_changed)
faults = Faults(tree)


def start() -> None:
    """Lets the control socket in, where there is one, and serves."""
    if isinstance(journal := plug.options["journal"], str):
        faults.journal = journal
    if isinstance(file := plug.options["faults"], str):
        faults.inject_all(file)
    path = plug.options["control"]
    if isinstance(path, str):
        Control(path, tree, faults, close).start()
    plug.listen()


@plug.handler()
def open_folder(folder: Folder) -> FolderReport:
    """Finds the content an earlier process kept."""
    tree.native_ids = plug.options["native_ids"] is True
    if isinstance(largest := plug.options["max_whole_file"], int):
        plug.declare(max_whole_file=largest)
    if isinstance(place := plug.options["staging"], str):
        staging.keep_in(place)
    without = (*_WITHOUT[str(plug.options["content"])], *str(plug.options["without"] or "").split(","))
    tree.key, comparison = _NAMES[str(plug.options["names"])]
    plug.declare(name_comparison=comparison)
    plug.declare(native_ids=tree.native_ids, move_directory="move_directory" not in without, without=without)
    if isinstance(kept := plug.options["persist"], str) and not _loaded.is_set():
        tree.load(kept)
        _loaded.set()
    _make_root(folder)
    if folder.root_id is not None and folder.root_id != tree.id:
        return FolderReport(RootState.DIFFERENT, tree.id, "the content of the earlier process is gone")
    return FolderReport(RootState.OK, tree.id)


def _make_root(folder: Folder) -> None:
    if folder.path == ".":
        return
    parts = folder.path.split("/")
    for depth in range(1, len(parts) + 1):
        path = "/".join(parts[:depth])
        if tree.find(path) is None:
            tree.make_directory(path)


@plug.handler()
def list_directory(folder: Folder, path: str) -> Iterator[tuple[str, Present | Inadmissible]]:
    """Lists a directory; breaks off in the middle where a test asks for a torn listing."""
    faults.before("list_directory", folder.join(path))
    entries = tree.children("" if folder.join(path) == "." else folder.join(path))
    yield from faults.torn(folder.join(path), [(name, tree.present(entry)) for name, entry in entries])


@plug.handler()
def stat_file(metadata: Metadata) -> Present | Absent:
    """Looks at one path."""
    faults.before("stat_file", metadata.path)
    if metadata.path == ".":
        return Present(kind=Kind.DIRECTORY, revision=tree.id)
    entry = tree.find(metadata.path)
    return tree.present(entry) if entry else Absent()


@plug.handler()
def get_digest(metadata: Metadata, algorithm: str) -> bytes:
    """Computes a digest."""
    content = _pinned("get_digest", metadata).content
    if algorithm == "blake3":
        return blake3(content).digest()
    if algorithm not in {"sha256", "md5"}:
        message = f"no {algorithm} here"
        raise Unsupported(message)
    return hashlib.new(algorithm, content, usedforsecurity=False).digest()


@plug.handler()
def watch(folder: Folder, changes: Changes) -> None:
    """Reports what happens in a folder until the stream is closed."""
    events: Events = queue.SimpleQueue()
    watcher = uuid.uuid4().hex
    _watchers[watcher] = events
    changes.ready()
    changes.heartbeat()
    try:
        _follow(folder, changes, events)
    finally:
        del _watchers[watcher]


def _follow(folder: Folder, changes: Changes, events: Events) -> None:
    prefix = "" if folder.path == "." else f"{folder.path}/"
    while not changes.closed.is_set():
        try:
            seq, path, moved_from = events.get(timeout=HEARTBEAT)
        except queue.Empty:
            changes.heartbeat()
            continue
        _report(changes, prefix, path, moved_from, seq)


def _report(changes: Changes, prefix: str, path: str, moved_from: str | None, seq: int) -> None:
    # What is there by now may be newer than the event: then a later event says so once more.
    entry = tree.find(path)
    came_from_here = moved_from is not None and moved_from.startswith(prefix)
    if path.startswith(prefix):
        name = path[len(prefix) :]
        if entry is None:
            changes.report(name, Absent(), seq=seq)
        elif moved_from is not None and came_from_here:
            changes.moved(moved_from[len(prefix) :], name, tree.present(entry), seq=seq)
        else:
            changes.report(name, tree.present(entry), seq=seq)
            if moved_from is not None and entry.kind is Kind.DIRECTORY:
                changes.rescan(name)
    elif moved_from is not None and came_from_here:
        changes.report(moved_from[len(prefix) :], Absent(), seq=seq)


@plug.handler()
def get_file(metadata: Metadata) -> bytes:
    """Reads a whole file."""
    return faults.altered("get_file", metadata.path, _pinned("get_file", metadata).content)


@plug.handler()
def get_chunk(metadata: Metadata, offset: int, size: int) -> bytes:
    """Reads a part of a file."""
    chunk = _pinned("get_chunk", metadata).content[offset : offset + size]
    faults.note("get_chunk", path=metadata.path, offset=offset, size=len(chunk))
    return faults.altered("get_chunk", metadata.path, chunk)


def _pinned(task: str, metadata: Metadata) -> Entry:
    faults.before(task, metadata.path)
    entry = tree.find(metadata.path)
    if entry is None or entry.kind is not Kind.FILE:
        message = f"{metadata.filename}: no file is there"
        raise NotFound(message)
    if entry.revision != metadata.revision:
        message = f"{metadata.filename}: {entry.revision} is there"
        raise RevisionMismatch(message)
    return entry


@plug.handler()
def upload_file(metadata: Metadata, content: bytes) -> Present:
    """Writes a whole file."""
    faults.before("upload_file", metadata.path)
    content = faults.altered("upload_file", metadata.path, content)
    _verify(metadata, content)
    with tree.lock:
        tree.expect(metadata.path, metadata.expected)
        return _done(metadata, tree.write(metadata.path, content, attributes=metadata.attributes))


@plug.handler()
def start_upload(metadata: Metadata) -> None:
    """Begins to stage a file, where nobody sees it."""
    faults.before("start_upload", metadata.path)
    staging.start(metadata.session)


@plug.handler()
def upload_chunk(metadata: Metadata, offset: int, chunk: bytes) -> None:
    """Stages a part of a file."""
    faults.before("upload_chunk", metadata.path)
    chunk = faults.altered("upload_chunk", metadata.path, chunk)
    staging.write(metadata.session, offset, chunk)
    faults.note("upload_chunk", path=metadata.path, offset=offset, size=len(chunk))


@plug.handler()
def restart_upload(metadata: Metadata, _offset: int) -> int:
    """Returns how much is staged, whatever the core remembers of it."""
    faults.before("restart_upload", metadata.path)
    return staging.size(metadata.session)


@plug.handler()
def end_upload(metadata: Metadata) -> Present:
    """Makes what was staged visible, if it is what was announced."""
    faults.before("end_upload", metadata.path)
    content = staging.read(metadata.session)
    _verify(metadata, content)
    with tree.lock:
        tree.expect(metadata.path, metadata.expected)
        done = _done(metadata, tree.write(metadata.path, content, attributes=metadata.attributes))
    staging.remove(metadata.session)
    return done


@plug.handler()
def abort_upload(metadata: Metadata) -> None:
    """Forgets what was staged."""
    staging.remove(metadata.session)


@plug.handler()
def delete_file(metadata: Metadata) -> None:
    """Removes an entry."""
    faults.before("delete_file", metadata.path)
    with tree.lock:
        tree.expect(metadata.path, metadata.expected)
        tree.delete(metadata.path)
        metadata.seq = plug.tick()


@plug.handler()
def move_file(old: Metadata, new: Metadata) -> Present:
    """Renames an entry."""
    faults.before("move_file", old.path)
    with tree.lock:
        tree.expect(old.path, old.expected)
        return _done(new, tree.move(old.path, new.path))


@plug.handler()
def copy_file(old: Metadata, new: Metadata) -> Present:
    """Copies a file."""
    faults.before("copy_file", old.path)
    with tree.lock:
        source = tree.expect(old.path, old.expected)
        tree.expect(new.path, None)
        if source is None or source.kind is not Kind.FILE:
            message = f"{old.filename}: only files can be copied"
            raise Unsupported(message)
        attributes = Attributes(source.mtime_ns, source.executable)
        return _done(new, tree.write(new.path, source.content, attributes=attributes))


@plug.handler()
def make_directory(metadata: Metadata) -> Present:
    """Makes a directory."""
    faults.before("make_directory", metadata.path)
    with tree.lock:
        return _done(metadata, tree.make_directory(metadata.path))


@plug.handler()
def set_attributes(metadata: Metadata, attributes: Attributes) -> Present:
    """Changes attributes of a file."""
    faults.before("set_attributes", metadata.path)
    with tree.lock:
        tree.expect(metadata.path, metadata.expected)
        return _done(metadata, tree.set_attributes(metadata.path, attributes))


@plug.handler()
def write_symlink(metadata: Metadata, target: str, attributes: Attributes) -> Present:
    """Writes a symbolic link."""
    faults.before("write_symlink", metadata.path)
    with tree.lock:
        tree.expect(metadata.path, metadata.expected)
        return _done(metadata, tree.link(metadata.path, target, attributes=attributes))


@plug.handler()
def sync(_folder: Folder) -> None:
    """Makes everything durable, as far as memory can."""
    faults.before("sync", "")
    if isinstance(kept := plug.options["persist"], str):
        tree.save(kept)


@plug.handler()
def close() -> None:
    """Keeps the content for the next process."""
    if isinstance(kept := plug.options["persist"], str):
        tree.save(kept)


def _verify(metadata: Metadata, content: bytes) -> None:
    upload = metadata.upload
    if upload is None:
        return
    if len(content) != upload.size:
        message = f"{metadata.filename}: {len(content)} bytes came, {upload.size} were announced"
        raise Corrupted(message)
    if upload.digest is not None and upload.digest != ("blake3", blake3(content).digest()):
        message = f"{metadata.filename}: the bytes that came are not those that were announced"
        raise Corrupted(message)


def _done(metadata: Metadata, entry: Entry) -> Present:
    # Here we know: the lock is held, so nothing can have happened between the change and this number.
    metadata.seq = plug.tick()
    return tree.present(entry)
