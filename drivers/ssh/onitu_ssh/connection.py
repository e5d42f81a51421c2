"""The connection to one server: made when it is needed, made again when it was lost, and what the server can do.

One process of `ssh` holds it. Whoever needs the server asks for the channel each time, so after a loss the next one to
ask has it made anew; those who had asked meanwhile wait for the same attempt.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from typing import TYPE_CHECKING, Final

from onitu.plug import ServiceError, Unauthenticated, Unavailable

from .channel import Lost
from .client import Sftp
from .login import Desk
from .session import Control
from .shell import Shell

if TYPE_CHECKING:
    from onitu.plug import DriverError

    from .login import Login

_PATIENCE: Final = 60.0  # Seconds for the whole login, jump hosts and questions included.
_PAUSE: Final = 0.5  # Seconds in which a failure is answered again without another attempt.
_WORDS: Final = 4096


class Connection:
    """The connection of one service.

    Args:
        login: Where to, and how.

    Attributes:
        login: The same.
        loop: Where it lives: whoever is elsewhere hands work over to it.
        number: Of the connection that is there now: it grows with each.
    """

    def __init__(self, login: Login) -> None:
        self.login = login
        self.loop = asyncio.get_running_loop()
        self.number = 0
        self._sftp: Sftp | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._control: Control | None = None
        self._shell: Shell | None = None
        self._probed = 0
        self._probing = asyncio.Lock()
        self._connecting = asyncio.Lock()
        self._failure: tuple[float, DriverError] | None = None
        self._closed = False

    async def sftp(self) -> Sftp:
        """Returns the channel for files.

        Raises:
            Unavailable: The server cannot be reached.
            Unauthenticated: It does not let us in, or is not the one that is known.
            ServiceError: It has no SFTP.
        """
        there = self._sftp
        if there is not None and not there.lost.done():
            return there
        async with self._connecting:
            there = self._sftp
            if there is not None and not there.lost.done():
                return there
            if self._closed:
                raise Unavailable("the service is being closed")
            if self._failure is not None and time.monotonic() - self._failure[0] < _PAUSE:
                raise self._failure[1]
            try:
                self._sftp = await self._connect()
            except ServiceError as error:
                self._failure = (time.monotonic(), error)
                raise
            self._failure = None
            self.number += 1
            return self._sftp

    async def shell(self) -> Shell | None:
        """Returns what a shell at the server can do for us; None: there is none, or it is not to be used.

        It is asked once for each connection.

        Raises:
            ServiceError: The server cannot be used at all; see `sftp`.
        """
        await self.sftp()
        async with self._probing:
            if self._probed != self.number:
                self._probed, number = self.number, self.number
                self._shell = None if self._control is None else await Shell.find(self._control)
                if number != self.number:
                    self._shell = None  # Another connection came meanwhile; whoever asks next finds its shell.
            return self._shell

    async def close(self) -> None:
        """Hangs up."""
        self._closed = True
        await self._hang_up()

    async def _hang_up(self) -> None:
        shell, self._shell = self._shell, None
        if shell is not None:
            await shell.close()
        if self._sftp is not None:
            self._sftp.close()
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
        if self._control is not None:
            self._control.close()
            self._control = None

    async def _connect(self) -> Sftp:
        await self._hang_up()
        self._control = Control() if self.login.shell == "auto" else None
        desk = Desk(self.login, self._control.options() if self._control is not None else ())
        try:
            return await self._log_in(desk)
        finally:
            desk.close()

    async def _log_in(self, desk: Desk) -> Sftp:
        ours, its = socket.socketpair()
        try:
            environment = await asyncio.to_thread(desk.environment)
            process = self._process = await asyncio.create_subprocess_exec(
                *desk.command("-s", "--", "sftp"),
                env=environment,
                stdin=its.fileno(),
                stdout=its.fileno(),
                stderr=asyncio.subprocess.PIPE,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            its.close()
        words = asyncio.create_task(_collect(process.stderr or asyncio.StreamReader()))
        transport, sftp = await asyncio.get_running_loop().create_connection(Sftp, sock=ours)
        try:
            async with asyncio.timeout(_PATIENCE):
                await sftp.start()
        except (Lost, TimeoutError) as error:
            transport.abort()
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
            raise refusal(await words, self.login.address) from error
        return sftp


async def _collect(stream: asyncio.StreamReader) -> str:
    """Returns the last words of a process."""
    kept = b""
    while data := await stream.read(_WORDS):
        kept = (kept + data)[-_WORDS:]
    return kept.decode("utf-8", "replace")


def refusal(words: str, address: str) -> ServiceError:
    """Returns what it means that `ssh` has ended.

    Args:
        words: What it said.
        address: Where it was to go.
    """
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    last = lines[-1] if lines else "ssh ended without a word"
    if "IDENTIFICATION HAS CHANGED" in words:
        return Unauthenticated(
            f"{address} shows another host key than the one that is known: either its key was changed, or somebody"
            " stands in between. Nothing was sent. If the change is known to be right, remove the old key with"
            f" ssh-keygen -R and accept the new one ({last})"
        )
    if "Host key verification failed" in words or "host key is known" in words:
        return Unauthenticated(
            f"the host key of {address} is not known: log in once with ssh and compare its fingerprint, name a file"
            " with it in the option known_hosts, or set unknown_host to accept-new"
        )
    if "Permission denied" in words or "Too many authentication failures" in words:
        return Unauthenticated(f"{address} does not let us in: {last}")
    if "subsystem request failed" in words:
        return Unavailable(f"{address} offers no SFTP: its administrator has to allow the subsystem sftp")
    return Unavailable(f"{address} cannot be reached: {last}")
