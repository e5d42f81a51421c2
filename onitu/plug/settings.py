"""What a driver is told at the beginning, checked against its manifest, and what its folders turn out to be then.

When that is, and what follows from it, is the servicer's affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from onitu.core.capability import Mode
from onitu.core.manifest import validate_folder_options, validate_options
from onitu.errors import ConfigError, DriverError, InvalidPath
from onitu.plug.values import Folder, FolderReport, RootState
from onitu.rpc.convert import options_from_wire
from onitu.rpc.gen import driver_pb2

if TYPE_CHECKING:
    from onitu.core.manifest import Manifest, OptionValue
    from onitu.plug.plug import Plug

_MODES: Final = {
    driver_pb2.MODE_READ: Mode.READ,
    driver_pb2.MODE_WRITE: Mode.WRITE,
    driver_pb2.MODE_READ_WRITE: Mode.READ_WRITE,
}


def options_of(manifest: Manifest, request: driver_pb2.ConfigureRequest) -> dict[str, OptionValue]:
    """Returns the options of the service, with the defaults of those that are not given.

    Raises:
        InvalidPath: They are not what the manifest says.
    """
    try:
        return validate_options(manifest, options_from_wire(request.options))
    except ConfigError as error:
        raise InvalidPath(str(error)) from error


def folder_of(manifest: Manifest, mapping: driver_pb2.FolderMapping, options: dict[str, OptionValue]) -> Folder:
    """Returns a folder as handlers are given it.

    Args:
        manifest: The driver's.
        mapping: What is told of it.
        options: Those of the service; the folder's own come before them.

    Raises:
        InvalidPath: Its options are not what the manifest says, or its mode is none.
    """
    try:
        own = validate_folder_options(manifest, options_from_wire(mapping.options))
    except ConfigError as error:
        message = f"folder {mapping.name}: {error}"
        raise InvalidPath(message) from error
    if mapping.mode not in _MODES:
        message = f"folder {mapping.name}: the mode {mapping.mode} is none that this driver knows"
        raise InvalidPath(message)
    return Folder(
        name=mapping.name,
        path=mapping.path or ".",
        mode=_MODES[mapping.mode],
        options={**options, **own},
        root_id=mapping.root_id if mapping.HasField("root_id") else None,
        symlinks=mapping.symlinks,
    )


def open_folder(plug: Plug, folder: Folder) -> driver_pb2.FolderReport:
    """Opens a folder, has the driver know what was found out by that, and returns it.

    Args:
        plug: The driver, configured.
        folder: As it was told; it is kept as it turns out to be.
    """
    if "open_folder" in plug.handlers:
        report = plug.call("open_folder", folder)
    else:
        # A driver that knows no identity of its root has the one the setup gives it.
        report = FolderReport(RootState.OK, f"{plug.service_name}:{folder.path}")
    if not isinstance(report, FolderReport):
        message = f"open_folder answered a {type(report).__name__}"
        raise DriverError(message)
    path = folder.path if report.path is None else report.path
    plug.folders[folder.name] = msgspec.structs.replace(folder, path=path, root_id=report.root_id or folder.root_id)
    wire = driver_pb2.FolderReport(name=folder.name, path=path, root_id=report.root_id, reason=report.reason)
    wire.root_state = report.root_state.value  # type: ignore[assignment]  # The stubs want the enum; same numbers.
    if report.local_root is not None:
        wire.local_root = report.local_root
    return wire
