"""What a driver is told at `Configure`, and what it answers, as values.

Secrets are among the options, so these values never show them when they are printed. This file knows the messages of
`Configure` and no transport.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from onitu.core.capability import MAX_CHUNK, Capabilities, Limits, Mode
from onitu.core.manifest import OptionValue
from onitu.errors import DriverError
from onitu.rpc import convert
from onitu.rpc.gen import driver_pb2 as wire

if TYPE_CHECKING:
    from onitu.rpc.gen import watch_pb2


class RootState(enum.IntEnum):
    """Whether a folder's root is what it was. The numbers are those of `onitu.driver.v1.RootState`."""

    OK = 1
    MISSING = 2
    DIFFERENT = 3


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """A folder on a service.

    Attributes:
        name: The folder's name in the setup.
        path: Place below the service's root; "." is the root itself.
        mode: What Onitu may do there; never `Mode.NONE`, such a mapping is not told to the driver at all.
        options: The driver's options for this folder. May hold secrets.
        root_id: The root that the core's state belongs to, or None at first contact.
        symlinks: Whether symbolic links are observed and written.
    """

    name: str
    path: str
    mode: Mode
    options: dict[str, OptionValue] = {}
    root_id: str | None = None
    symlinks: bool = False

    def __repr__(self) -> str:
        return f"Mapping(name={self.name!r}, path={self.path!r}, mode={self.mode!r}, root_id={self.root_id!r})"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that a driver is told of its service.

    Attributes:
        service: Name of the service in the setup.
        setup_id: Id of the setup; goes into root markers.
        generation: Grows with every configuration of the service; a process that serves an older one refuses writes.
        options: The driver's options, validated, with defaults. May hold secrets.
        folders: The folders of the service.
        chunk_size: Bytes of a chunk, unless the driver wants another size.
        changes_timer: Seconds between two listings where the service cannot be watched; None leaves it to the driver.
        implicit_folder: Whether the setup is of the kind of Onitu 0.1, whose only folder is no part of file ids.
    """

    service: str
    setup_id: str
    generation: int
    options: dict[str, OptionValue]
    folders: tuple[Mapping, ...]
    chunk_size: int = MAX_CHUNK
    changes_timer: float | None = None
    implicit_folder: bool = False

    def __repr__(self) -> str:
        return f"Settings(service={self.service!r}, generation={self.generation}, folders={self.folders!r})"


class FolderReport(msgspec.Struct, frozen=True, kw_only=True):
    """A folder as the driver found it.

    Attributes:
        name: The folder's name.
        path: The mapping's path, normalized.
        root_state: Anything but `OK` halts the service.
        root_id: Identity of the root; "" unless `OK`.
        reason: What is wrong with the root, for a person; "" when `OK`.
        local_root: Absolute path of the root on this host, if other drivers may read files there; else None.
    """

    name: str
    path: str
    root_state: RootState
    root_id: str = ""
    reason: str = ""
    local_root: str | None = None


class Configured(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings amount to.

    Attributes:
        capabilities: What the service can really do.
        limits: The numbers that calls keep to.
        folders: Folder name to report.
    """

    capabilities: Capabilities
    limits: Limits
    folders: dict[str, FolderReport]


def settings_to_wire(settings: Settings) -> wire.ConfigureRequest:
    """Returns settings as a message."""
    request = wire.ConfigureRequest(
        service=settings.service, setup_id=settings.setup_id, generation=settings.generation
    )
    if settings.changes_timer is not None:
        request.changes_timer = settings.changes_timer
    request.implicit_folder = settings.implicit_folder
    request.options.CopyFrom(convert.options_to_wire(settings.options))
    for mapping in settings.folders:
        folder = request.folders.add(name=mapping.name, path=mapping.path, symlinks=mapping.symlinks)
        folder.mode = mapping.mode.value  # type: ignore[assignment]  # The stubs want the enum; its numbers are ours.
        folder.options.CopyFrom(convert.options_to_wire(mapping.options))
        if mapping.root_id is not None:
            folder.root_id = mapping.root_id
    return request


def configured_from_wire(answer: wire.ConfigureResponse, *, settings: Settings, limits: Limits) -> Configured:
    """Returns what the settings amount to.

    Args:
        answer: The driver's answer.
        settings: What it was told: there must be a report for each of its folders.
        limits: The limits where the answer has none: the manifest's.

    Raises:
        DriverError: A folder has no report, or one that says nothing of its root.
    """
    reports = {report.name: _report_from_wire(report) for report in answer.folders}
    missing = [mapping.name for mapping in settings.folders if mapping.name not in reports]
    if missing:
        message = f"the driver did not say how it found the folders {', '.join(missing)}"
        raise DriverError(message)
    return Configured(
        capabilities=convert.capabilities_from_wire(answer.capabilities),
        limits=convert.limits_from_wire(answer.limits) if answer.HasField("limits") else limits,
        folders=reports,
    )


def without_local_files(configured: Configured) -> Configured:
    """Returns what settings amount to where no path of the driver is one of this host's (DESIGN §4, handoff)."""
    folders = {name: msgspec.structs.replace(report, local_root=None) for name, report in configured.folders.items()}
    capabilities = msgspec.structs.replace(configured.capabilities, local_files=False)
    return msgspec.structs.replace(configured, capabilities=capabilities, folders=folders)


def root_state_from_wire(state: watch_pb2.RootState, *, folder: str) -> RootState:
    """Returns whether a root is what it was.

    Raises:
        DriverError: The driver did not say.
    """
    try:
        return RootState(state)
    except ValueError as error:
        message = f"the driver did not say whether the root of folder {folder!r} is there (root_state {int(state)})"
        raise DriverError(message) from error


def _report_from_wire(report: wire.FolderReport) -> FolderReport:
    return FolderReport(
        name=report.name,
        path=report.path,
        root_state=root_state_from_wire(report.root_state, folder=report.name),
        root_id=report.root_id,
        reason=report.reason,
        local_root=report.local_root if report.HasField("local_root") else None,
    )
