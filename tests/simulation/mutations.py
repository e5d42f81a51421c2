"""Safeguards taken away, one at a time: a simulation that finds nothing then would prove nothing.

Each is a switch that exists only here: a function of Onitu replaced for the time of a run.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import attrs
import msgspec

import onitu.core.answers
import onitu.core.conflict
import onitu.core.content
import onitu.core.derive
import onitu.core.identity
import onitu.core.indexed
import onitu.core.lifecycle
import onitu.core.moves
import onitu.core.reconcile
import onitu.referee.asker
import onitu.referee.ingest
import onitu.referee.keeper
import onitu.referee.mover
import onitu.referee.observer
import onitu.transfer.digest
from onitu.core.absence import settle_absence
from onitu.core.compare import Equality
from onitu.core.model import Absent, Observation, Present, Unknown
from onitu.core.node import Action, Phase
from onitu.core.plan import Planner
from onitu.errors import DriverError
from onitu.referee.link import Link
from onitu.referee.observer import Observer
from onitu.supervisor.service import Service
from onitu.transfer.digest import DIGEST, read_content
from tests.property.service import SimulatedService
from tests.simulation.core import Core
from tests.simulation.run import Result, run
from tests.simulation.scenario import draw
from tests.simulation.stream import Stream

#: Seeds after which a mutation counts as not caught.
MOST_SEEDS = 2_000

Patch = tuple[object, str, Any]


@attrs.frozen(kw_only=True)
class Mutation:
    """A safeguard taken away.

    Attributes:
        name: What is wrong with the algorithm then.
        patches: What is replaced: an object, a name and the new value.
        forgiving: Whether services do not compare expectations.
        verifying: Whether services verify what they are sent.
    """

    name: str
    patches: tuple[Patch, ...] = ()
    forgiving: bool = False
    verifying: bool = True

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Takes the safeguard away for a while."""
        with contextlib.ExitStack() as stack:
            for target, name, value in self.patches:
                stack.enter_context(mock.patch.object(target, name, value))
            yield

    def run(self, seed: int) -> Result:
        """Runs a seed without the safeguard."""
        with self.applied():
            return run(draw(seed), forgiving=self.forgiving, verifying=self.verifying)

    def hunt(self, most: int = MOST_SEEDS, *, first: int = 0) -> tuple[int, Result] | None:
        """Returns how many seeds it took to find it, and what was found; None if that was too many."""
        for count in range(most):
            result = self.run(first + count)
            if result.violation is not None and run(draw(first + count)).violation is None:
                return count + 1, result
        return None


def _wrapped_observe(change: Callable[[Observation], Observation]) -> Patch:
    """Returns a patch by which every observation is another one."""
    original = onitu.core.reconcile.observe

    @functools.wraps(original)
    def observe(work: Any, service: str, observation: Observation, **options: Any) -> Any:  # noqa: ANN401
        return original(work, service, change(observation), **options)

    return (onitu.referee.ingest, "observe", observe)


def _without_barrier() -> tuple[Patch, ...]:
    ready, dirty = Planner._ready, onitu.core.derive.is_dirty

    def unbarred(state: Any) -> Any:  # noqa: ANN401
        if state is None or state.intent is None or state.intent.phase is not Phase.SENT:
            return state
        known = state.known
        return msgspec.structs.replace(state, intent=None, base=known)

    def is_dirty(node: Any, service: str, *, readable: bool) -> bool:  # noqa: ANN401
        state = node.services.get(service)
        if state is None or state.intent is None:
            return dirty(node, service, readable=readable)
        other = msgspec.structs.replace(node, services={**node.services, service: unbarred(state)})
        return dirty(other, service, readable=readable)

    return (
        (Planner, "_ready", lambda self, node, state: ready(self, node, unbarred(state))),
        (onitu.core.derive, "is_dirty", is_dirty),
    )


def _without_intent_line(work: Any, service: str, node: Any, state: Any, *_: Any, **__: Any) -> None:  # noqa: ANN401
    del work, service, node
    if state.intent is not None and state.intent.phase is Phase.SENT:
        state.drop_intent()


def _torn_is_complete(self: Observer, batch: Any) -> Any:  # noqa: ANN401
    listings = [listing._replace(complete=True) for listing in batch.listings]
    return _LISTED(self, msgspec.structs.replace(batch, listings=listings))


def _no_settling(work: Any, service: str, waiting: Any, *, unknown: Any) -> None:  # noqa: ANN401
    for node_id in waiting.nodes:
        node = work.tree.find(node_id)
        if node is not None and node_id not in unknown and (service, node_id) not in work.in_flight:
            onitu.referee.ingest._settle_gone(work, service, node)


def _absence_at_once(work: Any, service: str, listings: Any) -> int:  # noqa: ANN401
    listings = list(listings)
    before = {key for listed in listings for key in _held(work, service, listed)}
    missed = _TAKE_LISTINGS(work, service, listings)
    for child in sorted(before):
        node = work.tree.find(child)
        state = node.services.get(service) if node is not None else None
        if state is not None and state.gone:
            settle_absence(work, service, node)
    return missed


def _held(work: Any, service: str, listed: Any) -> list[int]:  # noqa: ANN401
    directory = work.directory(service, listed.path)
    return list(work.held_children(service, directory)) if directory is not None else []


def _settle_unknown(work: Any, service: str, waiting: Any, *, unknown: Any) -> None:  # noqa: ANN401
    del unknown
    _SETTLE(work, service, waiting, unknown=frozenset())


def _recursive(self: Any, parent: Any, name: str, item: Any, task: Any) -> Any:  # noqa: ANN401
    if task.action is Action.DELETE and item.children:
        self.trash.extend(below.content for _, below in self.walk(item) if below.content)
        self.remove(parent, name)
        return None
    return _CHANGE(self, parent, name, item, task)


def _delete_with_content(self: Any, node: Any, state: Any) -> None:  # noqa: ANN401
    if state.known is not None:
        self._add(node, state, Action.DELETE, self._routes.path(state.known.place), place=None)


def _early_expiry(self: Any, node: Any) -> None:  # noqa: ANN401
    if node.deleted:
        node.services.clear()
    _PUT(self, node)


async def _any_length(party: Any, observed: Observation) -> Observation:  # noqa: ANN401
    entry = observed.state
    if not isinstance(entry, Present):
        return observed
    try:
        _, digest = await read_content(party, observed.path, entry.revision, size=entry.size)
    except DriverError as error:
        return Observation(observed.path, Unknown(str(error)), observed.seq)
    known = msgspec.structs.replace(entry, digests={**entry.digests, DIGEST: digest}, racy=False)
    return Observation(observed.path, known, observed.seq)


def _only_settled(node: Any) -> Any:  # noqa: ANN401
    parts = _PARTS(node)
    return {key: part for key, part in parts.items() if part[1] != onitu.core.derive.UNSETTLED}


async def _cursor_first(self: Observer, batch: Any) -> None:  # noqa: ANN401
    if batch.cursor is not None:
        await self._listings([], batch.cursor)
    await _BATCH(self, batch)


def _durable_at_once(*arguments: Any, durable: bool, epoch: int = 0) -> None:  # noqa: ANN401
    del durable
    _ANSWERED(*arguments, durable=True, epoch=epoch)


def _never_rebooted(self: Core, world: Any, *, rebooted: bool) -> None:  # noqa: ANN401
    del rebooted
    _CORE(self, world, rebooted=False)


def _plan_undecided(self: Planner, node: Any, state: Any) -> bool:  # noqa: ANN401
    del self, node
    return state.intent is None or state.intent.phase is not Phase.SENT


def _expect_seen(self: Planner, node: Any, state: Any) -> str | None:  # noqa: ANN401
    expected = _EXPECTED(self, node, state)
    return state.seen.entry.revision if expected is not None and state.seen is not None else expected


def _newest(observation: Observation) -> Observation:
    # Whatever comes is taken for what is there now.
    return msgspec.structs.replace(observation, seq=next(_SEQUENCE))


def _sequence() -> Iterator[int]:
    number = 1 << 50
    while True:
        number += 1
        yield number


_SEQUENCE = _sequence()
_LISTED = Observer._listed
_BATCH = Observer._batch
_TAKE_LISTINGS = onitu.referee.ingest.take_listings
_SETTLE = onitu.referee.ingest.settle
_CHANGE = SimulatedService._change
_PUT = onitu.core.indexed.IndexedTree.put
_PARTS = onitu.core.derive.fingerprint_parts
_ANSWERED = onitu.core.answers.answered
_CORE = Core.__init__
_EXPECTED = Planner._expected


def _unknown_is_absent(observation: Observation) -> Observation:
    if isinstance(observation.state, Unknown):
        return msgspec.structs.replace(observation, state=Absent())
    return observation


def _never_racy(observation: Observation) -> Observation:
    state = observation.state
    if isinstance(state, Present) and state.racy:
        return msgspec.structs.replace(observation, state=msgspec.structs.replace(state, racy=False))
    return observation


def _nothing(*_: object, **__: object) -> None:
    return None


MUTATIONS = (
    Mutation(name="a mutation without a precondition", forgiving=True),
    Mutation(name="no barrier: a second mutation is stacked on an unknown outcome", patches=_without_barrier()),
    Mutation(
        name="no intent line: our own write that landed is taken for an edit",
        patches=((onitu.core.reconcile, "settle_intent", _without_intent_line),),
    ),
    Mutation(name="a torn listing derives deletes", patches=((Observer, "_listed", _torn_is_complete),)),
    Mutation(
        name="a conflict name is reused though its copy was edited",
        patches=((onitu.core.conflict, "_keeps", lambda copy, _version: not copy.deleted),),
    ),
    Mutation(
        name="the revision of what was seen is expected, not that of the base",
        patches=((Planner, "_ready", _plan_undecided), (Planner, "_expected", _expect_seen)),
    ),
    Mutation(name="an old observation is believed", patches=(_wrapped_observe(_newest),)),
    Mutation(
        name="what was not decided before a crash is skipped after it",
        patches=((onitu.referee.asker, "settle", _no_settling),),
    ),
    Mutation(name="the base advances before Sync", patches=((onitu.referee.mover, "answered", _durable_at_once),)),
    Mutation(name="a power cut is taken for a restart", patches=((Core, "__init__", _never_rebooted),)),
    Mutation(
        name="the winner replaces the loser before that is held elsewhere",
        patches=((Planner, "_kept", lambda _self, _held: True),),
    ),
    Mutation(
        name="absence is decided per directory, not once all was seen",
        patches=((onitu.referee.observer, "take_listings", _absence_at_once),),
    ),
    Mutation(
        name="a recursive delete",
        patches=((SimulatedService, "_change", _recursive), (Planner, "_delete", _delete_with_content)),
    ),
    Mutation(
        name="a name is taken before whoever has it has left it",
        patches=((Planner, "_vacates", lambda _self, _node, _occupant, _place: True),),
    ),
    Mutation(name="racily clean entries are taken for clean", patches=(_wrapped_observe(_never_racy),)),
    Mutation(
        name="a tombstone expires before all services have it",
        patches=((onitu.core.indexed.IndexedTree, "put", _early_expiry),),
    ),
    Mutation(name="a move is not matched", patches=((onitu.core.reconcile, "mover", _nothing),)),
    Mutation(name="unknown is taken for absent", patches=(_wrapped_observe(_unknown_is_absent),)),
    Mutation(
        name="absence is decided though the second look had no answer",
        patches=((onitu.referee.asker, "settle", _settle_unknown),),
    ),
    Mutation(name="delete beats edit", patches=((onitu.core.lifecycle, "revive", _nothing),)),
    Mutation(name="what was sent is not verified", verifying=False),
    Mutation(
        name="the digest of a file read in part is believed",
        patches=((onitu.transfer.digest, "_read_one", _any_length),),
    ),
    Mutation(
        name="a later absence overtakes the rename that explains it",
        patches=(
            (
                onitu.referee.ingest,
                "_concerns",
                lambda observation, waiting: observation.path.startswith(waiting),
            ),
        ),
    ),
    Mutation(name="what had no answer is never asked again", patches=((Link, "retry", _nothing),)),
    Mutation(
        name="an undecided entry leaves its directory's fingerprint alone",
        patches=(
            (onitu.core.indexed, "fingerprint_parts", _only_settled),
            (onitu.core.derive, "fingerprint_parts", _only_settled),
        ),
    ),
    Mutation(
        name="the cursor is kept before what it covers",
        patches=((Observer, "_batch", _cursor_first),),
    ),
    Mutation(
        name="a root that is not the one that is known is taken for it",
        patches=((Service, "_check_roots", lambda *_: set()), (Stream, "lose_root", _nothing)),
    ),
    Mutation(
        name="a directory is deleted though something new lives in it",
        patches=((onitu.core.moves, "revive_directory", _nothing),),
    ),
    Mutation(
        name="an equal file is copied as a conflict",
        patches=((onitu.core.content, "same_bytes", lambda *_: Equality.DIFFERENT),),
    ),
)
