"""The other end of `orders`: takes requests while the core runs."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import trio

from onitu.errors import OnituError
from onitu.referee.restoring import carry_out
from onitu.supervisor.conflicts import resolve
from onitu.supervisor.holds import take_order
from onitu.supervisor.orders import CONTROL, LINE, Answer, DecideHold, RepairFile, Request, ResolveConflict
from onitu.supervisor.repair import take_repair

if TYPE_CHECKING:
    from onitu.referee import Referee

#: Seconds for a request to come, so that nobody holds a connection for nothing.
PATIENCE = 10.0

#: Name of the socket in the runtime directory.
SOCKET = "control"


class Control:
    """Does what other processes of this user ask for.

    Args:
        referee: What all links share.
        directory: The data directory.
        runtime: A private directory for sockets.
    """

    def __init__(self, referee: Referee, directory: Path, runtime: Path) -> None:
        self._referee = referee
        self._address = directory / CONTROL
        self._path = runtime / SOCKET

    async def run(self) -> None:
        """Listens until it is cancelled."""
        with trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            await listener.bind(os.fspath(self._path))
            listener.listen()
            self._address.write_text(f"{self._path}\n", "utf-8")
            try:
                await trio.serve_listeners(self._serve, [trio.SocketListener(listener)])
            finally:
                self._address.unlink(missing_ok=True)

    async def _serve(self, stream: trio.SocketStream) -> None:
        """Serves one connection. Whatever comes over it ends here."""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            line = b""
            with trio.fail_after(PATIENCE):
                while not line.endswith(b"\n") and len(line) < LINE:
                    piece = await stream.receive_some(LINE)
                    if not piece:
                        return
                    line += piece
            await stream.send_all(msgspec.json.encode(await self._answer(line)) + b"\n")

    async def _answer(self, line: bytes) -> Answer:
        try:
            request = msgspec.json.decode(line, type=Request)
        except msgspec.MsgspecError as error:
            return Answer(error=f"this onitu does not know that request: {error}")
        try:
            match request:
                case DecideHold():
                    return await self._decide_hold(request)
                case ResolveConflict():
                    return await self._resolve(request)
                case RepairFile():
                    return await self._repair(request)
                case _:
                    return Answer(said=await carry_out(self._referee, request))
        except OnituError as error:
            return Answer(error=str(error))

    async def _resolve(self, request: ResolveConflict) -> Answer:
        referee = self._referee
        effects = await referee.writer.write(lambda transaction: resolve(transaction, referee.scopes, request))
        referee.log.info("conflict_resolved", folder=request.folder, path=request.path, kept=request.keep)
        referee.release(request.folder, effects)
        return Answer()

    async def _repair(self, request: RepairFile) -> Answer:
        referee = self._referee
        wrong = await referee.writer.write(
            lambda transaction: take_repair(transaction, referee.scopes, request, referee.in_flight)
        )
        if not wrong:
            referee.log.info("repair_ordered", service=request.service, folder=request.folder, path=request.path)
            referee.wake(request.folder)
        return Answer(error=wrong)

    async def _decide_hold(self, request: DecideHold) -> Answer:
        wrong = await self._referee.writer.write(partial(take_order, request=request))
        if wrong:
            return Answer(error=wrong)
        link = self._referee.links.get((request.service, request.folder))
        if link is not None:
            link.settle_after(0)
        return Answer()
