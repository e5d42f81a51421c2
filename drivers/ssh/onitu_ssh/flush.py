"""Waiting for the server's disk, for many files at once, where the server has a shell and `python3`.

By SFTP each file is waited for alone, and nothing else is done meanwhile: with a journal that is most of the time of a
small file. What runs there is `flusher`: the disk takes what has been gathered in one turn.
"""

from __future__ import annotations

import asyncio
import json
from importlib import resources
from typing import TYPE_CHECKING, Final

from .channel import Lost
from .session import Session, quoted

if TYPE_CHECKING:
    from .session import Control

_AT_ONCE: Final = 200
"""Files that are flushed together: they are open at once, and a process may have some hundreds."""

_LONGEST: Final = 64 * 1024


class Flusher:
    """Flushes files of one server, one batch after the other. What is asked for meanwhile is gathered for the next.

    Args:
        control: The way through the connection.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._session: Session | None = None
        self._waiting: list[tuple[bytes, asyncio.Future[bool]]] = []
        self._working: asyncio.Task[None] | None = None
        self._lost = False

    async def flush(self, places: list[bytes]) -> list[bool]:
        """Returns of which files and directories everything is on the disk. Of the others nothing is known.

        Args:
            places: Absolute paths.
        """
        if self._lost:
            return [False] * len(places)
        loop = asyncio.get_running_loop()
        asked = [(place, loop.create_future()) for place in places]
        self._waiting += asked
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return [await done for _, done in asked]

    async def close(self) -> None:
        """Ends it."""
        self._lost = True
        if self._working is not None:
            self._working.cancel()
        for _, done in self._waiting:
            _answer(done, held=False)
        if self._session is not None:
            await self._session.close()

    async def _work(self) -> None:
        batch: list[tuple[bytes, asyncio.Future[bool]]] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
                for (_, done), held in zip(batch, await self._ask([place for place, _ in batch]), strict=True):
                    _answer(done, held=held)
        except (Lost, OSError, ValueError):
            self._lost = True  # Each is waited for alone from now on.
        finally:
            for _, done in (*batch, *(self._waiting if self._lost else ())):
                _answer(done, held=False)

    async def _ask(self, places: list[bytes]) -> list[bool]:
        if self._session is None:
            program = resources.files(__package__).joinpath("flusher.py").read_bytes()
            script = b"exec python3 -S -X utf8 -c %s" % quoted(program)
            self._session = await Session.open(self._control, script, longest=_LONGEST)
        paths = [place.decode("utf-8", "surrogateescape") for place in places]
        self._session.send(json.dumps(paths).encode() + b"\n")
        return [wrong == 0 for wrong in json.loads(await self._session.record())]


def _answer(done: asyncio.Future[bool], *, held: bool) -> None:
    if not done.done():
        done.set_result(held)
