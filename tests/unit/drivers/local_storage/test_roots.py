"""Which root a folder has, and what is said when it is not the one that is known (DESIGN §3, root identity)."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from pathlib import Path

import pytest
from onitu_local_storage import area as area_module
from onitu_local_storage.area import remove_staged
from onitu_local_storage.root import Root, open_root

from onitu.plug import Folder, FolderReport, InvalidPath, Mode, RootState, Unavailable
from onitu.plug.marker import Owner

from .conftest import OWNER, names


def visit(path: Path, folder: Folder, owner: Owner = OWNER) -> FolderReport:
    """Opens a root and lets go of it again."""
    root, report = open_root(str(path), folder, owner)
    if root is not None:
        root.close()
    return report


def known(report: FolderReport, mode: Mode = Mode.READ_WRITE) -> Folder:
    """Returns the folder as the core maps it once it knows the root."""
    return Folder(name="docs", root_id=report.root_id, mode=mode)


class TestFirstContact:
    """Roots the core knows nothing of."""

    def test_absent_root_is_made(self, tmp_path: Path) -> None:
        """At first contact a root that is not there is made, and gets a marker and a lock."""
        report = visit(tmp_path / "a/b", Folder(name="docs", path="docs"))

        assert report.root_state is RootState.OK
        assert report.local_root == str(tmp_path / "a/b/docs")
        marker = json.loads((tmp_path / "a/b/docs/.onitu/root").read_text())
        assert marker == {"setup": "setup", "service": "disk", "folder": "docs", "root": report.root_id}
        assert names(tmp_path / "a/b/docs/.onitu") == ["lock", "root", "tmp", "trash"]

    def test_without_w(self, tmp_path: Path) -> None:
        """Where Onitu may not write, it makes no root, no marker and no lock (B7)."""
        read = Folder(name="docs", mode=Mode.READ)
        assert visit(tmp_path / "a", read).root_state is RootState.MISSING
        (tmp_path / "a").mkdir()

        report = visit(tmp_path / "a", read)

        assert report.root_state is RootState.OK
        assert names(tmp_path / "a") == []
        assert visit(tmp_path / "a", known(report, Mode.READ)).root_id == report.root_id

    def test_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A root may be given below the home directory."""
        monkeypatch.setenv("HOME", str(tmp_path))

        assert visit(Path("~/a"), Folder(name="docs")).local_root == str(tmp_path / "a")

    def test_lost_state(self, tmp_path: Path) -> None:
        """Another setup that meets the root for the first time takes the marker over, and its id with it."""
        report = visit(tmp_path / "a", Folder(name="docs"))

        again = visit(tmp_path / "a", Folder(name="papers"), Owner(setup="other", service="box"))

        assert again.root_id == report.root_id
        assert json.loads((tmp_path / "a/.onitu/root").read_text())["setup"] == "other"

    @pytest.mark.parametrize(("root", "path"), [("", "."), ("/tmp/x", "../y"), ("/tmp/x", "/y")])  # noqa: S108
    def test_senseless(self, root: str, path: str) -> None:
        """A mapping that leaves its service's root is refused (B14, G16)."""
        with pytest.raises(InvalidPath):
            open_root(root, Folder(name="docs", path=path), OWNER)


class TestKnown:
    """Roots the core knows."""

    def test_same(self, tmp_path: Path) -> None:
        """The root is known again, also under another path."""
        report = visit(tmp_path / "a", Folder(name="docs"))
        (tmp_path / "a").rename(tmp_path / "b")

        assert visit(tmp_path / "b", known(report)).root_state is RootState.OK

    def test_missing(self, tmp_path: Path) -> None:
        """A root that was there and is not is missing, and is not made anew (G9)."""
        report = visit(tmp_path / "a", Folder(name="docs"))
        shutil.rmtree(tmp_path / "a")

        assert visit(tmp_path / "a", known(report)).root_state is RootState.MISSING
        assert not (tmp_path / "a").exists()

    def test_empty_mount_point(self, tmp_path: Path) -> None:
        """An empty directory where the root was is a disk that is not mounted."""
        report = visit(tmp_path / "a", Folder(name="docs"))
        shutil.rmtree(tmp_path / "a")
        (tmp_path / "a").mkdir()

        again = visit(tmp_path / "a", known(report))

        assert again.root_state is RootState.MISSING
        assert "mounted" in again.reason
        assert names(tmp_path / "a") == []

    def test_another_directory(self, tmp_path: Path) -> None:
        """A directory with files and without the marker is another one; so is one with another marker."""
        report = visit(tmp_path / "a", Folder(name="docs"))
        (tmp_path / "b").mkdir()
        (tmp_path / "b/file").touch()
        visit(tmp_path / "c", Folder(name="docs"))

        assert visit(tmp_path / "b", known(report)).root_state is RootState.DIFFERENT
        assert visit(tmp_path / "c", known(report)).root_state is RootState.DIFFERENT

    def test_a_file(self, tmp_path: Path) -> None:
        """A file is no root."""
        (tmp_path / "a").touch()

        assert visit(tmp_path / "a", Folder(name="docs")).root_state is RootState.MISSING

    def test_broken_marker(self, tmp_path: Path) -> None:
        """A marker that cannot be understood is never taken for none."""
        visit(tmp_path / "a", Folder(name="docs"))
        (tmp_path / "a/.onitu/root").write_text("{")

        report = visit(tmp_path / "a", Folder(name="docs"))

        assert report.root_state is RootState.DIFFERENT
        assert "cannot be understood" in report.reason

    @pytest.mark.parametrize(("folder", "service"), [("docs", "other"), ("other", "disk")])
    def test_of_another_service(self, tmp_path: Path, folder: str, service: str) -> None:
        """The root of another service or folder of the same setup is refused, or a copy of it (DESIGN §3)."""
        visit(tmp_path / "a", Folder(name="docs"))

        report = visit(tmp_path / "a", Folder(name=folder), Owner(setup="setup", service=service))

        assert report.root_state is RootState.DIFFERENT
        assert "'docs'" in report.reason
        assert "'disk'" in report.reason

    def test_inside_another_root(self, tmp_path: Path) -> None:
        """A root inside another one of the setup is refused: what is Onitu's there would be synchronised (B14)."""
        visit(tmp_path / "a", Folder(name="docs"))

        report = visit(tmp_path / "a/b/c", Folder(name="docs"), Owner(setup="setup", service="other"))

        assert report.root_state is RootState.DIFFERENT
        assert "inside" in report.reason


class TestOpen:
    """Roots that change while they are open."""

    def test_stays_the_same(self, root: Root, files: Path) -> None:
        """Whatever happens below it, the root stays what it is; also when its marker was restored from a backup."""
        (files / "a").touch()
        shutil.copy(files / ".onitu/root", files / ".onitu/copy")
        (files / ".onitu/copy").rename(files / ".onitu/root")

        assert root.state() == (RootState.OK, "")

    def test_marker_gone(self, root: Root, files: Path) -> None:
        """A root that is emptied, its marker with it, is one whose disk has gone; with files it is another one."""
        shutil.rmtree(files / ".onitu")
        assert root.state()[0] is RootState.MISSING
        (files / "a").touch()
        assert root.state()[0] is RootState.DIFFERENT

    def test_moved(self, root: Root, files: Path, tmp_path: Path) -> None:
        """A root that was moved away is missing; what is put in its place is another one."""
        files.rename(tmp_path / "elsewhere")
        assert root.state()[0] is RootState.MISSING
        visit(files, Folder(name="docs"))
        assert root.state()[0] is RootState.DIFFERENT


class TestLock:
    """One owner (DESIGN §3)."""

    def test_held(self, root: Root, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """While a driver lives, no other one writes to its root; the error says who holds it."""
        monkeypatch.setattr(area_module, "_LOCK_PATIENCE", 0.0)

        with pytest.raises(Unavailable, match=f"process {os.getpid()} "):
            open_root(str(files), Folder(name="docs"), OWNER)

        assert root.state()[0] is RootState.OK

    def test_let_go(self, tmp_path: Path) -> None:
        """A driver that has ended holds nothing."""
        visit(tmp_path / "a", Folder(name="docs"))
        visit(tmp_path / "a", Folder(name="docs"))

        with (tmp_path / "a/.onitu/lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class TestArea:
    """The directory `.onitu`."""

    def test_leftovers(self, root: Root, files: Path) -> None:
        """What a dead process has staged is removed, but for uploads of this week, which are gone on with (F4).

        An empty one goes: the core may have ended before it heard of it, and then nobody would ever ask for it.
        """
        assert root.area is not None
        old = time.time() - 8 * 86_400
        for name in ("0123456789abcdef", "upload-new", "upload-old"):
            (files / ".onitu/tmp" / name).write_bytes(b"staged")
        (files / ".onitu/tmp/upload-empty").touch()
        os.utime(files / ".onitu/tmp/upload-old", (old, old))

        root.area.remove_leftovers()

        assert names(files / ".onitu/tmp") == ["upload-new"]

    def test_sweeping(self, root: Root, files: Path) -> None:
        """While the process lives only uploads that nothing was added to for a week are removed."""
        assert root.area is not None
        old = time.time() - 8 * 86_400
        for name in ("0123456789abcdef", "upload-new", "upload-old"):
            (files / ".onitu/tmp" / name).touch()
        os.utime(files / ".onitu/tmp/upload-old", (old, old))

        staging = root.area.open_staging()
        remove_staged(staging, uploads_only=True)
        os.close(staging)

        assert names(files / ".onitu/tmp") == ["0123456789abcdef", "upload-new"]

    def test_private(self, files: Path) -> None:
        """Deleted files are not for other users to read."""
        assert (files / ".onitu").stat().st_mode & 0o777 == 0o700
