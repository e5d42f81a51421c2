"""A service of the simulator: the tree of the property tests, asked through a driver's operations.

It adds what only a driver has: unflushed writes that a power cut takes back, names that are one name to it, coarse
times, and streams that hear of every change. It keeps the driver contract; breaking calls is `client`'s part.
"""

from __future__ import annotations

import functools
import hashlib
import random
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs
import msgspec

from onitu.core.capability import Capabilities, Conditional, NameComparison
from onitu.core.fingerprint import MODULUS, entry_fingerprint
from onitu.core.model import (
    DIGEST,
    Absent,
    Copy,
    Delete,
    Kind,
    MakeDirectory,
    Move,
    Observation,
    Operation,
    Present,
    SetAttributes,
    State,
    Write,
    WriteSymlink,
)
from onitu.core.node import Action, Version
from onitu.core.task import Task
from onitu.errors import NotFound
from tests.property.service import Item, SimulatedService, Style

if TYPE_CHECKING:
    from tests.simulation.stream import Stream


class Folded(dict[str, Item]):
    """The entries of a directory where several spellings are one name; it keeps the one it was made with."""

    def __init__(self, fold: Callable[[str], str]) -> None:
        super().__init__()
        self._fold = fold
        self._spelled: dict[str, str] = {}

    def spelled(self, name: str) -> str:
        """Returns a name as it is spelled here, if there is an entry of it."""
        return self._spelled.get(self._fold(name), name)

    def __getitem__(self, name: str) -> Item:
        return super().__getitem__(self.spelled(name))

    def __setitem__(self, name: str, item: Item) -> None:
        spelled = self._spelled.setdefault(self._fold(name), name)
        super().__setitem__(spelled, item)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(self.spelled(name))
        self._spelled.pop(self._fold(name), None)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._fold(name) in self._spelled

    def get(self, name: str, default: Item | None = None) -> Item | None:  # type: ignore[override]  # Narrower.
        return super().get(self.spelled(name), default)

    def pop(self, name: str) -> Item:  # type: ignore[override]  # Narrower.
        item = self[name]
        del self[name]
        return item


#: An algorithm that some clouds tell, as services do that have one of their own, and disks compute.
THEIRS = "sha256"


@attrs.frozen(kw_only=True)
class Traits:
    """What kind of service it is.

    Attributes:
        style: Its ids and revisions.
        durable: Whether what it answers survives a power cut at once.
        paired: Whether renames are reported as such.
        polled: It reports nothing by itself: it is listed every so often.
        cursors: It can say what changed since a place in its stream.
        computes: Whether it computes digests where the files lie.
        coarse: Its revisions are made of size and whole seconds.
        names: How it compares names.
        asked: Whether its driver can be asked what is at a path.
        glances: Whether it looks at what has changed only when it tells of it, some time after it took the number for
            that, as a watcher of a service far away does; its answers are numbered when they come.
        tells: By which algorithm a cloud tells digests of its own accord.
    """

    style: Style
    durable: bool
    paired: bool
    polled: bool
    cursors: bool
    computes: bool
    coarse: bool
    names: NameComparison = NameComparison.EXACT
    asked: bool = True
    glances: bool = False
    tells: str = DIGEST


class Account(SimulatedService):
    """A service.

    Args:
        name: Its name.
        traits: What kind it is.
        now: Virtual seconds.

    Attributes:
        online: Whether it can be reached.
        rooted: Whether its root is there.
        mute: It answers no question of what is there.
        lagging: Its streams tell nothing for a while.
        torn: How many of its next listings are torn, whatever chance says.
        fates: What becomes of its next mutations, in place of chance.
        streams: The streams that are open.
        forgiving: Expectations are not compared: a mutation of the simulator's, see `mutations`.
        operations: What was really done for us: (action, path).
        unpromised: Contents that were overwritten within one tick of a clock that is all there is to tell them apart.
        adopted: What a power cut has left of contents, in files that a user has touched since.
        generation: That of the last configuration.
        log: What changed, for cursors: paths in their order.
    """

    def __init__(self, name: str, traits: Traits, now: Callable[[], float]) -> None:
        self.traits = traits
        self.now = now
        self.online = self.rooted = True
        self.mute = self.lagging = False
        self.torn = 0
        self.fates: list[str] = []
        self.streams: list[Stream] = []
        self.forgiving = False
        self.operations: list[tuple[Action, str]] = []
        self.unpromised: set[bytes] = set()
        self._hidden: set[bytes] = set()
        self.adopted: set[bytes] = set()
        self._torn: set[bytes] = set()
        self._touched: set[Item] = set()
        self.generation = 0
        self.log: list[str] = []
        self._unsynced: list[Callable[[random.Random], None]] = []
        self._passing: dict[str, str] = {}
        super().__init__(name, traits.style, durable=traits.durable)
        self.root = self._prepared(self.root)

    @functools.cached_property
    def capabilities(self) -> Capabilities:
        """What its driver says of it."""
        return Capabilities(
            watch=True, whole_files=True, get_files=True, apply_batch=True, stat_files=self.traits.asked, staging=True,
            trash=True, move_file=True, move_directory=True, make_directory=True, delete_file=True, set_attributes=True,
            executable=True, symlinks=True, native_ids=self.style.has_ids, sync=not self.durable,
            mtime_precision_ns=0 if self.traits.coarse else 1,
            conditional=Conditional.ATOMIC,
            computed_digests=(DIGEST, THEIRS) if self.traits.computes else (), name_comparison=self.traits.names,
            free_digests=(self.traits.tells,) if self.style is Style.CLOUD else (),
        )  # fmt: skip

    def find(self, path: str) -> Item | None:
        """Returns the item at a path; where the root is not there, another, empty directory is in its place."""
        if not self.rooted:
            return Item(Kind.DIRECTORY, 0, 0, 0) if not path else None
        return super().find(path)

    def fold(self, name: str) -> str:
        """Returns what it compares names by."""
        if self.traits.names is NameComparison.EXACT:
            return name
        name = unicodedata.normalize("NFC", name)
        return name.casefold() if self.traits.names is NameComparison.CASE_INSENSITIVE else name

    def spelled(self, path: str) -> str:
        """Returns a path as it is spelled here, as far as something is there: so observations have it."""
        parts: list[str] = []
        item: Item | None = self.root
        for part in path.split("/"):
            children = item.children if item is not None else {}
            parts.append(children.spelled(part) if isinstance(children, Folded) else part)
            item = children.get(part)
        return "/".join(parts)

    def seq(self) -> int:
        """Returns the next number of the observation counter, above all of earlier configurations."""
        return (self.generation << 40) + super().seq()

    def revision(self, item: Item) -> str:
        """Returns the revision of a file."""
        if self.traits.coarse:
            return f"{item.number}:{item.mtime // 10**9}:{len(item.content)}{'x' if item.executable else ''}"
        return super().revision(item)

    def state(self, item: Item, *, digest: bool = False) -> State:
        """Returns an item as its driver describes it."""
        state = super().state(item, digest=digest)
        if isinstance(state, Present) and state.digests and self.style is Style.CLOUD and self.traits.tells == THEIRS:
            ours = state.digests if digest else {}
            state = msgspec.structs.replace(state, digests={**ours, THEIRS: theirs(item.content)})
        recent = self.traits.coarse and isinstance(state, Present) and state.kind is Kind.FILE
        if recent and item.mtime // 10**9 >= int(self.now()):
            return attrs_replace(state)
        return state

    def tick(self) -> int:
        """Moves the clock on; a coarse one is the simulation's own."""
        super().tick()
        return self.clock

    def write(self, parent: Item, name: str, content: bytes) -> list[bytes]:
        """A user writes a file; within one tick of a coarse clock nothing tells that it was."""
        old = parent.children.get(name)
        before = self.revision(old) if old is not None and old.kind is Kind.FILE else ""
        lost = super().write(parent, name, content)
        item = parent.children[name]
        if self.traits.coarse:
            item.mtime = int(self.now() * 10**9)
            if self.revision(item) == before:
                self._hidden.add(content)
        return lost

    def touch(self, item: Item, *, executable: bool | None = None) -> None:
        """A user changes what is not content; a torn file is the user's from then on."""
        super().touch(item, executable=executable)
        self._touched.add(item)
        if item.content in self._torn:
            self.adopted.add(item.content)

    # What a driver does.

    def do(self, operation: Operation) -> Observation:
        """Does one operation and returns what is there now.

        Raises:
            DriverError: It was not done.
        """
        task, content = _as_task(operation)
        parent, name = self._parent(task.path)
        old = parent.children.get(name)
        if old is not None and old.content in self._hidden:
            self.unpromised.add(old.content)
        state = self.mutate(task, content)
        path = task.destination or task.path
        self.operations.append((task.action, task.path))
        if not self.durable:
            self._unsynced.append(self._undo(task, parent, name, old))
        return Observation(path, state, self.seq())

    def sync(self) -> None:
        """Makes everything durable."""
        self._unsynced.clear()

    def power_cut(self, rng: random.Random) -> None:
        """Takes back some of what was not flushed, the newest first."""
        for undo in reversed(self._unsynced):
            if rng.random() < 0.6:
                undo(rng)
        self._unsynced.clear()

    def fingerprint(self, item: Item) -> bytes:
        """Returns what a driver compares of a directory, b"" for an empty one."""
        total = 0
        for name, child in item.children.items():
            state = self.state(child)
            revision = getattr(state, "revision", "")
            kind = int(state.kind) if isinstance(state, Present) else 0
            if isinstance(state, Present) and state.racy:
                return b""
            total = (total + entry_fingerprint(name, kind, revision)) % MODULUS
        return total.to_bytes(16, "big") if total else b""

    def _change(self, parent: Item, name: str, item: Item, task: Task) -> Item | None:
        """Deletes, moves or changes the attributes of an item; to another spelling of its own name it can be moved."""
        if task.action is Action.MOVE:
            beyond, new_name = self._parent(task.destination)
            if beyond is parent and beyond.children.get(new_name) is item:
                del parent.children[name]
                beyond.children[new_name] = item
                self._renamed(item)
                return item
        return super()._change(parent, name, item, task)

    def _expect(self, item: Item | None, expected: str | None, path: str) -> None:
        """Raises where something else is there than was expected."""
        if self.forgiving and item is not None:
            return
        super()._expect(item, expected, path)

    def _undo(self, task: Task, parent: Item, name: str, old: Item | None) -> Callable[[random.Random], None]:
        """Returns what a power cut does to a mutation that was just done."""
        if task.action is Action.MOVE:
            beyond, new_name = self._parent(task.destination)
            return lambda _rng: self._move_back(parent, name, beyond, new_name, old)
        item = parent.children.get(name)
        content = item.content if item is not None else b""

        def undo(rng: random.Random) -> None:
            if parent.children.get(name) is not item or not self._is_attached(parent):
                return  # Somebody has done something there since.
            if item is not None and (item.content != content or item.children):
                return
            if item is not None and task.action is Action.WRITE and content and rng.random() < 0.4:
                item.content = content[: rng.randrange(len(content))]
                self._torn.add(item.content)
                if item in self._touched:
                    self.adopted.add(item.content)
                return
            if old is not item and old is not None and old.number in self._numbers and old is not self.root:
                return  # Its inode was given out again.
            if item is not None and old is not item:
                del parent.children[name]
                self._free(item)
            if old is not None and old is not item:
                parent.children[name] = old
                self._numbers.add(old.number)

        return undo

    def _move_back(self, parent: Item, name: str, beyond: Item, new_name: str, item: Item | None) -> None:
        if item is None or beyond.children.get(new_name) is not item or name in parent.children:
            return
        if not self._is_attached(parent) or self._holds(item, parent):
            return
        del beyond.children[new_name]
        parent.children[name] = item

    def _is_attached(self, directory: Item) -> bool:
        return self._holds(self.root, directory)

    def _make(self, kind: Kind | None) -> Item:
        item = self._prepared(super()._make(kind))
        if self.traits.coarse:
            item.mtime = int(self.now() * 10**9)
        return item

    def _prepared(self, item: Item) -> Item:
        if self.traits.names is not NameComparison.EXACT:
            item.children = Folded(self.fold)
        return item

    def _replace(self, parent: Item, name: str, content: bytes, task: Task) -> Item:
        item = super()._replace(parent, name, content, task)
        if self.traits.coarse:
            item.mtime = int(self.now() * 10**9)
        return item

    # What users do, as its driver hears of it.

    def heard(self, path: str) -> None:
        """Reports what is at a path now to whoever listens."""
        self.log.append(path)
        for stream in self.streams:
            stream.changed(path)

    def heard_move(self, old: str, new: str) -> None:
        """Reports a rename to whoever listens."""
        if not self.traits.paired:
            self.heard(old)
            self._hear_of_what_left(old, new)
            self.heard(new)
            return
        self.log += [old, new]
        for stream in self.streams:
            stream.moved(old, new)

    def _hear_of_what_left(self, old: str, new: str) -> None:
        """Reports what lay in a renamed directory, where it lay: another one may be there when it is looked at.

        Where entries have ids, those tell the two apart.
        """
        moved = self.find(new)
        if moved is None:
            self._passing[new] = old  # It has another name by now, and is reported once that is.
        elif not self.traits.style.has_ids and moved.kind is Kind.DIRECTORY:
            for path, _ in self.walk(moved, self._passing.pop(old, old)):
                self.heard(path)

    def catch_up(self) -> None:
        """Goes on telling."""
        self.lagging = False
        for stream in self.streams:
            stream.wake()

    def shows(self, path: str, state: State) -> None:
        """Tells of a path as it was once, as listings do that lag behind."""
        for stream in self.streams:
            stream.shown(path, state)

    def break_streams(self) -> None:
        """Ends all streams."""
        for stream in self.streams:
            stream.fail()


def theirs(content: bytes) -> bytes:
    """Returns the digest that some clouds tell."""
    return hashlib.sha256(content).digest()


def attrs_replace(state: State) -> State:
    """Returns a state that may be written again without a new revision."""
    import msgspec  # noqa: PLC0415

    return msgspec.structs.replace(state, racy=True)


def _as_task(operation: Operation) -> tuple[Task, bytes]:
    """Returns an operation as the property tests' services do them, and the bytes it carries."""
    match operation:
        case Write(upload=upload, content=content):
            assert isinstance(content, bytes)
            attributes = upload.attributes
            version = Version(
                number=1, kind=Kind.FILE, size=upload.size, mtime_ns=attributes.mtime_ns, origin="", revision="",
                executable=attributes.executable,
            )  # fmt: skip
            return Task(
                node=0, action=Action.WRITE, path=upload.path, expected=upload.expected, version=version
            ), content
        case Delete(path=path, expected=expected):
            return Task(node=0, action=Action.DELETE, path=path, expected=expected, version=_NOTHING), b""
        case Move(path=path, expected=expected, destination=destination):
            return Task(
                node=0, action=Action.MOVE, path=path, expected=expected, destination=destination, version=_NOTHING
            ), b""
        case MakeDirectory(path=path):
            return Task(node=0, action=Action.MAKE_DIRECTORY, path=path, version=_NOTHING), b""
        case SetAttributes(path=path, expected=expected, attributes=attributes):
            version = Version(
                number=1, kind=Kind.FILE, size=0, mtime_ns=attributes.mtime_ns, origin="", revision="",
                executable=attributes.executable,
            )  # fmt: skip
            return Task(node=0, action=Action.SET_ATTRIBUTES, path=path, expected=expected, version=version), b""
        case WriteSymlink(path=path, expected=expected, target=target):
            version = Version(
                number=1, kind=Kind.SYMLINK, size=0, mtime_ns=operation.attributes.mtime_ns, origin="", revision="",
                target=target,
            )  # fmt: skip
            task = Task(node=0, action=Action.WRITE_SYMLINK, path=path, expected=expected, version=version)
            return task, target.encode()
        case Copy():
            raise NotFound("nothing is copied here")


_NOTHING = Version(number=1, kind=Kind.FILE, size=0, mtime_ns=None, origin="", revision="")

__all__ = ["Absent", "Account", "Traits"]
