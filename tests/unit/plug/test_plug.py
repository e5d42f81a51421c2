"""The Plug as a driver author sees it (CONTRACT D)."""

from __future__ import annotations

import logging

import pytest

import onitu.api
import onitu.plug
from onitu import utils
from onitu.core.capability import Conditional, NameComparison
from onitu.core.model import Absent, Kind, Present, State, Upload
from onitu.errors import DriverError, InvalidPath, ServiceError, Unsupported
from onitu.plug import Folder, Metadata, Plug
from onitu.plug.handlers import UNLIMITED
from onitu.plug.values import check_path
from tests.unit.plug.toy import CHUNKS, FOLDER, READING, WHOLE, Toy


class Recorder:
    """Stands in for a change stream."""

    def __init__(self) -> None:
        self.said: list[object] = []

    def report(self, path: str, state: State, moved_from: str | None = None) -> None:
        self.said.append((path, state, moved_from))

    def note(self, path: str, state: State) -> None:
        self.said.append(("note", path, state))

    def problem(self, display_path: str, reason: str) -> None:
        self.said.append((display_path, reason))

    def lookup(self, path: str) -> Metadata:
        return Metadata(path, FOLDER.name, revision="7")


def test_both_names_of_the_sdk_are_the_same() -> None:
    """`from onitu.api import Plug, ServiceError, DriverError` works (D3)."""
    assert onitu.api.Plug is onitu.plug.Plug
    assert onitu.api.ServiceError is ServiceError
    assert onitu.api.DriverError is DriverError
    assert set(onitu.plug.__all__) <= set(dir(onitu.api))


def test_handler_takes_the_name_of_its_function_or_the_given_one() -> None:
    """Both forms of the decorator leave the function as it was (D4, D11)."""
    plug = Plug()

    @plug.handler()
    def get_file(_metadata: Metadata) -> bytes:
        return b"whole"

    @plug.handler("get_chunk")
    def anything(_metadata: Metadata, _offset: int, _size: int) -> bytes:
        return b"part"

    assert plug.handlers == {"get_file": get_file, "get_chunk": anything}
    assert plug.call("get_file", Metadata("a", "f")) == b"whole"


def test_name_that_is_no_handler_is_an_error_at_import() -> None:
    """A slip in a name is found where it was made (D4)."""
    plug = Plug()
    with pytest.raises(ValueError, match="there is no task 'get_chunks'"):
        plug.handler("get_chunks")(lambda: None)
    with pytest.raises(TypeError, match="with parentheses"):
        plug.handler(lambda: None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="declare"):
        plug.declare(colour=True)  # type: ignore[call-arg]


def test_capabilities_follow_from_handlers_and_declarations() -> None:
    """A driver says nothing twice (D7)."""
    plug = Toy(*READING, *WHOLE, "get_digest").plug
    plug.declare(trash=True, computed_digests=("blake3",))
    able = plug.capabilities
    assert (able.apply_batch, able.get_files, able.whole_files, able.stat_files) == (True, True, True, True)
    assert (able.move_file, able.copy_file, able.make_directory, able.delete_file) == (True, True, True, True)
    assert (able.chunks, able.sync, able.restart_upload, able.set_attributes, able.in_place) == (False,) * 5
    assert (able.trash, able.staging, able.computed_digests) == (True, False, ("blake3",))
    # The Plug looks before it changes where the driver can look.
    assert able.conditional is Conditional.BEST_EFFORT
    assert able.name_comparison is NameComparison.EXACT


def test_service_may_be_declared_to_be_without_a_task() -> None:
    """D7: a service that turns out not to have something is served without that handler, and with it again."""
    plug = Toy(*READING, *WHOLE).plug
    plug.declare(without=("move_file", "write_symlink"))
    assert not plug.capabilities.move_file
    assert "move_file" in plug.missing_features()
    with pytest.raises(Unsupported):
        plug.call("move_file")

    plug.declare(without=())

    assert plug.capabilities.move_file


def test_driver_without_handlers_can_nothing() -> None:
    """Nothing is promised that is not there."""
    able = Plug().capabilities
    assert not any((able.apply_batch, able.get_files, able.whole_files, able.local_files, able.stat_files))
    assert able.conditional is Conditional.NONE


def test_streams_of_chunk_handlers_have_no_limit() -> None:
    """Only a driver that takes files whole needs files that fit into memory (D9)."""
    whole, chunks = Toy("get_file", *WHOLE).plug, Toy("get_chunk", *CHUNKS).plug
    whole.declare(max_whole_file=10)
    assert whole.limits.max_whole_file == 10
    assert chunks.limits.max_whole_file == UNLIMITED


def test_missing_features_are_told_with_their_effect() -> None:
    """What a driver lacks is said at its start (D7)."""
    missing = Toy(*READING, *WHOLE).plug.missing_features()
    assert set(missing) == {"watch"}
    assert "list" in missing["watch"]
    assert set(Plug().missing_features()) == {
        *("list_directory", "stat_file", "delete_file", "move_file", "make_directory", "watch"),
        *("get_file or get_chunk", "upload_file or upload_chunk"),
    }
    in_place = Toy("get_chunk", "upload_chunk", "end_upload").plug.missing_features()
    assert "must exist" in in_place["start_upload"]
    assert "starts over" in in_place["restart_upload"]


def test_any_error_of_a_handler_becomes_a_driver_error(caplog: pytest.LogCaptureFixture) -> None:
    """What a driver did not mean to raise is logged with its traceback and not retried (D8)."""
    plug = Plug()

    @plug.handler()
    def get_file(_metadata: Metadata) -> bytes:
        message = "oops"
        raise ValueError(message)

    with caplog.at_level(logging.ERROR), pytest.raises(DriverError, match="get_file: ValueError: oops") as caught:
        plug.call("get_file", Metadata("a", "f"))
    assert not caught.value.retryable
    assert caplog.records[0].exc_info is not None
    with pytest.raises(Unsupported, match="get_chunk"):
        plug.call("get_chunk")


def test_errors_of_the_tree_pass_as_they_are() -> None:
    """`ServiceError` and its like keep their meaning (D8)."""
    plug = Plug()

    @plug.handler()
    def sync(_folder: Folder) -> None:
        message = "away"
        raise ServiceError(message)

    with pytest.raises(ServiceError, match="away"):
        plug.call("sync", FOLDER)


def test_ticks_grow_over_generations() -> None:
    """Observations of a newer process are newer, whatever the clock says."""
    plug = Plug()
    plug.configure(service="s", setup_id="i", generation=3, options={})
    earlier = [plug.tick(), plug.tick()]
    plug.configure(service="s", setup_id="i", generation=4, options={})
    assert earlier == [(3 << 40) + 1, (3 << 40) + 2]
    assert plug.tick() == (4 << 40) + 1


def test_metadata_has_both_paths_and_the_computed_names() -> None:
    """`filename` is below the folder, `path` below the service's root (D5)."""
    plug = Toy().plug
    metadata = plug.metadata(FOLDER, "a/é.jpg", revision="r")
    assert (metadata.filename, metadata.path, metadata.folder) == ("a/é.jpg", "base/photos/a/é.jpg", "photos")
    assert metadata.mimetype == "image/jpeg"
    assert metadata.fid == utils.get_fid("photos/a/é.jpg")
    assert plug.metadata(Folder(name="photos"), "a").path == "a"
    assert Metadata("a", "f").revision == 0.0


def test_fid_in_a_setup_of_0_1_has_no_folder() -> None:
    """D5: the implicit folder of such a setup is no part of a file's id."""
    plug = Toy().plug
    plug.configure(service="s", setup_id="i", generation=1, options={}, implicit_folder=True)
    assert plug.metadata(FOLDER, "toto").fid == "91473751-8e49-5240-b03c-96547fcd86dc"


def test_changes_timer_is_the_setups_then_the_drivers() -> None:
    """B11, D10: a minute where nobody says anything else."""
    plug = Plug()
    assert plug.changes_timer == 60.0
    plug.declare(changes_timer=5.0)
    assert plug.changes_timer == 5.0
    plug.configure(service="s", setup_id="i", generation=1, options={}, changes_timer=2.5)
    assert plug.changes_timer == 2.5


@pytest.mark.parametrize(
    ("mtime", "expected"),
    [
        (1.5, 1_500_000_000),
        (None, None),
        (float("nan"), None),
        (1e30, 1 << 63),
        (float("-inf"), -(1 << 63)),
        (-1e9, -(10**18)),
    ],
)
def test_times_that_64_bits_cannot_say_are_clamped(mtime: float | None, expected: int | None) -> None:
    """D5: a file of the year 3000, or of none, is reported all the same."""
    found = Metadata("a", "f", mtime=mtime).mtime_ns
    assert found == expected or (found is not None and expected is not None and abs(found - expected) <= 2048)
    assert found is None or -(1 << 63) <= found < 1 << 63


def test_handlers_may_ask_for_what_they_were_not_given() -> None:
    """D4, D5: a lookup is made when an attribute is looked at, once, and never for what was given."""
    plug, recorder = Toy().plug, Recorder()
    asked: list[str] = []

    def lookup(path: str) -> Metadata:
        asked.append(path)
        return Metadata(path, FOLDER.name, size=3, mtime=1.0, owners=("a", "b"), uptodate=("a",), extra=b'{"k":1}')

    recorder.lookup = lookup  # type: ignore[method-assign]
    without = plug.metadata(FOLDER, "x")
    assert (without.size, without.mtime, without.owners) == (0, None, ())
    plug.attach(FOLDER.name, recorder)
    metadata = plug.upload_metadata(FOLDER, Upload(path="x", expected=None, size=9))
    assert metadata.size == 9
    assert asked == []
    assert (metadata.owners, metadata.uptodate) == (("a", "b"), ("a",))
    assert plug.metadata(FOLDER, "y").extra == {"k": 1}
    assert asked == ["x", "y"]


def test_upload_metadata_carries_what_is_expected_and_what_is_written() -> None:
    """A handler needs nothing but its metadata."""
    plug = Toy().plug
    attributes = onitu.plug.Attributes(1_500_000_000, executable=True)
    wanted = Upload(path="a", expected="4", size=9, attributes=attributes, extra=b'{"id":1}')
    metadata = plug.upload_metadata(FOLDER, wanted, session="s")
    assert (metadata.expected, metadata.revision, metadata.size, metadata.mtime) == ("4", "4", 9, 1.5)
    assert (metadata.attributes, metadata.extra, metadata.session) == (attributes, {"id": 1}, "s")
    metadata.extra["id"] = 2
    assert metadata.raw_extra == b'{"id":2}'


def test_extra_that_is_not_ours_is_left_alone() -> None:
    """Bytes a driver reported itself come back as they are, and read as an empty dict."""
    metadata = Metadata("a", "f", extra=b"\x00\x01")
    assert metadata.raw_extra == b"\x00\x01"
    assert metadata.extra == {}


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", "..", "a/../b", ".", "./a", "a\0b", ".onitu", ".onitu/tmp/x"])
def test_path_that_would_leave_its_folder_is_refused(path: str) -> None:
    """No driver is asked about a place that is not its to touch (G16)."""
    with pytest.raises(InvalidPath):
        check_path(path)


@pytest.mark.parametrize("path", ["a", "a/b.c", "...", "a/..b", ".onitu2", "a/.onitu", "x..y", ".hidden"])
def test_path_that_only_looks_odd_is_fine(path: str) -> None:
    """Dots are part of names."""
    assert check_path(path) == path


def test_reports_go_to_the_stream_of_their_folder() -> None:
    """`update_file`, `delete_file`, `move_file`, `get_metadata`: what a driver of 0.1 calls (D4, D10)."""
    plug, recorder = Toy().plug, Recorder()
    plug.attach(FOLDER.name, recorder)
    metadata = plug.get_metadata("a")
    metadata.revision, metadata.size, metadata.mtime = 12.5, 3, 1.0
    plug.update_file(metadata)
    plug.delete_file(metadata)
    plug.move_file(metadata, "b")
    plug.problem(FOLDER, "a", "odd")
    seen = Present(kind=Kind.FILE, revision="\x01f12.5", size=3, mtime_ns=1_000_000_000)
    assert recorder.said == [("a", seen, None), ("a", Absent(), None), ("b", seen, "a"), ("a", "odd")]


def test_lookup_needs_its_folder_where_there_are_several() -> None:
    """A file of which folder is not for the Plug to guess (D4)."""
    plug = Toy().plug
    plug.folders = {"a": FOLDER, "b": FOLDER}
    with pytest.raises(ValueError, match="2 folders"):
        plug.get_metadata("x")
    with pytest.raises(InvalidPath):
        plug.get_metadata("../x", "a")


def test_start_that_failed_fails_all_who_wait_for_it() -> None:
    """What `start()` raised is the answer to every call (D8)."""
    plug = Plug()
    assert not plug.wait_started(0)
    assert not plug.fail(ServiceError("no network"))
    with pytest.raises(ServiceError, match="no network"):
        plug.wait_started(0)
