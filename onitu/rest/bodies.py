"""The bodies of answers, as CONTRACT E has them."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

#: What counts as a text where one is asked for, as in a setup.
Word: TypeAlias = str | int | float | bool


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was not done."""

    reason: str
    status: str = "error"


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """It is done."""

    status: str = "ok"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """It is done; what came of it is `said`, for a person."""

    said: str
    status: str = "ok"


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


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service of the setup. Secrets among its options are not shown."""

    name: str
    driver: str | dict[str, Any]
    options: dict[str, Any]


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """All services."""

    services: list[Service]


class Entries(msgspec.Struct, frozen=True, kw_only=True):
    """All services, under their name of Onitu 0.1."""

    entries: list[Service]


class ProcessInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The process of a driver. All of it is null where there is none that is ours."""

    age: float | None = None
    cpu: float | None = None
    create_time: float | None = None
    ctime: str | None = None
    mem: float | None = None
    mem_info1: str | None = None
    mem_info2: str | None = None
    started: float | None = None


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """How much a driver's process uses."""

    info: ProcessInfo
    name: str
    time: float
    status: str = "ok"


class ServiceStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a service is doing; with a `reason` where it is not as it should be, and `paused` where that is wanted."""

    name: str
    status: str
    time: float
    reason: str = ""
    paused: bool = False


class ServiceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a service is observed, and for how many seconds it was not."""

    name: str
    status: str
    unobserved: float


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Everything is well."""

    time: float
    services: list[ServiceHealth]
    status: str = "ok"


class ServiceDone(msgspec.Struct, frozen=True, kw_only=True):
    """Something was done with a service."""

    name: str
    time: float
    status: str = "ok"


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When bytes may go to a service and come from it, as in a setup; empty for always."""

    schedule: list[str]


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the log. `keys` are those of docs/logging.md."""

    time: float
    level: str
    event: str
    keys: dict[str, str | int | float | bool | None]


class LogTail(msgspec.Struct, frozen=True, kw_only=True):
    """The last lines logged of a service, and the last that are warnings or errors; each oldest first."""

    name: str
    lines: list[LogLine]
    errors: list[LogLine]


class RuleList(msgspec.Struct, frozen=True, kw_only=True):
    """Rules, as they were written."""

    rules: list[Any]


class Sizes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Limits of a size: bytes, or a number with a unit such as 1.5M."""

    min: str | int | None = None
    max: str | int | None = None


class Match(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a rule is about; what is not given matches everything."""

    path: Word | None = None
    mime: list[Word] | Word | None = None
    size: Sizes | None = None
    extension: list[Word] | Word | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A rule: services that get what it is about, and services that do not."""

    match: Match | None = None
    sync: list[Word] | None = None
    ban: list[Word] | None = None


class NewRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules to be kept. Services must be known, sizes and paths right: that is said in the answer."""

    rules: list[Rule]


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


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """A folder on a service. `mode` is r, w, rw or none; `path` is its place below the service's root."""

    name: str
    mode: str
    path: str


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder, and the services that take part in it. Of many files the number may be some seconds old."""

    name: str
    mode: str
    files: int
    bytes: int
    services: list[Mapping]


class Folders(msgspec.Struct, frozen=True, kw_only=True):
    """All folders."""

    folders: list[Folder]


class DriverOption(msgspec.Struct, frozen=True, kw_only=True):
    """An option of a driver; `default` means nothing where it is mandatory."""

    name: str
    description: str
    type: str
    mandatory: bool
    default: bool | int | float | str | None
    values: list[bool | int | float | str | None]
    secret: bool
    per_folder: bool


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """An installed driver; `fault` says why it cannot be used, or is empty."""

    name: str
    description: str = ""
    velocity: float | None = None
    options: dict[str, DriverOption] = {}
    fault: str = ""


class Drivers(msgspec.Struct, frozen=True, kw_only=True):
    """The installed drivers."""

    drivers: list[Driver]


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """A file on its way. `done` is in bytes; what one driver takes over from another shows none before the end."""

    folder: str
    filename: str
    source: str
    target: str
    size: int
    done: int
    since: float


class Transfers(msgspec.Struct, frozen=True, kw_only=True):
    """What is on its way."""

    transfers: list[Transfer]


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


class FolderState(msgspec.Struct, frozen=True, kw_only=True):
    """A folder on a service: whether it has been looked through, and how many entries are still to be done there."""

    name: str
    listed: bool
    pending: int


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """A service in short. `errors` counts the paths that failed a moment ago; `waiting` says until when it waits."""

    name: str
    status: str
    reason: str
    paused: bool
    waiting: str
    errors: int
    folders: list[FolderState]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in short. `files` and `bytes` were copied, and `conflicts` found, since the start."""

    name: str
    version: str
    started: float
    time: float
    settled: bool
    transfers: int
    files: int
    bytes: int
    conflicts: int
    holds: int
    services: list[ServiceState]
