"""Reads the setup file again, and says everything that keeps it from coming into force."""

from __future__ import annotations

import attrs

from onitu.config.faults import Fault, SetupError
from onitu.config.load import read_file
from onitu.config.values import Setup
from onitu.supervisor.changes import changes_between
from onitu.supervisor.overlay import Overlay


def read_again(file: Setup, before: Setup, overlay: Overlay) -> tuple[Setup, Overlay, Setup]:
    """Returns what the file says now, what holds over it of what was put over it, and what comes of both.

    Args:
        file: What the file said.
        before: What is in force.
        overlay: What was put over the file.

    Raises:
        SetupError: The file has faults, or asks for what a running Onitu cannot do. All of it is said.
        ConfigError: It cannot be read.
    """
    after, faults = read_file(file.path)
    if after is None:
        raise SetupError(faults)
    held = overlay.over(after)
    setup = after if faults else held.apply(after)
    faults += beginning_faults(before, setup)
    faults += _immovable(before, setup)
    if faults:
        raise SetupError(faults)
    return after, held, setup


def beginning_faults(before: Setup, after: Setup) -> list[Fault]:
    """Returns what keeps the services from starting that are to be started.

    Their drivers are asked whether they are installed and take their options: a slip of the pen must not end a service
    that runs.
    """
    # Nobody else in a running core has a use for it.
    from onitu.config.drivers import driver_faults  # noqa: PLC0415

    changes = changes_between(before, after)
    begin = {name: after.services[name] for name in changes.beginning if name in after.services}
    return driver_faults(attrs.evolve(after, services=begin))


def _immovable(before: Setup, after: Setup) -> list[Fault]:
    """Returns what has changed and can only change with a start: where the metadata is kept, and the API."""
    faults: list[Fault] = []
    if after.name != before.name:
        text = f"the name of the setup has changed from '{before.name}': that takes a restart of Onitu"
        faults.append(Fault(after.place("name"), text))
    if after.data_dir != before.data_dir:
        faults.append(Fault(after.place("data-dir"), "'data-dir' has changed: that takes a restart of Onitu"))
    if after.api != before.api:
        faults.append(Fault(after.place("api"), "'api' has changed: that takes a restart of Onitu"))
    return faults
