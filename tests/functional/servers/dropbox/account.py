"""What somebody has in Dropbox: files, folders and all that they were before.

Nothing of HTTP is known here, nor of the types of the API but how an entry looks. Every change is noted in a journal,
which is what cursors go along.
"""

from __future__ import annotations

import datetime
import itertools
import threading
import unicodedata
from collections.abc import Iterator
from typing import Any

import attrs
from dropbox import files
from dropbox.content_hash import content_hash

#: https://help.dropbox.com/organize/file-names: names that are not synchronised.
DISALLOWED = frozenset(("desktop.ini", "thumbs.db", ".ds_store", "icon\r", ".dropbox", ".dropbox.attr"))

#: What stands in no name: https://rclone.org/dropbox/, "Restricted filename characters".
REFUSED = frozenset("\\\0\x7f")

LONGEST = 255
ROOT = ""


class Refused(Exception):
    """Something is not done, with the tag of the API's reason.

    Args:
        tag: Of a `LookupError` or `WriteError`, or of the error of the route itself.
        conflict: What is in the way, where the tag is `conflict`.
    """

    def __init__(self, tag: str, conflict: str = "file") -> None:
        super().__init__(tag)
        self.tag = tag
        self.conflict = conflict


class LookupRefused(Refused):
    """What is asked for is not there."""


class WriteRefused(Refused):
    """It cannot be written there."""


@attrs.frozen
class Entry:
    """A file or a folder, at a moment.

    Attributes:
        path: As it was spelled when it was made.
        id: The same after renames.
        rev: Of this content at this place; "" for a folder.
        content: Of a file; None for a folder.
        hash: Of the content.
        client_modified: What whoever wrote it says.
        server_modified: When it came.
    """

    path: str
    id: str
    rev: str = ""
    content: bytes | None = None
    hash: str = ""
    client_modified: datetime.datetime | None = None
    server_modified: datetime.datetime | None = None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.content is None

    def shown(self) -> Any:  # noqa: ANN401  The SDK has no types.
        """Returns it as the API shows it."""
        place = {"path_lower": lower(self.path), "path_display": self.path}
        if self.content is None:
            return files.FolderMetadata(name=self.name, id=self.id, **place)
        return files.FileMetadata(
            name=self.name,
            id=self.id,
            rev=self.rev,
            size=len(self.content),
            content_hash=self.hash,
            client_modified=self.client_modified,
            server_modified=self.server_modified,
            is_downloadable=True,
            **place,
        )


@attrs.frozen
class Deleted:
    """That nothing is at a path any more.

    Attributes:
        path: As what was there was spelled.
        when: Since when.
    """

    path: str
    when: datetime.datetime

    def shown(self) -> Any:  # noqa: ANN401  The SDK has no types.
        """Returns it as the API shows it."""
        return files.DeletedMetadata(
            name=self.path.rpartition("/")[2], path_lower=lower(self.path), path_display=self.path
        )


def lower(path: str) -> str:
    """Returns what a path is compared by."""
    return unicodedata.normalize("NFC", path).lower()


def now() -> datetime.datetime:
    """Returns the time in UTC, in whole seconds as the API has them."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)


class Account:
    """An account. May be used from any thread.

    Attributes:
        id: Of the account.
        namespace: Id of its root.
        email: Of its owner.
        allocated: Bytes that fit in.
        changed: Notified of each change; its lock guards everything here.
        journal: Paths that changed, in lower case, in order.
    """

    def __init__(self) -> None:
        self.id = "dbid:" + "A" * 35
        self.namespace = "7"
        self.email = "ada@example.org"
        self.allocated = 1 << 40
        self.changed = threading.Condition(threading.RLock())
        self.journal: list[str] = []
        self._entries: dict[str, Entry] = {}
        self._past: dict[str, list[Entry | Deleted]] = {}
        self._revs: dict[str, Entry] = {}
        self._numbers = itertools.count(1)

    # Looking.

    @property
    def used(self) -> int:
        """Bytes of all files."""
        with self.changed:
            return sum(len(entry.content or b"") for entry in self._entries.values())

    def find(self, path: str) -> Entry:
        """Returns what is at a path, or has an id or a revision.

        Raises:
            LookupRefused: Nothing is or has.
        """
        with self.changed:
            found: Entry | None
            if path.startswith("rev:"):
                found = self._revs.get(path[4:])
            elif path.startswith("id:"):
                found = next((entry for entry in self._entries.values() if entry.id == path), None)
            else:
                found = self._entries.get(lower(tidy(path)))
            if found is None:
                raise LookupRefused("not_found")
            return found

    def at(self, key: str) -> Entry | Deleted | None:
        """Returns what is or was last at a path in lower case."""
        return self._entries.get(key) or (self._past[key][-1] if key in self._past else None)

    def folder(self, path: str) -> str:
        """Returns the path of a folder in lower case, the root's as "".

        Raises:
            LookupRefused: There is none.
        """
        if tidy(path) == ROOT:
            return ROOT
        found = self.find(path)
        if not found.is_folder:
            raise LookupRefused("not_folder")
        return lower(found.path)

    def below(self, key: str, *, recursive: bool = True, deleted: bool = False) -> list[str]:
        """Returns what lies below a folder, by path in lower case, those above first; with what was there once."""
        keys = {*self._entries, *(self._past if deleted else ())}
        return sorted(
            (one for one in keys if one.startswith(f"{key}/") and (recursive or "/" not in one[len(key) + 1 :])),
            key=lambda one: one.split("/"),
        )

    def revisions(self, path: str) -> tuple[list[Entry], Deleted | None]:
        """Returns what was at a path, the youngest first, and whether it was deleted.

        Raises:
            LookupRefused: Nothing ever was.
        """
        with self.changed:
            past = self._past.get(lower(tidy(path)), [])
            found = [entry for entry in reversed(past) if isinstance(entry, Entry) and not entry.is_folder]
            if not found:
                raise LookupRefused("not_found")
            last = past[-1]
            return found, last if isinstance(last, Deleted) else None

    # Changing.

    def write(
        self,
        path: str,
        content: bytes,
        *,
        update: str | None = None,
        overwrite: bool = False,
        strict: bool = False,
        autorename: bool = False,
        client_modified: datetime.datetime | None = None,
    ) -> Entry:
        """Writes a file.

        Args:
            path: Where; folders above it are made.
            content: The bytes.
            update: The revision that it takes the place of.
            overwrite: Whether it takes the place of any.
            strict: As `CommitInfo.strict_conflict`.
            autorename: Whether it gets another name where something is in the way.
            client_modified: When it was changed where it comes from.

        Raises:
            WriteRefused: Something is in the way, or the name is not taken.
        """
        with self.changed:
            path = self._admitted(path)
            there = self._entries.get(lower(path))
            hashed = content_hash(content)
            if there is not None and there.content == content and not strict and update in {None, there.rev}:
                return there
            in_the_way = there is not None and not overwrite
            if there is not None and update is not None and not there.is_folder:
                in_the_way = there.rev != update
            if there is None and update is not None and strict:
                in_the_way = True
            if there is not None and there.is_folder:
                in_the_way = True
            if in_the_way:
                if not autorename:
                    raise WriteRefused("conflict", "folder" if there is not None and there.is_folder else "file")
                path, there = self._renamed(path), None
            if self.used - len((there and there.content) or b"") + len(content) > self.allocated:
                raise WriteRefused("insufficient_space")
            self._make_above(path)
            entry = Entry(
                there.path if there is not None else path,
                there.id if there is not None else self._id(),
                self._rev(),
                content,
                hashed,
                client_modified or now(),
                now(),
            )
            self._put(entry)
            return entry

    def make_folder(self, path: str, *, autorename: bool = False) -> Entry:
        """Makes a folder, and those above it.

        Raises:
            WriteRefused: Something is in the way, or the name is not taken.
        """
        with self.changed:
            path = self._admitted(path)
            there = self._entries.get(lower(path))
            if there is not None:
                if not autorename:
                    raise WriteRefused("conflict", "folder" if there.is_folder else "file")
                path = self._renamed(path)
            self._make_above(path)
            entry = Entry(path, self._id())
            self._put(entry)
            return entry

    def delete(self, path: str, rev: str | None = None) -> Entry:
        """Deletes a file, or a folder with everything in it, and returns what it was.

        Raises:
            LookupRefused: Nothing is there.
            WriteRefused: Another revision is there than is said.
        """
        with self.changed:
            found = self.find(path)
            if rev is not None and found.rev != rev:
                raise WriteRefused("conflict", "folder" if found.is_folder else "file")
            self._remove(lower(found.path))
            return found

    def move(self, path: str, destination: str, *, autorename: bool = False, copy: bool = False) -> Entry:
        """Renames or copies a file, or a folder with everything in it.

        Raises:
            LookupRefused: Nothing is there.
            WriteRefused: Something is in the way, or the name is not taken.
            Refused: A folder would go into itself.
        """
        with self.changed:
            source = self.find(path)
            destination = self._admitted(destination)
            key, to = lower(source.path), lower(destination)
            if to.startswith(f"{key}/"):
                raise Refused("cant_move_folder_into_itself")
            there = self._entries.get(to)
            if there is not None:
                if not autorename:
                    raise WriteRefused("conflict", "folder" if there.is_folder else "file")
                destination = self._renamed(destination)
            moved = [source, *(self._entries[one] for one in self.below(key))] if source.is_folder else [source]
            self._make_above(destination)
            if not copy:
                self._remove(key)
            for entry in moved:
                self._put(
                    attrs.evolve(
                        entry,
                        path=destination + entry.path[len(source.path) :],
                        id=self._id() if copy else entry.id,
                        rev="" if entry.is_folder else self._rev(),
                        server_modified=None if entry.is_folder else now(),
                    )
                )
            return self._entries[lower(destination)]

    def restore(self, path: str, rev: str) -> Entry:
        """Puts a revision back where it was.

        Raises:
            Refused: There is no such revision of it.
        """
        with self.changed:
            found = self._revs.get(rev)
            if found is None or lower(found.path) != lower(tidy(path)) or found.content is None:
                raise Refused("invalid_revision")
            return self.write(found.path, found.content, overwrite=True, client_modified=found.client_modified)

    def _admitted(self, path: str) -> str:
        path = tidy(path)
        names = path.split("/")[1:]
        if not names or any(
            not name or name in {".", ".."} or REFUSED & set(name) or len(name) > LONGEST or name.endswith(" ")
            for name in names
        ):
            raise WriteRefused("malformed_path")
        if any(name.lower() in DISALLOWED for name in names):
            raise WriteRefused("disallowed_name")
        return path

    def _renamed(self, path: str) -> str:
        stem, dot, extension = path.rpartition(".")
        if not dot or "/" in extension:
            stem, dot, extension = path, "", ""
        for number in itertools.count(1):
            tried = f"{stem} ({number}){dot}{extension}"
            if lower(tried) not in self._entries:
                return tried
        raise AssertionError

    def _make_above(self, path: str) -> None:
        for above in _above(path):
            there = self._entries.get(lower(above))
            if there is None:
                self._put(Entry(above, self._id()))
            elif not there.is_folder:
                raise WriteRefused("conflict", "file_ancestor")

    def _put(self, entry: Entry) -> None:
        key = lower(entry.path)
        self._entries[key] = entry
        self._past.setdefault(key, []).append(entry)
        if entry.rev:
            self._revs[entry.rev] = entry
        self._note(key)

    def _remove(self, key: str) -> None:
        for one in [*self.below(key), key]:
            entry = self._entries.pop(one)
            self._past[one].append(Deleted(entry.path, now()))
        # That what lay below is gone follows from that.
        self._note(key)

    def _note(self, key: str) -> None:
        self.journal.append(key)
        self.changed.notify_all()

    def _rev(self) -> str:
        return f"{next(self._numbers):015x}"

    def _id(self) -> str:
        return f"id:{next(self._numbers):022}"


def tidy(path: str) -> str:
    """Returns a path without slashes that say nothing: rclone sends such, and Dropbox takes them."""
    parts = [part for part in path.split("/") if part]
    return "/" + "/".join(parts) if parts else ROOT


def _above(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:depth]) for depth in range(2, len(parts)))
