"""Changes of the setup, kept over its file (CONTRACT E15)."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from quart import Blueprint, Response, request

from onitu.config.faults import SetupError
from onitu.rest.answer import answer, body
from onitu.rest.blocks import shown_block
from onitu.rest.bodies import Done, Schedule, ServiceSetup
from onitu.rest.describe import described
from onitu.rest.manifests import driver_of
from onitu.rest.problems import BadRequest, NotNow, NotThere, Problem
from onitu.rest.restricted import restricted

if TYPE_CHECKING:
    from onitu.rest.access import Access
    from onitu.rest.desk import Desk


def blueprint(desk: Desk, access: Access) -> Blueprint:
    """Returns the routes.

    Args:
        desk: The running core.
        access: What a request must show.
    """
    routes = Blueprint("setup", __name__)

    @routes.get("/services/<name>/setup")
    @described(answers=ServiceSetup, codes=(404, 409))
    async def show_setup(name: str) -> Response:
        """Shows a service as it stands in the setup, to be changed and put again. Secrets are not shown."""
        if name not in desk.setup.services:
            raise NotThere(f"service {name} not found")
        _refuse_entries(desk)
        manifest = desk.manifest(name)
        driver = driver_of(manifest.name, manifest) if manifest is not None else None
        return answer(ServiceSetup(name=name, setup=shown_block(desk.block(name), manifest), driver=driver))

    @routes.put("/services/<name>")
    @described(answers=Done, takes=dict, codes=(400, 403, 409))
    async def put_service(name: str) -> Response:
        """Adds a service, or changes one: as it would stand in the setup file, which is left as it is.

        A secret that is written as it is shown stays what it is, as long as the driver and its other options do: else
        it would be shown to somebody else, and must be written again. What can have a program run, or another file of
        this machine read (a driver that is a command, an option that is `restricted`, where a secret stands), is
        changed with `api.token`, or over the private socket: whoever does must be who runs Onitu.
        """
        block = await _block(desk, name)
        if not access.is_known(nearby=request.scope.get("client") is None):
            _refuse_restricted(desk, name, block)
        return await _done(desk.put_service(name, block))

    @routes.delete("/services/<name>")
    @described(answers=Done, codes=(400, 404, 409))
    async def delete_service(name: str) -> Response:
        """Takes a service out of the setup. Its files stay where they are."""
        if name not in desk.setup.services:
            raise NotThere(f"service {name} not found")
        _refuse_entries(desk)
        return await _done(desk.put_service(name, None))

    _schedules(routes, desk)

    @routes.put("/folders/<name>")
    @described(answers=Done, takes=dict, codes=(400, 409))
    async def put_folder(name: str) -> Response:
        """Adds a folder, or changes one: as it would stand in the setup file, which is left as it is."""
        block = await _block(desk, name)
        return await _done(desk.put_folder(name, block))

    @routes.delete("/folders/<name>")
    @described(answers=Done, codes=(400, 404, 409))
    async def delete_folder(name: str) -> Response:
        """Takes a folder out of the setup and away from all services. Its files stay where they are."""
        if name not in desk.setup.folders:
            raise NotThere(f"folder {name} not found")
        _refuse_entries(desk)
        return await _done(desk.put_folder(name, None))

    return routes


def _schedules(routes: Blueprint, desk: Desk) -> None:
    """Adds the routes about when services are brought up to date."""

    @routes.get("/services/<name>/schedule")
    @described(answers=Schedule, codes=(404,))
    async def schedule(name: str) -> Response:
        """Says when a service is brought up to date."""
        if name not in desk.setup.services:
            raise NotThere(f"service {name} not found")
        return answer(Schedule(schedule=list(desk.schedule(name))))

    async def put(names: Collection[str]) -> Response:
        try:
            given = msgspec.convert(await body(), Schedule)
        except msgspec.ValidationError as error:
            raise BadRequest(str(error)) from error
        _refuse_entries(desk)
        return await _done(desk.put_schedule(names, given.schedule))

    @routes.put("/services/<name>/schedule")
    @described(answers=Done, takes=Schedule, codes=(400, 404, 409))
    async def put_schedule(name: str) -> Response:
        """Has a service brought up to date at certain times only. It is observed as before."""
        if name not in desk.setup.services:
            raise NotThere(f"service {name} not found")
        return await put([name])

    @routes.put("/schedule")
    @described(answers=Done, takes=Schedule, codes=(400, 409))
    async def put_schedules() -> Response:
        """Has all services brought up to date at certain times only."""
        return await put(tuple(desk.setup.services))


def _refuse_restricted(desk: Desk, name: str, block: Mapping[str, object]) -> None:
    """Makes sure that anybody may put a service."""
    before, driver = desk.block(name), block.get("driver")
    if name in desk.setup.services and driver == before.get("driver"):
        manifest = desk.manifest(name)
    else:
        manifest = desk.installed(driver) if isinstance(driver, str) else None
    faults = restricted(name, block, before, manifest)
    if faults:
        raise Problem(403, "\n".join(str(fault) for fault in faults))


async def _block(desk: Desk, name: str) -> dict[str, Any]:
    """Returns the body of a request, without the name that is in the address already."""
    given = await body()
    if not isinstance(given, dict):
        raise BadRequest("the body must be an object, as it would stand in the setup file")
    _refuse_entries(desk)
    if given.get("name") == name:
        del given["name"]
    return given


def _refuse_entries(desk: Desk) -> None:
    if desk.setup.is_entries:
        raise NotNow("a setup with 'entries' (Onitu 0.1) is changed in its file")


async def _done(change: Awaitable[None]) -> Response:
    try:
        await change
    except SetupError as error:
        raise BadRequest(str(error)) from error
    return answer(Done())
