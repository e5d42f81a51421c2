"""The settings file as typed values. What they mean is in CONTRACT B and `docs/configuration.md`."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import attrs

from onitu.config.document import Item
from onitu.config.faults import Fault, Place
from onitu.config.secret import Given, Reference
from onitu.config.times import Span
from onitu.core.capability import Mode
from onitu.core.filters import Filter
from onitu.core.patterns import DEFAULT_ATOMIC, DEFAULT_IGNORES, Patterns
from onitu.core.retention import Keep
from onitu.core.rules import Rules
from onitu.core.scope import MaxDelete, Policy

#: Keys from the top of the file to a value, such as ("services", "nas", "root").
Keys: TypeAlias = tuple[str, ...]


@attrs.frozen(kw_only=True)
class DriverCommand:
    """A driver that is not installed in Onitu's own Python.

    Attributes:
        argv: The program and its arguments. A program with a "/" in it is an absolute path.
    """

    argv: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.argv)


@attrs.frozen(kw_only=True)
class Tls:
    """What proves who the two ends of a connection are; files in PEM, made by `onitu certs`.

    Attributes:
        ca: Certificate of the authority that has signed both ends'.
        certificate: Of this end.
        key: Of this end. The file is a secret.
        name: The name in the driver's certificate, or None for the host of its address.
    """

    ca: Path
    certificate: Path
    key: Path
    name: str | None = None


@attrs.frozen(kw_only=True)
class DriverAddress:
    """A driver that runs already, here or elsewhere, and is dialled.

    Attributes:
        address: `HOST:PORT`, or `unix:` and the absolute path of a socket.
        tls: How the connection is secured, or None: the address is on this machine then.
    """

    address: str
    tls: Tls | None = None

    def __str__(self) -> str:
        return self.address


class Adopt(enum.Enum):
    """What makes two files equal that meet for the first time."""

    DIGEST = "digest"
    SIZE_MTIME = "size-mtime"


@attrs.frozen(kw_only=True)
class Timetable:
    """Bytes per second, by the time of the week.

    Attributes:
        rates: Spans with their rates; the first that it is in counts.
        otherwise: At all other times; None for no limit.
    """

    rates: tuple[tuple[Span, int], ...] = ()
    otherwise: int | None = None

    def rate(self, minute: int) -> int | None:
        """Returns the rate in a minute of the week, or None for no limit."""
        return next((rate for span, rate in self.rates if span.holds(minute)), self.otherwise)


@attrs.frozen(kw_only=True)
class Bandwidth:
    """What may go over the wire of a service.

    Attributes:
        up: To it; None for no limit.
        down: From it; None for no limit.
    """

    up: Timetable | None = None
    down: Timetable | None = None


@attrs.frozen(kw_only=True)
class Api:
    """The REST API.

    Attributes:
        host: Address it listens on, or None for the default.
        port: Port, or None for the default.
        token: What a caller must show, or None. A secret.
    """

    host: str | None = None
    port: int | None = None
    token: str | Reference | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class Check:
    """How often, and how fast, everything is read again while nothing else is to be done.

    Attributes:
        days: From the end of one round to the beginning of the next; 0 for never.
        rate: Bytes per second.
    """

    days: float = 30.0
    rate: int = 8_000_000


@attrs.frozen(kw_only=True)
class Notification:
    """Somebody who is told when Onitu needs a person.

    Attributes:
        command: The program and its arguments; empty where there is a URL.
        url: Address of a web hook. May hold a secret.
    """

    command: tuple[str, ...] = ()
    url: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class Treatment:
    """How the files of a folder are treated: by the folder's own word, or on one service by the most specific one (B6).

    Attributes:
        policy: Who keeps the plain name in a conflict.
        preferred: With `Policy.PREFER`, the services in order.
        symlinks: Whether symbolic links are kept.
        adopt: What makes two files equal at first contact.
        max_delete: How much may be deleted before a person is asked, or None for the default.
        keep: How long what was replaced or deleted is kept, or None for the default.
        atomic: Directories that conflict as one.
    """

    policy: Policy = Policy.KEEP_BOTH
    preferred: tuple[str, ...] = ()
    symlinks: bool = False
    adopt: Adopt = Adopt.DIGEST
    max_delete: MaxDelete | None = None
    keep: Keep | None = None
    atomic: Patterns = attrs.field(factory=lambda: Patterns.of(DEFAULT_ATOMIC))


@attrs.frozen(kw_only=True)
class FolderOptions(Treatment):
    """What is said of a folder, for all its services.

    Attributes:
        name: Its name.
        mode: What Onitu may do with it; each mapping narrows it (B6).
        filter: Which files belong to it; those of each mapping come on top (B6).
        ignore_defaults: Whether the names that nobody wants to sync are left out (B17).
    """

    name: str
    mode: Mode = Mode.READ_WRITE
    filter: Filter = attrs.field(default=attrs.Factory(lambda self: _all_of(self.name), takes_self=True))
    ignore_defaults: bool = True


def _all_of(folder: str) -> Filter:
    """Returns the filter of a folder that all files belong to."""
    return Filter(level=f"folder '{folder}'")


@attrs.frozen(kw_only=True)
class MappingSetup(Treatment):
    """A folder on a service.

    Attributes:
        folder: Name of the folder.
        path: Where it lies below the service's root: relative, "/"-separated, without "." or ".." parts; "." is the
            root itself.
        mode: What Onitu may do there: the folder's, the service's and the mapping's own, intersected. `Mode.NONE`
            disables the mapping.
        filters: What a file must pass: the folder's, the service's and the mapping's own, without those that are empty.
        options: Driver options that hold for this folder only. May hold secrets.
    """

    folder: str
    path: str
    mode: Mode = Mode.READ_WRITE
    filters: tuple[Filter, ...] = ()
    options: Mapping[str, Given] = attrs.field(factory=dict, repr=False)


@attrs.frozen(kw_only=True)
class ServiceSetup:
    """A service.

    Attributes:
        name: Its name.
        driver: Name of an installed driver, the command that starts one, or the address of one that runs.
        options: Driver options as written; not yet compared with the driver's manifest. May hold secrets.
        folders: The folders it takes part in, by name.
        velocity: 0 to 1 (fastest), or None for what the driver's manifest says.
        chunk_size: Bytes of a chunk, or None for the default.
        changes_timer: Seconds between two listings of a service that cannot be watched, or None for the default.
        bandwidth: What may go over its wire.
        schedule: When anything is done with it; empty for always.
        min_free: Bytes that are to stay free there, or None.
    """

    name: str
    driver: str | DriverCommand | DriverAddress
    options: Mapping[str, Given] = attrs.field(factory=dict, repr=False)
    folders: Mapping[str, MappingSetup] = attrs.field(factory=dict)
    velocity: float | None = None
    chunk_size: int | None = None
    changes_timer: float | None = None
    bandwidth: Bandwidth = attrs.field(factory=Bandwidth)
    schedule: tuple[Span, ...] = ()
    min_free: int | None = None


@attrs.frozen(kw_only=True)
class Setup:
    """A settings file.

    Attributes:
        path: The file, absolute.
        name: Name of the setup.
        folders: The folders by name, in the order of the file.
        services: The services by name, in the order of the file.
        rules: Which services get which files, or None: all that a file is mapped on and admitted to (C4).
        is_entries: Whether it is a setup of Onitu 0.1: one folder `default`, and names of files without it (B15, C2).
        data_dir: Where the metadata is to be kept, absolute, or None for a directory named after the setup.
        api: Where the REST API listens, and what it asks for.
        notify: Whom Onitu tells that it needs a person.
        verify: How everything is read again.
        warnings: What is usable but probably not meant.
        places: Where each value stands, by its keys from the top of the file; for messages.
        top: What stands in the file, as it was read. May hold secrets.
    """

    path: Path
    name: str
    folders: Mapping[str, FolderOptions]
    services: Mapping[str, ServiceSetup]
    rules: Rules | None = None
    is_entries: bool = False
    data_dir: Path | None = None
    api: Api = attrs.field(factory=Api)
    notify: tuple[Notification, ...] = ()
    verify: Check = attrs.field(factory=Check)
    warnings: tuple[Fault, ...] = ()
    places: Mapping[Keys, Place] = attrs.field(factory=dict, eq=False, repr=False)
    top: Item | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def directory(self) -> Path:
        """Where the file lies. Relative paths in driver options and commands count from here."""
        return self.path.parent

    def ignores(self, folder: str) -> tuple[str, ...]:
        """Returns the names that are left out of a folder without being asked for (B17)."""
        return DEFAULT_IGNORES if self.folders[folder].ignore_defaults else ()

    def place(self, *keys: str) -> Place:
        """Returns where a value stands, or the nearest thing around it that has a place."""
        while keys not in self.places and keys:
            keys = keys[:-1]
        return self.places.get(keys, Place(str(self.path), 1, 1))
