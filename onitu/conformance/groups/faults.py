"""Faults: the driver dies, the service goes away and comes back, and nothing is lost or taken for deleted."""

from __future__ import annotations

from onitu.conformance.case import Case
from onitu.conformance.check import check
from onitu.conformance.data import content
from onitu.conformance.folder import upload_of
from onitu.conformance.groups.write import nothing_at, same
from onitu.conformance.stream import Stream
from onitu.conformance.wire import Refusal
from onitu.core.capability import MAX_CHUNK
from onitu.rpc.gen import watch_pb2

SAFE = {"UNAVAILABLE", "NOT_FOUND", "FAILED_PRECONDITION", "PERMISSION_DENIED", "UNKNOWN"}


@check("content")
def what_was_there_outlives_a_crash(case: Case) -> None:
    """After kill -9 everything that was written, and made durable, is there as it was."""
    written = case.folder.write("file", b"x")
    if case.able.sync:
        case.folder.sync()
    case.restart(kill=True)
    same(case, "file", written, b"x")
    assert set(case.folder.snapshot()) == {"file"}


@check("chunks", "staging")
def a_crash_during_an_upload_leaves_nothing_visible(case: Case) -> None:
    """After kill -9 in the middle of an upload nothing of it is visible, and the file can be written anew."""
    data = content(2 * MAX_CHUNK)
    session = case.folder.start(upload_of("file", data))
    case.folder.chunk(session, 0, data[:MAX_CHUNK])
    case.restart(kill=True)
    nothing_at(case, "file")
    assert case.folder.snapshot() == {}
    case.folder.write("file", data)
    assert case.folder.read("file") == data


@check("content")
def a_service_that_is_away_is_not_an_empty_one(case: Case) -> None:
    """While the service is away nothing is said to be absent, and no listing is complete; then all is as before."""
    written = case.folder.write("file", b"x")
    case.behind.break_down()
    try:
        _says_nothing_is_absent(case)
    finally:
        case.behind.mend()
    _is_back(case)
    same(case, "file", written, b"x")
    assert set(case.folder.snapshot()) == {"file"}


def _says_nothing_is_absent(case: Case) -> None:
    if case.able.stat_files:
        try:
            state = case.folder.stat("file")[0].WhichOneof("state")
        except Refusal as refusal:
            assert refusal.code.name == "UNAVAILABLE", refusal
        else:
            assert state == "unknown", f"the service is away, and the file is said to be {state}"
    try:
        with case.folder.watch(live=False) as stream:
            stream.wait_snapshot()
            assert not stream.listings.get("", False), "the service is away, and its listing is marked complete"
    except Refusal:
        pass  # It may end the stream as well.
    try:
        case.folder.write("new", b"x")
    except Refusal as refusal:
        assert refusal.code.name in SAFE, refusal
    else:
        raise AssertionError("the service is away, and a write to it is answered as done")


def _is_back(case: Case) -> None:
    """Makes sure that the service is served again, by this process or, where its root was lost, by the next."""
    try:
        case.folder.snapshot()["file"]
    except (Refusal, KeyError):
        case.restart()


def _is_root_gone(stream: Stream) -> bool:
    told = stream.root is not None and stream.root.state != watch_pb2.ROOT_STATE_OK
    return told or stream.listings.get("") is False


@check("watch", "content")
def a_watcher_tells_that_its_root_is_gone(case: Case) -> None:
    """When the service goes away the change stream says so: by a root report, an incomplete listing, or its end."""
    case.folder.write("file", b"x")
    behind = case.behind
    with case.folder.watch() as stream:
        stream.wait_snapshot()
        behind.break_down()
        try:
            stream.ask_for("")
            stream.wait(lambda: _is_root_gone(stream), "the stream tells that the root is gone")
        except Refusal:
            pass  # It has ended, which is as good.
        finally:
            behind.mend()
        assert "file" in stream.entries, "the file was said to be gone, and it was the service that was away"
    _is_back(case)
