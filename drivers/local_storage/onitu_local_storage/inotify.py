"""The kernel's queue of changes, as values, and the tree of directories that are watched.

A watch belongs to a directory, not to a path: it stays with the directory when that, or one above it, is renamed. So
the directories are kept as a tree, and a path is made of it only when something is to be said; renaming a directory of
any size is moving one node. This module says nothing to anybody; `watch` does.
"""

from __future__ import annotations

import errno
import os
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from . import beneath, system

if TYPE_CHECKING:
    from collections.abc import Iterator

MODIFY: Final = 0x002
ATTRIB: Final = 0x004
CLOSE_WRITE: Final = 0x008
MOVED_FROM: Final = 0x040
MOVED_TO: Final = 0x080
CREATE: Final = 0x100
DELETE: Final = 0x200
DELETE_SELF: Final = 0x400
MOVE_SELF: Final = 0x800
UNMOUNT: Final = 0x2000
OVERFLOW: Final = 0x4000
IGNORED: Final = 0x8000
IS_DIRECTORY: Final = 0x40000000
_ONLY_DIRECTORIES: Final = 0x01000000
_FORGET_UNLINKED: Final = 0x04000000

_MASK: Final = (
    MODIFY | ATTRIB | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | _ONLY_DIRECTORIES | _FORGET_UNLINKED
)
_ROOT_MASK: Final = _MASK | DELETE_SELF | MOVE_SELF

_HEADER: Final = struct.Struct("iIII")
_BUFFER: Final = 256 * 1024
_READS: Final = 32  # The queue has 16,384 events of at most 272 bytes, unless the administrator made it longer.
_GONE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


ENOUGH: Final = 2_000
"""Most entries of a new directory that are told of one by one; listing more of them is the Plug's business."""


class Event(NamedTuple):
    """One event of the queue.

    Attributes:
        watch: Number of the watch.
        mask: What happened.
        cookie: The same number in both halves of a rename.
        name: What it happened to, b"" for the watched directory itself.
    """

    watch: int
    mask: int
    cookie: int
    name: bytes


class WatchLimitError(Exception):
    """The user has no more watches or instances; the text names the setting."""


class Node:
    """A directory that is watched.

    Attributes:
        name: Its name.
        parent: Where it is, or was when it left the tree; None for the root.
        watch: Number of its watch, or -1.
        children: The directories in it.
        gone: Whether it has left the tree.
        closed: Whether it could not be entered when that was last tried.
    """

    __slots__ = ("children", "closed", "gone", "name", "parent", "watch")

    def __init__(self, name: str, parent: Node | None) -> None:
        self.name = name
        self.parent = parent
        self.watch = -1
        self.children: dict[str, Node] = {}
        self.gone = False
        self.closed = False

    def path(self) -> str:
        """Returns the path below the root; "" for the root."""
        names = []
        node = self
        while node.parent is not None:
            names.append(node.name)
            node = node.parent
        names.reverse()
        return "/".join(names)

    def join(self, name: str) -> str:
        """Returns the path of an entry of this directory."""
        path = self.path()
        return f"{path}/{name}" if path else name


class WatchTree:
    """All directories below a root, each watched.

    Args:
        root: Descriptor of the root.

    Raises:
        WatchLimitError: The user has too many instances of inotify.
        OSError: There is no inotify here.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._nodes: dict[int, Node] = {}
        self.top = Node("", None)
        try:
            self.fd = system.inotify_init()
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            raise WatchLimitError("fs.inotify.max_user_instances") from error

    def close(self) -> None:
        """Ends all watches."""
        os.close(self.fd)

    def read(self) -> Iterator[Event]:
        """Yields the events that are there now, without waiting, and no more than fit into the kernel's queue."""
        for _ in range(_READS):
            try:
                buffer = os.read(self.fd, _BUFFER)
            except BlockingIOError:
                return
            offset = 0
            while offset < len(buffer):
                watch, mask, cookie, length = _HEADER.unpack_from(buffer, offset)
                offset += _HEADER.size + length
                yield Event(watch, mask, cookie, buffer[offset - length : offset].rstrip(b"\0"))

    def node(self, watch: int) -> Node | None:
        """Returns the directory of a watch, or None if it is not watched any more."""
        return self._nodes.get(watch)

    def forget(self, watch: int) -> None:
        """Takes note that the kernel has ended a watch."""
        node = self._nodes.pop(watch, None)
        if node is not None:
            node.watch = -1

    def renew(self) -> None:
        """Watches everything again, after events were lost.

        Raises:
            WatchLimitError: There are too few watches; those there are do watch.
        """
        old = self._nodes
        self._nodes = {}
        self.top = Node("", None)
        try:
            self.add(self.top)
        finally:
            for watch in old.keys() - self._nodes.keys():
                system.inotify_remove_watch(self.fd, watch)

    def add(self, node: Node) -> list[tuple[Node, str]]:
        """Watches a directory and everything below it: each first, then what is in it is looked for.

        Returns:
            What is in it, names that are not UTF-8 included, each directory before what it holds; no more than a
            little above `ENOUGH` entries, of which then nothing is left to be said but that there are too many.

        Raises:
            WatchLimitError: There are too few watches; those there are do watch.
        """
        found: list[tuple[Node, str]] = []
        waiting = [node]
        while waiting:
            following = waiting.pop()
            path = following.path()
            try:
                directory = self._open(path)
            except OSError:
                following.closed = True
                continue  # Gone again, or not ours to read, of which the listing will tell.
            try:
                self._watch(following, directory)
                self._find(following, directory, found, waiting)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    raise WatchLimitError("fs.inotify.max_user_watches") from error
            finally:
                os.close(directory)
        return found

    def _find(self, node: Node, directory: int, found: list[tuple[Node, str]], waiting: list[Node]) -> None:
        """Looks for what is in a directory that is watched by now."""
        at_top = node.parent is None
        with os.scandir(directory) as entries:
            for entry in entries:
                name = entry.name
                if at_top and name == beneath.HIDDEN:
                    continue
                if not is_utf8(name):
                    found.append((node, name))  # Not to be watched, but somebody has to say why.
                    continue
                if len(found) <= ENOUGH:
                    found.append((node, name))
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(self._child(node, name))

    def is_reopened(self, node: Node) -> bool:
        """Returns whether a directory can be entered again, now that its permissions may be other ones."""
        was_closed, node.closed = node.closed, False
        try:
            os.close(self._open(f"{node.path()}/."))
        except OSError:
            node.closed = True
        return was_closed and not node.closed

    def remove(self, node: Node) -> None:
        """Ends the watches of a directory that has left the tree, and of everything below it."""
        if node.parent is not None and node.parent.children.get(node.name) is node:
            del node.parent.children[node.name]
        waiting = [node]
        while waiting:
            following = waiting.pop()
            following.gone = True
            waiting.extend(following.children.values())
            if self._nodes.get(following.watch) is following:
                del self._nodes[following.watch]
                system.inotify_remove_watch(self.fd, following.watch)

    def move(self, node: Node, parent: Node, name: str) -> Node:
        """Takes note that a directory was renamed, and returns its node."""
        there = parent.children.get(name)
        if there is not None and there is not node:
            if node.watch < 0:
                # It was found under its new name before its rename was read: that node has the watches.
                self.remove(node)
                return there
            self.remove(there)  # An empty directory, which the rename has replaced.
        if node.parent is not None:
            node.parent.children.pop(node.name, None)
        node.parent = parent
        node.name = name
        parent.children[name] = node
        return node

    def _child(self, parent: Node, name: str) -> Node:
        child = parent.children.get(name)
        if child is None:
            child = parent.children[name] = Node(name, parent)
        return child

    def make(self, parent: Node, name: str) -> Node:
        """Returns the node of a directory that was made just now; one that had its name before is gone."""
        there = parent.children.get(name)
        if there is not None:
            self.remove(there)
        return self._child(parent, name)

    def _open(self, path: str) -> int:
        flags = os.O_RDONLY | os.O_DIRECTORY
        if not path:
            return os.open(b".", flags | os.O_CLOEXEC, dir_fd=self._root)
        return beneath.open_beneath(self._root, path.encode(), flags)

    def _watch(self, node: Node, directory: int) -> None:
        # The link in /proc leads to the open directory itself, whatever its path is by now and however long.
        mask = _MASK if node.parent is not None else _ROOT_MASK
        watch = system.inotify_add_watch(self.fd, b"/proc/self/fd/%d" % directory, mask)
        known = self._nodes.get(watch)
        if known is not None and known is not node:
            known.watch = -1  # The same directory under its new name: the event of its rename is still to come.
        node.watch = watch
        self._nodes[watch] = node


def is_utf8(name: str) -> bool:
    """Returns whether a name, as the file system gives it, is valid UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
