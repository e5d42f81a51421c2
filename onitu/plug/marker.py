"""The marker `.onitu/root` of a folder's root: which root of which setup a directory is.

A disk that is not mounted looks like an empty directory, and an empty directory looks like everything having been
deleted: so a root that Onitu writes to carries a marker. Here is what stands in it and what follows from it; where the
bytes lie, and how they come there, is each driver's own.
"""

from __future__ import annotations

from typing import Final

import msgspec

AREA: Final = ".onitu"
"""The name, at a folder's root, of what Onitu keeps there for itself."""

NAME: Final = f"{AREA}/root"
"""Where the marker lies below a root."""

LONGEST: Final = 64 * 1024
"""No marker of ours has a tenth of these bytes."""


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Who opens a root.

    Attributes:
        setup: Id of the setup.
        service: Name of the service.
    """

    setup: str
    service: str


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

    def is_anothers(self, owner: Owner, folder: str) -> bool:
        """Tells whether it marks the root of another folder, or another service, of the same setup."""
        return self.setup == owner.setup and (self.service, self.folder) != (owner.service, folder)


class UnreadableError(Exception):
    """There is a marker that cannot be understood."""


def decode(content: bytes) -> Marker:
    """Returns what the bytes of a marker say.

    Raises:
        UnreadableError: They cannot be understood.
    """
    try:
        return msgspec.json.decode(content, type=Marker)
    except msgspec.DecodeError as error:
        raise UnreadableError(f"the marker {NAME} cannot be understood: {error}") from error


def encode(marker: Marker) -> bytes:
    """Returns a marker as bytes, which people may read too."""
    return msgspec.json.format(msgspec.json.encode(marker), indent=2) + b"\n"


def copied(path: str, marker: Marker) -> str:
    """Says for a person that a root is another folder's, or a copy of it."""
    return (
        f"{path!r} is the root of the folder {marker.folder!r} on the service {marker.service!r} of this setup,"
        f" or a copy of it; remove {f'{path}/{AREA}'!r} if it is to be one of its own"
    )


def nested(path: str, above: str, marker: Marker) -> str:
    """Says for a person that a root lies inside another one."""
    return (
        f"{path!r} lies inside {above!r}, the root of the folder {marker.folder!r} on the service"
        f" {marker.service!r}: they would feed each other"
    )


def empty(path: str) -> str:
    """Says for a person that a root has lost everything, its marker too."""
    return f"the root {path!r} is empty, its marker is gone; is its disk mounted?"


def stranger(path: str) -> str:
    """Says for a person that a root has lost its marker."""
    return f"the root {path!r} does not have its marker {NAME} any more; is it another directory?"


def unknown(path: str) -> str:
    """Says for a person that a root has another marker than the one that is known."""
    return f"{path!r} is another root than the one known so far, says its marker"


def gone(path: str) -> str:
    """Says for a person that a root is not there."""
    return f"the root {path!r} is not there; is its disk mounted?"
