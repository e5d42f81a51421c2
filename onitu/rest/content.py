"""The bytes of a file, read from a service that holds it while they are sent: in memory is what is in flight."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

import attrs
import trio
from quart.wrappers.response import ResponseBody

from onitu.core.routes import Sources
from onitu.core.tree import Work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from onitu.core.node import Node, NodeId
    from onitu.core.scope import Scope
    from onitu.core.task import Source
    from onitu.referee.link import Link
    from onitu.store import Transaction

#: Files that are read for the API at once: services have places for only so many, and syncing needs them too.
AT_ONCE = 2


@attrs.frozen
class Found:
    """A file that may be read.

    Attributes:
        node: Its number.
        folder: Its folder.
        path: Its path there.
        version: Number of its current version.
        size: Its bytes.
        sources: Where it can be read, best first.
    """

    node: NodeId
    folder: str
    path: str
    version: int
    size: int
    sources: list[Source]

    @property
    def tag(self) -> str:
        """Changes with the content."""
        return f'"{self.node}-{self.version}"'


def find_sources(transaction: Transaction, scope: Scope, path: str, node: Node, names: list[str]) -> Found:
    """Returns where a file can be read: only where its current version is, and where the mode lets us read.

    Args:
        transaction: The records.
        scope: The folder.
        path: Its path.
        node: Its record.
        names: The services that are active, best first.
    """
    work = Work(transaction, scope, now_ns=0)
    found = [Sources(work, "", [name]).find(node, node.version) for name in names]
    return Found(
        node.id, scope.folder, path, node.head, node.version.size, [source for source in found if source is not None]
    )


class Content(ResponseBody):
    """Some bytes of a file, as the body of an answer.

    Entered and left by the task that sends it, as everything that holds places and streams must be.

    Args:
        link: The folder on the service that is read.
        source: What is read.
        size: Bytes of the whole file.
        part: Which of them.
        limiter: Places for all who read at once.
    """

    def __init__(self, link: Link, source: Source, size: int, part: range, limiter: trio.CapacityLimiter) -> None:
        self._link = link
        self._source = source
        self._size = size
        self._part = part
        self._left = len(part)
        self._limiter = limiter
        self._open = AsyncExitStack()
        self._pieces: AsyncIterator[bytes] | None = None

    async def __aenter__(self) -> Self:
        link, source = self._link, self._source
        try:
            await self._open.enter_async_context(self._limiter)
            if self._left:
                await self._open.enter_async_context(link.reading)
                reading = link.client.get_file(
                    link.folder, source.path, source.revision, offset=self._part.start, size=self._size
                )
                self._pieces = await self._open.enter_async_context(reading)
        except BaseException:
            await self._open.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.__aexit__(kind, error, trace)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._left or self._pieces is None:
            raise StopAsyncIteration
        piece = await anext(self._pieces)
        piece = piece[: self._left]
        self._left -= len(piece)
        await self._link.pace.down.pay(len(piece))
        return piece
