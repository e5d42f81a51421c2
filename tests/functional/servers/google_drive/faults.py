"""What goes wrong at the fake when a test asks for it, and what has been asked of it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import attrs

Json = dict[str, Any]


class Refused(Exception):
    """A request is refused, as Google says it.

    Args:
        status: Of HTTP.
        reason: Google's word for it.
        message: For a person.
        where: Name of the parameter that is wrong, or "".
    """

    def __init__(self, status: int, reason: str, message: str, where: str = "", after: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.after = after
        detail: Json = {"domain": "global", "reason": reason, "message": message}
        if where:
            detail |= {"locationType": "parameter", "location": where}
        self.body: Json = {"error": {"errors": [detail], "code": status, "message": message}}


class Cut(Exception):
    """The connection breaks."""


def rate_limited(after: str = "1") -> Refused:
    """Returns the refusal of who asks too often."""
    return Refused(429, "rateLimitExceeded", "Rate Limit Exceeded", after=after)


def user_rate_limited() -> Refused:
    """Returns the same refusal, as it is made more often: as 403."""
    return Refused(403, "userRateLimitExceeded", "User Rate Limit Exceeded. Rate of requests for user exceed...")


def broken() -> Refused:
    """Returns a failure of the service itself."""
    return Refused(500, "internalError", "Internal Error")


def stale_token() -> Refused:
    """Returns the refusal of a place in the log of changes that is no longer good."""
    return Refused(400, "invalid", "Invalid Value", "pageToken")


@attrs.define
class Fault:
    """Something that goes wrong.

    Attributes:
        of: The requests: the beginning of what they are called, such as `drive.files.` or `upload.put`.
        refusal: What is answered instead, or None.
        request: Bytes of the body after which the connection breaks, or None.
        answer: Bytes of the answer's body after which it breaks, or None; all is done by then.
        times: How often.
        skip: How many requests are let through before.
        meanwhile: What somebody else does right then, before the request is carried out.
    """

    of: str
    refusal: Refused | None = None
    request: int | None = None
    answer: int | None = None
    times: int = 1
    skip: int = 0
    meanwhile: Callable[[], object] | None = None


@attrs.frozen
class Asked:
    """A request that was made.

    Attributes:
        name: Which: the id of the method, or `upload.begin`, `upload.put`, `media.get`, `oauth.token`.
        received: Bytes of its body.
        sent: Bytes of the answer's.
        status: What was answered; 0 where the connection broke.
    """

    name: str
    received: int
    sent: int
    status: int


class Faults:
    """What is to go wrong, and the record of requests. May be used from any thread.

    Attributes:
        asked: All requests, in the order in which they ended.
        rate: How often something goes wrong by chance, from 0 to 1.
    """

    def __init__(self, seed: int = 1) -> None:
        self.asked: list[Asked] = []
        self.rate = 0.0
        self._mutex = threading.Lock()
        self._planned: list[Fault] = []
        self._random = random.Random(seed)

    def plan(self, fault: Fault) -> None:
        """Lets something go wrong."""
        with self._mutex:
            self._planned.append(fault)

    def clear(self) -> None:
        """Lets nothing go wrong any more."""
        with self._mutex:
            self._planned.clear()
            self.rate = 0.0

    def take(self, name: str) -> Fault | None:
        """Returns what goes wrong with a request."""
        with self._mutex:
            for fault in self._planned:
                if not name.startswith(fault.of):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._planned.remove(fault)
                return fault
            if self._random.random() < self.rate:
                return self._by_chance(name)
        return None

    def _by_chance(self, name: str) -> Fault:
        return self._random.choice(
            (
                Fault(name, refusal=rate_limited("0")),
                Fault(name, refusal=broken()),
                Fault(name, request=0),
                Fault(name, answer=0),
            )
        )

    def count(self, *names: str) -> int:
        """Returns how many requests were made whose names begin like this."""
        return sum(one.name.startswith(names or ("",)) for one in list(self.asked))
