"""A folder as a core without a store knows it: what the driver's change stream has told, kept in a dictionary.

It is the other end of `stream`, in the same process and without any transport. It decides nothing.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from onitu.core.model import Absent, Kind, Present
from onitu.errors import DriverError
from onitu.rpc.convert import observation_from_wire, present_to_wire
from onitu.rpc.gen import watch_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from onitu.core.model import Observation
    from onitu.plug.servicer import Servicer

T = TypeVar("T")


class FollowedFolder:
    """One folder, followed on a thread of its own until it is closed. May be used from any thread.

    Args:
        servicer: The driver.
        name: Name of the folder.
        owners: The services that a lookup names.

    Attributes:
        entries: What is known, by path.
        reports: What the driver has reported live, in order.
        problems: What has no place in an observation: path and reason.
        root_reason: Why the root is not what it was, or "".
    """

    def __init__(self, servicer: Servicer, name: str, owners: tuple[str, ...]) -> None:
        self.entries: dict[str, Present] = {}
        self.reports: list[Observation] = []
        self.problems: list[tuple[str, str]] = []
        self.root_reason = ""
        self._name = name
        self._servicer = servicer
        self._owners = owners
        self._said: queue.SimpleQueue[watch_pb2.WatchChangesRequest | None] = queue.SimpleQueue()
        self._condition = threading.Condition()
        self._names: dict[str, set[str]] = {}
        self._snapshots = 0
        self._error: DriverError | None = None
        self._end: Callable[[], None] = lambda: None
        self._say(watch_pb2.WatchChangesRequest(start=watch_pb2.WatchStart(folder=name, live=True)))
        self._say(watch_pb2.WatchChangesRequest(fingerprints=watch_pb2.DirectoryFingerprints(last=True)))
        self._thread = threading.Thread(target=self._follow, name=f"follows {name}", daemon=True)
        self._thread.start()

    def wait(self, condition: Callable[[], T | None], what: str, *, deadline: float) -> T:
        """Waits until something is so, looking whenever the driver has said something, and returns what it answered.

        Raises:
            AssertionError: It was not so in time.
            DriverError: The stream failed.
        """
        with self._condition:
            end = time.monotonic() + deadline
            while not (answer := condition()):
                if self._error is not None:
                    raise self._error
                if not self._condition.wait(end - time.monotonic()):
                    message = f"not within {deadline} s: {what}"
                    raise AssertionError(message)
            return answer

    def wait_listed(self, *, deadline: float) -> None:
        """Waits until the first snapshot has ended."""
        self.wait(lambda: self._snapshots > 0, f"the folder {self._name} was listed", deadline=deadline)

    def rescan(self, *, deadline: float) -> None:
        """Has everything listed again."""
        before = self._snapshots
        self._say(watch_pb2.WatchChangesRequest(rescan=watch_pb2.Rescan(recursive=True)))
        self.wait(lambda: self._snapshots > before, f"the folder {self._name} was listed", deadline=deadline)

    def take(self, observation: Observation) -> None:
        """Takes what is at a path now."""
        with self._condition:
            if observation.moved_from is not None:
                self._move(observation.moved_from, observation.path)
            if isinstance(observation.state, Present):
                self.entries[observation.path] = observation.state
            elif isinstance(observation.state, Absent):
                self._forget(observation.path)
            self._condition.notify_all()

    def close(self) -> None:
        """Ends the stream."""
        self._said.put(None)
        self._end()
        self._thread.join()

    def _say(self, message: watch_pb2.WatchChangesRequest) -> None:
        self._said.put(message)

    def _follow(self) -> None:
        def on_end(end: Callable[[], None]) -> bool:
            self._end = end
            return True

        try:
            for message in self._servicer.watch_changes(iter(self._said.get, None), on_end):
                self._receive(message)
        except DriverError as error:
            with self._condition:
                self._error = error
                self._condition.notify_all()

    def _receive(self, message: watch_pb2.WatchChangesResponse) -> None:
        match message.WhichOneof("message"):
            case "batch":
                self._batch(message.batch)
            case "snapshot_begin":
                self._names = {}
            case "snapshot_end":
                self._snapshots += 1
            case "lookup":
                self._answer(message.lookup)
            case "revision_note":
                self.take(observation_from_wire(message.revision_note.observation))
            case "root":
                self.root_reason = message.root.reason
        with self._condition:
            self._condition.notify_all()

    def _batch(self, batch: watch_pb2.ChangeBatch) -> None:
        for wire in batch.observations:
            observation = observation_from_wire(wire)
            if batch.snapshot:
                above, _, name = observation.path.rpartition("/")
                self._names.setdefault(above, set()).add(name)
            else:
                self.reports.append(observation)
            self.take(observation)
        self.problems.extend((problem.display_path, problem.reason) for problem in batch.problems)
        for listing in batch.listings:
            if listing.complete:
                self._listed(listing.path)
        self._say(watch_pb2.WatchChangesRequest(acknowledgement=watch_pb2.Acknowledgement(batch=batch.batch)))

    def _listed(self, directory: str) -> None:
        """Forgets what a complete listing did not show."""
        there = self._names.pop(directory, set())
        with self._condition:
            for path in list(self.entries):
                above, _, name = path.rpartition("/")
                if above == directory and name not in there:
                    self._forget(path)

    def _answer(self, lookup: watch_pb2.Lookup) -> None:
        answer = watch_pb2.LookupAnswer(lookup=lookup.lookup)
        for path in lookup.paths:
            entry = answer.entries.add(path=path, owners=self._owners)
            if path in self.entries:
                entry.uptodate.extend(self._owners)
                present_to_wire(self.entries[path], entry.present)
        self._say(watch_pb2.WatchChangesRequest(lookup_answer=answer))

    def _move(self, old: str, new: str) -> None:
        for path in [path for path in self.entries if path == old or path.startswith(f"{old}/")]:
            self.entries[new + path[len(old) :]] = self.entries.pop(path)

    def _forget(self, path: str) -> None:
        gone = self.entries.pop(path, None)
        if gone is not None and gone.kind is Kind.DIRECTORY:
            for inner in [inner for inner in self.entries if inner.startswith(f"{path}/")]:
                del self.entries[inner]
