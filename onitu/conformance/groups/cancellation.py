"""Callers that give up: what they asked for is let go of."""

from __future__ import annotations

import time
from pathlib import Path

from onitu.conformance.case import Case
from onitu.conformance.check import NotVisible, check
from onitu.conformance.data import MIB, content
from onitu.conformance.folder import upload_of
from onitu.conformance.wire import UNIT
from onitu.core.capability import MAX_CHUNK
from onitu.rpc.gen import driver_pb2

ROUNDS = 40
SPARE = 24
SETTLE = 8.0


@check("whole_files")
def cancelled_reads_are_let_go_of(case: Case) -> None:
    """After many reads that were cancelled in the middle no descriptor and no thread is left of them."""
    written = case.folder.write("file", content(8 * MIB))
    request = driver_pb2.GetFileRequest(folder=case.place.name, path="file", revision=written.revision)
    for _ in range(2):
        case.folder.get_file("file", written.revision)
    before = _held(case)
    for _ in range(ROUNDS):
        call = case.wire.stream("GetFile", request)
        next(call)
        call.cancel()
    assert len(case.folder.get_file("file", written.revision)) == 8 * MIB
    _wait_let_go(case, before)


@check("watch")
def cancelled_streams_are_let_go_of(case: Case) -> None:
    """After many change streams that were cancelled no descriptor and no thread is left of them."""
    with case.folder.watch() as stream:
        stream.wait_snapshot()
    before = _held(case)
    for _ in range(ROUNDS):
        stream = case.folder.watch()
        stream.__enter__()
        stream.wait_snapshot()
        stream.close()
    _wait_let_go(case, before)


@check("chunks")
def aborted_uploads_are_let_go_of(case: Case) -> None:
    """After many uploads that were aborted no descriptor is left of them."""
    upload = upload_of("file", bytes(MAX_CHUNK))
    case.folder.abort(case.folder.start(upload))
    before = _held(case)
    for _ in range(ROUNDS):
        session = case.folder.start(upload)
        case.folder.chunk(session, 0, bytes(1_000))
        case.folder.abort(session)
    _wait_let_go(case, before)
    if case.able.staging:
        assert case.folder.snapshot() == {}


def _held(case: Case) -> tuple[int, int]:
    """Returns how many descriptors and threads the process has."""
    case.require_process()
    place = Path(f"/proc/{case.process.pid}")
    if not place.exists():
        raise NotVisible("this system does not show what a process holds")
    return len(list((place / "fd").iterdir())), len(list((place / "task").iterdir()))


def _wait_let_go(case: Case, before: tuple[int, int]) -> None:
    """Waits until no more is held than before, but for a few that a server keeps for the next callers."""
    due = time.monotonic() + SETTLE * UNIT
    while True:
        after = _held(case)
        more = [now - then for now, then in zip(after, before, strict=True)]
        if max(more) < SPARE:
            return
        assert time.monotonic() < due, f"{more[0]} descriptors and {more[1]} threads are held more than before"
        time.sleep(0.1)
