"""What WebDAV servers answer is read as it is meant: hrefs, ETags and times in all their forms."""

from __future__ import annotations

import io
import time
from email.utils import formatdate

import pytest
from onitu_webdav.entries import present_of, revision_of
from onitu_webdav.multistatus import Resource, path_of, resources
from onitu_webdav.probe import Abilities

from onitu.plug import Kind, Unavailable

ANSWER = b"""<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:oc="http://owncloud.org/ns">
<D:response><D:href>http://host/dav/a%20b/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype>
</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>
<D:response><D:href>/dav/a%20b/%C3%A9</D:href><D:propstat><D:prop><D:resourcetype/><D:getcontentlength>7</D:getcontentlength>
<D:getetag>W/"x"</D:getetag><D:getlastmodified>Thu, 01 Jan 1970 00:00:02 GMT</D:getlastmodified>
<oc:checksums><oc:checksum>SHA1:da39a3ee5e6b4b0d3255bfef95601890afd80709 MD5:short</oc:checksum></oc:checksums></D:prop>
<D:status>HTTP/1.1 200 OK</D:status></D:propstat><D:propstat><D:prop><D:getetag>wrong</D:getetag></D:prop>
<D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>
</D:multistatus>"""


def test_an_answer() -> None:
    """Hrefs are paths or URLs; what a server says that it has not does not count."""
    directory, file = resources(io.BytesIO(ANSWER))

    assert (directory.path, directory.collection) == ("/dav/a b", True)
    assert (file.path, file.collection, file.size, file.etag) == ("/dav/a b/é", False, 7, 'W/"x"')
    state = present_of(file, Abilities())
    assert (state.kind, state.revision, state.mtime_ns) == (Kind.FILE, "x", 2_000_000_000)
    assert set(state.digests) == {"sha1"}


@pytest.mark.parametrize("body", [b"", b"<html><body>", ANSWER[:-40], b"not XML"])
def test_an_answer_that_breaks_off_is_not_complete(body: bytes) -> None:
    """F6: a torn listing says nothing of what is missing in it."""
    with pytest.raises(Unavailable):
        list(resources(io.BytesIO(body)))


def response(inside: str, href: str = "<D:href>/dav/f</D:href>") -> bytes:
    """Returns an answer about one resource, and one beside it of which all is known."""
    beside = "<D:href>/dav/g</D:href><D:propstat><D:prop/><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
    responses = f"<D:response>{href}{inside}</D:response><D:response>{beside}</D:response>"
    return f'<D:multistatus xmlns:D="DAV:">{responses}</D:multistatus>'.encode()


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_what_a_server_says_is_gone(status: str) -> None:
    """Another request has removed it since the listing began."""
    (beside,) = resources(io.BytesIO(response(f"<D:status>HTTP/1.1 {status}</D:status>")))

    assert beside.path == "/dav/g"


IN_PROPSTAT = "<D:propstat><D:prop/><D:status>HTTP/1.1 {}</D:status></D:propstat>"


@pytest.mark.parametrize("status", ["403 Forbidden", "423 Locked", "500 Internal Server Error", "503 Busy"])
@pytest.mark.parametrize("place", ["<D:status>HTTP/1.1 {}</D:status>", IN_PROPSTAT])
def test_what_a_server_says_nothing_of_is_not_absent(status: str, place: str) -> None:
    """F6: what is taken for absent is deleted on every other service."""
    body = response(place.format(status))

    with pytest.raises(Unavailable, match="says nothing"):
        list(resources(io.BytesIO(body)))


@pytest.mark.parametrize("body", [response(""), response("", href=""), response(IN_PROPSTAT.format("404 Not Found"))])
def test_an_entry_that_is_not_said_at_all_is_not_absent(body: bytes) -> None:
    """F6: nor is one without a name."""
    with pytest.raises(Unavailable):
        list(resources(io.BytesIO(body)))


@pytest.mark.parametrize(
    ("href", "path"), [("/dav/x/", "/dav/x"), ("https://h:1/dav/x%3Fy", "/dav/x?y"), (" /a%2Bb+c ", "/a+b+c")]
)
def test_hrefs(href: str, path: str) -> None:
    """An href may be a path or a URL, and a plus is a plus."""
    assert path_of(href) == path


def test_weak_etags_become_strong_ones() -> None:
    """Apache's ETag of a moment ago is the same revision as the one that it becomes."""
    assert revision_of('W/"5-6"', "", 1) == revision_of('"5-6"', "", 1) == revision_of("5-6", "", 1)
    assert revision_of("", "now", 1) != revision_of("", "now", 2)


def test_what_is_fresh_is_read_unless_etags_can_be_trusted() -> None:
    """A second write within the second may leave the ETag as it is."""
    fresh = Resource(
        path="/f", collection=False, size=1, modified=formatdate(time.time(), usegmt=True), etag='"e"', checksums=""
    )

    assert present_of(fresh, Abilities()).racy
    assert not present_of(fresh, Abilities(trusted=True)).racy
    assert not present_of(fresh, Abilities(skew=60.0)).racy
