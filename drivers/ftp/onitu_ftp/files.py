"""The server as `onitu.plug.files` knows services of files.

A server that knows MLSD says everything in one go. Of one that does not, the time of each file is asked for, unless its
line in the listing is the one that was seen before and too old to hide a second change.
"""

from __future__ import annotations

import ftplib
import io
import threading
import time
import uuid
from typing import IO, TYPE_CHECKING, Final

from onitu.plug import DriverError, InvalidPath, Kind, NotFound, OutcomeUnknown, Present, RevisionMismatch, Unavailable
from onitu.plug.files import DIRECTORY

from .listing import Found, of_line, said, time_ns
from .session import to_wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onitu.plug import Metadata
    from onitu.plug.handlers import Declaration

    from .pool import Pool
    from .session import Session

FRESH: Final = 2.0
"""Seconds within which a second change may leave size and time as they are."""

SETTLED: Final = 120.0
"""Seconds after which a time that is listed to the minute tells of every change."""

_SECOND: Final = 1_000_000_000
_MOST: Final = 100_000
_PIECE: Final = 64 * 1024
_SENT: Final = 256 * 1024
_MISSING: Final = ("550", "553", "501")
"""What servers answer about what is not there; other reasons have the same numbers, so it is looked at closer."""
_PROBED: Final = 1_000_000_000 * _SECOND


class FtpFiles:
    """Files of an FTP server.

    Args:
        pool: Connections to it.
        root: The service's root there; "" is where a user is after logging in.
        where: What tells this root from others: address and user.
    """

    exclusive = False
    lists_all = True
    makes_above = False

    def __init__(self, pool: Pool, root: str, where: str) -> None:
        self._pool = pool
        self._root = root.rstrip("/") if root != "/" else "/."
        self._where = where
        self._keeps_times = False
        self._skew = 0.0
        self._mutex = threading.Lock()
        self._known: dict[str, tuple[Found, str]] = {}

    @property
    def tells_all(self) -> bool:
        """Whether the server knows MLSD: of others each time is asked for by itself."""
        return self._pool.ask("the server", lambda session: "MLST" in session.features)

    # Looking.

    def describe(self, path: str) -> str:
        """Says where a directory is."""
        return f"{self._where}/{self._at(path).lstrip('/')}"

    def look(self, path: str) -> Present | None:
        """Returns what is at a path."""
        found = self._pool.ask(path or "the root", lambda session: self._looked(session, path))
        return None if found is None else self._present(found)

    def is_free(self, path: str) -> bool:
        """Whether the server refuses to say anything of a path, which has one reason nearly always."""
        place = self._at(path)

        def ask(session: Session) -> bool:
            try:
                session.fact(place) if "MLST" in session.features else session.size(place)
            except ftplib.error_perm:
                return "MLST" in session.features or not session.is_directory(place)
            return False

        return self._pool.ask(path, ask)

    def children(self, path: str) -> Iterator[tuple[str, Present]]:
        """Yields the entries of a directory."""
        for name, found in self._pool.ask(path or "the root", lambda session: self._listed(session, path)):
            if found.is_file or found.is_directory:
                yield name, self._present(found)

    def _looked(self, session: Session, path: str) -> Found | None:
        try:
            if "MLST" in session.features:
                return session.fact(self._at(path))
            if path:
                size = session.size(self._at(path)) or 0
                return Found(kind="file", size=size, modified=session.modified(self._at(path)))
        except ftplib.error_perm:
            return self._found_above(session, path)
        return Found(kind="dir") if session.is_directory(self._at("")) else None

    def _found_above(self, session: Session, path: str) -> Found | None:
        """Looks for an entry in the listing of its directory: a refusal alone may have any reason."""
        if not path:
            return None
        above, _, name = path.rpartition("/")
        try:
            entries = dict(self._listed(session, above))
        except NotFound as error:
            if self._found_above(session, above) is None:
                return None
            raise Unavailable(f"{above}: is there, and cannot be listed: {error}") from error
        return entries.get(name)

    def _listed(self, session: Session, path: str) -> list[tuple[str, Found]]:
        try:
            if "MLST" in session.features:
                return [(name, one) for name, one in session.facts(self._at(path)) if one.kind not in {"cdir", "pdir"}]
            return self._lines(session, path)
        except ftplib.error_perm as error:
            if not str(error).startswith(_MISSING):
                raise
            raise NotFound(f"{path}: there is no such directory") from error

    def _lines(self, session: Session, path: str) -> list[tuple[str, Found]]:
        found = [entry for line in session.lines(self._at(path)) if (entry := of_line(line)) is not None]
        entries = [(name, one) for name, one in found if name not in {".", ".."}]
        return [(name, self._timed(session, f"{path}/{name}" if path else name, one)) for name, one in entries]

    def _timed(self, session: Session, path: str, found: Found) -> Found:
        """Returns an entry of a line with its time to the second."""
        if not found.is_file:
            return found
        known = self._known.get(path)
        if known is not None and known[0] == found:
            return Found(kind=found.kind, size=found.size, modified=known[1])
        try:
            modified = session.modified(self._at(path))
        except ftplib.error_perm:
            return found
        if (time_ns(modified) or 0) / _SECOND < time.time() + self._skew - SETTLED:
            with self._mutex:
                if len(self._known) >= _MOST:
                    self._known.clear()
                self._known[path] = (found, modified)
        return Found(kind=found.kind, size=found.size, modified=modified)

    def _present(self, found: Found) -> Present:
        if found.is_directory:
            return DIRECTORY
        mtime_ns = time_ns(found.modified)
        now = (time.time() + self._skew - FRESH) * _SECOND
        return Present(
            kind=Kind.FILE,
            revision=f"{found.size}/{found.modified}/{found.unique}",
            size=found.size,
            mtime_ns=mtime_ns,
            racy=mtime_ns is None or mtime_ns > now,
        )

    # Content.

    def put(self, path: str, content: bytes | IO[bytes], metadata: Metadata | None) -> None:
        """Writes a file, and sets its time where the server lets us."""
        mtime_ns = None if metadata is None else metadata.attributes.mtime_ns

        def write(session: Session) -> None:
            stream = io.BytesIO(content) if isinstance(content, bytes) else content
            session.ftp.storbinary(f"STOR {self._at(path)}", stream, blocksize=_SENT)
            if self._keeps_times and mtime_ns is not None and mtime_ns >= 0:
                session.ftp.voidcmd(f"MFMT {said(mtime_ns)} {self._at(path)}")

        # Nobody else writes what is staged: it may be done twice, where there is something to do it with.
        self._pool.ask(path, write) if isinstance(content, bytes) else self._pool.tell_alone(path, write)

    def get(self, path: str) -> bytes:
        """Returns a whole file."""

        def read(session: Session) -> bytes:
            parts: list[bytes] = []
            session.ftp.retrbinary(f"RETR {self._at(path)}", parts.append)
            return b"".join(parts)

        return self._pool.ask(path, read)

    def read(self, path: str, revision: str, offset: int, size: int) -> bytes:
        """Returns a part of a file."""
        del revision
        return self._pool.ask(path, lambda session: self._part(session, path, offset, size))

    def _part(self, session: Session, path: str, offset: int, size: int) -> bytes:
        length = session.size(self._at(path))
        if length is not None and offset >= length:
            return b""
        connection = session.ftp.transfercmd(f"RETR {self._at(path)}", rest=offset or None)
        parts, room = [], size
        try:
            while room and (part := connection.recv(min(room, _PIECE))):
                parts.append(part)
                room -= len(part)
        finally:
            connection.close()
        try:
            session.ftp.voidresp()
        except (ftplib.error_temp, ftplib.error_perm):
            # What is not wanted any more was cut off, and the server says so.
            if room:
                raise
        return b"".join(parts)

    # Changing.

    def move(self, path: str, destination: str, *, directory: bool = False) -> None:
        """Renames an entry."""
        del directory

        def rename(session: Session) -> None:
            try:
                session.ftp.sendcmd(f"RNFR {self._at(path)}")
                session.ftp.voidcmd(f"RNTO {self._at(destination)}")
            except ftplib.error_perm as error:
                if not str(error).startswith(_MISSING):
                    raise
                raise self._why_not_moved(session, path, destination, error) from error

        self._pool.tell(path, rename)

    def _why_not_moved(self, session: Session, path: str, destination: str, error: Exception) -> DriverError:
        above = destination.rpartition("/")[0]
        if self._looked(session, path) is None:
            return NotFound(f"{path}: is not there")
        if above and self._looked(session, above) is None:
            return NotFound(f"{above}: there is no such directory")
        if self._looked(session, destination) is not None:
            return RevisionMismatch(f"{destination}: something is there already")
        return InvalidPath(f"{destination}: the server does not take this name: {error}")

    def make_directory(self, path: str) -> None:
        """Makes a directory."""

        def make(session: Session) -> None:
            try:
                session.ftp.mkd(self._at(path))
            except ftplib.error_perm as error:
                if self._looked(session, path) is not None:
                    raise RevisionMismatch(f"{path}: something is there already") from error
                above = path.rpartition("/")[0]
                if above and self._looked(session, above) is None:
                    raise NotFound(f"{above}: there is no such directory") from error
                raise InvalidPath(f"{path}: the server does not take this name: {error}") from error

        self._pool.tell(path, make)

    def delete(self, path: str, *, directory: bool = False) -> None:
        """Removes an entry."""

        def remove(session: Session) -> None:
            try:
                session.ftp.rmd(self._at(path)) if directory else session.ftp.delete(self._at(path))
            except ftplib.error_perm:
                if self._looked(session, path) is not None:
                    raise

        self._pool.ask(path, remove)

    # Finding out.

    def prepare(self, staging: str) -> Declaration:
        """Finds out whether the server keeps times, and how far its clock is ahead."""
        path = f"{staging}/probe-{uuid.uuid4().hex}"
        self.put(path, b"probe", None)
        # Not before: as long as that took, what was just written would be taken for old.
        written = time.time()
        found = self.look(path)
        if found is None or found.mtime_ns is None:
            self.delete(path)
            return {"mtime_precision_ns": 0}
        self._skew = found.mtime_ns / _SECOND - written
        try:
            self._pool.tell(path, lambda session: session.ftp.voidcmd(f"MFMT {said(_PROBED)} {self._at(path)}"))
            found = self.look(path)
            self._keeps_times = found is not None and found.mtime_ns == _PROBED
        except OutcomeUnknown:
            raise
        except DriverError:
            pass  # It does not know how.
        finally:
            self.delete(path)
        return {"mtime_precision_ns": _SECOND if self._keeps_times else 0}

    def close(self) -> None:
        """Lets go of the connections."""
        self._pool.close()

    def _at(self, path: str) -> str:
        """Returns a path as the server is told it.

        Raises:
            InvalidPath: It cannot be said in a command.
        """
        if "\r" in path or "\n" in path:
            raise InvalidPath(f"{path!r}: FTP knows no names of several lines")
        place = path if not self._root else f"{self._root}/{path}" if path else self._root
        return to_wire(place)
