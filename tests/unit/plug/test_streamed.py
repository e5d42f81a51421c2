"""Uploads that come in calls and go out as one stream."""

from __future__ import annotations

import threading

import pytest

from onitu.errors import NotFound, Unavailable
from onitu.plug.streamed import WAITING, Pipe, Streamed


def take(pipe: Pipe) -> bytes:
    """Reads all there is, in pieces of another size than they came."""
    parts = []
    while part := pipe.read(7):
        parts.append(part)
    return b"".join(parts)


def test_what_comes_in_calls_goes_out_as_one() -> None:
    """Chunks that come twice are sent once, and those that come late are joined."""
    uploads: Streamed[bytes] = Streamed()
    uploads.start("s", take)
    for offset, chunk in ((0, b"0123456789"), (0, b"0123456789"), (5, b"56789abc"), (13, b"def")):
        uploads.write("s", offset, chunk)

    assert uploads.taken("s") == 16
    assert uploads.finish("s") == b"0123456789abcdef"
    assert uploads.finish("s") == b"0123456789abcdef"
    uploads.forget("s")
    with pytest.raises(NotFound):
        uploads.finish("s")


def test_a_stream_that_breaks_off_says_why() -> None:
    """The next call is told, and the upload cannot be taken up again."""
    broken = threading.Event()

    def fail(pipe: Pipe) -> None:
        pipe.read(1)
        broken.set()
        raise Unavailable("the server has gone")

    uploads: Streamed[None] = Streamed()
    uploads.start("s", fail)

    def write_on() -> None:
        for number in range(10 * WAITING):
            uploads.write("s", number, b"x")

    with pytest.raises(Unavailable, match="gone"):
        write_on()
    assert broken.is_set()
    with pytest.raises(NotFound):
        uploads.taken("s")


def test_an_upload_that_is_given_up_is_not_taken_for_whole() -> None:
    """The reader fails: what was sent must not end as if it were all."""
    ends = []

    def read(pipe: Pipe) -> None:
        try:
            ends.append(take(pipe))
        except OSError as error:
            ends.append(str(error).encode())
            raise

    uploads: Streamed[None] = Streamed()
    uploads.start("s", read)
    uploads.write("s", 0, b"half")
    assert uploads.abort("s")
    assert not uploads.abort("s")
    assert ends == [b"the upload was given up"]
