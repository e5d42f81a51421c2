"""The service itself: entries by path, each with a revision that is never used again.

It compares and changes in one step under one lock, which is what makes the driver's expectations atomic. It knows
nothing of Onitu but the values and errors of its SDK.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from onitu.plug import Attributes, InvalidPath, Kind, NotFound, Present, RevisionMismatch

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file, a directory, or a symbolic link."""

    kind: Kind
    id: str
    revision: str
    content: bytes = b""
    mtime_ns: int = 0
    executable: bool = False
    target: str | None = None


class Tree:
    """All entries of the service, by path below its root.

    Args:
        changed: Called under the lock, after each change, with the path and where the entry was renamed from.
    """

    def __init__(self, changed: Callable[[str, str | None], None]) -> None:
        self.lock = threading.RLock()
        self._saving = threading.Lock()
        self.id = uuid.uuid4().hex
        self.native_ids = True
        #: What names are compared by: names with one key are one entry, spelled as it was first written.
        self.key: Callable[[str], str] | None = None
        self._entries: dict[str, Entry] = {}
        self._changed = changed
        # No revision is ever used twice, not even by a process that starts again from older content.
        self._process = uuid.uuid4().hex[:8]
        self._count = 0

    def find(self, path: str) -> Entry | None:
        """Returns the entry at a path, or None."""
        return self._entries.get(self._spelled(path))

    def all(self) -> list[tuple[str, Entry]]:
        """Returns all entries with their paths."""
        with self.lock:
            return sorted(self._entries.items())

    def present(self, entry: Entry) -> Present:
        """Returns an entry as Onitu observes it."""
        if entry.kind is Kind.DIRECTORY:
            return Present(kind=entry.kind, revision=entry.revision, native_id=entry.id if self.native_ids else "")
        if entry.kind is Kind.SYMLINK:
            return Present(
                kind=entry.kind,
                revision=entry.revision,
                mtime_ns=entry.mtime_ns,
                native_id=entry.id if self.native_ids else "",
                target=entry.target,
            )
        return Present(
            kind=entry.kind,
            revision=entry.revision,
            size=len(entry.content),
            mtime_ns=entry.mtime_ns,
            native_id=entry.id if self.native_ids else "",
            executable=entry.executable,
            digests={"blake3": blake3(entry.content).digest()},
        )

    def children(self, path: str) -> list[tuple[str, Entry]]:
        """Returns the entries right below a directory, by name.

        Raises:
            NotFound: There is no such directory.
        """
        with self.lock:
            self._directory(path)
            prefix = f"{path}/" if path else ""
            below = ((name, entry) for name, entry in self._entries.items() if name.startswith(prefix))
            return [(name[len(prefix) :], entry) for name, entry in below if "/" not in name[len(prefix) :]]

    def expect(self, path: str, revision: str | None) -> Entry | None:
        """Returns what is at a path if it is what is expected there.

        Raises:
            RevisionMismatch: It is not.
        """
        entry = self.find(path)
        if (entry.revision if entry else None) != revision:
            message = f"{path}: {entry.revision if entry else 'nothing'} is there, not {revision or 'nothing'}"
            raise RevisionMismatch(message)
        return entry

    def write(self, path: str, content: bytes, *, attributes: Attributes | None = None) -> Entry:
        """Puts a file at a path, in place of one that is there."""
        attributes = attributes or Attributes()
        with self.lock:
            path = self._spelled(path)
            self._directory(path.rpartition("/")[0])
            old = self._entries.get(path)
            self._refuse_other_kind(path, old, Kind.FILE)
            executable = old.executable if old and attributes.executable is None else bool(attributes.executable)
            return self._put(
                path,
                Entry(
                    kind=Kind.FILE,
                    id=old.id if old else uuid.uuid4().hex,
                    revision=self._next_revision(),
                    content=bytes(content),
                    mtime_ns=time.time_ns() if attributes.mtime_ns is None else attributes.mtime_ns,
                    executable=executable,
                ),
            )

    def link(self, path: str, target: str, *, attributes: Attributes | None = None) -> Entry:
        """Puts a symbolic link at a path, in place of one that is there."""
        mtime_ns = attributes.mtime_ns if attributes is not None else None
        with self.lock:
            path = self._spelled(path)
            self._directory(path.rpartition("/")[0])
            old = self._entries.get(path)
            self._refuse_other_kind(path, old, Kind.SYMLINK)
            return self._put(
                path,
                Entry(
                    kind=Kind.SYMLINK,
                    id=old.id if old else uuid.uuid4().hex,
                    revision=self._next_revision(),
                    mtime_ns=time.time_ns() if mtime_ns is None else mtime_ns,
                    target=target,
                ),
            )

    def _refuse_other_kind(self, path: str, old: Entry | None, kind: Kind) -> None:
        if old is not None and old.kind is not kind:
            message = f"{path}: is a {old.kind.name.lower()}"
            raise RevisionMismatch(message)

    def set_attributes(self, path: str, attributes: Attributes) -> Entry:
        """Changes attributes of a file."""
        with self.lock:
            path = self._spelled(path)
            old = self._entries[path]
            mtime_ns = old.mtime_ns if attributes.mtime_ns is None else attributes.mtime_ns
            executable = old.executable if attributes.executable is None else attributes.executable
            new = replace(old, revision=self._next_revision(), mtime_ns=mtime_ns, executable=executable)
            return self._put(path, new)

    def make_directory(self, path: str) -> Entry:
        """Makes a directory where nothing is."""
        with self.lock:
            self._directory(path.rpartition("/")[0])
            self.expect(path, None)
            entry = Entry(kind=Kind.DIRECTORY, id=uuid.uuid4().hex, revision=self._next_revision())
            return self._put(path, entry)

    def delete(self, path: str) -> None:
        """Removes an entry; a directory must be empty."""
        with self.lock:
            path = self._spelled(path)
            if path not in self._entries:
                message = f"{path}: is not there"
                raise NotFound(message)
            if self._entries[path].kind is Kind.DIRECTORY and self.children(path):
                message = f"{path}: the directory is not empty"
                raise RevisionMismatch(message)
            del self._entries[path]
            self._changed(path, None)

    def move(self, path: str, destination: str) -> Entry:
        """Renames an entry, with everything below it."""
        with self.lock:
            path = self._spelled(path)
            entry = self._entries.get(path)
            if entry is None:
                message = f"{path}: is not there"
                raise NotFound(message)
            if destination == path or destination.startswith(f"{path}/"):
                message = f"{path}: cannot be moved into itself"
                raise InvalidPath(message)
            if self._spelled(destination) != path:
                self.expect(destination, None)  # Another spelling of its own name is free.
            self._directory(destination.rpartition("/")[0])
            for name in [name for name in self._entries if name == path or name.startswith(f"{path}/")]:
                self._entries[destination + name[len(path) :]] = self._entries.pop(name)
            self._changed(destination, path)
            return entry

    def save(self, file: str) -> None:
        """Keeps everything in a file, whole or not at all."""
        # Two folders may be synced at once; each makes durable what was there when it was asked.
        with self._saving:
            with self.lock:
                entries = {path: _to_json(entry) for path, entry in self._entries.items()}
                text = json.dumps({"id": self.id, "entries": entries})
            staged = Path(f"{file}.new")
            with staged.open("w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            staged.replace(file)

    def load(self, file: str) -> None:
        """Takes over what an earlier process kept, if it did."""
        try:
            tree = json.loads(Path(file).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        with self.lock:
            self.id = tree["id"]
            self._entries = {path: _from_json(entry) for path, entry in tree["entries"].items()}

    def _put(self, path: str, entry: Entry) -> Entry:
        self._entries[path] = entry
        self._changed(path, None)
        return entry

    def _directory(self, path: str) -> None:
        entry = self.find(path)
        if path and (entry is None or entry.kind is not Kind.DIRECTORY):
            message = f"{path}: there is no such directory"
            raise NotFound(message)

    def _spelled(self, path: str) -> str:
        """Returns a path as it is spelled here, if something is there."""
        if self.key is None or path in self._entries:
            return path
        key = self.key(path)
        return next((name for name in self._entries if self.key(name) == key), path)

    def _next_revision(self) -> str:
        self._count += 1
        return f"{self._process}.{self._count}"


def _to_json(entry: Entry) -> dict[str, object]:
    return {**vars(entry), "content": b64encode(entry.content).decode()}


def _from_json(tree: dict[str, object]) -> Entry:
    known: dict[str, object] = {
        **tree,
        "kind": Kind(int(str(tree["kind"]))),
        "content": b64decode(str(tree["content"])),
    }
    return Entry(**known)  # type: ignore[arg-type]  # Here we know: `_to_json` wrote it.
