"""What is known of a path, asked beside a running core or without one (`onitu why`)."""

from __future__ import annotations

from pathlib import Path

from onitu.config.faults import nearest
from onitu.config.values import Setup
from onitu.core.tree import Work
from onitu.core.why import Explanation, explain
from onitu.errors import ConfigError
from onitu.store.beside import read_beside
from onitu.supervisor.records import known_scopes


def explain_path(directory: Path, setup: Setup, asked: str) -> Explanation:
    """Returns why a path is where it is, as far as the records of a data directory tell. Reads only.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.
        asked: `FOLDER/PATH`, as a person writes it.

    Raises:
        ConfigError: There is no such folder, or no path.
        StoreError: There are no records, or they cannot be read.
    """
    folder, path = _split(setup, asked)
    with read_beside(directory) as transaction:
        scopes = known_scopes(transaction, setup)
        if folder not in scopes:
            raise ConfigError(f"folder '{folder}' is new in the setup: `onitu serve` has not met it yet")
        return explain(Work(transaction, scopes[folder], now_ns=0), path)


def _split(setup: Setup, asked: str) -> tuple[str, str]:
    """Returns folder and path."""
    folder, _, rest = asked.removeprefix("./").strip("/").partition("/")
    path = "/".join(part for part in rest.split("/") if part not in ("", "."))
    if folder not in setup.folders:
        known = ", ".join(setup.folders) or "none"
        raise ConfigError(f"there is no folder '{folder}'{nearest(folder, setup.folders)} (folders: {known})")
    if not path or ".." in path.split("/"):
        raise ConfigError(f"'{asked}' names no file: write FOLDER/PATH, such as {folder}/letters/one.txt")
    return folder, path
