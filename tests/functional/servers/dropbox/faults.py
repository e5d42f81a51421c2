"""What goes wrong on request, and what was asked: by route, as often as a test says, or at random with a seed."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Literal

import attrs


@attrs.frozen
class Fault:
    """Something that goes wrong.

    Attributes:
        what: `status`: the request is answered with one and nothing is done. `busy`: it is refused as one of too many
            writes. `lost`: it is done, and no answer comes. `cut`: it is done, and the answer breaks off. `unheard`:
            the connection ends before anything is done.
        status: Of HTTP.
        retry_after: Seconds, for 429 and 503.
        at: After how many bytes of the answer's body it breaks off.
    """

    what: Literal["status", "busy", "lost", "cut", "unheard"]
    status: int = 500
    retry_after: int | None = None
    at: int = 0


@attrs.frozen
class Asked:
    """A request.

    Attributes:
        route: Such as `files/upload`, or `oauth2/token`.
        received: Bytes of its body.
        fault: What went wrong with it.
    """

    route: str
    received: int
    fault: Fault | None


@attrs.define
class _Rule:
    fault: Fault
    concerns: Callable[[str], bool]
    left: int
    skip: int


class Faults:
    """The faults of a server. May be used from any thread."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._rules: list[_Rule] = []
        self._rate = 0.0
        self._random = random.Random(0)
        self._asked: list[Asked] = []

    def add(self, fault: Fault, *routes: str, times: int = 1, skip: int = 0) -> None:
        """Lets requests go wrong.

        Args:
            fault: How.
            routes: Of which routes; none are all of them.
            times: How many.
            skip: How many of them go well before.
        """
        with self._mutex:
            self._rules.append(_Rule(fault, lambda route: not routes or route in routes, times, skip))

    def at_random(self, rate: float, seed: int = 0) -> None:
        """Lets this share of all requests go wrong somehow, but for those that wait for changes."""
        with self._mutex:
            self._rate, self._random = rate, random.Random(seed)

    def clear(self) -> None:
        """Lets everything go well from now on."""
        with self._mutex:
            self._rules.clear()
            self._rate = 0.0

    def take(self, route: str) -> Fault | None:
        """Returns what goes wrong with a request."""
        with self._mutex:
            for rule in self._rules:
                if rule.left and rule.concerns(route):
                    if rule.skip:
                        rule.skip -= 1
                        continue
                    rule.left -= 1
                    return rule.fault
            if self._rate and not route.endswith("longpoll") and self._random.random() < self._rate:
                return self._any()
            return None

    def _any(self) -> Fault:
        chosen = self._random
        kinds = (
            Fault("status", chosen.choice((500, 503))),
            Fault("status", 429, retry_after=0),
            Fault("busy", retry_after=0),
            Fault("lost"),
            Fault("cut", at=chosen.randrange(64)),
            Fault("unheard"),
        )
        return chosen.choice(kinds)

    # What was asked.

    def note(self, asked: Asked) -> None:
        """Notes a request."""
        with self._mutex:
            self._asked.append(asked)

    @property
    def asked(self) -> list[Asked]:
        """What was asked, in order."""
        with self._mutex:
            return list(self._asked)

    def forget(self) -> None:
        """Forgets what was asked so far."""
        with self._mutex:
            self._asked.clear()
