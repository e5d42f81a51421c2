"""Reads a settings file from end to end."""

from __future__ import annotations

from pathlib import Path

from onitu.config.document import parse_document
from onitu.config.faults import Fault, Faults, SetupError
from onitu.config.read import read_setup
from onitu.config.values import Setup
from onitu.errors import ConfigError


def load_setup(path: Path) -> Setup:
    """Reads a settings file.

    Whether the drivers exist and know their options is not asked here: a service whose driver is missing or refuses an
    option fails by itself, and the others go on. `onitu.config.drivers.check_setup` asks both.

    Args:
        path: The file, as the user named it; messages repeat it.

    Raises:
        SetupError: The file has faults; all of them are in it, with their places.
        ConfigError: The file cannot be read.
    """
    setup, faults = read_file(path)
    if setup is None or faults:
        raise SetupError(faults)
    return setup


def read_file(path: Path) -> tuple[Setup | None, list[Fault]]:
    """Returns what can be read of a file, and everything that is wrong with it.

    Raises:
        ConfigError: The file cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        message = f"{path}: there is no such file; `onitu init {path}` writes one to start from"
        raise ConfigError(message) from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start + 1})") from error
    faults = Faults()
    top = parse_document(text, str(path), faults)
    setup = None if top is None else read_setup(top, path.absolute(), faults)
    return setup, faults.found
