"""The core that tests handlers, over the memory driver and over one of the shape of Onitu 0.1 (CONTRACT D)."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import onitu_memory
import pytest
from onitu_memory.tree import Tree

from onitu.core.capability import Mode
from onitu.errors import DriverError, NotFound, PermissionDenied, RevisionMismatch, ServiceError
from onitu.plug import Absent, Attributes, Kind, Metadata, Plug, Present
from onitu.plug.testing import FakeCore

DRIVERS = Path(__file__).parent.parent.parent / "functional/drivers"


@pytest.fixture(autouse=True)
def tree() -> Iterator[Tree]:
    """What the memory driver keeps; nothing of it reaches the next test."""
    importlib.reload(onitu_memory)  # Other tests load its modules anew, each time with another Plug.
    found: Tree = importlib.import_module("onitu_memory.driver").tree
    found._entries.clear()
    yield found
    found._entries.clear()


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The driver of the 0.1 shape, imported anew; it changes the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(DRIVERS))
    yield importlib.import_module("onitu_shape01")
    sys.modules["onitu_shape01.watcher"].stopped.set()
    for thread in threading.enumerate():
        if thread.name == "watcher":
            thread.join(10)
    for name in [name for name in sys.modules if name.startswith("onitu_shape01")]:
        del sys.modules[name]


def test_memory_driver_keeps_what_it_is_given() -> None:
    """D4, D9, M1: options are validated, content goes whole and in chunks, every change is answered."""
    with FakeCore(onitu_memory, folders={"docs": "."}) as core:
        core.make_directory("d")
        written = core.write("d/whole.txt", b"whole", attributes=Attributes(mtime_ns=5_000, executable=True))
        assert (written.size, written.mtime_ns, written.executable) == (5, 5_000, True)
        core.write("d/chunks.txt", b"0123456789", chunk_size=3)
        assert core.read("d/chunks.txt") == b"0123456789"
        assert core.read("d/chunks.txt", offset=8) == b"89"
        assert core.read_chunk("d/chunks.txt", 4, 2) == b"45"
        core.copy("d/whole.txt", "copy.txt")
        core.set_attributes("copy.txt", Attributes(executable=False))
        core.move("d", "moved")
        assert set(core.files()) == {"copy.txt", "moved", "moved/whole.txt", "moved/chunks.txt"}
        core.delete("copy.txt")
        assert isinstance(core.stat("copy.txt"), Absent)
        assert set(core.list_again()) == {"moved", "moved/whole.txt", "moved/chunks.txt"}


def test_changes_are_followed(tree: Tree) -> None:
    """D10: what changes behind the core's back is known as soon as the driver reports it."""
    with FakeCore(onitu_memory) as core:
        tree.write("new.txt", b"new")
        assert core.wait_for("new.txt").size == 3
        tree.move("new.txt", "renamed.txt")
        core.wait_until(lambda files: set(files) == {"renamed.txt"})
        tree.delete("renamed.txt")
        core.wait_until(lambda files: not files)
        assert [report.path for report in core.reports()] == ["new.txt", "renamed.txt", "renamed.txt"]


def test_an_upload_can_be_taken_up_again() -> None:
    """D9: start, restart, abort, as the handlers are called by the core."""
    with FakeCore(onitu_memory) as core:
        session = core.start_upload("a", b"0123456789")
        core.upload_chunk(session, 0, b"0123")
        assert core.restart_upload(session, "a", b"0123456789", 4) == 4
        core.upload_chunk(session, 4, b"456789")
        core.end_upload(session, "a", b"0123456789")
        assert core.read("a") == b"0123456789"
        session = core.start_upload("b", b"given up")
        core.abort_upload(session)
        with pytest.raises(NotFound):
            core.upload_chunk(session, 0, b"given up")


def test_errors_come_out_as_the_core_gets_them(tree: Tree) -> None:
    """B7, D8, M4: a wrong option, a mode, another revision than expected."""
    with pytest.raises(DriverError, match="Unknown option 'colour'"):
        FakeCore(onitu_memory, options={"colour": "red"}).__enter__()
    with FakeCore(onitu_memory, folders={"a": "a", "b": "b"}, modes={"b": Mode.READ}) as core:
        with pytest.raises(PermissionDenied, match="'b'"):
            core.write("x", b"", "b")
        with pytest.raises(ValueError, match="say which"):
            core.read("x")
    with FakeCore(onitu_memory) as core:
        core.write("file", b"first")
        tree.write("file", b"another")
        core.wait_until(lambda files: files["file"].size == len(b"another"))
        core._followed["folder"].entries["file"] = Present(kind=Kind.FILE, revision="older")
        with pytest.raises(RevisionMismatch):
            core.write("file", b"second")


def test_driver_of_the_old_shape(old: ModuleType, tmp_path: Path) -> None:
    """D1-D5, D8: its start compares, its watcher reports, its handlers overwrite; the numbers come back as numbers."""
    (tmp_path / "there.txt").write_text("there before")
    with FakeCore(old, options={"root": str(tmp_path)}) as core:
        assert core.read("there.txt") == b"there before"
        metadata = core.plug.get_metadata("there.txt")
        assert metadata.revision == (tmp_path / "there.txt").stat().st_mtime
        assert (metadata.size, metadata.owners, metadata.uptodate) == (12, ("service",), ("service",))
        never = core.plug.get_metadata("never seen")
        assert (never.revision, type(never.revision)) == (0.0, float)
        core.write("there.txt", b"and now something longer")
        assert (tmp_path / "there.txt").read_text() == "and now something longer"
        with pytest.raises(ServiceError, match=r"Error writting 'missing\.txt'"):
            core.write("missing.txt", b"it opens r+b")
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub/new.txt").write_text("new")
        core.wait_for("sub/new.txt")
        assert core.files()["sub"].kind is Kind.DIRECTORY
        (tmp_path / "sub/new.txt").unlink()
        core.wait_until(lambda files: "sub/new.txt" not in files)
    able = core.plug.capabilities
    assert (able.in_place, able.exposed, able.stat_files, able.staging) == (True, True, False, False)


def test_start_that_fails_or_returns_is_told(old: ModuleType, tmp_path: Path) -> None:
    """D2, D8: `DriverError` out of `start()` is what the test gets."""
    with pytest.raises(DriverError, match="Can't access"):
        FakeCore(old, options={"root": str(tmp_path / "missing")}).__enter__()
    old.__dict__["start"] = lambda: None
    with pytest.raises(DriverError, match="must not do before"):
        FakeCore(old, options={"root": str(tmp_path)}).__enter__()


def test_extra_is_kept_for_the_file() -> None:
    """D5: `extra` set by a handler comes back to the next one, also where it only looks it up."""
    plug = Plug()
    seen: list[object] = []

    @plug.handler()
    def upload_file(metadata: Metadata, _content: bytes) -> None:
        seen.append(dict(metadata.extra))
        metadata.extra["count"] = len(seen)
        metadata.revision = len(seen)
        metadata.write_revision()

    @plug.handler()
    def delete_file(metadata: Metadata) -> None:
        seen.append((metadata.extra, metadata.size, metadata.revision, metadata.owners))

    with FakeCore(plug) as core:
        core.write("a", b"1")
        core.write("a", b"22")
        core.delete("a")
    assert seen == [{}, {"count": 1}, ({"count": 2}, 2, 2, ("service",))]


class Shelf:
    """A driver as a class: its handlers are methods."""

    def __init__(self, plug: Plug) -> None:
        self.plug = plug
        self.files: dict[str, bytes] = {}
        plug.handler("get_chunk")(self.get_chunk)
        plug.handler("upload_chunk")(self.upload_chunk)
        plug.handler("start_upload")(self.start_upload)
        plug.handler("end_upload")(self.end_upload)

    def get_chunk(self, metadata: Metadata, offset: int, size: int) -> bytes:
        """Handler."""
        return self.files[metadata.path][offset : offset + size]

    def start_upload(self, metadata: Metadata) -> None:
        """Handler."""
        self.files[metadata.path] = b""

    def upload_chunk(self, metadata: Metadata, offset: int, chunk: bytes) -> None:
        """Handler."""
        self.files[metadata.path] = self.files[metadata.path][:offset] + chunk

    def end_upload(self, metadata: Metadata) -> None:
        """Handler."""
        metadata.revision = f"{len(self.files[metadata.path])} bytes"
        metadata.write_revision()


def test_a_class_works_as_well() -> None:
    """D11: methods as handlers; D9: whole content goes to a driver that has chunk handlers alone, and back."""
    shelf = Shelf(Plug())
    with FakeCore(shelf.plug, folders={"docs": "base"}) as core:
        assert core.write("a.txt", b"0123456789").revision == "10 bytes"
        assert core.read("a.txt") == b"0123456789"
        assert core.write("b.txt", b"0123456789", chunk_size=4).size == 10
    assert shelf.files == {"base/a.txt": b"0123456789", "base/b.txt": b"0123456789"}
