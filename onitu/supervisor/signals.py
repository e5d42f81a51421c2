"""What the signals of the operating system mean to a running core.

SIGTERM, SIGINT and SIGQUIT: stop taking work, finish within a deadline, exit. A second one: now. SIGHUP: load the
configuration again. This file only says what was asked for; what is done about it is the supervisor's.
"""

from __future__ import annotations

import signal
from typing import Final

import trio

_STOP: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})
_RELOAD: Final = signal.SIGHUP


class Signals:
    """What was asked for so far.

    Attributes:
        stop: Set when Onitu is to stop.
        now: Set when it is to stop without waiting for anything.
        received: Name of the signal that set `stop`, for the log; "" before.
    """

    def __init__(self) -> None:
        self.stop = trio.Event()
        self.now = trio.Event()
        self.received = ""
        self._reload = trio.Event()

    async def wait_reload(self) -> None:
        """Waits for the next request to load the configuration again. Several before it was waited for are one."""
        await self._reload.wait()
        self._reload = trio.Event()

    def take(self, number: int) -> None:
        """Notes a signal."""
        if number == _RELOAD:
            self._reload.set()
        elif self.stop.is_set():
            self.now.set()
        else:
            self.received = signal.Signals(number).name
            self.stop.set()


async def receive_signals(*, task_status: trio.TaskStatus[Signals] = trio.TASK_STATUS_IGNORED) -> None:
    """Receives signals until it is cancelled: `signals = await nursery.start(receive_signals)`.

    From `started` on they do nothing by themselves, Ctrl-C included. Only in the main thread.
    """
    signals = Signals()
    with trio.open_signal_receiver(*_STOP, _RELOAD) as numbers:
        task_status.started(signals)
        async for number in numbers:
            signals.take(number)
