"""A simulated service: a tree in memory that users change behind our back and that keeps the driver contract.

It answers `stat` and `list`, and does conditional mutations: an expectation that does not hold changes nothing. What it
replaces or deletes for us goes to its trash. Nothing here knows the core's decisions.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

import attrs
from blake3 import blake3

from onitu.core.model import Absent, Inadmissible, Kind, Present, State
from onitu.core.node import Action
from onitu.core.plan import Task
from onitu.errors import DriverError, NotFound, RevisionMismatch

_WITH_CONTENT = (Kind.FILE, Kind.SYMLINK)


class Style(enum.Enum):
    """What kind of service is simulated."""

    #: Inodes, which are reused; a rename changes the revision of a file.
    LOCAL = "local"
    #: Ids for ever, revisions that survive a rename, digests in every listing.
    CLOUD = "cloud"
    #: No ids; the revision counts writes.
    PLAIN = "plain"
    #: No ids; the revision is a digest of the content.
    ETAG = "etag"

    @property
    def has_ids(self) -> bool:
        """Whether entries have native ids."""
        return self in (Style.LOCAL, Style.CLOUD)


@attrs.define(eq=False)
class Item:
    """A file, a directory, a link whose content is its target, or (kind None) what cannot be synchronised."""

    kind: Kind | None
    number: int
    stamp: int
    mtime: int
    content: bytes = b""
    executable: bool = False
    excluded: bool = False
    children: dict[str, Item] = attrs.Factory(dict)


class SimulatedService:
    """A tree in memory.

    Args:
        name: Its name.
        style: What kind of service it is.
        durable: Whether what it answers survives a power cut at once.
    """

    def __init__(self, name: str, style: Style, *, durable: bool = True) -> None:
        self.name = name
        self.style = style
        self.durable = durable
        self.root = Item(Kind.DIRECTORY, 0, 0, 0)
        self.trash: list[bytes] = []
        #: Far from any other service's, so that times never agree by accident.
        self.clock = ord(name[0]) * 1_000_000
        self.mutations = 0
        self._seq = 0
        self._numbers: set[int] = {0}
        self._last_number = 0

    # What a driver answers.

    def seq(self) -> int:
        """Returns the next number of the observation counter."""
        self._seq += 1
        return self._seq

    def find(self, path: str) -> Item | None:
        """Returns the item at a path, or None."""
        item = self.root
        for part in path.split("/") if path else ():
            found = item.children.get(part)
            if found is None:
                return None
            item = found
        return item

    def stat(self, path: str, *, digest: bool = False) -> State:
        """Returns what is at a path."""
        item = self.find(path)
        return Absent() if item is None else self.state(item, digest=digest)

    def state(self, item: Item, *, digest: bool = False) -> State:
        """Returns an item as a driver describes it."""
        native_id = f"{self.name}{item.number}" if self.style.has_ids else ""
        if item.kind is None:
            return Inadmissible("a socket", f"s{item.number}", native_id)
        if item.excluded:
            return Inadmissible("excluded", self.revision(item), native_id)
        if item.kind is Kind.DIRECTORY:
            revision = f"d{item.number}" if self.style.has_ids else "d"
            return Present(kind=Kind.DIRECTORY, revision=revision, native_id=native_id)
        if item.kind is Kind.SYMLINK:
            target = item.content.decode()
            return Present(
                kind=Kind.SYMLINK, revision=self.revision(item), mtime_ns=item.mtime, native_id=native_id, target=target
            )
        wanted = digest or self.style is Style.CLOUD
        return Present(
            kind=Kind.FILE,
            revision=self.revision(item),
            size=len(item.content),
            mtime_ns=item.mtime,
            native_id=native_id,
            executable=item.executable,
            digests={"blake3": blake3(item.content).digest()} if wanted else {},
        )

    def revision(self, item: Item) -> str:
        """Returns the revision of a file."""
        if self.style is Style.ETAG:
            return f"{blake3(item.content).hexdigest()[:12]}{'x' if item.executable else ''}"
        number = f"{item.number}:" if self.style is Style.LOCAL else ""
        return f"{number}{item.stamp}"

    def read(self, path: str, revision: str) -> bytes | None:
        """Returns the content of a file, or None where another revision is there."""
        item = self.find(path)
        if item is None or item.kind is not Kind.FILE or self.revision(item) != revision:
            return None
        return item.content

    def walk(self, item: Item | None = None, above: str = "") -> Iterator[tuple[str, Item]]:
        """Yields every path and item below an item, directories before what lies in them."""
        for name, child in sorted((item or self.root).children.items()):
            path = f"{above}/{name}" if above else name
            yield path, child
            if child.kind is Kind.DIRECTORY:
                yield from self.walk(child, path)

    def contents(self) -> dict[str, bytes | None]:
        """Returns every path with its content, None for a directory."""
        return {
            path: item.content if item.kind is not Kind.DIRECTORY else None
            for path, item in self.walk()
            if item.kind is not None
        }

    # What Onitu asks for.

    def mutate(self, task: Task, content: bytes) -> State:
        """Does a mutation and returns what is there now.

        Raises:
            DriverError: It was not done.
        """
        parent, name = self._parent(task.path)
        item = parent.children.get(name)
        if task.action is Action.MAKE_DIRECTORY:
            assert task.expected is None
            if item is not None:
                raise RevisionMismatch(task.path)
            parent.children[name] = item = self._make(Kind.DIRECTORY)
        elif task.action in (Action.WRITE, Action.WRITE_SYMLINK):
            self._expect(item, task.expected, task.path)
            item = self._replace(parent, name, content, task)
        else:
            assert task.expected is not None
            self._expect(item, task.expected, task.path)
            assert item is not None
            item = self._change(parent, name, item, task)
        self.mutations += 1
        return Absent() if item is None else self.state(item, digest=True)

    def _change(self, parent: Item, name: str, item: Item, task: Task) -> Item | None:
        """Deletes, moves or changes the attributes of an item."""
        if task.action is Action.DELETE:
            if item.children:
                raise RevisionMismatch(f"{task.path} is not empty")
            if item.kind is not Kind.DIRECTORY:
                self.trash.append(item.content)
            del parent.children[name]
            self._free(item)
            return None
        if task.action is Action.MOVE:
            beyond, new_name = self._parent(task.destination)
            if new_name in beyond.children or self._holds(item, beyond):
                raise RevisionMismatch(task.destination)
            del parent.children[name]
            beyond.children[new_name] = item
            self._renamed(item)
            return item
        assert task.action is Action.SET_ATTRIBUTES
        item.executable = bool(task.version.executable)
        item.stamp = self.tick()
        return item

    def _replace(self, parent: Item, name: str, content: bytes, task: Task) -> Item:
        """Puts a staged file at its name, as a rename does."""
        old = parent.children.get(name)
        item = self._make(task.version.kind)
        item.content, item.executable = content, bool(task.version.executable)
        item.mtime = task.version.mtime_ns or 0
        if old is not None:
            assert old.kind is item.kind
            self.trash.append(old.content)
            self._free(old)
        parent.children[name] = item
        return item

    def _expect(self, item: Item | None, expected: str | None, path: str) -> None:
        """Raises where something else is there than was expected."""
        if item is None:
            if expected is not None:
                raise NotFound(path)
            return
        state = self.state(item)
        if expected is None or not isinstance(state, Present) or state.revision != expected:
            raise RevisionMismatch(path)

    def _parent(self, path: str) -> tuple[Item, str]:
        """Returns the directory a path lies in, and its name there."""
        above, _, name = path.rpartition("/")
        parent = self.find(above)
        if parent is None or parent.kind is not Kind.DIRECTORY:
            raise NotFound(above)
        return parent, name

    # What users do. Each answers the contents that the user gave up on purpose.

    def tick(self) -> int:
        """Moves the service's clock on."""
        self.clock += 1
        return self.clock

    def link(self, parent: Item, name: str, target: bytes) -> list[bytes]:
        """A user makes a link, in place of one that is there: a link is never written to."""
        lost = self.remove(parent, name) if name in parent.children else []
        item = parent.children[name] = self._make(Kind.SYMLINK)
        item.content = target
        return lost

    def write(self, parent: Item, name: str, content: bytes) -> list[bytes]:
        """A user writes a file; one that is there keeps its id."""
        item = parent.children.get(name)
        lost: list[bytes] = []
        if item is None:
            item = parent.children[name] = self._make(Kind.FILE)
        else:
            lost.append(item.content)
            item.stamp = item.mtime = self.tick()
        item.content = content
        return lost

    def remove(self, parent: Item, name: str) -> list[bytes]:
        """A user deletes an entry with everything in it."""
        item = parent.children.pop(name)
        lost = [item.content] if item.kind in _WITH_CONTENT else []
        for _, below in list(self.walk(item)) if item.children else ():
            if below.kind in _WITH_CONTENT:
                lost.append(below.content)
            self._free(below)
        self._free(item)
        return lost

    def rename(self, parent: Item, name: str, beyond: Item, new_name: str) -> list[bytes] | None:
        """A user renames an entry, over a file if there is one. None where that cannot be done."""
        item, there = parent.children[name], beyond.children.get(new_name)
        if item is there or self._holds(item, beyond):
            return None
        lost: list[bytes] = []
        if there is not None:
            if there.kind not in _WITH_CONTENT or item.kind not in _WITH_CONTENT:
                return None
            lost = self.remove(beyond, new_name)
        del parent.children[name]
        beyond.children[new_name] = item
        self._renamed(item)
        return lost

    def swap(self, parent: Item, name: str, beyond: Item, other: str) -> bool:
        """A user exchanges two entries."""
        one, two = parent.children[name], beyond.children[other]
        if one is two or self._holds(one, two) or self._holds(two, one):
            return False
        parent.children[name], beyond.children[other] = two, one
        self._renamed(one)
        self._renamed(two)
        return True

    def make_directory(self, parent: Item, name: str) -> None:
        """A user makes a directory."""
        parent.children[name] = self._make(Kind.DIRECTORY)

    def make_special(self, parent: Item, name: str) -> None:
        """A user makes something that cannot be synchronised."""
        parent.children[name] = self._make(None)

    def touch(self, item: Item, *, executable: bool | None = None) -> None:
        """A user changes what is not content."""
        item.stamp = self.tick()
        if executable is None:
            item.mtime = item.stamp
        else:
            item.executable = executable

    def _holds(self, item: Item, other: Item) -> bool:
        """Returns whether an item is another one or holds it."""
        return item is other or any(below is other for _, below in (self.walk(item) if item.children else ()))

    def _renamed(self, item: Item) -> None:
        """Does what a rename does to the revision."""
        if self.style in (Style.LOCAL, Style.PLAIN):
            item.stamp = self.tick()

    def _make(self, kind: Kind | None) -> Item:
        """Returns a new item."""
        if self.style is Style.LOCAL:
            number = next(number for number in range(1, len(self._numbers) + 2) if number not in self._numbers)
        else:
            self._last_number += 1
            number = self._last_number
        self._numbers.add(number)
        now = self.tick()
        return Item(kind, number, now, now)

    def _free(self, item: Item) -> None:
        """Gives a number back."""
        self._numbers.discard(item.number)


__all__ = ["DriverError", "Item", "SimulatedService", "Style"]
