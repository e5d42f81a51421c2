"""What was asked for and is done to its end, whoever gives up waiting for it.

A client of the API that hangs up cancels who answers it. A change of the setup that was cut in two by that would leave
services stopped that are to run. So changes live in the core's nursery, and only the waiting is the client's. They are
not shielded: when the core ends they end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import partial, wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast

import trio

from onitu.log import get_logger

T = TypeVar("T")
P = ParamSpec("P")


class _Errand(Generic[T]):
    """Something to be done, and what came of it."""

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        self.work = work
        self.done = trio.Event()
        self.awaited = True
        self.result: T | None = None
        self.error: Exception | None = None


class Errands:
    """Does what was asked for."""

    def __init__(self) -> None:
        self._nursery: trio.Nursery | None = None
        self._open = trio.Event()
        self._log = get_logger()

    async def run(self) -> None:
        """Lets errands live until it is cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            self._open.set()
            await trio.sleep_forever()

    async def do(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does something to its end, and returns what it returns or raises what it raises.

        Args:
            work: What.

        Cancellation:
            Waiting is given up; what was asked for is done all the same.
        """
        await self._open.wait()
        errand = _Errand(work)
        cast("trio.Nursery", self._nursery).start_soon(self._run, errand)
        try:
            await errand.done.wait()
        finally:
            errand.awaited = False
        if errand.error is not None:
            raise errand.error
        return cast("T", errand.result)

    async def _run(self, errand: _Errand[T]) -> None:
        try:
            errand.result = await errand.work()
        except Exception as error:  # noqa: BLE001 - a supervised border: it is raised where it was asked for.
            errand.error = error
            if not errand.awaited:
                self._log.error("api_failed", error=str(error) or type(error).__name__)
        errand.done.set()


class Busy(Protocol):
    """Somebody who has errands done."""

    @property
    def errands(self) -> Errands:
        """Who does them."""


B = TypeVar("B", bound=Busy)


def whole(method: Callable[Concatenate[B, P], Awaitable[T]]) -> Callable[Concatenate[B, P], Coroutine[Any, Any, T]]:
    """Has a method done to its end, whoever gives up waiting for it."""

    @wraps(method)
    async def asked(self: B, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.errands.do(partial(method, self, *args, **kwargs))

    return asked
