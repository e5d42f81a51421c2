"""What lies in the fake Drive: files with their revisions, folders, shared drives, and a log of changes.

Nothing here knows HTTP. Every change of a file gives it a greater `version` and an entry in the log.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import secrets
import threading
from datetime import UTC, datetime
from typing import Any

import attrs

Json = dict[str, Any]

FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"
DOCUMENT = "application/vnd.google-apps.document"
SPREADSHEET = "application/vnd.google-apps.spreadsheet"
BINARY = "application/octet-stream"

#: Who has signed in.
USER = {"kind": "drive#user", "displayName": "Ada", "emailAddress": "ada@example.org", "permissionId": "1", "me": True}

EXPORTS = {
    DOCUMENT: ["application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/pdf"],
    SPREADSHEET: ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/pdf"],
}


def now() -> str:
    """Returns this moment as the API writes it: milliseconds, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@attrs.define
class Revision:
    """One content of a file. Its digests are computed once: lists of files show them again and again.

    Attributes:
        id: Its id.
        content: The bytes.
        modified: When it came.
        keep: Whether it is kept for ever.
    """

    id: str
    content: bytes
    modified: str
    keep: bool = False

    @functools.cached_property
    def md5(self) -> str:
        """MD5 of the bytes."""
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()

    @functools.cached_property
    def sha1(self) -> str:
        """SHA-1 of the bytes."""
        return hashlib.sha1(self.content, usedforsecurity=False).hexdigest()

    @functools.cached_property
    def sha256(self) -> str:
        """SHA-256 of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


@attrs.define
class File:
    """A file, a folder, or something else that has a name.

    Attributes:
        id: Its id.
        name: Its name, which others beside it may have as well.
        mime: Its type.
        parent: Id of the folder that it lies in, or None for a root.
        drive: Id of the shared drive that it lies in, or None.
        created: When it was made.
        modified: When it was changed, as whoever did says.
        version: Grows with every change.
        trashed: When it was put into the trash, itself, or None.
        revisions: Its contents, the oldest first.
        properties: What programs keep with it.
        target: Of a shortcut.
        document: What a Google document is exported as.
    """

    id: str
    name: str
    mime: str
    parent: str | None
    drive: str | None
    created: str
    modified: str
    version: int = 0
    trashed: str | None = None
    revisions: list[Revision] = attrs.field(factory=list)
    properties: dict[str, str] = attrs.field(factory=dict)
    app_properties: dict[str, str] = attrs.field(factory=dict)
    description: str = ""
    starred: bool = False
    target: str = ""
    document: bytes = b""


class Content:
    """Everything in the fake. May be used from any thread.

    Attributes:
        root: Id of "My Drive".
        drives: Names of the shared drives, by id.
        limit: Bytes that fit, or None.
    """

    def __init__(self) -> None:
        self.mutex = threading.RLock()
        self.root = self.new_id()
        self.drives: dict[str, str] = {}
        self.limit: int | None = None
        self.files: dict[str, File] = {}
        self._children: dict[str, set[str]] = {}
        self._usable: set[str] = set()
        self._numbers = itertools.count(1)
        # The last change of each file, in the order of the changes.
        self._changes: dict[str, tuple[int, str | None]] = {}
        self._change = 1
        self._add(File(self.root, "My Drive", FOLDER, None, None, now(), now()))

    # Ids.

    @staticmethod
    def new_id() -> str:
        """Returns an id, as long as the real ones."""
        return "1" + secrets.token_urlsafe(24)

    def generate(self, count: int) -> list[str]:
        """Returns ids that files may be made with."""
        with self.mutex:
            made = [self.new_id() for _ in range(count)]
            self._usable.update(made)
            return made

    def is_usable(self, file_id: str) -> bool:
        """Whether an id was generated here."""
        return file_id in self._usable

    # Looking.

    def get(self, file_id: str) -> File | None:
        """Returns a file by its id, or by the name "root"."""
        return self.files.get(self.root if file_id == "root" else file_id)

    def children(self, folder: str) -> list[File]:
        """Returns what lies in a folder, in the trash or not."""
        return [self.files[one] for one in self._children.get(folder, ())]

    def is_trashed(self, file: File) -> bool:
        """Whether a file or what it lies in is in the trash."""
        place: File | None = file
        while place is not None:
            if place.trashed:
                return True
            place = self.files.get(place.parent) if place.parent else None
        return False

    def is_below(self, file_id: str, above: str) -> bool:
        """Whether something is, or lies in, a folder."""
        place = self.files.get(file_id)
        while place is not None:
            if place.id == above:
                return True
            place = self.files.get(place.parent) if place.parent else None
        return False

    @property
    def used(self) -> int:
        """Bytes of all contents that are shown."""
        return sum(len(file.revisions[-1].content) for file in self.files.values() if file.revisions)

    # Changing.

    def add_drive(self, name: str) -> str:
        """Makes a shared drive and returns its id, which is also that of its root."""
        with self.mutex:
            drive = "0A" + self.new_id()[:15] + "PVA"
            self.drives[drive] = name
            self._add(File(drive, name, FOLDER, None, drive, now(), now()))
            return drive

    def create(
        self,
        name: str,
        *,
        parent: str | None = None,
        mime: str = BINARY,
        content: bytes | None = None,
        file_id: str | None = None,
        modified: str | None = None,
        target: str = "",
        document: bytes = b"",
    ) -> File:
        """Makes a file; without content it is a folder, a shortcut or a document, as its type says."""
        with self.mutex:
            above = self.files[parent or self.root]
            time = now()
            file = File(
                file_id or self.new_id(), name, mime, above.id, above.drive, time, modified or time, target=target
            )
            file.document = document
            if content is not None:
                file.revisions.append(Revision(self._revision_id(), content, file.modified))
            self._add(file)
            return file

    def _revision_id(self) -> str:
        return f"0B{next(self._numbers):012}{secrets.token_urlsafe(12)}"

    def _add(self, file: File) -> None:
        self.files[file.id] = file
        if file.parent is not None:
            self._children.setdefault(file.parent, set()).add(file.id)
        self.touch(file)

    def write(self, file: File, content: bytes, *, modified: str | None = None) -> None:
        """Gives a file another content; the one before stays as a revision."""
        with self.mutex:
            file.modified = modified or now()
            file.revisions.append(Revision(self._revision_id(), content, file.modified))
            self.touch(file)

    def move(self, file: File, parent: str) -> None:
        """Puts a file into another folder."""
        with self.mutex:
            self._children[file.parent or ""].discard(file.id)
            file.parent = parent
            self._children.setdefault(parent, set()).add(file.id)
            self.touch(file)

    def trash(self, file: File, *, into: bool = True) -> None:
        """Puts a file into the trash, or takes it out."""
        with self.mutex:
            file.trashed = now() if into else None
            self.touch(file)

    def delete(self, file: File) -> None:
        """Removes a file for good, with everything below it."""
        with self.mutex:
            for inner in self.children(file.id):
                self.delete(inner)
            self._children.get(file.parent or "", set()).discard(file.id)
            del self.files[file.id]
            self._note(file)

    def touch(self, file: File) -> None:
        """Notes that a file has changed."""
        with self.mutex:
            file.version += 1
            self._note(file)

    # The log of changes.

    def _note(self, file: File) -> None:
        self._change += 1
        self._changes.pop(file.id, None)
        self._changes[file.id] = (self._change, file.drive)

    @property
    def place(self) -> int:
        """The place in the log after all changes so far."""
        return self._change

    def changed_since(self, place: int, drive: str | None) -> list[tuple[int, str]]:
        """Returns the files that changed after a place: each once, where its last change was."""
        with self.mutex:
            found = []
            for file_id, (number, of) in reversed(self._changes.items()):
                if number <= place:
                    break
                if of == drive:
                    found.append((number, file_id))
            return found[::-1]
