"""The remote as `onitu.plug.files` knows services of files."""

from __future__ import annotations

import logging
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from onitu.plug import InvalidPath, NotFound, Unavailable
from onitu.plug.http import begins_at, let_go, read_up_to
from onitu.plug.nearby import Nearby

from .entries import Item, present_of
from .handoff import Handoff
from .names import from_rclone, to_rclone
from .probe import About, abilities_of, declared, tried
from .rc import FS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onitu.plug import Metadata, Present
    from onitu.plug.handlers import Declaration
    from onitu.plug.http import Answer

    from .entries import Abilities
    from .rc import Rc

KEEPER: Final = ".onitu-directory"
"""A small file that keeps a directory there, on a service that has none with nothing in them."""

_log: Final = logging.getLogger("onitu.driver")

_SMALL: Final = 16 * 1024 * 1024


class _Listing(msgspec.Struct, frozen=True):
    items: list[Item] | None = msgspec.field(default=None, name="list")


class _Found(msgspec.Struct, frozen=True):
    item: Item | None = None


class _Done(msgspec.Struct, frozen=True):
    """An answer that says no more than that it was done."""


class RcloneFiles:
    """Files of a remote.

    Args:
        rc: rclone.
        remote: The user's remote, for a person.
    """

    exclusive = False
    lists_all = True
    tells_all = True
    makes_above = True

    def __init__(self, rc: Rc, remote: str) -> None:
        self._rc = rc
        self._remote = remote
        self._handoff = Handoff()
        self._nearby = Nearby(self._directories_in)
        self._about: About | None = None
        self._able: Abilities | None = None

    @property
    def able(self) -> Abilities:
        """What can be relied on; rclone is asked once."""
        if self._able is None:
            self._able = abilities_of(self._asked())
        return self._able

    def prepare(self, staging: str) -> Declaration:
        """Finds out what the service can do."""
        self._able, keeps_times = tried(self, staging)
        return declared(self._asked(), keeps_times=keeps_times)

    def close(self) -> None:
        """Ends rclone."""
        self._rc.close()
        self._handoff.close()

    def _asked(self) -> About:
        if self._about is None:
            self._rc.check_version()
            self._about = self._rc.ask("operations/fsinfo", About, "the remote", repeat=True, fs=FS)
        return self._about

    # Looking.

    def describe(self, path: str) -> str:
        """Says where a directory is."""
        between = "" if self._remote.endswith((":", "/")) else "/"
        return f"{self._remote}{between}{path}" if path else self._remote

    def look(self, path: str) -> Present | None:
        """Returns what is at a path."""
        found = self.item(path)
        return None if found is None or (not found.is_dir and found.size < 0) else present_of(found, self.able)

    def is_free(self, path: str) -> bool:
        """Whether nothing is at a path, not even something without a size; of directories as of a moment ago."""
        options = {"filesOnly": True, "noMimeType": True, "noModTime": True}
        found = self._rc.ask("operations/stat", _Found, path, repeat=True, fs=FS, remote=to_rclone(path), opt=options)
        return found.item is None and (self._nearby.is_none_at(path) or self.item(path) is None)

    def _directories_in(self, path: str) -> set[str]:
        options = {"dirsOnly": True, "noMimeType": True, "noModTime": True}
        try:
            found = self._rc.ask(
                "operations/list", _Listing, path, repeat=True, fs=FS, remote=to_rclone(path), opt=options
            )
        except NotFound:
            return set()
        return {name for item in found.items or [] if (name := from_rclone(item.name)) is not None}

    def children(self, path: str) -> Iterator[tuple[str, Present]]:
        """Yields the entries of a directory; of several with one name, which some services have, the first."""
        if not path and self.able.stale:
            self._forget()
        names = {KEEPER}
        for item in self.items(path):
            name = from_rclone(item.name)
            if name is None:
                _log.warning("name_unreachable", extra={"path": f"{path}/{item.name}"})
            elif name not in names and (item.is_dir or item.size >= 0):
                names.add(name)
                yield name, present_of(item, self.able)

    def item(self, path: str) -> Item | None:
        """Returns what rclone says is at a path."""
        try:
            if path:
                return self._rc.ask(
                    "operations/stat", _Found, path, repeat=True, fs=FS, remote=to_rclone(path), opt=self._options()
                ).item
            # Of the root itself rclone says that it is there in any case.
            options = {"dirsOnly": True, "noModTime": True}
            self._rc.ask("operations/list", _Listing, path, repeat=True, fs=FS, remote="", opt=options)
        except NotFound:
            return None
        return Item(is_dir=True)

    def items(self, path: str) -> list[Item]:
        """Returns what rclone lists in a directory."""
        options = self._options()
        found = self._rc.ask("operations/list", _Listing, path, repeat=True, fs=FS, remote=to_rclone(path), opt=options)
        return found.items or []

    def _options(self) -> dict[str, Any]:
        wanted = {"showHash": True, "hashTypes": [self.able.hash]} if self.able.hash else {}
        return {"noMimeType": True, **wanted}

    def _forget(self) -> None:
        """Has rclone look anew where directories are: people rename them, and it would go on in the old place."""
        self._rc.ask("fscache/clear", _Done, "rclone", repeat=True)

    # Content.

    def put(self, path: str, content: bytes | IO[bytes], metadata: Metadata | None) -> None:
        """Writes a file."""
        size = len(content) if isinstance(content, bytes) else 0 if metadata is None else metadata.size
        self.write(path, content, size, None if metadata is None else metadata.attributes.mtime_ns)

    def write(self, path: str, content: bytes | IO[bytes], size: int, mtime_ns: int | None) -> None:
        """Has rclone fetch a file and write it, with its time where the service keeps times."""
        repeat = isinstance(content, bytes)
        with self._handoff.offer(content, size, mtime_ns) as url:
            self._rc.ask("operations/copyurl", _Done, path, repeat=repeat, fs=FS, remote=to_rclone(path), url=url)

    def get(self, path: str) -> bytes:
        """Returns a whole file."""
        answer = self._rc.open(to_rclone(path), 0)
        content = read_up_to(answer, _SMALL)
        while part := read_up_to(answer, _SMALL):
            content += part
        answer.release_conn()
        return content

    def read(self, path: str, revision: str, offset: int, size: int) -> bytes:
        """Returns a part of a file: the answer to the request for what came before goes on with it."""
        begin = partial(self._from, path, offset)
        return self._rc.streams.read(path, revision, offset=offset, size=size, begin=begin)

    def _from(self, path: str, offset: int) -> Answer | None:
        """Returns an answer that begins at an offset; None where that is at the end or beyond it."""
        if offset:
            found = self.item(path)
            if found is None:
                raise NotFound(f"{path}: is not there")
            if offset >= found.size:
                return None
        answer = self._rc.open(to_rclone(path), offset)
        if offset and not begins_at(answer, offset):
            let_go(answer)
            raise Unavailable(f"{path}: the service sends no parts of files")
        return answer

    # Changing.

    def move(self, path: str, destination: str, *, directory: bool = False) -> None:
        """Renames an entry."""
        self._check(destination)
        if directory:
            self._move_directory(path, destination)
        else:
            self.rename(path, destination)

    def rename(self, path: str, destination: str) -> None:
        """Renames a file, whatever the service makes of its name: `move` refuses what it makes another one of."""
        self._rc.ask(
            *("operations/movefile", _Done, path),
            srcFs=FS,
            srcRemote=to_rclone(path),
            dstFs=FS,
            dstRemote=to_rclone(destination),
            # It was looked at already, and nothing that has come since is removed to make room.
            _config={"NoCheckDest": True},
        )

    def _move_directory(self, path: str, destination: str) -> None:
        parameters: dict[str, Any] = {
            "srcFs": f"{FS}{to_rclone(path)}",
            "dstFs": f"{FS}{to_rclone(destination)}",
            "createEmptySrcDirs": True,
            "deleteEmptySrcDirs": True,
        }
        try:
            self._rc.ask("sync/move", _Done, path, **parameters)
        finally:
            self._nearby.forget(destination)
            if self.able.stale:
                self._forget()

    def make_directory(self, path: str) -> None:
        """Makes a directory."""
        self._check(path)
        try:
            if self.able.empty_directories:
                self._rc.ask("operations/mkdir", _Done, path, repeat=True, fs=FS, remote=to_rclone(path))
            else:
                self.write(f"{path}/{KEEPER}", b"\n", 1, None)
        finally:
            self._nearby.forget(path)

    def _check(self, path: str) -> None:
        """Refuses a path that would be another one there.

        Raises:
            InvalidPath: It would be.
        """
        if any(sign in path for sign in self.able.refused):
            raise InvalidPath(f"{path}: this remote takes no names with {', '.join(map(repr, self.able.refused))}")

    def delete(self, path: str, *, directory: bool = False) -> None:
        """Removes an entry."""
        if directory and not self.able.empty_directories:
            path, directory = f"{path}/{KEEPER}", False
        command = "operations/rmdir" if directory else "operations/deletefile"
        try:
            self._rc.ask(command, _Done, path, repeat=True, fs=FS, remote=to_rclone(path))
        except NotFound:
            pass  # It is gone, which is what was wanted.
