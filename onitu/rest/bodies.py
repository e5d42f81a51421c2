"""The bodies of answers, as CONTRACT E has them."""

from __future__ import annotations

import msgspec


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was not done."""

    reason: str
    status: str = "error"


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """It is done."""

    status: str = "ok"


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


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service of the setup. Secrets among its options are not shown."""

    name: str
    driver: str | dict[str, Any]
    options: dict[str, object]


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
    """How a service is doing; with a `reason` where it is not as it should be."""

    name: str
    status: str
    time: float
    reason: str = ""


class ServiceDone(msgspec.Struct, frozen=True, kw_only=True):
    """Something was done with a service."""

    name: str
    time: float
    status: str = "ok"


class RuleList(msgspec.Struct, frozen=True, kw_only=True):
    """Rules, as they were written."""

    rules: list[object]
