"""Looks how services stand and how far transfers have come, a few times a second, and tells what has become another.

A service changes in many places: its driver, its roots, its schedule, a hold, a person. Looking at what comes of all
that is one place, costs microseconds, and makes one event of what flickers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import trio

if TYPE_CHECKING:
    from onitu.referee import Referee
    from onitu.rest.desk import Standing
    from onitu.supervisor.steering import Steering

#: Seconds between two looks.
INTERVAL = 0.25

#: Seconds that events are kept after the last one has gone who followed.
LINGER = 600.0

#: Transfers that are told of in one look; what else moves is told of when it has arrived.
MOST_TRANSFERS = 100


@attrs.define(kw_only=True)
class _Seen:
    """What was seen of a service.

    Attributes:
        standing: How it stood at the last look.
        since: Since when it has had this status, on Trio's clock.
        observed: When it was observed last.
    """

    standing: Standing
    since: float
    observed: float


class Lookout:
    """Looks at everything that runs.

    Args:
        desk: Says how services stand.
        referee: Says what is on its way, and tells.
    """

    def __init__(self, desk: Steering, referee: Referee) -> None:
        self._desk = desk
        self._referee = referee
        self._seen: dict[str, _Seen] = {}
        self._told: dict[tuple[str, str, str], int] = {}
        self._turns = -1
        self._turned = 0.0

    async def run(self) -> None:
        """Looks until it is cancelled."""
        # Who followed before a restart is given the time to come back.
        self._referee.telling.left_at = trio.current_time()
        while True:
            self.look()
            await trio.sleep(INTERVAL)

    def look(self) -> None:
        """Looks once."""
        now, telling = trio.current_time(), self._referee.telling
        self._look_at_services(now)
        writer = self._referee.writer
        if not writer.busy or writer.commits != self._turns:
            self._turns, self._turned = writer.commits, now
        if not telling.events.wanted:
            self._told.clear()
        elif telling.following or now <= telling.left_at + LINGER:
            self._look_at_transfers()
        else:
            telling.forget()

    def unobserved(self, service: str) -> float:
        """Returns for how many seconds a service has not been observed."""
        seen = self._seen.get(service)
        return trio.current_time() - seen.observed if seen is not None else 0.0

    @property
    def unwritten(self) -> float:
        """For how many seconds nothing was committed though something waits for it."""
        return trio.current_time() - self._turned if self._turned else 0.0

    def stood(self, service: str) -> float:
        """Returns for how many seconds a service has had its status."""
        seen = self._seen.get(service)
        return trio.current_time() - seen.since if seen is not None else 0.0

    def _look_at_services(self, now: float) -> None:
        services = self._desk.setup.services
        for name in services:
            standing = self._desk.standing(name)
            seen = self._seen.get(name)
            if seen is None:
                seen = self._seen[name] = _Seen(standing=standing, since=now, observed=now)
                self._tell(name, standing)
            elif standing != seen.standing:
                if standing.status != seen.standing.status:
                    seen.since = now
                seen.standing = standing
                self._tell(name, standing)
            seen.observed = max(seen.observed, self._observed(name, standing, now))
        for name in self._seen.keys() - services.keys():
            del self._seen[name]
            self._referee.telling.events.emit("service", service=name, status="removed", reason="")

    def _observed(self, name: str, standing: Standing, now: float) -> float:
        """Returns when everything of a service was observed; one that nobody wants to run always is."""
        if standing.status in ("stopped", "stopping"):
            return now
        if standing.status not in ("active", "held"):
            return 0.0
        links = [link for link in self._referee.links.values() if link.service == name]
        return min((now if link.listed else link.heard for link in links), default=0.0)

    def _tell(self, name: str, standing: Standing) -> None:
        self._referee.telling.events.emit(
            "service",
            service=name,
            status=standing.status,
            reason=standing.reason,
            paused=standing.paused,
            waiting=standing.waiting,
        )

    def _look_at_transfers(self) -> None:
        """Tells of transfers that have moved since the last look."""
        before, self._told = self._told, {}
        for travel in self._referee.traffic:
            if len(self._told) == MOST_TRANSFERS:
                break
            key, done = (travel.target, travel.folder, travel.path), travel.done()
            self._told[key] = done
            if before.get(key) != done:
                self._referee.telling.travel(travel)
