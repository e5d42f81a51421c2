"""What a store answers in XML, as values. Names of the schema differ from store to store, so only the local ones count.

It reads bytes and asks nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

import msgspec
from defusedxml.ElementTree import ParseError, fromstring

from onitu.plug import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_TRUE: Final = "true"


class Listed(msgspec.Struct, frozen=True, gc=False):
    """An object in a listing: its key, and what is said of it there."""

    key: str
    etag: str
    size: int
    modified: str


class Page(msgspec.Struct, frozen=True):
    """A page of a listing: objects, prefixes that stand for what lies below them, and where the next one begins."""

    objects: list[Listed]
    prefixes: list[str]
    next: str | None


class Version(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A version of an object, or, without an ETag, a mark that it was deleted."""

    key: str
    id: str
    latest: bool
    modified: str
    etag: str | None
    size: int


class VersionPage(msgspec.Struct, frozen=True):
    """A page of a listing of versions, and where the next one begins: key and version."""

    versions: list[Version]
    next: tuple[str, str] | None


def refusal(body: bytes) -> tuple[str, str]:
    """Returns code and message of an error, or two empty texts where the body is none."""
    try:
        root = fromstring(body) if body else None
    except ParseError:
        return "", ""
    if root is None or _name(root) != "Error":
        return "", ""
    return _text(root, "Code"), _text(root, "Message")


def page(body: bytes) -> Page:
    """Reads a page of ListObjectsV2 whose keys are encoded as in URLs."""
    root = _parsed(body)
    encoded = _text(root, "EncodingType") == "url"
    objects = [
        Listed(
            _key(_text(one, "Key"), encoded=encoded),
            _unquoted(_text(one, "ETag")),
            int(_text(one, "Size") or 0),
            _text(one, "LastModified"),
        )
        for one in _all(root, "Contents")
    ]
    prefixes = [_key(_text(one, "Prefix"), encoded=encoded) for one in _all(root, "CommonPrefixes")]
    more = _text(root, "IsTruncated") == _TRUE
    return Page(objects, prefixes, _text(root, "NextContinuationToken") if more else None)


def version_page(body: bytes) -> VersionPage:
    """Reads a page of ListObjectVersions, its versions in the store's order."""
    root = _parsed(body)
    encoded = _text(root, "EncodingType") == "url"
    versions = [
        Version(
            key=_key(_text(one, "Key"), encoded=encoded),
            id=_text(one, "VersionId"),
            latest=_text(one, "IsLatest") == _TRUE,
            modified=_text(one, "LastModified"),
            etag=_unquoted(_text(one, "ETag")) if _name(one) == "Version" else None,
            size=int(_text(one, "Size") or 0),
        )
        for one in root
        if _name(one) in {"Version", "DeleteMarker"}
    ]
    if _text(root, "IsTruncated") != _TRUE:
        return VersionPage(versions, None)
    key = _key(_text(root, "NextKeyMarker"), encoded=encoded)
    return VersionPage(versions, (key, _text(root, "NextVersionIdMarker")))


def text_of(body: bytes, name: str) -> str:
    """Returns the text of one element of an answer; "" where it is not there."""
    return _text(_parsed(body), name)


def etag_of(body: bytes) -> str:
    """Returns the ETag in the answer to a copy or to the end of an upload."""
    return _unquoted(text_of(body, "ETag"))


def _parsed(body: bytes) -> Element:
    try:
        root: Element = fromstring(body)
    except ParseError as error:
        raise Unavailable(f"the store's answer is no XML: {error}") from error
    return root


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _all(root: Element, name: str) -> Iterator[Element]:
    return (child for child in root if _name(child) == name)


def _text(root: Element, name: str) -> str:
    return next((child.text or "" for child in root if _name(child) == name), "")


def _key(text: str, *, encoded: bool) -> str:
    return unquote_plus(text, errors="surrogateescape") if encoded else text


def _unquoted(etag: str) -> str:
    return etag.strip().strip('"')
