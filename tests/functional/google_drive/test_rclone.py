"""The fake of Google Drive does what rclone expects of the real one: unmodified, by a proxy that leads it there."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from onitu import certificates
from tests.functional.servers.connect import connecting
from tests.functional.servers.google_drive.content import DOCUMENT
from tests.functional.servers.google_drive.oauth import CLIENT, SECRET
from tests.functional.servers.google_drive.server import FakeDrive, serving
from tests.functional.servers.rclone import PROGRAM

HOSTS = ("www.googleapis.com", "oauth2.googleapis.com", "docs.google.com")

Rclone = Callable[..., str]


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeDrive]:
    """A fake that says to be Google, over TLS."""
    place = tmp_path / "certificates"
    certificates.found(place)
    issued = certificates.issue(place, "google", hosts=HOSTS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    with serving(context=context) as made:
        yield made


@pytest.fixture
def rclone(fake: FakeDrive, tmp_path: Path) -> Iterator[Rclone]:
    """Runs rclone with a remote `drive:`, and returns what it prints."""
    token = {"access_token": fake.accounts.new_token(), "token_type": "Bearer", "expiry": "2099-01-01T00:00:00Z"}
    config = tmp_path / "rclone.conf"
    settings = ("type = drive", f"client_id = {CLIENT}", f"client_secret = {SECRET}", "scope = drive")
    config.write_text("\n".join(("[drive]", *settings, f"token = {json.dumps(token)}", "")))
    with connecting(fake.port) as proxy:
        environment = {
            key: value for key, value in os.environ.items() if not key.upper().endswith(("_PROXY", "SSL_CERT_FILE"))
        }
        environment |= {"HTTPS_PROXY": proxy, "RCLONE_CONFIG": str(config), "HOME": str(tmp_path)}

        def run(*arguments: str) -> str:
            ca = tmp_path / "certificates" / "ca.pem"
            command = [str(PROGRAM), f"--ca-cert={ca}", "--drive-pacer-min-sleep=1ms", "--retries=1", *arguments]
            ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
            assert ended.returncode == 0, ended.stderr
            return ended.stdout

        yield run


def test_rclone_copies_checks_moves_and_purges(rclone: Rclone, fake: FakeDrive, tmp_path: Path) -> None:
    """F8: small files and one of several blocks, there and back, by MD5; renames, documents, and what is left."""
    here = tmp_path / "here"
    for number in range(12):
        path = here / f"{number % 3}" / f"it's {number} é.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number * 100)
    large = os.urandom(9 * 1024 * 1024 + 5)
    (here / "large.bin").write_bytes(large)
    rclone("copy", str(here), "drive:there")
    rclone("check", "--download", str(here), "drive:there")
    rclone("moveto", "drive:there/large.bin", "drive:moved/larger.bin")
    (found,) = [file for file in fake.content.files.values() if file.name == "larger.bin"]
    assert found.revisions[-1].content == large
    assert len(found.revisions) == 1
    rclone("copy", "drive:moved", str(tmp_path / "back"))
    assert (tmp_path / "back" / "larger.bin").read_bytes() == large
    fake.content.create("Letter", mime=DOCUMENT, document=b"PK docx")
    assert "Letter.docx" in rclone("lsf", "drive:")
    assert rclone("cat", "drive:Letter.docx") == "PK docx"
    assert json.loads(rclone("about", "--json", "drive:"))["used"] > len(large)
    rclone("purge", "drive:there")
    assert sorted(rclone("lsf", "drive:").split()) == ["Letter.docx", "moved/"]


def test_rclone_syncs_both_ways(rclone: Rclone, fake: FakeDrive, tmp_path: Path) -> None:
    """F8: `bisync` takes over what was changed, made and deleted on either side."""
    here = tmp_path / "here"
    here.mkdir()
    for name in ("stays", "goes", "changes"):
        (here / name).write_bytes(b"first")
    rclone("mkdir", "drive:both")
    rclone("bisync", "--resync", str(here), "drive:both")
    (changed,) = [file for file in fake.content.files.values() if file.name == "changes"]
    fake.content.write(changed, b"second")
    fake.content.create("new there", parent=changed.parent, content=b"new")
    (here / "goes").unlink()
    rclone("bisync", str(here), "drive:both")
    assert {path.name: path.read_bytes() for path in here.iterdir()} == {
        "stays": b"first",
        "changes": b"second",
        "new there": b"new",
    }
    inside = {file.name for file in fake.content.children(changed.parent or "") if not file.trashed}
    assert inside == {"stays", "changes", "new there"}
