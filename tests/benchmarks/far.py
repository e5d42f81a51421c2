"""Services behind a network: Onitu beside `rclone sync`, to the same server in the same run.

The servers are those of the functional tests, on this host: what is compared is what the two of them ask of a server
and in which order, not a network. Every copy is compared with its source by `rclone check --download`.
"""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import yaml

from tests.benchmarks.disk import fresh_disk
from tests.benchmarks.measure import Cost, measure
from tests.benchmarks.model import KIB, MIB, Files, Goal, Results, Workload
from tests.benchmarks.tools import environment, forget, serve_command
from tests.functional.servers import ftp, s3, webdav
from tests.functional.servers.program import HOST

RCLONE = str(Path(sys.executable).with_name("rclone"))
REMOTE = "there"


@attrs.frozen
class Far:
    """A server, as both programs are told of it.

    Attributes:
        block: Builds the block of an Onitu service from a path there and the configuration of rclone.
        remote: Builds rclone's settings of a remote.
        bucket: What rclone's paths there begin with.
        make: Makes an empty directory at a path.
    """

    block: Callable[[str, Path], Mapping[str, Any]]
    remote: Callable[[], Mapping[str, object]]
    bucket: str = ""
    make: Callable[[str], object] = str


def _s3() -> Far:
    store = s3.seaweed()
    # Not by the way that tests can cut: it is a Python program, and slower than the servers.
    options = {**store.options(), "endpoint": f"http://{HOST}:{store.server.port}"}
    return Far(
        lambda path, _: {"driver": "s3", **options, "prefix": path},
        lambda: {
            "type": "s3",
            "provider": "SeaweedFS",
            "access_key_id": options["access_key"],
            "secret_access_key": options["secret_key"],
            "endpoint": options["endpoint"],
        },
        bucket=f"{options['bucket']}/",
    )


def _webdav() -> Far:
    served = webdav.wsgidav()
    url = f"http://{HOST}:{served.server.port}/dav"
    return Far(
        lambda path, _: {"driver": "webdav", **served.options(), "url": f"{url}/{path}"},
        lambda: {
            "type": "webdav",
            "vendor": "other",
            "url": url,
            "user": webdav.USER,
            "pass": _obscured(webdav.PASSWORD),
        },
        make=lambda path: (served.files / path).mkdir(),
    )


def _ftp() -> Far:
    served = ftp.pyftpdlib()
    port = served.server.port
    return Far(
        lambda path, _: {"driver": "ftp", **served.options(), "port": port, "root": f"/{path}"},
        lambda: {"type": "ftp", "host": HOST, "port": port, "user": ftp.USER, "pass": _obscured(ftp.PASSWORD)},
        make=lambda path: (served.files / path).mkdir(),
    )


def _rclone() -> Far:
    there = _webdav()
    return attrs.evolve(
        there,
        block=lambda path, config: {"driver": "rclone", "remote": f"{REMOTE}:{path}", "config": str(config)},
    )


def _unpaced(far: Callable[[], Far]) -> Callable[[], Far]:
    """Returns a server to which rclone makes its requests at once: it waits for 10 ms before each one else."""

    def started() -> Far:
        there = far()
        return attrs.evolve(there, remote=lambda: {**there.remote(), "pacer_min_sleep": "0"})

    return started


SERVERS: dict[str, tuple[str, Callable[[], Far]]] = {
    "s3": ("to SeaweedFS by `s3`", _s3),
    "webdav": ("to wsgidav by `webdav`", _webdav),
    "ftp": ("to pyftpdlib by `ftp`", _ftp),
    "rclone": ("to wsgidav by `rclone`", _rclone),
}


def _obscured(password: str) -> str:
    return subprocess.run([RCLONE, "obscure", password], check=True, capture_output=True, text=True).stdout.strip()


def far_copy(files: Files, server: Callable[[], Far]) -> Callable[[Path, int], Results]:
    """Measures bringing a tree to an empty place on a server, start-up and shut-down included.

    Args:
        files: The tree.
        server: Starts the server, or returns the one that was started.

    Returns:
        The workload. Its first round is not counted.
    """

    def run(directory: Path, rounds: int) -> Results:
        far = server()
        results: Results = {"onitu": [], "rclone": []}
        for turn in range(rounds + 1):
            with fresh_disk(directory, image=False) as disk:
                files.make(disk / "source")
                config = disk / "rclone.conf"
                settings = (f"{key} = {value}" for key, value in far.remote().items())
                config.write_text("\n".join((f"[{REMOTE}]", *settings, "")))
                # In turns, so that neither always comes first.
                for name in sorted(results, reverse=turn % 2 == 1):
                    cost = _copy(name, far, disk, config)
                    if turn:
                        results[name].append(cost)
        return results

    return run


def _copy(name: str, far: Far, disk: Path, config: Path) -> Cost:
    path = f"{name}-{uuid.uuid4().hex}"
    far.make(path)
    data = disk / path
    data.mkdir()
    remote = f"{REMOTE}:{far.bucket}{path}"
    with_config = [RCLONE, "--config", str(config)]
    command = (
        [*with_config, "sync", str(disk / "source"), remote]
        if name == "rclone"
        else serve_command(_setup(disk / "source", far.block(path, config), data), "--once")
    )
    cost = measure(command, environment(data), data / "log")
    forget(disk / "source")
    _assert_equal(name, [*with_config, "check", "--download", "--exclude", "/.onitu/**", str(disk / "source"), remote])
    return cost


def _setup(source: Path, block: Mapping[str, Any], data: Path) -> Path:
    """Writes the setup for Onitu: one folder on a disk and at a server."""
    folders = {"docs": {"path": "."}}
    services = {
        "source": {"driver": "local_storage", "root": str(source), "folders": folders},
        "far": {**block, "folders": folders},
    }
    file = data / "onitu.yaml"
    file.write_text(yaml.safe_dump({"name": "benchmark", "folders": {"docs": None}, "services": services}), "utf-8")
    return file


def _assert_equal(name: str, command: Sequence[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        message = f"{name} left the two sides unequal, its time counts for nothing: {done.stderr[-2000:]}"
        raise RuntimeError(message)


SIZES = {
    # What is left when nothing is to be done: start-up, shut-down, and finding out what the server can do.
    "one": ("1 x 4 KiB", Files(count=1, size=4 * KIB)),
    "small": ("1,000 x 4 KiB", Files(count=1_000, size=4 * KIB)),
    "large": ("1 x 256 MiB", Files(count=1, size=256 * MIB)),
}


def _workloads() -> dict[str, Workload]:
    """Builds the workloads: one small file, many, and a large one, for each driver."""
    goals = (Goal("≤ 1.0 x rclone sync", 1.0, "rclone"),)
    workloads = {
        f"{driver}-{size}": Workload(
            f"{what} {where}, first sync", far_copy(files, server), () if size == "one" else goals
        )
        for driver, (where, server) in SERVERS.items()
        for size, (what, files) in SIZES.items()
    }
    for driver in ("webdav", "rclone"):
        (where, server), (what, files) = SERVERS[driver], SIZES["small"]
        title = f"{what} {where}, first sync, rclone without a pause before each request"
        workloads[f"{driver}-unpaced"] = Workload(title, far_copy(files, _unpaced(server)), goals)
    return workloads


FAR = _workloads()
