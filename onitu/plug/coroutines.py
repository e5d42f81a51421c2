"""Handlers that are coroutines: they run in one event loop of the SDK's, on a thread of its own.

A call of such a handler waits for it on the thread that the call came on, so to everybody else it is a handler like any
other. The loop is made at the first one; a driver without any pays nothing.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator

T = TypeVar("T")

PAGE: Final = 500
"""Items that are taken from an asynchronous generator at once: each taking wakes another thread."""

PATIENCE: Final = 0.02
"""Seconds after which those that came are taken, though more would have room: whoever takes them goes on meanwhile."""


class Coroutines:
    """The event loop for the handlers of one driver. May be used from any thread but its own."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def finish(self, answer: Any) -> Any:  # noqa: ANN401  Each handler has its own type of answer.
        """Returns what a handler answers in the end.

        A coroutine is run; an asynchronous generator becomes a plain one; everything else is the answer.
        """
        if hasattr(answer, "__await__"):
            return self._run(answer)
        if hasattr(answer, "__anext__"):
            return self._items(answer)
        return answer

    def _items(self, items: AsyncGenerator[T, None]) -> Iterator[T]:
        try:
            while page := self._run(_page(items)):
                yield from page
        finally:
            self._run(items.aclose())

    def _run(self, answer: Coroutine[Any, Any, T]) -> T:
        import asyncio  # noqa: PLC0415  Costs a tenth of a driver's start, and most drivers have no use for it.

        with self._making:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="coroutines", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(answer, self._loop).result()


async def _page(items: AsyncIterator[T]) -> list[T]:
    page: list[T] = []
    until = time.monotonic() + PATIENCE
    async for item in items:
        page.append(item)
        if len(page) == PAGE or time.monotonic() > until:
            break
    return page
