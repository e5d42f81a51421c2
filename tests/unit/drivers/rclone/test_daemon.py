"""How rclone is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from onitu_rclone.daemon import Command, Daemon

from onitu.plug import Unavailable

GUARDED = "not for everybody"


def test_no_secret_stands_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """B12: everybody on this host sees command lines; and what the user's environment says of ours does not count."""
    monkeypatch.setenv("RCLONE_RC_NO_AUTH", "true")
    monkeypatch.setenv("RCLONE_DRIVE_SKIP_GDOCS", "false")
    command = Command(program="/bin/true", remote="drive:x", config_password=GUARDED, flags=("--bwlimit", "2M"))

    environment = command.environment("user", "password")
    assert not {GUARDED, "user", "password"} & {*command.line()}
    assert command.line()[-2:] == ["--bwlimit", "2M"]
    assert environment["RCLONE_CONFIG_PASS"] == GUARDED
    assert environment["RCLONE_DRIVE_SKIP_GDOCS"] == "false"
    assert "RCLONE_RC_NO_AUTH" not in environment


def test_it_is_said_how_to_install_it() -> None:
    """B11: what is wrong, and what to do."""
    with pytest.raises(Unavailable, match=r"no program '/nowhere/rclone': install rclone"):
        Daemon(Command(program="/nowhere/rclone", remote="drive:"), connections=1).running()


def test_what_it_says_at_its_end_is_told(tmp_path: Path) -> None:
    """B11, P25: such as a configuration that it cannot read; what waits for it is tried again."""
    program = tmp_path / "rclone"
    program.write_text("#!/bin/sh\necho 'cannot decrypt configuration' >&2\nexit 1\n")
    program.chmod(0o755)

    with pytest.raises(Unavailable, match="rclone does not start: cannot decrypt configuration"):
        Daemon(Command(program=str(program), remote="drive:"), connections=1).running()
