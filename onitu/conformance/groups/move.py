"""Renaming: the entry with everything below it, and only to where nothing is."""

from __future__ import annotations

from onitu.conformance.case import Case
from onitu.conformance.check import check
from onitu.conformance.data import content
from onitu.conformance.groups.write import nothing_at, same
from onitu.conformance.wire import refused
from onitu.rpc.gen import operation_pb2


@check("move_file", "content")
def files_are_moved(case: Case) -> None:
    """A file is at its new path with its bytes and attributes, and no longer at the old one."""
    data = content(100_000)
    attributes = operation_pb2.Attributes(mtime_ns=1_500_000_000_000_000_000)
    written = case.folder.write("old", data, attributes=attributes)
    answer = case.folder.move("old", written.revision, "new")
    assert answer.path == "new", f"it answers the entry at its destination, not at {answer.path!r}"
    assert answer.present.size == len(data)
    nothing_at(case, "old")
    same(case, "new", answer.present, data)
    assert answer.present.mtime_ns == written.mtime_ns
    assert set(case.folder.snapshot()) == {"new"}


@check("move_file", "conditional", "content")
def a_file_is_moved_once(case: Case) -> None:
    """A second move finds nothing, and answers FAILED_PRECONDITION."""
    written = case.folder.write("old", b"x")
    case.folder.move("old", written.revision, "new")
    with refused("FAILED_PRECONDITION", why="nothing is there any more"):
        case.folder.move("old", written.revision, "newer")


@check("move_file", "conditional", "content")
def nothing_is_moved_onto_what_is_there(case: Case) -> None:
    """A move to where something is answers FAILED_PRECONDITION, and both entries stay."""
    old, taken = case.folder.write("old", b"old"), case.folder.write("taken", b"taken")
    with refused("FAILED_PRECONDITION", why="a file is at the destination"):
        case.folder.move("old", old.revision, "taken")
    same(case, "old", old, b"old")
    same(case, "taken", taken, b"taken")


@check("move_file", "conditional", "content", "make_directory")
def nothing_is_moved_onto_a_directory(case: Case) -> None:
    """A move to where a directory is, empty or not, answers FAILED_PRECONDITION; nor does it end up inside it."""
    old = case.folder.write("old", b"old")
    case.folder.make_directory("d")
    with refused("FAILED_PRECONDITION", why="a directory is at the destination"):
        case.folder.move("old", old.revision, "d")
    if case.able.move_directory:
        empty = case.folder.make_directory("empty")
        with refused("FAILED_PRECONDITION", why="a directory is at the destination"):
            case.folder.move("empty", empty.revision, "d")
    same(case, "old", old, b"old")
    assert set(case.folder.snapshot()) - {"empty"} == {"old", "d"}


@check("move_file", "content", "make_directory")
def files_move_between_directories(case: Case) -> None:
    """A file is moved into another directory; into one that is not there it is NOT_FOUND."""
    case.folder.make_directory("d")
    written = case.folder.write("file", b"x")
    with refused("NOT_FOUND", why="the directory is not there"):
        case.folder.move("file", written.revision, "not there/file")
    answer = case.folder.move("file", written.revision, "d/file")
    same(case, "d/file", answer.present, b"x")
    nothing_at(case, "file")


@check("move_directory", "make_directory", "content")
def directories_take_everything_along(case: Case) -> None:
    """A directory is moved with everything below it."""
    made = case.folder.make_directory("old")
    case.folder.make_directory("old/deep")
    case.folder.write("old/file", b"1")
    case.folder.write("old/deep/file", b"2")
    case.folder.make_directory("beside")
    case.folder.move("old", made.revision, "beside/new")
    found = set(case.folder.snapshot())
    for path in ("beside/new/file", "beside/new/deep/file"):
        assert path in found, f"{path!r} is not below the new name"
    assert found == {"beside", "beside/new", "beside/new/file", "beside/new/deep", "beside/new/deep/file"}
    assert case.folder.read("beside/new/deep/file") == b"2"


@check("move_directory", "make_directory", "content")
def no_directory_moves_into_itself(case: Case) -> None:
    """A directory that is to be moved below itself is refused, and nothing is lost."""
    made = case.folder.make_directory("d")
    case.folder.write("d/file", b"x")
    for destination in ("d/d", "d/e/f"):
        with refused(why=f"{destination!r} is below the directory itself"):
            case.folder.move("d", made.revision, destination)
    assert set(case.folder.snapshot()) == {"d", "d/file"}


@check("move_file", "content")
def case_alone_can_change(case: Case) -> None:
    """A rename that changes nothing but upper and lower case is one, also where case makes no other name."""
    written = case.folder.write("readme", b"x")
    answer = case.folder.move("readme", written.revision, "README")
    assert case.folder.read("README", answer.present.revision) == b"x"
    assert set(case.folder.snapshot()) == {"README"}


@check("move_file", "native_ids", "content")
def an_entry_keeps_its_native_id(case: Case) -> None:
    """The native id of an entry stays with it across a move, and is that of no other."""
    written, other = case.folder.write("old", b"x"), case.folder.write("other", b"x")
    assert written.native_id, "there is none"
    assert written.native_id != other.native_id, "two files have the same one"
    moved = case.folder.move("old", written.revision, "new").present
    assert moved.native_id == written.native_id
    assert case.folder.snapshot()["new"].native_id == written.native_id


@check("move_file", "watch", "content")
def a_move_of_ours_is_never_undone_by_a_report(case: Case) -> None:
    """After a move no report shows the entry at its old path, but with an older number."""
    written = case.folder.write("old", b"x")
    with case.folder.watch() as stream:
        stream.wait_snapshot()
        case.folder.move("old", written.revision, "new")
        stream.rescan("")
        assert set(stream.entries) == {"new"}
