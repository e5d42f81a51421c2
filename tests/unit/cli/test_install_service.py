"""`onitu install-service`: the unit, where it goes, and what systemd thinks of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from onitu.cli.main import run

ODD = 'My "100%" $HOME \\ setup'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a setup, as the working directory."""
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Path("onitu.yaml").write_text("name: my files\n")
    return tmp_path


def test_the_unit_is_written(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """F10: where systemd looks for it; it says when it is ready, is watched, and reloads; what is next is printed."""
    assert run(["install-service"]) == 0

    path = home / ".config/systemd/user/onitu-my-files.service"
    text = path.read_text()
    for line in ("Type=notify", "WatchdogSec=5min", "ExecReload=/bin/kill -HUP $MAINPID", "WantedBy=default.target"):
        assert line in text.splitlines()
    assert f'"serve" "-c" "{home}/onitu.yaml"\n' in text
    assert "--data-dir" not in text
    shown = capsys.readouterr().out
    assert str(path) in shown
    assert "systemctl --user enable --now onitu-my-files.service" in shown
    assert max(map(len, shown.splitlines()[1:])) < 80


def test_only_a_unit_of_ours_is_overwritten(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A unit that somebody else wrote is left alone, ours is brought up to date."""
    path = home / ".config/systemd/user/onitu-my-files.service"
    run(["install-service", "--data-dir", "other"])
    assert f'"--data-dir" "{home}/other"' in path.read_text()
    assert run(["install-service"]) == 0
    assert "--data-dir" not in path.read_text()

    path.write_text("[Unit]\n")
    capsys.readouterr()

    assert run(["install-service"]) == 1
    assert "is there already and not ours" in capsys.readouterr().err
    assert path.read_text() == "[Unit]\n"


def test_print_writes_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--print` shows the unit and nothing else."""
    assert run(["install-service", "--print"]) == 0
    assert capsys.readouterr().out.endswith("WantedBy=default.target\n")
    assert not (home / ".config").exists()


def test_the_environment_is_not_systemds(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the data directory hangs on this shell's environment, the unit names it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))

    run(["install-service", "--print"])

    assert f'"--data-dir" "{home}/state/onitu/my-files"' in capsys.readouterr().out


def test_a_setup_that_cannot_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    """No unit is made for it."""
    Path("onitu.yaml").write_text("nmae: x\n")

    assert run(["install-service"]) == 1
    assert "did you mean 'name'?" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="asks systemd itself")
@pytest.mark.parametrize("name", ["my files", ODD])
def test_systemd_takes_it(home: Path, name: str) -> None:
    """F10: `systemd-analyze verify` has nothing to say, whatever the setup is called."""
    odd = home / name
    odd.mkdir()
    (odd / "onitu.yaml").write_text(f"name: '{name}'\n")
    (home / "run").mkdir()
    run(["install-service", "-c", str(odd / "onitu.yaml")])
    (unit,) = (home / ".config/systemd/user").iterdir()
    environment = os.environ | {"XDG_RUNTIME_DIR": str(home / "run")}

    verified = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(unit)],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )

    assert (verified.stdout, verified.stderr, verified.returncode) == ("", "", 0)
