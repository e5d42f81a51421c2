"""Reading: the bytes are those of the revision asked for, whole and in parts, or there are none."""

from __future__ import annotations

import contextlib
from pathlib import Path

import grpc

from onitu.conformance.case import Case
from onitu.conformance.check import NotVisible, check
from onitu.conformance.data import BORDERS, KIB, MIB, content, difference
from onitu.conformance.folder import upload_of
from onitu.conformance.wire import refusal_of, refused
from onitu.core.capability import MAX_CHUNK
from onitu.rpc.gen import driver_pb2, observation_pb2

LARGE = 160 * MIB
MOST_MEMORY = 96 * MIB
SPARSE = 5 * 1024 * MIB
MANY = 300


def sizes(case: Case) -> list[int]:
    """Returns the sizes of files to try, those that the driver takes whole."""
    return [size for size in BORDERS if size <= case.session.limits.max_whole_file]


@check("whole_files")
def whole_files_are_read_as_they_are(case: Case) -> None:
    """`GetFile` answers every byte, in messages of 1 byte to 1 MiB; none for an empty file."""
    for size in sizes(case):
        data = content(size)
        written = case.folder.write(f"file {size}", data)
        request = driver_pb2.GetFileRequest(folder=case.place.name, path=f"file {size}", revision=written.revision)
        messages = [message.data for message in case.wire.messages("GetFile", request)]
        assert not difference(b"".join(messages), data), f"of {size:,}: {difference(b''.join(messages), data)}"
        assert all(1 <= len(message) <= MAX_CHUNK for message in messages), f"messages of {set(map(len, messages))}"


@check("whole_files")
def whole_files_are_read_from_an_offset(case: Case) -> None:
    """`GetFile` begins at its offset; at or beyond the end it answers nothing."""
    data = content(2 * MAX_CHUNK + 7)
    written = case.folder.write("file", data)
    for offset in (1, MAX_CHUNK - 1, MAX_CHUNK, len(data) - 1, len(data), len(data) + 5):
        found = case.folder.get_file("file", written.revision, offset=offset)
        assert not difference(found, data[offset:]), f"from {offset:,}: {difference(found, data[offset:])}"


@check("chunks")
def chunks_are_read_as_they_are(case: Case) -> None:
    """`GetChunk` answers the bytes asked for, fewer only at the end of the file, and none beyond it."""
    for size in BORDERS:
        data = content(size)
        written = case.folder.write(f"file {size}", data)
        for offset, length in (
            (0, MAX_CHUNK),
            (0, 1),
            (size // 2, 10),
            (max(0, size - 3), 100),
            (size, 5),
            (size + 9, 5),
        ):
            found = case.folder.get_chunk(f"file {size}", written.revision, offset, length)
            wanted = data[offset : offset + length]
            assert not difference(found, wanted), f"{length} at {offset} of {size}: {difference(found, wanted)}"


@check("get_files")
def many_files_are_read_in_order(case: Case) -> None:
    """`GetFiles` answers every file once, in the order asked for, as large as a message may be."""
    files = {f"file {number}": content(number * 97 % 5_000, number) for number in range(MANY)}
    written = {path: case.folder.write(path, data).revision for path, data in files.items()}
    order = sorted(written, key=lambda path: path[::-1])
    found = case.folder.get_files([(path, written[path]) for path in order])
    assert len(found) == len(order), f"{len(found)} of {len(order)} files came"
    for path, one in zip(order, found, strict=True):
        assert one.WhichOneof("outcome") == "data", f"{path}: {one.error}"
        assert not difference(one.data, files[path]), f"{path}: {difference(one.data, files[path])}"


@check("get_files")
def a_file_that_cannot_be_had_stops_no_other(case: Case) -> None:
    """In `GetFiles` a missing file and another revision are errors in their places, and all others come."""
    good = case.folder.write("good", b"good").revision
    found = case.folder.get_files([("missing", "r"), ("good", good), ("good", "another revision"), ("good", good)])
    codes = [grpc.StatusCode.OK.value[0] if one.WhichOneof("outcome") == "data" else one.error.code for one in found]
    wanted = [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.OK, grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.OK]
    assert codes == [code.value[0] for code in wanted]
    assert found[1].data == found[3].data == b"good"


@check("content")
def another_revision_is_not_read(case: Case) -> None:
    """A read that is pinned to another revision than is there answers FAILED_PRECONDITION."""
    folder = case.folder
    old = folder.write("file", b"first").revision
    new = folder.write("file", b"second", over=old).revision
    assert new != old, "the content is another one, and the revision is the same"
    for revision in (old, "no revision of this driver"):
        if case.able.whole_files:
            with refused("FAILED_PRECONDITION", why=f"the revision is {revision!r}, {new!r} is there"):
                folder.get_file("file", revision)
        if case.able.chunks:
            with refused("FAILED_PRECONDITION", why=f"the revision is {revision!r}, {new!r} is there"):
                folder.get_chunk("file", revision, 0, 10)
    assert folder.read("file", new) == b"second"


@check("content")
def what_is_not_there_is_not_found(case: Case) -> None:
    """A read of a path where nothing is answers NOT_FOUND."""
    for path in ("missing", "not/there/either"):
        if case.able.whole_files:
            with refused("NOT_FOUND"):
                case.folder.get_file(path, "r")
        if case.able.chunks:
            with refused("NOT_FOUND"):
                case.folder.get_chunk(path, "r", 0, 10)


@check("content", "make_directory")
def a_directory_has_no_bytes(case: Case) -> None:
    """A read of a directory is refused."""
    made = case.folder.make_directory("d")
    if case.able.whole_files:
        with refused(why="it is a directory"):
            case.folder.get_file("d", made.revision)
    if case.able.chunks:
        with refused(why="it is a directory"):
            case.folder.get_chunk("d", made.revision, 0, 10)


@check("whole_files")
def a_file_that_changes_while_it_is_read_is_not_mixed(case: Case) -> None:
    """A stream of a file that is replaced meanwhile ends with an error, or has all bytes of the old content."""
    data = content(min(12 * MIB, case.session.limits.max_whole_file))
    _replace_while_read(case, "file", case.folder.write("file", data), data)
    case.folder.write("calm", data)
    _replace_while_read(case, "calm", case.folder.wait_calm("calm"), data)


def _replace_while_read(case: Case, path: str, old: observation_pb2.Present, data: bytes) -> None:
    """Replaces a file that is being read; mixed bytes are let pass only of a racy revision that stayed the same."""
    request = driver_pb2.GetFileRequest(folder=case.place.name, path=path, revision=old.revision)
    call = case.wire.stream("GetFile", request, timeout=60)
    found = bytearray(next(call).data)
    new = case.folder.write(path, content(len(data), 1), over=old.revision)
    try:
        for message in call:
            found += message.data
    except grpc.RpcError as error:
        code = refusal_of("GetFile", error).code.name
        assert code in {"FAILED_PRECONDITION", "ABORTED", "NOT_FOUND"}, code
    else:
        told = not old.racy or new.revision != old.revision
        same = bytes(found) == data
        assert same or not told, "the stream ended with OK, and what came is not the revision asked for"


@check("whole_files")
def a_file_that_grows_while_it_is_read_is_not_mixed(case: Case) -> None:
    """A stream of a file that somebody replaces by a longer one ends with an error, or has the old bytes alone."""
    data = content(min(8 * MIB, case.session.limits.max_whole_file // 2))
    old = case.folder.write("file", data)
    request = driver_pb2.GetFileRequest(folder=case.place.name, path="file", revision=old.revision)
    behind = case.behind
    call = case.wire.stream("GetFile", request, timeout=60)
    found = bytearray(next(call).data)
    behind.write("file", data + b"and more")
    with contextlib.suppress(grpc.RpcError):
        for message in call:
            found += message.data
        assert bytes(found) == data, "the stream ended with OK, and what came is not the revision asked for"


@check("content")
def what_somebody_replaces_is_not_read_as_before(case: Case) -> None:
    """After somebody has replaced a file behind the driver's back its old revision answers FAILED_PRECONDITION."""
    old = case.folder.write("file", b"first").revision
    case.behind.write("file", b"other")
    with refused("FAILED_PRECONDITION", why="somebody has replaced the file"):
        case.folder.read("file", old)


@check("chunks")
def offsets_beyond_four_gibibytes_are_right(case: Case) -> None:
    """A chunk behind 5 GiB of a sparse file is read where it lies."""
    case.behind.make_sparse("sparse", SPARSE)
    found = case.folder.present("sparse")
    assert found.size == SPARSE
    assert case.folder.get_chunk("sparse", found.revision, SPARSE - 4, 100) == b"last"
    assert case.folder.get_chunk("sparse", found.revision, SPARSE - 8, 4) == bytes(4)


@check("chunks")
def memory_does_not_grow_with_the_file(case: Case) -> None:
    """A file of 160 MiB is written and read in chunks, and the process grows by less than 96 MiB."""
    before = _most_memory(case)
    data = content(4 * MIB) * (LARGE // (4 * MIB))
    revision = case.folder.upload_chunks(upload_of("large", data), data).revision
    for offset in range(0, LARGE, 16 * MAX_CHUNK):
        assert case.folder.get_chunk("large", revision, offset, MAX_CHUNK) == data[offset : offset + MAX_CHUNK]
    grown = _most_memory(case) - before
    if case.able.delete_file:  # It is in nobody's way, but large.
        case.folder.delete("large", revision)
    assert grown < MOST_MEMORY, f"the process has grown by {grown // MIB} MiB over a file of {LARGE // MIB} MiB"


def _most_memory(case: Case) -> int:
    case.require_process()
    status = Path(f"/proc/{case.process.pid}/status")
    if not status.exists():
        raise NotVisible("this system does not show how much memory a process has")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * KIB
