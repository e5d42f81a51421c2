"""`onitu check`: says everything that is wrong with a setup (CONTRACT B16), or what it amounts to."""

from __future__ import annotations

import argparse
import sys

from onitu.config import Setup, SetupError, data_directory, find_setup
from onitu.config.drivers import check_setup
from onitu.core.capability import Mode

_MODE_NAMES = {Mode.READ_WRITE: "rw", Mode.READ: "r", Mode.WRITE: "w", Mode.NONE: "none"}


def run(arguments: argparse.Namespace) -> int:
    """Prints the faults to stderr and returns 1, or prints what the setup amounts to and returns 0.

    Raises:
        ConfigError: There is no setup, or it cannot be read.
    """
    try:
        setup = check_setup(find_setup(arguments.config))
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    from onitu.supervisor.idle import find_idle  # noqa: PLC0415 - once the setup is known to be good

    for warning in [*setup.warnings, *find_idle(data_directory(setup, None), setup)]:
        print(f"{warning.place}: warning: {warning.text}", file=sys.stderr)
    print("\n".join(_summary(setup)))
    return 0


def _summary(setup: Setup) -> list[str]:
    lines = [f"setup '{setup.name}' is fine", f"data directory: {data_directory(setup, None)}"]
    for folder in setup.folders:
        lines.append(f"folder {folder}")
        ignored = setup.ignores(folder)
        if ignored:
            lines.append(f"  left out: {' '.join(ignored)}")
        for service in setup.services.values():
            mapping = service.folders.get(folder)
            if mapping is not None:
                mode = _MODE_NAMES[mapping.mode]
                lines.append(f"  {mode:<4} {service.name} ({service.driver}), path '{mapping.path}'")
    return lines
