"""A root far away is known by its marker: one that was emptied, replaced or taken is not used."""

from __future__ import annotations

import pytest

from onitu.plug import Folder, FolderReport, Mode, Plug, RootState, Unavailable
from onitu.plug.marker import NAME
from onitu.plug.roots import Roots, open_root

IDENTITY = "the account"


class Shelf:
    """Directories with small files, in a dictionary."""

    def __init__(self) -> None:
        self.there = {"."}
        self.files: dict[str, bytes] = {}

    def describe(self, path: str) -> str:
        return f"shelf:{path}"

    def is_there(self, path: str) -> bool:
        return path in self.there

    def is_empty(self, path: str) -> bool:
        prefix = "" if path == "." else f"{path}/"
        return not any(name.startswith(prefix) and ".onitu" not in name for name in self.files)

    def make(self, path: str) -> None:
        self.there.add(path)

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def write(self, path: str, content: bytes) -> None:
        self.files[path] = content


def opened(shelf: Shelf, folder: Folder, *, setup: str = "setup", service: str = "far") -> FolderReport:
    """Opens a folder as a service of a setup does."""
    plug = Plug()
    plug.configure(service=service, setup_id=setup, generation=1, options={})
    return open_root(plug, folder, shelf, identity=IDENTITY)


@pytest.fixture
def shelf() -> Shelf:
    """A service with nothing on it."""
    return Shelf()


def test_first_contact_marks_the_root_and_finds_it_again(shelf: Shelf) -> None:
    """The root is made, marked, and the same at every start, for another setup as well."""
    first = opened(shelf, Folder(name="f", path="a/b"))
    again = opened(shelf, Folder(name="f", path="a/b", root_id=first.root_id))
    other = opened(shelf, Folder(name="f", path="a/b"), setup="another")

    assert first.root_state is again.root_state is other.root_state is RootState.OK
    assert first.root_id == again.root_id == other.root_id
    assert f"a/b/{NAME}" in shelf.files


@pytest.mark.parametrize(
    ("what", "files", "state"),
    [
        ("emptied", {}, RootState.MISSING),
        ("another directory", {"theirs": b"x"}, RootState.DIFFERENT),
        ("a marker that nobody understands", {NAME: b"{"}, RootState.DIFFERENT),
    ],
)
def test_a_root_without_its_marker_is_not_used(
    shelf: Shelf, what: str, files: dict[str, bytes], state: RootState
) -> None:
    """F6: the service halts, and nothing is deleted anywhere."""
    root_id = opened(shelf, Folder(name="f")).root_id
    shelf.files = files

    report = opened(shelf, Folder(name="f", root_id=root_id))

    assert report.root_state is state, what
    assert report.reason


def test_a_root_that_is_gone_is_not_made_again(shelf: Shelf) -> None:
    """F6: only at first contact, and only where Onitu may write."""
    assert opened(shelf, Folder(name="f", path="a", root_id="known")).root_state is RootState.MISSING
    assert opened(shelf, Folder(name="f", path="a", mode=Mode.READ)).root_state is RootState.MISSING
    assert shelf.there == {"."}


def test_the_root_of_another_folder_of_this_setup_is_refused(shelf: Shelf) -> None:
    """B14: they would feed each other; nor may one lie inside another."""
    opened(shelf, Folder(name="f"))

    assert opened(shelf, Folder(name="g")).root_state is RootState.DIFFERENT
    assert opened(shelf, Folder(name="f"), service="near").root_state is RootState.DIFFERENT
    inside = opened(shelf, Folder(name="g", path="a/b"))
    assert inside.root_state is RootState.DIFFERENT
    assert "shelf:." in inside.reason


def test_what_may_only_be_read_gets_no_marker(shelf: Shelf) -> None:
    """B7: nothing is written without `w`; the root is known by what else tells it from others."""
    report = opened(shelf, Folder(name="f", mode=Mode.READ))

    assert (report.root_state, report.root_id, shelf.files) == (RootState.OK, IDENTITY, {})
    assert opened(shelf, Folder(name="f", mode=Mode.READ, root_id=IDENTITY)).root_state is RootState.OK


def test_a_root_that_is_not_open_is_unavailable() -> None:
    """G13: what is asked of a folder whose root is not there is tried again later."""
    roots = Roots[str]({"docs": "its root"})

    assert roots["docs"] == "its root"
    with pytest.raises(Unavailable, match="the root of the folder 'photos' is not there"):
        roots["photos"]
