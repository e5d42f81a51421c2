"""What a shell at the server can do for us: one session for all questions, answered one after the other.

A server without a shell, or with one that is not to be understood, is none the worse for it: everything is done by SFTP
then. Nothing is installed there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Final

from .channel import Lost
from .flush import Flusher
from .session import PATIENCE, Session, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .channel import Answer
    from .protocol import Status
    from .session import Control

PYTHON: Final = "python3"
INOTIFYWAIT: Final = "inotifywait"

_B3SUM: Final = "b3sum"
_BLAKE3_DIGITS: Final = 64

_OF_ONE_HOST: Final = frozenset(
    (
        *(b"ext2/ext3", b"xfs", b"btrfs", b"zfs", b"tmpfs", b"ramfs", b"overlayfs", b"f2fs", b"jfs", b"reiserfs"),
        *(b"bcachefs", b"nilfs", b"msdos", b"exfat", b"ntfs", b"ecryptfs", b"aufs"),
    )
)
"""File systems that no other host writes to, as `stat` names them: of all others no kernel tells everything."""

_PROBE: Final = rb"""
{
    if python3 -S -c 'import ctypes, sys; ctypes.CDLL(None).inotify_init1; sys.exit(sys.version_info < (3, 7))'; then
        printf 'python3\0'
    elif inotifywait --help | grep -q -e --no-newline; then
        printf 'inotifywait\0'
    fi
    ! command -v b3sum >&2 || printf 'b3sum\0'
} </dev/null 2>/dev/null
printf '\0'
"""
"""Says which programs are there, as far as they are of use: a version of `inotifywait` that tells names apart."""


class Shell:
    """A shell at the server.

    Args:
        control: The way through the connection.
        session: Where it is asked.
        tools: Programs that are there.

    Attributes:
        control: The same.
        watcher: The program that tells of changes, if there is one.
        digests: Whether it computes digests.
        flusher: What waits for the disk, if there is anything.
    """

    def __init__(self, control: Control, session: Session, tools: Iterable[str]) -> None:
        self.control = control
        known = set(tools)
        self.watcher = next((tool for tool in (PYTHON, INOTIFYWAIT) if tool in known), None)
        self.digests = _B3SUM in known
        self.flusher = Flusher(control) if self.watcher == PYTHON else None
        self._session = session
        self._waiting: deque[asyncio.Future[bytes]] = deque()
        self._lost = False
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def find(cls, control: Control) -> Shell | None:
        """Returns the shell of a server, or None where there is none."""
        try:
            session = await Session.open(control, _PROBE)
        except (Lost, OSError):
            return None
        tools = []
        try:
            async with asyncio.timeout(PATIENCE):
                while record := await session.record():
                    tools.append(record.decode("ascii", "replace"))
        except (Lost, TimeoutError):
            await session.close()
            return None
        return cls(control, session, tools)

    def uses(self, *, tells: bool) -> str:
        """Says for a person what is used.

        Args:
            tells: Whether it tells of changes.
        """
        digests = f"digests are computed there by {_B3SUM}" if self.digests else "digests are computed here"
        changes = f"changes are told by {self.watcher}" if tells else "changes are found by listing"
        return f"{changes}; {digests}"

    async def blake3(self, place: bytes) -> bytes | None:
        """Returns the digest of what is in a file, or None where it cannot be had this way.

        Args:
            place: Its absolute path. What is there may be another file by now: whoever asks looks again.
        """
        if not self.digests:
            return None
        path = quoted(place)
        # A pipe would never end, so what is no plain file any more is not opened.
        said = await self._ask(b"[ -h %s ] || [ ! -f %s ] || b3sum --no-names -- %s" % (path, path, path))
        try:
            digest = bytes.fromhex((said or b"").decode("ascii"))
        except ValueError:
            return None
        return digest if len(digest) * 2 == _BLAKE3_DIGITS else None

    async def sees(self, place: bytes, looking: Answer[Status]) -> bool:
        """Tells whether the shell finds at a path what SFTP does; some servers show each another part of the disk.

        Args:
            place: Absolute path.
            looking: For what is there; it is under way.
        """
        said = await self._ask(b"stat -c '%%s %%Y %%f %%u' -- %s" % quoted(place))
        status = await looking
        return (said or b"").strip() == b"%d %d %x %d" % (status.size, status.mtime, status.mode, status.uid)

    async def tells(self, place: bytes) -> bool:
        """Tells whether there is a program that tells of all changes below a path."""
        if self.watcher is None:
            return False
        said = await self._ask(b"stat -f -c %%T -- %s" % quoted(place))
        return (said or b"").strip() in _OF_ONE_HOST

    async def _ask(self, command: bytes) -> bytes | None:
        """Returns what a command says, or None where the shell has ended. A zero byte must not be in it."""
        if self._lost:
            return None
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        self._session.send(b"{ %s\n} </dev/null 2>/dev/null; printf '\\0'\n" % command)
        try:
            return await answer
        except Lost:
            return None

    async def _read(self) -> None:
        try:
            while True:
                record = await self._session.record()
                if self._waiting and not (answer := self._waiting.popleft()).done():
                    answer.set_result(record)
        except Lost:
            pass  # There is nobody to ask any more.
        finally:
            self._lost = True
            for answer in self._waiting:
                if not answer.done():
                    answer.set_exception(Lost())
            self._waiting.clear()

    async def close(self) -> None:
        """Ends it, whatever it is at."""
        if self.flusher is not None:
            await self.flusher.close()
        await self._session.close()
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
