"""What was kept of what was replaced or deleted, and what has changed without a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from quart import Blueprint, Response

from onitu.core.wanted import EmptyTrash, RepairFile, RestoreCopy, Wanted
from onitu.errors import DriverError, StoreError
from onitu.referee.restoring import carry_out
from onitu.rest.answer import answer, body
from onitu.rest.bodies import Done, Said
from onitu.rest.describe import described
from onitu.rest.problems import BadRequest, NotNow, NotThere

if TYPE_CHECKING:
    from onitu.rest.desk import Desk

T = TypeVar("T")


def blueprint(desk: Desk) -> Blueprint:
    """Returns the routes.

    Args:
        desk: The running core.
    """
    routes = Blueprint("trash", __name__)

    async def done(wanted: Wanted) -> Response:
        _check_place(desk, wanted.service, wanted.folder)
        try:
            return answer(Said(said=await carry_out(desk.referee, wanted)))
        except (DriverError, StoreError) as error:
            raise NotNow(str(error)) from error

    @routes.post("/trash/restore")
    @described(answers=Said, takes=RestoreCopy, codes=(400, 404, 409))
    async def restore() -> Response:
        """Brings back a copy of what was replaced or deleted; says where it is now."""
        return await done(await _given(RestoreCopy))

    @routes.post("/trash/empty")
    @described(answers=Said, takes=EmptyTrash, codes=(400, 404, 409))
    async def empty() -> Response:
        """Removes copies of what was replaced or deleted, for good."""
        return await done(await _given(EmptyTrash))

    @routes.post("/repair")
    @described(answers=Done, takes=RepairFile, codes=(400, 404, 409))
    async def repair() -> Response:
        """Has a file written again from another service, whose content has changed without a trace."""
        wanted = await _given(RepairFile)
        _check_place(desk, wanted.service, wanted.folder)
        wrong = await desk.repair(wanted)
        if wrong:
            raise NotNow(wrong)
        return answer(Done())

    return routes


def _check_place(desk: Desk, service: str, folder: str) -> None:
    """Makes sure that a service has a folder."""
    setup = desk.setup.services.get(service)
    if setup is None or folder not in setup.folders:
        raise NotThere(f"service {service} has no folder {folder}")


async def _given(kind: type[T]) -> T:
    """Returns the body of the request."""
    try:
        return msgspec.convert(await body(), kind)
    except msgspec.ValidationError as error:
        raise BadRequest(str(error)) from error
