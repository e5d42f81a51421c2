"""The bodies about files: what they are, what they were, and what waits for a decision."""

from __future__ import annotations

import msgspec


class KeptCopy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of what was replaced or deleted. `keeper` is the service in whose trash it is; "": Onitu has it itself."""

    folder: str
    path: str
    service: str
    keeper: str
    id: str
    kind: str
    kept_at_ns: int
    size: int
    mtime_ns: int | None
    target: str | None
    executable: bool | None
    digests: dict[str, str]


class Unasked(msgspec.Struct, frozen=True, kw_only=True):
    """A service that could not be asked what it keeps, and why."""

    service: str
    reason: str


class TrashList(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept, the oldest first."""

    copies: list[KeptCopy]
    faults: list[Unasked]


class LogCopy(msgspec.Struct, frozen=True, kw_only=True):
    """Where a version can be had back: the service it lay on, and the copy's id."""

    service: str
    id: str


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file at one time. `version` is what restores it; `path` is the one that it had until then."""

    version: str | None
    event: str
    at: float | None
    service: str | None
    path: str | None
    kind: str | None
    size: int | None
    mtime_ns: int | None
    digests: dict[str, str]
    current: bool
    restorable: bool
    kept: list[LogCopy]


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a path, the oldest first."""

    folder: str
    path: str
    log: list[LogEntry]
    faults: list[Unasked]


class Restore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is brought back: a `version` of a path, as its log has it, or the copy with an `id`, as the trash has it."""

    folder: str
    path: str
    version: str = ""
    id: str = ""
    service: str = ""
    keeper: str = ""


class Empty(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which copies are removed: of a folder on a service, at a path or below it, from before a time."""

    folder: str
    service: str
    path: str = ""
    before: float | None = None


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file. `mtime` is in seconds since 1970; `version` counts the contents it has had."""

    fid: str
    filename: str
    folder: str
    size: int
    mimetype: str
    mtime: float | None
    version: int
    owners: tuple[str, ...]
    uptodate: tuple[str, ...]


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """A page of files, in order."""

    files: list[File]


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """What lies directly in a directory. `more` says that not all of it is here."""

    directories: list[str]
    files: list[File]
    more: bool


class KnownVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One content that a file has had. `origin` is the service it was first seen on; digests are in hexadecimal."""

    version: int
    kind: str
    size: int
    mtime: float | None
    origin: str
    digests: dict[str, str]
    executable: bool | None
    current: bool


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Every content that a file has had, the newest first."""

    fid: str
    folder: str
    filename: str
    history: list[KnownVersion]


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """Two contents for one name: `file` has it, `copy` has the other content, from the service `lost`."""

    fid: str
    folder: str
    file: File
    copy: File
    kept: str
    lost: str


class Conflicts(msgspec.Struct, frozen=True, kw_only=True):
    """The conflicts that nobody has settled."""

    conflicts: list[Conflict]


class Keep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a conflict is settled: the service whose content keeps the name, or `both`."""

    keep: str


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a decision on one folder of one service; `order` is the decision until it is carried out."""

    service: str
    folder: str
    since: float
    reason: str
    order: str | None
    count: int
    paths: list[str]


class Halt(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of a service whose root is missing or another one; to approve it is to go on with what is there."""

    service: str
    folder: str
    reason: str


class Holds(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that waits for a decision."""

    holds: list[Hold]
    halts: list[Halt]


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What every service should have at a path."""

    version: int
    kind: str
    size: int
    mtime_ns: int | None
    origin: str
    digests: dict[str, str]
    deleted: bool


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a service stands to a path, and why; with the `path` it has there, where that is another one."""

    name: str
    standing: str
    reason: str
    path: str = ""


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why a path is where it is, and where it is not."""

    folder: str
    path: str
    head: Head | None
    services: list[Verdict]
