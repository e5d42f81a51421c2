"""The record of one node: head, and base, seen and intent of every service. Three trees in one value.

A node is a file, directory or link that keeps its number across renames. Placement (parent and name) and content are
merged apart: a move here and an edit there both hold. `Node` and `ServiceState` may be changed, but only inside the
unit of work that read them, which then says `tree.put(node)`; everything they hold is immutable.
"""

from __future__ import annotations

import enum
from typing import TypeAlias

import msgspec

from onitu.core.model import Kind, Present

NodeId: TypeAlias = int
ServiceName: TypeAlias = str

#: How many replaced revisions are remembered per service: an eventually consistent listing may still show them.
RETIRED_KEPT = 4


#: The version of a base that is no content anyone ever made: our own write, torn by a power cut.
TORN = 0


class Place(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Where an entry is.

    Attributes:
        parent: The node of the directory it lies in.
        name: Its name there.
    """

    parent: NodeId
    name: str


class Version(msgspec.Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """One content of a node.

    Attributes:
        number: Counts from 1 within the node.
        kind: What it is.
        size: Bytes, 0 unless a file.
        mtime_ns: Modification time; travels with the content and never makes a version.
        origin: The service it was first seen on.
        revision: Its revision there: what identifies the content until a digest is known.
        parent: Number of the version it replaced, or None.
        digests: Algorithm to raw digest, filled as learned.
        executable: None where the origin cannot tell.
        target: Where a symbolic link points.
        kept_as: The node that holds this content under a conflict name, if it lost a conflict.
        kept_from: The node whose place still shows this content on some services, for a conflict copy.
        bytes_of: Number of the version whose bytes these are, where only attributes were changed; 0 for its own.
        moved_to: The node that has this content at its new place, where a service cannot rename (`core.parting`).
    """

    number: int
    kind: Kind
    size: int
    mtime_ns: int | None
    origin: ServiceName
    revision: str
    parent: int | None = None
    digests: dict[str, bytes] = {}
    executable: bool | None = None
    target: str | None = None
    kept_as: NodeId | None = None
    kept_from: NodeId | None = None
    bytes_of: int = 0
    moved_to: NodeId | None = None


class Base(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a service was last known to hold: the merge base.

    Attributes:
        version: Number of the version.
        place: Where it was there.
        revision: The revision it had then; the only one a mutation ever expects.
    """

    version: int
    place: Place
    revision: str


class Seen(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What was last observed on a service.

    Attributes:
        place: Where, with the name as the service spells it.
        entry: What. For an inadmissible entry only its revision and native id mean something.
        reason: Why it is inadmissible; "" for one that can be synchronised.
        filtered: It is the setup that keeps it out, and no fault of the entry's.
    """

    place: Place
    entry: Present
    reason: str = ""
    filtered: bool = False


class Action(enum.IntEnum):
    """What a mutation does. Stored."""

    WRITE = 1
    MAKE_DIRECTORY = 2
    MOVE = 3
    DELETE = 4
    SET_ATTRIBUTES = 5
    COPY = 6
    WRITE_SYMLINK = 7


class Phase(enum.IntEnum):
    """How far a mutation has come. Stored."""

    #: The outcome is unknown: nothing else may be sent for this entry there before it has been observed.
    SENT = 1
    #: Answered with a revision, but not yet durable there.
    VISIBLE = 2


class Intent(msgspec.Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """A mutation under way, committed before the driver is asked.

    Attributes:
        action: What it does.
        phase: How far it has come.
        place: Where the entry is to be afterwards; None for a deletion.
        version: The version it is to hold afterwards; for a deletion the one that is removed.
        expected: The revision that must be there, or None for nothing.
        epoch: Which flush of the service makes durable what is visible; the store knows the last that was answered.
        after: What the service holds since the answer, once visible; None for a deletion. Where nobody knows what
            became of this and a power cut may have taken back what was visible: that.
        before: What the service held when this was sent, if that was visible but not yet durable. Kept once this is
            visible itself if it was somewhere else: a power cut may leave it there.
        shown: The file that was there when this was sent, where what is seen meanwhile can be told by it from an edit.
            Where a power cut may have taken back what was visible: that file, by which its torn bytes are known.
    """

    action: Action
    phase: Phase
    place: Place | None
    version: int
    expected: str | None
    epoch: int = 0
    after: Base | None = None
    before: Base | None = None
    shown: Present | None = None


class Gone(enum.IntEnum):
    """Whether a known entry has been missed. Stored."""

    #: It is there, or was never there.
    NO = 0
    #: It was not there when looked for; whether it is deleted or moved is not yet decided.
    MISSED = 1
    #: As MISSED, and another entry has taken its place.
    DISPLACED = 2


class ServiceState(msgspec.Struct, array_like=True, gc=False):
    """One node on one service.

    Attributes:
        base: What it was last known to hold durably.
        seen: What was last observed there; kept while the entry is missed, so that a move can be recognised.
        seq: When that was, in the service's own counting.
        intent: A mutation under way.
        gone: Whether the entry is missed.
        retired: Revisions that we replaced there, newest last.
        drift: The version that a place which is only written held when it was found changed there; 0 for none.
        unverified: The version that it is believed to hold by size and time alone; 0 for none.
        brought: The service has brought this entry itself: no rule takes it out of its scope (CONTRACT C4).
    """

    base: Base | None = None
    seen: Seen | None = None
    seq: int = 0
    intent: Intent | None = None
    gone: Gone = Gone.NO
    retired: tuple[str, ...] = ()
    drift: int = 0
    brought: bool = False
    unverified: int = 0

    @property
    def known(self) -> Base | None:
        """What the service holds as far as answered, durable or not: what every decision is made against."""
        intent = self.intent
        if intent is None:
            return self.base
        if intent.phase is Phase.VISIBLE:
            return intent.after
        return intent.before or self.base

    def drop_intent(self) -> None:
        """Forgets a mutation that was not done; what was visible before it is so again."""
        intent = self.intent
        if intent is not None and intent.before is not None:
            self.intent = msgspec.structs.replace(
                intent, phase=Phase.VISIBLE, after=intent.before, before=None, shown=None
            )
        else:
            self.intent = None

    @property
    def place(self) -> Place | None:
        """Where the entry is in the service's own tree, or None if it is not there."""
        if self.gone is Gone.DISPLACED:
            return None
        if self.seen is not None:
            return self.seen.place
        known = self.known
        return known.place if known is not None else None

    @property
    def bound(self) -> Place | None:
        """Where a mutation of unknown outcome was to bring the entry, if it is not known to be there."""
        intent = self.intent
        if intent is None or intent.phase is not Phase.SENT or intent.place == self.place:
            return None
        return intent.place

    @property
    def doubted(self) -> Place | None:
        """Where the entry was before a mutation of unknown outcome, if a power cut may have taken that back as well.

        What had been there before it may be there again, and then two entries are known at one place.
        """
        intent = self.intent
        if intent is None or intent.phase is not Phase.SENT or intent.before is None or intent.after is None:
            return None
        return intent.before.place if intent.before.place != intent.place else None

    def is_empty(self, *, deleted: bool) -> bool:
        """Returns whether there is nothing to remember of this service.

        Args:
            deleted: Whether the entry is a tombstone: then what the service had before is no matter either.
        """
        return (
            self.base is None
            and self.seen is None
            and self.intent is None
            and not self.gone
            and not self.drift
            and (deleted or not (self.retired or self.brought))
        )

    @property
    def present(self) -> bool:
        """Whether the entry was there when last looked for."""
        return self.seen is not None and not self.gone

    @property
    def filtered(self) -> bool:
        """Whether something is there that the setup keeps out: it is left alone."""
        return self.seen is not None and self.seen.filtered and not self.gone

    @property
    def decided(self) -> bool:
        """Whether nothing observed is waiting for a decision."""
        if self.gone:
            return False
        seen = self.seen
        if seen is None or seen.reason:
            return True
        known = self.known
        return known is not None and seen.entry.revision == known.revision and seen.place == known.place


class Node(msgspec.Struct, array_like=True):
    """One file, directory or link on all services.

    Attributes:
        id: Its number.
        folder: The folder it belongs to.
        place: Where it is in the head tree; None for the root of a folder.
        head: Number of the current version.
        deleted: True for a tombstone: it lives until no service holds the entry.
        versions: The current version and those that some service still holds.
        services: What each service holds.
        last: Number of the newest version ever made.
        outside: The services whose scope it is not in. Derived, see `core.admission`; kept here because it hangs on the
            whole path.
    """

    id: NodeId
    folder: str
    place: Place | None
    head: int = 0
    deleted: bool = False
    versions: dict[int, Version] = {}
    services: dict[ServiceName, ServiceState] = {}
    last: int = 0
    outside: tuple[ServiceName, ...] = ()

    @property
    def version(self) -> Version:
        """The current version, or the last one of a tombstone."""
        return self.versions[self.head]

    @property
    def is_root(self) -> bool:
        """Whether this is the root of a folder."""
        return self.place is None

    def state(self, service: ServiceName) -> ServiceState:
        """Returns the state of one service, to be changed in place; it is made where there is none."""
        state = self.services.get(service)
        if state is None:
            state = self.services[service] = ServiceState()
        return state

    def add_version(self, version: Version) -> int:
        """Makes a version the newest one and returns its number; its own number is ignored."""
        self.last += 1
        self.versions[self.last] = msgspec.structs.replace(version, number=self.last)
        return self.last

    def same_bytes(self, number: int) -> bool:
        """Returns whether a version has the bytes of the current one, whatever its attributes."""
        return number == self.head or self._bytes_of(number) == self._bytes_of(self.head)

    def _bytes_of(self, number: int) -> int:
        version = self.versions.get(number)
        return version.bytes_of or number if version is not None else number

    def prune(self) -> None:
        """Forgets versions that neither the head nor any service refers to, and services that hold nothing."""
        for name in [name for name, state in self.services.items() if state.is_empty(deleted=self.deleted)]:
            del self.services[name]
        if len(self.versions) <= 1:
            return
        needed = {self.head}
        for state in self.services.values():
            if state.base is not None:
                needed.add(state.base.version)
            if state.intent is not None:
                needed.add(state.intent.version)
                for held in (state.intent.after, state.intent.before):
                    if held is not None:
                        needed.add(held.version)
        for number in [number for number in self.versions if number not in needed]:
            del self.versions[number]
