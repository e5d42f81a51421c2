"""Mutations: done whole where what is expected is there, not at all otherwise; nothing is ever lost."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onitu_local_storage import content, observe, staging, system, uploads, write
from onitu_local_storage.root import Root

from onitu.plug import (
    Attributes,
    Corrupted,
    InvalidPath,
    Kind,
    LocalFile,
    Metadata,
    OutcomeUnknown,
    Present,
    RevisionMismatch,
    SourceChanged,
    Unavailable,
)

from .conftest import age, local_file, names, new_file

Seen = Callable[[str], Present]
Trash = Callable[[], dict[str, bytes]]


@pytest.fixture(params=["modern", "plain"])
def _kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once with everything the kernel has, once as on a system or file system that has none of it."""
    if request.param == "modern":
        return

    def lacking(*_: object) -> None:
        raise OSError(errno.ENOSYS, "not here")

    for name in ("openat2_beneath", "rename_noreplace", "exchange", "clone"):
        monkeypatch.setattr(system, name, lacking)
    monkeypatch.setattr(staging, "_TMPFILE", 0)
    monkeypatch.setattr(os, "copy_file_range", lacking)


pytestmark = pytest.mark.usefixtures("_kernels")


def leftovers(files: Path) -> list[str]:
    """Returns what is staged."""
    return names(files / ".onitu/tmp")


class TestUpload:
    """Writing whole files."""

    @pytest.mark.parametrize("theirs", [b"more than ours", b"edit!"], ids=["other size", "same size"])
    @pytest.mark.parametrize("replaced", [False, True], ids=["new", "replaced"])
    def test_written_again_at_once(
        self,
        root: Root,
        files: Path,
        seen: Seen,
        monkeypatch: pytest.MonkeyPatch,
        theirs: bytes,
        *,
        replaced: bool,
    ) -> None:
        """P8: what somebody writes into a file as soon as it is there is an edit of it, and never taken for ours."""
        if replaced:
            (files / "a").write_bytes(b"old")
        expected = seen("a").revision if replaced else None
        monkeypatch.setattr(staging, "_announce", lambda *_: (files / "a").write_bytes(theirs))
        looked: list[bytes] = []

        answer = write.upload_bytes(
            root,
            new_file("a", 5, expected=expected, mtime_ns=10**18),
            b"hello",
            lambda: looked.append((files / "a").read_bytes()),
        )

        assert (answer.size, answer.mtime_ns) == (5, 10**18)
        assert answer.digests["blake3"] == blake3(b"hello").digest()
        assert answer.revision != seen("a").revision
        assert looked == [theirs]

    def test_new_file(self, root: Root, files: Path, seen: Seen) -> None:
        """A new file has the content, the time and the executable bit it was sent with, and its digest is answered."""
        answer = write.upload_bytes(root, new_file("a", 5, mtime_ns=10**18 + 7, executable=True), b"hello")

        assert (files / "a").read_bytes() == b"hello"
        assert seen("a") == Present(
            kind=Kind.FILE,
            revision=answer.revision,
            size=5,
            mtime_ns=10**18 + 7,
            native_id=answer.native_id,
            executable=True,
        )
        assert answer.digests == {"blake3": blake3(b"hello").digest()}
        assert leftovers(files) == []

    @pytest.mark.parametrize("size", [0, 1, content.SMALL, content.SMALL + 1, 3 * content.SMALL])
    def test_from_local_file(self, root: Root, files: Path, tmp_path: Path, size: int) -> None:
        """A file of this host is copied whole, whatever its size."""
        data = os.urandom(size)
        (tmp_path / "source").write_bytes(data)
        digest = ("blake3", blake3(data).digest())
        upload = new_file("a", size)

        write.upload_local(root, upload, local_file(tmp_path, "source"))
        write.upload_bytes(root, new_file("b", size), data)

        assert (files / "a").read_bytes() == data
        assert (files / "b").read_bytes() == data
        assert digest[1] == blake3((files / "a").read_bytes()).digest()

    def test_expected_nothing(self, root: Root, files: Path) -> None:
        """A file that nobody told of is not overwritten."""
        (files / "a").write_bytes(b"theirs")

        with pytest.raises(RevisionMismatch):
            write.upload_bytes(root, new_file("a", 4), b"ours")

        assert (files / "a").read_bytes() == b"theirs"
        assert leftovers(files) == []

    def test_replace_keeps_the_old_content(self, root: Root, files: Path, seen: Seen, trash: Trash) -> None:
        """What is replaced goes to the trash, each time it happens."""
        (files / "d").mkdir()
        (files / "d/a").write_bytes(b"one")
        write.upload_bytes(root, new_file("d/a", 3, expected=seen("d/a").revision), b"two")

        answer = write.upload_bytes(root, new_file("d/a", 5, expected=seen("d/a").revision), b"three")

        assert (files / "d/a").read_bytes() == b"three"
        assert answer.revision == seen("d/a").revision
        kept = [path.read_bytes() for path in (files / ".onitu/trash").rglob("a")]
        assert sorted(kept) == [b"one", b"two"]
        assert trash().keys() == {"d/a"}
        assert leftovers(files) == []

    def test_replace_keeps_mode(self, root: Root, files: Path, seen: Seen) -> None:
        """The destination's mode is kept, but for set-user-id; the executable bit is the content's (F11)."""
        (files / "a").write_bytes(b"one")
        (files / "a").chmod(0o4640)

        write.upload_bytes(root, new_file("a", 3, expected=seen("a").revision, executable=True), b"two")
        assert stat.S_IMODE((files / "a").stat().st_mode) == 0o750

        write.upload_bytes(root, new_file("a", 3, expected=seen("a").revision, executable=False), b"two")
        assert stat.S_IMODE((files / "a").stat().st_mode) == 0o640

    def test_replace_something_else(self, root: Root, files: Path, seen: Seen, trash: Trash) -> None:
        """A revision that nobody has decided about is not replaced (G2)."""
        (files / "a").write_bytes(b"one")
        before = seen("a").revision
        (files / "a").write_bytes(b"three")

        with pytest.raises(RevisionMismatch):
            write.upload_bytes(root, new_file("a", 3, expected=before), b"two")

        assert (files / "a").read_bytes() == b"three"
        assert trash() == {}

    def test_replace_what_is_gone(self, root: Root, files: Path, seen: Seen) -> None:
        """A file that was deleted meanwhile is not made anew as if it had been there."""
        (files / "a").write_bytes(b"one")
        before = seen("a").revision
        (files / "a").unlink()

        with pytest.raises(RevisionMismatch):
            write.upload_bytes(root, new_file("a", 3, expected=before), b"two")

        assert not (files / "a").exists()

    def test_replace_directory(self, root: Root, files: Path, seen: Seen) -> None:
        """A directory is not replaced by a file, even if its revision is known."""
        (files / "a").mkdir()

        with pytest.raises(RevisionMismatch):
            write.upload_bytes(root, new_file("a", 3, expected=seen("a").revision), b"two")

    @pytest.mark.parametrize("data", [b"hell", b"hello!"])
    def test_wrong_size(self, root: Root, files: Path, data: bytes) -> None:
        """Fewer or more bytes than announced are refused, and nothing is left behind."""
        with pytest.raises(Corrupted):
            write.upload_bytes(root, new_file("a", 5), data)

        assert not (files / "a").exists()
        assert leftovers(files) == []

    @pytest.mark.parametrize("algorithm", content.ALGORITHMS)
    def test_wrong_digest(self, root: Root, files: Path, algorithm: str) -> None:
        """Bytes that are not those announced are refused, by any algorithm we know."""
        upload = new_file("a", 5)
        right = content.new_hash(algorithm)
        right.update(b"hello")
        good = type(upload)(path="a", expected=None, size=5, digest=(algorithm, right.digest()))
        bad = type(upload)(path="b", expected=None, size=5, digest=(algorithm, b"\0" * 32))

        write.upload_bytes(root, good, b"hello")
        with pytest.raises(Corrupted):
            write.upload_bytes(root, bad, b"hello")

        assert names(files) == [".onitu", "a"]

    def test_source_changed(self, root: Root, files: Path, tmp_path: Path) -> None:
        """A source that is no longer the file that was meant is not copied."""
        (tmp_path / "source").write_bytes(b"hello")
        source = local_file(tmp_path, "source")
        (tmp_path / "source").write_bytes(b"other")
        age(tmp_path / "source")

        with pytest.raises(SourceChanged):
            write.upload_local(root, new_file("a", 5), source)
        (tmp_path / "source").unlink()
        with pytest.raises(SourceChanged):
            write.upload_local(root, new_file("a", 5), source)

        assert not (files / "a").exists()

    def test_source_grows_while_copied(
        self, root: Root, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A source that is written while it is copied is copied later, not half."""
        (tmp_path / "source").write_bytes(b"hello" * content.SMALL)
        source = local_file(tmp_path, "source")
        real = content.clone

        def grow(origin: int, descriptor: int) -> bool:
            with (tmp_path / "source").open("ab") as file:
                file.write(b"more")
            return real(origin, descriptor)

        monkeypatch.setattr(content, "clone", grow)
        with pytest.raises(SourceChanged):
            write.upload_local(root, new_file("a", source.identity.size), source)

        assert not (files / "a").exists()
        assert leftovers(files) == []

    def test_small_source_changes_while_it_is_read(
        self, root: Root, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """P23: a small source that is written right after it was read is copied later, not half."""
        (tmp_path / "source").write_bytes(b"hello")
        source = local_file(tmp_path, "source")
        real = os.pread

        def read(descriptor: int, size: int, offset: int) -> bytes:
            data = real(descriptor, size, offset)
            (tmp_path / "source").write_bytes(b"other")
            age(tmp_path / "source")
            return data

        monkeypatch.setattr(os, "pread", read)
        with pytest.raises(SourceChanged):
            write.upload_local(root, new_file("a", source.identity.size), source)

        assert not (files / "a").exists()

    def test_source_outside_its_root(self, root: Root, tmp_path: Path) -> None:
        """A source is opened beneath its root: neither a link nor dots lead out of it."""
        (tmp_path / "secret").write_bytes(b"hello")
        (tmp_path / "shared").mkdir()
        (tmp_path / "shared/link").symlink_to("../secret")
        (tmp_path / "shared/up").symlink_to("..")
        identity = local_file(tmp_path, "secret").identity

        for path in ("link", "up/secret"):
            with pytest.raises(SourceChanged):
                write.upload_local(root, new_file("a", 5), LocalFile(str(tmp_path / "shared"), path, identity))
        with pytest.raises(InvalidPath):
            write.upload_local(root, new_file("a", 5), LocalFile(str(tmp_path / "shared"), "../secret", identity))

    def test_no_parent(self, root: Root) -> None:
        """A file is not written into a directory that is not there."""
        with pytest.raises(FileNotFoundError):
            write.upload_bytes(root, new_file("d/a", 5), b"hello")

    def test_parent_is_a_link(self, root: Root, files: Path, tmp_path: Path) -> None:
        """No symbolic link is followed out of the root, however the path is cut (G16)."""
        (tmp_path / "out/deep").mkdir(parents=True)
        (files / "link").symlink_to(tmp_path / "out")

        for path in ("link/a", "link/deep/a"):
            with pytest.raises(OSError, match=r"Not a directory|symbolic links") as caught:
                write.upload_bytes(root, new_file(path, 5), b"hello")
            assert caught.value.errno in (errno.ENOTDIR, errno.ELOOP)

        assert list((tmp_path / "out").rglob("a")) == []

    def test_group_of_the_directory(self, root: Root, files: Path) -> None:
        """In a directory that hands its group on, a new file gets it, as if it had been made there."""
        if os.geteuid() != 0:
            pytest.skip("only root may give a directory to a group that is not its own")
        (files / "shared").mkdir()
        os.chown(files / "shared", -1, 12345)
        (files / "shared").chmod(0o2775)

        write.upload_bytes(root, new_file("shared/a", 5), b"hello")

        assert (files / "shared/a").stat().st_gid == 12345

    def test_staging_removed_by_the_user(self, root: Root, files: Path) -> None:
        """Onitu's own directories are made anew where somebody has removed them."""
        (files / ".onitu/tmp").rmdir()
        (files / ".onitu/trash").rmdir()

        answer = write.upload_bytes(root, new_file("a", 5), b"hello")
        write.delete(root, "a", answer.revision)

        assert names(files) == [".onitu"]


class TestDelete:
    """Removing entries."""

    def test_file(self, root: Root, files: Path, seen: Seen, trash: Trash) -> None:
        """A deleted file is in the trash under its path."""
        (files / "d").mkdir()
        (files / "d/a").write_bytes(b"one")

        write.delete(root, "d/a", seen("d/a").revision)

        assert names(files / "d") == []
        assert trash() == {"d/a": b"one"}

    def test_again_and_again(self, root: Root, files: Path, seen: Seen) -> None:
        """All files that had the same name are in the trash, and a directory that had it as well."""
        for number in range(4):
            (files / "a").write_bytes(b"%d" % number)
            write.delete(root, "a", seen("a").revision)
        (files / "a").mkdir()
        (files / "a/b").write_bytes(b"below")
        write.delete(root, "a/b", seen("a/b").revision)

        kept = sorted(path.read_bytes() for path in (files / ".onitu/trash").rglob("*") if path.is_file())
        assert kept == [b"0", b"1", b"2", b"3", b"below"]

    def test_something_else(self, root: Root, files: Path, seen: Seen) -> None:
        """An edit is not deleted."""
        (files / "a").write_bytes(b"one")
        before = seen("a").revision
        (files / "a").write_bytes(b"three")

        with pytest.raises(RevisionMismatch):
            write.delete(root, "a", before)

        assert (files / "a").read_bytes() == b"three"

    def test_directory(self, root: Root, files: Path, seen: Seen) -> None:
        """An empty directory is removed; one with anything in it never is."""
        (files / "d").mkdir()
        (files / "d/a").write_bytes(b"one")
        with pytest.raises(OSError, match="not empty"):
            write.delete(root, "d", seen("d").revision)
        (files / "d/a").unlink()

        write.delete(root, "d", seen("d").revision)

        assert not (files / "d").exists()

    def test_link(self, root: Root, files: Path, tmp_path: Path) -> None:
        """Deleting a symbolic link leaves alone what it points to."""
        (tmp_path / "target").write_bytes(b"safe")
        (files / "link").symlink_to(tmp_path / "target")
        status = (files / "link").lstat()
        revision = f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"

        write.delete(root, "link", revision)

        assert not (files / "link").is_symlink()
        assert (tmp_path / "target").read_bytes() == b"safe"


def make_sparse(path: Path, size: int, *parts: tuple[int, bytes]) -> None:
    """Makes a file of holes with some bytes in it."""
    with path.open("wb") as file:
        for offset, part in parts:
            file.seek(offset)
            file.write(part)
        file.truncate(size)


class TestSparse:
    """Files with holes."""

    @pytest.mark.parametrize("parts", [(), ((0, b"begin"),), ((5_000_000, b"middle"), (15_999_997, b"end"))])
    def test_holes_stay_holes(
        self, root: Root, files: Path, tmp_path: Path, parts: tuple[tuple[int, bytes], ...]
    ) -> None:
        """D9: a copy of a sparse file has its bytes, its size, and hardly more blocks."""
        make_sparse(tmp_path / "source", 16_000_000, *parts)
        source = local_file(tmp_path, "source")

        write.upload_local(root, new_file("a", source.identity.size), source)

        assert (files / "a").read_bytes() == (tmp_path / "source").read_bytes()
        assert (files / "a").stat().st_blocks * 512 <= 3 * 1024 * 1024

    @given(
        st.lists(
            st.tuples(st.sampled_from([0, 1, content._RUN - 1, content._RUN, content._RUN * 2]), st.booleans()),
            max_size=6,
        ),
        st.integers(0, 3),
    )
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
    def test_chunks_of_zeros(self, tmp_path: Path, parts: list[tuple[int, bool]], twice: int) -> None:
        """D9: whatever of a chunk is zeros, and whatever is written a second time, the file is what was written."""
        chunks = [(b"\0" if zeros else b"x") * size for size, zeros in parts]
        path = tmp_path / "staged"
        path.write_bytes(b"")
        descriptor = os.open(path, os.O_RDWR)
        try:
            offset = 0
            for number, chunk in enumerate(chunks):
                if number == twice:
                    content.write_sparse(descriptor, b"y" * len(chunk), offset)
                content.write_sparse(descriptor, chunk, offset)
                offset += len(chunk)
        finally:
            os.close(descriptor)

        assert path.read_bytes() == b"".join(chunks)

    def test_a_stream_of_zeros_takes_no_room(self, root: Root, files: Path) -> None:
        """D9: what comes in chunks is sparse where it can be."""
        about = Metadata("a", "docs", session="s", upload=new_file("a", 4 * content.SMALL), expected=None)
        uploads.start(root, about)
        for number in range(4):
            uploads.write_chunk(root, about, number * content.SMALL, bytes(content.SMALL))
        uploads.end(root, about)

        assert (files / "a").stat().st_size == 4 * content.SMALL
        assert (files / "a").stat().st_blocks == 0


class TestSymlink:
    """Writing symbolic links."""

    def test_new_link(self, root: Root, files: Path) -> None:
        """B11: a link is made whole under its name, with its time, and what is answered is what is seen."""
        answer = write.write_symlink(root, "link", None, "no/where", Attributes(10**18))

        assert (files / "link").readlink() == Path("no/where")
        assert (files / "link").lstat().st_mtime_ns == 10**18
        assert observe.look_beneath(root.fd, "link", symlinks=True) == answer
        assert answer.target == "no/where"
        assert leftovers(files) == []

    def test_replaces_only_the_link_that_is_expected(self, root: Root, files: Path) -> None:
        """B11: another link goes to the trash as a link; a file, or anything where nothing is expected, stays."""
        before = write.write_symlink(root, "d", None, "one", Attributes())
        (files / "file").write_bytes(b"content")
        with pytest.raises(RevisionMismatch):
            write.write_symlink(root, "d", None, "two", Attributes())
        with pytest.raises(RevisionMismatch):
            write.write_symlink(root, "d", "other", "two", Attributes())
        with pytest.raises(RevisionMismatch):
            write.write_symlink(root, "file", None, "two", Attributes())

        write.write_symlink(root, "d", before.revision, "two", Attributes())

        assert (files / "d").readlink() == Path("two")
        assert (files / "file").read_bytes() == b"content"
        assert [path.readlink() for path in (files / ".onitu/trash").rglob("*") if path.is_symlink()] == [Path("one")]
        assert leftovers(files) == []

    def test_moves_as_a_link(self, root: Root, files: Path) -> None:
        """B11: a renamed link is answered as the link it is."""
        before = write.write_symlink(root, "link", None, "one", Attributes(10**18))

        answer = write.move(root, "link", before.revision, "other")

        assert answer == observe.look_beneath(root.fd, "other", symlinks=True)
        assert not (files / "link").is_symlink()

    def test_never_through_a_link(self, root: Root, files: Path, tmp_path: Path) -> None:
        """G16: a directory that is a link by now is not gone through, whatever is written."""
        (tmp_path / "out").mkdir()
        (files / "d").symlink_to(tmp_path / "out")

        with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
            write.write_symlink(root, "d/link", None, "one", Attributes())

        assert list((tmp_path / "out").iterdir()) == []


class TestMove:
    """Renaming entries."""

    def test_file(self, root: Root, files: Path, seen: Seen) -> None:
        """A renamed file is the same file, and its new revision is answered."""
        (files / "d").mkdir()
        (files / "a").write_bytes(b"one")
        before = seen("a")

        answer = write.move(root, "a", before.revision, "d/b")

        assert (files / "d/b").read_bytes() == b"one"
        assert not (files / "a").exists()
        assert answer.native_id == before.native_id
        assert answer.revision == seen("d/b").revision

    def test_directory(self, root: Root, files: Path, seen: Seen) -> None:
        """A directory takes everything along, and keeps its revision."""
        (files / "d/e").mkdir(parents=True)
        (files / "d/e/a").write_bytes(b"one")

        answer = write.move(root, "d", seen("d").revision, "f")

        assert (files / "f/e/a").read_bytes() == b"one"
        assert answer == seen("f")

    def test_taken(self, root: Root, files: Path, seen: Seen) -> None:
        """A rename replaces nothing, not even an empty directory."""
        (files / "a").write_bytes(b"one")
        (files / "b").write_bytes(b"two")
        (files / "d").mkdir()
        (files / "e").mkdir()

        with pytest.raises(FileExistsError):
            write.move(root, "a", seen("a").revision, "b")
        with pytest.raises(FileExistsError):
            write.move(root, "d", seen("d").revision, "e")

        assert (files / "a").read_bytes() == b"one"
        assert (files / "b").read_bytes() == b"two"
        assert (files / "d").is_dir()

    def test_into_itself(self, root: Root, files: Path, seen: Seen) -> None:
        """A directory cannot be moved into itself, and nothing is changed by trying."""
        (files / "d").mkdir()

        with pytest.raises(OSError, match="Invalid argument"):
            write.move(root, "d", seen("d").revision, "d/e")

        assert names(files / "d") == []

    def test_something_else(self, root: Root, files: Path, seen: Seen) -> None:
        """An edit is not moved away under its old revision."""
        (files / "a").write_bytes(b"one")
        before = seen("a").revision
        (files / "a").write_bytes(b"three")

        with pytest.raises(RevisionMismatch):
            write.move(root, "a", before, "b")

        assert not (files / "b").exists()


class TestOthers:
    """Copies, directories, attributes, and what holds for every mutation."""

    @pytest.mark.parametrize("size", [0, 10, 3 * content.SMALL])
    def test_copy(self, root: Root, files: Path, seen: Seen, size: int) -> None:
        """A copy has the content, the time and the mode, and the original stays as it is."""
        data = os.urandom(size)
        (files / "a").write_bytes(data)
        (files / "a").chmod(0o755)
        age(files / "a")
        before = seen("a")

        answer = write.copy(root, "a", before.revision, "b")

        assert (files / "b").read_bytes() == data
        assert (answer.size, answer.mtime_ns, answer.executable) == (size, 10**18, True)
        assert seen("a") == before
        with pytest.raises(RevisionMismatch):
            write.copy(root, "a", before.revision, "b")

    def test_make_directory(self, root: Root, seen: Seen) -> None:
        """A directory is made once; a second time it is there already."""
        answer = write.make_directory(root, "d")

        assert answer == seen("d")
        with pytest.raises(FileExistsError):
            write.make_directory(root, "d")

    def test_set_attributes(self, root: Root, files: Path, seen: Seen) -> None:
        """Time and executable bit change, the bytes do not."""
        (files / "a").write_bytes(b"one")
        (files / "a").chmod(0o640)

        answer = write.set_attributes(root, "a", seen("a").revision, Attributes(mtime_ns=5, executable=True))

        assert answer == seen("a")
        assert (answer.mtime_ns, answer.executable, answer.racy) == (5, True, False)
        assert stat.S_IMODE((files / "a").stat().st_mode) == 0o750
        with pytest.raises(RevisionMismatch):
            write.set_attributes(root, "a", "1:2:3:4:5", Attributes(mtime_ns=6))

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_attributes_hide_no_edit(
        self, root: Root, files: Path, seen: Seen, monkeypatch: pytest.MonkeyPatch, when: str
    ) -> None:
        """P8: what is written while the time is set is not answered as what was there."""
        (files / "a").write_bytes(b"one")
        age(files / "a")
        expected, real = seen("a").revision, os.utime if when == "after" else os.fchmod

        def edited(*arguments: object, **keys: object) -> None:
            (files / "a").write_bytes(b"edited")
            real(*arguments, **keys)  # type: ignore[arg-type]  # As it was called.

        monkeypatch.setattr(os, real.__name__, edited)

        with pytest.raises(OutcomeUnknown if when == "after" else RevisionMismatch):
            write.set_attributes(root, "a", expected, Attributes(mtime_ns=5, executable=True))

        assert (files / "a").read_bytes() == b"edited"

    def test_sync(self, root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
        """P13: when `sync` returns, the file system that holds the root was flushed."""
        flushed: list[int] = []
        real = system.sync_file_system

        def flush(descriptor: int) -> None:
            real(descriptor)
            flushed.append(descriptor)

        monkeypatch.setattr(system, "sync_file_system", flush)
        write.sync(root)

        assert flushed == [root.fd]

    def test_root_gone(self, root: Root, files: Path, tmp_path: Path) -> None:
        """Nothing is written where the root was, and nothing into what took its place."""
        files.rename(tmp_path / "elsewhere")
        with pytest.raises(Unavailable):
            write.make_directory(root, "d")
        files.mkdir()
        with pytest.raises(Unavailable):
            write.make_directory(root, "d")

        assert names(files) == []
        assert names(tmp_path / "elsewhere") == [".onitu"]

    @pytest.mark.parametrize(
        "path", ["", "/a", "a/", "a//b", "../a", "a/../../b", ".", "a\0b", ".onitu", ".onitu/root"]
    )
    def test_paths_that_are_refused(self, root: Root, path: str) -> None:
        """No path leads out of the root, or to what is Onitu's (G16)."""
        with pytest.raises(InvalidPath):
            write.make_directory(root, path)

    def test_long_paths(self, root: Root, seen: Seen) -> None:
        """Names of 255 bytes and paths of far more than 4,096 bytes are like any other."""
        name = "é" * 127 + "x"
        path = name
        write.make_directory(root, path)
        for _ in range(20):
            path = f"{path}/{name}"
            write.make_directory(root, path)
        answer = write.upload_bytes(root, new_file(f"{path}/a", 5), b"hello")
        answer = write.upload_bytes(root, new_file(f"{path}/a", 3, expected=answer.revision), b"two")
        moved = write.move(root, f"{path}/a", answer.revision, f"{path}/b")

        assert seen(f"{path}/b").revision == moved.revision
        write.delete(root, f"{path}/b", moved.revision)
        with pytest.raises(OSError, match="too long"):
            write.make_directory(root, "x" * 256)
