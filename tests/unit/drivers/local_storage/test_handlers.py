"""The handlers, as the Plug calls them: errors in the words of the contract, uploads in chunks, life and death."""

from __future__ import annotations

import errno
import importlib.resources
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3
from onitu_local_storage import driver, failures

from onitu.core.manifest import OptionValue, load_manifest
from onitu.plug import (
    Absent,
    Attributes,
    Corrupted,
    DriverError,
    Folder,
    InvalidPath,
    Metadata,
    Mode,
    NotFound,
    PermissionDenied,
    Present,
    QuotaExceeded,
    RevisionMismatch,
    RootState,
    Unavailable,
    Upload,
)

from .conftest import local_file, names

plug = driver.plug
FOLDER = Folder(name="docs")


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Path]:
    """The root of the one folder of a configured service."""
    options: dict[str, OptionValue] = {"root": str(tmp_path / "root"), "rescan_interval": 3600}
    plug.configure(service="disk", setup_id="setup", generation=1, options=options)
    report = plug.call("open_folder", FOLDER)
    assert report.root_state is RootState.OK
    yield tmp_path / "root"
    plug.call("close")


def about(path: str, **attributes: object) -> Metadata:
    """Returns the metadata of a path."""
    return Metadata(path, FOLDER.name, **attributes)  # type: ignore[arg-type]


def uploading(path: str, data: bytes, *, session: str = "", expected: str | None = None) -> Metadata:
    """Returns the metadata of an upload that announces these bytes."""
    digest = ("blake3", blake3(data).digest())
    return about(
        path,
        session=session,
        expected=expected,
        upload=Upload(path=path, expected=expected, size=len(data), digest=digest),
    )


def test_manifest() -> None:
    """The manifest is valid, and the driver promises everything a file system can do (M1)."""
    data = importlib.resources.files("onitu_local_storage").joinpath("manifest.json").read_bytes()
    manifest = load_manifest(data, "manifest.json")

    assert manifest.name == "local_storage"
    assert [option.key for option in manifest.options if option.mandatory] == ["root"]
    assert plug.missing_features().keys() <= {"restart_upload"}
    assert plug.capabilities.sync
    assert plug.capabilities.local_files


def test_life_of_a_file(files: Path) -> None:
    """A file is written, observed, read, hashed, moved, copied, changed and deleted."""
    made = plug.call("upload_file", uploading("a", b"hello"), b"hello")
    assert plug.call("stat_file", about("a")) == Present(
        kind=made.kind,
        revision=made.revision,
        size=5,
        mtime_ns=made.mtime_ns,
        native_id=made.native_id,
        executable=False,
        racy=made.racy,
    )
    assert plug.call("get_file", about("a", revision=made.revision)) == b"hello"
    assert plug.call("get_chunk", about("a", revision=made.revision), 1, 3) == b"ell"
    assert plug.call("get_digest", about("a", revision=made.revision), "blake3") == blake3(b"hello").digest()
    assert plug.call("local_path", about("a")) == str(files / "a")
    plug.call("make_directory", about("d"))
    moved = plug.call("move_file", about("a", expected=made.revision), about("d/b"))
    copied = plug.call("copy_file", about("d/b", expected=moved.revision), about("c"))
    changed = plug.call("set_attributes", about("c", expected=copied.revision), Attributes(executable=True))
    plug.call("sync", FOLDER)
    plug.call("delete_file", about("c", expected=changed.revision))
    assert dict(plug.call("list_directory", FOLDER, "")).keys() == {"d"}
    assert plug.call("stat_file", about("c")) == Absent()


def test_handoff(files: Path, tmp_path: Path) -> None:
    """A file that another driver holds is copied by this one."""
    (tmp_path / "source").write_bytes(b"hello")

    plug.call("upload_local_file", uploading("a", b"hello"), local_file(tmp_path, "source"))

    assert (files / "a").read_bytes() == b"hello"


class TestChunks:
    """Uploads that come in chunks."""

    def test_in_any_order(self, files: Path) -> None:
        """Chunks may come in any order and more than once; the file is not there before the end."""
        upload = uploading("a", b"hello world", session="s1")
        plug.call("start_upload", upload)
        for offset, chunk in ((6, b"world"), (0, b"hello "), (6, b"world")):
            plug.call("upload_chunk", upload, offset, chunk)
        assert names(files) == [".onitu"]

        answer = plug.call("end_upload", upload)

        assert (files / "a").read_bytes() == b"hello world"
        assert answer.digests == {"blake3": blake3(b"hello world").digest()}
        assert names(files / ".onitu/tmp") == []

    def test_replace(self, files: Path) -> None:
        """An upload in chunks keeps its expectation like any other."""
        made = plug.call("upload_file", uploading("a", b"one"), b"one")
        for session, expected in (("s1", "1:2:3:4:5"), ("s2", None)):
            with pytest.raises(RevisionMismatch):
                plug.call("start_upload", uploading("a", b"two", session=session, expected=expected))
        upload = uploading("a", b"two", session="s3", expected=made.revision)
        plug.call("start_upload", upload)
        plug.call("upload_chunk", upload, 0, b"two")
        plug.call("end_upload", upload)

        assert (files / "a").read_bytes() == b"two"
        assert names(files / ".onitu/tmp") == []

    def test_replace_what_changed_meanwhile(self, files: Path) -> None:
        """What somebody wrote while the chunks came is neither replaced nor gone on with."""
        made = plug.call("upload_file", uploading("a", b"one"), b"one")
        upload = uploading("a", b"three", session="s1", expected=made.revision)
        plug.call("start_upload", upload)
        plug.call("upload_chunk", upload, 0, b"three")
        (files / "a").write_bytes(b"somebody's")
        for task, arguments in (("end_upload", ()), ("restart_upload", (5,))):
            with pytest.raises(RevisionMismatch):
                plug.call(task, upload, *arguments)

        assert (files / "a").read_bytes() == b"somebody's"
        assert names(files / ".onitu/tmp") == ["upload-s1"]

    def test_restart(self, files: Path) -> None:
        """F4: another process goes on where the first has come to, whatever the core remembers of it."""
        upload = uploading("a", b"hello world", session="s1")
        plug.call("start_upload", upload)
        plug.call("upload_chunk", upload, 0, b"hello")
        plug.call("open_folder", FOLDER)

        assert plug.call("restart_upload", upload, 0) == 5
        plug.call("upload_chunk", upload, 5, b" world")
        plug.call("end_upload", upload)
        assert (files / "a").read_bytes() == b"hello world"
        assert names(files / ".onitu/tmp") == []
        with pytest.raises(NotFound):
            plug.call("restart_upload", upload, 5)

    def test_restart_of_too_much(self, files: Path) -> None:
        """F4: what is longer than the file can be begins again."""
        plug.call("start_upload", uploading("a", b"hi", session="s1"))
        (files / ".onitu/tmp/upload-s1").write_bytes(b"hello")

        assert plug.call("restart_upload", uploading("a", b"hi", session="s1"), 0) == 0
        assert (files / ".onitu/tmp/upload-s1").read_bytes() == b""

    def test_executable(self, files: Path) -> None:
        """A large program can be run like a small one."""
        upload = Upload(path="a", expected=None, size=1, attributes=Attributes(executable=True))
        metadata = about("a", session="s1", upload=upload)
        plug.call("start_upload", metadata)
        plug.call("upload_chunk", metadata, 0, b"x")

        assert plug.call("end_upload", metadata).executable
        assert (files / "a").stat().st_mode & 0o100

    def test_corrupted(self, files: Path) -> None:
        """What is staged is read back: bytes that are missing or wrong never become visible (G3)."""
        upload = uploading("a", b"hello", session="s1")
        plug.call("start_upload", upload)
        plug.call("upload_chunk", upload, 0, b"hell")
        with pytest.raises(Corrupted):
            plug.call("end_upload", upload)
        plug.call("upload_chunk", upload, 4, b"!")
        with pytest.raises(Corrupted):
            plug.call("end_upload", upload)
        plug.call("abort_upload", upload)
        plug.call("abort_upload", upload)

        assert names(files) == [".onitu"]
        assert names(files / ".onitu/tmp") == []

    @pytest.mark.usefixtures("files")
    def test_no_session(self) -> None:
        """An upload that this process does not know is said to be unknown; a session is no way out of the root."""
        with pytest.raises(NotFound):
            plug.call("upload_chunk", uploading("a", b"x", session="s1"), 0, b"x")
        with pytest.raises(InvalidPath):
            plug.call("start_upload", uploading("a", b"x", session="../x"))


class TestErrors:
    """What is said when something cannot be done."""

    @pytest.mark.parametrize(
        ("number", "error"),
        [
            (errno.ENOSPC, QuotaExceeded),
            (errno.EDQUOT, QuotaExceeded),
            (errno.EACCES, PermissionDenied),
            (errno.EROFS, PermissionDenied),
            (errno.ENOENT, NotFound),
            (errno.ENAMETOOLONG, InvalidPath),
            (errno.EIO, Unavailable),
            (errno.EEXIST, RevisionMismatch),
            (errno.ENOTDIR, RevisionMismatch),
            (errno.EXDEV, DriverError),
            (errno.ENOTTY, DriverError),
        ],
    )
    def test_table(self, number: int, error: type[DriverError]) -> None:
        """Each error of the operating system is one of the contract, and names the path."""
        found = failures.from_os_error(OSError(number, os.strerror(number)), "d/a")

        assert type(found) is error
        assert "'d/a': " in str(found)

    def test_full_disk(self, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A full disk is a state of the service; what could not be written leaves nothing behind."""

        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(QuotaExceeded, match="no space left"):
            plug.call("upload_file", uploading("a", b"hello"), b"hello")

        assert names(files) == [".onitu"]
        assert names(files / ".onitu/tmp") == []

    @pytest.mark.usefixtures("files")
    def test_not_there(self) -> None:
        """What is not there can be neither read nor deleted nor listed."""
        with pytest.raises(NotFound):
            plug.call("get_file", about("a", revision="1:2:3:4:5"))
        with pytest.raises(RevisionMismatch):
            plug.call("delete_file", about("a", expected="1:2:3:4:5"))
        with pytest.raises(NotFound):
            list(plug.call("list_directory", FOLDER, "d"))

    def test_root_gone(self, files: Path, tmp_path: Path) -> None:
        """Where the root has gone nothing is listed and nothing is absent (G9)."""
        files.rename(tmp_path / "elsewhere")
        files.mkdir()

        with pytest.raises(Unavailable):
            list(plug.call("list_directory", FOLDER, ""))
        with pytest.raises(Unavailable):
            plug.call("stat_file", about("a"))

    @pytest.mark.usefixtures("files")
    def test_without_w(self) -> None:
        """Where Onitu may not write it writes nothing (B7)."""
        plug.call("open_folder", Folder(name="docs", mode=Mode.READ))

        with pytest.raises(Unavailable):
            plug.call("make_directory", about("d"))


def test_configured_again(files: Path) -> None:
    """Opening a folder again lets go of what was held, and removes what was staged by nobody that comes back."""
    plug.call("start_upload", uploading("a", b"x", session="s1"))
    plug.call("upload_chunk", uploading("a", b"x", session="s1"), 0, b"x")
    (files / ".onitu/tmp/0123456789abcdef").touch()

    assert plug.call("open_folder", FOLDER).root_state is RootState.OK
    assert names(files / ".onitu/tmp") == ["upload-s1"]


def test_closed_while_a_handler_runs(files: Path) -> None:
    """Closing takes nothing away from a handler that is at work: it ends as if nothing had been (D)."""
    (files / "a").touch()
    (files / "b").touch()
    listing = plug.call("list_directory", FOLDER, "")
    first = next(listing)
    plug.call("close")
    with pytest.raises(Unavailable):
        plug.call("stat_file", about("a"))

    assert {first[0], *(name for name, _ in listing)} == {"a", "b"}


@pytest.mark.usefixtures("files")
def test_root_that_cannot_be_used(tmp_path: Path) -> None:
    """A root that cannot be opened is an error that names it."""
    plug.options["root"] = str(tmp_path / ("x" * 300))

    with pytest.raises(InvalidPath, match=r"xxx.*too long"):
        plug.call("open_folder", FOLDER)
