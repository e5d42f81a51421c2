"""The tree of directories that are watched.

A watch belongs to a directory, not to a path: it stays with the directory when that, or one above it, is renamed. So
the directories are kept as a tree, and a path is made of it only when something is to be said; renaming a directory of
any size is moving one node. This module says nothing to anybody; `watch` does.

A new directory is opened by its path, which may be another's by then, if renames are still unread. So whatever began
to be watched shortly before a rename is read is compared with the disk once all is quiet.
"""

from __future__ import annotations

import errno
import os
import time
from collections import deque
from typing import Final

from . import beneath, inotify, system

ENOUGH: Final = 2_000
"""Most entries of a new directory that are told of one by one; listing more of them is the Plug's business."""

MOMENT: Final = 1.0
"""Seconds within which a rename may make a directory that was opened by its path the wrong one: far more than from a
rename to its event, on a busy machine as well."""


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

    def is_below(self, node: Node) -> bool:
        """Returns whether this directory is another one, or lies below it."""
        above: Node | None = self
        while above is not None and above is not node:
            above = above.parent
        return above is node

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
        self._opened: deque[tuple[float, Node]] = deque()
        self._doubtful: dict[Node, None] = {}
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
        self._opened.clear()
        self._doubtful.clear()
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
                self._opened.append((time.monotonic(), following))
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

    def move(self, node: Node, parent: Node, name: str) -> Node | None:
        """Takes note that a directory was renamed.

        Returns:
            Its node; None: it cannot have been this one, so some directory is not where the tree has it.
        """
        if parent.is_below(node):
            return None
        self._doubt(node)
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

    def _doubt(self, moved: Node) -> None:
        """Takes note that a rename was read: what was opened by its path meanwhile may be another directory."""
        self._doubtful[moved] = None
        self._forget_opened()
        self._doubtful.update((node, None) for _, node in self._opened)

    def _forget_opened(self) -> None:
        long_ago = time.monotonic() - MOMENT
        while self._opened and self._opened[0][0] < long_ago:
            self._opened.popleft()

    @property
    def is_doubtful(self) -> bool:
        """Whether there are directories that may not be where the tree has them."""
        return bool(self._doubtful)

    def check(self) -> list[Node] | None:
        """Compares doubtful directories with the disk; to be asked while all is quiet.

        Returns:
            Those that are to be watched still; None: others are not where the tree has them.
        """
        doubtful, self._doubtful = self._doubtful, {}
        doubtful = {node: None for node in doubtful if not node.gone}
        if not all(self._is_there(node) for node in doubtful if node.watch >= 0):
            return None
        return [node for node in doubtful if node.watch < 0]

    def _is_there(self, node: Node) -> bool:
        try:
            directory = self._open(node.path())
        except OSError as error:
            return error.errno == errno.EACCES
        try:
            return self._watch_number(node, directory) == node.watch
        finally:
            os.close(directory)

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
        watch = self._watch_number(node, directory)
        now = time.monotonic()
        known = self._nodes.get(watch)
        if known is not None and known is not node:
            known.watch = -1  # The same directory under its new name: the event of its rename is still to come.
            self._opened.append((now, known))
        node.watch = watch
        self._nodes[watch] = node
        self._forget_opened()
        self._opened.append((now, node))

    def _watch_number(self, node: Node, directory: int) -> int:
        """Watches an open directory, and returns the number of the watch: the one it has already, if it has."""
        # The link in /proc leads to the open directory itself, whatever its path is by now and however long.
        mask = inotify.MASK if node.parent is not None else inotify.ROOT_MASK
        return system.inotify_add_watch(self.fd, b"/proc/self/fd/%d" % directory, mask)


def is_utf8(name: str) -> bool:
    """Returns whether a name, as the file system gives it, is valid UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
