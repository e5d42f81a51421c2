"""Opens the driver of a service for the time of a block: starts it, or dials one that runs (CONTRACT W2)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from onitu.config.values import DriverAddress
from onitu.host.dial import dial
from onitu.host.process import adopt_driver, open_client
from onitu.host.spawn import Spawned, spawn
from onitu.supervisor.serve import command_of

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from onitu.config.values import DriverCommand
    from onitu.expiry import Term
    from onitu.host.client import DriverClient
    from onitu.host.latency import Latencies


@asynccontextmanager
async def opened(  # noqa: PLR0913 - what its service lends it.
    driver: str | DriverCommand | DriverAddress,
    *,
    service: str,
    runtime: Path,
    directory: Path,
    log: FilteringBoundLogger,
    debug: bool = False,
    early: Spawned | None = None,
    latencies: Latencies | None = None,
    showed: Callable[[Term], None] | None = None,
) -> AsyncIterator[tuple[DriverClient, int | None]]:
    """Opens a driver; from there on all are treated alike.

    Args:
        driver: What the setup says.
        service: Name of the service.
        runtime: A private directory for sockets.
        directory: Where relative paths count from.
        log: Where a process that is started logs.
        debug: Whether it logs everything.
        early: Its process, if it was started already.
        latencies: Where it is noted how long its calls take.
        showed: Called with until when the certificate is good that one shows that is dialled.

    Yields:
        The driver, and the number of its process: None for one that was dialled, whose process is not ours.

    Raises:
        ConfigError: It cannot be started, or what the setup says of it cannot be read.
        DriverError: It died, cannot be reached, or serves something else than the contract.
    """
    if isinstance(driver, DriverAddress):
        async with dial(driver, latencies, showed) as client:
            yield client, None
        return
    spawned = early or spawn(command_of(driver), runtime, directory=directory, debug=debug)
    async with adopt_driver(spawned, service=service, log=log) as process, open_client(process, latencies) as client:
        yield client, process.pid
