"""A folder on some services, small enough to follow by hand: what each shows is told, what is planned is answered."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import attrs
import msgspec
from blake3 import blake3

from onitu.core.absence import settle_absence
from onitu.core.answers import answered
from onitu.core.capability import Capabilities, Mode
from onitu.core.filters import Filter
from onitu.core.model import Absent, Kind, Observation, Present, State
from onitu.core.node import Node
from onitu.core.patterns import Ignore, Patterns
from onitu.core.plan import Plan, Planner
from onitu.core.reconcile import Probe, decide, observe
from onitu.core.rules import Rules
from onitu.core.scope import Member, Policy, Scope
from onitu.core.task import Task
from onitu.core.tree import Departed, Effect, Work
from onitu.errors import DriverError
from tests.property.memory_tree import MemoryStore, MemoryTree

DIRECTORY = Present(kind=Kind.DIRECTORY, revision="d")


def file(content: str, revision: str = "", *, executable: bool | None = None, digest: bool = True) -> Present:
    """Returns a file of some content; its revision is the content unless another one is given."""
    raw = content.encode()
    return Present(
        kind=Kind.FILE,
        revision=revision or content or "empty",
        size=len(raw),
        executable=executable,
        digests={"blake3": blake3(raw).digest()} if digest else {},
    )


class Desk:
    """A folder.

    Args:
        services: Name and mode of each.
        policy: Who keeps the name in a conflict.
        preferred: As in `Member`.
        trusts_time: As in `Member`.
        atomic: As in `Member`, as patterns.
    """

    def __init__(
        self, *services: str, modes: dict[str, Mode] | None = None, policy: Policy = Policy.KEEP_BOTH,
        preferred: tuple[str, ...] = (), trusts_time: bool = False, atomic: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self._scopes: dict[str, Scope] = {}
        self.tree = MemoryTree(MemoryStore(), self._scopes)
        root = self.tree.create("f", None)
        self.tree.put(root)
        capabilities = Capabilities(
            move_file=True,
            move_directory=True,
            make_directory=True,
            delete_file=True,
            set_attributes=True,
            executable=True,
            stat_files=True,
            mtime_precision_ns=1,
        )  # fmt: skip
        members = {
            name: Member(
                mode=(modes or {}).get(name, Mode.READ_WRITE),
                capabilities=capabilities,
                policy=policy,
                preferred=preferred,
                trusts_time=trusts_time,
                atomic=Patterns.of(atomic),
            )
            for name in services or ("A", "B")
        }
        self.scope = Scope(folder="f", root=root.id, members=members)
        self._scopes["f"] = self.scope
        self.in_flight: set[tuple[str, int]] = set()
        self.standstill: set[tuple[str, int]] = set()
        self.effects: list[Effect] = []
        self.epochs: dict[str, int] = {}
        self.departed = Departed()
        self._seq = itertools.count(1)

    def set_members(self, members: Mapping[str, Member]) -> None:
        """Changes what the setup says of the services, where nothing derived hangs on it."""
        self.scope = attrs.evolve(self.scope, members=members)
        self._scopes["f"] = self.scope

    def set_up(
        self,
        *,
        filters: dict[str, Filter] | None = None,
        everywhere: Filter | None = None,
        ignore: str = "",
        rules: Rules | None = None,
    ) -> None:
        """Changes what the setup says, as at a start with another setup: everything is looked at again.

        Args:
            filters: What single services admit.
            everywhere: What the folder admits.
            ignore: Text of the folder's ignore file.
            rules: The rules.
        """
        members = {}
        for name, member in self.scope.members.items():
            own = (everywhere, (filters or {}).get(name))
            members[name] = attrs.evolve(member, filters=tuple(one for one in own if one is not None))
        ignores = (Ignore.parse(""), Ignore.parse(ignore)) if ignore else ()
        self.scope = attrs.evolve(self.scope, members=members, ignores=ignores, rules=rules, rule_prefix="/f")
        self._scopes["f"] = self.scope
        self.effects.clear()
        work = self.work
        for node in self.tree.known():
            work.tree.put(node)

    def do_without(self, service: str, *tasks: str) -> None:
        """Has a service not be able to do something.

        Args:
            service: Which.
            tasks: What: names of `Capabilities`.
        """
        member = self.scope.members[service]
        able = msgspec.structs.replace(member.capabilities, **dict.fromkeys(tasks, False))
        members = {**self.scope.members, service: attrs.evolve(member, capabilities=able)}
        self.scope = self._scopes["f"] = attrs.evolve(self.scope, members=members)

    @property
    def work(self) -> Work:
        """A new unit of work."""
        return Work(
            self.tree,
            self.scope,
            now_ns=0,
            in_flight=self.in_flight,
            departed=self.departed,
            standstill=self.standstill,
            epochs=self.epochs,
            effects=self.effects,
        )

    def show(
        self, service: str, path: str, state: State, *, seq: int = 0, moved_from: str | None = None,
        probed: Mapping[str, State] | None = None, fresh: bool = False,
    ) -> Probe | None:  # fmt: skip
        """Has a service show something."""
        observation = Observation(path, state, seq or next(self._seq), moved_from)
        return observe(self.work, service, observation, probed=probed, fresh=fresh)

    def lose(self, service: str, path: str) -> None:
        """Has an entry be certainly gone from a service."""
        node = self.work.at(service, path)
        assert node is not None
        self.show(service, path, Absent())
        settle_absence(self.work, service, self.tree.node(node))

    def settle(self, service: str) -> None:
        """Has what is shown be believed that waits to be counted: empty and older contents."""
        for node in list(self.tree.awaiting(service, "f")):
            decide(self.work, service, self.tree.node(node), settled=True)

    def plan(self, service: str) -> Plan:
        """Plans for a service."""
        planner = Planner(self.work, service, sources=tuple(self.scope.members))
        return planner.plan(list(self.tree.dirty(service, "f")), most_tasks=10_000, most_bytes=1 << 40)

    def answer(
        self, service: str, task: Task, outcome: State | DriverError | None = None, *, durable: bool = True,
        epoch: int = 0,
    ) -> None:  # fmt: skip
        """Answers a task; as done, unless told otherwise."""
        answer: Observation | DriverError
        if isinstance(outcome, DriverError):
            answer = outcome
        else:
            answer = Observation(task.destination or task.path, outcome or _done(task), next(self._seq))
        answered(self.work, service, task.node, answer, durable=durable, epoch=epoch)

    def bring(self, *services: str) -> list[tuple[str, str, str]]:
        """Plans and does everything. Returns (service, action, path or "path -> destination")."""
        done = []
        for service in services or tuple(self.scope.members):
            while tasks := self.plan(service).tasks:
                for task in tasks:
                    done.append(
                        (service, task.action.name, task.path + (task.destination and f" -> {task.destination}"))
                    )
                    self.answer(service, task)
        return done

    def have(self, path: str, content: str | None) -> None:
        """Has all services hold a file, or a directory where there is no content."""
        first = next(name for name, member in self.scope.members.items() if member.readable)
        self.show(first, path, DIRECTORY if content is None else file(content))
        self.bring()
        self.effects.clear()

    def node(self, path: str) -> Node:
        """Returns the live node at a path of the head tree."""
        current = self.scope.root
        for part in path.split("/"):
            found = self.tree.child(current, part)
            assert found is not None, f"nothing at {part}"
            current = found
        return self.tree.node(current)

    def heads(self) -> dict[str, str | None]:
        """Returns the head tree: path to revision of the current version, None for a directory."""
        found: dict[str, str | None] = {}
        waiting = [(self.scope.root, "")]
        while waiting:
            parent, above = waiting.pop()
            for child in self.tree.children(parent):
                node = self.tree.node(child)
                assert node.place is not None
                path = f"{above}{node.place.name}"
                is_directory = node.version.kind is Kind.DIRECTORY
                found[path] = None if is_directory else node.version.revision
                waiting.append((child, path + "/"))
        return found


def _done(task: Task) -> State:
    """Returns what a service that does as it is told shows afterwards."""
    if task.action.name == "DELETE":
        return Absent()
    version = task.version
    if version.kind is Kind.DIRECTORY:
        return DIRECTORY
    return Present(
        kind=version.kind,
        revision=version.revision,
        size=version.size,
        executable=version.executable,
        digests=version.digests,
        target=version.target,
    )
