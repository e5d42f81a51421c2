"""Deleting: one entry, never what is in it."""

from __future__ import annotations

from onitu.conformance.case import Case
from onitu.conformance.check import check
from onitu.conformance.groups.write import nothing_at, same
from onitu.conformance.wire import refused


@check("delete_file", "content")
def files_are_deleted(case: Case) -> None:
    """A file is gone, for a look and in a snapshot, and the answer says `absent`; what lies beside it stays."""
    written, beside = case.folder.write("file", b"x"), case.folder.write("file2", b"beside")
    answer = case.folder.delete("file", written.revision)
    assert answer.WhichOneof("state") == "absent", "a deletion answers `absent`"
    assert answer.path == "file"
    assert answer.observed_seq, "there is no `observed_seq`"
    nothing_at(case, "file")
    same(case, "file2", beside, b"beside")


@check("delete_file", "conditional", "content")
def a_file_is_deleted_once(case: Case) -> None:
    """A second deletion finds nothing, and answers FAILED_PRECONDITION."""
    written = case.folder.write("file", b"x")
    case.folder.delete("file", written.revision)
    with refused("FAILED_PRECONDITION", why="nothing is there any more"):
        case.folder.delete("file", written.revision)


@check("delete_file", "make_directory")
def empty_directories_are_deleted(case: Case) -> None:
    """An empty directory is deleted, and the one that it lies in is not."""
    case.folder.make_directory("d")
    inner = case.folder.make_directory("d/e")
    case.folder.delete("d/e", inner.revision)
    assert set(case.folder.snapshot()) == {"d"}


@check("delete_file", "make_directory", "content")
def directories_with_children_stay(case: Case) -> None:
    """The deletion of a directory with something in it answers FAILED_PRECONDITION, and deletes nothing."""
    made = case.folder.make_directory("d")
    written = case.folder.write("d/file", b"inside")
    with refused("FAILED_PRECONDITION", why="there is a file in the directory"):
        case.folder.delete("d", made.revision)
    same(case, "d/file", written, b"inside")


@check("delete_file", "make_directory")
def the_folder_itself_stays(case: Case) -> None:
    """The folder's root cannot be deleted by any path."""
    for path in ("", ".", "/"):
        with refused(why=f"{path!r} is the folder itself"):
            case.folder.delete(path, "revision")
    assert case.folder.snapshot() == {}


@check("delete_file", "symlinks", "content", symlinks=True)
def links_are_deleted_and_not_what_they_point_to(case: Case) -> None:
    """The deletion of a link leaves what it points to."""
    written = case.folder.write("file", b"x")
    link = case.folder.link("link", "file")
    case.folder.delete("link", link.revision)
    nothing_at(case, "link")
    same(case, "file", written, b"x")


@check("delete_file", "watch", "content")
def a_deletion_of_ours_is_never_undone_by_a_report(case: Case) -> None:
    """After a deletion no report shows the entry as being there, but with an older number."""
    with case.folder.watch() as stream:
        stream.wait_snapshot()
        written = case.folder.write("file", b"x")
        answer = case.folder.delete("file", written.revision)
        case.folder.write("afterwards")
        stream.rescan("")
        assert "file" not in stream.entries, f"it is shown, and its deletion was number {answer.observed_seq}"
