"""What a person is needed for (CONTRACT B18), made of events: a conflict, a hold, a halt, a service that keeps failing.

Pure: it is told what happens and what time it is. What comes within some seconds is one message: of a thousand
conflicts there are not a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

#: Seconds that are gathered into one message.
GATHER = 5.0

#: Seconds that a service has to fail before anybody is told: most faults of a network are over by then.
FAILED_FOR = 600.0

#: Paths that are named in a message.
NAMED = 10

#: A service that is one of these is well, or as a person wants it.
_WELL = frozenset({"active", "held", "stopped", "removed"})


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is told.

    Attributes:
        event: What it is about: `conflict`, `hold`, `halt` or `failure`.
        text: All of it, for a person.
        service: The service, or "".
        folder: The folder, or "".
        paths: Some of the files it is about.
        count: How many these are.
    """

    event: str
    text: str
    service: str = ""
    folder: str = ""
    paths: tuple[str, ...] = ()
    count: int = 0


class Needs:
    """What a person is needed for and has not been told yet."""

    def __init__(self) -> None:
        self._gathered_at: float | None = None
        self._conflicts: dict[str, list[str]] = {}
        self._messages: list[Message] = []
        self._halted: set[str] = set()
        self._failing: dict[str, tuple[float, str]] = {}
        self._told: set[str] = set()

    def take(self, kind: str, data: dict[str, Any], now: float) -> None:
        """Takes in an event.

        Args:
            kind: Its type.
            data: What it says.
            now: The time, in seconds of any clock that only goes on.
        """
        if kind == "conflict" and data["state"] == "found":
            self._conflicts.setdefault(data["folder"], []).append(data["filename"])
            self._gather(now)
        elif kind == "hold" and data["state"] == "held":
            service, folder = data["service"], data["folder"]
            text = f"{data['reason']} in folder '{folder}' of service '{service}': `onitu holds` shows and decides it"
            self._messages.append(Message(event="hold", text=text, service=service, folder=folder))
            self._gather(now)
        elif kind == "service":
            self._take_service(data["service"], data["status"], data["reason"], now)

    def due(self, now: float) -> Iterator[Message]:
        """Yields what is to be told now, once."""
        if self._gathered_at is not None and now >= self._gathered_at + GATHER:
            yield from self.rest()
        for service, (since, reason) in self._failing.items():
            if service not in self._told and now >= since + FAILED_FOR:
                self._told.add(service)
                minutes = int((now - since) / 60)
                text = f"service '{service}' has failed for {minutes} minutes: {reason}"
                yield Message(event="failure", text=text, service=service)

    def rest(self) -> Iterator[Message]:
        """Yields what was gathered, whether or not its time has come, once."""
        conflicts, self._conflicts = self._conflicts, {}
        messages, self._messages = self._messages, []
        self._gathered_at = None
        for folder, paths in conflicts.items():
            yield _of_conflicts(folder, paths)
        yield from messages

    def next_due(self) -> float:
        """Returns when there will be something to be told, if nothing else happens."""
        times = [since + FAILED_FOR for service, (since, _) in self._failing.items() if service not in self._told]
        if self._gathered_at is not None:
            times.append(self._gathered_at + GATHER)
        return min(times, default=float("inf"))

    def _take_service(self, service: str, status: str, reason: str, now: float) -> None:
        if status in _WELL:
            self._halted.discard(service)
            self._told.discard(service)
            self._failing.pop(service, None)
        elif status == "halted" and service not in self._halted:
            self._halted.add(service)
            self._messages.append(
                Message(event="halt", text=f"service '{service}' is halted: {reason}", service=service)
            )
            self._gather(now)
        elif status == "failed":
            since, _ = self._failing.get(service, (now, ""))
            self._failing[service] = (since, reason)

    def _gather(self, now: float) -> None:
        if self._gathered_at is None:
            self._gathered_at = now


def _of_conflicts(folder: str, paths: list[str]) -> Message:
    named = tuple(dict.fromkeys(paths))[:NAMED]
    more = f" and {len(paths) - len(named):,} more" if len(paths) > len(named) else ""
    what = "a conflict" if len(paths) == 1 else f"{len(paths):,} conflicts"
    text = (
        f"{what} in folder '{folder}': {', '.join(named)}{more}; both contents are kept, `onitu conflicts` settles it"
    )
    return Message(event="conflict", text=text, folder=folder, paths=named, count=len(paths))
