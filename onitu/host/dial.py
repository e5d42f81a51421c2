"""Dials a driver that runs already, here or elsewhere: its process is not ours to start or to end (CONTRACT W2).

The connection is kept for the time of one block. It begins with waiting until the driver serves, for a while: one that
was just closed may take a moment to begin anew. It ends with `Close`. If it is lost meanwhile, calls and streams fail
with `Unavailable`, and whoever keeps the service alive dials again.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import trio

from onitu.errors import ConfigError, DriverError, OutcomeUnknown, Unavailable
from onitu.expiry import Term, shown
from onitu.host.client import DriverClient
from onitu.rpc.transport import Connection, Credentials, connect

if TYPE_CHECKING:
    from onitu.config.values import DriverAddress, Tls
    from onitu.host.latency import Latencies

DIAL_DEADLINE: Final = 5.0
"""Seconds until a driver must serve. One that is away is dialled again and again, ever more slowly."""

_PROBE_DEADLINE: Final = 5.0
_INTERVAL: Final = 0.1
_SHOW_DEADLINE: Final = 3.0


@asynccontextmanager
async def dial(
    driver: DriverAddress, latencies: Latencies | None = None, showed: Callable[[Term], None] | None = None
) -> AsyncIterator[DriverClient]:
    """Connects to a driver and waits until it serves. Once it was configured it is told to close at the end.

    Args:
        driver: Where it is.
        latencies: Where it is noted how long calls take.
        showed: Called with until when the certificate is good that it shows, where it shows one.

    Raises:
        ConfigError: What proves who we are cannot be read.
        Unavailable: It cannot be reached, or does not serve.
        DriverError: It serves something else than the contract.

    Cancellation:
        `Close` is called all the same, which takes up to its deadline.
    """
    credentials = None if driver.tls is None else await trio.to_thread.run_sync(_read, driver.tls)
    async with connect(driver.address, token=None, credentials=credentials) as connection:
        try:
            await _wait_serving(connection, driver.address)
        finally:
            if driver.tls is not None and showed is not None and (term := await _shown(driver.address, driver.tls)):
                showed(term)
        client = DriverClient(connection, latencies=latencies, elsewhere=True)
        try:
            yield client
        finally:
            if client.is_configured:  # Else it may serve somebody else, who is none of our business.
                await _close(client)


def _read(tls: Tls) -> Credentials:
    try:
        return Credentials(
            ca=tls.ca.read_bytes(),
            certificate=tls.certificate.read_bytes(),
            key=tls.key.read_bytes(),
            name=tls.name,
        )
    except OSError as error:
        message = f"{error.filename}: it cannot be read: {error.strerror}"
        raise ConfigError(message) from error


async def _shown(address: str, tls: Tls) -> Term | None:
    """Returns until when the certificate is good that a driver shows; None where it shows none in time.

    gRPC does not say what it was shown. Nothing is sent or believed here, so that one that has expired is seen as well.
    """
    host, _, port = address.rpartition(":")
    with trio.move_on_after(_SHOW_DEADLINE), contextlib.suppress(OSError, ConfigError):
        context = await trio.to_thread.run_sync(_looking, tls)
        async with await trio.open_tcp_stream(host.strip("[]"), int(port)) as stream:
            secured = trio.SSLStream(stream, context, server_hostname=tls.name or host.strip("[]"))
            with contextlib.suppress(trio.BrokenResourceError):
                await secured.do_handshake()
            certificate = secured.getpeercert(binary_form=True)
            return shown(address, certificate) if certificate else None
    return None


def _looking(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(tls.certificate, tls.key)
    context.set_alpn_protocols(["h2"])
    return context


async def _wait_serving(connection: Connection, address: str) -> None:
    said = "it does not say that it serves"
    with trio.move_on_after(DIAL_DEADLINE):
        while True:
            try:
                if await connection.probe(timeout=_PROBE_DEADLINE):
                    return
            except (Unavailable, OutcomeUnknown) as error:
                said = str(error)
            await trio.sleep(_INTERVAL)
    message = f"the driver at {address} cannot be reached: {said}"
    raise Unavailable(message)


async def _close(client: DriverClient) -> None:
    with trio.CancelScope(shield=True):
        try:
            await client.close()
        except DriverError:
            # It is away, or does not know how; nothing more can be done for it from here.
            return
