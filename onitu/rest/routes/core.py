"""How it goes, as a whole: status, transfers, folders, drivers, why (CONTRACT E15)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import trio
from quart import Blueprint, Response

from onitu import __version__
from onitu.config.drivers import installed_drivers
from onitu.core.capability import Mode
from onitu.core.tree import Work
from onitu.core.why import explain
from onitu.rest.answer import answer
from onitu.rest.bodies import (
    CertificateTerm,
    Done,
    Drivers,
    Folder,
    Folders,
    FolderState,
    Mapping,
    ServiceState,
    Status,
    Transfer,
    Transfers,
)
from onitu.rest.describe import described
from onitu.rest.filebodies import Why
from onitu.rest.manifests import driver_of
from onitu.rest.problems import NotThere
from onitu.rest.queues import Queue, Queues
from onitu.rest.totals import Total, Totals
from onitu.rest.why import why_of

if TYPE_CHECKING:
    from onitu.config.values import Setup
    from onitu.expiry import Terms
    from onitu.referee import Link
    from onitu.referee.tally import Spot
    from onitu.referee.traffic import Travel
    from onitu.rest.desk import Desk
    from onitu.store import Transaction

_MODES = {Mode.READ_WRITE: "rw", Mode.READ: "r", Mode.WRITE: "w", Mode.NONE: "none"}


def blueprint(desk: Desk) -> Blueprint:
    """Returns the routes.

    Args:
        desk: The running core.
    """
    routes = Blueprint("core", __name__)
    _show(routes, desk)
    _steer(routes, desk)
    _show_setup(routes, desk)
    return routes


def _show(routes: Blueprint, desk: Desk) -> None:
    """Adds the routes about what is going on."""
    started = time.time()
    queues = Queues()
    # Counting takes a thread for a while; whoever comes meanwhile is shown what was counted.
    one_at_a_time = trio.CapacityLimiter(1)

    @routes.get("/status")
    @described(answers=Status)
    async def status() -> Response:
        """Says how everything is doing, in short."""
        referee = desk.referee
        spots = [(folder, service.name) for service in desk.setup.services.values() for folder in service.folders]
        commits = referee.writer.commits
        counted = await referee.writer.read(
            lambda transaction: queues.count(transaction, spots, commits), limiter=one_at_a_time
        )
        return answer(_status(desk, started, _services(desk, counted, await desk.terms())))

    @routes.get("/transfers")
    @described(answers=Transfers)
    async def transfers() -> Response:
        """Lists what is on its way."""
        return answer(Transfers(transfers=[_transfer(one) for one in desk.referee.traffic]))

    @routes.get("/why/<folder>/<path:path>")
    @described(answers=Why, codes=(404,))
    async def why(folder: str, path: str) -> Response:
        """Says why a path is where it is, and where it is not."""
        scope = desk.referee.scopes.get(folder)
        if scope is None:
            raise NotThere(f"folder {folder} not found")

        def work(transaction: Transaction) -> Why:
            return why_of(explain(Work(transaction, scope, now_ns=0), path))

        return answer(await desk.referee.writer.read(work))


def _steer(routes: Blueprint, desk: Desk) -> None:
    """Adds the routes by which everything is steered at once."""

    async def pause_all(*, paused: bool) -> Response:
        await desk.pause(tuple(desk.setup.services), paused=paused)
        return answer(Done())

    @routes.put("/pause")
    @described(answers=Done)
    async def pause() -> Response:
        """Lets nothing be moved to any service and from it until it is resumed. What is under way is finished."""
        return await pause_all(paused=True)

    @routes.put("/resume")
    @described(answers=Done)
    async def resume() -> Response:
        """Lets all services be brought up to date again."""
        return await pause_all(paused=False)

    @routes.post("/sync/<folder>")
    @described(answers=Done, codes=(404,))
    async def sync(folder: str) -> Response:
        """Has a folder looked through again on all services, now."""
        if folder not in desk.setup.folders:
            raise NotThere(f"folder {folder} not found")
        for link in tuple(desk.referee.links.values()):
            if link.folder == folder:
                link.look_again()
        return answer(Done())


def _show_setup(routes: Blueprint, desk: Desk) -> None:
    """Adds the routes about what there is."""
    totals = Totals()
    # Counting takes a thread for a while; whoever comes meanwhile is shown what was counted.
    one_at_a_time = trio.CapacityLimiter(1)

    @routes.get("/folders")
    @described(answers=Folders)
    async def folders() -> Response:
        """Lists the folders of the setup, with the services that take part in each."""
        referee = desk.referee
        scopes, commits = referee.scopes, referee.writer.commits
        known = await referee.writer.read(
            lambda transaction: totals.count(transaction, scopes, commits), limiter=one_at_a_time
        )
        return answer(
            Folders(folders=[_folder(desk.setup, name, known.get(name, Total())) for name in desk.setup.folders])
        )

    @routes.get("/drivers")
    @described(answers=Drivers)
    async def drivers() -> Response:
        """Lists the installed drivers, with their options."""
        installed = await trio.to_thread.run_sync(installed_drivers)
        return answer(Drivers(drivers=[driver_of(name, known) for name, known in installed.items()]))


def _status(desk: Desk, started: float, services: list[ServiceState]) -> Status:
    """Returns everything in short."""
    referee = desk.referee
    return Status(
        name=desk.setup.name,
        version=__version__,
        started=started,
        time=time.time(),
        settled=referee.idle and not any(one.status == "starting" for one in services),
        transfers=len(referee.traffic),
        files=referee.counts.files,
        bytes=referee.counts.bytes,
        conflicts=referee.counts.conflicts,
        holds=sum(one.status == "held" for one in services),
        services=services,
    )


def _transfer(one: Travel) -> Transfer:
    """Returns what is on its way."""
    return Transfer(
        folder=one.folder,
        filename=one.path,
        source=one.source,
        target=one.target,
        size=one.size,
        done=min(one.size, one.done()),
        since=one.since,
    )


def _folder(setup: Setup, name: str, total: Total) -> Folder:
    """Returns a folder, and the services that take part in it."""
    return Folder(
        name=name,
        mode=_MODES[setup.folders[name].mode],
        files=total.files,
        bytes=total.bytes,
        services=[
            Mapping(name=service.name, mode=_MODES[mapping.mode], path=mapping.path)
            for service in setup.services.values()
            if (mapping := service.folders.get(name)) is not None
        ],
    )


def _services(desk: Desk, queues: dict[Spot, Queue], terms: Terms) -> list[ServiceState]:
    """Returns every service in short. What it looks at changes in Trio's thread alone."""
    referee, now = desk.referee, time.time()
    found: list[ServiceState] = []
    for name, setup in desk.setup.services.items():
        standing = desk.standing(name)
        links = {link.folder: link for link in referee.links.values() if link.service == name}
        found.append(
            ServiceState(
                name=name,
                status=standing.status,
                reason=standing.reason,
                paused=standing.paused,
                waiting=standing.waiting,
                errors=len(referee.failures.of(name)),
                folders=[
                    _state(folder, links.get(folder), queues.get((folder, name), Queue()), now)
                    for folder in setup.folders
                ],
                certificates=[
                    CertificateTerm(
                        whose=one.whose.value, where=one.where, expires=one.expires, warning=one.warning(now)
                    )
                    for one in terms.get(name, ())
                ],
            )
        )
    return found


def _state(name: str, link: Link | None, queue: Queue, now: float) -> FolderState:
    """Returns a folder on a service in short."""
    return FolderState(name=name, listed=link is not None and link.listed, pending=queue.length, lag=queue.lag(now))
