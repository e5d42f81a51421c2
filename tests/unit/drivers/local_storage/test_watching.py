"""What is reported of changes as they happen. Each test makes changes, then asks for all that was reported of them."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from onitu_local_storage import gather, inotify, observe, system, watch, write
from onitu_local_storage.root import Root
from onitu_local_storage.watch import Watcher

from onitu.plug import Absent, Inadmissible, Plug, Present, RootState

from .conftest import Recorder, age, new_file

pytestmark = pytest.mark.skipif(not hasattr(system, "inotify_init"), reason="watching needs inotify")

Start = Callable[[], Recorder]


@pytest.fixture
def start(root: Root) -> Iterator[Start]:
    """Starts watching, once everything that was to be there before is there."""
    recorder = Recorder()
    watcher = Watcher(root, recorder, Plug(), rescan_interval=0)  # type: ignore[arg-type]  # It stands in its place.
    thread = threading.Thread(target=watcher.run)

    def run() -> Recorder:
        thread.start()
        assert recorder.is_ready.wait(10)
        return recorder

    yield run
    recorder.closed.set()
    watcher.stop()
    if thread.ident is not None:
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes what waits for a writer not wait."""
    monkeypatch.setattr(gather, "QUIET", 0.0)
    monkeypatch.setattr(gather, "LINKED", 0.0)


def test_create_write_delete(start: Start, files: Path) -> None:
    """A file is reported when it is closed, however often it was written; and when it is gone."""
    changes = start()
    with (files / "a").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(b"x")
    assert changes.drained() == [("report", "a", "present")]
    (files / "a").chmod(0o700)
    assert changes.drained() == [("report", "a", "present")]
    (files / "a").unlink()
    assert changes.drained() == [("report", "a", "absent")]


def test_not_while_it_is_written(start: Start, files: Path) -> None:
    """A file that somebody is writing is not reported, also when it is renamed meanwhile."""
    changes = start()
    with (files / "a.part").open("wb", buffering=0) as file:
        file.write(b"x")
        assert changes.drained() == []
        (files / "a.part").rename(files / "a")
        assert ("report", "a", "present") not in changes.drained()
        file.write(b"y")
    assert changes.drained() == [("report", "a", "present")]
    state = changes.states["a"]
    assert isinstance(state, Present)
    assert state.size == 2


@pytest.mark.usefixtures("hurried")
def test_open_and_quiet(start: Start, files: Path) -> None:
    """A file that stays open is reported once nobody writes to it."""
    changes = start()
    with (files / "log").open("wb", buffering=0) as file:
        file.write(b"x")
        changes.wait_for("report", "log", "present")


def test_links_and_pipes(start: Start, files: Path) -> None:
    """What is never closed is reported at once: hard links, symbolic links, pipes."""
    (files / "a").touch()
    changes = start()
    (files / "hard").hardlink_to(files / "a")
    (files / "link").symlink_to("a")
    os.mkfifo(files / "pipe")

    assert {path for _, path, _ in changes.drained()} == {"hard", "link", "pipe"}
    assert isinstance(changes.states["link"], Inadmissible)


def test_rename(start: Start, files: Path) -> None:
    """A rename is told as one, in directories as well."""
    (files / "d").mkdir()
    (files / "a").touch()
    changes = start()
    (files / "a").rename(files / "d/b")
    assert changes.drained() == [("moved", "a", "d/b"), ("report", "a", "absent")]
    (files / "d").rename(files / "e")
    assert changes.drained() == [("moved", "d", "e"), ("report", "d", "absent")]
    (files / "e/b").write_bytes(b"hello")
    assert changes.drained() == [("report", "e/b", "present")]


def test_rename_chain(start: Start, files: Path) -> None:
    """However files change places, what is reported last of each path is what is there."""
    (files / "a").write_bytes(b"a")
    (files / "b").write_bytes(b"bb")
    changes = start()
    (files / "a").rename(files / "t")
    (files / "b").rename(files / "a")
    (files / "t").rename(files / "b")
    changes.drained()

    sizes = {path: getattr(state, "size", None) for path, state in changes.states.items()}
    assert sizes == {"a": 2, "b": 1, "t": None}


def test_saved_by_rename(start: Start, files: Path) -> None:
    """An editor that writes a new file and renames it over the old one has changed the old one."""
    (files / "a").write_bytes(b"one")
    changes = start()
    (files / "a.tmp").write_bytes(b"three")
    (files / "a.tmp").rename(files / "a")
    changes.drained()

    state = changes.states["a"]
    assert isinstance(state, Present)
    assert state.size == 5


def test_out_and_in(start: Start, files: Path, tmp_path: Path) -> None:
    """What is moved out is gone, what is moved in is new, and so is all that is in it (G18)."""
    (files / "d/e").mkdir(parents=True)
    (files / "a").touch()
    changes = start()
    (files / "a").rename(tmp_path / "a")
    (files / "d").rename(tmp_path / "d")
    assert sorted(changes.drained()) == [("report", "a", "absent"), ("report", "d", "absent")]
    (tmp_path / "d/e/unseen").touch()
    assert changes.drained() == []
    (tmp_path / "d").rename(files / "f")
    assert changes.drained() == [("report", path, "present") for path in ("f", "f/e", "f/e/unseen")]
    (files / "f/e/b").touch()
    assert changes.drained() == [("report", "f/e/b", "present")]


def test_new_tree(start: Start, files: Path) -> None:
    """Nothing is missed in directories that are filled as fast as they are made (G18)."""
    changes = start()
    for number in range(50):
        (files / f"d{number}/e/f").mkdir(parents=True)
        (files / f"d{number}/e/f/a").write_bytes(b"hello")
    changes.drained()

    for number in range(50):
        state = changes.states[f"d{number}/e/f/a"]
        assert isinstance(state, Present)
        assert state.size == 5


def test_new_tree_with_very_much_in_it(
    start: Start, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large tree that is moved in, only the top is reported: the rest is listed, in bounded memory."""
    monkeypatch.setattr(gather, "ENOUGH", 2)
    (tmp_path / "d").mkdir()
    for number in range(4):
        (tmp_path / "d" / str(number)).touch()
    changes = start()
    (tmp_path / "d").rename(files / "d")

    assert changes.drained() == [("report", "d", "present"), ("rescan", "d", True)]


def test_copied_tree(start: Start, files: Path, tmp_path: Path) -> None:
    """A file that is found open for writing in a new directory is reported when it is closed."""
    (tmp_path / "d").mkdir()
    with (tmp_path / "d/a").open("wb", buffering=0) as file:
        file.write(b"x")
        changes = start()
        (tmp_path / "d").rename(files / "d")
        assert changes.drained() == [("report", "d", "present")]
    assert changes.drained() == [("report", "d/a", "present")]


@pytest.mark.usefixtures("hurried")
def test_where_nobody_can_tell_who_writes(start: Start, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system does not say whether a file is open, one that is left alone is reported."""
    monkeypatch.setattr(system, "is_written", lambda _: None)
    changes = start()
    (files / "a").symlink_to("b")
    descriptor = os.open(files / "b", os.O_WRONLY | os.O_CREAT)
    try:
        changes.wait_for("report", "b", "present")
    finally:
        os.close(descriptor)


def test_removed_tree(start: Start, files: Path) -> None:
    """Everything in a directory that is removed is reported, each under its own path."""
    (files / "d/e").mkdir(parents=True)
    (files / "d/e/a").touch()
    changes = start()
    shutil.rmtree(files / "d")

    assert changes.drained() == [("report", path, "absent") for path in ("d/e/a", "d/e", "d")]


def test_directory_moved_into_a_new_one(start: Start, files: Path) -> None:
    """A directory stays watched when it goes where nothing was watched yet."""
    (files / "d/e").mkdir(parents=True)
    changes = start()
    (files / "new").mkdir()
    (files / "d").rename(files / "new/d")
    changes.drained()
    (files / "new/d/e/a").touch()

    assert ("report", "new/d/e/a", "present") in changes.drained()


def test_directory_renamed_as_soon_as_it_is_made(start: Start, files: Path) -> None:
    """A directory whose rename is told before it could be watched is watched under its new name (G18)."""
    changes = start()
    for number in range(20):
        (files / f"new{number}").mkdir()
        (files / f"new{number}").rename(files / f"kept{number}")
    changes.drained()
    for number in range(20):
        (files / f"kept{number}/a").touch()

    assert {path for _, path, *_ in changes.drained()} == {f"kept{number}/a" for number in range(20)}


def test_directories_swapped_while_one_is_looked_at(start: Start, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was looked for in a directory that had just been renamed is looked for again where it is."""
    (files / "left").mkdir()
    (files / "right").mkdir()
    (files / "a").touch()
    changes = start()
    look = observe.look_beneath

    def swap_first(root: int, path: str, *, symlinks: bool = False) -> Present | Inadmissible | Absent:
        if path == "left/a":
            monkeypatch.undo()
            (files / "left").rename(files / "aside")
            (files / "right").rename(files / "left")
            (files / "aside").rename(files / "right")
        return look(root, path, symlinks=symlinks)

    monkeypatch.setattr(observe, "look_beneath", swap_first)
    (files / "a").rename(files / "left/a")
    changes.drained()
    changes.drained()

    assert isinstance(changes.states["right/a"], Present)


@pytest.mark.parametrize("seed", range(6))
def test_directories_in_turmoil(start: Start, files: Path, seed: int) -> None:
    """However directories are made, swapped, renamed and removed, nothing in them is missed, then or later (G18)."""
    changes = start()
    items: list[tuple[object, ...]] = []
    randomness = random.Random(seed)
    for _ in range(10):
        for _ in range(60):
            with contextlib.suppress(OSError):
                turmoil(randomness, files)
        items += changes.drained()
    items += changes.drained()
    if ("rescan", "", True) not in items:
        there = {observe.revision_of(path.lstat()) for path in files.rglob("*.file")}
        assert there <= changes.revisions
    directories = ["", *(str(path.relative_to(files)) for path in files.rglob("[ab]") if path.is_dir())]
    for directory in directories:
        (files / directory / "new").touch()
    found = {path for _, path, *_ in changes.drained()}

    assert {f"{directory}/new".lstrip("/") for directory in directories} <= found


def turmoil(randomness: random.Random, top: Path) -> None:
    """Does one thing to one entry of a random directory below another."""

    def somewhere() -> Path:
        below = sorted(path for path in top.rglob("[ab]") if path.is_dir())
        return randomness.choice([top, *below[:20]])

    here, name = somewhere(), randomness.choice("ab")
    match randomness.randrange(6):
        case 0:
            (here / name).mkdir()
        case 1:
            (here / f"{name}.file").write_bytes(randomness.randbytes(randomness.randrange(1, 50)))
        case 2:
            (here / f"{name}.file").rename(somewhere() / f"{randomness.choice('ab')}.file")
        case 3:
            (here / name).rename(somewhere() / randomness.choice("ab"))
        case 4:
            (here / "a").rename(here / "swapped")
            (here / "b").rename(here / "a")
            (here / "swapped").rename(here / "b")
        case _:
            shutil.rmtree(here / name)


def test_own_writes(start: Start, root: Root, files: Path) -> None:
    """What Onitu writes itself is not reported back, once it was answered (G11)."""
    changes = start()
    (files / "d").mkdir()
    assert changes.drained() == [("report", "d", "present")]
    answer = write.upload_bytes(root, new_file("d/a", 5, mtime_ns=10**18), b"hello")
    root.remember_own("d/a", answer.revision)
    changes.drained()
    os.close(os.open(files / "d/a", os.O_WRONLY))
    assert changes.drained() == []
    (files / "d/a").write_bytes(b"world")
    age(files / "d/a")
    assert set(changes.drained()) == {("report", "d/a", "present")}


def test_names_that_are_not_utf8(start: Start, files: Path) -> None:
    """A name that cannot be written elsewhere is a problem that is told, and does not end the watching."""
    changes = start()
    (files / os.fsdecode(b"bad\xff")).touch()
    (files / "good").touch()

    assert {item[:2] for item in changes.drained()} == {("problem", "bad\\xff"), ("report", "good")}


def test_onitus_own(start: Start, files: Path) -> None:
    """What happens in `.onitu` is nobody's business."""
    changes = start()
    (files / ".onitu/tmp/a").touch()
    (files / ".onitu/tmp/a").unlink()

    assert changes.drained() == []


def test_long_paths(start: Start, files: Path, root: Root) -> None:
    """Directories beyond 4,096 bytes are watched like any other."""
    path = "x" * 250
    write.make_directory(root, path)
    for _ in range(20):
        path = f"{path}/{'x' * 250}"
        write.make_directory(root, path)
    changes = start()
    write.upload_bytes(root, new_file(f"{path}/a", 5), b"hello")

    assert changes.drained() == [("report", f"{path}/a", "present")]
    assert len(os.fsencode(files / path)) > 4096


def test_overflow(start: Start, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the kernel has lost events, everything is watched and listed again (G18)."""
    changes = start()
    real = inotify.read

    def read(queue: int) -> Iterator[inotify.Event]:
        yield from real(queue)
        if not (files / "told").exists():
            (files / "told").mkdir()
            yield inotify.Event(-1, inotify.OVERFLOW, 0, b"")

    monkeypatch.setattr(inotify, "read", read)
    (files / "a").touch()
    changes.wait_for("rescan", "", True)  # noqa: FBT003  As it was reported.
    changes.drained()
    (files / "told/b").touch()

    assert ("report", "told/b", "present") in changes.drained()


def test_root_moved_away(start: Start, files: Path, tmp_path: Path) -> None:
    """A root that goes is reported at once, nothing in it is said to be gone; when it is back all is listed (G18)."""
    (files / "a").touch()
    changes = start()
    files.rename(tmp_path / "elsewhere")
    changes.wait_for("root", RootState.MISSING)
    shutil.rmtree(tmp_path / "elsewhere/.onitu/tmp")
    (tmp_path / "elsewhere/a").unlink()
    changes.drained()
    assert "a" not in changes.states
    (tmp_path / "elsewhere").rename(files)
    changes.wait_for("root", RootState.OK)
    changes.wait_for("rescan", "", True)  # noqa: FBT003  As it was reported.


def test_root_emptied(start: Start, files: Path) -> None:
    """A root that is removed with everything in it is a root that has gone, from the moment its marker goes."""
    changes = start()
    shutil.rmtree(files)

    changes.wait_for("root", RootState.MISSING)


def test_too_few_watches(start: Start, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are too few watches the setting is named, and the folder is listed instead."""
    monkeypatch.setattr(watch, "POLL", 0.01)
    (files / "d").mkdir()
    real = system.inotify_add_watch

    def add(instance: int, path: bytes, mask: int) -> int:
        if Path(os.fsdecode(path)).readlink().name == "d":
            raise OSError(28, "No space left on device")
        return real(instance, path, mask)

    monkeypatch.setattr(system, "inotify_add_watch", add)
    changes = start()
    (files / "a").touch()

    changes.wait_for("problem", ".")
    changes.wait_for("rescan", "", True)  # noqa: FBT003  As it was reported.
    changes.wait_for("report", "a", "present")
    assert "fs.inotify.max_user_watches" in str(changes.items)


def test_no_inotify(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be watched at all the folder is listed instead, and the watcher still shows that it lives."""
    monkeypatch.setattr(watch, "POLL", 0.01)
    monkeypatch.setattr(watch, "HEARTBEAT", 0.01)

    def init() -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(system, "inotify_init", init)
    changes = start()

    changes.wait_for("problem", ".")
    changes.wait_for("rescan", "", True)  # noqa: FBT003  As it was reported.
    changes.wait_for("heartbeat")
    assert "fs.inotify.max_user_instances" in str(changes.items)
