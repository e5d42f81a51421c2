"""`onitu install-service`: writes a systemd user unit for a setup."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.resources import files
from pathlib import Path

from onitu.config import Setup, data_directory, find_setup, load_setup, slug
from onitu.errors import ConfigError

#: How a unit of ours begins: only such a file is written anew.
MARK = "# Written by `onitu install-service`"


def run(arguments: argparse.Namespace) -> int:
    """Writes the unit, or with `--print` only prints it.

    Raises:
        ConfigError: The setup cannot be used, or the unit not be written.
    """
    setup = load_setup(find_setup(arguments.config))
    text = unit(setup, _given_directory(setup, arguments.data_dir))
    if arguments.print:
        print(text, end="")
        return 0
    name = f"onitu-{slug(setup.name)}.service"
    path = _units() / name
    _write(path, text)
    print(f"wrote {path}; what to do next:\n")
    for command, use in (
        ("systemctl --user daemon-reload", "have systemd read it"),
        (f"systemctl --user enable --now {name}", "start it, now and at every login"),
        (f"systemctl --user reload {name}", "after a change of the setup"),
        (f"journalctl --user -f -u {name}", "its log"),
        ("loginctl enable-linger", "have it run also while nobody is logged in"),
    ):
        print(f"  {command}\n      {use}")
    return 0


def unit(setup: Setup, data_dir: Path | None) -> str:
    """Returns the unit.

    Args:
        setup: The setup.
        data_dir: The data directory where the command line has to name it, or None.
    """
    command = [*_program(), "serve", "-c", str(setup.path)]
    if data_dir is not None:
        command += ["--data-dir", str(data_dir)]
    template = files("onitu.cli").joinpath("onitu.service").read_text(encoding="utf-8")
    description = setup.name.replace("%", "%%")
    line = " ".join(_quoted(word) for word in command)
    return template.replace("{mark}", MARK).replace("{description}", description).replace("{command}", line)


def _program() -> list[str]:
    """Returns the command that runs this Onitu, wherever it is installed."""
    script = Path(sys.executable).with_name("onitu")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "onitu"]


def _given_directory(setup: Setup, given: Path | None) -> Path | None:
    """Returns the data directory if the unit would not find it by itself: systemd does not know this environment."""
    if given is not None or (setup.data_dir is None and "XDG_STATE_HOME" in os.environ):
        return data_directory(setup, given)
    return None


def _units() -> Path:
    """Returns where systemd looks for the units of this user."""
    given = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".config") / "systemd/user"


def _write(path: Path, text: str) -> None:
    try:
        if path.exists() and not path.read_text(encoding="utf-8").startswith(MARK):
            raise ConfigError(f"{path} is there already and not ours, and was left alone; --print shows the unit")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; --print shows the unit") from error


def _quoted(word: str) -> str:
    """Returns a word as `ExecStart` reads it back."""
    special = {"\\": "\\\\", '"': '\\"', "%": "%%", "$": "$$"}
    return '"' + "".join(special.get(char, char) for char in word) + '"'
