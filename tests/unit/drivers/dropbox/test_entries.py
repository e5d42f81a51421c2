"""What Dropbox's entries are to Onitu."""

from __future__ import annotations

import pytest
from onitu_dropbox.entries import check_name, checked, key_of, ns_of, said_time, state_of

from onitu.plug import Attributes, Inadmissible, InvalidPath, Kind, Present, RevisionMismatch

FILE = {
    ".tag": "file",
    "name": "a",
    "id": "id:1",
    "rev": "0123456789",
    "size": 3,
    "client_modified": "2001-02-03T04:05:06Z",
    "content_hash": "ab" * 32,
}


def test_a_file() -> None:
    """D7: revision, size, time, id and digest are those that Dropbox tells."""
    state = state_of(FILE)
    assert state == Present(
        kind=Kind.FILE,
        revision="0123456789",
        size=3,
        mtime_ns=981_173_106 * 10**9,
        native_id="id:1",
        digests={"dropbox": bytes.fromhex("ab" * 32)},
    )


def test_a_folder() -> None:
    """D7: its revision is the same whatever happens in it."""
    state = state_of({".tag": "folder", "name": "a", "id": "id:2"})
    assert state == Present(kind=Kind.DIRECTORY, revision="directory", native_id="id:2")


@pytest.mark.parametrize("more", [{"is_downloadable": False}, {"symlink_info": {"target": "x"}}])
def test_what_has_no_content(more: dict[str, object]) -> None:
    """D7: a document of Dropbox's own, or a link, is there and is not synchronised."""
    assert isinstance(state_of({**FILE, **more}), Inadmissible)


@pytest.mark.parametrize(
    "name", ["a/Thumbs.db", ".ds_store", "d/b\\c", "nul\0", "del\x7f", "trailing ", "d /x", "x" * 256]
)
def test_names_that_are_refused(name: str) -> None:
    """D8: what Dropbox does not keep, or would change, is refused before anything is sent."""
    with pytest.raises(InvalidPath):
        check_name(name)


@pytest.mark.parametrize("name", ["a.db", "é/ü", " leading", "x" * 255, ".a", "a.", "tab\t", "😀"])
def test_names_that_are_taken(name: str) -> None:
    """D8: others are sent as they are."""
    assert check_name(name) == name


def test_comparison() -> None:
    """D7: names are compared without regard to case, and composed."""
    assert key_of("A/e\u0301") == key_of("a/É")


@pytest.mark.parametrize("revision", ["", "directory", "0.0", "ABCDEF0123", "0123"])
def test_revisions_that_are_none(revision: str) -> None:
    """D8: what cannot be a revision is not asked for."""
    with pytest.raises(RevisionMismatch):
        checked(revision)


def test_times() -> None:
    """D7: whole seconds go and come; what Dropbox cannot say is not said."""
    assert said_time(Attributes(mtime_ns=981_173_106_999_999_999)) == {"client_modified": "2001-02-03T04:05:06Z"}
    assert said_time(Attributes()) == {}
    assert ns_of("2001-02-03T04:05:06Z") == 981_173_106 * 10**9
    assert ns_of("yesterday") is None
