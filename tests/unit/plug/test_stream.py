"""The change stream, over a real socket: snapshots, live changes, questions, and how it ends."""

from __future__ import annotations

import threading
from pathlib import Path

import grpc
import pytest

from onitu.core.model import Absent, Kind, Present
from onitu.errors import ServiceError
from onitu.plug import Changes, Folder, Metadata, RootState
from onitu.rpc.gen import driver_pb2, observation_pb2, watch_pb2
from tests.unit.plug.serving import CARRYING, DEADLINE, Core, Watching, serving
from tests.unit.plug.toy import READING, WHOLE, Toy

FILE = Present(kind=Kind.FILE, revision="9")


class Watched(Toy):
    """A service with a watcher that a test speaks through."""

    def __init__(self) -> None:
        super().__init__(*READING, *WHOLE, "watch")
        self.plug.generation = 0
        self.may_be_ready = threading.Event()
        self.may_be_ready.set()
        self.changes: Changes | None = None
        self.watching = threading.Event()
        self.stopped = threading.Event()
        self.error: Exception | None = None

    def watch(self, _folder: Folder, changes: Changes) -> None:
        """Handler."""
        self.may_be_ready.wait(DEADLINE)
        if self.error is not None:
            raise self.error
        self.changes = changes
        changes.ready()
        self.watching.set()
        changes.closed.wait(DEADLINE)
        self.stopped.set()

    def says(self) -> Changes:
        """Returns what the watcher reports with, once it watches."""
        assert self.watching.wait(DEADLINE)
        assert self.changes is not None
        return self.changes


def paths(messages: list[watch_pb2.WatchChangesResponse]) -> list[str]:
    """Returns the paths of all observations."""
    return [observation.path for message in messages for observation in message.batch.observations]


def kinds(messages: list[watch_pb2.WatchChangesResponse]) -> list[str | None]:
    """Returns what the messages are."""
    return [message.WhichOneof("message") for message in messages]


def test_snapshot_alone_ends_the_stream(tmp_path: Path) -> None:
    """`--once`: the whole folder, then the end; nothing is watched."""
    toy = Watched()
    toy.put("base/photos/a", b"1")
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        messages = list(core.watch(live=False))
    assert kinds(messages) == ["snapshot_begin", "batch", "snapshot_end"]
    assert paths(messages) == ["a"]
    assert not toy.watching.is_set()


def test_snapshot_waits_for_fingerprints(tmp_path: Path) -> None:
    """All pages of them are there before the first directory is compared."""
    toy = Watched()
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        watching = Watching(core, watch_pb2.WatchStart(folder="photos"))
        # An empty directory has the empty sum for a fingerprint.
        decided = watch_pb2.DirectoryFingerprint(path="", fingerprint=bytes(16))
        watching.say(fingerprints=watch_pb2.DirectoryFingerprints(directories=[decided]))
        watching.say(fingerprints=watch_pb2.DirectoryFingerprints(last=True))
        messages = list(watching)
    assert list(messages[1].batch.unchanged_directories) == [""]


def test_watcher_is_ready_before_the_snapshot_begins(tmp_path: Path) -> None:
    """No change is lost between the two (G18)."""
    toy = Watched()
    toy.may_be_ready.clear()
    toy.put("base/photos/a", b"1")
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        watching = core.watch(live=True)
        assert not toy.watching.is_set()
        toy.put("base/photos/b", b"2")
        toy.may_be_ready.set()
        assert paths(watching.until("snapshot_end")) == ["a", "b"]
        assert toy.watching.is_set()


def test_live_changes_arrive_as_reported(tmp_path: Path) -> None:
    """Order, renames, numbers, problems, signs of life and the root's state, all of them."""
    toy = Watched()
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        watching = core.watch(live=True)
        watching.until("snapshot_end")
        changes = toy.says()
        changes.report("a", FILE, seq=5)
        changes.report("b", Absent())
        changes.moved("old", "new", FILE)
        changes.problem("bad", "odd")
        (message,) = watching.until("batch")
        changes.heartbeat()
        changes.root(RootState.MISSING, "unmounted")
        beat, root = watching.until("root")
    first, second, third = message.batch.observations
    assert (first.path, first.observed_seq, first.present.revision) == ("a", 5, "9")
    assert (second.path, second.WhichOneof("state")) == ("b", "absent")
    assert (third.path, third.moved_from) == ("new", "old")
    assert second.observed_seq < third.observed_seq
    assert message.batch.problems[0].reason == "odd"
    assert beat.HasField("heartbeat")
    assert (root.root.state, root.root.reason) == (watch_pb2.ROOT_STATE_MISSING, "unmounted")


def test_rescan_is_a_partial_snapshot(tmp_path: Path) -> None:
    """Asked for by the watcher or by the core; what lies below another request is not listed twice."""
    toy = Watched()
    toy.directories |= {"base/photos/d", "base/photos/d/e"}
    toy.put("base/photos/d/e/x", b"1")
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        watching = core.watch(live=True)
        watching.until("snapshot_end")
        toy.says().rescan("d")
        asked = watching.until("snapshot_end")
        watching.say(rescan=watch_pb2.Rescan(directories=["d/e"]))
        by_core = watching.until("snapshot_end")
        watching.say(rescan=watch_pb2.Rescan(recursive=True))
        whole = watching.until("snapshot_end")
    assert paths(asked) == ["d/e", "d/e/x"]
    assert (asked[0].snapshot_begin.whole, asked[0].snapshot_begin.snapshot) == (False, 2)
    assert paths(by_core) == ["d/e/x"]
    assert whole[0].snapshot_begin.whole


def test_changes_during_a_snapshot_come_before_its_end(tmp_path: Path) -> None:
    """`drain` lets the watcher catch up, so a file moved meanwhile is not taken for absent."""
    toy = Watched()
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        watching = core.watch(live=True)
        watching.until("snapshot_end")
        changes = toy.says()
        changes.drain = lambda: changes.report("late", FILE)
        changes.rescan("")
        messages = watching.until("snapshot_end")
    assert paths(messages) == ["late"]
    assert kinds(messages)[-2:] == ["batch", "snapshot_end"]


def test_polled_service_is_listed_again(tmp_path: Path) -> None:
    """A driver with nothing but `list_directory` is a source all the same (D10)."""
    toy = Toy("list_directory", "get_file")
    toy.plug.generation = 0
    toy.plug.declare(changes_timer=0.01)
    toy.put("base/photos/a", b"1")
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        watching = core.watch(live=True)
        assert paths(watching.until("snapshot_end")) == ["a"]
        toy.put("base/photos/b", b"2")
        seen: list[watch_pb2.WatchChangesResponse] = []
        while "b" not in paths(seen):
            seen += watching.until("snapshot_end")
        assert "heartbeat" in kinds(seen)
        quiet = watching.until("snapshot_end")
    assert paths(quiet) == []
    assert list(quiet[1].batch.unchanged_directories or quiet[-2].batch.unchanged_directories) == [""]


def test_driver_that_cannot_list_derives_nothing(tmp_path: Path) -> None:
    """Its snapshot is empty and says that it is not whole (P14)."""
    toy = Toy("get_file")
    toy.plug.generation = 0
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        begin, end = list(core.watch(live=False))
    assert not begin.snapshot_begin.whole
    assert end.HasField("snapshot_end")


def test_watcher_that_dies_ends_the_stream(tmp_path: Path) -> None:
    """A service is never called active while nobody watches (G19)."""
    toy = Watched()
    toy.error = ServiceError("out of watches")
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        with pytest.raises(grpc.RpcError, match="out of watches"):
            core.watch(live=True).until("snapshot_end")
        toy.plug.handler("watch")(lambda _folder, _changes: None)
        with pytest.raises(grpc.RpcError, match="ended by itself"):
            core.watch(live=True).until("never")


def test_hanging_up_stops_the_watcher(tmp_path: Path) -> None:
    """A stream that the core cancelled holds no thread."""
    toy = Watched()
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        watching = core.watch(live=True)
        watching.until("snapshot_end")
        watching.call.cancel()
        assert toy.stopped.wait(DEADLINE)


def test_second_stream_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """The core opens another one only when it has lost the first."""
    toy = Watched()
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        first = core.watch(live=True)
        first.until("snapshot_end")
        toy.watching.clear()
        core.watch(live=True).until("snapshot_end")
        assert toy.stopped.wait(DEADLINE)
        assert [message for message in first if message.HasField("batch")] == []


@pytest.mark.parametrize("count", [20])
def test_idle_streams_do_not_starve_calls(tmp_path: Path, count: int) -> None:
    """Many folders are watched and every call still finds a thread (DESIGN §5)."""
    toy = Watched()
    with serving(toy.plug, tmp_path) as core:
        names = [f"folder{number}" for number in range(count)]
        core.configure(folders=[{"name": name, "path": "base/photos", "mode": "MODE_READ_WRITE"} for name in names])
        streams = [core.watch(live=True, folder=name) for name in names]
        for stream in streams:
            stream.until("snapshot_end")
        futures = [_stat(core, name) for name in names * 5]
        assert all(len(future.result(DEADLINE).observations) == 1 for future in futures)


def _stat(core: Core, folder: str) -> grpc.Future[driver_pb2.StatFilesResponse]:
    request = driver_pb2.StatFilesRequest(folder=folder, paths=["a"])
    future: grpc.Future[driver_pb2.StatFilesResponse] = core.stub.StatFiles.future(
        request, metadata=CARRYING, timeout=DEADLINE
    )
    return future


def test_lookup_is_answered_by_the_core(tmp_path: Path) -> None:
    """A driver asks what Onitu knows of a file; nothing is changed by it (D4, G5)."""
    toy = Watched()
    answers: list[Metadata] = []
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        watching = core.watch(live=True)
        watching.until("snapshot_end")
        asking = threading.Thread(target=lambda: answers.append(toy.plug.get_metadata("a")))
        asking.start()
        (question,) = watching.until("lookup")
        known = observation_pb2.Present(
            kind="FILE_KIND_FILE", revision="7", size=3, mtime_ns=1_500_000_000, extra=b'{"k":1}'
        )
        entry = watch_pb2.KnownEntry(path="a", present=known, owners=["x", "y"], uptodate=["x"])
        watching.say(lookup_answer=watch_pb2.LookupAnswer(lookup=question.lookup.lookup, entries=[entry]))
        asking.join(DEADLINE)
        (metadata,) = answers
        metadata.revision = "8"
        metadata.write_revision()
        (note,) = watching.until("revision_note")
    assert (metadata.size, metadata.mtime, metadata.extra) == (3, 1.5, {"k": 1})
    assert (metadata.owners, metadata.uptodate) == (("x", "y"), ("x",))
    assert note.revision_note.observation.present.revision == "8"


def test_a_watcher_goes_on_where_it_was(tmp_path: Path) -> None:
    """A place in the service's log comes after all that was reported before it; with it no snapshot is taken (D7)."""
    toy = Watched()
    toy.plug.declare(cursors=True)
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        toy.may_be_ready.clear()
        watching = core.watch(live=True)
        toy.may_be_ready.set()
        changes = toy.says()
        assert changes.cursor is None
        watching.until("snapshot_end")
        changes.report("a", FILE)
        # Nothing is kept of a place while a listing is still to come.
        changes.rescan("")
        changes.reached(b"too early")
        listed = watching.until("snapshot_end")
        changes.reached(b"place")
        changes.reached(b"place")
        changes.report("b", FILE)
        found = [message for _ in range(2) for message in watching.until("batch")]
    cursors = [message.batch.cursor for message in listed + found if message.batch.HasField("cursor")]
    assert cursors == [b"place"]
    assert paths(found) == ["b"]

    toy.plug.generation = 0
    toy.watching.clear()
    (tmp_path / "again").mkdir()
    with serving(toy.plug, tmp_path / "again") as core:
        core.configure()
        watching = core.watch(live=True, cursor=b"place")
        changes = toy.says()
        assert changes.cursor == b"place"
        changes.report("c", FILE)
        assert kinds(watching.until("batch")) == ["batch"]


def test_wrong_beginnings_are_refused(tmp_path: Path) -> None:
    """A cursor that nobody gave, a folder that is not there, no start at all."""
    toy = Watched()
    with serving(toy.plug, tmp_path) as core:
        core.configure()
        for watching, code in (
            (core.watch(live=False, cursor=b"x"), grpc.StatusCode.OUT_OF_RANGE),
            (core.watch(live=False, folder="other"), grpc.StatusCode.NOT_FOUND),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                list(watching)
            assert caught.value.code() is code
        twice = core.watch(live=True)
        twice.say(start=watch_pb2.WatchStart(folder="photos"))
        with pytest.raises(grpc.RpcError) as caught:
            twice.until("never")
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
