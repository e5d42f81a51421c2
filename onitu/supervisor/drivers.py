"""Drivers of a setup, started for a moment to be asked something. They are told to change nothing.

It may be done beside a running core, whose own drivers go on: roots are opened for reading only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from onitu.config.secret import revealed
from onitu.core.capability import Mode
from onitu.host.settings import Mapping, Settings
from onitu.log import get_logger
from onitu.supervisor.opening import opened
from onitu.supervisor.records import root_id

if TYPE_CHECKING:
    from onitu.config.values import ServiceSetup, Setup
    from onitu.core.manifest import Manifest
    from onitu.host.client import DriverClient
    from onitu.host.settings import Configured
    from onitu.store import Transaction


def known_roots(transaction: Transaction, setup: Setup) -> dict[tuple[str, str], str | None]:
    """Returns the roots that the records belong to, by service and folder."""
    return {
        (service.name, folder): root_id(transaction, service.name, folder)
        for service in setup.services.values()
        for folder in service.folders
    }


@asynccontextmanager
async def asked(
    service: ServiceSetup,
    setup: Setup,
    roots: dict[tuple[str, str], str | None],
    runtime: Path,
    *,
    setup_id: str,
    wanted: Callable[[Manifest], bool],
) -> AsyncIterator[tuple[DriverClient, Configured] | None]:
    """Starts the driver of a service for the time of the block.

    Args:
        service: The service.
        setup: The setup it is of.
        roots: As `known_roots` returns them.
        runtime: A private directory for its socket.
        setup_id: Id of the setup.
        wanted: Whether a driver of this manifest is to be asked. Otherwise it opens nothing, and None is yielded.

    Raises:
        ConfigError: It cannot be started.
        DriverError: It cannot be used.
    """
    async with opened(
        service.driver, service=service.name, runtime=runtime, directory=setup.directory, log=get_logger()
    ) as (client, _):
        manifest = await client.manifest()
        if not wanted(manifest):
            yield None
            return
        folders = tuple(
            Mapping(
                name=mapping.folder,
                path=mapping.path,
                mode=Mode.READ,
                options=revealed(mapping.options, manifest, setup.directory),
                root_id=roots.get((service.name, mapping.folder)),
                symlinks=mapping.symlinks,
            )
            for mapping in service.folders.values()
            if mapping.mode
        )
        settings = Settings(
            service=service.name,
            setup_id=setup_id,
            generation=1,
            options=revealed(service.options, manifest, setup.directory),
            folders=folders,
            implicit_folder=setup.is_entries,
        )
        yield client, await client.configure(settings)
