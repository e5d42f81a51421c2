"""Errors: what is wrong with a call is said in words and by the right code, and does not harm the driver."""

from __future__ import annotations

import threading
from collections.abc import Callable

from onitu.conformance.case import Case
from onitu.conformance.check import check
from onitu.conformance.folder import Folder, upload_of
from onitu.conformance.wire import Refusal, refused
from onitu.rpc.gen import driver_pb2, operation_pb2, watch_pb2

LONGEST = 1_000


def _wrong_calls(folder: Folder) -> list[tuple[str, str, object]]:
    """Returns calls that break the contract: what is wrong, the RPC, the request."""
    able, name = folder.able, folder.name
    calls: list[tuple[str, str, object]] = []
    upload = operation_pb2.Upload(path="file", size=1)
    if able.whole_files:
        start = driver_pb2.UploadFileRequest(start=driver_pb2.UploadFileStart(folder=name, upload=upload))
        calls += [
            ("no expectation", "UploadFile", iter([start, driver_pb2.UploadFileRequest(data=b"x")])),
            ("no start", "UploadFile", iter([driver_pb2.UploadFileRequest(data=b"x")])),
            ("nothing at all", "UploadFile", iter([])),
        ]
    if able.chunks:
        calls.append(("no expectation", "StartUpload", driver_pb2.StartUploadRequest(folder=name, upload=upload)))
    if able.delete_file:
        deletion = operation_pb2.Deletion(path="file")
        calls.append(("no expectation", "DeleteFile", driver_pb2.DeleteFileRequest(folder=name, deletion=deletion)))
    if able.move_file:
        move = operation_pb2.Move(path="file", destination="elsewhere")
        calls.append(("no expectation", "MoveFile", driver_pb2.MoveFileRequest(folder=name, move=move)))
    return calls


@check("content")
def calls_without_an_expectation_change_nothing(case: Case) -> None:
    """A mutation that does not say what it expects is refused, and nothing is changed."""
    written = case.folder.write("file", b"old")
    for what, method, request in _wrong_calls(case.folder):
        with refused(why=f"{method} with {what}"):
            case.wire.call(method, request)
    assert case.folder.present("file").revision == written.revision
    assert set(case.folder.snapshot()) == {"file"}


@check()
def errors_say_what_is_wrong(case: Case) -> None:
    """Every refusal has a message, of at most 1,000 bytes, also about a path that is longer."""
    name = "/".join(["n" * 200] * 12)
    refusals: list[Refusal] = []
    for call in _failing(case, name):
        try:
            call()
        except Refusal as refusal:
            refusals.append(refusal)
    for one in refusals:
        assert one.text.strip(), f"{one.method} answers {one.code.name} and says nothing"
        length = len(one.text.encode())
        assert length <= LONGEST, f"{one.method} answers a message of {length:,} bytes"


def _failing(case: Case, name: str) -> list[Callable[[], object]]:
    folder = case.folder
    calls: list[Callable[[], object]] = []
    if case.able.whole_files or case.able.chunks:
        calls += [lambda: folder.read(name, "r"), lambda: folder.write(name, b"x", over="r")]
    if case.able.delete_file:
        calls += [lambda: folder.delete(name, "r"), lambda: folder.delete("missing", "r")]
    if case.able.move_file:
        calls += [lambda: folder.move(name, "r", "x")]
    return calls


@check()
def a_driver_that_is_asked_wrongly_goes_on(case: Case) -> None:
    """Empty requests, and streams that begin wrongly, are refused or answered, and the driver goes on."""
    empty = {
        "StatFiles": driver_pb2.StatFilesRequest(),
        "GetChunk": driver_pb2.GetChunkRequest(folder=case.place.name),
        "StartUpload": driver_pb2.StartUploadRequest(folder=case.place.name),
        "UploadChunk": driver_pb2.UploadChunkRequest(folder=case.place.name),
        "EndUpload": driver_pb2.EndUploadRequest(folder=case.place.name),
        "DeleteFile": driver_pb2.DeleteFileRequest(folder=case.place.name),
        "MoveFile": driver_pb2.MoveFileRequest(folder=case.place.name),
        "MakeDirectory": driver_pb2.MakeDirectoryRequest(folder=case.place.name),
        "CopyFile": driver_pb2.CopyFileRequest(folder=case.place.name),
        "SetAttributes": driver_pb2.SetAttributesRequest(folder=case.place.name),
    }
    for method, request in empty.items():
        with refused(why=f"{method} without anything in it"):
            case.wire.call(method, request)
    for messages in ([], [watch_pb2.WatchChangesRequest()], [watch_pb2.WatchChangesRequest(rescan=watch_pb2.Rescan())]):
        with refused(why="a change stream begins with its start"):
            case.wire.messages("WatchChanges", iter(messages))
    if case.able.apply_batch:
        result = case.folder.batch([operation_pb2.Operation()])
        assert result[0].WhichOneof("outcome") == "error", "an operation that says nothing is an error in its place"
    assert case.process.is_alive()
    assert case.folder.snapshot() == {}


@check("stat_files", "content")
def a_rate_limit_is_told_as_one(case: Case) -> None:
    """What the service refuses because it is asked too often is RESOURCE_EXHAUSTED with RetryInfo, not absence."""
    written = case.folder.write("file", b"x")
    case.behind.limit_rate("file")
    try:
        found = case.folder.read("file", written.revision)
    except Refusal as refusal:
        assert refusal.code.name == "RESOURCE_EXHAUSTED", refusal
        assert refusal.is_rate_limit, "RESOURCE_EXHAUSTED without RetryInfo is taken for a message that is too large"
    else:
        assert found == b"x"


@check("content")
def an_interrupted_caller_harms_nobody(case: Case) -> None:
    """Callers that give up at once, many at a time, leave a driver that answers the next one."""
    stop = threading.Event()
    upload = upload_of("file", b"x")

    def give_up() -> None:
        while not stop.is_set():
            for method in ("StatFiles", "GetManifest"):
                request = driver_pb2.StatFilesRequest(folder=case.place.name, paths=["a"])
                requests = {"StatFiles": request, "GetManifest": driver_pb2.GetManifestRequest()}
                try:
                    case.wire.call(method, requests[method], timeout=0.001)
                except Refusal:
                    continue

    threads = [threading.Thread(target=give_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    stop.wait(0.5)
    stop.set()
    for thread in threads:
        thread.join()
    case.folder.upload_whole(upload, b"x") if case.able.whole_files else case.folder.upload_chunks(upload, b"x")
    assert case.folder.read("file") == b"x"
