"""Does what the API asks for (`onitu.rest.desk.Desk`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import attrs
import trio

from onitu.config.faults import SetupError
from onitu.core.manifest import Manifest, OptionValue
from onitu.errors import ConfigError
from onitu.rest.desk import Standing
from onitu.rest.kept import with_secrets
from onitu.supervisor import leaving, records
from onitu.supervisor.conflicts import ResolveConflict, conflicts_in, resolve
from onitu.supervisor.errands import Errands, whole
from onitu.supervisor.holds import DecideHold, halts_in, holds_in, take_order
from onitu.supervisor.lookout import Lookout
from onitu.supervisor.overlay import Overlay, check_rules, rules_of, service_of
from onitu.supervisor.reload import beginning_faults
from onitu.supervisor.repair import take_repair
from onitu.supervisor.signin import SignIns, with_credentials

if TYPE_CHECKING:
    from onitu.config.drivers import Known
    from onitu.config.values import Setup
    from onitu.core.resolving import Conflict
    from onitu.core.wanted import RepairFile
    from onitu.expiry import Terms
    from onitu.host.latency import Latencies
    from onitu.referee import Referee
    from onitu.referee.holding import Order, Subject
    from onitu.store import Transaction
    from onitu.supervisor.holds import Halted, Held
    from onitu.supervisor.inforce import InForce
    from onitu.supervisor.services import Services
    from onitu.supervisor.signin import SignIn

#: Seconds that a start may take before it is answered that it has begun.
PATIENCE = 60.0


class Steering:
    """The running core, as the API sees it.

    Args:
        in_force: The setup.
        services: The services that run.
        referee: The records, and what is being done about them.

    Attributes:
        referee: The records, and what is being done about them.
        lookout: Looks how services stand.
        errands: Does to its end whatever changes something.
        sign_ins: The sign-ins under way.
    """

    def __init__(self, in_force: InForce, services: Services, referee: Referee) -> None:
        self.referee = referee
        self._in_force = in_force
        self._services = services
        self.lookout = Lookout(self, referee)
        self.errands = Errands()
        self.sign_ins = SignIns(services.common)
        self._installed: dict[str, Known] = {}

    @property
    def setup(self) -> Setup:
        """The setup in force."""
        return self._in_force.setup

    def standing(self, service: str) -> Standing:
        """Returns how a service of the setup is doing."""
        found = self._services.get(service)
        if found is None:
            # Between its end and its beginning, while another setup is put in force, or without a folder.
            mapped = any(mapping.mode for mapping in self.setup.services[service].folders.values())
            return Standing(status="stopping") if mapped else Standing(status="stopped", reason="it has no folder")
        pid, since = found.process or (None, None)
        hours = found.hours
        return Standing(
            status=found.status.value,
            reason=found.reason,
            pid=pid,
            since=since,
            paused=hours.paused,
            waiting=hours.until if hours.waits else "",
        )

    async def terms(self) -> Terms:
        """Returns until when the certificates are good of services whose driver is dialled; others are left out."""
        running = [found for name in self.setup.services if (found := self._services.get(name)) is not None]
        dialled = [one for one in running if one.is_dialled]
        if not dialled:
            return {}
        return await trio.to_thread.run_sync(lambda: {one.name: one.terms() for one in dialled})

    def manifest(self, service: str) -> Manifest | None:
        """Returns what the driver of a service says of itself, or None where that is not known."""
        found = self._services.get(service)
        if found is not None and found.manifest is not None:
            return found.manifest
        driver = self.setup.services[service].driver
        return self.installed(driver) if isinstance(driver, str) else None

    def installed(self, driver: str) -> Manifest | None:
        """Returns what an installed driver says of itself, or None where there is none that can be used."""
        if driver not in self._installed:
            from onitu.config.drivers import installed_drivers  # noqa: PLC0415 - a start can do without

            self._installed = installed_drivers()
        known = self._installed.get(driver)
        return known if isinstance(known, Manifest) else None

    def unobserved(self, service: str) -> float:
        """Returns for how many seconds a service was not observed; 0 for one that a person has stopped."""
        return self.lookout.unobserved(service)

    @property
    def unwritten(self) -> float:
        """For how many seconds the records could not be written though something waits for it."""
        return self.lookout.unwritten

    def latencies(self, service: str) -> Latencies | None:
        """Returns how long the calls of a service have taken, or None for one that does not run."""
        found = self._services.get(service)
        return found.latencies if found is not None else None

    @property
    def store_size(self) -> int:
        """Bytes of the records on disk."""
        return self.referee.writer.size

    @whole
    async def stop(self, service: str) -> None:
        """Stops a service until it is started again, also by another core, and returns once it has stopped."""
        if self._services.get(service) is None:
            return
        stopped = self._services.stop(service)
        await self._remember(leaving.STOPPED, service, holds=True)
        await stopped.wait()

    @whole
    async def start(self, service: str) -> None:
        """Starts a service that is stopped or has failed, and returns once it is active or has failed again."""
        if self._services.get(service) is None:
            return
        began = self._services.start_again(service)
        await self._remember(leaving.STOPPED, service, holds=False)
        with trio.move_on_after(PATIENCE):
            await began.wait()

    @whole
    async def restart(self, service: str) -> None:
        """Stops a service and starts it again."""
        if self._services.get(service) is None:
            return
        began = await self._services.restart(service)
        with trio.move_on_after(PATIENCE):
            await began.wait()

    @whole
    async def pause(self, services: Collection[str], *, paused: bool) -> None:
        """Lets nothing be moved to services and from them until they are resumed, or does so again."""
        for service in services:
            self._services.pause(service, paused=paused)
        await self._remember(leaving.PAUSED, *services, holds=paused)

    async def _remember(self, wish: str, *services: str, holds: bool) -> None:
        """Keeps what a person wants of services."""

        def work(transaction: Transaction) -> None:
            for service in services:
                records.set_wish(transaction, wish=wish, service=service, holds=holds)

        await self.referee.writer.write(work)

    def conflicts(self, transaction: Transaction) -> list[tuple[str, Conflict]]:
        """Returns the conflicts that nobody has settled, with their folders."""
        return conflicts_in(transaction, self.referee.scopes)

    @whole
    async def resolve(self, folder: str, path: str, keep: str) -> None:
        """Settles a conflict.

        Raises:
            ConfigError: There is no such conflict, or neither content is from that service.
        """
        referee = self.referee
        request = ResolveConflict(folder=folder, path=path, keep=keep)
        effects = await referee.writer.write(lambda transaction: resolve(transaction, referee.scopes, request))
        referee.log.info("conflict_resolved", folder=folder, path=path, kept=keep)
        referee.telling.conflict(folder, "", path, state="resolved")
        referee.release(folder, effects)

    def holds(self, transaction: Transaction) -> list[Held]:
        """Returns what waits for a person's decision."""
        return holds_in(transaction, self.referee.scopes)

    def halts(self, transaction: Transaction) -> list[Halted]:
        """Returns the roots that are missing, or others."""
        return halts_in(transaction, self.setup)

    @whole
    async def repair(self, request: RepairFile) -> str:
        """Has a file written again; returns why that cannot be, or ""."""
        referee = self.referee
        wrong = await referee.writer.write(
            lambda transaction: take_repair(transaction, referee.scopes, request, referee.in_flight)
        )
        if not wrong:
            referee.log.info("repair_ordered", service=request.service, folder=request.folder, path=request.path)
            referee.wake(request.folder)
        return wrong

    @whole
    async def decide(
        self, service: str, folder: str, order: Order, *, what: Subject | None = None, count: int | None = None
    ) -> None:
        """Keeps what a person has decided about what is held or halted, and has it carried out.

        Raises:
            ConfigError: Nothing is, or it cannot be decided so.
        """
        request = DecideHold(service=service, folder=folder, order=order, what=what, count=count)
        referee = self.referee
        wrong = await referee.writer.write(lambda transaction: take_order(transaction, referee.scopes, request))
        if wrong:
            raise ConfigError(wrong)
        self.referee.telling.hold(service, folder, state=order.value)
        link = self.referee.links.get((service, folder))
        if link is not None:
            link.settle_after(0)

    async def rules(self, *, active: bool) -> Sequence[object]:
        """Returns the rules as they were written: those last put, or those in force."""
        overlay = self._in_force.overlay
        put = overlay.active if active else overlay.stored
        return put if put is not None else rules_of(self._in_force.file)

    @whole
    async def put_rules(self, rules: Sequence[object]) -> None:
        """Keeps rules, to be put in force later.

        Raises:
            SetupError: They are faulty. All faults are in it.
        """
        in_force = self._in_force
        async with in_force.changing:
            check_rules(in_force.setup, rules)
            overlay = attrs.evolve(in_force.overlay, stored=rules)
            await self.referee.writer.write(overlay.keep)
            in_force.overlay = overlay

    @whole
    async def reload_rules(self) -> None:
        """Puts the rules in force that were last put.

        Raises:
            SetupError: They do not go with the setup any more. All faults are in it.
        """
        in_force = self._in_force
        async with in_force.changing:
            overlay = in_force.overlay
            if overlay.stored is None or overlay.stored == overlay.active:
                return
            overlay = attrs.evolve(overlay, active=overlay.stored)
            await in_force.put(in_force.file, overlay, overlay.apply(in_force.file))

    @whole
    async def put_service(self, name: str, block: Mapping[str, object] | None) -> None:
        """Puts a service in force over the file's, or takes it away. A secret that is not shown stays as it is.

        Raises:
            SetupError: The setup would be faulty, or a secret would be shown to somebody else. All faults are in it.
        """

        def change(overlay: Overlay) -> Overlay:
            manifest = self.manifest(name) if name in self.setup.services else None
            written = with_secrets(name, block, self.block(name), manifest) if block is not None else None
            return attrs.evolve(overlay, services={**overlay.services, name: written})

        await self._put(change)

    def schedule(self, service: str) -> list[str]:
        """Returns when a service is brought up to date, as it was written; empty for always."""
        times = self.block(service).get("schedule")
        return [str(time) for time in (times if isinstance(times, list) else [times]) if time is not None]

    @whole
    async def put_schedule(self, services: Collection[str], times: Sequence[str]) -> None:
        """Has services brought up to date at these times only; none is always.

        Raises:
            SetupError: They are no times.
        """

        def change(overlay: Overlay) -> Overlay:
            blocks = {name: {**self.block(name), "schedule": list(times)} for name in services}
            return attrs.evolve(overlay, services={**overlay.services, **blocks})

        await self._put(change)

    def block(self, service: str) -> dict[str, object]:
        """Returns what the setup says of a service, by its file or over it; it may hold secrets. Nothing for others."""
        found = service_of(self._in_force.overlay.joined(self._in_force.file), service)
        return found if isinstance(found, dict) else {}

    async def begin_authorization(self, service: str, redirect: str | None) -> SignIn:
        """Begins a sign-in to a service, in the place of another one.

        Raises:
            OnituError: It cannot.
        """
        setup = self.setup.services[service]
        return await self.sign_ins.begin(setup, redirect, partial(self._keep_credentials, service))

    def authorization(self, service: str, state: str) -> SignIn:
        """Returns a sign-in that has begun.

        Raises:
            NotFound: There is none.
        """
        return self.sign_ins.get(service, state)

    def bring_answer(self, state: str, query: str) -> bool:
        """Puts down what a browser has brought back; returns whether anybody waits for it."""
        return self.sign_ins.bring(state, query)

    @whole
    async def _keep_credentials(self, service: str, credentials: Mapping[str, OptionValue]) -> None:
        """Keeps what a sign-in has brought among the options of the service, which begins anew with them.

        Raises:
            SetupError: The setup would be faulty. All faults are in it.
        """

        def change(overlay: Overlay) -> Overlay:
            block = with_credentials(self.block(service), credentials)
            return attrs.evolve(overlay, services={**overlay.services, service: block})

        await self._put(change)

    @whole
    async def put_folder(self, name: str, block: Mapping[str, object] | None) -> None:
        """Puts a folder in force over the file's, or takes it away from all services. Nothing is deleted there.

        Raises:
            SetupError: The setup would be faulty. All faults are in it.
        """
        await self._put(lambda overlay: attrs.evolve(overlay, folders={**overlay.folders, name: block}))

    async def _put(self, change: Callable[[Overlay], Overlay]) -> None:
        """Puts the overlay in force that comes of a change; nobody else changes it meanwhile."""
        in_force = self._in_force
        async with in_force.changing:
            overlay = change(in_force.overlay)
            setup = overlay.apply(in_force.file)
            faults = await trio.to_thread.run_sync(beginning_faults, in_force.setup, setup)
            if faults:
                raise SetupError(faults)
            await in_force.put(in_force.file, overlay, setup)
