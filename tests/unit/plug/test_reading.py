"""Reading through every kind of handler, pinned to a revision."""

from __future__ import annotations

from pathlib import Path

import pytest

from onitu.core.capability import MAX_CHUNK
from onitu.core.model import Absent, Present, Unknown
from onitu.errors import DriverError, NotFound, RevisionMismatch, TooLarge, Unavailable, Unsupported
from onitu.plug import Metadata
from onitu.plug.reading import Reader
from tests.unit.plug.toy import FOLDER, Toy

LARGE = bytes(range(256)) * 8192 + b"end"
"""Two chunks and a little more."""


def reader(*tasks: str, content: bytes = LARGE) -> tuple[Toy, Reader]:
    """Returns a service with one file, and its reading half."""
    toy = Toy(*tasks)
    toy.put("base/photos/a", content)
    return toy, Reader(toy.plug)


@pytest.mark.parametrize("tasks", [("get_chunk",), ("get_file",), ("get_chunk", "get_file", "stat_file")])
@pytest.mark.parametrize("content", [b"", b"x", LARGE[: MAX_CHUNK * 2], LARGE])
def test_file_arrives_whole_by_any_handler(tasks: tuple[str, ...], content: bytes) -> None:
    """Whole files are cut into chunks, chunks are put together (D9)."""
    _, reading = reader(*tasks, content=content)
    chunks = list(reading.chunks(FOLDER, "a", revision="1"))
    assert b"".join(chunks) == content
    assert all(0 < len(chunk) <= MAX_CHUNK for chunk in chunks)
    assert reading.file(FOLDER, "a", revision="1", limit=len(LARGE)) == content
    assert reading.chunk(FOLDER, "a", revision="1", offset=1, size=3) == content[1:4]
    assert b"".join(reading.chunks(FOLDER, "a", revision="1", offset=5)) == content[5:]


def test_local_path_is_enough_to_read(tmp_path: Path) -> None:
    """A driver that knows where a file lies needs no other handler to be a source."""
    (tmp_path / "a").write_bytes(LARGE)
    toy = Toy()
    toy.plug.handler("local_path")(lambda metadata: str(tmp_path / metadata.filename))
    reading = Reader(toy.plug)
    assert b"".join(reading.chunks(FOLDER, "a", revision="1")) == LARGE
    with pytest.raises(NotFound):
        reading.chunk(FOLDER, "b", revision="1", offset=0, size=1)


def test_driver_that_cannot_read_says_so() -> None:
    """The core does without and never asks again."""
    _, reading = reader("stat_file")
    with pytest.raises(Unsupported):
        list(reading.chunks(FOLDER, "a", revision="1"))


def test_another_revision_is_not_read() -> None:
    """A transfer is pinned to one revision (G3)."""
    _, reading = reader("stat_file", "get_chunk", "get_file")
    for attempt in (
        lambda: reading.chunk(FOLDER, "a", revision="0", offset=0, size=1),
        lambda: list(reading.chunks(FOLDER, "a", revision="0")),
        lambda: reading.file(FOLDER, "a", revision="0", limit=len(LARGE)),
    ):
        with pytest.raises(RevisionMismatch):
            attempt()
    with pytest.raises(NotFound):
        reading.chunk(FOLDER, "nothing", revision="0", offset=0, size=1)


def test_file_that_changes_while_it_is_read_is_no_success() -> None:
    """The last look finds what the first could not know."""
    toy, reading = reader("stat_file", "get_chunk")
    chunks = reading.chunks(FOLDER, "a", revision="1")
    next(chunks)
    toy.put("base/photos/a", LARGE)
    with pytest.raises(RevisionMismatch):
        list(chunks)


def test_driver_that_pins_itself_is_trusted() -> None:
    """No second look where the driver declares its own."""
    toy, reading = reader("stat_file", "get_chunk")
    toy.plug.declare(pinned=True)
    assert reading.chunk(FOLDER, "a", revision="anything", offset=0, size=1) == LARGE[:1]


def test_small_file_that_is_large_is_refused_before_it_is_read_whole() -> None:
    """A message has a limit; memory too."""
    toy, reading = reader("get_chunk")
    with pytest.raises(TooLarge):
        reading.file(FOLDER, "a", revision="1", limit=MAX_CHUNK)
    assert toy.calls.count("get_chunk") == 2


def test_handler_that_answers_too_much_is_at_fault() -> None:
    """More bytes than asked for would shift everything after them."""
    toy, reading = reader("get_chunk")
    toy.plug.handler("get_chunk")(lambda _metadata, _offset, size: bytes(size + 1))
    with pytest.raises(DriverError, match="asked for"):
        reading.chunk(FOLDER, "a", revision="1", offset=0, size=4)


def test_observation_is_as_old_as_the_moment_before_the_look() -> None:
    """What is seen is at least as new as its number says."""
    toy, reading = reader("stat_file")
    before = toy.plug.tick()
    seen = reading.observe(FOLDER, "a")
    assert (seen.state, seen.seq) == (toy.present("base/photos/a"), before + 1)
    assert reading.observe(FOLDER, "nothing").state == Absent()
    assert isinstance(reading.observe(FOLDER, "").state, Present)


def test_failed_look_is_unknown() -> None:
    """An error is never absence (P14), a handler's `NotFound` is."""
    toy, reading = reader("stat_file")

    @toy.plug.handler("stat_file")
    def away(_metadata: Metadata) -> Present:
        message = "the service is away"
        raise Unavailable(message)

    assert reading.observe(FOLDER, "a").state == Unknown("the service is away")

    @toy.plug.handler("stat_file")
    def gone(metadata: Metadata) -> Present:
        raise NotFound(metadata.filename)

    assert reading.observe(FOLDER, "a").state == Absent()
    toy.plug.handler("stat_file")(lambda _metadata: "there")
    assert reading.observe(FOLDER, "a").state == Unknown("stat_file answered a str")
    assert isinstance(reading.observe(FOLDER, "../a").state, Unknown)


def test_digest_is_that_of_the_revision_seen() -> None:
    """The handler is told which revision it is to read; a file that moves under it is unknown."""
    toy, reading = reader("stat_file", "get_digest")
    seen = reading.observe(FOLDER, "a", algorithm="md5").state
    assert isinstance(seen, Present)
    assert seen.digests == {"md5": b"md5 of 1"}

    @toy.plug.handler("get_digest")
    def moved(_metadata: Metadata, _algorithm: str) -> bytes:
        message = "another one"
        raise RevisionMismatch(message)

    assert reading.observe(FOLDER, "a", algorithm="md5").state == Unknown("changed while it was read")
