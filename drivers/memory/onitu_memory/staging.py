"""Uploads in chunks that are not visible yet, in memory or, to outlive the process, as files in a directory."""

from __future__ import annotations

from pathlib import Path

from onitu.plug import NotFound


class Staging:
    """What is staged, by session."""

    def __init__(self) -> None:
        self._staged: dict[str, bytearray] = {}
        self._place: Path | None = None

    def keep_in(self, place: str) -> None:
        """Keeps what is staged in a directory, and takes over what an earlier process left there.

        An upload that is empty may be known to nobody, and is begun again for nothing: it goes.
        """
        self._place = Path(place)
        self._place.mkdir(parents=True, exist_ok=True)
        for file in list(self._place.iterdir()):
            if content := file.read_bytes():
                self._staged[file.name] = bytearray(content)
            else:
                file.unlink()

    def start(self, session: str) -> None:
        """Stages an empty file."""
        self._staged[session] = bytearray()
        if self._place is not None:
            (self._place / session).touch()

    def write(self, session: str, offset: int, chunk: bytes) -> None:
        """Stages a part of a file."""
        staged = self._of(session)
        staged[offset : offset + len(chunk)] = chunk
        if self._place is not None:
            with (self._place / session).open("r+b") as file:
                file.seek(offset)
                file.write(chunk)

    def size(self, session: str) -> int:
        """Returns how many bytes are staged."""
        return len(self._of(session))

    def read(self, session: str) -> bytes:
        """Returns what is staged."""
        return bytes(self._of(session))

    def remove(self, session: str) -> None:
        """Forgets what is staged. That there is nothing is fine."""
        self._staged.pop(session, None)
        if self._place is not None:
            (self._place / session).unlink(missing_ok=True)

    def _of(self, session: str) -> bytearray:
        staged = self._staged.get(session)
        if staged is None:
            message = f"nothing is staged for {session!r}"
            raise NotFound(message)
        return staged
