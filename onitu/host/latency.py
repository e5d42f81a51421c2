"""How long the calls of a driver take, in the buckets of a histogram, for who measures. A call costs a microsecond."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

#: Upper bounds in seconds, inclusive; what takes longer falls behind the last.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Latencies:
    """The calls of one service since it was begun."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def note(self, method: str, seconds: float) -> None:
        """Notes a call, whatever came of it.

        Args:
            method: Name of the RPC.
            seconds: How long it took, its wait for a turn not counted.
        """
        counts = self._counts.get(method)
        if counts is None:
            counts = self._counts[method] = [0] * (len(BOUNDS) + 1)
            self._sums[method] = 0.0
        counts[bisect_left(BOUNDS, seconds)] += 1
        self._sums[method] += seconds

    def __iter__(self) -> Iterator[tuple[str, list[int], float]]:
        """Yields the name of each RPC, how many calls fell into each bucket, and all their seconds."""
        for method, counts in self._counts.items():
            yield method, list(counts), self._sums[method]
