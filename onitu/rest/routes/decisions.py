"""What waits for a person: conflicts and holds (CONTRACT E15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from quart import Blueprint, Response, request

from onitu.errors import ConfigError
from onitu.referee.holding import Order, Subject
from onitu.rest.answer import answer, body, number
from onitu.rest.bodies import Done
from onitu.rest.describe import described
from onitu.rest.fids import fid_of
from onitu.rest.filebodies import Conflict, Conflicts, Holds, Keep
from onitu.rest.holding import holds_of
from onitu.rest.problems import BadRequest, NotNow, NotThere
from onitu.rest.routes.files import file_of

if TYPE_CHECKING:
    from onitu.core import resolving
    from onitu.rest.desk import Desk
    from onitu.store import Transaction

#: Paths of a hold that are named.
NAMED = 1_000


def blueprint(desk: Desk) -> Blueprint:
    """Returns the routes.

    Args:
        desk: The running core.
    """
    routes = Blueprint("decisions", __name__)
    _conflicts(routes, desk)
    _holds(routes, desk)
    return routes


def _conflicts(routes: Blueprint, desk: Desk) -> None:
    """Adds the routes about conflicts."""

    async def listed() -> list[tuple[str, resolving.Conflict]]:
        return await desk.referee.writer.read(desk.conflicts)

    @routes.get("/conflicts")
    @described(answers=Conflicts)
    async def conflicts() -> Response:
        """Lists the conflicts that nobody has settled. The id of one is that of its copy."""

        def work(transaction: Transaction) -> list[Conflict]:
            return [_conflict(desk, transaction, *one) for one in desk.conflicts(transaction)]

        return answer(Conflicts(conflicts=await desk.referee.writer.read(work)))

    @routes.put("/conflicts/<fid>/resolve")
    @described(answers=Done, takes=Keep, codes=(400, 404, 409))
    async def resolve(fid: str) -> Response:
        """Settles a conflict: the content of one service keeps the name and the other is deleted, or both stay."""
        try:
            keep = msgspec.convert(await body(), Keep).keep
        except msgspec.ValidationError as error:
            raise BadRequest(str(error)) from error
        for folder, conflict in await listed():
            if fid_of(desk.referee.scopes[folder], conflict.copy_path) == fid:
                try:
                    await desk.resolve(folder, conflict.copy_path, keep)
                except ConfigError as error:
                    raise NotNow(str(error)) from error
                return answer(Done())
        raise NotThere(f"conflict {fid} not found")


def _holds(routes: Blueprint, desk: Desk) -> None:
    """Adds the routes about holds."""

    @routes.get("/holds")
    @described(answers=Holds)
    async def holds() -> Response:
        """Lists what waits for a decision: much at once, of many paths the first thousand; roots that are not right."""
        found, halted = await desk.referee.writer.read(
            lambda transaction: (desk.holds(transaction), desk.halts(transaction))
        )
        return answer(holds_of(found, halted, most=NAMED))

    async def decide(
        service: str, folder: str, order: Order, *, what: Subject | None = None, count: int | None = None
    ) -> Response:
        def work(transaction: Transaction) -> set[tuple[str, str]]:
            held = {(one.service, one.folder) for one in desk.holds(transaction)}
            return held | {(one.service, one.folder) for one in desk.halts(transaction)}

        if (service, folder) not in await desk.referee.writer.read(work):
            raise NotThere(f"nothing is held of folder '{folder}' on service '{service}'; `onitu holds` lists what is")
        try:
            await desk.decide(service, folder, order, what=what, count=count)
        except ConfigError as error:
            raise NotNow(str(error)) from error
        return answer(Done())

    @routes.put("/holds/<service>/<folder>/approve")
    @described(
        answers=Done,
        query={"what": {"enum": [subject.value for subject in Subject]}, "count": {"type": "integer", "minimum": 0}},
        codes=(400, 404, 409),
    )
    async def approve(service: str, folder: str) -> Response:
        """Does to all services what has happened to the files on this one; or goes on with the root that is there.

        `what` says which of them is meant: the `hold`, or the `root`. A hold is not approved while the root is lost,
        nor where it is about more files by now than the `count` that was shown.
        """
        what, count = request.args.get("what"), None
        if what not in (None, *(subject.value for subject in Subject)):
            raise BadRequest(f"what must be 'hold' or 'root', not '{what}'")
        if "count" in request.args:
            count = number(request.args, "count", 0)
        return await decide(
            service, folder, Order.APPROVE, what=Subject(what) if what is not None else None, count=count
        )

    @routes.put("/holds/<service>/<folder>/restore")
    @described(answers=Done, codes=(404, 409))
    async def restore(service: str, folder: str) -> Response:
        """Brings the files back to the service that has lost them."""
        return await decide(service, folder, Order.RESTORE)


def _conflict(desk: Desk, transaction: Transaction, folder: str, conflict: resolving.Conflict) -> Conflict:
    """Returns what is shown of a conflict."""
    scope = desk.referee.scopes[folder]
    return Conflict(
        fid=fid_of(scope, conflict.copy_path),
        folder=folder,
        file=file_of(scope, conflict.path, transaction.node(conflict.original)),
        copy=file_of(scope, conflict.copy_path, transaction.node(conflict.copy)),
        kept=conflict.kept,
        lost=conflict.lost,
    )
