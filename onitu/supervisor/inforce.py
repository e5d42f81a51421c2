"""The setup in force: what the file says, what was put over it, and putting another one in force while services run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from onitu.log import get_logger
from onitu.supervisor import records
from onitu.supervisor.changes import Changes, active_services, changes_between

if TYPE_CHECKING:
    from onitu.config.values import Setup
    from onitu.referee import Referee
    from onitu.store import Transaction
    from onitu.supervisor.overlay import Overlay
    from onitu.supervisor.records import Unmanaged
    from onitu.supervisor.services import Services


class InForce:
    """The setup in force.

    Args:
        file: What the file says.
        overlay: What was put over it.
        setup: What comes of both.
        referee: What decides by it.
        services: The services that run.

    Attributes:
        file: What the file says.
        overlay: What was put over it.
        setup: What comes of both.
        changing: Held by whoever changes it.
    """

    def __init__(self, file: Setup, overlay: Overlay, setup: Setup, *, referee: Referee, services: Services) -> None:
        self.file = file
        self.overlay = overlay
        self.setup = setup
        self.changing = trio.Lock()
        self._referee = referee
        self._services = services
        self._log = get_logger()

    async def put(self, file: Setup, overlay: Overlay, setup: Setup) -> Changes:
        """Puts another setup in force: services end, records follow, services begin.

        Services that nothing has changed for go on undisturbed, whatever becomes of the others.

        Args:
            file: What the file says.
            overlay: What was put over it; it is kept.
            setup: What comes of both.

        Raises:
            StoreError: The records cannot be written; everything is as it was.
        """
        changes = changes_between(self.setup, setup)
        before, after = active_services(self.setup), active_services(setup)
        await self._services.remove(changes.ending)
        scopes = self._referee.scopes
        gone = [name for name in self.setup.services if name not in setup.services]

        def work(transaction: Transaction) -> list[Unmanaged]:
            overlay.keep(transaction)
            return records.put_in_force(self._referee, setup, transaction)

        ended = {name: before[name] for name in changes.ending}
        try:
            unmanaged = await self._referee.writer.write(work)
        except BaseException:
            self._services.add(ended, {})
            raise
        self.file, self.overlay, self.setup = file, overlay, setup
        self._services.forget(gone)
        self._services.take(after)
        self._services.add({name: after[name] for name in changes.beginning}, {})
        self._referee.tell_unmanaged(unmanaged)
        self._referee.look_again(scopes, changes.folders)
        self._log.info(
            "reloaded",
            started=changes.started,
            stopped=changes.stopped,
            restarted=changes.restarted,
            folders=changes.folders,
        )
        self._referee.came_to_rest()
        return changes
