"""Somebody else changes a file in the very moment in which it is replaced, deleted or moved."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
from onitu_local_storage import content, staging, system, write
from onitu_local_storage.root import Root

from onitu.plug import Present, RevisionMismatch

from .conftest import new_file

Seen = Callable[[str], Present]
Trash = Callable[[], dict[str, bytes]]


@pytest.fixture
def rival(monkeypatch: pytest.MonkeyPatch) -> Callable[[object, str, Callable[[], object]], None]:
    """Has something happen right before a system call, once."""

    def before(module: object, name: str, act: Callable[[], object]) -> None:
        real = getattr(module, name)
        waiting = [act]

        def call(*arguments: object) -> object:
            if waiting:
                waiting.pop()()
            return real(*arguments)

        monkeypatch.setattr(module, name, call)

    return before


Rival = Callable[[object, str, Callable[[], object]], None]


def test_replaced_by_rename(root: Root, files: Path, seen: Seen, trash: Trash, rival: Rival) -> None:
    """An editor that puts its own new file there in the last moment wins, and nothing of it is lost (G2)."""
    (files / "a").write_bytes(b"one")
    (files / "editor").write_bytes(b"edited")
    rival(system, "exchange", lambda: (files / "editor").rename(files / "a"))

    with pytest.raises(RevisionMismatch):
        write.upload_bytes(root, new_file("a", 3, expected=seen("a").revision), b"two")

    assert (files / "a").read_bytes() == b"edited"
    assert trash() == {}


def test_replaced_while_written_in_place(root: Root, files: Path, seen: Seen, rival: Rival) -> None:
    """A program that writes into the file in the last moment has written into the file that is there."""
    (files / "a").write_bytes(b"one")
    rival(system, "exchange", lambda: (files / "a").write_bytes(b"written"))

    with pytest.raises(RevisionMismatch):
        write.upload_bytes(root, new_file("a", 3, expected=seen("a").revision), b"two")

    assert (files / "a").read_bytes() == b"written"


def test_replaced_after_it_was_deleted(root: Root, files: Path, seen: Seen, trash: Trash, rival: Rival) -> None:
    """A file that is deleted in the last moment stays deleted."""
    (files / "a").write_bytes(b"one")
    rival(system, "exchange", (files / "a").unlink)

    with pytest.raises(RevisionMismatch):
        write.upload_bytes(root, new_file("a", 3, expected=seen("a").revision), b"two")

    assert not (files / "a").exists()
    assert trash() == {}


def test_replaced_twice_in_the_last_moment(
    root: Root, files: Path, seen: Seen, trash: Trash, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever changes the file before each of our steps: every content that was there still is."""
    (files / "a").write_bytes(b"one")
    real = system.exchange
    rivals = [b"first", b"second"]

    def exchange(*arguments: int) -> None:
        if rivals:
            (files / "new").write_bytes(rivals.pop(0))
            (files / "new").rename(files / "a")
        real(*arguments)  # type: ignore[arg-type]  # As they came.

    monkeypatch.setattr(system, "exchange", exchange)
    with pytest.raises(RevisionMismatch):
        write.upload_bytes(root, new_file("a", 3, expected=seen("a").revision), b"two")

    assert {(files / "a").read_bytes(), *trash().values()} == {b"first", b"second"}


def test_replaced_in_two_steps(
    root: Root, files: Path, seen: Seen, trash: Trash, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where two names cannot be swapped, an edit in the last moment is put back as well."""
    (files / "a").write_bytes(b"one")

    def lacking(*_: object) -> None:
        (files / "a").write_bytes(b"written")
        monkeypatch.setattr(system, "exchange", lacking_quietly)
        lacking_quietly()

    def lacking_quietly(*_: object) -> None:
        raise OSError(errno.EINVAL, "not here")

    monkeypatch.setattr(system, "exchange", lacking)
    with pytest.raises(RevisionMismatch):
        write.upload_bytes(root, new_file("a", 3, expected=seen("a").revision), b"two")

    assert (files / "a").read_bytes() == b"written"
    assert trash() == {}


def test_new_file_in_the_last_moment(root: Root, files: Path, rival: Rival) -> None:
    """A file that appears in the last moment is not overwritten."""
    rival(system, "link_descriptor", lambda: (files / "a").write_bytes(b"theirs"))

    with pytest.raises(RevisionMismatch):
        write.upload_bytes(root, new_file("a", 3), b"two")

    assert (files / "a").read_bytes() == b"theirs"


def test_deleted_while_edited(root: Root, files: Path, seen: Seen, trash: Trash, rival: Rival) -> None:
    """An edit in the last moment survives a deletion."""
    (files / "a").write_bytes(b"one")
    rival(staging, "move_new", lambda: (files / "a").write_bytes(b"edited"))

    with pytest.raises(RevisionMismatch):
        write.delete(root, "a", seen("a").revision)

    assert (files / "a").read_bytes() == b"edited"
    assert trash() == {}


def test_copied_while_edited(root: Root, files: Path, seen: Seen, rival: Rival) -> None:
    """P12: what is edited while it is copied does not become visible under the new name, not even for a moment."""
    (files / "a").write_bytes(b"one")
    expected = seen("a").revision
    rival(content, "copy_bytes", lambda: (files / "a").write_bytes(b"two"))

    with pytest.raises(RevisionMismatch):
        write.copy(root, "a", expected, "b")

    assert not (files / "b").exists()


def test_moved_while_edited(root: Root, files: Path, seen: Seen, rival: Rival) -> None:
    """An edit in the last moment is found where it was made."""
    (files / "a").write_bytes(b"one")
    rival(staging, "move_new", lambda: (files / "a").write_bytes(b"edited"))

    with pytest.raises(RevisionMismatch):
        write.move(root, "a", seen("a").revision, "b")

    assert (files / "a").read_bytes() == b"edited"
    assert not (files / "b").exists()
