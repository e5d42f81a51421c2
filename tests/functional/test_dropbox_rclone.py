"""rclone, as it is, takes the Dropbox of the tests for the real one: it finds what no test of ours would ask for."""

from __future__ import annotations

import datetime
import json
import os
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.functional.servers.dropbox import Dropbox
from tests.functional.servers.program import HOST
from tests.functional.servers.rclone import PROGRAM

Rclone = Callable[..., str]

HOSTS = tuple(f"{name}.dropboxapi.com" for name in ("api", "content", "notify"))
LARGE = 160 * 1024 * 1024


def _certificate(place: Path) -> tuple[Path, ssl.SSLContext]:
    """Makes a certificate for Dropbox's hosts, and returns it with what serves it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Dropbox of a test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = place / "certificate.pem", place / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return certificate, context


class _Tunnel(socketserver.BaseRequestHandler):
    """A way to any host, all of which end at one port here."""

    upstream = 0

    def handle(self) -> None:
        """Lets a client through."""
        client: socket.socket = self.request
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += client.recv(4096)
        assert asked.startswith(b"CONNECT ")
        with socket.create_connection((HOST, self.upstream)) as server:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 18):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def _proxy(upstream: int) -> Iterator[int]:
    handler = type("Tunnel", (_Tunnel,), {"upstream": upstream})
    with _Proxy((HOST, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def server() -> Dropbox:
    """A Dropbox with nothing in it."""
    return Dropbox()


@pytest.fixture
def rclone(server: Dropbox, tmp_path: Path) -> Iterator[Rclone]:
    """Runs rclone, for which `box:` is the Dropbox, and returns what it prints."""
    certificate, context = _certificate(tmp_path)
    token = {"access_token": server.tokens.give(), "token_type": "bearer", "expiry": "2099-01-01T00:00:00Z"}
    config = tmp_path / "rclone.conf"
    config.write_text(f"[box]\ntype = dropbox\ntoken = {json.dumps(token)}\n")
    with _proxy(server.open(context)) as port:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SSL_CERT")}
        environment["HTTPS_PROXY"] = f"http://{HOST}:{port}"

        def run(*arguments: str) -> str:
            command = [str(PROGRAM), "--config", str(config), "--ca-cert", str(certificate), *arguments]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
            assert done.returncode == 0, done.stderr[-3_000:]
            return done.stdout

        yield run


def _files(place: Path) -> Path:
    for number in range(50):
        path = place / "source" / f"d{number % 3}" / f"é {number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content %d" % number * number)
    return place / "source"


@pytest.mark.slow
def test_files_are_copied_and_compared(rclone: Rclone, server: Dropbox, tmp_path: Path) -> None:
    """F5: many files in batches, compared by `content_hash`, read back, moved and deleted."""
    source = _files(tmp_path)
    rclone("copy", "--dropbox-batch-mode", "sync", str(source), "box:Copied")
    rclone("check", str(source), "box:Copied")
    rclone("copy", "box:Copied", str(tmp_path / "back"))
    rclone("check", "--download", str(tmp_path / "back"), "box:Copied")
    rclone("moveto", "box:Copied/d1", "box:Moved")
    assert "é 1.txt" in rclone("lsf", "box:Moved")
    assert rclone("cat", "--offset", "3", "--count", "4", "box:Moved/é 1.txt") == "tent"
    assert json.loads(rclone("about", "--json", "box:"))["total"] == server.account.allocated
    rclone("purge", "box:Copied")
    assert [name for name in rclone("lsf", "box:").split() if name] == ["Moved/"]


@pytest.mark.slow
def test_a_large_file(rclone: Rclone, server: Dropbox, tmp_path: Path) -> None:
    """F5: one that takes a session arrives whole."""
    content = os.urandom(1 << 20) * (LARGE >> 20)
    (tmp_path / "large.bin").write_bytes(content)
    rclone("copyto", str(tmp_path / "large.bin"), "box:large.bin")
    assert server.account.find("/large.bin").content == content


@pytest.mark.slow
def test_both_ways(rclone: Rclone, server: Dropbox, tmp_path: Path) -> None:
    """F5: `bisync` carries what happens on either side."""
    source = _files(tmp_path)
    state = ("--workdir", str(tmp_path / "state"))
    server.account.make_folder("/Both")
    rclone("bisync", "--resync", *state, str(source), "box:Both")
    server.account.write("/Both/theirs.txt", b"theirs")
    (source / "mine.txt").write_bytes(b"mine")
    (source / "d0" / "é 0.txt").unlink()
    rclone("bisync", *state, str(source), "box:Both")
    assert (source / "theirs.txt").read_bytes() == b"theirs"
    assert server.account.find("/Both/mine.txt").content == b"mine"
    assert "é 0.txt" not in rclone("lsf", "box:Both/d0")
