"""Asks a driver what it is, by starting it for a moment (`onitu drivers NAME`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import trio

from onitu.host.process import open_client, run_driver
from onitu.host.runtime import runtime_directory
from onitu.host.spawn import driver_command
from onitu.log import get_logger, set_up_logging

if TYPE_CHECKING:
    from onitu.core.manifest import Manifest


def ask_driver(name: str) -> Manifest:
    """Returns what an installed driver says of itself, capabilities included.

    Raises:
        DriverError: It does not start, or serves something else.
        ConfigError: There is no place for its socket.
    """
    set_up_logging(level="error")
    with runtime_directory() as runtime:
        return trio.run(_ask, name, runtime)


async def _ask(name: str, runtime: Path) -> Manifest:
    driver = run_driver(driver_command(name), runtime_dir=runtime, service=name, log=get_logger())
    async with driver as process, open_client(process) as client:
        return await client.manifest()
