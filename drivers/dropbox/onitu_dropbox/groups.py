"""Changes that are made many at a time: Dropbox locks everything for each, so that one for many costs as much as one.

Each thread that has something to change says that it comes, hands it over, and waits for what came of it. What has been
handed over goes out when nobody else is on the way, a group is full or has waited for long enough. One group is under
way at a time: what comes meanwhile is the next one. What Dropbox refuses as one write of too many goes with that.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from onitu.plug import DriverError, OutcomeUnknown, RateLimited, ServiceError, Unavailable

from .failures import PAUSE, refusal_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from .api import Api

T = TypeVar("T")
R = TypeVar("R")

MOST: Final = 1_000
"""Entries of a batch: https://www.dropbox.com/developers/documentation/http/documentation#files-upload_session-finish_batch.
"""

ALONE_AFTER: Final = 0.01
"""Seconds that a change waits to see whether others come: less than a request takes."""

LINGER: Final = 0.05
"""Seconds that a group waits for more after nobody is on the way any more."""

PATIENCE: Final = 5.0
"""Seconds that what was handed over waits for those that are on the way."""

_IDLE: Final = 1.0
_ATTEMPTS: Final = 6
_LONGEST_PAUSE: Final = 30.0


class Group(Generic[T, R]):
    """Changes of one kind. May be used from any thread.

    Args:
        do: Makes many changes, and returns what came of each.
    """

    def __init__(self, do: Callable[[list[T]], list[R | DriverError]]) -> None:
        self._do = do
        self._condition = threading.Condition()
        self._coming = 0
        self._pending: deque[_Item[T, R]] = deque()
        self._running = False
        self._busy = False
        self._last = 0.0

    def coming(self) -> Ticket[T, R]:
        """Says that a change is on its way."""
        with self._condition:
            self._coming += 1
        return Ticket(self)

    # What tickets do.

    def is_alone(self) -> bool:
        """Returns whether nobody else comes, after waiting for a moment."""
        time.sleep(ALONE_AFTER)
        with self._condition:
            return self._coming == 1 and not self._pending and not self._busy

    def leave(self) -> None:
        """Takes back that somebody comes."""
        with self._condition:
            self._coming -= 1
            self._condition.notify_all()

    def put(self, item: T) -> R:
        """Takes what came, and returns what came of it."""
        one: _Item[T, R] = _Item(item)
        with self._condition:
            self._coming -= 1
            self._last = time.monotonic()
            self._pending.append(one)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="group", daemon=True).start()
            self._condition.notify_all()
        return one.answer.result()

    def _run(self) -> None:
        while group := self._next():
            pause = self._settle(group, self._outcomes(group))
            if pause:
                time.sleep(pause)

    def _next(self) -> list[_Item[T, R]]:
        """Waits for the next group; none comes for long enough where it is empty."""
        with self._condition:
            self._busy = False
            if not self._condition.wait_for(lambda: self._pending, _IDLE):
                self._running = False
                return []
            due = time.monotonic() + PATIENCE
            while len(self._pending) < MOST and (left := due - time.monotonic()) > 0:
                if self._coming == 0:
                    quiet = LINGER - (time.monotonic() - self._last)
                    if quiet <= 0:
                        break
                    left = min(left, quiet)
                self._condition.wait(left)
            self._busy = True
            return [self._pending.popleft() for _ in range(min(MOST, len(self._pending)))]

    def _outcomes(self, group: list[_Item[T, R]]) -> list[R | DriverError]:
        try:
            return self._do([one.item for one in group])
        except DriverError as error:
            return [error] * len(group)
        except Exception as error:  # noqa: BLE001  Whoever waits must hear of it.
            failure = DriverError(f"a batch failed: {type(error).__name__}: {error}")
            return [failure] * len(group)

    def _settle(self, group: list[_Item[T, R]], outcomes: list[R | DriverError]) -> float:
        """Tells everybody what came of it, and returns the seconds to wait until the rest is tried again."""
        pause, again = 0.0, []
        for one, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, RateLimited) and one.attempts < _ATTEMPTS:
                wait = PAUSE if outcome.retry_after is None else outcome.retry_after
                if wait <= _LONGEST_PAUSE:
                    one.attempts += 1
                    pause = max(pause, wait)
                    again.append(one)
                    continue
            if isinstance(outcome, DriverError):
                one.answer.set_exception(_copy(outcome))
            else:
                one.answer.set_result(outcome)
        with self._condition:
            self._pending.extendleft(reversed(again))
        return pause


class _Item(Generic[T, R]):
    def __init__(self, item: T) -> None:
        self.item = item
        self.attempts = 1
        self.answer: Future[R] = Future()


class Ticket(Generic[T, R]):
    """Somebody on the way to a group; it ends with the block that it is taken for.

    Args:
        group: Which.
    """

    def __init__(self, group: Group[T, R]) -> None:
        self._group = group
        self._is_valid = True

    def is_alone(self) -> bool:
        """Returns whether nobody else comes: then the group has nothing to save, and is left."""
        if not self._group.is_alone():
            return False
        self._leave()
        return True

    def put(self, item: T) -> R:
        """Hands a change over, and returns what came of it.

        Raises:
            DriverError: It was not made.
        """
        self._is_valid = False
        return self._group.put(item)

    def _leave(self) -> None:
        if self._is_valid:
            self._is_valid = False
            self._group.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()


class Groups:
    """What is changed many at a time in one account.

    Args:
        api: Where to ask.

    Attributes:
        commits: Uploads that become visible.
        deletions: Files that are deleted.
    """

    def __init__(self, api: Api) -> None:
        self.commits = Group[dict[str, Any], dict[str, Any]](lambda entries: _commit(api, entries))
        self.deletions = Group[dict[str, Any], dict[str, Any]](lambda entries: _delete(api, entries))


def _commit(api: Api, entries: list[dict[str, Any]]) -> list[dict[str, Any] | DriverError]:
    route = "files/upload_session/finish_batch_v2"
    answer = api.ask(route, {"entries": entries}, about=f"{len(entries)} files", repeat=False)
    return [
        _outcome(found, str(entry["commit"]["path"]), found)
        for entry, found in zip(entries, answer["entries"], strict=True)
    ]


def _delete(api: Api, entries: list[dict[str, Any]]) -> list[dict[str, Any] | DriverError]:
    route, about = "files/delete_batch", f"{len(entries)} files"
    answer = api.ask(route, {"entries": entries}, about=about, repeat=False)
    pause, job = 0.1, ""
    while answer[".tag"] != "complete":
        if answer[".tag"] == "failed":
            return [refusal_of(answer["failed"], about) or Unavailable(f"{about}: were not deleted")] * len(entries)
        if "async_job_id" in answer:
            job = str(answer["async_job_id"])
        time.sleep(pause)
        pause = min(pause * 2, 2.0)
        try:
            answer = api.ask(f"{route}/check", {"async_job_id": job}, about=about)
        except ServiceError as error:
            # It goes on there, whether or not we see it.
            raise OutcomeUnknown(f"{about}: nobody knows whether they were deleted: {error}") from error
    return [
        _outcome(found, str(entry["path"]), found.get("metadata", {}))
        for entry, found in zip(entries, answer["entries"], strict=True)
    ]


def _outcome(found: dict[str, Any], path: str, success: dict[str, Any]) -> dict[str, Any] | DriverError:
    if found[".tag"] == "success":
        return success
    failure = found.get("failure", found)
    return refusal_of(failure, path) or ServiceError(f"{path}: Dropbox refuses it: {failure}")


def _copy(error: DriverError) -> DriverError:
    """Returns an error of one's own: each is raised on another thread, which adds to its traceback."""
    if isinstance(error, RateLimited):
        return RateLimited(str(error), error.retry_after)
    return type(error)(str(error)) if type(error).__init__ in {Exception.__init__, OutcomeUnknown.__init__} else error
