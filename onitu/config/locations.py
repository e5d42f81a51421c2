"""Where a setup is looked for, and where its data lies.

Besides `secret`, the only part of `onitu.config` that asks the environment anything.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from onitu.config.values import Setup
from onitu.errors import ConfigError

SETUP_NAME = "onitu.yaml"

#: A slug longer than this is cut: it is one name in a path that sockets and locks are made in.
MAX_SLUG = 60


def user_setup() -> Path:
    """Returns where the user's own setup lies, whether or not there is one."""
    return _base("XDG_CONFIG_HOME", ".config") / "onitu" / SETUP_NAME


def find_setup(given: Path | None) -> Path:
    """Returns the setup to use: the one given, else `./onitu.yaml`, else the user's.

    Args:
        given: What the user asked for. It is returned whether or not it exists.

    Raises:
        ConfigError: None was given, and there is none.
    """
    if given is not None:
        return given
    places = [Path(SETUP_NAME), user_setup()]
    for place in places:
        if place.is_file():
            return place
    looked = "\n".join(f"  {place.absolute()}" for place in places)
    raise ConfigError(f"no setup found; looked for\n{looked}\n`onitu init` writes one to start from, -c names another")


def data_directory(setup: Setup, given: Path | None) -> Path:
    """Returns where the metadata is kept: the directory given, else the setup's own, else one named after the setup.

    Args:
        setup: The setup.
        given: What the user asked for.
    """
    if given is not None:
        return given.absolute()
    if setup.data_dir is not None:
        return setup.data_dir
    return _base("XDG_STATE_HOME", ".local/state") / "onitu" / slug(setup.name)


def slug(name: str) -> str:
    """Returns a name as one short part of a path: "Example Configuration" gives "example-configuration".

    Letters of every script stay. A name of which little or nothing is left is told apart by its digest.
    """
    plain = re.sub(r"[^\w]+", "-", name.casefold()).strip("-")
    if plain and len(plain.encode()) <= MAX_SLUG:
        return plain
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    stem = plain.encode()[:MAX_SLUG].decode(errors="ignore") or "onitu"
    return f"{stem}-{digest}"


def _base(variable: str, below_home: str) -> Path:
    """Returns a base directory; as the XDG specification has it, one that is not absolute is ignored."""
    given = Path(os.environ.get(variable, ""))
    return given if given.is_absolute() else Path.home() / below_home
