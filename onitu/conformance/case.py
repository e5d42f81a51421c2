"""What a check gets: a folder of its own, which is empty, the driver that serves it, and ways to disturb both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import attrs

from onitu.conformance.backstage import Backstage, OnThisHost, SecondInstance
from onitu.conformance.check import Check, NotDeclared, NotVisible
from onitu.conformance.session import Place, Session
from onitu.conformance.wire import Refusal
from onitu.core.capability import Capabilities, Conditional

if TYPE_CHECKING:
    from onitu.conformance.folder import Folder
    from onitu.conformance.kit import Kit
    from onitu.conformance.process import Process
    from onitu.conformance.wire import Wire

MEANT: Final[dict[str, Callable[[Capabilities], bool]]] = {
    "content": lambda able: able.whole_files or able.chunks,
    "conditional": lambda able: able.conditional is not Conditional.NONE,
    "atomic": lambda able: able.conditional is Conditional.ATOMIC,
    "truncates": lambda able: not able.in_place,
    "mtime": lambda able: able.mtime_precision_ns > 0,
}
"""What checks need that no single capability says: ways to move content, expectations that are kept, and so on."""

_PROBE: Final = "probe"


@attrs.define
class Case:
    """What a check has to do with.

    Attributes:
        kit: The run it belongs to.
        check: The check.
        place: Its folder, as it is configured.
        session: The driver that serves it.
        behind_it: Who works behind the driver's back, once somebody does.
    """

    kit: Kit
    check: Check
    place: Place
    session: Session
    behind_it: Backstage | None = None
    others: list[Process] = attrs.field(factory=list)

    @property
    def able(self) -> Capabilities:
        """What the service can do."""
        return self.session.able

    @property
    def folder(self) -> Folder:
        """The folder of this check."""
        return self.session.folder(self.place.name)

    @property
    def process(self) -> Process:
        """The driver's process."""
        return self.session.process

    @property
    def wire(self) -> Wire:
        """The connection to it."""
        return self.session.process.wire

    def require(self, *needs: str) -> None:
        """Gives up what follows where the driver does not declare it.

        Raises:
            NotDeclared: It does not.
        """
        for need in needs:
            if not has(self.able, need):
                raise NotDeclared(need)

    def require_process(self) -> None:
        """Gives up where the driver was dialled, and so cannot be ended or started.

        Raises:
            NotVisible: It was.
        """
        if self.kit.target.command is None:
            raise NotVisible("a driver that was dialled is not ours to start and end")

    @contextmanager
    def another(self) -> Iterator[Process]:
        """Starts another process of the driver, which is not configured yet."""
        self.require_process()
        process = self.kit.start()
        try:
            yield process
        finally:
            process.close()

    def restart(self, *, kill: bool = False) -> None:
        """Ends the driver, in order or as a crash would, and starts it again with the same folders.

        Raises:
            NotVisible: It was dialled.
        """
        self.require_process()
        self.session = self.kit.restarted(self, kill=kill)

    @property
    def behind(self) -> Backstage:
        """Who works behind the driver's back in this folder.

        Raises:
            NotVisible: Nobody can.
        """
        if self.behind_it is None:
            self.behind_it = self._find_backstage()
        return self.behind_it

    def _find_backstage(self) -> Backstage:
        if self.kit.target.behind is not None:
            return self.kit.target.behind(self.place.path)
        if self.folder.local_root is not None:
            return OnThisHost(self.folder.local_root)
        return self._second_instance()

    def _second_instance(self) -> Backstage:
        """Returns a second instance, if what it writes can be seen through the first one."""
        self.require("content")
        self.require_process()
        if self.kit.alone:
            raise NotVisible(self.kit.alone)
        process = self.kit.start()
        self.others.append(process)
        why = "a second instance of the driver cannot work behind its back"
        try:
            session = self.kit.configured(process, [attrs.evolve(self.place, root_id=self.folder.root_id)])
            other = session.folder(self.place.name)
            written = other.write(_PROBE)
            shared = self.folder.holds(_PROBE)
            if self.able.delete_file:
                other.delete(_PROBE, written.revision)
        except (Refusal, AssertionError) as error:
            self.kit.alone = f"{why}: {error}"
            raise NotVisible(self.kit.alone) from None
        if not shared:
            self.kit.alone = f"{why}: what it writes is not seen by the first one"
            raise NotVisible(self.kit.alone)
        return SecondInstance(session, other)

    def close(self) -> None:
        """Lets go of what the check has left."""
        if self.behind_it is not None:
            self.behind_it.close()
        for process in self.others:
            process.close()


def has(able: Capabilities, need: str) -> bool:
    """Whether a service has what a check needs: a capability by name, or what `MEANT` makes of several."""
    if need in MEANT:
        return MEANT[need](able)
    return bool(getattr(able, need))
