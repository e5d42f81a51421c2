"""The ignore files of folders: their text is read when it changes, and comes into force before anything is moved.

What a folder's `.onituignore` says is kept in the store with the version it was read from, so a start without news
reads nothing. Movers of a folder wait while its text is being read.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import attrs
import msgspec
import trio

from onitu.core.patterns import IGNORE_NAME, Ignore
from onitu.core.routes import Sources
from onitu.core.tree import Notice
from onitu.errors import DriverError, StoreError

if TYPE_CHECKING:
    from onitu.core.scope import Scope
    from onitu.core.task import Source
    from onitu.core.tree import Effect
    from onitu.referee.referee import Referee
    from onitu.store import Transaction

#: Longest ignore file, in bytes: every entry is compared with every line.
MOST_BYTES = 256 * 1024


class IgnoreText(msgspec.Struct, frozen=True, array_like=True):
    """The text of a folder's ignore file.

    Attributes:
        node: The file; 0 where there is none.
        version: Number of the version that was read.
        text: Its text.
    """

    node: int = 0
    version: int = 0
    text: str = ""


def ignore_text(transaction: Transaction, folder: str) -> IgnoreText:
    """Returns the text that is in force for a folder."""
    raw = transaction.meta(f"ignore {folder}")
    return msgspec.msgpack.decode(raw, type=IgnoreText) if raw is not None else IgnoreText()


def with_ignore_text(scope: Scope, text: str) -> Scope:
    """Returns a folder with another text of its ignore file in force.

    Args:
        scope: The folder.
        text: The text; "" where there is none.
    """
    own = (Ignore.parse(text),) if text.strip() else ()
    return attrs.evolve(scope, ignores=(*scope.ignores[:1], *own))


class IgnoreFiles:
    """Keeps the ignore files of all folders in force.

    Args:
        referee: What all links share.
    """

    def __init__(self, referee: Referee) -> None:
        self._referee = referee
        self._ring = trio.Event()
        self._read: dict[str, IgnoreText] = {}
        #: Versions that are no text, or too long; they are not tried again.
        self._faulty: set[tuple[str, int, int]] = set()
        #: Versions that could not be read just now; they are tried again when a service has been looked at.
        self._unread: set[tuple[str, int, int]] = set()
        self.busy = False

    def ring(self, *, again: bool = False) -> None:
        """Has it looked whether a text has changed.

        Args:
            again: What could not be read may be read now.
        """
        if again:
            self._unread.clear()
        self._ring.set()
        self.busy = True

    def is_stale(self, transaction: Transaction, folder: str) -> bool:
        """Returns whether a folder's ignore file is not the one in force, and can be read.

        Args:
            transaction: The transaction.
            folder: Name of the folder.
        """
        if folder not in self._referee.scopes:
            return False  # It has just been taken out of the setup.
        known = self._read.get(folder)
        if known is None:
            known = self._read[folder] = ignore_text(transaction, folder)
        node, version = self._head(transaction, folder)
        if (node, version) == (known.node, known.version):
            return False
        return (folder, node, version) not in self._faulty | self._unread

    async def run(self) -> None:
        """Reads what has changed whenever it is rung for, until it is cancelled."""
        while True:
            await self._ring.wait()
            self._ring = trio.Event()
            for folder in list(self._referee.scopes):
                try:
                    if await self._referee.writer.read(partial(self.is_stale, folder=folder)):
                        await self._load(folder)
                except StoreError as error:
                    # Services fail of the same; what they show when they are back rings again.
                    self._referee.log.warning("path_failed", folder=folder, path=IGNORE_NAME, error=str(error))
            self.busy = self._ring.is_set()
            self._referee.came_to_rest()

    def _head(self, transaction: Transaction, folder: str) -> tuple[int, int]:
        """Returns the node and version of a folder's ignore file; zeros where there is none."""
        scope = self._referee.scopes.get(folder)
        found = transaction.child(scope.root, IGNORE_NAME) if scope is not None else None
        node = transaction.find(found) if found is not None else None
        return (node.id, node.head) if node is not None and node.versions else (0, 0)

    async def _load(self, folder: str) -> None:
        """Reads one file and brings its text into force."""
        referee = self._referee
        head, source = await referee.writer.read(partial(self._source, folder=folder))
        try:
            text = await self._text(folder, source) if source is not None else ""
        except (DriverError, ValueError) as error:
            unusable = self._unread if isinstance(error, DriverError) else self._faulty
            unusable.add((folder, *head))
            referee.log.warning("path_failed", folder=folder, path=IGNORE_NAME, error=str(error))
            referee.wake(folder)
            return
        if head != (0, 0) and source is None:
            self._unread.add((folder, *head))  # Whoever has it is not there; the text that is known stays in force.
            referee.wake(folder)
            return
        effects = await referee.writer.write(partial(self._enforce, folder=folder, text=IgnoreText(*head, text)))
        referee.log.info("ignore_file_read", folder=folder, patterns=len(text.splitlines()))
        notices = [effect for effect in effects if isinstance(effect, Notice)]
        referee.tell_unmanaged((folder, notice) for notice in notices)
        referee.release(folder, (effect for effect in effects if not isinstance(effect, Notice)))
        for link in list(referee.links.values()):
            if link.folder == folder:
                link.look_again()

    def _source(self, transaction: Transaction, folder: str) -> tuple[tuple[int, int], Source | None]:
        """Returns the version of a folder's ignore file, and where it can be read."""
        referee = self._referee
        head = self._head(transaction, folder)
        if head == (0, 0):
            return head, None
        node = transaction.node(head[0])
        work = referee.work(transaction, folder)
        return head, Sources(work, "", referee.sources(folder, waiting=True)).find(node, node.version)

    async def _text(self, folder: str, source: Source) -> str:
        """Reads an ignore file."""
        link = self._referee.links.get((source.service, folder))
        if link is None:
            raise DriverError(f"service {source.service!r} is not there to read it from")
        content = b""
        async with link.client.get_file(folder, source.path, source.revision, size=None) as pieces:
            async for piece in pieces:
                await link.pace.down.pay(len(piece))
                content += piece
                if len(content) > MOST_BYTES:
                    raise ValueError(f"is larger than {MOST_BYTES:,} bytes, so nothing of it is in force")
        return content.decode()

    def _enforce(self, transaction: Transaction, folder: str, text: IgnoreText) -> list[Effect]:
        """Keeps a text, and judges everything in the folder by it."""
        referee = self._referee
        if folder not in referee.scopes:
            return []
        transaction.set_meta(f"ignore {folder}", msgspec.msgpack.encode(text))
        self._read[folder] = text
        scope = with_ignore_text(referee.scopes[folder], text.text)
        effects: list[Effect] = []
        transaction.effects[folder] = effects
        referee.rescope(transaction, {**referee.scopes, folder: scope})
        transaction.reindex(referee.scopes)
        return effects
