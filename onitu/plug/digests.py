"""Digests that the Plug computes itself, over bytes that pass through it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Protocol

from blake3 import blake3

from onitu.core.capability import MAX_CHUNK
from onitu.errors import Corrupted, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from onitu.core.model import Upload

OURS: Final = "blake3"
"""The algorithm of every digest that Onitu computes for itself."""


class Hasher(Protocol):
    """What computes a digest."""

    def update(self, data: bytes | memoryview, /) -> object:
        """Takes more bytes."""

    def digest(self) -> bytes:
        """Returns the raw digest of the bytes so far."""


_BLOCK: Final = 4 * 1024 * 1024


class DropboxHash:
    """Dropbox's content_hash: SHA-256 over the SHA-256 of every 4 MiB.

    https://www.dropbox.com/developers/reference/content-hash
    """

    def __init__(self) -> None:
        self._blocks = hashlib.sha256()
        self._block = hashlib.sha256()
        self._room = _BLOCK

    def update(self, data: bytes | memoryview, /) -> None:
        """Takes more bytes."""
        view = memoryview(data)
        while view:
            part, view = view[: self._room], view[self._room :]
            self._block.update(part)
            self._room -= len(part)
            if not self._room:
                self._blocks.update(self._block.digest())
                self._block = hashlib.sha256()
                self._room = _BLOCK

    def digest(self) -> bytes:
        """Returns the digest of all bytes taken."""
        blocks = self._blocks.copy()
        if self._room != _BLOCK:
            blocks.update(self._block.digest())
        return blocks.digest()


_HASHERS: Final[dict[str, Callable[[], Hasher]]] = {
    OURS: blake3,
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "dropbox": DropboxHash,
}


def hasher(algorithm: str) -> Hasher | None:
    """Returns what computes this digest, or None where the Plug does not know the algorithm."""
    make = _HASHERS.get(algorithm)
    return make() if make is not None else None


COMPUTED: Final = tuple(_HASHERS)
"""The algorithms that the Plug knows: what a driver declares that computes digests with `read_digest`."""


def read_digest(algorithm: str, read: Callable[[int, int], bytes]) -> bytes:
    """Returns the digest of a file by reading it, for a service that computes none.

    Args:
        algorithm: Which.
        read: Returns up to so many bytes from an offset, fewer only at the end.

    Raises:
        Unsupported: The Plug does not know the algorithm.
    """
    computing = hasher(algorithm)
    if computing is None:
        raise Unsupported(f"no {algorithm} is computed here")
    offset = 0
    while piece := read(offset, MAX_CHUNK):
        computing.update(piece)
        offset += len(piece)
        if len(piece) < MAX_CHUNK:
            break
    return computing.digest()


class Verifier:
    """Checks bytes against what was announced, and learns their digest on the way.

    Args:
        upload: What was announced.
    """

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._size = 0
        self._hashers = {OURS: hasher(OURS)}
        if upload.digest is not None:
            self._hashers.setdefault(upload.digest[0], hasher(upload.digest[0]))

    @property
    def size(self) -> int:
        """How many bytes it has seen."""
        return self._size

    def update(self, data: bytes | memoryview) -> None:
        """Takes more bytes.

        Raises:
            Corrupted: They are more than were announced.
        """
        self._size += len(data)
        if self._size > self._upload.size:
            self._refuse(f"more than the {self._upload.size} bytes that were announced came")
        for computing in self._hashers.values():
            if computing is not None:
                computing.update(data)

    def finish(self, upload: Upload | None = None) -> dict[str, bytes]:
        """Returns the digests of the bytes.

        Args:
            upload: What is announced by now, where the digest was not known before the bytes came.

        Raises:
            Corrupted: They are not those that were announced.
        """
        if upload is not None:
            self._upload = upload
        if self._size != self._upload.size:
            self._refuse(f"{self._size} bytes came, {self._upload.size} were announced")
        digests = {name: computing.digest() for name, computing in self._hashers.items() if computing is not None}
        if self._upload.digest is not None:
            algorithm, announced = self._upload.digest
            if digests.get(algorithm, announced) != announced:
                self._refuse(f"the bytes that came have another {algorithm} than was announced")
        return digests

    def _refuse(self, what: str) -> None:
        message = f"{self._upload.path}: {what}"
        raise Corrupted(message)
