"""Expectations: where something else is there than was expected nothing is changed, and the answer says so."""

from __future__ import annotations

from collections.abc import Callable

from onitu.conformance.case import Case
from onitu.conformance.check import check
from onitu.conformance.data import content
from onitu.conformance.folder import upload_of
from onitu.conformance.groups.write import nothing_at, same, ways
from onitu.conformance.wire import Refusal, each, refused
from onitu.rpc.gen import operation_pb2

OTHER = "no revision of this driver"
RIVALS = 8


@check("conditional", "content")
def nothing_is_written_over_what_was_not_expected(case: Case) -> None:
    """A write that expects nothing, where something is, answers FAILED_PRECONDITION and changes nothing."""
    for name, upload in ways(case):
        old = case.folder.write(name, b"old")
        with refused("FAILED_PRECONDITION", why=f"{name}: a file is there, nothing was expected"):
            upload(upload_of(name, b"new"), b"new")
        same(case, name, old, b"old")


@check("conditional", "content")
def nothing_is_written_over_another_revision(case: Case) -> None:
    """A write that expects another revision than is there answers FAILED_PRECONDITION and changes nothing."""
    for name, upload in ways(case):
        first = case.folder.write(name, b"first")
        second = case.folder.write(name, b"second one", over=first.revision)
        for revision in (first.revision, OTHER):
            with refused("FAILED_PRECONDITION", why=f"{name}: {revision!r} was expected"):
                upload(upload_of(name, b"new", over=revision), b"new")
            same(case, name, second, b"second one")


@check("conditional", "content")
def nothing_is_written_where_a_revision_was_expected(case: Case) -> None:
    """A write that expects a revision, where nothing is, answers FAILED_PRECONDITION and makes nothing."""
    for name, upload in ways(case):
        with refused("FAILED_PRECONDITION", why=f"{name}: nothing is there, a revision was expected"):
            upload(upload_of(name, b"new", over=OTHER), b"new")
        nothing_at(case, name)


@check("conditional", "chunks")
def what_changes_during_an_upload_is_not_overwritten(case: Case) -> None:
    """A file that changes while another upload of it is under way stays: `EndUpload` is FAILED_PRECONDITION."""
    old = case.folder.write("file", b"old")
    upload = upload_of("file", b"slow", over=old.revision)
    session = case.folder.start(upload)
    case.folder.chunk(session, 0, b"slow")
    new = case.folder.write("file", b"in between", over=old.revision)
    with refused("FAILED_PRECONDITION", why="the file has changed during the upload"):
        case.folder.end(session, upload)
    same(case, "file", new, b"in between")
    case.folder.abort(session)
    same(case, "file", new, b"in between")


@check("conditional", "chunks")
def what_appears_during_an_upload_is_not_overwritten(case: Case) -> None:
    """A file that appears while one of its name is uploaded stays: `EndUpload` answers FAILED_PRECONDITION."""
    upload = upload_of("file", b"slow")
    session = case.folder.start(upload)
    case.folder.chunk(session, 0, b"slow")
    new = case.folder.write("file", b"in between")
    with refused("FAILED_PRECONDITION", why="a file has appeared during the upload"):
        case.folder.end(session, upload)
    same(case, "file", new, b"in between")
    case.folder.abort(session)
    same(case, "file", new, b"in between")


@check("conditional", "content")
def what_somebody_has_changed_is_not_overwritten(case: Case) -> None:
    """What was changed behind the driver's back is neither overwritten nor deleted nor moved."""
    old = case.folder.write("file", b"old")
    case.behind.write("file", b"from somebody else")
    with refused("FAILED_PRECONDITION", why="somebody has changed the file"):
        case.folder.write("file", b"new", over=old.revision)
    if case.able.delete_file:
        with refused("FAILED_PRECONDITION", why="somebody has changed the file"):
            case.folder.delete("file", old.revision)
    if case.able.move_file:
        with refused("FAILED_PRECONDITION", why="somebody has changed the file"):
            case.folder.move("file", old.revision, "elsewhere")
    assert case.folder.read("file") == b"from somebody else"


@check("conditional", "content", "delete_file")
def another_revision_is_not_deleted(case: Case) -> None:
    """A deletion that expects another revision, or an entry that is not there, answers FAILED_PRECONDITION."""
    written = case.folder.write("file", b"old")
    with refused("FAILED_PRECONDITION", why="another revision was expected"):
        case.folder.delete("file", OTHER)
    same(case, "file", written, b"old")
    with refused("FAILED_PRECONDITION", why="nothing is there"):
        case.folder.delete("missing", OTHER)


@check("conditional", "content", "move_file")
def another_revision_is_not_moved(case: Case) -> None:
    """A move that expects another revision, or an entry that is not there, answers FAILED_PRECONDITION."""
    written = case.folder.write("file", b"old")
    with refused("FAILED_PRECONDITION", why="another revision was expected"):
        case.folder.move("file", OTHER, "elsewhere")
    same(case, "file", written, b"old")
    with refused("FAILED_PRECONDITION", why="nothing is there"):
        case.folder.move("missing", OTHER, "elsewhere")
    nothing_at(case, "elsewhere")


@check("conditional", "content", "copy_file")
def another_revision_is_not_copied(case: Case) -> None:
    """A copy that expects another revision, or whose destination is taken, answers FAILED_PRECONDITION."""
    written, taken = case.folder.write("file", b"old"), case.folder.write("taken", b"taken")
    with refused("FAILED_PRECONDITION", why="another revision was expected"):
        case.folder.copy("file", OTHER, "copy")
    nothing_at(case, "copy")
    with refused("FAILED_PRECONDITION", why="something is at the destination"):
        case.folder.copy("file", written.revision, "taken")
    same(case, "taken", taken, b"taken")


@check("conditional", "content", "set_attributes")
def another_revisions_attributes_stay(case: Case) -> None:
    """A change of attributes that expects another revision answers FAILED_PRECONDITION and changes none."""
    written = case.folder.write("file", b"old")
    with refused("FAILED_PRECONDITION", why="another revision was expected"):
        case.folder.set_attributes("file", OTHER, operation_pb2.Attributes(mtime_ns=1_000_000_000, executable=True))
    found = case.folder.present("file")
    assert (found.revision, found.mtime_ns) == (written.revision, written.mtime_ns)


@check("make_directory")
def a_directory_is_made_once(case: Case) -> None:
    """`MakeDirectory` where something is answers FAILED_PRECONDITION."""
    case.folder.make_directory("d")
    with refused("FAILED_PRECONDITION", why="the directory is there"):
        case.folder.make_directory("d")
    if case.able.whole_files or case.able.chunks:
        written = case.folder.write("file", b"old")
        with refused("FAILED_PRECONDITION", why="a file is there"):
            case.folder.make_directory("file")
        same(case, "file", written, b"old")


@check("conditional", "content", "make_directory")
def a_file_never_takes_the_place_of_a_directory(case: Case) -> None:
    """A write at the path of a directory is refused, whatever it expects, and the directory stays as it is."""
    made = case.folder.make_directory("d")
    inside = case.folder.write("d/file", b"inside")
    for name, upload in ways(case):
        for over in (None, OTHER, made.revision):
            with refused(why=f"{name}: a directory is there, {over!r} was expected"):
                upload(upload_of("d", b"new", over=over), b"new")
    same(case, "d/file", inside, b"inside")


@check("symlinks", "conditional", symlinks=True)
def a_link_is_not_written_over_what_was_not_expected(case: Case) -> None:
    """A link that expects nothing, or another revision, answers FAILED_PRECONDITION and changes nothing."""
    made = case.folder.link("link", "first")
    for over in (None, OTHER):
        with refused("FAILED_PRECONDITION", why=f"{over!r} was expected"):
            case.folder.link("link", "second", over=over)
    found = case.folder.present("link")
    assert (found.revision, found.link_target) == (made.revision, "first")


@check("atomic", "content")
def of_rivals_one_wins(case: Case) -> None:
    """Of several writes at the same time that expect the same, exactly one is done, and what is there is its own."""
    for name, upload in ways(case):
        contents = [content(10_000, number) for number in range(RIVALS)]
        wins = each([_attempt(upload, name, data) for data in contents])
        won = [data for data, done in zip(contents, wins, strict=True) if done]
        assert len(won) == 1, f"{name}: {len(won)} of {RIVALS} writes that expected nothing were answered as done"
        assert case.folder.read(name) == won[0], f"{name}: what is there is not what was answered as done"


def _attempt(upload: Callable[[operation_pb2.Upload, bytes], object], name: str, data: bytes) -> Callable[[], bool]:
    def attempt() -> bool:
        try:
            upload(upload_of(name, data), data)
        except Refusal as refusal:
            assert refusal.code.name == "FAILED_PRECONDITION", refusal
            return False
        return True

    return attempt
