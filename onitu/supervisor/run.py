"""The nursery tree: the writer of the store, the services, and whoever decides that it is over."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from onitu import __version__
from onitu.collecting import keep_for_good
from onitu.config.faults import SetupError
from onitu.core.wanted import RepairFile
from onitu.errors import ConfigError, OnituError, StoreError
from onitu.events import Events
from onitu.host.spawn import Spawned
from onitu.log import LogFormat, get_logger, set_up_logging
from onitu.referee import Link, Referee
from onitu.rest.door import Door
from onitu.store import Store
from onitu.supervisor import leaving, records
from onitu.supervisor.changes import active_services
from onitu.supervisor.checker import Checker
from onitu.supervisor.dryrun import borrowed_store, tell_plan
from onitu.supervisor.inforce import InForce
from onitu.supervisor.kept import keep_events, kept_events
from onitu.supervisor.life import Common
from onitu.supervisor.messenger import Messenger
from onitu.supervisor.notify import Notifier
from onitu.supervisor.overlay import read_overlay
from onitu.supervisor.progress import show_progress
from onitu.supervisor.reload import read_again
from onitu.supervisor.repair import repair
from onitu.supervisor.services import Services
from onitu.supervisor.signals import Signals, receive_signals
from onitu.supervisor.steering import Steering
from onitu.supervisor.summary import summarize
from onitu.supervisor.tracing import wanted_tracing
from onitu.supervisor.verify import Fault, tell_drift

if TYPE_CHECKING:
    from onitu.supervisor.serve import ServeOptions

#: How long transfers may take to finish, or drivers to close, once Onitu is told to stop.
STOP_DEADLINE = 10.0


def run(options: ServeOptions, runtime: Path, early: dict[str, Spawned]) -> int:
    """Runs Onitu, as `onitu.supervisor.serve` documents it.

    Args:
        options: What to do.
        runtime: A private directory for sockets.
        early: Drivers that were started already, by service; those that are adopted are taken out.
    """
    form = LogFormat(options.log_format) if options.log_format is not None else None
    set_up_logging(form=form, level="debug" if options.debug else "warning" if options.quiet else "info")
    if options.dry_run:
        with borrowed_store(options.data_dir) as directory:
            return _run_in(options, directory, runtime, early)
    return _run_in(options, options.data_dir, runtime, early)


def _run_in(options: ServeOptions, directory: Path, runtime: Path, early: dict[str, Spawned]) -> int:
    store = Store(directory)
    keep_for_good()
    try:
        return trio.run(Core(options, store, runtime, early).run)
    finally:
        store.close()


class Core:
    """One running Onitu.

    Args:
        options: What to do.
        store: The records.
        runtime: A private directory for sockets.
        early: Drivers that were started already.
    """

    def __init__(self, options: ServeOptions, store: Store, runtime: Path, early: dict[str, Spawned]) -> None:
        self._options = options
        self._log = get_logger()
        self._store = store
        events = Events(secrets.token_hex(4), kept=kept_events(store))
        overlay = store.read(read_overlay).over(options.setup)
        try:
            setup = overlay.apply(options.setup)
        except SetupError as error:
            hint = "this was put over the setup file and does not go with it any more; `onitu config reset` forgets it"
            raise ConfigError(f"{error}\n{hint}") from error
        store.write(overlay.keep)
        setup_id, scopes, self._unmanaged = records.open_setup(store, setup)
        records.note_start(store)
        self._referee = Referee(store, scopes, events)
        common = Common(
            referee=self._referee,
            setup_id=setup_id,
            runtime=runtime,
            directory=options.setup.directory,
            once=options.once,
            dry_run=options.dry_run,
            debug=options.debug,
        )
        self._services = Services(common, *(records.wished(store, wish) for wish in (leaving.STOPPED, leaving.PAUSED)))
        self._services.add(active_services(setup), early)
        self._in_force = InForce(options.setup, overlay, setup, referee=self._referee, services=self._services)
        self._notifier = Notifier()
        desk = Steering(self._in_force, self._services, self._referee)
        self._lookout, self._errands, self._sign_ins = desk.lookout, desk.errands, desk.sign_ins
        self._tracing = None if options.dry_run else wanted_tracing()
        if self._tracing is not None:
            self._referee.telling.trace(self._tracing)
        self._messenger = Messenger(setup.name, lambda: () if options.dry_run else self._in_force.setup.notify, events)
        address = None if options.once else options.api
        self._door = Door(address, desk, directory=store.directory, runtime=runtime)

    async def run(self) -> int:
        """Runs until it is over and returns the exit code."""
        started = time.monotonic()
        async with trio.open_nursery() as nursery:
            signals = await nursery.start(receive_signals)
            self._log.info("onitu_started", version=__version__, services=len(self._services))
            self._referee.tell_unmanaged(self._unmanaged)
            nursery.start_soon(self._referee.writer.run)
            nursery.start_soon(self._referee.ignore_files.run)
            nursery.start_soon(self._notifier.watch, self._referee.writer)
            nursery.start_soon(show_progress, self._referee)
            if not self._options.dry_run:
                nursery.start_soon(self._lookout.run)
                nursery.start_soon(self._messenger.run)
            if not self._options.once:
                nursery.start_soon(Checker(self._referee, lambda: self._in_force.setup.verify).run)
            nursery.start_soon(self._errands.run)
            nursery.start_soon(self._sign_ins.run)
            nursery.start_soon(self._door.run)
            code = await self._serve(signals)
            await self._messenger.finish()
            nursery.cancel_scope.cancel()
        keep_events(self._store, self._referee.telling.events)
        if self._tracing is not None:
            await trio.to_thread.run_sync(self._tracing.close)
        self._log.info("onitu_stopped", elapsed=round(time.monotonic() - started, 3))
        return code

    async def _serve(self, signals: Signals) -> int:
        """Runs the services until a signal comes or, with `once`, until nothing is left to do."""
        code = 0
        async with trio.open_nursery() as services:
            self._services.start(services)
            self._notifier.ready()
            async with trio.open_nursery() as waiting:

                async def until_stopped() -> None:
                    await signals.stop.wait()
                    self._log.info("stopping", reason=signals.received)
                    self._notifier.stopping()
                    waiting.cancel_scope.cancel()

                waiting.start_soon(until_stopped)
                if self._options.once:
                    await self._until_done()
                    waiting.cancel_scope.cancel()
                else:
                    waiting.start_soon(self._reload_when_asked, signals)
                    await self._tell_settled()
            if self._options.once and not signals.stop.is_set():
                code = await self._finish()
            services.start_soon(self._hurry, signals, services.cancel_scope)
            for service in self._services:
                service.stop()
        return code

    async def _reload_when_asked(self, signals: Signals) -> None:
        while True:
            await signals.wait_reload()
            self._notifier.reloading()
            await self._reload()
            self._notifier.ready()

    async def _reload(self) -> None:
        """Reads the setup again and puts it in force; a faulty one changes nothing."""
        in_force = self._in_force
        async with in_force.changing:
            try:
                file, overlay, setup = await trio.to_thread.run_sync(
                    read_again, in_force.file, in_force.setup, in_force.overlay
                )
                for warning in setup.warnings:
                    if warning not in in_force.setup.warnings:
                        self._log.warning("setup_doubtful", place=str(warning.place), reason=warning.text)
                await in_force.put(file, overlay, setup)
            except SetupError as error:
                self._log.error("reload_failed", faults=[str(fault) for fault in error.faults])
            except (ConfigError, StoreError) as error:
                self._log.error("reload_failed", faults=[str(error)])

    async def _hurry(self, signals: Signals, scope: trio.CancelScope) -> None:
        """Stops waiting for services that take too long, or at a second signal."""
        with trio.move_on_after(STOP_DEADLINE):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._cancel_at, signals.now, nursery.cancel_scope)
                for service in self._services:
                    await service.stopped.wait()
                nursery.cancel_scope.cancel()
        scope.cancel()

    async def _cancel_at(self, event: trio.Event, scope: trio.CancelScope) -> None:
        await event.wait()
        scope.cancel()

    async def _tell_settled(self) -> None:
        """Says whenever everything has come to rest after something was done."""
        referee, told = self._referee, (-1, -1)
        while True:
            await referee.wait_change()
            if not referee.idle or not all(service.at_rest for service in self._services):
                continue
            # While something fails again and again only what goes well is news.
            done = referee.counts.files + referee.counts.other
            state = (done, told[1] if referee.failures else referee.writer.commits)
            if state != told:
                told = state
                self._log.info("settled")

    async def _until_done(self) -> None:
        """Waits until nothing is left that can be done now."""
        while not self._is_done():
            await self._referee.wait_change()

    def _is_done(self) -> bool:
        """Returns whether every service is done, or given up, and nothing is left that is worth another try."""
        if not all(service.at_rest or service.given_up for service in self._services) or not self._referee.idle:
            return False
        return not any(
            self._referee.failures.pending(service.name)
            for service in self._services
            if service.is_active and not service.hours.waits
        )

    async def _finish(self) -> int:
        """Tells what was done, or with `dry_run` what would be; returns the exit code."""
        if self._options.verify:
            return await tell_drift(self._referee, self._services, self._repair if self._options.repair else None)
        if self._options.dry_run:
            return await tell_plan(self._referee, self._services)
        return await summarize(self._referee, self._services)

    async def _repair(self, link: Link, fault: Fault) -> str:
        """Has a file mended by the core that owns the records; what is at hand here is a copy of them."""
        request = RepairFile(service=link.service, folder=link.folder, path=fault.path, revision=fault.revision)
        options = self._options
        try:
            at_once = await trio.to_thread.run_sync(repair, options.data_dir, options.setup, request)
        except OnituError as error:
            return f"not repaired: {error}"
        when = "now" if at_once else "at the next `onitu serve`"
        return f"it is written again from another service {when}; what is there now is kept as whatever is replaced"
