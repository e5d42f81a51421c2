"""One service from start to stop: its driver process, its links, and what happens when it dies.

A service that fails is started again with a growing delay; its work waits, other services go on. One whose root is
missing or another one is halted: it is looked for again now and then, and nothing is deleted anywhere meanwhile.
"""

from __future__ import annotations

import enum
import random
from typing import TYPE_CHECKING, ClassVar

import trio

from onitu.config.faults import nearest
from onitu.config.values import DriverAddress, ServiceSetup
from onitu.errors import ConfigError, DriverError, StoreError, Unavailable
from onitu.expiry import Term, terms_of
from onitu.host.latency import Latencies
from onitu.host.process import NeverServed
from onitu.host.spawn import Spawned
from onitu.log import get_logger
from onitu.referee import Link
from onitu.referee.hours import Hours
from onitu.referee.observer import RootLost
from onitu.supervisor.halts import note_halt
from onitu.supervisor.life import Common, Life, velocity_of
from onitu.supervisor.restart import History, Run, next_delay, remember
from onitu.transfer.pace import Pace
from onitu.utils import get_available_drivers

if TYPE_CHECKING:
    from onitu.core.manifest import Manifest

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
        manifest: What its driver says of itself, once it has been asked.
        latencies: How long calls of its driver take.
        hours: When bytes may go there and come from there.
    """

    #: Another one in the simulator.
    _LIFE: ClassVar[type[Life]] = Life

    def __init__(self, setup: ServiceSetup, common: Common, early: Spawned | None) -> None:
        self.name = setup.name
        self._status = Status.STARTING
        self._reason = ""
        self.given_up = False
        self.stopped = trio.Event()
        self.began = trio.Event()
        self.manifest: Manifest | None = None
        self.latencies = Latencies()
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
        self._life: Life | None = None
        self._shown: Term | None = None
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

    @property
    def process(self) -> tuple[int, float] | None:
        """The driver's process while there is one, and when it was started, in seconds since 1970."""
        return self._life.process if self._life is not None else None

    @property
    def is_dialled(self) -> bool:
        """Whether its driver runs elsewhere."""
        return isinstance(self._setup.driver, DriverAddress)

    def terms(self) -> list[Term]:
        """Returns until when the certificates are good of a driver that is dialled. Reads files."""
        driver = self._setup.driver
        if not isinstance(driver, DriverAddress) or driver.tls is None:
            return []
        own = list(terms_of(driver.tls.ca, driver.tls.certificate))
        return own if self._shown is None else [*own, self._shown]

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
            link.velocity = velocity_of(setup, self.manifest)

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
        """Lives one life; raises what ended it."""
        self._life = self._make_life()
        try:
            await self._life.run()
        finally:
            self._life = None

    def _make_life(self) -> Life:
        early, self._early = self._early, None
        return self._LIFE(
            self._setup,
            self._common,
            early,
            pace=self._pace,
            hours=self.hours,
            latencies=self.latencies,
            log=self._log,
            met=self._meet,
            serves=self._begin,
            showed=self._show,
        )

    def _meet(self, manifest: Manifest) -> None:
        self.manifest = manifest

    def _show(self, term: Term) -> None:
        self._shown = term

    def _begin(self) -> None:
        """Says that its folders are served."""
        self._status, self._reason, self._active_since = Status.ACTIVE, "", trio.current_time()
        self.began.set()
        self._referee.came_to_rest()
