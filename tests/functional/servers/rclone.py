"""Remotes of rclone that need no account: a directory of this host as it is, encrypted, and behind a network."""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

from tests.functional.servers.webdav import PASSWORD, USER, wsgidav

#: The program, as a Python package brings it beside the interpreter.
PROGRAM = Path(sys.executable).parent / "rclone"


def plain(files: Path) -> dict[str, str]:
    """Returns the options of a service in a directory.

    Args:
        files: The directory.
    """
    return {"remote": f"here:{files}", "config": _written("here", "type = local")}


def encrypted() -> dict[str, str]:
    """Returns the options of a service whose files lie in a directory of their own, encrypted, with their names."""
    files = _place() / uuid.uuid4().hex
    files.mkdir()
    settings = ("type = crypt", f"remote = {files}", f"password = {_obscured(PASSWORD)}")
    return {"remote": "secret:", "config": _written("secret", *settings)}


def networked(path: str) -> dict[str, str]:
    """Returns the options of a service on the WebDAV server of the tests.

    Args:
        path: There.
    """
    settings = ("type = webdav", f"url = {wsgidav().url}", "vendor = other", f"user = {USER}")
    return {"remote": f"there:{path}", "config": _written("there", *settings, f"pass = {_obscured(PASSWORD)}")}


@functools.cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="onitu-rclone-")


def _place() -> Path:
    """Returns a directory that is gone when the tests are."""
    return Path(_kept().name)


def _obscured(password: str) -> str:
    return subprocess.run([PROGRAM, "obscure", password], check=True, capture_output=True, text=True).stdout.strip()


def _written(remote: str, *settings: str) -> str:
    """Writes a configuration with one remote, and returns where it is."""
    config = _place() / f"{uuid.uuid4().hex}.conf"
    config.write_text("\n".join((f"[{remote}]", *settings, "")))
    return str(config)
