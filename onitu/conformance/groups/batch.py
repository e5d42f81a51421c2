"""Many operations in one call: a result for each, in order, and one that fails stops no other."""

from __future__ import annotations

import os
from pathlib import Path

import grpc

from onitu.conformance.case import Case
from onitu.conformance.check import NotVisible, check
from onitu.conformance.data import content
from onitu.conformance.folder import delete_of, directory_of, expectation, upload_of, write_of
from onitu.conformance.wire import each, refused
from onitu.core.capability import MAX_BATCH, MAX_CHUNK
from onitu.rpc.gen import observation_pb2, operation_pb2

MANY = MAX_BATCH


def outcomes(results: list[operation_pb2.OperationResult]) -> list[str]:
    """Returns what became of each operation: "done", or the name of its code."""
    names = {code.value[0]: code.name for code in grpc.StatusCode}
    return [
        "done" if result.WhichOneof("outcome") == "done" else names.get(result.error.code, str(result.error.code))
        for result in results
    ]


@check("apply_batch")
def a_thousand_operations_fit_into_a_call(case: Case) -> None:
    """As many operations as the limits say are done in one call, and answered in order."""
    most = min(MANY, case.session.limits.max_batch_items)
    files = {f"file {number:04d}": content(number % 700, number) for number in range(most)}
    results = case.folder.batch([write_of(path, data) for path, data in files.items()])
    assert outcomes(results) == ["done"] * most
    assert [result.done.path for result in results] == list(files)
    shown = case.folder.snapshot()
    assert {path: one.size for path, one in shown.items()} == {path: len(data) for path, data in files.items()}
    assert [shown[path].revision for path in files] == [result.done.present.revision for result in results]
    for path in list(files)[:: most // 10]:
        assert case.folder.read(path) == files[path], path


@check("apply_batch", "conditional")
def one_that_fails_stops_no_other(case: Case) -> None:
    """An operation that cannot be done is an error in its place; those before and after it are done."""
    case.folder.batch([write_of("taken", b"taken")])
    results = case.folder.batch(
        [
            write_of("first", b"1"),
            write_of("taken", b"new"),
            delete_of("missing", "a revision"),
            write_of("../outside", b"x"),
            write_of("last", b"2"),
        ]
    )
    assert outcomes(results)[:2] == ["done", "FAILED_PRECONDITION"]
    assert outcomes(results)[2] in {"FAILED_PRECONDITION", "UNIMPLEMENTED"}
    assert outcomes(results)[3:] == ["INVALID_ARGUMENT", "done"]
    assert all(result.error.message for result in results[1:4]), "an error without a message"
    assert set(case.folder.snapshot()) == {"taken", "first", "last"}
    assert case.folder.read("taken") == b"taken"


@check("apply_batch", "make_directory", "delete_file")
def operations_of_one_path_keep_their_order(case: Case) -> None:
    """Operations on the same path, or on one above or below it, are done one after the other, as they stand there."""
    made = case.folder.make_directory("d")
    old = case.folder.write("d/old", b"old")
    results = case.folder.batch(
        [
            directory_of("new"),
            write_of("new/file", b"1"),
            directory_of("new/deep"),
            write_of("new/deep/file", b"2"),
            delete_of("d/old", old.revision),
            delete_of("d", made.revision),
            write_of("d", b"a file in the place of the directory"),
        ]
    )
    assert outcomes(results) == ["done"] * 7
    assert results[4].done.WhichOneof("state") == "absent"
    assert set(case.folder.snapshot()) == {"new", "new/file", "new/deep", "new/deep/file", "d"}
    assert case.folder.read("d") == b"a file in the place of the directory"


@check("apply_batch")
def wrong_bytes_fail_in_their_place(case: Case) -> None:
    """In a batch as well, bytes of another size or digest than announced answer DATA_LOSS and leave nothing."""
    wrong = [upload_of("short", b"1234", size=9), upload_of("other", b"1234", digest=bytes(32))]
    operations = [
        operation_pb2.Operation(write=operation_pb2.Write(upload=upload, content=operation_pb2.Content(data=b"1234")))
        for upload in wrong
    ]
    results = case.folder.batch([*operations, write_of("right", b"1234")])
    assert outcomes(results) == ["DATA_LOSS", "DATA_LOSS", "done"]
    assert set(case.folder.snapshot()) == {"right"}


@check("apply_batch")
def batches_run_beside_each_other(case: Case) -> None:
    """Several batches at the same time are all done."""
    batches = [[write_of(f"{one} {number}", b"x") for number in range(50)] for one in range(6)]
    for results in each([lambda batch=batch: case.folder.batch(batch) for batch in batches]):  # type: ignore[misc]
        assert outcomes(results) == ["done"] * 50  # type: ignore[arg-type]
    assert len(case.folder.snapshot()) == 300


@check("apply_batch", "local_files")
def files_of_this_host_are_taken(case: Case) -> None:
    """A `LocalFile` is copied as it is; one that is another than was meant answers ABORTED."""
    source = _local(case)
    data = content(200_000)
    file = source / "from here"
    file.write_bytes(data)
    right = _identity(file)
    wrong = observation_pb2.FileIdentity()
    wrong.CopyFrom(right)
    wrong.mtime_ns += 1
    results = case.folder.batch(
        [_handed("right", source, "from here", right, data), _handed("wrong", source, "from here", wrong, data)]
    )
    assert outcomes(results) == ["done", "ABORTED"]
    assert case.folder.read("right") == data
    assert set(case.folder.snapshot()) == {"right"}


@check("apply_batch", "local_files")
def no_link_leads_out_of_a_local_root(case: Case) -> None:
    """A `LocalFile` is opened beneath its root, through no symbolic link and no `..`."""
    source = _local(case)
    secret = source.parent / "secret"
    secret.write_bytes(b"secret")
    root = source / "root"
    root.mkdir()
    (root / "link").symlink_to(secret)
    (root / "away").symlink_to(source.parent)
    identity = _identity(secret)
    paths = ("link", "away/secret", "../../secret", str(secret))
    results = case.folder.batch(
        [_handed(f"file {number}", root, path, identity, b"secret") for number, path in enumerate(paths)]
    )
    assert "done" not in outcomes(results), f"of {paths}: {outcomes(results)}"
    assert case.folder.snapshot() == {}


@check("chunks", "local_chunks", "local_files")
def chunks_of_files_of_this_host_are_taken(case: Case) -> None:
    """A part of a `LocalFile` is staged like chunks; one that is another than was meant answers ABORTED."""
    source = _local(case)
    data = content(3 * MAX_CHUNK + 5)
    file = source / "from here"
    file.write_bytes(data)
    wanted = upload_of("a", data)
    wanted.expectation.CopyFrom(expectation(None))
    session = case.folder.start(wanted)
    case.folder.chunk(session, 0, data[:MAX_CHUNK])
    local = operation_pb2.LocalFile(root=str(source), path="from here", identity=_identity(file))
    case.folder.local_chunks(session, MAX_CHUNK, local, len(data) - MAX_CHUNK)
    case.folder.end(session, wanted)
    assert case.folder.read("a") == data

    local.identity.mtime_ns += 1
    wanted.path = "b"
    session = case.folder.start(wanted)
    with refused("ABORTED", why="its bytes are those of another file"):
        case.folder.local_chunks(session, 0, local, len(data))
    case.folder.abort(session)


def _local(case: Case) -> Path:
    if case.kit.target.command is None:
        raise NotVisible("a driver that was dialled may be on another host")
    place = case.kit.directory()
    (place / "source").mkdir()
    return place / "source"


def _identity(path: Path) -> observation_pb2.FileIdentity:
    found = os.stat(path)  # noqa: PTH116  As the drivers do.
    return observation_pb2.FileIdentity(
        device=found.st_dev,
        inode=found.st_ino,
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        ctime_ns=found.st_ctime_ns,
    )


def _handed(
    path: str, root: Path, source: str, identity: observation_pb2.FileIdentity, data: bytes
) -> operation_pb2.Operation:
    local = operation_pb2.LocalFile(root=str(root), path=source, identity=identity)
    write = operation_pb2.Write(upload=upload_of(path, data), content=operation_pb2.Content(local_file=local))
    write.upload.expectation.CopyFrom(expectation(None))
    return operation_pb2.Operation(write=write)
