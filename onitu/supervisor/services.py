"""The services that run: begun, ended and changed one by one, each without disturbing the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping

import trio

from onitu.config.values import ServiceSetup
from onitu.host.spawn import Spawned
from onitu.supervisor.life import Common
from onitu.supervisor.service import Service, Status


class Services:
    """The services that run, in the order in which they began.

    Args:
        common: What all of them share.
        held_back: Names of those that a person has stopped: they are among the others, and do not run.
        paused: Names of those that a person has paused.

    Attributes:
        common: What all of them share.
    """

    def __init__(self, common: Common, held_back: Iterable[str] = (), paused: Iterable[str] = ()) -> None:
        self.common = common
        self._held_back = set(held_back)
        self._paused = set(paused)
        self._running: dict[str, Service] = {}
        # Those that are being taken away: nobody begins them anew.
        self._leaving: set[str] = set()
        self._nursery: trio.Nursery | None = None

    def __iter__(self) -> Iterator[Service]:
        return iter(list(self._running.values()))

    def __len__(self) -> int:
        return len(self._running)

    def start(self, nursery: trio.Nursery) -> None:
        """Starts all of them, and from now on each that is added.

        Args:
            nursery: Where they live. It ends when all of them have been told to stop.
        """
        self._nursery = nursery
        for service in self:
            self._run(service)

    def add(self, setups: Mapping[str, ServiceSetup], early: MutableMapping[str, Spawned]) -> None:
        """Adds services.

        Args:
            setups: What the setup says of them, by name.
            early: Driver processes that were started already; those that are adopted are taken out.
        """
        for name, setup in setups.items():
            service = self._running[name] = Service(setup, self.common, early.pop(name, None))
            service.hours.pause(paused=name in self._paused)
            if name in self._held_back:
                service.hold_back()
            self._run(service)

    def get(self, name: str) -> Service | None:
        """Returns a service, or None if it takes part in no folder."""
        return self._running.get(name)

    def pause(self, name: str, *, paused: bool) -> None:
        """Lets nothing be moved to a service and from it, or does so again."""
        (self._paused.add if paused else self._paused.discard)(name)
        if name in self._running:
            self._running[name].hours.pause(paused=paused)

    def stop(self, name: str) -> trio.Event:
        """Stops a service that stays among the others; the event says when it has stopped."""
        self._held_back.add(name)
        service = self._running[name]
        service.stop()
        return service.stopped

    def start_again(self, name: str) -> trio.Event:
        """Has a service begin anew; the event says when it serves its folders, or has failed to."""
        self._held_back.discard(name)
        service = self._running[name]
        if service.status is Status.FAILED:
            service.retry()
        elif service.status is Status.STOPPED and name not in self._leaving:
            service = self._running[name] = service.anew()
            service.hours.pause(paused=name in self._paused)
            self._run(service)
        return service.began

    async def restart(self, name: str) -> trio.Event:
        """Stops a service and has it begin anew, unless somebody stops it for good, or takes it away, meanwhile."""
        service = self._running[name]
        service.stop()
        await service.stopped.wait()
        if name not in self._held_back and self._running.get(name) is service:
            return self.start_again(name)
        return service.stopped

    async def remove(self, names: Iterable[str]) -> None:
        """Stops services, all at once, and waits until they have stopped.

        Cancellation:
            They stop all the same, and are still among those that run.
        """
        leaving = [self._running[name] for name in names]
        self._leaving.update(service.name for service in leaving)
        try:
            for service in leaving:
                service.stop()
            for service in leaving:
                await service.stopped.wait()
                del self._running[service.name]
        finally:
            self._leaving.clear()

    def forget(self, names: Collection[str]) -> None:
        """Forgets what a person has wished of services that are gone."""
        self._held_back.difference_update(names)
        self._paused.difference_update(names)

    def take(self, setups: Mapping[str, ServiceSetup]) -> None:
        """Tells those that go on what has changed for them, and has those that failed try again now."""
        for service in self:
            service.take(setups[service.name])
            service.retry()

    def _run(self, service: Service) -> None:
        if self._nursery is not None and service.status is not Status.STOPPED:
            self._nursery.start_soon(service.run)
