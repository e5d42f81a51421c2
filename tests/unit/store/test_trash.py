"""The trash of the data directory: what is kept there is whole, says what it was, and is bounded."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import msgspec
import pytest
from blake3 import blake3

from onitu.core.model import Kind
from onitu.errors import StoreError
from onitu.store.trash import Keeping, Origin, Trash


def origin(path: str, service: str = "nas") -> Origin:
    """Returns where a content is from."""
    return Origin(service=service, folder="docs", path=path, kept_at=0, mtime_ns=7)


def keep(trash: Trash, path: str, content: bytes, *, most_bytes: int = 100, service: str = "nas") -> Path:
    """Keeps a content and returns its file."""
    keeping = trash.open(origin(path, service))
    try:
        for begin in range(0, len(content), 4):
            keeping.write(content[begin : begin + 4])
        keeping.describe(blake3(content).digest())
        trash.keep([keeping], most_bytes=most_bytes)
    finally:
        keeping.discard()
    return keeping.path


def test_what_is_kept_says_what_it_was(tmp_path: Path) -> None:
    """D, W4: content and origin lie side by side; any name is fine."""
    kept = keep(Trash(tmp_path), "a/../odd\nname " + "x" * 300, b"some content")
    assert kept.read_bytes() == b"some content"
    what = msgspec.json.decode(kept.with_suffix(".json").read_bytes(), type=Origin)
    assert (what.service, what.folder, what.path) == ("nas", "docs", "a/../odd\nname " + "x" * 300)
    assert (tmp_path / "trash").stat().st_mode & 0o077 == 0


def test_what_is_kept_is_listed_and_read(tmp_path: Path) -> None:
    """B11 `keep`: by path, with all that is known of it; a copy of Onitu's own earlier days as well."""
    before = time.time_ns()
    trash = Trash(tmp_path)
    keep(trash, "d/a", b"first")
    keep(trash, "d/b", b"second")
    keep(trash, "da", b"third")
    old = tmp_path / "trash/00000000000000000001-aaaaaaaa"
    old.write_bytes(b"old")
    old.with_suffix(".json").write_text('{"service":"nas","folder":"docs","path":"d/a","kept_at":1.5}')
    (tmp_path / "trash/stray.json").write_text("{}")

    found = [(where.service, kept) for where, kept in Trash(tmp_path).listed("docs", "d")]

    assert [(service, kept.path, kept.size) for service, kept in found] == [
        ("nas", "d/a", 3),
        ("nas", "d/a", 5),
        ("nas", "d/b", 6),
    ]
    assert found[0][1].kept_at_ns == 1_500_000_000
    assert before <= found[1][1].kept_at_ns <= time.time_ns()
    assert (found[1][1].mtime_ns, found[1][1].kind) == (7, Kind.FILE)
    assert found[1][1].digests == {"blake3": blake3(b"first").digest()}
    assert trash.read(found[1][1].id, 1, 3) == b"irs"
    assert list(trash.listed("docs", "da/b")) == list(trash.listed("other")) == []


def test_what_is_removed_is_gone(tmp_path: Path) -> None:
    """B11 `keep`: content and origin go together, and twice is no error."""
    trash = Trash(tmp_path)
    first, second = keep(trash, "a", b"one"), keep(trash, "b", b"two")
    for _ in range(2):
        trash.remove([first.name])
    assert [kept.id for _, kept in trash.listed()] == [second.name]
    assert sorted(path.name for path in (tmp_path / "trash").iterdir()) == [second.name, f"{second.name}.json"]
    with pytest.raises(StoreError):
        trash.read(first.name, 0, 1)


def test_a_content_is_kept_once(tmp_path: Path) -> None:
    """What has been kept of a path need not be kept again, as long as it is there."""
    trash = Trash(tmp_path)
    kept, digest = keep(trash, "a", b"one"), blake3(b"one").digest()
    assert trash.holds("docs", "a", digest)
    assert not trash.holds("docs", "b", digest)
    assert not trash.holds("docs", "a", blake3(b"two").digest())
    assert Trash(tmp_path).holds("docs", "a", digest)
    kept.unlink()
    assert not trash.holds("docs", "a", digest)


def test_what_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    """A mutation that was not made has replaced nothing."""
    keeping = Trash(tmp_path).open(origin("a"))
    keeping.write(b"half")
    keeping.discard()
    assert list((tmp_path / "trash").iterdir()) == []


def test_what_was_kept_first_goes_first(tmp_path: Path) -> None:
    """B11 `keep`: the trash of a folder on a service has an end, and says so where one content is beyond it."""
    trash = Trash(tmp_path)
    other = keep(trash, "a", b"1234", service="elsewhere")
    kept = [keep(trash, name, name.encode() * 4, most_bytes=10) for name in "abc"]
    assert [path.exists() for path in kept] == [False, True, True]
    assert not kept[0].with_suffix(".json").exists()
    with pytest.raises(StoreError, match="more than"):
        keep(trash, "large", b"12345678901", most_bytes=10)
    assert [path.exists() for path in kept] == [False, True, True]
    assert other.exists()


def test_who_keeps_at_the_same_time_as_another_is_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P1, B11 `keep`: nobody's content is left out because the one before it is still on its way to the disk."""
    trash, on_its_way, may_go_on = Trash(tmp_path), Event(), Event()
    finish = Keeping.finish

    def slowly(keeping: Keeping) -> None:
        on_its_way.set()
        assert may_go_on.wait(10)
        finish(keeping)

    monkeypatch.setattr(Keeping, "finish", slowly)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(keep, trash, "a", b"12345678", most_bytes=10)
        assert on_its_way.wait(10)
        second = pool.submit(keep, trash, "b", b"12345678", most_bytes=10)
        may_go_on.set()

        kept = first.result(), second.result()

    assert [path.exists() for path in kept] == [False, True]


def test_what_is_kept_together_has_an_end_too(tmp_path: Path) -> None:
    """B11 `keep`: of contents that are kept with one flush the first make room for the last."""
    trash = Trash(tmp_path)
    old = keep(trash, "old", b"1", most_bytes=10)
    together = [trash.open(origin(name)) for name in "abc"]
    for keeping in together:
        keeping.write(b"1234")
    trash.keep(together, most_bytes=10)
    for keeping in together:
        keeping.discard()

    assert [keeping.path.exists() for keeping in together] == [False, True, True]
    assert old.exists()


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """It is said where nothing can be kept, and why."""
    (tmp_path / "trash").write_text("in the way")
    with pytest.raises(StoreError, match="nothing can be kept"):
        Trash(tmp_path).open(origin("a"))
