"""Two hosts and the cable between them: two network namespaces of this kernel, which nothing else can reach.

Unlike `proxy` it closes nothing: once the cable is unplugged, whatever is under way is lost, and neither end is told.
It takes iproute2 and util-linux, and root or a kernel that lets users make namespaces.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.functional.processes import wait_until

NEAR, FAR = "192.0.2.1", "192.0.2.2"
"""Addresses for documentation, which no network has."""

_WIRE = "wire"


class Network:
    """The two hosts, as long as it is entered.

    Attributes:
        near: A command before which others run on the host `NEAR`.
        far: The same for `FAR`.
    """

    def __init__(self) -> None:
        self.near: tuple[str, ...] = ()
        self.far: tuple[str, ...] = ()
        self._hosts: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        try:
            self.near = self._host(())
            self.far = self._host(self.near)
            pid = self._hosts[1].pid
            self._run(self.near, "ip", "link", "add", _WIRE, "type", "veth", "peer", "name", _WIRE, "netns", str(pid))
            for host, address in ((self.near, NEAR), (self.far, FAR)):
                self._run(host, "ip", "link", "set", "lo", "up")
                self._run(host, "ip", "address", "add", f"{address}/30", "dev", _WIRE)
                self._run(host, "ip", "link", "set", _WIRE, "up")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for host in self._hosts:
            assert host.stdin is not None
            host.stdin.close()
            host.wait()

    def unplug(self) -> None:
        """Takes the cable out of the far host."""
        self._run(self.far, "ip", "link", "set", _WIRE, "down")

    def plug(self) -> None:
        """Puts it in again."""
        self._run(self.far, "ip", "link", "set", _WIRE, "up")

    def disturb(self, *, delay_ms: int, loss: float) -> bool:
        """Has everything take its time, and lose something, each way; whether this kernel can.

        Args:
            delay_ms: Milliseconds each way.
            loss: How many of a hundred packets are lost.
        """
        if shutil.which("tc") is None:
            return False
        rule = ("tc", "qdisc", "add", "dev", _WIRE, "root", "netem", "delay", f"{delay_ms}ms", "loss", f"{loss}%")
        return all(subprocess.run([*host, *rule], check=False).returncode == 0 for host in (self.near, self.far))

    def _host(self, above: tuple[str, ...]) -> tuple[str, ...]:
        """Makes a namespace, which ends with this process: `cat` then finds its input closed."""
        alone = [] if above or os.geteuid() == 0 else ["--user", "--map-root-user"]
        host = subprocess.Popen([*above, "unshare", *alone, "--net", "cat"], stdin=subprocess.PIPE)
        self._hosts.append(host)
        place = Path(f"/proc/{host.pid}/comm")
        wait_until(lambda: place.read_text() == "cat\n" or host.poll() is not None, "there is another host")
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ("nsenter", "--target", str(host.pid), *user, "--net")

    def _run(self, host: tuple[str, ...], *command: str) -> None:
        subprocess.run([*host, *command], check=True, capture_output=True)


def missing() -> str:
    """Returns why there can be no such network here, or ""."""
    if lacking := [tool for tool in ("ip", "nsenter", "unshare") if shutil.which(tool) is None]:
        return f"there is no {' and no '.join(lacking)}: iproute2 and util-linux have them"
    try:
        with Network():
            return ""
    except (subprocess.CalledProcessError, OSError) as error:
        return f"no network namespaces can be made here: {error}"
