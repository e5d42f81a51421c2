"""The trash of the data directory: what is kept there is whole, says what it was, and is bounded."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from onitu.errors import StoreError
from onitu.store.trash import Kept, Trash


def keep(trash: Trash, path: str, content: bytes) -> Path:
    """Keeps a content and returns its file."""
    keeping = trash.open("nas", "docs", path)
    try:
        for begin in range(0, len(content), 4):
            keeping.write(content[begin : begin + 4])
        keeping.keep()
    finally:
        keeping.discard()
    return keeping.path


def test_what_is_kept_says_what_it_was(tmp_path: Path) -> None:
    """D, W4: content and origin lie side by side; any name is fine."""
    kept = keep(Trash(tmp_path), "a/../odd\nname " + "x" * 300, b"some content")
    assert kept.read_bytes() == b"some content"
    what = msgspec.json.decode(kept.with_suffix(".json").read_bytes(), type=Kept)
    assert (what.service, what.folder, what.path) == ("nas", "docs", "a/../odd\nname " + "x" * 300)
    assert (tmp_path / "trash").stat().st_mode & 0o077 == 0


def test_what_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    """A mutation that was not made has replaced nothing."""
    keeping = Trash(tmp_path).open("nas", "docs", "a")
    keeping.write(b"half")
    keeping.discard()
    assert list((tmp_path / "trash").iterdir()) == []


def test_what_was_kept_first_goes_first(tmp_path: Path) -> None:
    """The trash has an end, and says so where one content alone is beyond it."""
    trash = Trash(tmp_path, most_bytes=10)
    kept = [keep(trash, name, name.encode() * 4) for name in "abc"]
    assert [path.exists() for path in kept] == [False, True, True]
    assert not kept[0].with_suffix(".json").exists()
    with pytest.raises(StoreError, match="more than"):
        keep(trash, "large", b"12345678901")
    assert [path.exists() for path in kept] == [False, True, True]


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """It is said where nothing can be kept, and why."""
    (tmp_path / "trash").write_text("in the way")
    with pytest.raises(StoreError, match="nothing can be kept"):
        Trash(tmp_path).open("nas", "docs", "a")
