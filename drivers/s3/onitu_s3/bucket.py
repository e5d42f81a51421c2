"""A bucket: asks the store for objects by key, and raises what it refuses as errors of the contract.

It knows keys and nothing of folders; which conditions the store keeps is not its affair.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Final

from onitu.plug import DriverError
from onitu.plug.http import Streams, Web

from . import answers
from .failures import failure_of
from .signing import EMPTY, Credentials, encode_path, encode_query, sign

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onitu.plug.http import Answer

    from .answers import Page, VersionPage

CONNECTIONS: Final = 16
"""How many requests are under way at once: as many as the core makes calls."""

PAGE: Final = 1_000
"""Objects in a page of a listing: the most that S3 gives."""

_SAFE: Final = frozenset(("GET", "HEAD"))
_REFUSED: Final = 300
_PIECE: Final = 1024 * 1024


class Bucket:
    """One bucket of one store. May be used from any thread.

    Args:
        name: Its name.
        endpoint: Address of the store; None is Amazon's.
        region: The bucket's.
        credentials: Who asks.
        virtual: Whether its name stands in the host's name; None is as usual for the endpoint.
        ca_file: Certificates to trust, or None.

    Attributes:
        name: Its name.
        streams: Answers that are still being read.
    """

    def __init__(
        self,
        name: str,
        *,
        endpoint: str | None,
        region: str,
        credentials: Credentials,
        virtual: bool | None = None,
        ca_file: str | None = None,
    ) -> None:
        if not name or "/" in name:
            raise DriverError(f"{name!r} is no name of a bucket")
        if virtual is None:
            # A name with a dot is covered by no certificate of Amazon's.
            virtual = endpoint is None and "." not in name
        url = (endpoint or f"https://s3.{region}.amazonaws.com").rstrip("/")
        if virtual:
            scheme, _, rest = url.partition("://")
            url = f"{scheme}://{name}.{rest}"
        self.name = name
        self.streams = Streams(CONNECTIONS // 2)
        self._web = Web(url, ca_file=ca_file, connections=CONNECTIONS)
        self._above = "/" if virtual else f"/{name}/"
        self._region = region
        self._credentials = credentials

    def ask(
        self,
        method: str,
        key: str = "",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | IO[bytes] = b"",
        repeat: bool = False,
        stream: bool = False,
    ) -> Answer:
        """Asks the store for one thing.

        Args:
            method: Of HTTP.
            key: Of the object, or "" for the bucket itself.
            query: Further parameters.
            headers: Further headers.
            body: What is sent.
            repeat: Whether it may be done twice; reading always may.
            stream: Whether the caller reads the answer's body.

        Raises:
            DriverError: The store refuses it, or no answer came.
        """
        path, parameters = encode_path(self._above + key), encode_query(query or {})
        given = dict(headers or {})
        size, body_hash = _measured(body)
        signed = sign(
            self._credentials,
            method=method,
            host=self._web.host,
            path=path,
            query=parameters,
            headers=given,
            body_hash=body_hash,
            region=self._region,
            now=datetime.now(UTC),
        )
        signed["Accept-Encoding"] = "identity"
        if size or method in {"PUT", "POST"}:
            signed["Content-Length"] = str(size)
        target = f"{path}?{parameters}" if parameters else path
        repeat = repeat or method in _SAFE
        answer = self._web.send(method, target, headers=signed, body=body, repeat=repeat, stream=stream)
        if answer.status < _REFUSED:
            return answer
        failure = failure_of(answer, key or self.name, mutates=not repeat)
        answer.release_conn()
        raise failure

    def list_page(self, prefix: str, *, after: str | None = None, most: int = PAGE, deep: bool = False) -> Page:
        """Lists a page of what lies right below a prefix.

        Args:
            prefix: It ends in "/", or is "".
            after: Where the page before says that this one begins.
            most: How many entries at most.
            deep: Whether everything below is listed, not only what lies right there.
        """
        query = {"list-type": "2", "prefix": prefix, "max-keys": str(most), "encoding-type": "url"}
        if not deep:
            query["delimiter"] = "/"
        if after is not None:
            query["continuation-token"] = after
        return answers.page(self.ask("GET", query=query).data)

    def list_all(self, prefix: str) -> Iterator[str]:
        """Yields all keys below a prefix."""
        page = self.list_page(prefix, deep=True)
        while True:
            yield from (one.key for one in page.objects)
            if page.next is None:
                return
            page = self.list_page(prefix, after=page.next, deep=True)

    def list_versions(self, prefix: str, *, after: tuple[str, str] | None) -> VersionPage:
        """Lists a page of versions of all objects below a prefix, after a key and version."""
        query = {"versions": "", "prefix": prefix, "max-keys": str(PAGE), "encoding-type": "url"}
        if after is not None:
            query |= {"key-marker": after[0], "version-id-marker": after[1]}
        return answers.version_page(self.ask("GET", query=query).data)

    def close(self) -> None:
        """Lets go of its connections."""
        self.streams.close()
        self._web.close()


def _measured(body: bytes | IO[bytes]) -> tuple[int, str]:
    """Returns how many bytes a body has, and their SHA-256: the store compares it with what has come."""
    if isinstance(body, bytes):
        return len(body), hashlib.sha256(body).hexdigest() if body else EMPTY
    begin, hasher = body.tell(), hashlib.sha256()
    size = 0
    while piece := body.read(_PIECE):
        hasher.update(piece)
        size += len(piece)
    body.seek(begin)
    return size, hasher.hexdigest()
