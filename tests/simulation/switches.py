"""What stands in the place of a safeguard that was taken away: functions of Onitu that leave one thing out.

They exist only here; `mutations` says which of Onitu's they replace for the time of a run.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

import onitu.core.derive
import onitu.core.identity
import onitu.core.indexed
import onitu.core.outcome
import onitu.core.reconcile
import onitu.referee.ingest
from onitu.core import answers
from onitu.core.absence import settle_absence
from onitu.core.model import Absent, Observation, Present, State, Unknown
from onitu.core.node import Action, Node, NodeId, Phase, Place, Seen, ServiceState
from onitu.core.plan import Planner
from onitu.core.steps import Steps
from onitu.errors import DriverError
from onitu.referee.link import Link
from onitu.referee.observer import Observer
from onitu.transfer.digest import read_content
from tests.property.service import Item, SimulatedService
from tests.simulation.core import Core

if TYPE_CHECKING:
    from onitu.core.identity import Probe
    from onitu.core.indexed import IndexedTree
    from onitu.core.task import Task
    from onitu.core.tree import Work
    from onitu.host.stream import Batch
    from onitu.referee.ingest import Listed, Waiting
    from onitu.transfer.party import Party
    from tests.simulation.world import World

#: An object, a name in it, and what takes its place.
Patch: TypeAlias = tuple[object, str, Any]

Part: TypeAlias = tuple[str, int, str]


def nothing(*_: object, **__: object) -> None:
    """Does nothing."""


# What comes in.


def every_observation(change: Callable[[Observation], Observation]) -> Patch:
    """Returns a patch by which every observation is another one."""
    original = onitu.core.reconcile.observe

    @functools.wraps(original)
    def observe(
        work: Work,
        service: str,
        observation: Observation,
        *,
        probed: Mapping[str, State] | None = None,
        fresh: bool = False,
    ) -> object:
        return original(work, service, change(observation), probed=probed, fresh=fresh)

    return (onitu.referee.ingest, "observe", observe)


def newest(observation: Observation) -> Observation:
    """Takes whatever comes for what is there now."""
    return msgspec.structs.replace(observation, seq=next(_SEQUENCE))


def unknown_is_absent(observation: Observation) -> Observation:
    """Takes what is not known for what is not there."""
    if isinstance(observation.state, Unknown):
        return msgspec.structs.replace(observation, state=Absent())
    return observation


def never_racy(observation: Observation) -> Observation:
    """Takes no file for one that may be written again without a new revision."""
    state = observation.state
    if isinstance(state, Present) and state.racy:
        return msgspec.structs.replace(observation, state=msgspec.structs.replace(state, racy=False))
    return observation


def torn_is_complete(self: Observer, batch: Batch) -> list[Listed]:
    """Takes every listing for a whole one."""
    listings = [listing._replace(complete=True) for listing in batch.listings]
    return _LISTED(self, msgspec.structs.replace(batch, listings=listings))


async def cursor_first(self: Observer, batch: Batch) -> None:
    """Keeps the place in a stream before what was told up to there."""
    if batch.cursor is not None:
        await self._listings([], batch.cursor)
    await _BATCH(self, batch)


def late_is_dropped(
    work: Work, service: str, node: Node, there: Place, entry: Present, seq: int, *, fresh: bool
) -> None:
    """Forgets what is told of an entry that was looked for since, though not where it is now."""
    if seq >= node.state(service).seq:
        _TAKE_IN(work, service, node, there, entry, seq, fresh=fresh)


def untold_is_unmoved(*given: Any) -> Node | Probe | Unknown | None:  # noqa: ANN401 - whatever it is given
    """Takes what nobody tells of for still there."""
    found = _BOUND(*given)
    return None if isinstance(found, Unknown) else found


def nothing_retired(
    work: Work, service: str, node: Node, there: Place, entry: Present, seq: int, *, fresh: bool
) -> None:
    """Remembers nothing of what we replaced."""
    node.state(service).retired = ()
    _TAKE_IN(work, service, node, there, entry, seq, fresh=fresh)


async def any_length(party: Party, path: str, revision: str, *, size: int | None = None) -> tuple[int, bytes]:
    """Takes whatever came for the whole file."""
    length, digest = await _READ(party, path, revision, size=size)
    return length if size is None else size, digest


async def never_racy_again(*_: object) -> bool:
    """Takes a moment for over once a file was read in it."""
    return False


# What is decided.


def absence_at_once(work: Work, service: str, listings: Iterable[Listed]) -> int:
    """Decides what is missed in a directory as soon as that is listed."""
    listings = list(listings)
    held = {node for listed in listings for node in _held(work, service, listed)}
    missed = _TAKE_LISTINGS(work, service, listings)
    for node_id in sorted(held):
        node = work.tree.find(node_id)
        state = node.services.get(service) if node is not None else None
        if node is not None and state is not None and state.gone:
            settle_absence(work, service, node)
    return missed


def _held(work: Work, service: str, listed: Listed) -> list[NodeId]:
    directory = work.directory(service, listed.path)
    return list(work.held_children(service, directory)) if directory is not None else []


def only_gone(work: Work, service: str, waiting: Waiting, *, unknown: AbstractSet[NodeId]) -> None:
    """Leaves undecided what is there and was not decided before the core died."""
    for node_id in waiting.nodes:
        node = work.tree.find(node_id)
        if node is not None and node_id not in unknown and (service, node_id) not in work.in_flight:
            onitu.referee.ingest._settle_gone(work, service, node)


def although_unknown(work: Work, service: str, waiting: Waiting, *, unknown: AbstractSet[NodeId]) -> None:
    """Decides about what a second look has not told anything of."""
    del unknown
    _SETTLE(work, service, waiting, unknown=frozenset())


def only_settled(node: Node) -> dict[tuple[str, NodeId], Part]:
    """Leaves out of fingerprints what is not decided."""
    return {key: part for key, part in _PARTS(node).items() if part[1] != onitu.core.derive.UNSETTLED}


def early_expiry(self: IndexedTree, node: Node) -> None:
    """Forgets a tombstone as soon as it is one."""
    if node.deleted:
        node.services.clear()
    _PUT(self, node)


def settled_at_once(self: Link, _delay: float) -> None:
    """Waits for nothing that may explain what is missed."""
    _SETTLE_AFTER(self, 0.0)


# What becomes of our own mutations.


def without_intent_line(_work: Work, _service: str, _node: Node, state: ServiceState, *_: object, fresh: bool) -> None:
    """Never asks whether what is there is what we have sent."""
    del fresh
    if state.intent is not None and state.intent.phase is Phase.SENT:
        state.drop_intent()


def always_fresh(
    work: Work, service: str, node: Node, state: ServiceState, seen: Seen, before: Seen | None, *, fresh: bool
) -> None:
    """Takes every observation for one that was made after the mutation."""
    del fresh
    _SETTLE_INTENT(work, service, node, state, seen, before, fresh=True)


def durable_at_once(
    work: Work,
    service: str,
    node: NodeId,
    outcome: Observation | DriverError,
    *,
    durable: bool,
    epoch: int = 0,
    sent: Mapping[str, bytes] | None = None,
) -> None:
    """Takes what was answered for what is on the disk."""
    del durable
    _ANSWERED(work, service, node, outcome, durable=True, epoch=epoch, sent=sent)


def never_rebooted(self: Core, world: World, *, rebooted: bool) -> None:
    """Takes a power cut for a restart."""
    del rebooted
    _CORE(self, world, rebooted=False)


# What is planned, and done.


def without_barrier() -> tuple[Patch, ...]:
    """Returns patches by which a mutation of unknown outcome is taken for none."""
    ready, dirty = Planner._ready, onitu.core.derive.is_dirty

    def unbarred(state: ServiceState) -> ServiceState:
        if state.intent is None or state.intent.phase is not Phase.SENT:
            return state
        return msgspec.structs.replace(state, intent=None, base=state.known)

    def is_dirty(node: Node, service: str, *, readable: bool) -> bool:
        state = node.services.get(service)
        if state is None:
            return dirty(node, service, readable=readable)
        other = msgspec.structs.replace(node, services={**node.services, service: unbarred(state)})
        return dirty(other, service, readable=readable)

    return (
        (Planner, "_ready", lambda self, node, state: ready(self, node, unbarred(state))),
        (onitu.core.derive, "is_dirty", is_dirty),
    )


def although_undecided(_self: Planner, _node: Node, state: ServiceState) -> bool:
    """Plans for what shows something that nobody has decided about."""
    return state.intent is None or state.intent.phase is not Phase.SENT


def seen_is_expected(self: Steps, node: Node, state: ServiceState) -> str | None:
    """Expects what was seen last, decided or not."""
    expected = _EXPECTED(self, node, state)
    return state.seen.entry.revision if expected is not None and state.seen is not None else expected


def with_content(self: Steps, node: Node, state: ServiceState) -> None:
    """Plans a deletion, whatever lies in the directory."""
    if state.known is not None:
        self._add(node, state, Action.DELETE, self._routes.path(state.known.place), place=None)


def recursive(self: SimulatedService, parent: Item, name: str, item: Item, task: Task) -> Item | None:
    """Deletes a directory with everything in it."""
    if task.action is Action.DELETE and item.children:
        self.trash.extend(below.content for _, below in self.walk(item) if below.content)
        self.remove(parent, name)
        return None
    return _CHANGE(self, parent, name, item, task)


_SEQUENCE = itertools.count(1 << 50)
_TAKE_IN = onitu.core.reconcile._take_in
_READ = read_content
_SETTLE_INTENT = onitu.core.outcome.settle_intent
_LISTED = Observer._listed
_BATCH = Observer._batch
_TAKE_LISTINGS = onitu.referee.ingest.take_listings
_SETTLE_AFTER = Link.settle_after
_SETTLE = onitu.referee.ingest.settle
_CHANGE = SimulatedService._change
_PUT = onitu.core.indexed.IndexedTree.put
_PARTS = onitu.core.derive.fingerprint_parts
_ANSWERED = answers.answered
_BOUND = onitu.core.identity.bound
_CORE = Core.__init__
_EXPECTED = Steps._expected


def missed_since(work: Work, service: str, waiting: Waiting) -> set[NodeId]:
    """Returns only what was missed since it was chosen, wherever it was looked for."""
    found = onitu.referee.ingest.find_overtaken(work, service, waiting)
    return found - waiting.gone.keys()
