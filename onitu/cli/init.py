"""`onitu init`: writes a commented setup to start from."""

from __future__ import annotations

import argparse
from importlib.resources import files

from onitu.errors import ConfigError


def run(arguments: argparse.Namespace) -> int:
    """Writes the starter file.

    Raises:
        ConfigError: There is a file already, or it cannot be written.
    """
    try:
        # "x": never over a file that is there.
        with arguments.file.open("x", encoding="utf-8") as file:
            file.write(starter())
    except FileExistsError as error:
        raise ConfigError(f"{arguments.file} is there already, and was left alone") from error
    except OSError as error:
        raise ConfigError(f"{arguments.file} cannot be written: {error.strerror}") from error
    print(f"wrote {arguments.file}; edit it, then try `onitu check -c {arguments.file}`")
    return 0


def starter() -> str:
    """Returns the text of the starter file."""
    return files("onitu.cli").joinpath("starter.yaml").read_text(encoding="utf-8")
