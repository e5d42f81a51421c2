"""`onitu serve`: starts the drivers, then everything else, and ends them together.

The order of imports is part of the work: the drivers are started first, with the standard library alone, because they
need as long to import what they need as the core does.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from onitu.collecting import collect_rarely
from onitu.config.values import DriverAddress, DriverCommand, Setup
from onitu.errors import ConfigError
from onitu.host.runtime import runtime_directory
from onitu.host.spawn import Spawned, driver_command, spawn
from onitu.rest.address import Address

if TYPE_CHECKING:
    from collections.abc import Iterator


@attrs.frozen(kw_only=True)
class ServeOptions:
    """What the command line asked for.

    Attributes:
        setup: The setup.
        data_dir: Where the metadata is kept.
        once: Sync until nothing is left to do, then stop.
        dry_run: Only say what would be done. Implies `once`.
        verify: With `dry_run`, read all files again instead, and say what differs.
        repair: With `verify`, have what differs written again.
        debug: Log everything.
        quiet: Log only what is wrong, unless `debug`.
        log_format: "json", "console" or None for what suits the output.
        api: Where the REST API is reached.
    """

    setup: Setup
    data_dir: Path
    once: bool = False
    dry_run: bool = False
    verify: bool = False
    repair: bool = False
    debug: bool = False
    quiet: bool = False
    log_format: str | None = None
    api: Address = attrs.field(factory=Address)


def serve(options: ServeOptions) -> int:
    """Runs Onitu until it is told to stop, or with `once` until nothing is left to do.

    Args:
        options: What to do.

    Returns:
        Exit code: 0, or 1 if with `once` something could not be synced.

    Raises:
        ConfigError: The setup cannot be used on this machine.
        StoreError: The data directory cannot be used.
    """
    collect_rarely()
    with runtime_directory() as runtime, _started(options, runtime) as early:
        from onitu.supervisor.run import run  # noqa: PLC0415 - see the module's docstring

        return run(options, runtime, early)


@contextlib.contextmanager
def _started(options: ServeOptions, runtime: Path) -> Iterator[dict[str, Spawned]]:
    """Starts the driver of every service. Those that nobody adopts are ended with the block."""
    early: dict[str, Spawned] = {}
    try:
        for service in options.setup.services.values():
            if isinstance(service.driver, DriverAddress):
                continue  # It runs already.
            with contextlib.suppress(ConfigError):  # Said when the service is started for good.
                early[service.name] = spawn(
                    command_of(service.driver), runtime, directory=options.setup.directory, debug=options.debug
                )
        yield early
    finally:
        for spawned in early.values():
            spawned.kill()


def command_of(driver: str | DriverCommand) -> list[str]:
    """Returns the command that starts a driver."""
    return list(driver.argv) if isinstance(driver, DriverCommand) else driver_command(driver)
