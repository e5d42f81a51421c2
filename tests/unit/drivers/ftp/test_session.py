"""Connections to an FTP server: whatever it has answered before, what is asked next is answered as it is meant."""

from __future__ import annotations

import ftplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator

import pytest
from onitu_ftp.files import FtpFiles
from onitu_ftp.listing import said
from onitu_ftp.pool import Pool
from onitu_ftp.session import Access, Session

from onitu.plug import DriverError, NotFound, OutcomeUnknown, Unavailable

PLAIN = ("SIZE", "MDTM")
MODERN = (*PLAIN, "MLST type*;size*;modify*;")
DONE = "226 Done"


class Server:
    """A server with files, which knows what to say to a few commands.

    Attributes:
        files: Path to content.
        features: What it says that it can do.
        text: Whether what is sent now is text.
        instead: What it answers to a command instead; the first that it begins with counts.
        said: What it was told.
        now: What its clock says, and when everything was written.
        slow: Seconds that it takes to write something.
    """

    def __init__(self, *features: str) -> None:
        self.files: dict[str, bytes] = {"f": b"some\ncontent"}
        self.features = features
        self.text = True
        self.instead: dict[str, str | BaseException] = {}
        self.said: list[str] = []
        self.now = 1_800_000_000.0
        self.slow = 0.0

    def answers(self, line: str) -> list[str | BaseException]:
        """Returns what comes back on the control connection."""
        self.said.append(line)
        for begin, answer in self.instead.items():
            if line.startswith(begin):
                return [answer]
        command, _, path = line.partition(" ")
        if command == "TYPE":
            self.text = path == "A"
        if command == "STOR":
            self.now += self.slow
            self.files[path] = b"probe"
        if command in {"SIZE", "MDTM", "RETR", "DELE"} and path not in self.files:
            return ["550 No such file"]
        if command == "SIZE":
            return ["550 SIZE not allowed in ASCII mode" if self.text else f"213 {len(self.files[path])}"]
        if command == "CWD" and path not in {"/", "."}:
            return ["550 No such directory"]
        found: dict[str, list[str | BaseException]] = {
            "FEAT": ["\n".join(["211-", *(f" {name}" for name in self.features), "211 End"])],
            "MDTM": [f"213 {said(int(self.now) * 1_000_000_000)}"],
            "PWD": ['257 "/"'],
        }
        return found.get(
            command, ["150 Here it comes", DONE] if command in {"LIST", "MLSD", "RETR", "STOR"} else ["250 Yes"]
        )

    def content(self, line: str) -> bytes:
        """Returns what comes on a data connection."""
        command, _, path = line.partition(" ")
        if command != "RETR":
            return b""
        return self.files[path].replace(b"\n", b"\r\n") if self.text else self.files[path]


class Wire(ftplib.FTP):
    """ftplib, with such a server instead of a socket."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server
        self.answers: list[str | BaseException] = []
        self.others: list[socket.socket] = []

    def connect(self, *_where: object, **_how: object) -> str:
        self.sock = socket.socket()
        return "220 Yes"

    def login(self, *_who: object, **_how: object) -> str:
        return self.sendcmd("USER")

    def putcmd(self, line: str) -> None:
        self.answers = self.server.answers(line)

    def getmultiline(self) -> str:
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        begin = int(rest or 0)
        self.sendcmd(cmd)
        here, there = socket.socketpair()
        there.sendall(self.server.content(cmd)[begin:])
        there.shutdown(socket.SHUT_WR)
        self.others.append(there)
        return here, None

    def close(self) -> None:
        super().close()
        for there in self.others:
            there.close()


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Server], FtpFiles]]:
    """Connects to a server."""
    made: list[FtpFiles] = []

    def to(server: Server) -> FtpFiles:
        monkeypatch.setattr(ftplib, "FTP", lambda **_how: Wire(server))
        made.append(FtpFiles(Pool(ACCESS, 1), "", "ftp://host"))
        return made[-1]

    yield to
    for files in made:
        files.close()


ACCESS = Access(host="host", port=21, username="ada", password="", tls=None)


@pytest.mark.parametrize("refusal", ["550 Not now", "450 Busy", "426 Broken"])
def test_a_file_is_there_whatever_was_answered_to_a_listing(
    connect: Callable[[Server], FtpFiles], refusal: str
) -> None:
    """P9: a server that says nothing of sizes in text would seem to have room for a file where one is."""
    server = Server(*PLAIN)
    files = connect(server)
    server.instead["LIST"] = refusal
    with pytest.raises(DriverError):
        list(files.children(""))

    assert not files.is_free("f")
    assert files.read("f", "", 0, 100) == b"some\ncontent"
    assert files.is_free("g")


def test_parts_of_a_file_are_bytes_after_a_listing_with_facts(connect: Callable[[Server], FtpFiles]) -> None:
    """P8: a file that is read as text is another one."""
    server = Server(*MODERN)
    files = connect(server)
    server.instead["MLSD"] = "550 Not now"
    with pytest.raises(NotFound):
        list(files.children(""))

    assert files.read("f", "", 2, 100) == b"me\ncontent"


@pytest.mark.parametrize("command", ["RNTO", "MKD"])
@pytest.mark.parametrize("answer", ["350 What then?", "hello", "650 What?"])
def test_a_change_whose_answer_is_not_understood_may_have_been_done(
    connect: Callable[[Server], FtpFiles], command: str, answer: str
) -> None:
    """P9: it is looked at again, not waited for until somebody changes something."""
    server = Server(*MODERN)
    files = connect(server)
    server.instead[command] = answer

    with pytest.raises(OutcomeUnknown):
        files.make_directory("d") if command == "MKD" else files.move("f", "g")


@pytest.mark.parametrize("answer", ["250 Here it is", "250-Here it is\n250 End"])
def test_a_look_that_is_answered_with_nothing_is_tried_again(
    connect: Callable[[Server], FtpFiles], answer: str
) -> None:
    """F6: nothing is known of what the server says nothing of."""
    server = Server(*MODERN)
    server.instead["MLST"] = answer

    with pytest.raises(Unavailable):
        connect(server).look("f")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ssl.SSLError("handshake failure"), Unavailable),
        (ssl.SSLEOFError("cut"), Unavailable),
        (ssl.SSLCertVerificationError("self-signed"), DriverError),
    ],
)
def test_a_handshake_that_fails_is_tried_again(
    connect: Callable[[Server], FtpFiles], error: OSError, kind: type[DriverError]
) -> None:
    """Only a certificate that is not to be trusted needs somebody to do something."""
    server = Server()
    connect(server)
    server.instead["USER"] = error

    with pytest.raises(DriverError) as raised:
        Session(ACCESS)
    assert type(raised.value) is kind


def test_a_slow_server_has_no_clock_that_is_ahead(
    connect: Callable[[Server], FtpFiles], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F6: what was written a moment ago may be written again, and look the same."""
    server = Server(*PLAIN)
    server.slow = 30.0
    monkeypatch.setattr(time, "time", lambda: server.now)
    files = connect(server)

    files.prepare(".onitu/tmp")

    state = files.look("f")
    assert state is not None
    assert state.racy
