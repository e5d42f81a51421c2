"""One service from start to stop: its driver process, its links, and what happens when it dies.

A service that fails is started again with a growing delay; its work waits, other services go on. One whose root is
missing or another one is halted: it is looked for again now and then, and nothing is deleted anywhere meanwhile.
"""

from __future__ import annotations

import enum
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import trio

from onitu.config.faults import nearest
from onitu.config.secret import revealed
from onitu.config.values import DriverAddress, ServiceSetup
from onitu.core.capability import MAX_CHUNK, Mode
from onitu.errors import ConfigError, DriverError, OnituError, StoreError, Unavailable
from onitu.host.process import NeverServed
from onitu.host.settings import Configured, Mapping, RootState, Settings
from onitu.host.spawn import Spawned
from onitu.log import get_logger
from onitu.referee import Link
from onitu.referee.asker import Asker
from onitu.referee.hours import Hours
from onitu.referee.keeper import Keeper
from onitu.referee.mover import Mover
from onitu.referee.observer import Observer, RootLost
from onitu.referee.restoring import carry_out_waiting
from onitu.referee.sweeper import Sweeper
from onitu.supervisor import records
from onitu.supervisor.halts import note_halt
from onitu.supervisor.opening import opened
from onitu.supervisor.restart import History, Run, next_delay, remember
from onitu.supervisor.rounds import begin_rounds
from onitu.transfer.pace import Pace
from onitu.utils import get_available_drivers

if TYPE_CHECKING:
    from onitu.core.manifest import Manifest
    from onitu.host.client import DriverClient
    from onitu.referee import Referee
    from onitu.store import Transaction
    from onitu.supervisor.records import Unmanaged

#: Seconds between two looks for a root that is missing.
HALTED_INTERVAL = 5.0

#: What to do about it.
ADVICE = "it goes on by itself once its root is back; `onitu holds` says how to go on with what is there now"

#: Seconds until a service is started again after a bug of ours: most likely it comes up again.
BUG_DELAY = 30.0

#: Starts after which `--once` gives a service up.
ONCE_STARTS = 3

#: In so many seconds nothing happens by itself.
NEVER = float("inf")

#: Velocity of a service where neither the setup nor the manifest gives one.
DEFAULT_VELOCITY = 0.5

#: Why a service does not run that nothing is wrong with.
STOPPED_BY_HAND = "stopped by a person, until it is started again"


class Status(enum.Enum):
    """What a service is doing. The values are those of the REST API (CONTRACT E6)."""

    STARTING = "starting"
    ACTIVE = "active"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    HALTED = "halted"
    HELD = "held"


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


class Service:
    """One service of the setup.

    Args:
        setup: What the setup says of it.
        common: What all services share.
        early: Its driver process, if it was started already.

    Attributes:
        name: Its name.
        given_up: With `once`, that it is not tried again.
        stopped: Set once it has really stopped.
        began: Set once it has served its folders, or has failed to.
        process: The driver's process while there is one, and when it was started, in seconds since 1970.
        manifest: What its driver says of itself, once it has been asked.
        hours: When bytes may go there and come from there.
    """

    def __init__(self, setup: ServiceSetup, common: Common, early: Spawned | None) -> None:
        self.name = setup.name
        self._status = Status.STARTING
        self._reason = ""
        self.given_up = False
        self.stopped = trio.Event()
        self.began = trio.Event()
        self.process: tuple[int, float] | None = None
        self.manifest: Manifest | None = None
        self.hours = Hours(setup.schedule)
        self._pace = Pace(setup.bandwidth)
        self._setup = setup
        self._common = common
        self._referee = common.referee
        self._once = common.once
        self._dry_run = common.dry_run
        self._early = early
        self._log = get_logger(service=setup.name)
        self._history: History = ()
        self._active_since: float | None = None
        self._manifest_velocity: float | None = None
        self._to_stop = trio.Event()
        self._retry = trio.Event()

    @property
    def links(self) -> list[Link]:
        """Its folders, while it is active."""
        return [link for (service, _), link in self._referee.links.items() if service == self.name]

    @property
    def status(self) -> Status:
        """What it is doing."""
        return Status.HELD if self.is_active and any(link.hold for link in self.links) else self._status

    @property
    def reason(self) -> str:
        """Why it failed, is halted or held, for a person."""
        held = [f"folder {link.folder!r}: {link.hold.reason} (`onitu holds`)" for link in self.links if link.hold]
        return "; ".join(held) if self.is_active and held else self._reason

    @property
    def is_active(self) -> bool:
        """Whether its folders are being served, though something of them may be held."""
        return self._status is Status.ACTIVE

    @property
    def at_rest(self) -> bool:
        """Whether it is active and has been taken in completely, or nobody wants it to be."""
        if self._status is Status.STOPPED:
            return True
        return self.is_active and all(link.listed for link in self.links)

    def stop(self) -> None:
        """Asks it to stop: what is under way is given up, the driver closed. `stopped` tells when."""
        if self._status is not Status.STOPPED:
            self._status, self._reason = Status.STOPPING, ""
        self._to_stop.set()

    def hold_back(self) -> None:
        """Takes it for stopped, without its ever having run."""
        if self._early is not None:
            self._early.kill()
        self._status, self._reason = Status.STOPPED, STOPPED_BY_HAND
        self.stopped.set()

    def anew(self) -> Service:
        """Returns the same service at the beginning of its life."""
        return Service(self._setup, self._common, None)

    def retry(self) -> None:
        """Starts it now if it has failed: somebody may have mended what was wrong."""
        self.began = trio.Event()
        self._retry.set()

    def take(self, setup: ServiceSetup) -> None:
        """Takes over what has changed in the setup, which must be nothing that its driver is told."""
        self._setup = setup
        self._pace.limit(setup.bandwidth)
        self.hours.keep(setup.schedule)
        for link in self.links:
            link.velocity = self._velocity

    async def run(self) -> None:
        """Runs until it is told to stop. Nothing that a driver does gets out of here."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_alive)
            nursery.start_soon(self.hours.run, self._turned)
            await self._to_stop.wait()
            nursery.cancel_scope.cancel()
        self._status, self._reason = Status.STOPPED, STOPPED_BY_HAND
        self._log.info("service_stopped")
        self.stopped.set()
        self.began.set()
        self._referee.came_to_rest()

    async def _keep_alive(self) -> None:
        """Starts it, and starts it again whenever it ends."""
        attempts = 0
        while True:
            attempts += 1
            self._status, self._active_since = Status.STARTING, None
            delay = 0.0
            try:
                await self._live()
            except RootLost as lost:
                # Said once: it is looked for every few seconds, maybe for days.
                reason = f"{lost}; {ADVICE}"
                level = self._log.debug if reason == self._reason else self._log.error
                self._status, self._reason = Status.HALTED, reason
                level("service_halted", reason=reason)
                await self._note_halt(lost.folder, lost.reason)
                delay, attempts = HALTED_INTERVAL, ONCE_STARTS
            except (ConfigError, DriverError) as error:
                if not isinstance(error, Unavailable) or isinstance(error, NeverServed):
                    attempts = ONCE_STARTS  # It would fail in the same way again.
                delay = await self._failed(error)
                if delay == NEVER:
                    attempts = ONCE_STARTS
            except StoreError as error:
                # What cannot be recorded is not done. The disk may have room again soon.
                delay = await self._failed(error)
            except Exception:  # noqa: BLE001 - a supervised border
                # The border at which a bug of ours stops: this service fails, the others go on.
                self._status, self._reason = Status.FAILED, "an error in Onitu itself; the log has its traceback"
                self._log.exception("service_failed", reason=self._reason, retry_in=BUG_DELAY)
                delay, attempts = BUG_DELAY, ONCE_STARTS
            self.began.set()
            self.given_up = self._once and attempts >= ONCE_STARTS
            self._referee.came_to_rest()
            self._retry = trio.Event()
            with trio.move_on_after(NEVER if self.given_up else delay):
                await self._retry.wait()

    def _turned(self, waits: bool) -> None:  # noqa: FBT001 - a callback's
        """Says that its schedule begins or ends, and has everybody see what that changes."""
        if waits:
            self._log.info("service_waiting", until=self.hours.until)
        else:
            self._log.info("service_resumed")
        for link in self.links:
            self._referee.wake(link.folder)

    async def _note_halt(self, folder: str, reason: str) -> None:
        """Keeps why it is halted, for whoever asks."""
        if self._dry_run:
            return
        try:
            await self._referee.writer.write(lambda transaction: note_halt(transaction, self.name, folder, reason))
        except StoreError as error:
            self._log.warning("path_failed", folder=folder, path=".", error=str(error))

    async def _failed(self, error: ConfigError | DriverError | StoreError) -> float:
        """Says what ended a life, and returns in how many seconds to begin another one."""
        missing = await self._missing_driver()
        self._status, self._reason = Status.FAILED, missing or str(error) or type(error).__name__
        if missing:
            self._log.error("service_failed", reason=self._reason)
            return NEVER
        run = Run(active=self._active_since, ended=trio.current_time())
        self._history = remember(self._history, run)
        delay = next_delay(self._history, trio.current_time(), jitter=random.random())  # noqa: S311
        self._log.error("service_failed", reason=self._reason, retry_in=round(delay, 1))
        return delay

    async def _missing_driver(self) -> str:
        """Returns what to do about a driver that is not installed, or "". It will not come by itself.

        Asked after a failure: at a start that goes well nobody waits for the answer.
        """
        driver = self._setup.driver
        if not isinstance(driver, str):
            return ""
        installed = await trio.to_thread.run_sync(get_available_drivers)
        if driver in installed:
            return ""
        names = ", ".join(sorted(installed)) or "none"
        return (
            f"the driver '{driver}' is not installed{nearest(driver, installed)} (installed: {names}); "
            "install it, then send SIGHUP or start onitu again"
        )

    async def _live(self) -> None:
        """Lives one life, from the start of the driver to its end.

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
        ) as (client, pid):
            self.process = (pid, time.time()) if pid is not None else None
            try:
                await self._serve(client, pid)
            finally:
                self.process = None

    async def _serve(self, client: DriverClient, pid: int | None) -> None:
        """Configures the driver and serves its folders until something fails."""
        manifest = self.manifest = await client.manifest()
        settings = await self._settings(manifest)
        configured = await client.configure(settings)
        to_come = self._check_roots(configured, settings)
        await self._adopt(configured)
        self._manifest_velocity = manifest.velocity
        links = [
            Link(
                self._referee,
                service=self.name,
                folder=mapping.name,
                client=client,
                generation=settings.generation,
                local_root=configured.folders[mapping.name].local_root,
                velocity=self._velocity,
                pace=self._pace,
                hours=self.hours,
            )
            for mapping in settings.folders
        ]
        try:
            async with trio.open_nursery() as nursery:
                for link in links:
                    keeper = Keeper(link)
                    if not self._dry_run:
                        await keeper.begin()
                    self._referee.links[link.key] = link
                    if link.folder in to_come:
                        link.listed = link.untouched = True
                    else:
                        self._start_tasks(nursery, link, keeper)
                self._status, self._reason, self._active_since = Status.ACTIVE, "", trio.current_time()
                self.began.set()
                self._log.info("service_started", driver=manifest.name, pid=pid)
                self._referee.came_to_rest()
                nursery.start_soon(client.watch_health)
        except BaseExceptionGroup as group:
            raise _first(group) from group
        finally:
            await self._let_go(links)

    @property
    def _velocity(self) -> float:
        """How fast it is: as the setup says, else its driver."""
        for given in (self._setup.velocity, self._manifest_velocity):
            if given is not None:
                return given
        return DEFAULT_VELOCITY

    def _start_tasks(self, nursery: trio.Nursery, link: Link, keeper: Keeper) -> None:
        """Starts everything that serves one folder."""
        nursery.start_soon(self._observe, link)
        nursery.start_soon(Asker(link).run)
        writable = self._referee.scopes[link.folder].members[self.name].writable
        if writable and not self._dry_run:
            nursery.start_soon(Mover(link).run)
            nursery.start_soon(self._keep, keeper)
            nursery.start_soon(Sweeper(link).run)
            link.restoring = True
            nursery.start_soon(carry_out_waiting, link)
        else:
            link.untouched = True

    async def _keep(self, keeper: Keeper) -> None:
        await keeper.run(rest=not self._once)

    async def _observe(self, link: Link) -> None:
        """Observes a folder; with `once` only its snapshot."""
        live = not self._once and link.capabilities.watch
        while True:
            await Observer(link).run(live=live)
            if self._once:
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
                    mode=Mode.READ if self._dry_run else mapping.mode,
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
        return 1 if self._dry_run and isinstance(self._setup.driver, DriverAddress) else generation

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
            if not (self._dry_run and writable and mapping.root_id is None and report.root_state is RootState.MISSING):
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
