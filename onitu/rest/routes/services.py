"""The services, also under their name of Onitu 0.1: entries (CONTRACT E3-E9)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import attrs
import trio
from quart import Blueprint, Response

from onitu.config.secret import Reference
from onitu.config.values import DriverAddress, DriverCommand
from onitu.rest.answer import answer
from onitu.rest.bodies import Entries, Service, ServiceDone, Services, ServiceStatus, Stats
from onitu.rest.describe import described
from onitu.rest.desk import HIDDEN
from onitu.rest.problems import NotNow, NotThere
from onitu.rest.process import look_at

if TYPE_CHECKING:
    from onitu.config.values import ServiceSetup
    from onitu.core.manifest import Manifest
    from onitu.rest.desk import Desk, Standing


@attrs.frozen
class Noun:
    """What a service is called in a route.

    Attributes:
        one: In the texts of errors.
        many: In addresses.
    """

    one: str
    many: str


SERVICE = Noun("service", "services")
ENTRY = Noun("entry", "entries")


def service_of(setup: ServiceSetup, manifest: Manifest | None) -> Service:
    """Returns what is shown of a service.

    Args:
        setup: What the setup says of it.
        manifest: Of its driver; it says what is secret. Where it is not known everything may be.
    """
    return Service(
        name=setup.name,
        driver=_driver(setup.driver),
        options={key: shown(manifest, key, value) for key, value in setup.options.items()},
    )


def _driver(driver: str | DriverCommand | DriverAddress) -> str | dict[str, Any]:
    """Returns a driver as it stands in a setup."""
    match driver:
        case DriverCommand():
            return {"command": list(driver.argv)}
        case DriverAddress():
            tls = attrs.asdict(driver.tls) if driver.tls is not None else {}
            files = {"tls": {key: str(value) for key, value in tls.items() if value is not None}} if tls else {}
            return {"address": driver.address, **files}
        case _:
            return driver


def shown(manifest: Manifest | None, key: str, value: object) -> object:
    """Returns an option as it is shown: a secret is not, where it stands may be."""
    if isinstance(value, Reference):
        return {value.kind: value.name}
    option = manifest.option(key) if manifest is not None else None
    return HIDDEN if value is not None and (option is None or option.secret) else value


@attrs.frozen
class _Asked:
    """The services by one of their names.

    Attributes:
        desk: The running core.
        noun: The name.
    """

    desk: Desk
    noun: Noun

    def known(self, name: str) -> ServiceSetup:
        """Returns a service of the setup."""
        setup = self.desk.setup.services.get(name)
        if setup is None:
            raise NotThere(f"{self.noun.one} {name} not found")
        return setup

    def running(self, name: str) -> Standing:
        """Returns how a service is doing that runs."""
        self.known(name)
        standing = self.desk.standing(name)
        if not standing.runs:
            raise NotNow(f"{self.noun.one} {name} is not running")
        return standing


def blueprint(desk: Desk, noun: Noun) -> Blueprint:
    """Returns the routes under one of their names.

    Args:
        desk: The running core.
        noun: The name.
    """
    routes = Blueprint(noun.many, __name__, url_prefix=f"/{noun.many}")
    _show(routes, desk, _Asked(desk, noun))
    _steer(routes, desk, _Asked(desk, noun))
    return routes


def _show(routes: Blueprint, desk: Desk, by: _Asked) -> None:
    """Adds the routes that change nothing."""

    @routes.get("")
    @described(answers=Services if by.noun is SERVICE else Entries)
    async def list_services() -> Response:
        """Lists the services of the setup."""
        found = [service_of(setup, desk.manifest(name)) for name, setup in desk.setup.services.items()]
        return answer(Services(services=found) if by.noun is SERVICE else Entries(entries=found))

    @routes.get("/<name>")
    @described(answers=Service, codes=(404,))
    async def show(name: str) -> Response:
        """Shows a service, whether it runs or not."""
        return answer(service_of(by.known(name), desk.manifest(name)))

    @routes.get("/<name>/status")
    @described(answers=ServiceStatus, codes=(404,))
    async def status(name: str) -> Response:
        """Says how a service is doing."""
        by.known(name)
        standing = desk.standing(name)
        return answer(
            ServiceStatus(
                name=name, status=standing.status, reason=standing.reason, paused=standing.paused, time=time.time()
            )
        )

    @routes.get("/<name>/stats")
    @described(answers=Stats, codes=(404, 409))
    async def stats(name: str) -> Response:
        """Says how much the process of a service's driver uses."""
        standing = by.running(name)
        info = await trio.to_thread.run_sync(look_at, standing.pid, standing.since)
        return answer(Stats(name=name, info=info, time=time.time()))


def _steer(routes: Blueprint, desk: Desk, by: _Asked) -> None:
    """Adds the routes by which services are started and stopped."""

    async def done(name: str, what: Callable[[str], Awaitable[None]]) -> Response:
        """Does something with a service and says so."""
        await what(name)
        return answer(ServiceDone(name=name, time=time.time()))

    @routes.put("/<name>/stop")
    @described(answers=ServiceDone, codes=(404, 409))
    async def stop(name: str) -> Response:
        """Stops a service until it is started again, also over a restart of Onitu. Answers when it has stopped."""
        by.known(name)
        if desk.standing(name).status == "stopped":
            raise NotNow(f"{by.noun.one} {name} is already stopped")
        return await done(name, desk.stop)

    @routes.put("/<name>/start")
    @described(answers=ServiceDone, codes=(404, 409))
    async def start(name: str) -> Response:
        """Starts a service that is stopped or has failed. Answers when it serves its folders, or has failed again."""
        by.known(name)
        if not desk.standing(name).is_over:
            raise NotNow(f"{by.noun.one} {name} is already running")
        return await done(name, desk.start)

    @routes.put("/<name>/restart")
    @described(answers=ServiceDone, codes=(404, 409))
    async def restart(name: str) -> Response:
        """Stops a service and starts it again. Answers when it serves its folders again."""
        by.running(name)
        return await done(name, desk.restart)

    @routes.put("/<name>/pause")
    @described(answers=ServiceDone, codes=(404,))
    async def pause(name: str) -> Response:
        """Lets nothing be moved to a service and from it until it is resumed. What is under way is finished."""
        by.known(name)
        return await done(name, lambda name: desk.pause([name], paused=True))

    @routes.put("/<name>/resume")
    @described(answers=ServiceDone, codes=(404,))
    async def resume(name: str) -> Response:
        """Lets a service be brought up to date again."""
        by.known(name)
        return await done(name, lambda name: desk.pause([name], paused=False))
