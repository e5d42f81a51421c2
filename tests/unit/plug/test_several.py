"""Many small files at once: each goes the way of one, and what fails of one of them is that one's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import pytest

from onitu.errors import Corrupted, RevisionMismatch, Unavailable
from onitu.plug import Kind, Metadata, Present
from onitu.plug.files import FilesRoot
from onitu.plug.parallel import Parallel
from onitu.plug.several import FEW, WORTH, Several
from tests.unit.plug.test_renames import Shelf, wanted

COUNT = 2 * FEW


class Counting(Shelf):
    """A service that counts what is asked of it.

    Attributes:
        looked: Paths that were looked at, each by itself.
        listed: Directories that were listed.
        torn: Content of which only the half arrives.
        late: Whether a listing does not show files yet.
        away: Whether listings break off.
    """

    def __init__(self) -> None:
        super().__init__()
        self.looked: list[str] = []
        self.listed: list[str] = []
        self.torn = b""
        self.late = False
        self.away = False

    def look(self, path: str) -> Present | None:
        self.looked.append(path)
        return super().look(path)

    def is_free(self, path: str) -> bool:
        return path not in self.contents

    def children(self, path: str) -> Iterator[tuple[str, Present]]:
        self.listed.append(path)
        before = len(self.looked)
        entries = list(super().children(path))
        del self.looked[before:]
        if self.away:
            raise Unavailable("away")
        yield from ((name, state) for name, state in entries if not (self.late and state.kind is Kind.FILE))

    def put(self, path: str, content: bytes | IO[bytes], metadata: Metadata | None) -> None:
        torn = content == self.torn
        super().put(path, content[:1] if torn and isinstance(content, bytes) else content, metadata)


@pytest.fixture
def shelf() -> Counting:
    """A service with a directory."""
    shelf = Counting()
    shelf.contents["d"] = None
    return shelf


@pytest.fixture
def root(shelf: Counting) -> FilesRoot:
    """A folder at its root, whose directory is known."""
    root = FilesRoot(shelf, "", marked=False)
    root.remember("d", there=True)
    return root


FILES = [
    (wanted(f"d/{number}", f"content {number}".encode(), None), f"content {number}".encode()) for number in range(COUNT)
]


def upload(
    root: FilesRoot, files: list[tuple[Metadata, bytes]] = FILES, most: int = 1
) -> list[Present | BaseException]:
    """Writes files."""
    return Several(root, Parallel(most)).upload(files)


def everything() -> dict[str, bytes | None]:
    """Returns what is there when all were written."""
    return {"d": None} | {metadata.filename: content for metadata, content in FILES}


@pytest.mark.parametrize("most", [1, 8])
def test_two_listings_are_in_place_of_looks_at_each(shelf: Counting, root: FilesRoot, most: int) -> None:
    """P12: everything is found whole in staging before it is visible, and seen in its place afterwards."""
    answers = upload(root, FILES, most)

    assert [answer.revision for answer in answers if isinstance(answer, Present)] == [
        content.decode() for _, content in FILES
    ]
    assert shelf.visible == everything()
    assert (shelf.listed, shelf.looked) == ([".onitu/tmp", "d"], [])
    assert not list(shelf.children(".onitu/tmp"))


def test_what_is_torn_is_not_made_visible(shelf: Counting, root: FilesRoot) -> None:
    """P23: the others are, and what is staged of it is removed."""
    shelf.torn = FILES[1][1]
    answers = upload(root, FILES)

    assert [type(answer) for answer in answers] == [Present, Corrupted, *[Present] * (COUNT - 2)]
    assert "d/1" not in shelf.visible
    assert not list(shelf.children(".onitu/tmp"))


def test_what_is_there_is_not_written_over(shelf: Counting, root: FilesRoot) -> None:
    """P11: what somebody else has put there stays, and the others are written."""
    shelf.contents["d/2"] = b"theirs"
    answers = upload(root, FILES)

    assert isinstance(answers[2], RevisionMismatch)
    assert shelf.visible == everything() | {"d/2": b"theirs"}
    assert not list(shelf.children(".onitu/tmp"))


def test_what_is_replaced_is_kept(shelf: Counting, root: FilesRoot) -> None:
    """P1: each is replaced as one alone would be, with what was there in the trash."""
    shelf.contents |= {metadata.filename: b"old" for metadata, _ in FILES}
    answers = upload(root, [(wanted(metadata.filename, content, "old"), content) for metadata, content in FILES])

    assert {type(answer) for answer in answers} == {Present}
    assert shelf.visible == everything()
    assert shelf.kept == [b"old"] * COUNT


@pytest.mark.parametrize("how", ["late", "away"])
def test_what_no_listing_shows_is_looked_at(shelf: Counting, root: FilesRoot, how: str) -> None:
    """P14: a listing that lacks a file, or breaks off, is no reason to say that it is not there."""
    setattr(shelf, how, True)
    answers = upload(root, FILES)

    assert {type(answer) for answer in answers} == {Present}
    assert shelf.visible == everything()
    assert len(shelf.looked) == 2 * COUNT


def test_a_large_directory_is_not_listed(shelf: Counting, root: FilesRoot) -> None:
    """P24: where looking at each costs less than listing all that is there, each is looked at."""
    root.note_size("d", WORTH * COUNT + 1)
    upload(root, FILES)

    assert shelf.listed == [".onitu/tmp"]
    assert len(shelf.looked) == COUNT


@pytest.mark.parametrize("tells_all", [False, True])
def test_each_is_looked_at_where_a_listing_saves_nothing(
    shelf: Counting, root: FilesRoot, monkeypatch: pytest.MonkeyPatch, *, tells_all: bool
) -> None:
    """D9: a service whose listings tell less than a look, and a few files, are not listed."""
    monkeypatch.setattr(shelf, "tells_all", tells_all)
    files = FILES[:FEW] if tells_all else FILES
    answers = upload(root, files)

    assert {type(answer) for answer in answers} == {Present}
    assert (shelf.listed, len(shelf.looked)) == ([], 2 * len(files))
