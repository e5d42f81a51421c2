"""Tells who looks on what happens, as the events of the API (CONTRACT E15). Nothing depends on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from onitu.core.media_types import media_type
from onitu.core.model import Kind
from onitu.events import Events
from onitu.referee.tally import Tally
from onitu.utils import get_fid

if TYPE_CHECKING:
    from onitu.core.node import NodeId, ServiceName
    from onitu.core.past import HeadChange
    from onitu.core.scope import Scope
    from onitu.core.task import Task
    from onitu.referee.traffic import Travel
    from onitu.referee.writer import Writer

#: What is no file has no media type of its own; these are what other programs say.
_OTHERS = {Kind.DIRECTORY: "inode/directory", Kind.SYMLINK: "inode/symlink"}


class Tracer(Protocol):
    """Follows changes to their destinations."""

    def changed(self, changes: Iterable[HeadChange]) -> None:
        """Begins to follow changes."""

    def arrived(self, node: NodeId, target: ServiceName, action: str, seconds: float, error: str = "") -> None:
        """Is told what was done on a service, or what failed there."""


class Telling:
    """Makes events of what the Referee does.

    Args:
        events: Where they go.
        writer: Says what has changed in the head tree, as long as somebody wants to know.
        scopes: Returns the folders.

    Attributes:
        events: Where they go.
        tally: How much of what was done, whoever follows.
        following: How many follow.
        left_at: When the last one has left who followed, on the clock of who serves them.
    """

    def __init__(self, events: Events, writer: Writer, scopes: Callable[[], Mapping[str, Scope]]) -> None:
        self.events = events
        self.tally = Tally()
        self._tracer: Tracer | None = None
        self.following = 0
        self.left_at = 0.0
        self._writer = writer
        self._scopes = scopes
        self._tell_changes()

    def begin(self) -> None:
        """Counts one who follows: everything is noted from now on."""
        self.following += 1
        self.events.wanted = True
        self._tell_changes()

    def end(self, now: float) -> None:
        """Counts one who does not follow any more; they may come back."""
        self.following -= 1
        self.left_at = now

    def forget(self) -> None:
        """Notes no more than anybody needs: nobody has followed for long."""
        self.events.forget()
        self._tell_changes()

    def trace(self, tracer: Tracer) -> None:
        """Has changes followed, whoever else does."""
        self._tracer = tracer
        self._tell_changes()

    def files(self, changes: list[HeadChange]) -> None:
        """Tells what has changed in the head tree."""
        if self._tracer is not None:
            self._tracer.changed(changes)
        for change in changes:
            scope, version = self._scopes().get(change.folder), change.version
            if scope is None:
                continue
            name = media_type(change.path) if version.kind is Kind.FILE else _OTHERS[version.kind]
            moved = {"before": change.before} if change.before else {}
            self.events.emit(
                "file",
                fid=_fid(scope, change.path),
                folder=change.folder,
                filename=change.path,
                size=version.size,
                mimetype=name,
                version=version.number,
                state=change.state,
                **moved,
            )

    def travel(self, travel: Travel) -> None:
        """Tells how far a file has come; asked for where somebody follows."""
        self._transfer(
            travel.folder,
            travel.path,
            source=travel.source,
            target=travel.target,
            size=travel.size,
            done=min(travel.size, travel.done()),
            state="moving",
        )

    def arrived(self, target: ServiceName, folder: str, task: Task, seconds: float) -> None:
        """Tells that a file has arrived, after so many seconds."""
        size = task.version.size
        self.tally.finished[folder, target] += 1
        self.tally.bytes[folder, target] += size
        self._trace(target, task, seconds)
        self._task(target, folder, task, size=size, done=size, state="finished")

    def changed(self, target: ServiceName, folder: str, task: Task, seconds: float) -> None:
        """Counts what was done beside transfers."""
        self.tally.changes[folder, target] += 1
        self._trace(target, task, seconds)

    def failed(self, target: ServiceName, folder: str, task: Task, seconds: float, error: str) -> None:
        """Tells that something failed, most of all a transfer."""
        self.tally.errors[folder, target] += 1
        if task.source is not None:
            self.tally.aborted[folder, target] += 1
        self._trace(target, task, seconds, error)
        self._task(target, folder, task, size=task.version.size, done=0, state="aborted", error=error)

    def superseded(self, target: ServiceName, folder: str, task: Task, error: str) -> None:
        """Tells that a transfer was given up for something newer."""
        self.tally.superseded[folder, target] += 1
        self._task(target, folder, task, size=task.version.size, done=0, state="aborted", error=error)

    def conflict(self, folder: str, path: str, copy: str, *, state: str) -> None:
        """Tells that there is a conflict, or none any more.

        Args:
            folder: The folder.
            path: Whose name both wanted; "" where only the copy is known.
            copy: The path of the copy.
            state: `found` or `resolved`.
        """
        scope = self._scopes().get(folder)
        self.tally.conflicts[folder] += state == "found"
        fid = _fid(scope, copy) if scope is not None else ""
        self.events.emit("conflict", fid=fid, folder=folder, filename=path, copy=copy, state=state)

    def hold(self, service: ServiceName, folder: str, *, state: str, reason: str = "") -> None:
        """Tells that something is held, or what became of it.

        Args:
            service: The service.
            folder: The folder.
            state: `held`, `approve` or `restore` when somebody has decided so, `ended`.
            reason: Why it is held.
        """
        self.events.emit("hold", service=service, folder=folder, state=state, reason=reason)

    def _task(
        self, target: ServiceName, folder: str, task: Task, *, size: int, done: int, state: str, error: str = ""
    ) -> None:
        if not self.events.wanted or task.source is None:
            return
        path, source = task.destination or task.path, task.source.service
        self._transfer(folder, path, source=source, target=target, size=size, done=done, state=state, error=error)

    def _transfer(self, folder: str, path: str, **said: str | int) -> None:
        scope = self._scopes().get(folder)
        if scope is not None:
            said = {"folder": folder, "filename": path, "mimetype": media_type(path), **said}
            self.events.emit("transfer", fid=_fid(scope, path), **said)

    def _trace(self, target: ServiceName, task: Task, seconds: float, error: str = "") -> None:
        if self._tracer is not None:
            self._tracer.arrived(task.node, target, task.action.name.lower(), seconds, error)

    def _tell_changes(self) -> None:
        wanted = self.events.wanted or self._tracer is not None
        self._writer.tell_changes = self.files if wanted else None


def _fid(scope: Scope, path: str) -> str:
    """Returns the id of a path (CONTRACT: `get_fid`)."""
    return get_fid(f"{scope.rule_prefix}/{path}"[1:])
