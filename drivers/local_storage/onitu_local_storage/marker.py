"""The marker `.onitu/root`: which root of which setup a directory is.

It is written once, at first contact, and read at every start and whenever the root looks different. This module reads
and writes it; what follows from it is decided in `root`.
"""

from __future__ import annotations

import os

import msgspec

from . import beneath

NAME = f"{beneath.HIDDEN}/root"
"""Where it lies below a root."""

_STAGED = b"root.new"
_MOST_BYTES = 64 * 1024  # No marker of ours has a tenth of it.


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What the marker says.

    Attributes:
        setup: Id of the setup whose state belongs to this root.
        service: Name of the service there.
        folder: Name of the folder there.
        root: Id of the root.
    """

    setup: str
    service: str
    folder: str
    root: str


class UnreadableError(Exception):
    """There is a marker that cannot be understood."""


def read(root: int) -> Marker | None:
    """Reads the marker of a root.

    Args:
        root: Descriptor of the root.

    Returns:
        The marker, or None where there is none.

    Raises:
        UnreadableError: There is one that cannot be understood.
        OSError: There is one that cannot be read.
    """
    try:
        descriptor = beneath.open_beneath(root, NAME.encode(), os.O_RDONLY | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with open(descriptor, "rb") as file:
        content = file.read(_MOST_BYTES)
    try:
        return msgspec.json.decode(content, type=Marker)
    except msgspec.DecodeError as error:
        raise UnreadableError(f"the marker {NAME} cannot be understood: {error}") from error


def write(area: int, marker: Marker) -> None:
    """Writes the marker, whole and lasting: without it a root counts as another one.

    Args:
        area: Descriptor of `.onitu`.
        marker: What to write.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(_STAGED, flags, 0o644, dir_fd=area), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(marker), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.rename(_STAGED, os.path.basename(NAME), src_dir_fd=area, dst_dir_fd=area)
    os.fsync(area)
