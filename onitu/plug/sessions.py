"""A resumable upload under way, as far as the process that takes its chunks knows it.

What is staged, and where, is the driver's business; here is only how far it has come, and the digest of what has passed
through this process.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from onitu.errors import Corrupted, InvalidPath, NotFound

if TYPE_CHECKING:
    from onitu.plug.digests import Verifier
    from onitu.plug.values import Metadata


class Session:
    """A resumable upload under way. Whoever changes it, or has its bytes staged, holds its lock.

    Args:
        metadata: What is uploaded.
        verifier: What checks its bytes, or None where the driver does that itself.
        staged: End of what is staged already, as far as known.

    Attributes:
        lock: Held while a chunk is taken.
    """

    __slots__ = ("lock", "metadata", "staged", "verifier")

    def __init__(self, metadata: Metadata, verifier: Verifier | None = None, *, staged: int = 0) -> None:
        self.metadata = metadata
        self.verifier = verifier
        self.staged = staged
        self.lock = threading.Lock()

    def restart(self, metadata: Metadata, begin: int) -> None:
        """Goes on after a failure.

        Args:
            metadata: What is uploaded, as it is said now.
            begin: End of what the driver still has.

        Raises:
            NotFound: Bytes are gone that have been hashed already, so the whole could not be verified.
        """
        if self.verifier is not None and begin != self.verifier.size:
            if begin < self.verifier.size:
                message = f"{metadata.filename}: some of what was staged is gone; the upload must begin again"
                raise NotFound(message)
            begin = self.verifier.size  # Staged by a call that failed: it is sent, and hashed, once more.
        self.metadata = metadata
        self.staged = begin

    def admit(self, offset: int, size: int) -> None:
        """Looks whether so many bytes may come from an offset on.

        Raises:
            InvalidPath: Bytes before them are missing.
            Corrupted: They are more than were announced.
        """
        if offset > self.staged:
            message = f"{self.metadata.filename}: a chunk at {offset} leaves a gap; {self.staged} bytes are staged"
            raise InvalidPath(message)
        if offset + size > self.metadata.size:
            message = f"{self.metadata.filename}: more bytes came than were announced"
            raise Corrupted(message)

    def take(self, offset: int, data: bytes) -> None:
        """Notes a chunk that was staged, perhaps for the second time."""
        if self.verifier is not None:
            self.verifier.update(data[self.verifier.size - offset :])
        self.staged = max(self.staged, offset + len(data))
