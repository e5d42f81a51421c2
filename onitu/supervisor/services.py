"""The services that run: begun, ended and changed one by one, each without disturbing the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping

import trio

from onitu.config.values import ServiceSetup
from onitu.host.spawn import Spawned
from onitu.supervisor.service import Common, Service


class Services:
    """The services that run, in the order in which they began.

    Args:
        common: What all of them share.
    """

    def __init__(self, common: Common) -> None:
        self._common = common
        self._running: dict[str, Service] = {}
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
            nursery.start_soon(service.run)

    def add(self, setups: Mapping[str, ServiceSetup], early: MutableMapping[str, Spawned]) -> None:
        """Adds services.

        Args:
            setups: What the setup says of them, by name.
            early: Driver processes that were started already; those that are adopted are taken out.
        """
        for name, setup in setups.items():
            service = self._running[name] = Service(setup, self._common, early.pop(name, None))
            if self._nursery is not None:
                self._nursery.start_soon(service.run)

    async def remove(self, names: Iterable[str]) -> None:
        """Stops services, all at once, and waits until they have stopped.

        Cancellation:
            They stop all the same, and are still among those that run.
        """
        leaving = [self._running[name] for name in names]
        for service in leaving:
            service.stop()
        for service in leaving:
            await service.stopped.wait()
            del self._running[service.name]

    def take(self, setups: Mapping[str, ServiceSetup]) -> None:
        """Tells those that go on what has changed for them, and has those that failed try again now."""
        for service in self:
            service.take(setups[service.name])
            service.retry()
