"""Changes by renaming alone: whatever somebody else does at the same moment, no content is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from io import BytesIO
from typing import IO

import pytest

from onitu.errors import (
    Corrupted,
    DriverError,
    InvalidPath,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RevisionMismatch,
    Unavailable,
)
from onitu.plug import Attributes, Kind, Metadata, Present, Upload, renames
from onitu.plug.files import DIRECTORY, FilesRoot
from onitu.plug.marker import NAME
from onitu.plug.trash import check, name_for, parse


class Shelf:
    """A service of files in a dictionary, which overwrites without a word, as most do.

    Attributes:
        contents: Path to content; None is a directory.
        moved: How many renames there were.
        copies: Whether a rename is a copy, which has a time of its own.
        before: What somebody else does right before the next call of a method, or right after a rename ("moved").
        blind_after: After so many renames the service is gone: nothing can be looked at, or renamed.
        blind: How many requests it is gone for.
    """

    exclusive = False
    lists_all = True
    tells_all = True
    makes_above = False

    def __init__(self) -> None:
        self.contents: dict[str, bytes | None] = dict.fromkeys((".onitu", ".onitu/tmp", ".onitu/trash"))
        self.before: dict[str, Callable[[], object]] = {}
        self.blind_after = -1
        self.blind = 0
        self.moved = 0
        self.copies = False

    def _meanwhile(self, method: str) -> None:
        self.before.pop(method, lambda: None)()
        if self.blind_after == 0 and self.blind:
            self.blind -= 1
            raise Unavailable("away")

    def describe(self, path: str) -> str:
        return f"shelf:/{path}"

    def look(self, path: str) -> Present | None:
        self._meanwhile("look")
        if path not in self.contents:
            return None
        content = self.contents[path]
        if content is None:
            return DIRECTORY
        mtime_ns = self.moved if self.copies else hash(content)
        return Present(kind=Kind.FILE, revision=content.decode(), size=len(content), mtime_ns=mtime_ns)

    def is_free(self, path: str) -> bool:
        return self.look(path) is None

    def children(self, path: str) -> Iterator[tuple[str, Present]]:
        self._meanwhile("children")
        prefix = f"{path}/" if path else ""
        for name in list(self.contents):
            state = self.look(name)
            if name.startswith(prefix) and "/" not in name[len(prefix) :] and state is not None:
                yield name[len(prefix) :], state

    def put(self, path: str, content: bytes | IO[bytes], metadata: Metadata | None) -> None:
        del metadata
        self.contents[path] = content if isinstance(content, bytes) else content.read()

    def get(self, path: str) -> bytes:
        return self.contents[path] or b""

    def read(self, path: str, revision: str, offset: int, size: int) -> bytes:
        del revision
        return self.get(path)[offset : offset + size]

    def move(self, path: str, destination: str, *, directory: bool = False) -> None:
        del directory
        self._meanwhile("move")
        if path not in self.contents:
            raise NotFound(path)
        for name in [name for name in self.contents if name == path or name.startswith(f"{path}/")]:
            self.contents[destination + name[len(path) :]] = self.contents.pop(name)
        self.blind_after -= 1
        self.moved += 1
        self.before.pop("moved", lambda: None)()

    def make_directory(self, path: str) -> None:
        self.contents[path] = None

    def delete(self, path: str, *, directory: bool = False) -> None:
        del directory
        self._meanwhile("delete")
        for name in [name for name in self.contents if name == path or name.startswith(f"{path}/")]:
            del self.contents[name]

    @property
    def visible(self) -> dict[str, bytes | None]:
        """What is not Onitu's own."""
        return {path: content for path, content in self.contents.items() if not path.startswith(".onitu")}

    @property
    def kept(self) -> list[bytes | None]:
        """What is in the trash."""
        return [content for path, content in self.contents.items() if path.startswith(".onitu/trash/")]


@pytest.fixture
def shelf() -> Shelf:
    """A service."""
    return Shelf()


@pytest.fixture
def root(shelf: Shelf) -> FilesRoot:
    """A folder at its root."""
    return FilesRoot(shelf, "", marked=False)


def wanted(path: str, content: bytes, expected: str | None) -> Metadata:
    """Returns what is to be written."""
    upload = Upload(path=path, expected=expected, size=len(content), attributes=Attributes())
    return Metadata(path, "folder", expected=expected, upload=upload, size=len(content))


@pytest.mark.parametrize("refusals", [0, 1, 3, 4])
def test_what_was_broken_off_is_removed_once_the_server_lets_go(
    shelf: Shelf, root: FilesRoot, monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    """F3: it is asked for a few times, and then the refusal is told."""
    delete, waited, left = shelf.delete, list[float](), [refusals]

    def refusing(path: str, *, directory: bool = False) -> None:
        if left[0]:
            left[0] -= 1
            raise Unavailable("still at it")
        delete(path, directory=directory)

    monkeypatch.setattr(shelf, "delete", refusing)
    shelf.contents[".onitu/tmp/s"] = b"torn"
    told = pytest.raises(Unavailable) if refusals > 3 else nullcontext()
    with told:
        renames.remove_torn(root, ".onitu/tmp/s", waited.append)

    assert len(waited) == min(refusals, 3)
    assert (".onitu/tmp/s" in shelf.contents) is (refusals > 3)


def test_a_root_that_has_gone_is_not_made_anew(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """P15: a service that makes whatever directory is missing is told to put nothing where the marker is not."""
    monkeypatch.setattr(shelf, "makes_above", True)
    root = FilesRoot(shelf, "", marked=True)

    for change in (
        lambda: renames.upload(root, wanted("f", b"new", None), b"new"),
        lambda: renames.stage(root, wanted("f", b"new", None), BytesIO(b"new")),
        lambda: renames.make_directory(root, "d"),
    ):
        with pytest.raises(Unavailable, match="marker"):
            change()

    assert shelf.visible == {}


def test_what_was_put_while_the_root_went_away_is_nowhere_for_sure(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P15: it may lie in the root, or where that was; nobody is told that it is there."""
    monkeypatch.setattr(shelf, "makes_above", True)
    shelf.contents[NAME] = b"marker"
    shelf.before["moved"] = lambda: shelf.contents.pop(NAME)

    with pytest.raises(OutcomeUnknown, match="marker"):
        renames.upload(FilesRoot(shelf, "", marked=True), wanted("f", b"new", None), b"new")


def test_what_is_replaced_is_kept(shelf: Shelf, root: FilesRoot) -> None:
    """The old content is in the trash, and nothing is left in staging."""
    shelf.contents["f"] = b"old"

    state = renames.upload(root, wanted("f", b"new", "old"), b"new")

    assert state.revision == "new"
    assert shelf.visible == {"f": b"new"}
    assert shelf.kept == [b"old"]
    assert not list(shelf.children(".onitu/tmp"))


@pytest.mark.parametrize("expected", [None, "another"])
def test_what_is_not_expected_stays(shelf: Shelf, root: FilesRoot, expected: str | None) -> None:
    """Nothing is changed, and nothing is left behind."""
    shelf.contents["f"] = b"theirs"

    with pytest.raises(RevisionMismatch):
        renames.upload(root, wanted("f", b"new", expected), b"new")

    assert shelf.visible == {"f": b"theirs"}
    assert not list(shelf.children(".onitu/tmp"))


def test_a_server_that_copies_may_be_written_to(shelf: Shelf, root: FilesRoot) -> None:
    """P9: where a rename is a copy with a time of its own, files are replaced, renamed and deleted all the same."""
    shelf.copies = True
    shelf.contents["f"] = b"old"

    assert renames.upload(root, wanted("f", b"new", "old"), b"new").revision == "new"
    assert renames.move(root, "f", "new", "g").revision == "new"
    renames.delete(root, "g", "new")

    assert shelf.visible == {}
    assert shelf.kept == [b"old", b"new"]


def test_a_change_right_before_the_old_content_is_kept_comes_back(shelf: Shelf, root: FilesRoot) -> None:
    """P9: what somebody writes between look and rename is in its place again."""
    shelf.contents["f"] = b"old"
    shelf.before["move"] = lambda: shelf.contents.update(f=b"theirs")

    with pytest.raises(RevisionMismatch):
        renames.upload(root, wanted("f", b"new", "old"), b"new")

    assert shelf.visible == {"f": b"theirs"}


def test_a_server_that_fails_in_between_leaves_the_old_content(shelf: Shelf, root: FilesRoot) -> None:
    """P9: where the new content cannot be put in place the old one is there again."""
    shelf.contents["f"] = b"old"

    def fail() -> None:
        raise Unavailable("away")

    shelf.before["move"] = lambda: shelf.before.update(move=fail)

    with pytest.raises(Unavailable):
        renames.upload(root, wanted("f", b"new", "old"), b"new")

    assert shelf.visible == {"f": b"old"}


def test_what_appears_while_nothing_is_there_is_not_overwritten(shelf: Shelf, root: FilesRoot) -> None:
    """P9: the old content is kept, and theirs has its place."""
    shelf.contents["f"] = b"old"
    # The first rename takes the old one away; right before the look after it somebody writes another.
    shelf.before["move"] = lambda: shelf.before.update(look=lambda: shelf.contents.update(f=b"theirs"))

    with pytest.raises(RevisionMismatch):
        renames.upload(root, wanted("f", b"new", "old"), b"new")

    assert shelf.visible == {"f": b"theirs"}
    assert shelf.kept == [b"old"]


CHANGES: dict[str, tuple[int, Callable[[FilesRoot], object]]] = {
    "create": (1, lambda root: renames.upload(root, wanted("new", b"new", None), b"new")),
    "replace, the old one is away": (1, lambda root: renames.upload(root, wanted("f", b"new", "old"), b"new")),
    "replace, the new one is there": (2, lambda root: renames.upload(root, wanted("f", b"new", "old"), b"new")),
    "delete": (1, lambda root: renames.delete(root, "f", "old")),
    "delete a directory": (1, lambda root: renames.delete(root, "d", DIRECTORY.revision)),
    "move": (1, lambda root: renames.move(root, "f", "old", "g")),
    "move a directory": (1, lambda root: renames.move(root, "d", DIRECTORY.revision, "e")),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("blind", [1, 1_000])
def test_what_cannot_be_looked_at_after_a_rename_may_have_been_done(
    shelf: Shelf, root: FilesRoot, change: str, blind: int
) -> None:
    """P9: a look that fails says nothing of the rename before it, and no content is lost, wherever it is by then."""
    shelf.contents |= {"f": b"old", "d": None}
    shelf.blind_after, run = CHANGES[change]
    shelf.blind = blind

    with pytest.raises(OutcomeUnknown):
        run(root)

    assert b"old" in shelf.contents.values()


@pytest.mark.parametrize("change", ["replace, the old one is away", "delete", "delete a directory"])
def test_what_was_taken_away_comes_back_where_it_cannot_be_looked_at(
    shelf: Shelf, root: FilesRoot, change: str
) -> None:
    """P9: as soon as the server answers again."""
    shelf.contents |= {"f": b"old", "d": None}
    shelf.blind_after, run = CHANGES[change]
    shelf.blind = 1

    with pytest.raises(OutcomeUnknown):
        run(root)

    assert shelf.visible == {"f": b"old", "d": None}


def test_what_may_have_been_taken_away_comes_back(shelf: Shelf, root: FilesRoot) -> None:
    """P9: the answer to the rename itself did not come."""
    shelf.contents["f"] = b"old"

    def torn() -> None:
        raise OutcomeUnknown("torn")

    shelf.before["moved"] = torn
    with pytest.raises(OutcomeUnknown):
        renames.delete(root, "f", "old")

    assert shelf.visible == {"f": b"old"}


@pytest.mark.parametrize("change", sorted(CHANGES.keys() - {"create", "move a directory"}))
def test_what_may_not_have_come_back_is_said(shelf: Shelf, root: FilesRoot, change: str) -> None:
    """P9: somebody's content that was renamed, and a server that is gone before it is back."""
    shelf.contents |= {"f": b"old", "d": None}

    def theirs() -> None:
        if change != "replace, the new one is there":
            shelf.contents.update({"f": b"theirs", "d/theirs": b"x"})
        shelf.before["move"] = fail

    def fail() -> None:
        shelf.before.update(move=fail)
        raise Unavailable("away")

    shelf.before["move"] = theirs
    with pytest.raises(OutcomeUnknown):
        CHANGES[change][1](root)


@pytest.mark.parametrize("expected", [None, "old"])
def test_what_somebody_else_writes_right_after_is_not_ours(shelf: Shelf, root: FilesRoot, expected: str | None) -> None:
    """P9, G1: an edit of what was just written comes after it, whatever its size: it is not that, and no conflict."""
    if expected is not None:
        shelf.contents["f"] = b"old"

    def theirs() -> None:
        shelf.contents["f"] = b"two"

    shelf.before["moved"] = theirs if expected is None else lambda: shelf.before.update(moved=theirs)
    state = renames.upload(root, wanted("f", b"new", expected), b"new")

    assert state.revision == "new"
    assert shelf.visible == {"f": b"two"}


def test_what_is_not_there_right_after_may_have_been_written(shelf: Shelf, root: FilesRoot) -> None:
    """P9: a server that lags behind, or somebody who has deleted it: the core looks again."""
    shelf.before["moved"] = lambda: shelf.contents.pop("f")
    with pytest.raises(OutcomeUnknown):
        renames.upload(root, wanted("f", b"new", None), b"new")


def test_what_is_not_staged_whole_is_not_put_in_place(shelf: Shelf, root: FilesRoot) -> None:
    """P8: a server that has written less than it said is found out before anything is changed."""
    shelf.contents["f"] = b"old"

    with pytest.raises(Corrupted):
        renames.upload(root, wanted("f", b"new!", "old"), b"new")

    assert shelf.visible == {"f": b"old"}
    assert shelf.kept == []


def test_two_at_once_that_meet_a_rename_are_both_looked_at(shelf: Shelf, root: FilesRoot) -> None:
    """P9: what was renamed is somebody's, and so is what has taken its place: the core looks at both paths."""
    shelf.contents["f"] = b"old"

    def meanwhile() -> None:
        shelf.contents["f"] = b"theirs"
        shelf.before["look"] = lambda: shelf.contents.update(f=b"another")

    shelf.before["move"] = meanwhile
    with pytest.raises(OutcomeUnknown):
        renames.move(root, "f", "old", "g")

    assert shelf.visible == {"f": b"another", "g": b"theirs"}


def test_a_look_at_what_is_being_replaced_waits(shelf: Shelf, root: FilesRoot) -> None:
    """F6: a file that is there before and after is never said to be absent in between."""
    shelf.contents["f"] = b"old"
    seen: list[object] = []
    people = threading.Thread(target=lambda: seen.append(root.observe("f")))
    # Right before the new content is put in place, while nothing is there.
    shelf.before["move"] = lambda: shelf.before.update(move=people.start)

    renames.upload(root, wanted("f", b"new", "old"), b"new")
    people.join()

    assert [state.revision for state in seen if isinstance(state, Present)] == ["new"]


def test_a_directory_that_is_filled_while_it_is_removed_comes_back(shelf: Shelf, root: FilesRoot) -> None:
    """P9: a server would remove it with everything in it."""
    shelf.contents["d"] = None
    shelf.before["move"] = lambda: shelf.contents.update({"d/theirs": b"x"})

    with pytest.raises(RevisionMismatch):
        renames.delete(root, "d", DIRECTORY.revision)

    assert shelf.visible == {"d": None, "d/theirs": b"x"}


@pytest.mark.parametrize("refusal", [NotFound("not empty"), PermissionDenied("no"), DriverError("no")])
def test_a_directory_that_the_server_does_not_remove_comes_back(
    shelf: Shelf, root: FilesRoot, refusal: DriverError
) -> None:
    """P9: something came into it right after it was looked at, which nobody finds in the trash."""
    shelf.contents["d"] = None
    shelf.before["delete"] = lambda: fail_with(shelf, refusal)

    with pytest.raises(PermissionDenied if isinstance(refusal, PermissionDenied) else RevisionMismatch):
        renames.delete(root, "d", DIRECTORY.revision)

    assert [path.rpartition("/")[2] for path in shelf.visible] == ["d", "theirs"]


def fail_with(shelf: Shelf, refusal: DriverError) -> None:
    """Refuses to remove a directory, into which somebody has put something."""
    aside = next(path for path in shelf.contents if path.startswith(".onitu/trash/"))
    shelf.contents[f"{aside}/theirs"] = b"x"
    raise refusal


def test_a_directory_that_is_out_of_the_way_needs_no_removal(shelf: Shelf, root: FilesRoot) -> None:
    """It is empty, and a server that is gone at this moment may remove it or not."""
    shelf.contents["d"] = None

    def fail() -> None:
        raise Unavailable("away")

    shelf.before["delete"] = fail
    renames.delete(root, "d", DIRECTORY.revision)

    assert shelf.visible == {}


def test_a_directory_that_may_hold_what_is_not_listed_is_kept(shelf: Shelf, root: FilesRoot) -> None:
    """P9: a server that hides names would remove them with their directory."""
    shelf.lists_all = False
    shelf.contents |= {"d": None, "e": None}
    renames.delete(root, "d", DIRECTORY.revision)
    shelf.lists_all = True
    renames.delete(root, "e", DIRECTORY.revision)

    assert shelf.visible == {}
    assert shelf.kept == [None]
    assert renames.list_kept(root, "", "") == []


def test_deletions_go_to_the_trash_and_come_back(shelf: Shelf, root: FilesRoot) -> None:
    """What was deleted is listed by its path, read, and removed for good."""
    long = "/".join(["directory é"] * 20)
    for path in ("a/f", "b", f"{long}/f"):
        shelf.contents[path] = path.encode()
        renames.delete(root, path, path)

    kept = renames.list_kept(root, "", "")

    assert [one.path for one in kept] == ["a/f", "b", f"{long}/f"]
    assert [one.path for one in renames.list_kept(root, "a", "")] == ["a/f"]
    assert [one.path for one in renames.list_kept(root, "", kept[0].id)] == ["b", f"{long}/f"]
    assert renames.read_kept(root, kept[1].id, 0, 100) == b"b"
    assert renames.read_kept(root, kept[1].id, 5, 100) == b""
    renames.remove_kept(root, [one.id for one in kept])
    assert not shelf.kept


def test_a_rename_of_what_was_changed_is_undone(shelf: Shelf, root: FilesRoot) -> None:
    """What somebody writes between look and rename is where it was."""
    shelf.contents["f"] = b"old"
    shelf.before["move"] = lambda: shelf.contents.update(f=b"theirs")

    with pytest.raises(RevisionMismatch):
        renames.move(root, "f", "old", "g")

    assert shelf.visible == {"f": b"theirs"}


def test_a_directory_is_not_moved_into_itself(shelf: Shelf, root: FilesRoot) -> None:
    """It would be gone."""
    shelf.contents["d"] = None
    with pytest.raises(InvalidPath):
        renames.move(root, "d", DIRECTORY.revision, "d/e")


def test_a_root_without_its_marker_holds_nothing_back(shelf: Shelf) -> None:
    """F6: a root that was emptied is not a folder in which everything was deleted."""
    root = FilesRoot(shelf, "", marked=True)
    with pytest.raises(Unavailable):
        root.observe("f")
    del shelf.contents[".onitu"]
    with pytest.raises(Unavailable):
        list(root.entries(""))


@pytest.mark.parametrize("path", ["f", "a/b c", "größe", "~", "x" * 300, "a-b/.path", "100%", "%path", "%%x"])
def test_names_in_the_trash_tell_path_and_time(path: str) -> None:
    """A name says when and what; one that is too long has its path beside it."""
    name, beside = name_for(path, now=1_700_000_000_000_000_000)

    assert parse(check(name)) == (1_700_000_000_000_000_000, None if beside else path)
    assert len(name.encode()) <= 255
    assert beside is None or parse(beside) is None


@pytest.mark.parametrize("name", ["", "..", "../x", "0" * 16, "00000000000000zz-x", "0" * 16 + "-a/../b"])
def test_what_is_no_name_in_the_trash_leads_nowhere(name: str) -> None:
    """An id comes from a core, and is looked at all the same."""
    with pytest.raises(DriverError):
        check(name)
