"""Several handlers at work at once, for services where each has to wait for the way there and back.

What follows one after the other keeps its order: an operation waits for every earlier one of its call that is about the
same path, a directory above it, or something below it. This file knows nothing of gRPC, nor what is done.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")


class Parallel:
    """Threads for handlers. With room for one, everything is done one after the other on the thread that asks.

    Args:
        most: How many may work at once.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="parallel") if most > 1 else None

    def submit(self, do: Callable[[T], R], item: T) -> Future[R]:
        """Begins to do something, or does it at once where there is room for one only."""
        if self._pool is not None:
            return self._pool.submit(do, item)
        done: Future[R] = Future()
        done.set_result(do(item))
        return done

    def each(self, do: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yields what comes of each item, in order; a few more than are wanted are under way."""
        if self._pool is None:
            yield from map(do, items)
            return
        under_way: deque[Future[R]] = deque()
        for item in items:
            under_way.append(self._pool.submit(do, item))
            if len(under_way) >= self.most:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()

    def operations(self, do: Callable[[T], R], operations: Iterable[T], paths: Callable[[T], Sequence[str]]) -> list[R]:
        """Does operations and returns what came of each, in order.

        Args:
            do: Does one; must not raise.
            operations: Which.
            paths: Returns what one is about.
        """
        if self._pool is None:
            return [do(operation) for operation in operations]
        at: dict[str, Future[R]] = {}
        below: dict[str, list[Future[R]]] = {}
        futures: list[Future[R]] = []
        for operation in operations:
            about = paths(operation)
            earlier = {future for path in about for future in _earlier(path, at, below)}
            # Whatever is waited for was submitted before, so a thread has it already, or had it: nothing waits in vain.
            future = self._pool.submit(_after, earlier, do, operation)
            futures.append(future)
            for path in about:
                at[path] = future
                for above in _above(path):
                    below.setdefault(above, []).append(future)
        return [future.result() for future in futures]

    def close(self) -> None:
        """Lets go of the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _after(earlier: set[Future[R]], do: Callable[[T], R], item: T) -> R:
    wait(earlier)
    return do(item)


def _earlier(path: str, at: dict[str, Future[R]], below: dict[str, list[Future[R]]]) -> Iterator[Future[R]]:
    for place in (path, *_above(path)):
        if place in at and not at[place].done():
            yield at[place]
    yield from (future for future in below.get(path, ()) if not future.done())


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path
