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


class Said(Done, frozen=True, kw_only=True):
    """It is done; what came of it is `said`, for a person."""

    said: str


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


class ServiceDone(Done, frozen=True, kw_only=True):
    """Something was done with a service."""

    name: str
    time: float


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


class Authorize(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Begins a sign-in; with a `state`, ends the one that has it, by the `answer`, or by what the browser brings."""

    state: str = ""
    answer: str = ""


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in: a person opens the `uri`. `account` says whose it is once it has ended; until then it is empty."""

    state: str
    uri: str
    account: str
    status: str = "ok"


class RulesText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules as a text: YAML, of which JSON is a part. Messages have its `name`, and the line."""

    text: str
    name: str = "rules"


class RulesKept(Done, frozen=True, kw_only=True):
    """The rules are kept; `warnings` are about what is probably not meant."""

    warnings: list[str]


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
    """An option of a driver; `default` means nothing where it is mandatory. One that is `restricted` takes a token."""

    name: str
    description: str
    type: str
    mandatory: bool
    default: bool | int | float | str | None
    values: list[bool | int | float | str | None]
    secret: bool
    per_folder: bool
    restricted: bool


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """An installed driver; `fault` says why it cannot be used, or is empty; `authorization`, whether one signs in."""

    name: str
    description: str = ""
    authorization: bool = False
    velocity: float | None = None
    options: dict[str, DriverOption] = {}
    fault: str = ""


class Drivers(msgspec.Struct, frozen=True, kw_only=True):
    """The installed drivers."""

    drivers: list[Driver]


class ServiceSetup(msgspec.Struct, frozen=True, kw_only=True):
    """A service as it stands in the setup, to be changed and put again: secrets are shown as `***`.

    `driver` is what its driver says of itself; null where that is not known yet, and then no option is shown.
    """

    name: str
    setup: dict[str, Any]
    driver: Driver | None


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


class FolderState(msgspec.Struct, frozen=True, kw_only=True):
    """A folder on a service: whether it has been looked through, and how many entries are still to be done there.

    For `lag` seconds the oldest of these has waited, as far as known.
    """

    name: str
    listed: bool
    pending: int
    lag: float


class CertificateTerm(msgspec.Struct, frozen=True, kw_only=True):
    """Until when a certificate is good: that of the `authority`, the `core`, or the `driver` that shows it.

    `where` is its file or the driver's address, `expires` counts seconds since 1970. A `warning` begins 30 days before.
    """

    whose: str
    where: str
    expires: float
    warning: str


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """A service in short. `errors` counts the paths that failed a moment ago; `waiting` says until when it waits.

    `certificates` are those of the connection to a driver that is dialled.
    """

    name: str
    status: str
    reason: str
    paused: bool
    waiting: str
    errors: int
    folders: list[FolderState]
    certificates: list[CertificateTerm]


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
