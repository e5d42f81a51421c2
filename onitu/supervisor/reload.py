"""Reads the setup file again, and says everything that keeps it from coming into force."""

from __future__ import annotations

import attrs

from onitu.config.faults import Fault, SetupError
from onitu.config.load import read_file
from onitu.config.values import Setup
from onitu.supervisor.changes import Changes, changes_between


def read_again(before: Setup) -> tuple[Setup, Changes]:
    """Returns the setup as its file has it now, and what has changed.

    The drivers of services that are to be started are asked too whether they are installed and take their options: a
    slip of the pen must not end a service that runs.

    Args:
        before: What is in force.

    Raises:
        SetupError: The file has faults, or asks for what a running Onitu cannot do. All of it is said.
        ConfigError: It cannot be read.
    """
    # Nobody else in a running core has a use for it.
    from onitu.config.drivers import driver_faults  # noqa: PLC0415

    setup, faults = read_file(before.path)
    if setup is None:
        raise SetupError(faults)
    changes = changes_between(before, setup)
    begin = {name: setup.services[name] for name in changes.beginning if name in setup.services}
    faults += driver_faults(attrs.evolve(setup, services=begin))
    faults += _immovable(before, setup)
    if faults:
        raise SetupError(faults)
    return setup, changes


def _immovable(before: Setup, after: Setup) -> list[Fault]:
    """Returns what has changed and can only change with a start: where the metadata is kept."""
    faults: list[Fault] = []
    if after.name != before.name:
        text = f"the name of the setup has changed from '{before.name}': that takes a restart of Onitu"
        faults.append(Fault(after.place("name"), text))
    if after.data_dir != before.data_dir:
        faults.append(Fault(after.place("data-dir"), "'data-dir' has changed: that takes a restart of Onitu"))
    return faults
