"""Writing: what is announced becomes visible whole, at once, under its name; anything else leaves no trace."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import grpc

from onitu.conformance.case import Case
from onitu.conformance.check import NotDeclared, check
from onitu.conformance.data import BORDERS, KIB, content, difference
from onitu.conformance.folder import Folder, upload_of
from onitu.conformance.groups.read import sizes
from onitu.conformance.wire import Refusal, chunked, refused
from onitu.core.capability import MAX_CHUNK
from onitu.rpc.gen import driver_pb2, observation_pb2, operation_pb2

UNLIMITED = 1 << 50
"""Bytes: a limit that no file comes near to is none."""

TIME = 1_234_567_890_987_654_321


def ways(case: Case) -> Iterator[tuple[str, Callable[[operation_pb2.Upload, bytes], observation_pb2.Present]]]:
    """Yields the ways to upload that the driver has: a name for each, and the function."""
    if case.able.whole_files:
        yield "whole", case.folder.upload_whole
    if case.able.chunks:
        yield "chunks", case.folder.upload_chunks


def nothing_at(case: Case, path: str) -> None:
    """Makes sure that nothing is at a path, neither for a look nor in a snapshot, and nothing strange beside it."""
    assert not case.folder.holds(path), f"something is at {path!r}"
    found = set(case.folder.snapshot())
    assert path not in found, f"{path!r} is in the snapshot"


def same(case: Case, path: str, present: observation_pb2.Present, data: bytes) -> None:
    """Makes sure that a file is as it was: revision and content."""
    assert case.folder.present(path).revision == present.revision, f"{path!r} has another revision now"
    assert not difference(case.folder.read(path, present.revision), data), f"{path!r} has another content now"


@check("whole_files")
def whole_files_arrive_as_they_are(case: Case) -> None:
    """`UploadFile` writes every size around the borders of chunks, and answers the file as it is then."""
    for size in sizes(case):
        data = content(size)
        present = case.folder.upload_whole(upload_of(f"file {size}", data), data)
        assert (present.size, bool(present.revision)) == (size, True), f"of {size:,} it answered {present}"
        assert not difference(case.folder.read(f"file {size}", present.revision), data), f"{size:,} bytes"


@check("chunks")
def chunks_arrive_as_they_are(case: Case) -> None:
    """An upload in chunks writes every size around the borders of chunks, and answers the file as it is then."""
    for size in BORDERS:
        data = content(size)
        present = case.folder.upload_chunks(upload_of(f"file {size}", data), data)
        assert (present.size, bool(present.revision)) == (size, True), f"of {size:,} it answered {present}"
        assert not difference(case.folder.read(f"file {size}", present.revision), data), f"{size:,} bytes"


@check("chunks")
def chunks_of_any_size_are_joined(case: Case) -> None:
    """Chunks smaller than the most, of uneven length, are joined without a gap."""
    least = max(1, case.session.limits.min_chunk_bytes)
    for size in {least, least + 7, 100 * KIB + 1} - set(range(least)):
        data = content(5 * size + least // 2)
        case.folder.upload_chunks(upload_of(f"by {size}", data), data, size=size)
        assert not difference(case.folder.read(f"by {size}"), data), f"in chunks of {size:,}"


@check("content", "truncates")
def shorter_content_leaves_nothing_of_the_longer(case: Case) -> None:
    """A file that is replaced by a shorter one, or an empty one, is exactly that."""
    for name, upload in ways(case):
        revision = upload(upload_of(name, b"x"), b"x").revision
        for data in (content(3 * MAX_CHUNK // 2), content(10), b""):
            revision = upload(upload_of(name, data, over=revision), data).revision
            assert not difference(case.folder.read(name), data), f"{name}, {len(data):,} bytes"


@check("content")
def streams_that_are_too_short_are_refused(case: Case) -> None:
    """Fewer bytes than announced answer DATA_LOSS, and nothing was changed."""
    for name, upload in ways(case):
        data = content(100_000)
        with refused("DATA_LOSS", why="99,999 bytes came, 100,000 were announced"):
            upload(upload_of(name, data, size=len(data)), data[:-1])
        nothing_at(case, name)
        old = case.folder.write(name, b"old")
        with refused("DATA_LOSS", why="0 bytes came, 100,000 were announced"):
            upload(upload_of(name, data, over=old.revision), b"")
        same(case, name, old, b"old")


@check("content")
def streams_that_are_too_long_are_refused(case: Case) -> None:
    """More bytes than announced answer DATA_LOSS, and nothing was changed."""
    for name, upload in ways(case):
        data = content(100_000)
        # Where one more chunk is refused is the driver's choice: as it comes, or at the end.
        with refused("DATA_LOSS", "INVALID_ARGUMENT", why="100,001 bytes came, 100,000 were announced"):
            upload(upload_of(name, data), data + b"!")
        nothing_at(case, name)


@check("content")
def other_bytes_than_announced_are_refused(case: Case) -> None:
    """Bytes that do not hash to the announced digest answer DATA_LOSS, and nothing was changed."""
    if not {"blake3"} & {*case.able.free_digests, *case.able.computed_digests}:
        raise NotDeclared("blake3")
    for name, upload in ways(case):
        data = content(100_000)
        with refused("DATA_LOSS", why="the bytes that came are others"):
            upload(upload_of(name, data, digest=bytes(32)), data)
        nothing_at(case, name)
        old = case.folder.write(name, b"old")
        with refused("DATA_LOSS", why="the bytes that came are others"):
            upload(upload_of(name, data, digest=bytes(32), over=old.revision), data)
        same(case, name, old, b"old")


@check("chunks", "staging")
def nothing_is_visible_before_end_upload(case: Case) -> None:
    """What is staged is at no path: neither for a look nor in a snapshot, until `EndUpload`."""
    data = content(3 * MAX_CHUNK)
    upload = upload_of("file", data)
    session = case.folder.start(upload)
    assert case.folder.snapshot() == {}, "something is visible of an upload that has just begun"
    for offset, chunk in chunked(data, case.session.chunk_size):
        case.folder.chunk(session, offset, chunk)
    assert not case.folder.holds("file"), "the file is visible, and its upload has not ended"
    assert case.folder.snapshot() == {}, "something is visible of an upload that has not ended"
    present = case.folder.end(session, upload)
    assert set(case.folder.snapshot()) == {"file"}, "something else than the file is visible after the upload"
    same(case, "file", present, data)


@check("chunks", "staging")
def the_old_content_stays_until_end_upload(case: Case) -> None:
    """A file that is being replaced is its old content until `EndUpload`."""
    old = case.folder.write("file", b"old")
    data = content(MAX_CHUNK + 1)
    upload = upload_of("file", data, over=old.revision)
    session = case.folder.start(upload)
    for offset, chunk in chunked(data, case.session.chunk_size):
        case.folder.chunk(session, offset, chunk)
        same(case, "file", old, b"old")
    case.folder.end(session, upload)
    assert not difference(case.folder.read("file"), data)


@check("chunks", "staging", "watch")
def staging_is_told_to_nobody(case: Case) -> None:
    """No live change tells of what is staged; the first one of an upload is the whole file."""
    data = content(2 * MAX_CHUNK)
    with case.folder.watch() as stream:
        stream.wait_snapshot()
        case.folder.upload_chunks(upload_of("file", data), data)
        present = case.folder.write("afterwards")
        stream.rescan("")
        assert set(stream.sent) <= {"file", "afterwards"}, f"told of {set(stream.sent)}"
        assert stream.entries["file"].size == len(data)
        assert stream.entries["afterwards"].revision == present.revision


@check("chunks")
def an_aborted_upload_leaves_nothing(case: Case) -> None:
    """`AbortUpload` removes what was staged and nothing else; a second one, or one of no session, is answered too."""
    old = case.folder.write("old", b"old")
    data = content(MAX_CHUNK)
    for path, over in (("file", None), ("old", old.revision)):
        upload = upload_of(path, data, over=over)
        session = case.folder.start(upload)
        if case.able.staging or over is None:
            case.folder.chunk(session, 0, data)
        case.folder.abort(session)
        case.folder.abort(session)
        with refused("NOT_FOUND", why="the upload was aborted"):
            case.folder.end(session, upload)
    if case.able.staging:
        nothing_at(case, "file")
        same(case, "old", old, b"old")


@check("chunks")
def sessions_are_known_or_not_found(case: Case) -> None:
    """A chunk, or the end, of a session that does not exist answers NOT_FOUND."""
    upload = upload_of("file", b"x")
    with refused("NOT_FOUND"):
        case.folder.chunk("no session of this driver", 0, b"x")
    with refused("NOT_FOUND"):
        case.folder.end("no session of this driver", upload)


@check("chunks")
def an_upload_ends_once(case: Case) -> None:
    """A second `EndUpload` answers NOT_FOUND, and changes nothing."""
    upload = upload_of("file", b"x")
    session = case.folder.start(upload)
    case.folder.chunk(session, 0, b"x")
    present = case.folder.end(session, upload)
    with refused("NOT_FOUND", why="the upload has ended"):
        case.folder.end(session, upload)
    same(case, "file", present, b"x")


@check("chunks")
def a_chunk_may_come_twice(case: Case) -> None:
    """The same bytes at the same offset may be sent again."""
    data = content(300)
    upload = upload_of("file", data)
    session = case.folder.start(upload)
    for offset, chunk in chunked(data, 100):
        case.folder.chunk(session, offset, chunk)
        case.folder.chunk(session, offset, chunk)
    same(case, "file", case.folder.end(session, upload), data)


@check("chunks")
def a_chunk_that_leaves_a_gap_is_refused(case: Case) -> None:
    """A chunk behind the end of what is staged answers INVALID_ARGUMENT."""
    upload = upload_of("file", content(300))
    session = case.folder.start(upload)
    case.folder.chunk(session, 0, content(300)[:100])
    with refused("INVALID_ARGUMENT", why="100 bytes are staged, and the chunk begins at 200"):
        case.folder.chunk(session, 200, content(300)[200:])
    case.folder.abort(session)


@check("chunks")
def uploads_of_one_path_do_not_mix(case: Case) -> None:
    """Several uploads of the same path have a session each: the one that ends first is there, whole."""
    sessions = []
    for number in range(3):
        data = content(1_000, number)
        upload = upload_of("file", data)
        sessions.append((case.folder.start(upload), upload, data))
    for session, _, data in sessions:
        case.folder.chunk(session, 0, data)
    session, upload, data = sessions[1]
    present = case.folder.end(session, upload)
    case.folder.abort(sessions[0][0])
    case.folder.abort(sessions[2][0])
    same(case, "file", present, data)


@check("restart_upload")
def an_upload_is_taken_up_where_it_was_left(case: Case) -> None:
    """`RestartUpload` answers where to go on, never less than was confirmed, and the file is whole in the end."""
    data = content(3 * MAX_CHUNK + 5)
    upload = upload_of("file", data)
    session = case.folder.start(upload)
    case.folder.chunk(session, 0, data[:MAX_CHUNK])
    offset = case.folder.restart(session, upload, MAX_CHUNK)
    assert MAX_CHUNK <= offset <= len(data), f"go on at {offset:,}, and {MAX_CHUNK:,} bytes were confirmed"
    _go_on(case.folder, session, data, offset)
    same(case, "file", case.folder.end(session, upload), data)


@check("restart_upload", "staging")
def an_upload_outlives_a_crash(case: Case) -> None:
    """After kill -9 of the driver an upload is taken up again, or is no longer known, and nothing of it was visible."""
    data = content(3 * MAX_CHUNK + 5)
    upload = upload_of("file", data)
    session = case.folder.start(upload)
    case.folder.chunk(session, 0, data[:MAX_CHUNK])
    case.folder.chunk(session, MAX_CHUNK, data[MAX_CHUNK : 2 * MAX_CHUNK])
    case.restart(kill=True)
    nothing_at(case, "file")
    try:
        offset = case.folder.restart(session, upload, 2 * MAX_CHUNK)
    except Refusal as refusal:
        assert refusal.code is grpc.StatusCode.NOT_FOUND, refusal
        session, offset = case.folder.start(upload), 0
    _go_on(case.folder, session, data, offset)
    same(case, "file", case.folder.end(session, upload), data)


@check("restart_upload")
def a_session_that_is_gone_is_not_taken_up(case: Case) -> None:
    """`RestartUpload` of a session that was ended or aborted answers NOT_FOUND; of one that never was, an error."""
    first, second = upload_of("first", b"x"), upload_of("second", b"x")
    aborted, ended = case.folder.start(first), case.folder.start(second)
    case.folder.chunk(ended, 0, b"x")
    case.folder.abort(aborted)
    case.folder.end(ended, second)
    for session, upload in ((aborted, first), (ended, second)):
        with refused("NOT_FOUND", why="the session is gone"):
            case.folder.restart(session, upload, 0)
    with refused("NOT_FOUND", "INVALID_ARGUMENT"):
        case.folder.restart("no session of this driver", first, 0)


def _go_on(folder: Folder, session: str, data: bytes, offset: int) -> None:
    for begin, chunk in chunked(data[offset:], folder.chunk_size):
        folder.chunk(session, offset + begin, chunk)


@check("whole_files")
def a_stream_that_breaks_off_leaves_nothing(case: Case) -> None:
    """An `UploadFile` that is cancelled in the middle leaves nothing."""
    data = content(5 * MAX_CHUNK)
    for number in range(5):
        upload = upload_of(f"file {number}", data)

        def parts() -> Iterator[driver_pb2.UploadFileRequest]:
            yield from case.folder.parts(upload, [data[:MAX_CHUNK]])  # noqa: B023  It is used up below.
            raise RuntimeError("the caller has gone")

        with contextlib.suppress(Refusal, RuntimeError):
            case.wire.call("UploadFile", parts())
    assert case.folder.snapshot() == {}


@check("content", "mtime")
def modification_times_are_kept(case: Case) -> None:
    """A modification time that travels with content is kept, to the precision that is declared."""
    step = case.able.mtime_precision_ns
    for name, upload in ways(case):
        attributes = operation_pb2.Attributes(mtime_ns=TIME)
        answered = upload(upload_of(name, b"x", attributes=attributes), b"x")
        for present in (answered, case.folder.present(name), case.folder.snapshot()[name]):
            assert present.HasField("mtime_ns"), f"{name}: there is no time"
            assert abs(present.mtime_ns - TIME) < step, f"{name}: {present.mtime_ns}, and {TIME} was to be kept"


@check("content", "executable")
def the_executable_bit_is_kept(case: Case) -> None:
    """Whether a file is executable travels with its content."""
    for name, upload in ways(case):
        for executable in (True, False):
            path = f"{name} {executable}"
            attributes = operation_pb2.Attributes(executable=executable)
            upload(upload_of(path, b"x", attributes=attributes), b"x")
            found = case.folder.present(path)
            assert found.HasField("executable"), f"{path}: it is not said"
            assert found.executable is executable, path


@check("set_attributes", "content")
def attributes_change_alone(case: Case) -> None:
    """`SetAttributes` changes what it is given and neither the bytes nor anything else."""
    data = content(1_000)
    revision = case.folder.write("file", data).revision
    if case.able.mtime_precision_ns:
        changed = case.folder.set_attributes("file", revision, operation_pb2.Attributes(mtime_ns=TIME))
        assert abs(changed.mtime_ns - TIME) < case.able.mtime_precision_ns
        revision = changed.revision
    if case.able.executable:
        before = case.folder.present("file").mtime_ns
        changed = case.folder.set_attributes("file", revision, operation_pb2.Attributes(executable=True))
        assert changed.executable
        assert changed.mtime_ns == before, "the time was not to be changed"
        revision = changed.revision
    same(case, "file", case.folder.present("file"), data)


@check("copy_file", "content")
def copies_are_equal(case: Case) -> None:
    """`CopyFile` copies bytes and attributes, and leaves the file where it was."""
    data = content(MAX_CHUNK + 3)
    written = case.folder.write("file", data, attributes=operation_pb2.Attributes(mtime_ns=TIME, executable=True))
    copy = case.folder.copy("file", written.revision, "copy")
    same(case, "file", written, data)
    same(case, "copy", copy, data)
    assert copy.mtime_ns == written.mtime_ns
    assert copy.executable == written.executable


@check("symlinks", symlinks=True)
def links_are_written_and_shown(case: Case) -> None:
    """A symbolic link is there as it was written, and replaced as a file is."""
    made = case.folder.link("link", "some/target")
    for found in (made, case.folder.present("link"), case.folder.snapshot()["link"]):
        assert (found.kind, found.link_target) == (observation_pb2.FILE_KIND_SYMLINK, "some/target")
    case.folder.link("link", "another", over=made.revision)
    assert case.folder.present("link").link_target == "another"


@check("symlinks", symlinks=True)
def links_that_leave_the_folder_are_refused(case: Case) -> None:
    """A target that is absolute, empty, or leads out of the folder answers INVALID_ARGUMENT."""
    for target in ("/etc/passwd", "../outside", "a/../../outside", ""):
        with refused("INVALID_ARGUMENT", why=f"the target is {target!r}"):
            case.folder.link("link", target)
    assert case.folder.snapshot() == {}


@check("sync", "content")
def everything_can_be_made_durable(case: Case) -> None:
    """`Sync` answers, with and without something written before it."""
    case.folder.sync()
    case.folder.write("file", b"x")
    case.folder.sync()
    case.folder.sync()


@check("make_directory")
def directories_are_made(case: Case) -> None:
    """`MakeDirectory` makes one directory, and answers it with kind and revision."""
    made = case.folder.make_directory("d")
    assert made.kind == observation_pb2.FILE_KIND_DIRECTORY
    case.folder.make_directory("d/e")
    assert set(case.folder.snapshot()) == {"d", "d/e"}


@check("make_directory", "content")
def a_directorys_revision_is_its_own(case: Case) -> None:
    """The revision of a directory does not depend on what is in it."""
    before = case.folder.make_directory("d").revision
    case.folder.write("d/file", b"x")
    assert case.folder.present("d").revision == before


@check("make_directory", "content")
def a_directory_that_is_not_there_is_not_found(case: Case) -> None:
    """What is to lie in a directory that is not there answers NOT_FOUND."""
    with refused("NOT_FOUND"):
        case.folder.make_directory("not there/d")
    for name, upload in ways(case):
        with refused("NOT_FOUND", why=name):
            upload(upload_of("not there/file", b"x"), b"x")
    assert case.folder.snapshot() == {}


@check("whole_files")
def what_is_too_large_for_one_piece_is_refused(case: Case) -> None:
    """`UploadFile` of more than `max_whole_file` answers RESOURCE_EXHAUSTED without RetryInfo or QuotaFailure."""
    if case.session.limits.max_whole_file >= UNLIMITED:
        raise NotDeclared("a largest file that is written whole")
    upload = upload_of("file", b"x", size=case.session.limits.max_whole_file + 1)
    with refused("RESOURCE_EXHAUSTED", why="it is larger than `max_whole_file`") as caught:
        case.folder.upload_whole(upload, b"x")
    assert not caught.refusal.is_rate_limit
    assert not caught.refusal.is_quota
    nothing_at(case, "file")
