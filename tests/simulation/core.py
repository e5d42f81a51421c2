"""One life of the core in the simulator: the real referee, writer, services and store, until it is killed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import trio

from onitu.config.values import FolderOptions, MappingSetup, ServiceSetup, Setup
from onitu.referee import Link, Referee
from onitu.referee.keeper import note_power_cut
from onitu.referee.writer import Writer
from onitu.store import Store, Transaction
from onitu.supervisor import records
from onitu.supervisor.life import Common, Life
from onitu.supervisor.service import Service
from tests.simulation.client import MANIFEST, Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from onitu.core.filters import Filter
    from onitu.core.scope import Policy
    from tests.simulation.world import World

T = TypeVar("T")

#: The one folder.
FOLDER = "f"


class Crashed(BaseException):
    """The core is dead: nothing that it still tries is done."""


class SimulatedStore(Store):
    """The real store, which may die around a commit. What was committed is there after it."""

    def __init__(self, directory: Path, world: World) -> None:
        self._world = world
        self.dead = False
        super().__init__(directory)

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Runs a function in a read transaction."""
        if self.dead:
            raise Crashed
        return super().read(work)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Runs a function in a write transaction."""
        self._world.crash_point("before commit")
        if self.dead:
            raise Crashed
        result = super().write(work)
        self._world.crash_point("after commit")
        if self.dead:
            raise Crashed
        return result


class MortalWriter(Writer):
    """The real writer; who waits for one that is dead does not wait for ever, not even shielded."""

    def __init__(self, store: SimulatedStore) -> None:
        super().__init__(store)
        self.waiting: dict[trio.CancelScope, None] = {}

    async def write(self, work: Callable[[Transaction], T], *, later: bool = False) -> T:
        """Does something in a transaction."""
        with trio.CancelScope() as scope:
            self.waiting[scope] = None
            try:
                return await super().write(work, later=later)
            finally:
                del self.waiting[scope]
        raise Crashed

    def kill(self) -> None:
        """Sends everybody away."""
        for scope in list(self.waiting):
            scope.cancel()


class SimulatedLife(Life):
    """A life with a client of the simulator in place of a driver's process."""

    world: World
    core: Core

    async def run(self) -> None:
        """Lives."""
        await self._serve(Client(self.world, self.world.accounts[self.name]), None)  # type: ignore[arg-type]

    async def _let_go(self, links: list[Link]) -> None:
        if not self.core.dead:
            await super()._let_go(links)


class SimulatedService(Service):
    """A service as the supervisor runs it, whose lives are simulated."""

    _LIFE = SimulatedLife
    world: World
    core: Core

    def _make_life(self) -> Life:
        life = super()._make_life()
        assert isinstance(life, SimulatedLife)
        life.world, life.core = self.world, self.core
        return life

    async def _missing_driver(self) -> str:
        return ""


class Core:
    """A life.

    Args:
        world: What it is part of.
        rebooted: Whether the host was started anew.
    """

    def __init__(self, world: World, *, rebooted: bool) -> None:
        self.store = SimulatedStore(world.directory, world)
        setup = make_setup(world.accounts, world.scenario.policy, world.filters)
        setup_id, scopes, _ = records.open_setup(self.store, setup)
        if rebooted:
            self.store.write(note_power_cut)
        self.referee = Referee(self.store, scopes)
        self.referee.writer = self._writer = MortalWriter(self.store)
        common = Common(
            referee=self.referee,
            setup_id=setup_id,
            runtime=world.directory,
            directory=world.directory,
            once=False,
            dry_run=False,
            debug=False,
        )
        self.services: list[SimulatedService] = []
        for service in setup.services.values():
            made = SimulatedService(service, common, None)
            made.world, made.core = world, self
            self.services.append(made)
        self.scope = trio.CancelScope()

    @property
    def dead(self) -> bool:
        """Whether it is."""
        return self.store.dead

    def kill(self) -> None:
        """Ends it without another word."""
        self.store.dead = True
        self._writer.kill()
        self.scope.cancel()

    async def run(self) -> None:
        """Runs until it is killed."""
        try:
            with self.scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.referee.writer.run)
                    nursery.start_soon(self.referee.ignore_files.run)
                    for service in self.services:
                        nursery.start_soon(service.run)
        except* Crashed:
            pass
        finally:
            self.store.close()


def make_setup(names: Iterable[str], policy: Policy, filters: Mapping[str, tuple[Filter, ...]]) -> Setup:
    """Returns the setup of a simulation: one folder on all services."""
    names = list(names)
    return Setup(
        path=Path("/simulated/setup.yml"),
        name="simulated",
        folders={FOLDER: FolderOptions(name=FOLDER, policy=policy, preferred=tuple(names[1:2]), ignore_defaults=False)},
        services={
            name: ServiceSetup(
                name=name,
                driver=MANIFEST.name,
                folders={FOLDER: MappingSetup(folder=FOLDER, path=".", symlinks=True, filters=filters.get(name, ()))},
            )
            for name in names
        },
    )
