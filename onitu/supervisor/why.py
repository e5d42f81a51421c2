"""What is known of a path, asked beside a running core or without one (`onitu why`)."""

from __future__ import annotations

from pathlib import Path

import attrs

from onitu.config.faults import nearest
from onitu.config.values import Setup
from onitu.core.tree import Work
from onitu.core.why import Explanation, Standing, Verdict, explain
from onitu.errors import ConfigError
from onitu.referee.hours import Hours
from onitu.store.beside import read_beside
from onitu.supervisor.overlay import in_force
from onitu.supervisor.records import known_scopes

#: What a schedule may be the reason for.
_LACKING = frozenset({Standing.BEHIND, Standing.LEAVING})


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
    with read_beside(directory) as transaction:
        setup = in_force(transaction, setup)
        folder, path = _split(setup, asked)
        scopes = known_scopes(transaction, setup)
        if folder not in scopes:
            raise ConfigError(f"folder '{folder}' is new in the setup: `onitu serve` has not met it yet")
        found = explain(Work(transaction, scopes[folder], now_ns=0), path)
    return attrs.evolve(found, verdicts=tuple(_with_schedule(setup, verdict) for verdict in found.verdicts))


def _with_schedule(setup: Setup, verdict: Verdict) -> Verdict:
    """Returns a verdict that says too what a service waits for that lacks something."""
    hours = Hours(setup.services[verdict.service].schedule)
    if verdict.standing not in _LACKING or not hours.waits:
        return verdict
    return attrs.evolve(verdict, reason=f"{verdict.reason}; it waits for its schedule until {hours.until}")


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
