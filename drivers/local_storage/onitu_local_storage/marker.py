"""The marker `.onitu/root`: which root of which setup a directory is.

It is written once, at first contact, and read at every start and whenever the root looks different. This module reads
and writes it; what stands in it says `onitu.plug.marker`, and what follows from it is decided in `root`.
"""

from __future__ import annotations

import os

from onitu.plug.marker import LONGEST, NAME, Marker, decode, encode

from . import beneath

_STAGED = b"root.new"


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
        return decode(file.read(LONGEST))


def write(area: int, marker: Marker) -> None:
    """Writes the marker, whole and lasting: without it a root counts as another one.

    Args:
        area: Descriptor of `.onitu`.
        marker: What to write.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(_STAGED, flags, 0o644, dir_fd=area), "wb") as file:
        file.write(encode(marker))
        file.flush()
        os.fsync(file.fileno())
    os.rename(_STAGED, os.path.basename(NAME), src_dir_fd=area, dst_dir_fd=area)
    os.fsync(area)
