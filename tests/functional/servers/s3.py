"""Stores that speak S3: SeaweedFS and moto, which keep conditions, and rclone, which ignores them without a word."""

from __future__ import annotations

import functools
import sys
import time
from pathlib import Path

import attrs
from onitu_s3.bucket import Bucket
from onitu_s3.signing import Credentials

from onitu.plug import DriverError
from tests.functional.servers.program import HOST, PATIENCE, Server, free_port
from tests.functional.servers.proxy import Proxy

KEY, SECRET = "tests", "not-a-secret"
BUCKET = "tests"

_VERSIONING = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"

#: Programs that Python packages bring lie beside the interpreter.
PROGRAMS = Path(sys.executable).parent


@attrs.frozen
class Store:
    """A store with a bucket, and the way to it.

    Attributes:
        server: The store.
        proxy: The way to it.
        bucket: The bucket, by another way.
    """

    server: Server
    proxy: Proxy
    bucket: Bucket

    def options(self) -> dict[str, str]:
        """Returns the options of a service there."""
        return {
            "bucket": self.bucket.name,
            "endpoint": f"http://{HOST}:{self.proxy.port}",
            "access_key": KEY,
            "secret_key": SECRET,
        }


@functools.cache
def seaweed() -> Store:
    """Starts SeaweedFS, once for all tests of this process."""
    port = free_port()
    ports = {name: free_port() for name in ("master", "volume", "filer", "admin", "webdav")}

    def command(directory: Path) -> list[str]:
        (directory / "data").mkdir(exist_ok=True)
        return [
            *(str(PROGRAMS / "weed"), "mini", f"-dir={directory / 'data'}", f"-ip={HOST}", f"-ip.bind={HOST}"),
            *("-master.telemetry=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false"),
            f"-s3.port={port}",
            *(f"-{name}.port={number}" for name, number in ports.items()),
        ]

    server = Server(command, port, environment={"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET})
    return _with_bucket(server)


@functools.cache
def versioned() -> Store:
    """Makes another bucket at SeaweedFS, which keeps what is replaced and deleted."""
    store = seaweed()
    bucket = _bucket_at(store.server, "versioned")
    bucket.ask("PUT", repeat=True)
    bucket.ask("PUT", query={"versioning": ""}, body=_VERSIONING, repeat=True)
    return attrs.evolve(store, bucket=bucket)


@functools.cache
def careless() -> Store:
    """Starts `rclone serve s3`, once for all tests of this process."""
    port = free_port()

    def command(directory: Path) -> list[str]:
        (directory / "data").mkdir(exist_ok=True)
        place = [str(directory / "data"), "--addr", f"{HOST}:{port}", "--auth-key", f"{KEY},{SECRET}"]
        return [str(PROGRAMS / "rclone"), "serve", "s3", "--config", "/dev/null", *place]

    return _with_bucket(Server(command, port))


@functools.cache
def moto() -> Store:
    """Starts moto, once for all tests of this process; it forgets everything when it ends."""
    port = free_port()

    def command(directory: Path) -> list[str]:
        del directory
        return [str(PROGRAMS / "moto_server"), "-H", HOST, "-p", str(port)]

    return _with_bucket(Server(command, port))


def _bucket_at(server: Server, name: str) -> Bucket:
    credentials = Credentials(access_key=KEY, secret_key=SECRET)
    return Bucket(name, endpoint=f"http://{HOST}:{server.port}", region="us-east-1", credentials=credentials)


def _with_bucket(server: Server) -> Store:
    bucket = _bucket_at(server, BUCKET)
    due = time.monotonic() + PATIENCE
    while True:
        # A store lets clients in before it takes anything.
        try:
            bucket.ask("PUT", repeat=True)
            bucket.ask("PUT", "first", body=b"x", repeat=True)
            bucket.ask("DELETE", "first", repeat=True)
        except DriverError:
            if time.monotonic() > due:
                raise
            time.sleep(0.1)
        else:
            return Store(server, Proxy(server.port), bucket)
