"""Sessions of a shell beside SFTP, over the one connection there is.

The first `ssh` lets others pass through its connection, by a socket in a private directory; so a session costs no
second login. What runs at the other end is a script of ours, handed over on the input of a plain `sh`: the user's own
shell may be any, and may say what it likes before. A session ends with its input, and with the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING, Final

from .channel import Lost
from .private import PrivateDirectory

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE: Final = 8.0
"""Seconds for a shell to begin: one that is slower, or waits for something, is none."""

_LONGEST: Final = 64 * 1024  # No record has more bytes: a path has 4096.
_LONGEST_PATH: Final = 86  # Bytes, for what `ssh` appends to it: the kernel takes 107.
_WORDS: Final = 4096
_FAREWELL: Final = 0.5  # Seconds.


class Control:
    """The way for sessions to pass through a connection: a socket that nobody else can reach.

    Attributes:
        path: Of the socket.
    """

    def __init__(self) -> None:
        self._place = PrivateDirectory(_LONGEST_PATH)
        self.path = str(self._place.path / "way")

    def options(self) -> list[str]:
        """Returns the arguments for the `ssh` that makes the connection."""
        settings = ("ControlMaster=yes", "ControlPersist=no", f'ControlPath="{_escaped(self.path)}"')
        return [part for setting in settings for part in ("-o", setting)]

    def command(self) -> list[str]:
        """Returns the command line of a session. Where the connection is gone none is made instead of it."""
        settings = ("ControlMaster=no", "ProxyCommand=false", "BatchMode=yes", "LogLevel=ERROR", "EscapeChar=none")
        options = [part for setting in settings for part in ("-o", setting)]
        return ["ssh", "-F", "none", "-S", _escaped(self.path), *options, "-T", "--", "onitu", "exec sh"]

    def close(self) -> None:
        """Removes it."""
        self._place.remove()


def _escaped(path: str) -> str:
    return path.replace("%", "%%")


def quoted(value: bytes) -> bytes:
    """Returns a word for `sh` that means just these bytes."""
    return b"'" + value.replace(b"'", b"'\\''") + b"'"


class Session:
    """A script that runs at the server. It says records, each of which ends with a zero byte."""

    def __init__(self, process: asyncio.subprocess.Process, hear: Callable[[bytes], None] | None) -> None:
        self._process = process
        self._output = process.stdout or asyncio.StreamReader()
        self._errors = process.stderr or asyncio.StreamReader()
        self._said = b""
        self._hear = hear
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def open(
        cls,
        control: Control,
        script: bytes,
        hear: Callable[[bytes], None] | None = None,
        *,
        longest: int = _LONGEST,
    ) -> Session:
        """Begins a session and waits until the script runs.

        Args:
            control: The way through the connection.
            script: For `sh`, in any locale. It must not read from its input before it was sent something.
            hear: Called with each line of what goes wrong there.
            longest: Most bytes of a record.

        Raises:
            Lost: There is no shell, or not any more.
        """
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *control.command(), stdin=pipe, stdout=pipe, stderr=pipe, limit=longest
        )
        session = cls(process, hear)
        token = secrets.token_hex(8)
        # In two parts: a shell that repeats what it is told does not say it.
        session.send(b"{ LC_ALL=C; export LC_ALL; printf '\\0onitu%s\\0' " + token.encode() + b"; " + script + b"\n}\n")
        try:
            async with asyncio.timeout(PATIENCE):
                while await session.record() != b"onitu" + token.encode():
                    pass  # Some shells say something first.
        except (Lost, TimeoutError) as error:
            await session.close()
            raise Lost(session.words or "it does not answer") from error
        except BaseException:
            await session.close()
            raise
        return session

    @property
    def words(self) -> str:
        """The last words of what went wrong."""
        lines = self._said.decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def send(self, data: bytes) -> None:
        """Hands something over to the script."""
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(data)

    async def record(self) -> bytes:
        """Returns the next record.

        Raises:
            Lost: The script has ended. What was not ended by a zero byte was none.
        """
        try:
            return (await self._output.readuntil(b"\0"))[:-1]
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError) as error:
            raise Lost from error

    async def close(self) -> None:
        """Ends the script."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        # The first `ssh` holds its ends open as long as something runs there, and what waits for nothing more than its
        # own end may never notice that nobody listens.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await self._process.wait()
        self._listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listening

    async def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while data := await self._errors.read(_WORDS):
                whole = self._said + data
                self._said = whole[-_WORDS:]
                if self._hear is not None:
                    for line in whole[whole.rfind(b"\n", 0, len(whole) - len(data)) + 1 :].splitlines(keepends=True):
                        if line.endswith(b"\n"):
                            self._hear(line)
