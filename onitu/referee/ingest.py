"""What the Referee does inside a transaction: observations, listings and answers become decisions.

These functions are called in the store's writer thread with a transaction, and know no Trio and no driver.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

import attrs

from onitu.core.absence import settle_absence
from onitu.core.model import Absent, Observation, State
from onitu.core.node import Gone, Node, NodeId, Phase, Place, ServiceName, ServiceState
from onitu.core.outcome import could_be
from onitu.core.reconcile import decide, miss, observe
from onitu.core.safety import is_held_back
from onitu.core.tree import Effect, Work


@attrs.frozen
class Listed:
    """A directory whose listing has ended.

    Attributes:
        path: Which.
        names: What was in it.
        seq: When it was listed.
    """

    path: str
    names: frozenset[str]
    seq: int


@attrs.define
class Taken:
    """What came of taking something in.

    Attributes:
        effects: What is asked for.
        deferred: Observations that can only be taken in once `probes` are known, in their order.
        probes: Paths to look at first.
        missed: Entries that were missed.
    """

    effects: list[Effect] = attrs.Factory(list)
    deferred: list[Observation] = attrs.Factory(list)
    probes: dict[str, None] = attrs.Factory(dict)
    missed: int = 0


def take_observations(
    work: Work,
    service: ServiceName,
    observations: Iterable[Observation],
    *,
    probed: Mapping[str, State] | None = None,
    fresh: bool = False,
) -> Taken:
    """Takes in observations in their order.

    Args:
        work: The unit of work.
        service: Who shows them.
        observations: What is shown.
        probed: What is at paths that an earlier call asked for.
        fresh: Whether they were asked for just now.
    """
    taken = Taken(effects=work.effects)
    waiting: tuple[str, ...] = ()
    for observation in observations:
        if waiting and _concerns(observation, waiting):
            taken.deferred.append(observation)
            continue
        probe = observe(work, service, observation, probed=probed, fresh=fresh)
        if probe is not None:
            taken.deferred.append(observation)
            taken.probes[probe.path] = None
            # What comes later of either place waits as well: taken first, it would make this one look outdated.
            waiting = (*waiting, observation.path + "/", probe.path + "/")
        elif isinstance(observation.state, Absent) or observation.moved_from is not None:
            taken.missed += 1  # What was moved may have left the folder.
    return taken


def _concerns(observation: Observation, directories: tuple[str, ...]) -> bool:
    """Returns whether an observation is about some paths, which end in a slash, or about something below them."""
    moved_from = observation.moved_from
    return f"{observation.path}/".startswith(directories) or (
        moved_from is not None and f"{moved_from}/".startswith(directories)
    )


def take_listings(work: Work, service: ServiceName, listings: Iterable[Listed]) -> int:
    """Misses what a service was known to hold in directories that were listed completely. Returns how many.

    Args:
        work: The unit of work.
        service: Who listed them.
        listings: The directories; everything in them has been taken in.
    """
    missed = 0
    for listed in listings:
        directory = work.directory(service, listed.path)
        if directory is None:
            continue
        lacking = [
            node.id
            for node in work.held(service, directory)
            if (place := node.services[service].place) is not None and place.name not in listed.names
        ]
        lacking += _not_arrived(work, service, directory, listed)
        for child in lacking:
            miss(work, service, child, listed.seq)
        missed += len(lacking)
    return missed


def _not_arrived(work: Work, service: ServiceName, directory: NodeId, listed: Listed) -> list[NodeId]:
    """Returns what we bring to a directory and is not in it: not yet, or not any more, which its answer will tell.

    What is elsewhere until then is missed there.
    """
    coming = {
        bound.name: child
        for child in work.tree.coming(service, directory)
        if (node := work.tree.glance(child)) is not None
        and (bound := node.services[service].bound) is not None
        and node.services[service].known is None
    }
    if not coming:
        return []
    key = work.member(service).key
    there = {key(name) for name in listed.names}
    return [child for name, child in coming.items() if key(name) not in there]


@attrs.define
class Waiting:
    """What waits for a decision and has to be looked at again.

    Attributes:
        paths: Path to the node that is expected there.
        nodes: All nodes that wait.
        gone: Those of them that were missed, and when.
    """

    paths: dict[str, NodeId] = attrs.Factory(dict)
    nodes: list[NodeId] = attrs.Factory(list)
    gone: dict[NodeId, int] = attrs.Factory(dict)


def find_waiting(
    work: Work, service: ServiceName, nodes: Iterable[NodeId], *, most: int, allowed: Container[NodeId] | None = None
) -> Waiting:
    """Returns what has to be looked at before anything can be decided about waiting nodes.

    Args:
        work: The unit of work; nothing is changed.
        service: The service.
        nodes: Candidates, from `tree.awaiting`.
        most: When to stop.
        allowed: Those among them that may be decided about though they are missed, empty or older; None for all.
    """
    found = Waiting()
    for node_id in nodes:
        if (service, node_id) in work.in_flight:
            continue
        node = work.tree.node(node_id)
        state = node.services.get(service)
        if state is None or (allowed is not None and _is_kept(work, service, node, state, allowed)):
            continue
        found.nodes.append(node_id)
        if state.gone:
            found.gone[node_id] = state.seq
        found.paths.update(dict.fromkeys(_paths(work, service, state), node_id))
        if len(found.nodes) >= most:
            break
    return found


def _is_kept(work: Work, service: ServiceName, node: Node, state: ServiceState, allowed: Container[NodeId]) -> bool:
    """Returns whether a node waits for a person; or a directory above a missed one does, which is decided first."""
    if node.id not in allowed and is_held_back(work, service, node, state):
        return True
    above = work.above(service, state.place) if state.gone and state.place is not None else ()
    return any(
        one.id not in allowed and one.services[service].gone and is_held_back(work, service, one, one.services[service])
        for one in above
    )


def _paths(work: Work, service: ServiceName, state: ServiceState) -> Iterator[str]:
    """Yields where a waiting entry may be: where a mutation of unknown outcome was to bring it, and where it was.

    After a power cut it may also be where that found it.
    """
    places: list[Place] = []
    intent = state.intent
    if intent is not None and intent.phase is Phase.SENT and intent.place is not None:
        places.append(intent.place)
    there = state.place
    if there is not None and there not in places and (intent is not None or state.gone):
        places.append(there)
    doubted = state.doubted
    if doubted is not None and doubted not in places:
        places.append(doubted)
    for place in places:
        path = work.path_on(service, place)
        if path is not None:
            yield path


def find_above(work: Work, service: ServiceName, waiting: Waiting) -> dict[str, list[NodeId]]:
    """Returns the directories above what is still missed, by their paths, each with the nodes that are missed in it.

    Args:
        work: The unit of work; nothing is changed.
        service: The service.
        waiting: What was looked at.
    """
    found: dict[str, list[NodeId]] = {}
    for node_id in waiting.gone:
        node = work.tree.find(node_id)
        state = node.services.get(service) if node is not None else None
        if state is None or not state.gone or state.place is None:
            continue
        for above in work.above(service, state.place):
            place = above.services[service].place
            path = work.path_on(service, place) if place is not None else None
            if path is not None:
                found.setdefault(path, []).append(node_id)
    return found


def find_overtaken(work: Work, service: ServiceName, waiting: Waiting) -> set[NodeId]:
    """Returns those of the waiting nodes that the look tells nothing of, for more was told meanwhile.

    They were missed only since, or once more; or a directory above them was, or has another name by now, and they were
    looked for under the old one.

    Args:
        work: The unit of work; nothing is changed.
        service: The service.
        waiting: What was looked at.
    """
    found: set[NodeId] = set()
    for node_id in waiting.nodes:
        node = work.tree.find(node_id)
        state = node.services.get(service) if node is not None else None
        if state is None:
            continue
        if (
            _is_missed_since(waiting, node_id, state)
            or any(path not in waiting.paths for path in _paths(work, service, state))
            or _is_below_missed(work, service, waiting, state)
        ):
            found.add(node_id)
    return found


def find_sought(work: Work, service: ServiceName, waiting: Waiting, unread: Iterable[NodeId]) -> set[NodeId]:
    """Returns the missed files that may lie where a mutation of unknown outcome was writing: that is read first.

    Args:
        work: The unit of work; nothing is changed.
        service: The service.
        waiting: What was looked at.
        unread: Nodes whose digest is asked for.
    """
    entries = [
        state.seen.entry
        for node_id in unread
        if (state := _state(work, service, node_id)) is not None
        and state.present
        and state.seen is not None
        and state.intent is not None
        and state.intent.phase is Phase.SENT
    ]
    return {
        node_id
        for node_id in (waiting.gone if entries else ())
        if (state := _state(work, service, node_id)) is not None
        and state.gone
        and state.seen is not None
        and any(could_be(state.seen.entry, entry) for entry in entries)
    }


def _state(work: Work, service: ServiceName, node_id: NodeId) -> ServiceState | None:
    node = work.tree.find(node_id)
    return node.services.get(service) if node is not None else None


def _is_missed_since(waiting: Waiting, node_id: NodeId, state: ServiceState) -> bool:
    return bool(state.gone) and waiting.gone.get(node_id) != state.seq


def _is_below_missed(work: Work, service: ServiceName, waiting: Waiting, state: ServiceState) -> bool:
    """Returns whether a missed entry lies in a directory that is missed only since it was chosen: that comes first."""
    if not state.gone or state.place is None:
        return False
    return any(
        _is_missed_since(waiting, above.id, above.services[service]) for above in work.above(service, state.place)
    )


def settle(work: Work, service: ServiceName, waiting: Waiting, *, unknown: AbstractSet[NodeId]) -> None:
    """Decides about waiting nodes, once what is at their places has been taken in.

    Args:
        work: The unit of work.
        service: The service.
        waiting: What was looked at.
        unknown: Nodes whose places could not be looked at: nothing is decided about them.
    """
    for node_id in waiting.nodes:
        node = work.tree.find(node_id)
        if node is not None and node_id not in unknown and (service, node_id) not in work.in_flight:
            _settle_gone(work, service, node)
    for node_id in waiting.nodes:
        node = work.tree.find(node_id)
        state = node.services.get(service) if node is not None else None
        if node is not None and state is not None and state.present and not state.decided:
            decide(work, service, node, settled=True)


def give_up_doubts(work: Work, service: ServiceName, nodes: Iterable[NodeId]) -> None:
    """Takes mutations of unknown outcome for not done, on a service that nobody can ask what became of them.

    They are planned again then. What they may have left is read before it is replaced, and is found there.

    Args:
        work: The unit of work.
        service: The service.
        nodes: What could not be looked at.
    """
    for node_id in nodes:
        node = work.tree.find(node_id)
        state = node.services.get(service) if node is not None else None
        if node is None or state is None or state.intent is None or (service, node_id) in work.in_flight:
            continue
        if state.intent.phase is Phase.SENT:
            state.drop_intent()
            decide(work, service, node)


def _settle_gone(work: Work, service: ServiceName, node: Node) -> None:
    """Decides about a node that was looked for and not found."""
    state = node.services.get(service)
    if state is None:
        return
    sent = state.intent is not None and state.intent.phase is Phase.SENT
    if state.gone:
        settle_absence(work, service, node)
    elif sent and not state.present:
        if state.known is None:
            state.intent = None  # A creation that was not done.
            work.tree.put(node)
        else:
            state.gone = Gone.MISSED
            settle_absence(work, service, node)
