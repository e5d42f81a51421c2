"""What was kept of what was replaced or deleted, what became of files, and what has changed without a trace."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

import msgspec
from quart import Blueprint, Response, request

from onitu.core.wanted import EmptyTrash, RepairFile, RestoreCopy
from onitu.errors import DriverError, StoreError
from onitu.referee.past import Copy, Entry, Found, copies_of, past_of, request_for
from onitu.referee.restoring import carry_out
from onitu.rest.answer import answer, body
from onitu.rest.bodies import Done, Said
from onitu.rest.describe import described
from onitu.rest.filebodies import Empty, Log, Restore, TrashList, Unasked
from onitu.rest.past import copy_of, entry_of, modes_of
from onitu.rest.problems import BadRequest, NotNow, NotThere

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onitu.core.wanted import Wanted
    from onitu.rest.desk import Desk

T = TypeVar("T")

_TEXT = {"type": "string"}


def blueprint(desk: Desk) -> Blueprint:
    """Returns the routes.

    Args:
        desk: The running core.
    """
    routes = Blueprint("trash", __name__)
    _show(routes, desk)
    _change(routes, desk)
    return routes


def _show(routes: Blueprint, desk: Desk) -> None:
    """Adds the routes that only look."""

    @routes.get("/trash")
    @described(
        answers=TrashList,
        query={"folder": _TEXT, "service": _TEXT, "path": {"type": "array", "items": _TEXT}},
        codes=(404,),
    )
    async def trash() -> Response:
        """Lists the copies of what was replaced or deleted; all trashes are asked.

        `path`, also several times, names what had this path or lay below it.
        """
        arguments = request.args
        folder, service = arguments.get("folder"), arguments.get("service")
        if folder is not None and folder not in desk.setup.folders:
            raise NotThere(f"folder {folder} not found")
        if service is not None and service not in desk.setup.services:
            raise NotThere(f"service {service} not found")
        found = await _copies(desk, [folder] if folder else desk.setup.folders, arguments.getlist("path"), service)
        return answer(TrashList(copies=[copy_of(copy) for copy in found.copies], faults=_unasked(found)))

    @routes.get("/log/<folder>/<path:path>")
    @described(answers=Log, codes=(404,))
    async def log(folder: str, path: str) -> Response:
        """Says what became of a path: versions, renames and deletions, and what of them can be had back."""
        entries, found = await _past(desk, folder, path)
        return answer(Log(folder=folder, path=path, log=[entry_of(one) for one in entries], faults=_unasked(found)))


def _change(routes: Blueprint, desk: Desk) -> None:
    """Adds the routes that bring back and remove."""

    @routes.post("/trash/restore")
    @described(answers=Said, takes=Restore, codes=(400, 404, 409))
    async def restore() -> Response:
        """Brings something back, and says where it is now.

        A version replaces what is there, which is kept like anything that is replaced; a copy gets a name beside it.
        """
        given = await _given(Restore)
        if bool(given.version) == bool(given.id):
            raise BadRequest("either 'version' or 'id' says what is brought back")
        wanted = await (_versions(desk, given) if given.version else _copy(desk, given))
        failed: NotNow | None = None
        for one in wanted:
            try:
                return answer(Said(said=await _carry_out(desk, one)))
            except NotNow as error:
                failed = error  # Another copy may do.
        raise failed or NotNow(f"no service of the folder '{given.folder}' may be written to")

    @routes.post("/trash/empty")
    @described(answers=Said, takes=Empty, codes=(400, 404, 409))
    async def empty() -> Response:
        """Removes copies of what was replaced or deleted, for good; without `before` all that there are now."""
        given = await _given(Empty)
        before = time.time() if given.before is None else given.before
        if not abs(before) < _END_OF_TIME:
            raise BadRequest("before: seconds since 1970")
        _check_place(desk, given.service, given.folder)
        wanted = EmptyTrash(folder=given.folder, service=given.service, path=given.path, before_ns=round(before * 1e9))
        return answer(Said(said=await _carry_out(desk, wanted)))

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


#: Seconds since 1970 that no clock shows.
_END_OF_TIME = 1e11


async def _carry_out(desk: Desk, wanted: Wanted) -> str:
    try:
        return await carry_out(desk.referee, wanted)
    except (DriverError, StoreError) as error:
        raise NotNow(str(error)) from error


async def _past(desk: Desk, folder: str, path: str) -> tuple[list[Entry], Found]:
    """Returns what became of a path."""
    scope = desk.referee.scopes.get(folder)
    past = await desk.referee.writer.read(lambda transaction: past_of(transaction, scope, folder, path))
    if not past.told:
        raise NotThere(f"nothing is known of {folder}/{path}, now or before")
    found = await _copies(desk, [folder], past.names)
    return past.entries(found.copies), found


async def _copies(desk: Desk, folders: Iterable[str], paths: Iterable[str], service: str | None = None) -> Found:
    """Returns what is kept, and who could not be asked."""
    folders = list(folders)
    found = await copies_of(desk.referee, folders, list(paths) or [""], service)
    for setup in desk.setup.services.values():
        for folder in folders:
            asked = service in (None, setup.name) and folder in setup.folders
            manifest = desk.manifest(setup.name)
            keeps = manifest is None or manifest.capabilities.trash
            if asked and keeps and (setup.name, folder) not in desk.referee.links:
                found.faults.append((setup.name, "it is not active now"))
                break
    return found


async def _versions(desk: Desk, given: Restore) -> list[RestoreCopy]:
    """Returns what makes an older version the current one, the best first."""
    what = f"version {given.version} of {given.folder}/{given.path}"
    entries, _ = await _past(desk, given.folder, given.path)
    entry = next((one for one in entries if one.label == given.version), None)
    if entry is None or entry.line.version is None:
        raise NotThere(f"there is no {what}")
    if entry.current:
        raise NotNow(f"{what} is the current one")
    if not entry.copies:
        raise NotNow(f"nothing is kept of {what} any more")
    modes = modes_of(desk.setup, given.folder)
    version = entry.line.version
    found = [request_for(copy, modes, version=version, path=given.path) for copy in reversed(entry.copies)]
    return [one for one in found if one is not None]


async def _copy(desk: Desk, given: Restore) -> list[RestoreCopy]:
    """Returns what brings one copy back."""
    found = await _copies(desk, [given.folder], [given.path])

    def is_it(copy: Copy) -> bool:
        return copy.kept.id == given.id and given.service in ("", copy.service) and given.keeper in ("", copy.keeper)

    modes = modes_of(desk.setup, given.folder)
    copies = [copy for copy in found.copies if is_it(copy)]
    if not copies:
        raise NotThere(f"nothing with this id is kept of {given.folder}/{given.path}")
    wanted = [request_for(copy, modes) for copy in copies]
    return [one for one in wanted if one is not None]


def _unasked(found: Found) -> list[Unasked]:
    return [Unasked(service=service, reason=reason) for service, reason in found.faults]


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
