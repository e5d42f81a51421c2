"""A whole setup in one thread: simulated services, their users, and the shell's loop around the pure core.

The shell is modelled exactly as `onitu.referee` drives the core: one ordered stream of observations per service, misses
when a directory's listing is complete, absences settled at the end of a snapshot, plans whose tasks are executed in
order and answered one by one. Every step is small, so that users, listings, mutations and crashes interleave.
"""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import msgspec
from blake3 import blake3

from onitu.core.admission import exclusion
from onitu.core.answers import answered, durable
from onitu.core.capability import Capabilities, Mode
from onitu.core.filters import Filter
from onitu.core.model import Absent, Kind, Observation, Present, State, Unknown
from onitu.core.node import Action, Node, NodeId
from onitu.core.patterns import Ignore, Patterns
from onitu.core.plan import Plan, Planner, Task
from onitu.core.reconcile import observe
from onitu.core.rules import Rules
from onitu.core.scope import Member, Policy, Scope
from onitu.core.tree import Departed, Later, NeedDigest, NeedSync, Notice, Recheck, Relist, Settle, Work
from onitu.errors import DriverError, OutcomeUnknown, SourceChanged, Unavailable
from onitu.referee.ingest import Listed, find_waiting, settle, take_listings
from tests.property.memory_tree import MemoryStore, MemoryTree
from tests.property.service import SimulatedService, Style

FOLDER = "f"

#: Turns of listing everything and doing everything after which a setup must be at rest.
MOST_ROUNDS = 12

#: Rounds of one question leading to the next. Hardly ever more than three are needed.
MOST_QUESTIONS = 200


@attrs.frozen(kw_only=True)
class Event:
    """One thing in a service's ordered stream: an observation, a complete listing, or the end of a snapshot."""

    observation: Observation | None = None
    listed: str | None = None
    names: frozenset[str] = frozenset()
    seq: int = 0
    ends: bool = False


@attrs.define(eq=False)
class Place:
    """A service, and what the shell holds for it in memory."""

    service: SimulatedService
    live: bool
    paired: bool
    events: collections.deque[Event] = attrs.Factory(collections.deque)
    questions: collections.deque[NeedDigest | Recheck] = attrs.Factory(collections.deque)
    listing: list[str] | None = None
    tasks: collections.deque[Task] = attrs.Factory(collections.deque)
    answers: collections.deque[tuple[NodeId, Observation | DriverError]] = attrs.Factory(collections.deque)
    unsettled: bool = False
    later: list[str] = attrs.Factory(list)


class World:
    """A setup.

    Args:
        styles: One per service.
        modes: One per service; all may be read and written unless said otherwise.
        live: Which services report changes as they happen.
        paired: Whether live renames are reported as such.
        durable: Whether what is answered is durable.
        policy: Who keeps the name in a conflict.
        links: Whether symbolic links take part.
        without: What each service cannot do; all can do everything unless said otherwise.
        atomic: Directories that conflict as one.
        check: Whether the records are examined after every transaction.
    """

    def __init__(  # noqa: PLR0913  Each says what a setup is like; most tests name one or two.
        self,
        styles: list[Style],
        *,
        modes: list[Mode] | None = None,
        live: bool = True,
        paired: bool = True,
        durable: bool = True,
        policy: Policy = Policy.KEEP_BOTH,
        links: bool = False,
        without: list[tuple[str, ...]] | None = None,
        atomic: tuple[str, ...] = (),
        check: bool = False,
    ) -> None:
        self.check = check
        self.links = links
        self.places: dict[str, Place] = {}
        members: dict[str, Member] = {}
        for index, style in enumerate(styles):
            name = "ABCDE"[index]
            service = SimulatedService(name, style, durable=durable or style is not Style.LOCAL)
            self.places[name] = Place(service, live, paired)
            capabilities = Capabilities(
                move_file=True, move_directory=True, make_directory=True, delete_file=True, set_attributes=True,
                executable=True, native_ids=style.has_ids, symlinks=links, mtime_precision_ns=1,
            )  # fmt: skip
            for task in without[index] if without else ():
                capabilities = msgspec.structs.replace(capabilities, **{task: False})
            mode = modes[index] if modes else Mode.READ_WRITE
            members[name] = Member(
                mode=mode, capabilities=capabilities, symlinks=links, policy=policy, atomic=Patterns.of(atomic)
            )
        self.store = MemoryStore()
        self.scopes: dict[str, Scope] = {}
        tree = MemoryTree(self.store, self.scopes)
        root = tree.create(FOLDER, None)
        tree.put(root)
        tree.commit()
        self.scope = Scope(folder=FOLDER, root=root.id, members=members)
        self.scopes[FOLDER] = self.scope
        self.in_flight: set[tuple[str, NodeId]] = set()
        self.departed = Departed()
        self.standstill: set[tuple[str, NodeId]] = set()
        self.created: dict[bytes, set[str]] = {}
        self.superseded: set[bytes] = set()
        self.notices: list[Notice] = []
        self.done: list[tuple[str, Task]] = []
        self.log: list[str] = []
        self.trace = False
        #: Whether second looks are answered with nothing but "unknown".
        self.deaf = False

    def say(self, text: str) -> None:
        """Notes what happens, for a person who reads a failure."""
        if self.trace:
            self.log.append(text)

    @property
    def names(self) -> list[str]:
        """Names of the services."""
        return list(self.places)

    # The shell.

    @contextlib.contextmanager
    def work(self) -> Iterator[Work]:
        """One transaction; its effects are released after the commit."""
        tree = MemoryTree(self.store, self.scopes)
        work = Work(
            tree,
            self.scope,
            now_ns=1_000_000_000,
            in_flight=self.in_flight,
            departed=self.departed,
            standstill=self.standstill,
        )
        yield work
        tree.commit()
        for effect in work.effects:
            if isinstance(effect, Notice):
                self.notices.append(effect)
                self.say(f"    notice {effect.event} {effect.service} {effect.path} {effect.fields}")
            elif isinstance(effect, NeedSync):
                continue  # A sync is a step of its own here.
            elif isinstance(effect, Relist):
                self.places[effect.service].events.extend(self._listing(effect.service, effect.path))
            elif isinstance(effect, Settle):
                self.places[effect.service].unsettled = True
            elif isinstance(effect, Later):
                self.places[effect.service].unsettled = True
                self.places[effect.service].later.append(effect.path)
            elif effect not in (questions := self.places[effect.service].questions):
                questions.append(effect)
        if self.check:
            self.examine()

    def show(self, name: str, observation: Observation, *, fresh: bool = False) -> None:
        """Takes in one observation, looking at whatever other paths that takes."""
        self.say(f"  observe {name} {observation.path} {describe(observation.state)} seq={observation.seq}"
                 f" from={observation.moved_from} fresh={fresh}")  # fmt: skip
        service = self.places[name].service
        probed: dict[str, State] = {}
        while True:
            with self.work() as work:
                probe = observe(work, name, observation, probed=probed, fresh=fresh)
                assert probe is None or (probe.path not in probed and not work.tree.changed)  # type: ignore[attr-defined]
            if probe is None:
                break
            probed[probe.path] = service.stat(probe.path)
            self.say(f"    probe {probe.path}: {describe(probed[probe.path])}")
        if isinstance(observation.state, Absent):
            self.places[name].unsettled = True

    def consume(self, name: str, most: int = 1_000_000) -> None:
        """Takes in what is in a service's stream."""
        events = self.places[name].events
        while events and most:
            most -= 1
            event = events.popleft()
            if event.observation is not None:
                self.show(name, event.observation)
            elif event.listed is not None:
                self._complete(name, event)
            if event.ends:
                self.settle(name)

    def _complete(self, name: str, event: Event) -> None:
        """Misses what a complete listing did not show."""
        assert event.listed is not None
        self.say(f"  listed {name} {event.listed!r} {sorted(event.names)} seq={event.seq}")
        with self.work() as work:
            take_listings(work, name, [Listed(event.listed, event.names, event.seq)])

    def settle(self, name: str) -> None:
        """Decides about what waits, after another look."""
        place = self.places[name]
        service, place.unsettled = place.service, False
        place.questions.extend(Recheck(name, path) for path in place.later)
        place.later.clear()
        self.standstill -= {held for held in self.standstill if held[0] == name}
        with self.work() as work:
            waiting = find_waiting(work, name, work.tree.awaiting(name, FOLDER), most=1_000)
        self.say(f"  settle {name} {waiting}")
        unknown: set[NodeId] = set()
        for path, node_id in waiting.paths.items():
            seq = service.seq()
            state = Unknown("deaf") if self.deaf else service.stat(path)
            if isinstance(state, Unknown):
                unknown.add(node_id)
            elif not isinstance(state, Absent):
                self.show(name, Observation(path, state, seq), fresh=True)
        with self.work() as work:
            settle(work, name, waiting, unknown=unknown)

    def ask(self, name: str, most: int = 1_000_000) -> None:
        """Answers the core's questions about a service."""
        questions = self.places[name].questions
        service = self.places[name].service
        asked = 0
        while questions and asked < most:
            asked += 1
            assert asked < MOST_QUESTIONS, f"questions without end: {list(questions)[:4]}"
            question = questions.popleft()
            if isinstance(question, NeedDigest):
                with self.work() as work:
                    path = self._path_of(work, name, question.node)
            else:
                path = question.path
            self.say(f"  ask {question}: {path}")
            if path is None:
                continue
            seq = service.seq()
            state = service.stat(path, digest=isinstance(question, NeedDigest))
            self.show(name, Observation(path, state, seq), fresh=True)

    def _path_of(self, work: Work, name: str, node_id: NodeId) -> str | None:
        """Returns where a service shows a node."""
        node = work.tree.find(node_id)
        state = None if node is None else node.services.get(name)
        if state is None or state.place is None:
            return None
        return work.path_on(name, state.place)

    # Listings.

    def begin_snapshot(self, name: str) -> None:
        """Starts a snapshot, or starts it again."""
        self.places[name].listing = [""]

    def list_some(self, name: str, most: int, *, torn: int | None = None) -> None:
        """Lists some directories of a running snapshot; a torn one shows one entry less and is not complete."""
        place = self.places[name]
        if place.listing is None:
            self.begin_snapshot(name)
        listing = place.listing
        assert listing is not None
        while listing and most:
            most -= 1
            directory = listing.pop()
            listing.extend(reversed(self._list_one(name, directory, torn=torn)))
        if not listing:
            place.listing = None
            place.events.append(Event(ends=True))

    def _listing(self, name: str, path: str) -> list[Event]:
        """Returns the events of a partial snapshot of one directory and all below it."""
        place = self.places[name]
        kept, place.events = place.events, collections.deque()
        waiting = [path]
        while waiting:
            waiting.extend(self._list_one(name, waiting.pop()))
        events, place.events = list(place.events), kept
        return events

    def _list_one(self, name: str, directory: str, *, torn: int | None = None) -> list[str]:
        """Emits one directory and returns those in it."""
        place = self.places[name]
        service = place.service
        seq = service.seq()
        item = service.find(directory)
        if item is None or item.kind is not Kind.DIRECTORY:
            return []
        entries = sorted(item.children.items())
        complete = torn is None or not entries
        if not complete:
            assert torn is not None
            left_out = torn % len(entries)
            if torn % 2:
                path = f"{directory}/{entries[left_out][0]}" if directory else entries[left_out][0]
                place.events.append(Event(observation=Observation(path, Unknown("torn"), seq)))
            del entries[left_out]
        below = []
        for child, entry in entries:
            path = f"{directory}/{child}" if directory else child
            place.events.append(Event(observation=Observation(path, service.state(entry), seq)))
            if entry.kind is Kind.DIRECTORY:
                below.append(path)
        if complete:
            names = frozenset(child for child, _ in entries)
            place.events.append(Event(listed=directory, names=names, seq=seq))
        return below

    def snapshot(self, name: str) -> None:
        """Lists a whole service at once."""
        self.begin_snapshot(name)
        self.list_some(name, 1_000_000)

    # Mutations.

    def plan(self, name: str, most: int = 1_000) -> Plan | None:
        """Plans for a service that has nothing to do. Returns the plan."""
        place = self.places[name]
        if place.tasks or place.answers or not self.scope.members[name].writable:
            return None
        with self.work() as work:
            tree = work.tree
            assert isinstance(tree, MemoryTree)
            planner = Planner(work, name, sources=self.names)
            plan = planner.plan(list(tree.dirty(name, FOLDER)), most_tasks=most, most_bytes=1 << 40)
        able = self.scope.members[name].capabilities
        for task in plan.tasks:
            if task.action is Action.MOVE:
                assert able.move_file, task
                assert able.move_directory or task.version.kind is not Kind.DIRECTORY, task
            assert able.delete_file or task.action is not Action.DELETE, task
            self.say(f"  plan {name} {describe_task(task)}")
            assert task.action in _NEEDS_NOTHING or task.expected is not None, task
        place.tasks.extend(plan.tasks)
        self.in_flight.update((name, task.node) for task in plan.tasks)
        return plan

    def execute(self, name: str, most: int = 1_000_000, *, fault: int = 0) -> None:
        """Has a service do some of its tasks. Faults: 1 not done, 2 done but nobody knows, 3 not done, nobody knows."""
        place = self.places[name]
        while place.tasks and most:
            most -= 1
            task = place.tasks.popleft()
            outcome = self._execute(name, task, fault)
            self.say(f"  do {name} {describe_task(task)} -> {outcome!r}")
            place.answers.append((task.node, outcome))

    def _execute(self, name: str, task: Task, fault: int) -> Observation | DriverError:
        """Does one task."""
        service = self.places[name].service
        if fault == 1:
            return Unavailable("not now")
        if fault == 3:
            return OutcomeUnknown("lost")
        content = (task.version.target or "").encode()
        if task.source is not None:
            found = self.places[task.source.service].service.read(task.source.path, task.source.revision)
            known = task.version.digests.get("blake3")
            if found is None or (known is not None and blake3(found).digest() != known):
                questions = self.places[task.source.service].questions
                question = Recheck(task.source.service, task.source.path)
                if question not in questions:
                    questions.append(question)
                return SourceChanged(task.source.path)
            content = found
        path = task.destination or task.path
        try:
            state = service.mutate(task, content)
        except DriverError as error:
            return error
        self.done.append((name, task))
        self._echo(name, task)
        return OutcomeUnknown("lost") if fault == 2 else Observation(path, state, service.seq())

    def _echo(self, name: str, task: Task) -> None:
        """Reports our own mutation as a live change, as watchers do."""
        if task.destination:
            self.moved(name, task.path, task.destination)
        else:
            self.changed(name, task.path)

    def answer(self, name: str, most: int = 1_000_000) -> None:
        """Takes in some answers."""
        place = self.places[name]
        while place.answers and most:
            most -= 1
            node, outcome = place.answers.popleft()
            self.in_flight.discard((name, node))
            self.say(f"  answer {name} node {node} {outcome!r}")
            with self.work() as work:
                answered(work, name, node, outcome, durable=place.service.durable)

    def sync(self, name: str) -> None:
        """Makes durable what was answered."""
        with self.work() as work:
            tree = work.tree
            assert isinstance(tree, MemoryTree)
            for node in list(tree.visible(name, FOLDER)):
                durable(work, name, node)

    def crash(self) -> None:
        """Everything in memory is lost; what was sent may have been done."""
        self.in_flight.clear()
        self.departed = Departed()
        self.standstill.clear()
        for place in self.places.values():
            place.events.clear()
            place.questions.clear()
            place.later.clear()
            place.tasks.clear()
            place.answers.clear()
            place.listing = None
        for name in self.names:
            self.begin_snapshot(name)

    # The setup.

    def add(self, name: str, service: SimulatedService) -> None:
        """A service joins the folder, with whatever it holds."""
        some = next(iter(self.places.values()))
        self.places[name] = Place(service, some.live, some.paired)
        capabilities = attrs.evolve(next(iter(self.scope.members.values())), mode=Mode.READ_WRITE)
        self._setup({**self.scope.members, name: capabilities})

    def remove(self, name: str) -> SimulatedService:
        """A service leaves the folder, and what was known of it is forgotten."""
        service = self.places.pop(name).service
        self._setup({other: member for other, member in self.scope.members.items() if other != name})
        with self.work() as work:
            for node in self.store.nodes():
                found = work.tree.find(node.id)
                if found is not None and found.services.pop(name, None) is not None:
                    work.tree.put(found)
        return service

    def narrow(
        self, filters: Mapping[str, tuple[Filter, ...]], rules: Rules | None = None, *, ignore: str = ""
    ) -> None:
        """Another setup comes into force: what belongs where is judged again, and everything is listed anew.

        Args:
            filters: What services admit; all others everything.
            rules: The rules.
            ignore: Text of the folder's ignore file.
        """
        members = {
            name: attrs.evolve(member, filters=filters.get(name, ())) for name, member in self.scope.members.items()
        }
        ignores = (Ignore(), Ignore.parse(ignore)) if ignore else (Ignore(),)
        self.scope = attrs.evolve(self.scope, ignores=ignores, rules=rules, rule_prefix=f"/{FOLDER}")
        self._setup(members)
        self.say(f"narrow {filters} {rules} {ignore!r}")
        with self.work() as work:
            for node in self.store.nodes():
                found = work.tree.find(node.id)
                if found is not None:
                    work.tree.put(found)
        for name in self.names:
            self.begin_snapshot(name)

    def assert_scoped(self) -> None:
        """Asserts P2 and P20 for a narrowed folder: every service has what belongs there, and nothing else of ours."""
        with self.work() as work:
            for node in self.store.nodes():
                if node.place is None or node.deleted:
                    continue
                path = work.head_path(node)
                for name, member in self.scope.members.items():
                    state = node.services.get(name)
                    if exclusion(self.scope, name, path, node) is not None:
                        assert name in node.outside, (name, path)
                        assert state is None or state.known is None, f"{name} still holds {path}"
                        continue
                    assert name not in node.outside, (name, path)
                    if not member.writable or self._is_blocked(work, name, node):
                        continue
                    item = self.places[name].service.find(path)
                    assert item is not None, f"{name} lacks {path}"
                    assert item.kind is node.version.kind
                    if item.kind is Kind.FILE and "blake3" in node.version.digests:
                        assert blake3(item.content).digest() == node.version.digests["blake3"], f"{name}: {path}"

    def _is_blocked(self, work: Work, name: str, node: Node) -> bool:
        """Returns whether something that is left alone has a service's place of a node, or of a directory above it."""
        current: Node | None = node
        while current is not None and current.place is not None:
            occupant = work.locate(name, current.place.parent, current.place.name)
            for there in (current, work.tree.find(occupant) if occupant is not None else None):
                state = there.services.get(name) if there is not None else None
                if state is not None and state.filtered:
                    return True
            current = work.tree.find(current.place.parent)
        return False

    def _setup(self, members: dict[str, Member]) -> None:
        """Changes who takes part, and derives everything again."""
        self.scope = attrs.evolve(self.scope, members=members)
        self.scopes[FOLDER] = self.scope
        self.store.index, self.store.fingerprints = self.store.rebuilt(self.scopes)

    # Live changes.

    def changed(self, name: str, path: str) -> None:
        """Reports what is at a path now, and what lies in it."""
        place = self.places[name]
        if not place.live:
            return
        seq = place.service.seq()
        state = place.service.stat(path)
        place.events.append(Event(observation=Observation(path, state, seq)))
        if isinstance(state, Present) and state.kind is Kind.DIRECTORY:
            place.events.extend(self._listing(name, path))

    def moved(self, name: str, old: str, new: str) -> None:
        """Reports a rename."""
        place = self.places[name]
        if not place.live:
            return
        if not place.paired:
            self.changed(name, old)
            self.changed(name, new)
            return
        seq = place.service.seq()
        state = place.service.stat(new)
        place.events.append(Event(observation=Observation(new, state, seq, old)))

    # Coming to rest.

    def drain(self) -> None:
        """Answers and takes in all that is under way."""
        for _ in range(MOST_QUESTIONS):
            for name, place in self.places.items():
                self.execute(name)
                self.answer(name)
                self.consume(name)
                self.ask(name)
                if place.unsettled and not place.events:
                    self.settle(name)
            if not any(
                place.events or place.questions or place.tasks or place.answers or place.unsettled
                for place in self.places.values()
            ):
                return
        raise AssertionError("events without end")

    def round(self, *, services: list[str] | None = None) -> int:
        """Lists everything, does everything. Returns how many mutations that took."""
        before = len(self.done)
        for name in services or self.names:
            self.snapshot(name)
        self.drain()
        for name in services or self.names:
            plan = self.plan(name)
            if plan is not None and plan.tasks:
                self.execute(name)
                self.answer(name)
        self.drain()
        for name in services or self.names:
            self.sync(name)
        return len(self.done) - before

    def rest(self, *, services: list[str] | None = None) -> int:
        """Comes to rest. Returns how many rounds did something (P2, P3)."""
        self.drain()
        for number in range(MOST_ROUNDS):
            self.say(f"round {number}")
            if not self.round(services=services) and not any(place.tasks for place in self.places.values()):
                self.examine()
                return number
        raise AssertionError("does not come to rest")

    # What must hold.

    def examine(self) -> None:
        """Asserts that the head tree is well-formed (P27) and that every derived record can be rebuilt (P28)."""
        index, fingerprints = self.store.rebuilt(self.scopes)
        assert index == self.store.index, difference(index, self.store.index)
        assert fingerprints == self.store.fingerprints
        nodes = {node.id: node for node in self.store.nodes()}
        for node in nodes.values():
            if not node.deleted:
                self._examine_place(nodes, node)

    def _examine_place(self, nodes: Mapping[NodeId, Node], node: Node) -> None:
        """Asserts that a live node hangs below the root."""
        seen = {node.id}
        while node.place is not None:
            assert node.place.parent in nodes, f"node {node.id} has no parent"
            parent = nodes[node.place.parent]
            assert not parent.deleted, f"node {node.id} {node.place.name} lies in deleted {parent.id}"
            assert parent.is_root or parent.version.kind is Kind.DIRECTORY, f"node {node.id} lies in a file"
            assert parent.id not in seen, "a cycle"
            seen.add(parent.id)
            node = parent
        assert node.id == self.scope.root

    def assert_no_loss(self) -> None:
        """Asserts P1: every content a user made is live, or a user gave it up where it was shown.

        Where changes do not count, the trash will do.
        """
        live = {content for place in self.places.values() for content in place.service.contents().values()}
        for content, makers in self.created.items():
            if content in live or content in self.superseded:
                continue
            counts = [name for name in makers if self.scope.members[name].readable]
            trash = any(content in place.service.trash for place in self.places.values())
            assert not counts, f"{content!r} of {makers} is lost (in trash: {trash})"
            assert trash, f"{content!r} of {makers} is lost, and in no trash"

    def assert_converged(self) -> None:
        """Asserts P2: all services hold the same."""
        first, *others = self.names
        expected = self.projection(first)
        for name in others:
            assert self.projection(name) == expected, f"{name} differs from {first}: " + difference(
                self.projection(name), expected
            )

    def projection(self, name: str) -> dict[str, object]:
        """Returns what a service holds, as far as it is synchronised."""
        service = self.places[name].service
        return {
            path: (item.kind, item.content, item.executable) if item.kind is not Kind.DIRECTORY else None
            for path, item in service.walk()
            if item.kind is not None
        }

    def made(self, name: str, content: bytes) -> None:
        """Notes that a user made a content."""
        self.created.setdefault(content, set()).add(name)


_NEEDS_NOTHING = (Action.MAKE_DIRECTORY, Action.WRITE, Action.WRITE_SYMLINK)


def describe(state: State) -> str:
    """Returns a state in a few characters."""
    if isinstance(state, Present):
        return f"{state.kind.name[0]}[{state.revision} {state.native_id} {state.size}]"
    return type(state).__name__


def describe_task(task: Task) -> str:
    """Returns a task in a few characters."""
    return (
        f"{task.action.name} node {task.node} {task.path!r} -> {task.destination!r} expected={task.expected}"
        f" v{task.version.number} from {task.source}"
    )


def difference(one: Mapping[Any, Any], two: Mapping[Any, Any]) -> str:
    """Returns where two mappings differ."""
    keys = [key for key in {**one, **two} if one.get(key) != two.get(key)]
    return "; ".join(f"{key!r}: {one.get(key)!r} / {two.get(key)!r}" for key in keys[:6])


__all__ = ["FOLDER", "World"]
