"""What an entry of the disk is said to be."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from onitu_local_storage import content, observe
from onitu_local_storage.root import Root

from onitu.core.fingerprint import entry_fingerprint
from onitu.plug import Absent, Inadmissible, Kind, Present, RevisionMismatch, State, Unsupported

from .conftest import age

Seen = Callable[[str], Present]


def listing(root: Root, path: str = "") -> dict[str, State]:
    """Returns a listing as a dictionary."""
    return dict(observe.list_directory(root.fd, path))


def test_file(files: Path, seen: Seen) -> None:
    """A file's revision is its identity in the spelling of the contract."""
    (files / "a").write_bytes(b"hello")
    (files / "a").chmod(0o644)
    age(files / "a")
    status = (files / "a").stat()

    assert seen("a") == Present(
        kind=Kind.FILE,
        revision=f"{status.st_dev}:{status.st_ino}:5:{10**18}:{status.st_ctime_ns}",
        size=5,
        mtime_ns=10**18,
        native_id=f"{status.st_dev}:{status.st_ino}",
        executable=False,
    )


def test_directory(files: Path, seen: Seen) -> None:
    """A directory's revision does not depend on what is in it."""
    (files / "d").mkdir()
    before = seen("d")
    (files / "d/a").write_bytes(b"hello")
    status = (files / "d").stat()

    assert before.kind is Kind.DIRECTORY
    assert before.revision == seen("d").revision == f"{status.st_dev}:{status.st_ino}"


def test_listing_agrees_with_looking(root: Root, files: Path) -> None:
    """An entry is the same in a listing and when looked at alone; what is Onitu's is not listed."""
    (files / "d").mkdir()
    (files / "d/.onitu").mkdir()
    (files / "a").write_bytes(b"hello")
    age(files / "a")
    (files / "link").symlink_to("a")

    assert listing(root) == {name: observe.look_beneath(root.fd, name) for name in ("a", "d", "link")}
    assert listing(root, "d").keys() == {".onitu"}


def test_nothing(root: Root, files: Path) -> None:
    """Nothing is at a path whose parent is not there, or is a file."""
    (files / "a").write_bytes(b"hello")

    for path in ("b", "d/b", "a/b", "a/b/c"):
        assert observe.look_beneath(root.fd, path) == Absent()


def test_below_a_link(root: Root, files: Path, tmp_path: Path) -> None:
    """What lies below a symbolic link is out of reach, which is not the same as absent."""
    (tmp_path / "out/d").mkdir(parents=True)
    (files / "link").symlink_to(tmp_path / "out")

    for path in ("link/d", "link/d/e"):
        state = observe.look_beneath(root.fd, path)
        assert isinstance(state, Inadmissible)
        assert "symbolic link" in state.reason


def test_links_that_take_part(root: Root, files: Path) -> None:
    """B11, G16: a link inside the folder is an entry; one that leads out, or cannot be said, is not, with a reason."""
    targets = {"in": "a", "up": "../a", "out": "../..", "abs": "/etc/passwd", "odd": os.fsdecode(b"\xff")}
    (files / "d").mkdir()
    for name, target in targets.items():
        (files / "d" / name).symlink_to(target)
        os.utime(files / "d" / name, ns=(10**18, 10**18), follow_symlinks=False)

    found = dict(observe.list_directory(root.fd, "d", symlinks=True))

    assert {name: state.target for name, state in found.items() if isinstance(state, Present)} == {
        "in": "a",
        "up": "../a",
    }
    assert all("symbolic link" in state.reason for state in found.values() if isinstance(state, Inadmissible))
    assert found == {name: observe.look_beneath(root.fd, f"d/{name}", symlinks=True) for name in targets}
    assert observe.look_beneath(root.fd, "d/in/below", symlinks=True) == Absent()
    assert isinstance(observe.look_beneath(root.fd, "d/abs/below", symlinks=True), Inadmissible)


def test_inadmissible(root: Root, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no file and no directory is there, with a reason that a user can read."""
    (files / "link").symlink_to("nowhere")
    os.mkfifo(files / "pipe")
    monkeypatch.chdir(files)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        found = listing(root)

    reasons = {name: state.reason for name, state in found.items() if isinstance(state, Inadmissible)}
    assert reasons == {
        "link": "is a symbolic link, and symbolic links are skipped",
        "pipe": "is a named pipe",
        "socket": "is a socket",
    }


def test_unreadable_file(root: Root, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is there, and cannot be synchronised."""
    (files / "a").write_bytes(b"hello")
    (files / "a").chmod(0)
    monkeypatch.setattr(observe, "_user", 12345)
    monkeypatch.setattr(os, "access", lambda *_, **__: False)

    (state,) = listing(root).values()
    assert isinstance(state, Inadmissible)
    assert state.reason == "cannot be read: permission denied"
    assert state.revision
    assert observe.look_beneath(root.fd, "a") == state


def test_names(root: Root, files: Path) -> None:
    """Names of any script are given as they are; those that are not UTF-8 are left to the Plug to report."""
    names = ["é", "e\u0301", "日本語", "new\nline", "back\\slash", " ", "x" * 255]
    for name in names:
        (files / name).touch()
    (files / os.fsdecode(b"bad\xff")).touch()

    assert set(listing(root)) == {*names, "bad\udcff"}


def test_racy(files: Path, seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file modified just now may be modified again under the same revision; an old or a future one is not."""
    (files / "a").write_bytes(b"hello")
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now)
    os.utime(files / "a", ns=(now + 5_000_000, now + 5_000_000))
    assert seen("a").racy

    for mtime in (now - 10**9, now + 10**12):
        os.utime(files / "a", ns=(mtime, mtime))
        assert not seen("a").racy


def test_listing_what_is_not_there(root: Root, files: Path) -> None:
    """A listing that cannot be had raises: it is never an empty one (G9)."""
    (files / "a").touch()
    (files / "link").symlink_to(".")

    for path in ("d", "a", "link"):
        with pytest.raises(OSError, match=r"No such|Not a directory|symbolic"):
            listing(root, path)


def test_fingerprints_see_every_change(root: Root, files: Path) -> None:
    """An edit, a touch and a change of mode all show in a directory's fingerprint."""

    def fingerprint() -> int:
        return sum(
            entry_fingerprint(name, state.kind if isinstance(state, Present) else 0, state.revision)
            for name, state in listing(root).items()
            if isinstance(state, Present | Inadmissible)
        )

    (files / "a").write_bytes(b"hello")
    found = {fingerprint()}
    age(files / "a")
    found.add(fingerprint())
    (files / "a").chmod(0o700)
    found.add(fingerprint())
    (files / "a").rename(files / "b")
    found.add(fingerprint())

    assert len(found) == 4


class TestReading:
    """Bytes at a pinned revision."""

    def test_pinned(self, root: Root, files: Path, seen: Seen) -> None:
        """Only the revision asked for is read."""
        (files / "a").write_bytes(b"hello")
        revision = seen("a").revision

        with content.pinned(root.fd, "a", revision) as descriptor:
            assert content.read_at(descriptor, 1, 3) == b"ell"
            assert content.read_at(descriptor, 4, 100) == b"o"
            assert content.read_at(descriptor, 5, 100) == b""
        with pytest.raises(RevisionMismatch), content.pinned(root.fd, "a", "1:2:3:4:5"):
            pass

    def test_changed_while_read(self, root: Root, files: Path, seen: Seen) -> None:
        """A file that is written while it is read is not taken for either version."""
        (files / "a").write_bytes(b"hello")

        with pytest.raises(RevisionMismatch), content.pinned(root.fd, "a", seen("a").revision):
            (files / "a").write_bytes(b"changed")

    def test_not_a_file(self, root: Root, files: Path, seen: Seen) -> None:
        """A pipe that has taken the place of a file does not block whoever reads."""
        (files / "a").write_bytes(b"hello")
        revision = seen("a").revision
        (files / "a").unlink()
        os.mkfifo(files / "a")

        with pytest.raises(RevisionMismatch), content.pinned(root.fd, "a", revision):
            pass

    def test_unknown_algorithm(self) -> None:
        """A digest nobody knows is said to be so."""
        with pytest.raises(Unsupported, match="crc32"):
            content.new_hash("crc32")

    def test_dropbox(self) -> None:
        """Dropbox's digest is one of them."""
        assert content.new_hash("dropbox").digest() == bytes.fromhex(
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
