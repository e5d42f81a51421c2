"""What a server answers to PROPFIND, read as it comes: a directory of any size takes the memory of one entry.

It reads bytes and asks nobody.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import ParseError

import msgspec
from defusedxml.ElementTree import iterparse
from urllib3.exceptions import HTTPError

from onitu.plug import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

ASKED: Final = (
    b'<?xml version="1.0" encoding="utf-8"?><d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:prop>'
    b"<d:resourcetype/><d:getcontentlength/><d:getlastmodified/><d:getetag/><oc:checksums/></d:prop></d:propfind>"
)

_RESPONSE: Final = "{DAV:}response"
_STATUS: Final = "{DAV:}status"
_GONE: Final = frozenset(("404", "410"))


class Resource(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A resource: its path on the server, decoded and without a slash at its end, and what is said of it.

    Attributes:
        path: Absolute.
        collection: Whether it is a directory.
        size: Bytes.
        modified: As the server says it, or "".
        etag: As the server says it, or "".
        checksums: As ownCloud says them, such as "SHA1:... MD5:...", or "".
    """

    path: str
    collection: bool
    size: int
    modified: str
    etag: str
    checksums: str


def resources(body: IO[bytes]) -> Iterator[Resource]:
    """Yields the resources of an answer as they come.

    Raises:
        Unavailable: It breaks off, or is no XML: what has come is not all. Or the server says that something is there
            and nothing about it.
    """
    try:
        for _, element in iterparse(body, events=("end",)):
            if element.tag == _RESPONSE:
                found = _resource(element)
                if found is not None:
                    yield found
                element.clear()
    except (ParseError, HTTPError, OSError, ValueError) as error:
        raise Unavailable(f"the server's listing breaks off: {error}") from error


def _resource(element: Element) -> Resource | None:
    """Returns a resource; None for one that the server says is not there.

    Raises:
        Unavailable: The server says nothing of it: that is no reason to take it for absent.
    """
    href = element.findtext("{DAV:}href")
    if href is None:
        raise Unavailable("the server's listing has an entry without a name")
    status = _code(element.findtext(_STATUS) or "200")
    if status in _GONE:
        return None
    props = [
        prop
        for one in element.iter("{DAV:}propstat")
        if _code(one.findtext(_STATUS) or "200") == "200"
        for prop in one.iter("{DAV:}prop")
    ]
    if not props or status != "200":
        statuses = sorted({_code(one.text or "") for one in element.iter(_STATUS)})
        raise Unavailable(f"{path_of(href)}: the server says nothing of it ({', '.join(statuses)}); it is tried again")

    def text(name: str) -> str:
        return next((found.strip() for prop in props if (found := prop.findtext(f"{{DAV:}}{name}"))), "")

    kinds = [kind for prop in props for kind in prop.iter("{DAV:}resourcetype")]
    checksums = " ".join(one.text or "" for prop in props for one in prop.iter("{http://owncloud.org/ns}checksum"))
    return Resource(
        path=path_of(href),
        collection=any(kind.find("{DAV:}collection") is not None for kind in kinds),
        size=int(text("getcontentlength") or 0),
        modified=text("getlastmodified"),
        etag=text("getetag"),
        checksums=checksums,
    )


def _code(status: str) -> str:
    """Returns the number in a line such as "HTTP/1.1 200 OK"."""
    return next((word for word in status.split() if word.isdigit()), status)


def path_of(href: str) -> str:
    """Returns the path that an href names, whether it is a whole URL or only a path."""
    href = href.strip()
    path = urlsplit(href).path if "://" in href.partition("?")[0] else href
    return unquote(path, errors="surrogateescape").rstrip("/")
