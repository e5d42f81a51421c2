"""What was replaced or deleted is listed, read and removed, in whatever state a user has left the trash."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from onitu_local_storage import driver, trash

from onitu.core.manifest import OptionValue
from onitu.plug import Folder, InvalidPath, Kept, Kind, Metadata, Mode, RevisionMismatch, RootState, Unavailable

plug = driver.plug
FOLDER = Folder(name="docs")


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Path]:
    """The root of the one folder of a configured service."""
    options: dict[str, OptionValue] = {"root": str(tmp_path / "root"), "rescan_interval": 3600}
    plug.configure(service="disk", setup_id="setup", generation=1, options=options)
    assert plug.call("open_folder", FOLDER).root_state is RootState.OK
    yield tmp_path / "root"
    plug.call("close")


def put(files: Path, name: str, content: bytes = b"x") -> None:
    """Puts a file into the trash."""
    path = files / ".onitu/trash" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def listed(path: str = "", after: str = "") -> list[Kept]:
    """Returns all pages of a listing."""
    found: list[Kept] = []
    while page := plug.call("list_trash", FOLDER, path, found[-1].id if found else after):
        found += page
    return found


def test_deleted_file_is_listed_and_read(files: Path) -> None:
    """F6: what Onitu deletes is listed with its path, size and times, and its bytes can be read again."""
    (files / "d").mkdir()
    (files / "d/a").write_bytes(b"hello")
    (files / "d/a").chmod(0o755)
    state = plug.call("stat_file", Metadata("d/a", "docs"))
    plug.call("delete_file", Metadata("d/a", "docs", expected=state.revision))

    (kept,) = listed()

    assert (kept.path, kept.kind, kept.size, kept.mtime_ns) == ("d/a", Kind.FILE, 5, state.mtime_ns)
    assert kept.executable
    assert kept.kept_at_ns >= state.mtime_ns
    assert plug.call("read_trash", FOLDER, kept.id, 0, 3) == b"hel"
    assert plug.call("read_trash", FOLDER, kept.id, 3, 10) == b"lo"
    assert plug.call("read_trash", FOLDER, kept.id, 5, 10) == b""


def test_link_is_listed_with_its_target(files: Path) -> None:
    """F6: a link in the trash is told as one, and never followed."""
    put(files, "2026-11-22/a")
    (files / ".onitu/trash/2026-11-22/b").symlink_to("../elsewhere")

    assert [(kept.path, kept.kind, kept.target) for kept in listed()] == [
        ("a", Kind.FILE, None),
        ("b", Kind.SYMLINK, "../elsewhere"),
    ]


def test_only_what_is_asked_for(files: Path) -> None:
    """A path stands for itself and all below it, in every place of the trash, and for no other that begins alike."""
    for name in ("2026-11-21/d/a", "2026-11-22/d/b/c", "2026-11-22/da", "2026-11-22T10-00-00/d", "2026-11-23/e"):
        put(files, name)

    assert [kept.id for kept in listed("d")] == ["2026-11-21/d/a", "2026-11-22/d/b/c", "2026-11-22T10-00-00/d"]
    assert listed("nothing") == []


def test_pages_go_on_where_they_ended(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any page can be asked for, also one that does not follow the last, and each entry comes once."""
    monkeypatch.setattr(trash, "_PAGE", 2)
    names = [f"2026-11-{day}/{path}" for day in (20, 21) for path in ("a", "b/c", "b/d", "b!")]
    for name in names:
        put(files, name)
    whole = [kept.id for kept in listed()]

    assert sorted(whole) == sorted(names)
    for position, name in enumerate(whole):
        assert [kept.id for kept in listed(after=name)] == whole[position + 1 :]


def test_what_is_no_file_of_ours_is_left_out(files: Path) -> None:
    """A pipe, a name that is no UTF-8, a file beside the days: nobody trips over what lies in the trash."""
    put(files, "2026-11-22/a")
    put(files, "stray")
    os.mkfifo(files / ".onitu/trash/2026-11-22/pipe")
    (Path(os.fsdecode(os.fsencode(files / ".onitu/trash/2026-11-22") + b"/\xff"))).touch()

    assert [kept.path for kept in listed()] == ["a"]


def test_no_trash(files: Path) -> None:
    """A trash that its user has removed is empty."""
    (files / ".onitu/trash").rmdir()

    assert listed() == []
    plug.call("empty_trash", FOLDER, ["2026-11-22/a"])


def test_emptying_removes_what_is_named_alone(files: Path) -> None:
    """What is named goes, with directories that are empty then; once more is no error."""
    for name in ("2026-11-21/d/a", "2026-11-22/d/b", "2026-11-22/c"):
        put(files, name)

    for _ in range(2):
        plug.call("empty_trash", FOLDER, ["2026-11-21/d/a", "2026-11-22/d/b"])

    assert [kept.id for kept in listed()] == ["2026-11-22/c"]
    assert not (files / ".onitu/trash/2026-11-21").exists()
    assert not (files / ".onitu/trash/2026-11-22/d").exists()


@pytest.mark.parametrize("name", ["../lock", "2026-11-22/../../lock", "", "/etc/passwd", "2026-11-22//a"])
def test_ids_lead_nowhere_else(files: Path, name: str) -> None:
    """An id that leads out of the trash is refused."""
    put(files, "2026-11-22/a")

    with pytest.raises(InvalidPath):
        plug.call("read_trash", FOLDER, name, 0, 1)
    with pytest.raises(InvalidPath):
        plug.call("empty_trash", FOLDER, [name])
    assert (files / ".onitu/lock").exists()


def test_a_link_in_the_trash_is_not_followed(files: Path, tmp_path: Path) -> None:
    """Nothing outside of the trash is read through it."""
    put(files, "2026-11-22/a")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/b").write_text("secret")
    (files / ".onitu/trash/2026-11-22/d").symlink_to(tmp_path / "secret")

    with pytest.raises(RevisionMismatch):
        plug.call("read_trash", FOLDER, "2026-11-22/d/b", 0, 10)


def test_a_place_that_is_only_read_can_be_listed(files: Path) -> None:
    """B7: without `w` the trash of earlier days is shown, and nothing is removed."""
    put(files, "2026-11-22/a")
    plug.call("open_folder", Folder(name="docs", mode=Mode.READ))

    assert [kept.path for kept in listed()] == ["a"]
    with pytest.raises(Unavailable):
        plug.call("empty_trash", FOLDER, ["2026-11-22/a"])
