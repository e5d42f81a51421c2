"""What may happen in a world: users at work, listings, mutations, faults and crashes, as small steps.

A step is a verb, a service and three numbers that choose among whatever is there, so any list of steps can be played
and a shorter list is still a history: this is what makes failures shrink.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from onitu.core.model import Kind
from tests.property.service import Item
from tests.property.world import World

Step: TypeAlias = tuple[str, int, int, int, int]

NAMES = ("a", "b", "c.txt", "d", "e")

USER_VERBS = (
    "create", "create", "create", "edit", "edit", "append", "empty", "delete", "delete", "rename", "rename", "rename",
    "swap", "mkdir", "mkdir", "to_directory", "to_file", "touch", "execute", "equal",
    "link", "link", "relink", "to_link", "link_to_file",
)  # fmt: skip
SYNC_VERBS = (
    "snapshot", "list", "list", "consume", "consume", "ask", "ask", "settle", "plan", "plan", "plan_few", "do", "do",
    "do_one", "answer", "answer", "sync", "flow", "flow", "flow", "flow",
)  # fmt: skip
FAULT_VERBS = ("torn", "fail", "unknown_done", "unknown_lost", "flow_done", "flow_done", "flow_lost")


def play(world: World, step: Step) -> None:
    """Does one step."""
    verb, which, a, b, c = step
    name = world.names[which % len(world.names)]
    world.say(f"{verb} {name} {a} {b} {c}")
    if verb in _SHELL:
        _SHELL[verb](world, name, a)
    else:
        User(world, name, a, b, c).do(verb)


_SHELL: dict[str, Callable[[World, str, int], object]] = {
    "snapshot": lambda world, name, _: world.snapshot(name),
    "list": lambda world, name, a: world.list_some(name, 1 + a % 2),
    "torn": lambda world, name, a: world.list_some(name, 2, torn=a),
    "consume": lambda world, name, a: world.consume(name, 1 + a),
    "ask": lambda world, name, a: world.ask(name, 1 + a % 3),
    "settle": lambda world, name, _: world.settle(name) if world.places[name].unsettled else None,
    "plan": lambda world, name, _: world.plan(name),
    "plan_few": lambda world, name, a: world.plan(name, 1 + a % 3),
    "do": lambda world, name, a: world.execute(name, 1 + a),
    "do_one": lambda world, name, _: world.execute(name, 1),
    "fail": lambda world, name, _: world.execute(name, 1, fault=1),
    "unknown_done": lambda world, name, _: world.execute(name, 1, fault=2),
    "unknown_lost": lambda world, name, _: world.execute(name, 1, fault=3),
    "answer": lambda world, name, a: world.answer(name, 1 + a),
    "flow": lambda world, name, _: flow(world, name),
    "flow_done": lambda world, name, _: flow(world, name, fault=2),
    "flow_lost": lambda world, name, _: flow(world, name, fault=3),
    "sync": lambda world, name, _: world.sync(name),
    "crash": lambda world, _name, _: world.crash(),
    "rest": lambda world, _name, _: world.rest(),
}


def flow(world: World, name: str, *, fault: int = 0) -> None:
    """Takes in what all services have shown, and brings one up to date; questions wait."""
    for other in world.names:
        world.consume(other)
    world.plan(name)
    world.execute(name, fault=fault)
    world.answer(name)


class User:
    """A person, or a program, on one service.

    Args:
        world: Where.
        name: On which service.
        a: Chooses what.
        b: Chooses where to.
        c: Chooses a name or a content.

    Attributes:
        names: The names that are given.
    """

    names: tuple[str, ...] = NAMES

    def __init__(self, world: World, name: str, a: int, b: int, c: int) -> None:
        self._world = world
        self._name = name
        self._place = world.places[name]
        self._service = self._place.service
        self._a, self._b, self._c = a, b, c
        self._items = list(self._service.walk())

    def do(self, verb: str) -> None:
        """Does one thing, where it can be done."""
        getattr(self, f"_{verb}")()

    def _pick(self, number: int, *kinds: Kind) -> tuple[str, Item] | None:
        """Returns one of the entries of some kinds, or None."""
        items = [(path, item) for path, item in self._items if item.kind in kinds]
        return items[number % len(items)] if items else None

    def _directory(self, number: int) -> tuple[str, Item]:
        """Returns one of the directories, the root included."""
        items = [("", self._service.root), *((p, i) for p, i in self._items if i.kind is Kind.DIRECTORY)]
        return items[number % len(items)]

    def _free(self, number: int) -> tuple[str, Item, str] | None:
        """Returns a path where nothing is, with its directory and name, or None."""
        above, parent = self._directory(number)
        name = self.names[self._c % len(self.names)]
        if name in parent.children or above.count("/") > 3:
            return None
        return (f"{above}/{name}" if above else name), parent, name

    def _holder(self, path: str) -> tuple[Item, str]:
        """Returns the directory a path lies in, and its name there."""
        above, _, name = path.rpartition("/")
        parent = self._service.find(above)
        assert parent is not None
        return parent, name

    def _content(self) -> bytes:
        """Returns a content that nobody has made before, of a size that many have."""
        return b"%05d" % len(self._world.created)

    def _written(self, path: str, content: bytes, lost: list[bytes]) -> None:
        """Notes and reports a write."""
        self._world.made(self._name, content)
        self._world.superseded.update(set(lost) - {content})
        self._world.changed(self._name, path)
        self._world.say(f"    user {self._name} writes {path} {content!r}")

    def _create(self) -> None:
        free = self._free(self._a)
        if free is not None:
            path, parent, name = free
            content = self._content()
            self._written(path, content, self._service.write(parent, name, content))

    def _link(self) -> None:
        free = self._free(self._a)
        if free is not None and self._world.links:
            self._make_link(*free)

    def _relink(self) -> None:
        found = self._pick(self._a, Kind.SYMLINK)
        if found is not None:
            self._make_link(found[0], *self._holder(found[0]))

    def _to_link(self) -> None:
        found = self._pick(self._a, Kind.FILE, Kind.DIRECTORY)
        if found is not None and self._world.links:
            self._make_link(found[0], *self._holder(found[0]))

    def _make_link(self, path: str, parent: Item, name: str) -> None:
        target = self._content()
        self._written(path, target, self._service.link(parent, name, target))

    def _link_to_file(self) -> None:
        found = self._pick(self._a, Kind.SYMLINK)
        if found is not None:
            parent, name = self._holder(found[0])
            self._world.superseded.update(self._service.remove(parent, name))
            content = self._content()
            self._written(found[0], content, self._service.write(parent, name, content))

    def _edit(self) -> None:
        self._rewrite(self._content())

    def _append(self) -> None:
        found = self._pick(self._a, Kind.FILE)
        if found is not None:
            self._rewrite(found[1].content + b"+" + self._content())

    def _empty(self) -> None:
        self._rewrite(b"")

    def _equal(self) -> None:
        """Writes what another service holds at the same path."""
        found = self._pick(self._a, Kind.FILE)
        names = [name for name in self._world.names if name != self._name]
        if found is None or not names:
            return
        there = self._world.places[names[self._b % len(names)]].service.find(found[0])
        if there is not None and there.kind is Kind.FILE:
            self._rewrite(there.content)

    def _rewrite(self, content: bytes) -> None:
        found = self._pick(self._a, Kind.FILE)
        if found is not None:
            parent, name = self._holder(found[0])
            self._written(found[0], content, self._service.write(parent, name, content))

    def _delete(self) -> None:
        found = self._pick(self._a, *Kind)
        if found is not None:
            self._world.say(f"    user {self._name} deletes {found[0]}")
            parent, name = self._holder(found[0])
            below = [path for path, _ in self._service.walk(found[1], found[0])] if found[1].children else []
            self._world.superseded.update(self._service.remove(parent, name))
            for path in [*reversed(below), found[0]] if self._b % 2 else [found[0]]:
                self._world.changed(self._name, path)

    def _rename(self) -> None:
        found = self._pick(self._a, *Kind)
        if found is None:
            return
        above, beyond = self._directory(self._b)
        new_name = self.names[self._c % len(self.names)]
        new = f"{above}/{new_name}" if above else new_name
        parent, name = self._holder(found[0])
        lost = self._service.rename(parent, name, beyond, new_name)
        if lost is not None:
            self._world.say(f"    user {self._name} renames {found[0]} to {new}")
            self._world.superseded.update(lost)
            self._world.moved(self._name, found[0], new)

    def _swap(self) -> None:
        one, two = self._pick(self._a, *Kind), self._pick(self._b, *Kind)
        if one is None or two is None:
            return
        if self._service.swap(*self._holder(one[0]), *self._holder(two[0])):
            self._world.say(f"    user {self._name} swaps {one[0]} and {two[0]}")
            self._world.moved(self._name, one[0], "swap~")
            self._world.moved(self._name, two[0], one[0])
            self._world.moved(self._name, "swap~", two[0])

    def _mkdir(self) -> None:
        free = self._free(self._a)
        if free is not None:
            self._world.say(f"    user {self._name} makes directory {free[0]}")
            self._service.make_directory(free[1], free[2])
            self._world.changed(self._name, free[0])

    def _to_directory(self) -> None:
        found = self._pick(self._a, Kind.FILE)
        if found is not None:
            self._world.say(f"    user {self._name} makes {found[0]} a directory")
            parent, name = self._holder(found[0])
            self._world.superseded.update(self._service.remove(parent, name))
            self._service.make_directory(parent, name)
            self._world.changed(self._name, found[0])

    def _to_file(self) -> None:
        found = self._pick(self._a, Kind.DIRECTORY)
        if found is not None:
            self._world.say(f"    user {self._name} makes {found[0]} a file")
            parent, name = self._holder(found[0])
            self._world.superseded.update(self._service.remove(parent, name))
            content = self._content()
            self._written(found[0], content, self._service.write(parent, name, content))

    def _touch(self) -> None:
        found = self._pick(self._a, Kind.FILE)
        if found is not None:
            self._service.touch(found[1])
            self._world.changed(self._name, found[0])

    def _execute(self) -> None:
        found = self._pick(self._a, Kind.FILE)
        if found is not None:
            self._service.touch(found[1], executable=not found[1].executable)
            self._world.changed(self._name, found[0])
