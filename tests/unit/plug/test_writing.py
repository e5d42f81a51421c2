"""Writing through every kind of handler: expected, verified, answered with what is there then."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from blake3 import blake3

from onitu.core.capability import MAX_CHUNK
from onitu.core.model import (
    Absent,
    Attributes,
    Copy,
    Delete,
    Inadmissible,
    Kind,
    LocalFile,
    MakeDirectory,
    Move,
    Observation,
    Operation,
    Present,
    SetAttributes,
    Upload,
    Write,
    WriteSymlink,
)
from onitu.errors import (
    Corrupted,
    DriverError,
    InvalidPath,
    NotFound,
    OutcomeUnknown,
    QuotaExceeded,
    RevisionMismatch,
    SourceChanged,
    TooLarge,
    Unsupported,
)
from onitu.plug import Conditional, Metadata
from onitu.plug.reading import Reader
from onitu.plug.writing import Writer
from tests.unit.plug.toy import CHUNKS, FOLDER, WHOLE, Toy, local_file, present, upload

LARGE = bytes(range(256)) * 8192 + b"end"


def writer(*tasks: str) -> tuple[Toy, Writer]:
    """Returns a service and its writing half."""
    toy = Toy(*tasks)
    return toy, Writer(toy.plug, Reader(toy.plug))


@pytest.mark.parametrize("tasks", [WHOLE, CHUNKS, (*WHOLE, *CHUNKS)])
@pytest.mark.parametrize("content", [b"", b"x", LARGE])
@pytest.mark.parametrize("way", ["inline", "local", "stream"])
def test_content_arrives_by_any_handler(tasks: tuple[str, ...], content: bytes, way: str, tmp_path: Path) -> None:
    """Every pairing of what the core has and what the driver takes works (D9)."""
    toy, writing = writer(*tasks, "stat_file")
    (tmp_path / "source").write_bytes(content)
    wanted = upload("a", content, digest=("blake3", blake3(content).digest()))
    if way == "stream":
        chunks = (content[begin : begin + 1000] for begin in range(0, len(content), 1000))
        seen = writing.upload(FOLDER, wanted, chunks)
    else:
        source = content if way == "inline" else local_file(str(tmp_path), "source")
        seen = writing.apply(FOLDER, Write(wanted, source))
    assert toy.files["base/photos/a"][0] == content
    assert seen.path == "a"
    assert present(seen).digests == {"blake3": blake3(content).digest()}
    assert present(seen).revision == "1"
    assert not toy.staged


def test_small_files_go_whole_and_large_ones_in_chunks() -> None:
    """A driver with both kinds gets each where it is better (D9)."""
    toy, writing = writer(*WHOLE, *CHUNKS)
    writing.apply(FOLDER, Write(upload("a", LARGE), LARGE))
    assert toy.calls == ["start_upload", *["upload_chunk"] * 3, "end_upload"]
    with pytest.raises(DriverError, match="no revision"):
        writing.apply(FOLDER, Write(upload("b", b"x"), b"x"))
    assert toy.calls[-1] == "upload_file"


def test_whole_file_over_the_drivers_limit_is_refused_before_it_is_read() -> None:
    """A whole-file handler is never given more than it declared (D9)."""
    toy, writing = writer("upload_file")
    toy.plug.declare(max_whole_file=10)
    source = LocalFile("/", "x", local_file("/", "").identity)
    attempts: list[Callable[[], object]] = [
        lambda: writing.apply(FOLDER, Write(upload("a", bytes(11)), bytes(11))),
        lambda: writing.apply(FOLDER, Write(upload("a", bytes(11)), source)),
        lambda: writing.upload(FOLDER, upload("a", bytes(11)), iter([])),
    ]
    for attempt in attempts:
        with pytest.raises(TooLarge):
            attempt()
    assert not toy.calls


@pytest.mark.parametrize("tasks", [WHOLE, CHUNKS])
@pytest.mark.parametrize(
    ("announced", "sent"),
    [
        (upload("a", b"four"), b"fou"),
        (upload("a", b"four"), b"fours"),
        (upload("a", b"four", digest=("blake3", bytes(32))), b"four"),
        (upload("a", b"four", digest=("sha256", bytes(32))), b"four"),
    ],
)
def test_other_bytes_than_announced_are_refused(tasks: tuple[str, ...], announced: Upload, sent: bytes) -> None:
    """What arrives torn or wrong never becomes visible, and nothing stays behind (P12, P23)."""
    toy, writing = writer(*tasks, "stat_file")
    attempts: list[Callable[[], object]] = [
        lambda: writing.upload(FOLDER, announced, iter([sent])),
        lambda: writing.apply(FOLDER, Write(announced, sent)),
    ]
    for attempt in attempts:
        with pytest.raises(Corrupted):
            attempt()
    assert not toy.files
    assert not toy.staged


def test_digest_of_an_unknown_algorithm_is_the_drivers_to_check() -> None:
    """The Plug cannot compute every service's own algorithm."""
    toy, writing = writer(*WHOLE, "stat_file")
    writing.apply(FOLDER, Write(upload("a", b"x", digest=("quickxor", b"?")), b"x"))
    assert "base/photos/a" in toy.files


def test_what_is_expected_must_be_there() -> None:
    """Where the driver does not look, the Plug does, before anything is changed (G2, P11)."""
    toy, writing = writer(*WHOLE, "stat_file", "set_attributes")
    toy.put("base/photos/a", b"user")
    operations: list[Operation] = [
        Write(upload("a", b"x"), b"x"),
        Write(upload("a", b"x", expected="0"), b"x"),
        Write(upload("b", b"x", expected="0"), b"x"),
        Delete("a", "0"),
        Move("a", "0", "b"),
        Copy("a", "0", "b"),
        MakeDirectory("a"),
        SetAttributes("a", "0", Attributes(1)),
    ]
    for operation in operations:
        with pytest.raises(RevisionMismatch):
            writing.apply(FOLDER, operation)
    assert toy.files == {"base/photos/a": (b"user", "1")}
    assert toy.calls == []


def test_inadmissible_entry_is_not_nothing() -> None:
    """A socket where a file is to be written is in the way."""
    toy, writing = writer(*WHOLE)
    toy.plug.handler("stat_file")(lambda _metadata: Inadmissible("is a socket"))
    with pytest.raises(RevisionMismatch, match="nothing was expected"):
        writing.apply(FOLDER, Write(upload("a", b"x"), b"x"))


def test_destination_of_a_move_must_be_free() -> None:
    """Nothing is ever moved over something else."""
    toy, writing = writer(*WHOLE, "stat_file")
    toy.put("base/photos/a", b"1")
    toy.put("base/photos/b", b"2")
    with pytest.raises(RevisionMismatch):
        writing.apply(FOLDER, Move("a", "1", "b"))


def test_driver_that_compares_itself_is_trusted() -> None:
    """`conditional` declared: one look less, and no window between look and change."""
    toy, writing = writer(*WHOLE, "stat_file")
    toy.plug.declare(conditional=Conditional.ATOMIC)
    toy.put("base/photos/a", b"user")
    writing.apply(FOLDER, Write(upload("a", b"x"), b"x"))
    assert toy.files["base/photos/a"][0] == b"x"


def test_each_operation_answers_what_is_there_then() -> None:
    """The answer is an observation of the right path (operation.proto)."""
    toy, writing = writer(*WHOLE, "stat_file")
    written = writing.apply(FOLDER, Write(upload("a", b"x"), b"x"))
    moved = writing.apply(FOLDER, Move("a", "1", "b"))
    copied = writing.apply(FOLDER, Copy("b", "1", "c"))
    made = writing.apply(FOLDER, MakeDirectory("d"))
    deleted = writing.apply(FOLDER, Delete("b", "1"))
    assert [seen.path for seen in (written, moved, copied, made, deleted)] == ["a", "b", "c", "d", "b"]
    assert (present(moved).revision, present(copied).revision) == ("1", "2")
    assert present(made).kind is Kind.DIRECTORY
    assert deleted.state == Absent()
    assert written.seq < moved.seq < copied.seq < made.seq < deleted.seq
    assert set(toy.files) == {"base/photos/c"}


def test_symlinks_stay_inside_and_are_written_only_where_they_take_part() -> None:
    """G16, B11: the SDK hands no target that leads out to a driver, and none at all where links are skipped."""
    toy, writing = writer("stat_file")
    written: list[tuple[str, str]] = []

    def write_symlink(metadata: Metadata, target: str, attributes: Attributes) -> Present:
        written.append((metadata.path, target))
        return Present(kind=Kind.SYMLINK, revision="r", mtime_ns=attributes.mtime_ns, target=target)

    toy.plug.handler()(write_symlink)
    keeping = msgspec.structs.replace(FOLDER, symlinks=True)

    for target in ("/etc/passwd", "../../etc/passwd", "d/..", ".onitu/root"):
        with pytest.raises(InvalidPath):
            writing.apply(keeping, WriteSymlink("link", None, target))
    with pytest.raises(InvalidPath):
        writing.apply(FOLDER, WriteSymlink("link", None, "a"))
    with pytest.raises(RevisionMismatch):
        writing.apply(keeping, WriteSymlink("link", "other", "a"))
    answer = writing.apply(keeping, WriteSymlink("link", None, "a", Attributes(7)))

    assert written == [("base/photos/link", "a")]
    assert answer.state == Present(kind=Kind.SYMLINK, revision="r", mtime_ns=7, target="a")


def test_handler_may_number_its_own_look() -> None:
    """A number taken between the change and the look keeps a user's change after it the newer one."""
    toy, writing = writer()

    @toy.plug.handler()
    def make_directory(metadata: Metadata) -> Present:
        metadata.seq = 77
        return Present(kind=Kind.DIRECTORY, revision="d")

    assert writing.apply(FOLDER, MakeDirectory("d")).seq == 77


def test_write_that_nobody_can_find_is_of_unknown_outcome() -> None:
    """Not there right after it was written: the core must look before anything else."""
    toy, writing = writer("stat_file")
    toy.plug.handler("upload_file")(lambda _metadata, _content: None)
    with pytest.raises(OutcomeUnknown):
        writing.apply(FOLDER, Write(upload("a", b"x"), b"x"))


@pytest.mark.parametrize(("tasks", "last"), [(WHOLE, "upload_file"), (CHUNKS, "end_upload")])
@pytest.mark.parametrize("announces", [True, False])
def test_file_handed_over_is_told_by_its_digest_where_the_outcome_is_unknown(
    tasks: tuple[str, ...], last: str, announces: bool, tmp_path: Path
) -> None:
    """P13: the core has not seen these bytes, and its source may be edited before it looks what lies there."""
    toy, writing = writer(*tasks, "stat_file")
    (tmp_path / "source").write_bytes(LARGE)
    wanted = upload("a", LARGE, digest=("blake3", blake3(LARGE).digest()) if announces else None)

    @toy.plug.handler(last)
    def torn(*_: object) -> Present:
        raise OutcomeUnknown("the server did not answer")

    with pytest.raises(OutcomeUnknown) as caught:
        writing.apply(FOLDER, Write(wanted, local_file(str(tmp_path), "source")))

    assert caught.value.sent == {"blake3": blake3(LARGE).digest()}


def test_driver_of_the_old_shape_answers_through_its_metadata() -> None:
    """`metadata.revision = ...; metadata.write_revision()` in `end_upload` is an answer (D5)."""
    toy, writing = writer("start_upload", "upload_chunk")

    @toy.plug.handler()
    def end_upload(metadata: Metadata) -> None:
        metadata.revision = 12.5
        metadata.extra["seen"] = True
        metadata.write_revision()

    seen = present(writing.apply(FOLDER, Write(upload("a", b"x"), b"x")))
    assert (seen.revision, seen.size, seen.extra) == ("\x01f12.5", 1, b'{"seen":true}')


def test_missing_handler_is_unsupported_and_nonsense_is_the_drivers_fault() -> None:
    """The core is told which of the two it is."""
    toy, writing = writer("upload_file")
    with pytest.raises(Unsupported):
        writing.apply(FOLDER, Delete("a", "1"))
    with pytest.raises(Unsupported):
        writing.start(FOLDER, upload("a", b""))
    with pytest.raises(InvalidPath):
        writing.apply(FOLDER, MakeDirectory("../a"))
    toy.plug.handler("make_directory")(lambda _metadata: "made")
    with pytest.raises(DriverError, match="answered a str"):
        writing.apply(FOLDER, MakeDirectory("a"))


def test_source_that_changed_is_never_copied(tmp_path: Path) -> None:
    """Handoff: another file, or the same one changed, is not the one that was meant."""
    toy, writing = writer(*WHOLE, "stat_file")
    (tmp_path / "a").write_bytes(b"one")
    meant = local_file(str(tmp_path), "a")
    (tmp_path / "a").write_bytes(b"two")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "dir").mkdir()
    for source in (meant, LocalFile(meant.root, "link", meant.identity), LocalFile(meant.root, "dir", meant.identity)):
        with pytest.raises(SourceChanged):
            writing.apply(FOLDER, Write(upload("a", b"one"), source))
    for path in ("../a", "nothing", "a/b", "/etc/passwd"):
        with pytest.raises(SourceChanged):
            writing.apply(FOLDER, Write(upload("a", b"one"), LocalFile(meant.root, path, meant.identity)))
    assert not toy.files


def test_source_that_changes_while_it_is_sent_leaves_nothing_behind(tmp_path: Path) -> None:
    """The chunks of a file that moved are taken away again."""
    toy, writing = writer(*CHUNKS)
    (tmp_path / "a").write_bytes(LARGE)
    source = local_file(str(tmp_path), "a")

    @toy.plug.handler("upload_chunk")
    def upload_chunk(metadata: Metadata, offset: int, chunk: bytes) -> None:
        toy.upload_chunk(metadata, offset, chunk)
        (tmp_path / "a").touch()

    with pytest.raises(SourceChanged):
        writing.apply(FOLDER, Write(upload("a", LARGE), source))
    assert not toy.files
    assert not toy.staged


def test_failed_abort_does_not_hide_why_the_upload_failed() -> None:
    """The reason that counts is the first one."""
    toy, writing = writer("start_upload", "abort_upload")

    @toy.plug.handler()
    def upload_chunk(_metadata: Metadata, _offset: int, _chunk: bytes) -> None:
        message = "full"
        raise QuotaExceeded(message)

    toy.plug.handler("abort_upload")(lambda _metadata: 1 / 0)
    with pytest.raises(QuotaExceeded, match="full"):
        writing.apply(FOLDER, Write(upload("a", b"x"), b"x"))


class TestMany:
    """Small files that are written many at once."""

    def test_each_has_its_own_outcome(self, tmp_path: Path) -> None:
        """D9: what goes wrong with one of them is not said of the others."""
        toy, writing = writer(*WHOLE, "stat_file")
        (tmp_path / "b").write_bytes(b"two")
        gone = LocalFile(str(tmp_path), "gone", local_file(str(tmp_path), "b").identity)

        @toy.plug.handler("upload_files")
        def upload_files(files: list[tuple[Metadata, bytes]]) -> list[Present | Exception]:
            answers: list[Present | Exception] = []
            for metadata, content in files:
                toy.upload_file(metadata, content)
                answers.append(Present(kind=Kind.FILE, revision="r", size=len(content)))
            answers[-1] = OutcomeUnknown("torn")
            return answers

        assert writing.takes_many
        one, two, three, four, five = writing.write_many(
            FOLDER,
            [
                Write(upload("a", b"one"), b"one"),
                Write(upload("b", b"two"), local_file(str(tmp_path), "b")),
                Write(upload("c", b"three"), gone),
                Write(upload("d", b"four", digest=("blake3", bytes(32))), b"four"),
                Write(upload("e", b"five"), b"five"),
            ],
        )

        assert isinstance(one, Observation)
        assert isinstance(two, Observation)
        assert present(two).digests == {"blake3": blake3(b"two").digest()}
        assert (type(three), type(four)) == (SourceChanged, Corrupted)
        assert isinstance(five, OutcomeUnknown)
        assert five.sent == {"blake3": blake3(b"five").digest()}
        assert {path.rpartition("/")[2] for path in toy.files} == {"a", "b", "e"}

    def test_nonsense_leaves_open_what_was_done(self) -> None:
        """F4: an answer that does not say what became of each file says nothing of any."""
        toy, writing = writer(*WHOLE)
        toy.plug.handler("upload_files")(lambda _files: [])

        with pytest.raises(OutcomeUnknown, match="0 results to 1"):
            writing.write_many(FOLDER, [Write(upload("a", b"one"), b"one")])


class TestSessions:
    """Resumable uploads."""

    def test_only_all_chunks_are_the_file(self) -> None:
        """What is not whole does not become visible; what is visible takes no more chunks."""
        toy, writing = writer(*CHUNKS)
        wanted = upload("a", LARGE)
        session = writing.start(FOLDER, wanted)
        writing.chunk(FOLDER, session, 0, LARGE[:MAX_CHUNK])
        with pytest.raises(Corrupted, match="bytes came"):
            writing.end(FOLDER, session, wanted)
        writing.chunk(FOLDER, session, MAX_CHUNK, LARGE[MAX_CHUNK:])
        assert present(writing.end(FOLDER, session, wanted)).size == len(LARGE)
        assert toy.files["base/photos/a"][0] == LARGE
        with pytest.raises(NotFound):
            writing.chunk(FOLDER, session, 0, b"x")

    def test_parts_of_a_file_of_this_host_are_chunks(self, tmp_path: Path) -> None:
        """D9: the driver's handlers get chunks of the settled size, whoever reads them."""
        (tmp_path / "source").write_bytes(LARGE)
        toy, writing = writer(*CHUNKS)
        writing.chunk_size = 1_000_000
        wanted, source = upload("a", LARGE), local_file(str(tmp_path), "source")
        session = writing.start(FOLDER, wanted)
        writing.chunk(FOLDER, session, 0, LARGE[:5])
        writing.local_chunks(FOLDER, session, 5, source, len(LARGE) - 5)

        assert present(writing.end(FOLDER, session, wanted)).digests == {"blake3": blake3(LARGE).digest()}
        assert toy.files["base/photos/a"][0] == LARGE
        assert toy.calls.count("upload_chunk") == 4

    def test_a_driver_may_read_parts_of_a_file_of_this_host_itself(self, tmp_path: Path) -> None:
        """D9: it is given the open file; a file that has changed meanwhile is not the one that was meant."""
        source_file = tmp_path / "source"
        source_file.write_bytes(LARGE)
        toy, writing = writer(*CHUNKS)
        toy.plug.declare(verified=True)
        parts: list[tuple[int, bytes]] = []

        def take(_metadata: Metadata, offset: int, size: int, descriptor: int) -> None:
            parts.append((offset, os.pread(descriptor, size, offset)))
            if len(parts) > 1:
                source_file.write_bytes(b"edited")

        toy.plug.handler("upload_local_chunks")(take)
        wanted, source = upload("a", LARGE), local_file(str(tmp_path), "source")
        session = writing.start(FOLDER, wanted)
        writing.local_chunks(FOLDER, session, 0, source, 7)

        with pytest.raises(SourceChanged, match="changed"):
            writing.local_chunks(FOLDER, session, 7, source, 3)
        assert parts == [(0, LARGE[:7]), (7, LARGE[7:10])]
        with pytest.raises(InvalidPath, match="gap"):
            writing.chunk(FOLDER, session, 11, b"x")

    def test_parts_of_another_file_are_refused(self, tmp_path: Path) -> None:
        """Handoff: a file that has changed, or has not as many bytes, is not the one that was meant."""
        (tmp_path / "source").write_bytes(b"four")
        _, writing = writer(*CHUNKS)
        session, source = writing.start(FOLDER, upload("a", b"four5")), local_file(str(tmp_path), "source")
        with pytest.raises(SourceChanged, match="shorter"):
            writing.local_chunks(FOLDER, session, 0, source, 5)
        with pytest.raises(InvalidPath, match="gap"):
            writing.local_chunks(FOLDER, session, 6, source, 1)
        (tmp_path / "source").write_bytes(b"edited")
        with pytest.raises(SourceChanged, match="changed"):
            writing.local_chunks(FOLDER, session, 0, source, 4)

    def test_more_than_announced_is_refused(self) -> None:
        """A chunk beyond the end is not staged."""
        _, writing = writer(*CHUNKS)
        session = writing.start(FOLDER, upload("a", b"four"))
        with pytest.raises(Corrupted):
            writing.chunk(FOLDER, session, 0, b"fourx")

    def test_gap_is_refused(self) -> None:
        """Chunks come at rising offsets; the same one again is taken, since an answer may have been lost."""
        toy, writing = writer(*CHUNKS)
        wanted = upload("a", b"abcdef", digest=("blake3", blake3(b"abcdef").digest()))
        session = writing.start(FOLDER, wanted)
        writing.chunk(FOLDER, session, 0, b"ab")
        with pytest.raises(InvalidPath, match="leaves a gap; 2 bytes are staged"):
            writing.chunk(FOLDER, session, 4, b"ef")
        writing.chunk(FOLDER, session, 0, b"ab")
        writing.chunk(FOLDER, session, 1, b"bcd")
        writing.chunk(FOLDER, session, 4, b"ef")
        writing.end(FOLDER, session, wanted)
        assert toy.files["base/photos/a"][0] == b"abcdef"

    def test_other_bytes_do_not_become_visible(self) -> None:
        """The digest may be announced at the end alone; it is that of all bytes, also of those before a restart."""
        toy, writing = writer(*CHUNKS)
        session = writing.start(FOLDER, upload("a", b"abcd"))
        writing.chunk(FOLDER, session, 0, b"ab")
        assert writing.restart(FOLDER, session, upload("a", b"abcd"), offset=0) == 2
        writing.chunk(FOLDER, session, 2, b"cx")
        with pytest.raises(Corrupted, match="another blake3"):
            writing.end(FOLDER, session, upload("a", b"abcd", digest=("blake3", blake3(b"abcd").digest())))
        assert "base/photos/a" not in toy.files

    def test_what_cannot_be_verified_begins_again(self) -> None:
        """F4: of an earlier process's upload a driver that stages goes on only if it verifies the whole itself."""
        toy, writing = writer(*CHUNKS)
        toy.plug.declare(staging=True)
        wanted = upload("a", b"abcdef")
        session = writing.start(FOLDER, wanted)
        writing.chunk(FOLDER, session, 0, b"abc")
        later = Writer(toy.plug, Reader(toy.plug))
        with pytest.raises(NotFound, match="cannot be verified"):
            later.restart(FOLDER, session, wanted, offset=3)
        assert not toy.staged
        toy.plug.declare(verified=True)
        toy.staged["s"] = bytearray(b"abcd")
        assert later.restart(FOLDER, "s", wanted, offset=3) == 3

    def test_hashed_bytes_that_are_gone_begin_again(self) -> None:
        """A service that lost some of what it had confirmed gets a new upload, since the digest covers them."""
        toy, writing = writer(*CHUNKS)
        session = writing.start(FOLDER, upload("a", b"abcdef"))
        writing.chunk(FOLDER, session, 0, b"abc")
        del toy.staged[session][2:]
        with pytest.raises(NotFound, match="begin again"):
            writing.restart(FOLDER, session, upload("a", b"abcdef"), offset=3)

    def test_driver_that_cannot_tell_goes_on_where_it_was_said(self) -> None:
        """F4: `restart_upload` may answer nothing; then the next chunk begins at the offset it was given."""
        toy, writing = writer(*CHUNKS)
        given: list[int] = []
        toy.plug.handler("restart_upload")(lambda _metadata, offset: given.append(offset))
        wanted = upload("a", b"abcdef")
        session = writing.start(FOLDER, wanted)
        writing.chunk(FOLDER, session, 0, b"abcd")
        assert writing.restart(FOLDER, session, wanted, offset=0) == 4
        assert Writer(toy.plug, Reader(toy.plug)).restart(FOLDER, session, wanted, offset=2) == 2
        assert given == [4, 2]

    def test_upload_goes_on_in_another_process(self) -> None:
        """The new process says where to go on (F4)."""
        toy, writing = writer(*CHUNKS)
        wanted = upload("a", b"abcdef")
        session = writing.start(FOLDER, wanted)
        writing.chunk(FOLDER, session, 0, b"abcd")
        later = Writer(toy.plug, Reader(toy.plug))
        with pytest.raises(NotFound, match="restarted"):
            later.chunk(FOLDER, session, 4, b"ef")
        assert later.restart(FOLDER, session, wanted, offset=4) == 4
        later.chunk(FOLDER, session, 4, b"ef")
        later.end(FOLDER, session, wanted)
        assert toy.files["base/photos/a"][0] == b"abcdef"

    def test_restart_never_skips_bytes(self) -> None:
        """An offset beyond the end of the file cannot be right."""
        toy, writing = writer(*CHUNKS)
        toy.plug.handler("restart_upload")(lambda _metadata, offset: offset + 2)
        with pytest.raises(DriverError, match="restart_upload answered"):
            writing.restart(FOLDER, "s", upload("a", b"abc"), offset=2)

    def test_expectation_is_checked_when_the_file_becomes_visible(self) -> None:
        """What a user did meanwhile is seen; the upload can still be given up."""
        toy, writing = writer(*CHUNKS, "stat_file")
        wanted = upload("a", b"x")
        session = writing.start(FOLDER, wanted)
        writing.chunk(FOLDER, session, 0, b"x")
        toy.put("base/photos/a", b"user")
        with pytest.raises(RevisionMismatch):
            writing.end(FOLDER, session, wanted)
        writing.abort(FOLDER, session)
        writing.abort(FOLDER, session)
        assert not toy.staged
        assert toy.files["base/photos/a"][0] == b"user"
