"""A driver that runs already, as on another machine, and a service that is dialled there (CONTRACT W2)."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from onitu.certificates import found, issue
from tests.functional.harness import Onitu
from tests.functional.network import FAR, Network
from tests.functional.processes import REACTION, START, UNIT, Core, wait_until
from tests.functional.trees import write


class Elsewhere:
    """`onitu driver serve`, as it would run on another machine.

    Args:
        driver: The installed driver.
        certificates: Where certificates are, or None: it does without.
        log: Where its log goes.
        network: With two hosts, of which it runs on the far one; None for this one alone.
    """

    def __init__(self, driver: str, certificates: Path | None, log: Path, network: Network | None = None) -> None:
        self.port = free_port()
        self._near = () if network is None else network.near
        self._host = "127.0.0.1" if network is None else FAR
        self.address = place = f"{self._host}:{self.port}"
        secured = (
            ("--insecure",)
            if certificates is None
            else (
                *("--ca", str(certificates / "ca.pem")),
                *("--certificate", str(certificates / "there.pem"), "--key", str(certificates / "there.key")),
            )
        )
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [
                    *(() if network is None else network.far),
                    *(sys.executable, "-m", "onitu", "driver", "serve", driver, "--listen", place, *secured),
                ],
                stdin=subprocess.DEVNULL,
                stderr=errors,
            )
        self.wait_listening()

    def wait_listening(self) -> None:
        """Waits until it can be dialled."""
        look = f"import socket; socket.create_connection(({self._host!r}, {self.port}), 1).close()"

        def listens() -> bool:
            if self._near:
                asked = [*self._near, sys.executable, "-c", look]
                return subprocess.run(asked, stderr=subprocess.DEVNULL, check=False).returncode == 0
            with socket.socket() as probe:
                return probe.connect_ex((self._host, self.port)) == 0

        wait_until(listens, "the driver listens", units=START)

    def serving(self) -> psutil.Process | None:
        """Returns the process that serves now."""
        return next(iter(psutil.Process(self.process.pid).children()), None)

    def close(self) -> None:
        """Ends it."""
        self.process.terminate()
        self.process.wait(10 * UNIT)


def free_port() -> int:
    """Returns a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def elsewhere(
    directory: Path, *, driver: str = "local_storage", secure: bool = True, network: Network | None = None
) -> Iterator[Elsewhere]:
    """A driver elsewhere; its certificates lie in `certs`."""
    certificates = directory / "certs" if secure else None
    if certificates is not None:
        found(certificates)
        issue(certificates, "onitu")
        issue(certificates, "there", hosts=["127.0.0.1", FAR])
    started = Elsewhere(driver, certificates, directory / "elsewhere.log", network)
    try:
        yield started
    finally:
        started.close()


def secured(address: str, certificate: str = "onitu") -> dict[str, Any]:
    """Returns the `driver` of a service that is dialled with a certificate."""
    files = {"ca": "certs/ca.pem", "certificate": f"certs/{certificate}.pem", "key": f"certs/{certificate}.key"}
    return {"address": address, "tls": files}


def pair(onitu: Onitu, driver: dict[str, Any]) -> None:
    """Adds a dialled service to one that is here."""
    onitu["there"].mkdir(parents=True)
    onitu.add("there", driver=driver, root=str(onitu["there"]))


def again(core: Core, name: str, before: int, units: float = START) -> None:
    """Waits until a service has started once more."""
    core.wait_until(
        lambda: len(core.log.named("service_started", service=name)) > before, f"{name} is there again", units=units
    )


def part_twice(
    onitu: Onitu, core: Core, part: Callable[[], object], join: Callable[[], object], *, notice: float = REACTION
) -> None:
    """Parts a core from the driver and joins them again, twice; people on all sides go on working meanwhile.

    Args:
        onitu: The setup, with the services `here`, `there` and `other`.
        core: The core, up to date.
        part: Lets nothing through any more.
        join: Lets everything through again.
        notice: Units of time until it is noticed at the latest.
    """
    for turn in range(2):
        before = len(core.log.named("service_started", service="there"))
        failures = len(core.log.named("service_failed", service="there"))
        part()
        core.wait_until(
            lambda count=failures: len(core.log.named("service_failed", service="there")) > count,  # type: ignore[misc]
            "it is missed",
            units=notice,
        )
        write(onitu["here"] / f"ours {turn}", "made while they were parted")
        write(onitu["there"] / f"theirs {turn}", "made there meanwhile")
        core.wait_until((onitu["other"] / f"ours {turn}").exists, "the others go on")
        assert not (onitu["there"] / f"ours {turn}").exists()
        join()
        again(core, "there", before, units=START + notice)
        onitu.converge(core, "here", "there", units=START)
