"""Tells the service manager how it goes: ready, reloading, stopping, alive (the protocol of `sd_notify`).

A datagram to the socket that `NOTIFY_SOCKET` names is the whole of it. Without one nothing is told, and nothing here
ever fails because of it.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from onitu.referee.writer import Writer

#: Signs of life within one interval of the watchdog, so that one may come late.
SIGNS = 3


class Notifier:
    """The service manager, if there is one.

    Args:
        environment: Where it says how to be told.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        place = environment.get("NOTIFY_SOCKET", "")
        # "@" stands for the NUL byte that begins a name in Linux's abstract namespace.
        self._address = "\0" + place[1:] if place.startswith("@") else place
        self._interval = _watchdog_interval(environment) if place else None

    def ready(self) -> None:
        """Says that Onitu serves, or does so again."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """Says that the setup is being read again."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Says that the end has begun."""
        self._tell("STOPPING=1")

    async def watch(self, writer: Writer) -> None:
        """Gives signs of life, if they are wanted, as long as Trio's loop turns and the writer gets on."""
        if self._interval is None:
            return
        turns = -1
        while True:
            if not writer.busy or writer.turns != turns:
                turns = writer.turns
                self._tell("WATCHDOG=1")
            await trio.sleep(self._interval / SIGNS)

    def _tell(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.settimeout(0)
                manager.sendto(text.encode(), self._address)
        except OSError:
            # Whoever wanted to know is gone, or does not listen. That stops nothing.
            return


def _watchdog_interval(environment: Mapping[str, str]) -> float | None:
    """Returns within how many seconds a sign of life is wanted, or None."""
    wanted = environment.get("WATCHDOG_USEC", "")
    meant = environment.get("WATCHDOG_PID", str(os.getpid()))
    return int(wanted) / 1e6 if wanted.isdecimal() and int(wanted) and meant == str(os.getpid()) else None
