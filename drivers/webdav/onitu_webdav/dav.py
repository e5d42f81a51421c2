"""A WebDAV server: asks for resources by their path below the service's root, and raises what it refuses.

It knows nothing of folders, nor of what is expected where.
"""

from __future__ import annotations

import base64
from typing import IO, TYPE_CHECKING, Final, cast
from urllib.parse import quote, urlsplit

from onitu.plug import NotFound
from onitu.plug.http import Streams, Web, let_go

from .failures import MIXED, failure_of
from .multistatus import ASKED, path_of, resources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onitu.plug.http import Answer

    from .multistatus import Resource

CONNECTIONS: Final = 8
"""How many requests are under way at once: servers of this kind are small ones."""

_SAFE: Final = frozenset(("GET", "HEAD", "PROPFIND", "OPTIONS"))
_REFUSED: Final = 300


class Dav:
    """One server. May be used from any thread. Paths are below the service's root; a directory's may be "".

    Args:
        url: The root.
        username: Who logs in, or None.
        password: The user's, or None.
        ca_file: Certificates to trust, or None.

    Attributes:
        url: The root, without a slash at its end.
        streams: Answers that are still being read.
        above: The root's path on the server, encoded.
    """

    def __init__(self, url: str, *, username: str | None, password: str | None, ca_file: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.streams = Streams(CONNECTIONS // 2)
        self._web = Web(url, ca_file=ca_file, connections=CONNECTIONS)
        self.above = urlsplit(self.url).path
        self._decoded = path_of(self.above)
        self._headers = {"Accept-Encoding": "identity", "User-Agent": "Onitu"}
        if username is not None:
            login = base64.b64encode(f"{username}:{password or ''}".encode()).decode()
            self._headers["Authorization"] = f"Basic {login}"

    def ask(
        self,
        method: str,
        path: str,
        *,
        directory: bool = False,
        headers: Mapping[str, str] | None = None,
        body: bytes | IO[bytes] = b"",
        repeat: bool = False,
        stream: bool = False,
    ) -> Answer:
        """Asks the server for one thing.

        Args:
            method: Of HTTP.
            path: Of the resource.
            directory: Whether it is a directory: its path ends in a slash then, which some servers insist on.
            headers: Further headers.
            body: What is sent.
            repeat: Whether it may be done twice; reading always may.
            stream: Whether the caller reads the answer's body.

        Raises:
            DriverError: The server refuses it, or a part of it, or no answer came.
        """
        target = self._target(path, directory=directory)
        return self.ask_at(
            method, target, about=path or "the root", headers=headers, body=body, repeat=repeat, stream=stream
        )

    def ask_at(
        self,
        method: str,
        target: str,
        *,
        about: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | IO[bytes] = b"",
        repeat: bool = False,
        stream: bool = False,
    ) -> Answer:
        """Asks the server for something that may lie outside of the service's root.

        Args:
            method: Of HTTP.
            target: Its path on the server, encoded.
            about: What for, for a person.
            headers: Further headers.
            body: What is sent.
            repeat: Whether it may be done twice; reading always may.
            stream: Whether the caller reads the answer's body.

        Raises:
            DriverError: The server refuses it, or a part of it, or no answer came.
        """
        repeat = repeat or method in _SAFE
        given = {**self._headers, **(headers or {})}
        answer = self._web.send(method, target, headers=given, body=body, repeat=repeat, stream=stream)
        if answer.status < _REFUSED and not (answer.status == MIXED and method not in _SAFE):
            return answer
        failure = failure_of(answer, about, mutates=not repeat)
        let_go(answer) if stream else answer.release_conn()
        raise failure

    def look(self, path: str) -> Resource | None:
        """Returns what is at a path, or None."""
        try:
            return next(iter(list(self._found(path, "0"))), None)
        except NotFound:
            return None

    def children(self, path: str) -> Iterator[tuple[str, Resource]]:
        """Yields the entries of a directory with their names.

        Raises:
            NotFound: Nothing is there.
        """
        own = f"{self._decoded}/{path}".rstrip("/")
        for resource in self._found(path, "1"):
            above, _, name = resource.path.rpartition("/")
            if resource.path != own and above == own:
                yield name, resource

    def move(self, path: str, destination: str, *, directory: bool = False) -> None:
        """Renames a resource to where nothing is."""
        headers = {"Destination": self.address(destination, directory=directory), "Overwrite": "F"}
        self.ask("MOVE", path, directory=directory, headers=headers)

    def put(self, path: str, content: bytes | IO[bytes], size: int, headers: Mapping[str, str]) -> Answer:
        """Writes a file in place of whatever is there."""
        headers = {"Content-Length": str(size), **headers}
        return self.ask("PUT", path, headers=headers, body=content, repeat=isinstance(content, bytes))

    def address(self, path: str, *, directory: bool = False) -> str:
        """Returns the whole address of a resource, as `Destination` has it."""
        return f"{urlsplit(self.url).scheme}://{self._web.host}{self._target(path, directory=directory)}"

    def close(self) -> None:
        """Lets go of its connections."""
        self.streams.close()
        self._web.close()

    def _found(self, path: str, depth: str) -> Iterator[Resource]:
        headers = {"Depth": depth, "Content-Type": 'application/xml; charset="utf-8"'}
        # As a directory where its entries are wanted: a server would answer with a redirection else.
        directory = depth == "1" or not path
        answer = self.ask("PROPFIND", path, directory=directory, headers=headers, body=ASKED, stream=True)
        whole = False
        try:
            yield from resources(cast("IO[bytes]", answer))
            whole = True
        finally:
            # The connection of an answer that was not read to its end is good for nothing.
            answer.release_conn() if whole else let_go(answer)

    def _target(self, path: str, *, directory: bool) -> str:
        target = f"{self.above}/{quote(path, safe='/-_.~', errors='surrogateescape')}".rstrip("/")
        return f"{target}/" if directory or not target else target
