"""Requests that get no answer: what may be repeated is, and of what may have been done nobody says that it was not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from onitu.errors import DriverError, OutcomeUnknown, Unavailable
from onitu.plug import http
from onitu.plug.http import Streams, Web, begins_at, let_go

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"
TORN = OK[:-4]
TORN_REFUSAL = b"HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\nnot n"


class Scripted:
    """A server that gives the answers that it was told to, one a connection; b"" is none."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread: threading.Thread | None = None

    def begin(self, answers: list[bytes]) -> None:
        """Gives these answers from now on."""
        self.answers = answers
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        for answer in iter(self._next, None):
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # Nobody is let in any more.
            with connection:
                self.requests.append(connection.recv(65_536))
                connection.sendall(answer)

    def _next(self) -> bytes | None:
        return self.answers[len(self.requests)] if len(self.requests) < len(self.answers) else None

    def close(self) -> None:
        """Lets nobody in any more."""
        # Closing alone would leave the thread waiting at a number that the next socket may get.
        self._listener.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join()
        self._listener.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """A server, and a client that waits no time."""
    monkeypatch.setattr(http, "_PAUSE", 0.0)
    made = Scripted()
    yield made
    made.close()


def begin(server: Scripted, *answers: bytes) -> Web:
    """Returns a client of a server with these answers."""
    server.begin(list(answers))
    return Web(server.url)


def test_what_may_be_repeated_is(server: Scripted) -> None:
    """A connection that breaks is no answer, and the next one gives it."""
    web = begin(server, b"", b"", OK)

    assert web.send("GET", "/a", headers={}, repeat=True).data == b"0123456789"
    assert len(server.requests) == 3


def test_what_may_have_been_done_is_not_repeated(server: Scripted) -> None:
    """A write whose answer is lost has an unknown outcome."""
    web = begin(server, b"", OK)

    with pytest.raises(OutcomeUnknown):
        web.send("PUT", "/a", headers={}, body=b"x")
    assert len(server.requests) == 1


def test_a_refusal_that_breaks_off_is_no_answer(server: Scripted) -> None:
    """D8: who reads the body of a download is not the one who finds a refusal of it torn: it is asked again."""
    web = begin(server, TORN_REFUSAL, OK, TORN_REFUSAL, TORN_REFUSAL)

    assert web.send("GET", "/a", headers={}, repeat=True, stream=True).read() == b"0123456789"
    with pytest.raises(OutcomeUnknown):
        web.send("POST", "/a", headers={}, body=b"x", stream=True)
    assert len(server.requests) == 3


def test_a_server_that_is_not_there_has_done_nothing() -> None:
    """Nothing was sent, so nothing can have been done."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable):
        Web(f"http://127.0.0.1:{port}").send("PUT", "/a", headers={}, body=b"x")


@pytest.mark.parametrize("url", ["", "host", "ftp://host", "http://"])
def test_what_is_no_address_is_said(url: str) -> None:
    """The option is wrong, not the network."""
    with pytest.raises(DriverError, match="http"):
        Web(url)


def test_chunks_go_on_with_one_answer(server: Scripted) -> None:
    """A file that is read in order is asked for once; where the answer has broken off it is asked for anew."""
    web = begin(server, TORN, OK)
    streams = Streams(2)
    offsets: list[int] = []

    def read(offset: int) -> bytes:
        def ask() -> http.Answer:
            offsets.append(offset)
            answer = web.send("GET", "/a", headers={}, stream=True)
            answer.read(offset) if offset else b""
            return answer

        return streams.read("a", "r", offset=offset, size=3, begin=ask)

    assert [read(0), read(3), read(6)] == [b"012", b"345", b"678"]
    assert offsets == [0, 6]
    streams.close()


def test_answers_that_nobody_goes_on_with_are_closed(server: Scripted) -> None:
    """No more connections are held than are allowed."""
    web = begin(server, OK, OK, OK)
    streams = Streams(1)
    answers = [web.send("GET", "/a", headers={}, stream=True) for _ in range(3)]
    for number, answer in enumerate(answers):
        streams.read("a", str(number), offset=0, size=2, begin=lambda answer=answer: answer)  # type: ignore[misc]

    assert [answer.closed for answer in answers] == [True, True, False]
    let_go(answers[2])


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (b"206 Partial Content", b"bytes 4-9/10", True),
        (b"200 OK", b"bytes 4-9/10", True),
        (b"200 OK", b"", False),
        (b"206 Partial Content", b"", True),
    ],
)
def test_a_part_is_known_by_where_it_begins(server: Scripted, status: bytes, said: bytes, expected: bool) -> None:
    """P23: also where a server answers it with the status that is for the whole: else as much again is passed over."""
    said = b"Content-Range: " + said + b"\r\n" if said else b""
    server.begin([b"HTTP/1.1 " + status + b"\r\n" + said + b"Content-Length: 6\r\n\r\n456789"])

    answer = Web(server.url).send("GET", "/f", headers={}, stream=True)

    assert begins_at(answer, 4) is expected
    assert answer.read() == b"456789"


def test_a_part_that_begins_elsewhere_is_not_taken(server: Scripted) -> None:
    """P23: its bytes are not those that were asked for."""
    server.begin([b"HTTP/1.1 206 P\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\n56789"])

    answer = Web(server.url).send("GET", "/f", headers={}, stream=True)

    with pytest.raises(Unavailable, match="begins at 5, where 4"):
        begins_at(answer, 4)
