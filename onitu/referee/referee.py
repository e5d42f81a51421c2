"""What all links share: the records, what is in flight, what failed, and whether anything is left to do."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import trio

from onitu.core.node import NodeId, ServiceName
from onitu.core.tree import Departed, Effect, Later, NeedDigest, NeedSync, Notice, Recheck, Relist, Settle, Work
from onitu.events import Events
from onitu.log import get_logger
from onitu.referee.failures import Failures
from onitu.referee.ignoring import IgnoreFiles
from onitu.referee.link import SETTLE_DELAY
from onitu.referee.sweeper import CountedTime
from onitu.referee.telling import Telling
from onitu.referee.traffic import Traffic
from onitu.referee.writer import Writer
from onitu.store.trash import Trash

if TYPE_CHECKING:
    from onitu.core.scope import Scope
    from onitu.referee.link import Link
    from onitu.store import Store, Transaction

#: Events of decisions that a person has to mend; the others are for information.
_WARNING = frozenset({"path_failed"})


#: Paths that are remembered as left alone, so that each is told once; the oldest is forgotten first.
IGNORED_KEPT = 20_000


#: Paths that are named when another setup leaves many unmanaged.
UNMANAGED_NAMED = 20


class Counts:
    """What was done since the start, for the summary."""

    def __init__(self) -> None:
        self.files = 0
        self.bytes = 0
        self.conflicts = 0
        self.other = 0
        self.unlisted = 0


class Referee:
    """Decides what every service should hold, and has it done.

    Args:
        store: The records.
        scopes: Folder name to what the setup says about it.
        events: Where goes what happens.

    Attributes:
        links: Folders on active services, by (service, folder). Changed in Trio's thread, and looked at in others too:
            there whoever goes through them takes a copy.
        in_flight: (service, node) of mutations that are not answered yet. Changed inside transactions only.
        failures: What failed a moment ago.
        counts: For the summary.
        traffic: What is on its way.
        telling: Tells who looks on.
        ignore_files: The folders' own ignore files.
        standstill: As in `Work`.
        trash: Where content is kept that a service would lose.
        counted: The time by which what is kept gets old.
        activity: Goes off whenever something may have come to rest.
    """

    def __init__(self, store: Store, scopes: Mapping[str, Scope], events: Events | None = None) -> None:
        self.writer = Writer(store)
        self.scopes = scopes
        self.links: dict[tuple[ServiceName, str], Link] = {}
        self.in_flight: set[tuple[ServiceName, NodeId]] = set()
        self.failures = Failures()
        self.counts = Counts()
        self.traffic = Traffic()
        self.telling = Telling(events or Events("0"), self.writer, lambda: self.scopes)
        self.trash = Trash(store.directory)
        self.counted = CountedTime(self.writer)
        self.log = get_logger()
        self.ignore_files = IgnoreFiles(self)
        self._store = store
        self._departed = Departed()
        self.standstill: set[tuple[ServiceName, NodeId]] = set()
        self._rest = trio.Event()
        self._ignored: dict[tuple[ServiceName, str, str], str] = {}

    def work(self, transaction: Transaction, folder: str) -> Work:
        """Returns the unit of work of a folder in a transaction."""
        return Work(
            transaction,
            self.scopes[folder],
            now_ns=time.time_ns(),
            in_flight=self.in_flight,
            departed=self._departed,
            epochs={
                link.service: link.epoch
                for link in tuple(self.links.values())
                if link.folder == folder and link.capabilities.sync
            },
            standstill=self.standstill,
        )

    def rescope(self, transaction: Transaction, scopes: Mapping[str, Scope]) -> None:
        """Puts other scopes in force, from this transaction on. Whatever is derived from them is the caller's.

        Args:
            transaction: A write transaction: so nothing is ever decided by the old ones and indexed by the new ones.
            scopes: All of them.
        """
        before = self.scopes

        def undo() -> None:
            self.scopes = self._store.scopes = before

        self.scopes = self._store.scopes = scopes
        transaction.when_given_up(undo)
        transaction.rescope(scopes)

    def look_again(self, before: Mapping[str, Scope], folders: Iterable[str]) -> None:
        """Has another setup's work begin: what waits is decided, and what was left alone so far is looked at.

        Args:
            before: The scopes that were in force.
            folders: The folders whose options have changed.
        """
        changed = frozenset(folders)
        for link in self.links.values():
            scope, old = self.scopes[link.folder], before.get(link.folder)
            if old is not None and old.left_alone(link.service) != scope.left_alone(link.service):
                link.look_again()
            elif link.folder in changed:
                link.settle_after(0)
        for folder in changed:
            self.wake(folder)

    def release(self, folder: str, effects: Iterable[Effect]) -> None:
        """Does what decisions asked for, once they are committed, and wakes whoever may have work now."""
        for effect in effects:
            if isinstance(effect, Notice):
                self._tell(folder, effect)
                continue
            link = self.links.get((effect.service, folder))
            if link is not None:
                _ask(link, effect)
        self.wake(folder)

    def wake(self, folder: str) -> None:
        """Wakes the movers of a folder."""
        for (_, name), link in self.links.items():
            if name == folder:
                link.to_move.ring()

    def sources(self, folder: str, *, waiting: bool = False) -> list[ServiceName]:
        """Returns the services that can be read now, the fastest first.

        Args:
            folder: The folder.
            waiting: Take also those that wait for their schedule.
        """
        here = [link for (_, name), link in tuple(self.links.items()) if name == folder]
        links = [link for link in here if waiting or not link.hours.waits]
        links.sort(key=lambda link: (link.local_root is None, -link.velocity, link.service))
        return [link.service for link in links]

    def came_to_rest(self) -> None:
        """Says that something may have come to rest."""
        self._rest.set()

    async def wait_change(self) -> None:
        """Waits until something may have come to rest."""
        await self._rest.wait()
        self._rest = trio.Event()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way or waiting on any link."""
        return not self.in_flight and not self.ignore_files.busy and all(link.idle for link in self.links.values())

    def tell_ignored(self, service: ServiceName, folder: str, path: str, *, cause: str, reason: str) -> None:
        """Logs that something is left alone, once until there is another reason."""
        key = (service, folder, path)
        if self._ignored.pop(key, None) != reason:
            self.log.info("file_ignored", service=service, folder=folder, path=path, cause=cause, reason=reason)
        self._ignored[key] = reason
        if len(self._ignored) > IGNORED_KEPT:
            del self._ignored[next(iter(self._ignored))]

    def tell_unmanaged(self, unmanaged: Iterable[tuple[str, Notice]]) -> None:
        """Logs what another setup has taken out of the scope of services: some paths, and how many there are.

        Args:
            unmanaged: Folders and notices.
        """
        counts: dict[tuple[ServiceName, str], int] = {}
        for folder, notice in unmanaged:
            key = (notice.service, folder)
            counts[key] = counts.get(key, 0) + 1
            if counts[key] <= UNMANAGED_NAMED:
                self._tell(folder, notice)
        for (service, folder), files in counts.items():
            self.log.warning("files_unmanaged", service=service, folder=folder, files=files)

    def _tell(self, folder: str, notice: Notice) -> None:
        """Logs what a person should be able to read."""
        if notice.event == "file_ignored":
            self.tell_ignored(notice.service, folder, notice.path, **notice.fields)
            return
        if notice.event == "conflict_found":
            self.counts.conflicts += 1
            self.telling.conflict(folder, notice.path, notice.fields.get("copy", ""), state="found")
        level = self.log.warning if notice.event in _WARNING else self.log.info
        level(notice.event, service=notice.service, folder=folder, path=notice.path, **notice.fields)


def _ask(link: Link, effect: NeedDigest | NeedSync | Recheck | Relist | Settle | Later) -> None:
    """Has a link do what a decision has asked for."""
    match effect:
        case NeedDigest(node=node, algorithm=algorithm):
            link.ask_digest(node, algorithm)
        case NeedSync():
            link.flush_soon()
        case Recheck(path=path):
            link.ask_path(path)
        case Relist(path=path):
            link.ask_listing(path)
        case Later(path=path):
            link.ask_path_later(path)
        case Settle() if link.listed:  # Otherwise that comes at the end of the snapshot.
            link.settle_after(SETTLE_DELAY)
