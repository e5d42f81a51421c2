"""What failed a moment ago, and when it may be tried again. Forgotten with the process: trying tells it anew."""

from __future__ import annotations

import math
import random
from collections.abc import Set as AbstractSet

import attrs
import trio

from onitu.core.node import NodeId, ServiceName
from onitu.errors import DriverError, NotFound, RateLimited, RevisionMismatch, SourceChanged

#: Delays of retries in seconds: the first, and the longest. Full jitter between half and all of it.
FIRST_DELAY = 0.25
LONGEST_DELAY = 300.0

#: What cannot succeed before something changes is tried again all the same, this rarely: the change may go unnoticed.
HOPELESS_DELAY = 600.0

#: Tries after which `--once` leaves an entry for the next time.
PATIENCE = 4


@attrs.define
class Failure:
    """One entry that could not be brought up to date on one service.

    Attributes:
        path: Its path there.
        error: What went wrong last.
        attempts: How often, in a row.
        due: When it may be tried again, on Trio's clock.
        source: The service that was to be read, if any.
    """

    path: str
    error: DriverError
    attempts: int
    due: float
    source: ServiceName | None = None

    @property
    def hopeless(self) -> bool:
        """Whether trying again makes no sense before something changes."""
        return not _worth_retrying(self.error)


class Failures:
    """The entries that failed, by (service, node).

    They are noted in Trio's thread, and forgotten in the writer's as well: whoever goes through them takes a copy.
    """

    def __init__(self) -> None:
        self._failures: dict[tuple[ServiceName, NodeId], Failure] = {}

    def note(
        self, service: ServiceName, node: NodeId, path: str, error: DriverError, *, source: ServiceName | None = None
    ) -> Failure:
        """Notes a failure and returns it, with the time of the next try."""
        before = self._failures.get((service, node))
        attempts = before.attempts + 1 if before is not None else 1
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(attempts - 1, 16))
        if not _worth_retrying(error):
            # What a driver calls its own fault is its own (CONTRACT D8); the rest may be mended without our noticing.
            delay = math.inf if type(error) is DriverError else HOPELESS_DELAY
        elif isinstance(error, RateLimited) and error.retry_after is not None:
            delay = max(delay, error.retry_after)
        due = trio.current_time() + delay * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret
        failure = Failure(path, error, attempts, due, source)
        self._failures[service, node] = failure
        return failure

    def clear(self, service: ServiceName, node: NodeId) -> None:
        """Forgets a failure: it went well, or something changed."""
        self._failures.pop((service, node), None)

    def get(self, service: ServiceName, node: NodeId) -> Failure | None:
        """Returns the failure of an entry, if there is one."""
        return self._failures.get((service, node))

    def due(self, service: ServiceName) -> dict[tuple[ServiceName, NodeId], Failure]:
        """Returns the failures of a service that are to be tried again now."""
        now = trio.current_time()
        return {key: failure for key, failure in self._all if key[0] == service and failure.due <= now}

    def expire(
        self, due: dict[tuple[ServiceName, NodeId], Failure], in_flight: AbstractSet[tuple[ServiceName, NodeId]]
    ) -> None:
        """Forgets failures that were due and did not come up again: there is nothing to do for them any more."""
        for key, failure in due.items():
            if key not in in_flight and self._failures.get(key) is failure:
                self._failures.pop(key, None)

    def clear_changed(self, nodes: AbstractSet[NodeId]) -> None:
        """Forgets what was hopeless about nodes that have changed: it may be possible now."""
        for key, failure in self._all:
            if key[1] in nodes and failure.hopeless:
                self._failures.pop(key, None)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._failures)

    def forget(self, service: ServiceName) -> None:
        """Forgets all failures of a service, which is started anew, and what was hopeless about reading there."""
        for key, failure in self._all:
            if key[0] == service or (failure.hopeless and failure.source == service):
                self._failures.pop(key, None)

    def blocks(self, service: ServiceName, node: NodeId, now: float) -> bool:
        """Returns whether an entry must not be tried yet."""
        failure = self._failures.get((service, node))
        return failure is not None and failure.due > now

    def of(self, service: ServiceName) -> list[Failure]:
        """Returns the failures of a service."""
        return [failure for (name, _), failure in self._all if name == service]

    def pending(self, service: ServiceName) -> bool:
        """Returns whether something of a service is worth another try before giving up for now."""
        return any(not failure.hopeless and failure.attempts < PATIENCE for failure in self.of(service))

    def next_due(self, service: ServiceName) -> float | None:
        """Returns when the next of a service's entries may be tried again, on Trio's clock."""
        return min((failure.due for failure in self.of(service)), default=None)

    @property
    def _all(self) -> tuple[tuple[tuple[ServiceName, NodeId], Failure], ...]:
        """All there are now."""
        return tuple(self._failures.items())


def _worth_retrying(error: DriverError) -> bool:
    """Returns whether the same may succeed later; an entry that was found changed is looked at again meanwhile."""
    return error.retryable or isinstance(error, NotFound | RevisionMismatch | SourceChanged)
