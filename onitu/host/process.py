"""Keeps the process of a driver: its log, its death, its end.

A process is kept for the time of one block. If it dies meanwhile the block is cancelled and `DriverDied` says how, with
the last it had to say; however the block is left, the process and all of its children are gone afterwards. Gently at
first: `Close` (by `open_client`), then the end of its stdin, SIGTERM to its group, SIGKILL.

A core that is killed takes its drivers along without any of this: the kernel closes their stdin. This file knows no
call of the contract but health and `Close`.
"""

from __future__ import annotations

import os
import signal
import socket
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import trio

from onitu.errors import DriverError, Unavailable
from onitu.host.client import DriverClient
from onitu.host.groups import leaves, raise_alone, sole_error
from onitu.host.logs import TAIL_LINES, relay_logs
from onitu.host.spawn import Spawned, kill_group, signal_group, spawn
from onitu.rpc.transport import Connection, connect

if TYPE_CHECKING:
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger

    from onitu.host.latency import Latencies

#: From the start of the process to health SERVING. Importing gRPC takes a third of a second on an idle machine; many
#: drivers on few processors take their turns.
START_DEADLINE = 30.0

#: Between two looks at whether the driver listens. It cannot tell by itself, and a user waits for it.
_LISTENING_INTERVAL = 0.01

#: Between two health checks while it starts.
_SERVING_INTERVAL = 0.02
_SERVING_DEADLINE = 5.0

EOF_GRACE = 3.0  # A driver ends at once when its stdin does; longer means that it does not keep the contract.
TERM_GRACE = 3.0
KILL_GRACE = 10.0  # Longer than this only a process that hangs in the kernel, on a dead disk for example.

#: How long the pipe of the log may outlive the process: until what is in it was read.
_DRAIN_GRACE = 1.0

#: A dying process first breaks its connection, then it is dead. An error that comes alone by then came by itself.
_DYING_GRACE = 0.2


class NeverServed(Unavailable):
    """The process of a driver runs, and did not begin to serve in time. Waiting for it once more takes as long."""


class DriverDied(Unavailable):
    """The process of a driver ended, though nobody wanted it to.

    Args:
        message: What happened, for a person.
        returncode: Its exit status; -N where signal N killed it.
        lines: The last lines of its log.
    """

    def __init__(self, message: str, *, returncode: int, lines: tuple[str, ...]) -> None:
        super().__init__(message)
        self.returncode = returncode
        self.lines = lines


class DriverProcess:
    """A running process of a driver.

    Attributes:
        pid: Its process id, which is also that of its process group.
        target: Where it listens, as gRPC spells it.
        token: What every call carries. Secret.
    """

    def __init__(self, spawned: Spawned) -> None:
        self.pid = spawned.process.pid
        self.target = spawned.target
        self.token = spawned.token
        self.socket = spawned.socket

    def __repr__(self) -> str:
        return f"DriverProcess(pid={self.pid}, target={self.target!r})"


@asynccontextmanager
async def run_driver(
    argv: list[str], *, runtime_dir: Path, service: str, log: FilteringBoundLogger, debug: bool = False
) -> AsyncIterator[DriverProcess]:
    """Starts a driver and keeps it for the time of the block; see `adopt_driver`.

    Args:
        argv: Its command, for an installed one `driver_command(name)`.
        runtime_dir: A directory that nobody else may enter, see `runtime_directory`.
        service: Name of the service.
        log: Where its log goes.
        debug: Whether it is to log debug lines.

    Raises:
        ConfigError: The command cannot be started.
        DriverDied: As for `adopt_driver`.
    """
    async with adopt_driver(spawn(argv, runtime_dir, debug=debug), service=service, log=log) as driver:
        yield driver


@asynccontextmanager
async def adopt_driver(spawned: Spawned, *, service: str, log: FilteringBoundLogger) -> AsyncIterator[DriverProcess]:
    """Keeps a process that was started before, for the time of the block.

    Args:
        spawned: The process. It is ended with the block.
        service: Name of the service, bound to every line of its log.
        log: Where its log goes.

    Raises:
        DriverDied: The process ended by itself. The block was cancelled; errors of the driver that the block raised at
            the same time are a consequence and left out.

    Cancellation:
        The process is ended all the same, which takes up to `EOF_GRACE + TERM_GRACE + KILL_GRACE` seconds.
    """
    keeper = _Keeper(spawned, service=service, log=log.bind(service=service))
    with _death_first():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keeper.read_logs)
            nursery.start_soon(keeper.wait_exit)
            try:
                async with trio.open_nursery() as block:
                    block.start_soon(keeper.report_death)
                    try:
                        yield DriverProcess(spawned)
                    except DriverError:
                        await keeper.wait_dying()
                        raise
                    except BaseExceptionGroup as group:
                        # Being cancelled comes in a group as well, and has nothing to wait for.
                        if any(leaves(group)):
                            await keeper.wait_dying()
                        raise
                    block.cancel_scope.cancel()
            finally:
                await keeper.end()


@asynccontextmanager
async def open_client(driver: DriverProcess, latencies: Latencies | None = None) -> AsyncIterator[DriverClient]:
    """Connects to a driver, waits until it serves, and tells it to close at the end of the block.

    Args:
        driver: Its process, which may have started just now.
        latencies: Where it is noted how long calls take.

    Raises:
        NeverServed: It does not serve within `START_DEADLINE` seconds.
        DriverError: It serves something else than the contract.

    Cancellation:
        `Close` is called all the same, which takes up to its deadline.
    """
    with trio.move_on_after(START_DEADLINE) as starting:
        await _wait_listening(driver)
    async with connect(driver.target, token=driver.token) as connection:
        if not starting.cancelled_caught:
            with trio.move_on_at(starting.deadline) as starting:
                await _wait_serving(connection)
        if starting.cancelled_caught:
            message = f"the driver (process {driver.pid}) did not begin to serve within {START_DEADLINE:.0f} s"
            raise NeverServed(message)
        client = DriverClient(connection, latencies=latencies)
        try:
            yield client
        finally:
            await _close(client)


async def _wait_listening(driver: DriverProcess) -> None:
    while not _listens(driver.socket):  # noqa: ASYNC110  # Nobody tells: it is another process that may never do so.
        await trio.sleep(_LISTENING_INTERVAL)


def _listens(path: Path) -> bool:
    """Returns whether somebody listens. Connecting to a unix socket never waits for the other side's answer."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(0)
        return probe.connect_ex(str(path)) == 0


async def _wait_serving(connection: Connection) -> None:
    while not await connection.check(timeout=_SERVING_DEADLINE):  # noqa: ASYNC110  # As above.
        await trio.sleep(_SERVING_INTERVAL)


async def _close(client: DriverClient) -> None:
    with trio.CancelScope(shield=True):
        try:
            await client.close()
        except DriverError:
            # It is dead, or does not know how: ending its process is next anyway.
            return


class _Keeper:
    """What goes on around a process while somebody keeps it."""

    def __init__(self, spawned: Spawned, *, service: str, log: FilteringBoundLogger) -> None:
        self._spawned = spawned
        self._process = spawned.process
        self._service = service
        self._log = log
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._exited = trio.Event()
        self._drained = trio.Event()
        # Both go on while the block is being cancelled: the end of the process is waited for, and logged.
        self._reading = trio.CancelScope(shield=True)
        self._waiting = trio.CancelScope(shield=True)

    async def read_logs(self) -> None:
        """Relays the log until its pipe ends."""
        with self._reading:
            await relay_logs(self._spawned.logs, log=self._log, tail=self._tail)
        self._drained.set()

    async def wait_exit(self) -> None:
        """Waits until the process is a zombie. It is not waited for: its number must stay ours for `kill_group`."""
        pid = self._process.pid
        with self._waiting:
            if hasattr(os, "pidfd_open"):
                descriptor = os.pidfd_open(pid)
                try:
                    await trio.lowlevel.wait_readable(descriptor)
                finally:
                    os.close(descriptor)
            else:
                await trio.to_thread.run_sync(
                    os.waitid,
                    os.P_PID,
                    pid,
                    os.WEXITED | os.WNOWAIT,
                    abandon_on_cancel=True,
                    limiter=trio.CapacityLimiter(1),
                )
        self._exited.set()

    async def report_death(self) -> None:
        """Waits for the end of the process and raises it."""
        await self._exited.wait()
        # Its children hold the pipe of the log, and may still write for it to the service.
        kill_group(self._process.pid)
        with trio.move_on_after(_DRAIN_GRACE, shield=True):
            await self._drained.wait()
        returncode = self._process.wait()
        raise DriverDied(self._obituary(returncode), returncode=returncode, lines=tuple(self._tail))

    async def wait_dying(self) -> None:
        """Gives a process that broke its connection the time to be dead."""
        with trio.move_on_after(_DYING_GRACE, shield=True):
            await self._exited.wait()

    async def end(self) -> None:
        """Ends the process and its children, whatever state they are in."""
        with trio.CancelScope(shield=True):
            if self._process.returncode is None:
                await self._end_process()
            with trio.move_on_after(_DRAIN_GRACE):
                await self._drained.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._spawned.socket.unlink(missing_ok=True)
        self._reading.cancel()
        self._waiting.cancel()

    async def _end_process(self) -> None:
        pid = self._process.pid
        if self._process.stdin is not None:
            self._process.stdin.close()
        if not await self._exits_within(EOF_GRACE):
            self._log.warning("driver_terminated", pid=pid, reason="it did not end with its stdin")
            signal_group(pid, signal.SIGTERM)
            await self._exits_within(TERM_GRACE)
        # Here the process is a zombie or does not listen to anyone; what is left of its group goes with it.
        kill_group(pid)
        if await self._exits_within(KILL_GRACE):
            self._process.wait()
        else:
            self._log.error("driver_not_ended", pid=pid, reason="it hangs in the kernel and cannot be killed")

    async def _exits_within(self, seconds: float) -> bool:
        with trio.move_on_after(seconds):
            await self._exited.wait()
        return self._exited.is_set()

    def _obituary(self, returncode: int) -> str:
        if returncode < 0:
            how = f"was killed by {signal.Signals(-returncode).name}"
        else:
            how = f"ended with exit status {returncode}"
        last = next((line for line in reversed(self._tail) if line.strip()), "it logged nothing")
        return f"the driver of service {self._service!r} (process {self._process.pid}) {how}: {last}"


@contextmanager
def _death_first() -> Iterator[None]:
    """Lets one failure out of the nurseries: the death of the process, if all others are errors of the driver."""
    try:
        yield
    except BaseExceptionGroup as group:
        errors = list(leaves(group))
        deaths = [error for error in errors if isinstance(error, DriverDied)]
        if deaths and all(isinstance(error, DriverError) for error in errors):
            raise_alone(deaths[0])
        sole = sole_error(group)
        if sole is None:
            raise
        raise_alone(sole)
