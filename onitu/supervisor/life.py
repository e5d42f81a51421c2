"""One life of a service: from the start of its driver's process to its end.

What it takes to serve its folders is begun here, and let go. Whether it is to live again is not known here: see
`service`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import trio

from onitu.config.secret import revealed
from onitu.config.values import DriverAddress
from onitu.core.capability import MAX_CHUNK, Mode
from onitu.errors import DriverError, OnituError, Unavailable
from onitu.host.settings import Configured, Mapping, RootState, Settings
from onitu.host.spawn import Spawned
from onitu.referee import Link
from onitu.referee.asker import Asker
from onitu.referee.keeper import Keeper
from onitu.referee.mover import Mover
from onitu.referee.observer import Observer, RootLost
from onitu.referee.restoring import carry_out_waiting
from onitu.referee.sweeper import Sweeper
from onitu.supervisor import records
from onitu.supervisor.halts import note_halt
from onitu.supervisor.opening import opened
from onitu.supervisor.rounds import begin_rounds

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from onitu.config.values import ServiceSetup
    from onitu.core.manifest import Manifest
    from onitu.expiry import Term
    from onitu.host.client import DriverClient
    from onitu.host.latency import Latencies
    from onitu.referee import Referee
    from onitu.referee.hours import Hours
    from onitu.store import Transaction
    from onitu.supervisor.records import Unmanaged
    from onitu.transfer.pace import Pace

#: Velocity of a service where neither the setup nor the manifest gives one.
DEFAULT_VELOCITY = 0.5


@attrs.frozen(kw_only=True)
class Common:
    """What all services share.

    Attributes:
        referee: The links and what decides about them.
        setup_id: Id of the setup.
        runtime: A private directory for sockets.
        directory: Where relative paths of the setup count from.
        once: Sync once and stop.
        dry_run: Touch nothing on any service.
        debug: Have the drivers log everything.
    """

    referee: Referee
    setup_id: str
    runtime: Path
    directory: Path
    once: bool
    dry_run: bool
    debug: bool


def velocity_of(setup: ServiceSetup, manifest: Manifest | None) -> float:
    """Returns how fast a service is: as the setup says, else its driver."""
    for given in (setup.velocity, manifest.velocity if manifest is not None else None):
        if given is not None:
            return given
    return DEFAULT_VELOCITY


class Life:
    """One life of a service.

    Args:
        setup: What the setup says of the service.
        common: What all services share.
        early: Its driver process, if it was started already.
        pace: How fast bytes may go there and come from there.
        hours: When they may.
        latencies: Where it is noted how long calls of its driver take.
        log: Whose lines carry its name.
        met: Called with what its driver says of itself.
        serves: Called once its folders are served.
        showed: Called with until when the certificate is good that its driver shows, where it shows one.

    Attributes:
        name: Of the service.
        process: The driver's process while there is one here, and when it was started, in seconds since 1970.
    """

    def __init__(  # noqa: PLR0913 - what its service lends it.
        self,
        setup: ServiceSetup,
        common: Common,
        early: Spawned | None,
        *,
        pace: Pace,
        hours: Hours,
        latencies: Latencies,
        log: FilteringBoundLogger,
        met: Callable[[Manifest], None],
        serves: Callable[[], None],
        showed: Callable[[Term], None],
    ) -> None:
        self.process: tuple[int, float] | None = None
        self.name = setup.name
        self._setup = setup
        self._common = common
        self._referee = common.referee
        self._early = early
        self._pace = pace
        self._hours = hours
        self._latencies = latencies
        self._log = log
        self._met = met
        self._serves = serves
        self._showed = showed

    async def run(self) -> None:
        """Lives, from the start of the driver to its end.

        Raises:
            RootLost: A root is missing or another one.
            DriverError: The driver failed.
            ConfigError: It cannot be started.
            StoreError: Nothing can be recorded.
        """
        early, self._early = self._early, None
        async with opened(
            self._setup.driver,
            service=self.name,
            runtime=self._common.runtime,
            directory=self._common.directory,
            log=self._log,
            debug=self._common.debug,
            early=early,
            latencies=self._latencies,
            showed=self._showed,
        ) as (client, pid):
            self.process = (pid, time.time()) if pid is not None else None
            try:
                await self._serve(client, pid)
            finally:
                self.process = None

    async def _serve(self, client: DriverClient, pid: int | None) -> None:
        """Configures the driver and serves its folders until something fails."""
        manifest = await client.manifest()
        self._met(manifest)
        settings = await self._settings(manifest)
        configured = await client.configure(settings)
        to_come = self._check_roots(configured, settings)
        await self._adopt(configured)
        links = [
            Link(
                self._referee,
                service=self.name,
                folder=mapping.name,
                client=client,
                generation=settings.generation,
                local_root=configured.folders[mapping.name].local_root,
                velocity=velocity_of(self._setup, manifest),
                pace=self._pace,
                hours=self._hours,
            )
            for mapping in settings.folders
        ]
        try:
            async with trio.open_nursery() as nursery:
                for link in links:
                    keeper = Keeper(link)
                    if not self._common.dry_run:
                        await keeper.begin()
                    self._referee.links[link.key] = link
                    if link.folder in to_come:
                        link.listed = link.untouched = True
                    else:
                        self._start_tasks(nursery, link, keeper)
                self._log.info("service_started", driver=manifest.name, pid=pid)
                self._serves()
                nursery.start_soon(client.watch_health)
        except BaseExceptionGroup as group:
            raise _first(group) from group
        finally:
            await self._let_go(links)

    def _start_tasks(self, nursery: trio.Nursery, link: Link, keeper: Keeper) -> None:
        """Starts everything that serves one folder."""
        nursery.start_soon(self._observe, link)
        nursery.start_soon(Asker(link).run)
        writable = self._referee.scopes[link.folder].members[self.name].writable
        if writable and not self._common.dry_run:
            nursery.start_soon(Mover(link).run)
            nursery.start_soon(self._keep, keeper)
            nursery.start_soon(Sweeper(link).run)
            link.restoring = True
            nursery.start_soon(carry_out_waiting, link)
        else:
            link.untouched = True

    async def _keep(self, keeper: Keeper) -> None:
        await keeper.run(rest=not self._common.once)

    async def _observe(self, link: Link) -> None:
        """Observes a folder; with `once` only its snapshot."""
        live = not self._common.once and link.capabilities.watch
        while True:
            await Observer(link).run(live=live)
            if self._common.once:
                await link.again.wait()
            if not link.again.is_set():
                break
        if not live:
            ended = f"the driver of {self.name} cannot watch, and ended its stream"
            raise Unavailable(ended)

    async def _settings(self, manifest: Manifest) -> Settings:
        """Returns what the driver is told, with the secrets in place.

        Raises:
            ConfigError: A secret is not there.
        """
        directory = self._common.directory
        options = revealed(self._setup.options, manifest, directory)
        of_folders = {
            name: revealed(mapping.options, manifest, directory) for name, mapping in self._setup.folders.items()
        }

        def work(transaction: Transaction) -> Settings:
            folders = tuple(
                Mapping(
                    name=mapping.folder,
                    path=mapping.path,
                    mode=Mode.READ if self._common.dry_run else mapping.mode,
                    options=of_folders[mapping.folder],
                    root_id=records.root_id(transaction, self.name, mapping.folder),
                    symlinks=mapping.symlinks,
                )
                for mapping in self._setup.folders.values()
                if mapping.mode
            )
            return Settings(
                service=self.name,
                setup_id=self._common.setup_id,
                generation=self._generation(transaction),
                options=options,
                folders=folders,
                changes_timer=self._setup.changes_timer,
                # Rules of a setup of 0.1 know no folder, and neither do the ids of its files (CONTRACT C2).
                implicit_folder=any(not scope.rule_prefix for scope in self._referee.scopes.values()),
                chunk_size=self._setup.chunk_size or MAX_CHUNK,
            )

        return await self._referee.writer.write(work)

    def _generation(self, transaction: Transaction) -> int:
        """Returns the number of this configuration: greater than all before it.

        A dry run may take place beside a running core. A driver that this one has dialled must not take it for the
        core's successor: with the least number it refuses.
        """
        generation = records.next_generation(transaction, self.name)
        return 1 if self._common.dry_run and isinstance(self._setup.driver, DriverAddress) else generation

    def _check_roots(self, configured: Configured, settings: Settings) -> set[str]:
        """Makes sure that every root is the one the state belongs to.

        Returns:
            With `dry_run`, the folders whose roots are not there yet and would be made: empty, as far as planning goes.

        Raises:
            RootLost: A root is missing, or another one.
        """
        to_come: set[str] = set()
        for mapping in settings.folders:
            report = configured.folders[mapping.name]
            if report.root_state is RootState.OK:
                continue
            writable = self._referee.scopes[mapping.name].members[self.name].writable
            new = writable and mapping.root_id is None and report.root_state is RootState.MISSING
            if not (self._common.dry_run and new):
                raise RootLost(report.name, report.reason)
            to_come.add(mapping.name)
        return to_come

    async def _adopt(self, configured: Configured) -> None:
        """Keeps what is now known of the service, and derives anew what hangs on it."""
        referee = self._referee

        def work(transaction: Transaction) -> list[Unmanaged]:
            for report in configured.folders.values():
                note_halt(transaction, self.name, report.name, "")
                begin_rounds(transaction, self.name, report.name)
                records.set_root_id(transaction, self.name, report.name, report.root_id)
            return records.adopt(referee, self.name, configured.capabilities, transaction)

        referee.tell_unmanaged(await referee.writer.write(work))

    async def _let_go(self, links: list[Link]) -> None:
        """Forgets what was under way: its outcome is unknown until the service has been observed again."""
        for link in links:
            self._referee.links.pop(link.key, None)
        self._referee.failures.forget(self.name)

        def work(_transaction: Transaction) -> None:
            gone = {key for key in self._referee.in_flight if key[0] == self.name}
            self._referee.in_flight.difference_update(gone)

        with trio.CancelScope(shield=True):
            await self._referee.writer.write(work)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Returns what ended a life: a lost root before all, then an error of the driver; a bug of ours is not hidden."""
    leaves: list[BaseException] = []
    waiting: list[BaseException] = [group]
    while waiting:
        error = waiting.pop(0)
        if isinstance(error, BaseExceptionGroup):
            waiting.extend(error.exceptions)
        else:
            leaves.append(error)
    foreign = [error for error in leaves if not isinstance(error, OnituError | trio.Cancelled)]
    if foreign:
        return group
    for wanted in (RootLost, DriverError, OnituError):
        for error in leaves:
            if isinstance(error, wanted):
                return error
    return group
