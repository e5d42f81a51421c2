"""In which order one service is brought to hold what it should: the planner.

It looks at nodes where base is not head, and answers tasks in an order in which they can be done one after the other:
a directory before what lies in it, whoever leaves a name before whoever takes it, children before their directory is
deleted. What each of them takes is found in `steps.py`.

What a node waits for is planned before it, with a stack of our own: trees are thousands of levels deep, and so are
chains in which each entry takes the name of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from onitu.core.atomic import is_waited_for
from onitu.core.model import Kind
from onitu.core.node import Node, NodeId, Phase, ServiceName, ServiceState
from onitu.core.steps import Steps
from onitu.core.task import Obstacle, Plan, Source, Task
from onitu.core.tree import Work

__all__ = ["MOST_LOOKED_AT", "Obstacle", "Plan", "Planner", "Source", "Task"]

#: Candidates looked at in one go, whether or not they can be planned: a transaction stays short.
MOST_LOOKED_AT = 2_000


class _Waiting(msgspec.Struct, frozen=True):
    """A node that is planned once what it waits for is.

    Attributes:
        node: The node.
        state: What the service holds of it.
        before: What it waits for, and whether that has the name it is to take.
        is_in_the_way: Whether it has the name that another one is to take.
    """

    node: Node
    state: ServiceState
    before: Iterator[tuple[NodeId, bool]]
    is_in_the_way: bool


class Planner:
    """Plans for one service inside one transaction.

    Args:
        work: The unit of work.
        service: The service that is to be changed.
        sources: The services that can be read now, best first.
        skip: Tells which nodes are not to be touched now, because they failed a moment ago.
        defer: Tells which writes have to wait, because enough of their kind are under way.
    """

    def __init__(
        self,
        work: Work,
        service: ServiceName,
        *,
        sources: Iterable[ServiceName],
        skip: Callable[[NodeId], bool] = lambda _: False,
        defer: Callable[[Node, Source], bool] = lambda _, __: False,
    ) -> None:
        self._work = work
        self._tree = work.tree
        self._service = service
        self._member = work.member(service)
        self._result = Plan()
        self._steps = Steps(work, service, self._result, sources=sources, defer=defer)
        self._skip = skip
        self._tried: set[NodeId] = set()
        self._waiting: set[NodeId] = set()
        self._most_tasks = self._most_bytes = 0

    def plan(self, candidates: Iterable[NodeId], *, most_tasks: int, most_bytes: int) -> Plan:
        """Plans for the candidates, in their order, until enough is planned. Intents are recorded with it.

        Args:
            candidates: Nodes where base may not be head.
            most_tasks: When to stop.
            most_bytes: When to stop.
        """
        result, left = self._result, MOST_LOOKED_AT
        self._most_tasks, self._most_bytes = most_tasks, most_bytes
        for candidate in candidates:
            left -= 1
            if not left or self._is_enough():
                result.next = candidate
                break
            self._bring_about(candidate)
        return result

    def _is_enough(self) -> bool:
        """Returns whether enough is planned for now."""
        return len(self._result.tasks) >= self._most_tasks or self._result.bytes >= self._most_bytes

    def _bring_about(self, candidate: NodeId) -> None:
        """Plans for a candidate after what it waits for. Where that is enough already, the candidate waits."""
        first = self._enter(candidate)
        stack = [] if first is None else [first]
        while stack and not self._is_enough():
            waiting = stack[-1]
            for other, is_in_the_way in waiting.before:
                if other in self._waiting:
                    self._break_circle(stack, other, is_in_the_way=is_in_the_way)
                    continue
                entered = self._enter(other, is_in_the_way=is_in_the_way)
                if entered is not None:
                    stack.append(entered)
                    break
            else:
                stack.pop()
                self._waiting.discard(waiting.node.id)
                self._steps.take(waiting.node, waiting.state)

    def _break_circle(self, stack: list[_Waiting], other: NodeId, *, is_in_the_way: bool) -> None:
        """Lets one of those that wait for each other take a name of its own for a moment."""
        first = next(index for index, waiting in enumerate(stack) if waiting.node.id == other)
        circle = [waiting.node for waiting in stack[first:]]
        in_the_way = [circle[0]] if is_in_the_way else []
        # It may wait for its directory, where somebody has the directory's name: perhaps itself.
        in_the_way += [waiting.node for waiting in reversed(stack[first + 1 :]) if waiting.is_in_the_way]
        able = self._member.capabilities
        for node in in_the_way:
            if not self._steps.goes(node) or (able.move_file and able.move_directory):
                self._steps.step_aside(node)
                return
        # What has a name is deleted once that is held elsewhere which waits for the name.
        for node in circle:
            if not self._steps.goes(node):
                self._steps.wait_beside(node)
                return

    def _enter(self, node_id: NodeId, *, is_in_the_way: bool = False) -> _Waiting | None:
        """Returns a node with what it waits for, or None if it was tried before or is not to be touched now."""
        if node_id in self._tried:
            return None
        self._tried.add(node_id)
        if self._skip(node_id) or (self._service, node_id) in self._work.in_flight:
            return None
        node = self._tree.find(node_id)
        if node is None or not node.versions or node.place is None:
            return None
        state = node.state(self._service)
        if not self._ready(node, state):
            return None
        self._waiting.add(node_id)
        return _Waiting(node, state, self._before(node, state), is_in_the_way)

    def _ready(self, node: Node, state: ServiceState) -> bool:
        """Returns whether nothing undecided stands in the way."""
        if state.intent is not None and state.intent.phase is Phase.SENT:
            return False  # The barrier: nothing is stacked on an unknown outcome.
        if node.place is not None and is_waited_for(self._work, self._service, node.place):
            return False
        if state.filtered:
            if node.id in self._steps.needed:
                self._steps.hinder(node, Obstacle.UNMANAGED)
            return False  # It is left alone, and that is as it should be.
        if state.seen is not None and state.seen.reason and state.present:
            self._steps.hinder(node, Obstacle.UNMANAGED)
            return False
        return state.decided or not self._member.readable

    def _before(self, node: Node, state: ServiceState) -> Iterator[tuple[NodeId, bool]]:
        """Yields what has to be planned before a node, and whether that has the name it is to take."""
        if self._steps.goes(node):
            for other in self._before_it_goes(node, state):
                yield other, False
            return
        place, held = node.place, self._steps.held(node, state)
        if place is None or (held is not None and held.place == place):
            return
        if not self._steps.stands(place.parent):
            self._steps.needed.add(place.parent)  # Even if it does not belong here for its own sake.
            yield place.parent, False
        if held is not None and node.version.kind is Kind.DIRECTORY:
            for inner in self._between(place.parent, node.id):
                yield inner, False  # The directory it goes to still lies in it: that one leaves first.
        occupant = self._work.locate(self._service, place.parent, place.name)
        if occupant is not None and occupant != node.id:
            yield occupant, True

    def _before_it_goes(self, node: Node, state: ServiceState) -> Iterator[NodeId]:
        """Yields what has to be planned before a node is taken away: what lies in it, and what keeps its content."""
        if node.version.kind is Kind.DIRECTORY:
            yield from self._work.held_children(self._service, node.id)
        held = node.versions.get(state.known.version) if state.known is not None else None
        copy = self._steps.copy(held) if held is not None else None
        there = copy.services.get(self._service) if copy is not None else None
        if copy is not None and self._service not in copy.outside and (there is None or there.known is None):
            yield copy.id

    def _between(self, directory: NodeId, node_id: NodeId) -> list[NodeId]:
        """Returns a directory and those above it up to a node it lies in on the service; none if it does not."""
        passed: list[NodeId] = []
        while directory != node_id:
            passed.append(directory)
            found = self._tree.find(directory)
            state = found.services.get(self._service) if found is not None else None
            place = state.place if state is not None else None
            if place is None or place.parent in passed or directory == self._work.scope.root:
                return []
            directory = place.parent
        return passed
