"""`onitu completion`: the scripts, and what a real shell makes of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from onitu.cli.main import run
from onitu.cli.upkeep import SHELLS

CHECKS = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "--no-execute"]}


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Returns the script for a shell."""
    assert run(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_know_commands_options_and_drivers(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every shell's script completes commands, actions, options and the installed drivers."""
    text = script(shell, capsys)

    for word in ("install-service", "export", "data-dir", "log-format", "local_storage", "memory"):
        assert word in text


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell)])
def test_scripts_are_well_formed(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shell itself can read its script."""
    (tmp_path / "script").write_text(script(shell, capsys))

    subprocess.run([*CHECKS[shell], str(tmp_path / "script")], check=True, timeout=30)


@pytest.mark.skipif(shutil.which("bash") is None, reason="asks a real bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["pl"], {"plan"}),
        (["state", "ex"], {"export"}),
        (["lo"], {"log"}),
        (["trash", "e"], {"empty"}),
        (["trash", "empty", "--old"], {"--older-than"}),
        (["restore", "--ve"], {"--version"}),
        (["serve", "--da"], {"--data-dir"}),
        (["serve", "--log-format", ""], {"json", "console"}),
        (["drivers", "loc"], {"local_storage"}),
        (["check", "-c", "my"], {"my.yaml"}),
        (["completion", "f"], {"fish"}),
    ],
)
def test_bash_completes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: set[str]
) -> None:
    """Pressing the tab key in bash gives what belongs there."""
    (tmp_path / "script").write_text(script("bash", capsys))
    (tmp_path / "my.yaml").touch()
    line = " ".join(f"'{word}'" for word in ["onitu", *words])
    tab = f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; _shtab_onitu"
    ask = f"source ./script; {tab}; printf '%s\\n' \"${{COMPREPLY[@]}}\""

    shown = subprocess.run(
        ["bash", "--norc", "-c", ask], cwd=tmp_path, capture_output=True, check=True, text=True, timeout=30
    ).stdout

    assert {word.strip() for word in shown.splitlines()} == expected


def test_serve_pays_nothing_for_it() -> None:
    """The library behind it is imported for this command only."""
    code = (
        "import sys; from onitu.cli.main import parser; parser(); import onitu.cli.serve; print('shtab' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=30).stdout

    assert shown == "False\n"
