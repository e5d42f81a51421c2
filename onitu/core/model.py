"""The values of the core: what was seen, what is known, what is to be done.

Every value is immutable. They are msgspec structs rather than attrs classes because tens of thousands are made and
stored per second: making one takes a fifth of the time, and the store encodes them as they are. None of them can be
part of a cycle, so the garbage collector need not look at them (`gc=False`).
"""

from __future__ import annotations

import enum
from typing import TypeAlias

import msgspec

#: The algorithm of every digest that Onitu computes by itself: the fastest of the cryptographic ones (DESIGN §4).
DIGEST = "blake3"


class Kind(enum.IntEnum):
    """What an entry is. The numbers are those of `onitu.driver.v1.FileKind`, and are stored."""

    FILE = 1
    DIRECTORY = 2
    SYMLINK = 3


class Present(msgspec.Struct, frozen=True, gc=False, kw_only=True, array_like=True):
    """An entry that is there and can be synchronised.

    Attributes:
        kind: What it is.
        size: Bytes; 0 unless a file.
        mtime_ns: Nanoseconds since 1970, or None where the service has none.
        revision: The service's opaque marker of this state. Compared for equality only, never empty.
        native_id: An id that survives renames, or "".
        executable: None where the service cannot tell, which equals anything.
        target: Where a symbolic link points, or None.
        digests: Algorithm to raw digest, as far as known.
        extra: What the driver wants kept for this entry.
        racy: A second write could carry the same revision: a digest decides.
    """

    kind: Kind
    revision: str
    size: int = 0
    mtime_ns: int | None = None
    native_id: str = ""
    executable: bool | None = None
    target: str | None = None
    digests: dict[str, bytes] = {}
    extra: bytes = b""
    racy: bool = False


class Absent(msgspec.Struct, frozen=True, gc=False):
    """An entry that is not there."""


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """Nothing is known. Never taken for absence.

    Attributes:
        reason: What went wrong, for a person.
    """

    reason: str


class Inadmissible(msgspec.Struct, frozen=True, gc=False):
    """An entry that is there and cannot be synchronised. Never absence, never an edit.

    Attributes:
        reason: Why, for a person.
        revision: As in `Present`, or "".
        native_id: As in `Present`, or "".
    """

    reason: str
    revision: str = ""
    native_id: str = ""


State: TypeAlias = Present | Absent | Unknown | Inadmissible


class Observation(msgspec.Struct, frozen=True, gc=False):
    """What was seen at one path of one service.

    Attributes:
        path: Relative to the folder, "/"-separated, as the service spells it.
        state: What was seen.
        seq: Grows with time per service; an older observation never replaces a newer one.
        moved_from: The path the entry had until now, if the driver knows that it was renamed.
    """

    path: str
    state: State
    seq: int
    moved_from: str | None = None


class Kept(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A retained copy: what lay at a path until Onitu replaced or deleted it there.

    Attributes:
        id: Names it where it is kept.
        path: The path it had, relative to the folder, as the service spells it.
        kind: What it is; never a directory.
        kept_at_ns: When it was replaced or deleted, nanoseconds since 1970, by the clock of whoever keeps it.
        size: Bytes.
        mtime_ns: Its modification time, or None.
        target: Where a symbolic link points, or None.
        executable: None where that is not known.
        digests: Algorithm to raw digest, as far as known.
    """

    id: str
    path: str
    kind: Kind
    kept_at_ns: int
    size: int = 0
    mtime_ns: int | None = None
    target: str | None = None
    executable: bool | None = None
    digests: dict[str, bytes] = {}


class FileIdentity(msgspec.Struct, frozen=True, gc=False):
    """Which file of this host is meant.

    Attributes:
        device: st_dev.
        inode: st_ino.
        size: Bytes.
        mtime_ns: Nanoseconds since 1970.
        ctime_ns: Nanoseconds since 1970.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class LocalFile(msgspec.Struct, frozen=True, gc=False):
    """Content that the destination reads itself from a file of this host.

    Attributes:
        root: Absolute path of the source folder's root.
        path: Path below it.
        identity: Which file is meant; anything else there is `SourceChanged`.
    """

    root: str
    path: str
    identity: FileIdentity


class Attributes(msgspec.Struct, frozen=True, gc=False):
    """What travels with content.

    Attributes:
        mtime_ns: Nanoseconds since 1970, or None for the service's own.
        executable: None leaves it as it is.
    """

    mtime_ns: int | None = None
    executable: bool | None = None


class Upload(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is to be written where.

    Attributes:
        path: Where, as the service spells it.
        expected: The revision that must be there, or None for nothing at all.
        size: Bytes.
        digest: (algorithm, raw digest) that the content must have, or None.
        attributes: What travels with the content.
        extra: The driver's own bytes for this entry.
    """

    path: str
    expected: str | None
    size: int
    digest: tuple[str, bytes] | None = None
    attributes: Attributes = Attributes()
    extra: bytes = b""


class Write(msgspec.Struct, frozen=True, gc=False):
    """Writes a whole file.

    Attributes:
        upload: What and where.
        content: The bytes, or where the destination finds them.
    """

    upload: Upload
    content: bytes | LocalFile


class Delete(msgspec.Struct, frozen=True, gc=False):
    """Removes a file, a link or an empty directory.

    Attributes:
        path: Which.
        expected: The revision that must be there.
    """

    path: str
    expected: str


class Move(msgspec.Struct, frozen=True, gc=False):
    """Renames an entry, with everything below it.

    Attributes:
        path: Which.
        expected: The revision that must be there.
        destination: Where to; nothing may be there.
    """

    path: str
    expected: str
    destination: str


class MakeDirectory(msgspec.Struct, frozen=True, gc=False):
    """Makes one directory.

    Attributes:
        path: Where; nothing may be there.
    """

    path: str


class SetAttributes(msgspec.Struct, frozen=True, gc=False):
    """Changes attributes and leaves the bytes alone.

    Attributes:
        path: Which.
        expected: The revision that must be there.
        attributes: The new ones.
    """

    path: str
    expected: str
    attributes: Attributes


class Copy(msgspec.Struct, frozen=True, gc=False):
    """Copies a file within the service.

    Attributes:
        path: Which.
        expected: The revision that must be there.
        destination: Where to; nothing may be there.
    """

    path: str
    expected: str
    destination: str


class WriteSymlink(msgspec.Struct, frozen=True, gc=False):
    """Writes a symbolic link.

    Attributes:
        path: Where.
        expected: The revision that must be there, or None for nothing at all.
        target: Where it points; relative, and inside the folder.
        attributes: What travels with it.
    """

    path: str
    expected: str | None
    target: str
    attributes: Attributes = Attributes()


Operation: TypeAlias = Write | Delete | Move | MakeDirectory | SetAttributes | Copy | WriteSymlink
